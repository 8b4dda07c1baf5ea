//! The daemon as it is flashed: it mines, and it answers to what happens to its machine with the faults that the
//! simulation has for it.

use std::time::{Duration, Instant};

use kernel::Happening;
use process::{PATIENCE, wait_for};
use serde_json::Value;
use telemetry::Code;

use crate::machine::Machine;

/// What the watchdog of the test's board is set to, and three times as much for a busy computer.
const WATCHDOG: Duration = Duration::from_secs(120);

/// One after the other, each with what the one before left. A board that a protection stopped rests for a minute,
/// so what follows has a daemon of its own.
pub(crate) fn mines_and_answers_what_happens(machine: &Machine) {
    machine.refuses_a_user_who_was_given_nothing();
    machine.hash();
    machine.is_of_a_user_without_rights();
    machine.wait_for_shares(5);
    it_says_what_its_devices_say(machine);
    a_fan_that_is_held_is_told_and_heard_again(machine);
    a_serial_port_that_is_closed_is_a_silent_chain(machine);
    a_board_that_is_pulled_goes_off_and_is_missing(machine);
    machine.stop();
    a_slot_that_is_empty_from_the_start_is_missing_until_it_is_not(machine);
    sensors_that_do_not_acknowledge_switch_the_board_off(machine);
    machine.stop();
    machine.hash();
    a_silent_bus_switches_the_board_off(machine);
    machine.stop();
    machine.hash();
    a_sensor_at_90_degrees_cuts_the_supply(machine);
    machine.stop();
    machine.hash();
    a_stuck_daemon_is_reset_by_the_watchdog(machine);
    machine.boots_again(|| assert!(!machine.chips().powered(), "nobody ordered power"));
    machine.around().hold_fan(0, false);
    machine.around().hold_fan(1, false);
    machine.hash();
    machine.wait_for_shares(1);
    machine.stop();
    let totals = machine.pool.ledger(|l| l.totals);
    assert_eq!(totals.rejected(), 0, "{totals:?}");
}

fn it_says_what_its_devices_say(machine: &Machine) {
    let around = machine.around();
    let status = machine.wait("what sensors and fans say", PATIENCE, || {
        let status = machine.status()?;
        let (inlet, outlet) = around.felt_c();
        let temps = status["temperatures"].as_array()?;
        let near = |place: u32| {
            let mut found = temps.iter().filter_map(|t| t["temp_c"].as_f64());
            found.any(|c| (c - f64::from(place)).abs() <= 1.0)
        };
        let rpm = f64::from(around.fan_rpm());
        let fans = status["fans"].as_array()?;
        let mut turning = fans.iter().filter_map(|fan| fan["rpm"].as_f64());
        let all_turn = fans.len() == 2 && turning.all(|heard| (heard - rpm).abs() <= 0.2 * rpm);
        let warm = outlet > inlet + 5;
        (warm && near(inlet) && near(outlet) && all_turn).then_some(status)
    });
    assert_eq!(status["state"], "hashing", "{status:#}");
    assert_eq!(status["machine"]["backend"], "linux", "{status:#}");
    let chain = &status["chains"][0];
    let chips = (&chain["chips_expected"], &chain["chips_found"]);
    assert_eq!(chips, (&3.into(), &3.into()), "{status:#}");
    assert_eq!(status["shares"]["lost"], 0, "{status:#}");
    let chips = machine.chips();
    assert!(chips.powered() && chips.released());
    // The PWM output is on for as long as the status says.
    let duty = |status: &Value| status["fans"][0]["duty_percent"].as_f64();
    machine.wait("the duty in the registers", PATIENCE, || {
        let outside = f64::from(around.duty_percent());
        (duty(&machine.status()?)? == outside).then_some(())
    });
    assert!(duty(&status).is_some_and(|duty| duty >= 30.0), "{status:#}");
    machine.tell("its devices' values");
}

