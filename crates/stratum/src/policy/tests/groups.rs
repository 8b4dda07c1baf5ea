//! Groups and quotas that are changed while pools work.

use telemetry::GroupChange;

use super::*;

fn group(name: &str, quota_percent: f64) -> GroupConfig {
    GroupConfig {
        name: name.to_owned(),
        quota_percent,
    }
}

fn set(play: &mut Play, quotas: &[(&str, f64)]) -> bool {
    let quotas = quotas.iter().map(|(name, percent)| group(name, *percent));
    taken(
        play,
        PoolOrder::Groups(GroupChange::SetQuotas(quotas.collect())),
    )
}

fn remove(play: &mut Play, name: &str) -> bool {
    taken(
        play,
        PoolOrder::Groups(GroupChange::Remove(name.to_owned())),
    )
}

fn move_to(play: &mut Play, pool: u8, name: &str) -> bool {
    let (pool, group) = (PoolIndex(pool), name.to_owned());
    taken(play, PoolOrder::MoveToGroup { pool, group })
}

/// Whether an order was followed and written down; if not, a coded word says why.
fn taken(play: &mut Play, order: PoolOrder) -> bool {
    let (written, told) = (play.remembered.len(), play.notes.len());
    play.give(Input::Order(order));
    let taken = play.remembered.len() > written;
    assert_eq!(play.notes.len() > told, !taken, "{:?}", play.notes);
    taken
}

