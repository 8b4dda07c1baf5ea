//! Answers of the daemon as people read them.
//!
//! A view takes the JSON as it came and shows a dash for whatever it misses: a daemon may
//! be older or newer than this command line. Text from outside (pools, users) is stripped
//! of control characters: a terminal obeys them.

use std::fmt::Write;

use serde_json::Value;

use super::chip_map::{self, Class};
use super::table::{Cell, Colour, Table, Tone};
use super::text::{plain, wrapped};

const UNKNOWN: &str = "–";

/// `stannary status`
pub(super) fn status(s: &Value, colour: Colour) -> String {
    let mut out = String::new();
    let state = word(&s["state"]);
    let head = format!(
        "{}  {}",
        text(&s["machine"]["name"]),
        colour.paint(&state, tone(&state))
    );
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "{head}  up {}", span(s["uptime_s"].as_f64()));
    if s["machine"]["emulated"].as_bool() == Some(true) {
        let bits = text(&s["machine"]["difficulty_bits"]);
        let _ = writeln!(
            out,
            "emulated: a twin mines, no silicon does; difficulty one is {bits} zero bits instead of 32"
        );
    }
    let h = &s["hashrate_ths"];
    let windows = [
        ("5s", "s5"),
        ("1m", "m1"),
        ("15m", "m15"),
        ("1h", "h1"),
        ("nominal", "nominal"),
    ];
    let windows = windows.map(|(name, key)| format!("{name} {}", number(&h[key], 2)));
    let _ = writeln!(out, "hashrate TH/s: {}", windows.join(" · "));
    let a = &s["shares"];
    let parts = [
        "accepted",
        "rejected",
        "stale",
        "duplicate",
        "lost",
        "in_flight",
        "hw_errors",
        "blocks",
    ];
    let parts = parts.map(|key| format!("{} {}", grouped(&a[key]), key.replace('_', " ")));
    let _ = writeln!(out, "shares: {}", parts.join(" · "));
    let _ = writeln!(out, "{}", surroundings(s));
    if s["settings"].is_object() {
        let _ = writeln!(out, "{}", settings(&s["settings"]));
    }
    out.push('\n');
    faults(&mut out, s, colour);
    out + &chains(s, colour) + "\n" + &pools(s, colour)
}

fn surroundings(s: &Value) -> String {
    let hottest = list(&s["temperatures"])
        .filter_map(|t| t["temp_c"].as_f64())
        .reduce(f64::max);
    let slowest = list(&s["fans"])
        .filter_map(|f| f["rpm"].as_f64())
        .reduce(f64::min);
    let shown = |v: Option<f64>, digits, unit| match v {
        Some(v) => format!("{v:.digits$} {unit}"),
        None => UNKNOWN.to_owned(),
    };
    let duty = list(&s["fans"])
        .filter_map(|f| f["duty_percent"].as_f64())
        .reduce(f64::max);
    let supply_v = s["psu"]["voltage_mv"].as_f64().map(|mv| mv / 1000.0);
    format!(
        "hottest {} · slowest fan {} at {} · supply {} · power {} · {}",
        shown(hottest, 1, "°C"),
        shown(slowest, 0, "rpm"),
        shown(duty, 0, "%"),
        shown(supply_v, 2, "V"),
        shown(s["power_w"].as_f64(), 0, "W"),
        shown(s["efficiency_j_per_th"].as_f64(), 1, "J/TH"),
    )
}

/// What an operator has set, as it holds now, in a line.
fn settings(set: &Value) -> String {
    let fans = &set["fans"];
    let mut mode = word(&fans["mode"]);
    if !fans["duty"]["in_force"].is_null() {
        let _ = write!(mode, " at {} %", text(&fans["duty"]["in_force"]));
    }
    format!(
        "meant to {} · fans {mode} · at most {} W · quiet fans keep {} °C",
        word(&set["intent"]),
        number(&set["power_ceiling"]["in_force"], 0),
        number(&set["target_temperature"]["in_force"], 0),
    )
}

/// `stannary limits`
pub(super) fn limits(set: &Value, colour: Colour) -> String {
    if !set.is_object() {
        return "nothing of this machine's heat, air and power is driven\n".to_owned();
    }
    let heads = [
        "setting",
        ">in force",
        ">set",
        ">min",
        ">max",
        ">default",
        "unit",
    ];
    let mut table = Table::new(&heads);
    let rows = [
        ("power ceiling", &set["power_ceiling"]),
        ("target temperature", &set["target_temperature"]),
        ("manual fan duty", &set["fans"]["duty"]),
    ];
    for (name, setting) in rows {
        let mut cells: Vec<Cell> = vec![name.into()];
        for key in ["in_force", "set", "min", "max", "default", "unit"] {
            cells.push(text(&setting[key]).into());
        }
        table.row(cells);
    }
    let modes: Vec<_> = list(&set["fans"]["modes"]).map(word).collect();
    let modes = modes.join(", ");
    table.render(colour) + &format!("\nfans: {} (of {modes})\n", word(&set["fans"]["mode"]))
}

