//! What stands on `top`'s screens, for any width.
//!
//! A status is taken as it came, with a dash for whatever it misses; lines are as long as they are and the
//! screen cuts them, so what matters most stands to the left.

use serde_json::Value;

use super::super::chip_map::{self, Class};
use super::super::table::Tone;
use super::super::text::{plain, width, wrapped};
use super::super::view::{list, number, span, text, tone, word};
use super::chart::{Marks, area};
use super::history::{History, hottest};
use super::line::Line;

/// Below this a screen is a telephone's: names instead of tables' columns.
const NARROW: usize = 70;
/// Decisions that are shown.
const DECISIONS: usize = 6;
/// Where words begin behind their name: `59 min 59 s` is the longest.
const INDENT: usize = 12;
/// Rows of the large chart.
const CHART_ROWS: usize = 4;
/// A chart of the rate ends a little above the model, so that a good minute is seen.
const HEADROOM: f64 = 1.1;
/// What fills the chart of temperatures: beyond what boards bear.
const HOT_C: f64 = 100.0;

/// The screens, from left to right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Screen {
    Overview,
    Chips,
    Pools,
    Log,
}

impl Screen {
    pub(super) const ALL: [Screen; 4] =
        [Screen::Overview, Screen::Chips, Screen::Pools, Screen::Log];

    fn name(self) -> &'static str {
        match self {
            Screen::Overview => "overview",
            Screen::Chips => "chips",
            Screen::Pools => "pools",
            Screen::Log => "log",
        }
    }

    /// So many to the right, in a ring.
    pub(super) fn beside(self, by: usize) -> Screen {
        let here = Screen::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Screen::ALL[(here + by) % Screen::ALL.len()]
    }
}

/// What a screen is made of.
pub(super) struct Seen<'a> {
    pub(super) status: &'a Value,
    /// Answer of the log.
    pub(super) log: &'a Value,
    pub(super) history: &'a History,
    pub(super) marks: Marks,
}

