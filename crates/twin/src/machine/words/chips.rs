//! The chips of a SPI chain that lives: registers, jobs that queue, and when a nonce is due.
//!
//! Each chip has work of its own, one job running and one in reserve, and tries the whole nonce
//! range of each midstate. Nonces of a chain are a Poisson process at the rate that hashrate
//! and ticket imply; events of chips without work are dropped, which leaves it exact. Results
//! wait in one queue for the host to ask.

use std::collections::VecDeque;
use std::sync::Arc;

use units::{Duration, HashRate, Instant, Rng};

use super::frames::Loaded;
use super::model::WordModel;
use crate::machine::hash;
use crate::machine::search::{Budget, Found, SEARCH_BITS_MAX, Space, find};
use crate::machine::space::Params;
use crate::parts::ChipSensor;

/// Results that wait for the host; more are lost. Assumed.
const RESULTS_MAX: usize = 256;
/// Nonces of one job that are remembered so that none is told twice.
const FOUND_MAX: usize = 4096;
/// A known nonce is told this long after its job began. Arbitrary.
const REPLAY_AFTER: Duration = Duration::from_micros(100);
/// Temperature of a chip that nobody tells of: at rest, and per MHz while it hashes. Assumed.
const REST_C: f64 = 30.0;
const C_PER_MHZ: f64 = 0.025;
/// Core voltage as the sensor shows it: the middle of the published target. Assumed.
const CORE_MV: f64 = 412.0;

/// A nonce that waits for the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Result {
    /// From 0.
    pub(crate) chip: usize,
    pub(crate) id: u8,
    /// Which midstate.
    pub(crate) slot: u8,
    /// Header order.
    pub(crate) wire: [u8; 4],
    pub(crate) hash: [u8; 32],
    pub(crate) made_up: bool,
    pub(crate) job_taken: Instant,
}

#[derive(Clone, Debug)]
struct Chip {
    block: [u8; 12],
    second: [u8; 12],
    /// Its place is known to it.
    placed: bool,
    /// The self test was finished.
    fixed: bool,
    sensor_was_reset: bool,
    running: Option<(Loaded, Instant)>,
    /// Hashes that the running job has left.
    left: f64,
    queued: Option<(Loaded, Instant)>,
    /// Until when `left` is counted.
    counted: Instant,
    hs: f64,
    found: Vec<([u8; 4], u8)>,
}

/// What an event came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Idle,
    Vain,
    /// A nonce waits for the host; `wrong` if it solves nothing.
    Queued {
        wrong: bool,
    },
    /// The queue was full.
    Lost,
}

#[derive(Debug)]
pub(crate) struct Chips {
    model: &'static WordModel,
    params: Arc<Params>,
    chips: Vec<Chip>,
    /// Counted since reset.
    counted: bool,
    pub(crate) results: VecDeque<Result>,
    replays: VecDeque<(Instant, Result)>,
    ticket: u8,
    hs: Vec<f64>,
    /// Hashes per second of chips 0 to i, summed up.
    sums: Vec<f64>,
    next: Instant,
    rng: Rng,
}

