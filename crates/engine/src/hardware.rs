//! Control, plant and dead man, joined to each other and to the chains.
//!
//! ```text
//!  readings ── plant ──► control ── setpoints ──► plant: supply, rails, fans
//!                          │                        ▲
//!                          └─ on, off, cap ─► chain ┘ wants hash power, is told when it is there
//! ```
//!
//! A board has hash power while control grants it and its chain wants it. What control takes
//! away goes at once: it has lowered the frequency before, where there was time for it.

use board_support::{Channel, Fitted, Machine, Sensor, SensorBus};
use control::{BoardState, Control, Input, Setpoint, SupplyState};
use drivers::ChipSensor;
use drivers::plant::{self, Plant, Told};
use hal::{BoardEvent, FanEvent, HashPower};
use telemetry::{Code, Note, Sensed, Severity};
use units::{Celsius, ChainSlot, ChipIndex, Duration, Duty, Instant, Megahertz, Millivolts, Rpm};

use crate::config::HardwareConfig;
use crate::engine::Engine;
use crate::event::Effect;
use crate::keeper::{Keeper, Say};
use crate::recorder::Recorder;
use crate::recording::{Recording, Seen};

/// Rest of a supply of which nothing is known: the longest known.
const REST_S: u32 = 30;

/// What a machine's dead man can cut without a bus. `settle_percent` scales the rest that a
/// supply needs: 100 is as prescribed, less is for `demo` and tests alone.
pub fn hash_power(machine: &Machine, settle_percent: u8) -> HashPower {
    let seconds = |s: Option<u32>| Duration::from_secs(u64::from(s.unwrap_or(REST_S)));
    match machine.psu.enable {
        Fitted::Absent => {
            let controller = machine.peripherals.voltage_controller.present();
            HashPower::ResetsOnly {
                controllers_cut_after: seconds(controller.and_then(|c| c.rail_off_after_s)),
            }
        }
        Fitted::Unknown | Fitted::Present(_) => HashPower::EnableLine {
            off_before_on: seconds(machine.psu.off_before_on_s) * u32::from(settle_percent) / 100,
        },
    }
}

/// Heat, power and air of the machine.
pub(crate) struct Hardware {
    plant: Plant,
    control: Control,
    keeper: Keeper,
    recorder: Recorder,
    config: HardwareConfig,
    pub(crate) boards: Vec<Board>,
    pub(crate) fans: Vec<Sensed<Rpm>>,
    pub(crate) duty: Option<Duty>,
    pub(crate) supply: plant::SupplyState,
    let_go: bool,
    /// The supply has a line that switches it, or may have.
    supply_switch: bool,
    /// What control was told of pools.
    pools: Option<bool>,
}

/// What is known of one board.
pub(crate) struct Board {
    /// By the place of the sensor in the machine's list.
    pub(crate) temperatures: Vec<Sensed<Celsius>>,
    pub(crate) power: plant::BoardState,
    /// Control grants it hash power.
    granted: bool,
    /// What control was told of its chain.
    chain: control::ChainState,
    /// Sensors that its chips relay, with their places in the list.
    relayed: Vec<(ChipSensor, usize)>,
}

impl Hardware {
    pub(crate) fn new(machine: &Machine, settle_percent: u8, config: HardwareConfig) -> Self {
        let sensors = &machine.peripherals.sensors;
        let relayed = sensors.iter().enumerate();
        let relayed = relayed.filter_map(|(i, sensor)| Some((chip_sensor(sensor)?, i)));
        let relayed: Vec<_> = relayed.collect();
        let board = |_| Board {
            temperatures: vec![Sensed::Unknown; sensors.len()],
            power: plant::BoardState::Off,
            granted: false,
            chain: control::ChainState::Off,
            relayed: relayed.clone(),
        };
        let plan = control::Plan::new(machine);
        Hardware {
            plant: Plant::new(machine, settle_percent),
            control: Control::new(plan, config.local.clone()),
            keeper: Keeper::new(),
            recorder: Recorder::new(),
            config,
            boards: (0..machine.slots).map(board).collect(),
            fans: vec![Sensed::Unknown; usize::from(machine.fans.count)],
            duty: None,
            supply: plant::SupplyState::Unknown,
            let_go: false,
            supply_switch: !matches!(machine.psu.enable, Fitted::Absent),
            pools: None,
        }
    }

    /// What the machine does, as control sees it.
    pub(crate) fn state(&self) -> control::State {
        self.control.state()
    }

