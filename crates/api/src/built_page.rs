//! A page that somebody else built, handed over as files by whoever starts the server.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

/// One file of a page.
#[derive(Clone, Copy, Debug)]
pub struct PageFile {
    /// Path that it answers.
    pub path: &'static str,
    /// Content type.
    pub kind: &'static str,
    /// The bytes are compressed with gzip. There is no other form of them: every browser takes
    /// it, and a request that says nothing of encodings allows any (RFC 9110, 12.5.3).
    pub gzip: bool,
    /// As they go over the network.
    pub bytes: &'static [u8],
}

/// The file that a request asks for.
pub(crate) fn find(files: &'static [PageFile], request: &Request) -> Option<&'static PageFile> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    files.iter().find(|file| file.path == request.uri().path())
}

impl IntoResponse for &'static PageFile {
    fn into_response(self) -> Response {
        let mut response = ([(header::CONTENT_TYPE, self.kind)], self.bytes).into_response();
        if self.gzip {
            let gzip = HeaderValue::from_static("gzip");
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, gzip);
        }
        response
    }
}
