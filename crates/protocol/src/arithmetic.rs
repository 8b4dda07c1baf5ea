//! What follows from a chip's table: pure functions of table, board and frequency.

use units::{Duration, Megahertz, Rolling, TicketDifficulty, WireJobId, WorkItem};

use crate::job::{self, JOB_MAX};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Division, JobBits, LowBits, Origin, Profile, RegisterInfo,
    Shape, Sweep, View,
};
use crate::{Bytes, CoreRegister, JobLayout, RawNonce, Register, baud, register};

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
        let n = match self.nonce.view {
            View::BigEndian => u32::from_be_bytes(nonce.to_wire()),
            View::LittleEndian => nonce.0,
        };
        let (chip, address) = match self.nonce.chip {
            ChipField::Address { shift, mask } => {
                let address = (n >> shift) as u8 & mask;
                let place = address.checked_div(shape.address_interval).unwrap_or(0);
                (u16::from(place), Some(address))
            }
            ChipField::Offset { shift } => {
                let place = (u64::from(n >> shift & 0xffff) * u64::from(shape.chips)) >> 16;
                (place as u16, None)
            }
        };
        Origin {
            chip,
            address,
            core: (n >> self.nonce.core_shift) as u16 & self.nonce.core_mask,
            small_core: self.nonce.small_core.map(|b| (n >> b.shift) as u8 & b.mask),
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
            Sweep::Window { permille, .. } => {
                self.window(shape) * f64::from(versions) * f64::from(permille)
                    / 1000.0
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

    /// Nonces that one core may sweep before it meets those of the next chip.
    pub fn window(&self, shape: &Shape) -> f64 {
        let interval = f64::from(shape.address_interval);
        match self.sweep {
            Sweep::Window {
                log2_per_address, ..
            } => interval * f64::from(1u32 << log2_per_address),
            Sweep::Counted {
                division: Division::Address,
                ..
            } => interval * f64::from(1u32 << 17),
            Sweep::Counted {
                division: Division::Offset,
                ..
            } => f64::from((65536 / u32::from(shape.chips.max(1))) << 9),
        }
    }

    /// The whole of a window in ticks of 25 MHz, as the hash counting register counts.
    pub fn window_ticks(&self, frequency: Megahertz, shape: &Shape) -> f64 {
        // Midstate chips test one nonce a cycle for each small core, all versions counted.
        // On chips that roll versions the register's scale is two nonces a cycle, an
        // empirical factor that says nothing about throughput.
        let ticks_per_nonce_mhz = match self.sweep {
            Sweep::Window { .. } => crate::pll::CRYSTAL_MHZ,
            Sweep::Counted { .. } => crate::pll::CRYSTAL_MHZ / 2.0,
        };
        self.window(shape) * ticks_per_nonce_mhz / frequency.mhz().max(1.0)
    }

    /// Value of the hash counting register: ticks of 25 MHz.
    pub fn hash_counting(&self, frequency: Megahertz, shape: &Shape) -> u32 {
        match self.sweep {
            Sweep::Window {
                windows_counted, ..
            } => {
                // Down to a multiple of 32: the rounding that gives the captured 12480
                // (assumed; three ticks of 12483 are no loss).
                let ticks = self.window_ticks(frequency, shape) * f64::from(windows_counted);
                ticks as u32 & !31
            }
            Sweep::Counted { seen, permille, .. } => {
                let whole = self.window_ticks(shape.target, shape);
                let most = (whole * f64::from(permille) / 1000.0) as u32;
                let board = (shape.chips, shape.address_interval);
                let same = seen.iter().find(|s| (s.0, s.1) == board);
                same.map_or(most, |s| most.min(s.2))
            }
        }
    }

    /// True if the hash counting register must follow the frequency.
    pub const fn hash_counting_follows(&self) -> bool {
        matches!(self.sweep, Sweep::Window { windows_counted, .. } if windows_counted > 0)
    }

    /// How long a step of the frequency ramp takes from `frequency` on.
    pub fn step_time(&self, frequency: Megahertz) -> Duration {
        let pace = self.ramp.iter().rev().find(|p| p.from <= frequency);
        Duration::from_millis(pace.map_or(100, |p| u64::from(p.step_ms)))
    }

    /// Register writes that take the chips to `wanted` bits per second, and the rate
    /// that results. `None` if the chip cannot be brought near it.
    pub fn baud_writes(&self, wanted: u32) -> Option<BaudWrites> {
        match self.baud {
            Baud::Low { misc } => {
                let divider = baud::divider(baud::CRYSTAL_HZ, wanted, 0x1f)?;
                let value = baud::low::with_divider(misc, divider);
                Some(BaudWrites {
                    before: &[],
                    last: (self.map.misc_control, value),
                    bits_per_s: baud::bits_per_s(baud::CRYSTAL_HZ, divider).round() as u32,
                })
            }
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
                    before: if fast { pll3 } else { &[] },
                    last: (self.map.misc_control, value),
                    bits_per_s: baud::bits_per_s(base, divider).round() as u32,
                })
            }
            Baud::FastUart { value } => {
                let divider = baud::divider(baud::CRYSTAL_HZ, wanted, 0xff)?;
                let value = baud::fast_uart::with_divider(value, divider);
                Some(BaudWrites {
                    before: &[],
                    last: (register::FAST_UART, value),
                    bits_per_s: baud::bits_per_s(baud::CRYSTAL_HZ, divider).round() as u32,
                })
            }
        }
    }

    /// Bytes of a job on the chips' wire at `versions` midstates, preamble included.
    pub const fn job_bytes(&self, versions: u8) -> usize {
        let body = match self.job {
            JobLayout::Midstates => 22 + 32 * versions as usize,
            JobLayout::FullHeader { .. } => 86,
        };
        body + self.dialect.command_preamble().len()
    }

    /// Work as the chips' wire carries it; `None` if these chips do not take work of this
    /// kind.
    pub fn encode_job(&self, id: WireJobId, item: &WorkItem) -> Option<Bytes<JOB_MAX>> {
        match (self.job, &item.rolling) {
            (JobLayout::Midstates, Rolling::Host(versions)) => Some(job::encode_midstates(
                self.dialect,
                id,
                &item.header,
                versions.midstates(),
            )),
            (JobLayout::FullHeader { length_byte }, Rolling::Chip { .. }) => Some(
                job::encode_full_header(self.dialect, id, &item.header, length_byte),
            ),
            _ => None,
        }
    }

    /// What the table knows of a register.
    pub fn register(&self, reg: Register) -> Option<&'static RegisterInfo> {
        self.registers.iter().find(|r| r.reg == reg)
    }

    /// What the table knows of a core register.
    pub fn core_register(&self, reg: CoreRegister) -> Option<&'static CoreRegisterInfo> {
        self.core_registers.iter().find(|r| r.reg == reg)
    }

    /// The rate that a value of the register with the baud divider gives; `None` for any
    /// other register.
    pub fn baud_of(&self, reg: Register, value: u32) -> Option<f64> {
        match self.baud {
            Baud::Low { .. } if reg == self.map.misc_control => Some(baud::bits_per_s(
                baud::CRYSTAL_HZ,
                baud::low::divider(value),
            )),
            Baud::Misc { pll3_hz, .. } if reg == self.map.misc_control => {
                let (divider, pll3) = baud::misc::divider(value);
                let base = if pll3 { pll3_hz } else { baud::CRYSTAL_HZ };
                Some(baud::bits_per_s(base, divider))
            }
            // Behind another clock than the crystal the rate is unresolved.
            Baud::FastUart { .. } if reg == register::FAST_UART && value >> 26 & 3 == 0 => Some(
                baud::bits_per_s(baud::CRYSTAL_HZ, baud::fast_uart::divider(value)),
            ),
            _ => None,
        }
    }
}

/// What [`Profile::baud_writes`] wants written, to all chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BaudWrites {
    /// First, in order: they start the base clock.
    pub before: &'static [(Register, u32)],
    /// Last: with it the chips change over.
    pub last: (Register, u32),
    /// What the chips then speak.
    pub bits_per_s: u32,
}
