//! What the computer says of itself, as far as it helps to find a fault and is nobody's secret.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::host;

/// Files of one line each.
const LINES: &[(&str, &str)] = &[
    ("kernel", "/proc/version"),
    ("board", "/proc/device-tree/model"),
    ("load", "/proc/loadavg"),
    ("uptime_s", "/proc/uptime"),
    ("temp_millic", "/sys/class/thermal/thermal_zone0/temp"),
];
/// Names of these devices tell which ports the kernel found.
const DEVICES: &[&str] = &[
    "ttyS", "ttyPS", "ttyO", "ttyAML", "i2c-", "spidev", "gpiochip", "uio", "watchdog", "axi_fpga",
    "bitmain",
];
/// More devices than any control board has.
const DEVICES_MAX: usize = 64;
/// Longest line that is shown.
const LINE_MAX: usize = 300;

/// All of it.
pub(super) fn facts() -> Value {
    let lines = LINES
        .iter()
        .map(|(name, path)| ((*name).to_owned(), json!(line(path))));
    let mut facts: Map<_, _> = lines.collect();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    for (name, key) in [
        ("memory_total", "MemTotal"),
        ("memory_available", "MemAvailable"),
    ] {
        facts.insert(name.to_owned(), json!(field(&meminfo, key)));
    }
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processors = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    facts.insert("processors".to_owned(), json!(processors));
    let cpu = ["model name", "Hardware", "Processor", "CPU part"];
    let cpu = cpu.iter().find_map(|key| field(&cpuinfo, key));
    facts.insert("processor".to_owned(), json!(cpu));
    facts.insert("devices".to_owned(), json!(devices(Path::new("/dev"))));
    let host = host::look("");
    let network = json!({
        "interface": host.interface, "mac": host.mac, "name": host.name, "address": host.address,
        "netmask": host.netmask, "gateway": host.gateway, "name_servers": host.name_servers,
    });
    facts.insert("network".to_owned(), network);
    facts.into()
}

fn line(path: &str) -> Option<String> {
    let text = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next()?.trim_matches(['\0', ' ']);
    Some(line.chars().take(LINE_MAX).collect())
}

/// What stands behind `key:`.
fn field(text: &str, key: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim().chars().take(LINE_MAX).collect())
    })
}

fn devices(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let known = |name: &String| DEVICES.iter().any(|known| name.starts_with(known));
    let mut names: Vec<_> = names.filter(known).take(DEVICES_MAX).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_a_kernel_and_memory() {
        let facts = facts();
        assert!(
            facts["kernel"]
                .as_str()
                .is_some_and(|kernel| kernel.contains("Linux")),
            "{facts}"
        );
        assert!(
            facts["memory_total"]
                .as_str()
                .is_some_and(|memory| memory.ends_with("kB")),
            "{facts}"
        );
        assert!(
            facts["processors"].as_u64().is_some_and(|count| count > 0),
            "{facts}"
        );
        assert_eq!(
            field("a: b\nCPU part\t: 0xc09", "CPU part"),
            Some("0xc09".to_owned())
        );
    }
}
