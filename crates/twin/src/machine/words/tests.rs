//! SPI chains against golden vectors, and their behaviour.

use serde_json::Value;
use units::{ChainSlot, ChipIndex, Duration, Instant, Nonce};

use super::frames::{Order, Parsed, crc16, parse};
use super::model::{MODELS, model};
use crate::machine::hash;
use crate::machine::tests::{hex, load, number};
use crate::machine::{
    DeadChip, Direction, Fate, FaultPlan, FrameKind, Noise, TwinMachine, TwinOptions,
};

const SLOT: ChainSlot = ChainSlot(0);
const CLOCK_HZ: u32 = 390_625;

fn vectors() -> Vec<Value> {
    let file = load("spi/a1-t1-frames.json");
    file["vectors"].as_array().expect("a list").clone()
}

fn vector(id: &str) -> Vec<u8> {
    let all = vectors();
    let found = all.iter().find(|v| v["id"] == id);
    hex(&found.unwrap_or_else(|| panic!("{id}"))["hex"])
}

/// A host at a chain, with its own clock.
struct Bench {
    machine: TwinMachine,
    now: Instant,
    chips: usize,
}

impl Bench {
    fn new(chip: &str, chips: u16, options: TwinOptions) -> Self {
        Bench {
            machine: TwinMachine::single_spi_chain(chip, chips, options).expect("a known chip"),
            now: Instant::from_millis(1),
            chips: usize::from(chips),
        }
    }

    fn plain(chip: &str, chips: u16) -> Self {
        Self::new(chip, chips, options(FaultPlan::default()))
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.machine.advance(self.now);
    }

    /// One transfer of `clocked` bytes that begins with `sent`.
    fn transfer(&mut self, clock_hz: u32, sent: &[u8], clocked: usize) -> Vec<u8> {
        let mut bytes = sent.to_vec();
        bytes.resize(clocked.max(sent.len()), 0);
        self.machine
            .spi_transfer(self.now, SLOT, clock_hz, &mut bytes);
        self.now += Duration::from_millis(10);
        bytes
    }

    /// The answer of `len` bytes to what was asked of a chip, or of all.
    fn ask(&mut self, sent: &[u8], len: usize) -> Vec<u8> {
        let chip = usize::from(sent[1]);
        let offset = match chip {
            0 => 4 * self.chips,
            _ => 4 * chip - 2,
        };
        let bytes = self.transfer(CLOCK_HZ, sent, offset + len);
        bytes[offset..].to_vec()
    }

    fn count(&mut self) {
        let answer = self.ask(&[1, 0, 0, 0], 4);
        assert_eq!(answer, [1, 0, 0, self.chips as u8]);
    }

    /// Counted, tested and clocked: ready for jobs.
    fn ready(chip: &str, chips: u16, options: TwinOptions) -> Self {
        let mut bench = Self::new(chip, chips, options);
        bench.count();
        let pll = match chip {
            "a1" => "a1-write-pll-800",
            _ => "t1-write-reg-pll-120",
        };
        bench.ask(&vector(pll), 14);
        bench.ask(&[3, 0], 2);
        bench
    }

    fn block(&mut self, chip: u8) -> Vec<u8> {
        self.ask(&[0x0A, chip], 16)
    }

    fn queue_state(&mut self, chip: u8) -> u8 {
        self.block(chip)[2 + 9] & 3
    }

    fn job(&mut self, chip: u8, id: u8) {
        let mut job = vector("t1-write-job-1-chip3-genesis");
        (job[0], job[1]) = (id << 4 | 0x0C, chip);
        let crc = crc16(&job[..158]).to_be_bytes();
        job[158..160].copy_from_slice(&crc);
        self.transfer(CLOCK_HZ, &job, 162 + 4 * self.chips);
    }

    fn result(&mut self) -> Option<Vec<u8>> {
        let answer = self.ask(&[8, 0, 0, 0], 10);
        assert_eq!(
            crc16(&answer[..8]).to_be_bytes(),
            answer[8..],
            "{answer:02x?}"
        );
        (answer[1] != 0).then_some(answer)
    }
}

fn options(faults: FaultPlan) -> TwinOptions {
    TwinOptions {
        seed: 3,
        difficulty_bits: 2,
        faults,
        ..TwinOptions::default()
    }
}

