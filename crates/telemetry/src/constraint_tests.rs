use serde_json::{Value, json};

use super::*;
use crate::order::tests::settings;
use crate::{Settings, history::tests::at};

fn machine(settings: Option<Settings>) -> Snapshot {
    Snapshot {
        settings,
        ..at(1.0)
    }
}

/// The constraints as somebody outside reads them.
fn shown(of: &Snapshot) -> Vec<Value> {
    let all = constraints(of).into_iter();
    all.map(|c| serde_json::to_value(c).expect("JSON"))
        .collect()
}

fn taken(body: &Value, on: &Snapshot) -> bool {
    let order: Order = serde_json::from_value(body.clone()).expect("an order");
    order.check(on.settings.as_ref()).is_ok()
}

/// The order of a constraint with another value.
fn with(constraint: &Value, value: Value) -> Value {
    let mut body = constraint["order"].clone();
    let field = constraint["field"].as_str().expect("a field");
    assert!(body.get(field).is_some(), "{constraint}");
    body[field] = value;
    body
}

#[test]
fn what_is_said_is_what_is_taken_and_nothing_beyond() {
    let machine = machine(Some(settings()));
    let mut seen = Vec::new();
    for constraint in shown(&machine) {
        seen.push(constraint["name"].as_str().expect("a name").to_owned());
        for choice in constraint["choices"].as_array().expect("a list") {
            assert!(taken(&choice["order"], &machine), "{choice}");
        }
        let Some(order) = constraint.get("order").filter(|order| !order.is_null()) else {
            assert_eq!(constraint["kind"], "choice");
            continue;
        };
        assert!(taken(order, &machine), "{order}");
        if constraint["kind"] != "number" {
            continue;
        }
        let (min, max) = (constraint["min"].as_f64(), constraint["max"].as_f64());
        let (min, max) = (min.expect("a least"), max.expect("a most"));
        for (value, expected) in [
            (min, true),
            (max, true),
            (min - 0.5, false),
            (max + 0.5, false),
        ] {
            let body = with(&constraint, json!(value));
            assert_eq!(taken(&body, &machine), expected, "{body}");
        }
        let cleared = with(&constraint, Value::Null);
        assert_eq!(
            taken(&cleared, &machine),
            constraint["clears"] == true,
            "{cleared}"
        );
    }
    let all = [
        "run",
        "power_ceiling",
        "target_temperature",
        "fan_mode",
        "fan_duty",
        "locate",
    ];
    assert_eq!(seen, all);
}

#[test]
fn a_machine_whose_air_and_power_are_not_driven_runs_stops_and_blinks() {
    let names = |of: &Snapshot| -> Vec<Value> {
        shown(of).into_iter().map(|c| c["name"].clone()).collect()
    };
    assert_eq!(names(&machine(None)), ["run", "locate"]);
    let mut oil = settings();
    oil.fans.modes = vec![FanMode::Immersion, FanMode::Hydro];
    oil.fans.mode = FanMode::Immersion;
    let oil = machine(Some(oil));
    assert!(!names(&oil).contains(&json!("fan_duty")));
    let mode = &shown(&oil)[3];
    assert_eq!(mode["in_force"], "immersion");
    assert!(taken(&mode["choices"][1]["order"], &oil));
}
