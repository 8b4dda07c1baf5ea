//! What the miner's own pages say: each a frame with a list.

use serde_json::{Value, json};
use telemetry::{ChainState, Snapshot};

use super::super::look::{Board, Look, PoolLook};
use super::super::{COMPILED, own_name, unix_now, warning};
use crate::published::Published;

/// Version of the frame: the maker's own.
const API_VERSION: &str = "1.0.0";

/// The object of this name, which the socket gives too.
pub(in super::super) fn object(name: &str, published: &Published) -> Option<Value> {
    let s = &*published.snapshot();
    Some(match name {
        "summary" => summary(s),
        "stats" => stats(s),
        "pools" => pools(s),
        "warning" => warning(s),
        "rate" => super::chart::chart(published),
        _ => return None,
    })
}

/// A frame that says why there is nothing in it.
pub(in super::super) fn refused(s: &Snapshot, why: &str) -> Value {
    json!({ "STATUS": status("E", why), "INFO": info(s) })
}

pub(super) fn framed(s: &Snapshot, what: &str, name: &str, list: Value) -> Value {
    json!({ "STATUS": status("S", what), "INFO": info(s), name: list })
}

fn status(kind: &str, what: &str) -> Value {
    json!({ "STATUS": kind, "when": unix_now(), "Msg": what, "api_version": API_VERSION })
}

fn info(s: &Snapshot) -> Value {
    json!({
        "miner_version": own_name(s),
        "CompileTime": COMPILED,
        "type": s.machine.name,
    })
}

pub(super) fn summary(s: &Snapshot) -> Value {
    let look = Look::at(s);
    let lines = warning::lines(s).map(|line| {
        let (kind, status, message) = (line.kind, line.status, line.message);
        json!({ "type": kind, "status": status, "code": 0, "msg": message })
    });
    let row = json!({
        "elapsed": look.elapsed(),
        "rate_5s": look.ghs_5s(),
        "rate_30m": look.ghs_30m(),
        "rate_avg": look.ghs_av(),
        "rate_ideal": look.ghs_ideal(),
        "rate_unit": "GH/s",
        "hw_all": s.shares.hw_errors,
        "bestshare": look.best_share(),
        "status": lines,
    });
    framed(s, "summary", "SUMMARY", json!([row]))
}

pub(super) fn stats(s: &Snapshot) -> Value {
    let look = Look::at(s);
    let boards = look.boards();
    let fans: Vec<u32> = s.fans.iter().map(|fan| fan.rpm.unwrap_or(0)).collect();
    let row = json!({
        "elapsed": look.elapsed(),
        "rate_5s": look.ghs_5s(),
        "rate_30m": look.ghs_30m(),
        "rate_avg": look.ghs_av(),
        "rate_ideal": look.ghs_ideal(),
        "rate_unit": "GH/s",
        "chain_num": boards.len(),
        "fan_num": fans.len(),
        "fan": fans,
        "hwp_total": rounded(look.hardware_percent()),
        "miner-mode": u8::from(look.sleeps()),
        "freq-level": 100,
        "chain": boards.iter().map(chain).collect::<Vec<_>>(),
    });
    framed(s, "stats", "STATS", json!([row]))
}

fn chain(board: &Board<'_>) -> Value {
    json!({
        "index": board.chain.slot,
        "freq_avg": board.frequency(),
        "rate_ideal": rounded(board.ideal_ghs),
        "rate_real": board.ghs(),
        "asic_num": board.chips_found(),
        "asic": board.letters(),
        "temp_pic": board.pcb.four,
        "temp_pcb": board.pcb.four,
        "temp_chip": board.chips.four,
        "hw": board.chain.hw_errors,
        "hwp": rounded(board.hardware_percent()),
        "sn": "",
    })
}

/// Four decimals.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

