//! Whether a nonce solves the work that it claims to solve.

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
    let (version, hash) = match &item.rolling {
        Rolling::Host(host) => {
            let index = usize::from(report.midstate_index);
            let version = *host.versions().get(index)?;
            let midstate = host.midstates().get(index)?;
            let tail = item.header.tail();
            let hash = sha256d::finish(&midstate.0, &tail, report.nonce.to_wire());
            (version, hash)
        }
        Rolling::Chip { mask } => {
            if report.version_bits & !mask != 0 {
                return None;
            }
            let version = (item.header.version & !mask) | report.version_bits;
            let header = item.header.to_bytes(version, report.nonce);
            (version, sha256d::hash_header(&header))
        }
    };
    (sha256d::leading_zero_bits(&hash) >= ticket_zero_bits).then_some(Found { version, hash })
}
