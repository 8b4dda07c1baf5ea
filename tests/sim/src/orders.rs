//! An operator who orders anything at all.

use telemetry::{Command, FanMode, FanWish, Order, Settings};
use units::{Celsius, Duty, Rng, Watts};

/// Any order, sane or absurd, as an interface would hand it on. One in four that the interface
/// would refuse goes through all the same: what lies behind must not lean on it.
pub(crate) fn any_command(rng: &mut Rng, settings: Option<&Settings>) -> Option<Command> {
    let order = any_order(rng);
    match order.check(settings) {
        Ok(command) => Some(command),
        Err(_) if rng.chance(0.25) => unchecked(order),
        Err(_) => None,
    }
}

fn any_order(rng: &mut Rng) -> Order {
    match rng.below(10) {
        0 => Order::Pause {},
        1 => Order::Sleep {},
        2 => Order::Wake {},
        3 | 4 => Order::Resume {},
        5 | 6 => {
            use FanMode::{Auto, Hydro, Immersion, Manual, Quiet};
            let modes = [Auto, Quiet, Manual, Manual, Immersion, Hydro];
            let mode = modes[rng.below(modes.len() as u64) as usize];
            let duty_percent = (mode == Manual).then(|| number(rng, 120.0));
            Order::Fans { mode, duty_percent }
        }
        7 | 8 => Order::PowerCeiling {
            power_w: rng.chance(0.8).then(|| number(rng, 5_000.0)),
        },
        _ => Order::TargetTemperature {
            temp_c: rng.chance(0.8).then(|| number(rng, 100.0)),
        },
    }
}

/// Up to `usual` most of the time, and else nothing that a sane person would write.
fn number(rng: &mut Rng, usual: f64) -> f64 {
    match rng.below(16) {
        0 => 0.0,
        1 => -1.0,
        2 => f64::MAX,
        3 => f64::NAN,
        4 => f64::NEG_INFINITY,
        _ => rng.unit_f64() * usual,
    }
}

fn unchecked(order: Order) -> Option<Command> {
    let duty = |percent: Option<f64>| Duty::new(percent.unwrap_or(0.0) as u8);
    Some(match order {
        Order::Fans { mode, duty_percent } => Command::Fans(match mode {
            FanMode::Auto => FanWish::Auto,
            FanMode::Quiet => FanWish::Quiet,
            FanMode::Manual => FanWish::Manual {
                duty_percent: duty(duty_percent),
            },
            FanMode::Immersion => FanWish::Immersion,
            FanMode::Hydro => FanWish::Hydro,
        }),
        Order::PowerCeiling { power_w } => Command::PowerCeiling {
            power_w: power_w.map(Watts::new),
        },
        Order::TargetTemperature { temp_c } => Command::TargetTemperature {
            temp_c: temp_c.map(Celsius::new),
        },
        _ => return None,
    })
}

/// What undoes every order.
pub(crate) fn undone() -> [Command; 4] {
    [
        Command::Fans(FanWish::Auto),
        Command::PowerCeiling { power_w: None },
        Command::TargetTemperature { temp_c: None },
        Command::Resume,
    ]
}
