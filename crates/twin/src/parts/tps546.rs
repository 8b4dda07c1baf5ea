//! TPS546D24A: the buck regulator of open boards, over PMBus.
//!
//! Codes, formats and status bits are published. The output follows its command at once; over
//! temperature, over current and input under-voltage switch it off as their limits say.
//! Assumed: which of these latch (over current, by the response that firmware programs);
//! what else is only remembered. STORE_USER_ALL changes its memory and counts as a danger.

use units::Instant;

use super::tps546_registers::{REGISTERS, Width, from_linear11, linear11, place};
use super::{Dangers, OPEN, Slave, Way};

const OPERATION: u8 = 0x01;
const ON_OFF_CONFIG: u8 = 0x02;
const CLEAR_FAULTS: u8 = 0x03;
const WRITE_PROTECT: u8 = 0x10;
const STORE_USER_ALL: u8 = 0x15;
const VOUT_MODE: u8 = 0x20;
const VOUT_COMMAND: u8 = 0x21;
const VOUT_MAX: u8 = 0x24;
const VOUT_MIN: u8 = 0x2B;
const VIN_ON: u8 = 0x35;
const IOUT_OC_FAULT: u8 = 0x46;
const OT_FAULT: u8 = 0x4F;
const DEVICE_ID: [u8; 6] = [0x54, 0x49, 0x54, 0x6B, 0x24, 0x41];

/// Status word, by the names of the standard.
mod status {
    pub(super) const IOUT: u16 = 0x4000;
    pub(super) const INPUT: u16 = 0x2000;
    pub(super) const POWER_BAD: u16 = 0x0800;
    pub(super) const OFF: u16 = 0x0040;
    pub(super) const IOUT_OC: u16 = 0x0010;
    pub(super) const VIN_UV: u16 = 0x0008;
    pub(super) const TEMPERATURE: u16 = 0x0004;
    pub(super) const CML: u16 = 0x0002;
}

/// One regulator.
#[derive(Clone, Debug)]
pub struct Tps546 {
    /// Volts at its input.
    pub input_v: f64,
    /// Its temperature, degrees Celsius.
    pub die_c: f64,
    /// Its CONTROL pin.
    pub control_high: bool,
    load_a: f64,
    values: Vec<u16>,
    /// Faults since they were cleared.
    faults: u16,
    overcurrent: bool,
    code: Option<u8>,
    written: Vec<u8>,
    reading: Vec<u8>,
    read_at: usize,
    dangers: Dangers,
}

impl Default for Tps546 {
    fn default() -> Self {
        Tps546 {
            input_v: 5.0,
            die_c: 25.0,
            control_high: true,
            load_a: 0.0,
            values: REGISTERS.iter().map(|(_, _, value)| *value).collect(),
            faults: 0,
            overcurrent: false,
            code: None,
            written: Vec::new(),
            reading: Vec::new(),
            read_at: 0,
            dangers: Dangers::default(),
        }
    }
}

impl Tps546 {
    /// Amperes that the load takes while the output is on.
    pub fn set_load_a(&mut self, amperes: f64) {
        self.load_a = amperes;
        self.note_faults();
    }

    /// Volts at its output.
    pub fn output_v(&self) -> f64 {
        if self.on() { self.command_v() } else { 0.0 }
    }

