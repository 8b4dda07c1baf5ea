use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder that looks like a board whose kernel has no devices for its chips.
fn board(name: &str, numbers: &[u32]) -> (PathBuf, Root) {
    let name = format!("stannary-lines-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("dev")).expect("a folder");
    for number in numbers {
        let line = folder.join(format!("sys/class/gpio/gpio{number}"));
        fs::create_dir_all(&line).expect("a folder");
        fs::write(line.join("direction"), "in").expect("a file");
        fs::write(line.join("value"), "0").expect("a file");
    }
    fs::create_dir_all(folder.join("sys/class/gpio")).expect("a folder");
    fs::write(folder.join("sys/class/gpio/export"), "").expect("a file");
    let root = Root::new(&folder);
    (folder, root)
}

fn numbered(sysfs: u32, active_low: bool) -> LineSpec {
    LineSpec {
        chip: Some(("zynq_gpio".into(), 1)),
        sysfs: Some(sysfs),
        active_low,
        ..LineSpec::default()
    }
}

/// The level that a folder's line is at: what it was made an output with, or set to.
fn text(folder: &std::path::Path, number: u32, file: &str) -> String {
    fs::read_to_string(folder.join(format!("sys/class/gpio/gpio{number}/{file}"))).expect("text")
}

#[test]
fn a_line_is_safe_from_the_first_moment_whatever_its_polarity() {
    let (folder, root) = board("first", &[907, 908]);
    // An enable line that is on when low: off is high.
    let supply = Pin::output(&root, &numbered(907, true), false);
    assert!(supply.is_ok(), "{:?}", supply.err());
    assert_eq!(text(&folder, 907, "direction"), "high");
    let reset = Pin::output(&root, &numbered(908, true), true);
    assert!(reset.is_ok());
    assert_eq!(text(&folder, 908, "direction"), "low");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn lines_are_driven_and_read_by_what_they_are_for() {
    let (folder, root) = board("drive", &[907, 908, 909]);
    let pin = |number, low, on| Pin::output(&root, &numbered(number, low), on).expect("there");
    let mut lines = LinuxLines {
        supply: Some(pin(907, true, false)),
        resets: vec![(ChainSlot(2), pin(908, false, true))],
        full: FanOverride::default(),
        drive_full: Box::new(|_| Err(5)),
        watchdog: None,
    };
    let (now, slot) = (Instant::ZERO, ChainSlot(2));
    assert_eq!(lines.supply(now, true), Ok(()));
    assert_eq!(text(&folder, 907, "value"), "0");
    assert_eq!(lines.supply(now, false), Ok(()));
    assert_eq!(text(&folder, 907, "value"), "1");
    assert_eq!(lines.reset(now, slot, false), Ok(()));
    assert_eq!(text(&folder, 908, "value"), "0");
    assert_eq!(lines.reset(now, slot, true), Ok(()));
    assert_eq!(text(&folder, 908, "value"), "1");
    assert_eq!(lines.reset(now, ChainSlot(0), true), Err(ENXIO));
    // The switch counts even where the way of its own does not work.
    assert_eq!(lines.fans_full(now, true), Err(5));
    assert!(lines.full.is_on());
    assert_eq!(lines.fans_full(now, false), Ok(()));
    assert!(!lines.full.is_on());
    assert_eq!(lines.kick_watchdog(now), Ok(()));

    let plug = Pin::input(&root, &numbered(909, false)).expect("there");
    assert_eq!(text(&folder, 909, "direction"), "in");
    let mut plugs = LinuxPlugs {
        pins: vec![(slot, plug)],
    };
    assert_eq!(plugs.present(now, slot), Ok(false));
    fs::write(folder.join("sys/class/gpio/gpio909/value"), "1\n").expect("a file");
    assert_eq!(plugs.present(now, slot), Ok(true));
    // Nobody can tell of a slot without a line.
    assert_eq!(plugs.present(now, ChainSlot(0)), Ok(true));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn what_is_missing_is_named_with_path_and_errno() {
    let (folder, root) = board("missing", &[]);
    // The line's folder does not come although it was asked for.
    let error = Pin::output(&root, &numbered(907, true), false).err();
    let error = error.expect("no such line");
    assert_eq!(error.errno(), libc::ENOENT, "{error}");
    assert!(error.path.ends_with("sys/class/gpio/gpio907/direction"));
    let asked = fs::read_to_string(folder.join("sys/class/gpio/export"));
    assert_eq!(asked.expect("text"), "907");
    // Nothing but a chip is known, and there is none.
    let chip = LineSpec {
        sysfs: None,
        ..numbered(0, true)
    };
    let error = Pin::input(&root, &chip).err().expect("no chip");
    assert_eq!(error.error.kind(), std::io::ErrorKind::NotFound, "{error}");
    assert!(error.path.ends_with("gpiochip[zynq_gpio]:1"), "{error}");
    fs::remove_dir_all(folder).expect("removed");
}

/// A number means another pin with another kernel: it must not be tried where chips have
/// devices, even if those refuse.
#[test]
fn a_number_is_never_taken_where_chips_have_devices() {
    let (folder, root) = board("devices", &[907]);
    fs::write(folder.join("dev/gpiochip0"), "").expect("a file");
    let error = Pin::output(&root, &numbered(907, true), false).err();
    let error = error.expect("no chip");
    assert!(crate::device::is_no_such_device(error.errno()), "{error}");
    assert!(error.path.ends_with("dev/gpiochip0"), "{error}");
    assert_eq!(text(&folder, 907, "direction"), "in");
    // A line of which only the number is known has no other way.
    let only_number = LineSpec {
        chip: None,
        ..numbered(907, true)
    };
    assert!(Pin::output(&root, &only_number, false).is_ok());
    assert_eq!(text(&folder, 907, "direction"), "high");
    fs::remove_dir_all(folder).expect("removed");
}
