//! The pool against a small client of its own.

use serde_json::{Value, json};
use units::{Difficulty, DifficultyOne, Duration};

use super::bench::{Bench, CONN, code, header, leading_zero_bits};
use super::job::sha256d;
use super::wire::unhex;
use super::*;

/// A pool at the twin's scale whose clocks stand still unless a test sets them.
fn options() -> PoolOptions {
    PoolOptions {
        difficulty_one: DifficultyOne::from_zero_bits(2).expect("at most 32"),
        source: Source::Synthetic(Synthetic {
            job_every: None,
            block_every: None,
            ..Synthetic::default()
        }),
        ..PoolOptions::default()
    }
}

#[test]
fn a_plain_session_gets_difficulty_job_and_credit() {
    let mut bench = Bench::ready(options());
    assert_eq!(bench.params_of("mining.set_difficulty"), [json!([1])]);
    let job = bench.last_job();
    assert_eq!(job[8], json!(true), "the first job is clean");
    let share = bench.find(&job, 3, 0x00aa_e000 & 0x1fff_e000, 0);
    let answer = bench.submit(&share);
    assert_eq!(
        (&answer["result"], &answer["error"]),
        (&json!(true), &Value::Null)
    );
    let ledger = bench.pool.ledger();
    assert_eq!(ledger.totals.accepted, 1);
    assert_eq!(ledger.by_connection[&CONN].submitted(), 1);
    assert!(ledger.records[0].hash.is_some());
    assert!(ledger.violations.is_empty());
}

#[test]
fn every_error_code_has_its_cause() {
    let check = |change: &dyn Fn(&mut Value), expected: i64| {
        let mut bench = Bench::ready(options());
        let mut share = bench.find(&bench.last_job(), 3, 0x2000, 0);
        change(&mut share);
        let answer = bench.submit(&share);
        assert_eq!(code(&answer), json!(expected), "{share} -> {answer}");
        assert_eq!(
            bench.pool.ledger().records[0].verdict.code(),
            Some(expected)
        );
    };
    check(&|s| s[0] = json!("bob"), 20);
    check(&|s| s[1] = json!("nonsense"), 21);
    check(
        &|s| s[1] = json!(s[1].as_str().unwrap_or("").to_lowercase()),
        21,
    );
    check(&|s| s[2] = json!("5a5a"), 20);
    check(&|s| s[2] = json!("zz"), 20);
    check(&|s| s[3] = json!("00000000"), 20);
    check(&|s| s[3] = json!("ffffffff"), 20);
    check(&|s| s[3] = json!(12), 20);
    check(&|s| s[4] = json!("123"), 20);
    check(&|s| s[5] = json!("20000000"), 20);
    check(&|s| s[5] = json!(8192), 20);
}

#[test]
fn hashes_above_the_target_are_23_and_repeats_are_22() {
    let mut bench = Bench::ready(options());
    let job = bench.last_job();
    let (en1, size) = bench.subscription();
    let high = (0..)
        .find(|n| leading_zero_bits(&sha256d(&header(&job, &en1, &vec![0x5a; size], 0, *n))) == 0)
        .expect("half of them");
    let mut share = bench.find(&job, 3, 0, 0);
    share[4] = json!(format!("{high:08x}"));
    assert_eq!(code(&bench.submit(&share)), json!(23));
    let share = bench.find(&job, 3, 0, 0);
    assert_eq!(bench.submit(&share)["result"], json!(true));
    assert_eq!(code(&bench.submit(&share)), json!(22));
}

#[test]
fn order_of_session_is_enforced_with_24_and_25() {
    let mut bench = Bench::new(options());
    let share = json!(["alice.1", "1", "00", "00000000", "00000000"]);
    assert_eq!(code(&bench.submit(&share)), json!(25));
    bench.ask("mining.subscribe", json!([]));
    assert_eq!(code(&bench.submit(&share)), json!(24));
    assert!(bench.params_of("mining.notify").is_empty());
}

#[test]
fn a_job_stays_good_until_a_clean_one_voids_it() {
    let mut bench = Bench::ready(options());
    let first = bench.last_job();
    bench.order(Order::NewJob { clean: false });
    assert_eq!(bench.last_job()[8], json!(false));
    assert_eq!(bench.last_job()[1], first[1], "the same previous block");
    let share = bench.find(&first, 3, 0, 0);
    assert_eq!(bench.submit(&share)["result"], json!(true));
    bench.order(Order::NewJob { clean: true });
    assert_ne!(bench.last_job()[1], first[1]);
    let share = bench.find(&first, 3, 0, 1000);
    assert_eq!(code(&bench.submit(&share)), json!(21));
    assert!(
        bench.pool.ledger().records[1].hash.is_some(),
        "a stale share is hashed"
    );
    assert_eq!(bench.pool.ledger().totals.stale, 1);
}

