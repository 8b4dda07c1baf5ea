//! An account as people read it: a picture, a table, a time line, a verdict.

use std::fmt::Write;

use engine::{Done, Setpoint};
use telemetry::Severity;
use units::Instant;

use super::account::{Account, Entry, View};
use super::plot::spark;
use crate::FIRMWARE;
use crate::cli::table::{Cell, Colour, Table, Tone};
use crate::cli::text::plain;

/// Columns of the picture, fit for a terminal of 100.
const WIDTH: usize = 60;
/// Rows of the table.
const ROWS: usize = 16;
/// Smaller changes of a setpoint are seen in the table, and not told one by one.
const DUTY_STEP: i32 = 10;
const CAP_STEP_MHZ: f64 = 50.0;
const VOLTAGE_STEP_MV: i64 = 200;

pub(super) fn render(account: &Account<'_>, colour: Colour) -> String {
    let mut out = String::new();
    head(&mut out, account, colour);
    picture(&mut out, account);
    table(&mut out, account, colour);
    time_line(&mut out, account, colour);
    verdict(&mut out, account, colour);
    out
}

// Writing to a string cannot fail: results of `writeln!` are dropped below.

fn head(out: &mut String, account: &Account<'_>, colour: Colour) {
    let r = account.recording;
    let (from, until) = account.span();
    let _ = writeln!(
        out,
        "{}, recorded by {}: {:.1} s, from {:.1} s to {:.1} s of its clock",
        plain(&r.machine),
        plain(&r.firmware),
        until.since(from).as_secs_f64(),
        from.as_secs_f64(),
        until.as_secs_f64(),
    );
    let fault = format!(
        "fault: {} {} at {:.1} s: {}",
        r.fault.code.text(),
        plain(&r.fault.place),
        r.fault.at.as_secs_f64(),
        plain(&r.fault.detail)
    );
    let _ = writeln!(out, "{}", colour.paint(&fault, Tone::Bad));
    let _ = writeln!(out, "hint: {}", r.fault.code.remedy());
    if r.unrecorded > 0 {
        let _ = writeln!(out, "faults since the recording before: {}", r.unrecorded);
    }
    out.push('\n');
}

fn picture(out: &mut String, account: &Account<'_>) {
    let hottest = |v: &View| v.hottest();
    let duty = |v: &View| v.duty_percent.map(f64::from);
    let cap = |v: &View| v.cap();
    line(out, account, "hottest °C", &hottest, None);
    line(out, account, "fans %", &duty, Some((0.0, 100.0)));
    line(out, account, "cap MHz", &cap, None);
    let (from, until) = account.span();
    let span = until.since(from).as_secs_f64().max(1e-9);
    let place = account.recording.fault.at.since(from).as_secs_f64() / span;
    let place = ((place * WIDTH as f64) as usize).min(WIDTH - 1);
    let _ = writeln!(out, "{:<12}{}▲ fault\n", "", " ".repeat(place));
}

fn line(
    out: &mut String,
    account: &Account<'_>,
    name: &str,
    value: &dyn Fn(&View) -> Option<f64>,
    range: Option<(f64, f64)>,
) {
    let (from, until) = account.span();
    let span = until.since(from).as_secs_f64().max(1e-9);
    let at = |v: &View| v.at.since(from).as_secs_f64() / span;
    let views = account.views.iter();
    let values: Vec<_> = views.filter_map(|v| Some((at(v), value(v)?))).collect();
    let low = values.iter().map(|v| v.1).reduce(f64::min);
    let high = values.iter().map(|v| v.1).reduce(f64::max);
    let Some((low, high)) = low.zip(high) else {
        return;
    };
    let (bottom, top) = range.unwrap_or((low, high));
    let drawn = spark(&values, bottom, top, WIDTH);
    let _ = writeln!(out, "{name:<12}{drawn}  {low:.0} to {high:.0}");
}

