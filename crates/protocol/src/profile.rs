//! What a chip is, as data: one `const` table per chip.

use units::{Duration, Megahertz, TicketDifficulty, WireJobId};

use crate::pll::PllProfile;
use crate::step::Step;
use crate::{JobLayout, RawNonce, Register, ResponseLength, baud, register};

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
    /// How jobs are framed.
    pub job: JobLayout,
    /// Length of responses once [`Profile::bring_up`] has begun.
    pub response: ResponseLength,
    /// Registers by number.
    pub registers: &'static [RegisterInfo],
    /// The PLL.
    pub pll: PllProfile,
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
    /// Where the frequency ramp waits for nonces that confirm the PLL's reading; `None`
    /// where the encoding is captured.
    pub confirm: Option<Confirm>,
    /// From power-off to waiting for work.
    pub bring_up: &'static [Step],
    /// Once the first work has gone out.
    pub after_first_work: &'static [Step],
}

/// How a baud rate is set on the chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Baud {
    /// Register 0x18; above the crystal's reach from PLL3.
    Misc {
        /// Register 0x18 as the bring-up leaves it.
        misc: u32,
        /// Writes to 0x68 and 0x28 that start PLL3 and its divider.
        pll3: [(Register, u32); 2],
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
    /// The core is the big-endian nonce shifted down by this.
    pub core_shift: u8,
    /// How the chip is found.
    pub chip: ChipField,
}

/// How a nonce tells its chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChipField {
    /// The address stands at these bits of the big-endian nonce.
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
    /// Core.
    pub core: u16,
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
    /// `2^window_log2` nonces per core and midstate, shared by its small cores, one per
    /// cycle each: a job lasts a time that shrinks with the frequency.
    Window {
        /// Exponent.
        window_log2: u8,
        /// Windows that the hash counting register is set to last.
        windows_counted: u8,
    },
    /// The hash counting register's time for each version that a small core rolls
    /// through: a job lasts the same at every frequency.
    Counted {
        /// Ticks of 25 MHz; captured on a board of which the nonce space per chip is not
        /// smaller than that of `chips` chips.
        ticks: u32,
        /// See `ticks`.
        chips: u16,
        /// Highest share of a chip's window that may be swept, in thousandths.
        window_permille: u16,
    },
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

impl Profile {
    /// What the job byte and counter of a nonce say.
    pub fn job_bits(&self, raw: &RawNonce) -> JobBits {
        let low = raw.job & self.wire_ids.low_mask;
        let wire = WireJobId((raw.job & self.wire_ids.mask) >> self.wire_ids.shift);
        match self.wire_ids.low {
            LowBits::MidstateIndex => JobBits {
                wire,
                midstate_index: low,
                small_core: None,
                version_bits: 0,
            },
            LowBits::SmallCore => JobBits {
                wire,
                midstate_index: 0,
                small_core: Some(low),
                version_bits: u32::from(raw.counter) << units::VERSION_SHIFT,
            },
        }
    }

    /// Who found a nonce.
    pub fn origin(&self, nonce: units::Nonce, shape: &Shape) -> Origin {
        let n = u32::from_be_bytes(nonce.to_wire());
        let chip = match self.nonce.chip {
            ChipField::Address { shift, mask } => {
                let address = (n >> shift) as u8 & mask;
                u16::from(address.checked_div(shape.address_interval).unwrap_or(0))
            }
            ChipField::Offset { shift } => {
                ((u64::from(n >> shift & 0xffff) * u64::from(shape.chips)) >> 16) as u16
            }
        };
        Origin {
            chip,
            core: (n >> self.nonce.core_shift) as u16,
        }
    }

    /// Nonces per second that one chip reports at `frequency` and ticket `ticket`.
    pub fn nonces_per_s(&self, frequency: Megahertz, ticket: TicketDifficulty) -> f64 {
        self.hashes_per_s(frequency) / (ticket.value() as f64 * 4_294_967_296.0)
    }

    /// Hashes per second of one chip.
    pub fn hashes_per_s(&self, frequency: Megahertz) -> f64 {
        f64::from(self.small_cores_used) * frequency.mhz() * 1e6
    }