#[test]
fn difficulty_holds_for_jobs_sent_after_it() {
    let mut bench = Bench::ready(options());
    let job = bench.last_job();
    bench.order(Order::SetDifficulty(
        Difficulty::new(4096.0).expect("positive"),
    ));
    let weak = bench.find(&job, 3, 0, 0);
    assert_eq!(bench.submit(&weak)["result"], json!(true));
    bench.order(Order::NewJob { clean: false });
    let job = bench.last_job();
    let weak = bench.find(&job, 3, 0, 0);
    assert_eq!(code(&bench.submit(&weak)), json!(23));
    let strong = bench.find(&job, 15, 0, 0);
    assert_eq!(bench.submit(&strong)["result"], json!(true));
}

#[test]
fn extranonce_pairs_stay_with_their_jobs() {
    let mut bench = Bench::ready(options());
    let old_job = bench.last_job();
    let old_share = bench.find(&old_job, 3, 0, 0);
    bench.order(Order::SetExtranonce {
        extranonce2_size: 3,
    });
    assert_eq!(bench.submit(&old_share)["result"], json!(true));
    let pair = bench
        .params_of("mining.set_extranonce")
        .pop()
        .expect("sent");
    assert_eq!(pair[1], json!(3));
    bench.order(Order::NewJob { clean: false });
    let job = bench.last_job();
    let en1 = unhex(pair[0].as_str().expect("text")).expect("hex");
    let nonce = (0..)
        .find(|n| leading_zero_bits(&sha256d(&header(&job, &en1, &[1, 2, 3], 0, *n))) >= 3)
        .expect("one in eight");
    let share = json!([
        "alice.1",
        job[0],
        "010203",
        job[7],
        format!("{nonce:08x}"),
        "00000000"
    ]);
    assert_eq!(bench.submit(&share)["result"], json!(true));
}

#[test]
fn a_version_mask_holds_at_once_because_a_clean_job_follows() {
    let mut bench = Bench::ready(options());
    let old = bench.last_job();
    bench.order(Order::SetVersionMask(0x0000_6000));
    let share = bench.find(&old, 3, 0, 0);
    assert_eq!(code(&bench.submit(&share)), json!(21));
    assert_eq!(bench.last_job()[8], json!(true));
    let mut share = bench.find(&old, 3, 0x8000, 0);
    share[1] = bench.last_job()[0].clone();
    assert_eq!(code(&bench.submit(&share)), json!(20));
}

#[test]
fn configure_grants_the_intersection() {
    let check = |options: PoolOptions, asked: Value, expected: Value| {
        let mut bench = Bench::new(options);
        assert_eq!(bench.ask("mining.configure", asked)["result"], expected);
    };
    let rolling = |mask: &str| json!([["version-rolling"], { "version-rolling.mask": mask }]);
    let granted = |mask: &str| json!({ "version-rolling": true, "version-rolling.mask": mask });
    check(options(), rolling("ffffffff"), granted("1fffe000"));
    check(options(), rolling("00ff0000"), granted("00ff0000"));
    let without = PoolOptions {
        version_mask: None,
        ..options()
    };
    check(
        without,
        rolling("ffffffff"),
        json!({ "version-rolling": false }),
    );
    check(
        options(),
        json!([["minimum-difficulty", "subscribe-extranonce", "unheard-of"], { "minimum-difficulty.value": 64 }]),
        json!({ "minimum-difficulty": true, "subscribe-extranonce": true, "unheard-of": false }),
    );
    check(
        options(),
        json!([["minimum-difficulty"], { "minimum-difficulty.value": 0 }]),
        json!({ "minimum-difficulty": "minimum-difficulty.value is not a positive number" }),
    );
    check(options(), json!("nonsense"), json!({}));
}

#[test]
fn listed_users_alone_are_let_in() {
    let users = Users::Listed(vec![("alice.1".into(), "secret".into())]);
    let mut bench = Bench::new(PoolOptions { users, ..options() });
    bench.ask("mining.subscribe", json!([]));
    assert_eq!(
        code(&bench.ask("mining.authorize", json!(["alice.1", "x"]))),
        json!(24)
    );
    assert_eq!(code(&bench.ask("mining.authorize", json!([5]))), json!(24));
    assert!(bench.params_of("mining.notify").is_empty());
    assert_eq!(
        bench.ask("mining.authorize", json!(["alice.1", "secret"]))["result"],
        json!(true)
    );
    assert_eq!(bench.params_of("mining.notify").len(), 1);
}

