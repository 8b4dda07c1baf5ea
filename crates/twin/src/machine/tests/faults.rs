//! Faults, and what the ledger says of them.

use super::super::{BoardFault, DeadChip, Direction, Fate, FrameKind, Noise, Outage};
use super::*;
use units::ChipIndex;

const READ_IDS: [u8; 4] = [0x52, 5, 0, 0];

/// What a host finds in a stream of 9-byte answers: frames, rows of strays, strays. Written
/// without the twin's receiver.
fn pick(bytes: &[u8]) -> (Vec<Vec<u8>>, u64, u64) {
    let (mut frames, mut runs, mut strays, mut at) = (Vec::new(), 0, 0, 0);
    let mut good = true;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let preamble = rest.len() < 2 || rest[1] == 0x55;
        if rest[0] == 0xAA && preamble && rest.len() < 9 {
            break;
        }
        if rest[0] == 0xAA && preamble && super::super::crc::crc5(&rest[2..9]) == 0 {
            frames.push(rest[..9].to_vec());
            good = true;
            at += 9;
        } else {
            runs += u64::from(good);
            good = false;
            strays += 1;
            at += 1;
        }
    }
    (frames, runs, strays)
}

fn noise(rate: f64) -> FaultPlan {
    FaultPlan {
        noise: vec![Noise {
            flip: rate,
            drop: rate,
            duplicate: rate,
            delay: rate,
            delay_for: Duration::from_millis(3),
            ..Noise::on(SLOT, Direction::ToHost)
        }],
        ..FaultPlan::default()
    }
}

#[test]
fn the_ledger_tells_exactly_what_a_receiver_finds() {
    let mut damaged = 0;
    for seed in 0..40 {
        let options = TwinOptions {
            seed,
            faults: noise(0.004),
            ..options(2)
        };
        let mut bench = Bench::new("bm1398", 60, options);
        bench.address(60);
        let mut heard = Vec::new();
        for _ in 0..10 {
            heard.extend(bench.command(&READ_IDS));
        }
        heard.extend(bench.wait(Duration::from_secs(1)).read());
        let (frames, runs, strays) = pick(&heard);
        let ledger = bench.machine.take_ledger();
        let totals = ledger.totals(SLOT);
        assert_eq!(
            (totals.damaged_runs, totals.stray_bytes),
            (runs, strays),
            "seed {seed}"
        );
        let arrived: Vec<u8> = ledger
            .frames
            .iter()
            .filter(|f| f.fate == Fate::Arrived)
            .map(|f| (2 * f.chip.0) as u8)
            .collect();
        if totals.phantoms == 0 {
            let found: Vec<u8> = frames.iter().map(|f| f[6]).collect();
            assert_eq!(found, arrived, "seed {seed}");
        }
        let undecided = 600 - ledger.frames.len() as u64;
        assert!(undecided <= 2, "seed {seed}: {undecided}");
        assert_eq!(totals.answers, 600);
        assert_eq!(
            totals.damaged + arrived.len() as u64 + undecided,
            600,
            "seed {seed}"
        );
        damaged += totals.damaged;
    }
    // 9 bytes at a rate of 0.012 of damage, 24,000 frames.
    assert!((1800..3000).contains(&damaged), "{damaged}");
}

#[test]
fn delays_change_the_time_and_nothing_else() {
    let run = |faults| {
        let mut bench = Bench::with_faults("bm1398", 20, faults);
        bench
            .machine
            .uart_write(bench.now, SLOT, &framed(&READ_IDS));
        let mut last = Instant::ZERO;
        let mut all = Vec::new();
        while let Some(at) = bench.machine.uart_next_event(SLOT) {
            bench.now = at;
            bench.machine.advance(at);
            let bytes = bench.read();
            if !bytes.is_empty() {
                last = at;
            }
            all.extend(bytes);
        }
        (all, last)
    };
    let late = FaultPlan {
        noise: vec![Noise {
            delay: 0.05,
            delay_for: Duration::from_millis(10),
            ..Noise::on(SLOT, Direction::ToHost)
        }],
        ..FaultPlan::default()
    };
    let (clean, end) = run(FaultPlan::default());
    let (paused, late_end) = run(late);
    assert_eq!(clean, paused);
    assert!(
        late_end.since(end) >= Duration::from_millis(10),
        "{late_end:?}"
    );
}

