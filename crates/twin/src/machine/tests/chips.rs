//! What every chip does, and what only some do.

use super::super::chip::{JobForm, Live, Window};
use super::super::crc::{crc5, crc16};
use super::super::hash::meets_ticket;
use super::super::{Fate, FrameKind, FrameRecord};
use super::mining::{Seen, double_sha, mine, nonces};
use super::*;

const MHZ: f64 = 400.0;
/// Addresses of neighbours, for all chips.
const INTERVAL: u8 = 4;

/// A chain that is ready for work, whatever the chip: addressed, at 400 MHz, with this
/// ticket, rolling all versions, its cores open. At 115200 baud.
fn ready(model: &'static ChipModel, chips: u16, ticket: u32, options: TwinOptions) -> Bench {
    // Jobs of midstates last a thousand times as long.
    let thinning = match model.jobs {
        JobForm::Midstates => 1000,
        JobForm::FullHeader => 1,
    };
    let mut bench = Bench::new(
        model.name,
        chips,
        TwinOptions {
            thinning,
            ..options
        },
    );
    bench.command(&[0x53, 5, 0, 0]);
    for chip in 0..chips {
        bench.command(&[0x40, 5, chip as u8 * INTERVAL, 0]);
    }
    bench.clock(MHZ);
    bench.write_all(model.registers.ticket, 0xFFFF_FFFF);
    if let (Window::HashCounting, Some(register)) =
        (model.nonces.window, model.registers.hash_counting)
    {
        let window = f64::from(INTERVAL) * 131_072.0;
        bench.write_all(register, (window * 12.5 / MHZ) as u32);
    }
    for (register, value) in many_midstates(model) {
        bench.write_all(register, value);
    }
    if let Some(Condition::Bits(register, _, value)) = model.cores_open_while {
        let now = bench.value(0, register);
        bench.write_all(register, now | value);
        for _ in 0..model.cores.count {
            open_core(&mut bench, true);
        }
        // The last of these jobs ends.
        bench.wait(Duration::from_secs(2));
    }
    bench.write_all(model.registers.ticket, ticket);
    bench.answer_len = bench.command(&[0x42, 5, 0, 0]).len();
    if let Some(rolling) = model.registers.rolling {
        bench.write_all(rolling, 0x9000_FFFF);
        bench.answer_len = 11;
    }
    bench
}

/// A job that opens the next core, or leaves it closed.
fn open_core(bench: &mut Bench, open: bool) {
    let mut body = vec![0x21, 0x36, 0, 1, 0, 0, 0, 0];
    body.extend([if open { 0xFF } else { 0 }; 4]);
    body.extend([0; 40]);
    let crc = crc16(&body).to_be_bytes();
    body.extend(crc);
    bench.send(&body);
}

/// A job that this chip takes, and the headers that it stands for.
fn job(model: &ChipModel, salt: u8) -> (Vec<u8>, u8, Vec<[u8; 80]>) {
    let id = 8 + 8 * (salt % 8);
    let (frame, headers) = match model.jobs {
        JobForm::FullHeader => {
            let (frame, header) = full_header_job(id, salt);
            (frame, vec![header])
        }
        JobForm::Midstates => midstate_job(id, 4, salt),
    };
    (frame[2 - model.preambles().0.len()..].to_vec(), id, headers)
}

/// True if a nonce says that it solves the job with this id.
fn belongs(model: &ChipModel, seen: &Seen, id: u8) -> bool {
    match model.jobs {
        JobForm::Midstates => (id..id + 4).contains(&seen.job_byte),
        JobForm::FullHeader => {
            let small = (u32::from(seen.counter) % model.small_cores) as u8;
            seen.job_byte == model.job_bytes.returned(id, small)
        }
    }
}

/// The header that a nonce claims to solve.
fn solved(model: &ChipModel, seen: &Seen, id: u8, headers: &[[u8; 80]]) -> [u8; 80] {
    assert!(belongs(model, seen, id), "{} {id} {seen:x?}", model.name);
    match model.jobs {
        JobForm::Midstates => headers[usize::from(seen.job_byte - id)],
        JobForm::FullHeader => {
            let mut header = headers[0];
            let version = 0x2000_0000 | u32::from(seen.counter) << 13;
            header[..4].copy_from_slice(&version.to_le_bytes());
            header
        }
    }
}

