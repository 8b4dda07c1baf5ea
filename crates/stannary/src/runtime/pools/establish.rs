//! The one way to a connection, of any kind.

use std::net::TcpStream;
use std::time::Instant;

use stratum::{Endpoint, Security};
use units::Duration;

use super::dial::{self, Timed};
use super::guard::{Guard, Plain};
use super::noise;

/// Everything together: name, addresses, proxy, handshake. Within what the session waits for
/// it, so that its reason is heard.
const TOTAL: Duration = Duration::from_secs(40);

/// A handshake at one address, before the next one is tried.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection on which the session can speak.
pub(super) struct Established {
    pub(super) stream: TcpStream,
    pub(super) guard: Box<dyn Guard>,
}

/// Connect to `endpoint` and establish what protects it. All addresses are tried in turn; the
/// reason of the last failure is given.
pub(super) fn establish(endpoint: &Endpoint, security: Security) -> Result<Established, String> {
    let until = Instant::now() + TOTAL;
    let mut last = String::new();
    for address in dial::addresses(&endpoint.host, endpoint.port)? {
        let established = dial::dial(address, until).and_then(|stream| {
            let guard: Box<dyn Guard> = match security {
                Security::Plain => Box::new(Plain),
                Security::Noise { authority } => {
                    let mut wire = Timed {
                        stream: &stream,
                        until: until.min(Instant::now() + HANDSHAKE),
                    };
                    let noise = noise::connect(&mut wire, &authority, noise::unix_time());
                    Box::new(noise.map_err(|fault| fault.to_string())?)
                }
            };
            Ok(Established { stream, guard })
        });
        match established {
            Ok(established) => return Ok(established),
            Err(why) => last = why,
        }
    }
    Err(last)
}
