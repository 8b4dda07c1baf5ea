//! One hashboard: its inputs, its power, its heat, its sensors, its chips.

use board_support::{Fitted, Machine};
use units::{Megahertz, Millivolts, Rng};

use super::design::Design;
use super::electric::Electric;
use super::faults::Faults;
use super::heat::{Heat, Stream};
use super::sensors::{Sensors, chip_c};
use super::silicon::{Chip, SpeedLaw};
use super::supply::Load;
use super::variation::Variation;

/// What a board's lines and clocks are at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BoardInput {
    /// Its voltage controller lets the rail through. Boards without one are always let.
    pub rail_on: bool,
    /// What its converter was told, where it has one.
    pub voltage: Millivolts,
    /// Its chips are held in reset: no clock runs.
    pub in_reset: bool,
    /// Clock of every chip.
    pub frequency: Megahertz,
    /// Share of the time in which cores have work, 0 to 1.
    pub hashing: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Board {
    pub(crate) input: BoardInput,
    /// Its rail can be switched.
    switched: bool,
    /// It makes its own voltage.
    converter: Option<f64>,
    chips: Vec<Chip>,
    mhz: Vec<f64>,
    per_domain: usize,
    speed: SpeedLaw,
    pub(crate) electric: Electric,
    pub(crate) heat: Heat,
    pub(crate) sensors: Sensors,
    /// What it conducts at present, siemens.
    siemens: f64,
    /// Its rail is let through.
    fed: bool,
    pub(crate) drawn_w: f64,
}

impl Board {
    pub(crate) fn new(
        machine: &Machine,
        design: &Design,
        variation: &Variation,
        at_c: f64,
        rng: &mut Rng,
    ) -> Self {
        let board = &machine.hashboard;
        let domains = usize::from(board.domains.max(1));
        let chips: Vec<Chip> = (0..board.chips.max(1)).map(|_| Chip::draw(rng)).collect();
        let controller = &machine.peripherals.voltage_controller;
        let listed = &machine.peripherals.sensors;
        Board {
            input: BoardInput {
                rail_on: false,
                voltage: Millivolts::new(design.rail_mv),
                in_reset: true,
                frequency: Megahertz::new(0.0),
                hashing: 0.0,
            },
            switched: matches!(controller, Fitted::Present(_)),
            converter: design.power.converter,
            mhz: vec![0.0; chips.len()],
            per_domain: (chips.len() / domains).max(1),
            speed: design.speed,
            electric: Electric::new(design.power, domains, &chips, variation.leakage),
            heat: Heat::new(design.heat, domains, at_c),
            sensors: Sensors::new(listed, domains, chips.len(), variation.sensor_lag, at_c),
            siemens: 0.0,
            fed: false,
            drawn_w: 0.0,
            chips,
        }
    }

    pub(crate) fn set(&mut self, input: BoardInput) {
        self.input = input;
        self.mhz.fill(input.frequency.mhz());
        self.set_clocks();
    }

    pub(crate) fn set_chip(&mut self, chip: usize, mhz: f64) {
        if let Some(own) = self.mhz.get_mut(chip) {
            *own = mhz;
            self.set_clocks();
        }
    }

    pub(crate) fn set_rail(&mut self, on: bool, voltage: Option<Millivolts>) {
        self.switched = true;
        self.input.rail_on = on;
        self.input.voltage = voltage.unwrap_or(self.input.voltage);
    }

    /// Clocks and work as the chain has them, told at every step.
    pub(crate) fn set_chain(&mut self, stands: bool, mhz: &[f64], work: bool) {
        let hashing = f64::from(u8::from(work));
        let same = self.input.in_reset == stands && self.input.hashing == hashing;
        let (listed, rest) = self.mhz.split_at(mhz.len().min(self.mhz.len()));
        if same && mhz.starts_with(listed) && rest.iter().all(|mhz| *mhz == 0.0) {
            return;
        }
        (self.input.in_reset, self.input.hashing) = (stands, hashing);
        self.mhz.fill(0.0);
        for (own, mhz) in self.mhz.iter_mut().zip(mhz) {
            *own = *mhz;
        }
        self.input.frequency = Megahertz::new(self.mhz.iter().copied().fold(0.0, f64::max));
        self.set_clocks();
    }

