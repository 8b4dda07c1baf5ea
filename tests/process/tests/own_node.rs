//! A daemon that mines at a real node that nobody here wrote, without a pool between them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use process::{
    Folder, Node, PATIENCE, Program, Site, Stretch, free_address, get_json, node_program, stannary,
    wait_for,
};
use serde_json::{Value, json};

/// Bits that miners may roll (BIP320).
const MASK: u32 = 0x1fff_e000;
/// Height of the node's chain before the miner starts.
const BEFORE: u64 = 101;
/// A template on regtest lasts so long.
const TEMPLATE: Duration = Duration::from_secs(5);
/// The machine with the fewest chips.
const MACHINE: &str = "antminer-s9";

/// A daemon's configuration for a node, and where its page is.
struct Place {
    folder: Folder,
    page: String,
    config: PathBuf,
}

impl Place {
    /// `pool` are the lines of the only pool.
    fn new(pool: &str) -> Place {
        Place::on("", pool)
    }

    /// `machine` are further lines of that table.
    fn on(machine: &str, pool: &str) -> Place {
        let folder = Folder::new();
        let http = free_address();
        let socket = folder.path().join("s.sock");
        let text = format!(
            "config_version = 1\n\n[machine]\nmodel = \"{MACHINE}\"\nbackend = \"twin\"\n{machine}\n\
             [twin]\nseed = 7\ndifficulty_bits = 2\n\n[[pool]]\n{pool}\n\n\
             [api]\nhttp = \"{http}\"\nsocket = \"{}\"\n",
            socket.display()
        );
        let config = folder.write("stannary.toml", &text);
        Place {
            folder,
            page: format!("http://{http}/"),
            config,
        }
    }

    fn run(&self, binary: &Path) -> Program {
        let mut command = std::process::Command::new(binary);
        Program::start(command.arg("run").arg("--config").arg(&self.config))
    }

