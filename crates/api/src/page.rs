//! The status page: four files, nothing from elsewhere.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Content security policy of every answer: only our own files, no inline code, no frames.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

pub(crate) fn css() -> Response {
    file("text/css; charset=utf-8", include_str!("page/page.css"))
}

pub(crate) fn js() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    )
}

pub(crate) fn login() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("page/login.js"),
    )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
