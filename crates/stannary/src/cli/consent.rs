//! `[safety]`: what only the machine's own file can say, because it relaxes a protection of
//! the machine or of its site. No command, pool or API reaches it, and what is relaxed is said
//! at every start.

use board_support::Machine;
use board_support::bounds::DUTY_PERCENT;
use board_support::strict::Section;
use engine::{Cooling, Local};
use telemetry::Code;
use units::{Duration, Duty};

/// Longest random delay that a file may ask for, seconds: what control takes.
const DELAY_MAX_S: u64 = 3600;

/// Read `[safety]`; `None` after a fault. The seed of delays is whoever starts the engine to
/// set.
pub(super) fn read(s: &mut Section<'_>) -> Option<Local> {
    let usual = Local::default();
    if !s.has("safety") {
        return Some(usual);
    }
    let mut s = s.section("safety")?;
    let media = [("air", Cooling::Air), ("liquid", Cooling::Liquid)];
    let cooling = match s.has("cooling") {
        true => s.choice("cooling", &media),
        false => Some(usual.cooling),
    };
    let start = read_delay(&mut s, "start_delay_max_s", usual.start_delay_max);
    let resume = read_delay(&mut s, "resume_delay_max_s", usual.resume_delay_max);
    let duties = read_duties(&mut s, &usual);
    let unwatched = read_flag(&mut s, "hash_without_sensors");
    let unguarded = read_flag(&mut s, "hash_without_cutoff");
    let (duty_min, duty_max) = duties?;
    Some(Local {
        cooling: cooling?,
        start_delay_max: start?,
        resume_delay_max: resume?,
        unwatched: unwatched?,
        unguarded: unguarded?,
        duty_min,
        duty_max,
        ..usual
    })
}

fn read_delay(s: &mut Section<'_>, key: &'static str, usual: Duration) -> Option<Duration> {
    match s.has(key) {
        true => s.integer(key, 0..=DELAY_MAX_S).map(Duration::from_secs),
        false => Some(usual),
    }
}

fn read_duties(s: &mut Section<'_>, usual: &Local) -> Option<(Duty, Duty)> {
    let mut read = |key, usual| match s.has(key) {
        true => s.integer(key, DUTY_PERCENT).map(|p| Duty::new(p as u8)),
        false => Some(usual),
    };
    let min = read("fan_duty_min_percent", usual.duty_min);
    let max = read("fan_duty_max_percent", usual.duty_max);
    let (min, max) = (min?, max?);
    if min > max {
        let message = "is above `fan_duty_max_percent`";
        s.refuse("fan_duty_min_percent", message, "exchange the two");
        return None;
    }
    Some((min, max))
}

fn read_flag(s: &mut Section<'_>, key: &'static str) -> Option<bool> {
    match s.has(key) {
        true => s.boolean(key),
        false => Some(false),
    }
}

/// What a file relaxes on this machine, to be said at the start.
pub(super) fn relaxed(local: &Local, machine: &Machine) -> Vec<String> {
    let mut said = Vec::new();
    if local.cooling == Cooling::Liquid {
        said.push(says("`cooling = \"liquid\"`: it hashes without fans"));
    }
    if local.unwatched && is_blind(machine) {
        let what = "`hash_without_sensors`: boards hash that nobody measures, at half speed";
        said.push(says(what));
    }
    if local.unguarded && is_unguarded(machine) {
        let what =
            "`hash_without_cutoff`: it hashes, and nothing cuts the power if the daemon dies";
        said.push(says(what));
    }
    let usual = Local::default();
    let (start, resume) = (usual.start_delay_max, usual.resume_delay_max);
    for (key, set, usual) in [
        ("start_delay_max_s", local.start_delay_max, start),
        ("resume_delay_max_s", local.resume_delay_max, resume),
    ] {
        if set < usual {
            let (set, usual) = (set.as_secs(), usual.as_secs());
            said.push(says(&format!(
                "`{key} = {set}`: a site's machines are spread over less than {usual} s"
            )));
        }
    }
    said
}

/// A twin harms nobody: its owner consents to what a real machine of its kind would ask for. What
/// that is, to be said at the start.
pub(crate) fn of_twin(local: &mut Local, machine: &Machine) -> Vec<String> {
    let mut said = Vec::new();
    if is_blind(machine) && !std::mem::replace(&mut local.unwatched, true) {
        let what =
            "as a twin it hashes without sensors; a real one asks for `hash_without_sensors`";
        said.push(says(what));
    }
    if is_unguarded(machine) && !std::mem::replace(&mut local.unguarded, true) {
        let what = "as a twin it hashes although nothing cuts the power if the daemon dies; a real one asks for `hash_without_cutoff`";
        said.push(says(what));
    }
    said
}

fn is_blind(machine: &Machine) -> bool {
    machine.peripherals.sensors.is_empty()
}

fn is_unguarded(machine: &Machine) -> bool {
    machine.cut_after_s().is_none()
}

fn says(what: &str) -> String {
    format!("{}: {what}", Code::ConfigRelaxed.text())
}
