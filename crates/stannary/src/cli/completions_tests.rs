use std::io::Write;
use std::process::{Command as Process, Stdio};

use super::*;

fn words(line: &str) -> Vec<String> {
    let words = line.split(' ').map(str::to_owned).collect();
    let lines = CompleteArgs { words }.lines();
    let words = lines
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    words.collect()
}

#[test]
fn what_can_stand_next_is_offered() {
    let check = |line: &str, expected: &[&str]| assert_eq!(words(line), expected, "{line}");
    check("sta", &["status"]);
    check("fa", &["faults", "fans"]);
    check(
        "pools ",
        &[
            "add", "remove", "move", "enable", "disable", "group", "help",
        ],
    );
    check("access token a", &["add"]);
    check("fans ", &["auto", "quiet", "manual", "immersion", "hydro"]);
    check("completions ", &["bash", "zsh", "fish"]);
    check(
        "access token add hass --scope ",
        &["read", "operate", "admin"],
    );
    check("access token add hass --sc", &["--scope"]);
    check("log --fo", &["--follow"]);
    check("--api /run/s.sock stat", &["status"]);
    check("status --api ", &[]);
    check("nonsense --x ", &[]);
    assert!(words("").len() > 20);
    assert!(
        !words("").iter().any(|word| word == "complete"),
        "it is for shells"
    );
}

/// Every command and option is offered where it stands.
#[test]
fn nothing_of_the_definitions_is_missing() {
    fn walk(command: &Command, path: &str, seen: &mut usize) {
        let inner = command.get_subcommands();
        // `help` has every command once more.
        for inner in inner.filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
            let name = inner.get_name().to_owned();
            assert!(
                words(&format!("{path}{name}")).contains(&name),
                "{path}{name}"
            );
            walk(inner, &format!("{path}{name} "), seen);
        }
        for long in command.get_arguments().filter_map(|arg| arg.get_long()) {
            let option = format!("--{long}");
            assert!(
                words(&format!("{path}{option}")).contains(&option),
                "{path}{option}"
            );
            *seen += 1;
        }
    }
    let mut root = Cli::command();
    root.build();
    let mut seen = 0;
    walk(&root, "", &mut seen);
    assert!(seen > 100, "{seen}");
}

/// The scripts are read by the shells that are here; bash is everywhere that we build.
#[test]
fn scripts_are_what_their_shells_read() {
    let mut read = 0;
    for (shell, script) in [("bash", BASH), ("zsh", ZSH), ("fish", FISH)] {
        let child = Process::new(shell)
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            continue;
        };
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(script.as_bytes())
            .expect("read");
        let done = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success() && said.is_empty(), "{shell}: {said}");
        read += 1;
    }
    assert!(read > 0, "no shell is here");
}
