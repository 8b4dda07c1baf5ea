//! Hexadecimal text and JSON lines.

use serde_json::{Value, json};
use units::{Difficulty, Rng};

use super::options::{Dialect, ErrorForm, Fragments, RefusedResult};

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |v: u8| char::from(DIGITS[usize::from(v & 15)]);
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(*b)])
        .collect()
}

/// Bytes of a hex text of either case; `None` for anything else.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let nibble = |c: &u8| char::from(*c).to_digit(16).map(|d| d as u8);
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(nibble(&pair[0])? << 4 | nibble(&pair[1])?))
        .collect()
}

/// 32 bytes of a hash written big-endian, as nodes write them, in header order.
pub(super) fn unhex_reversed(text: &str) -> Option<[u8; 32]> {
    let mut bytes: [u8; 32] = unhex(text)?.try_into().ok()?;
    bytes.reverse();
    Some(bytes)
}

/// A number of exactly eight hex digits.
pub(super) fn unhex_u32(text: &str) -> Option<u32> {
    let bytes: [u8; 4] = unhex(text)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// A difficulty as a pool writes it: whole numbers as integers.
pub(super) fn difficulty_json(difficulty: Difficulty) -> Value {
    let value = difficulty.value();
    if value.fract() == 0.0 && value < 9e15 {
        json!(value as u64)
    } else {
        json!(value)
    }
}

/// An answer, in the pool's dialect.
pub(super) fn answer(dialect: &Dialect, id: &Value, result: Result<Value, (i64, &str)>) -> Value {
    let mut line = json!({ "id": answer_id(dialect, id) });
    match result {
        Ok(value) => {
            line["result"] = value;
            line["error"] = Value::Null;
        }
        Err((code, text)) => {
            line["error"] = match dialect.errors {
                ErrorForm::List => json!([code, text, null]),
                ErrorForm::Object => json!({ "code": code, "message": text }),
                ErrorForm::Text => json!(text),
                ErrorForm::Absent => Value::Null,
            };
            match (dialect.errors, dialect.refused_result) {
                (ErrorForm::Absent, _) | (_, RefusedResult::False) => {
                    line["result"] = json!(false);
                }
                (_, RefusedResult::Null) => line["result"] = Value::Null,
                (_, RefusedResult::Absent) => {}
            }
        }
    }
    line
}

fn answer_id(dialect: &Dialect, id: &Value) -> Value {
    match id {
        Value::Number(n) if dialect.string_ids => Value::String(n.to_string()),
        other => other.clone(),
    }
}

/// A line cut into writes.
pub(super) fn cut(line: Vec<u8>, fragments: Fragments, rng: &mut Rng) -> Vec<Vec<u8>> {
    match fragments {
        Fragments::Whole => vec![line],
        Fragments::Bytes => line.into_iter().map(|b| vec![b]).collect(),
        Fragments::Pieces(max) => {
            let mut pieces = Vec::new();
            let mut rest = line.as_slice();
            while !rest.is_empty() {
                let want = 1 + rng.below(u64::from(max.max(1))) as usize;
                let (piece, tail) = rest.split_at(want.min(rest.len()));
                pieces.push(piece.to_vec());
                rest = tail;
            }
            pieces
        }
    }
}

/// A line that is no message: what a broken proxy or a man in the middle might leave.
pub(super) fn junk(rng: &mut Rng) -> Vec<u8> {
    let choices: [&[u8]; 8] = [
        b"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1\",2,3]}\n",
        b"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0]}\n",
        b"{\"id\":null,\"method\":\"mining.unheard_of\",\"params\":{}}\n",
        b"[1,2,3]\n",
        b"\xff\xfe\x00\n",
        b"null\n",
    ];
    choices[rng.below(choices.len() as u64) as usize].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways_and_refuses_the_rest() {
        assert_eq!(unhex(&hex(&[0, 0x1f, 0xff])), Some(vec![0, 0x1f, 0xff]));
        assert_eq!(unhex("AbCd"), Some(vec![0xab, 0xcd]));
        for bad in ["0", "0x", "zz", "+1", "ä"] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
        assert_eq!(unhex_u32("1fffe000"), Some(0x1fff_e000));
        assert_eq!(unhex_u32("1fffe0"), None);
    }

    #[test]
    fn pieces_join_to_the_line() {
        let line: Vec<u8> = (0..=255).collect();
        for fragments in [Fragments::Whole, Fragments::Bytes, Fragments::Pieces(7)] {
            let pieces = cut(line.clone(), fragments, &mut Rng::new(1));
            assert_eq!(pieces.concat(), line, "{fragments:?}");
        }
    }
}