    fn set_clocks(&mut self) {
        if self.input.in_reset {
            self.electric.set_clocks(&vec![0.0; self.mhz.len()], 0.0);
        } else {
            self.electric.set_clocks(&self.mhz, self.input.hashing);
        }
    }

    /// What the board will ask of a supply whose output is at `out_v`.
    pub(crate) fn load(
        &mut self,
        dt_s: f64,
        slot: usize,
        faults: &Faults,
        out_v: Option<f64>,
        load: &mut Load,
    ) {
        let shorted = faults.shorted(slot).map(|chip| usize::from(chip.0));
        self.electric.set_shorts(shorted, self.per_domain);
        self.siemens = self.electric.conductance(&self.heat.die_c);
        self.fed = (self.input.rail_on || !self.switched) && !faults.rail_lost(slot);
        if !self.fed {
            return;
        }
        match (self.converter, out_v) {
            (None, _) => load.conductance += self.siemens,
            (Some(efficiency), Some(out_v)) => {
                let rail_v = self.converted_v(dt_s, out_v);
                load.constant_w += rail_v * rail_v * self.siemens / efficiency;
            }
            (Some(_), None) => {}
        }
    }

    /// One step with a supply whose output is at `out_v`; returns what the board draws.
    pub(crate) fn step(&mut self, dt_s: f64, out_v: Option<f64>, stream: Stream) -> f64 {
        let out_v = if self.fed { out_v } else { None };
        let rail_v = match self.converter {
            None => out_v,
            Some(_) => out_v.map(|out_v| self.converted_v(dt_s, out_v)),
        };
        self.electric.settle(dt_s, rail_v, self.siemens);
        let loss_w = self.electric.converter_loss_w(rail_v.is_some());
        let each_w = loss_w / self.heat.die_c.len() as f64;
        self.heat.step(dt_s, &self.electric.watts, each_w, stream);
        self.sensors.step(dt_s, &self.heat, &self.chips);
        self.drawn_w = match rail_v {
            Some(rail_v) => rail_v * self.electric.amps + loss_w,
            None => 0.0,
        };
        self.drawn_w
    }

    fn converted_v(&self, dt_s: f64, out_v: f64) -> f64 {
        let set_v = f64::from(self.input.voltage.mv()) / 1000.0;
        self.electric.converted_v(dt_s, set_v, out_v)
    }

    pub(crate) fn chip_c(&self, chip: usize) -> Option<f64> {
        (chip < self.chips.len()).then(|| chip_c(&self.heat, &self.chips, chip))
    }

    pub(crate) fn hottest_chip_c(&self) -> f64 {
        let all = (0..self.chips.len()).map(|chip| chip_c(&self.heat, &self.chips, chip));
        all.fold(f64::MIN, f64::max)
    }

    pub(crate) fn chips(&self) -> usize {
        self.chips.len()
    }

    pub(crate) fn errors(&self, chip: usize) -> Option<f64> {
        let (own, mhz) = (self.chips.get(chip)?, *self.mhz.get(chip)?);
        let domain = (chip / self.per_domain).min(self.electric.volts.len() - 1);
        let (volts, die_c) = (self.electric.volts[domain], self.chip_c(chip)?);
        Some(self.speed.errors(own, mhz, volts, die_c))
    }

    /// Clocks of all chips that have work, added up, wrong hashes left out.
    pub(crate) fn right_mhz(&self) -> f64 {
        if self.input.in_reset {
            return 0.0;
        }
        let right = |(chip, mhz): (usize, &f64)| mhz * (1.0 - self.errors(chip).unwrap_or(1.0));
        let sum: f64 = self.mhz.iter().enumerate().map(right).sum();
        sum * self.input.hashing.clamp(0.0, 1.0)
    }
}