/// The pool takes the last share that it was sent.
fn accepted(play: &mut Play, pool: u8) {
    let id = last_request(play, pool);
    play.say(pool, &format!(r#"{{"id":{id},"result":true}}"#));
}

/// The request number of the last share that went to this pool.
fn last_request(play: &Play, pool: u8) -> u64 {
    let mut sent = play.sent.iter().rev();
    let (_, line) = sent
        .find(|(to, line)| *to == pool && line.contains("submit"))
        .expect("sent");
    let (_, id) = line.split_once("\"id\":").expect("a number");
    let digits: String = id.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Quotas hold from the next work item on: sessions, jobs and shares on their way stay what they are.
#[test]
fn new_quotas_change_weights_alone() {
    let mut play = Play::new(&[("a", 50.0), ("b", 30.0)], &["a", "b", "default"]);
    (0..3).for_each(|pool| play.up(pool));
    assert_eq!(play.used(), [(0, 5000), (1, 3000), (2, 2000)]);
    let open = play.open.clone();
    let shares: Vec<(u8, u64)> = (0..3).map(|pool| (pool, play.find(pool))).collect();
    assert!(set(&mut play, &[("b", 10.0), ("a", 80.0)]));
    assert_eq!(play.used(), [(0, 8000), (1, 1000), (2, 1000)]);
    assert_eq!(
        (&play.open, &play.ended[..], &play.left[..]),
        (&open, &[][..], &[][..])
    );
    assert_eq!(play.quotas, [group("a", 80.0), group("b", 10.0)]);
    for (pool, share) in shares {
        accepted(&mut play, pool);
        assert!(
            play.outcomes.contains(&(share, ShareOutcome::Accepted)),
            "{pool}"
        );
    }
    let status = play.pools.status(play.now);
    let shown: Vec<_> = status.iter().map(|p| p.quota_percent).collect();
    assert_eq!(shown, [80.0, 10.0, 10.0]);
}

#[test]
fn a_pool_moves_to_another_group_with_its_session_and_its_shares() {
    let mut play = Play::new(&[("a", 60.0)], &["a", "a", "default"]);
    play.up(0);
    play.up(2);
    assert_eq!(play.used(), [(0, 6000), (2, 4000)]);
    assert!(set(&mut play, &[("b", 30.0)]));
    assert_eq!(play.open, [0, 2], "a group without pools connects nobody");
    let share = play.find(0);
    assert!(move_to(&mut play, 0, "b"));
    // It goes on as the new group's, and the other pool of the old group is asked at once.
    assert_eq!(play.used(), [(2, 1000), (0, 3000)]);
    assert_eq!(play.open, [0, 2, 1]);
    assert_eq!((&play.ended[..], &play.left[..]), (&[][..], &[][..]));
    accepted(&mut play, 0);
    assert!(play.outcomes.contains(&(share, ShareOutcome::Accepted)));
    play.up(1);
    assert_eq!(play.used(), [(1, 6000), (2, 1000), (0, 3000)]);
    assert_eq!(play.pools.status(play.now)[0].group, "b");

    // Behind a pool that works it is not needed: it stays for what chips find, and is left then.
    assert!(move_to(&mut play, 2, "a"));
    assert_eq!(play.used(), [(1, 6000), (0, 3000)]);
    let late = play.find(2);
    play.live(25);
    assert!(play.open.contains(&2));
    accepted(&mut play, 2);
    assert!(play.outcomes.contains(&(late, ShareOutcome::Accepted)));
    play.live(95);
    assert!(!play.open.contains(&2) && play.left.contains(&2));
    assert_eq!(play.used(), [(1, 6000), (0, 3000)]);
}

/// A better one takes the work of its new group, as it would of its own.
#[test]
fn a_pool_that_moves_before_one_that_works_takes_its_work() {
    let mut play = Play::new(&[("a", 60.0)], &["default", "a"]);
    play.up(0);
    play.up(1);
    play.live(61);
    assert!(move_to(&mut play, 0, "a"));
    assert_eq!(play.used(), [(0, 6000)]);
    assert_eq!(play.ended, [] as [u8; 0]);
}

#[test]
fn a_group_goes_once_no_pool_names_it_and_comes_again() {
    let mut play = Play::new(&[("a", 60.0)], &["a", "default"]);
    play.up(0);
    play.up(1);
    assert!(!remove(&mut play, "a"));
    let word = play.notes.last().expect("told");
    assert_eq!(word.code, Code::PoolGroup);
    assert!(
        word.detail.contains("`a`") && word.detail.contains("first"),
        "{word:?}"
    );
    assert!(move_to(&mut play, 0, "default"));
    assert_eq!(play.used(), [(1, 4000)], "it has to prove itself there");
    assert!(remove(&mut play, "a"));
    assert_eq!(
        (&play.quotas[..], play.used()),
        (&[][..], vec![(1, 10_000)])
    );
    assert_eq!(play.pools.groups.len(), 1, "what is not used is forgotten");
    assert!(!remove(&mut play, "a"));

    assert!(set(&mut play, &[("a", 25.0)]));
    assert!(move_to(&mut play, 1, "a"));
    assert_eq!(play.used(), [(0, 7500), (1, 2500)]);
    // A pool that is being left holds its group no more, though it still answers.
    play.give(Input::Order(PoolOrder::Remove(PoolIndex(1))));
    let share = play.find(1);
    assert!(remove(&mut play, "a"));
    accepted(&mut play, 1);
    assert!(play.outcomes.contains(&(share, ShareOutcome::Accepted)));
    assert_eq!(play.used(), [(0, 10_000)]);
    play.live(31);
    assert_eq!(play.pools.groups.len(), 1);
}

#[test]
fn the_default_group_has_what_is_left_or_a_quota_of_its_own() {
    let mut play = Play::new(&[("a", 60.0)], &["a", "default"]);
    play.up(0);
    play.up(1);
    assert!(!set(&mut play, &[("a", 100.0)]), "nothing would be left");
    assert!(!set(&mut play, &[("a", 60.0), ("b", 41.0)]));
    assert_eq!(play.used(), [(0, 6000), (1, 4000)], "nothing was changed");
    assert!(set(&mut play, &[("default", 20.0)]));
    assert_eq!(play.used(), [(0, 6000), (1, 2000)]);
    assert!(set(&mut play, &[("a", 30.0)]));
    assert_eq!(play.used(), [(0, 3000), (1, 2000)]);
    assert!(remove(&mut play, "default"));
    assert_eq!(play.used(), [(0, 3000), (1, 7000)]);
    assert!(!move_to(&mut play, 1, "b"));
    assert!(!move_to(&mut play, 9, "a"));
    assert_eq!(play.notes.last().expect("told").code, Code::PoolOrder);
}

/// Each pool is told what its group is to have now.
#[test]
fn a_new_quota_is_told_to_pools() {
    let mut play = Play::new(&[("a", 50.0)], &["a", "default"]);
    assert_eq!(play.pools.hashrate_of(0), 5e8);
    assert!(set(&mut play, &[("a", 80.0)]));
    assert_eq!(
        (play.pools.hashrate_of(0), play.pools.hashrate_of(1)),
        (8e8, 2e8)
    );
    assert!(set(&mut play, &[("b", 10.0)]));
    let all: f64 = [0, 1]
        .map(|group| play.pools.hashrate_of(group))
        .iter()
        .sum();
    assert_eq!(all, 1e9, "a group without pools has nothing of it");
}
