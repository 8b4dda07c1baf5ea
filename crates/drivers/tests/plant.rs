//! The plant against scripted parts: every byte goes over a real list runner.

#[path = "plant/parts.rs"]
mod parts;

use board_support::Machine;
use drivers::plant::{BoardState, Effect, Input, Line, Order, Plant, SupplyState, Told};
use hal::{BusDone, BusError, FanEvent, FanOp};
use telemetry::{Code, Note, Sensed};
use units::{ChainSlot, Duration, Duty, Instant, Millivolts, Rpm};

use parts::{Parts, Script};

fn machine(model: &str) -> Machine {
    board_support::machine(model).expect("a machine of this project")
}

/// Everything that left the plant or happened to parts, with its time.
#[derive(Clone, PartialEq, Debug)]
enum Seen {
    Enable(bool),
    Told(Told),
    Fans(FanOp),
}

struct Bench {
    plant: Plant,
    parts: Parts,
    now: Instant,
    seen: Vec<(Instant, Seen)>,
    notes: Vec<Note>,
    line: bool,
    /// Results of lists do not come back.
    mute_bus: bool,
}

impl Bench {
    fn new(machine: &Machine) -> Self {
        Bench::with(machine, Script::default())
    }

    fn with(machine: &Machine, script: Script) -> Self {
        let mut bench = Bench {
            plant: Plant::new(machine, 100),
            parts: Parts::new(machine, script),
            now: Instant::ZERO,
            seen: Vec::new(),
            notes: Vec::new(),
            line: false,
            mute_bus: false,
        };
        bench.input(Input::Start);
        bench
    }

    fn input(&mut self, input: Input) {
        self.plant.handle(self.now, input);
        self.carry();
    }

    fn order(&mut self, order: Order) {
        self.input(Input::Order(order));
    }

    /// Supply and all boards on.
    fn all_on(&mut self, slots: u8) {
        self.order(Order::Supply(true));
        for slot in 0..slots {
            self.order(Order::Board(ChainSlot(slot), true));
        }
    }

    fn carry(&mut self) {
        while let Some(effect) = self.plant.next_effect() {
            match effect {
                Effect::Bus(job) => self.parts.give(self.now, job),
                Effect::Fans(op) => self.seen.push((self.now, Seen::Fans(op))),
                Effect::Note(note) => self.notes.push(note),
                Effect::Told(told) => self.seen.push((self.now, Seen::Told(told))),
                Effect::EnableSupply(on) => {
                    self.seen.push((self.now, Seen::Enable(on)));
                    self.line = on;
                    self.parts.enabled(on);
                    let line = if on { Line::On } else { Line::Off(None) };
                    self.plant.handle(self.now, Input::Line(line));
                }
            }
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..1_000_000 {
            let due = [self.plant.next_deadline(), self.parts.next_event()];
            let due = due.into_iter().flatten().min().unwrap_or(Instant::NEVER);
            if due > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(due);
            for done in self.parts.service(self.now) {
                if !self.mute_bus {
                    self.input(Input::Bus(done));
                }
            }
            if self.plant.next_deadline().is_some_and(|at| at <= self.now) {
                self.input(Input::Wake);
            }
        }
        panic!("the plant asks to be woken without end at {:?}", self.now);
    }

    fn board(&self, slot: u8) -> BoardState {
        let told = self.seen.iter().rev().find_map(|(_, seen)| match seen {
            Seen::Told(Told::Board(s, state)) if s.0 == slot => Some(*state),
            _ => None,
        });
        told.unwrap_or_default()
    }

    fn supply(&self) -> SupplyState {
        let told = self.seen.iter().rev().find_map(|(_, seen)| match seen {
            Seen::Told(Told::Supply(state)) => Some(*state),
            _ => None,
        });
        told.unwrap_or_default()
    }

    fn ever_enabled(&self) -> bool {
        self.seen.iter().any(|(_, s)| *s == Seen::Enable(true))
    }

    fn codes(&self) -> Vec<Code> {
        self.notes.iter().map(|n| n.code).collect()
    }

    fn sensed(&self, slot: u8, sensor: usize) -> Option<Sensed<units::Celsius>> {
        self.seen.iter().rev().find_map(|(_, seen)| match seen {
            Seen::Told(Told::Temperature {
                slot: s,
                sensor: n,
                reading,
            }) if s.0 == slot && *n == sensor => Some(*reading),
            _ => None,
        })
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const ON_15V: SupplyState = SupplyState::On(Some(Millivolts::new(14_998)));

#[test]
fn supply_and_boards_come_up_in_order() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.run(MINUTE);
    assert!(!bench.ever_enabled(), "nothing was ordered");
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.supply(), ON_15V, "{:?}", bench.notes);
    for slot in 0..3 {
        assert_eq!(bench.board(slot), BoardState::On(None));
    }
    assert_eq!(bench.codes(), []);
    // Code 9 stands for 15.011 V, over the limit. The code was set before the line went on, boards after it.
    let enabled = bench.parts.log.iter().position(|l| l == "line on");
    let set = bench.parts.log.iter().position(|l| l == "apw set 10");
    let board = bench.parts.log.iter().position(|l| l == "pic 0 enable");
    assert!(
        set.is_some() && set < enabled && enabled < board,
        "{:?}",
        bench.parts.log
    );
}

#[test]
fn memories_are_read_once_and_a_silent_one_holds_nothing_up() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.run(MINUTE);
    let memories = bench.seen.iter().filter_map(|(_, seen)| match seen {
        Seen::Told(Told::Memory(_, memory)) => Some(&*memory.serial),
        _ => None,
    });
    assert_eq!(memories.collect::<Vec<_>>(), ["HQDZYI3BJJDBG05MN"; 3]);

