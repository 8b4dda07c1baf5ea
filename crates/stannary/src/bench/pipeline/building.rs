//! Work building alone: the scheduler's dispatch and the frame that the driver makes of it,
//! on one thread with nothing else around.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result};
use hal::{Frame, LinkOp, WORK_FRAME_MAX};
use serde_json::{Value, json};
use units::{ChainSlot, Difficulty, DifficultyOne, Duration, Instant, JobKey, TicketDifficulty};
use work::{Job, RollingNeed, Target};

use super::{figure, stamp};

/// Rounds over three chains: some seconds of an S19 Pro.
const ROUNDS: u32 = 40_000;
/// Work of the three chains of an S19 Pro at 525 MHz, per second.
const S19_PRO_PER_S: f64 = 3.0 * 4016.0;
/// Work of the three chains of an S9, per second: 344 each.
const S9_PER_S: f64 = 3.0 * 344.0;

/// Processor time per work item, and what that is of one core at known rates.
pub(super) fn measure() -> Result<Value> {
    let slots = [0, 1, 2].map(ChainSlot);
    let ticket = TicketDifficulty::from_log2(8).context("ticket")?;
    let chains = slots.map(|slot| scheduler::ChainNeeds {
        slot,
        rolling: RollingNeed::Host { midstates: 4 },
        wire_id_step: 4,
        wire_id_count: 32,
        ticket,
    });
    let mut scheduler = scheduler::Scheduler::new(scheduler::Config {
        chains: chains.to_vec(),
        difficulty_one: DifficultyOne::BITCOIN,
        seed: 1,
    });
    let mut now = Instant::ZERO;
    scheduler.handle(now, scheduler::Input::Job(Arc::new(job())));
    let before = stamp::cpu();
    let mut items = 0u32;
    for _ in 0..ROUNDS {
        now += Duration::from_micros(249);
        for slot in slots {
            let (id, item) = scheduler.dispatch(now, slot).context("no work")?;
            let record =
                protocol::fpga::encode_work(slot, id, &item, false).context("no record")?;
            let frame = Frame::<WORK_FRAME_MAX>::new(&record).context("no frame")?;
            black_box(LinkOp::Work(frame));
            items += 1;
        }
    }
    let us = (stamp::cpu() - before) as f64 / 1e3 / f64::from(items);
    // An S9's share is small: five digits.
    let share = |per_s: f64| (us * per_s / 10.0).round() / 1e5;
    Ok(json!({
        "us_per_item": figure(us),
        "items_per_s_of_a_core": (1e6 / us).round(),
        "share_of_a_core_s19_pro": share(S19_PRO_PER_S),
        "share_of_a_core_s9_rate": share(S9_PER_S),
    }))
}

fn job() -> Job {
    Job {
        key: JobKey::default(),
        pool_job_id: Arc::from("bench"),
        prev_hash: [0x5a; 32],
        coinbase1: Arc::from([0x2f; 106]),
        coinbase2: Arc::from([0xab; 189]),
        branches: Arc::from([[0xc3; 32]; 12]),
        extranonce1: Arc::from([1, 2, 3, 4]),
        extranonce2_size: 8,
        version: 0x2000_0000,
        version_mask: 0x1fff_e000,
        nbits: 0x1703_4219,
        ntime: super::plan::NTIME,
        clean: true,
        share_target: Target::from_difficulty(Difficulty::ONE, DifficultyOne::BITCOIN),
        network_target: Target::from_difficulty(Difficulty::ONE, DifficultyOne::BITCOIN),
        received_at: Instant::ZERO,
    }
}
