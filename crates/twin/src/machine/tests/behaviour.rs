//! What a chain does as a chain: addressing, reading, baud rates, power.

use super::super::wire::{Answer, Shape};
use super::*;

const ID_1398: u32 = 0x1398_1800;
const ID_1370: u32 = 0x1370_0000;

fn ids(id: u32, addresses: &[u8], long: bool) -> Vec<u8> {
    let shape = if long { Shape::Eleven } else { Shape::Nine };
    addresses
        .iter()
        .flat_map(|a| {
            let answer = Answer::register(id | u32::from(*a), *a, 0, shape);
            answer.as_slice().to_vec()
        })
        .collect()
}

const READ_IDS: [u8; 4] = [0x52, 5, 0, 0];

#[test]
fn chips_without_address_all_answer_to_zero_in_chain_order() {
    let mut bench = Bench::new("bm1398", 3, options(2));
    assert_eq!(bench.command(&READ_IDS), ids(ID_1398, &[0, 0, 0], false));
    assert_eq!(
        bench.command(&[0x42, 5, 0, 0]),
        ids(ID_1398, &[0, 0, 0], false)
    );
    assert_eq!(bench.command(&[0x42, 5, 2, 0]), NONE);
}

#[test]
fn each_unaddressed_chip_takes_the_first_address_it_sees() {
    let mut bench = Bench::new("bm1398", 3, options(2));
    bench.command(&[0x53, 5, 0, 0]);
    bench.command(&[0x40, 5, 10, 0]);
    assert_eq!(bench.command(&READ_IDS), ids(ID_1398, &[10, 0, 0], false));
    for address in [20, 30, 40, 50] {
        bench.command(&[0x40, 5, address, 0]);
    }
    assert_eq!(bench.command(&READ_IDS), ids(ID_1398, &[10, 20, 30], false));
    assert_eq!(bench.command(&[0x42, 5, 20, 0]), ids(ID_1398, &[20], false));
    bench.command(&[0x53, 5, 0, 0]);
    assert_eq!(bench.command(&READ_IDS), ids(ID_1398, &[0, 0, 0], false));
}

#[test]
fn writes_are_silent_and_reach_one_chip_or_all() {
    let mut bench = Bench::new("bm1370", 2, options(2));
    bench.address(2);
    bench.write_all(0x54, 3);
    assert_eq!(bench.command(&[0x41, 9, 2, 0x54, 0, 0, 0, 2]), NONE);
    let of = |address, value| {
        Answer::register(value, address, 0x54, Shape::Nine)
            .as_slice()
            .to_vec()
    };
    assert_eq!(
        bench.command(&[0x52, 5, 0, 0x54]),
        [of(0, 3), of(2, 2)].concat()
    );
}

#[test]
fn answers_grow_to_11_bytes_with_version_rolling_and_stay_so() {
    let mut bench = Bench::new("bm1370", 1, options(2));
    let check = |bench: &mut Bench, long| {
        assert_eq!(bench.command(&READ_IDS), ids(ID_1370, &[0], long));
    };
    check(&mut bench, false);
    bench.write_all(0xA4, 0x1000_FFFF);
    check(&mut bench, false);
    bench.write_all(0xA4, 0x9000_FFFF);
    check(&mut bench, true);
    bench.write_all(0xA4, 0x0000_FFFF);
    check(&mut bench, true);
}

#[test]
fn the_running_pll_shows_its_lock_bit() {
    let mut bench = Bench::new("bm1370", 1, options(2));
    bench.write_all(0x08, 0x40A8_0230);
    let answer = Answer::register(0xC0A8_0230, 0, 0x08, Shape::Nine);
    assert_eq!(bench.command(&[0x42, 5, 0, 0x08]), answer.as_slice());
}

#[test]
fn baud_change_takes_effect_after_its_frame_and_a_deaf_host_hears_garbage() {
    let mut bench = Bench::new("bm1370", 1, options(2));
    bench.write_all(0x28, 0x0130_0000);
    assert_eq!(
        bench.command(&READ_IDS),
        NONE,
        "the chip listens at 3.125 Mbaud"
    );
    bench.machine.uart_set_baud(bench.now, SLOT, 3_125_000);
    // Garbage may have left half a frame in the chip's receiver: a frame flushes it.
    bench.command(&READ_IDS);
    assert_eq!(bench.command(&READ_IDS), ids(ID_1370, &[0], false));
    // Within 3 %: understood. Beyond: as many bytes, none of them right.
    for (baud, understood) in [(3_050_000, true), (3_210_000, true), (2_900_000, false)] {
        bench.machine.uart_set_baud(bench.now, SLOT, baud);
        bench.command(&READ_IDS);
        let answer = bench.command(&READ_IDS);
        assert_eq!(
            answer == ids(ID_1370, &[0], false),
            understood,
            "{baud}: {answer:x?}"
        );
    }
}

