//! Lines over time as a small SVG.

use std::fmt::Write;

pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) seconds: f64,
    pub(crate) panels: Vec<Panel>,
}

pub(crate) struct Panel {
    pub(crate) unit: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// Values at even distances from the beginning to the end.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<f64>,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 510.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 170.0;
const GAP: f64 = 26.0;
/// Told apart by colour and by dashes: colour is not the only carrier.
const STYLES: [&str; 6] = [
    "stroke=\"#c0392b\"",
    "stroke=\"#2471a3\"",
    "stroke=\"#2471a3\" stroke-dasharray=\"6 3\"",
    "stroke=\"#1e8449\" stroke-dasharray=\"2 2\"",
    "stroke=\"#777\" stroke-dasharray=\"10 4\"",
    "stroke=\"#777\" stroke-dasharray=\"10 2 2 2\"",
];

impl Plot {
    pub(crate) fn draw(&self) -> String {
        let panels = self.panels.len() as f64;
        let height = TOP + panels * (HEIGHT + GAP) + 8.0;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"18\" font-size=\"13\">{}</text>\n",
            self.title
        );
        for (i, panel) in self.panels.iter().enumerate() {
            let top = TOP + i as f64 * (HEIGHT + GAP);
            panel.draw(&mut out, top, self.seconds);
        }
        out.push_str("</svg>\n");
        out
    }
}

impl Panel {
    fn draw(&self, out: &mut String, top: f64, seconds: f64) {
        let (low, high, step) = self.scale();
        let y = |value: f64| top + HEIGHT - (value - low) / (high - low) * HEIGHT;
        let x = |share: f64| LEFT + share * (RIGHT - LEFT);
        let mut value = low;
        while value <= high + step / 2.0 {
            let at = y(value);
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
                LEFT - 5.0,
                at + 4.0
            );
            value += step;
        }
        for i in 0..=6 {
            let share = f64::from(i) / 6.0;
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} s</text>",
                x(share),
                top + HEIGHT + 14.0,
                share * seconds
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"{RIGHT}\" y=\"{:.1}\" dx=\"6\">{}</text>",
            top + 4.0,
            self.unit
        );
        for (i, line) in self.lines.iter().enumerate() {
            let style = STYLES[i % STYLES.len()];
            let last = (line.values.len() - 1) as f64;
            let point =
                |(i, value): (usize, &f64)| format!("{:.1},{:.1}", x(i as f64 / last), y(*value));
            let points: Vec<_> = line.values.iter().enumerate().map(point).collect();
            let at = top + 22.0 + 16.0 * i as f64;
            let _ = writeln!(
                out,
                "<polyline fill=\"none\" stroke-width=\"1.5\" {style} points=\"{}\"/>\n\
                 <path d=\"M{:.1} {at:.1}h24\" stroke-width=\"1.5\" {style}/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                points.join(" "),
                RIGHT + 8.0,
                RIGHT + 38.0,
                at + 4.0,
                line.name
            );
        }
    }

    /// Lowest and highest value of the axis, and the distance of its marks.
    fn scale(&self) -> (f64, f64, f64) {
        let values = || {
            self.lines
                .iter()
                .flat_map(|line| line.values.iter().copied())
        };
        let least = values().fold(f64::MAX, f64::min);
        let most = values().fold(f64::MIN, f64::max);
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
        let fits = |step: &&f64| (most - least) / **step <= 8.0;
        let step = *steps.iter().find(fits).unwrap_or(&2000.0);
        let low = (least / step).floor() * step;
        let high = (most / step).ceil() * step;
        (low, high.max(low + step), step)
    }
}
