//! `GET /api/v1/stream`: snapshots, faults as they come and go, and the log, as server-sent events.
//!
//! Nothing is queued for a reader. A stream looks four times a second at what was published and says what
//! is new since its last word; while its connection takes nothing it does not look. So a slow reader
//! misses snapshots, gets the log later or, where that has gone on too far, without what fell off it,
//! and costs one event of memory.
//!
//! A stream ends with the login under which it began, with the server, and with its reader.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::{Deserialize, Serialize};
use telemetry::{Code, Fault, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::access::rules::{Asker, Need};
use crate::access::{Scope, hex};
use crate::admit::{Flow, Pass};
use crate::answers::{Begun, FaultsChanged, Gone, Log, shown};
use crate::gate::Gate;
use crate::published::Published;
use crate::refusal::Refusal;
use crate::routes::{Shared, bad_request};

/// Streams at a time, of all listeners together: half of the connections of one. A browser that
/// looks takes one, and so does a fleet's collector.
const STREAMS_MAX: usize = 16;
/// Between two looks: snapshots are made as often.
const LOOK: Duration = Duration::from_millis(250);
/// Between two snapshots of a stream.
const EVERY_MIN_S: f64 = 0.25;
const EVERY_MAX_S: f64 = 60.0;
/// After so long without a word comes an empty one: a third of what closes an idle connection.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Between two looks at who may.
const PASS: Duration = Duration::from_secs(1);
/// Notes in one event. More follow at once, as fast as they are taken.
const NOTES_MAX: usize = 64;
/// What a browser waits before it comes again.
const RETRY_MS: u32 = 2000;

/// What streams share.
#[derive(Clone)]
pub(crate) struct Live {
    /// Tells this process' notes from another's: their numbers begin anew.
    run: Arc<str>,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

impl Live {
    pub(crate) fn new(gate: &Gate, stopped: watch::Receiver<bool>) -> Live {
        // Without chance a reader that comes back to another process may miss notes, and no more.
        let run = gate.core().draw::<4>().unwrap_or_default();
        Live {
            run: hex(&run).into(),
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
            stopped,
        }
    }
}

#[cfg(test)]
impl Default for Live {
    fn default() -> Live {
        Live {
            run: "00000000".into(),
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
            stopped: watch::channel(false).1,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(default)]
    every_s: Option<f64>,
    #[serde(default)]
    chips: u8,
    #[serde(default = "one")]
    log: u8,
    /// As the header, for whoever cannot send one.
    #[serde(default)]
    last_event_id: Option<String>,
}

fn one() -> u8 {
    1
}

pub(crate) async fn stream(
    State(context): Shared,
    Extension(asker): Extension<Asker>,
    query: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(wanted) = query.map_err(|e| bad_request(e.body_text()))?;
    let every_s = wanted.every_s.unwrap_or(1.0);
    if !(EVERY_MIN_S..=EVERY_MAX_S).contains(&every_s) {
        let detail = format!("`every_s` is from {EVERY_MIN_S} to {EVERY_MAX_S}");
        return Err(bad_request(detail));
    }
    let live = &context.live;
    let Ok(place) = Arc::clone(&live.places).try_acquire_owned() else {
        return Ok(full());
    };
    let headers = request.headers();
    let pass = Pass::of(context.via, asker, headers);
    let may_log = context.gate.allows(pass.asker(), Need::Scope(Scope::Read));
    let feed = Feed {
        published: context.published.clone(),
        gate: context.gate.clone(),
        flow: Flow::of(&request),
        run: Arc::clone(&live.run),
        log: wanted.log != 0 && may_log.is_ok(),
        chips: wanted.chips != 0,
        every: Duration::from_secs_f64(every_s),
        serial: resumed(&live.run, headers, wanted.last_event_id.as_deref()),
        pass,
        looks: looks(),
        stopped: until(live.stopped.clone()),
        at: At::Opening,
        more: false,
        _place: place,
    };
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::new(feed)).into_response())
}

/// None is left. The connection is one that others need.
fn full() -> Response {
    let detail = format!("{STREAMS_MAX} are open");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let refusal = Refusal::new(status, Code::ApiStreams, detail);
    let refusal = refusal.retry_after(units::Duration::from_secs(10));
    let mut response = refusal.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// The number of the note after which a reader goes on: 0 where it has none of this process.
fn resumed(run: &str, headers: &HeaderMap, asked: Option<&str>) -> u64 {
    let header = headers.get("last-event-id");
    let header = header.and_then(|id| id.to_str().ok());
    let after = header
        .or(asked)
        .and_then(|id| id.strip_prefix(run)?.strip_prefix('-'));
    after.and_then(|serial| serial.parse().ok()).unwrap_or(0)
}

fn looks() -> Interval {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

fn until(mut stopped: watch::Receiver<bool>) -> Until {
    Box::pin(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    })
}

/// One stream.
struct Feed {
    published: Published,
    gate: Gate,
    pass: Pass,
    flow: Flow,
    run: Arc<str>,
    log: bool,
    chips: bool,
    every: Duration,
    /// Number of the last note that was said.
    serial: u64,
    looks: Interval,
    stopped: Until,
    at: At,
    /// There are more notes: do not wait for the next look.
    more: bool,
    _place: OwnedSemaphorePermit,
}

/// Where a stream is.
enum At {
    /// Nothing was said yet.
    Opening,
    Going(Going),
    Ended,
}

struct Going {
    /// As of the last word about faults.
    seen: Arc<Snapshot>,
    /// Of the last snapshot that was said.
    seq: Option<u64>,
    next: Instant,
    spoke: Instant,
    passed: Instant,
}

impl HttpBody for Feed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let feed = self.get_mut();
        loop {
            if matches!(feed.at, At::Ended) {
                return Poll::Ready(None);
            }
            if feed.stopped.as_mut().poll(cx).is_ready() {
                feed.at = At::Ended;
                return Poll::Ready(None);
            }
            if !std::mem::take(&mut feed.more) {
                ready!(feed.looks.poll_tick(cx));
            }
            if feed.flow.is_stuck() {
                continue;
            }
            let words = feed.look(Instant::now());
            if !words.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(words.into()))));
            }
        }
    }
}

