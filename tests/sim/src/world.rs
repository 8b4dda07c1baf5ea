//! The World's parts and its step.

use std::sync::{Arc, Mutex, PoisonError};

use board_support::Machine;
use engine::{Effect, Engine, EngineConfig, Event, GroupConfig, HardwareConfig};
use hal::MachinePorts;
use telemetry::{Command, Note, Snapshot};
use twin::machine::{FaultPlan, TwinMachine, TwinOptions};
use twin::physics;
use twin::pool::{self, PoolOptions};
use units::{ChainSlot, DifficultyOne, Duration, Instant, Rng};

use crate::jobs::JobLog;
use crate::net::{Net, NetOptions};
use crate::pools::{MorePool, Site, pool_configs};

/// More steps at one instant than this is a loop without progress.
const STEPS_AT_ONCE_MAX: u32 = 100_000;

/// What a World is made of.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Everything random follows from it.
    pub seed: u64,
    /// The machine, on both sides.
    pub machine: Machine,
    /// Zero bits that stand for difficulty one.
    pub difficulty_bits: u8,
    /// 1 is the exact grade; k is `thinned(k)`.
    pub thinning: u32,
    /// Settle times in percent.
    pub settle_percent: u8,
    /// The pool.
    pub pool: PoolOptions,
    /// Further pools, in order of preference behind it.
    pub more_pools: Vec<MorePool>,
    /// Groups of pools with a quota; the first pool is of the default group.
    pub pool_groups: Vec<GroupConfig>,
    /// Supply, controllers, sensors and fans, on both sides. `None`: chains alone.
    pub hardware: Option<HardwareConfig>,
    /// Power, heat and air of the twin; `None`: nothing gets warm.
    pub physics: Option<physics::Options>,
    /// What goes wrong on the machine's side.
    pub faults: FaultPlan,
    /// What goes wrong on the network's side.
    pub net: NetOptions,
    /// Spans in which the engine, or its whole process, is not served.
    pub pauses: Vec<Pause>,
    /// Keep every job, frame and submit for [`World::settle_accounts`]. Off for long runs
    /// that look at totals only: the twin then keeps nothing that grows but the pool's
    /// records, and [`World::notes`] and [`World::recordings`] are the caller's to take.
    pub keep_records: bool,
}

/// A span in which nobody serves the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pause {
    /// From this instant on.
    pub from: Instant,
    /// Until just before this instant.
    pub until: Instant,
    /// Who stands still.
    pub who: Paused,
}

/// Who stands still in a [`Pause`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paused {
    /// The engine's thread: what is said to it waits. Ports and dead man go on.
    Engine,
    /// The whole process, the dead man's thread included: stopped by a signal, or a machine
    /// that was suspended. Its clock goes on.
    Process,
}

impl WorldOptions {
    /// A healthy machine at a well-behaved pool, near by.
    pub fn healthy(seed: u64, machine: &str) -> Self {
        let machine = board_support::machine(machine).expect("a machine of this project");
        Self::healthy_machine(seed, machine)
    }

    /// A whole machine, warm and alive on both sides. Delays that spread a site's starts are
    /// left out. Where nobody knows the hashboards' voltages, the owner says what the twin is
    /// rated at, and lets boards run that have no sensor.
    pub fn whole(seed: u64, machine: &str) -> Self {
        let machine = board_support::machine(machine).expect("a machine of this project");
        let mut options = Self::healthy_machine(seed, physics::as_rated(machine));
        options.keep_records = false;
        options.physics = Some(physics::Options {
            seed,
            ..physics::Options::default()
        });
        let unwatched = options.machine.peripherals.sensors.is_empty();
        options.hardware = Some(HardwareConfig {
            local: engine::Local {
                seed,
                unwatched,
                unguarded: true,
                start_delay_max: Duration::ZERO,
                resume_delay_max: Duration::ZERO,
                ..engine::Local::default()
            },
            cause: engine::StartCause::Restart,
            remembered: engine::Persisted::default(),
        });
        options
    }

