//! A scripted chain: answers reads, swallows work at the ordered pace, returns nonces at
//! a rate that a test chooses. It knows frames only as far as this needs.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::VecDeque;

use board_support::{Hashboard, LinkKind};
use drivers::{Chain, ChainConfig, Effect, Input};
use hal::{BoardEvent, BoardOp, LinkEvent, LinkOp, Order};
use protocol::{Command, Profile, ResponseLength, To, crc, register};
use telemetry::{Code, Note};
use units::{
    ChainSlot, Duration, Header, HostVersions, Instant, JobKey, Midstate, Nonce, NonceReport, Rng,
    Rolling, WireJobId, WorkId, WorkItem,
};

pub(crate) const SLOT: ChainSlot = ChainSlot(1);

pub(crate) fn s19_pro() -> ChainConfig {
    config("bm1398", LinkKind::FpgaFifo, 114, 38, 525.0, 12_500_000)
}

pub(crate) fn s21_pro() -> ChainConfig {
    config("bm1370", LinkKind::Uart, 65, 13, 600.0, 3_125_000)
}

pub(crate) fn config(
    chip: &str,
    link: LinkKind,
    chips: u16,
    domains: u16,
    frequency_mhz: f64,
    baud: u32,
) -> ChainConfig {
    ChainConfig {
        slot: SLOT,
        hashboard: Hashboard {
            id: "test".into(),
            name: "test".into(),
            chip: chip.into(),
            chips,
            domains,
            address_interval: 2,
            frequency_mhz,
            frequency_max_mhz: 700.0,
            voltage_start_mv: None,
            voltage_mv: None,
            baud,
            ticket_difficulty: 256,
        },
        link,
        settle_percent: 100,
        thinning: 1,
    }
}

/// What the scripted side does.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Chips that answer.
    pub(crate) chips: u16,
    /// Places whose chip forwards everything and says nothing.
    pub(crate) dead: Vec<u16>,
    /// What registers of single chips read, one value after the other and the last for
    /// good; by place and register.
    pub(crate) registers: Vec<((u16, u8), Vec<u32>)>,
    /// Sensors behind chips, whose relay is no register of `registers`.
    pub(crate) relayed: Vec<Relayed>,
    /// Places whose chip has another identity.
    pub(crate) foreign: Vec<(u16, u32)>,
    /// Answers lost at the first reads, one number per read.
    pub(crate) lost_answers: Vec<u16>,
    /// For each question for all chips' ids, by how much later than usual its answers come.
    pub(crate) late_answers: Vec<Duration>,
    /// What they answer with.
    pub(crate) id: u32,
    /// Nonces returned, relative to what the driver expects.
    pub(crate) rate: f64,
    /// Share of verdicts that are hw errors.
    pub(crate) wrong: f64,
    /// Work items that the engine has; `None` for no end of them.
    pub(crate) has_work: bool,
    /// Hash power comes when it is asked for.
    pub(crate) power: bool,
    /// A hashboard is plugged in; `None` for a board that does not say.
    pub(crate) plugged: Option<bool>,
    /// Its plug cannot be read: the errno.
    pub(crate) plug_errno: Option<i32>,
    /// Versions in each host-rolled item.
    pub(crate) midstates: usize,
    /// Mask in each chip-rolled item.
    pub(crate) mask: u32,
    /// The link tells 1 ms after each command that it has left, and how many it has not
    /// counted; `None` for a link that does not tell.
    pub(crate) uncounted: Option<u64>,
}

/// A sensor behind a chip: it measures two temperatures, and shows them in the range that it was
/// told a while ago.
#[derive(Clone, Debug)]
pub(crate) struct Relayed {
    pub(crate) place: u16,
    /// The chip's register that relays.
    pub(crate) master: u8,
    pub(crate) local_c: f64,
    pub(crate) remote_c: f64,
    /// What both temperatures show whatever they are and in any range.
    pub(crate) broken: Option<u8>,
    /// What the temperature shows once.
    pub(crate) glitch: Option<u8>,
    pub(crate) configuration: u8,
    pub(crate) rate: u8,
    /// It takes what is written to it.
    pub(crate) obeys: bool,
    /// From a write to the configuration until it counts.
    pub(crate) converts: Duration,
    /// The next order to read this register gets lost.
    pub(crate) loses: Option<u8>,
    /// Everything that it was ordered.
    pub(crate) orders: Vec<(Instant, u32)>,
    /// The range before the configuration was written, and when that was.
    before: (bool, Instant),
    shown: u32,
}

