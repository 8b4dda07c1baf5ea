//! What an owner does about access: claim, log in and out, password, tokens, settings, reset, and
//! the list of changes.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use telemetry::Code;

use crate::access::rules::{Asker, Door, Need, Standing, Who};
use crate::access::{Begun, LIFE, NotAdded, PasswordHash, SALT_BYTES, Scope, is_acceptable};
use crate::admit::Cookie;
use crate::gate::{Core, Gate, Sense};
use crate::owner_answers::{
    AccessSettings, Audit, MadeToken, Ownership, Revoked, Session, ShownToken, Tokens,
};
use crate::pools::PoolOrder;
use crate::refusal::Refusal;
use crate::routes::{Context, Shared, bad_request, not_taken};

type Done = Result<Response, Refusal>;

/// Pools that a set-up names: a first one and those that stand in for it.
const FIRST_POOLS_MAX: usize = 3;

/// `GET /api/v1/session`: whose the machine is, and who asks.
pub(crate) async fn session(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
) -> Json<Session> {
    Json(seen(&context.gate, &asker))
}

fn seen(gate: &Gate, asker: &Asker) -> Session {
    let reads = gate.allows(asker, Need::Status).is_ok();
    let access = gate.access();
    let machine = match access.standing() {
        Standing::Unclaimed => Ownership::Unclaimed,
        Standing::Claimed { .. } => Ownership::Claimed,
        Standing::Broken => Ownership::Unreadable,
    };
    let csrf = match asker.who {
        Who::Session(number) => access.csrf(number),
        _ => None,
    };
    Session {
        machine,
        name: access.kept().name.clone(),
        who: asker.who.to_string(),
        scope: asker.who.scope(),
        csrf,
        reads,
    }
}

/// The first password, and what else a machine begins with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Claim {
    /// 8 characters to 256 bytes, none of them a control character.
    #[cfg_attr(test, schemars(length(min = 8)))]
    password: String,
    /// 1 to 63 letters, digits and `-`; with `.local` it is answered as well.
    #[serde(default)]
    name: Option<String>,
    /// Where to mine, before what the configuration names; in order of preference.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = 3)))]
    pools: Vec<FirstPool>,
}

/// A pool that set-up names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FirstPool {
    /// As in the configuration.
    url: String,
    /// Login.
    user: String,
    /// `x` if it is not there.
    #[serde(default)]
    password: Option<String>,
}

/// As the orders that they are, each of which would be taken.
fn first_pools(context: &Context, pools: Vec<FirstPool>) -> Result<Vec<PoolOrder>, Refusal> {
    if pools.len() > FIRST_POOLS_MAX {
        let detail = format!("set-up takes up to {FIRST_POOLS_MAX} pools");
        return Err(bad_request(detail));
    }
    let now = context.published.snapshot();
    let order = |(place, pool): (u8, FirstPool)| {
        let order = PoolOrder::Add {
            url: pool.url,
            user: pool.user,
            password: pool.password,
            group: None,
            place: Some(place),
        };
        let sound = order
            .check(&now)
            .and_then(|()| (context.check_pool)(&order));
        sound.map(|()| order).map_err(not_taken)
    };
    (0..).zip(pools).map(order).collect()
}

/// `POST /api/v1/claim`: the first password, and what else a machine begins with.
pub(crate) async fn claim(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Done {
    let claim: Claim = read(&body)?;
    let gate = &context.gate;
    gate.core().unclaimed()?;
    strong(&claim.password)?;
    let pools = first_pools(&context, claim.pools)?;
    let _place = place(gate, &asker)?;
    let by = asker.clone();
    let begun = gate.slowly(move |core| {
        // Somebody may have come first meanwhile.
        core.unclaimed()?;
        let password = PasswordHash::of(&claim.password, core.draw::<SALT_BYTES>()?)?;
        core.change(Sense::Gives, |kept| {
            if let Some(name) = &claim.name {
                kept.set_name(name).map_err(value)?;
            }
            kept.password = Some(password);
            Ok(())
        })?;
        // None is left of an owner before.
        core.access().end_other_sessions(None);
        let after = claim.name.map(|name| format!("name {name}"));
        core.told(&by, "claimed: password set", None, after);
        begin(core, &by)
    });
    let begun = begun.await?;
    for order in pools {
        let shown = order.shown().to_string();
        let after = match (context.takers.pools)(order) {
            Ok(()) => shown,
            // It has its owner now, who sees the list of pools and this.
            Err(why) => format!("refused: {}: {shown}", why.detail),
        };
        context.gate.core().told(&asker, "pools", None, Some(after));
    }
    Ok(answer(&context.gate, context.via.cookie(), asker, begun))
}

/// The password for a session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Login {
    /// The owner's.
    password: String,
}