    /// The same for a machine that may have been changed.
    pub fn healthy_machine(seed: u64, machine: Machine) -> Self {
        let difficulty_one = DifficultyOne::from_zero_bits(2).expect("below 32");
        WorldOptions {
            seed,
            machine,
            difficulty_bits: 2,
            thinning: 1,
            settle_percent: 10,
            pool: PoolOptions {
                seed,
                difficulty_one,
                ..PoolOptions::default()
            },
            more_pools: Vec::new(),
            pool_groups: Vec::new(),
            hardware: None,
            physics: None,
            faults: FaultPlan::default(),
            net: NetOptions {
                latency: Duration::from_millis(20),
                jitter: Duration::from_millis(10),
            },
            pauses: Vec::new(),
            keep_records: true,
        }
    }
}

/// The miner, its machine, its pool and the network between, under one clock.
pub struct World {
    /// What it was made of.
    pub options: WorldOptions,
    pub(crate) now: Instant,
    pub(crate) engine: Engine,
    ports: MachinePorts,
    pub(crate) machine: Arc<Mutex<TwinMachine>>,
    pub(crate) sites: Vec<Site>,
    pub(crate) net: Net,
    /// What waits for an engine that is paused.
    held: Vec<Event>,
    pub(crate) job_log: JobLog,
    pub(crate) frames: Vec<twin::machine::FrameRecord>,
    pub(crate) lost_jobs: Vec<twin::machine::LostJob>,
    /// Spans in which a chain had work that belongs to no job: some chips need it before
    /// their first. The end is where the link has sent the first job at the latest.
    pub(crate) made_up: Vec<(ChainSlot, Instant, Instant)>,
    /// How long the work of each chain lasts, as its link was told.
    periods: Vec<Duration>,
    /// What the engine wrote down last.
    pub remembered: engine::Persisted,
    /// What the engine recorded around faults.
    pub recordings: Vec<engine::Recording>,
    /// Notes of the engine, in order.
    pub notes: Vec<Note>,
    /// When the shut-down was ordered.
    pub(crate) stop_ordered: Option<Instant>,
    stopped: bool,
    steps_at_once: u32,
    steps: u64,
    digest: u64,
    /// Links that were given something and are looked at before time goes on.
    touched: Vec<bool>,
}

/// The miner of such a World.
fn engine_config(options: &WorldOptions, seed: u64) -> EngineConfig {
    EngineConfig {
        machine: options.machine.clone(),
        backend: "twin".into(),
        difficulty_one: DifficultyOne::from_zero_bits(options.difficulty_bits)
            .expect("at most 32 bits"),
        pools: pool_configs(options),
        pool_groups: options.pool_groups.clone(),
        settle_percent: options.settle_percent,
        thinning: options.thinning,
        seed,
        firmware: "sim".into(),
        hardware: options.hardware.clone(),
    }
}

/// The machines that can be simulated: those of board-support for whose chip there are
/// both a driver and a twin. One that gets them later is taken up by itself.
pub fn machines() -> Vec<Machine> {
    let known = board_support::machines().map(|name| WorldOptions::healthy(1, name));
    let runs = |options: &WorldOptions| {
        let twin = TwinMachine::new(&options.machine, TwinOptions::default());
        let engine = Engine::new(Instant::ZERO, engine_config(options, 1));
        twin.is_ok() && engine.is_ok()
    };
    known.filter(runs).map(|options| options.machine).collect()
}

fn ports(options: &WorldOptions, machine: &Arc<Mutex<TwinMachine>>) -> MachinePorts {
    let machine = Arc::clone(machine);
    if options.hardware.is_none() {
        return hal_emulated::ports(machine);
    }
    let power = engine::hash_power(&options.machine, options.settle_percent);
    let fans = options.machine.fans.count;
    hal_emulated::machine_ports(machine, Instant::ZERO, power, fans)
}