impl Relayed {
    pub(crate) fn at(place: u16, master: u8, c: f64) -> Self {
        Relayed {
            place,
            master,
            local_c: c,
            remote_c: c,
            broken: None,
            glitch: None,
            configuration: 0,
            rate: 8,
            obeys: true,
            converts: Duration::from_micros(62_500),
            loses: None,
            orders: Vec::new(),
            before: (false, Instant::ZERO),
            shown: 0,
        }
    }

    /// It has lost its power for a moment.
    pub(crate) fn power_on(&mut self) {
        self.configuration = 0;
        self.before.0 = false;
    }

    fn extended(&self, now: Instant) -> bool {
        let (before, at) = self.before;
        match now.since(at) >= self.converts {
            true => self.configuration & 4 != 0,
            false => before,
        }
    }

    fn order(&mut self, now: Instant, word: u32) {
        self.orders.push((now, word));
        let [_, device, register, data] = word.to_be_bytes();
        let reads = device & 1 == 0;
        if reads && self.loses == Some(register) {
            self.loses = None;
            return;
        }
        let found = match (device & 0xfe, reads) {
            (0x98, true) => self.register(now, register),
            (0x98, false) => {
                if self.obeys && register == 0x09 {
                    self.before = (self.extended(now), now);
                    self.configuration = data;
                }
                data
            }
            _ => 0xff,
        };
        self.shown = word & 0xffff_ff00 | u32::from(found);
    }

    fn register(&mut self, now: Instant, register: u8) -> u8 {
        let c = match register {
            0x00 | 0x15 => self.local_c,
            0x01 | 0x10 => self.remote_c,
            0x03 => return self.configuration,
            0x04 => return self.rate,
            _ => return 0,
        };
        let (by, most) = match self.extended(now) {
            true => (64.0, 255.9),
            false => (0.0, 127.9),
        };
        let c = (c + by).clamp(0.0, most);
        let degrees = c.floor();
        if register >= 0x10 {
            return ((c - degrees) * 16.0) as u8 * 16;
        }
        self.glitch.take().or(self.broken).unwrap_or(degrees as u8)
    }
}

/// Everything that left the driver, with its time.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Sent {
    Command(Vec<u8>),
    Baud(u32),
    Period(Duration),
    Flush,
    Work(Vec<u8>),
    Rail(bool),
    Reset(bool),
    Lost,
}

pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) now: Instant,
    pub(crate) script: Script,
    pub(crate) sent: Vec<(Instant, Sent)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) nonces: Vec<NonceReport>,
    pub(crate) asks: Vec<(Instant, u16)>,
    /// Least and most frames seen waiting since the first job left.
    pub(crate) depth: Option<(usize, usize)>,
    pub(crate) starved: u32,
    uart: bool,
    profile: &'static Profile,
    interval: u8,
    /// Chips were told to roll versions.
    rolls: bool,
    /// Addresses were given out.
    addressed: bool,
    wanted: u16,
    answers: VecDeque<(Instant, LinkEvent)>,
    queue: VecDeque<Vec<u8>>,
    period: Duration,
    next_work: Instant,
    left: u64,
    next_nonce: Option<Instant>,
    /// Nonces per second at which it was drawn.
    drawn_at: f64,
    serial: u64,
    rng: Rng,
    keep_work: bool,
}

impl Bench {
    pub(crate) fn new(config: ChainConfig, seed: u64) -> Bench {
        let profile = protocol::profile(&config.hashboard.chip).expect("a known chip");
        Bench {
            script: Script {
                chips: config.hashboard.chips,
                dead: Vec::new(),
                registers: Vec::new(),
                relayed: Vec::new(),
                foreign: Vec::new(),
                lost_answers: Vec::new(),
                late_answers: Vec::new(),
                id: u32::from(profile.id) << 16,
                rate: 1.0,
                wrong: 0.0,
                has_work: true,
                power: true,
                plugged: Some(true),
                plug_errno: None,
                midstates: 4,
                mask: 0x1fff_e000,
                uncounted: None,
            },
            uart: config.link == LinkKind::Uart,
            profile,
            interval: config.hashboard.address_interval,
            rolls: false,
            addressed: false,
            chain: Chain::new(config).expect("good configuration"),
            now: Instant::ZERO,
            sent: Vec::new(),
            notes: Vec::new(),
            nonces: Vec::new(),
            asks: Vec::new(),
            depth: None,
            starved: 0,
            wanted: 0,
            answers: VecDeque::new(),
            queue: VecDeque::new(),
            period: Duration::ZERO,
            next_work: Instant::ZERO,
            left: 0,
            next_nonce: None,
            drawn_at: 0.0,
            serial: 0,
            rng: Rng::new(seed),
            keep_work: false,
        }
    }

