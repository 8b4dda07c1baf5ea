//! The chips: one table per file, and this list.
//!
//! What several chips have in common stands in two families; a table says what differs.
//! Adding a chip takes its file and its entry here.

mod bm1362;
mod bm1366;
mod bm1368;
mod bm1370;
mod bm1387;
mod bm1397;
mod bm1398;
mod families;

use super::chip::ChipModel;

/// All chips that the twin has.
pub(crate) static MODELS: &[&ChipModel] = &[
    &bm1362::BM1362,
    &bm1366::BM1366,
    &bm1368::BM1368,
    &bm1370::BM1370,
    &bm1387::BM1387,
    &bm1397::BM1397,
    &bm1398::BM1398,
];

/// The model of the chip that boards call `name`.
pub(crate) fn model(name: &str) -> Option<&'static ChipModel> {
    MODELS.iter().copied().find(|m| m.name == name)
}
