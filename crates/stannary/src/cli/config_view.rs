//! A configuration as keys and values that may be shown.
//!
//! Invariant: a value is shown only if its key is known to hold no secret. A key that is new and forgotten
//! here is hidden.

use toml_edit::{DocumentMut, Item, Table, Value};

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// Keys whose values hold no secret; `*` stands for a number in a list.
const SHOWN: &[&str] = &[
    "config_version",
    "machine.model",
    "machine.backend",
    "machine.control_board",
    "machine.enable_active",
    "machine.voltage_mv",
    "machine.voltage_start_mv",
    "machine.recordings",
    "machine.state",
    "machine.import_pools",
    "safety.cooling",
    "safety.start_delay_max_s",
    "safety.resume_delay_max_s",
    "safety.fan_duty_min_percent",
    "safety.fan_duty_max_percent",
    "safety.hash_without_sensors",
    "safety.hash_without_cutoff",
    "twin.seed",
    "twin.at",
    "twin.difficulty_bits",
    "pool.*.user",
    "pool.*.enabled",
    "pool.*.group",
    "pool.*.tls_ca",
    "pool.*.tls_pin",
    "pool.*.cookie",
    "pool.*.difficulty_one",
    "pool_group.*.name",
    "pool_group.*.quota_percent",
    "time.ntp",
    "api.http",
    "api.https",
    "api.https_certificate",
    "api.https_key",
    "api.socket",
    "api.access",
    "api.cgminer",
    "api.side",
    "api.legacy",
    "api.legacy_login",
    "api.mdns",
    "mqtt.user",
    "mqtt.password_file",
    "mqtt.tls_ca",
    "mqtt.tls_pin",
    "mqtt.client_id",
    "mqtt.topic",
    "mqtt.discovery_prefix",
    "mqtt.commands",
    "mqtt.interval_s",
];
/// Addresses, shown without the login that they may hold.
const ADDRESSES: &[&str] = &["pool.*.url", "pool.*.proxy", "mqtt.url"];
/// Keys that are a secret as a whole. They are named so that a new key has to be put into one of the three.
#[cfg(test)]
const SECRET: &[&str] = &["pool.*.password", "mqtt.password"];

/// One key.
#[derive(Clone)]
pub(crate) struct Entry {
    /// Names and numbers with dots between: `pool.0.url`.
    pub(crate) key: String,
    /// As the file has it.
    value: Value,
}

impl Entry {
    /// As TOML, without secrets.
    pub(crate) fn shown(&self) -> String {
        match shown(&self.key, &self.value) {
            Some(value) => value.to_string(),
            None => HIDDEN.to_owned(),
        }
    }

    /// As a text alone is read by a program: without quotes.
    pub(crate) fn bare(&self) -> String {
        match shown(&self.key, &self.value) {
            Some(Value::String(text)) => text.value().clone(),
            Some(value) => value.to_string(),
            None => HIDDEN.to_owned(),
        }
    }

    /// The same for JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        match shown(&self.key, &self.value) {
            Some(value) => json(&value),
            None => HIDDEN.into(),
        }
    }

    /// Every text in it that is not shown, as what must not stand anywhere else either.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let text = self.value.as_str().unwrap_or_default();
        match shown(&self.key, &self.value) {
            None => vec![text.to_owned()],
            Some(_) if is_in(ADDRESSES, &self.key) => {
                login_of(text).map_or_else(Vec::new, |login| {
                    let password = login.split_once(':').map(|(_, password)| password);
                    [Some(login), password]
                        .into_iter()
                        .flatten()
                        .map(str::to_owned)
                        .collect()
                })
            }
            Some(_) => Vec::new(),
        }
    }

    /// They say the same, secrets included.
    pub(crate) fn is_as(&self, other: &Entry) -> bool {
        json(&self.value) == json(&other.value)
    }
}

/// All keys of a configuration, in the order of the file.
pub(crate) fn entries(document: &DocumentMut) -> Vec<Entry> {
    let mut out = Vec::new();
    of_table(document.as_table(), "", &mut out);
    out
}

fn of_table(table: &Table, path: &str, out: &mut Vec<Entry>) {
    for (key, item) in table.iter() {
        let key = joined(path, key);
        match item {
            Item::None => {}
            Item::Value(value) => of_value(value, key, out),
            Item::Table(table) => of_table(table, &key, out),
            Item::ArrayOfTables(tables) => {
                for (i, table) in tables.iter().enumerate() {
                    of_table(table, &format!("{key}.{i}"), out);
                }
            }
        }
    }
}

