use serde_json::json;

use super::super::super::table::Colour;
use super::*;

fn status() -> Value {
    let chips: Vec<_> = (0..6)
        .map(|i| json!({ "index": i, "domain": i / 3, "nonces": if i == 4 { 0 } else { 1000 }, "expected": 1000.0, "ratio_low": 0.9, "ratio_high": 1.1 }))
        .collect();
    json!({
        "uptime_s": 3725.1, "state": "hashing", "locating": false,
        "machine": { "name": "Antminer S19 Pro", "emulated": true, "difficulty_bits": 2 },
        "hashrate_ths": { "s5": 108.345, "m1": 110.0, "m15": null, "h1": null, "nominal": 110.6 },
        "shares": { "accepted": 153, "rejected": 2, "stale": 0, "duplicate": 0, "lost": 0, "in_flight": 1, "hw_errors": 3, "blocks": 0 },
        "temperatures": [
            { "place": "board 0 chip 4", "temp_c": 63.25, "quality": "good" },
            { "place": "board 0 chip 5", "temp_c": 61.0, "quality": "good" },
            { "place": "board 0 inlet", "temp_c": null, "quality": "failed" }],
        "fans": [{ "rpm": 4560, "duty_percent": 40.0 }, { "rpm": null, "duty_percent": null }],
        "psu": { "voltage_mv": 13800 }, "power_w": 3250.4, "efficiency_j_per_th": 29.5,
        "chains": [{ "slot": 0, "state": "hashing", "chips_expected": 114, "chips_found": 113,
            "frequency_mhz": 525.0, "voltage_mv": 13800, "hashrate_ths": 36.1, "nonces": 995,
            "nonces_expected": 1000.0, "hw_errors": 0, "damaged_frames": 1, "restarts": 0, "chips": chips }],
        "pools": [{ "id": 0, "url": "stratum+tcp://pool.example:3333", "user": "me.rig\u{1b}[2J\u{9b}31m",
            "state": "active", "active": true, "accepted": 153, "rejected": 2, "stale": 0, "lost": 0,
            "in_flight": 1, "last_share_s": 4.2, "group": "default", "quota_percent": 100.0,
            "rejected_percent": 1.29, "latency": { "p50_ms": 31.5, "p99_ms": 210.0 },
            "credited_ths": 96.4, "estimated_sat_per_day": 4711.4,
            "last_error": "go away\u{1b}]0;owned\u{7}\r\n" }],
        "faults": [{ "code": "E-CHAIN-CHIPS", "place": "chain 0", "detail": "113 of 114\u{1b}[0m",
            "meaning": "chips are missing", "action": "hash with the others", "remedy": "check the flat cable" }],
        "decisions": [
            { "at_s": 3000.0, "place": "fans", "decision": "40 %", "reason": "63.2 °C" },
            { "at_s": 3700.0, "place": "", "decision": "hash\u{1b}c", "reason": "resumed" }],
    })
}

fn shown(s: &Value, screen: Screen, columns: usize) -> Vec<String> {
    let mut history = History::default();
    history.saw(s);
    let log = json!({ "notes": [
        { "at_s": 1.0, "severity": "info", "place": "", "code": "E-PROC-START", "meaning": "the daemon started", "detail": "" },
        { "at_s": 2.0, "severity": "warn", "place": "pool 0", "code": "E-POOL-MESSAGE", "meaning": "a pool says", "detail": "\u{1b}[31mpay me" }] });
    let seen = Seen {
        status: s,
        log: &log,
        history: &history,
        marks: Marks::Braille,
    };
    let mut lines = head(s, screen, columns);
    lines.extend(body(&seen, screen, columns));
    let lines = lines.iter().map(|line| line.render(columns, Colour::Never));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn the_overview_reads_like_this() {
    let expected = "\
Antminer S19 Pro  hashing  emulated                            up 1 h 2 min
[overview] chips  pools  log                                        1 fault
E-CHAIN-CHIPS chain 0: 113 of 114[0m
means       chips are missing
done        hash with the others
hint        check the flat cable

108.34 TH/s  110.00 1 min · 110.60 model
122                                                                       ⢠
                                                                          ⢸
                                                                          ⢸
  0                                                                       ⢸
#  chain    TH/s   chips    MHz  mV     of model  hw errors  restarts
0  hashing  36.10  113/114  525  13800  99.5 %    0          0
#  pool    accepted  rejected  stale  last share  address
0  active  153       2         0      4 s ago     pool.example:3333
shares      153 accepted · 2 rejected · 0 stale · 0 duplicate · 0 lost · 3
            hw errors · 0 blocks
power       3250 W · 29.5 J/TH · supply 13.80 V
hottest 63.2 °C  ⢰
board 0 chip 61.0 to 63.2 °C     board 0 inlet – °C, 1 not good
fans        4560 – rpm at 40 – %

decided, ago
25 s        hashc (resumed)
12 min 5 s  fans: 40 % (63.2 °C)";
    assert_eq!(shown(&status(), Screen::Overview, 75).join("\n"), expected);
}

#[test]
fn a_telephone_sees_the_same_in_fewer_columns() {
    let lines = shown(&status(), Screen::Overview, 36);
    let has = |part: &str| {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part}: {lines:#?}"
        )
    };
    has("108.34 TH/s");
    has("hashing");
    has("check the flat cable");
    has("board 0 chip 61.0 to 63.2 °C");
    has("0  active  153  2    pool.example:3…");
    assert!(lines.iter().all(|line| width(line) <= 36), "{lines:#?}");
}

#[test]
fn chips_stand_in_their_domains_and_laggards_are_counted() {
    let lines = shown(&status(), Screen::Chips, 75);
    assert_eq!(lines[2], "chain 0  hashing  113 of 114 chips  1 lag");
    assert_eq!(lines[3], "ooo oxo");
}

#[test]
fn text_from_outside_cannot_command_the_terminal() {
    for screen in Screen::ALL {
        for columns in [20, 80] {
            for line in shown(&status(), screen, columns) {
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
    assert!(
        shown(&status(), Screen::Pools, 80)
            .iter()
            .any(|line| line.contains("me.rig[2J31m"))
    );
}

#[test]
fn a_daemon_that_says_nothing_is_shown_with_dashes() {
    for empty in [
        json!({}),
        json!(null),
        json!([]),
        json!({ "chains": 3, "pools": { "a": 1 }, "faults": "x" }),
    ] {
        for screen in Screen::ALL {
            assert!(shown(&empty, screen, 80)[0].starts_with('–'));
        }
    }
}