/// Two lines above every screen: which machine, what it does, and what it earns.
pub(super) fn head(s: &Value, screen: Screen, columns: usize) -> Vec<Line> {
    let state = word(&s["state"]);
    let mut first = Line::of(&text(&s["machine"]["name"]), Tone::Title)
        .with("  ", Tone::Plain)
        .with(&state, tone(&state));
    if s["machine"]["emulated"].as_bool() == Some(true) {
        first = first.with("  emulated", Tone::Warn);
    }
    if s["locating"].as_bool() == Some(true) {
        first = first.with("  blinking", Tone::Warn);
    }
    let up = format!("up {}", span(s["uptime_s"].as_f64()));
    let first = first.and_right(&up, Tone::Plain, columns);
    let mut second = Line::default();
    for other in Screen::ALL {
        let tone = if other == screen {
            Tone::Title
        } else {
            Tone::Head
        };
        let name = match other == screen {
            true => format!("[{}]", other.name()),
            false => format!(" {} ", other.name()),
        };
        second = second.with(&name, tone);
    }
    let faults = list(&s["faults"]).count();
    let words = match faults {
        0 => "no faults".to_owned(),
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let tone = if faults == 0 { Tone::Good } else { Tone::Bad };
    vec![first, second.and_right(&words, tone, columns)]
}

/// The lines of a screen.
pub(super) fn body(seen: &Seen<'_>, screen: Screen, columns: usize) -> Vec<Line> {
    match screen {
        Screen::Overview => overview(seen, columns),
        Screen::Chips => chips(seen.status, columns),
        Screen::Pools => pools_in_full(seen.status, columns),
        Screen::Log => log(seen.log, columns),
    }
}

fn overview(seen: &Seen<'_>, columns: usize) -> Vec<Line> {
    let s = seen.status;
    let mut out = faults(s, columns);
    out.extend(rate(seen, columns));
    out.extend(chains(s, columns));
    out.extend(pools(s, columns));
    out.extend(titled("shares", &shares(s), columns));
    out.extend(heat(seen, columns));
    out.push(Line::default());
    out.extend(decisions(s, columns));
    out
}

fn faults(s: &Value, columns: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for fault in list(&s["faults"]) {
        let (code, place) = (text(&fault["code"]), text(&fault["place"]));
        let what = format!("{code} {place}: {}", text(&fault["detail"]));
        let lines = wrapped(&what, columns).into_iter();
        out.extend(lines.map(|line| Line::of(&line, Tone::Bad)));
        for (name, key) in [("means", "meaning"), ("done", "action"), ("hint", "remedy")] {
            if let Some(words) = fault[key].as_str().filter(|words| !words.is_empty()) {
                out.extend(titled(name, &plain(words), columns));
            }
        }
        out.push(Line::default());
    }
    out
}

/// `name  words`, with further lines below the words.
fn titled(name: &str, words: &str, columns: usize) -> Vec<Line> {
    let indent = INDENT.min(columns / 3).max(width(name) + 1);
    let lines = wrapped(words, columns.saturating_sub(indent));
    let mut out: Vec<_> = lines
        .iter()
        .map(|line| Line::default().to(indent).with(line, Tone::Plain))
        .collect();
    if let (Some(first), Some(words)) = (out.first_mut(), lines.first()) {
        *first = Line::of(name, Tone::Head)
            .to(indent)
            .with(words, Tone::Plain);
    }
    out
}

fn rate(seen: &Seen<'_>, columns: usize) -> Vec<Line> {
    let h = &seen.status["hashrate_ths"];
    let windows = [
        ("1 min", "m1"),
        ("15 min", "m15"),
        ("1 h", "h1"),
        ("model", "nominal"),
    ];
    let known = windows.iter().filter(|(_, key)| !h[*key].is_null());
    let known = known.map(|(name, key)| format!("{} {name}", number(&h[*key], 2)));
    let now = format!("{} TH/s", number(&h["s5"], 2));
    let first = Line::of(&now, Tone::Title)
        .with("  ", Tone::Plain)
        .with(&known.collect::<Vec<_>>().join(" · "), Tone::Plain);
    let rates = seen.history.rates_ths();
    let most = rates.iter().flatten().copied().fold(0.0, f64::max);
    let top = h["nominal"]
        .as_f64()
        .map_or(most, |nominal| most.max(HEADROOM * nominal));
    let mut out = vec![first];
    out.extend(chart(&rates, top, CHART_ROWS, columns, seen.marks));
    out
}

/// A chart with its scale beside it.
fn chart(values: &[Option<f64>], top: f64, rows: usize, columns: usize, marks: Marks) -> Vec<Line> {
    let scale = [format!("{top:.0}"), "0".to_owned()];
    let margin = scale.iter().map(|text| width(text)).max().unwrap_or(0) + 1;
    let room = columns.saturating_sub(margin);
    let drawn = area(values, room, rows, top, marks);
    let lines = drawn.iter().enumerate().map(|(row, drawn)| {
        let label = match row {
            0 => scale[0].as_str(),
            _ if row + 1 == rows => scale[1].as_str(),
            _ => "",
        };
        let gap = margin - 1 - width(label);
        Line::of(&" ".repeat(gap), Tone::Plain)
            .with(label, Tone::Head)
            .with(" ", Tone::Plain)
            // The newest stands at the right edge.
            .to(margin + room.saturating_sub(width(drawn)))
            .with(drawn, Tone::Good)
    });
    lines.collect()
}

fn heat(seen: &Seen<'_>, columns: usize) -> Vec<Line> {
    let s = seen.status;
    let shown = |value: Option<f64>, digits: usize, unit: &str| match value {
        Some(value) => format!("{value:.digits$} {unit}"),
        None => format!("– {unit}"),
    };
    let watts = shown(s["power_w"].as_f64(), 0, "W");
    let joules = shown(s["efficiency_j_per_th"].as_f64(), 1, "J/TH");
    let volts = s["psu"]["voltage_mv"].as_f64().map(|mv| mv / 1000.0);
    let power = format!("{watts} · {joules} · supply {}", shown(volts, 2, "V"));
    let mut out = titled("power", &power, columns);
    let head = format!("hottest {}", shown(hottest(s), 1, "°C"));
    let temps = seen.history.temps_c();
    if temps.iter().any(Option::is_some) {
        let room = columns.saturating_sub(width(&head) + 2).min(60);
        let drawn = area(&temps, room, 1, HOT_C, seen.marks).concat();
        out.push(
            Line::of(&head, Tone::Plain)
                .with("  ", Tone::Plain)
                .with(&drawn, Tone::Warn),
        );
    }
    out.extend(flowing(places(s), columns));
    out.extend(titled("fans", &fans(s), columns));
    out
}

/// A range for each kind of sensor of a board, since there are dozens of them: `board 0 chip 31.0 to 33.0 °C`.
fn places(s: &Value) -> Vec<String> {
    let mut kinds: Vec<(String, Vec<&Value>)> = Vec::new();
    for sensor in list(&s["temperatures"]) {
        let place = text(&sensor["place"]);
        let kind = place
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end();
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, sensors)) => sensors.push(sensor),
            None => kinds.push((kind.to_owned(), vec![sensor])),
        }
    }
    let shown = kinds.iter().map(|(kind, sensors)| {
        let values = || {
            sensors
                .iter()
                .filter_map(|sensor| sensor["temp_c"].as_f64())
        };
        let range = match (values().reduce(f64::min), values().reduce(f64::max)) {
            (Some(low), Some(high)) if low < high => format!("{low:.1} to {high:.1}"),
            (Some(one), _) => format!("{one:.1}"),
            _ => "–".to_owned(),
        };
        let good = |sensor: &&&Value| sensor["quality"].as_str() == Some("good");
        let bad = sensors.iter().filter(|sensor| !good(sensor)).count();
        let bad = if bad == 0 {
            String::new()
        } else {
            format!(", {bad} not good")
        };
        format!("{kind} {range} °C{bad}")
    });
    shown.collect()
}

