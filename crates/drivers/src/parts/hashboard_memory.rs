//! What the memory of a 19-series hashboard says of its board: layout `x19-xxtea`.
//!
//! ```text
//! FF  5A: programmed
//! 00  11                       01  total: 42 (format 2) or 4A (format 3)
//! 02  XXTEA, total - 2 bytes as little-endian words; deciphered:
//!       0 format   1..17 serial   18..19 die   20..29 marking   33 chip bin
//!       34.. test program (4 bytes, or 9 in format 3); then, 5 further on in format 3:
//!       45 PCB   47 BOM   49 technology   51 voltage, 10 mV   53 MHz   55 nonce rate, 0.01 %
//!       last: CRC5 over the two clear bytes and all before it
//! ```
//!
//! Captured: seven images of S19 Pro boards, deciphered, their checksum right. The numbers
//! are high byte first. Other headers are of boards whose layout is not public: they are
//! refused by name. What a memory says is a claim: nothing here judges it, and no order is
//! made from it outside a machine's limits.

use hal::BusOp;
use protocol::crc;

use super::at24c02::{self, At24c02};
use super::{PartError, PartErrorKind};

const MARK: u8 = 0xff;
const PROGRAMMED: u8 = 0x5a;
const HEADER: u8 = 0x11;
const TOTAL_2: usize = 0x42;
const TOTAL_3: usize = 0x4a;
const CLEAR: usize = 2;
/// Published with the captures: the ASCII of this string, as four little-endian words.
const KEY: [u32; 4] = key(b"uileynimggnagnau");
/// The cipher's own constant.
const DELTA: u32 = 0x9e37_79b9;

/// What a hashboard says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HashboardMemory {
    /// Layout of its content: 2 or 3.
    pub format: u8,
    /// Serial number of the board.
    pub serial: String,
    /// Kind of die.
    pub die: String,
    /// What is written on the chips.
    pub marking: String,
    /// The chips' grade.
    pub chip_bin: u8,
    /// Version of the program that tested the board: text, or numbers, by format.
    pub test_program: Vec<u8>,
    /// Version of the circuit board.
    pub pcb_version: u16,
    /// Version of its bill of materials.
    pub bom_version: u16,
    /// The chips' technology.
    pub technology: String,
    /// Working voltage in millivolts.
    pub voltage_mv: u32,
    /// Working frequency in megahertz.
    pub frequency_mhz: u16,
    /// Nonce rate at the maker's test, in hundredths of a percent.
    pub nonce_rate_x100: u16,
}

/// Asks for everything; [`read`] reads the answer.
pub fn ask(memory: At24c02) -> Vec<BusOp> {
    let mut ops = memory.byte(MARK);
    ops.extend(memory.begin(TOTAL_3 as u8));
    ops
}

/// What the memory says.
pub fn read(reads: &[Vec<u8>]) -> Result<HashboardMemory, PartError> {
    let bytes = at24c02::read_bytes(1 + TOTAL_3, reads)?;
    match bytes.split_first() {
        Some((&PROGRAMMED, image)) => decode(image),
        _ => Err(PartError::new(PartErrorKind::Blank, &bytes)),
    }
}

/// What an image from byte 0 on says; bytes after its end are not looked at.
pub fn decode(image: &[u8]) -> Result<HashboardMemory, PartError> {
    let error = |kind| PartError::new(kind, image);
    let unknown = |what, found: u16| {
        let found = u32::from(found);
        error(PartErrorKind::Unknown { what, found })
    };
    let (total, format) = match image {
        [] | [_] => return Err(error(PartErrorKind::Short { expected: CLEAR })),
        [0xff, 0xff, ..] => return Err(error(PartErrorKind::Blank)),
        [HEADER, 0x42, ..] => (TOTAL_2, 2),
        [HEADER, 0x4a, ..] => (TOTAL_3, 3),
        [first, second, ..] => {
            let header = u16::from_be_bytes([*first, *second]);
            return Err(unknown("layout of the hashboard's memory, header", header));
        }
    };
    let Some(image) = image.get(..total) else {
        return Err(error(PartErrorKind::Short { expected: total }));
    };
    let (clear, ciphered) = image.split_at(CLEAR);
    let plain = decipher(ciphered);
    // Both formats are 64 bytes at least.
    let Some((found, content)) = plain.split_last() else {
        return Err(error(PartErrorKind::Short { expected: total }));
    };
    let expected = crc::crc5(&[clear, content].concat());
    if expected != *found {
        let (expected, found) = (u16::from(expected), u16::from(*found));
        return Err(error(PartErrorKind::Checksum { expected, found }));
    }
    if content.first() != Some(&format) {
        let found = content.first().map_or(0, |b| u16::from(*b));
        return Err(unknown("format of the hashboard's memory", found));
    }
    fields(content).ok_or_else(|| error(PartErrorKind::Short { expected: total }))
}

/// The fields of deciphered content; `None` if it is too short.
fn fields(content: &[u8]) -> Option<HashboardMemory> {
    let format = *content.first()?;
    let further = if format == 3 { 5 } else { 0 };
    let text = |from: usize, count: usize| content.get(from..from + count).map(printable);
    let number = |at: usize| {
        let two = content.get(at + further..at + further + 2)?;
        Some(u16::from_be_bytes([two[0], two[1]]))
    };
    Some(HashboardMemory {
        format,
        serial: text(1, 17)?,
        die: text(18, 2)?,
        marking: text(20, 10)?,
        chip_bin: *content.get(33)?,
        test_program: content.get(34..38 + further)?.to_vec(),
        pcb_version: number(45)?,
        bom_version: number(47)?,
        technology: text(49 + further, 2)?,
        voltage_mv: u32::from(number(51)?) * 10,
        frequency_mhz: number(53)?,
        nonce_rate_x100: number(55)?,
    })
}

/// Text for people and logs: what is not printable ASCII becomes a question mark.
fn printable(bytes: &[u8]) -> String {
    let shown = bytes
        .iter()
        .map(|b| if b.is_ascii_graphic() { *b } else { b'?' });
    shown.map(char::from).collect()
}

/// XXTEA (Wheeler and Needham, 1998), deciphering whole words; bytes that fill none are left.
fn decipher(bytes: &[u8]) -> Vec<u8> {
    let mut words: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]))
        .collect();
    let n = words.len();
    if n >= 2 {
        let rounds = 6 + 52 / n as u32;
        let mut sum = rounds.wrapping_mul(DELTA);
        for _ in 0..rounds {
            let e = ((sum >> 2) & 3) as usize;
            for p in (0..n).rev() {
                let after = words[(p + 1) % n];
                let before = words[(p + n - 1) % n];
                let mixed = ((before >> 5) ^ (after << 2))
                    .wrapping_add((after >> 3) ^ (before << 4))
                    ^ (sum ^ after).wrapping_add(KEY[(p & 3) ^ e] ^ before);
                words[p] = words[p].wrapping_sub(mixed);
            }
            sum = sum.wrapping_sub(DELTA);
        }
    }
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

const fn key(text: &[u8; 16]) -> [u32; 4] {
    let mut words = [0; 4];
    let mut i = 0;
    while i < 4 {
        let at = 4 * i;
        words[i] = u32::from_le_bytes([text[at], text[at + 1], text[at + 2], text[at + 3]]);
        i += 1;
    }
    words
}
