//! Commands and work become exchanges, what came in becomes answers.
//!
//! Each chip has jobs of its own: the codec gives work to the chip whose turn it is, in
//! proportion to good cores, and remembers under which wire id each of a chip's job ids went.

use std::collections::VecDeque;

use hal::{COMMAND_FRAME_MAX, Frame, LinkOp, WORK_FRAME_MAX};
use protocol::spi::{
    self, Answer, BLOCK_MAX, Command, Profile, Strategy, answer_at, decode, encode_job,
};
use units::{Duration, Megahertz, Nonce, TicketDifficulty, WireJobId, WorkItem};

/// Wire ids at most: the byte has no more, and the last names work that nobody gave.
const WIRE_IDS_MAX: u16 = 255;
/// Id of work that nobody gave: a result that names it is counted as an error.
const NOBODY: WireJobId = WireJobId(255);
/// Commands of which the echo is still awaited. One at a time is sent in a bring-up, and in
/// mining two at most; the oldest is forgotten.
const ECHOES_MAX: usize = 32;
/// Turns are counted in parts that all numbers of cores divide nearly evenly.
const TURN: u64 = 1 << 20;
/// Share of the bus that polls may take: one part of so many.
const POLL_SHARE: u32 = 4;
/// Job ids of a chip: four bits.
const JOB_IDS: usize = 16;

/// What a chain said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::chain) enum Heard {
    /// A nonce.
    Nonce {
        wire: WireJobId,
        slot: u8,
        nonce: Nonce,
    },
    /// An answer to a command.
    Answer(Answer),
}

/// One chain's link.
pub(in crate::chain) struct Codec {
    profile: &'static Profile,
    /// Chips counted; `None` before.
    counted: Option<u16>,
    chips: Vec<Chip>,
    /// The chip that was given work under each wire id last.
    chip_of: Vec<u16>,
    /// Bytes 5 to 7 of the blocks that are written.
    pub(super) configuration: [u8; 3],
    ticket: TicketDifficulty,
    echoes: VecDeque<Answer>,
    heard: Vec<Heard>,
    /// Undamaged answers, also those that say that there is no result.
    good: u64,
    damaged: u64,
    /// Damaged frames that the link counted.
    dropped: u64,
}

#[derive(Clone, Debug)]
struct Chip {
    /// Good cores; 0 gets no work.
    cores: u8,
    /// Work that it had so far, in parts of its cores.
    turn: u64,
    /// Id of its last job.
    id: u8,
    wires: [WireJobId; JOB_IDS],
}

const FRESH: Chip = Chip {
    cores: 0,
    turn: 0,
    id: 0,
    wires: [NOBODY; JOB_IDS],
};

impl Codec {
    pub(in crate::chain) fn new(profile: &'static Profile, ticket: TicketDifficulty) -> Self {
        Codec {
            profile,
            counted: None,
            chips: Vec::new(),
            chip_of: vec![u16::MAX; usize::from(WIRE_IDS_MAX) + 1],
            configuration: [0; 3],
            ticket,
            echoes: VecDeque::new(),
            heard: Vec::new(),
            good: 0,
            damaged: 0,
            dropped: 0,
        }
    }

    /// Wire ids for a board of so many chips: as many for each as a chip has job ids.
    pub(in crate::chain) fn wire_ids(profile: &Profile, chips: u16) -> u8 {
        let each = (WIRE_IDS_MAX / chips.max(1)).clamp(1, u16::from(profile.job_ids));
        u8::try_from((each * chips).min(WIRE_IDS_MAX)).unwrap_or(u8::MAX)
    }

    /// Forget everything: the chips lost power.
    pub(in crate::chain) fn reset(&mut self) {
        self.counted = None;
        self.chips.clear();
        self.echoes.clear();
        self.heard.clear();
        self.configuration = [0; 3];
    }

    /// Jobs that chips had are void, those that wait in them too: the command that makes them
    /// forget.
    pub(in crate::chain) fn flushed(&mut self, clock_hz: u32) -> LinkOp {
        for chip in &mut self.chips {
            chip.turn = 0;
        }
        let forget = Command::Reset {
            chip: 0,
            strategy: Strategy::Jobs,
        };
        self.command(&forget, clock_hz).0
    }

    /// Midstates of each job.
    pub(in crate::chain) fn midstates(&self) -> u8 {
        self.profile.midstates()
    }

    /// So many chips were counted.
    pub(super) fn set_chips(&mut self, chips: u16) {
        self.counted = Some(chips);
        self.chips = vec![FRESH; usize::from(chips)];
    }

    /// A chip has so many good cores.
    pub(super) fn set_cores(&mut self, place: u16, cores: u8) {
        if let Some(chip) = self.chips.get_mut(usize::from(place)) {
            chip.cores = cores;
        }
    }

