use crate::bounds;
use crate::library::{Board, Library};

const BOARD: &str = "name = \"b\"\nlink = \"uart\"\nbaud_max_per_s = 3_125_000\nslots_max = 3\n";
const HASH: &str = "name = \"h\"\nchip = \"bm1370\"\nchips = 65\ndomains = 13\naddress_interval = 2\n\
    frequency_mhz = 600.0\nfrequency_max_mhz = 650.0\nvoltage_mv = 13_000\nbaud_per_s = 3_125_000\nticket_difficulty = 256\n\
    [voltage_controller]\nkind = \"pic16f1704-framed\"\ni2c_address = 0x20\n\
    [eeprom]\nkind = \"at24c02\"\ni2c_address = 0x50\n\
    [[sensor]]\npart = \"nct218\"\nvia = \"chip\"\nchip = 25\ni2c_address = 0x4c\nchannel = \"remote\"\nplace = \"chip\"\n";
const PSU: &str = "name = \"p\"\nprotocol = \"apw-packets\"\nvoltage_min_mv = 12_000\nvoltage_max_mv = 15_000\n\
    [[type]]\nword = 0x71\ncode_offset = 1190.9\ncode_per_v = 78.74\n[[type]]\nword = 0xc1\n";
const MACHINE: &str = "name = \"m\"\nslots = 3\nrated_ths = 100.0\nrated_power_w = 3000\n\
    control_boards = [\"b\"]\nhashboard = \"h\"\npsu = \"p\"\n\
    [fans]\ncount = 4\ncount_min = 3\nrpm_min = 500\nrpm_max = 6000\nduty_min_percent = 20\n\
    curve = [\n{ board_c = 30, duty_percent = 20 },\n{ board_c = 60, duty_percent = 100 }]\n\
    [limits]\nboard_warn_c = 65\nboard_derate_c = 70\nboard_stop_c = 75\nchip_warn_c = 85\nchip_derate_c = 90\n\
    chip_stop_c = 95\ninlet_max_c = 40\npower_max_w = 3500\nvoltage_min_mv = 12_500\nvoltage_max_mv = 14_000\n";

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
    let shown = match Library(&files).machine_with("m", Board::Default) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    };
    let first = shown.lines().next().unwrap_or_default();
    assert_eq!(first, expected, "all:\n{shown}");
}

/// `text` with one passage in place of another, which must be there.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn hash_with(from: &str, to: &str) -> String {
    with(HASH, from, to)
}

/// Resolve with one change in the machine's file.
fn check_machine(from: &str, to: &str, expected: &str) {
    check("machines", &with(MACHINE, from, to), expected);
}

fn check_hashboard(from: &str, to: &str, expected: &str) {
    check("hashboards", &hash_with(from, to), expected);
}

fn check_psu(from: &str, to: &str, expected: &str) {
    check("psus", &with(PSU, from, to), expected);
}

#[test]
fn a_file_cannot_widen_the_bounds_of_the_code() {
    let f = "hashboards/h.toml";
    check("hashboards", HASH, "");
    check(
        "hashboards",
        &hash_with("frequency_max_mhz = 650.0", "frequency_max_mhz = 1601"),
        &format!("{f}:7: `frequency_max_mhz`: must be a number from 50 to 1600, not 1601"),
    );
    // Its family's bound shows where it meets its control board.
    check(
        "hashboards",
        &hash_with("frequency_max_mhz = 650.0", "frequency_max_mhz = 801"),
        "machines/m.toml:6: `hashboard`: `h` may run at 801 MHz, and no chip on such a link \
         above 800",
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
        "psus/p.toml:4: `voltage_max_mv`: must be a whole number from 8000 to 21360, not 30000",
    );
}

