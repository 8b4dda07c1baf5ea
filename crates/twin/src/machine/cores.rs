//! Hashing cores: when a nonce is due, where it is looked for, how it is reported.
//!
//! Nonces of a chain are a Poisson process at the rate that hashrate and ticket mask
//! imply; the chip is drawn by its own share of that rate, the core evenly. Events that
//! fall into a time without work are dropped, which leaves the process exact. Each nonce
//! is then found by real search in the space that chip and core have for this job.

use std::collections::VecDeque;

use units::{ChipIndex, Duration, HashRate, Instant, Rng};

use super::chip::{Byte4, Window};
use super::hash;
use super::job::{Job, Work};
use super::known::Replay;
use super::search::{Budget, Found, SEARCH_BITS_MAX, find, spread};
use super::space::{Small, View};

/// Version bits that chips roll begin at bit 13.
const VERSION_SHIFT: u32 = 13;
/// Nonces of one job that are remembered so that none is reported twice. A real chip
/// tests each nonce once; at the rates of real tickets a job has a few hundred at most.
const FOUND_MAX: usize = 4096;
/// A known nonce is reported this long after its job came. Arbitrary.
const REPLAY_AFTER: Duration = Duration::from_micros(100);

/// Neighbours that are tried for a wrong nonce: at the lowest ticket of all each second one
/// is right by chance.
const SPOIL_TRIES: u32 = 32;

/// A nonce to report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) chip: ChipIndex,
    pub(crate) wire: [u8; 4],
    pub(crate) hash: [u8; 32],
    pub(crate) byte4: u8,
    pub(crate) job_byte: u8,
    pub(crate) counter: u16,
    pub(crate) made_up: bool,
    pub(crate) job_taken: Instant,
}

/// Outcome of an event.
pub(crate) enum Event {
    /// Nobody was hashing.
    Idle,
    /// The space of the chosen core has no (further) solution.
    Vain,
    Nonce(Report),
    /// A nonce that does not solve the job: the chip hashed wrongly.
    Wrong(Report),
}

/// A solution, and what says by which midstate, version or small core.
struct Solution {
    found: Found,
    /// Midstate index or version counter.
    index: u16,
    /// What the low bits of the returned job byte say.
    low: u8,
}

#[derive(Debug)]
pub(crate) struct Cores {
    rng: Rng,
    job: Option<(Job, Instant)>,
    /// When chip 0 has tried everything of the job.
    until: Instant,
    /// What was reported of this job: nonce and midstate index or version counter.
    found: Vec<([u8; 4], u16)>,
    replays: VecDeque<(Instant, Replay)>,
    /// Hashes per second of each chip while it has work.
    hs: Vec<f64>,
    /// Nonces per second of chips 0 to i, summed up.
    rates: Vec<f64>,
    hash_rate: HashRate,
    next: Instant,
    /// Hashes of each chip until `counted`, without those of `worked`.
    hashes: Vec<f64>,
    /// Time with work until `counted` that is not in `hashes` yet.
    worked: Duration,
    counted: Instant,
}

