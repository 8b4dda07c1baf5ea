//! The engine as the outside sees it.

use telemetry::{
    Chain, ChainState, Hashrate, Machine, MachineState, PoolState, Psu, Snapshot, Temperature,
};
use units::{HashRate, Instant};

use crate::engine::{ChainUnit, Engine, Mode};

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
        let nominal: HashRate = self.chains.iter().map(|c| c.driver.nominal()).sum();
        let ticket_hashes = self.chains.first().map_or(0.0, |c| c.ticket_hashes);
        let [s5, m1, m15, h1] = self
            .rates
            .per_second(now)
            .map(|rate| rate.map(|nonces| HashRate::from_hs(nonces * ticket_hashes).ths()));
        let pools: Vec<_> = self
            .pools
            .iter()
            .map(|pool| pool.client.status(now))
            .collect();
        Snapshot {
            seq: self.seq,
            uptime_s: now.since(self.started).as_secs_f64(),
            state: self.state(&chains, &pools),
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
            fans: Vec::new(),
            psu: Psu::default(),
            power_w: None,
            efficiency_j_per_th: None,
            pools,
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
                PoolState::Connecting | PoolState::Connected | PoolState::Active
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

    /// What chips measure or relay.
    fn temperatures(&self) -> Vec<Temperature> {
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
