//! Histories that never happened: what the watch must report, and what it must let pass.
//! Each claim is a function, so that the known mistakes of the watch are held to all of them.

use std::sync::LazyLock;

use board_support::{Machine, Place, Sensor};
use units::{ChainSlot, Duration, Instant};

use super::air::{FEW_S, FULL_S, NONE_S};
use super::electric::{CEILING_S, GOES_ON_S, RAMP_PER_S, STALL_S, UNHEARD_S};
use super::ending::{BACK_WITHIN, BETWEEN, Back, Return, STEADY, Settling};
use super::heat::{HOT_S, SILENT_S, UNSENSED_K};
use super::judge::{Blame, Board, Judge, Observation, Silent, SupplyBlame};
use super::mutant::{MUTANTS, set_mutant};
use super::{LOOK, is_up};
use crate::Paused;

/// When things happen, seconds, and when a history ends.
const AT: f64 = 20.0;
const END: f64 = 150.0;

type Claim = (&'static str, fn() -> Result<(), String>);

const CLAIMS: &[Claim] = &[
    ("a healthy machine is let pass", healthy),
    ("a sensed place above its stop", sensed_heat),
    ("a chip's own stop is the chips'", sensed_chip),
    ("a liar is excused, alone and while it lies", liar),
    ("a chip that no sensor sees", unsensed_chip),
    ("a place that no sensor sees", unsensed_place),
    ("a silent sensor", silent_sensor),
    ("a silent bus is every board's", silent_bus),
    ("fans after one is lost", lost_fan),
    ("a fan that cannot turn so fast is lost", fast_fan),
    ("too few fans", few_fans),
    ("no fan", no_fans),
    ("an engine that stands still", engine_still),
    ("a process that goes on", process_goes_on),
    ("a machine that steps up", ramp),
    ("boards that begin", beginnings),
    ("what comes back within seconds and later", gap),
    ("a supply that comes back", supply_back),
    ("a chip that becomes a short", shorted),
    ("the machine's own power limit", hard_limit),
    ("the operator's ceiling", ceiling),
    ("a ceiling and chips that leak", leaky_ceiling),
    ("a supply that is not understood", unheard),
    ("voltages outside their range", volts),
    ("hashing again in time", hashes_again),
    ("in between", in_between),
];

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    board_support::machine("antminer-s19-pro").expect("a machine of this project")
});

fn machine() -> &'static Machine {
    &MACHINE
}

fn at(seconds: f64) -> Instant {
    Instant::from_millis((seconds * 1000.0) as u64)
}

fn nothing() -> Blame {
    Blame::nothing(at(AT), at(END - 10.0), ChainSlot(1))
}

/// A machine at rest: two thirds of its power, cool, all fans well.
fn rest(now: Instant) -> Observation {
    let machine = machine();
    let watts = machine.rated_power_w / 3.0 * 0.66;
    let board = Board {
        on: true,
        live: true,
        fed: true,
        in_reset: false,
        up: true,
        watts,
        ordered_mv: f64::from(machine.hashboard.voltage_mv.expect("known")),
        hottest_chip_c: 70.0,
        hottest_board_c: 60.0,
        sensors_c: vec![55.0; machine.peripherals.sensors.len()],
    };
    Observation {
        now,
        boards: vec![board; usize::from(machine.slots)],
        rpm: vec![4_000; usize::from(machine.fans.count)],
        duty: 60,
        wall_w: 3.0 * watts + 100.0,
    }
}

/// Run a history; `change` makes of the machine at rest what it is at that second. The second at
/// which the watch reports something, and what.
fn broken(blame: Blame, mut change: impl FnMut(f64, &mut Observation)) -> Option<(f64, String)> {
    let mut judge = Judge::new(machine().clone(), blame);
    let mut now = Instant::ZERO;
    while now < at(END) {
        now += LOOK;
        let mut seen = rest(now);
        change(now.as_secs_f64(), &mut seen);
        if let Err(what) = judge.look(&seen) {
            return Some((now.as_secs_f64(), what));
        }
    }
    None
}

