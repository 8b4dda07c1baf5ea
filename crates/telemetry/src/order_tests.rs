use proptest::prelude::*;

use super::*;
use crate::{FanSettings, Intent};

fn setting(min: f64, max: f64, unit: &'static str) -> Setting {
    Setting {
        set: None,
        in_force: Some(max),
        min,
        max,
        default: Some(max),
        unit,
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        intent: Intent::Hash,
        fans: FanSettings {
            mode: FanMode::Auto,
            modes: vec![FanMode::Auto, FanMode::Quiet, FanMode::Manual],
            duty: setting(30.0, 90.0, "%"),
        },
        power_ceiling: setting(320.0, 3575.0, "W"),
        target_temperature: setting(20.0, 60.0, "°C"),
    }
}

/// What becomes of a body: the command as it is shown, or code and words.
fn outcome(body: &str) -> String {
    let order: Order = match serde_json::from_str(body) {
        Ok(order) => order,
        Err(error) => return format!("no order: {error}"),
    };
    match order.check(Some(&settings())) {
        Ok(command) => serde_json::to_string(&command).expect("JSON"),
        Err(refused) => format!("{}: {refused}", refused.code().text()),
    }
}

#[track_caller]
fn check(body: &str, expected: &str) {
    let found = outcome(body);
    match expected.strip_suffix('…') {
        Some(begin) => assert!(found.starts_with(begin), "{body}: {found}"),
        None => assert_eq!(found, expected, "{body}"),
    }
}

/// A body that is shown as it was taken.
#[track_caller]
fn same(body: &str) {
    check(body, body);
}

#[test]
fn orders_become_commands_in_their_own_words() {
    for word in ["pause", "resume", "sleep", "wake"] {
        same(&format!(r#"{{"command":"{word}"}}"#));
    }
    same(r#"{"command":"locate","on":true}"#);
    same(r#"{"command":"locate","on":false}"#);
    same(r#"{"command":"fans","mode":"auto"}"#);
    same(r#"{"command":"fans","mode":"quiet"}"#);
    same(r#"{"command":"fans","mode":"manual","duty_percent":45}"#);
    check(
        r#"{"duty_percent":30.2,"mode":"manual","command":"fans"}"#,
        r#"{"command":"fans","mode":"manual","duty_percent":31}"#,
    );
    same(r#"{"command":"power_ceiling","power_w":2500.5}"#);
    same(r#"{"command":"power_ceiling","power_w":null}"#);
    same(r#"{"command":"target_temperature","temp_c":20.0}"#);
    same(r#"{"command":"target_temperature","temp_c":null}"#);
}

#[test]
fn a_number_outside_its_range_is_refused_with_the_range() {
    let power = |watts: &str| format!(r#"{{"command":"power_ceiling","power_w":{watts}}}"#);
    let range = "E-API-RANGE: power ceiling: 3575.1 W is outside 320 to 3575 W";
    check(&power("3575.1"), range);
    for watts in ["319.9", "0", "-1", "1e300"] {
        check(&power(watts), "E-API-RANGE: power ceiling: …");
    }
    for c in ["19.9", "60.1", "-300", "1e9"] {
        let body = format!(r#"{{"command":"target_temperature","temp_c":{c}}}"#);
        check(&body, "E-API-RANGE: target temperature: …");
    }
    for percent in ["29", "91", "-45", "300", "1e19"] {
        let body = format!(r#"{{"command":"fans","mode":"manual","duty_percent":{percent}}}"#);
        check(&body, "E-API-RANGE: fan duty: …");
    }
}

#[test]
fn what_a_machine_does_not_have_is_refused() {
    check(
        r#"{"command":"fans","mode":"immersion"}"#,
        "E-FAN-LOCAL: fan mode: this machine takes auto, quiet, manual and not `immersion`",
    );
    check(
        r#"{"command":"fans","mode":"manual"}"#,
        "E-API-REQUEST: fan mode: `manual` needs a `duty_percent`",
    );
    check(
        r#"{"command":"fans","mode":"auto","duty_percent":50}"#,
        "E-API-REQUEST: fan mode: `auto` takes no `duty_percent`",
    );
    check(r#"{"command":"shutdown"}"#, "E-API-FORBIDDEN: …");
    let ceiling = Order::PowerCeiling { power_w: None };
    let refused = ceiling.check(None).expect_err("nothing to set");
    assert_eq!(
        refused.to_string(),
        "this machine has no power ceiling to set"
    );
}

#[test]
fn what_is_missing_misspelt_or_surplus_is_no_order() {
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#""pause""#,
        "{}",
        r#"{"command":null}"#,
        r#"{"command":"overvolt"}"#,
        r#"{"command":"pause","now":true}"#,
        r#"{"command":"pause","command":"resume"}"#,
        r#"{"command":"power_ceiling"}"#,
        r#"{"command":"power_ceiling","power_kw":2}"#,
        r#"{"command":"power_ceiling","power_w":2500,"temp_c":50}"#,
        r#"{"command":"power_ceiling","power_w":2500,"power_w":null}"#,
        r#"{"command":"power_ceiling","power_w":"2500"}"#,
        r#"{"command":"power_ceiling","power_w":1e999}"#,
        r#"{"command":"target_temperature","temp_c":NaN}"#,
        r#"{"command":"fans"}"#,
        r#"{"command":"fans","mode":"off"}"#,
        r#"{"command":"fans","mode":3}"#,
        r#"{"command":"fans","mode":{"manual":45}}"#,
    ] {
        check(body, "no order: …");
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -10.0..5_000.0f64,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0),
    ]
}

fn any_order() -> impl Strategy<Value = Order> {
    use FanMode::{Auto, Hydro, Immersion, Manual, Quiet};
    let mode = prop::sample::select(vec![Auto, Quiet, Manual, Immersion, Hydro]);
    let number = || prop::option::of(any_number());
    let fans = (mode, number());
    prop_oneof![
        Just(Order::Pause {}),
        Just(Order::Wake {}),
        Just(Order::Shutdown {}),
        any::<bool>().prop_map(|on| Order::Locate { on }),
        fans.prop_map(|(mode, duty_percent)| Order::Fans { mode, duty_percent }),
        number().prop_map(|power_w| Order::PowerCeiling { power_w }),
        number().prop_map(|temp_c| Order::TargetTemperature { temp_c }),
    ]
}

proptest! {
    #[test]
    fn no_order_becomes_a_command_outside_the_ranges(order in any_order()) {
        let settings = settings();
        let inside = match order.check(Some(&settings)) {
            Ok(Command::Fans(FanWish::Manual { duty_percent })) => {
                settings.fans.duty.takes(f64::from(duty_percent.percent()))
            }
            Ok(Command::Fans(FanWish::Immersion | FanWish::Hydro) | Command::Shutdown) => false,
            Ok(Command::PowerCeiling { power_w: Some(w) }) => {
                settings.power_ceiling.takes(w.w())
            }
            Ok(Command::TargetTemperature { temp_c: Some(c) }) => {
                settings.target_temperature.takes(c.c())
            }
            Ok(_) => true,
            Err(refused) => !refused.to_string().is_empty(),
        };
        prop_assert!(inside, "{order:?}");
    }
}
