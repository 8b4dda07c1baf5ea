//! The past in fixed memory: rates, heat, power, fans and shares, by seconds for minutes and by
//! minutes for days.
//!
//! Terms: a *resolution* is a step and how far back rows of that step are kept; a *row* is what
//! became of the snapshots of one step, a *series* one number of it, per machine or per chain.
//! Rows stand on the miner's own time (seconds since the process began), so that no step of the
//! wall clock moves, doubles or loses one.
//!
//! Invariants: memory is taken once and never grows ([`History::BYTES`]); only whole steps are
//! rows; what nobody knew in a step is unknown in its row, never 0 and never the value before.
//! Nothing is written down: a new process begins anew.

use crate::{Shares, Snapshot};

/// Steps, finest first: 10 minutes, an hour, two days and a week.
pub const RESOLUTIONS: [Resolution; 4] = [
    Resolution::new(1, 600),
    Resolution::new(10, 360),
    Resolution::new(60, 2880),
    Resolution::new(600, 1008),
];

/// Chains with series of their own. No control board has more connectors; what is beyond is in
/// the machine's numbers.
const CHAINS_MAX: usize = 4;
const OF_MACHINE: usize = 11;
const OF_CHAIN: usize = 3;
const COLUMNS: usize = OF_MACHINE + CHAINS_MAX * OF_CHAIN;

/// Single precision: seven digits, of which nobody sees more than five in a chart. Not a number:
/// unknown.
type Row = [f32; COLUMNS];

/// A step, and how many of them are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// Seconds.
    pub step_s: u32,
    rows: u32,
}

impl Resolution {
    const fn new(step_s: u32, rows: u32) -> Self {
        Resolution { step_s, rows }
    }

    /// How far back it goes, seconds.
    pub const fn span_s(self) -> u32 {
        self.step_s * self.rows
    }
}

/// How a row's number comes of many snapshots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fold {
    Mean,
    Highest,
    Lowest,
    Sum,
}

/// One number of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Series {
    /// Hashrate of 5 s, TH/s; mean.
    Rate,
    /// What the model expects, TH/s; mean.
    Nominal,
    /// At the wall, W; mean.
    Power,
    /// Of the hottest sensor anywhere, °C; highest.
    Temperature,
    /// Of the slowest fan that is heard, rpm; lowest.
    FanSpeed,
    /// Of the hardest driven fan, percent; highest.
    FanDuty,
    /// Shares that pools accepted; sum, as the four below.
    Accepted,
    /// That they rejected.
    Rejected,
    /// That were stale.
    Stale,
    /// That were lost.
    Lost,
    /// Nonces that fit no work.
    HwErrors,
    /// Hashrate of a chain over a minute, TH/s; mean.
    ChainRate,
    /// Of the hottest sensor of its board, °C; highest.
    ChainBoard,
    /// Of the hottest sensor at its chips, °C; highest.
    ChainChip,
}

impl Series {
    /// All, in the order of a row.
    pub const ALL: [Series; OF_MACHINE + OF_CHAIN] = [
        Series::Rate,
        Series::Nominal,
        Series::Power,
        Series::Temperature,
        Series::FanSpeed,
        Series::FanDuty,
        Series::Accepted,
        Series::Rejected,
        Series::Stale,
        Series::Lost,
        Series::HwErrors,
        Series::ChainRate,
        Series::ChainBoard,
        Series::ChainChip,
    ];

    /// Its name, which ends in its unit; those of chains begin with `chain_`.
    pub const fn name(self) -> &'static str {
        match self {
            Series::Rate => "rate_ths",
            Series::Nominal => "nominal_ths",
            Series::Power => "power_w",
            Series::Temperature => "temp_c",
            Series::FanSpeed => "fan_rpm",
            Series::FanDuty => "fan_percent",
            Series::Accepted => "accepted",
            Series::Rejected => "rejected",
            Series::Stale => "stale",
            Series::Lost => "lost",
            Series::HwErrors => "hw_errors",
            Series::ChainRate => "chain_rate_ths",
            Series::ChainBoard => "chain_board_c",
            Series::ChainChip => "chain_chip_c",
        }
    }

    /// There is one for each chain.
    pub const fn is_of_chains(self) -> bool {
        self as usize >= OF_MACHINE
    }

    const fn fold(self) -> Fold {
        match self {
            Series::Rate | Series::Nominal | Series::Power | Series::ChainRate => Fold::Mean,
            Series::Temperature | Series::FanDuty | Series::ChainBoard | Series::ChainChip => {
                Fold::Highest
            }
            Series::FanSpeed => Fold::Lowest,
            Series::Accepted
            | Series::Rejected
            | Series::Stale
            | Series::Lost
            | Series::HwErrors => Fold::Sum,
        }
    }

    /// Decimals that mean something.
    const fn decimals(self) -> i32 {
        match self {
            Series::Rate | Series::Nominal | Series::ChainRate => 4,
            _ => 1,
        }
    }

    /// Place in a row; `chain` counts from 0 and is 0 for the machine.
    const fn column(self, chain: usize) -> usize {
        self as usize + chain * OF_CHAIN
    }

    /// What stands at this place of a row.
    const fn at(column: usize) -> Series {
        match column < OF_MACHINE {
            true => Series::ALL[column],
            false => Series::ALL[OF_MACHINE + (column - OF_MACHINE) % OF_CHAIN],
        }
    }
}

