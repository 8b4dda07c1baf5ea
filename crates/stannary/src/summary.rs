//! How a demo ends: the accounts of the twin's machine, the miner and the pool, side by
//! side, and whether any share was lost between them.

use std::collections::{BTreeMap, BTreeSet};

use telemetry::Snapshot;
use twin::machine::{Fate, FrameKind, FrameRecord, Ledger};
use twin::pool;
use units::{ChainSlot, Duration, Instant, Nonce};

/// What a chain says is read in order, so all that came before a nonce that the pool was
/// sent had been read. What came after the last of these was on its way when the run ended,
/// if it is not older than this. Policy: far longer than a busy laptop keeps a thread
/// waiting; a chain that was silent for longer has lost its shares.
const UNREAD_MAX: Duration = Duration::from_secs(2);

/// What the twins' ledgers say of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Comparison {
    /// Nonces of jobs that reached the host undamaged.
    pub(crate) arrived: u64,
    /// Of these, shares on their way when the run ended: the pool was sent neither them nor
    /// anything that came after.
    pub(crate) on_the_way: u64,
    /// All other nonces that meet the pool's target, in the work they were found in or in newer work of its
    /// wire id.
    pub(crate) due: u64,
    /// Of these, nonces that the pool was never sent.
    pub(crate) missing: u64,
    /// When the first of the missing ones arrived.
    pub(crate) first_missing: Option<Instant>,
    /// The ledger was full: the comparison covers the first part of the run.
    pub(crate) partial: bool,
}

/// Compare what the chips found with what the pool was sent, in a run that was told to end
/// at `end`. `worth` says whether a hash is a share at the pool.
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
    let solved = pool
        .records
        .iter()
        .filter(|r| r.hash.is_some_and(|hash| worth(&hash)));
    let solving: BTreeSet<_> = solved.filter_map(|r| r.nonce).collect();
    let is_share = |found: &Found| worth(found.hash) || solving.contains(&found.nonce.0);
    let was_sent = |found: &Found| sent.contains(found.hash) || nonces.contains(&found.nonce.0);
    let found: Vec<_> = machine.frames.iter().filter_map(found).collect();
    // Places of the last nonce of each chain that the pool was sent.
    let places = found.iter().enumerate();
    let read: BTreeMap<_, _> = places
        .filter(|(_, found)| was_sent(found))
        .map(|(place, found)| (found.slot, place))
        .collect();
    let mut out = Comparison {
        arrived: found.len() as u64,
        partial: machine.frames_left_out > 0,
        ..Comparison::default()
    };
    for (place, found) in found.iter().enumerate().filter(|(_, f)| is_share(f)) {
        let was_read = read.get(&found.slot).is_some_and(|last| place <= *last);
        if !was_read && found.at + UNREAD_MAX >= end {
            out.on_the_way += 1;
            continue;
        }
        out.due += 1;
        if !was_sent(found) {
            out.missing += 1;
            out.first_missing.get_or_insert(found.at);
        }
    }
    out
}

/// A nonce that could be read.
struct Found<'a> {
    slot: ChainSlot,
    at: Instant,
    hash: &'a [u8; 32],
    nonce: Nonce,
}

