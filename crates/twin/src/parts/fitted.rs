//! The parts that a machine has: made from its data, found by address, and what they make of
//! the rails.
//!
//! A slot's chips have power while the supply gives some and, where a controller is fitted,
//! that controller gives it on. A part that no source says anything of is not fitted.

use board_support::{Machine, PsuProtocol};
use units::{ChainSlot, Instant};

use super::board::{Board, ChipSensor, Controller};
use super::{
    Apw, At24c02, Bus, Dangers, Fans, Fault, I2cFault, PartFault, Slave, Surroundings, transfer,
};

/// Below this a supply gives no power: chips that run on less than a volt each are off.
const POWER_V: f64 = 1.0;

/// All parts of a machine.
#[derive(Clone, Debug)]
pub struct Parts {
    supply: Option<(u8, Apw)>,
    /// What a supply without a bus gives.
    fixed_v: f64,
    boards: Vec<Option<Board>>,
    /// Slots whose board is pulled.
    pulled: Vec<bool>,
    /// The fans.
    pub fans: Fans,
    faults: Vec<PartFault>,
}

impl Parts {
    /// As `machine` says. `present` tells which slots carry a board; there nothing answers
    /// without one.
    pub fn new(machine: &Machine, present: impl Fn(ChainSlot) -> bool) -> Self {
        let psu = &machine.psu;
        // The captured type, where the machine accepts it.
        let words = psu.types.iter().map(|t| t.word);
        let word = words.clone().find(|w| *w == 0x71).or(words.min());
        let supply = match psu.protocol {
            PsuProtocol::ApwPackets => {
                let apw = Apw::new(word.unwrap_or(0x71), 6);
                psu.address.map(|address| (address, apw))
            }
            PsuProtocol::None => None,
        };
        let slots = (0..machine.slots).map(ChainSlot);
        Parts {
            supply,
            fixed_v: psu.fixed_mv.map_or(0.0, |mv| f64::from(mv) / 1000.0),
            boards: slots
                .map(|slot| present(slot).then(|| Board::new(machine, slot)))
                .collect(),
            pulled: vec![false; usize::from(machine.slots)],
            fans: Fans::new(machine.fans.count),
            faults: Vec::new(),
        }
    }

    /// What goes wrong from now on, in place of what was said before.
    pub fn set_faults(&mut self, now: Instant, faults: &[PartFault]) {
        self.faults = faults.to_vec();
        self.apply_faults(now);
        self.settle(now);
    }

    /// Pull a slot's board, or seat it again. What is pulled has no power, does not answer, and comes back with its
    /// controller as after power-up; what its memory and its sensors were set to stays.
    pub fn set_pulled(&mut self, now: Instant, slot: ChainSlot, pulled: bool) {
        let Some(before) = self.pulled.get_mut(usize::from(slot.0)) else {
            return;
        };
        if core::mem::replace(before, pulled) == pulled {
            return;
        }
        let board = self.boards.get_mut(usize::from(slot.0));
        if let Some((_, controller)) = board.and_then(|b| b.as_mut()?.controller.as_mut()) {
            controller.lose_power();
        }
        self.settle(now);
    }

    /// One transaction on a bus.
    ///
    /// # Errors
    ///
    /// Nobody acknowledged, or the bus hangs.
    pub fn transfer(
        &mut self,
        now: Instant,
        bus: Bus,
        address: u8,
        write: &[u8],
        read: &mut [u8],
    ) -> Result<(), I2cFault> {
        self.settle(now);
        let is = |what: Fault| self.faults.iter().any(|f| f.active(now) && f.what == what);
        if is(Fault::BusStuck(bus)) {
            return Err(I2cFault::Stuck);
        }
        if is(Fault::BusNack(bus)) || is(Fault::Gone(bus, address)) {
            return Err(I2cFault::Nack);
        }
        let done = match self.slave(bus, address) {
            Some(slave) => transfer(slave, now, write, read),
            None => Err(I2cFault::Nack),
        };
        self.settle(now);
        done
    }

    /// The supply, if it has a bus.
    pub fn supply(&self) -> Option<&Apw> {
        self.supply.as_ref().map(|(_, supply)| supply)
    }

    /// The supply's enable line says on or off. One without such a line is always on.
    pub fn set_supply_enable(&mut self, now: Instant, on: bool) {
        self.settle(now);
        if let Some((_, supply)) = &mut self.supply {
            supply.set_enable(now, on);
        }
        self.settle(now);
    }

    /// Volts that the supply gives without load.
    pub fn supply_v(&self, now: Instant) -> f64 {
        self.supply()
            .map_or(self.fixed_v, |supply| supply.output_v(now))
    }

    /// The controller of a slot.
    pub fn controller(&self, slot: ChainSlot) -> Option<&Controller> {
        let (_, controller) = self.board(slot)?.controller.as_ref()?;
        Some(controller)
    }

    /// The memory of a slot's board.
    pub fn memory(&self, slot: ChainSlot) -> Option<&At24c02> {
        self.board(slot)?.memory.as_ref().map(|(_, memory)| memory)
    }

    /// Another content for the memory of a slot's board, as if it were another board.
    pub fn set_memory(&mut self, slot: ChainSlot, bytes: [u8; 256]) {
        let board = self
            .boards
            .get_mut(usize::from(slot.0))
            .and_then(Option::as_mut);
        if let Some((_, memory)) = board.and_then(|b| b.memory.as_mut()) {
            *memory = At24c02::new(bytes);
        }
    }

    /// The chips of this slot have power.
    pub fn rail_on(&self, now: Instant, slot: ChainSlot) -> bool {
        self.rail_v(now, slot) > POWER_V
    }

