//! One owner per actuator: what is wanted of each now, what was said last, and the order in
//! which differences are told. Nothing queues, so nothing can overtake: a stop replaces the
//! start that nobody has taken yet.

use serde::{Deserialize, Serialize};
use units::{Duty, Megahertz, Millivolts};

use crate::bounds::Setpoint;
use crate::plan::{Plan, RailKind};
use crate::power::STEP_MHZ;

/// What is wanted of every actuator.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) fans: Duty,
    pub(crate) supply: bool,
    pub(crate) boards: Vec<bool>,
    pub(crate) caps_mhz: Vec<f64>,
    pub(crate) rails_mv: Vec<f64>,
}

/// What was said last to each; `None`: nothing yet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) fans: Option<Duty>,
    supply: Option<bool>,
    boards: Vec<Option<bool>>,
    caps_mhz: Vec<Option<f64>>,
    rails_mv: Vec<Option<u32>>,
}

impl Wanted {
    pub(crate) fn new(plan: &Plan) -> Self {
        let slots = usize::from(plan.slots);
        Wanted {
            fans: Duty::FULL,
            supply: false,
            boards: vec![false; slots],
            caps_mhz: vec![crate::power::FLOOR_MHZ; slots],
            rails_mv: vec![plan.volts.map_or(0.0, |v| f64::from(v.start_mv)); plan.rails()],
        }
    }

    /// As long as a machine of so many slots and rails needs it.
    pub(crate) fn is_sound(&self, slots: usize, rails: usize) -> bool {
        let both = self.boards.len() == slots && self.caps_mhz.len() == slots;
        both && self.rails_mv.len() == rails
    }
}

impl Said {
    pub(crate) fn new(plan: &Plan) -> Self {
        let slots = usize::from(plan.slots);
        Said {
            fans: None,
            supply: None,
            boards: vec![None; slots],
            caps_mhz: vec![None; slots],
            rails_mv: vec![None; plan.rails()],
        }
    }

    /// As long as a machine of so many slots and rails needs it.
    pub(crate) fn is_sound(&self, slots: usize, rails: usize) -> bool {
        let both = self.boards.len() == slots && self.caps_mhz.len() == slots;
        both && self.rails_mv.len() == rails
    }

    /// The next difference, the most urgent first: off, air, frequency down, voltage, supply
    /// on, boards on, frequency up.
    pub(crate) fn next(&mut self, plan: &Plan, wanted: &Wanted) -> Option<Setpoint> {
        self.off(plan, wanted)
            .or_else(|| self.fans(wanted))
            .or_else(|| self.cap(wanted, |said, cap| said.is_none_or(|s| cap < s)))
            .or_else(|| self.rail(plan, wanted))
            .or_else(|| self.on(plan, wanted))
            .or_else(|| self.cap(wanted, |said, cap| said != Some(cap)))
    }

    fn off(&mut self, plan: &Plan, wanted: &Wanted) -> Option<Setpoint> {
        self.boards(wanted, false)
            .or_else(|| self.supply(plan, wanted, false))
    }

    fn on(&mut self, plan: &Plan, wanted: &Wanted) -> Option<Setpoint> {
        self.supply(plan, wanted, true)
            .or_else(|| self.boards(wanted, true))
    }

    fn supply(&mut self, plan: &Plan, wanted: &Wanted, on: bool) -> Option<Setpoint> {
        let due = plan.supply_switch && wanted.supply == on && self.supply != Some(on);
        due.then(|| {
            self.supply = Some(on);
            Setpoint::Supply { on }
        })
    }

    fn boards(&mut self, wanted: &Wanted, on: bool) -> Option<Setpoint> {
        let mut both = self.boards.iter_mut().zip(&wanted.boards).enumerate();
        let (slot, (said, _)) = both.find(|(_, (s, w))| **w == on && **s != Some(on))?;
        *said = Some(on);
        let slot = slot as u8;
        Some(Setpoint::Board { slot, on })
    }

    fn fans(&mut self, wanted: &Wanted) -> Option<Setpoint> {
        (self.fans != Some(wanted.fans)).then(|| {
            self.fans = Some(wanted.fans);
            Setpoint::Fans(wanted.fans)
        })
    }

    fn cap(&mut self, wanted: &Wanted, due: fn(Option<f64>, f64) -> bool) -> Option<Setpoint> {
        for (slot, (said, cap)) in self.caps_mhz.iter_mut().zip(&wanted.caps_mhz).enumerate() {
            let stepped = (cap / STEP_MHZ).floor() * STEP_MHZ;
            if due(*said, stepped) {
                *said = Some(stepped);
                return Some(Setpoint::FrequencyCap {
                    slot: slot as u8,
                    cap: Megahertz::new(stepped),
                });
            }
        }
        None
    }

    fn rail(&mut self, plan: &Plan, wanted: &Wanted) -> Option<Setpoint> {
        for (rail, (said, mv)) in self.rails_mv.iter_mut().zip(&wanted.rails_mv).enumerate() {
            // Ramps move by less than a code's step in a tick: told in steps of 25 mV.
            let mv = (mv / 25.0).round() * 25.0;
            let mv = mv.clamp(0.0, f64::from(u32::MAX)) as u32;
            if *said != Some(mv) {
                *said = Some(mv);
                return Some(Setpoint::Voltage {
                    slot: (plan.rail == RailKind::PerBoard).then_some(rail as u8),
                    voltage: Millivolts::new(mv),
                });
            }
        }
        None
    }
}
