//! Work, nonces, the guard, and recovery.

mod common;

use common::{Bench, Sent, report, response, s19_pro, s21_pro};
use drivers::{Effect, Input};
use hal::{BoardEvent, LineErrors, LinkError, LinkEvent};
use telemetry::{ChainState, Code};
use units::{ChainSlot, Duration, Instant, WireJobId};

const MINUTE: Instant = Instant::from_millis(60_000);

fn up(config: drivers::ChainConfig, seed: u64) -> Bench {
    let mut bench = Bench::new(config, seed);
    bench.input(Input::Start);
    let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
    assert!(bench.run_until(MINUTE, hashing), "{:?}", bench.notes);
    bench
}

#[test]
fn a_fast_chain_keeps_twenty_milliseconds_of_work_in_its_link() {
    let mut bench = up(s19_pro(), 1);
    bench.depth = None;
    bench.starved = 0;
    bench.run(Duration::from_secs(2));
    let (least, most) = bench.depth.expect("runs");
    // 20 ms of 249.7 us are 81 frames; a quarter of them is asked for at a time.
    assert!(
        (60..=81).contains(&least) && most == 81,
        "{least} to {most}"
    );
    assert_eq!(bench.starved, 0);
}

#[test]
fn a_slow_chain_keeps_one_job_waiting() {
    let mut bench = up(s21_pro(), 2);
    bench.depth = None;
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.depth, Some((1, 1)));
}

#[test]
fn a_flush_empties_the_link_and_asks_anew_at_once() {
    let mut bench = up(s19_pro(), 3).keeping_work();
    let (from, asks) = (bench.sent.len(), bench.asks.len());
    bench.input(Input::FlushWork);
    assert_eq!(bench.asks[asks..], [(bench.now, 81)]);
    let after: Vec<_> = bench.sent[from..].iter().map(|s| &s.1).collect();
    assert_eq!(*after[0], Sent::Flush);
    let kinds: Vec<_> = after[1..]
        .iter()
        .map(|s| match s {
            Sent::Work(w) => w[0],
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds.len(), 81);
    assert_eq!(kinds[..2], [0x11, 0x01], "only the first begins a block");
}

#[test]
fn without_work_the_chain_asks_again_and_does_not_ramp() {
    let mut bench = Bench::new(s21_pro(), 4);
    bench.script.has_work = false;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(30));
    assert_eq!(bench.chain.state(), ChainState::Starting);
    let last = bench.asks.last().expect("asked").0;
    assert!(bench.now.since(last) <= Duration::from_millis(50));
    let pll = bench
        .commands()
        .iter()
        .filter(|(_, f)| f[3] == 0x08)
        .count();
    assert_eq!((pll, bench.notes.len()), (0, 0));
    bench.script.has_work = true;
    bench.input(Input::Wake);
    let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
    assert!(bench.run_until(MINUTE, hashing));
}

#[test]
fn a_pool_gone_is_not_a_chain_gone_silent() {
    let mut bench = up(s19_pro(), 5);
    bench.script.has_work = false;
    bench.script.rate = 0.0;
    bench.run(Duration::from_secs(600));
    assert_eq!(bench.codes(), [Code::ChainUp]);
    assert_eq!(bench.chain.state(), ChainState::Hashing);
    bench.script.has_work = true;
    bench.script.rate = 1.0;
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.codes(), [Code::ChainUp]);
}

#[test]
fn nonces_are_decoded_by_the_chips_table() {
    let mut bench = up(s21_pro(), 6);
    bench.script.rate = 0.0;
    bench.nonces.clear();
    // Captured: job 0x68, small core 2, counter 0x05A2.
    bench.give_nonce(0x4c03_5275, 0xd2, 0x05a2);
    let got = bench.nonces[0];
    assert_eq!(got.wire, WireJobId(0x68));
    assert_eq!(got.version_bits, 0x00b4_4000);
    assert_eq!((got.nonce.0, got.midstate_index), (0x7552_034c, 0));

    let mut bench = up(s19_pro(), 6);
    bench.script.rate = 0.0;
    bench.nonces.clear();
    bench.give_nonce(0x50d0_f94f, 0x7e, 0);
    let got = bench.nonces[0];
    assert_eq!((got.wire, got.midstate_index), (WireJobId(0x7c), 2));
    assert_eq!(
        (got.nonce.to_wire(), got.version_bits),
        ([0x50, 0xd0, 0xf9, 0x4f], 0)
    );
}

