//! The binary under test as a child process.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{PATIENCE, Stretch, or_skip, wait_for};

/// The binary: `STANNARY_BIN`, or `stannary` in the folder above the test's executable.
pub fn stannary() -> Option<PathBuf> {
    let named = std::env::var_os("STANNARY_BIN").map(PathBuf::from);
    let beside = || {
        Some(
            std::env::current_exe()
                .ok()?
                .parent()?
                .parent()?
                .join("stannary"),
        )
    };
    let path = named.or_else(beside).filter(|path| path.is_file());
    or_skip(path, "the binary `stannary`")
}

/// A running child. It is killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// What it wrote to stdout and to stderr so far.
    said: [Arc<Mutex<String>>; 2],
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts a command and collects what it says.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?} does not start: {why}"));
        let said = [Arc::default(), Arc::default()];
        let out = child.stdout.take().map(|s| collect(s, &said[0]));
        let err = child.stderr.take().map(|s| collect(s, &said[1]));
        let readers = out.into_iter().chain(err).collect();
        Program {
            child,
            said,
            readers,
        }
    }

    /// Stdout so far.
    pub fn stdout(&self) -> String {
        self.said[0].lock().expect("readers do not panic").clone()
    }

    /// Stderr so far.
    pub fn stderr(&self) -> String {
        self.said[1].lock().expect("readers do not panic").clone()
    }

    /// Both, for the message of a failure.
    pub fn everything(&self) -> String {
        format!(
            "--- stdout\n{}--- stderr\n{}---",
            self.stdout(),
            self.stderr()
        )
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// The memory that it occupies now, in KiB, by the kernel's account.
    pub fn resident_kib(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Descriptors that it holds now.
    pub fn descriptors(&self) -> Option<usize> {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        folder.ok().map(Iterator::count)
    }

    /// Waits for its end, and for the last of what it says.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let status = wait_for("the end of the program", limit, || self.ended());
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        status
    }

    /// Waits for its end, which it promises within `limit`.
    #[track_caller]
    pub fn ends_within(&mut self, limit: Duration) -> ExitStatus {
        let stretch = Stretch::begin();
        let status = self.wait(PATIENCE);
        stretch.was_within(limit, "its end");
        status
    }

    /// Waits until it has said this on stderr.
    pub fn wait_for_word(&self, word: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.stderr().contains(word) {
            assert!(Instant::now() < end, "no `{word}`\n{}", self.everything());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// A signal by its name. By a shell, whose `kill` is everywhere, so that no foreign
    /// function is called here.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|s| s.success()), "{kill}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut stream: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..n]);
            into.lock().expect("nobody panics with it").push_str(&text);
        }
    })
}

/// For one answer, in seconds: a host that takes the processor away for some of them makes no failure of it.
pub const ANSWER_S: u64 = 60;

/// The JSON at an address, if it answers with some.
pub fn get_json(url: &str) -> Option<Value> {
    let response = minreq::get(url).with_timeout(ANSWER_S).send().ok()?;
    serde_json::from_slice(response.as_bytes()).ok()
}