fn found(frame: &FrameRecord) -> Option<Found<'_>> {
    match &frame.kind {
        // Work that wakes cores is no pool's, and what is found in it is nobody's share.
        FrameKind::Nonce {
            hash,
            nonce,
            made_up: false,
            ..
        } if frame.fate == Fate::Arrived => Some(Found {
            slot: frame.slot,
            at: frame.at,
            hash,
            nonce: *nonce,
        }),
        _ => None,
    }
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
            "machine: {} nonces arrived, {} of them shares, {} more on their way at the end{note}",
            c.arrived, c.due, c.on_the_way
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
    use units::ChipIndex;

    use super::*;

    const END: Instant = Instant::from_millis(10_000);

    /// Of the chain `slot`; its hash is not worth a share from 100 on.
    fn frame(slot: u8, hash: u8, at_ms: u64) -> FrameRecord {
        FrameRecord {
            slot: ChainSlot(slot),
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
            fate: Fate::Arrived,
        }
    }

    fn record(hash: u8) -> pool::Record {
        pool::Record {
            at: END,
            conn: pool::ConnId(0),
            user: String::new(),
            job_id: String::new(),
            extranonce2: String::new(),
            ntime: None,
            nonce: None,
            version_bits: None,
            hash: Some([hash; 32]),
            verdict: pool::Verdict::Accepted,
            reason: "",
            answered: true,
            is_block: false,
        }
    }

    /// `sent` are the hashes that the pool has.
    fn check(frames: &[FrameRecord], sent: &[u8], expected: Comparison) {
        let machine = Ledger {
            frames: frames.to_vec(),
            ..Ledger::default()
        };
        let mut pool = pool::Ledger::default();
        pool.records.extend(sent.iter().map(|hash| record(*hash)));
        assert_eq!(compare(&machine, &pool, END, |h| h[0] < 100), expected);
    }

    #[test]
    fn what_is_found_in_work_that_wakes_cores_is_not_missed() {
        let mut woken = frame(0, 1, 100);
        if let FrameKind::Nonce { made_up, .. } = &mut woken.kind {
            *made_up = true;
        }
        check(&[woken], &[], Comparison::default());
    }

    /// Else the pool would have more shares than the machine found.
    #[test]
    fn a_nonce_that_solves_newer_work_alone_is_a_share_too() {
        let machine = Ledger {
            frames: vec![frame(0, 200, 100), frame(0, 201, 200)],
            ..Ledger::default()
        };
        let as_newer = |hash, nonce| pool::Record {
            nonce: Some(nonce),
            ..record(hash)
        };
        let mut pool = pool::Ledger::default();
        // The second is worth a share in no work; it was sent for all that.
        pool.records.extend([as_newer(1, 200), as_newer(150, 201)]);
        let expected = Comparison {
            arrived: 2,
            due: 1,
            ..Comparison::default()
        };
        assert_eq!(compare(&machine, &pool, END, |h| h[0] < 100), expected);
    }

    #[test]
    fn a_share_that_was_never_sent_is_missing() {
        let damaged = FrameRecord {
            fate: Fate::Damaged,
            ..frame(0, 2, 100)
        };
        let worthless = frame(0, 200, 100);
        let expected = Comparison {
            arrived: 2,
            due: 1,
            missing: 1,
            first_missing: Some(Instant::from_millis(100)),
            ..Comparison::default()
        };
        check(&[frame(0, 1, 100), worthless, damaged], &[], expected);
    }

    #[test]
    fn a_share_at_the_end_is_on_its_way_unless_the_pool_has_a_later_one_of_its_chain() {
        let late = [frame(0, 1, 9_000), frame(1, 2, 9_500), frame(0, 3, 9_990)];
        let expected = |on_the_way, due, missing, first_missing| Comparison {
            arrived: 3,
            on_the_way,
            due,
            missing,
            first_missing,
            partial: false,
        };
        check(&late, &[], expected(3, 0, 0, None));
        check(&late, &[1], expected(2, 1, 0, None));
        check(&late, &[2], expected(2, 1, 0, None));
        let first = Some(Instant::from_millis(9_000));
        check(&late, &[3], expected(1, 2, 1, first));
        check(&late, &[2, 3], expected(0, 3, 1, first));
        check(&late, &[1, 2, 3], expected(0, 3, 0, None));
    }

    #[test]
    fn a_chain_that_was_silent_for_long_has_lost_its_shares() {
        let expected = Comparison {
            arrived: 3,
            on_the_way: 1,
            due: 2,
            missing: 1,
            first_missing: Some(Instant::from_millis(7_999)),
            ..Comparison::default()
        };
        let frames = [frame(0, 1, 7_000), frame(0, 2, 7_999), frame(0, 3, 8_000)];
        check(&frames, &[1], expected);
    }
}
