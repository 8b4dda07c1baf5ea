//! The chips of a live chain: addresses, registers, and who hears and answers.

use units::Instant;

use super::chip::{ChipModel, Condition, Live, REG_ID};
use super::cores::Cores;
use super::i2c::{Bus, CHIP_ABOVE_BOARD_C, Relay, board_c};
use super::job::Job;
use super::registers::Bank;
use super::space::{Opened, Params, View};
use super::uplink::same_baud;
use super::wire::{Answer, Refused, Shape};
use crate::parts::{ChipSensor, Tmp451};

/// 2^32 hashes, in which hash counters count.
const HASH_COUNT_UNIT: f64 = 4_294_967_296.0;
/// Unit of the hashrate register: 2^24 a second (published by two sources, disputed).
const HASH_RATE_UNIT: f64 = 16_777_216.0;
/// The third step of a temperature measurement (published).
const DIE_TEMPERATURE_START: u32 = 0x1002_0000;

#[derive(Debug)]
pub(crate) struct Chips {
    bank: Bank,
    core_bank: Bank,
    addresses: Vec<u8>,
    /// Chips that have an address, counted from the host.
    addressed: usize,
    /// Chips that had version rolling enabled: their answers may have grown by it.
    rolled: Vec<bool>,
    /// Cores that were opened, per chip; empty where they need not be.
    opened: Vec<Opened>,
    /// Empty where chips have no I2C bus.
    relays: Vec<Relay>,
    /// Chips that can be reached, counted from the host.
    reach: usize,
    bits_per_s: f64,
    since: Instant,
}

/// What registers that change by themselves depend on.
#[derive(Clone, Copy)]
pub(crate) struct Now<'a> {
    pub(crate) now: Instant,
    pub(crate) cores: &'a Cores,
    /// What is told of sensors on chips' own buses.
    pub(crate) sensors: &'a [ChipSensor],
}

impl Chips {
    /// In the state after reset.
    pub(crate) fn new(model: &ChipModel, count: u16, now: Instant) -> Self {
        let core_resets = model.core_resets.iter();
        let each = usize::from(count);
        let only_if = |some: bool| if some { each } else { 0 };
        Chips {
            bank: Bank::new(count, model.resets.iter().copied()),
            core_bank: Bank::new(count, core_resets.map(|(r, v)| (*r, u32::from(*v)))),
            addresses: vec![0; each],
            addressed: 0,
            rolled: vec![false; each],
            opened: vec![Opened::default(); only_if(model.cores_open_while.is_some())],
            relays: vec![Relay::default(); only_if(model.i2c.is_some())],
            reach: each,
            bits_per_s: 0.0,
            since: now,
        }
    }

    /// The parts on the chips' own buses: they do not hear the chips' reset.
    pub(crate) fn parts(&self) -> Vec<Tmp451> {
        self.relays.iter().map(Relay::sensor).collect()
    }

    /// They are as they were before it.
    pub(crate) fn set_parts(&mut self, parts: Vec<Tmp451>) {
        for (relay, part) in self.relays.iter_mut().zip(parts) {
            *relay = Relay::to(part);
        }
    }

