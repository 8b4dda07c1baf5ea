//! Requests and answers as bytes: one line each.

use units::Difficulty;
use work::Share;

use crate::hex::{push_bytes, push_number};

/// `text` as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn request(id: u64, method: &str, params: &str) -> Vec<u8> {
    format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n").into_bytes()
}

/// Ask for version rolling over `mask`, and say below how many bits we lose hashrate.
pub(crate) fn configure(id: u64, mask: u32, min_bits: u8) -> Vec<u8> {
    let params = format!(
        "[[\"version-rolling\"],{{\"version-rolling.mask\":\"{mask:08x}\",\
         \"version-rolling.min-bit-count\":{min_bits}}}]"
    );
    request(id, "mining.configure", &params)
}

/// Subscribe, by our name or without one, and after it by the name of a session to take up again.
pub(crate) fn subscribe(id: u64, agent: Option<&str>, session: Option<&str>) -> Vec<u8> {
    let given: Vec<_> = agent.into_iter().chain(session).map(quote).collect();
    request(id, "mining.subscribe", &format!("[{}]", given.join(",")))
}

/// Log in. `user` is a JSON string already.
pub(crate) fn authorize(id: u64, user: &str, password: &str) -> Vec<u8> {
    let params = format!("[{user},{}]", quote(password));
    request(id, "mining.authorize", &params)
}

/// Whole numbers go as integers: some pools take nothing else.
pub(crate) fn suggest_difficulty(id: u64, difficulty: Difficulty) -> Vec<u8> {
    // `Display` writes floats without exponent, and whole ones without a point.
    let params = format!("[{}]", difficulty.value());
    request(id, "mining.suggest_difficulty", &params)
}

/// Ask to be told of new extranonces.
pub(crate) fn extranonce_subscribe(id: u64) -> Vec<u8> {
    request(id, "mining.extranonce.subscribe", "[]")
}

/// Answer a pool's request. `id` and `result` are JSON.
pub(crate) fn result(id: &str, result: &str) -> Vec<u8> {
    format!("{{\"id\":{id},\"result\":{result},\"error\":null}}\n").into_bytes()
}

/// Refuse a pool's request. `id` is JSON.
pub(crate) fn method_not_found(id: &str) -> Vec<u8> {
    format!("{{\"id\":{id},\"result\":null,\"error\":[-3,\"Method not found\",null]}}\n")
        .into_bytes()
}

/// Submit a share. `user` is a JSON string already.
pub(crate) fn submit(id: u64, user: &str, share: &Share) -> Vec<u8> {
    let mut out = Vec::with_capacity(160 + user.len() + share.pool_job_id.len());
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(id.to_string().as_bytes());
    out.extend_from_slice(b",\"method\":\"mining.submit\",\"params\":[");
    out.extend_from_slice(user.as_bytes());
    out.push(b',');
    push_quoted(&mut out, &share.pool_job_id);
    out.extend_from_slice(b",\"");
    push_bytes(&mut out, &share.extranonce2);
    for number in [Some(share.ntime), Some(share.nonce.0), share.version_bits] {
        let Some(number) = number else { continue };
        out.extend_from_slice(b"\",\"");
        push_number(&mut out, number);
    }
    out.extend_from_slice(b"\"]}\n");
    out
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(quote(text).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use units::{ChainSlot, Instant, JobKey, Nonce, ShareId};

    use super::*;

    fn share(job_id: &str, extranonce2: &[u8], version_bits: Option<u32>) -> Share {
        Share {
            id: ShareId(1),
            job: JobKey::default(),
            pool_job_id: job_id.into(),
            slot: ChainSlot(0),
            extranonce2: extranonce2.to_vec(),
            ntime: 0x0a0b_0c0d,
            nonce: Nonce(0x0000_abcd),
            version: 0x2000_2000,
            version_bits,
            hash: [0; 32],
            share_target: work::Target::MAX,
            is_block: false,
            found_at: Instant::ZERO,
        }
    }

    #[test]
    fn submits_are_lower_case_big_endian_and_of_full_length() {
        let check = |share: &Share, params: &str| {
            let line = String::from_utf8(submit(9, "\"u.w\"", share)).unwrap();
            let expected = format!(
                "{{\"id\":9,\"method\":\"mining.submit\",\"params\":[\"u.w\",{params}]}}\n"
            );
            assert_eq!(line, expected);
        };
        check(
            &share("1f", &[0, 0xAB], None),
            r#""1f","00ab","0a0b0c0d","0000abcd""#,
        );
        check(
            &share("x-Y z", &[], Some(0x2000)),
            r#""x-Y z","","0a0b0c0d","0000abcd","00002000""#,
        );
        check(
            &share("\"\\\n\u{e9}", &[1], Some(0)),
            "\"\\\"\\\\\\n\u{e9}\",\"01\",\"0a0b0c0d\",\"0000abcd\",\"00000000\"",
        );
    }

    #[test]
    fn requests_are_single_lines_of_json() {
        let check = |line: Vec<u8>, expected: &str| {
            let line = String::from_utf8(line).unwrap();
            assert_eq!(line.strip_suffix('\n'), Some(expected));
            serde_json::from_str::<serde_json::Value>(expected).unwrap();
        };
        check(
            configure(1, 0x1fff_e000, 16),
            r#"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}"#,
        );
        check(
            subscribe(2, Some("a/1\""), None),
            r#"{"id":2,"method":"mining.subscribe","params":["a/1\""]}"#,
        );
        check(
            subscribe(2, Some("a"), Some("s\"")),
            r#"{"id":2,"method":"mining.subscribe","params":["a","s\""]}"#,
        );
        check(
            subscribe(2, None, None),
            r#"{"id":2,"method":"mining.subscribe","params":[]}"#,
        );
        check(
            authorize(3, &quote("a.b"), "d=1,\n"),
            r#"{"id":3,"method":"mining.authorize","params":["a.b","d=1,\n"]}"#,
        );
        let wanted = |v: f64| suggest_difficulty(4, Difficulty::new(v).unwrap());
        check(
            wanted(4096.0),
            r#"{"id":4,"method":"mining.suggest_difficulty","params":[4096]}"#,
        );
        check(
            wanted(0.001),
            r#"{"id":4,"method":"mining.suggest_difficulty","params":[0.001]}"#,
        );
        check(
            result("\"x\"", "true"),
            r#"{"id":"x","result":true,"error":null}"#,
        );
        check(
            method_not_found("5"),
            r#"{"id":5,"result":null,"error":[-3,"Method not found",null]}"#,
        );
    }
}
