//! What the kernel of the guest shows of the world outside, node by node, and the shipped binary there: before a
//! daemon takes these devices.

use std::time::{Duration, Instant};

use kernel::{Chips, Guest, Registers};
use process::{PATIENCE, wait_for};
use serde_json::Value;

/// All claims. What they take of the devices is given back.
pub(crate) fn are_those_of_the_kernel(guest: &Guest, chips: &Chips) {
    the_binary_knows_the_machines_of_board_support(guest);
    chips_on_the_host_answer_on_the_serial_port(guest, chips);
    sensors_show_what_the_host_sets(guest);
    lines_show_what_the_host_sets_and_the_host_sees_them(guest);
    nodes_are_there(guest);
    a_light_that_the_guest_drives_is_seen_outside(guest);
    a_button_that_is_pressed_outside_is_short_or_long(guest);
    edges_come_to_the_speed_that_they_have(guest);
    drivers_of_the_kernel_read_for_us(guest);
}

fn the_binary_knows_the_machines_of_board_support(guest: &Guest) {
    let there = guest.run("stannary machines --json");
    let there: Value = serde_json::from_str(&there).unwrap_or_else(|_| panic!("{there}"));
    let text = |machine: &Value, key: &str| machine[key].as_str().map(str::to_owned);
    let there = there.as_array().into_iter().flatten();
    let there = there.map(|m| (text(m, "model"), text(m, "name"), m["rated_ths"].as_f64()));
    let here = board_support::machines().map(|model| {
        let m = board_support::machine(model).expect("a machine of this project");
        (Some(m.model), Some(m.name), Some(m.rated_ths))
    });
    assert!(there.eq(here), "{}", guest.run("stannary machines"));
}

/// A broadcast read of register 0, as bytes through the kernel's tty; the binary in the guest explains
/// what came back.
fn chips_on_the_host_answer_on_the_serial_port(guest: &Guest, chips: &Chips) {
    chips.supply(true);
    let hex = guest.run(
        "exec 3<>/dev/ttyS0; stty raw -echo 115200 <&3; \
         printf '\\x55\\xaa\\x52\\x05\\x00\\x00\\x0a' >&3; \
         timeout 30 head -c 27 <&3 | xxd -p | tr -d '\\n'",
    );
    chips.supply(false);
    assert_eq!(hex.len(), 54, "{hex}");
    let answers: Vec<&str> = (0..3).map(|i| &hex[18 * i..18 * (i + 1)]).collect();
    assert!(answers.iter().all(|a| a.starts_with("aa551370")), "{hex}");
    let answers = answers.join(" ");
    let read = guest.run(&format!(
        "stannary decode --chip bm1370 --from chip {answers}"
    ));
    let good = read.lines().filter(|line| line.contains("\"crc_ok\":true"));
    assert_eq!(good.count(), 3, "{read}");
}

fn sensors_show_what_the_host_sets(guest: &Guest) {
    // The register holds the high byte first, and a word of SMBus the low one.
    for (temp_c, word) in [(25.0, "0x0019"), (90.0, "0x005a")] {
        let set = guest.outside().set_temperature("inlet", temp_c);
        assert_eq!(set, Some(()));
        assert_eq!(guest.run("i2cget -y 3 0x48 0 w"), word);
    }
    let nobody = guest.run("i2cget -y 3 0x4f 0 w");
    assert!(!nobody.contains("0x00"), "{nobody}");
}

/// Input lines through the kernel, and an output line as the host sees it.
fn lines_show_what_the_host_sets_and_the_host_sees_them(guest: &Guest) {
    let gpio = "/sys/class/gpio";
    let base = guest.run(&format!("grep -l 1e780000 {gpio}/gpiochip*/label"));
    let base = base.trim_end_matches("/label").to_owned() + "/base";
    let base: u32 = guest.run(&format!("cat {base}")).parse().expect("a number");
    // G0 and G1: pins that nothing else of the board's device tree claims.
    let (input, output) = (base + 48, base + 49);
    guest.run(&format!("echo {input} >{gpio}/export"));
    for (high, value) in [(true, "1"), (false, "0"), (true, "1")] {
        assert_eq!(guest.outside().set_line("G0", high), Some(()));
        assert_eq!(guest.run(&format!("cat {gpio}/gpio{input}/value")), value);
    }
    guest.run(&format!("echo {output} >{gpio}/export"));
    guest.run(&format!("echo out >{gpio}/gpio{output}/direction"));
    for (value, high) in [("1", true), ("0", false), ("1", true)] {
        guest.run(&format!("echo {value} >{gpio}/gpio{output}/value"));
        assert_eq!(guest.outside().line_is_high("G1"), Some(high));
    }
    guest.run(&format!("echo 0 >{gpio}/gpio{output}/value"));
    for line in [input, output] {
        guest.run(&format!("echo {line} >{gpio}/unexport"));
    }
}

