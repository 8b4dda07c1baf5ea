use std::sync::{Arc, Mutex};

use serde_json::Value;
use telemetry::{ChainState, Snapshot};

use super::*;
use crate::access::Kept;
use crate::legacy::fixture::server::{Given, Told, gate};
use crate::legacy::{Allowed, Legacy, Restart, fixture};
use crate::live::Live;
use crate::pools::PoolOrders;
use crate::published::Published;
use crate::server::Takers;

/// Somebody who may do this, a miner, and what it was ordered.
struct Scene {
    shared: Arc<Shared>,
    ordered: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    fn new(permission: Permission) -> Self {
        Scene::of(permission, fixture::snapshot())
    }

    fn of(permission: Permission, snapshot: Snapshot) -> Self {
        let ordered: Arc<Mutex<Vec<String>>> = Arc::default();
        let published = Published::new(snapshot, 1);
        let note = |list: &Arc<Mutex<Vec<String>>>| {
            let list = Arc::clone(list);
            move |what: String| list.lock().expect("nobody panics").push(what)
        };
        let (take, add) = (note(&ordered), note(&ordered));
        let (restart, shelf) = (note(&ordered), published.clone());
        let pools: PoolOrders = Arc::new(move |order| {
            add(order.shown().to_string());
            let mut next = Snapshot::clone(&shelf.snapshot());
            fixture::obey(&mut next, Given::Pools(order));
            shelf.publish(Arc::new(next));
            Ok(())
        });
        let legacy = Legacy {
            allowed: Arc::new(move || Allowed {
                permission,
                credential: None,
            }),
            restart: Arc::new(move |what: Restart| {
                restart(format!("{what:?}"));
                true
            }),
            ..Legacy::default()
        };
        let commands = Arc::new(move |command| {
            take(format!("{command:?}"));
            true
        });
        let takers = Takers { commands, pools };
        let shared = Arc::new(Shared {
            published,
            gate: gate(Ok(Kept::default()), &Told::default()),
            takers,
            legacy,
            live: Live::default(),
            https: None,
            tester: Arc::new(crate::pool_test::Tester::new(None)),
        });
        Scene { shared, ordered }
    }

    fn raw(&self, request: &str) -> Option<String> {
        self.raw_from([127, 0, 0, 1], request)
    }

    fn raw_from(&self, from: [u8; 4], request: &str) -> Option<String> {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().expect("a runtime");
        let from = SocketAddr::from((from, 5));
        let answer = runtime.block_on(answer(&self.shared, from, request.as_bytes()))?;
        let text = String::from_utf8(answer).expect("text");
        Some(
            text.strip_suffix('\0')
                .expect("a zero at the end")
                .to_owned(),
        )
    }

    fn text(&self, request: &str) -> String {
        self.raw(request).expect("an answer")
    }

    fn json(&self, command: &str, parameter: Option<&str>) -> Value {
        let request = serde_json::json!({ "command": command, "parameter": parameter });
        serde_json::from_str(&self.text(&request.to_string())).expect("JSON")
    }

    fn code(&self, command: &str, parameter: Option<&str>) -> (String, u64) {
        let reply = self.json(command, parameter);
        let status = &reply["STATUS"][0];
        let kind = status["STATUS"].as_str().expect("a kind").to_owned();
        (kind, status["Code"].as_u64().expect("a code"))
    }

    fn ordered(&self) -> Vec<String> {
        std::mem::take(&mut *self.ordered.lock().expect("nobody panics"))
    }
}

const READS: &[(&str, u64, &str)] = &[
    ("version", 22, "VERSION"),
    ("config", 33, "CONFIG"),
    ("summary", 11, "SUMMARY"),
    ("pools", 7, "POOLS"),
    ("devs", 9, "DEVS"),
    ("edevs", 9, "DEVS"),
    ("devdetails", 69, "DEVDETAILS"),
    ("stats", 70, "STATS"),
    ("estats", 70, "STATS"),
    ("coin", 78, "COIN"),
    ("notify", 60, "NOTIFY"),
    ("lcd", 125, "LCD"),
    ("asccount", 104, "ASCS"),
    ("pgacount", 59, "PGAS"),
];

#[test]
fn every_reading_command_answers_with_its_code_and_section() {
    let scene = Scene::new(Permission::Read);
    for (command, code, section) in READS {
        let reply = scene.json(command, None);
        assert_eq!(reply["STATUS"][0]["STATUS"], "S", "{command}");
        assert_eq!(reply["STATUS"][0]["Code"], *code, "{command}");
        assert!(
            reply[section].as_array().is_some_and(|l| !l.is_empty()),
            "{command}"
        );
        assert_eq!(reply["id"], 1, "{command}");
        let text = scene.text(&format!("{command}\n"));
        assert!(text.starts_with("STATUS=S,When="), "{text}");
        assert!(text.ends_with('|'), "{text}");
    }
}

