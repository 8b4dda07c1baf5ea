//! The shell around the engine: threads, sockets, signals, the clock.
//!
//! One thread runs the engine and is the only one that touches it. Everything else sends
//! it messages through one bounded inbox; a sender that finds it full waits, so no peer
//! can make the daemon's memory grow.

mod beside;
mod clock;
mod dead_man;
mod links;
mod lock;
mod mailbox;
mod mqtt;
mod node;
mod pools;
pub(crate) mod sntp;
mod wall;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};

use engine::{Effect, Engine, EngineConfig, Event, Listed, Persisted, PoolOrder, Recording};
use hal::MachinePorts;
use telemetry::{Command, Note, Snapshot};
use units::{Duration, Instant};

pub(crate) use clock::Clock;
pub(crate) use dead_man::{Cutter, end_safely_on_panic};
pub(crate) use links::send_events;
pub(crate) use lock::PortLock;
pub(crate) use mqtt::{
    Around as MqttAround, Broker as MqttBroker, Mqtt as MqttLink, keep as keep_mqtt,
};
pub(crate) use pools::tls::{authorities, over_tls};
pub(crate) use pools::trial::try_pool;
pub(crate) use wall::Wall;

/// Messages that may wait for the engine. At 23 KiB for the longest (a look at a UART that
/// had much to say) this bounds the memory at 6 MiB. Of pools, two per connection.
const INBOX: usize = 256;
/// Numbers that pools can have in a process: those that are added while it runs included.
const POOL_NUMBERS: usize = 256;
/// How late the kernel may wake a sleeping thread to save wake-ups, in nanoseconds. Its
/// default of 50,000 saves power on a laptop; a miner uses three kilowatts.
const TIMER_SLACK_NS: u64 = 1_000;
/// Effects between two looks into the inbox while there are more to carry out. Work for a
/// whole machine takes half a millisecond to build; a nonce waits for a part of it only.
const LOOK_EVERY: u32 = 16;
/// Looks in one go, so that no peer's messages keep the clock from being read.
const LOOKS: u32 = 64;
/// Snapshots per second: four, as the contract says.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(250);

/// The sending side of the engine's inbox.
pub(crate) type Inbox = SyncSender<Message>;

/// What other threads tell the engine's thread.
pub(crate) enum Message {
    /// An event, as it is.
    Event(Event),
    /// A pool connection's news, to be checked against its generation.
    Pool(pools::PoolNews),
    /// A node's news, to be checked against its generation.
    Node(node::NodeNews),
}

/// Who looks at the miner while it runs.
pub(crate) trait Observer {
    /// A new snapshot, four times a second.
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>);
    /// A note, as it is made.
    fn note(&mut self, note: &Note);
    /// Write this down where it survives power loss. Must not wait for a disk.
    fn remember(&mut self, _what: Persisted) {}
    /// Write this list of pools and groups down where the configuration is. Must not wait for a disk.
    fn remember_pools(&mut self, _listed: Listed) {}
    /// Keep this for people. Must not wait for a disk.
    fn recording(&mut self, _recording: Recording) {}
    /// Everything is off on purpose. Called before the lines are let go.
    fn stopped(&mut self) {}
    /// True once the run should end. Asked after each snapshot.
    fn should_stop(&mut self, _snapshot: &Snapshot) -> bool {
        false
    }
}

/// A miner that is ready to run.
pub(crate) struct Miner {
    engine: Engine,
    clock: Clock,
    inbox: Inbox,
    messages: Receiver<Message>,
    ports: links::Ports,
    pools: pools::PoolSockets,
    nodes: node::Nodes,
    wall: Wall,
    /// What the engine knows of the time.
    told: telemetry::Clock,
}

impl Miner {
    /// Join an engine to its ports.
    pub(crate) fn new(
        config: EngineConfig,
        ports: MachinePorts,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        // Threads take it over from the one that starts them. Without it every sleep of a
        // port is 50 us longer than the work it waits to send. A kernel that refuses costs
        // no more than that.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(TIMER_SLACK_NS));
        let (inbox, messages) = sync_channel(INBOX);
        let ports = links::Ports::start(ports, clock, &inbox)?;
        let wall = Wall::new();
        let pools = pools::PoolSockets::new(POOL_NUMBERS, inbox.clone(), wall.clone());
        let nodes = node::Nodes::new(POOL_NUMBERS, inbox.clone());
        let engine = Engine::new(clock.now(), config)?;
        Ok(Miner {
            engine,
            clock,
            inbox,
            messages,
            ports,
            pools,
            nodes,
            wall,
            told: telemetry::Clock::default(),
        })
    }

    /// Ask these time servers for as long as the process lives.
    pub(crate) fn keep_time(&self, servers: Vec<stratum::Endpoint>) -> std::io::Result<()> {
        sntp::keep(self.wall.clone(), servers)
    }

    /// The machine before anything happened.
    pub(crate) fn first_snapshot(&mut self) -> Snapshot {
        self.look_at_the_time();
        self.engine.snapshot(self.clock.now())
    }

