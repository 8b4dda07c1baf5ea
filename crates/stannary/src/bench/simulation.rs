//! How fast the simulation runs: the exact grade and a thinned day, one core each.

use std::time::Instant;

use serde_json::{Value, json};
use sim::{World, WorldOptions};
use units::Duration;

/// Virtual time measured at the exact grade; the hour is this times thirty.
const EXACT: Duration = Duration::from_secs(120);
/// Virtual time measured at the thinned grade; the day is this times twenty-four.
const THINNED: Duration = Duration::from_secs(3600);
/// A job of a quarter of a millisecond becomes one of a second.
const THINNING: u32 = 4000;

/// Seconds of this computer per virtual time.
pub(super) fn measure() -> Value {
    let exact = run("antminer-s19-pro", 1, EXACT);
    let thinned = run("antminer-s19-pro", THINNING, THINNED);
    json!({
        "s19_pro_exact": {
            "virtual_s": EXACT.as_secs(),
            "real_s": round(exact.real_s),
            "jobs": exact.jobs,
            "virtual_hour_real_s": round(exact.real_s * 3600.0 / EXACT.as_secs_f64()),
        },
        "s19_pro_thinned": {
            "thinning": THINNING,
            "virtual_s": THINNED.as_secs(),
            "real_s": round(thinned.real_s),
            "jobs": thinned.jobs,
            "virtual_day_real_s": round(thinned.real_s * 86_400.0 / THINNED.as_secs_f64()),
        },
    })
}

struct Run {
    real_s: f64,
    jobs: u64,
}

fn run(machine: &str, thinning: u32, time: Duration) -> Run {
    let mut options = WorldOptions::healthy(1, machine);
    options.thinning = thinning;
    options.keep_records = false;
    // A real pool's share rate: some 20 a minute.
    options.pool.difficulty = units::Difficulty::new(65_536.0).unwrap_or(units::Difficulty::ONE);
    let mut world = World::new(options);
    // Bring-up and ramp are not what is measured.
    world.run_for(Duration::from_secs(30));
    let jobs_before = jobs(&world);
    let started = Instant::now();
    world.run_for(time);
    Run {
        real_s: started.elapsed().as_secs_f64(),
        jobs: jobs(&world) - jobs_before,
    }
}

fn jobs(world: &World) -> u64 {
    world.twin(|twin| {
        let slots = twin.slots().to_vec();
        slots
            .iter()
            .map(|slot| twin.ledger().totals(*slot).jobs)
            .sum()
    })
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
