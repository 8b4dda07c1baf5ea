//! Chains that live from the physics' rails and heat its boards.

use units::{Duration, Instant, Millivolts};

use super::mining::nonces;
use super::*;
use crate::machine::hash::meets_ticket;
use crate::machine::{FrameKind, FrameRecord};
use crate::parts::Bus;
use crate::physics::{Fault, Options, Physics, SupplyState, Timed};

/// A whole S21 Pro, its boards without controllers, seen from the first chain's UART.
fn whole(options: Options) -> Bench {
    let options = TwinOptions {
        physics: Some(options),
        ..super::options(2)
    };
    of(options)
}

fn with_parts() -> Bench {
    let options = TwinOptions {
        physics: Some(Options::default()),
        parts: true,
        ..super::options(2)
    };
    of(options)
}

fn of(options: TwinOptions) -> Bench {
    let machine = board_support::machine("antminer-s21-pro").expect("a machine");
    Bench {
        model: model("bm1370").expect("a known chip"),
        machine: TwinMachine::new(&machine, options).expect("physics"),
        now: Instant::ZERO,
        answer_len: 9,
    }
}

fn physics(bench: &mut Bench) -> &mut Physics {
    bench.machine.physics(bench.now).expect("physics")
}

fn supply(bench: &mut Bench, on: bool, share: f64) {
    let now = bench.now;
    let physics = physics(bench);
    let mv = f64::from(physics.rated_voltage().mv()) * share;
    physics.set_supply(now, on, Millivolts::new(mv as u32));
    bench.wait(Duration::from_secs(3));
}

/// Addressed, clocked, ticket 256, rolling 16 bits.
fn bring_up(bench: &mut Bench, mhz: f64) {
    let now = bench.now;
    physics(bench).set_fans(now, units::Duty::FULL);
    bring_up_as_ordered(bench, mhz);
}

fn bring_up_as_ordered(bench: &mut Bench, mhz: f64) {
    bench.address(65);
    bench.write_all(0x14, 0x0000_00FF);
    bench.clock(mhz);
    bench.write_all(0x10, 0x1EB5);
    bench.write_all(0xA4, 0x9000_FFFF);
    bench.answer_len = 11;
}

/// Nonces of so many seconds with a new job every quarter of one.
fn mine(bench: &mut Bench, seconds: u8) -> usize {
    let mut bytes = Vec::new();
    for salt in 0..4 * seconds {
        let (job, _) = full_header_job(salt % 16 * 8, salt);
        bench.machine.uart_write(bench.now, SLOT, &job);
        bench.wait(Duration::from_millis(250));
        bytes.extend(bench.read());
    }
    nonces(&bytes[..bytes.len() / 11 * 11], 11).len()
}

fn power_w(bench: &mut Bench, slot: u8) -> f64 {
    let power = physics(bench).board_power(ChainSlot(slot));
    power.map_or(0.0, |w| w.w())
}

#[test]
fn chips_live_while_the_supply_gives_and_forget_when_it_does_not() {
    let mut bench = whole(Options::default());
    let read_id = [0x52, 5, 0, 0];
    assert_eq!(bench.command(&read_id), NONE);
    supply(&mut bench, true, 1.0);
    assert_eq!(bench.command(&read_id).len(), 65 * 9);
    bench.address(65);
    assert_eq!(bench.command(&[0x42, 5, 2, 0]).len(), 9);
    supply(&mut bench, false, 1.0);
    assert_eq!(bench.command(&read_id), NONE);
    supply(&mut bench, true, 1.0);
    assert_eq!(bench.command(&[0x42, 5, 2, 0]), NONE);
}

#[test]
fn a_chain_with_work_draws_its_power_and_warms_its_board() {
    let mut bench = whole(Options::default());
    supply(&mut bench, true, 1.0);
    let idle_w = power_w(&mut bench, 0);
    let rated_mhz = physics(&mut bench).rated_frequency().mhz();
    bring_up(&mut bench, 500.0);
    let clocked_w = power_w(&mut bench, 0);
    assert!(clocked_w > idle_w + 50.0, "{idle_w} {clocked_w}");
    let found = mine(&mut bench, 30);
    let expected = 30.0 * 65.0 * 2040.0 * 500e6 / 4_294_967_296.0 / 256.0;
    assert!(
        (found as f64 / expected - 1.0).abs() < 0.1,
        "{found} {expected}"
    );
    let (busy_w, other_w) = (power_w(&mut bench, 0), power_w(&mut bench, 1));
    let rated_w = 1090.0 * 500.0 / rated_mhz;
    assert!((busy_w / rated_w - 1.0).abs() < 0.1, "{busy_w} {rated_w}");
    assert!(other_w < 0.3 * busy_w, "{other_w}");
    let board = |bench: &mut Bench, slot| physics(bench).hottest_board(slot).map(|c| c.c());
    assert!(board(&mut bench, ChainSlot(0)) > board(&mut bench, ChainSlot(1)));
}

