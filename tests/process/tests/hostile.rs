//! Pools that send as fast as they can, beside one that is worked for.

use process::{Flood, FloodingPool, PATIENCE, Site, get_json, stannary, wait_for};

/// What the floods may cost: two pieces and one line of each (1 MiB), as it is read and as it is
/// kept, with room for what an allocator does not give back.
const MEMORY_KIB: u64 = 16 * 1024;
/// What is sent before memory is looked at again.
const FLOOD_BYTES: u64 = 32 << 20;

#[test]
fn a_pool_that_floods_costs_neither_memory_nor_the_work_of_another() {
    let Some(binary) = stannary() else {
        return;
    };
    let floods = [Flood::Jobs, Flood::Words, Flood::OneLine, Flood::Answers];
    let floods = floods.map(|flood| (flood, FloodingPool::start(flood)));
    let mut site = Site::new("antminer-s9");
    let mut text = std::fs::read_to_string(&site.config).expect("it was written");
    for (i, (_, pool)) in floods.iter().enumerate() {
        text.push_str(&format!(
            "\n[[pool]]\nurl = \"stratum+tcp://{}\"\nuser = \"u\"\npassword = \"x\"\ngroup = \"g{i}\"\n\
             difficulty_one = \"twin\"\n\n[[pool_group]]\nname = \"g{i}\"\nquota_percent = 5\n",
            pool.address()
        ));
    }
    site.config = site.folder.write("floods.toml", &text);
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    let sent = || -> u64 { floods.iter().map(|(_, pool)| pool.sent()).sum() };
    let (before, memory) = (sent(), daemon.resident_kib().expect("it lives"));
    let found = site.accepted();
    let mut most = memory;
    wait_for("the floods", 2 * PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        most = most.max(daemon.resident_kib()?);
        let all_came = floods.iter().all(|(_, pool)| pool.connections() > 0);
        (all_came && sent() - before >= FLOOD_BYTES).then_some(())
    });
    println!(
        "{memory} KiB, then {most} KiB at most; {} shares; {:?}",
        site.accepted() - found,
        floods
            .each_ref()
            .map(|(flood, pool)| (*flood, pool.sent(), pool.connections())),
    );
    assert!(
        most <= memory + MEMORY_KIB,
        "{memory} KiB became {most} KiB"
    );
    site.wait_for_more_shares(&mut daemon, site.accepted() + 5);
    let totals = site.pool.ledger(|ledger| ledger.totals);
    assert_eq!((totals.rejected(), totals.duplicate), (0, 0), "{totals:?}");
    let status = get_json(&format!("{}api/v1/status", site.page)).expect("it answers");
    assert_eq!(status["state"], "hashing", "{status}");
}
