//! Text as a terminal takes it: nothing in it commands the terminal, and its width is known.

/// Without what a terminal obeys or what turns a line around: text from pools, workers and other
/// machines is shown by this alone.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !commands(*c)).collect()
}

/// Control characters (C0, DEL, C1), line ends of Unicode, and marks without a width that change in which order, or
/// whether, the others are seen.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns of a character, as terminals have it for the scripts that people name workers in.
pub(super) fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => {
            0
        }
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe4f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// A text in lines of at most so many columns, broken between words where that can be.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= columns {
            line.push_str(&" "[..gap]);
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if width(&line) + char_width(c) > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let check = |text: &str, shown: &str| assert_eq!(plain(text), shown, "{text:?}");
        check("rig.7 é 矿工", "rig.7 é 矿工");
        check("\u{1b}[2J\u{1b}]0;x\u{7}a\r\nb\tc\u{7f}", "[2J]0;xabc");
        check("\u{9b}31m\u{85}\u{2028}", "31m");
        check("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "abcd");
    }

    #[test]
    fn lines_are_broken_between_words_and_never_wider() {
        let check = |text: &str, columns, lines: &[&str]| {
            assert_eq!(wrapped(text, columns), lines, "{text} in {columns}");
        };
        check("check the flat cable", 10, &["check the", "flat cable"]);
        check("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]);
        check("矿工矿工", 4, &["矿工", "矿工"]);
        check("矿", 1, &["矿"]);
        check("  ", 5, &[]);
        check("ab", 0, &["a", "b"]);
    }
}
