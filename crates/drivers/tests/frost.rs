//! Sensors behind chips in frost: the extended range, and the 64 °C that it can be wrong by.

mod common;

use std::ops::RangeInclusive;

use board_support::LinkKind;
use common::{Bench, Relayed};
use drivers::{ChainConfig, ChipSensor, ChipTemperature, Input};
use protocol::temperature::TemperatureSource;
use protocol::{PROFILES, Profile};
use telemetry::{ChainState, Quality};
use units::{ChipIndex, Duration, Instant};

const PLACE: u16 = 7;
const TO_EXTENDED: u32 = 0x0199_0904;
const TO_POWER_ON: u32 = 0x0199_0900;

const LOCAL: ChipSensor = ChipSensor {
    chip: ChipIndex(PLACE),
    device: 0x4c,
    register: 0,
};
const REMOTE: ChipSensor = ChipSensor {
    register: 1,
    ..LOCAL
};

/// Chips with an I2C master.
fn relaying() -> impl Iterator<Item = (&'static Profile, u8)> {
    PROFILES.iter().filter_map(|profile| {
        let TemperatureSource::I2c(master) = profile.temperature else {
            return None;
        };
        Some((*profile, master.register.0))
    })
}

/// A chain that hashes since now, whose sensor at `c` was changed before.
fn up(
    (profile, master): (&'static Profile, u8),
    c: f64,
    sensors: &[ChipSensor],
    change: impl Fn(&mut Relayed),
) -> Bench {
    let mut config: ChainConfig =
        common::config(profile.name, LinkKind::Uart, 12, 3, 400.0, 1_562_500);
    config.hashboard.address_interval = 4;
    config.settle_percent = 1;
    let mut bench = Bench::new(config, 1);
    let mut part = Relayed::at(PLACE, master, c);
    change(&mut part);
    bench.script.relayed = vec![part];
    bench.chain.set_sensors(sensors);
    bench.input(Input::Start);
    let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
    let soon = Instant::from_millis(300_000);
    assert!(bench.run_until(soon, hashing), "{:?}", bench.notes);
    bench
}

fn part(bench: &mut Bench) -> &mut Relayed {
    &mut bench.script.relayed[0]
}

fn read(bench: &Bench, sensor: usize) -> ChipTemperature {
    bench.chain.temperatures()[sensor]
}

/// Orders since `from`, and how many there were of each second.
fn orders(bench: &Bench, from: Instant) -> (Vec<u32>, f64) {
    let all = bench.script.relayed[0].orders.iter();
    let orders: Vec<u32> = all.filter(|o| o.0 >= from).map(|o| o.1).collect();
    let seconds = bench.now.since(from).as_secs_f64();
    let per_s = orders.len() as f64 / seconds;
    (orders, per_s)
}

/// For so long no reading may be outside of `range`; 1 ms is less than any two readings are apart.
fn never_outside(bench: &mut Bench, range: RangeInclusive<f64>, time: Duration) {
    let end = bench.now + time;
    let outside = |b: &Bench| {
        let temperatures = b.chain.temperatures();
        temperatures
            .iter()
            .any(|t| t.temp_c.is_some_and(|c| !range.contains(&c)))
    };
    assert!(
        !bench.run_until(end, outside),
        "{:?} at {:?}",
        bench.chain.temperatures(),
        bench.now
    );
}

#[test]
fn a_warm_sensor_is_asked_for_one_byte_a_second() {
    for chip in relaying() {
        let mut bench = up(chip, 45.0, &[REMOTE], |_| {});
        bench.run(Duration::from_secs(60));
        assert_eq!(read(&bench, 0).temp_c, Some(45.0));
        let (orders, per_s) = orders(&bench, Instant::ZERO);
        // Which range it is in, once.
        assert_eq!(orders[..2], [0x0198_0100, 0x0198_0300]);
        assert!(orders[2..].iter().all(|o| *o == 0x0198_0100));
        assert!(per_s < 1.0, "{per_s}");
    }
}

#[test]
fn frost_is_measured_before_a_sensor_counts_as_silent() {
    for chip in relaying() {
        for (sensor, c) in [
            (LOCAL, -15.0),
            (REMOTE, -39.5),
            (REMOTE, 0.5),
            (LOCAL, -0.25),
        ] {
            let mut bench = up(chip, c, &[sensor], |_| {});
            // The first question is put 5 s after the ramp; control gives up after 8.
            let soon = bench.now + Duration::from_secs(6);
            let measured = |b: &Bench| read(b, 0).temp_c.is_some();
            assert!(bench.run_until(soon, measured), "{c}");
            bench.run(Duration::from_secs(10));
            let found = read(&bench, 0);
            assert_eq!((found.temp_c, found.quality), (Some(c), Quality::Good));
            assert!(bench.now.since(found.at) <= Duration::from_millis(1100));
            // Temperature, configuration, fraction.
            let from = bench.now;
            bench.run(Duration::from_secs(10));
            let (orders, per_s) = orders(&bench, from);
            assert!((2.7..3.3).contains(&per_s), "{per_s}");
            assert!(!orders.contains(&TO_EXTENDED) && !orders.contains(&TO_POWER_ON));
        }
    }
}

#[test]
fn a_sensor_that_cools_into_frost_and_thaws_is_read_all_the_way() {
    for chip in relaying() {
        let mut bench = up(chip, 20.0, &[REMOTE], |_| {});
        bench.run(Duration::from_secs(10));
        let way = (0..160).map(|i| 20.0 - f64::from(i) / 4.0);
        let way = way.clone().chain(way.rev());
        for c in way {
            part(&mut bench).remote_c = c;
            // Two readings: the one that is below the range tells nothing.
            bench.run(Duration::from_millis(2200));
            let found = read(&bench, 0);
            let off = c - found.temp_c.expect("measured");
            assert!((0.0..1.0).contains(&off), "{c}: {found:?}");
            assert_eq!(found.quality, Quality::Good, "{c}");
            assert!(
                bench.now.since(found.at) <= Duration::from_millis(1700),
                "{c}"
            );
        }
        let (all, _) = orders(&bench, Instant::ZERO);
        let count = |word| all.iter().filter(|o| **o == word).count();
        assert_eq!((count(TO_EXTENDED), count(TO_POWER_ON)), (1, 1));
        // And costs no more than before.
        let from = bench.now;
        bench.run(Duration::from_secs(10));
        let (orders, _) = orders(&bench, from);
        assert!(orders.iter().all(|o| *o == 0x0198_0100), "{orders:08x?}");
    }
}

#[test]
fn a_sensor_that_refuses_the_range_stays_silent_and_is_not_asked_without_end() {
    for chip in relaying() {
        let mut bench = up(chip, -15.0, &[REMOTE], |part| part.obeys = false);
        bench.run(Duration::from_secs(60));
        let found = read(&bench, 0);
        assert_eq!((found.temp_c, found.quality), (None, Quality::Failed));
        let (_, per_s) = orders(&bench, Instant::ZERO);
        assert!(per_s < 4.5, "{per_s}");
        // It is read as always once it is warm.
        part(&mut bench).remote_c = 30.0;
        bench.run(Duration::from_secs(2));
        assert_eq!(read(&bench, 0).temp_c, Some(30.0));
    }
}

/// Whatever range it is in: a register that nobody writes, or a diode that is shorted.
#[test]
fn a_sensor_that_is_0_for_ever_does_not_become_a_cold_one() {
    for chip in relaying() {
        let mut bench = up(chip, 40.0, &[REMOTE], |part| part.broken = Some(0));
        bench.run(Duration::from_secs(60));
        let found = read(&bench, 0);
        assert_eq!((found.temp_c, found.quality), (None, Quality::Failed));
    }
    // A bus that is held low gives 0 for all that is asked, and acknowledges all.
    for (profile, master) in relaying() {
        let mut bench = up((profile, master), 40.0, &[REMOTE], |_| {});
        bench.run(Duration::from_secs(10));
        part(&mut bench).broken = Some(0);
        part(&mut bench).rate = 0;
        bench.run(Duration::from_secs(20));
        assert_eq!(read(&bench, 0).quality, Quality::Failed);
        let (orders, _) = orders(&bench, Instant::ZERO);
        assert!(!orders.contains(&TO_EXTENDED));
    }
}

/// A hot part that showed one 0 is still in its old range for a sixteenth of a second, when its
/// configuration says the new one: 66 would be 2 °C.
#[test]
fn a_value_of_the_old_range_is_not_taken_for_one_of_the_new() {
    for chip in relaying() {
        for c in [45.0, 66.0, 90.0, 120.0] {
            let mut bench = up(chip, c, &[REMOTE], |part| {
                part.converts = Duration::from_millis(250);
                part.rate = 6;
            });
            bench.run(Duration::from_secs(10));
            for _ in 0..20 {
                part(&mut bench).glitch = Some(0);
                never_outside(&mut bench, c..=c, Duration::from_millis(3_170));
            }
            let (orders, _) = orders(&bench, Instant::ZERO);
            assert!(orders.contains(&TO_EXTENDED) && orders.contains(&TO_POWER_ON));
        }
    }
}

/// One that converts more seldom than a range may take is not told another.
#[test]
fn a_part_that_converts_too_seldom_stays_in_its_range() {
    for chip in relaying() {
        let mut bench = up(chip, 66.0, &[REMOTE], |part| {
            part.converts = Duration::from_secs(16);
            part.rate = 0;
        });
        for _ in 0..20 {
            part(&mut bench).glitch = Some(0);
            never_outside(&mut bench, 66.0..=66.0, Duration::from_millis(3_170));
        }
    }
}

/// It is in its range at power-on again, and hot.
#[test]
fn a_part_that_loses_its_range_is_never_read_too_cold() {
    for chip in relaying() {
        for hot_c in [40.0, 66.0, 70.0, 95.0] {
            // Before, between and after the questions of a reading.
            for ms in 0..30 {
                let mut bench = up(chip, -20.0, &[REMOTE], |_| {});
                bench.run(Duration::from_secs(9));
                assert_eq!(read(&bench, 0).temp_c, Some(-20.0));
                let before = part(&mut bench).orders.len();
                let end = bench.now + Duration::from_secs(2);
                let begins = |b: &Bench| b.script.relayed[0].orders.len() > before;
                assert!(bench.run_until(end, begins));
                bench.run(Duration::from_millis(ms));
                part(&mut bench).power_on();
                part(&mut bench).remote_c = hot_c;
                let end = bench.now + Duration::from_secs(3);
                let lies = |b: &Bench| {
                    let c = read(b, 0).temp_c.expect("measured before");
                    c != -20.0 && c < hot_c
                };
                assert!(!bench.run_until(end, lies), "{:?}", read(&bench, 0));
                assert_eq!(read(&bench, 0).temp_c, Some(hot_c));
            }
        }
    }
}

#[test]
fn a_part_that_was_left_in_the_extended_range_is_read_in_it_and_put_back() {
    for chip in relaying() {
        for c in [-15.0, 7.0, 20.0, 70.0, 100.0] {
            let mut bench = up(chip, c, &[REMOTE], |part| part.configuration = 4);
            never_outside(&mut bench, c..=c, Duration::from_secs(20));
            assert_eq!(read(&bench, 0).temp_c, Some(c));
            let left = part(&mut bench).configuration;
            assert_eq!(left, if c < 8.0 { 4 } else { 0 }, "{c}");
        }
        // A configuration that nobody here understands is no range, and is put right.
        let mut bench = up(chip, 50.0, &[REMOTE], |part| part.configuration = 0x84);
        never_outside(&mut bench, 50.0..=50.0, Duration::from_secs(20));
        assert_eq!(read(&bench, 0).temp_c, Some(50.0));
    }
}

#[test]
fn two_diodes_of_a_part_share_its_range() {
    for chip in relaying() {
        for (local_c, remote_c) in [(-6.0, 14.0), (-6.0, -3.0), (40.0, -2.0), (0.5, 60.0)] {
            let mut bench = up(chip, local_c, &[LOCAL, REMOTE], |part| {
                part.remote_c = remote_c;
            });
            let told = |b: &Bench| read(b, 0).temp_c.is_some() && read(b, 1).temp_c.is_some();
            let soon = bench.now + Duration::from_secs(7);
            assert!(bench.run_until(soon, told));
            for _ in 0..100 {
                let found = (read(&bench, 0).temp_c, read(&bench, 1).temp_c);
                assert_eq!(found, (Some(local_c), Some(remote_c)));
                bench.run(Duration::from_millis(170));
            }
            // One that is shorted keeps the other readable.
            part(&mut bench).remote_c = -100.0;
            bench.run(Duration::from_secs(10));
            assert_eq!(read(&bench, 0).temp_c, Some(local_c));
            assert_eq!(read(&bench, 0).quality, Quality::Good);
            assert_eq!(read(&bench, 1).quality, Quality::Failed);
        }
    }
}

/// A relay goes on to show its transfer before: what was asked for is not what is read.
#[test]
fn an_order_that_is_lost_does_not_make_an_older_byte_a_temperature() {
    for chip in relaying() {
        for c in [-15.0, -0.5, 45.0] {
            let mut bench = up(chip, c, &[LOCAL, REMOTE], |_| {});
            bench.run(Duration::from_secs(10));
            for register in [0x00, 0x01, 0x03, 0x10, 0x15] {
                part(&mut bench).loses = Some(register);
                never_outside(&mut bench, c..=c, Duration::from_millis(2_500));
            }
        }
    }
}
