//! What is left of safety when the daemon dies: its machine is a twin in a process of its own,
//! which goes on and tells what it really does.
//!
//! What must hold, and within which time, is the table of `docs/safety.md`. Each run prints its
//! seed, from which the moments of death follow; `STANNARY_SEED` sets it.

use std::path::Path;
use std::thread;
use std::time::SystemTime;

use process::{PATIENCE, Program, Site, Stretch, TwinProcess, stannary, wait_for};
use serde_json::Value;
use units::Rng;

/// The voltage controllers of the S9 and the S19 Pro miss the heartbeat after 10 s; what the
/// twin's clock and the last heartbeat's way add.
const CONTROLLERS_S: f64 = 10.5;
/// A lease is 2 s.
const LEASE_S: f64 = 2.5;
/// A machine that nothing protects is looked at for longer than any of these.
const NOTHING_S: f64 = 12.0;
/// From the moment at which a process may run again, or a thread falls, to safe lines. The
/// dead man needs a quarter of a second in the simulation; a busy computer needs to find
/// time for him.
const AT_ONCE_S: f64 = 1.5;
/// From the start of a daemon to its first act: it reads its files and finds the twin.
const FIRST_ACT_S: f64 = 5.0;
/// A moment of death is drawn from so long after the first shares.
const MOMENT_S: u64 = 6;

/// What its table says of a machine.
#[derive(Clone, Copy, Debug)]
struct Class {
    machine: &'static str,
    /// The dead man has an enable line.
    enable_line: bool,
    /// Voltage controllers outlive the daemon.
    controllers: bool,
}

const CLASSES: [Class; 3] = [
    Class {
        machine: "antminer-s9",
        enable_line: false,
        controllers: true,
    },
    Class {
        machine: "antminer-s19-pro",
        enable_line: true,
        controllers: true,
    },
    Class {
        machine: "antminer-s21",
        enable_line: true,
        controllers: false,
    },
];

/// Threads of the daemon that can be told to fall.
const THREADS: [&str; 3] = ["engine", "fans", "dead-man"];

/// A moment by the twin's clock, and what this computer takes from all from then on.
struct Moment {
    s: f64,
    stretch: Stretch,
}

/// A machine, its site, and the daemon that dies.
struct Scene {
    class: Class,
    twin: TwinProcess,
    site: Site,
    rng: Rng,
}

impl Scene {
    fn new(binary: &Path, class: Class, seed: u64) -> Self {
        let twin = TwinProcess::start(binary, class.machine, seed);
        let site = Site::at(&twin);
        let rng = Rng::new(seed);
        Scene {
            class,
            twin,
            site,
            rng,
        }
    }

    fn look(&self) -> Value {
        wait_for("the twin's account", PATIENCE, || self.twin.look())
    }

    /// The twin's clock.
    fn now_s(&self) -> f64 {
        number(&self.look()["up_s"])
    }

    fn now(&self) -> Moment {
        let stretch = Stretch::begin();
        Moment {
            s: self.now_s(),
            stretch,
        }
    }

    /// A daemon that hashes with every board, and a while later.
    fn hashing(&mut self, daemon: &mut Program) {
        let before = self.site.accepted();
        self.site.wait_for_more_shares(daemon, before);
        let state = wait_for("all boards", PATIENCE, || {
            let state = self.look();
            let all = all_boards(&state, |b| b["hash_power"] == true && b["stands"] == false);
            all.then_some(state)
        });
        let moment = self.rng.below(MOMENT_S * 1000);
        let at = number(&state["up_s"]) + moment as f64 / 1000.0;
        wait_for("the moment", PATIENCE, || {
            (self.now_s() >= at).then_some(())
        });
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        self.say(&format!("{moment} ms after the first work"));
    }

    /// Waits until the machine is `so`; how long after `from` by the twin's clock that began, by `since`.
    fn becomes(
        &self,
        what: &str,
        from: &Moment,
        within_s: f64,
        so: impl Fn(&Value) -> bool,
        since: impl Fn(&Value) -> f64,
    ) {
        let state = wait_for(what, PATIENCE, || Some(self.look()).filter(|s| so(s)));
        let after_s = number(&state["up_s"]) - since(&state) - from.s;
        // A daemon acts where it may run.
        let stolen_s = from.stretch.stolen().as_secs_f64();
        self.say(&format!(
            "{what} after {after_s:.2} s, {stolen_s:.2} s of all stolen"
        ));
        // Not before either: it is what was done that is seen. A step of the physics, which
        // knows of resets, and a look at it lie between.
        assert!(
            (-0.1..=within_s + stolen_s).contains(&after_s),
            "{}: {what} after {after_s:.2} s: {within_s} s is what docs/safety.md says, {stolen_s:.2} s were stolen: {state}",
            self.class.machine
        );
    }

