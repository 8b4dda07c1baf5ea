use serde_json::Value;

use super::*;
use crate::legacy::fixture;
use crate::legacy::fixture::server::claimed;

/// A feed of whoever is on this machine, and what it sees.
struct Scene {
    feed: Feed,
    published: Published,
    begun: Instant,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new(log_capacity: usize, change: impl FnOnce(&mut Feed)) -> Scene {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.expect("a runtime");
        let inside = runtime.enter();
        let published = Published::new(fixture::snapshot(), log_capacity);
        let live = Live::default();
        let asker = Asker {
            door: crate::access::rules::Door::Local,
            who: crate::access::rules::Who::Local,
            address: None,
        };
        let place = Arc::clone(&live.places).try_acquire_owned();
        let mut feed = Feed {
            published: published.clone(),
            gate: claimed(),
            pass: Pass::of(crate::admit::Via::Local, asker, &HeaderMap::new()),
            flow: Flow::default(),
            run: Arc::clone(&live.run),
            log: true,
            chips: false,
            every: Duration::from_secs(1),
            serial: 0,
            looks: looks(),
            // The other side of `Live::default` is gone: this one never comes.
            stopped: Box::pin(std::future::pending()),
            at: At::Opening,
            more: false,
            _place: place.expect("a place"),
        };
        change(&mut feed);
        drop(inside);
        Scene {
            feed,
            published,
            begun: Instant::now(),
            runtime,
        }
    }

    fn publish(&self, seq: u64, change: impl FnOnce(&mut Snapshot)) {
        let mut next = fixture::snapshot();
        next.seq = seq;
        change(&mut next);
        self.published.publish(Arc::new(next));
    }

    /// What is said so long after the beginning: names of events with their data.
    fn at(&mut self, ms: u64) -> Vec<(String, Value)> {
        let words = self.feed.look(self.begun + Duration::from_millis(ms));
        events(&words)
    }

    /// The same, by names alone.
    fn check(&mut self, ms: u64, expected: &[&str]) {
        let said: Vec<_> = self.at(ms).into_iter().map(|(name, _)| name).collect();
        assert_eq!(said, expected, "after {ms} ms");
    }
}

fn events(words: &str) -> Vec<(String, Value)> {
    let mut lines = words.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line == ":" {
            found.push(("heartbeat".to_owned(), Value::Null));
        }
        let Some(name) = line.strip_prefix("event: ") else {
            continue;
        };
        let data = lines.next().and_then(|line| line.strip_prefix("data: "));
        let data = serde_json::from_str(data.expect("data")).expect("JSON");
        found.push((name.to_owned(), data));
    }
    found
}

#[test]
fn a_stream_says_what_is_new_and_nothing_twice() {
    let mut scene = Scene::new(10, |_| ());
    scene.check(0, &["begin", "snapshot"]);
    scene.check(250, &[]);
    scene.publish(13, |_| ());
    scene.check(500, &[]);
    scene.publish(14, |_| ());
    let said = scene.at(1000);
    assert_eq!(
        (said[0].0.as_str(), &said[0].1["seq"]),
        ("snapshot", &14.into())
    );
    scene.check(2000, &[]);
    // The engine stands still: nobody is told that it does not.
    scene.check(10_000, &[]);
    scene.check(11_000, &["heartbeat"]);
    scene.publish(15, |_| ());
    scene.check(11_250, &["snapshot"]);
    scene.check(21_250, &["heartbeat"]);
}

#[test]
fn snapshots_come_as_often_as_asked_whatever_the_clock_does_to_a_look() {
    let mut scene = Scene::new(1, |feed| feed.log = false);
    scene.check(0, &["begin", "snapshot"]);
    let mut said = 0;
    for look in 1..=400u64 {
        scene.publish(12 + look, |_| ());
        // A look is up to 7 ms late or early.
        said += scene.at(look * 250 + look % 8).len();
    }
    assert_eq!(said, 100);
}

