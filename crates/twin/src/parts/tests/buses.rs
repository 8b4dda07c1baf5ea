//! What goes wrong on buses, as data, and what parts are told to measure.

use board_support::machine;
use units::ChainSlot;

use super::super::{
    ApwFault, BoardSurroundings, Bus, ControllerFault, Fault, I2cFault, PartFault, Parts,
    SensorFault, Surroundings,
};
use super::*;

const FROM: Instant = Instant::from_millis(1000);
const UNTIL: Instant = Instant::from_millis(2000);

fn parts(model: &str, what: Fault) -> Parts {
    let machine = machine(model).expect("it resolves");
    let mut parts = Parts::new(&machine, |_| true);
    let fault = PartFault {
        from: FROM,
        until: UNTIL,
        what,
    };
    parts.set_faults(Instant::ZERO, &[fault]);
    parts
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// What a probe of an address meets before, at the beginning of, at the end of and after a fault.
fn check(what: Fault, bus: Bus, address: u8, during: Result<(), I2cFault>) {
    let mut parts = parts("antminer-s21", what);
    for (ms, expected) in [
        (999, Ok(())),
        (1000, during),
        (1999, during),
        (2000, Ok(())),
    ] {
        let met = parts.transfer(at(ms), bus, address, &[], &mut []);
        assert_eq!(met, expected, "{what:?} at {ms} ms");
    }
}

#[test]
fn faults_hold_from_their_beginning_to_their_end_where_they_belong() {
    use I2cFault::{Nack, Stuck};
    let boards = Bus::Hashboards;
    check(Fault::BusNack(boards), boards, 0x50, Err(Nack));
    check(Fault::BusStuck(boards), boards, 0x50, Err(Stuck));
    check(Fault::BusStuck(Bus::Supply), boards, 0x50, Ok(()));
    check(Fault::BusStuck(Bus::Supply), Bus::Supply, 0x10, Err(Stuck));
    check(Fault::Gone(boards, 0x51), boards, 0x51, Err(Nack));
    check(Fault::Gone(boards, 0x51), boards, 0x50, Ok(()));
    check(Fault::Supply(ApwFault::Nack), Bus::Supply, 0x10, Err(Nack));
    let dead = Fault::Sensor {
        slot: ChainSlot(1),
        sensor: 1,
        fault: SensorFault::Dead,
    };
    check(dead, boards, 0x4D, Err(Nack));
    check(dead, boards, 0x49, Ok(()));
    check(dead, boards, 0x4C, Ok(()));
}

#[test]
fn a_trip_and_a_controllers_trip_happen_at_their_time_and_last() {
    let mut machine = parts("antminer-s21", Fault::Supply(ApwFault::Trips));
    machine.set_supply_enable(at(10), true);
    assert_eq!(machine.next_event(at(10)), Some(FROM));
    machine.settle(FROM);
    assert!(!machine.rail_on(FROM, ChainSlot(0)));
    machine.settle(UNTIL);
    assert!(!machine.rail_on(UNTIL, ChainSlot(0)));
    let trips = Fault::Controller(ChainSlot(0), ControllerFault::Trips);
    let mut machine = parts("antminer-s9", trips);
    let tell = |machine: &mut Parts, ms, bytes: &[u8]| {
        for byte in bytes {
            let sent = machine.transfer(at(ms), Bus::Hashboards, 0x55, &[*byte], &mut []);
            sent.expect("acknowledged");
        }
    };
    tell(&mut machine, 0, &[0x55, 0xAA, 6]);
    tell(&mut machine, 100, &[0x55, 0xAA, 0x15, 1]);
    assert!(machine.rail_on(at(100), ChainSlot(0)));
    machine.settle(FROM);
    assert!(!machine.rail_on(FROM, ChainSlot(0)));
    tell(&mut machine, 1500, &[0x55, 0xAA, 0x15, 1]);
    assert!(!machine.rail_on(at(1500), ChainSlot(0)));
    machine.settle(UNTIL);
    tell(&mut machine, 2100, &[0x55, 0xAA, 0x15, 1]);
    assert!(machine.rail_on(at(2100), ChainSlot(0)));
}

#[test]
fn a_fan_that_stands_reads_nothing() {
    let mut machine = parts("antminer-s21", Fault::Fan(2));
    machine.fans.set_duty(100);
    let rpm = |machine: &Parts| [0, 1, 2, 3, 4].map(|fan| machine.fans.rpm(fan));
    assert_eq!(rpm(&machine), [5040, 5040, 5040, 5040, 0]);
    machine.settle(FROM);
    assert_eq!(rpm(&machine), [5040, 5040, 0, 5040, 0]);
    machine.set_surroundings(&Surroundings {
        fan_rpm: Some(vec![4000, 4100]),
        ..Surroundings::default()
    });
    machine.settle(UNTIL);
    assert_eq!(rpm(&machine), [4000, 4100, 0, 0, 0]);
}

#[test]
fn each_sensor_measures_its_own_place() {
    let mut machine = parts("antminer-s21", Fault::Fan(9));
    let board = |inlet, outlet| BoardSurroundings {
        sensors_c: vec![inlet, outlet],
        rail_v: None,
    };
    machine.set_surroundings(&Surroundings {
        boards: vec![board(30.0, 50.0), board(31.0, 51.0), board(32.0, 52.0)],
        fan_rpm: None,
    });
    for slot in 0..3 {
        for (address, c) in [(0x48, 30), (0x4C, 50)] {
            let mut word = [0; 2];
            machine
                .transfer(FROM, Bus::Hashboards, address + slot, &[0], &mut word)
                .expect("acknowledged");
            assert_eq!(word, [c + slot, 0]);
        }
    }
}

#[test]
fn relayed_sensors_and_the_rail_are_measured_through_their_controller() {
    let mut machine = parts("antminer-s19-pro", Fault::Fan(9));
    machine.set_surroundings(&Surroundings {
        boards: vec![BoardSurroundings {
            sensors_c: vec![41.0, 42.0, 43.0, 44.0],
            rail_v: Some(12.8),
        }],
        fan_rpm: None,
    });
    let mut ask = |ms, bytes: &[u8], count: usize| -> Vec<u8> {
        for byte in bytes {
            let sent = machine.transfer(at(ms), Bus::Hashboards, 0x20, &[*byte], &mut []);
            sent.expect("acknowledged");
        }
        let mut one = || {
            let mut byte = [0];
            let read = machine.transfer(at(ms + 300), Bus::Hashboards, 0x20, &[], &mut byte);
            read.expect("acknowledged");
            byte[0]
        };
        (0..count).map(|_| one()).collect()
    };
    ask(0, &[0x55, 0xAA, 4, 6, 0, 0x0A], 2);
    ask(400, &[0x55, 0xAA, 6, 0x3B, 0x4A, 0, 0, 0x8B], 2);
    let read = ask(800, &[0x55, 0xAA, 6, 0x3C, 0x4A, 2, 0, 0x8E], 7);
    assert_eq!(read[2..5], [1, 43, 0]);
    // 12.8 V is 522.6 steps.
    let read = ask(1200, &[0x55, 0xAA, 4, 0x3A, 0, 0x3E], 6);
    assert_eq!(read[..4], [6, 0x3A, 0x02, 0x0B]);
}
