use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "uptime_s": 3725.1, "state": "no_pool",
        "machine": {"name": "Antminer S19 Pro", "emulated": true, "difficulty_bits": 2},
        "hashrate_ths": {"s5": 112.3457, "m1": 110.0, "m15": null, "h1": null, "nominal": 111.857},
        "shares": {"accepted": 1234567, "rejected": 2, "stale": 0, "duplicate": 0, "lost": 0, "in_flight": 1, "hw_errors": 3, "blocks": 0},
        "temperatures": [], "fans": [], "power_w": null, "efficiency_j_per_th": null,
        "chains": [{"slot": 0, "state": "ramping", "chips_expected": 114, "chips_found": 113,
            "frequency_mhz": 412.5, "voltage_mv": null, "hashrate_ths": null, "nonces": 995,
            "nonces_expected": 1000.0, "hw_errors": 0, "damaged_frames": 1, "restarts": 0,
            "chips": [
                {"index": 0, "domain": 0, "nonces": 10, "expected": 10.0, "ratio_low": 0.5, "ratio_high": 1.9},
                {"index": 1, "domain": 0, "nonces": 1, "expected": 100.0, "ratio_low": 0.0, "ratio_high": 0.06},
                {"index": 2, "domain": 1, "nonces": 0, "expected": 0.2, "ratio_low": null, "ratio_high": null}]}],
        "pools": [{"url": "stratum+tcp://p:1", "user": "evil\u{1b}[2J", "state": "waiting", "active": false,
            "difficulty": null, "accepted": 0, "rejected": 0, "stale": 0, "last_share_s": null, "last_error": "refused"}],
        "faults": [{"code": "E-CHAIN-CHIPS", "place": "chain 0", "detail": "113 of 114", "meaning": "chips are missing", "action": "hash with the others", "remedy": "check the flat cable"}],
    })
}

#[test]
fn status_reads_like_this() {
    let expected = "\
Antminer S19 Pro  no pool  up 1 h 2 min
emulated: a twin mines, no silicon does; difficulty one is 2 zero bits instead of 32
hashrate TH/s: 5s 112.35 · 1m 110.00 · 15m – · 1h – · nominal 111.86
shares: 1 234 567 accepted · 2 rejected · 0 stale · 0 duplicate · 0 lost · 1 in flight · 3 hw errors · 0 blocks
hottest – · slowest fan – at – · supply – · power – · –

fault: E-CHAIN-CHIPS chain 0: 113 of 114
means: chips are missing
done: hash with the others
hint: check the flat cable

chain  state      chips    MHz  mV  TH/s  nonces  of model  hw errors  damaged  restarts
0      ramping  113/114  412.5   –     –     995    99.5 %          0        1         0

pool  state    url                user     difficulty  accepted  rejected  stale  last share  last error
0     waiting  stratum+tcp://p:1  evil[2J           –         0         0      0           –  refused
";
    assert_eq!(status(&sample(), Colour::Never), expected);
}

#[test]
fn pools_show_their_accounts_and_what_is_unknown() {
    let s = json!({"pools": [
        {"id": 0, "group": "default", "quota_percent": 70.0, "credited_ths": 96.414, "best_share": 81_000_000.5,
         "rejected_percent": 0.016, "lost": 1, "latency": {"p50_ms": 31.5, "p90_ms": 44.0, "p99_ms": 210.25},
         "estimated_sat_per_day": 4711.4},
        {"id": 7, "group": "b", "quota_percent": 30.0, "credited_ths": null, "best_share": null,
         "rejected_percent": null, "lost": 0, "latency": null, "estimated_sat_per_day": null}]});
    let shown = pool_accounts(&s, Colour::Never);
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    let first = [
        "0", "default", "70", "%", "96.41", "81000000", "0.02", "%", "1", "32", "210", "4711",
    ];
    assert_eq!(lines[1], first);
    assert_eq!(
        lines[2],
        ["7", "b", "30", "%", "–", "–", "–", "0", "–", "–", "–"]
    );
    assert!(shown.contains("an estimate"), "{shown}");
}

fn settings_sample() -> Value {
    let setting = |set: Value, in_force: Value, min: u32, max: u32, default: Value, unit: &str| json!({"set": set, "in_force": in_force, "min": min, "max": max, "default": default, "unit": unit});
    json!({
        "intent": "hash",
        "fans": {"mode": "manual", "modes": ["auto", "quiet", "manual"],
            "duty": setting(json!(45), json!(45.0), 30, 100, json!(null), "%")},
        "power_ceiling": setting(json!(2500.5), json!(2500.5), 310, 3575, json!(3575.0), "W"),
        "target_temperature": setting(json!(null), json!(55.0), 20, 60, json!(55.0), "°C"),
    })
}

