//! Reading messages of the name service (RFC 1035): what multicast and plain questions have in common.

/// A message, read from one place to the next; `None` is past its end.
#[derive(Clone, Debug)]
pub struct DnsReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> DnsReader<'a> {
    /// From the message's beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        DnsReader { bytes, at: 0 }
    }

    /// How far it was read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Go on elsewhere in the message; `None` if it ends before that.
    pub fn go_to(&mut self, at: usize) -> Option<()> {
        (at <= self.bytes.len()).then(|| self.at = at)
    }

    /// The next so many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    /// The next two.
    pub fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_be_bytes([b[0], b[1]]))
    }

    /// The next four.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }

    /// The labels of a name, each given to `label`, which says `None` to one that it does not want. A pointer
    /// must lead to before where the name, or the last pointer's target, began: so it ends.
    pub fn name(&mut self, mut label: impl FnMut(&'a [u8]) -> Option<()>) -> Option<()> {
        let mut lowest = self.at;
        // Where to go on reading after the name, once a pointer was followed.
        let mut after = None;
        loop {
            let size = self.u8()?;
            match size {
                0 => break,
                1..=63 => label(self.take(usize::from(size))?)?,
                0xC0.. => {
                    let target = usize::from(size & 0x3F) << 8 | usize::from(self.u8()?);
                    after.get_or_insert(self.at);
                    if target >= lowest {
                        return None;
                    }
                    lowest = target;
                    self.at = target;
                }
                _ => return None,
            }
        }
        if let Some(after) = after {
            self.at = after;
        }
        Some(())
    }
}
