// What the miner says, as `/api/v1/openapi.json` describes it, and what follows from it without
// looking at anything else. Nothing here knows a screen or a language.

export type Maybe<T> = T | null | undefined;

export interface Snapshot {
  seq: number;
  uptime_s: number;
  state: string;
  locating: boolean;
  machine: {
    model: string;
    name: string;
    backend: string;
    emulated: boolean;
    difficulty_bits: number;
    firmware: string;
  };
  hashrate_ths: Hashrate;
  chains: Chain[];
  temperatures: Temperature[];
  fans: { rpm: Maybe<number>; duty_percent: Maybe<number> }[];
  psu: { voltage_mv: Maybe<number>; power_w: Maybe<number> };
  power_w: Maybe<number>;
  efficiency_j_per_th: Maybe<number>;
  settings: Maybe<Settings>;
  clock: { quality: string; source: Maybe<string> };
  pools: Pool[];
  /** Those with a quota of their own. */
  pool_groups: PoolGroup[];
  shares: Shares;
  faults: Fault[];
  decisions: Decision[];
}

export interface Hashrate {
  s5: Maybe<number>;
  m1: Maybe<number>;
  m15: Maybe<number>;
  h1: Maybe<number>;
  nominal: Maybe<number>;
}

export interface Chain {
  slot: number;
  state: string;
  chips_expected: number;
  chips_found: Maybe<number>;
  frequency_mhz: Maybe<number>;
  voltage_mv: Maybe<number>;
  hashrate_ths: Maybe<number>;
  hw_errors: number;
  nonces: number;
  nonces_expected: number;
  damaged_frames: number;
  restarts: number;
  chips?: Maybe<Chip[]>;
}

export interface Chip {
  index: number;
  domain: number;
  nonces: number;
  expected: number;
  ratio_low: Maybe<number>;
  ratio_high: Maybe<number>;
  hw_errors: number;
}

export interface Temperature {
  place: string;
  temp_c: Maybe<number>;
  quality: string;
}

export interface Setting {
  set: Maybe<number>;
  in_force: Maybe<number>;
  min: number;
  max: number;
  default: Maybe<number>;
  unit: string;
}

export interface Settings {
  intent: string;
  fans: { mode: string; modes: string[]; duty: Setting };
  power_ceiling: Setting;
  target_temperature: Setting;
}

export interface Pool {
  id: number;
  url: string;
  user: string;
  group: string;
  quota_percent: number;
  enabled: boolean;
  state: string;
  active: boolean;
  difficulty: Maybe<number>;
  accepted: number;
  rejected: number;
  stale: number;
  lost: number;
  in_flight: number;
  rejects: Record<string, number>;
  rejected_percent: Maybe<number>;
  best_share: Maybe<number>;
  accepted_difficulty: number;
  credited_ths: Maybe<number>;
  latency: Maybe<{ p50_ms: number; p90_ms: number; p99_ms: number }>;
  estimated_sat_per_day: Maybe<number>;
  last_share_s: Maybe<number>;
  last_error: Maybe<string>;
  node: Maybe<{ chain: Maybe<string>; height: Maybe<number> }>;
}

export interface PoolGroup {
  name: string;
  quota_percent: number;
}

export interface Shares {
  submitted: number;
  accepted: number;
  rejected: number;
  stale: number;
  duplicate: number;
  hw_errors: number;
  lost: number;
  in_flight: number;
  blocks: number;
}

export interface Fault {
  code: string;
  place: string;
  detail: string;
  action: string;
  meaning: string;
  remedy: string;
}

export interface Decision {
  at_s: number;
  place: string;
  decision: string;
  reason: string;
}

export interface Note {
  at_s: number;
  code: string;
  place: string;
  detail: string;
  severity: string;
  meaning: string;
  remedy: string;
}

/** Pools that name no group are in this one. Without a quota of its own it has what the others leave. */
export const DEFAULT_GROUP = "default";

/** What quotas leave of a hundred percent, without what sums of decimal fractions are off; negative: they are too much. */
export const leftOf = (quotas: number[]): number => Math.round((100 - quotas.reduce((sum, quota) => sum + quota, 0)) * 1e4) / 1e4;

/** Each group that a pool may be in, with its quota; `left`: it has what the others leave. */
export function groupsOf(groups: PoolGroup[]): { name: string; percent: number; left: boolean }[] {
  const listed = groups.map((group) => ({ name: group.name, percent: group.quota_percent, left: false }));
  if (listed.some((group) => group.name === DEFAULT_GROUP)) return listed;
  return [...listed, { name: DEFAULT_GROUP, percent: leftOf(groups.map((group) => group.quota_percent)), left: true }];
}

/** How something stands, for colour and mark. */
export type Tone = "good" | "warn" | "bad" | "idle";

const TONES: Record<string, Tone> = {
  hashing: "good", active: "good", standby: "good", connected: "good",
  starting: "warn", ramping: "warn", stopping: "warn", no_pool: "bad", recovering: "warn", connecting: "warn", waiting: "warn",
  paused: "idle", sleeping: "idle", off: "idle", idle: "idle",
  fault: "bad", failed: "bad", refused: "bad", absent: "warn",
};

export const tone = (state: string): Tone => TONES[state] ?? "idle";

export const known = <T>(value: Maybe<T>): value is T => value !== null && value !== undefined;

/** A share this long ago or less is a miner that earns: a pool sends work for several a minute. */
const RECENT_S = 120;

