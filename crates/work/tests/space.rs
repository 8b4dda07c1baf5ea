//! Search spaces: within a session no header is handed out twice, and none is left out.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::job;
use proptest::prelude::*;
use units::{Instant, Rng, Rolling, WorkId, WorkItem};
use work::{Job, RollingNeed, SearchSpace, VersionBits};

const HOST4: RollingNeed = RollingNeed::Host { midstates: 4 };
const CHIP16: RollingNeed = RollingNeed::Chip {
    bits: 16,
    small_cores: 16,
};
const BIP320: u32 = 0x1fff_e000;

fn space(chains: &[RollingNeed], seed: u64) -> SearchSpace {
    SearchSpace::new(chains.to_vec(), Rng::new(seed))
}

/// A header without its nonce: what may not come twice.
type Key = ([u8; 32], [u8; 32], u32, u32);

/// Every header of an item. A chip rolls through all the subsets of its mask.
fn headers(item: &WorkItem) -> Vec<Key> {
    let versions = match &item.rolling {
        Rolling::Host(host) => host.versions().to_vec(),
        Rolling::Chip { mask } => {
            assert_eq!(item.header.version & mask, 0, "rolled bits are clear");
            let bits = VersionBits::new(*mask);
            (0..bits.count())
                .map(|n| item.header.version | bits.nth(n))
                .collect()
        }
    };
    versions
        .into_iter()
        .map(|version| {
            (
                item.header.prev_hash,
                item.header.merkle_root,
                item.header.ntime,
                version,
            )
        })
        .collect()
}

/// Every item that the chains can get at `now`, round robin until all are spent.
fn drain(space: &mut SearchSpace, now: Instant, chains: usize) -> Vec<(usize, WorkItem)> {
    let mut items = Vec::new();
    loop {
        let before = items.len();
        for chain in 0..chains {
            items.extend(space.next(now, chain, WorkId(0)).map(|item| (chain, item)));
        }
        if items.len() == before {
            return items;
        }
        assert!(items.len() <= 1 << 18, "the space must be small");
    }
}

/// Everything that an item claims follows from its job.
fn check_item(item: &WorkItem, job: &Job) {
    assert_eq!(item.job, job.key);
    assert_eq!(item.header.prev_hash, job.prev_hash);
    assert_eq!(item.header.nbits, job.nbits);
    assert_eq!(item.header.merkle_root, job.merkle_root(item.extranonce2));
    let first64 = |version| -> [u8; 64] {
        item.header.to_bytes(version, units::Nonce(0))[..64]
            .try_into()
            .expect("64 bytes")
    };
    if let Rolling::Host(host) = &item.rolling {
        for (version, midstate) in host.versions().iter().zip(host.midstates()) {
            assert_eq!(midstate.0, sha256d::midstate(&first64(*version)));
        }
    }
    for (_, _, _, version) in headers(item) {
        let outside = !job.version_mask;
        assert_eq!(version & outside, job.version & outside);
    }
}

/// The whole space of `job` is handed out once: `expected` headers, none twice.
fn check_exhaustively(job: Job, chains: &[RollingNeed], expected: usize) {
    for seed in 0..4 {
        let mut space = space(chains, seed);
        space.set_job(Arc::new(job.clone()));
        let items = drain(&mut space, job.received_at, chains.len());
        let mut seen = BTreeSet::new();
        for (_, item) in &items {
            check_item(item, &job);
            for header in headers(item) {
                assert!(seen.insert(header), "seed {seed}: twice");
            }
        }
        assert_eq!(seen.len(), expected, "seed {seed}");
    }
}

