//! Verification alone: what judging nonces costs, from the reports to their verdicts, on one
//! thread with nothing else around.
//!
//! At Bitcoin's scale the only nonces to be had without a miner are those of known blocks, so
//! the genesis block is mined again: its coinbase is cut so that one byte of it is
//! extranonce2, and it comes by when the search space is handed out.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use scheduler::{ChainNeeds, Effect, Input, Scheduler, Verdict};
use serde_json::{Value, json};
use units::{
    ChainSlot, DifficultyOne, Duration, Instant, JobKey, Nonce, NonceReport, Rolling,
    TicketDifficulty, WireJobId, WorkItem,
};
use work::{Job, RollingNeed, Target};

use super::plan::{DIFFICULTY_ONE_BITS, NONCE_BITS, TICKET};
use super::{building, figure, stamp};

/// Times that each case is measured; the median is told.
const SAMPLES: usize = 301;
/// Nonces of a burst: what one look at three chains finds in a bad moment.
const BURST: usize = 16;
/// Works under one wire id: what an S19 Pro's chain has within the registry's memory.
const GENERATIONS: usize = 32;
/// More than the caches of one core hold.
const EVICTED: usize = 8 << 20;

const SLOT: ChainSlot = ChainSlot(0);
/// The genesis block's nonce and time (public).
const GENESIS: (u32, u32) = (2_083_236_893, 0x495f_ab29);
/// The genesis block's coinbase transaction (public).
const GENESIS_COINBASE: &[u8] = b"\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\xff\xff\xff\xff\x4d\x04\xff\xff\0\x1d\x01\x04\x45The Times 03/Jan/2009 \
    Chancellor on brink of second bailout for banks\xff\xff\xff\xff\x01\0\xf2\x05\x2a\x01\0\0\0\
    \x43\x41\x04\x67\x8a\xfd\xb0\xfe\x55\x48\x27\x19\x67\xf1\xa6\x71\x30\xb7\x10\x5c\xd6\xa8\x28\
    \xe0\x39\x09\xa6\x79\x62\xe0\xea\x1f\x61\xde\xb6\x49\xf6\xbc\x3f\x4c\xef\x38\xc4\xf3\x55\x04\
    \xe5\x1e\xc1\x12\xde\x5c\x38\x4d\xf7\xba\x0b\x8d\x57\x8a\x4c\x70\x2b\x6b\xf1\x1d\x5f\xac\0\0\
    \0\0";
/// Place of the byte that is extranonce2 here: one of the text's.
const GENESIS_EXTRANONCE2: usize = 60;

/// Medians, in microseconds.
pub(super) fn measure() -> Result<Value> {
    let burst = |us: f64| figure(us / BURST as f64);
    Ok(json!({
        "goal_us_lone": 20,
        "bitcoin_scale": {
            "lone_us": figure(genesis(2, 1, false)?),
            "lone_us_from_cold_caches": figure(genesis(2, 1, true)?),
            "lone_us_in_the_oldest_of_32_generations": figure(genesis(GENERATIONS - 1, 1, false)?),
            "burst_of_16_us_each": burst(genesis(2, BURST, false)?),
        },
        "scaled_with_32_generations_tried": {
            "lone_us": figure(scaled(1)?),
            "burst_of_16_us_each": burst(scaled(BURST)?),
        },
        "hash_us": {
            "by": sha256d::Implementation::best().name(),
            "alone": figure(hash_us(1)),
            "each_of_4": figure(hash_us(4)),
            "each_of_16": figure(hash_us(16)),
            "each_of_64": figure(hash_us(64)),
        },
    }))
}

/// The genesis block's nonce, with this many newer works under its wire id. Of a burst the
/// first is new and submitted; the others are hashed as it is and found to be repeated.
fn genesis(newer: usize, burst: usize, cold: bool) -> Result<f64> {
    let (job, extranonce2) = genesis_job();
    // The search begins at a random value; time may go on once all of them were handed out.
    let now = Instant::ZERO + Duration::from_secs(10);
    let mut memory = vec![0u8; if cold { EVICTED } else { 0 }];
    median((0..SAMPLES as u64).map(|seed| {
        let mut scheduler = scheduler(DifficultyOne::BITCOIN, 1, 1, seed)?;
        building::work_on(&mut scheduler, Instant::ZERO, Arc::clone(&job));
        let mut wire = None;
        for _ in 0..256 {
            let (id, item) = scheduler.dispatch(now, SLOT).context("no work")?;
            if item.extranonce2 == extranonce2 {
                wire = Some(id);
                break;
            }
        }
        for _ in 0..newer {
            scheduler.dispatch(now, SLOT).context("no work")?;
        }
        let wire = wire.context("the genesis block did not come by")?;
        // A nonce that fits nothing: the daemon's buffers have grown long before.
        scheduler.handle(now, Input::Nonces(vec![report(wire, Nonce(0)); burst]));
        memory
            .iter_mut()
            .for_each(|byte| *byte = black_box(*byte) ^ 1);
        let reports = vec![report(wire, Nonce(GENESIS.0)); burst];
        judge(&mut scheduler, now, reports)
    }))
}