    /// How long a job keeps the chips busy: `versions` is the number of midstates, or of
    /// versions that the chip rolls through. Rounded down to nanoseconds: a little early
    /// loses nothing but the last nonces, a little late repeats the first.
    pub fn work_period(&self, frequency: Megahertz, shape: &Shape, versions: u32) -> Duration {
        let small = f64::from(self.small_cores_per_core.max(1));
        let us = match self.sweep {
            Sweep::Window { window_log2, .. } => {
                (1u64 << window_log2) as f64 * f64::from(versions)
                    / small
                    / frequency.mhz().max(1.0)
            }
            // Each small core takes one residue class of the version counter, so fewer
            // versions than small cores take as long as one each.
            Sweep::Counted { .. } => {
                (f64::from(versions) / small).max(1.0)
                    * f64::from(self.hash_counting(frequency, shape))
                    / crate::pll::CRYSTAL_MHZ
            }
        };
        Duration::from_nanos((us * 1e3) as u64)
    }

    /// Value of the hash counting register (0x10): ticks of 25 MHz.
    pub fn hash_counting(&self, frequency: Megahertz, shape: &Shape) -> u32 {
        match self.sweep {
            Sweep::Window {
                window_log2,
                windows_counted,
            } => {
                // Down to a multiple of 32: the rounding that gives the captured 12480
                // (assumed; three ticks of 12483 are no loss).
                let nonces = (1u64 << window_log2) as f64 * f64::from(windows_counted);
                let ticks = nonces * crate::pll::CRYSTAL_MHZ / frequency.mhz().max(1.0);
                ticks as u32 & !31
            }
            Sweep::Counted {
                ticks,
                chips,
                window_permille,
            } => {
                if shape.chips <= chips {
                    return ticks;
                }
                let window = f64::from((65536 / u32::from(shape.chips.max(1))) << 9);
                let whole = window * 12.5 / shape.target.mhz().max(1.0);
                ticks.min((whole * f64::from(window_permille) / 1000.0) as u32)
            }
        }
    }

    /// True if the hash counting register must follow the frequency.
    pub const fn hash_counting_follows(&self) -> bool {
        matches!(self.sweep, Sweep::Window { .. })
    }

    /// Register writes that take the chips to `wanted` bits per second, and the rate
    /// that results. `None` if the chip cannot be brought near it.
    pub fn baud_writes(&self, wanted: u32) -> Option<BaudWrites> {
        match self.baud {
            Baud::Misc {
                misc,
                pll3,
                pll3_hz,
            } => {
                let (divider, fast) = match baud::divider(baud::CRYSTAL_HZ, wanted, 0x1ff) {
                    Some(divider) => (divider, false),
                    None => (baud::divider(pll3_hz, wanted, 0x1ff)?, true),
                };
                let base = if fast { pll3_hz } else { baud::CRYSTAL_HZ };
                let value = baud::misc::with_divider(misc, divider, fast);
                Some(BaudWrites {
                    before: if fast {
                        [Some(pll3[0]), Some(pll3[1])]
                    } else {
                        [None; 2]
                    },
                    last: (register::MISC_CONTROL, value),
                    bits_per_s: baud::bits_per_s(base, divider).round() as u32,
                })
            }
            Baud::FastUart { value } => {
                let divider = baud::divider(baud::CRYSTAL_HZ, wanted, 0xff)?;
                let value = baud::fast_uart::with_divider(value, divider);
                Some(BaudWrites {
                    before: [None; 2],
                    last: (register::FAST_UART, value),
                    bits_per_s: baud::bits_per_s(baud::CRYSTAL_HZ, divider).round() as u32,
                })
            }
        }
    }

    /// Bytes of a job on the chips' wire, with preamble, at `versions` midstates.
    pub const fn job_bytes(&self, versions: u8) -> usize {
        match self.job {
            JobLayout::Midstates => 24 + 32 * versions as usize,
            JobLayout::FullHeader { .. } => 88,
        }
    }

    /// Name of a register, if the table has it.
    pub fn register_name(&self, reg: Register) -> Option<&'static str> {
        self.registers.iter().find(|r| r.reg == reg).map(|r| r.name)
    }
}

/// What [`Profile::baud_writes`] wants written, to all chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BaudWrites {
    /// First, in order: they start the base clock.
    pub before: [Option<(Register, u32)>; 2],
    /// Last: with it the chips change over.
    pub last: (Register, u32),
    /// What the chips then speak.
    pub bits_per_s: u32,
}
