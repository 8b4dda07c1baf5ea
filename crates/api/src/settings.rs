//! `GET /api/v1/settings`: what can be set on this machine, within what, and by which order.

use axum::Json;
use axum::extract::State;
use telemetry::constraints;

use crate::answers::SettingsAnswer;
use crate::routes::Shared;

pub(crate) async fn settings(State(context): Shared) -> Json<SettingsAnswer> {
    let now = context.published.snapshot();
    Json(SettingsAnswer {
        seq: now.seq,
        settings: constraints(&now),
    })
}
