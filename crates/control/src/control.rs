//! Control as one value: input in, setpoints and decisions out.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use telemetry::Code;
use units::{Celsius, Duration, Instant, Megahertz, Watts};

use crate::api::{
    BoardState, Command, Cooling, Decision, Effect, FanMode, Input, Intent, Local, Persisted,
    State, SupplyState,
};
use crate::board::{Board, Phase};
use crate::bounds::{self, Limited, Setpoint};
use crate::fans::{Fans, target_c};
use crate::mutant::mutate;
use crate::outputs::{Said, Wanted};
use crate::plan::{Plan, RailKind};
use crate::power::Power;
use crate::run::{Run, allowed};
use crate::safety::Full;

/// Control looks at everything this often even when nothing is said: our policy; a quarter of
/// the shortest reaction that is promised.
pub(crate) const TICK: Duration = Duration::from_millis(250);
/// Time that a step may make up for: after a longer gap (a process that was stopped) laws
/// go on from where they were, and readings are old and count as such.
const STEP_MAX: Duration = Duration::from_secs(1);
/// Decisions that wait to be taken; the oldest fall off.
const DECISIONS_MAX: usize = 64;

/// The machine's heat and power. Its whole state can be written down and read back: from any
/// such point the same inputs give the same effects.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Control {
    pub(crate) plan: Plan,
    pub(crate) local: Local,
    pub(crate) now: Instant,
    /// When laws last moved.
    pub(crate) stepped: Instant,
    pub(crate) run: Run,
    pub(crate) boards: Vec<Board>,
    pub(crate) fans: Fans,
    pub(crate) power: Power,
    pub(crate) supply: SupplyState,
    /// Since when the supply has been off.
    pub(crate) supply_off_since: Option<Instant>,
    /// When a board last got power.
    pub(crate) last_start: Option<Instant>,
    /// The power ceiling held a board down when looked at last.
    pub(crate) at_ceiling: bool,
    /// What keeps the machine off although it should hash, as told last.
    pub(crate) blocked: Option<Code>,
    /// Why fans are full, as told last, and when that was so last.
    pub(crate) full: Option<Full>,
    #[serde(default)]
    pub(crate) full_last: Option<Instant>,
    pub(crate) wanted: Wanted,
    said: Said,
    decisions: VecDeque<Decision>,
    remember: Option<Persisted>,
}

impl Control {
    /// Control of a machine, at rest until [`Input::Start`].
    pub fn new(plan: Plan, local: Local) -> Self {
        Control {
            now: Instant::ZERO,
            stepped: Instant::ZERO,
            run: Run::new(),
            boards: vec![Board::new(&plan); usize::from(plan.slots)],
            fans: Fans::new(&plan),
            power: Power::new(&plan),
            supply: SupplyState::Unknown,
            supply_off_since: None,
            last_start: None,
            at_ceiling: false,
            blocked: None,
            full: None,
            full_last: None,
            wanted: Wanted::new(&plan),
            said: Said::new(&plan),
            decisions: VecDeque::new(),
            remember: None,
            plan,
            local,
        }
    }

