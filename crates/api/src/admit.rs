//! Whether a request may be answered at all: under which name it came, whose it is, what its path
//! needs, and whether it is a page of somebody else that has a browser send it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use telemetry::Code;

use crate::access::rules::{Asker, Door, Need, Who};
use crate::access::{Scope, Shown};
use crate::gate::Gate;
use crate::legacy;
use crate::refusal::Refusal;

/// The header that carries a session's token.
const CSRF: &str = "x-csrf-token";

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    /// Through the local socket, which its file mode guards.
    Local,
    /// Over TCP.
    Tcp {
        /// Bound to this address.
        bound: Option<SocketAddr>,
        /// With TLS.
        secure: bool,
    },
}

/// A session's cookie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) secure: bool,
}

impl Via {
    /// What a session's cookie is. Browsers do not tell ports apart, and several twins run
    /// on one computer. A name with `__Host-` is taken by them over TLS alone: what plain HTTP
    /// says, or somebody in its place, cannot set it.
    pub(crate) fn cookie(self) -> Option<Cookie> {
        let Via::Tcp { bound, secure } = self else {
            return None;
        };
        let port = bound.map_or(0, |address| address.port());
        let prefix = if secure { "__Host-" } else { "" };
        let name = format!("{prefix}stannary-{port}");
        Some(Cookie { name, secure })
    }

    /// How our own page's address begins.
    fn scheme(self) -> &'static str {
        match self {
            Via::Tcp { secure: true, .. } => "https",
            _ => "http",
        }
    }
}

/// Where a connection comes from, which is nothing of a local socket, and whether it flows.
#[derive(Clone, Debug)]
pub(crate) struct Peer(pub(crate) Option<SocketAddr>, pub(crate) Flow);

/// Whether the other side takes what is written. Clones are of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow(Arc<AtomicBool>);

