//! The chips that this firmware knows, one table each.
//!
//! The registry: a chip is one `mod` line and one entry of [`PROFILES`].

mod bm1362;
mod bm1366;
mod bm1368;
mod bm1370;
mod bm1387;
mod bm1397;
mod bm1398;

use crate::profile::Profile;

/// Every profile.
pub const PROFILES: &[&Profile] = &[
    &bm1387::BM1387,
    &bm1397::BM1397,
    &bm1398::BM1398,
    &bm1362::BM1362,
    &bm1366::BM1366,
    &bm1368::BM1368,
    &bm1370::BM1370,
];

/// The profile of a chip by its name in hashboard definitions: lower case, `bm1398`.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|p| p.name == name)
}
