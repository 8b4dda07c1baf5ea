//! Runs a list of steps: each command in order, each answer awaited, each settle time kept.

use protocol::Shape;
use protocol::spi::{Action, Answer, Command, Profile, Step, Strategy};
use units::{Duration, Instant};

use super::codec::Codec;
use crate::chain::census::Census;
use crate::chain::outbox::Outbox;
use crate::chain::player::{POWER_WITHIN, Played};

/// How long an answer may take once its exchange is over: a port that is served badly.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often something is asked before its answer is given up. Noise takes one in a hundred on
/// a line that is worth a word.
const QUESTIONS: u8 = 4;

/// Everything that a list acts on.
pub(in crate::chain) struct Stage<'a> {
    pub(in crate::chain) profile: &'static Profile,
    pub(in crate::chain) shape: &'a Shape,
    pub(in crate::chain) codec: &'a mut Codec,
    pub(in crate::chain) out: &'a mut Outbox,
    pub(in crate::chain) settle_percent: u8,
    pub(in crate::chain) clock_hz: u32,
    /// Who is there.
    pub(in crate::chain) census: &'a mut Census,
}

/// A list being run.
#[derive(Debug)]
pub(in crate::chain) struct Player {
    steps: &'static [Step],
    step: usize,
    /// Command of the step: a chip's place, where each is asked.
    command: u16,
    wait: Wait,
    /// When everything that was sent is over.
    line_free: Instant,
    answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug)]
enum Wait {
    Until(Instant),
    /// Hash power was asked for; it settles once it is there.
    Power {
        until: Instant,
        settle: Duration,
    },
    Answer {
        to: Command,
        until: Instant,
        asked: u8,
    },
}

impl Player {
    pub(in crate::chain) fn new(now: Instant, steps: &'static [Step]) -> Self {
        Player {
            steps,
            step: 0,
            command: 0,
            wait: Wait::Until(now),
            line_free: now,
            answer: None,
        }
    }

    pub(in crate::chain) fn powered(&mut self, now: Instant) {
        if let Wait::Power { settle, .. } = self.wait {
            self.next_step(now + settle);
        }
    }

    /// Something came back.
    pub(in crate::chain) fn answer(&mut self, answer: &Answer) {
        if let Wait::Answer { to, .. } = &self.wait
            && answers(to, answer)
        {
            self.answer = Some(*answer);
        }
    }

    pub(in crate::chain) fn deadline(&self) -> Instant {
        match self.wait {
            Wait::Until(at) => at,
            Wait::Power { until, .. } | Wait::Answer { until, .. } => until,
        }
    }

    /// Go as far as time and answers allow.
    pub(in crate::chain) fn play(&mut self, now: Instant, stage: &mut Stage<'_>) -> Played {
        // Bounded: every turn sends a command, ends a step, or returns.
        loop {
            match self.wait {
                Wait::Until(at) | Wait::Power { until: at, .. } if at > now => {
                    return Played::Waiting;
                }
                Wait::Power { .. } => return Played::NoPower,
                Wait::Until(_) => {}
                Wait::Answer { to, until, asked } => match self.answer.take() {
                    Some(answer) => {
                        if let Some(end) = self.learn(now, &answer, stage) {
                            return end;
                        }
                    }
                    None if until > now => return Played::Waiting,
                    None if asked < QUESTIONS => {
                        self.ask(now, to, asked, stage);
                        continue;
                    }
                    None => match self.unanswered(now, stage) {
                        Some(end) => return end,
                        None => continue,
                    },
                },
            }
            let Some(step) = self.steps.get(self.step) else {
                return ended(stage);
            };
            if let Some(end) = self.advance(now, step, stage) {
                return end;
            }
        }
    }

    fn advance(&mut self, now: Instant, step: &Step, stage: &mut Stage<'_>) -> Option<Played> {
        let settle = settle(step, stage.settle_percent);
        let command = match step.action {
            Action::RailOn => {
                stage.out.power(true);
                let until = now + POWER_WITHIN;
                self.wait = Wait::Power { until, settle };
                return None;
            }
            Action::Reset { asserted } => {
                stage.out.reset_line(asserted);
                None
            }
            Action::Pause => None,
            Action::Configure(bytes) => {
                stage.codec.configuration = bytes;
                start_frequency(stage)
            }
            action => self.command(action, stage),
        };
        match command {
            Some(command) => self.ask(now, command, 0, stage),
            None => self.next_step(now + settle),
        }
        None
    }

    /// What a step asks, or asks next.
    fn command(&self, action: Action, stage: &mut Stage<'_>) -> Option<Command> {
        let number = || {
            let more = self.command < stage.census.answered();
            more.then_some(self.command as u8 + 1)
        };
        Some(match action {
            Action::Forget(strategy) => Command::Reset { chip: 0, strategy },
            Action::Count => Command::BistStart,
            Action::Identify => Command::Reset {
                chip: number()?,
                strategy: Strategy::Flush,
            },
            Action::SensorDivider => Command::WriteSecond {
                chip: 0,
                block: stage.profile.second_block(stage.profile.start)?,
            },
            Action::StartFrequency => start_frequency(stage)?,
            Action::Collect => Command::BistCollect,
            Action::Fix => Command::BistFix,
            Action::ReadCores => Command::Read { chip: number()? },
            Action::RailOn | Action::Reset { .. } | Action::Pause | Action::Configure(_) => {
                return None;
            }
        })
    }

