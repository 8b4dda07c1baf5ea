//! What must hold for every chip: a new table is picked up here without a new test.

mod common;

use board_support::LinkKind;
use common::{Bench, Sent};
use drivers::{ChainConfig, Input};
use protocol::{Action, Baud, ChipField, PROFILES, Profile};
use telemetry::{ChainState, Code};
use units::{Duration, Instant};

/// Longer than any bring-up and ramp.
const SOON: Instant = Instant::from_millis(300_000);

/// A board of sixty chips of this kind, at an interval that leaves room for a few more.
fn board(profile: &Profile) -> ChainConfig {
    let baud = match profile.baud {
        Baud::Low { .. } => 1_562_500,
        Baud::Misc { .. } => 6_250_000,
        Baud::FastUart { .. } => 3_125_000,
    };
    let mut config = common::config(profile.name, LinkKind::Uart, 60, 12, 450.0, baud);
    config.hashboard.address_interval = 4;
    config
}

fn hashing(bench: &Bench) -> bool {
    bench.chain.state() == ChainState::Hashing
}

fn up(config: ChainConfig, seed: u64, change: impl Fn(&mut Bench)) -> Bench {
    let mut bench = Bench::new(config, seed);
    change(&mut bench);
    bench.input(Input::Start);
    assert!(bench.run_until(SOON, hashing), "{:?}", bench.notes);
    bench
}

#[test]
fn every_chip_is_brought_up_and_mines() {
    for profile in PROFILES {
        let mut bench = up(board(profile), 1, |_| {});
        bench.run(Duration::from_secs(60));
        let name = profile.name;
        assert_eq!(bench.codes(), [Code::ChainUp], "{name}: {:?}", bench.notes);
        let status = bench.chain.status(bench.now);
        assert_eq!(status.chips_found, Some(60), "{name}");
        let ratio = status.nonces as f64 / status.nonces_expected;
        assert!((0.8..1.2).contains(&ratio), "{name}: {ratio}");
        assert!(status.nonces > 100, "{name}");
        let rate = profile.hashes_per_s(units::Megahertz::new(450.0)) * 60.0;
        let nominal = bench.chain.nominal().hs();
        assert!(
            (nominal / rate - 1.0).abs() < 0.01,
            "{name}: {nominal} {rate}"
        );
    }
}

#[test]
fn the_ramp_keeps_the_pace_of_the_chip_and_never_jumps() {
    for profile in PROFILES {
        let bench = up(board(profile), 2, |_| {});
        let name = profile.name;
        let orders: Vec<_> = bench
            .commands()
            .into_iter()
            .filter(|(_, f)| f[0] & 0xf0 == 0x50 && f.len() == 9 && f[3] == profile.map.pll.0)
            .map(|(at, f)| (at, u32::from_be_bytes([f[4], f[5], f[6], f[7]])))
            .collect();
        let mhz = |value| {
            let got = protocol::pll::frequency(value, profile.pll.encoding, 0);
            got.expect("valid").mhz()
        };
        let mut before: Option<(Instant, f64)> = None;
        for (at, value) in orders {
            let ordered = mhz(value);
            let Some((since, from)) = before else {
                assert!(
                    ordered <= profile.start.mhz() + 6.3,
                    "{name}: begins at {ordered}"
                );
                before = Some((at, ordered));
                continue;
            };
            assert!(ordered - from < 8.0, "{name}: {from} to {ordered}");
            if ordered > from {
                let pace = profile.step_time(units::Megahertz::new(from - 0.5));
                assert!(
                    at.since(since) >= pace.mul_f64(0.99),
                    "{name}: at {ordered}"
                );
                before = Some((at, ordered));
            }
        }
        let (_, reached) = before.expect("ordered");
        assert!((reached - 450.0).abs() < 2.0, "{name}: {reached}");
    }
}

#[test]
fn a_silent_chip_in_the_middle_is_named_and_the_rest_mines() {
    for profile in PROFILES {
        let bench = up(board(profile), 3, |b| b.script.dead = vec![27]);
        let note = bench.note(Code::ChainChips);
        assert_eq!(note.place, "chain 1");
        let text = "59 of 60 chips answered; none from chip 27 in domain 5";
        assert_eq!(note.detail, text, "{}", profile.name);
        assert_eq!(bench.chain.status(bench.now).chips_found, Some(59));
    }
}

#[test]
fn a_chain_that_ends_early_is_told_from_where_on() {
    for profile in PROFILES {
        let bench = up(board(profile), 4, |b| b.script.chips = 41);
        let text = "41 of 60 chips answered; none from chip 41 in domain 8 and all behind it";
        assert_eq!(
            bench.note(Code::ChainChips).detail,
            text,
            "{}",
            profile.name
        );
    }
}

#[test]
fn a_chip_too_many_is_told_and_all_mine() {
    for profile in PROFILES {
        let bench = up(board(profile), 5, |b| b.script.chips = 61);
        let text = "61 of 60 chips answered";
        assert_eq!(
            bench.note(Code::ChainChips).detail,
            text,
            "{}",
            profile.name
        );
    }
}

#[test]
fn a_foreign_chip_is_named_and_the_rest_mines() {
    for profile in PROFILES {
        let bench = up(board(profile), 6, |b| {
            b.script.foreign = vec![(12, 0x1234_0000)];
        });
        let note = bench.note(Code::ChainForeign);
        let expected = format!(
            "chip 12 in domain 2 answered as 1234, expected {:04x}",
            profile.id
        );
        assert_eq!((&*note.place, &note.detail), ("chain 1", &expected));
        assert_eq!(bench.chain.status(bench.now).chips_found, Some(59));
    }
}

