//! [`FpgaI2c`] over a scripted register, and against the captured trace.

use serde_json::Value;

use super::*;

/// The register: ready `takes` after a write, then with the next byte of `reads`.
#[derive(Default)]
struct Script {
    value: u32,
    ready_at: Instant,
    takes: Duration,
    reads: Vec<u8>,
    writes: Vec<u32>,
    looks: u64,
    /// Or-ed to what a finished call shows.
    also: u32,
}

impl RegisterWindow for Script {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        assert_eq!(offset, 0x030);
        self.looks += 1;
        if now < self.ready_at {
            return self.value;
        }
        if self.value & (READY | READ) == READ && !self.reads.is_empty() {
            self.value = self.value & !0xFF | u32::from(self.reads.remove(0));
        }
        self.value |= READY | self.also;
        self.value
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        assert_eq!(offset, 0x030);
        assert!(
            self.value & READY != 0,
            "written while the engine was not ready"
        );
        self.writes.push(value);
        // While it reads, the low byte keeps what was there (captured).
        let kept = if value & READ != 0 {
            self.value & 0xFF
        } else {
            0
        };
        self.value = value | kept;
        self.ready_at = now + self.takes;
    }
}

fn engine(takes_us: u64, reads: &[u8]) -> FpgaI2c<Script> {
    FpgaI2c::new(Script {
        value: 0x8240_0001,
        takes: Duration::from_micros(takes_us),
        reads: reads.to_vec(),
        ..Script::default()
    })
}

/// Do it, looking when the engine says; the time of the end in milliseconds and the result.
fn run(
    engine: &mut FpgaI2c<Script>,
    transfer: I2cTransfer<'_>,
) -> (u64, Result<Vec<u8>, BusError>) {
    let mut now = Instant::ZERO;
    engine.begin(now, transfer);
    for _ in 0..10_000 {
        now = engine.next_event().expect("something in flight").max(now);
        if let Some(result) = engine.poll(now) {
            assert_eq!(engine.next_event(), None);
            return (now.as_nanos() / 1_000_000, result);
        }
    }
    panic!("never ends");
}

fn transfer(bus: BusId, address: u8, write: &[u8], read: u16) -> I2cTransfer<'_> {
    I2cTransfer {
        bus,
        address,
        write,
        read,
    }
}

const BOARDS: BusId = BusId::Hashboards;

#[test]
fn an_engine_that_is_never_ready_is_stuck_before_and_after_the_write() {
    let mut never = engine(10_000_000, &[]);
    never.window().value = 0x0240_0001;
    never.window().ready_at = Instant::NEVER;
    let ask = transfer(BOARDS, 0x20, &[], 1);
    assert_eq!(run(&mut never, ask), (500, Err(BusError::Stuck)));
    assert!(never.window().writes.is_empty());

    let mut hangs = engine(10_000_000, &[]);
    assert_eq!(run(&mut hangs, ask), (500, Err(BusError::Stuck)));
    assert_eq!(hangs.window().writes, [0x0240_0000]);
    let looks = hangs.window().looks;
    assert!(looks < 60, "{looks} looks at a stuck engine");
}

#[test]
fn the_error_bit_is_taken_for_no_acknowledgement() {
    let mut engine = engine(1400, &[]);
    engine.window().also = REFUSED;
    let ask = transfer(BOARDS, 0x50, &[0], 1);
    assert_eq!(run(&mut engine, ask).1, Err(BusError::Nack));
    // The bit stays in the register; the next call is made nevertheless.
    engine.window().also = 0;
    engine.window().reads = vec![7];
    assert_eq!(run(&mut engine, ask).1, Ok(vec![7]));
}

#[test]
fn an_answer_to_another_question_is_none() {
    let mut engine = engine(1400, &[9]);
    // Somebody else's call to 0x21 ends instead of ours to 0x20.
    engine.window().also = 0x0001_0000;
    let ask = transfer(BOARDS, 0x20, &[], 1);
    assert_eq!(run(&mut engine, ask), (500, Err(BusError::Stuck)));
}

#[test]
fn after_an_abort_the_next_call_waits_until_the_engine_is_free() {
    let mut engine = engine(117_000, &[1, 2]);
    let ask = transfer(BusId::Supply, 0x10, &[0x11], 1);
    engine.begin(Instant::ZERO, ask);
    engine.abort(Instant::ZERO);
    assert_eq!(engine.next_event(), None);
    assert_eq!(engine.poll(Instant::from_millis(200)), None);
    // The script refuses a write while the first call still runs.
    let (ms, result) = run(&mut engine, ask);
    assert_eq!(result, Ok(vec![2]));
    assert!((234..=270).contains(&ms), "{ms}");
}

#[test]
fn what_one_call_cannot_do_is_refused() {
    let engine = engine(0, &[]);
    let check = |address, write: &[u8], read, expected| {
        let transfer = transfer(BOARDS, address, write, read);
        assert_eq!(engine.can(transfer), expected, "{transfer:?}");
    };
    for (write, read, expected) in [
        (&[][..], 1, true),
        (&[7], 1, true),
        (&[7], 0, true),
        (&[7, 8], 0, true),
        // A probe, a sensor's 16-bit register, a frame in one piece, a word read.
        (&[], 0, false),
        (&[0], 2, false),
        (&[0x55, 0xAA, 4, 0x16], 0, false),
        (&[], 2, false),
        (&[7, 8], 1, false),
    ] {
        check(0x20, write, read, expected);
        check(0x48, write, read, expected);
    }
    // A memory gives its bytes one by one, up to its end.
    for (first, read, expected) in [
        (0, 256, true),
        (0, 257, false),
        (0xFF, 1, true),
        (0xFF, 2, false),
        (0x80, 128, true),
    ] {
        check(0x50, &[first], read, expected);
        check(0x57, &[first], read, expected);
    }
    check(0x50, &[], 2, false);
    check(0x58, &[0], 2, false);
    check(0x80, &[0], 1, false);
}