/// Speeds in the order of the fans, and how hard they are driven.
fn fans(s: &Value) -> String {
    let rpm = list(&s["fans"]).map(|fan| text(&fan["rpm"]));
    let mut duties: Vec<String> = list(&s["fans"])
        .map(|fan| number(&fan["duty_percent"], 0))
        .collect();
    duties.dedup();
    let (rpm, duties) = (rpm.collect::<Vec<_>>().join(" "), duties.join(" "));
    match rpm.is_empty() {
        true => "–".to_owned(),
        false => format!("{rpm} rpm at {duties} %"),
    }
}

/// Cells of one width, as many beside each other as there is room for.
fn flowing(cells: Vec<String>, columns: usize) -> Vec<Line> {
    let wide = cells.iter().map(|cell| width(cell)).max().unwrap_or(0) + 3;
    let beside = ((columns + 3) / wide.max(1)).max(1);
    let rows = cells.chunks(beside).map(|row| {
        row.iter()
            .enumerate()
            .fold(Line::default(), |line, (i, cell)| {
                line.to(i * wide).with(cell, Tone::Plain)
            })
    });
    rows.collect()
}

/// Cells in columns of their widest; the first column's tone is the row's.
fn table(heads: &[&str], rows: Vec<(Tone, Vec<String>)>) -> Vec<Line> {
    let widths: Vec<usize> = (0..heads.len())
        .map(|i| {
            let cells = rows.iter().filter_map(|(_, row)| row.get(i));
            cells
                .map(|cell| width(cell))
                .max()
                .unwrap_or(0)
                .max(width(heads[i]))
        })
        .collect();
    let line = |cells: &[String], first: Tone, rest: Tone| {
        let mut column = 0;
        let mut line = Line::default();
        for (i, (cell, wide)) in cells.iter().zip(&widths).enumerate() {
            line = line
                .to(column)
                .with(cell, if i == 1 { first } else { rest });
            column += wide + 2;
        }
        line
    };
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut out = vec![line(&heads, Tone::Head, Tone::Head)];
    out.extend(rows.iter().map(|(tone, row)| line(row, *tone, Tone::Plain)));
    out
}

