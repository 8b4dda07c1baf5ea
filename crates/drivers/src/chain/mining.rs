//! While a chain mines: work out, nonces in, the ramp, and signs of sickness.

use hal::LinkOp;
use protocol::spi::BLOCK_MAX;
use protocol::{Profile, RawNonce, Register, Shape, register};
use telemetry::Code;
use units::{
    ChipAddress, Duration, Instant, Megahertz, Nonce, NonceReport, Rolling, VERSION_SHIFT,
    WireJobId, WorkItem,
};

use super::api::Effect;
use super::feed::Feed;
use super::health::{Health, Sign};
use super::inquiry::{Around, ChipTemperature, Claim, Inquiry};
use super::kind::{self, Kind};
use super::player::{Played, Player, Stage};
use super::ramp::{Judgement, Ramp, Turn};
use super::wire::Wire;
use super::words::Round;
use super::{BringUp, Chain, State};

/// Wire ids there can be: the byte has eight bits.
const WIRE_IDS: usize = 256;
/// How often a chain on SPI is asked for results at most and at least, and how many answers
/// there are for each nonce that is expected.
const POLL_EVERY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));
const POLLS_PER_NONCE: f64 = 5.0;
/// Chips that queue jobs are given them a hair more slowly than they finish them: two crystals
/// differ by less, and one job too many has nowhere to go.
const QUEUED_SLOWER: (u32, u32) = (2001, 2000);

/// A chain whose chips are addressed and take work.
pub(super) struct Mining {
    pub(super) feed: Feed,
    ramp: Ramp,
    health: Health,
    questions: Questions,
    phase: Phase,
    /// Midstates, or versions that the chips roll through, of the work sent last.
    versions: u32,
    /// Share of the chips' hashing that versions and line allow.
    pub(super) fraction: f64,
    /// The line's share at the target frequency as last told, in percent.
    carried_percent: u8,
    /// How many different versions the work of each wire id had.
    versions_by_wire: [u8; WIRE_IDS],
}

/// Questions to single chips.
enum Questions {
    Serial(Inquiry),
    Words(Round),
}

impl Questions {
    fn deadline(&self) -> Instant {
        match self {
            Questions::Serial(inquiry) => inquiry.deadline(),
            Questions::Words(round) => round.deadline(),
        }
    }
}

/// How far the chips are.
enum Phase {
    /// No work has left yet.
    Waiting,
    /// The first work has left; the list that follows it runs.
    Finishing(Player),
    /// They hash.
    Hashing,
}

impl Mining {
    pub(super) fn hashes(&self) -> bool {
        matches!(self.phase, Phase::Hashing)
    }

    pub(super) fn is_moving(&self) -> bool {
        self.ramp.is_moving()
    }

    pub(super) fn temperatures(&self) -> Vec<ChipTemperature> {
        match &self.questions {
            Questions::Serial(inquiry) => inquiry.temperatures().collect(),
            Questions::Words(round) => round.temperatures().collect(),
        }
    }

    /// A chip on SPI told its block.
    pub(super) fn block(&mut self, now: Instant, kind: Kind, chip: u8, block: &[u8; BLOCK_MAX]) {
        if let (Questions::Words(round), Kind::Words(profile)) = (&mut self.questions, kind) {
            round.block(now, profile, chip, block);
        }
    }

    pub(super) fn expect(&mut self, nonces: f64) {
        self.health.expect(nonces);
        if self.ramp.is_guarded() {
            self.ramp.guard.expect(nonces);
        }
    }

    pub(super) fn see(&mut self, ok: bool) {
        if ok && self.ramp.is_guarded() {
            self.ramp.guard.see();
        }
    }

    pub(super) fn deadline(&self, shape: &Shape) -> Instant {
        let first = self.feed.deadline().min(self.ramp.deadline());
        match &self.phase {
            Phase::Waiting => first,
            Phase::Finishing(player) => first.min(player.deadline(shape)),
            Phase::Hashing => {
                let first = first.min(self.health.deadline());
                match self.questions {
                    // Answers of serial chips would cost nonces while the guard counts them.
                    Questions::Serial(_) if !self.ramp.has_settled() => first,
                    _ => first.min(self.questions.deadline()),
                }
            }
        }
    }
}