#[test]
fn numbers_are_those_of_the_snapshot_in_their_makers_types() {
    let scene = Scene::new(Permission::Read);
    let row = &scene.json("summary", None)["SUMMARY"][0];
    assert_eq!(row["GHS 5s"], "112345.70");
    assert_eq!(row["GHS av"], 0.0);
    assert_eq!(
        (&row["Elapsed"], &row["Accepted"]),
        (&3725.into(), &12_345.into())
    );
    assert_eq!(
        (&row["Stale"], &row["Hardware Errors"]),
        (&61.into(), &14.into())
    );
    assert_eq!(row["Best Share"], 81_000_000);
    let reply = scene.json("stats", None);
    let (head, row) = (&reply["STATS"][0], &reply["STATS"][1]);
    assert_eq!(head["Type"], "Antminer S19 Pro");
    assert_eq!(head["Miner"], "Stannary 0.1.0 (emulated)");
    assert_eq!(row["chain_rate1"], "37123.50");
    assert_eq!(
        (&row["chain_acn1"], &row["chain_acn3"]),
        (&114.into(), &113.into())
    );
    assert_eq!(
        (&row["total_acn"], &row["miner_count"]),
        (&341.into(), &3.into())
    );
    assert_eq!((&row["fan_num"], &row["fan1"]), (&1.into(), &4560.into()));
    assert_eq!(
        (&row["temp1"], &row["temp_pcb1"]),
        (&62.into(), &"62-62-0-0".into())
    );
    assert!(row.get("temp3").is_none(), "a failed sensor has no value");
    let letters = row["chain_acs3"].as_str().expect("letters");
    let count = |letter| letters.chars().filter(|c| *c == letter).count();
    assert_eq!(
        (count('o'), count('-'), count('x')),
        (113, 1, 0),
        "{letters}"
    );
    let pools = scene.json("pools", None);
    let pool = &pools["POOLS"][0];
    assert_eq!(
        (&pool["Diff"], &pool["Last Share Time"]),
        (&"65.5K".into(), &"0:00:01".into())
    );
    assert_eq!(
        (&pool["Status"], &pool["Stratum Active"]),
        (&"Alive".into(), &true.into())
    );
    assert_eq!(pool["Stratum URL"], "pool.example");
    assert_eq!(pools["POOLS"][1]["Status"], "Dead");
}

#[test]
fn a_machine_has_any_number_of_boards() {
    for boards in [0, 1, 4] {
        let mut snapshot = fixture::snapshot();
        let one = snapshot.chains[0].clone();
        let chain = |slot| telemetry::Chain {
            slot,
            ..one.clone()
        };
        snapshot.chains = (0..boards).map(chain).collect();
        let scene = Scene::of(Permission::Read, snapshot);
        for (command, ..) in READS {
            let _ = scene.json(command, None);
        }
        let devs = scene.json("devs", None);
        let listed = devs["DEVS"].as_array().map_or(0, Vec::len);
        assert_eq!(listed, usize::from(boards));
        assert_eq!(scene.json("asccount", None)["ASCS"][0]["Count"], boards);
        let stats = scene.json("stats", None);
        let last = format!("chain_acn{boards}");
        assert_eq!(
            stats["STATS"][1].get(&last).is_some(),
            boards > 0,
            "{boards}"
        );
    }
    let mut snapshot = fixture::snapshot();
    snapshot.chains[1].state = ChainState::Absent;
    let stats = Scene::of(Permission::Read, snapshot).json("stats", None);
    assert_eq!(
        (
            &stats["STATS"][1]["chain_acn2"],
            &stats["STATS"][1]["chain_rate2"]
        ),
        (&0.into(), &"".into())
    );
}

