// The miner's live stream. It says what comes, and when it is of no use any more.

import type { Note, Snapshot } from "./model.ts";

export interface Hearer {
  begin: (run: string, log: boolean) => void;
  snapshot: (snapshot: Snapshot) => void;
  notes: (last: number, notes: Note[]) => void;
  /** It ended, failed, or says nothing: whoever hears must ask by itself. */
  lost: () => void;
}

/** Snapshots come each second: without one for so long the stream is as good as closed. */
const QUIET_MS = 6000;

/** Opens it; what comes back closes it. */
export function openStream(chips: boolean, after: string, hearer: Hearer): () => void {
  const query = new URLSearchParams();
  if (chips) query.set("chips", "1");
  if (after) query.set("last_event_id", after);
  const source = new EventSource(`/api/v1/stream?${query}`);
  let watch: number | undefined;
  const close = () => {
    clearTimeout(watch);
    source.close();
  };
  const lose = () => {
    close();
    hearer.lost();
  };
  const heard = () => {
    clearTimeout(watch);
    watch = window.setTimeout(lose, QUIET_MS);
  };
  const on = <T>(name: string, tell: (data: T) => void) =>
    source.addEventListener(name, (event) => tell(JSON.parse((event as MessageEvent<string>).data)));
  on<{ run: string; log: boolean }>("begin", (data) => hearer.begin(data.run, data.log));
  on<Snapshot>("snapshot", (data) => { heard(); hearer.snapshot(data); });
  on<{ last: number; notes: Note[] }>("notes", (data) => hearer.notes(data.last, data.notes));
  on("end", lose);
  // A browser would come again by itself, and not say why it is refused.
  source.onerror = lose;
  heard();
  return close;
}
