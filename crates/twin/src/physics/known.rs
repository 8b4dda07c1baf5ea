//! What nobody knows of a real machine and its twin must be told all the same.

use board_support::Machine;

use super::{Options, Physics};

/// A machine with what its twin is rated at in place of what no source tells: the voltages of
/// its hashboards, and a supply that can be told them. Whoever runs a twin says this as an
/// owner would of a real machine. A machine whose voltages are known stays as it is.
pub fn as_rated(mut machine: Machine) -> Machine {
    let Ok(twin) = Physics::new(&machine, Options::default()) else {
        return machine;
    };
    let controller = machine.peripherals.voltage_controller.present();
    let sets_rail = controller.is_some_and(|controller| controller.code.is_some());
    let takes_orders = machine.psu.types.iter().any(|t| t.code.is_some());
    if !sets_rail && !takes_orders && machine.psu.fixed_mv.is_none() {
        // The supply of the sister that is best known.
        if let Ok(sister) = board_support::machine("antminer-s21") {
            machine.psu = sister.psu;
        }
    }
    if machine.voltage_range_mv().is_none() {
        let mv = twin.rated_voltage().mv();
        machine.hashboard.voltage_start_mv = Some(mv);
        machine.hashboard.voltage_mv = Some(mv);
        machine.limits.voltage_mv = Some((mv - mv / 20, mv + mv / 20));
    }
    machine
}
