//! Orders to a machine in a closed loop, and what it does: one claim each.

use telemetry::Code;
use units::{Celsius, Duty, Megahertz, Watts};

use super::faults::Fault;
use super::plant::Box_;
use super::tables::{Claim, all, ensure};
use super::world::World;
use crate::{Command, Cooling, FanMode, Input, Intent, Local, Persisted, StartCause, State};

/// Every claim of this file, for the mutants as well.
pub(super) const CLAIMS: &[Claim] = &[
    ("a pause survives", a_pause_survives),
    (
        "starts after power loss are spread",
        starts_after_power_loss_are_spread,
    ),
    ("a ceiling is kept", a_ceiling_is_kept),
    ("settings say what holds", settings_say_what_holds),
    (
        "voltage rises before frequency",
        voltage_rises_before_frequency,
    ),
    ("a hot board is derated", a_hot_board_is_derated),
    ("a hot sensor stops its board", a_hot_sensor_stops_its_board),
    (
        "a warm board does not start again",
        a_warm_board_does_not_start_again,
    ),
    (
        "a board that burns takes the supply",
        a_board_that_burns_takes_the_supply,
    ),
    ("waits grow", waits_grow),
    ("a cold board stays slow", a_cold_board_stays_slow),
    (
        "a board nobody can see goes off",
        a_board_nobody_can_see_goes_off,
    ),
    ("a stuck sensor is found", a_stuck_sensor_is_found),
    ("the first sensor counts", the_first_sensor_counts),
    ("silence means full air", silence_means_full_air),
    ("manual fans obey safety", manual_fans_obey_safety),
    ("quiet fans do not surge", quiet_fans_do_not_surge),
    ("no fans is a local decision", no_fans_is_a_local_decision),
    (
        "a shutdown ends in five seconds",
        a_shutdown_ends_in_five_seconds,
    ),
    (
        "a board without sensors needs consent",
        a_board_without_sensors_needs_consent,
    ),
    (
        "a machine that nothing guards needs consent",
        a_machine_that_nothing_guards_needs_consent,
    ),
    (
        "unseen chips stay under their stop",
        unseen_chips_stay_under_their_stop,
    ),
    ("a chain may start anew", a_chain_may_start_anew),
    ("a paused machine is quiet", a_paused_machine_is_quiet),
    (
        "a pool lost for seconds costs nothing",
        a_pool_lost_for_seconds_costs_nothing,
    ),
    (
        "a pool lost for longer is a ramp down and up",
        a_pool_lost_for_longer_is_a_ramp_down_and_up,
    ),
    (
        "a chain that waited does not leap",
        a_chain_that_waited_does_not_leap,
    ),
];

#[test]
fn every_claim_of_orders_holds() {
    all(CLAIMS);
}

fn world(model: &str, params: Box_, fault: Fault) -> World {
    let mut world = World::new(model, 3, params, fault);
    world.start(StartCause::Restart, Persisted::default());
    world
}

fn a_pause_survives() -> Result<(), String> {
    for (command, intent, state) in [
        (Command::Pause, Intent::Pause, State::Paused),
        (Command::Sleep, Intent::Sleep, State::Sleeping),
    ] {
        let mut first = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
        first.run(120.0)?;
        first.give(Input::Command(command));
        first.run(30.0)?;
        ensure(first.hashing_slots() == 0, "hashes in a pause")?;
        ensure(
            first.plant.supply_on == (intent == Intent::Pause),
            "the supply in a pause",
        )?;
        let remembered = first.remembered.ok_or("nothing to remember")?;
        ensure(remembered.intent == intent, "another intent")?;
        let mut second = World::new("antminer-s19-pro", 4, Box_::NOMINAL, Fault::None);
        second.start(StartCause::Restart, remembered);
        second.run(120.0)?;
        ensure(
            second.hashing_slots() == 0 && second.control.state() == state,
            "forgotten",
        )?;
        second.give(Input::Command(Command::Resume));
        // The longest random delay, the supply's rest, bring-up.
        second.run(180.0 + 90.0)?;
        ensure(
            second.hashing_slots() == 3,
            format!("no resume: {:?}", second.decisions),
        )?;
    }
    Ok(())
}

