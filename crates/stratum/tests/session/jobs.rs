//! Jobs, and what decides them: difficulty, extranonce, version mask, repeats.

use std::sync::Arc;

use units::JobKey;
use work::Job;

use crate::harness::{Harness, check, config};

#[test]
fn difficulty_holds_for_the_jobs_that_follow() {
    check(
        r#"handshake
        notify a
        > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        < {"id":null,"method":"mining.set_difficulty","params":[0.001]}
        notify b
        > job b serial=1 clean=false difficulty=0.0010 mask=1fffe000 extranonce=0a0b+4
        < {"id":null,"method":"mining.set_difficulty","params":["1e+06"]}
        < {"id":null,"method":"mining.set_difficulty","params":[1000000.0]}
        notify c clean
        > job c serial=2 clean=true difficulty=1000000.0000 mask=1fffe000 extranonce=0a0b+4"#,
    );
}

#[test]
fn impossible_difficulties_leave_the_old_one() {
    for params in [
        "[0]",
        "[-1]",
        "[-0.0]",
        "[1e400]",
        "[\"NaN\"]",
        "[NaN]",
        "[Infinity]",
        "[1e99]",
        "[1e-99]",
        "[null]",
        "[\"\"]",
        "[{}]",
        "[]",
        "{}",
        "7",
        "null",
    ] {
        check(&format!(
            r#"handshake
            < {{"id":null,"method":"mining.set_difficulty","params":{params}}}
            > note E-POOL-DIFF
            notify a
            > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
            > note E-POOL-UP"#
        ));
    }
}

#[test]
fn clean_is_said_by_the_flag_or_by_a_new_block() {
    check(
        "handshake
         notify a
         > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
         > note E-POOL-UP
         notify b
         > job b serial=1 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
         notify c clean
         > job c serial=2 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
         notify d prev=2
         > job d serial=3 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
         notify e prev=2
         > job e serial=4 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4",
    );
}

#[test]
fn a_repeated_job_is_handed_out_once() {
    check(
        r#"handshake
        notify a
        > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        notify a
        # Nothing older is valid: `clean` says nothing new.
        notify a clean
        notify b
        > job b serial=1 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        notify b
        # Now it does, once.
        notify b clean
        > job b serial=2 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        notify b clean
        # The same name for another content is another job, and so is another name.
        notify b ntime=66554434
        > job b serial=3 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        notify c ntime=66554434
        > job c serial=4 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        # A repeat makes a new difficulty or extranonce take hold.
        < {"id":null,"method":"mining.set_difficulty","params":[5]}
        notify c ntime=66554434
        > job c serial=5 clean=false difficulty=5.0000 mask=1fffe000 extranonce=0a0b+4
        < {"id":null,"method":"mining.set_extranonce","params":["0c",3]}
        notify c ntime=66554434
        > job c serial=6 clean=false difficulty=5.0000 mask=1fffe000 extranonce=0c+3
        notify c ntime=66554434"#,
    );
}

#[test]
fn a_new_extranonce_holds_for_the_jobs_that_follow() {
    check(
        r#"handshake
        notify a
        > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        < {"id":null,"method":"mining.set_extranonce","params":["0x0C0D0E",8]}
        submit 1
        > send {"id":5,"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b","00006000"]}
        notify b
        > job b serial=1 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0c0d0e+8
        submit 2
        > send {"id":6,"method":"mining.submit","params":["acc.w1","b","0000000000000001","66554433","01020a0b","00006000"]}
        submit 3 job=a
        > send {"id":7,"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b","00006000"]}
        < {"id":null,"method":"mining.set_extranonce","params":["01",0]}
        notify c
        > job c serial=2 clean=false difficulty=4.0000 mask=1fffe000 extranonce=01+0
        submit 4
        > send {"id":8,"method":"mining.submit","params":["acc.w1","c","","66554433","01020a0b","00006000"]}"#,
    );
}

#[test]
fn an_unusable_new_extranonce_ends_the_session() {
    for params in [
        "[\"0a\",33]",
        "[\"0a\",255]",
        "[\"0\"]",
        "[7,4]",
        "[]",
        "null",
        "{}",
    ] {
        check(&format!(
            r#"handshake
            < {{"id":null,"method":"mining.set_extranonce","params":{params}}}
            > ended 02000000
            > disconnect
            > note E-POOL-EXTRANONCE"#
        ));
    }
}

