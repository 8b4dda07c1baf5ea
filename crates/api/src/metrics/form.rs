//! Which form a reader wants, by its `Accept` (RFC 9110, 12.5.1).

use axum::http::{HeaderMap, header};

use super::text::Form;

/// OpenMetrics where it is named and nothing else is liked better; else Prometheus' own.
pub(super) fn wanted(headers: &HeaderMap) -> Form {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let ranges = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','));
    let (mut open, mut plain) = (0.0, 0.0);
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut liked, mut known) = (1.0, true);
        for part in parts {
            match part.split_once('=') {
                Some(("q", q)) => liked = q.parse().unwrap_or(0.0),
                Some(("version", version)) => {
                    known = matches!(version.trim_matches('"'), "1.0.0" | "0.0.1")
                }
                _ => {}
            }
        }
        let best: &mut f64 = match &*kind {
            "application/openmetrics-text" if known => &mut open,
            // Whatever version it wants: it reads the usual one.
            "text/plain" | "text/*" | "*/*" => &mut plain,
            _ => continue,
        };
        *best = best.max(liked);
    }
    match open > 0.0 && open >= plain {
        true => Form::OpenMetrics,
        false => Form::Prometheus,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(accept: &str, expected: Form) {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(accept.as_bytes()).expect("a value");
        headers.insert(header::ACCEPT, value);
        assert_eq!(wanted(&headers), expected, "{accept}");
    }

    #[test]
    fn the_form_is_the_one_that_is_liked_best() {
        use Form::{OpenMetrics, Prometheus};
        assert_eq!(wanted(&HeaderMap::new()), Prometheus);
        check("", Prometheus);
        check("*/*", Prometheus);
        check("text/plain", Prometheus);
        check("text/html,application/xhtml+xml,*/*;q=0.8", Prometheus);
        check("application/openmetrics-text", OpenMetrics);
        // As Prometheus 2 and 3 ask.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OpenMetrics,
        );
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            OpenMetrics,
        );
        check(
            "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5",
            Prometheus,
        );
        check("application/openmetrics-text;version=2.0.0", Prometheus);
        check("application/openmetrics-text;q=0", Prometheus);
        check("application/openmetrics-text; q=nonsense", Prometheus);
        check("APPLICATION/OpenMetrics-Text , ;;;=,", OpenMetrics);
    }
}
