//! Whether a control that was read from a file can be given inputs. A file is anything that
//! somebody sends in: its lists may have other lengths than its plan says, and its numbers may
//! be out of all proportion.

use board_support::bounds;

use crate::control::Control;
use crate::plan::{Limit, Plan};

/// Sensors per board and points of a curve: far beyond any machine's.
const LIST_MAX: usize = 64;
/// Stops and decisions that are kept: the latter's own bound.
const KEPT_MAX: usize = 64;

impl Control {
    /// What is wrong with it as a value; nothing of one that was made by [`Control::new`] and
    /// written down whole.
    pub fn unsound(&self) -> Option<&'static str> {
        let plan = &self.plan;
        let slots = usize::from(plan.slots);
        if !plan.is_sound() {
            return Some("its plan is no machine's");
        }
        let lists = self.boards.len() == slots
            && self.boards.iter().all(|b| b.is_sound(plan.sensors.len()))
            && self.fans.len() == usize::from(plan.fans.count)
            && self.power.rails.len() == plan.rails()
            && self.wanted.is_sound(slots, plan.rails())
            && self.said().is_sound(slots, plan.rails());
        if !lists {
            return Some("its lists do not fit its plan");
        }
        (self.decisions_waiting() > KEPT_MAX).then_some("too many decisions wait")
    }
}

impl Plan {
    fn is_sound(&self) -> bool {
        let slots = u64::from(self.slots);
        let fans = u64::from(self.fans.count);
        let curve = &self.fans.curve;
        let voltage = self.volts.is_none_or(|v| {
            0 < v.min_mv
                && v.min_mv <= v.start_mv.min(v.work_mv)
                && v.start_mv.max(v.work_mv) <= v.max_mv
        });
        (1..=*bounds::SLOTS.end()).contains(&slots)
            && (1..=*bounds::FANS.end()).contains(&fans)
            && self.sensors.len() <= LIST_MAX
            && (1..=LIST_MAX).contains(&curve.len())
            && curve.is_sorted_by(|a, b| a.0 < b.0)
            && self.fans.duty_min <= 100
            && [&self.board, &self.chip].into_iter().all(Limit::is_sound)
            && bounds::FREQUENCY_MHZ.contains(&self.mhz)
            && bounds::FREQUENCY_MHZ.contains(&self.mhz_max)
            && (0.0..=1e6).contains(&self.power_max_w)
            && (0.0..=1e6).contains(&self.board_w)
            && voltage
    }
}

impl Limit {
    fn is_sound(&self) -> bool {
        let rising = self.warn_c < self.derate_c && self.derate_c < self.stop_c();
        rising && (25.0..=200.0).contains(&self.warn_c)
    }
}
