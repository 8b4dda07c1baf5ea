//! Packets of MQTT 3.1.1 (OASIS standard, 29 October 2014), as far as a client needs them that
//! publishes at most once and subscribes the same way.
//!
//! Whatever a broker sends is read with a bound on everything: a message that is too long is passed over
//! without being kept, any other packet that is too long ends the connection.

/// Longest packet that is kept: an order is a few dozen bytes.
pub(super) const PACKET_MAX: usize = 4096;

/// Seconds after which a broker may take a silent client for dead, half as many again in fact.
pub(super) const KEEP_ALIVE_S: u16 = 60;

const UNKNOWN: &str = "something that no broker sends to such a client";

/// The only number of a packet that is ever in flight.
const SUBSCRIBE_ID: u16 = 1;
/// The answer to a filter that the broker does not let us subscribe to.
const NOT_SUBSCRIBED: u8 = 0x80;

/// What a connection begins with.
pub(super) struct Connect<'a> {
    pub(super) client_id: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    /// Topic and payload of what the broker says for us, retained, once we are lost.
    pub(super) will: (&'a str, &'a str),
}

impl Connect<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        // A clean session, and a will that is retained and sent at least once.
        let mut flags = 0b0010_1110;
        flags |= if self.user.is_some() { 0x80 } else { 0 };
        flags |= if self.password.is_some() { 0x40 } else { 0 };
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        body.extend([4, flags]);
        body.extend(KEEP_ALIVE_S.to_be_bytes());
        text(&mut body, self.client_id);
        text(&mut body, self.will.0);
        text(&mut body, self.will.1);
        for part in [self.user, self.password].into_iter().flatten() {
            text(&mut body, part);
        }
        packet(out, 0x10, &body);
    }
}

/// A retained message, which the broker need not acknowledge.
pub(super) fn publish(out: &mut Vec<u8>, topic: &str, payload: &[u8], retained: bool) {
    let mut body = Vec::with_capacity(2 + topic.len() + payload.len());
    text(&mut body, topic);
    body.extend(payload);
    packet(out, 0x30 | u8::from(retained), &body);
}

/// Ask for messages that fit one filter.
pub(super) fn subscribe(out: &mut Vec<u8>, filter: &str) {
    let mut body = SUBSCRIBE_ID.to_be_bytes().to_vec();
    text(&mut body, filter);
    body.push(0);
    packet(out, 0x82, &body);
}

pub(super) fn ping(out: &mut Vec<u8>) {
    packet(out, 0xC0, &[]);
}

pub(super) fn disconnect(out: &mut Vec<u8>) {
    packet(out, 0xE0, &[]);
}

/// A string with its length before it. What is longer than a string can be is cut: nothing that is
/// sent comes near.
fn text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend(bytes);
}

fn packet(out: &mut Vec<u8>, first: u8, body: &[u8]) {
    out.push(first);
    let mut left = body.len();
    loop {
        let more = if left > 0x7F { 0x80 } else { 0 };
        out.push((left & 0x7F) as u8 | more);
        left >>= 7;
        if left == 0 {
            break;
        }
    }
    out.extend(body);
}

/// What a broker says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// The connection is taken, or why it is not.
    Connected(Result<(), u8>),
    /// Whether we are subscribed.
    Subscribed(bool),
    /// A message.
    Message {
        topic: String,
        payload: Vec<u8>,
        /// It lay at the broker before we asked.
        retained: bool,
    },
    /// A message that is too long to be meant.
    TooLong,
    /// An answer to a ping.
    Pong,
}

/// Cuts what comes into packets.
#[derive(Default)]
pub(super) struct Decoder {
    /// No longer than a packet that is kept and what was given at once.
    waiting: Vec<u8>,
    /// So many of them were read.
    read: usize,
    /// Bytes of a packet that is passed over.
    skip: usize,
}

impl Decoder {
    /// More bytes came.
    pub(super) fn give(&mut self, mut bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        bytes = &bytes[skipped..];
        self.waiting.drain(..self.read);
        self.read = 0;
        self.waiting.extend(bytes);
    }

    /// The next packet; `None` until more comes. An error is the end of the connection.
    pub(super) fn next(&mut self) -> Result<Option<Said>, &'static str> {
        let Some((first, header, length)) = self.header()? else {
            return Ok(None);
        };
        let whole = header + length;
        if length > PACKET_MAX {
            if first & 0xF0 != 0x30 {
                return Err("a packet that is longer than any of its kind");
            }
            let there = self.unread().len().min(whole);
            self.read += there;
            self.skip = whole - there;
            return Ok(Some(Said::TooLong));
        }
        let Some(packet) = self.unread().get(..whole) else {
            return Ok(None);
        };
        let said = read(first, &packet[header..]);
        self.read += whole;
        said.map(Some)
    }

    fn unread(&self) -> &[u8] {
        &self.waiting[self.read..]
    }

    /// First byte, length of the header and of what follows it.
    fn header(&self) -> Result<Option<(u8, usize, usize)>, &'static str> {
        let Some((first, rest)) = self.unread().split_first() else {
            return Ok(None);
        };
        // Before its length is believed: what speaks another protocol is known at once.
        if !matches!(first, 0x20 | 0x30 | 0x31 | 0x90 | 0xD0) {
            return Err(UNKNOWN);
        }
        let mut length = 0;
        for (i, byte) in rest.iter().take(4).enumerate() {
            length |= usize::from(byte & 0x7F) << (7 * i);
            if byte & 0x80 == 0 {
                return Ok(Some((*first, i + 2, length)));
            }
        }
        match rest.len() {
            0..4 => Ok(None),
            _ => Err("a packet's length of more than four bytes"),
        }
    }
}

fn read(first: u8, body: &[u8]) -> Result<Said, &'static str> {
    match (first, body) {
        (0x20, [_, 0]) => Ok(Said::Connected(Ok(()))),
        (0x20, [_, why]) => Ok(Said::Connected(Err(*why))),
        (0x90, [_, _, granted]) => Ok(Said::Subscribed(*granted < NOT_SUBSCRIBED)),
        (0xD0, []) => Ok(Said::Pong),
        // Sent at most once, which is what was asked for, for the first time.
        (0x30 | 0x31, _) => message(body, first & 1 != 0),
        _ => Err(UNKNOWN),
    }
}

fn message(body: &[u8], retained: bool) -> Result<Said, &'static str> {
    const CUT: &str = "a message without a topic";
    let (length, rest) = body.split_first_chunk::<2>().ok_or(CUT)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (topic, payload) = rest.split_at_checked(length).ok_or(CUT)?;
    let topic = str::from_utf8(topic).map_err(|_| "a topic that is no text")?;
    if topic.is_empty() || topic.contains(['\0', '+', '#']) {
        return Err("a topic that cannot be one");
    }
    Ok(Said::Message {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        retained,
    })
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
