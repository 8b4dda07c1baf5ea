//! Our faults in the words that Antminers have for them.

use telemetry::{Code, Fault, MachineState, Severity, Snapshot};

/// What the side port's `/warning` says: one of the codes that fleet software knows, the gravest
/// first, or `None`. Whoever reads it throws everything away that is not one of them, so a
/// fault for which there is no code (a fan that stands while the others cool) is not told here.
pub(super) fn code(s: &Snapshot) -> String {
    let mut known: Vec<(u8, String)> = s.faults.iter().filter_map(known).collect();
    if s.state == MachineState::Fault {
        known.push((7, "R:1".to_owned()));
    }
    let gravest = known.into_iter().min();
    gravest.map_or("None".to_owned(), |(_, code)| code)
}

/// The code for a fault, and its rank.
fn known(fault: &Fault) -> Option<(u8, String)> {
    use Code::*;
    let board = board_of(&fault.place);
    let of_board = |letter: &str, first: u8, boards: u8, what: u8| {
        let board = board.filter(|board| *board < boards)?;
        Some(format!("{letter}{}:{what}", board + first))
    };
    Some(match fault.code {
        HeatStop | HeatDerate | HeatInlet => (1, "P:1".to_owned()),
        PsuFailed | PsuOther | PsuCut | PsuType | PsuVoltage | PowerSupply | PowerSag => {
            (2, "V:1".to_owned())
        }
        ChainMissing | ChainGaveUp | ChainPower | BoardController | BoardFault | PowerBoard
        | PowerStuck => (3, "J0:8".to_owned()),
        SensorSilent | SensorImplausible | SensorNone => (4, "J0:6".to_owned()),
        ChainChips | ChainChipId | ChainForeign | ChainChipLost => (5, of_board("J", 0, 3, 2)?),
        BoardMemory => (6, of_board("J", 1, 7, 4)?),
        ChainSilent | ChainRampGuard | ChainHwErrors | FanFew | FanStopped | PowerOver
        | PowerUnguarded => (7, "R:1".to_owned()),
        _ => return None,
    })
}

/// The slot in `chain 2`, `board 0 outlet` and the like.
fn board_of(place: &str) -> Option<u8> {
    let mut words = place.split(' ');
    let of_board = matches!(words.next(), Some("chain" | "board"));
    words.next()?.parse().ok().filter(|_| of_board)
}

/// One line of what a machine says about itself: of its rate, its network, its fans, its heat.
pub(super) struct Line {
    pub(super) kind: &'static str,
    /// `s`uccess, `w`arning, `e`rror.
    pub(super) status: &'static str,
    pub(super) message: String,
}

/// The four lines, each with the gravest of its faults.
pub(super) fn lines(s: &Snapshot) -> [Line; 4] {
    ["rate", "network", "fans", "temp"].map(|kind| {
        let of_kind = s.faults.iter().filter(|fault| kind_of(fault.code) == kind);
        // The first of the gravest: it came first.
        let gravest = of_kind.rev().max_by_key(|fault| fault.code.severity());
        Line {
            kind,
            status: match gravest.map(|fault| fault.code.severity()) {
                None | Some(Severity::Info) => "s",
                Some(Severity::Warn) => "w",
                Some(Severity::Error) => "e",
            },
            message: gravest.map(message).unwrap_or_default(),
        }
    })
}

/// A fault in one line.
pub(super) fn message(fault: &Fault) -> String {
    let (code, meaning) = (fault.code.text(), fault.code.meaning());
    match fault.place.is_empty() {
        true => format!("{code}: {meaning}"),
        false => format!("{code}: {}: {meaning}", fault.place),
    }
}

fn kind_of(code: Code) -> &'static str {
    let group = code.text().split('-').nth(1).unwrap_or_default();
    match group {
        "FAN" => "fans",
        "HEAT" | "SENSOR" => "temp",
        "POOL" | "NODE" | "CLOCK" => "network",
        _ => "rate",
    }
}

#[cfg(test)]
#[path = "warning_tests.rs"]
mod tests;
