//! The control board's front: two lights, two buttons.
//!
//! Nothing depends on it: a light or button that the kernel refuses is told and left alone, and
//! the machine runs without it. A press of either, short or long, is a note. A short press of the
//! report button lets the lights blink or stops them, so that the machine in front of somebody is
//! found on a screen, and the other way round. The reset button, held for 5 s
//! ([`LONG_PRESS`](hal_linux::LONG_PRESS)), forgets password, sessions and tokens, and lets the
//! lights blink so that its holder sees it. What the machine does, no button changes.
//!
//! | machine | green | red |
//! |---|---|---|
//! | located | blinks twice a second | in turn with it |
//! | hashing | on | off; flashes while there is a fault |
//! | starting, or no pool | blinks each second | off; flashes while there is a fault |
//! | paused, asleep | a flash each two seconds | off; flashes while there is a fault |
//! | fault: nothing hashes | off | on |
//! | stopping | off | off |

use std::io;
use std::thread;

use api::{Gate, Published};
use board_support::{LineName, Machine};
use hal_linux::{Button, DeviceError, Leds, LineSpec, Pin, Press, Root};
use telemetry::{Code, Command, MachineState, Note, Snapshot};
use units::{Duration, Instant};

use super::parts::spec;
use crate::runtime::{Clock, Commands, Observer};
use crate::show::Publisher;

/// Buttons are looked at, and lights set, this often: bounces last some milliseconds, and nobody
/// presses for less than a tenth of a second.
const LOOK: Duration = Duration::from_millis(20);

/// How a line is taken.
type Open = fn(&Root, &LineSpec) -> Result<Pin, DeviceError>;

/// What of the front there is, open.
pub(crate) struct Panel {
    leds: Leds,
    buttons: Vec<(LineName, Button)>,
    /// What could not be opened.
    refused: Vec<String>,
    /// Red and green as they were set last.
    shown: Option<(bool, bool)>,
}

impl Panel {
    /// Take the lights and buttons that the board's file names.
    pub(super) fn open(machine: &Machine, root: &Root) -> Self {
        let mut refused = Vec::new();
        let mut open = |name: LineName, open: Open| {
            let devices = machine.control_board.devices.as_ref()?;
            let spec = devices.line(name).and_then(spec)?;
            match open(root, &spec) {
                Ok(pin) => Some(pin),
                Err(error) => {
                    let (path, step, why) = (error.path.display(), error.step, &error.error);
                    let line = name.name();
                    refused.push(format!("line `{line}`: {path}: cannot {step}: {why}"));
                    None
                }
            }
        };
        let dark: Open = |root, spec| Pin::output(root, spec, false);
        let leds = Leds {
            red: open(LineName::RedLed, dark),
            green: open(LineName::GreenLed, dark),
        };
        let buttons = [LineName::ResetButton, LineName::ReportButton];
        let buttons = buttons.into_iter().filter_map(|name| {
            let pin = open(name, Pin::input)?;
            Some((name, Button::new(pin)))
        });
        Panel {
            buttons: buttons.collect(),
            leds,
            refused,
            shown: None,
        }
    }

    /// Show the machine's state and watch buttons, on a thread of their own.
    pub(crate) fn serve(
        mut self,
        shelf: Published,
        commands: Commands,
        gate: Gate,
        clock: Clock,
    ) -> io::Result<()> {
        let mut publisher = Publisher::new(shelf.clone());
        let mut note = move |code, place: &str, detail: String| {
            publisher.note(&Note {
                at: clock.now(),
                code,
                place: place.to_owned(),
                detail,
            });
        };
        for refused in self.refused.drain(..) {
            note(Code::PanelRefused, "", refused);
        }
        let has_lights = self.leds.red.is_some() || self.leds.green.is_some();
        if !has_lights && self.buttons.is_empty() {
            return Ok(());
        }
        let run = move || {
            loop {
                let seen = Seen::of(&shelf.snapshot());
                for (line, what) in self.step(clock.now(), seen) {
                    match what {
                        Ok(press) => {
                            note(Code::Button, line.name(), told(press).to_owned());
                            let does = means(line, press, seen);
                            if does.resets {
                                gate.reset_by_button();
                            }
                            if let Some(on) = does.locates {
                                // An inbox that is full at this moment: press again.
                                let _ = commands.give(Command::Locate { on });
                            }
                        }
                        Err(errno) => {
                            let why = io::Error::from_raw_os_error(errno);
                            note(Code::PanelRefused, line.name(), why.to_string());
                        }
                    }
                }
                thread::sleep(LOOK);
            }
        };
        let thread = thread::Builder::new().name("panel".into());
        thread.stack_size(128 * 1024).spawn(run)?;
        Ok(())
    }

    /// Set the lights and look at the buttons: which was pressed, and which cannot be read and
    /// is not looked at again.
    fn step(&mut self, now: Instant, seen: Seen) -> Vec<(LineName, Result<Press, i32>)> {
        let lit = lights(seen, now.as_nanos() / 1_000_000);
        if self.shown.replace(lit) != Some(lit) {
            self.leds.show(lit.0, lit.1);
        }
        let mut told = Vec::new();
        self.buttons.retain_mut(|(name, button)| {
            let looked = button.look(now).transpose();
            let readable = !matches!(looked, Some(Err(_)));
            told.extend(looked.map(|what| (*name, what)));
            readable
        });
        told
    }
}

/// What the lights show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    state: MachineState,
    locating: bool,
    faulty: bool,
}

impl Seen {
    fn of(snapshot: &Snapshot) -> Self {
        Seen {
            state: snapshot.state,
            locating: snapshot.locating,
            faulty: !snapshot.faults.is_empty(),
        }
    }
}

