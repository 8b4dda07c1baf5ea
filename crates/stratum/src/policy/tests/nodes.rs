//! One's own node among pools: it stands in for them, and they for it.

use super::*;
use crate::node::{Answer, Failure, FailureKind, News, Template};

fn own_node() -> PoolConfig {
    let address = Address::parse("node+http://u:hunter2@127.0.0.1:8332").expect("an address");
    // BIP173's example key.
    PoolConfig::new(address, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "")
}

fn a_pool() -> PoolConfig {
    pool("p", PoolConfig::DEFAULT_GROUP)
}

impl Play {
    fn news(&mut self, pool: u8, news: News) {
        self.give(Input::Pool(PoolIndex(pool), crate::Input::Node(news)));
    }

    /// The node answers and gives a template.
    fn node_up(&mut self, pool: u8) {
        assert!(self.open.contains(&pool), "node {pool} is not asked");
        let chain = "regtest".to_owned();
        self.news(pool, News::Up { chain });
        self.template(pool);
    }

    /// On a new block. All but the highest hashes meet its target.
    fn template(&mut self, pool: u8) {
        self.serial += 1;
        let template = Template {
            id: u64::from(self.serial),
            height: 100 + self.serial,
            prev_hash: [self.serial as u8; 32],
            nbits: 0x2100_ffff,
            ..Template::example()
        };
        self.news(pool, News::Template(Box::new(template)));
    }

    fn node_down(&mut self, pool: u8) {
        self.open.retain(|open| *open != pool);
        let failure = Failure {
            kind: FailureKind::Unreachable,
            detail: "gone".into(),
        };
        self.news(pool, News::Failed(failure));
    }
}

#[test]
fn a_node_stands_in_for_a_pool_and_gives_the_work_back() {
    let mut play = Play::of(&[], vec![a_pool(), own_node()]);
    play.up(0);
    play.wait(30);
    assert_eq!(play.open, [0], "nobody asks the node");
    play.down(0);
    play.fails_for(0, 6);
    assert!(play.open.contains(&1), "{:?}", play.open);
    play.node_up(1);
    play.check_used(&[1]);
    let block = play.find(1);
    assert_eq!(play.blocks, [(1, ShareId(block))]);
    let (share, answer) = (ShareId(block), Answer::Taken);
    play.news(1, News::Answer { share, answer });
    assert_eq!(play.outcomes, [(block, ShareOutcome::Accepted)]);
    play.template(1);
    // The pool is back, proves itself, and takes over; the node is asked no more.
    while !play.open.contains(&0) {
        play.wait(1);
    }
    play.up(0);
    play.check_used(&[1]);
    play.live(61);
    play.check_used(&[0]);
    play.live(31);
    assert_eq!(play.open, [0]);
    assert!(play.ended.contains(&1) && play.left.contains(&1));
}

#[test]
fn a_pool_stands_in_for_a_node_and_gives_the_work_back() {
    let mut play = Play::of(&[], vec![own_node(), a_pool()]);
    play.node_up(0);
    play.wait(30);
    assert_eq!(play.open, [0], "nobody asks the pool");
    let block = play.find(0);
    play.node_down(0);
    // What the node can be told no more has no answer, and goes nowhere else.
    assert_eq!(play.outcomes, [(block, ShareOutcome::NoAnswer)]);
    for _ in 0..6 {
        play.wait(1);
        if play.open.contains(&0) {
            play.node_down(0);
        }
    }
    play.up(1);
    play.check_used(&[1]);
    assert!(play.sent.iter().all(|(pool, _)| *pool == 1));
    assert!(play.blocks.iter().all(|(pool, _)| *pool == 0));
    while !play.open.contains(&0) {
        play.live(1);
    }
    play.node_up(0);
    play.check_used(&[1]);
    // A node says nothing while there is nothing new.
    play.live(61);
    play.check_used(&[0]);
    play.live(31);
    assert_eq!(play.open, [0]);
}

#[test]
fn a_node_that_cannot_be_used_leaves_the_work_to_the_pool() {
    let mut play = Play::of(&[], vec![own_node(), a_pool()]);
    let chain = "main".to_owned();
    // The payout is regtest's.
    play.news(0, News::Up { chain });
    assert!(play.notes.iter().any(|note| note.code == Code::NodePayout));
    play.wait(6);
    play.up(1);
    play.check_used(&[1]);
    let status = play.pools.status(play.now);
    assert_eq!(status[0].state, PoolState::Refused);
    let node = status[0].node.as_ref().expect("it is one");
    assert_eq!(node.chain.as_deref(), Some("main"));
}

#[test]
fn a_node_shares_the_hashrate_by_its_quota() {
    let node = PoolConfig {
        group: "mine".into(),
        ..own_node()
    };
    let mut play = Play::of(&[("mine", 30.0)], vec![node, a_pool()]);
    play.node_up(0);
    play.up(1);
    assert_eq!(play.used(), [(0, 3000), (1, 7000)]);
    play.node_down(0);
    assert_eq!(play.used(), [(1, 7000)]);
}

#[test]
fn a_node_is_added_and_removed_while_a_pool_works() {
    let mut play = Play::of(&[], vec![a_pool()]);
    play.up(0);
    let add = PoolOrder::Add {
        pool: Box::new(own_node()),
        place: Some(0),
    };
    play.give(Input::Order(add));
    assert_eq!(play.remembered, [["127.0.0.1", "p"]]);
    play.node_up(1);
    play.live(61);
    play.check_used(&[1]);
    play.give(Input::Order(PoolOrder::Remove(PoolIndex(1))));
    if !play.open.contains(&0) {
        play.wait(1);
    }
    play.check_used(&[0]);
    play.live(31);
    assert_eq!(play.open, [0]);
}

#[test]
fn a_nodes_login_is_shown_nowhere() {
    let mut play = Play::of(&[], vec![own_node(), a_pool()]);
    play.node_up(0);
    play.node_down(0);
    let shown = format!(
        "{:?} {:?} {:?}",
        play.pools,
        play.notes,
        play.pools.status(play.now)
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
