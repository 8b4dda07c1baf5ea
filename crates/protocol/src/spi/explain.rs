//! Frames explained: what the bytes of an exchange say, in words.

use super::answer::{Answer, decode};
use super::command::{BLOCK_MAX, Strategy, crc16};
use super::profile::{Dialect, Profile};
use crate::FrameError;
use crate::explain::{Direction, Fields, Value};

/// A frame explained.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// `bist_start`, `bist_collect`, `bist_fix`, `reset`, `write_block`, `read_block`,
    /// `write_second`, `read_result` or `job` from the host; `count`, `reset`, `block`, `echo`,
    /// `result` or `no_result` from a chip; `unknown` for neither.
    pub kind: &'static str,
    /// The checksum fits, or there is none to fit.
    pub crc_ok: bool,
    /// Why a receiver would refuse the frame.
    pub error: Option<FrameError>,
    /// What it says, as far as it goes.
    pub fields: Fields,
}

/// Explains the frame at the beginning of `bytes`; idle words before it are passed over.
pub fn explain(profile: &Profile, direction: Direction, bytes: &[u8]) -> Explained {
    let idle = bytes.chunks(2).take_while(|w| w.iter().all(|b| *b == 0));
    let idle: usize = idle.map(<[u8]>::len).sum();
    let bytes = bytes.get(idle..).unwrap_or_default();
    match direction {
        Direction::FromHost => from_host(profile, bytes),
        Direction::FromChip => from_chip(profile, bytes),
    }
}

fn refused(error: FrameError) -> Explained {
    Explained {
        kind: "unknown",
        crc_ok: error != FrameError::Crc,
        error: Some(error),
        fields: Vec::new(),
    }
}

fn number(name: &'static str, value: impl Into<u64>) -> (&'static str, Value) {
    (name, Value::Number(value.into()))
}

fn hex(name: &'static str, bytes: &[u8]) -> (&'static str, Value) {
    let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    (name, Value::Text(digits))
}

fn from_host(profile: &Profile, bytes: &[u8]) -> Explained {
    let [head, chip, rest @ ..] = bytes else {
        return refused(FrameError::Short);
    };
    let to = number("chip_number", *chip);
    let plain = |kind, fields: Fields| Explained {
        kind,
        crc_ok: true,
        error: None,
        fields,
    };
    if head & 0x0f == profile.job_command() && head >> 4 != 0 {
        return job(profile, bytes);
    }
    match head {
        0x01 => plain("bist_start", vec![]),
        0x03 => plain("bist_fix", vec![to]),
        0x0b => plain("bist_collect", vec![to]),
        0x0a => plain("read_block", vec![to]),
        0x08 => plain("read_result", vec![]),
        0x04 => {
            let Some(byte) = rest.first().copied() else {
                return refused(FrameError::Short);
            };
            let strategy = match Strategy::of(byte) {
                Some(Strategy::All) => "all",
                Some(Strategy::Jobs) => "jobs",
                Some(Strategy::Bist) => "bist",
                Some(Strategy::Flush) => "flush",
                None => "unknown",
            };
            let strategy = ("strategy", Value::Text(strategy.to_owned()));
            plain("reset", vec![to, strategy])
        }
        0x09 | 0x0d => {
            let len = 2 + profile.block_bytes();
            let Some(body) = bytes.get(..len) else {
                return refused(FrameError::Short);
            };
            let mut fields = vec![to];
            if *head == 0x09 {
                fields.extend(block_fields(profile, &whole(&body[2..])));
            } else {
                fields.push(hex("block", &body[2..]));
                fields.push(number("sensor_divider", body[2 + 5.min(len - 3)]));
            }
            let kind = if *head == 0x09 {
                "write_block"
            } else {
                "write_second"
            };
            sealed(profile, kind, bytes, len, fields)
        }
        _ => refused(FrameError::Kind),
    }
}