/** Whether it earns: a reason as a key of the catalogue. */
export type Earning =
  | { tone: Tone; is: "yes"; pool: Pool }
  | { tone: Tone; is: "quiet" | "none_yet"; pool: Pool }
  | { tone: Tone; is: "stopped" | "starting" | "no_pool" | "fault" };

export function earning(s: Snapshot): Earning {
  if (s.state === "paused" || s.state === "sleeping" || s.state === "stopping") return { tone: "idle", is: "stopped" };
  if (s.state === "fault") return { tone: "bad", is: "fault" };
  const pool = s.pools.find((p) => p.active);
  if (!pool) return s.state === "starting" ? { tone: "warn", is: "starting" } : { tone: "bad", is: "no_pool" };
  if (s.state === "starting") return { tone: "warn", is: "starting" };
  const best = s.pools.filter((p) => p.active && known(p.last_share_s));
  const latest = best.reduce<Pool | null>((a, p) => (a && a.last_share_s! <= p.last_share_s! ? a : p), null);
  if (!latest) return { tone: "warn", is: "none_yet", pool };
  if (latest.last_share_s! > RECENT_S) return { tone: "warn", is: "quiet", pool: latest };
  return { tone: "good", is: "yes", pool: latest };
}

export const hottest = (s: Snapshot): Temperature | null =>
  s.temperatures.reduce<Temperature | null>(
    (a, t) => (known(t.temp_c) && (!a || t.temp_c > a.temp_c!) ? t : a), null);

/** Accepted of all that pools answered, in percent. */
export function acceptedPercent(shares: Shares): number | null {
  const answered = shares.accepted + shares.rejected + shares.stale;
  return answered ? (100 * shares.accepted) / answered : null;
}

/** Present rate of the shortest window that has something to say. */
export const presentRate = (h: Hashrate): Maybe<number> => h.s5 ?? h.m1 ?? h.m15 ?? h.h1;

export function ofNominal(h: Hashrate): number | null {
  const rate = h.m1 ?? h.s5;
  return known(rate) && known(h.nominal) && h.nominal > 0 ? (100 * rate) / h.nominal : null;
}

/** Sensors of one board, or of a place that is no board. */
export interface HeatGroup {
  /** Slot of the board; `null` elsewhere. */
  slot: number | null;
  place: string;
  board: number[];
  chip: number[];
  /** Sensors that say nothing, or nothing fresh. */
  doubtful: Temperature[];
}

/** `board 0 chip 4` is a sensor beside a chip of board 0; other places stand for themselves. */
export function heatGroups(temperatures: Temperature[]): HeatGroup[] {
  const groups: HeatGroup[] = [];
  for (const t of temperatures) {
    const match = /^board (\d+) (\S+)/.exec(t.place);
    const slot = match ? Number(match[1]) : null;
    let group = groups.find((g) => (slot === null ? g.place === t.place : g.slot === slot));
    if (!group) {
      group = { slot, place: t.place, board: [], chip: [], doubtful: [] };
      groups.push(group);
    }
    if (t.quality !== "good") group.doubtful.push(t);
    if (known(t.temp_c)) (match?.[2] === "chip" ? group.chip : group.board).push(t.temp_c);
  }
  return groups;
}

/** Chips by domain, in the order of the wire. */
export function domains(chips: Chip[]): Chip[][] {
  const found: Chip[][] = [];
  for (const chip of chips) {
    const last = found[found.length - 1];
    if (last && last[0]!.domain === chip.domain) last.push(chip);
    else found.push([chip]);
  }
  return found;
}

/** What is sure about a chip's rate. */
export type RateClass = "unknown" | "full" | "weak" | "poor" | "silent";

/** An interval this wide says nothing about a chip: a few nonces more will. */
const WIDE = 1.5;
/** One side of the normal distribution: 1 in 2,000. */
const SURE = 3.29;

/**
 * The most of its expected rate that a chip can have, all but 1 in 2,000 times (the upper bound of
 * a Poisson count by Wilson and Hilferty, 1931). The snapshot's interval holds 19 times in 20, by which a
 * machine of 342 chips without fault would always show a handful as weak.
 */
export function surelyBelow(nonces: number, expected: number): number {
  const n = nonces + 1;
  return (n * (1 - 1 / (9 * n) + SURE / (3 * Math.sqrt(n))) ** 3) / expected;
}

/** A chip counts as weak only where chance does not explain it. */
export function rateClass(chip: Chip): RateClass {
  const { ratio_low: low, ratio_high: high } = chip;
  if (!known(low) || !known(high) || chip.expected <= 0) return "unknown";
  const most = surelyBelow(chip.nonces, chip.expected);
  if (most >= 0.95) return high - low > WIDE ? "unknown" : "full";
  if (chip.nonces === 0) return "silent";
  return most < 0.75 ? "poor" : "weak";
}

export type ErrorClass = "none" | "few" | "some" | "many";

/** Wrong answers of all that a chip gave. */
export const errorPercent = (chip: Chip): number | null => {
  const all = chip.nonces + chip.hw_errors;
  return all ? (100 * chip.hw_errors) / all : null;
};

export function errorClass(chip: Chip): ErrorClass {
  const percent = errorPercent(chip);
  if (!percent) return "none";
  return percent < 1 ? "few" : percent < 5 ? "some" : "many";
}

/** A decision's reason without its code, and the code. */
export function reasonAndCode(reason: string): { code: string | null; text: string } {
  const match = /^(E-[A-Z0-9-]+)\s*(.*)$/.exec(reason);
  return match ? { code: match[1]!, text: match[2]! } : { code: null, text: reason };
}
