//! Step responses of an S19 Pro, grade exact.

use twin::physics::{Options, Variation, Weather};
use units::{ChainSlot, Duration, Duty, Millivolts};

use crate::bench::{Bench, design_duty, fans_stop, s};
use crate::svg::{Line, Panel, Plot};

const MODEL: &str = "antminer-s19-pro";

/// File name and drawing of every plot.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("power-on.svg", power_on()),
        ("fan-loss.svg", fan_loss()),
        ("inlet-step.svg", inlet_step()),
        ("voltage-step.svg", voltage_step()),
    ]
}

/// Off at 25 °C; supply on at 10 s with chips in reset; from 30 s frequency grows to the
/// rating within a minute.
fn power_on() -> String {
    let mut bench = Bench::new(MODEL, |_| Options::default());
    bench.physics.set_fans(bench.physics.now(), Duty::FULL);
    let voltage = bench.physics.rated_voltage();
    let mut trace = Trace::new("power on from cold, fans at full", 600, 4);
    trace.run(&mut bench, |bench, second| {
        if second == 10 {
            bench.physics.set_supply(s(10), true, voltage);
            bench.boards(0.0, voltage);
        }
        if (30..=90).contains(&second) {
            bench.boards((second - 30) as f64 / 60.0, voltage);
        }
    });
    trace.draw(&[])
}

/// At rest at the rating; every fan stops at 30 s and nothing else happens. The supply bears
/// twice its rating here, so that it is not what ends it.
fn fan_loss() -> String {
    let mut bench = Bench::new(MODEL, |machine| Options {
        faults: fans_stop(machine, s(REST_S + 30)),
        variation: Variation {
            supply: 2.0,
            ..Variation::NOMINAL
        },
        ..Options::default()
    });
    rest(&mut bench);
    let mut trace = Trace::new("every fan stops at 30 s, nothing reacts", 120, 1);
    trace.run(&mut bench, |_, _| {});
    let limits = &bench.machine.limits;
    trace.draw(&[
        ("board stop limit", limits.board_stop_c),
        ("chip stop limit", limits.chip_stop_c),
    ])
}

fn inlet_step() -> String {
    let mut bench = Bench::new(MODEL, |_| Options {
        weather: Weather::step(s(REST_S + 60), 20.0),
        ..Options::default()
    });
    rest(&mut bench);
    let mut trace = Trace::new("inlet 20 °C warmer at 60 s, duty unchanged", 900, 6);
    trace.run(&mut bench, |_, _| {});
    trace.draw(&[])
}

fn voltage_step() -> String {
    let mut bench = Bench::new(MODEL, |_| Options::default());
    rest(&mut bench);
    let mut trace = Trace::new("supply told 13.2 V instead of 12.6 V at 60 s", 600, 4);
    trace.run(&mut bench, |bench, second| {
        if second == 60 {
            let now = bench.physics.now();
            bench.physics.set_supply(now, true, Millivolts::new(13_200));
        }
    });
    trace.draw(&[])
}

const REST_S: u64 = 3600;

fn rest(bench: &mut Bench) {
    bench.run(design_duty(&bench.machine));
    bench.pass(Duration::from_secs(REST_S));
}

/// What is drawn of a run.
struct Trace {
    title: &'static str,
    seconds: u64,
    every: u64,
    chip: Vec<f64>,
    board: Vec<f64>,
    sensor: Vec<f64>,
    outlet: Vec<f64>,
    wall: Vec<f64>,
}

impl Trace {
    fn new(title: &'static str, seconds: u64, every: u64) -> Self {
        Trace {
            title,
            seconds,
            every,
            chip: vec![],
            board: vec![],
            sensor: vec![],
            outlet: vec![],
            wall: vec![],
        }
    }

    fn run(&mut self, bench: &mut Bench, mut act: impl FnMut(&mut Bench, u64)) {
        for second in 0..=self.seconds {
            act(bench, second);
            if second % self.every == 0 {
                self.take(bench);
            }
            bench.pass(Duration::from_secs(1));
        }
    }

    fn take(&mut self, bench: &Bench) {
        // The sensor nearest to the outlet of the middle board.
        let sensor = bench.physics.sensor(ChainSlot(1), 3);
        self.chip.push(bench.chip_c());
        self.board.push(bench.board_c());
        self.sensor.push(sensor.map_or(0.0, |c| c.c()));
        self.outlet.push(bench.outlet_c());
        self.wall.push(bench.physics.wall_power().w());
    }

    fn draw(self, limits: &[(&'static str, f64)]) -> String {
        let line = |name, values| Line { name, values };
        let mut heat = vec![
            line("hottest chip", self.chip),
            line("hottest place on a board", self.board),
            line("board sensor by the outlet", self.sensor),
            line("air at the outlet", self.outlet),
        ];
        let points = heat[0].values.len();
        for (name, c) in limits {
            heat.push(line(*name, vec![*c; points]));
        }
        let plot = Plot {
            title: format!("Antminer S19 Pro: {}", self.title),
            seconds: self.seconds as f64,
            panels: vec![
                Panel {
                    unit: "°C",
                    lines: heat,
                },
                Panel {
                    unit: "W",
                    lines: vec![line("wall power", self.wall)],
                },
            ],
        };
        plot.draw()
    }
}