fn sealed(
    profile: &Profile,
    kind: &'static str,
    bytes: &[u8],
    len: usize,
    fields: Fields,
) -> Explained {
    let fits = || match (bytes.get(..len), bytes.get(len..len + 2)) {
        (Some(body), Some(crc)) => crc16(body).to_be_bytes() == crc,
        _ => false,
    };
    let crc_ok = profile.dialect == Dialect::A1 || fits();
    Explained {
        kind,
        crc_ok,
        error: (!crc_ok).then_some(FrameError::Crc),
        fields,
    }
}

fn job(profile: &Profile, bytes: &[u8]) -> Explained {
    let tail = 2 + 32 * usize::from(profile.midstates());
    let Some(body) = bytes.get(..tail + 24) else {
        return refused(FrameError::Short);
    };
    let midstates = body[2..tail].chunks_exact(32).rev();
    let midstates = midstates.map(|m| hex("", m).1).collect();
    let le = |at: usize| u32::from_le_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
    let text = |value: u32| Value::Text(format!("0x{value:08x}"));
    let fields = vec![
        number("chip_number", body[1]),
        number("job_id", body[0] >> 4),
        ("midstates", Value::List(midstates)),
        hex("merkle_tail", &body[tail..tail + 4]),
        number("ntime", le(tail + 4)),
        ("nbits", text(le(tail + 8))),
        ("target", text(le(tail + 16))),
    ];
    let len = tail + 24 + if profile.dialect == Dialect::T1 { 4 } else { 0 };
    sealed(profile, "job", bytes, len, fields)
}

fn from_chip(profile: &Profile, bytes: &[u8]) -> Explained {
    let answer = match decode(profile, bytes) {
        Ok((answer, _)) => answer,
        Err(error) => return refused(error),
    };
    let (kind, fields) = match answer {
        Answer::Count(chips) => ("count", vec![number("chips", chips)]),
        Answer::NoResult => ("no_result", vec![]),
        Answer::Result {
            chip,
            job,
            slot,
            nonce,
        } => (
            "result",
            vec![
                number("chip_number", chip),
                number("job_id", job),
                number("slot", slot),
                ("nonce", Value::Text(format!("0x{:08x}", nonce.0))),
            ],
        ),
        Answer::Reset {
            chip,
            kind,
            strategy,
        } => (
            "reset",
            vec![
                number("chip_number", chip),
                number("kind", kind),
                hex("strategy", &[strategy]),
            ],
        ),
        Answer::Echo {
            command,
            chip,
            block,
        } => (
            "echo",
            vec![
                number("command", command),
                number("chip_number", chip),
                hex("block", &block[..profile.block_bytes()]),
            ],
        ),
        Answer::Block { chip, block } => {
            let mut fields = vec![number("chip_number", chip)];
            fields.extend(block_fields(profile, &block));
            if let Some(locked) = profile.locked(&block) {
                fields.push(("locked", Value::Flag(locked)));
            }
            if let Some(jobs) = profile.jobs_held(&block) {
                fields.push(number("jobs_held", jobs));
            }
            fields.push(number("good_cores", profile.good_cores(&block)));
            if let Some(adc) = profile.adc(&block) {
                fields.push(number("adc", adc));
            }
            if let Some(celsius) = profile.celsius(&block) {
                fields.push(("temp_c", Value::Real(celsius)));
            }
            ("block", fields)
        }
    };
    Explained {
        kind,
        crc_ok: true,
        error: None,
        fields,
    }
}

fn block_fields(profile: &Profile, block: &[u8; BLOCK_MAX]) -> Fields {
    let mut fields = vec![hex("block", &block[..profile.block_bytes()])];
    if let Some(frequency) = profile.pll.frequency(block) {
        fields.push(("frequency_mhz", Value::Real(frequency.mhz())));
    }
    fields
}

fn whole(bytes: &[u8]) -> [u8; BLOCK_MAX] {
    let mut block = [0; BLOCK_MAX];
    for (place, byte) in block.iter_mut().zip(bytes) {
        *place = *byte;
    }
    block
}
