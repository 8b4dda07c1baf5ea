//! The UART link: a decoder that finds responses in a byte stream with damage in it.
//!
//! Terms: a *candidate* is a place where a whole response with preamble, valid kind and
//! valid checksum stands. A *damaged run* is a longest row of bytes between two responses
//! that no response explains.
//!
//! Invariants: the buffer never holds more than [`HOLD`] bytes between calls; a response
//! is delivered once; every byte is either part of a delivered response, of a counted
//! run, or still held. After damage at most the damaged frame and one more are lost; on
//! BM1387, which has no preamble, at most four (rates: `docs/chips/wire-damage.md`).
//!
//! CRC5 is weak: one random candidate in 128 passes. So where candidates overlap, which
//! takes a preamble inside a frame, the decoder waits for what follows and takes the
//! reading that explains more bytes. A false reading that still passes is caught where
//! nonces are verified.
//!
//! BM1387 frames touch: where one ends the next begins, and any byte may begin one. While
//! frames follow each other the decoder delivers each with its last byte. A place where
//! none stands ends that: it then takes a frame only if, of all readings of the next five
//! frames' length, one that begins with it explains most. Silence, too, is a place where a
//! frame begins.

use crate::{ChainResponse, Dialect, ResponseLength};

/// Bytes held back at most: of frames with preamble, a candidate, one that begins at its
/// last byte, and a third behind it, so that two readings can be compared; of frames
/// without, five.
pub const HOLD: usize = 5 * 7;

/// Finds responses in a byte stream.
#[derive(Clone, Debug)]
pub struct UartDecoder {
    length: ResponseLength,
    held: Vec<u8>,
    in_run: bool,
    /// A frame begins at the first byte that is held. Used where no preamble tells.
    aligned: bool,
    damaged: u64,
}

impl UartDecoder {
    /// A decoder for responses of this length.
    pub fn new(length: ResponseLength) -> Self {
        UartDecoder {
            length,
            held: Vec::new(),
            in_run: false,
            aligned: true,
            damaged: 0,
        }
    }

    /// Responses have this length from now on, bytes that are held included.
    pub fn set_length(&mut self, length: ResponseLength) {
        self.length = length;
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
        self.aligned = true;
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
        self.aligned = true;
    }

    fn take(&mut self, quiet: bool, out: &mut Vec<ChainResponse>) {
        let mut at = 0;
        loop {
            let rest = &self.held[at..];
            match self.next(rest, quiet) {
                Next::Frame(response) => {
                    self.in_run = false;
                    self.aligned = true;
                    out.push(response);
                    at += self.length.bytes();
                }
                Next::Skip => {
                    self.damaged += u64::from(!self.in_run);
                    self.in_run = true;
                    self.aligned = false;
                    at += 1;
                }
                Next::Wait => break,
            }
        }
        self.held.drain(..at);
    }

    fn next(&self, rest: &[u8], quiet: bool) -> Next {
        let len = self.length.bytes();
        if rest.is_empty() || (!quiet && self.could_begin(rest) && rest.len() < len) {
            return Next::Wait;
        }
        let window = self.window();
        let bare = self.length.dialect() == Dialect::Bm1387;
        let candidate = self.candidate(rest);
        if bare && !self.aligned && !quiet && rest.len() < window {
            return Next::Wait;
        }
        let Some(response) = candidate else {
            return Next::Skip;
        };
        let rivals = if bare {
            !self.aligned
        } else {
            // Only a preamble inside the candidate can begin a rival.
            (1..len).any(|k| self.could_begin(&rest[k..]))
        };
        if !rivals {
            return Next::Frame(response);
        }
        if !quiet && rest.len() < window {
            return Next::Wait;
        }
        let seen = &rest[..rest.len().min(window)];
        let taken = self.frame_score(&seen[len..], self.score(&seen[len..]));
        let skipped = self.score(&seen[1..]);
        if skipped > taken {
            Next::Skip
        } else {
            Next::Frame(response)
        }
    }

    /// Bytes that are looked at where readings compete.
    fn window(&self) -> usize {
        match self.length.dialect() {
            Dialect::Bm1387 => 5 * self.length.bytes(),
            Dialect::Bm139x => 3 * self.length.bytes(),
        }
    }

    fn candidate(&self, rest: &[u8]) -> Option<ChainResponse> {
        let frame = rest.get(..self.length.bytes())?;
        let dialect = self.length.dialect();
        let body = frame.strip_prefix(dialect.response_preamble())?;
        ChainResponse::decode(dialect, body).ok()
    }

    /// How well `window` can be explained by frames that do not overlap: by bytes first,
    /// then by how few frames are followed by damage. A frame that begins in the window
    /// and reaches past it explains what is inside.
    fn score(&self, window: &[u8]) -> usize {
        let len = self.length.bytes();
        // The shortest beginning that tells something.
        let told = self.length.dialect().response_preamble().len().max(1);
        let mut best = [0usize; HOLD + 1];
        for at in (0..window.len()).rev() {
            let rest = &window[at..];
            let here = if rest.len() >= len && self.candidate(rest).is_some() {
                self.frame_score(&rest[len..], best[at + len])
            } else if (told..len).contains(&rest.len()) && self.could_begin(rest) {
                rest.len() * BYTE
            } else {
                0
            };
            best[at] = here.max(best[at + 1]);
        }
        best[0]
    }

    fn frame_score(&self, after: &[u8], rest: usize) -> usize {
        let damage_follows = match self.length.dialect() {
            // Anything could begin a frame: a whole one must.
            Dialect::Bm1387 => {
                after.len() >= self.length.bytes() && self.candidate(after).is_none()
            }
            Dialect::Bm139x => !after.is_empty() && !self.could_begin(after),
        };
        self.length.bytes() * BYTE + rest - usize::from(damage_follows)
    }

    /// A preamble, or as much of one as there is.
    fn could_begin(&self, bytes: &[u8]) -> bool {
        let preamble = self.length.dialect().response_preamble();
        let n = bytes.len().min(preamble.len());
        !bytes.is_empty() && bytes[..n] == preamble[..n]
    }
}

/// Worth of an explained byte, against one for a frame followed by damage.
const BYTE: usize = 16;

enum Next {
    Frame(ChainResponse),
    Skip,
    Wait,
}
