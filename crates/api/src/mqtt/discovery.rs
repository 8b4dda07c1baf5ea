//! What Home Assistant is told there is: one retained message for each entity, under its discovery prefix
//! (<https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>).
//!
//! Identifiers follow from the client's and never change, so that a dashboard survives an update. Values
//! are taken from the state by templates; what is `null` there is unknown here.

use serde_json::{Value, json};
use telemetry::Snapshot;

use super::{MqttOptions, OFFLINE, ONLINE};

/// One retained message; an empty payload takes an entity away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Config {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// Entities that can order something.
const ORDERS: [(&str, &str); 3] = [
    ("switch", "hashing"),
    ("button", "locate"),
    ("number", "power_ceiling"),
];

/// What of a snapshot decides which entities there are and what they are called. While it stays the same
/// nothing has to be told anew.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shape {
    name: String,
    model: String,
    firmware: String,
    emulated: bool,
    slots: Vec<u8>,
    places: Vec<String>,
    fans: usize,
    ceiling: Option<(f64, f64)>,
}

/// Most places, fans and chains that become entities: more than any machine has.
const EACH_MAX: usize = 32;

impl Shape {
    pub(super) fn of(s: &Snapshot, name: &str) -> Self {
        let settings = s.settings.as_ref();
        let mut places: Vec<String> = Vec::new();
        for reading in &s.temperatures {
            // Two places whose identifiers are the same would be one entity.
            let known = |place: &String| slug(place) == slug(&reading.place);
            if places.len() < EACH_MAX && !places.iter().any(known) {
                places.push(reading.place.clone());
            }
        }
        Shape {
            name: name.to_owned(),
            model: s.machine.name.clone(),
            firmware: s.machine.firmware.clone(),
            emulated: s.machine.emulated,
            slots: s.chains.iter().map(|c| c.slot).take(EACH_MAX).collect(),
            places,
            fans: s.fans.len().min(EACH_MAX),
            ceiling: settings.map(|set| (set.power_ceiling.min, set.power_ceiling.max)),
        }
    }

    /// Everything that is to lie at the broker.
    pub(super) fn configs(&self, options: &MqttOptions) -> Vec<Config> {
        let Some(prefix) = &options.discovery_prefix else {
            return Vec::new();
        };
        let topic = |component: &str, object: &str| {
            let id = &options.client_id;
            format!("{prefix}/{component}/{id}/{object}/config")
        };
        let mut all = Vec::new();
        for Entity {
            component,
            object,
            mut config,
        } in self.entities(options)
        {
            self.common(options, &object, &mut config);
            all.push(Config {
                topic: topic(component, &object),
                payload: config.to_string().into_bytes(),
            });
        }
        // What an earlier run could order, and this one does not hear.
        for (component, object) in ORDERS {
            let topic = topic(component, object);
            if !all.iter().any(|config| config.topic == topic) {
                let payload = Vec::new();
                all.push(Config { topic, payload });
            }
        }
        all
    }

    fn common(&self, options: &MqttOptions, object: &str, config: &mut Value) {
        let id = &options.client_id;
        let emulated = if self.emulated { " (emulated)" } else { "" };
        config["unique_id"] = json!(format!("{id}_{object}"));
        config["object_id"] = json!(format!("{id}_{object}"));
        config["availability_topic"] = json!(options.availability());
        config["payload_available"] = json!(ONLINE);
        config["payload_not_available"] = json!(OFFLINE);
        config["device"] = json!({
            "identifiers": [id],
            "name": format!("{}{emulated}", self.name),
            "manufacturer": "Stannary",
            "model": format!("{}{emulated}", self.model),
            "sw_version": self.firmware,
        });
        config["origin"] = json!({ "name": "Stannary", "sw_version": self.firmware });
    }

    fn entities(&self, options: &MqttOptions) -> Vec<Entity> {
        let mut all = self.sensors(options);
        all.push(Entity {
            component: "binary_sensor",
            object: "fault".to_owned(),
            config: json!({
                "name": "Fault",
                "device_class": "problem",
                "state_topic": options.faults(),
                "value_template": "{{ 'ON' if value_json.count > 0 else 'OFF' }}",
                "json_attributes_topic": options.faults(),
            }),
        });
        if options.commands {
            all.extend(self.orders(options));
        }
        all
    }

