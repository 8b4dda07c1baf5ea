//! Hash power that is late, missing or lost, and frequencies that are capped.

mod common;

use common::{Bench, Sent, s19_pro, s21_pro};
use drivers::Input;
use telemetry::{ChainState, Code};
use units::{Duration, Megahertz};

const MINUTE: Duration = Duration::from_secs(60);

fn hashing(bench: &Bench) -> bool {
    bench.chain.state() == ChainState::Hashing
}

fn mhz(bench: &Bench) -> f64 {
    let status = bench.chain.status(bench.now);
    status.frequency_mhz.unwrap_or(0.0)
}

/// A chain at its target.
fn up() -> Bench {
    let mut bench = Bench::new(s19_pro(), 21);
    bench.input(Input::Start);
    let end = bench.now + MINUTE;
    assert!(bench.run_until(end, hashing));
    bench
}

#[test]
fn no_command_leaves_before_hash_power_is_there() {
    for config in [s19_pro(), s21_pro()] {
        let mut bench = Bench::new(config, 20);
        bench.script.power = false;
        bench.input(Input::Start);
        bench.run(MINUTE);
        assert_eq!(bench.chain.state(), ChainState::Starting);
        assert_eq!(bench.commands(), []);
        let powered = bench.now;
        bench.input(Input::Powered);
        assert!(bench.run_until(powered + MINUTE, hashing));
        let first = bench.commands()[0].0;
        assert!(first.since(powered) >= Duration::from_secs(1), "it settles");
    }
}

#[test]
fn power_that_never_comes_is_a_failure_and_is_asked_for_again() {
    let mut bench = Bench::new(s19_pro(), 22);
    bench.script.power = false;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(91));
    assert_eq!(bench.chain.state(), ChainState::Recovering);
    assert_eq!(bench.codes(), [Code::ChainPower]);
    bench.script.power = true;
    let end = bench.now + MINUTE;
    assert!(bench.run_until(end, hashing));
}

#[test]
fn a_refused_power_fails_at_once() {
    let mut bench = Bench::new(s19_pro(), 23);
    bench.script.power = false;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(1));
    bench.input(Input::PowerLost("the supply does not answer".into()));
    assert_eq!(bench.chain.state(), ChainState::Recovering);
    let detail = &bench.note(Code::ChainPower).detail;
    assert_eq!(detail, "the supply does not answer");
}

#[test]
fn power_lost_while_hashing_takes_the_chain_down_and_it_comes_again() {
    let mut bench = up();
    bench.input(Input::PowerLost("its controller fell silent".into()));
    assert_eq!(bench.chain.state(), ChainState::Recovering);
    let tail: Vec<_> = bench.sent.iter().rev().take(3).map(|s| &s.1).collect();
    assert_eq!(tail, [&Sent::Lost, &Sent::Rail(false), &Sent::Reset(true)]);
    let end = bench.now + MINUTE;
    assert!(bench.run_until(end, hashing));
}

#[test]
fn a_chain_without_power_does_not_mind_that_it_is_gone() {
    let mut bench = up();
    bench.input(Input::Stop);
    bench.run(Duration::from_secs(5));
    let notes = bench.notes.len();
    bench.input(Input::PowerLost("late news".into()));
    bench.run(MINUTE);
    assert_eq!(bench.chain.state(), ChainState::Off);
    assert_eq!(bench.notes.len(), notes);
}

#[test]
fn power_lost_on_the_way_down_does_not_bring_the_chain_up_again() {
    let mut bench = up();
    bench.input(Input::Stop);
    bench.run(Duration::from_millis(150));
    bench.input(Input::PowerLost("the supply is off".into()));
    bench.run(MINUTE);
    assert_eq!(bench.chain.state(), ChainState::Off);
}

#[test]
fn a_cut_is_off_at_once_from_every_state() {
    for after_ms in [0, 500, 3_000, 20_000] {
        let mut bench = Bench::new(s19_pro(), 26);
        bench.input(Input::Start);
        bench.run(Duration::from_millis(after_ms));
        let from = bench.sent.len();
        bench.input(Input::Cut);
        assert_eq!(bench.chain.state(), ChainState::Off, "{after_ms}");
        let at = |wanted: &Sent| bench.sent[from..].iter().position(|s| s.1 == *wanted);
        let (reset, power) = (at(&Sent::Reset(true)), at(&Sent::Rail(false)));
        assert!(reset.is_some() && reset < power, "{after_ms}");
        bench.run(MINUTE);
        assert_eq!(bench.chain.state(), ChainState::Off, "{after_ms}");
    }
}

#[test]
fn a_cap_is_reached_in_steps_down_and_left_in_steps_up() {
    let mut bench = up();
    assert_eq!(mhz(&bench), 525.0);
    bench.input(Input::Cap(Megahertz::new(400.0)));
    bench.run(Duration::from_millis(450));
    let soon = mhz(&bench);
    assert!((490.0..525.0).contains(&soon), "{soon} after half a second");
    bench.run(Duration::from_secs(3));
    assert_eq!((mhz(&bench), hashing(&bench)), (400.0, true));
    bench.run(MINUTE);
    bench.input(Input::Cap(Megahertz::new(1e9)));
    let end = bench.now + MINUTE;
    assert!(bench.run_until(end, |b| mhz(b) == 525.0), "{}", mhz(&bench));
    bench.run(MINUTE);
    assert_eq!(bench.codes(), [Code::ChainUp], "told once");
}

#[test]
fn caps_that_come_faster_than_steps_do_not_hold_them_up() {
    let mut bench = up();
    for i in 0..100 {
        let cap = 400.0 - f64::from(i % 2);
        bench.input(Input::Cap(Megahertz::new(cap)));
        bench.run(Duration::from_millis(50));
    }
    assert!(mhz(&bench) <= 400.0, "{}", mhz(&bench));
}

#[test]
fn a_cap_below_the_start_frequency_ends_there_and_one_given_before_the_start_holds() {
    let mut bench = Bench::new(s19_pro(), 24);
    bench.input(Input::Cap(Megahertz::default()));
    bench.input(Input::Start);
    bench.run(MINUTE);
    let start = protocol::profile("bm1398").expect("known").start.mhz();
    let lowest = mhz(&bench);
    assert!((lowest - start).abs() < 7.0, "{lowest}");
    assert!(hashing(&bench));
    bench.input(Input::Cap(Megahertz::new(300.0)));
    bench.run(MINUTE);
    assert_eq!(mhz(&bench), 300.0);
}

#[test]
fn a_chain_that_tripped_its_guard_does_not_rise_with_a_higher_cap() {
    let mut config = s19_pro();
    config.thinning = 1000;
    let mut bench = Bench::new(config, 25);
    bench.script.rate = 0.4; // half the chips sleep
    bench.input(Input::Start);
    let tripped = |b: &Bench| b.notes.iter().any(|n| n.code == Code::ChainRampGuard);
    let end = bench.now + Duration::from_secs(300);
    assert!(bench.run_until(end, tripped));
    let there = mhz(&bench);
    bench.input(Input::Cap(Megahertz::new(there - 50.0)));
    bench.run(Duration::from_secs(5));
    assert!(mhz(&bench) <= there - 50.0 + 6.25);
    bench.input(Input::Cap(Megahertz::new(1e9)));
    bench.run(MINUTE);
    assert!(mhz(&bench) <= there - 50.0 + 6.25, "{}", mhz(&bench));
}
