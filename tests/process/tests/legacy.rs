//! The interfaces of old clients by plain sockets, on the daemon as it is run.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use process::{
    ANSWER_S, Broker, Listener, OldPorts, PATIENCE, PoolHost, Site, broker_programs, get_json,
    of_one_snapshot, stannary, wait_for,
};
use serde_json::Value;

const BROKER_LOGIN: [&str; 2] = ["rig", "s3cr3t-broker"];
const STATE: &str = "farm/rig-7/state";

/// A page of the web interface, of a twin.
fn page(site: &Site, name: &str) -> Option<Value> {
    get_json(&format!("{}cgi-bin/{name}.cgi", site.page))
}

/// What all interfaces say at one moment.
struct Moment {
    status: Value,
    metrics: String,
    socket: Value,
    summary: Value,
    stats: Value,
    pools: Value,
    /// At the broker.
    told: Value,
}

/// All of it of the snapshot that the broker was told of last: nothing is asked before that comes, so that most of the
/// time to the next one is left.
fn moment(site: &Site, ports: &OldPorts, heard: &Listener) -> Moment {
    let mut last = None;
    wait_for(
        "all boards in one snapshot of all interfaces",
        PATIENCE,
        || {
            let told = newest(heard)?;
            if last.replace(told["seq"].clone()).as_ref() == Some(&told["seq"]) {
                return None;
            }
            let taken = Moment {
                socket: ports.ask("summary+stats+pools+devs", None)?,
                summary: page(site, "summary")?,
                stats: page(site, "stats")?,
                pools: page(site, "pools")?,
                metrics: metrics(site)?,
                status: get_json(&format!("{}api/v1/status?chips=1", site.page))?,
                told,
            };
            let one = taken.status["seq"] == taken.told["seq"];
            (one && settled(&taken.status)).then_some(taken)
        },
    )
}

/// The last state at the broker.
fn newest(heard: &Listener) -> Option<Value> {
    let states = heard.heard().into_iter().rev();
    states.filter(|m| m.topic == STATE).map(|m| m.json()).next()
}

/// Boards come up one after the other, sensors are read in turns, and those of chips only once these answer.
fn settled(status: &Value) -> bool {
    let list = |key: &str| status[key].as_array().expect("a list").iter();
    let known = |slot: usize| {
        let of = format!("board {slot} ");
        list("temperatures").any(|t| {
            let place = t["place"].as_str().unwrap_or_default();
            place.starts_with(&of) && !place.contains(" chip ") && t["temp_c"].is_f64()
        })
    };
    list("chains").all(|chain| chain["state"] == "hashing") && (0..list("chains").len()).all(known)
}

fn metrics(site: &Site) -> Option<String> {
    let answer = minreq::get(format!("{}metrics", site.page))
        .with_timeout(ANSWER_S)
        .send()
        .ok()?;
    answer.as_str().ok().map(str::to_owned)
}

/// The value of the sample of this name and with this label, as `key="value"`.
fn sample(metrics: &str, name: &str, label: &str) -> Value {
    let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
    let found = lines.find(|rest| rest.starts_with([' ', '{']) && rest.contains(label));
    let value = found.and_then(|rest| rest.rsplit(' ').next());
    value.map_or(Value::Null, |value| Value::String(value.to_owned()))
}

/// GH/s of what is TH/s there.
fn ghs(ths: &Value) -> f64 {
    (ths.as_f64().unwrap_or(0.0) * 1e4).round() / 10.0
}

#[track_caller]
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().expect("a number as text"),
        value => match value.as_f64() {
            Some(number) => number,
            None => panic!("no number: {value}"),
        },
    }
}

