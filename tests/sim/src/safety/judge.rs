//! The judge: observations of one machine in, the first promise that is not kept out.
//!
//! A pure value: it sees a stream of [`Observation`]s in order of time, knows the machine's file
//! and what the scenario says that no wire shows ([`Blame`]), and nothing of the miner.

use std::collections::BTreeMap;

use board_support::Machine;
use units::{ChainSlot, Duration, Instant};

use super::air::Air;
use super::electric::Electric;
use super::heat::Heat;
use super::mutant::mutate;
use crate::Paused;

/// What is true of a machine at one look.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Observation {
    pub(crate) now: Instant,
    /// By slot.
    pub(crate) boards: Vec<Board>,
    /// What each fan turns at.
    pub(crate) rpm: Vec<u32>,
    /// What they are driven at, percent.
    pub(crate) duty: u8,
    /// What the machine takes from the wall.
    pub(crate) wall_w: f64,
}

/// What is true of a board at one look.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Board {
    /// It has hash power.
    pub(crate) on: bool,
    /// Its rail has a voltage, as far as supply and controller say.
    pub(crate) live: bool,
    /// Current can flow: the rail is there.
    pub(crate) fed: bool,
    /// Its chips are held in reset.
    pub(crate) in_reset: bool,
    /// Its chain hashes, as the miner says.
    pub(crate) up: bool,
    pub(crate) watts: f64,
    /// What was ordered for its rail, millivolts.
    pub(crate) ordered_mv: f64,
    pub(crate) hottest_chip_c: f64,
    pub(crate) hottest_board_c: f64,
    /// What the tip of each sensor feels.
    pub(crate) sensors_c: Vec<f64>,
}

/// What the scenario says that no wire shows.
#[derive(Clone, Copy, Debug)]
pub struct Blame {
    /// From when to when something is wrong.
    pub from: Instant,
    /// See `from`.
    pub until: Instant,
    /// The board that is concerned.
    pub slot: ChainSlot,
    /// A sensor there that does not tell the truth.
    pub liar: Option<usize>,
    /// This kind of sensor of the board, or of all boards, says nothing.
    pub silent: Option<Silent>,
    /// The engine, or its whole process, stands still.
    pub stall: Option<Paused>,
    /// What is wrong with the supply or the mains.
    pub supply: Option<SupplyBlame>,
    /// A chip is a short: the others of its series share its voltage.
    pub shorted: bool,
    /// What the operator lets the machine draw, watts.
    pub ceiling_w: Option<f64>,
    /// Leakage of its chips over that of the table.
    pub leakage: f64,
}

/// Sensors that say nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Silent {
    /// One, on the board that is concerned.
    Sensor(usize),
    /// All that hang on the control board's bus, on every board.
    Bus,
}

/// What is wrong with a supply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SupplyBlame {
    /// It gives less, or nothing, and comes back by itself.
    Moves,
    /// It says nothing that can be understood, or another voltage than it was set to.
    Unheard,
    /// It does something else that nobody promises anything of.
    Odd,
}

impl Blame {
    /// Nothing is wrong between these instants.
    pub fn nothing(from: Instant, until: Instant, slot: ChainSlot) -> Self {
        Blame {
            from,
            until,
            slot,
            liar: None,
            silent: None,
            stall: None,
            supply: None,
            shorted: false,
            ceiling_w: None,
            leakage: 1.0,
        }
    }

    /// It lasts.
    pub(crate) fn lasts(&self, now: Instant) -> bool {
        now >= self.from && now < self.until
    }

    /// What a process that stands still cannot do is the dead man's, or nobody's.
    pub(crate) fn grace_s(&self, now: Instant) -> f64 {
        let near = now >= self.from && now < self.until + Duration::from_secs(5);
        let still = self.stall.is_some() && near;
        if mutate!(GraceForAll, still, true) {
            6.0
        } else {
            0.0
        }
    }
}

/// What is measured over all looks, whether it is a violation or not.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Seconds from a cause to what must follow it, by the name of the reaction.
    pub reactions: BTreeMap<&'static str, Vec<f64>>,
    /// The most that was seen, by name.
    pub most: BTreeMap<&'static str, f64>,
}

impl Seen {
    pub(crate) fn reaction(&mut self, name: &'static str, seconds: f64) {
        self.reactions.entry(name).or_default().push(seconds);
    }

    pub(crate) fn most(&mut self, name: &'static str, value: f64) {
        let most = self.most.entry(name).or_insert(f64::MIN);
        *most = most.max(value);
    }

    /// Add what another run saw.
    pub fn merge(&mut self, other: Seen) {
        for (name, mut seconds) in other.reactions {
            self.reactions.entry(name).or_default().append(&mut seconds);
        }
        for (name, value) in other.most {
            self.most(name, value);
        }
    }
}

/// What all checks share.
pub(crate) struct Ground {
    pub(crate) machine: Machine,
    pub(crate) blame: Blame,
    pub(crate) seen: Seen,
}

/// The judge of one run.
pub(crate) struct Judge {
    pub(crate) ground: Ground,
    heat: Heat,
    air: Air,
    electric: Electric,
}

impl Judge {
    pub(crate) fn new(machine: Machine, blame: Blame) -> Self {
        Judge {
            heat: Heat::new(&machine),
            air: Air::new(&machine),
            electric: Electric::new(&machine),
            ground: Ground {
                machine,
                blame,
                seen: Seen::default(),
            },
        }
    }

    /// Judge the next look.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub(crate) fn look(&mut self, seen: &Observation) -> Result<(), String> {
        self.heat.look(&mut self.ground, seen)?;
        self.air.look(&mut self.ground, seen)?;
        self.electric.look(&mut self.ground, seen)
    }
}

/// Since when something is so.
pub(super) fn keep(since: &mut Option<Instant>, is: bool, now: Instant) {
    *since = is.then(|| since.unwrap_or(now));
}

pub(super) fn secs(since: Instant, now: Instant) -> f64 {
    now.since(since).as_secs_f64()
}

/// It has been so for longer than this.
pub(super) fn longer(since: Option<Instant>, now: Instant, most_s: f64) -> bool {
    since.is_some_and(|since| secs(since, now) > most_s)
}
