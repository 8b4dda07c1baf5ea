//! The headers that one pool session hands out, none of them twice.
//!
//! A header is told from the others of its block by extranonce2, version bits and ntime.
//! The versions of an extranonce2 value are used up first, then comes the next value, and
//! only when all values are spent does ntime go forward, by no more than the time that
//! has passed since the job arrived.
//!
//! Chains own disjoint parts: ranges of extranonce2 (a prefix of its value); where it has
//! fewer values than there are chains, a prefix of the version bits; where these are too
//! few as well, every n-th second of ntime. Each chain begins its part at a random place,
//! so that a restarted process does not repeat the last one, and every new job goes on
//! from the place that the one before had reached.
//!
//! What was used is remembered per *content* (see [`Job::content_fingerprint`]): a job
//! that comes again, under its old name or a new one, goes on where it was left. Contents
//! are remembered for the last [`CONTENTS_MAX`] of them. One that comes back after that
//! many others begins anew, at the session's present place; with an extranonce2 of four
//! bytes and more the headers are new all the same, because that place moves on with
//! every job.

use std::collections::VecDeque;
use std::sync::Arc;

use units::{
    Duration, Header, HostVersions, Instant, Midstate, Nonce, Rng, Rolling, RollingNeed, WorkId,
    WorkItem,
};

use crate::cursor::Cursor;
use crate::job::{Job, write_extranonce2};
use crate::part::{Part, parts, shares_extranonce2};

/// Contents that a session remembers. Policy: pools send a job every 5 to 60 s, so this
/// covers any repeat within minutes, at about 100 bytes per chain and content.
pub const CONTENTS_MAX: usize = 64;

/// The search space of one pool session.
#[derive(Debug)]
pub struct SearchSpace {
    chains: Vec<RollingNeed>,
    rng: Rng,
    job: Option<Arc<Job>>,
    /// How far each chain has come in this session.
    places: Vec<Place>,
    /// Known contents; the last is the present job's.
    contents: VecDeque<Content>,
    /// Each chain's header under work; `None` when it must be made anew.
    prepared: Vec<Option<Prepared>>,
    /// The present job's coinbase, with extranonce2 patched in place.
    coinbase: Vec<u8>,
}

/// What was used of one content.
#[derive(Debug)]
struct Content {
    fingerprint: [u8; 32],
    version: u32,
    version_mask: u32,
    /// A time of the content and the instant at which it held: ntime advances from here.
    origin: (u32, Instant),
    /// Some header of it was handed out.
    used: bool,
    cursors: Vec<Cursor>,
    parts: Vec<Part>,
}

/// How far a chain has come in a session, over all contents.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Extranonce2 values of the chain's part, for which the rest holds.
    count: u64,
    /// The value with which the session began.
    start: u64,
    /// Values from the start that some content has begun.
    reached: u64,
    /// Version group to begin with.
    group: u64,
}

/// A header whose version alone still changes.
#[derive(Clone, Copy, Debug)]
struct Prepared {
    extranonce2: u64,
    header: Header,
    first64: [u8; 64],
}

impl SearchSpace {
    /// The space of a new session, shared by `chains`. All chance comes from `rng`.
    pub fn new(chains: Vec<RollingNeed>, rng: Rng) -> Self {
        SearchSpace {
            prepared: vec![None; chains.len()],
            chains,
            rng,
            job: None,
            places: Vec::new(),
            contents: VecDeque::new(),
            coinbase: Vec::new(),
        }
    }

    /// The job that work is made from.
    pub fn job(&self) -> Option<&Arc<Job>> {
        self.job.as_ref()
    }

    /// Make work from `job` from now on.
    pub fn set_job(&mut self, job: Arc<Job>) {
        self.remember_places();
        let parts = parts(&job, &self.chains);
        let fingerprint = job.content_fingerprint();
        let known = self
            .contents
            .iter()
            .position(|c| c.fingerprint == fingerprint)
            .and_then(|place| self.contents.remove(place))
            .filter(|content| content.used);
        let content = match known {
            Some(mut content) => {
                content.revisit(&job, parts);
                content
            }
            None => self.new_content(&job, fingerprint, parts),
        };
        if self.contents.len() == CONTENTS_MAX {
            self.contents.pop_front();
        }
        self.contents.push_back(content);
        self.prepared.fill(None);
        self.coinbase = job.coinbase(0);
        self.job = Some(job);
    }