#[test]
fn extranonce1_is_unique_per_connection() {
    let mut bench = Bench::new(PoolOptions {
        extranonce1_size: 2,
        ..options()
    });
    let mut seen = std::collections::BTreeSet::new();
    for n in 100..400 {
        bench.input(Input::Opened(ConnId(n)));
        let line = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n".to_vec();
        bench.said.clear();
        bench.input(Input::Bytes(ConnId(n), line));
        let message: Value = serde_json::from_slice(&bench.said[0].1).expect("an answer");
        assert!(seen.insert(message["result"][1].to_string()), "{message}");
    }
}

#[test]
fn nonsense_closes_the_connection_and_is_booked() {
    let check = |bytes: Vec<u8>| {
        let mut bench = Bench::ready(options());
        bench.input(Input::Bytes(CONN, bytes.clone()));
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
        assert_eq!(bench.closed, [CONN], "{shown}");
        assert_eq!(bench.pool.ledger().violations.len(), 1, "{shown}");
    };
    check(b"{\"id\":1,\n".to_vec());
    check(b"[]\n".to_vec());
    check(b"\xff\n".to_vec());
    check(vec![b'x'; 70_000]);
    check([vec![b'['; 60_000], b"\n".to_vec()].concat());
}

#[test]
fn dialects_change_the_form_and_not_the_meaning() {
    let with = |dialect: Dialect| {
        let behaviour = Behaviour {
            dialect,
            ..Behaviour::default()
        };
        let mut bench = Bench::ready(PoolOptions {
            behaviour,
            ..options()
        });
        bench.submit(&json!(["alice.1", "?", "", "", ""]))
    };
    let object = with(Dialect {
        errors: ErrorForm::Object,
        ..Dialect::default()
    });
    assert_eq!(
        object["error"],
        json!({ "code": 21, "message": "Job not found" })
    );
    let text = Dialect {
        errors: ErrorForm::Text,
        refused_result: RefusedResult::Absent,
        ..Dialect::default()
    };
    let text = with(text);
    assert_eq!(text["error"], json!("Job not found"));
    assert!(text.get("result").is_none());
    let absent = with(Dialect {
        errors: ErrorForm::Absent,
        ..Dialect::default()
    });
    assert_eq!(
        (&absent["result"], &absent["error"]),
        (&json!(false), &Value::Null)
    );
    // The helper looks for the number 9: a string id is another answer.
    assert_eq!(
        with(Dialect {
            string_ids: true,
            ..Dialect::default()
        }),
        Value::Null
    );
}

#[test]
fn an_early_job_precedes_the_answer_to_authorize() {
    let dialect = Dialect {
        early_notify: true,
        ..Dialect::default()
    };
    let behaviour = Behaviour {
        dialect,
        ..Behaviour::default()
    };
    let bench = Bench::ready(PoolOptions {
        behaviour,
        ..options()
    });
    let messages = bench.messages();
    let job = messages
        .iter()
        .position(|m| m["method"] == json!("mining.notify"));
    let authorized = messages.iter().rposition(|m| m["result"] == json!(true));
    assert!(job.expect("a job") < authorized.expect("an answer"));
    assert_eq!(bench.params_of("mining.notify").len(), 1, "once only");
}

#[test]
fn fragments_and_junk_leave_the_messages_whole() {
    let plain = Bench::ready(options()).messages();
    for fragments in [Fragments::Bytes, Fragments::Pieces(5)] {
        let behaviour = Behaviour {
            fragments,
            ..Behaviour::default()
        };
        let bench = Bench::ready(PoolOptions {
            behaviour,
            ..options()
        });
        assert_eq!(bench.messages(), plain, "{fragments:?}");
        assert!(bench.said.len() > 100);
    }
    let behaviour = Behaviour {
        junk_lines: 1.0,
        ..Behaviour::default()
    };
    let bench = Bench::ready(PoolOptions {
        behaviour,
        ..options()
    });
    assert!(bench.messages().len() >= plain.len());
    assert!(
        bench.last_job()[8].is_boolean(),
        "the true job is the last line"
    );
}

#[test]
fn a_hanging_pool_says_nothing_and_one_that_recovers_sends_the_job() {
    let behaviour = Behaviour {
        hang: true,
        ..Behaviour::default()
    };
    let mut bench = Bench::ready(PoolOptions {
        behaviour,
        ..options()
    });
    assert!(bench.said.is_empty());
    bench.order(Order::Hang(false));
    assert_eq!(bench.last_job()[8], json!(true));
}

