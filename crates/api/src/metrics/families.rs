//! What is told, family by family.

use serde::Serialize;
use telemetry::{Settings, Snapshot};

use super::text::{Kind, Text};

/// Everything, and what is known of each chip where it is asked for.
pub(super) fn write(text: &mut Text, s: &Snapshot, chips: bool) {
    machine(text, s);
    shares(text, s);
    chains(text, s);
    if chips {
        of_chips(text, s);
    }
    pools(text, s);
    surroundings(text, s);
    if let Some(settings) = &s.settings {
        set(text, settings);
    }
}

fn machine(t: &mut Text, s: &Snapshot) {
    let m = &s.machine;
    let bits = m.difficulty_bits.to_string();
    let labels = [
        ("model", m.model.as_str()),
        ("backend", &m.backend),
        ("firmware", &m.firmware),
        ("emulated", if m.emulated { "true" } else { "false" }),
        ("difficulty_bits", &bits),
    ];
    t.info("stannary_info", "What this machine is; always 1.")
        .sample(&labels, Some(1.0));
    t.gauge(
        "stannary_uptime_seconds",
        "Seconds since the process began.",
    )
    .sample(&[], Some(s.uptime_s));
    t.gauge(
        "stannary_state",
        "State of the machine; 1 for the present one.",
    )
    .sample(&[("state", &word(&s.state))], Some(1.0));
    let mut f = t.gauge(
        "stannary_hashrate_terahashes_per_second",
        "Hashrate by verified nonces in a window; nominal is the model's at the present frequency.",
    );
    let h = &s.hashrate;
    let windows = [
        ("5s", h.s5),
        ("1m", h.m1),
        ("15m", h.m15),
        ("1h", h.h1),
        ("nominal", h.nominal),
    ];
    for (window, value) in windows {
        f.sample(&[("window", window)], value);
    }
    let mut f = t.gauge("stannary_fault", "Faults that are present; 1 for each.");
    for fault in &s.faults {
        // What was done about it changes, and would be another series each time.
        let labels = [("code", fault.code.text()), ("place", &fault.place)];
        f.sample(&labels, Some(1.0));
    }
}

fn shares(t: &mut Text, s: &Snapshot) {
    let a = &s.shares;
    let mut f = t.counter(
        "stannary_shares_total",
        "Shares by outcome since the start.",
    );
    let outcomes = [
        ("submitted", a.submitted),
        ("accepted", a.accepted),
        ("rejected", a.rejected),
        ("stale", a.stale),
        ("duplicate", a.duplicate),
        ("lost", a.lost),
    ];
    for (outcome, count) in outcomes {
        f.sample(&[("outcome", outcome)], Some(count as f64));
    }
    t.counter(
        "stannary_hw_errors_total",
        "Nonces that fit no work in flight.",
    )
    .sample(&[], Some(a.hw_errors as f64));
    t.counter(
        "stannary_blocks_total",
        "Shares that met the network target.",
    )
    .sample(&[], Some(a.blocks as f64));
    t.gauge(
        "stannary_shares_in_flight",
        "Shares sent and not yet answered.",
    )
    .sample(&[], Some(a.in_flight as f64));
}

/// A column of a table: its name, what it says, and the value of one row.
type Column<Row> = (&'static str, &'static str, fn(&Row) -> Option<f64>);

fn chains(t: &mut Text, s: &Snapshot) {
    use telemetry::Chain;
    const GAUGES: [Column<Chain>; 5] = [
        (
            "stannary_chain_chips_expected",
            "Chips that the board should have.",
            |c| Some(c.chips_expected.into()),
        ),
        ("stannary_chain_chips_found", "Chips that answered.", |c| {
            c.chips_found.map(f64::from)
        }),
        (
            "stannary_chain_frequency_megahertz",
            "Present frequency.",
            |c| c.frequency_mhz,
        ),
        (
            "stannary_chain_voltage_millivolts",
            "Present voltage.",
            |c| c.voltage_mv.map(f64::from),
        ),
        (
            "stannary_chain_hashrate_terahashes_per_second",
            "Verified hashrate over a minute.",
            |c| c.hashrate_ths,
        ),
    ];
    const COUNTERS: [Column<Chain>; 5] = [
        ("stannary_chain_nonces_total", "Verified nonces.", |c| {
            Some(c.nonces as f64)
        }),
        (
            "stannary_chain_nonces_expected_total",
            "Nonces that the model expects since the start.",
            |c| Some(c.nonces_expected),
        ),
        (
            "stannary_chain_hw_errors_total",
            "Nonces that fit no work in flight.",
            |c| Some(c.hw_errors as f64),
        ),
        (
            "stannary_chain_damaged_frames_total",
            "Received frames that were damaged.",
            |c| Some(c.damaged_frames as f64),
        ),
        (
            "stannary_chain_restarts_total",
            "Times the chain was brought up again.",
            |c| Some(c.restarts.into()),
        ),
    ];
    let slots: Vec<_> = s.chains.iter().map(|c| c.slot.to_string()).collect();
    let mut table = |kind: Kind, columns: &[Column<Chain>]| {
        for (name, help, value) in columns {
            let mut f = t.family(name, kind, help);
            for (chain, slot) in s.chains.iter().zip(&slots) {
                f.sample(&[("chain", slot)], value(chain));
            }
        }
    };
    table(Kind::Gauge, &GAUGES);
    table(Kind::Counter, &COUNTERS);
    let mut f = t.gauge(
        "stannary_chain_state",
        "State of a chain; 1 for the present one.",
    );
    for (chain, slot) in s.chains.iter().zip(&slots) {
        f.sample(
            &[("chain", slot), ("state", &word(&chain.state))],
            Some(1.0),
        );
    }
}

