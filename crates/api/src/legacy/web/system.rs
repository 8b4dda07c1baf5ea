//! What the pages about the computer and its settings say.

use serde_json::{Map, Value, json};
use telemetry::{FanMode, Snapshot};

use super::super::look::Look;
use super::super::pool_edit::SHOWN;
use super::super::{COMPILED, Permission, own_name};
use super::Web;

pub(super) fn system_info(web: &Web) -> Value {
    let s = web.shared.snapshot();
    let host = (web.shared.legacy.host)();
    let mut out = network(web);
    out.insert("minertype".into(), json!(s.machine.name));
    out.insert("hostname".into(), json!(host.name.unwrap_or_default()));
    out.insert("gateway".into(), json!(host.gateway.unwrap_or_default()));
    out.insert("dnsservers".into(), json!(host.name_servers.join(",")));
    out.insert("system_mode".into(), json!("GNU/Linux"));
    let kernel = host.kernel.map(|kernel| format!("Linux {kernel}"));
    out.insert(
        "system_kernel_version".into(),
        json!(kernel.unwrap_or_default()),
    );
    out.insert("system_filesystem_version".into(), json!(COMPILED));
    out.insert("firmware_type".into(), json!(own_name(&s)));
    out.insert("Algorithm".into(), json!("sha256d"));
    Value::Object(out)
}

/// What both pages about the network begin with. Whether an address was leased is not known.
fn network(web: &Web) -> Map<String, Value> {
    let host = (web.shared.legacy.host)();
    let mut out = Map::new();
    let texts = [
        ("nettype", None),
        ("netdevice", host.interface),
        ("macaddr", host.mac),
        ("ipaddress", host.address),
        ("netmask", host.netmask),
    ];
    for (name, text) in texts {
        out.insert(name.into(), json!(text.unwrap_or_default()));
    }
    out
}

pub(super) fn network_info(web: &Web) -> Value {
    let host = (web.shared.legacy.host)();
    let mut out = network(web);
    out.insert("conf_hostname".into(), json!(host.name.unwrap_or_default()));
    // Nothing of the network is set here.
    for name in [
        "conf_nettype",
        "conf_ipaddress",
        "conf_netmask",
        "conf_gateway",
        "conf_dnsservers",
    ] {
        out.insert(name.into(), json!(""));
    }
    Value::Object(out)
}

pub(super) fn miner_type(web: &Web) -> Value {
    let s = web.shared.snapshot();
    let board = (web.shared.legacy.host)().control_board;
    json!({
        "miner_type": s.machine.name,
        "subtype": format!("{}_stannary", board_word(&board)),
        "fw_version": COMPILED,
    })
}

/// The makers' words for control boards.
fn board_word(id: &str) -> &'static str {
    const WORDS: [(&str, &str); 5] = [
        ("zynq", "zynq7007"),
        ("xilinx", "zynq7007"),
        ("amlogic", "AMLCtrl"),
        ("cvitek", "CVCtrl"),
        ("beaglebone", "BBCtrl"),
    ];
    let known = WORDS.iter().find(|(part, _)| id.contains(part));
    known.map_or("", |(_, word)| word)
}

pub(super) fn blink_status(web: &Web) -> Value {
    json!({ "blink": web.shared.snapshot().locating })
}

pub(super) fn miner_conf(web: &Web) -> Value {
    let permission = web.shared.allowed().permission;
    conf(&web.shared.snapshot(), permission)
}

/// The settings as this page has them: the first three pools, no passwords.
pub(super) fn conf(s: &Snapshot, permission: Permission) -> Value {
    let look = Look::at(s);
    let mut pools: Vec<Value> = s
        .pools
        .iter()
        .take(SHOWN)
        .map(|pool| json!({ "url": pool.url, "user": pool.user, "pass": "" }))
        .collect();
    pools.resize_with(SHOWN, || json!({ "url": "", "user": "", "pass": "" }));
    let (manual, duty) = fans(s);
    let rights = if permission == Permission::Write {
        "W:0/0"
    } else {
        "R:0/0"
    };
    json!({
        "pools": pools,
        "api-listen": true,
        "api-network": true,
        "api-groups": "",
        "api-allow": rights,
        "bitmain-fan-ctrl": manual,
        "bitmain-fan-pwm": duty,
        "bitmain-freq": frequency(s),
        "bitmain-work-mode": if look.sleeps() { "1" } else { "0" },
        "bitmain-freq-level": "100",
    })
}

/// Whether the owner gave the fans a duty, and what it is now.
pub(super) fn fans(s: &Snapshot) -> (bool, String) {
    let settings = s.settings.as_ref().map(|settings| &settings.fans);
    let manual = settings.filter(|fans| fans.mode == FanMode::Manual);
    let set = manual
        .and_then(|fans| fans.duty.in_force)
        .map(|duty| duty.round() as u64);
    let duty = set.or_else(|| Look::at(s).fan_percent());
    let shown = duty.map(|duty| duty.to_string());
    (manual.is_some(), shown.unwrap_or_default())
}

pub(super) fn frequency(s: &Snapshot) -> String {
    format!("{:.0}", Look::at(s).frequency())
}
