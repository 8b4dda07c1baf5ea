//! The way to a session, with the pools' dialects.

use crate::harness::{check, check_with, config, difficulty};

const CONFIGURE: &str = r#"> send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}"#;
const SUBSCRIBE: &str = r#"> send {"id":2,"method":"mining.subscribe","params":["stannary/0.1"]}"#;
const AUTHORIZE: &str = r#"> send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}"#;
const EXTRANONCE: &str = r#"> send {"id":4,"method":"mining.extranonce.subscribe","params":[]}"#;

/// A handshake whose answers are `lines`, one after each request.
fn handshake(lines: [&str; 3]) -> String {
    let [configure, subscribe, authorize] = lines;
    format!(
        "start
         > connect pool.example:3333
         connected
         {CONFIGURE}
         < {configure}
         {SUBSCRIBE}
         < {subscribe}
         {AUTHORIZE}
         < {authorize}
         > session 02000000
         {EXTRANONCE}
         "
    )
}

const GRANTED: &str =
    r#"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null}"#;
const SUBSCRIBED: &str = r#"{"id":2,"result":[[["mining.notify","1"]],"0a0b",4],"error":null}"#;
const AUTHORIZED: &str = r#"{"id":3,"result":true,"error":null}"#;

/// Job `a` that must come out with this mask and extranonce.
fn job(mask: &str, extranonce: &str) -> String {
    format!(
        "notify a
         > job a serial=0 clean=true difficulty=1.0000 mask={mask} extranonce={extranonce}
         > note E-POOL-UP
         "
    )
}

#[test]
fn a_plain_pool_is_configured_subscribed_and_authorized() {
    check(&(handshake([GRANTED, SUBSCRIBED, AUTHORIZED]) + &job("1fffe000", "0a0b+4")));
}

#[test]
fn configure_answers_of_every_kind_lead_on() {
    let check_answer = |answer: &str, mask: &str| {
        let script = handshake([answer, SUBSCRIBED, AUTHORIZED]);
        check(&(script + &job(mask, "0a0b+4")));
    };
    // Wider than asked for, narrower, and without a bit in common.
    let mask = |m: &str| {
        format!(r#"{{"id":1,"result":{{"version-rolling":true,"version-rolling.mask":"{m}"}}}}"#)
    };
    check_answer(&mask("ffffffff"), "1fffe000");
    check_answer(&mask("0x1FFF0000"), "1fff0000");
    check_answer(&mask("e0001fff"), "00000000");
    // Not granted, in all the ways in which that is said.
    for answer in [
        r#"{"id":1,"result":{"version-rolling":false}}"#,
        r#"{"id":1,"result":{"version-rolling":"not here"}}"#,
        r#"{"id":1,"result":{}}"#,
        r#"{"id":1,"result":false,"error":null}"#,
        r#"{"id":1,"result":null,"error":[-3,"Method not found",null]}"#,
        r#"{"id":1,"error":{"code":-32601,"message":"Method not found"}}"#,
        r#"{"id":1,"error":"unknown method"}"#,
    ] {
        check_answer(answer, "00000000");
    }
}

#[test]
fn an_unreadable_mask_is_noted_and_does_without() {
    check(&format!(
        r#"start
        > connect pool.example:3333
        connected
        {CONFIGURE}
        < {{"id":1,"result":{{"version-rolling":true,"version-rolling.mask":7}}}}
        > note E-POOL-PROTOCOL
        {SUBSCRIBE}"#
    ));
}

#[test]
fn a_pool_silent_on_configure_is_subscribed_to_and_may_answer_late() {
    check(&format!(
        "start
         > connect pool.example:3333
         connected
         {CONFIGURE}
         wait 4999ms
         wait 1ms
         {SUBSCRIBE}
         < {SUBSCRIBED}
         {AUTHORIZE}
         < {AUTHORIZED}
         > session 02000000
         {EXTRANONCE}
         {}
         < {GRANTED}
         > job a serial=1 clean=false difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4",
        job("00000000", "0a0b+4")
    ));
}

#[test]
fn a_pool_that_closes_on_configure_is_met_again_without() {
    check(&format!(
        r#"start
        > connect pool.example:3333
        connected
        {CONFIGURE}
        closed
        > note E-POOL-CLOSED
        wait 1s
        > connect pool.example:3333
        connected
        > send {{"id":1,"method":"mining.subscribe","params":["stannary/0.1"]}}
        closed
        > note E-POOL-CLOSED
        wait 2s
        > connect pool.example:3333
        connected
        > send {{"id":1,"method":"mining.subscribe","params":[]}}
        closed
        > note E-POOL-CLOSED
        wait 4s
        > connect pool.example:3333
        connected
        {CONFIGURE}"#
    ));
}

#[test]
fn a_pool_that_closes_on_optional_requests_is_spared_them() {
    check(
        r#"handshake
        wait 1s
        closed
        > ended 02000000
        > note E-POOL-CLOSED
        wait 1s
        > connect pool.example:3333
        connected
        > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
        < {"id":1,"result":{}}
        > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1"]}
        < {"id":2,"result":[[],"0a",4]}
        > send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}
        < {"id":3,"result":true}
        > session 02000001"#,
    );
}

