//! Parts and chains together: who has power when, and over which pins.

use super::super::{BoardFault, Link, Outage};
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

/// Its rail is off again when it is seated, although nobody switched it off.
#[test]
fn parts_of_a_board_that_is_pulled_do_not_answer_and_come_back_without_their_orders() {
    let at = Instant::from_millis;
    let slot = ChainSlot(1);
    let pulled = vec![Outage {
        slot,
        from: at(500),
        until: at(1_000),
    }];
    let faults = FaultPlan {
        pulled,
        ..FaultPlan::default()
    };
    // Its boards have sensors on the processor's bus, and no controller.
    let mut machine = twin("antminer-s21", faults.clone());
    machine.set_supply_enable(Instant::ZERO, true);
    let ask = |machine: &mut TwinMachine, now, address| {
        machine.i2c_transfer(now, Bus::Hashboards, address, &[0], &mut [0; 2])
    };
    for (ms, there) in [(400, true), (500, false), (999, false), (1_000, true)] {
        machine.advance(at(ms));
        assert_eq!(live(&machine), [true, there, true], "{ms}");
        assert_eq!(machine.plugged(slot), there, "{ms}");
        let answers = [0x48, 0x49].map(|address| ask(&mut machine, at(ms), address).is_ok());
        assert_eq!(answers, [true, there], "{ms}");
    }
    // Its controller is in its loader, where no rail is on.
    let mut s9 = twin("antminer-s9", faults);
    for (begins, ends) in [(0, 499), (1_000, 5_000)] {
        tell(&mut s9, begins, 0x56, &[0x55, 0xAA, 0x06]);
        assert_eq!(live(&s9), [false; 3], "{begins}");
        tell(&mut s9, begins + 100, 0x56, &[0x55, 0xAA, 0x15, 1]);
        s9.advance(at(ends));
        assert_eq!(live(&s9), [false, true, false], "{ends}");
    }
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

/// A word for the relay of chip 61 of an S9's first chain.
fn order(twin: &mut TwinMachine, at: &mut Instant, word: u32) {
    let mut body = vec![0x41, 9, 4 * 61, 0x20];
    body.extend(word.to_be_bytes());
    twin.uart_write(*at, SLOT, &frame(model("bm1387").expect("known"), &body));
    *at += Duration::from_millis(20);
}

/// What that relay reads.
fn relay(twin: &mut TwinMachine, at: &mut Instant) -> u32 {
    let read = [0x42, 5, 4 * 61, 0x20];
    twin.uart_write(*at, SLOT, &frame(model("bm1387").expect("known"), &read));
    *at += Duration::from_millis(20);
    let mut buffer = [0; 64];
    let count = twin.uart_read(*at, SLOT, &mut buffer);
    let answer = buffer[..count].iter().take(4);
    answer.fold(0, |all, b| all << 8 | u32::from(*b))
}

/// A byte of the sensor behind it: its register, relayed.
fn relayed(twin: &mut TwinMachine, at: &mut Instant, register: u8) -> u32 {
    order(twin, at, 0x0198_0000 | u32::from(register) << 8);
    relay(twin, at)
}

/// Addresses, and the I2C pins as a chip's miscellaneous control switches them.
fn address(twin: &mut TwinMachine, at: &mut Instant) {
    let m = model("bm1387").expect("known");
    twin.uart_follow_chips(*at, SLOT);
    twin.uart_write(*at, SLOT, &frame(m, &[0x53, 5, 0, 0]));
    for chip in 0..63 {
        twin.uart_write(*at, SLOT, &frame(m, &[0x40, 5, 4 * chip, 0]));
        *at += Duration::from_millis(5);
        twin.advance(*at);
    }
    let pins = [0x41, 9, 4 * 61, 0x1C, 0x00, 0x00, 0x5A, 0x60];
    twin.uart_write(*at, SLOT, &frame(m, &pins));
    *at += Duration::from_millis(20);
}

/// An S9 whose first chain is on, and the time.
fn s9() -> (TwinMachine, Instant) {
    let mut machine = board_support::machine("antminer-s9").expect("it is there");
    // Serial lines in place of cores.
    machine.control_board.devices = None;
    let options = TwinOptions {
        parts: true,
        ..options(2)
    };
    let mut twin = TwinMachine::new(&machine, options).expect("a known chip");
    tell(&mut twin, 0, 0x55, &[0x55, 0xAA, 0x06]);
    tell(&mut twin, 100, 0x55, &[0x55, 0xAA, 0x15, 1]);
    let mut at = Instant::from_millis(200);
    address(&mut twin, &mut at);
    (twin, at)
}

fn surroundings(sensors_c: Vec<f64>) -> crate::parts::Surroundings {
    let board = crate::parts::BoardSurroundings {
        sensors_c,
        rail_v: None,
    };
    crate::parts::Surroundings {
        boards: vec![board],
        fan_rpm: None,
    }
}

#[test]
fn a_sensor_behind_a_chip_shows_what_it_is_told_and_its_faults() {
    let (mut twin, mut at) = s9();
    assert_eq!(relayed(&mut twin, &mut at, 0x00) & 0xFF, 28);
    twin.set_surroundings(at, &surroundings(vec![61.0, 77.0]));
    assert_eq!(relayed(&mut twin, &mut at, 0x00) & 0xFF, 61);
    assert_eq!(relayed(&mut twin, &mut at, 0x01) & 0xFF, 77);
    let fault = |sensor, fault| PartFault {
        from: Instant::ZERO,
        until: Instant::NEVER,
        what: Fault::Sensor {
            slot: SLOT,
            sensor,
            fault,
        },
    };
    twin.set_part_faults(at, &[fault(1, crate::parts::SensorFault::Off(-30.0))]);
    assert_eq!(relayed(&mut twin, &mut at, 0x01) & 0xFF, 47);
    twin.set_part_faults(at, &[fault(1, crate::parts::SensorFault::Dead)]);
    assert_eq!(relayed(&mut twin, &mut at, 0x01) & 0xFF, 0xFF);
}

#[test]
fn a_sensor_behind_a_chip_shows_frost_once_it_is_told_to_and_keeps_that_until_the_rail_goes_off() {
    let (mut twin, mut at) = s9();
    twin.set_surroundings(at, &surroundings(vec![-15.0, -3.5]));
    let shown = |twin: &mut TwinMachine, at: &mut Instant| {
        [0x00, 0x01, 0x03].map(|register| relayed(twin, at, register) & 0xFF)
    };
    assert_eq!(shown(&mut twin, &mut at), [0, 0, 0]);
    order(&mut twin, &mut at, 0x0199_0904);
    at += Duration::from_millis(63);
    assert_eq!(shown(&mut twin, &mut at), [64 - 15, 64 - 4, 4]);
    twin.set_reset(at, SLOT, true);
    twin.set_reset(at + Duration::from_millis(100), SLOT, false);
    at += Duration::from_millis(200);
    address(&mut twin, &mut at);
    assert_eq!(shown(&mut twin, &mut at), [64 - 15, 64 - 4, 4]);
    let ms = at.as_nanos() / 1_000_000;
    tell(&mut twin, ms, 0x55, &[0x55, 0xAA, 0x15, 0]);
    tell(&mut twin, ms + 100, 0x55, &[0x55, 0xAA, 0x15, 1]);
    at += Duration::from_millis(200);
    address(&mut twin, &mut at);
    assert_eq!(shown(&mut twin, &mut at), [0, 0, 0]);
}
