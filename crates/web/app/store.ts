// What the page knows: the latest snapshot and its age, the past, the log, who asks. A page that is looked at
// hears the miner's stream; where there is none, and where nobody looks, it asks. Whoever draws is told when
// something changed.

import { read, Refused, readLog, readStatus } from "./api.ts";
import { History, historyPath, type Past, type Range } from "./history.ts";
import type { Note, Snapshot } from "./model.ts";
import { askSession, type Session } from "./session.ts";
import { openStream } from "./stream.ts";

const POLL_MS = 1000;
/** A page that nobody looks at asks seldom. */
const HIDDEN_POLL_MS = 10000;
const NOTES_MAX = 500;
/** Between two looks at the log. */
const LOG_MS = 2000;
/** Between two attempts at a stream: the miner may serve as many as it can. */
const STREAM_AGAIN_MS = 10000;

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
  /** Numbers and log come as the miner says them. */
  live: false,
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
  if (closeStream) listen();
  else if (wanted) hurry();
}

/** Which run of the miner the log is of, and its last note that is known. */
let run = "";
let lastNote = 0;
let logAt = 0;
let timer: number | undefined;
let asking = false;
let closeStream: (() => void) | null = null;
let streamAgainAt = 0;

/** Something was ordered, or somebody looks again: ask now. What is heard comes by itself. */
export const hurry = (): void => {
  if (asking || closeStream) return;
  clearTimeout(timer);
  void poll();
};

/** Who asks may have changed: ask anew, and hear as whoever that is. */
export async function refreshSession(): Promise<void> {
  const before = state.session?.who;
  state.session = await askSession();
  state.locked = !state.session.reads;
  if (state.session.csrf) state.loginWanted = false;
  if (before !== state.session.who) streamAgainAt = 0;
  if (closeStream && (state.locked || before !== state.session.who)) {
    leave();
    goOn();
  }
  changed();
}

/** The next question, or the stream in its place. */
function goOn(): void {
  clearTimeout(timer);
  if (!document.hidden && !state.locked && Date.now() >= streamAgainAt) return listen();
  timer = window.setTimeout(() => void poll(), document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

function listen(): void {
  leave();
  clearTimeout(timer);
  closeStream = openStream(wantChips, run && `${run}-${lastNote}`, {
    begin: (of, log) => {
      if (of !== run) forgetLog();
      run = of;
      state.logClosed = !log;
      state.trouble = "";
      state.live = true;
    },
    snapshot: (snapshot) => { take(snapshot); changed(); },
    notes: (last, notes) => { addNotes(last, notes); changed(); },
    lost: () => {
      leave();
      streamAgainAt = Date.now() + STREAM_AGAIN_MS;
      // A question has an answer that says why.
      void poll();
    },
  });
}

function leave(): void {
  closeStream?.();
  closeStream = null;
  state.live = false;
}

async function poll(): Promise<void> {
  if (asking) return;
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
  if (!closeStream) goOn();
}

function take(snapshot: Snapshot): void {
  state.answeredAt = Date.now();
  const whole = state.history.add(snapshot, state.answeredAt / 1000);
  state.snapshot = snapshot;
  if (!whole && !document.hidden) refresh();
}

let remembering: Range | null = null;
/** Have the miner's own past of this range. */
export async function remember(range: Range): Promise<void> {
  if (remembering === range) return;
  remembering = range;
  try {
    const past = await read<Past>(historyPath(range));
    // Another range may have been chosen meanwhile.
    if (remembering === range) {
      const history = new History(range);
      history.load(past, Date.now() / 1000);
      state.history = history;
    }
  } catch {
    // The chart goes on with what this page has seen; who may not look is told so elsewhere.
  }
  if (remembering === range) remembering = null;
  changed();
}

/** The same range once more. One that was chosen meanwhile and is on its way counts. */
function refresh(): void {
  if (remembering === null) void remember(state.history.range);
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
  // The daemon was restarted: its log begins anew.
  if (answer.last < lastNote) return forgetLog();
  addNotes(answer.last, answer.notes);
}

function forgetLog(): void {
  run = "";
  lastNote = 0;
  state.notes = [];
}

function addNotes(last: number, notes: Note[]): void {
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
  goOn();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    leave();
    goOn();
    return;
  }
  streamAgainAt = 0;
  if (!asking) goOn();
  if (state.snapshot) refresh();
});