    /// What the operator has set, and within what.
    pub(crate) fn settings(&self) -> telemetry::Settings {
        self.control.settings()
    }

    /// Nothing has hash power any more, as a shutdown wants it.
    pub(crate) fn is_down(&self) -> bool {
        self.control.is_down()
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.keeper.start(now);
        self.plant.handle(now, plant::Input::Start);
        if !self.supply_switch {
            // It is on, whatever is ordered; what depends on it may begin.
            self.order(now, plant::Order::Supply(true));
        }
        let (cause, remembered) = (self.config.cause, self.config.remembered);
        self.tell_control(now, Input::Start { cause, remembered });
    }

    pub(crate) fn command(&mut self, now: Instant, command: control::Command) {
        self.tell_control(now, Input::Command(command));
    }

    /// Boards were told to go off, whatever control had in mind.
    pub(crate) fn is_let_go(&self) -> bool {
        self.let_go
    }

    /// What the plug of a slot says.
    pub(crate) fn plugged(&mut self, now: Instant, slot: ChainSlot, plugged: bool) {
        self.order(now, plant::Order::Plugged(slot, plugged));
    }

    /// Every board off, by its own controller where it has one.
    pub(crate) fn let_go(&mut self, now: Instant) {
        self.let_go = true;
        for slot in 0..self.boards.len() {
            self.boards[slot].granted = false;
            let slot = ChainSlot(slot as u8); // four at most
            self.order(now, plant::Order::Board(slot, false));
        }
    }

    /// Everything safe at once, and no lease any more.
    pub(crate) fn end(&mut self, now: Instant) {
        self.order(now, plant::Order::Supply(false));
        self.keeper.end();
    }

    pub(crate) fn bus(&mut self, now: Instant, done: hal::BusDone) {
        self.plant.handle(now, plant::Input::Bus(done));
    }

    pub(crate) fn fans(&mut self, now: Instant, event: FanEvent) {
        self.plant.handle(now, plant::Input::Fans(event));
    }

    /// False if it is nothing of the dead man's.
    pub(crate) fn board(&mut self, now: Instant, event: BoardEvent) -> bool {
        self.keeper.board(now, event)
    }

    fn wake(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(Some(self.keeper.deadline())) {
            self.keeper.wake(now);
        }
        if due(self.plant.next_deadline()) {
            self.plant.handle(now, plant::Input::Wake);
        }
        if due(self.control.next_deadline()) {
            self.tell_control(now, Input::Wake);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let parts = [
            Some(self.keeper.deadline()),
            self.plant.next_deadline(),
            self.control.next_deadline(),
            self.recorder.deadline(),
        ];
        let first = parts.into_iter().flatten().min();
        first.filter(|at| *at < Instant::NEVER)
    }

    fn order(&mut self, now: Instant, order: plant::Order) {
        self.plant.handle(now, plant::Input::Order(order));
    }

    /// The only way into control: what it is told, the recorder keeps.
    fn tell_control(&mut self, now: Instant, input: Input) {
        self.recorder.input(&self.control, now, &input);
        self.control.handle(now, input);
    }

    /// The only way out of it.
    fn next_from_control(&mut self) -> Option<control::Effect> {
        let effect = self.control.next_effect();
        self.recorder.effect(effect.as_ref());
        effect
    }

    /// A recording of what led to a fault and what followed, once its time has come.
    pub(crate) fn recording(&mut self, now: Instant, end: bool) -> Option<Recording> {
        self.recorder.take(now, end)
    }
}

impl Engine {
    /// A chain wants hash power, or gives it back.
    pub(crate) fn wants_power(&mut self, index: usize, on: bool) {
        let now = self.now;
        let slot = self.chains[index].slot;
        let Some(hardware) = &mut self.hardware else {
            self.switch_rail(index, on);
            return;
        };
        let granted = hardware.boards.get(index).is_some_and(|b| b.granted);
        hardware.order(now, plant::Order::Board(slot, on && granted));
        if on && !granted {
            let why = "hash power is not granted".to_owned();
            self.give_chain(slot, drivers::Input::PowerLost(why));
        }
    }

    /// Without a plant, hash power is a switch per slot that never fails.
    fn switch_rail(&mut self, index: usize, on: bool) {
        let (now, slot) = (self.now, self.chains[index].slot);
        let op = hal::BoardOp::Rail { slot, on };
        self.effects.push_back(Effect::Board(op));
        if on {
            let chain = &mut self.chains[index].driver;
            chain.handle(now, drivers::Input::Powered);
        }
    }

