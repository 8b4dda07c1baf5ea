//! Runs a list of steps: each command in order, each settle time kept, answers counted.

use hal::LinkOp;
use protocol::{Action, ChainResponse, Profile, Shape, Step, baud, register};
use units::{Duration, Instant};

use super::outbox::Outbox;
use super::wire::Wire;

/// After the last chip's answer the line must be quiet for this long, so that a chip too
/// many is noticed: ten answers' time at the slowest rate.
const QUIET_AFTER_ANSWERS: Duration = Duration::from_millis(10);
/// With chips missing, the line must be quiet for this long before they are asked again:
/// longer than the pause at the widest relay gap.
const QUIET_AFTER_SOME: Duration = Duration::from_millis(100);
/// How often chips are asked for their ids before fewer than expected are accepted. Stock
/// asks twice; on a noisy line every round loses other answers, and the best one counts.
const QUESTIONS: u8 = 4;

/// What a list has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Played {
    /// Waiting; see [`Player::deadline`].
    Waiting,
    /// Every step is done.
    Done,
    /// Most chips that answered have this identity, which is not the expected one.
    WrongChip(u16),
    /// No chip answered.
    NoChip,
}

/// Everything that a list acts on.
pub(super) struct Stage<'a> {
    pub(super) profile: &'static Profile,
    pub(super) shape: &'a Shape,
    pub(super) wire: &'a Wire,
    pub(super) out: &'a mut Outbox,
    pub(super) settle_percent: u8,
    /// What the host speaks; changed by a baud step.
    pub(super) bits_per_s: &'a mut u32,
    /// Chips that answered; set by a counting step.
    pub(super) found: &'a mut Option<u16>,
}

/// A list being run.
#[derive(Debug)]
pub(super) struct Player {
    steps: &'static [Step],
    step: usize,
    command: usize,
    /// When everything that was sent has left for sure.
    line_free: Instant,
    wait: Wait,
    /// Settle time of the command that is waited for.
    settle: Duration,
}

#[derive(Debug)]
enum Wait {
    Until(Instant),
    Answers(Answers),
}

#[derive(Debug)]
struct Answers {
    deadline: Instant,
    last: Option<Instant>,
    count: u16,
    best: u16,
    wrong: u16,
    wrong_id: u16,
    questions: u8,
}

impl Player {
    pub(super) fn new(now: Instant, steps: &'static [Step]) -> Self {
        Player {
            steps,
            step: 0,
            command: 0,
            line_free: now,
            wait: Wait::Until(now),
            settle: Duration::ZERO,
        }
    }

    /// Everything that was sent has left by now, perhaps sooner than was sure.
    pub(super) fn all_left(&mut self, now: Instant) {
        self.line_free = self.line_free.min(now);
        if let Wait::Until(at) = &mut self.wait
            && !self.settle.is_zero()
        {
            *at = (*at).min(now + self.settle);
        }
    }

    /// An answer to a read.
    pub(super) fn response(&mut self, now: Instant, profile: &Profile, response: &ChainResponse) {
        let Wait::Answers(answers) = &mut self.wait else {
            return;
        };
        let ChainResponse::Register { value, reg, .. } = *response else {
            return;
        };
        if reg.is_some_and(|r| r != register::CHIP_ID) {
            return;
        }
        let id = (value >> 16) as u16;
        if id == profile.id {
            answers.count = answers.count.saturating_add(1);
        } else {
            answers.wrong = answers.wrong.saturating_add(1);
            answers.wrong_id = id;
        }
        answers.last = Some(now);
    }

    pub(super) fn deadline(&self, shape: &Shape) -> Instant {
        match &self.wait {
            Wait::Until(at) => *at,
            Wait::Answers(a) => a.due(shape),
        }
    }

    /// Go as far as time and answers allow.
    pub(super) fn play(&mut self, now: Instant, stage: &mut Stage<'_>) -> Played {
        // Bounded: every turn sends a command, ends a step, or returns.
        loop {
            match &mut self.wait {
                Wait::Until(at) if *at > now => return Played::Waiting,
                Wait::Answers(a) if a.due(stage.shape) > now => return Played::Waiting,
                Wait::Until(_) => {}
                Wait::Answers(answers) => match answers.end(stage.shape) {
                    End::AskAgain => {
                        self.ask(now, stage);
                        continue;
                    }
                    End::Wrong(id) => return Played::WrongChip(id),
                    End::None => return Played::NoChip,
                    End::Found(n) => {
                        *stage.found = Some(n);
                        self.next_step(now);
                    }
                },
            }
            let Some(step) = self.steps.get(self.step) else {
                return Played::Done;
            };
            self.advance(now, step, stage);
        }
    }