fn of_value(value: &Value, key: String, out: &mut Vec<Entry>) {
    match value {
        Value::InlineTable(table) => {
            for (inner, value) in table.iter() {
                of_value(value, joined(&key, inner), out);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_inline_table) => {
            for (i, value) in list.iter().enumerate() {
                of_value(value, format!("{key}.{i}"), out);
            }
        }
        _ => {
            let mut value = value.clone();
            // Remarks beside it are a person's own, and may hold what must not be shown.
            value.decor_mut().clear();
            if let Value::Array(list) = &mut value {
                list.set_trailing("");
                list.iter_mut().for_each(|value| value.decor_mut().clear());
                list.fmt();
            }
            out.push(Entry { key, value });
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

/// What may be shown of it.
fn shown(key: &str, value: &Value) -> Option<Value> {
    if is_in(SHOWN, key) {
        return Some(value.clone());
    }
    if is_in(ADDRESSES, key) {
        return value.as_str().map(|text| without_login(text).into());
    }
    None
}

fn is_in(list: &[&str], key: &str) -> bool {
    let words: Vec<_> = key.split('.').collect();
    list.iter().any(|known| {
        let known: Vec<_> = known.split('.').collect();
        let same = |(known, word): (&&str, &&str)| {
            known == word || (*known == "*" && word.bytes().all(|b| b.is_ascii_digit()))
        };
        known.len() == words.len() && known.iter().zip(&words).all(same)
    })
}

/// Everything between the scheme and the last `@`.
fn login_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.rsplit_once('@').map(|(login, _)| login)
}

/// An address as it may be shown.
pub(crate) fn without_login(address: &str) -> String {
    match login_of(address) {
        Some(login) => address.replacen(&format!("{login}@"), &format!("{HIDDEN}@"), 1),
        None => address.to_owned(),
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(truth) => (*truth.value()).into(),
        Value::Array(list) => list.iter().map(json).collect(),
        other => other.to_string().trim().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Entry> {
        entries(&text.parse().expect("TOML"))
    }

    fn lines(text: &str) -> Vec<String> {
        of(text)
            .iter()
            .map(|entry| format!("{} = {}", entry.key, entry.shown()))
            .collect()
    }

    #[test]
    fn secrets_are_never_shown_and_remarks_neither() {
        let text = "\
config_version = 1 # hunter2
[machine]
model = \"antminer-s9\" # hunter2
[[pool]]
url = \"node+http://rpc:hunter2@h:8332\"
user = \"bc1q\"
[[pool]]
url = \"stratum+tcp://p:1\"
password = \"hunter2\" # hunter2
proxy = \"socks5://u:hunter2@h:1\"
pasword = \"hunter2\"
[time]
ntp = [\"a\", # hunter2
  \"b\"]
[mqtt]
token = 22
login = { user = \"u\", pass = \"hunter2\" }
";
        let expected = [
            "config_version = 1",
            "machine.model = \"antminer-s9\"",
            "pool.0.url = \"node+http://(hidden)@h:8332\"",
            "pool.0.user = \"bc1q\"",
            "pool.1.url = \"stratum+tcp://p:1\"",
            "pool.1.password = (hidden)",
            "pool.1.proxy = \"socks5://(hidden)@h:1\"",
            "pool.1.pasword = (hidden)",
            "time.ntp = [\"a\", \"b\"]",
            "mqtt.token = (hidden)",
            "mqtt.login.user = (hidden)",
            "mqtt.login.pass = (hidden)",
        ];
        assert_eq!(lines(text), expected);
        let secrets: Vec<_> = of(text).iter().flat_map(Entry::secrets).collect();
        for secret in ["hunter2", "rpc:hunter2", "u:hunter2"] {
            assert!(secrets.iter().any(|known| known == secret), "{secret}");
        }
    }

    #[test]
    fn an_address_loses_whatever_stands_before_its_host() {
        let check = |text: &str, shown: &str| assert_eq!(without_login(text), shown, "{text}");
        check("stratum+tcp://p:1", "stratum+tcp://p:1");
        check("node+http://u:p@w@h:1", "node+http://(hidden)@h:1");
        check("u:p@h:1", "(hidden)@h:1");
        check("http://@h", "http://(hidden)@h");
        check("://a:b@", "://(hidden)@");
    }

    /// Whoever adds a key decides whether it may be shown.
    #[test]
    fn each_key_of_the_example_is_known_to_be_shown_or_hidden() {
        let example = include_str!("../../../../docs/example.toml");
        // What is left out in the example stands there as a remark.
        let mut table = String::new();
        let mut unknown = Vec::new();
        for line in example.lines() {
            let line = line.strip_prefix("# ").unwrap_or(line);
            if let Some(name) = line.strip_prefix('[') {
                let list = name.starts_with('[');
                let name = name
                    .trim_start_matches('[')
                    .split(']')
                    .next()
                    .unwrap_or_default();
                table = if list {
                    format!("{name}.0")
                } else {
                    name.to_owned()
                };
                continue;
            }
            let Some((key, _)) = line.split_once(" = ").or_else(|| line.split_once("  = ")) else {
                continue;
            };
            let key = key.trim();
            if !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                continue;
            }
            let path = joined(&table, key);
            if ![SHOWN, ADDRESSES, SECRET]
                .iter()
                .any(|list| is_in(list, &path))
            {
                unknown.push(path);
            }
        }
        assert!(
            unknown.is_empty(),
            "put each into one of the lists above: {unknown:?}"
        );
    }
}
