//! Whoever has no login, at every port of a daemon as it is run: what answers, what refuses, and that neither
//! tells or changes anything.
//!
//! The daemon's machine is a twin, and all of it is on loopback, where a twin is open to read. So the
//! stranger's requests say that a proxy passed them on, which makes them somebody's from elsewhere. The cgminer
//! socket and the side port know no such thing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use process::{Answer, OldPorts, PATIENCE, Site, Way, stannary, wait_for};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";
/// What is in the configuration and in no answer.
const POOL_PASSWORD: &str = "s3cr3t-of-the-pool";
const ELSEWHERE: &str = "X-Forwarded-For: 192.0.2.9\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB",
];
/// What the page is made of.
const PAGE: [&str; 6] = [
    "/",
    "/page.css",
    "/page.js",
    "/login.js",
    "/miner-words.es.json",
    "/miner-words.zh.json",
];
/// What a login begins with.
const OPEN: [&str; 4] = [
    "/api/v1/session",
    "/api/v1/claim",
    "/api/v1/login",
    "/api/v1/logout",
];
/// Paths at which there is nothing, or nothing for them.
const NOWHERE: [&str; 8] = [
    "/api/v1/new",
    "/api/v1/status/",
    "//api/v1/status",
    "/api/v2/status",
    "/api/v1/tokens/../status",
    "/cgi-bin/set_monitor_conf.cgi",
    "/cgi-bin/luci",
    "/etc/passwd",
];

/// Whose the machine is while it is walked through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Unclaimed,
    Claimed,
}

/// A daemon, and all of its ports.
struct Place {
    binary: PathBuf,
    site: Site,
    ways: Vec<Way>,
    old: Option<OldPorts>,
}

impl Place {
    /// What a stranger must not hear: credentials anywhere, and in a refusal nothing of how the machine is either.
    fn secrets(&self) -> Vec<String> {
        let made = self.old.as_ref().map(OldPorts::password);
        let words = [PASSWORD, POOL_PASSWORD].map(str::to_owned);
        words.into_iter().chain(made).collect()
    }

    fn state_words(&self) -> Vec<String> {
        // With its colon: the digits alone stand in a nonce of a challenge, or in a time, once in some runs.
        let pool = format!(":{}", self.site.pool.address().port());
        let words = [
            "account.worker",
            "hashrate",
            "accepted",
            "chips",
            "antminer-s9",
            "temp",
            "stn_",
        ];
        let words = words.map(str::to_owned).into_iter();
        words.chain([pool]).collect()
    }

    fn tells_nothing(&self, answer: &Answer, what: &str) {
        for word in self.secrets().iter().chain(&self.state_words()) {
            let said = answer.head.contains(word) || answer.body.contains(word);
            assert!(!said, "{what} says `{word}`: {answer:?}");
        }
    }

    /// All that somebody could change, as its owner sees it.
    fn kept(&self) -> Value {
        let ask = |args: &[&str]| self.site.order_json(&self.binary, args);
        let status = ask(&["status"]);
        let pools = status["pools"].as_array().expect("pools").iter();
        let pools: Vec<_> = pools
            .map(|p| json!([p["id"], p["url"], p["user"], p["enabled"], p["group"]]))
            .collect();
        json!({
            "settings": status["settings"],
            "locating": status["locating"],
            "machine": status["machine"],
            "pools": pools,
            "access": ask(&["access"]),
            "tokens": ask(&["access", "token", "list"]),
            "changes": self.changes().into_iter().filter(|change| !is_refused_login(change)).collect::<Vec<_>>(),
        })
    }

    /// Who changed what.
    fn changes(&self) -> Vec<Value> {
        let told = self.site.order_json(&self.binary, &["access", "audit"]);
        told["changes"].as_array().expect("a list").clone()
    }

    /// Every operation and path that the description has, as the machine serves it.
    fn described(&self) -> Vec<(String, Vec<String>)> {
        // This computer may read a twin.
        let document = self.ways[0].ask("GET", "/api/v1/openapi.json", "", "");
        let document: Value = serde_json::from_str(&document.body).expect("JSON");
        let paths = document["paths"].as_object().expect("paths").iter();
        let all: Vec<_> = paths
            .map(|(path, methods)| {
                let methods = methods.as_object().expect("methods").keys();
                let methods = methods.map(|method| method.to_uppercase()).collect();
                (path.replace("{name}", "eyes"), methods)
            })
            .collect();
        assert!(all.len() > 20, "{all:?}");
        all
    }
}

