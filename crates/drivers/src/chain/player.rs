//! Runs a list of steps: each command in order, each settle time kept, answers counted.

use hal::LinkOp;
use protocol::{Action, ChainResponse, Command, Profile, Shape, Step, To, baud, register};
use units::{
    Duration, Header, HostVersions, Instant, JobKey, Midstate, Rolling, WireJobId, WorkId, WorkItem,
};

use super::census::{Answers, Census, End, RollCall};
use super::outbox::Outbox;
use super::wire::Serial;

/// Time between two of the jobs that open cores. Assumed: each raises the board's current
/// by that of one core per chip, and the supply shall follow; 114 of them take 2.3 s.
const OPEN_EVERY: Duration = Duration::from_millis(20);
/// How much longer than planned the link may take to send these jobs.
const OPEN_PATIENCE: Duration = Duration::from_secs(1);
/// How long hash power may take. A supply is kept off for half a minute before it is
/// switched on again, and sets its voltage and its boards' controllers within seconds.
pub(super) const POWER_WITHIN: Duration = Duration::from_secs(90);
/// How long a roll call waits for its first answer.
const ROLL_CALL: Duration = Duration::from_millis(500);

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
    /// Hash power did not come.
    NoPower,
}

/// Everything that a list acts on.
pub(super) struct Stage<'a> {
    pub(super) profile: &'static Profile,
    pub(super) shape: &'a Shape,
    pub(super) wire: &'a mut Serial,
    pub(super) out: &'a mut Outbox,
    pub(super) settle_percent: u8,
    /// What the host speaks; changed by a baud step.
    pub(super) bits_per_s: &'a mut u32,
    /// Who is there; set by a counting step.
    pub(super) census: &'a mut Census,
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
    /// Hash power was asked for; it settles once it is there.
    Power {
        until: Instant,
        settle: Duration,
    },
    Answers(Answers),
    RollCall(RollCall),
    /// The link sends the jobs that open cores.
    Opening {
        until: Instant,
        settle: Duration,
    },
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

    /// Hash power is there.
    pub(super) fn powered(&mut self, now: Instant) {
        if let Wait::Power { settle, .. } = self.wait {
            self.next_step(now + settle);
        }
    }

    /// An answer to a read.
    pub(super) fn response(&mut self, now: Instant, profile: &Profile, response: &ChainResponse) {
        match &mut self.wait {
            Wait::Answers(answers) => answers.response(now, profile, response),
            Wait::RollCall(roll) => roll.response(now, response),
            Wait::Until(_) | Wait::Power { .. } | Wait::Opening { .. } => {}
        }
    }

    /// The link's queue has moved.
    pub(super) fn work_moved(&mut self, now: Instant, queued: u16) {
        if let Wait::Opening { until, settle } = self.wait
            && queued == 0
        {
            let at = until.min(now + settle);
            self.next_step(at);
        }
    }

    pub(super) fn deadline(&self, shape: &Shape) -> Instant {
        match &self.wait {
            Wait::Until(at) => *at,
            Wait::Answers(a) => a.due(shape),
            Wait::RollCall(r) => r.due(),
            Wait::Power { until, .. } | Wait::Opening { until, .. } => *until,
        }
    }

    /// Go as far as time and answers allow.
    pub(super) fn play(&mut self, now: Instant, stage: &mut Stage<'_>) -> Played {
        // Bounded: every turn sends a command, ends a step, or returns.
        loop {
            match &mut self.wait {
                Wait::Until(at) if *at > now => return Played::Waiting,
                Wait::Answers(a) if a.due(stage.shape) > now => return Played::Waiting,
                Wait::RollCall(r) if r.due() > now => return Played::Waiting,
                Wait::Opening { until, .. } | Wait::Power { until, .. } if *until > now => {
                    return Played::Waiting;
                }
                Wait::Power { .. } => return Played::NoPower,
                Wait::Until(_) => {}
                Wait::Opening { .. } => self.next_step(now),
                Wait::RollCall(roll) => match roll.silent(stage.shape, stage.census) {
                    None => {
                        self.call_roll(now, stage);
                        continue;
                    }
                    Some(silent) => {
                        stage.census.silent = silent;
                        self.next_step(now);
                    }
                },
                Wait::Answers(answers) => match answers.end(stage.shape) {
                    End::AskAgain => {
                        self.ask(now, stage);
                        continue;
                    }
                    End::Wrong(id) => return Played::WrongChip(id),
                    End::None => return Played::NoChip,
                    End::Found(census) => {
                        *stage.census = census;
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
                stage.out.power(true);
                let until = now + POWER_WITHIN;
                self.wait = Wait::Power { until, settle };
            }
            Action::Reset { asserted } => {
                stage.out.reset_line(asserted);
                self.next_step(now + settle);
            }
            Action::ExpectChips { .. } => self.ask(now, stage),
            Action::Pause => self.next_step(now + settle),
            Action::OpenCores { jobs, midstates } => {
                self.open_cores(now, jobs, midstates, settle, stage);
            }
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
                None if self.calls_roll(step, stage) => self.call_roll(now, stage),
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

    fn send(&mut self, now: Instant, command: &Command, stage: &mut Stage<'_>) {
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
        let before = match &self.wait {
            Wait::Answers(answers) => Some(answers),
            _ => None,
        };
        let deadline = self.line_free + Duration::from_millis(u64::from(within_ms));
        self.wait = Wait::Answers(Answers::new(deadline, before, stage.shape));
    }

    /// Addresses have just been given out on a chain that did not answer as it should.
    fn calls_roll(&self, step: &Step, stage: &Stage<'_>) -> bool {
        let addressed = matches!(step.action, Action::SetAddresses | Action::AddressChips);
        addressed && stage.census.answered() != stage.shape.chips
    }

    fn call_roll(&mut self, now: Instant, stage: &mut Stage<'_>) {
        let question = Command::ReadRegister {
            to: To::All,
            reg: register::CHIP_ID,
        };
        self.send(now, &question, stage);
        let before = match &self.wait {
            Wait::RollCall(roll) => Some(roll),
            _ => None,
        };
        self.wait = Wait::RollCall(RollCall::new(self.line_free + ROLL_CALL, before));
    }

    /// Puts the jobs that open cores into the link's queue and waits until they have left.
    fn open_cores(
        &mut self,
        now: Instant,
        jobs: u8,
        midstates: u8,
        settle: Duration,
        stage: &mut Stage<'_>,
    ) {
        let item = open_core_work(midstates);
        let every = OPEN_EVERY * u32::from(stage.settle_percent) / 100;
        let every = every.max(Duration::from_millis(1));
        stage.out.link(LinkOp::SetWorkPeriod(every));
        for _ in 0..jobs {
            // A chip that has no such work is one whose table is wrong: nothing is sent.
            if let Some(op) = stage.wire.work(stage.profile, WireJobId(0), &item) {
                stage.out.link(op);
            }
        }
        self.wait = Wait::Opening {
            until: now + every * u32::from(jobs) + OPEN_PATIENCE + settle,
            settle,
        };
    }
}

/// Work that enables a core instead of hashing: its bit 0 of nbits is what counts
/// (published, bosminer; real chips answered such work, as captured).
fn open_core_work(midstates: u8) -> WorkItem {
    let none = [Midstate::default(); 4];
    let count = usize::from(midstates.clamp(1, 4));
    let mut merkle_root = [0; 32];
    merkle_root[28..].fill(0xff);
    WorkItem {
        id: WorkId::default(),
        job: JobKey::default(),
        extranonce2: 0,
        header: Header {
            merkle_root,
            nbits: 0xffff_ffff,
            ..Header::default()
        },
        rolling: match HostVersions::new(&[0; 4][..count], &none[..count]) {
            Some(versions) => Rolling::Host(versions),
            None => Rolling::Chip { mask: 0 },
        },
    }
}

/// Settle times of the bring-up in `percent` of what is prescribed, and the time that its
/// commands and a whole board's answers take on the chips' line.
pub(super) fn prescribed(
    profile: &Profile,
    shape: &Shape,
    wire: &Serial,
    percent: u32,
) -> (Duration, Duration) {
    let (mut settle, mut on_wire) = (Duration::ZERO, Duration::ZERO);
    let mut bits_per_s = baud::RESET_BITS_PER_S;
    for step in profile.bring_up {
        let each = Duration::from_millis(u64::from(step.settle_ms)) * percent / 100;
        match step.action {
            Action::RailOn | Action::Reset { .. } | Action::Pause => settle += each,
            Action::OpenCores { jobs, .. } => {
                settle += each + OPEN_EVERY * u32::from(jobs) * percent / 100;
            }
            _ => {}
        }
        // Bounded: a step has at most a few commands per address.
        for i in 0.. {
            let Some(command) = step.command(profile, shape, i) else {
                break;
            };
            on_wire += wire.time(&command, bits_per_s);
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
