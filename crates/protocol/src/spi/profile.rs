//! What a chip on SPI is, as data, and the two chips.

use units::{Duration, Megahertz, TicketDifficulty};

use super::command::{BLOCK_MAX, Strategy};
use super::pll::{PllForm, PllSetting};
use super::step::{Action, Step};
use crate::profile::Source::{Assumed, Published};
use crate::profile::{Confirm, PACE_COMMON, Pace};

/// How frames, jobs and blocks are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// One midstate, six register bytes, no checksum.
    A1,
    /// Four midstates, twelve register bytes, checksums.
    T1,
}

/// A temperature sensor on the die.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sensor {
    /// Code at 0 °C; it falls as the chip gets warmer.
    pub zero: f64,
    /// Degrees Celsius per step of the code.
    pub per_step_c: f64,
    /// Readings outside are no measurement, degrees Celsius.
    pub valid_c: (f64, f64),
}

/// A chip.
#[derive(Debug)]
pub struct Profile {
    /// Lower case, as hashboard definitions name it.
    pub name: &'static str,
    /// High nibble of the first byte of the answer to a reset.
    pub kind: u8,
    /// Layouts.
    pub dialect: Dialect,
    /// Cores, when all are good.
    pub cores: u8,
    /// A chip with fewer good cores gets no work.
    pub cores_min: u8,
    /// Hashes of a core in a cycle.
    pub hashes_per_cycle: u8,
    /// Ids that jobs of one chip take in turn, from 1 on.
    pub job_ids: u8,
    /// The PLL.
    pub pll: PllForm,
    /// First frequency.
    pub start: Megahertz,
    /// No board may be meant for more.
    pub frequency_max: Megahertz,
    /// How fast the frequency rises.
    pub ramp: &'static [Pace],
    /// Where the ramp waits for nonces that confirm the PLL's reading.
    pub confirm: Option<Confirm>,
    /// Clock of the bus from each frequency on, ascending, hertz.
    pub clocks: &'static [(Megahertz, u32)],
    /// How it tells a temperature.
    pub sensor: Option<Sensor>,
    /// From power-off to waiting for work.
    pub bring_up: &'static [Step],
}

/// Every profile.
pub const PROFILES: &[&Profile] = &[&A1, &T1];

/// The profile of a chip by its name in hashboard definitions.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|p| p.name == name)
}

impl Profile {
    /// Bytes of the register block.
    pub const fn block_bytes(&self) -> usize {
        match self.dialect {
            Dialect::A1 => 6,
            Dialect::T1 => BLOCK_MAX,
        }
    }

    /// Bytes of a checksum.
    pub const fn crc_bytes(&self) -> usize {
        match self.dialect {
            Dialect::A1 => 0,
            Dialect::T1 => 2,
        }
    }

    /// Bytes of a result.
    pub const fn result_bytes(&self) -> usize {
        match self.dialect {
            Dialect::A1 => 6,
            Dialect::T1 => 10,
        }
    }

    /// Bytes of a job.
    pub const fn job_bytes(&self) -> usize {
        match self.dialect {
            Dialect::A1 => 58,
            Dialect::T1 => 162,
        }
    }

    /// Low nibble of a job's first byte.
    pub const fn job_command(&self) -> u8 {
        match self.dialect {
            Dialect::A1 => 0x7,
            Dialect::T1 => 0xc,
        }
    }

    /// Midstates in a job.
    pub const fn midstates(&self) -> u8 {
        match self.dialect {
            Dialect::A1 => 1,
            Dialect::T1 => 4,
        }
    }

    /// Hashes per second of a chip whose cores are all good.
    pub fn hashes_per_s(&self, frequency: Megahertz) -> f64 {
        let cycle = f64::from(self.cores) * f64::from(self.hashes_per_cycle);
        cycle * frequency.mhz() * 1e6
    }

    /// Nonces per second that one chip reports at `frequency` and ticket `ticket`.
    pub fn nonces_per_s(&self, frequency: Megahertz, ticket: TicketDifficulty) -> f64 {
        self.hashes_per_s(frequency) / (ticket.value() as f64 * 4_294_967_296.0)
    }

