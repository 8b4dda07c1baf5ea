//! A guest with a daemon, its machine and its pool, and how a test waits for what they do.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kernel::{BOOT_PATIENCE, Chips, Guest, Happening, Surroundings, kernel, simulated};
use process::{Folder, PATIENCE, PoolHost, wait_for};
use serde_json::Value;
use telemetry::Code;
use twin::machine::TwinOptions;
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne};

/// Zero bits that stand for difficulty one: the guest's configuration says the same.
const BITS: u8 = 4;

const CONFIG: &str = "\
config_version = 1

[machine]
model      = \"test-ast2600\"
backend    = \"linux\"
state      = \"/var/lib/stannary/state.json\"
recordings = \"/var/log/stannary/recordings\"

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
socket = \"/run/stannary/stannary.sock\"
";

/// Where the daemon's configuration and its socket are, and its user.
const FILE: &str = "/etc/stannary/stannary.toml";
const SOCKET: &str = "/run/stannary/stannary.sock";
const USER: u32 = 812;

/// A pool, chips, a guest with them, and the daemon in it.
pub(crate) struct Machine {
    pub(crate) pool: PoolHost,
    chips: Chips,
    guest: Guest,
    around: Option<Surroundings>,
    last: Mutex<String>,
    /// Resets by the watchdog that a test meant.
    resets: AtomicUsize,
    begun: Instant,
    _folder: Folder,
}

impl Machine {
    /// A guest whose devices nobody has taken yet.
    pub(crate) fn boot() -> Option<Machine> {
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
        let begun = Instant::now();
        let guest = Guest::boot(&kernel, &chips.serial(), Some(pool.address()));
        eprintln!("{:.1?}: booted", begun.elapsed());
        Some(Machine {
            pool,
            chips,
            guest,
            around: None,
            last: Mutex::default(),
            resets: AtomicUsize::new(0),
            begun,
            _folder: folder,
        })
    }

    /// From now on its lines, its air and its fans are moved.
    pub(crate) fn surround(&mut self) {
        self.around = Some(Surroundings::of(&self.guest, &self.chips));
        self.configure();
        self.tell("its surroundings move");
    }

    /// The guest's files are in its memory.
    fn configure(&self) {
        let config = format!("mkdir -p /etc/stannary; cat >{FILE} <<'END'\n{CONFIG}\nEND\n");
        self.guest.run(&config);
    }

    pub(crate) fn guest(&self) -> &Guest {
        &self.guest
    }

    pub(crate) fn chips(&self) -> &Chips {
        &self.chips
    }

    pub(crate) fn around(&self) -> &Surroundings {
        self.around.as_ref().expect("surrounded before")
    }

    /// A daemon that knows nothing of others before it, run as the script that an image runs does it.
    pub(crate) fn run(&self) {
        self.guest.run(
            "rm -f /run/log /var/lib/stannary/state.json; \
             setsid sh -c '/bin/run-as-user >/run/log 2>&1 </dev/null; \
             echo ended with $? >>/run/log' >/dev/null 2>&1 </dev/null &",
        );
    }

    /// The daemon runs as a user who may nothing that the kernel keeps from users.
    pub(crate) fn is_of_a_user_without_rights(&self) {
        let status = self.guest.run("cat /proc/$(pidof stannary)/status");
        for (key, expected) in [
            ("Uid:", USER.to_string()),
            ("Gid:", USER.to_string()),
            ("CapEff:", "0".repeat(16)),
            ("CapPrm:", "0".repeat(16)),
        ] {
            let mut lines = status.lines().filter_map(|line| line.strip_prefix(key));
            let found = lines
                .next()
                .map(|rest| rest.split_whitespace().all(|n| n == expected));
            assert_eq!(found, Some(true), "{key} {expected}:\n{status}");
        }
    }

    /// The same user without what `permit` gives: told which device, and what to do.
    pub(crate) fn refuses_a_user_who_was_given_nothing(&self) {
        let said = self.guest.run(&format!(
            "for folder in /run/stannary /var/lib/stannary /var/log/stannary; do \
             mkdir -p $folder; chown stannary:stannary $folder; done; chmod 644 {FILE}; \
             su -s /bin/sh stannary -c 'stannary run --config {FILE}'; echo ended with $?"
        ));
        for expected in [
            "E-DEV-REFUSED",
            "/dev/",
            "Permission denied",
            "stannary permit",
        ] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
        assert!(said.ends_with("ended with 1"), "{said}");
    }

