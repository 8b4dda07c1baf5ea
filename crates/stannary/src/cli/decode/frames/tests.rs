use protocol::explain::{Direction, Fields, Value};
use protocol::{PROFILES, profile};
use serde_json::Value as Json;

use super::*;

fn vectors(file: &str) -> Vec<Json> {
    let path = format!(
        "{}/../../tests/vectors/bm13xx/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect("vector file is in the tree");
    let value: Json = serde_json::from_str(&text).expect("vector file is JSON");
    value["vectors"].as_array().expect("a list").clone()
}

fn profiles(vector: &Json) -> Vec<&'static Profile> {
    let named = |name: &str| {
        let of = |v: &Json| v.as_str().is_some_and(|s| s.eq_ignore_ascii_case(name));
        of(&vector["chip"]) || vector["chips"].as_array().is_some_and(|l| l.iter().any(of))
    };
    PROFILES.iter().copied().filter(|p| named(p.name)).collect()
}

fn run(chip: &'static Profile, from: Option<Direction>, text: &str) -> (Vec<Record>, Vec<Fault>) {
    let mut decoder = Decoder::new(Setting {
        profile: chip,
        from,
        board: None,
        job: None,
    });
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        faults.extend(decoder.line(number, line, Manner::Line, &mut records));
    }
    decoder.finish(&mut records);
    (records, faults)
}

fn chip(name: &str) -> &'static Profile {
    profile(name).expect("known")
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.iter().find(|f| f.0 == name).map(|f| &f.1)
}

fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    match field(&record.fields, name) {
        Some(Value::Text(text)) => text,
        other => panic!("{name}: {other:?}"),
    }
}

/// One frame of each vector, whole and of this kind, with the direction found.
fn whole(file: &str, direction: Direction, kind: impl Fn(&Json) -> String) -> usize {
    let mut checked = 0;
    for v in vectors(file) {
        for chip in profiles(&v) {
            let hex = v["hex"].as_str().expect("hex");
            for from in [None, Some(direction)] {
                let (got, faults) = run(chip, from, hex);
                let at = format!("{} {} {from:?} {got:?}", v["id"], chip.name);
                assert_eq!((got.len(), faults.len()), (1, 0), "{at}");
                assert!(
                    got[0].crc_ok && field(&got[0].fields, "error").is_none(),
                    "{at}"
                );
                assert_eq!(got[0].direction, Some(direction), "{at}");
                assert_eq!(got[0].kind, kind(&v), "{at}");
                checked += 1;
            }
        }
    }
    checked
}

#[test]
fn every_command_vector_decodes() {
    let kind = |v: &Json| match v["decoded"]["operation"].as_str() {
        Some("set_config") => "write_register".to_owned(),
        Some("get_status") => "read_register".to_owned(),
        other => other.expect("operation").to_owned(),
    };
    let checked = whole("commands.json", Direction::FromHost, kind);
    assert!(checked > 2000, "{checked}");
}

#[test]
fn every_answer_vector_decodes() {
    let kind = |v: &Json| v["decoded"]["kind"].as_str().expect("kind").to_owned();
    let checked = whole("responses.json", Direction::FromChip, kind);
    assert!(checked > 50, "{checked}");
}

#[test]
fn every_job_vector_decodes() {
    let checked = whole("jobs.json", Direction::FromHost, |_| "job".to_owned());
    assert!(checked > 30, "{checked}");
}

#[test]
fn invalid_vectors_are_refused_and_say_why() {
    for v in vectors("invalid.json") {
        for chip in profiles(&v) {
            let (got, _) = run(chip, None, v["hex"].as_str().expect("hex"));
            let reason = v["reason"].as_str().expect("reason");
            let of_crc = reason.starts_with("CRC");
            assert_eq!(got.len(), 1, "{got:?}");
            assert_eq!(got[0].crc_ok, !of_crc, "{reason}: {got:?}");
            let said = text(&got[0], "error");
            assert_eq!(
                said == "checksum does not match",
                of_crc,
                "{reason}: {said}"
            );
            let expected = match v["kind"].as_str() {
                Some("response") => Direction::FromChip,
                _ => Direction::FromHost,
            };
            assert_eq!(got[0].direction, Some(expected), "{reason}");
        }
    }
}

