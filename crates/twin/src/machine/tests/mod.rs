//! The twin against golden vectors, and its behaviour as a machine.

mod behaviour;
mod chips;
mod engine;
mod faults;
mod fpga;
mod fpga_s9;
mod joined;
mod mining;
mod open_core;
mod ports;
mod tables;
mod vectors;

use serde_json::Value;
use units::{ChainSlot, Duration, Instant};

use super::chip::{ChipModel, CommandForm, Condition};
use super::models::{MODELS, model};
use super::{FaultPlan, TwinMachine, TwinOptions};

pub(super) const SLOT: ChainSlot = ChainSlot(0);
/// No answer.
pub(super) const NONE: [u8; 0] = [];

/// A vector file of `tests/vectors`.
pub(crate) fn load(path: &str) -> Value {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The vectors of a file of `bm13xx`.
pub(super) fn vectors(file: &str) -> Vec<Value> {
    let file = load(&format!("bm13xx/{file}.json"));
    file["vectors"].as_array().expect("a list").clone()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no hex: {value}"));
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

/// A number written as `"0x…"` or plain.
pub(crate) fn number(value: &Value) -> u64 {
    match value.as_str() {
        Some(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex number"),
        None => value
            .as_u64()
            .unwrap_or_else(|| panic!("no number: {value}")),
    }
}

/// The models that a vector names, in `chip` or `chips`.
pub(super) fn models_of(vector: &Value) -> Vec<&'static ChipModel> {
    let listed = vector["chips"].as_array().into_iter().flatten();
    let names = listed.chain([&vector["chip"]]).filter_map(Value::as_str);
    names.filter_map(|n| model(&n.to_lowercase())).collect()
}

/// Runs `check` on each vector of a file and each model that it names; returns how often.
/// Chips without a model are passed over.
pub(super) fn for_each_model(
    file: &str,
    mut check: impl FnMut(&Value, &'static ChipModel),
) -> usize {
    let mut count = 0;
    for vector in vectors(file) {
        for model in models_of(&vector) {
            check(&vector, model);
            count += 1;
        }
    }
    count
}

pub(super) fn options(difficulty_bits: u8) -> TwinOptions {
    TwinOptions {
        seed: 7,
        difficulty_bits,
        ..TwinOptions::default()
    }
}

/// A host at a single chain's UART, with its own clock.
pub(super) struct Bench {
    pub(super) model: &'static ChipModel,
    pub(super) machine: TwinMachine,
    pub(super) now: Instant,
    /// Length of answers, as far as a test has set it.
    pub(super) answer_len: usize,
}

impl Bench {
    pub(super) fn new(chip: &str, chips: u16, options: TwinOptions) -> Self {
        Bench {
            model: model(chip).expect("a known chip"),
            machine: TwinMachine::single_chain(chip, chips, options).expect("a known chip"),
            now: Instant::ZERO,
            answer_len: 9,
        }
    }

    pub(super) fn with_faults(chip: &str, chips: u16, faults: FaultPlan) -> Self {
        let options = TwinOptions {
            faults,
            ..options(2)
        };
        Self::new(chip, chips, options)
    }

    pub(super) fn wait(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.machine.advance(self.now);
        self
    }

    /// Sends and waits until everything is through and answered.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        assert_eq!(self.machine.uart_write(self.now, SLOT, bytes), bytes.len());
        self.wait(Duration::from_millis(200));
        self.read()
    }

    /// Adds preamble and CRC, and gives a BM1387 its own header.
    pub(super) fn command(&mut self, body: &[u8]) -> Vec<u8> {
        let frame = frame(self.model, body);
        self.send(&frame)
    }

    /// All chips' clock.
    pub(super) fn clock(&mut self, mhz: f64) {
        if let Some(divider) = self.model.registers.pll_divider {
            self.write_all(divider, 0);
        }
        self.write_all(self.model.registers.pll, tables::pll_word(self.model, mhz));
    }

    pub(super) fn write_all(&mut self, register: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        assert_eq!(self.command(&[0x51, 9, 0, register, a, b, c, d]), NONE);
    }

    pub(super) fn write_one(&mut self, address: u8, register: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        assert_eq!(
            self.command(&[0x41, 9, address, register, a, b, c, d]),
            NONE
        );
    }

    /// The value that the first answer to a read carries.
    pub(super) fn value(&mut self, address: u8, register: u8) -> u32 {
        let answer = self.command(&[0x42, 5, address, register]);
        let from = self.model.preambles().1.len();
        let bytes: [u8; 4] = answer[from..from + 4].try_into().expect("an answer");
        u32::from_be_bytes(bytes)
    }

    pub(super) fn read(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = [0; 64];
        loop {
            match self.machine.uart_read(self.now, SLOT, &mut buffer) {
                0 => return all,
                n => all.extend_from_slice(&buffer[..n]),
            }
        }
    }

    /// Inactive, then addresses 0, 2, 4 …
    pub(super) fn address(&mut self, chips: u16) {
        self.command(&[0x53, 5, 0, 0]);
        for chip in 0..chips {
            self.command(&[0x40, 5, (2 * chip) as u8, 0]);
        }
    }
}

/// A command with preamble and CRC as this chip has it, from that of a BM1397.
pub(super) fn frame(model: &ChipModel, body: &[u8]) -> Vec<u8> {
    match model.commands {
        CommandForm::Preamble => framed(body),
        CommandForm::Bare => bare(body),
    }
}

/// Writes after which a chip works on all midstates of a job.
pub(super) fn many_midstates(model: &ChipModel) -> Vec<(u8, u32)> {
    match (model.many_midstates_while, model.core_control) {
        (Some(Condition::Bits(register, _, value)), _) => {
            let reset = model.resets.iter().find(|(r, _)| *r == register);
            vec![(register, reset.map_or(0, |(_, v)| *v) | value)]
        }
        (Some(Condition::CoreBits(register, _, value)), Some(control)) => {
            let word = 0x8000_8000 | u32::from(register) << 8 | u32::from(value);
            vec![(control.register, word)]
        }
        _ => Vec::new(),
    }
}

/// A command of the others as a BM1387 has it.
fn bare(body: &[u8]) -> Vec<u8> {
    let mut frame = body.to_vec();
    frame[0] = match body[0] {
        0x40 => 0x41,
        0x41 => 0x48,
        0x42 => 0x44,
        0x51 => 0x58,
        0x52 => 0x54,
        0x53 => 0x55,
        other => other,
    };
    frame.push(super::crc::crc5(&frame));
    frame
}

pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x55, 0xAA];
    frame.extend_from_slice(body);
    frame.push(super::crc::crc5(body));
    frame
}