fn starts_after_power_loss_are_spread() -> Result<(), String> {
    let mut starts = Vec::new();
    for seed in 0..40 {
        let mut world = World::new("antminer-s19-pro", seed, Box_::NOMINAL, Fault::None);
        world.start(StartCause::PowerReturn, Persisted::default());
        // What comes over the network cannot shorten it.
        for command in [
            Command::Resume,
            Command::Wake,
            Command::Pause,
            Command::Resume,
        ] {
            world.give(Input::Command(command));
        }
        while world.watch.starts.iter().all(Vec::is_empty) {
            world.tick()?;
            ensure(world.t() < 300.0 + 60.0, "never starts")?;
        }
        starts.push(world.t());
    }
    starts.sort_by(f64::total_cmp);
    let spread = starts[39] - starts[0];
    ensure(
        spread > 150.0,
        format!("40 machines start within {spread} s"),
    )
}

fn a_ceiling_is_kept() -> Result<(), String> {
    let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    let before = world.plant.watts();
    world.give(Input::Command(Command::Ceiling(Some(Watts::new(2000.0)))));
    world.run(60.0)?;
    let capped = world.plant.watts();
    ensure(
        capped < 2000.0 && capped > 1500.0,
        format!("{capped} W under 2000"),
    )?;
    // What does not follow the frequency is the most of a low one.
    world.give(Input::Command(Command::Ceiling(Some(Watts::new(1100.0)))));
    world.run(60.0)?;
    let low = world.plant.watts();
    ensure(low < 1100.0 && low > 700.0, format!("{low} W under 1100"))?;
    world.give(Input::Command(Command::Ceiling(Some(Watts::new(1e9)))));
    world.run(120.0)?;
    let after = world.plant.watts();
    ensure(
        (after - before).abs() < 0.05 * before,
        format!("{before} W, then {after} W"),
    )?;
    // One that a start would pass, at the voltage that it needs, is none to hash under.
    world.give(Input::Command(Command::Ceiling(Some(Watts::new(1000.0)))));
    world.run(60.0)?;
    ensure(
        world.hashing_slots() == 0,
        "hashes on what it cannot start with",
    )?;
    world.give(Input::Command(Command::Ceiling(Some(Watts::new(0.0)))));
    world.run(60.0)?;
    ensure(world.hashing_slots() == 0, "hashes on nothing")?;
    ensure(
        world.control.state() == State::Fault,
        format!("on nothing: {:?}", world.control.state()),
    )?;
    world.give(Input::Command(Command::Ceiling(None)));
    world.run(200.0)?;
    ensure(world.hashing_slots() == 3, "does not come back")?;
    let told = |code| world.decisions.iter().any(|d| d.code == code);
    ensure(
        told(Code::PowerLow) && told(Code::PowerFree) && told(Code::PowerSet),
        "in silence",
    )
}

/// What is shown is what holds, whatever is ordered, and a new process holds the same.
fn settings_say_what_holds() -> Result<(), String> {
    for name in board_support::machines() {
        let mut world = world(name, Box_::NOMINAL, Fault::None);
        let usual = world.control.settings();
        for setting in [usual.power_ceiling, usual.target_temperature] {
            let sound = setting.min < setting.max
                && setting.set.is_none()
                && setting.in_force == setting.default
                && setting.default.is_some_and(|value| setting.takes(value));
            ensure(sound, format!("{name}: {setting:?}"))?;
        }
        let duty = usual.fans.duty;
        ensure(duty.min >= 10.0 && duty.max == 100.0, format!("{duty:?}"))?;
        let least = usual.power_ceiling.min;
        for (watts, c, percent) in [(1e9, 1e9, 255), (0.0, -1e9, 0), (least, 50.0, 60)] {
            for command in [
                Command::Ceiling(Some(Watts::new(watts))),
                Command::Target(Some(Celsius::new(c))),
                Command::Fans(FanMode::Manual(Duty::new(percent))),
            ] {
                world.give(Input::Command(command));
            }
            world.run(1.0)?;
            let now = world.control.settings();
            let case = format!("{name}: {now:?}");
            let ceiling = now.power_ceiling.in_force.ok_or("none")?;
            ensure(ceiling == watts.min(usual.power_ceiling.max), case.as_str())?;
            let target = now.target_temperature.in_force.ok_or("none")?;
            ensure(now.target_temperature.takes(target), case.as_str())?;
            let shown = now.fans.duty.in_force.ok_or("none")?;
            ensure(duty.takes(shown), case.as_str())?;
        }
        let kept = world.remembered.ok_or("nothing to remember")?;
        let mut second = World::new(name, 4, Box_::NOMINAL, Fault::None);
        second.start(StartCause::PowerReturn, kept);
        let (first, second) = (world.control.settings(), second.control.settings());
        ensure(first == second, format!("{first:?}, then {second:?}"))?;
        let set = (
            second.power_ceiling.set,
            second.target_temperature.set,
            second.fans.duty.set,
        );
        let given = (Some(least), Some(50.0), Some(60.0));
        ensure(set == given, format!("{name}: {set:?}"))?;
    }
    Ok(())
}

