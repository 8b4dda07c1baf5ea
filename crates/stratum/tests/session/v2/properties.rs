//! Whatever comes in, in whatever pieces: no panic, and the client's promises hold.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::entries;
use crate::v2::harness::*;

/// Frames that lead deep into a session.
fn corpus() -> Vec<Vec<u8>> {
    vec![
        set_up(0),
        set_up(3),
        opened(1, 4),
        opened(1, 0),
        opened_standard(1),
        opened_standard(2),
        open_error(1, "no"),
        open_error(1, "unknown-user"),
        job(1, None, true),
        job(2, Some(NTIME), false),
        job_to(GROUP, 1, None, true, &[1; 64]),
        standard_job(1, None, 1),
        standard_job(3, Some(NTIME), 2),
        block(1, 1),
        block(2, 2),
        block_to(GROUP, 1, 3, NBITS),
        set_target(CHANNEL, target(1)),
        set_target(CHANNEL, [0; 32]),
        set_prefix(&[7; 32]),
        accepted(1, 1),
        accepted(3, 2),
        refused(2, "stale-share"),
        refused(1, "invalid-channel-id"),
        raw(5, 0x21, &[1; 40]),
    ]
}

fn step() -> impl Strategy<Value = Vec<u8>> {
    let known = corpus();
    let frame = (0..known.len()).prop_map(move |i| entries::v2_frame(&known[i]));
    let broken = (frame.clone(), any::<u16>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
        let at = usize::from(at) % bytes.len();
        bytes[at] = byte;
        bytes
    });
    prop_oneof![
        8 => frame,
        2 => broken,
        2 => (0..entries::V2_STEPS).prop_map(|step| vec![step]),
        1 => vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 400, rng_seed: RngSeed::Fixed(11), ..Config::default() })]

    #[test]
    fn promises_hold_in_any_conversation(steps in vec(step(), 0..40)) {
        entries::session_v2(&steps.concat());
    }

    #[test]
    fn promises_hold_for_any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        entries::session_v2(&bytes);
    }
}
