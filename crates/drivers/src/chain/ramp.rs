//! The frequency ramp and its guard.
//!
//! The frequency rises by 6.25 MHz at a time, at the chip's pace, while the chain mines. The guard compares
//! nonces seen with nonces expected: a rate outside 0.7 to 1.3 of the model means that the
//! chips do not run at the frequency that was ordered. It judges a window only where
//! chance is excluded: for a chain whose true rate lies inside the bounds, one judgement
//! trips with a chance below 10^-9, so a ramp (some hundred judgements) below 10^-7; for
//! one that runs as modelled, far below that. What it needs to see: a rate four times too
//! high takes 13 expected nonces, a doubled one 130, none at all 60, half of it 730.

use units::{Duration, Instant, Megahertz};

use super::kind::Kind;
use crate::poisson;

/// Published: the step that mujina and ESP-Miner use, and stock captures show.
const STEP_MHZ: f64 = 6.25;
/// Time between two steps down: the pace up that most sources have.
pub(super) const STEP_EVERY: Duration = Duration::from_millis(100);
/// Once the ramp has ended the guard looks again this often, until its window is full.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// Expected nonces after which a window is full: enough to tell half a rate from a whole.
const WINDOW: f64 = 800.0;
/// Bounds of the measured rate over the model's.
const LOW: f64 = 0.7;
const HIGH: f64 = 1.3;

/// What the guard says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Judgement {
    /// Inside the bounds, or not enough to tell.
    Pass,
    /// More nonces than the frequency allows.
    TooFast,
    /// Fewer nonces than the frequency demands.
    TooSlow,
}

/// Nonces seen and expected since the window began.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Guard {
    pub(super) seen: u64,
    pub(super) expected: f64,
    /// Expected since the guard was armed, over all windows.
    total: f64,
}

impl Guard {
    pub(super) fn expect(&mut self, nonces: f64) {
        self.expected += nonces;
        self.total += nonces;
    }

    pub(super) fn see(&mut self) {
        self.seen += 1;
    }

    /// What this window shows; a full one that passes is followed by a new one.
    pub(super) fn judge(&mut self) -> Judgement {
        if poisson::surely_above(self.seen, HIGH * self.expected) {
            return Judgement::TooFast;
        }
        if poisson::surely_below(self.seen, LOW * self.expected) {
            return Judgement::TooSlow;
        }
        if self.expected >= WINDOW {
            (self.seen, self.expected) = (0, 0.0);
        }
        Judgement::Pass
    }
}

/// A ramp under way, or its end.
#[derive(Debug)]
pub(super) struct Ramp {
    pub(super) guard: Guard,
    phase: Phase,
    target: Megahertz,
    /// The last step ordered, before rounding to what the PLL can do.
    ordered: Megahertz,
    /// Rising further would help nobody: see [`Ramp::stop`].
    stopped: bool,
    /// The target was reached once: told a single time.
    reached: bool,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    /// Waiting for the chips to hash.
    Waiting,
    /// The next step up is due then.
    Rising(Instant),
    /// The next step down is due then.
    Falling(Instant),
    /// At the target, the guard still watching.
    Watching { look: Instant, from: f64 },
    /// At the target, or stopped below it.
    Ended,
}

/// What a turn of the ramp orders.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Turn {
    /// Nothing now.
    Nothing,
    /// Set this frequency.
    Set(Megahertz),
    /// The target is reached for the first time.
    Reached,
    /// The guard tripped.
    Tripped(Judgement),
}

impl Ramp {
    pub(super) fn new(kind: Kind, target: Megahertz) -> Self {
        Ramp {
            guard: Guard::default(),
            phase: Phase::Waiting,
            target,
            ordered: kind.start(),
            stopped: false,
            reached: false,
            kind,
        }
    }

