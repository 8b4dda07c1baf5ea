//! A whole machine's ports: what is on its buses, its fans, the lines that the dead man keeps.

use std::sync::{Arc, Mutex};

use hal::{
    Beats, BoardPort, BusError, BusId, BusPort, DeadMan, FanEvent, FanOp, FanOverride, FanPort,
    FpgaFans, FpgaI2c, FpgaLines, FpgaPlugs, GuardedBoard, HashPower, I2cMaster, I2cTransfer,
    Lines, Loop, MachinePorts, OpenCoreFans, Plugs, open_core_fans_full,
};
use twin::machine::{Link, TwinMachine};
use units::{ChainSlot, Duration, Duty, Instant, Rpm};

use crate::pins::Pins;
use crate::{EmulatedCore, EmulatedWindow, Wiring, links};

/// A byte with its acknowledgement at 100 kHz.
const BYTE: Duration = Duration::from_micros(90);
/// How often a tach is looked at.
const TACH_EVERY: Duration = Duration::from_secs(1);

type Master = Box<dyn I2cMaster + Send>;
/// Buses, fans and board of one kind of control board.
type Beside = (
    Vec<BusPort<Master>>,
    Box<dyn FanPort + Send>,
    Box<dyn BoardPort + Send>,
);

/// Every port of a whole machine. Its parts must be fitted
/// ([`twin::machine::TwinOptions::parts`]). `fans` is how many it has, `power` what its dead man
/// can cut.
pub fn machine_ports(
    machine: Arc<Mutex<TwinMachine>>,
    now: Instant,
    power: HashPower,
    fans: u8,
) -> MachinePorts {
    ports_over(&machine, &Wiring::of(&machine), now, power, fans)
}

/// The same over the pins of a twin, wherever it is.
pub(crate) fn ports_over<P: Pins>(
    pins: &P,
    wiring: &Wiring,
    now: Instant,
    power: HashPower,
    fans: u8,
) -> MachinePorts {
    let links = links(pins, wiring);
    let slots = &wiring.slots;
    let full = FanOverride::default();
    let mut loops = vec![
        Loop::Fans,
        Loop::Bus(BusId::Hashboards),
        Loop::Bus(BusId::Supply),
    ];
    let served = links.iter().filter_map(|link| link.slots().first());
    loops.extend(served.map(|slot| Loop::Link(*slot)));
    let beats = Beats::new(&loops);
    let window = || EmulatedWindow(pins.clone());
    let both = [BusId::Hashboards, BusId::Supply];
    let (buses, fans, board): Beside = match wiring.link {
        Link::FpgaFifo | Link::FpgaFifoS9 => {
            let mut enable = pins.clone();
            let supply = move |now, on| enable.set_supply_enable(now, on);
            let is_s9 = wiring.link == Link::FpgaFifoS9;
            let lines = match is_s9 {
                true => FpgaLines::s9(window(), full.clone(), supply),
                false => FpgaLines::new(window(), full.clone(), supply),
            };
            let dead_man = DeadMan::new(now, power, slots, &loops, None, lines);
            let i2c: Master = Box::new(FpgaI2c::new(window()));
            let plugs = match is_s9 {
                true => FpgaPlugs::s9(window()),
                false => FpgaPlugs::new(window()),
            };
            (
                vec![BusPort::new(&both, i2c)],
                match is_s9 {
                    true => Box::new(FpgaFans::s9(fans, full, window())),
                    false => Box::new(FpgaFans::new(fans, full, window())),
                },
                Box::new(GuardedBoard::new(dead_man, beats.clone(), plugs)),
            )
        }
        Link::Uart | Link::SpiWords => {
            let core = wiring.cores.as_ref().and_then(|cores| cores.fans);
            let core = || Some(EmulatedCore::new(pins.clone(), core?));
            let lines = EmulatedLines {
                pins: pins.clone(),
                full: full.clone(),
                fans: core(),
            };
            let dead_man = DeadMan::new(now, power, slots, &loops, None, lines);
            let bus = |id| {
                let master: Master = Box::new(EmulatedI2c::new(pins.clone()));
                BusPort::new(&[id], master)
            };
            (
                both.into_iter().map(bus).collect(),
                match core() {
                    Some(core) => Box::new(OpenCoreFans::new(fans, full, core)),
                    None => Box::new(EmulatedFans::new(pins.clone(), full, fans)),
                },
                Box::new(GuardedBoard::new(
                    dead_man,
                    beats.clone(),
                    EmulatedPlugs(pins.clone()),
                )),
            )
        }
    };
    MachinePorts {
        links,
        buses,
        fans: Some(fans),
        board,
        beats,
    }
}

