//! Every vector of register arithmetic. Where a vector names chips, it is held against the
//! tables of those that are known.

mod common;

use common::{chip, number, profiles_of, text, vectors};
use protocol::pll::{self, PllEncoding};
use protocol::{
    CoreRegister, Dialect, PROFILES, Profile, Register, Shape, Sweep, View, baud, profile, register,
};
use units::{Difficulty, Megahertz, Nonce, TicketDifficulty};

fn ticket(difficulty: u64) -> TicketDifficulty {
    TicketDifficulty::from_log2(difficulty.ilog2() as u8).expect("power of two")
}

fn s19_pro() -> Shape {
    Shape {
        chips: 114,
        domains: 38,
        address_interval: 2,
        ticket: ticket(256),
        target: Megahertz::new(525.0),
        baud: 12_500_000,
        version_mask: 0,
    }
}

fn s21_pro() -> Shape {
    Shape {
        chips: 65,
        domains: 13,
        address_interval: 2,
        ticket: ticket(256),
        target: Megahertz::new(600.0),
        baud: 3_125_000,
        version_mask: 0x1fff_e000,
    }
}

#[test]
fn pll_values_give_the_frequencies_of_the_vectors() {
    for v in vectors("pll.json") {
        let encoding = match text(&v["encoding"]) {
            "bm1387" => PllEncoding::Bm1387,
            "direct" => PllEncoding::Direct,
            "minus_one" => PllEncoding::MinusOne,
            other => panic!("encoding {other}"),
        };
        let divider = match text(&v["id"]) {
            "pll-1397-reset-div" => 7,
            _ => 0,
        };
        for profile in profiles_of(&v) {
            assert_eq!(profile.pll.encoding, encoding, "{}", v["id"]);
        }
        let value = number(&v["register_value"]) as u32;
        let got = pll::frequency(value, encoding, divider).expect("valid");
        let expected = v["freq_mhz"].as_f64().expect("number");
        assert!((got.mhz() - expected).abs() < 1e-5, "{}: {got}", v["id"]);
        let d = pll::dividers(value, encoding);
        for (key, ours) in [("fbdiv", d.fbdiv), ("refdiv", d.refdiv)] {
            if let Some(expected) = v[key].as_u64() {
                assert_eq!(u64::from(ours), expected, "{} {key}", v["id"]);
            }
        }
    }
}

#[test]
fn a_pll_value_that_divides_by_zero_has_no_frequency() {
    assert_eq!(pll::frequency(0x4054_0100, PllEncoding::Direct, 0), None);
    assert_eq!(pll::frequency(0x4054_0000, PllEncoding::MinusOne, 0), None);
    assert_eq!(pll::frequency(0x0068_0020, PllEncoding::Bm1387, 0), None);
}

