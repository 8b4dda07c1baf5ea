//! What each chip is: one table per chip, and the arithmetic of its PLL and baud rate.
//!
//! This is the twin's own reading of the public descriptions, written without sight of
//! the drivers' profiles.

/// How a chip takes its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JobForm {
    /// 1, 2 or 4 midstates; the host rolls versions.
    Midstates,
    /// A whole header; the chip rolls versions.
    FullHeader,
}

/// How the post dividers stand in a PLL register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PostDividers {
    /// The field is the divider; zero is no setting.
    Direct,
    /// The field is the divider minus one.
    MinusOne,
}

/// A chip.
#[derive(Debug)]
pub(crate) struct ChipModel {
    /// Lower case, as boards name it.
    pub(crate) name: &'static str,
    /// Register 0 without the address in its low byte.
    pub(crate) id: u32,
    /// Cores, as nonces number them from 0.
    pub(crate) cores: u16,
    /// Small cores that hash: the hashrate is this many hashes per clock cycle.
    pub(crate) small_cores_used: u16,
    pub(crate) form: JobForm,
    pub(crate) post_dividers: PostDividers,
    /// Registers that do not read zero after reset.
    pub(crate) resets: &'static [(u8, u32)],
    /// Core registers that do not read zero after reset.
    pub(crate) core_resets: &'static [(u8, u8)],
}

pub(crate) const REG_ID: u8 = 0x00;
pub(crate) const REG_PLL0: u8 = 0x08;
pub(crate) const REG_NONCE_OFFSET: u8 = 0x0C;
pub(crate) const REG_HASH_COUNTING: u8 = 0x10;
pub(crate) const REG_TICKET: u8 = 0x14;
pub(crate) const REG_MISC: u8 = 0x18;
pub(crate) const REG_FAST_UART: u8 = 0x28;
pub(crate) const REG_34: u8 = 0x34;
pub(crate) const REG_CORE_CONTROL: u8 = 0x3C;
pub(crate) const REG_CORE_VALUE: u8 = 0x40;
pub(crate) const REG_PLL1: u8 = 0x60;
pub(crate) const REG_PLL3: u8 = 0x68;
pub(crate) const REG_PLL0_DIVIDER: u8 = 0x70;
pub(crate) const REG_ROLLING: u8 = 0xA4;

/// Small cores per core of the BM1370 (128 x 16; captured: the low four bits of the
/// returned job byte are the version counter modulo 16).
pub(crate) const BM1370_SMALL_CORES: u32 = 16;

/// BM1398 (S19, S19 Pro): 156 cores of 4, 623 small cores counted. Core ids 0 to 155 are
/// captured. Only 0x18 and 0x34 have known resets (vendor defaults that agree with a
/// capture); PLL0 is the reset value in HashSource's notes, 50 MHz, single source.
pub(crate) static BM1398: ChipModel = ChipModel {
    name: "bm1398",
    id: 0x1398_1800,
    cores: 156,
    small_cores_used: 623,
    form: JobForm::Midstates,
    post_dividers: PostDividers::Direct,
    resets: &[
        (REG_PLL0, 0xC020_0144),
        (REG_MISC, 0x0000_BA05),
        (REG_34, 0x0000_00F8),
    ],
    core_resets: &[],
};

/// BM1370 (S21 Pro): 128 cores of 16, 2040 small cores used. Resets read from a chip
/// (GPTechinno/bm13xx-rs).
pub(crate) static BM1370: ChipModel = ChipModel {
    name: "bm1370",
    id: 0x1370_0000,
    cores: 128,
    small_cores_used: 2040,
    form: JobForm::FullHeader,
    post_dividers: PostDividers::MinusOne,
    resets: &[
        (REG_PLL0, 0xC054_0165),
        (REG_MISC, 0x0000_C100),
        (0x20, 0x0000_0007),
        (0x24, 0x0010_0000),
        (REG_FAST_UART, 0x0130_1A00),
        (0x2C, 0x000F_0000),
        (0x30, 0x0000_0080),
        (REG_CORE_VALUE, 0x0802_0100),
        (0x58, 0x0001_2111),
        (0x5C, 0x0000_FFFF),
        (REG_PLL1, 0x2050_0174),
        (0x64, 0x2050_0174),
        (0x6C, 0x0001_0200),
        (0x9C, 0x00F7_0073),
        (REG_ROLLING, 0x0000_FFFF),
        (0xA8, 0x0007_0000),
        (0xB8, 0x2000_0000),
        (0xBC, 0x0000_3313),
        (0xC0, 0x0000_2000),
        (0xC4, 0x0000_B850),
    ],
    core_resets: &[(0x00, 0x52), (0x02, 0x55), (0x06, 0x08)],
};