    pub(crate) fn view<'a>(&'a self, model: &'static ChipModel, params: &'a Params) -> View<'a> {
        View {
            model,
            bank: &self.bank,
            core_bank: &self.core_bank,
            addresses: &self.addresses,
            opened: &self.opened,
            reach: self.reach,
            params,
        }
    }

    /// Baud rate at which the chips listen and talk.
    pub(crate) fn bits_per_s(&self) -> f64 {
        self.bits_per_s
    }

    /// How the answers of `chip` are formed now.
    pub(crate) fn shape(&self, model: &ChipModel, chip: usize) -> Shape {
        let rolled = self.rolled.get(chip).copied().unwrap_or(false);
        model.answers.shape(rolled)
    }

    /// Enter the addressing mode.
    pub(crate) fn forget_addresses(&mut self) {
        self.addresses.fill(0);
        self.addressed = 0;
    }

    /// For the first chip without an address; nobody listens once all have one.
    pub(crate) fn take_address(&mut self, address: u8) {
        if self.addressed < self.reach {
            self.addresses[self.addressed] = address;
            self.addressed += 1;
        }
    }

    /// A register is written, of one chip or of all. The id cannot be written.
    pub(crate) fn write(
        &mut self,
        model: &'static ChipModel,
        address: Option<u8>,
        register: u8,
        value: u32,
        now: Now,
    ) {
        if register == REG_ID {
            return;
        }
        let core_control = model.core_control.filter(|c| c.register == register);
        let core = core_control.map(|c| c.cell(value));
        let rolls = model.registers.rolling == Some(register) && value >> 31 == 1;
        if address.is_none() {
            self.bank.set_all(register, value);
            if let Some((core, value)) = core {
                self.core_bank.set_all(core, value.into());
            }
        }
        let chips = match (address, self.has_effects(model, register) || rolls) {
            (None, false) => Vec::new(),
            _ => self.addressed_by(address),
        };
        for chip in chips {
            if address.is_some() {
                self.bank.set_one(chip, register, value);
                if let Some((core, value)) = core {
                    self.core_bank.set_one(chip, core, value.into());
                }
            }
            self.rolled[chip] |= rolls;
            self.take_effect(model, chip, register, value, now);
        }
    }

    /// True if a register does more than remember, apart from what hashing reads of it.
    fn has_effects(&self, model: &ChipModel, register: u8) -> bool {
        let counts = |(r, live): &(u8, Live)| *r == register && matches!(live, Live::HashCount(_));
        model.i2c.is_some_and(|i2c| i2c.register == register) || model.live.iter().any(counts)
    }

    fn take_effect(
        &mut self,
        model: &'static ChipModel,
        chip: usize,
        register: u8,
        value: u32,
        now: Now,
    ) {
        if let Some(i2c) = model.i2c.filter(|i2c| i2c.register == register) {
            let core = |r| self.core_bank.get(chip, r);
            let enabled = |c: &Condition| c.holds(|r| self.bank.get(chip, r), core);
            let told = now.sensors.iter().find(|s| usize::from(s.chip) == chip);
            let fitted = i2c.sensors.is_empty() || i2c.sensors.contains(&(chip as u16));
            let (local_c, remote_c) = self.diodes(model, chip, now, told);
            let bus = Bus {
                connected: i2c.enabled_while.as_ref().is_none_or(enabled),
                has_sensor: told.map_or(fitted, |sensor| !sensor.dead),
                local_c,
                remote_c,
            };
            if let Some(relay) = self.relays.get_mut(chip) {
                relay.write(now.now, value, bus);
            }
        }
        for (_, live) in model.live.iter().filter(|(r, _)| *r == register) {
            if let Live::HashCount(part) = live {
                // What is stored is added to the count when it is read.
                let base = value.wrapping_sub(hash_count(chip, *part, now));
                self.bank.set_one(chip, register, base);
            }
        }
    }

    /// A register is read: the chips that answer, in chain order, and their values.
    pub(crate) fn read(
        &self,
        model: &ChipModel,
        address: Option<u8>,
        register: u8,
        now: Now,
    ) -> Vec<(usize, u32)> {
        let chips = self.addressed_by(address).into_iter();
        chips
            .map(|chip| (chip, self.value(model, chip, register, now)))
            .collect()
    }

    /// A core register is asked for; the answer has the core's number in bits 24:16
    /// (BM1397's layout, assumed for all chips).
    pub(crate) fn read_core(
        &self,
        model: &ChipModel,
        address: Option<u8>,
        word: u32,
    ) -> Vec<(usize, u32)> {
        let Some(control) = model.core_control else {
            return Vec::new();
        };
        let (register, _) = control.cell(word);
        let core = word & 0x01FF_0000;
        let value = |chip| match control.clock_counter {
            Some(counter) if counter == register => {
                let mhz = model.core_mhz(|r| self.bank.get(chip, r));
                (mhz * 8.0 / 50.0).min(255.0) as u32
            }
            _ => self.core_bank.get(chip, register) & 0xFF,
        };
        let chips = self.addressed_by(address).into_iter();
        chips.map(|chip| (chip, core | value(chip))).collect()
    }

    /// What `chip` sends when asked for `register`.
    pub(crate) fn answer(
        &self,
        model: &ChipModel,
        chip: usize,
        register: u8,
        value: u32,
    ) -> Answer {
        let address = self.addresses.get(chip).copied().unwrap_or(0);
        Answer::register(value, address, register, self.shape(model, chip))
    }

    /// Frames were dropped: chips that count such errors do.
    pub(crate) fn count_refused(&mut self, model: &ChipModel, refused: Refused) {
        let Some(register) = model.registers.error_flag else {
            return;
        };
        let commands = refused.crc5 + refused.length;
        for chip in 0..self.reach {
            let value = self.bank.get(chip, register);
            let add = |shift: u32, count: u64| {
                let sum = u64::from(value >> shift & 0xFF) + count;
                (sum.min(0xFF) as u32) << shift
            };
            let counted = add(24, commands) | add(16, refused.crc16) | value & 0xFFFF;
            if counted != value {
                self.bank.set_one(chip, register, counted);
            }
        }
    }

    /// A nonce of `chip` found no room.
    pub(crate) fn count_overflow(&mut self, model: &ChipModel, chip: usize) {
        if let Some(register) = model.registers.nonce_overflow {
            let count = self.bank.get(chip, register).saturating_add(1);
            self.bank.set_one(chip, register, count);
        }
    }

    /// A job opens the next core of each chip that waits for it, or leaves it closed.
    /// True if anything changed.
    pub(crate) fn open_cores(&mut self, model: &'static ChipModel, job: &Job) -> bool {
        let Some(gate) = model.cores_open_while else {
            return false;
        };
        let mut changed = false;
        for (chip, opened) in self.opened.iter_mut().enumerate().take(self.reach) {
            let core = |r| self.core_bank.get(chip, r);
            if opened.turn < model.cores.count && gate.holds(|r| self.bank.get(chip, r), core) {
                opened.cores |= u128::from(job.nbits() & 1) << opened.turn;
                opened.turn += 1;
                changed = true;
            }
        }
        changed
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

    /// A register as a chip gives it: with its address in the id, with the lock bit of a
    /// PLL that runs, and what changes by itself as it is now.
    fn value(&self, model: &ChipModel, chip: usize, register: u8, now: Now) -> u32 {
        let value = self.bank.get(chip, register);
        if register == REG_ID {
            return model.id | u32::from(self.addresses[chip]);
        }
        if register == model.registers.pll && model.pll.mhz(value) > 0.0 {
            return value | 1 << 31;
        }
        if model.i2c.is_some_and(|i2c| i2c.register == register) {
            let relay = self.relays.get(chip).copied().unwrap_or_default();
            return relay.read(now.now).unwrap_or(value);
        }
        match model.live.iter().find(|(r, _)| *r == register) {
            Some((_, live)) => self.live_value(model, chip, *live, value, now),
            None => value,
        }
    }

    fn live_value(&self, model: &ChipModel, chip: usize, live: Live, value: u32, now: Now) -> u32 {
        match live {
            Live::HashRate => match now.cores.hs_now(chip, now.now) {
                hs if hs > 0.0 => (hs / HASH_RATE_UNIT) as u32 & 0x7FFF_FFFF,
                _ => value,
            },
            Live::Seconds => now.now.since(self.since).as_secs_f64() as u32,
            Live::HashCount(part) => value.wrapping_add(hash_count(chip, part, now)),
            Live::DieTemperature { control } => {
                if self.bank.get(chip, control) != DIE_TEMPERATURE_START {
                    return value;
                }
                let told = now.sensors.iter().find(|s| usize::from(s.chip) == chip);
                if told.is_some_and(|sensor| sensor.dead) {
                    // It never has a result.
                    return value & !(1 << 31);
                }
                let (_, die_c) = self.diodes(model, chip, now, told);
                // The inverse of T = code * 0.171342 - 299.5144.
                0x8000_0000 | (((die_c + 299.5144) / 0.171342) as u32 & 0xFFFF)
            }
        }
    }

    /// What is told of a chip's sensor; what nobody tells follows the other diode or the
    /// clock.
    fn diodes(
        &self,
        model: &ChipModel,
        chip: usize,
        now: Now,
        told: Option<&ChipSensor>,
    ) -> (f64, f64) {
        match told.map(|sensor| (sensor.local_c, sensor.remote_c)) {
            Some((Some(local), Some(remote))) => (local, remote),
            Some((Some(local), None)) => (local, local + CHIP_ABOVE_BOARD_C),
            Some((None, Some(remote))) => (remote - CHIP_ABOVE_BOARD_C, remote),
            Some((None, None)) | None => {
                let board = self.board_c(model, chip, now);
                (board, board + CHIP_ABOVE_BOARD_C)
            }
        }
    }

    fn board_c(&self, model: &ChipModel, chip: usize, now: Now) -> f64 {
        let mhz = match now.cores.hs_now(chip, now.now) > 0.0 {
            true => model.core_mhz(|r| self.bank.get(chip, r)),
            false => 0.0,
        };
        board_c(mhz)
    }
}

fn hash_count(chip: usize, part: u32, now: Now) -> u32 {
    let count = now.cores.hashes(chip, now.now) / HASH_COUNT_UNIT;
    // Counters wrap.
    (count / f64::from(part)) as u64 as u32
}
