//! The engine's own state and its three methods. How the cores are joined stands in
//! `wiring`; what the outside sees is made in `snapshot`.

use std::collections::VecDeque;

use scheduler::Scheduler;
use stratum::policy;
use telemetry::{Clock, Code, Command, Decision, Note, NoteLog};
use units::{ChainSlot, Duration, Instant, NonceReport, PoolIndex};

use crate::config::EngineConfig;
use crate::event::{Effect, Event, PoolEvent};
use crate::faults::Faults;
use crate::hardware::Hardware;
use crate::rates::Rates;

/// Notes kept for the log page.
const NOTES_KEPT: usize = 256;
/// Decisions kept for the snapshot.
const DECISIONS_KEPT: usize = 16;
/// After this long a shut-down ends whatever the chains say: the process must be gone
/// within 5 s of SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(4);
/// So long before it, boards that are still on their way down are switched off one by one: where
/// the supply cannot be switched, their controllers must be told, and a bus takes its time.
const HURRY_BEFORE: Duration = Duration::from_secs(1);
/// Lights that blink for longer are lights that somebody forgot.
const LOCATE_FOR: Duration = Duration::from_secs(600);

/// What the machine as a whole is meant to do.
///
/// ```text
/// Idle --Start--> Running <--Pause/Resume--> Paused
///                    \______Shutdown___________/
///                              v
///                          Stopping --chains off or 4 s--> Stopped
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Made, not started.
    Idle,
    /// Hash.
    Running,
    /// Sessions stay, chains are off.
    Paused,
    /// Chains power down until this instant at the latest.
    Stopping(Instant),
    /// Everything is off.
    Stopped,
}

/// The miner.
pub struct Engine {
    pub(crate) config: EngineConfig,
    pub(crate) mode: Mode,
    pub(crate) started: Instant,
    pub(crate) now: Instant,
    pub(crate) seq: u64,
    pub(crate) pools: stratum::Pools,
    pub(crate) scheduler: Scheduler,
    pub(crate) chains: Vec<ChainUnit>,
    /// Whose turn it is to get the next work item.
    pub(crate) turn: usize,
    /// Nonces on their way to the scheduler, in the order in which chains reported them.
    pub(crate) nonces: Vec<NonceReport>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) notes: NoteLog,
    pub(crate) faults: Faults,
    pub(crate) decisions: VecDeque<Decision>,
    /// Until when its lights blink, so that somebody finds it.
    pub(crate) locate_until: Option<Instant>,
    pub(crate) rates: Rates,
    /// When pools are told next what the machine really computes.
    pub(crate) hashrate_due: Instant,
    /// How well the time is known. Nothing here depends on it: it is shown.
    pub(crate) clock: Clock,
    /// Heat, power and air; `None` for chains alone.
    pub(crate) hardware: Option<Hardware>,
}

/// One chain with what the engine keeps beside it.
pub(crate) struct ChainUnit {
    pub(crate) slot: ChainSlot,
    pub(crate) driver: drivers::Chain,
    /// Work items that the link has room for.
    pub(crate) wanted: u16,
    pub(crate) rates: Rates,
    pub(crate) ticket_hashes: f64,
    pub(crate) state: telemetry::ChainState,
}

impl ChainUnit {
    /// Nothing is powered here any more.
    fn is_off(&self) -> bool {
        use telemetry::ChainState::{Absent, Failed, Off};
        matches!(self.driver.state(), Off | Absent | Failed)
    }
}

impl Engine {
    /// An engine at rest. `Event::Start` sets it going.
    pub fn new(now: Instant, config: EngineConfig) -> Result<Self, drivers::ConfigError> {
        let chains = crate::wiring::make_chains(now, &config)?;
        let scheduler = crate::wiring::make_scheduler(&config, &chains);
        let pools = crate::wiring::make_pools(now, &config, &chains);
        let hardware = config
            .hardware
            .clone()
            .map(|hardware| Hardware::new(&config.machine, config.settle_percent, hardware));
        Ok(Engine {
            hardware,
            config,
            mode: Mode::Idle,
            started: now,
            now,
            seq: 0,
            pools,
            scheduler,
            chains,
            turn: 0,
            nonces: Vec::new(),
            effects: VecDeque::new(),
            notes: NoteLog::new(NOTES_KEPT),
            faults: Faults::default(),
            decisions: VecDeque::new(),
            locate_until: None,
            rates: Rates::new(now),
            hashrate_due: now + crate::hashrate::EVERY,
            clock: Clock::default(),
        })
    }