#[test]
fn a_file_narrows_the_bounds_for_its_machine() {
    check_hashboard(
        "frequency_mhz = 600.0",
        "frequency_mhz = 651",
        "hashboards/h.toml:6: `frequency_mhz`: must be a number from 50 to 650, not 651",
    );
    check(
        "control-boards",
        &with(BOARD, "3_125_000", "1_000_000"),
        "machines/m.toml:5: `control_boards`: `b` reaches 1000000 baud and `h` wants 3125000",
    );
    check_psu(
        "12_000",
        "14_000",
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
        "psus/p.toml:3: `voltage_min_mv`: is above `voltage_max_mv`",
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
    check(
        "machines",
        &MACHINE.replace("[\"b\"]", "[\"b\", \"c\"]"),
        "machines/m.toml:5: `control_boards`: no file control-boards/c.toml is known",
    );
}

#[test]
fn the_faults_of_all_parts_are_found_in_one_pass() {
    let hash = with(HASH, "chips = 65", "chips = 0");
    let board = with(BOARD, "\"uart\"", "\"wire\"");
    let psu = with(PSU, "0x71", "\"0x71\"");
    let files = [
        ("machines", "m", MACHINE),
        ("control-boards", "b", board.as_str()),
        ("hashboards", "h", hash.as_str()),
        ("psus", "p", psu.as_str()),
    ];
    let problems = Library(&files)
        .machine_with("m", Board::Default)
        .expect_err("three");
    let places: Vec<_> = problems.iter().map(|p| (p.file.as_str(), p.line)).collect();
    assert_eq!(
        places,
        [
            ("control-boards/b.toml", 2),
            ("hashboards/h.toml", 3),
            ("psus/p.toml", 6)
        ]
    );
    assert!(problems.iter().all(|p| !p.remedy.is_empty()));
}

#[test]
fn a_control_board_can_be_chosen_among_those_that_are_named() {
    let machine = with(MACHINE, "[\"b\"]", "[\"b\", \"slow\"]");
    let slow = with(BOARD, "3_125_000", "2_000_000");
    let hash = with(
        HASH,
        "baud_per_s = 3_125_000",
        "baud_per_s = 3_125_000\nbaud_fallback_per_s = 1_562_500",
    );
    let files = [
        ("machines", "m", machine.as_str()),
        ("control-boards", "b", BOARD),
        ("control-boards", "slow", slow.as_str()),
        ("hashboards", "h", hash.as_str()),
        ("psus", "p", PSU),
    ];
    let on = |board| Library(&files).machine_with("m", board).expect("fits");
    assert_eq!(on(Board::Default), on(Board::Named("b")));
    assert_eq!(on(Board::Default).hashboard.baud, 3_125_000);
    // A board that does not reach the rate gets the one below.
    assert_eq!(on(Board::Named("slow")).hashboard.baud, 1_562_500);
    assert_eq!(on(Board::Named("slow")).control_boards, ["b", "slow"]);
    let problems = Library(&files)
        .machine_with("m", Board::Named("x"))
        .expect_err("unknown");
    assert_eq!(
        problems.to_string(),
        "machines/m.toml:5: `control_boards`: this machine is not known with control board `x`\n\
         hint: use one of: b, slow"
    );
}

#[test]
fn a_board_does_not_ask_for_more_than_its_control_board_carries() {
    check_hashboard(
        "baud_per_s = 3_125_000",
        "baud_per_s = 6_250_000",
        "machines/m.toml:5: `control_boards`: `b` reaches 3125000 baud and `h` wants 6250000",
    );
    check_hashboard(
        "baud_per_s = 3_125_000",
        "baud_per_s = 6_250_000\nbaud_fallback_per_s = 3_125_000",
        "",
    );
    check_hashboard(
        "baud_per_s = 3_125_000",
        "baud_per_s = 3_125_000\nbaud_fallback_per_s = 6_250_000",
        "hashboards/h.toml:10: `baud_fallback_per_s`: must be a whole number from 115200 to \
         3125000, not 6250000",
    );
    check(
        "control-boards",
        &with(BOARD, "slots_max = 3", "slots_max = 2"),
        "machines/m.toml:2: `slots`: `b` carries 2 hashboards",
    );
}

#[test]
fn nothing_may_set_a_voltage_that_is_unknown_or_outside_its_limits() {
    check_hashboard(
        "voltage_mv = 13_000\n",
        "",
        "machines/m.toml:27: `limits.voltage_max_mv`: the voltages of `h` are unknown: none may be set",
    );
    check_machine(
        "voltage_min_mv = 12_500\nvoltage_max_mv = 14_000\n",
        "",
        "machines/m.toml:17: `limits`: `h` has voltages and the machine no limit for them",
    );
    check_machine(
        "voltage_max_mv = 14_000\n",
        "",
        "machines/m.toml:17: `limits.voltage_max_mv`: missing beside its counterpart",
    );
    check_machine(
        "voltage_min_mv = 12_500",
        "voltage_min_mv = 14_001",
        "machines/m.toml:26: `limits.voltage_min_mv`: is above `voltage_max_mv`",
    );
    check_machine(
        "voltage_max_mv = 14_000",
        "voltage_max_mv = 12_900",
        "machines/m.toml:27: `limits.voltage_max_mv`: `h` wants 13000 mV",
    );
    check_machine(
        "voltage_max_mv = 14_000",
        "voltage_max_mv = 21_361",
        "machines/m.toml:27: `limits.voltage_max_mv`: must be a whole number from 8000 to 21360, \
         not 21361",
    );
    // A controller that sets the rail is asked before the supply.
    check_hashboard(
        "i2c_address = 0x20\n",
        "i2c_address = 0x20\ncode_offset = 1608.4\ncode_per_v = 170.4\n",
        "machines/m.toml:6: `hashboard`: `its voltage controller` gives 7943 to 9438 mV and `h` \
         wants 13000",
    );
    // Every type that may answer must be able to give it.
    check_psu(
        "word = 0xc1\n",
        "word = 0x73\ncode_offset = 1280.577821\ncode_per_v = 73.979365\n",
        "machines/m.toml:7: `psu`: type 0x73 of `p` cannot give what `h` wants",
    );
}

#[test]
fn the_range_that_may_be_ordered_is_the_narrowest() {
    let files = |psu: &'static str| {
        [
            ("machines", "m", MACHINE),
            ("control-boards", "b", BOARD),
            ("hashboards", "h", HASH),
            ("psus", "p", psu),
        ]
    };
    let range = |psu| {
        let machine = Library(&files(psu))
            .machine_with("m", Board::Default)
            .expect("fits");
        machine.voltage_range_mv()
    };
    assert_eq!(range(PSU), Some(12_500..=14_000));
    let narrow = "name = \"p\"\nprotocol = \"apw-packets\"\nvoltage_min_mv = 12_900\n\
        voltage_max_mv = 13_500\n";
    assert_eq!(range(narrow), Some(12_900..=13_500));
    let unknown = "name = \"p\"\nprotocol = \"apw-packets\"\n";
    assert_eq!(range(unknown), None, "a supply that nobody knows");
}