#[test]
fn every_vector_from_the_host_is_a_frame_with_its_fields() {
    let mut checked = 0;
    for v in vectors() {
        let chip = v["chip"].as_str().expect("a chip").to_lowercase();
        let model = model(&chip).expect("a known chip");
        if v["direction"] != "host->chain" {
            continue;
        }
        checked += 1;
        let bytes = hex(&v["hex"]);
        let fields = &v["decoded"];
        let Parsed::Frame(frame) = parse(model, &bytes) else {
            panic!("{v}");
        };
        assert_eq!(
            u64::from(frame.chip),
            fields["chip"].as_u64().unwrap_or(0),
            "{v}"
        );
        match frame.order {
            Order::Write(block) => {
                let mhz = fields["mhz"].as_f64().expect("a frequency");
                assert_eq!(model.pll.mhz(&block), mhz, "{v}");
            }
            Order::Second(block) => assert_eq!(u64::from(block[5]), number(&fields["divider"])),
            Order::Job(loaded) => {
                assert_eq!(u64::from(loaded.id), number(&fields["job_id"]), "{v}");
                assert_eq!(loaded.ticket, 0, "{v}");
                for slot in 0..model.job.midstates {
                    let midstate = loaded.job.midstate(slot, 0);
                    let nonce = Nonce(0x7c2b_ac1d).to_wire();
                    let found = hash::header_hash(&midstate, &loaded.job.tail, nonce);
                    assert_eq!(hash::zero_bits(&found), 43, "the first block: {v}");
                }
            }
            Order::Reset(strategy) => {
                let text = fields["strategy"].as_str().or(fields["arg"].as_str());
                let wanted = text.expect("a strategy").trim_start_matches("0x");
                assert!(
                    wanted.starts_with(&format!("{strategy:02x}"))
                        || wanted.eq_ignore_ascii_case(&format!("{strategy:02x}")),
                    "{v}"
                );
            }
            Order::BistStart | Order::BistCollect | Order::BistFix => {
                assert_eq!(u64::from(bytes[0]), number(&fields["cmd"]), "{v}");
            }
            Order::Read | Order::Result => assert!(bytes[2..].iter().all(|b| *b == 0), "{v}"),
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn counting_answers_as_the_vectors_say_and_only_once() {
    for (chip, chips, id) in [
        ("a1", 5, "a1-bist-start-echo-5"),
        ("t1", 63, "t1-bist-start-rsp-63"),
    ] {
        let mut bench = Bench::plain(chip, chips);
        assert_eq!(bench.ask(&[1, 0, 0, 0], 4), vector(id));
        assert_eq!(bench.ask(&[1, 0, 0, 0], 4), [1, 0, 0, 0], "{chip}");
    }
}

#[test]
fn chips_answer_by_number_only_once_they_were_counted() {
    let mut bench = Bench::plain("t1", 9);
    assert_eq!(bench.block(4), [0; 16]);
    bench.count();
    assert_eq!(bench.block(4)[..2], [0x1A, 4]);
    assert_eq!(bench.ask(&[0x0A, 10], 16), [0; 16], "nobody of this number");
}

#[test]
fn blocks_read_as_the_vectors_say() {
    // Locked, two jobs, 32 cores.
    let mut bench = Bench::ready("a1", 5, options(FaultPlan::default()));
    let mut job = vector("a1-write-job-1-chip3-genesis");
    bench.transfer(CLOCK_HZ, &job, 100);
    job[0] = 0x27;
    bench.transfer(CLOCK_HZ, &job, 100);
    let block = bench.ask(&[0x0A, 3], 8);
    // The constants that were written stand where nothing is told.
    let mut expected = vector("a1-read-reg-3-rsp");
    (expected[4], expected[5]) = (0x21, 0x87);
    assert_eq!(block, expected);

    let mut bench = Bench::ready("t1", 5, options(FaultPlan::default()));
    bench.ask(&vector("t1-write-reg-pll-1332"), 14);
    let block = bench.transfer(6_250_000, &[0x0A, 1], 18)[2..].to_vec();
    let expected = vector("t1-read-reg-1-rsp");
    assert_eq!(block[..6], expected[..6]);
    assert_eq!(block[13], expected[13], "cores");
}

#[test]
fn a_sensor_that_was_reset_and_switched_shows_the_vectors_code() {
    let mut bench = Bench::ready("t1", 3, options(FaultPlan::default()));
    let write = |bench: &mut Bench, b5: u8, b6: u8, b7: u8| {
        let block = [9, 0, 2, 80, 0x40, 0xC2, 0, b5, b6, b7, 0, 0x24, 0, 0];
        let mut frame = block.to_vec();
        frame.extend(crc16(&block).to_be_bytes());
        bench.ask(&frame, 14);
        let block = bench.block(1);
        u16::from(block[9] & 3) << 8 | u16::from(block[10])
    };
    assert_eq!(write(&mut bench, 0, 0x04, 0xA0), 0, "it was not reset");
    assert_eq!(write(&mut bench, 0, 0, 0x20), 0);
    assert_eq!(write(&mut bench, 0, 0x04, 0xA0), 0, "it has no clock");
    let divider = vector("t1-reg0d-adc-divider-120");
    assert_eq!(bench.ask(&divider, 16), divider, "it comes back");
    // 588 less one and a half for each of 33 °C: 30, and 3 for 120 MHz.
    assert_eq!(write(&mut bench, 0, 0x04, 0xA0), 539);
    assert_eq!(write(&mut bench, 1, 0x06, 0xA0), 338, "412 mV");
}

#[test]
fn a_chip_holds_two_jobs_and_ignores_a_third() {
    let mut bench = Bench::ready("t1", 3, options(FaultPlan::default()));
    assert_eq!(bench.queue_state(2), 0);
    for (id, state) in [(1, 1), (2, 3), (3, 3)] {
        bench.job(2, id);
        assert_eq!(bench.queue_state(2), state);
    }
    assert_eq!(bench.queue_state(1), 0, "another chip has none");
    // 4 * 2^32 hashes at 120 MHz and 64 a cycle: 2.24 s.
    bench.wait(Duration::from_millis(2200));
    assert_eq!(bench.queue_state(2), 1);
    bench.wait(Duration::from_millis(2200));
    assert_eq!(bench.queue_state(2), 0);
}

#[test]
fn results_solve_their_job_and_name_it() {
    let mut bench = Bench::ready("t1", 4, options(FaultPlan::default()));
    assert_eq!(bench.result(), None);
    let job = vector("t1-write-job-1-chip3-genesis");
    let Parsed::Frame(frame) = parse(model("t1").expect("t1"), &job) else {
        panic!("a job");
    };
    let Order::Job(loaded) = frame.order else {
        panic!("a job");
    };
    let (mut seen, mut slots) = (0, [0; 4]);
    for id in [1, 2, 3, 4] {
        bench.job(3, id);
        bench.wait(Duration::from_millis(2240));
        while let Some(result) = bench.result() {
            assert_eq!(result[..3], [id << 4 | 8, 3, 0]);
            let slot = result[3];
            let wire = [result[7], result[6], result[5], result[4]];
            let midstate = loaded.job.midstate(slot, 0);
            let hash = hash::header_hash(&midstate, &loaded.job.tail, wire);
            assert!(hash::meets_ticket(&hash, 2));
            slots[usize::from(slot)] += 1;
            seen += 1;
        }
    }
    // Four nonces a job, at difficulty one.
    assert!((8..26).contains(&seen), "{seen}");
    assert!(slots.iter().filter(|n| **n > 0).count() > 2, "{slots:?}");
    let ledger = bench.machine.take_ledger();
    let nonces = ledger.frames.iter().filter(|f| f.fate == Fate::Arrived);
    let nonces = nonces.filter(|f| matches!(f.kind, FrameKind::Nonce { .. }));
    assert_eq!(nonces.count(), seen);
    assert_eq!(ledger.totals(SLOT).nonces, seen as u64);
}

#[test]
fn a_known_header_is_answered_as_its_vector_says() {
    let mut header = [0; 80];
    let parts = vector("a1-write-job-1-chip3-genesis");
    header[0] = 1;
    header[36..68].copy_from_slice(&genesis_root());
    header[68..76].copy_from_slice(&parts[38..46]);
    header[76..].copy_from_slice(&Nonce(0x7c2b_ac1d).to_wire());
    let mut options = options(FaultPlan::default());
    options.difficulty_bits = 32;
    options.known_headers = vec![header];
    let mut bench = Bench::ready("t1", 4, options);
    bench.job(3, 1);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.result(), Some(vector("t1-result-genesis")));
}

/// The first block's merkle root, in header order.
fn genesis_root() -> [u8; 32] {
    let text = "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a";
    core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
}

#[test]
fn a_reset_of_jobs_drops_them_and_their_results() {
    let mut bench = Bench::ready("t1", 2, options(FaultPlan::default()));
    (1..=2).for_each(|chip| bench.job(chip, 1));
    bench.wait(Duration::from_millis(1500));
    assert_eq!(bench.ask(&vector("t1-reset-job"), 4), [4, 0, 0xED, 0xED]);
    assert_eq!(bench.result(), None);
    assert_eq!(bench.queue_state(1), 0);
    assert_eq!(bench.machine.hashes_per_second_modelled().hs(), 0.0);
}

#[test]
fn jobs_with_bad_checksums_and_cut_frames_are_ignored() {
    let mut bench = Bench::ready("t1", 3, options(FaultPlan::default()));
    let job = vector("t1-write-job-1-chip3-genesis");
    for bit in 0..8 * 158 {
        let mut bad = job.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        bench.transfer(CLOCK_HZ, &bad, 200);
    }
    for len in 1..159 {
        let mut cut = job[..len].to_vec();
        cut.resize(len, 0);
        bench
            .machine
            .spi_transfer(bench.now, SLOT, CLOCK_HZ, &mut cut);
    }
    for chip in 1..=3 {
        assert_eq!(bench.queue_state(chip), 0, "{chip}");
    }
}

#[test]
fn a_line_clocked_too_fast_is_garbled() {
    let mut bench = Bench::plain("t1", 5);
    let bytes = bench.transfer(1_562_500, &[1, 0, 0, 0], 24);
    assert_ne!(bytes[20..], [1, 0, 0, 5]);
    assert_eq!(
        bench.ask(&[1, 0, 0, 0], 4),
        [1, 0, 0, 5],
        "it was not heard"
    );
}

#[test]
fn a_chip_that_dies_takes_the_end_of_the_chain_with_it() {
    let dead = DeadChip {
        slot: SLOT,
        chip: ChipIndex(2),
        from: Instant::from_millis(500),
    };
    let mut bench = Bench::ready(
        "t1",
        5,
        options(FaultPlan {
            dead_chips: vec![dead],
            ..FaultPlan::default()
        }),
    );
    bench.wait(Duration::from_secs(1));
    assert_eq!(
        bench.ask(&[8, 0, 0, 0], 10),
        [0; 10],
        "no broadcast comes back"
    );
    assert_eq!(bench.block(2)[..2], [0x1A, 2]);
    assert_eq!(bench.block(3), [0; 16]);
    let now = bench.now;
    bench.machine.set_reset(now, SLOT, true);
    bench.machine.set_reset(now, SLOT, false);
    bench.chips = 2;
    bench.count();
}

#[test]
fn noise_flips_and_loses_bytes_and_moves_none() {
    let noise = Noise {
        flip: 0.02,
        drop: 0.02,
        duplicate: 0.02,
        from: Instant::from_millis(300),
        ..Noise::on(SLOT, Direction::ToHost)
    };
    let mut bench = Bench::ready(
        "t1",
        5,
        options(FaultPlan {
            noise: vec![noise],
            ..FaultPlan::default()
        }),
    );
    bench.wait(Duration::from_secs(1));
    let (mut good, mut bad) = (0, 0);
    for _ in 0..1000 {
        let answer = bench.ask(&[0x0A, 2], 16);
        match crc16(&answer[..14]).to_be_bytes() == answer[14..] {
            true => good += 1,
            false => bad += 1,
        }
    }
    assert!(good > 200 && bad > 200, "{good} good, {bad} bad");
    let ledger = bench.machine.take_ledger();
    let arrived = ledger.frames.iter().filter(|f| f.fate == Fate::Arrived);
    assert_eq!(arrived.count(), good);
    assert_eq!(ledger.totals(SLOT).damaged, bad);
}

#[test]
fn whatever_is_sent_chips_stay_a_line() {
    let mut rng = units::Rng::new(9);
    for model in MODELS {
        let mut bench = Bench::ready(model.name, 7, options(FaultPlan::default()));
        for _ in 0..3000 {
            let len = rng.below(200) as usize;
            let mut bytes: Vec<u8> = (0..len).map(|_| rng.next_u32() as u8).collect();
            if let Some(first) = bytes.first_mut() {
                *first &= 0x1F;
            }
            bench
                .machine
                .spi_transfer(bench.now, SLOT, CLOCK_HZ, &mut bytes);
            bench.wait(Duration::from_millis(3));
        }
    }
}
