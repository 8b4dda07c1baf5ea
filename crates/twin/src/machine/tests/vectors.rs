//! Golden vectors of the two chips and the common part, from the chips' side.

use super::super::chip::{self, BM1370, BM1398, JobForm, PostDividers, pll_mhz, ticket_log2};
use super::super::crc::{crc5, crc16, response_trailer};
use super::super::hash;
use super::super::job::{Job, Work};
use super::super::known::Known;
use super::super::receiver::Receiver;
use super::super::wire::{Answer, Command, Decoder, Received};
use super::*;

const OURS: [&str; 2] = ["BM1398", "BM1370"];
/// Chips whose commands have the same form.
const FAMILY: [&str; 7] = [
    "BM1391", "BM1397", "BM1398", "BM1362", "BM1366", "BM1368", "BM1370",
];

fn decode(form: JobForm, bytes: &[u8]) -> Vec<Received> {
    let mut decoder = Decoder::new(form);
    let mut out = Vec::new();
    for byte in bytes {
        decoder.push(*byte);
        while let Some(received) = decoder.next() {
            out.push(received);
        }
    }
    out
}

fn decode_command(bytes: &[u8]) -> Vec<Command> {
    decode(JobForm::FullHeader, bytes)
        .into_iter()
        .map(|received| match received {
            Received::Command(command) => command,
            Received::Job(job) => panic!("a job: {job:?}"),
        })
        .collect()
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
    let mut checked = 0;
    for v in vectors("commands").iter().filter(|v| is_for(v, &FAMILY)) {
        let fields = &v["decoded"];
        let all = fields["all"].as_bool() == Some(true);
        let byte = |name: &str| number(&fields[name]) as u8;
        let address = || (!all).then(|| byte("chip_address"));
        let expected = match fields["operation"].as_str() {
            Some("chain_inactive") => Command::Inactive,
            Some("set_chip_address") => Command::SetAddress(byte("chip_address")),
            Some("write_register") => Command::Write {
                address: address(),
                register: byte("register"),
                value: number(&fields["value"]) as u32,
            },
            Some("read_register") => Command::Read {
                address: address(),
                register: byte("register"),
            },
            other => panic!("operation {other:?} of {v}"),
        };
        assert_eq!(decode_command(&hex(&v["hex"])), [expected], "{}", v["id"]);
        checked += 1;
    }
    assert!(checked > 1000, "{checked}");
}

#[test]
fn invalid_commands_and_jobs_are_dropped_and_the_next_frame_is_found() {
    let mut checked = 0;
    for v in vectors("invalid").iter().filter(|v| is_for(v, &FAMILY)) {
        if v["kind"] == "response" {
            continue;
        }
        let mut bytes = hex(&v["hex"]);
        assert!(decode_command(&bytes).is_empty(), "{v}");
        bytes.extend(framed(&[0x52, 5, 0, 0]));
        let read = Command::Read {
            address: None,
            register: 0,
        };
        assert_eq!(decode_command(&bytes), [read], "{v}");
        checked += 1;
    }
    assert_eq!(checked, 8);
}

#[test]
fn init_sequences_are_understood_to_the_last_frame() {
    let mut frames = 0;
    for v in vectors("init_sequences") {
        if !v["chip"].as_str().is_some_and(|c| OURS.contains(&c)) {
            continue;
        }
        for step in v["steps"].as_array().expect("steps") {
            if !step["hex"].is_null() {
                assert_eq!(decode_command(&hex(&step["hex"])).len(), 1, "{step}");
                frames += 1;
            }
        }
    }
    assert!(frames > 700, "{frames}");
}