/// Core and address as a host decodes them from a nonce.
fn decoded(model: &ChipModel, wire: [u8; 4]) -> (u16, u8) {
    let layout = &model.nonces;
    let view = match layout.msb_first {
        true => u32::from_be_bytes(wire),
        false => u32::from_le_bytes(wire) & 0x7FFF_FFFF,
    };
    let address = (view >> layout.address_shift) as u8 & (0xFF >> layout.address_drop);
    let core = view >> layout.core_shift;
    (core as u16, address << layout.address_drop)
}

#[test]
fn every_chips_nonces_solve_its_job_where_its_cores_look() {
    for model in MODELS {
        let mut bench = ready(model, 3, 0x0000_00C0, options(6));
        let numbers: Vec<u16> = (0..model.cores.count)
            .map(|i| model.cores.number(i))
            .collect();
        let (mut count, mut cores, mut chips) = (0, vec![], [0; 3]);
        let mut id_before = None;
        for salt in 0..12 {
            let (frame, id, headers) = job(model, salt);
            let len = bench.answer_len;
            let seen = nonces(&mine(&mut bench, &frame, Duration::from_millis(250)), len);
            for seen in &seen {
                let sent_by = |f: &&FrameRecord| {
                    let nonce = u32::from_le_bytes(seen.wire);
                    matches!(f.kind, FrameKind::Nonce { nonce: n, .. } if n.0 == nonce)
                };
                let frames = &bench.machine.ledger().frames;
                let frame = frames.iter().find(sent_by).expect("it was sent");
                if id_before.is_some_and(|id| belongs(model, seen, id)) {
                    // The job before ran on until this one had arrived.
                    continue;
                }
                let header = solved(model, seen, id, &headers);
                let hash = double_sha(header, seen);
                assert!(meets_ticket(&hash, 6 + 2), "{} {seen:x?}", model.name);
                let (core, address) = decoded(model, seen.wire);
                assert!(numbers.contains(&core), "{} core {core}", model.name);
                let own = frame.chip.0 as u8 * INTERVAL;
                let share = own..own + INTERVAL;
                assert!(share.contains(&address), "{} {own} {address}", model.name);
                cores.push(core);
                chips[usize::from(frame.chip.0)] += 1;
                count += 1;
            }
            id_before = Some(id);
        }
        cores.sort_unstable();
        cores.dedup();
        let name = model.name;
        assert!(count > 15, "{name} {count}");
        assert!(cores.len() > 10, "{name} {cores:?}");
        assert!(chips.iter().all(|n| *n > 0), "{name} {chips:?}");
    }
}

#[test]
fn every_chips_nonces_come_at_the_rate_of_its_hashrate() {
    for model in MODELS {
        // Difficulty 1: some 10 to 200 nonces a second from one chip.
        let mut bench = ready(model, 1, 0, options(6));
        let before = bench.machine.ledger().totals(SLOT);
        let start = bench.now;
        for salt in 0..100 {
            let (frame, ..) = job(model, salt);
            mine(&mut bench, &frame, Duration::from_millis(300));
        }
        let seconds = bench.now.since(start).as_secs_f64();
        let totals = bench.machine.ledger().totals(SLOT);
        let rate = f64::from(model.small_cores_used) * MHZ * 1e6 / 4_294_967_296.0;
        let ratio = (totals.nonces - before.nonces) as f64 / (rate * seconds);
        // 300 events at least: three standard deviations are 17 %.
        assert!((0.83..1.17).contains(&ratio), "{} {ratio}", model.name);
        let vain = totals.searched_in_vain as f64 / totals.nonces as f64;
        assert!(vain < 0.02, "{} {vain}", model.name);
    }
}

