//! What is seen from outside, as of the end of the last step.

use units::{Celsius, ChainSlot, ChipIndex, HashRate, Instant, Megahertz, Millivolts, Rpm, Watts};

use super::{Cooling, Physics, SupplyState};

impl Physics {
    /// The end of the last step.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Frequency at which the rated hashrate comes out.
    pub fn rated_frequency(&self) -> Megahertz {
        Megahertz::new(self.design.rated_mhz)
    }

    /// What the part that sets the rail must be told for the rating.
    pub fn rated_voltage(&self) -> Millivolts {
        Millivolts::new(self.design.rail_mv)
    }

    /// Air or coolant that comes in.
    pub fn inlet(&self) -> Celsius {
        Celsius::new(self.inlet_c)
    }

    /// Air or coolant that leaves a board.
    pub fn outlet(&self, slot: ChainSlot) -> Option<Celsius> {
        Some(Celsius::new(self.board(slot)?.heat.outlet_c))
    }

    /// What a sensor of a board feels, by its place in the machine's list.
    pub fn sensor(&self, slot: ChainSlot, index: usize) -> Option<Celsius> {
        self.board(slot)?.sensors.c(index).map(Celsius::new)
    }

    /// A chip's die, without any sensor's lag.
    pub fn chip(&self, slot: ChainSlot, chip: ChipIndex) -> Option<Celsius> {
        let c = self.board(slot)?.chip_c(usize::from(chip.0))?;
        Some(Celsius::new(c))
    }

    /// The hottest die of a board.
    pub fn hottest_chip(&self, slot: ChainSlot) -> Option<Celsius> {
        Some(Celsius::new(self.board(slot)?.hottest_chip_c()))
    }

    /// The hottest place on a board beside its chips, without any sensor's lag.
    pub fn hottest_board(&self, slot: ChainSlot) -> Option<Celsius> {
        let places = self.board(slot)?.heat.board_c.iter();
        Some(Celsius::new(places.copied().fold(f64::MIN, f64::max)))
    }

    /// Voltage across a board's chain of domains.
    pub fn rail(&self, slot: ChainSlot) -> Option<Millivolts> {
        let volts = self.board(slot)?.electric.rail_v;
        Some(Millivolts::new((volts * 1000.0) as u32))
    }

    /// Voltage of one domain.
    pub fn domain(&self, slot: ChainSlot, domain: u16) -> Option<Millivolts> {
        let volts = &self.board(slot)?.electric.volts;
        let volts = volts.get(usize::from(domain))?;
        Some(Millivolts::new((volts * 1000.0) as u32))
    }

    /// Current through a board's chain of domains, amperes.
    pub fn amps(&self, slot: ChainSlot) -> Option<f64> {
        Some(self.board(slot)?.electric.amps)
    }

    /// What a board takes from the supply, its converter's losses included.
    pub fn board_power(&self, slot: ChainSlot) -> Option<Watts> {
        Some(Watts::new(self.board(slot)?.drawn_w))
    }

    /// What the supply is doing.
    pub fn supply_state(&self) -> SupplyState {
        self.supply.state
    }

    /// Voltage at the supply's output.
    pub fn supply_output(&self) -> Millivolts {
        Millivolts::new((self.supply.out_v * 1000.0) as u32)
    }

    /// What the supply's main output gives.
    pub fn supply_power(&self) -> Watts {
        Watts::new(self.out_w)
    }

    /// What the machine takes from the wall.
    pub fn wall_power(&self) -> Watts {
        Watts::new(self.wall_w)
    }

    /// What a fan's tach tells.
    pub fn fan(&self, fan: u8) -> Option<Rpm> {
        match self.options.cooling {
            Cooling::Air => self.fans.rpm(usize::from(fan)),
            Cooling::Hydro | Cooling::Immersion => None,
        }
    }

    /// Share of a chip's hashes that are wrong; 1 where it has no power.
    pub fn errors(&self, slot: ChainSlot, chip: ChipIndex) -> Option<f64> {
        self.board(slot)?.errors(usize::from(chip.0))
    }

    /// The same of every chip of a board.
    pub(crate) fn all_errors(&self, slot: ChainSlot, errors: &mut Vec<f64>) {
        errors.clear();
        if let Some(board) = self.board(slot) {
            errors.extend((0..board.chips()).map(|chip| board.errors(chip).unwrap_or(1.0)));
        }
    }

    /// Right hashes per second of a board.
    pub fn hash_rate(&self, slot: ChainSlot) -> Option<HashRate> {
        let small_cores_mhz = self.board(slot)?.right_mhz() * self.design.small_cores;
        Some(HashRate::from_hs(small_cores_mhz * 1e6))
    }
}
