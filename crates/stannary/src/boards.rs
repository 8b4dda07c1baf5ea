//! Control boards beyond those compiled in, and what their owner knows better than any file.
//!
//! A board whose enable line has an unsure level switches no supply: which level is "on" is
//! never guessed. The owner who has measured it says so in the machine's own configuration.

use std::fmt;
use std::path::Path;

use board_support::strict::Problems;
use board_support::{Active, Fitted, GpioLine, LineName, Machine};

use crate::file_text;

/// Longest file of a board: twenty times the longest that is compiled in.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A machine on the control board of this name, or on that of the file at this absolute path.
pub(crate) fn machine_on(model: &str, board: &str) -> Result<Machine, Problems> {
    if !board.starts_with('/') {
        return board_support::machine_on(model, board);
    }
    board_support::machine_on_board(model, from_file(Path::new(board))?)
}

/// The control board of a file of one's own.
pub(crate) fn from_file(path: &Path) -> Result<board_support::ControlBoard, Problems> {
    let text = file_text::read(path, FILE_BYTES_MAX)?;
    board_support::control_board_from(&path.display().to_string(), &text)
}

/// Why the owner's word on the enable line cannot be taken, or is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Enable {
    /// There is no line that it could be said of.
    NoLine,
    /// The board's file says the other level.
    Known(Active),
    /// Nobody knows the level, and the owner has not said it.
    Unsure,
}

impl fmt::Display for Enable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Enable::NoLine => f.write_str("no line of this control board switches a supply"),
            Enable::Known(active) => {
                let level = active.name();
                write!(
                    f,
                    "this control board's supply is on while the line is {level}"
                )
            }
            Enable::Unsure => f.write_str(
                "at which level of its line this control board's supply is on is not known: \
                 hashboards get no power",
            ),
        }
    }
}

impl Enable {
    /// What to do about it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Enable::NoLine | Enable::Known(_) => "remove the key",
            Enable::Unsure => {
                "measure it as docs/boards/control-boards.md says, and add \
                 `enable_active = \"low\"` or `\"high\"`"
            }
        }
    }
}

/// Complete a machine's board by its owner's word on the enable line, if there is one.
pub(crate) fn take_enable(machine: &mut Machine, word: Option<Active>) -> Result<(), Enable> {
    let Some(word) = word else { return Ok(()) };
    let line = enable_line(machine).ok_or(Enable::NoLine)?;
    match line.active {
        Some(known) if known != word => Err(Enable::Known(known)),
        _ => {
            line.active = Some(word);
            Ok(())
        }
    }
}

/// Whether the machine's supply can be switched without a guess: well where it has no line.
pub(crate) fn enable_is_known(machine: &Machine) -> Result<(), Enable> {
    if machine.psu.enable == Fitted::Absent {
        return Ok(());
    }
    let devices = machine.control_board.devices.as_ref();
    let line = devices.and_then(|devices| devices.line(LineName::SupplyEnable));
    match line {
        None => Err(Enable::NoLine),
        Some(GpioLine { active: None, .. }) => Err(Enable::Unsure),
        Some(_) => Ok(()),
    }
}

fn enable_line(machine: &mut Machine) -> Option<&mut GpioLine> {
    let devices = machine.control_board.devices.as_mut()?;
    let mut lines = devices.lines.iter_mut();
    let line = lines.find(|(name, _)| *name == LineName::SupplyEnable);
    line.map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(model: &str, board: &str) -> Machine {
        board_support::machine_on(model, board).expect("compiled in")
    }

    #[test]
    fn an_unsure_line_needs_its_owners_word_and_a_known_one_takes_no_other() {
        let (low, high) = (Active::Low, Active::High);
        for (model, board, word, taken, known) in [
            // One source says both of the Amlogic board.
            (
                "antminer-s21",
                "amlogic-a113d",
                None,
                Ok(()),
                Err(Enable::Unsure),
            ),
            ("antminer-s21", "amlogic-a113d", Some(low), Ok(()), Ok(())),
            ("antminer-s21", "amlogic-a113d", Some(high), Ok(()), Ok(())),
            ("antminer-s19-pro", "x19-xilinx", None, Ok(()), Ok(())),
            ("antminer-s19-pro", "x19-xilinx", Some(low), Ok(()), Ok(())),
            (
                "antminer-s19-pro",
                "x19-xilinx",
                Some(high),
                Err(Enable::Known(low)),
                Ok(()),
            ),
            // An S9's supply has no line at all.
            ("antminer-s9", "zynq-c41-bm13xx", None, Ok(()), Ok(())),
            (
                "antminer-s9",
                "zynq-c41-bm13xx",
                Some(low),
                Err(Enable::NoLine),
                Ok(()),
            ),
        ] {
            let mut machine = on(model, board);
            assert_eq!(take_enable(&mut machine, word), taken, "{model} {word:?}");
            assert_eq!(enable_is_known(&machine), known, "{model} {word:?}");
        }
    }

    #[test]
    fn a_supply_that_can_be_switched_and_a_board_without_a_line_do_not_go_together() {
        let mut machine = on("antminer-s19-pro", "x19-xilinx");
        machine.control_board.devices = None;
        assert_eq!(enable_is_known(&machine), Err(Enable::NoLine));
    }

    #[test]
    fn a_board_of_ones_own_is_read_from_its_path() {
        let folder = std::env::temp_dir().join(format!("stannary-boards-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("b.toml");
        let text = "name = \"b\"\nlink = \"uart\"\nbaud_max_per_s = 3_125_000\nslots_max = 3\n";
        std::fs::write(&path, text).expect("written");
        let path = path.to_str().expect("text");
        let machine = machine_on("antminer-s21", path).expect("fits");
        assert_eq!(machine.control_board.id, path);

        let cases = [
            (
                format!("{text}color = 1\n").into_bytes(),
                "`color`: unknown key",
            ),
            (vec![b'#'; 70_000], "it is longer than 65536 bytes"),
            (
                vec![0xFF],
                "cannot be read: stream did not contain valid UTF-8",
            ),
        ];
        for (text, expected) in cases {
            std::fs::write(path, text).expect("written");
            let problems = machine_on("antminer-s21", path).expect_err(expected);
            let shown = problems.to_string();
            assert!(
                shown.starts_with(path) && shown.contains(expected),
                "{shown}"
            );
        }
        std::fs::remove_dir_all(&folder).expect("removed");
        let problems = machine_on("antminer-s21", path)
            .expect_err("gone")
            .to_string();
        assert!(
            problems.contains("cannot be read: No such file"),
            "{problems}"
        );
    }
}
