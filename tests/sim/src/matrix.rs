//! The fault matrix: every machine, every fault, as many seeds as there is time for.
//!
//! A [`Case`] is a machine, a fault and a seed; nothing else goes into a run. The seed draws
//! where in the box of parameters the machine stands, which part is hit, and when. Watched by
//! [`crate::safety`]; judged at its end: hashing or safe, and hashing again where the cause is
//! gone.

use board_support::{Machine, SensorBus};
use telemetry::{ChainState, Code, Command, MachineState, Snapshot};
use twin::machine::{DeadChip, Direction, Noise, Outage};
use twin::parts::{ApwFault, Bus, ControllerFault, Fault as Part, PartFault, SensorFault};
use twin::physics::{Fault as Physical, Timed, Variation, Weather};
use twin::pool::Order;
use units::{Celsius, ChainSlot, ChipIndex, Duration, Duty, Instant, Rng, Watts};

use crate::safety::{Blame, LOOK, Seen, Silent, Watch};
use crate::world::{Pause, Paused};
use crate::{World, WorldOptions};

/// Hashes are thinned so much: enough are left for a chain to be judged by.
const THINNING: u32 = 256;
/// Hashing again this long after the cause is gone, for a board that was stopped three times at
/// most: the longest wait is 240 s, to which come the ramp of a minute, the bring-up, a supply's
/// rest and the time until its heat is gone.
pub const BACK_WITHIN: Duration = Duration::from_secs(240 + 60 + 120);
/// Neither hashing nor off for this long is "in between".
const BETWEEN: Duration = Duration::from_secs(150);
/// Every board has hashed for so long: longer than any sensor may be silent, or lie unseen.
const STEADY: Duration = Duration::from_secs(20);

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

/// When, where and what, as the seed drew it.
struct Plot {
    options: WorldOptions,
    blame: Blame,
    fault: Fault,
    rng: Rng,
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

impl Plot {
    fn draw(case: &Case) -> Self {
        // Runs of one seed differ by more than their fault and machine.
        let name = case
            .machine
            .bytes()
            .fold(0u64, |sum, b| (sum * 31 + u64::from(b)) & 0xFFFF_FFFF);
        let mut rng = Rng::new(case.seed ^ name ^ ((case.fault as u64) << 56));
        let mut options = WorldOptions::whole(case.seed, &case.machine);
        options.thinning = THINNING;
        if let Some(physics) = &mut options.physics {
            physics.variation = Variation::draw(&mut rng);
            // Most of the box is easy to cool: a third of the runs are where it is not, in air
            // in which a machine may just start.
            if rng.chance(0.33) {
                physics.variation = Variation {
                    inlet_c: 15.0 + 25.0 * rng.unit_f64(),
                    ..Variation::HARDEST
                };
            }
        }
        // Three in ten hit a machine that is still on its way up.
        let from_ms = if rng.chance(0.3) {
            5_000 + rng.below(170_000)
        } else {
            200_000 + rng.below(40_000)
        };
        let from = Instant::from_millis(from_ms);
        let lasts = match case.fault {
            Fault::EngineStuck | Fault::ProcessStopped => 5_000,
            _ => 20_000 + rng.below(100_000),
        };
        let mut plot = Plot {
            blame: Blame {
                from,
                until: from + Duration::from_millis(lasts),
                slot: ChainSlot(rng.below(u64::from(options.machine.slots)) as u8),
                liar: None,
                silent: None,
                stall: None,
                controllers: false,
                supply: false,
            },
            fault: case.fault,
            options,
            rng,
        };
        plot.happens(case.fault);
        plot
    }

    fn machine(&self) -> &Machine {
        &self.options.machine
    }

