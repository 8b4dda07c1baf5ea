//! What a twin's machine really does, for people and tests.

use serde::Serialize;

/// A machine at one moment, and the most of it since its twin was started. Temperatures are
/// the model's own, without any sensor's fault.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct State {
    pub(crate) model: String,
    pub(crate) control_board: String,
    pub(crate) seed: u64,
    pub(crate) difficulty_bits: u8,
    /// Always: this is a model.
    pub(crate) emulated: bool,
    /// The twin's clock.
    pub(crate) up_s: f64,
    pub(crate) host: Host,
    pub(crate) supply: Supply,
    pub(crate) boards: Vec<Board>,
    pub(crate) fans: Fans,
    pub(crate) inlet_c: f64,
    pub(crate) wall_w: f64,
    pub(crate) most_wall_w: f64,
    /// Right hashes, as modelled.
    pub(crate) hashrate_ths: f64,
}

/// Whoever drives the machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Host {
    pub(crate) connections: usize,
    pub(crate) calls: u64,
    /// Since the last call at a pin; nothing where there was none.
    pub(crate) silent_s: Option<f64>,
}

/// The power supply.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Supply {
    /// Its enable line says on; nothing where it has none and is always on.
    pub(crate) enabled: Option<bool>,
    /// How long it has said so.
    pub(crate) enabled_for_s: f64,
    pub(crate) state: String,
    pub(crate) output_mv: u32,
    pub(crate) power_w: f64,
}

/// One slot.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Board {
    pub(crate) slot: u8,
    /// Chips can hash: their rail has a voltage, and they are not held in reset where that is
    /// all that can be done to this board alone.
    pub(crate) hash_power: bool,
    /// How long that has been so.
    pub(crate) hash_power_for_s: f64,
    /// The parts give its rail a voltage, and how long that has been so.
    pub(crate) rail_on: bool,
    pub(crate) rail_for_s: f64,
    pub(crate) rail_mv: u32,
    /// Its reset line is asserted, or nothing hashes because no chip is clocked.
    pub(crate) stands: bool,
    pub(crate) stands_for_s: f64,
    pub(crate) power_w: f64,
    /// The hottest die, and the hottest place beside the chips.
    pub(crate) chip_c: f64,
    pub(crate) board_c: f64,
    pub(crate) most_chip_c: f64,
    pub(crate) most_board_c: f64,
    pub(crate) sensors: Vec<Sensor>,
}

/// What a sensor's tip feels.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sensor {
    pub(crate) c: f64,
    /// The most while the board had hash power.
    pub(crate) most_powered_c: f64,
    /// The power-off temperature of its place.
    pub(crate) stop_c: f64,
}

/// The fans.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fans {
    pub(crate) duty_percent: u8,
    pub(crate) rpm: Vec<u32>,
}

impl State {
    /// As a document.
    pub(crate) fn to_json(&self) -> String {
        // Plain numbers and text: nothing here fails.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// In a line.
    pub(crate) fn line(&self) -> String {
        let powered: Vec<String> = self
            .boards
            .iter()
            .filter(|board| board.hash_power)
            .map(|board| board.slot.to_string())
            .collect();
        let boards = match powered.is_empty() {
            true => "no hash power".to_owned(),
            false => format!("hash power in slot {}", powered.join(", ")),
        };
        let hottest = |of: fn(&Board) -> f64| self.boards.iter().map(of).fold(f64::MIN, f64::max);
        let host = match self.host.silent_s {
            None => "no host yet".to_owned(),
            Some(s) if s < 1.0 => "driven".to_owned(),
            Some(s) => format!("no call for {s:.0} s"),
        };
        format!(
            "{boards}, supply {} {:.2} V, {:.0} W, chip {:.1} °C, board {:.1} °C, fans {} %, \
             {:.1} TH/s (emulated), {host}",
            self.supply.state,
            f64::from(self.supply.output_mv) / 1000.0,
            self.wall_w,
            hottest(|board| board.chip_c),
            hottest(|board| board.board_c),
            self.fans.duty_percent,
            self.hashrate_ths,
        )
    }
}