#[test]
fn chips_beyond_what_their_voltage_allows_send_wrong_nonces() {
    let shares = |voltage: f64| {
        let mut bench = whole(Options::default());
        supply(&mut bench, true, voltage);
        bring_up(&mut bench, 600.0);
        let found = mine(&mut bench, 10);
        let totals = bench.machine.ledger().totals(SLOT);
        // Two bits stand for difficulty one, eight for the ticket.
        let misses = |frame: &&FrameRecord| match frame.kind {
            FrameKind::Nonce { hash, .. } => !meets_ticket(&hash, 10),
            FrameKind::Register { .. } => false,
        };
        let missing = bench.machine.ledger().frames.iter().filter(misses).count();
        assert_eq!(missing as u64, totals.wrong_hashes);
        (found as f64, totals.wrong_hashes as f64 / found as f64)
    };
    let ((well, few), (poor, many)) = (shares(1.0), shares(0.88));
    assert!(few < 0.02, "{few}");
    assert!(many > 0.2, "{many}");
    // As many as without errors: 740 of each are expected, 0.15 is three deviations.
    assert!((poor / well - 1.0).abs() < 0.15, "{poor} {well}");
}

#[test]
fn a_rail_that_is_lost_takes_its_chips_along() {
    let fault = Fault::RailLost { slot: SLOT };
    let from = Instant::ZERO + Duration::from_secs(60);
    let mut bench = whole(Options {
        faults: vec![Timed::from(from, fault)],
        ..Options::default()
    });
    supply(&mut bench, true, 1.0);
    assert_eq!(bench.command(&[0x52, 5, 0, 0]).len(), 65 * 9);
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.command(&[0x52, 5, 0, 0]), NONE);
    assert_eq!(physics(&mut bench).supply_state(), SupplyState::On);
}

#[test]
fn with_physics_too_nothing_depends_on_how_often_time_is_told() {
    let run = |piece_ms: u64| {
        let mut bench = whole(Options::default());
        supply(&mut bench, true, 0.9);
        bring_up(&mut bench, 600.0);
        let (job, _) = full_header_job(8, 1);
        bench.machine.uart_write(bench.now, SLOT, &job);
        for _ in 0..1000 / piece_ms {
            bench.wait(Duration::from_millis(piece_ms));
        }
        let power = power_w(&mut bench, 0).to_bits();
        (bench.read(), power)
    };
    assert_eq!(run(1000), run(1));
}

/// A part's answer over the control board's bus, in degrees Celsius.
fn lm75_c(bench: &mut Bench, address: u8) -> f64 {
    let mut bytes = [0; 2];
    let read = bench
        .machine
        .i2c_transfer(bench.now, Bus::Hashboards, address, &[0], &mut bytes);
    read.expect("a sensor");
    f64::from(i16::from_be_bytes(bytes)) / 256.0
}

#[test]
fn parts_order_what_the_physics_gives_and_measure_it() {
    let mut bench = with_parts();
    let begun_c = lm75_c(&mut bench, 0x4C);
    bench.machine.set_supply_enable(bench.now, true);
    bench.machine.set_fan_duty(bench.now, 50);
    bench.wait(Duration::from_secs(10));
    assert!(bench.machine.rail_on(SLOT));
    bring_up_as_ordered(&mut bench, 500.0);
    mine(&mut bench, 30);
    let (inlet_c, outlet_c) = (lm75_c(&mut bench, 0x48), lm75_c(&mut bench, 0x4C));
    let felt = physics(&mut bench).sensor(SLOT, 1).map_or(0.0, |c| c.c());
    assert!((outlet_c - felt).abs() < 0.2, "{outlet_c} {felt}");
    assert!(
        outlet_c > begun_c + 3.0 && outlet_c > inlet_c + 1.0,
        "{begun_c} {outlet_c}"
    );
    for fan in 0..4 {
        let told = physics(&mut bench).fan(fan).map(|rpm| rpm.rpm());
        assert_eq!(Some(bench.machine.fan_rpm(fan)), told);
        assert!((2_000..4_000).contains(&bench.machine.fan_rpm(fan)));
    }
    bench.machine.set_supply_enable(bench.now, false);
    bench.wait(Duration::from_secs(1));
    assert_eq!(physics(&mut bench).supply_state(), SupplyState::Off);
    // What came before.
    bench.read();
    assert_eq!(bench.command(&[0x52, 5, 0, 0]), NONE);
}
