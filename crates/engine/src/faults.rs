//! What is wrong *now*: faults are set by coded notes and cleared by the note that says
//! that the same place is well again.

use telemetry::{Code, Fault, Note, Severity};

/// More different faults than this at once are not shown: the first ones matter.
const FAULTS_MAX: usize = 64;

/// The present faults, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Learn from a note.
    pub(crate) fn note(&mut self, note: &Note) {
        for gone in cleared_by(note.code) {
            self.list
                .retain(|f| !(f.code == *gone && f.place == note.place));
        }
        if !is_lasting(note.code) {
            return;
        }
        let fault = Fault {
            code: note.code,
            place: note.place.clone(),
            detail: note.detail.clone(),
            action: String::new(),
            meaning: note.code.meaning(),
            remedy: note.code.remedy(),
        };
        let known = self
            .list
            .iter()
            .position(|f| f.code == fault.code && f.place == fault.place);
        match known {
            Some(i) => self.list[i] = fault,
            None if self.list.len() < FAULTS_MAX => self.list.push(fault),
            None => {}
        }
    }

    /// Nobody is at this place any more.
    pub(crate) fn forget(&mut self, place: &str) {
        self.list.retain(|fault| fault.place != place);
    }

    /// This is wrong at this place.
    pub(crate) fn knows(&self, code: Code, place: &str) -> bool {
        self.list.iter().any(|f| f.code == code && f.place == place)
    }

    /// What was done about it. A note tells that first, and then what was seen: a fault keeps
    /// the two apart.
    pub(crate) fn acted(&mut self, code: Code, place: &str, action: &str) {
        let mut list = self.list.iter_mut();
        let Some(fault) = list.find(|f| f.code == code && f.place == place) else {
            return;
        };
        action.clone_into(&mut fault.action);
        let seen = fault.detail.strip_prefix(action);
        if let Some(seen) = seen.and_then(|seen| seen.strip_prefix(": ")) {
            fault.detail = seen.to_owned();
        }
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }
}

/// Conditions that last until something else is said. Events that are over when they are
/// told (a skipped job, a message, a reconnection) stay in the log alone.
fn is_lasting(code: Code) -> bool {
    use Code::*;
    if code.severity() == Severity::Info {
        return false;
    }
    !matches!(
        code,
        PoolJob
            | NodeTemplate
            | PowerLimited
            | FanLocal
            | PoolDifficulty
            | PoolMessage
            | PoolProtocol
            | PoolNoAnswer
            | PoolOrder
            | PoolGroup
            | ChainRestart
    )
}

