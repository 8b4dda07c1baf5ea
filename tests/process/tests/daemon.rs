//! `stannary run` as a service runs it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use process::{
    Folder, PATIENCE, Program, Site, Stretch, config, free_address, get_json, stannary, wait_for,
};

/// Longest time from SIGTERM to the end, as the contract of `run` has it.
const STOP_LIMIT: Duration = Duration::from_secs(5);

#[test]
fn sigterm_while_mining_ends_in_time_with_success() {
    let Some(binary) = stannary() else {
        return;
    };
    for machine in ["antminer-s19-pro", "antminer-s21-pro"] {
        let setting = Site::new(machine);
        let mut daemon = setting.run(&binary);
        setting.wait_for_shares(&mut daemon);
        let (asleep, mut awake) = (open_stream(&setting.page), open_stream(&setting.page));
        daemon.terminate();
        let status = daemon.ends_within(STOP_LIMIT);
        assert_eq!(status.code(), Some(0), "{}", daemon.everything());
        let mut heard = String::new();
        awake.read_to_string(&mut heard).expect("text to its end");
        // Up to the last word of the machine, and an end as HTTP has it.
        assert!(heard.contains("\"state\":\"stopping\"") && heard.ends_with("0\r\n\r\n"));
        drop(asleep);
        let totals = setting.pool.ledger(|l| l.totals);
        assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
    }
}

/// The live stream, by somebody who was heard and reads no further by himself.
fn open_stream(page: &str) -> TcpStream {
    let address = page.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("it listens");
    let asked = format!("GET /api/v1/stream?every_s=0.25 HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(asked.as_bytes()).expect("sent");
    stream.read_exact(&mut [0; 16]).expect("an answer");
    stream
}

#[test]
fn a_second_sigterm_does_not_wait_for_the_first() {
    let Some(binary) = stannary() else {
        return;
    };
    let setting = Site::new("antminer-s19-pro");
    let mut daemon = setting.run(&binary);
    setting.wait_for_shares(&mut daemon);
    let stretch = Stretch::begin();
    // Two that come at once may be heard as one.
    let status = wait_for("its end", PATIENCE, || {
        daemon.terminate();
        daemon.ended()
    });
    stretch.was_within(Duration::from_secs(2), "its end");
    assert_eq!(status.code(), Some(130), "{}", daemon.everything());
}

#[test]
fn what_an_operator_set_survives_the_process_and_a_damaged_state_harms_nothing() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut setting = Site::new("antminer-s9");
    let state = setting.folder.path().join("state.json");
    let text = std::fs::read_to_string(&setting.config).expect("it was written");
    let with = format!("[machine]\nstate = \"{}\"", state.display());
    let text = text.replacen("[machine]", &with, 1);
    setting.config = setting.folder.write("kept.toml", &text);
    // A machine that has just booted waits with its neighbours, up to five minutes.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux");
    let known = serde_json::json!({
        "version": 1, "boot_id": boot.trim(),
        "remembered": { "intent": "hash", "fans": "auto" },
    });
    std::fs::write(&state, known.to_string()).expect("its folder is there");

    let order = |words: &str| {
        let mut command = Command::new(&binary);
        command.arg("--api").arg(setting.socket());
        command.args(words.split(' '));
        let done = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), said)
    };
    let mut daemon = setting.run(&binary);
    setting.wait_for_shares(&mut daemon);
    for words in ["fans manual 60", "limits --power 1000 --target 50", "pause"] {
        assert_eq!(order(words).0, Some(0), "{words}");
    }
    for (words, code) in [
        ("limits --power 90000", "E-API-RANGE"),
        ("fans hydro", "E-FAN-LOCAL"),
    ] {
        let (status, said) = order(words);
        assert_eq!(status, Some(1), "{words}");
        assert!(said.contains(code) && said.contains("hint: "), "{said}");
    }
    let kept = || {
        let status = get_json(&format!("{}api/v1/status", setting.page));
        let set = status.expect("it answers")["settings"].take();
        let numbers = ["power_ceiling", "target_temperature"].map(|key| set[key]["set"].as_f64());
        let duty = set["fans"]["duty"]["in_force"].as_f64();
        assert_eq!((numbers, duty), ([Some(1000.0), Some(50.0)], Some(60.0)));
    };
    setting.wait_for_state(&mut daemon, "paused");
    kept();
    daemon.terminate();
    assert_eq!(daemon.ends_within(STOP_LIMIT).code(), Some(0));

    let mut daemon = setting.run(&binary);
    setting.wait_for_state(&mut daemon, "paused");
    kept();
    assert_eq!(order("sleep").0, Some(0));
    setting.wait_for_state(&mut daemon, "sleeping");
    daemon.terminate();
    assert_eq!(daemon.ends_within(STOP_LIMIT).code(), Some(0));

    let mut daemon = setting.run(&binary);
    setting.wait_for_state(&mut daemon, "sleeping");
    kept();
    daemon.terminate();
    assert_eq!(daemon.ends_within(STOP_LIMIT).code(), Some(0));

    std::fs::write(&state, "{\"version\":").expect("its folder is there");
    let before = setting.pool.ledger(|l| l.totals.accepted);
    let mut daemon = setting.run(&binary);
    wait_for("shares as by default", PATIENCE * 4, || {
        setting
            .pool
            .ledger(|l| (l.totals.accepted > before).then_some(()))
    });
    daemon.wait_for_word("E-PROC-STATE");
    daemon.terminate();
    assert_eq!(daemon.ends_within(STOP_LIMIT).code(), Some(0));
}

