//! Records of the stock FPGAs of x19 and S9: work in, results out. Commands go through them as
//! frames without preamble ([`crate::Command::encode`]).
//!
//! x19: control plane captured; work and result records published by one source each and
//! never seen with a nonce in a public trace. S9: published by stock firmware's own source
//! (bitmaintech/bmminer-mix), whose board test writes works and knows their nonces.

use units::{ChainSlot, Midstate, Nonce, Rolling, WireJobId, WorkItem};

use crate::job::put_midstate;
use crate::{Bytes, ChainResponse, RawNonce};

/// Bytes of a work record: 37 words.
pub const WORK_RECORD: usize = 148;
/// The same of an S9: 13 words.
pub const WORK_RECORD_S9: usize = 52;
/// What register 0x014 reads when the result FIFO is empty (captured).
pub const EMPTY: u32 = 0x5555_aaaa;

/// Bits of the first word by which an x19 marks errors.
pub const MARKS: u32 = 0x60;

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
    let mut out = start(slot, id, new_block);
    out.put(&item.header.tail());
    for i in 0..4 {
        let midstate: &Midstate = midstates.get(i % midstates.len().max(1))?;
        put_midstate(&mut out, midstate);
    }
    Some(out)
}

/// The same for an S9, whose FPGA takes one midstate and the header's end as chips do: nbits
/// first, each field as in the header.
pub fn encode_work_s9(
    slot: ChainSlot,
    id: WireJobId,
    item: &WorkItem,
    new_block: bool,
) -> Option<Bytes<WORK_RECORD_S9>> {
    let Rolling::Host(versions) = &item.rolling else {
        return None;
    };
    let mut out = start(slot, id, new_block);
    for word in item.header.tail().chunks_exact(4).rev() {
        out.put(word);
    }
    put_midstate(&mut out, versions.midstates().first()?);
    Some(out)
}

fn start<const N: usize>(slot: ChainSlot, id: WireJobId, new_block: bool) -> Bytes<N> {
    let kind = if new_block { NEW_BLOCK } else { NORMAL };
    let mut out = Bytes::new();
    out.put(&[kind, 0x80 | slot.0, 0, 0]);
    out.put(&u32::from(id.0).to_be_bytes());
    out
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
///
/// An S9's has the same form; its bits 6 and 5 are not published, and [`MARKS`] takes them away.
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
    if head & 0x80 == 0 || head & MARKS != 0 {
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