#[test]
fn with_fewer_versions_than_places_the_index_folds() {
    let mut bench = Bench::new(s19_pro(), 7);
    bench.script.midstates = 2;
    bench.input(Input::Start);
    let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
    assert!(bench.run_until(MINUTE, hashing));
    bench.nonces.clear();
    bench.give_nonce(1, 0x0b, 0);
    assert_eq!(
        (bench.nonces[0].wire, bench.nonces[0].midstate_index),
        (WireJobId(8), 1)
    );
}

#[test]
fn a_changed_version_mask_reaches_the_chips_before_the_work() {
    let mut bench = up(s21_pro(), 8).keeping_work();
    let from = bench.sent.len();
    bench.script.mask = 0x00ff_e000;
    bench.input(Input::FlushWork);
    let after: Vec<_> = bench.sent[from..].iter().map(|s| s.1.clone()).collect();
    let shorter = Sent::Period(Duration::from_nanos(
        (f64::from(2048 / 16) * 7861.0 / 25.0 * 1e3) as u64,
    ));
    let Sent::Command(got) = &after[2] else {
        panic!("{after:?}");
    };
    assert_eq!(got[..8], [0x51, 9, 0, 0xa4, 0x90, 0, 0x07, 0xff]);
    assert_eq!(after[..2], [Sent::Flush, Sent::Flush]);
    assert_eq!(after[3], shorter);
    assert!(matches!(after[4], Sent::Work(_)));
}

#[test]
fn thinning_multiplies_the_work_period_alone() {
    let mut config = s19_pro();
    let exact = up(config.clone(), 9);
    config.thinning = 50;
    let thinned = up(config, 9);
    let periods = |b: &Bench| -> Vec<Duration> {
        let only = b.sent.iter().filter_map(|(_, s)| match s {
            Sent::Period(p) => Some(*p),
            _ => None,
        });
        only.collect()
    };
    let (a, b) = (periods(&exact), periods(&thinned));
    assert!(a.iter().zip(&b).all(|(a, b)| *a * 50 == *b));
    assert_eq!(exact.commands().len(), thinned.commands().len());
}

#[test]
fn expected_and_seen_nonces_agree_per_chain_chip_and_domain() {
    let mut bench = up(s21_pro(), 10);
    bench.run(Duration::from_secs(600));
    let status = bench.chain.status(bench.now);
    let ratio = status.nonces as f64 / status.nonces_expected;
    assert!((0.97..1.03).contains(&ratio), "{ratio}");
    assert!(status.nonces > 30_000);
    let chips = bench.chain.chips(bench.now);
    let domains = bench.chain.domains(bench.now);
    assert_eq!((chips.len(), domains.len()), (65, 13));
    assert_eq!((chips[64].index, chips[64].domain), (64, 12));
    let inside = chips
        .iter()
        .filter(|c| c.ratio_low.is_some_and(|l| l <= 1.0) && c.ratio_high >= Some(1.0))
        .count();
    assert!(inside >= 55, "{inside} of 65 intervals cover the truth");
    let sum: u64 = domains.iter().map(|d| d.nonces).sum();
    assert_eq!(sum, chips.iter().map(|c| c.nonces).sum::<u64>());
    let first = &domains[0];
    let (low, high) = first.ratio.expect("expected");
    assert!(low < 1.02 && high > 0.98 && high - low < 0.1, "{first:?}");
}

#[test]
fn hw_errors_belong_to_their_chip_and_many_are_told() {
    let mut bench = up(s19_pro(), 11);
    // Address 208: chip 104.
    let report = report(0x50d0_f94f);
    let before = bench.chain.chips(bench.now)[104].hw_errors;
    bench.input(Input::Verdict { report, ok: false });
    assert_eq!(bench.chain.chips(bench.now)[104].hw_errors, before + 1);
    bench.script.wrong = 0.2;
    bench.run(Duration::from_secs(300));
    assert_eq!(bench.codes(), [Code::ChainUp, Code::ChainHwErrors]);
}

#[test]
fn a_chain_gone_silent_is_brought_up_again() {
    for config in [s19_pro(), s21_pro()] {
        let mut bench = up(config, 12);
        bench.run(Duration::from_secs(5));
        bench.script.rate = 0.0;
        let began = bench.now;
        let recovering = |b: &Bench| b.chain.state() == ChainState::Recovering;
        assert!(bench.run_until(began + Duration::from_secs(10), recovering));
        // 20 expected nonces at 34 (S19 Pro) or 72 (S21 Pro) a second.
        assert!(bench.now.since(began) >= Duration::from_millis(200));
        let tail: Vec<_> = bench
            .sent
            .iter()
            .rev()
            .take(3)
            .map(|s| s.1.clone())
            .collect();
        assert_eq!(tail, [Sent::Lost, Sent::Rail(false), Sent::Reset(true)]);
        bench.script.rate = 1.0;
        let end = bench.now + Duration::from_secs(60);
        let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
        assert!(bench.run_until(end, hashing));
        let codes = [
            Code::ChainUp,
            Code::ChainSilent,
            Code::ChainRestart,
            Code::ChainUp,
        ];
        assert_eq!(bench.codes(), codes);
        assert_eq!(bench.chain.status(bench.now).restarts, 1);
    }
}

