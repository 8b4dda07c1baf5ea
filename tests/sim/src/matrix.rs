//! The fault matrix: every machine, every fault, as many seeds as there is time for.
//!
//! A [`Case`] is a machine, a fault and a seed; nothing else goes into a run. The seed draws
//! where in the box of parameters the machine stands, which part is hit, and when. Watched by
//! [`crate::safety`]; judged at its end: hashing or safe, and hashing again where the cause is
//! gone.

use telemetry::{Code, MachineState, Snapshot};
use twin::pool::Order;
use units::{Duration, Instant};

use crate::plot::Plot;
use crate::safety::{
    BACK_WITHIN, Back, Blame, LOOK, Return, Seen, Settling, Watch, hashing, is_up,
};
use crate::{World, orders};

/// What goes wrong in a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs)]
pub enum Fault {
    Nothing,
    FanStops,
    FansStop,
    FanSlows,
    FansWeaken,
    TachDead,
    Dust,
    HotAir,
    SupplySags,
    SupplyTrips,
    MainsLow,
    MainsOut,
    ChipShorted,
    RailLost,
    SensorDead,
    SensorStuck,
    SensorLow,
    SensorZero,
    SensorHigh,
    SensorJumps,
    SensorLate,
    BoardBusStuck,
    BoardBusNack,
    BoardBusHiccup,
    SupplyBusStuck,
    SupplyBusNack,
    SupplyNack,
    SupplyF5,
    SupplyBadSum,
    SupplyWrongEcho,
    SupplyUnknownType,
    SupplyReadbackOff,
    SupplyNeverReady,
    SupplyShortReply,
    SupplyRefusesSet,
    SupplyIgnoresSet,
    SupplyLate,
    ControllerSilent,
    ControllerTrips,
    ControllerLate,
    ControllerBadSum,
    ControllerGone,
    ChainDead,
    ChainNoise,
    ChainDoubles,
    ChipDies,
    PoolsGone,
    PoolSilent,
    Commands,
    EngineStuck,
    ProcessStopped,
    AbsurdSettings,
    PoolsBlink,
    LowCeiling,
    Several,
}

/// All of them.
pub const FAULTS: &[Fault] = {
    use Fault::*;
    &[
        Nothing,
        FanStops,
        FansStop,
        FanSlows,
        FansWeaken,
        TachDead,
        Dust,
        HotAir,
        SupplySags,
        SupplyTrips,
        MainsLow,
        MainsOut,
        ChipShorted,
        RailLost,
        SensorDead,
        SensorStuck,
        SensorLow,
        SensorZero,
        SensorHigh,
        SensorJumps,
        SensorLate,
        BoardBusStuck,
        BoardBusNack,
        BoardBusHiccup,
        SupplyBusStuck,
        SupplyBusNack,
        SupplyNack,
        SupplyF5,
        SupplyBadSum,
        SupplyWrongEcho,
        SupplyUnknownType,
        SupplyReadbackOff,
        SupplyNeverReady,
        SupplyShortReply,
        SupplyRefusesSet,
        SupplyIgnoresSet,
        SupplyLate,
        ControllerSilent,
        ControllerTrips,
        ControllerLate,
        ControllerBadSum,
        ControllerGone,
        ChainDead,
        ChainNoise,
        ChainDoubles,
        ChipDies,
        PoolsGone,
        PoolSilent,
        Commands,
        EngineStuck,
        ProcessStopped,
        AbsurdSettings,
        PoolsBlink,
        LowCeiling,
        Several,
    ]
};

impl Fault {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        FAULTS.iter().copied().find(|f| format!("{f:?}") == name)
    }

    /// It cannot be undone, or nobody says that the machine may hash afterwards.
    fn stays(self) -> bool {
        matches!(
            self,
            Fault::ChipDies | Fault::AbsurdSettings | Fault::Several
        )
    }
}

/// One run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The machine's name in board-support.
    pub machine: String,
    /// What goes wrong.
    pub fault: Fault,
    /// Draws everything else.
    pub seed: u64,
}

impl core::fmt::Display for Case {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{:?}:{}", self.machine, self.fault, self.seed)
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What the watch saw.
    pub seen: Seen,
    /// All boards hash at the end.
    pub hashes: bool,
    /// Virtual seconds.
    pub virtual_s: f64,
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The run.
    pub case: Case,
    /// When.
    pub at_s: f64,
    /// What.
    pub what: String,
    /// What the miner said last.
    pub notes: String,
}

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Broken {
            case,
            at_s,
            what,
            notes,
        } = self;
        write!(f, "{case} at {at_s:.2} s: {what}\n{notes}")
    }
}

