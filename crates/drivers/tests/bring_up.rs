//! From power-off to hashing at the target frequency.

mod common;

use common::{Bench, Sent, config, s19_pro, s21_pro};
use drivers::{Chain, ConfigError, Input, RollingNeed};
use telemetry::{ChainState, Code};
use units::{Duration, Instant};

const MINUTE: Instant = Instant::from_millis(60_000);

fn hashing(bench: &Bench) -> bool {
    bench.chain.state() == ChainState::Hashing
}

fn sequence(id: &str) -> Vec<(Vec<u8>, u64)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/bm13xx/init_sequences.json"
    );
    let text = std::fs::read_to_string(path).expect("in the tree");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list = file["vectors"].as_array().expect("list");
    let found = list.iter().find(|v| v["id"] == id).expect("sequence");
    let steps = found["steps"].as_array().expect("steps").iter();
    steps
        .filter_map(|s| {
            let hex = s["hex"].as_str()?;
            let bytes = (2..hex.len() / 2)
                .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex"));
            Some((bytes.collect(), s["delay_ms"].as_u64()?))
        })
        .collect()
}

#[test]
fn s21_pro_plays_the_captured_sequence_with_its_pauses() {
    let mut bench = Bench::new(s21_pro(), 1);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing), "{:?}", bench.notes);
    let vector = sequence("bm1370-s21pro-65chips");
    let is_ramp = |frame: &[u8]| frame[0] == 0x51 && frame[3] == 0x08;
    let (ramp, rest): (Vec<_>, Vec<_>) = vector.into_iter().partition(|(f, _)| is_ramp(f));
    let expected: Vec<_> = rest.into_iter().chain(ramp).collect();
    let ours = bench.commands();
    assert_eq!(ours.len(), expected.len());
    for (i, ((at, frame), (vector, delay))) in ours.iter().zip(&expected).enumerate() {
        assert_eq!(frame, vector, "frame {i}");
        if let Some((next, _)) = ours.get(i + 1) {
            assert!(
                next.since(*at) >= Duration::from_millis(*delay),
                "pause after frame {i}: {:?}",
                next.since(*at)
            );
        }
    }
    assert_eq!(bench.codes(), [Code::ChainUp]);
}

#[test]
fn settle_times_count_from_when_a_command_has_left() {
    let check = |uncounted, longest_us: u64| {
        let mut bench = Bench::new(s19_pro(), 1);
        bench.script.uncounted = uncounted;
        bench.input(Input::Start);
        assert!(bench.run_until(MINUTE, hashing), "{:?}", bench.notes);
        let addresses = bench.commands();
        let addresses: Vec<_> = addresses.iter().filter(|(_, f)| f[0] == 0x40).collect();
        assert_eq!(addresses.len(), 128);
        for pair in addresses.windows(2) {
            let apart = pair[1].0.since(pair[0].0).as_micros() as u64;
            // 10 ms are prescribed, and a command takes 0.6 ms on the line.
            assert!((10_600..=longest_us).contains(&apart), "{apart} us");
        }
    };
    check(Some(0), 11_000);
    // Three other chains may be ahead, as long as the link does not say.
    check(None, 13_200);
    check(Some(1), 13_200);
}

#[test]
fn s19_pro_begins_with_the_captured_stage_and_ramps_while_it_mines() {
    let mut bench = Bench::new(s19_pro(), 1).keeping_work();
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing), "{:?}", bench.notes);
    let ours = bench.commands();
    for (i, ((_, frame), (vector, _))) in ours
        .iter()
        .zip(sequence("bm1398-stage1-vendor-test"))
        .enumerate()
    {
        assert_eq!(*frame, vector, "frame {i}");
    }
    let pll: Vec<_> = ours.iter().filter(|(_, f)| f[3] == 0x08).collect();
    assert_eq!(pll.len(), 1 + 76, "start and 76 steps to 525 MHz");
    assert_eq!(pll[76].1[4..8], [0x40, 0x54, 0x01, 0x41]);
    for pair in pll.windows(2).skip(1) {
        let apart = pair[1].0.since(pair[0].0);
        assert!(apart >= Duration::from_millis(100), "{apart:?}");
    }
    let first_work = bench
        .sent
        .iter()
        .position(|(_, s)| matches!(s, Sent::Work(_)));
    let last_pll = bench
        .sent
        .iter()
        .rposition(|(_, s)| matches!(s, Sent::Command(c) if c[3] == 0x08));
    assert!(first_work < last_pll, "mines during the ramp");
    // At the target: 249 whole microseconds per four-midstate job, as captured.
    let period = bench.sent.iter().rev().find_map(|(_, s)| match s {
        Sent::Period(p) => Some(p.as_micros()),
        _ => None,
    });
    assert_eq!(period, Some(249));
    assert_eq!(bench.chain.nominal().ths().round(), 37.0);
}

