//! How much a twin can hash in real time.
//!
//! A twin finds each nonce by real search, on one core at a time: a machine of R hashes a
//! second at b zero bits for difficulty one costs R / 2^(32-b) hashes a second. Where a
//! computer does not keep up, nonces come too late and healthy chains look silent (seen
//! with an S21 Pro at 8 bits, 14 MH/s, on a core that does 6.8 to 8.6 MH/s).

/// What the demo lets a twin hash: a quarter of one core of a small server.
pub(crate) const EASY_HASHES_PER_S: f64 = 2e6;
/// What a daemon's twin may hash at most: all of such a core.
pub(crate) const MOST_HASHES_PER_S: f64 = 8e6;
/// More zero bits than this are asked of nobody who did not name a number.
pub(crate) const USUAL_BITS_MAX: u8 = 8;

/// The most zero bits, up to `wanted`, at which the twin of a machine of this hashrate
/// stays at or below `hashes_per_s`.
pub(crate) fn bits_within(rated_ths: f64, wanted: u8, hashes_per_s: f64) -> u8 {
    let cost = |bits: u8| rated_ths * 1e12 / 2f64.powi(32 - i32::from(bits));
    (0..=wanted)
        .rev()
        .find(|bits| cost(*bits) <= hashes_per_s)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_hashes_what_one_core_can() {
        for (rated_ths, easy, most) in [
            (0.5, 8, 8),
            (80.0, 6, 8),
            (110.0, 6, 8),
            (234.0, 5, 7),
            (1e7, 0, 0),
            (f64::NAN, 0, 0),
        ] {
            let bits = |limit| bits_within(rated_ths, USUAL_BITS_MAX, limit);
            assert_eq!(bits(EASY_HASHES_PER_S), easy, "{rated_ths} TH/s");
            assert_eq!(bits(MOST_HASHES_PER_S), most, "{rated_ths} TH/s");
        }
    }
}