fn a_fan_that_is_held_is_told_and_heard_again(machine: &Machine) {
    machine.around().hold_fan(1, true);
    machine.wait_for_the_same(Happening::FanStands, &[Code::FanLost]);
    machine.wait("the other fan at full duty", PATIENCE, || {
        (machine.around().duty_percent() == 100).then_some(())
    });
    machine.around().hold_fan(1, false);
    machine.wait_for_code(Code::FanBack);
    assert!(machine.chips().powered());
}

fn a_serial_port_that_is_closed_is_a_silent_chain(machine: &Machine) {
    machine.chips().close(true);
    machine.wait_for_the_same(
        Happening::PortCloses,
        &[Code::ChainSilent, Code::ChainRestart],
    );
    machine.chips().close(false);
    machine.wait_for_shares(3);
}

/// Its sensors do not acknowledge, its chips have neither supply nor signals, and its plug says so, which is missed
/// before the others are.
fn a_board_that_is_pulled_goes_off_and_is_missing(machine: &Machine) {
    pull(machine, true);
    machine.wait_for_the_same(Happening::BoardPulled, &[Code::ChainMissing]);
    machine.wait_until_off();
    machine.never_said(Happening::BoardPulled, Code::SensorSilent);
}

/// Nothing of it is asked for power, and none of its sensors is missed. Seated, it waits for an order.
fn a_slot_that_is_empty_from_the_start_is_missing_until_it_is_not(machine: &Machine) {
    machine.run();
    machine.wait_for_the_same(Happening::BoardMissing, &[Code::ChainMissing]);
    // Sensors that say nothing are missed after eight seconds.
    let end = Instant::now() + Duration::from_secs(12);
    machine.wait("time for a sensor to be missed", PATIENCE, || {
        (Instant::now() >= end).then_some(())
    });
    machine.never_said(Happening::BoardMissing, Code::SensorSilent);
    assert!(!machine.chips().powered());
    pull(machine, false);
    machine.order("resume");
    machine.wait_for_code(Code::ChainUp);
}

fn pull(machine: &Machine, pulled: bool) {
    machine.around().pull(pulled);
    cable(machine, !pulled);
}

/// The switch that is the board's cable: open, what is behind it answers with NACK.
fn cable(machine: &Machine, closed: bool) {
    machine
        .guest()
        .run(&format!("i2cset -y 3 0x70 {}", u8::from(closed)));
}

fn sensors_that_do_not_acknowledge_switch_the_board_off(machine: &Machine) {
    cable(machine, false);
    machine.wait_for_the_same(Happening::SensorsNack, &[Code::SensorSilent]);
    machine.wait_until_off();
    cable(machine, true);
}

/// The controller does nothing, and each transfer runs into the kernel's own limit.
fn a_silent_bus_switches_the_board_off(machine: &Machine) {
    machine.around().silence_bus(true);
    machine.wait_for_the_same(Happening::BusSilent, &[Code::SensorSilent]);
    machine.wait_until_off();
    machine.around().silence_bus(false);
}

fn a_sensor_at_90_degrees_cuts_the_supply(machine: &Machine) {
    machine.around().fire(Some(90));
    machine.wait_for_the_same(Happening::SensorHot, &[Code::HeatStop]);
    machine.wait_until_off();
    machine.around().fire(None);
}

/// Nothing kicks the watchdog of a process that is stopped: the computer is reset, and its lines fall to their
/// safe side. Fans are held before that: an edge that waits while it is reset would never be taken, and the next
/// boot would do nothing but try (docs/kernel-test.md).
fn a_stuck_daemon_is_reset_by_the_watchdog(machine: &Machine) {
    machine.guest().run("kill -STOP $(pidof stannary)");
    machine.around().hold_fan(0, true);
    machine.around().hold_fan(1, true);
    assert!(!machine.was_reset());
    assert!(
        machine.chips().powered(),
        "a stopped process lets nothing go"
    );
    wait_for("the watchdog", WATCHDOG, || {
        machine.was_reset().then_some(())
    });
    wait_for("no supply", PATIENCE, || {
        (!machine.chips().powered()).then_some(())
    });
    machine.tell("reset by the watchdog");
}