/// The past of one miner.
#[derive(Clone, Debug)]
pub struct History {
    tiers: [Tier; RESOLUTIONS.len()],
    /// Which slot each chain's columns are of.
    slots: [Option<u8>; CHAINS_MAX],
    /// Counts of the snapshot before.
    counted: Shares,
}

impl Default for History {
    fn default() -> Self {
        History::new()
    }
}

impl History {
    /// What its rows take, in bytes, from the first snapshot to the last.
    pub const BYTES: usize = {
        let (mut rows, mut i) = (0, 0);
        while i < RESOLUTIONS.len() {
            rows += RESOLUTIONS[i].rows as usize;
            i += 1;
        }
        rows * size_of::<Row>()
    };

    /// An empty one, with all memory that it will ever need.
    pub fn new() -> Self {
        History {
            tiers: RESOLUTIONS.map(Tier::new),
            slots: [None; CHAINS_MAX],
            counted: Shares::default(),
        }
    }

    /// Take in what is now. One that is older than the last is counted at the last's time.
    pub fn push(&mut self, now: &Snapshot) {
        if !now.uptime_s.is_finite() {
            return;
        }
        let row = self.sample(now);
        let at_s = now.uptime_s.max(0.0) as u64;
        for tier in &mut self.tiers {
            tier.push(at_s, &row);
        }
    }

    /// The last `range_s` seconds in whole rows of this step, as far as they are kept; `None`
    /// where there is no such step.
    pub fn read(&self, step_s: u32, range_s: u32) -> Option<Past> {
        let tier = self.tiers.iter().find(|t| t.of.step_s == step_s)?;
        let (first, rows) = tier.last(range_s.div_ceil(step_s));
        Some(Past {
            step_s,
            from_s: first * u64::from(step_s),
            rows,
            slots: self.slots,
        })
    }

    fn sample(&mut self, now: &Snapshot) -> Row {
        let mut row = [f32::NAN; COLUMNS];
        let mut set = |series: Series, chain: usize, value: Option<f64>| {
            let value = value.filter(|v| v.is_finite());
            row[series.column(chain)] = value.map_or(f32::NAN, |v| v as f32);
        };
        set(Series::Rate, 0, now.hashrate.s5);
        set(Series::Nominal, 0, now.hashrate.nominal);
        set(Series::Power, 0, now.power_w);
        let all = now.temperatures.iter().filter_map(|t| t.temp_c);
        set(Series::Temperature, 0, all.reduce(f64::max));
        let heard = now.fans.iter().filter_map(|fan| fan.rpm).min();
        set(Series::FanSpeed, 0, heard.map(f64::from));
        let driven = now.fans.iter().filter_map(|fan| fan.duty_percent);
        set(Series::FanDuty, 0, driven.reduce(f64::max));
        let (shares, before) = (now.shares, self.counted);
        let counts = [
            (Series::Accepted, shares.accepted, before.accepted),
            (Series::Rejected, shares.rejected, before.rejected),
            (Series::Stale, shares.stale, before.stale),
            (Series::Lost, shares.lost, before.lost),
            (Series::HwErrors, shares.hw_errors, before.hw_errors),
        ];
        for (series, count, before) in counts {
            set(series, 0, Some(count.saturating_sub(before) as f64));
        }
        self.counted = shares;
        for chain in &now.chains {
            let Some(place) = place_of(&mut self.slots, chain.slot) else {
                continue;
            };
            set(Series::ChainRate, place, chain.hashrate_ths);
            for (series, of_chips) in [(Series::ChainBoard, false), (Series::ChainChip, true)] {
                let here = now.temperatures.iter().filter(|t| {
                    let spot = t.spot();
                    spot.is_some_and(|(slot, kind)| {
                        slot == chain.slot && (kind == "chip") == of_chips
                    })
                });
                let hottest = here.filter_map(|t| t.temp_c).reduce(f64::max);
                set(series, place, hottest);
            }
        }
        row
    }
}

