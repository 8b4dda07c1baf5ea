//! The snapshot for Prometheus and whoever reads its text.
//!
//! Names are a contract with dashboards, which `docs/metrics.md` spells out: `stannary_`, the thing,
//! its unit; counters end in `_total`. What is not known has no sample. The text has the form that
//! the reader asks for.

mod families;
mod form;
mod text;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use telemetry::Snapshot;

use crate::answers;
use crate::refusal::Refusal;
use crate::routes::{Shared, StatusQuery, bad_request};
use text::{Form, Text};

/// `GET /metrics`.
pub(crate) async fn answer(
    State(context): Shared,
    query: Result<Query<StatusQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let form = form::wanted(&headers);
    let kind = match form {
        Form::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
    };
    let text = render(&context.published.snapshot(), form, query.chips != 0);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn render(s: &Snapshot, form: Form, chips: bool) -> String {
    let mut text = Text::new(form);
    // A struct of plain fields cannot fail.
    let status = serde_json::to_value(answers::shown(s, chips)).unwrap_or_default();
    families::write(&mut text, &status, chips);
    text.finish()
}
