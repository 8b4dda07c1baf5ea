// Numbers and times in words of the reader's language. What is not known is a dash.

import { known, type Maybe } from "./model.ts";

export const DASH = "–";
/** Between a number and its unit: they stay on one line. */
const NARROW = "\u202f";

let locale = "en";
const made = new Map<string, Intl.NumberFormat>();

export function useLocale(name: string): void {
  locale = name;
  made.clear();
}

function formatter(digits: number): Intl.NumberFormat {
  const key = String(digits);
  let found = made.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    made.set(key, found);
  }
  return found;
}

/** With so many digits behind the point. */
export const fixed = (value: Maybe<number>, digits = 0, unit = ""): string =>
  known(value) && Number.isFinite(value) ? formatter(digits).format(value) + (unit && NARROW + unit) : DASH;

/** Three to four digits that matter: 9.87, 98.7, 987. */
export function rate(value: Maybe<number>, unit = ""): string {
  if (!known(value)) return DASH;
  const size = Math.abs(value);
  return fixed(value, size < 10 ? 2 : size < 1000 ? 1 : 0, unit);
}

const STEPS: [number, string][] = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]];

/** Difficulties go from fractions to 10^15: 2048, 48.2k, 126T. */
export function large(value: Maybe<number>): string {
  if (!known(value)) return DASH;
  for (const [step, name] of STEPS) {
    if (value >= step) return rate(value / (name === "k" ? 1e3 : step)) + name;
  }
  return fixed(value, Number.isInteger(value) ? 0 : 2);
}

const PARTS: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** The two largest parts: 3 d 4 h, 2 min 5 s. Unit signs are the same in all languages here. */
export function span(seconds: Maybe<number>): string {
  if (!known(seconds)) return DASH;
  let left = Math.max(0, Math.floor(seconds));
  const shown: string[] = [];
  for (const [size, unit] of PARTS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || (unit === "s" && shown.length === 0)) shown.push(`${count}${NARROW}${unit}`);
    else if (shown.length) break;
    if (shown.length === 2) break;
  }
  return shown.join(" ");
}

/** Lowest to highest, or the one there is. */
export function range(values: number[], digits: number, unit: string): string {
  if (!values.length) return DASH;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [fixed(low, digits), fixed(high, digits)];
  return (from === to ? to : `${from}–${to}`) + NARROW + unit;
}

/** Time of day by this browser's clock of something that happened so many seconds ago. */
export const clockTime = (agoS: number, now: number): string =>
  new Date(now - agoS * 1000).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Day and time of day of a Unix time, by this browser's clock. */
export const moment = (unixS: Maybe<number>): string =>
  known(unixS) ? new Date(unixS * 1000).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" }) : DASH;
