//! The open FPGA design of the S9 and its relatives: an `axi_bm13xx` core for each chain, and a
//! fan core, on the processor's bus.
//!
//! Terms: a *core* is one chain's window of registers with its FIFOs; a *word* is 32 bits;
//! *addresses* are physical, as the control board's file gives them for each window. AXI GPIO
//! and AXI I2C of the same design are the kernel's own devices: their pins are reached as on
//! every other board ([`TwinMachine::set_reset`](super::TwinMachine::set_reset),
//! [`TwinMachine::i2c_transfer`](super::TwinMachine::i2c_transfer)).
//!
//! Published, in the design's description and its HDL: registers, FIFOs and their depths, frames,
//! the extended work id, when frames leave, when resets of FIFOs take effect. Assumed, each where
//! it stands: what a FIFO reads when it is empty, that a word into a full one is lost, what an
//! answer of the other family does to the error counter.

mod line;
mod registers;
mod telling;

use board_support::{ChainDevice, Devices, FanDevices, Machine};
use units::Instant;

use super::chain::Chain;
use super::noise::Gate;
use line::Core;

/// Bytes of one window.
const WINDOW: u32 = 0x1_0000;
/// Fan cores count so many fans.
const FANS: u32 = 4;
const FAN_PWM: u32 = 0x10;

/// Where the cores of the open design are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoreMap {
    /// Physical address of each chain's core, by slot.
    pub chains: Vec<u32>,
    /// That of the fan core.
    pub fans: Option<u32>,
}

impl CoreMap {
    /// Of a machine whose chains all have a core.
    pub(super) fn of(machine: &Machine) -> Option<Self> {
        let devices = machine.control_board.devices.as_ref()?;
        let slots = usize::from(machine.slots);
        let chains = devices.chains.iter().take(slots).map(|chain| match chain {
            ChainDevice::Core(window) => u32::try_from(window.address).ok(),
            _ => None,
        });
        let chains: Vec<u32> = chains.collect::<Option<_>>()?;
        (chains.len() == slots && slots > 0).then(|| CoreMap {
            chains,
            fans: fans(devices),
        })
    }

    /// The fan core's register at this address.
    pub(super) fn fan_register(&self, address: u32) -> Option<FanRegister> {
        match address.checked_sub(self.fans?)? {
            FAN_PWM => Some(FanRegister::Duty),
            offset if offset.is_multiple_of(4) && offset / 4 < FANS => {
                Some(FanRegister::Turns((offset / 4) as u8))
            }
            offset if offset < WINDOW => Some(FanRegister::None),
            _ => None,
        }
    }
}

fn fans(devices: &Devices) -> Option<u32> {
    match devices.fans.as_ref()? {
        FanDevices::Core(window) => u32::try_from(window.address).ok(),
        _ => None,
    }
}

/// A register of the fan core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FanRegister {
    /// Turns per second of this fan, eight bits.
    Turns(u8),
    /// Duty in percent, seven bits.
    Duty,
    /// Nothing is there.
    None,
}

/// All cores of a control board.
#[derive(Debug)]
pub(super) struct OpenCores {
    pub(super) map: CoreMap,
    cores: Vec<Core>,
}

impl OpenCores {
    /// One gate per chain: noise towards the chips.
    pub(super) fn new(map: CoreMap, gates: Vec<Gate>) -> Self {
        OpenCores {
            map,
            cores: gates.into_iter().map(Core::new).collect(),
        }
    }

    pub(super) fn advance(&mut self, now: Instant, chains: &mut [Chain]) {
        for (core, chain) in self.cores.iter_mut().zip(chains) {
            core.advance(now, chain);
        }
    }

    /// When something that the host can see may happen.
    pub(super) fn next_event(&self, chains: &[Chain]) -> Option<Instant> {
        let cores = self.cores.iter().zip(chains);
        cores
            .filter_map(|(core, chain)| core.next_event(chain))
            .min()
    }

    /// 0 where no core is.
    pub(super) fn read(&mut self, address: u32) -> u32 {
        match self.find(address) {
            Some((core, offset, _)) => core.read(offset),
            None => 0,
        }
    }

    pub(super) fn write(
        &mut self,
        now: Instant,
        address: u32,
        words: &[u32],
        chains: &mut [Chain],
    ) {
        let Some((core, offset, i)) = self.find(address) else {
            return;
        };
        for word in words {
            core.write(now, offset, *word);
        }
        // A frame may leave at once.
        if let Some(chain) = chains.get_mut(i) {
            core.advance(now, chain);
        }
    }

    fn find(&mut self, address: u32) -> Option<(&mut Core, u32, usize)> {
        let offset = |base: &u32| address.checked_sub(*base).filter(|o| *o < WINDOW);
        let found = self.map.chains.iter().enumerate();
        let (i, offset) = found
            .filter_map(|(i, base)| Some((i, offset(base)?)))
            .next()?;
        Some((self.cores.get_mut(i)?, offset, i))
    }
}