#[test]
fn the_solver_chooses_what_the_published_rules_choose() {
    let mut checked = 0;
    for v in vectors("pll.json") {
        let id = text(&v["id"]);
        let by_rule = id.contains("-esp-") || v["encoding"] == "bm1387";
        if !by_rule {
            continue;
        }
        let wanted = match (v["requested_mhz"].as_f64(), id.rsplit_once("-esp-")) {
            (Some(wanted), _) => wanted,
            (None, Some((_, wanted))) => wanted.parse().expect("frequency in the id"),
            (None, None) => v["freq_mhz"].as_f64().expect("number"),
        };
        for profile in profiles_of(&v) {
            let got = profile.pll.solve(Megahertz::new(wanted)).expect("solvable");
            assert_eq!(u64::from(got.value), number(&v["register_value"]), "{id}");
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
}

#[test]
fn captured_target_frequencies_are_reproduced() {
    let mut checked = 0;
    for v in vectors("pll.json") {
        let id = text(&v["id"]);
        // First steps of ramps and Bitaxe's use other dividers for the same frequency.
        let target = id.ends_with("-vendor-525") || id.ends_with("-vendor-600");
        if !target && id != "pll-1398-525" {
            continue;
        }
        for profile in profiles_of(&v) {
            let mhz = v["freq_mhz"].as_f64().expect("number");
            let got = profile.pll.solve(Megahertz::new(mhz)).expect("solvable");
            assert_eq!(u64::from(got.value), number(&v["register_value"]), "{id}");
            assert_eq!(got.frequency.mhz(), mhz);
            checked += 1;
        }
    }
    assert!(checked >= 2, "{checked}");
}

#[test]
fn every_ramp_frequency_has_a_setting_nearby_and_inside_the_bounds() {
    for chip in PROFILES {
        let pll = &chip.pll;
        let mut mhz = chip.start.mhz();
        while mhz <= 700.0 {
            let got = pll.solve(Megahertz::new(mhz)).expect("solvable");
            let off = (got.frequency.mhz() / mhz - 1.0).abs();
            assert!(off < 0.005, "{} {mhz}: {}", chip.name, got.frequency);
            let back = pll::frequency(got.value, pll.encoding, 0);
            assert_eq!(back, Some(got.frequency), "{} {mhz}", chip.name);
            let d = pll::dividers(got.value, pll.encoding);
            let fbdiv = u32::from(pll.fbdiv.0)..=u32::from(pll.fbdiv.1);
            assert!(fbdiv.contains(&d.fbdiv), "{} {mhz}: {d:?}", chip.name);
            assert!(got.vco_mhz >= pll.vco_mhz.0 && got.vco_mhz <= pll.vco_mhz.1);
            assert!(d.refdiv > 1 || got.vco_mhz <= pll.vco_mhz_refdiv1.unwrap_or(f64::MAX));
            if let (Some(limit), true) = (pll.vco_high_mhz, pll.encoding != PllEncoding::Bm1387) {
                assert_eq!(got.value >> 28 & 1 == 1, got.vco_mhz >= limit, "{mhz}");
            }
            mhz += 6.25;
        }
    }
}

#[test]
fn a_direct_value_misread_as_minus_one_is_slower() {
    for chip in PROFILES {
        if chip.pll.encoding != PllEncoding::Direct {
            continue;
        }
        let mut mhz = 50.0;
        while mhz <= 700.0 {
            let setting = chip.pll.solve(Megahertz::new(mhz)).expect("solvable");
            let misread = pll::frequency(setting.value, PllEncoding::MinusOne, 0).expect("valid");
            assert!(misread.mhz() < setting.frequency.mhz(), "{mhz}");
            mhz += 6.25;
        }
    }
}

#[test]
fn baud_values_give_the_rates_of_the_vectors() {
    let mut checked = 0;
    for v in vectors("baud.json") {
        let value = number(&v["register_value"]) as u32;
        let reg = Register(number(&v["register"]) as u8);
        let expected = v["baud"].as_f64().expect("number");
        for profile in profiles_of(&v) {
            let rate = profile.baud_of(reg, value).expect("a baud register");
            assert!((rate - expected).abs() < 0.1, "{}: {rate}", v["id"]);
            // What we write for that rate gives it, too.
            let wanted = expected.round() as u32;
            let writes = profile.baud_writes(wanted).expect("reachable");
            let ours = profile.baud_of(writes.last.0, writes.last.1);
            assert!((ours.expect("ours") - expected).abs() < 0.1, "{}", v["id"]);
            assert_eq!(writes.bits_per_s, wanted);
            checked += 1;
        }
    }
    assert!(checked >= 6, "{checked}");
}

#[test]
fn baud_writes_are_the_captured_ones_or_keep_the_captured_bits() {
    let s21 = chip("bm1370").baud_writes(3_125_000).expect("reachable");
    assert_eq!(s21.last, (Register(0x28), 0x0130_0000));
    assert_eq!(s21.bits_per_s, 3_125_000);
    let bm1398 = chip("bm1398");
    let s19 = bm1398.baud_writes(12_500_000).expect("reachable");
    assert_eq!(
        s19.before,
        [(Register(0x68), 0xc070_0111), (Register(0x28), 0x0600_8f00)]
    );
    // The vector of this rate, 0xf0010305, is built from notes and drops the inverted
    // clock output (bit 13) and error reports (bit 15) that stage 1 sets; ours keeps
    // both. Divider and base are the same.
    assert_eq!(s19.last, (Register(0x18), 0xf001_a305));
    assert_eq!(
        baud::misc::divider(s19.last.1),
        baud::misc::divider(0xf001_0305)
    );
    assert_eq!(s19.bits_per_s, 12_500_000);
    assert_eq!(
        bm1398.baud_writes(115_200).expect("reset rate").last.1,
        0xf000_ba05
    );
    for profile in PROFILES {
        assert_eq!(profile.baud_writes(0), None, "{}", profile.name);
        assert_eq!(profile.baud_writes(90_000_000), None, "{}", profile.name);
        assert!(profile.baud_writes(115_200).is_some(), "{}", profile.name);
    }
}

#[test]
fn a_slow_line_carries_part_of_the_work() {
    let (bm1398, bm1370) = (chip("bm1398"), chip("bm1370"));
    let period = bm1398.work_period(Megahertz::new(525.0), &s19_pro(), 4);
    let fraction = |rate| baud::carried(rate, bm1398.job_bytes(4), period);
    assert_eq!(fraction(12_500_000), 1.0);
    let slow = fraction(3_125_000);
    assert!((0.51..0.52).contains(&slow), "{slow}");
    let long = bm1370.work_period(Megahertz::new(600.0), &s21_pro(), 65536);
    assert_eq!(baud::carried(115_200, bm1370.job_bytes(1), long), 1.0);
    assert!(baud::carried(0, 88, long) < 1e-1);
}

#[test]
fn ticket_masks_are_those_of_the_vectors() {
    for v in vectors("ticket_mask.json") {
        let difficulty = number(&v["difficulty"]);
        let value = register::ticket_mask(ticket(difficulty));
        assert_eq!(
            u64::from(value),
            number(&v["register_value"]),
            "{difficulty}"
        );
        assert_eq!(register::ticket_difficulty(value), Some(difficulty));
        for (dialect, map, key) in [
            (
                Dialect::Bm139x,
                register::MAP_BM139X,
                "frame_bm1397_and_later",
            ),
            (Dialect::Bm1387, register::MAP_BM1387, "frame_bm1387"),
        ] {
            let frame = protocol::Command::WriteRegister {
                to: protocol::To::All,
                reg: map.ticket_mask,
                value,
            };
            let hex = common::hex(&frame.encode_uart(dialect));
            assert_eq!(hex, text(&v[key]));
        }
    }
    let whole = TicketDifficulty::from_log2(32).expect("in range");
    assert_eq!(register::ticket_mask(whole), 0xffff_ffff);
    assert_eq!(register::ticket_difficulty(0x0000_00f1), None);
}

#[test]
fn a_wanted_difficulty_rounds_down_to_a_ticket() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/bm13xx/ticket_mask.json"
    );
    let file = std::fs::read_to_string(path).expect("in the tree");
    let file: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let cases = file["rounding"].as_array().expect("list");
    assert_eq!(cases.len(), 14);
    for case in cases {
        let wanted = case["requested"].as_f64().and_then(Difficulty::new);
        let chosen = TicketDifficulty::from_difficulty_floor(wanted.expect("positive"));
        assert_eq!(chosen.value(), number(&case["chosen_difficulty"]), "{case}");
    }
}

