//! The list of pools, changed while a daemon mines.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use process::{ANSWER_S, PATIENCE, PoolHost, Program, Site, get_json, stannary, wait_for};
use serde_json::{Value, json};
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne};

/// At an interface a pool has Bitcoin's scale, at which so many hashes make a share here.
const HASHES_PER_SHARE: f64 = 16_384.0;

fn pool_at_bitcoins_scale() -> PoolHost {
    PoolHost::start(PoolOptions {
        difficulty_one: DifficultyOne::BITCOIN,
        difficulty: Difficulty::new(HASHES_PER_SHARE / 2f64.powi(32)).expect("positive"),
        ..PoolOptions::default()
    })
}

/// An operator at a daemon.
struct Operator<'a> {
    site: &'a Site,
    binary: &'a Path,
}

impl Operator<'_> {
    /// `stannary pools …`, over the local socket: its end, and all that it said.
    fn says(&self, words: &str) -> (Option<i32>, String) {
        self.runs(&format!("pools {words}"))
    }

    fn runs(&self, words: &str) -> (Option<i32>, String) {
        let mut command = Command::new(self.binary);
        command.arg("--api").arg(self.site.socket());
        command.args(words.split(' '));
        let done = command.output().expect("it runs");
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (done.status.code(), said)
    }

    /// Set a password, and make a token that may change pools.
    fn claims(&self) -> String {
        let mut command = Command::new(self.binary);
        command.arg("--api").arg(self.site.socket());
        command.args(["access", "claim"]);
        command.stdin(Stdio::piped());
        let mut claim = command.spawn().expect("it runs");
        let mut stdin = claim.stdin.take().expect("piped");
        stdin.write_all(b"correct horse\n").expect("read");
        drop(stdin);
        assert!(claim.wait().expect("it ends").success());
        let (code, said) = self.runs("access token add fleet --scope operate");
        assert_eq!(code, Some(0), "{said}");
        let text = said.lines().find(|line| line.starts_with("stn_"));
        text.expect("a token").to_owned()
    }

    fn does(&self, words: &str) {
        let (code, said) = self.says(words);
        assert_eq!(code, Some(0), "{words}: {said}");
    }

    /// `POST /api/v1/pools` with this token: the status of the answer.
    fn posts(&self, token: &str, order: &Value) -> u16 {
        let url = format!("{}api/v1/pools", self.site.page);
        let request = minreq::post(url)
            .with_header("content-type", "application/json")
            .with_header("authorization", format!("Bearer {token}"))
            .with_body(order.to_string())
            .with_timeout(ANSWER_S);
        request.send().expect("it answers").status_code
    }

    /// Until numbers and states of the pools are these, in their order.
    fn waits_for(&self, daemon: &mut Program, expected: &[(u64, &str)]) {
        wait_for(&format!("{expected:?}"), PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let status = get_json(&format!("{}api/v1/status", self.site.page))?;
            let pools = status["pools"].as_array()?;
            let found = pools
                .iter()
                .map(|p| Some((p["id"].as_u64()?, p["state"].as_str()?)));
            (found.collect::<Option<Vec<_>>>()? == expected).then_some(())
        });
    }

    /// Until the configuration file is written, and what of it `look` looks at is as it should be.
    fn waits_for_file(&self, look: impl Fn(&str) -> bool) -> String {
        wait_for("the file", PATIENCE, || {
            let text = fs::read_to_string(&self.site.config).ok()?;
            look(&text).then_some(text)
        })
    }
}

/// One story, since each start of a machine takes its time.
#[test]
fn pools_are_added_moved_disabled_and_removed_while_a_daemon_mines() {
    let Some(binary) = stannary() else {
        return;
    };
    let site = Site::new("antminer-s9");
    let text = fs::read_to_string(&site.config).expect("it was written");
    let remark = "# The first one.";
    let text = text.replacen("[[pool]]", &format!("{remark}\n[[pool]]"), 1);
    fs::write(&site.config, &text).expect("it can be written");
    let second = pool_at_bitcoins_scale();
    let taken = || second.ledger(|ledger| ledger.totals.accepted);
    let operator = Operator {
        site: &site,
        binary: &binary,
    };
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    operator.waits_for(&mut daemon, &[(0, "active")]);

    let token = operator.claims();
    let remove = json!({ "order": "remove", "pool": 0 });
    assert_eq!(operator.posts("stn_0", &remove), 401);

    let add = format!("add stratum+tcp://{} you.rig", second.address());
    operator.does(&format!("{add} --password hunter2"));
    operator.waits_for(&mut daemon, &[(0, "active"), (1, "idle")]);
    operator.does("disable 0");
    operator.waits_for(&mut daemon, &[(0, "idle"), (1, "active")]);
    wait_for("a share of the second pool", PATIENCE, || {
        (taken() > 2).then_some(())
    });
    let written = operator.waits_for_file(|text| text.contains("enabled = false"));
    assert!(
        written.contains(remark) && written.contains("hunter2"),
        "{written}"
    );
    assert!(written.find(remark) < written.find("you.rig"), "{written}");

    operator.does("move 1 0");
    operator.does("enable 0");
    // It is not needed, and comes second now.
    operator.waits_for(&mut daemon, &[(1, "active"), (0, "idle")]);
    let first = |text: &str| text.find("you.rig") < text.find("account.worker");
    operator.waits_for_file(|text| first(text) && !text.contains("enabled"));

    let before = site.accepted();
    assert_eq!(
        operator.posts(&token, &json!({ "order": "remove", "pool": 1 })),
        202
    );
    operator.waits_for(&mut daemon, &[(0, "active")]);
    site.wait_for_more_shares(&mut daemon, before);
    let written = operator.waits_for_file(|text| !text.contains("you.rig"));
    assert!(written.contains(remark), "{written}");

    for (words, code) in [
        ("remove 1", "E-POOL-ORDER"),
        ("add http://h:1 u", "E-POOL-ADDRESS"),
        ("add node+https://h:1 u", "E-POOL-SCHEME"),
    ] {
        let (end, said) = operator.says(words);
        assert!(
            end != Some(0) && said.contains(code),
            "{words}: {end:?} {said}"
        );
    }
    // The last one stays, as the log says.
    assert_eq!(
        operator.posts(&token, &json!({ "order": "remove", "pool": 0 })),
        202
    );
    wait_for("a word", PATIENCE, || {
        daemon
            .everything()
            .contains("the last pool stays")
            .then_some(())
    });
    daemon.terminate();
    assert_eq!(
        daemon.wait(PATIENCE).code(),
        Some(0),
        "{}",
        daemon.everything()
    );
    assert!(!daemon.everything().contains("hunter2"));
    for totals in [site.pool.ledger(|l| l.totals), second.ledger(|l| l.totals)] {
        assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
    }
    let mut check = Command::new(&binary);
    let check = check.arg("check-config").arg(&site.config).output();
    assert!(
        check.is_ok_and(|done| done.status.success()),
        "what was written starts again"
    );
}