fn voltage_rises_before_frequency() -> Result<(), String> {
    let mut machine = board_support::machine("antminer-s19-pro").map_err(|e| format!("{e:?}"))?;
    // With its own limit there is no room for more than the working point.
    machine.limits.power_max_w = 4_500.0;
    let mut world = World::with(&machine, Local::default(), 1, Box_::NOMINAL, Fault::None);
    world.start(StartCause::Restart, Persisted::default());
    world.run(200.0)?;
    for mhz in [575.0, 300.0, 570.0, 525.0] {
        for slot in 0..3 {
            let frequency = Megahertz::new(mhz);
            world.give(Input::Tune { slot, frequency });
        }
        world.run(120.0)?;
    }
    ensure(
        world.watch.highest_mhz > 540.0,
        format!("only {} MHz", world.watch.highest_mhz),
    )
}

fn a_hot_board_is_derated() -> Result<(), String> {
    for resistance in [1.25, 1.5] {
        let params = Box_ {
            resistance,
            inlet_c: 44.0,
            ..Box_::NOMINAL
        };
        let mut world = world("antminer-s19-pro", params, Fault::None);
        world.run(1200.0)?;
        let told = |code| world.decisions.iter().any(|d| d.code == code);
        ensure(
            told(Code::HeatDerate),
            format!("not derated: {:?}", world.plant.slots),
        )?;
        ensure(
            world.hashing_slots() == 3,
            format!("stopped: {:?}", world.decisions),
        )?;
        ensure(!told(Code::HeatEased), "eased while it is hot")?;
        world.plant.params.inlet_c = 15.0;
        world.run(600.0)?;
        let last = |code| world.decisions.iter().rposition(|d| d.code == code);
        let eased = last(Code::HeatEased) > last(Code::HeatWarn);
        ensure(eased, format!("not eased: {:?}", world.decisions))?;
    }
    Ok(())
}

fn a_hot_sensor_stops_its_board() -> Result<(), String> {
    let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    world.plant.slots[1].held_c = Some(77.0);
    world.run(15.0)?;
    ensure(!world.plant.is_powered(1), "on at 77 °C")?;
    ensure(
        world.plant.is_powered(0) && world.plant.is_powered(2),
        "the others are off",
    )
}

fn a_board_that_burns_takes_the_supply() -> Result<(), String> {
    let mut machine = board_support::machine("antminer-s19-pro").map_err(|e| format!("{e:?}"))?;
    // Sensors that can be read while the board is off.
    for sensor in &mut machine.peripherals.sensors {
        sensor.bus = board_support::SensorBus::ControlBoard;
    }
    let mut world = World::with(&machine, Local::default(), 1, Box_::NOMINAL, Fault::None);
    world.start(StartCause::Restart, Persisted::default());
    world.run(200.0)?;
    world.plant.slots[1].held_c = Some(110.0);
    world.run(15.0)?;
    ensure(
        world.plant.supply_on,
        "the supply went off before the board could cool",
    )?;
    world.run(30.0)?;
    ensure(
        !world.plant.supply_on,
        "the supply is on, and a board burns",
    )
}

