//! What must hold after every step, seen from outside: readings that were given, setpoints
//! that came, and what the plant really does. It knows nothing of how control works.

use board_support::{Machine, Place};
use telemetry::Sensed;
use units::{Celsius, Instant, Rpm};

use super::faults::Fault;
use super::plant::Plant;
use super::world::World;
use crate::Setpoint;

/// Seconds above the power-off temperature that a sensed place may be powered: 2 s from the
/// first of two readings, and the second before it.
const REACTION_S: f64 = 3.25;

#[derive(Clone)]
pub(super) struct Watch {
    machine: Machine,
    /// Per slot and sensor: valid readings in a row at or above the stop, and since when.
    hot: Vec<Vec<(u32, f64)>>,
    /// When each was last read.
    read: Vec<Vec<f64>>,
    absent: Vec<Vec<bool>>,
    above_s: Vec<f64>,
    powered_since: Vec<Option<f64>>,
    up_since: Vec<Option<f64>>,
    fan_low_since: Vec<Option<f64>>,
    driven_since: Option<f64>,
    few_since: Option<f64>,
    none_since: Option<f64>,
    pub(super) duty: u8,
    pub(super) highest_mhz: f64,
    /// Nothing here is cooled by air.
    pub(super) liquid: bool,
    over_since: Option<f64>,
    over_watts: bool,
    supply_failed_s: f64,
    sag_s: f64,
    stuck_s: f64,
    /// `f V²` of the last seconds.
    loads: Vec<f64>,
    /// Seconds that a board was too warm without giving up frequency.
    stubborn_s: f64,
    warm_s: f64,
    /// When each board was switched on, for counting.
    pub(super) starts: Vec<Vec<f64>>,
    broken: Option<String>,
    /// Duties, for the ear.
    pub(super) duties: Vec<(f64, u8)>,
}

impl Watch {
    pub(super) fn new(machine: &Machine) -> Self {
        let slots = usize::from(machine.slots);
        let sensors = machine.peripherals.sensors.len();
        Watch {
            machine: machine.clone(),
            hot: vec![vec![(0, 0.0); sensors]; slots],
            absent: vec![vec![false; sensors]; slots],
            read: vec![vec![0.0; sensors]; slots],
            above_s: vec![0.0; slots],
            powered_since: vec![None; slots],
            up_since: vec![None; slots],
            fan_low_since: vec![None; usize::from(machine.fans.count)],
            driven_since: None,
            few_since: None,
            none_since: None,
            duty: 0,
            highest_mhz: 0.0,
            liquid: false,
            over_since: None,
            over_watts: false,
            supply_failed_s: 0.0,
            sag_s: 0.0,
            stuck_s: 0.0,
            loads: Vec::new(),
            stubborn_s: 0.0,
            warm_s: 0.0,
            starts: vec![Vec::new(); slots],
            broken: None,
            duties: Vec::new(),
        }
    }

    fn stop_c(&self, sensor: usize) -> f64 {
        match self.machine.peripherals.sensors[sensor].place {
            Place::Chip => self.machine.limits.chip_stop_c,
            _ => self.machine.limits.board_stop_c,
        }
    }

    pub(super) fn temperature(
        &mut self,
        now: Instant,
        (slot, sensor): (usize, usize),
        reading: Sensed<Celsius>,
    ) {
        self.absent[slot][sensor] = reading == Sensed::Absent;
        let Sensed::Value { value, at } = reading else {
            return;
        };
        let valid = value.c() != 0.0 && (-40.0..=125.0).contains(&value.c());
        if !valid {
            return;
        }
        self.read[slot][sensor] = at.as_secs_f64();
        let stop_c = self.stop_c(sensor);
        let (count, first) = &mut self.hot[slot][sensor];
        if value.c() < stop_c {
            *count = 0;
        } else {
            if *count == 0 {
                *first = now.as_secs_f64();
            }
            *count += 1;
        }
    }

    pub(super) fn fan(&mut self, now: Instant, fan: usize, rpm: Rpm) {
        let low = rpm.rpm() < self.machine.fans.rpm_min;
        let since = &mut self.fan_low_since[fan];
        *since = low.then(|| since.unwrap_or(now.as_secs_f64()));
    }

    pub(super) fn power(&mut self, now: Instant, watts: f64) {
        let over = watts > self.machine.limits.power_max_w;
        let since = self.over_since.unwrap_or(now.as_secs_f64());
        self.over_since = over.then_some(since);
    }

    pub(super) fn setpoint(&mut self, now: Instant, setpoint: Setpoint, plant: &Plant) {
        let board = &self.machine.hashboard;
        let fault = match setpoint {
            Setpoint::FrequencyCap { cap, .. } => {
                !(50.0..=board.frequency_max_mhz).contains(&cap.mhz())
            }
            Setpoint::Voltage { voltage, .. } => {
                let range = self.machine.voltage_range_mv();
                range.is_none_or(|range| !range.contains(&voltage.mv()))
            }
            Setpoint::Board { slot, on } => {
                let slot = usize::from(slot);
                if on && !plant.slots[slot].ordered {
                    self.starts[slot].push(now.as_secs_f64());
                }
                false
            }
            Setpoint::Fans(duty) => {
                self.duty = duty.percent();
                self.duties.push((now.as_secs_f64(), duty.percent()));
                false
            }
            Setpoint::Supply { .. } => false,
        };
        if fault {
            self.broken = Some(format!("outside the limits: {setpoint:?}"));
        }
    }

