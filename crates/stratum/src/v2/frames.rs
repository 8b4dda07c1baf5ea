//! Frames: six bytes of header (extension, message type, length), then the payload.

use binary_sv2::{GetSize, Serialize};
use common_messages_sv2 as common;
use mining_sv2 as mining;

use crate::limits::FRAME_BYTES;

/// Bytes of a header.
const HEADER_BYTES: usize = 6;

/// The bit of the extension type that says: the payload begins with a channel's id.
const CHANNEL_BIT: u16 = 0x8000;

/// One message to us.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Of a type that we know.
    Known { kind: u8, payload: Vec<u8> },
    /// Of an unknown type or extension; its bytes were not kept.
    Foreign,
}

/// A message of a known type that is longer than any such message.
#[derive(Debug)]
pub(crate) struct TooLong {
    pub(crate) kind: u8,
    pub(crate) length: usize,
}

/// Bytes that are not a whole frame yet.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    expects: Expects,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    #[default]
    Header,
    Payload {
        kind: u8,
        length: usize,
    },
    /// So many bytes of a frame that nobody reads.
    Foreign {
        left: usize,
    },
}

/// Take the next frame off the front of `data`, which is empty afterwards if there is none.
/// Not more than [`FRAME_BYTES`] are held.
pub(crate) fn next(partial: &mut Partial, data: &mut &[u8]) -> Result<Option<Frame>, TooLong> {
    loop {
        match partial.expects {
            Expects::Header => {
                if !partial.fill(data, HEADER_BYTES) {
                    return Ok(None);
                }
                partial.expects = expects(&partial.bytes)?;
                partial.bytes.clear();
            }
            Expects::Payload { kind, length } => {
                if !partial.fill(data, length) {
                    return Ok(None);
                }
                partial.expects = Expects::Header;
                let payload = std::mem::take(&mut partial.bytes);
                return Ok(Some(Frame::Known { kind, payload }));
            }
            Expects::Foreign { left } => {
                let skipped = left.min(data.len());
                *data = &data[skipped..];
                if skipped < left {
                    partial.expects = Expects::Foreign {
                        left: left - skipped,
                    };
                    return Ok(None);
                }
                partial.expects = Expects::Header;
                return Ok(Some(Frame::Foreign));
            }
        }
    }
}

impl Partial {
    /// Whether `wanted` bytes are there; takes what is missing from `data`.
    fn fill(&mut self, data: &mut &[u8], wanted: usize) -> bool {
        let missing = wanted.saturating_sub(self.bytes.len()).min(data.len());
        let (taken, rest) = data.split_at(missing);
        self.bytes.extend_from_slice(taken);
        *data = rest;
        self.bytes.len() >= wanted
    }
}

fn expects(header: &[u8]) -> Result<Expects, TooLong> {
    let &[e0, e1, kind, l0, l1, l2] = header else {
        return Ok(Expects::Header);
    };
    let extension = u16::from_le_bytes([e0, e1]) & !CHANNEL_BIT;
    let length = u32::from_le_bytes([l0, l1, l2, 0]) as usize;
    match extension == 0 && is_known(kind) {
        false => Ok(Expects::Foreign { left: length }),
        true if length > FRAME_BYTES => Err(TooLong { kind, length }),
        true => Ok(Expects::Payload { kind, length }),
    }
}

