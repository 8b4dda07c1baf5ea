//! Bytes of a wire, as they come, cut into frames and what stands between them.
//!
//! Invariants: every byte is in exactly one piece, pieces come in order, and no damage
//! hides a whole frame behind it. Little is held: an unfinished frame and
//! [`UNEXPLAINED_MAX`] bytes that nothing explains.

use std::collections::VecDeque;

use protocol::explain::{Direction, Start, ended, preamble, start, stated_length};
use protocol::job::Job;
use protocol::{ChainResponse, Command, Dialect, Profile};

/// Bytes that nothing explains are given out at this many, so that an endless recording of
/// something else fills no memory. Many times the longest frame.
const UNEXPLAINED_MAX: usize = 4096;

/// Longest frame that is guarded by five bits: a register write with preamble.
const SHORT_MAX: usize = 11;

/// A part of the recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    /// A frame, whole or damaged, and which way it goes; nothing for garbage.
    pub(crate) frame: Option<(Direction, FoundBy)>,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The line on which it begins.
    pub(crate) line: u64,
}

/// How the direction of a frame is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FoundBy {
    /// The command line says so.
    Given,
    /// By the frame's preamble.
    Preamble,
    /// The frame is whole when read in this direction.
    Checksum,
    /// It has no preamble and is damaged: its first byte and its length fit best.
    Shape,
}

/// Cuts one stream.
pub(crate) struct Cutter {
    profile: &'static Profile,
    from: Option<Direction>,
    held: Vec<u8>,
    /// Bytes of `held` that no frame begins in.
    at: usize,
    /// Position of `held` in the whole stream.
    base: u64,
    /// Where lines begin in the whole stream, ascending, and their numbers.
    lines: VecDeque<(u64, u64)>,
}

impl Cutter {
    pub(crate) fn new(profile: &'static Profile, from: Option<Direction>) -> Self {
        Cutter {
            profile,
            from,
            held: Vec::new(),
            at: 0,
            base: 0,
            lines: VecDeque::new(),
        }
    }

    /// Takes bytes that stand on `line`.
    pub(crate) fn push(&mut self, bytes: &[u8], line: u64, out: &mut Vec<Piece>) {
        if bytes.is_empty() {
            return;
        }
        let begin = self.base + self.held.len() as u64;
        self.lines.push_back((begin, line));
        self.held.extend_from_slice(bytes);
        self.scan(false, out);
    }

