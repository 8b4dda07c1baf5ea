//! How long after failed logins the next one has to wait.
//!
//! An attempt counts as failed when it begins, and is forgiven when it succeeds: so that many at
//! once are worth no more than one after the other.

use std::net::IpAddr;

use units::{Duration, Instant};

/// Failures of an address that cost nothing: somebody mistypes.
const FREE: u32 = 3;
/// The longest wait of an address.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// An address without failures for so long is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Addresses remembered: 12 KB. At the limit the one with the fewest failures goes, of those the
/// oldest; who has more addresses than this meets the limit of all together.
const SOURCES_MAX: usize = 256;
/// Failures of all together that cost nothing.
const FREE_OF_ALL: u32 = 20;
/// One of them is forgotten each so long.
const LEAK: Duration = Duration::from_secs(60);
/// The longest wait for the sake of others. Policy: 2,880 guesses a day are none, and an owner
/// gets in between them.
const WAIT_OF_ALL_MAX: Duration = Duration::from_secs(30);

/// Failed logins.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    sources: Vec<Source>,
    all: u32,
    /// The last attempt of all, and since when `all` leaks.
    last: Instant,
    leaks_from: Instant,
}

#[derive(Debug)]
struct Source {
    address: IpAddr,
    failures: u32,
    last: Instant,
}

impl Backoff {
    /// Begin a login from this address, or say how long it has to wait.
    pub(crate) fn begin(&mut self, now: Instant, from: IpAddr) -> Result<(), Duration> {
        let from = network(from);
        self.forget(now);
        let source = self.sources.iter().find(|source| source.address == from);
        let own = source.map_or(Instant::ZERO, |source| {
            source.last + wait(source.failures, FREE, WAIT_MAX)
        });
        let of_all = self.last + wait(self.all, FREE_OF_ALL, WAIT_OF_ALL_MAX);
        let left = own.max(of_all).since(now);
        if !left.is_zero() {
            return Err(left);
        }
        self.all = self.all.saturating_add(1);
        self.last = now;
        match self.sources.iter_mut().find(|s| s.address == from) {
            Some(source) => {
                source.failures = source.failures.saturating_add(1);
                source.last = now;
            }
            None => self.remember(now, from),
        }
        Ok(())
    }

    /// The login from this address succeeded.
    pub(crate) fn forgive(&mut self, from: IpAddr) {
        let from = network(from);
        self.sources.retain(|source| source.address != from);
        self.all = self.all.saturating_sub(1);
    }

    fn remember(&mut self, now: Instant, address: IpAddr) {
        if self.sources.len() >= SOURCES_MAX {
            let least = self.sources.iter().enumerate();
            let least = least.min_by_key(|(_, source)| (source.failures, source.last));
            if let Some((at, _)) = least {
                self.sources.swap_remove(at);
            }
        }
        self.sources.push(Source {
            address,
            failures: 1,
            last: now,
        });
    }

    fn forget(&mut self, now: Instant) {
        self.sources
            .retain(|source| now.since(source.last) < FORGET);
        let leaked = now.since(self.leaks_from).as_secs() / LEAK.as_secs();
        let leaked = u32::try_from(leaked).unwrap_or(u32::MAX);
        self.all = self.all.saturating_sub(leaked);
        self.leaks_from = match self.all {
            0 => now,
            _ => self.leaks_from + LEAK.saturating_mul(leaked),
        };
    }
}

/// 2, 4, 8 … seconds after those that cost nothing.
fn wait(failures: u32, free: u32, most: Duration) -> Duration {
    match failures.saturating_sub(free) {
        0 => Duration::ZERO,
        beyond => Duration::from_secs(1 << beyond.min(30)).min(most),
    }
}

