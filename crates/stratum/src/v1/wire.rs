//! One line as a message. Only the envelope is read here: parameters, results and
//! errors stay the text that they are until somebody knows what they should be, so that
//! no tree is ever built from what a pool sends.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits::REQUEST_ID_BYTES;

/// A message from the pool.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// The answer to a request of ours, or to nothing that we know.
    Reply {
        /// A number, whether it was sent as one or as a string.
        id: Option<u64>,
        /// The rest.
        reply: Reply<'a>,
    },
    /// A notification, or a request if it has an id.
    Call {
        /// The id as JSON, to be echoed.
        id: Option<&'a str>,
        /// What the pool wants.
        method: Cow<'a, str>,
        /// Its parameters as JSON.
        params: Option<&'a str>,
    },
}

/// The two halves of an answer, as JSON; `None` where absent or `null`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reply<'a> {
    pub(crate) result: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Text<'a>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Read one line, without its end. The error says what is wrong with it.
pub(crate) fn parse(line: &[u8]) -> Result<Message<'_>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    if !line.starts_with('{') {
        return Err("not a JSON object".to_owned());
    }
    let envelope: Envelope<'_> = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let reply = Reply {
        result: envelope.result.map(RawValue::get),
        error: envelope.error.map(RawValue::get),
    };
    match envelope.method {
        // A few servers repeat the method in their answers; an answer has no parameters.
        Some(Text(method)) if envelope.params.is_some() || reply.result.is_none() => {
            Ok(Message::Call {
                id: envelope
                    .id
                    .map(RawValue::get)
                    .filter(|id| id.len() <= REQUEST_ID_BYTES),
                method,
                params: envelope.params.map(RawValue::get),
            })
        }
        _ => Ok(Message::Reply {
            // An id that we gave: `7`, `"7"` or `7.0`.
            id: envelope
                .id
                .and_then(|id| u64::try_from(integer(id.get())?).ok()),
            reply,
        }),
    }
}

/// The first `N` elements of a JSON list as JSON; `None` where absent or `null`. What
/// follows them is somebody's extension.
pub(crate) fn list<const N: usize>(json: &str) -> Result<[Option<&str>; N], String> {
    serde_json::from_str::<List<'_, N>>(json)
        .map(|List(elements)| elements.map(|element| element.map(RawValue::get)))
        .map_err(|e| e.to_string())
}

struct List<'a, const N: usize>([Option<&'a RawValue>; N]);

impl<'de: 'a, 'a, const N: usize> Deserialize<'de> for List<'a, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<const N: usize>;
        impl<'de, const N: usize> Visitor<'de> for ListVisitor<N> {
            type Value = List<'de, N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut out = [None; N];
                for element in &mut out {
                    *element = seq.next_element::<Option<&RawValue>>()?.flatten();
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(List(out))
            }
        }
        deserializer.deserialize_seq(ListVisitor)
    }
}

/// A JSON string's text; `None` if it is something else.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json)
        .ok()
        .map(|Text(text)| text)
}

/// A JSON number, or a string that holds one. May be infinite or not a number.
pub(crate) fn float(json: &str) -> Option<f64> {
    json.trim_matches('"').trim().parse().ok()
}

/// A JSON whole number, or a string that holds one.
pub(crate) fn integer(json: &str) -> Option<i64> {
    let text = json.trim_matches('"').trim();
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.abs() < 9e15 && value.fract() == 0.0).then_some(value as i64)
    })
}

/// A JSON string, borrowed from the line where nothing in it is escaped.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `reply 7`, `call mining.notify 3` and so on.
    fn shown(line: &str) -> String {
        match parse(line.as_bytes()) {
            Ok(Message::Reply { id, reply }) => {
                format!("reply {id:?} {:?} {:?}", reply.result, reply.error)
            }
            Ok(Message::Call { id, method, params }) => format!("call {id:?} {method} {params:?}"),
            Err(why) => format!("error {why}"),
        }
    }

    #[test]
    fn envelopes_are_read_in_any_order_and_dialect() {
        let check = |line: &str, expected: &str| assert_eq!(shown(line), expected, "{line}");
        check(
            r#"{"error":null,"id":7,"result":true}"#,
            r#"reply Some(7) Some("true") None"#,
        );
        check(
            r#"{"params":[1],"id":null,"method":"mining.notify"}"#,
            r#"call None mining.notify Some("[1]")"#,
        );
        check(r#"{"id":"7","result":null}"#, "reply Some(7) None None");
        check(
            r#"{"id":7.0,"error":"x"}"#,
            r#"reply Some(7) None Some("\"x\"")"#,
        );
        check(r#"{"id":-7,"result":1}"#, r#"reply None Some("1") None"#);
        check(r#"{"id":"x","result":1}"#, r#"reply None Some("1") None"#);
        check(
            r#"{"id":{"a":[]},"result":1}"#,
            r#"reply None Some("1") None"#,
        );
        check(
            r#"{"id":"x","method":"a\/b","extra":{"deep":[[[]]]}}"#,
            r#"call Some("\"x\"") a/b None"#,
        );
        check(
            r#"{"id":4,"method":"mining.submit","result":true,"error":null}"#,
            r#"reply Some(4) Some("true") None"#,
        );
        check("{}", "reply None None None");
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        for line in [
            "hello",
            "[]",
            "[1,\"mining.notify\",[]]",
            "7",
            "{",
            "{}{}",
            r#"{"method":5}"#,
            r#"{"method":["a"]}"#,
            r#"{"id":1,"id":2}"#,
            r#"{"params":[NaN],"method":"x"}"#,
            "{\"a\":\"\u{1}\"}",
        ] {
            assert!(shown(line).starts_with("error"), "{line}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!(
            r#"{{"method":"x","params":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert!(shown(&deep).starts_with("call"));
        assert!(parse(&deep.as_bytes()[..200_000]).is_err());
    }
}
