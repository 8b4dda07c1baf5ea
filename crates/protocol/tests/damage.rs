//! The UART decoder against a damaged stream, and the FPGA records against an
//! independent reading.

mod common;
mod entries;

use protocol::job::Job;
use protocol::uart::{HOLD, UartDecoder};
use protocol::{ChainResponse, Dialect, FrameError, JobLayout, ResponseLength, crc, fpga};
use units::{
    ChainSlot, ChipAddress, Header, HostVersions, JobKey, Midstate, Nonce, Rng, Rolling, WireJobId,
    WorkId, WorkItem,
};

/// A response frame, built here without the codec: preamble, body, kind and checksum.
fn frame(length: ResponseLength, kind: u8, body: &[u8]) -> Vec<u8> {
    let preamble = length.dialect().response_preamble();
    let body = &body[..length.bytes() - 1 - preamble.len()];
    let mut out = preamble.to_vec();
    out.extend_from_slice(body);
    // x^5 + x^2 + 1 over body and kind, bit by bit.
    let bits = body
        .iter()
        .flat_map(|b| (0..8).rev().map(move |i| b >> i & 1))
        .chain((0..3).rev().map(|i| kind >> i & 1));
    let crc = bits.fold(0x1fu8, |crc, bit| {
        let shifted = crc << 1 & 0x1f;
        if (crc >> 4) ^ bit == 1 {
            shifted ^ 5
        } else {
            shifted
        }
    });
    out.push(kind << 5 | crc);
    out
}

/// A whole frame, read.
fn decoded(frame: &[u8]) -> Result<ChainResponse, FrameError> {
    match frame.len() {
        7 => ChainResponse::decode(Dialect::Bm1387, frame),
        _ => ChainResponse::decode(Dialect::Bm139x, &frame[2..]),
    }
}

fn nonce_frame(length: ResponseLength, rng: &mut Rng) -> Vec<u8> {
    let mut body: Vec<u8> = (0..8).map(|_| rng.next_u64() as u8).collect();
    if length == ResponseLength::Seven {
        body[5] &= 0x7f; // work ids have seven bits
    }
    frame(length, 4, &body)
}

fn decode(length: ResponseLength, stream: &[u8], cut: usize) -> (Vec<ChainResponse>, u64) {
    let mut decoder = UartDecoder::new(length);
    let mut out = Vec::new();
    for piece in stream.chunks(cut.max(1)) {
        decoder.push(piece, &mut out);
    }
    decoder.settle(&mut out);
    assert!(!decoder.holds());
    (out, decoder.damaged())
}

/// Those with a preamble.
const BOTH: [ResponseLength; 2] = [ResponseLength::Nine, ResponseLength::Eleven];
const ALL: [ResponseLength; 3] = [
    ResponseLength::Seven,
    ResponseLength::Nine,
    ResponseLength::Eleven,
];

#[test]
fn undamaged_streams_decode_whole_however_they_are_cut() {
    for length in ALL {
        let mut rng = Rng::new(1);
        let frames: Vec<_> = (0..500).map(|_| nonce_frame(length, &mut rng)).collect();
        let expected: Vec<_> = frames
            .iter()
            .map(|f| decoded(f).expect("built valid"))
            .collect();
        for cut in [1, 2, 3, 7, 11, 64, 4096] {
            let (out, damaged) = decode(length, &frames.concat(), cut);
            assert_eq!(out, expected, "cut {cut}");
            assert_eq!(damaged, 0);
        }
    }
}

#[test]
fn a_nonce_is_certain_as_soon_as_its_last_byte_is_there() {
    let mut decoder = UartDecoder::new(ResponseLength::Eleven);
    let mut out = Vec::new();
    let bytes = common::unhex("aa554c0352750cd205a29c");
    decoder.push(&bytes[..10], &mut out);
    assert!(out.is_empty() && decoder.holds());
    decoder.push(&bytes[10..], &mut out);
    assert_eq!(out.len(), 1);
    assert!(!decoder.holds());
}