#[test]
fn the_daemon_and_the_pool_keep_the_same_account() {
    let Some(binary) = stannary() else {
        return;
    };
    let setting = Site::new("antminer-s21-pro");
    let mut daemon = setting.run(&binary);
    setting.wait_for_shares(&mut daemon);
    let accepted = || setting.pool.ledger(|l| l.totals.accepted);
    // The counts move: the daemon's must lie between two looks at the pool's, at some
    // moment between two shares.
    wait_for("equal accounts", PATIENCE, || {
        let before = accepted();
        let status = get_json(&format!("{}api/v1/status", setting.page))?;
        let ours = status["shares"]["accepted"].as_u64()?;
        (ours == before && before == accepted()).then_some(())
    });
    assert!(setting.pool.ledger(|l| l.violations.is_empty()));
}

#[test]
fn a_second_daemon_on_the_same_socket_is_refused() {
    let Some(binary) = stannary() else {
        return;
    };
    let setting = Site::new("antminer-s19-pro");
    let mut first = setting.run(&binary);
    wait_for("its connection to the pool", PATIENCE, || {
        assert!(first.ended().is_none(), "{}", first.everything());
        setting.pool.ledger(|l| (l.connections == 1).then_some(()))
    });
    // The same socket, and nothing else in common.
    let other = config(
        "antminer-s19-pro",
        "seed = 7",
        &setting.pool.address().to_string(),
        &free_address().to_string(),
        &setting.folder.path().join("s.sock"),
    );
    let other = setting.folder.write("other.toml", &other);
    let mut second = Program::start(Command::new(&binary).arg("run").arg("--config").arg(other));
    let status = second.wait(PATIENCE);
    assert!(!status.success());
    assert!(
        second.stderr().contains("E-PROC-LOCKED"),
        "{}",
        second.everything()
    );
    assert!(first.ended().is_none(), "the first goes on");
    assert_eq!(
        setting.pool.ledger(|l| l.connections),
        1,
        "the second touched nothing"
    );
}

#[test]
fn a_bad_configuration_ends_with_2_and_names_file_line_key_and_remedy() {
    let Some(binary) = stannary() else {
        return;
    };
    let folder = Folder::new();
    let good = config(
        "antminer-s19-pro",
        "seed = 7",
        "127.0.0.1:1",
        "127.0.0.1:0",
        &folder.path().join("s"),
    );
    let check = |from: &str, to: &str, line: Option<usize>, words: &[&str]| {
        assert!(good.contains(from), "{from}");
        let path = folder.write("bad.toml", &good.replacen(from, to, 1));
        for command in ["run", "check-config"] {
            let mut program = Command::new(&binary);
            match command {
                "run" => program.arg("run").arg("--config").arg(&path),
                _ => program.arg(command).arg(&path),
            };
            let mut program = Program::start(&mut program);
            let status = program.wait(PATIENCE);
            let said = program.everything();
            assert_eq!(status.code(), Some(2), "{command}: {to}\n{said}");
            let place = line.map_or("bad.toml".into(), |line| format!("bad.toml:{line}"));
            for word in words.iter().copied().chain([place.as_str()]) {
                assert!(
                    said.contains(word),
                    "{command}: no `{word}` about {to}\n{said}"
                );
            }
        }
    };
    check("seed = 7", "sead = 7", Some(8), &["sead", "E-CONF-KEY"]);
    check("seed = 7", "seed = \"x\"", Some(8), &["seed"]);
    check(
        "antminer-s19-pro",
        "antminer-s99",
        Some(4),
        &["E-CONF-MACHINE", "antminer-s21-pro"],
    );
    check(
        "difficulty_bits = 2",
        "difficulty_bits = 77",
        Some(9),
        &["difficulty_bits"],
    );
    check(
        "stratum+tcp://",
        "carrier-pigeon://",
        Some(12),
        &["url", "stratum+tcp://"],
    );
    check(
        "config_version = 1",
        "config_version = 999",
        Some(1),
        &["config_version"],
    );
    check("[twin]", "[twin", Some(7), &["E-CONF-SYNTAX"]);
}
