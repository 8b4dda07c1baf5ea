//! A control board's file: its links, and under which names Linux shows it.

use super::{LIST_MAX, NAME_MAX, optional};
use crate::strict::Section;
use crate::{
    Active, BusDevice, ChainDevice, ControlBoard, Devices, FanDevices, Flash, FlashKind, GpioLine,
    KernelVersion, LineName, LinkKind, PwmOutput, TachDevices, Watchdog, Window, WindowKind,
    WindowNode, bounds,
};

/// Longest path of a node, and longest label or name of the kernel's.
const PATH_MAX: usize = 100;
/// PWM outputs, and inputs that count: the fans of a machine.
const OUTPUTS_MAX: usize = 8;

pub(crate) fn read_control_board(id: &str, s: &mut Section<'_>) -> Option<ControlBoard> {
    let name = s.text("name", NAME_MAX);
    let link = s.choice("link", LinkKind::NAMES);
    let baud_max = s.integer("baud_max_per_s", bounds::BAUD);
    let slots_max = s.integer("slots_max", bounds::SLOTS);
    let devices = optional(s, "linux", |s| {
        let mut linux = s.section("linux")?;
        read_devices(&mut linux, link, slots_max)
    });
    Some(ControlBoard {
        id: id.to_owned(),
        name: name?,
        link: link?,
        baud_max: u32::try_from(baud_max?).ok()?,
        slots_max: u8::try_from(slots_max?).ok()?,
        devices: devices?,
    })
}

fn read_devices(
    s: &mut Section<'_>,
    link: Option<LinkKind>,
    slots_max: Option<u64>,
) -> Option<Devices> {
    let compatible = optional(s, "compatible", |s| {
        s.texts("compatible", LIST_MAX, NAME_MAX)
    });
    let oldest_kernel = read_kernel(s);
    let mut number = |key, range| optional(s, key, |s| u32::try_from(s.integer(key, range)?).ok());
    let processors = number("processors", bounds::PROCESSORS);
    let memory_mb = number("memory_mb", bounds::MEMORY_MB);
    let flash = optional(s, "flash", |s| {
        let kinds = [("nand", FlashKind::Nand), ("emmc", FlashKind::Emmc)];
        let kind = s.choice("flash", &kinds);
        let size_mb = optional(s, "flash_mb", |s| {
            u32::try_from(s.integer("flash_mb", bounds::FLASH_MB)?).ok()
        });
        Some(Flash {
            kind: kind?,
            size_mb: size_mb?,
        })
    });
    let window = optional(s, "window", |s| {
        read_window(&mut s.section("window")?, link)
    });
    let windowed = window.as_ref().is_none_or(Option::is_some);
    let chains = read_chains(s, link, slots_max, windowed);
    let hashboards_bus = optional(s, "hashboards_bus", |s| {
        read_bus(s, "hashboards_bus", windowed)
    });
    let supply_bus = optional(s, "supply_bus", |s| read_bus(s, "supply_bus", windowed));
    let lines = match s.has("lines") {
        true => s.section("lines").and_then(|mut s| read_lines(&mut s)),
        false => Some(Vec::new()),
    };
    let fans = optional(s, "fans", |s| read_fans(&mut s.section("fans")?, windowed));
    let watchdog = optional(s, "watchdog", |s| {
        let mut s = s.section("watchdog")?;
        let node = node(&mut s, "node");
        let timeout_s = s.integer("timeout_s", bounds::WATCHDOG_S);
        Some(Watchdog {
            node: node?,
            timeout_s: u32::try_from(timeout_s?).ok()?,
        })
    });
    Some(Devices {
        compatible: compatible?.unwrap_or_default(),
        oldest_kernel: oldest_kernel?,
        processors: processors?,
        memory_mb: memory_mb?,
        flash: flash?,
        window: window?,
        chains: chains?,
        hashboards_bus: hashboards_bus?,
        supply_bus: supply_bus?,
        lines: lines?,
        fans: fans?,
        watchdog: watchdog?,
    })
}

fn read_kernel(s: &mut Section<'_>) -> Option<KernelVersion> {
    let text = s.text("oldest_kernel", NAME_MAX)?;
    let version = KernelVersion::parse(&text);
    if version.is_none_or(|version| version.to_string() != text) {
        let message = "must be major and minor number of a kernel";
        s.refuse("oldest_kernel", message, "write it as `\"4.19\"`");
        return None;
    }
    version
}

