//! The client of one's own node, without one: what it does with what a node says.

#[path = "../entries/node.rs"]
mod entries;
mod harness;
mod properties;

use harness::{Harness, config, template};
use stratum::node::{Answer, Failure, FailureKind};
use stratum::{Address, Input};
use telemetry::PoolState;
use units::{Duration, Instant};

/// A client with a session on regtest and one job, and what it did until then.
fn mining() -> Harness {
    let mut h = Harness::new(config());
    h.input(Input::Start);
    h.up("regtest");
    h.template(template(1, 7));
    h
}

fn fail(h: &mut Harness, kind: FailureKind) -> Vec<String> {
    let detail = "seen".to_owned();
    h.news(stratum::node::News::Failed(Failure { kind, detail }))
}

#[test]
fn a_template_becomes_a_job_whose_shares_are_blocks() {
    let mut h = Harness::new(config());
    assert_eq!(h.input(Input::Start), ["open 127.0.0.1:8332"]);
    assert_eq!(h.up("regtest"), ["session 02000000"]);
    let did = h.template(template(1, 7));
    assert_eq!(did, ["job 1 clean=true mask=1fffe000", "note E-POOL-UP"]);
    let job = h.job();
    assert_eq!(job.share_target, job.network_target);
    assert_eq!((job.prev_hash, job.ntime), ([7; 32], 1_700_000_000));
    assert!(h.last_note.contains("chain=regtest height=102"));
    let status = h.client.status(h.now);
    assert_eq!(status.state, PoolState::Active);
    let node = status.node.expect("it is one");
    assert_eq!(
        (node.chain.as_deref(), node.height),
        (Some("regtest"), Some(101))
    );
}

#[test]
fn a_new_tip_voids_old_jobs_and_a_refresh_does_not() {
    let mut h = mining();
    assert_eq!(
        h.template(template(2, 7)),
        ["job 2 clean=false mask=1fffe000"]
    );
    assert_eq!(
        h.template(template(3, 8)),
        ["job 3 clean=true mask=1fffe000"]
    );
    // Of the templates on one tip the last two can become blocks.
    h.template(template(4, 8));
    h.template(template(5, 8));
    for (job, expected) in [
        (1, "stale its template was replaced"),
        (3, "stale its template was replaced"),
    ] {
        let said = h.submit_of(job);
        assert!(said[0].ends_with(expected), "{said:?}");
    }
    assert!(h.submit_of(4)[0].starts_with("block 4 "));
}

#[test]
fn a_block_goes_to_the_node_once_and_its_word_is_the_outcome() {
    let mut h = mining();
    let said = h.submit();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("block 1 share=1 "), "{said:?}");
    // Another one of the same height would compete with it, before and after the answer.
    assert!(h.submit()[0].contains("stale another block"));
    assert_eq!(
        h.answer(1, Answer::Taken),
        ["note E-NODE-BLOCK", "1 accepted"]
    );
    assert!(h.submit()[0].contains("stale another block"));
    assert!(h.answer(1, Answer::Taken).is_empty(), "once");
    h.template(template(2, 9));
    assert!(h.submit()[0].starts_with("block 2 "));
    let status = h.client.status(h.now);
    assert_eq!((status.accepted, status.rejected, status.stale), (1, 0, 2));
}

#[test]
fn on_regtest_a_template_has_one_attempt_and_elsewhere_a_refused_block_is_followed() {
    let mut h = mining();
    h.submit();
    let said = h.answer(1, Answer::Refused("high-hash".into()));
    assert_eq!(said, ["note E-NODE-REFUSED", "1 rejected high-hash"]);
    assert!(h.submit()[0].contains("stale the node refused"));
    h.template(template(2, 7));
    assert!(h.submit()[0].starts_with("block 2 "));

    let mut config = config();
    config.user = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into();
    let mut h = Harness::new(config);
    h.input(Input::Start);
    h.up("main");
    h.template(template(1, 7));
    for share in 1..=8 {
        assert!(h.submit()[0].starts_with("block 1 "), "{share}");
        h.answer(share, Answer::Refused("bad-txns".into()));
    }
    assert!(h.submit()[0].contains("stale the node refused"));
}

