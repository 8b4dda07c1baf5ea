//! Which control board this computer is, by its device tree.

use std::io::Read;

use board_support::{ControlBoard, Machine, control_board, control_boards, is_of_tests};
use hal_linux::Root;

use super::Refusal;

/// Where Linux shows what the computer is compatible with: texts that end in zeros.
const COMPATIBLE: &str = "/proc/device-tree/compatible";
/// Longest that is read: real ones have two to five texts.
const COMPATIBLE_MAX: u64 = 4096;

/// The computer is of a kind that control boards are.
pub(crate) fn is_real_board(root: &Root) -> Option<String> {
    let texts = compatible(root);
    let boards = control_boards().filter(|name| !is_of_tests(name));
    let boards = boards.filter_map(|name| control_board(name).ok());
    let mut real = boards.filter(|board| fits(board, &texts));
    real.next().map(|board| board.name)
}

/// Refuse a machine whose control board this computer is not. A board whose file names no
/// processor is taken at its word: whether its devices are there shows the rest.
pub(crate) fn refuse_other_board(machine: &Machine, root: &Root) -> Result<(), Refusal> {
    let board = &machine.control_board;
    let texts = compatible(root);
    let named = board.devices.as_ref();
    let known = named.is_some_and(|devices| !devices.compatible.is_empty());
    if !known || fits(board, &texts) {
        return Ok(());
    }
    Err(Refusal::OtherBoard {
        wanted: board.name.clone(),
        found: (!texts.is_empty()).then(|| texts.join(", ")),
    })
}

fn fits(board: &ControlBoard, texts: &[String]) -> bool {
    let devices = board.devices.as_ref();
    devices.is_some_and(|devices| devices.compatible.iter().any(|text| texts.contains(text)))
}

fn compatible(root: &Root) -> Vec<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(root.at(COMPATIBLE));
    // No device tree, or one that cannot be read: nothing is known of this computer.
    let _ = file.map(|file| file.take(COMPATIBLE_MAX).read_to_end(&mut bytes));
    let texts = bytes
        .split(|byte| *byte == 0)
        .filter(|text| !text.is_empty());
    texts
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect()
}