pub(super) fn pools(s: &Snapshot) -> Value {
    let pools = (0u64..).zip(&s.pools).map(|(place, pool)| {
        json!({
            "index": pool.id,
            "url": pool.url,
            "user": pool.user,
            "status": pool.word(),
            "priority": place,
            "getworks": 0,
            "accepted": pool.accepted,
            "rejected": pool.rejected,
            "stale": pool.stale,
            "diff": pool.diff_text(),
            "diffa": pool.accepted_difficulty,
            "lstime": pool.last_share_text(),
        })
    });
    framed(s, "pools", "POOLS", pools.collect())
}

pub(super) fn warning(s: &Snapshot) -> Value {
    let faults = s.faults.iter().map(
        |fault| json!({ "code": fault.code, "place": fault.place, "msg": warning::message(fault) }),
    );
    framed(s, "warning", "WARNING", faults.collect())
}

/// The page of machines before the S19: every value is text.
pub(super) fn miner_status(s: &Snapshot) -> Value {
    let (look, a) = (Look::at(s), &s.shares);
    let minutes = s.uptime_s / 60.0;
    let utility = if minutes > 0.0 {
        a.accepted as f64 / minutes
    } else {
        0.0
    };
    let accepted: f64 = s.pools.iter().map(|p| p.accepted_difficulty).sum();
    let summary = json!({
        "elapsed": look.elapsed().to_string(),
        "ghs5s": format!("{:.2}", look.ghs_5s()),
        "ghsav": format!("{:.2}", look.ghs_av()),
        "foundblocks": a.blocks.to_string(),
        "accepted": a.accepted.to_string(),
        "rejected": a.rejected.to_string(),
        "hw": a.hw_errors.to_string(),
        "utility": format!("{utility:.2}"),
        "stale": a.stale.to_string(),
        "diffa": format!("{accepted:.0}"),
        "bestshare": look.best_share().to_string(),
    });
    let pools = (0u64..).zip(&s.pools).map(|(place, pool)| {
        json!({
            "index": pool.id.to_string(),
            "url": pool.url,
            "user": pool.user,
            "status": pool.word(),
            "priority": place.to_string(),
            "accepted": pool.accepted.to_string(),
            "rejected": pool.rejected.to_string(),
            "stale": pool.stale.to_string(),
            "diff": pool.diff_text(),
            "diffa": format!("{:.0}", pool.accepted_difficulty),
            "lstime": pool.last_share_text(),
        })
    });
    let boards = look.boards();
    let mut devs: Vec<Value> = boards.iter().map(old_chain).collect();
    let absent = s.chains.iter().filter(|c| c.state == ChainState::Absent);
    devs.extend(
        absent.map(|c| json!({ "index": look.number(c.slot).to_string(), "chain_acn": "0" })),
    );
    json!({ "summary": summary, "pools": pools.collect::<Vec<_>>(), "devs": devs })
}

fn old_chain(board: &Board<'_>) -> Value {
    let text = |c: Option<i64>| c.map(|c| c.to_string());
    json!({
        "index": board.number.to_string(),
        "chain_acn": board.chips_found().to_string(),
        "freq": format!("{:.0}", board.frequency()),
        "temp": text(board.pcb.hottest),
        "temp2": text(board.chips.hottest),
        "hw": board.chain.hw_errors.to_string(),
        "rate": format!("{:.2}", board.ghs()),
        "chain_acs": board.letters(),
    })
}

/// What the miner noted lately, a line each.
pub(super) fn log(published: &Published) -> String {
    let (notes, _) = published.notes_after(0);
    let lines = notes.iter().map(|note| {
        let at = note.at.as_secs_f64();
        let severity = format!("{:?}", note.severity()).to_lowercase();
        let (code, place) = (note.code.text(), &note.place);
        let what = match note.detail.is_empty() {
            true => note.code.meaning(),
            false => &note.detail,
        };
        format!("{at:10.3} {severity:5} {code} {place} {what}\n")
    });
    lines.collect()
}
