//! What an owner begins with and allows beside password and tokens: first pools, tests of pools,
//! old clients' login, and the fault of a file that cannot be read.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::{
    Host, Kept, Legacy, Listen, PoolOrder, PoolRefused, Published, Reached, Tried, start_with_pools,
};
use fixture::server::*;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use telemetry::Code;

mod fixture;

/// Far beyond what anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A real machine, what it was ordered, and how often it tried a pool.
struct Scene {
    server: Server,
    ordered: Arc<Mutex<Vec<PoolOrder>>>,
    told: Told,
}

/// What a test of a pool does before it ends.
type Tries = Box<dyn Fn() + Send + Sync>;

fn at_once() -> Option<Tries> {
    Some(Box::new(|| ()))
}

fn scene(found: Result<Kept, String>, tries: Option<Tries>) -> Scene {
    let told = Told::default();
    let ordered: Arc<Mutex<Vec<_>>> = Arc::default();
    let takes = Arc::clone(&ordered);
    let published = Published::new(real(), 3);
    let refuse_bad = |order: &PoolOrder| match order {
        PoolOrder::Add { url, .. } if url.contains("bad") => Err(PoolRefused {
            code: Code::PoolAddress,
            detail: "no address".into(),
        }),
        _ => Ok(()),
    };
    let listen = Listen {
        legacy: Legacy {
            check_pool: Arc::new(refuse_bad),
            host: Arc::new(|| Host {
                name: Some("ctrl-1".into()),
                addresses: vec!["192.0.2.7".into()],
                ..Host::default()
            }),
            ..Legacy::default()
        },
        try_pool: tries.map(|takes| -> api::TryPool {
            Arc::new(move |order| {
                takes();
                let refused = matches!(&order, PoolOrder::Add { user, .. } if user == "nobody");
                Ok(Tried {
                    reached: if refused {
                        Reached::Protected
                    } else {
                        Reached::Authorized
                    },
                    why: refused.then(|| PoolRefused {
                        code: Code::PoolRefusedUser,
                        detail: "unknown user".into(),
                    }),
                    seen: None,
                })
            })
        }),
        ..loopback()
    };
    let handle = start_with_pools(
        listen,
        published.clone(),
        gate(found, &told),
        Arc::new(|_| true),
        Arc::new(move |order| {
            takes.lock().expect("whole").push(order);
            Ok(())
        }),
    );
    let server = Server {
        handle: handle.expect("a free port"),
        published,
        commands: Arc::default(),
    };
    Scene {
        server,
        ordered,
        told,
    }
}

impl Scene {
    fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let headers = format!("{token}{JSON}");
        self.server.ask("POST", path, &headers, &body.to_string())
    }

    fn changes(&self) -> String {
        format!("{:?}", self.told.changes.lock().expect("whole"))
    }
}

fn pool(url: &str) -> Value {
    json!({ "url": url, "user": "a.w", "password": "hunter2" })
}

#[test]
fn set_up_may_name_pools_which_are_checked_first_and_come_first() {
    let scene = scene(Ok(Kept::default()), None);
    let claim = |pools: Value| {
        let body = json!({ "password": PASSWORD, "name": "rig-7", "pools": pools });
        scene.post("/api/v1/claim", "", &body)
    };
    let bad = claim(json!([pool("stratum+tcp://a:1"), pool("bad")]));
    assert_eq!((bad.status, bad.code().as_str()), (422, "E-POOL-ADDRESS"));
    let many = claim(json!([pool("a"), pool("b"), pool("c"), pool("d")]));
    assert_eq!(many.code(), "E-API-REQUEST");
    assert!(scene.ordered.lock().expect("whole").is_empty());
    assert_eq!(
        scene.server.get("/api/v1/session").json()["machine"],
        "unclaimed"
    );
    let good = claim(json!([
        pool("stratum+tcp://a:1"),
        pool("stratum+tcp://b:1")
    ]));
    assert_eq!(good.status, 200, "{}", good.body);
    let ordered = scene.ordered.lock().expect("whole").clone();
    let places: Vec<_> = ordered
        .iter()
        .map(|order| match order {
            PoolOrder::Add { url, place, .. } => (url.as_str(), *place),
            _ => panic!("another order"),
        })
        .collect();
    assert_eq!(
        places,
        [
            ("stratum+tcp://a:1", Some(0)),
            ("stratum+tcp://b:1", Some(1))
        ]
    );
    assert!(!scene.changes().contains("hunter2"));
    let late = claim(json!([pool("stratum+tcp://c:1")]));
    assert_eq!(
        (late.status, scene.ordered.lock().expect("whole").len()),
        (409, 2)
    );
}

