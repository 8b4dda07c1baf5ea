//! Parameters and results other than `mining.notify`'s.

use std::sync::Arc;

use serde_json::value::RawValue;
use units::{Difficulty, Duration};

use crate::hex;
use crate::limits::{
    DIFFICULTY_MAX, DIFFICULTY_MIN, EXTRANONCE1_BYTES, EXTRANONCE2_BYTES, RECONNECT_WAIT_MAX,
    SESSION_NAME_BYTES,
};
use crate::text::printable;
use crate::v1::wire::{float, integer, list, string};

/// The pool's part of the coinbase space, and the length of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Extranonce {
    pub(crate) extranonce1: Arc<[u8]>,
    pub(crate) size: u8,
}

/// Why an extranonce cannot be used.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum ExtranonceFault {
    /// It is not one.
    Unreadable(String),
    /// It is one, of a size that we refuse.
    Unusable(String),
}

impl Extranonce {
    /// The result of `mining.subscribe`: `[subscriptions, extranonce1, size]`, where the
    /// first element may be anything.
    pub(crate) fn subscribed(result: Option<&str>) -> Result<Extranonce, ExtranonceFault> {
        let [_, extranonce1, size] = elements(result)?;
        Extranonce::new(extranonce1, size)
    }

    /// The parameters of `mining.set_extranonce`: `[extranonce1, size]`; without a size
    /// the old one stays.
    pub(crate) fn set(params: Option<&str>, old_size: u8) -> Result<Extranonce, ExtranonceFault> {
        let [extranonce1, size] = elements(params)?;
        let old_size = old_size.to_string();
        Extranonce::new(extranonce1, size.or(Some(&old_size)))
    }

    fn new(extranonce1: Option<&str>, size: Option<&str>) -> Result<Extranonce, ExtranonceFault> {
        use ExtranonceFault::{Unreadable, Unusable};
        let text = extranonce1.and_then(string);
        let text = text.ok_or_else(|| Unreadable("extranonce1 is not a string".to_owned()))?;
        let size = size.and_then(integer);
        let size = size.ok_or_else(|| Unreadable("extranonce2_size is not a number".to_owned()))?;
        let extranonce1 = hex::bytes(&text, EXTRANONCE1_BYTES).map_err(|e| match e {
            hex::HexError::Length { .. } => Unusable(format!("extranonce1: {e}")),
            _ => Unreadable(format!("extranonce1: {e}")),
        })?;
        match u8::try_from(size) {
            Ok(size) if usize::from(size) <= EXTRANONCE2_BYTES => Ok(Extranonce {
                extranonce1: extranonce1.into(),
                size,
            }),
            _ => Err(Unusable(format!(
                "extranonce2_size={size} where 0 to {EXTRANONCE2_BYTES} are possible"
            ))),
        }
    }
}

/// The name of the session in the answer to `mining.subscribe`: beside `mining.notify` in a list of
/// pairs, or in a single pair.
pub(crate) fn session_name(result: Option<&str>) -> Option<String> {
    let [subscriptions] = list(result?).ok()?;
    let pairs: [Option<&str>; 8] = list(subscriptions?).ok()?;
    let all = subscriptions.into_iter().chain(pairs.into_iter().flatten());
    let name = all.filter_map(name_in_pair).next()?;
    (1..=SESSION_NAME_BYTES)
        .contains(&name.len())
        .then_some(name)
}

fn name_in_pair(pair: &str) -> Option<String> {
    let [method, name] = list(pair).ok()?;
    (string(method?)? == "mining.notify").then_some(())?;
    string(name?).map(|name| name.into_owned())
}

fn elements<const N: usize>(json: Option<&str>) -> Result<[Option<&str>; N], ExtranonceFault> {
    list(json.unwrap_or("null")).map_err(ExtranonceFault::Unreadable)
}

/// The parameter of `mining.set_difficulty`. The error shows what stood there.
pub(crate) fn difficulty(params: Option<&str>) -> Result<Difficulty, String> {
    let [json] = list(params.unwrap_or("null"))?;
    let value = json.and_then(float);
    value
        .filter(|value| (DIFFICULTY_MIN..=DIFFICULTY_MAX).contains(value))
        .and_then(Difficulty::new)
        .ok_or_else(|| format!("difficulty={}", printable(json.unwrap_or("null"))))
}

/// The parameter of `mining.set_version_mask`.
pub(crate) fn version_mask(params: Option<&str>) -> Result<u32, String> {
    let [json] = list(params.unwrap_or("null"))?;
    let text = json.and_then(string).ok_or("no mask")?;
    hex::number(&text).map_err(|e| format!("mask: {e}"))
}

