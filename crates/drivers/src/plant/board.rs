//! One hashboard beside its chips: its power, its sensors, its memory.
//!
//! ```text
//!        wanted, supply on                    every step done
//!  Off ---------------------> Rising ------------------------------> On
//!   ^                           | three tries failed    heartbeats    | not wanted
//!   |                           v                        missed       v
//!   +-- not wanted ---------- Failed <------------------------------ Falling --> StuckOn
//!   +-- supply off: from everywhere                                   told again, then Off
//! ```
//!
//! A board without a controller has the supply's power as soon as that is on, and is Off only
//! in that nobody wants it: its reset line and its clocks are what isolates it.

use board_support::{EepromLayout, Fitted, Machine};
use hal::{BusDone, BusId, BusJob};
use telemetry::Code;
use units::{ChainSlot, Duration, Instant, Millivolts};

use crate::parts::at24c02::At24c02;
use crate::parts::{CodedVoltage, hashboard_memory};

use super::api::{BoardState, Told};
use super::controller::{Controller, Step, way_up};
use super::desk::{Desk, lost};
use super::out::Out;
use super::sensors::{Asked, Sensors};
use super::supply::SupplyOn;
use super::wrong::Wrong;

/// The controllers' shortest known patience is 10 s; a second is what stock and other hosts
/// give them.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The answer to a heartbeat is looked for after this long; captured hosts wait 300 ms.
const HEAR: Duration = Duration::from_millis(300);
/// Heartbeats in a row that may fail.
const MISSES: u8 = 2;
/// Tries to bring a controller up before its board is given up, and the pause between them.
const TRIES: u8 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// Tries to switch a rail off before only the supply can.
const OFF_TRIES: u8 = 2;
/// Reads of a memory before it is left alone, and the pause between them.
const MEMORY_TRIES: u8 = 3;
const MEMORY_PAUSE: Duration = Duration::from_secs(10);
/// A board's rail moves so far at once. Whoever orders it moves it slowly; this bounds what an
/// order that jumps can do: 3 % of any rail, so that the step of the current stays far below what
/// trips a supply. Assumed.
const STEP_MV: u32 = 300;
/// One that did not go off is told again this often, where its supply stays on: a controller that
/// misses its heartbeat for 10 s drops the rail by itself, and a bus comes back. Assumed.
const STUCK_PAUSE: Duration = Duration::from_secs(10);

pub(super) struct Board {
    slot: ChainSlot,
    place: String,
    controller: Option<Controller>,
    desk: Desk<What>,
    wanted: bool,
    /// A board is there, for all that is known.
    plugged: bool,
    power: Power,
    told: BoardState,
    /// The rail that is ordered, where the controller sets it.
    rail: Option<Millivolts>,
    /// The rail as it was set last.
    set: Option<CodedVoltage>,
    heartbeat: Instant,
    /// A heartbeat was said: its answer is looked for then, and nothing else before.
    hear: Option<Instant>,
    misses: u8,
    sensors: Sensors,
    memory: Memory,
}

#[derive(Debug)]
enum Power {
    Off,
    Rising {
        steps: Vec<Step>,
        at: usize,
        tries: u8,
        rest: Instant,
    },
    On,
    Falling {
        tries: u8,
    },
    Failed,
    /// It is told to go off again then.
    StuckOn {
        again: Instant,
    },
}

/// What a list on the bus is for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum What {
    Step(Step),
    Sensor(Asked),
    Memory,
}

/// Whether the memory is still to be read.
#[derive(Debug)]
enum Memory {
    Due {
        part: At24c02,
        at: Instant,
        tries: u8,
    },
    Over,
}

impl Board {
    pub(super) fn new(machine: &Machine, slot: ChainSlot) -> Self {
        let parts = &machine.peripherals;
        let controller = parts.voltage_controller.present();
        let start = machine.hashboard.voltage_start_mv;
        Board {
            slot,
            place: format!("slot {slot}"),
            controller: controller.map(|about| Controller::new(about, slot)),
            desk: Desk::new(BusId::Hashboards),
            wanted: false,
            plugged: true,
            power: Power::Off,
            told: BoardState::Off,
            rail: start.or(machine.hashboard.voltage_mv).map(Millivolts::new),
            set: None,
            heartbeat: Instant::ZERO,
            hear: None,
            misses: 0,
            sensors: Sensors::new(&parts.sensors, slot),
            memory: match &parts.eeprom {
                Fitted::Present(part) if part.layout == Some(EepromLayout::X19Xxtea) => {
                    Memory::Due {
                        part: At24c02::at(part.address.saturating_add(slot.0)),
                        at: Instant::ZERO,
                        tries: 0,
                    }
                }
                _ => Memory::Over,
            },
        }
    }