#[test]
fn chance_never_silences_restarts_or_trips_a_good_chain() {
    for seed in 0..40 {
        let mut config = s19_pro();
        config.thinning = 1000; // fewer events, the same nonces
        config.settle_percent = 1;
        let mut bench = Bench::new(config, seed);
        bench.input(Input::Start);
        bench.run(Duration::from_secs(120));
        assert_eq!(bench.codes(), [Code::ChainUp], "seed {seed}");
    }
}

#[test]
fn chips_that_run_too_fast_are_switched_off_below_a_quarter_of_their_speed() {
    for seed in 0..40 {
        let mut config = s19_pro();
        config.thinning = 1000;
        config.settle_percent = 1;
        let mut bench = Bench::new(config, seed);
        bench.script.rate = 4.0; // a post divider misread
        bench.input(Input::Start);
        let failed = |b: &Bench| b.chain.state() == ChainState::Failed;
        let mut highest: f64 = 0.0;
        while !failed(&bench) && bench.now < MINUTE {
            let next = bench.now + Duration::from_millis(50);
            bench.run_until(next, failed);
            highest = highest.max(bench.chain.status(bench.now).frequency_mhz.unwrap_or(0.0));
        }
        assert!(failed(&bench), "seed {seed}");
        assert!(highest < 126.0, "seed {seed}: {highest} MHz");
        assert_eq!(bench.codes(), [Code::ChainRampGuard], "seed {seed}");
        assert!(
            bench
                .sent
                .iter()
                .rev()
                .any(|(_, s)| *s == Sent::Rail(false))
        );
    }
}

#[test]
fn a_doubled_rate_trips_the_guard() {
    for seed in 0..20 {
        let mut config = s19_pro();
        config.thinning = 1000;
        config.settle_percent = 1;
        let mut bench = Bench::new(config, seed);
        bench.script.rate = 2.0;
        bench.input(Input::Start);
        let failed = |b: &Bench| b.chain.state() == ChainState::Failed;
        assert!(
            bench.run_until(MINUTE, failed),
            "seed {seed} {:?}",
            bench.notes
        );
        assert!(bench.codes().contains(&Code::ChainRampGuard), "seed {seed}");
    }
}

#[test]
fn a_rate_too_low_stops_the_ramp_and_keeps_mining() {
    let mut config = s21_pro();
    config.settle_percent = 1;
    let mut bench = Bench::new(config, 13);
    bench.script.rate = 0.3;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.codes(), [Code::ChainRampGuard]);
    assert_eq!(bench.chain.state(), ChainState::Hashing);
    let frequency = bench.chain.status(bench.now).frequency_mhz;
    assert!(frequency < Some(600.0), "{frequency:?}");
}

#[test]
fn noise_is_told_and_deafness_restarts() {
    let mut bench = up(s21_pro(), 14);
    for _ in 0..1800 {
        bench.input(Input::Link(LinkEvent::Bytes(vec![0x5a; 11])));
        bench.run(Duration::from_millis(100));
    }
    assert_eq!(bench.codes(), [Code::ChainUp, Code::ChainNoisy]);
    assert!(bench.chain.status(bench.now).damaged_frames >= 180);
    assert_eq!(bench.chain.state(), ChainState::Hashing);

    let mut bench = up(s19_pro(), 15);
    bench.run(Duration::from_secs(65));
    for _ in 0..10_000 {
        // A nonce of this chain that the FPGA marks as bad: bit 7 is clear.
        let head = 0x8000_0000 | u32::from(common::SLOT.0);
        bench.input(Input::Link(LinkEvent::Record { head, data: 0 }));
    }
    bench.run(Duration::from_secs(2));
    assert_eq!(bench.chain.state(), ChainState::Recovering);
    assert_eq!(bench.codes(), [Code::ChainUp, Code::ChainNoisy]);
}

