//! Text from a pool on its way to a person's log or screen.

use crate::limits::TEXT_CHARS;

/// At most [`TEXT_CHARS`] characters of `text`, without control characters and without
/// the invisible ones that reorder what stands around them.
pub(crate) fn printable(text: &str) -> String {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    // The input is bounded by the line limit, the output by characters.
    let mut shown = text.chars().filter(|c| !c.is_control() && !invisible(*c));
    let mut out: String = shown.by_ref().take(TEXT_CHARS).collect();
    if shown.next().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_stripped_and_bounded() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\u{202e}d"), "a[31mbcd");
        let long = printable(&"ü".repeat(5000));
        assert_eq!(long.chars().count(), TEXT_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
