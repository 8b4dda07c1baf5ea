//! `stannary demo` as a newcomer runs it.

use std::process::Command;

use process::{
    PATIENCE, Program, clients_python, get_json, own_loopback, run_client, stannary, wait_for,
};

#[test]
fn a_demo_of_an_s19_pro_earns_shares_and_loses_none() {
    check("antminer-s19-pro", 3, 114);
}

#[test]
fn a_demo_of_an_s21_pro_earns_shares_and_loses_none() {
    check("antminer-s21-pro", 3, 65);
}

#[test]
fn a_demo_ends_by_itself_when_its_time_is_over() {
    let Some(binary) = stannary() else {
        return;
    };
    let args = ["demo", "--machine", "antminer-s9", "--seconds", "3"];
    let args = args.into_iter().chain(["--http", "127.0.0.1:0"]);
    let mut demo = Program::start(Command::new(binary).args(args));
    // Whether it found something in this time is chance.
    let ended = demo.wait(PATIENCE);
    assert!(ended.code().is_some_and(|code| code <= 1), "{ended}");
    assert!(
        demo.stdout().contains("\nresult: "),
        "{}",
        demo.everything()
    );
}

/// Every other machine that this build says it runs: with `scripts/test --full`, since each
/// takes the time of its demo.
#[test]
fn a_demo_of_every_machine_that_runs_earns_shares_and_loses_none() {
    let Some(binary) = stannary() else {
        return;
    };
    let listed = Command::new(binary).args(["machines", "--json"]).output();
    let listed = listed.expect("the binary starts").stdout;
    let machines: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    let machines = machines.as_array().expect("a list");
    assert!(machines.len() >= 12, "{} machines", machines.len());
    for m in machines {
        let name = m["model"].as_str().expect("a name");
        if m["runs"] != true {
            assert!(m["refusal"].is_string(), "{m}");
            println!("{name}: {}", m["refusal"]);
            continue;
        }
        assert!(m["refusal"].is_null(), "{m}");
        if std::env::var_os("STANNARY_TEST_FULL").is_some() {
            let (slots, chips) = (&m["slots"], &m["hashboard"]["chips"]);
            let number = |v: &serde_json::Value| v.as_u64().expect("a number");
            check(name, number(slots) as usize, number(chips));
        }
    }
}

/// At an address of its own, since these clients take no other port.
#[test]
fn a_demo_lets_fleet_software_in_where_that_was_asked_for() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    let Some(ip) = own_loopback() else {
        return;
    };
    let page = format!("{ip}:80");
    let args = ["demo", "--old-clients", "--http", &page];
    let mut demo = Program::start(Command::new(binary).args(args));
    let login = wait_for("the login of old clients", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        let said = demo.stdout();
        let line = said.lines().find(|line| line.starts_with("old: "))?;
        line.rsplit(' ').next().map(str::to_owned)
    });
    let ip = ip.to_string();
    let said = run_client(&python, "with_pyasic.py", &[&ip, &login, "read"]);
    let data = &said["data"];
    assert_eq!(
        (&data["make"], &data["model"]),
        (&"AntMiner".into(), &"S19 Pro".into()),
        "{said}"
    );
    assert_eq!(data["pools"][0]["user"], "demo.worker", "{said}");
    // The password is the one that was printed: with another one nothing is changed.
    let light = |password| run_client(&python, "with_pyasic.py", &[&ip, password, "light"]);
    assert_eq!(light("root")["blink"], false);
    assert_eq!(light(&login)["blink"], true);
    demo.terminate();
    demo.wait(PATIENCE);
}

fn check(machine: &str, chains: usize, chips: u64) {
    let Some(binary) = stannary() else {
        return;
    };
    let args = ["demo", "--machine", machine, "--http", "127.0.0.1:0"];
    let mut demo = Program::start(Command::new(binary).args(args));
    let page = wait_for("the page's address", PATIENCE, || {
        page_address(&demo.stdout())
    });
    // Boards come up one after the other.
    let status = wait_for("accepted shares, and all chips", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        let status = get_json(&format!("{page}api/v1/status"))?;
        let all = status["chains"].as_array()?.iter();
        let up = all.clone().all(|chain| chain["chips_found"].is_u64());
        (up && status["shares"]["accepted"].as_u64()? > 0).then_some(status)
    });
    assert_eq!(status["machine"]["model"], machine);
    assert_eq!(status["machine"]["backend"], "twin");
    let listed = status["chains"].as_array().expect("a list");
    assert_eq!(listed.len(), chains);
    for chain in listed {
        assert_eq!(chain["chips_expected"], chips, "{chain}");
        assert_eq!(chain["chips_found"], chips, "{chain}");
    }
    check_surroundings(&status);
    // As long as it takes, and not for seconds by the clock: a busy computer needs more of them.
    demo.terminate();
    let ended = demo.wait(PATIENCE);
    assert!(ended.success(), "{ended}\n{}", demo.everything());
}

/// What a whole machine has beside its chains is there, and plausible.
fn check_surroundings(status: &serde_json::Value) {
    let fans = status["fans"].as_array().expect("a list");
    assert!(!fans.is_empty());
    for fan in fans {
        assert!(fan["rpm"].as_u64().is_some_and(|rpm| rpm > 500), "{fan}");
        let duty = fan["duty_percent"].as_f64();
        assert!(duty.is_some_and(|d| (1.0..=100.0).contains(&d)), "{fan}");
    }
    // Machines without sensors have none; what is there is between frost and the limits.
    for place in status["temperatures"].as_array().expect("a list") {
        if let Some(c) = place["temp_c"].as_f64() {
            assert!((5.0..95.0).contains(&c), "{place}");
        }
    }
}

/// The first `http://…/` in what the demo says.
fn page_address(text: &str) -> Option<String> {
    let from = text.find("http://")?;
    let line = text[from..].split_whitespace().next()?;
    // The line must be whole: the address ends with a slash.
    line.ends_with('/').then(|| line.to_owned())
}
