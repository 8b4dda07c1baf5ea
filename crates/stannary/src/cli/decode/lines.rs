//! Lines of an input that may never end and need not be text.

use std::io::{self, BufRead};

/// A line is taken in pieces of at most this many bytes: `xxd -p -c 0` writes a whole
/// recording into one.
const PIECE_MAX: usize = 1 << 16;

/// A line or a piece of one.
#[derive(Debug)]
pub(super) struct Piece {
    /// Line number, from 1.
    pub(super) number: u64,
    /// Characters of the line before this piece.
    pub(super) before: usize,
    /// The text; what is not text stands as the replacement character.
    pub(super) text: String,
}

/// Reads pieces.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    before: usize,
    /// The end of a piece, which begins the next.
    kept: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Lines {
            input,
            number: 1,
            before: 0,
            kept: Vec::new(),
        }
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        let mut bytes = std::mem::take(&mut self.kept);
        let ended = loop {
            let room = PIECE_MAX.saturating_sub(bytes.len());
            let there = match self.input.fill_buf() {
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if there.is_empty() {
                if bytes.is_empty() {
                    return Ok(None);
                }
                break true;
            }
            let there = there.get(..room).unwrap_or(there);
            let newline = there.iter().position(|b| *b == b'\n');
            let take = newline.map_or(there.len(), |at| at + 1);
            bytes.extend_from_slice(&there[..take]);
            self.input.consume(take);
            if newline.is_some() {
                break true;
            }
            if bytes.len() >= PIECE_MAX {
                break false;
            }
        };
        if !ended {
            self.kept = bytes.split_off(seam(&bytes));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let piece = Piece {
            number: self.number,
            before: self.before,
            text,
        };
        if ended {
            self.number += 1;
            self.before = 0;
        } else {
            self.before += piece.text.chars().count();
        }
        Ok(Some(piece))
    }
}

/// Where a long line can be cut: behind its last separator, or between two bytes of an
/// endless row of digits.
fn seam(bytes: &[u8]) -> usize {
    let digits = bytes.iter().rev().take_while(|b| b.is_ascii_alphanumeric());
    let tail = digits.count();
    match bytes.len() - tail {
        0 => bytes.len() & !1,
        // Most of it is one word: it may have begun with a prefix, which is of even length.
        start if tail > bytes.len() / 2 => start + (tail & !1),
        start => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(bytes: &[u8]) -> Vec<Piece> {
        let mut lines = Lines::new(bytes);
        std::iter::from_fn(|| lines.next().expect("memory does not fail")).collect()
    }

    #[test]
    fn a_line_without_end_is_cut_between_bytes_and_nothing_is_lost() {
        for unit in ["55aa", "55 aa ", "0x55, 0xaa, "] {
            let whole = unit.repeat(100_000);
            let got = pieces(whole.as_bytes());
            assert!(got.len() > 2);
            assert!(
                got.iter()
                    .all(|p| p.text.len() <= PIECE_MAX && p.number == 1)
            );
            let joined: String = got.iter().map(|p| p.text.as_str()).collect();
            assert_eq!(joined, whole);
            let mut at = 0;
            for piece in &got {
                assert_eq!(piece.before, at);
                at += piece.text.chars().count();
                let digits = piece.text.bytes().filter(u8::is_ascii_hexdigit).count();
                let zeros = piece.text.matches("0x").count();
                assert_eq!((digits - zeros) % 2, 0, "{unit}");
            }
        }
    }

    #[test]
    fn lines_are_numbered_from_one() {
        let got = pieces(b"a\n\nb");
        let numbers: Vec<u64> = got.iter().map(|p| p.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(got[2].text, "b");
    }
}
