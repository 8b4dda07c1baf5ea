//! A nonce and its job: the header that was hashed, its hash, and what that is worth.

use protocol::explain::{Fields, Solved, Value, solve};
use protocol::job::Job;
use protocol::{Profile, RawNonce};
use units::{DifficultyOne, VERSION_SHIFT, WireJobId};
use work::{Target, hash_difficulty};

use crate::hex::hex;

/// Jobs by wire id, the latest last: at most one for each value of the job byte.
pub(crate) struct Jobs {
    seen: Vec<Job>,
}

impl Jobs {
    pub(crate) fn new(given: Option<Job>) -> Self {
        Jobs {
            seen: given.into_iter().collect(),
        }
    }

    pub(crate) fn saw(&mut self, job: Job) {
        self.seen.retain(|known| id(known) != id(&job));
        self.seen.push(job);
    }

    /// What a nonce comes to with the latest job that it can answer; nothing where no such
    /// job was seen.
    pub(crate) fn answered_by(&self, profile: &Profile, raw: &RawNonce) -> Fields {
        let answers = |job: &Job| Some((id(job), worth(profile, job, raw)?));
        let mut found = self.seen.iter().rev().filter_map(answers);
        let Some(latest) = found.next() else {
            return Fields::new();
        };
        // Midstate jobs whose ids lie close together can both be meant: the hash decides.
        let good = |worth: &Worth| sha256d::leading_zero_bits(&worth.hash) >= 32;
        let (job, worth) = if good(&latest.1) {
            latest
        } else {
            found.find(|(_, worth)| good(worth)).unwrap_or(latest)
        };
        fields(job, &worth)
    }
}

/// What a solved header shows.
struct Worth {
    solved: Solved,
    version: Option<u32>,
    nbits: u32,
    hash: [u8; 32],
}

fn id(job: &Job) -> WireJobId {
    match job {
        Job::Midstates { id, .. } | Job::FullHeader { id, .. } => *id,
    }
}

fn worth(profile: &Profile, job: &Job, raw: &RawNonce) -> Option<Worth> {
    let solved = solve(profile, job, raw).ok()?;
    let hash = match &solved {
        Solved::Header { header } => sha256d::hash_header(header),
        Solved::End { midstate, end, .. } => {
            let (tail, nonce) = end.split_first_chunk::<12>()?;
            sha256d::finish(&midstate.0, tail, nonce.try_into().ok()?)
        }
    };
    let (version, nbits) = match job {
        Job::FullHeader { header, .. } => {
            let rolled = u32::from(raw.counter) << VERSION_SHIFT;
            (Some(header.version | rolled), header.nbits)
        }
        Job::Midstates { tail, .. } => (None, tail.nbits),
    };
    Some(Worth {
        solved,
        version,
        nbits,
        hash,
    })
}

fn fields(job: WireJobId, worth: &Worth) -> Fields {
    let mut out: Fields = vec![("answers_job_byte", text(format!("0x{:02x}", job.0)))];
    match &worth.solved {
        Solved::Header { header } => out.push(("header", text(hex(header)))),
        Solved::End { midstate, end, .. } => {
            let words = midstate.0.iter().map(|word| format!("{word:08x}"));
            out.push(("midstate", text(words.collect())));
            out.push(("header_end", text(hex(end))));
            let note = "a midstate job carries the state after the header's first 64 bytes, \
                        not these bytes; the version is in them";
            out.push(("header_note", text(note.to_owned())));
        }
    }
    if let Some(version) = worth.version {
        out.push(("version", text(format!("0x{version:08x}"))));
    }
    // Hashes are shown last byte first, as block explorers do.
    let shown: Vec<u8> = worth.hash.iter().rev().copied().collect();
    out.push(("hash", text(hex(&shown))));
    let difficulty = hash_difficulty(&worth.hash, DifficultyOne::BITCOIN);
    out.push(("difficulty", Value::Real(difficulty)));
    let target = Target::from_nbits(worth.nbits);
    let met = target.is_some_and(|target| target.met_by(&worth.hash));
    out.push(("meets_network_target", Value::Flag(met)));
    out
}

fn text(text: String) -> Value {
    Value::Text(text)
}
