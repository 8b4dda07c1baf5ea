//! One chain of chips: power, addresses, registers, and what the chips answer.
//!
//! State of the supply, and what it means for the chips:
//!
//! ```text
//!   absent ── nothing is plugged: no answer, ever
//!   off    ── rail off, reset asserted or outage: silent, state lost
//!   live   ── rail on, reset released, no outage: registers at their resets first
//! ```
//!
//! Choices where public sources say nothing: chain inactive takes every chip's address away
//! (it answers to 0 until it gets one); set address without it before works on chips
//! without an address; 0xA8 changes no state; answers stay 11 bytes long once they are. A driver must
//! depend on none of these. Propagation along the chain takes no time.

use std::sync::Arc;

use units::{ChainSlot, ChipIndex, HashRate, Instant, Nonce, Rng};

use super::chip::{ChipModel, JobForm};
use super::chips::{Chips, Now};
use super::cores::{Cores, Event, Report};
use super::faults::{BoardFault, DeadChip, Direction, FaultPlan, Outage};
use super::job::Job;
use super::ledger::{FrameKind, FrameRecord, LostJob, Totals};
use super::space::Params;
use super::uplink::{Uplink, same_baud};
use super::wire::{Answer, Command, Decoder, Received};
use super::words::{Around, Line, Stack, WordModel};
use crate::parts::{ChipSensor, Tmp451};

/// The chips of a chain, of one family or the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Family {
    /// Frames on a serial line.
    Serial(&'static ChipModel),
    /// Words on SPI.
    Words(&'static WordModel),
}

/// What a chain is made of.
pub(crate) struct Build<'a> {
    pub(crate) slot: ChainSlot,
    pub(crate) family: Family,
    pub(crate) chips: u16,
    pub(crate) faults: &'a FaultPlan,
    pub(crate) params: Arc<Params>,
}

#[derive(Debug)]
pub(crate) struct Chain {
    slot: ChainSlot,
    family: Family,
    params: Arc<Params>,
    chips: u16,
    present: bool,
    /// Chips that tell another identity.
    foreign: Vec<(ChipIndex, u16)>,
    rail: bool,
    in_reset: bool,
    /// Noise may hit what is sent to the chips.
    noisy: bool,
    outages: Vec<Outage>,
    pulled: Vec<Outage>,
    deaths: Vec<DeadChip>,
    now: Instant,
    /// The next instant at which an outage begins or ends, or a chip dies.
    boundary: Instant,
    /// Share of each chip's hashes that are wrong; empty where nothing says.
    errors: Vec<f64>,
    live: Option<Alive>,
    /// What is told of sensors on chips' own buses.
    sensors: Vec<ChipSensor>,
    /// Those sensors while the chips that relay them are in reset.
    parts: Vec<Tmp451>,
    rng: Rng,
    pub(crate) uplink: Uplink,
    /// The line of a chain on SPI.
    line: Option<Line>,
    pub(crate) totals: Totals,
    lost_jobs: Vec<LostJob>,
}

/// Chips with power and out of reset.
#[derive(Debug)]
enum Alive {
    Serial(Box<Live>),
    Words(Box<Stack>),
}

/// Those on a serial line.
#[derive(Debug)]
struct Live {
    model: &'static ChipModel,
    chips: Chips,
    decoder: Decoder,
    cores: Cores,
    /// On a noisy line: what the chips would have heard without noise, and the job that
    /// they took last.
    meant: Option<(Decoder, Option<Job>)>,
}