fn table(out: &mut String, account: &Account<'_>, colour: Colour) {
    let heads = [
        ">s",
        ">hottest °C by board",
        ">fans rpm",
        ">duty",
        ">cap MHz",
        "supply",
    ];
    let mut table = Table::new(&heads);
    let views = &account.views;
    let rows = ROWS.min(views.len());
    for i in 0..rows {
        let view = &views[i * (views.len() - 1) / (rows - 1).max(1)];
        let boards = join(view.hottest_c.values().map(|c| format!("{c:.0}")));
        let fans = view.fans_rpm.values();
        let fans = join(fans.map(|rpm| rpm.map_or("-".into(), |rpm| rpm.to_string())));
        let caps = join(view.caps_mhz.values().map(|mhz| format!("{mhz:.0}")));
        let duty = view.duty_percent.map_or("-".into(), |d| format!("{d} %"));
        table.row([
            seconds(view.at).into(),
            boards.into(),
            fans.into(),
            Cell::from(duty),
            caps.into(),
            Cell::from(view.supply.clone()),
        ]);
    }
    out.push_str(&table.render(colour));
    out.push('\n');
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn time_line(out: &mut String, account: &Account<'_>, colour: Colour) {
    let mut told = Told::default();
    for (at, entry) in &account.entries {
        let (kind, what, tone) = match entry {
            Entry::Seen(what) => ("seen", what.clone(), Tone::Plain),
            Entry::Decided(d) => {
                let what = format!(
                    "{} {}: {} ({})",
                    d.code.text(),
                    d.place,
                    d.decision,
                    d.reason
                );
                let tone = match d.code.severity() {
                    Severity::Error => Tone::Bad,
                    Severity::Warn => Tone::Warn,
                    Severity::Info => Tone::Good,
                };
                ("decided", what, tone)
            }
            Entry::Set(set) if told.is_news(*set) => ("set", setpoint(*set), Tone::Plain),
            Entry::Set(_) => continue,
        };
        let what = colour.paint(&plain(&what), tone);
        let _ = writeln!(out, "{:>10}  {kind:<8}{what}", seconds(*at));
    }
    out.push('\n');
}

/// What was told of setpoints last.
#[derive(Default)]
struct Told {
    duty: Option<u8>,
    caps: std::collections::BTreeMap<u8, f64>,
    voltages: std::collections::BTreeMap<Option<u8>, u32>,
}

impl Told {
    /// On and off always; what moves only when it moved far.
    fn is_news(&mut self, set: Setpoint) -> bool {
        match set {
            Setpoint::Board { .. } | Setpoint::Supply { .. } => true,
            Setpoint::Fans(duty) => {
                let duty = duty.percent();
                let near = |last: u8| (i32::from(last) - i32::from(duty)).abs() < DUTY_STEP;
                let news = !self.duty.is_some_and(near) || duty == 100 && self.duty != Some(100);
                self.duty = if news { Some(duty) } else { self.duty };
                news
            }
            Setpoint::FrequencyCap { slot, cap } => {
                let cap = cap.mhz();
                let last = self.caps.get(&slot);
                let news = last.is_none_or(|last| (last - cap).abs() >= CAP_STEP_MHZ);
                if news {
                    self.caps.insert(slot, cap);
                }
                news
            }
            Setpoint::Voltage { slot, voltage } => {
                let mv = voltage.mv();
                let far = |last: &u32| (i64::from(*last) - i64::from(mv)).abs() >= VOLTAGE_STEP_MV;
                let news = self.voltages.get(&slot).is_none_or(far);
                if news {
                    self.voltages.insert(slot, mv);
                }
                news
            }
        }
    }
}

fn setpoint(set: Setpoint) -> String {
    let switch = |on| if on { "on" } else { "off" };
    match set {
        Setpoint::Fans(duty) => format!("fans {duty}"),
        Setpoint::Board { slot, on } => format!("board {slot} {}", switch(on)),
        Setpoint::FrequencyCap { slot, cap } => {
            format!("board {slot} at most {:.0} MHz", cap.mhz())
        }
        Setpoint::Voltage { slot, voltage } => {
            let volts = f64::from(voltage.mv()) / 1000.0;
            match slot {
                Some(slot) => format!("board {slot} {volts:.2} V"),
                None => format!("supply {volts:.2} V"),
            }
        }
        Setpoint::Supply { on } => format!("supply {}", switch(on)),
    }
}

fn verdict(out: &mut String, account: &Account<'_>, colour: Colour) {
    let v = &account.verdict;
    if v.agrees() {
        let what = format!(
            "agrees: {} inputs replayed, all {} decisions and setpoints are as recorded",
            v.inputs, v.same
        );
        let _ = writeln!(out, "{}", colour.paint(&what, Tone::Good));
        return;
    }
    let what = format!(
        "differs: {} of {} decisions and setpoints",
        v.different,
        v.different + v.same
    );
    let _ = writeln!(out, "{}", colour.paint(&what, Tone::Bad));
    for difference in &v.differences {
        let _ = writeln!(
            out,
            "{:>10}  recorded {}; replayed {}",
            seconds(difference.at),
            done(difference.recorded.as_ref()),
            done(difference.replayed.as_ref()),
        );
    }
    let hint = if account.other_firmware() {
        format!(
            "it was recorded by firmware {}, and this is {FIRMWARE}: versions may decide \
             differently; replay it with the one that recorded it",
            plain(&account.recording.firmware)
        )
    } else {
        "the same version must decide the same: the file was changed, or this is a bug worth \
         reporting with it"
            .to_owned()
    };
    let _ = writeln!(out, "hint: {hint}");
}

fn done(done: Option<&Done>) -> String {
    match done {
        None => "nothing more".to_owned(),
        Some(Done::Set(set)) => setpoint(*set),
        Some(Done::Decision(d)) => plain(&format!(
            "{} {}: {} ({})",
            d.code.text(),
            d.place,
            d.decision,
            d.reason
        )),
        Some(Done::Remember(what)) => format!("{:?}", what.intent),
    }
}

fn seconds(at: Instant) -> String {
    format!("{:.2} s", at.as_secs_f64())
}
