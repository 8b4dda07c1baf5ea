//! The bring-up lists against the captured and published sequences, byte for byte.
//!
//! Each chip has a folder in `tests/vectors/chips`. Its `bring_up.json` says, for every
//! sequence of that chip in `init_sequences.json`, on which board our list is held against
//! it and in which frames ours differs, or why it cannot be compared. What is a deliberate
//! difference everywhere needs no word there: the frequency ramp runs after everything
//! else, while the chain mines, and settle times may be longer, never shorter.

mod common;

use common::{PROFILES_FOLDER, chip, profiles_of, shape, text, unhex, vectors};
use protocol::{Action, PROFILES, Profile, Shape, Source, Step, pll};
use serde_json::Value;
use units::{Megahertz, TicketDifficulty};

/// A frame with preamble, and the milliseconds after it.
#[derive(Clone, PartialEq, Debug)]
struct Sent {
    hex: String,
    settle_ms: u64,
}

fn expand(chip: &Profile, shape: &Shape, steps: &[Step]) -> Vec<Sent> {
    let mut out = Vec::new();
    for step in steps {
        if let (Action::Pause, Some(last)) = (step.action, out.last_mut()) {
            let last: &mut Sent = last;
            last.settle_ms += u64::from(step.settle_ms);
        }
        for i in 0..10_000 {
            let Some(command) = step.command(chip, shape, i) else {
                break;
            };
            out.push(Sent {
                hex: common::hex(&command.encode_uart(chip.dialect)),
                settle_ms: u64::from(step.settle_ms),
            });
        }
    }
    out
}

fn board(v: &Value) -> Shape {
    let n = |key: &str| v[key].as_u64().unwrap_or_else(|| panic!("{key} of {v}"));
    Shape {
        ticket: TicketDifficulty::from_log2(n("ticket").ilog2() as u8).expect("in range"),
        target: Megahertz::new(v["target_mhz"].as_f64().expect("number")),
        baud: n("baud") as u32,
        ..shape(
            n("chips") as u16,
            n("domains") as u16,
            n("address_interval") as u8,
        )
    }
}

/// The register that a frame of this chip writes.
fn written(chip: &Profile, hex: &str) -> Option<u8> {
    let bytes = unhex(hex);
    let body = &bytes[chip.dialect.command_preamble().len()..];
    (body.len() == 9).then_some(body[3])
}

/// A frame of the ramp: the PLL, or what is written with it each time.
fn is_ramp(chip: &Profile, hex: &str) -> bool {
    let with = chip.pll_writes.before.iter().map(|(reg, _)| reg.0);
    let mut regs = with.chain([chip.map.pll.0]);
    written(chip, hex).is_some_and(|reg| regs.any(|r| r == reg))
}

