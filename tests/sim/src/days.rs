//! Days and months of one machine among random faults: what comes and goes must leave nothing
//! behind.
//!
//! A *watch* is half a day: ten and a half hours in which the faults of the matrix come and go
//! one after the other, with an operator and a pool that have their moods, and an hour and a
//! half in which nothing happens. At its end the machine hashes again and is in the state of
//! every other watch's end: whoever measures, measures there.

use std::collections::VecDeque;

use telemetry::{ChainState, Command, MachineState, Note};
use twin::machine::{Direction, Noise, Outage};
use twin::physics::Day;
use twin::pool::{DifficultyChanges, JobStorms, Order};
use units::{ChainSlot, Difficulty, DifficultyOne, Duration, Instant, Rng};

use crate::matrix::{FAULTS, Fault};
use crate::plot::Plot;
use crate::{World, WorldOptions};

/// How long a watch is.
pub const WATCH: Duration = Duration::from_secs(12 * 3600);
/// Watches in a day.
pub const WATCHES: u32 = 2;
/// The part of it without faults. The longest wait of a board that was stopped again and again
/// is an hour; a bring-up, a ramp and ten minutes of recorder come on top.
const QUIET: Duration = Duration::from_secs(90 * 60);
/// The pool closes its connections so long before the end: what it remembers of a connection
/// grows with its age.
const RENEWED: Duration = Duration::from_secs(20 * 60);
/// From the end of one trouble to the next, on average: as long as a machine takes to hash
/// again, so that about half of them hit it while it hashes.
const APART: Duration = Duration::from_secs(5 * 60);
/// The operator's dear hours of a watch: paused, while faults come and go.
const DEAR: core::ops::Range<Duration> = Duration::from_secs(3600)..Duration::from_secs(5 * 3600);
/// Hashes and work are thinned so much, and the physics.
const THINNING: u32 = 1024;
const PHYSICS_THINNING: u32 = 4;
/// Tickets are so much harder than the machine's file says: fewer nonces, the same hashrate.
const TICKET: u32 = 16;
/// What the miner said last is kept, for whoever asks why it does not hash.
const NOTES_KEPT: usize = 200;
/// One nonce in so many is a share.
const PER_SHARE: f64 = 16.0;

/// Months of one machine.
pub struct Days {
    world: World,
    /// What each trouble is made from.
    calm: WorldOptions,
    rng: Rng,
    watches: u32,
    /// Power is dear: the operator wants it off.
    dear: bool,
    said: VecDeque<Note>,
}

/// What a watch brought.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Faults of machine and network, by count.
    pub faults: u32,
    /// Orders of the pool and of the operator.
    pub orders: u32,
    /// What the miner had to say.
    pub notes: usize,
    /// Flight recordings that it gave.
    pub recordings: usize,
    /// Shares accepted since the start.
    pub accepted: u64,
    /// Every board hashes at the end.
    pub hashes: bool,
}

impl Days {
    /// The machine, warm on both sides, at its first instant. Outages of chains are drawn for
    /// so many days.
    pub fn new(seed: u64, machine: &str, days: u32) -> Self {
        let mut rng = Rng::new(seed ^ 0xDA45);
        let mut options = WorldOptions::whole(seed, machine);
        options.thinning = THINNING;
        options.difficulty_bits = 0;
        let board = &mut options.machine.hashboard;
        board.ticket_difficulty *= u64::from(TICKET);
        let share = board.ticket_difficulty as f64 * PER_SHARE;
        options.pool.difficulty_one = DifficultyOne::from_zero_bits(0).expect("below 32");
        options.pool.difficulty = difficulty(share);
        options.pool.records_kept = 0;
        options.pool.connections_kept = 1;
        options.pool.behaviour.difficulty_changes = Some(DifficultyChanges {
            mean: Duration::from_secs(3600),
            choices: [0.5, 1.0, 2.0].map(|k| difficulty(share * k)).to_vec(),
            with_job: 0.5,
        });
        if let Some(physics) = &mut options.physics {
            physics.thinning = PHYSICS_THINNING;
            physics.weather.day = Some(Day {
                swing_k: 6.0,
                warmest: Duration::from_secs(14 * 3600),
            });
        }
        let calm = options.clone();
        lines_suffer(&mut options, &mut rng, days);
        Days {
            world: World::new(options),
            calm,
            rng,
            watches: 0,
            dear: false,
            said: VecDeque::with_capacity(NOTES_KEPT),
        }
    }

    /// The world as it is now.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }

    /// What the miner said last, oldest first.
    pub fn said(&self) -> impl Iterator<Item = &Note> {
        self.said.iter()
    }

    /// Let the next watch pass.
    pub fn watch(&mut self) -> Watched {
        let begun = Instant::ZERO + WATCH * self.watches;
        self.watches += 1;
        let end = begun + WATCH;
        let mut seen = Watched::default();
        loop {
            let from = self.world.now() + self.rng.exponential(APART).max(Duration::from_secs(30));
            if from + Duration::from_secs(150) >= end - QUIET {
                break;
            }
            self.pass_until(from, &mut seen);
            let dear = DEAR.contains(&self.world.now().since(begun));
            if dear != self.dear {
                self.dear = dear;
                self.operator(!dear);
            }
            self.trouble(&mut seen);
        }
        self.operator(true);
        self.pass_until(end - RENEWED, &mut seen);
        self.world.pool_order(Order::Close);
        self.pass_until(end, &mut seen);
        let snapshot = self.world.snapshot();
        let up = |state| matches!(state, ChainState::Hashing | ChainState::Ramping);
        seen.hashes = snapshot.state == MachineState::Hashing
            && snapshot.chains.iter().all(|chain| up(chain.state));
        seen.accepted = snapshot.shares.accepted;
        seen
    }

