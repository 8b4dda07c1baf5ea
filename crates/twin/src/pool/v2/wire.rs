//! Frames and fields, little-endian throughout.

/// A client's longest message is an open with two short strings.
const PAYLOAD_MAX: usize = 4096;
const HEADER: usize = 6;

/// Bytes that are no whole frame yet.
#[derive(Debug, Default)]
pub(in crate::pool) struct Frames(Vec<u8>);

/// One message of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) extension: u16,
    pub(super) kind: u8,
    pub(super) payload: Vec<u8>,
}

impl Frames {
    /// Adds bytes and takes out the whole frames. An error if one is too long.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Message>, ()> {
        self.0.extend_from_slice(bytes);
        let mut out = Vec::new();
        while self.0.len() >= HEADER {
            let length =
                usize::from(self.0[3]) | usize::from(self.0[4]) << 8 | usize::from(self.0[5]) << 16;
            if length > PAYLOAD_MAX {
                return Err(());
            }
            if self.0.len() < HEADER + length {
                break;
            }
            let rest = self.0.split_off(HEADER + length);
            let frame = std::mem::replace(&mut self.0, rest);
            out.push(Message {
                extension: u16::from_le_bytes([frame[0], frame[1]]),
                kind: frame[2],
                payload: frame[HEADER..].to_vec(),
            });
        }
        Ok(out)
    }
}

/// The fields of a message, in order. `None` where it is too short.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        Some(self.bytes(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(super) fn f32(&mut self) -> Option<f32> {
        Some(f32::from_bits(self.u32()?))
    }

    /// A length in one byte, and as many bytes.
    pub(super) fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.bytes(usize::from(length))
    }

    pub(super) fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.short()?).into_owned())
    }

    /// All was read.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// A message on its way.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Of this type; `channel` sets the bit that says so.
    pub(super) fn new(kind: u8, channel: bool) -> Self {
        Writer(vec![0, if channel { 0x80 } else { 0 }, kind, 0, 0, 0])
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(super) fn u32(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(super) fn u64(self, value: u64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    /// At most 255 bytes behind their length.
    pub(super) fn short(self, bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(255)];
        self.u8(bytes.len() as u8).raw(bytes)
    }

    /// At most 65,535 bytes behind their length.
    pub(super) fn long(self, bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(65_535)];
        self.u16(bytes.len() as u16).raw(bytes)
    }

    /// None, or one number.
    pub(super) fn maybe(self, value: Option<u32>) -> Self {
        match value {
            None => self.u8(0),
            Some(value) => self.u8(1).u32(value),
        }
    }

    /// The whole frame.
    pub(super) fn frame(mut self) -> Vec<u8> {
        let length = (self.0.len() - HEADER) as u32;
        self.0[3..HEADER].copy_from_slice(&length.to_le_bytes()[..3]);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_wherever_the_bytes_are() {
        let one = Writer::new(0x21, true).u32(7).short(b"ab").frame();
        assert_eq!(one, [0, 0x80, 0x21, 7, 0, 0, 7, 0, 0, 0, 2, b'a', b'b']);
        let two = [one.clone(), one].concat();
        for piece in 1..two.len() {
            let mut frames = Frames::default();
            let cut = two.chunks(piece);
            let all: Vec<Message> = cut.flat_map(|p| frames.take(p).expect("short")).collect();
            assert_eq!(all.len(), 2);
            let mut fields = Fields(&all[1].payload);
            assert_eq!(fields.u32(), Some(7));
            assert_eq!(fields.text().as_deref(), Some("ab"));
            assert_eq!((fields.end(), fields.u8()), (Some(()), None));
        }
        let long = [0, 0, 0, 1, 0x10, 0];
        assert_eq!(Frames::default().take(&long), Err(()));
    }
}