fn faults(out: &mut String, s: &Value, colour: Colour) {
    for fault in list(&s["faults"]) {
        let what = format!(
            "{} {}: {}",
            text(&fault["code"]),
            text(&fault["place"]),
            text(&fault["detail"])
        );
        let _ = writeln!(
            out,
            "{}",
            colour.paint(&format!("fault: {what}"), Tone::Bad)
        );
        // A daemon before this one says nothing of them.
        for (name, key) in [("means", "meaning"), ("done", "action")] {
            if let Some(words) = fault[key].as_str().filter(|words| !words.is_empty()) {
                let _ = writeln!(out, "{name}: {}", plain(words));
            }
        }
        let _ = writeln!(out, "hint: {}\n", text(&fault["remedy"]));
    }
}

/// The chains of a status.
pub(super) fn chains(s: &Value, colour: Colour) -> String {
    let heads = [
        "chain",
        "state",
        ">chips",
        ">MHz",
        ">mV",
        ">TH/s",
        ">nonces",
        ">of model",
        ">hw errors",
        ">damaged",
        ">restarts",
    ];
    let mut table = Table::new(&heads);
    for c in list(&s["chains"]) {
        let state = word(&c["state"]);
        let (found, expected) = (&c["chips_found"], &c["chips_expected"]);
        let whole = found.is_null() || found == expected;
        let chips = format!("{}/{}", text(found), text(expected));
        table.row([
            text(&c["slot"]).into(),
            Cell::toned(state.clone(), tone(&state)),
            Cell::toned(chips, if whole { Tone::Plain } else { Tone::Bad }),
            number(&c["frequency_mhz"], 1).into(),
            grouped(&c["voltage_mv"]).into(),
            number(&c["hashrate_ths"], 2).into(),
            grouped(&c["nonces"]).into(),
            percent(&c["nonces"], &c["nonces_expected"]).into(),
            grouped(&c["hw_errors"]).into(),
            grouped(&c["damaged_frames"]).into(),
            grouped(&c["restarts"]).into(),
        ]);
    }
    table.render(colour)
}

/// Where a pool is; of one's own node, how far its chain is as well.
fn place(pool: &Value) -> String {
    let url = text(&pool["url"]);
    let node = &pool["node"];
    match (node["chain"].as_str(), node["height"].as_u64()) {
        (Some(_), Some(height)) => format!("{url} ({}, height {height})", text(&node["chain"])),
        (Some(_), None) => format!("{url} ({})", text(&node["chain"])),
        _ => url,
    }
}

/// The pools of a status.
pub(super) fn pools(s: &Value, colour: Colour) -> String {
    let heads = [
        "pool",
        "state",
        "url",
        "user",
        ">difficulty",
        ">accepted",
        ">rejected",
        ">stale",
        ">last share",
        "last error",
    ];
    let mut table = Table::new(&heads);
    for (i, p) in list(&s["pools"]).enumerate() {
        let id = p["id"].as_u64().unwrap_or(i as u64);
        let state = word(&p["state"]);
        let last = p["last_share_s"].as_f64();
        let error = if p["active"].as_bool() == Some(true) {
            String::new()
        } else {
            text(&p["last_error"])
        };
        table.row([
            id.to_string().into(),
            Cell::toned(state.clone(), tone(&state)),
            place(p).into(),
            text(&p["user"]).into(),
            text(&p["difficulty"]).into(),
            grouped(&p["accepted"]).into(),
            grouped(&p["rejected"]).into(),
            grouped(&p["stale"]).into(),
            last.map_or(UNKNOWN.to_owned(), |s| format!("{} ago", span(Some(s))))
                .into(),
            error.replace(UNKNOWN, "").into(),
        ]);
    }
    table.render(colour)
}