    /// The world's clock.
    pub(crate) fn wall(&self) -> Wall {
        self.wall.clone()
    }

    /// A way to give commands from other threads.
    pub(crate) fn commands(&self) -> Commands {
        Commands(self.inbox.clone())
    }

    /// A way to cut all hash power from other threads, whatever the engine does.
    pub(crate) fn cutter(&self) -> Cutter {
        self.ports.cutter()
    }

    /// The engine's inbox, for a port that has a thread of its own.
    pub(crate) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Run until everything is off after a `Command::Shutdown`. When this returns, the dead man
    /// has made every line safe.
    pub(crate) fn run(mut self, observer: &mut dyn Observer) -> Arc<Snapshot> {
        let mut next_snapshot = self.clock.now();
        self.engine.handle(self.clock.now(), Event::Start);
        loop {
            let stopped = self.carry_out(observer);
            let now = self.clock.now();
            if now >= next_snapshot || stopped {
                self.look_at_the_time();
                let snapshot = Arc::new(self.engine.snapshot(now));
                observer.snapshot(&snapshot);
                next_snapshot = now + SNAPSHOT_EVERY;
                if stopped {
                    observer.stopped();
                    return snapshot;
                }
                if observer.should_stop(&snapshot) {
                    self.engine.handle(now, Event::Command(Command::Shutdown));
                    continue;
                }
            }
            self.wait(next_snapshot);
        }
    }

    /// Tell the engine if the time is known better or worse than before.
    fn look_at_the_time(&mut self) {
        let clock = self.wall.time().clock;
        if clock != self.told {
            self.told = clock.clone();
            let now = self.clock.now();
            self.engine.handle(now, Event::Clock(clock));
        }
    }

    /// Wait for the next message or deadline and give it to the engine.
    fn wait(&mut self, next_snapshot: Instant) {
        let deadline = self.engine.next_deadline();
        let due = deadline.map_or(next_snapshot, |at| at.min(next_snapshot));
        match self.messages.recv_timeout(self.clock.until(due)) {
            Ok(message) => self.give(message),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        // A deadline that the message brought is kept in the next turn.
        let now = self.clock.now();
        if deadline.is_some_and(|at| at <= now) {
            self.engine.handle(now, Event::Wake);
        }
    }

    fn give(&mut self, message: Message) {
        let event = match message {
            Message::Event(event) => Some(event),
            Message::Pool(news) => self.pools.take(news),
            Message::Node(news) => self.nodes.take(news),
        };
        if let Some(event) = event {
            self.engine.handle(self.clock.now(), event);
        }
    }

    /// Do all that the engine wants done. True once it has stopped.
    fn carry_out(&mut self, observer: &mut dyn Observer) -> bool {
        let mut stopped = false;
        let mut done = 0;
        while let Some(effect) = self.engine.next_effect() {
            match effect {
                Effect::Link { slot, op } => self.ports.link(slot, op),
                Effect::Board(op) => self.ports.board(op),
                Effect::Bus(job) => self.ports.bus(job),
                Effect::Fans(op) => self.ports.fans(op),
                Effect::Remember(what) => observer.remember(what),
                Effect::RememberPools(listed) => observer.remember_pools(listed),
                Effect::Recording(recording) => observer.recording(*recording),
                Effect::Connect {
                    pool,
                    endpoint,
                    security,
                    route,
                } => self.pools.connect(pool, endpoint, security, route),
                Effect::Send { pool, bytes } => {
                    if let Some(event) = self.pools.send(pool, &bytes) {
                        self.engine.handle(self.clock.now(), event);
                    }
                }
                Effect::Disconnect { pool } => self.pools.disconnect(pool),
                Effect::Node { pool, order } => {
                    if let Some(event) = self.nodes.order(pool, order) {
                        self.engine.handle(self.clock.now(), event);
                    }
                }
                Effect::Log(note) => observer.note(&note),
                Effect::Stopped => stopped = true,
            }
            done += 1;
            if done % LOOK_EVERY == 0
                && done <= LOOKS * LOOK_EVERY
                && let Ok(message) = self.messages.try_recv()
            {
                self.give(message);
            }
        }
        self.ports.deliver();
        stopped
    }
}

/// Gives commands to a running miner.
#[derive(Clone)]
pub(crate) struct Commands(Inbox);

impl Commands {
    /// Queue an order about pools without waiting.
    pub(crate) fn give_pools(&self, order: PoolOrder) -> Result<(), NotTaken> {
        self.queue(Event::PoolOrder(order))
    }

    fn queue(&self, event: Event) -> Result<(), NotTaken> {
        let message = Message::Event(event);
        self.0.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => NotTaken::Busy,
            TrySendError::Disconnected(_) => NotTaken::Over,
        })
    }
}

/// Why a command was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotTaken {
    /// The inbox is full; it empties within microseconds.
    Busy,
    /// The miner has ended.
    Over,
}

impl Commands {
    /// Queue a command without waiting.
    pub(crate) fn give(&self, command: Command) -> Result<(), NotTaken> {
        self.queue(Event::Command(command))
    }
}