/// The window of a stock FPGA, which is what the link says.
fn read_window(s: &mut Section<'_>, link: Option<LinkKind>) -> Option<Window> {
    let kind = match link? {
        LinkKind::FpgaFifo => WindowKind::X19,
        LinkKind::FpgaFifoS9 => WindowKind::S9,
        LinkKind::Uart | LinkKind::SpiWords => {
            let remedy = "remove the table, or correct `link`";
            s.refuse("address", "chains of this `link` are in no window", remedy);
            return None;
        }
    };
    read_window_of(s, kind)
}

fn read_window_of(s: &mut Section<'_>, kind: WindowKind) -> Option<Window> {
    let address = s.integer("address", bounds::WINDOW_ADDRESS);
    let bytes = s.integer("bytes", bounds::WINDOW_BYTES);
    let node = s.text("node", PATH_MAX).and_then(|text| match &*text {
        "uio" => Some(WindowNode::Uio),
        "/dev/mem" => Some(WindowNode::Memory),
        _ if text.starts_with("/dev/") => Some(WindowNode::Own(text)),
        _ => {
            let message = "must be `uio` or a path in `/dev`";
            s.refuse("node", message, "name what is mapped to reach the window");
            None
        }
    });
    if [address, bytes].into_iter().flatten().any(|n| n % 4 != 0) {
        let message = "is no whole number of 32-bit registers";
        s.refuse("bytes", message, "correct `address` or `bytes`");
        return None;
    }
    Some(Window {
        kind,
        address: address?,
        bytes: u32::try_from(bytes?).ok()?,
        node: node?,
    })
}

/// Chains by slot; none where the window carries them.
fn read_chains(
    s: &mut Section<'_>,
    link: Option<LinkKind>,
    slots_max: Option<u64>,
    windowed: bool,
) -> Option<Vec<ChainDevice>> {
    let own = |link| matches!(link, LinkKind::Uart | LinkKind::SpiWords);
    if !s.has("chain") {
        if link.is_some_and(own) {
            let remedy = "add a `[[linux.chain]]` for each slot, slot 0 first";
            s.refuse("chain", "no chain says where it is", remedy);
            return None;
        }
        if !windowed {
            let remedy = "add `[linux.window]`";
            s.refuse(
                "window",
                "the chains are in the window, and there is none",
                remedy,
            );
            return None;
        }
        return Some(Vec::new());
    }
    if !link.is_none_or(own) {
        let remedy = "remove the list, or correct `link`";
        s.refuse("chain", "the window carries all chains", remedy);
    }
    let sections = s.sections("chain", *bounds::SLOTS.end() as usize)?;
    let chains: Vec<_> = sections
        .into_iter()
        .map(|mut chain| {
            if link == Some(LinkKind::SpiWords) {
                return node(&mut chain, "spi").map(ChainDevice::Spi);
            }
            if chain.has("tty") {
                return node(&mut chain, "tty").map(ChainDevice::Tty);
            }
            read_window_of(&mut chain, WindowKind::Bm13xx).map(ChainDevice::Core)
        })
        .collect();
    if slots_max.is_some_and(|slots| chains.len() as u64 != slots) {
        let message = "must have as many entries as `slots_max` says";
        s.refuse("chain", message, "one for each slot, slot 0 first");
        return None;
    }
    let chains: Vec<ChainDevice> = chains.into_iter().collect::<Option<_>>()?;
    if (1..chains.len()).any(|i| chains[..i].contains(&chains[i])) {
        let message = "two chains are at the same place";
        s.refuse("chain", message, "correct one of the two");
        return None;
    }
    Some(chains)
}

fn read_bus(s: &mut Section<'_>, key: &'static str, windowed: bool) -> Option<BusDevice> {
    let text = s.text(key, PATH_MAX)?;
    match &*text {
        "window" if windowed => Some(BusDevice::Window),
        "window" => {
            s.refuse(key, "there is no window", "add `[linux.window]`");
            None
        }
        _ if text.starts_with("/dev/i2c-") => Some(BusDevice::Node(text)),
        _ => {
            let message = "must be `window` or a node `/dev/i2c-…`";
            s.refuse(key, message, "name what reaches the bus");
            None
        }
    }
}