#[test]
fn a_host_that_follows_the_chips_is_always_understood() {
    let mut bench = Bench::new("bm1370", 1, options(2));
    bench.machine.uart_follow_chips(bench.now, SLOT);
    // Both frames in one go: the second leaves at the new rate.
    let change = framed(&[0x51, 9, 0, 0x28, 0x01, 0x30, 0, 0]);
    let both = [change, framed(&READ_IDS)].concat();
    assert_eq!(bench.send(&both), ids(ID_1370, &[0], false));
    assert_eq!(bench.machine.uart_waiting(SLOT), 0);
}

#[test]
fn bm1398_fast_baud_needs_pll3() {
    let mut bench = Bench::new("bm1398", 1, options(2));
    bench.write_all(0x68, 0xC070_0111);
    bench.write_all(0x28, 0x0600_8F00);
    bench.write_all(0x18, 0xF001_0305);
    bench.machine.uart_set_baud(bench.now, SLOT, 12_500_000);
    assert_eq!(bench.command(&READ_IDS), ids(ID_1398, &[0], false));
    let mut bench = Bench::new("bm1398", 1, options(2));
    bench.write_all(0x18, 0xF001_0305);
    bench.machine.uart_set_baud(bench.now, SLOT, 12_500_000);
    assert_eq!(bench.command(&READ_IDS), NONE, "no clock, no answer");
}

#[test]
fn answers_take_their_time_on_the_wire() {
    let mut bench = Bench::new("bm1398", 2, options(2));
    let frame = framed(&READ_IDS);
    bench.machine.uart_write(bench.now, SLOT, &frame);
    // 7 bytes out at 115200, 9 bytes back at 115741: 608 us + 778 us, one byte 86 us.
    let check = |bench: &mut Bench, us: u64, bytes: usize| {
        let now = Instant::from_nanos(us * 1000);
        let mut buffer = [0; 64];
        assert_eq!(
            bench.machine.uart_read(now, SLOT, &mut buffer),
            bytes,
            "{us} us"
        );
    };
    check(&mut bench, 690, 0);
    check(&mut bench, 700, 1);
    check(&mut bench, 1380, 7);
    check(&mut bench, 1390, 1);
    check(&mut bench, 2170, 9);
    check(&mut bench, 9999, 0);
}

#[test]
fn power_and_reset_silence_the_chain_and_wipe_its_state() {
    for by_reset in [false, true] {
        let mut bench = Bench::new("bm1370", 2, options(2));
        bench.address(2);
        bench.write_all(0xA4, 0x9000_FFFF);
        let switch = |bench: &mut Bench, off: bool| match by_reset {
            true => bench.machine.set_reset(bench.now, SLOT, off),
            false => bench.machine.set_rail(bench.now, SLOT, !off),
        };
        switch(&mut bench, true);
        assert_eq!(bench.command(&READ_IDS), NONE);
        switch(&mut bench, false);
        assert_eq!(bench.command(&READ_IDS), ids(ID_1370, &[0, 0], false));
    }
}

#[test]
fn next_event_leads_to_every_answer() {
    let mut bench = Bench::new("bm1398", 5, options(2));
    bench
        .machine
        .uart_write(bench.now, SLOT, &framed(&READ_IDS));
    let mut got = Vec::new();
    for _ in 0..10 {
        match bench.machine.uart_next_event(SLOT) {
            Some(at) => bench.now = at,
            None => break,
        }
        bench.machine.advance(bench.now);
        got.extend(bench.read());
    }
    assert_eq!(got, ids(ID_1398, &[0; 5], false));
}

#[test]
fn unknown_chips_wrong_links_and_impossible_difficulty_are_refused() {
    use super::super::{Link, TwinError};
    let err = |chip, bits| TwinMachine::single_chain(chip, 1, options(bits)).err();
    assert_eq!(
        err("bm1234", 8),
        Some(TwinError::UnknownChip("bm1234".into()))
    );
    assert_eq!(err("bm1398", 33), Some(TwinError::DifficultyBits(33)));
    let mut machine = board_support::machine("antminer-s19-pro").expect("it is there");
    machine.control_board.link = Link::FpgaFifoS9;
    assert_eq!(
        TwinMachine::new(&machine, options(8)).err(),
        Some(TwinError::WrongLink("bm1398".into(), Link::FpgaFifoS9))
    );
}