/// It is reported, with this word, at this second or two looks later.
fn reports(
    second: f64,
    word: &str,
    blame: Blame,
    change: impl FnMut(f64, &mut Observation),
) -> Result<(), String> {
    match broken(blame, change) {
        Some((at, what)) if what.contains(word) => {
            let due = second..=second + 0.5;
            ensure(
                due.contains(&at),
                format!("at {at} s, due {second}: {what}"),
            )
        }
        other => Err(format!("{word}: {other:?}")),
    }
}

fn passes(blame: Blame, change: impl FnMut(f64, &mut Observation)) -> Result<(), String> {
    match broken(blame, change) {
        None => Ok(()),
        Some((at, what)) => Err(format!("reported at {at} s: {what}")),
    }
}

fn ensure(holds: bool, why: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.into()) }
}

fn off(board: &mut Board) {
    *board = Board {
        on: false,
        live: false,
        fed: false,
        in_reset: true,
        up: false,
        watts: 0.0,
        ..board.clone()
    };
}

fn all_off(seen: &mut Observation) {
    seen.boards.iter_mut().for_each(off);
    seen.wall_w = 100.0;
}

fn healthy() -> Result<(), String> {
    passes(nothing(), |_, _| {})
}

fn stop_c(chip: bool) -> f64 {
    let limits = &machine().limits;
    if chip {
        limits.chip_stop_c
    } else {
        limits.board_stop_c
    }
}

/// A sensor of the kind.
fn sensor(chip: bool) -> usize {
    let is = |s: &Sensor| (s.place == Place::Chip) == chip;
    machine()
        .peripherals
        .sensors
        .iter()
        .position(is)
        .expect("both kinds")
}

fn hot(chip: bool, by_k: f64, for_s: f64) -> impl FnMut(f64, &mut Observation) {
    move |t, seen| {
        if t >= AT && t < AT + for_s {
            seen.boards[1].sensors_c[sensor(chip)] = stop_c(chip) + by_k;
        } else if t >= AT {
            off(&mut seen.boards[1]);
        }
    }
}

fn sensed_heat() -> Result<(), String> {
    passes(nothing(), hot(false, 5.0, HOT_S))?;
    passes(nothing(), hot(false, 0.5, 100.0))?;
    reports(AT + HOT_S, "power-off", nothing(), hot(false, 1.0, 100.0))?;
    // Twice for a moment is not once for long.
    passes(nothing(), |t, seen| {
        if t >= AT && t % 4.0 < 3.0 {
            seen.boards[0].sensors_c[sensor(false)] = stop_c(false) + 2.0;
        }
    })
}

fn sensed_chip() -> Result<(), String> {
    passes(nothing(), |_, seen| {
        seen.boards[0].sensors_c[sensor(true)] = stop_c(false) + 1.0;
    })?;
    reports(AT + HOT_S, "power-off", nothing(), hot(true, 1.0, 100.0))
}

fn liar() -> Result<(), String> {
    let (own, other) = (sensor(false), sensor(true));
    let blame = Blame {
        liar: Some(own),
        until: at(60.0),
        ..nothing()
    };
    let lies = |slot: usize, sensor: usize, until: f64| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT && t < until {
                seen.boards[slot].sensors_c[sensor] = stop_c(true) + 5.0;
            }
        }
    };
    passes(blame, lies(1, own, 70.0))?;
    reports(70.0 + HOT_S, "power-off", blame, lies(1, own, 100.0))?;
    reports(AT + HOT_S, "power-off", blame, lies(1, other, 100.0))?;
    reports(AT + HOT_S, "power-off", blame, lies(0, own, 100.0))
}