    /// Carry on what control, plant and keeper want. False if they want nothing.
    pub(crate) fn settle_hardware(&mut self) -> bool {
        let mut moved = false;
        while let Some(effect) = self.hardware.as_mut().and_then(Hardware::next_from_control) {
            self.carry_control(effect);
            moved = true;
        }
        while let Some(effect) = self.hardware.as_mut().and_then(|h| h.plant.next_effect()) {
            self.carry_plant(effect);
            moved = true;
        }
        while let Some(say) = self.hardware.as_mut().and_then(|h| h.keeper.next_say()) {
            self.carry_keeper(say);
            moved = true;
        }
        moved
    }

    fn carry_control(&mut self, effect: control::Effect) {
        match effect {
            control::Effect::Set(limited) => self.set(limited.setpoint()),
            control::Effect::Remember(what) => self.effects.push_back(Effect::Remember(what)),
            control::Effect::Decision(decision) => {
                let reason = format!("{} {}", decision.code.text(), decision.reason);
                self.decide(&decision.place, &decision.decision, &reason);
                let note = Note {
                    at: decision.at,
                    code: decision.code,
                    place: decision.place,
                    detail: format!("{}: {}", decision.decision, decision.reason),
                };
                self.tell_recorded(note, &decision.decision);
            }
        }
    }

    /// Tell what heat, power and air have to say. A new fault that needs a person is recorded.
    fn tell_recorded(&mut self, note: Note, action: &str) {
        let (code, place) = (note.code, note.place.clone());
        let seen = Seen::of(&note);
        let known = self.faults.knows(code, &place);
        self.tell(note);
        self.faults.acted(code, &place, action);
        let new = !known && self.faults.knows(code, &place);
        if let Some(hardware) = &mut self.hardware
            && new
            && code.severity() == Severity::Error
        {
            hardware.recorder.fault(self.now, seen);
        }
    }

    /// Give a recording away whose time has come, or at the end any that waits.
    pub(crate) fn give_recording(&mut self, end: bool) {
        let now = self.now;
        let Some(mut recording) = self.hardware.as_mut().and_then(|h| h.recording(now, end)) else {
            return;
        };
        recording.firmware.clone_from(&self.config.firmware);
        recording.machine.clone_from(&self.config.machine.model);
        let recording = Box::new(recording);
        self.effects.push_back(Effect::Recording(recording));
    }

    fn set(&mut self, setpoint: Setpoint) {
        let now = self.now;
        let Some(hardware) = &mut self.hardware else {
            return;
        };
        match setpoint {
            Setpoint::Fans(duty) => {
                hardware.duty = Some(duty);
                hardware.order(now, plant::Order::Fans(duty));
            }
            Setpoint::Supply { on } => hardware.order(now, plant::Order::Supply(on)),
            Setpoint::Voltage { slot, voltage } => {
                hardware.order(now, plant::Order::Voltage(slot.map(ChainSlot), voltage));
            }
            Setpoint::FrequencyCap { slot, cap } => {
                self.give_chain(ChainSlot(slot), drivers::Input::Cap(cap));
            }
            Setpoint::Board { slot, on } => {
                let slot = ChainSlot(slot);
                if let Some(board) = hardware.boards.get_mut(usize::from(slot.0)) {
                    board.granted = on;
                }
                if on {
                    self.give_chain(slot, drivers::Input::Start);
                } else {
                    hardware.order(now, plant::Order::Board(slot, false));
                    self.give_chain(slot, drivers::Input::Cut);
                }
            }
        }
    }

    fn carry_plant(&mut self, effect: plant::Effect) {
        let now = self.now;
        match effect {
            plant::Effect::Bus(job) => self.effects.push_back(Effect::Bus(job)),
            plant::Effect::Fans(op) => self.effects.push_back(Effect::Fans(op)),
            plant::Effect::Note(note) => self.tell_recorded(note, ""),
            plant::Effect::EnableSupply(on) => {
                if let Some(hardware) = &mut self.hardware {
                    hardware.keeper.want(now, on);
                }
            }
            plant::Effect::Told(told) => self.told(told),
        }
    }