#[test]
fn addresses_relays_and_offsets_are_those_of_the_vectors() {
    let (mut relays, mut offsets) = (0, 0);
    for v in vectors("addressing.json") {
        let chips = v["chips"].as_u64().unwrap_or_default() as u16;
        let rows = v["rows"].as_array().cloned().unwrap_or_default();
        match text(&v["id"]).split('-').next() {
            Some("relay") => {
                let shape = Shape {
                    chips,
                    domains: number(&v["domains"]) as u16,
                    ..s21_pro()
                };
                for (domain, row) in rows.iter().enumerate() {
                    let per = shape.chips_per_domain();
                    let value = register::uart_relay(per, shape.domains, domain as u16);
                    assert_eq!(u64::from(value), number(&row["register_value"]));
                    let first = shape.address(domain as u16 * per);
                    assert_eq!(u64::from(first.0), number(&row["first_chip_addr"]));
                    let last = shape.address(domain as u16 * per + per - 1);
                    assert_eq!(u64::from(last.0), number(&row["last_chip_addr"]));
                    relays += 1;
                }
            }
            Some("addr") => {
                let n = number(&v["chips_on_chain"]);
                let interval = number(&v["interval_256_over_n"]);
                assert_eq!(256 / n, interval, "{}", v["id"]);
                // A board definition holds an interval in one byte.
                let Ok(address_interval) = u8::try_from(interval) else {
                    continue;
                };
                let shape = Shape {
                    chips: n as u16,
                    address_interval,
                    ..s21_pro()
                };
                let ends = &v["addresses_by_256_over_n_first_last"];
                assert_eq!(u64::from(shape.address(0).0), number(&ends[0]));
                let last = shape.address(n as u16 - 1);
                assert_eq!(u64::from(last.0), number(&ends[1]), "{}", v["id"]);
            }
            Some("nonce") => {
                let shape = Shape { chips, ..s21_pro() };
                for (i, row) in rows.iter().enumerate() {
                    let value = register::nonce_offset(i as u16, chips);
                    assert_eq!(u64::from(value), number(&row[1]), "{i} of {chips}");
                    assert_eq!(u64::from(shape.address(i as u16).0), number(&row[0]));
                    offsets += 1;
                }
            }
            _ => {}
        }
    }
    assert_eq!((relays, offsets), (11 + 13 + 13, 65 + 91 + 110));
}

