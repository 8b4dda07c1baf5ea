//! What the newer read paths answer, as types: the description of the interface follows these
//! fields.

use serde::Serialize;
use telemetry::{Code, Constraint, Fault, Note, Severity, Snapshot};

/// One series; `None` where nobody knew.
pub(crate) type Column = Option<Vec<Option<f64>>>;

/// `GET /api/v1/history`. Columns are oldest first, and there where they were asked for.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "History"))]
pub(crate) struct HistoryAnswer {
    /// Of the newest snapshot: what time is now on the scale of `from_s`.
    pub(crate) uptime_s: f64,
    /// Seconds from row to row.
    pub(crate) step_s: u32,
    /// When the first row begins, seconds since the process began.
    pub(crate) from_s: u64,
    /// Length of each column.
    pub(crate) rows: usize,
    pub(crate) resolutions: Vec<ResolutionAnswer>,
    pub(crate) series: Columns,
    pub(crate) chains: Vec<ChainColumns>,
}

/// A step that may be asked for.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Resolution"))]
pub(crate) struct ResolutionAnswer {
    pub(crate) step_s: u32,
    /// How far back it goes.
    pub(crate) span_s: u32,
}

/// Series of the machine.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Columns {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate_ths: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nominal_ths: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) power_w: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temp_c: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fan_rpm: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fan_percent: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejected: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hw_errors: Column,
}

/// Series of one chain.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ChainColumns {
    pub(crate) slot: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chain_rate_ths: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chain_board_c: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chain_chip_c: Column,
}

/// `GET /api/v1/settings`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Constraints"))]
pub(crate) struct SettingsAnswer {
    /// Of the snapshot that these are of.
    pub(crate) seq: u64,
    pub(crate) settings: Vec<Constraint>,
}

/// `GET /api/v1/log`, and the stream's `notes`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Log {
    /// Serial number of the newest note.
    pub(crate) last: u64,
    pub(crate) notes: Vec<ShownNote>,
}

/// A note with what its code says.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Note"))]
pub(crate) struct ShownNote {
    #[serde(flatten)]
    note: Note,
    severity: Severity,
    meaning: &'static str,
    remedy: &'static str,
}

impl Log {
    pub(crate) fn of(notes: Vec<Note>, last: u64) -> Log {
        let shown = |note: Note| ShownNote {
            severity: note.severity(),
            meaning: note.code.meaning(),
            remedy: note.code.remedy(),
            note,
        };
        Log {
            last,
            notes: notes.into_iter().map(shown).collect(),
        }
    }
}

/// The stream's `begin`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "StreamBegin"))]
pub(crate) struct Begun<'a> {
    /// Another one is another process: its log begins anew.
    pub(crate) run: &'a str,
    /// Seconds between snapshots.
    pub(crate) every_s: f64,
    /// The log is part of it.
    pub(crate) log: bool,
}

/// The stream's `faults`: what changed since its last word of them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "StreamFaults"))]
pub(crate) struct FaultsChanged<'a> {
    pub(crate) seq: u64,
    pub(crate) came: Vec<&'a Fault>,
    pub(crate) gone: Vec<Gone<'a>>,
}

/// A fault that is no more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Gone<'a> {
    pub(crate) code: Code,
    pub(crate) place: &'a str,
}

/// A snapshot with its chips where they were asked for.
pub(crate) fn shown(snapshot: &Snapshot, chips: bool) -> Snapshot {
    let mut shown = snapshot.clone();
    for chain in &mut shown.chains {
        if chips {
            // Asked for and not there is an empty list, not an absent key.
            chain.chips.get_or_insert_default();
        } else {
            chain.chips = None;
        }
    }
    shown
}
