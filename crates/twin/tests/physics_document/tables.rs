//! Tables over all machines, grade exact.

use std::fmt::Write;

use twin::physics::machines::{Given, MACHINES};
use twin::physics::{Options, SupplyState, Variation};
use units::{Duration, Duty};

use crate::bench::{Bench, design_duty, fans_stop, s};

/// Mark and text of every table.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("coefficients", coefficients()),
        ("ratings", ratings()),
        ("fan loss", fan_loss()),
    ]
}

/// Each value with the first letter of its standing.
fn coefficients() -> String {
    let mut out = String::from(
        "| machine | rail, V | leakage, % | air, m³/s | design duty, % | sinks of a board, J/K | fan, rpm | supply, W | converter |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for entry in MACHINES {
        let show = |given: &Given, scale: f64, places: usize| {
            let letter = &given.standing.to_string()[..1];
            format!("{:.places$} {letter}", given.value * scale)
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            entry.model,
            show(&entry.rail_mv, 1e-3, 1),
            show(&entry.leakage_share, 1e2, 0),
            show(&entry.flow_m3_per_s, 1.0, 3),
            show(&entry.design_duty_percent, 1.0, 0),
            show(&entry.sinks_j_per_k, 1.0, 0),
            show(&entry.fan_rpm, 1.0, 0),
            show(&entry.supply_w, 1.0, 0),
            show(&entry.converter, 1.0, 2),
        );
    }
    out
}

/// At rest at the rating, 25 °C inlet, fans at the design's duty.
fn ratings() -> String {
    let mut out = String::from(
        "| machine | frequency, MHz | hashrate, TH/s (published) | wall, W (published) | hottest board, °C | hottest chip, °C | air out, °C |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for entry in MACHINES {
        let mut bench = Bench::new(entry.model, |_| Options::default());
        bench.run(design_duty(&bench.machine));
        bench.pass(Duration::from_secs(3600));
        let _ = writeln!(
            out,
            "| {} | {:.1} | {:.1} ({}) | {:.0} ({}) | {:.1} | {:.1} | {:.1} |",
            entry.model,
            bench.physics.rated_frequency().mhz(),
            bench.ths(),
            bench.machine.rated_ths,
            bench.physics.wall_power().w(),
            bench.machine.rated_power_w,
            bench.board_c(),
            bench.chip_c(),
            bench.outlet_c(),
        );
    }
    out
}

/// Seconds from the moment in which every fan stops to each limit, truth and not readings.
fn fan_loss() -> String {
    let mut out = String::from(
        "| machine | board: stop | + 20 °C | chip: stop | + 20 °C | board, K/s at its stop | supply trips | from 40 °C: board stop | chip stop |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for entry in MACHINES {
        let mild = lose_fans(entry.model, 25.0, None, 2.0);
        let hot = lose_fans(entry.model, 40.0, Some(Duty::FULL), 2.0);
        let tripped = lose_fans(entry.model, 25.0, None, 1.0).tripped_s;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {:.2} | {} | {} | {} |",
            entry.model,
            seconds(mild.board_s[0]),
            seconds(mild.board_s[1]),
            seconds(mild.chip_s[0]),
            seconds(mild.chip_s[1]),
            mild.board_k_per_s,
            seconds(tripped),
            seconds(hot.board_s[0]),
            seconds(hot.chip_s[0]),
        );
    }
    out
}

fn seconds(seconds: Option<f64>) -> String {
    // Rounded down: what safety has to beat is never stated longer than it is.
    seconds.map_or("–".to_owned(), |s| format!("{:.0} s", s.floor()))
}

/// When limits were passed after the fans stopped: the stop limit, and 20 °C more.
#[derive(Default)]
struct Passed {
    board_s: [Option<f64>; 2],
    chip_s: [Option<f64>; 2],
    board_k_per_s: f64,
    tripped_s: Option<f64>,
}

fn lose_fans(model: &str, inlet_c: f64, duty: Option<Duty>, supply: f64) -> Passed {
    const REST_S: u64 = 3600;
    let mut bench = Bench::new(model, |machine| Options {
        faults: fans_stop(machine, s(REST_S)),
        variation: Variation {
            inlet_c,
            supply,
            ..Variation::NOMINAL
        },
        ..Options::default()
    });
    bench.run(duty.unwrap_or(design_duty(&bench.machine)));
    bench.pass(Duration::from_secs(REST_S));
    let limits = bench.machine.limits.clone();
    let mut passed = Passed::default();
    let step = Duration::from_millis(250);
    let mut before_c = bench.board_c();
    for i in 1..=4 * 400 {
        bench.pass(step);
        let now = Some(f64::from(i) * step.as_secs_f64());
        let (board_c, chip_c) = (bench.board_c(), bench.chip_c());
        for (at, more_c) in [0.0, 20.0].into_iter().enumerate() {
            if board_c >= limits.board_stop_c + more_c && passed.board_s[at].is_none() {
                passed.board_s[at] = now;
                if at == 0 {
                    passed.board_k_per_s = (board_c - before_c) / step.as_secs_f64();
                }
            }
            if chip_c >= limits.chip_stop_c + more_c {
                passed.chip_s[at] = passed.chip_s[at].or(now);
            }
        }
        if matches!(bench.physics.supply_state(), SupplyState::Tripped(_)) {
            passed.tripped_s = passed.tripped_s.or(now);
        }
        before_c = board_c;
    }
    passed
}
