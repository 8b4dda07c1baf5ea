//! How a demo ends: the accounts of the twin's machine, the miner and the pool, side by
//! side, and whether any share was lost between them.

use std::collections::BTreeSet;

use telemetry::Snapshot;
use twin::machine::{Fate, FrameKind, Ledger};
use twin::pool;
use units::{Duration, Instant};

/// Frames younger than this when the run ended may not have been read any more.
const MARGIN: Duration = Duration::from_millis(200);

/// What the twins' ledgers say of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Comparison {
    /// Nonces of jobs that reached the host undamaged.
    pub(crate) arrived: u64,
    /// Of these, nonces that meet the pool's target.
    pub(crate) due: u64,
    /// Of these, nonces that the pool was never sent.
    pub(crate) missing: u64,
    /// When the first of the missing ones arrived.
    pub(crate) first_missing: Option<Instant>,
    /// The ledger was full: the comparison covers the first part of the run.
    pub(crate) partial: bool,
}

/// Compare what the chips found until `end` with what the pool was sent. `worth` says
/// whether a hash is a share at the pool.
pub(crate) fn compare(
    machine: &Ledger,
    pool: &pool::Ledger,
    end: Instant,
    worth: impl Fn(&[u8; 32]) -> bool,
) -> Comparison {
    let sent: BTreeSet<_> = pool.records.iter().filter_map(|r| r.hash).collect();
    // With few zero bits a nonce may also solve newer work of its wire id, and was then
    // sent as that share.
    let nonces: BTreeSet<_> = pool.records.iter().filter_map(|r| r.nonce).collect();
    let mut out = Comparison {
        partial: machine.frames_left_out > 0,
        ..Comparison::default()
    };
    for frame in machine.frames.iter().filter(|f| f.at + MARGIN < end) {
        // Work that wakes cores is no pool's, and what is found in it is nobody's share.
        let FrameKind::Nonce {
            hash,
            nonce,
            made_up: false,
            ..
        } = &frame.kind
        else {
            continue;
        };
        if frame.fate != Fate::Arrived {
            continue;
        }
        out.arrived += 1;
        if worth(hash) {
            out.due += 1;
            if !sent.contains(hash) && !nonces.contains(&nonce.0) {
                out.missing += 1;
                out.first_missing.get_or_insert(frame.at);
            }
        }
    }
    out
}

/// Print the accounts. True if shares were accepted and none was lost.
pub(crate) fn print(
    last: &Snapshot,
    comparison: Option<Comparison>,
    pool: Option<&pool::Totals>,
) -> bool {
    let ours = &last.shares;
    println!(
        "miner:   {} submitted, {} accepted, {} rejected, {} stale, {} duplicate, {} hw errors, {} lost",
        ours.submitted,
        ours.accepted,
        ours.rejected,
        ours.stale,
        ours.duplicate,
        ours.hw_errors,
        ours.lost
    );
    if let Some(theirs) = pool {
        println!(
            "pool:    {} accepted, {} stale, {} rejected",
            theirs.accepted,
            theirs.stale,
            theirs.rejected()
        );
    }
    let mut lost = ours.lost;
    if let Some(c) = comparison {
        let note = if c.partial {
            " (first part of the run)"
        } else {
            ""
        };
        println!(
            "machine: {} nonces arrived, {} of them shares{note}",
            c.arrived, c.due
        );
        if let Some(at) = c.first_missing {
            println!(
                "         {} of them were never sent, the first from {:.3} s",
                c.missing,
                at.as_secs_f64()
            );
        }
        // Shares that the miner knew to be stale were rightly not sent.
        lost += c.missing.saturating_sub(ours.stale);
    }
    let accepted = pool.map_or(ours.accepted, |theirs| theirs.accepted.min(ours.accepted));
    let verdict = match (accepted, lost) {
        (0, _) => "no share was accepted",
        (_, 0) => "every share found was accepted or accounted for",
        _ => "shares were lost",
    };
    println!("result:  {verdict}");
    accepted > 0 && lost == 0
}

#[cfg(test)]
mod tests {
    use twin::machine::FrameRecord;
    use units::{ChainSlot, ChipIndex, Nonce};

    use super::*;

    fn frame(hash: u8, at_ms: u64, fate: Fate) -> FrameRecord {
        FrameRecord {
            slot: ChainSlot(0),
            chip: ChipIndex(0),
            kind: FrameKind::Nonce {
                nonce: Nonce(u32::from(hash)),
                job_byte: 0,
                version_bits: 0,
                hash: [hash; 32],
                made_up: false,
                job_taken: Instant::ZERO,
            },
            at: Instant::from_millis(at_ms),
            fate,
        }
    }

    #[test]
    fn what_is_found_in_work_that_wakes_cores_is_not_missed() {
        let mut woken = frame(1, 100, Fate::Arrived);
        if let FrameKind::Nonce { made_up, .. } = &mut woken.kind {
            *made_up = true;
        }
        let machine = Ledger {
            frames: vec![woken],
            ..Ledger::default()
        };
        let found = compare(
            &machine,
            &pool::Ledger::default(),
            Instant::from_millis(10_000),
            |_| true,
        );
        assert_eq!(found, Comparison::default());
    }

    #[test]
    fn a_share_that_was_never_sent_is_missing() {
        let machine = Ledger {
            frames: vec![
                frame(1, 100, Fate::Arrived),
                frame(200, 100, Fate::Arrived), // not worth a share
                frame(2, 100, Fate::Damaged),   // could not be read
                frame(3, 9_990, Fate::Arrived), // too late to count
            ],
            ..Ledger::default()
        };
        let found = compare(
            &machine,
            &pool::Ledger::default(),
            Instant::from_millis(10_000),
            |h| h[0] < 100,
        );
        assert_eq!(
            found,
            Comparison {
                arrived: 2,
                due: 1,
                missing: 1,
                first_missing: Some(Instant::from_millis(100)),
                partial: false
            }
        );
    }
}
