//! The power supply: what it is, its voltage, its enable line, and whether it is still there.
//!
//! ```text
//!  Off --wanted--> Probe > Type > Set > Line > Settle > Status > Verify --> On
//!   ^                 |    three tries failed, or not known                  | gone, or another
//!   |                 v                                                      v voltage than set
//!   +-- not wanted -- Failed, Refused <--------------------------------------+
//! ```
//!
//! The voltage is set before the line is pulled: a fresh supply comes up at its highest. One
//! whose voltage cannot be set is never enabled, unless it has but one voltage.

use board_support::{Fitted, Machine, PsuProtocol};
use hal::{BusDone, BusId, BusJob};
use telemetry::Code;
use units::{Duration, Instant, Millivolts};

use crate::parts::apw::{self, Answer, Apw, Request};
use crate::parts::{CodedVoltage, OrderError};

use super::api::{Effect, Line, SupplyState};
use super::board::toward;
use super::desk::{Desk, lost};
use super::out::Out;
use super::wrong::Wrong;

/// Pause between two tries of the way up.
const PAUSE: Duration = Duration::from_secs(1);
/// Rise of the output. Published: below two seconds on an APW12.
const SETTLE: Duration = Duration::from_secs(2);
/// Types that tell when they have come up are asked so often (published: each 3 s, at most 20
/// times).
const STATUS_EVERY: Duration = Duration::from_secs(3);
const STATUS_MAX: u8 = 20;
/// The line goes on at once or says until when it waits; this much longer is a fault.
const LINE_WITHIN: Duration = Duration::from_secs(5);
/// A supply that is on is looked at this often, and may miss so many looks. Behind the x19
/// FPGA a look takes two seconds (captured), in which sensors get half of the engine's time.
const LOOK: Duration = Duration::from_secs(20);
const MISSES: u8 = 2;
/// The rail of all boards moves so far at once: what the machine's power may rise by in a second.
/// Not less: a supply behind the x19 FPGA takes two seconds for an order (captured), and must
/// follow what moves by 35 mV a second although it is also looked at.
const STEP_MV: u32 = 80;
const PLACE: &str = "supply";

/// Proof that the supply's output is on.
#[derive(Debug)]
pub(super) struct SupplyOn(());

pub(super) struct Supply {
    /// How it is spoken to; `None`: it has one voltage and no ears.
    part: Option<Apw>,
    /// It has, or may have, a line that switches it.
    has_line: bool,
    desk: Desk<Step>,
    wanted: bool,
    power: Power,
    told: SupplyState,
    /// What it answered to be.
    word: Option<u16>,
    ordered: Option<Millivolts>,
    set: Option<CodedVoltage>,
    look: Instant,
    misses: u8,
    settle: Duration,
}

#[derive(Debug)]
enum Power {
    Off,
    Rising {
        step: Step,
        tries: u8,
        rest: Instant,
    },
    On(SupplyOn),
    Failed,
    Refused,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    Probe,
    Type,
    Set(CodedVoltage),
    Line,
    Settle,
    Status { left: u8 },
    Verify,
}

impl Supply {
    pub(super) fn new(machine: &Machine, settle_percent: u8) -> Self {
        let psu = &machine.psu;
        let address = match psu.protocol {
            PsuProtocol::None => None,
            PsuProtocol::ApwPackets => psu.address,
        };
        let start = machine.hashboard.voltage_start_mv;
        let start = start.or(machine.hashboard.voltage_mv).map(Millivolts::new);
        Supply {
            part: address.map(Apw::at),
            has_line: !matches!(psu.enable, Fitted::Absent),
            desk: Desk::new(BusId::Supply),
            wanted: false,
            power: Power::Off,
            told: SupplyState::Unknown,
            word: None,
            ordered: start,
            set: None,
            look: Instant::ZERO,
            misses: 0,
            settle: SETTLE * u32::from(settle_percent) / 100,
        }
    }

