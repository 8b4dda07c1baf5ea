//! From the first byte to a channel, and what changes on it.

use common_messages_sv2 as common;
use mining_sv2 as mining;
use stratum::{Effect, Input, Security};

use crate::harness::hex;
use crate::v2::harness::*;

const EASIEST: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn setup_error(flags: u32, code: &str) -> Vec<u8> {
    let message = common::SetupConnectionError {
        flags,
        error_code: code.try_into().expect("short"),
    };
    frame(common::MESSAGE_TYPE_SETUP_CONNECTION_ERROR, message)
}

fn connection(flags: u32) -> String {
    format!(
        "send SetupConnection(protocol: 0, min_version: 2, max_version: 2, flags: 0x{flags:08x}, \
         endpoint_host: pool.example, endpoint_port: 3336, vendor: stannary, hardware_version: , \
         firmware: 0.1, device_id: )"
    )
}

fn extended(request: u32, size: u16) -> String {
    format!(
        "send OpenExtendedMiningChannel(request_id: {request}, user_identity: acc.w1, \
         nominal_hash_rate: 1000000000, max_target: U256({EASIEST}), min_extranonce_size: {size})"
    )
}

fn standard(request: u32) -> String {
    format!(
        "send OpenStandardMiningChannel(request_id: {request}, user_identity: acc.w1, \
         nominal_hash_rate: 1000000000, max_target: U256({EASIEST}))"
    )
}

#[test]
fn the_connection_must_be_noise_with_the_addresss_key() {
    let mut talk = Talk::new(config());
    talk.0.client.handle(talk.0.now, Input::Start);
    let Some(Effect::Connect { security, .. }) = talk.0.client.next_effect() else {
        panic!("no connect");
    };
    let Security::Noise { authority } = security else {
        panic!("{security:?}");
    };
    assert_eq!(authority.to_string(), KEY);
}

#[test]
fn the_first_bytes_are_those_of_the_specification() {
    let mut talk = Talk::new(config());
    talk.0.client.handle(talk.0.now, Input::Start);
    talk.0.client.next_effect();
    talk.0.client.handle(talk.0.now, Input::Connected);
    let Some(Effect::Send(bytes)) = talk.0.client.next_effect() else {
        panic!("nothing sent");
    };
    // Extension, type, length; protocol, versions, flags; host, port; vendor, hardware,
    // firmware, device.
    let expected = [
        "0000",
        "00",
        "270000",
        "00",
        "0200",
        "0200",
        "04000000",
        "0c",
        &hex(b"pool.example"),
        "080d",
        "08",
        &hex(b"stannary"),
        "00",
        "03",
        &hex(b"0.1"),
        "00",
    ];
    assert_eq!(hex(&bytes), expected.concat());
}

#[test]
fn an_extended_channel_is_opened_with_the_true_hashrate() {
    let mut talk = Talk::new(config());
    assert_eq!(talk.input(Input::Start), ["connect pool.example:3336"]);
    assert_eq!(talk.input(Input::Connected), [connection(4)]);
    assert_eq!(talk.say(set_up(0)), [extended(1, 4)]);
    assert_eq!(talk.say(opened(1, 8)), ["session 02000000"]);
    let status = talk.0.client.status(talk.0.now);
    assert_eq!(status.state, telemetry::PoolState::Connected);
    assert!((status.difficulty.expect("a target") - 4.0).abs() < 1e-9);
    assert_eq!(
        status.url,
        format!("stratum2+tcp://pool.example:3336/{KEY}")
    );
}

#[test]
fn a_measured_hashrate_is_told_instead_of_the_rating() {
    let mut talk = Talk::new(config());
    talk.input(Input::Hashrate { hashes_per_s: 5e8 });
    talk.input(Input::Start);
    talk.input(Input::Connected);
    let said = talk.say(set_up(0));
    assert!(said[0].contains("nominal_hash_rate: 500000000"), "{said:?}");
}

#[test]
fn a_pool_that_refuses_extended_channels_is_asked_for_a_standard_one() {
    let (mut talk, said) = Talk::set_up(config(), 0);
    assert_eq!(said, [extended(1, 4)]);
    let code = "extended-channels-not-supported-for-standard-jobs";
    assert_eq!(
        talk.say(open_error(1, code)),
        ["note E-POOL-PROTOCOL", &standard(2)]
    );
    assert!(talk.last_note().contains("it wants standard channels"));
    assert_eq!(talk.say(opened_standard(2)), ["session 02000000"]);
}

#[test]
fn a_pool_that_closes_on_an_extended_channel_is_asked_for_a_standard_one_next_time() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    talk.input(Input::Closed("gone".into()));
    talk.wait_s(5);
    talk.input(Input::Connected);
    assert_eq!(talk.say(set_up(0)), [standard(1)]);
    // Where there are none, the flag wins.
    talk.input(Input::Closed("gone".into()));
    talk.wait_s(9);
    talk.input(Input::Connected);
    assert_eq!(talk.say(set_up(2)), [extended(1, 4)]);
}

