//! What becomes of a configuration file whose pools are changed.

use std::fs;

use telemetry::{POOL_TEXT_MAX, POOLS_MAX};

use super::*;

const FILE: &str = r#"# My machine.
config_version = 1

[machine]
model   = "antminer-s19-pro" # in the garage
backend = "twin"

# The good one.
[[pool]]
url  = "stratum+tcp://one:3333" # near by
user = "me.rig"
password = "s3cret"

[[pool]]
url   = "two:3333"
user  = "me.rig"
enabled = false # tired of it

[api]
http = "127.0.0.1:8080"
"#;

fn with_pools(text: &str, pools: &[PoolConfig]) -> Result<String, String> {
    with_list(text, &listed(pools, &[]))
}

fn listed(pools: &[PoolConfig], groups: &[(&str, f64)]) -> Listed {
    let group = |(name, quota_percent): &(&str, f64)| GroupConfig {
        name: (*name).to_owned(),
        quota_percent: *quota_percent,
    };
    Listed {
        pools: pools.to_vec(),
        groups: groups.iter().map(group).collect(),
    }
}

fn pool(url: &str, user: &str, password: &str) -> PoolConfig {
    PoolConfig::new(Address::parse(url).expect("an address"), user, password)
}

fn one() -> PoolConfig {
    pool("one:3333", "me.rig", "s3cret")
}

fn two() -> PoolConfig {
    PoolConfig {
        enabled: false,
        ..pool("stratum+tcp://two:3333", "me.rig", "x")
    }
}

/// Addresses and states as the file has them after the change; it still has its remarks.
fn check(pools: &[PoolConfig], expected: &[(&str, bool)]) -> String {
    let text = with_pools(FILE, pools).expect("the file is sound");
    let document: DocumentMut = text.parse().expect("still TOML");
    let tables = document["pool"].as_array_of_tables().expect("tables");
    let found: Vec<(String, bool)> = tables
        .iter()
        .map(|table| {
            let enabled = table.get("enabled").and_then(Item::as_bool);
            (
                text_of(table, "url").expect("a url").to_owned(),
                enabled.unwrap_or(true),
            )
        })
        .collect();
    let found: Vec<_> = found.iter().map(|(url, on)| (url.as_str(), *on)).collect();
    assert_eq!(found, expected, "{text}");
    for kept in [
        "# My machine.",
        "# in the garage",
        "[api]",
        "http = \"127.0.0.1:8080\"",
    ] {
        assert!(text.contains(kept), "{kept} in\n{text}");
    }
    assert_eq!(document["config_version"].as_integer(), Some(1));
    text
}

const ONE: (&str, bool) = ("stratum+tcp://one:3333", true);

#[test]
fn an_unchanged_list_leaves_the_file_as_it_is() {
    assert_eq!(check(&[one(), two()], &[ONE, ("two:3333", false)]), FILE);
}

#[test]
fn pools_are_enabled_disabled_moved_removed_and_added_and_remarks_stay() {
    let on = PoolConfig {
        enabled: true,
        ..two()
    };
    check(&[one(), on], &[ONE, ("two:3333", true)]);
    let off = PoolConfig {
        enabled: false,
        ..one()
    };
    let text = check(
        &[off, two()],
        &[("stratum+tcp://one:3333", false), ("two:3333", false)],
    );
    assert!(text.contains("# The good one.") && text.contains("# near by"));
    let moved = check(&[two(), one()], &[("two:3333", false), ONE]);
    assert!(
        moved.contains("# near by") && moved.contains("# tired of it"),
        "{moved}"
    );
    check(&[two()], &[("two:3333", false)]);
    let three = PoolConfig {
        group: "mine".into(),
        ..pool("three:1", "you \"quoted\"", "p\\w")
    };
    let expected = [ONE, ("two:3333", false), ("stratum+tcp://three:1", true)];
    let text = check(&[one(), two(), three.clone()], &expected);
    let again = with_pools(&text, &[one(), two(), three]).expect("sound");
    assert_eq!(again, text, "it knows its own table");
    let document: DocumentMut = text.parse().expect("TOML");
    let table = document["pool"].as_array_of_tables().and_then(|t| t.get(2));
    let table = table.expect("the new one");
    assert_eq!(text_of(table, "user"), Some("you \"quoted\""));
    assert_eq!(text_of(table, "password"), Some("p\\w"));
    assert_eq!(text_of(table, "group"), Some("mine"));
}

