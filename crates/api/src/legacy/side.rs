//! The side port: one code and one number, for a fleet's worker that asks nobody else.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::{Permission, Shared, warning};
use crate::admit::under_our_name;

type At = State<Arc<Shared>>;

/// Its paths. Nothing else answers there, and nothing can be changed.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let may_look = middleware::from_fn_with_state(Arc::clone(&shared), may_look);
    Router::new()
        .route("/warning", get(warn))
        .route("/miner_power", get(power))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(may_look)
        .with_state(shared)
}

/// A page from elsewhere that rebinds its name gets nothing.
async fn may_look(State(shared): At, request: Request, next: Next) -> Response {
    if under_our_name(&shared.gate, &request).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    match shared.allowed().permission {
        Permission::Nothing => StatusCode::NOT_FOUND.into_response(),
        _ => next.run(request).await,
    }
}

async fn warn(State(shared): At) -> Response {
    let body = json!({ "error_message": warning::code(&shared.snapshot()) });
    (
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

/// Nothing where nobody measures it.
async fn power(State(shared): At) -> Response {
    let watts = shared.snapshot().power_w.filter(|w| w.is_finite());
    match watts {
        Some(watts) => format!("power:{:.0}", watts.max(0.0)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
