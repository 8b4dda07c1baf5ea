//! What must hold of heat, power and air whatever goes wrong, looked at from outside.
//!
//! A [`Watch`] compares, every [`LOOK`], what the twin's physics and parts really do with the
//! limits in the machine's file. Of the miner it sees only the state of its chains. It knows
//! nothing of how control works.
//!
//! *Hash power is off* means: the board's rail is off, or, where a board cannot be switched
//! alone, its chips are held in reset. A board that stays under voltage in reset is *live*.
//! What each class of machine can promise stands in `docs/safety.md`.

use std::collections::BTreeMap;

use board_support::{Machine, Place};
use telemetry::{ChainState, Snapshot};
use units::{ChainSlot, Duration, Instant};

use crate::{Paused, World};

/// How often the truth is looked at.
pub const LOOK: Duration = Duration::from_millis(250);

/// Seconds above the power-off temperature that a sensed place may have hash power: sensors are
/// asked once a second, two readings must agree, and control and switch take the rest of 2 s.
const HOT_S: f64 = 3.5;
/// What no sensor sees may be so much above the power-off temperature with hash power on: the
/// hottest chip is not the one that is measured, and a sensor follows with a lag of up to 15 s.
const UNSENSED_K: f64 = 18.0;
/// Seconds until hash power is off after a sensor fell silent. One sampling period comes on top
/// of the rule's ten: silence begins with the last answer, which nobody outside sees.
const SILENT_S: f64 = 10.5;
/// Seconds until all fans are driven full after one of them turns too slowly: 2 s from its
/// first low reading, which may be a second late.
const FULL_S: f64 = 3.25;
/// Seconds until hash power is off after too few fans turn, and after none does.
const FEW_S: f64 = 11.5;
const NONE_S: f64 = 6.5;
/// Seconds until hash power is off after the engine stands still: a lease is 2 s at most.
const STALL_S: f64 = 2.75;
/// The same after a process that stood still goes on: its first turn.
const GOES_ON_S: f64 = 0.5;
/// Fans take so long from standing to their least speed.
const SPIN_UP_S: f64 = 6.0;
/// A second adds no more than this share of the rated power while boards ramp, beside the
/// step with which one board comes under voltage.
const RAMP_PER_S: f64 = 1.5 / 60.0;
/// Looks of 85 s. Chips without work draw little, and draw what they did before as soon as
/// there is work again. Control waits for a minute before it lowers them, in 20 s: what was
/// drawn within this time may come back at once.
const GAP: usize = 340;
/// What a machine draws at once when boards get power, as a share of one board's rating:
/// leakage, and chips that begin at their first frequency.
const FIRST_STEP: f64 = 0.35;

/// What is measured over all looks, whether it is a violation or not.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Seconds from a cause to what must follow it, by the name of the reaction.
    pub reactions: BTreeMap<&'static str, Vec<f64>>,
    /// The most that was seen, by name.
    pub most: BTreeMap<&'static str, f64>,
}

impl Seen {
    fn reaction(&mut self, name: &'static str, seconds: f64) {
        self.reactions.entry(name).or_default().push(seconds);
    }

    fn most(&mut self, name: &'static str, value: f64) {
        let most = self.most.entry(name).or_insert(f64::MIN);
        *most = most.max(value);
    }

    /// Add what another run saw.
    pub fn merge(&mut self, other: Seen) {
        for (name, mut seconds) in other.reactions {
            self.reactions.entry(name).or_default().append(&mut seconds);
        }
        for (name, value) in other.most {
            self.most(name, value);
        }
    }
}

/// What the scenario says that no wire shows.
#[derive(Clone, Copy, Debug)]
pub struct Blame {
    /// From when to when something is wrong.
    pub from: Instant,
    /// See `from`.
    pub until: Instant,
    /// The board that is concerned.
    pub slot: ChainSlot,
    /// A sensor there that does not tell the truth.
    pub liar: Option<usize>,
    /// This kind of sensor of the board, or of all boards, says nothing.
    pub silent: Option<Silent>,
    /// The engine, or its whole process, stands still.
    pub stall: Option<Paused>,
    /// Voltage controllers, or the bus that they hang on, do not obey.
    pub controllers: bool,
    /// The supply does not obey its bus, or not give what it was told.
    pub supply: bool,
}

/// Sensors that say nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Silent {
    /// One, on the board that is concerned.
    Sensor(usize),
    /// All that hang on the control board's bus, on every board.
    Bus,
}