/// The model of the chip that boards call `name`.
pub(crate) fn model(name: &str) -> Option<&'static ChipModel> {
    [&BM1398, &BM1370].into_iter().find(|m| m.name == name)
}

const CRYSTAL_MHZ: f64 = 25.0;

/// Output of a PLL in MHz, before its user divider. Zero if it is off (bit 30) or a
/// divider is no setting.
pub(crate) fn pll_mhz(value: u32, encoding: PostDividers) -> f64 {
    let add = match encoding {
        PostDividers::Direct => 0,
        PostDividers::MinusOne => 1,
    };
    let feedback = value >> 16 & 0xFFF;
    let divisor = (value >> 8 & 0x3F) * ((value >> 4 & 7) + add) * ((value & 7) + add);
    if value >> 30 & 1 == 0 || divisor == 0 {
        return 0.0;
    }
    CRYSTAL_MHZ * f64::from(feedback) / f64::from(divisor)
}

/// Ticket mask register to the binary logarithm of the difficulty: the number of bits
/// that must be zero beyond the first 32. Only masks of the form 2^n - 1 (each byte's
/// bits reversed) are known; of others the number of ones is taken.
pub(crate) fn ticket_log2(register: u32) -> u8 {
    register.count_ones() as u8
}

impl ChipModel {
    /// Baud rate of a chip in bits per second, from the registers that `read` gives. Zero
    /// if its clock does not run.
    pub(crate) fn baud(&self, read: impl Fn(u8) -> u32) -> f64 {
        let (base_mhz, divider) = match self.form {
            JobForm::Midstates => self.misc_baud(read),
            JobForm::FullHeader => self.fast_uart_baud(read),
        };
        base_mhz * 1e6 / (8.0 * f64::from(divider + 1))
    }

    /// BM1397 layout: divider in 0x18 bits 12:8 and 27:24; bit 16 selects PLL3 divided by
    /// (0x28 bits 27:24) + 1.
    fn misc_baud(&self, read: impl Fn(u8) -> u32) -> (f64, u32) {
        let misc = read(REG_MISC);
        let divider = misc >> 8 & 0x1F | (misc >> 24 & 0xF) << 5;
        if misc >> 16 & 1 == 0 {
            return (CRYSTAL_MHZ, divider);
        }
        let pll3 = pll_mhz(read(REG_PLL3), self.post_dividers);
        (
            pll3 / f64::from((read(REG_FAST_UART) >> 24 & 0xF) + 1),
            divider,
        )
    }

    /// BM1362 and later: divider in 0x28 bits 15:8; bits 27:26 select PLL1 divided by
    /// (bits 23:20) + 1 (its factor is unresolved in public sources; no machine here
    /// uses it).
    fn fast_uart_baud(&self, read: impl Fn(u8) -> u32) -> (f64, u32) {
        let fast = read(REG_FAST_UART);
        let divider = fast >> 8 & 0xFF;
        if fast >> 26 & 3 == 0 {
            return (CRYSTAL_MHZ, divider);
        }
        let pll1 = pll_mhz(read(REG_PLL1), self.post_dividers);
        (pll1 / f64::from((fast >> 20 & 0xF) + 1), divider)
    }

    /// True if a chip with these registers lets its cores run.
    ///
    /// BM1398: clock enable (0x18 bit 2) on, core reset (bit 22) off, 0x34 bit 3 set; read
    /// out of the captured start-up words, assumed in effect. BM1370: a hash counting
    /// number of zero stops hashing.
    pub(crate) fn cores_run(&self, read: impl Fn(u8) -> u32) -> bool {
        match self.form {
            JobForm::Midstates => {
                let misc = read(REG_MISC);
                misc >> 2 & 1 == 1 && misc >> 22 & 1 == 0 && read(REG_34) >> 3 & 1 == 1
            }
            JobForm::FullHeader => read(REG_HASH_COUNTING) != 0,
        }
    }

    /// Clock of the cores in MHz.
    pub(crate) fn core_mhz(&self, read: impl Fn(u8) -> u32) -> f64 {
        let divider = (read(REG_PLL0_DIVIDER) & 0xF) + 1;
        pll_mhz(read(REG_PLL0), self.post_dividers) / f64::from(divider)
    }
}
