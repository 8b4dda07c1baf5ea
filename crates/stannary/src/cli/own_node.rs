//! What a `[[pool]]` that is one's own node says, beyond its address.

use board_support::strict::Section;
use stratum::Address;
use stratum::node::{Login, Payout};

/// Longest path of a cookie file.
const PATH_MAX: usize = 512;

/// The address with its cookie, if it is a node's; `None` after a fault.
pub(super) fn read(
    s: &mut Section<'_>,
    address: Option<Address>,
    user: Option<&str>,
) -> Option<Address> {
    let cookie = match s.has("cookie") {
        true => Some(s.text("cookie", PATH_MAX)),
        false => None,
    };
    let mut access = match address? {
        Address::Node(access) => access,
        other => {
            if cookie.is_some() {
                let message = "is for a node: this is a pool";
                s.refuse(
                    "cookie",
                    message,
                    "remove it, or write `node+http://host:port`",
                );
            }
            return Some(other);
        }
    };
    let mut well = true;
    if let Some(path) = cookie {
        let path = path?;
        if access.login != Login::None {
            let message = "stands beside a user and a password in `url`";
            s.refuse("cookie", message, "remove one of the two");
            well = false;
        }
        if !path.starts_with('/') {
            let message = "must be the absolute path of a file";
            s.refuse("cookie", message, "begin it with `/`");
            well = false;
        }
        access.login = Login::Cookie(path);
    }
    if s.has("password") {
        let message = "is a pool's: a node's stands in `url`";
        s.refuse(
            "password",
            message,
            "write `node+http://user:password@host:port`",
        );
        well = false;
    }
    if s.has("proxy") {
        let message = "is a pool's: a node is near, or behind a tunnel of its owner's";
        s.refuse("proxy", message, "remove it");
        well = false;
    }
    if s.has("difficulty_one") {
        let message = "is a pool's: a node's targets are its network's";
        s.refuse("difficulty_one", message, "remove it");
        well = false;
    }
    if let Err(error) = Payout::parse(user?) {
        let remedy = "give the address that blocks shall pay, of the node's chain";
        s.refuse("user", &error.to_string(), remedy);
        well = false;
    }
    well.then_some(Address::Node(access))
}