    /// How long a job keeps such a chip busy: the whole nonce range of each midstate.
    pub fn job_time(&self, frequency: Megahertz) -> Duration {
        let hashes = f64::from(self.midstates()) * 4_294_967_296.0;
        let seconds = hashes / self.hashes_per_s(frequency).max(1.0);
        Duration::from_nanos((seconds * 1e9) as u64)
    }

    /// How long a step of the frequency ramp takes from `frequency` on.
    pub fn step_time(&self, frequency: Megahertz) -> Duration {
        let pace = self.ramp.iter().rev().find(|p| p.from <= frequency);
        Duration::from_millis(pace.map_or(100, |p| u64::from(p.step_ms)))
    }

    /// Clock of the bus at a frequency.
    pub fn clock_hz(&self, frequency: Megahertz) -> u32 {
        let reached = self.clocks.iter().rev().find(|c| c.0 <= frequency);
        reached.or(self.clocks.first()).map_or(0, |c| c.1)
    }

    /// The block that orders a frequency; `configuration` are bytes 5 to 7 where the chip has
    /// them.
    pub fn block(&self, setting: &PllSetting, configuration: [u8; 3]) -> [u8; BLOCK_MAX] {
        let mut block = [0; BLOCK_MAX];
        match self.dialect {
            // Two constants without a public meaning.
            Dialect::A1 => block[2..4].copy_from_slice(&[0x21, 0x84]),
            Dialect::T1 => {
                block[2..4].copy_from_slice(&[0x40, 0x02]);
                block[5..8].copy_from_slice(&configuration);
                let slow = setting.frequency.mhz() <= 549.0;
                block[9] = if slow { 0x24 } else { 0x20 };
            }
        }
        self.pll.put(setting, &mut block);
        block
    }

    /// The second block with the sensor's divider for a frequency; `None` where there is none.
    pub fn second_block(&self, frequency: Megahertz) -> Option<[u8; BLOCK_MAX]> {
        let divider = frequency.mhz() / 2.0 * 1000.0 / 16.0 / 650.0;
        match self.dialect {
            Dialect::A1 => None,
            Dialect::T1 => Some([
                0x02,
                0x50,
                0xa0,
                0x06,
                0x28,
                divider as u8,
                0x03,
                0,
                0,
                0,
                0,
                0,
            ]),
        }
    }

    /// Jobs that a chip holds, by its block; `None` for a code that is none.
    pub fn jobs_held(&self, block: &[u8; BLOCK_MAX]) -> Option<u8> {
        let byte = match self.dialect {
            Dialect::A1 => block[3],
            Dialect::T1 => block[9],
        };
        match byte & 3 {
            0 => Some(0),
            1 => Some(1),
            3 => Some(2),
            _ => None,
        }
    }

    /// Good cores by a chip's block.
    pub fn good_cores(&self, block: &[u8; BLOCK_MAX]) -> u8 {
        match self.dialect {
            Dialect::A1 => block[5],
            Dialect::T1 => block[11],
        }
    }

    /// The PLL has locked, by a chip's block; `None` where a chip does not say.
    pub fn locked(&self, block: &[u8; BLOCK_MAX]) -> Option<bool> {
        match self.dialect {
            Dialect::A1 => Some(block[2] & 1 == 1),
            Dialect::T1 => None,
        }
    }

    /// The sensor's code in a block.
    pub fn adc(&self, block: &[u8; BLOCK_MAX]) -> Option<u16> {
        self.sensor?;
        Some(u16::from(block[7] & 3) << 8 | u16::from(block[8]))
    }

    /// The temperature in a block; `None` where there is no sensor, or it measures none.
    pub fn celsius(&self, block: &[u8; BLOCK_MAX]) -> Option<f64> {
        let sensor = self.sensor?;
        let celsius = (sensor.zero - f64::from(self.adc(block)?)) * sensor.per_step_c;
        let (low, high) = sensor.valid_c;
        (low..=high).contains(&celsius).then_some(celsius)
    }
}

