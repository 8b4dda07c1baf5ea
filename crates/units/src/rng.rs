//! Seeded chance that is the same on every machine.

use core::time::Duration;

/// A small seeded generator (xoshiro256** by Blackman and Vigna, seeded through
/// SplitMix64; both algorithms are public domain and described at prng.di.unimi.it).
///
/// Not for secrets: those come from the shells. Every draw uses integer arithmetic or
/// the four IEEE operations only, so a seed gives the same sequence on every machine.
#[derive(Clone, Debug)]
pub struct Rng {
    s: [u64; 4],
}

impl Rng {
    /// A generator whose whole future is determined by `seed`.
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        let mut next = || {
            x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        Rng {
            s: [next(), next(), next(), next()],
        }
    }

    /// An independent generator for the part named `stream`: parts that draw from their
    /// own streams do not disturb each other when one of them draws more.
    pub fn fork(&mut self, stream: u64) -> Rng {
        Rng::new(self.next_u64() ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        let result = self.s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = self.s[1] << 17;
        self.s[2] ^= self.s[0];
        self.s[3] ^= self.s[1];
        self.s[1] ^= self.s[2];
        self.s[0] ^= self.s[3];
        self.s[2] ^= t;
        self.s[3] = self.s[3].rotate_left(45);
        result
    }

    /// 32 uniform bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// Uniform in `0..bound`; 0 if `bound` is 0. The bias (below 2^-32 for bounds below
    /// 2^32) is accepted for simplicity.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform in `[0, 1)` with 53 bits.
    pub fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit_f64() < p
    }

    /// Exponentially distributed with the given mean: the waiting time of a Poisson
    /// process of rate `1/mean`.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let u = (((self.next_u64() >> 11) + 1) as f64) / (1u64 << 53) as f64;
        let ns = mean.as_nanos() as f64 * -ln(u);
        Duration::from_nanos(ns as u64)
    }
}

/// Natural logarithm of a value in `(0, 1]` from the four IEEE operations alone: the
/// platform's `ln` may differ in the last bit between machines.
fn ln(x: f64) -> f64 {
    const LN_2: f64 = core::f64::consts::LN_2;
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // ln m = 2 atanh((m-1)/(m+1)), with |(m-1)/(m+1)| <= 1/3 on [1, 2): 18 odd terms
    // leave an error below 2^-55.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let t2 = t * t;
    let mut sum = 0.0;
    let mut k = 35;
    while k >= 1 {
        sum = sum * t2 + 1.0 / k as f64;
        k -= 2;
    }
    exponent as f64 * LN_2 + 2.0 * t * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let mut a = Rng::new(7);
        let mut b = Rng::new(7);
        assert!((0..1000).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Rng::new(7).next_u64(), Rng::new(8).next_u64());
    }

    #[test]
    fn the_reference_sequence_is_reproduced() {
        // xoshiro256** from the state 1, 2, 3, 4: the first outputs follow from the
        // published algorithm by hand: rotl(2*5, 7)*9 = 11520, then 0.
        let mut rng = Rng { s: [1, 2, 3, 4] };
        assert_eq!(rng.next_u64(), 11520);
        assert_eq!(rng.next_u64(), 0);
        assert_eq!(rng.next_u64(), 1509978240);
    }

    #[test]
    fn logarithm_agrees_with_the_platform() {
        for i in 1..=4096u32 {
            let x = f64::from(i) / 4096.0;
            assert!((ln(x) - x.ln()).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn exponential_has_its_mean() {
        let mut rng = Rng::new(1);
        let mean = Duration::from_micros(250);
        let total: Duration = (0..100_000).map(|_| rng.exponential(mean)).sum();
        let ratio = total.as_secs_f64() / 100_000.0 / mean.as_secs_f64();
        assert!((0.98..1.02).contains(&ratio), "{ratio}");
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::new(3);
        assert_eq!(rng.below(0), 0);
        assert!((0..10_000).all(|_| rng.below(7) < 7));
    }
}