fn unsensed_chip() -> Result<(), String> {
    let chip = |by_k: f64, on: bool| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT {
                seen.boards[2].hottest_chip_c = stop_c(true) + by_k;
            }
            if t >= AT && !on {
                off(&mut seen.boards[2]);
            }
        }
    };
    passes(nothing(), chip(UNSENSED_K - 0.5, true))?;
    passes(nothing(), chip(UNSENSED_K + 9.0, false))?;
    reports(AT, "a chip", nothing(), chip(UNSENSED_K + 0.5, true))
}

fn unsensed_place() -> Result<(), String> {
    let place = |by_k: f64| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT {
                seen.boards[2].hottest_board_c = stop_c(false) + by_k;
            }
        }
    };
    passes(nothing(), place(UNSENSED_K - 0.5))?;
    reports(AT, "a place", nothing(), place(UNSENSED_K + 0.5))
}

fn silent_sensor() -> Result<(), String> {
    let blame = Blame {
        silent: Some(Silent::Sensor(0)),
        ..nothing()
    };
    let goes_off = |slot: usize, after: f64| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT + after {
                off(&mut seen.boards[slot]);
            }
        }
    };
    passes(blame, goes_off(1, SILENT_S))?;
    reports(AT + SILENT_S, "silent", blame, goes_off(1, 90.0))?;
    reports(AT + SILENT_S, "silent", blame, goes_off(0, 1.0))?;
    // One that is over in time is none.
    let short = Blame {
        until: at(AT + SILENT_S),
        ..blame
    };
    passes(short, |_, _| {})
}

fn silent_bus() -> Result<(), String> {
    let blame = Blame {
        silent: Some(Silent::Bus),
        ..nothing()
    };
    reports(AT + SILENT_S, "slot 2", blame, |t, seen| {
        if t >= AT + 3.0 {
            off(&mut seen.boards[0]);
            off(&mut seen.boards[1]);
        }
    })
}

/// One fan stands from then on; all are driven at this from `after` seconds on.
fn fan_stands(duty: u8, after: f64) -> impl FnMut(f64, &mut Observation) {
    move |t, seen| {
        if t >= AT {
            seen.rpm[0] = 0;
        }
        if t >= AT + after {
            seen.duty = duty;
        }
    }
}

fn lost_fan() -> Result<(), String> {
    passes(nothing(), |t, seen| {
        fan_stands(100, FULL_S)(t, seen);
        // This machine needs all of its fans.
        if t >= AT + 10.0 {
            all_off(seen);
        }
    })?;
    reports(AT + FULL_S, "fans at 60", nothing(), fan_stands(60, 0.0))?;
    reports(AT + FULL_S, "fans at 99", nothing(), fan_stands(99, 0.0))?;
    // What nobody drives does not turn.
    passes(nothing(), |t, seen| {
        if t < AT {
            (seen.duty, seen.rpm) = (0, vec![0; 4]);
        } else if t < AT + 5.0 {
            seen.rpm = vec![500; 4];
        }
    })?;
    passes(nothing(), |_, seen| {
        seen.rpm[0] = 0;
        all_off(seen);
    })
}

fn fast_fan() -> Result<(), String> {
    let most = machine().fans.rpm_max;
    reports(AT + FULL_S, "fans at 60", nothing(), |t, seen| {
        if t >= AT {
            seen.rpm[2] = most + 1;
        }
    })
}

fn standing(count: usize, off_after: f64) -> impl FnMut(f64, &mut Observation) {
    move |t, seen| {
        if t >= AT {
            seen.rpm[..count].fill(0);
            seen.duty = 100;
        }
        if t >= AT + off_after {
            all_off(seen);
        }
    }
}

fn few_fans() -> Result<(), String> {
    let fans = &machine().fans;
    let enough = usize::from(fans.count - fans.count_min);
    passes(nothing(), standing(enough, 100.0))?;
    passes(nothing(), standing(enough + 1, FEW_S))?;
    reports(
        AT + FEW_S,
        "too few",
        nothing(),
        standing(enough + 1, 100.0),
    )
}

