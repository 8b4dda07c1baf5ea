//! Power: voltages that are ordered, how fast power rises, how much there is, and what follows
//! an engine that stands still or a supply that does not answer.

use std::collections::VecDeque;

use board_support::{Machine, PsuProtocol};
use units::{Duration, Instant};

use super::judge::{Ground, Observation, SupplyBlame, keep, longer, secs};
use super::mutant::mutate;
use crate::Paused;

/// Seconds until hash power is off after the engine stands still: a lease is 2 s at most.
pub(super) const STALL_S: f64 = 2.75;
/// The same after a process that stood still goes on: its first turn.
pub(super) const GOES_ON_S: f64 = 0.5;
/// A code's step on either side of the voltages that may be ordered.
pub(super) const CODE_MV: f64 = 30.0;
/// A second adds no more than this share of the rated power while boards ramp: a sixtieth, in
/// steps of caps and rails, and what boards leak more as they get warm.
pub(super) const RAMP_PER_S: f64 = 0.03;
/// What a board adds at once, as a share of its rating, when it comes under voltage, out of
/// reset, and when its chips begin: their first frequency, and leakage, to which it is in
/// proportion. A board that comes back hot takes the most of it.
pub(super) const FIRST_STEP: f64 = 0.35;
/// A board begins for so long after that.
pub(super) const BEGINS_S: f64 = 3.0;
/// Looks of 3 s: what was drawn within this time may come back at once. An engine that stands
/// still for less than a lease leaves chips without work for a moment.
pub(super) const GAP: usize = 12;
/// Looks of a second.
const SECOND: usize = 4;
/// What supplies and mains do by themselves they do within this time of their fault's begin and
/// end.
pub(super) const MOVES: Duration = Duration::from_secs(2);
/// The ceiling may be passed for so long, and by this share: nobody measures the wall's power,
/// and the model is of a machine like the table's.
pub(super) const CEILING_S: f64 = 5.0;
pub(super) const CEILING_SHARE: f64 = 0.10;
/// Chips that leak more than the table's draw more than the model says, by this share for each
/// part of leakage above one.
pub(super) const CEILING_LEAKS: f64 = 0.45;
/// Seconds until hash power is off after a supply fell silent: it is looked at each 20 s, three
/// times before it counts as gone, and a look over the slowest bus takes two.
pub(super) const UNHEARD_S: f64 = 32.0;

pub(super) struct Electric {
    stall_told: bool,
    unheard_told: bool,
    /// Power of all boards at the last looks.
    watts: VecDeque<f64>,
    slots: Vec<Slot>,
    over_since: Option<Instant>,
    on_since: Option<Instant>,
}

#[derive(Clone, Default)]
struct Slot {
    /// It came under voltage, out of reset, or its chips began, then.
    began: Option<Instant>,
    fed: bool,
    on: bool,
    up: bool,
}

impl Electric {
    pub(super) fn new(machine: &Machine) -> Self {
        Electric {
            stall_told: false,
            unheard_told: false,
            watts: VecDeque::new(),
            slots: vec![Slot::default(); usize::from(machine.slots)],
            over_since: None,
            on_since: None,
        }
    }

    pub(super) fn look(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let on = seen.boards.iter().any(|b| b.on);
        keep(&mut self.on_since, on, seen.now);
        volts(ground, seen)?;
        self.stall(ground, seen)?;
        self.ramp(ground, seen)?;
        self.ceiling(ground, seen)?;
        self.supply(ground, seen)
    }

    /// The dead man cuts while the engine stands still; after the whole process stood still,
    /// as soon as it goes on.
    fn stall(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let (blame, now) = (ground.blame, seen.now);
        let (since, most_s) = match blame.stall {
            Some(Paused::Engine) if now < blame.until => {
                (blame.from, mutate!(StallDoubled, STALL_S, 1.8 * STALL_S))
            }
            Some(Paused::Process) => (
                blame.until,
                mutate!(GoesOnDoubled, GOES_ON_S, 2.0 * GOES_ON_S),
            ),
            _ => return Ok(()),
        };
        if now < since || self.stall_told {
            return Ok(());
        }
        // Without an enable line, reset is all that the dead man has.
        let safe = |b: &super::judge::Board| mutate!(OnIsCut, !b.live || b.in_reset, true);
        let after = secs(since, now);
        if seen.boards.iter().all(safe) {
            self.stall_told = true;
            let name = match blame.stall {
                Some(Paused::Engine) => "engine stuck to cut",
                _ => "process goes on to cut",
            };
            ground.seen.reaction(name, after);
        } else if mutate!(StallIgnored, after > most_s, false) {
            return Err(format!(
                "chips run {most_s} s after {:?} stood still",
                blame.stall
            ));
        }
        Ok(())
    }