/// The faults of the same place that end when this is said.
fn cleared_by(code: Code) -> &'static [Code] {
    use Code::*;
    match code {
        ChainUp => &[
            ChainSilent,
            ChainChipLost,
            ChainNoisy,
            ChainRampGuard,
            ChainChipId,
            ChainMissing,
            ChainPower,
            LinkFault,
            BoardFault,
            ChainGaveUp,
            ChainHwErrors,
            LinkNoise,
            // Said while it mines: a board that was pulled and came back, or another, is asked anew.
            ChainMute,
            ChainCounters,
        ],
        ChainCarries => &[ChainBaud],
        // A new bring-up counts the chips and judges the link again.
        ChainRestart => &[
            ChainChips,
            ChainForeign,
            ChainBaud,
            ChainRepeats,
            ChainMute,
            ChainCounters,
        ],
        PoolUp => &[
            PoolConnect,
            PoolCertificate,
            PoolPin,
            PoolTls,
            PoolClock,
            PoolProxy,
            PoolClosed,
            PoolSilent,
            PoolRefusedUser,
            PoolSubscribe,
            PoolLine,
            PoolExtranonce,
            PoolSpaceSpent,
            PoolRejects,
            PoolVersionBits,
            NodeLogin,
            NodeNotReady,
            NodePayout,
            NodeRules,
            NodeRefused,
        ],
        PoolAccepts => &[PoolRejects],
        NodeBlock => &[NodeRefused],
        ChainChipBack => &[ChainChipLost],
        PsuUp => &[PsuFailed, PsuOther, PsuCut, PsuType, PsuVoltage],
        BoardUp => &[BoardController],
        FanBack => &[FanLost],
        HeatRestored => &[HeatDerate],
        HeatEased => &[HeatWarn],
        PowerFree => &[
            HeatInlet,
            HeatStop,
            SensorSilent,
            SensorImplausible,
            SensorNone,
            FanFew,
            FanStopped,
            PowerSupply,
            PowerSag,
            PowerOver,
            PowerBoard,
            PowerStuck,
            PowerUnguarded,
            PowerLow,
        ],
        PowerOn => &[
            HeatStop,
            SensorSilent,
            SensorImplausible,
            SensorNone,
            FanFew,
            FanStopped,
            PowerSupply,
            PowerSag,
            PowerOver,
            PowerBoard,
            PowerStuck,
            PowerRestart,
            PowerIsolated,
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use units::Instant;

    use super::*;

    fn note(code: Code, place: &str) -> Note {
        Note {
            at: Instant::ZERO,
            code,
            place: place.into(),
            detail: String::new(),
        }
    }

    #[test]
    fn a_fault_stays_until_its_place_is_well() {
        let mut faults = Faults::default();
        faults.note(&note(Code::ChainSilent, "chain 1"));
        faults.note(&note(Code::ChainSilent, "chain 1"));
        faults.note(&note(Code::ChainUp, "chain 2"));
        assert_eq!(faults.list().len(), 1);
        faults.note(&note(Code::ChainUp, "chain 1"));
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_tells_apart_what_was_seen_and_what_was_done() {
        let mut faults = Faults::default();
        let detail = "board off: outlet at_c=86.0".to_owned();
        let code = Code::HeatStop;
        let hot = note(code, "slot 1");
        faults.note(&Note { detail, ..hot });
        faults.acted(code, "slot 2", "board off");
        assert_eq!(faults.list()[0].action, "");
        faults.acted(code, "slot 1", "board off");
        let fault = &faults.list()[0];
        let told = (fault.action.as_str(), fault.detail.as_str());
        assert_eq!(told, ("board off", "outlet at_c=86.0"));
        faults.acted(code, "slot 1", "");
        assert_eq!(faults.list()[0].detail, "outlet at_c=86.0");
    }

    #[test]
    fn what_is_wrong_with_a_pool_that_was_left_is_forgotten() {
        let mut faults = Faults::default();
        faults.note(&note(Code::PoolConnect, "pool 1"));
        faults.note(&note(Code::PoolRefusedUser, "pool 1"));
        faults.note(&note(Code::PoolConnect, "pool 11"));
        faults.forget("pool 1");
        let left: Vec<_> = faults.list().iter().map(|f| f.place.as_str()).collect();
        assert_eq!(left, ["pool 11"]);
    }

    #[test]
    fn a_board_that_came_back_is_not_told_its_counters_of_before() {
        let mut faults = Faults::default();
        for code in [Code::ChainCounters, Code::ChainMute, Code::ChainChips] {
            faults.note(&note(code, "chain 1"));
        }
        faults.note(&note(Code::ChainUp, "chain 1"));
        // How many chips answered was counted on the way up, and holds.
        let left: Vec<_> = faults.list().iter().map(|f| f.code).collect();
        assert_eq!(left, [Code::ChainChips]);
    }

    #[test]
    fn events_that_are_over_are_no_faults() {
        let mut faults = Faults::default();
        faults.note(&note(Code::PoolMessage, "pool 0"));
        faults.note(&note(Code::PoolJob, "pool 0"));
        assert!(faults.list().is_empty());
    }

    #[test]
    fn what_kept_the_machine_off_is_over_when_that_is_said() {
        let mut faults = Faults::default();
        let machine = |code| Note {
            place: "machine".into(),
            ..note(code, "")
        };
        faults.note(&machine(Code::HeatInlet));
        faults.note(&note(Code::HeatStop, "slot 1"));
        faults.note(&machine(Code::FanLocal)); // refused, and over
        assert_eq!(faults.list().len(), 2);
        faults.note(&machine(Code::PowerFree));
        let left: Vec<_> = faults.list().iter().map(|f| f.code).collect();
        assert_eq!(left, [Code::HeatStop]);
    }

    /// What a miner tells while it runs; a probe, the command line, the interfaces and the twin have
    /// their own ways.
    #[test]
    fn every_fault_ends_but_those_that_a_restart_must_look_at() {
        let of_the_miner = |code: &&Code| {
            let text = code.text();
            let parts = [
                "CHAIN", "BOARD", "PSU", "POOL", "NODE", "HEAT", "SENSOR", "FAN", "POWER",
            ];
            parts
                .iter()
                .any(|part| text.starts_with(&format!("E-{part}-")))
        };
        let ends = |fault: &Code| {
            telemetry::CODES
                .iter()
                .any(|code| cleared_by(*code).contains(fault))
        };
        let stay = telemetry::CODES.iter().filter(of_the_miner);
        let stay = stay.filter(|code| is_lasting(**code) && !ends(code));
        // Said before the miner runs, to the log alone.
        let stay = stay.filter(|code| !matches!(code, Code::PoolImported | Code::PoolImportFailed));
        let stay: Vec<_> = stay.map(|code| code.text()).collect();
        assert_eq!(stay, ["E-BOARD-MEMORY", "E-POOL-ADDRESS", "E-POOL-SCHEME"]);
    }

    #[test]
    fn the_list_is_bounded() {
        let mut faults = Faults::default();
        for i in 0..1000 {
            faults.note(&note(Code::PoolConnect, &format!("pool {i}")));
        }
        assert_eq!(faults.list().len(), FAULTS_MAX);
    }
}