/// What one customer of a provider has: an IPv4 address, 64 bits of an IPv6 one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => (u128::from(v6) >> 64 << 64).to_be_bytes().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// How long a login that begins at this second has to wait, seconds.
    fn waits(backoff: &mut Backoff, s: u64, from: &str) -> u64 {
        let begun = backoff.begin(at(s), ip(from));
        begun.err().map_or(0, |left| left.as_secs())
    }

    #[test]
    fn waits_double_from_the_fourth_failure_on_and_end_at_a_quarter_hour() {
        let mut b = Backoff::default();
        let mut now = 1000;
        let mut seen = Vec::new();
        for _ in 0..15 {
            let wait = waits(&mut b, now, "10.0.0.1");
            seen.push(wait);
            if wait > 0 {
                // Asking again meanwhile changes nothing, and a second too early is too early.
                assert_eq!(waits(&mut b, now + wait - 1, "10.0.0.1"), 1);
                now += wait;
                assert_eq!(waits(&mut b, now, "10.0.0.1"), 0);
            }
        }
        let expected = [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        assert_eq!(seen, expected);
        assert_eq!(waits(&mut b, now, "10.0.0.2"), 0, "another address");
        assert_eq!(waits(&mut b, now + 3600, "10.0.0.1"), 0, "forgotten");
        assert_eq!(waits(&mut b, now + 3600, "10.0.0.1"), 0);
    }

    #[test]
    fn a_success_clears_its_address() {
        let mut b = Backoff::default();
        for _ in 0..4 {
            assert_eq!(waits(&mut b, 10, "10.0.0.1"), 0);
        }
        assert_eq!(waits(&mut b, 10, "10.0.0.1"), 2);
        b.forgive(ip("10.0.0.1"));
        assert_eq!(waits(&mut b, 10, "10.0.0.1"), 0);
    }

    #[test]
    fn one_customers_addresses_are_one() {
        let mut b = Backoff::default();
        for i in 0..4 {
            assert_eq!(waits(&mut b, 10, &format!("2001:db8::{i}")), 0);
        }
        assert_eq!(waits(&mut b, 10, "2001:db8::ffff"), 2);
        assert_eq!(waits(&mut b, 10, "2001:db8:0:1::1"), 0);
        for _ in 0..3 {
            assert_eq!(waits(&mut b, 10, "10.0.0.1"), 0);
        }
        assert_eq!(waits(&mut b, 10, "::ffff:10.0.0.1"), 0);
        assert_eq!(waits(&mut b, 10, "10.0.0.1"), 2);
    }

    #[test]
    fn many_addresses_meet_the_limit_of_all_and_cost_bounded_memory() {
        let mut b = Backoff::default();
        let mut begun = 0;
        for i in 0..100_000u32 {
            // A hundred a second, each from an address of its own.
            let from = IpAddr::from((0x0a00_0000 + i).to_be_bytes());
            let now = Instant::from_millis(1_000_000 + u64::from(i) * 10);
            begun += u32::from(b.begin(now, from).is_ok());
        }
        // 1,000 s: the free ones, a few on the way up, and one each 30 s.
        assert!((50..70).contains(&begun), "{begun}");
        assert!(b.sources.len() <= SOURCES_MAX);
        // An hour later that is over.
        let later = 1_000 + 1_000 + 3600;
        assert_eq!(waits(&mut b, later, "10.9.9.9"), 0);
        assert_eq!(waits(&mut b, later, "10.9.9.8"), 0);
    }

    #[test]
    fn whoever_fails_most_is_remembered_longest() {
        let mut b = Backoff::default();
        for i in 0..10 {
            let _ = b.begin(at(10 + 1000 * i), ip("10.0.0.1"));
        }
        for i in 0..1000u64 {
            let from = IpAddr::from([11, 0, (i >> 8) as u8, i as u8]);
            let _ = b.begin(at(10_000 + i), from);
        }
        let kept = b.sources.iter().any(|s| s.address == ip("10.0.0.1"));
        assert!(kept && b.sources.len() <= SOURCES_MAX);
    }
}
