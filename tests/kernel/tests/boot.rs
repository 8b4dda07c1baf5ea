//! The shipped binary on a real kernel, and what that kernel shows of the world outside.

use std::path::Path;
use std::process::Command;

use kernel::{Guest, Serial, kernel};
use process::{Folder, PATIENCE, Program, stannary, wait_for};
use serde_json::Value;

/// One boot for all claims: it is what takes the time.
#[test]
fn the_shipped_binary_runs_on_a_real_kernel_whose_devices_answer_from_outside() {
    let (Some(kernel), Some(binary)) = (kernel(), stannary()) else {
        return;
    };
    let folder = Folder::new();
    let chain = Serial(folder.path().join("chain.sock"));
    let twin = twin(&binary, &chain);
    let guest = Guest::boot(&kernel, &chain, None);
    the_binary_knows_the_machines_that_the_host_knows(&guest, &binary);
    chips_on_the_host_answer_on_the_serial_port(&guest, &twin);
    sensors_show_what_the_host_sets(&guest);
    lines_show_what_the_host_sets_and_the_host_sees_them(&guest);
    nodes_are_there(&guest);
}

fn twin(binary: &Path, chain: &Serial) -> Program {
    let mut command = Command::new(binary);
    command.args(["twin", "--chip", "bm1370", "--chips", "3", "--socket"]);
    let mut twin = Program::start(command.arg(&chain.0));
    wait_for("the twin's socket", PATIENCE, || {
        assert!(twin.ended().is_none(), "{}", twin.everything());
        chain.0.exists().then_some(())
    });
    twin
}

fn the_binary_knows_the_machines_that_the_host_knows(guest: &Guest, binary: &Path) {
    let here = Command::new(binary).args(["machines", "--json"]).output();
    let here = here.expect("it runs").stdout;
    let here: Value = serde_json::from_slice(&here).expect("JSON");
    let there = guest.run("stannary machines --json");
    let there: Value = serde_json::from_str(&there).unwrap_or_else(|_| panic!("{there}"));
    assert_eq!(there, here);
    assert!(
        there.as_array().is_some_and(|list| list.len() > 10),
        "{there}"
    );
}

/// A broadcast read of register 0, as bytes through the kernel's tty; the binary in the guest explains
/// what came back.
fn chips_on_the_host_answer_on_the_serial_port(guest: &Guest, twin: &Program) {
    let hex = guest.run(
        "exec 3<>/dev/ttyS0; stty raw -echo 115200 <&3; \
         printf '\\x55\\xaa\\x52\\x05\\x00\\x00\\x0a' >&3; \
         timeout 30 head -c 27 <&3 | xxd -p | tr -d '\\n'",
    );
    assert_eq!(hex.len(), 54, "{hex}\n{}", twin.everything());
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
        guest.outside().set_line("G0", high);
        assert_eq!(guest.run(&format!("cat {gpio}/gpio{input}/value")), value);
    }
    guest.run(&format!("echo {output} >{gpio}/export"));
    guest.run(&format!("echo out >{gpio}/gpio{output}/direction"));
    for (value, high) in [("1", true), ("0", false), ("1", true)] {
        guest.run(&format!("echo {value} >{gpio}/gpio{output}/value"));
        assert_eq!(guest.outside().line_is_high("G1"), Some(high));
    }
}

fn nodes_are_there(guest: &Guest) {
    for node in ["i2c-3", "i2c-4", "gpiochip0", "ttyS0", "watchdog"] {
        let kind = guest.run(&format!("test -c /dev/{node} && echo character"));
        assert_eq!(kind, "character", "/dev/{node}\n{}", guest.console());
    }
}
