//! A line of a recording, read as bytes: the forms in which logic analysers and hex dumpers
//! write them.
//!
//! Read are hexadecimal digits in pairs, however they are grouped: `55aa52`, `55 AA 52`,
//! `0x55, 0xaa`, `55:aa:52`, `\x55\xaa`. Left out are offsets (`00000010:`), the text column
//! of xxd, hexdump -C, tcpdump and Wireshark, times and dates, sample numbers, labels
//! (`UART: RX data: 55`), and every column but the data of a CSV export with a head. What
//! is neither is a fault, with its column.

use super::ascii;
use super::csv::{self, Columns};
use super::token::{Class, Token, tokens};

/// A line squeezed to `*` by hexdump stands for at most this many bytes.
const REPEAT_MAX: u64 = 1 << 16;

/// How a line is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// A line of a file or a pipe.
    Line,
    /// The rest of a line that was too long to be taken in one piece.
    Rest,
    /// An argument: nothing but frames is expected.
    Argument,
}

/// What cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// Where, in characters from 1.
    pub(crate) column: usize,
    /// What.
    pub(crate) what: String,
}

/// What a line holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Read {
    pub(crate) bytes: Vec<u8>,
    /// Whose bytes they are, in recordings of several lines of a wire.
    pub(crate) channel: Option<String>,
    pub(crate) faults: Vec<Fault>,
}

/// Reads lines; knows the head of a CSV export and the last offset.
#[derive(Default)]
pub(crate) struct Dump {
    columns: Option<Columns>,
    offset: Option<Offset>,
    last: Vec<u8>,
    /// A `*` stands between the last line and this one.
    squeezed: bool,
}

/// The offset of the last line of a dump.
#[derive(Clone, Copy)]
struct Offset {
    /// Of the first byte after it, read as hexadecimal and as octal.
    next: [Option<u64>; 2],
}

impl Dump {
    pub(crate) fn line(&mut self, text: &str, manner: Manner) -> Read {
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with("//") {
            return Read::default();
        }
        if manner == Manner::Line {
            if trimmed == "*" && self.offset.is_some() {
                self.squeezed = true;
                return Read::default();
            }
            if let Some(columns) = Columns::of_head(trimmed) {
                self.columns = Some(columns);
                return Read::default();
            }
            if let Some(row) = self.columns.as_ref().and_then(|c| c.row(text)) {
                return csv::value(text, &row);
            }
        }
        self.plain(text, manner)
    }

    fn plain(&mut self, text: &str, manner: Manner) -> Read {
        let (offset, start) = match manner {
            Manner::Line => self.offset_of(text),
            _ => (None, 0),
        };
        let end = ascii::column(text, start).unwrap_or(text.len());
        let all = tokens(text, start..end);
        let mut read = Read::default();
        let all = match offset {
            // After an offset come bytes and then, if anything, text.
            Some(_) => bytes_first(all),
            None => payload(all, manner, text, &mut read),
        };
        for token in &all {
            token.bytes(text, &mut read);
        }
        if let Some(offset) = offset {
            self.repeat(offset, &mut read);
        }
        read
    }

