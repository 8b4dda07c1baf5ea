//! Messages of the name service (RFC 1035), as far as asking for addresses needs them.
//!
//! Whatever comes from a server is read with a bound on everything: a compressed name only ever
//! points backwards, so that it ends; what does not parse is no answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use api::DnsReader;

/// Longest name in text, and longest label.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// Aliases that are followed from one name to the next.
const ALIASES_MAX: usize = 8;
/// Addresses that are kept.
const ADDRESSES_MAX: usize = 16;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// IPv4.
    A,
    /// IPv6.
    Aaaa,
}

impl Kind {
    const fn number(self) -> u16 {
        match self {
            Kind::A => 1,
            Kind::Aaaa => 28,
        }
    }
}

const CNAME: u16 = 5;
const INTERNET: u16 = 1;

/// What a server said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// These addresses; none if the name has none of this kind.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    NoName,
    /// It did not fit: ask again over TCP.
    Truncated,
    /// The server cannot or will not say: its code.
    Failed(u8),
}

/// A name that can be asked for, lower case, without the dot at the end. `None` if it is none.
pub(crate) fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |l: &str| {
        (1..=LABEL_MAX).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    let fits = text.len() <= NAME_MAX && text.split('.').all(label);
    fits.then(|| text.to_ascii_lowercase())
}

/// A question for `name`, which [`name`] gave.
pub(crate) fn encode(id: u16, name: &str, kind: Kind) -> Vec<u8> {
    let mut out = id.to_be_bytes().to_vec();
    // A standard query that wants recursion; one question.
    out.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        // A name's labels fit a byte.
        out.push(label.len() as u8);
        out.extend(label.bytes());
    }
    out.push(0);
    out.extend(kind.number().to_be_bytes());
    out.extend(INTERNET.to_be_bytes());
    out
}

/// Read an answer to that question; `None` if it is another's, or damaged.
pub(crate) fn decode(bytes: &[u8], id: u16, asked: &str, kind: Kind) -> Option<Answer> {
    let mut reader = DnsReader::new(bytes);
    if reader.u16()? != id {
        return None;
    }
    let flags = reader.u16()?;
    let counts = [reader.u16()?, reader.u16()?];
    reader.take(4)?;
    let [questions, answers] = counts;
    // An answer to a standard query, with our one question in it.
    if flags & 0xF800 != 0x8000 || questions != 1 {
        return None;
    }
    let same = read_name(&mut reader)? == asked;
    if !same || reader.u16()? != kind.number() || reader.u16()? != INTERNET {
        return None;
    }
    if flags & 0x0200 != 0 {
        return Some(Answer::Truncated);
    }
    match flags & 0xF {
        0 => {}
        3 => return Some(Answer::NoName),
        code => return Some(Answer::Failed(code as u8)),
    }
    let records = (0..answers).map(|_| record(&mut reader, kind));
    let records: Vec<Record> = records.collect::<Option<_>>()?;
    Some(Answer::Addresses(follow(asked, &records)))
}

/// An answer's record, as far as it matters here.
struct Record {
    owner: String,
    what: What,
}

enum What {
    Address(IpAddr),
    Alias(String),
    Other,
}

