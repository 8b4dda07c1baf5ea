//! The parts against captured and published bytes, and what they do when something is wrong.

mod buses;
mod controllers;
mod floods;
mod machines;
mod memories;
mod regulators;
mod sensors;
mod supply;

use serde_json::Value;
use units::{Duration, Instant};

use super::{Slave, transfer};
use crate::machine::tests::{hex, load};

/// A host that sends and reads one byte per transaction, with a register before it or not.
struct Host<S> {
    part: S,
    now: Instant,
    register: Option<u8>,
}

impl<S: Slave> Host<S> {
    fn new(part: S, register: Option<u8>) -> Self {
        Host {
            part,
            now: Instant::from_millis(1000),
            register,
        }
    }

    fn wait_ms(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            let write: Vec<u8> = self.register.into_iter().chain([*byte]).collect();
            transfer(&mut self.part, self.now, &write, &mut []).expect("acknowledged");
        }
        self
    }

    fn read(&mut self, count: usize) -> Vec<u8> {
        let register: Vec<u8> = self.register.into_iter().collect();
        let mut byte = [0];
        let mut one = || {
            transfer(&mut self.part, self.now, &register, &mut byte).expect("acknowledged");
            byte[0]
        };
        (0..count).map(|_| one()).collect()
    }

    /// What comes back `ms` after `bytes` were sent.
    fn ask(&mut self, bytes: &[u8], ms: u64, count: usize) -> Vec<u8> {
        self.send(bytes).wait_ms(ms).read(count)
    }
}

/// The vectors of a file under `tests/vectors`.
fn vectors(path: &str) -> Vec<Value> {
    load(path)["vectors"].as_array().expect("a list").clone()
}

/// The bytes of the vector called `id`.
fn bytes(vectors: &[Value], id: &str) -> Vec<u8> {
    let vector = vectors.iter().find(|v| v["id"] == id);
    hex(&vector.unwrap_or_else(|| panic!("no vector {id}"))["hex"])
}
