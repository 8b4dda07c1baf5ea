//! A stand for parts: what a list says on the bus, what it would read, and the vectors.

use drivers::parts::{PartError, PartErrorKind};
use hal::{BUS_OPS_MAX, BUS_READ_MAX, BUS_WRITE_MAX, BusOp};
use serde_json::Value;
use units::Rng;

/// A list of vectors.
pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let whole = file_of_vectors(file);
    let list = whole["vectors"].as_array().expect("has a list `vectors`");
    assert!(!list.is_empty(), "{file}");
    list.clone()
}

pub(crate) fn file_of_vectors(file: &str) -> Value {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("vector file is in the tree");
    serde_json::from_str(&text).expect("vector file is JSON")
}

/// The vector of this name.
pub(crate) fn vector<'a>(list: &'a [Value], id: &str) -> &'a Value {
    let found = list.iter().find(|v| v["id"] == id);
    found.unwrap_or_else(|| panic!("no vector {id}"))
}

/// The bytes of the vector of this name.
pub(crate) fn bytes_of(list: &[Value], id: &str) -> Vec<u8> {
    unhex(vector(list, id)["hex"].as_str().expect("hex"))
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
        .collect()
}

/// Every write of a list, in order, each of which must go to `address`.
pub(crate) fn writes(address: u8, ops: &[BusOp]) -> Vec<Vec<u8>> {
    assert!(ops.len() <= BUS_OPS_MAX);
    let mut out = Vec::new();
    for op in ops {
        match op {
            BusOp::Transfer {
                address: to,
                write,
                read,
            } => {
                assert_eq!(*to, address);
                assert!(write.len() <= BUS_WRITE_MAX && usize::from(*read) <= BUS_READ_MAX);
                out.extend((!write.is_empty()).then(|| write.clone()));
            }
            BusOp::Until {
                address: to, write, ..
            } => {
                assert_eq!(*to, address);
                out.extend((!write.is_empty()).then(|| write.clone()));
            }
            BusOp::Delay(_) => {}
        }
    }
    out
}

/// What a part hears that takes a byte per transaction and no register address.
pub(crate) fn stream(address: u8, ops: &[BusOp]) -> Vec<u8> {
    let writes = writes(address, ops);
    assert!(writes.iter().all(|w| w.len() == 1), "one byte each");
    writes.concat()
}

/// What a list reads from a part that has `bytes` to say and then ones.
pub(crate) fn answered(ops: &[BusOp], bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes.iter().copied().chain(core::iter::repeat(0xff));
    let mut take = |count| rest.by_ref().take(count).collect();
    ops.iter()
        .map(|op| match op {
            BusOp::Transfer { read, .. } => take(usize::from(*read)),
            BusOp::Until { .. } => take(1),
            BusOp::Delay(_) => Vec::new(),
        })
        .collect()
}

/// How many bytes a list reads.
pub(crate) fn count(ops: &[BusOp]) -> usize {
    answered(ops, &[]).concat().len()
}

/// The kind of the error that this must be.
pub(crate) fn kind<T: core::fmt::Debug>(result: Result<T, PartError>) -> PartErrorKind {
    let error = result.expect_err("must be refused");
    let text = error.to_string();
    assert!(text.contains("seen"), "{text}");
    error.kind
}

/// Whatever a part says, `read` gives a value or an error and does not panic: each answer
/// with every bit wrong, cut short at every length, and ten thousand answers of any bytes.
/// Gives how many of those were taken for a value.
pub(crate) fn survives<T>(good: &[u8], read: impl Fn(&[Vec<u8>]) -> Result<T, PartError>) -> usize {
    let each = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.iter().map(|b| vec![*b]).collect() };
    for bit in 0..good.len() * 8 {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let _ = read(&each(&bytes));
    }
    for len in 0..good.len() {
        let _ = read(&each(&good[..len]));
        let _ = read(&[good[..len].to_vec()]);
    }
    let _ = read(&[]);
    let mut rng = Rng::new(5);
    let random = (0..10_000).filter(|i| {
        let len = match i % 2 {
            0 => good.len(),
            _ => rng.below(300) as usize,
        };
        let bytes: Vec<u8> = (0..len).map(|_| rng.next_u32() as u8).collect();
        // As one read and as many: steps of a list may come either way.
        let value = read(&each(&bytes)).is_ok();
        let _ = read(&[bytes]);
        value
    });
    random.count()
}

/// As [`survives`], and no single damaged bit is taken for a value.
pub(crate) fn guards<T: core::fmt::Debug>(
    good: &[u8],
    read: impl Fn(&[Vec<u8>]) -> Result<T, PartError>,
) {
    assert!(read(&[good.to_vec()]).is_ok());
    for bit in 0..good.len() * 8 {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let result = read(&[bytes]);
        assert!(result.is_err(), "bit {bit} wrong: {result:?}");
    }
    for len in 0..good.len() {
        assert!(read(&[good[..len].to_vec()]).is_err(), "cut to {len}");
    }
    survives(good, read);
}
