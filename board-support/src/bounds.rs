//! Absolute bounds, in code: what no file may exceed, however it came here.
//!
//! Each bound is the widest that any known machine of this class needs, or what the wire
//! can express. A file narrows them for its machine; a value outside is refused when the
//! file is read, so nothing behind this crate ever sees one.

use core::ops::RangeInclusive;

use crate::LinkKind;

/// Hashboards in a machine. Four: the chain number is two bits wide in the x19 FPGA's
/// registers and four connectors are the most that any known control board has.
pub const SLOTS: RangeInclusive<u64> = 1..=4;

/// Chips on a hashboard. A wire address is one byte: 256 of them.
pub const CHIPS: RangeInclusive<u64> = 1..=256;

/// Voltage domains in series; each has at least one chip.
pub const DOMAINS: RangeInclusive<u64> = 1..=256;

/// Difference between neighbouring addresses. Chips take any; `chips * interval` must fit
/// a byte's 256 values, which is checked as well.
pub const ADDRESS_INTERVAL: RangeInclusive<u64> = 1..=255;

/// Chip frequency in megahertz. Below 50 lies no captured ramp step; 1600 is just above the
/// highest setting that is published for chips on SPI (1596).
pub const FREQUENCY_MHZ: RangeInclusive<f64> = 50.0..=1_600.0;

/// The most for chips on a serial line: above every published rating of them (the highest is
/// the S19's 669) and below what a misread divider would give (1050 and more).
pub const FREQUENCY_SERIAL_MAX_MHZ: f64 = 800.0;

/// Chip frequency in megahertz of chips behind such a link.
pub fn frequency_mhz(link: LinkKind) -> RangeInclusive<f64> {
    let most = match link {
        LinkKind::SpiWords => *FREQUENCY_MHZ.end(),
        LinkKind::Uart | LinkKind::FpgaFifo | LinkKind::FpgaFifoS9 => FREQUENCY_SERIAL_MAX_MHZ,
    };
    *FREQUENCY_MHZ.start()..=most
}

/// Rail voltage of a hashboard in millivolts: from the lowest published S9 value (8.2 V)
/// rounded down, to the highest output of any adjustable supply of the class (21.36 V,
/// APW9).
pub const VOLTAGE_MV: RangeInclusive<u64> = 8_000..=21_360;

/// Constants of a voltage code, `N = offset - per_volt * V` with N from 0 to 255: around
/// those of every published supply and controller.
pub const VOLTAGE_CODE_OFFSET: RangeInclusive<f64> = 256.0..=2_000.0;
/// See [`VOLTAGE_CODE_OFFSET`].
pub const VOLTAGE_CODE_PER_V: RangeInclusive<f64> = 20.0..=200.0;

/// Baud rate of a chain in bits per second: the chips' rate after reset, to the fastest in
/// use (12.5 Mbaud on the S19 Pro).
pub const BAUD: RangeInclusive<u64> = 115_200..=12_500_000;

/// Ticket difficulty: register width.
pub const TICKET_DIFFICULTY: RangeInclusive<u64> = 1..=(1 << 32);

/// Published hashrate of a machine in TH/s: a typing error guard, ten times today's most.
pub const RATED_THS: RangeInclusive<f64> = 1.0..=5_000.0;

/// Published wall power of a machine in watts: the same.
pub const RATED_POWER_W: RangeInclusive<f64> = 50.0..=20_000.0;

/// Wall power that a machine may be allowed. The most that any machine of this class is
/// rated at is 3645 W (S21 XP); 4500 W leaves it a fifth and is under 20 A at 230 V.
pub const POWER_MAX_W: RangeInclusive<f64> = 50.0..=4_500.0;

/// Temperature limits of hashboard sensors, degrees Celsius. 90 is the highest at which
/// any published firmware still hashes with a sensor on the board (stock S9).
pub const BOARD_C: RangeInclusive<f64> = 30.0..=90.0;

/// Temperature limits of sensors in or at a chip. 110 is where the most patient published
/// firmware with such a sensor cuts power (Braiins OS on the S9).
pub const CHIP_C: RangeInclusive<f64> = 40.0..=110.0;

/// Inlet air above which a machine may not be run. Published ratings end at 40 or 45.
pub const INLET_C: RangeInclusive<f64> = 20.0..=50.0;

/// Board temperature below which a board counts as cold.
pub const COLD_C: RangeInclusive<f64> = -20.0..=50.0;

/// Fans of a machine: the tach field of the FPGA counts eight.
pub const FANS: RangeInclusive<u64> = 1..=8;

/// Fan speed: the tach of the fastest known reader ends at 255 turns a second.
pub const RPM: RangeInclusive<u64> = 100..=15_300;

/// Fan duty in percent that a file may call the lowest or put on a curve. Below 10 some
/// fans stand still.
pub const DUTY_PERCENT: RangeInclusive<u64> = 10..=100;

/// Board temperatures on a fan curve.
pub const CURVE_C: RangeInclusive<f64> = 0.0..=90.0;

/// Device addresses on an I2C bus, 7 bits, without the reserved ones.
pub const I2C_ADDRESS: RangeInclusive<u64> = 0x08..=0x77;

/// Seconds in a file: waits and times until a part acts by itself.
pub const SECONDS: RangeInclusive<u64> = 1..=600;

/// Type word of a supply.
pub const TYPE_WORD: RangeInclusive<u64> = 0..=0xffff;

/// Memory of a control board, megabytes: the smallest that Linux and the daemon fit in, to
/// more than any.
pub const MEMORY_MB: RangeInclusive<u64> = 32..=8_192;

/// Flash of a control board, megabytes.
pub const FLASH_MB: RangeInclusive<u64> = 8..=65_536;

/// Physical address of an FPGA's window: what a 32-bit processor has beyond its first page.
pub const WINDOW_ADDRESS: RangeInclusive<u64> = 0x1000..=0xffff_fffc;

/// Bytes of a window: one page of memory is mapped at least, and 1 MB is beyond any that is
/// known.
pub const WINDOW_BYTES: RangeInclusive<u64> = 4..=0x10_0000;

/// Offset of a line on its chip: beyond the largest controllers.
pub const GPIO_OFFSET: RangeInclusive<u64> = 0..=1_023;

/// Number of a line under `/sys/class/gpio`.
pub const GPIO_NUMBER: RangeInclusive<u64> = 0..=4_095;

/// Period of a fan's PWM, nanoseconds: 40 MHz, which no fan follows, to 10 Hz, which fans
/// would hear as steps.
pub const PWM_PERIOD_NS: RangeInclusive<u64> = 25..=100_000_000;

/// Numbers of PWM chips and channels.
pub const PWM_NUMBER: RangeInclusive<u64> = 0..=255;

/// What the processor's watchdog may be set to, seconds. A lease lasts two, and its kicks come
/// with the leases: below 5 a slow disk resets the machine. Above 60 nobody is protected.
pub const WATCHDOG_S: RangeInclusive<u64> = 5..=60;

/// Processors of a control board's chip.
pub const PROCESSORS: RangeInclusive<u64> = 1..=16;
