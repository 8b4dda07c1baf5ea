use super::*;
use crate::{
    Chain, ChainState, Clock, Fan, Hashrate, Machine, MachineState, Psu, Quality, Temperature,
};

/// A machine without parts at this second.
pub(crate) fn at(uptime_s: f64) -> Snapshot {
    Snapshot {
        seq: 1,
        uptime_s,
        state: MachineState::Hashing,
        locating: false,
        machine: Machine {
            model: String::new(),
            name: String::new(),
            backend: String::new(),
            emulated: true,
            difficulty_bits: 2,
            firmware: String::new(),
        },
        hashrate: Hashrate::default(),
        chains: Vec::new(),
        temperatures: Vec::new(),
        fans: Vec::new(),
        psu: Psu::default(),
        power_w: None,
        efficiency_j_per_th: None,
        settings: None,
        clock: Clock::default(),
        pools: Vec::new(),
        pool_groups: Vec::new(),
        shares: Shares::default(),
        faults: Vec::new(),
        decisions: Vec::new(),
    }
}

fn rate(uptime_s: f64, ths: f64) -> Snapshot {
    let mut s = at(uptime_s);
    s.hashrate.s5 = Some(ths);
    s
}

fn accepted(uptime_s: f64, accepted: u64) -> Snapshot {
    let mut s = at(uptime_s);
    s.shares.accepted = accepted;
    s
}

fn chain(slot: u8, ths: f64) -> Chain {
    Chain {
        slot,
        state: ChainState::Hashing,
        chips_expected: 1,
        chips_found: None,
        frequency_mhz: None,
        voltage_mv: None,
        hashrate_ths: Some(ths),
        hw_errors: 0,
        nonces: 0,
        nonces_expected: 0.0,
        damaged_frames: 0,
        restarts: 0,
        chips: None,
    }
}

fn sensor(place: &str, temp_c: Option<f64>) -> Temperature {
    Temperature {
        place: place.to_owned(),
        temp_c,
        quality: Quality::Good,
    }
}

fn of(snapshots: impl IntoIterator<Item = Snapshot>) -> History {
    let mut history = History::new();
    snapshots.into_iter().for_each(|s| history.push(&s));
    history
}

/// A series of the machine in steps of a second or another.
fn check(history: &History, step_s: u32, series: Series, from_s: u64, expected: &[Option<f64>]) {
    let past = history.read(step_s, 604_800).expect("a step that is kept");
    let found = (past.from_s, past.column(series, 0));
    assert_eq!(found, (from_s, expected.to_vec()), "{series:?}");
}

#[test]
fn a_row_is_the_mean_of_its_step_and_there_only_once_that_is_over() {
    let history = of([rate(0.0, 100.0), rate(0.25, 110.0), rate(0.75, 120.0)]);
    check(&history, 1, Series::Rate, 0, &[]);
    let mut history = history;
    history.push(&rate(1.0, 50.0));
    check(&history, 1, Series::Rate, 0, &[Some(110.0)]);
    history.push(&rate(2.5, 70.0));
    check(&history, 1, Series::Rate, 0, &[Some(110.0), Some(50.0)]);
    history.push(&rate(10.0, 70.0));
    check(&history, 10, Series::Rate, 0, &[Some(90.0)]);
}

#[test]
fn heat_keeps_its_worst_and_fans_their_slowest() {
    let with = |uptime_s: f64, temp_c: f64, rpm: u32, duty: f64| {
        let mut s = at(uptime_s);
        s.temperatures = vec![
            sensor("intake", Some(20.0)),
            sensor("board 0 outlet 1", Some(temp_c)),
        ];
        let fan = |rpm| Fan {
            rpm,
            duty_percent: Some(duty),
        };
        s.fans = vec![fan(Some(rpm)), fan(Some(6000)), fan(None)];
        s
    };
    let history = of([
        with(0.0, 60.0, 4000, 50.0),
        with(0.5, 75.5, 3000, 80.0),
        with(1.0, 61.0, 5000, 1.0),
    ]);
    check(&history, 1, Series::Temperature, 0, &[Some(75.5)]);
    check(&history, 1, Series::FanSpeed, 0, &[Some(3000.0)]);
    check(&history, 1, Series::FanDuty, 0, &[Some(80.0)]);
}

