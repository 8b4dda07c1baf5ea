//! `stannary twin --machine` as a process of its own, and who may drive it.

use std::path::Path;
use std::process::Command;

use process::{Folder, PATIENCE, Program, Site, TwinProcess, stannary, wait_for};

fn twin(binary: &Path, args: &[&str], folder: &Path) -> Program {
    let mut command = Command::new(binary);
    Program::start(command.arg("twin").args(args).arg("--dir").arg(folder))
}

/// It ends with this code and says this.
fn check(mut program: Program, code: i32, words: &[&str]) {
    let status = program.wait(PATIENCE);
    let said = program.everything();
    assert_eq!(status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}`\n{said}");
    }
}

#[test]
fn what_cannot_be_a_twin_is_refused_with_a_remedy() {
    let Some(binary) = stannary() else {
        return;
    };
    let folder = Folder::new();
    let start = |args: &[&str]| twin(&binary, args, folder.path());
    check(start(&["--machine", "antminer-s99"]), 2, &["antminer-s9"]);
    let stock = [
        "--machine",
        "antminer-s17",
        "--control-board",
        "zynq-c49-stock",
    ];
    check(start(&stock), 2, &["E-TWIN-WHOLE", "hint:"]);
    let long = folder.path().join("x".repeat(100));
    let machine = ["--machine", "antminer-s9"];
    check(twin(&binary, &machine, &long), 2, &["E-TWIN-PATH", "hint:"]);
    let file = folder.write("file", "precious");
    check(twin(&binary, &machine, &file), 1, &["E-PROC-LISTEN"]);
    let mut state = Command::new(&binary);
    let state = state.args(["twin", "--state"]).arg(folder.path());
    check(Program::start(state), 3, &["E-TWIN-AWAY", "hint:"]);
}

#[test]
fn a_folder_has_one_twin_and_is_free_again_when_it_ends() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut first = TwinProcess::start(&binary, "antminer-s9", 1);
    let args = ["--machine", "antminer-s9"];
    let second = twin(&binary, &args, first.folder());
    check(second, 1, &["E-PROC-LOCKED", "hint:"]);
    assert_eq!(first.look().expect("it goes on")["model"], "antminer-s9");
    first.program.terminate();
    let status = first.program.wait(PATIENCE);
    assert_eq!(status.code(), Some(0), "{}", first.program.everything());
    let socket = first.folder().join("twin.sock");
    assert!(!socket.exists(), "it leaves no socket");
    // One that was killed does, and its successor does not mind.
    let mut next = twin(&binary, &args, first.folder());
    wait_for("the next twin", PATIENCE, || first.look());
    next.signal("KILL");
    next.wait(PATIENCE);
    assert!(socket.exists() && first.look().is_none());
    let _last = twin(&binary, &args, first.folder());
    wait_for("the last twin", PATIENCE, || first.look());
}

#[test]
fn a_daemon_drives_its_own_machine_and_no_other() {
    let Some(binary) = stannary() else {
        return;
    };
    let twin = TwinProcess::start(&binary, "antminer-s21", 1);
    let site = Site::at(&twin);
    let text = std::fs::read_to_string(&site.config).expect("it was written");
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let other = site.folder.write("other.toml", &text.replacen(from, to, 1));
        Program::start(Command::new(&binary).arg("run").arg("--config").arg(other))
    };
    let other = ["E-TWIN-OTHER", "antminer-s21", "hint:"];
    check(with("antminer-s21", "antminer-s19-pro"), 1, &other);
    check(
        with("difficulty_bits = 2", "difficulty_bits = 3"),
        1,
        &other,
    );
    let at = twin.folder().display().to_string();
    check(with(&at, &format!("{at}/no")), 1, &["E-TWIN-AWAY", "hint:"]);
    let state = twin.look().expect("it lives");
    assert_eq!(state["host"]["calls"], 0, "nobody has touched it: {state}");

    let mut daemon = site.run(&binary);
    wait_for("the daemon's first call", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        twin.look().filter(|state| state["host"]["calls"] != 0)
    });
    // The same machine, another socket and page.
    let socket = site.folder.path().join("s.sock").display().to_string();
    let second = text.replace(&socket, &format!("{socket}2"));
    let second = site.folder.write("second.toml", &second);
    let second = Program::start(Command::new(&binary).arg("run").arg("--config").arg(second));
    check(second, 1, &["E-PROC-LOCKED", "hint:"]);
    daemon.terminate();
    assert_eq!(
        daemon.wait(PATIENCE).code(),
        Some(0),
        "{}",
        daemon.everything()
    );
    let state = twin.look().expect("it goes on");
    assert_eq!(state["supply"]["enabled"], false, "{state}");
    assert_eq!(state["fans"]["duty_percent"], 100, "{state}");
}
