//! `scripts/soak`: the fault matrix for as long as it is given.
//!
//! `soak [--runs N | --seconds S] [--seed FIRST] [--machine NAME]... [--fault NAME]...`

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sim::matrix::{Case, FAULTS, Fault};
use sim::safety::Seen;

/// A prime, larger than any matrix has cells.
const STRIDE: u64 = 1_000_003;

/// How often it says how far it is.
const PROGRESS: Duration = Duration::from_secs(60);

/// What is asked for.
struct Wanted {
    runs: u64,
    seconds: u64,
    seed: u64,
    machines: Vec<String>,
    faults: Vec<Fault>,
}

/// What came of it.
#[derive(Default)]
struct Sum {
    runs: u64,
    hashing: u64,
    virtual_s: f64,
    seen: Seen,
    broken: Vec<String>,
    by_fault: BTreeMap<Fault, (u64, u64)>,
    /// Times that it said how far it is.
    told: u32,
}

fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("soak: {why}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    let sum = Mutex::new(Sum::default());
    let next = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(&wanted, started, &next, &sum));
        }
    });
    let sum = sum.into_inner().unwrap_or_else(|e| e.into_inner());
    print(&wanted, &sum, started.elapsed());
    if sum.broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        runs: u64::MAX,
        seconds: u64::MAX,
        seed: 1,
        machines: Vec::new(),
        faults: Vec::new(),
    };
    while let Some(arg) = args.next() {
        let value = args.next().ok_or(format!("`{arg}` needs a value"))?;
        let number = || {
            let number = value.parse::<u64>();
            number.map_err(|_| format!("`{value}` is no whole number"))
        };
        match arg.as_str() {
            "--runs" => wanted.runs = number()?,
            "--seconds" => wanted.seconds = number()?,
            "--seed" => wanted.seed = number()?,
            "--machine" => wanted.machines.push(value),
            "--fault" => {
                let fault = Fault::named(&value).ok_or(format!("no fault `{value}`"))?;
                wanted.faults.push(fault);
            }
            _ => return Err(format!("unknown option `{arg}`")),
        }
    }
    if wanted.machines.is_empty() {
        wanted.machines = board_support::machines().map(str::to_owned).collect();
    }
    if wanted.faults.is_empty() {
        wanted.faults = FAULTS.to_vec();
    }
    if wanted.runs == u64::MAX && wanted.seconds == u64::MAX {
        return Err("say `--runs N` or `--seconds S`".to_owned());
    }
    Ok(wanted)
}

fn work(wanted: &Wanted, started: Instant, next: &AtomicU64, sum: &Mutex<Sum>) {
    let (machines, faults) = (wanted.machines.len() as u64, wanted.faults.len() as u64);
    loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        if i >= wanted.runs || started.elapsed() >= Duration::from_secs(wanted.seconds) {
            return;
        }
        // In an order that mixes both, so that a short run sees some of everything.
        let cells = machines * faults;
        let cell = i % cells * STRIDE % cells;
        let case = Case {
            machine: wanted.machines[(cell % machines) as usize].clone(),
            fault: wanted.faults[(cell / machines) as usize],
            seed: wanted.seed + i / cells,
        };
        let run = std::panic::catch_unwind(|| case.run());
        let mut sum = sum.lock().unwrap_or_else(|e| e.into_inner());
        sum.runs += 1;
        sum.tell(started.elapsed());
        let entry = sum.by_fault.entry(case.fault).or_default();
        entry.0 += 1;
        match run {
            Ok(Ok(outcome)) => {
                sum.hashing += u64::from(outcome.hashes);
                sum.virtual_s += outcome.virtual_s;
                sum.seen.merge(outcome.seen);
                continue;
            }
            Ok(Err(broken)) => {
                entry.1 += 1;
                println!("BROKEN {broken}\n");
                sum.broken.push(format!("{}: {}", broken.case, broken.what));
            }
            Err(_) => {
                entry.1 += 1;
                println!("PANIC {case}");
                sum.broken.push(format!("{case}: panic"));
            }
        }
    }
}

impl Sum {
    /// Once a minute, in one line.
    fn tell(&mut self, passed: Duration) {
        if passed >= PROGRESS * (self.told + 1) {
            self.told = (passed.as_secs() / PROGRESS.as_secs()) as u32;
            eprintln!(
                "soak: {} min, {} runs, {} violations",
                self.told,
                self.runs,
                self.broken.len()
            );
        }
    }
}

fn print(wanted: &Wanted, sum: &Sum, took: Duration) {
    println!(
        "soak: {} runs ({} machines x {} faults, seeds from {}), {:.1} virtual hours in {:.0} s, \
         {} end hashing, {} violations",
        sum.runs,
        wanted.machines.len(),
        wanted.faults.len(),
        wanted.seed,
        sum.virtual_s / 3600.0,
        took.as_secs_f64(),
        sum.hashing,
        sum.broken.len()
    );
    for (name, seconds) in &sum.seen.reactions {
        let mut sorted = seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
        println!(
            "  {name:<26} n={:<6} p50={:.2} p90={:.2} p99={:.2} max={:.2} s",
            sorted.len(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
    }
    for (name, most) in &sum.seen.most {
        println!("  most {name}: {most:.3}");
    }
    for (fault, (runs, broken)) in sum.by_fault.iter().filter(|(_, (_, broken))| *broken > 0) {
        println!("  {fault:?}: {broken} of {runs} runs broke a promise");
    }
    for broken in &sum.broken {
        println!("  {broken}");
    }
}