#[test]
fn what_an_operator_set_is_a_line_of_the_status_and_a_table_of_limits() {
    let mut s = sample();
    s["settings"] = settings_sample();
    let line = "\nmeant to hash · fans manual at 45 % · at most 2500 W · quiet fans keep 55 °C\n\n";
    let shown = status(&s, Colour::Never);
    assert!(shown.contains(line), "{shown}");
    let expected = "\
setting             in force     set  min   max  default  unit
power ceiling         2500.5  2500.5  310  3575     3575  W
target temperature        55       –   20    60       55  °C
manual fan duty           45      45   30   100        –  %

fans: manual (of auto, quiet, manual)
";
    assert_eq!(limits(&settings_sample(), Colour::Never), expected);
    assert!(limits(&json!(null), Colour::Never).starts_with("nothing"));
}

#[test]
fn chips_are_shown_by_domain_and_weak_ones_marked() {
    let expected = "\
chain 0  ramping  113 of 114 chips
domain  chips  seen of expected, %
     0    0–1   100     1!
     1    2–2     –

";
    assert_eq!(chips(&sample(), Colour::Never), expected);
}

#[test]
fn a_map_has_a_letter_for_each_chip_and_names_those_that_lag() {
    let expected = "\
chain 0  ramping  113 of 114 chips
op ?

o as the model · w surely below 95 % of it · p below 75 % · x silent · ? too
early to say

chain  chip  domain  seen  expected    %  hw errors
0         1       0     1       100  1.0          –
";
    assert_eq!(chip_map(&sample(), 76, Colour::Never), expected);
}

#[test]
fn faults_are_shown_with_what_to_do_or_their_absence() {
    let shown = all_faults(&sample()["faults"], Colour::Never);
    let expected = "fault: E-CHAIN-CHIPS chain 0: 113 of 114\nmeans: chips are missing\ndone: hash with the others\nhint: check the flat cable\n";
    assert_eq!(shown, expected);
    assert_eq!(all_faults(&json!([]), Colour::Never), "no faults\n");
}

#[test]
fn a_daemon_that_says_nothing_is_shown_with_dashes() {
    for empty in [
        json!({}),
        json!(null),
        json!([]),
        json!({"chains": 3, "pools": {"a": 1}}),
    ] {
        assert!(status(&empty, Colour::Never).contains('–'));
        assert!(chips(&empty, Colour::Never).is_empty());
        assert!(log(&empty, Colour::Never).is_empty());
    }
}

#[test]
fn text_from_outside_cannot_command_the_terminal() {
    let mut s = sample();
    s["pools"][0]["url"] = json!("a\u{1b}]0;x\u{7}b");
    s["faults"][0]["detail"] = json!("\r\nfault: none");
    assert!(!status(&s, Colour::Never).contains(['\u{1b}', '\u{7}', '\r']));
    let notes = json!({"notes": [{"at_s": 1.5, "code": "E-POOL-MESSAGE", "severity": "info",
        "place": "pool 0", "meaning": "a pool sent a message", "detail": "\u{1b}[31mpay me"}]});
    assert_eq!(
        log(&notes, Colour::Never),
        "       1.500 info  pool 0: a pool sent a message ([31mpay me) E-POOL-MESSAGE\n"
    );
}

#[test]
fn times_are_shown_in_two_units() {
    let check = |s: f64, expected: &str| assert_eq!(span(Some(s)), expected);
    check(0.4, "0 s");
    check(59.0, "59 s");
    check(60.0, "1 min 0 s");
    check(90_000.0, "1 d 1 h");
    assert_eq!(span(Some(f64::NAN)), "–");
}

#[test]
fn a_node_is_shown_with_its_chain_and_height() {
    let mut s = sample();
    let check = |s: &Value, part: &str| {
        let shown = pools(s, Colour::Never);
        assert!(shown.contains(part), "{shown}");
    };
    s["pools"][0]["url"] = json!("node+http://h:1");
    s["pools"][0]["node"] = json!({"chain": "regtest", "height": 101});
    check(&s, "node+http://h:1 (regtest, height 101)  ");
    s["pools"][0]["node"] = json!({"chain": "main", "height": null});
    check(&s, "node+http://h:1 (main)  ");
    s["pools"][0]["node"] = json!({"chain": null, "height": null});
    check(&s, "node+http://h:1  ");
}

#[test]
fn groups_are_shown_with_what_they_leave() {
    let check = |groups: Value, expected: &str| {
        let status = json!({ "pool_groups": groups });
        assert_eq!(pool_groups(&status), expected);
    };
    let group = |name: &str, percent: f64| json!({ "name": name, "quota_percent": percent });
    check(json!([]), "");
    check(
        json!([group("mine", 70.0), group("b", 0.1)]),
        "groups: mine 70 %, b 0.1 %, default 29.9 %, which is left\n",
    );
    check(
        json!([group("mine", 60.0), group("default", 40.0)]),
        "groups: mine 60 %, default 40 %\n",
    );
}