fn with_crc16(mut frame: Vec<u8>) -> Vec<u8> {
    frame.extend(super::crc::crc16(&frame[2..]).to_be_bytes());
    frame
}

/// A full-header job for the header 00 01 02 … with version 0x20000000.
pub(super) fn full_header_job(id: u8, salt: u8) -> (Vec<u8>, [u8; 80]) {
    let mut header: [u8; 80] = core::array::from_fn(|i| i as u8);
    header[..4].copy_from_slice(&0x2000_0000u32.to_le_bytes());
    header[40] = salt;
    (full_header_frame(id, &header), header)
}

/// The full-header job of a header.
pub(super) fn full_header_frame(id: u8, header: &[u8; 80]) -> Vec<u8> {
    let reversed =
        |bytes: &[u8]| -> Vec<u8> { bytes.chunks(4).rev().flat_map(|w| w.to_vec()).collect() };
    let mut frame = vec![0x55, 0xAA, 0x21, 0x56, id, 1, 0, 0, 0, 0];
    frame.extend(&header[72..76]);
    frame.extend(&header[68..72]);
    frame.extend(reversed(&header[36..68]));
    frame.extend(reversed(&header[4..36]));
    frame.extend(&header[..4]);
    with_crc16(frame)
}

/// A job of `count` midstates: version i << 13 of the header above.
pub(super) fn midstate_job(id: u8, count: u8, salt: u8) -> (Vec<u8>, Vec<[u8; 80]>) {
    let (_, base) = full_header_job(0, salt);
    let headers: Vec<[u8; 80]> = (0..u32::from(count))
        .map(|i| {
            let mut header = base;
            header[..4].copy_from_slice(&(0x2000_0000 | i << 13).to_le_bytes());
            header
        })
        .collect();
    let mut frame = vec![0x55, 0xAA, 0x21, 22 + 32 * count, id, count, 0, 0, 0, 0];
    frame.extend(&base[72..76]);
    frame.extend(&base[68..72]);
    frame.extend(&base[64..68]);
    for header in &headers {
        let state = sha256d::midstate(header[..64].try_into().expect("64 bytes"));
        frame.extend(state.iter().rev().flat_map(|w| w.to_be_bytes()));
    }
    (with_crc16(frame), headers)
}
