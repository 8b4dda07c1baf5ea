//! The top of the order safety > thermal > tuner > operator: what concerns the whole machine,
//! whatever anybody wishes.
//!
//! Where each stands: safety here and in [`crate::board`] (off at once) and as full fans;
//! thermal as a fraction of the frequency; the tuner's frequency under that; the operator's
//! ceiling, mode and intent last. Each actuator is written in one place of
//! [`crate::Control`], from the least that these leave.

use serde::{Deserialize, Serialize};
use telemetry::Code;
use units::{Duration, Instant};

use crate::api::{BoardState, SupplyState};
use crate::board::{Board, Phase};
use crate::cause::Cause;
use crate::fans::Fans;
use crate::mutant::mutate;
use crate::plan::Plan;

/// Boards are warm for so long after they went off: assumed, three times a heat sink's own
/// time at full air.
const WARM_FOR: Duration = Duration::from_secs(180);
/// A board that was switched off at its power-off temperature is below it after this:
/// assumed; at full air it is after a few seconds.
const COOLS_WITHIN: Duration = Duration::from_secs(30);
/// A machine whose hottest place is this far under the warning is cool, °C.
const COOL_C: f64 = 20.0;

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) now: Instant,
    pub(crate) plan: &'a Plan,
    pub(crate) boards: &'a [Board],
    pub(crate) fans: &'a Fans,
    pub(crate) supply: SupplyState,
    /// Air cools the machine.
    pub(crate) air: bool,
    pub(crate) over_power: bool,
}

impl Scene<'_> {
    /// What takes the hash power of all boards.
    pub(crate) fn hazard(&self) -> Option<(Cause, String)> {
        if self.over_power {
            return Some((Cause::OverPower, "measured above the limit".to_owned()));
        }
        if self.air && self.fans.none(self.now) {
            return Some((Cause::NoFans, "no fan turns".to_owned()));
        }
        if self.air && self.fans.few(self.now) {
            let least = self.plan.fans.count_min;
            return Some((Cause::FewFans, format!("fewer than {least} fans turn")));
        }
        let supply = mutate!(SupplyFaultIgnored, self.supply, SupplyState::Off);
        match supply {
            SupplyState::Failed => return Some((Cause::Supply, "it failed".to_owned())),
            SupplyState::Refused => {
                return Some((Cause::Supply, "it takes no orders".to_owned()));
            }
            _ => {}
        }
        self.stuck()
    }

    /// A board that can only be switched off together with the others.
    fn stuck(&self) -> Option<(Cause, String)> {
        for (slot, board) in self.boards.iter().enumerate() {
            if mutate!(
                OneFailsAll,
                false,
                board.heat.hazard.is_some() && board.is_active()
            ) {
                return Some((Cause::Neighbour, format!("slot={slot}")));
            }
            let switches = self.plan.board_switch && self.plan.supply_switch;
            if switches && board.is_stuck(self.now) {
                return Some((Cause::Neighbour, format!("slot={slot} stays on")));
            }
            if mutate!(BurningTolerated, self.is_burning(board), false) {
                return Some((Cause::Neighbour, format!("slot={slot} off and too hot")));
            }
            if !self.plan.board_switch && self.is_live(board) && is_hot(board) {
                return Some((Cause::Neighbour, format!("slot={slot} too hot")));
            }
        }
        None
    }

    /// The board was switched off and does not cool: its switch, or a chip, is shorted.
    fn is_burning(&self, board: &Board) -> bool {
        let off = board.idle_since();
        let long = off.is_some_and(|since| self.now.since(since) >= COOLS_WITHIN);
        self.plan.supply_switch && long && self.is_live(board) && is_hot(board)
    }

    /// The board is under voltage, in reset or not.
    fn is_live(&self, board: &Board) -> bool {
        board.is_on() || matches!(self.supply, SupplyState::On { .. } | SupplyState::Starting)
    }

    /// The supply must be off whatever is wanted: a board would not go off alone.
    pub(crate) fn supply_must_be_off(&self) -> bool {
        matches!(self.supply, SupplyState::Failed | SupplyState::Refused) || self.stuck().is_some()
    }

    /// Some board has hash power, is about to, or had it until a moment ago.
    pub(crate) fn is_busy(&self) -> bool {
        self.boards.iter().any(|b| {
            b.idle_since()
                .is_none_or(|since| since != Instant::ZERO && self.now.since(since) < WARM_FOR)
                || matches!(b.power, BoardState::On { .. })
        }) || self.hottest_over_warn().is_some_and(|over| over > -COOL_C)
    }

    /// Why the fans must be full.
    pub(crate) fn fans_must_be_full(&self, began: Option<Instant>) -> Option<Full> {
        if self.hottest_over_warn().is_some_and(|over| over >= 0.0) {
            return Some(Full::Hot);
        }
        if self.air && self.is_busy() && self.fans.any_lost() {
            return Some(Full::FanLost);
        }
        let stopped = self.boards.iter().any(|b| match b.phase {
            Phase::Stopped { since, .. } => self.now.since(since) < WARM_FOR,
            // Its signals alone may be unplugged: then it is as warm as one that was stopped, and nobody feels it.
            Phase::Off { since } => {
                let was_there = began.is_some_and(|at| since > at);
                !b.is_there() && was_there && self.now.since(since) < WARM_FOR
            }
            _ => false,
        });
        if stopped {
            return Some(Full::Stopped);
        }
        let fresh_start = began.is_none_or(|at| self.now.since(at) < WARM_FOR);
        let any_value = self.boards.iter().any(|b| b.heat.over.is_some());
        let blind = |b: &Board| b.is_active() && (b.heat.over.is_none() || b.heat.doubtful);
        let missing = self.boards.iter().any(blind) || fresh_start && !any_value;
        mutate!(MissingFansLow, missing, false).then_some(Full::Unknown)
    }

    /// How far the hottest place of all is above its warning.
    pub(crate) fn hottest_over_warn(&self) -> Option<f64> {
        let overs = self.boards.iter().filter_map(|b| b.heat.over);
        overs.map(|over| over.warn).reduce(f64::max)
    }
}

/// Why fans are full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Full {
    /// A place is at its warning.
    Hot,
    /// A fan is lost.
    FanLost,
    /// A board was stopped a moment ago.
    Stopped,
    /// A sensor that matters was not heard, or not in time.
    Unknown,
}

impl Full {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Full::Hot => "a place is at its warning temperature",
            Full::FanLost => "a fan is lost",
            Full::Stopped => "a board was stopped",
            Full::Unknown => "a sensor is late",
        }
    }

    pub(crate) fn code(self) -> Code {
        match self {
            Full::Hot => Code::HeatWarn,
            Full::FanLost | Full::Stopped | Full::Unknown => Code::FanFull,
        }
    }
}

fn is_hot(board: &Board) -> bool {
    matches!(board.heat.hazard, Some((Cause::Heat, _)))
}