/// Messages from a pool that mean something to a miner.
fn is_known(kind: u8) -> bool {
    matches!(
        kind,
        common::MESSAGE_TYPE_SETUP_CONNECTION_SUCCESS
            | common::MESSAGE_TYPE_SETUP_CONNECTION_ERROR
            | common::MESSAGE_TYPE_RECONNECT
            | mining::MESSAGE_TYPE_OPEN_STANDARD_MINING_CHANNEL_SUCCESS
            | mining::MESSAGE_TYPE_OPEN_MINING_CHANNEL_ERROR
            | mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL_SUCCESS
            | mining::MESSAGE_TYPE_NEW_MINING_JOB
            | mining::MESSAGE_TYPE_UPDATE_CHANNEL_ERROR
            | mining::MESSAGE_TYPE_CLOSE_CHANNEL
            | mining::MESSAGE_TYPE_SET_EXTRANONCE_PREFIX
            | mining::MESSAGE_TYPE_SUBMIT_SHARES_SUCCESS
            | mining::MESSAGE_TYPE_SUBMIT_SHARES_ERROR
            | mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB
            | mining::MESSAGE_TYPE_MINING_SET_NEW_PREV_HASH
            | mining::MESSAGE_TYPE_SET_TARGET
            | mining::MESSAGE_TYPE_SET_GROUP_CHANNEL
    )
}

/// A message of ours as a frame. `channel`: it begins with a channel's id.
pub(crate) fn frame<T: Serialize + GetSize>(kind: u8, channel: bool, message: T) -> Vec<u8> {
    let payload = binary_sv2::to_bytes(message).expect("every part was bounded when it was made");
    let extension = if channel { CHANNEL_BIT } else { 0 };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&extension.to_le_bytes());
    bytes.push(kind);
    // Our longest message takes less than 2 KiB.
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes()[..3]);
    bytes.extend_from_slice(&payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: u8 = mining::MESSAGE_TYPE_SET_TARGET;

    fn all(partial: &mut Partial, mut data: &[u8]) -> Result<Vec<Frame>, TooLong> {
        let mut frames = Vec::new();
        while let Some(frame) = next(partial, &mut data)? {
            frames.push(frame);
        }
        assert!(data.is_empty());
        Ok(frames)
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let bytes = [
            &[0, 0x80, TARGET, 2, 0, 0, 7, 8][..],
            // An extension, a type that is not for us, and nothing in it.
            &[1, 0x80, TARGET, 3, 0, 0, 1, 2, 3],
            &[0, 0, 0x77, 1, 0, 0, 9],
            &[0, 0, TARGET, 0, 0, 0],
        ]
        .concat();
        for piece in 1..=bytes.len() {
            let mut partial = Partial::default();
            let frames: Vec<Frame> = bytes
                .chunks(piece)
                .flat_map(|part| all(&mut partial, part).expect("short frames"))
                .collect();
            let shown = format!("{frames:?}");
            let known = |payload| format!("Known {{ kind: {TARGET}, payload: {payload} }}");
            let expected = format!("[{}, Foreign, Foreign, {}]", known("[7, 8]"), known("[]"));
            assert_eq!(shown, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn a_known_message_above_the_limit_is_refused_at_its_header() {
        let mut header = vec![0, 0x80, TARGET];
        header.extend_from_slice(&(FRAME_BYTES as u32 + 1).to_le_bytes()[..3]);
        let error = all(&mut Partial::default(), &header).expect_err("too long");
        assert_eq!((error.kind, error.length), (TARGET, FRAME_BYTES + 1));
    }

    #[test]
    fn foreign_frames_of_any_length_are_not_held() {
        let mut partial = Partial::default();
        let mut data = vec![2, 0, 0, 0xff, 0xff, 0xff];
        data.resize(6 + 0xff_ffff, 1);
        let frames = all(&mut partial, &data).expect("skipped");
        assert!(matches!(frames[..], [Frame::Foreign]));
        assert!(partial.bytes.capacity() < 100);
    }

    #[test]
    fn our_frames_carry_their_length_and_bit() {
        let message = mining::CloseChannel {
            channel_id: 5,
            reason_code: "bye".try_into().expect("short"),
        };
        let bytes = frame(mining::MESSAGE_TYPE_CLOSE_CHANNEL, true, message);
        let expected = [0, 0x80, 0x18, 8, 0, 0, 5, 0, 0, 0, 3, b'b', b'y', b'e'];
        assert_eq!(bytes, expected);
    }
}
