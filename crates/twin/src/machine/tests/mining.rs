//! Nonces: where they lie, how often they come, when they stop.

use sha2::{Digest, Sha256};

use super::super::FrameKind;
use super::super::chip::JobForm;
use super::super::hash::{meets_ticket, zero_bits};
use super::*;

/// A nonce frame, taken apart by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) wire: [u8; 4],
    pub(super) byte4: u8,
    pub(super) job_byte: u8,
    pub(super) counter: u16,
}

pub(super) fn nonces(bytes: &[u8], len: usize) -> Vec<Seen> {
    assert!(bytes.len().is_multiple_of(len), "{bytes:x?}");
    let one = |f: &[u8]| {
        assert_eq!(f[len - 1] >> 5, 4, "{f:x?}");
        let body = match len {
            7 => f,
            _ => f.strip_prefix(&[0xAA, 0x55]).expect("a preamble"),
        };
        let counter = if len == 11 {
            [body[6], body[7]]
        } else {
            [0, 0]
        };
        Seen {
            wire: [body[0], body[1], body[2], body[3]],
            byte4: body[4],
            job_byte: body[5],
            counter: u16::from_be_bytes(counter),
        }
    };
    bytes.chunks(len).map(one).collect()
}

pub(super) fn double_sha(mut header: [u8; 80], seen: &Seen) -> [u8; 32] {
    header[76..].copy_from_slice(&seen.wire);
    Sha256::digest(Sha256::digest(header)).into()
}

/// A BM1370 chain, addressed, at 600 MHz, with ticket difficulty 16 and rolling over
/// `mask`, at 3.125 Mbaud.
fn bm1370(chips: u16, mask: u16, options: TwinOptions) -> Bench {
    let mut bench = Bench::new("bm1370", chips, options);
    bench.address(chips);
    bench.write_all(0x14, 0x0000_00F0);
    bench.write_all(0x08, 0x50C0_0230);
    bench.write_all(0x10, 0x1EB5);
    bench.write_all(0xA4, 0x9000_0000 | u32::from(mask));
    bench.answer_len = 11;
    bench.write_all(0x28, 0x0130_0000);
    bench.machine.uart_set_baud(bench.now, SLOT, 3_125_000);
    bench
}

/// A BM1398 chain, addressed, at 525 MHz, with the ticket register as given, at
/// 12.5 Mbaud.
fn bm1398(chips: u16, ticket: u32, options: TwinOptions) -> Bench {
    let mut bench = Bench::new("bm1398", chips, options);
    bench.address(chips);
    bench.write_all(0x14, ticket);
    bench.write_all(0x08, 0x4054_0141);
    bench.write_all(0x68, 0xC070_0111);
    bench.write_all(0x28, 0x0600_8F00);
    bench.write_all(0x18, 0xF001_0305);
    bench.machine.uart_set_baud(bench.now, SLOT, 12_500_000);
    bench
}

/// Sends a job and collects what comes in `time`, and the rest of the last frame.
pub(super) fn mine(bench: &mut Bench, job: &[u8], time: Duration) -> Vec<u8> {
    bench.machine.uart_write(bench.now, SLOT, job);
    // In slices: the host's buffer holds 16 KiB.
    let mut bytes = Vec::new();
    for _ in 0..10 {
        bench.wait(time / 10);
        bytes.extend(bench.read());
    }
    whole_frames(bench, bytes)
}

fn whole_frames(bench: &mut Bench, mut bytes: Vec<u8>) -> Vec<u8> {
    while !bytes.len().is_multiple_of(bench.answer_len) {
        bench.wait(Duration::from_nanos(100));
        bytes.extend(bench.read());
    }
    bytes
}

#[test]
fn a_captured_job_is_answered_by_its_captured_frame() {
    let shares = vectors("shares");
    let v = shares
        .iter()
        .find(|v| v["id"] == "share-1370-gamma")
        .expect("share-1370-gamma");
    let options = TwinOptions {
        known_headers: vec![hex(&v["header80"]).try_into().expect("80 bytes")],
        ..options(32)
    };
    let mut bench = bm1370(1, 0xFFFF, options);
    bench.write_all(0x14, 0x0000_00FF);
    let answer = mine(&mut bench, &hex(&v["job_frame"]), Duration::from_secs(1));
    assert_eq!(answer, hex(&v["response_frame"]));
}

