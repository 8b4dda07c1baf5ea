//! Chips on SPI against golden vectors and damage: commands, answers, jobs, PLL, sensor.

mod entries;

use protocol::FrameError;
use protocol::explain::{Direction, Value as Field};
use protocol::spi::{
    Action, Answer, Command, PROFILES, Profile, Strategy, crc16, decode, encode_job, explain,
    profile, target,
};
use serde_json::Value;
use units::{
    Header, HostVersions, JobKey, Megahertz, Midstate, Nonce, Rolling, TicketDifficulty, WorkId,
    WorkItem,
};

fn vectors() -> Vec<(Value, &'static Profile, Vec<u8>)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/spi/a1-t1-frames.json"
    );
    let text = std::fs::read_to_string(path).expect("the vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let all = file["vectors"].as_array().expect("a list");
    let one = |v: &Value| {
        let chip = v["chip"].as_str().expect("a chip").to_lowercase();
        let hex = v["hex"].as_str().expect("hex");
        let bytes = (0..hex.len()).step_by(2);
        let bytes = bytes.map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex"));
        (
            v.clone(),
            profile(&chip).expect("a profile"),
            bytes.collect(),
        )
    };
    all.iter().map(one).collect()
}

fn vector(id: &str) -> (Value, &'static Profile, Vec<u8>) {
    let found = vectors().into_iter().find(|(v, ..)| v["id"] == id);
    found.unwrap_or_else(|| panic!("{id}"))
}