    /// Until the only pool looks so.
    fn wait_for(&self, daemon: &mut Program, what: &str, look: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let mut status = get_json(&format!("{}api/v1/status", self.page))?;
            look(&status["pools"][0]).then(|| status["pools"][0].take())
        })
    }

    /// The table of pools, as an operator sees it.
    fn pools(&self, binary: &Path) -> String {
        let mut command = std::process::Command::new(binary);
        let done = command.args(["--api", &self.page, "pools"]).output();
        let done = done.expect("it runs");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

fn lines(node: &Node, payee: &str) -> String {
    let url = node.url().replace("http://", "node+http://");
    format!("url = \"{url}\"\nuser = \"{payee}\"")
}

/// One story, since each start of a machine takes its time.
#[test]
fn a_daemon_mines_at_its_owners_node_and_again_after_the_node_was_away() {
    let (Some(binary), Some(program)) = (stannary(), node_program()) else {
        return;
    };
    let mut node = Node::start(program);
    let waiting = [node.pay(1.5), node.pay(0.25)];
    let payee = node.new_address();
    let place = Place::new(&lines(&node, &payee));
    let begun = Instant::now();
    let mut daemon = place.run(&binary);
    place.wait_for(&mut daemon, "two blocks", |p| {
        p["accepted"].as_u64() >= Some(2)
    });
    assert!(begun.elapsed() > TEMPLATE, "two templates take their time");
    let pool = place.wait_for(&mut daemon, "a height", |p| {
        p["node"]["height"].as_u64() > Some(BEFORE)
    });
    assert_eq!(pool["node"]["chain"], "regtest");
    assert_eq!(
        (&pool["state"], &pool["rejected"]),
        (&json!("active"), &json!(0))
    );
    let shown = place.pools(&binary);
    assert!(shown.contains("(regtest, height 10"), "{shown}");

    node.stop();
    place.wait_for(&mut daemon, "the loss", |p| p["active"] == false);
    node.restart();
    let (back, height) = (Stretch::begin(), node.height());
    place.wait_for(&mut daemon, "the node again", |p| p["state"] == "active");
    back.was_within(Duration::from_secs(20), "the node again");
    wait_for("a block after it", PATIENCE, || {
        (node.height() > height).then_some(())
    });

    daemon.terminate();
    assert_eq!(
        daemon.wait(PATIENCE).code(),
        Some(0),
        "{}",
        daemon.everything()
    );
    check_chain(&node, &payee, &waiting);
    let said = daemon.everything();
    assert!(!said.contains("u:p@") && !said.contains("dTpw"), "{said}");
}

/// Every block since the start is ours, as the node tells it.
fn check_chain(node: &Node, payee: &str, waiting: &[String]) {
    let heights = BEFORE + 1..=node.height();
    let blocks: Vec<_> = heights.map(|height| node.block(height)).collect();
    assert!(blocks.len() >= 3, "{}", blocks.len());
    let tag: String = "/stannary/".bytes().map(|b| format!("{b:02x}")).collect();
    for block in &blocks {
        let coinbase = &block["tx"][0];
        let script = coinbase["vin"][0]["coinbase"].as_str().expect("a coinbase");
        assert!(script.contains(&tag), "{script}");
        assert_eq!(coinbase["vout"][0]["scriptPubKey"]["address"], payee);
        assert!(coinbase["vout"][0]["value"].as_f64() >= Some(50.0));
        assert_eq!(version(block) & !MASK, 0x2000_0000);
    }
    let transactions = blocks[0]["tx"].as_array().expect("a list");
    let ours = |txid: &String| transactions.iter().find(|tx| tx["txid"] == **txid);
    let found: Vec<_> = waiting.iter().filter_map(ours).collect();
    assert_eq!(found.len(), waiting.len(), "not all are in the first block");
    // The wallet decides what it spends; of two, one came to it by a witness program.
    assert!(
        found.iter().any(|tx| tx["hash"] != tx["txid"]),
        "no witness data"
    );
    let rolled: Vec<u32> = blocks.iter().map(|block| version(block) & MASK).collect();
    assert!(rolled.iter().any(|bits| *bits != 0), "{rolled:x?}");
}

fn version(block: &Value) -> u32 {
    let hex = block["versionHex"].as_str().expect("text");
    u32::from_str_radix(hex, 16).expect("hex")
}

/// A machine that is told to pause hashes nothing, so that no block is its own, and a template
/// lasts longer than the least time that it must.
#[test]
fn somebody_elses_block_is_known_at_once() {
    let (Some(binary), Some(program)) = (stannary(), node_program()) else {
        return;
    };
    let node = Node::start(program);
    let payee = node.new_address();
    let kept = Folder::new();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux");
    let known = json!({
        "version": 1, "boot_id": boot.trim(),
        "remembered": { "intent": "pause", "fans": "auto" },
    });
    let state = kept.write("state.json", &known.to_string());
    let state = format!("state = \"{}\"\n", state.display());
    let place = Place::on(&state, &lines(&node, &payee));
    let mut daemon = place.run(&binary);
    let at = |height: u64| move |p: &Value| p["node"]["height"].as_u64() == Some(height);
    place.wait_for(&mut daemon, "a template", at(BEFORE));
    for more in 1..=2 {
        let begun = Instant::now();
        wait_for("the template's time", PATIENCE, || {
            (begun.elapsed() > TEMPLATE).then_some(())
        });
        node.call("generatetoaddress", json!([1, payee]));
        let found = Stretch::begin();
        place.wait_for(&mut daemon, "somebody else's block", at(BEFORE + more));
        // Snapshots are made four times a second; without long polls it takes up to 30 s.
        found.was_within(Duration::from_secs(3), "to know of it");
    }
    assert_eq!(node.height(), BEFORE + 2, "it was told to pause");
    daemon.terminate();
    assert_eq!(
        daemon.wait(PATIENCE).code(),
        Some(0),
        "{}",
        daemon.everything()
    );
}

/// An operator's words about pools; what the answer was.
fn pools_order(binary: &Path, page: &str, words: &str) -> String {
    let mut command = std::process::Command::new(binary);
    command
        .args(["--api", page, "pools"])
        .args(words.split(' '));
    let done = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "{words}: {said}");
    said
}