#[test]
fn a_share_gives_header_hash_and_difficulty() {
    let mut checked = 0;
    for v in vectors("shares.json") {
        let (Some(job), Some(answer)) = (v["job_frame"].as_str(), v["response_frame"].as_str())
        else {
            continue;
        };
        for chip in profiles(&v) {
            let (got, _) = run(chip, None, &format!("{job}\n{answer}"));
            assert_eq!(got.len(), 2, "{got:?}");
            let nonce = &got[1];
            assert_eq!(
                text(nonce, "hash"),
                v["hash_display"].as_str().expect("hash")
            );
            let Some(Value::Real(difficulty)) = field(&nonce.fields, "difficulty") else {
                panic!("{nonce:?}");
            };
            let expected = v["difficulty"].as_f64().expect("number");
            assert!((difficulty / expected - 1.0).abs() < 1e-9, "{difficulty}");
            let met = Value::Flag(v["meets_network_target"] == true);
            assert_eq!(field(&nonce.fields, "meets_network_target"), Some(&met));
            if let Some(header) = v["header80"].as_str() {
                assert_eq!(text(nonce, "header"), header);
                assert_eq!(
                    text(nonce, "version"),
                    v["version"].as_str().expect("version")
                );
            }
            // A nonce without its job is no less a nonce.
            let (alone, _) = run(chip, None, answer);
            assert_eq!((alone[0].kind, alone[0].crc_ok), ("nonce", true));
            assert!(field(&alone[0].fields, "hash").is_none());
            checked += 1;
        }
    }
    assert_eq!(checked, 2);
}

/// Read, answer, and a job's beginning in one form of dump.
fn check(name: &str, dump: &str) {
    let (got, faults) = run(chip("bm1397"), None, dump);
    assert_eq!(faults, [], "{name}");
    let kinds: Vec<_> = got.iter().map(|r| (r.kind, r.crc_ok)).collect();
    assert_eq!(
        kinds,
        [("read_register", true), ("register", true)],
        "{name}: {got:?}"
    );
}

#[test]
fn dumps_of_every_form_are_read() {
    let bytes = [
        0x55, 0xaa, 0x52, 5, 0, 0, 0x0a, 0xaa, 0x55, 0x13, 0x97, 0x18, 0, 0, 0, 6,
    ];
    let each = |form: &dyn Fn(usize, u8) -> String| -> String {
        bytes.iter().enumerate().map(|(i, b)| form(i, *b)).collect()
    };
    check("digits", &each(&|_, b| format!("{b:02x}")));
    check("pairs", &each(&|_, b| format!("{b:02X} ")));
    check("a byte a line", &each(&|_, b| format!("{b:02x}\n")));
    check("marked", &each(&|_, b| format!("0x{b:02X}, ")));
    check(
        "C array",
        &format!("{{ {} }};", each(&|_, b| format!("0x{b:x}, "))),
    );
    check("escapes", &each(&|_, b| format!("\\x{b:02x}")));
    check(
        "colons",
        each(&|_, b| format!("{b:02x}:")).trim_end_matches(':'),
    );
    check(
        "dashes",
        each(&|_, b| format!("{b:02x}-")).trim_end_matches('-'),
    );
    check("suffixes", &each(&|_, b| format!("{b:02X}h ")));
    check(
        "xxd",
        "00000000: 55aa 5205 0000 0aaa 5513 9718 0000 0006  U.R.....U.......",
    );
    check(
        "xxd in two lines",
        "00000000: 55aa 5205 0000 0aaa  U.R.....\n00000008: 5513 9718 0000 0006  U.......",
    );
    check(
        "hexdump -C",
        "00000000  55 aa 52 05 00 00 0a aa  55 13 97 18 00 00 00 06  |U.R.....U.......|\n00000010",
    );
    check(
        "od",
        "0000000 55 aa 52 05 00 00 0a aa 55 13 97 18 00 00 00 06\n0000020",
    );
    check(
        "tcpdump",
        "\t0x0000:  55aa 5205 0000 0aaa 5513 9718 0000 0006  U.R.....U.......",
    );
    check(
        "Wireshark",
        "0000  55 aa 52 05 00 00 0a aa 55 13 97 18 00 00 00 06   U.R.....U.......",
    );
    check(
        "Saleae Logic 1",
        &format!(
            "Time [s],Value,Parity Error,Framing Error\n{}",
            each(&|i, b| format!("{}.5e-05,0x{b:02X},,\n", i + 1))
        ),
    );
    check(
        "Saleae Logic 2",
        &format!(
            "name,type,start_time,duration,data,error\n{}",
            each(&|i, b| format!("\"Async Serial\",\"data\",0.0{i},8.6e-05,0x{b:02X},\n"))
        ),
    );
    check(
        "DSView",
        &format!(
            "Id,Time[ns],0:UART: RX/TX\n{}",
            each(&|i, b| format!("{i},{}.00,{b:02X}\n", 1000 * i))
        ),
    );
    check(
        "PulseView",
        &each(&|i, b| {
            let at = 10 + 90 * i;
            format!(
                "{at}-{} UART: RX data: {b:02X}\n{at}-{} UART: Start bit\n{at}-{at} UART: RX bits: 1\n",
                at + 9,
                at + 1
            )
        }),
    );
    check("sigrok-cli", &each(&|_, b| format!("uart-1: {b:02X}\n")));
    check(
        "times",
        "12:34:56 55 aa 52 05 00 00 0a\n2026-11-25 12:34:56,789 RX: aa 55 13 97 18\n[  12.000345] 00 00 00 06",
    );
    check(
        "a log",
        "I (123456) asic: tx: [55 AA 52 05 00 00 0A] done\n# a comment\nrx 9 bytes: aa5513971800000006",
    );
}

