//! The text column of a hex dump.

/// Where the text column of a dump begins, if the line has one: behind a gap, and saying
/// the same as the bytes before it.
pub(crate) fn column(text: &str, start: usize) -> Option<usize> {
    let body = text.get(start..)?;
    let begin = start + (body.len() - body.trim_start().len());
    let mut bytes = Vec::new();
    let mut half = None;
    let mut gap = 0;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < begin) {
        if c.is_whitespace() || c == '|' {
            gap += if c == ' ' { 1 } else { 2 };
            continue;
        }
        if gap >= 2 && half.is_none() && says(&bytes, &text[..at], &text[at..]) {
            return Some(at);
        }
        gap = 0;
        let digit = c.to_digit(16)? as u8;
        half = match half {
            None => Some(digit),
            Some(high) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    // Nothing but blanks is left: a text of blanks, or none.
    None
}

/// Whether `rest` writes `bytes` as text, with a dot for what has no letter. Blanks at both
/// ends may have been lost.
fn says(bytes: &[u8], before: &str, rest: &str) -> bool {
    let bar = before.trim_end().ends_with('|');
    let rest = rest.trim_end();
    let rest = match bar {
        true => rest.strip_suffix('|').unwrap_or(rest),
        false => rest,
    };
    let blank = |b: &&u8| **b == b' ';
    let lead = bytes.iter().take_while(blank).count();
    let bytes = bytes.get(lead..).unwrap_or_default();
    let tail = bytes.iter().rev().take_while(blank).count();
    let bytes = bytes.get(..bytes.len() - tail).unwrap_or_default();
    let shown: Vec<char> = rest.trim().chars().collect();
    let same = |(byte, c): (&u8, &char)| match byte {
        0x20..=0x7e => *c == char::from(*byte),
        _ => *c == '.' || !c.is_ascii(),
    };
    !bytes.is_empty() && shown.len() == bytes.len() && bytes.iter().zip(&shown).all(same)
}