    /// Consume one event. Time never runs backwards: an earlier `now` counts as the
    /// latest one seen.
    pub fn handle(&mut self, now: Instant, event: Event) {
        self.now = self.now.max(now);
        match event {
            Event::Start => self.start(),
            Event::Links(events) => self.link_events(events),
            Event::Board(event) => self.board_event(event),
            Event::Bus(done) => {
                if let Some(hardware) = &mut self.hardware {
                    hardware.bus(self.now, done);
                }
            }
            Event::Fans(event) => {
                if let Some(hardware) = &mut self.hardware {
                    hardware.fans(self.now, event);
                }
            }
            Event::Pool { pool, event } => self.pool_event(pool, event),
            Event::Clock(clock) => self.clock_changed(clock),
            Event::Command(command) => self.command(command),
            Event::PoolOrder(order) => {
                self.pools.handle(self.now, policy::Input::Order(order));
            }
            Event::Wake => self.wake(),
        }
        self.tell_hashrate();
        self.settle();
        if self.note_chain_states() {
            self.settle();
        }
        self.finish_stop();
    }

    /// The next thing to do outside. Work is made here, one item at a time and one chain
    /// after the other, so that after a flush every chain has new work before any has
    /// much of it.
    pub fn next_effect(&mut self) -> Option<Effect> {
        loop {
            if let Some(effect) = self.effects.pop_front() {
                return Some(effect);
            }
            if !self.dispatch_one() {
                return None;
            }
        }
    }

    /// When `Event::Wake` is due next.
    pub fn next_deadline(&self) -> Option<Instant> {
        let chains = self.chains.iter().filter_map(|c| c.driver.next_deadline());
        let stop = match self.mode {
            Mode::Stopping(deadline) => match &self.hardware {
                Some(hardware) if !hardware.is_let_go() => Some(deadline - HURRY_BEFORE),
                _ => Some(deadline),
            },
            _ => None,
        };
        let hardware = self.hardware.as_ref().and_then(Hardware::next_deadline);
        chains
            .chain(self.pools.next_deadline())
            .chain(hardware)
            .chain(self.scheduler.next_deadline())
            .chain(stop)
            .min()
    }