#[test]
fn a_preamble_inside_a_frame_does_not_lose_the_frame() {
    for length in BOTH {
        let tricky = frame(length, 4, &[0xaa, 0x55, 1, 2, 0xaa, 0x55, 3, 4]);
        let mut rng = Rng::new(2);
        let stream = [
            nonce_frame(length, &mut rng),
            tricky.clone(),
            tricky.clone(),
            nonce_frame(length, &mut rng),
            tricky,
        ];
        for cut in [1, 5, 100] {
            let (out, damaged) = decode(length, &stream.concat(), cut);
            assert_eq!((out.len(), damaged), (5, 0), "cut {cut}");
        }
    }
}

#[test]
fn where_candidates_overlap_the_reading_that_explains_more_wins() {
    // A frame that lost its last bytes, so chosen that together with the begin of the
    // next frame it passes its checksum.
    let length = ResponseLength::Nine;
    let mut rng = Rng::new(3);
    let mut seen = 0;
    for _ in 0..200_000 {
        let first = nonce_frame(length, &mut rng);
        let second = nonce_frame(length, &mut rng);
        let third = nonce_frame(length, &mut rng);
        let stream = [&first[..6], &second[..], &third[..]].concat();
        if ChainResponse::decode(Dialect::Bm139x, &stream[2..9]).is_err() {
            continue;
        }
        let (out, damaged) = decode(length, &stream, 4);
        let expected: Vec<_> = [second, third]
            .iter()
            .map(|f| decoded(f).expect("built valid"))
            .collect();
        assert_eq!((out, damaged), (expected, 1));
        seen += 1;
    }
    assert!(seen > 100, "{seen} cases");
}

/// Damages one frame in ten and checks what gets lost.
fn check_damage(seed: u64, damage: impl Fn(&mut Vec<u8>, &mut Rng)) {
    for length in BOTH {
        let mut rng = Rng::new(seed);
        let (mut stream, mut whole) = (Vec::new(), Vec::new());
        let mut hurt = 0u64;
        for i in 0..2000 {
            let mut bytes = nonce_frame(length, &mut rng);
            if i % 10 == 5 {
                damage(&mut bytes, &mut rng);
                hurt += 1;
            } else {
                whole.push(decoded(&bytes).expect("built valid"));
            }
            stream.extend(bytes);
        }
        let (out, damaged) = decode(length, &stream, 29);
        let found = whole.iter().filter(|w| out.contains(w)).count();
        let lost = whole.len() - found;
        // A false reading may swallow one neighbour, rarely.
        assert!(lost as u64 <= hurt / 20, "{lost} of {} lost", whole.len());
        // Some damage leaves a frame that passes (one random frame in 128).
        assert!(
            damaged <= hurt + lost as u64 && damaged >= hurt * 9 / 10,
            "{damaged} of {hurt}"
        );
    }
}

#[test]
fn after_a_flipped_bit_the_next_frame_is_found() {
    check_damage(10, |f, rng| {
        let bit = rng.below(f.len() as u64 * 8) as usize;
        f[bit / 8] ^= 1 << (bit % 8);
    });
}

#[test]
fn after_a_lost_byte_the_next_frame_is_found() {
    check_damage(11, |f, rng| {
        f.remove(rng.below(f.len() as u64) as usize);
    });
}

#[test]
fn after_a_doubled_byte_the_next_frame_is_found() {
    check_damage(12, |f, rng| {
        // Not the ends: doubled there, the frame itself is still whole.
        let at = 1 + rng.below(f.len() as u64 - 2) as usize;
        f.insert(at, f[at]);
    });
}

#[test]
fn after_garbage_the_next_frame_is_found() {
    check_damage(13, |f, rng| {
        for b in f.iter_mut() {
            *b = rng.next_u64() as u8;
        }
    });
}

