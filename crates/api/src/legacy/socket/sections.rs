//! What the reading commands say, but for `stats`.

use telemetry::Snapshot;

use super::super::look::{Board, Look, PoolLook};
use super::super::row::{Field, Row};
use super::super::{COMPILED, own_name};
use super::reply::Reply;

/// Version of the interface: the makers' own.
const API: &str = "3.1";

pub(super) fn version(s: &Snapshot) -> Reply {
    Reply::done(22, "BMMiner versions").with("VERSION", version_row(s))
}

/// Who we are, in the fields that clients tell machines by.
pub(super) fn version_row(s: &Snapshot) -> Row {
    Row::default()
        .text("BMMiner", &s.machine.firmware)
        .text("API", API)
        .text("Miner", own_name(s))
        .text("CompileTime", COMPILED)
        .text("Type", &s.machine.name)
}

pub(super) fn config(s: &Snapshot) -> Reply {
    let row = Row::default()
        .whole("ASC Count", Look::at(s).boards().len() as u64)
        .whole("PGA Count", 0u8)
        .whole("Pool Count", s.pools.len() as u64)
        .text("Strategy", strategy(s))
        .whole("Log Interval", 5u8)
        .text("Device Code", "")
        .text("OS", "Linux")
        .truth("Failover-Only", false);
    Reply::done(33, "BMMiner config").with("CONFIG", row)
}

/// Pools of several groups share the hashrate; those of one stand in for each other.
fn strategy(s: &Snapshot) -> &'static str {
    let first = s.pools.first().map(|p| &p.group);
    match s.pools.iter().all(|p| Some(&p.group) == first) {
        true => "Failover",
        false => "Load Balance",
    }
}

pub(super) fn summary(s: &Snapshot) -> Reply {
    let look = Look::at(s);
    let a = &s.shares;
    let answered = a.accepted + a.rejected + a.stale;
    let of_answered = |count: u64| match answered {
        0 => 0.0,
        all => count as f64 * 100.0 / all as f64,
    };
    let accepted: f64 = s.pools.iter().map(|p| p.accepted_difficulty).sum();
    let row = Row::default()
        .whole("Elapsed", look.elapsed())
        .text("GHS 5s", format!("{:.2}", look.ghs_5s()))
        .fixed("GHS av", look.ghs_av(), 2)
        .fixed("rate_30m", look.ghs_30m(), 2)
        .whole("Found Blocks", a.blocks)
        .whole("Getworks", 0u8)
        .whole("Accepted", a.accepted)
        .whole("Rejected", a.rejected)
        .whole("Hardware Errors", a.hw_errors)
        .fixed("Utility", per_minute(a.accepted, s.uptime_s), 2)
        .whole("Stale", a.stale)
        .whole("Get Failures", 0u8)
        .whole("Remote Failures", a.lost)
        .fixed("Difficulty Accepted", accepted, 8)
        .whole("Best Share", look.best_share())
        .fixed("Device Hardware%", look.hardware_percent(), 4)
        .fixed("Device Rejected%", of_answered(a.rejected), 4)
        .fixed("Pool Rejected%", of_answered(a.rejected), 4)
        .fixed("Pool Stale%", of_answered(a.stale), 4);
    Reply::done(11, "Summary").with("SUMMARY", row)
}

fn per_minute(count: u64, seconds: f64) -> f64 {
    match seconds > 0.0 {
        true => count as f64 * 60.0 / seconds,
        false => 0.0,
    }
}

pub(super) fn pools(s: &Snapshot) -> Reply {
    if s.pools.is_empty() {
        return Reply::refused(8, "No pools");
    }
    let rows = s.pools.iter().zip(0u64..).map(|(pool, place)| {
        let difficulty = pool.difficulty.unwrap_or(0.0);
        Row::default()
            .whole("POOL", pool.id)
            .text("URL", &pool.url)
            .text("Status", pool.word())
            .whole("Priority", place)
            .whole("Quota", pool.quota_percent.clamp(0.0, 100.0).round() as u64)
            .text("Long Poll", "N")
            .whole("Getworks", 0u8)
            .whole("Accepted", pool.accepted)
            .whole("Rejected", pool.rejected)
            .whole("Stale", pool.stale)
            .whole("Get Failures", 0u8)
            .whole("Remote Failures", pool.lost)
            .text("User", &pool.user)
            .text("Last Share Time", pool.last_share_text())
            .text("Diff", pool.diff_text())
            .fixed("Difficulty Accepted", pool.accepted_difficulty, 8)
            .fixed("Work Difficulty", difficulty, 8)
            .truth("Has Stratum", pool.node.is_none())
            .truth("Stratum Active", pool.active && pool.node.is_none())
            .text(
                "Stratum URL",
                if pool.active { host(&pool.url) } else { "" },
            )
            .fixed("Stratum Difficulty", difficulty, 8)
            .truth("Has GBT", pool.node.is_some())
            .whole("Best Share", pool.best_share.unwrap_or(0.0) as u64)
            .fixed("Pool Rejected%", pool.rejected_percent.unwrap_or(0.0), 4)
            .fixed("Pool Stale%", pool.stale_percent(), 4)
            .maybe(
                "Current Block Height",
                pool.node
                    .as_ref()
                    .and_then(|n| n.height)
                    .map(|h| Field::Whole(h.into())),
            )
    });
    let rows: Vec<Row> = rows.collect();
    Reply::done(7, format!("{} Pool(s)", rows.len())).with_list("POOLS", rows)
}

