//! What control knows of its machine: the definition, narrowed by the bounds in code.

use board_support::{Fitted, Machine, Place, SensorBus, bounds};
use serde::{Deserialize, Serialize};
use units::{Duration, Rpm};

use crate::bounds::narrow;
use crate::mutant::mutate;

/// A machine as control sees it. Every number in here lies inside the bounds in code,
/// whatever the [`Machine`] said.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub(crate) slots: u8,
    pub(crate) sensors: Vec<Probe>,
    pub(crate) board: Limit,
    pub(crate) chip: Limit,
    pub(crate) inlet_max_c: f64,
    pub(crate) cold_below_c: Option<f64>,
    pub(crate) power_max_w: f64,
    /// Wall power of one board at its working point.
    pub(crate) board_w: f64,
    pub(crate) mhz: f64,
    pub(crate) mhz_max: f64,
    pub(crate) fans: FanPlan,
    pub(crate) rail: RailKind,
    pub(crate) volts: Option<Volts>,
    /// A board can be switched without the others.
    pub(crate) board_switch: bool,
    /// The supply has an enable line.
    pub(crate) supply_switch: bool,
    pub(crate) off_before_on: Duration,
    /// Something cuts the power when this process is gone. Recordings older than the rule were
    /// made without it.
    #[serde(default = "without_the_rule")]
    pub(crate) guarded: bool,
}

/// One sensor of every board.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) spot: Spot,
    pub(crate) reach: Reach,
}

/// What a sensor tells the temperature of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Spot {
    Inlet,
    Outlet,
    Board,
    Chip,
}

/// What must be up for a sensor to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Reach {
    /// Nothing: it hangs on the control board.
    Always,
    /// The board's power.
    BoardOn,
    /// The chain: its chips relay.
    ChainUp,
}

/// Where heat is warned of, derated and stopped, for one kind of place; rising.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) warn_c: f64,
    pub(crate) derate_c: f64,
    stop_c: f64,
}

/// The fans.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct FanPlan {
    pub(crate) count: u8,
    pub(crate) count_min: u8,
    pub(crate) rpm_min: Rpm,
    pub(crate) rpm_max: Rpm,
    pub(crate) duty_min: u8,
    /// (°C, percent), rising.
    pub(crate) curve: Vec<(f64, f64)>,
}

/// What sets the rail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum RailKind {
    /// Each board's own controller.
    PerBoard,
    /// The supply, for all boards.
    Machine,
}

/// Voltages, all inside the range that may be ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Volts {
    pub(crate) min_mv: u32,
    pub(crate) max_mv: u32,
    pub(crate) start_mv: u32,
    pub(crate) work_mv: u32,
}

impl Plan {
    /// The plan of a machine.
    pub fn new(machine: &Machine) -> Self {
        let limits = &machine.limits;
        let slots = machine.slots.clamp(1, *bounds::SLOTS.end() as u8);
        let mhz = bounds::frequency_mhz(machine.control_board.link);
        let mhz_max = narrow(machine.hashboard.frequency_max_mhz, &mhz);
        Plan {
            slots,
            sensors: machine.peripherals.sensors.iter().map(probe).collect(),
            board: Limit::new(
                [
                    limits.board_warn_c,
                    limits.board_derate_c,
                    limits.board_stop_c,
                ],
                &bounds::BOARD_C,
            ),
            chip: Limit::new(
                [limits.chip_warn_c, limits.chip_derate_c, limits.chip_stop_c],
                &bounds::CHIP_C,
            ),
            inlet_max_c: narrow(limits.inlet_max_c, &bounds::INLET_C),
            cold_below_c: limits.cold_below_c.map(|c| narrow(c, &bounds::COLD_C)),
            power_max_w: narrow(limits.power_max_w, &bounds::POWER_MAX_W),
            board_w: narrow(machine.rated_power_w, &bounds::RATED_POWER_W) / f64::from(slots),
            mhz: narrow(machine.hashboard.frequency_mhz, &mhz).min(mhz_max),
            mhz_max,
            fans: FanPlan::new(machine),
            rail: match machine.peripherals.voltage_controller.present() {
                Some(controller) if controller.code.is_some() => RailKind::PerBoard,
                _ => RailKind::Machine,
            },
            volts: volts(machine),
            // Unknown is not enough to lean on.
            board_switch: machine.peripherals.voltage_controller.present().is_some(),
            // Where nobody knows of a line it is ordered all the same: nothing else can.
            supply_switch: !matches!(machine.psu.enable, Fitted::Absent),
            off_before_on: Duration::from_secs(u64::from(
                machine.psu.off_before_on_s.unwrap_or(0).min(600),
            )),
            guarded: machine.cut_after_s().is_some(),
        }
    }

