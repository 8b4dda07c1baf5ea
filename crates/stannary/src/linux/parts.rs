//! What lies beside the chains: lines, buses, fans, watchdog; and the machine joined of all.

use board_support::{
    BusDevice, Devices, FanDevices, Fitted, GpioLine, LineName, Machine, PwmOutput, TachDevices,
    WindowKind,
};
use hal::{
    Beats, BoardPort, BusId, BusPort, DeadMan, FanOverride, FanPort, FpgaFans, FpgaI2c, FpgaLines,
    FpgaPlugs, FpgaPort, GuardedBoard, HashPower, I2cMaster, Lines, LinkPort, Loop, MachinePorts,
    OpenCoreFans, Plugs, open_core_fans_full,
};
use hal_linux::{
    CaptureTach, CleanStop, EdgeTach, HwmonTach, LineSpec, LinuxI2c, LinuxLines, LinuxPlugs, Pin,
    PwmFans, PwmOutputs, Root, Tach, Watchdog, Window,
};
use units::{ChainSlot, Instant};

use super::{Opened, Panel, Refusal, chains, window};

/// No such device.
const ENODEV: i32 = 19;

type Master = Box<dyn I2cMaster + Send>;
type Full = Box<dyn FnMut(Instant) -> Result<(), i32> + Send>;

/// A board whose processor has the lines, buses and fans.
pub(super) fn of_the_processor(
    machine: &Machine,
    root: &Root,
    now: Instant,
    power: HashPower,
) -> Result<Opened, Refusal> {
    let devices = devices(machine)?;
    let clean = CleanStop::default();
    let full = FanOverride::default();
    let slots = slots(machine);
    // Outputs begin on their safe side, in this order: resets, supply, fans.
    let resets = pins(devices, root, machine, LineName::Reset, |root, spec| {
        Pin::output(root, spec, true)
    })?;
    if resets.len() != slots.len() {
        return Err(Refusal::unnamed(machine, "a hashboard's reset line"));
    }
    let supply = supply_pin(machine, devices, root)?;
    let (fans, drive_full) = fans(machine, devices, root, full.clone())?;
    let lines = LinuxLines {
        supply,
        resets,
        full,
        drive_full,
        watchdog: watchdog(devices, root, clean.clone())?,
    };
    let loops = loops(&slots, slots.len());
    let dead_man = DeadMan::new(now, power, &slots, &loops, None, lines);
    let plugs = pins(devices, root, machine, LineName::Plug, Pin::input)?;
    let buses = buses(machine, devices, root)?;
    let links = chains::links(machine, root)?;
    let board = |beats| guarded(dead_man, beats, LinuxPlugs { pins: plugs });
    let panel = Panel::open(machine, root);
    Ok(join(&loops, links, buses, fans, board, clean, panel))
}

/// A board whose stock FPGA's window has nearly everything.
pub(super) fn in_a_window(
    machine: &Machine,
    root: &Root,
    now: Instant,
    power: HashPower,
) -> Result<Opened, Refusal> {
    let devices = devices(machine)?;
    let place = devices.window.as_ref();
    let place = place.ok_or_else(|| Refusal::unnamed(machine, "the FPGA's window"))?;
    let window = window(root, place, "the FPGA's window")?;
    let clean = CleanStop::default();
    let full = FanOverride::default();
    let slots = slots(machine);
    let mut pin = supply_pin(machine, devices, root)?;
    let supply = move |_, on| pin.as_mut().map_or(Err(ENODEV), |pin| pin.set(on));
    let is_s9 = place.kind == WindowKind::S9;
    let lines = match is_s9 {
        true => FpgaLines::s9(window.clone(), full.clone(), supply),
        false => FpgaLines::new(window.clone(), full.clone(), supply),
    };
    let lines = Watched {
        lines,
        watchdog: watchdog(devices, root, clean.clone())?,
    };
    // One port serves all chains, under the first one's name.
    let loops = loops(&slots, 1);
    let dead_man = DeadMan::new(now, power, &slots, &loops, None, lines);
    let both = [BusId::Hashboards, BusId::Supply];
    let i2c: Master = Box::new(FpgaI2c::new(window.clone()));
    let buses = vec![BusPort::new(&both, i2c)];
    let count = machine.fans.count;
    let (fans, port, plugs) = match is_s9 {
        true => (
            FpgaFans::s9(count, full, window.clone()),
            FpgaPort::s9(&slots, window.clone()),
            FpgaPlugs::s9(window),
        ),
        false => (
            FpgaFans::new(count, full, window.clone()),
            FpgaPort::new(&slots, window.clone()),
            FpgaPlugs::new(window),
        ),
    };
    let fans = Box::new(fans);
    let links: Vec<Box<dyn LinkPort + Send>> = vec![Box::new(port)];
    let board = |beats| guarded(dead_man, beats, plugs);
    let panel = Panel::open(machine, root);
    Ok(join(&loops, links, buses, Some(fans), board, clean, panel))
}

