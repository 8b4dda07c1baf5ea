use super::*;
use crate::legacy::fixture;

/// The codes that the fleet's worker has names for.
const KNOWN: &[&str] = &[
    "R:1", "N:1", "V:1", "V:2", "J0:8", "P:1", "P:2", "J1:4", "J2:4", "J3:4", "J4:4", "J5:4",
    "J6:4", "J7:4", "J0:6", "M:1", "J0:2", "J1:2", "J2:2", "L0:1", "L1:1", "L2:1", "L0:2", "L1:2",
    "L2:2", "L255:2",
];

fn fault(code: Code, place: &str) -> Fault {
    Fault {
        code,
        place: place.to_owned(),
        detail: String::new(),
        action: String::new(),
        meaning: code.meaning(),
        remedy: code.remedy(),
    }
}

fn check(faults: &[(Code, &str)], expected: &str) {
    let mut s = fixture::snapshot();
    s.faults = faults
        .iter()
        .map(|(code, place)| fault(*code, place))
        .collect();
    assert_eq!(code(&s), expected, "{faults:?}");
}

#[test]
fn a_fault_is_told_by_its_known_code_and_the_gravest_first() {
    use Code::*;
    check(&[], "None");
    check(&[(ChainChips, "chain 2")], "J2:2");
    check(&[(BoardMemory, "board 2")], "J3:4");
    check(
        &[(ChainChips, "chain 0"), (HeatStop, "board 1 chip 2")],
        "P:1",
    );
    check(
        &[(SensorSilent, "board 0 inlet 0"), (PsuFailed, "supply")],
        "V:1",
    );
    check(&[(ChainMissing, "chain 1")], "J0:8");
    check(&[(ChainSilent, "chain 1")], "R:1");
}

#[test]
fn what_has_no_code_is_not_told_by_another() {
    use Code::*;
    check(&[(FanLost, "fan 1"), (PoolConnect, "pool 0")], "None");
    check(&[(ChainChips, "chain 3")], "None");
    check(&[(ChainChips, "machine")], "None");
}

#[test]
fn a_machine_that_cannot_hash_has_a_low_rate() {
    let mut s = fixture::snapshot();
    s.faults.clear();
    s.state = MachineState::Fault;
    assert_eq!(code(&s), "R:1");
}

#[test]
fn every_fault_anywhere_is_a_known_code_or_none() {
    for code in telemetry::CODES {
        for place in [
            "",
            "chain 0",
            "board 2 chip 1",
            "chain 3",
            "chain 255",
            "board x",
            "fan 1",
        ] {
            let mut s = fixture::snapshot();
            s.faults = vec![fault(*code, place)];
            let said = super::code(&s);
            assert!(
                said == "None" || KNOWN.contains(&said.as_str()),
                "{code:?}: {said}"
            );
        }
    }
}

#[test]
fn a_line_names_the_gravest_of_its_faults() {
    use Code::*;
    let mut s = fixture::snapshot();
    s.faults = vec![
        fault(HeatWarn, "board 0 chip 1"),
        fault(SensorSilent, "board 2 inlet 0"),
        fault(HeatStop, "board 1 chip 1"),
    ];
    let lines = lines(&s);
    let shown = lines.each_ref().map(|line| (line.kind, line.status));
    assert_eq!(
        shown,
        [
            ("rate", "s"),
            ("network", "s"),
            ("fans", "s"),
            ("temp", "e")
        ]
    );
    assert!(
        lines[3].message.starts_with("E-SENSOR-SILENT: board 2"),
        "{}",
        lines[3].message
    );
    assert_eq!(lines[0].message, "");
}
