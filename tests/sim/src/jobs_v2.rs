//! The same for V2, read from the pool's frames.

use twin::pool::ConnId;
use units::Instant;

use crate::account::difficulty_of;
use crate::jobs::{DeliveredJob, JobLog};

/// Message types of the pool.
const OPEN_STANDARD_SUCCESS: u8 = 0x11;
const OPEN_EXTENDED_SUCCESS: u8 = 0x14;
const NEW_JOB: u8 = 0x15;
const NEW_EXTENDED_JOB: u8 = 0x1f;
const NEW_PREV_HASH: u8 = 0x20;
const SET_TARGET: u8 = 0x21;

/// Take the first whole frame off the buffer: its type and payload.
pub(crate) fn next_frame(buffer: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let header = buffer.get(..6)?;
    let length = u32::from_le_bytes([header[3], header[4], header[5], 0]) as usize;
    let kind = header[2];
    if buffer.len() < 6 + length {
        return None;
    }
    let frame: Vec<u8> = buffer.drain(..6 + length).collect();
    Some((kind, frame[6..].to_vec()))
}

impl JobLog {
    pub(crate) fn frame(&mut self, now: Instant, conn: ConnId, kind: u8, payload: &[u8]) {
        let target_at = match kind {
            OPEN_STANDARD_SUCCESS | OPEN_EXTENDED_SUCCESS => 8,
            SET_TARGET => 4,
            NEW_JOB | NEW_EXTENDED_JOB => {
                // A job with a time runs at once, on the block that is known.
                if let (Some(id), Some(1)) = (number(payload, 4), payload.get(8)) {
                    self.runs(now, conn, id);
                }
                return;
            }
            NEW_PREV_HASH => {
                self.closed(now, conn);
                if let Some(id) = number(payload, 4) {
                    self.runs(now, conn, id);
                }
                return;
            }
            _ => return,
        };
        let target = payload.get(target_at..target_at + 32);
        if let Some(target) = target.and_then(|t| <[u8; 32]>::try_from(t).ok()) {
            // A target is the easiest hash that meets it.
            self.set_difficulty(conn, difficulty_of(&target, self.zero_bits));
        }
    }

    fn runs(&mut self, now: Instant, conn: ConnId, id: u32) {
        self.jobs.push(DeliveredJob {
            conn,
            id: id.to_string(),
            prev_hash: String::new(),
            difficulty: self.difficulty(conn),
            at: now,
            voided: None,
        });
    }
}

fn number(payload: &[u8], at: usize) -> Option<u32> {
    let bytes = payload.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