fn devices(machine: &Machine) -> Result<&Devices, Refusal> {
    let devices = machine.control_board.devices.as_ref();
    devices.ok_or_else(|| Refusal::unnamed(machine, "anything"))
}

fn slots(machine: &Machine) -> Vec<ChainSlot> {
    (0..machine.slots).map(ChainSlot).collect()
}

/// The loops that must beat: fans, both buses, and so many links.
fn loops(slots: &[ChainSlot], links: usize) -> Vec<Loop> {
    let beside = [
        Loop::Fans,
        Loop::Bus(BusId::Hashboards),
        Loop::Bus(BusId::Supply),
    ];
    let links = slots.iter().take(links).map(|slot| Loop::Link(*slot));
    beside.into_iter().chain(links).collect()
}

fn guarded<L, P>(dead_man: DeadMan<L>, beats: Beats, plugs: P) -> Box<dyn BoardPort + Send>
where
    L: Lines + Send + 'static,
    P: Plugs + Send + 'static,
{
    Box::new(GuardedBoard::new(dead_man, beats, plugs))
}

fn join(
    loops: &[Loop],
    links: Vec<Box<dyn LinkPort + Send>>,
    buses: Vec<BusPort<Master>>,
    fans: Option<Box<dyn FanPort + Send>>,
    board: impl FnOnce(Beats) -> Box<dyn BoardPort + Send>,
    clean: CleanStop,
    panel: Panel,
) -> Opened {
    let beats = Beats::new(loops);
    let ports = MachinePorts {
        links,
        buses,
        fans,
        board: board(beats.clone()),
        beats,
    };
    Opened {
        ports,
        clean,
        panel,
    }
}

/// The line as its port wants it. One whose level nobody knows is not driven by guess.
pub(super) fn spec(line: &GpioLine) -> Option<LineSpec> {
    Some(LineSpec {
        chip: line.chip.clone(),
        line: line.line.clone(),
        sysfs: line.sysfs,
        active_low: line.active? == board_support::Active::Low,
    })
}

/// The supply's enable line, off; `None` where the supply has none.
fn supply_pin(machine: &Machine, devices: &Devices, root: &Root) -> Result<Option<Pin>, Refusal> {
    if machine.psu.enable == Fitted::Absent {
        return Ok(None);
    }
    let line = devices.line(LineName::SupplyEnable).and_then(spec);
    let line = line.ok_or_else(|| Refusal::unnamed(machine, "the supply's enable line"))?;
    let pin = Pin::output(root, &line, false);
    Ok(Some(
        pin.map_err(Refusal::device("the supply's enable line"))?,
    ))
}

/// A line of each slot of the machine that the board has one for.
fn pins(
    devices: &Devices,
    root: &Root,
    machine: &Machine,
    name: impl Fn(u8) -> LineName,
    open: impl Fn(&Root, &LineSpec) -> Result<Pin, hal_linux::DeviceError>,
) -> Result<Vec<(ChainSlot, Pin)>, Refusal> {
    let slots = (0..machine.slots).filter_map(|slot| {
        let name = name(slot);
        let spec = devices.line(name).and_then(spec)?;
        let what = format!("line `{}`", name.name());
        Some((slot, open(root, &spec).map_err(Refusal::device(what))))
    });
    slots
        .map(|(slot, pin)| Ok((ChainSlot(slot), pin?)))
        .collect()
}

