//! Which machine definitions fit what was found.
//!
//! A definition is *contradicted* by what cannot be so on such a machine, and *supported* by what is as
//! it says; support is counted in points, more for what few machines share. What was not seen does
//! neither: chips cannot be asked without power, and two machines may differ in nothing else.

use board_support::{Eeprom, EepromLayout, Fitted, Machine, PsuProtocol, SensorBus};

use super::touch::{Memory, Presence, Slot};

/// All that was seen of a machine.
pub(super) struct Seen {
    /// The control board's id, where it is known.
    pub(super) control_board: Option<String>,
    /// Whether a hashboard is plugged in, by slot, where it can be told.
    pub(super) plugged: Vec<Option<bool>>,
    /// Parts by slot.
    pub(super) slots: Vec<Slot>,
    pub(super) supply: Presence,
    /// Fans that turn.
    pub(super) turning: usize,
}

/// How well one definition fits.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Fit {
    pub(super) model: String,
    pub(super) points: u32,
    pub(super) support: Vec<String>,
    pub(super) against: Vec<String>,
}

/// The definitions that nothing contradicts, the best supported first.
pub(super) fn fits(machines: &[Machine], seen: &Seen) -> Vec<Fit> {
    let judged = machines.iter().map(|machine| judge(machine, seen));
    let mut fits: Vec<Fit> = judged.filter(|fit| fit.against.is_empty()).collect();
    fits.sort_by(|a, b| b.points.cmp(&a.points).then(a.model.cmp(&b.model)));
    fits
}

/// Those with as many points as the first.
pub(super) fn best(fits: &[Fit]) -> Vec<&str> {
    let most = fits.first().map_or(0, |fit| fit.points);
    let best = fits.iter().filter(|fit| fit.points == most && most > 0);
    best.map(|fit| fit.model.as_str()).collect()
}

pub(super) fn judge(machine: &Machine, seen: &Seen) -> Fit {
    let mut fit = Fit {
        model: machine.model.clone(),
        points: 0,
        support: Vec::new(),
        against: Vec::new(),
    };
    if let Some(board) = &seen.control_board
        && !machine.control_boards.contains(board)
    {
        let what = format!("it is not known with control board `{board}`");
        fit.against.push(what);
    }
    judge_slots(machine, seen, &mut fit);
    judge_supply(machine, seen, &mut fit);
    if seen.turning > usize::from(machine.fans.count) {
        let what = format!(
            "{} fans turn and it has {}",
            seen.turning, machine.fans.count
        );
        fit.against.push(what);
    } else if seen.turning == usize::from(machine.fans.count) {
        fit.say(1, format!("{} fans turn", seen.turning));
    }
    let occupied = (0..seen.slots.len()).filter(|i| seen.occupied(*i));
    for slot in occupied.map(|i| &seen.slots[i]) {
        judge_memory(machine, &slot.memory, &mut fit);
        judge_controller(machine, slot, &mut fit);
        judge_sensors(machine, slot, &mut fit);
    }
    fit
}

impl Seen {
    /// A hashboard is in this slot: its plug says so, or no plug is known and a part answers.
    fn occupied(&self, slot: usize) -> bool {
        let parts = self.slots.get(slot);
        let answers = parts.is_some_and(|s| {
            !matches!(s.memory, Memory::None(_))
                || [s.controller, s.plain_controller].contains(&Presence::Answers)
                || !s.temperatures.is_empty()
        });
        self.plugged.get(slot).copied().flatten().unwrap_or(answers)
    }
}

impl Fit {
    /// Count support once, however many boards show it.
    fn say(&mut self, points: u32, what: String) {
        if !self.support.contains(&what) {
            self.support.push(what);
            self.points += points;
        }
    }

    fn contradict(&mut self, what: &str) {
        if !self.against.iter().any(|w| w == what) {
            self.against.push(what.to_owned());
        }
    }
}

fn judge_slots(machine: &Machine, seen: &Seen, fit: &mut Fit) {
    let boards = (0..seen.plugged.len().max(seen.slots.len()))
        .filter(|i| seen.occupied(*i))
        .count();
    if boards > usize::from(machine.slots) {
        let what = format!("{boards} hashboards are there and it has {}", machine.slots);
        fit.against.push(what);
    } else if boards == usize::from(machine.slots) {
        fit.say(1, format!("{boards} hashboards are there"));
    }
}

