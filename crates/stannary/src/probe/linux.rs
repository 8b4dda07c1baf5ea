//! The devices of a real control board, opened to be looked at. No output is taken: not the
//! supply's line, no reset, no PWM, no watchdog.

use board_support::{
    Active, BusDevice, ControlBoard, Devices, FanDevices, GpioLine, LineName, TachDevices,
    WindowKind, WindowNode,
};
use hal::{
    BusError, BusId, BusOp, BusPort, FanEvent, FpgaI2c, FpgaPlugs, I2cMaster, Plugs,
    RegisterWindow, fpga_tach,
};
use hal_linux::{
    CaptureTach, DeviceError, EdgeTach, HwmonTach, LineSpec, LinuxI2c, Pin, Root, Tach, Window,
};
use units::{ChainSlot, Duration, Instant};

use super::touch::{Buses, Time, run_list};
use crate::runtime::Clock;

/// How long fans are counted: two rounds of a tach that measures.
const COUNTED: Duration = Duration::from_millis(1500);

/// Registers of a stock FPGA: what it is, its tach.
const VERSION: u32 = 0x000;
const TACH: u32 = 0x004;
/// Fans that its tach may show, and looks at it: it steps by itself, in about 1.4 ms (captured).
const TACH_FANS: u8 = 8;
const TACH_LOOKS: u32 = 64;

/// What can be looked at.
pub(super) struct Hardware {
    root: Root,
    devices: Devices,
    /// The stock FPGA's registers, where they could be mapped.
    window: Option<Window>,
    buses: Vec<BusPort<Box<dyn I2cMaster + Send>>>,
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
            window: None,
            buses: Vec::new(),
            wall: Wall(Clock::start()),
            faults: Vec::new(),
        };
        hardware.map_window();
        let hashboards = (BusId::Hashboards, hardware.devices.hashboards_bus.clone());
        let supply = (BusId::Supply, hardware.devices.supply_bus.clone());
        let mut behind = Vec::new();
        for (bus, device) in [hashboards, supply] {
            match device {
                Some(BusDevice::Node(node)) => match LinuxI2c::open(root, bus, &node) {
                    Ok(master) => hardware.join(&[bus], Box::new(master)),
                    Err(error) => hardware.note(&error),
                },
                Some(BusDevice::Window) => behind.push(bus),
                None => {}
            }
        }
        if let Some(window) = hardware.window.clone() {
            // One engine for all buses behind it.
            hardware.join(&behind, Box::new(FpgaI2c::new(window)));
        }
        Some(hardware)
    }

    /// Map the stock FPGA's registers.
    fn map_window(&mut self) {
        let Some(window) = &self.devices.window else {
            return;
        };
        let at = match &window.node {
            WindowNode::Own(node) => Ok((self.root.at(node), 0)),
            WindowNode::Memory => Ok((self.root.at("/dev/mem"), window.address)),
            WindowNode::Uio => Window::uio_node(&self.root, window.address).map(|path| (path, 0)),
        };
        match at.and_then(|(path, offset)| Window::open(&path, offset, window.bytes)) {
            Ok(window) => self.window = Some(window),
            Err(error) => self.note(&error),
        }
    }

    /// What the FPGA says it is, where it can be asked: the x19's is 0xB031 (captured).
    pub(super) fn fpga_version(&mut self) -> Option<u16> {
        let now = self.wall.now();
        let word = self.window.as_mut()?.read32(now, VERSION);
        Some(word as u16)
    }

    fn join(&mut self, buses: &[BusId], master: Box<dyn I2cMaster + Send>) {
        self.buses.push(BusPort::new(buses, master));
    }

    fn note(&mut self, error: &DeviceError) {
        self.faults.push(error.to_string());
    }

    /// Whether a hashboard is plugged into a slot, where a line or the FPGA tells.
    pub(super) fn plugged(&mut self, slot: u8) -> Option<bool> {
        if let Some(window) = &self.window {
            // Which chains of an S9's window have connectors depends on the board, and the ports
            // know it of the C41 alone.
            let x19 = self.devices.window.as_ref()?.kind == WindowKind::X19;
            let mut plugs = FpgaPlugs::new(window.clone());
            let present = plugs.present(self.wall.now(), ChainSlot(slot));
            return present.ok().filter(|_| x19);
        }
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
        if self.window.is_some() {
            return self.fpga_fans();
        }
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

    /// Fans behind the FPGA's tach, which shows one after another. Its output is not touched.
    fn fpga_fans(&mut self) -> Vec<(u8, u32)> {
        let mut seen = std::collections::BTreeMap::new();
        for look in 0..TACH_LOOKS {
            let now = self.wall.now();
            let Some(window) = &mut self.window else {
                break;
            };
            let (fan, rpm) = fpga_tach(window.read32(now, TACH));
            if fan < TACH_FANS {
                seen.insert(fan, rpm.rpm());
            }
            // Pauses that grow do not keep in step with a tach that steps evenly.
            let pause = Duration::from_micros(1000 + 31 * u64::from(look));
            self.wall.pass_until(now + pause);
        }
        seen.into_iter().collect()
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
        let port = self.buses.iter_mut().find(|port| port.serves(bus))?;
        Some(run_list(port, &mut self.wall, bus, ops))
    }

    fn tells_absence(&self, bus: BusId) -> bool {
        let device = match bus {
            BusId::Hashboards => &self.devices.hashboards_bus,
            BusId::Supply => &self.devices.supply_bus,
        };
        // Every bus of the kernel's does.
        *device != Some(BusDevice::Window)
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

struct Wall(Clock);

impl Time for Wall {
    fn now(&mut self) -> Instant {
        self.0.now()
    }

    fn pass_until(&mut self, at: Instant) {
        std::thread::sleep(self.0.until(at));
    }
}
