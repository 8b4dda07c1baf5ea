//! A short byte string held in place.

/// At most `MAX` bytes, without allocation: frames move by the thousand per second.
#[derive(Clone, Copy)]
pub struct Bytes<const MAX: usize> {
    len: usize,
    data: [u8; MAX],
}

impl<const MAX: usize> Bytes<MAX> {
    pub(crate) const fn new() -> Self {
        Bytes {
            len: 0,
            data: [0; MAX],
        }
    }

    /// Appends; the frame layouts are fixed, so running out of room is a bug here.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.data[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.data[..self.len]
    }
}

impl<const MAX: usize> core::ops::Deref for Bytes<MAX> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<const MAX: usize> PartialEq for Bytes<MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const MAX: usize> Eq for Bytes<MAX> {}

impl<const MAX: usize> core::fmt::Debug for Bytes<MAX> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice()
            .iter()
            .try_for_each(|b| write!(f, "{b:02x}"))
    }
}
