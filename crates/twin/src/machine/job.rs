//! Jobs as chips hold them.

use super::hash;

/// Words of an x19 FPGA's work record: type and chain, wire id, header tail, midstates.
pub(crate) const RECORD_WORDS: usize = 37;
/// 55 AA, where the chips have a preamble.
pub(crate) const PREAMBLE_LEN: usize = 2;
/// A four-midstate job on the wire, preamble included.
pub(crate) const RECORD_FRAME_LEN: usize = 152;

/// Words of an S9 FPGA's work record, and bytes of its job on the wire: one midstate, and the
/// chips have no preamble.
pub(crate) const S9_RECORD_WORDS: usize = 13;
pub(crate) const S9_FRAME_LEN: usize = 54;

/// The job that a chain works on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Job {
    /// The job byte as sent.
    pub(crate) job_byte: u8,
    /// Header bytes 64 to 75.
    pub(crate) tail: [u8; 12],
    pub(crate) work: Work,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// Midstates as words in wire order: state word 7 first.
    Midstates { count: u8, wire: [[u32; 8]; 4] },
    /// The first 64 header bytes with the base version.
    FullHeader([u8; 64]),
}

impl Job {
    /// From a checked frame without preamble and CRC. `None` if the midstate count does
    /// not fit the length.
    pub(crate) fn from_midstate_frame(body: &[u8]) -> Option<Self> {
        let (fixed, states) = body.split_at_checked(20)?;
        let count = fixed[3];
        if !matches!(count, 1 | 2 | 4) || states.len() != usize::from(count) * 32 {
            return None;
        }
        let mut wire = [[0; 8]; 4];
        for (i, word) in states.chunks_exact(4).enumerate() {
            wire[i / 8][i % 8] = be_word(word);
        }
        // On the wire: start nonce, nbits, ntime, merkle tail.
        let tail = tail(&fixed[16..20], &fixed[12..16], &fixed[8..12]);
        Some(Job {
            job_byte: fixed[2],
            tail,
            work: Work::Midstates { count, wire },
        })
    }

    /// From a checked frame without preamble and CRC.
    pub(crate) fn from_full_header_frame(body: &[u8]) -> Option<Self> {
        // header, length, job byte, midstate count (always 1), start nonce, nbits, ntime,
        // merkle root, previous hash, version
        if body.len() != 84 || body[3] != 1 {
            return None;
        }
        let mut first64 = [0; 64];
        first64[..4].copy_from_slice(&body[80..84]);
        let merkle_root = words_reversed(&body[16..48]);
        first64[4..36].copy_from_slice(&words_reversed(&body[48..80]));
        first64[36..64].copy_from_slice(&merkle_root[..28]);
        Some(Job {
            job_byte: body[2],
            tail: tail(&merkle_root[28..], &body[12..16], &body[8..12]),
            work: Work::FullHeader(first64),
        })
    }

    /// From the record that a host writes to an x19 FPGA.
    pub(crate) fn from_record(words: &[u32; RECORD_WORDS]) -> Self {
        let mut tail = [0; 12];
        for (bytes, word) in tail.chunks_exact_mut(4).zip(&words[2..5]) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        let mut wire = [[0; 8]; 4];
        for (state, words) in wire.iter_mut().zip(words[5..].chunks_exact(8)) {
            state.copy_from_slice(words);
        }
        Job {
            job_byte: wire_id(words),
            tail,
            work: Work::Midstates { count: 4, wire },
        }
    }

    /// The compact target, which chips do not look at, except that its lowest bit opens a
    /// BM1387's core.
    pub(crate) fn nbits(&self) -> u32 {
        u32::from_le_bytes([self.tail[8], self.tail[9], self.tail[10], self.tail[11]])
    }

    /// True for work that stands for no header: no midstate is zero, and the first block's
    /// header alone has 32 zero bytes in a row.
    pub(crate) fn is_made_up(&self) -> bool {
        match &self.work {
            Work::Midstates { wire, .. } => wire[0] == [0; 8],
            Work::FullHeader(first64) => first64.windows(32).any(|w| w == [0; 32]),
        }
    }

    /// Header version of a full-header job, 0 else.
    pub(crate) fn base_version(&self) -> u32 {
        match &self.work {
            Work::Midstates { .. } => 0,
            Work::FullHeader(first64) => {
                u32::from_le_bytes([first64[0], first64[1], first64[2], first64[3]])
            }
        }
    }

    /// SHA-256 state of midstate `index` of a midstate job, or of a full header with
    /// `version`.
    pub(crate) fn midstate(&self, index: u8, version: u32) -> [u32; 8] {
        match &self.work {
            Work::Midstates { wire, .. } => {
                let mut state = wire[usize::from(index) & 3];
                state.reverse();
                state
            }
            Work::FullHeader(first64) => {
                let mut block = *first64;
                block[..4].copy_from_slice(&version.to_le_bytes());
                hash::midstate(&block)
            }
        }
    }
}

/// The 7-bit id that an FPGA puts into the job frame.
pub(crate) fn wire_id(words: &[u32; RECORD_WORDS]) -> u8 {
    (words[1] & 0x7F) as u8
}

/// The job frame that the FPGA makes of a record, preamble and CRC16 included.
pub(crate) fn record_frame(words: &[u32; RECORD_WORDS]) -> [u8; RECORD_FRAME_LEN] {
    let mut out = [0; RECORD_FRAME_LEN];
    out[..6].copy_from_slice(&[0x55, 0xAA, 0x21, 0x96, wire_id(words), 4]);
    // Start nonce stays zero; nbits, ntime, merkle tail: the record's tail backwards.
    for (bytes, word) in out[10..22]
        .chunks_exact_mut(4)
        .zip(words[2..5].iter().rev())
    {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    for (bytes, word) in out[22..150].chunks_exact_mut(4).zip(&words[5..]) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    let crc = super::crc::crc16(&out[2..150]);
    out[150..].copy_from_slice(&crc.to_be_bytes());
    out
}

/// The job frame that an S9's FPGA makes of a record, of which the first 13 words count: the
/// header's end stands there as on the wire.
pub(crate) fn s9_record_frame(words: &[u32; RECORD_WORDS]) -> [u8; S9_FRAME_LEN] {
    let mut out = [0; S9_FRAME_LEN];
    out[..4].copy_from_slice(&[0x21, S9_FRAME_LEN as u8, wire_id(words), 1]);
    for (bytes, word) in out[8..52].chunks_exact_mut(4).zip(&words[2..]) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    let crc = super::crc::crc16(&out[..52]);
    out[52..].copy_from_slice(&crc.to_be_bytes());
    out
}

fn tail(merkle_tail: &[u8], ntime: &[u8], nbits: &[u8]) -> [u8; 12] {
    let mut out = [0; 12];
    out[..4].copy_from_slice(merkle_tail);
    out[4..8].copy_from_slice(ntime);
    out[8..].copy_from_slice(nbits);
    out
}

/// Eight words in reverse order, bytes inside each unchanged.
fn words_reversed(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.chunks_exact_mut(4).zip(bytes.chunks_exact(4).rev()) {
        to.copy_from_slice(from);
    }
    out
}

fn be_word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, b| word << 8 | u32::from(*b))
}
