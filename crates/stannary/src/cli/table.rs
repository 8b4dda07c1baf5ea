//! Plain tables and a little colour for terminals.

use std::fmt::Write;
use std::io::IsTerminal;

use super::text::width;

/// A table under construction. Columns are as wide as their widest cell; numbers stand to
/// the right.
pub(super) struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

/// Text and how it is meant.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

/// How a text is meant. Colour repeats what the words say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tone {
    Plain,
    Head,
    Title,
    Good,
    Warn,
    Bad,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell {
            text: text.into(),
            tone: Tone::Plain,
        }
    }
}

impl Cell {
    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Cell {
        Cell {
            text: text.into(),
            tone,
        }
    }
}

impl Table {
    /// Columns by their heads; a head that begins with `>` has its column to the right.
    pub(super) fn new(heads: &[&str]) -> Table {
        let head = |h: &&str| Cell::toned(h.trim_start_matches('>'), Tone::Head);
        Table {
            right: heads.iter().map(|h| h.starts_with('>')).collect(),
            rows: vec![heads.iter().map(head).collect()],
        }
    }

    /// Append a row; missing cells are empty.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as lines.
    pub(super) fn render(&self, colour: Colour) -> String {
        let widths: Vec<usize> = (0..self.right.len())
            .map(|i| {
                self.rows
                    .iter()
                    .filter_map(|r| r.get(i))
                    .map(|c| width(&c.text))
                    .max()
            })
            .map(|w| w.unwrap_or(0))
            .collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width_max), right) in row.iter().zip(&widths).zip(&self.right) {
                let gap = " ".repeat(width_max.saturating_sub(width(&cell.text)));
                let text = colour.paint(&cell.text, cell.tone);
                let (before, after) = if *right {
                    (gap, String::new())
                } else {
                    (String::new(), gap)
                };
                // Writing to a string cannot fail.
                let _ = write!(line, "{before}{text}{after}  ");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Colour {
    Never,
    Ansi,
}

impl Colour {
    /// Colour on a terminal, unless `NO_COLOR` is set (no-color.org).
    pub(super) fn for_stdout() -> Colour {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        match std::io::stdout().is_terminal() && !refused {
            true => Colour::Ansi,
            false => Colour::Never,
        }
    }

    pub(super) fn paint(self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Head => "2",
            Tone::Title => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
        };
        match self {
            Colour::Ansi if !code.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_to_the_right() {
        let mut table = Table::new(&["name", ">count"]);
        table.row(["a".into(), "5".into()]);
        table.row(["bärchen".into(), Cell::toned("1234", Tone::Bad)]);
        assert_eq!(
            table.render(Colour::Never),
            "name     count\na            5\nbärchen   1234\n"
        );
        let coloured = table.render(Colour::Ansi);
        assert!(coloured.contains("\x1b[1;31m1234\x1b[0m"), "{coloured:?}");
    }
}
