//! The twin against golden vectors, and its behaviour as a machine.

mod behaviour;
mod faults;
mod fpga;
mod mining;
mod vectors;

use serde_json::Value;
use units::{ChainSlot, Duration, Instant};

use super::{FaultPlan, TwinMachine, TwinOptions};

pub(super) const SLOT: ChainSlot = ChainSlot(0);
/// No answer.
pub(super) const NONE: [u8; 0] = [];

/// A vector file of `tests/vectors`.
pub(super) fn load(path: &str) -> Value {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The vectors of a file of `bm13xx`.
pub(super) fn vectors(file: &str) -> Vec<Value> {
    let file = load(&format!("bm13xx/{file}.json"));
    file["vectors"].as_array().expect("a list").clone()
}

pub(super) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no hex: {value}"));
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

/// A number written as `"0x…"` or plain.
pub(super) fn number(value: &Value) -> u64 {
    match value.as_str() {
        Some(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex number"),
        None => value
            .as_u64()
            .unwrap_or_else(|| panic!("no number: {value}")),
    }
}

/// True if a vector names one of the twin's chips or a chip of their family with the
/// same commands.
pub(super) fn is_for(vector: &Value, chips: &[&str]) -> bool {
    vector["chips"].as_array().is_some_and(|list| {
        list.iter()
            .any(|c| c.as_str().is_some_and(|c| chips.contains(&c)))
    })
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
    pub(super) machine: TwinMachine,
    pub(super) now: Instant,
    /// Length of answers, as far as a test has set it.
    pub(super) answer_len: usize,
}

impl Bench {
    pub(super) fn new(chip: &str, chips: u16, options: TwinOptions) -> Self {
        Bench {
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

    /// Adds preamble and CRC.
    pub(super) fn command(&mut self, body: &[u8]) -> Vec<u8> {
        self.send(&framed(body))
    }

    pub(super) fn write_all(&mut self, register: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        assert_eq!(self.command(&[0x51, 9, 0, register, a, b, c, d]), NONE);
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

pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x55, 0xAA];
    frame.extend_from_slice(body);
    frame.push(super::crc::crc5(body));
    frame
}