    /// Chips that get work.
    pub(in crate::chain) fn working(&self) -> u16 {
        let working = self.chips.iter().filter(|c| c.cores > 0);
        u16::try_from(working.count()).unwrap_or(u16::MAX)
    }

    /// Good cores of the chips that get work, as a share of what so many chips have.
    pub(in crate::chain) fn share(&self) -> f64 {
        let cores: u32 = self.chips.iter().map(|c| u32::from(c.cores)).sum();
        let all = u32::from(self.profile.cores) * u32::from(self.working());
        f64::from(cores) / f64::from(all.max(1))
    }

    /// Chips on the way, as far as it is known.
    fn length(&self) -> u16 {
        self.counted.unwrap_or(spi::CHIPS_MAX)
    }

    fn clocked(&self, command: &Command, sent: usize) -> usize {
        let answer = command.answer_bytes(self.profile);
        sent.max(answer_at(command.chip(), self.length()) + answer)
    }

    /// What the exchange of a command holds.
    fn frame(&self, command: &Command) -> Frame<COMMAND_FRAME_MAX> {
        let bytes = command.encode(self.profile);
        let frame = exchange(self.clocked(command, bytes.len()), &bytes);
        frame.expect("the longest command has 16 bytes and a frame holds 18")
    }

    /// The operation that sends a command, and how long its exchange takes.
    pub(in crate::chain) fn command(
        &mut self,
        command: &Command,
        clock_hz: u32,
    ) -> (LinkOp, Duration) {
        if let Some(echo) = echo(self.profile, command) {
            if self.echoes.len() >= ECHOES_MAX {
                self.echoes.pop_front();
            }
            self.echoes.push_back(echo);
        }
        let time = self.time(command, clock_hz);
        (LinkOp::Command(self.frame(command)), time)
    }

    /// How long the exchange of a command takes.
    pub(in crate::chain) fn time(&self, command: &Command, clock_hz: u32) -> Duration {
        let sent = command.encode(self.profile).len();
        exchange_time(clock_hz, self.clocked(command, sent))
    }

    /// How long a job of the chip in the middle takes on a bus on which polls have their share.
    pub(in crate::chain) fn job_time(&self, clock_hz: u32) -> Duration {
        let way = usize::from(self.length());
        let alone = exchange_time(clock_hz, self.profile.job_bytes() + way);
        alone * POLL_SHARE / (POLL_SHARE - 1)
    }

    /// The operation that makes the link ask for results; zero stops it. A slow bus is left
    /// room for other things.
    pub(in crate::chain) fn poll(&self, every: Duration, clock_hz: u32) -> LinkOp {
        let frame = self.frame(&Command::ReadResult);
        let least = self.time(&Command::ReadResult, clock_hz) * POLL_SHARE;
        let every = if every.is_zero() {
            every
        } else {
            every.max(least)
        };
        LinkOp::SetPoll { frame, every }
    }

    /// The command that orders a frequency, and what it gives.
    pub(in crate::chain) fn frequency(&self, wanted: Megahertz) -> Option<(Command, Megahertz)> {
        let setting = self.profile.pll.solve(wanted)?;
        let block = self.profile.block(&setting, self.configuration);
        Some((Command::Write { chip: 0, block }, setting.frequency))
    }

    /// The command that fits the sensor's clock to a frequency, where there is one.
    pub(in crate::chain) fn sensor_clock(&self, frequency: Megahertz) -> Option<Command> {
        let block = self.profile.second_block(frequency)?;
        Some(Command::WriteSecond { chip: 0, block })
    }

    /// The operation that queues work for the chip whose turn it is; `None` for work of the
    /// wrong kind, or if no chip takes any.
    pub(in crate::chain) fn work(&mut self, wire: WireJobId, item: &WorkItem) -> Option<LinkOp> {
        let waiting = self.chips.iter().enumerate().filter(|(_, c)| c.cores > 0);
        let (place, _) = waiting.min_by_key(|(_, c)| c.turn)?;
        let chip = self.chips.get_mut(place)?;
        let id = chip.id % self.profile.job_ids.max(1) + 1;
        let number = u8::try_from(place + 1).ok()?;
        let job = encode_job(self.profile, number, id, item, self.ticket)?;
        // Far enough to reach the chip, and for the older chip's answer.
        let way = answer_at(number, self.counted.unwrap_or(0)) + 2;
        let clocked = (job.len() + 2 * place).max(way);
        let frame: Frame<WORK_FRAME_MAX> = exchange(clocked, &job)?;
        chip.id = id;
        chip.turn += TURN / u64::from(chip.cores);
        chip.wires[usize::from(id) % JOB_IDS] = wire;
        if let Some(of) = self.chip_of.get_mut(usize::from(wire.0)) {
            *of = place as u16;
        }
        Some(LinkOp::Work(frame))
    }