    let script = Script {
        memory_silent: true,
        ..Script::default()
    };
    let mut bench = Bench::with(&machine("antminer-s19-pro"), script);
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.codes(), [Code::BoardMemory; 3]);
    assert_eq!(bench.board(2), BoardState::On(None));
}

#[test]
fn heartbeats_come_every_second_and_sensors_are_asked() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    let before = bench.parts.heartbeats[1];
    bench.run(MINUTE);
    let beats = bench.parts.heartbeats[1] - before;
    assert!((50..=62).contains(&beats), "{beats}");
    for sensor in 0..4 {
        let reading = bench.sensed(2, sensor);
        let Some(Sensed::Value { value, at }) = reading else {
            panic!("{reading:?}");
        };
        assert_eq!(value.c(), 23.0);
        assert!(bench.now.since(at) < Duration::from_secs(2));
    }
}

#[test]
fn a_supply_that_is_not_known_is_never_enabled() {
    let script = Script {
        word: 0x55,
        ..Script::default()
    };
    let mut bench = Bench::with(&machine("antminer-s19-pro"), script);
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.supply(), SupplyState::Refused);
    assert_eq!(bench.codes(), [Code::PsuType]);
    assert!(!bench.ever_enabled());
}

#[test]
fn a_machine_whose_voltages_are_not_known_is_never_switched_on() {
    for model in ["antminer-s21", "antminer-s17"] {
        let mut bench = Bench::new(&machine(model));
        bench.all_on(3);
        bench.run(MINUTE);
        assert_eq!(bench.supply(), SupplyState::Refused, "{model}");
        assert_eq!(bench.codes(), [Code::PsuVoltage], "{model}");
        assert!(!bench.ever_enabled(), "{model}");
    }
}

#[test]
fn a_silent_supply_fails_and_is_tried_again_when_it_is_ordered_again() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.parts.script.apw_silent = true;
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.supply(), SupplyState::Failed);
    assert_eq!(bench.codes(), [Code::PsuFailed]);
    assert!(!bench.ever_enabled());
    bench.parts.script.apw_silent = false;
    bench.run(MINUTE);
    assert_eq!(
        bench.supply(),
        SupplyState::Failed,
        "nobody ordered it anew"
    );
    bench.order(Order::Supply(false));
    bench.order(Order::Supply(true));
    bench.run(MINUTE);
    assert_eq!(bench.supply(), ON_15V);
    assert_eq!(bench.board(0), BoardState::On(None));
}

