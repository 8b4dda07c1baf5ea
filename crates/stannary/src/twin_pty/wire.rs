//! The chips' end of what a driver has open, whatever that is.

use std::time::Duration;

use anyhow::Result;

use super::port::{Change, Port};

/// A pseudo-terminal, or a socket.
pub(crate) trait Wire {
    /// Somebody has it open, as far as it is known.
    fn is_open(&self) -> bool;
    /// Wait until there is something to read, or as long as this.
    fn wait(&self, limit: Duration) -> Result<()>;
    /// Whether it was opened or closed since the last call.
    fn change(&mut self) -> Result<Option<Change>>;
    /// The speed that the driver chose; `None` while it has what nobody chose.
    fn speed(&self) -> Result<Option<u32>>;
    /// What the driver wrote.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
    /// Give bytes to the driver; returns how many were taken.
    fn write(&mut self, bytes: &[u8]) -> Result<usize>;
}

impl Wire for Port {
    fn is_open(&self) -> bool {
        Port::is_open(self)
    }

    fn wait(&self, limit: Duration) -> Result<()> {
        Port::wait(self, limit)
    }

    fn change(&mut self) -> Result<Option<Change>> {
        Port::change(self)
    }

    fn speed(&self) -> Result<Option<u32>> {
        Port::speed(self)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Port::read(self, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Port::write(self, bytes)
    }
}
