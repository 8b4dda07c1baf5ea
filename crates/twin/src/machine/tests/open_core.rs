//! The cores of the open FPGA design: published words against published frames, and when they move.

use super::super::chip::AnswerForm;
use super::super::open_core::CoreMap;
use super::super::wire::{Answer, Decoder, Received, Shape};
use super::super::{Direction, Fate, Link, Noise, Reach};
use super::*;

const BASE: u32 = 0x43C0_0000;
const CTRL: u32 = 0x0008;
const BAUD: u32 = 0x0010;
const WORK_TIME: u32 = 0x0014;
const ERRORS: u32 = 0x0018;
const COMMANDS_IN: u32 = 0x1000;
const COMMANDS_OUT: u32 = 0x1004;
const COMMANDS_CTRL: u32 = 0x1008;
const COMMANDS_STAT: u32 = 0x100C;
const WORKS_IN: u32 = 0x2000;
const WORKS_IN_STAT: u32 = 0x200C;
const WORKS_OUT: u32 = 0x3004;
const WORKS_OUT_CTRL: u32 = 0x3008;
const WORKS_OUT_STAT: u32 = 0x300C;
const THRESHOLD: u32 = 0x3010;
const LAST_ID: u32 = 0x3014;

/// A host at one core, with its own clock.
struct Host {
    machine: TwinMachine,
    now: Instant,
}

impl Host {
    /// `ctrl` without the enable bit; 115200 baud.
    fn new(chip: &str, chips: u16, ctrl: u32, faults: FaultPlan) -> Self {
        let map = CoreMap {
            chains: vec![BASE],
            fans: None,
        };
        let options = TwinOptions {
            faults,
            ..options(2)
        };
        let reach = Reach::Cores(map);
        let machine = TwinMachine::build(vec![SLOT], reach, chip, chips, options);
        let mut machine = machine.expect("a chip with short answers");
        let now = Instant::from_millis(1);
        machine.set_rail(now, SLOT, true);
        let mut host = Host { machine, now };
        host.write(BAUD, 53);
        host.write(CTRL, ctrl | 1 << 3);
        host
    }

    fn s9() -> Self {
        Self::new("bm1387", 3, 0, FaultPlan::default())
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.machine.fpga_read32(self.now, BASE + offset)
    }

    fn write(&mut self, offset: u32, word: u32) {
        self.machine.fpga_write32(self.now, BASE + offset, word);
    }

    fn write_all(&mut self, offset: u32, words: &[u32]) {
        self.machine.fpga_write_fifo(self.now, BASE + offset, words);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.machine.advance(self.now);
    }

    fn command(&mut self, words: &[u32]) {
        self.write_all(COMMANDS_OUT, words);
        self.wait(Duration::from_millis(20));
    }

    fn commands(&self) -> u64 {
        self.machine.ledger().totals(SLOT).commands
    }

    fn jobs(&self) -> u64 {
        self.machine.ledger().totals(SLOT).jobs
    }

    /// 63 chips with addresses, cores opened, at 650 MHz and 1.5625 Mbaud; nonces of any
    /// difficulty: a thousand a second.
    fn mining() -> Self {
        let mut host = Self::new("bm1387", 63, 0, FaultPlan::default());
        host.command(&[0x0000_0555]);
        for chip in 0..63 {
            host.command(&[0x0000_0541 | chip << 18]);
        }
        host.command(&[0x0C00_0958, 0x2102_6800]);
        host.command(&[0x1C00_0958, 0x8081_0040]);
        host.write(BAUD, 3);
        for _ in 0..114 {
            host.write_all(WORKS_OUT, &work(0, 0xFFFF_FFFF));
            host.wait(ms(1));
        }
        host.command(&[0x1800_0958, 0]);
        assert_eq!(host.jobs(), 114);
        host.write(WORK_TIME, 50_000);
        host
    }
}

