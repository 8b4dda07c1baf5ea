//! What goes wrong with heat and power, as data: what, from when, until when.

use units::{ChainSlot, ChipIndex, Duration, Instant};

use super::air::progress;

/// One fault.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Timed {
    /// When it begins.
    pub from: Instant,
    /// When it is gone; `Instant::NEVER` if it stays.
    pub until: Instant,
    /// What.
    pub fault: Fault,
}

impl Timed {
    /// A fault that begins and stays.
    pub fn from(from: Instant, fault: Fault) -> Self {
        let until = Instant::NEVER;
        Timed { from, until, fault }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// A fan (counted from 0) slows down to a share of its speed within a time: 0 at once
    /// is a fan that stopped, 0.7 in months is one that is worn.
    Fan {
        /// Which.
        fan: u8,
        /// What is left of its speed in the end, 0 to 1.
        speed: f64,
        /// How long it takes.
        over: Duration,
    },
    /// The pump of a hydro or immersion cooling does the same.
    Pump {
        /// What is left of its flow in the end, 0 to 1.
        speed: f64,
        /// How long it takes.
        over: Duration,
    },
    /// Dust takes a share of the airflow every day, until a fifth is left.
    Dust {
        /// Share of full flow lost a day.
        loss_per_day: f64,
    },
    /// The supply gives a share of what it was told.
    SupplySag {
        /// The share, 0 to 1.
        share: f64,
    },
    /// The supply's protection trips, once, when the fault begins.
    SupplyTrip,
    /// The mains are at this voltage.
    Mains {
        /// Volts; 230 is well, 0 is an outage.
        volts: f64,
    },
    /// A chip shorts its domain.
    ChipShorted {
        /// Its board.
        slot: ChainSlot,
        /// Which.
        chip: ChipIndex,
    },
    /// A board's rail is gone: a fuse, a connector.
    RailLost {
        /// Its board.
        slot: ChainSlot,
    },
}

/// Mains when nothing is wrong with them, volts.
pub(crate) const MAINS_V: f64 = 230.0;

/// All faults of a machine, and which of them act.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    all: Vec<Timed>,
    acting: Vec<Timed>,
    /// The next instant at which one begins or ends.
    boundary: Instant,
}

impl Faults {
    pub(crate) fn new(all: Vec<Timed>) -> Self {
        let boundary = Instant::ZERO;
        let acting = Vec::new();
        Faults {
            all,
            acting,
            boundary,
        }
    }

    /// Other faults from the next step on.
    pub(crate) fn set(&mut self, all: Vec<Timed>) {
        self.all = all;
        self.boundary = Instant::ZERO;
    }