#[test]
fn shares_are_counted_in_the_step_in_which_they_were_first_seen() {
    let counts = [
        (0.0, 3),
        (0.5, 4),
        (1.25, 10),
        (1.5, 10),
        (3.0, 12),
        (4.0, 12),
    ];
    let history = of(counts.map(|(s, n)| accepted(s, n)));
    check(
        &history,
        1,
        Series::Accepted,
        0,
        &[Some(4.0), Some(6.0), None, Some(2.0)],
    );
    // No count goes down; one that did adds nothing.
    let history = of([accepted(0.0, 9), accepted(1.0, 4), accepted(2.0, 5)]);
    check(&history, 1, Series::Accepted, 0, &[Some(9.0), Some(0.0)]);
}

#[test]
fn what_nobody_knew_is_unknown_and_not_nothing() {
    let history = of([at(0.0), rate(1.0, 0.0), at(2.0), rate(5.0, 7.0), at(6.0)]);
    let expected = [None, Some(0.0), None, None, None, Some(7.0)];
    check(&history, 1, Series::Rate, 0, &expected);
    check(&history, 1, Series::Power, 0, &[None; 6]);
    let history = of([rate(0.0, f64::NAN), rate(0.5, f64::INFINITY), at(1.0)]);
    check(&history, 1, Series::Rate, 0, &[None]);
}

#[test]
fn no_time_of_a_snapshot_upsets_what_is_kept() {
    let mut history = of((0..20).map(|s| rate(f64::from(s), f64::from(s))));
    let whole: Vec<_> = (0..19).map(|s| Some(f64::from(s))).collect();
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5.0, 3.0] {
        history.push(&rate(odd, 19.0));
        check(&history, 1, Series::Rate, 0, &whole);
    }
    // A pause longer than all that is kept: nothing of before it may show as of now.
    history.push(&rate(5_000_000.0, 1.0));
    for Resolution { step_s, rows } in RESOLUTIONS {
        let past = history.read(step_s, 604_800).expect("kept");
        assert_eq!(past.rows(), rows as usize, "{step_s}");
        assert_eq!(past.column(Series::Rate, 0), vec![None; rows as usize]);
    }
    history.push(&rate(1e300, 1.0));
    history.push(&rate(1.0, 1.0));
    assert_eq!(history.read(600, 604_800).expect("kept").rows(), 1008);
}

#[test]
fn a_reader_gets_the_last_whole_rows_of_what_it_asks() {
    let history = of((0..5000).map(|s| rate(f64::from(s), f64::from(s))));
    let rows = |step_s, range_s| {
        let past = history.read(step_s, range_s).expect("kept");
        (past.from_s, past.rows())
    };
    assert_eq!(rows(1, 5), (4994, 5));
    assert_eq!(rows(1, 600), (4399, 600));
    assert_eq!(rows(1, 601), (4399, 600));
    assert_eq!(rows(10, 3600), (1390, 360));
    assert_eq!(rows(10, 15), (4970, 2));
    assert_eq!(rows(600, u32::MAX), (0, 8));
    assert_eq!(rows(1, 0), (4999, 0));
    assert!(history.read(2, 60).is_none());
    assert_eq!(History::new().read(1, 60).expect("kept").rows(), 0);
}