    /// The same until it has brought up its chain.
    pub(crate) fn hash(&self) {
        self.run();
        self.wait_for_code(Code::ChainUp);
    }

    /// In order: everything off, status 0, and a watchdog that waits for nobody.
    pub(crate) fn stop(&self) {
        self.guest.run("kill $(pidof stannary)");
        self.wait("the daemon's end", PATIENCE, || {
            self.last().contains("ended with 0").then_some(())
        });
        self.wait_until_off();
        let state = self.guest.run("cat /sys/class/watchdog/watchdog0/state");
        assert_eq!(state, "inactive", "{}", self.log());
        self.tell("stopped");
    }

    pub(crate) fn status(&self) -> Option<Value> {
        let text = self
            .guest
            .try_run(&format!("stannary status --json --api {SOCKET}"))?;
        serde_json::from_str(&text).ok()
    }

    /// Until `look` finds something, on a computer that was not reset meanwhile.
    pub(crate) fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> T {
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| {
            wait_for(what, limit, || {
                self.log();
                assert!(!self.was_reset(), "the watchdog has reset the guest");
                look()
            })
        }));
        told.unwrap_or_else(|_| panic!("waited in vain for {what}\n{}", self.everything()))
    }

    /// More often than was meant.
    pub(crate) fn was_reset(&self) -> bool {
        let resets = self.guest.outside().count("WATCHDOG");
        resets > self.resets.load(Ordering::Relaxed)
    }

    /// Until the computer that was reset has booted again, configured as before. `look` at what must hold
    /// meanwhile.
    pub(crate) fn boots_again(&self, look: impl Fn()) {
        let resets = 1 + self.resets.fetch_add(1, Ordering::Relaxed);
        self.around().after_reset();
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        // Whoever asks a guest that is not there waits long: only its console is read.
        wait_for("another boot", BOOT_PATIENCE, || {
            look();
            (self.guest.boots() > resets).then_some(())
        });
        wait_for("an answer of the guest's shell", BOOT_PATIENCE, || {
            look();
            self.guest.try_run("true")
        });
        self.configure();
        self.tell("booted again");
    }

    /// What an operator orders at the machine.
    pub(crate) fn order(&self, order: &str) {
        let line = format!("stannary {order} --api {SOCKET} && echo taken");
        let said = self.guest.run(&line);
        assert!(said.ends_with("taken"), "{order}: {said}");
    }

    /// Until the daemon has said this code since it was started.
    pub(crate) fn wait_for_code(&self, code: Code) {
        let text = code.text();
        self.wait(text, PATIENCE, || self.last().contains(text).then_some(()));
        self.tell(text);
    }

    /// Until it has said what the simulated one says of the same, of which these codes are sure to be a part.
    pub(crate) fn wait_for_the_same(&self, happening: Happening, codes: &[Code]) {
        let simulated = simulated(happening);
        for code in codes {
            assert!(simulated.contains(code), "{happening:?}: {simulated:?}");
            self.wait_for_code(*code);
        }
    }

    /// Neither this daemon nor the simulated one has said this of it.
    pub(crate) fn never_said(&self, happening: Happening, code: Code) {
        let simulated = simulated(happening);
        assert!(!simulated.contains(&code), "{happening:?}: {simulated:?}");
        let log = self.log();
        assert!(!log.contains(code.text()), "{happening:?}:\n{log}");
    }

    fn accepted(&self) -> u64 {
        self.pool.ledger(|l| l.totals.accepted)
    }

    pub(crate) fn wait_for_shares(&self, more: u64) {
        let before = self.accepted();
        self.wait("accepted shares", PATIENCE, || {
            (self.accepted() >= before + more).then_some(())
        });
        self.tell("shares");
    }

    pub(crate) fn wait_until_off(&self) {
        self.wait("no supply", PATIENCE, || {
            (!self.chips.powered()).then_some(())
        });
    }

    /// Read only where it failed, or with `--no-capture`.
    pub(crate) fn tell(&self, what: &str) {
        eprintln!("{:.1?}: {what}", self.begun.elapsed());
    }

    /// What was read last.
    fn last(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// What the daemon said so far; of a guest that is gone, what was read last.
    pub(crate) fn log(&self) -> String {
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
