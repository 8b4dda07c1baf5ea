//! Being found on the network: multicast DNS, by one thread that answers for this machine and asks nobody.
//!
//! Invariants: nobody waits for this thread; a socket hears only what comes on its own network, sent to the
//! group; a message is read, answered and forgotten.
//!
//! Not known here: what the page serves, and who may see it. What is announced (name, model, version) is
//! what whoever is on the network may know.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;

use anyhow::{Context, Result};
use api::{Gate, MDNS_PORT, MdnsNetwork, MdnsResponder, MdnsService, Published};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use telemetry::{Code, Fault, Note};
use units::{Duration, Instant, Rng};

use crate::host;
use crate::runtime::Clock;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// RFC 6762, section 11.
const HOPS: u32 = 255;
/// Longest message, section 17.
const BYTES_MAX: usize = 9000;
const PLACE: &str = "mdns";
/// How often name and networks are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Longest wait for messages: the end of the daemon is seen within it.
const WAIT: Duration = Duration::from_millis(250);
/// Messages of a network that are looked at in one go, and how long it then rests. Policy: what comes
/// faster is nobody who looks for a machine, and the kernel's own buffer is its bound.
const BATCH: u32 = 64;
const REST: Duration = Duration::from_millis(50);
/// Section 9: names are tried no faster after some, so that nobody makes us flood the network.
const TRIED_FAST: u32 = 10;
const TRY_SLOWLY: Duration = Duration::from_secs(5);
/// After so many the numbers begin anew.
const NUMBERS: u32 = 99;
/// Longest name, so that a number fits behind it in a label of 63.
const NAME_MAX: usize = 60;
/// For good-byes at the end of the daemon.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is announced.
pub(crate) struct Announced {
    /// Where the page listens.
    at: SocketAddr,
    /// What the machine is, as `key=value`.
    text: Vec<String>,
}

impl Announced {
    /// The page where it listens without and with TLS: where a network reaches it, or where its owner
    /// says `on`. `None`: nowhere.
    pub(crate) fn of(
        on: Option<bool>,
        plain: Option<SocketAddr>,
        secure: Option<SocketAddr>,
        mut text: Vec<String>,
    ) -> Option<Self> {
        let all = [(plain, "http"), (secure, "https")];
        let mut all = all
            .into_iter()
            .filter_map(|(at, scheme)| Some((at?, scheme)));
        let near = |(at, _): &(SocketAddr, &str)| at.ip().to_canonical().is_loopback();
        let (at, scheme) = match on {
            Some(false) => None,
            Some(true) => all.clone().find(|one| !near(one)).or_else(|| all.next()),
            None => all.find(|one| !near(one)),
        }?;
        text.push(format!("scheme={scheme}"));
        if let Some(secure) = secure {
            text.push(format!("https={}", secure.port()));
        }
        Some(Announced { at, text })
    }
}

/// An announcement that is kept up. Dropping it takes it back.
pub(crate) struct Mdns {
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
}

/// Announce the machine on the networks on which its page can be reached.
pub(crate) fn keep(
    announced: Announced,
    published: Published,
    gate: Gate,
    clock: Clock,
    seed: u64,
) -> Result<Mdns> {
    let (stop, stopped) = channel();
    let (end, ended) = channel();
    let announcer = Announcer {
        announced,
        published,
        gate,
        clock,
        stopped,
        rng: Rng::new(seed),
        networks: Vec::new(),
        name: String::new(),
        number: 1,
        tried: 0,
        trying: clock.now(),
        problem: None,
    };
    thread::Builder::new()
        .name("mdns".into())
        .stack_size(128 * 1024)
        .spawn(move || {
            announcer.run();
            drop(end);
        })
        .context("no thread for the announcement")?;
    Ok(Mdns {
        stop: Some(stop),
        ended,
    })
}

impl Drop for Mdns {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.ended.recv_timeout(LAST_WORDS);
    }
}

struct Announcer {
    announced: Announced,
    published: Published,
    gate: Gate,
    clock: Clock,
    stopped: Receiver<()>,
    rng: Rng,
    networks: Vec<(MdnsNetwork, UdpSocket, MdnsResponder)>,
    /// What the machine is called, without a number behind it.
    name: String,
    number: u32,
    /// Names that were another's, one after the other.
    tried: u32,
    /// The next one is not tried before.
    trying: Instant,
    /// What was said last to be wrong.
    problem: Option<String>,
}

