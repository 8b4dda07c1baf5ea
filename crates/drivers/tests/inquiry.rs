//! Questions to single chips: temperatures and counters.

mod common;

use board_support::LinkKind;
use common::Bench;
use drivers::{ChainConfig, ChipSensor, Input};
use protocol::temperature::TemperatureSource;
use protocol::{HashRateCounter, PROFILES, Profile};
use telemetry::{ChainState, Code, Quality};
use units::{ChipIndex, Duration, Instant};

const SOON: Instant = Instant::from_millis(300_000);

fn board(profile: &Profile, link: LinkKind) -> ChainConfig {
    let mut config = common::config(profile.name, link, 12, 3, 400.0, 1_562_500);
    config.hashboard.address_interval = 4;
    config.settle_percent = 1;
    config
}

fn up(config: ChainConfig, sensors: &[ChipSensor], change: impl Fn(&mut Bench)) -> Bench {
    let mut bench = Bench::new(config, 1);
    change(&mut bench);
    bench.chain.set_sensors(sensors);
    bench.input(Input::Start);
    let hashing = |b: &Bench| b.chain.state() == ChainState::Hashing;
    assert!(bench.run_until(SOON, hashing), "{:?}", bench.notes);
    bench
}

const SENSOR: ChipSensor = ChipSensor {
    chip: ChipIndex(7),
    device: 0x4c,
    register: 1,
};

