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
/// Longest wait for the first work; the prescribed times are below five seconds.
const WORK_WITHIN: Duration = Duration::from_secs(12);

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
    let after_ms = daemon.first_work_ms()?;
    let prescribed = prescribed(&board_support::machine(MODEL)?)?;
    // The daemon's own account begins a little after the process: at its first answer at
    // the latest.
    let total_ms = answered_ms + after_ms;
    Ok(json!({
        "first_answer_ms": {
            "median": figure(answers[STARTS / 2]),
            "max": figure(answers[STARTS - 1]),
            "goal": 15,
        },
        "first_work": {
            "ms": figure(total_ms),
            "prescribed_settle_ms": figure(prescribed.settle_ms),
            "less_settle_ms": figure(total_ms - prescribed.settle_ms),
            "of_it_on_the_chips_wire_ms": figure(prescribed.wire_ms),
            "goal_less_settle_ms": 200,
        },
    }))
}

const MODEL: &str = "antminer-s19-pro";

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
            if self.status().is_some() {
                return Ok(self.started.elapsed().as_secs_f64() * 1e3);
            }
            if self.started.elapsed() > ANSWER_WITHIN {
                bail!("the daemon does not answer");
            }
            thread::sleep(RETRY);
        }
    }

    /// Milliseconds to the first work of the chain that got it last, by the daemon's own
    /// record of what its chains decided: they begin to ramp once work has left.
    fn first_work_ms(&self) -> Result<f64> {
        while self.started.elapsed() < WORK_WITHIN {
            thread::sleep(Duration::from_millis(100));
            let status = self.status().unwrap_or_default();
            let ramping = |chain: &Value| chain["state"] == "ramping";
            let chains = status["chains"].as_array().filter(|c| c.len() == CHAINS);
            if chains.is_some_and(|chains| chains.iter().all(ramping)) {
                let decisions = status["decisions"].as_array();
                let times = decisions.into_iter().flatten();
                let last = times.filter_map(|d| d["at_s"].as_f64()).fold(0.0, f64::max);
                return Ok(last * 1e3);
            }
        }
        bail!("no work within {} s", WORK_WITHIN.as_secs())
    }

    fn status(&self) -> Option<Value> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        let request = format!("GET /api/v1/status HTTP/1.0\r\nHost: {}\r\n\r\n", self.http);
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
