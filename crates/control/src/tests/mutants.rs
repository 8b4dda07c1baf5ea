//! Each known mistake must break a claim.

use std::collections::BTreeSet;

use super::claims::{MACHINES, fault_run};
use super::faults::FAULTS;
use super::{orders, tables};
use crate::{MUTANTS, Mutant, set_mutant};

type Check = Box<dyn Fn() -> Result<(), String>>;

/// Every claim with its name, the quick ones first.
fn checks() -> Vec<(String, Check)> {
    let mut checks: Vec<(String, Check)> = Vec::new();
    for (name, claim) in tables::CLAIMS.iter().chain(orders::CLAIMS) {
        checks.push(((*name).to_owned(), Box::new(claim)));
    }
    for model in MACHINES {
        for fault in FAULTS {
            let run = || fault_run(model, *fault, 0);
            checks.push((format!("{model} {fault:?}"), Box::new(run)));
        }
    }
    checks
}

/// Claims to try first, so that a run takes seconds: the one after all others that found the
/// mistake once. Where it does not any more, all are tried.
const FOUND_BY: &[(Mutant, &str)] = &[
    (Mutant::SensorIgnored, "a hot board is derated"),
    (Mutant::StopTenHigher, "a hot sensor stops its board"),
    (Mutant::DerateTenHigher, "a hot board is derated"),
    (Mutant::HysteresisReversed, "a hot board is derated"),
    (Mutant::LowLiarBelieved, "antminer-s19-pro Low"),
    (Mutant::MissingFansLow, "silence means full air"),
    (Mutant::LostFanIgnored, "antminer-s19-pro Fan"),
    (Mutant::FewFansTolerated, "antminer-s19-pro Fan"),
    (Mutant::StoppedFansTolerated, "antminer-s19-pro AllFans"),
    (Mutant::ManualOutranksHeat, "manual fans obey safety"),
    (Mutant::FansSurge, "silence means full air"),
    (Mutant::RestartUnbounded, "waits grow"),
    (Mutant::RestartNever, "a warm board does not start again"),
    (Mutant::WaitNeverGrows, "waits grow"),
    (
        Mutant::VoltageOrderReversed,
        "voltage rises before frequency",
    ),
    (Mutant::CeilingIgnored, "a ceiling is kept"),
    (Mutant::OverPowerTolerated, "waits grow"),
    (Mutant::RampUnbounded, "a pause survives"),
    (Mutant::DelayRemoved, "starts after power loss are spread"),
    (Mutant::OneFailsAll, "a hot sensor stops its board"),
    (Mutant::StuckBoardTolerated, "antminer-s19-pro BoardStuckOn"),
    (
        Mutant::BurningTolerated,
        "a board that burns takes the supply",
    ),
    (Mutant::SupplyFaultIgnored, "antminer-s19-pro SupplyFails"),
    (Mutant::SagIgnored, "antminer-s19-pro SupplySags"),
    (Mutant::LocalIgnored, "no fans is a local decision"),
    (
        Mutant::ConsentIgnored,
        "a machine that nothing guards needs consent",
    ),
    (Mutant::PauseForgotten, "a pause survives"),
    (Mutant::BlindForever, "a board nobody can see goes off"),
    (Mutant::ColdIgnored, "a cold board stays slow"),
    (Mutant::UncooledRestart, "a warm board does not start again"),
];

#[test]
fn every_known_mistake_is_noticed() {
    let checks = checks();
    let named = |name: &str| checks.iter().position(|(n, _)| n == name);
    let mut alive = Vec::new();
    let mut noticed_by = BTreeSet::new();
    for mutant in MUTANTS {
        let known = FOUND_BY.iter().find(|(m, _)| m == mutant);
        let first = known.and_then(|(_, name)| named(name));
        set_mutant(Some(*mutant));
        let order = first.into_iter().chain(0..checks.len());
        let killer = order.into_iter().find(|i| checks[*i].1().is_err());
        set_mutant(None);
        match killer {
            Some(i) => {
                println!("{mutant:?}: noticed by: {}", checks[i].0);
                noticed_by.insert(i);
            }
            None => alive.push(*mutant),
        }
    }
    let killed = MUTANTS.len() - alive.len();
    println!("mutants of control: {killed} of {} noticed", MUTANTS.len());
    // A claim that fails without any mistake notices nothing.
    for i in noticed_by {
        let (name, check) = &checks[i];
        assert_eq!(check(), Ok(()), "{name} without a mistake");
    }
    assert!(alive.is_empty(), "not noticed: {alive:?}");
}