impl World {
    /// A World at its first instant.
    pub fn new(mut options: WorldOptions) -> Self {
        if options.keep_records {
            let more = options.more_pools.iter_mut().map(|pool| &mut pool.options);
            for pool in more.chain([&mut options.pool]) {
                pool.records_kept = usize::MAX;
                pool.connections_kept = usize::MAX;
            }
        }
        let more = options.more_pools.iter().map(|pool| &pool.options);
        let all_pools = std::iter::once(&options.pool).chain(more);
        let sites = all_pools
            .map(|options| Site::new(options.clone()))
            .collect();
        let mut rng = Rng::new(options.seed);
        let twin = TwinMachine::new(
            &options.machine,
            TwinOptions {
                seed: rng.next_u64(),
                difficulty_bits: options.difficulty_bits,
                thinning: options.thinning,
                faults: options.faults.clone(),
                parts: options.hardware.is_some(),
                physics: options.physics.clone(),
                // Nobody takes them where no records are kept.
                ledger_frames_max: if options.keep_records { usize::MAX } else { 0 },
                ..TwinOptions::default()
            },
        )
        .expect("a machine of this project");
        let machine = Arc::new(Mutex::new(twin));
        let config = engine_config(&options, rng.next_u64());
        let job_log = JobLog::new(&options.pool);
        let mut world = World {
            now: Instant::ZERO,
            engine: Engine::new(Instant::ZERO, config).expect("a machine of this project"),
            ports: ports(&options, &machine),
            machine,
            sites,
            net: Net::new(options.net, rng.fork(1)),
            options,
            held: Vec::new(),
            job_log,
            frames: Vec::new(),
            lost_jobs: Vec::new(),
            made_up: Vec::new(),
            periods: Vec::new(),
            remembered: engine::Persisted::default(),
            recordings: Vec::new(),
            notes: Vec::new(),
            stop_ordered: None,
            stopped: false,
            steps_at_once: 0,
            steps: 0,
            digest: 0xcbf2_9ce4_8422_2325,
            touched: Vec::new(),
        };
        world.touched = vec![false; world.ports.links.len()];
        world.periods = vec![Duration::ZERO; usize::from(world.options.machine.slots)];
        world.give_engine(Event::Start);
        world
    }

