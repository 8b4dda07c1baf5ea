//! What a hashboard's memory says of it, in the one layout that is known: header 0x11,
//! enciphered with XXTEA, closed by a CRC5.
//!
//! Layout, key and check are captured: seven images of S19 Pro boards come out byte for byte.
//! Fields without a name are in every image and nobody knows what they say.

use crate::machine::crc::crc5;

/// `uileynimggnagnau`, as four little-endian words.
const KEY: &[u8; 16] = b"uileynimggnagnau";
/// The last byte of a memory that was programmed.
pub(super) const PROGRAMMED: u8 = 0x5A;
const DELTA: u32 = 0x9E37_79B9;

/// What is written on a board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardData {
    /// 2, or 3 with five more bytes in the middle.
    pub format: u8,
    /// Serial number, 17 characters.
    pub serial: String,
    /// Die of the chips, 2 characters.
    pub die: String,
    /// Marking of the chips, 10 characters.
    pub marking: String,
    /// Bin of the chips.
    pub chip_bin: u8,
    /// Version of the test program and more: 9 bytes, or 14 in format 3.
    pub test_program: Vec<u8>,
    /// Unnamed.
    pub unnamed: [u8; 2],
    /// Version of the board.
    pub pcb: u16,
    /// Version of its bill of materials.
    pub bom: u16,
    /// Technology, 2 characters.
    pub technology: String,
    /// Working voltage in hundredths of a volt.
    pub centivolts: u16,
    /// Working frequency.
    pub mhz: u16,
    /// Nonces found in the test, hundredths of a percent.
    pub nonce_rate: u16,
    /// Unnamed: 6 bytes, or 9 in format 3.
    pub tail: Vec<u8>,
}

impl BoardData {
    /// A board of format 3 that tells this voltage and frequency, and is otherwise as the
    /// captured ones are. The serial number says what it is.
    pub fn made_up(slot: u8, centivolts: u16, mhz: u16) -> Self {
        BoardData {
            format: 3,
            serial: format!("STANNARYTWIN{slot:05}"),
            die: "ED".to_owned(),
            marking: "H13T22AU25".to_owned(),
            chip_bin: 4,
            test_program: b"F1V04B1C1\0\0\0\0\0".to_vec(),
            unnamed: [0x8B, 0x0F],
            pcb: 0x011E,
            bom: 0x0100,
            technology: "BB".to_owned(),
            centivolts,
            mhz,
            nonce_rate: 9994,
            tail: vec![0x1F, 0x2F, 4, 0, 0, 0, 0, 0, 0x43],
        }
    }

    /// The memory's content.
    pub fn image(&self) -> [u8; 256] {
        let (test_len, tail_len) = if self.format == 2 { (9, 6) } else { (14, 9) };
        let mut plain = vec![self.format];
        put(&mut plain, self.serial.as_bytes(), 17);
        put(&mut plain, self.die.as_bytes(), 2);
        put(&mut plain, self.marking.as_bytes(), 10);
        put(&mut plain, &[0, 0, 0, self.chip_bin], 4);
        put(&mut plain, &self.test_program, test_len);
        put(&mut plain, &self.unnamed, 2);
        for word in [self.pcb, self.bom] {
            plain.extend(word.to_be_bytes());
        }
        put(&mut plain, self.technology.as_bytes(), 2);
        for word in [self.centivolts, self.mhz, self.nonce_rate] {
            plain.extend(word.to_be_bytes());
        }
        put(&mut plain, &self.tail, tail_len);
        let total = plain.len() as u8 + 3;
        let mut image = vec![0x11, total];
        let checked = [&image[..], &plain[..]].concat();
        plain.push(crc5(&checked));
        image.extend(encipher(&plain));
        let mut bytes = [0xFF; 256];
        bytes[..image.len()].copy_from_slice(&image);
        bytes[255] = PROGRAMMED;
        bytes
    }
}

/// `bytes` in a field of `len`, zeros after them.
fn put(plain: &mut Vec<u8>, bytes: &[u8], len: usize) {
    let end = plain.len() + len;
    plain.extend(bytes.iter().take(len));
    plain.resize(end, 0);
}

/// XXTEA over whole words, little-endian (Wheeler and Needham 1998).
fn encipher(plain: &[u8]) -> Vec<u8> {
    let word = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let mut words: Vec<u32> = plain.chunks_exact(4).map(word).collect();
    let key: Vec<u32> = KEY.chunks_exact(4).map(word).collect();
    let n = words.len();
    let mut sum = 0u32;
    let mut before = words[n - 1];
    for _ in 0..6 + 52 / n {
        sum = sum.wrapping_add(DELTA);
        let e = sum >> 2 & 3;
        for p in 0..n {
            let after = words[(p + 1) % n];
            let mixed = ((before >> 5) ^ (after << 2)).wrapping_add((after >> 3) ^ (before << 4));
            let keyed = (sum ^ after).wrapping_add(key[(p as u32 & 3 ^ e) as usize] ^ before);
            before = words[p].wrapping_add(mixed ^ keyed);
            words[p] = before;
        }
    }
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}
