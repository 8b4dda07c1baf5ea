//! Hashing cores: when a nonce is due, where it is looked for, how it is reported.
//!
//! Nonces of a chain are a Poisson process at the rate that hashrate and ticket mask
//! imply; the chip is drawn by its own share of that rate, the core evenly. Events that
//! fall into a time without work are dropped, which leaves the process exact. Each nonce
//! is then found by real search in the space that chip and core have for this job.

use std::collections::VecDeque;

use units::{ChipIndex, Duration, HashRate, Instant, Rng};

use super::chip::{
    BM1370_SMALL_CORES, ChipModel, JobForm, REG_HASH_COUNTING, REG_NONCE_OFFSET, REG_ROLLING,
    REG_TICKET, ticket_log2,
};
use super::hash;
use super::job::{Job, Work};
use super::known::{Known, Replay};
use super::registers::Bank;
use super::search::{Budget, Found, SEARCH_BITS_MAX, Space, find};

/// Version bits that chips roll begin at bit 13.
const VERSION_SHIFT: u32 = 13;
/// Nonces of one job that are remembered so that none is reported twice. A real chip
/// tests each nonce once; at the rates of real tickets a job has a few hundred at most.
const FOUND_MAX: usize = 4096;
/// A known nonce is reported this long after its job came. Arbitrary.
const REPLAY_AFTER: Duration = Duration::from_micros(100);
/// 25 MHz ticks of the hash counting number.
const TICK_NS: f64 = 40.0;
/// Counter bits of a BM1398 core for one midstate (captured: counter 16:0).
const BM1398_COUNTER: u32 = 1 << 17;
/// Nonce bits of a BM1370 below its core field (25..31).
const BM1370_WINDOW: u32 = 1 << 25;

/// What all chains of a machine share.
#[derive(Debug)]
pub(crate) struct Params {
    pub(crate) difficulty_bits: u8,
    pub(crate) thinning: u32,
    pub(crate) known: Vec<Known>,
}

/// The chips' state that hashing depends on.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) model: &'static ChipModel,
    pub(crate) bank: &'a Bank,
    pub(crate) addresses: &'a [u8],
    /// Chips that can be reached, counted from the host.
    pub(crate) reach: usize,
    pub(crate) params: &'a Params,
}

impl View<'_> {
    fn read(&self, chip: usize, register: u8) -> u32 {
        self.bank.get(chip, register)
    }

    fn mhz(&self, chip: usize) -> f64 {
        self.model.core_mhz(|r| self.read(chip, r))
    }

    fn bits(&self, chip: usize) -> u32 {
        let ticket = ticket_log2(self.read(chip, REG_TICKET));
        u32::from(self.params.difficulty_bits) + u32::from(ticket)
    }

    /// 16-bit mask of the versions that a chip rolls; 0: it does not roll.
    fn rolling(&self, chip: usize) -> u32 {
        let register = self.read(chip, REG_ROLLING);
        if self.model.form == JobForm::FullHeader && register >> 31 == 1 {
            register & 0xFFFF
        } else {
            0
        }
    }

    /// Time that a core needs for one version (BM1370) or for one midstate's share of
    /// the job (BM1398).
    fn step(&self, chip: usize) -> Duration {
        let ns = match self.model.form {
            // Four small cores share the midstates of a job.
            JobForm::Midstates => f64::from(BM1398_COUNTER) * 1e3 / self.mhz(chip) / 4.0,
            JobForm::FullHeader => f64::from(self.read(chip, REG_HASH_COUNTING)) * TICK_NS,
        };
        Duration::from_nanos((ns * f64::from(self.params.thinning)).min(1e18) as u64)
    }
}

/// A nonce to report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) chip: ChipIndex,
    pub(crate) wire: [u8; 4],
    pub(crate) hash: [u8; 32],
    pub(crate) byte4: u8,
    pub(crate) job_byte: u8,
    pub(crate) counter: u16,
}

/// Outcome of an event.
pub(crate) enum Event {
    /// Nobody was hashing.
    Idle,
    /// The space of the chosen core has no (further) solution.
    Vain,
    Nonce(Report),
}

#[derive(Debug)]
pub(crate) struct Cores {
    rng: Rng,
    job: Option<(Job, Instant)>,
    /// What was reported of this job: nonce and midstate index or version counter.
    found: Vec<([u8; 4], u16)>,
    replays: VecDeque<(Instant, Replay)>,
    /// Nonces per second of chips 0 to i, summed up.
    rates: Vec<f64>,
    hash_rate: HashRate,
    next: Instant,
}

