//! `stats`: a head, then everything of every board in one flat list.

use telemetry::{ChainState, Snapshot};

use super::super::look::{Board, Look, Sensors};
use super::super::own_name;
use super::super::row::{Field, Row};
use super::reply::Reply;
use super::sections::version_row;

pub(super) fn stats(s: &Snapshot) -> Reply {
    let rows = vec![version_row(s), machine(s)];
    Reply::done(70, "BMMiner stats").with_list("STATS", rows)
}

fn machine(s: &Snapshot) -> Row {
    let look = Look::at(s);
    let mut row = Row::default()
        .whole("STATS", 0u8)
        .text("ID", "BTM_SOC0")
        .whole("Elapsed", look.elapsed())
        .whole("Calls", 0u8)
        .fixed("Wait", 0.0, 6)
        .fixed("Max", 0.0, 6)
        .fixed("Min", 99_999_999.0, 6)
        .text("GHS 5s", format!("{:.2}", look.ghs_5s()))
        .fixed("GHS av", look.ghs_av(), 2)
        .fixed("rate_30m", look.ghs_30m(), 2)
        .whole("miner_count", look.working())
        .whole("frequency", look.frequency().round() as u64);
    fans(&mut row, s);
    boards(&mut row, &look);
    row.fixed("total_rateideal", look.ghs_ideal(), 2)
        .text("rate_unit", "GH")
        .fixed("total_freqavg", look.frequency_mean(), 2)
        .whole("total_acn", look.chips_found())
        .fixed("total_rate", total(&look), 2)
        .fixed("Device Hardware%", look.hardware_percent(), 4)
        .whole("no_matching_work", s.shares.hw_errors)
        .text("miner_version", own_name(s))
}

/// What the boards do together, over a minute.
fn total(look: &Look<'_>) -> f64 {
    look.boards().iter().map(Board::ghs).sum()
}

fn fans(row: &mut Row, s: &Snapshot) {
    row.put("fan_num", Field::Whole(s.fans.len() as u64));
    for (number, fan) in (1u32..).zip(&s.fans) {
        // One that nobody hears has no number here: 0 says that it stands.
        if let Some(rpm) = fan.rpm {
            row.put(format!("fan{number}"), Field::Whole(rpm.into()));
        }
    }
    if let Some(percent) = Look::at(s).fan_percent() {
        row.put("fan_pwm", Field::Whole(percent));
    }
}

fn boards(row: &mut Row, look: &Look<'_>) {
    let boards = look.boards();
    let measured = boards.iter().filter(|b| b.pcb.hottest.is_some());
    row.put("temp_num", Field::Whole(measured.count() as u64));
    let hottest = boards
        .iter()
        .filter_map(|b| b.pcb.hottest.max(b.chips.hottest));
    if let Some(hottest) = hottest.max() {
        row.put("temp_max", Field::Signed(hottest));
    }
    for board in &boards {
        temperatures(row, board);
    }
    for board in &boards {
        chain(row, board);
    }
    // A slot that is empty is there as a number and has nothing in it.
    let empty = look
        .s
        .chains
        .iter()
        .filter(|c| c.state == ChainState::Absent);
    for chain in empty {
        let number = look.number(chain.slot);
        row.put(format!("chain_acn{number}"), Field::Whole(0));
        row.put(format!("chain_acs{number}"), Field::Text(String::new()));
        row.put(format!("chain_rate{number}"), Field::Text(String::new()));
    }
}

fn temperatures(row: &mut Row, board: &Board<'_>) {
    let n = board.number;
    let mut hottest = |name: String, sensors: &Sensors| {
        if let Some(c) = sensors.hottest {
            row.put(name, Field::Signed(c));
        }
    };
    hottest(format!("temp{n}"), &board.pcb);
    hottest(format!("temp2_{n}"), &board.chips);
    for (name, sensors) in [
        ("temp_pic", &board.pcb),
        ("temp_pcb", &board.pcb),
        ("temp_chip", &board.chips),
    ] {
        row.put(format!("{name}{n}"), Field::Text(sensors.joined()));
    }
}

fn chain(row: &mut Row, board: &Board<'_>) {
    let n = board.number;
    let mut put = |name: &str, field| row.put(format!("{name}{n}"), field);
    put("freq", Field::Whole(board.frequency().round() as u64));
    put("freq_avg", Field::Fixed(board.frequency(), 2));
    put("chain_rateideal", Field::Fixed(board.ideal_ghs, 2));
    put("chain_rate", Field::Text(format!("{:.2}", board.ghs())));
    put("chain_acn", Field::Whole(board.chips_found().into()));
    put("chain_acs", Field::Text(board.letters()));
    put("chain_hw", Field::Whole(board.chain.hw_errors));
    if let Some(mv) = board.chain.voltage_mv {
        put("chain_vol", Field::Whole(mv.into()));
    }
}