impl Case {
    /// Run it.
    ///
    /// # Errors
    ///
    /// The first promise that is not kept.
    pub fn run(&self) -> Result<Outcome, Box<Broken>> {
        let plot = Plot::draw(self);
        let world = World::new(plot.options.clone());
        let watch = Watch::new(&world, plot.blame);
        let mut run = Run {
            case: self,
            commanded: Instant::ZERO,
            pools: false,
            plot,
            world,
            watch,
        };
        run.whole()
    }
}

struct Run<'a> {
    case: &'a Case,
    plot: Plot,
    world: World,
    watch: Watch,
    /// When the operator spoke last.
    commanded: Instant,
    /// Pools were taken away.
    pools: bool,
}

impl Run<'_> {
    fn whole(&mut self) -> Result<Outcome, Box<Broken>> {
        let Blame { from, until, .. } = self.plot.blame;
        let mut hashed = false;
        while self.world.now() < from {
            hashed = self.look()?;
        }
        while self.world.now() < until {
            self.meddle();
            self.look()?;
        }
        self.mend();
        let hashes = self.back(until, hashed)?;
        self.settled()?;
        Ok(Outcome {
            seen: std::mem::take(self.watch.seen()),
            hashes,
            virtual_s: self.world.now().as_secs_f64(),
        })
    }

    /// Wait until all boards hash, as they must if they did before and nothing keeps them.
    fn back(&mut self, until: Instant, hashed: bool) -> Result<bool, Box<Broken>> {
        let mut waits = Return::new(until);
        loop {
            let hashes = self.look()?;
            match waits.look(self.world.now(), hashes) {
                Back::NotYet => {}
                Back::Late => break,
                Back::Hashes(seconds) => {
                    let seen = self.watch.seen();
                    seen.reaction("cause gone to hashing", seconds);
                    return Ok(true);
                }
            }
        }
        if hashed && !self.plot.fault.stays() && self.stops() <= 3 && !self.is_hot() {
            return self.broken(format!("not hashing again after {BACK_WITHIN:?}"));
        }
        Ok(false)
    }

    /// The air is too hot to start in, and the miner says so. An inlet sensor sits on a warm
    /// board: it shows some degrees more.
    fn is_hot(&mut self) -> bool {
        let now = self.world.now();
        let most = self.world.options.machine.limits.inlet_max_c;
        let inlet_c = self
            .world
            .twin(|t| t.physics(now).map_or(0.0, |p| p.inlet().c()));
        let waits = self.waits_for_cooler_air();
        let mut notes = self.world.notes.iter().rev();
        let told = notes.find(|n| n.place == "machine" && n.code != Code::HeatEased);
        // Stopped by its own heat: a cause that goes with the weather.
        let gone = self.plot.blame.until;
        let heat = |n: &telemetry::Note| n.code == Code::HeatStop && n.at >= gone;
        inlet_c > most
            || self.world.notes.iter().any(heat)
            || inlet_c > most - 6.0 && waits
            || inlet_c > most - 6.0
                && told.is_some_and(|n| matches!(n.code, Code::HeatInlet | Code::FanFull))
    }

    /// Every board that does not hash has an inlet sensor that shows more than it may start in.
    fn waits_for_cooler_air(&mut self) -> bool {
        let machine = &self.world.options.machine;
        let most = machine.limits.inlet_max_c;
        let snapshot = self.world.snapshot();
        let idle = snapshot.chains.iter().filter(|c| !is_up(c.state));
        let warm = |slot: u8| {
            let place = format!("board {slot} inlet");
            let mut inlets = snapshot.temperatures.iter();
            inlets.any(|t| {
                let shows =
                    t.quality == telemetry::Quality::Good && t.temp_c.is_some_and(|c| c > most);
                shows && t.place.starts_with(&place)
            })
        };
        idle.map(|c| c.slot).all(warm)
    }

    /// Times that any board was stopped, at most.
    fn stops(&self) -> usize {
        let stop = |code: &Code| {
            use Code::*;
            matches!(
                code,
                HeatStop
                    | SensorSilent
                    | SensorImplausible
                    | SensorNone
                    | FanFew
                    | FanStopped
                    | PowerSupply
                    | PowerSag
                    | PowerOver
                    | PowerBoard
                    | PowerStuck
            )
        };
        let notes = self.world.notes.iter();
        let places = notes.filter(|n| stop(&n.code) && n.detail.contains("off"));
        let mut by_place = std::collections::BTreeMap::<&str, usize>::new();
        for note in places {
            *by_place.entry(&note.place).or_default() += 1;
        }
        by_place.into_values().max().unwrap_or(0)
    }

    /// One look; true if every board hashes.
    fn look(&mut self) -> Result<bool, Box<Broken>> {
        self.world.run_for(LOOK);
        let snapshot = self.world.snapshot();
        if let Err(what) = self.watch.look(&mut self.world, &snapshot) {
            return self.broken(what);
        }
        Ok(hashes(&snapshot))
    }

    /// At the end a board hashes or is off. What is on its way is given time to arrive.
    fn settled(&mut self) -> Result<(), Box<Broken>> {
        let settling = Settling::new(self.world.now());
        loop {
            let snapshot = self.world.snapshot();
            let boards = hashing(&mut self.world, &snapshot);
            let says = snapshot.state == MachineState::Hashing;
            match settling.look(self.world.now(), &boards, says) {
                Some(true) => return Ok(()),
                Some(false) => {
                    return self.broken(format!(
                        "stays in between: {:?}, hash power and chain by board {boards:?}",
                        snapshot.state
                    ));
                }
                None => self.look()?,
            };
        }
    }

    /// What an operator and the pools do while it lasts.
    fn meddle(&mut self) {
        let now = self.world.now();
        let gone = matches!(
            self.plot.fault,
            Fault::PoolsGone | Fault::PoolsBlink | Fault::PoolSilent
        );
        if gone && !self.pools {
            self.pools = true;
            if self.plot.fault == Fault::PoolSilent {
                self.world.pool_order(Order::Hang(true));
            } else {
                self.world.set_pool_gone(true);
            }
        }
        let spoken = now.since(self.commanded) >= Duration::from_secs(2);
        if self.plot.fault == Fault::Commands && spoken && self.plot.rng.chance(0.2) {
            self.commanded = now;
            let settings = self.world.snapshot().settings;
            let command = orders::any_command(&mut self.plot.rng, settings.as_ref());
            if let Some(command) = command {
                self.world.command(command);
            }
        }
    }

    fn mend(&mut self) {
        match self.plot.fault {
            Fault::PoolsGone | Fault::PoolsBlink => self.world.set_pool_gone(false),
            Fault::PoolSilent => self.world.pool_order(Order::Hang(false)),
            Fault::Commands => {
                for command in orders::undone() {
                    self.world.command(command);
                }
            }
            _ => {}
        }
    }

    fn broken<T>(&mut self, what: String) -> Result<T, Box<Broken>> {
        let notes = self.world.notes.iter().rev().take(40);
        let notes = notes.map(|n| {
            format!(
                "    {:8.2} {:<22} {:<10} {}\n",
                n.at.as_secs_f64(),
                n.code.text(),
                n.place,
                n.detail
            )
        });
        let mut notes: Vec<_> = notes.collect();
        notes.reverse();
        let snapshot = self.world.snapshot();
        let chains = snapshot.chains.iter().map(|c| (c.state, c.frequency_mhz));
        notes.push(format!("    {:?}\n", chains.collect::<Vec<_>>()));
        let temperatures = snapshot.temperatures.iter();
        let temperatures = temperatures.map(|t| (&t.place, t.temp_c, t.quality));
        notes.push(format!("    {:?}\n", temperatures.collect::<Vec<_>>()));
        let Blame {
            from,
            until,
            slot,
            liar,
            ..
        } = self.plot.blame;
        let mut head = format!(
            "    {:.2} to {:.2} s, slot {slot}, sensor {liar:?}, {:?}\n",
            from.as_secs_f64(),
            until.as_secs_f64(),
            self.plot.options.physics.as_ref().map(|p| p.variation)
        );
        head.extend(notes);
        Err(Box::new(Broken {
            case: self.case.clone(),
            at_s: self.world.now().as_secs_f64(),
            what,
            notes: head,
        }))
    }
}

fn hashes(snapshot: &Snapshot) -> bool {
    let mut chains = snapshot.chains.iter();
    chains.all(|c| is_up(c.state))
}