fn record(reader: &mut DnsReader<'_>, kind: Kind) -> Option<Record> {
    let owner = read_name(reader)?;
    let (number, class) = (reader.u16()?, reader.u16()?);
    reader.take(4)?;
    let length = usize::from(reader.u16()?);
    let mut inside = reader.clone();
    let data = reader.take(length)?;
    let what = match (number, kind) {
        _ if class != INTERNET => What::Other,
        (1, Kind::A) => What::Address(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
        (28, Kind::Aaaa) => What::Address(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
        (CNAME, _) => What::Alias(read_name(&mut inside)?),
        _ => What::Other,
    };
    Some(Record { owner, what })
}

/// The addresses of a name, by way of its aliases. Records that do not belong to it are nobody's.
fn follow(asked: &str, records: &[Record]) -> Vec<IpAddr> {
    let mut name = asked;
    for _ in 0..=ALIASES_MAX {
        let own = records.iter().filter(|r| r.owner == name);
        let addresses = own.clone().filter_map(|r| match r.what {
            What::Address(address) => Some(address),
            _ => None,
        });
        let addresses: Vec<IpAddr> = addresses.take(ADDRESSES_MAX).collect();
        if !addresses.is_empty() {
            return addresses;
        }
        let mut aliases = own.filter_map(|r| match &r.what {
            What::Alias(to) => Some(to.as_str()),
            _ => None,
        });
        match aliases.next() {
            Some(next) => name = next,
            None => break,
        }
    }
    Vec::new()
}

/// A name, lower case.
fn read_name(reader: &mut DnsReader<'_>) -> Option<String> {
    let mut text = String::new();
    reader.name(|label| {
        if !text.is_empty() {
            text.push('.');
        }
        if !label.iter().all(u8::is_ascii_graphic) || label.contains(&b'.') {
            return None;
        }
        text.extend(label.iter().map(|b| b.to_ascii_lowercase() as char));
        (text.len() <= NAME_MAX).then_some(())
    })?;
    Some(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An answer to `question` with these flags and answer records, as bytes.
    pub(crate) fn answer(question: &[u8], flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let mut out = question.to_vec();
        out[2..4].copy_from_slice(&flags.to_be_bytes());
        out[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        records.iter().for_each(|record| out.extend(record));
        out
    }

    /// A record; the owner is the question's name.
    pub(crate) fn record(number: u16, data: &[u8]) -> Vec<u8> {
        let mut out = vec![0xC0, 12];
        out.extend(number.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
        out
    }

    pub(crate) const GOOD: u16 = 0x8180;

    fn check(kind: Kind, flags: u16, records: &[Vec<u8>], expected: Option<Answer>) {
        let question = encode(7, "pool.example", kind);
        let bytes = answer(&question, flags, records);
        assert_eq!(
            decode(&bytes, 7, "pool.example", kind),
            expected,
            "{bytes:02x?}"
        );
    }

    fn addresses(texts: &[&str]) -> Option<Answer> {
        let parsed = texts.iter().map(|t| t.parse().expect("an address"));
        Some(Answer::Addresses(parsed.collect()))
    }

    #[test]
    fn addresses_are_found_directly_and_by_way_of_aliases() {
        let a = record(1, &[192, 0, 2, 1]);
        let b = record(1, &[192, 0, 2, 2]);
        check(
            Kind::A,
            GOOD,
            &[a.clone(), b],
            addresses(&["192.0.2.1", "192.0.2.2"]),
        );
        let six = record(
            28,
            &[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        );
        check(
            Kind::Aaaa,
            GOOD,
            std::slice::from_ref(&six),
            addresses(&["2001:db8::1"]),
        );
        // What was not asked for does not count.
        check(Kind::A, GOOD, &[six], addresses(&[]));
        check(Kind::A, GOOD, &[], addresses(&[]));
        // pool.example is an alias of eu.pool.example, which has the address.
        let alias = record(CNAME, &[2, b'e', b'u', 0xC0, 12]);
        let mut target = vec![2, b'e', b'u'];
        target.extend(&a);
        check(
            Kind::A,
            GOOD,
            &[alias, target.clone()],
            addresses(&["192.0.2.1"]),
        );
        // Another name's address is not ours.
        check(Kind::A, GOOD, &[target], addresses(&[]));
        // An alias of itself, and a chain that is too long.
        let itself = record(CNAME, &[0xC0, 12]);
        check(Kind::A, GOOD, &[itself], addresses(&[]));
    }

    #[test]
    fn what_a_server_cannot_say_is_told_apart() {
        let a = record(1, &[192, 0, 2, 1]);
        check(Kind::A, 0x8183, &[], Some(Answer::NoName));
        check(Kind::A, 0x8182, &[], Some(Answer::Failed(2)));
        check(Kind::A, 0x8185, &[], Some(Answer::Failed(5)));
        check(
            Kind::A,
            0x8380,
            std::slice::from_ref(&a),
            Some(Answer::Truncated),
        );
        // A question is no answer, and neither is another operation.
        check(Kind::A, 0x0100, std::slice::from_ref(&a), None);
        check(Kind::A, 0xA180, &[a], None);
    }

    #[test]
    fn damaged_answers_and_those_of_others_are_none() {
        let question = encode(7, "pool.example", Kind::A);
        let good = answer(&question, GOOD, &[record(1, &[192, 0, 2, 1])]);
        let decoded = |bytes: &[u8]| decode(bytes, 7, "pool.example", Kind::A);
        assert!(decoded(&good).is_some());
        for cut in 0..good.len() {
            assert_eq!(decoded(&good[..cut]), None, "cut at {cut}");
        }
        assert_eq!(decode(&good, 8, "pool.example", Kind::A), None, "id");
        assert_eq!(decode(&good, 7, "pool.example", Kind::Aaaa), None, "kind");
        assert_eq!(decode(&good, 7, "pool.exampl", Kind::A), None, "name");
        assert_eq!(decoded(&[0xFF; 512]), None);
        // Absurd numbers of records, and an address of three bytes.
        let mut many = good.clone();
        many[6..8].fill(0xFF);
        assert_eq!(decoded(&many), None);
        check(Kind::A, GOOD, &[record(1, &[192, 0, 2])], None);
        // Case is the server's to choose.
        let mut loud = good;
        loud[13..17].copy_from_slice(b"POOL");
        assert!(decoded(&loud).is_some());
    }

    #[test]
    fn compressed_names_end() {
        let question = encode(7, "pool.example", Kind::A);
        // Pointers to themselves, to each other, forwards, and beyond the end.
        let end = question.len() as u8;
        for name in [
            vec![0xC0, end],
            vec![0xC0, end + 2, 0xC0, end],
            vec![1, b'a', 0xC0, end],
            vec![0xC0, end + 1],
            vec![0xFF, 0xFF],
            vec![0x40, 1],
            vec![0x80, 0],
            [[63].as_slice(), &[b'a'; 63]].concat().repeat(5),
        ] {
            let mut record = name.clone();
            record.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            check(Kind::A, GOOD, &[record], None);
        }
        // Each pointer backwards is fine: they are bounded by the length.
        let alias = record(CNAME, &[0xC0, 12]);
        check(Kind::A, GOOD, &[alias], addresses(&[]));
    }

    #[test]
    fn names_that_cannot_be_asked_for_are_none() {
        assert_eq!(name("Pool.Example."), Some("pool.example".into()));
        assert_eq!(name("a_b-c.example"), Some("a_b-c.example".into()));
        let long = "a".repeat(64);
        let deep = "a.".repeat(127) + "b";
        for bad in [
            "",
            ".",
            "a..b",
            ".a",
            "pööl.example",
            "a b",
            &long,
            &deep,
            "a\0b",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
