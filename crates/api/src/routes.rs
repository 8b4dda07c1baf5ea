//! Paths and what they answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::{Code, Order, OrderRefused, Snapshot};

use crate::pools::{PoolOrder, PoolRefused};
use crate::published::Published;
use crate::refusal::Refusal;
use crate::server::Takers;
use crate::{metrics, page};

/// Longest request body: a command is a few dozen bytes.
const BODY_MAX: usize = 4096;

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    /// Through the local socket, which its file mode guards.
    Local,
    /// Over TCP, bound to this address.
    Tcp(Option<SocketAddr>),
}

struct Context {
    published: Published,
    takers: Takers,
    via: Via,
}

type Shared = State<Arc<Context>>;

pub(crate) fn router(published: Published, takers: Takers, via: Via) -> Router {
    let context = Arc::new(Context {
        published,
        takers,
        via,
    });
    Router::new()
        .route("/", get(|| async { page::html() }))
        .route("/page.css", get(|| async { page::css() }))
        .route("/page.js", get(|| async { page::js() }))
        .route("/metrics", get(prometheus))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/status", get(status))
        .route("/api/v1/log", get(log))
        .route("/api/v1/command", post(command))
        .route("/api/v1/pools", post(pools))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&context), guard))
        .with_state(context)
}

/// Every request passes here first, every answer last.
async fn guard(State(context): Shared, request: Request, next: Next) -> Response {
    let mut response = match foreign_name(context.via, &request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A browser that was led here by a foreign name shows it in the Host header. Names of
/// this machine are `localhost`, loopback addresses and the address that is listened on.
fn foreign_name(via: Via, request: &Request) -> Option<Refusal> {
    let Via::Tcp(bound) = via else {
        return None;
    };
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|h| h.to_str().ok()).unwrap_or_default();
    let in_uri = request.uri().authority().map(|a| a.as_str());
    let ours = is_our_name(host, bound) && in_uri.is_none_or(|a| is_our_name(a, bound));
    (!ours).then(|| {
        let detail = "the Host header names no address of this machine";
        Refusal::new(StatusCode::FORBIDDEN, Code::ApiHost, detail)
    })
}

fn is_our_name(host: &str, bound: Option<SocketAddr>) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    match name.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || bound.is_some_and(|b| b.ip() == ip),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[derive(Deserialize)]
struct StatusQuery {
    #[serde(default)]
    chips: u8,
}

async fn status(
    State(context): Shared,
    query: Result<Query<StatusQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Snapshot>, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let mut snapshot = Snapshot::clone(&context.published.snapshot());
    for chain in &mut snapshot.chains {
        if query.chips == 0 {
            chain.chips = None;
        } else {
            // Asked for and not there is an empty list, not an absent key.
            chain.chips.get_or_insert_default();
        }
    }
    Ok(Json(snapshot))
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: u64,
}

async fn log(
    State(context): Shared,
    query: Result<Query<LogQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let (notes, last) = context.published.notes_after(query.after);
    let shown: Vec<_> = notes
        .iter()
        .map(|note| {
            let mut shown = json!(note);
            shown["severity"] = json!(note.severity());
            shown["meaning"] = json!(note.code.meaning());
            shown["remedy"] = json!(note.code.remedy());
            shown
        })
        .collect();
    Ok(Json(json!({ "last": last, "notes": shown })))
}

async fn command(
    State(context): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    may_order(&context, &headers)?;
    let order: Order = serde_json::from_slice(&body).map_err(|e| bad_request(e.to_string()))?;
    let now = context.published.snapshot();
    let command = order.check(now.settings.as_ref()).map_err(no_command)?;
    if !(context.takers.commands)(command) {
        let detail = "the command was not taken";
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::ApiBusy,
            detail,
        ));
    }
    Ok((StatusCode::ACCEPTED, Json(command)).into_response())
}

/// Whoever asks may change something here.
fn may_order(context: &Context, headers: &HeaderMap) -> Result<(), Refusal> {
    from_a_program_or_our_page(headers)?;
    if matches!(context.via, Via::Tcp(_)) && !context.published.snapshot().machine.emulated {
        let detail = "a real machine takes commands only over its local socket";
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            Code::ApiForbidden,
            detail,
        ));
    }
    Ok(())
}

async fn pools(
    State(context): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    may_order(&context, &headers)?;
    let order: PoolOrder = serde_json::from_slice(&body).map_err(|e| bad_request(e.to_string()))?;
    let now = context.published.snapshot();
    let shown = order.shown();
    let taken = order
        .check(&now)
        .and_then(|()| (context.takers.pools)(order));
    taken.map_err(not_taken)?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

fn not_taken(why: PoolRefused) -> Refusal {
    let status = match why.code {
        Code::ApiBusy => StatusCode::SERVICE_UNAVAILABLE,
        Code::ApiForbidden => StatusCode::FORBIDDEN,
        Code::ApiRequest => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Refusal::new(status, why.code, why.detail)
}

fn no_command(why: OrderRefused) -> Refusal {
    let status = match why.code() {
        Code::ApiForbidden | Code::FanLocal => StatusCode::FORBIDDEN,
        Code::ApiRange => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal::new(status, why.code(), why.to_string())
}

/// Browsers send a foreign page's plain form without asking. They ask first, and get no
/// leave, for a JSON body; and they name the page's origin.
fn from_a_program_or_our_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let detail = "the content type must be `application/json`";
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::ApiRequest,
            detail,
        ));
    }
    let own = format!("http://{}", text(header::HOST).unwrap_or_default());
    match text(header::ORIGIN) {
        Some(origin) if origin != own => {
            let detail = "a page of another origin cannot give commands";
            Err(Refusal::new(
                StatusCode::FORBIDDEN,
                Code::ApiForbidden,
                detail,
            ))
        }
        _ => Ok(()),
    }
}

async fn prometheus(State(context): Shared) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, metrics::render(&context.published.snapshot())).into_response()
}

async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, include_str!("openapi.json")).into_response()
}

async fn nothing_here(request: Request) -> Refusal {
    let path: String = request.uri().path().chars().take(100).collect();
    Refusal::new(
        StatusCode::NOT_FOUND,
        Code::ApiPath,
        format!("nothing at `{path}`"),
    )
}

async fn wrong_method(request: Request) -> Refusal {
    let detail = format!("`{}` is not taken here", request.method());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::ApiMethod, detail)
}

fn bad_request(detail: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Code::ApiRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::is_our_name;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let bound = "192.168.1.7:80".parse().ok();
        let check = |host: &str, expected: bool| {
            assert_eq!(is_our_name(host, bound), expected, "{host}");
        };
        check("localhost", true);
        check("LOCALHOST:8080", true);
        check("127.0.0.1:8080", true);
        check("127.9.9.9", true);
        check("[::1]:8080", true);
        check("192.168.1.7", true);
        check("192.168.1.8", false);
        check("evil.example", false);
        check("localhost.evil.example:8080", false);
        check("127.0.0.1.evil.example", false);
        check("[::1", true);
        check("[fe80::1]", false);
        check("", false);
        check(":8080", false);
    }
}
