//! Control boards: those that are compiled in, and what a file may not say.

use crate::{
    Active, BusDevice, ChainDevice, ControlBoard, FanDevices, Fitted, KernelVersion, LineName,
    LinkKind, WindowKind, WindowNode, control_board, control_board_from, control_boards, machine,
    machine_on_board, machines,
};

const BOARD: &str = "name = \"b\"\nlink = \"uart\"\nbaud_max_per_s = 3_125_000\nslots_max = 2\n\
    [linux]\noldest_kernel = \"4.19\"\nhashboards_bus = \"/dev/i2c-0\"\n\
    [[linux.chain]]\ntty = \"/dev/ttyS1\"\n\
    [[linux.chain]]\naddress = 0x43C0_0000\nbytes = 0x1_0000\nnode = \"uio\"\n\
    [linux.lines]\nreset_0 = { chip = \"c\", offset = 3, active = \"low\" }\n\
    [linux.fans]\nkind = \"pwm\"\nperiod_ns = 100_000\noutput = [{ pwmchip = 0, channel = 1 }]\ntach = \"lines\"\n\
    [linux.watchdog]\nnode = \"/dev/watchdog\"\ntimeout_s = 10\n";

const WINDOWED: &str = "name = \"w\"\nlink = \"fpga-fifo\"\nbaud_max_per_s = 3_125_000\nslots_max = 4\n\
    [linux]\noldest_kernel = \"4.6\"\nhashboards_bus = \"window\"\n\
    [linux.window]\naddress = 0x4000_0000\nbytes = 0x1400\nnode = \"/dev/fpga\"\n\
    [linux.fans]\nkind = \"window\"\n";

/// Twins alone stand for this one: how Linux shows its lines is not known well enough to drive them.
const NOT_ON_LINUX: &str = "g19-dm1";

fn every(check: impl Fn(&ControlBoard)) {
    for name in control_boards().filter(|name| *name != NOT_ON_LINUX) {
        check(&control_board(name).unwrap_or_else(|e| panic!("{e}")));
    }
}

/// Change one passage of a good file and compare the first fault; empty: none.
fn check(text: &str, from: &str, to: &str, expected: &str) {
    assert!(text.contains(from), "{from}");
    let shown = match control_board_from("b.toml", &text.replacen(from, to, 1)) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(
        shown.lines().next().unwrap_or_default(),
        expected,
        "{shown}"
    );
}

#[test]
fn a_file_of_ones_own_is_read_like_those_compiled_in() {
    let board = control_board_from("/etc/b.toml", BOARD).expect("good");
    assert_eq!(board.id, "/etc/b.toml");
    let devices = board.devices.as_ref().expect("[linux]");
    assert_eq!(devices.chains[0], ChainDevice::Tty("/dev/ttyS1".into()));
    let ChainDevice::Core(window) = &devices.chains[1] else {
        panic!("{:?}", devices.chains);
    };
    assert_eq!(window.kind, WindowKind::Bm13xx);
    assert_eq!((window.address, window.bytes), (0x43C0_0000, 0x1_0000));
    assert_eq!(window.node, WindowNode::Uio);
    let reset = devices.line(LineName::Reset(0)).expect("a line");
    assert_eq!(reset.chip, Some(("c".into(), 3)));
    assert_eq!(reset.active, Some(Active::Low));
    assert_eq!(devices.line(LineName::Reset(1)), None);

    let windowed = control_board_from("w", WINDOWED).expect("good");
    let devices = windowed.devices.as_ref().expect("[linux]");
    assert_eq!(devices.hashboards_bus, Some(BusDevice::Window));
    assert_eq!(
        devices.window.as_ref().map(|w| w.kind),
        Some(WindowKind::X19)
    );
    assert_eq!(devices.fans, Some(FanDevices::Window));

    // A machine sits on it, if it has the slots and the speed.
    let on = |model, board: &ControlBoard| machine_on_board(model, board.clone());
    let mut slow = windowed.clone();
    slow.baud_max = 1_000_000;
    let s19 = on("antminer-s19-pro", &slow).expect_err("too slow");
    assert!(s19.to_string().contains("reaches 1000000 baud"), "{s19}");
    let mut quick = windowed.clone();
    quick.baud_max = 12_500_000;
    let s19 = on("antminer-s19-pro", &quick).expect("fits");
    assert_eq!(s19.control_board, quick);
    let s21 = on("antminer-s21", &board).expect_err("two slots");
    assert!(s21.to_string().contains("carries 2 hashboards"), "{s21}");
}

