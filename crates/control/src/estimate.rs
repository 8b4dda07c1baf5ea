//! Chips that nobody measures: estimated from the board's sensors.
//!
//! `chip <= board + RISE * SPREAD * load`, where `load` is the board's power as a fraction of
//! the rated. This is an upper bound and is used as if a sensor had shown it. Its error,
//! stated: it is right or too hot where the heat resistance from chip to sensor is up to half
//! above the published rise, and up to 22.5 °C too hot where that resistance is nothing.
//! Chips that leak twice what the table's do make more heat than the load says: there it is too
//! low, and what it is too low by stands in `docs/safety.md`.
//!
//! A sensor on a board that gets hotter shows what the board had some seconds ago. [`Lead`] is
//! what it still has to show.

use serde::{Deserialize, Serialize};
use units::Instant;

use crate::mutant::mutate;

/// How much hotter a chip is than the board's sensor at rated power: published, one source
/// (a firmware of the S9 adds 15 when only the board's sensor works).
const RISE_C: f64 = 15.0;
/// Boards differ: half more than that is still covered. Assumed.
const SPREAD: f64 = 1.5;
/// A board's sensor follows with this lag at most, seconds: assumed, three times the usual 5.
const LAG_S: f64 = 15.0;

/// The hottest that a chip can be whose board's hottest sensor shows `board_c`.
pub(crate) fn chip_at_most(board_c: f64, load: f64) -> f64 {
    let rise = RISE_C * SPREAD * load.clamp(0.0, 2.0);
    board_c + mutate!(EstimateTooLow, rise, 0.0)
}

/// The chip that a machine like the table's has over a board that shows `board_c`.
pub(crate) fn chip_likely(board_c: f64, load: f64) -> f64 {
    board_c + RISE_C * load.clamp(0.0, 2.0)
}

/// How far a rising sensor is behind its place at most.
///
/// A second follower with the sensor's own lag is behind the sensor by what the sensor is behind
/// its place, once the rise is steady. Nothing is differentiated, so a step of the reading's last
/// digit stays one.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Lead {
    follower: Option<(Instant, f64)>,
}

impl Lead {
    /// The sensor shows `c` now. What it may still have to show, °C; nothing while it falls.
    pub(crate) fn step(&mut self, now: Instant, c: f64) -> f64 {
        let (at, behind_c) = self.follower.unwrap_or((now, c));
        let dt_s = now.since(at).as_secs_f64();
        let behind_c = behind_c + (c - behind_c) * dt_s / (LAG_S + dt_s);
        self.follower = Some((now, behind_c));
        mutate!(LagForgotten, (c - behind_c).max(0.0), 0.0)
    }
}
