//! Voltages of hashboards that this project does not know: the owner's word, and the twin's.
//!
//! A machine whose voltages are unknown gets no power: the plant refuses every order. What its
//! owner knows from a label, a log or a meter goes into the configuration. It narrows what may
//! be ordered and never widens it: not beyond limits that are known, and not beyond what the
//! part that sets the rail can give.

use core::fmt;
use core::ops::RangeInclusive;

use board_support::{Machine, bounds};
use telemetry::Code;
use twin::physics;

/// What the owner says of the rail, millivolts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Word {
    /// While it hashes; `None` where the machine knows it.
    pub(crate) working: Option<u32>,
    /// While chips are set up; `None`: as known, else the working voltage.
    pub(crate) start: Option<u32>,
}

/// Why the owner's word cannot be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// No part is known that could set a voltage.
    NothingSets,
    /// The working voltage is missing.
    WorkingUnknown,
    /// It cannot or may not be ordered.
    Working(RangeInclusive<u32>),
    /// The same of the start voltage.
    Start(RangeInclusive<u32>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NothingSets => f.write_str(
                "neither this machine's supply nor its hashboards take voltages from us",
            ),
            Refused::WorkingUnknown => f.write_str("says nothing without the working voltage"),
            Refused::Working(range) | Refused::Start(range) => {
                let (min, max) = (range.start(), range.end());
                write!(f, "this machine may be given {min} to {max} mV")
            }
        }
    }
}

/// Complete a machine by its owner's word. Nothing above the higher of the two voltages will
/// ever be ordered from a machine that had no limit of its own.
pub(crate) fn take_word(machine: &mut Machine, word: Word) -> Result<(), Refused> {
    let rail = machine.rail_range_mv().ok_or(Refused::NothingSets)?;
    let (min, max) = match machine.voltage_range_mv() {
        Some(known) => known.into_inner(),
        None => rail.into_inner(),
    };
    let min = min.max(*bounds::VOLTAGE_MV.start() as u32);
    let max = max.min(*bounds::VOLTAGE_MV.end() as u32);
    let range = min..=max;
    let board = &mut machine.hashboard;
    let working = word.working.or(board.voltage_mv);
    let working = working.ok_or(Refused::WorkingUnknown)?;
    if !range.contains(&working) {
        return Err(Refused::Working(range));
    }
    let start = word.start.or(board.voltage_start_mv).unwrap_or(working);
    if !range.contains(&start) {
        return Err(Refused::Start(range));
    }
    board.voltage_mv = Some(working);
    board.voltage_start_mv = Some(start);
    if machine.limits.voltage_mv.is_none() {
        machine.limits.voltage_mv = Some((min, working.max(start)));
    }
    Ok(())
}