fn chains(s: &Value, columns: usize) -> Vec<Line> {
    let rows = list(&s["chains"]).map(|c| {
        let state = word(&c["state"]);
        let chips = format!("{}/{}", text(&c["chips_found"]), text(&c["chips_expected"]));
        let mut row = vec![
            text(&c["slot"]),
            state.clone(),
            number(&c["hashrate_ths"], 2),
            chips,
            number(&c["frequency_mhz"], 0),
        ];
        if columns >= NARROW {
            row.push(text(&c["voltage_mv"]));
            row.push(super::super::view::percent(
                &c["nonces"],
                &c["nonces_expected"],
            ));
            row.push(text(&c["hw_errors"]));
            row.push(text(&c["restarts"]));
        }
        (tone(&state), row)
    });
    let heads = [
        "#",
        "chain",
        "TH/s",
        "chips",
        "MHz",
        "mV",
        "of model",
        "hw errors",
        "restarts",
    ];
    let shown = if columns >= NARROW { heads.len() } else { 5 };
    table(&heads[..shown], rows.collect())
}

fn pools(s: &Value, columns: usize) -> Vec<Line> {
    let rows = list(&s["pools"]).map(|p| {
        let state = word(&p["state"]);
        let mut row = vec![
            text(&p["id"]),
            state.clone(),
            text(&p["accepted"]),
            text(&p["rejected"]),
        ];
        if columns >= NARROW {
            row.push(text(&p["stale"]));
            let last = p["last_share_s"].as_f64();
            row.push(last.map_or("–".to_owned(), |s| format!("{} ago", span(Some(s)))));
        }
        row.push(bare(&text(&p["url"])));
        (tone(&state), row)
    });
    let heads = [
        "#",
        "pool",
        "accepted",
        "rejected",
        "stale",
        "last share",
        "address",
    ];
    let narrow = ["#", "pool", "acc", "rej", "address"];
    let rows = rows.collect();
    match columns >= NARROW {
        true => table(&heads, rows),
        false => table(&narrow, rows),
    }
}

/// Without what the address begins with.
fn bare(url: &str) -> String {
    url.split_once("://")
        .map_or(url, |(_, rest)| rest)
        .to_owned()
}

fn shares(s: &Value) -> String {
    let a = &s["shares"];
    let parts = [
        "accepted",
        "rejected",
        "stale",
        "duplicate",
        "lost",
        "hw_errors",
        "blocks",
    ];
    let parts = parts.map(|key| format!("{} {}", text(&a[key]), key.replace('_', " ")));
    parts.join(" · ")
}

fn decisions(s: &Value, columns: usize) -> Vec<Line> {
    let now_s = s["uptime_s"].as_f64();
    let all: Vec<_> = list(&s["decisions"]).collect();
    let latest = all.iter().rev().take(DECISIONS);
    let lines = latest.flat_map(|d| {
        let ago = now_s.zip(d["at_s"].as_f64()).map(|(now, at)| now - at);
        let place = d["place"].as_str().filter(|place| !place.is_empty());
        let place = place
            .map(|place| format!("{}: ", plain(place)))
            .unwrap_or_default();
        let words = format!("{place}{} ({})", text(&d["decision"]), text(&d["reason"]));
        titled(&span(ago), &words, columns)
    });
    let mut out = vec![Line::of("decided, ago", Tone::Head)];
    out.extend(lines);
    out
}