    fn ramp(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let now = seen.now;
        for (slot, board) in self.slots.iter_mut().zip(&seen.boards) {
            let begins = board.fed && !slot.fed || board.on && !slot.on || board.up && !slot.up;
            slot.began = if begins { Some(now) } else { slot.began };
            (slot.fed, slot.on, slot.up) = (board.fed, board.on, board.up);
        }
        self.watts
            .push_back(seen.boards.iter().map(|b| b.watts).sum());
        if self.watts.len() > mutate!(GapLong, GAP, 10 * GAP) {
            self.watts.pop_front();
        }
        let Some(before) = self.watts.len().checked_sub(SECOND) else {
            return Ok(());
        };
        let last = self.watts.back().copied().unwrap_or(0.0);
        let most = self.watts.iter().take(before).copied().fold(0.0, f64::max);
        if before == 0 {
            return Ok(());
        }
        let rated = ground.machine.rated_power_w;
        let board = rated / f64::from(ground.machine.slots);
        let beginning = |slot: &&Slot| {
            let began = slot.began.is_some_and(|at| secs(at, now) <= BEGINS_S);
            mutate!(BeginsAlways, began, true)
        };
        let beginning = self.slots.iter().filter(beginning).count() as f64;
        let rise = (last - most) / rated;
        let leaks = ground.blame.leakage.max(1.0);
        let first = FIRST_STEP * leaks * board * beginning / rated;
        let name = "rise in a second beside boards that begin, share of the rated power";
        if moves_by_itself(ground, now) {
            return Ok(());
        }
        ground.seen.most(name, rise - first);
        let per_s = mutate!(RampDoubled, RAMP_PER_S, 2.0 * RAMP_PER_S);
        if mutate!(RampIgnored, rise > per_s + first, false) {
            let percent = 100.0 * rise;
            return Err(format!(
                "power rose by {percent:.1} % of the rated in a second"
            ));
        }
        Ok(())
    }

    fn ceiling(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let (blame, now) = (ground.blame, seen.now);
        let hard = ground.machine.limits.power_max_w;
        let asked = mutate!(CeilingOfMachineOnly, blame.ceiling_w, None);
        let limit = asked.map_or(hard, |w| w.min(hard));
        let leaks = CEILING_LEAKS * (blame.leakage - 1.0).max(0.0);
        let most = limit * (1.0 + CEILING_SHARE + mutate!(CeilingLeaks, leaks, 0.5));
        let any = seen.boards.iter().any(|b| b.on);
        keep(&mut self.over_since, any && seen.wall_w > most, now);
        if any {
            let share = seen.wall_w / limit - 1.0 - leaks;
            let name = "wall power above the ceiling and what leaks, share of it";
            ground.seen.most(name, share);
        }
        let most_s = mutate!(CeilingDoubled, CEILING_S, 2.0 * CEILING_S);
        if mutate!(CeilingIgnored, longer(self.over_since, now, most_s), false) {
            return Err(format!(
                "{:.0} W from the wall for more than {CEILING_S} s, {limit:.0} W allowed",
                seen.wall_w
            ));
        }
        Ok(())
    }

    /// A supply that nobody understands is switched off.
    fn supply(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        let (blame, now) = (ground.blame, seen.now);
        let talks = ground.machine.psu.protocol != PsuProtocol::None;
        if blame.supply != Some(SupplyBlame::Unheard) || !blame.lasts(now) || !talks {
            return Ok(());
        }
        let Some(since) = self.on_since else {
            if !self.unheard_told {
                self.unheard_told = true;
                let after = secs(blame.from, now);
                ground.seen.reaction("supply unheard to off", after);
            }
            return Ok(());
        };
        let after = secs(since.max(blame.from), now);
        let most_s = mutate!(UnheardDoubled, UNHEARD_S, 2.0 * UNHEARD_S);
        if mutate!(UnheardIgnored, after > most_s, false) {
            return Err(format!(
                "hash power on {UNHEARD_S} s after the supply could not be understood any more"
            ));
        }
        Ok(())
    }
}

fn volts(ground: &mut Ground, seen: &Observation) -> Result<(), String> {
    let Some(range) = ground.machine.voltage_range_mv() else {
        return Ok(());
    };
    let step = mutate!(CodeTenfold, CODE_MV, 10.0 * CODE_MV);
    let (least, most) = (
        f64::from(*range.start()) - step,
        f64::from(*range.end()) + step,
    );
    let low = mutate!(LowVoltsIgnored, least, f64::MIN);
    let high = mutate!(HighVoltsIgnored, most, f64::MAX);
    for (slot, board) in seen.boards.iter().enumerate() {
        if board.on && !(low..=high).contains(&board.ordered_mv) {
            return Err(format!(
                "slot {slot}: {:.0} mV ordered, {low:.0} to {high:.0} allowed",
                board.ordered_mv
            ));
        }
    }
    Ok(())
}

/// A supply or the mains that sag or come back do so at once, whatever the miner orders, and so do
/// the chips beside one that becomes a short.
fn moves_by_itself(ground: &Ground, now: Instant) -> bool {
    let blame = ground.blame;
    let near = |at: Instant| now >= at && now < at + MOVES;
    let moves =
        (blame.supply.is_some() || blame.shorted) && (near(blame.from) || near(blame.until));
    mutate!(SupplyMovesAlways, moves, true)
}