    /// Volts on a slot's rail without load: what the controller is set to if it makes them,
    /// else the supply's.
    pub fn rail_v(&self, now: Instant, slot: ChainSlot) -> f64 {
        let supply_v = self.supply_v(now);
        match self.board(slot).map(|b| &b.controller) {
            None => 0.0,
            Some(None) => supply_v,
            Some(Some((_, controller))) if !controller.rail_on() => 0.0,
            Some(Some((_, Controller::Plain(pic)))) => pic.set_v().min(supply_v),
            Some(Some((_, Controller::Framed(_)))) => supply_v,
        }
    }

    /// What the parts measure from now on.
    pub fn set_surroundings(&mut self, surroundings: &Surroundings) {
        self.fans.tell_rpm(surroundings.fan_rpm.clone());
        for (board, told) in self.boards.iter_mut().zip(&surroundings.boards) {
            let Some(board) = board else { continue };
            board.rail_v = told.rail_v;
            board.tell(&told.sensors_c);
        }
    }

    /// Sensors on the own buses of a slot's chips.
    pub(crate) fn chip_sensors(&mut self, now: Instant, slot: ChainSlot) -> Vec<ChipSensor> {
        let board = self.boards.get_mut(usize::from(slot.0));
        let board = board.and_then(Option::as_mut);
        board.map_or(Vec::new(), |board| board.chip_sensors(now))
    }

    /// Everything that was sent to a part and may have harmed it: how often in all, and the
    /// books of the parts.
    pub fn dangers(&self) -> (u64, Vec<&Dangers>) {
        let boards = self.boards.iter().flatten();
        let on_boards = boards.flat_map(|b| {
            let controller = b.controller.as_ref().map(|(_, c)| c.dangers());
            let memory = b.memory.as_ref().map(|(_, m)| m.dangers());
            [controller, memory].into_iter().flatten()
        });
        let all: Vec<_> = self
            .supply()
            .map(Apw::dangers)
            .into_iter()
            .chain(on_boards)
            .collect();
        (all.iter().map(|d| d.count).sum(), all)
    }

    /// When a part acts by itself, or a fault begins or ends, after `now`.
    pub fn next_event(&self, now: Instant) -> Option<Instant> {
        let boards = self.boards.iter().flatten();
        let controllers = boards.filter_map(|b| b.controller.as_ref()?.1.next_event());
        let supply = self.supply().and_then(Apw::next_event);
        let edges = self.faults.iter().flat_map(|f| [f.from, f.until]);
        let edges = edges.filter(|at| *at > now && *at != Instant::NEVER);
        controllers.chain(supply).chain(edges).min()
    }

    /// Let what is due happen.
    pub fn settle(&mut self, now: Instant) {
        if !self.faults.is_empty() {
            self.apply_faults(now);
        }
        if let Some((_, supply)) = &mut self.supply {
            supply.settle(now);
        }
        for board in self.boards.iter_mut().flatten() {
            if let Some((_, controller)) = &mut board.controller {
                controller.settle(now);
            }
        }
        for slot in 0..self.boards.len() {
            let rail_v = self.rail_v(now, ChainSlot(slot as u8));
            if let Some(board) = &mut self.boards[slot]
                && let Some((_, Controller::Framed(pic))) = &mut board.controller
            {
                pic.rail_v = board.rail_v.unwrap_or(rail_v);
            }
        }
    }

    fn board(&self, slot: ChainSlot) -> Option<&Board> {
        let slot = usize::from(slot.0);
        let board = self.boards.get(slot)?.as_ref();
        board.filter(|_| !self.pulled[slot])
    }

    fn slave(&mut self, bus: Bus, address: u8) -> Option<&mut dyn Slave> {
        match bus {
            Bus::Supply => match &mut self.supply {
                Some((at, supply)) if *at == address => Some(supply),
                _ => None,
            },
            Bus::Hashboards => {
                let boards = self.boards.iter_mut().zip(&self.pulled);
                let mut there = boards.filter(|(_, pulled)| !**pulled);
                there.find_map(|(board, _)| board.as_mut()?.slave(address))
            }
        }
    }

    fn apply_faults(&mut self, now: Instant) {
        let active: Vec<Fault> = self
            .faults
            .iter()
            .filter(|f| f.active(now))
            .map(|f| f.what)
            .collect();
        if let Some((_, supply)) = &mut self.supply {
            let of = active.iter().filter_map(|f| match f {
                Fault::Supply(fault) => Some(*fault),
                _ => None,
            });
            supply.faults.0.clear();
            supply.faults.0.extend(of);
        }
        for (i, board) in self.boards.iter_mut().enumerate() {
            let Some(board) = board else { continue };
            let here = |slot: &ChainSlot| usize::from(slot.0) == i;
            let of_controller = active.iter().find_map(|f| match f {
                Fault::Controller(slot, fault) if here(slot) => Some(*fault),
                _ => None,
            });
            if let Some((_, controller)) = &mut board.controller {
                controller.set_fault(of_controller);
            }
            for index in board.sensor_indices() {
                let of_sensor = active.iter().find_map(|f| match f {
                    Fault::Sensor {
                        slot,
                        sensor,
                        fault,
                    } if here(slot) && *sensor == index => Some(*fault),
                    _ => None,
                });
                if let Some(probe) = board.probe(index) {
                    probe.set_fault(of_sensor);
                }
            }
        }
        self.fans.stand(active.iter().filter_map(|f| match f {
            Fault::Fan(fan) => Some(*fan),
            _ => None,
        }));
    }
}