impl Chain {
    pub(super) fn begin_mining(&mut self, now: Instant) {
        let start = self.kind.start();
        self.frequency = self.kind.reached(start).unwrap_or(start);
        if let Some(detail) = self.census.shortfall(&self.shape) {
            self.out.note(now, Code::ChainChips, detail);
        }
        if let Some(detail) = self.census.strangers(self.kind.id(), &self.shape) {
            self.out.note(now, Code::ChainForeign, detail);
        }
        let versions = kind::versions(self.rolling());
        let reserve = self.begin_queueing();
        let line = self.line_time(versions, self.bits_per_s);
        let period = self.period(versions).max(line);
        self.out.link(LinkOp::SetWorkPeriod(period));
        let mut feed = Feed::new(now, period, self.sent, reserve);
        if let Some(count) = feed.ask_anew(now) {
            self.out.push(Effect::WantWork(count));
        }
        self.state = State::Mining(Mining {
            feed,
            ramp: Ramp::new(self.kind, self.target()),
            health: Health::new(now, self.totals()),
            questions: match self.kind {
                Kind::Serial(_) => Questions::Serial(Inquiry::new(now, &self.sensors, &self.shape)),
                Kind::Words(_) => {
                    let chips = self.census.answered().min(self.shape.chips);
                    Questions::Words(Round::new(now, &self.sensors, chips))
                }
            },
            phase: Phase::Waiting,
            versions,
            fraction: 1.0,
            carried_percent: 100,
            versions_by_wire: [0; WIRE_IDS],
        });
        self.note_slow_line(now);
    }

    /// Chips that queue jobs and results get as much ahead and are asked for them. Returns how
    /// many works they hold beside those that they run.
    fn begin_queueing(&mut self) -> u16 {
        let Wire::Words(codec) = &self.wire else {
            return 0;
        };
        let found = codec.working();
        self.out.link(LinkOp::SetLead(found));
        self.poll_for_results();
        found
    }

    /// Often enough for the nonces that are to come, over the bus as it is clocked now.
    pub(super) fn poll_for_results(&mut self) {
        let Wire::Words(codec) = &self.wire else {
            return;
        };
        let found = f64::from(codec.working());
        let rate = self.kind.nonces_per_s(self.shape.target, self.shape.ticket) * found;
        let (most_often, least_often) = POLL_EVERY;
        let every = Duration::from_secs_f64(1.0 / (rate * POLLS_PER_NONCE).max(1.0));
        let poll = codec.poll(every.clamp(most_often, least_often), self.bits_per_s);
        self.out.link(poll);
    }

    /// Where the frequency goes: what the board is meant for, or less while that is ordered.
    fn target(&self) -> Megahertz {
        let lowest = self.kind.start().mhz();
        let cap = self.cap.mhz().max(lowest);
        Megahertz::new(self.shape.target.mhz().min(cap))
    }

    pub(super) fn set_cap(&mut self, now: Instant, cap: Megahertz) {
        self.cap = cap;
        let target = self.target();
        if let State::Mining(mining) = &mut self.state {
            mining.ramp.retarget(now, target);
        }
    }

    /// How long a job lasts at the present frequency.
    fn period(&self, versions: u32) -> Duration {
        self.period_at(self.frequency, versions)
    }

    fn period_at(&self, frequency: Megahertz, versions: u32) -> Duration {
        let on_wire = self.wire.fixed_midstates().map_or(versions, u32::from);
        let found = self.found();
        let exact = self
            .kind
            .work_period(frequency, &self.shape, on_wire, found);
        match &self.wire {
            Wire::Serial(_) => exact * self.config.thinning,
            Wire::Words(codec) => {
                let (times, of) = QUEUED_SLOWER;
                let slowed = exact.mul_f64(1.0 / codec.share().max(1e-3));
                slowed * self.config.thinning * times / of
            }
        }
    }