/// The buses by node. Two of one name are one bus, which serves both.
fn buses(
    machine: &Machine,
    devices: &Devices,
    root: &Root,
) -> Result<Vec<BusPort<Master>>, Refusal> {
    let named = [
        (BusId::Hashboards, &devices.hashboards_bus),
        (BusId::Supply, &devices.supply_bus),
    ];
    let mut buses: Vec<(&String, Vec<BusId>)> = Vec::new();
    for (bus, device) in named {
        match device {
            Some(BusDevice::Node(node)) => match buses.iter_mut().find(|(known, _)| *known == node)
            {
                Some((_, serves)) => serves.push(bus),
                None => buses.push((node, vec![bus])),
            },
            Some(BusDevice::Window) => return Err(Refusal::unnamed(machine, "the bus's window")),
            // What is on no bus is asked for on none, and a bus that nobody serves would stop
            // the dead man's lease: so it hangs on the one that there is.
            None => match buses.first_mut() {
                Some((_, serves)) => serves.push(bus),
                None => return Err(Refusal::unnamed(machine, "the hashboards' bus")),
            },
        }
    }
    let open = |(node, serves): (&String, Vec<BusId>)| {
        let first = serves.first().copied().unwrap_or(BusId::Hashboards);
        let master = LinuxI2c::open(root, first, node);
        let master = master.map_err(Refusal::device(format!("bus `{node}`")))?;
        Ok(BusPort::new(&serves, Box::new(master) as Master))
    };
    buses.into_iter().map(open).collect()
}

/// The fans, and how the dead man drives them full.
fn fans(
    machine: &Machine,
    devices: &Devices,
    root: &Root,
    full: FanOverride,
) -> Result<(Option<Box<dyn FanPort + Send>>, Full), Refusal> {
    let count = machine.fans.count;
    match &devices.fans {
        None if count == 0 => Ok((None, Box::new(|_| Ok(())))),
        None | Some(FanDevices::Window) => Err(Refusal::unnamed(machine, "the fans' output")),
        Some(FanDevices::Core(place)) => {
            let window: Window = window(root, place, "the fans' core")?;
            let mut own = window.clone();
            let drive = move |now| open_core_fans_full(&mut own, now);
            let fans = OpenCoreFans::new(count, full, window);
            Ok((Some(Box::new(fans)), Box::new(drive)))
        }
        Some(FanDevices::Pwm {
            period_ns,
            outputs,
            tach,
        }) => {
            let outputs = PwmOutputs::open(root, &channels(outputs), *period_ns);
            let outputs = outputs.map_err(Refusal::device("the fans' outputs"))?;
            let own = outputs.clone();
            let tach = tach
                .as_ref()
                .map(|tach| open_tach(tach, devices, root, count));
            let tach = tach.transpose()?;
            let fans = PwmFans::new(outputs, tach, full);
            Ok((Some(Box::new(fans)), Box::new(move |_| own.full())))
        }
    }
}

fn open_tach(
    tach: &TachDevices,
    devices: &Devices,
    root: &Root,
    count: u8,
) -> Result<Box<dyn Tach + Send>, Refusal> {
    let what = "the fans' tach";
    Ok(match tach {
        TachDevices::Lines => {
            let lines = (0..count).map_while(|fan| devices.line(LineName::Tach(fan)));
            let specs: Vec<_> = lines.filter_map(spec).collect();
            Box::new(EdgeTach::open(root, &specs).map_err(Refusal::device(what))?)
        }
        TachDevices::Hwmon(name) => {
            Box::new(HwmonTach::open(root, name, count).map_err(Refusal::device(what))?)
        }
        TachDevices::Capture(inputs) => {
            let inputs = channels(inputs);
            Box::new(CaptureTach::open(root, &inputs).map_err(Refusal::device(what))?)
        }
    })
}

fn channels(outputs: &[PwmOutput]) -> Vec<(u32, u32)> {
    outputs.iter().map(|o| (o.chip, o.channel)).collect()
}

fn watchdog(devices: &Devices, root: &Root, clean: CleanStop) -> Result<Option<Watchdog>, Refusal> {
    let open = |watchdog: &board_support::Watchdog| {
        let opened = Watchdog::open(root, &watchdog.node, watchdog.timeout_s, clean);
        opened.map_err(Refusal::device("the watchdog"))
    };
    devices.watchdog.as_ref().map(open).transpose()
}

/// Lines of an FPGA, and the processor's watchdog beside them.
struct Watched<L> {
    lines: L,
    watchdog: Option<Watchdog>,
}

impl<L: Lines> Lines for Watched<L> {
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        self.lines.supply(now, on)
    }

    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        self.lines.reset(now, slot, asserted)
    }

    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32> {
        self.lines.fans_full(now, full)
    }

    fn kick_watchdog(&mut self, _now: Instant) -> Result<(), i32> {
        self.watchdog.as_mut().map_or(Ok(()), Watchdog::kick)
    }
}