#[test]
fn every_interface_says_the_same_of_one_moment() {
    let (Some(binary), Some(programs)) = (stannary(), broker_programs()) else {
        return;
    };
    for (machine, first) in [("antminer-s19-pro", 1), ("antminer-s9", 6)] {
        let mut site = Site::new(machine);
        let ports = site.open_to_old_clients(None, "read");
        let broker = Broker::start(&programs, BROKER_LOGIN);
        site.tells(&broker, "mqtt", "");
        let heard = broker.listen();
        let mut daemon = site.run(&binary);
        site.wait_for_shares(&mut daemon);
        let m = moment(&site, &ports, &heard);
        let (s, rates) = (&m.status, &m.status["hashrate_ths"]);
        let summary = &m.socket["summary"][0]["SUMMARY"][0];
        let flat = &m.socket["stats"][0]["STATS"][1];
        let (web, stats) = (&m.summary["SUMMARY"][0], &m.stats["STATS"][0]);
        for (shown, is) in [
            (&summary["GHS 5s"], &rates["s5"]),
            (&summary["GHS av"], &rates["h1"]),
            (&flat["GHS 5s"], &rates["s5"]),
            (&flat["total_rateideal"], &rates["nominal"]),
            (&web["rate_5s"], &rates["s5"]),
            (&web["rate_30m"], &rates["m15"]),
            (&stats["rate_ideal"], &rates["nominal"]),
        ] {
            assert_eq!(number(shown), ghs(is), "{machine}: {summary} {rates}");
        }
        for (ours, theirs) in [
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("stale", "Stale"),
            ("hw_errors", "Hardware Errors"),
            ("lost", "Remote Failures"),
        ] {
            assert_eq!(s["shares"][ours], summary[theirs], "{machine}: {ours}");
        }
        check_boards(s, flat, stats, first);
        check_metrics(s, &m.metrics);
        check_broker(s, &m.told);
        the_command_line_prints_what_is_streamed(&binary, &site);
        for (i, fan) in s["fans"].as_array().expect("fans").iter().enumerate() {
            assert_eq!(flat[format!("fan{}", i + 1)], fan["rpm"], "{machine}");
            assert_eq!(stats["fan"][i], fan["rpm"], "{machine}");
        }
        let pool = &s["pools"][0];
        for shown in [&m.socket["pools"][0]["POOLS"][0], &m.pools["POOLS"][0]] {
            let of = |long: &str, short: &str| shown.get(long).or(shown.get(short)).cloned();
            assert_eq!(of("Accepted", "accepted").as_ref(), Some(&pool["accepted"]));
            assert_eq!(of("URL", "url").as_ref(), Some(&pool["url"]));
            assert_eq!(of("User", "user").as_ref(), Some(&pool["user"]));
            assert_eq!(of("Status", "status"), Some("Alive".into()));
        }
    }
}

/// The same object, without what has a topic of its own and what the broker is not told.
fn check_broker(s: &Value, told: &Value) {
    let mut expected = s.clone();
    let fields = expected.as_object_mut().expect("an object");
    fields.remove("faults");
    fields.remove("decisions");
    for chain in expected["chains"].as_array_mut().expect("chains") {
        chain.as_object_mut().expect("an object").remove("chips");
    }
    for pool in expected["pools"].as_array_mut().expect("pools") {
        pool.as_object_mut().expect("an object").remove("user");
    }
    assert_eq!(*told, expected);
}