/// A bus of the control board's processor.
struct EmulatedI2c<P> {
    pins: P,
    flight: Option<(Instant, Result<Vec<u8>, BusError>)>,
}

impl<P> EmulatedI2c<P> {
    fn new(pins: P) -> Self {
        EmulatedI2c { pins, flight: None }
    }
}

impl<P: Pins> I2cMaster for EmulatedI2c<P> {
    fn can(&self, _: I2cTransfer<'_>) -> bool {
        true
    }

    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>) {
        let result = self.pins.i2c(now, transfer);
        let bytes = 1 + transfer.write.len() + usize::from(transfer.read);
        let at = now + BYTE * bytes as u32; // a transaction is short
        self.flight = Some((at, result));
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Vec<u8>, BusError>> {
        let done = self.flight.take_if(|(at, _)| *at <= now);
        done.map(|(_, result)| result)
    }

    fn abort(&mut self, _: Instant) {
        self.flight = None;
    }

    fn next_event(&self) -> Option<Instant> {
        self.flight.as_ref().map(|(at, _)| *at)
    }
}

/// Fans on the processor's own PWM and tach lines.
struct EmulatedFans<P> {
    pins: P,
    full: FanOverride,
    ordered: Duty,
    count: u8,
    next: Instant,
    /// An order that did not get through, to be told.
    failed: Option<i32>,
}

impl<P: Pins> EmulatedFans<P> {
    fn new(pins: P, full: FanOverride, count: u8) -> Self {
        EmulatedFans {
            pins,
            full,
            ordered: Duty::FULL,
            count,
            next: Instant::ZERO,
            failed: None,
        }
    }

    fn drive(&mut self, now: Instant) {
        let (pins, failed) = (&mut self.pins, &mut self.failed);
        self.full.drive(self.ordered, |duty| {
            *failed = pins.set_fan_duty(now, duty.percent()).err();
        });
    }
}

impl<P: Pins> FanPort for EmulatedFans<P> {
    fn set(&mut self, now: Instant, op: FanOp) {
        // One group on every board of this kind here.
        let (FanOp::All(duty) | FanOp::Group { duty, .. }) = op;
        self.ordered = duty;
        self.drive(now);
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        if now < self.next {
            return;
        }
        self.next = now + TACH_EVERY;
        self.drive(now);
        match self.pins.fan_speeds(now, self.count) {
            Ok(speeds) => events.extend(speeds.into_iter().zip(0..).map(|(rpm, fan)| {
                let rpm = Rpm::new(rpm);
                FanEvent::Speed { fan, rpm, at: now }
            })),
            Err(errno) => self.failed = Some(errno),
        }
        let failed = self.failed.take();
        events.extend(failed.map(|errno| FanEvent::Failed { errno }));
    }

    fn next_event(&self) -> Option<Instant> {
        Some(self.next)
    }
}

/// Lines of the processor's own pins; its fans, or a core's.
struct EmulatedLines<P> {
    pins: P,
    full: FanOverride,
    fans: Option<EmulatedCore<P>>,
}

impl<P: Pins> Lines for EmulatedLines<P> {
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        self.pins.set_supply_enable(now, on)
    }

    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        self.pins.set_reset(now, slot, asserted)
    }

    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32> {
        self.full.set(full);
        match &mut self.fans {
            _ if !full => Ok(()),
            Some(core) => open_core_fans_full(core, now),
            None => self.pins.set_fan_duty(now, 100),
        }
    }
}

/// Plug lines of a control board whose window does not show them.
struct EmulatedPlugs<P>(P);

impl<P: Pins> Plugs for EmulatedPlugs<P> {
    fn present(&mut self, now: Instant, slot: ChainSlot) -> Result<bool, i32> {
        self.0.plugged(now, slot)
    }
}
