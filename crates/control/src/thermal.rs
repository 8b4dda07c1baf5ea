//! Derating: frequency is given up degree by degree before it is given up at once.

use serde::{Deserialize, Serialize};
use units::Duration;

use crate::heat::Heat;
use crate::mutant::mutate;
use crate::plan::Plan;

/// Frequency given up per second and per degree above the derating temperature: our policy.
/// Half the way to the stop (2.5 °C) takes 2.5 % of frequency a second, which is more than
/// the heat of a board moves in that time.
const DOWN_PER_S_PER_C: f64 = 0.01;
/// Never faster than this: a sensor's noise must not look like a stop.
const DOWN_PER_S_MAX: f64 = 0.05;
/// Frequency given back per second: our policy; slower than any part of the loop, so that it
/// does not swing.
const UP_PER_S: f64 = 0.005;
/// Cooler than the derating temperature by this before anything is given back.
const HYSTERESIS_C: f64 = 3.0;
/// Derating ends here: a board that is still too hot at a third of its frequency has another
/// problem, and stops.
const LEAST: f64 = 0.3;
/// A cold board gets half of its frequency (assumed; stock "keeps it low") ...
const COLD: f64 = 0.5;
/// ... until it is so much warmer than cold.
const COLD_HYSTERESIS_C: f64 = 2.0;

/// How much of its frequency heat and cold leave a board.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Thermal {
    derate: f64,
    cold: bool,
}

/// What changed that people should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    Derating,
    Restored,
    Cold,
}

impl Default for Thermal {
    fn default() -> Self {
        Thermal {
            derate: 1.0,
            cold: false,
        }
    }
}

impl Thermal {
    /// The fraction of the frequency that is left.
    pub(crate) fn fraction(&self) -> f64 {
        let cold = if self.cold { COLD } else { 1.0 };
        self.derate.min(mutate!(ColdIgnored, cold, 1.0))
    }

    /// Let `dt` pass under this heat. `present` is the fraction of its frequency that the board
    /// has now: what is too hot on its way up gives up some of that, and not of what it has not
    /// reached.
    pub(crate) fn step(
        &mut self,
        plan: &Plan,
        heat: &Heat,
        present: f64,
        dt: Duration,
    ) -> Option<Turn> {
        let (derate, cold) = (self.derate, self.cold);
        let dt_s = dt.as_secs_f64();
        // Without a believed value nothing is given back.
        if let Some(over) = heat.over {
            let hysteresis = mutate!(HysteresisReversed, HYSTERESIS_C, -HYSTERESIS_C);
            if over.derate > 0.0f64.max(-hysteresis) {
                let down = (over.derate * DOWN_PER_S_PER_C).min(DOWN_PER_S_MAX);
                self.derate = (self.derate.min(present) - down * dt_s).max(LEAST);
            } else if over.derate < -hysteresis {
                self.derate = (self.derate + UP_PER_S * dt_s).min(1.0);
            }
        }
        if let Some((limit, board)) = plan.cold_below_c.zip(heat.board_c) {
            self.cold = board < limit + if self.cold { COLD_HYSTERESIS_C } else { 0.0 };
        }
        if derate == 1.0 && self.derate < 1.0 {
            Some(Turn::Derating)
        } else if derate < 1.0 && self.derate == 1.0 {
            Some(Turn::Restored)
        } else if !cold && self.cold {
            Some(Turn::Cold)
        } else {
            None
        }
    }
}