#[test]
fn channels_of_one_recording_are_put_together_apart() {
    let host = [0x55, 0xaa, 0x52, 5, 0, 0, 0x0a, 0x55, 0xaa];
    let answer = [0xaa, 0x55, 0x13, 0x97, 0x18, 0, 0, 0, 6];
    let rows = host.iter().zip(&answer);
    let dump: String = rows
        .map(|(tx, rx)| format!("1-2 UART: TX data: {tx:02X}\n1-2 UART: RX data: {rx:02X}\n"))
        .collect();
    let (got, _) = run(chip("bm1397"), None, &dump);
    let kinds: Vec<_> = got.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, ["read_register", "register", "garbage"]);
}

#[test]
fn lines_that_hexdump_leaves_out_are_put_in() {
    // 16 bytes of zeros stand three times.
    let dump = "00000000  55 aa 52 05 00 00 0a 00  00 00 00 00 00 00 00 00  |U.R.............|\n\
                00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n\
                *\n00000040  55 aa 52 05 00 00 0a                              |U.R....|\n00000047\n";
    let (got, faults) = run(chip("bm1397"), None, dump);
    assert_eq!(faults, []);
    let kinds: Vec<_> = got.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, ["read_register", "garbage", "read_register"]);
    assert_eq!(field(&got[1].fields, "length"), Some(&Value::Number(57)));
    let endless = "00000000  00 00\n*\nffffffff0000  55 aa\n";
    let (_, faults) = run(chip("bm1397"), None, endless);
    assert_eq!(faults.len(), 1, "bounded");
}

#[test]
fn a_frame_split_over_lines_is_joined() {
    let job = vectors("jobs.json")
        .into_iter()
        .find(|v| v["id"] == "job-1370-01");
    let job = job.expect("job")["hex"].as_str().expect("hex").to_owned();
    for width in 1..job.len() / 2 {
        let lines: Vec<&str> = (0..job.len())
            .step_by(2 * width)
            .map(|at| &job[at..job.len().min(at + 2 * width)])
            .collect();
        let (got, _) = run(chip("bm1370"), None, &lines.join("\n"));
        assert_eq!((got.len(), got[0].kind), (1, "job"), "{width}");
        assert_eq!(field(&got[0].fields, "line"), Some(&Value::Number(1)));
    }
}

#[test]
fn garbage_is_shown_and_loses_no_frame() {
    for (name, read, answer) in [
        ("bm1387", "4105000015", "13879004000010"),
        ("bm1397", "55aa520500000a", "aa5513971800000006"),
        ("bm1370", "55aa520500000a", "aa55137000000000000010"),
    ] {
        for garbage in [
            "de",
            "deadbeef",
            "55",
            "aa55",
            "55aa",
            "00ffee00ffee00ffee00ffee",
        ] {
            let dump = format!("{garbage}\n{read}\n{garbage}\n{answer}\n{garbage}");
            let (got, _) = run(chip(name), None, &dump);
            let frames: Vec<_> = got
                .iter()
                .filter(|r| r.crc_ok)
                .map(|r| text(r, "frame"))
                .collect();
            assert_eq!(frames, [read, answer], "{name} {garbage}: {got:?}");
            let rest: String = got
                .iter()
                .filter(|r| r.kind == "garbage")
                .map(|r| text(r, "bytes"))
                .collect();
            let broken = got.iter().any(|r| !r.crc_ok && r.kind != "garbage");
            assert!(broken || rest == garbage.repeat(3), "{name}: {got:?}");
        }
    }
}

#[test]
fn whatever_stands_on_lines_between_frames_on_their_own_every_frame_is_found() {
    let mut rng = units::Rng::new(41);
    for (name, frames) in [
        ("bm1387", ["4105000015", "13879004000010", "7203ea83000398"]),
        (
            "bm1397",
            ["55aa520500000a", "aa5513971800000006", "aa5597c328b601639c"],
        ),
        (
            "bm1370",
            [
                "55aa520500000a",
                "aa55137000000000000010",
                "aa55460332e700c32c8399",
            ],
        ),
    ] {
        for round in 0..2000 {
            let mut dump = String::new();
            for frame in frames {
                let count = rng.below(12);
                let garbage: Vec<u8> = (0..count).map(|_| rng.next_u64() as u8).collect();
                dump += &format!("{}\n{frame}\n", hex(&garbage));
            }
            let (got, _) = run(chip(name), None, &dump);
            for frame in frames {
                let found = got.iter().any(|r| r.crc_ok && text(r, "frame") == frame);
                assert!(found, "{name} {round} {frame}: {dump} {got:?}");
            }
        }
    }
}

