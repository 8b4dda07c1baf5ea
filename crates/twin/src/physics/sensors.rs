//! Sensors: each follows its place with a lag of its own.

use board_support::{Place, Sensor, SensorBus};

use super::heat::Heat;
use super::silicon::Chip;

/// A part on the board follows within seconds: its leads and the copper under it. Assumed.
const BOARD_LAG_S: f64 = 5.0;
/// A diode in or at a chip. Assumed.
const DIE_LAG_S: f64 = 1.5;

/// The sensors of one board, in the order in which the machine's file lists them.
#[derive(Clone, Debug)]
pub(crate) struct Sensors {
    probes: Vec<Probe>,
}

#[derive(Clone, Debug)]
struct Probe {
    spot: Spot,
    lag_s: f64,
    c: f64,
}

/// Where a sensor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spot {
    /// On the board, by a domain.
    Board(usize),
    /// At a chip's die.
    Die(usize),
}

impl Sensors {
    /// Sensors of unknown places are spread evenly over the board.
    pub(crate) fn new(
        sensors: &[Sensor],
        domains: usize,
        chips: usize,
        lag: f64,
        at_c: f64,
    ) -> Self {
        let spread = |s: &&Sensor| s.place == Place::Board && !matches!(s.bus, SensorBus::Chip(_));
        let unplaced = sensors.iter().filter(spread).count().max(1);
        let per_domain = (chips / domains.max(1)).max(1);
        let mut placed = 0;
        let probes = sensors.iter().map(|sensor| {
            let spot = match (sensor.place, sensor.bus) {
                (Place::Inlet, _) => Spot::Board(0),
                (Place::Outlet, _) => Spot::Board(domains - 1),
                // Its own diode, or one that a part beside it is wired to.
                (Place::Chip, SensorBus::Chip(chip)) => Spot::Die(usize::from(chip).min(chips - 1)),
                (_, SensorBus::Chip(chip)) => {
                    Spot::Board((usize::from(chip) / per_domain).min(domains - 1))
                }
                (Place::Chip, _) => Spot::Die(chips - 1),
                (Place::Board, _) => {
                    let spot = (2 * placed + 1) * domains / (2 * unplaced);
                    placed += 1;
                    Spot::Board(spot.min(domains - 1))
                }
            };
            let lag_s = lag
                * match spot {
                    Spot::Board(_) => BOARD_LAG_S,
                    Spot::Die(_) => DIE_LAG_S,
                };
            let c = at_c;
            Probe { spot, lag_s, c }
        });
        Sensors {
            probes: probes.collect(),
        }
    }

    pub(crate) fn step(&mut self, dt_s: f64, heat: &Heat, chips: &[Chip]) {
        for probe in &mut self.probes {
            let there_c = match probe.spot {
                Spot::Board(domain) => heat.board_c[domain],
                Spot::Die(chip) => chip_c(heat, chips, chip),
            };
            probe.c += (there_c - probe.c) * dt_s / (probe.lag_s + dt_s);
        }
    }

    /// What a sensor feels.
    pub(crate) fn c(&self, index: usize) -> Option<f64> {
        self.probes.get(index).map(|probe| probe.c)
    }
}

/// A chip's die: its domain's, with the chip's own paste.
pub(crate) fn chip_c(heat: &Heat, chips: &[Chip], chip: usize) -> f64 {
    let domains = heat.die_c.len();
    let per_domain = (chips.len() / domains.max(1)).max(1);
    let domain = (chip / per_domain).min(domains - 1);
    let sink_c = heat.sink_c[domain];
    let paste = chips.get(chip).map_or(1.0, |chip| chip.paste);
    sink_c + (heat.die_c[domain] - sink_c) * paste
}