#[test]
fn a_board_whose_controller_is_silent_fails_alone() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.parts.script.pic_silent[1] = true;
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.board(0), BoardState::On(None));
    assert_eq!(bench.board(1), BoardState::Failed);
    assert_eq!(bench.board(2), BoardState::On(None));
    assert_eq!(bench.codes(), [Code::BoardController]);
    assert_eq!(bench.notes[0].place, "slot 1");
    bench.parts.script.pic_silent[1] = false;
    bench.order(Order::Board(ChainSlot(1), false));
    bench.order(Order::Board(ChainSlot(1), true));
    bench.run(MINUTE);
    assert_eq!(bench.board(1), BoardState::On(None));
}

#[test]
fn a_controller_that_falls_silent_is_given_up_within_five_seconds() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.parts.script.pic_silent[2] = true;
    bench.run(Duration::from_secs(5));
    assert_eq!(bench.board(2), BoardState::Failed);
    assert_eq!(bench.board(0), BoardState::On(None));
    assert_eq!(bench.sensed(2, 0), Some(Sensed::Unknown));
    assert!(matches!(bench.sensed(0, 0), Some(Sensed::Value { .. })));
}

#[test]
fn a_rail_that_does_not_come_fails_its_board() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.parts.script.rail_percent = 60;
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.board(0), BoardState::Failed);
    let detail = &bench.notes[0].detail;
    assert!(
        detail.starts_with("rail_mv=") && detail.ends_with("of 15000"),
        "{detail}"
    );
}

#[test]
fn a_board_goes_off_alone_and_one_that_does_not_takes_the_supply_with_it() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.order(Order::Board(ChainSlot(0), false));
    bench.run(Duration::from_secs(2));
    assert_eq!(bench.board(0), BoardState::Off);
    assert!(!bench.parts.pic_on[0] && bench.parts.pic_on[1]);
    assert!(bench.line);

    bench.parts.script.pic_silent[1] = true;
    bench.order(Order::Board(ChainSlot(1), false));
    bench.run(Duration::from_secs(4));
    assert!(!bench.line);
    assert_eq!(bench.supply(), SupplyState::Failed);
    for slot in 0..3 {
        assert_eq!(bench.board(slot), BoardState::Off);
    }
    assert_eq!(bench.codes(), [Code::BoardController, Code::PsuCut]);
}

#[test]
fn a_board_that_is_not_there_cannot_be_stuck_and_has_no_memory() {
    let script = Script {
        memory_silent: true,
        ..Script::default()
    };
    let mut bench = Bench::with(&machine("antminer-s19-pro"), script);
    bench.order(Order::Plugged(ChainSlot(1), false));
    bench.run(MINUTE);
    let places = bench.notes.iter().map(|note| (note.code, &*note.place));
    let memory = Code::BoardMemory;
    assert!(places.eq([(memory, "slot 0"), (memory, "slot 2")]));
    bench.order(Order::Plugged(ChainSlot(1), true));
    bench.run(MINUTE);
    assert_eq!(bench.notes.len(), 3, "it is read once it is seated");

    bench.all_on(3);
    bench.run(MINUTE);
    bench.parts.script.pic_silent[1] = true;
    bench.order(Order::Plugged(ChainSlot(1), false));
    bench.order(Order::Board(ChainSlot(1), false));
    bench.run(MINUTE);
    let states = [0, 1, 2].map(|slot| bench.board(slot));
    let on = BoardState::On(None);
    assert_eq!(states, [on, BoardState::Off, on]);
    assert_eq!(bench.supply(), ON_15V);
    assert_eq!(bench.notes.len(), 3, "{:?}", bench.notes);
    // Seated again it is as any other.
    bench.parts.script.pic_silent[1] = false;
    bench.order(Order::Plugged(ChainSlot(1), true));
    bench.order(Order::Board(ChainSlot(1), true));
    bench.run(MINUTE);
    assert_eq!(bench.board(1), on);
}