fn check_metrics(s: &Value, metrics: &str) {
    let check = |name: &str, label: &str, is: &Value| {
        if is.is_null() {
            assert_eq!(sample(metrics, name, label), Value::Null, "{name} {label}");
            return;
        }
        let shown = sample(metrics, name, label);
        assert!(!shown.is_null(), "{name} {label}\n{metrics}");
        let shown = number(&shown);
        assert_eq!(shown, number(is), "{name} {label}\n{metrics}");
    };
    check("stannary_snapshots_total", "", &s["seq"]);
    check("stannary_uptime_seconds", "", &s["uptime_s"]);
    let efficiency = "stannary_efficiency_joules_per_terahash";
    check(efficiency, "", &s["efficiency_j_per_th"]);
    for (window, key) in [("5s", "s5"), ("1m", "m1"), ("15m", "m15"), ("1h", "h1")] {
        let label = format!("window=\"{window}\"");
        let is = &s["hashrate_ths"][key];
        check("stannary_hashrate_terahashes_per_second", &label, is);
    }
    for result in ["accepted", "rejected", "stale"] {
        let label = format!("outcome=\"{result}\"");
        check("stannary_shares_total", &label, &s["shares"][result]);
    }
    check("stannary_hw_errors_total", "", &s["shares"]["hw_errors"]);
    check("stannary_power_watts", "", &s["power_w"]);
    for (slot, chain) in s["chains"].as_array().expect("chains").iter().enumerate() {
        let label = format!("=\"{slot}\"");
        check("stannary_chain_chips_found", &label, &chain["chips_found"]);
        check(
            "stannary_chain_hw_errors_total",
            &label,
            &chain["hw_errors"],
        );
        let rate = "stannary_chain_hashrate_terahashes_per_second";
        check(rate, &label, &chain["hashrate_ths"]);
    }
    for (i, fan) in s["fans"].as_array().expect("fans").iter().enumerate() {
        check("stannary_fan_rpm", &format!("=\"{i}\""), &fan["rpm"]);
    }
    for sensor in s["temperatures"].as_array().expect("a list") {
        let label = format!("place={}", sensor["place"]);
        check("stannary_temperature_celsius", &label, &sensor["temp_c"]);
    }
}

