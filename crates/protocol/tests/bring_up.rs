//! The bring-up lists against the captured sequences, byte for byte.

mod common;

use common::{text, unhex, vectors};
use protocol::{Action, BM1370, BM1398, Profile, Shape, Source, Step};
use units::{Megahertz, TicketDifficulty};

/// (frame with preamble, settle time in milliseconds)
type Sent = (Vec<u8>, u32);

fn expand(chip: &Profile, shape: &Shape, steps: &[Step]) -> Vec<Sent> {
    let mut out = Vec::new();
    for step in steps {
        for i in 0..10_000 {
            let Some(command) = step.command(chip, shape, i) else {
                break;
            };
            out.push((command.encode_uart().to_vec(), step.settle_ms));
        }
    }
    out
}

fn sequence(id: &str) -> Vec<(Sent, String)> {
    let all = vectors("init_sequences.json");
    let found = all.iter().find(|v| v["id"] == id).expect("sequence");
    let steps = found["steps"].as_array().expect("steps");
    let steps = steps.iter().filter(|s| !s["hex"].is_null());
    steps
        .map(|s| {
            let delay = s["delay_ms"].as_u64().expect("delay") as u32;
            let sent = (unhex(text(&s["hex"])), delay);
            (sent, text(&s["comment"]).to_owned())
        })
        .collect()
}

fn shape(chips: u16, domains: u16, target: f64, baud: u32) -> Shape {
    Shape {
        chips,
        domains,
        address_interval: 2,
        ticket: TicketDifficulty::from_log2(8).expect("in range"),
        target: Megahertz::new(target),
        baud,
        version_mask: 0x1fff_e000,
    }
}

#[test]
fn s21_pro_sends_the_captured_sequence_with_the_ramp_last() {
    let vector = sequence("bm1370-s21pro-65chips");
    // The one difference: the vector ramps before the first job, we while mining.
    let is_ramp = |(sent, comment): &(Sent, String)| {
        comment.starts_with("PLL0") && sent.0[5] == 0x08 && sent.0[2] == 0x51
    };
    let ramp: Vec<_> = vector.iter().filter(|s| is_ramp(s)).collect();
    let rest: Vec<_> = vector.iter().filter(|s| !is_ramp(s)).collect();
    assert_eq!(ramp.len(), 88);

    let board = shape(65, 13, 600.0, 3_125_000);
    let mut ours = expand(&BM1370, &board, BM1370.bring_up);
    let before_work = ours.len();
    ours.extend(expand(&BM1370, &board, BM1370.after_first_work));
    assert_eq!(ours.len(), rest.len());
    for (i, (ours, (vector, comment))) in ours.iter().zip(&rest).enumerate() {
        assert_eq!(ours.0, vector.0, "frame {i}: {comment}");
        assert_eq!(ours.1, vector.1, "delay after frame {i}: {comment}");
    }
    // The vector's first job stands where our first work goes out.
    assert!(rest[before_work].1.starts_with("chip nonce offset, chip 0"));

    // The ramp's frames are what the solver gives, step by step from 56.25 MHz.
    for (i, ((frame, delay), comment)) in ramp.into_iter().enumerate() {
        let mhz = 56.25 + 6.25 * i as f64;
        let setting = BM1370.pll.solve(Megahertz::new(mhz)).expect("solvable");
        assert_eq!(frame[6..10], setting.value.to_be_bytes(), "{comment}");
        assert_eq!(*delay, 100);
    }
}

#[test]
fn s19_pro_begins_with_the_captured_stage_1() {
    let vector = sequence("bm1398-stage1-vendor-test");
    let ours = expand(&BM1398, &shape(114, 38, 525.0, 12_500_000), BM1398.bring_up);
    assert_eq!(vector.len(), 8);
    for (i, (ours, (frame, comment))) in ours.iter().zip(&vector).enumerate() {
        assert_eq!(ours.0, frame.0, "frame {i}");
        // Delays: the vector books the pause before the id read to the read itself, as
        // its own time stamps show ("t=+0.067" for frame 6, "t=+0.118" for frame 7); we
        // book it to the frame that it follows, and the read waits for its answers.
        match i {
            6 => assert_eq!((ours.1, frame.1), (50, 10), "{comment}"),
            7 => assert_eq!((ours.1, frame.1), (0, 50), "{comment}"),
            _ => assert_eq!(ours.1, frame.1, "{comment}"),
        }
    }
}

#[test]
fn power_comes_on_in_reset_and_before_the_first_command() {
    for chip in [&BM1370, &BM1398] {
        let at = |wanted: fn(&Action) -> bool| {
            let found = chip.bring_up.iter().position(|s| wanted(&s.action));
            found.expect("has this step")
        };
        let held = at(|a| matches!(a, Action::Reset { asserted: true }));
        let power = at(|a| matches!(a, Action::RailOn));
        let count = at(|a| matches!(a, Action::ExpectChips { .. }));
        let board = shape(65, 13, 600.0, 3_125_000);
        let first = chip
            .bring_up
            .iter()
            .position(|s| s.command(chip, &board, 0).is_some())
            .expect("commands");
        assert!(
            held < power && power < first && first <= count,
            "{}",
            chip.name
        );
        let last_reset = chip.bring_up.iter().rposition(|s| match s.action {
            Action::Reset { asserted } => {
                assert!(asserted || s.settle_ms >= 500);
                true
            }
            _ => false,
        });
        assert!(last_reset < Some(first), "{}", chip.name);
    }
}

#[test]
fn every_captured_step_of_bm1370_is_marked_and_only_power_is_assumed() {
    for step in BM1370.bring_up.iter().chain(BM1370.after_first_work) {
        let power = matches!(step.action, Action::RailOn | Action::Reset { .. });
        let expected = if power {
            Source::Assumed
        } else {
            Source::Captured
        };
        assert_eq!(step.source, expected, "{step:?}");
    }
}

#[test]
fn absurd_boards_give_short_lists_and_no_panic() {
    for (chips, domains, interval) in [(0, 0, 0), (1, 1, 255), (65535, 65535, 1), (3, 7, 2)] {
        let board = Shape {
            address_interval: interval,
            ..shape(chips, domains, 0.0, 0)
        };
        for chip in [&BM1370, &BM1398] {
            for step in chip.bring_up.iter().chain(chip.after_first_work) {
                for i in [0, 1, 2, 65535, usize::MAX / 2] {
                    let _ = step.command(chip, &board, i);
                }
            }
            let period = chip.work_period(Megahertz::new(0.0), &board, 0);
            assert!(period.as_secs() < 3600);
        }
    }
}
