//! What the pages change. Whoever comes here has the legacy login and the owner's permission.
//!
//! A body is checked whole before anything of it is ordered. Values that were read and come back
//! unchanged are not touched; what this miner does not do is refused, and never skipped in
//! silence.
//!
//! What is refused is no success of HTTP either: of what the maker's pages say in JSON, MiningOS reads
//! nothing, and asic-rs does not for pools and fans.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use telemetry::{FanMode, Order, Snapshot};

use super::super::pool_edit::{SHOWN, Wanted, plan};
use super::super::{Restart, Shared, not_shown};
use super::{At, json, peer, system};
use crate::pools::{PoolOrder, check_room};
use crate::shown::Expected;

/// Longest body: three pools, with room.
const BODY_MAX: usize = 16 * 1024;

pub(super) async fn set_miner_conf(State(web): At, request: Request) -> Response {
    let from = peer(&request);
    let said = match fields(request.into_body()).await {
        Err(why) => Err(why),
        Ok(fields) => configure(&web.shared, from, &fields).await,
    };
    match said {
        Ok(()) => json(&json!({ "stats": "success", "code": "M000", "msg": "OK!" })),
        Err(why) => refused(StatusCode::UNPROCESSABLE_ENTITY, "M001", &why),
    }
}

/// Why something was not done, as the maker's pages say it.
pub(super) fn refused(status: StatusCode, code: &str, why: &str) -> Response {
    let said = json(&json!({ "stats": "error", "code": code, "msg": why }));
    (status, said).into_response()
}

pub(super) async fn blink(State(web): At, request: Request) -> Response {
    let from = peer(&request);
    let asked = fields(request.into_body()).await;
    let on = asked.and_then(|fields| {
        let on = fields.get("blink").and_then(truth);
        on.ok_or_else(|| "`blink` must be true or false".to_owned())
    });
    let given = on.and_then(|on| {
        let order = Order::Locate { on };
        let command = web.shared.give(&web.shared.snapshot(), order)?;
        Ok((on, command))
    });
    match given {
        Ok((on, command)) => {
            tell(&web.shared, from, format!("blink {on}"));
            Expected::of(command).shown(&web.shared.published).await;
            json(&json!({ "code": if on { "B000" } else { "B100" } }))
        }
        Err(why) => refused(StatusCode::UNPROCESSABLE_ENTITY, "B001", &why),
    }
}

pub(super) async fn reboot(State(web): At, request: Request) -> Response {
    if !(web.shared.legacy.restart)(Restart::Machine) {
        let why = "this miner cannot start itself anew\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    tell(&web.shared, peer(&request), "reboot".to_owned());
    json(&json!({ "stats": "success", "code": "R000", "msg": "OK!" }))
}

fn tell(shared: &Arc<Shared>, from: Option<IpAddr>, what: String) {
    shared.tell(from, "web", &what);
}

/// The body's fields, whatever type it is said to have.
async fn fields(body: Body) -> Result<Map<String, Value>, String> {
    let bytes = body::to_bytes(body, BODY_MAX).await;
    let bytes = bytes.map_err(|_| format!("a body has at most {BODY_MAX} bytes"))?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err("the body must be a JSON object".to_owned()),
    }
}

/// Everything that a body asks for, checked.
struct Changes {
    pools: Vec<PoolOrder>,
    sleep: Option<bool>,
    fans: Option<Order>,
}

async fn configure(
    shared: &Arc<Shared>,
    from: Option<IpAddr>,
    fields: &Map<String, Value>,
) -> Result<(), String> {
    let s = shared.snapshot();
    let changes = Changes::read(shared, &s, fields)?;
    let mut expected = Expected::of_pools(&s, &changes.pools);
    for order in changes.pools {
        let shown = order.shown().to_string();
        shared.give_pools(&s, order)?;
        tell(shared, from, shown);
    }
    if let Some(order) = changes.fans {
        expected.and(shared.give(&s, order)?);
        tell(shared, from, format!("{order:?}"));
    }
    if let Some(sleep) = changes.sleep
        && let Some(command) = shared.set_sleep(&s, sleep)?
    {
        expected.and(command);
        tell(shared, from, format!("sleep {sleep}"));
    }
    let shown = expected.shown(&shared.published).await;
    shown.map(drop).ok_or_else(not_shown)
}

impl Changes {
    fn read(shared: &Shared, s: &Snapshot, fields: &Map<String, Value>) -> Result<Self, String> {
        let pools = match fields.get("pools") {
            None | Some(Value::Null) => Vec::new(),
            Some(pools) => plan(&s.pools, &wanted(pools)?),
        };
        check_room(&pools, s.pools.len()).map_err(|refused| refused.detail)?;
        for order in &pools {
            shared.check_pool(s, order)?;
        }
        let sleep = match text(fields, "miner-mode").as_deref() {
            None | Some("") => None,
            Some("0") => Some(false),
            Some("1") => Some(true),
            Some(_) => return Err("`miner-mode` must be 0 (normal) or 1 (sleep)".to_owned()),
        };
        same(fields, "freq-level", "100")?;
        same(fields, "bitmain-freq", &system::frequency(s))?;
        same(fields, "bitmain-voltage", "")?;
        let fans = fans(s, fields)?;
        if let Some(order) = fans {
            order
                .check(s.settings.as_ref())
                .map_err(|why| why.to_string())?;
        }
        Ok(Changes { pools, sleep, fans })
    }
}

/// What cannot be set here may only be sent back as it was.
fn same(fields: &Map<String, Value>, name: &str, is: &str) -> Result<(), String> {
    match text(fields, name) {
        Some(asked) if !asked.is_empty() && asked != is => {
            Err(format!("`{name}` cannot be set through this interface"))
        }
        _ => Ok(()),
    }
}

fn fans(s: &Snapshot, fields: &Map<String, Value>) -> Result<Option<Order>, String> {
    let order = |mode, duty_percent| Some(Order::Fans { mode, duty_percent });
    let (is_manual, is_duty) = system::fans(s);
    let Some(manual) = fields.get("bitmain-fan-ctrl") else {
        return Ok(None);
    };
    match truth(manual) {
        None => Err("`bitmain-fan-ctrl` must be true or false".to_owned()),
        Some(false) if is_manual => Ok(order(FanMode::Auto, None)),
        Some(false) => Ok(None),
        Some(true) => {
            // Some clients misspell the one that they mean.
            let said = text(fields, "bitmain-fan-pwn").or_else(|| text(fields, "bitmain-fan-pwm"));
            let asked = said.unwrap_or_else(|| is_duty.clone());
            let duty = asked.trim().parse::<f64>().ok().filter(|d| d.is_finite());
            let duty = duty.ok_or("`bitmain-fan-pwm` must be a number of percent")?;
            let unchanged = is_manual && asked == is_duty;
            Ok(order(FanMode::Manual, Some(duty)).filter(|_| !unchanged))
        }
    }
}

fn wanted(pools: &Value) -> Result<Vec<Wanted>, String> {
    let list = pools.as_array().ok_or("`pools` must be a list")?;
    if list.len() > SHOWN {
        return Err(format!("`pools` must be a list of {SHOWN}"));
    }
    let mut all = Vec::new();
    for pool in list {
        let of = |name| match pool.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(_) => Err(format!("`{name}` of a pool must be text")),
        };
        all.push(Wanted {
            url: of("url")?,
            user: of("user")?,
            password: of("pass")?,
        });
    }
    match all.iter().all(|pool| pool.url.is_empty()) {
        true => Err("`pools` has no pool".to_owned()),
        false => Ok(all),
    }
}

/// Text or a number, as text.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Some send the word.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
