//! What machines are made of, read and checked.

use core::ops::RangeInclusive;

use crate::Devices;

/// A control board.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlBoard {
    /// Name of the file in `control-boards/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How chains are reached.
    pub link: LinkKind,
    /// Fastest baud rate of its links, bits per second.
    pub baud_max: u32,
    /// Hashboards that it can carry.
    pub slots_max: u8,
    /// How Linux shows it; `None` where no file says, and then only a twin can stand for it.
    pub devices: Option<Devices>,
}

/// How a control board reaches its chains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkKind {
    /// A byte stream per chain.
    Uart,
    /// The x19 FPGA: commands as frames, work and results as records.
    FpgaFifo,
    /// The stock FPGA of the S9 to S17: the same window of registers and other records.
    /// Named so that such a board can be told from others; nothing here drives it.
    FpgaFifoS9,
    /// Words on SPI, a chip select per chain.
    SpiWords,
}

impl LinkKind {
    /// Every kind with its name in files.
    pub const NAMES: &[(&str, LinkKind)] = &[
        ("uart", LinkKind::Uart),
        ("fpga-fifo", LinkKind::FpgaFifo),
        ("fpga-fifo-s9", LinkKind::FpgaFifoS9),
        ("spi-words", LinkKind::SpiWords),
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, kind)| *kind == self);
        named.map_or("", |(name, _)| name)
    }
}

/// A hashboard: what its chain of chips needs to know.
#[derive(Clone, PartialEq, Debug)]
pub struct Hashboard {
    /// Name of the file in `hashboards/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The chip, lower case: `bm1398`.
    pub chip: String,
    /// Chips on the board.
    pub chips: u16,
    /// Voltage domains in series.
    pub domains: u16,
    /// Difference between the wire addresses of neighbours.
    pub address_interval: u8,
    /// Working frequency.
    pub frequency_mhz: f64,
    /// Highest frequency that may be ordered.
    pub frequency_max_mhz: f64,
    /// Voltage at which the board starts, where it is known.
    pub voltage_start_mv: Option<u32>,
    /// Working voltage, where it is known.
    pub voltage_mv: Option<u32>,
    /// Baud rate of the chain while hashing on this machine's control board, bits per
    /// second.
    pub baud: u32,
    /// Ticket difficulty: a power of two.
    pub ticket_difficulty: u64,
}

/// What sits on a hashboard beside its chips.
#[derive(Clone, PartialEq, Debug)]
pub struct Peripherals {
    /// Temperature sensors. Empty where none is known: such a board cannot be watched.
    pub sensors: Vec<Sensor>,
    /// The controller that switches, and on some boards sets, the rail.
    pub voltage_controller: Fitted<VoltageController>,
    /// The memory that names the board.
    pub eeprom: Fitted<Eeprom>,
}

/// Whether a part is there. That nobody knows is not the same as that it is not.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fitted<T> {
    /// No source says.
    Unknown,
    /// Known to have none.
    Absent,
    /// It is there.
    Present(T),
}

impl<T> Fitted<T> {
    /// The part, if it is known to be there.
    pub fn present(&self) -> Option<&T> {
        match self {
            Fitted::Present(part) => Some(part),
            Fitted::Unknown | Fitted::Absent => None,
        }
    }
}

/// One reading of a temperature sensor: a part with two diodes is listed twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sensor {
    /// The part, as its maker names it.
    pub part: SensorPart,
    /// How it is reached.
    pub bus: SensorBus,
    /// Seven-bit address. On the control board's bus it is that of slot 0, and each
    /// further slot is one higher.
    pub address: u8,
    /// Which of its diodes.
    pub channel: Channel,
    /// What it tells the temperature of.
    pub place: Place,
}

/// A temperature sensor by its part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SensorPart {
    /// LM75A or CT75: two bytes, 0.125 °C.
    Lm75,
    /// TMP75 or TMP175: two bytes, 0.0625 °C.
    Tmp75,
    /// TMP451 or ADT7461: local and remote diode.
    Tmp451,
    /// NCT218: as the TMP451.
    Nct218,
    /// On the chip's die; the chip tells it among its registers.
    Die,
}

/// How a sensor is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SensorBus {
    /// On the hashboards' bus of the control board.
    ControlBoard,
    /// Relayed by the voltage controller.
    VoltageController,
    /// Relayed by this chip of the chain, counted from the host's end, from 0.
    Chip(u16),
}

/// Which diode of a sensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// The part's own.
    Local,
    /// The one wired to it.
    Remote,
}

/// What a sensor tells the temperature of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The board where the air comes in.
    Inlet,
    /// The board where the air goes out.
    Outlet,
    /// The board, at a place that is not known.
    Board,
    /// A chip's die.
    Chip,
}

/// The controller on a hashboard that switches its rail.
#[derive(Clone, PartialEq, Debug)]
pub struct VoltageController {
    /// The part and its protocol.
    pub kind: VoltageControllerKind,
    /// Seven-bit address in slot 0; each further slot is one higher.
    pub address: u8,
    /// How it sets the rail; `None` where it only switches it.
    pub code: Option<VoltageCode>,
    /// Without a heartbeat for this long it cuts the rail, seconds.
    pub rail_off_after_s: Option<u32>,
}

