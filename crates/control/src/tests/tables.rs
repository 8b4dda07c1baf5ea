//! Pure functions, one claim each.

use telemetry::Sensed;
use units::{Celsius, Duration, Duty, Instant, Megahertz, Millivolts, Rng, Watts};

use crate::estimate::{Lead, chip_at_most, chip_likely};
use crate::plausible::{Doubt, Tracker, Verdict};
use crate::power::Power;
use crate::{Limited, Plan, Refused, Setpoint, limit};

pub(super) type Claim = (&'static str, fn() -> Result<(), String>);

/// Every claim of this file, for the mutants as well.
pub(super) const CLAIMS: &[Claim] = &[
    (
        "a silent sensor ages towards hot",
        a_silent_sensor_ages_towards_hot,
    ),
    (
        "one odd sample changes nothing",
        one_odd_sample_changes_nothing,
    ),
    (
        "two hot samples are dangerous",
        two_hot_samples_are_dangerous,
    ),
    (
        "a sensor that ignores power is stuck",
        a_sensor_that_ignores_power_is_stuck,
    ),
    ("nonsense is no value", nonsense_is_no_value),
    (
        "an estimate is an upper bound",
        an_estimate_is_an_upper_bound,
    ),
    (
        "what jumped for long is believed again soon",
        what_jumped_for_long_is_believed_again_soon,
    ),
    (
        "a sensor that lags is led by what it still has to show",
        a_sensor_that_lags_is_led,
    ),
    (
        "hot chips leave less of a ceiling",
        hot_chips_leave_less_of_a_ceiling,
    ),
    (
        "no setpoint leaves the limits",
        no_setpoint_leaves_the_limits,
    ),
];

#[test]
fn every_claim_of_pure_functions_holds() {
    all(CLAIMS);
}

/// Look at all claims, so that one run shows everything.
#[track_caller]
pub(super) fn all(claims: &[Claim]) {
    let broken: Vec<_> = claims
        .iter()
        .filter_map(|(name, claim)| claim().err().map(|e| format!("{name}: {e}")))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

pub(super) fn ensure(holds: bool, what: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A tracker that was given these samples (milliseconds, °C), with a stop at 75.
fn tracker(samples: &[(u64, f64)]) -> Tracker {
    let mut tracker = Tracker::default();
    for (ms, c) in samples {
        let value = Celsius::new(*c);
        tracker.observe(at(*ms), Sensed::Value { value, at: at(*ms) }, 75.0);
    }
    tracker
}

fn check(samples: &[(u64, f64)], now_ms: u64, expected: Verdict) -> Result<(), String> {
    let seen = tracker(samples).verdict(at(now_ms), Some(at(0)));
    ensure(
        seen == expected,
        format!("{samples:?} at {now_ms}: {seen:?}, not {expected:?}"),
    )
}

fn a_silent_sensor_ages_towards_hot() -> Result<(), String> {
    check(&[(1000, 70.0)], 2500, Verdict::Good(70.0))?;
    check(&[(1000, 70.0)], 3000, Verdict::Ageing(72.0, false))?;
    check(&[(1000, 70.0)], 6000, Verdict::Ageing(75.0, true))?;
    check(&[(1000, 70.0)], 9000, Verdict::Silent)?;
    check(&[], 1000, Verdict::Unknown)?;
    check(&[], 8000, Verdict::Silent)?;
    let mut absent = Tracker::default();
    absent.observe(at(0), Sensed::Absent, 75.0);
    let seen = absent.verdict(at(60_000), Some(at(0)));
    ensure(seen == Verdict::Absent, "absent is not silent")?;
    // What answered once cannot become absent.
    let mut gone = tracker(&[(0, 50.0)]);
    gone.observe(at(1000), Sensed::Absent, 75.0);
    ensure(
        gone.verdict(at(9000), Some(at(0))) == Verdict::Silent,
        "absent after a value",
    )
}

fn one_odd_sample_changes_nothing() -> Result<(), String> {
    check(&[(0, 50.0), (1000, 120.0)], 1000, Verdict::Good(50.0))?;
    check(
        &[(0, 50.0), (1000, 120.0), (2000, 51.0)],
        2000,
        Verdict::Good(51.0),
    )?;
    check(
        &[(0, 50.0), (1000, 80.0), (2000, 81.0)],
        2000,
        Verdict::Good(81.0),
    )?;
    let jumps: Vec<_> = (0..10)
        .map(|i| (i * 1000, if i % 2 == 0 { 50.0 } else { 90.0 }))
        .collect();
    check(&jumps, 9000, Verdict::Implausible(Doubt::Jumping))
}

/// However long it jumped.
fn what_jumped_for_long_is_believed_again_soon() -> Result<(), String> {
    for seconds in [10, 120, 600] {
        let jumps = (0..seconds).map(|i| (i * 1000, if i % 2 == 0 { 50.0 } else { 90.0 }));
        let calm = (seconds..seconds + 60).map(|i| (i * 1000, 50.0));
        let samples: Vec<_> = jumps.chain(calm).collect();
        let ceased = seconds as usize;
        let (then, now) = ((seconds - 1) * 1000, (seconds + 59) * 1000);
        check(
            &samples[..ceased],
            then,
            Verdict::Implausible(Doubt::Jumping),
        )?;
        check(&samples, now, Verdict::Good(50.0))?;
    }
    Ok(())
}

fn two_hot_samples_are_dangerous() -> Result<(), String> {
    ensure(
        !tracker(&[(0, 74.0), (1000, 75.0)]).is_dangerous(),
        "one is enough",
    )?;
    ensure(
        !tracker(&[(0, 75.0), (1000, 74.0), (2000, 75.0)]).is_dangerous(),
        "not in a row",
    )?;
    // A jump that is confirmed counts from its first sample.
    ensure(
        tracker(&[(0, 40.0), (1000, 76.0), (2000, 76.0)]).is_dangerous(),
        "two are not",
    )
}

fn a_sensor_that_ignores_power_is_stuck() -> Result<(), String> {
    for (moves, expected) in [(0.0, true), (0.125, false)] {
        let mut t = Tracker::default();
        for s in 0..60u64 {
            let value = Celsius::new(40.0 + if s == 45 { moves } else { 0.0 });
            t.observe(
                at(s * 1000),
                Sensed::Value {
                    value,
                    at: at(s * 1000),
                },
                75.0,
            );
            t.feel(at(s * 1000), if s < 20 { 0.0 } else { 1.0 });
        }
        let stuck = t.verdict(at(59_000), Some(at(0))) == Verdict::Implausible(Doubt::Stuck);
        ensure(stuck == expected, format!("moved by {moves}: {stuck}"))?;
    }
    Ok(())
}

fn nonsense_is_no_value() -> Result<(), String> {
    for c in [0.0, -64.0, 127.0, 128.0, 1e9, f64::NAN] {
        let samples: Vec<_> = (1..9).map(|i| (i * 1000, c)).collect();
        check(&samples, 4000, Verdict::Unknown)?;
        check(&samples, 8000, Verdict::Implausible(Doubt::Nonsense))?;
        check(&[(0, 40.0), (1000, c)], 1000, Verdict::Good(40.0))?;
    }
    Ok(())
}

fn an_estimate_is_an_upper_bound() -> Result<(), String> {
    // Boards whose chips are up to half above the published rise.
    for spread in [0.5, 1.0, 1.5] {
        let chip = 60.0 + 15.0 * spread * 0.8;
        let most = chip_at_most(60.0, 0.8);
        ensure(
            most >= chip && most - chip <= 22.5,
            format!("{most} for {chip}"),
        )?;
    }
    ensure(chip_at_most(60.0, f64::MAX).is_finite(), "no bound")
}

fn a_sensor_that_lags_is_led() -> Result<(), String> {
    let (slope, lag_s) = (0.3, 15.0);
    let (mut place, mut tip, mut lead) = (40.0, 40.0, Lead::default());
    for quarter in 0..4 * 120u64 {
        let led = tip + lead.step(at(quarter * 250), tip);
        // From the second minute on: by then it is as far behind as it gets.
        if quarter >= 4 * 60 {
            ensure(
                (led - place).abs() < 0.4 && tip < place - 4.0,
                format!("{place} there, {tip} shown, {led} with its lead"),
            )?;
        }
        place += slope * 0.25;
        tip += (place - tip) * 0.25 / (lag_s + 0.25);
    }
    // What falls is as hot as it shows, and was hotter.
    for s in 121..300 {
        tip -= 0.1;
        let led = lead.step(at(s * 1000), tip);
        ensure(s < 200 || led == 0.0, format!("falls and is led by {led}"))?;
    }
    Ok(())
}

fn hot_chips_leave_less_of_a_ceiling() -> Result<(), String> {
    let machine = board_support::machine("antminer-s21-pro").expect("known");
    let plan = Plan::new(&machine);
    let power = Power::new(&plan);
    let mhz = |chip_c: Option<f64>, watts: f64| {
        power.mhz_for(&plan, 0, (Some(Watts::new(watts)), 3), chip_c, 0.0)
    };
    let cold = mhz(None, 3000.0);
    ensure(mhz(Some(70.0), 3000.0) == cold, "as at the rating")?;
    let hot = mhz(Some(85.0), 3000.0);
    // Half of what stands, 15 %, of which the rest is for the frequency.
    let due = cold - plan.mhz * 0.5 * 0.15 / 0.85;
    ensure((hot - due).abs() < 0.5, format!("{cold}, then {hot} MHz"))?;
    ensure(
        chip_likely(55.0, 1.0) == 70.0 && mhz(Some(200.0), 1000.0) == 0.0,
        "hotter than can be",
    )
}

fn no_setpoint_leaves_the_limits() -> Result<(), String> {
    let mut rng = Rng::new(5);
    for model in board_support::machines() {
        let mut machine = board_support::machine(model).map_err(|e| format!("{e:?}"))?;
        for round in 0..200 {
            if round == 100 {
                // A definition that nobody checked, as absurd as can be.
                machine.limits.board_stop_c = f64::MAX;
                machine.limits.chip_stop_c = f64::NAN;
                machine.limits.power_max_w = f64::INFINITY;
                machine.hashboard.frequency_max_mhz = 1e9;
                machine.fans.duty_min_percent = 0;
                machine.slots = 255;
            }
            let plan = Plan::new(&machine);
            ensure(plan.board.stop_c() <= 90.0 + 10.0, "stop")
                .and(ensure(plan.slots <= 4, "slots"))?;
            let any = rng.next_u64();
            let slot = (any >> 32) as u8 % 6;
            let wanted = match any % 4 {
                0 => Setpoint::FrequencyCap {
                    slot,
                    cap: Megahertz::new((any % 2_000_000) as f64 / 1e3),
                },
                1 => Setpoint::Voltage {
                    slot: None,
                    voltage: Millivolts::new(any as u32),
                },
                2 => Setpoint::Voltage {
                    slot: Some(slot),
                    voltage: Millivolts::new(any as u32 % 30_000),
                },
                _ => Setpoint::Fans(Duty::new(any as u8)),
            };
            let let_out = limit(&plan, true, wanted);
            let inside = match let_out.as_ref().map(Limited::setpoint) {
                Ok(Setpoint::FrequencyCap { slot, cap }) => {
                    // Whatever the definition says.
                    let most = match machine.control_board.link {
                        board_support::LinkKind::SpiWords => 1600.0,
                        _ => 800.0,
                    };
                    slot < plan.slots && (50.0..=plan.mhz_max.min(most)).contains(&cap.mhz())
                }
                Ok(Setpoint::Voltage { voltage, .. }) => {
                    let range = machine.voltage_range_mv();
                    range.is_some_and(|range| range.contains(&voltage.mv()))
                }
                Ok(Setpoint::Fans(duty)) => duty.percent() >= 10,
                Ok(_) => true,
                Err(Refused::NoSlot(slot)) => *slot >= plan.slots,
                Err(Refused::NoVoltage) => matches!(wanted, Setpoint::Voltage { .. }),
            };
            ensure(inside, format!("{model}: {wanted:?} became {let_out:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_gap_in_time_is_no_jump() {
    let mut t = tracker(&[(0, 20.0)]);
    let value = Celsius::new(60.0);
    let now = at(60_000);
    t.observe(now, Sensed::Value { value, at: now }, 75.0);
    assert_eq!(t.verdict(now, Some(at(0))), Verdict::Good(60.0));
    assert_eq!(Duration::from_secs(60), now.since(at(0)));
}
