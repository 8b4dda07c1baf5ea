//! What `/metrics` says, that it is the whole of `docs/metrics.md`, and that the dashboard beside it asks
//! for nothing else.

mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixture::server::{Server, server};
use serde_json::Value;
use telemetry::{Code, Fault, Snapshot};

const DOCUMENT: &str = include_str!("../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../docs/grafana.json");
const ALERTS: &str = include_str!("../../../docs/alerts.yml");

const PROMETHEUS: &str = "";
const OPEN: &str = "Accept: application/openmetrics-text;version=1.0.0\r\n";

/// A snapshot in which nothing is unknown.
fn known() -> Snapshot {
    let mut s = fixture::snapshot();
    s.hashrate.h1 = Some(109.5);
    for chain in &mut s.chains {
        chain.voltage_mv = Some(13_700);
    }
    s
}

fn serving(snapshot: Snapshot) -> Server {
    let server = server();
    server.published.publish(Arc::new(snapshot));
    server
}

fn read(snapshot: Snapshot, form: &str, path: &str) -> String {
    let answer = serving(snapshot).ask("GET", path, form, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// A family as it is told: its kind and unit, and the labels of its samples.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Told {
    kind: String,
    unit: String,
    labels: BTreeSet<String>,
}

/// By the names of samples. Every label value in a fixture is free of `,` and `=`.
fn told(text: &str) -> BTreeMap<String, Told> {
    let mut families: BTreeMap<String, Told> = BTreeMap::new();
    let sample = |family: &str, kind: &str| match kind {
        "counter" => format!("{family}_total"),
        "info" => format!("{family}_info"),
        _ => family.to_owned(),
    };
    let mut open = String::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "HELP", ..] => {}
            ["#", "TYPE", family, kind] => {
                open = sample(family, kind);
                let told = families.entry(open.clone()).or_default();
                assert!(told.kind.is_empty(), "{family} twice");
                told.kind = kind.to_owned();
            }
            ["#", "UNIT", family, unit] => {
                assert!(family.ends_with(&format!("_{unit}")), "{line}");
                families.get_mut(&open).expect("a type before it").unit = unit.to_owned();
            }
            _ => {
                let name = line.split(['{', ' ']).next().unwrap_or_default();
                assert_eq!(name, open, "{line}: of another family");
                let labels = line.split_once('{').map_or("", |(_, rest)| rest);
                let labels = labels.rsplit_once('}').map_or("", |(labels, _)| labels);
                let names = labels.split(',').filter_map(|pair| pair.split_once('='));
                let names = names.map(|(name, _)| name.to_owned()).collect();
                families.get_mut(&open).expect("a type before it").labels = names;
            }
        }
    }
    families
}