/// Thousands of series for a whole machine: only where asked for.
fn of_chips(t: &mut Text, s: &Snapshot) {
    use telemetry::Chip;
    const COLUMNS: [(Kind, Column<Chip>); 5] = [
        (
            Kind::Counter,
            (
                "stannary_chip_nonces_total",
                "Verified nonces of a chip.",
                |c| Some(c.nonces as f64),
            ),
        ),
        (
            Kind::Counter,
            (
                "stannary_chip_nonces_expected_total",
                "Nonces that the model expects of a chip.",
                |c| Some(c.expected),
            ),
        ),
        (
            Kind::Counter,
            (
                "stannary_chip_hw_errors_total",
                "Nonces of a chip that fit no work in flight.",
                |c| Some(c.hw_errors as f64),
            ),
        ),
        (
            Kind::Gauge,
            (
                "stannary_chip_ratio_low",
                "Lower bound of seen by expected nonces, at 95 % confidence.",
                |c| c.ratio_low,
            ),
        ),
        (
            Kind::Gauge,
            (
                "stannary_chip_ratio_high",
                "Upper bound of seen by expected nonces, at 95 % confidence.",
                |c| c.ratio_high,
            ),
        ),
    ];
    for (kind, (name, help, value)) in COLUMNS {
        let mut f = t.family(name, kind, help);
        for chain in &s.chains {
            let slot = chain.slot.to_string();
            for chip in chain.chips.iter().flatten() {
                let (index, domain) = (chip.index.to_string(), chip.domain.to_string());
                let labels = [("chain", &*slot), ("chip", &index), ("domain", &domain)];
                f.sample(&labels, value(chip));
            }
        }
    }
}