    fn sensors(&self, options: &MqttOptions) -> Vec<Entity> {
        let state = options.state();
        // A state that stays away although the connection stands is not the present one.
        let expires_s = 3 * options.interval.as_secs() + 30;
        let sensor = |object: String, name: String, path: &str, more: Value| {
            let mut config = json!({
                "name": name,
                "state_topic": state,
                "expire_after": expires_s,
                "value_template": format!("{{{{ {path} }}}}"),
            });
            if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
                config.extend(more);
            }
            Entity {
                component: "sensor",
                object,
                config,
            }
        };
        let mut all: Vec<Entity> = PLAIN
            .iter()
            .map(|(object, name, path, like)| {
                let path = format!("value_json.{path}");
                sensor((*object).to_owned(), (*name).to_owned(), &path, like.keys())
            })
            .collect();
        let active = "(value_json.pools | selectattr('active') | map(attribute='url') | list | first) | default(none)";
        all.push(sensor(
            "pool".into(),
            "Pool".into(),
            active,
            Like::Text.keys(),
        ));
        for slot in &self.slots {
            let of = format!("value_json.chains | selectattr('slot', 'eq', {slot})");
            let path = format!("({of} | map(attribute='hashrate_ths') | first) | default(none)");
            let name = format!("Chain {slot} hashrate");
            let object = format!("chain_{slot}_hashrate");
            all.push(sensor(object, name, &path, Like::HashRate.keys()));
        }
        for place in &self.places {
            let of = format!(
                "value_json.temperatures | selectattr('place', 'eq', {})",
                quoted(place)
            );
            let path = format!("({of} | map(attribute='temp_c') | first) | default(none)");
            let object = format!("temperature_{}", slug(place));
            let name = format!("Temperature {place}");
            all.push(sensor(object, name, &path, Like::Celsius.keys()));
        }
        for fan in 0..self.fans {
            let of = format!("(value_json.fans[{fan}] | default({{}}))");
            for (what, field, like) in [
                ("speed", "rpm", Like::Rpm),
                ("duty", "duty_percent", Like::Percent),
            ] {
                let object = format!("fan_{fan}_{what}");
                let name = format!("Fan {fan} {what}");
                let path = format!("{of}.{field} | default(none)");
                all.push(sensor(object, name, &path, like.keys()));
            }
        }
        all
    }

    fn orders(&self, options: &MqttOptions) -> Vec<Entity> {
        let [hashing, locate, power_ceiling] = ORDERS.map(|(component, object)| Entity {
            component,
            object: object.to_owned(),
            config: json!({ "command_topic": options.set(object) }),
        });
        let with = |mut entity: Entity, more: Value| {
            if let (Some(config), Value::Object(more)) = (entity.config.as_object_mut(), more) {
                config.extend(more);
            }
            entity
        };
        let mut all = vec![
            with(
                hashing,
                json!({
                    "name": "Hashing",
                    "icon": "mdi:pickaxe",
                    "state_topic": options.state(),
                    "value_template":
                        "{{ 'OFF' if value_json.state in ['paused', 'sleeping', 'stopping'] else 'ON' }}",
                }),
            ),
            with(
                locate,
                json!({ "name": "Locate", "device_class": "identify", "payload_press": "PRESS" }),
            ),
        ];
        if let Some((min, max)) = self.ceiling {
            all.push(with(
                power_ceiling,
                json!({
                    "name": "Power ceiling",
                    "state_topic": options.state(),
                    "value_template": "{{ value_json.settings.power_ceiling.in_force if value_json.settings else none }}",
                    "device_class": "power",
                    "unit_of_measurement": "W",
                    "mode": "box",
                    "step": 1,
                    // Whole watts that the machine takes.
                    "min": min.ceil(),
                    "max": max.floor(),
                }),
            ));
        }
        all
    }
}

struct Entity {
    component: &'static str,
    object: String,
    config: Value,
}

/// Kinds of values.
#[derive(Clone, Copy)]
enum Like {
    HashRate,
    Watts,
    Efficiency,
    Celsius,
    Rpm,
    Percent,
    Seconds,
    Count,
    Text,
}

impl Like {
    fn keys(self) -> Value {
        let measured =
            |unit: &str| json!({ "unit_of_measurement": unit, "state_class": "measurement" });
        let of = |class: &str, unit: &str| {
            let mut keys = measured(unit);
            keys["device_class"] = json!(class);
            keys
        };
        match self {
            Like::HashRate => measured("TH/s"),
            Like::Watts => of("power", "W"),
            Like::Efficiency => measured("J/TH"),
            Like::Celsius => of("temperature", "\u{b0}C"),
            Like::Rpm => measured("rpm"),
            Like::Percent => measured("%"),
            Like::Seconds => of("duration", "s"),
            // They begin anew with the process.
            Like::Count => json!({ "state_class": "total_increasing" }),
            Like::Text => json!({}),
        }
    }
}

/// Entities of every machine: identifier, name, place in the state, kind.
const PLAIN: &[(&str, &str, &str, Like)] = &[
    ("state", "State", "state", Like::Text),
    ("hashrate", "Hashrate", "hashrate_ths.m1", Like::HashRate),
    (
        "hashrate_15m",
        "Hashrate 15 min",
        "hashrate_ths.m15",
        Like::HashRate,
    ),
    (
        "hashrate_nominal",
        "Nominal hashrate",
        "hashrate_ths.nominal",
        Like::HashRate,
    ),
    ("power", "Power", "power_w", Like::Watts),
    (
        "efficiency",
        "Efficiency",
        "efficiency_j_per_th",
        Like::Efficiency,
    ),
    (
        "shares_accepted",
        "Accepted shares",
        "shares.accepted",
        Like::Count,
    ),
    (
        "shares_rejected",
        "Rejected shares",
        "shares.rejected",
        Like::Count,
    ),
    ("shares_stale", "Stale shares", "shares.stale", Like::Count),
    ("shares_lost", "Lost shares", "shares.lost", Like::Count),
    (
        "hw_errors",
        "Hardware errors",
        "shares.hw_errors",
        Like::Count,
    ),
    ("blocks", "Blocks", "shares.blocks", Like::Count),
    ("uptime", "Uptime", "uptime_s", Like::Seconds),
];

/// A part of an identifier.
fn slug(text: &str) -> String {
    let sign = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '_',
    };
    text.chars().map(sign).collect()
}

/// A text in a template: what could end it stands as its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            ' ' | '.' | ',' | ':' | '/' | '(' | ')' | '-' | '_' | '+' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
