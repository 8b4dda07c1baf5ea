//! What a chip is, as a table: the words that the tables of `models` are written in, and
//! the arithmetic of PLL, baud rate and ticket mask.
//!
//! This is the twin's own reading of the public descriptions, written without sight of
//! the drivers' profiles. Nothing outside the tables names a chip.

/// A chip.
#[derive(Debug)]
pub(crate) struct ChipModel {
    /// Lower case, as boards name it.
    pub(crate) name: &'static str,
    /// Register 0 without the address in its low byte.
    pub(crate) id: u32,
    pub(crate) cores: CoreIds,
    /// Small cores of a core.
    pub(crate) small_cores: u32,
    /// Small cores that hash: the hashrate is this many hashes per clock cycle.
    pub(crate) small_cores_used: u16,
    pub(crate) commands: CommandForm,
    pub(crate) answers: AnswerForm,
    pub(crate) jobs: JobForm,
    pub(crate) job_bytes: JobBytes,
    pub(crate) byte4: Byte4,
    pub(crate) nonces: NonceLayout,
    pub(crate) registers: Registers,
    /// How core registers are reached; `None`: there are none.
    pub(crate) core_control: Option<CoreControl>,
    pub(crate) pll: PllForm,
    pub(crate) baud: BaudForm,
    /// All of these hold while the cores run.
    pub(crate) runs_while: &'static [Condition],
    /// While this does not hold, only the first midstate of a job is worked on. `None`:
    /// there is no such switch, or it is not known.
    pub(crate) many_midstates_while: Option<Condition>,
    /// Cores stand still until a job opened them one by one, while this holds.
    pub(crate) cores_open_while: Option<Condition>,
    pub(crate) i2c: Option<I2cMaster>,
    /// Registers that change by themselves.
    pub(crate) live: &'static [(u8, Live)],
    /// Registers that do not read zero after reset.
    pub(crate) resets: &'static [(u8, u32)],
    /// Core registers that do not read zero after reset.
    pub(crate) core_resets: &'static [(u8, u8)],
}

/// How a chip numbers its cores: from 0 on, with one gap at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoreIds {
    pub(crate) count: u16,
    /// The core that comes after the gap, and its number.
    pub(crate) gap: Option<(u16, u16)>,
}

impl CoreIds {
    pub(crate) const fn from_zero(count: u16) -> Self {
        CoreIds { count, gap: None }
    }

    /// The number of the `index`-th core, as nonces carry it.
    pub(crate) fn number(&self, index: u16) -> u16 {
        match self.gap {
            Some((first, number)) if index >= first => number + (index - first),
            _ => index,
        }
    }
}

/// Headers of commands, and whether a preamble stands before them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CommandForm {
    /// BM1387: no preamble, codes of its own.
    Bare,
    /// BM1397 and later: 55 AA.
    Preamble,
}

/// Length of answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AnswerForm {
    /// BM1387: 7 bytes without preamble; registers carry neither chip nor register.
    Seven,
    /// AA 55 and 9 bytes in all.
    Nine,
    /// 9 bytes until version rolling was enabled, 11 from then on.
    NineThenEleven,
}

/// How a chip takes its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JobForm {
    /// 1, 2 or 4 midstates; the host rolls versions.
    Midstates,
    /// A whole header; the chip rolls versions.
    FullHeader,
}

/// How the job byte comes back with a nonce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JobBytes {
    /// Seven bits: what was sent, plus the position of the solving midstate.
    PlusMidstate,
    /// Bits 7:3 as sent, small core in 2:0.
    HighFive,
    /// Bits 6:3 as sent come back as 7:4, small core in 3:0.
    HighFourShifted,
}

impl JobBytes {
    /// `index` is the midstate's position or the small core.
    pub(crate) fn returned(self, sent: u8, index: u8) -> u8 {
        match self {
            JobBytes::PlusMidstate => sent.wrapping_add(index) & 0x7F,
            JobBytes::HighFive => sent & 0xF8 | index & 0x07,
            JobBytes::HighFourShifted => sent << 1 & 0xF0 | index & 0x0F,
        }
    }
}

