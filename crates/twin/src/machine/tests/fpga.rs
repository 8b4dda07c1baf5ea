//! The x19 FPGA's registers against its captured dump and trace, and its pacing.

use super::super::fpga::FIFO_DEPTH;
use super::super::job::{RECORD_FRAME_LEN, record_frame};
use super::super::{Direction, Fate, FrameKind, Ledger, Noise};
use super::*;

struct Window {
    machine: TwinMachine,
    now: Instant,
}

impl Window {
    fn new(slots: u8, options: TwinOptions) -> Self {
        let mut machine = board_support::machine("antminer-s19-pro").expect("it is there");
        machine.slots = slots;
        let machine = TwinMachine::new(&machine, options).expect("a known chip");
        let now = Instant::ZERO;
        let mut window = Window { machine, now };
        if slots > 1 {
            window.write(0x03C, 0x001A_1A1A);
        }
        window
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.machine.fpga_read32(self.now, offset)
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.machine.fpga_write32(self.now, offset, value);
    }

    fn wait_us(&mut self, us: u64) {
        self.now += Duration::from_micros(us);
        self.machine.advance(self.now);
    }

    /// A command through 0x0C0, waiting for bit 31.
    fn command(&mut self, chain: u32, body: &[u8]) {
        let mut bytes = body.to_vec();
        bytes.push(super::super::crc::crc5(body));
        bytes.resize(12, 0);
        for (i, word) in bytes.chunks(4).enumerate() {
            let word = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
            self.write(0x0C4 + 4 * i as u32, word);
        }
        self.write(0x0C0, 0x8080_0000 | chain << 16);
        while self.read(0x0C0) >> 31 == 1 {
            self.wait_us(10);
        }
    }

    fn write_all(&mut self, chain: u32, register: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        self.command(chain, &[0x51, 9, 0, register, a, b, c, d]);
    }

    /// Powered, addressed, 525 MHz, 12.5 Mbaud on both ends, paced by `us`.
    fn bring_up(&mut self, ticket: u32, us: u32) {
        for chain in 0..self.machine.slots().len() as u32 {
            self.machine
                .set_rail(self.now, ChainSlot(chain as u8), true);
            self.command(chain, &[0x53, 5, 0, 0]);
            for chip in 0..114 {
                self.command(chain, &[0x40, 5, 2 * chip, 0]);
            }
            self.write_all(chain, 0x14, ticket);
            self.write_all(chain, 0x08, 0x4054_0141);
            self.write_all(chain, 0x68, 0xC070_0111);
            self.write_all(chain, 0x28, 0x0600_8F00);
            self.write_all(chain, 0x18, 0xF001_0305);
        }
        self.write(0x03C, 0);
        self.write(0x08C, 0x8000_0000 | us);
    }

    /// Everything in the result FIFO.
    fn results(&mut self) -> Vec<(u32, u32)> {
        let count = self.read(0x018);
        (0..count)
            .map(|_| (self.read(0x010), self.read(0x014)))
            .collect()
    }
}

fn record(chain: u32, number: u32) -> [u32; 37] {
    let mut words: [u32; 37] = core::array::from_fn(|i| (i as u32 * 0x0101_0101) ^ number);
    words[0] = 0x0180_0000 | chain << 16;
    words[1] = 4 * (number % 32);
    words
}

#[test]
fn idle_registers_are_those_of_the_dump() {
    let dump = load("fpga/x19-idle-registers.json");
    let mut window = Window::new(3, options(2));
    for (offset, value) in dump["registers"].as_object().expect("registers") {
        let offset = u32::from_str_radix(offset.trim_start_matches("0x"), 16).expect("hex");
        let expected = number(value) as u32;
        let read = window.read(offset);
        match offset {
            // One hashboard on slot 0 there, three here; all have room.
            0x008 | 0x00C => assert_eq!(read, 0b111),
            // A counter.
            0x0F8 => assert_eq!(read, 0),
            // Set for three chains here.
            0x03C => assert_eq!(read & 0x3F, expected),
            _ => assert_eq!(read, expected, "{offset:03x}"),
        }
    }
    assert_eq!(window.read(0x490), 2);
    assert_eq!(window.read(0x11FC), 2);
    assert_eq!(window.read(0x1400), 0);
}