#[test]
fn half_a_frame_before_silence_is_one_damaged_frame() {
    for length in BOTH {
        let whole = frame(length, 0, &[0x13, 0x70, 0, 0, 6, 0, 0, 0]);
        for keep in 1..whole.len() {
            let mut decoder = UartDecoder::new(length);
            let mut out = Vec::new();
            decoder.push(&whole[..keep], &mut out);
            decoder.settle(&mut out);
            assert_eq!((out.len(), decoder.damaged()), (0, 1), "{keep}");
            decoder.push(&whole, &mut out);
            assert_eq!(
                out,
                [ChainResponse::Register {
                    value: 0x1370_0000,
                    address: Some(ChipAddress(6)),
                    reg: Some(protocol::register::CHIP_ID),
                }]
            );
        }
    }
}

#[test]
fn whatever_arrives_the_buffer_stays_small_and_every_byte_is_accounted_for() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        // Bytes that look like preambles are common on purpose.
        let stream: Vec<u8> = (0..2000)
            .map(|_| match rng.below(3) {
                0 => 0xaa,
                1 => 0x55,
                _ => rng.next_u64() as u8,
            })
            .collect();
        let entry = entries::uart_decoder(&stream);
        assert!(entry.held_most <= HOLD);
    }
}

/// What damage did to a stream of frames in which every fiftieth was damaged.
#[derive(Default, Debug)]
struct Losses {
    damaged: u64,
    /// Undamaged frames lost after each damaged one: at most, and over all.
    most: u64,
    lost: u64,
    /// Answers delivered that no chip sent.
    invented: u64,
}