    fn told(&mut self, told: Told) {
        let now = self.now;
        let Some(hardware) = &mut self.hardware else {
            return;
        };
        match told {
            Told::Temperature {
                slot,
                sensor,
                reading,
            } => hardware.temperature(now, slot, sensor, reading),
            Told::Fan { fan, reading } => {
                if let Some(known) = hardware.fans.get_mut(usize::from(fan)) {
                    *known = reading;
                }
                hardware.tell_control(now, Input::Fan { fan, reading });
            }
            Told::Supply(state) => {
                hardware.supply = state;
                hardware.tell_control(now, Input::Supply(supply_state(state)));
                if let plant::SupplyState::On(voltage) = state {
                    self.outcome(Code::PsuUp, "supply", voltage);
                }
            }
            Told::Board(slot, state) => {
                if let Some(board) = hardware.boards.get_mut(usize::from(slot.0)) {
                    board.power = state;
                }
                let (slot_number, told) = (slot.0, board_state(state));
                hardware.tell_control(
                    now,
                    Input::Board {
                        slot: slot_number,
                        state: told,
                    },
                );
                self.board_power(slot, state);
            }
            Told::Memory(..) => {}
        }
    }

    /// A board's power has come or gone: its chain waits for it, or has to do without.
    fn board_power(&mut self, slot: ChainSlot, state: plant::BoardState) {
        use plant::BoardState::{Failed, Off, On, Starting, StuckOn};
        match state {
            Starting => {}
            On(voltage) => {
                self.outcome(Code::BoardUp, &format!("slot {slot}"), voltage);
                self.give_chain(slot, drivers::Input::Powered);
            }
            Off | StuckOn => {
                let why = "the board's power went off".to_owned();
                self.give_chain(slot, drivers::Input::PowerLost(why));
            }
            Failed => {
                let why = "the board's voltage controller failed".to_owned();
                self.give_chain(slot, drivers::Input::PowerLost(why));
            }
        }
    }

    /// Tell that something is on, which ends what was wrong with it. A voltage that moves is
    /// not told each time.
    fn outcome(&mut self, code: Code, place: &str, voltage: Option<Millivolts>) {
        let told = self.notes.iter().rev().find(|n| n.place == place);
        if told.is_some_and(|note| note.code == code) {
            return;
        }
        let detail = voltage.map_or_else(String::new, |v| format!("voltage_mv={}", v.mv()));
        self.tell(Note {
            at: self.now,
            code,
            place: place.to_owned(),
            detail,
        });
    }

    fn carry_keeper(&mut self, say: Say) {
        let now = self.now;
        match say {
            Say::Board(op) => self.effects.push_back(Effect::Board(op)),
            Say::Line(line) => {
                if let Some(hardware) = &mut self.hardware {
                    hardware.plant.handle(now, plant::Input::Line(line));
                }
            }
            Say::AllCut(why) => {
                for i in 0..self.chains.len() {
                    // Where the supply has no line, reset is all that was cut.
                    let slot = self.chains[i].slot;
                    if let Some(hardware) = &mut self.hardware {
                        hardware.order(now, plant::Order::Board(slot, false));
                    }
                    let lost = drivers::Input::PowerLost(why.clone());
                    self.chains[i].driver.handle(now, lost);
                }
            }
            Say::Note(code, detail) => {
                let note = Note {
                    at: now,
                    code,
                    place: "machine".to_owned(),
                    detail,
                };
                self.tell_recorded(note, "");
            }
        }
    }

    /// Wake whatever of the hardware is due. Control looks at the world on its own tick alone:
    /// that is when it is told of chains and pools, not with each work item.
    pub(crate) fn wake_hardware(&mut self) {
        let now = self.now;
        let due = |hardware: &Hardware| {
            let tick = hardware.control.next_deadline();
            tick.is_some_and(|at| at <= now)
        };
        if self.hardware.as_ref().is_some_and(due) {
            self.tell_control_of_work();
        }
        if let Some(hardware) = &mut self.hardware {
            hardware.wake(now);
        }
    }