#[test]
fn without_rolling_chips_nothing_is_configured() {
    let mut config = config();
    config.version_mask = 0;
    config.wanted_difficulty = difficulty(512.0);
    check_with(
        config,
        r#"start
        > connect pool.example:3333
        connected
        > send {"id":1,"method":"mining.subscribe","params":["stannary/0.1"]}
        < {"id":1,"result":[[],"0a0b",4]}
        > send {"id":2,"method":"mining.authorize","params":["acc.w1","x"]}
        < {"id":2,"result":true}
        > session 02000000
        > send {"id":3,"method":"mining.suggest_difficulty","params":[512]}
        > send {"id":4,"method":"mining.extranonce.subscribe","params":[]}
        < {"id":3,"result":null,"error":[20,"Not supported",null]}
        < {"id":4,"error":[-3,"Method not found",null]}
        < {"id":null,"method":"mining.set_version_mask","params":["1fffe000"]}
        notify a
        > job a serial=0 clean=true difficulty=1.0000 mask=00000000 extranonce=0a0b+4
        > note E-POOL-UP
        submit 1
        > send {"id":5,"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b"]}"#,
    );
}

#[test]
fn ids_may_come_back_as_strings_and_lines_with_carriage_returns() {
    let string_ids = [GRANTED, SUBSCRIBED, AUTHORIZED]
        .map(|line| line.replace("\"id\":", "\"id\":\"").replacen(',', "\",", 1));
    let [a, b, c] = string_ids.each_ref().map(String::as_str);
    check(&handshake([a, b, c]));
    let returns = [GRANTED, SUBSCRIBED, AUTHORIZED].map(|line| format!("{line}\r\n\r\n \r"));
    for line in &returns {
        assert!(line.contains('\r'));
    }
    // Carriage returns cannot stand in a script: bytes.
    let mut harness = crate::harness::Harness::new(config());
    harness.play("start");
    harness.play("connected");
    for line in &returns {
        let bytes = format!("{line}\n").into_bytes();
        let effects = harness.input(stratum::Input::Bytes(bytes));
        assert!(!effects.is_empty() && !effects.iter().any(|e| e.starts_with("note")));
    }
}

#[test]
fn work_before_the_answer_to_authorize_waits_for_it() {
    // ckpool and DATUM do this; ckpool sends the difficulty twice.
    check(&format!(
        r#"start
        > connect pool.example:3333
        connected
        {CONFIGURE}
        < {{"id":null,"method":"mining.set_version_mask","params":["1fffe000"]}}
        < {GRANTED}
        {SUBSCRIBE}
        < {SUBSCRIBED}
        {AUTHORIZE}
        < {{"params":[8],"id":null,"method":"mining.set_difficulty"}}
        < {{"params":[8],"id":null,"method":"mining.set_difficulty"}}
        notify a clean
        notify b
        < {AUTHORIZED}
        > session 02000000
        > job b serial=1 clean=true difficulty=8.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        {EXTRANONCE}
        notify b
        notify b clean"#
    ));
}

#[test]
fn all_answers_in_one_read_are_as_good_as_one_by_one() {
    let lines = format!(
        "{GRANTED}\n{SUBSCRIBED}\n{}{AUTHORIZED}\n",
        String::from_utf8(crate::harness::notify("a")).unwrap()
    );
    let mut harness = crate::harness::Harness::new(config());
    harness.play("start");
    harness.play("connected");
    let effects = harness.input(stratum::Input::Bytes(lines.into_bytes()));
    assert_eq!(effects.len(), 6, "{effects:?}");
    assert_eq!(harness.jobs.len(), 1);
}

