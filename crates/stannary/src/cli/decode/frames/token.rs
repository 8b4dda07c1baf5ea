//! The words of a line, and whether they are bytes.

use std::ops::Range;

use super::dump::{Fault, Read};

/// A word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    /// Where it stands in the line; without prefix.
    pub(crate) range: Range<usize>,
    pub(crate) class: Class,
}

/// What a word is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Hexadecimal digits; `prefixed` by `0x` or the like.
    Hex { prefixed: bool },
    /// A time, a date, a fraction, a range of samples.
    Skip,
    /// Something else; `label` if a colon ends it.
    Word { label: bool },
}

/// The words in a part of a line.
pub(crate) fn tokens(text: &str, within: Range<usize>) -> Vec<Token> {
    let mut out = Vec::new();
    let mut begin = None;
    let part = text.get(within.clone()).unwrap_or_default();
    let ends = part.char_indices().map(|(i, c)| (within.start + i, c));
    for (at, c) in ends.chain([(within.start + part.len(), ' ')]) {
        match (is_separator(c), begin) {
            (false, None) => begin = Some(at),
            (true, Some(from)) => {
                word(text, from..at, &mut out);
                begin = None;
            }
            _ => {}
        }
    }
    out
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ",;[]{}()<>\"'=|\\".contains(c)
}

fn word(text: &str, range: Range<usize>, out: &mut Vec<Token>) {
    let word = &text[range.clone()];
    let mut push = |range, class| out.push(Token { range, class });
    if let Some((separator, groups)) = groups(word) {
        if is_time_of_day(text, &range, separator, &groups) {
            push(range, Class::Skip);
            return;
        }
        for group in groups {
            let at = range.start + group.start..range.start + group.end;
            push(at, Class::Hex { prefixed: false });
        }
        return;
    }
    if is_quantity(word) || is_count(text, &range) {
        push(range, Class::Skip);
        return;
    }
    if let Some(colon) = word.rfind(':') {
        let middle = range.start + colon;
        push(range.start..middle, Class::Word { label: true });
        if middle + 1 < range.end {
            self::word(text, middle + 1..range.end, out);
        }
        return;
    }
    let (digits, prefixed) = strip(word, &range);
    let hex = !digits.is_empty() && text[digits.clone()].bytes().all(|b| b.is_ascii_hexdigit());
    match hex {
        true => push(digits, Class::Hex { prefixed }),
        false => push(range, Class::Word { label: false }),
    }
}

/// `55:aa:52` or `55-aa-52`: pairs of digits, and where each stands.
fn groups(word: &str) -> Option<(char, Vec<Range<usize>>)> {
    let separator = [':', '-'].into_iter().find(|c| word.contains(*c))?;
    let mut at = 0;
    let mut out = Vec::new();
    for group in word.split(separator) {
        let bare = group.strip_prefix("0x").unwrap_or(group);
        if bare.len() != 2 || !bare.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let end = at + group.len();
        out.push(end - 2..end);
        at = end + 1;
    }
    // `8e-05` is a small number.
    let exponent = separator == '-' && out.len() == 2 && word.as_bytes().get(1) == Some(&b'e');
    (!exponent).then_some((separator, out))
}

/// `12:34:56`, or the samples `12-34`, at the beginning of a line that goes on.
fn is_time_of_day(
    text: &str,
    range: &Range<usize>,
    separator: char,
    groups: &[Range<usize>],
) -> bool {
    let before = &text[..range.start];
    // A date may stand before a time.
    let date = |c: char| c.is_ascii_digit() || c == '-' || c == '/';
    let first = before.chars().all(is_separator)
        || before.contains(['-', '/']) && before.chars().all(|c| is_separator(c) || date(c));
    let more = text[range.end..].contains(|c: char| c.is_ascii_hexdigit());
    let word = &text[range.clone()];
    let below: &[u8] = match (separator, groups.len()) {
        (':', 3) => &[24, 60, 60],
        ('-', 2) => &[100, 100],
        _ => return false,
    };
    let fits = groups.iter().zip(below).all(|(group, below)| {
        word[group.clone()]
            .parse::<u8>()
            .is_ok_and(|number| number < *below)
    });
    first && more && fits
}

