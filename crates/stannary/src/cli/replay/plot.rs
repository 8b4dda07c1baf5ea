//! A line of blocks: how a value moved, for a terminal.

/// From nothing to all.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `values` with their times from 0 to 1, as `width` blocks between `low` and `high`. Of all
/// values that fall into a column the highest is drawn; a column without any goes on with the
/// last one.
pub(super) fn spark(values: &[(f64, f64)], low: f64, high: f64, width: usize) -> String {
    let mut columns: Vec<Option<f64>> = vec![None; width];
    for (at, value) in values {
        let place = (at.clamp(0.0, 1.0) * width as f64) as usize;
        if let Some(column) = columns.get_mut(place.min(width.saturating_sub(1))) {
            *column = Some(column.map_or(*value, |other| other.max(*value)));
        }
    }
    let mut last = None;
    let draw = |column: Option<f64>| {
        last = column.or(last);
        let Some(value) = last else { return ' ' };
        let share = ((value - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        BLOCKS[((share * 7.0).round() as usize).min(7)]
    };
    columns.into_iter().map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::spark;

    #[test]
    fn a_line_rises_with_its_values_and_keeps_peaks() {
        let ramp: Vec<_> = (0..8).map(|i| (f64::from(i) / 8.0, f64::from(i))).collect();
        assert_eq!(spark(&ramp, 0.0, 7.0, 8), "▁▂▃▄▅▆▇█");
        assert_eq!(
            spark(&[(0.1, 0.0), (0.15, 9.0), (0.2, 0.0)], 0.0, 9.0, 2),
            "██"
        );
        assert_eq!(spark(&[(0.5, 1.0)], 0.0, 1.0, 4), "  ██");
        assert_eq!(spark(&[(0.0, 3.0)], 3.0, 3.0, 2), "▁▁");
        assert_eq!(spark(&[], 0.0, 1.0, 3), "   ");
        assert_eq!(spark(&[(0.0, 1.0)], 0.0, 1.0, 0), "");
    }
}