#[test]
fn limits_and_fans_make_sense_or_are_refused() {
    let m = "machines/m.toml";
    for (from, to, expected) in [
        (
            "board_warn_c = 65",
            "board_warn_c = 70",
            "18: `limits.board_warn_c`: must be below `board_derate_c`",
        ),
        (
            "chip_stop_c = 95",
            "chip_stop_c = 90",
            "22: `limits.chip_derate_c`: must be below `chip_stop_c`",
        ),
        (
            "board_stop_c = 75",
            "board_stop_c = 91",
            "20: `limits.board_stop_c`: must be a number from 30 to 90, not 91",
        ),
        (
            "chip_stop_c = 95",
            "chip_stop_c = 111",
            "23: `limits.chip_stop_c`: must be a number from 40 to 110, not 111",
        ),
        (
            "inlet_max_c = 40",
            "inlet_max_c = 51",
            "24: `limits.inlet_max_c`: must be a number from 20 to 50, not 51",
        ),
        (
            "power_max_w = 3500",
            "power_max_w = 4501",
            "25: `limits.power_max_w`: must be a number from 50 to 4500, not 4501",
        ),
        (
            "power_max_w = 3500",
            "power_max_w = 2999",
            "25: `limits.power_max_w`: is below the rated 3000 W",
        ),
        (
            "inlet_max_c = 40",
            "inlet_max_c = 40\ncold_below_c = 51",
            "25: `limits.cold_below_c`: must be a number from -20 to 50, not 51",
        ),
        (
            "board_stop_c = 75\n",
            "",
            "17: `limits.board_stop_c`: missing",
        ),
        (
            "count = 4",
            "count = 9",
            "9: `fans.count`: must be a whole number from 1 to 8, not 9",
        ),
        (
            "count_min = 3",
            "count_min = 5",
            "10: `fans.count_min`: must be a whole number from 1 to 4, not 5",
        ),
        (
            "count_min = 3",
            "count_min = 0",
            "10: `fans.count_min`: must be a whole number from 1 to 4, not 0",
        ),
        (
            "rpm_min = 500",
            "rpm_min = 6001",
            "11: `fans.rpm_min`: must be a whole number from 100 to 6000, not 6001",
        ),
        (
            "rpm_max = 6000",
            "rpm_max = 15_301",
            "12: `fans.rpm_max`: must be a whole number from 100 to 15300, not 15301",
        ),
        (
            "duty_min_percent = 20",
            "duty_min_percent = 9",
            "13: `fans.duty_min_percent`: must be a whole number from 10 to 100, not 9",
        ),
        (
            "board_c = 30, duty_percent = 20",
            "board_c = 30, duty_percent = 19",
            "15: `fans.curve[0].duty_percent`: must be a whole number from 20 to 100, not 19",
        ),
        (
            "board_c = 60, duty_percent = 100",
            "board_c = 60, duty_percent = 99",
            "14: `fans.curve`: must end at 100 percent",
        ),
        (
            "board_c = 60",
            "board_c = 30",
            "14: `fans.curve`: must rise from point to point",
        ),
        (
            "board_c = 60",
            "board_c = 66",
            "14: `fans.curve`: reaches 100 percent at 66 °C, above `board_warn_c`",
        ),
        (
            "curve = [\n{ board_c = 30, duty_percent = 20 },\n{ board_c = 60, duty_percent = 100 }]",
            "curve = []",
            "14: `fans.curve`: must end at 100 percent",
        ),
        (
            "board_warn_c = 65",
            "board_warm_c = 65",
            "17: `limits.board_warn_c`: missing",
        ),
    ] {
        check_machine(from, to, &format!("{m}:{expected}"));
    }
}