/// The mask in the result of `mining.configure`; 0 where version rolling was not
/// granted, and an error where that cannot be told.
pub(crate) fn configured_mask(result: Option<&str>) -> Result<u32, String> {
    #[derive(serde::Deserialize)]
    struct Granted<'a> {
        #[serde(borrow, default, rename = "version-rolling")]
        rolling: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "version-rolling.mask")]
        mask: Option<&'a RawValue>,
    }
    let json = result.unwrap_or("null");
    if !json.starts_with('{') {
        // `false`, `null`, a list: the pool knows no extension.
        return Ok(0);
    }
    let granted: Granted<'_> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    match (granted.rolling.map(RawValue::get), granted.mask) {
        (Some("true"), Some(mask)) => {
            let text = string(mask.get()).ok_or("the mask is not a string")?;
            hex::number(&text).map_err(|e| format!("mask: {e}"))
        }
        // Absent, `false`, or an error text; or granted without a single bit.
        _ => Ok(0),
    }
}

/// What `client.reconnect` asks for. Anything unreadable in it is as if absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reconnect {
    /// Empty: the same host.
    pub(crate) host: String,
    /// `None`: the same port.
    pub(crate) port: Option<u16>,
    /// Bounded.
    pub(crate) wait: Duration,
}

/// The parameters of `client.reconnect`: `[]` or `[host, port, wait]`.
pub(crate) fn reconnect(params: Option<&str>) -> Reconnect {
    let [host, port, wait] = list(params.unwrap_or("[]")).unwrap_or_default();
    let wait = wait.and_then(integer).and_then(|s| u64::try_from(s).ok());
    Reconnect {
        host: host.and_then(string).unwrap_or_default().trim().to_owned(),
        port: port
            .and_then(integer)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port != 0),
        wait: Duration::from_secs(wait.unwrap_or(0)).min(RECONNECT_WAIT_MAX),
    }
}

