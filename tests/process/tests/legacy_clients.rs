//! Fleet software that others wrote, unchanged, at the daemon on the ports that it insists on.

use process::{
    PATIENCE, Site, clients_python, get_json, own_loopback, run_client, stannary, wait_for,
};
use serde_json::Value;

/// What was read between two looks at the status lies between what these say: it only rises.
fn between(before: &Value, shown: &Value, after: &Value) {
    let [low, shown, high] = [before, shown, after].map(|value| {
        let number = value.as_f64();
        number.unwrap_or_else(|| panic!("no number: {value}"))
    });
    let round = 1e-3;
    let inside = (low - round..=high + round).contains(&shown);
    assert!(inside, "{shown} is not within {low} to {high}");
}

/// Status once everything is there that is compared.
fn status_of(site: &Site) -> Value {
    wait_for("all boards, and a first minute's rate", PATIENCE, || {
        let status = get_json(&format!("{}api/v1/status", site.page))?;
        let chains = status["chains"].as_array()?.iter();
        let all = chains
            .clone()
            .all(|c| c["state"] == "hashing" && c["hashrate_ths"].is_f64());
        all.then_some(status)
    })
}

#[test]
fn pyasic_and_pyasic_rs_find_the_model_and_read_what_the_status_says() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    for (machine, model, boards, chips, fans) in [
        ("antminer-s19-pro", "S19 Pro", 3, 114, 4),
        ("antminer-s9", "S9", 3, 63, 2),
    ] {
        let Some(ip) = own_loopback() else {
            return;
        };
        let mut site = Site::new(machine);
        let ports = site.open_to_old_clients(Some(ip), "read");
        let mut daemon = site.run(&binary);
        site.wait_for_shares(&mut daemon);
        let status = status_of(&site);
        let said = run_client(
            &python,
            "with_pyasic.py",
            &[&ip.to_string(), &ports.password(), "read"],
        );
        println!("{said}");
        let data = &said["data"];
        let ours = &status["pools"][0];
        assert_eq!(
            (&data["make"], &data["model"]),
            (&"AntMiner".into(), &model.into())
        );
        let after = status_of(&site);
        // The frequency still rises.
        let nominal = |status: &Value| status["hashrate_ths"]["nominal"].clone();
        between(&nominal(&status), &data["expected_ths"], &nominal(&after));
        // Whole seconds there.
        let started = status["uptime_s"].as_f64().map(f64::floor);
        between(&started.into(), &data["uptime"], &after["uptime_s"]);
        between(
            &ours["accepted"],
            &data["pools"][0]["accepted"],
            &after["pools"][0]["accepted"],
        );
        assert!(
            data["hashrate_ths"].as_f64().is_some_and(|r| r > 0.0),
            "{data}"
        );
        let listed = data["boards"].as_array().expect("boards");
        assert_eq!(listed.len(), boards);
        for board in listed {
            assert_eq!(
                (&board["chips"], &board["expected_chips"]),
                (&chips.into(), &chips.into())
            );
            assert_eq!(board["missing"], false);
            let degrees = [&board["temp"], &board["chip_temp"]];
            let plausible = |t: &&Value| t.as_f64().is_some_and(|t| (5.0..95.0).contains(&t));
            assert!(degrees.iter().any(plausible), "{board}");
        }
        let shown = data["fans"].as_array().expect("fans");
        assert_eq!(shown.len(), fans);
        assert!(
            shown
                .iter()
                .all(|rpm| rpm.as_u64().is_some_and(|rpm| rpm > 500)),
            "{data}"
        );
        let pool = &data["pools"][0];
        assert_eq!((&pool["url"], &pool["user"]), (&ours["url"], &ours["user"]));
        assert_eq!(
            (&pool["alive"], &pool["active"]),
            (&true.into(), &true.into())
        );

        let said = run_client(
            &python,
            "with_pyasic_rs.py",
            &[&ip.to_string(), "root", &ports.password()],
        );
        println!("{said}");
        check_rs(&said, model, &status, boards, chips);
        daemon.terminate();
        daemon.wait(PATIENCE);
    }
}

fn check_rs(said: &Value, model: &str, status: &Value, boards: usize, chips: u64) {
    let info = &said["device_info"];
    let shown = info["model"].as_str().unwrap_or_default();
    assert_eq!(shown, model.replace(' ', ""), "{info}");
    let listed = said["hashboards"].as_array().expect("boards");
    assert_eq!(listed.len(), boards, "{said}");
    for board in listed {
        assert_eq!(board["expected_chips"], chips, "{board}");
        // It looks for boards under numbers that an S9 does not have.
        if model != "S9" {
            assert_eq!(board["working_chips"], chips, "{board}");
        }
    }
    let pool = said["pools"].to_string();
    let user = status["pools"][0]["user"].as_str().expect("a user");
    assert!(pool.contains(user), "{pool}");
    assert!(
        said["hashrate"].is_object() || said["hashrate"].is_f64(),
        "{said}"
    );
}

#[test]
fn pyasic_changes_what_its_owner_lets_it() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    let Some(ip) = own_loopback() else {
        return;
    };
    let mut site = Site::new("antminer-s19-pro");
    let ports = site.open_to_old_clients(Some(ip), "write");
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    let uptime = || get_json(&format!("{}api/v1/status", site.page))?["uptime_s"].as_f64();
    let before = uptime().expect("it answers");
    let other = process::PoolHost::start(Default::default());
    let url = format!("stratum+tcp://{}", other.address());
    let ip = ip.to_string();
    let said = run_client(
        &python,
        "with_pyasic.py",
        &[&ip, &ports.password(), "change", &url],
    );
    println!("{said}");
    for (what, expected) in [
        ("light_on", true),
        ("blinks", true),
        ("light_off", false),
        ("blinks_no_more", true),
        ("sleeps", true),
        ("mines", true),
        ("pools_changed", true),
        ("reboots", true),
    ] {
        assert_eq!(
            said[what],
            expected,
            "{what}: {said}\n{}",
            daemon.everything()
        );
    }
    wait_for(
        "the daemon anew, with the pools that it was given",
        PATIENCE,
        || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let status = get_json(&format!("{}api/v1/status", site.page))?;
            let anew = status["uptime_s"].as_f64()? < before;
            (anew && status["pools"][0]["user"] == "other.worker").then_some(())
        },
    );
    let kept = std::fs::read_to_string(&site.config).expect("there");
    assert!(kept.contains("other.worker"), "{kept}");
    daemon.terminate();
    daemon.wait(PATIENCE);
}
