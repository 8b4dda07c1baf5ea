//! The whole way of a job to the chips and of a nonce to the pool, measured from outside.
//!
//! This process is the daemon: engine, sockets, threads and interfaces as in `run`, with the
//! three chains of an S19 Pro behind the real FPGA port. Another process is everything
//! around it: it gives jobs as a pool does, plays the chips behind the port's registers, and
//! stamps both sides on the clock that the processes share. A stamp of what the daemon
//! receives is taken before the write, and one of what it sends after the read, so that the
//! loopback and this computer's scheduling count against it.

mod building;
mod chips;
mod daemon;
mod log;
mod peer;
mod plan;
mod pool;
mod port;
mod stamp;
mod start;

use anyhow::Result;
use serde_json::{Value, json};

use daemon::Run;
use plan::Phase;

/// True if this process was started to be the other side, which it then was.
pub(super) fn was_peer() -> Result<bool> {
    if std::env::var_os(plan::PEER_VARIABLE).is_none() {
        return Ok(false);
    }
    peer::run()?;
    Ok(true)
}

/// All figures, each with its goal and aim.
pub(super) fn measure() -> Result<Value> {
    // First, so that nothing else has touched this process's memory.
    let run = daemon::run()?;
    let (model, replay) = (run.span(Phase::Model), run.span(Phase::Replay));
    let per_thousand = model.zip(replay).map(|(model, replay)| {
        let rate = replay.nonces / replay.seconds - model.nonces / model.seconds;
        let cpu = replay.cpu_s / replay.seconds - model.cpu_s / model.seconds;
        figure(1e6 * cpu / rate.max(1.0))
    });
    let daemon_us = model.map(|m| figure(m.cpu_s * 1e6 / m.works.max(1.0)));
    Ok(json!({
        "notify_to_work_on_every_chain_us": {
            "measured": run.peer["notify_us"],
            "goal": { "median": 500, "p99": 2000 },
            "aim": { "median": 100, "p99": 500 },
        },
        "nonce_to_submit_us": {
            "measured": run.peer["submit_us"]["steady"],
            "in_bursts": run.peer["submit_us"]["burst"],
            "through_the_polled_fifo": run.peer["submit_us"]["polled"],
            "goal": { "median": 200, "p99": 1000 },
            "aim": { "median": 50, "p99": 250 },
        },
        "nonces": nonces(&run),
        "cpu_ms_per_1000_nonces": per_thousand,
        "work": {
            "items_per_s": model.map(|m| (m.works / m.seconds).round()),
            "daemon_share_of_a_core": model.map(|m| figure(m.cpu_s / m.seconds)),
            "daemon_us_per_item": daemon_us,
            "building_alone": building::measure()?,
        },
        "resident_mib": {
            "measured": figure(run.resident.all_mib),
            "of_it_anonymous": figure(run.resident.anonymous_mib),
            "goal": 8,
            "aim": 4,
            "known_peers": { "mujina, idle": 8.2 },
        },
        "start": start::measure()?,
        "binary": binary()?,
        "known_peers": { "stock firmware, program start to first job, s": 102 },
        "daemon_errors": run.errors,
    }))
}

/// The account of nonces. What was sent came back in a submit, or the daemon booked it as
/// void because a clean job had come first; the rest is lost.
fn nonces(run: &Run) -> Value {
    let count = |key: &str| run.peer[key].as_i64().unwrap_or(0);
    let stale = i64::try_from(run.shares.stale).unwrap_or(i64::MAX);
    let replay = run.span(Phase::Replay);
    json!({
        "sent": count("sent"),
        "per_s_in_replay": replay.map(|r| (r.nonces / r.seconds).round()),
        "void_by_a_clean_job": stale,
        "lost": count("unanswered") - stale,
        "goal_lost": 0,
        "submits": count("submits"),
        "daemon": run.shares,
    })
}

/// This executable. The goal is for the stripped release build.
fn binary() -> Result<Value> {
    let path = std::env::current_exe()?;
    let profile = path.parent().and_then(|folder| folder.file_name());
    Ok(json!({
        "mb": figure(std::fs::metadata(&path)?.len() as f64 / 1e6),
        "profile": profile.map(|name| name.to_string_lossy().into_owned()),
        "goal_mb_stripped_release": 6,
        "known_peers": { "mujina": 19.8 },
    }))
}

/// Three digits after the point.
fn figure(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