    /// Run for `time` of the virtual clock.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
    }

    /// Run until `done` says so, at most for `time`. True if it did.
    pub fn run_until(&mut self, time: Duration, mut done: impl FnMut(&Snapshot) -> bool) -> bool {
        let end = self.now + time;
        let look = Duration::from_millis(100);
        while self.now < end {
            self.run_for(look);
            if done(&self.snapshot()) {
                return true;
            }
        }
        false
    }

    /// Give an operator's command.
    pub fn command(&mut self, command: Command) {
        self.give_engine(Event::Command(command));
    }

    /// The machine as the outside sees it.
    pub fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Everything is off after a shut-down.
    pub fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// Steps taken: one per instant at which anything happened.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A digest over everything that left the engine, in order and with its time: the
    /// same seed gives the same digest.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The twin machine.
    pub fn twin<T>(&self, look: impl FnOnce(&mut TwinMachine) -> T) -> T {
        look(&mut self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on the machine's parts and physics suffer what these options say, and what
    /// they suffered before is gone. Lines and chips go on as they were made.
    pub(crate) fn suffer(&mut self, options: &WorldOptions) {
        let now = self.now;
        self.options.pauses.clone_from(&options.pauses);
        self.twin(|twin| {
            twin.set_part_faults(now, &options.faults.parts);
            if let (Some(physics), Some(wrong)) = (twin.physics(now), &options.physics) {
                physics.set_faults(now, wrong.faults.clone());
                physics.set_weather(now, wrong.weather.clone());
            }
        });
    }

    /// The end of the pause in which `who` stands still at `at`.
    fn paused(&self, who: Paused, at: Instant) -> Option<Instant> {
        let acts = |p: &&Pause| p.who == who && p.from <= at && at < p.until;
        self.options.pauses.iter().find(acts).map(|p| p.until)
    }

    /// When the engine is due: later, if it stands still then.
    fn engine_due(&self) -> Option<Instant> {
        let held = (!self.held.is_empty()).then_some(self.now);
        let due = [self.engine.next_deadline(), held].into_iter().flatten();
        let due = due.min()?.max(self.now);
        Some(self.paused(Paused::Engine, due).unwrap_or(due))
    }

    /// One step: go to the next instant at which anything is due, do it, check. False
    /// once `end` is reached.
    fn step(&mut self, end: Instant) -> bool {
        let due = [self.engine_due(), self.net.next_deadline()]
            .into_iter()
            .chain(self.sites.iter().map(|site| site.pool.next_deadline()))
            .chain(self.ports.links.iter().map(|link| link.next_deadline()))
            .chain(self.ports.buses.iter().map(|bus| bus.next_event()))
            .chain(self.ports.fans.iter().map(|fans| fans.next_event()))
            .chain([self.ports.board.next_event()])
            .flatten()
            .min()
            .unwrap_or(Instant::NEVER);
        let due = if self.touched.contains(&true) {
            self.now
        } else {
            due
        };
        let due = due.max(self.now);
        let due = self.paused(Paused::Process, due).unwrap_or(due);
        if due > end {
            self.now = self.now.max(end);
            return false;
        }
        if due > self.now {
            self.now = due;
            self.steps_at_once = 0;
            self.steps += 1;
        }
        self.steps_at_once += 1;
        assert!(
            self.steps_at_once < STEPS_AT_ONCE_MAX,
            "seed {}: no progress at {:?}",
            self.options.seed,
            self.now
        );
        self.deliver();
        for i in 0..self.sites.len() {
            let due = self.sites[i].pool.next_deadline();
            if due.is_some_and(|at| at <= self.now) {
                self.sites[i].pool.handle(self.now, pool::Input::Wake);
                self.drain_pool(i);
            }
        }
        for i in 0..self.ports.links.len() {
            let due = self.ports.links[i]
                .next_deadline()
                .is_some_and(|at| at <= self.now);
            if std::mem::take(&mut self.touched[i]) || due {
                self.poll_link(i);
            }
        }
        self.serve_hardware();
        if self.engine_due().is_some_and(|at| at <= self.now) {
            for event in std::mem::take(&mut self.held) {
                self.give_engine(event);
            }
            self.give_engine(Event::Wake);
        }
        self.check_invariants();
        true
    }

    /// Buses, fans and the dead man, as far as they are due. The one loop of this world is all
    /// loops of a process, and it is alive.
    fn serve_hardware(&mut self) {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        self.ports.beats.all();
        let mut done = Vec::new();
        for bus in &mut self.ports.buses {
            if due(bus.next_event()) {
                bus.service(now, &mut done);
            }
        }
        for done in done {
            self.give_engine(Event::Bus(done));
        }
        let mut told = Vec::new();
        if let Some(fans) = self.ports.fans.as_mut().filter(|f| due(f.next_event())) {
            fans.poll(now, &mut told);
        }
        for event in told {
            self.give_engine(Event::Fans(event));
        }
        let mut events = Vec::new();
        if due(self.ports.board.next_event()) {
            self.ports.board.poll(now, &mut events);
        }
        for event in events {
            self.give_engine(Event::Board(event));
        }
    }

    fn give_bus(&mut self, job: hal::BusJob) {
        let now = self.now;
        let bus = self.ports.buses.iter_mut().find(|bus| bus.serves(job.bus));
        // A bus that does not exist here loses the list; whoever gave it finds out in time.
        if let Some(Err(done)) = bus.map(|bus| bus.give(now, job)) {
            self.engine.handle(now, Event::Bus(done));
        }
    }

    fn poll_link(&mut self, i: usize) {
        let mut events = Vec::new();
        self.ports.links[i].poll(self.now, &mut events);
        if !events.is_empty() {
            self.give_engine(Event::Links(events));
        }
    }

    /// Give the engine an event and carry out all that follows.
    pub(crate) fn give_engine(&mut self, event: Event) {
        if self.paused(Paused::Engine, self.now).is_some() {
            self.held.push(event);
            return;
        }
        self.engine.handle(self.now, event);
        while let Some(effect) = self.engine.next_effect() {
            match effect {
                Effect::Link { slot, op } => {
                    self.hash(&[1, slot.0]);
                    if let hal::LinkOp::Work(frame) = &op {
                        self.hash(frame.as_slice());
                        if self.options.keep_records {
                            self.note_work(slot, frame.as_slice());
                        }
                    }
                    if let hal::LinkOp::SetWorkPeriod(period) = op
                        && let Some(known) = self.periods.get_mut(usize::from(slot.0))
                    {
                        *known = period;
                    }
                    let served = self
                        .ports
                        .links
                        .iter()
                        .position(|l| l.slots().contains(&slot));
                    if let Some(i) = served {
                        self.ports.links[i].submit(self.now, slot, op);
                        self.touched[i] = true;
                    }
                }
                Effect::Board(op) => self.board(op),
                Effect::Bus(job) => self.give_bus(job),
                Effect::Fans(op) => {
                    let now = self.now;
                    if let Some(fans) = &mut self.ports.fans {
                        fans.set(now, op);
                    }
                }
                Effect::Remember(what) => self.remembered = what,
                Effect::Recording(recording) => self.recordings.push(*recording),
                Effect::RememberPools(_) => {}
                Effect::Connect { pool, .. } => self.connect(usize::from(pool.0)),
                Effect::Send { pool, bytes } => {
                    self.hash(&bytes);
                    self.send_to_pool(usize::from(pool.0), bytes);
                }
                Effect::Disconnect { pool } => self.disconnect(usize::from(pool.0)),
                // No node is simulated: `tests/process` asks a real one.
                Effect::Node { .. } => {}
                Effect::Log(note) => self.notes.push(note),
                Effect::Stopped => self.stopped = true,
            }
        }
    }

    /// No header has 32 zero bytes in a row, nor has a midstate; work that wakes cores has.
    fn note_work(&mut self, slot: ChainSlot, frame: &[u8]) {
        let empty = frame.windows(32).any(|w| w.iter().all(|b| *b == 0));
        let waking =
            |span: &&mut (ChainSlot, Instant, Instant)| span.0 == slot && span.2 == Instant::NEVER;
        let period = self.periods.get(usize::from(slot.0)).copied();
        let sent = self.now + period.unwrap_or_default();
        match (empty, self.made_up.iter_mut().find(waking)) {
            (true, None) => self.made_up.push((slot, self.now, Instant::NEVER)),
            (false, Some(span)) => span.2 = sent,
            _ => {}
        }
    }

    fn board(&mut self, op: hal::BoardOp) {
        let mut events = Vec::new();
        self.ports.board.apply(self.now, op, &mut events);
        for event in events {
            self.engine.handle(self.now, Event::Board(event));
        }
    }

    /// What must hold after every step.
    fn check_invariants(&mut self) {
        let shares = self.engine.shares();
        let booked = shares.accepted + shares.rejected + shares.in_flight;
        assert!(
            booked <= shares.submitted,
            "seed {}: more answers than submits at {:?}: {shares:?}",
            self.options.seed,
            self.now
        );
        for (pool, site) in self.sites.iter().enumerate() {
            let ledger = site.pool.ledger();
            let violations = &ledger.violations;
            assert!(
                violations.is_empty(),
                "seed {}: the miner broke the protocol at pool {pool}: {:?}",
                self.options.seed,
                violations.first()
            );
            let totals = &ledger.totals;
            assert_eq!(
                totals.duplicate
                    + totals.low_difficulty
                    + totals.other
                    + totals.unauthorized
                    + totals.not_subscribed,
                0,
                "seed {}: an invalid share was submitted to pool {pool}: {totals:?}",
                self.options.seed
            );
        }
        if self.options.keep_records {
            let mut taken = self.twin(|twin| twin.take_ledger());
            self.frames.append(&mut taken.frames);
            self.lost_jobs.append(&mut taken.lost_jobs);
        }
    }

    /// FNV-1a over what leaves the engine. Long runs that keep no records go without.
    fn hash(&mut self, bytes: &[u8]) {
        if !self.options.keep_records {
            return;
        }
        let at = self.now.as_nanos().to_le_bytes();
        for byte in at.iter().chain(bytes) {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