    /// How long the chips' line takes for a job.
    fn line_time(&self, versions: u32, bits_per_s: u32) -> Duration {
        let profile = match (&self.wire, self.kind) {
            (Wire::Words(codec), _) => return codec.job_time(bits_per_s),
            (Wire::Serial(_), Kind::Words(_)) => return Duration::ZERO,
            (Wire::Serial(_), Kind::Serial(profile)) => profile,
        };
        let midstates = self.wire.fixed_midstates().unwrap_or(versions.min(4) as u8);
        let bits = profile.job_bytes(midstates) as u64 * 10;
        Duration::from_nanos(bits * 1_000_000_000 / u64::from(bits_per_s.max(1)))
    }

    /// What the line will be clocked at when the target is reached: a bus that follows the
    /// frequency is slow on the way.
    fn target_bits_per_s(&self) -> u32 {
        match self.kind {
            Kind::Serial(_) => self.bits_per_s,
            Kind::Words(_) => self.clock_hz(self.shape.target),
        }
    }

    /// Tells what share of the work the line carries at the target frequency, when that
    /// changes.
    fn note_slow_line(&mut self, now: Instant) {
        let State::Mining(mining) = &self.state else {
            return;
        };
        let (versions, told) = (mining.versions, mining.carried_percent);
        let period = self.period_at(self.shape.target, versions);
        let bits_per_s = self.target_bits_per_s();
        let line = self.line_time(versions, bits_per_s).as_secs_f64();
        let carried = (period.as_secs_f64() / line.max(1e-9)).min(1.0);
        let percent = (carried * 100.0) as u8;
        if percent == told {
            return;
        }
        if let State::Mining(mining) = &mut self.state {
            mining.carried_percent = percent;
        }
        let detail = format!(
            "baud={bits_per_s} carries {percent} % of the work at {}",
            self.shape.target
        );
        let code = match percent {
            100 => Code::ChainCarries,
            _ => Code::ChainBaud,
        };
        self.out.note(now, code, detail);
    }

    pub(super) fn work(&mut self, now: Instant, id: WireJobId, item: &WorkItem) {
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        let (mask, versions, distinct) = match &item.rolling {
            Rolling::Host(v) => {
                let count = v.versions().len() as u32;
                (self.shape.version_mask, count, count as u8)
            }
            Rolling::Chip { mask } => {
                let bits = (mask >> VERSION_SHIFT & 0xffff).count_ones();
                (*mask, 1 << bits, 1)
            }
        };
        let Some(op) = self.wire.work(self.kind, id, item) else {
            let detail = format!("work {} is of a kind that these chips do not take", item.id);
            self.out.note_seldom(now, Code::LinkFault, detail);
            return;
        };
        if let Some(places) = self.wire.fixed_midstates()
            && distinct < places
        {
            let detail = format!(
                "versions={distinct} of {places}: {} % of the hashing earns",
                100 / (places / distinct.max(1)).max(1)
            );
            self.out.note_seldom(now, Code::ChainRepeats, detail);
        }
        if let Some(slot) = mining.versions_by_wire.get_mut(usize::from(id.0)) {
            *slot = distinct;
        }
        if mask != self.shape.version_mask || versions != mining.versions {
            self.change_rolling(now, mask, versions);
        }
        self.out.link(op);
        if let State::Mining(mining) = &mut self.state {
            mining.feed.queued();
        }
    }

    /// The work at hand rolls other versions than the work before it. What is queued
    /// under another mask must not run under this one.
    fn change_rolling(&mut self, now: Instant, mask: u32, versions: u32) {
        if mask != self.shape.version_mask {
            self.shape.version_mask = mask;
            self.out.link(LinkOp::FlushWork);
            let value = register::version_rolling(mask);
            self.write_all(register::VERSION_ROLLING, value);
            if let State::Mining(mining) = &mut self.state {
                mining.feed.flushed(now);
            }
        }
        if let State::Mining(mining) = &mut self.state {
            mining.versions = versions;
        }
        self.pace(now);
    }

