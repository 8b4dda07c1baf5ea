//! What a pool's answer means: yes, or no with a code and a reason.

use serde_json::value::RawValue;
use work::ShareOutcome;

use crate::text::printable;
use crate::v1::wire::{self, Reply, integer};

/// A refusal. Code 0 where the pool gave none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code={} reason={:?}", self.code, self.reason)
    }
}

/// Codes of Stratum V1, as far as they decide what we do.
pub(crate) mod code {
    pub(crate) const STALE: i64 = 21;
    pub(crate) const DUPLICATE: i64 = 22;
    pub(crate) const UNAUTHORIZED: i64 = 24;
    pub(crate) const NOT_SUBSCRIBED: i64 = 25;
}

impl Reply<'_> {
    /// Whether the pool said yes. `true` is a yes whatever stands beside it; anything
    /// else that is not `false`, `null`, zero or empty is one if there is no error.
    /// Silence on both sides (`null` and `null`) is a no: nothing was confirmed.
    pub(crate) fn verdict(&self) -> Result<(), Refusal> {
        let result = self.result.unwrap_or("null");
        let error = self.error.filter(|error| !is_empty(error));
        match error {
            _ if result == "true" => Ok(()),
            None if !is_empty(result) => Ok(()),
            None => Err(Refusal {
                code: 0,
                reason: "no reason given".to_owned(),
            }),
            Some(error) => Err(refusal(error)),
        }
    }
}

/// `null`, `false`, zero and the empty ones. Strings are taken at their word, since some
/// servers write `"false"` or `"0"`.
fn is_empty(json: &str) -> bool {
    let word = json.trim_matches('"').trim();
    match json.as_bytes().first() {
        Some(b'[' | b'{') => json
            .get(1..json.len() - 1)
            .is_none_or(|s| s.trim().is_empty()),
        _ => matches!(word, "" | "null" | "false") || word.parse() == Ok(0.0),
    }
}

/// An error as `[code, message, ...]`, `{code, message}`, a text or a number.
fn refusal(json: &str) -> Refusal {
    #[derive(serde::Deserialize)]
    struct Object<'a> {
        #[serde(borrow, default)]
        code: Option<&'a RawValue>,
        #[serde(borrow, default)]
        message: Option<&'a RawValue>,
    }
    let (code, message) = match json.as_bytes().first() {
        Some(b'[') => match wire::list(json) {
            Ok([code, message]) => (code, message),
            Err(_) => (None, None),
        },
        Some(b'{') => match serde_json::from_str::<Object<'_>>(json) {
            Ok(object) => (
                object.code.map(RawValue::get),
                object.message.map(RawValue::get),
            ),
            Err(_) => (None, None),
        },
        Some(b'"') => return with(0, json),
        _ => return with(integer(json).unwrap_or(0), json),
    };
    let code = code.and_then(integer).unwrap_or(0);
    with(code, message.unwrap_or(json))
}

fn with(code: i64, json: &str) -> Refusal {
    Refusal {
        code,
        reason: printable(&wire::string(json).unwrap_or(json.into())),
    }
}

/// Words that mean "that job is gone" whatever the code beside them: pools without a
/// code of their own for it use 20, or none.
const STALE_WORDS: &[&str] = &[
    "stale",
    "job not found",
    "job-not-found",
    "invalid jobid",
    "invalid job id",
    "unknown-work",
    "unknown work",
    "unknown job",
    "prevblk",
];

/// The outcome that a refused share is booked as. Codes with a meaning of their own win
/// over words.
pub(crate) fn outcome(refusal: Refusal) -> ShareOutcome {
    let Refusal { code, reason } = refusal;
    let stale = match code {
        code::STALE => true,
        code::DUPLICATE..=code::NOT_SUBSCRIBED => false,
        _ => {
            let words = reason.to_ascii_lowercase();
            STALE_WORDS.iter().any(|stale| words.contains(stale))
        }
    };
    if stale {
        ShareOutcome::Stale { code, reason }
    } else {
        ShareOutcome::Rejected { code, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+`, or the class, code and reason.
    fn shown(result: &str, error: &str) -> String {
        let reply = Reply {
            result: Some(result).filter(|r| !r.is_empty()),
            error: Some(error).filter(|e| !e.is_empty()),
        };
        match reply.verdict().map_err(outcome) {
            Ok(()) => "+".to_owned(),
            Err(ShareOutcome::Stale { code, reason }) => format!("stale {code} {reason}"),
            Err(ShareOutcome::Rejected { code, reason }) => format!("rejected {code} {reason}"),
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn answers_are_classed() {
        let check = |result: &str, error: &str, expected: &str| {
            assert_eq!(shown(result, error), expected, "{result} / {error}");
        };
        // Yes, in the ways in which it is said.
        check("true", "", "+");
        check("true", "null", "+");
        check("true", "[]", "+");
        check("true", r#"[20,"odd",null]"#, "+");
        check(r#"{"status":"OK"}"#, "", "+");
        check("1", "false", "+");
        // No.
        check("false", "", "rejected 0 no reason given");
        check("false", "null", "rejected 0 no reason given");
        check("null", "null", "rejected 0 no reason given");
        check("", "", "rejected 0 no reason given");
        check(r#""false""#, "", "rejected 0 no reason given");
        check("0", "", "rejected 0 no reason given");
        check(
            "",
            r#"[23,"Above target",null]"#,
            "rejected 23 Above target",
        );
        check("false", r#"[22,"Duplicate"]"#, "rejected 22 Duplicate");
        check("null", r#"[24]"#, "rejected 24 [24]");
        check(
            "null",
            r#"["20","Other\/Unknown",[]]"#,
            "rejected 20 Other/Unknown",
        );
        check(
            "",
            r#"{"code":23,"message":"high-hash"}"#,
            "rejected 23 high-hash",
        );
        check("", r#"{"message":"bad"}"#, "rejected 0 bad");
        check("", r#"{"code":22}"#, r#"rejected 22 {"code":22}"#);
        check("1", r#""Low difficulty""#, "rejected 0 Low difficulty");
        check("", "23", "rejected 23 23");
        check("", "[23.0,5]", "rejected 23 5");
        check("", r#"[null,null]"#, "rejected 0 [null,null]");
        check("", r#"[[20],"x"]"#, "rejected 0 x");
        check("", "true", "rejected 0 true");
    }

    #[test]
    fn stale_is_known_by_code_or_by_words() {
        let check = |error: &str, expected: &str| assert_eq!(shown("", error), expected);
        check(r#"[21,"Job not found",null]"#, "stale 21 Job not found");
        check(r#"[21,"time-too-old",null]"#, "stale 21 time-too-old");
        check(r#"[21,"",null]"#, "stale 21 ");
        check(r#"[20,"unknown-work",null]"#, "stale 20 unknown-work");
        check(r#""Stale share""#, "stale 0 Stale share");
        check(
            r#"{"code":-1,"message":"stale-prevblk"}"#,
            "stale -1 stale-prevblk",
        );
        check(
            r#"[20,"Ntime out of range",null]"#,
            "rejected 20 Ntime out of range",
        );
        check(
            r#"[22,"Duplicate of stale",null]"#,
            "rejected 22 Duplicate of stale",
        );
    }

    #[test]
    fn reasons_are_bounded() {
        let long = format!("[20,\"{}\",null]", "é\\u0007".repeat(10_000));
        assert!(shown("", &long).chars().count() < 250);
    }
}
