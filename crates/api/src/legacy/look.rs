//! One snapshot in the units and the numbering of Antminers.
//!
//! Rates are GH/s, made from the same four decimals of TH/s that `/api/v1/status` shows, so that
//! both say the same. Boards are numbered as their maker does it: from 1, on an S9 from 6.

use telemetry::{Chain, ChainState, Intent, MachineState, Pool, PoolState, Snapshot};

/// A chip whose whole confidence interval lies below this part of its model is shown as bad: the
/// bound at which a frequency ramp is stopped.
const BAD_BELOW: f64 = 0.7;

/// What legacy interfaces say of a snapshot.
pub(super) struct Look<'a> {
    pub(super) s: &'a Snapshot,
}

/// One hashboard.
pub(super) struct Board<'a> {
    /// As the maker numbers it.
    pub(super) number: u8,
    pub(super) chain: &'a Chain,
    /// What it should do at its frequency, GH/s.
    pub(super) ideal_ghs: f64,
    /// Of the circuit board.
    pub(super) pcb: Sensors,
    /// Of chips.
    pub(super) chips: Sensors,
}

/// What up to four sensors say.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Sensors {
    /// Outlet, outlet, inlet, inlet where that is known, in whole degrees. A place without a value
    /// is 0, as its maker's program has it.
    pub(super) four: [i64; 4],
    /// The hottest of all.
    pub(super) hottest: Option<i64>,
    filled: [bool; 4],
}

impl<'a> Look<'a> {
    pub(super) fn at(s: &'a Snapshot) -> Self {
        Look { s }
    }

    /// Whole seconds since the start.
    pub(super) fn elapsed(&self) -> u64 {
        self.s.uptime_s.max(0.0) as u64
    }

    pub(super) fn ghs_5s(&self) -> f64 {
        ghs(self.s.hashrate.s5)
    }

    /// Since the start, at most of the last hour.
    pub(super) fn ghs_av(&self) -> f64 {
        ghs(self.s.hashrate.h1)
    }

    /// The window that is nearest to half an hour without being longer: a quarter.
    pub(super) fn ghs_30m(&self) -> f64 {
        ghs(self.s.hashrate.m15)
    }

    pub(super) fn ghs_ideal(&self) -> f64 {
        ghs(self.s.hashrate.nominal)
    }

    /// Boards that are there.
    pub(super) fn boards(&self) -> Vec<Board<'a>> {
        let there = |chain: &&Chain| chain.state != ChainState::Absent;
        let all: f64 = self.s.chains.iter().map(weight).sum();
        let chains = self.s.chains.iter().filter(there);
        chains
            .map(|chain| Board {
                number: self.number(chain.slot),
                chain,
                ideal_ghs: match all > 0.0 {
                    true => self.ghs_ideal() * weight(chain) / all,
                    false => 0.0,
                },
                pcb: self.sensors(chain.slot, false),
                chips: self.sensors(chain.slot, true),
            })
            .collect()
    }

    /// How the maker numbers the board in a slot.
    pub(super) fn number(&self, slot: u8) -> u8 {
        let model = self.s.machine.model.as_str();
        let first = match model.starts_with("antminer-s9") || model.starts_with("antminer-t9") {
            true => 6,
            false => 1,
        };
        slot.saturating_add(first)
    }

    fn sensors(&self, slot: u8, of_chips: bool) -> Sensors {
        let mut sensors = Sensors::default();
        for t in &self.s.temperatures {
            let Some((board, kind)) = t.spot() else {
                continue;
            };
            if board == slot && (kind == "chip") == of_chips {
                sensors.add(kind, t.temp_c);
            }
        }
        sensors
    }

    /// Boards that have work.
    pub(super) fn working(&self) -> u64 {
        let works = |c: &&Chain| matches!(c.state, ChainState::Ramping | ChainState::Hashing);
        self.s.chains.iter().filter(works).count() as u64
    }

    /// The highest frequency of a board, MHz.
    pub(super) fn frequency(&self) -> f64 {
        let all = self.s.chains.iter().filter_map(|c| c.frequency_mhz);
        all.fold(0.0, f64::max)
    }

    /// The mean over boards that have one, MHz.
    pub(super) fn frequency_mean(&self) -> f64 {
        let all: Vec<f64> = self
            .s
            .chains
            .iter()
            .filter_map(|c| c.frequency_mhz)
            .collect();
        match all.is_empty() {
            true => 0.0,
            false => all.iter().sum::<f64>() / all.len() as f64,
        }
    }

    pub(super) fn chips_found(&self) -> u64 {
        let found = self.s.chains.iter().filter_map(|c| c.chips_found);
        found.map(u64::from).sum()
    }

    /// Nonces that fit no work, of all nonces, in percent.
    pub(super) fn hardware_percent(&self) -> f64 {
        let good = self.s.chains.iter().map(|c| c.nonces).sum();
        percent(self.s.shares.hw_errors, good)
    }

    /// Whoever asks sees a machine that the operator has stopped: Antminers know one way of it.
    pub(super) fn sleeps(&self) -> bool {
        match &self.s.settings {
            Some(settings) => settings.intent != Intent::Hash,
            None => matches!(self.s.state, MachineState::Paused | MachineState::Sleeping),
        }
    }

    /// Of the best share that a pool accepted, whole.
    pub(super) fn best_share(&self) -> u64 {
        let best = self.s.pools.iter().filter_map(|p| p.best_share);
        best.fold(0.0, f64::max) as u64
    }

    /// Where work comes from.
    pub(super) fn active_pool(&self) -> Option<&'a Pool> {
        self.s.pools.iter().find(|p| p.active)
    }

    /// Duty of the fans in whole percent.
    pub(super) fn fan_percent(&self) -> Option<u64> {
        let duty = self.s.fans.iter().find_map(|fan| fan.duty_percent);
        duty.map(|percent| percent.clamp(0.0, 100.0).round() as u64)
    }
}