/// A voltage controller by its part and protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoltageControllerKind {
    /// PIC16F1704 of the S9: single bytes, no length, no checksum.
    Pic16f1704Plain,
    /// PIC16F1704 of the 19 series: frames with length and checksum.
    Pic16f1704Framed,
    /// dsPIC33EP16GS202 of the 17 series: the same frames.
    Dspic33Framed,
}

/// How a voltage is written as a byte: `N = offset - per_volt * V`, so that a larger N is
/// a lower voltage.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VoltageCode {
    /// `N` at zero volts.
    pub offset: f64,
    /// Steps per volt.
    pub per_volt: f64,
}

impl VoltageCode {
    /// What its 256 codes can express, millivolts, rounded inwards.
    pub fn range_mv(&self) -> RangeInclusive<u32> {
        let mv = |code: f64| (self.offset - code) / self.per_volt * 1000.0;
        mv(255.0).ceil() as u32..=mv(0.0).floor() as u32
    }
}

/// The memory of a hashboard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Eeprom {
    /// The part.
    pub kind: EepromKind,
    /// Seven-bit address in slot 0; each further slot is one higher.
    pub address: u8,
    /// How its content is laid out, where that is known.
    pub layout: Option<EepromLayout>,
}

/// A memory by its part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EepromKind {
    /// AT24C02: 256 bytes.
    At24c02,
}

/// How a memory's content is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EepromLayout {
    /// Header 0x11: enciphered with XXTEA, formats 2 and 3.
    X19Xxtea,
}

/// A power supply.
#[derive(Clone, PartialEq, Debug)]
pub struct Psu {
    /// Name of the file in `psus/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How it is spoken to.
    pub protocol: PsuProtocol,
    /// Seven-bit address; `None` where it has no bus or none is known.
    pub address: Option<u8>,
    /// What it gives where it cannot be told anything else.
    pub fixed_mv: Option<u32>,
    /// Lowest voltage that may be ordered; unknown supplies take no orders.
    pub voltage_min_mv: Option<u32>,
    /// Highest voltage that may be ordered.
    pub voltage_max_mv: Option<u32>,
    /// The most that it gives, watts.
    pub output_max_w: Option<f64>,
    /// Its enable line.
    pub enable: Fitted<EnableLine>,
    /// How long it must have been off before it is switched on, seconds.
    pub off_before_on_s: Option<u32>,
    /// The type words that may answer. Another word refuses every order.
    pub types: Vec<PsuType>,
}

/// How a supply is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PsuProtocol {
    /// Not at all.
    None,
    /// Packets over I2C, a byte per transaction.
    ApwPackets,
}

/// The line that switches a supply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EnableLine {
    /// Low is on.
    ActiveLow,
}

/// What a supply answers when it is asked what it is.
#[derive(Clone, PartialEq, Debug)]
pub struct PsuType {
    /// The word.
    pub word: u16,
    /// How this type takes voltages; a type without it takes no orders.
    pub code: Option<VoltageCode>,
}

/// Fans, and how fast they turn when.
#[derive(Clone, PartialEq, Debug)]
pub struct Fans {
    /// Fans of the machine.
    pub count: u8,
    /// With fewer turning, hash power goes off.
    pub count_min: u8,
    /// A fan that turns slower stands.
    pub rpm_min: u32,
    /// A fan that claims more is not to be believed.
    pub rpm_max: u32,
    /// Lowest duty while hashing, percent.
    pub duty_min_percent: u8,
    /// Duty over board temperature: linear between the points, flat before the first,
    /// and 100 % from the last on.
    pub curve: Vec<CurvePoint>,
}

/// A point of a fan curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CurvePoint {
    /// The hottest board sensor, degrees Celsius.
    pub board_c: f64,
    /// Duty in percent.
    pub duty_percent: u8,
}

/// What a machine must never exceed. Temperatures are degrees Celsius.
#[derive(Clone, PartialEq, Debug)]
pub struct Limits {
    /// A board sensor at which the owner is warned and fans are full.
    pub board_warn_c: f64,
    /// A board sensor from which on hashrate is given up.
    pub board_derate_c: f64,
    /// A board sensor at which hash power goes off.
    pub board_stop_c: f64,
    /// A chip sensor at which the owner is warned and fans are full.
    pub chip_warn_c: f64,
    /// A chip sensor from which on hashrate is given up.
    pub chip_derate_c: f64,
    /// A chip sensor at which hash power goes off.
    pub chip_stop_c: f64,
    /// Inlet air above which hash power goes off.
    pub inlet_max_c: f64,
    /// Below this a board counts as cold and its frequency stays low, where that is known.
    pub cold_below_c: Option<f64>,
    /// Wall power that may be drawn, watts.
    pub power_max_w: f64,
    /// Lowest and highest rail voltage that a hashboard may be given; `None` where its
    /// voltages are unknown, and then none may be set.
    pub voltage_mv: Option<(u32, u32)>,
}