#[test]
fn bm1370_nonces_solve_the_job_in_the_window_of_their_chip() {
    let mut bench = bm1370(65, 0xFFFF, options(4));
    for chip in 0..65u32 {
        let offset = 0x8000_0000 | (65_536 * chip / 65 + u32::from(chip > 0));
        let [a, b, c, d] = offset.to_be_bytes();
        bench.command(&[0x41, 9, 2 * chip as u8, 0x0C, a, b, c, d]);
    }
    let mut all = Vec::new();
    for round in 0..5 {
        let (job, header) = full_header_job(0x68, round);
        bench.machine.take_ledger();
        // Ten bits a byte at 3.125 Mbaud.
        let taken = bench.now + Duration::from_nanos(3_200) * job.len() as u32;
        // The job lasts 1.288 s.
        let seen = nonces(&mine(&mut bench, &job, Duration::from_millis(1400)), 11);
        let frames = bench.machine.take_ledger().frames;
        assert_eq!(seen.len(), frames.len());
        for (seen, frame) in seen.iter().zip(&frames) {
            let mut solved = header;
            let version = 0x2000_0000 | u32::from(seen.counter) << 13;
            solved[..4].copy_from_slice(&version.to_le_bytes());
            let hash = double_sha(solved, seen);
            assert!(meets_ticket(&hash, 4 + 4), "{seen:x?}");
            let excess = 2 * (zero_bits(&hash) - 8);
            assert_eq!(u32::from(seen.byte4), excess, "{seen:x?}");
            assert_eq!(
                seen.job_byte,
                0xD0 | (seen.counter & 0xF) as u8,
                "{seen:x?}"
            );
            let n = u32::from_be_bytes(seen.wire);
            assert_eq!(
                ((n >> 9 & 0xFFFF) * 65) >> 16,
                u32::from(frame.chip.0),
                "{seen:x?}"
            );
            let kind = FrameKind::Nonce {
                nonce: units::Nonce(u32::from_le_bytes(seen.wire)),
                job_byte: seen.job_byte,
                version_bits: u32::from(seen.counter) << 13,
                hash,
                made_up: false,
                job_taken: taken,
            };
            assert_eq!(frame.kind, kind);
        }
        all.extend(seen.iter().map(|s| (round, *s)));
    }
    assert!(all.len() > 4000, "{}", all.len());
    let cores: std::collections::BTreeSet<u8> = all.iter().map(|(_, s)| s.wire[0] >> 1).collect();
    assert_eq!(cores.len(), 128);
    let count = all.len();
    all.sort_by_key(|(round, s)| (*round, s.wire, s.counter));
    all.dedup();
    assert_eq!(all.len(), count, "a nonce was reported twice");
}

#[test]
fn bm1398_nonces_solve_one_of_the_midstates_in_the_window_of_their_chip() {
    // A thousandfold job lasts 250 ms.
    let options = TwinOptions {
        thinning: 1000,
        ..options(4)
    };
    let mut bench = bm1398(114, 0x0000_00F0, options);
    let mut midstates = [0; 4];
    for round in 0..8 {
        let id = 4 * round + 4;
        let (job, headers) = midstate_job(id, 4, round);
        bench.machine.take_ledger();
        let seen = nonces(&mine(&mut bench, &job, Duration::from_millis(300)), 9);
        let frames = bench.machine.take_ledger().frames;
        for (seen, frame) in seen.iter().zip(&frames) {
            let index = usize::from(seen.job_byte - id);
            assert!(
                meets_ticket(&double_sha(headers[index], seen), 4 + 4),
                "{seen:x?}"
            );
            let n = u32::from_be_bytes(seen.wire);
            assert!(n >> 24 < 156, "{seen:x?}");
            assert_eq!((n >> 17) & 0x7F, u32::from(frame.chip.0), "{seen:x?}");
            midstates[index] += 1;
        }
    }
    assert!(midstates.iter().all(|n| *n > 150), "{midstates:?}");
}