#[test]
fn power_comes_on_in_reset_and_the_host_changes_its_rate_after_the_chips() {
    for config in [s19_pro(), s21_pro()] {
        let baud = config.hashboard.baud;
        let mut bench = Bench::new(config, 2);
        bench.input(Input::Start);
        assert!(bench.run_until(MINUTE, hashing));
        let at = |wanted: &dyn Fn(&Sent) -> bool| {
            let found = bench.sent.iter().position(|(_, s)| wanted(s));
            found.expect("happens")
        };
        let held = at(&|s| *s == Sent::Reset(true));
        let power = at(&|s| *s == Sent::Rail(true));
        let command = at(&|s| matches!(s, Sent::Command(_)));
        let slow = at(&|s| *s == Sent::Baud(115_200));
        let fast = at(&|s| *s == Sent::Baud(baud));
        assert!(slow < command && held < power && power < command && command < fast);
        let (changed, _) = bench.sent[fast];
        let before = bench.sent[..fast].iter().rev();
        let (last, _) = before
            .clone()
            .find(|(_, s)| matches!(s, Sent::Command(_)))
            .expect("the chips were told");
        assert!(changed.since(*last) >= Duration::from_millis(60));
    }
}

#[test]
fn shortened_settle_times_keep_the_order() {
    let commands = |percent| {
        let mut config = s21_pro();
        config.settle_percent = percent;
        let mut bench = Bench::new(config, 3);
        bench.input(Input::Start);
        let ready = |b: &Bench| !b.asks.is_empty();
        assert!(bench.run_until(MINUTE, ready));
        let frames: Vec<_> = bench.commands().into_iter().map(|c| c.1).collect();
        (frames, bench.now)
    };
    let (whole, slow) = commands(100);
    let (quick, fast) = commands(2);
    assert_eq!(whole, quick);
    assert!(slow > Instant::from_millis(6_000) && fast < Instant::from_millis(1_000));
    assert_eq!(commands(0).0, whole);
}

#[test]
fn missing_chips_are_told_and_the_rest_mines() {
    let mut bench = Bench::new(s19_pro(), 4);
    bench.script.chips = 113;
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    let note = bench.note(Code::ChainChips);
    assert_eq!(note.place, "chain 1");
    let text = "113 of 114 chips answered; none from chip 113 in domain 37";
    assert_eq!(note.detail, text);
    let status = bench.chain.status(bench.now);
    assert_eq!(status.chips_found, Some(113));
    assert_eq!(status.state, ChainState::Hashing);
    let reads = bench
        .commands()
        .iter()
        .filter(|(_, f)| f[0] == 0x52)
        .count();
    assert_eq!(
        reads, 5,
        "fewer than expected are asked again, then by address"
    );
}

/// Four counts come before the first roll call.
#[test]
fn a_roll_call_that_lost_an_answer_is_repeated_and_names_nobody_after_the_third() {
    let check = |lost: &[u16], detail: &str, reads: usize| {
        let mut bench = Bench::new(s19_pro(), 4);
        bench.script.chips = 113;
        bench.script.lost_answers = [&[0; 4], lost].concat();
        bench.input(Input::Start);
        assert!(bench.run_until(MINUTE, hashing));
        assert_eq!(bench.note(Code::ChainChips).detail, detail, "{lost:?}");
        let commands = bench.commands();
        let asked = commands.iter().filter(|(_, f)| f[0] == 0x52).count();
        assert_eq!(asked, reads, "{lost:?}");
    };
    let named = "113 of 114 chips answered; none from chip 113 in domain 37";
    check(&[0], named, 5);
    check(&[1, 0], named, 6);
    check(&[1, 3, 0], named, 7);
    check(&[1, 1, 1, 0], "113 of 114 chips answered", 7);
}

#[test]
fn a_chip_too_many_is_told() {
    let mut bench = Bench::new(s21_pro(), 5);
    bench.script.chips = 66;
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    assert_eq!(
        bench.note(Code::ChainChips).detail,
        "66 of 65 chips answered"
    );
}