#[test]
fn what_was_refused_and_begun_all_the_same_is_unsupported() {
    let mut engine = engine(1400, &[]);
    let (_, result) = run(&mut engine, transfer(BOARDS, 0x20, &[], 0));
    assert_eq!(result, Err(BusError::Unsupported));
    assert!(engine.window().writes.is_empty());
}

#[test]
fn a_memory_is_read_byte_by_byte_as_captured() {
    let bytes = [0x11, 0x42, 0x17, 0x35];
    let mut engine = engine(1400, &bytes);
    let (ms, result) = run(&mut engine, transfer(BOARDS, 0x51, &[0xFC], 4));
    assert_eq!(result, Ok(bytes.to_vec()));
    assert_eq!(
        engine.window().writes,
        [0x03A1_FC00, 0x03A1_FD00, 0x03A1_FE00, 0x03A1_FF00]
    );
    assert_eq!(ms, 6);
}

#[test]
fn slots_are_the_low_address_bits() {
    for (address, expected) in [
        (0x20, 0x0040_0016),
        (0x21, 0x0041_0016),
        (0x22, 0x0042_0016),
        (0x57, 0x00A7_0016),
        (0x7F, 0x00F7_0016),
    ] {
        assert_eq!(
            encode(transfer(BOARDS, address, &[0x16], 0)),
            Some(expected)
        );
    }
}

/// One call of the trace: its fields, and what the register showed of it.
#[derive(Debug)]
struct Captured {
    transfer: (BusId, u8, Vec<u8>, u16),
    /// What the host must have written; for a read without the low byte, which the FPGA keeps.
    written: u32,
    /// The byte read.
    read: Option<u8>,
    /// The register when it was seen to be ready.
    ready: Option<u32>,
}

/// A call that was seen running and one that was seen ready, or either: the logger was slower
/// than some calls. A read whose end was missed shows its byte in the next read's low byte.
fn calls(entries: &[Value]) -> Vec<Captured> {
    let hex = |v: &Value| {
        let text = v.as_str().expect("hex").trim_start_matches("0x");
        u32::from_str_radix(text, 16).expect("hex")
    };
    let mut calls: Vec<Captured> = Vec::new();
    let mut running = false;
    for entry in entries {
        let value = hex(&entry["value"]);
        let is_read = entry["read"] == 1;
        let data = hex(&entry["data"]) as u8;
        let mask = if is_read { 0x7FFF_FF00 } else { 0x7FFF_FFFF };
        let ready = entry["ready"] == 1;
        let continues = ready && running && calls.last().is_some_and(|c| c.written == value & mask);
        if !continues {
            let last = calls.last_mut().filter(|_| running && is_read && !ready);
            if let Some(last) = last.filter(|last| last.read.is_none() && last.transfer.3 == 1) {
                last.read = Some(data);
            }
            let bus = [BusId::Hashboards, BusId::Supply]
                [entry["master"].as_u64().expect("master") as usize];
            let address = (hex(&entry["addr8"]) >> 1) as u8;
            let register = (entry["regvalid"] == 1).then(|| hex(&entry["reg"]) as u8);
            let write = register.into_iter().chain((!is_read).then_some(data));
            calls.push(Captured {
                transfer: (bus, address, write.collect(), u16::from(is_read)),
                written: value & mask,
                read: None,
                ready: None,
            });
        }
        if ready {
            let last = calls.last_mut().expect("one");
            last.ready = Some(value);
            last.read = is_read.then_some(data);
        }
        running = !ready;
    }
    calls
}

#[test]
fn every_call_of_the_captured_trace_is_made_and_read_alike() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/vectors/fpga/x19-i2c-register-trace.json"
    );
    let text = std::fs::read_to_string(path).expect("vector");
    let trace: Value = serde_json::from_str(&text).expect("JSON");
    let mut counts = Vec::new();
    for section in ["eeprom_first", "psu", "pic"] {
        let calls = calls(trace[section].as_array().expect("entries"));
        let mut bytes_read = 0;
        for call in &calls {
            let (bus, address, write, read) = &call.transfer;
            let mut engine = engine(1400, &call.read.map_or(vec![0], |byte| vec![byte]));
            let (_, result) = run(&mut engine, transfer(*bus, *address, write, *read));
            assert_eq!(
                engine.window().writes,
                [call.written],
                "{section} {call:x?}"
            );
            if let Some(ready) = call.ready {
                assert_eq!(engine.window().value, ready, "{section} {call:x?}");
            }
            match (read, call.read) {
                (0, _) => assert_eq!(result, Ok(vec![])),
                (_, Some(byte)) => {
                    bytes_read += 1;
                    assert_eq!(result, Ok(vec![byte]), "{section} {call:x?}");
                }
                (_, None) => {}
            }
        }
        counts.push((section, calls.len(), bytes_read));
    }
    // Calls, and bytes read, so that nothing is skipped unseen. The supply's are 2 probes, 20
    // bytes of three orders and 24 of their answers. Equal calls in a row were logged once.
    assert_eq!(
        counts,
        [("eeprom_first", 13, 12), ("psu", 46, 26), ("pic", 146, 54)]
    );
}
