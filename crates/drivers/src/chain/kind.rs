//! What the chips of a chain are: one of two families, and what both say of themselves.

use protocol::{Confirm, Profile, Shape, spi};
use units::{Duration, Megahertz, RollingNeed, TicketDifficulty};

/// A chip's table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Frames on a serial line, one job for all chips.
    Serial(&'static Profile),
    /// Words on SPI, a job for each chip.
    Words(&'static spi::Profile),
}

impl Kind {
    /// First frequency, as its table has it.
    pub(super) fn start(self) -> Megahertz {
        match self {
            Kind::Serial(profile) => profile.start,
            Kind::Words(profile) => profile.start,
        }
    }

    /// The frequency that the PLL gives nearest to this one.
    pub(super) fn reached(self, wanted: Megahertz) -> Option<Megahertz> {
        match self {
            Kind::Serial(profile) => profile.pll.solve(wanted).map(|s| s.frequency),
            Kind::Words(profile) => profile.pll.solve(wanted).map(|s| s.frequency),
        }
    }

    /// How long a step of the ramp takes from `frequency` on.
    pub(super) fn step_time(self, frequency: Megahertz) -> Duration {
        match self {
            Kind::Serial(profile) => profile.step_time(frequency),
            Kind::Words(profile) => profile.step_time(frequency),
        }
    }

    /// Where the ramp waits until nonces confirm the PLL.
    pub(super) fn confirm(self) -> Option<Confirm> {
        match self {
            Kind::Serial(profile) => profile.confirm,
            Kind::Words(profile) => profile.confirm,
        }
    }

    /// Hashes per second of one chip.
    pub(super) fn hashes_per_s(self, frequency: Megahertz) -> f64 {
        match self {
            Kind::Serial(profile) => profile.hashes_per_s(frequency),
            Kind::Words(profile) => profile.hashes_per_s(frequency),
        }
    }

    /// Nonces per second that one chip reports.
    pub(super) fn nonces_per_s(self, frequency: Megahertz, ticket: TicketDifficulty) -> f64 {
        match self {
            Kind::Serial(profile) => profile.nonces_per_s(frequency, ticket),
            Kind::Words(profile) => profile.nonces_per_s(frequency, ticket),
        }
    }

    /// Who rolls the version.
    pub(super) fn rolling(self) -> RollingNeed {
        match self {
            Kind::Serial(profile) => match profile.version_bits {
                0 => RollingNeed::Host { midstates: 4 },
                bits => RollingNeed::Chip {
                    bits,
                    small_cores: profile.small_cores_per_core,
                },
            },
            Kind::Words(profile) => RollingNeed::Host {
                midstates: profile.midstates(),
            },
        }
    }

    /// Time between two works of a chain of which `found` chips hash.
    pub(super) fn work_period(
        self,
        frequency: Megahertz,
        shape: &Shape,
        versions: u32,
        found: u16,
    ) -> Duration {
        match self {
            Kind::Serial(profile) => profile.work_period(frequency, shape, versions),
            Kind::Words(profile) => profile.job_time(frequency) / u32::from(found.max(1)),
        }
    }

    /// Share of a chip's hashing that so many versions allow: one that rolls gives each small
    /// core one residue class of them, and with fewer versions the others idle.
    pub(super) fn versions_allow(self, versions: u32) -> f64 {
        match self.rolling() {
            RollingNeed::Host { .. } => 1.0,
            RollingNeed::Chip { small_cores, .. } => {
                (f64::from(versions) / f64::from(small_cores.max(1))).min(1.0)
            }
        }
    }

    /// What a chip of it says that it is.
    pub(super) fn id(self) -> u16 {
        match self {
            Kind::Serial(profile) => profile.id,
            Kind::Words(profile) => u16::from(profile.kind),
        }
    }
}

/// Versions of the work that is asked for.
pub(super) fn versions(rolling: RollingNeed) -> u32 {
    match rolling {
        RollingNeed::Host { midstates } => u32::from(midstates),
        RollingNeed::Chip { bits, .. } => 1 << bits,
    }
}