#[test]
fn a_block_that_came_too_late_is_stale_and_a_lost_one_has_no_answer() {
    let mut h = mining();
    h.submit();
    let said = h.answer(1, Answer::Refused("inconclusive".into()));
    assert_eq!(said[1], "1 stale inconclusive");
    h.template(template(2, 8));
    h.submit();
    let said = h.answer(2, Answer::Lost("no route".into()));
    assert_eq!(said, ["note E-POOL-NOANSWER", "2 no answer"]);
    h.template(template(3, 9));
    h.submit();
    let said = h.wait(Duration::from_secs(121));
    assert_eq!(said, ["note E-POOL-NOANSWER", "3 no answer"]);
}

#[test]
fn a_header_that_is_no_block_is_never_handed_in() {
    let mut h = mining();
    // A target that no hash meets.
    h.template(stratum::node::Template {
        nbits: 0x0300_0001,
        ..template(2, 8)
    });
    assert_eq!(
        h.submit(),
        ["1 rejected not sent: above the network's target"]
    );
    h.template(template(3, 9));
    let mut share = h.share();
    share.extranonce2.pop();
    assert!(h.input(Input::Submit(share))[0].contains("rejected its parts"));
    let mut share = h.share();
    share.version ^= 1;
    assert!(h.input(Input::Submit(share))[0].contains("rejected its parts"));
}

#[test]
fn a_wrong_template_is_told_and_the_last_good_one_kept() {
    let mut h = mining();
    let bad = |id, tip| stratum::node::Template {
        curtime: 5,
        ..template(id, tip)
    };
    assert_eq!(h.template(bad(2, 7)), ["note E-NODE-TEMPLATE"]);
    assert!(h.last_note.contains("mintime"));
    assert!(h.submit()[0].starts_with("block 1 "));
    assert_eq!(h.client.status(h.now).state, PoolState::Active);
}

#[test]
fn a_wrong_template_on_another_block_leaves_no_work_on_the_old_one() {
    let mut h = mining();
    let bad = stratum::node::Template {
        curtime: 5,
        ..template(2, 8)
    };
    let said = h.template(bad);
    assert_eq!(said, ["ended 02000000", "close", "note E-NODE-TEMPLATE"]);
    let status = h.client.status(h.now);
    assert_eq!(status.state, PoolState::Waiting);
    assert!(status.last_error.is_some_and(|e| e.contains("mintime")));
    assert_eq!(h.next(), ["open 127.0.0.1:8332"]);
}

#[test]
fn the_account_of_a_node_counts_blocks_and_tells_no_hashrate_by_them() {
    let mut h = mining();
    h.submit();
    h.answer(1, Answer::Taken);
    h.wait(Duration::from_secs(120));
    h.template(template(2, 8));
    h.submit();
    let status = h.client.status(h.now);
    assert_eq!((status.accepted, status.in_flight, status.lost), (1, 1, 0));
    assert!(status.best_share.is_some() && status.latency.is_some());
    assert_eq!(
        (status.credited_ths, status.estimated_sat_per_day),
        (None, None)
    );
    h.input(Input::Stop);
    let status = h.client.status(h.now);
    assert_eq!((status.accepted, status.in_flight, status.lost), (1, 0, 1));
}

#[test]
fn a_chain_that_wants_more_than_we_know_is_left() {
    let mut h = mining();
    let unfit = stratum::node::Template {
        rules: vec!["!later".into()],
        ..template(2, 8)
    };
    let said = h.template(unfit);
    assert_eq!(said, ["ended 02000000", "close", "note E-NODE-RULES"]);
    assert_eq!(h.client.status(h.now).state, PoolState::Refused);
}