    fn ask(&mut self, now: Instant, command: Command, asked: u8, stage: &mut Stage<'_>) {
        let (op, time) = stage.codec.command(&command, stage.clock_hz);
        stage.out.link(op);
        self.answer = None;
        self.line_free = self.line_free.max(now) + time;
        self.wait = Wait::Answer {
            to: command,
            until: self.line_free + PATIENCE,
            asked: asked + 1,
        };
    }

    /// An answer that was waited for.
    fn learn(&mut self, now: Instant, answer: &Answer, stage: &mut Stage<'_>) -> Option<Played> {
        let Some(step) = self.steps.get(self.step) else {
            return Some(Played::Done);
        };
        let settle = settle(step, stage.settle_percent);
        match (step.action, *answer) {
            (Action::Count, Answer::Count(chips)) => {
                let chips = u16::from(chips);
                match stage.census.found {
                    None if chips == 0 => return Some(Played::NoChip),
                    None => {
                        stage.codec.set_chips(chips);
                        *stage.census = Census {
                            found: Some(chips),
                            foreign: Vec::new(),
                            silent: (chips..stage.shape.chips).collect(),
                        };
                    }
                    // A count that disagrees with the one before: chips come and go.
                    Some(_) if chips != 0 && chips != stage.census.answered() => {
                        return Some(Played::NoChip);
                    }
                    Some(_) => {}
                }
            }
            (Action::Identify, Answer::Reset { kind, .. }) => {
                let id = u16::from(kind);
                if kind != stage.profile.kind {
                    stage.census.foreign.push((self.command, id));
                    stage.census.found = stage.census.found.map(|n| n.saturating_sub(1));
                }
                self.command += 1;
                self.wait = Wait::Until(now + settle);
                let (foreign, found) = (&stage.census.foreign, stage.census.found);
                let last = self.command >= stage.census.answered();
                let most = foreign.len() > usize::from(found.unwrap_or(0));
                let first = foreign.first().filter(|_| last && most);
                return first.map(|(_, id)| Played::WrongChip(*id));
            }
            (Action::ReadCores, Answer::Block { block, .. }) => {
                let foreign = stage.census.foreign.iter().any(|f| f.0 == self.command);
                let cores = stage.profile.good_cores(&block);
                let enough = cores >= stage.profile.cores_min && !foreign;
                let cores = if enough { cores } else { 0 };
                let cores = cores.min(stage.profile.cores);
                stage.codec.set_cores(self.command, cores);
                self.command += 1;
                self.wait = Wait::Until(now + settle);
                return None;
            }
            _ => {}
        }
        self.next_step(now + settle);
        None
    }

    /// No answer, however often it was asked.
    fn unanswered(&mut self, now: Instant, stage: &mut Stage<'_>) -> Option<Played> {
        match self.steps.get(self.step).map(|s| s.action) {
            // One chip that does not talk leaves the others.
            Some(Action::Identify | Action::ReadCores) => {
                let place = self.command;
                if !stage.census.silent.contains(&place) {
                    stage.census.silent.push(place);
                    stage.census.silent.sort_unstable();
                }
                self.command += 1;
                self.wait = Wait::Until(now);
                None
            }
            _ => Some(Played::NoChip),
        }
    }

    fn next_step(&mut self, at: Instant) {
        self.step += 1;
        self.command = 0;
        self.wait = Wait::Until(at);
    }
}

/// The list is done: mined with are the chips that get work.
fn ended(stage: &mut Stage<'_>) -> Played {
    match stage.codec.working() {
        0 => Played::NoChip,
        working => {
            stage.census.found = Some(working);
            Played::Done
        }
    }
}

fn start_frequency(stage: &Stage<'_>) -> Option<Command> {
    let ordered = stage.codec.frequency(stage.profile.start);
    ordered.map(|(command, _)| command)
}

fn settle(step: &Step, percent: u8) -> Duration {
    Duration::from_millis(u64::from(step.settle_ms)) * u32::from(percent) / 100
}

/// True if this is what the command is answered with.
fn answers(to: &Command, answer: &Answer) -> bool {
    match (*to, *answer) {
        (Command::BistStart, Answer::Count(_)) => true,
        (
            Command::Reset { chip, strategy },
            Answer::Reset {
                chip: from,
                strategy: byte,
                ..
            },
        ) => (chip, strategy.byte()) == (from, byte),
        (Command::Read { chip }, Answer::Block { chip: from, .. }) => chip == from,
        (
            Command::Write { chip, .. },
            Answer::Echo {
                command: 0x9,
                chip: from,
                ..
            },
        )
        | (
            Command::WriteSecond { chip, .. },
            Answer::Echo {
                command: 0xd,
                chip: from,
                ..
            },
        ) => chip == from,
        (Command::BistFix, Answer::Echo { command, .. }) => command == 0x3,
        (Command::BistCollect, Answer::Echo { command, .. }) => command == 0xb,
        _ => false,
    }
}

/// Settle times of the bring-up in `percent` of what is prescribed, and the time that its
/// exchanges take on the bus of a whole board.
pub(in crate::chain) fn prescribed(
    profile: &Profile,
    shape: &Shape,
    codec: &Codec,
    percent: u8,
) -> (Duration, Duration) {
    let clock_hz = profile.clock_hz(profile.start);
    let mut total = (Duration::ZERO, Duration::ZERO);
    for step in profile.bring_up {
        let asked = match step.action {
            Action::RailOn | Action::Reset { .. } | Action::Pause => 0,
            Action::Identify | Action::ReadCores => u32::from(shape.chips),
            _ => 1,
        };
        total.0 += settle(step, percent) * u32::max(asked, 1);
        // A read of all is as long as any of these commands, give or take a few bytes.
        total.1 += codec.time(&Command::Read { chip: 0 }, clock_hz) * asked;
    }
    total
}
