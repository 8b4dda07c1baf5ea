//! Pools that come and go, and what is made of it. Each pool is played by a few lines of
//! Stratum V1.

mod groups;
mod nodes;

use std::collections::BTreeMap;

use telemetry::Code;
use units::{ChainSlot, DifficultyOne, Nonce};

use super::*;
use crate::Address;
use crate::node::Order;

/// Pools `0…` of these groups under a clock of its own.
struct Play {
    pools: Pools,
    now: Instant,
    jobs: BTreeMap<u8, Arc<Job>>,
    uses: Vec<(SessionId, u32)>,
    /// Connections that are wanted or stand.
    open: Vec<u8>,
    /// Where to.
    hosts: Vec<String>,
    outcomes: Vec<(u64, ShareOutcome)>,
    sent: Vec<(u8, String)>,
    /// Blocks that were handed to a node.
    blocks: Vec<(u8, ShareId)>,
    ended: Vec<u8>,
    left: Vec<u8>,
    notes: Vec<Note>,
    remembered: Vec<Vec<String>>,
    /// Groups as last remembered.
    quotas: Vec<GroupConfig>,
    next_share: u64,
    serial: u32,
}

fn pool(name: &str, group: &str) -> PoolConfig {
    let address = Address::parse(&format!("{name}:3333")).expect("an address");
    PoolConfig {
        group: group.to_owned(),
        ..PoolConfig::new(address, format!("{name}.user"), "x")
    }
}

impl Play {
    /// `groups` are names and quotas, `pools` the names of their groups.
    fn new(groups: &[(&str, f64)], pools: &[&str]) -> Play {
        let pools = pools.iter().enumerate();
        let pools = pools.map(|(i, group)| pool(&format!("p{i}"), group));
        Play::of(groups, pools.collect())
    }

    fn of(groups: &[(&str, f64)], pools: Vec<PoolConfig>) -> Play {
        let config = PoolsConfig {
            nominal_hashrate: 1e9,
            groups: groups
                .iter()
                .map(|(name, quota_percent)| GroupConfig {
                    name: (*name).to_owned(),
                    quota_percent: *quota_percent,
                })
                .collect(),
            agent: "stannary/test".into(),
            version_mask: 0,
            min_version_bits: 0,
            seed: 7,
        };
        let now = Instant::ZERO;
        let mut play = Play {
            pools: Pools::new(now, pools, config),
            now,
            jobs: BTreeMap::new(),
            uses: Vec::new(),
            open: Vec::new(),
            hosts: Vec::new(),
            outcomes: Vec::new(),
            sent: Vec::new(),
            blocks: Vec::new(),
            ended: Vec::new(),
            left: Vec::new(),
            notes: Vec::new(),
            remembered: Vec::new(),
            quotas: Vec::new(),
            next_share: 0,
            serial: 0,
        };
        play.give(Input::Start);
        play
    }

    /// Pools of one group.
    fn ranked(count: usize) -> Play {
        Play::new(&[], &vec![PoolConfig::DEFAULT_GROUP; count])
    }

    fn give(&mut self, input: Input) {
        self.pools.handle(self.now, input);
        while let Some(effect) = self.pools.next_effect() {
            match effect {
                Effect::Connect { pool, endpoint, .. } => {
                    self.open.push(pool.0);
                    self.hosts.push(endpoint.to_string());
                }
                Effect::Disconnect(pool) | Effect::Node(pool, Order::Close) => {
                    self.open.retain(|open| *open != pool.0);
                }
                Effect::Node(pool, Order::Open(_)) => self.open.push(pool.0),
                Effect::Node(pool, Order::Block { share, .. }) => self.blocks.push((pool.0, share)),
                Effect::Send(pool, bytes) => {
                    self.sent
                        .push((pool.0, String::from_utf8_lossy(&bytes).into_owned()));
                }
                Effect::Job(job) => {
                    self.jobs.insert(job.key.session.pool().0, job);
                }
                Effect::Use(uses) => self.uses = uses,
                Effect::SessionEnded(id) => {
                    self.ended.push(id.pool().0);
                    assert!(
                        self.uses.iter().all(|(used, _)| *used != id) || self.uses.len() == 1,
                        "{id} had work at its end though others stand"
                    );
                }
                Effect::Outcome { share, outcome } => self.outcomes.push((share.0, outcome)),
                Effect::Remember(list) => {
                    self.quotas = list.groups;
                    let names = list.pools.iter().map(|p| p.address.endpoint().host.clone());
                    self.remembered.push(names.collect());
                }
                Effect::Left(pool) => self.left.push(pool.0),
                Effect::Note(note) => self.notes.push(note),
            }
        }
    }

