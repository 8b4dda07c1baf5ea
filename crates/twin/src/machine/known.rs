//! Headers whose nonce is known: historic blocks and captured shares.
//!
//! A job that belongs to one of them is answered with its nonce, at any difficulty: this
//! is how real solutions travel the twin's wire at difficulty 1 = 32 zero bits, where a
//! search would take hours.

use super::hash;
use super::job::{Job, Work};
use super::search::Found;

/// A solved header.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    first64: [u8; 64],
    tail: [u8; 12],
    found: Found,
    midstate: [u32; 8],
}

/// The answer to a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replay {
    pub(crate) found: Found,
    /// Midstate index or version counter.
    pub(crate) index: u16,
}

impl Known {
    pub(crate) fn new(header: &[u8; 80]) -> Self {
        let mut first64 = [0; 64];
        first64.copy_from_slice(&header[..64]);
        let mut tail = [0; 12];
        tail.copy_from_slice(&header[64..76]);
        let mut wire = [0; 4];
        wire.copy_from_slice(&header[76..]);
        let midstate = hash::midstate(&first64);
        let hash = hash::header_hash(&midstate, &tail, wire);
        Known {
            first64,
            tail,
            found: Found { wire, hash },
            midstate,
        }
    }

    /// The answer to `job` by a chip that rolls the versions of the 16-bit `mask`.
    pub(crate) fn replay(&self, job: &Job, mask: u32) -> Option<Replay> {
        if job.tail != self.tail {
            return None;
        }
        let index = match &job.work {
            Work::Midstates { count, .. } => {
                (0..*count).find(|i| job.midstate(*i, 0) == self.midstate)? as u16
            }
            Work::FullHeader(first64) => {
                let version = |b: &[u8; 64]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                let rolled = version(&self.first64) & !version(first64);
                let base_differs = version(first64) & !version(&self.first64) != 0;
                if base_differs || first64[4..] != self.first64[4..] || rolled & !(mask << 13) != 0
                {
                    return None;
                }
                (rolled >> 13) as u16
            }
        };
        Some(Replay {
            found: self.found,
            index,
        })
    }
}