const TEST: &str = "/api/v1/pools/test";

#[test]
fn a_pool_is_tried_for_whoever_may_add_it() {
    let scene = scene(Kept::parse(CLAIMED), at_once());
    let body = pool("stratum+tcp://a:1");
    assert_eq!(scene.post(TEST, "", &body).code(), "E-ACCESS-LOGIN");
    assert_eq!(
        scene.post(TEST, &bearer("33"), &body).code(),
        "E-ACCESS-SCOPE"
    );
    assert_eq!(
        scene.post(TEST, &bearer("22"), &pool("bad")).code(),
        "E-POOL-ADDRESS"
    );
    // Once in a while: two seconds, in which a computer may let nobody run.
    let tried = wait_for("two in a row", || {
        let tried = scene.post(TEST, &bearer("22"), &body);
        let soon = scene.post(TEST, &bearer("22"), &body);
        let refused = (soon.status, soon.header("retry-after")) == (429, Some("2"));
        (tried.status == 200 && refused).then(|| tried.json())
    });
    assert_eq!(
        (&tried["ok"], &tried["reached"]),
        (&true.into(), &"authorized".into())
    );
    assert_eq!(
        (&tried["code"], &tried["detail"]),
        (&Value::Null, &Value::Null)
    );
    std::thread::sleep(Duration::from_millis(2100));
    let refused = json!({ "url": "node+http://u:hunter2@a:1", "user": "nobody" });
    let tried = scene.post(TEST, &bearer("22"), &refused).json();
    assert_eq!(
        (&tried["ok"], &tried["reached"]),
        (&false.into(), &"protected".into())
    );
    assert_eq!(
        (&tried["code"], &tried["detail"]),
        (&"E-POOL-AUTH".into(), &"unknown user".into())
    );
    assert!(
        tried["remedy"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert!(
        scene.ordered.lock().expect("whole").is_empty(),
        "nothing was added"
    );
    let changes = scene.changes();
    assert!(
        changes.contains("node+http://a:1: protected") && !changes.contains("hunter2"),
        "{changes}"
    );
}

#[test]
fn while_a_pool_is_tried_others_wait_and_all_else_answers() {
    let (begun, begins) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let takes: Tries = Box::new(move || {
        begun.send(()).expect("somebody waits");
        let ended = ended.lock().expect("not poisoned");
        ended.recv_timeout(PATIENCE).expect("it is told to end");
    });
    let scene = scene(Kept::parse(CLAIMED), Some(takes));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| scene.post(TEST, &bearer("22"), &pool("a")));
        begins.recv_timeout(PATIENCE).expect("it begins");
        assert_eq!(
            scene.post(TEST, &bearer("22"), &pool("a")).code(),
            "E-API-BUSY"
        );
        assert_eq!(
            scene
                .server
                .ask("GET", "/api/v1/status", &ours(), "")
                .status,
            200
        );
        // It waited for none of these.
        end.send(()).expect("it still goes on");
        assert_eq!(first.join().expect("no panic").status, 200);
    });
    let without = self::scene(Kept::parse(CLAIMED), None);
    let fixed = without.post(TEST, &bearer("22"), &pool("a"));
    assert_eq!(fixed.code(), "E-API-FORBIDDEN");
}

const LEGACY: &str = "/api/v1/access/legacy";

