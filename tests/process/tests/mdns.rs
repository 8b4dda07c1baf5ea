//! The real daemon, found on the loopback device by a client that nobody here wrote. No other network is
//! touched: the page is there alone.

use std::path::Path;
use std::process::Command;

use process::{ANSWER_S, PATIENCE, Program, Site, clients_python, run_client, stannary, wait_for};
use serde_json::{Value, json};

const CLIENT: &str = "with_zeroconf.py";

fn site(mdns: &str) -> Site {
    let mut site = Site::new("antminer-s9");
    let text = std::fs::read_to_string(&site.config).expect("it was written");
    // The table of interfaces is the last one.
    site.config = site.folder.write("mdns.toml", &format!("{text}{mdns}\n"));
    site
}

/// The client, going on while the test does.
fn client(python: &Path, args: &[&str]) -> Program {
    let path = format!("{}/clients/{CLIENT}", env!("CARGO_MANIFEST_DIR"));
    Program::start(Command::new(python).arg(path).args(args))
}

fn wait_for_word(program: &mut Program, word: &str) {
    wait_for(word, PATIENCE, || {
        let said = program.stdout();
        assert!(
            said.contains(word) || program.ended().is_none(),
            "{}",
            program.everything()
        );
        said.contains(word).then_some(())
    });
}

fn find(python: &Path) -> Value {
    run_client(python, CLIENT, &["127.0.0.1", "240", "find"])
}

/// The status asked for under this name, as a browser would.
fn status_under(site: &Site, host: &str) -> u16 {
    let answer = minreq::get(format!("{}api/v1/status", site.page)).with_header("Host", host);
    answer
        .with_timeout(ANSWER_S)
        .send()
        .expect("it answers")
        .status_code
}

/// One after the other: all speak on the one port of the one device.
#[test]
fn a_machine_is_found_says_good_bye_and_yields_its_name_to_who_has_it() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    let with = site("mdns = true");
    let mut daemon = with.run(&binary);
    let found = find(&python);
    println!("{found}");
    let port = with
        .page
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .expect("a port");
    assert_eq!(found["port"].to_string(), port);
    assert_eq!(found["addresses"], json!(["127.0.0.1"]));
    let server = found["server"].as_str().expect("a name").to_owned();
    let label = server.strip_suffix(".local.").expect("a local name");
    assert_eq!(found["name"], format!("{label}._stannary._tcp.local."));
    let text = &found["text"];
    for (key, value) in [
        ("model", "antminer-s9"),
        ("name", "Antminer S9"),
        ("emulated", "true"),
    ] {
        assert_eq!(text[key], value, "{text}");
    }
    assert_eq!(status_under(&with, &format!("{label}.local")), 200);
    let mut other = client(&python, &["127.0.0.1", "240", "gone"]);
    wait_for_word(&mut other, "found");
    daemon.terminate();
    wait_for_word(&mut other, "\"gone\": true");
    daemon.wait(PATIENCE);

    // Somebody else has the name.
    let other = client(&python, &["127.0.0.1", "600", "claim", label]);
    let mut other = other;
    wait_for_word(&mut other, "claimed");
    let mut daemon = with.run(&binary);
    wait_for("another name", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        daemon.stderr().contains("E-MDNS-NAME").then_some(())
    });
    let second = format!("{label}-2.local");
    assert_eq!(status_under(&with, &second), 200);
    drop(daemon);
    drop(other);

    // A page that only this computer reaches is not announced by itself.
    let without = site("");
    let mut daemon = without.run(&binary);
    without.wait_for_state(&mut daemon, "starting");
    let mut nobody = client(&python, &["127.0.0.1", "4", "find"]);
    assert!(!nobody.wait(PATIENCE).success(), "{}", nobody.everything());
}