/// What the byte behind a nonce says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Byte4 {
    /// How far the hash lies beyond the ticket, in half bits.
    Excess,
    /// Solutions of the job so far, modulo 64.
    Solution,
}

/// Where core, address and counter stand in a nonce.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NonceLayout {
    /// True if fields are those of the u32 whose first byte on the wire is the most
    /// significant; false: the least significant.
    pub(crate) msb_first: bool,
    pub(crate) core_shift: u8,
    /// The chip's address without its lowest bits, and where it stands. Where its bits
    /// belong to the counter it is the start of the count, else a fixed part.
    pub(crate) address_drop: u8,
    pub(crate) address_shift: u8,
    /// Bits that count.
    pub(crate) counter: u32,
    pub(crate) window: Window,
}

/// How much of the counter one chip uses for a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Window {
    /// All of it; small cores share the work.
    Whole,
    /// From its address up to the next chip's, then on into the neighbours' shares. Each
    /// small core counts for itself, its number at this place of the nonce.
    Share { small_core_shift: u8 },
    /// From its offset or address on, as far as the hash counting number lets it.
    HashCounting,
}

/// Registers that the machine has to find.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    pub(crate) pll: u8,
    pub(crate) pll_divider: Option<u8>,
    pub(crate) ticket: u8,
    pub(crate) hash_counting: Option<u8>,
    pub(crate) nonce_offset: Option<u8>,
    pub(crate) rolling: Option<u8>,
    /// Command errors in 31:24, work errors in 23:16.
    pub(crate) error_flag: Option<u8>,
    /// Nonces that found no room.
    pub(crate) nonce_overflow: Option<u8>,
}

/// The register behind which core registers are, and that of their answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoreControl {
    pub(crate) register: u8,
    pub(crate) answer: u8,
    /// A word is a read if these bits have this value.
    pub(crate) read_mask: u32,
    pub(crate) read_value: u32,
    /// Width of the core register's number, from bit 8 on.
    pub(crate) number_mask: u8,
    /// The core register that counts the hash clock: MHz * 8 / 50.
    pub(crate) clock_counter: Option<u8>,
}

impl CoreControl {
    pub(crate) fn is_read(&self, word: u32) -> bool {
        word & self.read_mask == self.read_value
    }

    /// Core register and value of a word. Which core is meant is not modelled: all cores
    /// of a chip share their registers.
    pub(crate) fn cell(&self, word: u32) -> (u8, u8) {
        ((word >> 8) as u8 & self.number_mask, word as u8)
    }
}

/// Fields of a PLL register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PllForm {
    /// Feedback divider from bit 16 on, reference divider from 8, post dividers from 4
    /// and 0: how many bits each has.
    pub(crate) widths: [u8; 4],
    /// What is added to the post dividers' fields.
    pub(crate) post_add: u32,
    /// The PLL is off while this bit is clear.
    pub(crate) enable: Option<u8>,
}

const CRYSTAL_MHZ: f64 = 25.0;

impl PllForm {
    /// Output in MHz, before a user divider. Zero if it is off or a divider is no setting.
    pub(crate) fn mhz(&self, value: u32) -> f64 {
        let field = |shift: u8, width: u8| value >> shift & ((1 << width) - 1);
        let [feedback, reference, post1, post2] = self.widths;
        let divisor = field(8, reference)
            * (field(4, post1) + self.post_add)
            * (field(0, post2) + self.post_add);
        if divisor == 0 || self.enable.is_some_and(|bit| value >> bit & 1 == 0) {
            return 0.0;
        }
        CRYSTAL_MHZ * f64::from(field(16, feedback)) / f64::from(divisor)
    }
}