#[test]
fn small_spaces_are_handed_out_whole_and_once() {
    let one = [HOST4];
    let three = [HOST4; 3];
    check_exhaustively(job(0, 0, 0), &one, 1);
    check_exhaustively(job(0, 0, 0x6000), &one, 4);
    check_exhaustively(job(0, 0, 0x1000_e001), &one, 32);
    check_exhaustively(job(0, 1, 0), &one, 256);
    check_exhaustively(job(0, 1, 0xe000), &one, 256 * 8);
    check_exhaustively(job(0, 2, 0), &one, 65_536);
    check_exhaustively(
        job(0, 2, 0x2000),
        &[RollingNeed::Host { midstates: 1 }],
        131_072,
    );
    // Three chains have 85 values each of a one-byte extranonce2.
    check_exhaustively(job(0, 1, 0xa000), &three, 3 * 85 * 4);
    check_exhaustively(job(0, 1, 0xa000), &[CHIP16; 3], 3 * 85 * 4);
    // Without extranonce2 each of three chains has one of four prefixes of two bits.
    check_exhaustively(job(0, 0, 0x1e_2000), &three, 3 * 8);
    check_exhaustively(job(0, 0, 0x1e_2000), &[CHIP16; 3], 3 * 8);
    check_exhaustively(job(0, 0, 0x1e_2000), &[HOST4, CHIP16, HOST4], 3 * 8);
    // With one bit there is no such prefix: only one chain has this second.
    check_exhaustively(job(0, 0, 0x2000), &three, 2);
}

#[test]
fn bits_that_a_chip_cannot_roll_are_rolled_for_it() {
    // 24 bits granted, of which the chip rolls bits 13 to 28.
    let job = job(0, 0, 0x1fff_ffe0);
    let mut space = space(&[CHIP16], 1);
    space.set_job(Arc::new(job.clone()));
    let items = drain(&mut space, Instant::ZERO, 1);
    assert_eq!(items.len(), 256);
    let versions: BTreeSet<_> = items.iter().map(|(_, item)| item.header.version).collect();
    assert_eq!(versions.len(), 256);
    for (_, item) in &items {
        assert_eq!(item.rolling, Rolling::Chip { mask: BIP320 });
        assert_eq!(item.header.version & !0x1fe0, job.version & !0x1fff_ffe0);
    }
}

#[test]
fn fewer_granted_bits_give_fewer_midstates() {
    let check = |mask: u32, midstates: u8, expected: usize| {
        let mut space = space(&[RollingNeed::Host { midstates }], 1);
        space.set_job(Arc::new(job(0, 4, mask)));
        let item = space.next(Instant::ZERO, 0, WorkId(0)).expect("work");
        let Rolling::Host(host) = item.rolling else {
            panic!("the host rolls");
        };
        assert_eq!(host.versions().len(), expected, "{mask:x} {midstates}");
        assert_eq!(
            space.version_bits(0),
            Some(mask.count_ones()),
            "{mask:x} {midstates}"
        );
    };
    check(0, 4, 1);
    check(0x2000, 4, 2);
    check(0x6000, 4, 4);
    check(0x0100_0010, 4, 4);
    check(BIP320, 4, 4);
    check(BIP320, 2, 2);
    check(BIP320, 1, 1);
    check(BIP320, 3, 2);
}

#[test]
fn versions_are_spent_before_extranonce2_moves() {
    let mut space = space(&[HOST4], 3);
    space.set_job(Arc::new(job(0, 4, 0x000f_e000)));
    let values: Vec<u64> = (0..320)
        .map(|_| space.next(Instant::ZERO, 0, WorkId(0)).expect("work"))
        .map(|item| item.extranonce2)
        .collect();
    let mut runs = Vec::new();
    for run in values.chunk_by(|a, b| a == b) {
        runs.push((run[0], run.len()));
    }
    // 128 versions make 32 items of four; the first value begins at a random one.
    let (_, inner) = runs.split_first().expect("runs");
    for (i, (value, length)) in inner.iter().enumerate() {
        assert_eq!(*value, runs[0].0 + 1 + i as u64);
        if i + 1 < inner.len() {
            assert_eq!(*length, 32);
        }
    }
}

#[test]
fn chains_take_disjoint_ranges_of_extranonce2() {
    for size in [1, 2, 3, 4, 8, 16, 32] {
        let mut space = space(&[HOST4; 3], 5);
        space.set_job(Arc::new(job(0, size, 0)));
        let total = 1u128 << (8 * u32::from(size)).min(64);
        for chain in 0..3u128 {
            for _ in 0..50 {
                let item = space.next(Instant::ZERO, chain as usize, WorkId(0));
                let value = u128::from(item.expect("work").extranonce2);
                let third = total / 3;
                assert!(
                    (third * chain..third * (chain + 1)).contains(&value),
                    "{size}"
                );
            }
        }
    }
}