impl Chain {
    /// `line` is that of a chain on SPI.
    pub(crate) fn new(build: Build, uplink: Uplink, line: Option<Line>, rng: Rng) -> Self {
        let here = |slot: &ChainSlot| *slot == build.slot;
        let mut chips = build.chips;
        let mut present = true;
        let mut foreign = Vec::new();
        for fault in &build.faults.boards {
            match fault {
                BoardFault::Absent { slot } if here(slot) => present = false,
                BoardFault::Chips { slot, count } if here(slot) => chips = *count,
                BoardFault::Foreign { slot, chip, id } if here(slot) => foreign.push((*chip, *id)),
                _ => {}
            }
        }
        let outages = build.faults.outages.iter();
        let pulled = build.faults.pulled.iter();
        let deaths = build.faults.dead_chips.iter();
        let mut noise = build.faults.noise.iter().filter(|n| here(&n.slot));
        let noisy = noise.any(|n| n.direction == Direction::ToChips);
        let mut chain = Chain {
            slot: build.slot,
            family: build.family,
            params: build.params,
            chips,
            present,
            foreign,
            rail: false,
            in_reset: false,
            noisy,
            outages: outages.filter(|o| here(&o.slot)).copied().collect(),
            pulled: pulled.filter(|o| here(&o.slot)).copied().collect(),
            deaths: deaths.filter(|d| here(&d.slot)).copied().collect(),
            now: Instant::ZERO,
            boundary: Instant::NEVER,
            errors: Vec::new(),
            live: None,
            sensors: Vec::new(),
            parts: Vec::new(),
            rng,
            uplink,
            line,
            totals: Totals::default(),
            lost_jobs: Vec::new(),
        };
        chain.boundary = chain.boundary_after(None);
        chain
    }

    pub(crate) fn present(&self) -> bool {
        self.present && !self.is_pulled(self.now)
    }

    fn is_pulled(&self, now: Instant) -> bool {
        self.pulled.iter().any(|pulled| pulled.is_now(now))
    }

    pub(crate) fn in_reset(&self) -> bool {
        self.in_reset
    }

