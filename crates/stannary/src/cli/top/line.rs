//! A line of the screen: pieces of text with a tone, cut to the screen's width.

use super::super::table::{Colour, Tone};
use super::super::text::{char_width, plain, width};

/// Pieces from left to right.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Line(Vec<(String, Tone)>);

impl Line {
    /// A line of one piece.
    pub(super) fn of(text: &str, tone: Tone) -> Line {
        Line::default().with(text, tone)
    }

    /// With another piece. What commands a terminal does not come in.
    pub(super) fn with(mut self, text: &str, tone: Tone) -> Line {
        self.0.push((plain(text), tone));
        self
    }

    /// The columns that it takes.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| width(text)).sum()
    }

    /// With blanks, so that the next piece begins at this column.
    pub(super) fn to(self, column: usize) -> Line {
        let gap = column.saturating_sub(self.width());
        self.with(&" ".repeat(gap), Tone::Plain)
    }

    /// With this at its right end, if there is room for both.
    pub(super) fn and_right(self, text: &str, tone: Tone, columns: usize) -> Line {
        match self.width() + 1 + width(text) <= columns {
            true => self.to(columns - width(text)).with(text, tone),
            false => self,
        }
    }

    /// As a terminal takes it, within so many columns; `…` stands for what is cut off.
    pub(super) fn render(&self, columns: usize, colour: Colour) -> String {
        let cut = self.width() > columns;
        let mut left = if cut {
            columns.saturating_sub(1)
        } else {
            columns
        };
        let mut out = String::new();
        for (text, tone) in &self.0 {
            let mut shown = String::new();
            for c in text.chars() {
                if char_width(c) > left {
                    left = 0;
                    break;
                }
                left -= char_width(c);
                shown.push(c);
            }
            if !shown.is_empty() {
                out.push_str(&colour.paint(&shown, *tone));
            }
        }
        if cut && columns > 0 {
            out.push('…');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_screen_ends() {
        let check = |text: &str, columns, shown: &str| {
            let line = Line::of(text, Tone::Plain).render(columns, Colour::Never);
            assert_eq!(line, shown, "{text} in {columns}");
            assert!(width(&line) <= columns, "{line}");
        };
        check("hashing", 7, "hashing");
        check("hashing", 6, "hashi…");
        check("矿工矿", 5, "矿工…");
        check("矿工矿", 4, "矿…");
        check("a", 0, "");
        check("\u{1b}[31mred", 20, "[31mred");
        let two = Line::of("ab", Tone::Good).with("cd", Tone::Bad);
        assert_eq!(two.render(3, Colour::Ansi), "\x1b[32mab\x1b[0m…");
        assert_eq!(
            two.and_right("x", Tone::Plain, 7).render(7, Colour::Never),
            "abcd  x"
        );
    }
}
