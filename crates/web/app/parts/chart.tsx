// Lines over time. uPlot draws on a canvas; its colours come from the style sheet. The same numbers stand in a
// table below, for whoever does not see lines.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { RANGES, type History, type Range, type Series } from "../history.ts";
import { fixed, rate } from "../format.ts";
import { remember, state } from "../store.ts";
import { onTheme } from "../theme.ts";
import { language, t, type Key } from "../words.ts";

/** One line: its series, its name and how it is drawn. */
export interface Line {
  series: Series;
  name: string;
  style: "main" | "second" | "model";
}

/** Rows of the table: one screen of a phone. */
const ROWS = 12;
const WORDS: Record<Range, Key> = { 600: "range.10m", 3600: "range.1h", 86400: "range.1d", 604800: "range.1w" };

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const stroke = (style: Line["style"]): uPlot.Series => ({
  main: { stroke: colour("--accent"), width: 2, fill: colour("--accent-soft"), points: { show: false } },
  second: { stroke: colour("--warn"), width: 2, points: { show: false } },
  model: { stroke: colour("--soft"), width: 1.5, dash: [4, 4], points: { show: false } },
})[style];

/** Time of day; of a week the day. */
function timeFormat(range: Range): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = range > 86400
    ? { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false }
    : { hour: "2-digit", minute: "2-digit", ...(range === 600 && { second: "2-digit" }), hour12: false };
  return new Intl.DateTimeFormat(language(), options);
}

function options(width: number, height: number, range: Range, lines: Line[], fromZero: boolean): uPlot.Options {
  const axis = { stroke: colour("--soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  const time = timeFormat(range);
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      // A minute at least: the first answers do not fill the whole width.
      x: { range: (_, min, max) => [Math.min(min, max - 60), max] },
      y: { range: (_, min, max) => (fromZero ? [0, Math.max(max ?? 0, 1) * 1.1] : [Math.floor((min ?? 0) - 2), Math.ceil((max ?? 1) + 2)]) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: range > 86400 ? 110 : 90, values: (_, ticks) => ticks.map((s) => time.format(s * 1000)) },
      { ...axis, size: 44, grid: { stroke: colour("--line"), width: 1 }, values: (_, ticks) => ticks.map((v) => fixed(v, v && Math.max(...ticks) < 10 ? 1 : 0)) },
    ],
    series: [{}, ...lines.map((line) => stroke(line.style))],
  };
}

/** Drawn anew for each snapshot, made anew when colours, words, the range or the width change. */
export function Chart(props: { title: string; unit: string; lines: Line[]; height: number; fromZero: boolean }): JSX.Element | null {
  const { title, unit, lines, height, fromZero } = props;
  const { history } = state;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const made = `${language()} ${history.range} ${lines.map((line) => line.series)}`;
  const data = (of: History): uPlot.AlignedData => of.columns(lines.map((line) => line.series));

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(host.clientWidth || 300, height, history.range, lines, fromZero), data(state.history), host);
    };
    make();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: host.clientWidth, height }));
    resized.observe(host);
    const unheard = onTheme(make);
    return () => {
      unheard();
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [made]);

  useEffect(() => plot.current?.setData(data(state.history)));

  const summary = lines.map((line) => {
    const of = history.extent(line.series);
    return of && t("chart.summary", { name: line.name, low: rate(of.low), high: rate(of.high), now: rate(of.now, unit) });
  }).filter(Boolean);
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={[title, t(WORDS[history.range]), ...summary].join(". ")} style={{ minHeight: height }} />
      <figcaption>
        {lines.map((line) => <span key={line.series} class={`key ${line.style}-line`}>{line.name}</span>)}
        <span>{unit}</span>
      </figcaption>
      <Numbers title={title} unit={unit} lines={lines} />
    </figure>
  );
}

/** What the lines are, in numbers. */
function Numbers({ title, unit, lines }: { title: string; unit: string; lines: Line[] }): JSX.Element {
  const [open, setOpen] = useState(false);
  const time = timeFormat(state.history.range);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary aria-label={`${t("chart.numbers")}: ${title}`}>{t("chart.numbers")}</summary>
      {open && (
        <table>
          <thead><tr><th scope="col">{t("chart.time")}</th>{lines.map((line) => <th key={line.series} scope="col" class="number">{line.name} <span class="soft">{unit}</span></th>)}</tr></thead>
          <tbody>
            {state.history.sampled(ROWS).reverse().map((row) => (
              <tr key={row.at}>
                <th scope="row">{time.format(row.at * 1000)}</th>
                {lines.map((line) => <td key={line.series} class="number">{rate(row.values[line.series])}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

/** How far back all charts look. */
export function RangeChoice(): JSX.Element {
  const [asked, ask] = useState<Range | null>(null);
  const range = asked ?? state.history.range;
  const choose = (wanted: Range) => {
    ask(wanted);
    void remember(wanted).finally(() => ask(null));
  };
  return (
    <fieldset class="choice ranges">
      <legend class="unseen">{t("range.label")}</legend>
      {RANGES.map((of) => (
        <label key={of}>
          <input type="radio" name="range" checked={of === range} onChange={() => choose(of)} />
          <span>{t(WORDS[of])}</span>
        </label>
      ))}
    </fieldset>
  );
}