/// The text of `client.show_message`, fit to be shown.
pub(crate) fn message(params: Option<&str>) -> String {
    let params = params.unwrap_or("");
    let [json] = list(params).unwrap_or([Some(params)]);
    let json = json.unwrap_or("");
    printable(&string(json).unwrap_or(json.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribe_answers_are_read_by_their_last_two_elements() {
        let check = |result: &str, extranonce1: &[u8], size: u8| {
            let e = Extranonce::subscribed(Some(result)).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!((&*e.extranonce1, e.size), (extranonce1, size), "{result}");
        };
        check(
            r#"[[["mining.notify","ae6812eb"]],"08000002",4]"#,
            &[8, 0, 0, 2],
            4,
        );
        check(r#"[["mining.notify","1"],"0xAB",8,"more"]"#, &[0xab], 8);
        check(r#"[null,"",0]"#, &[], 0);
        check(r#"[{"junk":[1]},"01","32"]"#, &[1], 32);
        check(r#"["",  "01" , 4.0 ]"#, &[1], 4);
    }

    #[test]
    fn sessions_have_a_name_or_none() {
        let check = |result: &str, name: Option<&str>| {
            assert_eq!(session_name(Some(result)).as_deref(), name, "{result}");
        };
        let pairs = r#"[["mining.set_difficulty","1"],["mining.notify","ae6812eb"]]"#;
        check(&format!(r#"[{pairs},"08000002",4]"#), Some("ae6812eb"));
        check(r#"[["mining.notify","a"],"01",4]"#, Some("a"));
        let long = "x".repeat(SESSION_NAME_BYTES + 1);
        check(&format!(r#"[["mining.notify","{long}"],"01",4]"#), None);
        for result in [
            r#"[["mining.notify",""],"01",4]"#,
            r#"[["mining.notify",5],"01",4]"#,
            r#"[["mining.notify"],"01",4]"#,
            r#"[[],"01",4]"#,
            r#"[null,"01",4]"#,
            r#"[{"mining.notify":"a"},"01",4]"#,
            r#""mining.notify""#,
            "null",
        ] {
            check(result, None);
        }
        assert_eq!(session_name(None), None);
    }

    #[test]
    fn unusable_extranonces_are_told_from_unreadable_ones() {
        let code = |result: &str| match Extranonce::subscribed(Some(result)) {
            Ok(_) => "ok",
            Err(ExtranonceFault::Unreadable(_)) => "unreadable",
            Err(ExtranonceFault::Unusable(_)) => "unusable",
        };
        let long = "00".repeat(65);
        for result in [
            "[[],\"01\",33]",
            "[[],\"01\",255]",
            "[[],\"01\",256]",
            "[[],\"01\",-1]",
        ] {
            assert_eq!(code(result), "unusable", "{result}");
        }
        assert_eq!(code(&format!("[[],\"{long}\",4]")), "unusable");
        for result in [
            "null",
            "true",
            "{}",
            "[]",
            "[[]]",
            "[[],\"01\"]",
            "[[],1,4]",
            "[[],\"01\",\"x\"]",
            "[[],\"01\",2.5]",
            "[[],\"0\",4]",
            "[[],\"zz\",4]",
            "[[],\"01\",1e300]",
            "[[],null,4]",
        ] {
            assert_eq!(code(result), "unreadable", "{result}");
        }
        assert!(Extranonce::subscribed(None).is_err());
    }

    #[test]
    fn set_extranonce_may_leave_the_size() {
        let set = |params: &str| Extranonce::set(Some(params), 8).map(|e| e.size);
        assert_eq!(set("[\"01\",4]"), Ok(4));
        assert_eq!(set("[\"01\"]"), Ok(8));
        assert!(set("[\"01\",99]").is_err());
        assert!(set("[]").is_err());
    }

    #[test]
    fn difficulties_are_read_as_pools_write_them() {
        let check = |params: &str, value: f64| {
            assert_eq!(
                difficulty(Some(params)).map(Difficulty::value),
                Ok(value),
                "{params}"
            );
        };
        check("[16384]", 16384.0);
        check("[0.001]", 0.001);
        check("[1000000.0]", 1e6);
        check("[1e+06]", 1e6);
        check("[\"512\"]", 512.0);
        check("[65536,\"more\"]", 65536.0);
        check("[18446744073709551616]", 18446744073709551616.0);
        for params in [
            "[0]",
            "[-0.0]",
            "[-1]",
            "[1e400]",
            "[\"NaN\"]",
            "[\"inf\"]",
            "[1e25]",
            "[1e-11]",
            "[null]",
            "[]",
            "[true]",
            "[[1]]",
            "[{}]",
            "[\"\"]",
            "5",
            "{}",
            "\"5\"",
        ] {
            assert!(difficulty(Some(params)).is_err(), "{params}");
        }
        assert!(difficulty(None).is_err());
    }

    #[test]
    fn configure_answers_grant_a_mask_or_nothing() {
        let check = |result: &str, mask: Result<u32, ()>| {
            assert_eq!(
                configured_mask(Some(result)).map_err(drop),
                mask,
                "{result}"
            );
        };
        let granted = |mask: &str| {
            format!(r#"{{"version-rolling":true,"version-rolling.mask":{mask},"info":{{}}}}"#)
        };
        check(&granted("\"1fffe000\""), Ok(0x1fff_e000));
        check(&granted("\"0x1FFFE000\""), Ok(0x1fff_e000));
        check(&granted("\"00000000\""), Ok(0));
        check(&granted("null"), Ok(0));
        check(&granted("5"), Err(()));
        check(&granted("\"xyz\""), Err(()));
        check(r#"{"version-rolling":true}"#, Ok(0));
        check(
            r#"{"version-rolling":false,"version-rolling.mask":"1fffe000"}"#,
            Ok(0),
        );
        check(
            r#"{"version-rolling":"no","version-rolling.mask":"1fffe000"}"#,
            Ok(0),
        );
        check(r#"{"version-rolling.mask":"1fffe000"}"#, Ok(0));
        for result in ["{}", "false", "true", "null", "[]", "7", "\"\""] {
            check(result, Ok(0));
        }
    }

    #[test]
    fn reconnect_takes_what_it_can_read() {
        let check = |params: &str, host: &str, port: Option<u16>, wait: u64| {
            let got = reconnect(Some(params));
            assert_eq!(
                (got.host.as_str(), got.port, got.wait.as_secs()),
                (host, port, wait)
            );
        };
        check("[]", "", None, 0);
        check("[\"h\",3333,5]", "h", Some(3333), 5);
        check("[\"\",\"3334\",\"7\"]", "", Some(3334), 7);
        check("[null,0,999999999]", "", None, 60);
        check("[5,70000,-3]", "", None, 0);
        check("{\"host\":\"h\"}", "", None, 0);
        check("\"h\"", "", None, 0);
    }

    #[test]
    fn messages_are_shown_whatever_they_are() {
        assert_eq!(message(Some(r#"["hello\u0007 there"]"#)), "hello there");
        assert_eq!(message(Some("[5]")), "5");
        assert_eq!(message(Some("\"bare\"")), "bare");
        assert_eq!(message(Some("[]")), "");
        assert_eq!(message(None), "");
    }

    #[test]
    fn version_masks_are_read() {
        assert_eq!(version_mask(Some("[\"1fffe000\"]")), Ok(0x1fff_e000));
        assert_eq!(version_mask(Some("[\"0x0\"]")), Ok(0));
        for bad in ["[]", "[5]", "[\"\"]", "[\"123456789\"]", "7"] {
            assert!(version_mask(Some(bad)).is_err(), "{bad}");
        }
    }
}