    fn happens(&mut self, fault: Fault) {
        let Blame {
            from, until, slot, ..
        } = self.blame;
        let all = self.machine().fans.count;
        let one = self.rng.below(u64::from(all)) as u8;
        let chips = u64::from(self.machine().hashboard.chips);
        let chip = ChipIndex(self.rng.below(chips) as u16);
        match fault {
            Fault::Nothing | Fault::PoolsGone | Fault::PoolSilent | Fault::Commands => {}
            Fault::FanStops => self.fan(one, 0.0, Duration::ZERO),
            Fault::FansStop => (0..all).for_each(|fan| self.fan(fan, 0.0, Duration::ZERO)),
            Fault::FanSlows => self.fan(one, 0.0, until.since(from)),
            Fault::FansWeaken => (0..all).for_each(|fan| self.fan(fan, 0.6, Duration::ZERO)),
            Fault::TachDead => self.part(Part::Fan(one)),
            // Days of dust in minutes.
            Fault::Dust => self.physical(Physical::Dust {
                loss_per_day: 500.0,
            }),
            Fault::HotAir => self.hot_air(),
            Fault::SupplySags => self.supply(Physical::SupplySag { share: 0.8 }),
            Fault::SupplyTrips => {
                self.supply(Physical::SupplyTrip);
                self.apw(ApwFault::Trips);
            }
            Fault::MainsLow => self.supply(Physical::Mains { volts: 150.0 }),
            Fault::MainsOut => self.supply(Physical::Mains { volts: 0.0 }),
            Fault::ChipShorted => self.physical(Physical::ChipShorted { slot, chip }),
            Fault::RailLost => self.physical(Physical::RailLost { slot }),
            Fault::SensorDead => self.sensor(SensorFault::Dead),
            Fault::SensorStuck => self.sensor(SensorFault::Stuck),
            Fault::SensorLow => {
                let by = 31.0 + self.rng.below(40) as f64;
                self.sensor(SensorFault::Off(-by));
            }
            Fault::SensorZero => self.sensor(SensorFault::Shows(0.0)),
            Fault::SensorHigh => self.sensor(SensorFault::Shows(127.0)),
            Fault::SensorJumps => self.jumps(),
            Fault::SensorLate => self.sensor(SensorFault::Late(Duration::from_secs(6))),
            Fault::BoardBusStuck => self.bus(Part::BusStuck(Bus::Hashboards)),
            Fault::BoardBusNack => self.bus(Part::BusNack(Bus::Hashboards)),
            Fault::BoardBusHiccup => self.hiccup(),
            Fault::SupplyBusStuck => self.psu(Part::BusStuck(Bus::Supply)),
            Fault::SupplyBusNack => self.psu(Part::BusNack(Bus::Supply)),
            Fault::SupplyNack => self.apw(ApwFault::Nack),
            Fault::SupplyF5 => self.apw(ApwFault::F5),
            Fault::SupplyBadSum => self.apw(ApwFault::BadSum),
            Fault::SupplyWrongEcho => self.apw(ApwFault::WrongEcho),
            Fault::SupplyUnknownType => self.apw(ApwFault::Word(0x1234)),
            Fault::SupplyReadbackOff => {
                let by = self.rng.below(60) as i16 - 30;
                self.apw(ApwFault::ReadbackOff(by));
            }
            Fault::SupplyNeverReady => self.apw(ApwFault::NeverReady),
            Fault::SupplyShortReply => self.apw(ApwFault::ShortReply),
            Fault::SupplyRefusesSet => self.apw(ApwFault::RefusesSet),
            Fault::SupplyIgnoresSet => self.apw(ApwFault::IgnoresSet),
            Fault::SupplyLate => self.apw(ApwFault::Late(Duration::from_secs(1))),
            Fault::ControllerSilent => self.controller(ControllerFault::Silent),
            Fault::ControllerTrips => self.controller(ControllerFault::Trips),
            Fault::ControllerLate => {
                self.controller(ControllerFault::Late(Duration::from_millis(700)));
            }
            Fault::ControllerBadSum => self.controller(ControllerFault::BadSum),
            Fault::ControllerGone => self.controller(ControllerFault::NoApplication),
            Fault::ChainDead => self
                .options
                .faults
                .outages
                .push(Outage { slot, from, until }),
            Fault::ChainNoise => self.noise(0.02, 0.0),
            Fault::ChainDoubles => self.noise(0.0, 0.5),
            Fault::ChipDies => self
                .options
                .faults
                .dead_chips
                .push(DeadChip { slot, chip, from }),
            Fault::EngineStuck => self.pause(Paused::Engine),
            Fault::ProcessStopped => self.pause(Paused::Process),
            Fault::AbsurdSettings => self.absurd(),
            Fault::Several => {
                // Each hits its own board, and they lie about sensors one at a time.
                for _ in 0..3 {
                    let which = self.rng.below(FAULTS.len() as u64 - 1) as usize;
                    self.blame.slot = slot;
                    self.happens(FAULTS[which]);
                }
            }
        }
    }

