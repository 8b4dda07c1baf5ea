//! Golden vectors of frames, from the chips' side. Each is tried with every model that it
//! names, so that a new chip's vectors need no line here.

use sha2::{Digest, Sha256};

use super::super::chip::{ChipModel, JobForm};
use super::super::crc::{crc5, crc16, response_trailer};
use super::super::hash;
use super::super::job::{Job, Work};
use super::super::receiver::Receiver;
use super::super::wire::{Answer, Command, Decoder, Received, Refused, Shape};
use super::tables::{decode_command, hashing_space};
use super::*;

fn decode(model: &ChipModel, bytes: &[u8]) -> (Vec<Received>, Refused) {
    let mut decoder = Decoder::new(model);
    let mut out = Vec::new();
    for byte in bytes {
        decoder.push(*byte);
        while let Some(received) = decoder.next() {
            out.push(received);
        }
    }
    (out, decoder.take_refused())
}

#[test]
fn checksums_match() {
    for v in vectors("crc") {
        match v["algorithm"].as_str() {
            Some("crc5") => assert_eq!(
                u64::from(crc5(&hex(&v["input"]))),
                number(&v["crc5"]),
                "{v}"
            ),
            Some("crc16") => {
                assert_eq!(
                    u64::from(crc16(&hex(&v["input"]))),
                    number(&v["crc16"]),
                    "{v}"
                );
            }
            _ => {
                let trailer = response_trailer(&hex(&v["body"]), number(&v["type_bits"]) as u8);
                assert_eq!(u64::from(trailer), number(&v["final_byte"]), "{v}");
            }
        }
    }
}

#[test]
fn commands_decode_to_their_fields() {
    let checked = for_each_model("commands", |v, model| {
        let fields = &v["decoded"];
        let all = fields["all"].as_bool() == Some(true);
        let byte = |name: &str| number(&fields[name]) as u8;
        let address = || (!all).then(|| byte("chip_address"));
        let expected = match fields["operation"].as_str() {
            Some("chain_inactive") => Command::Inactive,
            Some("set_chip_address") => Command::SetAddress(byte("chip_address")),
            Some("write_register" | "set_config") => Command::Write {
                address: address(),
                register: byte("register"),
                value: number(&fields["value"]) as u32,
            },
            Some("read_register" | "get_status") => Command::Read {
                address: address(),
                register: byte("register"),
            },
            other => panic!("operation {other:?} of {v}"),
        };
        let got = decode_command(model, &hex(&v["hex"]));
        assert_eq!(got, [expected], "{} for {}", v["id"], model.name);
    });
    assert!(checked > 1000, "{checked}");
}

#[test]
fn invalid_commands_and_jobs_are_dropped_for_the_stated_reason() {
    let read = Command::Read {
        address: None,
        register: 0,
    };
    let checked = for_each_model("invalid", |v, model| {
        if v["kind"] == "response" {
            return;
        }
        let reason = v["reason"].as_str().expect("a reason");
        let mut bytes = hex(&v["hex"]);
        let (received, refused) = decode(model, &bytes);
        assert!(received.is_empty(), "{v}");
        if reason.contains("CRC5 expected") {
            assert!(refused.crc5 == 1 && refused.length == 0, "{v} {refused:?}");
        } else if reason.contains("CRC16") {
            assert!(refused.crc16 == 1 && refused.crc5 == 0, "{v} {refused:?}");
        } else if reason.contains("frame ends after") {
            assert_eq!(refused, Refused::default(), "waits: {v}");
        } else {
            assert!(refused.length == 1 && refused.crc5 == 0, "{v} {refused:?}");
        }
        // A good frame behind it is found.
        bytes.extend(super::frame(model, &[0x52, 5, 0, 0]));
        assert_eq!(decode_command(model, &bytes), [read], "{v}");
    });
    assert!(checked >= 8, "{checked}");
}

#[test]
fn cut_doubled_and_garbled_frames_never_become_another_command() {
    for model in MODELS {
        let good = super::frame(model, &[0x41, 9, 0x22, 0x14, 0, 0, 0, 0xFF]);
        let expected = decode_command(model, &good);
        assert_eq!(expected.len(), 1, "{}", model.name);
        for cut in 1..good.len() {
            assert_eq!(decode_command(model, &good[..cut]), [], "{}", model.name);
        }
        let garbage = [&[0x55, 0x00, 0xAA, 0x21][..], &good, &good].concat();
        let got = decode_command(model, &garbage);
        assert!(
            got.ends_with(&expected) && got.len() <= 2,
            "{} {got:?}",
            model.name
        );
        for bit in 0..8 * good.len() {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let got = decode_command(model, &bad);
            assert_eq!(got, [], "{} bit {bit}", model.name);
        }
    }
}

