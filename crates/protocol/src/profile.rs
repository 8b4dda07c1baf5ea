//! What a chip is, as data: one `const` table per chip.

use units::{Megahertz, TicketDifficulty, WireJobId};

use crate::fields::BitField;
use crate::pll::PllProfile;
use crate::register::RegisterMap;
use crate::step::Step;
use crate::temperature::TemperatureSource;
use crate::{CoreRegister, Dialect, JobLayout, Register, ResponseLength};

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Seen on hardware: a trace, a log, or proved by hashing.
    Captured,
    /// Measured by us on hardware.
    Measured,
    /// Published: a public source states it, unproven.
    Published,
    /// Ours: by analogy or by choice of the safe side; the comment says which.
    Assumed,
}

/// A register as a table knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegisterInfo {
    /// Number.
    pub reg: Register,
    /// Name.
    pub name: &'static str,
    /// Value after reset, where known.
    pub reset: Option<u32>,
    /// Where the reset value comes from.
    pub source: Source,
    /// What is known of its bits.
    pub fields: &'static [BitField],
}

/// A core register as a table knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CoreRegisterInfo {
    /// Number.
    pub reg: CoreRegister,
    /// Name.
    pub name: &'static str,
    /// Value after reset, where known (published).
    pub reset: Option<u8>,
    /// What is known of its bits.
    pub fields: &'static [BitField],
}

/// A chip.
#[derive(Debug)]
pub struct Profile {
    /// Lower case, as hashboard definitions name it.
    pub name: &'static str,
    /// Upper 16 bits of register 0x00.
    pub id: u16,
    /// Cores.
    pub cores: u16,
    /// Small cores in a core.
    pub small_cores_per_core: u8,
    /// Small cores that hash: the hashrate is this times the frequency.
    pub small_cores_used: u16,
    /// How commands and answers are framed.
    pub dialect: Dialect,
    /// How jobs are framed.
    pub job: JobLayout,
    /// Length of responses, once the chips roll versions if they do.
    pub response: ResponseLength,
    /// Numbers of the registers that every chip has.
    pub map: RegisterMap,
    /// Registers by number.
    pub registers: &'static [RegisterInfo],
    /// Core registers by number; none where the chip has no window to them.
    pub core_registers: &'static [CoreRegisterInfo],
    /// The PLL.
    pub pll: PllProfile,
    /// How a PLL value is written.
    pub pll_writes: PllWrites,
    /// How the baud rate is set.
    pub baud: Baud,
    /// How wire job ids travel.
    pub wire_ids: WireIds,
    /// How a nonce tells chip and core.
    pub nonce: NonceLayout,
    /// Version bits that the chip rolls itself; 0 for midstate chips.
    pub version_bits: u8,
    /// How far cores sweep.
    pub sweep: Sweep,
    /// First frequency; the chips' own after reset, or near it.
    pub start: Megahertz,
    /// How fast the frequency rises: from each frequency on, ascending.
    pub ramp: &'static [Pace],
    /// Where the frequency ramp waits for nonces that confirm the PLL's reading; `None`
    /// where the encoding is captured.
    pub confirm: Option<Confirm>,
    /// How it tells a temperature.
    pub temperature: TemperatureSource,
    /// What it counts of its own health.
    pub counters: Counters,
    /// From power-off to waiting for work.
    pub bring_up: &'static [Step],
    /// Once the first work has gone out.
    pub after_first_work: &'static [Step],
}

/// How a baud rate is set on the chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Baud {
    /// Five bits of the misc control register, from the crystal alone (BM1387).
    Low {
        /// The register as the bring-up leaves it.
        misc: u32,
    },
    /// Register 0x18; above the crystal's reach from PLL3.
    Misc {
        /// Register 0x18 as the bring-up leaves it.
        misc: u32,
        /// Writes that start PLL3 and its divider, if the bring-up has not.
        pll3: &'static [(Register, u32)],
        /// The base that they give, hertz.
        pll3_hz: u32,
    },
    /// Register 0x28, from the crystal alone.
    FastUart {
        /// Register 0x28 with divider 0.
        value: u32,
    },
}

/// How wire job ids travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WireIds {
    /// Difference between ids.
    pub step: u8,
    /// How many there are.
    pub count: u8,
    /// Bits of the returned byte that hold the id.
    pub mask: u8,
    /// By how much they are shifted up on the way back.
    pub shift: u8,
    /// Bits of the returned byte that the chip added.
    pub low_mask: u8,
    /// What those bits say.
    pub low: LowBits,
}

/// What a chip adds to the wire job id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LowBits {
    /// The position of the solving midstate in its frame.
    MidstateIndex,
    /// The small core: the version counter modulo the small cores of a core.
    SmallCore,
}

/// How a nonce tells who found it. For statistics only, never for correctness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NonceLayout {
    /// How the four bytes are read before anything is taken from them.
    pub view: View,
    /// The core is the nonce shifted down by this ...
    pub core_shift: u8,
    /// ... and masked with this.
    pub core_mask: u16,
    /// The small core, where the nonce tells it.
    pub small_core: Option<NonceBits>,
    /// How the chip is found.
    pub chip: ChipField,
}

/// Byte order in which a nonce's fields make sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// First byte on top.
    BigEndian,
    /// First byte lowest, as the header's integer (BM1387).
    LittleEndian,
}

/// A few bits of a nonce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NonceBits {
    /// Shift.
    pub shift: u8,
    /// Mask after the shift.
    pub mask: u8,
}

/// How a nonce tells its chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChipField {
    /// The address stands at these bits of the nonce.
    Address {
        /// Shift.
        shift: u8,
        /// Mask after the shift.
        mask: u8,
    },
    /// The 16 bits from this shift on, scaled by the number of chips: the nonce space is
    /// divided by register 0x0C.
    Offset {
        /// Shift.
        shift: u8,
    },
}

