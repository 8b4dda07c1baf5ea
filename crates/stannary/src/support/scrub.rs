//! The last look at what leaves the machine: known secrets are taken out of every text, wherever they
//! came from. A pool may answer with the password that it was sent.

use serde_json::Value;

use crate::cli::config_view::HIDDEN;

/// Shorter ones, such as a pool's `x`, are no secrets, and taking them out would leave nothing.
const SECRET_MIN: usize = 4;

/// Secrets that must not stand anywhere.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SECRET_MIN && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            // The longest first: one may be a part of another.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// A text without them.
    pub(super) fn out_of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        text
    }

    /// The same with every text of a value. Numbers and names of fields are ours.
    pub(super) fn out_of_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.out_of(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.out_of_json(value)),
            Value::Object(fields) => fields
                .values_mut()
                .for_each(|value| self.out_of_json(value)),
            _ => {}
        }
    }

    /// They stand in these bytes.
    pub(super) fn are_in(&self, bytes: &[u8]) -> bool {
        let stands = |secret: &String| {
            let secret = secret.as_bytes();
            bytes.windows(secret.len()).any(|window| window == secret)
        };
        self.0.iter().any(stands)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_taken_out_of_every_text_and_numbers_stay() {
        let mut secrets = Secrets::default();
        ["hunter2", "x", " 1234\n", "rpc:hunter2", ""]
            .iter()
            .for_each(|s| secrets.add(s));
        let mut value = json!({ "a": ["no hunter2, rpc:hunter2@h"], "n": 12345, "s": "12345 x", "b": { "c": "hunter" } });
        secrets.out_of_json(&mut value);
        let expected = json!({ "a": ["no (hidden), (hidden)@h"], "n": 12345, "s": "(hidden)5 x", "b": { "c": "hunter" } });
        assert_eq!(value, expected);
        assert!(secrets.are_in(b"..hunter2..") && !secrets.are_in(b"hunter 2"));
        assert!(!Secrets::default().are_in(b"x"));
    }
}
