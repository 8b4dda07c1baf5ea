//! How sessions end, and silence.

use common_messages_sv2 as common;
use mining_sv2 as mining;
use stratum::{Effect, Input, Security};

use crate::v2::harness::*;

fn reconnect(host: &str, port: u16) -> Vec<u8> {
    let message = common::Reconnect {
        new_host: host.try_into().expect("short"),
        new_port: port,
    };
    frame(common::MESSAGE_TYPE_RECONNECT, message)
}

#[test]
fn a_reconnect_is_followed_to_another_port_under_the_same_key() {
    let check = |host: &str, port: u16, to: &str| {
        let mut talk = Talk::mining();
        let said = talk.say(reconnect(host, port));
        assert_eq!(
            said,
            ["ended 02000000", "disconnect", "note E-POOL-RECONNECT"]
        );
        talk.0.now = talk.0.client.next_deadline().expect("a deadline");
        talk.0.client.handle(talk.0.now, Input::Wake);
        let Some(Effect::Connect { endpoint, security }) = talk.0.client.next_effect() else {
            panic!("no connect");
        };
        assert_eq!(endpoint.to_string(), to);
        let Security::Noise { authority } = security else {
            panic!("{security:?}");
        };
        assert_eq!(authority.to_string(), KEY);
    };
    check("", 4444, "pool.example:4444");
    check("Pool.Example", 4444, "pool.example:4444");
    check("", 0, "pool.example:3336");
    check("evil.example", 4444, "pool.example:3336");
}

#[test]
fn a_closed_channel_ends_the_session() {
    for (id, ends) in [(CHANNEL, true), (GROUP, true), (99, false)] {
        let mut talk = Talk::mining();
        let message = mining::CloseChannel {
            channel_id: id,
            reason_code: "maintenance".try_into().expect("short"),
        };
        let said = talk.say(frame(mining::MESSAGE_TYPE_CLOSE_CHANNEL, message));
        match ends {
            true => {
                assert_eq!(said, ["ended 02000000", "disconnect", "note E-POOL-CLOSED"]);
                assert!(talk.last_note().contains("maintenance"));
            }
            false => assert_eq!(said, [""; 0]),
        }
    }
}

#[test]
fn a_pool_that_does_not_answer_is_left() {
    let mut talk = Talk::new(config());
    talk.input(Input::Start);
    talk.input(Input::Connected);
    assert_eq!(talk.wait_s(14), [""; 0]);
    let said = talk.wait_s(1);
    assert_eq!(said, ["disconnect", "note E-POOL-SILENT"]);
    let (mut talk, _) = Talk::set_up(config(), 0);
    let said = talk.wait_s(15);
    assert_eq!(said, ["disconnect", "note E-POOL-SILENT"]);
    assert!(talk.last_note().contains("channel"));
}

#[test]
fn a_quiet_pool_is_asked_for_a_sign_of_life_before_it_is_left() {
    let mut talk = Talk::mining();
    assert_eq!(talk.wait_s(89), [""; 0]);
    let said = talk.wait_s(1);
    assert!(said[0].starts_with("send UpdateChannel("), "{said:?}");
    assert_eq!(said.len(), 1);
    // It answers with its target, and stays.
    talk.say(set_target(CHANNEL, target(4)));
    assert_eq!(talk.wait_s(89), [""; 0]);
    assert_eq!(talk.wait_s(1).len(), 1);
    // It does not.
    assert_eq!(talk.wait_s(89), [""; 0]);
    let said = talk.wait_s(1);
    assert_eq!(said, ["ended 02000000", "disconnect", "note E-POOL-SILENT"]);
}