    /// Proof that boards may be switched on, while they may.
    pub(super) fn on(&self) -> Option<&SupplyOn> {
        match &self.power {
            Power::On(proof) => Some(proof),
            _ => None,
        }
    }

    /// Something switches it, or may.
    pub(super) fn has_line(&self) -> bool {
        self.has_line
    }

    pub(super) fn want(&mut self, on: bool, out: &mut Out) {
        self.wanted = on;
        if !on {
            self.switch_off(out);
        }
    }

    pub(super) fn want_voltage(&mut self, voltage: Millivolts) {
        self.ordered = Some(voltage);
    }

    /// The line's keeper says something.
    pub(super) fn line(&mut self, now: Instant, line: Line, out: &mut Out) {
        match (&mut self.power, line) {
            (Power::Rising { step, rest, .. }, Line::On) if *step == Step::Line => {
                (*step, *rest) = (Step::Settle, now + self.settle);
            }
            (Power::Rising { step, rest, .. }, Line::Waits(until)) if *step == Step::Line => {
                *rest = until + LINE_WITHIN;
            }
            (Power::Rising { step, .. }, Line::Off(None)) if *step == Step::Line => {}
            // Boards were put into reset. One that has no line is on as before.
            (_, Line::Off(_)) if !self.has_line => {}
            (Power::Rising { .. } | Power::On(_), Line::Off(why)) => {
                let why = why.unwrap_or_else(|| "its enable line went off".to_owned());
                out.note(now, Code::PsuCut, PLACE, why);
                self.switch_off(out);
                self.power = Power::Failed;
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        if !self.desk.is_free() {
            return self.desk.deadline();
        }
        match &self.power {
            Power::Rising { rest, .. } => *rest,
            Power::On(_) if self.part.is_some() => self.look,
            Power::On(_) | Power::Off | Power::Failed | Power::Refused => Instant::NEVER,
        }
    }

    pub(super) fn advance(&mut self, now: Instant, machine: &Machine, out: &mut Out) {
        if let Some(step) = self.desk.take_lost(now) {
            self.ended(now, machine, step, &lost(BusId::Supply), out);
        }
        match &self.power {
            Power::Off if self.wanted => self.rise(now, machine, out),
            Power::Failed | Power::Refused if !self.wanted => self.power = Power::Off,
            _ => {}
        }
        self.pass_time(now, out);
        if self.desk.is_free()
            && let Some(job) = self.next_job(now, machine, out)
        {
            out.bus(job);
        }
        self.tell(out);
    }

    /// A list has ended. True if it was the supply's.
    pub(super) fn done(
        &mut self,
        now: Instant,
        machine: &Machine,
        done: &BusDone,
        out: &mut Out,
    ) -> bool {
        let Some(step) = self.desk.take(done) else {
            return false;
        };
        self.ended(now, machine, step, done, out);
        true
    }

    /// Output off, at once.
    pub(super) fn switch_off(&mut self, out: &mut Out) {
        self.desk.forget();
        if self.has_line {
            out.push(Effect::EnableSupply(false));
        }
        self.set = None;
        self.power = Power::Off;
    }

    /// Output off for a reason that is not an order.
    pub(super) fn cut(&mut self, now: Instant, why: &str, out: &mut Out) {
        out.note(now, Code::PsuCut, PLACE, why.to_owned());
        self.switch_off(out);
        self.power = Power::Failed;
        self.tell(out);
    }

    fn rise(&mut self, now: Instant, machine: &Machine, out: &mut Out) {
        if self.part.is_none() {
            // One voltage; a line, if there is one, is all that there is to do.
            match self.has_line && machine.psu.fixed_mv.is_some() {
                true => self.pull_line(now, out),
                false if machine.psu.fixed_mv.is_some() => self.power = Power::On(SupplyOn(())),
                false => {
                    let why = "neither its voltage nor a way to set it is known";
                    self.refuse(now, Code::PsuVoltage, why.to_owned(), out);
                }
            }
            return;
        }
        if machine.voltage_range_mv().is_none() || self.ordered.is_none() {
            let why = "the voltages of this machine's hashboards are not known".to_owned();
            self.refuse(now, Code::PsuVoltage, why, out);
            return;
        }
        self.power = Power::Rising {
            step: Step::Probe,
            tries: 0,
            rest: now,
        };
    }

    fn pull_line(&mut self, now: Instant, out: &mut Out) {
        let rest = now + LINE_WITHIN;
        let (step, tries) = (Step::Line, 0);
        self.power = Power::Rising { step, tries, rest };
        out.push(Effect::EnableSupply(true));
    }

    /// Steps that are nothing but time.
    fn pass_time(&mut self, now: Instant, out: &mut Out) {
        let Power::Rising { step, tries, rest } = &mut self.power else {
            return;
        };
        if *rest > now {
            return;
        }
        match step {
            Step::Line => self.fail(now, &Wrong::Line, out),
            Step::Settle if self.part.is_none() => self.power = Power::On(SupplyOn(())),
            Step::Settle => {
                *tries = 0;
                *step = match self.word.and_then(Request::status) {
                    Some(_) => Step::Status { left: STATUS_MAX },
                    None => Step::Verify,
                };
            }
            _ => {}
        }
    }

    fn next_job(&mut self, now: Instant, machine: &Machine, out: &mut Out) -> Option<BusJob> {
        let part = self.part?;
        let step = match &self.power {
            Power::Rising { step, rest, .. } if *rest <= now => *step,
            Power::On(_) => self.next_while_on(now, machine)?,
            _ => return None,
        };
        let ops = match step {
            Step::Probe => part.probe(),
            Step::Type => part.ask(Request::supply_type()),
            Step::Set(voltage) => part.ask(Request::set(voltage)),
            Step::Status { .. } => part.ask(self.word.and_then(Request::status)?),
            Step::Verify => part.ask(Request::code()),
            Step::Line | Step::Settle => return None,
        };
        Some(self.desk.give(now, out.next_id(), step, ops))
    }

    fn next_while_on(&mut self, now: Instant, machine: &Machine) -> Option<Step> {
        let (set, ordered) = (self.set?, self.ordered?);
        // First, or a rail that moves for long is never looked at.
        if self.look <= now {
            return Some(Step::Verify);
        }
        let next = toward(set.mv_ceil(), ordered.mv(), STEP_MV);
        if let Ok(coded) = self.code(machine, next)
            && coded.code() != set.code()
        {
            return Some(Step::Set(coded));
        }
        None
    }

    fn code(&self, machine: &Machine, mv: u32) -> Result<CodedVoltage, OrderError> {
        let word = self.word.ok_or(OrderError::UnknownType { word: 0 })?;
        let limits = machine
            .voltage_range_mv()
            .ok_or(OrderError::NoCode { word })?;
        apw::code_for(&machine.psu.types, word, &limits, mv)
    }

    fn ended(
        &mut self,
        now: Instant,
        machine: &Machine,
        step: Step,
        done: &BusDone,
        out: &mut Out,
    ) {
        match self.judge(step, done) {
            Ok(answer) => self.stepped(now, machine, step, answer, out),
            Err(wrong) => self.stumbled(now, step, &wrong, out),
        }
    }

    fn judge(&self, step: Step, done: &BusDone) -> Result<Option<Answer>, Wrong> {
        if let Some(error) = done.error {
            return Err(Wrong::Bus(error));
        }
        let reads = done.reads.as_slice();
        let request = match step {
            Step::Probe => {
                apw::read_probe(reads)?;
                return Ok(None);
            }
            Step::Type => Request::supply_type(),
            Step::Set(voltage) => Request::set(voltage),
            Step::Status { .. } => match self.word.and_then(Request::status) {
                Some(request) => request,
                None => return Ok(None),
            },
            Step::Verify => Request::code(),
            Step::Line | Step::Settle => return Ok(None),
        };
        Ok(Some(request.read(reads)?))
    }

    fn stepped(
        &mut self,
        now: Instant,
        machine: &Machine,
        step: Step,
        answer: Option<Answer>,
        out: &mut Out,
    ) {
        self.misses = 0;
        let next = match (step, answer) {
            (Step::Probe, _) => Step::Type,
            (Step::Type, Some(Answer::Type(word))) => {
                self.word = Some(word);
                let mv = self.ordered.map_or(0, Millivolts::mv);
                match self.code(machine, mv) {
                    Ok(voltage) => Step::Set(voltage),
                    Err(error) => {
                        let detail = format!("type=0x{word:02x}: {error}");
                        return self.refuse(now, Code::PsuType, detail, out);
                    }
                }
            }
            (Step::Set(voltage), _) => {
                self.set = Some(voltage);
                if let Power::Rising { .. } = self.power {
                    match self.has_line {
                        true => return self.pull_line(now, out),
                        false => Step::Verify,
                    }
                } else {
                    return;
                }
            }
            (Step::Status { left }, Some(Answer::Status(status))) if status != 0 => {
                if left <= 1 {
                    return self.fail(now, &Wrong::NotUp, out);
                }
                if let Power::Rising { step, rest, .. } = &mut self.power {
                    let left = left - 1;
                    (*step, *rest) = (Step::Status { left }, now + STATUS_EVERY);
                }
                return;
            }
            (Step::Status { .. }, _) => Step::Verify,
            (Step::Verify, Some(Answer::Code(code))) => return self.verified(now, code, out),
            _ => return,
        };
        if let Power::Rising { step, tries, rest } = &mut self.power {
            (*step, *tries, *rest) = (next, 0, now);
        }
    }

    /// The supply says which voltage it was set to.
    fn verified(&mut self, now: Instant, code: u8, out: &mut Out) {
        let Some(set) = self.set else {
            return;
        };
        if code != set.code() {
            let detail = format!("says code {code} and was set to {}", set.code());
            out.note(now, Code::PsuOther, PLACE, detail);
            self.switch_off(out);
            self.power = Power::Failed;
            return;
        }
        self.look = now + LOOK;
        if let Power::Rising { .. } = self.power {
            self.power = Power::On(SupplyOn(()));
        }
    }

    fn stumbled(&mut self, now: Instant, step: Step, wrong: &Wrong, out: &mut Out) {
        match &mut self.power {
            Power::Rising { tries, rest, .. } if wrong.may_pass() && *tries + 1 < apw::TRIES => {
                (*tries, *rest) = (*tries + 1, now + PAUSE);
            }
            Power::Rising { .. } => self.fail(now, wrong, out),
            Power::On(_) if self.misses < MISSES => {
                self.misses += 1;
                if step == Step::Verify {
                    self.look = now + PAUSE;
                }
            }
            Power::On(_) => self.fail(now, wrong, out),
            Power::Off | Power::Failed | Power::Refused => {}
        }
    }

    fn fail(&mut self, now: Instant, wrong: &Wrong, out: &mut Out) {
        out.note(now, Code::PsuFailed, PLACE, wrong.to_string());
        self.switch_off(out);
        self.power = Power::Failed;
    }

    fn refuse(&mut self, now: Instant, code: Code, detail: String, out: &mut Out) {
        out.note(now, code, PLACE, detail);
        self.switch_off(out);
        self.power = Power::Refused;
    }

    fn tell(&mut self, out: &mut Out) {
        let state = match &self.power {
            Power::Off => SupplyState::Off,
            Power::Rising { .. } => SupplyState::Starting,
            Power::On(_) => SupplyState::On(self.set.map(|v| Millivolts::new(v.mv_ceil()))),
            Power::Failed => SupplyState::Failed,
            Power::Refused => SupplyState::Refused,
        };
        if state != self.told {
            self.told = state;
            out.told(super::api::Told::Supply(state));
        }
    }
}
