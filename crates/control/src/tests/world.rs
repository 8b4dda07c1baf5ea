//! Control in a closed loop with a plant and one fault, and after every step the invariants
//! of [`super::watch`].

use telemetry::Sensed;
use units::{Celsius, Duration, Duty, Instant, Megahertz, Millivolts, Rng, Rpm, Watts};

use super::faults::Fault;
use super::plant::{Box_, Plant};
use super::watch::Watch;
use crate::{
    BoardState, ChainState, Command, Control, Decision, Effect, FanMode, Input, Local, Persisted,
    Plan, Setpoint, StartCause, State, SupplyState,
};

pub(super) const TICK_MS: u64 = 250;

/// One run.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) plant: Plant,
    pub(super) control: Control,
    pub(super) watch: Watch,
    pub(super) fault: Fault,
    /// From when to when the fault is there, seconds.
    pub(super) fault_s: (f64, f64),
    pub(super) slot: usize,
    pub(super) sensor: usize,
    pub(super) fan: usize,
    pub(super) decisions: Vec<Decision>,
    pub(super) remembered: Option<Persisted>,
    /// What was given and what came, for replays.
    pub(super) inputs: Vec<(Instant, Input)>,
    pub(super) effects: Vec<String>,
    pub(super) recording: bool,
    /// Chips carry no sensors.
    pub(super) chips_absent: bool,
    rng: Rng,
    told: Vec<(Option<BoardState>, Option<ChainState>)>,
    told_supply: Option<SupplyState>,
    stuck_c: Option<f64>,
    ticks: u64,
}

impl World {
    pub(super) fn new(model: &str, seed: u64, params: Box_, fault: Fault) -> Self {
        let machine = board_support::machine(model).expect("a machine of this build");
        let local = Local {
            seed,
            unguarded: true,
            ..Local::default()
        };
        World::with(&machine, local, seed, params, fault)
    }

    pub(super) fn with(
        machine: &board_support::Machine,
        local: Local,
        seed: u64,
        params: Box_,
        fault: Fault,
    ) -> Self {
        let mut rng = Rng::new(seed ^ 0x00C0_FFEE);
        let plant = Plant::new(machine, params);
        World {
            now: Instant::from_millis(1000),
            control: Control::new(Plan::new(machine), local),
            watch: Watch::new(machine),
            fault,
            fault_s: (300.0, 900.0),
            slot: rng.below(u64::from(machine.slots)) as usize,
            sensor: rng.below(machine.peripherals.sensors.len().max(1) as u64) as usize,
            fan: rng.below(u64::from(machine.fans.count)) as usize,
            decisions: Vec::new(),
            remembered: None,
            inputs: Vec::new(),
            effects: Vec::new(),
            recording: false,
            chips_absent: false,
            told: vec![(None, None); plant.slots.len()],
            told_supply: None,
            stuck_c: None,
            ticks: 0,
            rng,
            plant,
        }
    }

    pub(super) fn start(&mut self, cause: StartCause, remembered: Persisted) {
        self.give(Input::Start { cause, remembered });
        self.give(Input::Pools { available: true });
    }

    /// In oil: no fans, and a bath that carries the heat away.
    pub(super) fn liquid(&mut self) {
        self.watch.liquid = true;
        self.plant.bath = true;
    }

    pub(super) fn t(&self) -> f64 {
        self.now.as_secs_f64()
    }

    pub(super) fn is_faulty(&self) -> bool {
        (self.fault_s.0..self.fault_s.1).contains(&self.t())
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault && self.is_faulty()
    }

    /// Run for so many seconds; the first broken invariant ends it.
    pub(super) fn run(&mut self, seconds: f64) -> Result<(), String> {
        for _ in 0..(seconds * 1000.0) as u64 / TICK_MS {
            self.tick()?;
        }
        Ok(())
    }

    pub(super) fn tick(&mut self) -> Result<(), String> {
        self.now += Duration::from_millis(TICK_MS);
        self.ticks += 1;
        self.break_things();
        self.plant.step(TICK_MS as f64 / 1000.0);
        // A process that stands still gets its inputs when it goes on.
        let t = self.t() - self.fault_s.0;
        let asleep = self.fault == Fault::DaemonStops && (0.0..5.0).contains(&t);
        if !asleep {
            self.say_states();
            if self.ticks.is_multiple_of(4) {
                self.say_readings();
            }
            self.give(Input::Wake);
        }
        let mut watch = self.watch.clone();
        let seen = watch.after_step(self, asleep);
        self.watch = watch;
        seen.map_err(|broken| {
            format!(
                "{broken} at {:.2} s; {:?} slot {} sensor {} fan {} {:?}; last: {:?}",
                self.t(),
                self.fault,
                self.slot,
                self.sensor,
                self.fan,
                self.plant.params,
                self.decisions.iter().rev().take(3).collect::<Vec<_>>()
            )
        })
    }

