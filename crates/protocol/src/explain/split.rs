//! Where frames stand in a recording.

use core::ops::Range;

use super::Direction;
use crate::command::command_length;
use crate::job::{HEADER, Job, job_length};
use crate::{ChainResponse, Command, JobLayout, Profile, ResponseLength};

/// What some bytes begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// A whole frame of this many bytes, preamble included.
    Frame(usize),
    /// What may become a frame when more bytes come.
    Incomplete,
    /// No frame.
    Nothing,
}

/// What `bytes` begin with, if they travel in this direction.
pub fn start(profile: &Profile, direction: Direction, bytes: &[u8]) -> Start {
    let preamble = preamble(profile, direction);
    let Some(body) = bytes.strip_prefix(preamble) else {
        return match preamble.starts_with(bytes) {
            true => Start::Incomplete,
            false => Start::Nothing,
        };
    };
    let body = match direction {
        Direction::FromHost => host_body(profile, body),
        Direction::FromChip => chip_body(profile, body),
    };
    match body {
        Start::Frame(length) => Start::Frame(preamble.len() + length),
        other => other,
    }
}

/// What stands before every frame of this direction, if anything does.
pub fn preamble(profile: &Profile, direction: Direction) -> &'static [u8] {
    match direction {
        Direction::FromHost => profile.dialect.command_preamble(),
        Direction::FromChip => profile.dialect.response_preamble(),
    }
}

/// Bytes, preamble included, that a frame with this beginning would have were it whole:
/// by its header, whatever its checksum says. `None` where the beginning names no kind of
/// frame, or is too short to tell.
pub fn stated_length(profile: &Profile, direction: Direction, bytes: &[u8]) -> Option<usize> {
    let preamble = preamble(profile, direction);
    let body = bytes.strip_prefix(preamble)?;
    let length = match direction {
        Direction::FromChip => profile.response.bytes() - preamble.len(),
        Direction::FromHost => match *body.first()? {
            HEADER => job_length(profile.job, *body.get(3)?)?,
            header => command_length(profile.dialect, header)?,
        },
    };
    Some(preamble.len() + length)
}

/// Cuts `bytes` into whole frames and what stands between them, in order and without gap.
/// A stretch that no frame explains is cut again at each preamble, so that every damaged
/// frame can be looked at by itself.
pub fn split(profile: &Profile, direction: Direction, bytes: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut unexplained = 0;
    let mut at = 0;
    while at < bytes.len() {
        match start(profile, direction, &bytes[at..]) {
            Start::Frame(length) => {
                cut(profile, direction, bytes, unexplained..at, &mut ranges);
                ranges.push(at..at + length);
                at += length;
                unexplained = at;
            }
            // A nine-byte answer at the end of a recording is one, though two bytes more
            // could have made it another.
            Start::Incomplete => match ended(profile, direction, &bytes[at..]) {
                Some(length) => {
                    cut(profile, direction, bytes, unexplained..at, &mut ranges);
                    ranges.push(at..at + length);
                    at += length;
                    unexplained = at;
                }
                None => at += 1,
            },
            Start::Nothing => at += 1,
        }
    }
    cut(
        profile,
        direction,
        bytes,
        unexplained..bytes.len(),
        &mut ranges,
    );
    ranges
}

/// The whole frame that `bytes` begin with if nothing follows them, where [`start`] would
/// wait for more.
pub fn ended(profile: &Profile, direction: Direction, bytes: &[u8]) -> Option<usize> {
    let preamble = preamble(profile, direction);
    let body = bytes.strip_prefix(preamble)?;
    if direction == Direction::FromHost || profile.response != ResponseLength::Eleven {
        return None;
    }
    let length = ResponseLength::Nine.bytes() - preamble.len();
    answer(profile, body, length).then_some(preamble.len() + length)
}

fn cut(
    profile: &Profile,
    direction: Direction,
    bytes: &[u8],
    damaged: Range<usize>,
    ranges: &mut Vec<Range<usize>>,
) {
    let preamble = preamble(profile, direction);
    let mut from = damaged.start;
    if !preamble.is_empty() {
        for at in damaged.start + 1..damaged.end {
            if bytes[at..damaged.end].starts_with(preamble) {
                ranges.push(from..at);
                from = at;
            }
        }
    }
    if from < damaged.end {
        ranges.push(from..damaged.end);
    }
}

fn host_body(profile: &Profile, body: &[u8]) -> Start {
    let Some(&header) = body.first() else {
        return Start::Incomplete;
    };
    let length = match header {
        HEADER => match body.get(3) {
            Some(&count) => job_length(profile.job, count),
            None => return Start::Incomplete,
        },
        _ => command_length(profile.dialect, header),
    };
    let Some(length) = length else {
        return Start::Nothing;
    };
    // Refused as soon as it can be: whoever waits for a frame that cannot come holds up
    // those behind it.
    let fits = |stated: u8| match (header, profile.job) {
        (HEADER, JobLayout::FullHeader { .. }) => matches!(stated, 0x36 | 0x56),
        _ => usize::from(stated) == length,
    };
    if body.get(1).is_some_and(|stated| !fits(*stated)) {
        return Start::Nothing;
    }
    let Some(frame) = body.get(..length) else {
        return Start::Incomplete;
    };
    let whole = match header {
        HEADER => Job::decode_body(profile.job, frame).is_ok(),
        _ => Command::decode(profile.dialect, frame).is_ok(),
    };
    match whole {
        true => Start::Frame(length),
        false => Start::Nothing,
    }
}

fn chip_body(profile: &Profile, body: &[u8]) -> Start {
    let lengths: &[ResponseLength] = match profile.response {
        // Nine bytes until versions are rolled.
        ResponseLength::Eleven => &[ResponseLength::Eleven, ResponseLength::Nine],
        ResponseLength::Nine => &[ResponseLength::Nine],
        ResponseLength::Seven => &[ResponseLength::Seven],
    };
    let preamble = profile.dialect.response_preamble().len();
    for length in lengths.iter().map(|l| l.bytes() - preamble) {
        if body.len() < length {
            return Start::Incomplete;
        }
        if answer(profile, body, length) {
            return Start::Frame(length);
        }
    }
    Start::Nothing
}

/// Whether `body` begins with a whole answer of this length.
fn answer(profile: &Profile, body: &[u8], length: usize) -> bool {
    body.get(..length)
        .is_some_and(|b| ChainResponse::decode(profile.dialect, b).is_ok())
}