fn a_warm_board_does_not_start_again() -> Result<(), String> {
    let mut world = world("antminer-s21", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    world.plant.slots[1].held_c = Some(110.0);
    world.run(20.0)?;
    ensure(!world.plant.is_powered(1), "on at 110 °C")?;
    // Warm where the air goes out and cool where it comes in: nothing else forbids a start.
    world.plant.slots[1].held_c = Some(63.0);
    world.plant.params.inlet_c = -60.0;
    world.run(500.0)?;
    ensure(!world.plant.is_powered(1), "started while warm")?;
    world.plant.params.inlet_c = 20.0;
    world.plant.slots[1].held_c = None;
    world.run(200.0)?;
    ensure(world.plant.is_powered(1), "did not start when cool")
}

fn waits_grow() -> Result<(), String> {
    let mut world = world("antminer-s9", Box_::NOMINAL, Fault::OverReports);
    world.fault_s = (100.0, 1e9);
    world.run(4000.0)?;
    let starts = &world.watch.starts[0];
    let waits: Vec<_> = starts.windows(2).map(|s| s[1] - s[0]).collect();
    let grow = waits.len() >= 4 && waits[1..4].windows(2).all(|w| w[1] > w[0] * 1.3);
    ensure(grow, format!("{waits:?}"))
}

fn a_cold_board_stays_slow() -> Result<(), String> {
    let params = Box_ {
        inlet_c: -15.0,
        ..Box_::NOMINAL
    };
    let mut world = world("antminer-s19k-pro", params, Fault::None);
    for _ in 0..1200 {
        world.tick()?;
        for s in &world.plant.slots {
            let slow = s.mhz <= world.plant.machine.hashboard.frequency_mhz * 0.55;
            let cold = s.tips_c.iter().all(|c| *c < 30.0);
            ensure(slow || !cold, format!("{} MHz at {:?}", s.mhz, s.tips_c))?;
        }
    }
    ensure(world.hashing_slots() == 3, "does not hash")
}

fn a_board_nobody_can_see_goes_off() -> Result<(), String> {
    let mut world = world("antminer-s9", Box_::NOMINAL, Fault::None);
    world.plant.slots[0].never_up = true;
    world.run(50.0)?;
    ensure(world.plant.is_powered(0), "no time for its bring-up")?;
    world.run(20.0)?;
    ensure(!world.plant.is_powered(0), "on and unseen for a minute")
}

fn a_stuck_sensor_is_found() -> Result<(), String> {
    let mut world = world("antminer-s21", Box_::NOMINAL, Fault::Stuck);
    world.fault_s = (0.0, 400.0);
    world.run(300.0)?;
    ensure(
        !world.plant.is_powered(world.slot),
        "on with a stuck sensor",
    )?;
    world.run(3700.0)?;
    ensure(world.hashing_slots() == 3, "off for ever")
}

fn the_first_sensor_counts() -> Result<(), String> {
    for model in ["antminer-s19-pro", "antminer-s9", "antminer-s21"] {
        let mut world = world(model, Box_::NOMINAL, Fault::Silent);
        world.sensor = 0;
        world.run(400.0)?;
    }
    Ok(())
}

fn silence_means_full_air() -> Result<(), String> {
    let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::Silent);
    world.run(298.0)?;
    ensure(world.watch.duty < 90, "full without need")?;
    world.run(6.5)?;
    ensure(
        world.watch.duty == 100,
        format!("duty {} without a sensor", world.watch.duty),
    )
}

fn manual_fans_obey_safety() -> Result<(), String> {
    for fault in [Fault::Fan, Fault::InletStep] {
        let mut world = world("antminer-s19-pro", Box_::NOMINAL, fault);
        world.give(Input::Command(Command::Fans(FanMode::Manual(Duty::new(
            45,
        )))));
        world.run(298.0)?;
        ensure(
            world.watch.duty == 45,
            format!("manual 45, duty {}", world.watch.duty),
        )?;
        let full = |w: &World| w.watch.duty == 100;
        let mut seen = false;
        for _ in 0..2400 {
            world.tick()?;
            seen |= full(&world);
        }
        ensure(seen, format!("{fault:?} and manual fans stay slow"))?;
    }
    Ok(())
}

fn quiet_fans_do_not_surge() -> Result<(), String> {
    for mode in [FanMode::Auto, FanMode::Quiet] {
        for inlet_c in [10.0, 25.0, 32.0] {
            for (resistance, lag) in [(0.8, 1.0), (1.0, 3.0)] {
                let params = Box_ {
                    resistance,
                    lag,
                    inlet_c,
                    leak: 1.5,
                };
                let mut world = world("antminer-s19-pro", params, Fault::None);
                world.give(Input::Command(Command::Fans(mode)));
                world.run(1200.0)?;
                let from = world.t();
                world.run(600.0)?;
                let late = world.watch.duties.iter().filter(|(t, _)| *t > from);
                let late: Vec<_> = late.map(|(_, duty)| *duty).collect();
                let (low, high) = (late.iter().min(), late.iter().max());
                let swing = high.zip(low).map_or(0, |(high, low)| high - low);
                let seen = format!("{mode:?} {params:?}: {late:?}");
                ensure(swing <= 6 && late.len() <= 120, seen)?;
            }
        }
    }
    Ok(())
}

