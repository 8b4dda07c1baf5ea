//! The daemon as it is flashed, on devices of a real kernel: it mines, and it answers to what happens to
//! its machine with the faults that the simulation has for it.
//!
//! What is genuine here and what stands in is in docs/kernel-test.md.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kernel::{Chips, Guest, Surroundings, kernel};
use process::{Folder, PoolHost, wait_for};
use serde_json::Value;
use twin::machine::TwinOptions;
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne};

/// Zero bits that stand for difficulty one: the guest's configuration says the same.
const BITS: u8 = 4;
/// Far beyond what a bring-up takes where others work too.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the watchdog of the test's board is set to, and twice as much for a busy computer.
const WATCHDOG: Duration = Duration::from_secs(90);

const CONFIG: &str = "\
config_version = 1

[machine]
model      = \"test-ast2600\"
backend    = \"linux\"
state      = \"/run/state.json\"
recordings = \"/run/recordings\"

[safety]
start_delay_max_s  = 0
resume_delay_max_s = 0
# Nothing of an emulated board cuts power when the daemon is gone.
hash_without_cutoff = true

[twin]
difficulty_bits = 4

[[pool]]
url            = \"stratum+tcp://10.0.2.100:3333\"
user           = \"account.worker\"
password       = \"x\"
difficulty_one = \"twin\"

[api]
http   = \"127.0.0.1:8080\"
socket = \"/run/stannary.sock\"
";

/// A pool, chips, a guest with them, and the daemon in it.
struct Machine {
    pool: PoolHost,
    around: Surroundings,
    chips: Chips,
    guest: Guest,
    last: Mutex<String>,
    begun: Instant,
    _folder: Folder,
}

impl Machine {
    fn start() -> Option<Machine> {
        let kernel = kernel()?;
        let folder = Folder::new();
        let pool = PoolHost::start(PoolOptions {
            difficulty_one: DifficultyOne::from_zero_bits(BITS)?,
            difficulty: Difficulty::new(256.0)?,
            ..PoolOptions::default()
        });
        let options = TwinOptions {
            seed: 7,
            difficulty_bits: BITS,
            ledger_frames_max: 0,
            ..TwinOptions::default()
        };
        let chips = Chips::serve(&folder.path().join("chain.sock"), "bm1370", 3, options);
        let guest = Guest::boot(&kernel, &chips.serial(), Some(pool.address()));
        let around = Surroundings::of(&guest, &chips);
        guest.run(&format!("cat >/etc/stannary.toml <<'END'\n{CONFIG}\nEND\n"));
        Some(Machine {
            pool,
            around,
            chips,
            guest,
            last: Mutex::default(),
            begun: Instant::now(),
            _folder: folder,
        })
    }

    /// A daemon that knows nothing of others before it.
    fn run(&self) {
        self.guest.run(
            "rm -f /run/log /run/state.json; mkdir -p /run/recordings; \
             setsid sh -c 'stannary run --config /etc/stannary.toml >/run/log 2>&1 </dev/null; \
             echo ended with $? >>/run/log' >/dev/null 2>&1 </dev/null &",
        );
    }

    /// The same until it has brought up its chain.
    fn hash(&self) {
        self.run();
        self.wait_for_code("E-CHAIN-UP");
    }

    /// In order: everything off, status 0, and a watchdog that waits for nobody.
    fn stop(&self) {
        self.guest.run("kill $(pidof stannary)");
        self.wait("the daemon's end", PATIENCE, || {
            self.last().contains("ended with 0").then_some(())
        });
        self.wait("no supply", PATIENCE, || {
            (!self.chips.powered()).then_some(())
        });
        let state = self.guest.run("cat /sys/class/watchdog/watchdog0/state");
        assert_eq!(state, "inactive", "{}", self.log());
    }

    fn status(&self) -> Option<Value> {
        let text = self
            .guest
            .try_run("stannary status --json --api /run/stannary.sock")?;
        serde_json::from_str(&text).ok()
    }

    /// Until `look` finds something, on a computer that was not reset meanwhile.
    fn wait<T>(&self, what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| {
            wait_for(what, limit, || {
                self.log();
                assert!(!self.was_reset(), "the watchdog has reset the guest");
                look()
            })
        }));
        told.unwrap_or_else(|_| panic!("waited in vain for {what}\n{}", self.everything()))
    }

    fn was_reset(&self) -> bool {
        self.guest.outside().happened("WATCHDOG")
    }

    /// Until the daemon has said this code since it was started.
    fn wait_for_code(&self, code: &str) {
        self.wait(code, PATIENCE, || self.last().contains(code).then_some(()));
        // Read only where it failed, or with `--no-capture`.
        eprintln!("{:.1?} after the boot: {code}", self.begun.elapsed());
    }

    fn accepted(&self) -> u64 {
        self.pool.ledger(|l| l.totals.accepted)
    }

    fn wait_for_shares(&self, more: u64) {
        let before = self.accepted();
        self.wait("accepted shares", PATIENCE, || {
            (self.accepted() >= before + more).then_some(())
        });
    }

    fn wait_until_off(&self) {
        self.wait("no supply", PATIENCE, || {
            (!self.chips.powered()).then_some(())
        });
    }

    /// What was read last.
    fn last(&self) -> String {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What the daemon said so far; of a guest that is gone, what was read last.
    fn log(&self) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = self.guest.try_run("cat /run/log") {
            *last = log;
        }
        last.clone()
    }

    fn everything(&self) -> String {
        format!(
            "{}\n{:#?}\n{:#?}\n{}",
            self.log(),
            self.status(),
            self.around,
            self.guest.console()
        )
    }
}