fn no_fans() -> Result<(), String> {
    passes(nothing(), standing(4, NONE_S))?;
    reports(AT + NONE_S, "stood", nothing(), standing(4, 100.0))
}

/// Chips are held in reset after this; nothing else changes.
fn held_after(second: f64) -> impl FnMut(f64, &mut Observation) {
    move |t, seen| {
        if t >= second {
            for board in &mut seen.boards {
                (board.in_reset, board.watts) = (true, 50.0);
            }
        }
    }
}

fn engine_still() -> Result<(), String> {
    let blame = Blame {
        stall: Some(Paused::Engine),
        until: at(AT + 5.0),
        ..nothing()
    };
    passes(blame, held_after(AT + STALL_S))?;
    reports(AT + STALL_S, "Engine", blame, held_after(100.0))?;
    // Nobody else is given time for it.
    passes(blame, |t, seen| {
        held_after(AT + 2.0)(t, seen);
        hot(false, 5.0, HOT_S + 5.0)(t, seen);
    })?;
    reports(AT + HOT_S, "power-off", nothing(), |t, seen| {
        held_after(AT + 2.0)(t, seen);
        hot(false, 5.0, HOT_S + 5.0)(t, seen);
    })
}

fn process_goes_on() -> Result<(), String> {
    let goes_on = AT + 5.0;
    let blame = Blame {
        stall: Some(Paused::Process),
        until: at(goes_on),
        ..nothing()
    };
    passes(blame, held_after(goes_on + GOES_ON_S))?;
    reports(goes_on + GOES_ON_S, "Process", blame, held_after(100.0))
}

/// Power of all boards in shares of the rated.
fn at_power(seen: &mut Observation, share: f64) {
    let each = machine().rated_power_w / 3.0 * share;
    seen.boards.iter_mut().for_each(|b| b.watts = each);
}

fn ramp() -> Result<(), String> {
    let per_s = |share: f64| {
        move |t: f64, seen: &mut Observation| {
            at_power(seen, (0.1 + (t - AT).max(0.0) * share).min(1.0));
        }
    };
    passes(nothing(), per_s(0.95 * RAMP_PER_S))?;
    reports(AT + 0.75, "rose", nothing(), per_s(1.4 * RAMP_PER_S))?;
    reports(AT, "rose", nothing(), |t, seen| {
        at_power(seen, if t < AT { 0.9 } else { 0.95 });
    })
}

fn beginnings() -> Result<(), String> {
    // Boards that come under voltage, and chips that begin, may step; who does not may not.
    let steps = |share: f64, up: bool| {
        move |t: f64, seen: &mut Observation| {
            if t < AT {
                off(&mut seen.boards[0]);
            } else {
                seen.boards[0].up = up && t >= AT + 10.0;
                seen.boards[0].watts *= if t < AT + 10.0 { share / 2.0 } else { share };
            }
        }
    };
    passes(nothing(), steps(0.5, true))?;
    reports(AT + 10.0, "rose", nothing(), steps(0.5, false))?;
    reports(AT, "rose", nothing(), steps(2.0, true))?;
    // Leaky chips take more, and no more than that.
    let leaky = Blame {
        leakage: 1.5,
        ..nothing()
    };
    passes(leaky, steps(1.7, true))?;
    reports(AT, "rose", leaky, steps(2.2, true))?;
    // A rail that was lost and is back, whatever was ordered.
    passes(nothing(), |t, seen| {
        seen.boards[2].up = false;
        if (10.0..AT).contains(&t) {
            seen.boards[2].fed = false;
            seen.boards[2].watts = 0.0;
        } else if t >= AT {
            seen.boards[2].watts *= 0.4;
        }
    })
}

fn gap() -> Result<(), String> {
    let dip = |for_s: f64| {
        move |t: f64, seen: &mut Observation| {
            at_power(
                seen,
                if (AT..AT + for_s).contains(&t) {
                    0.2
                } else {
                    0.9
                },
            );
        }
    };
    passes(nothing(), dip(1.75))?;
    reports(AT + 5.0, "rose", nothing(), dip(5.0))
}