#[test]
fn the_captured_command_path_is_reproduced() {
    let trace = load("fpga/x19-control-trace.json");
    let mut window = Window::new(1, options(2));
    window.machine.set_rail(Instant::ZERO, SLOT, true);
    let events = trace["events"].as_array().expect("events");
    let time = |e: &Value| e["t_ms"].as_f64().expect("a time");
    let mut commands = 0;
    // The capture polls: changes less than 1 ms apart are one step of the host, seen in
    // the order of the registers.
    for step in events.chunk_by(|a, b| time(b) - time(a) < 1.0) {
        window.now = Instant::from_nanos((time(&step[0]) * 1e6) as u64);
        let changes = step.iter().map(|event| {
            let new = number(&event["new"]) as u32;
            (number(&event["reg"]) as u32, new, event)
        });
        // What the host wrote: words before the bit that sends them.
        for (register, new, _) in changes.clone().filter(|(r, _, _)| *r != 0x0C0) {
            match (register, new) {
                (0x01C, 1) => window.write(register, 1 << 16),
                _ if by_itself(register, new) => {}
                _ => window.write(register, new),
            }
        }
        // What the FPGA does by itself.
        for (register, new, event) in changes.clone() {
            if by_itself(register, new) {
                assert_eq!(window.read(register), new, "{event}");
            }
        }
        for (register, new, event) in changes.filter(|(r, new, _)| !by_itself(*r, *new)) {
            if register == 0x0C0 {
                window.write(register, new);
                commands += 1;
            }
            assert_eq!(window.read(register), new, "{event}");
        }
    }
    assert_eq!(commands, 8);
    assert_eq!(window.machine.ledger().totals(SLOT).commands, 8);
}

/// Changes that no host made: bits that clear, the end of the flush, the strobe's effect.
fn by_itself(register: u32, new: u32) -> bool {
    match register {
        0x080 | 0x0C0 => new >> 31 == 0,
        0x01C => new != 1,
        0x0F0 | 0x0F4 => true,
        _ => false,
    }
}

#[test]
fn a_broadcast_read_brings_the_captured_answers() {
    let mut window = Window::new(3, options(2));
    window.machine.set_rail(Instant::ZERO, ChainSlot(0), true);
    window.command(0, &[0x52, 5, 0, 0]);
    assert_eq!(window.read(0x018), 0);
    assert_eq!(
        (window.read(0x010), window.read(0x014)),
        (0x0000_400D, 0x5555_AAAA)
    );
    window.wait_us(100_000);
    // Captured: 010 = 0x04000000, 014 = 0x13981800.
    assert_eq!(window.results(), [(0x0400_0000, 0x1398_1800); 114]);
    assert_eq!(window.read(0x018), 0);
}

#[test]
fn the_command_bit_clears_after_the_time_on_the_wire() {
    let mut window = Window::new(1, options(2));
    window.write(0x0C4, 0x5205_0000);
    window.write(0x0C8, 0x0A00_0000);
    window.write(0x0C0, 0x8080_0000);
    // 7 bytes at 115741 baud: 605 us.
    window.wait_us(600);
    assert_eq!(window.read(0x0C0), 0x8080_0000);
    window.wait_us(10);
    assert_eq!(window.read(0x0C0), 0x0080_0000);
}

#[test]
fn resets_plugs_and_rails_belong_to_their_slots() {
    let faults = FaultPlan {
        boards: vec![super::super::BoardFault::Absent { slot: ChainSlot(1) }],
        ..FaultPlan::default()
    };
    let mut window = Window::new(
        3,
        TwinOptions {
            faults,
            ..options(2)
        },
    );
    assert_eq!(window.read(0x008), 0b101);
    for chain in 0..3 {
        window
            .machine
            .set_rail(Instant::ZERO, ChainSlot(chain), true);
    }
    window.write(0x034, 0xFFFC);
    assert_eq!(window.read(0x034), 0xFFFC);
    for (chain, answers) in [(0, 114), (1, 0), (2, 0)] {
        window.command(chain, &[0x52, 5, 0, 0]);
        window.wait_us(100_000);
        assert_eq!(window.results().len(), answers, "chain {chain}");
    }
    window.write(0x034, 0xFFF8);
    window.command(2, &[0x52, 5, 0, 0]);
    window.wait_us(100_000);
    assert_eq!(window.results(), [(0x0400_0002, 0x1398_1800); 114]);
}

