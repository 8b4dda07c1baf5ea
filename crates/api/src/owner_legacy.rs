//! What an owner allows old clients, beside what the configuration does: their login is generated
//! here, and shown once.

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use crate::access::Kept;
use crate::access::rules::Asker;
use crate::gate::Sense;
use crate::legacy::{LOGIN_USER, LegacyLogin, Permission, login_password};
use crate::owner::read;
use crate::refusal::Refusal;
use crate::routes::Shared;

/// What old clients may.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Allow {
    /// Nothing by a login of this interface's.
    Off,
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// The login of old clients.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LegacyState {
    /// What was said here.
    allow: Allow,
    /// Its user.
    user: &'static str,
    /// Its password, where it was made just now: it is not shown again.
    password: Option<String>,
}

/// What an owner wants of it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLegacy {
    allow: Allow,
    /// Make another password; one is made anyhow where there is none.
    #[serde(default)]
    renew: bool,
}

fn state_of(kept: &Kept, password: Option<String>) -> LegacyState {
    let allow = match kept.legacy().map(LegacyLogin::permission) {
        None | Some(Permission::Nothing) => Allow::Off,
        Some(Permission::Read) => Allow::Read,
        Some(Permission::Write) => Allow::Write,
    };
    LegacyState {
        allow,
        user: LOGIN_USER,
        password,
    }
}

/// `GET /api/v1/access/legacy`
pub(crate) async fn legacy(State(context): Shared) -> Json<LegacyState> {
    Json(state_of(context.gate.access().kept(), None))
}

/// `POST /api/v1/access/legacy`
pub(crate) async fn set_legacy(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Json<LegacyState>, Refusal> {
    let new: NewLegacy = read(&body)?;
    let set = context.gate.slowly(move |core| {
        core.claimed()?;
        let chance = core.draw()?;
        let sense = match new.allow {
            Allow::Off => Sense::Takes,
            Allow::Read | Allow::Write => Sense::Gives,
        };
        let before = state_of(core.access().kept(), None).allow;
        let password = core.change(sense, |kept| {
            let write = new.allow == Allow::Write;
            let (login, password) = match (new.allow, &kept.legacy) {
                (Allow::Off, _) => (None, None),
                (_, Some(login)) if !new.renew => (Some(login.with(write)), None),
                _ => {
                    let password = login_password(chance);
                    let login = LegacyLogin::new(&password, write);
                    (Some(login), Some(password))
                }
            };
            kept.legacy = login;
            Ok(password)
        })?;
        let words = |allow: Allow| format!("{allow:?}").to_lowercase();
        let made = if password.is_some() {
            ", with a new password"
        } else {
            ""
        };
        let after = words(new.allow) + made;
        core.told(
            &asker,
            "access of old clients",
            Some(words(before)),
            Some(after),
        );
        Ok(state_of(core.access().kept(), password))
    });
    Ok(Json(set.await?))
}