#[test]
fn historic_blocks_are_solved_by_every_chip_at_real_difficulty() {
    for v in vectors("blocks") {
        let header: [u8; 80] = hex(&v["header80"]).try_into().expect("80 bytes");
        for model in MODELS {
            let name = match (model.jobs, model.preambles().0) {
                (JobForm::FullHeader, _) => "derived_job_full_header",
                (_, []) => "derived_job_bm1387_1_midstate",
                _ => "derived_job_bm1397_1_midstate",
            };
            let options = TwinOptions {
                known_headers: vec![header],
                ..options(32)
            };
            // Some early blocks have a difficulty below 16: ticket 1 for all.
            let mut bench = ready(model, 1, 0, options);
            bench.machine.take_ledger();
            let frame = hex(&v[name]);
            let len = bench.answer_len;
            let answer = mine(&mut bench, &frame, Duration::from_millis(20));
            let [seen] = nonces(&answer, len)[..] else {
                panic!("{} {v}: {answer:x?}", model.name);
            };
            assert_eq!(seen.wire.to_vec(), hex(&v["nonce_wire_bytes"]), "{v}");
            let sent =
                frame[frame.len() - [54, 86][usize::from(model.jobs == JobForm::FullHeader)] + 2];
            assert_eq!(seen.job_byte, model.job_bytes.returned(sent, 0), "{v}");
            assert_eq!(seen.counter, 0, "{v}");
            let hash = double_sha(header, &seen);
            assert!(meets_ticket(&hash, 32), "{v}");
            let ledger = bench.machine.take_ledger();
            let told = ledger.frames.last().map(|f| (f.kind, f.fate));
            let Some((FrameKind::Nonce { hash: told, .. }, Fate::Arrived)) = told else {
                panic!("{told:?}");
            };
            assert_eq!(told, hash);
        }
    }
}

#[test]
fn captured_shares_are_answered_with_their_nonce_and_version() {
    let mut checked = 0;
    for_each_model("shares", |v, model| {
        if v["header80"].is_null() || model.jobs != JobForm::FullHeader {
            return;
        }
        let header: [u8; 80] = hex(&v["header80"]).try_into().expect("80 bytes");
        let options = TwinOptions {
            known_headers: vec![header],
            ..options(32)
        };
        let mut bench = ready(model, 1, 0, options);
        let mut base = header;
        let version = number(&v["version_base"]) as u32;
        base[..4].copy_from_slice(&version.to_le_bytes());
        let frame = full_header_frame(0x28, &base);
        let answer = mine(&mut bench, &frame, Duration::from_millis(20));
        let [seen] = nonces(&answer, 11)[..] else {
            panic!("{v}: {answer:x?}");
        };
        assert_eq!(seen.wire.to_vec(), hex(&v["nonce_wire_bytes"]), "{v}");
        assert_eq!(
            u64::from(seen.counter),
            number(&v["version_counter"]),
            "{v}"
        );
        checked += 1;
    });
    assert!(checked >= 50, "{checked}");
}

#[test]
fn without_rolling_small_cores_divide_the_nonces_and_answers_stay_short() {
    for model in MODELS {
        let Some(rolling) = model.registers.rolling else {
            continue;
        };
        let mut bench = Bench::new(model.name, 1, options(6));
        bench.clock(MHZ);
        let counting = model.registers.hash_counting.expect("it has one");
        bench.write_all(counting, 0x10_0000);
        bench.write_all(rolling, 0x1000_FFFF);
        let bits = model.small_cores.trailing_zeros();
        let (mut small_cores, mut count) = (vec![], 0);
        for salt in 0..40 {
            let (frame, id, headers) = job(model, salt);
            let seen = nonces(&mine(&mut bench, &frame, Duration::from_millis(60)), 9);
            for seen in &seen {
                assert!(meets_ticket(&double_sha(headers[0], seen), 6), "{seen:x?}");
                let n = u32::from_be_bytes(seen.wire);
                let small = (n >> (25 - bits)) as u8 & ((1 << bits) - 1);
                assert_eq!(
                    seen.job_byte,
                    model.job_bytes.returned(id, small),
                    "{seen:x?}"
                );
                small_cores.push(small);
                count += 1;
            }
        }
        small_cores.sort_unstable();
        small_cores.dedup();
        assert_eq!(
            small_cores.len(),
            model.small_cores as usize,
            "{}",
            model.name
        );
        assert!(count > 50, "{} {count}", model.name);
    }
}

