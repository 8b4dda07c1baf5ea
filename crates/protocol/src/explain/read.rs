//! One frame, read as far as it goes.

use units::{Megahertz, TicketDifficulty};

use super::{Board, Content, Explanation, Fields, Value, hex, meaning, raw_hex};
use crate::command::command_length;
use crate::job::{HEADER, Job, job_length};
use crate::profile::{LowBits, Shape};
use crate::{ChainResponse, Command, FrameError, JobLayout, Profile, RawNonce, Register, crc};

pub(super) fn from_host(profile: &Profile, bytes: &[u8]) -> Explanation {
    let preamble = profile.dialect.command_preamble();
    let (body, mut fields) = without_preamble(preamble, bytes);
    match body.first() {
        Some(&HEADER) => job(profile, bytes.len(), body, fields),
        Some(_) => command(profile, bytes.len(), body, fields),
        None => {
            fields.push(("bytes", raw_hex(bytes)));
            unknown(bytes.len(), FrameError::Short, fields)
        }
    }
}

pub(super) fn from_chip(profile: &Profile, bytes: &[u8], board: Option<Board>) -> Explanation {
    let (body, mut fields) = without_preamble(profile.dialect.response_preamble(), bytes);
    let Some((&last, before)) = body.split_last().filter(|_| body.len() >= 7) else {
        fields.push(("bytes", raw_hex(body)));
        return unknown(bytes.len(), FrameError::Short, fields);
    };
    let crc_ok = crc::crc5(body) == 0;
    let result = ChainResponse::decode(profile.dialect, body);
    let kind = match last >> 5 {
        0 => {
            register_answer(profile, before, &mut fields);
            "register"
        }
        4 => {
            nonce(profile, before, board, &mut fields);
            "nonce"
        }
        _ => "unknown",
    };
    fields.push(("type", Value::Number(u64::from(last >> 5))));
    fields.push(("crc5", hex(u32::from(last & 0x1f), 2)));
    if !crc_ok {
        let should = crc::crc5_response(before, last >> 5);
        fields.push(("crc5_expected", hex(u32::from(should), 2)));
    }
    Explanation {
        range: 0..bytes.len(),
        kind,
        crc_ok,
        error: result.err(),
        fields,
        content: result.map_or(Content::Nothing, Content::Response),
    }
}

/// The frame without its preamble; a missing one is worth a word, because what an FPGA
/// takes and gives has none.
fn without_preamble<'a>(preamble: &[u8], bytes: &'a [u8]) -> (&'a [u8], Fields) {
    match bytes.strip_prefix(preamble) {
        Some(body) => (body, Fields::new()),
        None => (bytes, vec![("preamble", Value::Text("missing".into()))]),
    }
}

fn unknown(length: usize, error: FrameError, fields: Fields) -> Explanation {
    Explanation {
        range: 0..length,
        kind: "unknown",
        crc_ok: false,
        error: Some(error),
        fields,
        content: Content::Nothing,
    }
}