fn nodes_are_there(guest: &Guest) {
    for node in ["i2c-3", "i2c-4", "gpiochip0", "ttyS0", "watchdog"] {
        let kind = guest.run(&format!("test -c /dev/{node} && echo character"));
        assert_eq!(kind, "character", "/dev/{node}\n{}", guest.console());
    }
}

/// G5: what the control board's lights are for the daemon, a line.
fn a_light_that_the_guest_drives_is_seen_outside(guest: &Guest) {
    guest.run("setsid nodes light 1e780000.gpio:53 40 >/dev/null 2>&1 &");
    for high in [true, false, true, false] {
        wait_for("the light", PATIENCE, || {
            (guest.outside().line_is_high("G5") == Some(high)).then_some(())
        });
    }
    guest.run("kill $(pidof nodes)");
}

/// G6. A long press is told while it is still held.
fn a_button_that_is_pressed_outside_is_short_or_long(guest: &Guest) {
    let press = |high| assert_eq!(guest.outside().set_line("G6", high), Some(()));
    guest.run("nodes button 1e780000.gpio:54 200 >/run/button 2>&1 & true");
    wait_for("the button's line", PATIENCE, || {
        let held = guest
            .run("cat /sys/kernel/debug/gpio 2>/dev/null || mount -t debugfs d /sys/kernel/debug");
        held.contains("stannary").then_some(())
    });
    // A finger; on a busy computer the guest may miss it.
    wait_for("a short press", PATIENCE, || {
        press(true);
        std::thread::sleep(Duration::from_millis(500));
        press(false);
        std::thread::sleep(Duration::from_millis(500));
        guest.run("cat /run/button").contains("Short").then_some(())
    });
    press(true);
    wait_for("a long press", PATIENCE, || {
        guest.run("cat /run/button").contains("Long").then_some(())
    });
    press(false);
    guest.run("kill $(pidof nodes)");
    let told = guest.run("cat /run/button");
    let mut presses = told.lines();
    assert_eq!(presses.next_back(), Some("Long"), "{told}");
    assert!(presses.all(|press| press == "Short"), "{told}");
}

/// G3. Speeds and their times come to the edges that there were.
fn edges_come_to_the_speed_that_they_have(guest: &Guest) {
    guest.run("nodes fan 1e780000.gpio:51 200 >/run/fan 2>&1 & true");
    let readings = || -> Vec<(f64, f64)> {
        let said = guest.run("cat /run/fan");
        let number = |word: Option<&str>| word?.parse().ok();
        let read = said.lines().map(|line| {
            let mut words = line.split(' ');
            number(words.next()).zip(number(words.next()))
        });
        read.map(|pair| pair.unwrap_or_else(|| panic!("{said}")))
            .collect()
    };
    wait_for("the fan's line", PATIENCE, || {
        (!readings().is_empty()).then_some(())
    });
    let mut registers = Registers::connect(guest.registers());
    let mut edges = 0u32;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        for high in [true, false] {
            assert_eq!(guest.outside().set_line("G3", high), Some(()));
            std::thread::sleep(Duration::from_millis(25));
        }
        edges += 1;
        while registers.edge_waits(3) == Some(true) {
            assert!(begun.elapsed() < PATIENCE, "an edge that nobody takes");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let heard = wait_for("a fan at rest", PATIENCE, || {
        let heard = readings();
        let at_rest = heard.iter().rev().take(2).all(|(_, rpm)| *rpm == 0.0);
        at_rest.then_some(heard)
    });
    guest.run("kill $(pidof nodes)");
    // Two edges in a turn.
    let turns = heard.windows(2).map(|two| two[1].1 * (two[1].0 - two[0].0));
    let counted = 2.0 * turns.sum::<f64>() / 60_000.0;
    let given = f64::from(edges);
    assert!(
        edges > 20 && (counted - given).abs() <= 0.1 * given,
        "{given} edges: {heard:?}"
    );
}

/// A sensor and a fan controller whose drivers are the kernel's. The controller's count is QEMU's fixed number.
fn drivers_of_the_kernel_read_for_us(guest: &Guest) {
    // The emulated board has another LM75 of its own, which would be found first.
    guest.run("echo 8-004d >/sys/bus/i2c/drivers/lm75/unbind");
    let bus = "/sys/bus/i2c/devices/i2c-4/new_device";
    guest.run(&format!("echo lm75 0x48 >{bus}; echo max31785 0x52 >{bus}"));
    for temp_c in [41.0, 90.0] {
        let set = guest.outside().set_temperature("room", temp_c);
        assert_eq!(set, Some(()));
        // The driver reads anew after a second at most.
        let wanted = format!("{}", temp_c * 1000.0);
        wait_for("the driver's reading", PATIENCE, || {
            (guest.run("nodes hwmon lm75 temp 1") == wanted).then_some(())
        });
    }
    assert_eq!(guest.run("nodes hwmon max31785 fan 1"), "32767");
    let missing = guest.run("nodes hwmon lm75 fan 1");
    assert!(missing.contains("fan1_input"), "{missing}");
}