#[test]
fn works_leave_at_the_period_and_room_shows_in_00c() {
    let mut window = Window::new(2, options(2));
    window.bring_up(0xFFFF_FFFF, 249);
    let jobs = |window: &Window, chain: u8| window.machine.ledger().totals(ChainSlot(chain)).jobs;
    for number in 0..FIFO_DEPTH as u32 + 4 {
        window
            .machine
            .fpga_write_fifo(window.now, 0x040, &record(1, number));
    }
    assert_eq!(window.read(0x00C), 0b01);
    // The first leaves at once (152 bytes: 121.6 us), the others at each 249 us.
    window.wait_us(121);
    assert_eq!(jobs(&window, 1), 0);
    window.wait_us(1);
    assert_eq!(jobs(&window, 1), 1);
    assert_eq!(window.read(0x00C), 0b11);
    window.wait_us(248);
    assert_eq!(jobs(&window, 1), 1);
    window.wait_us(1);
    assert_eq!(jobs(&window, 1), 2);
    // Four were refused at the full FIFO.
    window.wait_us(100_000);
    assert_eq!((jobs(&window, 0), jobs(&window, 1)), (0, FIFO_DEPTH as u64));
    // Pacing off: nothing leaves. On again: at once.
    window.write(0x08C, 249);
    window
        .machine
        .fpga_write_fifo(window.now, 0x040, &record(0, 1));
    window.wait_us(1000);
    assert_eq!(jobs(&window, 0), 0);
    window.write(0x08C, 0x8000_00F9);
    window.wait_us(122);
    assert_eq!(jobs(&window, 0), 1);
}

#[test]
fn both_forms_of_writing_work_are_taken_and_fragments_are_not() {
    let mut window = Window::new(1, options(2));
    window.bring_up(0xFFFF_FFFF, 249);
    let words = record(0, 3);
    let mut jobs = 0;
    let mut check = |window: &mut Window, more: u64| {
        window.wait_us(1000);
        jobs += more;
        assert_eq!(window.machine.ledger().totals(SLOT).jobs, jobs);
    };
    window.machine.fpga_write_fifo(window.now, 0x040, &words);
    check(&mut window, 1);
    window.write(0x040, words[0]);
    window
        .machine
        .fpga_write_fifo(window.now, 0x044, &words[1..]);
    check(&mut window, 1);
    // Cut short after some words to 0x044, then a whole one: only that counts.
    window.write(0x040, words[0]);
    window
        .machine
        .fpga_write_fifo(window.now, 0x044, &words[1..20]);
    window.write(0x040, words[0]);
    window
        .machine
        .fpga_write_fifo(window.now, 0x044, &words[1..]);
    check(&mut window, 1);
    // Words that begin no record are skipped.
    window
        .machine
        .fpga_write_fifo(window.now, 0x040, &[0, 0x8000_0000]);
    window.machine.fpga_write_fifo(window.now, 0x040, &words);
    check(&mut window, 1);
}

#[test]
fn the_packed_frame_is_the_chips_job_frame() {
    // job-1397-03 has four midstates and id 4.
    let jobs = vectors("jobs");
    let v = jobs
        .iter()
        .find(|v| v["id"] == "job-1397-03")
        .expect("job-1397-03");
    let frame = hex(&v["hex"]);
    let be = |b: &[u8]| u32::from_be_bytes([b[0], b[1], b[2], b[3]]);
    let mut words = [0; 37];
    words[0] = 0x1180_0000;
    words[1] = 4;
    words[2] = be(&frame[18..22]);
    words[3] = be(&frame[14..18]);
    words[4] = be(&frame[10..14]);
    for (word, bytes) in words[5..].iter_mut().zip(frame[22..150].chunks(4)) {
        *word = be(bytes);
    }
    assert_eq!(record_frame(&words).to_vec(), frame);
}

