//! What a bus runs on: something that does one I2C transaction at a time.

use units::Instant;

use crate::{BusError, BusId};

/// One transaction: START, address, `write`; if `read` is not zero, a (repeated) START and so
/// many bytes; STOP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct I2cTransfer<'a> {
    /// The bus, for masters that serve more than one.
    pub bus: BusId,
    /// Seven-bit address.
    pub address: u8,
    /// Bytes to write.
    pub write: &'a [u8],
    /// Bytes to read.
    pub read: u16,
}

/// An I2C master: a Linux bus, an FPGA's engine, or a twin. It need not know time limits of
/// lists; it must know when its own hardware is stuck.
pub trait I2cMaster {
    /// Whether it can do such a transaction at all.
    fn can(&self, transfer: I2cTransfer<'_>) -> bool;
    /// Start one. Called only while none is in flight. A master that blocks does all of it
    /// here, with a bound of its own.
    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>);
    /// The result of the one in flight, once: the bytes read, exactly as many as asked for.
    /// A transaction that cannot even be started says so here.
    fn poll(&mut self, now: Instant) -> Option<Result<Vec<u8>, BusError>>;
    /// Nobody waits for the one in flight any longer: its result is lost. The next may begin
    /// at once; if the hardware is not free yet, the master waits for it.
    fn abort(&mut self, now: Instant);
    /// When [`poll`](Self::poll) may have news; the past means at once.
    fn next_event(&self) -> Option<Instant>;
}

impl<M: I2cMaster + ?Sized> I2cMaster for Box<M> {
    fn can(&self, transfer: I2cTransfer<'_>) -> bool {
        (**self).can(transfer)
    }

    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>) {
        (**self).begin(now, transfer);
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Vec<u8>, BusError>> {
        (**self).poll(now)
    }

    fn abort(&mut self, now: Instant) {
        (**self).abort(now);
    }

    fn next_event(&self) -> Option<Instant> {
        (**self).next_event()
    }
}
