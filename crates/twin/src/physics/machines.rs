//! What the physics must be told of each machine: one entry a machine, each value with its
//! standing. What follows from these and from the machine's own file is derived in
//! `design.rs` beside it.

use core::fmt;

/// How sure a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Read off a real machine, by a log or trace that is public.
    Captured,
    /// From a maker's paper or a source that is named.
    Published,
    /// Our choice.
    Assumed,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Standing::Captured => "captured",
            Standing::Published => "published",
            Standing::Assumed => "assumed",
        })
    }
}

/// A value with its standing and its source or reason.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Given {
    /// The value, in the unit that its name says.
    pub value: f64,
    /// How sure it is.
    pub standing: Standing,
    /// Where it is from, or why it was chosen.
    pub why: &'static str,
}

const fn captured(value: f64, why: &'static str) -> Given {
    let standing = Standing::Captured;
    Given {
        value,
        standing,
        why,
    }
}

const fn published(value: f64, why: &'static str) -> Given {
    let standing = Standing::Published;
    Given {
        value,
        standing,
        why,
    }
}

const fn assumed(value: f64, why: &'static str) -> Given {
    let standing = Standing::Assumed;
    Given {
        value,
        standing,
        why,
    }
}

/// One machine.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Entry {
    /// The machine's file in `board-support/machines`.
    pub model: &'static str,
    /// Rail voltage at which the rating holds.
    pub rail_mv: Given,
    /// Share of a board's power that is leakage at the rating.
    pub leakage_share: Given,
    /// Air through the machine with all fans at full speed at sea level.
    pub flow_m3_per_s: Given,
    /// Fan duty that the rating is designed for at 25 °C inlet.
    pub design_duty_percent: Given,
    /// What the sinks of one board hold.
    pub sinks_j_per_k: Given,
    /// A fan at full duty.
    pub fan_rpm: Given,
    /// A fan at duty 0, if it turns at all.
    pub fan_idle_rpm: Given,
    /// What one fan draws at full speed.
    pub fan_w: Given,
    /// The most that the supply gives; what the supply's own file says comes first.
    pub supply_w: Given,
    /// Efficiency of the converter on a board, 1 where the supply's rail is the board's.
    pub converter: Given,
}

/// The entry of a machine.
pub fn entry(model: &str) -> Option<&'static Entry> {
    MACHINES.iter().find(|entry| entry.model == model)
}

const S19_RPM: Given = captured(5040.0, "four fans at full: 4560 to 5520");
const S19_IDLE: Given = captured(840.0, "some slots at duty 0");
const FAN_W: Given = assumed(24.0, "12 V, 2 A for a 120 mm fan of this speed");
const APW12_W: Given = published(3600.0, "the supply's manual");
const NO_CONVERTER: Given = published(1.0, "boards run from the supply's rail");
const SUPPLY_AS_APW12: Given = assumed(3600.0, "as the APW12, no figure for this one");

