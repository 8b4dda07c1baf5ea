//! Whether a nonce solves the work that it claims to solve: one, or many at once.

use sha256d::Candidate;
use units::{NonceReport, Rolling, WorkItem};

/// A header that a chain found: verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The full header version.
    pub version: u32,
    /// The header's hash, as SHA-256 produced it.
    pub hash: [u8; 32],
}

/// The header that `report` finds in `item`, if its hash has at least `ticket_zero_bits`
/// leading zero bits, which is what the chip claims by reporting it.
///
/// `None` if it has not, if the chip names a midstate that the item does not have, or
/// version bits that it was not given: the nonce then does not belong to this item, or
/// was computed wrongly.
pub fn validate(item: &WorkItem, report: &NonceReport, ticket_zero_bits: u32) -> Option<Found> {
    let claim = Claim::of(item, report)?;
    let hash = match &claim.hashes {
        Hashes::Candidate(candidate) => {
            sha256d::finish(&candidate.midstate, &candidate.tail, candidate.nonce_wire)
        }
        Hashes::Header(header) => sha256d::hash_header(header),
    };
    meets(claim.version, hash, ticket_zero_bits)
}

/// Many claims, hashed side by side: [`validate`] for each of them, in less time.
///
/// It keeps its memory from one use to the next; how many claims it holds at once is the
/// caller's to bound.
#[derive(Default, Debug)]
pub struct Batch {
    /// One per push.
    entries: Vec<Entry>,
    candidates: Vec<Candidate>,
    headers: Vec<[u8; 80]>,
    /// Of the candidates, then of the headers.
    hashes: Vec<Option<[u8; 32]>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    version: u32,
    zero_bits: u32,
    place: Place,
}

/// Where the hash of an entry is made.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Nowhere: the item cannot have been solved so.
    Impossible,
    Candidate(usize),
    Header(usize),
}

impl Batch {
    /// An empty one.
    pub fn new() -> Self {
        Batch::default()
    }

    /// Forget every claim.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.candidates.clear();
        self.headers.clear();
        self.hashes.clear();
    }

    /// How many claims there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Add the claim that `report` solves `item`, which takes the next place.
    pub fn push(&mut self, item: &WorkItem, report: &NonceReport, ticket_zero_bits: u32) {
        self.hashes.clear();
        let (version, place) = match Claim::of(item, report) {
            None => (0, Place::Impossible),
            Some(Claim { version, hashes }) => match hashes {
                Hashes::Candidate(candidate) => {
                    self.candidates.push(candidate);
                    (version, Place::Candidate(self.candidates.len() - 1))
                }
                Hashes::Header(header) => {
                    self.headers.push(header);
                    (version, Place::Header(self.headers.len() - 1))
                }
            },
        };
        self.entries.push(Entry {
            version,
            zero_bits: ticket_zero_bits,
            place,
        });
    }

    /// Hash what was added. [`found`](Self::found) answers from now on, until the next push.
    pub fn verify(&mut self) {
        // What any claim could pass with; each is held against its own ticket afterwards.
        let least = self.entries.iter().map(|entry| entry.zero_bits).min();
        let target = sha256d::Target::zero_bits(least.unwrap_or(0));
        let count = self.candidates.len() + self.headers.len();
        self.hashes.clear();
        self.hashes.resize(count, None);
        let (candidates, headers) = self.hashes.split_at_mut(self.candidates.len());
        sha256d::verify_batch(&self.candidates, &target, candidates);
        sha256d::verify_headers(&self.headers, &target, headers);
    }

    /// What the claim at `place` found. `None` if it is wrong, not there, or not verified.
    pub fn found(&self, place: usize) -> Option<Found> {
        let entry = self.entries.get(place)?;
        let at = match entry.place {
            Place::Impossible => return None,
            Place::Candidate(at) => at,
            Place::Header(at) => self.candidates.len() + at,
        };
        let hash = (*self.hashes.get(at)?)?;
        meets(entry.version, hash, entry.zero_bits)
    }
}

/// What must be hashed to know whether a nonce solves an item.
struct Claim {
    version: u32,
    hashes: Hashes,
}

enum Hashes {
    /// The host rolled: there is a midstate.
    Candidate(Candidate),
    /// The chip rolled: the whole header.
    Header([u8; 80]),
}

impl Claim {
    /// `None` if the item has no such midstate, or did not give these version bits away.
    fn of(item: &WorkItem, report: &NonceReport) -> Option<Claim> {
        Some(match &item.rolling {
            Rolling::Host(host) => {
                let index = usize::from(report.midstate_index);
                let candidate = Candidate {
                    midstate: host.midstates().get(index)?.0,
                    tail: item.header.tail(),
                    nonce_wire: report.nonce.to_wire(),
                };
                Claim {
                    version: *host.versions().get(index)?,
                    hashes: Hashes::Candidate(candidate),
                }
            }
            Rolling::Chip { mask } => {
                if report.version_bits & !mask != 0 {
                    return None;
                }
                let version = (item.header.version & !mask) | report.version_bits;
                Claim {
                    version,
                    hashes: Hashes::Header(item.header.to_bytes(version, report.nonce)),
                }
            }
        })
    }
}

fn meets(version: u32, hash: [u8; 32], zero_bits: u32) -> Option<Found> {
    (sha256d::leading_zero_bits(&hash) >= zero_bits).then_some(Found { version, hash })
}
