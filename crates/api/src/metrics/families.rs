//! What is told, family by family.
//!
//! All of it is read out of the very object that `/api/v1/status` sends, so that a number is rounded
//! in one place and both show the same. What is `null` there has no sample.

use serde_json::Value;

use super::text::{Kind, Text};

/// Everything, and what is known of each chip where it is asked for.
pub(super) fn write(text: &mut Text, status: &Value, chips: bool) {
    machine(text, status);
    shares(text, status);
    chains(text, status);
    if chips {
        of_chips(text, status);
    }
    pools(text, status);
    surroundings(text, status);
    if status["settings"].is_object() {
        set(text, &status["settings"]);
    }
}

/// The rows of a list.
fn rows(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A whole number, or yes and no, as a label.
fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// A number; yes is 1.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        value => value.as_f64(),
    }
}

fn machine(t: &mut Text, s: &Value) {
    let m = &s["machine"];
    let (emulated, bits) = (label(&m["emulated"]), label(&m["difficulty_bits"]));
    let labels = [
        ("model", text(&m["model"])),
        ("backend", text(&m["backend"])),
        ("firmware", text(&m["firmware"])),
        ("emulated", &emulated),
        ("difficulty_bits", &bits),
    ];
    t.info("stannary_info", "What this machine is; always 1.")
        .sample(&labels, Some(1.0));
    t.gauge(
        "stannary_uptime_seconds",
        "Seconds since the process began.",
    )
    .sample(&[], number(&s["uptime_s"]));
    t.counter(
        "stannary_snapshots_total",
        "Snapshots since the start: the number of this one.",
    )
    .sample(&[], number(&s["seq"]));
    t.gauge(
        "stannary_state",
        "State of the machine; 1 for the present one.",
    )
    .sample(&[("state", text(&s["state"]))], Some(1.0));
    let mut f = t.gauge(
        "stannary_hashrate_terahashes_per_second",
        "Hashrate by verified nonces in a window; nominal is the model's at the present frequency.",
    );
    let windows = [
        ("5s", "s5"),
        ("1m", "m1"),
        ("15m", "m15"),
        ("1h", "h1"),
        ("nominal", "nominal"),
    ];
    for (window, key) in windows {
        f.sample(&[("window", window)], number(&s["hashrate_ths"][key]));
    }
    let mut f = t.gauge("stannary_fault", "Faults that are present; 1 for each.");
    for fault in rows(&s["faults"]) {
        // What was done about it changes, and would be another series each time.
        let labels = [
            ("code", text(&fault["code"])),
            ("place", text(&fault["place"])),
        ];
        f.sample(&labels, Some(1.0));
    }
}

fn shares(t: &mut Text, s: &Value) {
    let a = &s["shares"];
    let mut f = t.counter(
        "stannary_shares_total",
        "Shares by outcome since the start.",
    );
    let outcomes = [
        "submitted",
        "accepted",
        "rejected",
        "stale",
        "duplicate",
        "lost",
    ];
    for outcome in outcomes {
        f.sample(&[("outcome", outcome)], number(&a[outcome]));
    }
    t.counter(
        "stannary_hw_errors_total",
        "Nonces that fit no work in flight.",
    )
    .sample(&[], number(&a["hw_errors"]));
    t.counter(
        "stannary_blocks_total",
        "Shares that met the network target.",
    )
    .sample(&[], number(&a["blocks"]));
    t.gauge(
        "stannary_shares_in_flight",
        "Shares sent and not yet answered.",
    )
    .sample(&[], number(&a["in_flight"]));
}