fn judge_supply(machine: &Machine, seen: &Seen, fit: &mut Fit) {
    let spoken = machine.psu.protocol != PsuProtocol::None;
    match (spoken, seen.supply) {
        (true, Presence::Answers) => fit.say(1, "a supply answers".into()),
        (false, Presence::Absent) => fit.say(2, "no supply answers, and its own has no bus".into()),
        (true, Presence::Absent) => fit.contradict("no supply answers, and its supply would"),
        (false, Presence::Answers) => fit.contradict("a supply answers, and its own has no bus"),
        (_, Presence::Unproven | Presence::Unknown) => {}
    }
}

fn judge_memory(machine: &Machine, memory: &Memory, fit: &mut Fit) {
    let defined = &machine.peripherals.eeprom;
    match memory {
        Memory::Read(read) => {
            if *defined == Fitted::Absent {
                fit.contradict("its hashboards have no memory");
            }
            let open = Some(EepromLayout::X19Xxtea);
            if defined.present().and_then(|Eeprom { layout, .. }| *layout) == open {
                fit.say(1, "its memory's layout is known and read".into());
            }
            let board = &machine.hashboard;
            // A twentieth: boards of one model are graded in steps of that size.
            let near = |a: f64, b: f64| (a / b - 1.0).abs() <= 0.05;
            if near(f64::from(read.frequency_mhz), board.frequency_mhz) {
                let mhz = read.frequency_mhz;
                fit.say(3, format!("its memory names {mhz} MHz"));
            }
            let volts = board.voltage_mv.map(f64::from);
            if volts.is_some_and(|mv| near(f64::from(read.voltage_mv), mv)) {
                fit.say(2, format!("its memory names {} mV", read.voltage_mv));
            }
        }
        // Published: 04 11 on boards of BM1362, 05 11 on boards of what came later.
        Memory::Closed(header) => {
            if *defined == Fitted::Absent {
                fit.contradict("its hashboards have no memory");
            }
            let later = ["bm1366", "bm1368", "bm1370"];
            let chip = machine.hashboard.chip.as_str();
            let expected = match header >> 8 {
                4 => chip == "bm1362",
                5 => later.contains(&chip),
                _ => false,
            };
            if expected {
                fit.say(3, format!("memories of its kind begin with {header:04x}"));
            }
        }
        Memory::None(Presence::Absent) => match defined {
            Fitted::Present(_) => fit.contradict("no memory answers, and its boards have one"),
            Fitted::Absent => fit.say(1, "its hashboards have no memory".into()),
            Fitted::Unknown => {}
        },
        Memory::Unreadable(_) | Memory::None(_) => {}
    }
}

fn judge_controller(machine: &Machine, slot: &Slot, fit: &mut Fit) {
    let plain = |address: u8| address >= 0x50;
    let at = |address| match plain(address) {
        true => slot.plain_controller,
        false => slot.controller,
    };
    match &machine.peripherals.voltage_controller {
        Fitted::Present(controller) => match at(controller.address) {
            Presence::Answers => fit.say(2, "its voltage controller answers".into()),
            Presence::Absent => fit.contradict("its voltage controller does not answer"),
            Presence::Unproven | Presence::Unknown => {}
        },
        Fitted::Absent => match [slot.controller, slot.plain_controller] {
            [Presence::Absent, _] => fit.say(1, "no voltage controller answers".into()),
            [Presence::Answers, _] => {
                fit.contradict("a voltage controller answers, and its boards have none");
            }
            _ => {}
        },
        Fitted::Unknown => {}
    }
}

fn judge_sensors(machine: &Machine, slot: &Slot, fit: &mut Fit) {
    let sensors = &machine.peripherals.sensors;
    let own = sensors.iter().filter(|s| s.bus == SensorBus::ControlBoard);
    let expected = own.count();
    match (expected, slot.temperatures.len()) {
        (0, _) => {}
        (expected, found) if found >= expected => {
            fit.say(1, format!("{expected} thermometers of each board answer"));
        }
        _ => {}
    }
}