fn no_fans_is_a_local_decision() -> Result<(), String> {
    let machine = board_support::machine("antminer-s19-pro").map_err(|e| format!("{e:?}"))?;
    let params = Box_ {
        resistance: 0.5,
        inlet_c: 10.0,
        ..Box_::NOMINAL
    };
    let mut air = world("antminer-s19-pro", params, Fault::None);
    air.give(Input::Command(Command::Fans(FanMode::Immersion)));
    air.run(100.0)?;
    ensure(air.watch.duty > 0, "fans off by a command")?;
    ensure(
        air.decisions.iter().any(|d| d.code == Code::FanLocal),
        "refused in silence",
    )?;
    let local = Local {
        cooling: Cooling::Liquid,
        ..Local::default()
    };
    let mut oil = World::with(&machine, local, 1, params, Fault::None);
    oil.liquid();
    oil.start(StartCause::Restart, Persisted::default());
    oil.run(200.0)?;
    ensure(
        oil.hashing_slots() == 3,
        format!("needs fans: {:?}", oil.decisions),
    )?;
    ensure(oil.watch.duty == 0, "fans run in oil")
}

fn a_paused_machine_is_quiet() -> Result<(), String> {
    let mut world = world("antminer-s21", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    world.give(Input::Command(Command::Pause));
    world.run(300.0)?;
    ensure(
        world.watch.duty == 10,
        format!("duty {} in a pause", world.watch.duty),
    )?;
    world.give(Input::Command(Command::Resume));
    world.run(180.0 + 120.0)?;
    ensure(world.hashing_slots() == 3, "no resume from quiet")
}

fn a_shutdown_ends_in_five_seconds() -> Result<(), String> {
    for model in ["antminer-s19-pro", "antminer-s9", "antminer-s21"] {
        let mut world = world(model, Box_::NOMINAL, Fault::None);
        world.run(200.0)?;
        world.give(Input::Command(Command::Shutdown));
        world.run(4.0)?;
        let on = (0..3).any(|slot| world.plant.is_powered(slot)) || world.plant.supply_on;
        ensure(
            !on && world.control.is_down(),
            format!("{model}: on after 4 s"),
        )?;
        ensure(world.remembered.is_none(), "a shutdown is no intent")?;
    }
    Ok(())
}

fn a_board_without_sensors_needs_consent() -> Result<(), String> {
    let mut machine = board_support::machine("antminer-s21").map_err(|e| format!("{e:?}"))?;
    machine.peripherals.sensors.clear();
    for unwatched in [false, true] {
        let local = Local {
            unwatched,
            unguarded: true,
            ..Local::default()
        };
        let mut world = World::with(&machine, local, 1, Box_::NOMINAL, Fault::None);
        world.start(StartCause::Restart, Persisted::default());
        world.run(400.0)?;
        let told = world.decisions.iter().any(|d| d.code == Code::SensorNone);
        ensure(
            told != unwatched,
            format!("consent {unwatched}: told {told}"),
        )?;
        let half = machine.hashboard.frequency_mhz * 0.5;
        let slow = world.plant.slots.iter().all(|s| s.mhz <= half);
        ensure(slow, "faster than half")?;
        let duty = world.watch.duty;
        ensure(
            (duty == 100) == unwatched,
            format!("consent {unwatched}: duty {duty}"),
        )?;
        ensure(
            (world.hashing_slots() > 0) == unwatched,
            format!("consent {unwatched}"),
        )?;
    }
    Ok(())
}

fn a_machine_that_nothing_guards_needs_consent() -> Result<(), String> {
    // (name, whether something cuts its power when the daemon is gone)
    for (name, guarded) in [("antminer-s21", false), ("antminer-s19-pro", true)] {
        let machine = board_support::machine(name).map_err(|e| format!("{e:?}"))?;
        for unguarded in [false, true] {
            let local = Local {
                unguarded,
                ..Local::default()
            };
            let mut world = World::with(&machine, local, 1, Box_::NOMINAL, Fault::None);
            world.start(StartCause::Restart, Persisted::default());
            let may = guarded || unguarded;
            let case = format!("{name}, consent {unguarded}");
            for command in [
                Command::Resume,
                Command::Sleep,
                Command::Wake,
                Command::Ceiling(None),
                Command::Fans(FanMode::Manual(Duty::FULL)),
            ] {
                world.run(2.0)?;
                world.give(Input::Command(command));
            }
            world.give(Input::Command(Command::Fans(FanMode::Auto)));
            world.run(400.0)?;
            ensure((world.hashing_slots() > 0) == may, case.as_str())?;
            ensure(world.plant.supply_on == may, case.as_str())?;
            let told = world.decisions.iter();
            let told = told.filter(|d| d.code == Code::PowerUnguarded).count();
            ensure((told > 0) != may, format!("{case}: told {told} times"))?;
            let quiet = world.watch.duty == 10;
            ensure(may || quiet, format!("{case}: air for nothing"))?;
            let fault = world.control.state() == State::Fault;
            ensure(fault != may, format!("{case}: {:?}", world.control.state()))?;
        }
    }
    Ok(())
}

fn unseen_chips_stay_under_their_stop() -> Result<(), String> {
    for resistance in [0.5, 1.0, 1.5] {
        for inlet_c in [25.0, 45.0] {
            let params = Box_ {
                resistance,
                inlet_c,
                ..Box_::NOMINAL
            };
            let mut world = World::new("antminer-s19-pro", 1, params, Fault::None);
            world.chips_absent = true;
            world.start(StartCause::Restart, Persisted::default());
            let stop_c = world.plant.machine.limits.chip_stop_c;
            let mut above_s = 0.0;
            for _ in 0..4 * 900 {
                world.tick()?;
                // The last four sensors are the chips', and nobody reads them.
                let hot = |s: &super::plant::Slot| {
                    s.mhz > 0.0 && s.tips_c[4..].iter().any(|c| *c > stop_c)
                };
                above_s = if world.plant.slots.iter().any(hot) {
                    above_s + 0.25
                } else {
                    0.0
                };
                ensure(
                    above_s < 4.0,
                    format!("{params:?}: a chip above {stop_c} °C"),
                )?;
            }
            ensure(
                world.hashing_slots() == 3,
                format!("{params:?}: {:?}", world.decisions),
            )?;
        }
    }
    Ok(())
}

fn a_chain_may_start_anew() -> Result<(), String> {
    let mut world = world("antminer-s9", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    world.plant.slots[0].mhz = 0.0;
    world.plant.slots[0].starting_s = 0.0;
    world.run(100.0)?;
    ensure(
        world.watch.starts[0].len() == 1,
        "the board was switched off for it",
    )?;
    ensure(world.hashing_slots() == 3, "does not hash")
}

fn a_pool_lost_for_seconds_costs_nothing() -> Result<(), String> {
    let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
    world.run(200.0)?;
    let before = world.plant.dynamic();
    for _ in 0..5 {
        world.give(Input::Pools { available: false });
        world.run(9.5)?;
        world.give(Input::Pools { available: true });
        world.run(3.0)?;
        let now = world.plant.dynamic();
        ensure(now > 0.99 * before, format!("{now} of {before} boards"))?;
    }
    Ok(())
}

fn a_pool_lost_for_longer_is_a_ramp_down_and_up() -> Result<(), String> {
    for gone_s in [15.0, 31.0, 59.0] {
        let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
        world.run(200.0)?;
        let (before, starts) = (world.plant.dynamic(), world.watch.starts.clone());
        world.give(Input::Pools { available: false });
        world.run(gone_s)?;
        let least = world.plant.dynamic() / before;
        let due = (1.0 - (gone_s - 10.0) / 20.0).max(0.1);
        let seen = format!("{least:.2} of the power {gone_s} s after the pool went");
        ensure((least - due).abs() < 0.05, seen)?;
        world.give(Input::Pools { available: true });
        for _ in 0..28 {
            let last = world.plant.dynamic();
            world.run(5.0)?;
            let rise = (world.plant.dynamic() - last) / before;
            // A cap is told in steps of 5 MHz: a hundredth of it.
            let most = 5.0 / 120.0 + 0.01;
            ensure(rise <= most, format!("{rise:.4} of the power in 5 s"))?;
        }
        let after = world.plant.dynamic();
        ensure(after > 0.99 * before, format!("{after} of {before} boards"))?;
        ensure(world.watch.starts == starts, "a board was switched")?;
    }
    Ok(())
}

fn a_chain_that_waited_does_not_leap() -> Result<(), String> {
    let mut world = world("antminer-s19-pro", Box_::NOMINAL, Fault::None);
    let all = |world: &mut World, unfed| world.plant.slots.iter_mut().for_each(|s| s.unfed = unfed);
    all(&mut world, true);
    world.run(150.0)?;
    ensure(world.hashing_slots() == 3, "chains are not up")?;
    all(&mut world, false);
    // The watch looks at each second.
    world.run(100.0)?;
    let whole = world.plant.dynamic();
    ensure(whole > 2.9, format!("{whole} boards"))
}
