//! What cuts the power when the daemon is gone: the code, and the page that people read.

use std::collections::BTreeMap;

use crate::{machine, machines};

/// What counts, by machine, as the page's table has it: the time, or nothing.
fn table() -> BTreeMap<String, Option<u32>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/safety.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let mut lines = page.lines();
    let head = lines.find(|line| line.starts_with("| machine |"));
    let head = head.expect("a table of machines");
    let column = |name: &str| {
        let place = head.split('|').position(|cell| cell.trim() == name);
        place.unwrap_or_else(|| panic!("a column `{name}`"))
    };
    let (machine, after, counts) = (column("machine"), column("after"), column("what counts"));
    let mut told = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let after = match cells[counts] {
            "**nothing**" => None,
            some => {
                assert!(some.starts_with("controller"), "{line}");
                let (number, _) = cells[after].split_once(" s ").expect("a time in seconds");
                Some(number.parse().expect("whole seconds"))
            }
        };
        let (maker, names) = cells[machine].split_once(' ').expect("a maker");
        for name in names.split(", ") {
            told.insert(format!("{maker} {name}"), after);
        }
    }
    told
}

#[test]
fn what_counts_after_the_daemons_death_is_what_the_page_says() {
    let known = machines().map(|name| {
        let machine = machine(name).unwrap_or_else(|e| panic!("{e}"));
        let after = machine.cut_after_s();
        (machine.name, after)
    });
    let known: BTreeMap<_, _> = known.collect();
    assert_eq!(known, table());
    assert_eq!(known.len(), 13);
}

#[test]
fn only_a_controller_with_a_known_time_counts() {
    let check = |name: &str, expected: Option<u32>| {
        let machine = machine(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(machine.cut_after_s(), expected, "{name}");
    };
    check("antminer-s9", Some(10)); // no enable line
    check("antminer-s17", None); // a controller of which nobody knows a time
    check("antminer-s19", Some(10));
    check("antminer-s19-pro", Some(10));
    check("antminer-s19j-pro", None); // nobody knows of a controller
    check("antminer-s21", None); // known to have none
}