impl Chips {
    /// In the state after reset.
    pub(crate) fn new(
        model: &'static WordModel,
        params: Arc<Params>,
        count: usize,
        now: Instant,
        rng: Rng,
    ) -> Self {
        let mut block = [0; 12];
        block[..model.reset.len()].copy_from_slice(model.reset);
        let chip = Chip {
            block,
            second: [0; 12],
            placed: false,
            fixed: false,
            sensor_was_reset: false,
            running: None,
            left: 0.0,
            queued: None,
            counted: now,
            hs: 0.0,
            found: Vec::new(),
        };
        Chips {
            model,
            params,
            chips: vec![chip; count],
            counted: false,
            results: VecDeque::new(),
            replays: VecDeque::new(),
            ticket: 0,
            hs: vec![0.0; count],
            sums: vec![0.0; count],
            next: Instant::NEVER,
            rng,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.chips.len()
    }

    /// Chips counted by the self test's start; once after a reset, and none after that.
    pub(crate) fn count_once(&mut self) -> u8 {
        if core::mem::replace(&mut self.counted, true) {
            return 0;
        }
        for chip in &mut self.chips {
            chip.placed = true;
        }
        u8::try_from(self.chips.len()).unwrap_or(u8::MAX)
    }

    pub(crate) fn is_placed(&self, chip: usize) -> bool {
        self.chips.get(chip).is_some_and(|c| c.placed)
    }

    /// Clock of a chip's cores.
    pub(crate) fn mhz(&self, chip: usize) -> f64 {
        let chip = self.chips.get(chip);
        chip.map_or(0.0, |c| self.model.pll.mhz(&c.block))
    }

    /// Hashes per second of each chip, work or not.
    pub(crate) fn chips_hs(&self) -> &[f64] {
        &self.hs
    }

    /// Any chip has work.
    pub(crate) fn has_work(&self, now: Instant) -> bool {
        let all = self.all_hashes();
        self.chips.iter().any(|c| c.has_work(now, all))
    }

    /// Hashrate of the chips that have work.
    pub(crate) fn hash_rate(&self, now: Instant) -> HashRate {
        let all = self.all_hashes();
        let working = self.chips.iter().filter(|c| c.has_work(now, all));
        HashRate::from_hs(working.map(|c| c.hs).sum())
    }

    pub(crate) fn next_event(&self) -> Instant {
        let replay = self.replays.front().map_or(Instant::NEVER, |r| r.0);
        self.next.min(replay)
    }

    /// Hashes in a whole job.
    fn all_hashes(&self) -> f64 {
        4_294_967_296.0 * f64::from(self.model.job.midstates) * f64::from(self.params.thinning)
    }

    fn bits(&self) -> u32 {
        u32::from(self.params.difficulty_bits) + u32::from(self.ticket)
    }

    /// A self test ends: cores hash.
    pub(crate) fn fix(&mut self, now: Instant, which: &[usize]) {
        self.change(now, which, |chip| chip.fixed = true);
    }

    pub(crate) fn begin_test(&mut self, now: Instant, which: &[usize]) {
        self.change(now, which, |chip| chip.fixed = false);
    }

    pub(crate) fn drop_jobs(&mut self, now: Instant, which: &[usize]) {
        self.change(now, which, |chip| {
            (chip.running, chip.queued) = (None, None);
            chip.found.clear();
        });
        self.results.retain(|result| !which.contains(&result.chip));
        self.replays.retain(|(_, r)| !which.contains(&r.chip));
    }

    pub(crate) fn write(&mut self, now: Instant, which: &[usize], block: [u8; 12]) {
        let sensor = self.model.sensor;
        self.change(now, which, |chip| {
            if sensor {
                chip.sensor_was_reset |= block[7] & 0x80 == 0;
            }
            chip.block = block;
        });
    }

    pub(crate) fn write_second(&mut self, which: &[usize], block: [u8; 12]) {
        for i in which {
            if let Some(chip) = self.chips.get_mut(*i) {
                chip.second = block;
            }
        }
    }

    fn change(&mut self, now: Instant, which: &[usize], change: impl Fn(&mut Chip)) {
        let all = self.all_hashes();
        for i in which {
            if let Some(chip) = self.chips.get_mut(*i) {
                chip.catch_up(now, all);
                change(chip);
                let cores = if chip.fixed {
                    self.model.per_cycle()
                } else {
                    0
                };
                chip.hs = f64::from(cores) * self.model.pll.mhz(&chip.block) * 1e6;
                self.hs[*i] = chip.hs;
            }
        }
        let mut sum = 0.0;
        for (place, hs) in self.sums.iter_mut().zip(&self.hs) {
            sum += hs;
            *place = sum;
        }
        self.next = self.draw(now);
    }

    /// A chip is given a job. False if it has no room for it.
    pub(crate) fn load(&mut self, now: Instant, which: usize, loaded: Loaded) -> bool {
        let all = self.all_hashes();
        let Some(chip) = self.chips.get_mut(which) else {
            return true;
        };
        chip.catch_up(now, all);
        let begins = now.max(chip.begins_next(now));
        match (&chip.running, &chip.queued) {
            (None, _) => {
                chip.running = Some((loaded, now));
                chip.left = all;
                chip.found.clear();
            }
            (Some(_), None) => chip.queued = Some((loaded, now)),
            (Some(_), Some(_)) => return false,
        }
        if loaded.ticket != self.ticket {
            self.ticket = loaded.ticket;
            self.next = self.draw(now);
        }
        self.replay(begins, which, &loaded, now);
        true
    }

    fn replay(&mut self, begins: Instant, chip: usize, loaded: &Loaded, job_taken: Instant) {
        let known = self.params.known.iter();
        let found = known.filter_map(|known| known.replay(&loaded.job, 0));
        for replay in found {
            let result = Result {
                chip,
                id: loaded.id,
                slot: replay.index as u8,
                wire: replay.found.wire,
                hash: replay.found.hash,
                made_up: false,
                job_taken,
            };
            self.replays.push_back((begins + REPLAY_AFTER, result));
        }
    }

    fn draw(&mut self, now: Instant) -> Instant {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let rate = total / 4_294_967_296.0 / (1u64 << self.ticket) as f64;
        if rate > 0.0 {
            let mean = Duration::from_nanos((1e9 / rate).min(1e18) as u64);
            now + self.rng.exponential(mean)
        } else {
            Instant::NEVER
        }
    }

    /// The event that is due at `now`; `errors` is the share of each chip's hashes that are
    /// wrong, empty where none is.
    pub(crate) fn event(&mut self, now: Instant, errors: &[f64]) -> Event {
        if let Some((at, result)) = self.replays.front().copied()
            && at <= now
        {
            self.replays.pop_front();
            let hashes = self.hs.get(result.chip).is_some_and(|hs| *hs > 0.0);
            if !hashes || !hash::meets_ticket(&result.hash, self.bits()) {
                return Event::Idle;
            }
            return self.queue(result, false);
        }
        self.next = self.draw(now);
        let total = self.sums.last().copied().unwrap_or(0.0);
        let draw = self.rng.unit_f64() * total;
        let which = self.sums.partition_point(|sum| *sum <= draw);
        let (all, bits) = (self.all_hashes(), self.bits());
        let Some(chip) = self.chips.get_mut(which) else {
            return Event::Idle;
        };
        chip.catch_up(now, all);
        let Some((loaded, taken)) = chip.running else {
            return Event::Idle;
        };
        if bits > SEARCH_BITS_MAX {
            return Event::Vain;
        }
        let Some((found, slot)) = chip.search(&mut self.rng, &loaded, self.model, bits) else {
            return Event::Vain;
        };
        let mut result = Result {
            chip: which,
            id: loaded.id,
            slot,
            wire: found.wire,
            hash: found.hash,
            made_up: loaded.job.is_made_up(),
            job_taken: taken,
        };
        let share = errors.get(which).copied().unwrap_or(0.0);
        let wrong = share > 0.0 && self.rng.chance(share);
        if wrong && !spoil(&mut self.rng, &loaded, &mut result, bits) {
            return Event::Vain;
        }
        self.queue(result, wrong)
    }

    fn queue(&mut self, result: Result, wrong: bool) -> Event {
        if self.results.len() >= RESULTS_MAX {
            return Event::Lost;
        }
        self.results.push_back(result);
        Event::Queued { wrong }
    }

    /// The register block as a chip gives it.
    pub(crate) fn block(&mut self, now: Instant, which: usize, told: &[ChipSensor]) -> [u8; 12] {
        let (all, model, mhz) = (self.all_hashes(), self.model, self.mhz(which));
        let Some(chip) = self.chips.get_mut(which) else {
            return [0; 12];
        };
        chip.catch_up(now, all);
        let mut block = chip.block;
        let jobs = match (&chip.running, &chip.queued) {
            (None, _) => 0,
            (Some(_), None) => 1,
            (Some(_), Some(_)) => 3,
        };
        if let Some(at) = model.lock_at {
            block[at] = block[at] & !1 | u8::from(mhz > 0.0);
        }
        block[model.queue_at] = block[model.queue_at] & !3 | jobs;
        if let Some(at) = model.ids_at {
            let id = |job: &Option<(Loaded, Instant)>| job.map_or(0, |(l, _)| l.id);
            block[at] = id(&chip.running) | id(&chip.queued) << 4;
        }
        block[model.cores_at] = if chip.placed { model.cores } else { 0 };
        if model.sensor {
            let adc = chip.adc(which, mhz, told);
            block[7] = block[7] & !3 | (adc >> 8) as u8;
            block[8] = adc as u8;
        }
        block
    }
}

impl Chip {
    /// Let hashing go on until `now`.
    fn catch_up(&mut self, now: Instant, all: f64) {
        let mut seconds = now.since(self.counted).as_secs_f64();
        self.counted = self.counted.max(now);
        // Two jobs at most.
        while self.running.is_some() && self.hs > 0.0 {
            if self.hs * seconds < self.left {
                self.left -= self.hs * seconds;
                return;
            }
            seconds -= self.left / self.hs;
            self.running = self.queued.take();
            self.left = all;
            self.found.clear();
        }
    }

