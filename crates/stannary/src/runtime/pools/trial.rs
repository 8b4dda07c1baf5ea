//! One connection to a pool that is in no list yet: how far it comes.
//!
//! The way is the one that every connection goes ([`establish`]), and what is spoken on it is the
//! client that mines. It ends once the pool took the login, before any work is done.

use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use api::{PoolRefused, Reached, Tried};
use engine::PoolConfig;
use stratum::{Address, Client, Effect, Input, SessionConfig};
use telemetry::{Code, Severity};
use units::{Duration, PoolIndex};

use super::establish::{self, Established, Failed, Wanted};
use super::guard::{READ_BYTES, Received};
use crate::runtime::clock::Clock;
use crate::runtime::node::try_node;
use crate::runtime::wall::Wall;

/// From the connection to the login's answer. Policy: slow pools answer within two seconds, and a
/// person waits for this.
const TALK: Duration = Duration::from_secs(10);
/// How often the client's own deadlines are looked at.
const TICK: Duration = Duration::from_millis(200);
/// BIP320's bits, as for every pool.
const VERSION_MASK: u32 = 0x1fff_e000;

/// Try this pool. Takes at most what a connection may, and [`TALK`].
pub(crate) fn try_pool(pool: PoolConfig, agent: &str, wall: &Wall) -> Tried {
    let wanted = Wanted {
        endpoint: pool.address.endpoint().clone(),
        security: pool.address.security(),
        route: pool.route.clone(),
    };
    let established = match establish::establish(&wanted, wall) {
        Ok(established) => established,
        Err(Failed { code, why }) => {
            let reached = match code {
                Code::PoolConnect | Code::PoolProxy => Reached::Nothing,
                _ => Reached::Connected,
            };
            return ended(reached, code, why);
        }
    };
    if let Address::Node(access) = pool.address {
        // It speaks in questions, each on a connection of its own.
        return try_node(access, &pool.user);
    }
    let client = Client::new(SessionConfig {
        pool: PoolIndex(0),
        address: pool.address,
        user: pool.user,
        password: pool.password,
        agent: agent.to_owned(),
        difficulty_one: pool.difficulty_one,
        version_mask: VERSION_MASK,
        min_version_bits: 0,
        seed: 0,
        nominal_hashrate: 1e12,
        wanted_difficulty: None,
    });
    Trial {
        client,
        established,
        clock: Clock::start(),
        why: None,
    }
    .run()
}

fn ended(reached: Reached, code: Code, detail: impl Into<String>) -> Tried {
    let detail = detail.into();
    Tried {
        reached,
        why: Some(PoolRefused { code, detail }),
        seen: None,
    }
}

struct Trial {
    client: Client,
    established: Established,
    clock: Clock,
    /// The last complaint.
    why: Option<PoolRefused>,
}

/// It is over, and whether the pool took us.
struct Over(bool);

impl Trial {
    fn run(mut self) -> Tried {
        let until = Instant::now() + TALK;
        let over = self.talk(until);
        match over {
            Over(true) => Tried {
                reached: Reached::Authorized,
                why: None,
                seen: None,
            },
            Over(false) => {
                let silent = || PoolRefused {
                    code: Code::PoolSilent,
                    detail: format!("it did not take the login within {} s", TALK.as_secs()),
                };
                Tried {
                    reached: Reached::Protected,
                    why: Some(self.why.unwrap_or_else(silent)),
                    seen: None,
                }
            }
        }
    }

    fn talk(&mut self, until: Instant) -> Over {
        for input in [Input::Start, Input::Connected] {
            if let Err(over) = self.give(input) {
                return over;
            }
        }
        let mut buffer = vec![0; READ_BYTES];
        // What came with the end of the handshake.
        let mut step = self.take(&[]);
        while Instant::now() < until {
            if let Err(over) = step {
                return over;
            }
            step = self.turn(&mut buffer);
        }
        Over(false)
    }

