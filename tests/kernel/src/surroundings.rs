//! What is around the guest's board, moved by one thread: the lines to the hashboard, the heat of its chips, fans
//! that turn as their PWM says and tell it in edges, and faults of all of these.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::chips::Told as Chain;
use crate::guest::lock;
use crate::{Chips, Guest, Qmp, Registers};

/// Lines of the guest's SoC, as board-support/control-boards/test-ast2600.toml has them.
const PLUG: &str = "G0";
const SUPPLY_ENABLE: &str = "G1";
const RESET: &str = "G2";
/// Of G.
const TACHS: [u32; 2] = [3, 4];

/// Registers of the PWM output: its switch, its period and its time on.
const PWM_CONTROL: u32 = 0x1001_0000;
const PWM_PERIOD: u32 = 0x1001_0010;
const PWM_ON: u32 = 0x1001_0014;
/// What switches the hashboard's I2C controller on.
const BUS_CONTROL: u32 = 0x1e78_a200;

/// Turns a minute of a fan at rest and at full duty: slow ones, since each edge is a command to the emulator.
const RPM_LEAST: f64 = 200.0;
const RPM_MORE: f64 = 1000.0;
/// Half a pulse of two in a turn.
const LEVELS_PER_TURN: f64 = 4.0;

/// Between two looks: far shorter than a reset of a bring-up, and a quarter of the shortest level of a fan.
const LOOK: Duration = Duration::from_millis(3);
/// Lines and bus are looked at this often: one look in four.
const LINES: u32 = 4;
/// Between two steps of the temperature.
const STEP: Duration = Duration::from_millis(1000);
/// The room, and how much warmer chips make the air behind them.
const ROOM_C: f64 = 25.0;
const RISE_C: f64 = 14.0;
/// Of a step's way.
const NEARER: f64 = 0.2;

/// The thread's handle; it ends when this is dropped or the guest is gone.
#[derive(Debug)]
pub struct Surroundings {
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Told {
    stop: AtomicBool,
    pulled: AtomicBool,
    /// The computer was reset, and with it what was driven into its lines.
    reset: AtomicBool,
    /// A fire: what the outlet's sensor feels whatever the chips do, whole degrees; 0: none.
    fire_c: AtomicU32,
    /// The bus's controller does nothing.
    silent_bus: AtomicBool,
    /// Fans that are held.
    held: [AtomicBool; TACHS.len()],
    /// What fans turn, and what the sensors feel, in whole degrees.
    rpm: AtomicU32,
    inlet_c: AtomicU32,
    outlet_c: AtomicU32,
    /// Of a hundred.
    duty: AtomicU32,
}

impl Surroundings {
    /// Around this guest and these chips, from now on.
    pub fn of(guest: &Guest, chips: &Chips) -> Surroundings {
        let told = Arc::new(Told::default());
        let mut mover = Mover {
            outside: guest.share_outside(),
            registers: Registers::connect(guest.registers()),
            told: Arc::clone(&told),
            chain: chips.told(),
            plugged: None,
            fans: TACHS.map(|line| Fan {
                line,
                high: false,
                turned: 0.0,
            }),
            turned: Instant::now(),
            outlet_c: ROOM_C,
            warmed: Instant::now(),
            steps: 0,
        };
        let thread = std::thread::spawn(move || while mover.look().is_some() {});
        Surroundings {
            told,
            thread: Some(thread),
        }
    }

    /// Pull the hashboard's plug, or seat it.
    pub fn pull(&self, pulled: bool) {
        self.told.pulled.store(pulled, Ordering::Relaxed);
    }

    /// Drive lines anew: the emulator forgets their levels when the computer is reset.
    pub fn after_reset(&self) {
        self.told.reset.store(true, Ordering::Relaxed);
    }

    /// What the sensor behind the chips feels, whatever they do; `None`: their air.
    pub fn fire(&self, temp_c: Option<u32>) {
        self.told
            .fire_c
            .store(temp_c.unwrap_or(0), Ordering::Relaxed);
    }

    /// Let the controller of the hashboard's bus do nothing, or work.
    pub fn silence_bus(&self, silent: bool) {
        self.told.silent_bus.store(silent, Ordering::Relaxed);
    }

    /// Hold a fan, or let it turn.
    pub fn hold_fan(&self, fan: usize, held: bool) {
        self.told.held[fan].store(held, Ordering::Relaxed);
    }

    /// What a free fan turns a minute.
    pub fn fan_rpm(&self) -> u32 {
        self.told.rpm.load(Ordering::Relaxed)
    }

    /// How long of a hundred the PWM output is on.
    pub fn duty_percent(&self) -> u32 {
        self.told.duty.load(Ordering::Relaxed)
    }

