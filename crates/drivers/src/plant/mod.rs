//! Everything of a machine that is no chain of chips: its supply, its hashboards' controllers,
//! memories and sensors, its fans.
//!
//! The plant is told what is wanted ([`Order`]), brings it about step by step over buses and
//! lines, keeps controllers fed with heartbeats, and tells what is ([`Told`]). It decides
//! nothing, with one exception: a board that is to go off and whose controller does not obey is
//! cut off with the whole supply.
//!
//! Invariants: a supply is enabled only at a voltage that was set and lies inside the machine's
//! limits, or at its only one; a board's controller is switched on only while the supply is on;
//! whoever asks a bus has one list out at a time, and every list ends.
//!
//! What it deliberately does not know: temperatures that are too high, why something is
//! wanted, chips, and the enable line itself, which somebody else keeps.

mod api;
mod board;
mod controller;
mod desk;
mod out;
mod sensors;
mod supply;
mod wrong;

pub use api::{BoardState, Effect, Input, Line, Order, SupplyState, Told};

use board_support::Machine;
use hal::{FanEvent, FanOp};
use telemetry::{Code, Sensed};
use units::{ChainSlot, Duration, Duty, Instant, Millivolts};

use board::Board;
use out::Out;
use supply::Supply;

/// The duty is ordered again this often: a fan controller that was reset must not stay at what
/// it comes up with.
const FANS_EVERY: Duration = Duration::from_secs(5);

/// The plant of one machine.
pub struct Plant {
    machine: Machine,
    supply: Supply,
    boards: Vec<Board>,
    started: bool,
    duty: Duty,
    fans_at: Instant,
    out: Out,
}

impl Plant {
    /// A plant at rest. `settle_percent` scales the settle time of the supply alone: 100 is as
    /// prescribed, less is for `demo` and tests.
    pub fn new(machine: &Machine, settle_percent: u8) -> Self {
        let slots = (0..machine.slots).map(ChainSlot);
        Plant {
            supply: Supply::new(machine, settle_percent),
            boards: slots.map(|slot| Board::new(machine, slot)).collect(),
            machine: machine.clone(),
            started: false,
            // Until somebody knows better.
            duty: Duty::FULL,
            fans_at: Instant::ZERO,
            out: Out::default(),
        }
    }

    /// Consume one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start => self.started = true,
            Input::Order(order) => self.order(now, order),
            Input::Line(line) => self.supply.line(now, line, &mut self.out),
            Input::Fans(event) => self.fans(now, event),
            Input::Bus(done) => {
                let (machine, out) = (&self.machine, &mut self.out);
                let _ = self.supply.done(now, machine, &done, out)
                    || self.boards.iter_mut().any(|b| b.done(now, &done, out));
            }
            Input::Wake => {}
        }
        if self.started {
            self.advance(now);
        }
    }

    /// What to do outside; call until `None` after every [`handle`](Plant::handle).
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.out.pop()
    }

    /// When [`Input::Wake`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        let boards = self.boards.iter().map(Board::deadline);
        let all = boards.chain([self.supply.deadline(), self.fans_at]);
        all.min().filter(|at| self.started && *at < Instant::NEVER)
    }

    fn order(&mut self, now: Instant, order: Order) {
        match order {
            Order::Supply(on) => self.supply.want(on, &mut self.out),
            Order::Board(slot, on) => {
                if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
                    board.want(on);
                }
            }
            Order::Plugged(slot, plugged) => {
                if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
                    board.set_plugged(now, plugged);
                }
            }
            Order::Voltage(slot, voltage) => self.order_voltage(now, slot, voltage),
            Order::Fans(duty) => {
                if duty != self.duty {
                    self.fans_at = now;
                }
                self.duty = duty;
            }
        }
    }

    /// Outside the limits nothing is cut to fit: whoever orders it is wrong, and is told.
    fn order_voltage(&mut self, now: Instant, slot: Option<ChainSlot>, voltage: Millivolts) {
        let allowed = self.machine.voltage_range_mv();
        let inside = allowed.as_ref().is_some_and(|r| r.contains(&voltage.mv()));
        let machine = &self.machine;
        let board = slot.and_then(|slot| self.boards.get_mut(usize::from(slot.0)));
        match (slot, board) {
            (Some(_), Some(board)) if inside && board.sets_rail(machine) => {
                board.want_rail(voltage);
            }
            (None, _) if inside => self.supply.want_voltage(voltage),
            _ => {
                let range = allowed.map_or_else(
                    || "none".to_owned(),
                    |r| format!("{} to {}", r.start(), r.end()),
                );
                let detail = format!("voltage_mv={} allowed={range}", voltage.mv());
                self.out.note(now, Code::PsuVoltage, "supply", detail);
            }
        }
    }

    fn fans(&mut self, now: Instant, event: FanEvent) {
        match event {
            FanEvent::Speed { fan, rpm, at } if fan < self.machine.fans.count => {
                let reading = Sensed::Value { value: rpm, at };
                self.out.told(Told::Fan { fan, reading });
            }
            // A tach that nothing is plugged into.
            FanEvent::Speed { .. } => {}
            // Speeds age by themselves; a duty that was not taken is ordered again.
            FanEvent::Failed { .. } => {
                self.fans_at = self.fans_at.min(now + Duration::from_secs(1));
            }
        }
    }

    fn advance(&mut self, now: Instant) {
        let out = &mut self.out;
        if self.fans_at <= now {
            self.fans_at = now + FANS_EVERY;
            out.push(Effect::Fans(FanOp::All(self.duty)));
        }
        self.supply.advance(now, &self.machine, out);
        for board in &mut self.boards {
            board.advance(now, &self.machine, self.supply.on(), out);
        }
        // Without a line nothing would be cut, and all that is on would count as off.
        let cuts = self.supply.has_line() && self.supply.on().is_some();
        if cuts && self.boards.iter().any(Board::is_stuck) {
            self.supply.cut(now, "a board does not go off alone", out);
            for board in &mut self.boards {
                board.advance(now, &self.machine, None, out);
            }
        }
    }
}