impl Announcer {
    fn run(mut self) {
        let mut look = self.clock.now();
        let mut buffer = vec![0; BYTES_MAX];
        while matches!(self.stopped.try_recv(), Err(TryRecvError::Empty)) {
            let now = self.clock.now();
            if now >= look {
                look = now + LOOK;
                self.look_around(now);
            }
            if self.networks.iter().any(|(.., r)| r.conflict()) && now >= self.trying {
                self.take_another_name(now);
            }
            for (_, socket, responder) in &mut self.networks {
                responder.wake(now);
                send(socket, responder);
            }
            if self.wait(look) && self.listen(&mut buffer) {
                let rest = self.stopped.recv_timeout(REST);
                if rest != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        }
        self.leave();
    }

    /// See on which networks this computer is, and what it is called.
    fn look_around(&mut self, now: Instant) {
        let found = networks(self.announced.at.ip());
        let name = self.gate.called().unwrap_or_default();
        let same = |(a, b): (&MdnsNetwork, &(MdnsNetwork, UdpSocket, MdnsResponder))| *a == b.0;
        let unchanged = found.len() == self.networks.len()
            && found.iter().zip(&self.networks).all(same)
            && self.problem.is_none();
        if name != self.name {
            (self.number, self.tried) = (1, 0);
            self.name = name;
        } else if unchanged {
            return;
        }
        self.open(now, &found);
    }

    /// Announce the present name on these networks.
    fn open(&mut self, now: Instant, found: &[MdnsNetwork]) {
        self.leave();
        let label = label(&self.name, self.number);
        self.gate.answer_as(&label);
        let own: Vec<_> = found.iter().map(|network| network.own).collect();
        let mut problem = None;
        for network in found {
            let service = MdnsService {
                label: label.clone(),
                port: self.announced.at.port(),
                text: self.announced.text.clone(),
            };
            match open(network.own) {
                Ok(socket) => {
                    let rng = self.rng.fork(u64::from(u32::from(network.own)));
                    let responder = MdnsResponder::new(service, *network, own.clone(), rng, now);
                    self.networks.push((*network, socket, responder));
                }
                Err(error) => problem = Some(format!("{}: {error}", network.own)),
            }
        }
        self.tell_problem(problem);
    }

    /// Take everything back.
    fn leave(&mut self) {
        for (_, socket, responder) in &mut self.networks {
            responder.good_bye();
            send(socket, responder);
        }
        self.networks.clear();
    }

    /// Somebody else is called so: the same name with a number behind it.
    fn take_another_name(&mut self, now: Instant) {
        let was = label(&self.name, self.number);
        self.number = self.number % NUMBERS + 1;
        self.tried = self.tried.saturating_add(1);
        if self.tried > TRIED_FAST {
            self.trying = now + TRY_SLOWLY;
        }
        let detail = format!(
            "`{was}` is another machine's; this one is `{}`",
            label(&self.name, self.number)
        );
        // A flood of them would drive all else from the log.
        if self.tried <= TRIED_FAST {
            self.tell(Code::MdnsName, &detail);
        }
        let found: Vec<_> = self.networks.iter().map(|(network, ..)| *network).collect();
        self.open(now, &found);
    }

    /// True if there is something to read.
    fn wait(&self, look: Instant) -> bool {
        let now = self.clock.now();
        let due = self.networks.iter().filter_map(|(.., r)| r.next_deadline());
        let until = due.chain([look, now + WAIT]).min().unwrap_or(now);
        let wait = until.since(now);
        let mut fds: Vec<_> = self
            .networks
            .iter()
            .map(|(_, socket, _)| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN))
            .collect();
        let limit = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(1),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        // An error is a signal's: everything is looked at again.
        poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready > 0)
    }

    /// Hear what came. True if there may be more.
    fn listen(&mut self, buffer: &mut [u8]) -> bool {
        let now = self.clock.now();
        let mut more = false;
        for (_, socket, responder) in &mut self.networks {
            more |= (0..BATCH).all(|_| match socket.recv_from(buffer) {
                Ok((read, SocketAddr::V4(from))) => {
                    responder.hear(now, &buffer[..read], from);
                    send(socket, responder);
                    true
                }
                // What is wrong with a socket is seen at the next look, by what is sent.
                Ok(_) | Err(_) => false,
            });
        }
        more
    }

    fn tell_problem(&mut self, problem: Option<String>) {
        if problem == self.problem {
            return;
        }
        let code = Code::MdnsSocket;
        let fault = problem.as_ref().map(|detail| Fault {
            code,
            place: PLACE.to_owned(),
            detail: detail.clone(),
            action: "the machine goes on without it".to_owned(),
            meaning: code.meaning(),
            remedy: code.remedy(),
        });
        self.published.beside(PLACE, fault);
        if let Some(detail) = &problem {
            self.tell(code, detail);
        }
        self.problem = problem;
    }

    fn tell(&self, code: Code, detail: &str) {
        tracing::warn!(code = code.text(), place = PLACE, "{detail}");
        self.published.note(Note {
            at: self.clock.now(),
            code,
            place: PLACE.to_owned(),
            detail: detail.to_owned(),
        });
    }
}

