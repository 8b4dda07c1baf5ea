//! Under which names Linux shows a control board.
//!
//! Nothing here opens anything. Paths, labels and numbers are as a file gives them; whoever
//! opens them finds out whether they are there.

/// What of a control board the kernel shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Devices {
    /// `compatible` texts of the processor in device trees: the running tree holds one of them.
    /// Empty for a board that is told by nothing but its name in a configuration.
    pub compatible: Vec<String>,
    /// The oldest kernel that this file is meant for.
    pub oldest_kernel: KernelVersion,
    /// Processors, where the number tells boards of one family apart.
    pub processors: Option<u32>,
    /// Least memory that Linux has on such a board, megabytes, where that is known.
    pub memory_mb: Option<u32>,
    /// What it starts from, where that is known.
    pub flash: Option<Flash>,
    /// The FPGA's one window, on boards whose stock FPGA carries everything.
    pub window: Option<Window>,
    /// Where each chain is, by slot; empty where the window carries them.
    pub chains: Vec<ChainDevice>,
    /// The bus of the hashboards' memories, controllers and sensors.
    pub hashboards_bus: Option<BusDevice>,
    /// The supply's bus.
    pub supply_bus: Option<BusDevice>,
    /// Lines with a name. Resets and plugs are missing where the window has them.
    pub lines: Vec<(LineName, GpioLine)>,
    /// How fans are driven and counted.
    pub fans: Option<FanDevices>,
    /// The processor's watchdog.
    pub watchdog: Option<Watchdog>,
}

impl Devices {
    /// The line of this name.
    pub fn line(&self, name: LineName) -> Option<&GpioLine> {
        let line = self.lines.iter().find(|(known, _)| *known == name);
        line.map(|(_, line)| line)
    }
}

/// A kernel's version: major, minor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KernelVersion(pub u16, pub u16);

impl KernelVersion {
    /// The first with lines behind character devices.
    pub const GPIO_DEVICES: KernelVersion = KernelVersion(4, 8);

    /// From the beginning of a text such as `4.6.0-xilinx`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let mut next = || numbers.next()?.parse().ok();
        Some(KernelVersion(next()?, next()?))
    }
}

impl core::fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What a board starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flash {
    /// Raw NAND, or a memory with a controller of its own.
    pub kind: FlashKind,
    /// Megabytes, where they are known.
    pub size_mb: Option<u32>,
}

/// A kind of flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlashKind {
    /// Raw NAND.
    Nand,
    /// eMMC.
    Emmc,
}

/// A block of an FPGA's registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// What the registers mean.
    pub kind: WindowKind,
    /// Physical address.
    pub address: u64,
    /// Bytes.
    pub bytes: u32,
    /// What is mapped to reach it.
    pub node: WindowNode,
}

/// What an FPGA's registers mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowKind {
    /// The stock FPGA of the x19 board: chains, resets, plugs, fans and both I2C buses.
    X19,
    /// The stock FPGA of the S9 to S17: as the x19's with other works and results.
    S9,
    /// The open `axi_bm13xx` core: one chain.
    Bm13xx,
    /// The open design's fan core.
    Fans,
}

/// What is mapped to reach a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WindowNode {
    /// The UIO device whose first map begins at the window's address.
    Uio,
    /// `/dev/mem`, at the window's address.
    Memory,
    /// A node of a driver that shows this window alone, from its beginning.
    Own(String),
}

/// How one chain is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChainDevice {
    /// A serial port.
    Tty(String),
    /// A core of the FPGA.
    Core(Window),
    /// A chip select of a SPI bus, `/dev/spidev0.0`.
    Spi(String),
}

/// How an I2C bus is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BusDevice {
    /// A node, `/dev/i2c-0`.
    Node(String),
    /// The engine in the board's window.
    Window,
}

/// A line by what it is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LineName {
    /// The supply's enable line. Active: the supply is on.
    SupplyEnable,
    /// Reset of the hashboard in this slot. Active: held in reset.
    Reset(u8),
    /// Plug detection of this slot. Active: a hashboard is there.
    Plug(u8),
    /// Active: lit.
    RedLed,
    /// Active: lit.
    GreenLed,
    /// The button that asks for a recovery or reset. Active: pressed.
    ResetButton,
    /// The button that asks the machine to report its address. Active: pressed.
    ReportButton,
    /// Pulses of this fan.
    Tach(u8),
}

impl LineName {
    /// Every line with its name in files.
    pub const NAMES: &[(&str, LineName)] = &[
        ("supply_enable", LineName::SupplyEnable),
        ("reset_0", LineName::Reset(0)),
        ("reset_1", LineName::Reset(1)),
        ("reset_2", LineName::Reset(2)),
        ("reset_3", LineName::Reset(3)),
        ("plug_0", LineName::Plug(0)),
        ("plug_1", LineName::Plug(1)),
        ("plug_2", LineName::Plug(2)),
        ("plug_3", LineName::Plug(3)),
        ("red_led", LineName::RedLed),
        ("green_led", LineName::GreenLed),
        ("reset_button", LineName::ResetButton),
        ("report_button", LineName::ReportButton),
        ("tach_0", LineName::Tach(0)),
        ("tach_1", LineName::Tach(1)),
        ("tach_2", LineName::Tach(2)),
        ("tach_3", LineName::Tach(3)),
        ("tach_4", LineName::Tach(4)),
        ("tach_5", LineName::Tach(5)),
        ("tach_6", LineName::Tach(6)),
        ("tach_7", LineName::Tach(7)),
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, line)| *line == self);
        named.map_or("", |(name, _)| name)
    }
}

/// Where a line is, by any of three ways; at least one is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GpioLine {
    /// The label of its chip and its offset there.
    pub chip: Option<(String, u32)>,
    /// What the device tree calls the line.
    pub line: Option<String>,
    /// Its number under `/sys/class/gpio`, for kernels without the devices, and for lines of
    /// which no more is known.
    pub sysfs: Option<u32>,
    /// The level at which it is active; `None` where no source says, or sources contradict each
    /// other.
    pub active: Option<Active>,
}

/// A level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Active {
    /// Low is active.
    Low,
    /// High is active.
    High,
}

impl Active {
    /// Both with their names in files.
    pub const NAMES: &[(&str, Active)] = &[("low", Active::Low), ("high", Active::High)];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Active::Low => "low",
            Active::High => "high",
        }
    }
}

/// How fans are driven and counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FanDevices {
    /// By registers of the board's window.
    Window,
    /// By a fan core of the FPGA.
    Core(Window),
    /// By the kernel's PWM outputs.
    Pwm {
        /// Length of a period, nanoseconds.
        period_ns: u32,
        /// The outputs: each drives a group of fans.
        outputs: Vec<PwmOutput>,
        /// How they are counted; `None`: not at all.
        tach: Option<TachDevices>,
    },
}

/// One PWM output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PwmOutput {
    /// The `N` of `/sys/class/pwm/pwmchipN`.
    pub chip: u32,
    /// The channel there.
    pub channel: u32,
}

/// How fans are counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TachDevices {
    /// Edges of the lines `tach_0` and on: two of a kind in each turn.
    Lines,
    /// The kernel's own count, `fanN_input`, of the hwmon device of this name.
    Hwmon(String),
    /// PWM channels that measure what comes in: one for each fan, in the order of fans.
    Capture(Vec<PwmOutput>),
}

/// The processor's watchdog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watchdog {
    /// Its node.
    pub node: String,
    /// What it is set to, seconds.
    pub timeout_s: u32,
}
