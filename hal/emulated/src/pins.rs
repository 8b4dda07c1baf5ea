//! The host's end of every line between a control board and a twin, wherever the twin is.
//!
//! A twin in this process is behind a lock, which is held for single calls only. One in a
//! process of its own is behind a socket ([`crate::remote`]) and may go away: that is an errno
//! here, as it would be of a device.

use std::sync::{Arc, Mutex};

use hal::{BusError, BusId, I2cTransfer};
use twin::machine::TwinMachine;
use twin::parts::{Bus, I2cFault};
use units::{ChainSlot, Instant};

use crate::lock;

/// What can be done at a control board's pins. Each port has one of its own: a clone.
pub(crate) trait Pins: Clone + Send + 'static {
    /// Write to a chain's UART; how many bytes it took.
    fn uart_write(&mut self, now: Instant, slot: ChainSlot, bytes: &[u8]) -> Result<usize, i32>;
    /// Read from it; how many bytes there were.
    fn uart_read(&mut self, now: Instant, slot: ChainSlot, buffer: &mut [u8])
    -> Result<usize, i32>;
    /// Set its baud rate.
    fn uart_set_baud(&mut self, now: Instant, slot: ChainSlot, bits_per_s: u32) -> Result<(), i32>;
    /// When it may have something to read.
    fn uart_next_event(&self, slot: ChainSlot) -> Option<Instant>;
    /// Exchange bytes with a chain behind SPI.
    fn spi(
        &mut self,
        now: Instant,
        slot: ChainSlot,
        clock_hz: u32,
        bytes: &mut [u8],
    ) -> Result<(), i32>;
    /// Read a register of the FPGA.
    fn register_read(&mut self, now: Instant, offset: u32) -> Result<u32, i32>;
    /// Write a register of the FPGA.
    fn register_write(&mut self, now: Instant, offset: u32, value: u32) -> Result<(), i32>;
    /// Write words one after another to the same register.
    fn fifo_write(&mut self, now: Instant, offset: u32, words: &[u32]) -> Result<(), i32>;
    /// One transaction on a bus of the processor.
    fn i2c(&mut self, now: Instant, transfer: I2cTransfer<'_>) -> Result<Vec<u8>, BusError>;
    /// Drive the fans that hang on the processor.
    fn set_fan_duty(&mut self, now: Instant, percent: u8) -> Result<(), i32>;
    /// Turns per minute of so many fans.
    fn fan_speeds(&mut self, now: Instant, count: u8) -> Result<Vec<u32>, i32>;
    /// Drive the supply's enable line.
    fn set_supply_enable(&mut self, now: Instant, on: bool) -> Result<(), i32>;
    /// Drive a board's reset line.
    fn set_reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32>;
    /// A board is plugged in.
    fn plugged(&mut self, now: Instant, slot: ChainSlot) -> Result<bool, i32>;
}

/// The twin in this process; no call fails.
impl Pins for Arc<Mutex<TwinMachine>> {
    fn uart_write(&mut self, now: Instant, slot: ChainSlot, bytes: &[u8]) -> Result<usize, i32> {
        Ok(lock(self).uart_write(now, slot, bytes))
    }

    fn uart_read(
        &mut self,
        now: Instant,
        slot: ChainSlot,
        buffer: &mut [u8],
    ) -> Result<usize, i32> {
        Ok(lock(self).uart_read(now, slot, buffer))
    }

    fn uart_set_baud(&mut self, now: Instant, slot: ChainSlot, bits_per_s: u32) -> Result<(), i32> {
        lock(self).uart_set_baud(now, slot, bits_per_s);
        Ok(())
    }

    fn uart_next_event(&self, slot: ChainSlot) -> Option<Instant> {
        lock(self).uart_next_event(slot)
    }

    fn spi(
        &mut self,
        now: Instant,
        slot: ChainSlot,
        clock_hz: u32,
        bytes: &mut [u8],
    ) -> Result<(), i32> {
        lock(self).spi_transfer(now, slot, clock_hz, bytes);
        Ok(())
    }

    fn register_read(&mut self, now: Instant, offset: u32) -> Result<u32, i32> {
        Ok(lock(self).fpga_read32(now, offset))
    }

    fn register_write(&mut self, now: Instant, offset: u32, value: u32) -> Result<(), i32> {
        lock(self).fpga_write32(now, offset, value);
        Ok(())
    }

    fn fifo_write(&mut self, now: Instant, offset: u32, words: &[u32]) -> Result<(), i32> {
        lock(self).fpga_write_fifo(now, offset, words);
        Ok(())
    }

    fn i2c(&mut self, now: Instant, transfer: I2cTransfer<'_>) -> Result<Vec<u8>, BusError> {
        let bus = match transfer.bus {
            BusId::Hashboards => Bus::Hashboards,
            BusId::Supply => Bus::Supply,
        };
        let mut read = vec![0; usize::from(transfer.read)];
        let done = lock(self).i2c_transfer(now, bus, transfer.address, transfer.write, &mut read);
        match done {
            Ok(()) => Ok(read),
            Err(I2cFault::Nack) => Err(BusError::Nack),
            Err(I2cFault::Stuck) => Err(BusError::Stuck),
        }
    }

    fn set_fan_duty(&mut self, now: Instant, percent: u8) -> Result<(), i32> {
        lock(self).set_fan_duty(now, percent);
        Ok(())
    }

    fn fan_speeds(&mut self, now: Instant, count: u8) -> Result<Vec<u32>, i32> {
        let mut machine = lock(self);
        machine.advance(now);
        Ok((0..count).map(|fan| machine.fan_rpm(fan)).collect())
    }

    fn set_supply_enable(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        lock(self).set_supply_enable(now, on);
        Ok(())
    }

    fn set_reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        lock(self).set_reset(now, slot, asserted);
        Ok(())
    }

    fn plugged(&mut self, now: Instant, slot: ChainSlot) -> Result<bool, i32> {
        let mut machine = lock(self);
        machine.advance(now);
        Ok(machine.plugged(slot))
    }
}