    /// Let time pass; true if the supply's protection is to trip now.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        if now < self.boundary {
            return false;
        }
        let before = core::mem::take(&mut self.acting);
        let acts = |t: &&Timed| t.from <= now && now < t.until;
        self.acting = self.all.iter().filter(acts).copied().collect();
        let ends = self.all.iter().flat_map(|t| [t.from, t.until]);
        self.boundary = ends.filter(|at| *at > now).min().unwrap_or(Instant::NEVER);
        let trip = |t: &&Timed| t.fault == Fault::SupplyTrip;
        self.acting.iter().filter(trip).any(|t| !before.contains(t))
    }

    /// What is left of a fan's speed.
    pub(crate) fn fan(&self, now: Instant, which: u8) -> f64 {
        self.product(|t| match t.fault {
            Fault::Fan { fan, speed, over } if fan == which => Some(left(t, now, speed, over)),
            _ => None,
        })
    }

    /// What is left of the pump's flow.
    pub(crate) fn pump(&self, now: Instant) -> f64 {
        self.product(|t| match t.fault {
            Fault::Pump { speed, over } => Some(left(t, now, speed, over)),
            _ => None,
        })
    }

    /// What dust has left of the airflow.
    pub(crate) fn dust(&self, now: Instant) -> f64 {
        let left = self.product(|t| match t.fault {
            Fault::Dust { loss_per_day } => {
                let days = now.since(t.from).as_secs_f64() / 86_400.0;
                Some((1.0 - days * loss_per_day.max(0.0)).max(0.2))
            }
            _ => None,
        });
        left.max(0.2)
    }

    pub(crate) fn sag(&self) -> f64 {
        self.product(|t| match t.fault {
            Fault::SupplySag { share } => Some(share.clamp(0.0, 1.0)),
            _ => None,
        })
    }

    pub(crate) fn mains_v(&self) -> f64 {
        let volts = self.acting.iter().filter_map(|t| match t.fault {
            Fault::Mains { volts } => Some(volts),
            _ => None,
        });
        volts.fold(MAINS_V, f64::min)
    }

    pub(crate) fn rail_lost(&self, slot: usize) -> bool {
        self.acting.iter().any(|t| match t.fault {
            Fault::RailLost { slot: lost } => usize::from(lost.0) == slot,
            _ => false,
        })
    }

    /// Chips of a board that are shorted.
    pub(crate) fn shorted(&self, slot: usize) -> impl Iterator<Item = ChipIndex> + '_ {
        self.acting.iter().filter_map(move |t| match t.fault {
            Fault::ChipShorted { slot: at, chip } if usize::from(at.0) == slot => Some(chip),
            _ => None,
        })
    }

    fn product(&self, of: impl Fn(&Timed) -> Option<f64>) -> f64 {
        self.acting.iter().filter_map(of).product()
    }
}

fn left(timed: &Timed, now: Instant, end: f64, over: Duration) -> f64 {
    let end = end.clamp(0.0, 1.0);
    1.0 - (1.0 - end) * progress(now.since(timed.from), over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    #[test]
    fn a_fan_slows_down_and_comes_back_when_the_fault_is_gone() {
        let fault = Fault::Fan {
            fan: 1,
            speed: 0.5,
            over: Duration::from_secs(100),
        };
        let (from, until) = (at(10), at(500));
        let mut faults = Faults::new(vec![Timed { from, until, fault }]);
        for (s, left) in [(0, 1.0), (10, 1.0), (60, 0.75), (110, 0.5), (500, 1.0)] {
            faults.advance(at(s));
            assert_eq!(faults.fan(at(s), 1), left, "at {s} s");
            assert_eq!(faults.fan(at(s), 0), 1.0);
        }
    }

    #[test]
    fn the_protection_trips_once() {
        let mut faults = Faults::new(vec![Timed::from(at(5), Fault::SupplyTrip)]);
        let trips: Vec<_> = (0..10).filter(|s| faults.advance(at(*s))).collect();
        assert_eq!(trips, [5]);
    }

    #[test]
    fn faults_that_are_named_again_go_on_and_others_are_gone() {
        let sag = |share| Timed::from(at(0), Fault::SupplySag { share });
        let trip = Timed::from(at(2), Fault::SupplyTrip);
        let mut faults = Faults::new(vec![sag(0.5), trip]);
        assert!(!faults.advance(at(1)));
        assert!(faults.advance(at(2)));
        faults.set(vec![trip]);
        assert!(!faults.advance(at(3)), "it tripped before");
        assert_eq!(faults.sag(), 1.0);
    }

    #[test]
    fn dust_leaves_a_fifth() {
        let loss_per_day = 0.01;
        let mut faults = Faults::new(vec![Timed::from(at(0), Fault::Dust { loss_per_day })]);
        for (days, left) in [(0, 1.0), (10, 0.9), (1000, 0.2)] {
            faults.advance(at(days * 86_400));
            assert!((faults.dust(at(days * 86_400)) - left).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_acts_where_nothing_is_wrong() {
        let mut faults = Faults::new(vec![]);
        assert!(!faults.advance(at(1)));
        assert_eq!(faults.mains_v(), MAINS_V);
        assert_eq!(faults.sag() * faults.pump(at(1)) * faults.dust(at(1)), 1.0);
        assert!(!faults.rail_lost(0));
        assert_eq!(faults.shorted(0).count(), 0);
    }
}
