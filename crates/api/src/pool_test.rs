//! `POST /api/v1/pools/test`: whether a pool would take us, before it is added.
//!
//! It makes the connection that the miner would make, so it reaches whatever the miner reaches.
//! Whoever may not add pools may not do this either; it is done once at a time, ends within its time,
//! and rests afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use telemetry::Code;
use tokio::sync::Semaphore;

use crate::access::rules::Asker;
use crate::owner::read;
use crate::pools::{PoolOrder, PoolRefused, without_login};
use crate::refusal::Refusal;
use crate::routes::{Shared, not_taken};

/// Between two tests. Policy: a person who tries addresses waits as long anyhow; whoever would
/// look for open ports with it looks at one each so long.
const REST: Duration = Duration::from_secs(2);

/// Makes the connection; takes an order that adds a pool. Called on a thread that may wait, and
/// must end by itself within a minute.
pub type TryPool = Arc<dyn Fn(PoolOrder) -> Result<Tried, PoolRefused> + Send + Sync>;

/// How far a connection to a pool came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Its name has no address, or nobody is there.
    Nothing,
    /// Somebody is there.
    Connected,
    /// What protects the connection stands, where its address asks for some.
    Protected,
    /// The pool took the login, or one's own node gave a template: it would give work.
    Authorized,
}

/// What became of a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// How far it came.
    pub reached: Reached,
    /// Why no further; `None` where it came as far as it can.
    pub why: Option<PoolRefused>,
    /// Where it came so far: what one's own node says of its chain.
    pub seen: Option<String>,
}

/// The answer.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PoolTest {
    /// The pool, or one's own node, would give work.
    ok: bool,
    /// How far it came.
    reached: Reached,
    /// Milliseconds that it took.
    took_ms: u64,
    /// Why no further.
    code: Option<Code>,
    /// The same in words; where one's own node would give work, its chain and height.
    detail: Option<String>,
    /// What to do.
    remedy: Option<&'static str>,
}

/// What is asked for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPoolTest {
    /// As in the configuration.
    url: String,
    /// Login.
    user: String,
    /// Password; `x` if it is not there.
    #[serde(default)]
    password: Option<String>,
}

/// One test at a time.
pub(crate) struct Tester {
    run: Option<TryPool>,
    free: Arc<Semaphore>,
    rests_until: Mutex<Option<Instant>>,
}

impl Tester {
    pub(crate) fn new(run: Option<TryPool>) -> Self {
        Tester {
            run,
            free: Arc::new(Semaphore::new(1)),
            rests_until: Mutex::default(),
        }
    }

    fn rest(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let rest = self.rests_until.lock();
        rest.unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn test(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Json<PoolTest>, Refusal> {
    let NewPoolTest {
        url,
        user,
        password,
    } = read(&body)?;
    let shown = without_login(&url);
    let order = PoolOrder::Add {
        url,
        user,
        password,
        group: None,
        place: None,
    };
    let tester = &context.tester;
    let Some(run) = tester.run.clone() else {
        let detail = "this miner tries no pools";
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            Code::ApiForbidden,
            detail,
        ));
    };
    // Nothing is added: it needs no share of the hashrate.
    let sound = order.check_texts();
    sound
        .and_then(|()| (context.check_pool)(&order))
        .map_err(not_taken)?;
    let free = Arc::clone(&tester.free).try_acquire_owned();
    let place = free.map_err(|_| later("another pool is being tried", REST))?;
    let began = Instant::now();
    let rest = tester
        .rest()
        .and_then(|until| until.checked_duration_since(began));
    if let Some(left) = rest.filter(|left| !left.is_zero()) {
        return Err(later("a pool was tried a moment ago", left));
    }
    // Whoever asked may go; the place is free once the connection is.
    let context_then = Arc::clone(&context);
    let tried = tokio::task::spawn_blocking(move || {
        let tried = run(order);
        *context_then.tester.rest() = Some(Instant::now() + REST);
        drop(place);
        tried
    });
    let lost = |_| later("the test did not come to its end", REST);
    let tried = tried.await.map_err(lost)?.map_err(not_taken)?;
    let took_ms = began.elapsed().as_millis();
    let after = format!("{shown}: {:?}", tried.reached).to_lowercase();
    context
        .gate
        .core()
        .told(&asker, "pool tried", None, Some(after));
    Ok(Json(PoolTest {
        ok: tried.why.is_none(),
        reached: tried.reached,
        took_ms: u64::try_from(took_ms).unwrap_or(u64::MAX),
        code: tried.why.as_ref().map(|why| why.code),
        remedy: tried.why.as_ref().map(|why| why.code.remedy()),
        detail: tried.why.map(|why| why.detail).or(tried.seen),
    }))
}

fn later(detail: &str, wait: Duration) -> Refusal {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::ApiBusy, detail).retry_after(wait)
}
