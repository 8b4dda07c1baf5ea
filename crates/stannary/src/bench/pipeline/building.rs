//! Work building alone: the scheduler's dispatch and the frame that the driver makes of it,
//! on one thread with nothing else around. No chip's profile has a part in it: four midstates
//! per item, and the two frames in which they travel.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result};
use hal::{Frame, LinkOp, WORK_FRAME_MAX};
use protocol::Dialect;
use scheduler::{ChainNeeds, Config, Input, Scheduler};
use serde_json::{Map, Value, json};
use sha256d::{Hasher, Implementation};
use units::{
    ChainSlot, Difficulty, DifficultyOne, Duration, Instant, JobKey, Rolling, TicketDifficulty,
    WireJobId, WorkItem,
};
use work::{Job, RollingNeed, Target};

use super::{figure, stamp};

/// Rounds over three chains: some seconds of an S19 Pro.
const ROUNDS: u32 = 40_000;
/// Items of which frames are made for measurement, over and over.
const ITEMS: usize = 64;
/// Four-midstate jobs of the three chains of an S19 Pro at 525 MHz, per second.
const S19_PRO_PER_S: f64 = 3.0 * 4016.0;
/// Four-midstate jobs of one chain of an S9, per second.
const S9_CHAIN_PER_S: f64 = 344.0;

/// Processor time per work item and of its parts, and what that is of one core at known
/// rates.
pub(super) fn measure() -> Result<Value> {
    let slots = [0, 1, 2].map(ChainSlot);
    let mut scheduler = scheduler(&slots)?;
    let mut now = Instant::ZERO;
    work_on(&mut scheduler, now, Arc::new(job()));
    let mut items = Vec::with_capacity(ITEMS);
    for _ in 0..ITEMS {
        items.push(scheduler.dispatch(now, slots[0]).context("no work")?);
    }
    let (mut roots, mut last) = (0, [None; 3]);
    let before = stamp::cpu();
    for _ in 0..ROUNDS {
        now += Duration::from_micros(249);
        for (slot, last) in slots.into_iter().zip(&mut last) {
            let (id, item) = scheduler.dispatch(now, slot).context("no work")?;
            roots += u32::from(last.replace(item.extranonce2) != Some(item.extranonce2));
            black_box((id, item));
        }
    }
    let count = ROUNDS * slots.len() as u32;
    let dispatch = us_since(before, count);

    let record = each(&items, |id, item| {
        Frame::new(&protocol::fpga::encode_work(slots[0], id, item, false)?)
    })?;
    let frame = each(&items, |id, item| {
        let Rolling::Host(host) = &item.rolling else {
            return None;
        };
        let frame =
            protocol::job::encode_midstates(Dialect::Bm139x, id, &item.header, host.midstates());
        Frame::new(&frame)
    })?;
    // A core's share, small as it is at an S9's rate.
    let share = |us: f64, per_s: f64| (us * per_s / 10.0).round() / 1e5;
    let shares = |per_s: f64| {
        json!({
            "with_fpga_record": share(dispatch + record, per_s),
            "with_uart_frame": share(dispatch + frame, per_s),
        })
    };
    Ok(json!({
        "us_per_item": {
            "with_fpga_record": figure(dispatch + record),
            "with_uart_frame": figure(dispatch + frame),
        },
        "parts_us": {
            "dispatch": figure(dispatch),
            "of_it_four_midstates": figure(midstates_us(Hasher::best(), 4)),
            "fpga_record": figure(record),
            "uart_frame": figure(frame),
            "of_it_crc16": figure(crc16_us(&items)?),
        },
        "items_per_merkle_root": count / roots.max(1),
        "share_of_a_core": {
            "s19_pro_12048_per_s": shares(S19_PRO_PER_S),
            "s9_chain_344_per_s": shares(S9_CHAIN_PER_S),
        },
        "four_midstates_us_by": by_implementation(),
    }))
}

fn scheduler(slots: &[ChainSlot]) -> Result<Scheduler> {
    let ticket = TicketDifficulty::from_log2(8).context("ticket")?;
    let chains = slots.iter().map(|slot| ChainNeeds {
        slot: *slot,
        rolling: RollingNeed::Host { midstates: 4 },
        wire_id_step: 4,
        wire_id_count: 32,
        ticket,
    });
    Ok(Scheduler::new(Config {
        chains: chains.collect(),
        difficulty_one: DifficultyOne::BITCOIN,
        seed: 1,
    }))
}

