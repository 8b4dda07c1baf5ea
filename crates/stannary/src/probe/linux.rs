//! The devices of a real control board, opened to be looked at. No output is taken: not the
//! supply's line, no reset, no PWM, no watchdog.

use board_support::{
    Active, BusDevice, ControlBoard, Devices, FanDevices, GpioLine, LineName, TachDevices,
};
use hal::{BusError, BusId, BusOp, BusPort, FanEvent, I2cMaster};
use hal_linux::{
    CaptureTach, DeviceError, EdgeTach, HwmonTach, LineSpec, LinuxI2c, Pin, Root, Tach,
};
use units::{Duration, Instant};

use super::touch::{Buses, Time, run_list};
use crate::runtime::Clock;

/// How long fans are counted: two rounds of a tach that measures.
const COUNTED: Duration = Duration::from_millis(1500);

/// What can be looked at.
pub(super) struct Hardware {
    root: Root,
    devices: Devices,
    buses: Vec<(BusId, BusPort<Box<dyn I2cMaster + Send>>)>,
    wall: Wall,
    /// What is missing or refuses, in words.
    pub(super) faults: Vec<String>,
}

impl Hardware {
    pub(super) fn open(root: &Root, board: &ControlBoard) -> Option<Self> {
        let devices = board.devices.clone()?;
        let mut hardware = Hardware {
            root: root.clone(),
            devices,
            buses: Vec::new(),
            wall: Wall(Clock::start()),
            faults: Vec::new(),
        };
        let hashboards = (BusId::Hashboards, hardware.devices.hashboards_bus.clone());
        let supply = (BusId::Supply, hardware.devices.supply_bus.clone());
        for (bus, device) in [hashboards, supply] {
            match device {
                Some(BusDevice::Node(node)) => match LinuxI2c::open(root, bus, &node) {
                    Ok(master) => {
                        let master: Box<dyn I2cMaster + Send> = Box::new(master);
                        hardware.buses.push((bus, BusPort::new(&[bus], master)));
                    }
                    Err(error) => hardware.note(&error),
                },
                Some(BusDevice::Window) => hardware.faults.push(format!(
                    "the {} bus is in the FPGA's window, which is not looked into",
                    name(bus)
                )),
                None => {}
            }
        }
        Some(hardware)
    }

    fn note(&mut self, error: &DeviceError) {
        self.faults.push(error.to_string());
    }

    /// Whether a hashboard is plugged into a slot, where a line tells.
    pub(super) fn plugged(&mut self, slot: u8) -> Option<bool> {
        let line = self.devices.line(LineName::Plug(slot))?;
        let spec = spec(line)?;
        match Pin::input(&self.root, &spec) {
            Ok(mut pin) => pin.get().ok(),
            Err(error) => {
                self.note(&error);
                None
            }
        }
    }

    /// Speeds of the fans, by number, as they turn now.
    pub(super) fn fans(&mut self) -> Vec<(u8, u32)> {
        let mut tach = match self.tach() {
            Some(Ok(tach)) => tach,
            Some(Err(error)) => {
                self.note(&error);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut events = Vec::new();
        // The first look empties what was there before.
        tach.read(self.wall.now(), &mut events);
        let until = self.wall.now() + COUNTED;
        self.wall.pass_until(until);
        events.clear();
        tach.read(self.wall.now(), &mut events);
        speeds(&events)
    }

    fn tach(&self) -> Option<Result<Box<dyn Tach + Send>, DeviceError>> {
        let Some(FanDevices::Pwm { tach, .. }) = &self.devices.fans else {
            return None;
        };
        let root = &self.root;
        let boxed = |tach| Box::new(tach) as Box<dyn Tach + Send>;
        Some(match tach.as_ref()? {
            TachDevices::Lines => {
                let lines = (0..8).map_while(|i| self.devices.line(LineName::Tach(i)));
                let specs: Vec<_> = lines.filter_map(spec).collect();
                EdgeTach::open(root, &specs).map(|t| Box::new(t) as Box<dyn Tach + Send>)
            }
            TachDevices::Hwmon(name) => HwmonTach::open(root, name, 8).map(boxed),
            TachDevices::Capture(channels) => {
                let channels: Vec<_> = channels.iter().map(|c| (c.chip, c.channel)).collect();
                CaptureTach::open(root, &channels).map(|t| Box::new(t) as Box<dyn Tach + Send>)
            }
        })
    }
}

impl Buses for Hardware {
    fn run(&mut self, bus: BusId, ops: Vec<BusOp>) -> Option<Result<Vec<Vec<u8>>, BusError>> {
        let (_, port) = self.buses.iter_mut().find(|(known, _)| *known == bus)?;
        Some(run_list(port, &mut self.wall, bus, ops))
    }

    fn tells_absence(&self, _bus: BusId) -> bool {
        // Every bus of the kernel's does.
        true
    }
}

/// A line as the ports take it; `None` where its level is unsure.
pub(super) fn spec(line: &GpioLine) -> Option<LineSpec> {
    Some(LineSpec {
        chip: line.chip.clone(),
        line: line.line.clone(),
        sysfs: line.sysfs,
        active_low: line.active? == Active::Low,
    })
}

/// The last speed of each fan.
pub(super) fn speeds(events: &[FanEvent]) -> Vec<(u8, u32)> {
    let mut speeds: Vec<(u8, u32)> = Vec::new();
    for event in events {
        if let FanEvent::Speed { fan, rpm, .. } = event {
            speeds.retain(|(known, _)| known != fan);
            speeds.push((*fan, rpm.rpm()));
        }
    }
    speeds.sort_unstable();
    speeds
}

fn name(bus: BusId) -> &'static str {
    match bus {
        BusId::Hashboards => "hashboards'",
        BusId::Supply => "supply's",
    }
}

struct Wall(Clock);

impl Time for Wall {
    fn now(&mut self) -> Instant {
        self.0.now()
    }

    fn pass_until(&mut self, at: Instant) {
        std::thread::sleep(self.0.until(at));
    }
}
