//! The page over TLS, on the daemon as it is run, asked by its own command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use process::{PATIENCE, Site, free_address, get_json, stannary, wait_for};
use serde_json::Value;

/// Ask a daemon, by this name of it.
fn ask(binary: &Path, api: &str, args: &[&str]) -> Output {
    let mut command = Command::new(binary);
    command.args(["--api", api]).args(args);
    command.output().expect("the binary starts")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What its owner compares, once there is something.
fn fingerprint(binary: &Path, site: &Site) -> Value {
    let socket = site.socket();
    wait_for("a certificate", PATIENCE, || {
        let told = ask(
            binary,
            &socket.display().to_string(),
            &["access", "fingerprint", "--json"],
        );
        let told: Value = serde_json::from_slice(&told.stdout).ok()?;
        told["key_sha256"].is_string().then_some(told)
    })
}

#[test]
fn the_page_over_tls_is_known_by_a_key_that_stays() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut site = Site::new("antminer-s9");
    let at = free_address();
    let access = site.folder.path().join("kept/access.json");
    site.page_over_tls_alone(at, &access);
    let mut daemon = site.run(&binary);
    let first = fingerprint(&binary, &site);
    assert!(daemon.ended().is_none(), "{}", daemon.everything());
    assert_eq!(
        get_json(&format!("{}api/v1/status", site.page)),
        None,
        "no plain HTTP"
    );
    let file = access.with_file_name("https.pem");
    let mode = fs::metadata(&file).expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let key = first["key_sha256"].as_str().expect("a text").to_owned();
    let over_tls = format!("https://{at}");
    let known = ask(
        &binary,
        &over_tls,
        &["--fingerprint", &key, "status", "--json"],
    );
    assert_eq!(json(&known)["machine"]["model"], "antminer-s9");
    let other = format!("sha256:{}", "0".repeat(64));
    for wrong in [&["--fingerprint", &other, "status"][..], &["status"]] {
        let refused = ask(&binary, &over_tls, wrong);
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && refused.stdout.is_empty());
        assert!(why.contains("it cannot be told who is at"), "{why}");
    }
    daemon.terminate();
    daemon.wait(PATIENCE);

    // Half a file: its key is gone, so another is made, and told.
    let mut daemon = site.run(&binary);
    assert_eq!(
        fingerprint(&binary, &site),
        first,
        "{}",
        daemon.everything()
    );
    daemon.terminate();
    daemon.wait(PATIENCE);
    fs::write(&file, "-----BEGIN PRIVATE KEY-----").expect("written");
    let mut daemon = site.run(&binary);
    assert_ne!(
        fingerprint(&binary, &site)["key_sha256"],
        first["key_sha256"]
    );
    daemon.wait_for_word("E-HTTPS-FILE");
    daemon.terminate();
    daemon.wait(PATIENCE);
}