/// All machines that there is physics of.
pub const MACHINES: &[Entry] = &[
    Entry {
        model: "antminer-s9",
        rail_mv: captured(9100.0, "a stock log at 668 MHz"),
        leakage_share: assumed(0.10, "16 nm"),
        flow_m3_per_s: assumed(0.075, "two fans in a row; 17 K warmer at the outlet"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(500.0, "half a kilogram of aluminium a board"),
        fan_rpm: published(6000.0, "sold as"),
        fan_idle_rpm: assumed(0.0, "stands at duty 0"),
        fan_w: FAN_W,
        supply_w: published(1600.0, "catalogue figure of the APW3++"),
        converter: assumed(0.95, "a buck converter from 12 V to 9 V"),
    },
    Entry {
        model: "antminer-s17",
        rail_mv: assumed(18_000.0, "12 domains of 1.5 V, in the supply's range"),
        leakage_share: assumed(0.12, "7 nm"),
        flow_m3_per_s: assumed(0.135, "a tenth below the S19's"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1400.0, "a kilogram and a half of aluminium a board"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: SUPPLY_AS_APW12,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-t17",
        rail_mv: assumed(17_000.0, "10 domains of 1.7 V, in the supply's range"),
        leakage_share: assumed(0.12, "7 nm"),
        flow_m3_per_s: assumed(0.135, "as the S17"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1200.0, "fewer sinks than the S17"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: SUPPLY_AS_APW12,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s19",
        rail_mv: assumed(13_400.0, "faster than the S19 Pro: 0.35 V a domain"),
        leakage_share: assumed(0.13, "7 nm"),
        flow_m3_per_s: assumed(0.15, "23 K warmer at the outlet"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1300.0, "fewer chips than the S19 Pro"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s19-pro",
        rail_mv: captured(12_600.0, "stock, while hashing"),
        leakage_share: assumed(0.13, "7 nm"),
        flow_m3_per_s: assumed(0.15, "21 K warmer at the outlet"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1400.0, "a kilogram and a half of aluminium a board"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s19j-pro",
        rail_mv: assumed(13_400.0, "42 domains of 0.32 V"),
        leakage_share: assumed(0.13, "7 nm"),
        flow_m3_per_s: assumed(0.15, "as the S19 Pro"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1400.0, "as the S19 Pro"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s19-xp",
        rail_mv: assumed(
            13_200.0,
            "11 domains of 1.2 V, what open boards give this chip",
        ),
        leakage_share: assumed(0.14, "5 nm"),
        flow_m3_per_s: assumed(0.15, "as the S19 Pro"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1400.0, "as the S19 Pro"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s19k-pro",
        rail_mv: assumed(13_400.0, "11 domains of 1.22 V: faster than the S19 XP"),
        leakage_share: assumed(0.14, "5 nm"),
        flow_m3_per_s: assumed(0.15, "as the S19 Pro"),
        design_duty_percent: assumed(75.0, "54 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1300.0, "fewer chips than the S19 XP"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s21",
        rail_mv: assumed(
            13_800.0,
            "12 domains of 1.15 V, what open boards give this chip",
        ),
        leakage_share: assumed(0.15, "5 nm"),
        flow_m3_per_s: assumed(0.165, "a tenth above the S19's"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1500.0, "somewhat more than the S19 Pro"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-t21",
        rail_mv: assumed(13_800.0, "the S21's"),
        leakage_share: assumed(0.16, "5 nm, a leakier bin"),
        flow_m3_per_s: assumed(0.17, "as the S21 and a little for its power"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1500.0, "the S21's"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: APW12_W,
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s21-pro",
        rail_mv: assumed(
            14_300.0,
            "13 domains of 1.1 V: near what open boards give this chip",
        ),
        leakage_share: assumed(0.15, "5 nm"),
        flow_m3_per_s: assumed(0.17, "as the T21"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1500.0, "the S21's"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: assumed(4200.0, "a quarter above what the machine needs"),
        converter: NO_CONVERTER,
    },
    Entry {
        model: "antminer-s21-xp",
        rail_mv: assumed(13_700.0, "13 domains of 1.05 V: slower than the S21 Pro"),
        leakage_share: assumed(0.15, "5 nm"),
        flow_m3_per_s: assumed(0.175, "as the T21 and a little for its power"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(1600.0, "more chips than the S21 Pro"),
        fan_rpm: S19_RPM,
        fan_idle_rpm: S19_IDLE,
        fan_w: FAN_W,
        supply_w: assumed(4200.0, "a fifth above what the machine needs"),
        converter: NO_CONVERTER,
    },
    Entry {
        model: "dragonmint-t1",
        rail_mv: assumed(
            13_500.0,
            "the middle of the stand-in supply's range; boards convert it, how is not published",
        ),
        leakage_share: assumed(0.11, "10 nm"),
        flow_m3_per_s: assumed(0.085, "two fans in a row; 16 K warmer at the outlet"),
        design_duty_percent: assumed(80.0, "55 °C on the board by the fan curve"),
        sinks_j_per_k: assumed(600.0, "a little more than an S9"),
        fan_rpm: assumed(6000.0, "as the S9"),
        fan_idle_rpm: assumed(0.0, "stands at duty 0"),
        fan_w: FAN_W,
        supply_w: assumed(2000.0, "a quarter above what the machine needs"),
        converter: assumed(1.0, "the stand-in supply's rail is the boards'"),
    },
];