#[test]
fn faults_are_told_when_they_come_and_when_they_go() {
    let mut scene = Scene::new(1, |_| ());
    scene.check(0, &["begin", "snapshot"]);
    scene.publish(13, |s| {
        let other = s.faults[0].clone();
        s.faults[0].detail = "other words, the same fault".to_owned();
        let place = "chain 1".to_owned();
        s.faults.push(Fault { place, ..other });
    });
    let said = scene.at(250);
    assert_eq!(said.len(), 1);
    let (name, faults) = &said[0];
    assert_eq!((name.as_str(), &faults["seq"]), ("faults", &13.into()));
    assert_eq!(faults["came"][0]["place"], "chain 1");
    assert_ne!(faults["came"][0]["remedy"], "");
    assert_eq!(faults["came"].as_array().map(Vec::len), Some(1));
    assert_eq!(faults["gone"].as_array().map(Vec::len), Some(0));
    scene.publish(14, |s| s.faults.clear());
    let (_, faults) = &scene.at(500)[0];
    let gone: Vec<_> = faults["gone"].as_array().into_iter().flatten().collect();
    assert_eq!(gone.len(), 2);
    assert_eq!(gone[0]["code"], "E-CHAIN-CHIPS");
    scene.check(750, &[]);
}

#[test]
fn the_log_comes_in_parts_and_goes_on_where_a_reader_left_off() {
    let mut scene = Scene::new(1000, |_| ());
    for _ in 0..30 {
        let notes = fixture::notes().into_iter();
        notes.for_each(|note| scene.published.note(note));
    }
    let said = scene.at(0);
    let names: Vec<_> = said.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["begin", "snapshot", "notes"]);
    assert_eq!(said[2].1["last"], 64);
    assert_ne!(said[2].1["notes"][0]["meaning"], "");
    assert!(scene.feed.more, "the rest does not wait");
    assert_eq!(scene.at(0)[0].1["last"], 128);
    assert_eq!(scene.at(0)[0].1["last"], 150);
    scene.check(0, &[]);
    let mut words = String::new();
    scene.feed.serial = 149;
    scene.feed.say_notes(&mut words);
    assert!(
        words.starts_with("id: 00000000-150\nevent: notes\n"),
        "{words}"
    );
}

#[test]
fn a_reader_of_another_process_begins_anew() {
    let mut headers = HeaderMap::new();
    let check = |headers: &HeaderMap, asked, expected| {
        assert_eq!(
            resumed("0badcafe", headers, asked),
            expected,
            "{headers:?} {asked:?}"
        );
    };
    check(&headers, None, 0);
    check(&headers, Some("0badcafe-17"), 17);
    check(&headers, Some("deadbeef-17"), 0);
    for odd in [
        "",
        "17",
        "0badcafe",
        "0badcafe-",
        "0badcafe--1",
        "0badcafe-1e9",
        "0badcafe-99999999999999999999",
    ] {
        check(&headers, Some(odd), 0);
    }
    headers.insert("last-event-id", HeaderValue::from_static("0badcafe-18"));
    check(&headers, Some("0badcafe-17"), 18);
    headers.insert(
        "last-event-id",
        HeaderValue::from_bytes(b"0badcafe-\xff").expect("bytes"),
    );
    check(&headers, None, 0);
}

#[test]
fn a_connection_that_takes_nothing_is_not_written_for() {
    let scene = Scene::new(1, |feed| feed.every = Duration::from_millis(250));
    let flow = scene.feed.flow.clone();
    let published = scene.published.clone();
    let mut feed = Box::pin(scene.feed);
    scene.runtime.block_on(async move {
        let mut next = async || {
            let frame = std::future::poll_fn(|cx| feed.as_mut().poll_frame(cx));
            let frame = tokio::time::timeout(Duration::from_millis(800), frame).await;
            let frame = frame.ok().flatten().and_then(Result::ok);
            let bytes = frame.and_then(|frame| frame.into_data().ok());
            bytes.map(|bytes| events(std::str::from_utf8(&bytes).expect("text")))
        };
        assert_eq!(next().await.map(|said| said.len()), Some(2));
        flow.is_stuck_at(true);
        for seq in 13..20 {
            let mut snapshot = fixture::snapshot();
            snapshot.seq = seq;
            published.publish(Arc::new(snapshot));
        }
        assert_eq!(next().await, None, "three looks, and nothing was made");
        flow.is_stuck_at(false);
        let said = next().await.expect("something");
        assert_eq!(said[0].1["seq"], 19);
        assert_eq!(said.len(), 1);
    });
}