    fn wait(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.pools.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::Wake);
        }
        self.now = until;
    }

    fn say(&mut self, pool: u8, line: &str) {
        let bytes = format!("{line}\n").into_bytes();
        self.give(Input::Pool(PoolIndex(pool), crate::Input::Bytes(bytes)));
    }

    /// The pool's connection stands, the pool accepts us and gives work.
    fn up(&mut self, pool: u8) {
        self.up_with(pool, "[]");
    }

    /// The same; `subscriptions` may name the session.
    fn up_with(&mut self, pool: u8, subscriptions: &str) {
        assert!(self.open.contains(&pool), "pool {pool} is not asked");
        self.give(Input::Pool(PoolIndex(pool), crate::Input::Connected));
        let result = format!(r#"{{"id":1,"result":[{subscriptions},"0a0b",4]}}"#);
        self.say(pool, &result);
        self.say(pool, r#"{"id":2,"result":true}"#);
        self.job(pool);
    }

    fn job(&mut self, pool: u8) {
        self.serial += 1;
        let (id, prev) = (self.serial, "01".repeat(32));
        self.say(
            pool,
            &format!(
                r#"{{"method":"mining.notify","params":["{id}","{prev}","0100","ff",[],"20000000","17034219","66554433",false]}}"#
            ),
        );
    }

    fn down(&mut self, pool: u8) {
        self.open.retain(|open| *open != pool);
        let closed = crate::Input::Closed("gone".into());
        self.give(Input::Pool(PoolIndex(pool), closed));
    }

    /// A connection that was asked for fails, each time, for so long. The others live.
    fn fails_for(&mut self, pool: u8, seconds: u64) {
        for _ in 0..seconds {
            self.wait(1);
            if self.open.contains(&pool) {
                self.down(pool);
            }
            self.keep_alive(pool);
        }
    }

    /// Silent sessions are left: each has a job a second.
    fn keep_alive(&mut self, but: u8) {
        for (pool, member) in self.alive() {
            if pool != but && member {
                self.job(pool);
            }
        }
    }

    fn alive(&self) -> Vec<(u8, bool)> {
        let members = self.pools.members.iter();
        members.map(|m| (m.id.0, m.works_since.is_some())).collect()
    }

    /// All sessions live on for so long.
    fn live(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.wait(1);
            self.keep_alive(u8::MAX);
        }
    }

    fn find(&mut self, pool: u8) -> u64 {
        let job = Arc::clone(&self.jobs[&pool]);
        self.next_share += 1;
        let share = Share {
            id: ShareId(self.next_share),
            job: job.key,
            pool_job_id: job.pool_job_id.clone(),
            slot: ChainSlot(0),
            extranonce2: job.extranonce2_bytes(self.next_share),
            ntime: job.ntime,
            nonce: Nonce(1),
            version: job.version,
            version_bits: None,
            hash: [1; 32],
            share_target: job.share_target,
            is_block: false,
            found_at: self.now,
        };
        self.give(Input::Submit(share));
        self.next_share
    }

    /// The pools in use, with their weights.
    fn used(&self) -> Vec<(u8, u32)> {
        let uses = self.uses.iter();
        uses.map(|(id, weight)| (id.pool().0, *weight)).collect()
    }

    fn check_used(&self, expected: &[u8]) {
        let used: Vec<u8> = self.used().into_iter().map(|(pool, _)| pool).collect();
        assert_eq!(used, expected, "at {:?}", self.now);
    }
}