/// First the node is the spare, then the pool. The node is added while the daemon mines.
#[test]
fn a_node_and_a_pool_stand_in_for_each_other() {
    let (Some(binary), Some(program)) = (stannary(), node_program()) else {
        return;
    };
    let mut node = Node::start(program);
    let payee = node.new_address();
    let site = Site::new(MACHINE);
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    let order = |words: &str| pools_order(&binary, &site.page, words);
    let in_use = |daemon: &mut Program, id: u64| {
        wait_for(&format!("work from {id}"), PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let status = get_json(&format!("{}api/v1/status", site.page))?;
            let pools = status["pools"].as_array()?.iter();
            let used = pools.filter(|p| p["active"] == true);
            let used: Vec<_> = used.map(|p| p["id"].as_u64()).collect();
            (used == [Some(id)]).then_some(())
        });
    };
    let url = node.url().replace("http://", "node+http://");
    let said = order(&format!("add {url} {payee}"));
    assert!(!said.contains("u:p@"), "{said}");

    site.pool.set_away(true);
    in_use(&mut daemon, 1);
    wait_for("a block", PATIENCE, || {
        (node.height() > BEFORE).then_some(())
    });

    order("move 1 0");
    site.pool.set_away(false);
    let before = site.accepted();
    node.stop();
    in_use(&mut daemon, 0);
    site.wait_for_more_shares(&mut daemon, before);
    node.restart();
    let height = node.height();
    // It has to prove itself for a minute.
    in_use(&mut daemon, 1);
    wait_for("a block after it", PATIENCE, || {
        (node.height() > height).then_some(())
    });

    daemon.terminate();
    assert_eq!(
        daemon.wait(PATIENCE).code(),
        Some(0),
        "{}",
        daemon.everything()
    );
    let totals = site.pool.ledger(|ledger| ledger.totals);
    assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
    let said = daemon.everything();
    assert!(!said.contains("u:p@") && !said.contains("dTpw"), "{said}");
    let written = std::fs::read_to_string(&site.config).expect("it is there");
    assert!(written.contains(&url), "{written}");
    assert!(
        written.find("node+http") < written.find("stratum+tcp"),
        "{written}"
    );
}

#[test]
fn what_only_the_node_can_tell_is_told_and_mines_nothing() {
    let (Some(binary), Some(program)) = (stannary(), node_program()) else {
        return;
    };
    let node = Node::start(program);
    let payee = node.new_address();
    let right = lines(&node, &payee);
    // BIP173's example key on mainnet: a fine address, elsewhere.
    let elsewhere = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let cookie = node.cookie().display().to_string();
    let by_cookie = |path: &str| right.replace("u:p@", "") + &format!("\ncookie = \"{path}\"");
    let cases = [
        (
            right.replace("u:p@", "u:hunter2@"),
            "E-NODE-AUTH",
            "refused",
        ),
        (lines(&node, elsewhere), "E-NODE-PAYOUT", "refused"),
        (by_cookie("/nowhere/.cookie"), "E-NODE-AUTH", "waiting"),
        (by_cookie(&cookie), "", "active"),
    ];
    let places = cases.map(|(pool, code, state)| {
        let place = Place::new(&pool);
        let daemon = place.run(&binary);
        (place, daemon, code, state)
    });
    for (place, mut daemon, code, state) in places {
        let about = |p: &Value| {
            let error = p["last_error"].as_str().unwrap_or_default();
            // Between two attempts it connects.
            (p["state"] == state || state == "waiting") && error.starts_with(code)
        };
        place.wait_for(&mut daemon, state, about);
        if !code.is_empty() {
            let status = get_json(&format!("{}api/v1/status", place.page)).expect("it answers");
            let faults = status["faults"].as_array().expect("a list");
            let fault = faults.iter().find(|f| f["code"] == code);
            assert!(fault.is_some_and(|f| f["remedy"] != ""), "{faults:?}");
            assert!(!status.to_string().contains("hunter2"));
        }
        daemon.terminate();
        assert_eq!(daemon.wait(PATIENCE).code(), Some(0));
        let said = daemon.everything();
        assert!(said.contains(code) && !said.contains("hunter2"), "{said}");
        drop(place.folder);
    }
}