    /// Remember work frames too.
    pub(crate) fn keeping_work(mut self) -> Self {
        self.keep_work = true;
        self
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.chain.handle(self.now, input);
        self.settle();
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(end, |_| false);
    }

    /// Runs until `done` or `end`; says whether it was done.
    pub(crate) fn run_until(&mut self, end: Instant, done: impl Fn(&Bench) -> bool) -> bool {
        for _ in 0..20_000_000 {
            if done(self) {
                return true;
            }
            let due = [
                self.chain.next_deadline(),
                self.answers.front().map(|a| a.0),
                (!self.queue.is_empty() && !self.period.is_zero()).then_some(self.next_work),
                self.next_nonce,
            ];
            let next = due.into_iter().flatten().min().unwrap_or(Instant::NEVER);
            if next > end {
                self.now = end;
                return done(self);
            }
            self.now = self.now.max(next);
            self.turn();
        }
        panic!("the driver asks to be woken without end at {:?}", self.now);
    }

    fn turn(&mut self) {
        if self.answers.front().is_some_and(|a| a.0 <= self.now) {
            let (_, event) = self.answers.pop_front().expect("looked");
            self.input(Input::Link(event));
        }
        if !self.queue.is_empty() && !self.period.is_zero() && self.next_work <= self.now {
            self.queue.pop_front();
            self.left += 1;
            self.next_work = self.now + self.period;
            let queued = self.queue.len() as u16;
            self.starved += u32::from(queued == 0 && self.left > 1);
            let sent = self.left;
            self.input(Input::Link(LinkEvent::Work { queued, sent }));
        }
        self.turn_nonce();
        if self.chain.next_deadline().is_some_and(|d| d <= self.now) {
            self.input(Input::Wake);
        }
    }

    /// Nonces come as a Poisson process at the model's rate times the script's.
    fn turn_nonce(&mut self) {
        let ticket = self.chain.needs().ticket.value() as f64;
        let per_s = self.chain.nominal().hs() / (ticket * 2f64.powi(32)) * self.script.rate;
        if per_s <= 0.0 {
            self.next_nonce = None;
            return;
        }
        let mean = Duration::from_secs_f64(1.0 / per_s);
        // A Poisson process has no memory: at another rate the wait is drawn anew.
        let same_rate = per_s == self.drawn_at;
        self.drawn_at = per_s;
        match self.next_nonce {
            Some(at) if at > self.now && same_rate => return,
            Some(at) if at > self.now => {}
            Some(_) => {
                let nonce = self.rng.next_u32();
                self.give_nonce(nonce, 0x08, 0x0010);
            }
            None => {}
        }
        self.next_nonce = Some(self.now + self.rng.exponential(mean));
    }