    /// What stands before each frame to the chips.
    pub(crate) fn preamble(&self) -> &'static [u8] {
        match self.family {
            Family::Serial(model) => model.preambles().0,
            Family::Words(_) => &[],
        }
    }

    /// Baud rate of the chips, if they live.
    pub(crate) fn bits_per_s(&self) -> Option<f64> {
        self.serial().map(|live| live.chips.bits_per_s())
    }

    pub(crate) fn set_rail(&mut self, now: Instant, on: bool) {
        self.run(now);
        self.rail = on;
        self.settle_power(now);
        if !on {
            self.parts.clear();
        }
    }

    pub(crate) fn set_reset(&mut self, now: Instant, asserted: bool) {
        self.run(now);
        self.in_reset = asserted;
        self.settle_power(now);
    }

    pub(crate) fn rail(&self) -> bool {
        self.rail
    }

    /// Hashes per second of each chip while it has work; empty if none lives.
    pub(crate) fn chips_hs(&self) -> &[f64] {
        match &self.live {
            None => &[],
            Some(Alive::Serial(live)) => live.cores.chips_hs(),
            Some(Alive::Words(stack)) => stack.chips_hs(),
        }
    }

    /// The chips have work now.
    pub(crate) fn has_work(&self) -> bool {
        match &self.live {
            None => false,
            Some(Alive::Serial(live)) => {
                let until = live.cores.busy_until();
                until.is_some_and(|until| until > self.now)
            }
            Some(Alive::Words(stack)) => stack.has_work(self.now),
        }
    }

    /// Where to write how often each chip errs.
    pub(crate) fn errors(&mut self) -> &mut Vec<f64> {
        &mut self.errors
    }

    /// What sensors on chips' own buses show from now on.
    pub(crate) fn tell_sensors(&mut self, now: Instant, sensors: Vec<ChipSensor>) {
        self.run(now);
        self.sensors = sensors;
    }

    /// Hashrate of chips that have work.
    pub(crate) fn hash_rate(&self) -> HashRate {
        match &self.live {
            None => HashRate::default(),
            Some(Alive::Serial(live)) => match live.cores.busy_until() {
                Some(until) if until > self.now => live.cores.hash_rate(),
                _ => HashRate::default(),
            },
            Some(Alive::Words(stack)) => stack.hash_rate(self.now),
        }
    }

    /// When the chips may have something to say of themselves.
    pub(crate) fn next_nonce(&self) -> Option<Instant> {
        let live = self.serial()?;
        let until = live.cores.busy_until()?;
        let next = live.cores.next_event();
        (next < until).then_some(next)
    }

    /// Let time pass: outages, deaths and nonces up to and at `until`, in order.
    pub(crate) fn run(&mut self, until: Instant) {
        loop {
            let nonce = match &self.live {
                None => Instant::NEVER,
                Some(Alive::Serial(live)) => live.cores.next_event(),
                Some(Alive::Words(stack)) => stack.next_event(),
            };
            if self.boundary.min(nonce) > until {
                break;
            }
            if self.boundary <= nonce {
                let at = self.boundary;
                if at == Instant::NEVER {
                    break;
                }
                self.now = at;
                self.boundary = self.boundary_after(Some(at));
                self.settle_power(at);
                self.settle_reach(at);
            } else {
                self.now = nonce;
                self.nonce_event(nonce);
            }
        }
        self.now = self.now.max(until);
    }

    /// A transfer on SPI: what is sent is replaced by what comes out meanwhile. The chain must
    /// have been run until `now`.
    pub(crate) fn transfer(&mut self, now: Instant, clock_hz: u32, bytes: &mut [u8]) {
        match (&mut self.live, &mut self.line) {
            (Some(Alive::Words(stack)), Some(line)) => {
                let mut around = Around {
                    line,
                    sensors: &self.sensors,
                    totals: &mut self.totals,
                    lost_jobs: &mut self.lost_jobs,
                };
                stack.transfer(now, clock_hz, bytes, &mut around);
            }
            // An idle line is low.
            _ => bytes.fill(0),
        }
    }

    /// Frames whose fate became known since the last call.
    pub(crate) fn take_decided(&mut self) -> Vec<FrameRecord> {
        let mut decided: Vec<_> = self.uplink.take_decided().collect();
        if let Some(line) = &mut self.line {
            decided.extend(line.take_decided());
        }
        decided
    }

    fn serial(&self) -> Option<&Live> {
        match &self.live {
            Some(Alive::Serial(live)) => Some(live),
            _ => None,
        }
    }

    fn serial_mut(&mut self) -> Option<&mut Live> {
        match &mut self.live {
            Some(Alive::Serial(live)) => Some(live),
            _ => None,
        }
    }

    /// A byte reaches the first chip at `at`, sent at `bits_per_s`. The chain must have
    /// been run until `at`.
    pub(crate) fn receive(&mut self, at: Instant, byte: u8, bits_per_s: f64) {
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let garbled = !same_baud(live.chips.bits_per_s(), bits_per_s);
        let byte = if garbled {
            self.rng.next_u32() as u8
        } else {
            byte
        };
        live.decoder.push(byte);
        while let Some(received) = self.serial_mut().and_then(|l| l.decoder.next()) {
            match received {
                Received::Command(command) => self.execute(at, command),
                Received::Job(job) => {
                    self.load(at, job);
                    if let Some((_, taken)) = self.serial_mut().and_then(|l| l.meant.as_mut()) {
                        *taken = Some(job);
                    }
                }
            }
        }
        if let Some(Alive::Serial(live)) = &mut self.live {
            let stray = live.decoder.take_stray();
            if stray > 0 {
                self.totals.stray_bytes_at_chips += stray;
                let refused = live.decoder.take_refused();
                live.chips.count_refused(live.model, refused);
            }
        }
    }

    /// What the host sent for what the chips have just received: a job in it that they did
    /// not take was lost on the wire.
    pub(crate) fn was_sent(&mut self, at: Instant, bytes: &[u8], bits_per_s: f64) {
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let Some((decoder, taken)) = &mut live.meant else {
            return;
        };
        // At another baud rate nothing was meant for these chips.
        if !same_baud(live.chips.bits_per_s(), bits_per_s) {
            return;
        }
        for byte in bytes {
            decoder.push(*byte);
            while let Some(received) = decoder.next() {
                if let Received::Job(job) = received
                    && taken.take() != Some(job)
                {
                    self.totals.lost_jobs += 1;
                    let slot = self.slot;
                    self.lost_jobs.push(LostJob { slot, at });
                }
            }
        }
    }

    /// Jobs that were lost on the wire since the last call.
    pub(crate) fn take_lost_jobs(&mut self) -> impl Iterator<Item = LostJob> + '_ {
        self.lost_jobs.drain(..)
    }

    /// True if a work record sent as a frame at `bits_per_s` would be understood: the
    /// chips take midstates, no byte of an earlier frame is pending, and both ends agree
    /// on the baud rate.
    pub(crate) fn hears_whole_records(&self, bits_per_s: f64) -> bool {
        match &self.live {
            Some(Alive::Words(_)) => false,
            Some(Alive::Serial(live)) => {
                live.model.jobs == JobForm::Midstates
                    && live.decoder.is_idle()
                    && same_baud(live.chips.bits_per_s(), bits_per_s)
            }
            None => true,
        }
    }

    /// A job reaches the chips.
    pub(crate) fn load(&mut self, at: Instant, job: Job) {
        if let Some(Alive::Serial(live)) = &mut self.live {
            self.totals.jobs += 1;
            let live = &mut **live;
            let opened = live.chips.open_cores(live.model, &job);
            let view = live.chips.view(live.model, &self.params);
            live.cores.load(at, job, view);
            if opened {
                live.cores.update_rates(at, view);
            }
        }
    }

    fn nonce_event(&mut self, now: Instant) {
        if let Some(Alive::Words(stack)) = &mut self.live {
            stack.event(now, &self.errors, &mut self.totals);
            return;
        }
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let live = &mut **live;
        let view = live.chips.view(live.model, &self.params);
        match live.cores.event(now, &self.errors, view) {
            Event::Idle => {}
            Event::Vain => self.totals.searched_in_vain += 1,
            Event::Nonce(report) => self.send_nonce(now, &report),
            Event::Wrong(report) => {
                self.totals.wrong_hashes += 1;
                self.send_nonce(now, &report);
            }
        }
    }

    fn send_nonce(&mut self, now: Instant, report: &Report) {
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let Report {
            wire,
            byte4,
            job_byte,
            counter,
            job_taken,
            ..
        } = *report;
        let shape = live.chips.shape(live.model, report.chip.0.into());
        let answer = Answer::nonce(wire, byte4, job_byte, counter, shape);
        let kind = FrameKind::Nonce {
            nonce: Nonce::from_wire(wire),
            job_byte,
            version_bits: u32::from(counter) << 13,
            hash: report.hash,
            made_up: report.made_up,
            job_taken,
        };
        let baud = live.chips.bits_per_s();
        if !self.uplink.send(now, baud, answer, report.chip, kind) {
            self.totals.cut_off += 1;
            let chip = usize::from(report.chip.0);
            live.chips.count_overflow(live.model, chip);
        }
    }

    fn execute(&mut self, at: Instant, command: Command) {
        self.totals.commands += 1;
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let model = live.model;
        let Live { chips, cores, .. } = &mut **live;
        let now = Now {
            now: at,
            cores,
            sensors: &self.sensors,
        };
        match command {
            Command::Inactive => chips.forget_addresses(),
            Command::SetAddress(address) => chips.take_address(address),
            Command::Read { address, register } => {
                let values = chips.read(model, address, register, now);
                self.answer_all(at, register, &values);
            }
            Command::Write {
                address,
                register,
                value,
            } => match model.core_control {
                Some(control) if control.register == register && control.is_read(value) => {
                    let values = chips.read_core(model, address, value);
                    self.answer_all(at, control.answer, &values);
                }
                _ => {
                    chips.write(model, address, register, value, now);
                    self.settle_reach(at);
                }
            },
        }
    }

    /// Every chip asked answers, in chain order.
    fn answer_all(&mut self, at: Instant, register: u8, values: &[(usize, u32)]) {
        let values = self.as_told(register, values);
        let Some(Alive::Serial(live)) = &self.live else {
            return;
        };
        for (chip, value) in values.iter().copied() {
            let answer = live.chips.answer(live.model, chip, register, value);
            let kind = FrameKind::Register { register, value };
            let baud = live.chips.bits_per_s();
            let chip = ChipIndex(chip as u16);
            if !self.uplink.send(at, baud, answer, chip, kind) {
                self.totals.cut_off += 1;
            }
        }
    }

    /// The identity is what a chip says it is.
    fn as_told(&self, register: u8, values: &[(usize, u32)]) -> Vec<(usize, u32)> {
        const IDENTITY: u8 = 0x00;
        let mut told = values.to_vec();
        for (chip, value) in told.iter_mut().filter(|_| register == IDENTITY) {
            let foreign = self.foreign.iter().find(|(c, _)| usize::from(c.0) == *chip);
            if let Some((_, id)) = foreign {
                *value = u32::from(*id) << 16 | *value & 0xffff;
            }
        }
        told
    }

    fn boundary_after(&self, at: Option<Instant>) -> Instant {
        let outages = self.outages.iter().chain(&self.pulled);
        let outages = outages.flat_map(|o| [o.from, o.until]);
        let deaths = self.deaths.iter().map(|d| d.from);
        outages
            .chain(deaths)
            .filter(|t| at.is_none_or(|at| *t > at))
            .min()
            .unwrap_or(Instant::NEVER)
    }

    fn has_power(&self, now: Instant) -> bool {
        let plugged = self.present && !self.is_pulled(now);
        plugged && self.rail && !self.in_reset && !self.outages.iter().any(|out| out.is_now(now))
    }

    fn settle_power(&mut self, now: Instant) {
        match (self.has_power(now), self.live.is_some()) {
            (true, false) => {
                let rng = self.rng.fork(0xC0);
                self.live = self.come_alive(now, rng);
                let parts = std::mem::take(&mut self.parts);
                if let Some(live) = self.serial_mut() {
                    live.chips.set_parts(parts);
                }
                self.settle_reach(now);
            }
            (false, true) => {
                if let Some(Alive::Words(stack)) = &self.live {
                    self.totals.cut_off += stack.unsent();
                }
                self.parts = self.serial().map_or(Vec::new(), |live| live.chips.parts());
                self.live = None;
                self.totals.cut_off += self.uplink.cut(now);
            }
            _ => {}
        }
    }

    /// Chips in the state after reset; `None` if the first of a chain on SPI is dead.
    fn come_alive(&self, now: Instant, rng: Rng) -> Option<Alive> {
        match self.family {
            Family::Serial(model) => Some(Alive::Serial(Box::new(Live {
                model,
                chips: Chips::new(model, self.chips, now),
                decoder: Decoder::new(model),
                cores: Cores::new(rng),
                meant: self.noisy.then(|| (Decoder::new(model), None)),
            }))),
            Family::Words(model) => {
                let count = usize::from(self.chips).min(self.first_dead(now));
                let params = Arc::clone(&self.params);
                let stack = || Stack::new(model, params, count, &self.foreign, now, rng);
                (count > 0).then(|| Alive::Words(Box::new(stack())))
            }
        }
    }

    /// The first chip that forwards no more.
    fn first_dead(&self, now: Instant) -> usize {
        let dead = self.deaths.iter().filter(|d| d.from <= now);
        let dead = dead.map(|d| usize::from(d.chip.0)).min();
        dead.unwrap_or(usize::MAX)
    }

    /// Find out anew which chips can be reached, at which baud rate, and what they hash.
    fn settle_reach(&mut self, now: Instant) {
        let dead = self.first_dead(now);
        if let Some(Alive::Words(stack)) = &mut self.live {
            stack.cut(now, dead);
        }
        let Some(Alive::Serial(live)) = &mut self.live else {
            return;
        };
        let live = &mut **live;
        live.chips.settle_line(live.model, dead);
        let view = live.chips.view(live.model, &self.params);
        live.cores.update_rates(now, view);
    }
}
