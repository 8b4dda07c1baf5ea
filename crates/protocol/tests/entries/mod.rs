//! What fuzzing calls, and bounded random tests call too: each entry takes any bytes and
//! panics if a promise of a decoder does not hold.
#![allow(dead_code, reason = "each includer uses a part")]

use protocol::explain::{Direction, explain, explain_all};
use protocol::job::Job;
use protocol::uart::{HOLD, UartDecoder};
use protocol::{ChainResponse, Command, Dialect, PROFILES, ResponseLength, fpga};

/// What a run of the UART decoder showed.
pub(crate) struct UartRun {
    /// Most bytes that can have been held.
    pub(crate) held_most: usize,
}

/// The UART decoder of every chip: whatever arrives, however it is cut, it delivers only
/// frames that stand in the stream, in order and without overlap, counts the rest, and
/// holds little.
pub(crate) fn uart_decoder(stream: &[u8]) -> UartRun {
    let mut held_most = 0;
    for length in [
        ResponseLength::Seven,
        ResponseLength::Nine,
        ResponseLength::Eleven,
    ] {
        let dialect = length.dialect();
        let preamble = dialect.response_preamble();
        let mut decoder = UartDecoder::new(length);
        let mut out = Vec::new();
        let mut settled_at = 0;
        let cut = 1 + stream.first().map_or(0, |b| usize::from(*b) % 40);
        for piece in stream.chunks(cut) {
            decoder.push(piece, &mut out);
            held_most = held_most.max(decoder.held());
            settled_at += 1;
            if settled_at % 50 == 0 {
                decoder.settle(&mut out);
                assert_eq!(decoder.held(), 0);
            }
        }
        decoder.settle(&mut out);
        assert!(!decoder.holds());
        assert!(held_most <= HOLD);
        let explained = out.len() * length.bytes();
        assert!(explained <= stream.len());
        assert_eq!(stream.len() == explained, decoder.damaged() == 0);
        assert!(decoder.damaged() <= (stream.len() - explained) as u64);
        let standing = stream
            .windows(length.bytes())
            .filter_map(|w| ChainResponse::decode(dialect, w.strip_prefix(preamble)?).ok());
        let mut standing = standing.peekable();
        for response in &out {
            assert!(standing.any(|s| s == *response), "not in the stream");
            for chip in PROFILES {
                if let ChainResponse::Nonce(raw) = response {
                    let bits = chip.job_bits(raw);
                    assert!(bits.wire.0 % chip.wire_ids.step == 0);
                    assert!(bits.version_bits & !0x1fff_e000 == 0);
                }
            }
        }
    }
    UartRun { held_most }
}

/// One result record of the FPGA.
pub(crate) fn fpga_record(bytes: &[u8]) {
    for eight in bytes.chunks_exact(8) {
        let head = u32::from_le_bytes([eight[0], eight[1], eight[2], eight[3]]);
        let data = u32::from_le_bytes([eight[4], eight[5], eight[6], eight[7]]);
        match fpga::decode_record(head, data) {
            fpga::Record::Response {
                response: ChainResponse::Nonce(raw),
                chain,
            } => {
                assert!(head >> 31 == 1 && chain < 16);
                assert_eq!(raw.nonce.to_wire(), data.to_be_bytes());
            }
            fpga::Record::Response { .. } | fpga::Record::Empty => assert!(head >> 31 == 0),
            fpga::Record::Damaged => assert!(head >> 31 == 1),
        }
    }
}

/// Commands and jobs, as the explaining command line reads them: what decodes encodes to
/// the same bytes.
pub(crate) fn frames(bytes: &[u8]) {
    for dialect in [Dialect::Bm1387, Dialect::Bm139x] {
        if let Ok(command) = Command::decode(dialect, bytes) {
            // Bytes that a layout ignores may differ; what they mean may not.
            let again = Command::decode(dialect, &command.encode(dialect));
            assert_eq!(again, Ok(command));
        }
    }
    for chip in PROFILES {
        if let Ok(job) = Job::decode(chip.dialect, chip.job, bytes) {
            assert!(matches!(
                job,
                Job::Midstates { .. } | Job::FullHeader { .. }
            ));
        }
    }
}

/// A recording of what a host sends, explained.
pub(crate) fn from_host(bytes: &[u8]) {
    explained(Direction::FromHost, bytes);
}

/// A recording of what chips send, explained.
pub(crate) fn from_chip(bytes: &[u8]) {
    explained(Direction::FromChip, bytes);
}

/// Every byte is explained once and in order, and no part is called a frame that a
/// receiver would refuse.
fn explained(direction: Direction, bytes: &[u8]) {
    for chip in PROFILES {
        let mut at = 0;
        for part in explain_all(chip, direction, bytes, None) {
            assert_eq!(part.range.start, at);
            assert!(part.range.end > at && part.range.end <= bytes.len());
            at = part.range.end;
            let refused = part.error.is_some();
            assert_eq!(refused, part.content == protocol::explain::Content::Nothing);
            assert!(part.crc_ok || refused);
        }
        assert_eq!(at, bytes.len());
        let whole = explain(chip, direction, bytes, None);
        assert!(whole.crc_ok || whole.error.is_some());
    }
}

/// Bytes of an exchange on SPI: an answer takes some bytes and no more than the longest frame,
/// and whatever they are, they are explained.
pub(crate) fn spi(bytes: &[u8]) {
    use protocol::spi::{BLOCK_MAX, PROFILES, decode, explain};
    for profile in PROFILES {
        if let Ok((_, taken)) = decode(profile, bytes) {
            assert!(taken > 0 && taken <= 2 + BLOCK_MAX + 2);
        }
        for direction in [Direction::FromHost, Direction::FromChip] {
            let said = explain(profile, direction, bytes);
            assert_eq!(
                said.kind == "unknown",
                said.fields.is_empty() && said.error.is_some()
            );
        }
    }
}