/// One boot for all claims: it is what takes the time.
#[test]
fn the_daemon_mines_on_devices_of_the_kernel_and_answers_what_happens_to_them() {
    let Some(machine) = Machine::start() else {
        return;
    };
    machine.hash();
    machine.wait_for_shares(5);
    it_says_what_its_devices_say(&machine);
    a_fan_that_is_held_is_told_and_heard_again(&machine);
    a_serial_port_that_is_closed_is_a_silent_chain(&machine);
    a_board_that_is_pulled_answers_nothing_and_is_then_missing(&machine);
    machine.hash();
    sensors_that_do_not_acknowledge_switch_the_board_off(&machine);
    machine.stop();
    machine.hash();
    a_silent_bus_switches_the_board_off(&machine);
    machine.stop();
    machine.hash();
    a_sensor_at_90_degrees_cuts_the_supply(&machine);
    machine.stop();
    machine.hash();
    a_stuck_daemon_is_reset_by_the_watchdog(&machine);
    let totals = machine.pool.ledger(|l| l.totals);
    assert_eq!(totals.rejected(), 0, "{totals:?}");
}

fn it_says_what_its_devices_say(machine: &Machine) {
    let status = machine.wait("what sensors and fans say", PATIENCE, || {
        let status = machine.status()?;
        let (inlet, outlet) = machine.around.felt_c();
        let temps = status["temperatures"].as_array()?;
        let near = |place: u32| {
            let mut found = temps.iter().filter_map(|t| t["temp_c"].as_f64());
            found.any(|c| (c - f64::from(place)).abs() <= 1.0)
        };
        let rpm = f64::from(machine.around.fan_rpm());
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
    assert!(machine.chips.powered() && machine.chips.released());
    // The PWM output is on for as long as the status says.
    let duty = |status: &Value| status["fans"][0]["duty_percent"].as_f64();
    machine.wait("the duty in the registers", Duration::from_secs(10), || {
        let outside = f64::from(machine.around.duty_percent());
        (duty(&machine.status()?)? == outside).then_some(())
    });
    assert!(duty(&status).is_some_and(|duty| duty >= 30.0), "{status:#}");
}

fn a_fan_that_is_held_is_told_and_heard_again(machine: &Machine) {
    machine.around.hold_fan(1, true);
    machine.wait_for_code("E-FAN-LOST");
    machine.wait("the other fan at full duty", PATIENCE, || {
        (machine.around.duty_percent() == 100).then_some(())
    });
    machine.around.hold_fan(1, false);
    machine.wait_for_code("E-FAN-BACK");
    assert!(machine.chips.powered());
}

fn a_serial_port_that_is_closed_is_a_silent_chain(machine: &Machine) {
    machine.chips.close(true);
    machine.wait_for_code("E-CHAIN-SILENT");
    machine.chips.close(false);
    machine.wait_for_shares(3);
}

/// A plug is looked at before a chain is powered. One that is pulled later is a chain that is silent, and then
/// has no chips.
fn a_board_that_is_pulled_answers_nothing_and_is_then_missing(machine: &Machine) {
    machine.around.pull(true);
    machine.wait_for_code("E-CHAIN-CHIPS");
    machine.stop();
    machine.run();
    machine.wait_for_code("E-CHAIN-MISSING");
    machine.around.pull(false);
    machine.stop();
}

/// The cable's switch is open: what is behind it answers with NACK.
fn sensors_that_do_not_acknowledge_switch_the_board_off(machine: &Machine) {
    machine.guest.run("i2cset -y 3 0x70 0");
    machine.wait_for_code("E-SENSOR-SILENT");
    machine.wait_until_off();
    machine.guest.run("i2cset -y 3 0x70 1");
}

/// The controller does nothing, and each transfer runs into the kernel's own limit.
fn a_silent_bus_switches_the_board_off(machine: &Machine) {
    machine.around.silence_bus(true);
    machine.wait_for_code("E-SENSOR-SILENT");
    machine.wait_until_off();
    machine.around.silence_bus(false);
}

fn a_sensor_at_90_degrees_cuts_the_supply(machine: &Machine) {
    machine.around.fire(Some(90));
    machine.wait_for_code("E-HEAT-STOP");
    machine.wait_until_off();
    machine.around.fire(None);
}

/// Nothing kicks the watchdog of a process that is stopped: the computer is reset, and its lines fall to their
/// safe side. That it boots is not asked for: docs/kernel-test.md says why.
fn a_stuck_daemon_is_reset_by_the_watchdog(machine: &Machine) {
    machine.guest.run("kill -STOP $(pidof stannary)");
    assert!(!machine.was_reset());
    assert!(machine.chips.powered(), "a stopped process lets nothing go");
    wait_for("the watchdog", WATCHDOG, || {
        machine.was_reset().then_some(())
    });
    wait_for("no supply", PATIENCE, || {
        (!machine.chips.powered()).then_some(())
    });
}
