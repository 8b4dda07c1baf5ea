//! From what is known of a machine to the coefficients of its physics.
//!
//! One operating point fixes them: the rating, at 25 °C inlet, with the fans at the duty
//! that the machine was designed for. There
//!
//! * all boards together draw what the rated wall power leaves after the supply's losses,
//!   the fans and the control board; leakage takes its share of it, and switching the rest;
//! * air carries that away and is so much warmer at the outlet as its flow says;
//! * the hottest place on the board is where the fan curve gives that duty;
//! * the hottest chip is so much hotter than the board as published for the S9.

use board_support::{Fitted, Machine};

use super::Cooling;
use super::air::{AIR_J_PER_M3_K, NATURAL_FLOW, transfer};
use super::electric::PowerLaw;
use super::fans::FanLaw;
use super::heat::HeatLaw;
use super::machines::Entry;
use super::silicon::SpeedLaw;
use super::supply::SupplyLaw;
use super::variation::Variation;

/// Control board and what hangs on it, watts. Assumed.
pub(crate) const CONTROL_W: f64 = 10.0;
/// Inlet at which ratings hold: published.
const RATED_INLET_C: f64 = 25.0;
/// A chip above the board: published for the S9 (Braiins OS takes it where only the board's
/// sensor works), assumed for the others.
const CHIP_OVER_BOARD_K: f64 = 15.0;
/// Share of a chip's heat that leaves through the board. Assumed.
const THROUGH_BOARD: f64 = 0.1;
/// Share of the difference from die to stream that lies between die and sink. Assumed.
const DIE_TO_SINK: f64 = 0.35;
/// A chip with its package and the copper around it, J/K. Assumed.
const CHIP_J_PER_K: f64 = 1.0;
/// The board without chips and sinks, J/K. Assumed: 150 g of laminate and copper.
const BOARD_J_PER_K: f64 = 130.0;
/// Between neighbouring sinks and along the board, for a board of twelve domains, W/K; more
/// domains lie closer together. Assumed.
const SINK_NEXT: f64 = 0.3;
const BOARD_NEXT: f64 = 0.1;
/// From a board's sinks through the case, W/K. Assumed.
const CASE: f64 = 0.4;
/// What the mean chip reaches at the rating against what the machine asks of it. Assumed:
/// the worst of a thousand chips just makes no errors.
const HEADROOM: f64 = 1.14;

/// Coefficients of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    pub(crate) small_cores: f64,
    /// Frequency at which the rated hashrate comes out.
    pub(crate) rated_mhz: f64,
    /// What the supply or the boards' converters must be set to for the rating.
    pub(crate) rail_mv: u32,
    pub(crate) power: PowerLaw,
    pub(crate) speed: SpeedLaw,
    pub(crate) heat: HeatLaw,
    pub(crate) fans: FanLaw,
    pub(crate) supply: SupplyLaw,
    /// Flow that remains when nothing drives it.
    pub(crate) natural_flow: f64,
}

/// Where a machine is meant to run.
struct Point {
    inlet_c: f64,
    outlet_c: f64,
    board_c: f64,
    chip_c: f64,
    /// Flow against full flow.
    flow: f64,
    /// What the stream past one board carries at full flow, W/K.
    carries: f64,
}

impl Design {
    pub(crate) fn new(
        machine: &Machine,
        entry: &Entry,
        small_cores: u16,
        cooling: Cooling,
        variation: &Variation,
    ) -> Self {
        let board = &machine.hashboard;
        let slots = f64::from(machine.slots.max(1));
        let (chips, domains) = (f64::from(board.chips), f64::from(board.domains.max(1)));
        let small_cores = f64::from(small_cores);
        let rated_mhz = machine.rated_ths * 1e6 / (slots * chips * small_cores);

        let fans = FanLaw {
            count: machine.fans.count,
            full_rpm: entry.fan_rpm.value,
            idle_rpm: entry.fan_idle_rpm.value,
            full_w: entry.fan_w.value,
        };
        let supply = SupplyLaw {
            max_w: machine.psu.output_max_w.unwrap_or(entry.supply_w.value),
            bears: variation.supply,
            fixed_v: machine.psu.fixed_mv.map(|mv| f64::from(mv) / 1000.0),
            switched: machine.psu.enable != Fitted::Absent,
        };
        let speed = fans.speed(entry.design_duty_percent.value);
        let aux_w = CONTROL_W + f64::from(fans.count) * fans.watts(speed);
        let out_w = supply.out_w(machine.rated_power_w);
        let fed_w = (out_w - aux_w) / slots;
        let converter = (entry.converter.value < 1.0).then_some(entry.converter.value);
        let board_w = fed_w * entry.converter.value;

        let rail_mv = board.voltage_mv.unwrap_or(entry.rail_mv.value as u32);
        let set_v = f64::from(rail_mv) / 1000.0;
        let rail_v = match converter {
            Some(_) => set_v,
            None => supply.output_v(set_v, out_w),
        };
        let volts = rail_v / domains;

        let air = air_point(machine, entry, speed, fed_w);
        let leak_w = entry.leakage_share.value * board_w;
        let power = PowerLaw {
            switched: (board_w - leak_w) / (chips * volts * volts * rated_mhz),
            leak: leak_w / (chips * volts * volts),
            leak_c: (air.inlet_c + air.outlet_c) / 2.0 + air.chip_c - air.outlet_c,
            volts,
            converter,
        };
        let asked_mhz = rated_mhz.max(board.frequency_mhz);
        let speed = SpeedLaw {
            limit_mhz: HEADROOM * asked_mhz,
            volts,
        };
        let (point, natural_flow, extra_j) = match cooling {
            Cooling::Air => (air, NATURAL_FLOW, 0.0),
            Cooling::Hydro => (hydro_point(slots, fed_w), 0.02, 0.0),
            Cooling::Immersion => (immersion_point(slots, fed_w), 0.2, 4_000.0),
        };
        let sinks_j = entry.sinks_j_per_k.value + extra_j;
        let share = Share {
            domains,
            chips: chips / domains,
            chip_w: board_w / domains,
            board_w: (fed_w - board_w) / domains,
        };
        Design {
            small_cores,
            rated_mhz,
            rail_mv,
            power,
            speed,
            heat: heat_law(&point, &share, sinks_j, variation.heat_resistance),
            fans,
            supply,
            natural_flow,
        }
    }
}