#[test]
fn the_best_of_several_counts_is_believed() {
    let mut bench = Bench::new(s21_pro(), 5);
    bench.script.lost_answers = vec![3, 1, 0];
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    assert_eq!(bench.codes(), [Code::ChainUp]);
    assert_eq!(bench.chain.status(bench.now).chips_found, Some(65));
}

/// Seen on a busy computer: three questions went unanswered in time, and the fourth count had the answers to all
/// of them.
#[test]
fn late_answers_to_earlier_questions_make_no_chips() {
    let check = |late_ms: &[u64], questions: usize| {
        let mut bench = Bench::new(s21_pro(), 5);
        bench.script.late_answers = late_ms.iter().copied().map(Duration::from_millis).collect();
        bench.input(Input::Start);
        assert!(bench.run_until(MINUTE, hashing));
        assert_eq!(
            bench.codes(),
            [Code::ChainUp],
            "{late_ms:?}: {:?}",
            bench.notes
        );
        assert_eq!(
            bench.chain.status(bench.now).chips_found,
            Some(65),
            "{late_ms:?}"
        );
        let commands = bench.commands();
        let asked = commands.iter().filter(|(_, f)| f[0] == 0x52).count();
        assert_eq!(asked, questions, "{late_ms:?}");
    };
    check(&[], 1);
    check(&[550], 3);
    check(&[1_650, 1_100, 550], 5);
    check(&[550; 8], 2);
}

#[test]
fn another_chip_is_refused_and_powered_off() {
    let mut bench = Bench::new(s21_pro(), 6);
    bench.script.id = 0x1368_0000;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(100));
    assert_eq!(bench.codes(), [Code::ChainChipId]);
    assert_eq!(bench.chain.state(), ChainState::Failed);
    assert_eq!(bench.sent.last().map(|s| &s.1), Some(&Sent::Lost));
    let tail: Vec<_> = bench
        .sent
        .iter()
        .rev()
        .take(3)
        .map(|s| s.1.clone())
        .collect();
    assert_eq!(tail, [Sent::Lost, Sent::Rail(false), Sent::Reset(true)]);
}

#[test]
fn a_dead_chain_is_tried_six_times_and_then_left_off() {
    let mut bench = Bench::new(s21_pro(), 7);
    bench.script.chips = 0;
    bench.input(Input::Start);
    bench.run(Duration::from_secs(600));
    let count = |code| bench.codes().iter().filter(|c| **c == code).count();
    assert_eq!(count(Code::ChainChips), 6);
    assert_eq!(count(Code::ChainRestart), 5);
    assert_eq!(count(Code::ChainGaveUp), 1);
    assert_eq!(bench.chain.state(), ChainState::Failed);
    assert_eq!(bench.chain.next_deadline(), None);
    bench.script.chips = 65;
    bench.input(Input::Start);
    let end = bench.now + Duration::from_secs(60);
    assert!(
        bench.run_until(end, hashing),
        "the owner may start it again"
    );
}

#[test]
fn an_empty_slot_stays_dark() {
    let mut bench = Bench::new(s19_pro(), 8);
    bench.script.plugged = Some(false);
    bench.input(Input::Start);
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.chain.state(), ChainState::Absent);
    assert_eq!(bench.codes(), [Code::ChainMissing]);
    assert!(!bench.sent.iter().any(|(_, s)| *s == Sent::Rail(true)));
    bench.script.plugged = None;
    bench.input(Input::Start);
    let end = bench.now + Duration::from_secs(60);
    assert!(
        bench.run_until(end, hashing),
        "a board that does not say is tried"
    );
}

/// One look that finds nothing is a contact that bounces; three in a row are a board that is gone, and power goes
/// with it.
#[test]
fn a_board_that_is_pulled_while_it_hashes_loses_its_power_and_is_missing() {
    let mut bench = Bench::new(s19_pro(), 18);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    for _ in 0..3 {
        bench.script.plugged = Some(false);
        bench.run(Duration::from_millis(1100));
        bench.script.plugged = Some(true);
        bench.run(Duration::from_secs(3));
        assert!(hashing(&bench), "a plug that bounced");
    }
    bench.script.plugged = Some(false);
    let pulled = bench.now;
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.chain.state(), ChainState::Absent);
    let note = bench.note(Code::ChainMissing);
    assert!(note.at <= pulled + Duration::from_secs(3), "{note:?}");
    let mut rails = bench.sent.iter().filter_map(|(at, sent)| match sent {
        Sent::Rail(on) => Some((*at, *on)),
        _ => None,
    });
    assert_eq!(rails.next_back(), Some((note.at, false)));
    assert_eq!(bench.chain.next_deadline(), None, "nobody tries it again");
}