/// The looks of one run.
pub struct Watch {
    machine: Machine,
    blame: Blame,
    slots: Vec<Slot>,
    /// By fan: since when it turns too slowly.
    slow_since: Vec<Option<Instant>>,
    full_told: bool,
    driven_since: Option<Instant>,
    few_since: Option<Instant>,
    none_since: Option<Instant>,
    stall_told: bool,
    /// Power of all boards at the last looks, and which of them had hash power.
    watts: Vec<f64>,
    on_before: Vec<bool>,
    /// What was seen.
    pub seen: Seen,
}

#[derive(Clone, Default)]
struct Slot {
    /// Since when a sensed place is above its power-off temperature.
    hot_since: Option<Instant>,
    /// The same while only the voltage is left.
    hot_live_since: Option<Instant>,
    /// Since when it has hash power, and since when its chain hashes.
    on_since: Option<Instant>,
    up_since: Option<Instant>,
    silent_told: bool,
    /// Since when what was ordered is outside the limits.
    volts_since: Option<Instant>,
}

/// What is true of a board now.
#[derive(Clone, Debug)]
struct Truth {
    /// It has hash power.
    on: bool,
    /// Its rail has a voltage.
    live: bool,
    /// Its chips are held in reset.
    in_reset: bool,
    watts: f64,
    /// What was ordered for its rail, millivolts.
    ordered_mv: f64,
    hottest_chip_c: f64,
    hottest_board_c: f64,
    sensors_c: Vec<f64>,
}

impl Watch {
    /// A watch over the machine of this world.
    pub fn new(world: &World, blame: Blame) -> Self {
        let machine = world.options.machine.clone();
        let fans = usize::from(machine.fans.count);
        Watch {
            slots: vec![Slot::default(); usize::from(machine.slots)],
            slow_since: vec![None; fans],
            full_told: false,
            driven_since: None,
            few_since: None,
            none_since: None,
            stall_told: false,
            watts: Vec::new(),
            on_before: Vec::new(),
            seen: Seen::default(),
            machine,
            blame,
        }
    }