    pub(super) fn give(&mut self, input: Input) {
        if self.recording {
            self.inputs.push((self.now, input.clone()));
        }
        self.control.handle(self.now, input);
        while let Some(effect) = self.control.next_effect() {
            if self.recording {
                self.effects.push(format!("{effect:?}"));
            }
            match effect {
                Effect::Set(limited) => self.apply(limited.setpoint()),
                Effect::Decision(decision) => self.decisions.push(decision),
                Effect::Remember(persisted) => self.remembered = Some(persisted),
            }
        }
    }

    fn apply(&mut self, setpoint: Setpoint) {
        self.watch.setpoint(self.now, setpoint, &self.plant);
        match setpoint {
            Setpoint::Fans(duty) => self.plant.duty = f64::from(duty.percent()) / 100.0,
            Setpoint::Board { slot, on } => self.plant.slots[usize::from(slot)].ordered = on,
            Setpoint::FrequencyCap { slot, cap } => {
                self.plant.slots[usize::from(slot)].cap_mhz = cap.mhz();
            }
            Setpoint::Voltage { slot, voltage } => {
                let rail = usize::from(slot.unwrap_or(0));
                self.plant.set_mv[rail] = f64::from(voltage.mv());
            }
            Setpoint::Supply { on } => self.plant.supply_on = on,
        }
    }