#[test]
fn lists_are_bounded_and_name_nothing_twice() {
    let m = "machines/m.toml";
    let board = "control_boards = [\"b\"]";
    for (to, expected) in [
        ("control_boards = []", "must be a list of 1 to 16 texts"),
        ("control_boards = [1]", "must be a list of 1 to 16 texts"),
        (
            "control_boards = \"b\"",
            "must be a list of 1 to 16 texts, not string",
        ),
        ("control_boards = [\"b\", \"b\"]", "names a value twice"),
    ] {
        check_machine(board, to, &format!("{m}:5: `control_boards`: {expected}"));
    }
    let psu = "psu = \"p\"";
    for (types, expected) in [
        (
            "[0x10000]",
            "must be a list of 1 to 16 whole numbers from 0 to 65535",
        ),
        ("[0x71, 113]", "names a value twice"),
        ("[0x99]", "`p` has no type 0x99"),
    ] {
        let to = format!("{psu}\npsu_types = {types}");
        check_machine(psu, &to, &format!("{m}:8: `psu_types`: {expected}"));
    }
    check_machine(psu, &format!("{psu}\npsu_types = [0xc1]"), "");
}

#[test]
fn parts_of_a_hashboard_are_where_they_can_be() {
    let h = "hashboards/h.toml";
    for (from, to, expected) in [
        (
            "chip = 25",
            "chip = 65",
            "20: `sensor[0].chip`: must be a whole number from 0 to 64, not 65",
        ),
        ("chip = 25\n", "", "17: `sensor[0].chip`: missing"),
        (
            "i2c_address = 0x4c",
            "i2c_address = 0x98",
            "21: `sensor[0].i2c_address`: must be a whole number from 8 to 119, not 98",
        ),
        (
            "\"nct218\"",
            "\"lm75\"",
            "22: `sensor[0].channel`: this part has no remote diode",
        ),
        (
            "\"nct218\"",
            "\"lm35\"",
            "18: `sensor[0].part`: must be one of \"lm75\", \"tmp75\", \"tmp451\", \"nct218\", \"die\", not lm35",
        ),
        (
            "\"chip\"\nchip = 25",
            "\"control-board\"\nchip = 25",
            "20: `sensor[0].chip`: unknown key",
        ),
        (
            "kind = \"pic16f1704-framed\"\ni2c_address = 0x20",
            "kind = \"none\"\ni2c_address = 0x20",
            "13: `voltage_controller.i2c_address`: unknown key",
        ),
        (
            "\"pic16f1704-framed\"",
            "\"pic\"",
            "12: `voltage_controller.kind`: must be one of \"none\", \"pic16f1704-plain\", \"pic16f1704-framed\", \"dspic33-framed\", not pic",
        ),
        (
            "i2c_address = 0x20\n",
            "i2c_address = 0x20\ncode_offset = 1608.4\n",
            "11: `voltage_controller.code_per_v`: missing",
        ),
        (
            "i2c_address = 0x20\n",
            "i2c_address = 0x20\ncode_offset = 1608.4\ncode_per_v = 70\n",
            "14: `voltage_controller.code_offset`: its codes mean 19335 to 22977 mV, which no such part gives",
        ),
        (
            "i2c_address = 0x50",
            "i2c_address = 0x50\nlayout = \"x\"",
            "17: `eeprom.layout`: must be one of \"x19-xxtea\", not x",
        ),
        (
            "i2c_address = 0x20\n",
            "i2c_address = 0x20\nrail_off_after_s = 0\n",
            "14: `voltage_controller.rail_off_after_s`: must be a whole number from 1 to 600, not 0",
        ),
    ] {
        check_hashboard(from, to, &format!("{h}:{expected}"));
    }
    let relayed = with(HASH, "\"chip\"\nchip = 25", "\"voltage-controller\"");
    check("hashboards", &relayed, "");
    let bare = with(
        &relayed,
        "[voltage_controller]\nkind = \"pic16f1704-framed\"\ni2c_address = 0x20\n",
        "",
    );
    check(
        "hashboards",
        &bare,
        &format!("{h}:16: `sensor[0].via`: this board is not known to have a voltage controller"),
    );
}