/// A login that failed is told to the owner, and is no change.
fn is_refused_login(change: &Value) -> bool {
    change["what"] == "login refused" && change["who"] == "nobody"
}

/// A request that would do something if it were let through.
fn body_for(path: &str, standing: Standing) -> Value {
    match path {
        "/api/v1/command" => json!({ "command": "pause" }),
        "/api/v1/pools" => json!({ "order": "disable", "pool": 0 }),
        "/api/v1/pools/test" => json!({ "url": "stratum+tcp://127.0.0.1:9", "user": "a" }),
        "/api/v1/restart" => json!({ "what": "miner" }),
        "/api/v1/password" => json!({ "current": "x", "new": "battery staple" }),
        "/api/v1/tokens" => json!({ "name": "mine", "scope": "admin" }),
        "/api/v1/access" => json!({ "status_open": true, "hosts": ["evil.example"] }),
        "/api/v1/access/legacy" => json!({ "allow": "write" }),
        // Whoever comes first owns an unclaimed machine, which is not what is walked through here.
        "/api/v1/claim" if standing == Standing::Claimed => json!({ "password": "battery staple" }),
        "/api/v1/login" => json!({ "password": "battery staple" }),
        _ => json!({}),
    }
}

/// What a stranger's request to one of our paths comes to.
fn expected(
    standing: Standing,
    method: &str,
    path: &str,
    served: bool,
) -> Vec<(u16, &'static str)> {
    let refused = match standing {
        Standing::Unclaimed => (403, "E-ACCESS-UNCLAIMED"),
        Standing::Claimed => (401, "E-ACCESS-LOGIN"),
    };
    let nobody_posts = (405, "E-API-METHOD");
    match (path, method) {
        (path, _) if !OPEN.contains(&path) && path != "/api/v1/command" => vec![refused],
        // To blink is for all while the machine is nobody's: what it is about is read first.
        ("/api/v1/command", "POST") => vec![refused],
        ("/api/v1/command", _) if standing == Standing::Claimed => vec![refused],
        (_, _) if !served => vec![nobody_posts],
        ("/api/v1/claim", _) if standing == Standing::Claimed => vec![(409, "E-ACCESS-CLAIMED")],
        ("/api/v1/claim", _) => vec![(400, "E-API-REQUEST")],
        // The second of the ports may be told to wait.
        ("/api/v1/login", _) if standing == Standing::Claimed => {
            vec![(401, "E-ACCESS-PASSWORD"), (429, "E-ACCESS-WAIT")]
        }
        ("/api/v1/login", _) => vec![refused],
        _ => vec![(200, "")],
    }
}

fn walk_our_paths(place: &Place, standing: Standing) {
    let described = place.described();
    let nowhere = NOWHERE.map(|path| (path.to_owned(), Vec::new()));
    for way in &place.ways {
        for (path, served) in described.iter().chain(&nowhere) {
            for method in METHODS {
                // HEAD is answered as GET, without a body.
                let as_get = if method == "HEAD" { "GET" } else { method };
                let served = served.iter().any(|one| one == as_get);
                let body = body_for(path, standing).to_string();
                let headers = format!("{ELSEWHERE}{JSON}");
                let answer = way.ask(method, path, &headers, &body);
                let what = format!("{way:?} {standing:?}: {method} {path}");
                let expected = expected(standing, method, path, served);
                let code = answer.code();
                let fits = expected.iter().any(|(status, named)| {
                    let said = ours(path) && method != "HEAD";
                    *status == answer.status && (!said || *named == code)
                });
                assert!(fits, "{what}: {answer:?} is none of {expected:?}");
                // The session says what the machine is called, which is no secret.
                match answer.status {
                    200 => {
                        let secrets = place.secrets();
                        let said = secrets.iter().find(|word| answer.body.contains(*word));
                        assert_eq!(said, None, "{what}");
                        assert!(!answer.body.contains("hashrate"), "{what}: {answer:?}");
                    }
                    _ => place.tells_nothing(&answer, &what),
                }
            }
        }
        for path in PAGE {
            let answer = way.ask("GET", path, ELSEWHERE, "");
            // A binary that was built without the page has a plain one, in English alone.
            let there = answer.status == 200 || (path.contains("words") && answer.status == 404);
            assert!(there, "{path}: {answer:?}");
            let secrets = place.secrets();
            let said = secrets.iter().find(|word| answer.body.contains(*word));
            assert_eq!(said, None, "{path}");
            let changed = way.ask("POST", path, &format!("{ELSEWHERE}{JSON}"), "{}");
            assert!((400..500).contains(&changed.status), "{path}: {changed:?}");
        }
        // Led here by a foreign name, even this computer gets nothing.
        let led = "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
        let mut line = way.send(led).expect("it listens");
        let mut said = Vec::new();
        let _ = line.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.starts_with("HTTP/1.1 403") && said.contains("E-API-HOST"),
            "{said}"
        );
    }
}