    /// What the sensors before and behind the chips feel, rounded down.
    pub fn felt_c(&self) -> (u32, u32) {
        let told = &self.told;
        let felt = |place: &AtomicU32| place.load(Ordering::Relaxed);
        (felt(&told.inlet_c), felt(&told.outlet_c))
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        self.told.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Mover {
    outside: Arc<Mutex<Qmp>>,
    registers: Registers,
    told: Arc<Told>,
    chain: Arc<Chain>,
    plugged: Option<bool>,
    fans: [Fan; TACHS.len()],
    turned: Instant,
    outlet_c: f64,
    warmed: Instant,
    steps: u32,
}

struct Fan {
    line: u32,
    high: bool,
    /// Levels since it began.
    turned: f64,
}

impl Mover {
    /// One look at everything, and a rest; `None`: it is over, or the guest is gone.
    fn look(&mut self) -> Option<()> {
        for _ in 0..LINES {
            std::thread::sleep(LOOK);
            self.turn_fans()?;
        }
        self.carry_lines()?;
        self.drive_pwm()?;
        if self.told.silent_bus.load(Ordering::Relaxed) {
            // Its driver switches it on again after each transfer that took too long.
            self.registers.write(BUS_CONTROL, 0)?;
        }
        if self.warmed.elapsed() >= STEP {
            self.warmed = Instant::now();
            self.warm()?;
        }
        (!self.told.stop.load(Ordering::Relaxed)).then_some(())
    }

    fn carry_lines(&mut self) -> Option<()> {
        if self.told.reset.swap(false, Ordering::Relaxed) {
            self.plugged = None;
            self.fans.iter_mut().for_each(|fan| fan.high = false);
        }
        let mut outside = lock(&self.outside);
        let plugged = !self.told.pulled.load(Ordering::Relaxed);
        if self.plugged != Some(plugged) {
            outside.set_line(PLUG, plugged)?;
            self.plugged = Some(plugged);
        }
        let powered = outside.line_is_high(SUPPLY_ENABLE)?;
        let released = outside.line_is_high(RESET)?;
        drop(outside);
        // What is pulled has neither supply nor signals.
        let (powered, released) = (powered && plugged, released && plugged);
        self.chain.powered.store(powered, Ordering::Relaxed);
        self.chain.released.store(released, Ordering::Relaxed);
        Some(())
    }

    /// Fans turn as the registers of their output say; one without a signal turns full, as real ones do.
    fn drive_pwm(&mut self) -> Option<()> {
        let (control, period, on) = (
            self.registers.read(PWM_CONTROL)?,
            self.registers.read(PWM_PERIOD)?,
            self.registers.read(PWM_ON)?,
        );
        let is_on = control & 1 == 1 && period > 0;
        let duty = match is_on {
            true => f64::from(on.min(period)) / f64::from(period),
            false => 1.0,
        };
        let rpm = RPM_LEAST + RPM_MORE * duty;
        self.told.rpm.store(rpm.round() as u32, Ordering::Relaxed);
        let duty = (100.0 * duty).round() as u32;
        self.told.duty.store(duty, Ordering::Relaxed);
        Some(())
    }

    fn turn_fans(&mut self) -> Option<()> {
        let elapsed = self.turned.elapsed();
        self.turned += elapsed;
        let rpm = f64::from(self.told.rpm.load(Ordering::Relaxed));
        let levels = elapsed.as_secs_f64() * rpm / 60.0 * LEVELS_PER_TURN;
        for (fan, held) in self.fans.iter_mut().zip(&self.told.held) {
            if held.load(Ordering::Relaxed) {
                continue;
            }
            fan.turned += levels;
            let high = fan.turned as u64 % 2 == 1;
            if high != fan.high && !self.registers.edge_waits(fan.line)? {
                fan.high = high;
                lock(&self.outside).set_line(&format!("G{}", fan.line), high)?;
            }
        }
        Some(())
    }

    /// Temperatures breathe by half a degree: a sensor that shows the same for half a minute is rightly not
    /// believed.
    fn warm(&mut self) -> Option<()> {
        let told = &self.told;
        let powered = self.chain.powered.load(Ordering::Relaxed);
        let goal = ROOM_C + if powered { RISE_C } else { 0.0 };
        self.outlet_c += NEARER * (goal - self.outlet_c);
        self.steps = self.steps.wrapping_add(1);
        let breath = f64::from(self.steps % 2) / 2.0;
        let fire = told.fire_c.load(Ordering::Relaxed);
        let outlet = if fire > 0 {
            f64::from(fire)
        } else {
            self.outlet_c
        };
        let mut outside = lock(&self.outside);
        for (sensor, temp_c, felt) in [
            ("inlet", ROOM_C + breath, &told.inlet_c),
            ("outlet", outlet + breath, &told.outlet_c),
        ] {
            outside.set_temperature(sensor, temp_c)?;
            felt.store(temp_c as u32, Ordering::Relaxed);
        }
        Some(())
    }
}