/// What a press orders.
#[derive(PartialEq, Eq, Debug, Default)]
struct Does {
    /// Forget who may do what.
    resets: bool,
    /// Let the lights blink, or no more.
    locates: Option<bool>,
}

fn means(line: LineName, press: Press, seen: Seen) -> Does {
    match (line, press) {
        (LineName::ReportButton, Press::Short) => Does {
            locates: Some(!seen.locating),
            ..Does::default()
        },
        (LineName::ResetButton, Press::Long) => Does {
            resets: true,
            locates: Some(true),
        },
        _ => Does::default(),
    }
}

fn told(press: Press) -> &'static str {
    match press {
        Press::Short => "press=short",
        Press::Long => "press=long",
    }
}

/// Red and green at this millisecond.
fn lights(seen: Seen, ms: u64) -> (bool, bool) {
    if seen.locating {
        let first = ms % 500 < 250;
        return (!first, first);
    }
    let flash = ms % 2000 < 100;
    let fault = seen.faulty && flash;
    match seen.state {
        MachineState::Hashing => (fault, true),
        MachineState::Starting | MachineState::NoPool => (fault, ms % 1000 < 500),
        MachineState::Fault => (true, false),
        MachineState::Stopping => (false, false),
        // Asleep, and words of a later version.
        _ => (fault, flash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(state: MachineState, locating: bool, faulty: bool) -> Seen {
        Seen {
            state,
            locating,
            faulty,
        }
    }

    /// How many of two seconds' hundred looks find red and green lit.
    fn check(state: MachineState, locating: bool, faulty: bool, expected: (u32, u32)) {
        let seen = seen(state, locating, faulty);
        let lit = (0..2000).step_by(20).map(|ms| lights(seen, ms));
        let lit = lit.fold((0, 0), |(red, green), (r, g)| {
            (red + u32::from(r), green + u32::from(g))
        });
        assert_eq!(lit, expected, "{seen:?}");
    }

    #[test]
    fn each_state_has_its_light_and_being_looked_for_goes_before_all() {
        check(MachineState::Hashing, false, false, (0, 100));
        check(MachineState::Hashing, false, true, (5, 100));
        check(MachineState::Starting, false, false, (0, 50));
        check(MachineState::NoPool, false, true, (5, 50));
        check(MachineState::Paused, false, false, (0, 5));
        check(MachineState::Sleeping, false, false, (0, 5));
        check(MachineState::Fault, false, true, (100, 0));
        check(MachineState::Stopping, false, false, (0, 0));
        for state in [MachineState::Hashing, MachineState::Fault] {
            // 250 ms are twelve or thirteen looks.
            check(state, true, true, (48, 52));
        }
    }

    #[test]
    fn lit_is_one_light_at_a_time_while_it_is_looked_for() {
        for ms in 0..2000 {
            let (red, green) = lights(seen(MachineState::Hashing, true, false), ms);
            assert!(red != green, "{ms}");
        }
    }

    #[test]
    fn the_reset_button_held_long_resets_access_and_nothing_else_does() {
        let check = |line, press, locating, resets, locates| {
            let does = means(line, press, seen(MachineState::Hashing, locating, false));
            assert_eq!(does, Does { resets, locates }, "{line:?} {press:?}");
        };
        let (reset, report) = (LineName::ResetButton, LineName::ReportButton);
        check(reset, Press::Long, false, true, Some(true));
        check(reset, Press::Long, true, true, Some(true));
        check(reset, Press::Short, false, false, None);
        check(report, Press::Short, false, false, Some(true));
        check(report, Press::Short, true, false, Some(false));
        check(report, Press::Long, false, false, None);
    }

    #[test]
    fn lights_and_buttons_are_the_lines_that_the_boards_file_names() {
        let folder = std::env::temp_dir().join(format!("stannary-panel-{}", std::process::id()));
        let line = |number: u32, file: &str| {
            let line = folder.join(format!("sys/class/gpio/gpio{number}"));
            std::fs::create_dir_all(&line).expect("a folder");
            line.join(file)
        };
        let write = |number, file, text: &str| {
            std::fs::write(line(number, file), text).expect("written");
        };
        // Red, green, and the report button, which is low while it is pressed. The reset button
        // is missing.
        for number in [943, 944, 957] {
            write(number, "direction", "in");
            write(number, "value", "1");
        }
        std::fs::create_dir_all(folder.join("dev")).expect("a folder");
        let machine = board_support::machine("antminer-s9").expect("known");
        let mut panel = Panel::open(&machine, &Root::new(&folder));
        assert_eq!(panel.refused.len(), 1, "{:?}", panel.refused);
        assert!(panel.refused[0].starts_with("line `reset_button`: "));
        let level = |number| std::fs::read_to_string(line(number, "value")).expect("text");
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        let hashing = seen(MachineState::Hashing, false, false);
        assert_eq!(panel.step(at(0), hashing), []);
        assert_eq!((level(943), level(944)), ("0".into(), "1".into()));
        let fault = seen(MachineState::Fault, false, true);
        assert_eq!(panel.step(at(20), fault), []);
        assert_eq!((level(943), level(944)), ("1".into(), "0".into()));
        // Pressed for 100 ms.
        let mut told = Vec::new();
        for ms in (100..400).step_by(20) {
            write(957, "value", if ms < 200 { "0" } else { "1" });
            told.extend(panel.step(at(ms), hashing));
        }
        assert_eq!(told, [(LineName::ReportButton, Ok(Press::Short))]);
        // Nobody can read it any more: told once.
        write(957, "value", "");
        assert!(matches!(panel.step(at(500), hashing)[..], [(_, Err(_))]));
        assert_eq!(panel.step(at(520), hashing), []);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