    /// The limits of a spot.
    pub(crate) fn limit(&self, spot: Spot) -> &Limit {
        match spot {
            Spot::Chip => &self.chip,
            Spot::Inlet | Spot::Outlet | Spot::Board => &self.board,
        }
    }

    /// How many rails can be set.
    pub(crate) fn rails(&self) -> usize {
        match (self.volts, self.rail) {
            (None, _) => 0,
            (_, RailKind::Machine) => 1,
            (_, RailKind::PerBoard) => usize::from(self.slots),
        }
    }

    /// The rail of a slot.
    pub(crate) fn rail_of(&self, slot: usize) -> usize {
        match self.rail {
            RailKind::Machine => 0,
            RailKind::PerBoard => slot,
        }
    }
}

fn without_the_rule() -> bool {
    true
}

fn probe(sensor: &board_support::Sensor) -> Probe {
    Probe {
        spot: match sensor.place {
            Place::Inlet => Spot::Inlet,
            Place::Outlet => Spot::Outlet,
            Place::Board => Spot::Board,
            Place::Chip => Spot::Chip,
        },
        reach: match sensor.bus {
            SensorBus::ControlBoard => Reach::Always,
            SensorBus::VoltageController => Reach::BoardOn,
            SensorBus::Chip(_) => Reach::ChainUp,
        },
    }
}

impl Limit {
    /// At this temperature hash power goes off.
    pub(crate) fn stop_c(&self) -> f64 {
        self.stop_c + mutate!(StopTenHigher, 0.0, 10.0)
    }

    /// Warning, derating and stop, a degree apart at least: what a file gets wrong must not
    /// stop the derating from coming before the stop.
    fn new([warn, derate, stop]: [f64; 3], bounds: &core::ops::RangeInclusive<f64>) -> Self {
        let stop_c = narrow(stop, bounds);
        let derate_c = narrow(derate, bounds).min(stop_c - 1.0);
        let warn_c = narrow(warn, bounds).min(derate_c - 1.0);
        Limit {
            warn_c,
            derate_c,
            stop_c,
        }
    }
}

impl FanPlan {
    fn new(machine: &Machine) -> Self {
        let fans = &machine.fans;
        let count = fans.count.clamp(1, *bounds::FANS.end() as u8);
        let points = fans.curve.iter().take(16);
        let mut curve: Vec<_> = points
            .map(|p| {
                let c = narrow(p.board_c, &bounds::CURVE_C);
                (c, f64::from(p.duty_percent.min(100)))
            })
            .collect();
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        FanPlan {
            count,
            count_min: fans.count_min.clamp(1, count),
            rpm_min: Rpm::new(fans.rpm_min.max(*bounds::RPM.start() as u32)),
            rpm_max: Rpm::new(fans.rpm_max.min(*bounds::RPM.end() as u32)),
            duty_min: fans.duty_min_percent.clamp(10, 100),
            curve,
        }
    }
}

fn volts(machine: &Machine) -> Option<Volts> {
    let range = machine.voltage_range_mv()?;
    let (low, high) = (
        *bounds::VOLTAGE_MV.start() as u32,
        *bounds::VOLTAGE_MV.end() as u32,
    );
    let (min_mv, max_mv) = (*range.start().max(&low), *range.end().min(&high));
    let work = machine.hashboard.voltage_mv?;
    (min_mv <= max_mv).then(|| Volts {
        min_mv,
        max_mv,
        start_mv: machine
            .hashboard
            .voltage_start_mv
            .unwrap_or(work)
            .clamp(min_mv, max_mv),
        work_mv: work.clamp(min_mv, max_mv),
    })
}
