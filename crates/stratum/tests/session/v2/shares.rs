//! Shares, and answers that come in batches.

use units::ShareId;

use stratum::limits::PENDING_SHARES;

use crate::harness::hex;
use crate::v2::harness::*;

fn sent(sequence: u32) -> String {
    format!(
        "send SubmitSharesExtended(channel_id=7, sequence_number={sequence}, job_id=1, \
         nonce=0x01020a0b, ntime={NTIME}, version=0x20006000, extranonce=B032(00000001))"
    )
}

#[test]
fn a_share_carries_the_whole_version_and_every_byte_of_extranonce() {
    let mut talk = Talk::mining();
    assert_eq!(talk.submit("5"), [sent(1)]);
    // The same in bytes, once: channel, sequence, job, nonce, ntime, version, extranonce.
    let mut talk = Talk::mining();
    let share = talk.0.share("5");
    talk.0
        .client
        .handle(talk.0.now, stratum::Input::Submit(share));
    let Some(stratum::Effect::Send(bytes)) = talk.0.client.next_effect() else {
        panic!("nothing sent");
    };
    let expected =
        "0080 1b 1d0000 07000000 01000000 01000000 0b0a0201 33445566 00600020 04 00000001";
    assert_eq!(hex(&bytes), expected.replace(' ', ""));
}

#[test]
fn a_batch_accepts_every_share_up_to_its_number() {
    let mut talk = Talk::mining();
    for share in 1..=5u32 {
        assert_eq!(talk.submit(&share.to_string()), [sent(share)]);
    }
    let said = talk.say(accepted(3, 3));
    assert_eq!(said, ["1 accepted", "2 accepted", "3 accepted"]);
    assert_eq!(talk.say(accepted(5, 2)), ["4 accepted", "5 accepted"]);
    let status = talk.0.client.status(talk.0.now);
    assert_eq!((status.accepted, status.rejected), (5, 0));
}

#[test]
fn refusals_come_one_by_one_and_the_batch_leaves_them_out() {
    let mut talk = Talk::mining();
    for share in 1..=4 {
        talk.submit(&share.to_string());
    }
    assert_eq!(
        talk.say(refused(2, "difficulty-too-low")),
        ["2 rejected 23 difficulty-too-low: the hash is above the target"]
    );
    let said = talk.say(accepted(4, 3));
    assert_eq!(said, ["1 accepted", "3 accepted", "4 accepted"]);
}

#[test]
fn error_codes_are_booked_by_what_they_mean() {
    let check = |code: &str, outcome: &str| {
        let mut talk = Talk::mining();
        talk.submit("9");
        assert_eq!(talk.say(refused(1, code))[0], format!("9 {outcome}"));
    };
    check("stale-share", "stale 21 stale-share");
    check("invalid-job-id", "stale 21 invalid-job-id");
    check(
        "duplicate-share",
        "rejected 22 duplicate-share: it was sent before",
    );
    check(
        "bad-extranonce-size",
        "rejected 20 bad-extranonce-size: the extranonce has another length than granted",
    );
    check("whatever", "rejected 20 whatever");
    check("", "rejected 20 no reason given");
}

#[test]
fn a_channel_that_the_pool_has_forgotten_ends_the_session() {
    let mut talk = Talk::mining();
    talk.submit("9");
    let said = talk.say(refused(1, "invalid-channel-id"));
    assert_eq!(
        said,
        [
            "9 rejected 20 invalid-channel-id: it does not know the channel",
            "ended 02000000",
            "disconnect",
            "note E-POOL-PROTOCOL"
        ]
    );
}

#[test]
fn a_count_that_does_not_fit_is_told_and_books_nothing_else() {
    let mut talk = Talk::mining();
    talk.submit("1");
    talk.submit("2");
    let said = talk.say(accepted(2, 7));
    assert_eq!(said, ["1 accepted", "2 accepted", "note E-POOL-PROTOCOL"]);
    assert_eq!(talk.say(accepted(2, 1)), ["note E-POOL-PROTOCOL"]);
    assert_eq!(
        talk.say(refused(2, "stale-share")),
        ["note E-POOL-PROTOCOL"]
    );
    assert_eq!(talk.say(accepted(u32::MAX, 0)), [""; 0]);
}

#[test]
fn a_share_waits_ten_minutes_for_its_batch() {
    let mut talk = Talk::mining();
    talk.submit("1");
    for _ in 0..11 {
        talk.wait_s(50);
        // A sign of life: the session stays.
        talk.say(set_target(CHANNEL, target(4)));
    }
    let said = talk.wait_s(50);
    assert_eq!(said, ["1 no answer", "note E-POOL-NOANSWER"]);
    assert_eq!(talk.say(accepted(1, 1)), ["note E-POOL-PROTOCOL"]);
}

#[test]
fn shares_that_wait_at_the_end_have_no_answer() {
    let mut talk = Talk::mining();
    talk.submit("1");
    let said = talk.input(stratum::Input::Closed("gone".into()));
    let expected = [
        "1 no answer",
        "note E-POOL-NOANSWER",
        "ended 02000000",
        "note E-POOL-CLOSED",
    ];
    assert_eq!(said, expected);
    // Its session is over: it is not sent to the next.
    talk.wait_s(2);
    talk.input(stratum::Input::Connected);
    talk.say(set_up(0));
    talk.say(opened(1, 4));
    assert_eq!(talk.submit("2"), ["2 no answer", "note E-POOL-NOANSWER"]);
}

#[test]
fn no_more_shares_wait_than_the_limit() {
    let mut talk = Talk::mining();
    for share in 0..PENDING_SHARES {
        let said = talk.submit(&share.to_string());
        assert_eq!(said.len(), 1, "{share}");
    }
    let said = talk.submit("9999");
    assert_eq!(said, ["9999 no answer", "note E-POOL-NOANSWER"]);
}

#[test]
fn a_standard_channel_submits_without_an_extranonce() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    talk.say(open_error(1, "no"));
    talk.say(opened_standard(2));
    talk.say(standard_job(1, None, 0xee));
    talk.say(block(1, 0xb1));
    let expected = format!(
        "send SubmitSharesStandard(channel_id=7, sequence_number=1, job_id=1, nonce=0x01020a0b, \
         ntime={NTIME}, version=0x20006000)"
    );
    assert_eq!(talk.submit("1"), [expected]);
    assert_eq!(talk.say(accepted(1, 1)), ["1 accepted"]);
    assert_eq!(talk.0.share("1").id, ShareId(1));
}
