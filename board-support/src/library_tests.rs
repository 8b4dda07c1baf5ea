use crate::library::Library;
use crate::{LinkKind, bounds, machine, machines};

const BOARD: &str = "name = \"b\"\nlink = \"uart\"\nbaud_max_per_s = 3_125_000\n";
const HASH: &str = "name = \"h\"\nchip = \"bm1370\"\nchips = 65\ndomains = 13\naddress_interval = 2\n\
    frequency_mhz = 600.0\nfrequency_max_mhz = 650.0\nvoltage_mv = 13_000\nbaud_per_s = 3_125_000\nticket_difficulty = 256\n";
const PSU: &str = "name = \"p\"\nvoltage_min_mv = 12_000\nvoltage_max_mv = 15_000\n";
const MACHINE: &str = "name = \"m\"\nslots = 3\nrated_ths = 100.0\nrated_power_w = 3000\n\
    control_board = \"b\"\nhashboard = \"h\"\npsu = \"p\"\n";

/// Resolve machine `m` from the four texts above with `replacement` in place of one of
/// them, and compare the first fault (empty: none).
fn check(folder: &str, replacement: &str, expected: &str) {
    let pick = |f: &str, text: &'static str| {
        if f == folder {
            replacement.to_owned()
        } else {
            text.to_owned()
        }
    };
    let texts = [
        ("machines", "m", pick("machines", MACHINE)),
        ("control-boards", "b", pick("control-boards", BOARD)),
        ("hashboards", "h", pick("hashboards", HASH)),
        ("psus", "p", pick("psus", PSU)),
        ("hashboards", "base", HASH.to_owned()),
        ("hashboards", "deep", "extends = \"base\"\n".to_owned()),
    ];
    let files: Vec<_> = texts.iter().map(|(f, n, t)| (*f, *n, t.as_str())).collect();
    let shown = match Library(&files).machine("m") {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    };
    let first = shown.lines().next().unwrap_or_default();
    assert_eq!(first, expected, "all:\n{shown}");
}

fn hash_with(from: &str, to: &str) -> String {
    assert!(HASH.contains(from));
    HASH.replace(from, to)
}