impl Flow {
    /// What was written last went out, or did not.
    pub(crate) fn is_stuck_at(&self, stuck: bool) {
        self.0.store(stuck, Ordering::Relaxed);
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn of(request: &Request) -> Flow {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        peer.map(|ConnectInfo(peer)| peer.1.clone())
            .unwrap_or_default()
    }
}

/// What a path needs. What does not stand here needs the most, so that a path which is added and
/// forgotten is closed.
fn need(method: &Method, path: &str) -> Need {
    let looks = method == Method::GET || method == Method::HEAD;
    match path {
        "/" | "/page.css" | "/page.js" | "/login.js" => Need::Nothing,
        _ if looks && is_words(path) => Need::Nothing,
        "/api/v1/session" | "/api/v1/claim" | "/api/v1/login" | "/api/v1/logout" => Need::Nothing,
        "/api/v1/status" | "/api/v1/history" | "/api/v1/settings" | "/metrics" => Need::Status,
        // Its log needs more, and is left out of what whoever may not read it gets.
        "/api/v1/stream" => Need::Status,
        "/api/v1/log" | "/api/v1/openapi.json" => Need::Scope(Scope::Read),
        "/api/v1/https" | "/api/v1/network" => Need::Scope(Scope::Read),
        // The least that a command needs; the others ask for more once they are read.
        "/api/v1/command" => Need::Locate,
        "/api/v1/pools" | "/api/v1/pools/test" | "/api/v1/restart" if !looks => {
            Need::Scope(Scope::Operate)
        }
        // It holds the configuration and who changed what.
        "/api/v1/support" => Need::Scope(Scope::Admin),
        _ => Need::Scope(Scope::Admin),
    }
}

/// The page's file of one language: a refused login is read in it as well.
fn is_words(path: &str) -> bool {
    let language = path
        .strip_prefix("/miner-words.")
        .and_then(|rest| rest.strip_suffix(".json"));
    language.is_some_and(|name| {
        (2..=3).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// Whose request this is, if it may be answered. Paths of old clients have a login and rules of their
/// own, which come behind this.
pub(crate) fn admit(
    gate: &Gate,
    via: Via,
    emulated: bool,
    request: &Request,
) -> Result<Asker, Refusal> {
    let headers = request.headers();
    if matches!(via, Via::Tcp { .. }) {
        under_our_name(gate, request)?;
    }
    if legacy::is_path(request.uri().path()) {
        return Ok(nobody(via, emulated, request));
    }
    let asker = asker(gate, via, emulated, request)?;
    gate.allows(&asker, need(request.method(), request.uri().path()))?;
    if !request.method().is_safe() {
        from_a_program_or_our_page(via, request.method(), headers)?;
        with_the_sessions_token(gate, &asker, headers)?;
    }
    Ok(asker)
}

/// What a request showed, for an answer that goes on: a session may end meanwhile.
#[derive(Debug)]
pub(crate) struct Pass {
    asker: Asker,
    bearer: Option<String>,
    cookie: Option<String>,
}

impl Pass {
    pub(crate) fn of(via: Via, asker: Asker, headers: &HeaderMap) -> Pass {
        let cookie = via.cookie();
        let cookie = cookie.as_ref().and_then(|own| value(headers, &own.name));
        Pass {
            asker,
            bearer: bearer(headers).map(str::to_owned),
            cookie: cookie.map(str::to_owned),
        }
    }

    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Whoever it was is still known, and may still have this. Counts as use.
    pub(crate) fn holds(&self, gate: &Gate, need: Need) -> Result<(), Refusal> {
        if self.asker.door != Door::Local {
            let shown = Shown {
                bearer: self.bearer.as_deref(),
                cookie: self.cookie.as_deref(),
            };
            let (now, unix_s) = (gate.core().now(), gate.core().unix_s());
            let who = gate.access().who(now, unix_s, shown);
            if who.as_ref() != Ok(&self.asker.who) {
                let detail = "the login under which this began has ended";
                return Err(Refusal::access(Code::AccessLogin, detail));
            }
        }
        gate.allows(&self.asker, need)
    }
}

/// A browser that was led here by a foreign name shows it in the Host header.
pub(crate) fn under_our_name(gate: &Gate, request: &Request) -> Result<(), Refusal> {
    let host = text(request.headers(), header::HOST).unwrap_or_default();
    let in_uri = request.uri().authority().map(|a| a.as_str());
    let access = gate.access();
    if access.is_our_name(host) && in_uri.is_none_or(|name| access.is_our_name(name)) {
        return Ok(());
    }
    let detail = "the Host header names no address of this machine";
    Err(Refusal::new(StatusCode::FORBIDDEN, Code::ApiHost, detail))
}

fn asker(gate: &Gate, via: Via, emulated: bool, request: &Request) -> Result<Asker, Refusal> {
    let Via::Tcp { .. } = via else {
        return Ok(Asker {
            door: Door::Local,
            who: Who::Local,
            address: None,
        });
    };
    let headers = request.headers();
    let cookie = via.cookie();
    let cookie = cookie.as_ref().and_then(|own| value(headers, &own.name));
    let bearer = bearer(headers);
    let shown = Shown { bearer, cookie };
    let who = gate
        .access()
        .who(gate.core().now(), gate.core().unix_s(), shown);
    let who = who.map_err(|_| {
        let detail = "no token of this machine is the one that was sent";
        Refusal::access(Code::AccessToken, detail)
    })?;
    Ok(Asker {
        who,
        ..nobody(via, emulated, request)
    })
}

/// From where a request comes, whoever sent it.
fn nobody(via: Via, emulated: bool, request: &Request) -> Asker {
    if matches!(via, Via::Local) {
        return Asker {
            door: Door::Local,
            who: Who::Local,
            address: None,
        };
    }
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let address = peer.and_then(|ConnectInfo(peer)| peer.0);
    // One that cannot be told is from nowhere near.
    let address = address.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
    let headers = request.headers();
    // What a proxy on this computer passes on is somebody else's.
    let passed_on = ["forwarded", "x-forwarded-for"];
    let passed_on = passed_on.iter().any(|name| headers.contains_key(*name));
    Asker {
        door: Door::Network {
            own_twin: emulated && address.is_loopback() && !passed_on,
        },
        who: Who::Nobody,
        address: Some(address),
    }
}

/// The token that a program sends. Other schemes are other interfaces'.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of the cookie with this name.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(header::COOKIE).into_iter();
    let pairs = sent
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    values.next()
}

/// Browsers send a foreign page's plain form without asking. They ask first, and get no
/// leave, for a JSON body and for methods that no form has; and they name the page's origin.
fn from_a_program_or_our_page(
    via: Via,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let is_json = kind.split(';').next().map(str::trim) == Some("application/json");
    if method == Method::POST && !is_json {
        let detail = "the content type must be `application/json`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(status, Code::ApiRequest, detail));
    }
    let host = text(headers, header::HOST).unwrap_or_default();
    let own = format!("{}://{host}", via.scheme());
    let origin = text(headers, header::ORIGIN);
    let site = text(headers, HeaderName::from_static("sec-fetch-site"));
    let ours = origin.is_none_or(|origin| origin == own)
        && site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    if ours {
        return Ok(());
    }
    let detail = "a page of another origin cannot give commands";
    let status = StatusCode::FORBIDDEN;
    Err(Refusal::new(status, Code::ApiForbidden, detail))
}

/// A browser adds the cookie to whatever any page sends; only our own page knows this.
fn with_the_sessions_token(gate: &Gate, asker: &Asker, headers: &HeaderMap) -> Result<(), Refusal> {
    let Who::Session(session) = asker.who else {
        return Ok(());
    };
    let sent = text(headers, HeaderName::from_static(CSRF)).unwrap_or_default();
    if gate.access().is_csrf(session, sent) {
        return Ok(());
    }
    let detail = "`X-CSRF-Token` is missing or not the session's";
    Err(Refusal::access(Code::AccessCsrf, detail))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let value: &HeaderValue = headers.get(name)?;
    // What is there and cannot be read is not absent.
    Some(value.to_str().unwrap_or("\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_told_apart() {
        let mut headers = HeaderMap::new();
        let mut add = |text: &'static str| {
            headers.append(header::COOKIE, HeaderValue::from_static(text));
        };
        add("a=1; stannary-8080=x; stannary-80=y");
        add("stannary-443=z=;");
        let check = |name: &str, expected| assert_eq!(value(&headers, name), expected, "{name}");
        check("stannary-80", Some("y"));
        check("stannary-8080", Some("x"));
        check("stannary-443", Some("z="));
        check("stannary-8", None);
    }

    #[test]
    fn a_path_that_is_not_named_needs_the_most() {
        let check = |path, expected| assert_eq!(need(&Method::GET, path), expected, "{path}");
        check("/api/v1/anything", Need::Scope(Scope::Admin));
        check("/cgi-bin/luci", Need::Scope(Scope::Admin));
        check("/api/v1/status/", Need::Scope(Scope::Admin));
        check("//", Need::Scope(Scope::Admin));
    }

    #[test]
    fn a_language_of_the_page_is_open_to_all_and_nothing_like_it() {
        let open = |method, path| need(&method, path) == Need::Nothing;
        assert!(open(Method::GET, "/miner-words.es.json"));
        assert!(open(Method::HEAD, "/miner-words.zh.json"));
        assert!(!open(Method::POST, "/miner-words.es.json"));
        for path in [
            "/miner-words.json",
            "/miner-words..json",
            "/miner-words.es",
            "/miner-words.es.json/",
            "/miner-words.es/../api/v1/tokens.json",
            "/miner-words.spanish.json",
            "/miner-words.ES.json",
        ] {
            assert!(!open(Method::GET, path), "{path}");
        }
    }
}
