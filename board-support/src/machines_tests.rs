//! The machines that are compiled in: each resolves, on every control board that it
//! names, and its numbers agree with each other and with the vectors.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{
    Fitted, LinkKind, Machine, Place, PsuProtocol, Sensor, SensorBus, SensorPart, VoltageCode,
    is_of_tests, machine, machine_on, machines,
};

/// Set to anything, this rewrites snapshots instead of comparing them.
const REFRESH: &str = "STANNARY_REFRESH";

/// Those that must not get lost.
const MODELS: [&str; 13] = [
    "antminer-s17",
    "antminer-s19",
    "antminer-s19-pro",
    "antminer-s19-xp",
    "antminer-s19j-pro",
    "antminer-s19k-pro",
    "antminer-s21",
    "antminer-s21-pro",
    "antminer-s21-xp",
    "antminer-s9",
    "antminer-t17",
    "antminer-t21",
    "dragonmint-t1",
];

fn every(check: impl Fn(&Machine)) {
    for name in machines() {
        check(&machine(name).unwrap_or_else(|e| panic!("{e}")));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A list of vectors of the repository.
fn vectors(file: &str, list: &str) -> Vec<serde_json::Value> {
    let path = root().join("../tests/vectors").join(file);
    let text = fs::read_to_string(&path).expect("a vector file");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    read[list].as_array().expect("a list").clone()
}

#[test]
fn a_machine_of_tests_resolves_and_is_not_listed() {
    let emulated = machine("test-ast2600").unwrap_or_else(|e| panic!("{e}"));
    assert!(is_of_tests(&emulated.model));
    assert!(machines().all(|name| !is_of_tests(name)));
    let devices = emulated.control_board.devices.expect("it has devices");
    assert_eq!(devices.chains.len(), usize::from(emulated.slots));
}

#[test]
fn every_machine_resolves_on_every_control_board_that_it_names() {
    let known: Vec<_> = machines().collect();
    assert!(MODELS.iter().all(|m| known.contains(m)), "{known:?}");
    for name in machines() {
        let default = machine(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(default.model, name);
        assert_eq!(default.control_board.id, default.control_boards[0]);
        for board in &default.control_boards {
            let on = machine_on(name, board).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(&on.control_board.id, board);
            assert!(
                on.hashboard.baud <= on.control_board.baud_max,
                "{name} on {board}"
            );
            assert!(on.slots <= on.control_board.slots_max, "{name} on {board}");
        }
    }
}

/// The stock S9's link is known from one source, and of later chips nothing is known there.
#[test]
fn the_default_control_board_of_every_machine_has_a_link_that_was_met() {
    every(|m| assert_ne!(m.control_board.link, LinkKind::FpgaFifoS9, "{}", m.model));
}

#[test]
fn chips_and_domains_are_the_published_ones() {
    let models = vectors("bm13xx/chips.json", "vectors");
    let models = models.iter().filter(|v| v["kind"] == "model");
    let mut seen = 0;
    for v in models {
        let name = v["model"].as_str().expect("a name");
        let name = format!("antminer-{}", name.to_lowercase().replace(' ', "-"));
        let Ok(m) = machine(&name) else {
            assert_eq!(name, "antminer-s17-pro", "the one model that has no file");
            continue;
        };
        let board = &m.hashboard;
        assert_eq!(
            Some(board.chip.to_uppercase().as_str()),
            v["chip"].as_str(),
            "{name}"
        );
        assert_eq!(
            Some(u64::from(board.chips)),
            v["chips_per_board"].as_u64(),
            "{name}"
        );
        assert_eq!(Some(u64::from(m.slots)), v["boards"].as_u64(), "{name}");
        if let Some(domains) = v["voltage_domains_or_uart_domains_per_board"].as_u64() {
            assert_eq!(u64::from(board.domains), domains, "{name}");
        }
        assert!((m.rated_ths / v["spec_ths"].as_f64().expect("TH/s") - 1.0).abs() < 1e-9);
        let spec_w = m.rated_ths * v["spec_j_per_th"].as_f64().expect("J/TH");
        assert!(
            (m.rated_power_w / spec_w - 1.0).abs() < 0.01,
            "{name}: {spec_w} W"
        );
        seen += 1;
    }
    // Those of another family have no entry there.
    assert_eq!(seen, MODELS.len() - 1);
}

#[test]
fn ratings_agree_with_the_silicon_within_five_percent() {
    let chips = vectors("bm13xx/chips.json", "vectors");
    every(|m| {
        let chip = m.hashboard.chip.to_uppercase();
        let found = chips
            .iter()
            .find(|v| v["kind"] == "chip" && v["chip"] == *chip);
        let small_cores = match chip.as_str() {
            // Published by its driver: 32 cores, MHz * 2 * cores.
            "T1" => 64.0,
            _ => found.expect("a vector")["small_cores_used"]
                .as_f64()
                .expect("a number"),
        };
        // One nonce per small core and cycle.
        let chips = f64::from(m.slots) * f64::from(m.hashboard.chips);
        let ths = chips * small_cores * m.hashboard.frequency_mhz * 1e6 / 1e12;
        assert!((ths / m.rated_ths - 1.0).abs() < 0.05, "{}: {ths}", m.model);
    });
}

#[test]
fn numbers_of_every_machine_agree_with_each_other() {
    every(|m| {
        let (name, board) = (&m.model, &m.hashboard);
        assert_eq!(board.chips % board.domains, 0, "{name}");
        assert!(
            board.chips * u16::from(board.address_interval) <= 256,
            "{name}"
        );
        assert!(board.frequency_mhz <= board.frequency_max_mhz, "{name}");
        assert!(m.rated_power_w <= m.limits.power_max_w, "{name}");
        // A controller sets the rail, or the supply does, or nothing is known and
        // nothing may.
        let known = [board.voltage_start_mv, board.voltage_mv];
        match m.voltage_range_mv() {
            Some(range) => {
                assert!(
                    known.iter().all(|v| v.is_some_and(|v| range.contains(&v))),
                    "{name}"
                );
            }
            None => assert_eq!(known, [None, None], "{name}"),
        }
    });
}

#[test]
fn only_boards_whose_voltages_are_known_may_be_given_one() {
    let known: Vec<_> = machines()
        .filter(|name| {
            machine(name)
                .expect("compiled in")
                .voltage_range_mv()
                .is_some()
        })
        .collect();
    assert_eq!(known, ["antminer-s19-pro", "antminer-s9"]);
    let range = |name| machine(name).expect("compiled in").voltage_range_mv();
    assert_eq!(range("antminer-s19-pro"), Some(12_000..=15_000));
    assert_eq!(range("antminer-s9"), Some(8_200..=9_400));
}

/// What the owner's machine does when it is warm must not depend on a slip in one file.
#[test]
fn limits_of_every_machine_are_inside_what_public_firmware_dares() {
    every(|m| {
        let (name, l) = (&m.model, &m.limits);
        let (board, chip) = if m.hashboard.chip == "bm1387" {
            (80.0, 100.0)
        } else {
            (75.0, 95.0)
        };
        assert!(l.board_stop_c <= board, "{name}");
        assert!(l.chip_stop_c <= chip, "{name}");
        assert!(l.inlet_max_c <= 40.0, "{name}");
        assert!(l.power_max_w <= 1.11 * m.rated_power_w, "{name}");
        assert_eq!(m.fans.count_min, m.fans.count, "{name}");
    });
}

#[test]
fn boards_without_a_known_sensor_are_the_two_of_the_17_series() {
    let blind: Vec<_> = machines()
        .filter(|n| {
            machine(n)
                .expect("compiled in")
                .peripherals
                .sensors
                .is_empty()
        })
        .collect();
    assert_eq!(blind, ["antminer-s17", "antminer-t17"]);
    every(|m| {
        let sensors = &m.peripherals.sensors;
        let chips = sensors
            .iter()
            .filter(|s| matches!(s.bus, SensorBus::Chip(_)));
        let addressed = |s: &Sensor| s.part == SensorPart::Die || s.address == 0x4c;
        assert!(chips.clone().all(addressed), "{}", m.model);
        // Where each chip has a sensor on its die, none is known beside them.
        let boards = sensors.iter().filter(|s| s.place != Place::Chip);
        let dies = !sensors.is_empty() && sensors.iter().all(|s| s.part == SensorPart::Die);
        let watched = sensors.is_empty() || boards.count() > 0 || dies;
        assert!(watched, "{}", m.model);
    });
}

#[test]
fn voltage_codes_of_every_supply_are_those_of_the_vectors() {
    let table = vectors("psu/voltage-codes.json", "table");
    let mut seen = 0;
    every(|m| {
        for t in &m.psu.types {
            let Some(code) = t.code else { continue };
            let word = format!("{:#04x}", t.word);
            let v = table.iter().find(|v| v["type"] == *word).expect("a vector");
            let constant = |key: &str| v[key].as_f64().expect("a number");
            let expected = VoltageCode {
                offset: constant("a"),
                per_volt: constant("b"),
            };
            assert_eq!(code, expected, "{}: {word}", m.model);
            let range = code.range_mv();
            let (low, high) = (constant("v_at_n255"), constant("v_at_n0"));
            assert!(
                (f64::from(*range.start()) / 1000.0 - low).abs() < 0.002,
                "{word}"
            );
            assert!(
                (f64::from(*range.end()) / 1000.0 - high).abs() < 0.002,
                "{word}"
            );
        }
    });
    for m in machines().filter_map(|n| machine(n).ok()) {
        seen += m.psu.types.len();
    }
    assert!(seen > 20, "only {seen} types were compared");
}

#[test]
fn an_s9_makes_its_own_rail_and_an_s19_pro_does_not() {
    let s9 = machine("antminer-s9").expect("compiled in");
    assert_eq!(s9.psu.protocol, PsuProtocol::None);
    assert_eq!(s9.psu.fixed_mv, Some(12_000));
    assert!(s9.rail_controller_code().is_some());
    let s19 = machine("antminer-s19-pro").expect("compiled in");
    assert_eq!(s19.psu.protocol, PsuProtocol::ApwPackets);
    assert!(s19.rail_controller_code().is_none());
    let s21 = machine("antminer-s21").expect("compiled in");
    assert_eq!(s21.peripherals.voltage_controller, Fitted::Absent);
    let xp = machine("antminer-s19-xp").expect("compiled in");
    assert_eq!(xp.peripherals.voltage_controller, Fitted::Unknown);
}

/// A reviewer sees what a file resolves to, and so does whoever changes a default.
#[test]
fn resolved_machines_are_as_reviewed() {
    for name in ["antminer-s9", "antminer-s19-pro", "antminer-t21"] {
        let resolved = machine(name).expect("compiled in");
        let shown = format!("{resolved:#?}\n");
        let path = root().join("snapshots").join(format!("{name}.txt"));
        if std::env::var_os(REFRESH).is_some() {
            fs::write(&path, &shown).expect("the snapshot can be written");
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            shown == reviewed,
            "{} differs: look at it, then set {REFRESH}=1 to take it",
            path.display()
        );
    }
}

/// Numbers of machines that nobody can trace are worth nothing.
#[test]
fn every_number_says_where_it_is_from() {
    let mut silent = Vec::new();
    for folder in ["machines", "control-boards", "hashboards", "psus"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("text");
            // In a list of tables one source may stand for the entry.
            let (mut listed, mut sourced) = (false, false);
            for (i, line) in text.lines().enumerate() {
                if line.starts_with('[') {
                    (listed, sourced) = (line.starts_with("[["), false);
                }
                let (value, comment) = line.split_once('#').unwrap_or((line, ""));
                let words = ["captured", "published", "assumed", "measured", "as above"];
                let has_source = words.iter().any(|w| comment.contains(w));
                sourced |= has_source;
                let number = value.split_once('=').is_some_and(|(key, v)| {
                    !key.contains('{') && v.trim().starts_with(|c: char| c.is_ascii_digit())
                });
                // A line of a control board: a table in one line.
                let entry = value.trim_end().ends_with('}') && value.contains("= {");
                if (number || entry) && !has_source && !(listed && sourced) {
                    silent.push(format!("{}:{}: {line}", path.display(), i + 1));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn an_unknown_machine_is_named_with_those_that_exist() {
    let error = machine("antminer-s99").expect_err("unknown").to_string();
    assert!(
        error.contains("antminer-s99") && error.contains("antminer-s21-pro"),
        "{error}"
    );
}