/// `POST /api/v1/login`: the password for a session.
pub(crate) async fn login(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Done {
    let login: Login = read(&body)?;
    let begun = prove(&context.gate, &asker, login.password, |core, by| {
        core.told(by, "login", None, None);
        begin(core, by)
    });
    let begun = begun.await?;
    Ok(answer(&context.gate, context.via.cookie(), asker, begun))
}

/// `POST /api/v1/logout`: the end of one's session.
pub(crate) async fn logout(State(context): Shared, Extension(asker): Extension<Asker>) -> Done {
    if let Who::Session(number) = asker.who {
        context.gate.access().end_session(number);
        context.gate.core().told(&asker, "logout", None, None);
    }
    let nobody = Asker {
        who: match asker.who {
            Who::Session(_) => Who::Nobody,
            other => other,
        },
        ..asker
    };
    let mut response = Json(seen(&context.gate, &nobody)).into_response();
    if let Some(cookie) = context.via.cookie() {
        set_cookie(&mut response, &cookie, "", 0);
    }
    Ok(response)
}

/// Another password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewPassword {
    /// The one until now; asked for over the network.
    #[serde(default)]
    current: Option<String>,
    /// 8 characters to 256 bytes, none of them a control character.
    #[cfg_attr(test, schemars(length(min = 8)))]
    new: String,
}

/// `POST /api/v1/password`: another password; the old one is asked for over the network, so that a
/// page left open does not give the machine away.
pub(crate) async fn password(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Done {
    let NewPassword { current, new } = read(&body)?;
    strong(&new)?;
    let gate = &context.gate;
    let change = move |core: &Core, by: &Asker| {
        core.claimed()?;
        let password = PasswordHash::of(&new, core.draw::<SALT_BYTES>()?)?;
        core.change(Sense::Gives, |kept| {
            kept.password = Some(password);
            Ok(())
        })?;
        let own = match by.who {
            Who::Session(number) => Some(number),
            _ => None,
        };
        core.access().end_other_sessions(own);
        core.told(by, "password changed, other sessions ended", None, None);
        Ok(())
    };
    match (asker.door, current) {
        (Door::Local, _) => {
            let by = asker.clone();
            gate.slowly(move |core| change(core, &by)).await?;
        }
        (_, Some(current)) => prove(gate, &asker, current, change).await?,
        (_, None) => return Err(bad_request("missing field `current`".to_owned())),
    }
    Ok(Json(seen(gate, &asker)).into_response())
}

/// `GET /api/v1/tokens`
pub(crate) async fn tokens(State(context): Shared) -> Json<Tokens> {
    let access = context.gate.access();
    let tokens = access.kept().tokens.iter().map(ShownToken::from).collect();
    Json(Tokens { tokens })
}

/// A token to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewToken {
    /// 1 to 63 letters, digits and `-`, not in use.
    #[cfg_attr(test, schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")))]
    name: String,
    /// What it may; each scope holds those before it.
    scope: Scope,
}

