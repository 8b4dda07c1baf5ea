//! Absolute bounds, in code: what no file may exceed, however it came here.
//!
//! Each bound is the widest that any known machine of this class needs, or what the wire
//! can express. A file narrows them for its machine; a value outside is refused when the
//! file is read, so nothing behind this crate ever sees one.

use core::ops::RangeInclusive;

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

/// Chip frequency in megahertz. Below 50 lies no captured ramp step; 800 is above every
/// published rating of these chips (the highest is the S19's 669) and below what a misread
/// divider would give (1050 and more).
pub const FREQUENCY_MHZ: RangeInclusive<f64> = 50.0..=800.0;

/// Rail voltage of a hashboard in millivolts: from the lowest published S9 value (8.2 V)
/// rounded down, to the highest output of any adjustable supply of the class (21.36 V,
/// APW9).
pub const VOLTAGE_MV: RangeInclusive<u64> = 8_000..=21_360;

/// Baud rate of a chain in bits per second: the chips' rate after reset, to the fastest in
/// use (12.5 Mbaud on the S19 Pro).
pub const BAUD: RangeInclusive<u64> = 115_200..=12_500_000;

/// Ticket difficulty: register width.
pub const TICKET_DIFFICULTY: RangeInclusive<u64> = 1..=(1 << 32);

/// Published hashrate of a machine in TH/s: a typing error guard, ten times today's most.
pub const RATED_THS: RangeInclusive<f64> = 1.0..=5_000.0;

/// Published wall power of a machine in watts: the same.
pub const RATED_POWER_W: RangeInclusive<f64> = 50.0..=20_000.0;