    fn has_work(&self, now: Instant, all: f64) -> bool {
        let more = if self.queued.is_some() { all } else { 0.0 };
        let done = self.hs * now.since(self.counted).as_secs_f64();
        self.running.is_some() && self.hs > 0.0 && done < self.left + more
    }

    /// When a job that is queued now begins; its hashing has come as far as `now`.
    fn begins_next(&self, now: Instant) -> Instant {
        match self.running {
            Some(_) if self.hs > 0.0 => {
                now + Duration::from_nanos((self.left / self.hs * 1e9).min(1e18) as u64)
            }
            _ => now,
        }
    }

    fn search(
        &mut self,
        rng: &mut Rng,
        loaded: &Loaded,
        model: &WordModel,
        bits: u32,
    ) -> Option<(Found, u8)> {
        let space = Space {
            fixed: 0,
            counter: u32::MAX,
            start: 0,
            len: u32::MAX,
            msb_first: true,
        };
        let slot = rng.below(u64::from(model.job.midstates)) as u8;
        let midstate = loaded.job.midstate(slot, 0);
        let from = rng.next_u32();
        let taken = |f: &Found| self.found.contains(&(f.wire, slot));
        let mut budget = Budget::new();
        let tail = &loaded.job.tail;
        let found = find(&midstate, tail, &space, from, bits, &mut budget, taken)?;
        if self.found.len() < FOUND_MAX {
            self.found.push((found.wire, slot));
        }
        Some((found, slot))
    }