/// Machines whose hash counting number was seen, at the frequency at which it is right:
/// captured where the vector says it, else from the machine's rating.
const SEEN: &[(&str, u8, f64)] = &[
    ("hcn-s21", 2, 490.0),
    ("hcn-s21pro", 2, 600.0),
    ("hcn-s21xp", 2, 485.0),
    ("hcn-s19kpro", 2, 581.0),
    ("hcn-s19jpro", 2, 525.0),
    ("hcn-s19xp", 2, 475.0),
    ("hcn-s19pro", 2, 525.0),
];

#[test]
fn hash_counting_is_what_was_seen_on_machines() {
    for v in vectors("hash_counting.json") {
        let id = text(&v["id"]);
        for profile in profiles_of(&v) {
            let Some((_, address_interval, mhz)) = SEEN.iter().find(|s| s.0 == id) else {
                continue;
            };
            let target = Megahertz::new(*mhz);
            let board = Shape {
                chips: number(&v["chips"]) as u16,
                address_interval: *address_interval,
                target,
                ..s21_pro()
            };
            let got = profile.hash_counting(target, &board);
            assert_eq!(u64::from(got), number(&v["value"]), "{id}");
            // The whole window by address, as the vectors state it.
            let whole = v["full_window_ticks"].as_f64();
            if let (Some(whole), true) = (whole, id != "hcn-s21pro") {
                let ours = profile.window_ticks(target, &board) * windows_counted(profile);
                assert!((ours - whole).abs() < 0.1, "{id}: {ours}");
            }
        }
    }
}

fn windows_counted(profile: &Profile) -> f64 {
    match profile.sweep {
        Sweep::Window {
            windows_counted, ..
        } => f64::from(windows_counted),
        Sweep::Counted { .. } => 1.0,
    }
}

#[test]
fn no_board_is_told_to_sweep_past_its_window() {
    for profile in PROFILES {
        for chips in [1, 12, 65, 76, 77, 91, 108, 110, 126, 128] {
            for mhz in [400.0, 525.0, 600.0, 750.0, 900.0] {
                let target = Megahertz::new(mhz);
                let board = Shape {
                    chips,
                    address_interval: (256 / chips.max(2)) as u8,
                    target,
                    ..s21_pro()
                };
                let ticks = f64::from(profile.hash_counting(target, &board));
                let windows = windows_counted(profile);
                let most = profile.window_ticks(target, &board) * windows;
                assert!(ticks <= most, "{} {chips} {mhz}", profile.name);
                assert!(
                    ticks > 0.4 * most || windows == 0.0,
                    "{} {chips} {mhz}",
                    profile.name
                );
            }
        }
    }
}

#[test]
fn work_periods_follow_the_captures() {
    for v in vectors("hash_counting.json") {
        for profile in profiles_of(&v) {
            let mhz = v["freq_mhz"].as_f64().unwrap_or(0.0);
            let period = |interval, versions| {
                let board = Shape {
                    address_interval: interval,
                    ..s19_pro()
                };
                let period = profile.work_period(Megahertz::new(mhz), &board, versions);
                period.as_secs_f64()
            };
            if let Some(expected) = v["work_time_s"].as_f64() {
                let midstates = number(&v["midstates"]) as u32;
                let got = period(4, midstates);
                assert!((got - expected).abs() < 1e-8, "{}: {got}", v["id"]);
            }
            if v["id"] == "timeout-1398-525" {
                // Eight versions in the log; ours carry four.
                let us = period(2, 8) * 1e6;
                let logged = v["window_us"].as_f64().expect("number");
                assert!((us - logged).abs() < 0.1, "{us}");
            }
        }
    }
    let (bm1398, bm1370) = (chip("bm1398"), chip("bm1370"));
    // The FPGA's idle timeout register, captured: 0x800000F9, 249 microseconds.
    let period = bm1398.work_period(Megahertz::new(525.0), &s19_pro(), 4);
    assert_eq!(period.as_micros(), 0xf9);
    let s21 = s21_pro();
    let period = bm1370.work_period(Megahertz::new(600.0), &s21, 65536);
    assert!((period.as_secs_f64() - 1.288).abs() < 0.001);
    // Fewer versions than small cores: one each, not a part of one.
    let short = bm1370.work_period(Megahertz::new(600.0), &s21, 1);
    assert_eq!(short, bm1370.work_period(Megahertz::new(600.0), &s21, 16));
}

