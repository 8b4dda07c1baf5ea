//! The engine as the outside sees it.

use drivers::plant::{BoardState, SupplyState};
use telemetry::{
    Chain, ChainState, Fan, Hashrate, Machine, MachineState, PoolState, Psu, Quality, Sensed,
    Snapshot, Temperature,
};
use units::{Celsius, Duration, HashRate, Instant, Millivolts, Rpm};

use crate::engine::{ChainUnit, Engine, Mode};
use crate::hardware::Hardware;

/// Sensors are asked every second, those behind chips every five.
const STALE_AFTER: Duration = Duration::from_secs(12);

impl Engine {
    /// The whole machine as one value. Counts `seq` up, so the caller decides the pace.
    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        let now = self.now.max(now);
        self.seq += 1;
        let chains: Vec<Chain> = self
            .chains
            .iter_mut()
            .map(|chain| chain_view(chain, now))
            .collect();
        let chains = self.with_voltages(chains);
        let nominal: HashRate = self.chains.iter().map(|c| c.driver.nominal()).sum();
        let ticket_hashes = self.chains.first().map_or(0.0, |c| c.ticket_hashes);
        let [s5, m1, m15, h1] = self
            .rates
            .per_second(now)
            .map(|rate| rate.map(|nonces| HashRate::from_hs(nonces * ticket_hashes).ths()));
        let pools = self.pools.status(now);
        Snapshot {
            seq: self.seq,
            uptime_s: now.since(self.started).as_secs_f64(),
            state: self.state(&chains, &pools),
            locating: self.locate_until.is_some_and(|until| now < until),
            machine: Machine {
                model: self.config.machine.model.clone(),
                name: self.config.machine.name.clone(),
                backend: self.config.backend.clone(),
                emulated: self.config.difficulty_one.is_scaled() || self.config.backend == "twin",
                difficulty_bits: self.config.difficulty_one.zero_bits(),
                firmware: self.config.firmware.clone(),
            },
            hashrate: Hashrate {
                s5,
                m1,
                m15,
                h1,
                nominal: Some(nominal.ths()),
            },
            chains,
            temperatures: self.temperatures(),
            fans: self.fans(),
            psu: self.psu(),
            power_w: None,
            efficiency_j_per_th: None,
            settings: self.hardware.as_ref().map(Hardware::settings),
            clock: self.clock.clone(),
            pools,
            pool_groups: self.pools.groups(),
            shares: self.scheduler.shares(),
            faults: self.faults.list().to_vec(),
            decisions: self.decisions.iter().cloned().collect(),
        }
    }

    /// The account of shares alone.
    pub fn shares(&self) -> telemetry::Shares {
        self.scheduler.shares()
    }

    fn state(&self, chains: &[Chain], pools: &[telemetry::Pool]) -> MachineState {
        match self.mode {
            Mode::Stopping(_) | Mode::Stopped => return MachineState::Stopping,
            Mode::Paused => return MachineState::Paused,
            Mode::Idle => return MachineState::Starting,
            Mode::Running => {}
        }
        match self.hardware.as_ref().map(Hardware::state) {
            None | Some(control::State::Starting | control::State::Hashing) => {}
            Some(control::State::Paused) => return MachineState::Paused,
            Some(control::State::Sleeping) => return MachineState::Sleeping,
            Some(control::State::NoPool) => return MachineState::NoPool,
            Some(control::State::Fault) => return MachineState::Fault,
            Some(control::State::Stopped) => return MachineState::Stopping,
        }
        let any = |wanted: &[ChainState]| chains.iter().any(|c| wanted.contains(&c.state));
        let powered = [ChainState::Ramping, ChainState::Hashing];
        let coming = [
            ChainState::Starting,
            ChainState::Recovering,
            ChainState::Off,
        ];
        if !any(&powered) && !any(&coming) {
            return MachineState::Fault;
        }
        // A pool that is being asked for the first time is part of the start; one that
        // refused or is waited for is not.
        let asking = |pool: &telemetry::Pool| {
            matches!(
                pool.state,
                PoolState::Connecting
                    | PoolState::Connected
                    | PoolState::Standby
                    | PoolState::Active
            )
        };
        let first_asking = self.never_worked() && pools.iter().any(asking);
        if !self.scheduler.has_work() && !first_asking {
            MachineState::NoPool
        } else if any(&powered) && self.scheduler.has_work() {
            MachineState::Hashing
        } else {
            MachineState::Starting
        }
    }

    fn fans(&self) -> Vec<Fan> {
        let Some(hardware) = &self.hardware else {
            return Vec::new();
        };
        let duty_percent = hardware.duty.map(|duty| f64::from(duty.percent()));
        let fans = hardware.fans.iter().map(|fan| Fan {
            rpm: fan.value().map(Rpm::rpm),
            duty_percent,
        });
        fans.collect()
    }

    fn psu(&self) -> Psu {
        let supply = self.hardware.as_ref().map(|hardware| hardware.supply);
        Psu {
            voltage_mv: match supply {
                Some(SupplyState::On(voltage)) => voltage.map(Millivolts::mv),
                _ => None,
            },
            power_w: None,
        }
    }

    /// What sensors say, board by board in the order of the machine's list.
    fn temperatures(&self) -> Vec<Temperature> {
        match &self.hardware {
            Some(hardware) => self.sensed(hardware),
            None => self.relayed(),
        }
    }

    fn sensed(&self, hardware: &Hardware) -> Vec<Temperature> {
        let sensors = &self.config.machine.peripherals.sensors;
        let boards = hardware.boards.iter().enumerate();
        boards
            .flat_map(|(slot, board)| {
                let readings = board.temperatures.iter().zip(sensors).enumerate();
                readings.map(move |(i, (reading, sensor))| {
                    let place = place_word(sensor.place);
                    let (temp_c, quality) = self.quality(*reading);
                    Temperature {
                        place: format!("board {slot} {place} {i}"),
                        temp_c,
                        quality,
                    }
                })
            })
            .collect()
    }

    /// A reading as people are shown it. How old counts as stale is what a page needs; control
    /// has its own rule.
    fn quality(&self, reading: Sensed<Celsius>) -> (Option<f64>, Quality) {
        match reading {
            Sensed::Unknown => (None, Quality::Stale),
            Sensed::Absent => (None, Quality::Absent),
            Sensed::Failed { .. } => (None, Quality::Failed),
            Sensed::Value { value, at } if self.now.since(at) > STALE_AFTER => {
                (Some(value.c()), Quality::Stale)
            }
            Sensed::Value { value, .. } => (Some(value.c()), Quality::Good),
        }
    }

    /// What chips measure or relay, of a chain alone.
    fn relayed(&self) -> Vec<Temperature> {
        let chains = self.chains.iter();
        chains
            .flat_map(|chain| {
                let read = chain.driver.temperatures().into_iter();
                read.map(|t| Temperature {
                    place: format!("chain {} chip {}", chain.slot, t.sensor.chip),
                    temp_c: t.temp_c,
                    quality: t.quality,
                })
            })
            .collect()
    }

    /// The rail of each board: its controller's, or the supply's.
    fn with_voltages(&self, mut chains: Vec<Chain>) -> Vec<Chain> {
        let Some(hardware) = &self.hardware else {
            return chains;
        };
        let supply = match hardware.supply {
            SupplyState::On(voltage) => voltage,
            _ => None,
        };
        for (chain, board) in chains.iter_mut().zip(&hardware.boards) {
            if let BoardState::On(voltage) = board.power {
                chain.voltage_mv = voltage.or(supply).map(Millivolts::mv);
            }
        }
        chains
    }

    fn never_worked(&self) -> bool {
        self.chains.iter().all(|chain| !chain.rates.has_counted())
    }
}

fn chain_view(chain: &mut ChainUnit, now: Instant) -> Chain {
    let mut view = chain.driver.status(now);
    let [_, m1, ..] = chain.rates.per_second(now);
    view.hashrate_ths = m1.map(|nonces| HashRate::from_hs(nonces * chain.ticket_hashes).ths());
    view.chips = Some(chain.driver.chips(now));
    view
}

fn place_word(place: board_support::Place) -> &'static str {
    match place {
        board_support::Place::Inlet => "inlet",
        board_support::Place::Outlet => "outlet",
        board_support::Place::Board => "board",
        board_support::Place::Chip => "chip",
    }
}
