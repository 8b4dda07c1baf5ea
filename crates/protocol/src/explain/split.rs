//! Where frames stand in a recording.

use core::ops::Range;

use super::Direction;
use crate::command::command_length;
use crate::job::{HEADER, Job, job_length};
use crate::{ChainResponse, Command, Profile, ResponseLength};

/// Cuts `bytes` into whole frames and what stands between them, in order and without gap.
/// A stretch that no frame explains is cut again at each preamble, so that every damaged
/// frame can be looked at by itself.
pub fn split(profile: &Profile, direction: Direction, bytes: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut unexplained = 0;
    let mut at = 0;
    while at < bytes.len() {
        match frame_length(profile, direction, &bytes[at..]) {
            Some(length) => {
                cut(profile, direction, bytes, unexplained..at, &mut ranges);
                ranges.push(at..at + length);
                at += length;
                unexplained = at;
            }
            None => at += 1,
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

fn cut(
    profile: &Profile,
    direction: Direction,
    bytes: &[u8],
    damaged: Range<usize>,
    ranges: &mut Vec<Range<usize>>,
) {
    let preamble = match direction {
        Direction::FromHost => profile.dialect.command_preamble(),
        Direction::FromChip => profile.dialect.response_preamble(),
    };
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

/// Bytes of the whole frame that `rest` begins with, if it does.
fn frame_length(profile: &Profile, direction: Direction, rest: &[u8]) -> Option<usize> {
    match direction {
        Direction::FromHost => host_frame(profile, rest),
        Direction::FromChip => chip_frame(profile, rest),
    }
}

fn host_frame(profile: &Profile, rest: &[u8]) -> Option<usize> {
    let preamble = profile.dialect.command_preamble();
    let body = rest.strip_prefix(preamble)?;
    let length = match *body.first()? {
        HEADER => {
            let length = job_length(profile.job, *body.get(3)?)?;
            Job::decode_body(profile.job, body.get(..length)?).ok()?;
            length
        }
        header => {
            let length = command_length(profile.dialect, header)?;
            Command::decode(profile.dialect, body.get(..length)?).ok()?;
            length
        }
    };
    Some(preamble.len() + length)
}

fn chip_frame(profile: &Profile, rest: &[u8]) -> Option<usize> {
    let preamble = profile.dialect.response_preamble();
    let body = rest.strip_prefix(preamble)?;
    let lengths: &[ResponseLength] = match profile.response {
        // Nine bytes until versions are rolled.
        ResponseLength::Eleven => &[ResponseLength::Eleven, ResponseLength::Nine],
        ResponseLength::Nine => &[ResponseLength::Nine],
        ResponseLength::Seven => &[ResponseLength::Seven],
    };
    lengths.iter().map(|l| l.bytes()).find(|length| {
        body.get(..length - preamble.len())
            .is_some_and(|b| ChainResponse::decode(profile.dialect, b).is_ok())
    })
}
