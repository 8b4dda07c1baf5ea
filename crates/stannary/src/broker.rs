//! Joins the owner's MQTT broker to this daemon: what the configuration leaves open, and its thread.

use std::path::Path;

use anyhow::{Context, Result};
use api::{Gate, MqttOptions, MqttOrders, Published};
use sha2::{Digest, Sha256};

use crate::cli::mqtt::Mqtt as Config;
use crate::host;
use crate::runtime::{Clock, Commands, MqttAround, MqttBroker, MqttLink, Wall, keep_mqtt};

/// Which daemon this is.
pub(crate) struct Who<'a> {
    /// A twin's computer may have several.
    pub(crate) emulated: bool,
    /// No two daemons of a computer have the same.
    pub(crate) socket: &'a Path,
}

/// Connect to the broker, and stay for as long as what is returned lives.
pub(crate) fn serve(
    config: Config,
    who: &Who<'_>,
    (published, gate): (&Published, &Gate),
    commands: Commands,
    (wall, clock): (Wall, Clock),
    seed: u64,
) -> Result<MqttLink> {
    let client_id = config.client_id.unwrap_or_else(|| usual_id(who));
    let topic = config
        .topic
        .unwrap_or_else(|| format!("stannary/{client_id}"));
    let options = MqttOptions {
        client_id,
        user: config.user,
        password: config.password.map(|password| password.expose().to_owned()),
        topic,
        discovery_prefix: config.discovery_prefix,
        commands: config.commands,
        interval: config.interval,
    };
    let broker = MqttBroker {
        endpoint: config.endpoint,
        security: config.security,
        trust: config.trust,
    };
    let take: api::Commands = std::sync::Arc::new(move |command| commands.give(command).is_ok());
    let around = MqttAround {
        orders: MqttOrders::new(published.clone(), gate.clone(), take),
        published: published.clone(),
        gate: gate.clone(),
        wall,
        clock,
    };
    keep_mqtt(broker, options, around, seed).context("no thread for the MQTT broker")
}

/// A name that stays the same: a machine's is its hardware address, a twin's follows from its computer
/// and its socket.
fn usual_id(who: &Who<'_>) -> String {
    let address = host::hardware_address();
    if let (Some(address), false) = (&address, who.emulated) {
        return format!("stannary-{}", address.replace(':', ""));
    }
    let machine_id = || std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(address.unwrap_or_else(machine_id));
    digest.update(who.socket.as_os_str().as_encoded_bytes());
    let digits: String = digest.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match who.emulated {
        true => format!("stannary-twin-{digits}"),
        false => format!("stannary-{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_name_stays_the_same_and_is_no_other_daemons() {
        let of = |emulated, socket: &str| {
            let socket = Path::new(socket);
            usual_id(&Who { emulated, socket })
        };
        let one = of(true, "/run/a.sock");
        assert_eq!(one, of(true, "/run/a.sock"));
        assert_ne!(one, of(true, "/run/b.sock"));
        assert!(one.starts_with("stannary-twin-"), "{one}");
        let real = of(false, "/run/a.sock");
        assert!(!real.contains("twin"), "{real}");
        // Hardware addresses and their like have six bytes.
        assert_eq!(real.len(), "stannary-".len() + 12, "{real}");
        for id in [one, real] {
            assert!(api::is_mqtt_client_id(&id), "{id}");
        }
    }
}