    /// Something goes wrong for a while, or somebody wants something.
    fn trouble(&mut self, seen: &mut Watched) {
        let now = self.world.now();
        let until = now + Duration::from_millis(20_000 + self.rng.below(100_000));
        if self.rng.chance(0.25) {
            seen.orders += 1;
            return self.mood(until, seen);
        }
        seen.faults += 1;
        let fault = loop {
            let drawn = FAULTS[self.rng.below(FAULTS.len() as u64) as usize];
            if comes_and_goes(drawn) {
                break drawn;
            }
        };
        let rng = Rng::new(self.rng.next_u64());
        let plot = Plot::strike(&self.calm, fault, (now, until), rng);
        self.world.suffer(&plot.options);
        match fault {
            Fault::PoolsGone => self.world.set_pool_gone(true),
            Fault::PoolSilent => self.world.pool_order(Order::Hang(true)),
            Fault::PoolsBlink => {
                self.world.set_pool_gone(true);
                let blink = Duration::from_millis(500 + self.rng.below(15_000));
                self.pass_until(now + blink, seen);
                self.world.set_pool_gone(false);
            }
            _ => {}
        }
        self.pass_until(until, seen);
        match fault {
            Fault::PoolsGone => self.world.set_pool_gone(false),
            Fault::PoolSilent => self.world.pool_order(Order::Hang(false)),
            _ => {}
        }
        self.world.suffer(&self.calm);
    }

    fn operator(&mut self, hash: bool) {
        let command = if hash {
            Command::Resume
        } else {
            Command::Pause
        };
        self.world.command(command);
    }

    /// What a pool or an operator orders on a day on which nothing is wrong.
    fn mood(&mut self, until: Instant, seen: &mut Watched) {
        match self.rng.below(if self.dear { 5 } else { 7 }) {
            0 => self.world.pool_order(Order::Close),
            1 => self.world.pool_order(Order::Reconnect(None)),
            2 => self.world.pool_order(Order::SetExtranonce {
                extranonce2_size: 4 + self.rng.below(5) as u8,
            }),
            3 => self.world.pool_order(Order::ShowMessage("good day".into())),
            4 => self.world.pool_order(Order::Ping),
            5 => {
                self.operator(false);
                let rest = Duration::from_secs(60 + self.rng.below(1800));
                self.pass_until(until + rest, seen);
                self.operator(true);
            }
            _ => {
                // Somebody who cannot make up his mind.
                while self.world.now() < until {
                    let hash = self.rng.chance(0.5);
                    self.operator(hash);
                    let next = Duration::from_millis(500 + self.rng.below(9_500));
                    self.pass_until((self.world.now() + next).min(until), seen);
                }
                self.operator(true);
            }
        }
        self.pass_until(until, seen);
    }

    fn pass_until(&mut self, at: Instant, seen: &mut Watched) {
        // Now and then, so that what the World collects does not pile up.
        let every = Duration::from_secs(600);
        while self.world.now() < at {
            self.world.run_for(at.since(self.world.now()).min(every));
            for note in std::mem::take(&mut self.world.notes) {
                seen.notes += 1;
                if self.said.len() == NOTES_KEPT {
                    self.said.pop_front();
                }
                self.said.push_back(note);
            }
            seen.recordings += std::mem::take(&mut self.world.recordings).len();
        }
    }
}

/// Light noise on every line all the time, and twice a day a chain that is gone for a while.
fn lines_suffer(options: &mut WorldOptions, rng: &mut Rng, days: u32) {
    for slot in (0..options.machine.slots).map(ChainSlot) {
        options.faults.noise.push(Noise {
            flip: 2e-5,
            drop: 1e-5,
            duplicate: 1e-5,
            ..Noise::on(slot, Direction::ToHost)
        });
    }
    let within = (WATCH - QUIET - Duration::from_secs(300)).as_secs();
    for i in 0..days * WATCHES {
        let from = Instant::ZERO + WATCH * i + Duration::from_secs(rng.below(within));
        let slot = ChainSlot(rng.below(u64::from(options.machine.slots)) as u8);
        options.faults.outages.push(Outage {
            slot,
            from,
            until: from + Duration::from_secs(5 + rng.below(115)),
        });
    }
    options.pool.behaviour.job_storms = Some(JobStorms {
        mean: Duration::from_secs(4 * 3600),
        jobs: 40,
        gap: Duration::from_millis(250),
        clean: 0.3,
    });
}

/// Faults that can be taken back from a machine that runs. Those of chains are in
/// [`lines_suffer`].
fn comes_and_goes(fault: Fault) -> bool {
    !matches!(
        fault,
        Fault::Nothing
            | Fault::ChipDies
            | Fault::ChainDead
            | Fault::ChainNoise
            | Fault::ChainDoubles
            | Fault::Commands
            | Fault::AbsurdSettings
            | Fault::LowCeiling
            | Fault::Several
    )
}

fn difficulty(value: f64) -> Difficulty {
    Difficulty::new(value).expect("above zero")
}