    /// The last notes, oldest first.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter()
    }

    fn board_event(&mut self, event: hal::BoardEvent) {
        use hal::{BoardEvent, Order};
        let now = self.now;
        let kept = self.hardware.as_mut().is_some_and(|h| h.board(now, event));
        match event {
            BoardEvent::Plug { slot, .. }
            | BoardEvent::PlugUnread { slot, .. }
            | BoardEvent::Failed { slot, .. } => {
                self.give_chain(slot, drivers::Input::Board(event));
            }
            // A chain whose reset does not obey cannot be brought up.
            BoardEvent::Refused(Order::Reset { slot, .. }, _) => {
                let failed = BoardEvent::Failed { slot, errno: 0 };
                self.give_chain(slot, drivers::Input::Board(failed));
            }
            BoardEvent::Done(_) | BoardEvent::Refused(..) | BoardEvent::Told(_) => {
                debug_assert!(kept || self.hardware.is_none());
            }
        }
    }

    pub(crate) fn give_chain(&mut self, slot: ChainSlot, input: drivers::Input) {
        if let Some(chain) = self.chains.iter_mut().find(|c| c.slot == slot) {
            chain.driver.handle(self.now, input);
        }
    }

    /// What a link said goes to its chains one by one; what the chains make of it is carried
    /// on only after the last, so that their nonces are judged together. Only the order among
    /// chains is kept here: that of arrival.
    fn link_events(&mut self, events: Vec<(ChainSlot, hal::LinkEvent)>) {
        for (slot, event) in events {
            if let Some(i) = self.chains.iter().position(|c| c.slot == slot) {
                let input = drivers::Input::Link(event);
                self.chains[i].driver.handle(self.now, input);
                self.take_from_chain(i);
            }
        }
    }

    fn start(&mut self) {
        if self.mode != Mode::Idle {
            return;
        }
        self.mode = Mode::Running;
        let now = self.now;
        self.pools.handle(now, policy::Input::Start);
        match &mut self.hardware {
            Some(hardware) => {
                hardware.start(now);
                self.watch_sensors();
                // Before anything is asked of boards that are not there.
                self.each_chain(&drivers::Input::Look);
            }
            None => self.each_chain(&drivers::Input::Start),
        }
    }

    /// Chains ask the sensors that their chips relay.
    fn watch_sensors(&mut self) {
        let parts = &self.config.machine.peripherals;
        let sensors: Vec<_> = parts
            .sensors
            .iter()
            .filter_map(crate::hardware::chip_sensor)
            .collect();
        for chain in &mut self.chains {
            chain.driver.set_sensors(&sensors);
        }
    }

    fn wake(&mut self) {
        let now = self.now;
        if self.pools.next_deadline().is_some_and(|at| at <= now) {
            self.pools.handle(now, policy::Input::Wake);
        }
        if self.scheduler.next_deadline().is_some_and(|at| at <= now) {
            self.scheduler.handle(now, scheduler::Input::Wake);
        }
        for i in 0..self.chains.len() {
            if self.chains[i]
                .driver
                .next_deadline()
                .is_some_and(|at| at <= now)
            {
                self.chains[i].driver.handle(now, drivers::Input::Wake);
            }
        }
        self.wake_hardware();
        self.give_recording(false);
    }

    fn pool_event(&mut self, pool: PoolIndex, event: PoolEvent) {
        let input = match event {
            PoolEvent::Connected => stratum::Input::Connected,
            PoolEvent::Unprotected { code, why } => stratum::Input::Unprotected { code, why },
            PoolEvent::ConnectFailed(why) => stratum::Input::ConnectFailed(why),
            PoolEvent::Bytes(bytes) => stratum::Input::Bytes(bytes),
            PoolEvent::Closed(why) => stratum::Input::Closed(why),
            PoolEvent::Node(news) => stratum::Input::Node(news),
        };
        self.pools
            .handle(self.now, policy::Input::Pool(pool, input));
    }

    fn clock_changed(&mut self, clock: Clock) {
        let detail = format!(
            "quality={:?} source={}",
            clock.quality,
            clock.source.as_deref().unwrap_or("none")
        );
        self.clock = clock;
        self.tell(Note {
            at: self.now,
            code: Code::ClockKnown,
            place: "clock".to_owned(),
            detail: detail.to_ascii_lowercase(),
        });
    }

    fn command(&mut self, command: Command) {
        match (command, self.mode) {
            (Command::Locate { on }, _) => {
                self.locate_until = on.then(|| self.now + LOCATE_FOR);
                let lights = if on {
                    "blink the lights"
                } else {
                    "lights as usual"
                };
                self.decide("machine", lights, "operator's command");
            }
            (Command::Shutdown, Mode::Stopped | Mode::Stopping(_)) => {}
            (Command::Shutdown, _) => self.begin_stop(),
            (_, Mode::Running) if self.hardware.is_some() => {
                if let Some(command) = crate::hardware::to_control(command) {
                    self.command_hardware(command);
                }
                // Whoever orders this has no hands in the machine: what was seated may have power.
                if matches!(command, Command::Resume | Command::Wake) {
                    self.each_chain(&drivers::Input::Look);
                }
            }
            // Of chains alone there is no more to order, and a snapshot shows no settings.
            (Command::Pause | Command::Sleep, Mode::Running) => {
                self.mode = Mode::Paused;
                self.decide("machine", "pause", "operator's command");
                self.each_chain(&drivers::Input::Stop);
            }
            (Command::Resume | Command::Wake, Mode::Paused) => {
                self.mode = Mode::Running;
                self.decide("machine", "resume", "operator's command");
                self.each_chain(&drivers::Input::Start);
            }
            _ => {}
        }
    }

    fn begin_stop(&mut self) {
        self.mode = Mode::Stopping(self.now + STOP_WITHIN);
        self.decide("machine", "shut down", "operator's command");
        match self.hardware {
            Some(_) => self.command_hardware(control::Command::Shutdown),
            None => self.each_chain(&drivers::Input::Stop),
        }
    }

    /// All boards off, each by itself.
    fn let_go(&mut self) {
        let now = self.now;
        let Some(hardware) = self.hardware.as_mut().filter(|h| !h.is_let_go()) else {
            return;
        };
        hardware.let_go(now);
        self.each_chain(&drivers::Input::Cut);
        self.settle();
    }

    fn command_hardware(&mut self, command: control::Command) {
        let now = self.now;
        if let Some(hardware) = &mut self.hardware {
            hardware.command(now, command);
        }
    }

    /// Chains go first; sessions stay until the last shares are answered, so that nothing
    /// found is lost for a clean stop.
    fn finish_stop(&mut self) {
        let Mode::Stopping(deadline) = self.mode else {
            return;
        };
        if self.now + HURRY_BEFORE >= deadline {
            self.let_go();
        }
        let down = match &self.hardware {
            Some(hardware) => hardware.is_down(),
            None => true,
        };
        let quiet = down
            && self.chains.iter().all(ChainUnit::is_off)
            && self.scheduler.shares().in_flight == 0;
        if !quiet && self.now < deadline {
            return;
        }
        if let Some(hardware) = &mut self.hardware {
            hardware.end(self.now);
            self.each_chain(&drivers::Input::Cut);
        }
        self.pools.handle(self.now, policy::Input::Stop);
        self.settle();
        self.give_recording(true);
        self.mode = Mode::Stopped;
        self.effects.push_back(Effect::Stopped);
    }

    /// A chain's change of state is a decision of its driver: keep it for the snapshot,
    /// with what led to it. True where a board came or went, which is news for its parts.
    fn note_chain_states(&mut self) -> bool {
        let mut moved = false;
        for i in 0..self.chains.len() {
            let (slot, state) = (self.chains[i].slot, self.chains[i].driver.state());
            if state == self.chains[i].state {
                continue;
            }
            let before = std::mem::replace(&mut self.chains[i].state, state);
            let there = [before, state].map(|s| s != telemetry::ChainState::Absent);
            if let Some(hardware) = &mut self.hardware
                && there[0] != there[1]
            {
                hardware.plugged(self.now, slot, there[1]);
                moved = true;
            }
            if self.hardware.is_some() && moves(before) && moves(state) {
                continue; // control's ramp, told by control
            }
            let place = format!("chain {slot}");
            let reason = self.reason_for(&place, state);
            self.decide(&place, state_word(state), &reason);
        }
        moved
    }

    /// Why a chain went into `state`: the last thing said of it, or what the state follows
    /// from.
    fn reason_for(&self, place: &str, state: telemetry::ChainState) -> String {
        use telemetry::ChainState::{Absent, Failed, Hashing, Off, Ramping, Recovering, Starting};
        match state {
            Absent | Failed | Recovering | Hashing => self
                .notes
                .iter()
                .rev()
                .find(|note| note.place == place)
                .map_or_else(String::new, |note| {
                    format!("{} {}", note.code.text(), note.detail)
                }),
            Off if self.hardware.is_some() => format!(
                "no hash power for its board: see `{}`",
                place.replace("chain", "slot")
            ),
            Off => match self.mode {
                Mode::Paused => "paused by the operator".to_owned(),
                _ => "the machine shuts down".to_owned(),
            },
            Starting => "ordered to hash".to_owned(),
            Ramping if self.mode == Mode::Running => "its chips answered and are set up".to_owned(),
            Ramping => "load leaves the supply in steps".to_owned(),
            _ => String::new(),
        }
    }

    /// Record a decision with its reason.
    pub(crate) fn decide(&mut self, place: &str, decision: &str, reason: &str) {
        if self.decisions.len() == DECISIONS_KEPT {
            self.decisions.pop_front();
        }
        self.decisions.push_back(Decision {
            at_s: self.now.since(self.started).as_secs_f64(),
            place: place.to_owned(),
            decision: decision.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

/// It hashes while its frequency moves, or at its end.
fn moves(state: telemetry::ChainState) -> bool {
    use telemetry::ChainState::{Hashing, Ramping};
    matches!(state, Hashing | Ramping)
}

fn state_word(state: telemetry::ChainState) -> &'static str {
    use telemetry::ChainState::*;
    match state {
        Absent => "absent",
        Off => "power off",
        Starting => "bring up",
        Ramping => "change the frequency in steps",
        Hashing => "hash at the target frequency",
        Recovering => "wait before another bring-up",
        Failed => "stay off",
        _ => "change",
    }
}