/// A line that cannot be read is not a board that is gone, however long: its other parts are watched all the same.
#[test]
fn a_plug_that_cannot_be_read_stops_nothing_and_is_told_where_it_lasts() {
    let mut bench = Bench::new(s19_pro(), 20);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    let before = bench.codes();
    for _ in 0..3 {
        bench.script.plug_errno = Some(5);
        bench.run(Duration::from_millis(2100));
        bench.script.plug_errno = None;
        bench.run(Duration::from_secs(3));
    }
    assert_eq!(bench.codes(), before, "a hiccup");
    bench.script.plug_errno = Some(5);
    bench.run(Duration::from_secs(60));
    assert!(hashing(&bench));
    let [known @ .., last] = &*bench.codes() else {
        panic!("nothing was told");
    };
    assert_eq!((known, last), (&*before, &Code::BoardFault));
    let note = bench.note(Code::BoardFault);
    assert_eq!(note.detail, "its plug cannot be read: errno=5");
    (bench.script.plug_errno, bench.script.plugged) = (None, Some(false));
    bench.run(Duration::from_secs(4));
    assert_eq!(bench.chain.state(), ChainState::Absent);
}

/// Whoever cannot see it does not power it.
#[test]
fn a_plug_that_cannot_be_read_before_the_start_is_tried_again() {
    let mut bench = Bench::new(s19_pro(), 21);
    bench.script.plug_errno = Some(5);
    bench.input(Input::Start);
    assert_eq!(bench.codes(), [Code::BoardFault]);
    assert_eq!(bench.chain.state(), ChainState::Recovering);
    bench.script.plug_errno = None;
    assert!(bench.run_until(MINUTE, hashing));
}

/// A look while it is off powers nothing, and finds what was seated since.
#[test]
fn a_slot_is_looked_at_without_power() {
    let mut bench = Bench::new(s19_pro(), 22);
    let looks_off = |bench: &mut Bench, plugged, errno, codes: &[Code]| {
        (bench.script.plugged, bench.script.plug_errno) = (plugged, errno);
        bench.notes.clear();
        bench.input(Input::Look);
        bench.run(Duration::from_secs(5));
        assert_eq!(bench.codes(), codes);
        bench.chain.state()
    };
    let there = Some(true);
    assert_eq!(looks_off(&mut bench, there, None, &[]), ChainState::Off);
    // No plug line, and one that does not work.
    assert_eq!(looks_off(&mut bench, None, None, &[]), ChainState::Off);
    let unread = &[Code::BoardFault];
    assert_eq!(
        looks_off(&mut bench, there, Some(5), unread),
        ChainState::Off
    );
    let missing = &[Code::ChainMissing];
    let nobody = Some(false);
    for _ in 0..2 {
        assert_eq!(
            looks_off(&mut bench, nobody, None, missing),
            ChainState::Absent
        );
    }
    // It is cut with the others, and stays what it is.
    bench.input(Input::Cut);
    assert_eq!(bench.chain.state(), ChainState::Absent);
    assert_eq!(looks_off(&mut bench, there, None, &[]), ChainState::Off);
    assert!(bench.sent.is_empty(), "{:?}", bench.sent);
    bench.input(Input::Start);
    let end = bench.now + Duration::from_secs(60);
    assert!(bench.run_until(end, hashing));
    let rails = bench.sent.iter().filter(|(_, s)| *s == Sent::Rail(true));
    assert_eq!(rails.count(), 1);
    bench.input(Input::Look);
    assert!(hashing(&bench), "a look at what hashes is not needed");
}

/// Its silence is heard before its plug is missed.
#[test]
fn a_board_that_fell_silent_since_it_is_gone_is_not_powered_again() {
    let mut bench = Bench::new(s19_pro(), 19);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    (bench.script.plugged, bench.script.rate) = (Some(false), 0.0);
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.chain.state(), ChainState::Absent);
    let codes = bench.codes();
    assert!(
        codes.ends_with(&[Code::ChainSilent, Code::ChainMissing]),
        "{codes:?}"
    );
    let [silent, missing] = [Code::ChainSilent, Code::ChainMissing].map(|c| bench.note(c).at);
    assert_eq!(silent, missing, "looked at once");
    let powered = bench.sent.iter().filter(|(_, s)| *s == Sent::Rail(true));
    assert_eq!(powered.count(), 1);
}