    /// The sensor's code: 588 less one and a half a degree, or 1024 for each 1248 mV. Assumed:
    /// zero unless it was reset, enabled and switched as published, and where its clock is more
    /// than twice off.
    fn adc(&self, which: usize, mhz: f64, told: &[ChipSensor]) -> u16 {
        let [.., b5, b6, b7, _, _, _, _] = self.block;
        let enabled = self.sensor_was_reset && b7 & 0xA0 == 0xA0 && b6 & 0x04 != 0;
        let told = told.iter().find(|s| usize::from(s.chip) == which);
        // Its clock is a part of the cores': half, by 16, by the divider, to 650 kHz.
        let (wanted, divider) = (mhz / 2.0 * 1000.0 / 16.0 / 650.0, f64::from(self.second[5]));
        let clocked = divider * 2.0 >= wanted && divider <= wanted * 2.0 + 1.0;
        if !enabled || !clocked || told.is_some_and(|s| s.dead) {
            return 0;
        }
        match (b5 & 3, b6 & 0x82) {
            (0, 0) => {
                let warm = if self.hs > 0.0 { C_PER_MHZ * mhz } else { 0.0 };
                let said = told.and_then(|s| s.remote_c.or(s.local_c));
                let celsius = said.unwrap_or(REST_C + warm);
                (588.0 - 1.5 * celsius).round().clamp(0.0, 1023.0) as u16
            }
            (1, 0x02) => (CORE_MV * 1024.0 / 1248.0) as u16,
            _ => 0,
        }
    }
}

/// Such hashes are as good as random: which nonce a chip takes for a solution is made up here,
/// a neighbour that does not meet the ticket. False if there is none.
fn spoil(rng: &mut Rng, loaded: &Loaded, result: &mut Result, bits: u32) -> bool {
    let midstate = loaded.job.midstate(result.slot, 0);
    (0..32).any(|_| {
        let mut wire = result.wire;
        wire[0] ^= 1 + rng.below(255) as u8;
        let hash = hash::header_hash(&midstate, &loaded.job.tail, wire);
        let misses = !hash::meets_ticket(&hash, bits);
        if misses {
            (result.wire, result.hash) = (wire, hash);
        }
        misses
    })
}
