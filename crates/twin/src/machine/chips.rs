//! The chips of a live chain: addresses, registers, and who hears and answers.

use super::chip::{ChipModel, JobForm, REG_CORE_CONTROL, REG_ID, REG_PLL0, REG_ROLLING, pll_mhz};
use super::cores::{Params, View};
use super::registers::Bank;
use super::uplink::same_baud;
use super::wire::Answer;

#[derive(Debug)]
pub(crate) struct Chips {
    bank: Bank,
    core_bank: Bank,
    addresses: Vec<u8>,
    /// Chips that have an address, counted from the host.
    addressed: usize,
    /// Chips whose answers are 11 bytes long.
    long: Vec<bool>,
    /// Chips that can be reached, counted from the host.
    reach: usize,
    bits_per_s: f64,
}

impl Chips {
    /// In the state after reset.
    pub(crate) fn new(model: &ChipModel, count: u16) -> Self {
        let core_resets = model.core_resets.iter();
        Chips {
            bank: Bank::new(count, model.resets.iter().copied()),
            core_bank: Bank::new(count, core_resets.map(|(r, v)| (*r, u32::from(*v)))),
            addresses: vec![0; usize::from(count)],
            addressed: 0,
            long: vec![false; usize::from(count)],
            reach: usize::from(count),
            bits_per_s: 0.0,
        }
    }

    pub(crate) fn view<'a>(&'a self, model: &'static ChipModel, params: &'a Params) -> View<'a> {
        View {
            model,
            bank: &self.bank,
            addresses: &self.addresses,
            reach: self.reach,
            params,
        }
    }

    /// Baud rate at which the chips listen and talk.
    pub(crate) fn bits_per_s(&self) -> f64 {
        self.bits_per_s
    }

    pub(crate) fn is_long(&self, chip: usize) -> bool {
        self.long.get(chip).copied().unwrap_or(false)
    }

    /// 0x53.
    pub(crate) fn forget_addresses(&mut self) {
        self.addresses.fill(0);
        self.addressed = 0;
    }

    /// 0x40: for the first chip without an address; nobody listens once all have one.
    pub(crate) fn take_address(&mut self, address: u8) {
        if self.addressed < self.reach {
            self.addresses[self.addressed] = address;
            self.addressed += 1;
        }
    }

    /// 0x41 and 0x51. The id cannot be written.
    pub(crate) fn write(
        &mut self,
        model: &ChipModel,
        address: Option<u8>,
        register: u8,
        value: u32,
    ) {
        if register == REG_ID {
            return;
        }
        let core = (register == REG_CORE_CONTROL).then(|| core_cell(model, value));
        let long = register == REG_ROLLING && value >> 31 == 1 && model.form == JobForm::FullHeader;
        let Some(address) = address else {
            self.bank.set_all(register, value);
            if let Some((core, value)) = core {
                self.core_bank.set_all(core, value);
            }
            if long {
                self.long.fill(true);
            }
            return;
        };
        for chip in self.addressed_by(Some(address)) {
            self.bank.set_one(chip, register, value);
            if let Some((core, value)) = core {
                self.core_bank.set_one(chip, core, value);
            }
            self.long[chip] |= long;
        }
    }

    /// 0x42 and 0x52: the chips that answer, in chain order, and their values.
    pub(crate) fn read(
        &self,
        model: &ChipModel,
        address: Option<u8>,
        register: u8,
    ) -> Vec<(usize, u32)> {
        let chips = self.addressed_by(address).into_iter();
        chips
            .map(|chip| (chip, self.value(model, chip, register)))
            .collect()
    }

    /// A core register is asked for through 0x3C; the answer comes as register 0x40 with
    /// the core's number in bits 24:16 (BM1397's layout, assumed for both chips).
    pub(crate) fn read_core(
        &self,
        model: &ChipModel,
        address: Option<u8>,
        control: u32,
    ) -> Vec<(usize, u32)> {
        let (register, _) = core_cell(model, control);
        let core = control & 0x01FF_0000;
        let chips = self.addressed_by(address).into_iter();
        chips
            .map(|chip| (chip, core | self.core_bank.get(chip, register) & 0xFF))
            .collect()
    }

    /// What `chip` sends when asked for `register`.
    pub(crate) fn answer(&self, chip: usize, register: u8, value: u32) -> Answer {
        let address = self.addresses.get(chip).copied().unwrap_or(0);
        Answer::register(value, address, register, self.is_long(chip))
    }

    /// The chain ends at the first dead chip, and at the first chip whose baud rate is
    /// not that of its neighbours.
    pub(crate) fn settle_line(&mut self, model: &ChipModel, dead: usize) {
        let chips = self.addresses.len().min(dead);
        let baud_of = |chip: usize| model.baud(|r| self.bank.get(chip, r));
        let first = baud_of(0);
        let odd = (1..chips).find(|chip| !same_baud(baud_of(*chip), first));
        self.reach = odd.unwrap_or(chips);
        self.bits_per_s = first;
    }

    /// The chips that a command is for, in chain order. A chip without an address
    /// answers to 0.
    fn addressed_by(&self, address: Option<u8>) -> Vec<usize> {
        (0..self.reach)
            .filter(|chip| address.is_none_or(|a| self.addresses[*chip] == a))
            .collect()
    }

    /// A register as a chip gives it: with its address in the id, and with the lock bit
    /// of a PLL0 that runs.
    fn value(&self, model: &ChipModel, chip: usize, register: u8) -> u32 {
        let value = self.bank.get(chip, register);
        match register {
            REG_ID => model.id | u32::from(self.addresses[chip]),
            REG_PLL0 if pll_mhz(value, model.post_dividers) > 0.0 => value | 1 << 31,
            _ => value,
        }
    }
}

/// True for a word to 0x3C that reads a core register. BM1398: bit 15 clear. BM1370: bit
/// 14 set.
pub(crate) fn is_core_read(model: &ChipModel, control: u32) -> bool {
    match model.form {
        JobForm::Midstates => control >> 15 & 1 == 0,
        JobForm::FullHeader => control >> 14 & 1 == 1,
    }
}

/// Core register and value of a word written to 0x3C. Which core is meant is not
/// modelled: all cores of a chip share their registers.
fn core_cell(model: &ChipModel, control: u32) -> (u8, u32) {
    let register = match model.form {
        JobForm::Midstates => control >> 8 & 0x0F,
        JobForm::FullHeader => control >> 8 & 0x1F,
    };
    (register as u8, control & 0xFF)
}