#[test]
fn ntime_advances_only_when_all_else_is_spent_and_time_has_passed() {
    let job = job(0, 0, 0x6000);
    let start = job.ntime;
    let mut space = space(&[HOST4], 1);
    space.set_job(Arc::new(job));
    let at = |s: f64| Instant::from_nanos((s * 1e9) as u64);
    let mut check = |now: f64, expected: Option<u32>| {
        let got = space.next(at(now), 0, WorkId(0)).map(|i| i.header.ntime);
        assert_eq!(got, expected.map(|t| start + t), "{now}");
        space.ready_at(0)
    };
    assert_eq!(check(0.0, Some(0)), Some(at(1.0)));
    assert_eq!(check(0.999, None), Some(at(1.0)));
    assert_eq!(check(1.0, Some(1)), Some(at(2.0)));
    assert_eq!(check(1.5, None), Some(at(2.0)));
    // Seconds that were missed are caught up, one cycle each.
    assert_eq!(check(4.0, Some(2)), Some(at(3.0)));
    assert_eq!(check(4.0, Some(3)), Some(at(4.0)));
    assert_eq!(check(4.0, Some(4)), Some(at(5.0)));
    assert_eq!(check(4.0, None), Some(at(5.0)));
}

#[test]
fn chains_without_extranonce2_and_versions_share_the_seconds() {
    let job = job(0, 0, 0);
    let start = job.ntime;
    let mut space = space(&[CHIP16; 3], 1);
    space.set_job(Arc::new(job));
    let items = drain(&mut space, Instant::from_millis(6_500), 3);
    let mut times: Vec<u32> = items.iter().map(|(_, i)| i.header.ntime - start).collect();
    times.sort_unstable();
    assert_eq!(times, [0, 1, 2, 3, 4, 5, 6]);
    for (chain, item) in items {
        assert_eq!(item.header.ntime % 3, chain as u32);
    }
}

#[test]
fn time_that_cannot_go_on_ends_the_space_and_nothing_else() {
    let last = Job {
        ntime: u32::MAX,
        ..job(0, 0, 0)
    };
    let mut space = space(&[HOST4], 1);
    space.set_job(Arc::new(last));
    assert_eq!(drain(&mut space, Instant::NEVER, 1).len(), 1);
    assert_eq!(space.ready_at(0), None);
}

#[test]
fn a_repeated_job_goes_on_where_it_was_left() {
    let mut space = space(&[HOST4], 1);
    let first = Arc::new(job(0, 1, 0));
    space.set_job(first.clone());
    let mut seen = BTreeSet::new();
    let mut take = |space: &mut SearchSpace, n: usize| {
        for _ in 0..n {
            let item = space.next(Instant::ZERO, 0, WorkId(0)).expect("work");
            assert!(seen.insert(headers(&item)), "twice");
        }
    };
    take(&mut space, 100);
    // Under the same name, under another, and after another job came between.
    space.set_job(first.clone());
    take(&mut space, 50);
    let renamed = Job {
        key: units::JobKey {
            serial: 7,
            ..first.key
        },
        pool_job_id: Arc::from("renamed"),
        ..(*first).clone()
    };
    space.set_job(Arc::new(renamed));
    take(&mut space, 50);
    space.set_job(Arc::new(Job {
        prev_hash: [8; 32],
        ..(*first).clone()
    }));
    take(&mut space, 256);
    assert!(space.next(Instant::ZERO, 0, WorkId(0)).is_none());
    space.set_job(first);
    take(&mut space, 56);
    assert!(space.next(Instant::ZERO, 0, WorkId(0)).is_none());
}

#[test]
fn a_repeat_does_not_take_back_time_that_has_passed() {
    let first = job(0, 0, 0);
    let start = first.ntime;
    let mut space = space(&[HOST4], 1);
    space.set_job(Arc::new(first.clone()));
    let at = Instant::from_millis(2_000);
    assert_eq!(drain(&mut space, at, 1).len(), 3);
    // The same job again, two seconds later and with its first ntime: the clock goes on.
    space.set_job(Arc::new(Job {
        received_at: at,
        ..first
    }));
    assert_eq!(space.ready_at(0), Some(Instant::from_millis(3_000)));
    let items = drain(&mut space, Instant::from_millis(3_000), 1);
    let times: Vec<u32> = items.iter().map(|(_, i)| i.header.ntime - start).collect();
    assert_eq!(times, [3]);
}