/// Processor time since `before` for each of `count` things.
fn us_since(before: u64, count: u32) -> f64 {
    (stamp::cpu() - before) as f64 / 1e3 / f64::from(count)
}

/// Of making one frame of an item.
fn each(
    items: &[(WireJobId, WorkItem)],
    frame: impl Fn(WireJobId, &WorkItem) -> Option<Frame<WORK_FRAME_MAX>>,
) -> Result<f64> {
    let rounds = ROUNDS / ITEMS as u32;
    let before = stamp::cpu();
    for _ in 0..rounds {
        for (id, item) in items {
            let frame = frame(*id, black_box(item)).context("no frame")?;
            black_box(LinkOp::Work(frame));
        }
    }
    Ok(us_since(before, rounds * ITEMS as u32))
}

/// Of the checksum over one UART job, less its preamble and the checksum itself.
fn crc16_us(items: &[(WireJobId, WorkItem)]) -> Result<f64> {
    let (id, item) = items.first().context("no work")?;
    let Rolling::Host(host) = &item.rolling else {
        anyhow::bail!("the chip rolls");
    };
    let frame =
        protocol::job::encode_midstates(Dialect::Bm139x, *id, &item.header, host.midstates());
    let bytes = &frame[2..frame.len() - 2];
    let before = stamp::cpu();
    for _ in 0..ROUNDS {
        black_box(protocol::crc::crc16(black_box(bytes)));
    }
    Ok(us_since(before, ROUNDS))
}

/// Of four midstates of one header, of `ahead` that are computed in one pass.
fn midstates_us(hasher: Hasher, ahead: usize) -> f64 {
    let first64 = [0x5a; 64];
    let versions: Vec<u32> = (0..ahead as u32).map(|v| 0x2000_0000 | v << 13).collect();
    let mut out = vec![[0; 8]; ahead];
    let passes = ROUNDS * 4 / ahead as u32;
    let before = stamp::cpu();
    for _ in 0..passes {
        hasher.midstates_for_versions(black_box(&first64), black_box(&versions), &mut out);
        black_box(&out);
    }
    us_since(before, passes) * 4.0 / ahead as f64
}

/// Whether it would pay to compute the midstates of several items in one pass, by every
/// implementation that this processor has.
fn by_implementation() -> Value {
    let mut figures = Map::new();
    for hasher in Implementation::ALL.into_iter().filter_map(Hasher::forced) {
        let us = |ahead| figure(midstates_us(hasher, ahead));
        figures.insert(
            hasher.implementation().name().to_owned(),
            json!({ "alone": us(4), "of_8_in_a_pass": us(8), "of_16_in_a_pass": us(16) }),
        );
    }
    Value::Object(figures)
}

/// From now on all work comes from this job.
pub(super) fn work_on(scheduler: &mut Scheduler, now: Instant, job: Arc<Job>) {
    let uses = vec![(job.key.session, 1)];
    scheduler.handle(now, Input::Job(job));
    scheduler.handle(now, Input::Use(uses));
}

/// A job of a pool's usual size.
pub(super) fn job() -> Job {
    Job {
        key: JobKey::default(),
        pool_job_id: Arc::from("bench"),
        prev_hash: [0x5a; 32],
        coinbase1: Arc::from([0x2f; 106]),
        coinbase2: Arc::from([0xab; 189]),
        branches: Arc::from([[0xc3; 32]; 12]),
        extranonce1: Arc::from([1, 2, 3, 4]),
        extranonce2_size: 8,
        fixed_root: None,
        version: 0x2000_0000,
        version_mask: 0x1fff_e000,
        nbits: 0x1703_4219,
        ntime: super::plan::NTIME,
        clean: true,
        share_target: Target::from_difficulty(Difficulty::ONE, DifficultyOne::BITCOIN),
        network_target: Target::from_difficulty(Difficulty::ONE, DifficultyOne::BITCOIN),
        takes_easy_blocks: false,
        received_at: Instant::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_work_to_measure() {
        let slot = ChainSlot(0);
        let mut scheduler = scheduler(&[slot]).expect("its figures fit");
        work_on(&mut scheduler, Instant::ZERO, Arc::new(job()));
        assert!(scheduler.dispatch(Instant::ZERO, slot).is_some());
    }
}