impl Feed {
    /// What there is to say now; often nothing.
    fn look(&mut self, now: Instant) -> String {
        let mut words = String::new();
        let snapshot = self.published.snapshot();
        let mut going = match std::mem::replace(&mut self.at, At::Ended) {
            At::Ended => return words,
            At::Going(going) => going,
            At::Opening => {
                words = format!("retry: {RETRY_MS}\n\n");
                let opened = Begun {
                    run: &self.run,
                    every_s: self.every.as_secs_f64(),
                    log: self.log,
                };
                say(&mut words, "begin", None, &opened);
                Going {
                    seen: Arc::clone(&snapshot),
                    seq: None,
                    next: now,
                    spoke: now,
                    passed: now,
                }
            }
        };
        if now.duration_since(going.passed) >= PASS {
            if let Err(refusal) = self.pass.holds(&self.gate, Need::Status) {
                say(&mut words, "end", None, &refusal.problem());
                return words;
            }
            going.passed = now;
        }
        if let Some(changed) = changed(&going.seen.faults, &snapshot) {
            say(&mut words, "faults", None, &changed);
        }
        going.seen = Arc::clone(&snapshot);
        // Half a look early is on time: looks are never on the dot.
        if going.next <= now + LOOK / 2 && Some(snapshot.seq) != going.seq {
            say(&mut words, "snapshot", None, &shown(&snapshot, self.chips));
            going.seq = Some(snapshot.seq);
            going.next = (going.next + self.every).max(now);
        }
        if self.log {
            self.say_notes(&mut words);
        }
        if words.is_empty() && now.duration_since(going.spoke) >= HEARTBEAT {
            words.push_str(":\n\n");
        }
        if !words.is_empty() {
            going.spoke = now;
        }
        self.at = At::Going(going);
        words
    }

    fn say_notes(&mut self, words: &mut String) {
        let (notes, last) = self.published.first_notes_after(self.serial, NOTES_MAX);
        self.serial = last;
        if notes.is_empty() {
            return;
        }
        self.more = notes.len() == NOTES_MAX;
        let id = format!("{}-{last}", self.run);
        say(words, "notes", Some(&id), &Log::of(notes, last));
    }
}

/// What changed since these faults; one with the same code and place is the same.
fn changed<'a>(before: &'a [Fault], now: &'a Snapshot) -> Option<FaultsChanged<'a>> {
    let among = |fault: &Fault, all: &[Fault]| {
        let same = |other: &Fault| other.code == fault.code && other.place == fault.place;
        all.iter().any(same)
    };
    let came: Vec<_> = now.faults.iter().filter(|f| !among(f, before)).collect();
    let gone = before.iter().filter(|f| !among(f, &now.faults));
    let gone: Vec<_> = gone
        .map(|fault| Gone {
            code: fault.code,
            place: &fault.place,
        })
        .collect();
    let any = !came.is_empty() || !gone.is_empty();
    let seq = now.seq;
    any.then_some(FaultsChanged { seq, came, gone })
}

/// One event. JSON has no line breaks, and nothing else stands in its line.
fn say(words: &mut String, name: &str, id: Option<&str>, what: &impl Serialize) {
    let Ok(data) = serde_json::to_string(what) else {
        return;
    };
    if let Some(id) = id {
        words.push_str(&format!("id: {id}\n"));
    }
    words.push_str(&format!("event: {name}\ndata: {data}\n\n"));
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