    /// The next work for the chain at place `chain`, or `None`: no job, no such chain, or
    /// its part is spent until ntime may go on ([`ready_at`](Self::ready_at)).
    pub fn next(&mut self, now: Instant, chain: usize, id: WorkId) -> Option<WorkItem> {
        let job = self.job.as_ref()?;
        let content = self.contents.back_mut()?;
        let latest = content.latest(now);
        let part = content.parts.get(chain)?;
        let cursor = content.cursors.get_mut(chain)?;
        let prepared = self.prepared.get_mut(chain)?;
        let ntime = next_ntime(cursor, part)?;
        if ntime > latest {
            return None;
        }
        if cursor.left == 0 {
            cursor.restart(part, Some(ntime));
            *prepared = None;
        }
        let value = part.extranonce2_base + cursor.extranonce2;
        let prepared =
            prepared.get_or_insert_with(|| prepare(job, part, &mut self.coinbase, value, ntime));
        let item = WorkItem {
            id,
            job: job.key,
            extranonce2: prepared.extranonce2,
            header: prepared.header,
            rolling: Rolling::Chip { mask: 0 },
        };
        let item = roll(item, part, cursor.bits, &prepared.first64);
        content.used = true;
        if cursor.advance(part) {
            self.prepared[chain] = None;
        }
        Some(item)
    }

    /// When the chain at place `chain` can have work: in the past if it can now, `None`
    /// without a job.
    pub fn ready_at(&self, chain: usize) -> Option<Instant> {
        let content = self.contents.back()?;
        let ntime = next_ntime(content.cursors.get(chain)?, content.parts.get(chain)?)?;
        let (origin, at) = content.origin;
        let wait = u64::from(ntime.saturating_sub(origin));
        Some(at + Duration::from_secs(wait))
    }

    /// Version bits that the chain at place `chain` rolls in the present job: the pool's
    /// mask less the chain's prefix, as far as host and chip can use it. `None` without
    /// a job or such a chain.
    pub fn version_bits(&self, chain: usize) -> Option<u32> {
        let part = self.contents.back()?.parts.get(chain)?;
        Some(match part.chip_mask {
            Some(mask) => mask.count_ones(),
            None => part.bits.count().trailing_zeros(),
        })
    }

    /// The mask under which the chips of the chain at place `chain` roll in the present job.
    /// `None` where the host rolls, or without a job.
    pub fn chip_mask(&self, chain: usize) -> Option<u32> {
        self.contents.back()?.parts.get(chain)?.chip_mask
    }

    /// Note how far the chains came in the present content, before another takes over.
    fn remember_places(&mut self) {
        let Some(content) = self.contents.back() else {
            return;
        };
        for ((place, cursor), part) in self
            .places
            .iter_mut()
            .zip(&content.cursors)
            .zip(&content.parts)
        {
            place.reach(cursor, part);
        }
    }

    /// A content that was not seen before: every chain goes on beyond the furthest place
    /// that it has come to in the session, or begins at a random one.
    fn new_content(&mut self, job: &Job, fingerprint: [u8; 32], parts: Vec<Part>) -> Content {
        if self.places.is_empty() {
            let rng = &mut self.rng;
            self.places = parts.iter().map(|part| Place::random(part, rng)).collect();
        }
        let cursors = self
            .places
            .iter_mut()
            .zip(&parts)
            .map(|(place, part)| place.cursor(part, part.ntime_from(job.ntime)))
            .collect();
        Content {
            fingerprint,
            version: job.version,
            version_mask: job.version_mask,
            origin: (job.ntime, job.received_at),
            used: false,
            cursors,
            parts,
        }
    }
}

impl Place {
    fn random(part: &Part, rng: &mut Rng) -> Place {
        Place {
            count: part.extranonce2_count,
            start: rng.below(part.extranonce2_count),
            reached: 0,
            group: rng.below(part.groups()),
        }
    }

    /// A cursor beyond everything that was reached, for a new content.
    fn cursor(&mut self, part: &Part, ntime: Option<u32>) -> Cursor {
        if self.count != part.extranonce2_count {
            // Another length of extranonce2, so another coinbase: any place will do.
            self.count = part.extranonce2_count;
            self.start %= self.count;
            self.reached = 0;
        }
        let at = u128::from(self.start) + u128::from(self.reached);
        let extranonce2 = (at % u128::from(self.count)) as u64;
        Cursor::new(part, extranonce2, self.group, ntime)
    }

