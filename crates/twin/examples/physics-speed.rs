//! What a second of physics costs, machine by machine: the figures of `docs/twin.md`.
//!
//! ```text
//! cargo run --profile fast -p twin --example physics-speed
//! ```

use std::sync::OnceLock;
use std::time::Instant as Clock;

use twin::physics::{BoardInput, Options, Physics};
use units::{ChainSlot, Duration, Duty, Instant};

/// Long enough that a pause of the computer does not count.
const SECONDS: u64 = 20_000;

fn main() {
    println!("machine             exact  thinned(4)   µs per simulated second");
    for model in board_support::machines() {
        println!(
            "{model:20} {:5.1}  {:10.1}",
            cost_us(model, 1),
            cost_us(model, 4)
        );
    }
}

fn cost_us(model: &str, thinning: u32) -> f64 {
    let machine = board_support::machine(model).expect("a machine that is compiled in");
    let options = Options {
        thinning,
        ..Options::default()
    };
    let mut physics = Physics::new(&machine, options).expect("physics");
    let voltage = physics.rated_voltage();
    let frequency = physics.rated_frequency();
    physics.set_supply(Instant::ZERO, true, voltage);
    physics.set_fans(Instant::ZERO, Duty::new(80));
    for slot in 0..machine.slots {
        let input = BoardInput {
            rail_on: true,
            voltage,
            in_reset: false,
            frequency,
            hashing: 1.0,
        };
        physics.set_board(Instant::ZERO, ChainSlot(slot), input);
    }
    let begun = cpu_s();
    physics.advance(Instant::ZERO + Duration::from_secs(SECONDS));
    (cpu_s() - begun) * 1e6 / SECONDS as f64
}

/// Seconds that this thread has run: other programs on the same computer do not count. Where
/// the system does not tell, the wall clock.
fn cpu_s() -> f64 {
    static BEGUN: OnceLock<Clock> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let told = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    told.map_or_else(
        || BEGUN.get_or_init(Clock::now).elapsed().as_secs_f64(),
        |ns| ns / 1e9,
    )
}
