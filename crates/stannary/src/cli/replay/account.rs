//! What a recording tells: what was seen, what was decided and set, and whether this build
//! does the same.

use std::collections::BTreeMap;

use engine::{BoardState, ChainState, Decision, Done, Input, Recording, Setpoint, Step};
use engine::{SupplyState, Verdict};
use serde_json::{Value, json};
use telemetry::Sensed;
use units::Instant;

use crate::FIRMWARE;

/// A recording, told.
pub(super) struct Account<'a> {
    pub(super) recording: &'a Recording,
    pub(super) verdict: Verdict,
    /// In order.
    pub(super) entries: Vec<(Instant, Entry)>,
    /// The machine as it was seen, a few times a second.
    pub(super) views: Vec<View>,
}

/// One thing that happened.
pub(super) enum Entry {
    /// Something else was seen than before.
    Seen(String),
    Decided(Decision),
    Set(Setpoint),
}

/// The machine at one moment, as far as it was seen.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) at: Instant,
    /// Hottest reading of each board.
    pub(super) hottest_c: BTreeMap<u8, f64>,
    pub(super) fans_rpm: BTreeMap<u8, Option<u32>>,
    pub(super) duty_percent: Option<u8>,
    pub(super) caps_mhz: BTreeMap<u8, f64>,
    pub(super) supply: String,
}

impl View {
    pub(super) fn hottest(&self) -> Option<f64> {
        self.hottest_c.values().copied().reduce(f64::max)
    }

    pub(super) fn cap(&self) -> Option<f64> {
        self.caps_mhz.values().copied().reduce(f64::max)
    }
}

/// Between two views at least.
const VIEW_EVERY_MS: u64 = 250;
/// A tach that shows less is told as a fan that stands.
const STANDS_RPM: u32 = 100;
const TURNS: &str = "turns";
const ANSWERS: &str = "answers";

impl<'a> Account<'a> {
    /// Replay a recording and listen.
    pub(super) fn of(recording: &'a Recording) -> Self {
        let mut listener = Listener::default();
        let verdict = engine::replay(recording, |step, done| listener.step(step, done));
        listener.look(Instant::NEVER);
        Account {
            recording,
            verdict,
            entries: listener.entries,
            views: listener.views,
        }
    }

    /// First and last instant.
    pub(super) fn span(&self) -> (Instant, Instant) {
        let first = self.recording.steps().next().map(|s| s.at);
        let last = self.recording.steps().last().map(|s| s.at);
        (first.unwrap_or_default(), last.unwrap_or_default())
    }

    /// Another firmware recorded it: it may decide otherwise.
    pub(super) fn other_firmware(&self) -> bool {
        self.recording.firmware != FIRMWARE
    }

    pub(super) fn to_json(&self) -> Value {
        let r = self.recording;
        let (from, until) = self.span();
        let decisions = self.entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Decided(d) => Some(json!({
                "at_s": at.as_secs_f64(), "code": d.code, "place": d.place,
                "decision": d.decision, "reason": d.reason,
            })),
            _ => None,
        });
        let setpoints = self.entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Set(set) => Some(json!({"at_s": at.as_secs_f64(), "set": set})),
            _ => None,
        });
        let seen = self.entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Seen(what) => Some(json!({"at_s": at.as_secs_f64(), "what": what})),
            _ => None,
        });
        let views = self.views.iter().map(|v| {
            json!({
                "at_s": v.at.as_secs_f64(), "hottest_c": v.hottest(),
                "duty_percent": v.duty_percent, "cap_mhz": v.cap(),
            })
        });
        let differences = self.verdict.differences.iter().map(|d| {
            json!({
                "at_s": d.at.as_secs_f64(), "recorded": d.recorded, "replayed": d.replayed,
            })
        });
        json!({
            "machine": r.machine,
            "recorded_by": r.firmware,
            "replayed_by": FIRMWARE,
            "fault": {
                "at_s": r.fault.at.as_secs_f64(), "code": r.fault.code,
                "place": r.fault.place, "detail": r.fault.detail,
                "remedy": r.fault.code.remedy(),
            },
            "unrecorded": r.unrecorded,
            "from_s": from.as_secs_f64(),
            "until_s": until.as_secs_f64(),
            "agrees": self.verdict.agrees(),
            "inputs": self.verdict.inputs,
            "effects_same": self.verdict.same,
            "effects_different": self.verdict.different,
            "differences": differences.collect::<Vec<_>>(),
            "seen": seen.collect::<Vec<_>>(),
            "decisions": decisions.collect::<Vec<_>>(),
            "setpoints": setpoints.collect::<Vec<_>>(),
            "series": views.collect::<Vec<_>>(),
        })
    }
}

/// Keeps what was seen last, and notes what changes.
#[derive(Default)]
struct Listener {
    entries: Vec<(Instant, Entry)>,
    views: Vec<View>,
    now: View,
    temperatures: BTreeMap<(u8, u8), f64>,
    /// The last word for each place.
    words: BTreeMap<String, String>,
}