impl Cores {
    pub(crate) fn new(rng: Rng) -> Self {
        Cores {
            rng,
            job: None,
            until: Instant::ZERO,
            found: Vec::new(),
            replays: VecDeque::new(),
            hs: Vec::new(),
            rates: Vec::new(),
            hash_rate: HashRate::default(),
            next: Instant::NEVER,
            hashes: Vec::new(),
            worked: Duration::ZERO,
            counted: Instant::ZERO,
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

    /// Hashes per second of each chip, work or not.
    pub(crate) fn chips_hs(&self) -> &[f64] {
        &self.hs
    }

    /// When chip 0 runs out of work; `None` without work.
    pub(crate) fn busy_until(&self) -> Option<Instant> {
        self.job.as_ref().map(|_| self.until)
    }

    /// Hashes per second that a chip does at `now`.
    pub(crate) fn hs_now(&self, chip: usize, now: Instant) -> f64 {
        match self.busy_until() {
            Some(until) if until > now => self.hs.get(chip).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// Hashes that a chip has done until `now`.
    pub(crate) fn hashes(&self, chip: usize, now: Instant) -> f64 {
        let hs = self.hs.get(chip).copied().unwrap_or(0.0);
        let worked = self.worked + self.work_since_counted(now);
        self.hashes.get(chip).copied().unwrap_or(0.0) + hs * worked.as_secs_f64()
    }

    fn work_since_counted(&self, now: Instant) -> Duration {
        match self.job {
            Some((_, at)) => now.min(self.until).since(at.max(self.counted)),
            None => Duration::ZERO,
        }
    }

    /// A new job replaces the running one at once.
    pub(crate) fn load(&mut self, at: Instant, job: Job, view: View) {
        if !view.takes(&job) {
            return;
        }
        self.worked += self.work_since_counted(at);
        self.counted = at;
        self.found.clear();
        self.replays.clear();
        if !view.params.known.is_empty() {
            let mask = view.rolling(0).unwrap_or(0);
            for known in &view.params.known {
                let replay = known.replay(&job, mask);
                if let Some(replay) = replay.filter(|r| view.tries(&job, r.index)) {
                    self.replays.push_back((at + REPLAY_AFTER, replay));
                }
            }
        }
        self.until = at + view.life(0, &job);
        self.job = Some((job, at));
    }

    /// Registers changed: draw the waiting time anew, which a Poisson process allows.
    pub(crate) fn update_rates(&mut self, now: Instant, view: View) {
        let worked = self.worked + self.work_since_counted(now);
        self.hashes.resize(self.hs.len(), 0.0);
        for (hashes, hs) in self.hashes.iter_mut().zip(&self.hs) {
            *hashes += hs * worked.as_secs_f64();
        }
        self.worked = Duration::ZERO;
        self.counted = now;
        if let Some((job, at)) = &self.job {
            self.until = *at + view.life(0, job);
        }

        let mut sum = 0.0;
        let mut hash_rate = 0.0;
        self.rates.clear();
        self.hs.clear();
        for chip in 0..view.reach {
            let hs = view.hs(chip);
            sum += hs / 4_294_967_296.0 / (1u64 << view.ticket(chip)) as f64;
            hash_rate += hs;
            self.hs.push(hs);
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

    /// The event that is due at `now`; `errors` is the share of each chip's hashes that are
    /// wrong, empty where none is.
    pub(crate) fn event(&mut self, now: Instant, errors: &[f64], view: View) -> Event {
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
        if chip >= view.reach || elapsed >= view.life(chip, &job) {
            return Event::Idle;
        }
        if view.bits(chip) > SEARCH_BITS_MAX {
            return Event::Vain;
        }
        let solution = match &job.work {
            Work::Midstates { count, .. } => {
                let count = view.midstates(chip, *count);
                self.search_midstates(&job, chip, count, elapsed, view)
            }
            Work::FullHeader(_) => match view.rolling(chip) {
                Some(mask) => self.search_versions(&job, chip, mask, elapsed, view),
                None => self.search_nonces(&job, chip, view),
            },
        };
        let Some(solution) = solution else {
            return Event::Vain;
        };
        // No chance is drawn where no chip errs.
        let share = errors.get(chip).copied().unwrap_or(0.0);
        if share > 0.0 && self.rng.chance(share) {
            return match self.spoil(&job, chip, solution, view) {
                None => Event::Vain,
                Some(wrong) => Event::Wrong(self.report((&job, at), chip, wrong, view)),
            };
        }
        Event::Nonce(self.report((&job, at), chip, solution, view))
    }

    /// What a chip reports that hashes wrongly. Such hashes are as good as random: for each
    /// solution that it misses, it takes some other nonce for one. Which, is made up here: a
    /// neighbour of the solution that does not meet the ticket.
    fn spoil(
        &mut self,
        job: &Job,
        chip: usize,
        solution: Solution,
        view: View,
    ) -> Option<Solution> {
        let layout = &view.model.nonces;
        let version = job.base_version() | u32::from(solution.index) << VERSION_SHIFT;
        let midstate = job.midstate(solution.index as u8, version);
        (0..SPOIL_TRIES).find_map(|_| {
            let flips = spread(1 + self.rng.below(255) as u32, layout.counter);
            let flips = match layout.msb_first {
                true => flips.to_be_bytes(),
                false => flips.to_le_bytes(),
            };
            let wire = core::array::from_fn(|i| solution.found.wire[i] ^ flips[i]);
            let hash = hash::header_hash(&midstate, &job.tail, wire);
            let found = Found { wire, hash };
            (!hash::meets_ticket(&hash, view.bits(chip))).then_some(Solution { found, ..solution })
        })
    }

    fn replay(&mut self, replay: Replay, view: View) -> Event {
        let bits = view.bits(0);
        let Some((job, at)) = self.job else {
            return Event::Idle;
        };
        if self.rates.first().is_none_or(|rate| *rate <= 0.0)
            || !hash::meets_ticket(&replay.found.hash, bits)
        {
            return Event::Idle;
        }
        let solution = Solution {
            found: replay.found,
            index: replay.index,
            low: replay.index as u8,
        };
        Event::Nonce(self.report((&job, at), 0, solution, view))
    }

    /// The number of a core that hashes.
    fn draw_core(&mut self, chip: usize, view: View) -> u16 {
        let cores = &view.model.cores;
        if view.model.cores_open_while.is_none() {
            return cores.number(self.rng.below(u64::from(cores.count)) as u16);
        }
        let open = view.open(chip).cores;
        let mut skip = self.rng.below(u64::from(open.count_ones().max(1)));
        let mut index = 0;
        for core in 0..cores.count {
            if open >> core & 1 == 1 {
                index = core;
                if skip == 0 {
                    break;
                }
                skip -= 1;
            }
        }
        cores.number(index)
    }

    /// One core's nonces, over the midstates of the job.
    fn search_midstates(
        &mut self,
        job: &Job,
        chip: usize,
        count: u8,
        elapsed: Duration,
        view: View,
    ) -> Option<Solution> {
        let core = self.draw_core(chip, view);
        let small = match view.model.nonces.window {
            Window::Share { .. } => self.draw_small(view),
            Window::Whole | Window::HashCounting => Small::Apart,
        };
        let space = view.space(chip, core, small, count, elapsed);
        let count = u64::from(count);
        let (first, from) = (self.rng.below(count), self.rng.next_u32());
        let mut budget = Budget::new();
        (0..count).find_map(|i| {
            let index = ((first + i) % count) as u8;
            let midstate = job.midstate(index, 0);
            let taken = |f: &Found| self.found.contains(&(f.wire, u16::from(index)));
            let bits = view.bits(chip);
            let found = find(&midstate, &job.tail, &space, from, bits, &mut budget, taken)?;
            Some(Solution {
                found,
                index: u16::from(index),
                low: index,
            })
        })
    }

    /// One core's nonces, over the versions that its small cores try at this moment: small
    /// core s takes the counters that are s modulo their number.
    fn search_versions(
        &mut self,
        job: &Job,
        chip: usize,
        mask: u32,
        elapsed: Duration,
        view: View,
    ) -> Option<Solution> {
        let all = view.model.small_cores;
        let small_cores = all.min(1 << mask.count_ones());
        if self.rng.below(u64::from(all)) >= u64::from(small_cores) {
            // Too few versions for all small cores: the others stand still.
            return None;
        }
        let core = self.draw_core(chip, view);
        let space = view.space(chip, core, Small::Apart, 1, elapsed);
        let step = view.step(chip).as_nanos().max(1);
        let group = (elapsed.as_nanos() / step) as u32;
        let first = self.rng.below(u64::from(small_cores)) as u32;
        let from = self.rng.next_u32();
        let mut budget = Budget::new();
        for i in 0..small_cores {
            let number = group * all + (first + i) % small_cores;
            let counter = spread(number, mask);
            let version = job.base_version() | counter << VERSION_SHIFT;
            let midstate = job.midstate(0, version);
            let counter = counter as u16;
            let taken = |f: &Found| self.found.contains(&(f.wire, counter));
            let bits = view.bits(chip);
            let found = find(&midstate, &job.tail, &space, from, bits, &mut budget, taken);
            if let Some(found) = found {
                return Some(Solution {
                    found,
                    index: counter,
                    low: counter as u8,
                });
            }
            if budget.is_spent() {
                break;
            }
        }
        None
    }

    /// One small core's nonces, for the version as it came.
    fn search_nonces(&mut self, job: &Job, chip: usize, view: View) -> Option<Solution> {
        let core = self.draw_core(chip, view);
        let small = self.draw_small(view);
        let space = view.space(chip, core, small, 1, Duration::ZERO);
        let midstate = job.midstate(0, job.base_version());
        let from = self.rng.next_u32();
        let taken = |f: &Found| self.found.contains(&(f.wire, 0));
        let mut budget = Budget::new();
        let bits = view.bits(chip);
        let found = find(&midstate, &job.tail, &space, from, bits, &mut budget, taken)?;
        Some(Solution {
            found,
            index: 0,
            low: small.number() as u8,
        })
    }

    fn draw_small(&mut self, view: View) -> Small {
        let of = view.model.small_cores;
        let number = self.rng.below(u64::from(of)) as u32;
        Small::Divides { number, of }
    }

    /// `job` and when it was taken.
    fn report(
        &mut self,
        (job, job_taken): (&Job, Instant),
        chip: usize,
        solution: Solution,
        view: View,
    ) -> Report {
        let Solution { found, index, low } = solution;
        let solved_before = self.found.len();
        if solved_before < FOUND_MAX {
            self.found.push((found.wire, index));
        }
        let byte4 = match view.model.byte4 {
            // Captured frames fit: twice the zero bits beyond those the ticket asks for.
            Byte4::Excess => 2 * hash::zero_bits(&found.hash).saturating_sub(view.bits(chip)),
            Byte4::Solution => solved_before as u32 & 0x3F,
        };
        let rolled = view.model.registers.rolling.is_some();
        Report {
            chip: ChipIndex(chip as u16),
            wire: found.wire,
            hash: found.hash,
            byte4: u8::try_from(byte4).unwrap_or(u8::MAX),
            job_byte: view.model.job_bytes.returned(job.job_byte, low),
            counter: if rolled { index } else { 0 },
            made_up: job.is_made_up(),
            job_taken,
        }
    }
}