    fn physical(&mut self, fault: Physical) {
        let Blame { from, until, .. } = self.blame;
        if let Some(physics) = &mut self.options.physics {
            physics.faults.push(Timed { from, until, fault });
        }
    }

    fn part(&mut self, what: Part) {
        let Blame { from, until, .. } = self.blame;
        self.options
            .faults
            .parts
            .push(PartFault { from, until, what });
    }

    fn fan(&mut self, fan: u8, speed: f64, over: Duration) {
        self.physical(Physical::Fan { fan, speed, over });
    }

    fn supply(&mut self, fault: Physical) {
        self.blame.supply = true;
        self.physical(fault);
    }

    fn apw(&mut self, fault: ApwFault) {
        self.psu(Part::Supply(fault));
    }

    fn psu(&mut self, what: Part) {
        self.blame.supply = true;
        self.part(what);
    }

    fn bus(&mut self, what: Part) {
        self.blame.controllers = true;
        let wired = |s: &board_support::Sensor| s.bus != SensorBus::VoltageController;
        let sensors = &self.machine().peripherals.sensors;
        let wired = sensors
            .iter()
            .any(|s| wired(s) && !matches!(s.bus, SensorBus::Chip(_)));
        let behind = sensors
            .iter()
            .any(|s| s.bus == SensorBus::VoltageController);
        if wired || behind {
            self.blame.silent = Some(Silent::Bus);
        }
        self.part(what);
    }

    fn controller(&mut self, fault: ControllerFault) {
        self.blame.controllers = true;
        let slot = self.blame.slot;
        self.part(Part::Controller(slot, fault));
    }

    fn any_sensor(&mut self) -> Option<usize> {
        let count = self.machine().peripherals.sensors.len() as u64;
        (count > 0).then(|| self.rng.below(count) as usize)
    }

    fn sensor(&mut self, fault: SensorFault) {
        let Some(sensor) = self.any_sensor() else {
            return;
        };
        let slot = self.blame.slot;
        self.blame.liar = Some(sensor);
        if fault == SensorFault::Dead {
            self.blame.silent = Some(Silent::Sensor(sensor));
        }
        self.part(Part::Sensor {
            slot,
            sensor,
            fault,
        });
    }

    fn jumps(&mut self) {
        let Some(sensor) = self.any_sensor() else {
            return;
        };
        let Blame {
            from, until, slot, ..
        } = self.blame;
        self.blame.liar = Some(sensor);
        let second = Duration::from_secs(1);
        let fault = SensorFault::Off(-35.0);
        let mut at = from;
        while at < until {
            self.options.faults.parts.push(PartFault {
                from: at,
                until: at + second,
                what: Part::Sensor {
                    slot,
                    sensor,
                    fault,
                },
            });
            at += second * 2;
        }
    }

    fn hiccup(&mut self) {
        let from = self.blame.from;
        self.blame.until = from + Duration::from_millis(500 + self.rng.below(1500));
        self.part(Part::BusNack(Bus::Hashboards));
    }

    fn hot_air(&mut self) {
        let Blame { from, until, .. } = self.blame;
        if let Some(physics) = &mut self.options.physics {
            let change = |at, by_k| twin::physics::Change {
                at,
                over: Duration::ZERO,
                by_k,
            };
            physics.weather = Weather {
                changes: vec![change(from, 20.0), change(until, -20.0)],
                day: None,
            };
        }
    }

    fn noise(&mut self, flip: f64, duplicate: f64) {
        let Blame {
            from, until, slot, ..
        } = self.blame;
        self.options.faults.noise.push(Noise {
            from,
            until,
            flip,
            duplicate,
            ..Noise::on(slot, Direction::ToHost)
        });
    }

    fn pause(&mut self, who: Paused) {
        let Blame { from, until, .. } = self.blame;
        self.blame.stall = Some(who);
        let until = until.min(from + Duration::from_secs(5));
        self.options.pauses.push(Pause { from, until, who });
    }