    /// The session came to `cursor`. Where extranonce2 has one value alone, the place
    /// among the versions is carried on; otherwise the next value begins with the first.
    fn reach(&mut self, cursor: &Cursor, part: &Part) {
        let count = u128::from(part.extranonce2_count);
        if self.count == part.extranonce2_count {
            let from_start = count + u128::from(cursor.extranonce2) - u128::from(self.start);
            let next = (from_start % count) as u64 + 1;
            self.reached = self.reached.max(next);
        }
        self.group = if count == 1 { cursor.group } else { 0 };
    }
}

impl Content {
    /// The content came again. Later headers than any before are new; otherwise each
    /// chain goes on where it was. Versions that changed must not meet old ones.
    fn revisit(&mut self, job: &Job, parts: Vec<Part>) {
        if job.ntime >= self.latest(job.received_at) {
            self.origin = (job.ntime, job.received_at);
        }
        let versions_changed = self.version != job.version || self.version_mask != job.version_mask;
        let last = self.cursors.iter().filter_map(|c| c.ntime).max();
        // Chains that share extranonce2 values are apart by version or time alone: with
        // other versions all of them need a time that none of them has used.
        let all_later = versions_changed && shares_extranonce2(&parts);
        let floor = last.map_or(Some(0), |last| last.checked_add(1));
        for (i, part) in parts.iter().enumerate() {
            let cursor = &mut self.cursors[i];
            let first = part.ntime_from(job.ntime);
            if all_later {
                let from = floor.map(|floor| floor.max(job.ntime));
                cursor.restart(part, from.and_then(|t| part.ntime_from(t)));
            } else if first > cursor.ntime {
                cursor.restart(part, first);
            } else if versions_changed {
                cursor.leave_begun(&self.parts[i], part);
            }
        }
        self.version = job.version;
        self.version_mask = job.version_mask;
        self.parts = parts;
    }

    /// The latest ntime that may be used at `now`.
    fn latest(&self, now: Instant) -> u32 {
        let (ntime, at) = self.origin;
        let elapsed = u32::try_from(now.since(at).as_secs()).unwrap_or(u32::MAX);
        ntime.saturating_add(elapsed)
    }
}

/// The time of the cursor's next unit.
fn next_ntime(cursor: &Cursor, part: &Part) -> Option<u32> {
    let ntime = cursor.ntime?;
    if cursor.left > 0 {
        Some(ntime)
    } else {
        part.ntime_from(ntime.checked_add(1)?)
    }
}

/// Assemble the header for one extranonce2 value: the only place on the way of a work
/// item where a merkle root is computed.
fn prepare(job: &Job, part: &Part, coinbase: &mut [u8], value: u64, ntime: u32) -> Prepared {
    let start = job.coinbase1.len() + job.extranonce1.len();
    let end = start + usize::from(job.extranonce2_size);
    write_extranonce2(value, &mut coinbase[start..end]);
    let header = Header {
        version: part.version,
        prev_hash: job.prev_hash,
        merkle_root: job.root_over(coinbase),
        ntime,
        nbits: job.nbits,
    };
    let bytes = header.to_bytes(part.version, Nonce(0));
    let mut first64 = [0; 64];
    first64.copy_from_slice(&bytes[..64]);
    Prepared {
        extranonce2: value,
        header,
        first64,
    }
}

/// Give `item` its versions, beginning with `bits`.
fn roll(mut item: WorkItem, part: &Part, mut bits: u32, first64: &[u8; 64]) -> WorkItem {
    if let Some(mask) = part.chip_mask {
        item.header.version |= bits;
        item.rolling = Rolling::Chip { mask };
        return item;
    }
    let count = usize::from(part.versions_per_item);
    let mut versions = [0; 4];
    for version in &mut versions[..count] {
        *version = part.version | bits;
        bits = part.bits.next(bits);
    }
    let mut midstates = [[0; 8]; 4];
    sha256d::midstates_for_versions(first64, &versions[..count], &mut midstates);
    let midstates = midstates.map(Midstate);
    if let Some(host) = HostVersions::new(&versions[..count], &midstates[..count]) {
        item.rolling = Rolling::Host(host);
    }
    item
}
