//! A scheduler with a pool that is made of values, and chips that really search.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;

use scheduler::{ChainNeeds, Config, Effect, Input, RollingNeed, Scheduler, Verdict};
use telemetry::{Code, Note};
use units::{
    ChainSlot, DifficultyOne, Instant, JobKey, Nonce, NonceReport, Rolling, SessionId,
    TicketDifficulty, WireJobId, WorkItem,
};
use work::{Job, Share, ShareOutcome, Target};

/// Zero bits of the chips' tickets in these tests: about a thousand hashes per nonce.
pub(crate) const TICKET_BITS: u16 = 10;
/// Zero bits of the pool's share target: one nonce in four is a share.
pub(crate) const SHARE_BITS: u16 = 12;
/// Met by no hash that a test will find.
pub(crate) const NO_BLOCK_BITS: u16 = 100;

pub(crate) const HOST4: RollingNeed = RollingNeed::Host { midstates: 4 };
pub(crate) const CHIP16: RollingNeed = RollingNeed::Chip {
    bits: 16,
    small_cores: 16,
};
pub(crate) const BIP320: u32 = 0x1fff_e000;

pub(crate) fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// Chains in slots 0, 1, …: midstate chains with 32 ids in steps of 4, others with 16 ids
/// in steps of 8.
pub(crate) fn scheduler(rolling: &[RollingNeed]) -> Scheduler {
    let chains = rolling
        .iter()
        .enumerate()
        .map(|(i, rolling)| {
            let (wire_id_step, wire_id_count) = match rolling {
                RollingNeed::Host { .. } => (4, 32),
                RollingNeed::Chip { .. } => (8, 16),
            };
            ChainNeeds {
                slot: ChainSlot(i as u8),
                rolling: *rolling,
                wire_id_step,
                wire_id_count,
                ticket: TicketDifficulty::from_log2(2).expect("small"),
            }
        })
        .collect();
    let mut scheduler = Scheduler::new(Config {
        chains,
        difficulty_one: DifficultyOne::from_zero_bits(TICKET_BITS as u8 - 2).expect("small"),
        seed: 1,
    });
    use_sessions(&mut scheduler, Instant::ZERO, &[(1, 1)]);
    scheduler
}

/// Work comes from these sessions, with these weights. From session 1 until somebody says
/// otherwise.
pub(crate) fn use_sessions(scheduler: &mut Scheduler, now: Instant, uses: &[(u32, u32)]) {
    let uses = uses.iter().map(|(id, weight)| (SessionId(*id), *weight));
    scheduler.handle(now, Input::Use(uses.collect()));
}

pub(crate) fn job(session: u32, serial: u32) -> Job {
    Job {
        key: JobKey {
            session: SessionId(session),
            serial,
        },
        pool_job_id: Arc::from(format!("{session}/{serial}")),
        prev_hash: [7; 32],
        coinbase1: Arc::from(serial.to_le_bytes()),
        coinbase2: Arc::from(session.to_le_bytes()),
        branches: Arc::from([[5; 32]]),
        extranonce1: Arc::from([9u8, 9, 9, 9]),
        extranonce2_size: 4,
        fixed_root: None,
        version: 0x2000_0000,
        version_mask: BIP320,
        nbits: 0x1d00_ffff,
        ntime: 1_700_000_000,
        clean: false,
        share_target: Target::from_zero_bits(SHARE_BITS),
        network_target: Target::from_zero_bits(NO_BLOCK_BITS),
        takes_easy_blocks: false,
        received_at: Instant::ZERO,
    }
}

pub(crate) fn give(scheduler: &mut Scheduler, job: Job) {
    let at = job.received_at;
    scheduler.handle(at, Input::Job(Arc::new(job)));
}

pub(crate) fn effects(scheduler: &mut Scheduler) -> Vec<Effect> {
    std::iter::from_fn(|| scheduler.next_effect()).collect()
}

pub(crate) fn notes(effects: &[Effect]) -> Vec<&Note> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::Note(note) => Some(note),
            _ => None,
        })
        .collect()
}

pub(crate) fn codes(effects: &[Effect]) -> Vec<Code> {
    notes(effects).into_iter().map(|note| note.code).collect()
}

pub(crate) fn flushed(effects: &[Effect]) -> Vec<u8> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::FlushChain(slot) => Some(slot.0),
            _ => None,
        })
        .collect()
}

pub(crate) fn shares(effects: &[Effect]) -> Vec<&Share> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::Submit(share) => Some(share),
            _ => None,
        })
        .collect()
}

/// The headers that a chip searches in an item: midstate index, version bits, version.
fn versions(item: &WorkItem) -> Vec<(u8, u32, u32)> {
    match &item.rolling {
        Rolling::Host(host) => host
            .versions()
            .iter()
            .enumerate()
            .map(|(i, version)| (i as u8, 0, *version))
            .collect(),
        Rolling::Chip { mask } => [0, 0x2000 & mask, 0x0a00_0000 & mask]
            .into_iter()
            .map(|bits| (0, bits, item.header.version | bits))
            .collect(),
    }
}

/// As a chip does: search the item for a hash with `at_least` zero bits and less than
/// `below`. `from` chooses among the solutions.
pub(crate) fn solve(
    slot: u8,
    wire: WireJobId,
    item: &WorkItem,
    at_least: u16,
    below: u16,
    from: u32,
) -> NonceReport {
    let versions = versions(item);
    for nonce in from..from + 10_000_000 {
        let (midstate_index, version_bits, version) = versions[nonce as usize % versions.len()];
        let hash = sha256d::hash_header(&item.header.to_bytes(version, Nonce(nonce)));
        let zeros = sha256d::leading_zero_bits(&hash);
        if (u32::from(at_least)..u32::from(below)).contains(&zeros) {
            return NonceReport {
                slot: ChainSlot(slot),
                wire,
                midstate_index,
                version_bits,
                nonce: Nonce(nonce),
            };
        }
    }
    panic!("no solution in ten million nonces");
}

/// A solution that is a share.
pub(crate) fn solve_share(slot: u8, wire: WireJobId, item: &WorkItem, from: u32) -> NonceReport {
    solve(slot, wire, item, SHARE_BITS, NO_BLOCK_BITS, from)
}

/// Report a nonce: its verdict, and all effects.
pub(crate) fn report(
    scheduler: &mut Scheduler,
    now: Instant,
    report: NonceReport,
) -> (Verdict, Vec<Effect>) {
    scheduler.handle(now, Input::Nonces(vec![report]));
    let effects = effects(scheduler);
    let verdicts: Vec<Verdict> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Verdict {
                report: of,
                verdict,
            } if *of == report => Some(*verdict),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts.len(), 1, "one verdict for each nonce");
    (verdicts[0], effects)
}

pub(crate) fn rejected(code: i64) -> ShareOutcome {
    ShareOutcome::Rejected {
        code,
        reason: "no".into(),
    }
}

pub(crate) fn stale() -> ShareOutcome {
    ShareOutcome::Stale {
        code: 21,
        reason: "old".into(),
    }
}