    /// The dead man's doing: no supply, or chips in reset where there is no line; full fans.
    fn is_cut(&self, from: &Moment, within_s: f64) {
        let enable_line = self.class.enable_line;
        self.becomes(
            "cut",
            from,
            within_s,
            |state| {
                let safe = match enable_line {
                    true => state["supply"]["enabled"] == false,
                    false => all_boards(state, |board| board["stands"] == true),
                };
                safe && state["fans"]["duty_percent"] == 100
            },
            |state| match enable_line {
                true => number(&state["supply"]["enabled_for_s"]),
                false => least(state, "stands_for_s"),
            },
        );
    }

    /// What the table says of a machine whose daemon went at `from` and touched nothing.
    fn survives(&self, from: &Moment, duty: &Value) {
        if self.class.controllers {
            self.controllers_cut(from);
        } else {
            wait_for("time to pass", PATIENCE, || {
                (self.now_s() >= from.s + NOTHING_S).then_some(())
            });
            self.say("nothing came, as its table says");
        }
        // Pins keep their level.
        let state = self.look();
        if self.class.enable_line {
            assert_eq!(state["supply"]["enabled"], true, "{state}");
        }
        assert_eq!(&state["fans"]["duty_percent"], duty, "{state}");
        if !self.class.controllers {
            let live = all_boards(&state, |board| board["hash_power"] == true);
            assert!(live, "goes on under voltage: {state}");
        }
    }

    /// The controllers miss the heartbeat of a daemon that went at `from`.
    fn controllers_cut(&self, from: &Moment) {
        self.becomes(
            "hash power off",
            from,
            CONTROLLERS_S,
            |state| all_boards(state, |board| board["hash_power"] == false),
            |state| least(state, "hash_power_for_s"),
        );
    }

    /// Nothing sensed was above its power-off temperature while it had hash power.
    fn stayed_cool(&self) {
        let state = self.look();
        for board in boards(&state) {
            for sensor in board["sensors"].as_array().into_iter().flatten() {
                let (most, stop) = (number(&sensor["most_powered_c"]), number(&sensor["stop_c"]));
                assert!(most < stop, "{most} °C of {stop}: {state}");
            }
        }
    }