/// Refusals of these have a code; elsewhere JSON would mislead old clients.
fn ours(path: &str) -> bool {
    path.starts_with("/api/") || path == "/metrics"
}

/// Names between quotes in a table of the source, so that none is forgotten here.
fn names(source: &str, begin: &str, end: &str) -> Vec<String> {
    let table = source.split(begin).nth(1).expect("a table");
    let table = table.split(end).next().expect("its end");
    let names = table.split('"').skip(1).step_by(2).map(str::to_owned);
    let names: Vec<_> = names.collect();
    assert!(!names.is_empty());
    names
}

fn cgi_pages() -> Vec<String> {
    let source = include_str!("../../../crates/api/src/legacy/web/mod.rs");
    let mut pages = names(source, "const PAGES:", "];");
    // Those that are known and not offered, each with its reason behind it.
    pages.extend(names(source, "const ABSENT:", "];").into_iter().step_by(2));
    for page in ["stats", "set_miner_conf", "passwd", "reset_conf"] {
        assert!(pages.iter().any(|known| known == page), "{pages:?}");
    }
    assert!(pages.len() >= 19, "{pages:?}");
    pages
}

/// The maker's pages: with a login of their own where the owner allowed one, else there are none.
fn walk_cgi(place: &Place) {
    let allowed = place.old.is_some();
    let secrets = place.secrets();
    for way in &place.ways {
        for page in cgi_pages() {
            let path = format!("/cgi-bin/{page}.cgi");
            for method in METHODS {
                let body = json!({ "blink": true, "bitmain-work-mode": "1", "miner-mode": 1 });
                let headers = format!("{ELSEWHERE}{JSON}");
                let answer = way.ask(method, &path, &headers, &body.to_string());
                let expected = if allowed { 401 } else { 404 };
                let what = format!("{method} {path}");
                assert_eq!(answer.status, expected, "{what}: {answer:?}");
                place.tells_nothing(&answer, &what);
                let challenge = answer.head.contains("www-authenticate: digest");
                assert_eq!(challenge, allowed, "{what}: {answer:?}");
                // A login that is none.
                let wrong = format!("{headers}Authorization: Basic cm9vdDpyb290\r\n");
                let answer = way.ask(method, &path, &wrong, &body.to_string());
                assert_eq!(answer.status, expected, "{what}: {answer:?}");
                place.tells_nothing(&answer, &what);
            }
            // This computer reads a twin, and changes nothing.
            let here = way.ask("POST", &path, JSON, r#"{"blink":true}"#);
            assert!(here.status >= 400, "POST {path}: {here:?}");
            let said = secrets.iter().find(|word| here.body.contains(*word));
            assert_eq!(said, None, "{path}");
        }
    }
}

/// Commands of the socket by what the table makes of them: reading, and all others.
fn commands() -> [Vec<String>; 2] {
    let source = include_str!("../../../crates/api/src/legacy/socket/commands.rs");
    let (mut reading, mut others) = (Vec::new(), Vec::new());
    for line in source.lines().map(str::trim) {
        let named = |call: &str| Some(line.strip_prefix(call)?.split('"').next()?.to_owned());
        reading.extend(named("reads(\""));
        match line.contains("Does::Write") || line.contains("Does::Never") {
            true => others.extend(named("other(\"")),
            false => reading.extend(named("other(\"")),
        }
    }
    assert!(
        reading.len() >= 16 && others.len() >= 21,
        "{reading:?} {others:?}"
    );
    [reading, others]
}

/// One request to the socket, and all that comes.
fn say(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("set");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

/// The owner allowed reading.
fn walk_the_socket(place: &Place, old: &OldPorts) {
    let [reading, others] = commands();
    let secrets = place.secrets();
    let clean = |what: &str, said: &str| {
        let found = secrets.iter().find(|word| said.contains(*word));
        assert_eq!(found, None, "{what}: {said}");
        assert!(!said.contains("stn_"), "{what}: {said}");
    };
    let status = |said: &str| -> (String, u64) {
        let json = said.trim_end_matches('\0');
        let reply: Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("{said}"));
        let of = &reply["STATUS"][0];
        let kind = of["STATUS"].as_str().unwrap_or_default().to_owned();
        (kind, of["Code"].as_u64().unwrap_or_default())
    };
    let parameters = [
        "0",
        "stratum+tcp://127.0.0.1:9,thief,x",
        "0,1",
        "miner-mode,1",
    ];
    for name in &reading {
        let request = json!({ "command": name, "parameter": "0" }).to_string();
        let said = say(old.socket, &request);
        clean(name, &said);
        let (kind, code) = status(&said);
        // There is no chain 0 on each machine, which is no refusal of whoever asks.
        assert!(
            kind == "S" || (name == "asc" && code != 45),
            "{name}: {said}"
        );
        let checked = json!({ "command": "check", "parameter": name }).to_string();
        assert!(
            say(old.socket, &checked).contains(r#""Access":"Y""#),
            "{name}"
        );
    }
    for name in &others {
        for parameter in parameters {
            let request = json!({ "command": name, "parameter": parameter }).to_string();
            let said = say(old.socket, &request);
            assert_eq!(
                status(&said),
                ("E".to_owned(), 45),
                "{name} {parameter}: {said}"
            );
            place_tells_nothing(place, &said, name);
            let as_text = say(old.socket, &format!("{name}|{parameter}\n"));
            assert!(
                as_text.starts_with("STATUS=E") && as_text.contains("Code=45"),
                "{as_text}"
            );
        }
        let checked = json!({ "command": "check", "parameter": name }).to_string();
        assert!(
            say(old.socket, &checked).contains(r#""Access":"N""#),
            "{name}"
        );
        // Nor behind one that may be asked.
        let joined = json!({ "command": format!("version+{name}") }).to_string();
        let said = say(old.socket, &joined);
        assert!(said.contains("Access denied"), "{name}: {said}");
        let newer = json!({ "command": name, "new_api": true, "parameter": {"pools": []} });
        let said = say(old.socket, &newer.to_string());
        assert!(said.contains("Invalid command"), "{name}: {said}");
    }
    for unknown in ["reboot", "set_miner_conf", "quit;", ""] {
        let said = say(old.socket, &json!({ "command": unknown }).to_string());
        assert!(said.contains(r#""STATUS":"E""#), "{unknown}: {said}");
        place_tells_nothing(place, &said, unknown);
    }
}

fn place_tells_nothing(place: &Place, said: &str, what: &str) {
    let answer = Answer {
        status: 0,
        head: String::new(),
        body: said.to_owned(),
    };
    // A reply names who replies, with the model's words.
    for word in place.secrets().iter().chain(&place.state_words()) {
        assert!(!answer.body.contains(word), "{what} says `{word}`: {said}");
    }
}

/// Two paths that read, and nothing beside them.
fn walk_the_side(place: &Place, old: &OldPorts) {
    let source = include_str!("../../../crates/api/src/legacy/side.rs");
    let served: Vec<_> = source
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(served, ["/warning", "/miner_power"]);
    let way = Way::Plain(old.side);
    let ours = ["/", "/api/v1/status", "/metrics", "/api/v1/command"];
    for path in served.iter().chain(&ours) {
        for method in METHODS {
            let headers = format!("{ELSEWHERE}{JSON}");
            let answer = way.ask(method, path, &headers, r#"{"command":"pause"}"#);
            let what = format!("{method} {path}");
            place.tells_nothing(&answer, &what);
            let looks = matches!(method, "GET" | "HEAD");
            let expected: &[u16] = match (served.contains(path), looks, *path) {
                (false, ..) => &[404],
                (true, false, _) => &[405],
                // Nobody measures it on this machine.
                (true, true, "/miner_power") => &[404],
                (true, true, _) => &[200],
            };
            assert!(expected.contains(&answer.status), "{what}: {answer:?}");
        }
        let led = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        let mut said = Vec::new();
        let mut line = way.send(&led).expect("it listens");
        let _ = line.read_to_end(&mut said);
        assert!(said.starts_with(b"HTTP/1.1 403"), "{path}");
    }
}

/// A daemon whose owner allowed old clients to read, or did not.
fn place(binary: &Path, allowed: bool) -> (Place, process::Program) {
    let mut site = Site::new("antminer-s9");
    let old = allowed.then(|| site.open_to_old_clients(None, "read"));
    let secure = site.page_over_tls_too();
    let text = std::fs::read_to_string(&site.config).expect("it was written");
    let password = format!("password = \"{POOL_PASSWORD}\"");
    let text = text.replacen("password = \"x\"", &password, 1);
    assert!(text.contains(POOL_PASSWORD));
    site.config = site.folder.write("stannary.toml", &text);
    let mut daemon = site.run(binary);
    let plain = site
        .page
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let plain = Way::Plain(plain.parse().expect("an address"));
    wait_for("an answer", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        process::get_json(&format!("{}api/v1/status", site.page))
    });
    let fingerprint = site.certificate(binary);
    let ways = vec![plain, Way::tls(secure, &fingerprint)];
    let binary = binary.to_owned();
    (
        Place {
            binary,
            site,
            ways,
            old,
        },
        daemon,
    )
}

fn walk(place: &Place, standing: Standing) {
    let before = place.kept();
    walk_our_paths(place, standing);
    walk_cgi(place);
    if let Some(old) = &place.old {
        walk_the_socket(place, old);
        walk_the_side(place, old);
    }
    let tried = place
        .changes()
        .iter()
        .filter(|c| is_refused_login(c))
        .count();
    let logins = match standing {
        Standing::Unclaimed => 0,
        Standing::Claimed => place.ways.len(),
    };
    assert_eq!(tried, logins, "{:?}", place.changes());
    let (before, after) = (before.as_object(), place.kept());
    for (what, was) in before.expect("an object") {
        assert_eq!(after[what], *was, "{standing:?}: {what} was changed");
    }
}

#[test]
fn without_login_every_port_keeps_to_itself_what_it_must() {
    let Some(binary) = stannary() else {
        return;
    };
    for allowed in [true, false] {
        let (place, mut daemon) = place(&binary, allowed);
        walk(&place, Standing::Unclaimed);
        the_light_blinks(&place, 202);
        place.site.claim(&binary, PASSWORD);
        let token = place.site.token(&binary, "eyes", "read");
        walk(&place, Standing::Claimed);
        the_light_blinks(&place, 401);
        // The walk was at a machine that does answer: to whoever shows the token.
        for way in &place.ways {
            let known = format!("{ELSEWHERE}Authorization: Bearer {token}\r\n");
            for path in ["/api/v1/status", "/metrics"] {
                let answer = way.ask("GET", path, &known, "");
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
                assert!(answer.body.contains("hashrate"), "{path}: {answer:?}");
            }
        }
        daemon.terminate();
        assert!(daemon.wait(PATIENCE).success(), "{}", daemon.everything());
        let said = daemon.everything();
        for secret in place.secrets() {
            assert!(!said.contains(&secret), "`{secret}` in the log");
        }
    }
}

/// What an unclaimed machine does for everybody, and a claimed one for nobody.
fn the_light_blinks(place: &Place, status: u16) {
    let headers = format!("{ELSEWHERE}{JSON}");
    for way in &place.ways {
        for on in [true, false] {
            let order = json!({ "command": "locate", "on": on }).to_string();
            let answer = way.ask("POST", "/api/v1/command", &headers, &order);
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }
}
