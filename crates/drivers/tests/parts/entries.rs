//! What fuzzing calls, and a bounded random test calls too: any bytes as the answer of every
//! part. Panics if a promise does not hold.

use board_support::{Channel, SensorPart};
use drivers::parts::apw::{self, Answer, Request};
use drivers::parts::dspic33::Dspic33Framed;
use drivers::parts::pic16f1704_framed::Pic16f1704Framed;
use drivers::parts::tps546::{Tps546, linear11, linear11_of};
use drivers::parts::{Path, Probe, emc2101, hashboard_memory, pic16f1704, tmp421};

/// Any bytes as every part's answer, in one read, and in as many as there are bytes.
pub(crate) fn parts(bytes: &[u8]) {
    let whole = [bytes.to_vec()];
    let each: Vec<Vec<u8>> = bytes.iter().map(|b| vec![*b]).collect();
    for reads in [&whole[..], &each[..]] {
        supply(reads);
        controllers(reads);
        sensors(reads);
        let _ = hashboard_memory::read(reads);
        regulator_and_fan(reads);
    }
    if let Ok(memory) = hashboard_memory::decode(bytes) {
        assert!(memory.serial.len() == 17 && memory.serial.is_ascii());
    }
}

fn supply(reads: &[Vec<u8>]) {
    let _ = apw::read_probe(reads);
    let requests = [
        Request::version(),
        Request::supply_type(),
        Request::code(),
        Request::watchdog(true),
    ];
    for request in requests.into_iter().chain(Request::status(0x75)) {
        let bytes = reads.concat();
        if let Ok(answer) = request.read(reads) {
            // What is taken stands there, in the supply's byte order.
            let word = u16::from_le_bytes([bytes[4], bytes[5]]);
            match answer {
                Answer::Version(w) | Answer::Type(w) | Answer::Status(w) => assert_eq!(w, word),
                Answer::Code(code) => assert_eq!(u16::from(code), word),
                Answer::CodeSet(_) => panic!("nothing was set"),
                Answer::WatchdogSet => {}
            }
        }
    }
}

fn controllers(reads: &[Vec<u8>]) {
    let _ = pic16f1704::read_version(reads);
    let _ = pic16f1704::read_voltage(reads);
    let _ = Pic16f1704Framed::read_reset(reads);
    let _ = Pic16f1704Framed::read_jump(reads);
    let _ = Pic16f1704Framed::read_enable(reads);
    let _ = Pic16f1704Framed::read_heartbeat(reads);
    let _ = Pic16f1704Framed::read_program(reads);
    let _ = Pic16f1704Framed::read_inputs(reads);
    let _ = Pic16f1704Framed::read_relay_pointer(reads);
    if let Ok(mv) = Pic16f1704Framed::read_rail_mv_floor(reads) {
        assert!(mv < 25_080, "more than the converter's full scale");
    }
    if let Ok(data) = Pic16f1704Framed::read_relay(reads) {
        assert!(!data.is_empty() && data.len() < reads.concat().len());
    }
    let _ = Dspic33Framed::read_version(reads);
    let _ = Dspic33Framed::read_set_voltage(reads);
    let _ = Dspic33Framed::read_clamp(reads);
    let _ = Dspic33Framed::read_inputs(reads);
}

fn sensors(reads: &[Vec<u8>]) {
    let ways = [
        Path::Bus { address: 0x48 },
        Path::Relay {
            controller: Pic16f1704Framed::at(0x20),
            address: 0x48,
        },
    ];
    let parts = [
        SensorPart::Lm75,
        SensorPart::Tmp75,
        SensorPart::Tmp451,
        SensorPart::Nct218,
    ];
    for path in ways {
        for part in parts {
            for channel in [Channel::Local, Channel::Remote] {
                if let Ok(celsius) = Probe::new(part, channel, path).read(reads) {
                    assert!((-64.0..191.0).contains(&celsius.c()), "{celsius}");
                }
            }
        }
    }
    if let Ok(celsius) = tmp421::celsius(&reads.concat()) {
        assert!((-64.0..191.0).contains(&celsius.c()), "{celsius}");
    }
}

fn regulator_and_fan(reads: &[Vec<u8>]) {
    let regulator = Tps546::at(0x24);
    let _ = regulator.read_identity(reads);
    let identity = [6, 0x54, 0x49, 0x54, 0x6b, 0x24, 0x41, 0x97];
    if let Ok(known) = regulator.read_identity(&[identity.to_vec()])
        && let Ok(measured) = known.read(reads)
    {
        assert!(measured.output.mv() < 128_000 && measured.input_v.is_finite());
        assert!(measured.status.faults().count() <= 10);
    }
    let _ = emc2101::read(reads);
    let _ = emc2101::read_identity(reads);
    for two in reads.concat().chunks_exact(2) {
        let value = linear11(u16::from_le_bytes([two[0], two[1]]));
        assert_eq!(linear11(linear11_of(value)), value);
    }
}
