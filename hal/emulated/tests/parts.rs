//! The driver's parts against the twin's, which were written without each other: every list is
//! run on the twin's part under a virtual clock, and what is read is what the twin means.

use board_support::{Channel, PsuType, SensorPart, VoltageCode};
use drivers::parts::apw::{Answer, Request};
use drivers::parts::dspic33::Dspic33Framed;
use drivers::parts::emc2101::{self, Emc2101};
use drivers::parts::pic16f1704::{self, Pic16f1704};
use drivers::parts::pic16f1704_framed::{Pic16f1704Framed, Program};
use drivers::parts::tps546::{Rail, RegulatorFault, Tps546};
use drivers::parts::{CodedVoltage, PartErrorKind, Path, Probe, Rounding};
use drivers::parts::{apw, at24c02::At24c02, hashboard_memory};
use hal::{BusError, BusOp};
use twin::parts::{self as twin_parts, ApwFault, Diode, FramedKind, I2cFault, Lm75, Resolution};
use twin::parts::{BoardData, PicFramed, Slave, Tmp451Slave, transfer};
use units::{Duration, Duty, Instant, Rpm};

const ADDRESS: u8 = 0x20;
const BYTE: Duration = Duration::from_micros(1_400);
const FED_FOR: Duration = Duration::from_secs(10);

/// One part of the twin on a bus of its own, and the time.
struct Bench<P> {
    part: P,
    now: Instant,
}

impl<P: Slave> Bench<P> {
    fn new(part: P) -> Self {
        let now = Instant::from_millis(40_000);
        Bench { part, now }
    }

    /// Runs a list as the contract of lists says.
    fn run(&mut self, ops: &[BusOp]) -> Result<Vec<Vec<u8>>, BusError> {
        let mut reads = Vec::new();
        for op in ops {
            reads.push(match op {
                BusOp::Delay(time) => {
                    self.now += *time;
                    Vec::new()
                }
                BusOp::Transfer { write, read, .. } => self.transfer(write, *read)?,
                BusOp::Until {
                    write,
                    mask,
                    not,
                    every,
                    within,
                    ..
                } => {
                    let end = self.now + *within;
                    let mut last = None;
                    while self.now <= end {
                        last = self.transfer(write, 1).ok().or(last);
                        if last.as_ref().is_some_and(|b| b[0] & mask != *not) {
                            break;
                        }
                        self.now += *every;
                    }
                    last.ok_or(BusError::Nack)?
                }
            });
        }
        Ok(reads)
    }

    fn transfer(&mut self, write: &[u8], read: u16) -> Result<Vec<u8>, BusError> {
        let mut bytes = vec![0; usize::from(read)];
        self.now += BYTE * (write.len() as u32 + u32::from(read));
        match transfer(&mut self.part, self.now, write, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(I2cFault::Nack) => Err(BusError::Nack),
            Err(I2cFault::Stuck) => Err(BusError::Stuck),
        }
    }
}

fn types() -> Vec<PsuType> {
    board_support::machine("antminer-s19-pro")
        .expect("reads")
        .psu
        .types
}

fn supply(word: u16) -> Bench<twin_parts::Apw> {
    let mut bench = Bench::new(twin_parts::Apw::new(word, 6));
    let probe = bench
        .run(&apw::Apw::at(0x10).probe())
        .expect("acknowledged");
    assert_eq!(apw::read_probe(&probe), Ok(()));
    bench
}

fn ask(bench: &mut Bench<twin_parts::Apw>, request: Request) -> Result<Answer, PartErrorKind> {
    let reads = bench
        .run(&apw::Apw::at(0x10).ask(request))
        .expect("acknowledged");
    request.read(&reads).map_err(|e| e.kind)
}

