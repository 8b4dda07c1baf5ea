//! Charts of characters: areas from zero up, the newest on the right.

/// What a chart is drawn with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Marks {
    /// Two values and four steps in a character.
    Braille,
    /// One value and three steps, for fonts that have no braille.
    Ascii,
}

/// Braille cells that are full from below to 0..=4 dots, left and right column.
const LEFT: [u32; 5] = [0x00, 0x40, 0x44, 0x46, 0x47];
const RIGHT: [u32; 5] = [0x00, 0x80, 0xa0, 0xb0, 0xb8];
const STEPS: [char; 4] = [' ', '.', ':', '|'];

impl Marks {
    /// Values that fit into so many columns.
    pub(super) fn values(self, columns: usize) -> usize {
        match self {
            Marks::Braille => 2 * columns,
            Marks::Ascii => columns,
        }
    }
}

/// The last of these values as `rows` lines of at most `columns` characters, from the top. `top` is
/// what fills it; what is not known leaves a gap.
pub(super) fn area(
    values: &[Option<f64>],
    columns: usize,
    rows: usize,
    top: f64,
    marks: Marks,
) -> Vec<String> {
    let room = marks.values(columns);
    let shown = &values[values.len().saturating_sub(room)..];
    let steps = if marks == Marks::Braille { 4 } else { 3 };
    let full = rows * steps;
    let heights: Vec<usize> = shown.iter().map(|v| height(*v, top, full)).collect();
    let step =
        |height: usize, row: usize| height.saturating_sub((rows - 1 - row) * steps).min(steps);
    let line = |row: usize| match marks {
        Marks::Braille => {
            let pairs = heights.rchunks(2).rev();
            let cells = pairs.map(|pair| {
                let (left, right) = match pair {
                    [left, right] => (*left, *right),
                    // The oldest, alone in its cell, stands next to the second.
                    _ => (0, pair.first().copied().unwrap_or(0)),
                };
                let dots = LEFT[step(left, row)] | RIGHT[step(right, row)];
                char::from_u32(0x2800 + dots).unwrap_or(' ')
            });
            cells.collect()
        }
        Marks::Ascii => heights.iter().map(|h| STEPS[step(*h, row)]).collect(),
    };
    (0..rows).map(line).collect()
}

/// Steps that a value fills. One that is there and small is seen.
fn height(value: Option<f64>, top: f64, full: usize) -> usize {
    match value {
        Some(value) if value > 0.0 && top > 0.0 => {
            let share = (value / top).min(1.0);
            ((share * full as f64).round() as usize).clamp(1, full)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], columns: usize, rows: usize, marks: Marks, expected: &[&str]) {
        let values: Vec<_> = values.iter().map(|v| v.is_finite().then_some(*v)).collect();
        assert_eq!(
            area(&values, columns, rows, 8.0, marks),
            expected,
            "{values:?}"
        );
    }

    #[test]
    fn values_fill_characters_from_below() {
        let gap = f64::NAN;
        check(&[8.0, 8.0], 4, 1, Marks::Braille, &["⣿"]);
        check(&[2.0, 4.0, 6.0, 8.0], 4, 1, Marks::Braille, &["⣠⣾"]);
        check(&[4.0, 8.0], 4, 2, Marks::Braille, &["⢸", "⣿"]);
        check(&[8.0, gap, 8.0, 8.0], 4, 1, Marks::Braille, &["⡇⣿"]);
        check(&[8.0, 4.0, gap, 0.0], 9, 2, Marks::Ascii, &["|   ", "||  "]);
        check(&[], 4, 2, Marks::Braille, &["", ""]);
        // An odd one keeps its place as time goes on.
        check(&[8.0, 0.0, 0.0], 4, 1, Marks::Braille, &["⢸⠀"]);
    }

    #[test]
    fn the_newest_are_shown_and_nothing_leaves_the_chart() {
        check(&[8.0, 0.0, 0.0, 0.0, 0.0], 2, 1, Marks::Braille, &["⠀⠀"]);
        check(&[1e9, -5.0], 4, 1, Marks::Braille, &["⡇"]);
        check(&[0.001, 0.0], 4, 1, Marks::Braille, &["⡀"]);
        assert_eq!(area(&[Some(1.0)], 4, 1, 0.0, Marks::Ascii), [" "]);
    }
}