fn air_point(machine: &Machine, entry: &Entry, speed: f64, fed_w: f64) -> Point {
    let slots = f64::from(machine.slots.max(1));
    let carries = AIR_J_PER_M3_K * entry.flow_m3_per_s.value / slots;
    let board_c = on_curve(machine, entry.design_duty_percent.value);
    Point {
        inlet_c: RATED_INLET_C,
        outlet_c: RATED_INLET_C + fed_w / (carries * speed),
        board_c,
        chip_c: board_c + CHIP_OVER_BOARD_K,
        flow: speed,
        carries,
    }
}

/// Water: 8 litres a minute through the whole machine (published flow for such machines: 8 to
/// 10), board at 50 °C (published target for the S19 Hydro's water), the rest assumed.
fn hydro_point(slots: f64, fed_w: f64) -> Point {
    let carries = 8.0 / 60.0 * 4_186.0 / slots;
    liquid_point(35.0, 50.0, carries, fed_w)
}

/// Oil: 30 litres a minute past each machine. Assumed.
fn immersion_point(slots: f64, fed_w: f64) -> Point {
    let carries = 30.0 / 60.0 * 0.8 * 2_100.0 / slots;
    liquid_point(40.0, 56.0, carries, fed_w)
}

fn liquid_point(inlet_c: f64, board_c: f64, carries: f64, fed_w: f64) -> Point {
    Point {
        inlet_c,
        outlet_c: inlet_c + fed_w / carries,
        board_c,
        chip_c: board_c + 10.0,
        flow: 1.0,
        carries,
    }
}

/// Board temperature at which the fan curve gives a duty.
fn on_curve(machine: &Machine, duty_percent: f64) -> f64 {
    for pair in machine.fans.curve.windows(2) {
        let (low, high) = (pair[0], pair[1]);
        let (from, to) = (f64::from(low.duty_percent), f64::from(high.duty_percent));
        if duty_percent <= to && to > from {
            let share = (duty_percent - from) / (to - from);
            return low.board_c + share * (high.board_c - low.board_c);
        }
    }
    machine
        .fans
        .curve
        .last()
        .map_or(60.0, |point| point.board_c)
}

/// What one domain has its share of.
struct Share {
    domains: f64,
    chips: f64,
    chip_w: f64,
    /// Heat of a converter.
    board_w: f64,
}

fn heat_law(point: &Point, share: &Share, sinks_j: f64, resistance: f64) -> HeatLaw {
    // A degree at least: a table that asks for less is wrong, and tests say so.
    let die_k = (point.chip_c - point.outlet_c).max(1.0);
    let board_k = (point.board_c - point.outlet_c).max(1.0);
    let through_board = THROUGH_BOARD * share.chip_w;
    let through_sink = share.chip_w - through_board;
    let full = transfer(point.flow) * resistance;
    let closer = share.domains / 12.0;
    HeatLaw {
        die_j: CHIP_J_PER_K * share.chips,
        sink_j: sinks_j / share.domains,
        board_j: BOARD_J_PER_K / share.domains,
        die_sink: through_sink / (DIE_TO_SINK * die_k) / resistance,
        die_board: through_board / (point.chip_c - point.board_c) / resistance,
        sink_stream: through_sink / ((1.0 - DIE_TO_SINK) * die_k) / full,
        board_stream: (through_board + share.board_w) / board_k / full,
        sink_next: SINK_NEXT * closer,
        board_next: BOARD_NEXT * closer,
        case: CASE / share.domains,
        carries: point.carries,
    }
}