    fn break_things(&mut self) {
        let on = self.is_faulty();
        let first = (self.t() - self.fault_s.0).abs() < 0.001;
        let plant = &mut self.plant;
        match self.fault {
            Fault::Fan => plant.fans_broken[self.fan] = on,
            Fault::AllFans => plant.fans_broken.fill(on),
            Fault::InletStep if first => plant.params.inlet_c += 20.0,
            Fault::Dust if on => plant.dust = (plant.dust - 0.0005).max(0.4),
            Fault::Dust => plant.dust = 1.0,
            Fault::SupplyFails => {
                // It trips once and can be switched on again.
                plant.supply_failed = on && (plant.supply_failed || first) && plant.supply_on;
            }
            Fault::SupplySags => plant.sag = if on { 0.8 } else { 1.0 },
            Fault::BoardStuckOn => {
                plant.slots[self.slot].stuck_on = on;
                // Something has to switch it off.
                if first {
                    self.give(Input::Command(Command::Pause));
                }
            }
            Fault::PoolsGone if first => self.give(Input::Pools { available: false }),
            Fault::Sleep if first => self.give(Input::Command(Command::Sleep)),
            Fault::Commands if on && self.ticks.is_multiple_of(16) => {
                let command = self.any_command();
                self.give(Input::Command(command));
            }
            _ => {}
        }
        if (self.t() - self.fault_s.1).abs() < 0.001 {
            match self.fault {
                Fault::InletStep => self.plant.params.inlet_c -= 20.0,
                Fault::PoolsGone => self.give(Input::Pools { available: true }),
                Fault::Sleep => self.give(Input::Command(Command::Wake)),
                Fault::Commands | Fault::BoardStuckOn => {
                    self.give(Input::Command(Command::Fans(FanMode::Auto)));
                    self.give(Input::Command(Command::Ceiling(None)));
                    self.give(Input::Command(Command::Resume));
                    for slot in 0..self.plant.slots.len() {
                        let mhz = self.plant.machine.hashboard.frequency_mhz;
                        let frequency = Megahertz::new(mhz);
                        self.give(Input::Tune {
                            slot: slot as u8,
                            frequency,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn any_command(&mut self) -> Command {
        let number = self.rng.unit_f64() * 10_000.0 - 1_000.0;
        if self.rng.chance(0.3) {
            let slot = self.rng.below(5) as u8;
            let frequency = Megahertz::new(number);
            self.give(Input::Tune { slot, frequency });
        }
        match self.rng.below(10) {
            0 => Command::Pause,
            1 | 2 => Command::Resume,
            3 => Command::Sleep,
            4 => Command::Fans(FanMode::Quiet),
            5 => Command::Fans(FanMode::Manual(Duty::new(self.rng.below(256) as u8))),
            6 => Command::Fans(FanMode::Immersion),
            7 => Command::Ceiling(Some(Watts::new(number))),
            8 => Command::Target(Some(Celsius::new(number / 10.0))),
            _ => Command::Fans(FanMode::Hydro),
        }
    }

    fn say_states(&mut self) {
        let supply = if self.plant.supply_failed {
            SupplyState::Failed
        } else if self.plant.supply_up() {
            let mv = self.plant.set_mv[0] * self.plant.sag;
            let known = self.plant.machine.psu.voltage_min_mv.is_some();
            SupplyState::On {
                voltage: known.then(|| Millivolts::new(mv as u32)),
            }
        } else if self.plant.supply_on {
            SupplyState::Starting
        } else {
            SupplyState::Off
        };
        if self.told_supply != Some(supply) {
            self.told_supply = Some(supply);
            self.give(Input::Supply(supply));
        }
        for slot in 0..self.plant.slots.len() {
            let mine = slot == self.slot;
            let s = &self.plant.slots[slot];
            let on = self.plant.is_powered(slot);
            let board = match on {
                _ if mine && self.has(Fault::BoardFails) => BoardState::Failed,
                true => BoardState::On {
                    voltage: Some(Millivolts::new(s.mv as u32)),
                },
                false => BoardState::Off,
            };
            let mhz = Megahertz::new(s.mhz);
            let chain = match () {
                () if s.empty => ChainState::Absent,
                () if mine && self.has(Fault::ChainFails) => ChainState::Failed,
                () if !on => ChainState::Off,
                () if s.mhz == 0.0 => ChainState::Starting,
                () if s.mhz < s.cap_mhz => ChainState::Ramping(mhz),
                () => ChainState::Hashing(mhz),
            };
            let told = (Some(board), Some(chain));
            if self.told[slot] != told {
                self.told[slot] = told;
                let slot = slot as u8;
                self.give(Input::Board { slot, state: board });
                self.give(Input::Chain { slot, state: chain });
            }
        }
    }

    fn say_readings(&mut self) {
        let at = self.now;
        let watts = self.plant.watts()
            * if self.has(Fault::OverReports) {
                3.0
            } else {
                1.0
            };
        let value = Watts::new(watts);
        self.watch.power(self.now, watts);
        self.give(Input::Power(Sensed::Value { value, at }));
        for fan in 0..self.plant.fans_rpm.len() {
            if fan == self.fan && self.has(Fault::FanTachSilent) {
                continue;
            }
            let value = Rpm::new(self.plant.fans_rpm[fan] as u32);
            self.watch.fan(self.now, fan, value);
            let fan = fan as u8;
            self.give(Input::Fan {
                fan,
                reading: Sensed::Value { value, at },
            });
        }
        for slot in 0..self.plant.slots.len() {
            for sensor in 0..self.plant.slots[slot].tips_c.len() {
                if let Some(reading) = self.reading(slot, sensor) {
                    self.watch.temperature(self.now, (slot, sensor), reading);
                    let (slot, sensor) = (slot as u8, sensor as u8);
                    self.give(Input::Temperature {
                        slot,
                        sensor,
                        reading,
                    });
                }
            }
        }
    }

    fn reading(&mut self, slot: usize, sensor: usize) -> Option<Sensed<Celsius>> {
        let at = self.now;
        let place = self.plant.machine.peripherals.sensors[sensor].place;
        if self.chips_absent && place == board_support::Place::Chip {
            return Some(Sensed::Absent);
        }
        if !self.plant.answers(slot, sensor) {
            return Some(Sensed::Failed { since: at });
        }
        let true_c = self.plant.slots[slot].tips_c[sensor];
        let shown = (true_c * 8.0).round() / 8.0;
        let mine = slot == self.slot && sensor == self.sensor;
        let value = |c: f64, at| {
            Some(Sensed::Value {
                value: Celsius::new(c),
                at,
            })
        };
        let second = self.t().floor() as u64;
        let since = self.t() - self.fault_s.0;
        match self.fault {
            // A whole bus, for four seconds every minute.
            Fault::BusHangs if self.is_faulty() && second % 60 < 4 => {
                Some(Sensed::Failed { since: at })
            }
            // From the fault on, whatever the board does, what it showed then.
            Fault::Stuck if mine && self.is_faulty() => {
                let c = *self.stuck_c.get_or_insert(shown);
                value(c, at)
            }
            _ if !mine || !self.is_faulty() => value(shown, at),
            Fault::Silent if second.is_multiple_of(2) => None,
            Fault::Silent => Some(Sensed::Failed { since: at }),
            Fault::Low => value(shown - (since * 2.0).min(60.0), at),
            Fault::Jumping if second.is_multiple_of(2) => value(shown - 35.0, at),
            Fault::Zero => value(0.0, at),
            Fault::Late => value(shown, at - Duration::from_secs(6)),
            Fault::Hiccup if second % 60 < 2 => Some(Sensed::Failed { since: at }),
            Fault::Spike if second.is_multiple_of(60) => value(120.0, at),
            _ => value(shown, at),
        }
    }

    /// Hashing on every slot, or safe for a reason.
    pub(super) fn settled(&self) -> Result<(), String> {
        let hot = (0..self.plant.slots.len()).all(|slot| !self.plant.is_powered(slot));
        match self.control.state() {
            State::Hashing => Ok(()),
            state if hot => Err(format!("safe, but {state:?}")),
            state => Err(format!("in between: {state:?}")),
        }
    }

    pub(super) fn hashing_slots(&self) -> usize {
        let up = |slot: &usize| self.plant.slots[*slot].mhz > 0.0;
        (0..self.plant.slots.len()).filter(up).count()
    }
}