#[test]
fn fewer_bytes_of_extranonce_are_taken_where_four_are_too_many() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    let said = talk.say(open_error(1, "min-extranonce-size-too-large"));
    assert_eq!(said, [extended(2, 1)]);
    let said = talk.say(open_error(2, "min-extranonce-size-too-large"));
    assert_eq!(said, ["note E-POOL-PROTOCOL", &standard(3)]);
}

#[test]
fn a_pool_of_extended_channels_alone_is_not_asked_for_another() {
    let (mut talk, _) = Talk::set_up(config(), 2);
    let said = talk.say(open_error(1, "no-luck"));
    assert_eq!(said, ["disconnect", "note E-POOL-SUBSCRIBE"]);
    assert!(talk.last_note().starts_with("no-luck retry_s="));
}

#[test]
fn a_user_that_the_pool_does_not_know_is_a_refusal_and_comes_back_slowly() {
    for code in ["unknown-user", "invalid-user-identity"] {
        let (mut talk, _) = Talk::set_up(config(), 0);
        let said = talk.say(open_error(1, code));
        assert_eq!(said, ["disconnect", "note E-POOL-AUTH"]);
        assert!(talk.last_note().contains(code) && talk.last_note().contains("acc.w1"));
        let status = talk.0.client.status(talk.0.now);
        assert_eq!(status.state, telemetry::PoolState::Refused);
        assert_eq!(talk.wait_s(59), [""; 0]);
        assert_eq!(
            talk.wait_s(61),
            [
                "connect pool.example:3336",
                "disconnect",
                "note E-POOL-CONNECT"
            ][..1]
        );
    }
}

#[test]
fn a_name_that_does_not_fit_is_refused_before_it_is_sent() {
    let mut long = config();
    long.user = "u".repeat(256);
    let (_, said) = Talk::set_up(long, 0);
    assert_eq!(said, ["disconnect", "note E-POOL-AUTH"]);
}

#[test]
fn a_pool_without_version_rolling_is_asked_without_it() {
    let mut talk = Talk::new(config());
    talk.input(Input::Start);
    talk.input(Input::Connected);
    let said = talk.say(setup_error(4, "unsupported-feature-flags"));
    assert_eq!(said, ["disconnect", "note E-POOL-SUBSCRIBE"]);
    assert!(talk.last_note().contains("it does not do what we ask for"));
    talk.wait_s(2);
    assert_eq!(talk.input(Input::Connected), [connection(0)]);
}

#[test]
fn a_pool_of_another_protocol_comes_back_slowly() {
    for code in ["unsupported-protocol", "protocol-version-mismatch", ""] {
        let mut talk = Talk::new(config());
        talk.input(Input::Start);
        talk.input(Input::Connected);
        let said = talk.say(setup_error(0, code));
        assert_eq!(said, ["disconnect", "note E-POOL-SUBSCRIBE"]);
        assert_eq!(talk.wait_s(59), [""; 0]);
    }
}

#[test]
fn an_extranonce_of_an_unusable_size_ends_the_session() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    let said = talk.say(opened(1, 33));
    assert_eq!(said, ["disconnect", "note E-POOL-EXTRANONCE"]);
}

#[test]
fn channels_that_were_not_asked_for_are_not_taken() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    assert_eq!(talk.say(opened(9, 4)), ["note E-POOL-PROTOCOL"]);
    assert_eq!(talk.say(opened_standard(1)), ["note E-POOL-PROTOCOL"]);
    assert_eq!(talk.say(opened(1, 4)), ["session 02000000"]);
    assert_eq!(talk.say(opened(1, 4)), ["note E-POOL-PROTOCOL"]);
}

#[test]
fn another_hashrate_is_told_when_it_makes_a_difference() {
    let mut talk = Talk::mining();
    let tell = |talk: &mut Talk, hashes_per_s| talk.input(Input::Hashrate { hashes_per_s });
    assert_eq!(tell(&mut talk, 5e8), [""; 0], "too soon");
    talk.wait_s(60);
    assert_eq!(tell(&mut talk, 9e8), [""; 0], "too little");
    let said = tell(&mut talk, 5e8);
    let expected = format!(
        "send UpdateChannel(channel_id=7, nominal_hash_rate=500000000, maximum_target=U256({EASIEST}))"
    );
    assert_eq!(said, [expected]);
    assert_eq!(tell(&mut talk, 1e9), [""; 0], "too soon");
    let message = mining::UpdateChannelError {
        channel_id: CHANNEL,
        error_code: "invalid-nominal-hashrate".try_into().expect("short"),
    };
    let said = talk.say(frame(mining::MESSAGE_TYPE_UPDATE_CHANNEL_ERROR, message));
    assert_eq!(said, ["note E-POOL-PROTOCOL"]);
    assert!(talk.last_note().contains("does not believe"));
}
