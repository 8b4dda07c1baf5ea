//! Every vector of register arithmetic that concerns the two chips or all of them.

mod common;

use common::{concerns, number, text, vectors};
use protocol::pll::{self, PllProfile, PostDivider};
use protocol::{BM1370, BM1398, Profile, Register, Shape, baud, profile, register};
use units::{ChipAddress, Difficulty, Megahertz, Nonce, TicketDifficulty};

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
    let mut checked = 0;
    for v in vectors("pll.json") {
        let encoding = match text(&v["encoding"]) {
            "direct" => PostDivider::Direct,
            "minus_one" => PostDivider::MinusOne,
            _ => continue, // BM1387's register has another layout
        };
        let divider = match text(&v["id"]) {
            "pll-1397-reset-div" => 7,
            _ => 0,
        };
        let value = number(&v["register_value"]) as u32;
        let got = pll::frequency(value, encoding, divider).expect("valid");
        let expected = v["freq_mhz"].as_f64().expect("number");
        assert!((got.mhz() - expected).abs() < 1e-5, "{}: {got}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 43);
}

#[test]
fn a_pll_value_that_divides_by_zero_has_no_frequency() {
    assert_eq!(pll::frequency(0x4054_0100, PostDivider::Direct, 0), None);
    assert_eq!(pll::frequency(0x4054_0000, PostDivider::MinusOne, 0), None);
}

#[test]
fn the_solver_chooses_what_the_published_rule_chooses() {
    const BM1366: PllProfile = PllProfile {
        encoding: PostDivider::MinusOne,
        fbdiv: (144, 235),
        vco_mhz: (0.0, 5000.0),
        refdivs: &[2, 1],
        vco_high_mhz: Some(2400.0),
    };
    const BM1397: PllProfile = PllProfile {
        encoding: PostDivider::Direct,
        fbdiv: (60, 200),
        vco_high_mhz: None,
        ..BM1366
    };
    let mut checked = 0;
    for v in vectors("pll.json") {
        let id = text(&v["id"]);
        if !id.contains("-esp-") {
            continue;
        }
        let solver = match &id[..8] {
            "pll-1366" | "pll-1368" => BM1366,
            "pll-1370" => BM1370.pll,
            "pll-1397" => BM1397,
            other => panic!("{other}"),
        };
        let wanted = id.rsplit('-').next().and_then(|s| s.parse().ok());
        let wanted = Megahertz::new(wanted.expect("frequency in the id"));
        let got = solver.solve(wanted).expect("solvable");
        assert_eq!(u64::from(got.value), number(&v["register_value"]), "{id}");
        checked += 1;
    }
    assert_eq!(checked, 25);
}

#[test]
fn captured_target_frequencies_are_reproduced() {
    let check = |chip: &Profile, mhz: f64, value: u32| {
        let got = chip.pll.solve(Megahertz::new(mhz)).expect("solvable");
        assert_eq!(got.value, value, "{} {mhz}: {:08x}", chip.name, got.value);
        assert_eq!(got.frequency.mhz(), mhz);
    };
    check(&BM1370, 600.0, 0x50c0_0230);
    check(&BM1398, 525.0, 0x4054_0141);
}

#[test]
fn every_ramp_frequency_has_a_setting_nearby_and_inside_the_bounds() {
    for chip in [&BM1370, &BM1398] {
        let mut mhz = chip.start.mhz();
        while mhz <= 700.0 {
            let got = chip.pll.solve(Megahertz::new(mhz)).expect("solvable");
            let off = (got.frequency.mhz() / mhz - 1.0).abs();
            assert!(off < 0.005, "{} {mhz}: {}", chip.name, got.frequency);
            let back = pll::frequency(got.value, chip.pll.encoding, 0);
            assert_eq!(back, Some(got.frequency), "{} {mhz}", chip.name);
            mhz += 6.25;
        }
    }
}

#[test]
fn a_direct_value_misread_as_minus_one_is_slower() {
    let mut mhz = 50.0;
    while mhz <= 700.0 {
        let setting = BM1398.pll.solve(Megahertz::new(mhz)).expect("solvable");
        let misread = pll::frequency(setting.value, PostDivider::MinusOne, 0).expect("valid");
        assert!(misread.mhz() < setting.frequency.mhz(), "{mhz}");
        mhz += 6.25;
    }
}

#[test]
fn baud_values_give_the_rates_of_the_vectors() {
    let mut checked = 0;
    for v in vectors("baud.json") {
        let value = number(&v["register_value"]) as u32;
        let (divider, base) = match text(&v["register"]) {
            "0x18" => {
                let (divider, pll3) = baud::misc::divider(value);
                (divider, if pll3 { 400_000_000 } else { baud::CRYSTAL_HZ })
            }
            "0x28" => (baud::fast_uart::divider(value), baud::CRYSTAL_HZ),
            _ => continue, // BM1387's 0x1c
        };
        assert_eq!(u64::from(divider), number(&v["divider"]), "{}", v["id"]);
        let rate = baud::bits_per_s(base, divider);
        let expected = v["baud"].as_f64().expect("number");
        assert!((rate - expected).abs() < 0.1, "{}: {rate}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 12);
}

#[test]
fn baud_writes_are_the_captured_ones_or_keep_the_captured_bits() {
    let s21 = BM1370.baud_writes(3_125_000).expect("reachable");
    assert_eq!(s21.last, (Register(0x28), 0x0130_0000));
    assert_eq!(s21.bits_per_s, 3_125_000);
    let s19 = BM1398.baud_writes(12_500_000).expect("reachable");
    assert_eq!(
        s19.before,
        [
            Some((Register(0x68), 0xc070_0111)),
            Some((Register(0x28), 0x0600_8f00))
        ]
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
        BM1398.baud_writes(115_200).expect("reset rate").last.1,
        0xf000_ba05
    );
    assert_eq!(BM1370.baud_writes(6_000_000), None);
    assert_eq!(BM1370.baud_writes(0), None);
}

#[test]
fn a_slow_line_carries_part_of_the_work() {
    let period = BM1398.work_period(Megahertz::new(525.0), &s19_pro(), 4);
    let fraction = |rate| baud::carried(rate, BM1398.job_bytes(4), period);
    assert_eq!(fraction(12_500_000), 1.0);
    let slow = fraction(3_125_000);
    assert!((0.51..0.52).contains(&slow), "{slow}");
    let long = BM1370.work_period(Megahertz::new(600.0), &s21_pro(), 65536);
    assert_eq!(baud::carried(115_200, BM1370.job_bytes(1), long), 1.0);
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
        let frame = protocol::Command::WriteRegister {
            to: protocol::To::All,
            reg: register::TICKET_MASK,
            value,
        };
        let hex = common::hex(&frame.encode_uart());
        assert_eq!(hex, text(&v["frame_bm1397_and_later"]));
    }
    let whole = TicketDifficulty::from_log2(32).expect("in range");
    assert_eq!(register::ticket_mask(whole), 0xffff_ffff);
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

#[test]
fn hash_counting_and_work_periods_follow_the_captures() {
    let s19 = s19_pro();
    let s21 = s21_pro();
    for v in vectors("hash_counting.json") {
        match text(&v["id"]) {
            "hcn-s19pro" => {
                let got = BM1398.hash_counting(Megahertz::new(525.0), &s19);
                assert_eq!(u64::from(got), number(&v["value"]));
            }
            "hcn-s21pro" => {
                let got = BM1370.hash_counting(Megahertz::new(600.0), &s21);
                assert_eq!(u64::from(got), number(&v["value"]));
            }
            "timeout-1398-525" => {
                // Eight versions in the log; ours carry four.
                let whole = BM1398.work_period(Megahertz::new(525.0), &s19, 8);
                let us = whole.as_secs_f64() * 1e6;
                let logged = v["window_us"].as_f64().expect("number");
                assert!((us - logged).abs() < 0.1, "{us}");
            }
            _ => {}
        }
    }
    // The FPGA's idle timeout register, captured: 0x800000F9, 249 microseconds.
    let period = BM1398.work_period(Megahertz::new(525.0), &s19, 4);
    assert_eq!(period.as_micros(), 0xf9);
    let period = BM1370.work_period(Megahertz::new(600.0), &s21, 65536);
    assert!((period.as_secs_f64() - 1.288).abs() < 0.001);
    // Fewer versions than small cores: one each, not a part of one.
    let short = BM1370.work_period(Megahertz::new(600.0), &s21, 1);
    assert_eq!(short, BM1370.work_period(Megahertz::new(600.0), &s21, 16));
    let xp = Shape { chips: 91, ..s21 };
    let ticks = BM1370.hash_counting(Megahertz::new(600.0), &xp);
    assert!(ticks < 0x1eb5, "more chips, smaller windows: {ticks}");
}

#[test]
fn nonces_tell_chip_and_core() {
    let mut checked = 0;
    for v in vectors("nonce_decode.json") {
        let (chip, shape) = match text(&v["chip"]) {
            "BM1398" => (&BM1398, s19_pro()),
            "BM1370" => (&BM1370, s21_pro()),
            _ => continue,
        };
        // Both views print the wire bytes most significant first.
        let nonce = Nonce::from_wire((number(&v["nonce_u32"]) as u32).to_be_bytes());
        let origin = chip.origin(nonce, &shape);
        assert_eq!(u64::from(origin.core), number(&v["core"]), "{}", v["id"]);
        if let Some(index) = v["chip_index"].as_u64() {
            assert_eq!(u64::from(origin.chip), index, "{}", v["id"]);
        }
        checked += 1;
    }
    assert_eq!(checked, 16);
}

#[test]
fn captured_shares_name_their_chip_and_core() {
    let mut checked = 0;
    for v in vectors("shares.json") {
        if !concerns(&v, &["BM1398"]) {
            continue;
        }
        let wire: [u8; 4] = common::bytes(&v["nonce_wire_bytes"])
            .try_into()
            .expect("four bytes");
        let origin = BM1398.origin(Nonce::from_wire(wire), &s19_pro());
        assert_eq!(u64::from(origin.chip), number(&v["chip_index"]));
        assert_eq!(u64::from(origin.core), number(&v["core"]));
        checked += 1;
    }
    assert_eq!(checked, 49);
}

#[test]
fn register_resets_of_the_tables_are_those_of_the_vectors() {
    let mut checked = 0;
    for v in vectors("registers.json") {
        if v["kind"] != "register" || !concerns(&v, &["BM1370", "BM1398"]) {
            continue;
        }
        let chip = profile(&text(&v["chip"]).to_lowercase()).expect("known chip");
        let reg = Register(number(&v["address"]) as u8);
        let info = chip.registers.iter().find(|r| r.reg == reg);
        let reset = info.and_then(|r| r.reset).map(u64::from);
        assert_eq!(reset, Some(number(&v["reset_value"])), "{}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 65);
}

#[test]
fn chip_facts_of_the_tables_are_those_of_the_vectors() {
    for v in vectors("chips.json") {
        if v["kind"] != "chip" || !concerns(&v, &["BM1370", "BM1398"]) {
            continue;
        }
        let chip = profile(&text(&v["chip"]).to_lowercase()).expect("known chip");
        let id = number(&v["chip_id_register"]) as u32;
        assert_eq!(u32::from(chip.id), id >> 16);
        assert_eq!(u64::from(chip.cores), number(&v["cores"]));
        assert_eq!(
            u64::from(chip.small_cores_per_core),
            number(&v["small_cores_per_core"])
        );
        assert_eq!(
            u64::from(chip.small_cores_used),
            number(&v["small_cores_used"])
        );
    }
    assert!(profile("bm1387").is_none());
    assert_eq!(s21_pro().address(64), ChipAddress(128));
}