    /// Whether its controller sets its rail.
    pub(super) fn sets_rail(&self, machine: &Machine) -> bool {
        let any = machine.voltage_range_mv();
        let code = any.and_then(|limits| {
            let mv = Millivolts::new(*limits.start());
            self.controller.as_ref()?.code(&limits, mv)
        });
        code.is_some()
    }

    pub(super) fn want(&mut self, on: bool) {
        self.wanted = on;
    }

    /// What is not there has no memory; one that is seated has it read.
    pub(super) fn set_plugged(&mut self, now: Instant, plugged: bool) {
        let before = core::mem::replace(&mut self.plugged, plugged);
        if before == plugged {
            return;
        }
        if let Memory::Due { at, tries, .. } = &mut self.memory {
            (*at, *tries) = (if plugged { now } else { Instant::NEVER }, 0);
        }
    }

    pub(super) fn want_rail(&mut self, voltage: Millivolts) {
        self.rail = Some(voltage);
    }

    pub(super) fn deadline(&self) -> Instant {
        if !self.desk.is_free() {
            return self.desk.deadline();
        }
        if let (Power::On, Some(at)) = (&self.power, self.hear) {
            return at;
        }
        let power = match &self.power {
            Power::Rising { rest, .. } => *rest,
            Power::On if self.controller.is_some() => self.heartbeat,
            Power::Falling { .. } => Instant::ZERO,
            Power::StuckOn { again } => *again,
            _ => Instant::NEVER,
        };
        let memory = match &self.memory {
            Memory::Due { at, .. } => *at,
            Memory::Over => Instant::NEVER,
        };
        power.min(memory).min(self.sensors.due(self.relays()))
    }