#[test]
fn a_job_before_the_answer_to_subscribe_is_noted_and_kept() {
    check(&format!(
        r#"start
        > connect pool.example:3333
        connected
        {CONFIGURE}
        notify a
        > note E-POOL-JOB
        < {GRANTED}
        {SUBSCRIBE}
        < {{"id":null,"method":"mining.set_difficulty","params":[16]}}
        < {{"id":null,"method":"mining.set_extranonce","params":["ff",4]}}
        < {SUBSCRIBED}
        {AUTHORIZE}
        < {AUTHORIZED}
        > session 02000000
        > job a serial=0 clean=true difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        {EXTRANONCE}
        notify b
        > job b serial=1 clean=false difficulty=16.0000 mask=1fffe000 extranonce=0a0b+4"#
    ));
}

#[test]
fn a_pool_that_refuses_our_name_is_subscribed_to_without() {
    check(&format!(
        r#"start
        > connect pool.example:3333
        connected
        {CONFIGURE}
        < {GRANTED}
        {SUBSCRIBE}
        < {{"id":2,"result":null,"error":[20,"bad parameters",null]}}
        > send {{"id":3,"method":"mining.subscribe","params":[]}}
        < {{"id":3,"result":null,"error":[20,"bad parameters",null]}}
        > disconnect
        > note E-POOL-SUBSCRIBE
        wait 1s
        > connect pool.example:3333"#
    ));
}

#[test]
fn extranonces_of_every_size_are_taken_or_refused_with_a_code() {
    let taken = |e1: &str, size: &str, shown: &str| {
        let answer = format!(r#"{{"id":2,"result":[[],"{e1}",{size}],"error":null}}"#);
        check(&(handshake([GRANTED, &answer, AUTHORIZED]) + &job("1fffe000", shown)));
    };
    let long = "ab".repeat(64);
    for size in ["0", "1", "2", "3", "8", "16", "32"] {
        taken("0a0b", size, &format!("0a0b+{size}"));
        taken("", size, &format!("+{size}"));
        taken(&long, size, &format!("{long}+{size}"));
    }
    let refused = |result: &str, code: &str, delay: &str| {
        check(&format!(
            r#"start
            > connect pool.example:3333
            connected
            {CONFIGURE}
            < {GRANTED}
            {SUBSCRIBE}
            < {{"id":2,"result":{result},"error":null}}
            > disconnect
            > note {code}
            wait {delay}
            next
            > connect pool.example:3333"#
        ));
    };
    refused("[[],\"0a\",33]", "E-POOL-EXTRANONCE", "59s");
    refused("[[],\"0a\",255]", "E-POOL-EXTRANONCE", "59s");
    refused("[[],\"0a\",-1]", "E-POOL-EXTRANONCE", "59s");
    refused(&format!("[[],\"{long}ab\",4]"), "E-POOL-EXTRANONCE", "59s");
    for result in [
        "null",
        "true",
        "[]",
        "{}",
        "[[],\"0a\"]",
        "[[],7,4]",
        "[[],\"zz\",4]",
    ] {
        refused(result, "E-POOL-SUBSCRIBE", "499ms");
    }
}

#[test]
fn a_refused_user_is_retried_slowly_and_no_job_of_it_is_handed_out() {
    for refusal in [
        r#"{"id":3,"result":false,"error":null}"#,
        r#"{"id":3,"result":null,"error":[24,"Unauthorized worker",null]}"#,
        r#"{"id":3,"error":"invalid address"}"#,
    ] {
        check(&format!(
            "start
             > connect pool.example:3333
             connected
             {CONFIGURE}
             < {GRANTED}
             {SUBSCRIBE}
             < {SUBSCRIBED}
             {AUTHORIZE}
             notify a
             < {refusal}
             > disconnect
             > note E-POOL-AUTH
             wait 59s
             next
             > connect pool.example:3333"
        ));
    }
}

#[test]
fn a_pool_silent_on_authorize_is_believed_if_it_sends_work() {
    let begin = format!(
        "start
         > connect pool.example:3333
         connected
         {CONFIGURE}
         < {GRANTED}
         {SUBSCRIBE}
         < {SUBSCRIBED}
         {AUTHORIZE}"
    );
    check(&format!(
        "{begin}
         notify a
         wait 15s
         > note E-POOL-PROTOCOL
         > session 02000000
         > job a serial=0 clean=true difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4
         > note E-POOL-UP
         {EXTRANONCE}
         < {AUTHORIZED}"
    ));
    check(&format!(
        "{begin}
         wait 15s
         > disconnect
         > note E-POOL-SILENT"
    ));
}