fn pools(t: &mut Text, s: &Snapshot) {
    use telemetry::Pool;
    const GAUGES: [Column<Pool>; 8] = [
        (
            "stannary_pool_active",
            "1 where work comes from this pool.",
            |p| Some(f64::from(u8::from(p.active))),
        ),
        (
            "stannary_pool_difficulty",
            "Share difficulty, the pool's own number.",
            |p| p.difficulty,
        ),
        (
            "stannary_pool_last_share_seconds",
            "Seconds since the last accepted share.",
            |p| p.last_share_s,
        ),
        (
            "stannary_pool_quota_percent",
            "What the pool's group is to have of the hashrate.",
            |p| Some(p.quota_percent),
        ),
        (
            "stannary_pool_shares_in_flight",
            "Shares sent and not yet answered.",
            |p| Some(p.in_flight as f64),
        ),
        (
            "stannary_pool_best_share",
            "Difficulty of the best accepted share.",
            |p| p.best_share,
        ),
        (
            "stannary_pool_credited_terahashes_per_second",
            "Hashrate that the accepted shares of the last hour stand for.",
            |p| p.credited_ths,
        ),
        (
            "stannary_pool_estimated_satoshis_per_day",
            "An estimate at the credited rate, without fees.",
            |p| p.estimated_sat_per_day,
        ),
    ];
    for (name, help, value) in GAUGES {
        let mut f = t.gauge(name, help);
        for pool in &s.pools {
            let labels = [("pool", &*pool.id.to_string()), ("url", &pool.url)];
            f.sample(&labels, value(pool));
        }
    }
    let mut f = t.gauge(
        "stannary_pool_state",
        "State of a pool; 1 for the present one.",
    );
    for pool in &s.pools {
        let labels = [
            ("pool", &*pool.id.to_string()),
            ("url", &pool.url),
            ("state", &word(&pool.state)),
        ];
        f.sample(&labels, Some(1.0));
    }
    let mut f = t.counter("stannary_pool_shares_total", "Shares by the pool's answer.");
    for pool in &s.pools {
        let i = pool.id.to_string();
        let answers = [
            ("accepted", pool.accepted),
            ("rejected", pool.rejected),
            ("stale", pool.stale),
            ("lost", pool.lost),
        ];
        for (answer, count) in answers {
            let labels = [("pool", &*i), ("url", &pool.url), ("outcome", answer)];
            f.sample(&labels, Some(count as f64));
        }
    }
    let help = "Sum of the difficulties of accepted shares since the start.";
    let mut f = t.counter("stannary_pool_accepted_difficulty_total", help);
    for pool in &s.pools {
        let labels = [("pool", &*pool.id.to_string()), ("url", &pool.url)];
        f.sample(&labels, Some(pool.accepted_difficulty));
    }
    let help = "Rejected shares by reason.";
    let mut f = t.counter("stannary_pool_rejects_total", help);
    for pool in &s.pools {
        let (id, r) = (pool.id.to_string(), &pool.rejects);
        let reasons = [
            ("duplicate", r.duplicate),
            ("low_difficulty", r.low_difficulty),
            ("user", r.user),
            ("not_subscribed", r.not_subscribed),
            ("version", r.version),
            ("time", r.time),
            ("other", r.other),
        ];
        for (reason, count) in reasons {
            let labels = [("pool", &*id), ("url", &pool.url), ("reason", reason)];
            f.sample(&labels, Some(count as f64));
        }
    }
    let help = "From submit to answer, of the last 256 answers.";
    let mut f = t.gauge("stannary_pool_latency_seconds", help);
    for pool in &s.pools {
        let Some(latency) = pool.latency else {
            continue;
        };
        let id = pool.id.to_string();
        let quantiles = [
            ("0.5", latency.p50_ms),
            ("0.9", latency.p90_ms),
            ("0.99", latency.p99_ms),
        ];
        for (quantile, ms) in quantiles {
            let labels = [("pool", &*id), ("url", &pool.url), ("quantile", quantile)];
            f.sample(&labels, Some(ms / 1e3));
        }
    }
}

fn surroundings(t: &mut Text, s: &Snapshot) {
    let mut f = t.gauge("stannary_temperature_celsius", "Temperature at a place.");
    for reading in &s.temperatures {
        f.sample(&[("place", &reading.place)], reading.temp_c);
    }
    let mut f = t.gauge("stannary_fan_rpm", "Measured speed of a fan.");
    for (i, fan) in s.fans.iter().enumerate() {
        f.sample(&[("fan", &i.to_string())], fan.rpm.map(f64::from));
    }
    let mut f = t.gauge(
        "stannary_fan_duty_percent",
        "How hard a fan is driven, 0 to 100.",
    );
    for (i, fan) in s.fans.iter().enumerate() {
        f.sample(&[("fan", &i.to_string())], fan.duty_percent);
    }
    t.gauge(
        "stannary_psu_voltage_millivolts",
        "Output voltage of the supply.",
    )
    .sample(&[], s.psu.voltage_mv.map(f64::from));
    t.gauge("stannary_power_watts", "Power drawn at the wall.")
        .sample(&[], s.power_w);
    t.gauge(
        "stannary_efficiency_joules_per_terahash",
        "Energy per work.",
    )
    .sample(&[], s.efficiency_j_per_th);
}

/// What holds of what an operator can set.
fn set(t: &mut Text, s: &Settings) {
    t.gauge(
        "stannary_power_ceiling_watts",
        "The power ceiling in force, at the wall.",
    )
    .sample(&[], s.power_ceiling.in_force);
    t.gauge(
        "stannary_target_temperature_celsius",
        "Where quiet fans keep the hottest board sensor.",
    )
    .sample(&[], s.target_temperature.in_force);
    t.gauge("stannary_fan_mode", "How fans run; 1 for the present mode.")
        .sample(&[("mode", s.fans.mode.word())], Some(1.0));
    t.gauge(
        "stannary_intent",
        "What the machine is meant to do; 1 for it.",
    )
    .sample(&[("intent", &word(&s.intent))], Some(1.0));
}

/// The word that JSON shows for a state, so that both interfaces use one.
fn word(state: &impl Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or("unknown").to_owned()
}