    fn say(&self, what: &str) {
        println!("{}: {what}", self.class.machine);
    }
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn boards(state: &Value) -> &[Value] {
    state["boards"].as_array().expect("boards")
}

fn all_boards(state: &Value, so: impl Fn(&Value) -> bool) -> bool {
    boards(state).iter().all(so)
}

fn least(state: &Value, key: &str) -> f64 {
    let all = boards(state).iter().map(|board| number(&board[key]));
    all.fold(f64::INFINITY, f64::min)
}

/// `kill -9`: what survives the process counts, then the first act of the next one.
fn killed_and_started_again(binary: &Path, class: Class, seed: u64, who: &str) {
    let mut scene = Scene::new(binary, class, seed);
    let mut daemon = scene.site.run(binary);
    scene.hashing(&mut daemon);
    // It stands still while it is looked at: the duty is the last that it set.
    let killed = scene.now();
    daemon.signal("STOP");
    let before = scene.look();
    daemon.signal("KILL");
    scene.survives(&killed, &before["fans"]["duty_percent"]);
    let restarted = scene.now();
    let mut daemon = Program::start(scene.site.command(binary).env("STANNARY_PANIC", who));
    scene.is_cut(&restarted, FIRST_ACT_S);
    scene.stayed_cool();
    // It comes back as if nothing had been. Next, one of its threads falls.
    scene.hashing(&mut daemon);
    scene.say(&format!("the {who} thread panics"));
    let ordered = scene.now();
    daemon.signal("USR1");
    scene.is_cut(&ordered, AT_ONCE_S);
    if class.controllers && !class.enable_line {
        scene.controllers_cut(&ordered);
    }
    let status = daemon.wait(PATIENCE);
    assert!(!status.success(), "{}", daemon.everything());
    let said = daemon.stderr();
    assert!(said.contains("ordered by STANNARY_PANIC"), "{said}");
    scene.stayed_cool();
}

/// `kill -STOP`: for a moment, then for long. What survives counts until it goes on, then the
/// dead man's first look.
fn stopped_and_continued(binary: &Path, class: Class, seed: u64) {
    let mut scene = Scene::new(binary, class, seed);
    let mut daemon = scene.site.run(binary);
    let stretch = Stretch::begin();
    scene.hashing(&mut daemon);
    daemon.signal("STOP");
    wait_for("its lease to be over", PATIENCE, || {
        let silent_s = number(&scene.look()["host"]["silent_s"]);
        (silent_s > LEASE_S).then_some(())
    });
    let goes_on = scene.now();
    daemon.signal("CONT");
    scene.is_cut(&goes_on, AT_ONCE_S);
    // It comes back by itself.
    scene.hashing(&mut daemon);
    if class.enable_line {
        // The lease was over, whatever the engine believed.
        let said = daemon.stderr();
        let cuts: Vec<_> = said.lines().filter(|l| l.contains("E-PSU-CUT")).collect();
        assert!(
            !cuts.is_empty() && cuts.iter().all(|cut| cut.contains("lease")),
            "{said}"
        );
        // A computer that stands still for long ends one by itself.
        let stood_still = stretch.stolen().as_secs_f64() > LEASE_S / 2.0;
        assert!(cuts.len() == 1 || stood_still, "{said}");
    }
    scene.stayed_cool();
    let stopped = scene.now();
    daemon.signal("STOP");
    let before = scene.look();
    scene.survives(&stopped, &before["fans"]["duty_percent"]);
    let goes_on = scene.now();
    daemon.signal("CONT");
    scene.is_cut(&goes_on, AT_ONCE_S);
    scene.stayed_cool();
    daemon.terminate();
    let status = daemon.wait(PATIENCE);
    assert_eq!(status.code(), Some(0), "{}", daemon.everything());
}

/// The machine is gone from under its daemon, which says so and ends when it is told to.
fn without_its_machine(binary: &Path, class: Class, seed: u64) {
    let mut scene = Scene::new(binary, class, seed);
    let mut daemon = scene.site.run(binary);
    scene.hashing(&mut daemon);
    let said_before = daemon.stderr().len();
    scene.twin.program.signal("KILL");
    wait_for("a word about it", PATIENCE, || {
        let ended = daemon.ended();
        assert!(ended.is_none(), "{ended:?}\n{}", daemon.everything());
        daemon.stderr()[said_before..]
            .contains(" ERROR ")
            .then_some(())
    });
    daemon.terminate();
    let status = daemon.wait(PATIENCE);
    assert!(!daemon.stderr().contains("panicked"), "{}", daemon.stderr());
    assert_eq!(status.code(), Some(0), "{}", daemon.everything());
    scene.say("without its machine the daemon says so and ends in order");
}

/// All classes and both ways at the same time: most of it is waiting for supplies to rest.
#[test]
fn a_daemon_that_dies_leaves_its_machine_as_the_table_says() {
    let Some(binary) = stannary() else {
        return;
    };
    let binary = binary.as_path();
    let since_1970 = || SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let fresh = || since_1970().as_micros() as u64;
    let named = std::env::var("STANNARY_SEED").ok();
    let seed = named.map_or_else(fresh, |s| s.parse().expect("STANNARY_SEED is a number"));
    println!("seed {seed}");
    let rounds = match std::env::var_os("STANNARY_TEST_FULL") {
        Some(_) => 10,
        None => 1,
    };
    for round in 0..rounds {
        thread::scope(|scope| {
            for (class, fork) in CLASSES.into_iter().zip(0..) {
                let seed = seed.wrapping_add(16 * round + 2 * fork);
                // Each thread falls once in a round.
                let who = THREADS[(seed / 2 % 3) as usize];
                scope.spawn(move || killed_and_started_again(binary, class, seed, who));
                scope.spawn(move || stopped_and_continued(binary, class, seed.wrapping_add(1)));
            }
            let class = CLASSES[(seed.wrapping_add(round) % 3) as usize];
            scope.spawn(move || without_its_machine(binary, class, seed));
        });
    }
}