/// What turns `theirs` into `ours`: `-frame` and `+frame`, in order.
fn difference(theirs: &[Sent], ours: &[Sent]) -> Vec<String> {
    let (n, m) = (theirs.len(), ours.len());
    let mut common = vec![vec![0u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            common[i][j] = if theirs[i].hex == ours[j].hex {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < n || j < m {
        if i < n && j < m && theirs[i].hex == ours[j].hex {
            let read = theirs[i].hex.contains("5205") || theirs[i].hex.starts_with("5405");
            if ours[j].settle_ms < theirs[i].settle_ms && !read {
                let (ours, theirs) = (&ours[j], &theirs[i]);
                out.push(format!(
                    "{} waits {} ms, not {}",
                    ours.hex, ours.settle_ms, theirs.settle_ms
                ));
            }
            (i, j) = (i + 1, j + 1);
        } else if j >= m || (i < n && common[i + 1][j] >= common[i][j + 1]) {
            out.push(format!("-{}", theirs[i].hex));
            i += 1;
        } else {
            out.push(format!("+{}", ours[j].hex));
            j += 1;
        }
    }
    out
}

fn check_sequence(chip: &Profile, entry: &Value, vector: &Value) {
    let id = text(&entry["id"]);
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let differs: Vec<String> = list(&entry["differs"])
        .iter()
        .map(|d| text(d).to_owned())
        .collect();
    let why = entry["why"].as_str().unwrap_or_default();
    if entry["board"].is_null() || !differs.is_empty() {
        assert!(why.len() > 20, "{id}: a difference needs its reason");
    }
    let steps = list(&vector["steps"]);
    let mut theirs: Vec<Sent> = Vec::new();
    for step in &steps {
        let settle_ms = step["delay_ms"].as_u64().expect("delay");
        match (step["hex"].as_str(), theirs.last_mut()) {
            (Some(hex), _) => theirs.push(Sent {
                hex: hex.to_owned(),
                settle_ms,
            }),
            // A pause of its own counts with the frame before it.
            (None, Some(last)) => last.settle_ms += settle_ms,
            (None, None) => {}
        }
    }
    // The ramp: every frequency of theirs is one that we order, within a kilohertz.
    let (ramp, theirs): (Vec<_>, Vec<_>) = theirs.into_iter().partition(|s| is_ramp(chip, &s.hex));
    for frame in ramp {
        if written(chip, &frame.hex) == Some(chip.map.pll.0) {
            let bytes = unhex(&frame.hex);
            let at = bytes.len() - 5;
            let value = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
            let wanted = pll::frequency(value, chip.pll.encoding, 0).expect("valid");
            let ours = chip.pll.solve(wanted).expect("solvable");
            assert!((ours.frequency.mhz() - wanted.mhz()).abs() < 1e-3, "{id}");
        }
    }
    if entry["board"].is_null() {
        return;
    }
    let board = board(&entry["board"]);
    let mut ours = expand(chip, &board, chip.bring_up);
    ours.extend(expand(chip, &board, chip.after_first_work));
    ours.retain(|s| !is_ramp(chip, &s.hex));
    assert_eq!(difference(&theirs, &ours), differs, "{id}");
}

#[test]
fn bring_up_lists_send_the_known_sequences() {
    let sequences = vectors("init_sequences.json");
    for chip in PROFILES {
        let path = format!("{PROFILES_FOLDER}/{}/bring_up.json", chip.name);
        let file = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let file: Value = serde_json::from_str(&file).expect("JSON");
        let entries = file["sequences"].as_array().expect("list");
        for vector in &sequences {
            if !profiles_of(vector).iter().any(|p| p.name == chip.name) {
                continue;
            }
            let entry = entries.iter().find(|e| e["id"] == vector["id"]);
            let entry = entry.unwrap_or_else(|| panic!("{path} does not name {}", vector["id"]));
            check_sequence(chip, entry, vector);
        }
    }
}

#[test]
fn s19_pro_begins_with_the_captured_stage_1() {
    let all = vectors("init_sequences.json");
    let vector = all.iter().find(|v| v["id"] == "bm1398-stage1-vendor-test");
    let steps = vector.expect("sequence")["steps"].as_array().expect("list");
    let bm1398 = chip("bm1398");
    let ours = expand(bm1398, &shape(114, 38, 2), bm1398.bring_up);
    assert_eq!(steps.len(), 8);
    for (i, (ours, step)) in ours.iter().zip(steps).enumerate() {
        assert_eq!(ours.hex, text(&step["hex"]), "frame {i}");
        // Delays: the vector books the pause before the id read to the read itself, as
        // its own time stamps show ("t=+0.067" for frame 6, "t=+0.118" for frame 7); we
        // book it to the frame that it follows, and the read waits for its answers.
        let theirs = step["delay_ms"].as_u64().expect("delay");
        match i {
            6 => assert_eq!((ours.settle_ms, theirs), (50, 10)),
            7 => assert_eq!((ours.settle_ms, theirs), (0, 50)),
            _ => assert_eq!(ours.settle_ms, theirs),
        }
    }
}

#[test]
fn s21_xp_gets_its_own_words_in_the_places_of_s21_pros() {
    let bm1370 = chip("bm1370");
    let sent = |board: Shape| {
        let list = expand(bm1370, &board, bm1370.bring_up);
        list.into_iter().map(|s| s.hex).collect::<Vec<_>>()
    };
    let xp = sent(shape(91, 13, 2));
    let has = |list: &[String], part: &str| list.iter().filter(|h| h.contains(part)).count();
    // Captured on S21 XP: clock delay 0x10 for all and for each, 0x58 = 0x00013111 at the
    // last chip of each domain, and the relay of 105 gaps nearest to the host.
    assert_eq!(has(&xp, "3c80008010"), 1 + 91);
    assert_eq!(has(&xp, "5800013111"), 13);
    assert_eq!(has(&xp, "2c00690003"), 2);
    assert_eq!(has(&xp, "3c8000800c") + has(&xp, "580001f111"), 0);
    // The place is the same: chip for chip as long.
    let like_pro = sent(Shape {
        chips: 90,
        ..shape(91, 10, 2)
    });
    assert_eq!(has(&like_pro, "3c8000800c"), 1 + 90);
}

#[test]
fn power_comes_on_in_reset_and_before_the_first_command() {
    for chip in PROFILES {
        let at = |wanted: fn(&Action) -> bool| {
            let found = chip.bring_up.iter().position(|s| wanted(&s.action));
            found.expect("has this step")
        };
        let held = at(|a| matches!(a, Action::Reset { asserted: true }));
        let power = at(|a| matches!(a, Action::RailOn));
        let count = at(|a| matches!(a, Action::ExpectChips { .. }));
        let board = shape(65, 13, 2);
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
fn every_list_ends_able_to_mine() {
    for chip in PROFILES {
        let both = || chip.bring_up.iter().chain(chip.after_first_work);
        let has = |wanted: fn(&Action) -> bool| both().any(|s| wanted(&s.action));
        let name = chip.name;
        let addressed = |a: &Action| matches!(a, Action::SetAddresses | Action::AddressChips);
        assert!(
            has(addressed) && has(|a| matches!(a, Action::Inactive)),
            "{name}"
        );
        assert!(has(|a| matches!(a, Action::TicketMask)), "{name}");
        assert!(has(|a| matches!(a, Action::Baud)), "{name}");
        let rolls = chip.version_bits > 0;
        assert_eq!(
            has(|a| matches!(a, Action::VersionRolling)),
            rolls,
            "{name}"
        );
        let counts = chip.hash_counting(chip.start, &shape(65, 13, 2)) > 0;
        assert_eq!(has(|a| matches!(a, Action::HashCounting)), counts, "{name}");
    }
}

#[test]
fn every_captured_step_of_bm1370_is_marked_and_only_power_is_assumed() {
    let bm1370 = chip("bm1370");
    for step in bm1370.bring_up.iter().chain(bm1370.after_first_work) {
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
            target: Megahertz::new(0.0),
            baud: 0,
            ..shape(chips, domains, interval)
        };
        for chip in PROFILES {
            for step in chip.bring_up.iter().chain(chip.after_first_work) {
                for i in [0, 1, 2, 65535, usize::MAX / 2] {
                    let _ = step.command(chip, &board, i);
                }
            }
            let period = chip.work_period(Megahertz::new(0.0), &board, 0);
            assert!(period.as_secs() < 3600, "{}: {period:?}", chip.name);
        }
    }
}
