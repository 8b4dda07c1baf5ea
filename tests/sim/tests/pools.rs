//! Pools that misbehave: the miner comes back, keeps its accounts and stays bounded.
//! Grade: exact, with three chains of an S21 Pro (the cheaper of the two machines).

use sim::{World, WorldOptions};
use telemetry::{Code, MachineState, PoolState};
use twin::pool::{
    Behaviour, ConfigureForm, Dialect, ErrorForm, Fragments, Order, RefusedResult, UnknownMethod,
};
use units::Duration;

fn options(seed: u64, behaviour: Behaviour) -> WorldOptions {
    let mut options = WorldOptions::healthy(seed, "antminer-s21-pro");
    options.pool.behaviour = behaviour;
    options
}

fn earns(seed: u64, behaviour: Behaviour) {
    let mut world = World::new(options(seed, behaviour.clone()));
    world.run_for(Duration::from_secs(25));
    let shares = world.snapshot().shares;
    assert!(
        shares.accepted > 100,
        "{behaviour:?}: {shares:?} {:?}",
        world.notes
    );
    world.settle_accounts();
}

#[test]
fn every_dialect_earns() {
    let dialects = [
        Dialect {
            string_ids: true,
            ..Dialect::default()
        },
        Dialect {
            errors: ErrorForm::Object,
            refused_result: RefusedResult::False,
            ..Dialect::default()
        },
        Dialect {
            errors: ErrorForm::Text,
            refused_result: RefusedResult::Absent,
            ..Dialect::default()
        },
        Dialect {
            errors: ErrorForm::Absent,
            refused_result: RefusedResult::False,
            ..Dialect::default()
        },
        Dialect {
            early_notify: true,
            long_notify: true,
            crlf: true,
            ..Dialect::default()
        },
        Dialect {
            unknown_method: UnknownMethod::Error,
            refuse_extranonce_subscribe: true,
            ..Dialect::default()
        },
        Dialect {
            clean_flag_missing: true,
            ..Dialect::default()
        },
    ];
    for (i, dialect) in dialects.into_iter().enumerate() {
        earns(
            100 + i as u64,
            Behaviour {
                dialect,
                ..Behaviour::default()
            },
        );
    }
}

#[test]
fn a_pool_that_does_not_know_configure_is_mined_at_all_the_same() {
    // Without version bits a chip that rolls versions itself loses most of its rate, and
    // says so.
    for (i, configure) in [
        ConfigureForm::Error,
        ConfigureForm::False,
        ConfigureForm::Closes,
    ]
    .into_iter()
    .enumerate()
    {
        let dialect = Dialect {
            configure,
            ..Dialect::default()
        };
        let mut world = World::new(options(
            120 + i as u64,
            Behaviour {
                dialect,
                ..Behaviour::default()
            },
        ));
        world.run_for(Duration::from_secs(40));
        let snapshot = world.snapshot();
        assert!(
            snapshot.shares.submitted > 0,
            "{configure:?}: {:?}",
            snapshot.shares
        );
        assert!(
            snapshot
                .faults
                .iter()
                .any(|f| f.code == Code::PoolVersionBits),
            "{configure:?}: {:?}",
            snapshot.faults
        );
        world.settle_accounts();
    }
}

#[test]
fn lines_cut_anywhere_earn() {
    earns(
        130,
        Behaviour {
            fragments: Fragments::Bytes,
            ..Behaviour::default()
        },
    );
    earns(
        131,
        Behaviour {
            fragments: Fragments::Pieces(7),
            ..Behaviour::default()
        },
    );
}

#[test]
fn repeated_jobs_and_junk_do_no_harm() {
    earns(
        140,
        Behaviour {
            repeated_jobs: 0.5,
            junk_lines: 0.05,
            ..Behaviour::default()
        },
    );
}