/// An S9's supply has no line: the others go on, and the one is told again until it obeys.
#[test]
fn a_board_that_does_not_go_off_takes_nothing_with_it_where_nothing_switches_the_supply() {
    let mut bench = Bench::new(&machine("antminer-s9"));
    bench.all_on(3);
    bench.run(MINUTE);
    let before = bench.supply();
    bench.parts.script.pic_silent[1] = true;
    bench.order(Order::Board(ChainSlot(1), false));
    bench.run(MINUTE);
    assert_eq!(bench.codes(), [Code::BoardController]);
    assert_eq!(bench.supply(), before);
    assert_eq!(bench.board(1), BoardState::StuckOn);
    assert!(matches!(bench.board(0), BoardState::On(_)));

    bench.parts.script.pic_silent[1] = false;
    bench.run(Duration::from_secs(12));
    assert_eq!(bench.board(1), BoardState::Off);
    bench.order(Order::Board(ChainSlot(1), true));
    bench.run(MINUTE);
    assert!(matches!(bench.board(1), BoardState::On(_)));
}

#[test]
fn supply_off_is_at_once_whatever_the_bus_does() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.mute_bus = true;
    bench.run(Duration::from_millis(700));
    let at = bench.now;
    bench.order(Order::Supply(false));
    assert!(bench.seen.contains(&(at, Seen::Enable(false))));
    for slot in 0..3 {
        assert_eq!(bench.board(slot), BoardState::Off);
    }
    assert_eq!(bench.supply(), SupplyState::Off);
}

#[test]
fn a_supply_cut_by_somebody_else_is_told_and_stays_off_until_it_is_ordered_again() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.input(Input::Line(Line::Off(Some("no lease".into()))));
    assert_eq!(bench.supply(), SupplyState::Failed);
    assert_eq!(bench.board(0), BoardState::Off);
    assert_eq!(
        (bench.codes(), &*bench.notes[0].detail),
        (vec![Code::PsuCut], "no lease")
    );
    bench.run(MINUTE);
    assert!(!bench.line);
}

#[test]
fn a_supply_that_stands_at_another_voltage_than_it_was_set_to_is_switched_off() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    // It restarted, and is at its highest.
    bench.parts.apw_code = 0;
    bench.run(Duration::from_secs(22));
    assert_eq!(bench.codes(), [Code::PsuOther]);
    assert!(!bench.line);
}

#[test]
fn a_supply_is_looked_at_while_its_voltage_moves() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.parts.script.apw_reads_off = 3;
    // Down by 50 mV a second for longer than it may stand at another voltage unseen.
    for quarter in 0..4 * 22 {
        let mv = 14_990 - 25 * quarter / 2;
        bench.order(Order::Voltage(None, Millivolts::new(mv)));
        bench.run(Duration::from_millis(250));
    }
    assert_eq!(bench.codes(), [Code::PsuOther]);
    assert!(!bench.line);
}

#[test]
fn voltages_move_in_steps_and_only_inside_the_limits() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    bench.order(Order::Voltage(None, Millivolts::new(12_600)));
    bench.run(MINUTE);
    let SupplyState::On(Some(mv)) = bench.supply() else {
        panic!("{:?}", bench.supply());
    };
    assert!((12_590..=12_613).contains(&mv.mv()), "{mv:?}");
    let set = bench
        .parts
        .log
        .iter()
        .filter_map(|l| l.strip_prefix("apw set "));
    let codes: Vec<i32> = set.map(|n| n.parse().expect("a number")).collect();
    assert!(codes.len() > 8);
    // 80 mV are 6.3 codes.
    assert!(
        codes.windows(2).all(|w| (0..=7).contains(&(w[1] - w[0]))),
        "{codes:?}"
    );

    for mv in [11_999, 15_001, 0, u32::MAX] {
        bench.order(Order::Voltage(None, Millivolts::new(mv)));
    }
    bench.order(Order::Voltage(Some(ChainSlot(0)), Millivolts::new(12_600)));
    bench.order(Order::Voltage(Some(ChainSlot(9)), Millivolts::new(12_600)));
    assert_eq!(bench.codes(), [Code::PsuVoltage; 6]);
    let before = bench.parts.log.len();
    bench.run(Duration::from_secs(30));
    let later = &bench.parts.log[before..];
    assert!(!later.iter().any(|l| l.starts_with("apw set")), "{later:?}");
}