/// A number that is no byte: it has a fraction, a sign, colons or slashes of a time or a
/// date, perhaps a unit.
fn is_quantity(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digit = bytes.iter().any(u8::is_ascii_digit);
    let marks = bytes.iter().any(|b| b".:/-+".contains(b));
    let figures = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == 'µ');
    let unit = &word[figures.len()..];
    let known = ["", "s", "ms", "us", "µs", "ns", "Z"].contains(&unit);
    let figures = figures.replace(['T', 'e', 'E'], "");
    let plain = figures
        .bytes()
        .all(|b| b.is_ascii_digit() || b".:/-+".contains(&b));
    // A colon at the end makes a label of it.
    digit && marks && known && plain && !word.ends_with(':')
}

/// A count in brackets before everything else (`I (12345) asic:`, `[123456] 55 aa`), or the
/// fraction of a time that was written with a comma.
fn is_count(text: &str, range: &Range<usize>) -> bool {
    let word = &text[range.clone()];
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let before = text[..range.start].trim_start();
    let after = &text[range.end..];
    let open = before.ends_with(['(', '[']) && after.starts_with([')', ']']);
    let first = !before.contains(|c: char| c.is_ascii_digit());
    let fraction = before
        .strip_suffix(',')
        .and_then(|b| b.rsplit(is_separator).next())
        .is_some_and(|word| word.contains(':'));
    let more = after.contains(|c: char| c.is_ascii_hexdigit());
    open && first && more || fraction
}

/// The digits of `0x55`, `x55` (of `\x55`), `55h`, `55`.
fn strip(word: &str, range: &Range<usize>) -> (Range<usize>, bool) {
    let Range { start, end } = *range;
    if word.starts_with("0x") || word.starts_with("0X") {
        (start + 2..end, true)
    } else if word.len() == 3 && word.starts_with('x') {
        (start + 1..end, true)
    } else if word.len() == 3 && word.ends_with('h') {
        (start..end - 1, true)
    } else {
        (start..end, false)
    }
}

impl Token {
    pub(crate) fn digits(&self, text: &str) -> usize {
        text[self.range.clone()].len()
    }

    /// Where it begins, in characters from 1.
    pub(crate) fn column(&self, text: &str) -> usize {
        column(text, self.range.start)
    }

    /// Appends its bytes. A digit without a second is a fault; `0x5` alone is a byte.
    pub(crate) fn bytes(&self, text: &str, read: &mut Read) {
        let digits = text[self.range.clone()].as_bytes();
        let value = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0) as u8;
        match digits {
            [one] if self.class == (Class::Hex { prefixed: true }) => read.bytes.push(value(one)),
            _ => {
                let pairs = digits.chunks_exact(2);
                if let [odd] = pairs.remainder() {
                    read.faults.push(Fault {
                        column: column(text, self.range.end - 1),
                        what: format!(
                            "odd hexadecimal digit `{}`: a byte has two",
                            char::from(*odd)
                        ),
                    });
                }
                read.bytes
                    .extend(pairs.map(|pair| value(&pair[0]) << 4 | value(&pair[1])));
            }
        }
    }

    /// Digits of a frame with a slip in them: whoever typed it should hear of it.
    pub(crate) fn is_spoiled_hex(&self, text: &str) -> bool {
        if !matches!(self.class, Class::Word { .. }) {
            return false;
        }
        let word = &text[self.range.clone()];
        let word = word.strip_prefix("0x").unwrap_or(word);
        let hex = word.bytes().filter(u8::is_ascii_hexdigit).count();
        let others = word.chars().count() - hex;
        let units = word.ends_with('s') || word.ends_with("Hz");
        word.is_ascii()
            && hex >= 6
            && hex >= 4 * others
            && !units
            && word[..6].contains(|c: char| c.is_ascii_digit())
    }

    /// Characters before the first that is no digit.
    pub(crate) fn first_other(&self, text: &str) -> usize {
        let word = &text[self.range.clone()];
        let skip = if word.starts_with("0x") { 2 } else { 0 };
        let rest = word[skip..].find(|c: char| !c.is_ascii_hexdigit());
        rest.map_or(0, |at| at + skip)
    }
}

/// Characters before `at`, and one.
fn column(text: &str, at: usize) -> usize {
    text[..at].chars().count() + 1
}
