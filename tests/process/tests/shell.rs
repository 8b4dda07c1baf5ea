//! The command line of a technician: a terminal, a configuration, an archive, a reboot.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use process::{ANSWER_S, PATIENCE, PoolHost, Pty, Site, get_json, screen, stannary, wait_for};
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne};

const POOL_PASSWORD: &str = "pool-secret";
const LEGACY_PASSWORD: &str = "legacy-secret";
const OWNER: &str = "correct horse";

/// A stock pool has Bitcoin's scale, at which so many hashes make a share here.
fn pool() -> PoolHost {
    PoolHost::start(PoolOptions {
        difficulty_one: DifficultyOne::BITCOIN,
        difficulty: Difficulty::new(16_384.0 / 2f64.powi(32)).expect("positive"),
        ..PoolOptions::default()
    })
}

/// A site whose configuration has no pool, and a stock file that has one, with the commas that people leave.
fn flashed(pool: &PoolHost) -> Site {
    let site = Site::new("antminer-s9");
    let stock = format!(
        "{{\n\"pools\" : [\n{{\n\"url\" : \"stratum+tcp://{}\",\n\"user\" : \"farm.rig7\",\n\
         \"pass\" : \"{POOL_PASSWORD}\",\n}},\n{{\"url\":\"\",\"user\":\"\",\"pass\":\"\"}},\n],\n\
         \"api-listen\" : true,\n\"bitmain-freq\" : \"650\",\n}}\n",
        pool.address()
    );
    let stock = site.folder.write("bmminer.conf", &stock);
    let login = site.folder.write("login", &format!("{LEGACY_PASSWORD}\n"));
    let text = fs::read_to_string(&site.config).expect("there");
    let (before, after) = text.split_once("[[pool]]").expect("a pool");
    let (_, api) = after.split_once("[api]\n").expect("an api");
    let import = format!("[machine]\nimport_pools = \"{}\"", stock.display());
    let before = before.replace("[machine]", &import);
    let access = site.folder.path().join("access.json");
    let text = format!(
        "{before}[api]\naccess = \"{}\"\nlegacy_login = \"{}\"\n{api}",
        access.display(),
        login.display()
    );
    fs::write(&site.config, text).expect("written");
    site
}

struct Technician<'a> {
    site: &'a Site,
    binary: &'a Path,
}