#[test]
fn old_clients_have_a_login_once_it_was_allowed_which_is_shown_once() {
    let scene = scene(Kept::parse(CLAIMED), None);
    let set = |body: Value| scene.post(LEGACY, &ours(), &body);
    let page = || scene.server.get("/cgi-bin/get_system_info.cgi").status;
    assert_eq!(page(), 404, "there is no such interface");
    assert_eq!(
        scene
            .post(LEGACY, &bearer("22"), &json!({ "allow": "read" }))
            .code(),
        "E-ACCESS-SCOPE"
    );
    let on = set(json!({ "allow": "read" })).json();
    let password = on["password"].as_str().expect("made").to_owned();
    assert_eq!((on["user"].as_str(), password.len()), (Some("root"), 20));
    assert_eq!(page(), 401, "now it asks for its login");
    let again = set(json!({ "allow": "write" })).json();
    assert_eq!(
        (&again["allow"], &again["password"]),
        (&"write".into(), &Value::Null)
    );
    let seen = scene.server.ask("GET", LEGACY, &ours(), "").json();
    assert_eq!(seen, again);
    let renewed = set(json!({ "allow": "read", "renew": true })).json();
    assert_ne!(renewed["password"], on["password"]);
    let kept = scene
        .told
        .kept
        .lock()
        .expect("whole")
        .clone()
        .expect("written");
    let kept_and_told = kept.text() + &scene.changes();
    for secret in [&on["password"], &renewed["password"]] {
        assert!(!kept_and_told.contains(secret.as_str().expect("a text")));
    }
    assert!(scene.changes().contains("access of old clients"));
    assert_eq!(set(json!({ "allow": "off" })).json()["allow"], "off");
    assert_eq!(page(), 404);
    assert_eq!(set(json!({ "allow": "all" })).code(), "E-API-REQUEST");
    assert_eq!(
        scene.post(LEGACY, "", &json!({ "allow": "read" })).code(),
        "E-ACCESS-LOGIN"
    );
}

#[test]
fn a_login_that_was_allowed_answers_the_makers_challenge() {
    let scene = scene(Kept::parse(CLAIMED), None);
    let on = scene
        .post(LEGACY, &ours(), &json!({ "allow": "read" }))
        .json();
    let password = on["password"].as_str().expect("made");
    let path = "/cgi-bin/get_system_info.cgi";
    let with = |password: &str| {
        let challenge = scene.server.get(path);
        let nonce = challenge.head.split("nonce=\"").nth(1);
        let nonce = nonce.and_then(|rest| rest.split('"').next());
        let header = answer(nonce.expect("a nonce"), password, path);
        scene.server.ask("GET", path, &header, "").status
    };
    assert_eq!(with(password), 200);
    assert_eq!(with("abcdefghijkmnpqrstuv"), 401);
}

/// HTTP digest (RFC 7616), as clients of Antminers send it.
fn answer(nonce: &str, password: &str, path: &str) -> String {
    let md5 = |text: String| {
        let bytes = Md5::digest(text.as_bytes());
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.concat()
    };
    let realm = "antMiner Configuration";
    let secret = md5(format!("root:{realm}:{password}"));
    let asked = md5(format!("GET:{path}"));
    let response = md5(format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
    format!(
        "Authorization: Digest username=\"root\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"{path}\", response=\"{response}\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"
    )
}

#[test]
fn a_file_of_access_that_cannot_be_read_is_a_fault_in_every_snapshot_until_it_is_reset() {
    let told = Told::default();
    let gate = gate(Err("half a file".into()), &told);
    let published = Published::new(real(), 3);
    let faults = gate.clone();
    published.list_faults(move || faults.fault().into_iter().collect());
    published.publish(Arc::new(real()));
    let own = real().faults.len();
    let snapshot = published.snapshot();
    let fault = snapshot.faults.last().expect("one");
    assert_eq!(
        (snapshot.faults.len(), fault.code),
        (own + 1, Code::AccessFile)
    );
    assert!(fault.detail.contains("half a file") && !fault.remedy.is_empty());
    gate.reset_by_button();
    wait_for("no fault", || gate.fault().is_none().then_some(()));
    published.publish(Arc::new(real()));
    assert_eq!(published.snapshot().faults.len(), own);
}

#[test]
fn the_network_is_told_to_whoever_may_look() {
    let scene = scene(Kept::parse(CLAIMED), None);
    assert_eq!(scene.server.get("/api/v1/network").status, 401);
    let told = scene
        .server
        .ask("GET", "/api/v1/network", &bearer("33"), "")
        .json();
    assert_eq!(told["host_name"], "ctrl-1");
    assert_eq!(told["addresses"], json!(["192.0.2.7"]));
    assert_eq!(told["gateway"], Value::Null);
}
