//! What a chip on a SPI chain is, as a table, and the two chips of the family.
//!
//! This is the twin's own reading of the public descriptions, written without sight of the
//! drivers' profiles. Each value stands in one public driver tree, no capture of such a chain
//! is public; what is assumed says so.

/// A chip.
#[derive(Debug)]
pub(crate) struct WordModel {
    /// Lower case, as boards name it.
    pub(crate) name: &'static str,
    /// High nibble of the first byte of the answer to a reset.
    pub(crate) kind: u8,
    /// Bytes of the register block.
    pub(crate) block: usize,
    /// Registers, jobs and results carry a checksum.
    pub(crate) crc: bool,
    /// A second register block: command 0x0D.
    pub(crate) second_block: bool,
    pub(crate) job: JobForm,
    /// Bytes of a result, its checksum included.
    pub(crate) result: usize,
    pub(crate) cores: u8,
    /// Hashes that a core does in a cycle.
    pub(crate) per_cycle: u8,
    pub(crate) pll: PllForm,
    /// Byte of the block whose lowest bits tell how many jobs a chip holds.
    pub(crate) queue_at: usize,
    /// Byte of the block with the jobs' ids: running low, queued high.
    pub(crate) ids_at: Option<usize>,
    /// Byte of the block with the number of good cores.
    pub(crate) cores_at: usize,
    /// Byte of the block whose lowest bit says that the PLL is locked.
    pub(crate) lock_at: Option<usize>,
    /// The block has the bytes of the T1's sensor.
    pub(crate) sensor: bool,
    /// Clocks that the line bears: from a frequency of the cores on, hertz.
    pub(crate) clocks: &'static [(f64, u32)],
    /// The block after reset.
    pub(crate) reset: &'static [u8],
}

/// Where things stand in a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobForm {
    /// Low nibble of the first byte.
    pub(crate) command: u8,
    /// Bytes in all.
    pub(crate) len: usize,
    /// Midstates; the last goes first.
    pub(crate) midstates: u8,
}

impl JobForm {
    /// Header bytes 64 to 75.
    pub(crate) fn tail_at(&self) -> usize {
        2 + 32 * usize::from(self.midstates)
    }

    /// Compact target, behind the start nonce.
    pub(crate) fn target_at(&self) -> usize {
        self.tail_at() + 12 + 4
    }
}

/// Where the dividers stand in the first bytes of the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PllForm {
    pub(crate) reference_mhz: f64,
    /// Width of the reference divider's field in byte 0, above the feedback's ninth bit.
    pub(crate) prediv_bits: u8,
    /// Byte with the post divider in its top two bits.
    pub(crate) postdiv_at: usize,
    /// What the exponent is less than the field.
    pub(crate) postdiv_less: u32,
}

impl PllForm {
    /// Clock of the cores; zero for what is no setting.
    pub(crate) fn mhz(&self, block: &[u8]) -> f64 {
        let byte = |i: usize| u32::from(block.get(i).copied().unwrap_or(0));
        let prediv = byte(0) >> 1 & ((1 << self.prediv_bits) - 1);
        let fbdiv = (byte(0) & 1) << 8 | byte(1);
        let Some(post) = (byte(self.postdiv_at) >> 6).checked_sub(self.postdiv_less) else {
            return 0.0;
        };
        if prediv == 0 {
            return 0.0;
        }
        self.reference_mhz * f64::from(fbdiv) / f64::from(prediv << post)
    }
}

impl WordModel {
    /// Hashes per second of a whole chip at a megahertz, in units of 10^6: what it does in a
    /// cycle.
    pub(crate) fn per_cycle(&self) -> u16 {
        u16::from(self.cores) * u16::from(self.per_cycle)
    }

    /// The fastest clock of the line at this frequency of the cores.
    pub(crate) fn clock_max_hz(&self, mhz: f64) -> u32 {
        let reached = self.clocks.iter().rev().find(|(from, _)| mhz >= *from);
        reached.map_or(0, |(_, hz)| *hz)
    }
}

/// All chips that the twin has on SPI.
pub(crate) static MODELS: &[&WordModel] = &[&A1, &T1];

/// The model of the chip that boards call `name`.
pub(crate) fn model(name: &str) -> Option<&'static WordModel> {
    MODELS.iter().copied().find(|m| m.name == name)
}

/// Bitmine A1. No checksums; one midstate; the PLL tells its lock. Assumed: the clock of the
/// line does not depend on the cores'; zeros after reset.
static A1: WordModel = WordModel {
    name: "a1",
    kind: 0,
    block: 6,
    crc: false,
    second_block: false,
    job: JobForm {
        command: 0x7,
        len: 58,
        midstates: 1,
    },
    result: 6,
    cores: 32,
    per_cycle: 1,
    pll: PllForm {
        reference_mhz: 16.0,
        prediv_bits: 5,
        postdiv_at: 0,
        postdiv_less: 1,
    },
    queue_at: 3,
    ids_at: Some(4),
    cores_at: 5,
    lock_at: Some(2),
    sensor: false,
    clocks: &[(0.0, 2_000_000)],
    reset: &[0; 6],
};

/// Dragonmint T1. Two hashes a cycle and core follow from the published rate of MHz * 2 * cores.
/// Assumed: 120 MHz after reset, the lowest of the published table; a line that is clocked
/// faster than the published start-up does at a frequency of the cores is garbled.
static T1: WordModel = WordModel {
    name: "t1",
    kind: 0,
    block: 12,
    crc: true,
    second_block: true,
    job: JobForm {
        command: 0xC,
        len: 162,
        midstates: 4,
    },
    result: 10,
    cores: 32,
    per_cycle: 2,
    pll: PllForm {
        reference_mhz: 12.0,
        prediv_bits: 7,
        postdiv_at: 3,
        postdiv_less: 0,
    },
    queue_at: 9,
    ids_at: None,
    cores_at: 11,
    lock_at: None,
    sensor: true,
    clocks: &[(0.0, 400_000), (310.0, 1_600_000), (1200.0, 10_000_000)],
    reset: &[2, 80, 0x40, 0xC2, 0, 0, 0, 0xA0, 0, 0x24, 0, 0],
};
