//! The parts of one hashboard, and a voltage controller of any kind.

use board_support::{Channel, EepromLayout, Machine, SensorBus, SensorPart, VoltageControllerKind};
use units::{ChainSlot, Duration, Instant};

use super::board_data::PROGRAMMED;
use super::{
    At24c02, BoardData, ControllerFault, Dangers, FramedKind, Lm75, Pic16f1704, PicFramed, Probe,
    Resolution, Slave,
};

/// A controller cuts its rail so long after the last heartbeat where its data says nothing.
const RAIL_OFF_AFTER: Duration = Duration::from_secs(10);

/// A voltage controller of any kind.
#[derive(Clone, Debug)]
pub enum Controller {
    /// The S9's.
    Plain(Box<Pic16f1704>),
    /// That of the 17 and 19 series.
    Framed(Box<PicFramed>),
}

/// A diode of a sensor on a chip's own bus.
#[derive(Clone, Debug)]
struct BehindChip {
    chip: u16,
    channel: Channel,
    /// Index in the machine's list.
    index: usize,
    /// Somebody said what it measures.
    told: bool,
    probe: Probe,
}

/// What the sensor on a chip's own bus shows, where somebody said what it measures.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct ChipSensor {
    pub(crate) chip: u16,
    pub(crate) local_c: Option<f64>,
    pub(crate) remote_c: Option<f64>,
    pub(crate) dead: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) controller: Option<(u8, Controller)>,
    pub(super) memory: Option<(u8, At24c02)>,
    /// Sensors wired to the control board, with their index in the machine's list.
    sensors: Vec<(u8, usize, Lm75)>,
    /// Index of each relayed sensor in the machine's list.
    relayed: Vec<usize>,
    behind_chips: Vec<BehindChip>,
    pub(super) rail_v: Option<f64>,
}

impl Board {
    pub(super) fn new(machine: &Machine, slot: ChainSlot) -> Self {
        let parts = &machine.peripherals;
        let mut board = Board {
            controller: None,
            memory: None,
            sensors: Vec::new(),
            relayed: Vec::new(),
            behind_chips: Vec::new(),
            rail_v: None,
        };
        let mut relayed = Vec::new();
        for (i, sensor) in parts.sensors.iter().enumerate() {
            if let SensorBus::Chip(chip) = sensor.bus {
                board.behind_chips.push(BehindChip {
                    chip,
                    channel: sensor.channel,
                    index: i,
                    told: false,
                    probe: Probe::default(),
                });
                continue;
            }
            let part = match sensor.part {
                // What boards have fitted shows twelve bits (captured).
                SensorPart::Lm75 => Lm75::new(Resolution::Fixed(12)),
                SensorPart::Tmp75 => Lm75::new(Resolution::Configured),
                // Known behind chips only.
                SensorPart::Tmp451 | SensorPart::Nct218 | SensorPart::Die => continue,
            };
            match sensor.bus {
                SensorBus::ControlBoard => board.sensors.push((sensor.address + slot.0, i, part)),
                SensorBus::VoltageController => {
                    relayed.push((sensor.address, part));
                    board.relayed.push(i);
                }
                SensorBus::Chip(_) => {}
            }
        }
        if let Some(controller) = parts.voltage_controller.present() {
            let after = controller
                .rail_off_after_s
                .map(|s| Duration::from_secs(s.into()));
            let after = after.unwrap_or(RAIL_OFF_AFTER);
            let framed = |kind| {
                let mut pic = PicFramed::new(kind, after);
                pic.sensors = relayed.clone();
                Controller::Framed(Box::new(pic))
            };
            let part = match controller.kind {
                VoltageControllerKind::Pic16f1704Plain => {
                    Controller::Plain(Box::new(Pic16f1704::new(after)))
                }
                VoltageControllerKind::Pic16f1704Framed => framed(FramedKind::Pic16f1704),
                VoltageControllerKind::Dspic33Framed => framed(FramedKind::Dspic33),
            };
            board.controller = Some((controller.address + slot.0, part));
        }
        if let Some(memory) = parts.eeprom.present() {
            let image = image(machine, memory.layout, slot);
            board.memory = Some((memory.address + slot.0, At24c02::new(image)));
        }
        board
    }

    pub(super) fn slave(&mut self, address: u8) -> Option<&mut dyn Slave> {
        match &mut self.controller {
            Some((at, Controller::Plain(pic))) if *at == address => return Some(&mut **pic),
            Some((at, Controller::Framed(pic))) if *at == address => return Some(&mut **pic),
            _ => {}
        }
        match &mut self.memory {
            Some((at, memory)) if *at == address => return Some(memory),
            _ => {}
        }
        let sensor = self.sensors.iter_mut().find(|(at, ..)| *at == address);
        sensor.map(|(.., sensor)| sensor as &mut dyn Slave)
    }

