//! Memories of hashboards.

use drivers::parts::PartErrorKind;
use drivers::parts::at24c02::{At24c02, read_bytes};
use drivers::parts::hashboard_memory::{HashboardMemory, ask, decode, read};
use serde_json::Value;
use units::Rng;

use crate::stand::{answered, count, kind, survives, unhex, vectors, writes};

const MEMORY: At24c02 = At24c02::at(0x51);

fn images() -> Vec<(Vec<u8>, Value)> {
    let list = vectors("pic/eeprom-s19pro.json");
    assert_eq!(list.len(), 7);
    list.iter()
        .map(|v| {
            let image = unhex(v["hex"].as_str().expect("hex"));
            (image, v["decoded"].clone())
        })
        .collect()
}

fn number(value: &Value) -> u16 {
    match value.as_str() {
        Some(text) => u16::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex"),
        None => value.as_u64().expect("number") as u16,
    }
}

fn expected(v: &Value) -> HashboardMemory {
    let text = |key: &str| v[key].as_str().expect("text").to_owned();
    HashboardMemory {
        format: number(&v["format"]) as u8,
        serial: text("board_sn"),
        die: text("die"),
        marking: text("marking"),
        chip_bin: number(&v["chip_bin"]) as u8,
        test_program: unhex(&text("ft_version_hex")),
        pcb_version: number(&v["pcb_version"]),
        bom_version: number(&v["bom_version"]),
        technology: text("tech"),
        voltage_mv: u32::from(number(&v["voltage_centivolt"])) * 10,
        frequency_mhz: number(&v["freq_mhz"]),
        nonce_rate_x100: number(&v["nonce_rate_x100"]),
    }
}

/// What the part gives to a read of everything.
fn answer_of(image: &[u8], mark: u8) -> Vec<u8> {
    let mut whole = image.to_vec();
    whole.resize(count(&ask(MEMORY)) - 1, 0xff);
    whole.insert(0, mark);
    whole
}

#[test]
fn the_captured_images_say_what_they_are_known_to_say() {
    for (image, decoded) in images() {
        assert_eq!(decode(&image), Ok(expected(&decoded)));
        let reads = answered(&ask(MEMORY), &answer_of(&image, 0x5a));
        assert_eq!(read(&reads), Ok(expected(&decoded)));
    }
}

#[test]
fn the_mark_is_read_first_and_nothing_is_ever_written() {
    let ops = ask(MEMORY);
    let registers = writes(0x51, &ops).concat();
    let expected: Vec<u8> = core::iter::once(0xff).chain(0..0x4a).collect();
    assert_eq!(registers, expected);
    assert_eq!(count(&ops), expected.len(), "a byte for each register");
}

#[test]
fn a_damaged_header_is_never_believed_and_a_damaged_block_hardly_ever() {
    let (mut hurt, mut believed) = (0, 0);
    for (image, _) in images() {
        for bit in 0..image.len() * 8 {
            let mut bytes = image.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let result = decode(&bytes);
            assert!(bit >= 16 || result.is_err(), "bit {bit}: {result:?}");
            hurt += 1;
            believed += usize::from(result.is_ok());
        }
        for len in 0..image.len() {
            assert!(decode(&image[..len]).is_err(), "cut to {len}");
        }
    }
    // The cipher spreads a bit over the block, five bits of checksum miss one in 32, and of
    // those one in 256 has the format that its length wants.
    assert!(hurt > 4000 && believed <= 4, "{believed} of {hurt}");
}

#[test]
fn boards_of_another_layout_are_refused_by_their_header() {
    let (image, _) = images().remove(0);
    for header in [0x0411, 0x0511, 0x1143, 0x1242, 0x0000] {
        let mut other = image.clone();
        other[..2].copy_from_slice(&u16::to_be_bytes(header));
        let unknown = PartErrorKind::Unknown {
            what: "layout of the hashboard's memory, header",
            found: u32::from(header),
        };
        assert_eq!(kind(decode(&other)), unknown);
    }
}

#[test]
fn a_memory_without_content_says_so() {
    assert_eq!(kind(decode(&[0xff; 80])), PartErrorKind::Blank);
    let (image, _) = images().remove(0);
    let without_mark = answered(&ask(MEMORY), &answer_of(&image, 0xff));
    assert_eq!(kind(read(&without_mark)), PartErrorKind::Blank);
    let expected = count(&ask(MEMORY));
    assert_eq!(kind(read(&[])), PartErrorKind::Short { expected });
    assert_eq!(
        kind(read_bytes(3, &[vec![1], vec![2]])),
        PartErrorKind::Short { expected: 3 }
    );
}

#[test]
fn a_wrong_checksum_is_shown() {
    let (mut image, _) = images().remove(0);
    // Another length byte would be another format; a bit of the block is a wrong sum.
    image[40] ^= 1;
    let kind = kind(decode(&image));
    assert!(matches!(kind, PartErrorKind::Checksum { .. }), "{kind:?}");
}

#[test]
fn any_bytes_at_all_are_survived() {
    let (image, _) = images().remove(1);
    survives(&answer_of(&image, 0x5a), read);
    let mut rng = Rng::new(6);
    let mut believed = 0;
    for i in 0..20_000 {
        let mut bytes: Vec<u8> = (0..80).map(|_| rng.next_u32() as u8).collect();
        // With headers that are right, so that the cipher and the fields are reached.
        bytes[0] = 0x11;
        bytes[1] = if i % 2 == 0 { 0x42 } else { 0x4a };
        if let Ok(memory) = decode(&bytes) {
            assert!(memory.serial.chars().all(|c| c.is_ascii_graphic()));
            believed += 1;
        }
    }
    // One in 32 by the checksum and one in 256 by the format: 2.4 of 20 000.
    assert!(believed < 20, "{believed}");
}