    pub(super) fn after_step(&mut self, world: &World, asleep: bool) -> Result<(), String> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        let (t, plant) = (world.t(), &world.plant);
        // What a process that stands still cannot do, the dead man does. Not here.
        let grace = if world.fault == Fault::DaemonStops && t < world.fault_s.0 + 8.0 {
            6.0
        } else {
            0.0
        };
        for slot in 0..plant.slots.len() {
            let on = plant.is_powered(slot);
            let keep = |since: &mut Option<f64>, is: bool| *since = is.then(|| since.unwrap_or(t));
            keep(&mut self.powered_since[slot], on);
            keep(&mut self.up_since[slot], on && plant.slots[slot].mhz > 0.0);
            let stuck = plant.slots[slot].stuck_on && !plant.slots[slot].ordered;
            if !on {
                self.hot[slot].fill((0, 0.0));
            }
            if on && !stuck && !asleep {
                self.heat(world, slot, grace)?;
                self.sensors(world, slot, grace)?;
            }
            self.order(world, slot)?;
        }
        self.fans(world, grace)?;
        self.electric(world)?;
        self.ramp(world)?;
        self.derating(world)?;
        self.restarts(world)
    }

    fn heat(&mut self, world: &World, slot: usize, grace: f64) -> Result<(), String> {
        let tips = &world.plant.slots[slot].tips_c;
        let lies = |sensor: usize| {
            slot == world.slot && sensor == world.sensor && world.fault != Fault::None
        };
        let hot = (0..tips.len()).find(|i| tips[*i] >= self.stop_c(*i) + 0.07 && !lies(*i));
        self.above_s[slot] = if hot.is_some() {
            self.above_s[slot] + 0.25
        } else {
            0.0
        };
        if self.above_s[slot] > REACTION_S + grace {
            return Err(format!(
                "slot {slot}: {hot:?} above its power-off temperature while powered"
            ));
        }
        for (sensor, (count, first)) in self.hot[slot].iter().enumerate() {
            if *count >= 2 && world.t() - first > 2.0 + grace {
                return Err(format!(
                    "slot {slot} sensor {sensor}: on 2 s after the first of two hot readings"
                ));
            }
        }
        Ok(())
    }

    /// A sensor that can talk and does not takes its board's power within 10 s.
    fn sensors(&self, world: &World, slot: usize, grace: f64) -> Result<(), String> {
        for (sensor, read) in self.read[slot].iter().enumerate() {
            use board_support::SensorBus::{Chip, ControlBoard, VoltageController};
            let since = match world.plant.machine.peripherals.sensors[sensor].bus {
                ControlBoard => Some(1.0),
                VoltageController => self.powered_since[slot],
                Chip(_) => self.up_since[slot],
            };
            let Some(since) = since.filter(|_| !self.absent[slot][sensor]) else {
                continue;
            };
            if world.t() - since.max(*read) > 10.0 + grace {
                return Err(format!(
                    "slot {slot} sensor {sensor}: on 10 s after it fell silent"
                ));
            }
        }
        Ok(())
    }

    /// Voltage before frequency on the way up, after it on the way down.
    fn order(&mut self, world: &World, slot: usize) -> Result<(), String> {
        let board = &world.plant.machine.hashboard;
        let (Some(work), Some(_)) = (board.voltage_mv, world.plant.machine.limits.voltage_mv)
        else {
            return Ok(());
        };
        let s = &world.plant.slots[slot];
        self.highest_mhz = self.highest_mhz.max(s.mhz);
        let needed = f64::from(work) * s.mhz / board.frequency_mhz;
        // A sag is the supply's doing: its own rule is below.
        let low = s.mhz > 0.0 && s.mv < needed * 0.96 && world.plant.sag == 1.0;
        if low {
            return Err(format!("slot {slot}: {:.0} mV at {:.0} MHz", s.mv, s.mhz));
        }
        Ok(())
    }

    fn fans(&mut self, world: &World, grace: f64) -> Result<(), String> {
        let (t, fans) = (world.t(), &world.plant.machine.fans);
        if self.liquid {
            return Ok(());
        }
        let keep = |since: &mut Option<f64>, is: bool| *since = is.then(|| since.unwrap_or(t));
        keep(&mut self.driven_since, self.duty >= fans.duty_min_percent);
        let spun_up = self.driven_since.is_some_and(|since| t - since > 5.25);
        let on = (0..world.plant.slots.len()).any(|slot| world.plant.is_powered(slot));
        let low = self
            .fan_low_since
            .iter()
            .flatten()
            .filter(|since| t - **since > 2.0 + grace);
        if spun_up && on && low.count() > 0 && self.duty < 100 {
            return Err("a fan is lost and the others are not full".to_owned());
        }
        let turning = self.fan_low_since.iter().filter(|s| s.is_none()).count();
        keep(
            &mut self.few_since,
            spun_up && on && turning < usize::from(fans.count_min),
        );
        keep(&mut self.none_since, spun_up && on && turning == 0);
        let long = |since: Option<f64>, s: f64| since.is_some_and(|since| t - since > s + grace);
        let stuck = world.plant.slots.iter().any(|s| s.stuck_on);
        if long(self.few_since, 10.0) && !stuck {
            return Err("on 10 s after fans were too few".to_owned());
        }
        if long(self.none_since, 5.0) && !stuck {
            return Err("on 5 s after the last fan stood".to_owned());
        }
        Ok(())
    }

    fn electric(&mut self, world: &World) -> Result<(), String> {
        let plant = &world.plant;
        let ordered = plant.slots.iter().any(|s| s.ordered);
        let count = |s: &mut f64, is: bool| *s = if is { *s + 0.25 } else { 0.0 };
        count(
            &mut self.supply_failed_s,
            plant.supply_failed && (ordered || plant.supply_on),
        );
        count(
            &mut self.sag_s,
            plant.sag < 1.0
                && plant.slots.iter().any(|s| s.ordered && s.mv > 0.0)
                && plant.machine.psu.voltage_min_mv.is_some()
                && plant.machine.limits.voltage_mv.is_some(),
        );
        let stuck = plant
            .slots
            .iter()
            .any(|s| s.stuck_on && !s.ordered && s.mv > 0.0);
        let switched = plant.machine.psu.enable.present().is_some();
        count(&mut self.stuck_s, stuck && switched && plant.has_switches());
        let over = self.over_since.is_some_and(|since| world.t() - since > 6.0);
        let any = (0..plant.slots.len()).any(|slot| plant.is_powered(slot));
        if self.supply_failed_s > 1.0 {
            return Err("boards are on after the supply failed".to_owned());
        }
        if self.sag_s > 4.0 {
            return Err("boards are on while the rail sags".to_owned());
        }
        if self.stuck_s > 5.0 {
            return Err("the supply is on while a board does not obey".to_owned());
        }
        if over && any && !plant.slots.iter().any(|s| s.stuck_on) {
            return Err("on while too much is drawn".to_owned());
        }
        let hard = plant.machine.limits.power_max_w;
        self.over_watts = plant.watts() > hard * 1.1;
        if self.over_watts {
            return Err(format!("{:.0} W drawn, {hard:.0} W allowed", plant.watts()));
        }
        Ok(())
    }

    /// No second adds more than the ramp, and the first frequency of boards that start.
    fn ramp(&mut self, world: &World) -> Result<(), String> {
        self.loads.push(world.plant.dynamic());
        if self.loads.len() < 5 {
            return Ok(());
        }
        let before = self.loads.remove(0);
        let now = world.plant.dynamic();
        let slots = world.plant.slots.len() as f64;
        let first = 50.0 / world.plant.machine.hashboard.frequency_mhz * 1.5;
        if now - before > slots / 60.0 * 1.5 + first {
            return Err(format!(
                "power rose by {:.3} boards in a second",
                now - before
            ));
        }
        Ok(())
    }

    /// Above the derating temperature frequency is given up.
    fn derating(&mut self, world: &World) -> Result<(), String> {
        let limits = &world.plant.machine.limits;
        let sensors = &world.plant.machine.peripherals.sensors;
        let mhz = world.plant.machine.hashboard.frequency_mhz;
        let lies = world.fault != Fault::None && world.is_faulty();
        let over = |s: &super::plant::Slot, by: f64| {
            s.mhz > 0.0
                && s.tips_c.iter().zip(sensors).any(|(c, sensor)| {
                    let derate_c = match sensor.place {
                        Place::Chip => limits.chip_derate_c,
                        _ => limits.board_derate_c,
                    };
                    *c > derate_c + by
                })
        };
        let slots = &world.plant.slots;
        let stubborn = slots.iter().any(|s| over(s, 1.0) && s.mhz > mhz * 0.99);
        let warm = slots.iter().any(|s| over(s, 1.5));
        self.stubborn_s = if stubborn && !lies {
            self.stubborn_s + 0.25
        } else {
            0.0
        };
        if self.stubborn_s > 15.0 {
            return Err("a board is too hot and keeps its frequency".to_owned());
        }
        self.warm_s = if warm && !lies {
            self.warm_s + 0.25
        } else {
            0.0
        };
        if self.warm_s > 180.0 {
            return Err("derating does not bring a board back".to_owned());
        }
        Ok(())
    }

    /// Restarts after stops are few.
    fn restarts(&self, world: &World) -> Result<(), String> {
        // Operators may order as many as they like.
        let ordered = matches!(
            world.fault,
            Fault::Commands | Fault::Sleep | Fault::PoolsGone
        );
        for starts in &self.starts {
            if let [.., first, _, _, _, fifth] = starts[..]
                && fifth - first < 3600.0
                && !ordered
            {
                return Err("five starts in an hour".to_owned());
            }
        }
        Ok(())
    }
}
