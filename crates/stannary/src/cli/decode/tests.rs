//! The command as people run it, and the examples in `docs/decode.md`.

use clap::Parser;
use units::Rng;

use super::super::{Cli, Command};
use super::*;

/// Runs a command line without a process: what it prints, and the number of faults.
fn run(line: &str, stdin: &str) -> (String, u64) {
    let cli = Cli::try_parse_from(line.split_whitespace()).expect(line);
    let Command::Decode(args) = cli.command else {
        panic!("{line}");
    };
    let mut out = Vec::new();
    let print = Print {
        out: &mut out,
        text: args.text,
        colour: Colour::Never,
        faults: 0,
    };
    let setting = setting(&args).expect(line);
    let faults = match (setting, args.hex.is_empty()) {
        (Known::Serial(setting), true) => stream(setting, stdin.as_bytes(), print),
        (Known::Serial(setting), false) => from_arguments(setting, &args.hex, print),
        (Known::Words(setting), true) => words::stream(setting, stdin.as_bytes(), print),
        (Known::Words(setting), false) => words::from_arguments(setting, &args.hex, print),
    };
    let faults = faults.expect("memory takes everything");
    (String::from_utf8(out).expect("text"), faults)
}

#[test]
fn a_frame_is_one_object_with_the_promised_names() {
    for line in [
        "stannary decode --chip bm1397 55aa520500000a",
        "stannary decode --chip BM1397 55 aa 52 05 00 00 0a",
        "stannary decode --chip bm1397 --from host 0x55,0xaa 52:05:00:00:0a",
    ] {
        let (out, faults) = run(line, "");
        assert_eq!((out.lines().count(), faults), (1, 0), "{out}");
        let start = r#"{"chip":"bm1397","direction":"host","kind":"read_register","crc_ok":true,"fields":{"#;
        assert!(out.starts_with(start), "{out}");
    }
}

#[test]
fn a_chip_that_nobody_knows_is_answered_with_those_that_are() {
    let error = Cli::try_parse_from(["stannary", "decode", "--chip", "bm1", "55"]);
    let error = error.expect_err("unknown");
    assert_eq!(error.exit_code(), i32::from(EXIT_USAGE));
    for profile in PROFILES {
        assert!(error.to_string().contains(profile.name), "{error}");
    }
}

#[test]
fn exchanges_on_spi_are_explained_one_by_one() {
    let (out, faults) = run("stannary decode --chip T1 0a01 180300007c2bac1d0e59", "");
    assert_eq!((out.lines().count(), faults), (2, 0), "{out}");
    let start = r#"{"chip":"t1","direction":"host","kind":"read_block","crc_ok":true,"fields":{"#;
    assert!(out.starts_with(start), "{out}");
    let result = r#""direction":"chip","kind":"result","crc_ok":true"#;
    assert!(out.contains(result) && out.contains("0x7c2bac1d"), "{out}");
    let (out, faults) = run(
        "stannary decode --chip a1 --from chip",
        "01000005\nzz\nffff\n",
    );
    assert_eq!((out.lines().count(), faults), (2, 1), "{out}");
    assert!(out.contains(r#""chips":5"#), "{out}");
    assert!(
        out.contains(r#""direction":null,"kind":"unknown""#),
        "{out}"
    );
}

#[test]
fn a_fault_in_the_input_counts_and_the_rest_is_read() {
    let line = "stannary decode --chip bm1397";
    let (out, faults) = run(line, "55aa5\n55aa520500000a\n");
    assert_eq!(faults, 1);
    assert!(
        out.contains(r#""kind":"read_register","crc_ok":true"#),
        "{out}"
    );
    let (_, faults) = run(line, "\0\0\0");
    assert_eq!(faults, 1, "binary input is named once");
    let (_, faults) = run("stannary decode --chip bm1397 hello", "");
    assert_eq!(faults, 1);
}

#[test]
fn a_job_on_the_command_line_gives_the_hash() {
    let (job, nonce) = share();
    let line = format!("stannary decode --chip bm1370 --chips 1 --job {job} {nonce}");
    let (out, _) = run(&line, "");
    assert!(
        out.contains(r#""hash":"0000"#) && out.contains(r#""header":""#),
        "{out}"
    );
    assert!(out.contains(r#""chip_index":"#), "{out}");
    let parsed = Cli::try_parse_from(["stannary", "decode", "--chip", "bm1370", "--job", &nonce]);
    let Command::Decode(args) = parsed.expect("parses").command else {
        panic!("decode");
    };
    let why = setting(&args).expect_err("a nonce is no job");
    assert!(why.contains("--job"), "{why}");
}

/// The captured share of the vectors: job and answer.
fn share() -> (String, String) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/bm13xx/shares.json"
    );
    let text = std::fs::read_to_string(path).expect("vector file is in the tree");
    let all: serde_json::Value = serde_json::from_str(&text).expect("vector file is JSON");
    let share = &all["vectors"][0];
    let frame = |key: &str| share[key].as_str().expect("frame").to_owned();
    (frame("job_frame"), frame("response_frame"))
}

#[test]
fn a_long_line_is_read_in_pieces() {
    let frames = 40_000;
    let (out, faults) = run(
        "stannary decode --chip bm1397",
        &"55aa520500000a".repeat(frames),
    );
    assert_eq!((out.lines().count(), faults), (frames, 0));
}

#[test]
fn examples_in_the_documentation_print_what_they_show() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/decode.md");
    let text = std::fs::read_to_string(path).expect("in the tree");
    let mut examples = 0;
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let (command, shown) = block.split_once('\n').expect("output");
        let command = command.strip_prefix("$ ").expect("a prompt");
        let (command, stdin) = match command.split_once(" <<< ") {
            Some((command, stdin)) => (command, stdin.trim_matches('\'')),
            None => (command, ""),
        };
        assert_eq!(run(command, stdin).0, shown, "{command}");
        examples += 1;
    }
    assert!(examples >= 3, "{examples}");
}

#[test]
fn whatever_is_read_no_promise_breaks() {
    let mut rng = Rng::new(97);
    let text = b"0123456789abcdef0123456789abcdef55aa  :x,-|.[]*\n\n\tUg";
    let starts = [0x55, 0xaa, 0x21, 0x51, 0x41, 9, 5, 0x36, 0x96, 4];
    for round in 0..600 {
        let length = rng.below(400);
        let any = |rng: &mut Rng| match (round % 2, rng.below(3)) {
            (0, _) => text[rng.below(text.len() as u64) as usize],
            (_, 0) => starts[rng.below(starts.len() as u64) as usize],
            _ => rng.next_u64() as u8,
        };
        let bytes: Vec<u8> = (0..length).map(|_| any(&mut rng)).collect();
        entries::decode(&bytes);
    }
}
