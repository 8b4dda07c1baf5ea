//! What machines are made of, as data: one TOML file per machine, control board,
//! hashboard and PSU, with the unit in every key and unknown keys refused.
//!
//! The files are compiled in, so that one binary knows every machine. Limits stand in
//! these files *and* as absolute bounds in code ([`bounds`]); a file may only narrow
//! them. `docs/boards/README.md` lists every key.

pub mod bounds;
#[cfg(test)]
mod control_boards_tests;
mod devices;
mod fit;
mod library;
#[cfg(test)]
mod library_tests;
#[cfg(test)]
mod machines_tests;
mod parts;
#[cfg(test)]
mod safety_tests;
mod schema;
pub mod strict;

use core::ops::RangeInclusive;

pub use devices::{
    Active, BusDevice, ChainDevice, Devices, FanDevices, Flash, FlashKind, GpioLine, KernelVersion,
    LineName, PwmOutput, TachDevices, Watchdog, Window, WindowKind, WindowNode,
};
pub use library::{
    control_board, control_board_from, control_boards, is_of_tests, machine, machine_on,
    machine_on_board, machines,
};
pub use parts::{
    Channel, ControlBoard, CurvePoint, Eeprom, EepromKind, EepromLayout, EnableLine, Fans, Fitted,
    Hashboard, Limits, LinkKind, Peripherals, Place, Psu, PsuProtocol, PsuType, Sensor, SensorBus,
    SensorPart, VoltageCode, VoltageController, VoltageControllerKind,
};

/// A machine with everything it refers to resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct Machine {
    /// Name of the file in `machines/`, e.g. `antminer-s19-pro`.
    pub model: String,
    /// Name for people, e.g. `Antminer S19 Pro`.
    pub name: String,
    /// Published hashrate in TH/s.
    pub rated_ths: f64,
    /// Published wall power in watts.
    pub rated_power_w: f64,
    /// Slots that should carry a hashboard, counted from 0.
    pub slots: u8,
    /// The control board in this machine.
    pub control_board: ControlBoard,
    /// Names of the control boards that this model is known with, the default first.
    pub control_boards: Vec<String>,
    /// The hashboard in every slot.
    pub hashboard: Hashboard,
    /// What each hashboard carries beside its chips.
    pub peripherals: Peripherals,
    /// The power supply.
    pub psu: Psu,
    /// Its fans.
    pub fans: Fans,
    /// What it must never exceed.
    pub limits: Limits,
}

impl Machine {
    /// Chips per voltage domain.
    pub fn chips_per_domain(&self) -> u16 {
        self.hashboard.chips / self.hashboard.domains.max(1)
    }

    /// The rail voltages that may be ordered, millivolts: inside the machine's limits, and
    /// inside what the part that sets the rail can give. `None`: no voltage may be set.
    pub fn voltage_range_mv(&self) -> Option<RangeInclusive<u32>> {
        let (min, max) = self.limits.voltage_mv?;
        let rail = self.rail_range_mv()?;
        let range = min.max(*rail.start())..=max.min(*rail.end());
        (!range.is_empty()).then_some(range)
    }

    /// What the part that sets the rail can give: the hashboard's controller if it can,
    /// else the supply. `None`: no such part is known.
    pub fn rail_range_mv(&self) -> Option<RangeInclusive<u32>> {
        if let Some(code) = self.rail_controller_code() {
            return Some(code.range_mv());
        }
        Some(self.psu.voltage_min_mv?..=self.psu.voltage_max_mv?)
    }

    /// Hash power is cut by the machine itself so many seconds after the daemon has died
    /// (`kill -9`, a stopped process, a hung kernel). `None`: nothing that could do it is known
    /// to be there, and a processor's pins keep their levels.
    ///
    /// What counts is a hashboard's voltage controller that misses its heartbeat, and whose time
    /// is known. The supply's own watchdog is not used, the processor's was measured on no
    /// board, and an enable line alone stays where it is. `docs/safety.md` has the table.
    pub fn cut_after_s(&self) -> Option<u32> {
        let controller = self.peripherals.voltage_controller.present();
        controller.and_then(|part| part.rail_off_after_s)
    }

    /// The code of the hashboard's controller, where that is what sets the rail.
    pub(crate) fn rail_controller_code(&self) -> Option<VoltageCode> {
        self.peripherals.voltage_controller.present()?.code
    }
}