fn supply_back() -> Result<(), String> {
    let blame = Blame {
        supply: Some(SupplyBlame::Moves),
        until: at(60.0),
        ..nothing()
    };
    let dip = |from: f64| {
        move |t: f64, seen: &mut Observation| {
            at_power(seen, if (from..60.0).contains(&t) { 0.2 } else { 0.9 });
        }
    };
    passes(blame, dip(AT))?;
    reports(60.0, "rose", nothing(), dip(AT))?;
    // Not whenever it likes.
    reports(70.0, "rose", blame, |t, seen| {
        at_power(seen, if (AT..70.0).contains(&t) { 0.2 } else { 0.9 });
    })
}

fn shorted() -> Result<(), String> {
    let blame = Blame {
        shorted: true,
        ..nothing()
    };
    let step = |from: f64| {
        move |t: f64, seen: &mut Observation| at_power(seen, if t < from { 0.8 } else { 0.9 })
    };
    passes(blame, step(AT))?;
    reports(AT, "rose", nothing(), step(AT))?;
    reports(AT + 10.0, "rose", blame, step(AT + 10.0))
}

/// So much from the wall for so long.
fn draws(watts: f64, for_s: f64) -> impl FnMut(f64, &mut Observation) {
    move |t, seen| {
        if t >= AT && t < AT + for_s {
            seen.wall_w = watts;
        }
    }
}

fn hard_limit() -> Result<(), String> {
    let most = machine().limits.power_max_w;
    passes(nothing(), draws(1.09 * most, 100.0))?;
    passes(nothing(), draws(1.2 * most, CEILING_S))?;
    reports(
        AT + CEILING_S,
        "allowed",
        nothing(),
        draws(1.11 * most, 100.0),
    )?;
    // An operator may not raise it.
    let blame = Blame {
        ceiling_w: Some(2.0 * most),
        ..nothing()
    };
    reports(AT + CEILING_S, "allowed", blame, draws(1.11 * most, 100.0))
}

fn ceiling() -> Result<(), String> {
    let blame = Blame {
        ceiling_w: Some(2_500.0),
        ..nothing()
    };
    passes(blame, draws(2_740.0, 100.0))?;
    reports(AT + CEILING_S, "2500 W", blame, draws(2_760.0, 100.0))?;
    // What is off draws what it draws.
    let low = Blame {
        ceiling_w: Some(50.0),
        ..nothing()
    };
    passes(low, |_, seen| all_off(seen))
}

fn leaky_ceiling() -> Result<(), String> {
    let blame = |leakage| Blame {
        ceiling_w: Some(2_500.0),
        leakage,
        ..nothing()
    };
    passes(blame(1.5), draws(3_290.0, 100.0))?;
    reports(AT + CEILING_S, "2500 W", blame(1.5), draws(3_330.0, 100.0))?;
    reports(AT + CEILING_S, "2500 W", blame(1.1), draws(3_290.0, 100.0))
}

fn unheard() -> Result<(), String> {
    let blame = Blame {
        supply: Some(SupplyBlame::Unheard),
        ..nothing()
    };
    let goes_off = |after: f64| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT + after {
                all_off(seen);
            }
        }
    };
    passes(blame, goes_off(UNHEARD_S))?;
    reports(AT + UNHEARD_S, "understood", blame, goes_off(100.0))?;
    let odd = Blame {
        supply: Some(SupplyBlame::Odd),
        ..nothing()
    };
    passes(odd, |_, _| {})
}

fn volts() -> Result<(), String> {
    let range = machine().voltage_range_mv().expect("known");
    let (low, high) = (f64::from(*range.start()), f64::from(*range.end()));
    let ordered = |mv: f64, on: bool| {
        move |t: f64, seen: &mut Observation| {
            if t >= AT {
                seen.boards[1].ordered_mv = mv;
                seen.boards[1].on = on;
            }
        }
    };
    passes(nothing(), ordered(high + 20.0, true))?;
    passes(nothing(), ordered(low - 20.0, true))?;
    passes(nothing(), ordered(high + 1000.0, false))?;
    reports(AT, "ordered", nothing(), ordered(high + 40.0, true))?;
    reports(AT, "ordered", nothing(), ordered(low - 40.0, true))
}