/// What became of the shares of each pool, and what they are worth: the second table of
/// `stannary pools`.
pub(super) fn pool_accounts(s: &Value, colour: Colour) -> String {
    let heads = [
        "pool",
        "group",
        ">quota",
        ">credited TH/s",
        ">best share",
        ">rejected",
        ">lost",
        ">p50 ms",
        ">p99 ms",
        ">sat/day",
    ];
    let mut table = Table::new(&heads);
    for (i, p) in list(&s["pools"]).enumerate() {
        let id = p["id"].as_u64().unwrap_or(i as u64);
        let percent = |value: &Value, digits| match value.is_null() {
            true => UNKNOWN.to_owned(),
            false => format!("{} %", number(value, digits)),
        };
        table.row([
            id.to_string().into(),
            text(&p["group"]).into(),
            percent(&p["quota_percent"], 0).into(),
            number(&p["credited_ths"], 2).into(),
            number(&p["best_share"], 0).into(),
            percent(&p["rejected_percent"], 2).into(),
            grouped(&p["lost"]).into(),
            number(&p["latency"]["p50_ms"], 0).into(),
            number(&p["latency"]["p99_ms"], 0).into(),
            number(&p["estimated_sat_per_day"], 0).into(),
        ]);
    }
    let about =
        "sat/day is an estimate: by the difficulty and subsidy of the present job, without fees";
    format!("{}{about}\n", table.render(colour))
}

/// Groups with their quotas as they were set, and what is left: the end of `stannary pools`. Nothing where
/// there are none.
pub(super) fn pool_groups(s: &Value) -> String {
    let mut words = Vec::new();
    let (mut given, mut has_default) = (0.0, false);
    for group in list(&s["pool_groups"]) {
        let percent = group["quota_percent"].as_f64().unwrap_or(0.0);
        given += percent;
        has_default |= group["name"] == telemetry::DEFAULT_GROUP;
        words.push(format!("{} {percent} %", text(&group["name"])));
    }
    if words.is_empty() {
        return String::new();
    }
    let left = (100.0 - given).max(0.0);
    if !has_default {
        words.push(format!("default {} %, which is left", rounded(left)));
    }
    format!("groups: {}\n", words.join(", "))
}

