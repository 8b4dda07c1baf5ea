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
pub(super) mod pool;
mod pool_v2;
pub(super) mod port;
mod requests;
pub(super) mod stamp;
mod start;
mod verifying;

use anyhow::Result;
use serde_json::{Value, json};

use daemon::Run;
pub(super) use daemon::config;
use plan::{Course, Phase, REQUESTS_PER_S, Speech};

/// True if this process was started to be the other side, which it then was.
pub(super) fn was_peer() -> Result<bool> {
    let Some(speech) = std::env::var_os(plan::PEER_VARIABLE) else {
        return Ok(false);
    };
    peer::run(Speech::from_name(&speech.to_string_lossy()))?;
    Ok(true)
}

/// All figures, each with its goal and aim.
pub(super) fn measure() -> Result<Value> {
    // First, so that nothing else has touched this process's memory.
    let run = daemon::run(Course::Way(Speech::V1))?;
    let v2 = daemon::run(Course::Way(Speech::V2))?;
    let costs = Costs::of(&run);
    let errors = [&run.errors[..], &v2.errors].concat();
    Ok(json!({
        "notify_to_work_on_every_chain_us": {
            "measured": run.peer["notify_us"],
            "goal": { "median": 500, "p99": 2000 },
            "aim": { "median": 100, "p99": 500 },
        },
        "block_to_work_on_every_chain_us": {
            "v1": run.peer["notify_us"],
            "v2": v2.peer["notify_us"],
            "goal": "v2 is not slower than v1",
        },
        "nonce_to_submit_us": {
            "measured": run.peer["submit_us"]["steady"],
            "in_bursts": run.peer["submit_us"]["burst"],
            "through_the_polled_fifo": run.peer["submit_us"]["polled"],
            "goal": { "median": 200, "p99": 1000 },
            "aim": { "median": 50, "p99": 250 },
        },
        "nonces": nonces(&run),
        "verifying_alone": verifying::measure()?,
        // Microseconds per nonce are milliseconds per thousand.
        "cpu_ms_per_1000_nonces": costs.as_ref().map(|c| figure(c.nonce_us)),
        "work": {
            "items_per_s": costs.as_ref().map(|c| c.works_per_s.round()),
            "daemon_share_of_a_core": costs.as_ref().map(|c| figure(c.share)),
            "daemon_us_per_item": costs.as_ref().map(|c| figure(c.work_us)),
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
        "daemon_errors": errors,
    }))
}

/// What many requests for the status do to shares, memory and processor.
pub(super) fn measure_load() -> Result<Value> {
    let run = daemon::run(Course::Load)?;
    let submit = &run.peer["submit_us"];
    let p99 = |kind: &str| submit[kind]["p99"].as_f64();
    let later = p99("loaded")
        .zip(p99("quiet"))
        .map(|(loaded, quiet)| loaded - quiet);
    let took = |span: Option<daemon::Span>| span.map(|s| figure(100.0 * s.stolen_s / s.seconds));
    let (quiet, loaded) = (run.span(Phase::Quiet), run.span(Phase::Loaded));
    let requests = run.peer["requests"]["answered"].as_f64().unwrap_or(0.0);
    let cpu_us = quiet.zip(loaded).map(|(quiet, loaded)| {
        let share = loaded.cpu_s / loaded.seconds - quiet.cpu_s / quiet.seconds;
        1e6 * share * loaded.seconds / requests.max(1.0)
    });
    Ok(json!({
        "nonce_to_submit_us": { "quiet": submit["quiet"], "loaded": submit["loaded"] },
        "p99_later_us": run.peer["turns"]["p99_later"]["median"],
        "p99_of_all_later_us": later.map(figure),
        "turns_us": run.peer["turns"],
        "host_took_percent_of_a_core": { "quiet": took(quiet), "loaded": took(loaded) },
        "must_p99_later_us": 1000,
        "asked_per_s": REQUESTS_PER_S,
        "requests": run.peer["requests"],
        "daemon_cpu_us_per_request": cpu_us.map(figure),
        "memory_grown_mib": run.grown_mib(Phase::Quiet, Phase::Drain).map(figure),
        "nonces": nonces(&run),
        "daemon_errors": run.errors,
    }))
}

/// What the daemon's processor time goes to.
struct Costs {
    /// Per nonce, from its entry to the answer to its submit, on all threads.
    nonce_us: f64,
    /// Per work item, with everything that a daemon does besides, nonces apart.
    work_us: f64,
    works_per_s: f64,
    /// Of one core, for work alone.
    share: f64,
}

impl Costs {
    /// From two phases with the same work and different nonces.
    fn of(run: &Run) -> Option<Costs> {
        let (few, many) = (run.span(Phase::Model)?, run.span(Phase::Replay)?);
        let rate = many.nonces / many.seconds - few.nonces / few.seconds;
        let cpu = many.cpu_s / many.seconds - few.cpu_s / few.seconds;
        let nonce_us = 1e6 * cpu / rate.max(1.0);
        let work_s = few.cpu_s - few.nonces * nonce_us / 1e6;
        Some(Costs {
            nonce_us,
            work_us: 1e6 * work_s / few.works.max(1.0),
            works_per_s: few.works / few.seconds,
            share: work_s / few.seconds,
        })
    }
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