#[test]
fn a_session_that_is_held_gives_work_until_another_pool_stands() {
    const NAMED: &str = r#"["mining.notify","s"]"#;
    let mut play = Play::ranked(2);
    play.up_with(0, NAMED);
    play.down(0);
    assert_eq!(play.ended, [0], "nobody knows yet that it can be taken up");
    play.wait(2);
    play.up_with(0, NAMED);

    play.down(0);
    play.check_used(&[0]);
    assert_eq!(play.ended, [0]);
    play.fails_for(0, 5);
    let early = play.find(0);
    play.up(1);
    play.check_used(&[1]);
    assert_eq!(play.ended, [0]);
    let late = play.find(0);
    play.fails_for(0, 1);
    while !play.open.contains(&0) {
        play.live(1);
    }
    let before = play.sent.len();
    play.up_with(0, NAMED);
    let submits = &play.sent[before..];
    let submits = submits.iter().filter(|(_, line)| line.contains("submit"));
    assert_eq!(submits.map(|(pool, _)| *pool).collect::<Vec<_>>(), [0, 0]);
    assert!(play.outcomes.is_empty(), "{early} and {late} are lost");
    // It failed twice in use, and has to prove itself first.
    play.live(119);
    play.check_used(&[1]);
    play.live(2);
    play.check_used(&[0]);
    assert_eq!(play.ended, [0]);
}

