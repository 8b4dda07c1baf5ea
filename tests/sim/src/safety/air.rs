//! Air: fans that turn too slowly, and what must follow.

use board_support::Machine;
use units::Instant;

use super::judge::{Ground, Observation, keep, longer, secs};
use super::mutant::mutate;

/// Seconds until all fans are driven full after one of them turns too slowly: 2 s from its
/// first low reading, which may be a second late.
pub(super) const FULL_S: f64 = 3.25;
/// Seconds until hash power is off after too few fans turn, and after none does.
pub(super) const FEW_S: f64 = 11.5;
pub(super) const NONE_S: f64 = 6.5;
/// Fans take so long from standing to their least speed.
pub(super) const SPIN_UP_S: f64 = 6.0;

pub(super) struct Air {
    /// By fan: since when it turns too slowly.
    slow_since: Vec<Option<Instant>>,
    full_told: bool,
    driven_since: Option<Instant>,
    few_since: Option<Instant>,
    none_since: Option<Instant>,
}

impl Air {
    pub(super) fn new(machine: &Machine) -> Self {
        Air {
            slow_since: vec![None; usize::from(machine.fans.count)],
            full_told: false,
            driven_since: None,
            few_since: None,
            none_since: None,
        }
    }

    pub(super) fn look(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let (now, plan) = (seen.now, &ground.machine.fans);
        let on = seen.boards.iter().any(|b| b.on);
        let driven = seen.duty >= plan.duty_min_percent;
        keep(&mut self.driven_since, driven, now);
        let spun = longer(self.driven_since, now, SPIN_UP_S);
        let (least, most) = (plan.rpm_min, mutate!(FastFanTurns, plan.rpm_max, u32::MAX));
        let slow = |rpm: &u32| !(least..=most).contains(rpm);
        for (since, rpm) in self.slow_since.iter_mut().zip(&seen.rpm) {
            keep(since, spun && on && slow(rpm), now);
        }
        let turning = seen.rpm.iter().filter(|rpm| !slow(rpm)).count();
        let few = turning < usize::from(plan.count_min);
        keep(&mut self.few_since, spun && on && few, now);
        keep(&mut self.none_since, spun && on && turning == 0, now);
        self.full(ground, seen)?;
        let grace = ground.blame.grace_s(now);
        let few_s = mutate!(FewDoubled, FEW_S, 2.0 * FEW_S);
        let broken = longer(self.few_since, now, few_s + grace);
        if mutate!(FewIgnored, broken, false) {
            return Err(format!("hash power on {FEW_S} s after fans were too few"));
        }
        let none_s = mutate!(NoneDoubled, NONE_S, 2.0 * NONE_S);
        let broken = longer(self.none_since, now, none_s + grace);
        if mutate!(NoneIgnored, broken, false) {
            return Err(format!("hash power on {NONE_S} s after the last fan stood"));
        }
        Ok(())
    }

    /// A lost fan means that all are driven full.
    fn full(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let (now, duty) = (seen.now, seen.duty);
        let Some(since) = self.slow_since.iter().flatten().min().copied() else {
            self.full_told = false;
            return Ok(());
        };
        let after = secs(since, now);
        if duty >= 100 && !self.full_told {
            self.full_told = true;
            ground.seen.reaction("lost fan to full fans", after);
        }
        let most_s = mutate!(FullDoubled, FULL_S, 2.0 * FULL_S) + ground.blame.grace_s(now);
        let least = mutate!(HalfIsFull, 100, 50);
        let broken = duty < least && after > most_s;
        if mutate!(FullIgnored, broken, false) {
            return Err(format!(
                "fans at {duty} % {FULL_S} s after one was lost: {:?}",
                seen.rpm
            ));
        }
        Ok(())
    }
}
