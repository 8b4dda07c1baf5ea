//! A request as it comes: when it is whole, and what it asks for.

use serde_json::Value;

/// Longest request. The longest real one adds a pool.
pub(super) const REQUEST_MAX: usize = 8 * 1024;
/// Commands that may be joined.
const JOINED_MAX: usize = 32;

/// What somebody asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Request {
    /// One, or several where they were joined.
    pub(super) commands: Vec<String>,
    /// Several were asked for, even if the same.
    pub(super) joined: bool,
    pub(super) parameter: Option<String>,
    /// The answer is to be JSON.
    pub(super) json: bool,
    /// The answer is to be the web interface's.
    pub(super) new_api: bool,
}

/// Why a request asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unreadable {
    NotJson,
    NoCommand,
    /// The command is no text.
    NotText,
}

/// Nothing more of it is to come. Clients neither close their side nor tell a length.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    match bytes.first() {
        Some(b'{') => bytes.contains(&0) || closes(bytes),
        Some(_) => bytes.iter().any(|b| matches!(b, b'\n' | b'\r' | 0)),
        None => false,
    }
}

/// Every brace that was opened outside of a text is closed again.
fn closes(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// What it asks for.
pub(super) fn read(bytes: &[u8]) -> Result<Request, Unreadable> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    match text.starts_with('{') {
        true => read_json(text.trim_end_matches(['\0', '\r', '\n', ' '])),
        false => Ok(read_text(text)),
    }
}

fn read_text(text: &str) -> Request {
    let line = text.split(['\n', '\r', '\0']).next().unwrap_or_default();
    let (command, parameter) = match line.split_once('|') {
        Some((command, parameter)) => (command, Some(parameter.to_owned())),
        None => (line, None),
    };
    request(command, parameter, false, false)
}

fn read_json(text: &str) -> Result<Request, Unreadable> {
    // Some clients send more than one object; the first counts, as everywhere.
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let Some(Ok(Value::Object(fields))) = objects.next() else {
        return Err(Unreadable::NotJson);
    };
    let command = match fields.get("command") {
        None => return Err(Unreadable::NoCommand),
        Some(Value::String(command)) => command,
        Some(_) => return Err(Unreadable::NotText),
    };
    let parameter = fields.get("parameter").and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    let new_api = fields.get("new_api") == Some(&Value::Bool(true));
    Ok(request(command, parameter, true, new_api))
}

fn request(command: &str, parameter: Option<String>, json: bool, new_api: bool) -> Request {
    let mut commands: Vec<String> = Vec::new();
    for name in command.split('+').take(JOINED_MAX) {
        if !commands.iter().any(|known| known == name) {
            commands.push(name.to_owned());
        }
    }
    let joined = command.contains('+');
    Request {
        commands,
        joined,
        // Joined commands have none.
        parameter: parameter.filter(|p| !joined && !p.is_empty()),
        json,
        new_api,
    }
}

/// Parts of a parameter between commas; a backslash takes the meaning from the next character.
pub(super) fn parts(parameter: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = parameter.chars();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(chars.next()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_at_its_brace_or_its_line_end() {
        let check =
            |text: &str, whole: bool| assert_eq!(is_whole(text.as_bytes()), whole, "{text}");
        check("", false);
        check("summ", false);
        check("summary\n", true);
        check("summary\0", true);
        check("summary|x\r\n", true);
        check("\n\n", false);
        check("{\"command\":\"summary\"", false);
        check("{\"command\":\"summary\"}", true);
        check(" {\"command\":\"summary\"}\n", true);
        check("{\"command\":\"a}\"", false);
        check("{\"command\":\"a\\\"}\"", false);
        check("{\"command\":{\"x\":1}", false);
        check("{\"command\"\n:\"summary\"", false);
        check("{\"command\0", true);
    }

    fn check(text: &str, commands: &[&str], parameter: Option<&str>, json: bool) {
        let request = read(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        assert_eq!(request.commands, commands, "{text}");
        assert_eq!(request.parameter.as_deref(), parameter, "{text}");
        assert_eq!(request.json, json, "{text}");
    }

    #[test]
    fn both_forms_are_read_as_clients_send_them() {
        check("summary", &["summary"], None, false);
        check("summary\r\n", &["summary"], None, false);
        check("asc|0\n", &["asc"], Some("0"), false);
        check("asc|\n", &["asc"], None, false);
        check("summary+pools+summary", &["summary", "pools"], None, false);
        check("summary+asc|0", &["summary", "asc"], None, false);
        check(r#"{"command": "version"}"#, &["version"], None, true);
        check("{\"command\":\"version\"}\n\0", &["version"], None, true);
        check(
            r#"{"command":"asc","parameter":1,"id":7}"#,
            &["asc"],
            Some("1"),
            true,
        );
        check(
            r#"{"command":"asc","parameter":"1"}{"#,
            &["asc"],
            Some("1"),
            true,
        );
        check(r#"{"command":"asc","parameter":[1]}"#, &["asc"], None, true);
    }

    #[test]
    fn the_flag_of_the_newer_form_stands_at_the_top() {
        let new_api = |text: &str| read(text.as_bytes()).map(|r| r.new_api);
        assert_eq!(new_api(r#"{"command":"stats","new_api":true}"#), Ok(true));
        assert_eq!(new_api(r#"{"command":"stats","new_api":1}"#), Ok(false));
        let inside = r#"{"command":"stats","parameter":{"new_api":true}}"#;
        assert_eq!(new_api(inside), Ok(false));
    }

    #[test]
    fn what_asks_for_nothing_says_why() {
        let check = |text: &str, why| assert_eq!(read(text.as_bytes()), Err(why), "{text}");
        check("{", Unreadable::NotJson);
        check("{\"command\":", Unreadable::NotJson);
        check("{}", Unreadable::NoCommand);
        check("{\"command\":7}", Unreadable::NotText);
        check("{\"Command\":\"summary\"}", Unreadable::NoCommand);
        check(&"{\"a\":".repeat(4000), Unreadable::NotJson);
    }

    #[test]
    fn a_backslash_keeps_a_comma_in_its_part() {
        assert_eq!(
            parts(r"stratum+tcp://h:1,a\,b\\c,"),
            ["stratum+tcp://h:1", r"a,b\c", ""]
        );
        assert_eq!(parts(r"a\"), ["a"]);
    }

    #[test]
    fn random_bytes_are_read_or_refused() {
        let mut state = 1_u64;
        for length in 0..400_usize {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            let _ = (is_whole(&bytes), read(&bytes).is_ok());
            let object = [b"{".as_slice(), &bytes].concat();
            let _ = (is_whole(&object), read(&object).is_ok());
        }
    }
}
