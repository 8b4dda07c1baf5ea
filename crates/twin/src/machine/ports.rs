//! The control board's pins that lead to parts beside the chips.

use units::{ChainSlot, Instant};

use super::open_core::FanRegister;
use super::{Host, TwinMachine};
use crate::parts::{Bus, I2cFault, PartFault, Parts, Surroundings};

impl TwinMachine {
    /// One transaction on an I2C bus of the control board's processor: START, `write`; if
    /// something is to be read, a repeated START and that many bytes; STOP. The time that it
    /// takes on the wire is the caller's. An x19 board's parts hang on its FPGA instead
    /// ([`TwinMachine::fpga_write32`], register 0x030).
    ///
    /// # Errors
    ///
    /// Nobody acknowledged, or a line is held low.
    pub fn i2c_transfer(
        &mut self,
        now: Instant,
        bus: Bus,
        address: u8,
        write: &[u8],
        read: &mut [u8],
    ) -> Result<(), I2cFault> {
        self.advance(now);
        let now = self.now;
        let done = match (&self.host, &mut self.fitted) {
            (Host::Uarts(_) | Host::Cores(_) | Host::Spi, Some(fitted)) => {
                fitted.parts.transfer(now, bus, address, write, read)
            }
            _ => Err(I2cFault::Nack),
        };
        self.settle_parts(now);
        done
    }

    /// Drive the supply's enable line to its level for on or for off. A supply without such a
    /// line is always on.
    pub fn set_supply_enable(&mut self, now: Instant, on: bool) {
        self.advance(now);
        let now = self.now;
        if let Some(fitted) = &mut self.fitted {
            fitted.parts.set_supply_enable(now, on);
        }
        self.settle_parts(now);
    }

    /// Drive the fans so hard, on a board whose PWM is the processor's own; more than 100 is
    /// 100. On an x19 board register 0x084 does, in the open design the fan core.
    pub fn set_fan_duty(&mut self, now: Instant, percent: u8) {
        self.advance(now);
        let own = match &self.host {
            Host::Uarts(_) | Host::Spi => true,
            Host::Cores(cores) => cores.map.fans.is_none(),
            Host::Fpga(_) => false,
        };
        if let (true, Some(fitted)) = (own, &mut self.fitted) {
            fitted.parts.fans.set_duty(percent);
        }
    }

    /// Speed of a fan; 0 for one that there is not.
    pub fn fan_rpm(&self, fan: u8) -> u32 {
        self.parts().map_or(0, |parts| parts.fans.rpm(fan))
    }

    /// What the parts measure from now on.
    pub fn set_surroundings(&mut self, now: Instant, surroundings: &Surroundings) {
        self.advance(now);
        if let Some(fitted) = &mut self.fitted {
            fitted.parts.set_surroundings(surroundings);
        }
        self.tell_chip_sensors();
    }

    /// What goes wrong with parts from now on, in place of what the fault plan said.
    pub fn set_part_faults(&mut self, now: Instant, faults: &[PartFault]) {
        self.advance(now);
        let now = self.now;
        if let Some(fitted) = &mut self.fitted {
            fitted.parts.set_faults(now, faults);
        }
        self.settle_parts(now);
        self.tell_chip_sensors();
    }

    /// The parts beside the chips, to look at.
    pub fn parts(&self) -> Option<&Parts> {
        self.fitted.as_ref().map(|fitted| &fitted.parts)
    }

    /// The chips of this slot have power from the parts.
    pub fn rail_on(&self, slot: ChainSlot) -> bool {
        self.parts()
            .is_some_and(|parts| parts.rail_on(self.now, slot))
    }

    pub(super) fn parts_event(&self) -> Option<Instant> {
        self.fitted.as_ref()?.next_event(self.now)
    }

    /// Everything that parts do by themselves until `now`, each at its time.
    pub(super) fn advance_parts(&mut self, now: Instant) {
        while let Some(at) = self.parts_event().filter(|at| *at <= now) {
            self.advance_lines(at);
            self.settle_parts(at);
            self.tell_chip_sensors();
        }
    }

    /// Sensors on chips' own buses show what the parts know of them.
    pub(super) fn tell_chip_sensors(&mut self) {
        let Some(fitted) = &mut self.fitted else {
            return;
        };
        for (slot, chain) in self.slots.iter().zip(&mut self.chains) {
            let sensors = fitted.parts.chip_sensors(self.now, *slot);
            if !sensors.is_empty() {
                chain.tell_sensors(self.now, sensors);
            }
        }
    }

    /// Give and take the power of chains as the parts do now.
    pub(super) fn settle_parts(&mut self, now: Instant) {
        let Some(fitted) = &mut self.fitted else {
            return;
        };
        let changed = fitted.settle(now);
        if self.joined.is_some() {
            // The physics makes a voltage of it first.
            return;
        }
        for (i, on) in &changed {
            self.chains[*i].set_rail(now, *on);
        }
        if !changed.is_empty() {
            self.write_ledger();
        }
    }

    pub(super) fn part_register_read(&mut self, offset: u32) -> Option<u32> {
        match (&self.host, &mut self.fitted) {
            (Host::Fpga(_), Some(fitted)) => fitted.register_read(offset),
            (Host::Cores(cores), Some(fitted)) => {
                let fans = &fitted.parts.fans;
                Some(match cores.map.fan_register(offset)? {
                    // Eight bits of whole turns per second.
                    FanRegister::Turns(fan) => (fans.rpm(fan) / 60).min(0xFF),
                    FanRegister::Duty => u32::from(fans.duty_percent()),
                    FanRegister::None => 0,
                })
            }
            _ => None,
        }
    }

    pub(super) fn part_register_write(&mut self, offset: u32, words: &[u32]) -> bool {
        let now = self.now;
        match (&self.host, &mut self.fitted) {
            (Host::Fpga(_), Some(fitted)) => {
                let mut taken = false;
                for word in words {
                    taken |= fitted.register_write(now, offset, *word);
                }
                taken
            }
            (Host::Cores(cores), Some(fitted)) => match cores.map.fan_register(offset) {
                Some(FanRegister::Duty) => {
                    for word in words {
                        fitted.parts.fans.set_duty((word & 0x7F) as u8);
                    }
                    true
                }
                Some(_) => true,
                None => false,
            },
            _ => false,
        }
    }
}
