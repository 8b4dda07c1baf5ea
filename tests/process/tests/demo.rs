//! `stannary demo` as a newcomer runs it.

use std::process::Command;

use process::{PATIENCE, Program, get_json, stannary, wait_for};

#[test]
fn a_demo_of_an_s19_pro_earns_shares_and_loses_none() {
    check("antminer-s19-pro", 3, 114);
}

#[test]
fn a_demo_of_an_s21_pro_earns_shares_and_loses_none() {
    check("antminer-s21-pro", 3, 65);
}

fn check(machine: &str, chains: usize, chips: u64) {
    let Some(binary) = stannary() else {
        return;
    };
    let args = [
        "demo",
        "--machine",
        machine,
        "--seconds",
        "12",
        "--http",
        "127.0.0.1:0",
    ];
    let mut demo = Program::start(Command::new(binary).args(args));
    let page = wait_for("the page's address", PATIENCE, || {
        page_address(&demo.stdout())
    });
    let status = wait_for("the first accepted share", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        let status = get_json(&format!("{page}api/v1/status"))?;
        (status["shares"]["accepted"].as_u64()? > 0).then_some(status)
    });
    assert_eq!(status["machine"]["model"], machine);
    assert_eq!(status["machine"]["backend"], "twin");
    let listed = status["chains"].as_array().expect("a list");
    assert_eq!(listed.len(), chains);
    for chain in listed {
        assert_eq!(chain["chips_expected"], chips, "{chain}");
        assert_eq!(chain["chips_found"], chips, "{chain}");
    }
    assert!(status["temperatures"].is_null() || status["temperatures"] == serde_json::json!([]));
    let ended = demo.wait(PATIENCE);
    assert!(ended.success(), "{ended}\n{}", demo.everything());
}

/// The first `http://…/` in what the demo says.
fn page_address(text: &str) -> Option<String> {
    let from = text.find("http://")?;
    let line = text[from..].split_whitespace().next()?;
    // The line must be whole: the address ends with a slash.
    line.ends_with('/').then(|| line.to_owned())
}