fn command(profile: &Profile, whole: usize, body: &[u8], mut fields: Fields) -> Explanation {
    let headers = profile.dialect.headers();
    let header = body.first().copied().unwrap_or_default();
    let all = header & 0x10 != 0;
    let kind = match header {
        h if h == headers.inactive => "chain_inactive",
        h if h == headers.set_address => "set_chip_address",
        h if h & !0x10 == headers.write => "write_register",
        h if h & !0x10 == headers.read => "read_register",
        _ => "unknown",
    };
    fields.push(("header", hex(u32::from(header), 2)));
    if let Some(length) = body.get(1) {
        fields.push(("length", Value::Number(u64::from(*length))));
    }
    fields.push(("all", Value::Flag(all)));
    let register = matches!(kind, "write_register" | "read_register");
    if let Some(&address) = body
        .get(2)
        .filter(|_| kind == "set_chip_address" || register && !all)
    {
        fields.push(("chip_address", Value::Number(u64::from(address))));
    }
    if let Some(&reg) = body.get(3).filter(|_| register) {
        fields.push(("register", hex(u32::from(reg), 2)));
        match *body {
            [_, _, _, _, a, b, c, d, ..] if kind == "write_register" => {
                let value = u32::from_be_bytes([a, b, c, d]);
                fields.push(("value", hex(value, 8)));
                fields.extend(meaning::register(profile, Register(reg), value));
            }
            _ => {
                if let Some(info) = profile.register(Register(reg)) {
                    fields.push(("register_name", Value::Text(info.name.to_owned())));
                }
            }
        }
    }
    if kind == "unknown" {
        fields.push(("bytes", raw_hex(body)));
    }
    // A frame longer than its kind has its checksum where the kind ends.
    let end = command_length(profile.dialect, header).unwrap_or(body.len());
    let frame = body.get(..end.min(body.len())).unwrap_or(body);
    let crc_ok = check_crc5(frame, &mut fields);
    let result = Command::decode(profile.dialect, body);
    Explanation {
        range: 0..whole,
        kind,
        crc_ok,
        error: result.err(),
        fields,
        content: result.map_or(Content::Nothing, Content::Command),
    }
}

fn check_crc5(frame: &[u8], fields: &mut Fields) -> bool {
    let Some((&crc, covered)) = frame.split_last() else {
        return false;
    };
    let should = crc::crc5(covered);
    fields.push(("crc5", hex(u32::from(crc), 2)));
    if should != crc {
        fields.push(("crc5_expected", hex(u32::from(should), 2)));
    }
    should == crc
}

fn job(profile: &Profile, whole: usize, body: &[u8], mut fields: Fields) -> Explanation {
    let result = Job::decode_body(profile.job, body);
    fields.push(("header", hex(u32::from(HEADER), 2)));
    let byte = |at: usize| body.get(at).copied();
    if let Some(length) = byte(1) {
        fields.push(("length", Value::Number(u64::from(length))));
    }
    if let Some(id) = byte(2) {
        fields.push(("job_byte", hex(u32::from(id), 2)));
    }
    if let Some(count) = byte(3) {
        fields.push(("num_midstates", Value::Number(u64::from(count))));
    }
    if let Some(start) = body.get(4..8) {
        fields.push(("starting_nonce", raw_hex(start)));
    }
    match &result {
        Ok(Job::Midstates {
            tail, midstates, ..
        }) => {
            fields.push(("nbits", hex(tail.nbits, 8)));
            fields.push(("ntime", hex(tail.ntime, 8)));
            fields.push(("merkle_tail", raw_hex(&tail.merkle_tail)));
            let states = midstates
                .iter()
                .map(|m| Value::Text(m.0.iter().map(|word| format!("{word:08x}")).collect()));
            fields.push(("midstates", Value::List(states.collect())));
        }
        Ok(Job::FullHeader { header, .. }) => {
            fields.push(("nbits", hex(header.nbits, 8)));
            fields.push(("ntime", hex(header.ntime, 8)));
            fields.push(("merkle_root", raw_hex(&header.merkle_root)));
            fields.push(("prev_hash", raw_hex(&header.prev_hash)));
            fields.push(("version", hex(header.version, 8)));
            let bytes = header.to_bytes(header.version, units::Nonce(0));
            fields.push(("header76", raw_hex(&bytes[..76])));
        }
        Err(_) => {
            if let Some(rest) = body.get(8..) {
                fields.push(("bytes", raw_hex(rest)));
            }
        }
    }
    let end = byte(3)
        .and_then(|count| job_length(profile.job, count))
        .unwrap_or(body.len())
        .min(body.len());
    let crc_ok = match body[..end].split_last_chunk::<2>() {
        Some((covered, crc)) => {
            let should = crc::crc16(covered);
            let got = u16::from_be_bytes(*crc);
            fields.push(("crc16", hex(u32::from(got), 4)));
            if got != should {
                fields.push(("crc16_expected", hex(u32::from(should), 4)));
            }
            got == should
        }
        None => false,
    };
    if let (JobLayout::FullHeader { .. }, Some(0x36)) = (profile.job, byte(1)) {
        let note = "0x36 stands for the whole job of 86 bytes in vendor firmware";
        fields.push(("length_note", Value::Text(note.into())));
    }
    Explanation {
        range: 0..whole,
        kind: "job",
        crc_ok,
        error: result.as_ref().err().copied(),
        fields,
        content: result.map_or(Content::Nothing, Content::Job),
    }
}

