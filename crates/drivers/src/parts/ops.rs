//! Making lists of bus operations, and how long one may take.

use hal::BusOp;
use units::Duration;

/// A byte over the slowest bus with a host that looks for its end. Captured: a stock host
/// takes 4 to 5 ms per byte through the x19 FPGA; the byte itself takes 1.4.
const BYTE: Duration = Duration::from_millis(5);

/// The longest that a list should take on a bus that is free: what a job's deadline is made
/// from. Every wait is counted in full and every byte as on the slowest bus.
pub fn longest(ops: &[BusOp]) -> Duration {
    ops.iter().fold(Duration::ZERO, |sum, op| {
        sum.saturating_add(match op {
            BusOp::Transfer { write, read, .. } => bytes(write.len(), usize::from(*read)),
            BusOp::Delay(time) => *time,
            BusOp::Until { write, within, .. } => within.saturating_add(bytes(write.len(), 1)),
        })
    })
}

fn bytes(write: usize, read: usize) -> Duration {
    // A probe moves its address alone.
    let count = u32::try_from(write.saturating_add(read).max(1)).unwrap_or(u32::MAX);
    BYTE.saturating_mul(count)
}

pub(super) fn write(address: u8, bytes: &[u8]) -> BusOp {
    ask(address, bytes, 0)
}

/// Bytes written, then `read` bytes read, in one transaction.
pub(super) fn ask(address: u8, bytes: &[u8], read: u16) -> BusOp {
    BusOp::Transfer {
        address,
        write: bytes.to_vec(),
        read,
    }
}

/// Each byte its own transaction, as parts want it that listen without register addresses.
pub(super) fn each(address: u8, bytes: &[u8]) -> impl Iterator<Item = BusOp> + '_ {
    bytes.iter().map(move |byte| write(address, &[*byte]))
}

/// `count` bytes, each read in its own transaction.
pub(super) fn read_each(address: u8, count: u8) -> impl Iterator<Item = BusOp> {
    (0..count).map(move |_| ask(address, &[], 1))
}

/// All that a list read, in order.
pub(super) fn answer(reads: &[Vec<u8>]) -> Vec<u8> {
    reads.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_given_the_time_of_its_waits_and_of_every_byte() {
        let ms = Duration::from_millis;
        let until = BusOp::Until {
            address: 0x20,
            write: vec![],
            mask: 0xff,
            not: 0xff,
            every: ms(10),
            within: ms(400),
        };
        let list = [
            write(0x20, &[1, 2]),
            BusOp::Delay(ms(7)),
            until,
            ask(0x20, &[], 0),
        ];
        assert_eq!(longest(&list), ms(10 + 7 + 405 + 5));
        let absurd = [BusOp::Delay(Duration::MAX), BusOp::Delay(Duration::MAX)];
        assert_eq!(longest(&absurd), Duration::MAX);
    }
}
