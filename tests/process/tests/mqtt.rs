//! The real daemon at a real broker, seen by that broker's own clients.

use std::collections::BTreeMap;
use std::path::Path;

use process::{
    ANSWER_S, Broker, CertificateAuthority, Listener, PATIENCE, Program, Site, broker_programs,
    clients_python, get_json, of_one_snapshot, run_client, stannary, wait_for,
};
use serde_json::{Value, json};

const LOGIN: [&str; 2] = ["rig", "s3cr3t-broker"];

/// A site whose daemon knows this broker.
fn site(broker: &Broker, scheme: &str, more: &str) -> Site {
    let mut site = Site::new("antminer-s9");
    site.tells(broker, scheme, more);
    site
}

fn status(site: &Site) -> Option<Value> {
    get_json(&format!("{}api/v1/status", site.page))
}

fn online(listener: &Listener) {
    listener.wait_for(
        "farm/rig-7/availability",
        "the machine at the broker",
        |m| m.payload == "online",
    );
}

/// The newest of each topic, as whoever comes now finds it.
fn lies_there(broker: &Broker) -> BTreeMap<String, Value> {
    let late = broker.listen();
    let retained = |topic: &str| late.wait_for(topic, topic, |message| message.retained);
    retained("farm/rig-7/state");
    retained("farm/rig-7/faults");
    // All that lies there is sent before what comes later.
    late.wait_for("farm/rig-7/state", "a fresh state", |message| {
        !message.retained
    });
    let heard = late.heard().into_iter().filter(|message| message.retained);
    heard
        .map(|message| {
            let value = serde_json::from_str(&message.payload);
            (message.topic, value.unwrap_or(json!(message.payload)))
        })
        .collect()
}

fn configs(there: &BTreeMap<String, Value>) -> BTreeMap<&str, &Value> {
    let configs = there
        .iter()
        .filter(|(topic, _)| topic.starts_with("homeassistant/"));
    configs
        .map(|(topic, config)| (topic.as_str(), config))
        .collect()
}

/// What Home Assistant would show of what lies there.
fn shown(python: &Path, folder: &Path, there: &BTreeMap<String, Value>) -> Value {
    let payloads: BTreeMap<_, _> = there
        .iter()
        .filter(|(topic, _)| topic.starts_with("farm/"))
        .collect();
    let told = json!({ "configs": configs(there), "payloads": payloads });
    let path = folder.join("told.json");
    std::fs::write(&path, told.to_string()).expect("it can be written");
    run_client(
        python,
        "with_home_assistant.py",
        &[&path.display().to_string()],
    )
}

/// Until the machine says so, at its own interface.
fn wait_for_status(site: &Site, daemon: &mut Program, what: &str, fits: impl Fn(&Value) -> bool) {
    wait_for(what, PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        status(site).filter(&fits).map(drop)
    });
}

#[test]
fn home_assistant_finds_the_machine_sees_it_and_orders_what_its_owner_allows() {
    let (Some(binary), Some(programs), Some(python)) =
        (stannary(), broker_programs(), clients_python())
    else {
        return;
    };
    let broker = Broker::start(&programs, LOGIN);
    // What lies there was meant for another time.
    broker.say("farm/rig-7/set/hashing", "OFF", true);
    let all = broker.listen();
    let with_commands = site(&broker, "mqtt", "commands = true");
    let mut daemon = with_commands.run(&binary);
    online(&all);
    sees(&with_commands, &mut daemon, &broker, &python);
    orders(&with_commands, &mut daemon, &broker, &all);
    said_nowhere(&with_commands, &daemon, &all);
    daemon.signal("KILL");
    all.wait_for("farm/rig-7/availability", "the last will", |m| {
        m.payload == "offline"
    });

    let before = all.heard().len();
    let without = site(&broker, "mqtt", "");
    let mut daemon = without.run(&binary);
    wait_for("the machine anew", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        let mut new = all.heard().into_iter().skip(before);
        new.find(|m| m.topic == "farm/rig-7/availability" && m.payload == "online")
    });
    let there = lies_there(&broker);
    let kinds = ["/switch/", "/button/", "/number/"];
    let orders = configs(&there)
        .into_keys()
        .filter(|topic| kinds.iter().any(|k| topic.contains(k)));
    assert_eq!(orders.count(), 0, "what cannot be ordered is taken away");
    broker.say("farm/rig-7/set/hashing", "OFF", false);
    let seq = status(&without).expect("it answers")["seq"].as_u64();
    // Those of the daemon before had greater numbers.
    wait_for("a later state", PATIENCE, || {
        let new = all.heard().into_iter().skip(before);
        let mut states = new.filter(|m| m.topic == "farm/rig-7/state");
        states.find(|m| m.json()["seq"].as_u64() > seq.map(|seq| seq + 8))
    });
    let now = status(&without).expect("it answers");
    assert_eq!(now["settings"]["intent"], "hash", "{now}");
    daemon.terminate();
    daemon.wait(PATIENCE);
    let last = all.wait_for("farm/rig-7/availability", "good-bye", |m| {
        m.payload == "offline"
    });
    assert!(!last.retained);
}