#[test]
fn an_address_of_another_chain_is_paid_nothing() {
    for (chain, fits) in [("main", false), ("regtest", true), ("signet", false)] {
        let mut h = Harness::new(config());
        h.input(Input::Start);
        let said = h.up(chain);
        match fits {
            true => assert_eq!(said, ["session 02000000"]),
            false => assert_eq!(said, ["close", "note E-NODE-PAYOUT"]),
        }
        // It waits a minute at least: a person must mend it.
        let again = h.wait(Duration::from_secs(59));
        assert!(again.is_empty(), "{again:?}");
    }
    let mut h = Harness::new(config());
    h.input(Input::Start);
    assert_eq!(h.up("liquid"), ["close", "note E-NODE-RULES"]);
}

#[test]
fn a_node_that_went_away_is_asked_again_within_seconds() {
    let mut h = mining();
    h.submit();
    let said = fail(&mut h, FailureKind::Unreachable);
    let expected = [
        "note E-POOL-NOANSWER",
        "1 no answer",
        "ended 02000000",
        "note E-POOL-CLOSED",
    ];
    assert_eq!(said, expected);
    for _ in 0..8 {
        let begun = h.now;
        let said = h.next();
        assert_eq!(said, ["open 127.0.0.1:8332"]);
        assert!(h.now.since(begun) <= Duration::from_secs(5));
        assert_eq!(
            fail(&mut h, FailureKind::Unreachable)[0],
            "note E-POOL-CONNECT"
        );
    }
    h.next();
    assert_eq!(h.up("regtest"), ["session 02000001"]);
}

#[test]
fn each_kind_of_failure_has_its_code_and_its_pace() {
    let check = |url: &str, kind, code: &str, slow: bool| {
        let mut config = config();
        config.address = Address::parse(url).expect("an address");
        let mut h = Harness::new(config);
        h.input(Input::Start);
        assert_eq!(fail(&mut h, kind), [format!("note {code}")]);
        let wait = h.client.next_deadline().map(|at| at.since(Instant::ZERO));
        assert_eq!(
            wait.is_some_and(|w| w >= Duration::from_secs(60)),
            slow,
            "{code}"
        );
    };
    let url = "node+http://u:p@127.0.0.1:8332";
    check(url, FailureKind::Login, "E-NODE-AUTH", true);
    check(url, FailureKind::NotReady, "E-NODE-NOTREADY", false);
    check(url, FailureKind::Unreachable, "E-POOL-CONNECT", false);
    check(url, FailureKind::Broken, "E-NODE-TEMPLATE", false);
}

#[test]
fn stopping_closes_the_node_and_what_comes_later_is_ignored() {
    let mut h = mining();
    assert_eq!(h.input(Input::Stop), ["ended 02000000", "close"]);
    assert!(h.template(template(2, 8)).is_empty());
    assert_eq!(h.up("regtest"), ["close"]);
    assert_eq!(h.submit(), ["1 no answer", "note E-POOL-NOANSWER"]);
    assert_eq!(h.client.next_deadline(), None);
}

#[test]
fn machines_at_one_node_search_in_different_places() {
    let first = |seed| {
        let mut config = config();
        config.seed = seed;
        let mut h = Harness::new(config);
        h.input(Input::Start);
        h.up("regtest");
        h.template(template(1, 7));
        h.job().merkle_root(0)
    };
    assert_ne!(first(1), first(2));
    assert_eq!(first(1), first(1));
}

#[test]
fn a_login_is_shown_nowhere() {
    let mut config = config();
    config.address = Address::parse("node+http://rpc:hunter2@127.0.0.1:8332").expect("one");
    let mut h = Harness::new(config);
    let mut shown = format!("{:?}", h.client);
    shown += &h.input(Input::Start).concat();
    shown += &fail(&mut h, FailureKind::Login).concat();
    shown += &h.last_note;
    shown += &format!("{:?} {:?}", h.client.status(h.now), h.client);
    assert!(!shown.contains("hunter2"), "{shown}");
}