#[test]
fn a_frame_cut_short_costs_no_other() {
    let write = "55aa510900180000ba0114";
    let mut rng = units::Rng::new(43);
    for _ in 0..2000 {
        // Whatever the broken frame held, the next one stands right behind it.
        let value = rng.next_u32();
        let at = 2 * (3 + rng.below(7) as usize);
        let broken = format!("55aa51090014{value:08x}00");
        let (got, _) = run(chip("bm1398"), None, &format!("{}{write}", &broken[..at]));
        let whole = got.iter().any(|r| r.crc_ok && text(r, "frame") == write);
        assert!(whole, "{broken} {at} {got:?}");
    }
}

#[test]
fn a_damaged_frame_is_shown_for_what_it_was_and_those_beside_it_stay() {
    let good = "55aa510900180000ba0114";
    for bit in 16..88 {
        let mut frame: Vec<u8> = bytes_of(good).expect("hex");
        frame[bit / 8] ^= 1 << (bit % 8);
        let (got, _) = run(
            chip("bm1398"),
            None,
            &format!("{good}{}{good}", hex(&frame)),
        );
        let whole = got.iter().filter(|r| r.crc_ok && text(r, "frame") == good);
        assert_eq!(whole.count(), 2, "{bit}: {got:?}");
    }
    let damaged = good.replace("ba", "bb");
    let (got, _) = run(chip("bm1398"), None, &format!("{good}{damaged}{good}"));
    let kinds: Vec<_> = got.iter().map(|r| (r.kind, r.crc_ok)).collect();
    let write = "write_register";
    assert_eq!(kinds, [(write, true), (write, false), (write, true)]);
}

#[test]
fn what_is_no_digit_is_named_with_its_place() {
    let check = |line: &str, column: usize, part: &str| {
        let (_, faults) = run(chip("bm1397"), None, line);
        assert_eq!(faults.len(), 1, "{line}: {faults:?}");
        assert_eq!(faults[0].column, column, "{line}");
        assert!(faults[0].what.contains(part), "{}", faults[0].what);
    };
    check("55aa520500000a5", 15, "odd");
    check("55 aa 520", 9, "odd");
    check("55aa5205zz000a", 9, "not a hexadecimal digit");
    let words = bytes_of("hello").expect_err("no bytes");
    assert_eq!(words.column, 1);
    // The rest of the input is read all the same.
    let (got, faults) = run(chip("bm1397"), None, "5\n55aa520500000a\n");
    assert_eq!((got.len(), faults.len()), (1, 1));
}

#[test]
fn an_answer_that_names_no_register_is_read_by_its_question() {
    let read = protocol::Command::ReadRegister {
        to: protocol::To::All,
        reg: Register(0x1c),
    };
    let read = hex(&read.encode(Dialect::Bm1387));
    let mut answer = vec![0x40, 0x20, 0x9a, 0x80, 0, 0];
    answer.push(protocol::crc::crc5_response(&answer, 0));
    let (got, _) = run(chip("bm1387"), None, &format!("{read}{}", hex(&answer)));
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!(text(&got[1], "register"), "0x1c");
    assert_eq!(text(&got[1], "register_name"), "misc control");
}

#[test]
fn frames_of_an_fpga_are_read_line_by_line() {
    let (got, _) = run(chip("bm1398"), None, "510900180000ba0114\n520500000a\n");
    let kinds: Vec<_> = got.iter().map(|r| (r.kind, r.crc_ok)).collect();
    assert_eq!(kinds, [("write_register", true), ("read_register", true)]);
    assert_eq!(text(&got[0], "preamble"), "missing");
}

#[test]
fn an_endless_input_without_frames_is_given_out_and_not_held() {
    let mut decoder = Decoder::new(Setting {
        profile: chip("bm1397"),
        from: None,
        board: None,
        job: None,
    });
    let line = "00".repeat(1000);
    let mut out = Vec::new();
    for number in 0..100 {
        let _ = decoder.line(number, &line, Manner::Line, &mut out);
    }
    assert!(out.len() >= 100_000 / 4096 - 1, "{}", out.len());
    assert!(out.iter().all(|r| text(r, "bytes").len() <= 2 * 6000));
}
