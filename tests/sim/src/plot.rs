//! What a run of the fault matrix is made of, as its seed draws it.

use board_support::{Machine, SensorBus};
use twin::machine::{DeadChip, Direction, FaultPlan, Noise, Outage};
use twin::parts::{ApwFault, Bus, ControllerFault, Fault as Part, PartFault, SensorFault};
use twin::physics::{Fault as Physical, Timed, Variation, Weather};
use units::{Celsius, ChainSlot, ChipIndex, Duration, Duty, Instant, Rng, Watts};

use crate::WorldOptions;
use crate::matrix::{Case, FAULTS, Fault};
use crate::safety::{Blame, Silent, SupplyBlame};
use crate::world::{Pause, Paused};

/// Hashes are thinned so much: enough are left for a chain to be judged by.
const THINNING: u32 = 256;
/// When, where and what, as the seed drew it.
pub(crate) struct Plot {
    pub(crate) options: WorldOptions,
    pub(crate) blame: Blame,
    pub(crate) fault: Fault,
    pub(crate) rng: Rng,
}

impl Plot {
    pub(crate) fn draw(case: &Case) -> Self {
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
            Fault::PoolsBlink => 500 + rng.below(15_000),
            _ => 20_000 + rng.below(100_000),
        };
        let mut plot = Plot {
            blame: Blame {
                leakage: options
                    .physics
                    .as_ref()
                    .map_or(1.0, |p| p.variation.leakage),
                ..Blame::nothing(
                    from,
                    from + Duration::from_millis(lasts),
                    ChainSlot(rng.below(u64::from(options.machine.slots)) as u8),
                )
            },
            fault: case.fault,
            options,
            rng,
        };
        plot.happens(case.fault);
        plot
    }

    /// One fault, for a machine that runs already: `options` come back with what goes wrong
    /// from `from` on, and nothing beside it.
    pub(crate) fn strike(
        options: &WorldOptions,
        fault: Fault,
        (from, until): (Instant, Instant),
        mut rng: Rng,
    ) -> Self {
        let mut options = options.clone();
        options.faults = FaultPlan::default();
        options.pauses.clear();
        if let Some(physics) = &mut options.physics {
            physics.faults.clear();
        }
        let slot = ChainSlot(rng.below(u64::from(options.machine.slots)) as u8);
        let mut plot = Plot {
            blame: Blame::nothing(from, until, slot),
            fault,
            options,
            rng,
        };
        plot.happens(fault);
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
            Fault::Nothing
            | Fault::PoolsGone
            | Fault::PoolsBlink
            | Fault::PoolSilent
            | Fault::Commands => {}
            Fault::LowCeiling => {
                let rated = self.machine().rated_power_w;
                let share = 0.15 + self.rng.unit_f64();
                self.ceiling(Watts::new(rated * share));
            }
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
            Fault::ChipShorted => {
                self.blame.shorted = true;
                self.physical(Physical::ChipShorted { slot, chip })
            }
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
        self.blame.supply = Some(SupplyBlame::Moves);
        self.physical(fault);
    }

    fn apw(&mut self, fault: ApwFault) {
        self.psu(Part::Supply(fault));
    }

    fn psu(&mut self, what: Part) {
        let unheard = match what {
            Part::BusStuck(_) | Part::BusNack(_) => true,
            Part::Supply(fault) => match fault {
                ApwFault::Nack
                | ApwFault::F5
                | ApwFault::BadSum
                | ApwFault::WrongEcho
                | ApwFault::ShortReply => true,
                ApwFault::ReadbackOff(by) => by != 0,
                _ => false,
            },
            _ => false,
        };
        let blame = match unheard {
            true => SupplyBlame::Unheard,
            false => SupplyBlame::Odd,
        };
        // What moves by itself moves whatever else is wrong with it.
        self.blame.supply = self.blame.supply.or(Some(blame));
        self.part(what);
    }

    fn bus(&mut self, what: Part) {
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
                day: physics.weather.day,
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

    fn ceiling(&mut self, ceiling: Watts) {
        self.blame.ceiling_w = Some(ceiling.w());
        if let Some(hardware) = &mut self.options.hardware {
            hardware.remembered.ceiling = Some(ceiling);
        }
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
        self.ceiling(Watts::new(watts));
        if let Some(hardware) = &mut self.options.hardware {
            hardware.remembered.target = Some(Celsius::new(c));
            hardware.remembered.fans = mode;
            hardware.local.duty_min = Duty::new(least);
            hardware.local.duty_max = Duty::new(most);
        }
    }
}