    /// Wait for bytes, or for the client's next deadline.
    fn turn(&mut self, buffer: &mut [u8]) -> Result<(), Over> {
        let wait = self.established.stream.set_read_timeout(Some(TICK));
        let read = wait.and_then(|()| self.established.stream.read(buffer));
        match read {
            Ok(0) => self.give(Input::Closed("it closed the connection".to_owned())),
            Ok(n) => self.take(&buffer[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let due = self.client.next_deadline();
                match due.is_some_and(|due| due <= self.clock.now()) {
                    true => self.give(Input::Wake),
                    false => Ok(()),
                }
            }
            Err(error) => self.give(Input::Closed(error.to_string())),
        }
    }

    /// Bytes came off the wire.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let (mut plain, mut wire) = (Vec::new(), Vec::new());
        let received = self.established.guard.receive(bytes, &mut plain, &mut wire);
        self.write(&wire)?;
        if !plain.is_empty() {
            self.give(Input::Bytes(plain))?;
        }
        match received {
            Ok(Received::More) => Ok(()),
            Ok(Received::Ended) => self.give(Input::Closed("it ended the connection".to_owned())),
            Err(why) => self.give(Input::Closed(why)),
        }
    }

    /// An input, and all that the client does about it.
    fn give(&mut self, input: Input) -> Result<(), Over> {
        let closed = matches!(input, Input::Closed(_));
        self.client.handle(self.clock.now(), input);
        let mut end = closed;
        while let Some(effect) = self.client.next_effect() {
            match effect {
                // The one that stands already.
                Effect::Connect { .. } if !closed => {}
                Effect::Send(bytes) => {
                    let mut wire = Vec::new();
                    if let Err(detail) = self.established.guard.send(&bytes, &mut wire) {
                        let code = Code::PoolTls;
                        self.why = Some(PoolRefused { code, detail });
                        return Err(Over(false));
                    }
                    self.write(&wire)?;
                }
                Effect::Session(_) | Effect::Job(_) => return Err(Over(true)),
                Effect::Note(note) if note.severity() != Severity::Info => {
                    let (code, detail) = (note.code, note.detail);
                    self.why = Some(PoolRefused { code, detail });
                }
                Effect::Disconnect => end = true,
                _ => {}
            }
        }
        match end {
            true => Err(Over(false)),
            false => Ok(()),
        }
    }

    fn write(&mut self, wire: &[u8]) -> Result<(), Over> {
        let timeout = self.established.stream.set_write_timeout(Some(TALK));
        let written = timeout.and_then(|()| self.established.stream.write_all(wire));
        written.map_err(|error| {
            let (code, detail) = (Code::PoolClosed, format!("cannot send: {error}"));
            self.why = Some(PoolRefused { code, detail });
            Over(false)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// What a test of a pool that answers with these lines finds, to each of its lines one.
    fn check(answers: &'static [&'static str], user: &str, reached: Reached, code: Option<&str>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = listener.local_addr().expect("bound");
        let pool = thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            let mut buffer = [0; 4096];
            for answer in answers {
                let Ok(1..) = stream.read(&mut buffer) else {
                    return;
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let tried = at_address(&format!("stratum+tcp://{at}"), user);
        assert_eq!(tried.reached, reached, "{answers:?} {tried:?}");
        let found = tried.why.as_ref().map(|why| why.code.text());
        assert_eq!(found, code, "{answers:?} {tried:?}");
        pool.join().expect("no panic");
    }

    fn at_address(url: &str, user: &str) -> Tried {
        let address = Address::parse(url).expect("an address");
        try_pool(
            PoolConfig::new(address, user, "x"),
            "stannary/test",
            &Wall::new(),
        )
    }

    #[test]
    fn nobody_is_there() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = free.local_addr().expect("bound");
        drop(free);
        let tried = at_address(&format!("stratum+tcp://{at}"), "a");
        assert_eq!(tried.reached, Reached::Nothing);
        let tried = at_address("stratum+tcp://nowhere.invalid:3333", "a");
        let why = tried.why.expect("no such name");
        assert_eq!(
            (tried.reached, why.code),
            (Reached::Nothing, Code::PoolConnect)
        );
        assert!(why.detail.contains("nowhere.invalid"), "{}", why.detail);
    }

    #[test]
    fn somebody_is_there_who_speaks_something_else() {
        check(&[], "a", Reached::Protected, Some("E-POOL-CLOSED"));
        let http = &["HTTP/1.1 400 Bad Request\r\n\r\n"];
        check(http, "a", Reached::Protected, Some("E-POOL-CLOSED"));
    }
}
