use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::*;

const SLOT: ChainSlot = ChainSlot(2);

/// Registers with a memory, FIFOs that somebody fills, and a log of writes.
#[derive(Default)]
struct Core {
    version: u32,
    writes: Vec<(u32, u32)>,
    command_rx: VecDeque<u32>,
    work_rx: VecDeque<u32>,
    errors: u32,
    /// What the status of commands and works towards the chips says.
    command_tx: u32,
    work_tx: u32,
    /// Words that wait for the chips, and how few are few.
    words: u32,
    threshold: u32,
    fault: Option<i32>,
}

impl RegisterWindow for Core {
    fn read32(&mut self, _: Instant, offset: u32) -> u32 {
        let status = |fifo: &VecDeque<u32>| if fifo.is_empty() { RX_EMPTY } else { 0 };
        match offset {
            VERSION => self.version,
            ERRORS => self.errors,
            COMMAND_RX => self.command_rx.pop_front().unwrap_or(0xDEAD_BEEF),
            WORK_RX => self.work_rx.pop_front().unwrap_or(0xDEAD_BEEF),
            COMMAND_STATUS => status(&self.command_rx) | self.command_tx,
            WORK_RX_STATUS => status(&self.work_rx),
            WORK_TX_STATUS if self.words < self.threshold => self.work_tx | FEW_WORDS,
            WORK_TX_STATUS => self.work_tx,
            _ => panic!("0x{offset:04x} was read"),
        }
    }

    fn write32(&mut self, _: Instant, offset: u32, value: u32) {
        self.writes.push((offset, value));
        match offset {
            WORK_TX => self.words += 1,
            WORK_TX_THRESHOLD => self.threshold = value,
            _ => {}
        }
    }

    fn take_fault(&mut self) -> Option<i32> {
        self.fault.take()
    }
}

fn port() -> OpenCorePort<Core> {
    let core = Core {
        version: 0x0090_1000,
        command_tx: TX_EMPTY,
        work_tx: TX_EMPTY,
        ..Core::default()
    };
    OpenCorePort::new(SLOT, core)
}

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    digits
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex"))
        .collect()
}

fn command(hex: &str) -> LinkOp {
    LinkOp::Command(Frame::new(&bytes(hex)).expect("short"))
}

fn vectors(file: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/bm13xx/");
    let text = std::fs::read_to_string(format!("{folder}{file}")).expect("vectors");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all["vectors"].as_array().expect("vectors").clone()
}

/// What was written to a register.
fn written(port: &mut OpenCorePort<Core>, register: u32) -> Vec<u32> {
    let writes = port.window().writes.iter();
    let here = writes.filter(|(offset, _)| *offset == register);
    here.map(|(_, value)| *value).collect()
}

fn polled(port: &mut OpenCorePort<Core>, now: Instant) -> Vec<LinkEvent> {
    let mut events = Vec::new();
    port.poll(now, &mut events);
    assert!(events.iter().all(|(slot, _)| *slot == SLOT));
    events.into_iter().map(|(_, event)| event).collect()
}

fn running() -> OpenCorePort<Core> {
    let mut port = port();
    port.submit(at(0), SLOT, command("5405000000"));
    polled(&mut port, at(0));
    port.window().writes.clear();
    port
}

#[test]
fn commands_become_words_without_checksum() {
    for (hex, words) in [
        // The two examples of the core's own description.
        ("4105fc000b", &[0x00FC_0541][..]),
        ("4809000c0068022102", &[0x0C00_0948, 0x2102_6800]),
        // The chips' preamble is the core's.
        ("55aa520500000a", &[0x0000_0552]),
        ("55aa510900180000ba0114", &[0x1800_0951, 0x01BA_0000]),
    ] {
        let mut port = port();
        port.submit(at(0), SLOT, command(hex));
        assert_eq!(polled(&mut port, at(0)), []);
        assert_eq!(written(&mut port, COMMAND_TX), words, "{hex}");
        let preamble = if hex.starts_with("55aa") { PREAMBLE } else { 0 };
        assert_eq!(written(&mut port, CONTROL), [preamble, preamble | ENABLE]);
    }
}