    /// The place of the chip that was given work under this id last; past the chain's end if
    /// none was.
    pub(in crate::chain) fn chip_of(&self, wire: WireJobId) -> u16 {
        self.chip_of
            .get(usize::from(wire.0))
            .copied()
            .unwrap_or(u16::MAX)
    }

    /// What came in during one exchange. Bytes that no answer explains count as one damaged
    /// frame, however many they are.
    pub(in crate::chain) fn words(&mut self, bytes: &[u8]) {
        let (mut at, mut garbage) = (0, false);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.iter().take(2).all(|b| *b == 0) {
                at += 2;
                continue;
            }
            match decode(self.profile, rest) {
                Ok((answer, taken)) if self.takes(&answer) => {
                    self.good += 1;
                    at += taken;
                }
                Ok(_) | Err(_) => {
                    garbage = true;
                    at += 2;
                }
            }
        }
        self.damaged += u64::from(garbage);
    }

    /// An answer that can be: results and blocks have chips, the rest was asked for.
    fn takes(&mut self, answer: &Answer) -> bool {
        let heard = match *answer {
            Answer::NoResult => return true,
            Answer::Result {
                chip,
                job,
                slot,
                nonce,
            } => {
                let place = usize::from(chip).wrapping_sub(1);
                let Some(chip) = self.chips.get(place) else {
                    return false;
                };
                let wire = chip.wires[usize::from(job) % JOB_IDS];
                Heard::Nonce { wire, slot, nonce }
            }
            Answer::Block { chip, .. } => {
                if chip == 0 || u16::from(chip) > self.length() {
                    return false;
                }
                Heard::Answer(*answer)
            }
            // An older chip's word that a job came.
            Answer::Echo { command: 0x7, .. } => return true,
            Answer::Count(_) | Answer::Reset { .. } | Answer::Echo { .. } => {
                let matches = |echo: &Answer| same_echo(echo, answer);
                let Some(place) = self.echoes.iter().position(matches) else {
                    return false;
                };
                self.echoes.remove(place);
                Heard::Answer(*answer)
            }
        };
        self.heard.push(heard);
        true
    }

    pub(in crate::chain) fn take_heard(&mut self) -> Vec<Heard> {
        core::mem::take(&mut self.heard)
    }

    pub(in crate::chain) fn take_good(&mut self) -> u64 {
        core::mem::take(&mut self.good)
    }

    /// The link dropped frames.
    pub(in crate::chain) fn dropped(&mut self, frames: u32) {
        self.dropped += u64::from(frames);
    }

    pub(in crate::chain) fn damaged(&self) -> u64 {
        self.damaged + self.dropped
    }
}

fn exchange<const MAX: usize>(clocked: usize, sent: &[u8]) -> Option<Frame<MAX>> {
    let clocked = u16::try_from(clocked).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(2 + sent.len());
    bytes.extend(clocked.to_be_bytes());
    bytes.extend(sent);
    Frame::new(&bytes)
}

fn exchange_time(clock_hz: u32, bytes: usize) -> Duration {
    Duration::from_nanos(bytes as u64 * 8_000_000_000 / u64::from(clock_hz.max(1)))
}

/// What comes back for a command that nothing else guards.
fn echo(profile: &Profile, command: &Command) -> Option<Answer> {
    let nothing = |command| Answer::Echo {
        command,
        chip: 0,
        block: [0; BLOCK_MAX],
    };
    let written = |command, chip, block: [u8; BLOCK_MAX]| {
        let mut came = [0; BLOCK_MAX];
        let bytes = profile.block_bytes();
        came[..bytes].copy_from_slice(&block[..bytes]);
        Answer::Echo {
            command,
            chip,
            block: came,
        }
    };
    Some(match *command {
        Command::BistStart => Answer::Count(0),
        Command::BistCollect => nothing(0xb),
        Command::BistFix => nothing(0x3),
        Command::Reset { chip, strategy } => Answer::Reset {
            chip,
            kind: 0,
            strategy: strategy.byte(),
        },
        Command::Write { chip, block } => written(0x9, chip, block),
        Command::WriteSecond { chip, block } => written(0xd, chip, block),
        Command::Read { .. } | Command::ReadResult => return None,
    })
}

/// Counts and kinds are what is asked for.
fn same_echo(expected: &Answer, came: &Answer) -> bool {
    match (expected, came) {
        (Answer::Count(_), Answer::Count(_)) => true,
        (
            Answer::Reset { chip, strategy, .. },
            Answer::Reset {
                chip: from,
                strategy: what,
                ..
            },
        ) => (chip, strategy) == (from, what),
        (expected, came) => expected == came,
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