#[test]
fn a_supply_of_every_type_takes_the_voltages_that_it_is_given() {
    let mut checked = 0;
    for t in types() {
        let Some(VoltageCode { per_volt, .. }) = t.code else {
            continue;
        };
        let mut bench = supply(t.word);
        assert_eq!(
            ask(&mut bench, Request::supply_type()),
            Ok(Answer::Type(t.word))
        );
        assert_eq!(ask(&mut bench, Request::version()), Ok(Answer::Version(6)));
        for mv in (12_000..=15_000).step_by(250) {
            let Ok(coded) = apw::code_for(&types(), t.word, &(0..=u32::MAX), mv) else {
                continue;
            };
            let set = ask(&mut bench, Request::set(coded));
            assert_eq!(set, Ok(Answer::CodeSet(coded.code())), "{:x} {mv}", t.word);
            assert_eq!(
                ask(&mut bench, Request::code()),
                Ok(Answer::Code(coded.code()))
            );
            let off_v = bench.part.set_v() - f64::from(mv) / 1000.0;
            assert!(off_v.abs() <= 1.0 / per_volt, "{:x} {mv}: {off_v}", t.word);
            assert!(bench.part.set_v() * 1000.0 <= f64::from(coded.mv_ceil()) + 1e-6);
            checked += 1;
        }
        bench.part.set_enable(bench.now, true);
        bench.now += Duration::from_secs(30);
        if let Some(status) = Request::status(t.word) {
            assert_eq!(ask(&mut bench, status), Ok(Answer::Status(0)));
        }
        assert_eq!(bench.part.dangers().count, 0);
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn what_goes_wrong_with_a_supply_is_told_apart() {
    let check = |fault, expected: fn(Result<Answer, PartErrorKind>) -> bool| {
        let mut bench = supply(0x71);
        let now = bench.now;
        bench.part.set_faults(now, &[fault]);
        let coded = apw::code_for(&types(), 0x71, &(0..=20_000), 15_000).expect("in range");
        let got = ask(&mut bench, Request::set(coded));
        assert!(expected(got), "{fault:?}: {got:?}");
    };
    use PartErrorKind as K;
    check(ApwFault::F5, |r| r == Err(K::Refused));
    check(ApwFault::RefusesSet, |r| r == Err(K::Refused));
    check(ApwFault::BadSum, |r| matches!(r, Err(K::Checksum { .. })));
    check(ApwFault::WrongEcho, |r| matches!(r, Err(K::Command { .. })));
    check(ApwFault::ShortReply, |r| r.is_err());
    check(ApwFault::Late(Duration::from_secs(1)), |r| {
        r == Err(K::Silent)
    });
}

#[test]
fn the_s9s_controller_is_brought_up_and_set() {
    let pic = Pic16f1704::at(ADDRESS);
    let mut bench = Bench::new(twin_parts::Pic16f1704::new(FED_FOR));
    for ops in [pic.flush(), pic.reset(), pic.jump()] {
        bench.run(&ops).expect("acknowledged");
    }
    let version = bench.run(&pic.version()).expect("acknowledged");
    assert_eq!(pic16f1704::read_version(&version), Ok(()));
    let machine = board_support::machine("antminer-s9").expect("reads");
    let limits = machine.voltage_range_mv().expect("known");
    let formula = machine
        .peripherals
        .voltage_controller
        .present()
        .and_then(|c| c.code);
    for mv in limits.clone().step_by(50) {
        let formula = formula.as_ref().expect("sets the rail");
        let coded = CodedVoltage::new(formula, Rounding::Nearest, &limits, mv).expect("inside");
        bench.run(&pic.set_voltage(coded)).expect("acknowledged");
        let code = bench.run(&pic.voltage()).expect("acknowledged");
        assert_eq!(pic16f1704::read_voltage(&code), Ok(coded.code()));
        assert!(
            (bench.part.set_v() * 1000.0 - f64::from(mv)).abs() <= 6.0,
            "{mv}"
        );
        assert!(bench.part.set_v() * 1000.0 <= f64::from(*limits.end()));
    }
    for on in [true, false, true] {
        bench.run(&pic.enable(on)).expect("acknowledged");
        assert_eq!(bench.part.rail_on(), on);
    }
    for _ in 0..30 {
        bench.run(&pic.heartbeat()).expect("acknowledged");
        bench.now += pic16f1704::HEARTBEAT_EVERY;
        let now = bench.now;
        bench.part.settle(now);
    }
    assert!(bench.part.rail_on());
    assert_eq!(bench.part.dangers().count, 0);
}

#[test]
fn the_19_seriess_controller_is_brought_up_and_relays_its_sensors() {
    type Pic = Pic16f1704Framed;
    let pic = Pic::at(ADDRESS);
    let mut part = PicFramed::new(FramedKind::Pic16f1704, FED_FOR);
    let mut sensor = Lm75::new(Resolution::Fixed(11));
    sensor.probe.set_c(61.375);
    part.sensors.push((0x48, sensor));
    part.rail_v = 12.6;
    let mut bench = Bench::new(part);
    let mut run = |ops: Vec<BusOp>| bench.run(&ops).expect("acknowledged");
    run(pic.drain());
    assert_eq!(Pic::read_program(&run(pic.version())), Ok(Program::Loader));
    assert_eq!(Pic::read_reset(&run(pic.reset())), Ok(()));
    assert_eq!(Pic::read_jump(&run(pic.jump())), Ok(()));
    assert_eq!(
        Pic::read_program(&run(pic.version())),
        Ok(Program::Application(0x89))
    );
    assert_eq!(Pic::read_heartbeat(&run(pic.heartbeat())), Ok(()));
    assert_eq!(Pic::read_enable(&run(pic.enable(true))), Ok(()));
    let rail = Pic::read_rail_mv_floor(&run(pic.rail())).expect("reads");
    assert!(rail.abs_diff(12_600) < 30, "{rail}");
    assert!(Pic::read_inputs(&run(pic.inputs())).is_ok());
    let path = Path::Relay {
        controller: pic,
        address: 0x48,
    };
    let probe = Probe::new(SensorPart::Lm75, Channel::Local, path);
    assert_eq!(probe.read(&run(probe.ask())).map(|c| c.c()), Ok(61.375));
    let path = Path::Relay {
        controller: pic,
        address: 0x49,
    };
    let missing = Probe::new(SensorPart::Lm75, Channel::Local, path);
    assert!(missing.read(&run(missing.ask())).is_err());
    assert_eq!(probe.read(&run(probe.ask())).map(|c| c.c()), Ok(61.375));
    assert_eq!(Pic::read_enable(&run(pic.enable(false))), Ok(()));
    assert!(!bench.part.rail_on());
    assert_eq!(bench.part.dangers().count, 0);
}

#[test]
fn the_17_seriess_controller_takes_voltages() {
    type Pic = Dspic33Framed;
    let pic = Pic::at(ADDRESS);
    let mut bench = Bench::new(PicFramed::new(FramedKind::Dspic33, FED_FOR));
    let mut run = |ops: Vec<BusOp>| bench.run(&ops).expect("acknowledged");
    assert_eq!(Pic::read_reset(&run(pic.reset())), Ok(()));
    assert_eq!(Pic::read_jump(&run(pic.jump())), Ok(()));
    assert_eq!(Pic::read_version(&run(pic.version())), Ok(0x89));
    let formula = VoltageCode {
        offset: 1200.0,
        per_volt: 60.0,
    };
    let coded = CodedVoltage::new(&formula, Rounding::Nearest, &(0..=20_000), 18_000);
    let coded = coded.expect("in range");
    assert_eq!(Pic::read_set_voltage(&run(pic.set_voltage(coded))), Ok(()));
    assert_eq!(Pic::read_clamp(&run(pic.clamp(true))), Ok(()));
    assert!(Pic::read_inputs(&run(pic.inputs())).is_ok());
    assert_eq!(bench.part.code(), coded.code());
    assert_eq!(bench.part.dangers().count, 0);
}

#[test]
fn a_boards_memory_says_what_is_written_on_it() {
    for format in [2, 3] {
        let mut data = BoardData::made_up(1, 1_260, 525);
        if format == 2 {
            data.format = 2;
            data.test_program.truncate(9);
            data.tail.truncate(6);
        }
        let mut bench = Bench::new(twin_parts::At24c02::new(data.image()));
        let reads = bench.run(&hashboard_memory::ask(At24c02::at(0x51)));
        let memory = hashboard_memory::read(&reads.expect("acknowledged")).expect("reads");
        assert_eq!((memory.format, memory.serial), (format, data.serial));
        assert_eq!((memory.voltage_mv, memory.frequency_mhz), (12_600, 525));
        assert_eq!(
            (memory.pcb_version, memory.bom_version),
            (data.pcb, data.bom)
        );
        assert_eq!((memory.die, memory.marking), (data.die, data.marking));
        assert_eq!(memory.technology, data.technology);
        assert_eq!(bench.part.dangers().count, 0);
    }
}

/// Places as a board has them, in steps that no part has.
fn places() -> impl Iterator<Item = f64> {
    (-350..=1_190).map(|tenth| f64::from(tenth) / 10.0 + 0.03)
}

#[test]
fn sensors_are_read_to_their_resolution() {
    for (part, resolution, step) in [
        (SensorPart::Lm75, Resolution::Fixed(11), 0.125),
        (SensorPart::Tmp75, Resolution::Configured, 0.0625),
    ] {
        let mut bench = Bench::new(Lm75::new(resolution));
        let probe = Probe::new(part, Channel::Local, Path::Bus { address: 0x48 });
        bench.run(&probe.setup()).expect("acknowledged");
        for c in places() {
            bench.part.probe.set_c(c);
            let reads = bench.run(&probe.ask()).expect("acknowledged");
            match probe.read(&reads) {
                Ok(read) => assert!((read.c() - c).abs() <= step, "{part:?} {c}: {read}"),
                Err(_) => assert!(c.abs() <= step, "{part:?} {c}: only zero is none"),
            }
        }
    }
}

#[test]
fn diodes_are_read_in_both_ranges_and_missing_ones_are_none() {
    let way = Path::Bus { address: 0x4c };
    let mut bench = Bench::new(Tmp451Slave::default());
    let local = Probe::new(SensorPart::Tmp451, Channel::Local, way);
    let remote = Probe::new(SensorPart::Tmp451, Channel::Remote, way);
    for set_up in [false, true] {
        if set_up {
            bench.run(&local.setup()).expect("acknowledged");
        }
        for c in places() {
            let mut place = twin_parts::Probe::default();
            place.set_c(c);
            bench.part.local = place;
            bench.part.remote = Some(place);
            for probe in [local, remote] {
                let reads = bench.run(&probe.ask()).expect("acknowledged");
                match probe.read(&reads) {
                    Ok(read) => assert!((read.c() - c).abs() <= 0.0625, "{c}: {read}"),
                    Err(_) => assert!(!set_up && c < 1.0, "{c}: frost in the small range"),
                }
            }
        }
        bench.part.remote = None;
        let reads = bench.run(&remote.ask()).expect("acknowledged");
        assert_eq!(
            remote.read(&reads).map_err(|e| e.kind),
            Err(PartErrorKind::OpenDiode)
        );
        let reads = bench.run(&local.ask()).expect("acknowledged");
        assert!(local.read(&reads).is_ok());
    }
}

#[test]
fn a_regulator_is_set_up_switched_and_measured() {
    for rail in Rail::ALL {
        let mut part = twin_parts::Tps546::default();
        part.input_v = if rail.max_mv() == 2_000 { 5.0 } else { 12.0 };
        part.die_c = 55.0;
        let mut bench = Bench::new(part);
        let regulator = Tps546::at(0x24);
        let reads = bench.run(&regulator.identify()).expect("acknowledged");
        let known = regulator.read_identity(&reads).expect("known");
        bench.run(&known.setup(rail)).expect("acknowledged");
        assert_eq!(bench.part.output_v(), 0.0, "set up with the output off");
        bench.run(&known.on()).expect("acknowledged");
        for mv in (rail.min_mv()..=rail.max_mv()).step_by(100) {
            let ops = known.set_voltage(rail, mv).expect("inside");
            bench.run(&ops).expect("acknowledged");
            let given = bench.part.output_v() * 1000.0;
            assert!((given - f64::from(mv)).abs() < 2.1 && given <= f64::from(mv) + 1e-6);
            let measured = known.read(&bench.run(&known.ask()).expect("acknowledged"));
            let measured = measured.expect("reads");
            let faults: Vec<RegulatorFault> = measured.status.faults().collect();
            assert_eq!(faults, [], "{mv}");
            assert!(!measured.status.is_off());
            assert!(measured.output.mv().abs_diff(mv) <= 3, "{mv}: {measured:?}");
            assert!((measured.temperature.c() - 55.0).abs() < 0.2);
            assert!((measured.input_v - bench.part.input_v).abs() < 0.1);
        }
        bench.run(&regulator.off()).expect("acknowledged");
        assert_eq!(bench.part.output_v(), 0.0);
        assert_eq!(bench.part.dangers().count, 0);
    }
}

#[test]
fn the_fan_part_is_set_up_and_read() {
    let fan = Emc2101::at(0x4c);
    let mut bench = Bench::new(twin_parts::Emc2101::default());
    let reads = bench.run(&fan.identify()).expect("acknowledged");
    assert_eq!(emc2101::read_identity(&reads), Ok(()));
    bench
        .run(&fan.setup(emc2101::Diode::default()))
        .expect("acknowledged");
    assert_eq!(bench.part.fan_setting(), 63);
    bench
        .run(&fan.set_fan(Duty::new(30)))
        .expect("acknowledged");
    assert_eq!(bench.part.fan_setting(), 19);
    bench.part.rpm = 5_000;
    for c in [-20.0, 25.0, 61.375, 99.875] {
        bench.part.internal.set_c(c);
        bench.part.external.set_c(c);
        let m = emc2101::read(&bench.run(&fan.ask()).expect("acknowledged")).expect("reads");
        let (local, diode) = (m.local.expect("reads").c(), m.diode.expect("reads").c());
        assert!(
            (local - c).abs() <= 1.0 && (diode - c).abs() <= 0.125,
            "{c}"
        );
        let rpm = m.fan.expect("reads").rpm();
        assert!(rpm.abs_diff(5_000) < 5, "{rpm}");
    }
    for (at, expected) in [
        (Diode::Open, PartErrorKind::OpenDiode),
        (Diode::Short, PartErrorKind::ShortedDiode),
    ] {
        bench.part.diode = at;
        let m = emc2101::read(&bench.run(&fan.ask()).expect("acknowledged")).expect("reads");
        assert_eq!(m.diode.map_err(|e| e.kind), Err(expected));
    }
    bench.part.rpm = 0;
    let m = emc2101::read(&bench.run(&fan.ask()).expect("acknowledged")).expect("reads");
    assert_eq!(m.fan, Ok(Rpm::new(0)));
}