/// What Home Assistant computes is what the machine says.
fn sees(site: &Site, daemon: &mut Program, broker: &Broker, python: &Path) {
    wait_for_status(site, daemon, "sensors and fans", |status| {
        let readings = status["temperatures"].as_array();
        let fans = status["fans"].as_array();
        readings.is_some_and(|r| !r.is_empty()) && fans.is_some_and(|f| !f.is_empty())
    });
    let seq = status(site).expect("it answers")["seq"].as_u64();
    let there = wait_for("what was discovered", PATIENCE, || {
        let there = lies_there(broker);
        (there["farm/rig-7/state"]["seq"].as_u64() > seq).then_some(there)
    });
    assert_eq!(there["farm/rig-7/availability"], "online");
    let state = &there["farm/rig-7/state"];
    // A fan's duty follows the heat: both are asked of one snapshot.
    let listener = broker.listen();
    let newest = || {
        listener
            .wait_for("farm/rig-7/state", "a state", |_| true)
            .json()
    };
    let asked = || status(site).expect("it answers");
    let (told, now) = of_one_snapshot("one snapshot here and there", newest, asked);
    for same in [
        "machine",
        "chains/0/chips_expected",
        "pools/0/url",
        "fans/1/duty_percent",
    ] {
        let at = format!("/{same}");
        assert!(now.pointer(&at).is_some(), "{same}");
        assert_eq!(told.pointer(&at), now.pointer(&at), "{same}");
    }
    assert!(state["pools"][0].get("user").is_none());
    assert_eq!(state["machine"]["emulated"], true);
    let configs = configs(&there);
    let device = &configs["homeassistant/sensor/rig-7/hashrate/config"]["device"];
    assert_eq!(device["model"], "Antminer S9 (emulated)");
    let shown = shown(python, site.folder.path(), &there);
    println!("{shown}");
    let templates = configs
        .values()
        .filter(|config| config["value_template"].is_string());
    let count = shown.as_object().map(|shown| shown.len());
    assert_eq!(count, Some(templates.count()));
    let text = |value: &Value| match value {
        Value::Null => "None".to_owned(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    for (entity, at) in [
        ("state", "/state"),
        ("hashrate", "/hashrate_ths/m1"),
        ("power", "/power_w"),
        ("shares_accepted", "/shares/accepted"),
        ("uptime", "/uptime_s"),
        ("fan_0_speed", "/fans/0/rpm"),
        ("power_ceiling", "/settings/power_ceiling/in_force"),
    ] {
        let expected = state.pointer(at).map(text);
        let shown = shown[format!("rig-7_{entity}")].as_str().map(str::to_owned);
        assert_eq!(shown, expected, "{entity}");
    }
    for reading in state["temperatures"].as_array().expect("readings") {
        let place = reading["place"]
            .as_str()
            .expect("a place")
            .replace(' ', "_");
        let shown = &shown[format!("rig-7_temperature_{place}")];
        assert_eq!(
            shown.as_str(),
            Some(&*text(&reading["temp_c"])),
            "{reading}"
        );
    }
    assert_eq!(shown["rig-7_hashing"], "ON");
    let faults = there["farm/rig-7/faults"]["count"].as_u64() > Some(0);
    assert_eq!(shown["rig-7_fault"], if faults { "ON" } else { "OFF" });
}

fn orders(site: &Site, daemon: &mut Program, broker: &Broker, all: &Listener) {
    // Whatever lay there was sent before this.
    broker.say("farm/rig-7/set/locate", "PRESS", false);
    wait_for_status(site, daemon, "the light", |status| {
        status["locating"] == true
    });
    let now = status(site).expect("it answers");
    assert_eq!(
        now["settings"]["intent"], "hash",
        "what lay there was followed"
    );
    broker.say("farm/rig-7/set/power_ceiling", "99999999", false);
    let refused = all
        .wait_for("farm/rig-7/refused", "a refusal", |_| true)
        .json();
    assert_eq!(
        (&refused["order"], &refused["code"]),
        (&json!("power_ceiling"), &json!("E-API-RANGE"))
    );
    let ceiling = &now["settings"]["power_ceiling"];
    let (min, max) = (ceiling["min"].as_f64(), ceiling["max"].as_f64());
    let half = (min.expect("a least") + max.expect("a most")).round() / 2.0;
    broker.say("farm/rig-7/set/power_ceiling", &half.to_string(), false);
    wait_for_status(site, daemon, "the ceiling", |status| {
        status["settings"]["power_ceiling"]["set"].as_f64() == Some(half)
    });
    broker.say("farm/rig-7/set/hashing", "OFF", false);
    wait_for_status(site, daemon, "a pause", |status| {
        status["settings"]["intent"] == "pause"
    });
    all.wait_for("farm/rig-7/state", "the pause, told", |message| {
        message.json()["settings"]["intent"] == "pause"
    });
    broker.say("farm/rig-7/set/hashing", "ON", false);
    wait_for_status(site, daemon, "hashing", |status| {
        status["settings"]["intent"] == "hash"
    });
    wait_for("the list of changes", PATIENCE, || {
        let log = daemon.stderr();
        let told = |what: &str| {
            log.lines()
                .any(|l| l.contains("E-ACCESS-CHANGE") && l.contains("mqtt") && l.contains(what))
        };
        (told("pause") && told("resume") && told("locate") && told("power_ceiling")).then_some(())
    });
}

fn said_nowhere(site: &Site, daemon: &Program, all: &Listener) {
    let mut said = daemon.everything();
    for path in ["api/v1/status", "api/v1/log", "metrics"] {
        let answer = minreq::get(format!("{}{path}", site.page))
            .with_timeout(ANSWER_S)
            .send();
        said.push_str(answer.expect("it answers").as_str().unwrap_or_default());
    }
    for message in all.heard() {
        said.push_str(&message.payload);
    }
    assert!(said.contains("E-MQTT-UP"));
    assert!(!said.contains("s3cr3t"), "{said}");
}

#[test]
fn a_broker_behind_tls_is_believed_by_its_authority_alone_and_a_wrong_login_is_a_fault() {
    let (Some(binary), Some(programs)) = (stannary(), broker_programs()) else {
        return;
    };
    let (authority, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    let [certificate, key] = authority.issue();
    let broker = Broker::with_tls(&programs, LOGIN, [&certificate, &key, authority.pem()]);
    let folder = process::Folder::new();
    let trust = |name: &str, authority: &CertificateAuthority| {
        let path = folder.write(name, authority.pem());
        format!("tls_ca = \"{}\"", path.display())
    };
    let wrong = site(&broker, "mqtts", &trust("other.pem", &other));
    let mut daemon = wrong.run(&binary);
    let fault = |site: &Site, daemon: &mut Program, code: &str| {
        wait_for(code, PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let status = status(site)?;
            let faults = status["faults"].as_array()?.iter();
            faults.clone().find(|fault| fault["code"] == code).cloned()
        })
    };
    let told = fault(&wrong, &mut daemon, "E-MQTT-TLS");
    assert!(
        told["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.contains("tls_ca")),
        "{told}"
    );
    assert!(!broker.program.stderr().contains("New client connected"));
    drop(daemon);

    let right = site(&broker, "mqtts", &trust("ca.pem", &authority));
    let listener = broker.listen();
    let mut daemon = right.run(&binary);
    online(&listener);
    let now = status(&right).expect("it answers");
    let faults = now["faults"].to_string();
    assert!(!faults.contains("E-MQTT"), "{faults}");
    assert!(daemon.ended().is_none());
    drop(daemon);

    let text = std::fs::read_to_string(&right.config).expect("it was written");
    let text = text.replace(LOGIN[1], "s3cr3t-wrong");
    std::fs::write(&right.config, text).expect("it can be written");
    let mut daemon = right.run(&binary);
    fault(&right, &mut daemon, "E-MQTT-AUTH");
    assert!(!daemon.everything().contains("s3cr3t"));
}