#[test]
fn a_node_is_written_with_its_login_and_known_again() {
    let payout = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let node = pool("node+http://u:p@ss@127.0.0.1:18443", payout, "x");
    let url = "node+http://u:p@ss@127.0.0.1:18443";
    let expected = [ONE, ("two:3333", false), (url, true)];
    let text = check(&[one(), two(), node.clone()], &expected);
    assert_eq!(
        text.matches("password").count(),
        1,
        "a node has none: {text}"
    );
    let again = with_pools(&text, &[one(), two(), node]).expect("sound");
    assert_eq!(again, text, "it knows its own table");

    let with_cookie = |path: &str| {
        let mut node = pool("node+http://h:1", payout, "x");
        if let Address::Node(access) = &mut node.address {
            access.login = Login::Cookie(path.into());
        }
        node
    };
    let list = [one(), two(), with_cookie("/a/.cookie")];
    let text = with_pools(FILE, &list).expect("sound");
    assert!(text.contains("cookie = \"/a/.cookie\""), "{text}");
    assert_eq!(with_pools(&text, &list).expect("sound"), text);
    // Another cookie is another table.
    let other = with_pools(&text, &[one(), with_cookie("/b/.cookie")]).expect("sound");
    assert!(other.contains("/b/") && !other.contains("/a/"), "{other}");
}

#[test]
fn an_order_about_a_node_must_name_a_payout_and_no_password() {
    let add = |user: &str, password: Option<&str>| PoolOrder::Add {
        url: "node+http://u:hunter2@h:1".into(),
        user: user.into(),
        password: password.map(str::to_owned),
        group: None,
        place: None,
    };
    let payout = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    for password in [None, Some("x")] {
        assert!(to_engine(add(payout, password)).is_ok());
    }
    let check = |order, code: Code| {
        let refused = to_engine(order).expect_err("no node");
        assert_eq!(refused.code, code);
        assert!(!refused.detail.contains("hunter2"), "{refused:?}");
    };
    check(add(payout, Some("hunter2")), Code::PoolAddress);
    check(add("me.rig", None), Code::NodePayout);
}

#[test]
fn a_file_that_cannot_be_read_is_left_alone() {
    assert!(with_pools("[[pool", &[one()]).is_err());
}

#[test]
fn the_file_is_replaced_in_one_step_and_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("stannary-pool-list-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("stannary.toml");
    fs::write(&path, FILE).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    let list = keep(&path).expect("a thread");
    list.remember(listed(&[one(), two()], &[]));
    list.remember(listed(&[two(), one()], &[]));
    drop(list);
    let text = fs::read_to_string(&path).expect("there");
    assert_eq!(text, with_pools(FILE, &[two(), one()]).expect("sound"));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let left = fs::read_dir(&folder).expect("there").count();
    assert_eq!(left, 1, "nothing beside it");
    let _ = fs::remove_dir_all(&folder);
}

/// What interfaces take is a file that the next start takes: as many pools as there may be, and texts
/// as long as they may be.
#[test]
fn the_longest_list_is_read_at_the_next_start() {
    let text = |of: &str| of.repeat(POOL_TEXT_MAX / of.len());
    let pools: Vec<_> = (0..POOLS_MAX)
        .map(|i| pool(&format!("p{i}:3333"), &text("\"'\\#"), &text("ü=]\"")))
        .collect();
    let text = with_pools(FILE, &pools).expect("sound");
    let config = parse("of a test", &text).expect("a file that is taken");
    assert_eq!(config.pools.len(), POOLS_MAX);
    assert!(text.len() as u64 <= FILE_BYTES_MAX);
}

