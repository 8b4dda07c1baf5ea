//! The HAL whose hardware is a twin.
//!
//! The same pacing ports that drive real devices ([`hal::PacedUart`], [`hal::PacedSpi`], [`hal::FpgaPort`])
//! run over a [`TwinMachine`] shared by all of them. The lock is held for single calls
//! only, so that shells may use one thread per port; a simulation on one thread never
//! waits for it.
//!
//! [`ports`] gives chains alone, with a switch for each slot's power. [`machine_ports`] gives a
//! whole machine: its buses, fans and lines, the dead man included. [`remote`] gives the same
//! of a twin in a process of its own.

mod machine;
mod pins;
pub mod remote;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use machine::machine_ports;

use hal::{
    Beats, BoardEvent, BoardOp, BoardPort, FpgaPort, LinkError, LinkPort, MachinePorts,
    OpenCorePort, Order, PacedSpi, PacedUart, Refusal, RegisterWindow, SerialPort, SpiDevice,
    SpiTransfer,
};
use twin::machine::{CoreMap, Link, TwinMachine};
use units::{ChainSlot, Instant};

use pins::Pins;

/// The links of a machine, of either kind, and a switch for each slot's power.
pub fn ports(machine: Arc<Mutex<TwinMachine>>) -> MachinePorts {
    let wiring = Wiring::of(&machine);
    MachinePorts {
        links: links(&machine, &wiring),
        buses: Vec::new(),
        fans: None,
        board: Box::new(EmulatedBoard(machine)),
        beats: Beats::default(),
    }
}

/// The slots of a machine, and how its chains are reached.
struct Wiring {
    slots: Vec<ChainSlot>,
    link: Link,
    cores: Option<CoreMap>,
}

impl Wiring {
    fn of(machine: &Mutex<TwinMachine>) -> Self {
        let machine = lock(machine);
        Wiring {
            slots: machine.slots().to_vec(),
            link: machine.link(),
            cores: machine.core_map().cloned(),
        }
    }
}

fn links<P: Pins>(pins: &P, wiring: &Wiring) -> Vec<Box<dyn LinkPort + Send>> {
    let slots = &wiring.slots;
    if let Some(cores) = &wiring.cores {
        let cores = slots.iter().zip(&cores.chains);
        let port = |(slot, base): (&ChainSlot, &u32)| {
            let window = EmulatedCore::new(pins.clone(), *base);
            Box::new(OpenCorePort::new(*slot, window)) as Box<dyn LinkPort + Send>
        };
        return cores.map(port).collect();
    }
    match wiring.link {
        Link::FpgaFifo => {
            let window = EmulatedWindow(pins.clone());
            vec![Box::new(FpgaPort::new(slots, window))]
        }
        Link::FpgaFifoS9 => {
            let window = EmulatedWindow(pins.clone());
            vec![Box::new(FpgaPort::s9(slots, window))]
        }
        Link::Uart => slots
            .iter()
            .map(|slot| {
                let serial = EmulatedSerial {
                    pins: pins.clone(),
                    slot: *slot,
                };
                Box::new(PacedUart::new(*slot, serial)) as Box<dyn LinkPort + Send>
            })
            .collect(),
        Link::SpiWords => slots
            .iter()
            .map(|slot| {
                let device = EmulatedSpi {
                    pins: pins.clone(),
                    slot: *slot,
                };
                Box::new(PacedSpi::new(*slot, device)) as Box<dyn LinkPort + Send>
            })
            .collect(),
    }
}

/// A thread that panicked while it held the lock is reported elsewhere; the machine's
/// state is plain data and stays usable.
fn lock(machine: &Mutex<TwinMachine>) -> MutexGuard<'_, TwinMachine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One chain's UART.
struct EmulatedSerial<P> {
    pins: P,
    slot: ChainSlot,
}

impl<P: Pins> SerialPort for EmulatedSerial<P> {
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError> {
        let taken = self.pins.uart_write(now, self.slot, bytes);
        taken.map_err(LinkError::Device)
    }

    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError> {
        let read = self.pins.uart_read(now, self.slot, buffer);
        read.map_err(LinkError::Device)
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError> {
        let set = self.pins.uart_set_baud(now, self.slot, bits_per_s);
        set.map_err(LinkError::Device)
    }

    fn next_event(&self) -> Option<Instant> {
        self.pins.uart_next_event(self.slot)
    }
}

/// One chain's chip select.
struct EmulatedSpi<P> {
    pins: P,
    slot: ChainSlot,
}

impl<P: Pins> SpiDevice for EmulatedSpi<P> {
    fn transfer(&mut self, now: Instant, transfer: SpiTransfer<'_>) -> Result<(), LinkError> {
        let SpiTransfer {
            clock_hz, bytes, ..
        } = transfer;
        let done = self.pins.spi(now, self.slot, clock_hz, bytes);
        done.map_err(LinkError::Device)
    }
}

/// The FPGA's registers. A window cannot fail: where nobody is behind it any more it reads 0,
/// at which the I2C engine is never ready and every fan stands, and takes what is written.
#[derive(Clone)]
struct EmulatedWindow<P>(P);

impl<P: Pins> RegisterWindow for EmulatedWindow<P> {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        self.0.register_read(now, offset).unwrap_or(0)
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        let _ = self.0.register_write(now, offset, value);
    }

    fn write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        let _ = self.0.fifo_write(now, offset, words);
    }
}

/// A core of the open design, from its address on. Where nobody is behind it any more it reads
/// ones, as a bus on which nobody answers: FIFOs are empty one way and full the other.
struct EmulatedCore<P> {
    pins: P,
    base: u32,
    fault: Option<i32>,
}

impl<P> EmulatedCore<P> {
    fn new(pins: P, base: u32) -> Self {
        EmulatedCore {
            pins,
            base,
            fault: None,
        }
    }

    fn keep<T>(&mut self, done: Result<T, i32>) -> Option<T> {
        match done {
            Ok(value) => Some(value),
            Err(errno) => {
                self.fault = Some(errno);
                None
            }
        }
    }
}

impl<P: Pins> RegisterWindow for EmulatedCore<P> {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        let read = self.pins.register_read(now, self.base + offset);
        self.keep(read).unwrap_or(u32::MAX)
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        let done = self.pins.register_write(now, self.base + offset, value);
        self.keep(done);
    }

    fn write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        let done = self.pins.fifo_write(now, self.base + offset, words);
        self.keep(done);
    }

    fn take_fault(&mut self) -> Option<i32> {
        self.fault.take()
    }
}

/// Rails, resets and plug detection.
struct EmulatedBoard(Arc<Mutex<TwinMachine>>);

impl BoardPort for EmulatedBoard {
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>) {
        let mut machine = lock(&self.0);
        match op {
            BoardOp::Rail { slot, on } => machine.set_rail(now, slot, on),
            BoardOp::Order(Order::Reset { slot, asserted }) => {
                machine.set_reset(now, slot, asserted);
            }
            // Nobody keeps any other line here.
            BoardOp::Order(order) => events.push(BoardEvent::Refused(order, Refusal::NoLine)),
            BoardOp::ReadPlug { slot } => {
                machine.advance(now);
                let present = machine.plugged(slot);
                events.push(BoardEvent::Plug { slot, present });
            }
        }
    }

    fn poll(&mut self, _: Instant, _: &mut Vec<BoardEvent>) {}

    fn next_event(&self) -> Option<Instant> {
        None
    }
}
