//! `GET /api/v1/https`: who the machine is over TLS, for people to compare.

use axum::Json;
use serde::Serialize;

use crate::access::hex;
use crate::routes::Shared;

/// HTTPS of this machine.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Https"))]
pub(crate) struct HttpsState {
    /// It is listened for.
    listening: bool,
    /// Whose certificate it is: `machine` or `owner`; nothing until there is one.
    certificate_of: Option<&'static str>,
    /// SHA-256 of the certificate, as browsers show it.
    certificate_sha256: Option<String>,
    /// SHA-256 of its SubjectPublicKeyInfo, which a renewed certificate keeps.
    key_sha256: Option<String>,
    /// What a certificate that was made here names.
    names: Vec<String>,
}

pub(crate) async fn https(context: Shared) -> Json<HttpsState> {
    let https = context.https.as_ref();
    let identity = https.and_then(|https| (https.identity)());
    let of = |own| if own { "owner" } else { "machine" };
    Json(HttpsState {
        listening: https.is_some(),
        certificate_of: identity.as_ref().map(|identity| of(identity.own)),
        certificate_sha256: identity.as_ref().map(|it| colons(&it.certificate)),
        key_sha256: identity
            .as_ref()
            .map(|it| format!("sha256:{}", hex(&it.key))),
        names: identity.map_or_else(Vec::new, |it| it.names.clone()),
    })
}

fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