    /// Writes to its memory.
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }

    fn value(&self, code: u8) -> u16 {
        place(code).map_or(0, |i| self.values[i])
    }

    /// Volts that are asked for, within what it is allowed to give.
    fn command_v(&self) -> f64 {
        let command = self.value(VOUT_COMMAND);
        let most = self.value(VOUT_MAX);
        let word = command.max(self.value(VOUT_MIN).min(most)).min(most);
        f64::from(word) * self.vout_step()
    }

    fn vout_step(&self) -> f64 {
        // Five bits, two's complement.
        let exponent = (self.value(VOUT_MODE) as u8) << 3;
        2f64.powi(i32::from(exponent as i8 >> 3))
    }

    fn ordered_on(&self) -> bool {
        let config = self.value(ON_OFF_CONFIG);
        let asks = |bit: u16| config >> bit & 1 == 1;
        let operation = self.value(OPERATION) & 0x80 != 0;
        let pin = self.control_high == asks(1);
        !asks(4) || (operation || !asks(3)) && (pin || !asks(2))
    }

    fn hot(&self) -> bool {
        self.die_c >= from_linear11(self.value(OT_FAULT))
    }

    fn starves(&self) -> bool {
        self.input_v < from_linear11(self.value(VIN_ON))
    }

    fn on(&self) -> bool {
        let limit = from_linear11(self.value(IOUT_OC_FAULT));
        let overloaded = self.overcurrent || self.load_a > limit;
        self.ordered_on() && !self.hot() && !self.starves() && !overloaded
    }

    /// Faults are kept until they are cleared, what is so now is added.
    fn note_faults(&mut self) {
        let limit = from_linear11(self.value(IOUT_OC_FAULT));
        if self.ordered_on() && self.load_a > limit {
            self.overcurrent = true;
        }
        if self.overcurrent {
            self.faults |= status::IOUT | status::IOUT_OC;
        }
        if self.hot() {
            self.faults |= status::TEMPERATURE;
        }
        if self.starves() {
            self.faults |= status::INPUT | status::VIN_UV;
        }
    }

    fn status(&mut self) -> u16 {
        self.note_faults();
        let off = if self.on() {
            0
        } else {
            status::OFF | status::POWER_BAD
        };
        self.faults | off
    }

    fn bytes_of(&mut self, code: u8) -> Vec<u8> {
        let Some(i) = place(code) else {
            self.faults |= status::CML;
            return Vec::new();
        };
        let word = match code {
            0x78 => self.status() & 0xFF,
            0x79 => self.status(),
            0x7B => (self.status() >> 4 & 1) << 7,
            0x7C => (self.status() >> 3 & 1) << 4,
            0x7D => (self.status() >> 2 & 1) << 7,
            0x7E => (self.status() >> 1 & 1) << 7,
            0x88 => linear11(self.input_v),
            0x8B => (self.output_v() / self.vout_step()).round() as u16,
            0x8C => linear11(if self.on() { self.load_a } else { 0.0 }),
            0x8D => linear11(self.die_c),
            _ => self.values[i],
        };
        match REGISTERS[i].1 {
            Width::Send => Vec::new(),
            Width::Byte => vec![word as u8],
            Width::Word => word.to_le_bytes().to_vec(),
            Width::Block => [&[DEVICE_ID.len() as u8], &DEVICE_ID[..]].concat(),
        }
    }

    fn execute(&mut self, now: Instant, code: u8, data: &[u8]) {
        let Some(i) = place(code) else {
            self.faults |= status::CML;
            return;
        };
        let width = REGISTERS[i].1;
        let value = match (width, data) {
            (Width::Send, []) => 0,
            (Width::Byte, [byte]) => u16::from(*byte),
            (Width::Word, [low, high]) => u16::from_le_bytes([*low, *high]),
            _ => {
                self.faults |= status::CML;
                return;
            }
        };
        let protected = self.value(WRITE_PROTECT) != 0 && code != WRITE_PROTECT;
        let protected = protected && !(code == OPERATION || code == CLEAR_FAULTS);
        match code {
            CLEAR_FAULTS => {
                self.faults = 0;
                self.overcurrent = false;
                self.note_faults();
            }
            STORE_USER_ALL => self.dangers.note(now, code),
            // Measurements, status and identity cannot be written.
            0x78..=0x8D | 0x98 | 0xAD => self.faults |= status::CML,
            _ if protected => self.faults |= status::CML,
            _ => self.values[i] = value,
        }
        self.note_faults();
    }
}

impl Slave for Tps546 {
    fn start(&mut self, _now: Instant, way: Way) -> bool {
        self.note_faults();
        match (way, self.code) {
            (Way::Write, _) => {
                self.code = None;
                self.written.clear();
                self.reading.clear();
            }
            (Way::Read, Some(code)) => {
                self.reading = self.bytes_of(code);
                self.read_at = 0;
                self.code = None;
            }
            (Way::Read, None) => self.reading.clear(),
        }
        true
    }

    fn write(&mut self, _now: Instant, byte: u8) -> bool {
        if self.code.is_none() {
            self.code = Some(byte);
            // A code that it has not is not acknowledged.
            let known = place(byte).is_some();
            if !known {
                self.faults |= status::CML;
            }
            return known;
        }
        // The longest data it takes is a word; more is refused at STOP.
        if self.written.len() < 3 {
            self.written.push(byte);
        }
        true
    }

    fn read(&mut self, _now: Instant) -> u8 {
        let byte = self.reading.get(self.read_at).copied();
        self.read_at += 1;
        byte.unwrap_or(OPEN)
    }

    fn stop(&mut self, now: Instant) {
        let Some(code) = self.code.take() else {
            return;
        };
        let data = core::mem::take(&mut self.written);
        let sends = place(code).is_some_and(|i| REGISTERS[i].1 == Width::Send);
        // A code alone is half of a read that never came.
        if sends || !data.is_empty() {
            self.execute(now, code, &data);
        }
    }
}
