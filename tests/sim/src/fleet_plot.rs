//! The plot of [`crate::fleet`]: the sum over time, and what each second adds to it.

use std::fmt::Write;

use crate::fleet::{END_S, PHASES, STEP_MAX, Site};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 740.0;
const TOP: f64 = 110.0;
const HEIGHT: f64 = 190.0;
const GAP: f64 = 44.0;
/// Points of a line: about one a pixel. Of what lies between two of them the most is drawn.
const POINTS: usize = 640;
/// The lower panel's axis, percent of the rated power within a second, up and down: falls are
/// larger and leave it.
const SHARE: f64 = 1.5;

/// Draw it.
pub fn draw(site: &Site) -> String {
    let lower = TOP + HEIGHT + GAP;
    let height = lower + HEIGHT + 34.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"13\">{} x {} at one grid connection</text>\n",
        site.machines, site.machine
    );
    marks(&mut out, lower + HEIGHT);
    let kw: Vec<f64> = site.watts().map(|w| w / 1000.0).collect();
    let most = kw.iter().copied().fold(0.0, f64::max);
    let step = nice(most / 5.0);
    let high = (most / step).ceil() * step;
    axis(&mut out, TOP, (0.0, high, step), "wall power, kW");
    line(&mut out, TOP, (0.0, high), &kw, "#2471a3");

    axis(
        &mut out,
        lower,
        (-SHARE, SHARE, 0.5),
        "change within a second, % of the rated power (a fall may be larger than the axis)",
    );
    let at = y(lower, (-SHARE, SHARE), STEP_MAX * 100.0);
    let _ = writeln!(
        out,
        "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#c0392b\" stroke-dasharray=\"6 3\"/>"
    );
    let share: Vec<f64> = site.rises().map(|w| w / site.rated_w * 100.0).collect();
    line(&mut out, lower, (-SHARE, SHARE), &share, "#2471a3");
    for s in (0..=END_S).step_by(300) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{s} s</text>",
            x(f64::from(s)),
            lower + HEIGHT + 16.0
        );
    }
    out.push_str("</svg>\n");
    out
}

fn x(seconds: f64) -> f64 {
    LEFT + seconds / f64::from(END_S) * (RIGHT - LEFT)
}

fn y(top: f64, (low, high): (f64, f64), value: f64) -> f64 {
    top + HEIGHT - (value.clamp(low, high) - low) / (high - low) * HEIGHT
}

/// Where phases begin, with their names on rows of their own.
fn marks(out: &mut String, bottom: f64) {
    for (i, phase) in PHASES.iter().enumerate() {
        let (at, row) = (x(f64::from(phase.from_s)), 34.0 + 11.0 * (i % 7) as f64);
        let _ = writeln!(
            out,
            "<path d=\"M{at:.1} {:.1}V{bottom}\" stroke=\"#999\" stroke-dasharray=\"2 3\"/>\
             <text x=\"{at:.1}\" y=\"{row}\" dx=\"3\">{}</text>",
            row - 6.0,
            phase.name
        );
    }
}

fn axis(out: &mut String, top: f64, (low, high, step): (f64, f64, f64), unit: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{:.1}\">{unit}</text>",
        top - 6.0
    );
    let mut value = low;
    while value <= high + step / 2.0 {
        let at = y(top, (low, high), value);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            LEFT - 5.0,
            at + 4.0
        );
        value += step;
    }
}

fn line(out: &mut String, top: f64, range: (f64, f64), values: &[f64], colour: &str) {
    let size = values.len().div_ceil(POINTS);
    let point = |(i, chunk): (usize, &[f64])| {
        let far = |a: &&f64, b: &&f64| a.abs().total_cmp(&b.abs());
        let value = chunk.iter().max_by(far).copied().unwrap_or_default();
        let seconds = (i * size) as f64 / values.len() as f64 * f64::from(END_S);
        format!("{:.1},{:.1}", x(seconds), y(top, range, value))
    };
    let points: Vec<_> = values.chunks(size).enumerate().map(point).collect();
    let _ = writeln!(
        out,
        "<polyline fill=\"none\" stroke-width=\"1.2\" stroke=\"{colour}\" points=\"{}\"/>",
        points.join(" ")
    );
}

/// The next of 1, 2, 5, 10, 20 … that is not below.
fn nice(value: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for times in [1.0, 2.0, 5.0] {
            if step * times >= value {
                return step * times;
            }
        }
        step *= 10.0;
    }
}