/// A column of a table: its name, what it says, and the field of a row that is its value.
type Column = (&'static str, &'static str, &'static str);

fn chains(t: &mut Text, s: &Value) {
    const GAUGES: [Column; 5] = [
        (
            "stannary_chain_chips_expected",
            "Chips that the board should have.",
            "chips_expected",
        ),
        (
            "stannary_chain_chips_found",
            "Chips that answered.",
            "chips_found",
        ),
        (
            "stannary_chain_frequency_megahertz",
            "Present frequency.",
            "frequency_mhz",
        ),
        (
            "stannary_chain_voltage_millivolts",
            "Present voltage.",
            "voltage_mv",
        ),
        (
            "stannary_chain_hashrate_terahashes_per_second",
            "Verified hashrate over a minute.",
            "hashrate_ths",
        ),
    ];
    const COUNTERS: [Column; 5] = [
        ("stannary_chain_nonces_total", "Verified nonces.", "nonces"),
        (
            "stannary_chain_nonces_expected_total",
            "Nonces that the model expects since the start.",
            "nonces_expected",
        ),
        (
            "stannary_chain_hw_errors_total",
            "Nonces that fit no work in flight.",
            "hw_errors",
        ),
        (
            "stannary_chain_damaged_frames_total",
            "Received frames that were damaged.",
            "damaged_frames",
        ),
        (
            "stannary_chain_restarts_total",
            "Times the chain was brought up again.",
            "restarts",
        ),
    ];
    let chains = rows(&s["chains"]);
    let slots: Vec<_> = chains.iter().map(|c| label(&c["slot"])).collect();
    let mut table = |kind: Kind, columns: &[Column]| {
        for (name, help, field) in columns {
            let mut f = t.family(name, kind, help);
            for (chain, slot) in chains.iter().zip(&slots) {
                f.sample(&[("chain", slot)], number(&chain[field]));
            }
        }
    };
    table(Kind::Gauge, &GAUGES);
    table(Kind::Counter, &COUNTERS);
    let mut f = t.gauge(
        "stannary_chain_state",
        "State of a chain; 1 for the present one.",
    );
    for (chain, slot) in chains.iter().zip(&slots) {
        f.sample(
            &[("chain", slot), ("state", text(&chain["state"]))],
            Some(1.0),
        );
    }
}

/// Thousands of series for a whole machine: only where asked for.
fn of_chips(t: &mut Text, s: &Value) {
    const COLUMNS: [(Kind, Column); 5] = [
        (
            Kind::Counter,
            (
                "stannary_chip_nonces_total",
                "Verified nonces of a chip.",
                "nonces",
            ),
        ),
        (
            Kind::Counter,
            (
                "stannary_chip_nonces_expected_total",
                "Nonces that the model expects of a chip.",
                "expected",
            ),
        ),
        (
            Kind::Counter,
            (
                "stannary_chip_hw_errors_total",
                "Nonces of a chip that fit no work in flight.",
                "hw_errors",
            ),
        ),
        (
            Kind::Gauge,
            (
                "stannary_chip_ratio_low",
                "Lower bound of seen by expected nonces, at 95 % confidence.",
                "ratio_low",
            ),
        ),
        (
            Kind::Gauge,
            (
                "stannary_chip_ratio_high",
                "Upper bound of seen by expected nonces, at 95 % confidence.",
                "ratio_high",
            ),
        ),
    ];
    for (kind, (name, help, field)) in COLUMNS {
        let mut f = t.family(name, kind, help);
        for chain in rows(&s["chains"]) {
            let slot = label(&chain["slot"]);
            for chip in rows(&chain["chips"]) {
                let (index, domain) = (label(&chip["index"]), label(&chip["domain"]));
                let labels = [("chain", &*slot), ("chip", &index), ("domain", &domain)];
                f.sample(&labels, number(&chip[field]));
            }
        }
    }
}

fn pools(t: &mut Text, s: &Value) {
    const GAUGES: [Column; 8] = [
        (
            "stannary_pool_active",
            "1 where work comes from this pool.",
            "active",
        ),
        (
            "stannary_pool_difficulty",
            "Share difficulty, the pool's own number.",
            "difficulty",
        ),
        (
            "stannary_pool_last_share_seconds",
            "Seconds since the last accepted share.",
            "last_share_s",
        ),
        (
            "stannary_pool_quota_percent",
            "What the pool's group is to have of the hashrate.",
            "quota_percent",
        ),
        (
            "stannary_pool_shares_in_flight",
            "Shares sent and not yet answered.",
            "in_flight",
        ),
        (
            "stannary_pool_best_share",
            "Difficulty of the best accepted share.",
            "best_share",
        ),
        (
            "stannary_pool_credited_terahashes_per_second",
            "Hashrate that the accepted shares of the last hour stand for.",
            "credited_ths",
        ),
        (
            "stannary_pool_estimated_satoshis_per_day",
            "An estimate at the credited rate, without fees.",
            "estimated_sat_per_day",
        ),
    ];
    let pools = rows(&s["pools"]);
    let ids: Vec<_> = pools.iter().map(|pool| label(&pool["id"])).collect();
    let all = || {
        pools
            .iter()
            .zip(&ids)
            .map(|(pool, id)| (pool, id, text(&pool["url"])))
    };
    for (name, help, field) in GAUGES {
        let mut f = t.gauge(name, help);
        for (pool, id, url) in all() {
            f.sample(&[("pool", id), ("url", url)], number(&pool[field]));
        }
    }
    let mut f = t.gauge(
        "stannary_pool_state",
        "State of a pool; 1 for the present one.",
    );
    for (pool, id, url) in all() {
        let labels = [
            ("pool", &**id),
            ("url", url),
            ("state", text(&pool["state"])),
        ];
        f.sample(&labels, Some(1.0));
    }
    let mut f = t.counter("stannary_pool_shares_total", "Shares by the pool's answer.");
    for (pool, id, url) in all() {
        for outcome in ["accepted", "rejected", "stale", "lost"] {
            let labels = [("pool", &**id), ("url", url), ("outcome", outcome)];
            f.sample(&labels, number(&pool[outcome]));
        }
    }
    let help = "Sum of the difficulties of accepted shares since the start.";
    let mut f = t.counter("stannary_pool_accepted_difficulty_total", help);
    for (pool, id, url) in all() {
        f.sample(
            &[("pool", id), ("url", url)],
            number(&pool["accepted_difficulty"]),
        );
    }
    let help = "Rejected shares by reason.";
    let mut f = t.counter("stannary_pool_rejects_total", help);
    let reasons = [
        "duplicate",
        "low_difficulty",
        "user",
        "not_subscribed",
        "version",
        "time",
        "other",
    ];
    for (pool, id, url) in all() {
        for reason in reasons {
            let labels = [("pool", &**id), ("url", url), ("reason", reason)];
            f.sample(&labels, number(&pool["rejects"][reason]));
        }
    }
    let help = "From submit to answer, of the last 256 answers.";
    let mut f = t.summary("stannary_pool_latency_seconds", help);
    let quantiles = [("0.5", "p50_ms"), ("0.9", "p90_ms"), ("0.99", "p99_ms")];
    for (pool, id, url) in all() {
        for (quantile, field) in quantiles {
            let labels = [("pool", &**id), ("url", url), ("quantile", quantile)];
            let ms = number(&pool["latency"][field]);
            f.sample(&labels, ms.map(|ms| ms / 1e3));
        }
    }
}

fn surroundings(t: &mut Text, s: &Value) {
    let mut f = t.gauge("stannary_temperature_celsius", "Temperature at a place.");
    for reading in rows(&s["temperatures"]) {
        f.sample(
            &[("place", text(&reading["place"]))],
            number(&reading["temp_c"]),
        );
    }
    let mut f = t.gauge("stannary_fan_rpm", "Measured speed of a fan.");
    for (i, fan) in rows(&s["fans"]).iter().enumerate() {
        f.sample(&[("fan", &i.to_string())], number(&fan["rpm"]));
    }
    let mut f = t.gauge(
        "stannary_fan_duty_percent",
        "How hard a fan is driven, 0 to 100.",
    );
    for (i, fan) in rows(&s["fans"]).iter().enumerate() {
        f.sample(&[("fan", &i.to_string())], number(&fan["duty_percent"]));
    }
    t.gauge(
        "stannary_psu_voltage_millivolts",
        "Output voltage of the supply.",
    )
    .sample(&[], number(&s["psu"]["voltage_mv"]));
    t.gauge("stannary_power_watts", "Power drawn at the wall.")
        .sample(&[], number(&s["power_w"]));
    t.gauge(
        "stannary_efficiency_joules_per_terahash",
        "Energy per work.",
    )
    .sample(&[], number(&s["efficiency_j_per_th"]));
}

/// What holds of what an operator can set.
fn set(t: &mut Text, s: &Value) {
    t.gauge(
        "stannary_power_ceiling_watts",
        "The power ceiling in force, at the wall.",
    )
    .sample(&[], number(&s["power_ceiling"]["in_force"]));
    t.gauge(
        "stannary_target_temperature_celsius",
        "Where quiet fans keep the hottest board sensor.",
    )
    .sample(&[], number(&s["target_temperature"]["in_force"]));
    t.gauge("stannary_fan_mode", "How fans run; 1 for the present mode.")
        .sample(&[("mode", text(&s["fans"]["mode"]))], Some(1.0));
    t.gauge(
        "stannary_intent",
        "What the machine is meant to do; 1 for it.",
    )
    .sample(&[("intent", text(&s["intent"]))], Some(1.0));
}
