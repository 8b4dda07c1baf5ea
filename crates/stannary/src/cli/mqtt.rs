//! What a configuration says of its owner's MQTT broker.

use std::path::PathBuf;

use api::{MQTT_TOPIC_MAX, is_mqtt_client_id, is_mqtt_topic};
use board_support::strict::Section;
use stratum::{Endpoint, Security, Trust};
use units::Duration;

use super::Secret;
use super::config::read_file;
use super::network::{endpoint, read_trust};
use crate::file_text;

/// Longest text value.
const TEXT_MAX: usize = 512;
/// Longest file of a password.
const PASSWORD_FILE_MAX: u64 = 1024;
/// The usual ports, without and with TLS.
const PORT: u16 = 1883;
const PORT_TLS: u16 = 8883;
/// Seconds between two states where the file says nothing. Policy: a chart of a day has a point for each
/// of its pixels, and a broker's disk little to write.
const INTERVAL_S: u64 = 10;
const DISCOVERY_PREFIX: &str = "homeassistant";

/// The broker, and how the machine stands there.
#[derive(Clone, Debug)]
pub(crate) struct Mqtt {
    /// Where it is.
    pub(crate) endpoint: Endpoint,
    /// What protects the bytes.
    pub(crate) security: Security,
    /// Whom to trust on the way.
    pub(crate) trust: Trust,
    /// Login.
    pub(crate) user: Option<String>,
    /// Its password.
    pub(crate) password: Option<Secret>,
    /// Name at the broker; `None`: the machine's own.
    pub(crate) client_id: Option<String>,
    /// What everything is under; `None`: under the name at the broker.
    pub(crate) topic: Option<String>,
    /// Where Home Assistant looks; `None`: nowhere.
    pub(crate) discovery_prefix: Option<String>,
    /// Orders are heard.
    pub(crate) commands: bool,
    /// Between two states.
    pub(crate) interval: Duration,
}

/// Inside, `None` without the table; outside, after a fault.
pub(super) fn read(s: &mut Section<'_>) -> Option<Option<Mqtt>> {
    if !s.has("mqtt") {
        return Some(None);
    }
    let mut m = s.section("mqtt")?;
    let broker = read_url(&mut m);
    let unprotected = broker
        .as_ref()
        .is_some_and(|(_, security)| *security == Security::Plain)
        .then_some("write the address as `mqtts://host:port`");
    let trust = read_trust(&mut m, unprotected);
    let user = optional(&mut m, "user");
    let password = read_password(&mut m);
    if matches!((&user, &password), (Some(None), Some(Some(_)))) {
        let message = "is missing: a password alone is no login";
        m.refuse("user", message, "add `user`");
        return None;
    }
    let client_id = checked(&mut m, "client_id", is_mqtt_client_id, || {
        "must have 1 to 64 letters, digits, `-` and `_`".to_owned()
    });
    let topic = checked(&mut m, "topic", is_mqtt_topic, topic_rule);
    let discovery_prefix = match m.has("discovery_prefix") {
        true => read_prefix(&mut m),
        false => Some(Some(DISCOVERY_PREFIX.to_owned())),
    };
    let commands = match m.has("commands") {
        true => m.boolean("commands"),
        false => Some(false),
    };
    let interval_s = match m.has("interval_s") {
        true => m.integer("interval_s", 1..=3600),
        false => Some(INTERVAL_S),
    };
    let (endpoint, security) = broker?;
    Some(Some(Mqtt {
        endpoint,
        security,
        trust: trust?,
        user: user?,
        password: password?,
        client_id: client_id?,
        topic: topic?,
        discovery_prefix: discovery_prefix?,
        commands: commands?,
        interval: Duration::from_secs(interval_s?),
    }))
}

fn read_url(m: &mut Section<'_>) -> Option<(Endpoint, Security)> {
    const REMEDY: &str = "write `mqtt://host`, `mqtt://host:port`, or with TLS `mqtts://host`";
    let url = m.text("url", TEXT_MAX)?;
    let known = match url.split_once("://") {
        Some(("mqtt", rest)) => Some((rest, PORT, Security::Plain)),
        Some(("mqtts", rest)) => Some((rest, PORT_TLS, Security::Tls)),
        _ => None,
    };
    let Some((rest, port, security)) = known else {
        m.refuse("url", "must begin with `mqtt://` or `mqtts://`", REMEDY);
        return None;
    };
    // Not shown: it may hold a password.
    if rest.contains('@') {
        let message = "holds a login, and an address is shown in many places";
        m.refuse("url", message, "give it as `user` and `password`");
        return None;
    }
    match endpoint(rest.trim_end_matches('/'), port) {
        Ok(endpoint) => Some((endpoint, security)),
        Err(why) => {
            m.refuse("url", &why, REMEDY);
            None
        }
    }
}

fn optional(m: &mut Section<'_>, key: &'static str) -> Option<Option<String>> {
    match m.has(key) {
        true => m.text(key, TEXT_MAX).map(Some),
        false => Some(None),
    }
}

fn read_password(m: &mut Section<'_>) -> Option<Option<Secret>> {
    match (m.has("password"), m.has("password_file")) {
        (false, false) => Some(None),
        (true, false) => {
            let password = m.text("password", TEXT_MAX)?;
            Some(Some(Secret::new(password)))
        }
        (false, true) => {
            let path = read_file(m, "password_file")?;
            from_file(m, path).map(Some)
        }
        (true, true) => {
            m.text("password", TEXT_MAX);
            m.text("password_file", TEXT_MAX);
            let message = "means nothing beside `password`";
            m.refuse("password_file", message, "remove one of the two");
            None
        }
    }
}

fn from_file(m: &mut Section<'_>, path: PathBuf) -> Option<Secret> {
    let refused = match file_text::read(&path, PASSWORD_FILE_MAX) {
        Err(problem) => problem.place_and_message(),
        Ok(text) => match text.lines().next() {
            Some(line) if !line.is_empty() => return Some(Secret::new(line.to_owned())),
            _ => format!("{} has no first line", path.display()),
        },
    };
    let remedy = "give a file that holds the password as its first line";
    m.refuse("password_file", &refused, remedy);
    None
}

fn checked(
    m: &mut Section<'_>,
    key: &'static str,
    fits: fn(&str) -> bool,
    rule: fn() -> String,
) -> Option<Option<String>> {
    let Some(text) = optional(m, key)? else {
        return Some(None);
    };
    if !fits(&text) {
        m.refuse(key, &rule(), "choose another, or leave it out");
        return None;
    }
    Some(Some(text))
}

fn topic_rule() -> String {
    format!(
        "must be a topic of at most {MQTT_TOPIC_MAX} bytes without `+` and `#`, whose levels are not empty"
    )
}

fn read_prefix(m: &mut Section<'_>) -> Option<Option<String>> {
    let prefix = m.text_or_empty("discovery_prefix", TEXT_MAX)?;
    if prefix.is_empty() {
        return Some(None);
    }
    if !is_mqtt_topic(&prefix) {
        let remedy = "choose another; an empty one switches discovery off";
        m.refuse("discovery_prefix", &topic_rule(), remedy);
        return None;
    }
    Some(Some(prefix))
}

#[cfg(test)]
#[path = "mqtt_tests.rs"]
mod tests;
