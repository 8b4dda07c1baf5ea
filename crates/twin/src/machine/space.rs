//! Where the cores of a chip look for nonces, and how long a job lasts.

use units::Duration;

use super::chip::{ChipModel, Condition, JobForm, Window, ticket_log2};
use super::job::{Job, Work};
use super::known::Known;
use super::registers::Bank;
use super::search::Space;

/// 25 MHz ticks of the hash counting number.
const TICK_NS: f64 = 40.0;
/// Nonces of a core per tick of the hash counting number and MHz of its clock: two per
/// 25 MHz. The factor two is this register's scale and no throughput (published).
const NONCES_PER_TICK_MHZ: f64 = 2.0 / 25.0;

/// What all chains of a machine share.
#[derive(Debug)]
pub(crate) struct Params {
    pub(crate) difficulty_bits: u8,
    pub(crate) thinning: u32,
    pub(crate) known: Vec<Known>,
}

/// Cores that were opened one by one: a bit for each, and how many had their turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Opened {
    pub(crate) cores: u128,
    pub(crate) turn: u16,
}

/// The chips' state that hashing depends on.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) model: &'static ChipModel,
    pub(crate) bank: &'a Bank,
    pub(crate) core_bank: &'a Bank,
    pub(crate) addresses: &'a [u8],
    pub(crate) opened: &'a [Opened],
    /// Chips that can be reached, counted from the host.
    pub(crate) reach: usize,
    pub(crate) params: &'a Params,
}

