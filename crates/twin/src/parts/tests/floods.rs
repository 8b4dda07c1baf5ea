//! Random bytes: nothing panics, nothing grows.

use units::Rng;

use super::super::{
    Apw, At24c02, BoardData, Emc2101, FramedKind, Lm75, Pic16f1704, PicFramed, Resolution,
    Tmp451Slave, Tps546,
};
use super::*;

/// 20,000 transactions of random length; a half of the bytes are those that begin something.
fn flood(part: &mut dyn Slave, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut now = Instant::ZERO;
    let byte = |rng: &mut Rng| match rng.below(4) {
        0 => 0x55,
        1 => 0xAA,
        _ => rng.next_u32() as u8,
    };
    for _ in 0..20_000 {
        let write: Vec<u8> = (0..rng.below(6)).map(|_| byte(&mut rng)).collect();
        let mut read = vec![0; rng.below(6) as usize];
        let _ = transfer(part, now, &write, &mut read);
        now += Duration::from_micros(rng.below(2000));
    }
}

#[test]
fn random_bytes_hurt_no_part_and_let_none_grow() {
    let after = Duration::from_secs(10);
    for seed in 0..4 {
        let mut apw = Apw::new(0x71, 6);
        flood(&mut apw, seed);
        let mut plain = Pic16f1704::new(after);
        flood(&mut plain, seed);
        let mut framed = PicFramed::new(FramedKind::Dspic33, after);
        framed
            .sensors
            .push((0x48, Lm75::new(Resolution::Fixed(12))));
        flood(&mut framed, seed);
        let mut memory = At24c02::new(BoardData::made_up(0, 1280, 525).image());
        flood(&mut memory, seed);
        flood(&mut Lm75::new(Resolution::Configured), seed);
        flood(&mut Tmp451Slave::default(), seed);
        flood(&mut Tps546::default(), seed);
        flood(&mut Emc2101::default(), seed);
        assert!(apw.waiting() <= 42 && framed.waiting() <= 34);
        let books = [apw.dangers(), plain.dangers(), memory.dangers()];
        assert!(books.iter().all(|d| d.first.len() <= 16));
        assert!(memory.dangers().count > 1000, "the flood reached it");
    }
}

#[test]
fn a_supply_flooded_with_whole_frames_takes_only_codes() {
    let mut host = Host::new(Apw::new(0x71, 6), Some(0x11));
    host.part.set_enable(host.now, true);
    let mut rng = Rng::new(3);
    for _ in 0..5_000 {
        let payload: Vec<u8> = (0..rng.below(5)).map(|_| rng.next_u32() as u8).collect();
        let mut frame = vec![0x55, 0xAA, 4 + payload.len() as u8, rng.next_u32() as u8];
        frame.extend(&payload);
        let sum: u16 = frame[2..].iter().map(|b| u16::from(*b)).sum();
        frame.extend(sum.to_le_bytes());
        host.ask(&frame, 400, 9);
        let output = host.part.set_v();
        assert!((11.88..15.13).contains(&output), "{output}");
    }
}
