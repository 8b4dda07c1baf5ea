//! Who may do what: the whole of it in one function.

use std::fmt;
use std::net::IpAddr;

use telemetry::Code;

use super::tokens::Scope;

/// How a request came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    /// Through the local socket, which its file mode guards.
    Local,
    /// Over the network, loopback too.
    Network {
        /// From this computer to a twin, which harms nobody.
        own_twin: bool,
    },
}

/// Who a request is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    /// Whoever can open the local socket.
    Local,
    /// The owner, in a browser.
    Session(u64),
    /// A program.
    Token(String, Scope),
    /// An old client, through the interface of this name, which has rules of its own.
    Legacy(&'static str),
    /// Whoever the owner's MQTT broker lets order, where the owner allowed it.
    Broker,
    Nobody,
}

impl Who {
    /// The most that it may.
    pub(crate) fn scope(&self) -> Option<Scope> {
        match self {
            Who::Local | Who::Session(_) => Some(Scope::Admin),
            Who::Token(_, scope) => Some(*scope),
            Who::Legacy(_) | Who::Broker | Who::Nobody => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Local => f.write_str("local socket"),
            Who::Session(number) => write!(f, "session {number}"),
            Who::Token(name, _) => write!(f, "token {name}"),
            Who::Legacy(name) => write!(f, "legacy {name}"),
            Who::Broker => f.write_str("mqtt"),
            Who::Nobody => f.write_str("nobody"),
        }
    }
}

/// Who asks, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asker {
    pub(crate) door: Door,
    pub(crate) who: Who,
    /// `None`: through the local socket.
    pub(crate) address: Option<IpAddr>,
}

/// Whose the machine is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Nobody has set a password.
    Unclaimed,
    Claimed {
        /// Its owner lets everybody see `status` and `metrics`.
        status_open: bool,
    },
    /// What is kept cannot be read: nobody can be told from anybody.
    Broken,
}

/// What a path needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// The page's files and what a login begins with: nothing.
    Nothing,
    /// To let the lights blink.
    Locate,
    /// To see `status` or `metrics`.
    Status,
    /// A scope.
    Scope(Scope),
}

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Denied {
    Unclaimed,
    Broken,
    Login,
    Scope(Scope),
}

impl Denied {
    pub(crate) fn code(self) -> Code {
        match self {
            Denied::Unclaimed => Code::AccessUnclaimed,
            Denied::Broken => Code::AccessFile,
            Denied::Login => Code::AccessLogin,
            Denied::Scope(_) => Code::AccessScope,
        }
    }
}

/// Whether this may be answered.
pub(crate) fn decide(asker: &Asker, standing: Standing, need: Need) -> Result<(), Denied> {
    match (asker.door, need) {
        (Door::Local, _) | (_, Need::Nothing) => return Ok(()),
        (Door::Network { own_twin: true }, Need::Status | Need::Scope(Scope::Read)) => {
            return Ok(());
        }
        // Until somebody says whose it is.
        (Door::Network { own_twin: true }, Need::Scope(Scope::Operate))
            if standing == Standing::Unclaimed =>
        {
            return Ok(());
        }
        _ => {}
    }
    let wanted = match (standing, need) {
        (Standing::Broken, _) => return Err(Denied::Broken),
        (Standing::Unclaimed, Need::Locate) => return Ok(()),
        (Standing::Unclaimed, _) => return Err(Denied::Unclaimed),
        (Standing::Claimed { status_open: true }, Need::Status) => return Ok(()),
        (Standing::Claimed { .. }, Need::Nothing | Need::Status) => Scope::Read,
        (Standing::Claimed { .. }, Need::Locate) => Scope::Operate,
        (Standing::Claimed { .. }, Need::Scope(scope)) => scope,
    };
    match asker.who.scope() {
        None => Err(Denied::Login),
        Some(scope) if scope >= wanted => Ok(()),
        Some(_) => Err(Denied::Scope(wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: [Need; 6] = [
        Need::Nothing,
        Need::Locate,
        Need::Status,
        Need::Scope(Scope::Read),
        Need::Scope(Scope::Operate),
        Need::Scope(Scope::Admin),
    ];
    const UNCLAIMED: Standing = Standing::Unclaimed;
    const CLOSED: Standing = Standing::Claimed { status_open: false };
    const OPEN: Standing = Standing::Claimed { status_open: true };

    /// For each need in turn: `y`, or the first letter of why not.
    fn check(door: Door, who: Who, standing: Standing, expected: &str) {
        let address = (door != Door::Local).then(|| IpAddr::from([10, 0, 0, 1]));
        let asker = Asker { door, who, address };
        let found: String = NEEDS
            .iter()
            .map(|need| match decide(&asker, standing, *need) {
                Ok(()) => 'y',
                Err(Denied::Unclaimed) => 'u',
                Err(Denied::Broken) => 'b',
                Err(Denied::Login) => 'l',
                Err(Denied::Scope(_)) => 's',
            })
            .collect();
        assert_eq!(found, expected, "{asker:?} {standing:?}");
    }

    fn token(scope: Scope) -> Who {
        Who::Token("t".into(), scope)
    }

    #[test]
    fn the_table_of_who_may_what() {
        let network = Door::Network { own_twin: false };
        let twin = Door::Network { own_twin: true };
        // Nothing, locate, status, read, operate, admin.
        for standing in [UNCLAIMED, CLOSED, OPEN, Standing::Broken] {
            check(Door::Local, Who::Local, standing, "yyyyyy");
        }
        check(network, Who::Nobody, UNCLAIMED, "yyuuuu");
        check(network, Who::Nobody, CLOSED, "ylllll");
        check(network, Who::Nobody, OPEN, "ylylll");
        check(network, Who::Nobody, Standing::Broken, "ybbbbb");
        check(twin, Who::Nobody, UNCLAIMED, "yyyyyu");
        check(twin, Who::Nobody, CLOSED, "ylyyll");
        check(twin, Who::Nobody, Standing::Broken, "ybyybb");
        check(network, token(Scope::Read), CLOSED, "ysyyss");
        check(network, token(Scope::Operate), CLOSED, "yyyyys");
        check(network, token(Scope::Admin), CLOSED, "yyyyyy");
        check(network, Who::Session(1), CLOSED, "yyyyyy");
        // Were one still known, it would be worth nothing.
        check(network, Who::Session(1), UNCLAIMED, "yyuuuu");
        check(network, token(Scope::Admin), Standing::Broken, "ybbbbb");
    }
}