/// Bitmine A1 (CoinCraft): published by its Linux driver.
const A1: Profile = Profile {
    name: "a1",
    // Assumed: the driver does not look.
    kind: 0,
    dialect: Dialect::A1,
    // Published: 32 when perfect.
    cores: 32,
    // Published: below 26 "broken", and disabled.
    cores_min: 26,
    // Assumed: one, which the machines' ratings fit.
    hashes_per_cycle: 1,
    // Published: 1 to 4.
    job_ids: 4,
    pll: PllForm {
        crystal_mhz: 16.0,
        prediv_bits: 5,
        postdiv_byte: 0,
        postdiv_first: 1,
        // Published: 1 to 31; the published settings use the first two.
        predivs: &[1, 2],
        fbdiv: (1, 511),
        // Assumed: what the published settings stay inside of.
        vco_mhz: (200.0, 3400.0),
        prefers_post: false,
    },
    // Assumed: what the driver gives its broken chips.
    start: Megahertz::new(400.0),
    // Assumed: the highest published setting.
    frequency_max: Megahertz::new(1000.0),
    // Assumed.
    ramp: PACE_COMMON,
    confirm: None,
    // Published: the driver's default.
    clocks: &[(Megahertz::new(0.0), 2_000_000)],
    sensor: None,
    bring_up: &[
        Step::new(Action::Reset { asserted: true }, Published),
        Step::new(Action::RailOn, Assumed).settle(1000),
        Step::new(Action::Pause, Published).settle(200),
        Step::new(Action::Reset { asserted: false }, Published).settle(100),
        Step::new(Action::Count, Published),
        Step::new(Action::StartFrequency, Published).settle(1000),
        Step::new(Action::Fix, Published),
        Step::new(Action::ReadCores, Published),
    ],
};

/// Dragonmint T1: published by its Linux driver.
const T1: Profile = Profile {
    name: "t1",
    kind: 0,
    dialect: Dialect::T1,
    cores: 32,
    cores_min: 5,
    // Published: MHz * 2 * cores.
    hashes_per_cycle: 2,
    job_ids: 4,
    pll: PllForm {
        crystal_mhz: 12.0,
        prediv_bits: 7,
        postdiv_byte: 3,
        postdiv_first: 0,
        // Assumed: bounds and order that give every published setting that we know.
        predivs: &[1, 2],
        fbdiv: (80, 266),
        vco_mhz: (600.0, 1596.0),
        prefers_post: true,
    },
    // Published: the lowest of the driver's table, at which it begins.
    start: Megahertz::new(120.0),
    // Published: the table's highest.
    frequency_max: Megahertz::new(1596.0),
    // Assumed: the driver goes entry by entry, 4.5 MHz on average, without a stated pause.
    ramp: PACE_COMMON,
    confirm: None,
    // Published: the driver's start-up. 1200 MHz is where its normal range begins; it changes
    // over at its target.
    clocks: &[
        (Megahertz::new(0.0), 390_625),
        (Megahertz::new(310.0), 1_562_500),
        (Megahertz::new(1200.0), 6_250_000),
    ],
    // Published.
    sensor: Some(Sensor {
        zero: 588.0,
        per_step_c: 2.0 / 3.0,
        valid_c: (-40.0, 125.0),
    }),
    bring_up: T1_BRING_UP,
};

/// The driver's order, without two things. It ramps before the self test; here the test runs at
/// the start frequency and the chain ramps while it mines, as all do, so that the guard sees
/// how fast chips really run. It trims the core voltage on the way, which is the supply's here.
/// Identifying is ours: it names a chip of another kind.
const T1_BRING_UP: &[Step] = &[
    Step::new(Action::Reset { asserted: true }, Published).settle(1000),
    Step::new(Action::RailOn, Published).settle(5000),
    Step::new(Action::Reset { asserted: false }, Published).settle(1000),
    Step::new(Action::Forget(Strategy::All), Published),
    Step::new(Action::Count, Published).settle(10),
    Step::new(Action::Identify, Assumed),
    Step::new(Action::SensorDivider, Published).settle(1),
    Step::new(Action::StartFrequency, Published).settle(10),
    Step::new(Action::Forget(Strategy::Bist), Published).settle(1000),
    // Sensor in reset, out of it, switched on, enabled, to the temperature; with the self
    // test's mask.
    Step::new(Action::Configure([0, 0x00, 0x30]), Published).settle(1),
    Step::new(Action::Configure([0, 0x00, 0xb0]), Published).settle(1),
    Step::new(Action::Configure([0, 0x04, 0xb0]), Published).settle(1),
    Step::new(Action::Count, Published).settle(10),
    Step::new(Action::Collect, Published),
    Step::new(Action::Fix, Published).settle(10),
    Step::new(Action::ReadCores, Published),
];