#[test]
fn a_bm1387_hashes_with_the_cores_that_were_opened() {
    let model = model("bm1387").expect("a model");
    let work = |bench: &mut Bench| {
        let (frame, ..) = job(model, 1);
        mine(bench, &frame, Duration::from_millis(10));
        bench.machine.hashes_per_second_modelled().hs() / (MHZ * 1e6)
    };
    let start = || {
        let mut bench = Bench::new(
            "bm1387",
            1,
            TwinOptions {
                thinning: 1000,
                ..options(6)
            },
        );
        bench.clock(MHZ);
        bench.write_all(0x18, 0xFFFF_FFFF);
        bench
    };
    // Without the gate-block bit nothing opens.
    let mut bench = start();
    for _ in 0..114 {
        open_core(&mut bench, true);
    }
    assert_eq!(work(&mut bench), 0.0);
    // With it each job opens one, or leaves one closed.
    let mut bench = start();
    bench.write_all(0x1C, 0x0000_9A80);
    for core in 0..114 {
        open_core(&mut bench, core % 3 > 0);
    }
    assert_eq!(work(&mut bench).round(), 76.0);
    // An ordinary job takes its turn too: bit 0 of its nbits is zero here.
    let mut bench = start();
    bench.write_all(0x1C, 0x0000_9A80);
    for _ in 0..30 {
        open_core(&mut bench, true);
    }
    assert_eq!(work(&mut bench).round(), 30.0);
    // Clearing the bit leaves open what is open; reset closes all.
    bench.write_all(0x1C, 0x0000_1A80);
    assert_eq!(work(&mut bench).round(), 30.0);
    bench.machine.set_reset(bench.now, SLOT, true);
    bench.machine.set_reset(bench.now, SLOT, false);
    bench.clock(MHZ);
    assert_eq!(work(&mut bench), 0.0);
}

#[test]
fn without_the_switch_for_several_midstates_only_the_first_is_solved() {
    let mut checked = 0;
    for model in MODELS.iter().filter(|m| m.many_midstates_while.is_some()) {
        let mut bench = ready(model, 1, 0, options(6));
        match model.many_midstates_while {
            // The vendor's way of enabling I2C on a BM1387 clears it.
            Some(Condition::Bits(register, mask, _)) => {
                let now = bench.value(0, register);
                bench.write_all(register, now & !mask);
            }
            _ => bench.write_all(0x3C, 0x8000_8000),
        }
        let (frame, id, _) = job(model, 1);
        let len = bench.answer_len;
        let seen = nonces(&mine(&mut bench, &frame, Duration::from_secs(1)), len);
        assert!(
            seen.len() > 5 && seen.iter().all(|s| s.job_byte == id),
            "{seen:x?}"
        );
        checked += 1;
    }
    assert!(checked >= 2, "{checked}");
}