#[test]
fn what_cannot_be_opened_is_refused_when_it_is_read() {
    let node = "node = \"uio\"";
    for (from, to, expected) in [
        (
            "\"4.19\"",
            "\"4.19.2\"",
            "6: `linux.oldest_kernel`: must be major and minor number of a kernel",
        ),
        (
            "\"4.19\"",
            "\"new\"",
            "6: `linux.oldest_kernel`: must be major and minor number of a kernel",
        ),
        (
            "\"/dev/i2c-0\"",
            "\"i2c-0\"",
            "7: `linux.hashboards_bus`: must be `window` or a node `/dev/i2c-…`",
        ),
        (
            "\"/dev/i2c-0\"",
            "\"window\"",
            "7: `linux.hashboards_bus`: there is no window",
        ),
        (
            "\"/dev/ttyS1\"",
            "\"ttyS1\"",
            "9: `linux.chain[0].tty`: must be a path in `/dev`",
        ),
        (
            node,
            "node = \"/sys/x\"",
            "13: `linux.chain[1].node`: must be `uio` or a path in `/dev`",
        ),
        (
            "0x1_0000",
            "0x1_0001",
            "12: `linux.chain[1].bytes`: is no whole number of 32-bit registers",
        ),
        (
            "slots_max = 2",
            "slots_max = 3",
            "8: `linux.chain`: must have as many entries as `slots_max` says",
        ),
        (
            "address = 0x43C0_0000\nbytes = 0x1_0000\nnode = \"uio\"",
            "tty = \"/dev/ttyS1\"",
            "8: `linux.chain`: two chains are at the same place",
        ),
        (
            "\"uart\"",
            "\"fpga-fifo\"",
            "8: `linux.chain`: the window carries all chains",
        ),
        (
            "reset_0 = ",
            "reset_4 = ",
            "15: `linux.lines.reset_4`: unknown key",
        ),
        (
            "chip = \"c\", offset = 3, ",
            "",
            "15: `linux.lines.reset_0.chip`: nothing says where the line is",
        ),
        (
            "offset = 3, ",
            "",
            "15: `linux.lines.reset_0.offset`: missing",
        ),
        (
            ", active = \"low\"",
            "",
            "15: `linux.lines.reset_0.active`: missing",
        ),
        (
            "\"low\"",
            "\"disputed\"",
            "15: `linux.lines.reset_0.active`: must be one of \"low\", \"high\", \"unsure\", not disputed",
        ),
        (
            "channel = 1",
            "channel = -1",
            "19: `linux.fans.output[0].channel`: must be a whole number from 0 to 255, not -1",
        ),
        (
            "{ pwmchip = 0, channel = 1 }",
            "",
            "19: `linux.fans.output`: is empty or names a channel twice",
        ),
        ("\"lines\"", "\"hwmon\"", "16: `linux.fans.hwmon`: missing"),
        (
            "timeout_s = 10",
            "timeout_s = 2",
            "23: `linux.watchdog.timeout_s`: must be a whole number from 5 to 60, not 2",
        ),
    ] {
        let expected = format!("b.toml:{expected}");
        check(BOARD, from, to, &expected);
    }
    check(
        WINDOWED,
        "\"fpga-fifo\"",
        "\"uart\"",
        "b.toml:5: `linux.chain`: no chain says where it is",
    );
    check(BOARD, "link", "link", "");
    check(WINDOWED, "link", "link", "");
    // A twin may stand for a board of which Linux shows nothing.
    let (bare, _) = BOARD.split_once("[linux]").expect("a table");
    let bare = control_board_from("b", bare).expect("good");
    assert_eq!(bare.devices, None);
}

#[test]
fn every_board_says_how_linux_shows_it() {
    every(|b| {
        let d = b.devices.as_ref().unwrap_or_else(|| panic!("{}", b.id));
        assert!(!d.compatible.is_empty(), "{}", b.id);
        assert_eq!(d.window.is_some(), b.link != LinkKind::Uart, "{}", b.id);
        assert!(d.watchdog.is_some(), "{}", b.id);
        // Resets are the dead man's: each slot's is in the window or a line.
        for slot in 0..b.slots_max {
            let line = d.line(LineName::Reset(slot)).is_some();
            assert_ne!(line, d.window.is_some(), "{}: slot {slot}", b.id);
        }
        // Below 4.8 lines are reached by number alone.
        if d.oldest_kernel < KernelVersion::GPIO_DEVICES {
            assert!(d.lines.iter().all(|(_, l)| l.sysfs.is_some()), "{}", b.id);
        }
    });
}

#[test]
fn no_two_lines_of_a_board_are_the_same() {
    every(|b| {
        let lines = &b.devices.as_ref().expect("checked above").lines;
        for (i, (name, line)) in lines.iter().enumerate() {
            for (other, before) in &lines[..i] {
                let chip = line.chip.is_some() && line.chip == before.chip;
                let sysfs = line.sysfs.is_some() && line.sysfs == before.sysfs;
                assert!(!chip && !sysfs, "{}: {other:?} and {name:?}", b.id);
            }
        }
    });
}

/// Where nobody knows which level switches a supply on, nothing may guess it.
#[test]
fn boards_whose_enable_line_is_unsure_are_known_by_name() {
    let unsure = |b: &ControlBoard| {
        let line = b.devices.as_ref()?.line(LineName::SupplyEnable)?;
        Some(line.active.is_none())
    };
    let found: Vec<_> = control_boards()
        .filter(|name| unsure(&control_board(name).expect("compiled in")) == Some(true))
        .collect();
    assert_eq!(
        found,
        [
            "amlogic-a113d",
            "beaglebone-am335x",
            "beaglebone-am335x-v2",
            "cvitek-cv1835"
        ]
    );
    // A supply that can be switched has a line on every board that is driven.
    for model in machines() {
        let m = machine(model).expect("compiled in");
        if matches!(m.psu.enable, Fitted::Present(_)) {
            for name in &m.control_boards {
                let board = control_board(name).expect("compiled in");
                assert!(unsure(&board).is_some(), "{model} on {name}");
            }
        }
    }
}

#[test]
fn kernels_are_compared_by_number() {
    for (text, version) in [
        ("4.6.0-xilinx", Some(KernelVersion(4, 6))),
        ("6.12.38+deb13-armmp", Some(KernelVersion(6, 12))),
        ("4.19", Some(KernelVersion(4, 19))),
        ("5", None),
        ("", None),
        ("x.y", None),
        ("99999.1", None),
    ] {
        assert_eq!(KernelVersion::parse(text), version, "{text}");
    }
    assert!(KernelVersion(4, 19) > KernelVersion::GPIO_DEVICES);
    assert!(KernelVersion(4, 6) < KernelVersion::GPIO_DEVICES);
}
