//! The account catches what it must, and excuses nothing else.

use twin::machine::{Direction, Noise};
use twin::pool::Order;
use units::{ChipIndex, Nonce};

use super::*;
use crate::WorldOptions;

fn earning_world() -> World {
    let mut world = World::new(WorldOptions::healthy(5, "antminer-s21-pro"));
    world.run_for(Duration::from_secs(12));
    world
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn a_share_that_never_reached_the_pool_is_caught() {
    let mut world = earning_world();
    let at = world.now() - Duration::from_secs(2);
    push_nonce(&mut world, ChainSlot(0), at, at - Duration::from_secs(1));
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "submitted below its target")]
fn a_share_below_its_target_is_caught() {
    let mut world = earning_world();
    for job in &mut world.job_log.jobs {
        job.difficulty *= 1e6;
    }
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "damaged runs")]
fn damage_that_was_not_counted_is_caught() {
    let mut options = WorldOptions::healthy(6, "antminer-s21-pro");
    options.faults.noise.push(Noise {
        from: Instant::from_millis(8_000),
        flip: 0.002,
        ..Noise::on(ChainSlot(1), Direction::ToHost)
    });
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(15));
    // Forget the wires' own account, as a miner would that counts too much.
    world.twin(|twin| *twin = fresh_twin());
    world.settle_accounts();
}

const HIT: ChainSlot = ChainSlot(1);

/// Noise swallows the job that should have replaced void work on one chain.
fn world_with_a_lost_job() -> World {
    let mut options = WorldOptions::healthy(7, "antminer-s21-pro");
    let at = Instant::from_millis(12_000);
    options.faults.noise.push(Noise {
        from: at,
        until: at + Duration::from_millis(100),
        drop: 1.0,
        ..Noise::on(HIT, Direction::ToChips)
    });
    let mut world = World::new(options);
    world.run_for(at.since(Instant::ZERO));
    world.pool_order(Order::NewJob { clean: true });
    world.run_for(Duration::from_secs(3));
    world
}

/// A nonce that the ledgers of a good run do not know.
fn push_nonce(world: &mut World, slot: ChainSlot, at: Instant, job_taken: Instant) {
    let kind = FrameKind::Nonce {
        nonce: Nonce(0x1234_5678),
        job_byte: 0,
        version_bits: 0,
        hash: [0; 32],
        made_up: false,
        job_taken,
    };
    world.frames.push(FrameRecord {
        slot,
        chip: ChipIndex(0),
        kind,
        at,
        fate: Fate::Arrived,
    });
}