#[test]
fn an_s9_gets_its_rail_from_its_boards_controllers() {
    let mut bench = Bench::new(&machine("antminer-s9"));
    bench.all_on(3);
    bench.run(MINUTE);
    assert_eq!(bench.supply(), SupplyState::On(None), "{:?}", bench.notes);
    // 9.40 V is code 6, which stands for 9.403 V and lies over the limit.
    assert!(bench.parts.log.contains(&"pic 2 voltage 7".to_owned()));
    let BoardState::On(Some(mv)) = bench.board(2) else {
        panic!("{:?}", bench.board(2));
    };
    assert!((9_395..=9_405).contains(&mv.mv()));
    bench.order(Order::Voltage(Some(ChainSlot(2)), Millivolts::new(9_100)));
    bench.run(MINUTE);
    let BoardState::On(Some(mv)) = bench.board(2) else {
        panic!("{:?}", bench.board(2));
    };
    assert!((9_097..=9_103).contains(&mv.mv()), "{mv:?}");
}

#[test]
fn lists_that_never_come_back_end_in_a_failure() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.mute_bus = true;
    bench.all_on(3);
    bench.run(MINUTE * 2);
    assert_eq!(bench.supply(), SupplyState::Failed);
    assert!(!bench.ever_enabled());
}

#[test]
fn fans_get_their_duty_again_and_again_and_unfitted_ones_are_not_told() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    assert_eq!(
        bench.seen[0].1,
        Seen::Fans(FanOp::All(Duty::FULL)),
        "until told otherwise"
    );
    bench.order(Order::Fans(Duty::new(40)));
    bench.run(Duration::from_secs(21));
    let full = Seen::Fans(FanOp::All(Duty::new(40)));
    assert_eq!(bench.seen.iter().filter(|(_, s)| *s == full).count(), 5);
    let (rpm, at) = (Rpm::new(4_000), bench.now);
    for fan in [0, 3, 4, 200] {
        bench.input(Input::Fans(FanEvent::Speed { fan, rpm, at }));
    }
    let told = |s: &Seen| matches!(s, Seen::Told(Told::Fan { .. }));
    assert_eq!(bench.seen.iter().filter(|(_, s)| told(s)).count(), 2);
}

#[test]
fn answers_of_any_bytes_never_enable_a_supply_that_took_no_voltage() {
    for seed in 0..300 {
        let script = Script {
            garbage: Some(seed),
            ..Script::default()
        };
        let mut bench = Bench::with(&machine("antminer-s19-pro"), script);
        bench.all_on(3);
        bench.run(MINUTE);
        assert!(!bench.ever_enabled(), "seed {seed}");
    }
}

#[test]
fn results_of_lists_that_nobody_has_out_are_ignored() {
    let mut bench = Bench::new(&machine("antminer-s19-pro"));
    bench.all_on(3);
    bench.run(MINUTE);
    for id in [0, 1, u32::MAX] {
        for bus in [hal::BusId::Hashboards, hal::BusId::Supply] {
            bench.input(Input::Bus(BusDone {
                id,
                bus,
                reads: vec![vec![0xf5]; 9],
                error: Some(BusError::Nack),
            }));
        }
    }
    bench.run(MINUTE);
    assert_eq!((bench.supply(), bench.codes()), (ON_15V, vec![]));
}