#[test]
fn works_become_the_words_of_the_cores_own_test_bench() {
    let jobs = vectors("jobs.json");
    let of_bench = |v: &&Value| {
        v["source"][0]
            .as_str()
            .unwrap_or("")
            .contains("axi_bm13xx_tb")
    };
    let mut seen = BTreeMap::new();
    for job in jobs.iter().filter(of_bench) {
        let hex = job["hex"].as_str().expect("hex");
        let frame = bytes(hex);
        let mut port = running();
        port.submit(at(0), SLOT, LinkOp::SetWorkPeriod(Duration::from_millis(5)));
        port.submit(at(0), SLOT, LinkOp::Work(Frame::new(&frame).expect("fits")));
        let sent = LinkEvent::Work { queued: 0, sent: 1 };
        assert_eq!(polled(&mut port, at(0)), [sent]);
        let words = written(&mut port, WORK_TX);
        // Put on the wire as the core does: id, count and an empty nonce; then the words.
        let frame = frame.strip_prefix(&[0x55, 0xAA]).unwrap_or(&frame);
        let mut wire = vec![0x21, frame[1], words[0] as u8, frame[3], 0, 0, 0, 0];
        wire.extend(words[1..4].iter().flat_map(|word| word.to_le_bytes()));
        wire.extend(words[4..].iter().flat_map(|word| word.to_be_bytes()));
        assert_eq!(wire, frame[..frame.len() - 2], "{hex}");
        let log2 = frame[3].ilog2();
        assert_eq!(words.len(), 4 + (8 << log2), "{hex}");
        if log2 > 0 {
            let control = written(&mut port, CONTROL);
            assert_eq!(control, [ENABLE | log2 << 1], "{hex}");
        }
        *seen.entry(frame[3]).or_insert(0) += 1;
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn answers_become_what_chips_sent() {
    let mut port = running();
    port.window().command_rx.extend([0xF490_8713, 0x1C00_0000]);
    port.window().work_rx.extend([0x83EA_0372, 0x9800_0300]);
    // Upper bits of the work id are the core's.
    port.window().work_rx.extend([0x83EA_0372, 0x98AB_8300]);
    let expected = bytes("138790f400001c7203ea830003987203ea83000398");
    assert_eq!(polled(&mut port, at(1)), [LinkEvent::Bytes(expected)]);
    assert_eq!(polled(&mut port, at(2)), []);
}

#[test]
fn answers_of_chips_with_a_preamble_have_it_again() {
    let mut port = port();
    port.submit(at(0), SLOT, command("55aa520500000a"));
    polled(&mut port, at(0));
    port.window().command_rx.extend([0x0018_9713, 0x1C00_0200]);
    let expected = bytes("aa551397180000021c");
    let told = polled(&mut port, at(1));
    assert_eq!(told, [LinkEvent::Bytes(expected)]);
}

#[test]
fn baud_changes_once_all_before_has_left() {
    let mut port = running();
    assert_eq!(port.bits_per_s, RESET_BAUD);
    port.submit(at(10), SLOT, command("4809000c0068022102"));
    port.submit(
        at(10),
        SLOT,
        LinkOp::SetBaud {
            bits_per_s: 1_562_500,
        },
    );
    port.submit(at(10), SLOT, command("5405000000"));
    polled(&mut port, at(10));
    assert_eq!(
        written(&mut port, COMMAND_TX).len(),
        2,
        "the second one waits"
    );
    // The core has taken it from its FIFO, and is still sending.
    polled(&mut port, at(10) + Duration::from_micros(100));
    assert_eq!(written(&mut port, BAUD), [0; 0]);
    port.window().command_tx = 0;
    polled(&mut port, at(13));
    assert_eq!(written(&mut port, BAUD), [0; 0], "it waits in the FIFO");
    port.window().command_tx = TX_EMPTY;
    polled(&mut port, at(16));
    assert_eq!(written(&mut port, BAUD), [3]);
    assert_eq!(written(&mut port, COMMAND_TX).len(), 3);
}

#[test]
fn dividers_are_those_of_the_cores_clock() {
    for (bits_per_s, expected) in [
        (6_250_000, Some(0)),
        (3_125_000, Some(1)),
        (1_562_500, Some(3)),
        (115_740, Some(53)),
        (115_200, Some(53)),
        (12_500_000, None),
        (5_000_000, None),
        (100, None),
        (0, None),
        (u32::MAX, None),
    ] {
        assert_eq!(divider(bits_per_s), expected, "{bits_per_s}");
    }
}

#[test]
fn another_core_is_left_alone() {
    let mut port = port();
    port.window().version = 0xB031;
    port.submit(at(0), SLOT, command("5405000000"));
    let told = LinkEvent::Error(LinkError::Device(19));
    assert_eq!(polled(&mut port, at(0)), [told]);
    port.submit(at(1), SLOT, command("5405000000"));
    assert_eq!(polled(&mut port, at(1)), []);
    assert_eq!(port.window().writes, []);
}

#[test]
fn a_core_that_takes_no_command_is_stuck_after_a_second() {
    let mut port = running();
    port.window().command_tx = TX_FULL;
    port.submit(at(10), SLOT, command("5405000000"));
    assert_eq!(polled(&mut port, at(10)), []);
    assert_eq!(polled(&mut port, at(1009)), []);
    let stuck = LinkEvent::Error(LinkError::Stuck);
    assert_eq!(polled(&mut port, at(1010)), [stuck]);
    assert_eq!(polled(&mut port, at(3000)), [], "told once");
}

#[test]
fn little_work_waits_inside_and_a_flush_forgets_the_rest() {
    let jobs = vectors("jobs.json");
    let frame = jobs
        .iter()
        .find(|job| job["id"] == "job-1387-01")
        .expect("known");
    let frame = Frame::new(&bytes(frame["hex"].as_str().expect("hex"))).expect("fits");
    let mut port = running();
    port.submit(at(0), SLOT, LinkOp::SetWorkPeriod(Duration::from_millis(1)));
    for _ in 0..10 {
        port.submit(at(0), SLOT, LinkOp::Work(frame));
    }
    let told = polled(&mut port, at(0));
    assert_eq!(told, [LinkEvent::Work { queued: 8, sent: 2 }]);
    assert_eq!(
        written(&mut port, WORK_TIME),
        [50_000],
        "in ticks of 50 MHz"
    );
    polled(&mut port, at(5));
    assert_eq!(port.out.sent, 2, "the core still has both");
    port.window().words = 12;
    polled(&mut port, at(6));
    assert_eq!(port.out.sent, 3);
    port.window().words = 12;
    polled(&mut port, at(7));
    assert_eq!(port.out.sent, 4);
    port.window().words = 0;
    port.submit(at(8), SLOT, LinkOp::FlushWork);
    let told = polled(&mut port, at(9));
    assert_eq!(told, [LinkEvent::Work { queued: 0, sent: 4 }]);
    polled(&mut port, at(60));
    assert_eq!(port.out.sent, 4, "nothing is left");
    assert_eq!(
        written(&mut port, 0x3008),
        [0; 0],
        "the core's clearing is not used"
    );
}

#[test]
fn a_long_period_is_kept_by_the_port_and_commands_do_not_wait_for_it() {
    let jobs = vectors("jobs.json");
    let mut known = jobs.iter();
    let frame = known.find(|job| job["id"] == "job-1387-01").expect("known");
    let frame = Frame::new(&bytes(frame["hex"].as_str().expect("hex"))).expect("fits");
    let mut port = running();
    let second = Duration::from_secs(1);
    port.submit(at(0), SLOT, LinkOp::SetWorkPeriod(second));
    for _ in 0..9 {
        port.submit(at(0), SLOT, LinkOp::Work(frame));
    }
    let mut sent = Vec::new();
    for ms in (0..3000).step_by(10) {
        // The core takes each at its next tick.
        port.window().words = 0;
        polled(&mut port, at(ms));
        sent.push(port.out.sent);
    }
    assert_eq!((sent[0], sent[99], sent[100], sent[299]), (1, 1, 2, 3));
    assert_eq!(written(&mut port, WORK_TIME), [50_000], "one millisecond");
    let wakes = port.next_deadline();
    assert!(wakes <= Some(at(3000)), "{wakes:?}: the next work is due");
    // A flush voids the running one: the next leaves at once.
    port.submit(at(3500), SLOT, LinkOp::FlushWork);
    port.submit(at(3500), SLOT, LinkOp::Work(frame));
    polled(&mut port, at(3500));
    assert_eq!(port.out.sent, 4);
}

#[test]
fn frames_that_are_none_reach_no_core() {
    let mut port = running();
    for hex in ["", "41", "4105", "4106fc000b", "41ff", "55aa"] {
        port.submit(at(0), SLOT, command(hex));
    }
    port.submit(at(0), SLOT, LinkOp::SetWorkPeriod(Duration::from_millis(1)));
    for hex in ["", "21", "2136000100000000", "2136000300000000ffffffff"] {
        let frame = Frame::new(&bytes(hex)).expect("short");
        port.submit(at(0), SLOT, LinkOp::Work(frame));
    }
    polled(&mut port, at(0));
    polled(&mut port, at(20));
    assert_eq!(written(&mut port, COMMAND_TX), [0; 0]);
    assert_eq!(written(&mut port, WORK_TX), [0; 0]);
}

#[test]
fn damage_and_faults_of_the_window_are_told() {
    let mut port = running();
    // A damaged answer fails once when it is whole, and byte by byte as the next one comes in.
    port.window().errors = 1;
    assert_eq!(polled(&mut port, at(10)), [LinkEvent::Damaged(1)]);
    port.window().errors = 4;
    assert_eq!(polled(&mut port, at(20)), []);
    port.window().errors = 7;
    port.window().work_rx.extend([0x83EA_0372, 0x9800_0300]);
    let told = polled(&mut port, at(21));
    assert!(matches!(told[..], [LinkEvent::Bytes(_)]), "{told:?}");
    port.window().errors = 8;
    assert_eq!(polled(&mut port, at(22)), [], "not looked at yet");
    assert_eq!(polled(&mut port, at(32)), [LinkEvent::Damaged(1)]);
    assert_eq!(polled(&mut port, at(42)), [LinkEvent::Silent]);
    // An answer, and the first byte of a damage behind it in the same look.
    port.window().work_rx.extend([0x83EA_0372, 0x9800_0300]);
    polled(&mut port, at(43));
    port.window().errors = 9;
    port.window().work_rx.extend([0x83EA_0372, 0x9800_0300]);
    let told = polled(&mut port, at(44));
    assert!(told.contains(&LinkEvent::Damaged(1)), "{told:?}");
    port.window().errors = 15;
    port.window().work_rx.extend([0x83EA_0372, 0x9800_0300]);
    let told = polled(&mut port, at(45));
    assert!(matches!(told[..], [LinkEvent::Bytes(_)]), "{told:?}");
    port.window().errors = 0;
    assert_eq!(polled(&mut port, at(52)), [], "cleared by somebody");
    port.window().fault = Some(14);
    let fault = LinkEvent::Error(LinkError::Device(14));
    assert_eq!(polled(&mut port, at(53)), [fault]);
}