#[test]
fn a_board_of_another_chip_is_powered_off() {
    for profile in PROFILES {
        let mut bench = Bench::new(board(profile), 7);
        bench.script.id = 0x1234_0000;
        bench.input(Input::Start);
        bench.run(Duration::from_secs(100));
        assert_eq!(bench.codes(), [Code::ChainChipId], "{}", profile.name);
        assert_eq!(bench.chain.state(), ChainState::Failed);
        assert_eq!(bench.sent.last().map(|s| &s.1), Some(&Sent::Lost));
    }
}

#[test]
fn a_line_too_slow_for_the_work_hashes_what_it_carries_and_says_so() {
    for profile in PROFILES {
        let slow = |config: &mut ChainConfig| config.hashboard.baud = 115_200;
        let mut config = board(profile);
        slow(&mut config);
        let mut bench = up(config, 8, |b| b.script.mask = 0x2000);
        bench.run(Duration::from_secs(120));
        let name = profile.name;
        let note = bench.note(Code::ChainBaud);
        assert!(
            note.detail.starts_with("baud=115"),
            "{name}: {}",
            note.detail
        );
        // What the line leaves is what is expected: neither guard nor silence trips.
        assert_eq!(bench.chain.state(), ChainState::Hashing, "{name}");
        let others = bench
            .codes()
            .into_iter()
            .filter(|c| !matches!(c, Code::ChainUp | Code::ChainBaud | Code::ChainCarries));
        assert_eq!(others.collect::<Vec<_>>(), [], "{name}: {:?}", bench.notes);
        let status = bench.chain.status(bench.now);
        let ratio = status.nonces as f64 / status.nonces_expected.max(1.0);
        assert!((0.6..1.4).contains(&ratio), "{name}: {ratio}");
        let rate = profile.hashes_per_s(units::Megahertz::new(450.0)) * 60.0;
        let share = bench.chain.nominal().hs() / rate;
        assert!(share < 0.9, "{name}: {share}");
    }
}

#[test]
fn fewer_versions_than_small_cores_leave_some_of_them_idle() {
    for profile in PROFILES {
        if profile.version_bits == 0 {
            continue;
        }
        // One version bit: two versions for the small cores of a core.
        let mut bench = up(board(profile), 9, |b| b.script.mask = 0x2000);
        bench.run(Duration::from_secs(1));
        assert!(hashing(&bench), "{:?}", bench.notes);
        let rate = profile.hashes_per_s(units::Megahertz::new(450.0)) * 60.0;
        let share = bench.chain.nominal().hs() / rate;
        let expected = 2.0 / f64::from(profile.small_cores_per_core);
        assert!(
            (share / expected - 1.0).abs() < 0.01,
            "{}: {share}",
            profile.name
        );
    }
}

#[test]
fn cores_are_opened_before_work_is_asked_for() {
    for profile in PROFILES {
        let jobs: usize = profile
            .bring_up
            .iter()
            .map(|s| match s.action {
                Action::OpenCores { jobs, .. } => usize::from(jobs),
                _ => 0,
            })
            .sum();
        let mut bench = Bench::new(board(profile), 10).keeping_work();
        bench.script.has_work = false;
        bench.input(Input::Start);
        let asked = |b: &Bench| !b.asks.is_empty();
        assert!(bench.run_until(SOON, asked), "{}", profile.name);
        let sent: Vec<_> = bench
            .sent
            .iter()
            .filter_map(|(at, s)| match s {
                Sent::Work(frame) => Some((*at, frame.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(sent.len(), jobs, "{}", profile.name);
        assert_eq!(jobs > 0, profile.name == "bm1387");
        for (_, frame) in &sent {
            // Four midstates of zero, the enabling nbits, and no preamble: as published.
            assert_eq!(frame[..4], [0x21, 0x96, 0, 4]);
            assert_eq!(frame[8..12], [0xff; 4]);
            assert_eq!(frame[148..], [0xb9, 0x84]);
        }
        if jobs > 0 {
            let took = bench.asks[0].0.since(sent[0].0);
            assert!(took >= Duration::from_millis(20 * 113), "{took:?}");
        }
    }
}

#[test]
fn nonces_are_booked_on_their_chip() {
    for profile in PROFILES {
        let ChipField::Address { .. } = profile.nonce.chip else {
            continue;
        };
        let mut bench = up(board(profile), 11, |_| {});
        bench.script.rate = 0.0;
        // The nonce that chip 33 of a board at interval 4 would return.
        let found = (0..u32::MAX).step_by(0x0101).find(|n| {
            let nonce = units::Nonce::from_wire(n.to_be_bytes());
            let origin = profile.origin(nonce, &common_shape());
            origin.chip == 33 && origin.core == 5
        });
        let before = bench.chain.chips(bench.now)[33].nonces;
        bench.give_nonce(found.expect("exists"), 0x08, 0);
        let after = bench.chain.chips(bench.now)[33].nonces;
        assert_eq!(after, before + 1, "{}", profile.name);
    }
}

fn common_shape() -> protocol::Shape {
    protocol::Shape {
        chips: 60,
        domains: 12,
        address_interval: 4,
        ticket: units::TicketDifficulty::from_log2(8).expect("in range"),
        target: units::Megahertz::new(450.0),
        baud: 3_125_000,
        version_mask: 0,
    }
}