/// The chain's place among those that have columns; the first free one at first sight.
fn place_of(slots: &mut [Option<u8>; CHAINS_MAX], slot: u8) -> Option<usize> {
    let known = slots.iter().position(|s| *s == Some(slot));
    let place = known.or_else(|| slots.iter().position(Option::is_none))?;
    slots[place] = Some(slot);
    Some(place)
}

/// Rows that were copied out, oldest first.
#[derive(Clone, Debug)]
pub struct Past {
    /// Seconds from row to row.
    pub step_s: u32,
    /// When the first row begins, in seconds since the process began.
    pub from_s: u64,
    rows: Vec<Row>,
    slots: [Option<u8>; CHAINS_MAX],
}

impl Past {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Slots of the chains that were ever seen, each with its number for [`Past::column`].
    pub fn chains(&self) -> impl Iterator<Item = (usize, u8)> {
        let seen = self.slots.iter().enumerate();
        seen.filter_map(|(chain, slot)| Some((chain, (*slot)?)))
    }

    /// One series, row by row, rounded to what it means; of the machine `chain` is 0.
    pub fn column(&self, series: Series, chain: usize) -> Vec<Option<f64>> {
        let column = series.column(chain.min(CHAINS_MAX - 1));
        let scale = 10f64.powi(series.decimals());
        let shown = |row: &Row| {
            let value = Some(f64::from(row[column])).filter(|v| v.is_finite());
            value.map(|v| (v * scale).round() / scale)
        };
        self.rows.iter().map(shown).collect()
    }
}

/// Rows of one resolution: a ring, and the row that is being made.
#[derive(Clone, Debug)]
struct Tier {
    of: Resolution,
    ring: Box<[Row]>,
    /// Numbers of the first row that there ever was and of the one that is being made; `None`
    /// before the first snapshot. A row's number is its time by the step.
    begun: Option<(u64, u64)>,
    sums: [f64; COLUMNS],
    counts: [u32; COLUMNS],
}

impl Tier {
    fn new(of: Resolution) -> Self {
        Tier {
            of,
            ring: vec![[f32::NAN; COLUMNS]; of.rows as usize].into_boxed_slice(),
            begun: None,
            sums: [0.0; COLUMNS],
            counts: [0; COLUMNS],
        }
    }

    fn push(&mut self, at_s: u64, row: &Row) {
        let number = at_s / u64::from(self.of.step_s);
        let (first, open) = self.begun.unwrap_or((number, number));
        let number = number.max(open);
        if number > open {
            self.close(open, number);
        }
        self.begun = Some((first, number));
        for (column, value) in row.iter().enumerate() {
            if value.is_nan() {
                continue;
            }
            let (value, known) = (f64::from(*value), self.counts[column]);
            let sum = &mut self.sums[column];
            *sum = match Series::at(column).fold() {
                _ if known == 0 => value,
                Fold::Mean | Fold::Sum => *sum + value,
                Fold::Highest => sum.max(value),
                Fold::Lowest => sum.min(value),
            };
            self.counts[column] = known.saturating_add(1);
        }
    }

    /// Write the open row down; those between it and the next that nobody saw are unknown.
    fn close(&mut self, open: u64, next: u64) {
        let mut row = [f32::NAN; COLUMNS];
        for (column, value) in row.iter_mut().enumerate() {
            let (sum, known) = (self.sums[column], self.counts[column]);
            if known > 0 {
                let mean = Series::at(column).fold() == Fold::Mean;
                *value = (if mean { sum / f64::from(known) } else { sum }) as f32;
            }
        }
        self.counts = [0; COLUMNS];
        *self.at(open) = row;
        // A gap longer than the ring leaves nothing in it.
        let unseen = (open + 1)..next;
        let kept = next
            .saturating_sub(u64::from(self.of.rows))
            .max(unseen.start);
        for number in kept..next {
            *self.at(number) = [f32::NAN; COLUMNS];
        }
    }

    fn at(&mut self, number: u64) -> &mut Row {
        &mut self.ring[(number % u64::from(self.of.rows)) as usize]
    }

    /// The last whole rows, at most so many, and the number of the first.
    fn last(&self, wanted: u32) -> (u64, Vec<Row>) {
        let Some((first, open)) = self.begun else {
            return (0, Vec::new());
        };
        let wanted = u64::from(wanted.min(self.of.rows));
        let from = open.saturating_sub(wanted).max(first);
        let of = |number: u64| self.ring[(number % u64::from(self.of.rows)) as usize];
        (from, (from..open).map(of).collect())
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
pub(crate) mod tests;
