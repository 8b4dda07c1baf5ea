//! Any bytes at all as the answer of every part: what the fuzz target `parts` does, bounded.

use units::Rng;

use crate::entries;
use crate::stand::{bytes_of, unhex, vectors};

#[test]
fn any_bytes_at_all_are_survived_by_every_part() {
    let mut rng = Rng::new(9);
    let mut seeds: Vec<Vec<u8>> = vec![Vec::new(), unhex("55aa060271007900")];
    for file in [
        "pic/framed.json",
        "psu/frames.json",
        "pic/eeprom-s19pro.json",
    ] {
        let list = vectors(file);
        let ids = list.iter().filter_map(|v| v["id"].as_str());
        seeds.extend(ids.map(|id| bytes_of(&list, id)));
    }
    for i in 0..20_000 {
        let mut bytes = seeds[rng.below(seeds.len() as u64) as usize].clone();
        match i % 4 {
            // Random from the first byte on.
            0 => bytes = (0..rng.below(90)).map(|_| rng.next_u32() as u8).collect(),
            // A vector as it is, damaged, cut or with another behind it.
            1 => bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize),
            2 => bytes.extend(&seeds[rng.below(seeds.len() as u64) as usize]),
            _ => {
                for _ in 0..rng.below(3) {
                    let at = rng.below(bytes.len() as u64) as usize;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << rng.below(8);
                    }
                }
            }
        }
        entries::parts(&bytes);
    }
}