fn register_answer(profile: &Profile, before: &[u8], fields: &mut Fields) {
    let &[a, b, c, d, address, reg, ..] = before else {
        return;
    };
    let value = u32::from_be_bytes([a, b, c, d]);
    fields.push(("value", hex(value, 8)));
    if profile.dialect == crate::Dialect::Bm1387 {
        // Which register was asked for only the question says; register 0 is known by
        // its value.
        if value >> 16 == u32::from(profile.id) {
            fields.push(("chip_address", Value::Number(u64::from(value & 0xff))));
            fields.push(("register", hex(0, 2)));
            fields.extend(meaning::register(profile, Register(0), value));
        }
        return;
    }
    fields.push(("chip_address", Value::Number(u64::from(address))));
    fields.push(("register", hex(u32::from(reg), 2)));
    fields.extend(meaning::register(profile, Register(reg), value));
    if let Some(rest) = before.get(6..).filter(|r| !r.is_empty()) {
        fields.push(("unused", raw_hex(rest)));
    }
}

fn nonce(profile: &Profile, before: &[u8], board: Option<Board>, fields: &mut Fields) {
    let &[a, b, c, d, extra, job, ref counter @ ..] = before else {
        return;
    };
    let counter = match *counter {
        [hi, lo, ..] => Some(u16::from_be_bytes([hi, lo])),
        _ => None,
    };
    let raw = RawNonce {
        nonce: units::Nonce::from_wire([a, b, c, d]),
        extra,
        job,
        counter: counter.unwrap_or(0),
    };
    fields.push(("nonce_wire_bytes", raw_hex(&[a, b, c, d])));
    fields.push(("nonce_header_u32", hex(raw.nonce.0, 8)));
    fields.push(("byte4", hex(u32::from(extra), 2)));
    fields.push(("job_byte", hex(u32::from(job), 2)));
    let bits = profile.job_bits(&raw);
    fields.push(("job_header_byte", hex(u32::from(bits.wire.0), 2)));
    if profile.wire_ids.low == LowBits::MidstateIndex {
        let index = u64::from(bits.midstate_index);
        fields.push(("midstate_index", Value::Number(index)));
    }
    if let Some(counter) = counter {
        fields.push(("version_counter", hex(u32::from(counter), 4)));
        fields.push(("version_bits", hex(bits.version_bits, 8)));
    }
    let origin = profile.origin(raw.nonce, &shape(board));
    fields.push(("core", Value::Number(u64::from(origin.core))));
    if let Some(small) = bits.small_core.or(origin.small_core) {
        fields.push(("small_core", Value::Number(u64::from(small))));
    }
    if let Some(address) = origin.address {
        fields.push(("chip_address", Value::Number(u64::from(address))));
    }
    if board.is_some() {
        fields.push(("chip_index", Value::Number(u64::from(origin.chip))));
    }
}

/// As much of a board as a nonce's fields need.
fn shape(board: Option<Board>) -> Shape {
    let board = board.unwrap_or(Board {
        chips: 1,
        address_interval: 1,
    });
    Shape {
        chips: board.chips,
        domains: 1,
        address_interval: board.address_interval,
        ticket: TicketDifficulty::from_difficulty_floor(units::Difficulty::ONE),
        target: Megahertz::default(),
        baud: 0,
        version_mask: 0,
    }
}
