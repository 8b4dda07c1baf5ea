//! The engine's side of the dead man: asks for leases while it turns, and orders the enable
//! line on behalf of the plant.
//!
//! A lease is asked for every half second, on the engine's own deadline: an engine that hangs
//! asks for none. After a cut nothing is armed again until somebody wants power anew, and then
//! not within [`REARM`].

use std::collections::VecDeque;

use drivers::plant::Line;
use hal::{BoardEvent, BoardOp, LEASE_MAX, Loop, Order, Refusal, Told, Why};
use telemetry::Code;
use units::{Duration, Instant};

/// A quarter of the longest lease: three may be late.
const EVERY: Duration = Duration::from_millis(500);
/// Pause between a cut and the next arming.
const REARM: Duration = Duration::from_secs(5);

/// What the keeper has to say.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Say {
    /// For the control board.
    Board(BoardOp),
    /// For the plant.
    Line(Line),
    /// All boards lost their power or their reset was asserted.
    AllCut(String),
    /// Something worth telling.
    Note(Code, String),
}

/// The keeper.
#[derive(Debug)]
pub(crate) struct Keeper {
    state: State,
    /// The enable line is wanted on.
    wanted: bool,
    /// It is not ordered again before then.
    not_before: Instant,
    /// An order to switch it is out.
    ordered: bool,
    on: bool,
    next: Instant,
    stalled: Option<Loop>,
    say: VecDeque<Say>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    /// Not begun, or ended.
    Rest,
    /// Asks to be armed.
    Arming,
    /// Holds a lease.
    Armed,
    /// Cut; armed again from then on if power is wanted.
    Cut(Instant),
}

impl Keeper {
    pub(crate) fn new() -> Self {
        Keeper {
            state: State::Rest,
            wanted: false,
            not_before: Instant::ZERO,
            ordered: false,
            on: false,
            next: Instant::NEVER,
            stalled: None,
            say: VecDeque::new(),
        }
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.state = State::Arming;
        self.next = now;
        self.wake(now);
    }

    /// Everything safe, and no lease any more.
    pub(crate) fn end(&mut self) {
        self.state = State::Rest;
        self.next = Instant::NEVER;
        self.wanted = false;
        self.order(Order::Cut);
    }

    /// The plant wants the enable line so.
    pub(crate) fn want(&mut self, now: Instant, on: bool) {
        self.wanted = on;
        if !on {
            self.ordered = false;
            self.order(Order::Supply { on: false });
        }
        self.follow(now);
    }

    pub(crate) fn deadline(&self) -> Instant {
        let waits = self.wanted && !self.on && !self.ordered && self.state == State::Armed;
        let again = if waits {
            self.not_before
        } else {
            Instant::NEVER
        };
        self.next.min(again)
    }

    pub(crate) fn wake(&mut self, now: Instant) {
        if self.next <= now {
            self.next = now + EVERY;
            match self.state {
                State::Rest => self.next = Instant::NEVER,
                State::Arming => self.order(Order::Arm { lease: LEASE_MAX }),
                State::Armed => self.order(Order::Lease { lease: LEASE_MAX }),
                State::Cut(until) if until <= now => {
                    self.state = State::Arming;
                    self.order(Order::Arm { lease: LEASE_MAX });
                }
                State::Cut(_) => {}
            }
        }
        self.follow(now);
    }

    /// The control board says something; false if it is nothing of the dead man's.
    pub(crate) fn board(&mut self, now: Instant, event: BoardEvent) -> bool {
        match event {
            BoardEvent::Plug { .. } | BoardEvent::PlugUnread { .. } | BoardEvent::Failed { .. } => {
                return false;
            }
            BoardEvent::Done(order) => self.done(order),
            BoardEvent::Refused(order, refusal) => self.refused(now, order, refusal),
            BoardEvent::Told(told) => self.told(now, told),
        }
        self.follow(now);
        true
    }

    pub(crate) fn next_say(&mut self) -> Option<Say> {
        self.say.pop_front()
    }

    fn order(&mut self, order: Order) {
        self.say.push_back(Say::Board(BoardOp::Order(order)));
    }

    /// Order the line if it is wanted and may be.
    fn follow(&mut self, now: Instant) {
        let due = self.wanted && !self.on && !self.ordered && self.not_before <= now;
        if due && self.state == State::Armed {
            self.ordered = true;
            self.order(Order::Supply { on: true });
        }
    }

    fn done(&mut self, order: Order) {
        match order {
            Order::Arm { .. } if self.state == State::Arming => self.state = State::Armed,
            Order::Arm { .. } | Order::Lease { .. } => self.stalled = None,
            Order::Supply { on: true } if self.wanted => {
                (self.on, self.ordered) = (true, false);
                self.say.push_back(Say::Line(Line::On));
            }
            // Wanted off meanwhile: that order is on its way.
            Order::Supply { on: true } => self.ordered = false,
            Order::Supply { on: false } => {
                self.on = false;
                self.say.push_back(Say::Line(Line::Off(None)));
            }
            Order::Reset { .. } | Order::Cut => {}
        }
    }

    fn refused(&mut self, now: Instant, order: Order, refusal: Refusal) {
        match (order, refusal) {
            (Order::Supply { on: true }, Refusal::TooSoon { ready_at }) => {
                (self.ordered, self.not_before) = (false, ready_at);
                self.say.push_back(Say::Line(Line::Waits(ready_at)));
            }
            (Order::Supply { on: true }, Refusal::NotArmed) => self.ordered = false,
            (Order::Supply { on: true }, refusal) => {
                (self.ordered, self.not_before) = (false, now + REARM);
                let why = format!("the enable line does not go on: {refusal:?}");
                self.say.push_back(Say::Line(Line::Off(Some(why))));
            }
            (Order::Arm { .. } | Order::Lease { .. }, Refusal::Stalled(who)) => {
                let news = self.stalled.replace(who) != Some(who);
                if news && self.state == State::Armed {
                    let detail = format!("loop={who:?}");
                    self.say.push_back(Say::Note(Code::Stalled, detail));
                }
            }
            (Order::Lease { .. }, _) => self.state = State::Arming,
            _ => {}
        }
    }

    fn told(&mut self, now: Instant, told: Told) {
        match told {
            // Nothing was up to be cut.
            Told::Cut(_) if self.state == State::Rest => {}
            Told::Cut(why) => {
                self.state = State::Cut(now + REARM);
                (self.on, self.ordered) = (false, false);
                let why = match why {
                    Why::LeaseEnded { stalled: None } => "the lease ran out".to_owned(),
                    Why::LeaseEnded { stalled: Some(who) } => {
                        format!("the lease ran out: {who:?} stood still")
                    }
                    Why::Ordered => "a cut was ordered".to_owned(),
                    Why::LineFailed(line) => format!("{line:?} does not obey"),
                };
                self.say.push_back(Say::Line(Line::Off(Some(why.clone()))));
                self.say.push_back(Say::AllCut(why));
            }
            Told::LineFailed { line, errno } => {
                let detail = format!("line={line:?} errno={errno}");
                self.say.push_back(Say::Note(Code::BoardFault, detail));
            }
            Told::AllSafe => {}
        }
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