fn read_lines(s: &mut Section<'_>) -> Option<Vec<(LineName, GpioLine)>> {
    let mut lines = Vec::new();
    for (key, name) in LineName::NAMES {
        if s.has(key) {
            let line = s.section(key).and_then(|mut s| read_line(&mut s));
            lines.push(line.map(|line| (*name, line)));
        }
    }
    lines.into_iter().collect()
}

fn read_line(s: &mut Section<'_>) -> Option<GpioLine> {
    let chip = optional(s, "chip", |s| {
        let label = s.text("chip", PATH_MAX);
        let offset = s.integer("offset", bounds::GPIO_OFFSET);
        Some((label?, u32::try_from(offset?).ok()?))
    });
    let line = optional(s, "line", |s| s.text("line", PATH_MAX));
    let sysfs = optional(s, "sysfs", |s| {
        u32::try_from(s.integer("sysfs", bounds::GPIO_NUMBER)?).ok()
    });
    let actives = [
        ("low", Some(Active::Low)),
        ("high", Some(Active::High)),
        ("unsure", None),
    ];
    let active = s.choice("active", &actives);
    let line = GpioLine {
        chip: chip?,
        line: line?,
        sysfs: sysfs?,
        active: active?,
    };
    if line.chip.is_none() && line.line.is_none() && line.sysfs.is_none() {
        let remedy = "give `chip` with `offset`, `line`, or `sysfs`";
        s.refuse("chip", "nothing says where the line is", remedy);
        return None;
    }
    Some(line)
}

fn read_fans(s: &mut Section<'_>, windowed: bool) -> Option<FanDevices> {
    #[derive(Clone, Copy)]
    enum Kind {
        Window,
        Core,
        Pwm,
    }
    let kinds = [
        ("window", Kind::Window),
        ("core", Kind::Core),
        ("pwm", Kind::Pwm),
    ];
    match s.choice("kind", &kinds)? {
        Kind::Window if windowed => Some(FanDevices::Window),
        Kind::Window => {
            s.refuse("kind", "there is no window", "add `[linux.window]`");
            None
        }
        Kind::Core => read_window_of(s, WindowKind::Fans).map(FanDevices::Core),
        Kind::Pwm => {
            let period_ns = s.integer("period_ns", bounds::PWM_PERIOD_NS);
            let outputs = read_pwms(s, "output");
            let tach = optional(s, "tach", read_tach);
            Some(FanDevices::Pwm {
                period_ns: u32::try_from(period_ns?).ok()?,
                outputs: outputs?,
                tach: tach?,
            })
        }
    }
}

fn read_tach(s: &mut Section<'_>) -> Option<TachDevices> {
    #[derive(Clone, Copy)]
    enum Kind {
        Lines,
        Hwmon,
        Capture,
    }
    let kinds = [
        ("lines", Kind::Lines),
        ("hwmon", Kind::Hwmon),
        ("capture", Kind::Capture),
    ];
    match s.choice("tach", &kinds)? {
        Kind::Lines => Some(TachDevices::Lines),
        Kind::Hwmon => s.text("hwmon", PATH_MAX).map(TachDevices::Hwmon),
        Kind::Capture => read_pwms(s, "capture").map(TachDevices::Capture),
    }
}

fn read_pwms(s: &mut Section<'_>, key: &'static str) -> Option<Vec<PwmOutput>> {
    let pwms: Vec<_> = s
        .sections(key, OUTPUTS_MAX)?
        .into_iter()
        .map(|mut pwm| {
            let chip = pwm.integer("pwmchip", bounds::PWM_NUMBER);
            let channel = pwm.integer("channel", bounds::PWM_NUMBER);
            Some(PwmOutput {
                chip: u32::try_from(chip?).ok()?,
                channel: u32::try_from(channel?).ok()?,
            })
        })
        .collect();
    let pwms: Vec<PwmOutput> = pwms.into_iter().collect::<Option<_>>()?;
    if pwms.is_empty() || (1..pwms.len()).any(|i| pwms[..i].contains(&pwms[i])) {
        let message = "is empty or names a channel twice";
        s.refuse(key, message, "list each channel once");
        return None;
    }
    Some(pwms)
}

fn node(s: &mut Section<'_>, key: &'static str) -> Option<String> {
    let text = s.text(key, PATH_MAX)?;
    if !text.starts_with("/dev/") {
        s.refuse(key, "must be a path in `/dev`", "name the device's node");
        return None;
    }
    Some(text)
}