#[test]
fn a_supply_says_how_it_is_spoken_to() {
    let p = "psus/p.toml";
    for (from, to, expected) in [
        (
            "\"apw-packets\"",
            "\"none\"",
            "3: `voltage_min_mv`: this supply takes no orders",
        ),
        (
            "\"apw-packets\"",
            "\"pmbus\"",
            "2: `protocol`: must be one of \"none\", \"apw-packets\", not pmbus",
        ),
        (
            "name = \"p\"\n",
            "name = \"p\"\nfixed_mv = 12_000\n",
            "2: `fixed_mv`: this supply can be set",
        ),
        (
            "name = \"p\"\n",
            "name = \"p\"\nenable = \"active-high\"\n",
            "2: `enable`: must be one of \"none\", \"active-low\", not active-high",
        ),
        (
            "word = 0xc1",
            "word = 0x71",
            "5: `type`: two types have the same `word`",
        ),
        (
            "code_per_v = 78.74\n",
            "",
            "5: `type[0].code_per_v`: missing",
        ),
        (
            "code_per_v = 78.74",
            "code_per_v = 7.874",
            "8: `type[0].code_per_v`: must be a number from 20 to 200, not 7.874",
        ),
    ] {
        check_psu(from, to, &format!("{p}:{expected}"));
    }
}

#[test]
fn the_bounds_stand_as_reviewed() {
    assert_eq!(bounds::FREQUENCY_MHZ, 50.0..=1_600.0);
    assert_eq!(bounds::FREQUENCY_SERIAL_MAX_MHZ, 800.0);
    assert_eq!(bounds::VOLTAGE_MV, 8_000..=21_360);
    assert_eq!(bounds::CHIPS, 1..=256);
    assert_eq!(bounds::SLOTS, 1..=4);
    assert_eq!(bounds::BAUD, 115_200..=12_500_000);
    assert_eq!(bounds::BOARD_C, 30.0..=90.0);
    assert_eq!(bounds::CHIP_C, 40.0..=110.0);
    assert_eq!(bounds::INLET_C, 20.0..=50.0);
    assert_eq!(bounds::POWER_MAX_W, 50.0..=4_500.0);
    assert_eq!(bounds::DUTY_PERCENT, 10..=100);
}