/// Groups as the status shows them, when they are these.
fn waits_for_groups(site: &Site, expected: &[(&str, f64)]) {
    wait_for(&format!("{expected:?}"), PATIENCE, || {
        let status = get_json(&format!("{}api/v1/status", site.page))?;
        let groups = status["pool_groups"].as_array()?;
        let found = groups
            .iter()
            .map(|g| Some((g["name"].as_str()?, g["quota_percent"].as_f64()?)));
        (found.collect::<Option<Vec<_>>>()? == expected).then_some(())
    });
}

/// Quotas move work between sessions that stand: none of them ends by it.
#[test]
fn groups_and_quotas_change_while_a_daemon_mines() {
    let Some(binary) = stannary() else {
        return;
    };
    let site = Site::new("antminer-s9");
    let second = pool_at_bitcoins_scale();
    let taken = || second.ledger(|ledger| ledger.totals.accepted);
    let operator = Operator {
        site: &site,
        binary: &binary,
    };
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);

    // Each order is about what the one before has made, without any wait between them.
    let url = format!("stratum+tcp://{}", second.address());
    operator.does("group set mine=60");
    operator.does(&format!("add {url} you.rig --group mine"));
    operator.waits_for(&mut daemon, &[(0, "active"), (1, "active")]);
    wait_for("a share of the second pool", PATIENCE, || {
        (taken() > 2).then_some(())
    });
    operator.does("group set mine=20 spare=5.5");
    waits_for_groups(&site, &[("mine", 20.0), ("spare", 5.5)]);
    let (_, said) = operator.runs("pools");
    let groups = "groups: mine 20 %, spare 5.5 %, default 74.5 %, which is left";
    assert!(said.contains(groups), "{said}");
    operator.does("group move 1 spare");
    operator.does("group remove mine");
    waits_for_groups(&site, &[("spare", 5.5)]);
    operator.waits_for(&mut daemon, &[(0, "active"), (1, "active")]);
    let before = (site.accepted(), taken());
    operator.does("group set spare=50");
    site.wait_for_more_shares(&mut daemon, before.0);
    wait_for("shares of the group that it moved to", PATIENCE, || {
        (taken() > before.1 + 2).then_some(())
    });

    for (words, word) in [
        ("group remove spare", "move"),
        ("group set spare=100", "default"),
        ("group set spare=60 more=41", "101"),
        ("group set spare=0.001", "0.01"),
        ("group move 0 mine", "`mine`"),
        ("add stratum+tcp://127.0.0.1:1 u --group mine", "`mine`"),
    ] {
        let (end, said) = operator.says(words);
        let refused = end != Some(0) && said.contains("E-POOL-GROUP") && said.contains(word);
        assert!(refused, "{words}: {end:?} {said}");
    }
    let token = operator.claims();
    let raise =
        json!({ "order": "set_quotas", "quotas": [{ "group": "spare", "quota_percent": 60 }] });
    assert_eq!(operator.posts("stn_0", &raise), 401);
    assert_eq!(operator.posts(&token, &raise), 202);
    waits_for_groups(&site, &[("spare", 60.0)]);
    let written = operator.waits_for_file(|text| text.contains("quota_percent = 60\n"));
    assert!(!written.contains("\"mine\""), "{written}");
    let (_, changes) = operator.runs("access audit");
    assert!(changes.contains("set_quotas"), "{changes}");

    for pool in [&site.pool, &second] {
        let (connections, totals) = pool.ledger(|l| (l.connections, l.totals));
        assert_eq!(connections, 1, "nobody had to connect again");
        assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
    }
    daemon.terminate();
    let end = daemon.wait(PATIENCE).code();
    assert_eq!(end, Some(0), "{}", daemon.everything());
    // The next start shares out by what was written.
    let mut again = site.run(&binary);
    waits_for_groups(&site, &[("spare", 60.0)]);
    again.terminate();
    assert_eq!(again.wait(PATIENCE).code(), Some(0));
}
