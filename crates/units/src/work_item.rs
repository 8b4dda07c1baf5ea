//! Work on its way to a chain, and the nonce that comes back.

use crate::{ChainSlot, JobKey, Nonce, WireJobId, WorkId};

/// Version bits that chips roll start at bit 13 (BIP320: bits 13 to 28).
pub const VERSION_SHIFT: u32 = 13;

/// The SHA-256 state after the first 64 bytes of a header, as eight words in the order
/// of FIPS 180-4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Midstate(pub [u32; 8]);

/// A block header without its nonce. All byte arrays are in header order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Version with every rolled bit at its base value.
    pub version: u32,
    /// Hash of the previous block, 32 bytes as in the header.
    pub prev_hash: [u8; 32],
    /// Merkle root, 32 bytes as in the header.
    pub merkle_root: [u8; 32],
    /// Time, seconds since 1970.
    pub ntime: u32,
    /// Compact network target.
    pub nbits: u32,
}

impl Header {
    /// The 80 bytes with `version` and `nonce` put in.
    pub fn to_bytes(&self, version: u32, nonce: Nonce) -> [u8; 80] {
        let mut out = [0; 80];
        out[0..4].copy_from_slice(&version.to_le_bytes());
        out[4..36].copy_from_slice(&self.prev_hash);
        out[36..68].copy_from_slice(&self.merkle_root);
        out[68..72].copy_from_slice(&self.ntime.to_le_bytes());
        out[72..76].copy_from_slice(&self.nbits.to_le_bytes());
        out[76..80].copy_from_slice(&nonce.to_wire());
        out
    }

    /// The last four bytes of the merkle root, ntime and nbits: header bytes 64 to 75,
    /// the part of the second SHA-256 block that does not change with the nonce.
    pub fn tail(&self) -> [u8; 12] {
        let mut out = [0; 12];
        out[0..4].copy_from_slice(&self.merkle_root[28..32]);
        out[4..8].copy_from_slice(&self.ntime.to_le_bytes());
        out[8..12].copy_from_slice(&self.nbits.to_le_bytes());
        out
    }
}

/// Versions that the host rolled: one midstate each, in the order in which the frame
/// carries them. 1, 2 or 4 of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostVersions {
    count: u8,
    versions: [u32; 4],
    midstates: [Midstate; 4],
}

impl HostVersions {
    /// `None` unless there are 1, 2 or 4 versions and as many midstates: chips take no
    /// other count.
    pub fn new(versions: &[u32], midstates: &[Midstate]) -> Option<Self> {
        if !matches!(versions.len(), 1 | 2 | 4) || versions.len() != midstates.len() {
            return None;
        }
        let mut out = HostVersions {
            count: versions.len() as u8,
            versions: [0; 4],
            midstates: [Midstate::default(); 4],
        };
        out.versions[..versions.len()].copy_from_slice(versions);
        out.midstates[..midstates.len()].copy_from_slice(midstates);
        Some(out)
    }

    /// The full header versions, in frame order.
    pub fn versions(&self) -> &[u32] {
        &self.versions[..usize::from(self.count)]
    }

    /// The midstates, in frame order.
    pub fn midstates(&self) -> &[Midstate] {
        &self.midstates[..usize::from(self.count)]
    }
}

/// Who rolls the version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rolling {
    /// The host: the chip gets one midstate per version (BM1398).
    Host(HostVersions),
    /// The chip, over the bits of `mask` (a mask of header version bits; zero: not at
    /// all), from one midstate-free header (BM1370).
    Chip {
        /// Header version bits that the chip may change.
        mask: u32,
    },
}

/// Who shall roll the version on a chain, and how far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RollingNeed {
    /// The host, with this many midstates per item (1, 2 or 4; others round down).
    Host {
        /// Midstates that the chip takes.
        midstates: u8,
    },
    /// The chip, over this many bits from bit 13 upwards (at most 16).
    Chip {
        /// Version bits that the chip wants.
        bits: u8,
        /// Small cores of a core, each of which takes one residue class of the versions:
        /// with fewer versions some of them idle.
        small_cores: u8,
    },
}

/// One unit of work for one chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkItem {
    /// Unique in the process.
    pub id: WorkId,
    /// The pool job that it came from.
    pub job: JobKey,
    /// Value of extranonce2 in this work. Its byte length is the job's; the value's
    /// bytes are laid out by `work`, which alone needs to know how.
    pub extranonce2: u64,
    /// The header without nonce.
    pub header: Header,
    /// Versions, rolled by the host or left to the chip.
    pub rolling: Rolling,
}

/// A nonce as a chain returned it, decoded but not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NonceReport {
    /// The chain that it came from.
    pub slot: ChainSlot,
    /// The wire job that it claims, with the low bits (below) removed.
    pub wire: WireJobId,
    /// Position of the solving midstate in its frame (midstate chips), else 0.
    pub midstate_index: u8,
    /// Version bits rolled by the chip, already shifted into header place; 0 for
    /// midstate chips.
    pub version_bits: u32,
    /// The nonce.
    pub nonce: Nonce,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midstate_counts_are_1_2_or_4() {
        for n in 0..=5usize {
            let made = HostVersions::new(&vec![0; n], &vec![Midstate::default(); n]);
            assert_eq!(made.is_some(), matches!(n, 1 | 2 | 4), "{n}");
        }
        assert!(HostVersions::new(&[1, 2], &[Midstate::default()]).is_none());
    }

    #[test]
    fn header_bytes_stand_in_header_order() {
        let header = Header {
            version: 1,
            prev_hash: [0xaa; 32],
            merkle_root: [0xbb; 32],
            ntime: 0x0102_0304,
            nbits: 0x1d00_ffff,
        };
        let bytes = header.to_bytes(0x2000_0000, Nonce(0x7552_034c));
        assert_eq!(bytes[0..4], [0, 0, 0, 0x20]);
        assert_eq!(bytes[68..72], [4, 3, 2, 1]);
        assert_eq!(bytes[72..76], [0xff, 0xff, 0, 0x1d]);
        assert_eq!(bytes[76..80], [0x4c, 0x03, 0x52, 0x75]);
        assert_eq!(header.tail(), bytes[64..76]);
    }
}
