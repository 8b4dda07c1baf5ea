//! Every machine's parts answer where its data says.

use board_support::{
    EepromLayout, Machine, PsuProtocol, SensorBus, VoltageControllerKind, machine, machines,
};
use units::ChainSlot;

use super::super::{Bus, Controller, I2cFault, Parts};
use super::*;

const NOW: Instant = Instant::from_millis(1000);

fn all() -> Vec<Machine> {
    machines()
        .map(|m| machine(m).expect("it resolves"))
        .collect()
}

fn acknowledges(parts: &mut Parts, bus: Bus, address: u8) -> bool {
    match parts.transfer(NOW, bus, address, &[], &mut []) {
        Ok(()) => true,
        Err(fault) => {
            assert_eq!(fault, I2cFault::Nack);
            false
        }
    }
}

#[test]
fn exactly_the_addresses_of_a_machines_data_acknowledge() {
    let machines = all();
    assert_eq!(machines.len(), 13);
    for machine in machines {
        let mut parts = Parts::new(&machine, |_| true);
        let board = &machine.peripherals;
        let controller = board.voltage_controller.present().map(|c| c.address);
        let memory = board.eeprom.present().map(|m| m.address);
        let wired = board
            .sensors
            .iter()
            .filter(|s| s.bus == SensorBus::ControlBoard);
        let bases: Vec<u8> = wired
            .map(|s| s.address)
            .chain(controller)
            .chain(memory)
            .collect();
        let expected = |address: u8| {
            let at = |base: &u8| (*base..*base + machine.slots).contains(&address);
            bases.iter().any(at)
        };
        for address in 0..0x80 {
            let here = acknowledges(&mut parts, Bus::Hashboards, address);
            assert_eq!(here, expected(address), "{} {address:#x}", machine.model);
            let here = acknowledges(&mut parts, Bus::Supply, address);
            let supply = machine.psu.address == Some(address);
            let supply = supply && machine.psu.protocol == PsuProtocol::ApwPackets;
            assert_eq!(here, supply, "{} {address:#x}", machine.model);
        }
    }
}

#[test]
fn an_empty_slot_answers_nowhere() {
    let machine = machine("antminer-s19-pro").expect("it resolves");
    let mut parts = Parts::new(&machine, |slot| slot != ChainSlot(1));
    for (address, here) in [
        (0x20, true),
        (0x21, false),
        (0x22, true),
        (0x50, true),
        (0x51, false),
    ] {
        assert_eq!(acknowledges(&mut parts, Bus::Hashboards, address), here);
    }
    parts.set_supply_enable(NOW, true);
    assert!(!parts.rail_on(NOW, ChainSlot(1)) && !parts.rail_on(NOW, ChainSlot(9)));
}

/// Bytes to the controller of a slot, each its own transaction.
fn tell(parts: &mut Parts, now: Instant, address: u8, bytes: &[u8]) {
    for byte in bytes {
        parts
            .transfer(now, Bus::Hashboards, address, &[*byte], &mut [])
            .expect("acknowledged");
    }
}

#[test]
fn a_rail_is_on_while_supply_and_controller_give_it() {
    for machine in all() {
        // Where nothing is known that switches, the twin has a supply of its own.
        let blind = machine.psu.protocol == PsuProtocol::None
            && machine.peripherals.voltage_controller.present().is_none();
        let machine = match blind {
            true => crate::physics::as_rated(machine),
            false => machine,
        };
        let mut parts = Parts::new(&machine, |_| true);
        let name = &machine.model;
        let slot = ChainSlot(2);
        let controlled = parts.controller(slot).is_some();
        let switched = parts.supply().is_some();
        assert!(!parts.rail_on(NOW, slot), "{name}");
        if let Some(controller) = machine.peripherals.voltage_controller.present() {
            let address = controller.address + 2;
            match controller.kind {
                VoltageControllerKind::Pic16f1704Plain => {
                    tell(&mut parts, NOW, address, &[0x55, 0xAA, 0x06]);
                    let later = NOW + Duration::from_millis(100);
                    tell(&mut parts, later, address, &[0x55, 0xAA, 0x15, 1]);
                }
                _ => {
                    tell(&mut parts, NOW, address, &[0x55, 0xAA, 4, 6, 0, 0x0A]);
                    let enable = [0x55, 0xAA, 5, 0x15, 1, 0, 0x1B];
                    tell(&mut parts, NOW, address, &enable);
                }
            }
        }
        let now = NOW + Duration::from_millis(200);
        assert_eq!(parts.rail_on(now, slot), controlled && !switched, "{name}");
        parts.set_supply_enable(now, true);
        assert!(parts.rail_on(now, slot), "{name}");
        // A board with a controller that nobody enabled stays off.
        assert_eq!(parts.rail_on(now, ChainSlot(0)), !controlled, "{name}");
        // Ten seconds without a heartbeat.
        let later = now + Duration::from_secs(10);
        assert_eq!(parts.next_event(now).is_some(), controlled, "{name}");
        parts.settle(later);
        assert_eq!(parts.rail_on(later, slot), !controlled, "{name}");
        let starved = parts.controller(slot).is_some_and(Controller::starved);
        assert_eq!(starved, controlled, "{name}");
        parts.set_supply_enable(later, false);
        assert!(!parts.rail_on(later, slot), "{name}");
        assert_eq!(parts.dangers().0, 0, "{name}");
    }
}

#[test]
fn memories_say_what_is_known_of_their_boards() {
    for machine in all() {
        let parts = Parts::new(&machine, |_| true);
        let Some(eeprom) = machine.peripherals.eeprom.present() else {
            assert!(parts.memory(ChainSlot(0)).is_none());
            continue;
        };
        let bytes = parts.memory(ChainSlot(0)).expect("a memory").bytes();
        assert_eq!(bytes[255], 0x5A, "{}", machine.model);
        let header = match machine.hashboard.chip.as_str() {
            "bm1398" => [0x11, 0x4A],
            "bm1362" => [0x04, 0x11],
            _ => [0x05, 0x11],
        };
        assert_eq!(bytes[..2], header, "{}", machine.model);
        if eeprom.layout == Some(EepromLayout::X19Xxtea) {
            assert_eq!(header, [0x11, 0x4A]);
        }
    }
}