#[test]
fn nonces_tell_chip_and_core() {
    let mut checked = 0;
    for v in vectors("nonce_decode.json") {
        for profile in profiles_of(&v) {
            let u = number(&v["nonce_u32"]) as u32;
            let nonce = match profile.nonce.view {
                View::BigEndian => Nonce::from_wire(u.to_be_bytes()),
                View::LittleEndian => Nonce(u),
            };
            let board = match v["chips_on_chain"].as_u64() {
                Some(chips) => common::shape(chips as u16, 1, 2),
                None if profile.nonce.view == View::LittleEndian => common::shape(63, 21, 4),
                None => s19_pro(),
            };
            let origin = profile.origin(nonce, &board);
            assert_eq!(u64::from(origin.core), number(&v["core"]), "{}", v["id"]);
            if let Some(index) = v["chip_index"].as_u64() {
                assert_eq!(u64::from(origin.chip), index, "{}", v["id"]);
            }
            if let Some(address) = v["chip_address"].as_u64() {
                let ours = origin.address.map(u64::from);
                assert_eq!(ours, Some(address), "{}", v["id"]);
            }
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked}");
}

#[test]
fn captured_shares_name_their_chip_and_core() {
    let mut checked = 0;
    for v in vectors("shares.json") {
        if v["chip_index"].is_null() {
            continue;
        }
        for profile in profiles_of(&v) {
            let wire: [u8; 4] = common::bytes(&v["nonce_wire_bytes"])
                .try_into()
                .expect("four bytes");
            let origin = profile.origin(Nonce::from_wire(wire), &s19_pro());
            assert_eq!(u64::from(origin.chip), number(&v["chip_index"]));
            assert_eq!(u64::from(origin.core), number(&v["core"]));
            checked += 1;
        }
    }
    assert!(checked >= 49, "{checked}");
}

#[test]
fn register_resets_of_the_tables_are_those_of_the_vectors() {
    let mut checked = 0;
    for v in vectors("registers.json") {
        for profile in profiles_of(&v) {
            let reset = number(&v["reset_value"]);
            let ours = if v["kind"] == "register" {
                let info = profile.register(Register(number(&v["address"]) as u8));
                info.and_then(|r| r.reset).map(u64::from)
            } else {
                let reg = CoreRegister(number(&v["core_register"]) as u8);
                let info = profile.core_register(reg);
                info.and_then(|r| r.reset).map(u64::from)
            };
            assert_eq!(ours, Some(reset), "{}", v["id"]);
            checked += 1;
        }
    }
    assert!(checked >= 65, "{checked}");
}

#[test]
fn chip_facts_of_the_tables_are_those_of_the_vectors() {
    for v in vectors("chips.json") {
        if v["kind"] != "chip" {
            continue;
        }
        for profile in profiles_of(&v) {
            let id = text(&v["chip_id_register"]);
            let id = u32::from_str_radix(&id[2..6], 16).expect("four digits first");
            assert_eq!(u32::from(profile.id), id);
            let ours = [
                ("cores", u64::from(profile.cores)),
                ("small_cores_per_core", profile.small_cores_per_core.into()),
                ("small_cores_used", profile.small_cores_used.into()),
            ];
            for (key, ours) in ours {
                assert_eq!(ours, number(&v[key]), "{} {key}", profile.name);
            }
            let ghs = profile.hashes_per_s(Megahertz::new(1.0)) / 1e9;
            let expected = v["hashrate_ghs_per_mhz"].as_f64().expect("number");
            assert!((ghs - expected).abs() < 1e-9, "{}", profile.name);
        }
    }
    assert!(profile("bm9999").is_none());
}

#[test]
fn machines_reach_their_rating_by_the_model() {
    let mut checked = 0;
    for v in vectors("chips.json") {
        if v["kind"] != "model" {
            continue;
        }
        for profile in profiles_of(&v) {
            let chips = number(&v["chips_per_board"]) * number(&v["boards"]);
            let rate = |key: &str| {
                let mhz = v[key].as_f64()?;
                Some(profile.hashes_per_s(Megahertz::new(mhz)) * chips as f64 / 1e12)
            };
            let rated = v["spec_ths"].as_f64().expect("number");
            let ours = rate("computed_freq_for_spec_mhz").expect("given");
            assert!((ours / rated - 1.0).abs() < 0.001, "{}: {ours}", v["id"]);
            if let (Some(ours), Some(ths)) = (rate("freq_mhz"), v["computed_ths_at_freq"].as_f64())
            {
                assert!((ours - ths).abs() < 0.01, "{}: {ours}", v["id"]);
            }
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
}