    /// The chips hash: rise from now on.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.phase == Phase::Waiting {
            self.phase = self.next_step(now);
        }
    }

    /// The supply shall follow the step just taken before there is another.
    fn next_step(&self, now: Instant) -> Phase {
        Phase::Rising(now + self.kind.step_time(self.ordered))
    }

    /// Never rise again; a lower target is still followed.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.phase = Phase::Ended;
    }

    /// Go to another target from here, up at the chips' pace and down at that of the supply.
    pub(super) fn retarget(&mut self, now: Instant, target: Megahertz) {
        if target == self.target {
            return;
        }
        self.target = target;
        let (ordered, target) = (self.ordered.mhz(), target.mhz());
        match self.phase {
            Phase::Waiting => {}
            _ if target < ordered => {
                // A step down that was due stays due: targets that come often must not put it
                // off.
                if !matches!(self.phase, Phase::Falling(_)) {
                    self.phase = Phase::Falling(now);
                }
            }
            Phase::Rising(_) => {}
            _ if target > ordered && !self.stopped => self.phase = self.next_step(now),
            Phase::Falling(_) => self.phase = self.watch(now),
            Phase::Watching { .. } | Phase::Ended => {}
        }
    }

    fn watch(&self, now: Instant) -> Phase {
        Phase::Watching {
            look: now + WATCH_EVERY,
            from: self.guard.total,
        }
    }

    pub(super) fn is_moving(&self) -> bool {
        matches!(self.phase, Phase::Rising(_) | Phase::Falling(_))
    }

    /// It was at its target once, or was stopped below it. Later moves are those of whoever
    /// caps the frequency: small, and long.
    pub(super) fn has_settled(&self) -> bool {
        self.reached || self.phase == Phase::Ended
    }

    /// True while the guard counts.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(
            self.phase,
            Phase::Rising(_) | Phase::Falling(_) | Phase::Watching { .. }
        )
    }

    /// `fed`: the chips have work. Without it nothing shows how fast they run, so the
    /// ramp waits.
    pub(super) fn turn(&mut self, now: Instant, fed: bool) -> Turn {
        match self.phase {
            Phase::Rising(at) if at <= now => {
                self.phase = self.next_step(now);
                if !fed {
                    return Turn::Nothing;
                }
                match self.guard.judge() {
                    Judgement::Pass => self.rise(now),
                    tripped => Turn::Tripped(tripped),
                }
            }
            Phase::Falling(at) if at <= now => {
                let next = (self.ordered.mhz() - STEP_MHZ).max(self.target.mhz());
                self.ordered = Megahertz::new(next);
                self.phase = if next > self.target.mhz() {
                    Phase::Falling(now + STEP_EVERY)
                } else {
                    self.watch(now)
                };
                Turn::Set(self.ordered)
            }
            Phase::Watching { look, from } if look <= now => {
                let judged = self.guard.judge();
                self.phase = if self.guard.total - from >= WINDOW {
                    Phase::Ended
                } else {
                    let look = now + WATCH_EVERY;
                    Phase::Watching { look, from }
                };
                match judged {
                    Judgement::Pass => Turn::Nothing,
                    tripped => Turn::Tripped(tripped),
                }
            }
            _ => Turn::Nothing,
        }
    }

    fn rise(&mut self, now: Instant) -> Turn {
        if self.ordered.mhz() >= self.target.mhz() {
            self.phase = self.watch(now);
            let again = core::mem::replace(&mut self.reached, true);
            return if again { Turn::Nothing } else { Turn::Reached };
        }
        let next = (self.ordered.mhz() + STEP_MHZ).min(self.target.mhz());
        let unconfirmed = self
            .kind
            .confirm()
            .is_some_and(|c| next > c.below.mhz() && self.guard.total < c.expected_nonces);
        if unconfirmed {
            return Turn::Nothing;
        }
        self.ordered = Megahertz::new(next);
        self.phase = self.next_step(now);
        Turn::Set(self.ordered)
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Rising(at) | Phase::Falling(at) | Phase::Watching { look: at, .. } => at,
            Phase::Waiting | Phase::Ended => Instant::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poisson::tests::draw;
    use units::Rng;

    /// Judges every tenth of a second for two minutes at `per_s` expected nonces; says
    /// after how many expected ones it tripped.
    fn run(seed: u64, per_s: f64, true_ratio: f64) -> Option<(Judgement, f64)> {
        let mut rng = Rng::new(seed);
        let mut guard = Guard::default();
        for _ in 0..1200 {
            guard.expect(per_s / 10.0);
            for _ in 0..draw(&mut rng, true_ratio * per_s / 10.0) {
                guard.see();
            }
            match guard.judge() {
                Judgement::Pass => {}
                tripped => return Some((tripped, guard.total)),
            }
        }
        None
    }

    #[test]
    fn chance_never_trips_the_guard() {
        for seed in 0..400 {
            assert_eq!(run(seed, 20.0, 1.0), None, "seed {seed}");
            assert_eq!(run(seed, 3.0, 1.0), None, "seed {seed}");
        }
    }

    #[test]
    fn rates_inside_the_bounds_never_trip_the_guard() {
        for seed in 0..100 {
            for ratio in [0.72, 0.85, 1.15, 1.28] {
                assert_eq!(run(seed, 20.0, ratio), None, "seed {seed} {ratio}");
            }
        }
    }

    #[test]
    fn a_wrong_rate_trips_the_guard_soon() {
        let check = |ratio, expected, within: f64| {
            for seed in 0..100 {
                let (judgement, after) = run(seed, 20.0, ratio).expect("trips");
                assert_eq!(judgement, expected, "seed {seed} {ratio}");
                assert!(after <= within, "seed {seed} {ratio}: {after}");
            }
        };
        check(4.0, Judgement::TooFast, 40.0);
        check(2.0, Judgement::TooFast, 300.0);
        check(0.0, Judgement::TooSlow, 62.0);
        check(0.25, Judgement::TooSlow, 200.0);
    }
}