#[test]
fn a_bm1397_that_outlasts_its_share_moves_into_the_next() {
    let model = model("bm1397").expect("a model");
    let mut bench = ready(model, 2, 0, options(6));
    let (frame, ..) = job(model, 1);
    // A share is 4 << 14 nonces of 4 midstates: 0.655 s at 400 MHz and a thousandfold job.
    let seen = nonces(&mine(&mut bench, &frame, Duration::from_millis(600)), 9);
    let addresses = |seen: &[Seen]| -> Vec<u8> {
        let mut all: Vec<u8> = seen
            .iter()
            .map(|s| decoded(model, s.wire).1 / INTERVAL)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    assert_eq!(addresses(&seen), [0, 1]);
    let seen = nonces(&mine(&mut bench, &[], Duration::from_millis(700)), 9);
    assert_eq!(addresses(&seen), [0, 1, 2]);
    let seen = nonces(&mine(&mut bench, &[], Duration::from_millis(600)), 9);
    assert_eq!(addresses(&seen), [1, 2, 3]);
}

#[test]
fn temperatures_are_read_through_the_chips_that_have_a_sensor() {
    // Chip, register of the relay, the word that connects it, an address with a sensor.
    for (name, chips, register, misc, address) in [
        ("bm1387", 63, 0x20, (0x1C, 0x0000_5AE0), 244),
        ("bm1397", 3, 0x1C, (0x18, 0x0000_7A31), 4),
        ("bm1398", 114, 0x1C, (0x18, 0x0000_BA05), 50),
    ] {
        let mut bench = Bench::new(name, chips, options(2));
        let interval = if name == "bm1387" { 4 } else { 2 };
        bench.command(&[0x53, 5, 0, 0]);
        for chip in 0..chips {
            bench.command(&[0x40, 5, (chip * interval) as u8, 0]);
        }
        bench.write_all(misc.0, misc.1);
        let mut measured = |address: u8, sensor_register: u32| {
            bench.write_one(address, register, 0x0198_0000 | sensor_register << 8);
            let value = bench.value(address, register);
            assert_eq!(
                value >> 8,
                0x0001_9800 | sensor_register,
                "{name} {value:08x}"
            );
            value & 0xFF
        };
        assert_eq!(measured(address, 0), 28, "{name}: board, at rest");
        assert_eq!(measured(address, 1), 40, "{name}: chip, at rest");
        if name != "bm1397" {
            assert_eq!(measured(0, 0), 0xFF, "{name}: no sensor there");
        }
    }
    // Not connected: busy for good.
    let mut bench = Bench::new("bm1397", 1, options(2));
    bench.write_one(0, 0x1C, 0x0198_0000);
    assert_eq!(bench.value(0, 0x1C), 0x8198_0000);
}

#[test]
fn chips_that_measure_themselves_answer_after_the_third_step() {
    let mut checked = 0;
    for model in MODELS {
        let Some((result, control)) = model.live.iter().find_map(|(r, live)| match live {
            Live::DieTemperature { control } => Some((*r, *control)),
            _ => None,
        }) else {
            continue;
        };
        let mut bench = Bench::new(model.name, 1, options(2));
        for step in [0x0002_0000, 0x0102_0000] {
            bench.write_all(control, step);
            assert_eq!(bench.value(0, result), 0, "{}", model.name);
        }
        bench.write_all(control, 0x1002_0000);
        let value = bench.value(0, result);
        let celsius = f64::from(value & 0xFFFF) * 0.171_342 - 299.5144;
        assert!(
            value >> 31 == 1 && (celsius - 40.0).abs() < 0.2,
            "{celsius}"
        );
        checked += 1;
    }
    assert!(checked >= 1, "{checked}");
}

#[test]
fn hashrate_and_hash_counters_tell_what_the_chip_does() {
    let mut checked = 0;
    for model in MODELS {
        let mut bench = ready(model, 1, 0xFFFF_FFFF, options(2));
        let of =
            |want: fn(&Live) -> bool| model.live.iter().find(|(_, l)| want(l)).map(|(r, _)| *r);
        let rate = of(|l| matches!(l, Live::HashRate));
        let total = of(|l| *l == Live::HashCount(1));
        let quarter = of(|l| *l == Live::HashCount(4));
        let before = total.map(|r| bench.value(0, r));
        let (frame, ..) = job(model, 1);
        mine(&mut bench, &frame, Duration::from_millis(200));
        let hs = f64::from(model.small_cores_used) * MHZ * 1e6;
        if let Some(register) = rate {
            let value = bench.value(0, register);
            let told = f64::from(value) * 16_777_216.0;
            assert!((told / hs - 1.0).abs() < 0.001, "{} {told}", model.name);
            checked += 1;
        }
        let (Some(total), Some(quarter), Some(before)) = (total, quarter, before) else {
            continue;
        };
        // The job goes on: 8 s of jobs, counted in 2^32 hashes.
        let seconds = |bench: &Bench, from: Instant| bench.now.since(from).as_secs_f64();
        let start = bench.now;
        bench.write_all(total, 0);
        for salt in 0..40 {
            let (frame, ..) = job(model, salt);
            mine(&mut bench, &frame, Duration::from_millis(200));
        }
        let count = f64::from(bench.value(0, total));
        let expected = hs * seconds(&bench, start) / 4_294_967_296.0;
        assert!(
            (count / expected - 1.0).abs() < 0.05,
            "{} {count} {expected}",
            model.name
        );
        let part = f64::from(bench.value(0, quarter) - before / 4);
        assert!(
            (part * 4.0 / count - 1.0).abs() < 0.1,
            "{} {part}",
            model.name
        );
        checked += 1;
    }
    assert!(checked >= 4, "{checked}");
}

#[test]
fn dropped_frames_are_counted_in_the_error_flag() {
    for model in MODELS {
        let Some(register) = model.registers.error_flag else {
            continue;
        };
        let mut bench = Bench::new(model.name, 2, options(2));
        bench.write_all(register, 0);
        let mut bad = framed(&[0x52, 5, 0, 0]);
        bad[6] ^= 1;
        let (mut job, ..) = job(model, 1);
        let last = job.len() - 1;
        job[last] ^= 1;
        for _ in 0..3 {
            bench.send(&bad);
        }
        bench.send(&job);
        assert_eq!(bench.value(0, register), 0x0301_0000, "{}", model.name);
        for _ in 0..300 {
            bench.send(&bad);
        }
        assert_eq!(bench.value(0, register), 0xFF01_0000, "{}", model.name);
    }
}

#[test]
fn a_chip_near_the_host_speaks_before_it_forwards() {
    let model = model("bm1370").expect("a model");
    // A broadcast read of 60 chips takes 57 ms, and 180 nonces come in a second.
    let mut bench = ready(model, 60, 0x0000_00FC, options(2));
    let (frame, ..) = job(model, 1);
    bench.machine.uart_write(bench.now, SLOT, &frame);
    bench.wait(Duration::from_millis(12));
    bench.machine.take_ledger();
    bench
        .machine
        .uart_write(bench.now, SLOT, &framed(&[0x52, 5, 0, 0]));
    bench.wait(Duration::from_millis(400));
    let frames = bench.machine.take_ledger().frames;
    let answers: Vec<u16> = frames
        .iter()
        .filter(|f| matches!(f.kind, FrameKind::Register { .. }))
        .map(|f| f.chip.0)
        .collect();
    assert_eq!(answers, (0..60).collect::<Vec<u16>>(), "chain order");
    let is_answer = |i: &usize| matches!(frames[*i].kind, FrameKind::Register { .. });
    let first = (0..frames.len()).find(is_answer).expect("answers");
    let last = (0..frames.len()).rfind(is_answer).expect("answers");
    let between = &frames[first..last];
    assert!(
        between
            .iter()
            .any(|f| matches!(f.kind, FrameKind::Nonce { .. }))
    );
}

#[test]
fn nonces_that_find_no_room_are_counted_where_they_overflow() {
    let model = model("bm1370").expect("a model");
    // 1,900 nonces a second on a line that carries 1,050: 4,096 wait, the others are lost.
    let mut bench = ready(model, 10, 0, options(0));
    for salt in 0..12 {
        let (frame, ..) = job(model, salt);
        mine(&mut bench, &frame, Duration::from_secs(1));
    }
    let lost = bench.machine.ledger().totals(SLOT).cut_off;
    assert!(lost > 500, "{lost}");
    // The first chip's answer need not wait for the others' nonces.
    let overflow = model.registers.nonce_overflow.expect("one");
    let read = framed(&[0x42, 5, 0, overflow]);
    let bytes = mine(&mut bench, &read, Duration::from_millis(100));
    let answer = bytes
        .chunks(11)
        .find(|f| f[10] >> 7 == 0)
        .expect("an answer");
    let count = u64::from(u32::from_be_bytes([
        answer[2], answer[3], answer[4], answer[5],
    ]));
    assert!((lost / 20..lost / 5).contains(&count), "{count} of {lost}");
}

#[test]
fn a_bm1387_reply_is_checked_as_it_leaves() {
    let mut bench = Bench::new("bm1387", 2, options(2));
    let answer = bench.command(&[0x52, 5, 0, 0]);
    assert_eq!(
        answer,
        [hex(&"13879000000007".into()), hex(&"13879000000007".into())].concat()
    );
    assert_eq!(crc5(&answer[..7]), 0);
}