/// As in the rest of this benchmark: each nonce is tried against all works of its id, and
/// submitted.
fn scaled(burst: usize) -> Result<f64> {
    let one = DifficultyOne::from_zero_bits(DIFFICULTY_ONE_BITS).context("bits")?;
    let mut scheduler = scheduler(one, TICKET, GENERATIONS as u8, 1)?;
    let job = Job {
        share_target: Target::MAX,
        ..building::job()
    };
    building::work_on(&mut scheduler, Instant::ZERO, Arc::new(job));
    let mut works = Vec::new();
    for _ in 0..GENERATIONS * GENERATIONS {
        works.push(scheduler.dispatch(Instant::ZERO, SLOT).context("no work")?);
    }
    // Of each work another nonce in each turn, so that none comes twice.
    let mut solved = (0u32..).flat_map(|turn| {
        let from = turn << 16;
        works
            .iter()
            .map(move |(wire, item)| Some(report(*wire, Nonce(solve(item, from)?))))
    });
    median((0..SAMPLES).map(|_| {
        let reports: Option<Vec<_>> = solved.by_ref().take(burst).collect::<Option<_>>();
        judge(&mut scheduler, Instant::ZERO, reports.context("no nonce")?)
    }))
}

/// Give the reports and take all that comes of them: how long it took.
fn judge(scheduler: &mut Scheduler, now: Instant, reports: Vec<NonceReport>) -> Result<f64> {
    while scheduler.next_effect().is_some() {}
    let (mut genuine, count) = (0, reports.len());
    let before = stamp::now();
    scheduler.handle(now, Input::Nonces(reports));
    while let Some(effect) = scheduler.next_effect() {
        if let Effect::Verdict { verdict, .. } = black_box(effect) {
            genuine += usize::from(verdict != Verdict::HwError);
        }
    }
    let us = (stamp::now() - before) as f64 / 1e3;
    ensure!(genuine == count, "{genuine} of {count} nonces were right");
    Ok(us)
}

fn median(samples: impl Iterator<Item = Result<f64>>) -> Result<f64> {
    let mut samples = samples.collect::<Result<Vec<_>>>()?;
    samples.sort_by(f64::total_cmp);
    samples
        .get(samples.len() / 2)
        .copied()
        .context("no samples")
}

/// One chain with this many wire ids.
fn scheduler(one: DifficultyOne, ticket: u64, ids: u8, seed: u64) -> Result<Scheduler> {
    let ticket = u8::try_from(ticket.ilog2())?;
    Ok(Scheduler::new(scheduler::Config {
        chains: vec![ChainNeeds {
            slot: SLOT,
            rolling: RollingNeed::Host { midstates: 4 },
            wire_id_step: 4,
            wire_id_count: ids,
            ticket: TicketDifficulty::from_log2(ticket).context("ticket")?,
        }],
        difficulty_one: one,
        seed,
    }))
}

/// A job whose work holds the genesis block, and the value of extranonce2 for which it does.
fn genesis_job() -> (Arc<Job>, u64) {
    let (first, rest) = GENESIS_COINBASE.split_at(GENESIS_EXTRANONCE2);
    let job = Job {
        key: JobKey::default(),
        pool_job_id: Arc::from("genesis"),
        prev_hash: [0; 32],
        coinbase1: Arc::from(first),
        coinbase2: Arc::from(&rest[1..]),
        branches: Arc::from([]),
        extranonce1: Arc::from([]),
        extranonce2_size: 1,
        fixed_root: None,
        version: 1,
        version_mask: 0,
        nbits: 0x1d00_ffff,
        ntime: GENESIS.1,
        clean: true,
        share_target: Target::MAX,
        // Blocks are told, which is not what is measured.
        network_target: Target::from_zero_bits(200),
        takes_easy_blocks: false,
        received_at: Instant::ZERO,
    };
    (Arc::new(job), u64::from(rest[0]))
}

fn report(wire: WireJobId, nonce: Nonce) -> NonceReport {
    NonceReport {
        slot: SLOT,
        wire,
        midstate_index: 0,
        version_bits: 0,
        nonce,
    }
}

/// A nonce from `from` on that solves the first of the item's versions.
fn solve(item: &WorkItem, from: u32) -> Option<u32> {
    let Rolling::Host(host) = &item.rolling else {
        return None;
    };
    let target = sha256d::Target::zero_bits(NONCE_BITS);
    let scan = sha256d::Scan::new(&host.midstates().first()?.0, &item.header.tail(), target);
    scan.range(from..from + 0x1_0000)
}

/// Of this many hashes in one pass, each from a midstate.
fn hash_us(count: usize) -> f64 {
    const HASHES: usize = 1 << 17;
    let mut items = vec![
        sha256d::Candidate {
            midstate: [0x5a5a_5a5a; 8],
            tail: [0xc3; 12],
            nonce_wire: [0; 4],
        };
        count
    ];
    let target = sha256d::Target::zero_bits(40);
    let mut out = vec![None; count];
    let before = stamp::cpu();
    for round in 0..(HASHES / count) as u32 {
        items[0].nonce_wire = round.to_le_bytes();
        sha256d::verify_batch(black_box(&items), &target, &mut out);
        black_box(&out);
    }
    (stamp::cpu() - before) as f64 / 1e3 / HASHES as f64
}
