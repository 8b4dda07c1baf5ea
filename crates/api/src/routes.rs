//! Paths and what they answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::json;
use telemetry::{Code, Command, Order, OrderRefused, Snapshot};

use crate::access::Scope;
use crate::access::rules::{Asker, Need};
use crate::admit::{Via, admit};
use crate::gate::Gate;
use crate::legacy::{self, CheckPool, Host, Shared as Everything};
use crate::live::Live;
use crate::pool_test::{self, Tester};
use crate::pools::{PoolOrder, PoolRefused};
use crate::published::Published;
use crate::refusal::Refusal;
use crate::secure::Https;
use crate::server::Takers;
use crate::shown::Expected;
use crate::{
    answers, built_page, history, live, machine, metrics, network_route, owner, owner_legacy, page,
    secure_route, settings,
};

/// Longest request body: a command is a few dozen bytes.
const BODY_MAX: usize = 4096;

/// What every answer is made of.
pub(crate) struct Context {
    pub(crate) published: Published,
    pub(crate) gate: Gate,
    pub(crate) takers: Takers,
    pub(crate) via: Via,
    pub(crate) live: Live,
    pub(crate) https: Option<Https>,
    pub(crate) check_pool: CheckPool,
    pub(crate) tester: Arc<Tester>,
    pub(crate) host: Arc<dyn Fn() -> Host + Send + Sync>,
    pub(crate) restart: Arc<dyn Fn(legacy::Restart) -> bool + Send + Sync>,
}

pub(crate) type Shared = State<Arc<Context>>;

pub(crate) fn router(shared: &Arc<Everything>, via: Via) -> Router {
    let context = Arc::new(Context {
        published: shared.published.clone(),
        gate: shared.gate.clone(),
        takers: shared.takers.clone(),
        via,
        live: shared.live.clone(),
        https: shared.https.clone(),
        check_pool: Arc::clone(&shared.legacy.check_pool),
        tester: Arc::clone(&shared.tester),
        host: Arc::clone(&shared.legacy.host),
        restart: Arc::clone(&shared.legacy.restart),
    });
    let ours = Router::new()
        .route("/", get(|| async { page::html() }))
        .route("/page.css", get(|| async { page::css() }))
        .route("/page.js", get(|| async { page::js() }))
        .route("/login.js", get(|| async { page::login() }))
        .route("/metrics", get(metrics::answer))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/status", get(status))
        .route("/api/v1/log", get(log))
        .route("/api/v1/history", get(history::history))
        .route("/api/v1/settings", get(settings::settings))
        .route("/api/v1/stream", get(live::stream))
        .route("/api/v1/command", post(command))
        .route("/api/v1/pools", post(pools))
        .route("/api/v1/pools/test", post(pool_test::test))
        .route("/api/v1/restart", post(machine::restart))
        .route("/api/v1/support", get(machine::support))
        .route("/api/v1/session", get(owner::session))
        .route("/api/v1/claim", post(owner::claim))
        .route("/api/v1/login", post(owner::login))
        .route("/api/v1/logout", post(owner::logout))
        .route("/api/v1/password", post(owner::password))
        .route("/api/v1/tokens", get(owner::tokens).post(owner::add_token))
        .route("/api/v1/tokens/{name}", delete(owner::revoke_token))
        .route("/api/v1/access", get(owner::settings).post(owner::set))
        .route(
            "/api/v1/access/legacy",
            get(owner_legacy::legacy).post(owner_legacy::set_legacy),
        )
        .route("/api/v1/access/reset", post(owner::reset))
        .route("/api/v1/audit", get(owner::audit))
        .route("/api/v1/network", get(network_route::network))
        .route("/api/v1/https", get(secure_route::https))
        .with_state(Arc::clone(&context));
    let all = match via {
        Via::Tcp { .. } => ours.merge(legacy::routes(Arc::clone(shared))),
        Via::Local => ours,
    };
    all.fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&context), built))
        .layer(middleware::from_fn_with_state(context, guard))
}

