//! Ports of the control board on nodes of a kernel, one at a time, for `scripts/kernel-test` and for whoever
//! brings up a board:
//!
//! ```text
//! nodes light  CHIP:OFFSET LOOKS     a light that goes on and off so many times, a fifth of a second each
//! nodes button CHIP:OFFSET SECONDS   what a button does meanwhile
//! nodes fan    CHIP:OFFSET SECONDS   what a fan's edges come to, each half second, behind the milliseconds so far
//! nodes hwmon  NAME temp|fan N       a reading that a driver of the kernel makes
//! ```
//!
//! A chip is a label, as `gpiodetect` shows it. Lines are on where they are high.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hal::FanEvent;
use hal_linux::{Button, EdgeTach, Hwmon, Leds, LineSpec, Pin, Root, Tach};

/// Between two looks at a button.
const LOOK: Duration = Duration::from_millis(10);
/// Between two readings of a fan.
const ROUND: Duration = Duration::from_millis(500);
/// A light's turn.
const BLINK: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("nodes: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let root = Root::default();
    match *words {
        ["light", line, looks] => light(&root, &spec(line)?, number(looks)?),
        ["button", line, seconds] => button(&root, &spec(line)?, number(seconds)?),
        ["fan", line, seconds] => fan(&root, &spec(line)?, number(seconds)?),
        ["hwmon", name, kind, n] => hwmon(&root, name, kind, number(n)?),
        _ => Err("light, button or fan with CHIP:OFFSET N; or hwmon NAME temp|fan N".to_owned()),
    }
}

fn light(root: &Root, line: &LineSpec, looks: u32) -> Result<(), String> {
    let green = Some(Pin::output(root, line, false).map_err(|e| e.to_string())?);
    let mut leds = Leds { red: None, green };
    for on in [true, false].repeat(looks as usize) {
        leds.show(false, on);
        sleep(BLINK);
    }
    Ok(())
}

fn button(root: &Root, line: &LineSpec, seconds: u32) -> Result<(), String> {
    let mut button = Button::new(Pin::input(root, line).map_err(|e| e.to_string())?);
    each(LOOK, seconds, |now| {
        let press = button.look(now).map_err(|errno| format!("errno {errno}"))?;
        if let Some(press) = press {
            println!("{press:?}");
        }
        Ok(())
    })
}

fn fan(root: &Root, line: &LineSpec, seconds: u32) -> Result<(), String> {
    let lines = [line.clone()];
    let mut tach = EdgeTach::open(root, &lines).map_err(|e| e.to_string())?;
    let mut events = Vec::new();
    each(ROUND, seconds, |now| {
        tach.read(now, &mut events);
        for event in events.drain(..) {
            match event {
                FanEvent::Speed { rpm, .. } => println!(
                    "{} {}",
                    now.since(units::Instant::ZERO).as_millis(),
                    rpm.rpm()
                ),
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(())
    })
}

fn hwmon(root: &Root, name: &str, kind: &str, n: u32) -> Result<(), String> {
    let device = Hwmon::find(root, name).map_err(|e| e.to_string())?;
    match kind {
        "temp" => println!("{}", device.temp_milli_c(n).map_err(|e| e.to_string())?),
        "fan" => println!("{}", device.fan_rpm(n).map_err(|e| e.to_string())?),
        _ => return Err("temp or fan".to_owned()),
    }
    Ok(())
}

/// `look` every so often, with the time since the first.
fn each(
    every: Duration,
    seconds: u32,
    mut look: impl FnMut(units::Instant) -> Result<(), String>,
) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed().as_secs() < u64::from(seconds) {
        look(units::Instant::ZERO + begun.elapsed())?;
        sleep(every);
    }
    Ok(())
}

fn spec(text: &str) -> Result<LineSpec, String> {
    let (chip, offset) = text.rsplit_once(':').ok_or("a line is CHIP:OFFSET")?;
    let chip = Some((chip.to_owned(), number(offset)?));
    Ok(LineSpec {
        chip,
        ..LineSpec::default()
    })
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}