impl Cores {
    pub(crate) fn new(rng: Rng) -> Self {
        Cores {
            rng,
            job: None,
            found: Vec::new(),
            replays: VecDeque::new(),
            rates: Vec::new(),
            hash_rate: HashRate::default(),
            next: Instant::NEVER,
        }
    }

    /// When the next event is due.
    pub(crate) fn next_event(&self) -> Instant {
        match self.replays.front() {
            Some((at, _)) => self.next.min(*at),
            None => self.next,
        }
    }

    /// Hashrate of the chips, work or not.
    pub(crate) fn hash_rate(&self) -> HashRate {
        self.hash_rate
    }

    /// When the cores of chip 0 run out of work; `None` without work.
    pub(crate) fn busy_until(&self, view: View) -> Option<Instant> {
        let (job, at) = self.job.as_ref()?;
        Some(*at + life(view, 0, job))
    }

    /// A new job replaces the running one at once.
    pub(crate) fn load(&mut self, at: Instant, job: Job, view: View) {
        self.found.clear();
        self.replays.clear();
        if !view.params.known.is_empty() {
            let mask = view.rolling(0);
            for known in &view.params.known {
                if let Some(replay) = known.replay(&job, mask) {
                    self.replays.push_back((at + REPLAY_AFTER, replay));
                }
            }
        }
        self.job = Some((job, at));
    }

    /// Registers changed: draw the waiting time anew, which a Poisson process allows.
    pub(crate) fn update_rates(&mut self, now: Instant, view: View) {
        let mut sum = 0.0;
        let mut hash_rate = 0.0;
        self.rates.clear();
        for chip in 0..view.reach {
            if view.model.cores_run(|r| view.read(chip, r)) {
                let hs = f64::from(view.model.small_cores_used) * view.mhz(chip) * 1e6;
                let ticket = ticket_log2(view.read(chip, REG_TICKET));
                sum += hs / 4_294_967_296.0 / (1u64 << ticket) as f64;
                hash_rate += hs;
            }
            self.rates.push(sum);
        }
        self.hash_rate = HashRate::from_hs(hash_rate);
        self.next = self.draw(now);
    }

    fn draw(&mut self, now: Instant) -> Instant {
        match self.rates.last() {
            Some(rate) if *rate > 0.0 => {
                let mean = Duration::from_nanos((1e9 / rate).min(1e18) as u64);
                now + self.rng.exponential(mean)
            }
            _ => Instant::NEVER,
        }
    }

    /// The event that is due at `now`.
    pub(crate) fn event(&mut self, now: Instant, view: View) -> Event {
        if let Some((at, replay)) = self.replays.front().copied()
            && at <= now
        {
            self.replays.pop_front();
            return self.replay(replay, view);
        }
        self.next = self.draw(now);
        let total = self.rates.last().copied().unwrap_or(0.0);
        let draw = self.rng.unit_f64() * total;
        let chip = self.rates.partition_point(|sum| *sum <= draw);
        let Some((job, at)) = self.job else {
            return Event::Idle;
        };
        let elapsed = now.since(at);
        if chip >= view.reach || elapsed >= life(view, chip, &job) {
            return Event::Idle;
        }
        if view.bits(chip) > SEARCH_BITS_MAX {
            return Event::Vain;
        }
        let found = match view.model.form {
            JobForm::Midstates => self.search_midstates(&job, chip, view),
            JobForm::FullHeader => self.search_versions(&job, chip, elapsed, view),
        };
        match found {
            None => Event::Vain,
            Some((found, index)) => Event::Nonce(self.report(&job, chip, found, index, view)),
        }
    }

    fn replay(&mut self, replay: Replay, view: View) -> Event {
        let bits = view.bits(0);
        let Some((job, _)) = self.job else {
            return Event::Idle;
        };
        if self.rates.first().is_none_or(|rate| *rate <= 0.0)
            || !hash::meets_ticket(&replay.found.hash, bits)
        {
            return Event::Idle;
        }
        Event::Nonce(self.report(&job, 0, replay.found, replay.index, view))
    }

    /// BM1398: n = core << 24 | address << 16 | 17-bit counter, over the job's midstates.
    fn search_midstates(&mut self, job: &Job, chip: usize, view: View) -> Option<(Found, u16)> {
        let Work::Midstates { count, .. } = &job.work else {
            return None;
        };
        let count = u64::from(*count);
        let address = u32::from(view.addresses.get(chip).copied().unwrap_or(0));
        let space = Space {
            fixed: (self.rng.below(u64::from(view.model.cores)) as u32) << 24,
            start: (address & 0xFE) << 16,
            len: BM1398_COUNTER,
            mask: 0x00FF_FFFF,
        };
        let (first, from) = (self.rng.below(count), self.rng.next_u32());
        let mut budget = Budget::new();
        (0..count).find_map(|i| {
            let index = ((first + i) % count) as u8;
            let midstate = job.midstate(index, 0);
            let taken = |f: &Found| self.found.contains(&(f.wire, u16::from(index)));
            let bits = view.bits(chip);
            let found = find(&midstate, &job.tail, &space, from, bits, &mut budget, taken)?;
            Some((found, u16::from(index)))
        })
    }