/// Where the divider of the baud rate stands, and what it divides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaudForm {
    pub(crate) register: u8,
    /// Fields of the divider, lowest bits first: shift and width.
    pub(crate) divider: &'static [(u8, u8)],
    /// A faster clock than the crystal.
    pub(crate) fast: Option<FastClock>,
}

/// While any of these bits of the baud register is set, the base is a PLL, divided by a
/// field of four bits plus one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastClock {
    pub(crate) select: u32,
    pub(crate) pll: u8,
    pub(crate) divider: (u8, u8),
}

/// Something that registers say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    /// A register's bits under this mask have this value.
    Bits(u8, u32, u32),
    /// A core register's bits under this mask have this value.
    CoreBits(u8, u8, u8),
    /// A register is not zero.
    NotZero(u8),
}

impl Condition {
    pub(crate) fn holds(&self, read: impl Fn(u8) -> u32, read_core: impl Fn(u8) -> u32) -> bool {
        match *self {
            Condition::Bits(register, mask, value) => read(register) & mask == value,
            Condition::CoreBits(register, mask, value) => read_core(register) as u8 & mask == value,
            Condition::NotZero(register) => read(register) != 0,
        }
    }
}

/// A register through which a chip talks to a sensor on its own I2C bus: 31 busy, 24 do
/// command, 23:16 device (lowest bit set: write), 15:8 register, 7:0 data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct I2cMaster {
    pub(crate) register: u8,
    /// The bus is connected while this holds.
    pub(crate) enabled_while: Option<Condition>,
    /// Chips with a sensor, counted from the host; empty: all.
    pub(crate) sensors: &'static [u16],
}

/// A register that changes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Live {
    /// Hashes per second of this chip in units of 2^24; as stored while it has no work.
    HashRate,
    /// Seconds since reset.
    Seconds,
    /// Hashes since it was written, in units of 2^32, divided by this.
    HashCount(u32),
    /// The chip's temperature as a code, once the third step of the measurement was
    /// written to this register.
    DieTemperature { control: u8 },
}

/// Ticket mask register to the binary logarithm of the difficulty: the number of bits
/// that must be zero beyond the first 32. Only masks of the form 2^n - 1 (each byte's
/// bits reversed) are known; of others the number of ones is taken.
pub(crate) fn ticket_log2(register: u32) -> u8 {
    register.count_ones() as u8
}

pub(crate) const REG_ID: u8 = 0x00;

impl ChipModel {
    /// Bytes before a frame from the host and before an answer.
    pub(crate) fn preambles(&self) -> (&'static [u8], &'static [u8]) {
        match self.commands {
            CommandForm::Bare => (&[], &[]),
            CommandForm::Preamble => (&[0x55, 0xAA], &[0xAA, 0x55]),
        }
    }

    /// Its answers grow beyond nine bytes.
    pub(crate) fn has_long_answers(&self) -> bool {
        self.answers == AnswerForm::NineThenEleven
    }

    /// Baud rate of a chip in bits per second, from the registers that `read` gives. Zero
    /// if its clock does not run.
    pub(crate) fn baud(&self, read: impl Fn(u8) -> u32) -> f64 {
        let form = &self.baud;
        let word = read(form.register);
        let mut divider = 0;
        let mut at = 0;
        for (shift, width) in form.divider {
            divider |= (word >> shift & ((1 << width) - 1)) << at;
            at += width;
        }
        let base_mhz = match form.fast {
            Some(fast) if word & fast.select != 0 => {
                let (register, shift) = fast.divider;
                self.pll.mhz(read(fast.pll)) / f64::from((read(register) >> shift & 0xF) + 1)
            }
            _ => CRYSTAL_MHZ,
        };
        base_mhz * 1e6 / (8.0 * f64::from(divider + 1))
    }

    /// Clock of the cores in MHz.
    pub(crate) fn core_mhz(&self, read: impl Fn(u8) -> u32) -> f64 {
        let divider = self.registers.pll_divider.map_or(0, &read) & 0xF;
        self.pll.mhz(read(self.registers.pll)) / f64::from(divider + 1)
    }
}