#[test]
fn a_new_version_mask_holds_at_once_and_keeps_the_search() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    harness.play("notify a version=3fffe004");
    let mut mask = |m: &str| {
        harness.play(&format!(
            r#"< {{"id":null,"method":"mining.set_version_mask","params":["{m}"]}}"#
        ))
    };
    assert_eq!(
        mask("0x1FFF0000"),
        ["job a serial=1 clean=true difficulty=4.0000 mask=1fff0000 extranonce=0a0b+4"],
        "bits were taken away: older work is void"
    );
    assert_eq!(mask("1fff0fff"), [""; 0], "the same bits of ours");
    assert_eq!(
        mask("ffffffff"),
        ["job a serial=2 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4"]
    );
    assert_eq!(
        mask("00000000"),
        ["job a serial=3 clean=true difficulty=4.0000 mask=00000000 extranonce=0a0b+4"]
    );
    for bad in ["\"], [\"", "zz", ""] {
        assert_eq!(mask(bad), ["note E-POOL-PROTOCOL"]);
    }
    let prints: Vec<_> = harness
        .jobs
        .iter()
        .map(|j| j.content_fingerprint())
        .collect();
    assert!(prints.windows(2).all(|p| p[0] == p[1]));
    // Rolled bits replace the job's own inside the mask, and the others stay.
    let rolled: Vec<_> = harness
        .jobs
        .iter()
        .map(|j| j.rolled_version(0x6000))
        .collect();
    assert_eq!(rolled, [0x2000_6004, 0x2000_e004, 0x2000_6004, 0x3fff_e004]);
}

#[test]
fn unusable_jobs_are_skipped_with_a_code() {
    for bad in [
        "notify b nbits=00000000",
        "notify b nbits=1d80ffff",
        "notify b nbits=ff00ffff",
        "notify b nbits=zz",
        "notify b ntime=123456789",
        "notify b version=",
        "notify b branches=65",
        "notify b branches=10000",
        r#"< {"id":null,"method":"mining.notify","params":[]}"#,
        r#"< {"id":null,"method":"mining.notify","params":{"job_id":"b"}}"#,
        r#"< {"id":null,"method":"mining.notify","params":null}"#,
        r#"< {"id":null,"method":"mining.notify"}"#,
        r#"< {"id":null,"method":"mining.notify","params":["b",1,2,3,4,5,6,7,8]}"#,
        r#"< {"id":null,"method":"mining.notify","params":["b"]}"#,
    ] {
        check(&format!(
            "handshake
             notify a
             > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
             > note E-POOL-UP
             {bad}
             > note E-POOL-JOB
             notify a
             notify c branches=64
             > job c serial=1 clean=false difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4"
        ));
    }
}

#[test]
fn a_coinbase_is_bounded_as_a_whole() {
    let half = "00".repeat(stratum::limits::COINBASE_BYTES / 2);
    let prev = "01".repeat(32);
    let mut harness = Harness::new(config());
    harness.play("handshake");
    let effects = harness.play(&format!(
        r#"< {{"id":null,"method":"mining.notify","params":["a","{prev}","{half}","{half}",[],"2","17034219","1",true]}}"#
    ));
    assert_eq!(effects, ["note E-POOL-JOB"]);
}

#[test]
fn jobs_name_their_session_and_their_time() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    harness.play("wait 5s");
    harness.play("notify a");
    harness.play("closed");
    harness.play("wait 2s");
    for line in [
        "connected",
        r#"< {"id":1,"result":false}"#,
        r#"< {"id":2,"result":[[],"0a0b",4]}"#,
        r#"< {"id":3,"result":true}"#,
        "notify a",
    ] {
        harness.play(line);
    }
    let keys: Vec<JobKey> = harness.jobs.iter().map(|j: &Arc<Job>| j.key).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!((keys[0].session.0, keys[0].serial), (0x0200_0000, 0));
    assert_eq!((keys[1].session.0, keys[1].serial), (0x0200_0001, 0));
    assert_eq!(
        harness.jobs[0].received_at,
        units::Instant::from_millis(5000)
    );
}