    fn advance(&mut self, now: Instant, step: &Step, stage: &mut Stage<'_>) {
        let settle = Duration::from_millis(u64::from(step.settle_ms))
            * u32::from(stage.settle_percent)
            / 100;
        match step.action {
            Action::RailOn => {
                stage.out.rail(true);
                self.next_step(now + settle);
            }
            Action::Reset { asserted } => {
                stage.out.reset_line(asserted);
                self.next_step(now + settle);
            }
            Action::ExpectChips { .. } => self.ask(now, stage),
            _ => match step.command(stage.profile, stage.shape, self.command) {
                Some(command) => {
                    self.command += 1;
                    self.send(now, &command, stage);
                    // A step without settle time leaves in one go; the link keeps order.
                    let wait = if settle.is_zero() {
                        now
                    } else {
                        self.line_free + settle
                    };
                    self.wait = Wait::Until(wait);
                    self.settle = settle;
                }
                None => {
                    if let Action::Baud = step.action {
                        let rate = stage.profile.baud_writes(stage.shape.baud);
                        let rate = rate.map_or(baud::RESET_BITS_PER_S, |w| w.bits_per_s);
                        *stage.bits_per_s = rate;
                        stage.out.link(LinkOp::SetBaud { bits_per_s: rate });
                    }
                    self.next_step(now);
                }
            },
        }
    }

    fn next_step(&mut self, at: Instant) {
        self.step += 1;
        self.command = 0;
        self.wait = Wait::Until(at);
        self.settle = Duration::ZERO;
    }

    fn send(&mut self, now: Instant, command: &protocol::Command, stage: &mut Stage<'_>) {
        let (op, time) = stage.wire.command(command, *stage.bits_per_s);
        stage.out.link(op);
        self.line_free = self.line_free.max(now) + time * stage.wire.in_turn();
    }

    fn ask(&mut self, now: Instant, stage: &mut Stage<'_>) {
        let Some(step) = self.steps.get(self.step) else {
            return;
        };
        let Action::ExpectChips { within_ms } = step.action else {
            return;
        };
        if let Some(command) = step.command(stage.profile, stage.shape, 0) {
            self.send(now, &command, stage);
        }
        let (best, questions) = match &self.wait {
            Wait::Answers(a) => (a.best.max(a.count), a.questions),
            Wait::Until(_) => (0, 0),
        };
        self.wait = Wait::Answers(Answers {
            deadline: self.line_free + Duration::from_millis(u64::from(within_ms)),
            last: None,
            count: 0,
            best,
            wrong: 0,
            wrong_id: 0,
            questions: questions + 1,
        });
    }
}

/// Settle times of the bring-up in `percent` of what is prescribed, and the time that its
/// commands and a whole board's answers take on the chips' line.
pub(super) fn prescribed(
    profile: &Profile,
    shape: &Shape,
    wire: &Wire,
    percent: u32,
) -> (Duration, Duration) {
    let (mut settle, mut on_wire) = (Duration::ZERO, Duration::ZERO);
    let mut bits_per_s = baud::RESET_BITS_PER_S;
    for step in profile.bring_up {
        let each = Duration::from_millis(u64::from(step.settle_ms)) * percent / 100;
        if matches!(step.action, Action::RailOn | Action::Reset { .. }) {
            settle += each;
        }
        // Bounded: a step has at most a few commands per address.
        for i in 0.. {
            let Some(command) = step.command(profile, shape, i) else {
                break;
            };
            on_wire += wire.command(&command, bits_per_s).1;
            settle += each;
        }
        match step.action {
            Action::ExpectChips { .. } => {
                let bits = profile.response.bytes() as u64 * 10 * u64::from(shape.chips);
                let answers = bits * 1_000_000_000 / u64::from(bits_per_s);
                on_wire += Duration::from_nanos(answers);
            }
            Action::Baud => {
                let writes = profile.baud_writes(shape.baud);
                bits_per_s = writes.map_or(bits_per_s, |w| w.bits_per_s.max(1));
            }
            _ => {}
        }
    }
    (settle, on_wire)
}

enum End {
    AskAgain,
    Wrong(u16),
    None,
    Found(u16),
}

impl Answers {
    /// When counting ends if nothing more arrives.
    fn due(&self, shape: &Shape) -> Instant {
        match self.last {
            Some(last) if self.count >= shape.chips => {
                (last + QUIET_AFTER_ANSWERS).min(self.deadline)
            }
            Some(last) => (last + QUIET_AFTER_SOME).min(self.deadline),
            None => self.deadline,
        }
    }

    fn end(&self, shape: &Shape) -> End {
        let best = self.best.max(self.count);
        // Most answers decide: noise passes the checksum once in a while.
        if self.wrong > self.count {
            return End::Wrong(self.wrong_id);
        }
        if best < shape.chips && self.questions < QUESTIONS {
            return End::AskAgain;
        }
        match best {
            0 => End::None,
            n => End::Found(n),
        }
    }
}