    /// The stream has ended.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        self.scan(true, out);
        self.unexplained(self.held.len(), out);
        self.forget(self.held.len());
    }

    fn scan(&mut self, last: bool, out: &mut Vec<Piece>) {
        // Bytes before this are done with; they are dropped together at the end.
        let mut done = 0;
        while self.at < self.held.len() {
            match self.begins(self.at, last) {
                Begin::Frame(length, direction) => {
                    self.loose(done..self.at, out);
                    let end = self.at + length;
                    let by = match (self.from, preamble(self.profile, direction)) {
                        (Some(_), _) => FoundBy::Given,
                        (None, []) => FoundBy::Checksum,
                        (None, _) => FoundBy::Preamble,
                    };
                    out.push(self.piece(self.at..end, Some((direction, by))));
                    self.at = end;
                    done = end;
                }
                Begin::Wait => break,
                Begin::Nothing => self.at += 1,
            }
            if self.at - done >= UNEXPLAINED_MAX {
                self.loose(done..self.at, out);
                done = self.at;
            }
        }
        self.forget(done);
    }

    fn begins(&self, at: usize, last: bool) -> Begin {
        let rest = &self.held[at..];
        let mut wait = false;
        // A command is known by header, length and checksum, an answer without preamble by
        // its checksum alone: who may be a command is waited for.
        for direction in directions(self.from) {
            match start(self.profile, direction, rest) {
                Start::Frame(length) if !wait => match self.outdone(at, length, direction, last) {
                    Some(true) => {}
                    Some(false) => return Begin::Frame(length, direction),
                    None => wait = true,
                },
                Start::Incomplete if last => {
                    if let Some(length) = ended(self.profile, direction, rest) {
                        return Begin::Frame(length, direction);
                    }
                }
                Start::Incomplete | Start::Frame(_) => wait = true,
                Start::Nothing => {}
            }
        }
        match wait {
            true => Begin::Wait,
            false => Begin::Nothing,
        }
    }

    /// Whether a frame that begins inside this one is the likelier of the two: a checksum of
    /// five bits fits a broken frame and the beginning of the next one time in 32, and
    /// answers of BM1387 have little else. `None`: what comes next will tell.
    fn outdone(&self, at: usize, length: usize, direction: Direction, last: bool) -> Option<bool> {
        let sure = |d: Direction| d == Direction::FromHost || !preamble(self.profile, d).is_empty();
        let old_command = self.profile.dialect == Dialect::Bm1387 && sure(direction);
        if length > SHORT_MAX || old_command || self.is_line(at, length) {
            return Some(false);
        }
        let mut wait = false;
        for inside in at + 1..at + length {
            for other in directions(self.from) {
                match start(self.profile, other, &self.held[inside..]) {
                    Start::Frame(length) if sure(other) || self.is_line(inside, length) => {
                        return Some(true);
                    }
                    Start::Incomplete if sure(other) && !last => wait = true,
                    _ => {}
                }
            }
        }
        (!wait).then_some(false)
    }

    /// Whether these bytes are just what stands on one line.
    fn is_line(&self, at: usize, length: usize) -> bool {
        self.line_end(at..self.held.len()) == Some(at + length)
    }

    /// Gives out everything up to `end` as unexplained.
    fn unexplained(&mut self, end: usize, out: &mut Vec<Piece>) {
        self.loose(0..end, out);
    }

    /// A stretch without a whole frame: damaged frames as far as they can be told, and
    /// garbage.
    fn loose(&self, range: std::ops::Range<usize>, out: &mut Vec<Piece>) {
        let mut from = range.start;
        let mut garbage = range.start;
        while from < range.end {
            match self.damaged(from..range.end, garbage == from) {
                Some((end, frame)) => {
                    self.garbage(garbage..from, out);
                    out.push(self.piece(from..end, Some(frame)));
                    from = end;
                    garbage = end;
                }
                None => from += 1,
            }
        }
        self.garbage(garbage..range.end, out);
    }

    fn garbage(&self, range: std::ops::Range<usize>, out: &mut Vec<Piece>) {
        if !range.is_empty() {
            out.push(self.piece(range, None));
        }
    }

    /// The damaged frame that a stretch begins with, and its end. `follows`: a frame stands
    /// before it.
    fn damaged(
        &self,
        range: std::ops::Range<usize>,
        follows: bool,
    ) -> Option<(usize, (Direction, FoundBy))> {
        match self.profile.dialect {
            Dialect::Bm139x => self
                .damaged_preamble(range.clone())
                .or_else(|| self.bare(range)),
            Dialect::Bm1387 => self.damaged_bm1387(range, follows),
        }
    }

    /// A frame whose preamble stands, up to its own length or the next preamble.
    fn damaged_preamble(
        &self,
        range: std::ops::Range<usize>,
    ) -> Option<(usize, (Direction, FoundBy))> {
        let bytes = &self.held[range.clone()];
        let direction = directions(self.from)
            .find(|d| bytes.starts_with(preamble(self.profile, *d)) && bytes.len() > 2)?;
        let next = (2..bytes.len()).find(|at| {
            directions(self.from).any(|d| bytes[*at..].starts_with(preamble(self.profile, d)))
        });
        let most = next.unwrap_or(bytes.len());
        let length = stated_length(self.profile, direction, bytes).unwrap_or(most);
        let by = match self.from {
            Some(_) => FoundBy::Given,
            None => FoundBy::Preamble,
        };
        Some((range.start + length.min(most), (direction, by)))
    }

    /// What an FPGA takes and gives has no preamble: a line of its own may be such a frame.
    /// An answer is believed only where answers were announced, because its checksum has
    /// five bits.
    fn bare(&self, range: std::ops::Range<usize>) -> Option<(usize, (Direction, FoundBy))> {
        let end = self.line_end(range.clone())?;
        let line = &self.held[range.start..end];
        let profile = self.profile;
        let by = |given| match given {
            Some(_) => FoundBy::Given,
            None => FoundBy::Checksum,
        };
        if self.from != Some(Direction::FromChip) {
            let command = Command::decode(profile.dialect, line).is_ok();
            let whole = command || Job::decode_body(profile.job, line).is_ok();
            return whole.then_some((end, (Direction::FromHost, by(self.from))));
        }
        ChainResponse::decode(profile.dialect, line)
            .is_ok()
            .then_some((end, (Direction::FromChip, FoundBy::Given)))
    }

    /// Without preamble, a header with its length tells a command, and a line of an
    /// answer's length an answer.
    fn damaged_bm1387(
        &self,
        range: std::ops::Range<usize>,
        follows: bool,
    ) -> Option<(usize, (Direction, FoundBy))> {
        let bytes = &self.held[range.clone()];
        let by = match self.from {
            Some(_) => FoundBy::Given,
            None => FoundBy::Shape,
        };
        if self.from != Some(Direction::FromChip)
            && let Some(length) = stated_length(self.profile, Direction::FromHost, bytes)
            && (self.from.is_some() || bytes.get(1).is_some_and(|b| usize::from(*b) == length))
        {
            let end = range.start + length.min(bytes.len());
            return Some((end, (Direction::FromHost, by)));
        }
        if self.from != Some(Direction::FromHost) {
            let answer = self.profile.response.bytes();
            // Several damaged answers in a row, or one on a line of its own.
            let end = match self.line_end(range.clone()) {
                Some(end) if end - range.start == answer => end,
                _ if follows && range.len().is_multiple_of(answer) => range.start + answer,
                _ => return None,
            };
            return Some((end, (Direction::FromChip, by)));
        }
        None
    }

    /// The end of the line that begins at the start of `range`; `None` where none begins.
    fn line_end(&self, range: std::ops::Range<usize>) -> Option<usize> {
        let begin = self.base + range.start as u64;
        let known = self.lines.binary_search_by_key(&begin, |l| l.0).ok()?;
        let next = self
            .lines
            .get(known + 1)
            .map(|l| (l.0 - self.base) as usize);
        Some(next.unwrap_or(self.held.len()).min(range.end))
    }

    fn piece(&self, range: std::ops::Range<usize>, frame: Option<(Direction, FoundBy)>) -> Piece {
        let begin = self.base + range.start as u64;
        let line = match self.lines.binary_search_by_key(&begin, |l| l.0) {
            Ok(at) => self.lines.get(at),
            Err(at) => self.lines.get(at.saturating_sub(1)),
        };
        Piece {
            frame,
            line: line.map_or(0, |l| l.1),
            bytes: self.held[range].to_vec(),
        }
    }

    /// Drops the first `count` bytes held, and the lines that end in them.
    fn forget(&mut self, count: usize) {
        self.held.drain(..count);
        self.at = self.at.saturating_sub(count);
        self.base += count as u64;
        while self.lines.get(1).is_some_and(|next| next.0 <= self.base) {
            self.lines.pop_front();
        }
    }
}

enum Begin {
    Frame(usize, Direction),
    Wait,
    Nothing,
}

fn directions(from: Option<Direction>) -> impl Iterator<Item = Direction> {
    let both = [Direction::FromHost, Direction::FromChip];
    both.into_iter()
        .filter(move |d| from.is_none_or(|from| from == *d))
}
