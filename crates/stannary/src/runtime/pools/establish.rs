//! The one way to a connection, of any kind.

use std::net::TcpStream;
use std::time::Instant;

use stratum::{Endpoint, Route, Security, Trust};
use telemetry::Code;
use units::Duration;

use super::dial::{self, Timed};
use super::guard::{Guard, Plain};
use super::{noise, socks, tls};
use crate::runtime::wall::Wall;

/// Everything together: clock, name, addresses, proxy, handshake. Within what the session waits
/// for it (45 s), so that its reason is heard.
const TOTAL: Duration = Duration::from_secs(40);
/// Proxy and handshake at one address, before the next one is tried.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the time to be known, where it is needed: time servers answer within it once the network
/// is up, and the session asks again soon.
const CLOCK: Duration = Duration::from_secs(15);

/// A connection on which the session can speak.
pub(in crate::runtime) struct Established {
    pub(in crate::runtime) stream: TcpStream,
    pub(in crate::runtime) guard: Box<dyn Guard>,
}

/// Why there is no connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::runtime) struct Failed {
    /// [`Code::PoolConnect`]: nobody is there.
    pub(in crate::runtime) code: Code,
    pub(in crate::runtime) why: String,
}

impl Failed {
    pub(super) fn new(code: Code, why: impl Into<String>) -> Self {
        Failed {
            code,
            why: why.into(),
        }
    }
}

impl From<noise::Fault> for Failed {
    fn from(fault: noise::Fault) -> Self {
        let code = match &fault {
            noise::Fault::Key(_) => Code::PoolCertificate,
            noise::Fault::Clock(_) => Code::PoolClock,
            noise::Fault::Handshake(_) => Code::PoolConnect,
        };
        Failed::new(code, fault.to_string())
    }
}

/// What is asked for.
pub(in crate::runtime) struct Wanted {
    pub(in crate::runtime) endpoint: Endpoint,
    pub(in crate::runtime) security: Security,
    pub(in crate::runtime) route: Route,
}

/// Connect and establish what protects the connection. All addresses are tried in turn. The
/// reason given is that of the last one at which somebody answered, else of the last.
pub(in crate::runtime) fn establish(wanted: &Wanted, wall: &Wall) -> Result<Established, Failed> {
    let until = Instant::now() + TOTAL;
    if needs_time(wanted) && wall.known_until(Instant::now() + CLOCK).is_none() {
        let why = "the time is not known yet";
        return Err(Failed::new(Code::PoolClock, why));
    }
    let first = match &wanted.route.proxy {
        Some(proxy) => &proxy.endpoint,
        None => &wanted.endpoint,
    };
    let nobody = match wanted.route.proxy {
        Some(_) => Code::PoolProxy,
        None => Code::PoolConnect,
    };
    let found = dial::addresses(&first.host, first.port);
    let addresses = found.map_err(|why| Failed::new(nobody, why))?;
    let mut last: Option<Failed> = None;
    for address in addresses {
        let stream = match dial::dial(address, until) {
            Ok(stream) => stream,
            Err(why) => {
                let answered = last.take().filter(|last| last.code != nobody);
                last = Some(answered.unwrap_or_else(|| Failed::new(nobody, why)));
                continue;
            }
        };
        let handshake = until.min(Instant::now() + HANDSHAKE);
        match protect(&stream, wanted, wall, handshake) {
            Ok(guard) => return Ok(Established { stream, guard }),
            Err(failed) => last = Some(failed),
        }
    }
    Err(last.unwrap_or_else(|| Failed::new(nobody, "has no address")))
}

/// Whether who is there can be told only by whoever knows the time.
fn needs_time(wanted: &Wanted) -> bool {
    match wanted.security {
        Security::Plain => false,
        Security::Tls => !matches!(wanted.route.trust, Trust::Key(_)),
        Security::Noise { .. } => true,
    }
}

/// What has to stand above TCP: the proxy's way, then the protection.
fn protect(
    stream: &TcpStream,
    wanted: &Wanted,
    wall: &Wall,
    until: Instant,
) -> Result<Box<dyn Guard>, Failed> {
    let mut wire = Timed { stream, until };
    if let Some(proxy) = &wanted.route.proxy {
        socks::connect(&mut wire, proxy, &wanted.endpoint)
            .map_err(|why| Failed::new(Code::PoolProxy, format!("{proxy} {why}")))?;
    }
    Ok(match wanted.security {
        Security::Plain => Box::new(Plain),
        Security::Tls => {
            let host = &wanted.endpoint.host;
            let tls = tls::connect(&mut wire, host, &wanted.route.trust, wall)?;
            Box::new(tls)
        }
        Security::Noise { authority } => {
            let now_unix_s = u32::try_from(wall.time().unix.as_secs()).unwrap_or(u32::MAX);
            Box::new(noise::connect(&mut wire, &authority, now_unix_s)?)
        }
    })
}
