//! The UART link: a decoder that finds responses in a byte stream with damage in it.
//!
//! Terms: a *candidate* is a place where a whole response with preamble, valid kind and
//! valid checksum stands. A *damaged run* is a longest row of bytes between two responses
//! that no response explains.
//!
//! Invariants: the buffer never holds more than [`HOLD`] bytes between calls; a response
//! is delivered once; every byte is either part of a delivered response, of a counted
//! run, or still held. After damage at most the damaged frame and one more are lost.
//!
//! CRC5 is weak: one random candidate in 128 passes. So where candidates overlap, which
//! takes a preamble inside a frame, the decoder waits for what follows and takes the
//! reading that explains more bytes. A false reading that still passes is caught where
//! nonces are verified.

use crate::response::RESPONSE_PREAMBLE;
use crate::{ChainResponse, ResponseLength};

/// Bytes held back at most: a candidate, one that begins at its last byte, and a third
/// behind it, so that two readings can be compared.
pub const HOLD: usize = 3 * 11;

/// Finds responses in a byte stream.
#[derive(Clone, Debug)]
pub struct UartDecoder {
    length: ResponseLength,
    held: Vec<u8>,
    in_run: bool,
    damaged: u64,
}

impl UartDecoder {
    /// A decoder for responses of this length.
    pub fn new(length: ResponseLength) -> Self {
        UartDecoder {
            length,
            held: Vec::new(),
            in_run: false,
            damaged: 0,
        }
    }

    /// Consumes bytes, cut anywhere, and appends the responses that are certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<ChainResponse>) {
        for chunk in bytes.chunks(256) {
            self.held.extend_from_slice(chunk);
            self.take(false, out);
        }
    }

    /// The line has been quiet for longer than a frame's gaps can be: what is held is all
    /// there will be. Half a frame becomes damage.
    pub fn settle(&mut self, out: &mut Vec<ChainResponse>) {
        self.take(true, out);
        debug_assert!(self.held.is_empty());
    }

    /// True while bytes are held: [`settle`](Self::settle) is due once the line is quiet.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Damaged runs so far. A run that has begun counts; silence does not end it.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Forget what is held and start anew; the count stays.
    pub fn reset(&mut self) {
        self.held.clear();
    }

    fn take(&mut self, quiet: bool, out: &mut Vec<ChainResponse>) {
        let mut at = 0;
        loop {
            let rest = &self.held[at..];
            match self.next(rest, quiet) {
                Next::Frame(response) => {
                    self.in_run = false;
                    out.push(response);
                    at += self.length.bytes();
                }
                Next::Skip => {
                    self.damaged += u64::from(!self.in_run);
                    self.in_run = true;
                    at += 1;
                }
                Next::Wait => break,
            }
        }
        self.held.drain(..at);
    }

    fn next(&self, rest: &[u8], quiet: bool) -> Next {
        let len = self.length.bytes();
        if rest.is_empty() || (!quiet && could_begin(rest) && rest.len() < len) {
            return Next::Wait;
        }
        let Some(response) = self.candidate(rest) else {
            return Next::Skip;
        };
        // Only a preamble inside the candidate can begin a rival.
        let Some(_) = (1..len).find(|k| could_begin(&rest[*k..])) else {
            return Next::Frame(response);
        };
        if !quiet && rest.len() < 3 * len {
            return Next::Wait;
        }
        let window = &rest[..rest.len().min(3 * len)];
        let taken = frame_score(len, &window[len..], self.score(&window[len..]));
        let skipped = self.score(&window[1..]);
        if skipped > taken {
            Next::Skip
        } else {
            Next::Frame(response)
        }
    }

    fn candidate(&self, rest: &[u8]) -> Option<ChainResponse> {
        let frame = rest.get(..self.length.bytes())?;
        let body = frame.strip_prefix(&RESPONSE_PREAMBLE)?;
        ChainResponse::decode(body).ok()
    }

    /// How well `window` can be explained by frames that do not overlap: by bytes first,
    /// then by how few frames are followed by damage. A frame that begins in the window
    /// and reaches past it explains what is inside.
    fn score(&self, window: &[u8]) -> usize {
        let len = self.length.bytes();
        let mut best = [0usize; HOLD + 1];
        for at in (0..window.len()).rev() {
            let rest = &window[at..];
            let here = if rest.len() >= len && self.candidate(rest).is_some() {
                frame_score(len, &rest[len..], best[at + len])
            } else if (2..len).contains(&rest.len()) && could_begin(rest) {
                rest.len() * BYTE
            } else {
                0
            };
            best[at] = here.max(best[at + 1]);
        }
        best[0]
    }
}

/// Worth of an explained byte, against one for a frame followed by damage.
const BYTE: usize = 16;

fn frame_score(len: usize, after: &[u8], rest: usize) -> usize {
    let damage_follows = !after.is_empty() && !could_begin(after);
    len * BYTE + rest - usize::from(damage_follows)
}

enum Next {
    Frame(ChainResponse),
    Skip,
    Wait,
}

/// A preamble, or as much of one as there is.
fn could_begin(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [first] => *first == RESPONSE_PREAMBLE[0],
        [first, second, ..] => [*first, *second] == RESPONSE_PREAMBLE,
    }
}