    /// Look at the world as it is now.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn look(&mut self, world: &mut World, snapshot: &Snapshot) -> Result<(), String> {
        let now = world.now();
        let truths = self.truths(world);
        for (slot, truth) in truths.iter().enumerate() {
            let up = snapshot
                .chains
                .get(slot)
                .is_some_and(|c| matches!(c.state, ChainState::Hashing | ChainState::Ramping));
            let state = &mut self.slots[slot];
            keep(&mut state.on_since, truth.on, now);
            keep(&mut state.up_since, truth.on && up, now);
            self.heat(now, slot, truth)?;
            self.silence(now, slot, truth)?;
            self.volts(now, slot, truth)?;
        }
        self.fans(world, &truths)?;
        self.stall(now, &truths)?;
        self.ramp(now, &truths)
    }

    /// Every board has hash power, or none that is not off: what `look` calls on.
    pub fn powered(&self, world: &mut World) -> Vec<bool> {
        self.truths(world).iter().map(|t| t.on).collect()
    }

    fn truths(&self, world: &mut World) -> Vec<Truth> {
        let now = world.now();
        let switched = self.machine.peripherals.voltage_controller.present();
        let switched = switched.is_some();
        let sensors = self.machine.peripherals.sensors.len();
        let slots = (0..self.machine.slots).map(ChainSlot);
        world.twin(|twin| {
            let mut truth = |slot| {
                let physics = twin.physics(now).expect("a whole machine");
                let in_reset = physics.board_input(slot).is_some_and(|i| i.in_reset);
                let c = |c: Option<units::Celsius>| c.map_or(f64::MIN, |c| c.c());
                let mut truth = Truth {
                    on: false,
                    live: false,
                    in_reset,
                    watts: physics.board_power(slot).map_or(0.0, |w| w.w()),
                    ordered_mv: 0.0,
                    hottest_chip_c: c(physics.hottest_chip(slot)),
                    hottest_board_c: c(physics.hottest_board(slot)),
                    sensors_c: (0..sensors).map(|i| c(physics.sensor(slot, i))).collect(),
                };
                let parts = twin.parts().expect("a whole machine");
                truth.live = parts.rail_on(now, slot);
                truth.on = truth.live && (switched || !in_reset);
                truth.ordered_mv = parts.rail_v(now, slot) * 1000.0;
                truth
            };
            slots.map(&mut truth).collect()
        })
    }

    fn stop_c(&self, sensor: usize) -> f64 {
        match self.machine.peripherals.sensors[sensor].place {
            Place::Chip => self.machine.limits.chip_stop_c,
            _ => self.machine.limits.board_stop_c,
        }
    }

    fn heat(&mut self, now: Instant, slot: usize, truth: &Truth) -> Result<(), String> {
        let liar = self
            .blame
            .liar
            .filter(|_| slot == usize::from(self.blame.slot.0));
        // A lie is believed until its sensor has told the truth for a while.
        let lied = now >= self.blame.from && now < self.blame.until + Duration::from_secs(10);
        let lies = |i: usize| lied && liar == Some(i);
        let sensors = truth.sensors_c.iter().enumerate();
        // What a sensor shows is rounded: half a step of the coarsest.
        let hot = sensors.filter(|(i, c)| !lies(*i) && **c >= self.stop_c(*i) + 0.6);
        let hot = hot.map(|(i, _)| i).next();
        let grace = self.grace_s(now);
        let state = &mut self.slots[slot];
        let since = state.hot_since;
        keep(&mut state.hot_since, hot.is_some() && truth.on, now);
        keep(&mut state.hot_live_since, hot.is_some() && truth.live, now);
        if let (Some(since), None) = (since, state.hot_since)
            && !truth.on
        {
            self.seen.reaction("too hot to off", secs(since, now));
        }
        if truth.on {
            let limits = &self.machine.limits;
            let chip = truth.hottest_chip_c - limits.chip_stop_c;
            let board = truth.hottest_board_c - limits.board_stop_c;
            self.seen.most("chip above its stop, K", chip);
            self.seen.most("board above its stop, K", board);
            if chip > UNSENSED_K || board > UNSENSED_K {
                return Err(format!(
                    "slot {slot}: hash power on with a chip {chip:.1} K and a place on the board \
                     {board:.1} K above the power-off temperature"
                ));
            }
        }
        let state = &self.slots[slot];
        if state
            .hot_since
            .is_some_and(|s| secs(s, now) > HOT_S + grace)
        {
            let c = hot.map_or(0.0, |i| truth.sensors_c[i]);
            return Err(format!(
                "slot {slot}: sensor {hot:?} at {c:.1} °C, above its power-off temperature, and \
                 hash power on for more than {HOT_S} s"
            ));
        }
        if let Some(since) = state.hot_live_since {
            self.seen.most("too hot and live, s", secs(since, now));
        }
        Ok(())
    }

    /// What a process that stands still cannot do is the dead man's, or nobody's.
    fn grace_s(&self, now: Instant) -> f64 {
        let near = now >= self.blame.from && now < self.blame.until + Duration::from_secs(5);
        if self.blame.stall.is_some() && near {
            6.0
        } else {
            0.0
        }
    }

    fn silence(&mut self, now: Instant, slot: usize, truth: &Truth) -> Result<(), String> {
        let blame = self.blame;
        let here = match blame.silent {
            Some(Silent::Sensor(_)) => slot == usize::from(blame.slot.0),
            Some(Silent::Bus) => true,
            None => false,
        };
        let state = &mut self.slots[slot];
        let (Some(up), true) = (state.up_since, here) else {
            if here && now >= blame.from && now < blame.until && !state.silent_told && !truth.on {
                state.silent_told = true;
                self.seen
                    .reaction("silent sensor to off", secs(blame.from, now));
            }
            return Ok(());
        };
        if now < blame.from || now >= blame.until {
            return Ok(());
        }
        if secs(up.max(blame.from), now) > SILENT_S {
            return Err(format!(
                "slot {slot}: hash power on {SILENT_S} s after a sensor fell silent"
            ));
        }
        Ok(())
    }

    fn volts(&mut self, now: Instant, slot: usize, truth: &Truth) -> Result<(), String> {
        let Some(range) = self.machine.voltage_range_mv() else {
            return Ok(());
        };
        // A code's step on either side.
        let (low, high) = (
            f64::from(*range.start()) - 30.0,
            f64::from(*range.end()) + 30.0,
        );
        let outside = truth.on && !(low..=high).contains(&truth.ordered_mv);
        let state = &mut self.slots[slot];
        keep(&mut state.volts_since, outside, now);
        if outside {
            self.seen
                .most("rail above its highest, mV", truth.ordered_mv - high);
            return Err(format!(
                "slot {slot}: {:.0} mV ordered, {low:.0} to {high:.0} allowed",
                truth.ordered_mv
            ));
        }
        Ok(())
    }

    fn fans(&mut self, world: &mut World, truths: &[Truth]) -> Result<(), String> {
        let now = world.now();
        let count = self.machine.fans.count;
        let plan = self.machine.fans.clone();
        let (rpm, duty) = world.twin(|twin| {
            let rpm: Vec<_> = (0..count).map(|fan| twin.fan_rpm(fan)).collect();
            let duty = twin.parts().map_or(0, |parts| parts.fans.duty_percent());
            (rpm, duty)
        });
        let on = truths.iter().any(|t| t.on);
        keep(&mut self.driven_since, duty >= plan.duty_min_percent, now);
        let spun = self.driven_since.is_some_and(|s| secs(s, now) > SPIN_UP_S);
        let slow = |rpm: &u32| !(plan.rpm_min..=plan.rpm_max).contains(rpm);
        for (since, rpm) in self.slow_since.iter_mut().zip(&rpm) {
            keep(since, spun && on && slow(rpm), now);
        }
        let turning = rpm.iter().filter(|rpm| !slow(rpm)).count();
        let few = turning < usize::from(plan.count_min);
        keep(&mut self.few_since, spun && on && few, now);
        keep(&mut self.none_since, spun && on && turning == 0, now);
        let grace = self.grace_s(now);
        let lost = self.slow_since.iter().flatten().min().copied();
        match lost {
            Some(since) if duty >= 100 && !self.full_told => {
                self.full_told = true;
                self.seen
                    .reaction("lost fan to full fans", secs(since, now));
            }
            Some(since) if duty < 100 && secs(since, now) > FULL_S + grace => {
                return Err(format!(
                    "fans at {duty} % {FULL_S} s after one was lost: {rpm:?}"
                ));
            }
            Some(_) => {}
            None => self.full_told = false,
        }
        let long = |since: Option<Instant>, s: f64| since.is_some_and(|t| secs(t, now) > s + grace);
        if long(self.few_since, FEW_S) {
            return Err(format!("hash power on {FEW_S} s after fans were too few"));
        }
        if long(self.none_since, NONE_S) {
            return Err(format!("hash power on {NONE_S} s after the last fan stood"));
        }
        Ok(())
    }

    /// The dead man cuts while the engine stands still; after the whole process stood still,
    /// as soon as it goes on.
    fn stall(&mut self, now: Instant, truths: &[Truth]) -> Result<(), String> {
        let blame = self.blame;
        let (since, most_s) = match blame.stall {
            Some(Paused::Engine) if now < blame.until => (blame.from, STALL_S),
            Some(Paused::Process) => (blame.until, GOES_ON_S),
            _ => return Ok(()),
        };
        if now < since || self.stall_told {
            return Ok(());
        }
        // Without an enable line, reset is all that the dead man has.
        let off = truths.iter().all(|t| !t.live || t.in_reset);
        let after = secs(since, now);
        if off {
            self.stall_told = true;
            let name = match blame.stall {
                Some(Paused::Engine) => "engine stuck to cut",
                _ => "process goes on to cut",
            };
            self.seen.reaction(name, after);
        } else if after > most_s {
            return Err(format!(
                "chips run {most_s} s after {:?} stood still",
                blame.stall
            ));
        }
        Ok(())
    }

    /// A supply or the mains that sag or come back do so at once, whatever the miner orders.
    fn supply_moves(&self, now: Instant) -> bool {
        let near = |at: Instant| now >= at && now < at + Duration::from_secs(2);
        self.blame.supply && (near(self.blame.from) || near(self.blame.until))
    }

    fn ramp(&mut self, now: Instant, truths: &[Truth]) -> Result<(), String> {
        let on: Vec<_> = truths.iter().map(|t| t.on).collect();
        if on != self.on_before {
            // Only what was drawn since then can come back.
            let keep = self.watts.len().saturating_sub(4);
            self.watts.drain(..keep);
            self.on_before = on;
        }
        self.watts.push(truths.iter().map(|t| t.watts).sum());
        if self.watts.len() < 5 {
            return Ok(());
        }
        if self.watts.len() > GAP {
            self.watts.remove(0);
        }
        let [before @ .., _, _, _, last] = &self.watts[..] else {
            return Ok(());
        };
        let rise = last - before.iter().copied().fold(0.0, f64::max);
        let rated = self.machine.rated_power_w;
        let board = rated / f64::from(self.machine.slots);
        self.seen
            .most("rise in a second, share of the rated power", rise / rated);
        let most = RAMP_PER_S * rated + FIRST_STEP * board * f64::from(self.machine.slots);
        if rise > most && !self.supply_moves(now) {
            return Err(format!("power rose by {rise:.0} W in a second"));
        }
        Ok(())
    }
}

fn keep(since: &mut Option<Instant>, is: bool, now: Instant) {
    *since = is.then(|| since.unwrap_or(now));
}

fn secs(since: Instant, now: Instant) -> f64 {
    now.since(since).as_secs_f64()
}
