//! What fuzzing calls, and bounded random tests call too: each entry takes any bytes and
//! panics if a promise of a decoder does not hold.
#![allow(dead_code, reason = "each includer uses a part")]

use protocol::job::Job;
use protocol::uart::{HOLD, UartDecoder};
use protocol::{ChainResponse, Command, PROFILES, ResponseLength, fpga};

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
    for length in [ResponseLength::Nine, ResponseLength::Eleven] {
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
            .filter(|w| w.starts_with(&[0xaa, 0x55]))
            .filter_map(|w| ChainResponse::decode(&w[2..]).ok());
        let mut standing = standing.peekable();
        for response in &out {
            assert!(standing.any(|s| s == *response), "not in the stream");
            for chip in PROFILES {
                if let ChainResponse::Nonce(raw) = response {
                    let bits = chip.job_bits(raw);
                    let last = (chip.wire_ids.count - 1) * chip.wire_ids.step;
                    assert!(bits.wire.0 <= last && bits.wire.0 % chip.wire_ids.step == 0);
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
    if let Ok(command) = Command::decode(bytes) {
        // Bytes that a layout ignores may differ; what they mean may not.
        assert_eq!(Command::decode(&command.encode()), Ok(command));
    }
    for chip in PROFILES {
        if let Ok(job) = Job::decode(chip.job, bytes) {
            assert!(matches!(
                job,
                Job::Midstates { .. } | Job::FullHeader { .. }
            ));
        }
    }
}