/// Chips that a sequence is for: `…-110chips`.
fn chips_of(id: &str) -> u16 {
    let digits: String = id
        .trim_end_matches("chips")
        .trim_end_matches("chip")
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .collect();
    digits
        .chars()
        .rev()
        .collect::<String>()
        .parse()
        .unwrap_or(1)
}

#[test]
fn init_sequences_are_understood_to_the_last_frame() {
    let checked = for_each_model("init_sequences", |v, model| {
        let chips = chips_of(v["id"].as_str().expect("an id"));
        let mut bench = Bench::new(model.name, chips, options(2));
        let (mut frames, mut sets_pll) = (0, false);
        for step in v["steps"].as_array().expect("steps") {
            if step["hex"].is_null() {
                continue;
            }
            let bytes = hex(&step["hex"]);
            let commands = decode_command(model, &bytes);
            let [command] = commands[..] else {
                panic!("{step}: {commands:?}");
            };
            let pll = model.registers.pll;
            sets_pll |= matches!(command, Command::Write { register, .. } if register == pll);
            // A host that follows the chips' baud rate.
            let baud = bench.machine.chips_baud(SLOT).expect("powered");
            bench.machine.uart_set_baud(bench.now, SLOT, baud as u32);
            bench.send(&bytes);
            frames += 1;
        }
        let totals = bench.machine.ledger().totals(SLOT);
        let id = &v["id"];
        assert_eq!(
            (totals.commands, totals.stray_bytes_at_chips),
            (frames, 0),
            "{id}"
        );
        if sets_pll {
            let baud = bench.machine.chips_baud(SLOT).expect("powered");
            bench.machine.uart_set_baud(bench.now, SLOT, baud as u32);
            let word = bench.value(0, model.registers.pll);
            assert!(model.pll.mhz(word) > 300.0, "{id}: {word:08x}");
            let ids = bench.command(&[0x52, 5, 0, 0]);
            let one = bench.command(&[0x42, 5, 0, 0]).len();
            assert_eq!(ids.len(), usize::from(chips) * one, "{id}");
        }
    });
    assert!(checked >= 10, "{checked}");
}

/// The shape of an answer, by its length.
fn shape_of(bytes: &[u8]) -> Shape {
    match bytes.len() {
        7 => Shape::Seven,
        9 => Shape::Nine,
        11 => Shape::Eleven,
        other => panic!("{other} bytes"),
    }
}

#[test]
fn responses_are_encoded_byte_for_byte() {
    let checked = for_each_model("responses", |v, model| {
        let fields = &v["decoded"];
        let bytes = hex(&v["hex"]);
        let shape = shape_of(&bytes);
        let rolled = shape == Shape::Eleven;
        assert_eq!(model.answers.shape(rolled), shape, "{}", v["id"]);
        let byte = |name: &str| number(&fields[name]) as u8;
        let answer = match fields["kind"].as_str() {
            Some("register") => {
                let from = match shape {
                    Shape::Seven => (0, 0),
                    _ => (byte("chip_address"), byte("register")),
                };
                Answer::register(number(&fields["value"]) as u32, from.0, from.1, shape)
            }
            _ => {
                let wire = hex(&fields["nonce_wire_bytes"]);
                let counter = match shape {
                    Shape::Eleven => number(&fields["version_counter"]) as u16,
                    _ => 0,
                };
                let wire = [wire[0], wire[1], wire[2], wire[3]];
                Answer::nonce(wire, byte("byte4"), byte("job_byte"), counter, shape)
            }
        };
        assert_eq!(answer.as_slice(), bytes, "{}", v["id"]);
    });
    assert!(checked >= 30, "{checked}");
}