/// Every request passes here first, every answer last.
async fn guard(State(context): Shared, mut request: Request, next: Next) -> Response {
    let emulated = context.published.snapshot().machine.emulated;
    let mut response = match admit(&context.gate, context.via, emulated, &request) {
        Ok(asker) => {
            request.extensions_mut().insert(asker);
            let ours = request.uri().path().starts_with("/api/");
            let response = next.run(request).await;
            match unread(&response).filter(|_| ours) {
                Some(refusal) => refusal.into_response(),
                None => response,
            }
        }
        Err(refusal) => in_its_form(request.uri().path(), refusal),
    };
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
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

/// What axum itself refuses before it reaches us: it says so in plain text.
fn unread(response: &Response) -> Option<Refusal> {
    let kind = response.headers().get(header::CONTENT_TYPE)?;
    let plain = kind.as_bytes().starts_with(b"text/plain");
    let detail = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => format!("a body has at most {BODY_MAX} bytes"),
        StatusCode::BAD_REQUEST => "the path or the body cannot be read".to_owned(),
        _ => return None,
    };
    plain.then(|| Refusal::new(response.status(), Code::ApiRequest, detail))
}

/// The page that was built, in place of the plain one.
async fn built(State(context): Shared, request: Request, next: Next) -> Response {
    match built_page::find(context.published.page(), &request) {
        Some(file) => file.into_response(),
        None => next.run(request).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct StatusQuery {
    #[serde(default)]
    pub(crate) chips: u8,
}

async fn status(
    State(context): Shared,
    query: Result<Query<StatusQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Snapshot>, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let snapshot = context.published.snapshot();
    Ok(Json(answers::shown(&snapshot, query.chips != 0)))
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: u64,
}

async fn log(
    State(context): Shared,
    query: Result<Query<LogQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<answers::Log>, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let (notes, last) = context.published.notes_after(query.after);
    Ok(Json(answers::Log::of(notes, last)))
}

async fn command(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let order: Order = serde_json::from_slice(&body).map_err(|e| bad_request(e.to_string()))?;
    if !matches!(order, Order::Locate { .. }) {
        context.gate.allows(&asker, Need::Scope(Scope::Operate))?;
    }
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
    let after = json!(command).to_string();
    let before = before(command, &now);
    context
        .gate
        .core()
        .told(&asker, "command", before, Some(after));
    Expected::of(command).shown(&context.published).await;
    Ok((StatusCode::ACCEPTED, Json(command)).into_response())
}

/// What a command is about, as it is now.
pub(crate) fn before(command: Command, now: &Snapshot) -> Option<String> {
    let settings = now.settings.as_ref();
    let before = match command {
        Command::Locate { .. } => json!({ "on": now.locating }),
        Command::Fans(_) => {
            let fans = &settings?.fans;
            json!({ "mode": fans.mode, "duty_percent": fans.duty.in_force })
        }
        Command::PowerCeiling { .. } => json!({ "power_w": settings?.power_ceiling.in_force }),
        Command::TargetTemperature { .. } => {
            json!({ "temp_c": settings?.target_temperature.in_force })
        }
        _ => json!({ "state": now.state }),
    };
    Some(before.to_string())
}

async fn pools(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let order: PoolOrder = serde_json::from_slice(&body).map_err(|e| bad_request(e.to_string()))?;
    let now = context.published.snapshot();
    let shown = order.shown();
    let before = order.about(&now);
    let taken = order
        .check(&now)
        .and_then(|()| (context.takers.pools)(order.clone()));
    taken.map_err(not_taken)?;
    let after = Some(shown.to_string());
    context.gate.core().told(&asker, "pools", before, after);
    // Whoever changes groups may name them in the next order: it is judged by a snapshot that knows them.
    let expected = Expected::of_pools(&now, &[order]);
    expected.shown(&context.published).await;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

pub(crate) fn not_taken(why: PoolRefused) -> Refusal {
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

async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, include_str!("openapi.json")).into_response()
}

async fn nothing_here(request: Request) -> Response {
    let path = request.uri().path();
    let shown: String = path.chars().take(100).collect();
    let detail = format!("nothing at `{shown}`");
    let refusal = Refusal::new(StatusCode::NOT_FOUND, Code::ApiPath, detail);
    in_its_form(path, refusal)
}

pub(crate) async fn wrong_method(request: Request) -> Response {
    let detail = format!("`{}` is not taken here", request.method());
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::ApiMethod, detail);
    in_its_form(request.uri().path(), refusal)
}

/// JSON at a path that does not exist makes old clients see another maker's firmware, so that
/// it is for our own paths.
fn in_its_form(path: &str, refusal: Refusal) -> Response {
    let ours = path.starts_with("/api/") || matches!(path, "/" | "/metrics");
    match ours {
        true => refusal.into_response(),
        false => refusal.into_text(),
    }
}

pub(crate) fn bad_request(detail: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Code::ApiRequest, detail)
}