#[test]
fn every_compiled_in_machine_resolves() {
    let names: Vec<_> = machines().collect();
    assert_eq!(names, ["antminer-s19-pro", "antminer-s21-pro"]);
    for name in names {
        let machine = machine(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(machine.model, name);
    }
}

#[test]
fn the_two_machines_are_what_was_captured() {
    let s19 = machine("antminer-s19-pro").expect("compiled in");
    assert_eq!(s19.control_board.link, LinkKind::FpgaFifo);
    assert_eq!(
        (s19.slots, s19.hashboard.chips, s19.hashboard.domains),
        (3, 114, 38)
    );
    assert_eq!(s19.chips_per_domain(), 3);
    assert_eq!(
        (s19.hashboard.frequency_mhz, s19.hashboard.baud),
        (525.0, 12_500_000)
    );
    assert_eq!(
        (s19.hashboard.voltage_start_mv, s19.hashboard.voltage_mv),
        (Some(15_000), Some(12_600))
    );
    let s21 = machine("antminer-s21-pro").expect("compiled in");
    assert_eq!(s21.control_board.link, LinkKind::Uart);
    assert_eq!(
        (s21.slots, s21.hashboard.chips, s21.hashboard.domains),
        (3, 65, 13)
    );
    assert_eq!(
        (s21.hashboard.frequency_mhz, s21.hashboard.baud),
        (600.0, 3_125_000)
    );
    assert_eq!(
        (s21.hashboard.voltage_start_mv, s21.hashboard.voltage_mv),
        (None, None)
    );
}

#[test]
fn ratings_agree_with_the_silicon_within_three_percent() {
    // Small cores that hash (of 156 * 4 and 128 * 16): one nonce per cycle each.
    for (name, small_cores, rated_mhz) in [
        ("antminer-s19-pro", 623.0, 516.0),
        ("antminer-s21-pro", 2040.0, 588.0),
    ] {
        let m = machine(name).expect("compiled in");
        let chips = f64::from(m.slots) * f64::from(m.hashboard.chips);
        let ths = chips * small_cores * rated_mhz * 1e6 / 1e12;
        assert!((ths / m.rated_ths - 1.0).abs() < 0.03, "{name}: {ths}");
    }
}

#[test]
fn an_unknown_machine_is_named_with_those_that_exist() {
    let error = machine("antminer-s99").expect_err("unknown").to_string();
    assert!(
        error.contains("antminer-s99") && error.contains("antminer-s21-pro"),
        "{error}"
    );
}

#[test]
fn a_file_cannot_widen_the_bounds_of_the_code() {
    let f = "hashboards/h.toml";
    check("hashboards", HASH, "");
    check(
        "hashboards",
        &hash_with("frequency_max_mhz = 650.0", "frequency_max_mhz = 801"),
        &format!("{f}:7: `frequency_max_mhz`: must be a number from 50 to 800, not 801"),
    );
    check(
        "hashboards",
        &hash_with("voltage_mv = 13_000", "voltage_mv = 21_361"),
        &format!("{f}:8: `voltage_mv`: must be a whole number from 8000 to 21360, not 21361"),
    );
    check(
        "hashboards",
        &hash_with("chips = 65", "chips = 257"),
        &format!("{f}:3: `chips`: must be a whole number from 1 to 256, not 257"),
    );
    check(
        "hashboards",
        &hash_with("3_125_000", "12_500_001"),
        &format!(
            "{f}:9: `baud_per_s`: must be a whole number from 115200 to 12500000, not 12500001"
        ),
    );
    check(
        "machines",
        &MACHINE.replace("slots = 3", "slots = 5"),
        "machines/m.toml:2: `slots`: must be a whole number from 1 to 4, not 5",
    );
    check(
        "psus",
        &PSU.replace("15_000", "30_000"),
        "psus/p.toml:3: `voltage_max_mv`: must be a whole number from 8000 to 21360, not 30000",
    );
}

#[test]
fn a_file_narrows_the_bounds_for_its_machine() {
    check(
        "hashboards",
        &hash_with("frequency_mhz = 600.0", "frequency_mhz = 651"),
        "hashboards/h.toml:6: `frequency_mhz`: must be a number from 50 to 650, not 651",
    );
    check(
        "control-boards",
        &BOARD.replace("3_125_000", "1_000_000"),
        "machines/m.toml:5: `control_board`: `b` reaches 1000000 baud and `h` wants 3125000",
    );
    check(
        "psus",
        &PSU.replace("12_000", "14_000"),
        "machines/m.toml:7: `psu`: `p` gives 14000 to 15000 mV and `h` wants 13000",
    );
}

#[test]
fn numbers_that_contradict_each_other_are_refused() {
    let f = "hashboards/h.toml";
    check(
        "hashboards",
        &hash_with("domains = 13", "domains = 12"),
        &format!("{f}:4: `domains`: 65 chips do not divide into 12 domains"),
    );
    check(
        "hashboards",
        &hash_with("address_interval = 2", "address_interval = 4"),
        &format!("{f}:5: `address_interval`: 65 chips 4 apart need more than 256 addresses"),
    );
    check(
        "hashboards",
        &hash_with("ticket_difficulty = 256", "ticket_difficulty = 300"),
        &format!("{f}:10: `ticket_difficulty`: must be a power of two"),
    );
    check(
        "psus",
        &PSU.replace("12_000", "15_001"),
        "psus/p.toml:2: `voltage_min_mv`: is above `voltage_max_mv`",
    );
}

#[test]
fn a_file_extends_one_other_and_no_further() {
    check("hashboards", "extends = \"base\"\nchips = 26\n", "");
    check(
        "hashboards",
        "extends = \"deep\"\n",
        "hashboards/h.toml:1: `extends`: `deep` extends another file itself",
    );
    check(
        "hashboards",
        "chips = 26\nextends = \"none\"\n",
        "hashboards/h.toml:2: `extends`: no file hashboards/none.toml is known",
    );
    check(
        "hashboards",
        "extends = 3\n",
        "hashboards/h.toml:1: `extends`: must be a text of 1 to 80 bytes in quotes, not integer",
    );
}

#[test]
fn a_part_that_does_not_exist_is_blamed_on_the_file_that_named_it() {
    check(
        "machines",
        &MACHINE.replace("psu = \"p\"", "psu = \"q\""),
        "machines/m.toml:7: `psu`: no file psus/q.toml is known",
    );
}

#[test]
fn the_bounds_stand_as_reviewed() {
    assert_eq!(bounds::FREQUENCY_MHZ, 50.0..=800.0);
    assert_eq!(bounds::VOLTAGE_MV, 8_000..=21_360);
    assert_eq!(bounds::CHIPS, 1..=256);
    assert_eq!(bounds::SLOTS, 1..=4);
    assert_eq!(bounds::BAUD, 115_200..=12_500_000);
}
