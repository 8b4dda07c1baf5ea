//! Days of one machine among random faults end with the memory that they began with.
//! Grade: thinned(1024), physics thinned(4), tickets sixteen times as hard.

use std::time::Instant;

use cap::Cap;
use sim::days::{Days, WATCHES};

/// Counts the live bytes of this binary: engine, twin, pool and network. There is one test in
/// it, so that nobody else's are counted.
#[global_allocator]
static MEMORY: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// The busiest of those that can be run for months: bytes of three UARTs, controllers with a
/// heartbeat on a bus, sensors behind chips.
const MACHINE: &str = "antminer-s9";
/// What `scripts/test` has time for. The whole takes an hour of a core.
const DAYS: u32 = 2;
const DAYS_FULL: u32 = 90;
/// Rings and buffers grow to their size on the first day.
const WARM_UP: usize = WATCHES as usize;
/// Live bytes may be so much more at the end, and a trend may add up to as much. Most of what
/// lives is the flight recorder with its last ten minutes, which are longer or shorter by what
/// happened in them. Seen over ninety days: 1.10 to 1.31 MB.
const TOLERANCE: f64 = 256.0 * 1024.0;

/// `STANNARY_DAYS`, or what there is time for.
fn days() -> u32 {
    if let Some(text) = std::env::var_os("STANNARY_DAYS") {
        let text = text.to_string_lossy().into_owned();
        let days = text.parse().ok().filter(|days| *days >= 2);
        return days.expect("STANNARY_DAYS is a whole number, 2 or more");
    }
    match std::env::var_os("STANNARY_TEST_FULL") {
        Some(_) => DAYS_FULL,
        None => DAYS,
    }
}

#[test]
fn days_of_faults_end_with_the_memory_that_they_began_with() {
    let (days, began) = (days(), Instant::now());
    let mut run = Days::new(1, MACHINE, days);
    let mut memory = Vec::with_capacity((days * WATCHES) as usize);
    for i in 1..=days * WATCHES {
        let seen = run.watch();
        memory.push(MEMORY.allocated() as f64);
        println!(
            "day {:.1}: {} bytes live, {:.0} s, {seen:?}",
            f64::from(i) / f64::from(WATCHES),
            MEMORY.allocated(),
            began.elapsed().as_secs_f64()
        );
        if !seen.hashes {
            println!("{:#?}", run.world().snapshot());
            for note in run.said() {
                println!(
                    "{:.2} {} {} {}",
                    note.at.since(units::Instant::ZERO).as_secs_f64(),
                    note.code.text(),
                    note.place,
                    note.detail
                );
            }
            panic!("day {} ends without hashing: {seen:?}", i / WATCHES);
        }
    }
    let warm = &memory[WARM_UP - 1..];
    let (first, last) = (warm[0], warm[warm.len() - 1]);
    let trend = slope(warm) * (warm.len() - 1) as f64;
    println!(
        "{days} days: {first} bytes live after the first, {last} at the end, trend {trend:+.0}"
    );
    assert!(last - first <= TOLERANCE, "{first} to {last} bytes");
    assert!(trend <= TOLERANCE, "a trend of {trend:+.0} bytes");
}

/// Of the line through values at even distances, by least squares.
fn slope(values: &[f64]) -> f64 {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let x = mean(&mut (0..values.len()).map(|i| i as f64));
    let y = mean(&mut values.iter().copied());
    let points = || values.iter().enumerate();
    let up: f64 = points().map(|(i, v)| (i as f64 - x) * (v - y)).sum();
    let across: f64 = points().map(|(i, _)| (i as f64 - x).powi(2)).sum();
    up / across
}