    /// Legal, and nothing that a sane person would set.
    fn absurd(&mut self) {
        let rng = &mut self.rng;
        let mut number = || match rng.below(6) {
            0 => 0.0,
            1 => -1.0,
            2 => f64::MAX,
            3 => f64::NAN,
            4 => 1.0,
            _ => rng.unit_f64() * 10_000.0,
        };
        let (watts, c) = (number(), number());
        let mode = match rng.below(5) {
            0 => engine::FanMode::Immersion,
            1 => engine::FanMode::Hydro,
            2 => engine::FanMode::Quiet,
            _ => engine::FanMode::Manual(Duty::new(rng.below(101) as u8)),
        };
        let (least, most) = (rng.below(101) as u8, rng.below(101) as u8);
        if let Some(hardware) = &mut self.options.hardware {
            hardware.remembered.ceiling = Some(Watts::new(watts));
            hardware.remembered.target = Some(Celsius::new(c));
            hardware.remembered.fans = mode;
            hardware.local.duty_min = Duty::new(least);
            hardware.local.duty_max = Duty::new(most);
        }
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
            seen: std::mem::take(&mut self.watch.seen),
            hashes,
            virtual_s: self.world.now().as_secs_f64(),
        })
    }

    /// Wait until all boards hash, as they must if they did before and nothing keeps them.
    fn back(&mut self, until: Instant, hashed: bool) -> Result<bool, Box<Broken>> {
        let end = until + BACK_WITHIN;
        let mut since = None;
        while self.world.now() < end || since.is_some() {
            match (self.look()?, since) {
                (false, _) => since = None,
                (true, None) => since = Some(self.world.now()),
                (true, Some(at)) if self.world.now().since(at) >= STEADY => {
                    let seconds = at.since(until).as_secs_f64();
                    let reactions = &mut self.watch.seen.reactions;
                    let back = reactions.entry("cause gone to hashing").or_default();
                    back.push(seconds);
                    return Ok(true);
                }
                (true, Some(_)) => {}
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
        let told = self.world.notes.iter().rev().find(|n| n.place == "machine");
        // Stopped by its own heat: a cause that goes with the weather.
        let gone = self.plot.blame.until;
        let heat = |n: &telemetry::Note| n.code == Code::HeatStop && n.at >= gone;
        inlet_c > most
            || self.world.notes.iter().any(heat)
            || inlet_c > most - 6.0
                && told.is_some_and(|n| matches!(n.code, Code::HeatInlet | Code::FanFull))
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
        let end = self.world.now() + BETWEEN;
        loop {
            let snapshot = self.world.snapshot();
            let on = self.watch.powered(&mut self.world);
            let between = on.iter().zip(&snapshot.chains).position(|(on, chain)| {
                let up = matches!(chain.state, ChainState::Hashing | ChainState::Ramping);
                *on != up
            });
            let hashing = snapshot.state == MachineState::Hashing;
            if between.is_none() && on.contains(&true) == hashing {
                return Ok(());
            }
            if self.world.now() >= end {
                let chains = snapshot.chains.iter().map(|c| c.state);
                let chains: Vec<_> = chains.collect();
                return self.broken(format!(
                    "stays in between: {:?}, hash power {on:?}, chains {chains:?}",
                    snapshot.state
                ));
            }
            self.look()?;
        }
    }

    /// What an operator and the pools do while it lasts.
    fn meddle(&mut self) {
        let now = self.world.now();
        let gone = matches!(self.plot.fault, Fault::PoolsGone | Fault::PoolSilent);
        if gone && !self.pools {
            self.pools = true;
            if self.plot.fault == Fault::PoolsGone {
                self.world.set_pool_gone(true);
            } else {
                self.world.pool_order(Order::Hang(true));
            }
        }
        let spoken = now.since(self.commanded) >= Duration::from_secs(2);
        if self.plot.fault == Fault::Commands && spoken && self.plot.rng.chance(0.2) {
            self.commanded = now;
            let command = if self.plot.rng.chance(0.5) {
                Command::Pause
            } else {
                Command::Resume
            };
            self.world.command(command);
        }
    }

    fn mend(&mut self) {
        match self.plot.fault {
            Fault::PoolsGone => self.world.set_pool_gone(false),
            Fault::PoolSilent => self.world.pool_order(Order::Hang(false)),
            Fault::Commands => self.world.command(Command::Resume),
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
    chains.all(|c| matches!(c.state, ChainState::Hashing | ChainState::Ramping))
}