impl View<'_> {
    pub(crate) fn read(&self, chip: usize, register: u8) -> u32 {
        self.bank.get(chip, register)
    }

    pub(crate) fn holds(&self, chip: usize, condition: &Condition) -> bool {
        let core = |r| self.core_bank.get(chip, r);
        condition.holds(|r| self.read(chip, r), core)
    }

    pub(crate) fn mhz(&self, chip: usize) -> f64 {
        self.model.core_mhz(|r| self.read(chip, r))
    }

    /// Hashes per second while the chip has work.
    pub(crate) fn hs(&self, chip: usize) -> f64 {
        let all = self.model.runs_while.iter();
        if !all.into_iter().all(|c| self.holds(chip, c)) {
            return 0.0;
        }
        let hashing = match self.model.cores_open_while {
            Some(_) => self.open(chip).cores.count_ones(),
            None => u32::from(self.model.small_cores_used),
        };
        f64::from(hashing) * self.mhz(chip) * 1e6
    }

    /// Binary logarithm of the chip's ticket difficulty.
    pub(crate) fn ticket(&self, chip: usize) -> u8 {
        ticket_log2(self.read(chip, self.model.registers.ticket))
    }

    /// Leading zero bits of a hash that the chip reports.
    pub(crate) fn bits(&self, chip: usize) -> u32 {
        u32::from(self.params.difficulty_bits) + u32::from(self.ticket(chip))
    }

    /// The 16-bit mask of the versions that the chip rolls; `None`: it does not roll.
    pub(crate) fn rolling(&self, chip: usize) -> Option<u32> {
        let register = self.read(chip, self.model.registers.rolling?);
        (register >> 31 == 1).then_some(register & 0xFFFF)
    }

    /// Midstates of a job that the chip works on.
    pub(crate) fn midstates(&self, chip: usize, count: u8) -> u8 {
        match &self.model.many_midstates_while {
            Some(switch) if !self.holds(chip, switch) => count.min(1),
            _ => count,
        }
    }

    /// True if chip 0 tries this midstate of a job; versions are the caller's affair.
    pub(crate) fn tries(&self, job: &Job, index: u16) -> bool {
        match &job.work {
            Work::Midstates { count, .. } => index < u16::from(self.midstates(0, *count)),
            Work::FullHeader(_) => true,
        }
    }

    pub(crate) fn open(&self, chip: usize) -> Opened {
        self.opened.get(chip).copied().unwrap_or_default()
    }

    /// Time until the chip has tried everything of a job.
    pub(crate) fn life(&self, chip: usize, job: &Job) -> Duration {
        let model = self.model;
        match (&job.work, model.nonces.window) {
            (Work::Midstates { count, .. }, Window::Whole) => {
                let cycles = f64::from(self.window(chip)) / f64::from(model.small_cores);
                self.cycles(chip, cycles * f64::from(self.midstates(chip, *count)))
            }
            (Work::Midstates { count, .. }, Window::Share { .. }) => {
                let all = f64::from(model.nonces.counter) + 1.0;
                self.cycles(chip, all * f64::from(self.midstates(chip, *count)))
            }
            (Work::FullHeader(_), Window::HashCounting) => {
                let versions = 1 << self.rolling(chip).unwrap_or(0).count_ones();
                self.step(chip)
                    .saturating_mul((versions / model.small_cores).max(1))
            }
            // Work of another kind than the chip's never gets here.
            _ => Duration::ZERO,
        }
    }

    /// Time that a core needs for one version.
    pub(crate) fn step(&self, chip: usize) -> Duration {
        let ticks = match self.model.registers.hash_counting {
            Some(register) => f64::from(self.read(chip, register)),
            None => 0.0,
        };
        self.stretched(ticks * TICK_NS)
    }

    /// What the core with this number tests of one version or midstate. `small` is the
    /// small core where small cores count for themselves; `elapsed` the job's age.
    pub(crate) fn space(
        &self,
        chip: usize,
        core: u16,
        small: Small,
        midstates: u8,
        elapsed: Duration,
    ) -> Space {
        let layout = &self.model.nonces;
        let core = u32::from(core) << layout.core_shift;
        let address = u32::from(self.addresses.get(chip).copied().unwrap_or(0));
        let placed = (address >> layout.address_drop) << layout.address_shift;
        let mut space = Space {
            fixed: core | placed & !layout.counter,
            counter: layout.counter,
            start: placed & layout.counter,
            len: self.window(chip),
            msb_first: layout.msb_first,
        };
        match (layout.window, small) {
            (Window::Whole, _) => {}
            (Window::Share { small_core_shift }, small) => {
                space.fixed |= small.number() << small_core_shift;
                // A job that outlasts the chip's share leads it into the next.
                let cycles =
                    elapsed.as_secs_f64() * self.mhz(chip) * 1e6 / f64::from(self.params.thinning);
                let share = f64::from(space.len) * f64::from(midstates.max(1));
                let moved = (cycles / share) as u32;
                space.start =
                    space.start.wrapping_add(moved.wrapping_mul(space.len)) & space.counter;
            }
            (Window::HashCounting, small) => {
                let offset = self
                    .model
                    .registers
                    .nonce_offset
                    .map_or(0, |r| self.read(chip, r));
                if offset >> 31 == 1 {
                    space.start = (offset & 0xFFFF) << 9 & space.counter;
                }
                if let Small::Divides { number, of } = small {
                    // Without versions to choose from, small cores share the nonces: their
                    // number stands below the core's, the address moves down.
                    let bits = of.trailing_zeros();
                    space.counter >>= bits;
                    space.start >>= bits;
                    space.len = (space.len >> bits).max(1);
                    space.fixed |= number << (u32::from(layout.core_shift) - bits);
                }
            }
        }
        space
    }

    /// Nonces of one core (of one small core where these count for themselves) for one
    /// version or midstate.
    fn window(&self, chip: usize) -> u32 {
        let layout = &self.model.nonces;
        match layout.window {
            Window::Whole => 1 << layout.counter.count_ones(),
            Window::Share { .. } => self.interval() << layout.address_shift,
            Window::HashCounting => {
                let ticks = match self.model.registers.hash_counting {
                    Some(register) => f64::from(self.read(chip, register)),
                    None => 0.0,
                };
                let len = ticks * self.mhz(chip) * NONCES_PER_TICK_MHZ;
                (len as u32).clamp(1, layout.counter + 1)
            }
        }
    }

    /// Distance of two neighbours' addresses; all of them for a chip alone. A chip does
    /// not know it: what it means is that a host which paces its jobs never sees more.
    fn interval(&self) -> u32 {
        match self.addresses {
            [first, second, ..] if second > first => u32::from(second - first),
            _ => 256,
        }
    }

    fn cycles(&self, chip: usize, cycles: f64) -> Duration {
        self.stretched(cycles * 1e3 / self.mhz(chip))
    }

    fn stretched(&self, ns: f64) -> Duration {
        Duration::from_nanos((ns * f64::from(self.params.thinning)).min(1e18) as u64)
    }

    /// True if the chip can make something of the job.
    pub(crate) fn takes(&self, job: &Job) -> bool {
        matches!(
            (self.model.jobs, &job.work),
            (JobForm::Midstates, Work::Midstates { .. })
                | (JobForm::FullHeader, Work::FullHeader(_))
        )
    }
}

/// Which small core, and whether its number is part of the nonce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Small {
    /// It is not: small cores have versions or midstates of their own.
    Apart,
    /// One of so many.
    Divides { number: u32, of: u32 },
}

impl Small {
    pub(crate) fn number(self) -> u32 {
        match self {
            Small::Apart => 0,
            Small::Divides { number, .. } => number,
        }
    }
}