    /// One nonce arrives: wire byte `job` as the chip sends it.
    pub(crate) fn give_nonce(&mut self, big_endian: u32, job: u8, counter: u16) {
        let event = if self.uart {
            let mut body = big_endian.to_be_bytes().to_vec();
            body.extend([0, job]);
            body.extend(counter.to_be_bytes());
            LinkEvent::Bytes(self.frame(4, &body))
        } else {
            LinkEvent::Record {
                head: 0x8000_0080 | u32::from(job) << 16 | u32::from(SLOT.0),
                data: big_endian,
            }
        };
        self.input(Input::Link(event));
    }

    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(effect) = self.chain.next_effect() {
                self.carry(effect);
                moved = true;
            }
            while self.wanted > 0 && self.script.has_work {
                self.wanted -= 1;
                let (id, item) = self.item();
                self.chain.handle(self.now, Input::Work(id, item));
                while let Some(effect) = self.chain.next_effect() {
                    self.carry(effect);
                }
                moved = true;
            }
            if !moved {
                break;
            }
        }
        if self.left > 0 {
            let now = self.queue.len();
            let (least, most) = self.depth.unwrap_or((now, now));
            self.depth = Some((least.min(now), most.max(now)));
        }
    }

    fn item(&mut self) -> (WireJobId, WorkItem) {
        let needs = self.chain.needs();
        let n = self.serial;
        self.serial += 1;
        let id = (n % u64::from(needs.wire_id_count)) as u8 * needs.wire_id_step;
        let versions: Vec<u32> = (0..self.script.midstates as u32).collect();
        let midstates = vec![Midstate([n as u32; 8]); versions.len()];
        let rolling = match needs.rolling {
            drivers::RollingNeed::Host { .. } => {
                Rolling::Host(HostVersions::new(&versions, &midstates).expect("1, 2 or 4"))
            }
            drivers::RollingNeed::Chip { .. } => Rolling::Chip {
                mask: self.script.mask,
            },
        };
        let item = WorkItem {
            id: WorkId(n),
            job: JobKey::default(),
            extranonce2: n,
            header: Header::default(),
            rolling,
        };
        (WireJobId(id), item)
    }

    fn carry(&mut self, effect: Effect) {
        match effect {
            Effect::Link(op) => self.link(op),
            Effect::Board(op) => self.board(op),
            Effect::Power(on) => {
                (self.rolls, self.addressed) = (false, false);
                self.log(Sent::Rail(on));
                if on && self.script.power {
                    self.chain.handle(self.now, Input::Powered);
                }
            }
            Effect::Nonce(report) => {
                self.nonces.push(report);
                let ok = !self.rng.chance(self.script.wrong);
                self.chain.handle(self.now, Input::Verdict { report, ok });
            }
            Effect::WantWork(count) => {
                self.wanted = count;
                self.asks.push((self.now, count));
            }
            Effect::Reset => {
                self.wanted = 0;
                self.log(Sent::Lost);
            }
            Effect::Note(note) => self.notes.push(note),
        }
    }

    fn log(&mut self, sent: Sent) {
        self.sent.push((self.now, sent));
    }

    fn board(&mut self, op: BoardOp) {
        match op {
            BoardOp::Rail { .. } => panic!("a chain asks for power and switches nothing"),
            BoardOp::Order(Order::Reset { asserted, .. }) => self.log(Sent::Reset(asserted)),
            BoardOp::Order(order) => panic!("{order:?} is no chain's"),
            BoardOp::ReadPlug { slot } => {
                let unread = self.script.plug_errno;
                let unread = unread.map(|errno| BoardEvent::PlugUnread { slot, errno });
                let plug = |present| BoardEvent::Plug { slot, present };
                if let Some(event) = unread.or(self.script.plugged.map(plug)) {
                    self.chain.handle(self.now, Input::Board(event));
                }
            }
        }
    }

    fn link(&mut self, op: LinkOp) {
        match op {
            LinkOp::Command(frame) => {
                let bytes = frame.as_slice().to_vec();
                let preamble = self.profile.dialect.command_preamble();
                let body = bytes.strip_prefix(preamble).unwrap_or(&bytes);
                assert!(
                    body.len() < bytes.len() || !self.uart || preamble.is_empty(),
                    "preamble on a UART alone"
                );
                self.log(Sent::Command(body.to_vec()));
                if let Some(uncounted) = self.script.uncounted {
                    let left = (self.commands().len() as u64).saturating_sub(uncounted);
                    let at = self.now + Duration::from_millis(1);
                    self.answers.push_back((at, LinkEvent::Commands { left }));
                }
                match Command::decode(self.profile.dialect, body).expect("a good command") {
                    Command::ReadRegister { to: To::All, .. } => self.answer_ids(),
                    Command::ReadRegister {
                        to: To::One(address),
                        reg,
                    } => self.answer_one(address.0, reg.0),
                    Command::WriteRegister {
                        to: To::One(address),
                        reg,
                        value,
                    } => {
                        let place = u16::from(address.0 / self.interval);
                        if let Some(part) = self.relayed(place, reg.0) {
                            let now = self.now;
                            self.script.relayed[part].order(now, value);
                        }
                    }
                    Command::SetAddress(_) => self.addressed = true,
                    Command::WriteRegister { reg, .. } if reg == register::VERSION_ROLLING => {
                        self.rolls = true;
                    }
                    _ => {}
                }
            }
            LinkOp::Work(frame) => {
                let bytes = frame.as_slice().to_vec();
                if self.queue.is_empty() {
                    self.next_work = self.next_work.max(self.now);
                }
                self.queue.push_back(Vec::new());
                assert!(self.queue.len() <= 300, "credit is bounded");
                if self.keep_work {
                    self.log(Sent::Work(bytes));
                }
            }
            LinkOp::FlushWork => {
                self.queue.clear();
                self.next_work = self.now;
                self.log(Sent::Flush);
            }
            LinkOp::SetBaud { bits_per_s } => self.log(Sent::Baud(bits_per_s)),
            LinkOp::SetLead(_) | LinkOp::SetPoll { .. } => {}
            LinkOp::SetWorkPeriod(period) => {
                self.period = period;
                self.log(Sent::Period(period));
            }
        }
    }

    /// A frame as long as the chips make it now.
    fn frame(&self, kind: u8, body: &[u8]) -> Vec<u8> {
        let length = match self.rolls {
            true => self.profile.response,
            false => self.profile.response.before_rolling(),
        };
        let preamble = length.dialect().response_preamble();
        let body = &body[..length.bytes() - 1 - preamble.len()];
        let mut out = preamble.to_vec();
        out.extend_from_slice(body);
        out.push(kind << 5 | crc::crc5_response(body, kind));
        out
    }

    /// One chip's register: what the script says, or zero.
    fn answer_one(&mut self, address: u8, reg: u8) {
        let place = u16::from(address / self.interval);
        if self.script.dead.contains(&place) || place >= self.script.chips {
            return;
        }
        let key = (place, reg);
        let part = self.relayed(place, reg);
        let known = self.script.registers.iter_mut().find(|r| r.0 == key);
        let value = match (part, known) {
            (Some(part), _) => self.script.relayed[part].shown,
            (None, Some((_, values))) if values.len() > 1 => values.remove(0),
            (None, Some((_, values))) => values[0],
            (None, None) => 0,
        };
        let at = self.now + Duration::from_millis(1);
        let event = if self.uart {
            let mut body = value.to_be_bytes().to_vec();
            body.extend([address, reg, 0, 0]);
            if self.profile.response == ResponseLength::Seven {
                body[4..6].fill(0);
            }
            LinkEvent::Bytes(self.frame(0, &body))
        } else {
            LinkEvent::Record {
                head: u32::from(SLOT.0),
                data: value,
            }
        };
        self.answers.push_front((at, event));
    }

    fn relayed(&self, place: u16, reg: u8) -> Option<usize> {
        let mut parts = self.script.relayed.iter();
        parts.position(|part| part.place == place && part.master == reg)
    }

    fn answer_ids(&mut self) {
        let lost = match self.script.lost_answers.is_empty() {
            true => 0,
            false => self.script.lost_answers.remove(0),
        };
        let late = match self.script.late_answers.is_empty() {
            true => Duration::ZERO,
            false => self.script.late_answers.remove(0),
        };
        for chip in lost..self.script.chips {
            if self.script.dead.contains(&chip) {
                continue;
            }
            let foreign = self.script.foreign.iter().find(|f| f.0 == chip);
            let mut id = foreign.map_or(self.script.id, |f| f.1);
            let mut address = 0;
            if self.addressed {
                address = chip as u8 * self.interval;
                id |= u32::from(address);
            }
            let at = self.now + late + Duration::from_micros(2000 + 900 * u64::from(chip));
            let event = if self.uart {
                let mut body = id.to_be_bytes().to_vec();
                body.extend([address, 0, 0, 0]);
                if self.profile.response == ResponseLength::Seven {
                    body[4] = 0;
                }
                LinkEvent::Bytes(self.frame(0, &body))
            } else {
                LinkEvent::Record {
                    head: 0x0400_0000 | u32::from(SLOT.0),
                    data: id,
                }
            };
            self.answers.push_back((at, event));
        }
        self.answers.make_contiguous().sort_by_key(|a| a.0);
    }

    pub(crate) fn commands(&self) -> Vec<(Instant, Vec<u8>)> {
        let only = self.sent.iter().filter_map(|(at, s)| match s {
            Sent::Command(c) => Some((*at, c.clone())),
            _ => None,
        });
        only.collect()
    }

    pub(crate) fn codes(&self) -> Vec<Code> {
        self.notes.iter().map(|n| n.code).collect()
    }

    pub(crate) fn note(&self, code: Code) -> &Note {
        let found = self.notes.iter().find(|n| n.code == code);
        found.unwrap_or_else(|| panic!("no {code:?} in {:?}", self.notes))
    }
}

/// A response frame of 11 bytes.
pub(crate) fn response(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xaa, 0x55];
    out.extend_from_slice(body);
    out.push(kind << 5 | crc::crc5_response(body, kind));
    out
}

pub(crate) fn report(big_endian: u32) -> NonceReport {
    NonceReport {
        slot: SLOT,
        wire: WireJobId(8),
        midstate_index: 0,
        version_bits: 0,
        nonce: Nonce::from_wire(big_endian.to_be_bytes()),
    }
}
