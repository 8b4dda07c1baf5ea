// The hashrate that this page has seen. uPlot draws on a canvas; its colours come from the style sheet.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { History } from "../history.ts";
import { fixed } from "../format.ts";
import { onTheme } from "../theme.ts";
import { language, t } from "../words.ts";

const HEIGHT = 220;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function data(history: History): uPlot.AlignedData {
  const { samples } = history;
  return [samples.map((s) => s.at), samples.map((s) => s.rate ?? null), samples.map((s) => s.nominal ?? null)];
}

function options(width: number): uPlot.Options {
  const axis = { stroke: colour("--soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  const time = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      // A minute at least: the first answers do not fill the whole width.
      x: { range: (_, min, max) => [Math.min(min, max - 60), max] },
      y: { range: (_, __, max) => [0, Math.max(max ?? 0, 1) * 1.1] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 90, values: (_, ticks) => ticks.map((s) => time.format(s * 1000)) },
      { ...axis, size: 44, grid: { stroke: colour("--line"), width: 1 }, values: (_, ticks) => ticks.map((v) => fixed(v, v && Math.max(...ticks) < 10 ? 1 : 0)) },
    ],
    series: [
      {},
      { stroke: colour("--accent"), width: 2, fill: colour("--accent-soft"), points: { show: false } },
      { stroke: colour("--soft"), width: 1.5, dash: [4, 4], points: { show: false } },
    ],
  };
}

/** Drawn anew for each snapshot, made anew when colours, words or the width change. */
export function HashrateChart({ history, summary }: { history: History; summary: string }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const words = language();

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(host.clientWidth || 300), data(history), host);
    };
    make();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: host.clientWidth, height: HEIGHT }));
    resized.observe(host);
    const unheard = onTheme(make);
    return () => {
      unheard();
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [words]);

  useEffect(() => plot.current?.setData(data(history)));

  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={summary} />
      <figcaption>
        <span class="key rate-line">{t("chart.rate")}</span>
        <span class="key nominal-line">{t("chart.nominal")}</span>
        <span class="soft">{t("chart.seen")}</span>
      </figcaption>
    </figure>
  );
}