/// What is said of a machine that hashes again after `after` seconds, for `for_s`.
fn back(after: f64, for_s: f64) -> (f64, Back) {
    let mut waits = Return::new(at(AT));
    let mut now = at(AT);
    loop {
        now += LOOK;
        let t = now.as_secs_f64() - AT;
        match waits.look(now, t >= after && t < after + for_s) {
            Back::NotYet if t < 2_000.0 => {}
            other => return (t, other),
        }
    }
}

fn hashes_again() -> Result<(), String> {
    let (within, steady) = (BACK_WITHIN.as_secs_f64(), STEADY.as_secs_f64());
    let is =
        |got: (f64, Back), due: (f64, Back)| ensure(got == due, format!("{got:?}, not {due:?}"));
    is(back(100.0, 1e9), (100.0 + steady, Back::Hashes(100.0)))?;
    // What began in time may show that it lasts.
    let last = within - 1.0;
    is(back(last, 1e9), (last + steady, Back::Hashes(last)))?;
    is(back(1e9, 0.0), (within, Back::Late))?;
    // A moment is no return.
    is(back(100.0, 15.0), (within, Back::Late))
}

fn in_between() -> Result<(), String> {
    let look = |after: f64, boards: &[(bool, bool)], hashing: bool| {
        let settling = Settling::new(at(AT));
        settling.look(at(AT + after), boards, hashing)
    };
    let is =
        |got: Option<bool>, due: Option<bool>| ensure(got == due, format!("{got:?}, not {due:?}"));
    let (on, off, between) = ((true, true), (false, false), (true, false));
    let end = BETWEEN.as_secs_f64();
    is(look(1.0, &[on, on, off], true), Some(true))?;
    is(look(1.0, &[off, off, off], false), Some(true))?;
    // Under power and without work; and one that says what is not so.
    is(look(end - 1.0, &[on, between, on], true), None)?;
    is(look(end, &[on, between, on], true), Some(false))?;
    is(look(end, &[off, (false, true), off], false), Some(false))?;
    is(look(end, &[on, on, on], false), Some(false))?;
    is(look(end, &[off, off, off], true), Some(false))
}

#[test]
fn every_claim_of_the_watch_holds() {
    let fails = CLAIMS.iter().filter_map(|(name, claim)| {
        let why = claim().err()?;
        Some(format!("{name}: {why}"))
    });
    let fails: Vec<_> = fails.collect();
    assert!(fails.is_empty(), "{}", fails.join("\n"));
}

#[test]
fn every_known_mistake_of_the_watch_is_noticed() {
    let mut alive = Vec::new();
    for mutant in MUTANTS {
        set_mutant(Some(*mutant));
        let killer = CLAIMS.iter().find(|(_, claim)| claim().is_err());
        set_mutant(None);
        match killer {
            Some((name, _)) => println!("{mutant:?}: noticed by: {name}"),
            None => alive.push(mutant),
        }
    }
    let killed = MUTANTS.len() - alive.len();
    println!(
        "mutants of the watch: {killed} of {} noticed",
        MUTANTS.len()
    );
    assert!(alive.is_empty(), "not noticed: {alive:?}");
}

#[test]
fn chains_that_hash_are_told_from_those_that_do_not() {
    use telemetry::ChainState::{Absent, Failed, Hashing, Off, Ramping, Recovering, Starting};
    assert!([Hashing, Ramping].into_iter().all(is_up));
    let others = [Absent, Failed, Off, Recovering, Starting];
    assert!(!others.into_iter().any(is_up));
    assert_eq!(LOOK, Duration::from_millis(250));
}
