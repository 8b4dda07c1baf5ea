//! How the cores are joined: each core's effects become another's input or leave the
//! engine. The order is fixed (pool, scheduler, chains), so one event has one outcome.

use stratum::policy;
use telemetry::{ChainState, Note};
use units::{ChainSlot, Instant, RollingNeed};

use crate::config::EngineConfig;
use crate::engine::{ChainUnit, Engine, Mode};
use crate::event::Effect;
use crate::rates::Rates;

/// One chain driver per slot of the machine.
pub(crate) fn make_chains(
    now: Instant,
    config: &EngineConfig,
) -> Result<Vec<ChainUnit>, drivers::ConfigError> {
    (0..config.machine.slots)
        .map(|slot| {
            let driver = drivers::Chain::new(drivers::ChainConfig {
                slot: ChainSlot(slot),
                hashboard: config.machine.hashboard.clone(),
                link: config.machine.control_board.link,
                settle_percent: config.settle_percent,
                thinning: config.thinning,
            })?;
            let ticket_hashes = driver.needs().ticket.value() as f64 * 2f64.powi(32);
            Ok(ChainUnit {
                slot: ChainSlot(slot),
                driver,
                wanted: 0,
                rates: Rates::new(now),
                ticket_hashes,
                state: ChainState::Off,
            })
        })
        .collect()
}

/// The scheduler for these chains.
pub(crate) fn make_scheduler(config: &EngineConfig, chains: &[ChainUnit]) -> scheduler::Scheduler {
    let needs = chains
        .iter()
        .map(|chain| {
            let needs = chain.driver.needs();
            scheduler::ChainNeeds {
                slot: chain.slot,
                rolling: needs.rolling,
                wire_id_step: needs.wire_id_step,
                wire_id_count: needs.wire_id_count,
                ticket: needs.ticket,
            }
        })
        .collect();
    scheduler::Scheduler::new(scheduler::Config {
        chains: needs,
        difficulty_one: config.difficulty_one,
        seed: config.seed,
    })
}

/// All pools, at rest.
pub(crate) fn make_pools(
    now: Instant,
    config: &EngineConfig,
    chains: &[ChainUnit],
) -> stratum::Pools {
    // BIP320's sixteen bits: what hosts and chips of this family roll.
    const VERSION_MASK: u32 = 0x1fff_e000;
    let min_version_bits = chains
        .iter()
        .map(|chain| match chain.driver.needs().rolling {
            RollingNeed::Host { midstates } => midstates.trailing_zeros() as u8,
            RollingNeed::Chip { bits, .. } => bits,
        })
        .max()
        .unwrap_or(0);
    let common = stratum::PoolsConfig {
        groups: config.pool_groups.clone(),
        agent: format!("stannary/{}", config.firmware),
        version_mask: VERSION_MASK,
        min_version_bits,
        nominal_hashrate: crate::hashrate::nominal(config),
        seed: config.seed,
    };
    stratum::Pools::new(now, config.pools.clone(), common)
}

impl Engine {
    /// Give the same input to every chain.
    pub(crate) fn each_chain(&mut self, input: &drivers::Input) {
        for chain in &mut self.chains {
            chain.driver.handle(self.now, input.clone());
        }
    }

