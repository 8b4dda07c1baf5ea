//! A chain's chips in the order of its wire, one letter each: who keeps up with the model, who surely
//! does not, and of whom too little is known.

use serde_json::Value;

use super::table::Tone;

/// What is sure of a chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// As the model, as far as can be told.
    Full,
    /// Surely below 95 % of the model.
    Weak,
    /// Surely below 75 %.
    Poor,
    /// Nothing came where something must have.
    Silent,
    /// Too few nonces are expected yet to say anything.
    Unknown,
}

/// What each letter means.
pub(super) const LEGEND: &str =
    "o as the model · w surely below 95 % of it · p below 75 % · x silent · ? too early to say";

/// An interval this wide says nothing about a chip: a few nonces more will.
const WIDE: f64 = 1.5;
/// One side of the normal distribution: 1 in 2,000. By an interval of 95 % a machine of 342 chips
/// without fault would always show a handful as weak.
const SURE: f64 = 3.29;

impl Class {
    /// Of a chip of the status.
    pub(super) fn of(chip: &Value) -> Class {
        let number = |key: &str| chip[key].as_f64();
        let (Some(seen), Some(expected)) = (number("nonces"), number("expected")) else {
            return Class::Unknown;
        };
        let (Some(low), Some(high)) = (number("ratio_low"), number("ratio_high")) else {
            return Class::Unknown;
        };
        if expected <= 0.0 {
            return Class::Unknown;
        }
        let most = at_most(seen) / expected;
        match most {
            _ if most >= 0.95 && high - low > WIDE => Class::Unknown,
            _ if most >= 0.95 => Class::Full,
            _ if seen == 0.0 => Class::Silent,
            _ if most < 0.75 => Class::Poor,
            _ => Class::Weak,
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Class::Full => 'o',
            Class::Weak => 'w',
            Class::Poor => 'p',
            Class::Silent => 'x',
            Class::Unknown => '?',
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Class::Full => Tone::Good,
            Class::Weak => Tone::Warn,
            Class::Poor | Class::Silent => Tone::Bad,
            Class::Unknown => Tone::Plain,
        }
    }

    /// It lags behind.
    pub(super) fn lags(self) -> bool {
        matches!(self, Class::Weak | Class::Poor | Class::Silent)
    }
}

/// The most that a Poisson count can stand for, all but 1 in 2,000 times (Wilson and Hilferty, 1931).
fn at_most(seen: f64) -> f64 {
    let n = seen + 1.0;
    n * (1.0 - 1.0 / (9.0 * n) + SURE / (3.0 * n.sqrt())).powi(3)
}

/// Runs of chips of one domain, in lines of at most so many columns: domains are never broken where
/// one fits into a line.
pub(super) fn rows(chips: &[&Value], columns: usize) -> Vec<Vec<Vec<Class>>> {
    let mut domains: Vec<(Option<u64>, Vec<Class>)> = Vec::new();
    for chip in chips {
        let domain = chip["domain"].as_u64();
        match domains.last_mut() {
            Some((last, classes)) if *last == domain && classes.len() < columns.max(1) => {
                classes.push(Class::of(chip));
            }
            _ => domains.push((domain, vec![Class::of(chip)])),
        }
    }
    let mut rows: Vec<Vec<Vec<Class>>> = Vec::new();
    let mut used = 0;
    for (_, classes) in domains {
        match rows.last_mut() {
            Some(row) if used + 1 + classes.len() <= columns => {
                used += 1 + classes.len();
                row.push(classes);
            }
            _ => {
                used = classes.len();
                rows.push(vec![classes]);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chip(domain: u64, nonces: f64, expected: f64, low: Value, high: Value) -> Value {
        json!({ "domain": domain, "nonces": nonces, "expected": expected, "ratio_low": low, "ratio_high": high })
    }

    #[test]
    fn a_chip_lags_only_where_chance_does_not_explain_it() {
        let check = |nonces: f64, expected: f64, low: f64, high: f64, letter: char| {
            let chip = chip(0, nonces, expected, json!(low), json!(high));
            assert_eq!(Class::of(&chip).letter(), letter, "{nonces} of {expected}");
        };
        check(1000.0, 1000.0, 0.94, 1.06, 'o');
        // Below by an interval of 95 %, and no more than chance shows among some hundred chips.
        check(83.0, 100.0, 0.66, 1.03, 'o');
        check(800.0, 1000.0, 0.75, 0.86, 'w');
        check(300.0, 1000.0, 0.27, 0.34, 'p');
        check(0.0, 50.0, 0.0, 0.07, 'x');
        check(0.0, 1.0, 0.0, 3.7, '?');
        check(2.0, 1.0, 0.2, 7.2, '?');
        assert_eq!(Class::of(&json!({})), Class::Unknown);
        assert_eq!(
            Class::of(&chip(0, 5.0, 5.0, json!(null), json!(null))),
            Class::Unknown
        );
    }

    #[test]
    fn domains_stay_together_and_lines_within_the_screen() {
        let chips: Vec<_> = (0..7)
            .map(|i| chip(i / 3, 1000.0, 1000.0, json!(0.9), json!(1.1)))
            .collect();
        let chips: Vec<_> = chips.iter().collect();
        let check = |columns, expected: &[&str]| {
            let rows = rows(&chips, columns);
            let shown: Vec<String> = rows
                .iter()
                .map(|row| {
                    let domains = row.iter().map(|d| d.iter().map(|c| c.letter()).collect());
                    domains.collect::<Vec<String>>().join(" ")
                })
                .collect();
            assert_eq!(shown, expected, "{columns}");
        };
        check(9, &["ooo ooo o"]);
        check(8, &["ooo ooo", "o"]);
        check(3, &["ooo", "ooo", "o"]);
        check(2, &["oo", "o", "oo", "o", "o"]);
        check(0, &["o"; 7]);
    }
}