impl Listener {
    fn step(&mut self, step: &Step, done: &[Done]) {
        self.look(step.at);
        self.now.at = step.at;
        self.input(step.at, &step.input);
        for done in done {
            match done {
                Done::Set(set) => {
                    self.set(*set);
                    self.entries.push((step.at, Entry::Set(*set)));
                }
                Done::Decision(decision) => {
                    let decided = Entry::Decided(decision.clone());
                    self.entries.push((step.at, decided));
                }
                Done::Remember(what) => {
                    let what = format!("remembered: {:?}", what.intent);
                    self.entries.push((step.at, Entry::Seen(what)));
                }
            }
        }
    }

    /// Keep a view if the last one is old.
    fn look(&mut self, now: Instant) {
        let last = self.views.last().map(|v| v.at);
        let due = last.is_none_or(|at| now.since(at).as_millis() >= u128::from(VIEW_EVERY_MS));
        let moved = last.is_none_or(|at| at < self.now.at);
        if due && moved && (!self.now.hottest_c.is_empty() || self.now.duty_percent.is_some()) {
            self.views.push(self.now.clone());
        }
    }

    fn set(&mut self, set: Setpoint) {
        match set {
            Setpoint::Fans(duty) => self.now.duty_percent = Some(duty.percent()),
            Setpoint::FrequencyCap { slot, cap } => {
                self.now.caps_mhz.insert(slot, cap.mhz());
            }
            Setpoint::Board { .. } | Setpoint::Voltage { .. } | Setpoint::Supply { .. } => {}
        }
    }

    fn input(&mut self, at: Instant, input: &Input) {
        match input {
            Input::Wake | Input::Tune { .. } => {}
            Input::Start { cause, .. } => self.say(at, "process", format!("began: {cause:?}")),
            Input::Temperature {
                slot,
                sensor,
                reading,
            } => {
                let key = (*slot, *sensor);
                match reading.value() {
                    Some(c) => self.temperatures.insert(key, c.c()),
                    None => self.temperatures.remove(&key),
                };
                let of_board = self.temperatures.range((*slot, 0)..=(*slot, u8::MAX));
                let hottest = of_board.map(|(_, c)| *c).reduce(f64::max);
                match hottest {
                    Some(c) => self.now.hottest_c.insert(*slot, c),
                    None => self.now.hottest_c.remove(slot),
                };
                let place = format!("board {slot} sensor {sensor}");
                self.say(at, &place, kind(reading).to_owned());
            }
            Input::Fan { fan, reading } => {
                let rpm = reading.value().map(|rpm| rpm.rpm());
                self.now.fans_rpm.insert(*fan, rpm);
                let word = match rpm {
                    Some(rpm) if rpm < STANDS_RPM => "stands",
                    Some(_) => TURNS,
                    None => kind(reading),
                };
                self.say(at, &format!("fan {fan}"), word.to_owned());
            }
            Input::Chain { slot, state } => {
                let word = match state {
                    ChainState::Off => "off",
                    ChainState::Absent => "absent",
                    ChainState::Starting => "starts",
                    ChainState::Ramping(_) => "hashes, its frequency moves",
                    ChainState::Hashing(_) => "hashes",
                    ChainState::Failed => "failed",
                };
                self.say(at, &format!("chain {slot}"), word.to_owned());
            }
            Input::Board { slot, state } => {
                let word = match state {
                    BoardState::Unknown => "unknown",
                    BoardState::Off => "no hash power",
                    BoardState::On { .. } => "hash power",
                    BoardState::Failed => "its controller failed",
                };
                self.say(at, &format!("board {slot}"), word.to_owned());
            }
            Input::Supply(state) => {
                let (word, volts) = match state {
                    SupplyState::Unknown => ("unknown", None),
                    SupplyState::Off => ("off", None),
                    SupplyState::Starting => ("starts", None),
                    SupplyState::On { voltage } => ("on", *voltage),
                    SupplyState::Failed => ("failed", None),
                    SupplyState::Refused => ("of a type that takes no orders", None),
                };
                self.now.supply = volts.map_or(word.to_owned(), |mv| {
                    format!("{:.2} V", f64::from(mv.mv()) / 1000.0)
                });
                self.say(at, "supply", word.to_owned());
            }
            Input::Power(reading) => self.say(at, "wall power", kind(reading).to_owned()),
            Input::Pools { available } => {
                let word = if *available { "give work" } else { "give none" };
                self.say(at, "pools", word.to_owned());
            }
            Input::Command(command) => {
                self.words.remove("command");
                self.say(at, "command", format!("{command:?}"));
            }
        }
    }

    /// Note what a place says, if it is something new.
    fn say(&mut self, at: Instant, place: &str, word: String) {
        let before = self.words.insert(place.to_owned(), word.clone());
        // That what should talk does is no news the first time.
        let well = before.is_none() && matches!(word.as_str(), ANSWERS | TURNS);
        if before.as_ref() != Some(&word) && !well {
            self.entries
                .push((at, Entry::Seen(format!("{place}: {word}"))));
        }
    }
}

fn kind<T>(reading: &Sensed<T>) -> &'static str {
    match reading {
        Sensed::Unknown => "not asked yet",
        Sensed::Absent => "absent",
        Sensed::Failed { .. } => "does not answer",
        Sensed::Value { .. } => ANSWERS,
    }
}
