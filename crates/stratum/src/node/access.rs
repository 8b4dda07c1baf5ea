//! How a node is reached, and what proves that we may.

use std::fmt;

use crate::endpoint::{Endpoint, EndpointError};

/// Where a node's interface listens, and the login for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// What it wants to see first.
    pub login: Login,
}

/// What a node wants to see before it answers. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Nothing.
    None,
    /// User and password.
    Basic {
        /// Before the first colon.
        user: String,
        /// The rest of it.
        password: String,
    },
    /// The path of the file in which the node writes a new password at each start.
    Cookie(String),
}

impl Access {
    /// The node writes its login anew at each start.
    pub(crate) fn has_cookie(&self) -> bool {
        matches!(self.login, Login::Cookie(_))
    }

    /// Empty where the address has none.
    pub(crate) fn password(&self) -> &str {
        match &self.login {
            Login::Basic { password, .. } => password,
            Login::None | Login::Cookie(_) => "",
        }
    }

    /// The address with user and password, as a configuration has it. For that file alone.
    pub fn with_login(&self) -> String {
        match &self.login {
            Login::Basic { user, password } => {
                format!("node+http://{user}:{password}@{}", self.endpoint)
            }
            Login::None | Login::Cookie(_) => format!("node+http://{}", self.endpoint),
        }
    }

    /// Read `user:password@host:port` or `host:port`. The last `@` divides, since a
    /// password may hold one and a host cannot; nothing is unescaped.
    ///
    /// An address that cannot be read is never quoted: where it is cut short, what looks
    /// like a host is the password.
    pub(crate) fn parse(rest: &str) -> Result<Access, EndpointError> {
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let endpoint = Endpoint::parse(place).map_err(|_| EndpointError::Node)?;
        let login = match login {
            None => Login::None,
            Some(login) => match login.split_once(':') {
                Some((user, password)) if !user.is_empty() => Login::Basic {
                    user: user.to_owned(),
                    password: password.to_owned(),
                },
                _ => return Err(EndpointError::Node),
            },
        };
        // They travel in one header.
        match rest.chars().any(char::is_control) {
            true => Err(EndpointError::Node),
            false => Ok(Access { endpoint, login }),
        }
    }
}

/// Shows the kind alone.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::None => "None",
            Login::Basic { .. } => "Basic(…)",
            Login::Cookie(_) => "Cookie(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_at_the_last_at_and_the_first_colon() {
        let check = |text: &str, user: &str, password: &str, place: &str| {
            let access = Access::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let login = Login::Basic {
                user: user.into(),
                password: password.into(),
            };
            assert_eq!(access.login, login, "{text}");
            assert_eq!(access.endpoint.to_string(), place, "{text}");
        };
        check("u:p@h:8332", "u", "p", "h:8332");
        check("u:p@ss:w/rd@[::1]:8332/", "u", "p@ss:w/rd", "[::1]:8332");
        check("u:@h:8332", "u", "", "h:8332");
        assert_eq!(Access::parse("h:1").map(|a| a.login), Ok(Login::None));
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        for text in [
            "user:s3cret",
            "user:s3cret@",
            "user:s3cret@h",
            "s3cret@h:1",
            ":s3cret@h:1",
            "u:s3cret@h:1/x",
            "u:s3cret\r\nx@h:1",
            "",
        ] {
            let error = Access::parse(text).expect_err(text);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{text}");
        }
        let access = Access::parse("u:s3cret@h:1").expect("an address");
        assert!(!format!("{access:?}").contains("s3cret"));
    }
}
