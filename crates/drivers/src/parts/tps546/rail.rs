//! What a group of open boards sets its regulator to.
//!
//! Published by one driver, for three groups of boards. A new group is a new value.

use super::format::{VoutMode, linear11_of};

/// A rail: the regulator's settings and the bounds that orders stay in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rail {
    /// It converts from this input voltage on, volts.
    on_from_v: f64,
    /// And stops below this.
    off_below_v: f64,
    /// It warns below this; 0 never.
    input_warn_v: f64,
    /// It stops above this.
    input_max_v: f64,
    /// Ratio of the divider that feeds the output back.
    scale_loop: f64,
    min_mv: u32,
    max_mv: u32,
    start_mv: u32,
    /// Warning and stop, amperes.
    output_warn_a: f64,
    output_max_a: f64,
    stack: Stack,
}

/// How many regulators make the rail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {
    /// One.
    Single,
    /// Two, in step.
    Two,
}

impl Rail {
    /// One chip on 5 V.
    pub const ONE_CHIP_5V: Rail = Rail {
        on_from_v: 4.8,
        off_below_v: 4.5,
        input_warn_v: 0.0,
        input_max_v: 6.5,
        scale_loop: 0.25,
        min_mv: 1_000,
        max_mv: 2_000,
        start_mv: 1_200,
        output_warn_a: 25.0,
        output_max_a: 30.0,
        stack: Stack::Single,
    };

    /// Six chips in three domains on 12 V.
    pub const SIX_CHIPS_12V: Rail = Rail {
        on_from_v: 11.5,
        off_below_v: 11.0,
        input_warn_v: 11.0,
        input_max_v: 14.8,
        scale_loop: 0.125,
        min_mv: 2_500,
        max_mv: 4_500,
        start_mv: 3_600,
        output_warn_a: 25.0,
        output_max_a: 30.0,
        stack: Stack::Single,
    };

    /// Two chips on 12 V, from two regulators.
    pub const TWO_CHIPS_12V: Rail = Rail {
        on_from_v: 11.0,
        off_below_v: 10.5,
        input_warn_v: 11.0,
        input_max_v: 14.8,
        scale_loop: 0.25,
        min_mv: 1_000,
        max_mv: 3_000,
        start_mv: 1_200,
        output_warn_a: 50.0,
        output_max_a: 55.0,
        stack: Stack::Two,
    };

    /// Every group that is known.
    pub const ALL: [&Rail; 3] = [
        &Rail::ONE_CHIP_5V,
        &Rail::SIX_CHIPS_12V,
        &Rail::TWO_CHIPS_12V,
    ];

    /// The least that may be ordered, millivolts.
    pub const fn min_mv(&self) -> u32 {
        self.min_mv
    }

    /// The most that may be ordered, millivolts.
    pub const fn max_mv(&self) -> u32 {
        self.max_mv
    }

    /// Where it starts, millivolts.
    pub const fn start_mv(&self) -> u32 {
        self.start_mv
    }

    /// Every setting as it is written: the command and its data, low byte first; the bounds of
    /// the voltage before the voltage.
    pub(super) fn settings(&self, mode: VoutMode) -> Vec<Vec<u8>> {
        let (phase, stack, sync) = match self.stack {
            Stack::Single => (0x00, 0x0000, 0x10),
            Stack::Two => (0xff, 0x0001, 0xd0),
        };
        let byte = |command: u8, value: u8| vec![command, value];
        let word = |command: u8, value: u16| {
            let [lo, hi] = value.to_le_bytes();
            vec![command, lo, hi]
        };
        let linear = |command: u8, value: f64| word(command, linear11_of(value));
        let volts = |command: u8, mv: u32| word(command, mode.word(f64::from(mv) / 1000.0));
        let factor = |command: u8, value: f64| word(command, mode.word(value));
        vec![
            byte(0x02, 0x18),                 // ON_OFF_CONFIG: obey OPERATION alone
            byte(0x04, phase),                // PHASE
            word(0xec, stack),                // STACK_CONFIG
            byte(0xe4, sync),                 // SYNC_CONFIG
            word(0xee, 0xffff),               // PIN_DETECT_OVERRIDE: these settings, not the straps
            linear(0x33, 650.0),              // FREQUENCY_SWITCH, kHz
            linear(0x35, self.on_from_v),     // VIN_ON
            linear(0x36, self.off_below_v),   // VIN_OFF
            linear(0x58, self.input_warn_v),  // VIN_UV_WARN
            linear(0x55, self.input_max_v),   // VIN_OV_FAULT
            byte(0x56, 0xb7),                 // its response
            linear(0x29, self.scale_loop),    // VOUT_SCALE_LOOP
            volts(0x24, self.max_mv),         // VOUT_MAX
            volts(0x2b, self.min_mv),         // VOUT_MIN
            volts(0x21, self.start_mv),       // VOUT_COMMAND
            factor(0x40, 1.25),               // VOUT_OV_FAULT
            factor(0x42, 1.16),               // VOUT_OV_WARN
            factor(0x25, 1.10),               // VOUT_MARGIN_HIGH
            factor(0x26, 0.90),               // VOUT_MARGIN_LOW
            factor(0x43, 0.90),               // VOUT_UV_WARN
            factor(0x44, 0.75),               // VOUT_UV_FAULT
            linear(0x4a, self.output_warn_a), // IOUT_OC_WARN
            linear(0x46, self.output_max_a),  // IOUT_OC_FAULT
            byte(0x47, 0xc0),                 // its response: off, no retry
            linear(0x51, 105.0),              // OT_WARN, °C
            linear(0x4f, 145.0),              // OT_FAULT
            byte(0x50, 0xff),                 // its response: try again when it has cooled
            linear(0x61, 3.0),                // TON_RISE, ms
            byte(0x63, 0x3b),                 // response to a rise that takes too long
        ]
    }
}