#[test]
fn a_job_from_which_nothing_was_made_can_change_its_mask_freely() {
    let mut space = space(&[HOST4], 2);
    space.set_job(Arc::new(job(0, 0, 0xe000)));
    space.set_job(Arc::new(job(1, 0, 0x6000)));
    assert_eq!(drain(&mut space, Instant::ZERO, 1).len(), 1);
}

#[test]
fn a_new_job_continues_the_sessions_extranonce2() {
    let mut space = space(&[HOST4; 2], 1);
    let mut last = [None; 2];
    for serial in 0..50 {
        space.set_job(Arc::new(Job {
            coinbase1: Arc::from([serial as u8]),
            ..job(serial, 4, 0)
        }));
        for (chain, last) in last.iter_mut().enumerate() {
            for _ in 0..10 {
                let item = space.next(Instant::ZERO, chain, WorkId(0)).expect("work");
                if let Some(last) = *last {
                    let ahead = item.extranonce2.wrapping_sub(last);
                    // Forward, or around the end of the chain's half.
                    assert!(ahead <= 2 || ahead > 1 << 62, "{serial}");
                }
                *last = Some(item.extranonce2);
            }
        }
    }
}

#[test]
fn a_forgotten_content_begins_beyond_everything_used() {
    let mut space = space(&[HOST4], 1);
    let contents: Vec<_> = (0..=work::CONTENTS_MAX as u32)
        .map(|serial| {
            Arc::new(Job {
                prev_hash: [serial as u8; 32],
                ..job(serial, 4, 0)
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        for job in &contents {
            space.set_job(job.clone());
            for _ in 0..5 {
                let item = space.next(Instant::ZERO, 0, WorkId(0)).expect("work");
                assert!(seen.insert(headers(&item)), "twice");
            }
        }
    }
}

#[test]
fn a_restart_begins_elsewhere_and_the_same_seed_at_the_same_place() {
    let first = |seed: u64| {
        let mut space = space(&[HOST4; 3], seed);
        space.set_job(Arc::new(job(0, 4, BIP320)));
        space.next(Instant::ZERO, 1, WorkId(0)).expect("work")
    };
    assert_eq!(first(1), first(1));
    let values: BTreeSet<u64> = (0..20).map(|seed| first(seed).extranonce2).collect();
    assert_eq!(values.len(), 20);
}

#[test]
fn versions_inside_the_mask_come_from_us_alone() {
    // A job whose own version has bits set inside the mask.
    let job = Job {
        version: 0x3fff_ffff,
        ..job(0, 0, 0x0000_6000)
    };
    let mut space = space(&[HOST4], 1);
    space.set_job(Arc::new(job));
    let item = space.next(Instant::ZERO, 0, WorkId(0)).expect("work");
    let versions: BTreeSet<u32> = headers(&item).iter().map(|h| h.3).collect();
    let expected = [0x3fff_9fff, 0x3fff_bfff, 0x3fff_dfff, 0x3fff_ffff];
    assert_eq!(versions, BTreeSet::from(expected));
}

#[test]
fn without_a_job_or_a_chain_there_is_no_work() {
    let mut space = space(&[HOST4], 1);
    assert!(space.next(Instant::ZERO, 0, WorkId(0)).is_none());
    assert_eq!(space.ready_at(0), None);
    space.set_job(Arc::new(job(0, 4, 0)));
    assert!(space.next(Instant::ZERO, 1, WorkId(0)).is_none());
}

/// One thing that happens to a session.
#[derive(Clone, Debug)]
enum Step {
    Job {
        content: u8,
        mask: u32,
        version: u32,
        ntime_ahead: u32,
    },
    Take {
        chain: usize,
        count: usize,
    },
    Wait {
        ms: u64,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let masks = prop::sample::select(vec![0, 0x2000, 0x6000, 0x1000_2000, 0x8001_2000, 0x1e000]);
    let versions = prop::sample::select(vec![0x2000_0000, 0x2000_2000, 0x2001_e000]);
    prop_oneof![
        2 => (0u8..3, masks, versions, 0u32..4).prop_map(|(content, mask, version, ntime_ahead)| {
            Step::Job { content, mask, version, ntime_ahead }
        }),
        4 => (0usize..4, 1usize..200).prop_map(|(chain, count)| Step::Take { chain, count }),
        1 => (0u64..3000).prop_map(|ms| Step::Wait { ms }),
    ]
}

fn any_chains() -> impl Strategy<Value = Vec<RollingNeed>> {
    let needs = vec![
        HOST4,
        RollingNeed::Host { midstates: 2 },
        CHIP16,
        RollingNeed::Chip {
            bits: 1,
            small_cores: 8,
        },
    ];
    prop::collection::vec(prop::sample::select(needs), 1..=4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Contents, masks, versions and times that come and go in any order, in spaces so
    /// small that they are spent all the time.
    #[test]
    fn no_header_is_ever_dispatched_twice_in_a_session(
        chains in any_chains(),
        size in 0u8..=1,
        seed in any::<u64>(),
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut space = SearchSpace::new(chains.clone(), Rng::new(seed));
        let mut now = Instant::ZERO;
        let mut seen = BTreeSet::new();
        let mut serial = 0;
        for step in steps {
            match step {
                Step::Job { content, mask, version, ntime_ahead } => {
                    serial += 1;
                    let base = job(serial, size, mask);
                    space.set_job(Arc::new(Job {
                        prev_hash: [content; 32],
                        version,
                        ntime: base.ntime + ntime_ahead,
                        received_at: now,
                        ..base
                    }));
                }
                Step::Take { chain, count } => {
                    for _ in 0..count {
                        let Some(item) = space.next(now, chain, WorkId(0)) else { break };
                        check_item(&item, space.job().expect("a job"));
                        for header in headers(&item) {
                            prop_assert!(seen.insert(header), "twice: {item:?}");
                        }
                    }
                }
                Step::Wait { ms } => now += units::Duration::from_millis(ms),
            }
        }
    }

    #[test]
    fn ntime_never_runs_ahead_of_the_clock(
        size in 0u8..=1,
        waits in prop::collection::vec((0u64..3000, 1usize..300), 1..20),
    ) {
        let job = job(0, size, 0);
        let start = job.ntime;
        let mut space = SearchSpace::new(vec![HOST4, CHIP16], Rng::new(1));
        space.set_job(Arc::new(job));
        let mut now = Instant::ZERO;
        for (ms, count) in waits {
            now += units::Duration::from_millis(ms);
            let latest = start + now.since(Instant::ZERO).as_secs() as u32;
            for i in 0..count {
                if let Some(item) = space.next(now, i % 2, WorkId(0)) {
                    prop_assert!((start..=latest).contains(&item.header.ntime));
                }
            }
        }
    }

    #[test]
    fn version_bits_walk_every_subset_of_any_mask_in_order(
        mask in any::<u32>().prop_map(|m| m & 0x9249_2249),
    ) {
        let bits = VersionBits::new(mask);
        let mut walked = 0;
        for n in 0..bits.count() {
            prop_assert_eq!(walked, bits.nth(n));
            prop_assert_eq!(walked & !mask, 0);
            let next = bits.next(walked);
            prop_assert!(next > walked || n + 1 == bits.count());
            walked = next;
        }
        prop_assert_eq!(walked, 0);
    }
}

#[test]
fn a_job_with_a_fixed_root_has_versions_and_time_alone() {
    let mut space = space(&[CHIP16, CHIP16, HOST4], 3);
    let root = [7; 32];
    space.set_job(Arc::new(Job {
        coinbase1: Arc::from([]),
        coinbase2: Arc::from([]),
        extranonce1: Arc::from([]),
        branches: Arc::from([]),
        fixed_root: Some(root),
        // Four bits: two tell the chains apart.
        ..job(0, 0, 0x0001_e000)
    }));
    let mut seen = BTreeSet::new();
    for now in [Instant::ZERO, Instant::ZERO + units::Duration::from_secs(1)] {
        for (_, item) in drain(&mut space, now, 3) {
            assert_eq!(item.header.merkle_root, root);
            for header in headers(&item) {
                assert!(seen.insert(header), "handed out twice");
            }
        }
    }
    // Three chains, four versions each, in two seconds.
    assert_eq!(seen.len(), 24);
}
