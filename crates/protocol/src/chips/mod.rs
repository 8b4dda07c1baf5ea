//! The chips that this firmware knows, one table each.

mod bm1370;
mod bm1398;

use crate::profile::Profile;

pub use bm1370::BM1370;
pub use bm1398::BM1398;

/// Every profile, by name.
pub const PROFILES: &[&Profile] = &[&BM1370, &BM1398];

/// The profile of a chip by its name in hashboard definitions: lower case, `bm1398`.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|p| p.name == name)
}