/// A host that stands still gets the second half of a frame late, and a chain that stops in the
/// middle of one sends it never: only the link can tell which.
#[test]
fn half_a_frame_waits_until_the_link_tells_silence() {
    let mut bench = up(s21_pro(), 16);
    let damaged = |bench: &Bench| bench.chain.status(bench.now).damaged_frames;
    let before = damaged(&bench);
    let frame = response(4, &[0; 8]);
    let (first, second) = frame.split_at(5);
    let half = |bytes: &[u8]| Input::Link(LinkEvent::Bytes(bytes.to_vec()));
    bench.input(half(first));
    bench.now += Duration::from_millis(200);
    bench.input(Input::Wake);
    bench.input(half(second));
    bench.input(Input::Link(LinkEvent::Silent));
    assert_eq!(damaged(&bench), before);
    bench.input(half(first));
    bench.input(Input::Link(LinkEvent::Silent));
    assert_eq!(damaged(&bench), before + 1);
}

/// An FPGA counts damage for all its chains together: the chain that is told of it may be
/// the healthy one.
#[test]
fn damage_counted_for_all_chains_is_told_and_restarts_none() {
    let mut bench = up(s19_pro(), 15);
    for _ in 0..65 {
        bench.input(Input::Link(LinkEvent::Damaged(10_000)));
        bench.run(Duration::from_secs(1));
    }
    assert_eq!(bench.chain.state(), ChainState::Hashing);
    assert_eq!(bench.codes(), [Code::ChainUp, Code::ChainNoisy]);
    assert!(
        bench
            .note(Code::ChainNoisy)
            .detail
            .contains("of_all_chains=true")
    );
    assert_eq!(bench.chain.status(bench.now).damaged_frames, 650_000);
}

#[test]
fn faults_of_link_and_board_power_the_chain_off_and_try_again() {
    let events = [
        (
            Input::Link(LinkEvent::Error(LinkError::Stuck)),
            Code::LinkFault,
        ),
        (
            Input::Link(LinkEvent::Error(LinkError::Device(5))),
            Code::LinkFault,
        ),
        (
            Input::Board(BoardEvent::Failed {
                slot: common::SLOT,
                errno: 5,
            }),
            Code::BoardFault,
        ),
    ];
    for (event, code) in events {
        let mut bench = up(s21_pro(), 16);
        bench.input(event);
        assert_eq!(bench.codes(), [Code::ChainUp, code]);
        assert_eq!(bench.chain.state(), ChainState::Recovering);
    }
    let mut bench = up(s21_pro(), 17);
    bench.input(Input::Board(BoardEvent::Failed {
        slot: ChainSlot(0),
        errno: 5,
    }));
    assert_eq!(bench.chain.state(), ChainState::Hashing, "another slot's");
}

#[test]
fn what_a_serial_device_counts_is_told_and_the_chain_goes_on() {
    let mut bench = up(s21_pro(), 19);
    bench.input(Input::Link(LinkEvent::Error(LinkError::Line(LineErrors {
        framing: 12,
        parity: 0,
        breaks: 1,
    }))));
    let detail = &bench.note(Code::LinkNoise).detail;
    assert_eq!(detail, "framing=12 parity=0 breaks=1");
    assert_eq!(bench.chain.state(), ChainState::Hashing);
}

#[test]
fn a_refused_frame_is_asked_for_again() {
    let mut bench = up(s21_pro(), 18);
    let asks = bench.asks.len();
    bench.input(Input::Link(LinkEvent::Error(LinkError::QueueFull)));
    assert!(bench.asks.len() > asks);
}

#[test]
fn inputs_out_of_place_are_ignored() {
    let mut bench = Bench::new(s19_pro(), 19);
    for input in [
        Input::Stop,
        Input::FlushWork,
        Input::Wake,
        Input::Link(LinkEvent::Bytes(response(4, &[0; 8]))),
        Input::Link(LinkEvent::Record {
            head: 0x8000_0080,
            data: 1,
        }),
        Input::Link(LinkEvent::Work { queued: 3, sent: 9 }),
        Input::Verdict {
            report: report(u32::MAX),
            ok: true,
        },
    ] {
        bench.chain.handle(bench.now, input);
        assert_eq!(bench.chain.next_effect(), None::<Effect>);
    }
    assert_eq!(bench.chain.state(), ChainState::Off);
}

#[test]
fn one_seed_gives_one_history() {
    let history = || {
        let mut bench = Bench::new(s21_pro(), 20).keeping_work();
        bench.input(Input::Start);
        bench.run(Duration::from_secs(30));
        (bench.sent, bench.notes, bench.nonces)
    };
    assert!(history() == history());
}
