// What the page knows: the latest snapshot and its age, the log, who asks. One loop asks the miner;
// whoever draws is told when something changed.

import { Refused, readLog, readStatus } from "./api.ts";
import { History } from "./history.ts";
import type { Note, Snapshot } from "./model.ts";
import { askSession, type Session } from "./session.ts";

const POLL_MS = 1000;
/** A page that nobody looks at asks seldom. */
const HIDDEN_POLL_MS = 10000;
const NOTES_MAX = 500;
/** Between two looks at the log. */
const LOG_MS = 2000;

export const state = {
  snapshot: null as Snapshot | null,
  /** When the miner last answered with numbers, by this browser's clock. */
  answeredAt: 0,
  /** When the page was opened, until then. */
  openedAt: Date.now(),
  history: new History(),
  notes: [] as Note[],
  /** The log needs a login. */
  logClosed: false,
  /** `null`: not known yet. */
  session: null as Session | null,
  /** The miner answers, and shows nothing without a login. */
  locked: false,
  /** The reader wants to log in to a miner that shows itself without. */
  loginWanted: false,
  /** Why the last question had no answer. */
  trouble: "",
};

const heard = new Set<() => void>();

export function onChange(tell: () => void): () => void {
  heard.add(tell);
  return () => heard.delete(tell);
}

export const changed = (): void => heard.forEach((tell) => tell());

let wantChips = false;
/** Chips cost thirty times as much: they are asked for where they are shown. */
export function showChips(wanted: boolean): void {
  if (wanted === wantChips) return;
  wantChips = wanted;
  if (wanted) hurry();
}

let lastNote = 0;
let logAt = 0;
let timer: number | undefined;
let asking = false;

export const hurry = (): void => {
  if (asking) return;
  clearTimeout(timer);
  void poll();
};

/** Who asks may have changed: ask anew. */
export async function refreshSession(): Promise<void> {
  state.session = await askSession();
  state.locked = !state.session.reads;
  if (state.session.csrf) state.loginWanted = false;
  changed();
}

async function poll(): Promise<void> {
  asking = true;
  try {
    if (!state.locked) {
      take(await readStatus(wantChips));
      if (Date.now() - logAt >= LOG_MS) await pollLog();
    } else {
      await refreshSession();
    }
    state.trouble = "";
  } catch (error) {
    await failed(error);
  }
  asking = false;
  changed();
  timer = window.setTimeout(() => void poll(), document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

function take(snapshot: Snapshot): void {
  state.answeredAt = Date.now();
  state.history.add(snapshot, state.answeredAt / 1000);
  state.snapshot = snapshot;
}

async function failed(error: unknown): Promise<void> {
  state.trouble = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Refused) || (error.status !== 401 && error.status !== 403)) return;
  try {
    await refreshSession();
  } catch {
    // It fell silent in between: the next poll says so.
  }
}

async function pollLog(): Promise<void> {
  logAt = Date.now();
  const answer = await readLog(lastNote).catch((error: unknown) => {
    // Some may see numbers and not the log.
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) return null;
    throw error;
  });
  state.logClosed = answer === null;
  if (!answer) return;
  const { last, notes } = answer;
  if (last < lastNote) {
    // The daemon was restarted: its log begins anew.
    lastNote = 0;
    state.notes = [];
    return;
  }
  lastNote = last;
  if (notes.length) state.notes = [...state.notes, ...notes].slice(-NOTES_MAX);
}

/** A question on its way may take seconds, in which what is shown grows older. */
const AGE_MS = 1000;

export async function start(): Promise<void> {
  setInterval(() => Date.now() - state.answeredAt > 2 * POLL_MS && changed(), AGE_MS);
  try {
    await refreshSession();
  } catch (error) {
    state.trouble = error instanceof Error ? error.message : String(error);
  }
  await poll();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) hurry();
});