#[test]
fn noise_towards_the_chips_loses_commands_and_nothing_worse() {
    let faults = FaultPlan {
        noise: vec![Noise {
            flip: 0.01,
            drop: 0.01,
            duplicate: 0.01,
            ..Noise::on(SLOT, Direction::ToChips)
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1370", 1, faults);
    let mut answered = 0;
    for _ in 0..1000 {
        let answer = bench.command(&READ_IDS);
        assert!(answer.len() <= 9 * 3, "{answer:x?}");
        answered += answer.len() / 9;
    }
    // 7 bytes each: about 0.81 arrive whole.
    assert!((700..900).contains(&answered), "{answered}");
    let totals = bench.machine.take_ledger().totals(SLOT);
    assert_eq!(totals.commands, answered as u64);
    assert!(totals.stray_bytes_at_chips > 500);
}

/// One byte in about a hundred is hit: of 88 bytes in a row three in five times some.
#[test]
fn a_job_is_taken_or_listed_as_lost_on_the_wire() {
    let faults = FaultPlan {
        noise: vec![Noise {
            flip: 0.003,
            drop: 0.003,
            duplicate: 0.003,
            ..Noise::on(SLOT, Direction::ToChips)
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1370", 1, faults);
    let mut lost = 0;
    for round in 0..1000u32 {
        let before = bench.machine.take_ledger().totals(SLOT);
        let at = bench.now + Duration::from_nanos(86_805) * 88;
        bench.send(&full_header_job(0x68, round as u8).0);
        let ledger = bench.machine.take_ledger();
        let after = ledger.totals(SLOT);
        let is_lost = after.lost_jobs > before.lost_jobs;
        assert_eq!(
            after.jobs - before.jobs,
            u64::from(!is_lost),
            "round {round}"
        );
        let listed: Vec<_> = ledger.lost_jobs.iter().map(|l| (l.slot, l.at)).collect();
        assert_eq!(listed, vec![(SLOT, at); usize::from(is_lost)]);
        assert!(!is_lost || after.noise_hits > before.noise_hits);
        lost += u32::from(is_lost);
        // A false start is over before the next job.
        bench.send(&[0; 200]);
    }
    assert!((450..650).contains(&lost), "{lost}");
}

#[test]
fn a_job_at_another_baud_rate_is_not_lost_to_noise() {
    let faults = FaultPlan {
        noise: vec![Noise::on(SLOT, Direction::ToChips)],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1370", 1, faults);
    bench.machine.uart_set_baud(bench.now, SLOT, 1_000_000);
    bench.send(&full_header_job(0x68, 0).0);
    let totals = bench.machine.take_ledger().totals(SLOT);
    assert_eq!((totals.jobs, totals.lost_jobs), (0, 0));
}

#[test]
fn an_outage_silences_the_chain_and_it_returns_as_after_power_up() {
    let outage = Outage {
        slot: SLOT,
        from: Instant::from_millis(10_000),
        until: Instant::from_millis(12_000),
    };
    let faults = FaultPlan {
        outages: vec![outage],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 3, faults);
    bench.address(3);
    let addresses = |answer: Vec<u8>| answer.chunks(9).map(|f| f[6]).collect::<Vec<_>>();
    assert_eq!(addresses(bench.command(&READ_IDS)), [0, 2, 4]);
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.command(&READ_IDS), NONE);
    bench.wait(Duration::from_secs(2));
    assert_eq!(addresses(bench.command(&READ_IDS)), [0, 0, 0]);
}

#[test]
fn an_outage_cuts_off_what_was_not_sent_yet() {
    // 114 answers take 89 ms; the outage begins after 45 ms.
    let outage = Outage {
        slot: SLOT,
        from: Instant::from_millis(45),
        until: Instant::NEVER,
    };
    let faults = FaultPlan {
        outages: vec![outage],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 114, faults);
    let answer = bench.command(&READ_IDS);
    let totals = bench.machine.take_ledger().totals(SLOT);
    assert!(
        answer.len().is_multiple_of(9) && answer.len() > 9 * 50,
        "{}",
        answer.len()
    );
    assert_eq!(totals.answers, answer.len() as u64 / 9);
    assert_eq!(totals.answers + totals.cut_off, 114);
}

#[test]
fn a_dead_chip_cuts_off_all_chips_behind_it() {
    let dead = DeadChip {
        slot: SLOT,
        chip: ChipIndex(2),
        from: Instant::from_millis(5_000),
    };
    let faults = FaultPlan {
        dead_chips: vec![dead],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 5, faults);
    assert_eq!(bench.command(&READ_IDS).len(), 5 * 9);
    bench.wait(Duration::from_secs(5));
    assert_eq!(bench.command(&READ_IDS).len(), 2 * 9);
}

#[test]
fn boards_may_be_absent_or_short_of_chips() {
    let faults = FaultPlan {
        boards: vec![BoardFault::Chips {
            slot: SLOT,
            count: 7,
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 5, faults);
    assert_eq!(bench.command(&READ_IDS).len(), 7 * 9);
    let faults = FaultPlan {
        boards: vec![BoardFault::Absent { slot: SLOT }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 5, faults);
    assert!(!bench.machine.plugged(SLOT));
    assert_eq!(bench.command(&READ_IDS), NONE);
}

#[test]
fn a_board_that_is_pulled_is_not_there_until_it_is_seated_and_then_as_after_power_up() {
    let faults = FaultPlan {
        pulled: vec![Outage {
            slot: SLOT,
            from: Instant::from_millis(2_000),
            until: Instant::from_millis(4_000),
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 5, faults);
    assert!(bench.machine.plugged(SLOT));
    assert_eq!(bench.command(&READ_IDS).len(), 5 * 9);
    bench.wait(Duration::from_secs(3));
    assert!(!bench.machine.plugged(SLOT));
    assert_eq!(bench.command(&READ_IDS), NONE);
    bench.wait(Duration::from_secs(2));
    assert!(bench.machine.plugged(SLOT));
    assert_eq!(bench.command(&READ_IDS).len(), 5 * 9);
}

#[test]
fn a_foreign_chip_tells_another_identity_and_nothing_else() {
    let (chip, id) = (ChipIndex(2), 0x1397);
    let faults = FaultPlan {
        boards: vec![BoardFault::Foreign {
            slot: SLOT,
            chip,
            id,
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1398", 5, faults);
    let mut healthy = Bench::with_faults("bm1398", 5, FaultPlan::default());
    let (told, usual) = (bench.command(&READ_IDS), healthy.command(&READ_IDS));
    assert_eq!(told.len(), usual.len());
    // Nine bytes an answer: preamble, value, chip, register, checksum.
    let differ: Vec<_> = (0..told.len()).filter(|i| told[*i] != usual[*i]).collect();
    assert_eq!(told[2 * 9 + 2..2 * 9 + 4], [0x13, 0x97]);
    assert!(differ.iter().all(|i| i / 9 == 2), "{differ:?}");
}

#[test]
fn a_chain_without_chips_is_silent_and_harmless() {
    let faults = FaultPlan {
        boards: vec![BoardFault::Chips {
            slot: SLOT,
            count: 0,
        }],
        ..FaultPlan::default()
    };
    let mut bench = Bench::with_faults("bm1370", 5, faults);
    bench.address(3);
    bench.write_all(0x10, 0x1EB5);
    assert_eq!(bench.command(&READ_IDS), NONE);
}

#[test]
fn a_plan_drawn_twice_from_one_seed_is_the_same_plan() {
    let slots = [ChainSlot(0), ChainSlot(1)];
    let draw = |seed| {
        let until = Instant::from_millis(60_000);
        FaultPlan::draw(seed, &slots, Instant::from_millis(1000), until)
    };
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
    assert_eq!(draw(3).noise.len(), 2);
    assert_eq!(draw(3).outages.len(), 1);
}

#[test]
fn garbage_of_any_kind_never_stops_a_chip_from_hearing_the_next_frame() {
    let mut rng = units::Rng::new(9);
    let mut bench = Bench::new("bm1370", 1, options(2));
    for round in 0..200 {
        let garbage: Vec<u8> = (0..rng.below(300))
            .map(|_| match rng.below(4) {
                0 => 0x55,
                1 => 0xAA,
                2 => 0x21,
                _ => rng.next_u32() as u8,
            })
            .collect();
        bench.send(&garbage);
        // A false start of a job may swallow up to 88 bytes before it is given up.
        bench.send(&[0; 88]);
        assert!(
            bench.command(&READ_IDS).ends_with(&read_of_id()),
            "round {round}"
        );
    }
}

fn read_of_id() -> Vec<u8> {
    super::super::wire::Answer::register(0x1370_0000, 0, 0, super::super::wire::Shape::Nine)
        .as_slice()
        .to_vec()
}

#[test]
fn the_list_of_frames_is_bounded_and_totals_go_on() {
    let options = TwinOptions {
        ledger_frames_max: 10,
        ..options(2)
    };
    let mut bench = Bench::new("bm1398", 8, options);
    bench.command(&READ_IDS);
    bench.command(&READ_IDS);
    let ledger = bench.machine.take_ledger();
    assert_eq!((ledger.frames.len(), ledger.frames_left_out), (10, 6));
    bench.command(&READ_IDS);
    let ledger = bench.machine.take_ledger();
    assert_eq!((ledger.frames.len(), ledger.frames_left_out), (8, 0));
    assert_eq!(ledger.totals(SLOT).answers, 24);
    assert!(matches!(
        ledger.frames[0].kind,
        FrameKind::Register { register: 0, .. }
    ));
}
