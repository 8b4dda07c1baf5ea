//! What a machine says on one network to be found (RFC 6762 and 6763), without I/O or clock.
//!
//! Terms: the machine's *label* is its name and its service's; it is *probed* for before it is used, then
//! *announced*, then *up*. An answer by multicast is one packet of everything that is asked for.
//!
//! Invariants: nothing is kept of anybody; however much is asked, at most one multicast answer a second and
//! [`UNICAST_MAX`] others leave; only whoever is on the same network is answered alone.

use std::net::{Ipv4Addr, SocketAddrV4};

use units::{Duration, Instant, Rng};

use super::message::{A, ANY, Data, Message, Name, PTR, Question, Record, SRV, TXT};

/// The port on which multicast DNS is spoken. Who asks from another one speaks the old protocol.
pub const MDNS_PORT: u16 = 5353;

/// RFC 6762, section 10: what names a host is kept for two minutes, all else for 75.
const HOST_TTL_S: u32 = 120;
const OTHER_TTL_S: u32 = 4500;
/// Section 6.7: for whoever speaks the old protocol.
const OLD_TTL_S: u32 = 10;
/// Section 8.1.
const PROBES: u8 = 3;
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// Section 8.2: whoever loses to somebody who probes for the same.
const YIELD: Duration = Duration::from_secs(1);
/// Section 8.3.
const ANNOUNCEMENTS: u8 = 2;
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// Section 6: between two multicasts of a record, and the wait of an answer that others may give too.
const LEAST: Duration = Duration::from_secs(1);
const WAIT_MS: (u64, u64) = (20, 120);
/// Answers to one alone in a second. Policy: many times what a network of miners asks, and nothing
/// worth to be abused for a flood.
const UNICAST_MAX: u32 = 10;

/// What is announced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MdnsService {
    /// Name of the machine and of its service: letters, digits and `-`, at most 63.
    pub label: String,
    /// Where the page is.
    pub port: u16,
    /// `key=value`, each at most 255 bytes.
    pub text: Vec<String>,
}

/// One network of this computer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MdnsNetwork {
    /// Our address in it.
    pub own: Ipv4Addr,
    /// Its mask.
    pub mask: Ipv4Addr,
}

impl MdnsNetwork {
    fn holds(&self, other: Ipv4Addr) -> bool {
        other & self.mask == self.own & self.mask
    }
}

/// What is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MdnsPacket {
    /// `None`: everybody on the network.
    pub to: Option<SocketAddrV4>,
    /// The message.
    pub bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Probing { sent: u8, next: Instant },
    Announcing { sent: u8, next: Instant },
    Up,
}

/// Which records, of those that there are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Wanted {
    types: bool,
    pointer: bool,
    service: bool,
    text: bool,
    address: bool,
}

/// One machine on one network.
pub struct MdnsResponder {
    service: MdnsService,
    network: MdnsNetwork,
    /// All of the computer's addresses: it hears itself from its other networks.
    own: Vec<Ipv4Addr>,
    phase: Phase,
    rng: Rng,
    /// What was asked for, and when it is to be said.
    due: Option<(Instant, Wanted)>,
    said: Option<Instant>,
    second: Instant,
    in_second: u32,
    out: Vec<MdnsPacket>,
    conflict: bool,
}

impl MdnsResponder {
    /// Begin to claim the label.
    pub fn new(
        service: MdnsService,
        network: MdnsNetwork,
        own: Vec<Ipv4Addr>,
        mut rng: Rng,
        now: Instant,
    ) -> Self {
        let first = Duration::from_millis(rng.below(250));
        MdnsResponder {
            service,
            network,
            own,
            phase: Phase::Probing {
                sent: 0,
                next: now + first,
            },
            rng,
            due: None,
            said: None,
            second: now,
            in_second: 0,
            out: Vec::new(),
            conflict: false,
        }
    }

    /// Somebody else has the label: it has to be another one.
    pub fn conflict(&self) -> bool {
        self.conflict
    }