impl Board<'_> {
    pub(super) fn ghs(&self) -> f64 {
        ghs(self.chain.hashrate_ths)
    }

    pub(super) fn chips_found(&self) -> u16 {
        self.chain.chips_found.unwrap_or(0)
    }

    pub(super) fn frequency(&self) -> f64 {
        self.chain.frequency_mhz.unwrap_or(0.0)
    }

    pub(super) fn hardware_percent(&self) -> f64 {
        percent(self.chain.hw_errors, self.chain.nonces)
    }

    /// One letter a chip: `o` works, `x` returns far too little, `-` did not answer; a blank
    /// between supply domains. Nothing before chips were counted.
    pub(super) fn letters(&self) -> String {
        let Some(found) = self.chain.chips_found else {
            return String::new();
        };
        let chips = self.chain.chips.as_deref().unwrap_or_default();
        let mut out = String::new();
        let mut domain = None;
        for index in 0..self.chain.chips_expected.max(found) {
            let chip = chips.get(usize::from(index));
            let here = chip.map(|chip| chip.domain);
            if index > 0 && here != domain {
                out.push(' ');
            }
            domain = here;
            let poor = chip
                .and_then(|chip| chip.ratio_high)
                .is_some_and(|r| r < BAD_BELOW);
            out.push(match index < found {
                false => '-',
                true if poor => 'x',
                true => 'o',
            });
        }
        out
    }

    /// What cgminer calls it.
    pub(super) fn word(&self) -> &'static str {
        match self.chain.state {
            ChainState::Ramping | ChainState::Hashing => "Alive",
            ChainState::Starting | ChainState::Off => "NoStart",
            ChainState::Recovering => "Sick",
            ChainState::Failed => "Dead",
            _ => "Unknown",
        }
    }
}

impl Sensors {
    fn add(&mut self, kind: &str, temp_c: Option<f64>) {
        let degrees = temp_c.map(|c| c.clamp(-99.0, 999.0).round() as i64);
        self.hottest = self.hottest.max(degrees);
        let places: &[usize] = match kind {
            "outlet" => &[0, 1],
            "inlet" => &[2, 3],
            _ => &[0, 1, 2, 3],
        };
        if let Some(free) = places.iter().find(|place| !self.filled[**place]) {
            self.filled[*free] = true;
            self.four[*free] = degrees.unwrap_or(0);
            // Clients look for an outlet or an inlet in either of its two places.
            if let [first, second] = places
                && free == first
            {
                self.four[*second] = self.four[*first];
            }
        }
    }

    /// `61-61-48-47`.
    pub(super) fn joined(&self) -> String {
        self.four.map(|c| c.to_string()).join("-")
    }
}

/// Chips that hash, times their frequency: how nominal hashrate is spread over boards.
fn weight(chain: &Chain) -> f64 {
    match chain.state {
        ChainState::Ramping | ChainState::Hashing => {
            f64::from(chain.chips_found.unwrap_or(0)) * chain.frequency_mhz.unwrap_or(0.0)
        }
        _ => 0.0,
    }
}

/// GH/s with the digits that the snapshot shows; 0 before anything is known.
fn ghs(ths: Option<f64>) -> f64 {
    let shown = ths.filter(|ths| ths.is_finite()).unwrap_or(0.0);
    (shown * 1e4).round() / 10.0
}

fn percent(bad: u64, good: u64) -> f64 {
    match bad + good {
        0 => 0.0,
        all => bad as f64 * 100.0 / all as f64,
    }
}

/// Words and numbers of a pool.
pub(super) trait PoolLook {
    /// `Alive`, `Dead`, `Disabled`; `Unknown` while nobody has asked it.
    fn word(&self) -> &'static str;
    /// `65.5K`.
    fn diff_text(&self) -> String;
    /// Time since the last share: `0:01:40`, or `0`.
    fn last_share_text(&self) -> String;
    /// Stale shares of all that it answered, in percent.
    fn stale_percent(&self) -> f64;
}

impl PoolLook for Pool {
    fn word(&self) -> &'static str {
        match self.state {
            _ if !self.enabled => "Disabled",
            PoolState::Connected | PoolState::Standby | PoolState::Active => "Alive",
            PoolState::Idle => "Unknown",
            _ => "Dead",
        }
    }

    fn diff_text(&self) -> String {
        suffixed(self.difficulty.unwrap_or(0.0))
    }

    fn last_share_text(&self) -> String {
        let Some(s) = self.last_share_s else {
            return "0".to_owned();
        };
        let s = s.clamp(0.0, 1e9) as u64;
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }

    fn stale_percent(&self) -> f64 {
        percent(self.stale, self.accepted + self.rejected)
    }
}

/// Three digits or more, and a letter for thousands.
fn suffixed(value: f64) -> String {
    const LETTERS: [&str; 6] = ["", "K", "M", "G", "T", "P"];
    let mut value = if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    };
    let mut steps = 0;
    while value >= 1000.0 && steps + 1 < LETTERS.len() {
        value /= 1000.0;
        steps += 1;
    }
    let decimals = match (steps, value) {
        (0, _) => 0,
        (_, value) if value < 10.0 => 2,
        (_, value) if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{}", LETTERS[steps])
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