    pub(super) fn sensor_indices(&self) -> Vec<usize> {
        let wired = self.sensors.iter().map(|(_, i, _)| *i);
        let behind = self.behind_chips.iter().map(|s| s.index);
        wired
            .chain(self.relayed.iter().copied())
            .chain(behind)
            .collect()
    }

    /// What each sensor measures, by its place in the machine's list.
    pub(super) fn tell(&mut self, sensors_c: &[f64]) {
        for (index, c) in sensors_c.iter().enumerate() {
            if let Some(probe) = self.probe(index) {
                probe.set_c(*c);
            }
            for sensor in &mut self.behind_chips {
                sensor.told |= sensor.index == index;
            }
        }
    }

    /// Sensors on chips' own buses, one per chip.
    pub(super) fn chip_sensors(&mut self, now: Instant) -> Vec<ChipSensor> {
        let mut all: Vec<ChipSensor> = Vec::new();
        for sensor in &mut self.behind_chips {
            let known = all.iter().position(|s| s.chip == sensor.chip);
            let at = known.unwrap_or_else(|| {
                all.push(ChipSensor {
                    chip: sensor.chip,
                    local_c: None,
                    remote_c: None,
                    dead: false,
                });
                all.len() - 1
            });
            let shown = sensor.told.then(|| sensor.probe.shown_c(now));
            all[at].dead |= sensor.probe.dead();
            match sensor.channel {
                Channel::Local => all[at].local_c = shown,
                Channel::Remote => all[at].remote_c = shown,
            }
        }
        all
    }

    /// What the sensor at this place of the machine's list measures.
    pub(super) fn probe(&mut self, index: usize) -> Option<&mut Probe> {
        if let Some((.., sensor)) = self.sensors.iter_mut().find(|(_, i, _)| *i == index) {
            return Some(&mut sensor.probe);
        }
        if let Some(sensor) = self.behind_chips.iter_mut().find(|s| s.index == index) {
            return Some(&mut sensor.probe);
        }
        let at = self.relayed.iter().position(|i| *i == index)?;
        match &mut self.controller {
            Some((_, Controller::Framed(pic))) => Some(&mut pic.sensors.get_mut(at)?.1.probe),
            _ => None,
        }
    }
}

impl Controller {
    /// It gives its board power.
    pub fn rail_on(&self) -> bool {
        match self {
            Controller::Plain(pic) => pic.rail_on(),
            Controller::Framed(pic) => pic.rail_on(),
        }
    }

    /// It cut the rail for want of heartbeats and waits for a reset.
    pub fn starved(&self) -> bool {
        match self {
            Controller::Plain(pic) => pic.starved(),
            Controller::Framed(pic) => pic.starved(),
        }
    }

    /// Its supply goes: what it was told is gone, and its rail is off.
    pub(super) fn lose_power(&mut self) {
        match self {
            Controller::Plain(pic) => pic.lose_power(),
            Controller::Framed(pic) => pic.lose_power(),
        }
    }

    pub(super) fn dangers(&self) -> &Dangers {
        match self {
            Controller::Plain(pic) => pic.dangers(),
            Controller::Framed(pic) => pic.dangers(),
        }
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        match self {
            Controller::Plain(pic) => pic.next_event(),
            Controller::Framed(pic) => pic.next_event(),
        }
    }

    pub(super) fn settle(&mut self, now: Instant) {
        match self {
            Controller::Plain(pic) => pic.settle(now),
            Controller::Framed(pic) => pic.settle(now),
        }
    }

    pub(super) fn set_fault(&mut self, fault: Option<ControllerFault>) {
        match self {
            Controller::Plain(pic) => pic.set_fault(fault),
            Controller::Framed(pic) => pic.set_fault(fault),
        }
    }
}

/// What a board's memory holds. Headers of boards whose layout is not public: 04 with
/// BM1362, 05 with what came later (published).
fn image(machine: &Machine, layout: Option<EepromLayout>, slot: ChainSlot) -> [u8; 256] {
    let board = &machine.hashboard;
    let open = layout == Some(EepromLayout::X19Xxtea) || board.chip == "bm1398";
    if !open {
        return closed_image(if board.chip == "bm1362" { 4 } else { 5 });
    }
    let centivolts = board.voltage_mv.map_or(1280, |mv| (mv / 10) as u16);
    BoardData::made_up(slot.0, centivolts, board.frequency_mhz as u16).image()
}

/// A memory with a header whose layout and key are not public: 04 11 or 05 11, and bytes that
/// nobody can read (they count up; assumed).
fn closed_image(header: u8) -> [u8; 256] {
    let mut bytes = [0xFF; 256];
    bytes[..2].copy_from_slice(&[header, 0x11]);
    for (i, byte) in bytes[2..128].iter_mut().enumerate() {
        *byte = (i as u8).wrapping_mul(0x9D) ^ 0x5A;
    }
    bytes[255] = PROGRAMMED;
    bytes
}
