//! The two checksums of the wire.

/// CRC5: polynomial 0x05, initial value 0x1F, most significant bit first, no reflection,
/// no final xor. Over all bytes after the preamble of a command except the CRC byte.
pub(crate) fn crc5(bytes: &[u8]) -> u8 {
    crc5_bits(0x1F, bytes)
}

/// The last byte of an answer: three type bits, then the CRC5 over `body` and these bits.
pub(crate) fn response_trailer(body: &[u8], type_bits: u8) -> u8 {
    let top = type_bits << 5;
    let mut crc = crc5(body);
    for i in 0..3 {
        crc = crc5_step(crc, type_bits >> (2 - i) & 1);
    }
    top | crc
}

/// True if an answer (after its preamble, last byte included) is undamaged: the CRC5 run
/// over all of it ends at zero.
pub(crate) fn response_intact(after_preamble: &[u8]) -> bool {
    crc5(after_preamble) == 0
}

fn crc5_bits(start: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc, |crc, i| crc5_step(crc, byte >> (7 - i) & 1))
    })
}

fn crc5_step(crc: u8, bit: u8) -> u8 {
    let feedback = crc >> 4 & 1 ^ bit;
    (crc << 1 & 0x1F) ^ if feedback == 1 { 0x05 } else { 0 }
}

/// CRC16 CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF, no reflection, no final
/// xor. Over header, length and payload of a job; sent high byte first.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        crc << 8 ^ CRC16_TABLE[usize::from((crc >> 8) as u8 ^ byte)]
    })
}

const CRC16_TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = (i as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                crc << 1 ^ 0x1021
            } else {
                crc << 1
            };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};