#[test]
fn register_answers_come_from_the_state_that_they_tell() {
    let checked = for_each_model("responses", |v, model| {
        let fields = &v["decoded"];
        if fields["kind"] != "register" {
            return;
        }
        let bytes = hex(&v["hex"]);
        let value = number(&fields["value"]) as u32;
        // A BM1387 tells no register: its vectors are all of the id.
        let register = match &fields["register"] {
            Value::Null => 0,
            register => number(register) as u8,
        };
        let address = match &fields["chip_address"] {
            Value::Null => value as u8,
            address => number(address) as u8,
        };
        let mut bench = Bench::new(model.name, 1, options(2));
        bench.command(&[0x53, 5, 0, 0]);
        bench.command(&[0x40, 5, address, 0]);
        if let (Shape::Eleven, Some(rolling)) = (shape_of(&bytes), model.registers.rolling) {
            bench.write_all(rolling, 0x9000_FFFF);
        }
        if register != 0 {
            bench.write_one(address, register, value);
        }
        let answer = bench.command(&[0x42, 5, address, register]);
        assert_eq!(answer, bytes, "{}", v["id"]);
    });
    assert!(checked >= 10, "{checked}");
}

#[test]
fn nonce_answers_return_the_job_byte_as_their_chip_does() {
    let checked = for_each_model("responses", |v, model| {
        let fields = &v["decoded"];
        let sent = &fields["job_header_byte"];
        if sent.is_null() {
            return;
        }
        let low = match &fields["midstate_index"] {
            Value::Null => number(&fields["subcore_id"]),
            index => number(index),
        };
        let returned = model.job_bytes.returned(number(sent) as u8, low as u8);
        assert_eq!(u64::from(returned), number(&fields["job_byte"]), "{v}");
        if let counter @ Value::String(_) = &fields["version_counter"] {
            // A small core takes one residue class of the versions.
            assert_eq!(number(counter) % u64::from(model.small_cores), low, "{v}");
        }
        let wire: [u8; 4] = hex(&fields["nonce_wire_bytes"])
            .try_into()
            .expect("4 bytes");
        if let (core @ Value::Number(_), address) = (&fields["core_id"], &fields["chip_address"]) {
            let core = number(core) as u16;
            let space = hashing_space(model, core, address.as_u64().map(|a| a as u8));
            let view = u32::from_be_bytes(wire);
            assert_eq!(view & !space.counter, space.fixed & !space.counter, "{v}");
        }
    });
    assert!(checked >= 10, "{checked}");
}

#[test]
fn invalid_responses_are_not_taken_for_frames() {
    let checked = for_each_model("invalid", |v, model| {
        if v["kind"] != "response" {
            return;
        }
        let bytes = hex(&v["hex"]);
        let mut receiver = Receiver::new(model.preambles().1);
        bytes.iter().for_each(|b| receiver.push(*b, 0));
        assert_eq!(receiver.next(bytes.len()), None, "{v}");
        assert_eq!(receiver.runs, 1, "{v}");
    });
    assert!(checked >= 6, "{checked}");
}

fn decode_job(model: &ChipModel, bytes: &[u8]) -> Job {
    match decode(model, bytes).0[..] {
        [Received::Job(job)] => job,
        ref other => panic!("{}: {other:?}", model.name),
    }
}

#[test]
fn jobs_decode_to_their_fields() {
    let checked = for_each_model("jobs", |v, model| {
        let fields = &v["decoded"];
        let job = decode_job(model, &hex(&v["hex"]));
        assert_eq!(u64::from(job.job_byte), number(&fields["job_byte"]), "{v}");
        let le = |b: &[u8]| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        assert_eq!(le(&job.tail[4..8]), number(&fields["ntime"]), "{v}");
        assert_eq!(u64::from(job.nbits()), number(&fields["nbits"]), "{v}");
        match &job.work {
            Work::Midstates { count, .. } => {
                assert_eq!(job.tail[..4], hex(&fields["merkle_tail_wire"]), "{v}");
                let states = fields["midstates_sha_state_order"]
                    .as_array()
                    .expect("list");
                assert_eq!(usize::from(*count), states.len(), "{v}");
                for (i, state) in states.iter().enumerate() {
                    let words = job.midstate(i as u8, 0).map(u32::to_be_bytes);
                    assert_eq!(words.as_flattened(), hex(state), "{v}");
                }
            }
            Work::FullHeader(first64) => {
                let root = hex(&fields["merkle_root_header_order"]);
                assert_eq!(
                    first64[4..36],
                    hex(&fields["prev_hash_header_order"]),
                    "{v}"
                );
                assert_eq!(first64[36..], root[..28], "{v}");
                assert_eq!(job.tail[..4], root[28..], "{v}");
                assert_eq!(
                    u64::from(job.base_version()),
                    number(&fields["version"]),
                    "{v}"
                );
            }
        }
    });
    assert!(checked >= 15, "{checked}");
}

