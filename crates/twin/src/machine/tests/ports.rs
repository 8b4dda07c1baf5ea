//! Parts and chains together: who has power when, and over which pins.

use super::super::{BoardFault, Link};
use super::*;
use crate::parts::{ApwFault, Bus, Fault, I2cFault, PartFault};

fn twin(model: &str, faults: FaultPlan) -> TwinMachine {
    let machine = board_support::machine(model).expect("it is there");
    let options = TwinOptions {
        parts: true,
        faults,
        ..options(2)
    };
    TwinMachine::new(&machine, options).expect("a known chip")
}

/// Bytes to a part, each its own transaction.
fn tell(twin: &mut TwinMachine, ms: u64, address: u8, bytes: &[u8]) {
    for byte in bytes {
        let now = Instant::from_millis(ms);
        twin.i2c_transfer(now, Bus::Hashboards, address, &[*byte], &mut [])
            .expect("acknowledged");
    }
}

fn live(twin: &TwinMachine) -> Vec<bool> {
    let slots = twin.slots().iter();
    slots.map(|slot| twin.chips_baud(*slot).is_some()).collect()
}

#[test]
fn chips_without_a_controller_live_while_the_supply_is_on() {
    let mut twin = twin("antminer-s21", FaultPlan::default());
    twin.set_rail(Instant::ZERO, SLOT, true);
    assert_eq!(live(&twin), [false; 3], "the abstract rail does nothing");
    twin.set_supply_enable(Instant::from_millis(10), true);
    assert_eq!(live(&twin), [true; 3]);
    twin.set_rail(Instant::from_millis(11), SLOT, false);
    assert_eq!(live(&twin), [true; 3]);
    twin.set_supply_enable(Instant::from_millis(20), false);
    assert_eq!(live(&twin), [false; 3]);
}

#[test]
fn an_s9s_chips_die_with_the_heartbeat_at_its_time() {
    let mut twin = twin("antminer-s9", FaultPlan::default());
    assert_eq!(live(&twin), [false; 3]);
    tell(&mut twin, 0, 0x56, &[0x55, 0xAA, 0x06]);
    tell(&mut twin, 100, 0x56, &[0x55, 0xAA, 0x15, 1]);
    assert_eq!(live(&twin), [false, true, false]);
    let end = Instant::from_millis(10_100);
    assert_eq!(twin.next_event(), Some(end));
    twin.advance(end - Duration::from_nanos(1));
    assert_eq!(live(&twin), [false, true, false]);
    // A long step ends it at its time all the same.
    twin.advance(Instant::from_millis(3_600_000));
    assert_eq!(live(&twin), [false; 3]);
    assert!(
        twin.parts()
            .expect("parts")
            .controller(ChainSlot(1))
            .is_some_and(|c| c.starved())
    );
}

#[test]
fn the_supplys_watchdog_ends_everything() {
    let mut twin = twin("antminer-s21", FaultPlan::default());
    twin.set_supply_enable(Instant::ZERO, true);
    for byte in [0x55, 0xAA, 0x06, 0x81, 0x01, 0x00, 0x88, 0x00] {
        twin.i2c_transfer(Instant::ZERO, Bus::Supply, 0x10, &[0x11, byte], &mut [])
            .expect("acknowledged");
    }
    twin.advance(Instant::from_millis(19_999));
    assert_eq!(live(&twin), [true; 3]);
    twin.advance(Instant::from_millis(20_000));
    assert_eq!(live(&twin), [false; 3]);
}

#[test]
fn part_faults_of_the_plan_act_at_their_time() {
    let trip = PartFault {
        from: Instant::from_millis(500),
        until: Instant::from_millis(501),
        what: Fault::Supply(ApwFault::Trips),
    };
    let faults = FaultPlan {
        parts: vec![trip],
        boards: vec![BoardFault::Absent { slot: ChainSlot(1) }],
        ..FaultPlan::default()
    };
    let mut twin = twin("antminer-s21", faults);
    twin.set_supply_enable(Instant::ZERO, true);
    assert_eq!(live(&twin), [true, false, true]);
    twin.advance(Instant::from_millis(10_000));
    assert_eq!(live(&twin), [false; 3]);
    let absent = twin.i2c_transfer(Instant::ZERO, Bus::Hashboards, 0x51, &[], &mut []);
    assert_eq!(absent, Err(I2cFault::Nack));
}

#[test]
fn an_fpga_boards_parts_are_reached_through_its_fpga_alone() {
    let mut twin = twin("antminer-s19-pro", FaultPlan::default());
    assert_eq!(twin.link(), Link::FpgaFifo);
    let now = Instant::ZERO;
    let over_soc = twin.i2c_transfer(now, Bus::Supply, 0x10, &[0], &mut [0]);
    assert_eq!(over_soc, Err(I2cFault::Nack));
    twin.set_fan_duty(now, 100);
    assert_eq!(twin.fan_rpm(0), 960);
    twin.fpga_write32(now, 0x084, 0x0064_0000);
    assert_eq!(twin.fan_rpm(0), 5040);
}

#[test]
fn without_parts_nothing_answers_and_the_abstract_rail_rules() {
    let machine = board_support::machine("antminer-s21").expect("it is there");
    let mut twin = TwinMachine::new(&machine, options(2)).expect("a known chip");
    let now = Instant::ZERO;
    let nobody = twin.i2c_transfer(now, Bus::Supply, 0x10, &[], &mut []);
    assert_eq!(nobody, Err(I2cFault::Nack));
    twin.set_supply_enable(now, true);
    assert_eq!(live(&twin), [false; 3]);
    twin.set_rail(now, SLOT, true);
    assert_eq!(live(&twin), [true, false, false]);
    assert_eq!(twin.fan_rpm(0), 0);
}

#[test]
fn fans_of_a_board_without_fpga_follow_their_duty() {
    let mut twin = twin("antminer-s21", FaultPlan::default());
    twin.set_fan_duty(Instant::ZERO, 50);
    assert_eq!((twin.fan_rpm(0), twin.fan_rpm(4)), (3000, 0));
    twin.set_fan_duty(Instant::ZERO, 255);
    assert_eq!(twin.fan_rpm(3), 5040);
}
