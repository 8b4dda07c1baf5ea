//! Answers to requests that are refused: problem details (RFC 9457) with a stable code.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use telemetry::Code;
use units::Duration;

/// Refusals under `/api/`, as `application/problem+json` (RFC 9457).
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Problem<'a> {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the code means.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// Stable code.
    code: Code,
    /// What was wrong with this request.
    detail: &'a str,
    /// What to do.
    remedy: &'static str,
}

/// A refusal. Every refusal under `/api/` has this form.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: Code,
    pub(crate) detail: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Refusal {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// One of access, whose code says the status.
    pub(crate) fn access(code: Code, detail: impl Into<String>) -> Self {
        let status = match code {
            Code::AccessLogin | Code::AccessToken | Code::AccessPassword => {
                StatusCode::UNAUTHORIZED
            }
            Code::AccessClaimed => StatusCode::CONFLICT,
            Code::AccessWait => StatusCode::TOO_MANY_REQUESTS,
            Code::AccessWeak | Code::AccessValue => StatusCode::UNPROCESSABLE_ENTITY,
            Code::AccessFile => StatusCode::SERVICE_UNAVAILABLE,
            Code::AccessWrite => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        Refusal::new(status, code, detail)
    }

    /// Trying again makes sense after so long.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Refusal {
            retry_after: Some(wait),
            ..self
        }
    }

    /// The same as an object.
    pub(crate) fn problem(&self) -> Problem<'_> {
        Problem {
            kind: "about:blank",
            title: self.code.meaning(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            remedy: self.code.remedy(),
        }
    }

    /// The same for people alone.
    pub(crate) fn into_text(self) -> Response {
        let (code, meaning, remedy) = (self.code.text(), self.code.meaning(), self.code.remedy());
        let text = format!("{code}: {meaning} ({})\nhint: {remedy}\n", self.detail);
        (self.status, text).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem())).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(wait) = self.retry_after {
            // Rounded up: too early is refused again.
            let seconds = wait.as_millis().div_ceil(1000);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