/// Mines 2 s with a work whenever there is room; returns results and ledger.
fn mine(faults: FaultPlan) -> (Vec<(u32, u32)>, Ledger, u32) {
    let mut window = Window::new(
        1,
        TwinOptions {
            faults,
            ..options(2)
        },
    );
    window.bring_up(0x0000_000F, 249);
    let mut results = Vec::new();
    let mut sent = 0;
    for _ in 0..2000 {
        while window.read(0x00C) == 1 {
            window
                .machine
                .fpga_write_fifo(window.now, 0x040, &record(0, sent));
            sent += 1;
        }
        window.wait_us(1000);
        results.extend(window.results());
    }
    let errors = window.read(0x0F8);
    (results, window.machine.take_ledger(), errors)
}

/// Noise that hits every byte and changes nothing: the byte-exact path.
fn harmless(direction: Direction) -> FaultPlan {
    FaultPlan {
        noise: vec![Noise {
            delay: 1.0,
            ..Noise::on(SLOT, direction)
        }],
        ..FaultPlan::default()
    }
}

#[test]
fn the_short_cut_and_the_byte_exact_path_agree() {
    let (results, ledger, errors) = mine(FaultPlan::default());
    assert!(results.len() > 800, "{}", results.len());
    assert_eq!(errors, 0);
    let (exact, exact_ledger, _) = mine(harmless(Direction::ToChips));
    assert_eq!(exact, results);
    assert_eq!(exact_ledger.frames, ledger.frames);
    let totals = exact_ledger.totals(SLOT);
    assert!(totals.noise_hits >= totals.jobs * RECORD_FRAME_LEN as u64);
}

#[test]
fn every_job_of_a_noisy_line_is_taken_or_listed_as_lost() {
    let jobs = mine(FaultPlan::default()).1.totals(SLOT).jobs;
    let faults = FaultPlan {
        noise: vec![Noise {
            flip: 0.0005,
            drop: 0.0005,
            duplicate: 0.0005,
            from: Instant::from_millis(500),
            ..Noise::on(SLOT, Direction::ToChips)
        }],
        ..FaultPlan::default()
    };
    let (_, ledger, _) = mine(faults);
    let totals = ledger.totals(SLOT);
    assert!(totals.lost_jobs > jobs / 10, "{totals:?}");
    assert_eq!(totals.jobs + totals.lost_jobs, jobs);
    assert_eq!(ledger.lost_jobs.len() as u64, totals.lost_jobs);
}

#[test]
fn nonce_records_carry_id_chain_and_nonce() {
    let (results, ledger, _) = mine(FaultPlan::default());
    let frames = ledger.frames.iter().map(|f| (f.kind, f.fate));
    for ((head, data), (kind, fate)) in results.iter().zip(frames) {
        let FrameKind::Nonce {
            nonce, job_byte, ..
        } = kind
        else {
            panic!("{kind:?}");
        };
        assert_eq!(fate, Fate::Arrived);
        assert_eq!(*head, 1 << 31 | u32::from(job_byte) << 16 | 1 << 7);
        assert_eq!(data.to_be_bytes(), nonce.to_wire());
    }
}

#[test]
fn damaged_answers_are_dropped_and_counted() {
    let faults = FaultPlan {
        noise: vec![Noise {
            flip: 0.002,
            drop: 0.002,
            duplicate: 0.002,
            ..Noise::on(SLOT, Direction::ToHost)
        }],
        ..FaultPlan::default()
    };
    let (results, ledger, errors) = mine(faults);
    let totals = ledger.totals(SLOT);
    assert_eq!(u64::from(errors), totals.damaged_runs);
    assert!(totals.damaged_runs > 10);
    let arrived = ledger.frames.iter().filter(|f| f.fate == Fate::Arrived);
    assert_eq!(
        results.len() as u64,
        arrived.count() as u64 + totals.phantoms
    );
}

#[test]
fn a_full_result_fifo_loses_answers_and_the_ledger_says_so() {
    let mut window = Window::new(3, options(2));
    for chain in 0..3u32 {
        window
            .machine
            .set_rail(window.now, ChainSlot(chain as u8), true);
        for _ in 0..2 {
            window.command(chain, &[0x52, 5, 0, 0]);
        }
    }
    window.wait_us(1_000_000);
    assert_eq!(window.read(0x018), 511);
    let ledger = window.machine.take_ledger();
    let overflowed: u64 = ledger.totals.iter().map(|(_, t)| t.overflowed).sum();
    assert_eq!(overflowed, 3 * 2 * 114 - 511);
    window.write(0x01C, 1 << 16);
    assert_eq!(window.read(0x018), 0);
}
