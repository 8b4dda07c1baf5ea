//! Antminer's web interface: `/cgi-bin/NAME.cgi` on the page's own port.
//!
//! Its paths alone carry the maker's challenge; `/` is our page. Where the owner allowed no
//! legacy login they do not exist, but for reading a twin over loopback.

mod chart;
mod read;
mod system;
mod write;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::Value;
use telemetry::{Code, Snapshot};

use super::digest::{Attempt, Nonces};
use super::{Permission, Shared};
use crate::access::rules::{Asker, Door};
use crate::routes::wrong_method;

pub(super) use read::{object, refused};

/// Where all of it is.
const FOLDER: &str = "/cgi-bin/";
/// What changes something.
const WRITES: [&str; 3] = ["set_miner_conf", "blink", "reboot"];

/// What the maker's interface changes and this one does not, and why: whoever has the login is told.
const ABSENT: [(&str, &str); 4] = [
    (
        "set_network_conf",
        "the network is not set through this interface: the machine's system sets it",
    ),
    (
        "passwd",
        "no password is changed through this interface: the owner does it at the page or by `stannary access`",
    ),
    (
        "upgrade",
        "no firmware is installed through this interface: the owner does it on the machine",
    ),
    (
        "reset_conf",
        "settings are not reset through this interface: the owner does it on the machine",
    ),
];

/// One port's legacy web interface.
pub(crate) struct Web {
    shared: Arc<Shared>,
    nonces: Mutex<Nonces>,
    started: Instant,
}

type At = State<Arc<Web>>;

/// Pages that are there.
const PAGES: [&str; 15] = [
    "get_system_info",
    "miner_type",
    "get_network_info",
    "get_miner_conf",
    "get_blink_status",
    "summary",
    "stats",
    "pools",
    "chart",
    "warning",
    "get_miner_status",
    "log",
    "set_miner_conf",
    "blink",
    "reboot",
];

/// True for a path of the legacy interface, which has a login of its own.
pub(crate) fn is_path(path: &str) -> bool {
    is_among(&PAGES, path) || is_absent(path)
}

fn name_of(path: &str) -> Option<&str> {
    path.strip_prefix(FOLDER)?.strip_suffix(".cgi")
}

/// Its paths. Without a source of chance there are none.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    let Ok(key) = shared.gate.core().draw() else {
        return Router::new();
    };
    let web = Arc::new(Web {
        shared,
        nonces: Mutex::new(Nonces::new(key)),
        started: Instant::now(),
    });
    let cgi = |name: &str| format!("{FOLDER}{name}.cgi");
    let read =
        |view: fn(&Web) -> Value| get(move |State(web): At| async move { json(&view(&web)) });
    let shown = |view: fn(&Snapshot) -> Value| {
        get(move |State(web): At| async move { json(&view(&web.shared.snapshot())) })
    };
    let absent = ABSENT
        .into_iter()
        .fold(Router::new(), |router, (name, why)| {
            let code = Code::ApiPath.text();
            let answer = move || async move { write::refused(StatusCode::NOT_FOUND, code, why) };
            router.route(&cgi(name), any(answer))
        });
    absent
        .route(&cgi("get_system_info"), read(system::system_info))
        .route(&cgi("miner_type"), read(system::miner_type))
        .route(&cgi("get_network_info"), read(system::network_info))
        .route(&cgi("get_miner_conf"), read(system::miner_conf))
        .route(&cgi("get_blink_status"), read(system::blink_status))
        .route(&cgi("summary"), shown(read::summary))
        .route(&cgi("stats"), shown(read::stats))
        .route(&cgi("pools"), shown(read::pools))
        .route(
            &cgi("chart"),
            read(|web| chart::chart(&web.shared.published)),
        )
        .route(&cgi("warning"), shown(read::warning))
        .route(&cgi("get_miner_status"), shown(read::miner_status))
        .route(&cgi("log"), get(log))
        .route(&cgi("set_miner_conf"), post(write::set_miner_conf))
        .route(&cgi("blink"), post(write::blink))
        .route(&cgi("reboot"), get(write::reboot).post(write::reboot))
        // Behind the login too: where there is none, no method tells that the path is there.
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&web), enter))
        .with_state(web)
}

fn json(value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, value.to_string()).into_response()
}

async fn log(State(web): At) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (kind, read::log(&web.shared.published)).into_response()
}

/// Who may come in.
async fn enter(State(web): At, request: Request, next: Next) -> Response {
    match web.judge(&request) {
        Entry::Open => next.run(request).await,
        Entry::Nowhere => (StatusCode::NOT_FOUND, "nothing here\n").into_response(),
        Entry::Refused(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        Entry::Login(challenge) => {
            let mut response = (StatusCode::UNAUTHORIZED, "login needed\n").into_response();
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

enum Entry {
    Open,
    Nowhere,
    Refused(&'static str),
    Login(String),
}

impl Web {
    fn judge(&self, request: &Request) -> Entry {
        let allowed = self.shared.allowed();
        let path = request.uri().path();
        let (writes, absent) = (is_among(&WRITES, path), is_absent(path));
        let asker = request.extensions().get::<Asker>();
        let of_twin = asker.is_some_and(|a| a.door == Door::Network { own_twin: true });
        if allowed.permission == Permission::Nothing {
            return Entry::Nowhere;
        }
        if of_twin && !writes && !absent {
            return Entry::Open;
        }
        let Some(credential) = &allowed.credential else {
            return match of_twin {
                true => Entry::Refused("writing needs a legacy login, and there is none"),
                false => Entry::Nowhere,
            };
        };
        // Somebody's browser remembers a login, and sends it wherever a page tells it to.
        if writes && is_browser(request.headers()) {
            return Entry::Refused("this interface takes no changes from browsers");
        }
        let text = |name| {
            request
                .headers()
                .get(name)
                .and_then(|v: &HeaderValue| v.to_str().ok())
        };
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let attempt = text(header::AUTHORIZATION).map(|header| Attempt {
            method: request.method().as_str(),
            target,
            header,
        });
        let now_ms = self
            .started
            .elapsed()
            .as_millis()
            .try_into()
            .unwrap_or(u64::MAX);
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = attempt.is_some_and(|attempt| nonces.admits(now_ms, credential, &attempt));
        match (admitted, writes) {
            (false, _) => Entry::Login(nonces.challenge(now_ms)),
            (true, true) if allowed.permission < Permission::Write => {
                Entry::Refused("writing through this interface is not allowed by the owner")
            }
            (true, _) => Entry::Open,
        }
    }
}

fn is_among(names: &[&str], path: &str) -> bool {
    name_of(path).is_some_and(|name| names.contains(&name))
}

fn is_absent(path: &str) -> bool {
    is_among(&ABSENT.map(|(name, _)| name), path)
}

/// Programs send none of this; browsers always send the first or the last.
fn is_browser(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    headers.contains_key(header::ORIGIN)
        || headers.contains_key(header::REFERER)
        || headers.contains_key("sec-fetch-site")
        || agent.is_some_and(|agent| agent.starts_with(b"Mozilla/"))
}

/// From where a request comes.
fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Asker>()?.address
}
