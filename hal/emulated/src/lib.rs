//! The HAL whose hardware is a twin.
//!
//! The same pacing ports that drive real devices ([`hal::PacedUart`], [`hal::FpgaPort`])
//! run over a [`TwinMachine`] shared by all of them. The lock is held for single calls
//! only, so that shells may use one thread per port; a simulation on one thread never
//! waits for it.
//!
//! [`ports`] gives chains alone, with a switch for each slot's power. [`machine_ports`] gives a
//! whole machine: its buses, fans and lines, the dead man included.

mod machine;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use machine::machine_ports;

use hal::{
    Beats, BoardEvent, BoardOp, BoardPort, FpgaPort, LinkError, LinkPort, MachinePorts, Order,
    PacedUart, Refusal, RegisterWindow, SerialPort,
};
use twin::machine::{Link, TwinMachine};
use units::{ChainSlot, Instant};

/// The links of a machine, of either kind, and a switch for each slot's power.
pub fn ports(machine: Arc<Mutex<TwinMachine>>) -> MachinePorts {
    MachinePorts {
        links: links(&machine),
        buses: Vec::new(),
        fans: None,
        board: Box::new(EmulatedBoard(machine)),
        beats: Beats::default(),
    }
}

fn links(machine: &Arc<Mutex<TwinMachine>>) -> Vec<Box<dyn LinkPort + Send>> {
    let (slots, link) = {
        let machine = lock(machine);
        (machine.slots().to_vec(), machine.link())
    };
    match link {
        Link::FpgaFifo => {
            let window = EmulatedWindow(machine.clone());
            vec![Box::new(FpgaPort::new(&slots, window))]
        }
        Link::Uart => slots
            .iter()
            .map(|slot| {
                let serial = EmulatedSerial {
                    machine: machine.clone(),
                    slot: *slot,
                };
                Box::new(PacedUart::new(*slot, serial)) as Box<dyn LinkPort + Send>
            })
            .collect(),
        // The twin refuses to be made with it.
        Link::FpgaFifoS9 => Vec::new(),
    }
}

/// A thread that panicked while it held the lock is reported elsewhere; the machine's
/// state is plain data and stays usable.
fn lock(machine: &Mutex<TwinMachine>) -> MutexGuard<'_, TwinMachine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One chain's UART.
struct EmulatedSerial {
    machine: Arc<Mutex<TwinMachine>>,
    slot: ChainSlot,
}

impl SerialPort for EmulatedSerial {
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError> {
        Ok(lock(&self.machine).uart_write(now, self.slot, bytes))
    }

    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError> {
        Ok(lock(&self.machine).uart_read(now, self.slot, buffer))
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError> {
        lock(&self.machine).uart_set_baud(now, self.slot, bits_per_s);
        Ok(())
    }

    fn next_event(&self) -> Option<Instant> {
        lock(&self.machine).uart_next_event(self.slot)
    }
}

/// The FPGA's registers.
#[derive(Clone)]
struct EmulatedWindow(Arc<Mutex<TwinMachine>>);

impl RegisterWindow for EmulatedWindow {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        lock(&self.0).fpga_read32(now, offset)
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        lock(&self.0).fpga_write32(now, offset, value);
    }

    fn write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        lock(&self.0).fpga_write_fifo(now, offset, words);
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
            BoardOp::ReadPlug { slot } => events.push(BoardEvent::Plug {
                slot,
                present: machine.plugged(slot),
            }),
        }
    }

    fn poll(&mut self, _: Instant, _: &mut Vec<BoardEvent>) {}

    fn next_event(&self) -> Option<Instant> {
        None
    }
}