#[test]
fn a_pool_leads_to_the_hosts_of_the_list_as_it_is_now() {
    let lead = |play: &mut Play, host: &str| {
        play.say(
            0,
            &format!(r#"{{"method":"client.reconnect","params":["{host}",4444,0]}}"#),
        );
        play.hosts.clear();
        play.wait(4);
        play.hosts.clone()
    };
    let mut play = Play::ranked(1);
    play.up(0);
    assert_eq!(lead(&mut play, "p9"), ["p0:3333"]);
    play.up(0);
    play.give(Input::Order(PoolOrder::Add {
        pool: Box::new(pool("p9", PoolConfig::DEFAULT_GROUP)),
        place: None,
    }));
    assert_eq!(lead(&mut play, "p9"), ["p9:4444"]);
}

#[test]
fn the_preferred_pool_alone_is_asked_while_it_works() {
    let mut play = Play::ranked(3);
    assert_eq!(play.open, [0]);
    play.wait(1);
    play.up(0);
    play.check_used(&[0]);
    play.live(600);
    assert_eq!(play.open, [0]);
}

#[test]
fn the_next_is_asked_after_patience_and_never_all_at_once() {
    let mut play = Play::ranked(4);
    // Nobody answers at all.
    play.wait(4);
    assert_eq!(play.open, [0]);
    play.wait(1);
    assert_eq!(play.open, [0, 1]);
    play.wait(4);
    assert_eq!(play.open, [0, 1]);
    play.wait(1);
    assert_eq!(play.open, [0, 1, 2]);
    play.up(1);
    play.check_used(&[1]);
    // The one that is not needed is left; the better one is asked for ever.
    play.live(100);
    assert_eq!(play.left, [2]);
    assert!(
        !play.open.contains(&2) && !play.open.contains(&3),
        "{:?}",
        play.open
    );
}

#[test]
fn a_second_without_a_session_is_waited_for() {
    let mut play = Play::ranked(2);
    play.up(0);
    play.live(300);
    play.down(0);
    play.check_used(&[]);
    play.wait(2);
    assert_eq!(play.open, [0]);
    play.up(0);
    play.check_used(&[0]);
    play.live(60);
    assert_eq!(play.open, [0]);
}

#[test]
fn a_session_that_stands_takes_over_in_the_same_turn() {
    let mut play = Play::ranked(3);
    play.fails_for(0, 6);
    play.up(1);
    play.live(20);
    play.fails_for(0, 1);
    // The better one is back, on probation; it takes over all the same when needed.
    while !play.open.contains(&0) {
        play.live(1);
    }
    play.up(0);
    play.check_used(&[1]);
    play.live(3);
    play.down(1);
    play.check_used(&[0]);
    assert_eq!(play.ended, [1]);
}

#[test]
fn work_returns_to_the_preferred_pool_after_a_minute_and_the_other_is_stopped() {
    let mut play = Play::ranked(2);
    play.up(0);
    play.live(100);
    play.down(0);
    play.fails_for(0, 300);
    play.up(1);
    play.check_used(&[1]);
    while !play.open.contains(&0) {
        play.live(1);
    }
    play.up(0);
    let back = play.now;
    while play.used()[0].0 != 0 {
        play.live(1);
    }
    let after = play.now.since(back).as_secs();
    assert!((60..=61).contains(&after), "{after}");
    // What chips find of the old work is still taken.
    let share = play.find(1);
    let line = play.sent.last().expect("sent").clone();
    assert!(line.0 == 1 && line.1.contains("p1.user"), "{line:?}");
    play.live(1);
    play.say(1, r#"{"id":4,"result":true}"#);
    assert_eq!(play.outcomes, [(share, ShareOutcome::Accepted)]);
    play.live(27);
    assert!(play.open.contains(&1));
    play.live(5);
    assert!(!play.open.contains(&1));
    play.check_used(&[0]);
}

#[test]
fn a_pool_that_is_left_is_waited_for_while_it_owes_answers() {
    let mut play = Play::ranked(2);
    play.fails_for(0, 6);
    play.up(1);
    while !play.open.contains(&0) {
        play.live(1);
    }
    play.up(0);
    play.live(61);
    play.check_used(&[0]);
    let share = play.find(1);
    play.live(50);
    assert!(play.open.contains(&1), "a share is unanswered");
    play.live(15);
    assert_eq!(play.outcomes, [(share, ShareOutcome::NoAnswer)]);
    play.live(1);
    assert!(!play.open.contains(&1));
}

#[test]
fn a_pool_that_flaps_is_not_followed_each_time() {
    let mut play = Play::ranked(2);
    play.fails_for(0, 6);
    play.up(1);
    let mut moves = 0;
    let mut last = 1;
    // An hour of a preferred pool that works for 100 s and is away for ten.
    for _ in 0..33 {
        while !play.open.contains(&0) {
            play.live(1);
        }
        play.up(0);
        for _ in 0..100 {
            play.live(1);
            let used = play.used();
            assert_eq!(used.len(), 1, "always work");
            moves += u32::from(used[0].0 != last);
            last = used[0].0;
        }
        play.down(0);
        play.fails_for(0, 6);
        if play.used().is_empty() {
            play.up(1);
        }
        moves += u32::from(play.used()[0].0 != last);
        last = play.used()[0].0;
        play.fails_for(0, 4);
    }
    assert!((2..=6).contains(&moves), "{moves}");
}

#[test]
fn even_a_pool_that_failed_often_is_back_within_five_minutes() {
    let mut play = Play::ranked(2);
    play.fails_for(0, 6);
    play.up(1);
    play.pools.members[0].falls = 1000;
    play.fails_for(0, 600);
    // It answers again from now on.
    let back = play.now;
    while !play.open.contains(&0) {
        play.live(1);
    }
    play.up(0);
    while play.used()[0].0 != 0 {
        play.live(1);
        assert!(play.now.since(back) < Duration::from_secs(300));
    }
}

#[test]
fn groups_share_by_quota_and_the_share_of_a_dead_one_goes_to_the_others() {
    let mut play = Play::new(&[("a", 50.0), ("b", 30.0)], &["a", "b", "c", "a"]);
    assert_eq!(play.open, [0, 1, 2]);
    play.up(1);
    assert_eq!(play.used(), [(1, 3000)]);
    play.up(0);
    play.up(2);
    // A group that is not listed has what is left.
    assert_eq!(play.used(), [(0, 5000), (1, 3000), (2, 2000)]);
    play.down(1);
    assert_eq!(play.used(), [(0, 5000), (2, 2000)]);
    while !play.open.contains(&1) {
        play.live(1);
    }
    play.up(1);
    assert_eq!(play.used(), [(0, 5000), (1, 3000), (2, 2000)], "at once");
    play.down(0);
    play.fails_for(0, 6);
    play.up(3);
    assert_eq!(play.used(), [(3, 5000), (1, 3000), (2, 2000)]);
    let status = play.pools.status(play.now);
    let shown: Vec<_> = status
        .iter()
        .map(|p| (p.id, p.state, p.quota_percent))
        .collect();
    assert_eq!(shown[1], (1, PoolState::Active, 30.0));
    assert_eq!((status[3].active, status[3].group.as_str()), (true, "a"));
}

#[test]
fn a_share_goes_to_its_own_pool_under_its_own_user_or_nowhere() {
    let mut play = Play::new(&[("a", 50.0), ("b", 50.0)], &["a", "b"]);
    play.up(0);
    play.up(1);
    for pool in [0, 1, 1, 0] {
        play.find(pool);
        let (to, line) = play.sent.last().expect("sent").clone();
        assert_eq!(to, pool);
        assert!(line.contains(&format!("\"p{pool}.user\"")), "{line}");
    }
    let sent = play.sent.len();
    play.down(0);
    assert_eq!(play.outcomes.len(), 2, "{:?}", play.outcomes);
    let late = play.find(0);
    assert_eq!(play.sent.len(), sent, "not sent to another");
    assert!(play.outcomes.contains(&(late, ShareOutcome::NoAnswer)));
    // The pool that it was found for has it in its books.
    let status = play.pools.status(play.now);
    assert_eq!((status[0].lost, status[1].lost), (3, 0));
    // And a new session does not get it either.
    while !play.open.contains(&0) {
        play.wait(1);
    }
    let old = Arc::clone(&play.jobs[&0]);
    play.up(0);
    play.jobs.insert(0, old);
    let sent = play.sent.len();
    let late = play.find(0);
    assert_eq!(play.sent.len(), sent);
    assert!(play.outcomes.contains(&(late, ShareOutcome::NoAnswer)));
}

#[test]
fn pools_are_added_moved_disabled_and_removed_while_they_work() {
    let mut play = Play::ranked(2);
    play.up(0);
    let order = |play: &mut Play, order| play.give(Input::Order(order));
    let third = Box::new(pool("p2", PoolConfig::DEFAULT_GROUP));
    order(
        &mut play,
        PoolOrder::Add {
            pool: third,
            place: Some(0),
        },
    );
    assert_eq!(play.remembered.last().expect("told"), &["p2", "p0", "p1"]);
    // It is preferred now: it is asked, and must prove itself.
    assert_eq!(play.open, [0, 2]);
    play.up(2);
    play.check_used(&[0]);
    play.live(61);
    play.check_used(&[2]);
    let (pool, enabled) = (PoolIndex(2), false);
    order(&mut play, PoolOrder::Enable { pool, enabled });
    play.check_used(&[0]);
    let status = play.pools.status(play.now);
    assert!(!status[0].enabled && status[0].id == 2);
    assert!(play.open.contains(&2), "its shares are waited for");
    play.live(35);
    assert!(!play.open.contains(&2));
    let (pool, place) = (PoolIndex(1), 0);
    order(&mut play, PoolOrder::Move { pool, place });
    assert_eq!(play.remembered.last().expect("told"), &["p1", "p2", "p0"]);
    assert!(play.open.contains(&1));
    order(&mut play, PoolOrder::Remove(PoolIndex(0)));
    play.check_used(&[]);
    assert_eq!(play.pools.status(play.now).len(), 2);
    play.up(1);
    play.check_used(&[1]);
    play.live(35);
    assert!(!play.open.contains(&0));
    assert_eq!(play.pools.members.len(), 2);
    let known = play.remembered.len();
    order(&mut play, PoolOrder::Remove(PoolIndex(0)));
    assert_eq!(play.remembered.len(), known);
    assert_eq!(play.notes.last().expect("told").code, Code::PoolOrder);
}

#[test]
fn a_disabled_pool_is_not_asked_until_it_is_enabled() {
    let mut play = Play::ranked(2);
    let (pool, enabled) = (PoolIndex(0), false);
    play.give(Input::Order(PoolOrder::Enable { pool, enabled }));
    assert_eq!(play.open, [1]);
    play.up(1);
    play.live(100);
    assert_eq!(play.open, [1]);
    let enabled = true;
    play.give(Input::Order(PoolOrder::Enable { pool, enabled }));
    assert_eq!(play.open, [1, 0]);
}

#[test]
fn numbers_of_pools_are_never_used_twice_and_run_out_with_a_word() {
    let mut play = Play::ranked(1);
    for number in 1..=255u8 {
        let pool = Box::new(pool("more", PoolConfig::DEFAULT_GROUP));
        let place = None;
        play.give(Input::Order(PoolOrder::Add { pool, place }));
        assert_eq!(play.pools.status(play.now)[1].id, number);
        play.give(Input::Order(PoolOrder::Remove(PoolIndex(number))));
    }
    let count = play.remembered.len();
    let pool = Box::new(pool("more", PoolConfig::DEFAULT_GROUP));
    play.give(Input::Order(PoolOrder::Add { pool, place: None }));
    assert_eq!(play.remembered.len(), count);
    let told = play.notes.last().expect("told");
    assert!(told.detail.contains("restart"), "{told:?}");
}

#[test]
fn the_last_pool_is_not_removed() {
    let mut play = Play::ranked(1);
    play.up(0);
    play.give(Input::Order(PoolOrder::Remove(PoolIndex(0))));
    assert!(
        play.notes
            .last()
            .is_some_and(|note| note.detail.contains("disable"))
    );
    play.check_used(&[0]);
}

#[test]
fn a_pool_of_a_group_that_nothing_is_left_for_is_not_added() {
    let mut play = Play::new(&[("a", 60.0)], &["a"]);
    let add = |play: &mut Play, group: &str| {
        let pool = Box::new(pool("more", group));
        let known = play.remembered.len();
        play.give(Input::Order(PoolOrder::Add { pool, place: None }));
        play.remembered.len() > known
    };
    assert!(!add(&mut play, "b"));
    assert!(add(&mut play, PoolConfig::DEFAULT_GROUP));
    assert!(add(&mut play, "a"));
    let mut full = Play::new(&[("a", 100.0)], &["a"]);
    assert!(!add(&mut full, PoolConfig::DEFAULT_GROUP));
    let mut plain = Play::ranked(1);
    assert!(add(&mut plain, PoolConfig::DEFAULT_GROUP));
    assert!(!add(&mut plain, "b"));
}

#[test]
fn there_is_a_most_of_pools() {
    let mut play = Play::ranked(2);
    for _ in 0..40 {
        let pool = Box::new(pool("more", PoolConfig::DEFAULT_GROUP));
        play.give(Input::Order(PoolOrder::Add { pool, place: None }));
    }
    assert_eq!(play.pools.status(play.now).len(), POOLS_MAX);
    assert_eq!(play.notes.len(), 42 - POOLS_MAX);
}

#[test]
fn a_stop_ends_every_session_and_asks_nobody_any_more() {
    let mut play = Play::new(&[("a", 50.0), ("b", 50.0)], &["a", "b", "a"]);
    play.up(0);
    play.up(1);
    play.find(1);
    play.give(Input::Stop);
    assert!(play.open.is_empty());
    assert_eq!(play.uses, []);
    assert_eq!(play.outcomes.len(), 1);
    assert_eq!(play.pools.next_deadline(), None);
    play.wait(1000);
    assert!(play.open.is_empty());
}

#[test]
fn a_password_is_shown_nowhere() {
    let address = Address::parse("p:1").expect("an address");
    let config = PoolConfig {
        difficulty_one: DifficultyOne::BITCOIN,
        ..PoolConfig::new(address, "user", "s3cret")
    };
    let mut play = Play::ranked(1);
    let pool = Box::new(config);
    play.give(Input::Order(PoolOrder::Add { pool, place: None }));
    let shown = format!("{:?} {:?}", play.pools, play.pools.status(play.now));
    assert!(!shown.contains("s3cret"));
}
