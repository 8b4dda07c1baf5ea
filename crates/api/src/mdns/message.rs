//! Messages of multicast DNS (RFC 6762, in the format of RFC 1035), as far as answering for one machine
//! needs them.
//!
//! Whatever comes is read with a bound on everything: a compressed name only ever points backwards, so that
//! it ends; labels may hold any byte; what does not parse is nothing.

use std::net::Ipv4Addr;

use crate::dns::DnsReader;

/// Longest name on the wire.
const NAME_MAX: usize = 255;
/// Longest label.
const LABEL_MAX: usize = 63;
/// Questions and records of a message that are looked at: fifty services of a busy network fit.
const EACH_MAX: u16 = 128;

pub(super) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const TXT: u16 = 16;
pub(super) const SRV: u16 = 33;
pub(super) const ANY: u16 = 255;

const INTERNET: u16 = 1;
/// In a question: the answer may come to whoever asks alone. In a record: older ones are void.
const TOP: u16 = 0x8000;
const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const OPCODE: u16 = 0x7800;

/// A name: its labels in lower case, each behind its length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Name(Vec<u8>);

impl Name {
    /// Of labels that fit, as ours do.
    pub(super) fn of(labels: &[&str]) -> Self {
        let mut name = Name(Vec::new());
        for label in labels {
            name.push(label.as_bytes());
        }
        name
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(&self.0);
        out.push(0);
    }

    /// What is read has 63 bytes at most; of anything longer the rest is lost.
    fn push(&mut self, label: &[u8]) {
        let label = &label[..label.len().min(LABEL_MAX)];
        self.0.push(label.len() as u8);
        self.0.extend(label.iter().map(u8::to_ascii_lowercase));
    }
}

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Question {
    pub(super) name: Name,
    pub(super) kind: u16,
    /// Whoever asks would take an answer of its own.
    pub(super) unicast: bool,
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Data {
    Address(Ipv4Addr),
    Pointer(Name),
    /// Priority and weight are nothing here.
    Service {
        port: u16,
        host: Name,
    },
    Text(Vec<u8>),
    /// Of a kind that is none of ours.
    Other(u16),
}

/// A record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) ttl_s: u32,
    /// Nobody else may have one of this name and kind.
    pub(super) unique: bool,
    pub(super) data: Data,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Message {
    /// Of no meaning, but that one who asks by the old protocol wants it back.
    pub(super) id: u16,
    pub(super) response: bool,
    pub(super) questions: Vec<Question>,
    /// Of a query: what whoever asks knows already.
    pub(super) answers: Vec<Record>,
    /// Of a query: what whoever asks is about to claim.
    pub(super) authority: Vec<Record>,
    pub(super) additional: Vec<Record>,
}

impl Record {
    fn kind(&self) -> u16 {
        match &self.data {
            Data::Address(_) => A,
            Data::Pointer(_) => PTR,
            Data::Service { .. } => SRV,
            Data::Text(_) => TXT,
            Data::Other(kind) => *kind,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.name.encode(out);
        out.extend(self.kind().to_be_bytes());
        let class = INTERNET | if self.unique { TOP } else { 0 };
        out.extend(class.to_be_bytes());
        out.extend(self.ttl_s.to_be_bytes());
        let mut data = Vec::new();
        match &self.data {
            Data::Address(address) => data.extend(address.octets()),
            Data::Pointer(name) => name.encode(&mut data),
            Data::Service { port, host } => {
                data.extend([0; 4]);
                data.extend(port.to_be_bytes());
                host.encode(&mut data);
            }
            Data::Text(text) => data.extend(text),
            Data::Other(_) => {}
        }
        // Ours are a few hundred bytes.
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.id.to_be_bytes().to_vec();
        let flags = match self.response {
            true => RESPONSE | AUTHORITATIVE,
            false => 0,
        };
        out.extend(flags.to_be_bytes());
        let records = [&self.answers, &self.authority, &self.additional];
        let counts = [self.questions.len()].into_iter();
        for count in counts.chain(records.iter().map(|records| records.len())) {
            // A handful.
            out.extend((count as u16).to_be_bytes());
        }
        for question in &self.questions {
            question.name.encode(&mut out);
            out.extend(question.kind.to_be_bytes());
            let class = INTERNET | if question.unicast { TOP } else { 0 };
            out.extend(class.to_be_bytes());
        }
        records
            .into_iter()
            .flatten()
            .for_each(|r| r.encode(&mut out));
        out
    }

    /// `None` for what is no such message.
    pub(super) fn decode(bytes: &[u8]) -> Option<Message> {
        let mut reader = DnsReader::new(bytes);
        let (id, flags) = (reader.u16()?, reader.u16()?);
        // Another operation, or an error.
        if flags & OPCODE != 0 || flags & 0xF != 0 {
            return None;
        }
        let counts = [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        if counts.iter().any(|count| *count > EACH_MAX) {
            return None;
        }
        let [questions, answers, authority, additional] = counts;
        let mut asked = Vec::new();
        for _ in 0..questions {
            asked.extend(question(&mut reader)?);
        }
        Some(Message {
            id,
            response: flags & RESPONSE != 0,
            questions: asked,
            answers: records(&mut reader, answers)?,
            authority: records(&mut reader, authority)?,
            additional: records(&mut reader, additional)?,
        })
    }
}

/// Inside, `None` for one of another class.
fn question(reader: &mut DnsReader<'_>) -> Option<Option<Question>> {
    let (name, kind, class) = (name(reader)?, reader.u16()?, reader.u16()?);
    let ours = matches!(class & !TOP, INTERNET | ANY);
    Some(ours.then_some(Question {
        name,
        kind,
        unicast: class & TOP != 0,
    }))
}

fn records(reader: &mut DnsReader<'_>, count: u16) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    for _ in 0..count {
        let (name, kind, class) = (name(reader)?, reader.u16()?, reader.u16()?);
        let ttl_s = reader.u32()?;
        let length = usize::from(reader.u16()?);
        let end = reader.at().checked_add(length)?;
        let data = data(reader, kind, length)?;
        // A name inside must not lead out of its record.
        if reader.at() > end {
            return None;
        }
        reader.go_to(end)?;
        if class & !TOP == INTERNET {
            records.push(Record {
                name,
                ttl_s,
                unique: class & TOP != 0,
                data,
            });
        }
    }
    Some(records)
}

fn data(reader: &mut DnsReader<'_>, kind: u16, length: usize) -> Option<Data> {
    Some(match kind {
        A => Data::Address(<[u8; 4]>::try_from(reader.take(length)?).ok()?.into()),
        PTR => Data::Pointer(name(reader)?),
        SRV => {
            reader.take(4)?;
            Data::Service {
                port: reader.u16()?,
                host: name(reader)?,
            }
        }
        TXT => Data::Text(reader.take(length)?.to_vec()),
        other => {
            reader.take(length)?;
            Data::Other(other)
        }
    })
}

fn name(reader: &mut DnsReader<'_>) -> Option<Name> {
    let mut name = Name(Vec::new());
    reader.name(|label| {
        name.push(label);
        (name.0.len() < NAME_MAX).then_some(())
    })?;
    Some(name)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