/// Complete a machine whose hardware is a twin, by its owner's word if there is one. What
/// nobody knows is what the twin is rated at. Says what was completed.
pub(crate) fn take_twins(machine: &mut Machine, word: Word) -> Result<Vec<String>, Refused> {
    let rated = physics::as_rated(machine.clone());
    let mut said = Vec::new();
    let mut say = |code: Code, what: String| {
        said.push(format!("{}: {}: {what}", code.text(), code.meaning()));
    };
    if rated.psu != machine.psu {
        let (other, own) = (&rated.psu.name, &machine.psu.name);
        say(Code::TwinSupply, format!("{other} for {own}"));
        machine.psu = rated.psu.clone();
    }
    if word.working.or(word.start).is_some() {
        take_word(machine, word)?;
    } else if machine.hashboard.voltage_mv.is_none() {
        let mv = rated.hashboard.voltage_mv.unwrap_or(0);
        say(Code::TwinVoltage, format!("{mv} mV"));
        *machine = rated;
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(model: &str) -> Machine {
        board_support::machine(model).expect("a machine of this project")
    }

    /// What comes of the owner's word: start, working voltage and limits.
    fn check(
        model: &str,
        (working, start): (Option<u32>, Option<u32>),
        expected: Result<(u32, u32, (u32, u32)), Refused>,
    ) {
        let mut machine = machine(model);
        let before = machine.clone();
        let done = take_word(&mut machine, Word { working, start });
        let board = &machine.hashboard;
        let given = done.as_ref().map(|()| {
            let limits = machine.limits.voltage_mv.expect("limits");
            (
                board.voltage_start_mv.expect("start"),
                board.voltage_mv.expect("working"),
                limits,
            )
        });
        assert_eq!(given, expected.as_ref().copied(), "{model}");
        if done.is_err() {
            assert_eq!(machine, before, "{model}: nothing is half done");
        }
    }

    #[test]
    fn the_owners_word_completes_a_machine_and_limits_it() {
        let s21 = "antminer-s21";
        check(
            s21,
            (Some(13_800), None),
            Ok((13_800, 13_800, (12_000, 13_800))),
        );
        check(
            s21,
            (Some(13_800), Some(14_500)),
            Ok((14_500, 13_800, (12_000, 14_500))),
        );
        // The 17 series' controllers have no code: its supply is what is set.
        check(
            "antminer-s17",
            (Some(18_000), None),
            Ok((18_000, 18_000, (14_250, 18_000))),
        );
    }

    #[test]
    fn it_never_widens_what_is_known() {
        let pro = "antminer-s19-pro";
        check(
            pro,
            (Some(12_800), None),
            Ok((15_000, 12_800, (12_000, 15_000))),
        );
        check(
            pro,
            (None, Some(14_000)),
            Ok((14_000, 12_600, (12_000, 15_000))),
        );
        let range = 12_000..=15_000;
        check(
            pro,
            (Some(15_001), None),
            Err(Refused::Working(range.clone())),
        );
        check(pro, (None, Some(11_999)), Err(Refused::Start(range)));
        check(
            "antminer-s9",
            (Some(9_401), None),
            Err(Refused::Working(8_200..=9_400)),
        );
    }

    #[test]
    fn what_no_part_can_give_is_refused() {
        let supply = 12_000..=15_120;
        check(
            "antminer-s21",
            (Some(15_121), None),
            Err(Refused::Working(supply.clone())),
        );
        check(
            "antminer-s21",
            (Some(13_000), Some(11_000)),
            Err(Refused::Start(supply)),
        );
        check(
            "antminer-s21",
            (None, Some(13_000)),
            Err(Refused::WorkingUnknown),
        );
        check(
            "antminer-s21-pro",
            (Some(14_300), None),
            Err(Refused::NothingSets),
        );
    }

    #[test]
    fn every_machine_has_a_twin_that_can_be_given_voltage() {
        for model in board_support::machines() {
            let mut machine = machine(model);
            let known = machine.hashboard.voltage_mv.is_some();
            let said = take_twins(&mut machine, Word::default());
            let said = said.unwrap_or_else(|why| panic!("{model}: {why}"));
            assert_eq!(said.is_empty(), known, "{model}: {said:?}");
            let range = machine.voltage_range_mv().expect(model);
            let working = machine.hashboard.voltage_mv.expect(model);
            assert!(range.contains(&working), "{model}: {working} in {range:?}");
        }
    }

    #[test]
    fn the_owners_word_counts_on_a_twin_too() {
        let word = |mv| Word {
            working: Some(mv),
            start: None,
        };
        let mut machine = machine("antminer-s21-pro");
        let said = take_twins(&mut machine, word(14_000)).expect("its stand-in gives it");
        assert_eq!(said.len(), 1, "the supply: {said:?}");
        assert_eq!(machine.hashboard.voltage_mv, Some(14_000));
        assert_eq!(machine.limits.voltage_mv, Some((12_000, 14_000)));
        let mut machine = self::machine("antminer-s21-pro");
        let range = 12_000..=15_120;
        assert_eq!(
            take_twins(&mut machine, word(15_500)),
            Err(Refused::Working(range))
        );
    }
}