#[test]
fn a_pool_that_was_silent_tells_the_difficulty_of_its_next_job() {
    let mut bench = Bench::ready(options());
    bench.order(Order::Hang(true));
    let raised = Difficulty::new(64.0).expect("above zero");
    bench.order(Order::SetDifficulty(raised));
    bench.order(Order::Hang(false));
    let told = bench.params_of("mining.set_difficulty");
    assert_eq!(told.last().map(|p| p[0].as_f64()), Some(Some(64.0)));
}

#[test]
fn unanswered_submits_are_still_booked() {
    let behaviour = Behaviour {
        unanswered_submits: 1.0,
        ..Behaviour::default()
    };
    let mut bench = Bench::ready(PoolOptions {
        behaviour,
        ..options()
    });
    let share = bench.find(&bench.last_job(), 3, 0, 0);
    let before = bench.said.len();
    bench.raw(&json!({ "id": 77, "method": "mining.submit", "params": share }).to_string());
    assert_eq!(bench.said.len(), before);
    let totals = bench.pool.ledger().totals;
    assert_eq!((totals.accepted, totals.unanswered), (1, 1));
}

#[test]
fn connections_drop_after_their_time() {
    let behaviour = Behaviour {
        drop_after: Some(Duration::from_secs(5)),
        ..Behaviour::default()
    };
    let mut bench = Bench::ready(PoolOptions {
        behaviour,
        ..options()
    });
    bench.pass(Duration::from_secs(4));
    assert!(bench.closed.is_empty());
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.closed, [CONN]);
}

#[test]
fn the_schedule_brings_jobs_blocks_storms_and_difficulties() {
    let synthetic = Synthetic::default();
    let behaviour = Behaviour {
        difficulty_changes: Some(DifficultyChanges {
            mean: Duration::from_secs(60),
            choices: vec![Difficulty::ONE, Difficulty::new(0.25).expect("positive")],
            with_job: 0.5,
        }),
        job_storms: Some(JobStorms {
            mean: Duration::from_secs(300),
            jobs: 20,
            gap: Duration::from_millis(2),
            clean: 0.5,
        }),
        script: vec![(Duration::from_secs(10), Order::Ping)],
        ..Behaviour::default()
    };
    let source = Source::Synthetic(synthetic);
    let run = || {
        let mut bench = Bench::ready(PoolOptions {
            source: source.clone(),
            behaviour: behaviour.clone(),
            ..options()
        });
        bench.pass(Duration::from_secs(3600));
        bench
    };
    let bench = run();
    let jobs = bench.params_of("mining.notify");
    let clean = jobs.iter().filter(|j| j[8] == json!(true)).count();
    assert!((200..1000).contains(&jobs.len()), "{}", jobs.len());
    assert!(clean > 30, "{clean}");
    assert!(bench.params_of("mining.set_difficulty").len() > 30);
    assert_eq!(bench.params_of("mining.ping").len(), 1);
    assert_eq!(
        bench.bytes(),
        run().bytes(),
        "one seed gives the same bytes"
    );
}

#[test]
fn requests_of_the_pool_get_their_answers_booked() {
    let mut bench = Bench::ready(options());
    bench.order(Order::GetVersion);
    let request = bench.messages().pop().expect("a request");
    bench.raw(&json!({ "id": request["id"], "result": "test/1", "error": null }).to_string());
    let reply = &bench.pool.ledger().replies[0];
    assert_eq!(
        (reply.method, reply.result.as_str()),
        ("client.get_version", "\"test/1\"")
    );
    bench.raw("{\"id\":99,\"result\":1}");
    assert_eq!(bench.pool.ledger().violations.len(), 1);
}

#[test]
fn random_bytes_never_stop_the_pool() {
    let mut rng = units::Rng::new(42);
    let mut bench = Bench::ready(options());
    for n in 0..3000 {
        let conn = ConnId(1000 + n);
        bench.input(Input::Opened(conn));
        let mut line = b"{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"a\",\"b\",\"00\",\"00000000\",\"00000000\"]}\n".to_vec();
        for _ in 0..=rng.below(8) {
            let at = rng.below(line.len() as u64) as usize;
            line[at] = rng.next_u32() as u8;
        }
        bench.input(Input::Bytes(conn, line));
    }
    assert_eq!(bench.pool.ledger().connections, 3001);
}
