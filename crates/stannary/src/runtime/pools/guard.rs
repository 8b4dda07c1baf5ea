//! What stands between a session's plaintext and the wire, once it is established.

/// Turns plaintext into wire bytes and back. Not called by two threads at a time.
pub(in crate::runtime) trait Guard: Send {
    /// Bytes came off the wire, no more than [`READ_BYTES`] at once and none at first: add the
    /// plaintext in them to `plain`, and what the protection itself must answer to `wire`.
    /// What is added and what is kept is bounded by a small multiple of what came.
    fn receive(
        &mut self,
        bytes: &[u8],
        plain: &mut Vec<u8>,
        wire: &mut Vec<u8>,
    ) -> Result<Received, String>;

    /// Add to `wire` what carries `plain`.
    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<(), String>;

    /// Whether plaintext is what goes over the wire.
    fn is_plain(&self) -> bool {
        false
    }

    /// Add to `wire` what says that nothing more will come.
    fn close(&mut self, _wire: &mut Vec<u8>) {}
}

/// Most bytes in one read of a connection.
pub(in crate::runtime) const READ_BYTES: usize = 16 * 1024;

/// Whether more can come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::runtime) enum Received {
    /// Yes.
    More,
    /// No: the other side has ended the protected stream in an orderly way.
    Ended,
}

/// Nothing: the bytes are the wire's.
pub(super) struct Plain;

impl Guard for Plain {
    fn receive(
        &mut self,
        bytes: &[u8],
        plain: &mut Vec<u8>,
        _wire: &mut Vec<u8>,
    ) -> Result<Received, String> {
        plain.extend_from_slice(bytes);
        Ok(Received::More)
    }

    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<(), String> {
        wire.extend_from_slice(plain);
        Ok(())
    }

    fn is_plain(&self) -> bool {
        true
    }
}