    /// BM1370: n = core << 25 | window, over the versions that the core's small cores try
    /// at this moment: small core s takes the counters that are s modulo 16.
    fn search_versions(
        &mut self,
        job: &Job,
        chip: usize,
        elapsed: Duration,
        view: View,
    ) -> Option<(Found, u16)> {
        let mask = view.rolling(chip);
        let small_cores = BM1370_SMALL_CORES.min(1 << mask.count_ones());
        if self.rng.below(u64::from(BM1370_SMALL_CORES)) >= u64::from(small_cores) {
            // Too few versions for all small cores: the others stand still.
            return None;
        }
        let space = Space {
            fixed: (self.rng.below(u64::from(view.model.cores)) as u32) << 25,
            ..bm1370_window(chip, view)
        };
        let step = view.step(chip).as_nanos().max(1);
        let group = (elapsed.as_nanos() / step) as u32;
        let first = self.rng.below(u64::from(small_cores)) as u32;
        let from = self.rng.next_u32();
        let mut budget = Budget::new();
        for i in 0..small_cores {
            let number = group * BM1370_SMALL_CORES + (first + i) % small_cores;
            let counter = spread(number, mask);
            let version = job.base_version() | counter << VERSION_SHIFT;
            let midstate = job.midstate(0, version);
            let counter = counter as u16;
            let taken = |f: &Found| self.found.contains(&(f.wire, counter));
            let bits = view.bits(chip);
            let found = find(&midstate, &job.tail, &space, from, bits, &mut budget, taken);
            if let Some(found) = found {
                return Some((found, counter));
            }
            if budget.is_spent() {
                break;
            }
        }
        None
    }

    fn report(&mut self, job: &Job, chip: usize, found: Found, index: u16, view: View) -> Report {
        if self.found.len() < FOUND_MAX {
            self.found.push((found.wire, index));
        }
        // Captured frames fit: twice the zero bits beyond those that the ticket asks for.
        let excess = hash::zero_bits(&found.hash).saturating_sub(view.bits(chip));
        let (job_byte, counter) = match view.model.form {
            JobForm::Midstates => (job.job_byte.wrapping_add(index as u8) & 0x7F, 0),
            JobForm::FullHeader => (job.job_byte << 1 & 0xF0 | index as u8 & 0x0F, index),
        };
        Report {
            chip: ChipIndex(chip as u16),
            wire: found.wire,
            hash: found.hash,
            byte4: u8::try_from(excess * 2).unwrap_or(u8::MAX),
            job_byte,
            counter,
        }
    }
}

/// Time until a chip has tried everything of a job.
fn life(view: View, chip: usize, job: &Job) -> Duration {
    let steps = match &job.work {
        Work::Midstates { count, .. } => u32::from(*count),
        Work::FullHeader(_) => ((1 << view.rolling(chip).count_ones()) / BM1370_SMALL_CORES).max(1),
    };
    view.step(chip).saturating_mul(steps)
}

/// Where a BM1370 core sweeps: from the nonce offset (bits 24:9) if it is set, else from
/// the address (bits 24:17), upwards by the nonces that the hash counting number allows.
fn bm1370_window(chip: usize, view: View) -> Space {
    let offset = view.read(chip, REG_NONCE_OFFSET);
    let start = if offset >> 31 == 1 {
        (offset & 0xFFFF) << 9
    } else {
        u32::from(view.addresses.get(chip).copied().unwrap_or(0)) << 17
    };
    let ticks = f64::from(view.read(chip, REG_HASH_COUNTING));
    let len = ticks * 2.0 * view.mhz(chip) / 25.0;
    Space {
        fixed: 0,
        start,
        len: (len as u32).clamp(1, BM1370_WINDOW),
        mask: BM1370_WINDOW - 1,
    }
}

/// The low bits of `number` put one after another into the set bits of `mask`.
fn spread(number: u32, mask: u32) -> u32 {
    let mut out = 0;
    let mut number = number;
    for bit in 0..16 {
        if mask >> bit & 1 == 1 {
            out |= (number & 1) << bit;
            number >>= 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn version_counter_fills_the_mask_from_below() {
        assert_eq!(spread(0x05A2, 0xFFFF), 0x05A2);
        assert_eq!(spread(0b1011, 0b1010_1010), 0b1000_1010);
        assert_eq!(spread(7, 0), 0);
    }
}
