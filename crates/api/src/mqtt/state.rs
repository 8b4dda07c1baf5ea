//! What is told of a snapshot.

use serde_json::{Value, json};
use telemetry::{Chain, Code, Intent, MachineState, Snapshot};

/// The snapshot as `/api/v1/status` shows it, without chips, decisions, faults (which have a topic of
/// their own) and logins of pools.
pub(super) fn state(s: &Snapshot) -> Value {
    let chains = s.chains.iter().map(|chain| Chain {
        chips: None,
        ..*chain
    });
    let short = Snapshot {
        chains: chains.collect(),
        machine: s.machine.clone(),
        temperatures: s.temperatures.clone(),
        fans: s.fans.clone(),
        settings: s.settings.clone(),
        clock: s.clock.clone(),
        pools: s.pools.clone(),
        pool_groups: s.pool_groups.clone(),
        faults: Vec::new(),
        decisions: Vec::new(),
        ..*s
    };
    // A struct of plain fields cannot fail.
    let mut value = serde_json::to_value(short).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("faults");
        fields.remove("decisions");
    }
    for pool in value["pools"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = pool.as_object_mut() {
            fields.remove("user");
        }
    }
    value
}

/// The present faults: an object, since Home Assistant takes attributes from nothing else.
pub(super) fn faults(s: &Snapshot) -> Value {
    json!({ "count": s.faults.len(), "faults": s.faults })
}

/// What is told at once when it changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    state: MachineState,
    intent: Option<Intent>,
    locating: bool,
    active: Vec<u8>,
    faults: Vec<(Code, String)>,
}

impl Standing {
    pub(super) fn of(s: &Snapshot) -> Self {
        let active = s.pools.iter().filter(|pool| pool.active);
        let faults = s.faults.iter();
        Standing {
            state: s.state,
            intent: s.settings.as_ref().map(|settings| settings.intent),
            locating: s.locating,
            active: active.map(|pool| pool.id).collect(),
            faults: faults
                .map(|fault| (fault.code, fault.place.clone()))
                .collect(),
        }
    }
}