/// The rows of the document: `| name | type | unit | labels | … |`.
fn documented() -> BTreeMap<String, Told> {
    let rows = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `stannary_"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let words = |cell: &str| {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        let told = Told {
            kind: cells[2].to_owned(),
            unit: cells[3].replace(' ', "_"),
            labels: words(cells[4]).into_iter().collect(),
        };
        (words(cells[1]).remove(0), told)
    })
    .collect()
}

/// Numbers with more digits than any reader is shown.
fn long(mut s: Snapshot) -> Snapshot {
    s.uptime_s = 1_234.567_891_2;
    s.hashrate.s5 = Some(109.876_543_21);
    s.power_w = Some(3_250.123_456_7);
    s.efficiency_j_per_th = Some(29.999_951);
    for chain in &mut s.chains {
        chain.hashrate_ths = Some(36.123_456_78);
        chain.nonces_expected = 99_999.999_96;
    }
    for reading in &mut s.temperatures {
        reading.temp_c = Some(61.437_512_3);
    }
    for pool in &mut s.pools {
        pool.credited_ths = Some(108.765_432_1);
        pool.last_share_s = Some(4.242_424_2);
    }
    s
}

#[test]
fn a_number_has_the_digits_that_the_status_shows() {
    let server = serving(long(known()));
    let text = server.ask("GET", "/metrics", PROMETHEUS, "").body;
    let status = server.ask("GET", "/api/v1/status", "", "").json();
    for (sample, at, digits) in [
        ("stannary_snapshots_total ", "/seq", ""),
        ("stannary_uptime_seconds ", "/uptime_s", "1234.568"),
        (
            "stannary_hashrate_terahashes_per_second{window=\"5s\"} ",
            "/hashrate_ths/s5",
            "109.8765",
        ),
        ("stannary_power_watts ", "/power_w", "3250.123"),
        (
            "stannary_efficiency_joules_per_terahash ",
            "/efficiency_j_per_th",
            "30",
        ),
        (
            "stannary_chain_hashrate_terahashes_per_second{chain=\"0\"} ",
            "/chains/0/hashrate_ths",
            "36.1235",
        ),
        (
            "stannary_chain_nonces_expected_total{chain=\"0\"} ",
            "/chains/0/nonces_expected",
            "100000",
        ),
        (
            "stannary_temperature_celsius{place=",
            "/temperatures/0/temp_c",
            "61.438",
        ),
        (
            "stannary_pool_credited_terahashes_per_second{",
            "/pools/0/credited_ths",
            "108.7654",
        ),
        (
            "stannary_pool_last_share_seconds{",
            "/pools/0/last_share_s",
            "4.242",
        ),
    ] {
        let line = text.lines().find(|line| line.starts_with(sample));
        let shown = line.and_then(|line| line.rsplit(' ').next());
        let shown = shown.unwrap_or_else(|| panic!("no `{sample}`\n{text}"));
        let number = shown.parse::<f64>().ok();
        assert_eq!(
            number,
            status.pointer(at).and_then(Value::as_f64),
            "{sample}"
        );
        assert!(digits.is_empty() || shown == digits, "{sample}: {shown}");
    }
}

#[test]
fn the_document_and_the_text_name_the_same_families() {
    let told = told(&read(known(), OPEN, "/metrics?chips=1"));
    let documented = documented();
    for (name, told) in &told {
        let row = documented.get(name);
        assert_eq!(row, Some(told), "docs/metrics.md: `{name}`");
    }
    let gone: Vec<_> = documented
        .keys()
        .filter(|name| !told.contains_key(*name))
        .collect();
    assert!(gone.is_empty(), "docs/metrics.md: not told: {gone:?}");
}

#[test]
fn both_forms_say_the_same() {
    let samples = |form| {
        let text = read(known(), form, "/metrics?chips=1");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = samples(PROMETHEUS);
    assert!(all.len() > 342 * 5, "{}", all.len());
    assert_eq!(all, samples(OPEN));
}

#[test]
fn each_form_keeps_its_rules() {
    let server = serving(known());
    let open = server.ask("GET", "/metrics", OPEN, "");
    assert!(
        open.head
            .contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.ends_with("\n# EOF\n"));
    assert!(open.body.contains("# TYPE stannary_shares counter\n"));
    assert!(open.body.contains("# TYPE stannary info\nstannary_info{"));
    let unit = "# UNIT stannary_power_watts watts\nstannary_power_watts 3250\n";
    assert!(open.body.contains(unit));
    let plain = server.ask("GET", "/metrics", PROMETHEUS, "");
    assert!(
        plain
            .head
            .contains("content-type: text/plain; version=0.0.4; charset=utf-8")
    );
    for absent in ["# EOF", "# UNIT", " info\n"] {
        assert!(!plain.body.contains(absent), "{absent}");
    }
}

#[test]
fn quantiles_stand_in_summaries_alone() {
    // Both forms reserve the label for them.
    for (name, family) in told(&read(known(), OPEN, "/metrics?chips=1")) {
        let quantiles = family.labels.contains("quantile");
        assert_eq!(quantiles, family.kind == "summary", "{name}: {family:?}");
    }
}

#[test]
fn chips_are_told_where_they_are_asked_for() {
    let server = serving(known());
    assert!(!server.get("/metrics").body.contains("stannary_chip_"));
    let text = server.get("/metrics?chips=1").body;
    let chip = "stannary_chip_nonces_total{chain=\"2\",chip=\"113\",domain=\"37\"} 1113\n";
    assert!(text.contains(chip), "{text}");
    assert_eq!(server.get("/metrics?chips=many").status, 400);
}

#[test]
fn hostile_text_stays_within_its_label() {
    let hostile = "a\"} 1\nstannary_fake 2\\\r\u{85}\u{2028}\0{,=";
    let mut s = known();
    s.pools[0].url = hostile.to_owned();
    s.temperatures[0].place = hostile.to_owned();
    s.machine.model = hostile.to_owned();
    for form in [PROMETHEUS, OPEN] {
        let text = read(s.clone(), form, "/metrics");
        assert!(!text.split('\n').any(|l| l.starts_with("stannary_fake")));
        let escaped = "=\"a\\\"} 1\\nstannary_fake 2\\\\\r\u{85}\u{2028}\0{,=\"";
        assert_eq!(text.matches(escaped).count(), text.matches("fake").count());
        assert!(text.matches(escaped).count() > 10);
    }
}

#[test]
fn two_things_of_one_name_are_one_series() {
    let mut s = known();
    let fault = Fault {
        code: Code::PoolMessage,
        place: "pool 0".to_owned(),
        detail: String::new(),
        action: "one".to_owned(),
        meaning: "",
        remedy: "",
    };
    s.faults = vec![
        fault.clone(),
        Fault {
            action: "another".to_owned(),
            ..fault
        },
    ];
    let twice = s.temperatures[0].clone();
    s.temperatures.push(twice);
    let text = read(s, PROMETHEUS, "/metrics");
    let samples: Vec<_> = text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| l.rsplit_once(' ').expect("a value").0)
        .collect();
    let unique: BTreeSet<_> = samples.iter().collect();
    assert_eq!(unique.len(), samples.len());
}

/// Everything of a string in a dashboard that is under such a key.
fn texts<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner {
                    Value::String(text) if name == key => found.push(text),
                    _ => texts(inner, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

/// Names in an expression of PromQL with the labels that they are selected by.
fn asked(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut asked = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("stannary_") {
        rest = &rest[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let selected = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'));
        let selected = selected.map_or("", |(selected, _)| selected);
        let labels = selected.split(',').filter_map(|m| {
            let name = m.split(['=', '!', '~']).next()?.trim();
            (!name.is_empty()).then(|| name.to_owned())
        });
        asked.push((name.to_owned(), labels.collect()));
        rest = after;
    }
    asked
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let told = told(&read(known(), OPEN, "/metrics"));
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let mut expressions = Vec::new();
    for key in ["expr", "query", "definition"] {
        texts(&dashboard, key, &mut expressions);
    }
    there_is(&told, &expressions);
}

#[test]
fn the_alerts_ask_for_what_there_is() {
    let told = told(&read(known(), OPEN, "/metrics"));
    let lines = ALERTS.lines().map(str::trim);
    let expressions = lines.filter(|l| {
        !["#", "summary:", "remedy:"]
            .iter()
            .any(|w| l.starts_with(w))
    });
    there_is(&told, &expressions.collect::<Vec<_>>());
}

/// That all names in these expressions exist, and each with these labels.
#[track_caller]
fn there_is(told: &BTreeMap<String, Told>, expressions: &[&str]) {
    let all: Vec<_> = expressions.iter().flat_map(|e| asked(e)).collect();
    assert!(all.len() > 20, "{all:?}");
    for (name, labels) in all {
        let family = told.get(&name).unwrap_or_else(|| panic!("no `{name}`"));
        for label in labels {
            let known = matches!(&*label, "instance" | "job") || family.labels.contains(&label);
            assert!(known, "`{name}` has no label `{label}`");
        }
    }
}

#[test]
fn names_and_labels_are_found_in_an_expression() {
    let found = asked("sum by (job) (rate(stannary_a_total{b=\"x\",c!~\".*\"}[5m])) / stannary_d");
    let expected = vec![
        ("stannary_a_total".to_owned(), vec!["b".into(), "c".into()]),
        ("stannary_d".to_owned(), Vec::<String>::new()),
    ];
    assert_eq!(found, expected);
}
