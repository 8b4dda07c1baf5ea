//! The real daemon's metrics, as Prometheus' own parsers read them.

use std::process::Command;

use process::{PATIENCE, Program, clients_python, get_json, run_client, stannary, wait_for};
use serde_json::Value;

fn value(families: &Value, family: &str, labels: &[(&str, &str)]) -> f64 {
    let samples = families[family]["samples"].as_array();
    let samples = samples.unwrap_or_else(|| panic!("no `{family}`"));
    let fits = |s: &&Value| labels.iter().all(|(name, text)| s["labels"][name] == *text);
    let found = samples.iter().find(fits);
    let found = found.and_then(|s| s["value"].as_f64());
    found.unwrap_or_else(|| panic!("no `{family}` with {labels:?}"))
}

#[test]
fn prometheus_own_parsers_read_what_the_status_says() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    // A supply need not rest there for half a minute.
    let args = [
        "demo",
        "--machine",
        "antminer-s19-pro",
        "--http",
        "127.0.0.1:0",
    ];
    let mut demo = Program::start(Command::new(binary).args(args));
    let page = wait_for("the page's address", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        let said = demo.stdout();
        let line = said.lines().find_map(|line| line.strip_prefix("page: "));
        line.map(str::to_owned)
    });
    let status = || get_json(&format!("{page}api/v1/status"));
    wait_for("shares, and counts of every chain", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        let status = status()?;
        let mut chains = status["chains"].as_array()?.iter();
        let counted = chains.all(|chain| chain["nonces"].as_u64() > Some(0));
        let accepted = status["shares"]["accepted"].as_u64() > Some(0);
        (counted && accepted).then_some(())
    });
    let before = status().expect("it answers");
    let url = format!("{page}metrics?chips=1");
    let said = run_client(&python, "with_prometheus.py", &[&url]);
    let after = status().expect("it answers");
    assert_eq!(
        said["plain"]["content_type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(
        said["open"]["content_type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let model = "antminer-s19-pro";
    for (form, info) in [("plain", "stannary_info"), ("open", "stannary")] {
        let families = &said[form]["families"];
        let twin = [("model", model), ("backend", "twin"), ("emulated", "true")];
        assert_eq!(value(families, info, &twin), 1.0);
        for (family, labels, path) in [
            (
                "stannary_shares",
                vec![("outcome", "accepted")],
                "/shares/accepted",
            ),
            (
                "stannary_chain_nonces",
                vec![("chain", "2")],
                "/chains/2/nonces",
            ),
            (
                "stannary_pool_accepted_difficulty",
                vec![("pool", "0")],
                "/pools/0/accepted_difficulty",
            ),
            ("stannary_uptime_seconds", vec![], "/uptime_s"),
        ] {
            let shown = value(families, family, &labels);
            let [low, high] = [&before, &after].map(|s| s.pointer(path).and_then(Value::as_f64));
            assert!(
                low <= Some(shown) && Some(shown) <= high,
                "{form}: {family} {shown} is not within {low:?} to {high:?}"
            );
        }
        let frequency = value(
            families,
            "stannary_chain_frequency_megahertz",
            &[("chain", "0")],
        );
        assert!((50.0..=1000.0).contains(&frequency), "{frequency}");
        let chips = families["stannary_chip_nonces"]["samples"].as_array();
        assert_eq!(chips.map(Vec::len), Some(3 * 114));
    }
    let open = &said["open"]["families"];
    assert_eq!(open["stannary"]["type"], "info");
    assert_eq!(open["stannary_shares"]["type"], "counter");
    assert_eq!(open["stannary_power_watts"]["unit"], "watts");
}