/// A snapshot is known by its number: that of the command line is sought among those of the stream.
fn the_command_line_prints_what_is_streamed(binary: &Path, site: &Site) {
    let host = site
        .page
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let asked = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(asked.as_bytes()).expect("sent");
    let mut lines = BufReader::new(stream).lines();
    let mut next = || loop {
        let line = lines.next().expect("the stream goes on").expect("a line");
        let data = line
            .strip_prefix("data: ")
            .map(serde_json::from_str::<Value>);
        // Notes and faults come as well.
        match data {
            Some(Ok(event)) if event["hashrate_ths"].is_object() => return event,
            _ => {}
        }
    };
    let told = |what: &str| -> Value {
        let api = site.socket();
        let mut command = Command::new(binary);
        command.args([what, "--json", "--api"]).arg(api);
        let output = command.output().expect("the binary starts");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let what = "one snapshot in the stream and on the command line";
    let (streamed, printed) = of_one_snapshot(what, &mut next, || told("status"));
    assert_eq!(printed, streamed);
    wait_for("the pools of one moment", PATIENCE, || {
        let pools = || Some(get_json(&format!("{}api/v1/status", site.page))?["pools"].clone());
        let (before, shown, after) = (pools()?, told("pools"), pools()?);
        let still = before[0]["accepted"] == after[0]["accepted"];
        still.then(|| {
            for key in ["url", "user", "state", "accepted", "rejected", "difficulty"] {
                assert_eq!(shown[0][key], after[0][key], "{key}: {shown}");
            }
        })
    });
}

fn check_boards(s: &Value, flat: &Value, stats: &Value, first: usize) {
    let chains = s["chains"].as_array().expect("chains");
    assert_eq!(stats["chain"].as_array().map(Vec::len), Some(chains.len()));
    for (slot, chain) in chains.iter().enumerate() {
        let (n, web) = (first + slot, &stats["chain"][slot]);
        assert_eq!(flat[format!("chain_acn{n}")], chain["chips_found"]);
        assert_eq!(web["asic_num"], chain["chips_found"]);
        assert_eq!(
            number(&flat[format!("chain_rate{n}")]),
            ghs(&chain["hashrate_ths"])
        );
        assert_eq!(number(&web["rate_real"]), ghs(&chain["hashrate_ths"]));
        assert_eq!(web["hw"], chain["hw_errors"]);
        let letters = flat[format!("chain_acs{n}")].as_str().expect("letters");
        let chips = letters.chars().filter(|c| *c != ' ').count() as u64;
        assert_eq!(Some(chips), chain["chips_expected"].as_u64());
        // The hottest of the board, by what the status calls its sensors.
        let sensors = s["temperatures"].as_array().expect("a list").iter();
        let of_board = sensors.filter(|t| {
            let place = t["place"].as_str().expect("a place");
            place.starts_with(&format!("board {slot} ")) && !place.contains(" chip ")
        });
        let hottest = of_board
            .filter_map(|t| t["temp_c"].as_f64())
            .fold(-99.0, f64::max);
        assert_eq!(number(&flat[format!("temp{n}")]), hottest.round());
        let shown = web["temp_pcb"].as_array().expect("four").iter().map(number);
        assert_eq!(shown.fold(-99.0, f64::max), hottest.round());
    }
}

#[test]
fn the_owner_decides_whether_old_clients_change_anything() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut site = Site::new("antminer-s9");
    let closed = site.open_to_old_clients(None, "read");
    let mut daemon = site.run(&binary);
    site.wait_for_state(&mut daemon, "hashing");
    let address = PoolHost::start(Default::default());
    let added = format!("stratum+tcp://{},other.worker,y", address.address());
    for (command, parameter) in [
        ("addpool", added.as_str()),
        ("switchpool", "0"),
        ("restart", ""),
    ] {
        let refused = closed.code(command, Some(parameter));
        assert_eq!(refused, ("E".into(), 45), "{command}");
    }
    let warning = get_json(&format!("http://{}/warning", closed.side));
    assert!(warning.is_some_and(|w| w["error_message"].is_string()));
    daemon.terminate();
    assert_eq!(daemon.wait(PATIENCE).code(), Some(0));

    let mut site = Site::new("antminer-s9");
    let open = site.open_to_old_clients(None, "write");
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    assert_eq!(
        open.code("addpool", Some("carrier-pigeon://x,u,p")),
        ("E".into(), 53)
    );
    assert_eq!(open.code("addpool", Some(&added)), ("S".into(), 55));
    // The answer waits until it is listed, for two seconds.
    wait_for("the other pool in the list", PATIENCE, || {
        let listed = open.ask("pools", None)?;
        let added = &listed["POOLS"][1];
        (added["POOL"] == 1 && added["User"] == "other.worker").then_some(())
    });
    assert_eq!(open.code("switchpool", Some("1")), ("S".into(), 27));
    let first = || {
        let pools = open.ask("pools", None)?;
        (pools["POOLS"][0]["POOL"] == 1).then_some(())
    };
    assert_eq!(first(), Some(()), "a change shows once it was answered");
    // A daemon that ends waits a second for its disk, which a busy computer may not keep to.
    wait_for("the order in the file", PATIENCE, || {
        let text = std::fs::read_to_string(&site.config).ok()?;
        let at = ["other.worker", "account.worker"].map(|user| text.find(user));
        (at[0].is_some() && at[0] < at[1]).then_some(())
    });
    let uptime = || get_json(&format!("{}api/v1/status", site.page))?["uptime_s"].as_f64();
    let before = uptime().expect("it answers");
    let told = open.ask("restart", None).expect("an answer");
    assert_eq!(told["STATUS"], "RESTART");
    wait_for("the same process anew", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        uptime().filter(|now| *now < before)
    });
    // The configuration remembers the order.
    wait_for("the other pool as the first again", PATIENCE, || {
        let pools = open.ask("pools", None)?;
        (pools["POOLS"][0]["User"] == "other.worker").then_some(())
    });
    site.wait_for_state(&mut daemon, "hashing");
    daemon.wait_for_word("E-ACCESS-CHANGE");
    assert!(!daemon.stderr().contains("other.worker,y"));
    daemon.terminate();
    assert_eq!(daemon.wait(PATIENCE).code(), Some(0));
}
