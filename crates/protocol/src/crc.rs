//! The two checksums of the wire.
//!
//! CRC5 guards commands and responses: polynomial x^5 + x^2 + 1, initial 0x1F, most
//! significant bit first, no final xor. CRC16 guards jobs: CCITT-FALSE, polynomial
//! 0x1021, initial 0xFFFF. Both are captured: they hold on every frame of the vectors.

const CRC5_POLY: u8 = 0x05;
const CRC16_POLY: u16 = 0x1021;

/// CRC5 of `bytes`: a value below 32.
pub fn crc5(bytes: &[u8]) -> u8 {
    crc5_continue(0x1f, bytes)
}

/// CRC5 of `bytes` followed by the three bits of `kind`: the checksum of a response.
pub fn crc5_response(bytes: &[u8], kind: u8) -> u8 {
    let mut crc = crc5(bytes);
    for bit in (0..3).rev() {
        crc = crc5_bit(crc, kind >> bit & 1);
    }
    crc
}

fn crc5_continue(crc: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(crc, |crc, byte| {
        CRC5_TABLE[usize::from((crc << 3) ^ byte)] // five bits of state meet the top of the byte
    })
}

/// CRC16 of `bytes`, eight bytes at a time: a chain at full rate checks 600 kB of jobs a
/// second.
pub fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0xffff_u16;
    let mut chunks = bytes.chunks_exact(8);
    for c in &mut chunks {
        let [hi, lo] = crc.to_be_bytes();
        crc = CRC16_TABLES[7][usize::from(c[0] ^ hi)]
            ^ CRC16_TABLES[6][usize::from(c[1] ^ lo)]
            ^ CRC16_TABLES[5][usize::from(c[2])]
            ^ CRC16_TABLES[4][usize::from(c[3])]
            ^ CRC16_TABLES[3][usize::from(c[4])]
            ^ CRC16_TABLES[2][usize::from(c[5])]
            ^ CRC16_TABLES[1][usize::from(c[6])]
            ^ CRC16_TABLES[0][usize::from(c[7])];
    }
    for byte in chunks.remainder() {
        crc = (crc << 8) ^ CRC16_TABLES[0][usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc
}

const fn crc5_bit(crc: u8, bit: u8) -> u8 {
    let feedback = (crc >> 4 & 1) ^ bit;
    let shifted = (crc << 1) & 0x1f;
    if feedback == 1 {
        shifted ^ CRC5_POLY
    } else {
        shifted
    }
}

const CRC5_TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        // The index is the next byte with the state folded onto its top five bits.
        let mut crc = 0;
        let mut bit = 8;
        while bit > 0 {
            bit -= 1;
            crc = crc5_bit(crc, (i as u8) >> bit & 1);
        }
        table[i] = crc;
        i += 1;
    }
    table
};

/// `CRC16_TABLES[n][b]` is the contribution of byte `b` with `n` bytes after it.
const CRC16_TABLES: [[u16; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = (i as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                (crc << 1) ^ CRC16_POLY
            } else {
                crc << 1
            };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut n = 1;
    while n < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[n - 1][i];
            tables[n][i] = (before << 8) ^ tables[0][(before >> 8) as usize];
            i += 1;
        }
        n += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    fn crc5_by_bits(bytes: &[u8]) -> u8 {
        bytes.iter().fold(0x1f, |crc, byte| {
            (0..8)
                .rev()
                .fold(crc, |crc, bit| crc5_bit(crc, byte >> bit & 1))
        })
    }

    fn crc16_by_bits(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0xffff, |crc: u16, byte| {
            (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
                (crc << 1) ^ if crc & 0x8000 != 0 { CRC16_POLY } else { 0 }
            })
        })
    }

    #[test]
    fn tables_agree_with_the_bitwise_definition() {
        let mut rng = units::Rng::new(5);
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).map(|_| rng.next_u64() as u8).collect();
            assert_eq!(crc5(&bytes), crc5_by_bits(&bytes), "{len}");
            assert_eq!(crc16(&bytes), crc16_by_bits(&bytes), "{len}");
        }
    }

    #[test]
    fn published_check_values_hold() {
        assert_eq!(crc16(b"123456789"), 0x29b1);
        assert_eq!(crc5(&[0x53, 5, 0, 0]), 0x03);
        assert_eq!(crc5(&[0x52, 5, 0, 0]), 0x0a);
    }
}