#[test]
fn responses_are_encoded_byte_for_byte() {
    let mut checked = 0;
    for v in vectors("responses")
        .iter()
        .filter(|v| is_for(v, &["BM1370", "BM1397", "BM1398"]))
    {
        let fields = &v["decoded"];
        let bytes = hex(&v["hex"]);
        let long = bytes.len() == 11;
        let byte = |name: &str| number(&fields[name]) as u8;
        let answer = match fields["kind"].as_str() {
            Some("register") => Answer::register(
                number(&fields["value"]) as u32,
                byte("chip_address"),
                byte("register"),
                long,
            ),
            _ => {
                let wire = hex(&fields["nonce_wire_bytes"]);
                let counter = if long {
                    number(&fields["version_counter"]) as u16
                } else {
                    0
                };
                let wire = [wire[0], wire[1], wire[2], wire[3]];
                Answer::nonce(wire, byte("byte4"), byte("job_byte"), counter, long)
            }
        };
        assert_eq!(answer.as_slice(), bytes, "{}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 10);
}

#[test]
fn invalid_responses_are_not_taken_for_frames() {
    for v in vectors("invalid")
        .iter()
        .filter(|v| v["kind"] == "response" && is_for(v, &FAMILY))
    {
        let bytes = hex(&v["hex"]);
        let mut receiver = Receiver::default();
        bytes.iter().for_each(|b| receiver.push(*b, 0));
        assert_eq!(receiver.next(bytes.len()), None, "{v}");
        assert_eq!(receiver.runs, 1, "{v}");
    }
}

fn decode_job(form: JobForm, bytes: &[u8]) -> Job {
    match decode(form, bytes)[..] {
        [Received::Job(job)] => job,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn jobs_decode_to_their_fields() {
    let mut checked = 0;
    for v in vectors("jobs") {
        let form = match v["format"].as_str() {
            Some("midstate") => JobForm::Midstates,
            Some("full header") => JobForm::FullHeader,
            _ => continue,
        };
        let fields = &v["decoded"];
        let job = decode_job(form, &hex(&v["hex"]));
        assert_eq!(u64::from(job.job_byte), number(&fields["job_byte"]), "{v}");
        let le = |b: &[u8]| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        assert_eq!(le(&job.tail[4..8]), number(&fields["ntime"]), "{v}");
        assert_eq!(le(&job.tail[8..]), number(&fields["nbits"]), "{v}");
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
        checked += 1;
    }
    assert_eq!(checked, 7);
}

#[test]
fn registers_answer_their_resets_and_unknown_ones_zero() {
    for (name, chip) in [("BM1398", "bm1398"), ("BM1370", "bm1370")] {
        let known: Vec<Value> = vectors("registers")
            .into_iter()
            .filter(|v| v["chip"] == name && v["kind"] == "register")
            .collect();
        let mut bench = Bench::new(chip, 1, options(2));
        for register in 0..=255 {
            let vector = known.iter().find(|v| number(&v["address"]) == register);
            let expected = match (register, vector) {
                (_, Some(v)) => number(&v["reset_value"]) as u32,
                // Not in the vectors: the id, and PLL0 (HashSource's notes: 50 MHz).
                (0x00, None) => 0x1398_1800,
                (0x08, None) => 0xC020_0144,
                (_, None) => 0,
            };
            let answer = bench.command(&[0x42, 5, 0, register as u8]);
            let expected = Answer::register(expected, 0, register as u8, false);
            assert_eq!(
                answer,
                expected.as_slice(),
                "{name} register {register:02x}"
            );
        }
    }
}

#[test]
fn core_registers_have_their_resets() {
    for v in vectors("registers") {
        if v["chip"] != "BM1370" || v["kind"] != "core register" {
            continue;
        }
        let register = number(&v["core_register"]) as u8;
        let mut bench = Bench::new("bm1370", 1, options(2));
        // Bit 14: read.
        let answer = bench.command(&[0x41, 9, 0, 0x3C, 0, 0, 0x40 | register, 0]);
        let expected = Answer::register(number(&v["reset_value"]) as u32, 0, 0x40, false);
        assert_eq!(answer, expected.as_slice(), "{v}");
    }
}

#[test]
fn pll_words_give_their_frequencies() {
    let mut checked = 0;
    for v in vectors("pll")
        .iter()
        .filter(|v| is_for(v, &["BM1370", "BM1397", "BM1398"]))
    {
        let encoding = match v["encoding"].as_str() {
            Some("direct") => PostDividers::Direct,
            _ => PostDividers::MinusOne,
        };
        // The same word seen through the reset of the BM1397's user divider.
        if v["id"] == "pll-1397-reset-div" {
            continue;
        }
        let mhz = pll_mhz(number(&v["register_value"]) as u32, encoding);
        let expected = v["freq_mhz"].as_f64().expect("a frequency");
        assert!((mhz - expected).abs() < 0.01, "{v}: {mhz}");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn baud_words_give_their_rates() {
    let mut checked = 0;
    for v in vectors("baud") {
        for model in [&BM1398, &BM1370] {
            // The BM1398 has the BM1397's layout.
            let ours = match model.form {
                JobForm::Midstates => is_for(&v, &["BM1397", "BM1398"]),
                JobForm::FullHeader => is_for(&v, &["BM1370"]),
            };
            if !ours {
                continue;
            }
            let register = number(&v["register"]) as u8;
            let value = number(&v["register_value"]) as u32;
            let baud = model.baud(|r| match r {
                r if r == register => value,
                // PLL3 2.8 GHz, divided by 7.
                0x68 => 0xC070_0111,
                0x28 => 0x0600_000F,
                _ => 0,
            });
            let expected = v["baud"].as_f64().expect("a rate");
            assert!((baud - expected).abs() < 1.0, "{v}: {baud}");
            checked += 1;
        }
    }
    assert!(checked >= 11, "{checked}");
}

#[test]
fn ticket_masks_give_their_difficulty() {
    for v in vectors("ticket_mask") {
        let log2 = ticket_log2(number(&v["register_value"]) as u32);
        assert_eq!(1 << log2, number(&v["difficulty"]), "{v}");
    }
}

#[test]
fn chip_facts_agree() {
    for v in vectors("chips").iter().filter(|v| v["kind"] == "chip") {
        let Some(model) = v["chip"]
            .as_str()
            .and_then(|c| chip::model(&c.to_lowercase()))
        else {
            continue;
        };
        assert_eq!(u64::from(model.cores), number(&v["cores"]), "{v}");
        let used = number(&v["small_cores_used"]);
        assert_eq!(u64::from(model.small_cores_used), used, "{v}");
    }
}

#[test]
fn captured_shares_meet_their_ticket_at_real_difficulty() {
    let mut checked = 0;
    for v in vectors("shares") {
        if !v["chip"].as_str().is_some_and(|c| OURS.contains(&c)) {
            continue;
        }
        let header: [u8; 80] = hex(&v["header80"]).try_into().expect("80 bytes");
        let job = Job {
            job_byte: 0,
            tail: header[64..76].try_into().expect("12 bytes"),
            work: Work::FullHeader(header[..64].try_into().expect("64 bytes")),
        };
        let replay = Known::new(&header).replay(&job, 0).expect("its own job");
        let mut shown = replay.found.hash;
        shown.reverse();
        assert_eq!(shown.to_vec(), hex(&v["hash_display"]), "{v}");
        assert!(hash::meets_ticket(&replay.found.hash, 32 + 8), "{v}");
        checked += 1;
    }
    assert_eq!(checked, 50);
}

#[test]
fn bm1398_shares_lie_where_the_twin_looks() {
    let mut checked = 0;
    for v in vectors("shares").iter().filter(|v| v["chip"] == "BM1398") {
        let wire: [u8; 4] = hex(&v["nonce_wire_bytes"]).try_into().expect("4 bytes");
        let n = u32::from_be_bytes(wire);
        let address = number(&v["chip_index"]) as u32 * 2;
        assert_eq!(u64::from(n >> 24), number(&v["core"]), "{v}");
        assert_eq!((n >> 16) & 0xFE, address, "{v}");
        assert!(n >> 24 < u32::from(BM1398.cores), "{v}");
        checked += 1;
    }
    assert_eq!(checked, 49);
}
