//! The codec by itself: whose turn it is, which id a result answers, and what counts as damage.

use protocol::spi::crc16;
use units::{Header, HostVersions, JobKey, Midstate, Rolling, WorkId};

use super::*;

const CHIPS: u16 = 3;

fn codec() -> Codec {
    let profile = spi::profile("t1").expect("a profile");
    let ticket = TicketDifficulty::from_log2(6).expect("a difficulty");
    let mut codec = Codec::new(profile, ticket);
    codec.set_chips(CHIPS);
    for place in 0..CHIPS {
        codec.set_cores(place, 32);
    }
    codec
}

fn item() -> WorkItem {
    let versions = HostVersions::new(&[1; 4], &[Midstate([7; 8]); 4]);
    WorkItem {
        id: WorkId(1),
        job: JobKey::default(),
        extranonce2: 0,
        header: Header::default(),
        rolling: Rolling::Host(versions.expect("four")),
    }
}

/// Number of the chip and id of the job that the work under a wire id becomes.
fn give(codec: &mut Codec, wire: u8) -> (u8, u8) {
    let Some(LinkOp::Work(frame)) = codec.work(WireJobId(wire), &item()) else {
        panic!("a job");
    };
    let bytes = frame.as_slice();
    (bytes[3], bytes[2] >> 4)
}

fn result(chip: u8, job: u8, slot: u8) -> Vec<u8> {
    sealed(&[job << 4 | 8, chip, 0, slot, 1, 2, 3, 4])
}

fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &crc16(body).to_be_bytes()].concat()
}

fn wires(codec: &mut Codec) -> Vec<u8> {
    let heard = codec.take_heard().into_iter();
    let wires = heard.map(|heard| match heard {
        Heard::Nonce { wire, .. } => wire.0,
        Heard::Answer(other) => panic!("{other:?}"),
    });
    wires.collect()
}

#[test]
fn chips_take_turns_and_each_counts_its_own_jobs() {
    let mut codec = codec();
    let given: Vec<_> = (0..7).map(|wire| give(&mut codec, wire)).collect();
    let expected = [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (1, 3)];
    assert_eq!(given, expected);
    let ids: Vec<_> = (7..16).map(|wire| give(&mut codec, wire)).collect();
    assert!(ids.contains(&(1, 4)) && ids.contains(&(1, 1)), "{ids:?}");
}

#[test]
fn a_chip_with_fewer_cores_gets_fewer_jobs_and_one_without_none() {
    let mut codec = codec();
    codec.set_cores(1, 16);
    codec.set_cores(2, 0);
    let mut jobs = [0; 3];
    for wire in 0..240 {
        jobs[usize::from(give(&mut codec, wire).0) - 1] += 1;
    }
    assert_eq!(jobs, [160, 80, 0]);
    assert_eq!(codec.working(), 2);
    assert!((codec.share() - 0.75).abs() < 1e-9);
}

#[test]
fn a_result_answers_the_wire_id_that_its_chip_and_job_went_to_last() {
    let mut codec = codec();
    (10..25).for_each(|wire| {
        give(&mut codec, wire);
    });
    codec.words(&result(2, 1, 0));
    codec.words(&result(2, 2, 3));
    codec.words(&result(3, 9, 0));
    // Chip 2 had 11, 14, 17, 20 under its ids 1 to 4, then 23 under 1.
    assert_eq!(wires(&mut codec), [23, 14, NOBODY.0]);
    assert_eq!(codec.chip_of(WireJobId(14)), 1);
    assert_eq!(codec.chip_of(WireJobId(200)), u16::MAX);
    assert_eq!(codec.damaged(), 0);
}

#[test]
fn what_nothing_explains_is_one_damaged_frame_and_hides_no_good_one() {
    let mut codec = codec();
    give(&mut codec, 5);
    let good = result(1, 1, 0);
    let mut bent = good.clone();
    bent[5] ^= 4;
    let behind_the_end = result(4, 1, 0);
    let no_slot = result(1, 1, 4);
    for bytes in [
        bent.clone(),
        behind_the_end,
        no_slot,
        [&[0x55, 0x55, 0, 0][..], &good].concat(),
        [&good[..], &[0, 0, 0x10, 0]].concat(),
    ] {
        let before = codec.damaged();
        codec.words(&bytes);
        assert_eq!(codec.damaged(), before + 1, "{bytes:02x?}");
    }
    assert_eq!(wires(&mut codec), [5, 5]);
    codec.words(&sealed(&[8, 0, 0, 0, 0, 0, 0, 0]));
    codec.words(&[0, 0, 0, 0]);
    assert_eq!((codec.take_good(), codec.damaged()), (3, 5));
}

#[test]
fn an_echo_counts_once_and_only_as_it_was_sent() {
    let mut codec = codec();
    let (command, _) = codec.frequency(Megahertz::new(1332.0)).expect("a setting");
    let (LinkOp::Command(frame), _) = codec.command(&command, 1_000_000) else {
        panic!("a command");
    };
    // Sixteen bytes are sent, and fourteen come back from the end of the chain.
    let sent = frame.as_slice();
    assert_eq!(sent[..2], [0, 12 + 14]);
    let mut echo = sent[2..16].to_vec();
    echo[4] ^= 1;
    codec.words(&echo);
    assert_eq!(codec.damaged(), 1, "another block than was written");
    echo[4] ^= 1;
    codec.words(&echo);
    assert_eq!(codec.damaged(), 1);
    codec.words(&echo);
    assert_eq!(codec.damaged(), 2, "nothing was asked");
}

#[test]
fn a_flush_makes_chips_forget_and_begins_a_round() {
    let mut codec = codec();
    give(&mut codec, 0);
    let LinkOp::Command(frame) = codec.flushed(6_250_000) else {
        panic!("a command");
    };
    assert_eq!(frame.as_slice(), [0, 16, 0x04, 0, 0xed, 0xed]);
    assert_eq!(give(&mut codec, 1).0, 1, "from the first chip again");
}

#[test]
fn every_board_has_wire_ids_for_each_chip() {
    let profile = spi::profile("t1").expect("a profile");
    for chips in 1..=spi::CHIPS_MAX {
        let ids = u16::from(Codec::wire_ids(profile, chips));
        assert!(ids >= chips && ids <= 4 * chips, "{chips}: {ids}");
    }
    assert_eq!(Codec::wire_ids(profile, 63), 252);
}

#[test]
fn any_bytes_are_heard_without_harm() {
    let mut rng = units::Rng::new(8);
    let mut codec = codec();
    for _ in 0..50_000 {
        let len = rng.below(40) as usize;
        let bytes: Vec<u8> = (0..len).map(|_| rng.next_u32() as u8 & 0x1f).collect();
        codec.words(&bytes);
        codec.take_heard();
    }
}