/// A packet that is not sent is as one that is lost, which any of them may be.
fn send(socket: &UdpSocket, responder: &mut MdnsResponder) {
    while let Some(packet) = responder.next_packet() {
        let to = packet.to.unwrap_or(SocketAddrV4::new(GROUP, MDNS_PORT));
        let _ = socket.send_to(&packet.bytes, to);
    }
}

/// A socket that hears what is sent to the group on the network of this address, and nothing else.
fn open(own: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // The computer may have other programs that answer for it.
    socket.set_reuse_address(true)?;
    socket.set_multicast_all_v4(false)?;
    socket.bind(&SocketAddrV4::new(GROUP, MDNS_PORT).into())?;
    socket.join_multicast_v4(&GROUP, &own)?;
    socket.set_multicast_if_v4(&own)?;
    socket.set_multicast_ttl_v4(HOPS)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Those of this computer's networks on which a page that listens here is reached.
fn networks(http: IpAddr) -> Vec<MdnsNetwork> {
    match http.to_canonical() {
        IpAddr::V4(own) if own.is_loopback() => vec![MdnsNetwork {
            own,
            mask: Ipv4Addr::new(255, 0, 0, 0),
        }],
        IpAddr::V6(own) if own.is_loopback() => Vec::new(),
        http => {
            let all = host::networks().into_iter();
            let all = all.map(|(own, mask)| MdnsNetwork { own, mask });
            all.filter(|network| http.is_unspecified() || http == network.own)
                .collect()
        }
    }
}

/// A name that can stand in `NAME.local`, with its number behind it if it has one.
fn label(name: &str, number: u32) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let first = name.split('.').next().unwrap_or_default();
    let clean: String = first.chars().map(sign).take(NAME_MAX).collect();
    let clean = match clean.trim_matches('-') {
        "" => "stannary",
        clean => clean,
    };
    match number {
        1 => clean.to_owned(),
        number => format!("{clean}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_a_label() {
        let check = |name: &str, number, expected: &str| assert_eq!(label(name, number), expected);
        check("rig-7", 1, "rig-7");
        check("rig-7", 2, "rig-7-2");
        check("rig.farm.example", 1, "rig");
        check("my rig\u{e9}!", 1, "my-rig");
        check("", 1, "stannary");
        check("-.-", 3, "stannary-3");
        assert_eq!(label(&"x".repeat(300), NUMBERS).len(), 63);
    }

    #[test]
    fn a_page_is_announced_to_whom_it_may_concern() {
        let check = |on, plain: Option<&str>, secure: Option<&str>, expected: Option<&str>| {
            let read = |text: Option<&str>| text.map(|text| text.parse().expect("an address"));
            let found = Announced::of(on, read(plain), read(secure), Vec::new());
            let shown = found.map(|found| format!("{} {}", found.at, found.text.join(" ")));
            assert_eq!(shown.as_deref(), expected);
        };
        let (near, far, tls) = (
            Some("127.0.0.1:80"),
            Some("0.0.0.0:80"),
            Some("0.0.0.0:443"),
        );
        check(None, near, None, None);
        check(None, Some("[::1]:80"), None, None);
        check(None, far, None, Some("0.0.0.0:80 scheme=http"));
        check(None, far, tls, Some("0.0.0.0:80 scheme=http https=443"));
        check(None, near, tls, Some("0.0.0.0:443 scheme=https https=443"));
        check(
            Some(true),
            near,
            tls,
            Some("0.0.0.0:443 scheme=https https=443"),
        );
        check(Some(true), near, None, Some("127.0.0.1:80 scheme=http"));
        check(Some(true), None, None, None);
        check(Some(false), far, tls, None);
    }

    #[test]
    fn a_page_is_announced_where_it_is_reached() {
        let of = |http: &str| networks(http.parse().expect("an address"));
        let loopback = MdnsNetwork {
            own: Ipv4Addr::new(127, 3, 2, 1),
            mask: Ipv4Addr::new(255, 0, 0, 0),
        };
        assert_eq!(of("127.3.2.1"), [loopback]);
        assert_eq!(of("::1"), []);
        // Nobody's address.
        assert_eq!(of("192.0.2.77"), []);
        assert!(
            of("0.0.0.0")
                .iter()
                .all(|network| !network.own.is_loopback())
        );
    }
}
