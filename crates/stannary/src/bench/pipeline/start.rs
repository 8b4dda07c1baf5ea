//! From the start of the process to its first answer and to its first work: `stannary run`
//! over a twin, as a process of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use board_support::Machine;
use serde_json::{Value, json};
use units::ChainSlot;

use super::plan::CHAINS;
use super::{figure, pool};

/// Starts whose median is told.
const STARTS: usize = 7;
/// Between two attempts to reach the interface: a small part of what is measured.
const RETRY: Duration = Duration::from_micros(200);
/// Longest wait for a first answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for the last chain's first work. A supply takes ten seconds, and boards come one
/// after the other.
const WORK_WITHIN: Duration = Duration::from_secs(90);

/// Both times, with what is prescribed beside them.
pub(super) fn measure() -> Result<Value> {
    let mut answers = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(unused()?)?;
        answers.push(daemon.first_answer()?);
    }
    answers.sort_by(f64::total_cmp);

    let daemon = Daemon::start(pool::start(1, |_| ())?)?;
    let answered_ms = daemon.first_answer()?;
    let ups = daemon.chains_up()?;
    let prescribed = prescribed(&board_support::machine(MODEL)?)?;
    let slowest_ms = ups.iter().map(|up| up.after_board_ms).fold(0.0, f64::max);
    // The daemon's own account begins a little after the process: at its first answer at
    // the latest.
    let at = |up: &Up| figure(answered_ms + up.at_ms);
    Ok(json!({
        "first_answer_ms": {
            "median": figure(answers[STARTS / 2]),
            "max": figure(answers[STARTS - 1]),
            "goal": 15,
        },
        // With supply and boards, in the order in which these come.
        "first_work_on_each_chain_ms": ups.iter().map(at).collect::<Vec<_>>(),
        "board_to_its_first_work": {
            "slowest_ms": figure(slowest_ms),
            "prescribed_settle_ms": figure(prescribed.settle_ms),
            "less_settle_ms": figure(slowest_ms - prescribed.settle_ms),
            "of_it_on_the_chips_wire_ms": figure(prescribed.wire_ms),
            "goal_less_settle_ms": 200,
        },
    }))
}

const MODEL: &str = "antminer-s19-pro";

/// A chain that is up.
struct Up {
    at_ms: f64,
    /// Since its board has its voltage and its chips may be spoken to.
    after_board_ms: f64,
}

struct Prescribed {
    settle_ms: f64,
    /// Commands and answers at the speed of the chips' line, which nothing can shorten.
    wire_ms: f64,
}

fn prescribed(machine: &Machine) -> Result<Prescribed> {
    let chain = drivers::Chain::new(drivers::ChainConfig {
        slot: ChainSlot(0),
        hashboard: machine.hashboard.clone(),
        link: machine.control_board.link,
        settle_percent: 100,
        thinning: 1,
    });
    let chain = chain.map_err(|error| anyhow::anyhow!("{error}"))?;
    let (settle, wire) = chain.bring_up_time();
    Ok(Prescribed {
        settle_ms: settle.as_secs_f64() * 1e3,
        wire_ms: wire.as_secs_f64() * 1e3,
    })
}

/// A loopback address where nobody listens.
fn unused() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A daemon in a folder of its own. Dropping it ends it and removes the folder.
struct Daemon {
    child: Child,
    folder: PathBuf,
    http: SocketAddr,
    started: Instant,
}

impl Daemon {
    fn start(pool: SocketAddr) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("stannary-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let http = unused()?;
        let socket = folder.join("api.sock");
        let config = folder.join("stannary.toml");
        let text = format!(
            "config_version = 1\n\
             [machine]\nmodel = {MODEL:?}\nbackend = \"twin\"\n\
             [twin]\nseed = 1\ndifficulty_bits = 2\n\
             [[pool]]\nurl = \"stratum+tcp://{pool}\"\nuser = \"bench.worker\"\npassword = \"x\"\n\
             difficulty_one = \"twin\"\n\
             [api]\nhttp = \"{http}\"\nsocket = {socket:?}\n"
        );
        fs::write(&config, text)?;
        let started = Instant::now();
        let child = Command::new(std::env::current_exe()?)
            .arg("run")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the daemon")?;
        Ok(Daemon {
            child,
            folder,
            http,
            started,
        })
    }

    /// Milliseconds from the start to the first whole answer.
    fn first_answer(&self) -> Result<f64> {
        loop {
            if self.get("status").is_some() {
                return Ok(self.started.elapsed().as_secs_f64() * 1e3);
            }
            if self.started.elapsed() > ANSWER_WITHIN {
                bail!("the daemon does not answer");
            }
            thread::sleep(RETRY);
        }
    }

    /// When each chain began to hash, by the daemon's own log.
    fn chains_up(&self) -> Result<Vec<Up>> {
        while self.started.elapsed() < WORK_WITHIN {
            thread::sleep(Duration::from_millis(100));
            let log = self.get("log").unwrap_or_default();
            let notes = log["notes"].as_array();
            let at_s = |code: &str, place: String| {
                let mut notes = notes.into_iter().flatten();
                let told = notes.find(|note| note["code"] == code && note["place"] == place)?;
                told["at_s"].as_f64()
            };
            let up = |chain: usize| {
                let board_s = at_s("E-BOARD-UP", format!("slot {chain}"))?;
                let chain_s = at_s("E-CHAIN-UP", format!("chain {chain}"))?;
                Some(Up {
                    at_ms: chain_s * 1e3,
                    after_board_ms: (chain_s - board_s) * 1e3,
                })
            };
            if let Some(ups) = (0..CHAINS).map(up).collect() {
                return Ok(ups);
            }
        }
        bail!("no work within {} s", WORK_WITHIN.as_secs())
    }

    fn get(&self, what: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        let request = format!("GET /api/v1/{what} HTTP/1.0\r\nHost: {}\r\n\r\n", self.http);
        stream.write_all(request.as_bytes()).ok()?;
        stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