    /// Frequency or rolling changed: the period and the expected rate follow.
    fn pace(&mut self, now: Instant) {
        let State::Mining(mining) = &self.state else {
            return;
        };
        let versions = mining.versions;
        let exact = self.period(versions);
        // A line that is too slow sets the pace; the chips idle for the rest of it.
        let period = exact.max(self.line_time(versions, self.bits_per_s));
        let line = exact.as_secs_f64() / period.as_secs_f64().max(1e-9);
        let cores = match &self.wire {
            Wire::Serial(_) => 1.0,
            Wire::Words(codec) => codec.share(),
        };
        let share = line * cores * self.kind.versions_allow(versions);
        let rate = self.kind.nonces_per_s(self.frequency, self.shape.ticket);
        let hashes = mining.hashes();
        let found = self.found();
        if hashes {
            self.evidence.set_rate(now, found, rate * share);
        }
        if let State::Mining(mining) = &mut self.state {
            mining.fraction = share;
            if mining.feed.period() != period {
                mining.feed.set_period(period);
                self.out.link(LinkOp::SetWorkPeriod(period));
            }
        }
        self.note_slow_line(now);
    }

    pub(super) fn flush(&mut self, now: Instant) {
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        self.out.link(LinkOp::FlushWork);
        if let Some(forget) = self.wire.flushed(self.bits_per_s) {
            self.out.link(forget);
        }
        mining.feed.flushed(now);
        if let Some(count) = mining.feed.ask_anew(now) {
            self.out.push(Effect::WantWork(count));
        }
    }

    pub(super) fn work_moved(&mut self, now: Instant, queued: u16, sent: u64) {
        let State::Mining(mining) = &mut self.state else {
            if let State::BringUp(BringUp::Serial(player)) = &mut self.state {
                player.work_moved(now, queued);
            }
            // Kept, so that work of before does not count as work of after.
            self.sent = self.sent.max(sent);
            return;
        };
        if mining.feed.moved(now, queued, sent) && matches!(mining.phase, Phase::Waiting) {
            let list = match self.kind {
                Kind::Serial(profile) => profile.after_first_work,
                Kind::Words(_) => &[],
            };
            mining.phase = Phase::Finishing(Player::new(now, list));
        }
    }

    pub(super) fn nonce(&mut self, profile: &Profile, raw: &RawNonce) {
        let bits = profile.job_bits(raw);
        self.report(bits.wire, bits.midstate_index, bits.version_bits, raw.nonce);
    }

    /// A nonce of the work under `wire`.
    pub(super) fn report(
        &mut self,
        wire: WireJobId,
        mut midstate_index: u8,
        version_bits: u32,
        nonce: Nonce,
    ) {
        if let State::Mining(mining) = &mut self.state {
            mining.health.heard();
            // Fewer versions than places repeat in order.
            let slot = mining.versions_by_wire.get(usize::from(wire.0));
            if let Some(&count) = slot.filter(|c| **c > 0) {
                midstate_index %= count;
            }
        }
        self.out.push(Effect::Nonce(NonceReport {
            slot: self.config.slot,
            wire,
            midstate_index,
            version_bits,
            nonce,
        }));
    }

    /// Whatever is due.
    pub(super) fn mine(&mut self, now: Instant) {
        self.finish(now);
        self.watch_chips(now);
        let totals = self.totals();
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        mining.feed.wake(now);
        if let Some(count) = mining.feed.ask(now) {
            self.out.push(Effect::WantWork(count));
        }
        let fed = mining.feed.busy_until() >= now;
        let turn = mining.ramp.turn(now, fed);
        let sign = if mining.hashes() {
            mining.health.look(now, totals)
        } else {
            Sign::Well
        };
        self.take_turn(now, turn);
        self.take_sign(now, sign);
        self.inquire(now);
    }

    /// The next question to a single chip.
    fn inquire(&mut self, now: Instant) {
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        if !mining.hashes() || mining.questions.deadline() > now && mining.ramp.has_settled() {
            return;
        }
        let settled = mining.ramp.has_settled();
        let (op, claim) = match (&mut mining.questions, &mut self.wire, self.kind) {
            (Questions::Serial(inquiry), ..) if !settled => {
                inquiry.hold(now);
                return;
            }
            (Questions::Serial(inquiry), Wire::Serial(wire), Kind::Serial(profile)) => {
                let around = Around::new(profile, &self.shape, self.frequency, mining.fraction);
                let (command, claim) = inquiry.turn(now, around);
                let op = command.map(|command| wire.command(&command, self.bits_per_s).0);
                (op, claim)
            }
            (Questions::Words(round), Wire::Words(codec), _) => {
                let (command, claim) = round.turn(now, &self.shape);
                let op = command.map(|command| codec.command(&command, self.bits_per_s).0);
                (op, claim)
            }
            _ => return,
        };
        if let Some(op) = op {
            self.out.link(op);
        }
        self.claim(now, claim);
    }