/// Damages one frame in fifty of `frames` and looks at each damage by itself.
fn losses(
    length: ResponseLength,
    seed: u64,
    frames: u64,
    damage: &dyn Fn(&mut Vec<u8>, &mut Rng),
) -> Losses {
    const APART: u64 = 50;
    let mut rng = Rng::new(seed);
    let (mut stream, mut sent, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..frames {
        let mut bytes = nonce_frame(length, &mut rng);
        if i % APART == APART / 2 {
            damage(&mut bytes, &mut rng);
        } else {
            first.push(i / APART);
            sent.push(decoded(&bytes).expect("built valid"));
        }
        stream.extend(bytes);
    }
    let (out, _) = decode(length, &stream, 29);
    // Walk both in order: what was sent and is not next in what came was lost.
    let mut result = Losses {
        damaged: frames / APART,
        ..Losses::default()
    };
    let mut per_damage = vec![0u64; (frames / APART + 1) as usize];
    let mut at = 0;
    for (frame, group) in sent.iter().zip(first) {
        let ahead = &out[at..out.len().min(at + 12)];
        match ahead.iter().position(|o| o == frame) {
            Some(skipped) => {
                result.invented += skipped as u64;
                at += skipped + 1;
            }
            None => {
                result.lost += 1;
                per_damage[group as usize] += 1;
            }
        }
    }
    result.invented += (out.len() - at) as u64;
    result.most = per_damage.into_iter().max().unwrap_or(0);
    result
}

/// A kind of damage.
type Damage = (&'static str, fn(&mut Vec<u8>, &mut Rng));

const DAMAGES: [Damage; 6] = [
    ("one bit flipped", |f, rng| {
        let bit = rng.below(f.len() as u64 * 8) as usize;
        f[bit / 8] ^= 1 << (bit % 8);
    }),
    ("three bits flipped", |f, rng| {
        for _ in 0..3 {
            let bit = rng.below(f.len() as u64 * 8) as usize;
            f[bit / 8] ^= 1 << (bit % 8);
        }
    }),
    ("one byte lost", |f, rng| {
        f.remove(rng.below(f.len() as u64) as usize);
    }),
    ("one byte doubled", |f, rng| {
        let at = 1 + rng.below(f.len() as u64 - 2) as usize;
        f.insert(at, f[at]);
    }),
    ("last byte replaced by up to seven of garbage", |f, rng| {
        f.pop();
        for _ in 0..=rng.below(6) {
            f.push(rng.next_u64() as u8);
        }
    }),
    ("all bytes garbage, any number", |f, rng| {
        let len = rng.below(2 * f.len() as u64);
        *f = (0..len).map(|_| rng.next_u64() as u8).collect();
    }),
];

/// The bounds that are promised. `STANNARY_TEST_FULL` looks a hundred times longer, and
/// `--no-capture` shows the table that `docs/chips/wire-damage.md` holds.
#[test]
fn after_damage_a_bounded_number_of_frames_is_lost() {
    let frames = match std::env::var_os("STANNARY_TEST_FULL") {
        Some(_) => 10_000_000,
        None => 200_000,
    };
    for length in ALL {
        for (name, damage) in DAMAGES {
            let got = losses(length, 99, frames, &damage);
            println!(
                "{length:?} | {name} | {} damaged | {:.3} lost per 100 | at most {} | {:.3} \
                 invented per 100",
                got.damaged,
                100.0 * got.lost as f64 / got.damaged as f64,
                got.most,
                100.0 * got.invented as f64 / got.damaged as f64,
            );
            let bound = match length {
                ResponseLength::Seven => 3, // the damaged frame itself is the fourth
                _ => 1,
            };
            assert!(got.most <= bound, "{length:?} {name}: {got:?}");
        }
    }
}

#[test]
fn silence_ends_damage_on_a_line_without_preamble() {
    let length = ResponseLength::Seven;
    let mut rng = Rng::new(6);
    let mut decoder = UartDecoder::new(length);
    for _ in 0..1000 {
        let (hurt, good) = (nonce_frame(length, &mut rng), nonce_frame(length, &mut rng));
        let mut out = Vec::new();
        decoder.push(&hurt[..5], &mut out);
        decoder.settle(&mut out);
        assert!(out.is_empty());
        decoder.push(&good, &mut out);
        // No second silence is needed: after one a frame begins.
        assert_eq!(out, [decoded(&good).expect("built valid")]);
    }
}

#[test]
fn a_decoder_follows_chips_that_begin_to_roll_versions() {
    let (nine, eleven) = (ResponseLength::Nine, ResponseLength::Eleven);
    let mut rng = Rng::new(7);
    let mut decoder = UartDecoder::new(nine);
    let mut out = Vec::new();
    decoder.push(&nonce_frame(nine, &mut rng), &mut out);
    decoder.set_length(eleven);
    decoder.push(&nonce_frame(eleven, &mut rng), &mut out);
    assert_eq!((out.len(), decoder.damaged()), (2, 0));
}

fn item(midstates: &[Midstate]) -> WorkItem {
    let versions: Vec<u32> = (0..midstates.len() as u32).collect();
    WorkItem {
        id: WorkId(1),
        job: JobKey::default(),
        extranonce2: 0,
        header: Header {
            merkle_root: core::array::from_fn(|i| i as u8),
            ntime: 0x6854_68d7,
            nbits: 0x1702_3a04,
            ..Header::default()
        },
        rolling: Rolling::Host(HostVersions::new(&versions, midstates).expect("1, 2 or 4")),
    }
}

#[test]
fn an_s9s_work_record_is_the_published_job_word_by_word() {
    let blocks = common::vectors("blocks.json");
    for v in &blocks {
        let job = common::bytes(&v["derived_job_bm1387_1_midstate"]);
        let decoded = Job::decode(Dialect::Bm1387, JobLayout::Midstates, &job);
        let Ok(Job::Midstates {
            id,
            tail,
            midstates,
        }) = decoded
        else {
            panic!("{v}");
        };
        let mut item = item(&midstates);
        item.header.ntime = tail.ntime;
        item.header.nbits = tail.nbits;
        item.header.merkle_root[28..].copy_from_slice(&tail.merkle_tail);
        let record = fpga::encode_work_s9(ChainSlot(2), id, &item, false).expect("host");
        assert_eq!(record[..8], [0x01, 0x82, 0, 0, 0, 0, 0, id.0]);
        assert_eq!(record[8..], job[8..52], "{v}");
    }
    let chip = WorkItem {
        rolling: Rolling::Chip { mask: 0 },
        ..item(&[Midstate([1; 8])])
    };
    assert_eq!(
        fpga::encode_work_s9(ChainSlot(0), WireJobId(4), &chip, false),
        None
    );
}

#[test]
fn a_work_record_reads_back_word_by_word() {
    let midstates: [Midstate; 4] =
        core::array::from_fn(|m| Midstate(core::array::from_fn(|w| (m * 256 + w) as u32)));
    let record =
        fpga::encode_work(ChainSlot(2), WireJobId(0x7c), &item(&midstates), true).expect("host");
    let word =
        |i: usize| u32::from_be_bytes(record[4 * i..4 * i + 4].try_into().expect("four bytes"));
    assert_eq!(record.len(), 37 * 4);
    assert_eq!(word(0), 0x1182_0000);
    assert_eq!(word(1), 0x7c);
    assert_eq!(word(2), 0x1c1d_1e1f, "merkle tail as in the header");
    assert_eq!(word(3), 0xd768_5468, "ntime as in the header");
    assert_eq!(word(4), 0x043a_0217, "nbits as in the header");
    for (m, midstate) in midstates.iter().enumerate() {
        for w in 0..8 {
            assert_eq!(word(5 + 8 * m + w), midstate.0[7 - w]);
        }
    }
}

#[test]
fn fewer_versions_repeat_in_a_work_record() {
    let two = [Midstate([1; 8]), Midstate([2; 8])];
    let record = fpga::encode_work(ChainSlot(0), WireJobId(4), &item(&two), false).expect("host");
    assert_eq!(record[0], 0x01);
    assert_eq!(record[20..84], record[84..148]);
    let chip = WorkItem {
        rolling: Rolling::Chip { mask: 0 },
        ..item(&two)
    };
    assert_eq!(
        fpga::encode_work(ChainSlot(0), WireJobId(4), &chip, false),
        None
    );
}

#[test]
fn result_records_read_as_captured_or_published() {
    let register = |value| ChainResponse::Register {
        value,
        address: None,
        reg: None,
    };
    let check = |head, data, expected| assert_eq!(fpga::decode_record(head, data), expected);
    // Captured: id answer of a BM1398. Its five bits are the answer's CRC5.
    check(
        0x0400_0000,
        0x1398_1800,
        fpga::Record::Response {
            chain: 0,
            response: register(0x1398_1800),
        },
    );
    assert_eq!(crc::crc5_response(&[0x13, 0x98, 0x18, 0, 0, 0], 0), 0x04);
    // Captured: empty FIFO, idle and after the first answers.
    check(0x0000_400d, fpga::EMPTY, fpga::Record::Empty);
    check(0x0000_0004, fpga::EMPTY, fpga::Record::Empty);
    // Published layout: work id 0x7f of chain 1 with the FPGA's own bits above.
    let fpga::Record::Response { chain, response } = fpga::decode_record(0xffff_0081, 0x50d0_f94f)
    else {
        panic!("a nonce");
    };
    let ChainResponse::Nonce(raw) = response else {
        panic!("a nonce");
    };
    assert_eq!((chain, raw.job), (1, 0x7f));
    assert_eq!(raw.nonce, Nonce(0x4ff9_d050));
    let bits = common::chip("bm1398").job_bits(&raw);
    assert_eq!((bits.wire, bits.midstate_index), (WireJobId(0x7c), 3));
    for head in [0x8004_0000, 0x8004_00a0, 0x8004_00c0] {
        check(head, 1, fpga::Record::Damaged);
    }
}

#[test]
fn whatever_a_record_says_it_is_read_without_panic() {
    let mut rng = Rng::new(77);
    for _ in 0..20_000 {
        entries::fpga_record(&rng.next_u64().to_le_bytes());
    }
}

#[test]
fn whatever_a_frame_says_it_is_read_without_panic() {
    let mut rng = Rng::new(78);
    for _ in 0..5_000 {
        let len = rng.below(200) as usize;
        let bytes: Vec<u8> = (0..len).map(|_| rng.next_u64() as u8).collect();
        entries::frames(&bytes);
    }
}