    /// Chains, the sensors behind them and pools, as far as they changed.
    fn tell_control_of_work(&mut self) {
        let now = self.now;
        let available = self.scheduler.has_work();
        let Some(hardware) = &mut self.hardware else {
            return;
        };
        let mut told = Vec::new();
        for (board, chain) in hardware.boards.iter_mut().zip(&self.chains) {
            let slot = chain.slot.0;
            let frequency = chain.driver.frequency();
            let state = chain_state(chain.driver.state(), frequency);
            if state != board.chain {
                board.chain = state;
                told.push(Input::Chain { slot, state });
            }
            for read in chain.driver.temperatures() {
                let place = board.relayed.iter().find(|(s, _)| *s == read.sensor);
                let reading = sensed(&read);
                if let Some((_, sensor)) = place
                    && board.temperatures.get(*sensor) != Some(&reading)
                {
                    board.temperatures[*sensor] = reading;
                    let sensor = *sensor as u8; // sixteen at most
                    told.push(Input::Temperature {
                        slot,
                        sensor,
                        reading,
                    });
                }
            }
        }
        if hardware.pools != Some(available) {
            hardware.pools = Some(available);
            told.push(Input::Pools { available });
        }
        for input in told {
            hardware.tell_control(now, input);
        }
    }
}

impl Hardware {
    fn temperature(
        &mut self,
        now: Instant,
        slot: ChainSlot,
        sensor: usize,
        reading: Sensed<Celsius>,
    ) {
        let board = self.boards.get_mut(usize::from(slot.0));
        if let Some(known) = board.and_then(|b| b.temperatures.get_mut(sensor)) {
            *known = reading;
        }
        let input = Input::Temperature {
            slot: slot.0,
            sensor: sensor as u8, // a machine's list is shorter than a byte counts
            reading,
        };
        self.tell_control(now, input);
    }
}

/// A sensor that a chip relays, as its chain asks it: by the register that holds whole degrees.
pub(crate) fn chip_sensor(sensor: &Sensor) -> Option<ChipSensor> {
    let SensorBus::Chip(chip) = sensor.bus else {
        return None;
    };
    Some(ChipSensor {
        chip: ChipIndex(chip),
        device: sensor.address,
        register: match sensor.channel {
            Channel::Local => 0x00,
            Channel::Remote => 0x01,
        },
    })
}

/// An operator's command as control takes it; `None` for what it does not decide.
pub(crate) fn to_control(command: telemetry::Command) -> Option<control::Command> {
    use control::{Command as Ours, FanMode};
    use telemetry::{Command, FanWish};
    Some(match command {
        Command::Pause => Ours::Pause,
        Command::Resume => Ours::Resume,
        Command::Sleep => Ours::Sleep,
        Command::Wake => Ours::Wake,
        Command::Fans(wish) => Ours::Fans(match wish {
            FanWish::Auto => FanMode::Auto,
            FanWish::Quiet => FanMode::Quiet,
            FanWish::Manual { duty_percent } => FanMode::Manual(duty_percent),
            FanWish::Immersion => FanMode::Immersion,
            FanWish::Hydro => FanMode::Hydro,
        }),
        Command::PowerCeiling { power_w } => Ours::Ceiling(power_w),
        Command::TargetTemperature { temp_c } => Ours::Target(temp_c),
        _ => return None,
    })
}

fn sensed(told: &drivers::ChipTemperature) -> Sensed<Celsius> {
    use telemetry::Quality;
    match (told.quality, told.temp_c) {
        (Quality::Absent, _) => Sensed::Absent,
        (Quality::Failed, _) => Sensed::Failed { since: told.at },
        (_, Some(c)) => Sensed::Value {
            value: Celsius::new(c),
            at: told.at,
        },
        (_, None) => Sensed::Unknown,
    }
}

fn chain_state(state: telemetry::ChainState, frequency: Megahertz) -> control::ChainState {
    use telemetry::ChainState as From;
    match state {
        From::Absent => control::ChainState::Absent,
        From::Failed => control::ChainState::Failed,
        From::Starting | From::Recovering => control::ChainState::Starting,
        From::Ramping => control::ChainState::Ramping(frequency),
        From::Hashing => control::ChainState::Hashing(frequency),
        _ => control::ChainState::Off,
    }
}

fn supply_state(state: plant::SupplyState) -> SupplyState {
    match state {
        plant::SupplyState::Unknown => SupplyState::Unknown,
        plant::SupplyState::Off => SupplyState::Off,
        plant::SupplyState::Starting => SupplyState::Starting,
        plant::SupplyState::On(voltage) => SupplyState::On { voltage },
        plant::SupplyState::Failed => SupplyState::Failed,
        plant::SupplyState::Refused => SupplyState::Refused,
    }
}

fn board_state(state: plant::BoardState) -> BoardState {
    match state {
        // On the way up it is not on, and nobody wants it to be off.
        plant::BoardState::Off | plant::BoardState::Starting => BoardState::Off,
        plant::BoardState::On(voltage) => BoardState::On { voltage },
        plant::BoardState::Failed | plant::BoardState::StuckOn => BoardState::Failed,
    }
}