#[test]
fn chains_keep_their_columns_by_slot_and_sensors_go_to_their_board() {
    let mut s = at(0.0);
    s.chains = vec![chain(6, 30.0), chain(8, 40.0)];
    s.temperatures = vec![
        sensor("board 6 outlet 1", Some(50.0)),
        sensor("board 6 inlet 0", Some(30.0)),
        sensor("board 6 chip 2", Some(70.0)),
        sensor("chain 8 chip 25", Some(80.0)),
        sensor("board 8 outlet 1", None),
        sensor("board", Some(99.0)),
    ];
    let mut later = s.clone();
    later.uptime_s = 1.0;
    // One comes late, and more than can be kept.
    later.chains = [8, 6, 7, 1, 2]
        .map(|slot| chain(slot, f64::from(slot)))
        .to_vec();
    let past = of([s, later, at(2.0)]).read(1, 60).expect("kept");
    let chains: Vec<_> = past.chains().collect();
    assert_eq!(chains, [(0, 6), (1, 8), (2, 7), (3, 1)]);
    let row = |series, chain: usize| past.column(series, chain)[0];
    assert_eq!(past.column(Series::ChainRate, 0), [Some(30.0), Some(6.0)]);
    assert_eq!(past.column(Series::ChainRate, 1), [Some(40.0), Some(8.0)]);
    assert_eq!(past.column(Series::ChainRate, 2), [None, Some(7.0)]);
    assert_eq!(row(Series::ChainBoard, 0), Some(50.0));
    assert_eq!(row(Series::ChainChip, 0), Some(70.0));
    assert_eq!(row(Series::ChainBoard, 1), None);
    assert_eq!(row(Series::ChainChip, 1), Some(80.0));
    assert_eq!(row(Series::Temperature, 0), Some(99.0));
}

#[test]
fn every_series_has_a_place_of_its_own() {
    let mut seen = [0; COLUMNS];
    for series in Series::ALL {
        let chains = if series.is_of_chains() { CHAINS_MAX } else { 1 };
        for chain in 0..chains {
            seen[series.column(chain)] += 1;
            assert_eq!(Series::at(series.column(chain)), series);
        }
    }
    assert_eq!(seen, [1; COLUMNS]);
}

#[test]
fn a_week_takes_no_more_memory_than_the_first_second() {
    const { assert!(History::BYTES <= 450_000) };
    let taken = |history: &History| -> usize {
        let rings = history.tiers.iter().map(|tier| size_of_val(&*tier.ring));
        rings.sum()
    };
    let mut history = History::new();
    assert_eq!(taken(&history), History::BYTES);
    let mut found = 0;
    for look in 0..70_000u32 {
        found += u64::from(look % 3);
        let mut s = accepted(f64::from(look) * 10.0, found);
        s.chains = vec![chain((look % 200) as u8, 1.0)];
        history.push(&s);
    }
    assert_eq!(taken(&history), History::BYTES);
    assert!(size_of::<History>() < 4096);
    // Coarse rows hold the same shares as fine ones.
    let sum = |step_s: u32, range_s: u32| -> f64 {
        let past = history.read(step_s, range_s).expect("kept");
        past.column(Series::Accepted, 0).into_iter().flatten().sum()
    };
    assert_eq!(sum(600, 600), 60.0);
    assert_eq!(sum(60, 600), 60.0);
    assert_eq!(sum(600, 604_800), 1008.0 * 60.0);
}

#[test]
fn the_same_snapshots_make_the_same_past() {
    let all: Vec<_> = (0..4000u32)
        .map(|i| {
            let mut s = rate(f64::from(i) * 0.25, f64::from(i % 97));
            s.chains = (0..3).map(|slot| chain(slot, f64::from(i % 31))).collect();
            s.temperatures = (0..3)
                .flat_map(|slot| (0..4).map(move |k| (slot, k)))
                .map(|(slot, k)| {
                    sensor(
                        &format!("board {slot} outlet {k}"),
                        Some(f64::from(40 + i % 20)),
                    )
                })
                .collect();
            s
        })
        .collect();
    let (one, two) = (of(all.clone()), of(all));
    for Resolution { step_s, .. } in RESOLUTIONS {
        let (a, b) = (one.read(step_s, 604_800), two.read(step_s, 604_800));
        let columns = |past: Option<Past>| past.map(|p| Series::ALL.map(|s| p.column(s, 0)));
        assert_eq!(columns(a), columns(b));
    }
}
