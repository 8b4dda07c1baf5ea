//! `POST /api/v1/restart` and `GET /api/v1/support`: the machine as a whole.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use telemetry::{Code, Note, Snapshot};

use crate::access::rules::Asker;
use crate::legacy::Restart;
use crate::refusal::Refusal;
use crate::routes::{Shared, bad_request};

/// Makes an archive for a support request, without secrets. Called on the slow thread, and may take its
/// time; one archive is in hand at a time.
pub type MakeArchive = Arc<dyn Fn(Seen) -> Vec<u8> + Send + Sync>;

/// What the interfaces know that an archive is made of.
pub struct Seen {
    /// The latest, with its chips.
    pub snapshot: Arc<Snapshot>,
    /// All that are kept.
    pub notes: Vec<Note>,
    /// Who changed what, as `/api/v1/audit` says it.
    pub changes: Value,
}

/// What is to begin anew.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewRestart {
    what: What,
}

/// What begins anew.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum What {
    /// The miner's process.
    Miner,
    /// The whole machine; of a twin it is its process too.
    Machine,
}

/// What was taken.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Restarts {
    restart: What,
}

/// Everything off, then the process or the computer begins anew: as old clients' `restart` and `reboot`.
pub(crate) async fn restart(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let NewRestart { what } =
        serde_json::from_slice(&body).map_err(|error| bad_request(error.to_string()))?;
    let restart = match what {
        What::Miner => Restart::Miner,
        What::Machine => Restart::Machine,
    };
    if !(context.restart)(restart) {
        let detail = "this miner cannot be started anew by its interfaces";
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::ApiBusy,
            detail,
        ));
    }
    let after = json!({ "restart": what }).to_string();
    context
        .gate
        .core()
        .told(&asker, "restart", None, Some(after));
    Ok((StatusCode::ACCEPTED, Json(Restarts { restart: what })).into_response())
}

/// The archive. Whoever fetches it slowly keeps others from another, and nothing else.
pub(crate) async fn support(State(context): Shared) -> Result<Response, Refusal> {
    let Some((make, one)) = context.published.support() else {
        let detail = "this miner makes no archives";
        return Err(Refusal::new(StatusCode::NOT_FOUND, Code::ApiPath, detail));
    };
    let held = one.try_acquire_owned().map_err(|_| {
        let detail = "an archive is being fetched";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy, detail)
    })?;
    let (changes, last) = context.gate.access().changes_after(0);
    let seen = Seen {
        snapshot: context.published.snapshot(),
        notes: context.published.notes_after(0).0,
        changes: json!({ "last": last, "changes": changes }),
    };
    let archive = context.gate.slowly(move |_| Ok(make(seen))).await?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-tar"),
    );
    let name = HeaderValue::from_static("attachment; filename=\"stannary-support.tar\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    // Its memory and its place are free once it was sent.
    let body = Bytes::from_owner(Held(archive, held));
    Ok((headers, body).into_response())
}

struct Held(
    Vec<u8>,
    #[expect(dead_code, reason = "held")] tokio::sync::OwnedSemaphorePermit,
);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