fn chips(s: &Value, columns: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for c in list(&s["chains"]) {
        let chips: Vec<_> = list(&c["chips"]).collect();
        let state = word(&c["state"]);
        let lag = chips.iter().filter(|chip| Class::of(chip).lags()).count();
        let found = format!(
            "{} of {} chips",
            text(&c["chips_found"]),
            text(&c["chips_expected"])
        );
        let line = Line::of(&format!("chain {}  ", text(&c["slot"])), Tone::Title)
            .with(&state, tone(&state))
            .with(&format!("  {found}"), Tone::Plain);
        out.push(match lag {
            0 => line,
            lag => line.with(&format!("  {lag} lag"), Tone::Bad),
        });
        for row in chip_map::rows(&chips, columns) {
            let mut line = Line::default();
            for (i, domain) in row.iter().enumerate() {
                let gap = if i == 0 { "" } else { " " };
                line = line.with(gap, Tone::Plain);
                for class in domain {
                    line = line.with(class.letter().encode_utf8(&mut [0; 4]), class.tone());
                }
            }
            out.push(line);
        }
        out.push(Line::default());
    }
    let legend = wrapped(chip_map::LEGEND, columns).into_iter();
    out.extend(legend.map(|line| Line::of(&line, Tone::Head)));
    out
}

fn pools_in_full(s: &Value, columns: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for p in list(&s["pools"]) {
        let state = word(&p["state"]);
        let line = Line::of(&format!("pool {}  ", text(&p["id"])), Tone::Title);
        out.push(line.with(&state, tone(&state)));
        let percent = number(&p["rejected_percent"], 2);
        let shares = format!(
            "{} accepted · {} rejected ({percent} %) · {} stale · {} lost · {} in flight",
            text(&p["accepted"]),
            text(&p["rejected"]),
            text(&p["stale"]),
            text(&p["lost"]),
            text(&p["in_flight"]),
        );
        let latency = &p["latency"];
        let answers = format!(
            "{} ms in half of the cases, {} ms in 99 of 100",
            number(&latency["p50_ms"], 0),
            number(&latency["p99_ms"], 0)
        );
        let worth = format!(
            "{} TH/s credited · {} sat/day, an estimate without fees",
            number(&p["credited_ths"], 2),
            number(&p["estimated_sat_per_day"], 0)
        );
        let group = format!(
            "{}, {} %",
            text(&p["group"]),
            number(&p["quota_percent"], 0)
        );
        let rows = [
            ("address", text(&p["url"])),
            ("user", text(&p["user"])),
            ("group", group),
            ("shares", shares),
            ("answers", answers),
            ("worth", worth),
            (
                "error",
                p["last_error"].as_str().map(plain).unwrap_or_default(),
            ),
        ];
        for (name, words) in rows {
            out.extend(titled(name, &words, columns));
        }
        out.push(Line::default());
    }
    out
}

fn log(answer: &Value, columns: usize) -> Vec<Line> {
    let notes: Vec<_> = list(&answer["notes"]).collect();
    let mut out = Vec::new();
    // The newest are what somebody looks for.
    for note in notes.iter().rev() {
        let severity = text(&note["severity"]);
        let tone = match severity.as_str() {
            "error" => Tone::Bad,
            "warn" => Tone::Warn,
            _ => Tone::Plain,
        };
        let place = note["place"].as_str().filter(|place| !place.is_empty());
        let place = place
            .map(|place| format!("{}: ", plain(place)))
            .unwrap_or_default();
        let detail = note["detail"].as_str().filter(|detail| !detail.is_empty());
        let detail = detail
            .map(|detail| format!(" ({})", plain(detail)))
            .unwrap_or_default();
        let at = number(&note["at_s"], 0);
        let words = format!(
            "{at} s {place}{}{detail} {}",
            text(&note["meaning"]),
            text(&note["code"])
        );
        out.extend(
            wrapped(&words, columns)
                .iter()
                .map(|line| Line::of(line, tone)),
        );
    }
    out
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