fn number(value: &Value) -> u64 {
    match value.as_str() {
        Some(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex"),
        None => value.as_u64().unwrap_or_else(|| panic!("{value}")),
    }
}

/// Headers of which the rest is hashed: the first block's.
fn genesis(profile: &Profile) -> WorkItem {
    let (_, _, job) = vector("a1-write-job-1-chip3-genesis");
    let midstate = Midstate(core::array::from_fn(|i| {
        let at = 2 + 4 * (7 - i);
        u32::from_be_bytes([job[at], job[at + 1], job[at + 2], job[at + 3]])
    }));
    let mut merkle_root = [0; 32];
    merkle_root[28..].copy_from_slice(&job[34..38]);
    let word = |at: usize| u32::from_le_bytes([job[at], job[at + 1], job[at + 2], job[at + 3]]);
    let count = usize::from(profile.midstates());
    let versions = HostVersions::new(&[1; 4][..count], &[midstate; 4][..count]);
    WorkItem {
        id: WorkId(1),
        job: JobKey::default(),
        extranonce2: 0,
        header: Header {
            version: 1,
            merkle_root,
            ntime: word(38),
            nbits: word(42),
            ..Header::default()
        },
        rolling: Rolling::Host(versions.expect("1 or 4")),
    }
}

fn ticket(log2: u8) -> TicketDifficulty {
    TicketDifficulty::from_log2(log2).expect("at most 32")
}

/// The command that a vector from the host stands for; `None` for a job.
fn command(v: &Value, profile: &Profile) -> Option<Command> {
    let fields = &v["decoded"];
    let chip = fields["chip"].as_u64().unwrap_or(0) as u8;
    Some(match number(&fields["cmd"]) {
        0x01 => Command::BistStart,
        0x03 => Command::BistFix,
        0x0b => Command::BistCollect,
        0x04 => {
            let text = fields["strategy"].as_str().or(fields["arg"].as_str());
            let text = text.expect("a strategy").trim_start_matches("0x");
            let byte = u8::from_str_radix(&text[..2], 16).expect("hex");
            let strategy = Strategy::of(byte).expect("a known one");
            Command::Reset { chip, strategy }
        }
        0x08 => Command::ReadResult,
        0x09 => {
            let wanted = Megahertz::new(fields["mhz"].as_f64().expect("a frequency"));
            let setting = profile.pll.solve(wanted).expect("a setting");
            let expected = ["prediv", "fbdiv", "postdiv"].map(|n| number(&fields[n]));
            let (prediv, postdiv) = (u64::from(setting.prediv), u64::from(setting.postdiv));
            assert_eq!([prediv, u64::from(setting.fbdiv), postdiv], expected, "{v}");
            let block = profile.block(&setting, [0, 0, 0xa0]);
            Command::Write { chip, block }
        }
        0x0a => Command::Read { chip },
        0x0d => {
            let block = profile.second_block(Megahertz::new(120.0));
            let block = block.expect("the T1 has one");
            Command::WriteSecond { chip, block }
        }
        _ => return None,
    })
}

#[test]
fn commands_are_encoded_as_the_vectors_say() {
    let mut checked = 0;
    for (v, profile, bytes) in vectors() {
        if v["direction"] != "host->chain" {
            continue;
        }
        let Some(command) = command(&v, profile) else {
            continue;
        };
        checked += 1;
        let encoded = command.encode(profile);
        // Zeros behind it are clocked in any case.
        assert_eq!(encoded.as_slice(), &bytes[..encoded.len()], "{v}");
        assert!(bytes[encoded.len()..].iter().all(|b| *b == 0), "{v}");
    }
    assert!(checked >= 22, "{checked}");
}

#[test]
fn jobs_are_encoded_as_the_vectors_say() {
    for id in [
        "a1-write-job-1-chip3-genesis",
        "t1-write-job-1-chip3-genesis",
    ] {
        let (_, profile, bytes) = vector(id);
        let job = encode_job(profile, 3, 1, &genesis(profile), ticket(0)).expect("host work");
        assert_eq!(job.as_slice(), bytes, "{id}");
        assert_eq!(profile.job_bytes(), bytes.len(), "{id}");
    }
}

#[test]
fn fewer_versions_than_midstates_repeat_in_order() {
    let t1 = profile("t1").expect("t1");
    let mut item = genesis(t1);
    let midstates = [1, 2].map(|n| Midstate([n; 8]));
    item.rolling = Rolling::Host(HostVersions::new(&[1, 2], &midstates).expect("two"));
    let job = encode_job(t1, 3, 1, &item, ticket(0)).expect("host work");
    let firsts: Vec<_> = (0..4).map(|i| job[2 + 32 * i + 3]).collect();
    assert_eq!(firsts, [2, 1, 2, 1], "the last goes first");
    item.rolling = Rolling::Chip { mask: 0 };
    assert!(encode_job(t1, 3, 1, &item, ticket(0)).is_none());
}

#[test]
fn answers_decode_to_the_vectors_fields() {
    let mut checked = 0;
    for (v, profile, bytes) in vectors() {
        if v["direction"] != "chain->host" {
            continue;
        }
        checked += 1;
        let fields = &v["decoded"];
        let (answer, len) = decode(profile, &bytes).unwrap_or_else(|why| panic!("{v}: {why}"));
        assert_eq!(len, bytes.len(), "{v}");
        match answer {
            Answer::Count(chips) => assert_eq!(u64::from(chips), number(&fields["chips"]), "{v}"),
            Answer::NoResult => assert_eq!(fields["empty"], true, "{v}"),
            Answer::Result {
                chip,
                job,
                slot,
                nonce,
            } => {
                let expected = ["chip", "job_id"].map(|n| number(&fields[n]));
                assert_eq!([u64::from(chip), u64::from(job)], expected, "{v}");
                assert_eq!(
                    u64::from(slot),
                    fields["micro_job"].as_u64().unwrap_or(0),
                    "{v}"
                );
                assert_eq!(nonce, Nonce(number(&fields["nonce"]) as u32), "{v}");
            }
            Answer::Block { chip, block } => {
                assert_eq!(u64::from(chip), number(&fields["chip"]), "{v}");
                let cores = profile.good_cores(&block);
                assert_eq!(u64::from(cores), number(&fields["cores"]), "{v}");
                assert_eq!(fields["qstate"], 3, "{v}");
                assert_eq!(profile.jobs_held(&block), Some(2), "{v}");
                let locked = fields["pll_lock"].as_u64().map(|l| l == 1);
                assert_eq!(profile.locked(&block), locked, "{v}");
                let adc = fields["adc"].as_u64().map(|adc| adc as u16);
                assert_eq!(profile.adc(&block), adc, "{v}");
                assert_eq!(profile.celsius(&block), fields["temp_c"].as_f64(), "{v}");
            }
            other => panic!("{v}: {other:?}"),
        }
    }
    assert!(checked >= 7, "{checked}");
}

#[test]
fn every_vector_is_explained() {
    for (v, profile, bytes) in vectors() {
        let direction = match v["direction"].as_str() {
            Some("host->chain") => Direction::FromHost,
            _ => Direction::FromChip,
        };
        let said = explain(profile, direction, &bytes);
        assert!(said.crc_ok && said.error.is_none(), "{v}: {said:?}");
        assert_ne!(said.kind, "unknown", "{v}");
        let field = |name: &str| said.fields.iter().find(|f| f.0 == name).map(|f| &f.1);
        for (ours, theirs) in [("frequency_mhz", "mhz"), ("temp_c", "temp_c")] {
            let expected = v["decoded"][theirs].as_f64();
            if let Some(expected) = expected {
                assert_eq!(field(ours), Some(&Field::Real(expected)), "{v}");
            }
        }
    }
}

#[test]
fn the_checksum_is_modbus_over_exchanged_bytes() {
    // "123456789" and a byte that is left alone at the end.
    assert_eq!(crc16(b"214365879"), 0x4b37);
}

#[test]
fn targets_are_those_of_the_published_steps() {
    for (log2, compact) in [
        (0, 0x1d00_ffff),
        (1, 0x1d00_7fff),
        (7, 0x1d00_01ff),
        (8, 0x1c00_ffff),
        (16, 0x1b00_ffff),
        (17, 0x1b00_7fff),
    ] {
        assert_eq!(target(ticket(log2)), compact, "2^{log2}");
    }
    // 1024 has more bits of mantissa there: 1b3fffff, ours is harder by one part in 65000.
    assert_eq!(target(ticket(10)), 0x1c00_3fff);
    assert!((0..=32).all(|log2| target(ticket(log2)) & 0xff_ffff > 0));
}

#[test]
fn one_wrong_bit_is_never_read_as_another_result_or_block() {
    for id in ["t1-result-genesis", "t1-read-reg-1-rsp"] {
        let (_, profile, bytes) = vector(id);
        for bit in 0..8 * bytes.len() {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let read = decode(profile, &bad).map(|(answer, _)| answer);
            let passes = matches!(
                read,
                Ok(Answer::Result { .. } | Answer::Block { .. } | Answer::NoResult)
            );
            assert!(!passes, "{id}, bit {bit}: {read:?}");
        }
    }
}

#[test]
fn answers_cut_short_end_in_zeros_and_no_bytes_are_no_answer() {
    for profile in PROFILES {
        for bytes in [&[][..], &[0x08]] {
            assert_eq!(decode(profile, bytes), Err(FrameError::Short));
        }
        let cut = decode(profile, &[0x01, 0x00]);
        assert_eq!(cut, Ok((Answer::Count(0), 4)));
        assert_eq!(decode(profile, &[0xff; 16]), Err(FrameError::Kind));
    }
}

#[test]
fn any_bytes_are_read_without_harm() {
    let mut rng = units::Rng::new(4);
    for _ in 0..200_000 {
        let len = rng.below(24) as usize;
        let mut bytes: Vec<u8> = (0..len).map(|_| rng.next_u32() as u8).collect();
        if let Some(head) = bytes.first_mut()
            && rng.below(2) == 0
        {
            *head &= 0x1f;
        }
        entries::spi(&bytes);
    }
}

#[test]
fn every_frequency_of_the_ramp_has_a_setting_near_it() {
    for profile in PROFILES {
        let (mut mhz, top) = (profile.start.mhz(), profile.frequency_max.mhz());
        while mhz <= top {
            let setting = profile.pll.solve(Megahertz::new(mhz));
            let setting = setting.unwrap_or_else(|| panic!("{} {mhz}", profile.name));
            let off = (setting.frequency.mhz() / mhz - 1.0).abs();
            assert!(off < 0.02, "{} {mhz}: {setting:?}", profile.name);
            let block = profile.block(&setting, [0; 3]);
            assert_eq!(profile.pll.frequency(&block), Some(setting.frequency));
            mhz += 6.25;
        }
    }
}

#[test]
fn a_bring_up_holds_reset_before_power_and_counts_before_it_asks_chips() {
    for profile in PROFILES {
        let steps = profile.bring_up;
        let place = |wanted: fn(&Action) -> bool| {
            let found = steps.iter().position(|s| wanted(&s.action));
            found.unwrap_or_else(|| panic!("{}", profile.name))
        };
        let held = place(|a| matches!(a, Action::Reset { asserted: true }));
        let power = place(|a| matches!(a, Action::RailOn));
        let released = place(|a| matches!(a, Action::Reset { asserted: false }));
        let count = place(|a| matches!(a, Action::Count));
        let cores = place(|a| matches!(a, Action::ReadCores));
        let fixed = place(|a| matches!(a, Action::Fix));
        assert!(
            held < power && power < released && released < count,
            "{}",
            profile.name
        );
        assert!(count < cores && fixed < cores, "{}", profile.name);
    }
}

#[test]
fn a_chip_at_speed_hashes_what_its_machine_is_sold_as() {
    let t1 = profile("t1").expect("t1");
    let machine = 3.0 * 63.0 * t1.hashes_per_s(Megahertz::new(1332.0)) / 1e12;
    assert!((machine / 16.0 - 1.0).abs() < 0.02, "{machine} TH/s");
    assert_eq!(t1.job_time(Megahertz::new(1332.0)).as_millis(), 201);
}
