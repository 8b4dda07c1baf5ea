//! What a configuration says of pools: groups, the way to them, and who tells the time for it.

use super::tests::{GOOD, check};
use super::*;

#[test]
fn groups_of_pools_are_read_and_must_fit_them() {
    let group = |name: &str, quota: &str| {
        format!("[[pool_group]]\nname = \"{name}\"\nquota_percent = {quota}\n")
    };
    let pools = GOOD.matches("[[pool]]").count();
    assert_eq!(pools, 2);
    let in_groups = |first: &str, second: &str| {
        let mut text = GOOD.to_owned();
        for name in [second, first] {
            let at = text.rfind("[[pool]]").expect("a pool");
            text.replace_range(
                at..at + 8,
                &format!("[[ pool ]]\ngroup = \"{name}\"\nenabled = false"),
            );
        }
        text
    };
    let both = in_groups("a", "b") + &group("a", "70") + &group("b", "29.5");
    let config = parse("c.toml", &both).unwrap_or_else(|e| panic!("{e}"));
    let quotas: Vec<_> = config
        .pool_groups
        .iter()
        .map(|g| (g.name.as_str(), g.quota_percent))
        .collect();
    assert_eq!(quotas, [("a", 70.0), ("b", 29.5)]);
    let of: Vec<_> = config
        .pools
        .iter()
        .map(|p| (p.group.as_str(), p.enabled))
        .collect();
    assert_eq!(of, [("a", false), ("b", false)]);
    // Pools that name no group have what is left.
    let rest = GOOD.replacen("[[pool]]", "[[pool]]\ngroup = \"a\"", 1) + &group("a", "60");
    let config = parse("c.toml", &rest).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.pools[1].group, "default");

    let refused = |text: &str, why: &str| {
        let error = parse("c.toml", text).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
        assert!(error.contains("E-CONF-VALUE"), "{error}");
    };
    let full = GOOD.replacen("[[pool]]", "[[pool]]\ngroup = \"a\"", 1) + &group("a", "100");
    refused(&full, "leaves nothing to the pools that name no `group`");
    refused(&(in_groups("a", "c") + &group("a", "70")), "has no `c`");
    refused(
        &(in_groups("a", "b") + &group("a", "70") + &group("b", "31")),
        "add up to 101",
    );
    refused(
        &(in_groups("a", "a") + &group("a", "50") + &group("a", "50")),
        "twice",
    );
    refused(&(in_groups("a", "a") + &group("a", "0")), "quota_percent");
}

#[test]
fn the_way_to_a_pool_is_read() {
    let route = |to: &str| {
        let text = GOOD.replacen("stratum+tcp://pool.example:3333\"", to, 1);
        let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        config.pools[0].route.clone()
    };
    let tls = "stratum+ssl://pool.example:443\"";
    assert_eq!(route(tls), Route::default());
    let digits = "ab".repeat(32);
    let pinned = route(&format!("{tls}\ntls_pin = \"sha256:{digits}\""));
    assert_eq!(pinned.trust, stratum::Trust::Key([0xab; 32]));
    let proxied = route(&format!("{tls}\nproxy = \"socks5://me:hunter2@tor:9050\""));
    let proxy = proxied.proxy.as_ref().map(ToString::to_string);
    assert_eq!(proxy.as_deref(), Some("socks5://tor:9050"));
    assert!(!format!("{proxied:?}").contains("hunter2"));
}

#[test]
fn a_way_to_a_pool_that_cannot_be_taken_is_refused() {
    let plain = "\"stratum+tcp://pool.example:3333\"";
    let tls = "\"stratum+ssl://pool.example:443\"";
    let pin = format!("tls_pin = \"sha256:{}\"", "00".repeat(32));
    let check_way = |url: &str, more: &str, expected: &str| {
        check(plain, &format!("{url}\n{more}"), &[expected]);
    };
    // It would protect nothing.
    check_way(plain, &pin, "E-CONF-VALUE 13 pool[0].tls_pin");
    check_way(
        tls,
        "tls_pin = \"sha256:00\"",
        "E-CONF-VALUE 13 pool[0].tls_pin",
    );
    check_way(tls, "tls_ca = \"ca.pem\"", "E-CONF-VALUE 13 pool[0].tls_ca");
    check_way(
        tls,
        "tls_ca = \"/nowhere/ca.pem\"",
        "E-CONF-VALUE 13 pool[0].tls_ca",
    );
    check_way(
        tls,
        "tls_ca = \"/dev/null\"",
        "E-CONF-VALUE 13 pool[0].tls_ca",
    );
    check_way(
        tls,
        &format!("tls_ca = \"/dev/null\"\n{pin}"),
        "E-CONF-VALUE 13 pool[0].tls_ca",
    );
    for proxy in [
        "http://hunter2:hunter2@h:1",
        "socks5://hunter2@h:1",
        "socks5://h",
    ] {
        let proxy = format!("proxy = \"{proxy}\"");
        check_way(tls, &proxy, "E-CONF-VALUE 13 pool[0].proxy");
    }
}

#[test]
fn time_servers_are_the_owners_alone() {
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.time_servers.is_empty());
    let text = format!("{GOOD}\n[time]\nntp = [\"a.example\", \"10.0.0.1:1123\"]\n");
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let shown: Vec<_> = config
        .time_servers
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown, ["a.example:123", "10.0.0.1:1123"]);
    check("", "[time]\n", &["E-CONF-KEY 24 time.ntp"]);
    check("", "[time]\nntp = []\n", &["E-CONF-VALUE 25 time.ntp"]);
    check(
        "",
        "[time]\nntp = [\"a b\"]\n",
        &["E-CONF-VALUE 25 time.ntp"],
    );
}