#[test]
fn submits_without_an_answer_are_counted_as_lost_and_never_sent_again() {
    let behaviour = Behaviour {
        unanswered_submits: 0.05,
        ..Behaviour::default()
    };
    let mut world = World::new(options(150, behaviour));
    world.run_for(Duration::from_secs(120));
    let shares = world.snapshot().shares;
    let unanswered = world.pool_ledger().totals.unanswered;
    assert!(
        shares.lost > 0 && shares.lost <= unanswered,
        "{shares:?}, {unanswered}"
    );
    world.settle_accounts();
}

#[test]
fn a_dropped_connection_is_made_anew() {
    let behaviour = Behaviour {
        drop_after: Some(Duration::from_secs(10)),
        ..Behaviour::default()
    };
    let mut world = World::new(options(160, behaviour));
    world.run_for(Duration::from_secs(60));
    assert!(
        world.pool_ledger().connections >= 3,
        "{}",
        world.pool_ledger().connections
    );
    assert!(world.snapshot().shares.accepted > 100);
    world.settle_accounts();
}

#[test]
fn a_pool_that_says_nothing_is_left_and_tried_again() {
    let mut world = World::new(options(
        170,
        Behaviour {
            hang: true,
            ..Behaviour::default()
        },
    ));
    world.run_for(Duration::from_secs(400));
    let snapshot = world.snapshot();
    assert!(world.pool_ledger().connections >= 2, "{:?}", world.notes);
    assert_eq!(snapshot.shares.submitted, 0);
    assert_ne!(snapshot.state, MachineState::Hashing);
    assert!(
        world.notes.iter().any(|n| n.code == Code::PoolSilent),
        "{:?}",
        world.notes
    );
}

#[test]
fn a_pool_that_falls_silent_is_left_within_minutes() {
    let script = vec![
        (Duration::from_secs(30), Order::Hang(true)),
        (Duration::from_secs(420), Order::Hang(false)),
    ];
    let mut world = World::new(options(
        180,
        Behaviour {
            script,
            ..Behaviour::default()
        },
    ));
    world.run_for(Duration::from_secs(600));
    let pools = world.snapshot().pools;
    assert!(
        world.notes.iter().any(|n| n.code == Code::PoolSilent),
        "{:?}",
        world.notes
    );
    assert_eq!(pools[0].state, PoolState::Active, "{pools:?}");
}

#[test]
fn nonsense_difficulties_are_ignored_and_told() {
    let script = ["0", "-1", "\"NaN\"", "null", "[]", "1e999"]
        .into_iter()
        .enumerate()
        .map(|(i, text)| {
            (
                Duration::from_secs(10 + i as u64),
                Order::SendDifficultyText(text.into()),
            )
        })
        .collect();
    let mut world = World::new(options(
        190,
        Behaviour {
            script,
            ..Behaviour::default()
        },
    ));
    world.run_for(Duration::from_secs(30));
    assert!(
        world.notes.iter().any(|n| n.code == Code::PoolDifficulty),
        "{:?}",
        world.notes
    );
    assert!(world.snapshot().shares.accepted > 100);
    world.settle_accounts();
}

#[test]
fn odd_extranonce_sizes_are_mined_with() {
    for size in [0, 1, 2, 3, 16] {
        let mut options = options(200 + u64::from(size), Behaviour::default());
        options.pool.extranonce2_size = size;
        let mut world = World::new(options);
        world.run_for(Duration::from_secs(25));
        let shares = world.snapshot().shares;
        assert!(shares.accepted > 50, "{size}: {shares:?} {:?}", world.notes);
        world.settle_accounts();
    }
}

#[test]
fn extranonce_and_mask_changes_take_hold_for_the_jobs_that_follow() {
    let script = vec![
        (
            Duration::from_secs(12),
            Order::SetExtranonce {
                extranonce2_size: 4,
            },
        ),
        (Duration::from_secs(13), Order::NewJob { clean: false }),
        (Duration::from_secs(16), Order::SetVersionMask(0x00ff_e000)),
        (Duration::from_secs(18), Order::NewJob { clean: true }),
        (Duration::from_secs(20), Order::SetVersionMask(0x1fff_e000)),
    ];
    earns(
        210,
        Behaviour {
            script,
            ..Behaviour::default()
        },
    );
}