#[test]
fn a_list_that_the_next_start_would_refuse_is_not_written() {
    let folder = std::env::temp_dir().join(format!("stannary-pool-refused-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("stannary.toml");
    let check = |before: &str, pools: &[PoolConfig], written: bool| {
        fs::write(&path, before).expect("written");
        let said = rewrite(&path, &listed(pools, &[]));
        assert_eq!(said.is_ok(), written, "{said:?}");
        let after = fs::read_to_string(&path).expect("there");
        assert_eq!(after != before, written, "{after}");
    };
    let bell = pool("three:3333", "me\u{7}", "x");
    check(FILE, &[one(), bell.clone()], false);
    check(FILE, &vec![one(); POOLS_MAX + 1], false);
    check(FILE, &[two()], true);
    // Somebody is at work on it: nothing gets worse.
    let broken = FILE.replace("antminer-s19-pro", "abacus");
    check(&broken, &[two()], true);
    let _ = fs::remove_dir_all(&folder);
}

/// Whoever nests what he adds by hand as deep as the format lets him stops no daemon.
#[test]
fn a_file_nested_as_deep_as_it_may_be_is_borne_by_the_thread() {
    let folder = std::env::temp_dir().join(format!("stannary-pool-deep-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("stannary.toml");
    for depth in [70, 79, 1000] {
        let deep = format!(
            "{FILE}\ndeep = {}{}\n",
            "[".repeat(depth),
            "]".repeat(depth)
        );
        fs::write(&path, deep).expect("written");
        let list = keep(&path).expect("a thread");
        list.remember(listed(&[one(), two()], &[]));
        drop(list);
    }
    let _ = fs::remove_dir_all(&folder);
}

#[test]
fn orders_become_the_engines_or_say_why_not() {
    let add = |url: &str| PoolOrder::Add {
        url: url.into(),
        user: "u".into(),
        password: None,
        group: None,
        place: Some(2),
    };
    let taken = to_engine(add("p:1")).expect("an address");
    let expected = engine::PoolOrder::Add {
        pool: Box::new(pool("p:1", "u", "x")),
        place: Some(2),
    };
    assert_eq!(taken, expected);
    let refused = to_engine(add("http://p:1")).expect_err("no pool");
    assert_eq!(refused.code, Code::PoolAddress);
}

/// A file with groups, as somebody wrote it.
const GROUPS: &str = r#"config_version = 1

# The good one.
[[pool]]
url = "one:3333"
user = "me.rig"
password = "s3cret"
tls_pin = "kept" # not ours
group = "mine" # most of it

[[pool]]
url = "two:3333"
user = "me.rig"
enabled = false

# Who has how much.
[[pool_group]]
name = "mine" # me
quota_percent = 70 # since May

[api]
"#;

fn in_group(pool: PoolConfig, group: &str) -> PoolConfig {
    PoolConfig {
        group: group.into(),
        ..pool
    }
}

#[test]
fn groups_and_quotas_are_written_and_remarks_stay() {
    let mine = in_group(one(), "mine");
    let same = listed(&[mine.clone(), two()], &[("mine", 70.0)]);
    assert_eq!(with_list(GROUPS, &same).as_deref(), Ok(GROUPS));

    // A quota alone.
    let list = listed(&[mine.clone(), two()], &[("mine", 12.5)]);
    let text = with_list(GROUPS, &list).expect("sound");
    let expected = GROUPS.replace("= 70 #", "= 12.5 #");
    assert_eq!(text, expected);
    assert_eq!(with_list(&text, &list).expect("sound"), text);

    // A group more, and a pool that moves to it with all that its table says.
    let moved = [in_group(mine, "other"), in_group(two(), "mine")];
    let list = listed(&moved, &[("mine", 70.0), ("other", 30.0)]);
    let text = with_list(GROUPS, &list).expect("sound");
    for kept in [
        "# The good one.",
        "tls_pin = \"kept\" # not ours",
        "# since May",
        "[api]",
    ] {
        assert!(text.contains(kept), "{kept} in\n{text}");
    }
    assert_eq!(text.matches("[[pool]]").count(), 2, "{text}");
    assert!(text.contains("quota_percent = 30\n"), "{text}");
    assert_eq!(with_list(&text, &list).expect("sound"), text);
    let document: DocumentMut = text.parse().expect("TOML");
    let tables = document["pool"].as_array_of_tables().expect("tables");
    let groups: Vec<&str> = tables.iter().map(group_of).collect();
    assert_eq!(groups, ["other", "mine"]);

    // No group any more: neither the tables nor the pools' keys.
    let text = with_list(GROUPS, &listed(&[one(), two()], &[])).expect("sound");
    assert!(
        !text.contains("pool_group") && !text.contains("group ="),
        "{text}"
    );
    assert!(text.contains("tls_pin") && text.contains("[api]"), "{text}");
    // And into a file that has had none.
    let text = with_list(FILE, &listed(&[one(), two()], &[("a", 33.3)])).expect("sound");
    let document: DocumentMut = text.parse().expect("TOML");
    let group = document["pool_group"]
        .as_array_of_tables()
        .and_then(|t| t.get(0));
    assert!(
        group.is_some_and(|table| text_of(table, "name") == Some("a")),
        "{text}"
    );
    assert!(
        text.contains("# in the garage") && text.contains("[api]\nhttp"),
        "{text}"
    );
}

#[test]
fn orders_about_groups_become_the_engines() {
    let set = PoolOrder::SetQuotas {
        quotas: vec![api::Quota {
            group: "a".into(),
            quota_percent: 30.0,
        }],
    };
    let expected = telemetry::GroupChange::SetQuotas(listed(&[], &[("a", 30.0)]).groups);
    assert_eq!(to_engine(set), Ok(engine::PoolOrder::Groups(expected)));
    let group = "a".to_owned();
    let moved = engine::PoolOrder::MoveToGroup {
        pool: PoolIndex(3),
        group: group.clone(),
    };
    assert_eq!(
        to_engine(PoolOrder::MoveToGroup { pool: 3, group }),
        Ok(moved)
    );
}
