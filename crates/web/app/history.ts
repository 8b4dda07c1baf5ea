// What the charts show: the miner's own past, and what came since it was asked for. Rows stand on
// the miner's time (seconds since its process began): no clock of either side moves them.

import { presentRate, type Maybe, type Snapshot } from "./model.ts";

/** Ranges to look at, seconds. */
export const RANGES = [600, 3600, 86400, 604800] as const;
export type Range = (typeof RANGES)[number];

export const SERIES = ["rate", "nominal", "power", "board", "chip"] as const;
export type Series = (typeof SERIES)[number];

/** `/api/v1/history`, as far as charts need it. */
export interface Past {
  uptime_s: number;
  step_s: number;
  from_s: number;
  rows: number;
  series: Record<string, Maybe<number>[]>;
  chains: Record<string, Maybe<number>[] | number>[];
}

export const historyPath = (range: Range): string =>
  `/api/v1/history?range_s=${range}&series=rate_ths,nominal_ths,power_w,chain_board_c,chain_chip_c`;

interface Row {
  /** Seconds of the miner's time. */
  at: number;
  /** Snapshots that are in it; 0: it was whole when it came. */
  count: number;
  values: Record<Series, Maybe<number>>;
}

/** No answer is on its way for longer than this. */
const OVERTAKEN_S = 6;

const nothing = (): Row["values"] => ({ rate: null, nominal: null, power: null, board: null, chip: null });

/** The hottest of several columns, row by row. */
function hottest(chains: Past["chains"], name: string, row: number): Maybe<number> {
  const known = chains.map((chain) => (chain[name] as Maybe<number>[] | undefined)?.[row]).filter((c): c is number => typeof c === "number");
  return known.length ? Math.max(...known) : null;
}

/** Sensors of boards, or at their chips. */
function hottestNow(s: Snapshot, ofChips: boolean): Maybe<number> {
  const here = s.temperatures.filter((t) => /^(board|chain) \d+ chip/.test(t.place) === ofChips);
  const known = here.map((t) => t.temp_c).filter((c): c is number => typeof c === "number");
  return known.length ? Math.max(...known) : null;
}

/** Worst heat and mean of all else, as the miner folds its own. */
function fold(row: Row, now: Row["values"]): void {
  row.count += 1;
  for (const name of SERIES) {
    const [before, next] = [row.values[name], now[name]];
    if (typeof next !== "number") continue;
    if (typeof before !== "number") row.values[name] = next;
    else row.values[name] = name === "board" || name === "chip" ? Math.max(before, next) : before + (next - before) / row.count;
  }
}

export class History {
  rows: Row[] = [];
  step = 1;
  /** This browser's time of the miner's zero, seconds. */
  offset = 0;
  /** The miner's time of the last snapshot. */
  private last = -1;

  constructor(readonly range: Range = 600) {}

  /** Begin with what the miner remembers. */
  load(past: Past, nowS: number): void {
    this.step = past.step_s;
    this.offset = nowS - past.uptime_s;
    this.last = past.uptime_s;
    this.rows = Array.from({ length: past.rows }, (_, i) => ({
      at: past.from_s + i * past.step_s,
      count: 0,
      values: {
        rate: past.series.rate_ths?.[i], nominal: past.series.nominal_ths?.[i], power: past.series.power_w?.[i],
        board: hottest(past.chains, "chain_board_c", i), chip: hottest(past.chains, "chain_chip_c", i),
      },
    }));
  }

  /** Go on with a snapshot. `false`: something is missing between, which the miner may remember. */
  add(s: Snapshot, nowS: number): boolean {
    const before = this.last;
    // A snapshot and the past come on two ways, and one may overtake the other.
    if (s.uptime_s <= before && before - s.uptime_s < OVERTAKEN_S) return true;
    // Much less time is another process, whose past begins anew.
    if (s.uptime_s < before) this.rows = [];
    this.last = s.uptime_s;
    this.offset = nowS - s.uptime_s;
    const begin = Math.floor(s.uptime_s / this.step) * this.step;
    const now = {
      rate: presentRate(s.hashrate_ths), nominal: s.hashrate_ths.nominal, power: s.power_w, board: hottestNow(s, false), chip: hottestNow(s, true),
    };
    const open = this.rows[this.rows.length - 1];
    if (open && open.at >= begin) {
      fold(open, now);
      return true;
    }
    const missing = before >= 0 && (s.uptime_s < before || s.uptime_s - before > Math.max(this.step, 5) * 1.5);
    if (open && missing) this.rows.push({ at: open.at + this.step, count: 0, values: nothing() });
    this.rows.push({ at: begin, count: 1, values: now });
    const oldest = begin - this.range;
    while (this.rows.length && this.rows[0]!.at < oldest) this.rows.shift();
    return !missing && before >= 0;
  }

  /** Columns for a chart: this browser's time, and each series. */
  columns(names: readonly Series[]): [number[], ...(number | null)[][]] {
    const end = this.rows.length - 1;
    // The row that is being made reaches to now.
    const times = this.rows.map((row, i) => this.offset + (i === end && row.count ? this.last : row.at));
    return [times, ...names.map((name) => this.rows.map((row) => row.values[name] ?? null))];
  }

  /** What a series was at least and at most, and is; `null` where nothing is known. */
  extent(name: Series): { low: number; high: number; now: Maybe<number> } | null {
    const known = this.rows.map((row) => row.values[name]).filter((v): v is number => typeof v === "number");
    if (!known.length) return null;
    return { low: known.reduce((a, b) => Math.min(a, b)), high: known.reduce((a, b) => Math.max(a, b)), now: known[known.length - 1] };
  }

  /** So many rows or fewer from all of the range, for people who read numbers. */
  sampled(count: number): { at: number; values: Row["values"] }[] {
    const known = this.rows.filter((row) => SERIES.some((name) => typeof row.values[name] === "number"));
    const every = Math.max(1, Math.ceil(known.length / count));
    return known.filter((_, i) => (known.length - 1 - i) % every === 0).map((row) => ({ at: this.offset + row.at, values: row.values }));
  }
}