/// Without what a sum of decimal fractions is off.
fn rounded(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

/// `stannary chips`: a letter for each chip of a status that was asked for with chips, and numbers of those
/// that lag behind.
pub(super) fn chip_map(s: &Value, columns: usize, colour: Colour) -> String {
    let mut out = String::new();
    let mut lagging = Table::new(&[
        "chain",
        ">chip",
        ">domain",
        ">seen",
        ">expected",
        ">%",
        ">hw errors",
    ]);
    let mut any = false;
    for c in list(&s["chains"]) {
        let chips: Vec<_> = list(&c["chips"]).collect();
        chain_head(&mut out, c, colour);
        for row in chip_map::rows(&chips, columns) {
            let domains = row.iter().map(|domain| {
                let letter = |class: &Class| {
                    let letter = class.letter().to_string();
                    colour.paint(&letter, class.tone())
                };
                domain.iter().map(letter).collect::<String>()
            });
            let _ = writeln!(out, "{}", domains.collect::<Vec<_>>().join(" "));
        }
        out.push('\n');
        for chip in chips.iter().filter(|chip| Class::of(chip).lags()) {
            any = true;
            let class = Class::of(chip);
            lagging.row([
                text(&c["slot"]).into(),
                Cell::toned(text(&chip["index"]), class.tone()),
                text(&chip["domain"]).into(),
                text(&chip["nonces"]).into(),
                number(&chip["expected"], 0).into(),
                percent(&chip["nonces"], &chip["expected"])
                    .replace(" %", "")
                    .into(),
                text(&chip["hw_errors"]).into(),
            ]);
        }
    }
    for line in wrapped(chip_map::LEGEND, columns) {
        let _ = writeln!(out, "{line}");
    }
    if any {
        let _ = write!(out, "\n{}", lagging.render(colour));
    }
    out
}

fn chain_head(out: &mut String, c: &Value, colour: Colour) {
    let state = word(&c["state"]);
    let _ = writeln!(
        out,
        "chain {}  {}  {} of {} chips",
        text(&c["slot"]),
        colour.paint(&state, tone(&state)),
        text(&c["chips_found"]),
        text(&c["chips_expected"]),
    );
}

/// `stannary faults`
pub(super) fn all_faults(faults_now: &Value, colour: Colour) -> String {
    let mut out = String::new();
    faults(
        &mut out,
        &serde_json::json!({ "faults": faults_now }),
        colour,
    );
    match out.trim_end() {
        "" => "no faults\n".to_owned(),
        shown => format!("{shown}\n"),
    }
}

/// The same in numbers, domain by domain: seen nonces in percent of the model's. `!`: it surely lags
/// behind.
pub(super) fn chips(s: &Value, colour: Colour) -> String {
    let mut out = String::new();
    for c in list(&s["chains"]) {
        let chips: Vec<_> = list(&c["chips"]).collect();
        chain_head(&mut out, c, colour);
        let domains: std::collections::BTreeSet<_> =
            chips.iter().filter_map(|c| c["domain"].as_u64()).collect();
        let mut table = Table::new(&[">domain", ">chips", "seen of expected, %"]);
        for domain in domains {
            let of_domain = chips
                .iter()
                .filter(|c| c["domain"].as_u64() == Some(domain));
            let of_domain: Vec<_> = of_domain.collect();
            let cells: Vec<_> = of_domain.iter().map(|chip| chip_cell(chip)).collect();
            let weak = cells.iter().any(|c| c.contains('!'));
            let indices = of_domain.iter().filter_map(|c| c["index"].as_u64());
            let (first, last) = (indices.clone().min(), indices.max());
            table.row([
                domain.to_string().into(),
                format!("{}–{}", first.unwrap_or(0), last.unwrap_or(0)).into(),
                Cell::toned(cells.join(" "), if weak { Tone::Bad } else { Tone::Plain }),
            ]);
        }
        out.push_str(&table.render(colour));
        out.push('\n');
    }
    out
}

fn chip_cell(chip: &Value) -> String {
    let weak = Class::of(chip).lags();
    let ratio = match (chip["nonces"].as_f64(), chip["expected"].as_f64()) {
        (Some(seen), Some(expected)) if expected >= 1.0 => {
            format!("{:.0}", 100.0 * seen / expected)
        }
        _ => UNKNOWN.to_owned(),
    };
    format!("{:>5}", format!("{ratio}{}", if weak { "!" } else { " " }))
}

/// One line per note.
pub(super) fn log(answer: &Value, colour: Colour) -> String {
    let mut out = String::new();
    for note in list(&answer["notes"]) {
        let severity = text(&note["severity"]);
        let tone = match severity.as_str() {
            "error" => Tone::Bad,
            "warn" => Tone::Warn,
            _ => Tone::Plain,
        };
        let place = note["place"].as_str().filter(|p| !p.is_empty());
        let place = place.map(|p| format!("{}: ", plain(p))).unwrap_or_default();
        let detail = note["detail"].as_str().filter(|d| !d.is_empty());
        let detail = detail
            .map(|d| format!(" ({})", plain(d)))
            .unwrap_or_default();
        let at = note["at_s"].as_f64().unwrap_or_default();
        let what = format!("{severity:<5} {place}{}{detail}", text(&note["meaning"]));
        let _ = writeln!(
            out,
            "{at:>12.3} {} {}",
            colour.paint(&what, tone),
            text(&note["code"])
        );
    }
    out
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(s) => plain(s),
        // Whole floats lose their `.0`: a difficulty is 65536.
        Value::Number(n) => n.as_f64().map_or(n.to_string(), |v| v.to_string()),
        _ => UNKNOWN.to_owned(),
    }
}

pub(super) fn word(value: &Value) -> String {
    text(value).replace('_', " ")
}

pub(super) fn number(value: &Value, digits: usize) -> String {
    value
        .as_f64()
        .map_or(UNKNOWN.to_owned(), |v| format!("{v:.digits$}"))
}

/// A count with a space every three digits.
fn grouped(value: &Value) -> String {
    let Some(count) = value.as_u64() else {
        return UNKNOWN.to_owned();
    };
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

pub(super) fn percent(part: &Value, whole: &Value) -> String {
    match (part.as_f64(), whole.as_f64()) {
        (Some(part), Some(whole)) if whole >= 1.0 => format!("{:.1} %", 100.0 * part / whole),
        _ => UNKNOWN.to_owned(),
    }
}

/// A time in its two largest units.
pub(super) fn span(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds.filter(|s| s.is_finite() && *s >= 0.0) else {
        return UNKNOWN.to_owned();
    };
    let s = seconds as u64;
    let parts = [
        (s / 86_400, "d"),
        (s / 3600 % 24, "h"),
        (s / 60 % 60, "min"),
        (s % 60, "s"),
    ];
    let first = parts.iter().position(|(n, _)| *n > 0).unwrap_or(3);
    let shown = parts[first..]
        .iter()
        .take(2)
        .map(|(n, unit)| format!("{n} {unit}"));
    shown.collect::<Vec<_>>().join(" ")
}

pub(super) fn tone(state: &str) -> Tone {
    match state {
        "hashing" | "active" | "connected" => Tone::Good,
        "fault" | "failed" | "refused" | "absent" => Tone::Bad,
        "idle" | "off" => Tone::Plain,
        _ => Tone::Warn,
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
