//! `scripts/fleet-step`: what a site's grid connection sees when all of its machines start,
//! lose their pools, stop and resume as one.
//!
//! `fleet_step [--machines N] [--machine NAME] [--seed FIRST] [--out FILE]`

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use sim::fleet::{MACHINES, Site};

/// What is asked for.
struct Wanted {
    machines: u32,
    machine: String,
    seed: u64,
    out: Option<String>,
}

fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("fleet-step: {why}");
            return ExitCode::from(2);
        }
    };
    let site = run(&wanted);
    print(&wanted, &site);
    if let Some(out) = &wanted.out
        && let Err(why) = std::fs::write(out, sim::fleet_plot::draw(&site))
    {
        eprintln!("fleet-step: {out}: {why}");
        return ExitCode::from(2);
    }
    let broken = site.broken();
    for broken in &broken {
        println!("BROKEN {broken}");
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        machines: MACHINES,
        machine: "antminer-s9".to_owned(),
        seed: 1,
        out: None,
    };
    while let Some(arg) = args.next() {
        let value = args.next().ok_or(format!("`{arg}` needs a value"))?;
        let number = || {
            let number = value.parse::<u64>();
            number.map_err(|_| format!("`{value}` is no whole number"))
        };
        match arg.as_str() {
            "--machines" => {
                let number = u32::try_from(number()?).ok().filter(|n| *n > 0);
                wanted.machines = number.ok_or(format!("`{value}` machines are no fleet"))?;
            }
            "--machine" => wanted.machine = value,
            "--seed" => wanted.seed = number()?,
            "--out" => wanted.out = Some(value),
            _ => return Err(format!("unknown option `{arg}`")),
        }
    }
    if !board_support::machines().any(|name| name == wanted.machine) {
        let known: Vec<_> = board_support::machines().collect();
        let (name, known) = (&wanted.machine, known.join(", "));
        return Err(format!("no machine `{name}`; known: {known}"));
    }
    Ok(wanted)
}

/// One machine after another on each core.
fn run(wanted: &Wanted) -> Site {
    let sum = Mutex::new(Site::empty(&wanted.machine));
    let next = AtomicU32::new(0);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut part = Site::empty(&wanted.machine);
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= wanted.machines {
                        break;
                    }
                    part.add(wanted.seed + u64::from(i));
                    if (i + 1).is_multiple_of(50) {
                        eprintln!("fleet-step: {} of {} machines", i + 1, wanted.machines);
                    }
                }
                sum.lock().unwrap_or_else(|e| e.into_inner()).merge(part);
            });
        }
    });
    sum.into_inner().unwrap_or_else(|e| e.into_inner())
}

fn print(wanted: &Wanted, site: &Site) {
    let last = wanted.seed + u64::from(wanted.machines) - 1;
    println!(
        "{} x {}, seeds {} to {last}, rated {:.0} kW; at most {:.2} % may be added in a second",
        site.machines,
        site.machine,
        wanted.seed,
        site.rated_w / 1000.0,
        site.step_max() * 100.0,
    );
    println!(
        "{:<26} {:>22} {:>12} {:>20}",
        "phase", "largest rise in 1 s", "at", "largest fall in 1 s"
    );
    for step in site.steps() {
        let share = |w: f64| w / site.rated_w * 100.0;
        println!(
            "{:<26} {:>12.0} W {:>5.2} % {:>10.2} s {:>10.0} W {:>5.1} %",
            step.phase.name,
            step.rise_w,
            share(step.rise_w),
            step.rise_at_s,
            step.fall_w,
            share(step.fall_w),
        );
    }
}
