//! When a node is asked for a template, and which of its templates become work.

use std::time::{Duration, Instant};

use stratum::node::Template;

/// The mempool's better transactions become work after so long at the latest, and not more
/// often: each template costs the node a search and us its bytes.
const REFRESH: Duration = Duration::from_secs(30);
/// A node that cannot tell when there is news is asked this often.
const POLL: Duration = Duration::from_secs(5);
/// On a chain of one's own every nonce is a block, and each block moves the chain's median
/// time: more than one in five seconds drives it away from the clock.
const REGTEST: Duration = Duration::from_secs(5);

/// The rhythm of templates.
#[derive(Debug)]
pub(super) struct Pace {
    /// Least time between two templates that become work.
    gap: Duration,
    given_at: Option<Instant>,
    due: Instant,
    last: Option<Template>,
}

impl Pace {
    /// A template is due at once.
    pub(super) fn new(regtest: bool, now: Instant) -> Pace {
        Pace {
            gap: match regtest {
                true => REGTEST,
                false => Duration::ZERO,
            },
            given_at: None,
            due: now,
            last: None,
        }
    }

    /// When to ask next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// A template came because it was due. True if it is to become work.
    pub(super) fn fetched(&mut self, now: Instant, template: &Template, long_poll: bool) -> bool {
        self.due = now
            + match long_poll {
                true => REFRESH,
                false => POLL,
            };
        let news = self.last.as_ref().is_none_or(|last| !same(last, template));
        news && self.give(now, template)
    }

    /// A template came because the node had news. True if it is to become work.
    pub(super) fn told(&mut self, now: Instant, template: &Template) -> bool {
        let tip_moved = self
            .last
            .as_ref()
            .is_none_or(|last| last.prev_hash != template.prev_hash);
        let rested = self.rested_at().is_none_or(|at| at <= now);
        if tip_moved && !rested {
            // Asked for again, since by then there may be a newer one.
            self.due = self.rested_at().unwrap_or(now);
            return false;
        }
        let fresh = self.given_at.is_none_or(|at| now >= at + REFRESH);
        (tip_moved || fresh) && self.give(now, template)
    }

    /// The node has judged a block: what it wants next is another one.
    pub(super) fn judged(&mut self, now: Instant) {
        self.due = self.rested_at().map_or(now, |at| at.max(now));
    }

    fn give(&mut self, now: Instant, template: &Template) -> bool {
        if let Some(at) = self.rested_at().filter(|at| *at > now) {
            self.due = at;
            return false;
        }
        self.given_at = Some(now);
        self.last = Some(template.clone());
        true
    }

    fn rested_at(&self) -> Option<Instant> {
        self.given_at.map(|at| at + self.gap)
    }
}

/// Whether work on one is work on the other, the time apart.
fn same(a: &Template, b: &Template) -> bool {
    let timeless = |t: &Template| Template {
        id: 0,
        curtime: 0,
        mintime: 0,
        ..t.clone()
    };
    timeless(a) == timeless(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(tip: u8, value: u64) -> Template {
        Template {
            id: 0,
            height: 1,
            version: 0x2000_0000,
            used_bits: 0,
            prev_hash: [tip; 32],
            nbits: 0x207f_ffff,
            curtime: 1,
            mintime: 0,
            coinbase_value: value,
            commitment: None,
            branch: vec![],
            transactions: 0,
            bytes: 0,
            rules: vec![],
            signet_challenge: None,
        }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_mempool_is_looked_at_twice_a_minute_and_what_did_not_change_is_no_work() {
        let t0 = Instant::now();
        let mut pace = Pace::new(false, t0);
        assert_eq!(pace.due(), t0);
        assert!(pace.fetched(t0, &template(1, 5), true));
        assert_eq!(pace.due(), t0 + s(30));
        assert!(!pace.fetched(t0 + s(30), &template(1, 5), true));
        assert!(pace.fetched(t0 + s(60), &template(1, 6), true));
        assert!(!pace.told(t0 + s(70), &template(1, 7)), "too soon");
        assert!(pace.told(t0 + s(90), &template(1, 7)));
    }

    #[test]
    fn a_new_block_is_work_at_once() {
        let t0 = Instant::now();
        let mut pace = Pace::new(false, t0);
        assert!(pace.fetched(t0, &template(1, 5), true));
        assert!(pace.told(t0, &template(2, 5)));
        assert!(pace.told(t0, &template(3, 5)));
        pace.judged(t0 + s(1));
        assert_eq!(pace.due(), t0 + s(1));
    }

    #[test]
    fn a_node_without_long_polls_is_asked_more_often() {
        let t0 = Instant::now();
        let mut pace = Pace::new(false, t0);
        pace.fetched(t0, &template(1, 5), false);
        assert_eq!(pace.due(), t0 + s(5));
    }

    #[test]
    fn on_regtest_a_template_lasts_five_seconds() {
        let t0 = Instant::now();
        let mut pace = Pace::new(true, t0);
        assert!(pace.fetched(t0, &template(1, 5), true));
        pace.judged(t0 + s(1));
        assert_eq!(pace.due(), t0 + s(5));
        assert!(!pace.told(t0 + s(2), &template(2, 5)), "not rested");
        assert_eq!(pace.due(), t0 + s(5));
        assert!(pace.fetched(t0 + s(5), &template(2, 5), true));
        // Rested: somebody else's block is work at once here too.
        assert!(pace.told(t0 + s(11), &template(3, 5)));
        pace.judged(t0 + s(11));
        assert_eq!(pace.due(), t0 + s(16));
    }
}