/// The host of a pool's address, as this field has it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let host = &rest[..end];
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

pub(super) fn devs(s: &Snapshot) -> Reply {
    let rows = rows_of_boards(s, dev);
    match rows.is_empty() {
        true => Reply::refused(10, "No ASCs"),
        false => Reply::done(9, format!("{} ASC(s)", rows.len())).with_list("DEVS", rows),
    }
}

pub(super) fn asc(s: &Snapshot, parameter: Option<&str>) -> Reply {
    let Some(text) = parameter else {
        return Reply::refused(15, "Missing device id parameter");
    };
    let rows = rows_of_boards(s, dev);
    let last = rows.len().saturating_sub(1);
    if rows.is_empty() {
        return Reply::refused(105, "No ASCs");
    }
    let number = text.trim().parse::<usize>().ok();
    match number.and_then(|n| rows.into_iter().nth(n).map(|row| (n, row))) {
        Some((n, row)) => Reply::done(106, format!("ASC{n}")).with_list("ASC", vec![row]),
        None => {
            let shown: String = text.chars().take(20).collect();
            let said = format!("Invalid ASC id {shown} - range is 0 - {last}");
            Reply::refused(107, said)
        }
    }
}

fn rows_of_boards(s: &Snapshot, row: fn(&Snapshot, usize, &Board<'_>) -> Row) -> Vec<Row> {
    let boards = Look::at(s).boards();
    let rows = boards.iter().enumerate();
    rows.map(|(i, board)| row(s, i, board)).collect()
}

fn dev(s: &Snapshot, i: usize, board: &Board<'_>) -> Row {
    let hottest = board.pcb.hottest.or(board.chips.hottest);
    Row::default()
        .whole("ASC", i as u64)
        .text("Name", "BTM_SOC")
        .whole("ID", board.chain.slot)
        .text("Enabled", "Y")
        .text("Status", board.word())
        .fixed("Temperature", hottest.unwrap_or(0) as f64, 2)
        .fixed("MHS 1m", board.ghs() * 1000.0, 2)
        .whole("Hardware Errors", board.chain.hw_errors)
        .fixed("Device Hardware%", board.hardware_percent(), 4)
        .truth("No Device", false)
        .whole("Device Elapsed", Look::at(s).elapsed())
}

pub(super) fn devdetails(s: &Snapshot) -> Reply {
    let rows = rows_of_boards(s, |s, i, board| {
        Row::default()
            .whole("DEVDETAILS", i as u64)
            .text("Name", "BTM_SOC")
            .whole("ID", board.chain.slot)
            .text("Driver", "stannary")
            .text("Kernel", "")
            .text("Model", &s.machine.name)
            .text("Device Path", "")
    });
    match rows.is_empty() {
        true => Reply::refused(10, "No ASCs"),
        false => Reply::done(69, "Device Details").with_list("DEVDETAILS", rows),
    }
}

/// What is wrong with each board; the time of it is not known here.
pub(super) fn notify(s: &Snapshot) -> Reply {
    let rows = rows_of_boards(s, |s, i, board| {
        let places = ["board", "chain"].map(|word| format!("{word} {}", board.chain.slot));
        let here = |place: &str| {
            let mut known = places.iter();
            known.any(|p| place == p || place.starts_with(&format!("{p} ")))
        };
        let fault = s.faults.iter().find(|f| here(&f.place));
        let reason = fault.map_or("None".to_owned(), |f| {
            format!("{} {}", f.code.text(), f.code.meaning())
        });
        Row::default()
            .whole("NOTIFY", i as u64)
            .text("Name", "BTM_SOC")
            .whole("ID", board.chain.slot)
            .text("Reason Not Well", reason)
            .whole("*Dev Comms Error", board.chain.damaged_frames)
    });
    match rows.is_empty() {
        true => Reply::refused(10, "No ASCs"),
        false => Reply::done(60, "Notify").with_list("NOTIFY", rows),
    }
}

pub(super) fn coin(s: &Snapshot) -> Reply {
    let row = Row::default()
        .text("Hash Method", "sha256")
        .truth("LP", s.pools.iter().any(|p| p.active));
    Reply::done(78, "BMMiner coin").with("COIN", row)
}

pub(super) fn lcd(s: &Snapshot) -> Reply {
    let look = Look::at(s);
    let hottest = look.boards().iter().filter_map(|b| b.pcb.hottest).max();
    let active = look.active_pool();
    let row = Row::default()
        .whole("Elapsed", look.elapsed())
        .fixed("GHS av", look.ghs_av(), 2)
        .fixed("GHS 5s", look.ghs_5s(), 2)
        .fixed("Temperature", hottest.unwrap_or(0) as f64, 2)
        .whole("Best Share", look.best_share())
        .whole("Found Blocks", s.shares.blocks)
        .text("Current Pool", active.map_or("", |p| p.url.as_str()))
        .text("User", active.map_or("", |p| p.user.as_str()));
    Reply::done(125, "LCD").with("LCD", row)
}

pub(super) fn count(s: &Snapshot, of_boards: bool) -> Reply {
    let (code, said, name) = match of_boards {
        true => (104, "ASC count", "ASCS"),
        false => (59, "PGA count", "PGAS"),
    };
    let count = if of_boards {
        Look::at(s).boards().len()
    } else {
        0
    };
    Reply::done(code, said).with(name, Row::default().whole("Count", count as u64))
}