/// Who found a nonce, by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Place in the chain; may lie past its end.
    pub chip: u16,
    /// The chip's address, where the nonce holds it.
    pub address: Option<u8>,
    /// Core.
    pub core: u16,
    /// Small core, where the nonce tells it.
    pub small_core: Option<u8>,
}

/// A nonce after the profile gave its fields meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JobBits {
    /// Wire job id as it was sent.
    pub wire: WireJobId,
    /// Position of the solving midstate, or 0.
    pub midstate_index: u8,
    /// Small core, where the chip tells it.
    pub small_core: Option<u8>,
    /// Version bits rolled by the chip, in header place.
    pub version_bits: u32,
}

/// How far a core sweeps, and thus how long a job lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweep {
    /// The address interval times `2^log2_per_address` nonces per core and midstate, shared
    /// by its small cores, one per cycle each: a job lasts a time that shrinks with the
    /// frequency.
    Window {
        /// Exponent.
        log2_per_address: u8,
        /// Windows that the hash counting register is set to last; 0 where it is not set.
        windows_counted: u8,
        /// Share of the window after which the next job is due, in thousandths.
        permille: u16,
    },
    /// The hash counting register's time for each version that a small core rolls
    /// through: a job lasts the same at every frequency.
    Counted {
        /// Ticks of 25 MHz seen on boards of so many chips at this address interval.
        seen: &'static [(u16, u8, u32)],
        /// Highest share of a chip's window that may be swept at the target frequency, in
        /// thousandths. Also what a board gets that nobody has seen.
        permille: u16,
        /// How the nonce space is divided between chips.
        division: Division,
    },
}

/// How the nonce space is divided between chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// By address: `interval << 17` nonces per core.
    Address,
    /// By register 0x0C, evenly: `(65536 / chips) << 9` nonces per core.
    Offset,
}

/// How a PLL value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PllWrites {
    /// Written before it, each time.
    pub before: &'static [(Register, u32)],
    /// How often the value itself is written.
    pub times: u8,
    /// Milliseconds between these writes.
    pub apart_ms: u32,
}

impl PllWrites {
    /// The value once and nothing else.
    pub const ONCE: PllWrites = PllWrites {
        before: &[],
        times: 1,
        apart_ms: 0,
    };

    /// The `i`-th write that orders `value`; `None` after the last.
    pub fn nth(&self, pll: Register, value: u32, i: usize) -> Option<(Register, u32)> {
        match self.before.get(i) {
            Some(write) => Some(*write),
            None => (i - self.before.len() < usize::from(self.times)).then_some((pll, value)),
        }
    }
}

/// How fast a frequency rises from a frequency on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// From here on ...
    pub from: Megahertz,
    /// ... a step of 6.25 MHz takes this many milliseconds.
    pub step_ms: u32,
}

/// The pace of ESP-Miner, of mujina and of the stock captures of S19j Pro and S21 Pro.
pub const PACE_COMMON: &[Pace] = &[Pace {
    from: Megahertz::new(0.0),
    step_ms: 100,
}];

/// The pace of bm13xx-rs on an S19 XP: above 380 MHz it waits until the supply has settled.
/// The chain mines meanwhile.
pub const PACE_SLOW: &[Pace] = &[
    Pace {
        from: Megahertz::new(0.0),
        step_ms: 400,
    },
    Pace {
        from: Megahertz::new(380.0),
        step_ms: 2300,
    },
];

/// Registers in which a chip counts what tells of its health.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    /// Hash rate as the chip measures it.
    pub hash_rate: Option<HashRateCounter>,
    /// Nonces that failed the chip's own check.
    pub nonce_errors: Option<Register>,
    /// Damaged commands, bad works and core errors: the fields of register 0x48.
    pub error_flag: Option<Register>,
}

/// A chip's own measure of its hash rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashRateCounter {
    /// The register holds a rate. Its unit is disputed (2^20 or 2^24 hashes a second), so
    /// only zero and not zero can be told apart.
    Rate(Register),
    /// The register counts units of 2^32 hashes and wraps at 32 bits: a rate is the
    /// difference of two readings over the time between them.
    Hashes(Register),
}

/// A hold in the frequency ramp.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Confirm {
    /// The ramp does not pass this frequency ...
    pub below: Megahertz,
    /// ... before this many nonces were expected and the rate was found right.
    pub expected_nonces: f64,
}

/// The board that a profile is applied to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shape {
    /// Chips on the board.
    pub chips: u16,
    /// Voltage domains, in series; divides `chips`.
    pub domains: u16,
    /// Difference between neighbouring addresses.
    pub address_interval: u8,
    /// Ticket difficulty.
    pub ticket: TicketDifficulty,
    /// Frequency at which the board will work.
    pub target: Megahertz,
    /// Baud rate while hashing, bits per second.
    pub baud: u32,
    /// Header version bits that the chips may roll now; unused on midstate chips.
    pub version_mask: u32,
}

impl Shape {
    /// Chips per voltage domain.
    pub const fn chips_per_domain(&self) -> u16 {
        match self.chips.checked_div(self.domains) {
            Some(n) if n > 0 => n,
            _ => 1,
        }
    }

    /// Address of the chip at `index`. Wraps past the address space, which a board that
    /// passed its definition's checks never does.
    pub const fn address(&self, index: u16) -> units::ChipAddress {
        units::ChipAddress((index as u32 * self.address_interval as u32) as u8)
    }

    /// Addresses that exist at this interval.
    pub const fn addresses(&self) -> u16 {
        match 256u16.checked_div(self.address_interval as u16) {
            Some(n) => n,
            None => 1,
        }
    }
}