#[test]
fn a_sensor_behind_a_chip_is_read_once_it_is_not_busy() {
    let mut checked = 0;
    for profile in PROFILES {
        let TemperatureSource::I2c(master) = profile.temperature else {
            continue;
        };
        for link in [LinkKind::Uart, LinkKind::FpgaFifo] {
            let mut bench = up(board(profile, link), &[SENSOR], |b| {
                let busy = 0x8198_0100;
                // The temperature, the configuration, and once a second the temperature.
                let values = vec![busy, busy, 0x0098_0142, 0x0098_0300, 0x0098_0142];
                b.script.registers = vec![((7, master.register.0), values)];
            });
            bench.run(Duration::from_secs(8));
            let name = profile.name;
            let read = bench.chain.temperatures()[0];
            assert_eq!(read.temp_c, Some(66.0), "{name}");
            assert_eq!(read.quality, Quality::Good, "{name}");
            let address = 7 * 4;
            let orders: Vec<_> = bench
                .commands()
                .into_iter()
                .filter(|(_, f)| f.len() == 9 && f[2] == address && f[3] == master.register.0)
                .map(|(_, f)| [f[4], f[5], f[6], f[7]])
                .collect();
            assert_eq!(orders[0], [0x01, 0x98, 0x01, 0x00], "{name}");
            assert_eq!(orders[1], [0x01, 0x98, 0x03, 0x00], "{name}");
            assert!(orders[2..].iter().all(|o| *o == orders[0]), "{name}");
            // Misc control leads the pins out and keeps what the baud rate needs.
            let misc = profile.map.misc_control;
            let writes = bench.commands();
            let enables: Vec<_> = writes
                .iter()
                .filter(|(_, f)| f.len() == 9 && f[2] == address && f[3] == misc.0)
                .collect();
            assert_eq!(enables.len(), usize::from(master.enable != 0), "{name}");
            for (_, f) in enables {
                let baud = profile.baud_writes(1_562_500).expect("reachable");
                let value = u32::from_be_bytes([f[4], f[5], f[6], f[7]]);
                assert_eq!(value, baud.last.1 | master.enable, "{name}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 2);
}

/// An open bus reads as ones, which is no -1 °C; 0 and 127 are the ends of the range; more is
/// nothing that a part shows in it.
#[test]
fn what_is_no_measurement_of_a_sensor_behind_a_chip_is_no_temperature() {
    let mut checked = 0;
    for profile in PROFILES {
        let TemperatureSource::I2c(master) = profile.temperature else {
            continue;
        };
        for byte in [0x00, 0x7f, 0x80, 134, 0xff] {
            let mut bench = up(board(profile, LinkKind::Uart), &[SENSOR], |b| {
                b.script.registers = vec![((7, master.register.0), vec![0x0098_0100 | byte])];
            });
            bench.run(Duration::from_secs(60));
            let read = bench.chain.temperatures()[0];
            assert_eq!(read.temp_c, None, "{} {byte:02x}", profile.name);
            assert_eq!(read.quality, Quality::Failed, "{} {byte:02x}", profile.name);
            // Neither is it from a chip that does not show what it was ordered.
            let mut bench = up(board(profile, LinkKind::Uart), &[SENSOR], |b| {
                b.script.registers = vec![((7, master.register.0), vec![byte])];
            });
            bench.run(Duration::from_secs(60));
            let read = bench.chain.temperatures()[0];
            assert_eq!(read.temp_c, None, "{} {byte:02x}", profile.name);
            checked += 1;
        }
    }
    assert!(checked >= 10);
}

#[test]
fn a_sensor_on_the_die_is_started_and_read() {
    for profile in PROFILES {
        let TemperatureSource::OnDie(die) = profile.temperature else {
            continue;
        };
        let mut bench = up(board(profile, LinkKind::Uart), &[SENSOR], |b| {
            b.script.registers = vec![((7, die.result.0), vec![0, 0x8000_080c])];
        });
        bench.run(Duration::from_secs(8));
        let read = bench.chain.temperatures()[0];
        assert!(
            (read.temp_c.expect("read") - 53.45).abs() < 0.01,
            "{read:?}"
        );
        let started = bench
            .commands()
            .into_iter()
            .filter(|(_, f)| f.len() == 9 && f[2] == 28 && f[3] == die.control.0)
            .count();
        // Once a second from five seconds after the ramp on.
        let (times, rest) = (started / die.start.len(), started % die.start.len());
        assert!((2..=5).contains(&times) && rest == 0, "{started}");
    }
}

#[test]
fn a_sensor_that_does_not_answer_fails_and_its_chip_is_told() {
    for profile in PROFILES {
        let mut bench = up(board(profile, LinkKind::Uart), &[SENSOR], |_| {});
        bench.script.dead = vec![7];
        bench.run(Duration::from_secs(120));
        let name = profile.name;
        let note = bench.note(Code::ChainMute);
        assert_eq!(note.detail, "no answer from chip 7 in domain 1", "{name}");
        let mutes = bench.codes().into_iter().filter(|c| *c == Code::ChainMute);
        assert_eq!(mutes.count(), 1, "{name}");
        if profile.temperature != TemperatureSource::None {
            let quality = bench.chain.temperatures()[0].quality;
            assert_eq!(quality, Quality::Failed, "{name}");
        }
        assert_eq!(bench.chain.state(), ChainState::Hashing, "{name}");
    }
}

#[test]
fn a_chain_that_breaks_while_it_hashes_is_told_from_where_on() {
    for profile in PROFILES {
        let mut bench = up(board(profile, LinkKind::Uart), &[], |_| {});
        bench.run(Duration::from_secs(30));
        bench.script.dead = (5..12).collect();
        bench.run(Duration::from_secs(60));
        let notes: Vec<_> = bench
            .notes
            .iter()
            .filter(|n| n.code == Code::ChainMute)
            .map(|n| n.detail.as_str())
            .collect();
        let expected = ["no answer from chip 5 in domain 1 and all behind it"];
        assert_eq!(notes, expected, "{}", profile.name);
    }
}

#[test]
fn sensors_of_chips_that_a_board_does_not_have_are_left_out() {
    let nowhere = ChipSensor {
        chip: ChipIndex(12),
        ..SENSOR
    };
    let bench = up(board(PROFILES[0], LinkKind::Uart), &[nowhere], |_| {});
    assert_eq!(bench.chain.temperatures(), []);
}

#[test]
fn errors_that_a_chip_counts_are_told() {
    for profile in PROFILES {
        let Some(errors) = profile.counters.nonce_errors else {
            continue;
        };
        let mut bench = up(board(profile, LinkKind::Uart), &[], |b| {
            b.script.registers = vec![((3, errors.0), vec![100, 157])];
        });
        bench.run(Duration::from_secs(60));
        let note = bench.note(Code::ChainCounters);
        assert_eq!(
            note.detail, "chip=3 domain=0 nonce_errors=57",
            "{}",
            profile.name
        );
    }
}

#[test]
fn a_chip_whose_count_of_hashes_falls_behind_is_told_and_one_that_never_counted_is_not() {
    for profile in PROFILES {
        let Some(HashRateCounter::Hashes(total)) = profile.counters.hash_rate else {
            continue;
        };
        let mut bench = up(board(profile, LinkKind::Uart), &[], |b| {
            // Chip 5 counted and stops; the others never counted.
            b.script.registers = vec![((5, total.0), vec![1000, 900_000, 900_001])];
        });
        bench.run(Duration::from_secs(60));
        let note = bench.note(Code::ChainCounters);
        let told = note.detail.as_str();
        assert!(
            told.starts_with("chip=5 domain=1 hash_rate_percent="),
            "{told}"
        );
        assert_eq!(
            bench.codes().len(),
            2,
            "{}: {:?}",
            profile.name,
            bench.notes
        );
    }
}

#[test]
fn a_healthy_chain_is_asked_without_a_word() {
    for profile in PROFILES {
        let mut bench = up(board(profile, LinkKind::Uart), &[SENSOR], |b| {
            let part = |master| common::Relayed::at(7, master, 64.0);
            b.script.relayed = vec![part(0x20), part(0x1c)];
        });
        bench.run(Duration::from_secs(600));
        let codes = bench.codes();
        let others = codes
            .iter()
            .filter(|c| !matches!(c, Code::ChainUp | Code::ChainBaud));
        assert_eq!(others.count(), 0, "{}: {:?}", profile.name, bench.notes);
    }
}