impl Technician<'_> {
    fn api(&self) -> String {
        self.site.socket().display().to_string()
    }

    fn runs(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = Command::new(self.binary);
        command.arg("--api").arg(self.api()).args(words);
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("it runs");
        let mut pipe = child.stdin.take().expect("piped");
        // One that reads nothing may have ended.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("it ends")
    }

    fn says(&self, words: &[&str]) -> (Option<i32>, String) {
        let done = self.runs(words, "");
        let said = [done.stdout, done.stderr].concat();
        (
            done.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    fn at_terminal(&self, words: &[&str], columns: u16, rows: u16) -> Pty {
        let api = self.api();
        let words: Vec<_> = ["--api", &api]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        Pty::start(self.binary, &words, columns, rows)
    }

    fn top_draws_resizes_and_quits(&self) {
        let mut top = self.at_terminal(&["top"], 80, 24);
        let said = top.waits_for("q quit", 0);
        let shown = screen(&said, 80, 24);
        assert!(shown[0].starts_with("Antminer S9"), "{shown:#?}");
        assert!(shown.iter().any(|line| line.contains("TH/s")), "{shown:#?}");
        assert!(!top.is_usual());
        let before = said.len();
        top.resize(38, 20);
        // A new size is drawn anew.
        let said = top.waits_for("\u{1b}[2J", before);
        let after = before + said[before..].find("\u{1b}[2J").expect("waited for");
        let said = top.waits_for("[overview]", after);
        let shown = screen(&said[after..], 38, 20);
        assert!(shown[0].starts_with("Antminer S9"), "{shown:#?}");
        top.types("\t");
        top.waits_for("[chips]", after);
        top.types("q");
        assert_eq!(top.wait().code(), Some(0), "{}", top.said());
        assert!(top.is_usual());
        assert!(
            top.said().ends_with("\u{1b}[?25h\u{1b}[?1049l"),
            "{:?}",
            top.said()
        );
    }

    fn top_gives_the_terminal_back_at_signals(&self) {
        for (how, code) in [("TERM", 143), ("HUP", 129), ("\u{3}", 0)] {
            let mut top = self.at_terminal(&["top"], 80, 24);
            top.waits_for("[overview]", 0);
            match how {
                "\u{3}" => top.types(how),
                signal => top.signal(signal),
            }
            assert_eq!(top.wait().code(), Some(code), "{how}: {}", top.said());
            assert!(top.is_usual(), "{how}");
        }
    }

    /// Ctrl-C at a question for a password.
    fn a_password_that_is_not_typed_leaves_the_terminal_as_it_was(&self) {
        for keys in ["\u{3}", "half\u{3}"] {
            let mut claim = self.at_terminal(&["access", "claim"], 80, 24);
            claim.waits_for("new password: ", 0);
            wait_for("a silent terminal", PATIENCE, || {
                (!claim.is_usual()).then_some(())
            });
            claim.types(keys);
            assert!(!claim.wait().success());
            assert!(claim.is_usual(), "{:?}", claim.said());
            assert!(!claim.said().contains("half"));
        }
    }

    /// With a token that may do everything, and one that may not.
    fn claims(&self) -> [String; 2] {
        assert!(
            self.runs(&["access", "claim"], &format!("{OWNER}\n"))
                .status
                .success()
        );
        ["admin", "operate"].map(|scope| {
            let (code, said) = self.says(&["access", "token", "add", scope, "--scope", scope]);
            assert_eq!(code, Some(0), "{said}");
            let text = said.lines().find(|line| line.starts_with("stn_"));
            text.expect("a token").to_owned()
        })
    }

    fn fetches(&self, token: &str) -> minreq::Response {
        let url = format!("{}api/v1/support", self.site.page);
        let request = minreq::get(url).with_header("authorization", format!("Bearer {token}"));
        request.with_timeout(ANSWER_S).send().expect("it answers")
    }

    /// Both ways to an archive, and each secret that this site has.
    fn an_archive_holds_no_secret(&self, tokens: &[String; 2]) {
        let login = minreq::post(format!("{}api/v1/login", self.site.page))
            .with_header("content-type", "application/json")
            .with_body(format!("{{\"password\":\"{OWNER}\"}}"))
            .with_timeout(ANSWER_S)
            .send()
            .expect("it answers");
        let mut headers = login.headers.iter();
        let cookie = headers.find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let (_, cookie) = cookie.expect("a session");
        let session = cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
        let csrf = login.as_str().expect("JSON").to_owned();
        let csrf: serde_json::Value = serde_json::from_str(&csrf).expect("JSON");
        let csrf = csrf["csrf"].as_str().expect("a token").to_owned();
        let access =
            fs::read_to_string(self.site.folder.path().join("access.json")).expect("claimed");
        let access: serde_json::Value = serde_json::from_str(&access).expect("JSON");
        let hashes: Vec<String> = texts(&access)
            .into_iter()
            .filter(|text| text.len() >= 20)
            .collect();
        assert!(hashes.len() >= 2, "{access}");
        let refused = self.fetches(&tokens[1]);
        assert_eq!(refused.status_code, 403, "it needs `admin`");
        let over_http = self.fetches(&tokens[0]);
        assert_eq!(over_http.status_code, 200);
        let over_socket = self.runs(&["support"], "");
        assert!(over_socket.status.success());
        let mut secrets = vec![
            POOL_PASSWORD.to_owned(),
            LEGACY_PASSWORD.to_owned(),
            OWNER.to_owned(),
            session,
            csrf,
        ];
        secrets.extend(
            tokens
                .iter()
                .map(|token| token.trim_start_matches("stn_").to_owned()),
        );
        secrets.extend(hashes);
        for archive in [over_http.into_bytes(), over_socket.stdout] {
            let has = |text: &str| {
                archive
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            };
            for secret in &secrets {
                assert!(!has(secret), "{secret}");
            }
            for part in [
                "status.json",
                "farm.rig7",
                "E-POOL-IMPORT",
                "token added",
                "antminer-s9",
            ] {
                assert!(has(part), "{part}");
            }
        }
    }

    fn a_reboot_is_asked_for_and_starts_the_twin_anew(&self, daemon: &mut process::Program) {
        let (code, said) = self.says(&["reboot"]);
        assert_eq!((code, said.contains("--yes")), (Some(2), true), "{said}");
        let mut asked = self.at_terminal(&["reboot"], 80, 24);
        asked.waits_for("[y/N]", 0);
        asked.types("n\n");
        assert_eq!(asked.wait().code(), Some(1));
        let up_s = || {
            let status = get_json(&format!("{}api/v1/status", self.site.page))?;
            status["uptime_s"].as_f64()
        };
        let before = up_s().expect("it answers");
        let (code, said) = self.says(&["reboot", "--yes"]);
        assert_eq!(code, Some(0), "{said}");
        wait_for("a new start", PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            up_s().filter(|now| *now < before)
        });
    }
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(list) => list.iter().flat_map(texts).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// One story, since each start of a machine takes its time.
#[test]
fn a_technician_works_at_a_flashed_machine() {
    let Some(binary) = stannary() else {
        return;
    };
    let pool = pool();
    let site = flashed(&pool);
    let technician = Technician {
        site: &site,
        binary: &binary,
    };
    let mut daemon = site.run(&binary);
    wait_for(
        "a share of the pool that stock firmware had",
        PATIENCE,
        || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            (pool.ledger(|ledger| ledger.totals.accepted) > 0).then_some(())
        },
    );
    let (code, said) = technician.says(&["log"]);
    assert!(code == Some(0) && said.contains("E-POOL-IMPORT"), "{said}");
    assert!(
        !said.contains(POOL_PASSWORD) && !daemon.stderr().contains(POOL_PASSWORD),
        "{said}"
    );
    let (code, said) = technician.says(&["faults", "--json"]);
    assert!(code == Some(0) && said.trim().starts_with('['), "{said}");
    technician.top_draws_resizes_and_quits();
    technician.top_gives_the_terminal_back_at_signals();
    technician.a_password_that_is_not_typed_leaves_the_terminal_as_it_was();
    let tokens = technician.claims();
    technician.an_archive_holds_no_secret(&tokens);
    technician.a_reboot_is_asked_for_and_starts_the_twin_anew(&mut daemon);

    // A daemon that goes away is said, and told by the exit code.
    let mut top = technician.at_terminal(&["top"], 80, 24);
    let seen = top.waits_for("[overview]", 0).len();
    daemon.signal("KILL");
    top.waits_for("no answer for", seen);
    top.types("q");
    assert_eq!(top.wait().code(), Some(3), "{}", top.said());
    assert!(top.is_usual());
    let config = site.config.display().to_string();
    let (code, said) = technician.says(&["config", "--config", &config, "get", "pool"]);
    assert!(
        code == Some(0) && said.contains("pool.0.password = (hidden)"),
        "{said}"
    );
}
