//! `stannary replay` as people run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use process::{PATIENCE, Program, stannary};

fn sample() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("../vectors/recordings/fans-stop.json")
}

fn replay(file: &Path, more: &[&str]) -> Option<(i32, Program)> {
    let binary = stannary()?;
    let mut command = Command::new(binary);
    let mut program = Program::start(command.arg("replay").arg(file).args(more));
    let status = program.wait(PATIENCE);
    Some((status.code().unwrap_or(-1), program))
}

/// A file of this test alone, with these bytes in it.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let name = format!("stannary-replay-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn a_recording_is_told_and_agrees() {
    let Some((code, program)) = replay(&sample(), &[]) else {
        return;
    };
    let said = program.stdout();
    assert_eq!(code, 0, "{}", program.everything());
    for part in [
        "antminer-s19-pro",
        "E-FAN-STOPPED",
        "board 0 off",
        "hottest",
        "agrees",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }

    let Some((code, program)) = replay(&sample(), &["--json"]) else {
        return;
    };
    assert_eq!(code, 0);
    let told: serde_json::Value = serde_json::from_str(&program.stdout()).expect("one object");
    assert_eq!(told["agrees"], true);
    assert_eq!(told["fault"]["code"], "E-FAN-LOST");
    let decisions = told["decisions"].as_array().expect("a list");
    assert!(decisions.iter().any(|d| d["code"] == "E-FAN-STOPPED"));
}

#[test]
fn a_recording_that_was_changed_differs() {
    let text = std::fs::read_to_string(sample()).expect("the sample");
    let changed = text.replacen("\"on\":false", "\"on\":true", 1);
    assert_ne!(text, changed);
    let path = file("changed.json", changed.as_bytes());
    let done = replay(&path, &[]);
    std::fs::remove_file(&path).expect("removed");
    let Some((code, program)) = done else {
        return;
    };
    assert_eq!(code, 1, "{}", program.everything());
    assert!(
        program.stdout().contains("differs: 1 of"),
        "{}",
        program.stdout()
    );
}

#[test]
fn what_is_no_recording_is_refused_with_a_remedy() {
    let whole = std::fs::read(sample()).expect("the sample");
    let half = &whole[..whole.len() / 2];
    let other = br#"{"format": 99}"#;
    for (name, bytes) in [("empty", &b""[..]), ("half", half), ("other", other)] {
        let path = file(name, bytes);
        let done = replay(&path, &[]);
        std::fs::remove_file(&path).expect("removed");
        let Some((code, program)) = done else {
            return;
        };
        assert_eq!(code, 2, "{name}: {}", program.everything());
        let said = program.stderr();
        assert!(
            said.contains("error: `") && said.contains("hint: "),
            "{name}: {said}"
        );
    }
}