    /// Consume one input. What it says is kept at once and looked at on the next tick. Time
    /// never runs backwards: an earlier `now` counts as the latest one seen.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        let due = input == Input::Wake || self.now >= self.stepped + TICK;
        self.take(input);
        if self.run.began.is_some() && due {
            let dt = self.now.since(self.stepped).min(STEP_MAX);
            self.stepped = self.now;
            self.step(dt);
        }
    }

    /// The next thing to do outside.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.run.began?;
        while let Some(setpoint) = self.said.next(&self.plan, &self.wanted) {
            if let Some(limited) = self.gate(setpoint) {
                return Some(Effect::Set(limited));
            }
        }
        if let Some(remember) = self.remember.take() {
            return Some(Effect::Remember(remember));
        }
        self.decisions.pop_front().map(Effect::Decision)
    }

    /// When [`Input::Wake`] is due next.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.run.began.map(|_| self.stepped + TICK)
    }

    /// What the machine does.
    pub fn state(&self) -> State {
        let intent = self.run.settings.intent;
        let any = |test: fn(&Board) -> bool| self.boards.iter().any(test);
        if self.run.shutdown {
            State::Stopped
        } else if intent == Intent::Pause {
            State::Paused
        } else if intent == Intent::Sleep {
            State::Sleeping
        } else if self.run.no_pool {
            State::NoPool
        } else if any(|b| b.is_on() && b.chain.mhz().is_some()) {
            State::Hashing
        } else if any(Board::is_active) || self.run.is_held(self.now) {
            State::Starting
        } else if self.blocked.is_some()
            || any(|b| matches!(b.phase, Phase::Stopped { .. }))
            || self.is_empty()
        {
            State::Fault
        } else {
            State::Starting
        }
    }

    /// No slot has a board.
    pub(crate) fn is_empty(&self) -> bool {
        !self.boards.iter().any(Board::is_there)
    }

    /// Everything is off, as a shutdown wants it.
    pub fn is_down(&self) -> bool {
        self.run.shutdown && !self.boards.iter().any(Board::is_active)
    }

    fn take(&mut self, input: Input) {
        let now = self.now;
        match input {
            Input::Start { cause, remembered } => {
                if self.run.began.is_none() {
                    self.stepped = now;
                    self.boards.iter_mut().for_each(|board| board.begin(now));
                }
                let delay = self.run.start(now, &self.local, cause, remembered);
                if let Some(delay) = delay {
                    self.waits("power returned", delay);
                }
            }
            Input::Wake => {}
            Input::Temperature {
                slot,
                sensor,
                reading,
            } => {
                let stop_c = self.plan.sensors.get(usize::from(sensor));
                let stop_c = stop_c.map(|probe| self.plan.limit(probe.spot).stop_c());
                let board = self.boards.get_mut(usize::from(slot));
                if let Some((stop_c, board)) = stop_c.zip(board) {
                    board.trackers[usize::from(sensor)].observe(now, reading, stop_c);
                }
            }
            Input::Fan { fan, reading } => self.fans.observe(now, fan, reading),
            Input::Chain { slot, state } => {
                if let Some(board) = self.boards.get_mut(usize::from(slot)) {
                    board.set_chain(now, state);
                }
            }
            Input::Board { slot, state } => self.board_says(slot, state),
            Input::Supply(state) => self.supply_says(state),
            Input::Power(reading) => self.power.observe(now, reading),
            Input::Pools { available } => {
                let delay = self.run.pools(now, &self.local, available);
                if delay > Duration::ZERO {
                    self.waits("a pool is back", delay);
                }
            }
            Input::Tune { slot, frequency } => {
                if let Some(board) = self.boards.get_mut(usize::from(slot)) {
                    board.tuned_mhz = Some(frequency.mhz());
                }
            }
            Input::Command(command) => self.command(command),
        }
    }

    fn board_says(&mut self, slot: u8, state: BoardState) {
        let Some(board) = self.boards.get_mut(usize::from(slot)) else {
            return;
        };
        board.set_power(self.now, state);
        if self.plan.rail == RailKind::PerBoard
            && let Some(rail) = self.power.rails.get_mut(usize::from(slot))
        {
            rail.read_mv = match state {
                BoardState::On { voltage } => voltage.map(|mv| f64::from(mv.mv())),
                _ => None,
            };
        }
    }

    fn supply_says(&mut self, state: SupplyState) {
        self.supply = state;
        let off = matches!(state, SupplyState::Off | SupplyState::Failed);
        self.supply_off_since = off.then(|| self.supply_off_since.unwrap_or(self.now));
        if self.plan.rail == RailKind::Machine
            && let Some(rail) = self.power.rails.first_mut()
        {
            rail.read_mv = match state {
                SupplyState::On { voltage } => voltage.map(|mv| f64::from(mv.mv())),
                _ => None,
            };
        }
    }

    fn command(&mut self, command: Command) {
        let before = self.run.settings;
        match command {
            Command::Pause => self.intend(Intent::Pause),
            Command::Resume | Command::Wake => self.intend(Intent::Hash),
            Command::Sleep => self.intend(Intent::Sleep),
            Command::Shutdown => self.run.shutdown = true,
            Command::Fans(mode) if allowed(&self.local, mode) => {
                self.run.settings.fans = mode;
                let decision = format!("fans={mode:?}");
                self.decide(Code::FanMode, "machine", decision, "reason=command");
            }
            Command::Fans(mode) => {
                let decision = format!("fans={mode:?} refused");
                self.decide(Code::FanLocal, "machine", decision, "cooling=air");
            }
            Command::Ceiling(asked) => {
                let ceiling = asked.map(|w| Watts::new(w.w().min(self.plan.power_max_w)));
                self.run.settings.ceiling = ceiling;
                let (asked, set) = (asked.map(Watts::w), ceiling.map(Watts::w));
                self.was_set(Code::PowerSet, ("ceiling_w", set), ("asked_w", asked));
            }
            Command::Target(asked) => {
                let target = asked.map(|c| Celsius::new(target_c(&self.plan, Some(c))));
                self.run.settings.target = target;
                let (asked, set) = (asked.map(Celsius::c), target.map(Celsius::c));
                self.was_set(Code::HeatTarget, ("target_c", set), ("asked_c", asked));
            }
        }
        // A shutdown is not an intent: the next start goes on as before.
        if self.run.settings != before {
            self.remember = Some(self.run.settings);
        }
    }

    /// Tell what an operator set, and what for where it was cut to what the machine takes.
    fn was_set(
        &mut self,
        code: Code,
        (name, set): (&str, Option<f64>),
        (wish, asked): (&str, Option<f64>),
    ) {
        let decision = match set {
            Some(value) => format!("{name}={value}"),
            None => format!("{name}=none"),
        };
        let reason = match asked.filter(|_| asked != set) {
            Some(value) => format!("reason=command {wish}={value}"),
            None => "reason=command".to_owned(),
        };
        self.decide(code, "machine", decision, &reason);
    }

    fn intend(&mut self, intent: Intent) {
        if self.run.settings.intent == intent {
            return;
        }
        let delay = self.run.intend(self.now, &self.local, intent);
        let decision = format!("intent={intent:?}");
        self.decide(Code::PowerIntent, "machine", decision, "reason=command");
        if delay > Duration::ZERO {
            self.waits("resume", delay);
        }
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        let decision = format!("wait_s={:.0}", delay.as_secs_f64());
        self.decide(
            Code::PowerWait,
            "machine",
            decision,
            &format!("reason={why}"),
        );
    }

    /// How fans run here: a machine in liquid has none, whatever is wished.
    pub(crate) fn fan_mode(&self) -> FanMode {
        match (self.local.cooling, self.run.settings.fans) {
            (Cooling::Liquid, FanMode::Hydro) => FanMode::Hydro,
            (Cooling::Liquid, _) => FanMode::Immersion,
            (Cooling::Air, mode) => mode,
        }
    }

    /// Something cuts the power when this process is gone, or the owner said at the machine
    /// that it may hash all the same.
    pub(crate) fn may_hash(&self) -> bool {
        self.plan.guarded || mutate!(ConsentIgnored, self.local.unguarded, true)
    }

    /// Let a setpoint out, cut to the limits.
    fn gate(&mut self, wanted: Setpoint) -> Option<Limited> {
        let air = !matches!(self.fan_mode(), FanMode::Immersion | FanMode::Hydro);
        let powered = air && self.boards.iter().any(Board::is_on);
        let limited = bounds::limit(&self.plan, powered, wanted);
        let told = match &limited {
            Ok(limited) if limited.setpoint() == wanted => None,
            Ok(limited) => Some(format!("{:?}", limited.setpoint())),
            Err(refused) => Some(format!("refused: {refused:?}")),
        };
        if let Some(decision) = told {
            self.decide(
                Code::PowerLimited,
                "machine",
                decision,
                &format!("{wanted:?}"),
            );
        }
        limited.ok()
    }

    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    pub(crate) fn decisions_waiting(&self) -> usize {
        self.decisions.len()
    }

    /// Tell people.
    pub(crate) fn decide(&mut self, code: Code, place: &str, decision: String, reason: &str) {
        if self.decisions.len() == DECISIONS_MAX {
            self.decisions.pop_front();
        }
        self.decisions.push_back(Decision {
            at: self.now,
            code,
            place: place.to_owned(),
            decision,
            reason: reason.to_owned(),
        });
    }

    /// The frequency that a slot may have now.
    pub fn frequency_cap(&self, slot: u8) -> Option<Megahertz> {
        let board = self.boards.get(usize::from(slot))?;
        Some(Megahertz::new(board.cap_mhz))
    }
}