#[test]
fn a_slow_line_is_told_with_what_it_carries() {
    let mut config = s19_pro();
    config.hashboard.baud = 3_125_000;
    let mut bench = Bench::new(config, 9);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    assert_eq!(
        bench.note(Code::ChainBaud).detail,
        "baud=3125000 carries 51 % of the work at 525 MHz"
    );
}

#[test]
fn stop_powers_down_in_order_within_two_seconds() {
    for after_ms in [0, 500, 3_000, 20_000] {
        let mut bench = Bench::new(s19_pro(), 10);
        bench.input(Input::Start);
        bench.run(Duration::from_millis(after_ms));
        let from = bench.sent.len();
        let began = bench.now;
        bench.input(Input::Stop);
        let end = began + Duration::from_secs(2);
        let off = |b: &Bench| b.chain.state() == ChainState::Off;
        assert!(bench.run_until(end, off), "{after_ms}");
        let after: Vec<_> = bench.sent[from..].iter().map(|s| &s.1).collect();
        let at = |wanted: &Sent| after.iter().position(|s| *s == wanted);
        let (flush, reset) = (at(&Sent::Flush), at(&Sent::Reset(true)));
        assert!(flush < reset && reset < at(&Sent::Rail(false)), "{after:?}");
        bench.run(Duration::from_secs(100));
        assert_eq!(bench.chain.state(), ChainState::Off);
        assert_eq!(bench.chain.next_deadline(), None);
        assert_eq!(bench.chain.status(bench.now).frequency_mhz, None);
    }
}

#[test]
fn a_start_right_behind_a_stop_waits_and_starts() {
    let mut bench = Bench::new(s21_pro(), 11);
    bench.input(Input::Start);
    assert!(bench.run_until(MINUTE, hashing));
    bench.input(Input::Stop);
    bench.run(Duration::from_millis(150));
    bench.input(Input::Start);
    let end = bench.now + Duration::from_secs(60);
    assert!(!hashing(&bench));
    assert!(bench.run_until(end, hashing));
    assert_eq!(
        bench.chain.status(bench.now).restarts,
        0,
        "it was no failure"
    );
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut drivers::ChainConfig)| {
        let mut config = s19_pro();
        change(&mut config);
        Chain::new(config).err()
    };
    let value = |error: Option<ConfigError>| match error {
        Some(ConfigError::Value { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(refused(|c| c.hashboard.chips = 129)), "chips");
    assert_eq!(value(refused(|c| c.hashboard.chips = 0)), "chips");
    assert_eq!(value(refused(|c| c.hashboard.domains = 37)), "domains");
    assert_eq!(value(refused(|c| c.hashboard.domains = 0)), "domains");
    assert_eq!(
        value(refused(|c| c.hashboard.address_interval = 0)),
        "address_interval"
    );
    assert_eq!(
        value(refused(|c| c.hashboard.ticket_difficulty = 100)),
        "ticket_difficulty"
    );
    assert_eq!(
        value(refused(|c| c.hashboard.ticket_difficulty = 0)),
        "ticket_difficulty"
    );
    assert_eq!(
        value(refused(|c| c.hashboard.frequency_mhz = 800.0)),
        "frequency_mhz"
    );
    assert_eq!(
        value(refused(|c| c.hashboard.frequency_mhz = f64::NAN)),
        "frequency_mhz"
    );
    assert_eq!(value(refused(|c| c.hashboard.baud = 9_000_000)), "baud");
    assert_eq!(value(refused(|c| c.thinning = 0)), "thinning");
    assert_eq!(value(refused(|c| c.settle_percent = 101)), "settle_percent");
    let unknown = refused(|c| c.hashboard.chip = "bm9999".into());
    assert_eq!(unknown, Some(ConfigError::UnknownChip("bm9999".into())));
    let mut config = s21_pro();
    config.link = board_support::LinkKind::FpgaFifo;
    assert_eq!(Chain::new(config).err(), Some(ConfigError::Link));
    let stock_s9 = refused(|c| c.link = board_support::LinkKind::FpgaFifoS9);
    assert_eq!(stock_s9, Some(ConfigError::Link));
}

#[test]
fn a_stock_s9_takes_one_version_a_job() {
    let link = board_support::LinkKind::FpgaFifoS9;
    let chain = Chain::new(config("bm1387", link, 63, 21, 650.0, 1_562_500)).expect("an S9's");
    assert_eq!(chain.needs().rolling, RollingNeed::Host { midstates: 1 });
}