/// Nonces in 20 s with a job whenever one is due must be those of the hashrate.
fn check_rate(mut bench: Bench, chips_mhz: f64, job_time: Duration) {
    let model = bench.model;
    let mut count = 0;
    let mut round = 0;
    let start = bench.now;
    while bench.now < start + Duration::from_secs(20) {
        round += 1;
        let (full, _) = full_header_job(8 * (round % 16), round);
        let (mid, _) = midstate_job(4 * (round % 32), 4, round);
        let job = match model.jobs {
            JobForm::FullHeader => full,
            JobForm::Midstates => mid,
        };
        mine(&mut bench, &job, job_time);
        let frames = bench.machine.take_ledger().frames;
        count += frames
            .iter()
            .filter(|f| matches!(f.kind, FrameKind::Nonce { .. }))
            .count();
    }
    let seconds = bench.now.since(start).as_secs_f64();
    let rate = f64::from(model.small_cores_used) * chips_mhz * 1e6;
    let expected = seconds * rate / 16.0 / 4_294_967_296.0;
    let ratio = count as f64 / expected;
    // Some 1900 events: three standard deviations are 7 %.
    assert!((0.93..1.07).contains(&ratio), "{count} of {expected}");
    assert_eq!(bench.machine.ledger().totals(SLOT).searched_in_vain, 0);
}

#[test]
pub(super) fn nonces_come_at_the_rate_of_the_hashrate() {
    let time = Duration::from_millis(240);
    for thinning in [1000, 4000] {
        let options = TwinOptions {
            thinning,
            ..options(3)
        };
        let job_time = time * (thinning / 1000);
        check_rate(bm1398(20, 0xF0, options), 20.0 * 525.0, job_time);
    }
    let second = Duration::from_secs(1);
    check_rate(bm1370(5, 0xFFFF, options(3)), 5.0 * 600.0, second);
    let slow = |mut bench: Bench| {
        bench.write_all(0x08, 0x40A0_0241);
        bench
    };
    // 25 * 160 / (2 * 5 * 2) = 200 MHz.
    let bench = slow(bm1370(15, 0xFFFF, options(3)));
    check_rate(bench, 15.0 * 200.0, second);
}

#[test]
fn a_job_ends_by_itself_and_a_new_one_starts_at_once() {
    let options = TwinOptions {
        thinning: 100,
        ..options(2)
    };
    let mut bench = bm1398(114, 0, options);
    let (first, _) = midstate_job(4, 4, 1);
    let (second, _) = midstate_job(8, 4, 2);
    // 152 bytes at 12.5 Mbaud, then 100 * 2^17 / 525 MHz = 24.97 ms, then nothing.
    let begin = bench.now;
    let seen = nonces(&mine(&mut bench, &first, Duration::from_secs(1)), 9);
    assert!(!seen.is_empty() && seen.iter().all(|s| s.job_byte & 0x7C == 4));
    let last = bench.machine.take_ledger().frames.last().map(|f| f.at);
    let last = last.expect("some").since(begin);
    // The last answers leave one after another: 9 bytes at 12.5 Mbaud take 7.2 us.
    assert!(last <= Duration::from_micros(122 + 24_967 + 50), "{last:?}");
    assert!(last >= Duration::from_micros(20_000), "{last:?}");
    // The second comes while the first runs: from its last byte on only the second.
    let mut seen = nonces(&mine(&mut bench, &first, Duration::from_millis(10)), 9);
    seen.extend(nonces(
        &mine(&mut bench, &second, Duration::from_millis(50)),
        9,
    ));
    let change = seen
        .iter()
        .position(|s| s.job_byte & 0x7C == 8)
        .expect("second");
    assert!(
        seen[change..].iter().all(|s| s.job_byte & 0x7C == 8),
        "{seen:x?}"
    );
    assert!(change > 0, "{seen:x?}");
}

