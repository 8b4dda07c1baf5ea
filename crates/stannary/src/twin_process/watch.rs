//! Looks at a twin's machine, and keeps since when things are so and the most that was seen.

use board_support::{Machine, Place};
use hal_emulated::remote::{Calls, Identity};
use twin::machine::TwinMachine;
use twin::physics::SupplyState;
use units::{Celsius, ChainSlot, Instant};

use super::state::{Board, Fans, Host, Sensor, State, Supply};

/// Below everything that a machine can have.
const NOTHING_C: f64 = -273.15;

pub(super) struct Watch {
    identity: Identity,
    /// A board's rail can be switched alone.
    switched: bool,
    fans: u8,
    stops_c: Vec<f64>,
    enabled: Since,
    boards: Vec<Seen>,
    most_wall_w: f64,
}

/// What is kept of a board.
#[derive(Clone)]
struct Seen {
    hash_power: Since,
    rail: Since,
    stands: Since,
    most_chip_c: f64,
    most_board_c: f64,
    most_powered_c: Vec<f64>,
}

/// Something that is so or not, and since when.
#[derive(Clone, Copy, Default)]
struct Since {
    is: bool,
    at: Instant,
}

impl Since {
    /// It is so now; returns for how long, in seconds.
    fn keep(&mut self, now: Instant, is: bool) -> f64 {
        if is != self.is {
            *self = Since { is, at: now };
        }
        now.since(self.at).as_secs_f64()
    }
}

impl Watch {
    pub(super) fn new(machine: &Machine, identity: &Identity) -> Self {
        let parts = &machine.peripherals;
        let limits = &machine.limits;
        let stop_c = |place: Place| match place {
            Place::Chip => limits.chip_stop_c,
            Place::Inlet | Place::Outlet | Place::Board => limits.board_stop_c,
        };
        let stops_c: Vec<_> = parts.sensors.iter().map(|s| stop_c(s.place)).collect();
        let seen = Seen {
            hash_power: Since::default(),
            rail: Since::default(),
            stands: Since::default(),
            most_chip_c: NOTHING_C,
            most_board_c: NOTHING_C,
            most_powered_c: vec![NOTHING_C; stops_c.len()],
        };
        Watch {
            identity: identity.clone(),
            switched: parts.voltage_controller.present().is_some(),
            fans: machine.fans.count,
            stops_c,
            enabled: Since::default(),
            boards: vec![seen; usize::from(machine.slots)],
            most_wall_w: 0.0,
        }
    }

    /// Let time pass until `now`, and look.
    pub(super) fn look(
        &mut self,
        now: Instant,
        twin: &mut TwinMachine,
        calls: Option<&Calls>,
    ) -> State {
        twin.advance(now);
        let (duty_percent, enabled) = twin.parts().map_or((0, None), |parts| {
            let line = parts.supply().map(|_| parts.supply_v(now) > 0.0);
            (parts.fans.duty_percent(), line)
        });
        let rails: Vec<_> = (0..self.identity.slots)
            .map(|slot| twin.rail_on(ChainSlot(slot)))
            .collect();
        let rpm = (0..self.fans).map(|fan| twin.fan_rpm(fan)).collect();
        let boards = (rails.iter().zip(0..))
            .map(|(rail_on, slot)| self.board(now, twin, slot, *rail_on))
            .collect();
        let identity = self.identity.clone();
        let mut state = State {
            model: identity.model,
            control_board: identity.control_board,
            seed: identity.seed,
            difficulty_bits: identity.difficulty_bits,
            emulated: true,
            up_s: now.since(Instant::ZERO).as_secs_f64(),
            host: Host {
                connections: calls.map_or(0, Calls::open),
                calls: calls.map_or(0, Calls::count),
                silent_s: calls
                    .and_then(Calls::last)
                    .map(|last| now.since(last).as_secs_f64()),
            },
            supply: Supply {
                enabled,
                enabled_for_s: self.enabled.keep(now, enabled == Some(true)),
                state: String::new(),
                output_mv: 0,
                power_w: 0.0,
            },
            boards,
            fans: Fans { duty_percent, rpm },
            inlet_c: 0.0,
            wall_w: 0.0,
            most_wall_w: 0.0,
            hashrate_ths: twin.hashes_per_second_modelled().ths(),
        };
        if let Some(physics) = twin.physics(now) {
            state.supply.state = name(physics.supply_state()).into();
            state.supply.output_mv = physics.supply_output().mv();
            state.supply.power_w = physics.supply_power().w();
            state.inlet_c = physics.inlet().c();
            state.wall_w = physics.wall_power().w();
        }
        self.most_wall_w = self.most_wall_w.max(state.wall_w);
        state.most_wall_w = self.most_wall_w;
        state
    }

    fn board(&mut self, now: Instant, twin: &mut TwinMachine, number: u8, rail_on: bool) -> Board {
        let slot = ChainSlot(number);
        let seen = &mut self.boards[usize::from(number)];
        let c = |c: Option<Celsius>| c.map_or(NOTHING_C, |c| c.c());
        let physics = twin.physics(now);
        let physics = physics.as_deref();
        let stands = physics
            .and_then(|p| p.board_input(slot))
            .is_none_or(|input| input.in_reset);
        let hash_power = rail_on && (self.switched || !stands);
        let chip_c = c(physics.and_then(|p| p.hottest_chip(slot)));
        let board_c = c(physics.and_then(|p| p.hottest_board(slot)));
        seen.most_chip_c = seen.most_chip_c.max(chip_c);
        seen.most_board_c = seen.most_board_c.max(board_c);
        let sensors = self.stops_c.iter().zip(&mut seen.most_powered_c);
        let sensors = sensors.enumerate().map(|(i, (stop_c, most))| {
            let c = c(physics.and_then(|p| p.sensor(slot, i)));
            if hash_power {
                *most = most.max(c);
            }
            Sensor {
                c,
                most_powered_c: *most,
                stop_c: *stop_c,
            }
        });
        Board {
            slot: number,
            hash_power,
            hash_power_for_s: seen.hash_power.keep(now, hash_power),
            rail_on,
            rail_for_s: seen.rail.keep(now, rail_on),
            rail_mv: physics.and_then(|p| p.rail(slot)).map_or(0, |v| v.mv()),
            stands,
            stands_for_s: seen.stands.keep(now, stands),
            power_w: physics
                .and_then(|p| p.board_power(slot))
                .map_or(0.0, |w| w.w()),
            chip_c,
            board_c,
            most_chip_c: seen.most_chip_c,
            most_board_c: seen.most_board_c,
            sensors: sensors.collect(),
        }
    }
}

fn name(state: SupplyState) -> &'static str {
    match state {
        SupplyState::NoMains => "no mains",
        SupplyState::Off => "off",
        SupplyState::On => "on",
        SupplyState::Limited => "limited",
        SupplyState::Tripped(_) => "tripped",
    }
}
