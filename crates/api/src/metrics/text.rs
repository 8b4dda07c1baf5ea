//! The two forms of the text: Prometheus' own (exposition format 0.0.4) and OpenMetrics 1.0.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Prometheus,
    OpenMetrics,
}

/// What a family counts or shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Gauge,
    Counter,
    /// Quantiles over the latest of many.
    Summary,
    Info,
}

/// How a family's name ends where it has a unit. The longest comes first.
const UNITS: [&str; 9] = [
    "terahashes_per_second",
    "joules_per_terahash",
    "satoshis_per_day",
    "millivolts",
    "megahertz",
    "seconds",
    "celsius",
    "percent",
    "watts",
];

/// A text under way.
pub(super) struct Text {
    out: String,
    form: Form,
}

impl Text {
    pub(super) fn new(form: Form) -> Self {
        Text {
            out: String::with_capacity(16 * 1024),
            form,
        }
    }

    /// The whole of it.
    pub(super) fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Gauge, help)
    }

    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Counter, help)
    }

    pub(super) fn summary(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Summary, help)
    }

    pub(super) fn info(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Info, help)
    }

    /// Begin a family; `name` is that of its samples, whose suffix OpenMetrics leaves out of the
    /// family's.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let suffix = match kind {
            Kind::Gauge | Kind::Summary => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        };
        let base = name.strip_suffix(suffix).unwrap_or(name);
        let (family, word) = match (self.form, kind) {
            (Form::OpenMetrics, Kind::Counter) => (base, "counter"),
            (Form::OpenMetrics, Kind::Info) => (base, "info"),
            (Form::Prometheus, Kind::Counter) => (name, "counter"),
            (_, Kind::Summary) => (name, "summary"),
            (_, Kind::Gauge | Kind::Info) => (name, "gauge"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "# HELP {family} {help}\n# TYPE {family} {word}");
        let unit = UNITS.iter().find(|unit| base.ends_with(*unit));
        if let (Form::OpenMetrics, Some(unit)) = (self.form, unit) {
            let _ = writeln!(self.out, "# UNIT {family} {unit}");
        }
        Family {
            out: &mut self.out,
            name,
            seen: BTreeSet::new(),
        }
    }
}

/// One family under way.
pub(super) struct Family<'a> {
    out: &'a mut String,
    name: &'static str,
    /// Labels that have a sample: a second one would void the whole text for its reader.
    seen: BTreeSet<String>,
}

impl Family<'_> {
    /// What is not known has no sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: Option<f64>) {
        let Some(value) = value.filter(|v| v.is_finite()) else {
            return;
        };
        let mut all = String::new();
        for (i, (label, text)) in labels.iter().enumerate() {
            all.push(if i == 0 { '{' } else { ',' });
            let _ = write!(all, "{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            all.push('}');
        }
        if self.seen.contains(&all) {
            return;
        }
        let _ = writeln!(self.out, "{}{all} {value}", self.name);
        self.seen.insert(all);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