#[test]
fn joined_commands_stand_in_a_list_of_one_each() {
    let scene = Scene::new(Permission::Write);
    let reply = scene.json("summary+pools+summary+addpool+nothing+asc", Some("x"));
    assert_eq!(
        reply["summary"][0]["SUMMARY"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(reply["pools"][0]["STATUS"][0]["Code"], 7);
    for (name, code) in [("addpool", 45), ("nothing", 14), ("asc", 45)] {
        assert_eq!(reply[name][0]["STATUS"][0]["Code"], code, "{name}");
    }
    assert_eq!(reply["id"], 1);
    assert!(scene.ordered().is_empty());
    let text = scene.text("version+summary\n");
    assert!(text.starts_with("CMD=version|STATUS=S,"), "{text}");
    assert!(text.contains("|CMD=summary|STATUS=S,"), "{text}");
}

#[test]
fn requests_that_cannot_be_read_have_their_codes() {
    let scene = Scene::new(Permission::Read);
    let check = |request: &str, code: u64| {
        let reply: Value = serde_json::from_str(&scene.text(request)).expect("JSON");
        assert_eq!(reply["STATUS"][0]["Code"], code, "{request}");
    };
    check("{", 23);
    check("{}", 24);
    check("{\"command\":1}", 14);
    check("{\"command\":\"Summary\"}", 14);
    assert!(scene.text("POST / HTTP/1.1\r\n").contains("Code=14"));
    assert_eq!(scene.code("asc", None), ("E".into(), 15));
    assert_eq!(scene.code("asc", Some("3")), ("E".into(), 107));
    assert_eq!(scene.code("asc", Some("2")), ("S".into(), 106));
    assert_eq!(scene.code("check", None), ("E".into(), 71));
}

#[test]
fn nobody_writes_without_the_owners_word() {
    let scene = Scene::new(Permission::Read);
    let writes = COMMANDS
        .iter()
        .filter(|c| matches!(c.does, Does::Write | Does::Never));
    for command in writes {
        for parameter in [None, Some("0"), Some("stratum+tcp://h:1,u,p")] {
            assert_eq!(
                scene.code(command.name, parameter),
                ("E".into(), 45),
                "{}",
                command.name
            );
        }
        let check = scene.json("check", Some(command.name));
        assert_eq!(
            (&check["CHECK"][0]["Exists"], &check["CHECK"][0]["Access"]),
            (&"Y".into(), &"N".into())
        );
    }
    assert!(scene.ordered().is_empty());
    assert_eq!(Scene::new(Permission::Nothing).raw("version\n"), None);
    let scene = Scene::new(Permission::Write);
    let from_afar = scene.raw_from([192, 168, 1, 9], "switchpool|1\n");
    assert!(from_afar.is_some_and(|reply| reply.contains("Code=45")));
    assert!(scene.ordered().is_empty());
}

#[test]
fn with_it_pools_are_changed_by_the_orders_of_every_interface() {
    let scene = Scene::new(Permission::Write);
    let check = |command: &str, parameter: &str, reply: (&str, u64), ordered: &[&str]| {
        let got = scene.code(command, Some(parameter));
        assert_eq!((got.0.as_str(), got.1), reply, "{command} {parameter}");
        assert_eq!(scene.ordered(), ordered, "{command} {parameter}");
    };
    check("privileged", "", ("S", 46), &[]);
    let first = [
        r#"{"order":"enable","pool":1}"#,
        r#"{"order":"move","place":0,"pool":1}"#,
    ];
    check("switchpool", "1", ("S", 27), &first);
    check("switchpool", "9", ("E", 26), &[]);
    check("switchpool", "-1", ("E", 26), &[]);
    check("enablepool", "1", ("I", 49), &[]);
    check(
        "disablepool",
        "1",
        ("S", 48),
        &[r#"{"order":"disable","pool":1}"#],
    );
    check("removepool", "0", ("E", 67), &[]);
    let ranked = [
        r#"{"order":"move","place":0,"pool":1}"#,
        r#"{"order":"move","place":1,"pool":0}"#,
    ];
    check("poolpriority", "1,0", ("S", 73), &ranked);
    check("poolpriority", "1,1", ("E", 74), &[]);
    check("poolpriority", "1,x", ("E", 26), &[]);
    check(
        "removepool",
        "1",
        ("S", 68),
        &[r#"{"order":"remove","pool":1}"#],
    );
    check("addpool", "only", ("E", 53), &[]);
    check("addpool", "a,,p", ("E", 53), &[]);
    let added =
        r#"{"group":null,"order":"add","place":null,"url":"stratum+tcp://h:1","user":"a,b"}"#;
    check(
        "addpool",
        r"stratum+tcp://h:1,a\,b,secret",
        ("S", 55),
        &[added],
    );
    assert_eq!(scene.code("addpool", None), ("E".into(), 52));
    assert_eq!(scene.code("switchpool", None), ("E".into(), 25));
    assert_eq!(scene.json("restart", None)["STATUS"], "RESTART");
    assert_eq!(scene.ordered(), ["Miner"]);
    assert_eq!(scene.code("quit", None), ("E".into(), 45));
}

#[test]
fn the_newer_form_gives_the_web_interfaces_objects() {
    let scene = Scene::new(Permission::Read);
    let ask = |command: &str| -> Value {
        let request = format!("{{\"command\":\"{command}\",\"new_api\":true}}");
        serde_json::from_str(&scene.text(&request)).expect("JSON")
    };
    for (command, list) in [
        ("stats", "STATS"),
        ("summary", "SUMMARY"),
        ("pools", "POOLS"),
        ("warning", "WARNING"),
        ("rate", "RATE"),
    ] {
        let object = ask(command);
        assert_eq!(object["STATUS"]["STATUS"], "S", "{command}");
        assert_eq!(object["INFO"]["type"], "Antminer S19 Pro");
        assert!(object[list].is_array(), "{command}");
    }
    for command in ["reload", "version", "stats+pools"] {
        assert_eq!(ask(command)["STATUS"]["STATUS"], "E", "{command}");
    }
}
