use super::super::config::parse;
use super::super::config::tests::{GOOD, check};
use super::*;

fn read(lines: &str) -> Mqtt {
    let text = format!("{GOOD}\n[mqtt]\n{lines}\n");
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    config.mqtt.expect("there is a table")
}

#[test]
fn a_broker_needs_nothing_but_its_address() {
    let broker = read("url = \"mqtt://broker.example\"");
    assert_eq!(broker.endpoint.to_string(), "broker.example:1883");
    assert_eq!(broker.security, Security::Plain);
    assert_eq!(broker.discovery_prefix.as_deref(), Some("homeassistant"));
    assert!(!broker.commands, "orders are off unless the owner says so");
    assert_eq!(
        (broker.user, broker.client_id, broker.topic),
        (None, None, None)
    );
    assert_eq!(broker.interval, Duration::from_secs(10));
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        config.mqtt.is_none(),
        "nobody is connected to unless the owner says so"
    );
}

#[test]
fn a_broker_is_what_its_owner_says() {
    let pin = "ab".repeat(32);
    let broker = read(&format!(
        "url = \"mqtts://[::1]/\"\nuser = \"rig\"\npassword = \"hunter2\"\ntls_pin = \"sha256:{pin}\"\n\
         client_id = \"rig-7\"\ntopic = \"farm/rig 7\"\ndiscovery_prefix = \"\"\ncommands = true\ninterval_s = 60"
    ));
    assert_eq!(broker.endpoint.to_string(), "[::1]:8883");
    assert_eq!(broker.security, Security::Tls);
    assert_eq!(broker.trust, Trust::Key([0xAB; 32]));
    assert_eq!(broker.topic.as_deref(), Some("farm/rig 7"));
    assert_eq!(broker.discovery_prefix, None);
    assert!(broker.commands);
    assert!(!format!("{broker:?}").contains("hunter2"));
}

#[test]
fn a_password_may_have_a_file_of_its_own() {
    let path = std::env::temp_dir().join(format!("stannary-mqtt-{}", std::process::id()));
    std::fs::write(&path, "hunter2\r\nmore").expect("written");
    let lines = format!(
        "url = \"mqtt://b\"\nuser = \"rig\"\npassword_file = \"{}\"",
        path.display()
    );
    let password = read(&lines).password.expect("read");
    assert_eq!(password.expose(), "hunter2");
    for text in ["", "\nhunter2"] {
        std::fs::write(&path, text).expect("written");
        refused(&lines, &["E-CONF-VALUE 28 mqtt.password_file"]);
    }
    std::fs::remove_file(&path).expect("removed");
    refused(&lines, &["E-CONF-VALUE 28 mqtt.password_file"]);
}

/// In a table whose first line is the 26th.
fn refused(lines: &str, expected: &[&str]) {
    check("", &format!("\n[mqtt]\n{lines}\n"), expected);
}

#[test]
fn what_cannot_be_is_refused_by_its_line() {
    for (lines, fault) in [
        ("url = \"broker.example\"", "26 mqtt.url"),
        ("url = \"http://broker.example\"", "26 mqtt.url"),
        ("url = \"mqtt://\"", "26 mqtt.url"),
        ("url = \"mqtt://b:0\"", "26 mqtt.url"),
        ("url = \"mqtt://me:hunter2@b\"", "26 mqtt.url"),
        ("url = \"mqtt://b\"\npassword = \"hunter2\"", "25 mqtt.user"),
        (
            "url = \"mqtts://b\"\ntls_pin = \"sha256:00\"",
            "27 mqtt.tls_pin",
        ),
        ("url = \"mqtts://b\"\ntls_ca = \"ca.pem\"", "27 mqtt.tls_ca"),
        (
            "url = \"mqtt://b\"\nclient_id = \"a/b\"",
            "27 mqtt.client_id",
        ),
        ("url = \"mqtt://b\"\ntopic = \"a/#\"", "27 mqtt.topic"),
        ("url = \"mqtt://b\"\ntopic = \"a//b\"", "27 mqtt.topic"),
        ("url = \"mqtt://b\"\ntopic = \"$SYS/a\"", "27 mqtt.topic"),
        (
            "url = \"mqtt://b\"\ndiscovery_prefix = \"+\"",
            "27 mqtt.discovery_prefix",
        ),
        ("url = \"mqtt://b\"\ninterval_s = 0", "27 mqtt.interval_s"),
        ("url = \"mqtt://b\"\ncommands = \"on\"", "27 mqtt.commands"),
    ] {
        refused(lines, &[&format!("E-CONF-VALUE {fault}")]);
    }
    let pin = "ab".repeat(32);
    let plain = format!("url = \"mqtt://b\"\ntls_pin = \"sha256:{pin}\"");
    refused(&plain, &["E-CONF-VALUE 27 mqtt.tls_pin"]);
    let both = "url = \"mqtt://b\"\nuser = \"u\"\npassword = \"hunter2\"\npassword_file = \"/x\"";
    refused(both, &["E-CONF-VALUE 29 mqtt.password_file"]);
    refused("user = \"u\"", &["E-CONF-KEY 25 mqtt.url"]);
    refused("url = \"mqtt://b\"\nqos = 2", &["E-CONF-KEY 27 mqtt.qos"]);
}