#[test]
fn bm1370_exhausts_its_versions_in_order_and_falls_idle() {
    // 8 bits: 256 versions, 16 at a time, 314 us each at this hash counting number.
    let mut bench = bm1370(65, 0x00FF, options(2));
    bench.command(&[0x51, 9, 0, 0x14, 0, 0, 0, 0]);
    let (job, _) = full_header_job(0x08, 1);
    let begin = bench.now + Duration::from_nanos(88 * 3200);
    mine(&mut bench, &job, Duration::from_millis(100));
    let step = Duration::from_nanos(0x1EB5 * 40);
    let frames = bench.machine.take_ledger().frames;
    for frame in frames.iter().filter(|f| f.at > begin) {
        let FrameKind::Nonce { version_bits, .. } = frame.kind else {
            panic!("{frame:?}");
        };
        let group = version_bits >> 13 >> 4;
        let at = frame.at.since(begin);
        // Found in this span, and through the wire at most a millisecond later.
        assert!(step * group <= at, "{group}: {at:?}");
        assert!(
            at <= step * (group + 1) + Duration::from_millis(1),
            "{group}: {at:?}"
        );
    }
    assert!(frames.len() > 50, "{}", frames.len());
    assert_eq!(mine(&mut bench, &[], Duration::from_secs(1)), NONE);
    assert_eq!(bench.machine.hashes_per_second_modelled().hs(), 0.0);
}

#[test]
fn rolled_versions_stay_inside_the_mask() {
    let mut bench = bm1370(65, 0x0F35, options(2));
    let (job, _) = full_header_job(0x08, 1);
    let seen = nonces(&mine(&mut bench, &job, Duration::from_secs(1)), 11);
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|s| s.counter & !0x0F35 == 0));
}

#[test]
fn switches_that_stop_the_cores_stop_nonces() {
    // Register and value that stops, value that runs again.
    let check = |mut bench: Bench, job: &[u8], register: u8, stop: u32, go: u32| {
        let mut hashes = |value: u32| {
            let [a, b, c, d] = value.to_be_bytes();
            bench.command(&[0x51, 9, 0, register, a, b, c, d]);
            let bytes = mine(&mut bench, job, Duration::from_millis(200));
            (!bytes.is_empty(), bench.machine.totals_nonces())
        };
        assert!(!hashes(stop).0, "register {register:02x}");
        assert!(hashes(go).1 > 0, "register {register:02x}");
    };
    let (full, _) = full_header_job(0x08, 1);
    let (mid, _) = midstate_job(4, 4, 1);
    let long = |bits| bm1370(65, 0xFFFF, options(bits));
    check(long(2), &full, 0x10, 0, 0x1EB5);
    check(long(2), &full, 0x08, 0x10C0_0230, 0x50C0_0230);
    check(long(2), &full, 0x14, 0xFFFF_FFFF, 0xF0);
    let slow = || {
        let options = TwinOptions {
            thinning: 1000,
            ..options(2)
        };
        bm1398(114, 0xF0, options)
    };
    check(slow(), &mid, 0x18, 0xF001_0301, 0xF001_0305);
    check(slow(), &mid, 0x34, 0xF0, 0xF8);
    check(slow(), &mid, 0x18, 0xF041_0305, 0xF001_0305);
}

impl TwinMachine {
    fn totals_nonces(&self) -> u64 {
        self.ledger().totals(SLOT).nonces
    }
}

#[test]
fn one_seed_gives_one_sequence_of_bytes() {
    let run = |seed| {
        let options = TwinOptions { seed, ..options(2) };
        let mut bench = bm1370(65, 0xFFFF, options);
        let (job, _) = full_header_job(0x08, 1);
        mine(&mut bench, &job, Duration::from_millis(300))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn modelled_hashrate_is_the_chips_real_one() {
    let mut bench = bm1370(65, 0xFFFF, options(2));
    assert_eq!(bench.machine.hashes_per_second_modelled().hs(), 0.0);
    let (job, _) = full_header_job(0x08, 1);
    mine(&mut bench, &job, Duration::from_millis(10));
    let ths = bench.machine.hashes_per_second_modelled().ths();
    assert!((ths - 79.56).abs() < 0.01, "{ths}");
}