/// A work of one midstate.
fn work(id: u32, fill: u32) -> [u32; 12] {
    core::array::from_fn(|i| if i == 0 { id } else { fill })
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn registers_read_as_published_after_reset() {
    let mut machine = TwinMachine::new(
        &board_support::machine("antminer-s9").expect("it is there"),
        options(2),
    )
    .expect("a known chip");
    assert_eq!(machine.link(), Link::Uart);
    let map = machine.core_map().expect("cores").clone();
    assert_eq!(map.chains, [0x43C0_0000, 0x43C1_0000, 0x43C2_0000]);
    assert_eq!(map.fans, Some(0x4280_0000));
    for base in map.chains {
        for (offset, value) in [
            (0x0000, 0x0090_1000),
            (CTRL, 0),
            (0x000C, 0),
            (BAUD, 0),
            (WORK_TIME, 1),
            (ERRORS, 0),
            (COMMANDS_CTRL, 0),
            (COMMANDS_STAT, 5),
            (0x2008, 0),
            (WORKS_IN_STAT, 1),
            (WORKS_OUT_CTRL, 0),
            (WORKS_OUT_STAT, 0x14),
            (THRESHOLD, 0),
            (LAST_ID, 0),
        ] {
            let read = machine.fpga_read32(Instant::ZERO, base + offset);
            assert_eq!(read, value, "{offset:04x}");
        }
    }
}

#[test]
fn the_published_command_words_become_the_published_frames() {
    // 41 05 fc 00 0b and 48 09 00 0c 00 68 02 21 02: chips take them only with those sums.
    let mut host = Host::s9();
    host.command(&[0x00FC_0541]);
    host.command(&[0x0C00_0948, 0x2102_6800]);
    assert_eq!(host.commands(), 2);
    let totals = host.machine.ledger().totals(SLOT);
    assert_eq!(totals.stray_bytes_at_chips, 0);
}

/// A frame of a vector as words for the core, without what it makes itself.
fn words_of(frame: &[u8], crc: usize, fields: impl Fn(usize) -> bool) -> Vec<u32> {
    let body = &frame[..frame.len() - crc];
    let chunks = body.chunks(4).enumerate();
    let word = |(i, chunk): (usize, &[u8])| {
        let mut bytes = [0; 4];
        bytes[..chunk.len()].copy_from_slice(chunk);
        match fields(i) {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    };
    chunks.map(word).collect()
}

#[test]
fn every_command_of_the_vectors_reaches_the_chips() {
    let count = for_each_model("commands", |vector, model| {
        let short = model.answers != AnswerForm::NineThenEleven;
        let is_command = vector["kind"] == "command";
        if !short || !is_command || vector["crc_verified"] != true {
            return;
        }
        let frame = hex(&vector["hex"]);
        let preamble = model.preambles().0.len();
        let ctrl = if preamble > 0 { 1 << 4 } else { 0 };
        let mut host = Host::new(model.name, 3, ctrl, FaultPlan::default());
        let mut chip = Decoder::new(model);
        frame.iter().for_each(|byte| chip.push(*byte));
        let taken = matches!(chip.next(), Some(Received::Command(_)));
        host.command(&words_of(&frame[preamble..], 1, |_| false));
        assert_eq!(host.commands(), u64::from(taken), "{vector}");
    });
    assert!(count > 100, "{count}");
}

#[test]
fn every_job_of_the_vectors_is_sent_byte_for_byte() {
    let mut seen = 0;
    for_each_model("jobs", |vector, model| {
        let frame = hex(&vector["hex"]);
        let preamble = model.preambles().0.len();
        let body = &frame[preamble..];
        if model.answers == AnswerForm::NineThenEleven || body[1] == 0 {
            return;
        }
        let log2 = u32::from(body[3]).trailing_zeros();
        let bm139x = if preamble > 0 { 1 << 4 } else { 0 };
        let mut host = Host::new(model.name, 3, bm139x | log2 << 1, FaultPlan::default());
        let mut words = vec![u32::from(body[2])];
        let rest = words_of(&body[8..], 2, |i| i >= 3);
        words.extend(rest);
        let mut chip = Decoder::new(model);
        frame.iter().for_each(|byte| chip.push(*byte));
        let taken = matches!(chip.next(), Some(Received::Job(_)));
        // All words but one: nothing may leave.
        let (last, first) = words.split_last().expect("words");
        host.write_all(WORKS_OUT, first);
        host.wait(ms(50));
        assert_eq!(host.jobs(), 0);
        host.write(WORKS_OUT, *last);
        host.wait(ms(50));
        assert!(taken, "{vector}");
        assert_eq!(host.jobs(), 1, "{vector}");
        assert_eq!(host.read(LAST_ID), u32::from(body[2]));
        seen += 1;
    });
    assert!(seen >= 12, "{seen}");
}

#[test]
fn a_register_answer_is_two_words_as_published() {
    // 13 87 90 f4 00 00 1c is 0xF4908713, 0x1C000000.
    let answer = Answer::register(0x1387_90F4, 0, 0, Shape::Seven);
    assert_eq!(answer.as_slice(), [0x13, 0x87, 0x90, 0xF4, 0, 0, 0x1C]);
    let mut host = Host::s9();
    host.command(&[0x0000_0554]);
    assert_eq!(host.read(COMMANDS_STAT), 1 << 4 | 1 << 2);
    for _ in 0..3 {
        assert_eq!(host.read(COMMANDS_IN), 0x0090_8713);
        let last = host.read(COMMANDS_IN);
        assert_eq!(last & 0xE0FF_FFFF, 0);
        // The interrupt is over with the first word that is read.
        assert_eq!(host.read(COMMANDS_STAT) & 1 << 4, 0);
    }
    assert_eq!(host.read(COMMANDS_STAT), 5);
}

#[test]
fn chips_of_the_other_family_are_heard_with_their_bit_alone() {
    let plan = FaultPlan::default;
    for (ctrl, heard, errors) in [(1 << 4, 4, 0), (0, 0, 0)] {
        let mut host = Host::new("bm1397", 2, ctrl, plan());
        host.command(&[0x0000_0552]);
        let mut words = 0;
        while host.read(COMMANDS_STAT) & 1 == 0 {
            host.read(COMMANDS_IN);
            words += 1;
        }
        assert_eq!((words, host.read(ERRORS)), (heard, errors), "{ctrl:x}");
    }
}

#[test]
fn nonces_carry_the_id_of_their_work_in_full() {
    let mut host = Host::mining();
    let mut ids = Vec::new();
    for id in 0x1F0..0x220u32 {
        host.write_all(WORKS_OUT, &work(id, 0x0123_4567 ^ id));
        host.wait(ms(1));
        while host.read(WORKS_IN_STAT) & 1 == 0 {
            host.read(WORKS_IN);
            let second = host.read(WORKS_IN);
            assert_eq!(second >> 31, 1);
            ids.push(second >> 8 & 0xFFFF);
        }
    }
    assert_eq!(host.read(LAST_ID), 0x21F);
    assert!(ids.len() > 20, "{}", ids.len());
    let real: Vec<u32> = ids.into_iter().filter(|id| *id >= 0x1F0).collect();
    assert!(real.is_sorted() && real.last() > Some(&0x200), "{real:x?}");
    assert!(real.iter().all(|id| *id < 0x220), "{real:x?}");
}

#[test]
fn works_leave_at_ticks_and_a_command_right_behind_one() {
    let mut host = Host::s9();
    host.write(WORK_TIME, 500_000); // 10 ms
    host.wait(ms(1));
    for id in 0..3 {
        host.write_all(WORKS_OUT, &work(id, 1));
    }
    host.write_all(COMMANDS_OUT, &[0x00FC_0541]);
    host.write_all(COMMANDS_OUT, &[0x00F8_0541]);
    let mut seen = Vec::new();
    for _ in 0..50 {
        host.wait(ms(1));
        seen.push((host.jobs(), host.commands()));
    }
    let at = |reached: &dyn Fn(&(u64, u64)) -> bool| {
        let place = seen.iter().position(reached);
        place.unwrap_or_else(|| panic!("{seen:?}"))
    };
    let job = |n| at(&|seen| seen.0 == n);
    let command = |n| at(&|seen| seen.1 == n);
    // 54 bytes take 4.7 ms at 115741 baud, five take 0.4 ms: each command is behind a work in
    // the same period.
    assert_eq!((job(2) - job(1), job(3) - job(2)), (10, 10), "{seen:?}");
    assert!(
        command(1) - job(1) <= 1 && command(2) - job(2) <= 1,
        "{seen:?}"
    );
}

#[test]
fn a_reset_of_a_fifo_waits_for_the_tick_and_takes_what_came_meanwhile() {
    let mut host = Host::s9();
    host.write(WORK_TIME, 500_000);
    host.wait(ms(3));
    host.write_all(WORKS_OUT, &work(1, 1));
    host.write(WORKS_OUT_CTRL, 2);
    assert_eq!(host.read(WORKS_OUT_STAT) & 1 << 2, 0);
    host.write_all(WORKS_OUT, &work(2, 2));
    host.wait(ms(30));
    assert_eq!(host.read(WORKS_OUT_STAT) & 1 << 2, 1 << 2);
    assert_eq!(host.jobs(), 0);
    host.write_all(WORKS_OUT, &work(3, 3));
    host.wait(ms(30));
    assert_eq!(host.jobs(), 1);
}

#[test]
fn half_a_command_stops_the_core_until_it_is_switched_off() {
    let mut host = Host::s9();
    host.command(&[0x0C00_0948]);
    host.write_all(WORKS_OUT, &work(1, 1));
    host.wait(ms(100));
    assert_eq!((host.commands(), host.jobs()), (0, 0));
    // The missing word, and both go on.
    host.write(COMMANDS_OUT, 0x2102_6800);
    host.wait(ms(100));
    assert_eq!((host.commands(), host.jobs()), (1, 1));
    host.command(&[0x0C00_0948]);
    host.write(CTRL, 0);
    host.write(CTRL, 1 << 3);
    host.write_all(WORKS_OUT, &work(1, 1));
    host.wait(ms(100));
    assert_eq!((host.commands(), host.jobs()), (1, 2));
}

#[test]
fn a_core_that_is_off_takes_and_gives_nothing() {
    let mut host = Host::s9();
    host.write(CTRL, 0);
    host.write_all(COMMANDS_OUT, &[0x0000_0554]);
    host.write_all(WORKS_OUT, &work(1, 1));
    host.wait(ms(50));
    host.write(CTRL, 1 << 3);
    host.wait(ms(50));
    assert_eq!((host.commands(), host.jobs()), (0, 0));
}

#[test]
fn fifos_hold_their_depth_and_say_when_they_are_full() {
    let mut host = Host::s9();
    host.write(WORK_TIME, 0); // 335 ms
    host.wait(ms(1));
    for (port, stat, full, depth) in [
        (COMMANDS_OUT, COMMANDS_STAT, 1 << 3, 1024),
        (WORKS_OUT, WORKS_OUT_STAT, 1 << 3, 2048),
    ] {
        for i in 0..depth {
            assert_eq!(host.read(stat) & full, 0, "{i}");
            host.write(port, 0x0000_0541);
        }
        assert_eq!(host.read(stat) & full, full);
    }
}

#[test]
fn answers_without_room_are_lost_and_counted_by_the_ledger() {
    let mut host = Host::new("bm1387", 63, 0, FaultPlan::default());
    // 63 answers of two words: room for 128 of them.
    for _ in 0..3 {
        host.command(&[0x0000_0554]);
        host.wait(ms(100));
    }
    let ledger = host.machine.take_ledger();
    let arrived = ledger.frames.iter().filter(|f| f.fate == Fate::Arrived);
    assert_eq!(arrived.count(), 128);
    assert_eq!(ledger.totals(SLOT).overflowed, 3 * 63 - 128);
    assert_eq!(host.read(COMMANDS_STAT) & 3, 2);
    host.write(COMMANDS_CTRL, 1);
    host.wait(ms(1));
    assert_eq!(host.read(COMMANDS_STAT) & 3, 1);
}

#[test]
fn a_full_fifo_of_nonces_stops_answers_to_commands_too() {
    let mut host = Host::mining();
    for id in 0..4000 {
        if host.read(WORKS_IN_STAT) & 2 != 0 {
            break;
        }
        host.write_all(WORKS_OUT, &work(id, id));
        host.wait(ms(1));
    }
    assert_eq!(host.read(WORKS_IN_STAT) & 2, 2, "never full");
    host.write(COMMANDS_CTRL, 1);
    host.command(&[0x0000_0554]);
    assert_eq!(host.read(COMMANDS_STAT) & 1, 1);
    // Two words are room for one.
    host.read(WORKS_IN);
    host.read(WORKS_IN);
    assert_eq!(host.read(WORKS_IN_STAT) & 2, 0);
}

#[test]
fn damaged_answers_never_leave_the_core_and_are_counted() {
    let noise = Noise {
        flip: 0.02,
        ..Noise::on(SLOT, Direction::ToHost)
    };
    let faults = FaultPlan {
        noise: vec![noise],
        ..FaultPlan::default()
    };
    let mut host = Host::new("bm1387", 63, 0, faults);
    let mut read = 0;
    for _ in 0..10 {
        host.command(&[0x0000_0554]);
        host.wait(ms(100));
        // A false frame may be of either kind.
        for (stat, fifo) in [(COMMANDS_STAT, COMMANDS_IN), (WORKS_IN_STAT, WORKS_IN)] {
            while host.read(stat) & 1 == 0 {
                host.read(fifo);
                host.read(fifo);
                read += 1;
            }
        }
    }
    let totals = host.machine.ledger().totals(SLOT);
    assert!(totals.damaged > 20, "{totals:?}");
    let arrived = totals.answers - totals.damaged + totals.phantoms;
    // The last one may still be undecided.
    assert!(arrived.abs_diff(read) <= 1, "{read} {totals:?}");
    let errors = host.read(ERRORS);
    assert!(
        u64::from(errors).abs_diff(totals.stray_bytes) == 0,
        "{errors} {totals:?}"
    );
    host.write(CTRL, 1 << 3 | 1);
    assert_eq!(host.read(ERRORS), 0);
}

#[test]
fn chips_at_another_rate_hear_noise() {
    let mut host = Host::s9();
    host.write(BAUD, 3);
    host.command(&[0x0000_0554]);
    assert_eq!((host.commands(), host.read(COMMANDS_STAT) & 1), (0, 1));
    // 0x1C with divider 0: 3.125 Mbaud, as 50 MHz / 8 / (1 + 1).
    host.write(BAUD, 53);
    host.command(&[0x1C00_0958, 0x8080_0040]);
    host.write(BAUD, 1);
    host.command(&[0x0000_0554]);
    assert_eq!(host.read(COMMANDS_STAT) & 1, 0);
}

#[test]
fn long_answers_are_refused_when_the_machine_is_made() {
    let mut machine = board_support::machine("antminer-s9").expect("it is there");
    machine.hashboard = board_support::machine("antminer-s21")
        .expect("it is there")
        .hashboard;
    assert!(TwinMachine::new(&machine, options(2)).is_err());
}

#[test]
fn fans_are_driven_and_counted_by_their_core() {
    let machine = board_support::machine("antminer-s9").expect("it is there");
    let options = TwinOptions {
        parts: true,
        ..options(2)
    };
    let mut twin = TwinMachine::new(&machine, options).expect("a known chip");
    let at = Instant::from_millis(10);
    assert_eq!(twin.fpga_read32(at, 0x4280_0010), 0);
    twin.set_fan_duty(at, 70);
    assert_eq!(twin.fpga_read32(at, 0x4280_0010), 0, "another's pin");
    twin.fpga_write32(at, 0x4280_0010, 100);
    assert_eq!(twin.fpga_read32(at, 0x4280_0010), 100);
    // 5040 rpm.
    assert_eq!(twin.fpga_read32(at, 0x4280_0000), 84);
    assert_eq!(twin.fpga_read32(at, 0x4280_0004), 84);
    assert_eq!(twin.fpga_read32(at, 0x4280_0008), 0);
}

#[test]
fn any_length_byte_is_sent_and_none_breaks_the_core() {
    for length in 0..=255u32 {
        let mut host = Host::s9();
        host.write_all(COMMANDS_OUT, &[0x0000_0041 | length << 8; 40]);
        host.wait(ms(300));
        host.write(CTRL, 0);
        host.write(CTRL, 1 << 3);
        host.command(&[0x0000_0554]);
        assert_eq!(host.read(COMMANDS_STAT) & 1, 0, "{length}");
    }
}
