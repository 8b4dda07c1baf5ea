//! A whole machine's ports: what is on its buses, its fans, the lines that the dead man keeps.

use std::sync::{Arc, Mutex};

use hal::{
    Beats, BoardPort, BusError, BusId, BusPort, DeadMan, FanEvent, FanOp, FanOverride, FanPort,
    FpgaFans, FpgaI2c, FpgaLines, GuardedBoard, HashPower, I2cMaster, I2cTransfer, Lines, Loop,
    MachinePorts, Plugs,
};
use twin::machine::{Link, TwinMachine};
use twin::parts::{Bus, I2cFault};
use units::{ChainSlot, Duration, Duty, Instant, Rpm};

use crate::{EmulatedWindow, links, lock};

/// A byte with its acknowledgement at 100 kHz.
const BYTE: Duration = Duration::from_micros(90);
/// How often a tach is looked at.
const TACH_EVERY: Duration = Duration::from_secs(1);

type Shared = Arc<Mutex<TwinMachine>>;
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
pub fn machine_ports(machine: Shared, now: Instant, power: HashPower, fans: u8) -> MachinePorts {
    let (slots, link) = {
        let machine = lock(&machine);
        (machine.slots().to_vec(), machine.link())
    };
    let links = links(&machine);
    let full = FanOverride::default();
    let mut loops = vec![
        Loop::Fans,
        Loop::Bus(BusId::Hashboards),
        Loop::Bus(BusId::Supply),
    ];
    let served = links.iter().filter_map(|link| link.slots().first());
    loops.extend(served.map(|slot| Loop::Link(*slot)));
    let beats = Beats::new(&loops);
    let window = || EmulatedWindow(Arc::clone(&machine));
    let plugs = EmulatedPlugs(Arc::clone(&machine));
    let both = [BusId::Hashboards, BusId::Supply];
    let (buses, fans, board): Beside = match link {
        Link::FpgaFifo => {
            let enable = Arc::clone(&machine);
            let supply = move |now, on| {
                lock(&enable).set_supply_enable(now, on);
                Ok(())
            };
            let lines = FpgaLines::new(window(), full.clone(), supply);
            let dead_man = DeadMan::new(now, power, &slots, &loops, None, lines);
            let i2c: Master = Box::new(FpgaI2c::new(window()));
            (
                vec![BusPort::new(&both, i2c)],
                Box::new(FpgaFans::new(fans, full, window())),
                Box::new(GuardedBoard::new(dead_man, beats.clone(), plugs)),
            )
        }
        Link::Uart | Link::FpgaFifoS9 => {
            let lines = EmulatedLines {
                machine: Arc::clone(&machine),
                full: full.clone(),
            };
            let dead_man = DeadMan::new(now, power, &slots, &loops, None, lines);
            let bus = |id| {
                let master: Master = Box::new(EmulatedI2c::new(Arc::clone(&machine)));
                BusPort::new(&[id], master)
            };
            (
                both.into_iter().map(bus).collect(),
                Box::new(EmulatedFans::new(Arc::clone(&machine), full, fans)),
                Box::new(GuardedBoard::new(dead_man, beats.clone(), plugs)),
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
struct EmulatedI2c {
    machine: Shared,
    flight: Option<(Instant, Result<Vec<u8>, BusError>)>,
}

impl EmulatedI2c {
    fn new(machine: Shared) -> Self {
        EmulatedI2c {
            machine,
            flight: None,
        }
    }
}

impl I2cMaster for EmulatedI2c {
    fn can(&self, _: I2cTransfer<'_>) -> bool {
        true
    }

    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>) {
        let bus = match transfer.bus {
            BusId::Hashboards => Bus::Hashboards,
            BusId::Supply => Bus::Supply,
        };
        let mut read = vec![0; usize::from(transfer.read)];
        let done =
            lock(&self.machine).i2c_transfer(now, bus, transfer.address, transfer.write, &mut read);
        let bytes = 1 + transfer.write.len() + read.len();
        let at = now + BYTE * bytes as u32; // a transaction is short
        let result = match done {
            Ok(()) => Ok(read),
            Err(I2cFault::Nack) => Err(BusError::Nack),
            Err(I2cFault::Stuck) => Err(BusError::Stuck),
        };
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
struct EmulatedFans {
    machine: Shared,
    full: FanOverride,
    ordered: Duty,
    count: u8,
    next: Instant,
}

impl EmulatedFans {
    fn new(machine: Shared, full: FanOverride, count: u8) -> Self {
        EmulatedFans {
            machine,
            full,
            ordered: Duty::FULL,
            count,
            next: Instant::ZERO,
        }
    }

    fn drive(&mut self, now: Instant) {
        let duty = if self.full.is_on() {
            Duty::FULL
        } else {
            self.ordered
        };
        lock(&self.machine).set_fan_duty(now, duty.percent());
    }
}

impl FanPort for EmulatedFans {
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
        let mut machine = lock(&self.machine);
        machine.advance(now);
        events.extend((0..self.count).map(|fan| FanEvent::Speed {
            fan,
            rpm: Rpm::new(machine.fan_rpm(fan)),
            at: now,
        }));
    }

    fn next_event(&self) -> Option<Instant> {
        Some(self.next)
    }
}

/// Lines of the processor's own pins.
struct EmulatedLines {
    machine: Shared,
    full: FanOverride,
}

impl Lines for EmulatedLines {
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        lock(&self.machine).set_supply_enable(now, on);
        Ok(())
    }

    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        lock(&self.machine).set_reset(now, slot, asserted);
        Ok(())
    }

    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32> {
        self.full.set(full);
        if full {
            lock(&self.machine).set_fan_duty(now, 100);
        }
        Ok(())
    }
}

/// Plug detection.
struct EmulatedPlugs(Shared);

impl Plugs for EmulatedPlugs {
    fn present(&mut self, _: Instant, slot: ChainSlot) -> Result<bool, i32> {
        Ok(lock(&self.0).plugged(slot))
    }
}