/// `POST /api/v1/tokens`: its text is shown this once.
pub(crate) async fn add_token(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Done {
    let NewToken { name, scope } = read(&body)?;
    let made = context.gate.slowly(move |core| {
        core.claimed()?;
        let (secret, unix_s) = (core.draw()?, core.unix_s());
        let text = core.change(Sense::Gives, |kept| {
            let added = kept.add_token(&name, scope, secret, unix_s);
            added.map_err(|why: NotAdded| value(why.words().to_owned()))
        })?;
        let after = format!("{name}, scope {}", scope.word());
        core.told(&asker, "token added", None, Some(after));
        let access = core.access();
        let mut tokens = access.kept().tokens.iter();
        let made = tokens
            .find(|token| token.name == name)
            .map(ShownToken::from);
        Ok(made.map(|made| MadeToken { made, token: text }))
    });
    Ok((StatusCode::CREATED, Json(made.await?)).into_response())
}

/// `DELETE /api/v1/tokens/NAME`
pub(crate) async fn revoke_token(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Done {
    let revoked = context.gate.slowly(move |core| {
        let revoked = core.change(Sense::Takes, |kept| {
            let short: String = name.chars().take(80).collect();
            let none = || format!("there is no token `{short}`");
            let none = || Refusal::new(StatusCode::NOT_FOUND, Code::AccessValue, none());
            kept.revoke_token(&name).then_some(()).ok_or_else(none)
        });
        // It is gone, even where that could not be written.
        let gone = match &revoked {
            Ok(()) => true,
            Err(refusal) => refusal.code == Code::AccessWrite,
        };
        if gone {
            core.told(&asker, "token revoked", Some(name.clone()), None);
        }
        revoked.map(|()| Revoked { revoked: name })
    });
    Ok(Json(revoked.await?).into_response())
}

/// `GET /api/v1/access`
pub(crate) async fn settings(State(context): Shared) -> Json<AccessSettings> {
    Json(AccessSettings::from(context.gate.access().kept()))
}

/// What is named is set, the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "NewAccessSettings"))]
pub(crate) struct NewSettings {
    /// What to call the machine: 1 to 63 letters, digits and `-`.
    #[serde(default)]
    name: Option<String>,
    /// `status` and `metrics` need no login.
    #[serde(default)]
    status_open: Option<bool>,
    /// Further names under which it answers, in place of those before; 16 at most.
    #[serde(default)]
    hosts: Option<Vec<String>>,
}

/// `POST /api/v1/access`: what is named is set, the rest stays.
pub(crate) async fn set(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Done {
    let new: NewSettings = read(&body)?;
    let set = context.gate.slowly(move |core| {
        core.claimed()?;
        let before = AccessSettings::from(core.access().kept());
        core.change(Sense::Gives, |kept| {
            if let Some(name) = &new.name {
                kept.set_name(name).map_err(value)?;
            }
            if let Some(hosts) = new.hosts {
                kept.set_hosts(hosts).map_err(value)?;
            }
            kept.status_open = new.status_open.unwrap_or(kept.status_open);
            Ok(())
        })?;
        let after = AccessSettings::from(core.access().kept());
        let told = (Some(before.words()), Some(after.words()));
        core.told(&asker, "settings of access", told.0, told.1);
        Ok(after)
    });
    Ok(Json(set.await?).into_response())
}

/// `POST /api/v1/access/reset`: through the local socket alone.
pub(crate) async fn reset(State(context): Shared, Extension(asker): Extension<Asker>) -> Done {
    if asker.door != Door::Local {
        let detail = "access is reset on the machine itself, by command line or reset button";
        let status = StatusCode::FORBIDDEN;
        return Err(Refusal::new(status, Code::ApiForbidden, detail));
    }
    let reset = |core: &Core| core.reset("local socket", "this machine");
    context.gate.slowly(reset).await?;
    Ok(Json(seen(&context.gate, &asker)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /api/v1/audit`
pub(crate) async fn audit(
    State(context): Shared,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Audit>, Refusal> {
    let Query(query) = query.map_err(|e| bad_request(e.body_text()))?;
    let (changes, last) = context.gate.access().changes_after(query.after);
    Ok(Json(Audit { last, changes }))
}

/// If this is the password, within what failed logins leave: what its owner is let do, before
/// anybody else changes anything.
async fn prove<T: Send + 'static>(
    gate: &Gate,
    asker: &Asker,
    password: String,
    then: impl FnOnce(&Core, &Asker) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    gate.core().claimed()?;
    let _place = place(gate, asker)?;
    if let Some(address) = asker.address {
        let begun = gate.access().begin_login(gate.core().now(), address);
        begun.map_err(|wait| {
            let seconds = wait.as_millis().div_ceil(1000);
            let detail = format!("too many logins failed: the next is taken in {seconds} s");
            Refusal::access(Code::AccessWait, detail).retry_after(wait)
        })?;
    }
    let by = asker.clone();
    let proved = gate.slowly(move |core| {
        let known = core.access().kept().password.clone();
        let known = known.map(|known| known.is_of(&password)).transpose()?;
        if known != Some(true) {
            core.told(&by, "login refused", None, None);
            let detail = "this is not the password";
            return Err(Refusal::access(Code::AccessPassword, detail));
        }
        if let Some(address) = by.address {
            core.access().forgive(address);
        }
        then(core, &by)
    });
    proved.await
}

fn strong(password: &str) -> Result<(), Refusal> {
    let detail = "a password has 8 characters to 256 bytes, none of them a control character";
    let strong = is_acceptable(password).then_some(());
    strong.ok_or_else(|| Refusal::access(Code::AccessWeak, detail))
}

/// The local socket does not stand in the network's queue.
fn place<'a>(
    gate: &'a Gate,
    asker: &Asker,
) -> Result<Option<tokio::sync::SemaphorePermit<'a>>, Refusal> {
    let network = asker.door != Door::Local;
    network.then(|| gate.place_for_password()).transpose()
}

/// A session for whoever proved to be the owner; the local socket needs none.
fn begin(core: &Core, asker: &Asker) -> Result<Option<Begun>, Refusal> {
    if asker.door == Door::Local {
        return Ok(None);
    }
    let (id, csrf) = (core.draw()?, core.draw()?);
    let mut access = core.access();
    if let Who::Session(old) = asker.who {
        access.end_session(old);
    }
    Ok(Some(access.begin_session(core.now(), id, csrf)))
}

fn answer(gate: &Gate, cookie: Option<Cookie>, asker: Asker, begun: Option<Begun>) -> Response {
    let Some(begun) = begun else {
        return Json(seen(gate, &asker)).into_response();
    };
    let owner = Asker {
        who: Who::Session(begun.number),
        ..asker
    };
    let mut response = Json(seen(gate, &owner)).into_response();
    if let Some(cookie) = cookie {
        set_cookie(&mut response, &cookie, &begun.id, LIFE.as_secs());
    }
    response
}

fn set_cookie(response: &mut Response, cookie: &Cookie, value: &str, age_s: u64) {
    let Cookie { name, secure } = cookie;
    let secure = if *secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}");
    // Made of digits and words.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn value(detail: String) -> Refusal {
    Refusal::access(Code::AccessValue, detail)
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad_request(error.to_string()))
}
