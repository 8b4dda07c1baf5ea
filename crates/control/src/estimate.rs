//! Chips that nobody measures: estimated from the board's sensors.
//!
//! `chip <= board + RISE * SPREAD * load`, where `load` is the board's power as a fraction of
//! the rated. This is an upper bound and is used as if a sensor had shown it. Its error,
//! stated: it is right or too hot where the heat resistance from chip to sensor is up to half
//! above the published rise, and up to 22.5 °C too hot where that resistance is nothing.

use crate::mutant::mutate;

/// How much hotter a chip is than the board's sensor at rated power: published, one source
/// (a firmware of the S9 adds 15 when only the board's sensor works).
const RISE_C: f64 = 15.0;
/// Boards differ: half more than that is still covered. Assumed.
const SPREAD: f64 = 1.5;

/// The hottest that a chip can be whose board's hottest sensor shows `board_c`.
pub(crate) fn chip_at_most(board_c: f64, load: f64) -> f64 {
    let rise = RISE_C * SPREAD * load.clamp(0.0, 2.0);
    board_c + mutate!(EstimateTooLow, rise, 0.0)
}