    /// The offset that a line begins with, and where the rest begins.
    fn offset_of(&self, text: &str) -> (Option<[Option<u64>; 2]>, usize) {
        let lead = text.len() - text.trim_start().len();
        let rest = &text[lead..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let digits = word.trim_end_matches(':');
        let colon = digits.len() + 1 == word.len();
        let bare = digits.strip_prefix("0x").unwrap_or(digits);
        let number = [16, 8].map(|radix| u64::from_str_radix(bare, radix).ok());
        if number[0].is_none() || bare.len() > 16 {
            return (None, 0);
        }
        let body = lead + length;
        if colon {
            return (Some(number), body);
        }
        let expected = self.offset.is_some_and(|o| {
            o.next
                .iter()
                .zip(number)
                .any(|(a, b)| b.is_some() && *a == b)
        });
        if after.trim().is_empty() {
            // hexdump and od end with the offset behind the last byte.
            let last = self.offset.is_some() && bare.len() >= 6 && (expected || self.squeezed);
            return if last {
                (Some(number), body)
            } else {
                (None, 0)
            };
        }
        let pairs = after.split_whitespace().next().is_some_and(is_pair);
        let apart = after.starts_with("  ") || after.starts_with('\t');
        let frame = bare.starts_with("55aa") || bare.starts_with("aa55");
        let long = bare.len() >= 6 || bare.len() >= 4 && (apart || expected);
        let zero = number[0] == Some(0);
        let is = long && pairs && !frame && (expected || zero || apart || self.squeezed);
        if is { (Some(number), body) } else { (None, 0) }
    }

    /// Puts in what a `*` left out, and remembers where the next line goes on.
    fn repeat(&mut self, offset: [Option<u64>; 2], read: &mut Read) {
        let own = read.bytes.clone();
        if std::mem::take(&mut self.squeezed) && !self.last.is_empty() {
            let unit = self.last.len() as u64;
            let gaps = self.offset.map_or([None; 2], |last| {
                [0, 1].map(|i| offset[i]?.checked_sub(last.next[i]?))
            });
            let fits = |gap: &&Option<u64>| gap.is_some_and(|g| g % unit == 0 && g <= REPEAT_MAX);
            match gaps.iter().find(fits).copied().flatten() {
                Some(gap) => {
                    let mut whole = self.last.repeat((gap / unit) as usize);
                    whole.append(&mut read.bytes);
                    read.bytes = whole;
                }
                None => read.faults.push(Fault {
                    column: 1,
                    what: "what `*` stands for before this line is too much, or no whole \
                           number of lines"
                        .to_owned(),
                }),
            }
        }
        let count = own.len() as u64;
        self.offset = Some(Offset {
            next: offset.map(|o| o.and_then(|o| o.checked_add(count))),
        });
        if !own.is_empty() {
            self.last = own;
        }
    }
}

fn is_pair(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

fn bytes_first(all: Vec<Token>) -> Vec<Token> {
    all.into_iter()
        .take_while(|t| matches!(t.class, Class::Hex { .. }))
        .collect()
}

/// The tokens that are bytes, in a line that may say other things besides.
fn payload(all: Vec<Token>, manner: Manner, text: &str, read: &mut Read) -> Vec<Token> {
    let prefixed = |t: &Token| matches!(t.class, Class::Hex { prefixed: true });
    let words = all.iter().any(|t| matches!(t.class, Class::Word { .. }));
    // `0.1,8e-05,0x55`: where numbers are marked, those that are not mean something else.
    let marked = all.iter().skip(1).any(prefixed) || all.len() > 1 && words && prefixed(&all[0]);
    if marked {
        return all.into_iter().filter(prefixed).collect();
    }
    if !words {
        let hex = |t: &Token| matches!(t.class, Class::Hex { .. });
        return all.into_iter().filter(hex).collect();
    }
    for token in all.iter().filter(|t| t.is_spoiled_hex(text)) {
        let at = token.first_other(text);
        read.faults.push(Fault {
            column: token.column(text) + at,
            what: "not a hexadecimal digit".to_owned(),
        });
    }
    let (label, best) = best_run(&all, text);
    if best.is_empty() && manner == Manner::Argument && read.faults.is_empty() {
        let word = all.iter().find(|t| matches!(t.class, Class::Word { .. }));
        read.faults.extend(word.map(|t| Fault {
            column: t.column(text) + t.first_other(text),
            what: "not a hexadecimal digit".to_owned(),
        }));
    }
    if best.len() == 1 && best[0].digits(text) == 2 {
        read.channel = label;
    }
    best
}

/// The longest run of bytes between words, and the words before it: in
/// `I (1234) asic: tx: [55 AA 52] ok` it stands in brackets. A single byte counts after a
/// label alone, so that numbers in sentences are no bytes.
fn best_run(all: &[Token], text: &str) -> (Option<String>, Vec<Token>) {
    let mut best: (Option<String>, Vec<Token>) = (None, Vec::new());
    let mut label = String::new();
    let mut labelled = false;
    let mut run: Vec<Token> = Vec::new();
    let digits = |run: &[Token]| run.iter().map(|t| t.digits(text)).sum::<usize>();
    let mut settle = |run: &mut Vec<Token>, labelled: bool, label: &str| {
        let size = digits(run);
        let figure = |t: &Token| text[t.range.clone()].bytes().any(|b| b.is_ascii_digit());
        let numbers = run.iter().any(figure) || run.iter().all(|t| t.digits(text) == 2);
        let enough = size >= 4 && numbers || size == 2 && labelled;
        if enough && size > digits(&best.1) {
            best = (Some(label.to_owned()), run.clone());
        }
        run.clear();
    };
    for token in all {
        match token.class {
            Class::Hex { .. } if token.digits(text) > 1 => run.push(token.clone()),
            Class::Hex { .. } | Class::Skip => {}
            Class::Word { label: colon } => {
                settle(&mut run, labelled, &label);
                label.push_str(&text[token.range.clone()]);
                label.push(' ');
                labelled = colon;
            }
        }
    }
    settle(&mut run, labelled, &label);
    best
}
