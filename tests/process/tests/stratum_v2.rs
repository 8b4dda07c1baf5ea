//! A daemon at a V2 pool behind Noise, on loopback.

use std::time::Duration;

use process::{AUTHORITY, OTHER_AUTHORITY, PATIENCE, Site, get_json, stannary, wait_for};
use twin::pool::V2Options;

fn pool_status(site: &Site) -> Option<serde_json::Value> {
    let status = get_json(&format!("{}api/v1/status", site.page))?;
    Some(status["pools"][0].clone())
}

#[test]
fn shares_are_accepted_on_extended_and_on_standard_channels() {
    let Some(binary) = stannary() else {
        return;
    };
    for refuse_extended in [false, true] {
        let v2 = V2Options {
            refuse_extended,
            flush_after: Some(Duration::from_millis(200)),
            ..V2Options::default()
        };
        let site = Site::in_v2("antminer-s9", AUTHORITY.text, v2);
        let mut daemon = site.run(&binary);
        site.wait_for_shares(&mut daemon);
        // The daemon learns of it by the batch.
        wait_for("an acknowledged batch", PATIENCE, || {
            let accepted = pool_status(&site)?["accepted"].as_u64()?;
            (accepted > 0).then_some(())
        });
        daemon.terminate();
        let status = daemon.wait(PATIENCE);
        assert_eq!(status.code(), Some(0), "{}", daemon.everything());
        site.pool.ledger(|ledger| {
            let totals = ledger.totals;
            assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
            assert!(ledger.violations.is_empty(), "{:?}", ledger.violations);
            // Hashes really computed: far below what the machine shows, and not nothing.
            let told: f64 = ledger.replies[0].result.parse().expect("a number");
            assert!((1e3..1e7).contains(&told), "{told}");
        });
    }
}

#[test]
fn a_pool_with_another_authority_is_sent_nothing() {
    let Some(binary) = stannary() else {
        return;
    };
    let site = Site::in_v2("antminer-s9", OTHER_AUTHORITY, V2Options::default());
    let mut daemon = site.run(&binary);
    let error = wait_for("the reason", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        let error = pool_status(&site)?["last_error"].as_str()?.to_owned();
        (site.pool.handshakes() >= 2).then_some(error)
    });
    assert!(error.contains("authority key"), "{error}");
    assert_eq!(site.pool.heard_after_handshake(), 0);
    daemon.terminate();
    assert_eq!(daemon.wait(PATIENCE).code(), Some(0));
    assert_eq!(site.pool.heard_after_handshake(), 0);
}