    pub(super) fn answered(
        &mut self,
        now: Instant,
        value: u32,
        from: (Option<ChipAddress>, Option<Register>),
    ) {
        let (State::Mining(mining), Kind::Serial(profile)) = (&mut self.state, self.kind) else {
            return;
        };
        let around = Around::new(profile, &self.shape, self.frequency, mining.fraction);
        let Questions::Serial(inquiry) = &mut mining.questions else {
            return;
        };
        let claim = inquiry.answer(now, around, value, from);
        self.claim(now, claim);
    }

    fn claim(&mut self, now: Instant, claim: Option<Claim>) {
        match claim {
            None => {}
            Some(Claim::Mute(detail)) => self.out.note(now, Code::ChainMute, detail),
            Some(Claim::Counters(detail)) => {
                self.out.note_seldom(now, Code::ChainCounters, detail);
            }
        }
    }

    /// Runs the list that follows the first work.
    fn finish(&mut self, now: Instant) {
        let totals = self.totals();
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        let Phase::Finishing(player) = &mut mining.phase else {
            return;
        };
        if let (Wire::Serial(wire), Kind::Serial(profile)) = (&mut self.wire, self.kind) {
            let mut stage = Stage {
                profile,
                shape: &self.shape,
                wire,
                out: &mut self.out,
                settle_percent: self.config.settle_percent,
                bits_per_s: &mut self.bits_per_s,
                census: &mut self.census,
            };
            if player.play(now, &mut stage) == Played::Waiting {
                return;
            }
        }
        mining.phase = Phase::Hashing;
        mining.health = Health::new(now, totals);
        mining.ramp.begin(now);
        self.pace(now);
    }

    fn take_turn(&mut self, now: Instant, turn: Turn) {
        match turn {
            Turn::Nothing => {}
            Turn::Set(frequency) => {
                self.write_frequency(now, frequency);
                self.pace(now);
            }
            Turn::Reached => {
                let chips = self.found();
                let detail = format!("chips={chips} frequency_mhz={}", self.frequency.mhz());
                self.out.note(now, Code::ChainUp, detail);
            }
            Turn::Tripped(judgement) => self.tripped(now, judgement),
        }
    }

    /// Chips that run faster than ordered are switched off. Chips that run slower stay at
    /// the frequency where that was seen: they earn, and rising further helps nobody.
    fn tripped(&mut self, now: Instant, judgement: Judgement) {
        let State::Mining(mining) = &mut self.state else {
            return;
        };
        let guard = mining.ramp.guard;
        let detail = format!(
            "frequency_mhz={} seen={} expected={:.0}",
            self.frequency.mhz(),
            guard.seen,
            guard.expected
        );
        if judgement == Judgement::TooFast {
            self.give_up(now, Code::ChainRampGuard, detail);
        } else {
            mining.ramp.stop();
            self.out.note(now, Code::ChainRampGuard, detail);
        }
    }

    fn take_sign(&mut self, now: Instant, sign: Sign) {
        match sign {
            Sign::Well => {}
            Sign::Noisy(detail) => self.out.note_seldom(now, Code::ChainNoisy, detail),
            Sign::HwErrors(detail) => self.out.note_seldom(now, Code::ChainHwErrors, detail),
            Sign::Silent(detail) if matches!(self.state, State::Mining(_)) => {
                self.fail(now, Code::ChainSilent, detail);
            }
            Sign::Deaf(detail) if matches!(self.state, State::Mining(_)) => {
                self.fail(now, Code::ChainNoisy, detail);
            }
            Sign::Silent(_) | Sign::Deaf(_) => {}
        }
    }
}