    /// The label is ours.
    pub fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up | Phase::Announcing { .. })
    }

    /// What is to be sent next.
    pub fn next_packet(&mut self) -> Option<MdnsPacket> {
        (!self.out.is_empty()).then(|| self.out.remove(0))
    }

    /// When to be called without a message.
    pub fn next_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Probing { next, .. } | Phase::Announcing { next, .. } => Some(next),
            Phase::Up => None,
        };
        let due = self.due.map(|(at, _)| at);
        phase.into_iter().chain(due).min()
    }

    /// Do what is due.
    pub fn wake(&mut self, now: Instant) {
        match self.phase {
            Phase::Probing { sent, next } if next <= now => {
                self.phase = match sent {
                    PROBES.. => Phase::Announcing { sent: 0, next: now },
                    _ => {
                        self.probe();
                        Phase::Probing {
                            sent: sent + 1,
                            next: now + PROBE_EVERY,
                        }
                    }
                };
            }
            Phase::Announcing { sent, next } if next <= now => {
                self.say(now, ALL);
                self.phase = match sent + 1 {
                    ANNOUNCEMENTS.. => Phase::Up,
                    sent => Phase::Announcing {
                        sent,
                        next: now + ANNOUNCE_EVERY,
                    },
                };
            }
            _ => {}
        }
        if let Some((at, wanted)) = self.due
            && at <= now
        {
            self.due = None;
            self.say(now, wanted);
        }
    }

    /// Somebody said this.
    pub fn hear(&mut self, now: Instant, bytes: &[u8], from: SocketAddrV4) {
        let Some(message) = Message::decode(bytes) else {
            return;
        };
        match message.response {
            true => self.look_for_another(&message),
            false => {
                self.look_for_a_probe(now, &message);
                if self.is_up() {
                    self.answer(now, &message, from);
                }
            }
        }
    }

    /// Take everything back: the machine goes, or is called otherwise from now on.
    pub fn good_bye(&mut self) {
        if !self.is_up() {
            return;
        }
        let mut message = self.message(ALL);
        let records = message.answers.iter_mut().chain(&mut message.additional);
        records.for_each(|record| record.ttl_s = 0);
        self.everybody(&message);
    }

    /// A record of our names with other data.
    fn look_for_another(&mut self, message: &Message) {
        let (instance, host) = (self.instance(), self.host());
        let other = |record: &Record| match &record.data {
            // Somebody says good-bye.
            _ if record.ttl_s == 0 => false,
            Data::Address(address) => record.name == host && !self.own.contains(address),
            Data::Service { port, host: at } => {
                record.name == instance && (*port != self.service.port || *at != host)
            }
            Data::Text(text) => record.name == instance && *text != self.text(),
            _ => false,
        };
        let records = message.answers.iter().chain(&message.additional);
        let mut other = records.filter(|record| other(record));
        self.conflict |= other.next().is_some();
    }

    /// Two that probe for the same at once: the greater data wins, the other looks again.
    fn look_for_a_probe(&mut self, now: Instant, message: &Message) {
        if !matches!(self.phase, Phase::Probing { .. }) {
            return;
        }
        let host = self.host();
        let theirs = message
            .authority
            .iter()
            .filter_map(|record| match record.data {
                Data::Address(address) if record.name == host => Some(address),
                _ => None,
            });
        let mut theirs = theirs.filter(|address| !self.own.contains(address));
        if theirs.any(|address| address.octets() > self.network.own.octets()) {
            self.phase = Phase::Probing {
                sent: 0,
                next: now + YIELD,
            };
        }
    }

    fn answer(&mut self, now: Instant, query: &Message, from: SocketAddrV4) {
        let (mut all, mut alone) = (Wanted::default(), Wanted::default());
        let old = from.port() != MDNS_PORT;
        for question in &query.questions {
            let wanted = self.wanted(question);
            match question.unicast || old {
                true => alone = alone.and(wanted),
                false => all = all.and(wanted),
            }
        }
        // What it knows already, for half of its time at least.
        let instance = self.instance();
        let known = query.answers.iter().any(|record| {
            let fresh = record.ttl_s >= OTHER_TTL_S / 2;
            fresh && record.data == Data::Pointer(instance.clone())
        });
        if known {
            all.pointer = false;
            alone.pointer = false;
        }
        if alone != Wanted::default() && self.network.holds(*from.ip()) && self.may_answer(now) {
            let message = self.message(alone);
            let message = if old {
                as_of_old(query, message)
            } else {
                message
            };
            self.out.push(MdnsPacket {
                to: Some(from),
                bytes: message.encode(),
            });
        }
        if all != Wanted::default() {
            let (least, most) = WAIT_MS;
            let wait = Duration::from_millis(least + self.rng.below(most - least));
            let rested = self.said.map_or(now, |said| said + LEAST);
            let at = rested.max(now + wait);
            let (before, wanted) = self.due.unwrap_or((at, Wanted::default()));
            self.due = Some((before.min(at), wanted.and(all)));
        }
    }

    fn may_answer(&mut self, now: Instant) -> bool {
        if now.since(self.second) >= Duration::from_secs(1) {
            (self.second, self.in_second) = (now, 0);
        }
        self.in_second = self.in_second.saturating_add(1);
        self.in_second <= UNICAST_MAX
    }

    fn wanted(&self, question: &Question) -> Wanted {
        let is = |kind| question.kind == kind || question.kind == ANY;
        let (instance, host) = (self.instance(), self.host());
        Wanted {
            types: question.name == types() && is(PTR),
            pointer: question.name == kind() && is(PTR),
            service: question.name == instance && is(SRV),
            text: question.name == instance && is(TXT),
            address: question.name == host && is(A),
        }
    }

    fn probe(&mut self) {
        let ask = |name| Question {
            name,
            kind: ANY,
            unicast: false,
        };
        let message = Message {
            questions: vec![ask(self.instance()), ask(self.host())],
            authority: vec![self.service_record(), self.address_record()],
            ..Message::default()
        };
        self.everybody(&message);
    }

    /// By multicast, to whom it may concern.
    fn say(&mut self, now: Instant, wanted: Wanted) {
        self.said = Some(now);
        let message = self.message(wanted);
        self.everybody(&message);
    }

    fn everybody(&mut self, message: &Message) {
        self.out.push(MdnsPacket {
            to: None,
            bytes: message.encode(),
        });
    }

    /// What is wanted, with what will be asked for next.
    fn message(&self, wanted: Wanted) -> Message {
        let pointers = [
            (wanted.types, types(), kind()),
            (wanted.pointer, kind(), self.instance()),
        ];
        let pointers = pointers.into_iter().filter(|(wanted, ..)| *wanted);
        let mut answers: Vec<Record> = pointers
            .map(|(_, name, to)| Record {
                name,
                ttl_s: OTHER_TTL_S,
                unique: false,
                data: Data::Pointer(to),
            })
            .collect();
        let mut additional = Vec::new();
        let mut put = |wanted: bool, follows: bool, record: Record| match (wanted, follows) {
            (true, _) => answers.push(record),
            (false, true) => additional.push(record),
            (false, false) => {}
        };
        put(wanted.service, wanted.pointer, self.service_record());
        put(wanted.text, wanted.pointer, self.text_record());
        let follows = wanted.pointer || wanted.service;
        put(wanted.address, follows, self.address_record());
        Message {
            response: true,
            answers,
            additional,
            ..Message::default()
        }
    }

    fn service_record(&self) -> Record {
        Record {
            name: self.instance(),
            ttl_s: HOST_TTL_S,
            unique: true,
            data: Data::Service {
                port: self.service.port,
                host: self.host(),
            },
        }
    }

    fn text_record(&self) -> Record {
        Record {
            name: self.instance(),
            ttl_s: OTHER_TTL_S,
            unique: true,
            data: Data::Text(self.text()),
        }
    }

    fn address_record(&self) -> Record {
        Record {
            name: self.host(),
            ttl_s: HOST_TTL_S,
            unique: true,
            data: Data::Address(self.network.own),
        }
    }

    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for pair in &self.service.text {
            let pair = &pair.as_bytes()[..pair.len().min(255)];
            text.push(pair.len() as u8);
            text.extend(pair);
        }
        text
    }

    fn instance(&self) -> Name {
        Name::of(&[&self.service.label, "_stannary", "_tcp", "local"])
    }

    fn host(&self) -> Name {
        Name::of(&[&self.service.label, "local"])
    }
}

const ALL: Wanted = Wanted {
    types: true,
    pointer: true,
    service: true,
    text: true,
    address: true,
};

impl Wanted {
    fn and(self, other: Wanted) -> Wanted {
        Wanted {
            types: self.types | other.types,
            pointer: self.pointer | other.pointer,
            service: self.service | other.service,
            text: self.text | other.text,
            address: self.address | other.address,
        }
    }
}

fn kind() -> Name {
    Name::of(&["_stannary", "_tcp", "local"])
}

/// What lists the kinds of services of a network.
fn types() -> Name {
    Name::of(&["_services", "_dns-sd", "_udp", "local"])
}

/// As a server of the old protocol would answer: with its number and question, kept for a moment.
fn as_of_old(query: &Message, message: Message) -> Message {
    let old = |record: Record| Record {
        ttl_s: record.ttl_s.min(OLD_TTL_S),
        unique: false,
        ..record
    };
    Message {
        id: query.id,
        questions: query.questions.iter().take(1).cloned().collect(),
        answers: message.answers.into_iter().map(old).collect(),
        additional: message.additional.into_iter().map(old).collect(),
        ..message
    }
}

#[cfg(test)]
#[path = "responder_tests.rs"]
mod tests;