    /// Carry every core's effects to where they belong until none has any left. A core's
    /// effect may give another core an input, never itself one without end: a pool's
    /// bytes make jobs, a job makes flushes, a flush makes link operations, and those
    /// leave the engine.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(effect) = self.pools.next_effect() {
                self.carry_pool(effect);
                moved = true;
            }
            while let Some(effect) = self.scheduler.next_effect() {
                self.carry_scheduler(effect);
                moved = true;
            }
            for i in 0..self.chains.len() {
                moved |= self.take_from_chain(i);
            }
            moved |= self.judge_nonces();
            moved |= self.settle_hardware();
            if !moved {
                return;
            }
        }
    }

    /// Carry a chain's effects to where they belong. False if it had none.
    pub(crate) fn take_from_chain(&mut self, index: usize) -> bool {
        let mut moved = false;
        while let Some(effect) = self.chains[index].driver.next_effect() {
            self.carry_chain(index, effect);
            moved = true;
        }
        moved
    }

    /// All nonces that chains have reported go to the scheduler together, a lone one as well.
    /// False if there are none.
    fn judge_nonces(&mut self) -> bool {
        if self.nonces.is_empty() {
            return false;
        }
        let nonces = std::mem::take(&mut self.nonces);
        self.scheduler
            .handle(self.now, scheduler::Input::Nonces(nonces));
        true
    }

    fn carry_pool(&mut self, effect: policy::Effect) {
        use policy::Effect as Of;
        let effect = match effect {
            Of::Connect {
                pool,
                endpoint,
                security,
                route,
            } => Effect::Connect {
                pool,
                endpoint,
                security,
                route,
            },
            Of::Send(pool, bytes) => Effect::Send { pool, bytes },
            Of::Disconnect(pool) => Effect::Disconnect { pool },
            Of::Node(pool, order) => Effect::Node { pool, order },
            Of::Remember(listed) => Effect::RememberPools(listed),
            Of::Left(pool) => return self.faults.forget(&format!("pool {pool}")),
            Of::Note(note) => return self.tell(note),
            Of::Job(job) => return self.give_scheduler(scheduler::Input::Job(job)),
            Of::Use(uses) => return self.give_scheduler(scheduler::Input::Use(uses)),
            Of::SessionEnded(id) => {
                return self.give_scheduler(scheduler::Input::SessionEnded(id));
            }
            Of::Outcome { share, outcome } => {
                return self.give_scheduler(scheduler::Input::Outcome { share, outcome });
            }
        };
        self.effects.push_back(effect);
    }

    fn give_scheduler(&mut self, input: scheduler::Input) {
        self.scheduler.handle(self.now, input);
    }

    fn carry_scheduler(&mut self, effect: scheduler::Effect) {
        let now = self.now;
        match effect {
            scheduler::Effect::FlushChain(slot) => {
                if let Some(chain) = self.chains.iter_mut().find(|c| c.slot == slot) {
                    chain.wanted = 0;
                    chain.driver.handle(now, drivers::Input::FlushWork);
                }
            }
            scheduler::Effect::Submit(share) => {
                self.pools.handle(now, policy::Input::Submit(share));
            }
            scheduler::Effect::Verdict { report, verdict } => {
                let ok = verdict.is_genuine();
                if let Some(chain) = self.chains.iter_mut().find(|c| c.slot == report.slot) {
                    if verdict.counts_for_hashrate() {
                        self.rates.count(now);
                        chain.rates.count(now);
                    }
                    chain
                        .driver
                        .handle(now, drivers::Input::Verdict { report, ok });
                }
            }
            scheduler::Effect::Note(note) => self.tell(note),
        }
    }

    fn carry_chain(&mut self, index: usize, effect: drivers::Effect) {
        let now = self.now;
        let slot = self.chains[index].slot;
        match effect {
            drivers::Effect::Link(op) => self.effects.push_back(Effect::Link { slot, op }),
            drivers::Effect::Board(op) => self.effects.push_back(Effect::Board(op)),
            drivers::Effect::Power(on) => self.wants_power(index, on),
            drivers::Effect::Nonce(report) => self.nonces.push(report),
            drivers::Effect::WantWork(count) => self.chains[index].wanted = count,
            drivers::Effect::Reset => {
                self.chains[index].wanted = 0;
                self.scheduler
                    .handle(now, scheduler::Input::ChainReset(slot));
            }
            drivers::Effect::Note(note) => self.tell(note),
        }
    }

    /// Make one work item for the next chain in turn that wants one. False if there is
    /// nothing to make.
    pub(crate) fn dispatch_one(&mut self) -> bool {
        let feeds = self.scheduler.has_work() || self.scheduler.keeps_busy(self.now);
        if self.mode != Mode::Running || !feeds {
            return false;
        }
        for step in 0..self.chains.len() {
            let i = (self.turn + step) % self.chains.len();
            let chain = &mut self.chains[i];
            if chain.wanted == 0 {
                continue;
            }
            let Some((wire, item)) = self.scheduler.dispatch(self.now, chain.slot) else {
                // Nothing for this chain now; the next job sets it going again.
                continue;
            };
            chain.wanted -= 1;
            chain
                .driver
                .handle(self.now, drivers::Input::Work(wire, item));
            self.turn = i + 1;
            self.settle();
            return true;
        }
        self.settle();
        !self.effects.is_empty()
    }

    /// Log a note, and learn from it what is wrong or well.
    pub(crate) fn tell(&mut self, note: Note) {
        self.faults.note(&note);
        self.notes.push(note.clone());
        self.effects.push_back(Effect::Log(note));
    }
}