#[test]
fn full_header_jobs_are_taken_with_both_length_bytes() {
    for model in MODELS.iter().filter(|m| m.jobs == JobForm::FullHeader) {
        let (mut job, header) = super::full_header_job(0x40, 1);
        for length in [0x56, 0x36] {
            job[3] = length;
            let crc = crc16(&job[2..86]).to_be_bytes();
            job[86..].copy_from_slice(&crc);
            let Work::FullHeader(first64) = decode_job(model, &job).work else {
                panic!("{}", model.name);
            };
            assert_eq!(first64[..], header[..64], "{}", model.name);
        }
    }
}

#[test]
fn captured_shares_rehash_and_meet_their_difficulty() {
    let checked = for_each_model("shares", |v, _| {
        let wire: [u8; 4] = hex(&v["nonce_wire_bytes"]).try_into().expect("4 bytes");
        let hash = match v["header80"].is_null() {
            false => {
                let header = hex(&v["header80"]);
                assert_eq!(header[76..], wire, "{v}");
                let first64 = header[..64].try_into().expect("64 bytes");
                let tail = header[64..76].try_into().expect("12 bytes");
                let hash = hash::header_hash(&hash::midstate(&first64), &tail, wire);
                let twice: [u8; 32] = Sha256::digest(Sha256::digest(header)).into();
                assert_eq!(hash, twice, "{v}");
                hash
            }
            true => {
                let state = match &v["midstate_sha_state_order"] {
                    Value::Null => hex(&v["midstate"]),
                    state => hex(state),
                };
                let word = |i: usize| {
                    let at = 4 * i;
                    u32::from_be_bytes([state[at], state[at + 1], state[at + 2], state[at + 3]])
                };
                let midstate = core::array::from_fn(word);
                let tail = hex(&v["tail12"]).try_into().expect("12 bytes");
                hash::header_hash(&midstate, &tail, wire)
            }
        };
        let mut shown = hash;
        shown.reverse();
        assert_eq!(shown.to_vec(), hex(&v["hash_display"]), "{v}");
        let difficulty = v["difficulty"].as_f64().expect("a number");
        let ticket = difficulty.log2().floor().min(32.0) as u32;
        assert!(hash::meets_ticket(&hash, 32 + ticket), "{v}");
        assert!(
            ticket == 32 || !hash::meets_ticket(&hash, 32 + ticket + 1),
            "{v}"
        );
    });
    assert!(checked >= 100, "{checked}");
}

#[test]
fn captured_shares_lie_where_the_twin_looks() {
    let checked = for_each_model("shares", |v, model| {
        if v["core"].is_null() {
            return;
        }
        let wire: [u8; 4] = hex(&v["nonce_wire_bytes"]).try_into().expect("4 bytes");
        let core = number(&v["core"]) as u16;
        let address = number(&v["chip_index"]) as u8 * 2;
        let space = hashing_space(model, core, Some(address));
        assert_eq!(
            u32::from_be_bytes(wire) & !space.counter,
            space.fixed,
            "{v}"
        );
        assert!(core < model.cores.count, "{v}");
    });
    assert!(checked >= 49, "{checked}");
}

#[test]
fn a_bm1387_reply_names_the_midstate_by_its_place() {
    let shares = vectors("shares");
    let v = shares
        .iter()
        .find(|v| v["id"] == "share-1387-4mid-block")
        .expect("share-1387-4mid-block");
    let model = model("bm1387").expect("a model");
    let job = decode_job(model, &hex(&v["job_frame"]));
    let index = number(&v["midstate_index"]) as u8;
    let wire: [u8; 4] = hex(&v["nonce_wire_bytes"]).try_into().expect("4 bytes");
    for i in 0..4 {
        let hash = hash::header_hash(&job.midstate(i, 0), &job.tail, wire);
        assert_eq!(hash::meets_ticket(&hash, 64), i == index, "{i}");
    }
    let response = hex(&v["response_frame"]);
    let job_byte = model.job_bytes.returned(job.job_byte, index);
    // Its solution number, 63, is the test bench's.
    let answer = Answer::nonce(wire, 63, job_byte, 0, Shape::Seven);
    assert_eq!(answer.as_slice(), response);
}