#[test]
fn nonces_of_work_that_a_lost_job_left_void_are_excused() {
    let mut world = world_with_a_lost_job();
    assert_eq!(world.lost_jobs.len(), 1);
    let verdicts = world.settle_accounts();
    // The job before it had up to 1.2 s to go, at some hundred nonces a second.
    assert!(verdicts.void > 10, "{verdicts:?}");
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn without_a_lost_job_void_work_is_no_excuse() {
    let mut world = world_with_a_lost_job();
    world.lost_jobs.clear();
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn a_lost_job_excuses_no_other_chain() {
    let mut world = world_with_a_lost_job();
    world.lost_jobs[0].slot = ChainSlot(0);
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn a_job_that_was_sent_late_excuses_nothing() {
    let mut world = world_with_a_lost_job();
    world.lost_jobs[0].at += AFTERMATH;
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn a_lost_job_excuses_no_share_of_the_work_after_it() {
    let mut world = world_with_a_lost_job();
    let lost = world.lost_jobs[0].at;
    let at = lost + Duration::from_secs(1);
    push_nonce(&mut world, HIT, at, lost + Duration::from_millis(500));
    world.settle_accounts();
}

#[test]
#[should_panic(expected = "submitted although its work was void")]
fn a_share_of_void_work_that_was_submitted_is_caught() {
    let mut world = world_with_a_lost_job();
    let lost = world.lost_jobs[0].at;
    let at = lost + Duration::from_millis(500);
    push_nonce(&mut world, HIT, at, lost - Duration::from_millis(500));
    let sent = world.pool_ledger().records.iter().find_map(|r| r.hash);
    if let Some(frame) = world.frames.last_mut()
        && let FrameKind::Nonce { hash, .. } = &mut frame.kind
    {
        *hash = sent.expect("a share was sent");
    }
    world.settle_accounts();
}

fn fresh_twin() -> twin::machine::TwinMachine {
    let machine = board_support::machine("antminer-s21-pro").expect("known");
    twin::machine::TwinMachine::new(&machine, Default::default()).expect("known")
}

#[test]
fn difficulty_of_the_genesis_block() {
    let mut hash = [0; 32];
    let display = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    for (i, byte) in hash.iter_mut().rev().enumerate() {
        *byte = u8::from_str_radix(&display[2 * i..2 * i + 2], 16).expect("hex");
    }
    let difficulty = difficulty_of(&hash, 32);
    assert!((difficulty - 2536.4263).abs() < 1e-3, "{difficulty}");
}

/// Registers of a core of the open FPGA design, by its address.
const WORKS_IN: u32 = 0x2000;
const WORKS_IN_STATUS: u32 = 0x200C;

/// An S9 with noise on every line to the host, for ten seconds from its first minute on, and its
/// cores.
fn noisy_s9(seed: u64, flip: f64) -> (World, Vec<u32>) {
    let mut options = WorldOptions::healthy(seed, "antminer-s9");
    for slot in (0..3).map(ChainSlot) {
        options.faults.noise.push(Noise {
            from: Instant::from_millis(60_000),
            until: Instant::from_millis(70_000),
            flip,
            ..Noise::on(slot, Direction::ToHost)
        });
    }
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(61));
    let cores = world.twin(|twin| twin.core_map().map(|map| map.chains.clone()));
    (world, cores.expect("an S9 has cores"))
}

/// A board has a hundred bytes a second to say: about one answer in fifteen is damaged.
const OFTEN: f64 = 0.01;
/// So seldom that no doubt may be left: one damage in four lets a phantom through.
const SELDOM: f64 = 0.001;

/// A time in which a port mostly does not look at its core.
const BLINK: Duration = Duration::from_micros(300);

/// Takes answers out of cores behind the ports' backs until one of them had to be submitted.
fn steal_one_share(world: &mut World, cores: &[u32]) {
    for _ in 0..100_000 {
        world.run_for(BLINK);
        let now = world.now();
        for core in cores {
            let stolen = world.twin(|twin| {
                let empty = twin.fpga_read32(now, core + WORKS_IN_STATUS) & 1 != 0;
                let mut word = || twin.fpga_read32(now, core + WORKS_IN);
                (!empty).then(|| [word(), word()][0])
            });
            let mut taken = world.twin(|twin| twin.take_ledger());
            world.frames.append(&mut taken.frames);
            world.lost_jobs.append(&mut taken.lost_jobs);
            let is_it = |frame: &&FrameRecord| match frame.kind {
                FrameKind::Nonce { nonce, .. } => Some(nonce.0) == stolen,
                FrameKind::Register { .. } => false,
            };
            let frame = world.frames.iter().rev().find(is_it).copied();
            if let Some(FrameKind::Nonce { hash, .. }) = frame.map(|frame| frame.kind)
                && let Some(frame) = frame
                && frame.fate == Fate::Arrived
                && matches!(world.expected(&frame, &hash), Expected::Submitted)
            {
                return;
            }
        }
    }
    panic!("no share came");
}

#[test]
#[should_panic(expected = "a share was not submitted")]
fn one_share_that_vanishes_between_an_open_core_and_its_port_is_caught() {
    let (mut world, cores) = noisy_s9(8, OFTEN);
    steal_one_share(&mut world, &cores);
    world.run_for(Duration::from_secs(15));
    world.settle_accounts();
}

/// What the miner counted as damaged, and what the account lets it count.
fn damage(world: &mut World) -> (u64, RangeInclusive<u64>) {
    let chains = world.snapshot().chains;
    let counted = chains.iter().map(|c| c.damaged_frames).sum();
    (counted, world.twin(|twin| damage_allowed(twin)))
}

/// A phantom in every fourth damage leaves a doubt; where there is none, one count too few is
/// caught, and one too many.
#[test]
fn without_a_doubt_an_open_cores_damage_is_counted_exactly() {
    let exact = (8..18).find_map(|seed| {
        let (mut world, _) = noisy_s9(seed, SELDOM);
        world.run_for(Duration::from_secs(15));
        let (counted, allowed) = damage(&mut world);
        world.settle_accounts();
        let is_exact = allowed.start() == allowed.end() && counted > 1;
        is_exact.then_some((counted, allowed))
    });
    let (counted, allowed) = exact.expect("a seed without a doubt");
    assert_eq!(allowed, counted..=counted);
}

#[test]
fn an_s9_that_is_left_alone_passes() {
    let (mut world, _) = noisy_s9(8, OFTEN);
    world.run_for(Duration::from_secs(15));
    let (counted, _) = damage(&mut world);
    let verdicts = world.settle_accounts();
    assert!(counted > 10, "{counted}");
    assert!(verdicts.damaged > 10, "{verdicts:?}");
    assert!(verdicts.submitted > 100, "{verdicts:?}");
}
