//! `stannary bench`: measured figures of this build on this computer, as JSON on stdout.
//!
//! Benchmarks measure, tests decide: nothing here passes or fails. Every run prints how
//! late an idle thread wakes on this computer, because latencies mean little without it.

mod hashing;
mod noise;
mod pipeline;
mod simulation;
mod tty;

use anyhow::Result;
use serde_json::{Map, Value};

use crate::cli::Bench;

/// Run one benchmark, or all. `tty`: the pipeline's serial lines alone.
pub(crate) fn run(what: Option<Bench>, tty: bool) -> Result<()> {
    if pipeline::was_peer()? || tty::was_peer()? {
        return Ok(());
    }
    let mut figures = Map::new();
    figures.insert("idle_wake_up_us".into(), noise::idle_wake_up());
    if tty {
        anyhow::ensure!(
            what == Some(Bench::Pipeline),
            "`--tty` is of `bench pipeline` alone"
        );
        figures.insert("tty".into(), tty::measure()?);
        println!("{}", serde_json::to_string_pretty(&Value::Object(figures))?);
        return Ok(());
    }
    let wanted = |bench| what.is_none_or(|only| only == bench);
    if wanted(Bench::Sha256d) {
        figures.insert("sha256d".into(), hashing::measure());
    }
    if wanted(Bench::Pipeline) {
        figures.insert("pipeline".into(), pipeline::measure()?);
    }
    // Two minutes that a look at all figures need not take.
    if what == Some(Bench::Load) {
        figures.insert("load".into(), pipeline::measure_load()?);
    }
    if wanted(Bench::Sim) {
        figures.insert("sim".into(), simulation::measure());
    }
    println!("{}", serde_json::to_string_pretty(&Value::Object(figures))?);
    Ok(())
}

/// Median, 99th percentile and maximum of samples in microseconds; `null` of none.
fn percentiles(mut samples_us: Vec<f64>) -> Value {
    if samples_us.is_empty() {
        return Value::Null;
    }
    samples_us.sort_by(f64::total_cmp);
    let at = |share: f64| samples_us[((samples_us.len() - 1) as f64 * share) as usize];
    let rounded = |us: f64| (us * 10.0).round() / 10.0;
    serde_json::json!({
        "samples": samples_us.len(),
        "median": rounded(at(0.5)),
        "p99": rounded(at(0.99)),
        "max": rounded(at(1.0)),
    })
}
