//! Numbers as people read them: rounded to a few decimals where a value leaves the
//! process. What is not finite is not known, and JSON shows both as `null`.

use serde::Serializer;

/// Serialise to `DECIMALS` places.
pub(crate) fn plain<S: Serializer, const DECIMALS: i32>(v: &f64, s: S) -> Result<S::Ok, S::Error> {
    option::<S, DECIMALS>(&Some(*v), s)
}

/// Serialise to `DECIMALS` places where there is a value.
pub(crate) fn option<S: Serializer, const DECIMALS: i32>(
    v: &Option<f64>,
    s: S,
) -> Result<S::Ok, S::Error> {
    match v.filter(|v| v.is_finite()) {
        Some(v) => s.serialize_some(&rounded(v, DECIMALS)),
        None => s.serialize_none(),
    }
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    let scaled = value * scale;
    // Beyond 2^53 there are no decimals left to round.
    if scaled.abs() < 9e15 {
        scaled.round() / scale + 0.0 // no negative zero
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn values_are_rounded_and_huge_ones_are_kept() {
        let check = |v: f64, expected: &str| assert_eq!(rounded(v, 4).to_string(), expected);
        check(109.999_96, "110");
        check(0.1 + 0.2, "0.3");
        check(1.234_56, "1.2346");
        check(-0.000_01, "0");
        assert_eq!(rounded(1e300, 4), 1e300);
    }
}
