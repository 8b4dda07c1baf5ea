//! `stannary decode` as people run it.

use std::process::Command;

use process::{PATIENCE, Program, stannary};

fn decode(arguments: &[&str]) -> Option<(i32, Program)> {
    let binary = stannary()?;
    let mut program = Program::start(Command::new(binary).arg("decode").args(arguments));
    let status = program.wait(PATIENCE);
    Some((status.code().unwrap_or(-1), program))
}

#[test]
fn a_frame_is_printed_as_json_and_the_exit_code_says_how_it_went() {
    let Some((code, program)) = decode(&["--chip", "bm1397", "55aa520500000a"]) else {
        return;
    };
    assert_eq!(code, 0, "{}", program.everything());
    let frame: serde_json::Value = serde_json::from_str(&program.stdout()).expect("one object");
    assert_eq!(frame["kind"], "read_register");
    assert_eq!(frame["crc_ok"], true);

    let Some((code, program)) = decode(&["--chip", "bm1397", "55aa520500000a5"]) else {
        return;
    };
    assert_eq!(code, 2);
    let said = program.stderr();
    assert!(said.contains("argument 1, column 15: odd"), "{said}");

    let Some((code, program)) = decode(&["--chip", "bm9999", "55"]) else {
        return;
    };
    assert_eq!(code, 2);
    assert!(program.stderr().contains("bm1370"), "{}", program.stderr());
}