    /// Carry on: what is due, in the order of its weight.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        machine: &Machine,
        supply: Option<&SupplyOn>,
        out: &mut Out,
    ) {
        if let Some(what) = self.desk.take_lost(now) {
            self.ended(now, what, &lost(BusId::Hashboards), out);
        }
        self.follow(now, machine, supply, out);
        if self.desk.is_free()
            && let Some(job) = self.next_job(now, machine, out)
        {
            out.bus(job);
        }
        self.tell(out);
    }

    /// A list has ended. True if it was this board's.
    pub(super) fn done(&mut self, now: Instant, done: &BusDone, out: &mut Out) -> bool {
        let Some(what) = self.desk.take(done) else {
            return false;
        };
        self.ended(now, what, done, out);
        true
    }

    /// Go where supply and order lead.
    fn follow(
        &mut self,
        now: Instant,
        machine: &Machine,
        supply: Option<&SupplyOn>,
        out: &mut Out,
    ) {
        let Some(supply) = supply else {
            if !matches!(self.power, Power::Off | Power::Failed) {
                self.down(out);
            }
            if !self.wanted {
                self.power = Power::Off;
            }
            return;
        };
        match (&self.power, self.wanted) {
            (Power::Off, true) => self.rise(now, machine, supply, 0, now, out),
            (Power::Rising { .. } | Power::On, false) if self.controller.is_some() => {
                // What is out on the bus is of no interest any more; off goes behind it.
                self.desk.forget();
                self.power = Power::Falling { tries: 0 };
            }
            (Power::Failed | Power::Rising { .. } | Power::On, false) => self.down(out),
            _ => {}
        }
    }

    /// Begin the way up. That the supply is on is what this needs, and what `_supply` proves.
    fn rise(
        &mut self,
        now: Instant,
        machine: &Machine,
        _supply: &SupplyOn,
        tries: u8,
        rest: Instant,
        out: &mut Out,
    ) {
        let Some(controller) = &self.controller else {
            self.power = Power::On;
            return;
        };
        let limits = machine.voltage_range_mv();
        let coded = match (limits, self.rail) {
            (Some(limits), Some(mv)) => controller.code(&limits, mv).transpose(),
            _ => Ok(None),
        };
        match coded {
            Ok(voltage) => {
                let steps = way_up(voltage, self.rail);
                self.set = voltage;
                let at = 0;
                self.power = Power::Rising {
                    steps,
                    at,
                    tries,
                    rest,
                };
            }
            Err(error) => self.fail(now, &Wrong::Order(error), out),
        }
    }

    fn next_job(&mut self, now: Instant, machine: &Machine, out: &mut Out) -> Option<BusJob> {
        if let (Power::On, Some(at)) = (&self.power, self.hear)
            && now < at
        {
            return None;
        }
        if let Some(step) = self.next_step(now, machine) {
            let ops = self.controller.as_ref()?.list(step);
            return Some(self.desk.give(now, out.next_id(), What::Step(step), ops));
        }
        if let Memory::Due { part, at, .. } = &self.memory
            && *at <= now
        {
            let ops = hashboard_memory::ask(*part);
            return Some(self.desk.give(now, out.next_id(), What::Memory, ops));
        }
        let relay = match self.relays() {
            true => self.controller.as_ref().and_then(Controller::relay),
            false => None,
        };
        let (asked, ops) = self.sensors.ask(now, relay)?;
        Some(self.desk.give(now, out.next_id(), What::Sensor(asked), ops))
    }

    /// The controller's next step that puts anything on the bus.
    fn next_step(&mut self, now: Instant, machine: &Machine) -> Option<Step> {
        let controller = self.controller.as_ref()?;
        match &mut self.power {
            Power::Off | Power::Failed => None,
            Power::StuckOn { again } => (*again <= now).then_some(Step::Disable),
            Power::Falling { .. } => Some(Step::Disable),
            Power::Rising { rest, .. } if now < *rest => None,
            Power::Rising { steps, at, .. } => loop {
                match steps.get(*at) {
                    Some(step) if controller.list(*step).is_empty() => *at += 1,
                    Some(step) => return Some(*step),
                    None => {
                        self.power = Power::On;
                        (self.heartbeat, self.misses, self.hear) = (now, 0, None);
                        return Some(Step::Beat);
                    }
                }
            },
            Power::On if self.hear.is_some() => Some(Step::Hear),
            Power::On if self.heartbeat <= now => Some(Step::Beat),
            Power::On => {
                let limits = machine.voltage_range_mv()?;
                let (wanted, set) = (self.rail?, self.set?);
                let next = toward(set.mv_ceil(), wanted.mv(), STEP_MV);
                let coded = controller.code(&limits, Millivolts::new(next))?.ok()?;
                (coded.code() != set.code()).then_some(Step::Voltage(coded))
            }
        }
    }

    fn ended(&mut self, now: Instant, what: What, done: &BusDone, out: &mut Out) {
        match what {
            What::Sensor(asked) => {
                if let Some((sensor, reading)) = self.sensors.answer(now, asked, done) {
                    let slot = self.slot;
                    out.told(Told::Temperature {
                        slot,
                        sensor,
                        reading,
                    });
                }
            }
            What::Memory => self.memory_read(now, done, out),
            What::Step(step) => {
                let Some(controller) = &self.controller else {
                    return;
                };
                match controller.judge(step, done) {
                    Ok(()) => self.stepped(now, step),
                    Err(wrong) => self.stumbled(now, step, &wrong, out),
                }
            }
        }
    }

    /// A step has come about.
    fn stepped(&mut self, now: Instant, step: Step) {
        if let Step::Voltage(voltage) = step {
            self.set = Some(voltage);
        }
        let answers = self.answers();
        match (&mut self.power, step) {
            (Power::Rising { at, .. }, _) => *at += 1,
            (Power::On, Step::Beat) if !answers => self.beaten(now),
            (Power::On, Step::Beat) => self.hear = Some(now + HEAR),
            (Power::On, Step::Hear) => self.beaten(now - HEAR),
            (Power::Falling { .. } | Power::StuckOn { .. }, Step::Disable) => {
                self.power = Power::Off;
            }
            _ => {}
        }
    }

    /// A step has not come about.
    fn stumbled(&mut self, now: Instant, step: Step, wrong: &Wrong, out: &mut Out) {
        match &mut self.power {
            Power::Rising {
                at, tries, rest, ..
            } if wrong.may_pass() && *tries + 1 < TRIES => {
                (*at, *tries, *rest) = (0, *tries + 1, now + PAUSE);
            }
            Power::Rising { .. } => self.fail(now, wrong, out),
            Power::On if is_beat(step) && self.misses < MISSES => {
                self.misses += 1;
                (self.heartbeat, self.hear) = (now + HEARTBEAT / 4, None);
            }
            Power::On if is_beat(step) => self.fail(now, wrong, out),
            Power::Falling { tries } if *tries + 1 < OFF_TRIES => *tries += 1,
            // Nobody was there to be told. If its signals alone are unplugged, its controller drops the rail for want
            // of heartbeats, as one that does not answer them does: the others need not go off for it.
            Power::Falling { .. } if !self.plugged => self.power = Power::Off,
            Power::Falling { .. } => {
                self.power = Power::StuckOn {
                    again: now + STUCK_PAUSE,
                };
                let detail = format!("cannot be switched off: {wrong}");
                out.note(now, Code::BoardController, &self.place, detail);
            }
            Power::StuckOn { again } => *again = now + STUCK_PAUSE,
            // A voltage that was not taken is ordered again.
            _ => {}
        }
    }

    /// A heartbeat went through at `then`.
    fn beaten(&mut self, then: Instant) {
        (self.heartbeat, self.misses, self.hear) = (then + HEARTBEAT, 0, None);
    }

    /// The controller answers a heartbeat.
    fn answers(&self) -> bool {
        let hears = |c: &Controller| !c.list(Step::Hear).is_empty();
        self.controller.as_ref().is_some_and(hears)
    }

    fn fail(&mut self, now: Instant, wrong: &Wrong, out: &mut Out) {
        out.note(now, Code::BoardController, &self.place, wrong.to_string());
        self.down(out);
        self.power = Power::Failed;
    }

    /// No power any more, and nothing known of what it fed.
    fn down(&mut self, out: &mut Out) {
        self.desk.forget();
        self.power = Power::Off;
        (self.set, self.hear) = (None, None);
        let slot = self.slot;
        for (sensor, reading) in self.sensors.lose_relay() {
            out.told(Told::Temperature {
                slot,
                sensor,
                reading,
            });
        }
    }

    fn memory_read(&mut self, now: Instant, done: &BusDone, out: &mut Out) {
        let found = match done.error {
            Some(error) => Err(Wrong::Bus(error)),
            None => hashboard_memory::read(&done.reads).map_err(Wrong::Part),
        };
        let wrong = match found {
            Ok(memory) => {
                self.memory = Memory::Over;
                out.told(Told::Memory(self.slot, Box::new(memory)));
                return;
            }
            Err(wrong) => wrong,
        };
        match &mut self.memory {
            Memory::Due { at, tries, .. } if !self.plugged => (*at, *tries) = (Instant::NEVER, 0),
            Memory::Due { at, tries, .. } if wrong.may_pass() && *tries + 1 < MEMORY_TRIES => {
                (*at, *tries) = (now + MEMORY_PAUSE, *tries + 1);
            }
            _ => {
                self.memory = Memory::Over;
                out.note(now, Code::BoardMemory, &self.place, wrong.to_string());
            }
        }
    }

    /// The controller runs, and what is behind it can be asked.
    fn relays(&self) -> bool {
        matches!(self.power, Power::On)
    }

    /// It was to go off and its controller does not obey.
    pub(super) fn is_stuck(&self) -> bool {
        matches!(self.power, Power::StuckOn { .. })
    }

    fn state(&self) -> BoardState {
        match self.power {
            Power::Off => BoardState::Off,
            Power::Rising { .. } => BoardState::Starting,
            Power::On => BoardState::On(self.set.map(|v| Millivolts::new(v.mv_ceil()))),
            // Off is told once it is.
            Power::Falling { .. } => self.told,
            Power::Failed => BoardState::Failed,
            Power::StuckOn { .. } => BoardState::StuckOn,
        }
    }

    fn tell(&mut self, out: &mut Out) {
        let state = self.state();
        if state != self.told {
            self.told = state;
            out.told(Told::Board(self.slot, state));
        }
    }
}

fn is_beat(step: Step) -> bool {
    matches!(step, Step::Beat | Step::Hear)
}

/// A step from one voltage toward another.
pub(super) fn toward(from_mv: u32, to_mv: u32, step_mv: u32) -> u32 {
    to_mv.clamp(
        from_mv.saturating_sub(step_mv),
        from_mv.saturating_add(step_mv),
    )
}
