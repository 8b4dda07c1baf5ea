//! The x19 FPGA's records: work in, results out. Commands go through it as frames without
//! preamble ([`crate::Command::encode`]).
//!
//! Control plane captured; work and result records published by one source each and
//! never seen with a nonce in a public trace.

use units::{ChainSlot, Midstate, Nonce, Rolling, WireJobId, WorkItem};

use crate::job::put_midstate;
use crate::{Bytes, ChainResponse, RawNonce};

/// Bytes of a work record: 37 words.
pub const WORK_RECORD: usize = 148;
/// What register 0x014 reads when the result FIFO is empty (captured).
pub const EMPTY: u32 = 0x5555_aaaa;

const NEW_BLOCK: u8 = 0x11;
const NORMAL: u8 = 0x01;

/// A work record, first byte on top of the first word.
///
/// The record always holds four midstates. With fewer versions they repeat in order, so
/// that no core hashes a header that nobody asked for; a nonce then comes back at each
/// of its places, and its index modulo the number of versions names the version.
/// `None` for work whose version the chip is to roll.
pub fn encode_work(
    slot: ChainSlot,
    id: WireJobId,
    item: &WorkItem,
    new_block: bool,
) -> Option<Bytes<WORK_RECORD>> {
    let Rolling::Host(versions) = &item.rolling else {
        return None;
    };
    let midstates = versions.midstates();
    let kind = if new_block { NEW_BLOCK } else { NORMAL };
    let mut out = Bytes::new();
    out.put(&[kind, 0x80 | slot.0, 0, 0]);
    out.put(&u32::from(id.0).to_be_bytes());
    out.put(&item.header.tail());
    for i in 0..4 {
        let midstate: &Midstate = midstates.get(i % midstates.len().max(1))?;
        put_midstate(&mut out, midstate);
    }
    Some(out)
}

/// What a result record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    /// A nonce or a register answer.
    Response {
        /// The chain that it came from, low four bits of the first word.
        chain: u8,
        /// What it says.
        response: ChainResponse,
    },
    /// The FIFO was empty.
    Empty,
    /// The FPGA marks the nonce as damaged.
    Damaged,
}

/// Reads one entry of the result FIFO: registers 0x010 and 0x014.
///
/// Bits of the first word: 31 nonce; 30:16 work id; 7 nonce indicator, which a nonce
/// must have; 6 and 5 two kinds of error; 3:0 chain. Work id bits above the low seven
/// are the FPGA's own and are ignored.
pub fn decode_record(head: u32, data: u32) -> Record {
    if data == EMPTY && head & 0x8000_0000 == 0 {
        return Record::Empty;
    }
    let chain = (head & 0xf) as u8;
    if head & 0x8000_0000 == 0 {
        let response = ChainResponse::Register {
            value: data,
            address: None,
            reg: None,
        };
        return Record::Response { chain, response };
    }
    if head & 0x80 == 0 || head & 0x60 != 0 {
        return Record::Damaged;
    }
    let response = ChainResponse::Nonce(RawNonce {
        // First received byte on top, as in register answers.
        nonce: Nonce::from_wire(data.to_be_bytes()),
        extra: 0,
        job: (head >> 16 & 0x7f) as u8,
        counter: 0,
    });
    Record::Response { chain, response }
}
