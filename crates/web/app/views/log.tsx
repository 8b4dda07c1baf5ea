// The miner's log, newest first, as it grows.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clockTime, span } from "../format.ts";
import { codeWords } from "../miner-words.ts";
import type { Note, Snapshot, Tone } from "../model.ts";
import { Said } from "../parts/bits.tsx";
import { Coded } from "../parts/coded.tsx";
import { Mark } from "../parts/icons.tsx";
import { isAdmin } from "../session.ts";
import { state } from "../store.ts";
import { t } from "../words.ts";

const TONES: Record<string, Tone> = { info: "idle", warn: "warn", error: "bad" };
const LEVELS = ["info", "warn", "error"] as const;

export function LogView({ s }: { s: Snapshot }): JSX.Element {
  const [level, setLevel] = useState<(typeof LEVELS)[number]>("info");
  const [wanted, setWanted] = useState("");
  const [held, hold] = useState<Note[] | null>(null);
  const from = LEVELS.indexOf(level);
  const needle = wanted.toLowerCase();
  const all = held ?? state.notes;
  const shown = all.filter((n) =>
    LEVELS.indexOf(n.severity as (typeof LEVELS)[number]) >= from
    && (!needle || `${n.place} ${n.meaning} ${codeWords(n.code, "meaning") ?? ""} ${n.detail} ${n.code}`.toLowerCase().includes(needle)));
  return (
    <>
      <div class="bar filters">
        <label class="field"><span>{t("log.level")}</span>
          <select value={level} onChange={(e) => setLevel(e.currentTarget.value as typeof level)}>
            {LEVELS.map((name) => <option key={name} value={name}>{t(`log.from_${name}`)}</option>)}
          </select></label>
        <label class="field grow"><span>{t("log.find")}</span><input type="search" value={wanted} onInput={(e) => setWanted(e.currentTarget.value)} /></label>
        <button type="button" class="button" aria-pressed={held !== null} onClick={() => hold(held ? null : state.notes)}>{t(held ? "log.go_on" : "log.hold")}</button>
        {isAdmin(state.session) && <a class="button" href="/api/v1/support" download title={t("log.support_help")}>{t("log.support")}</a>}
      </div>
      <p class="soft">{t(state.live ? "log.live" : "log.asked")} {t("log.count", { shown: shown.length, all: all.length })} {held && t("log.held", { count: state.notes.filter((n) => !held.includes(n)).length })}</p>
      {!shown.length && <p class="why">{t(all.length ? "log.no_match" : state.logClosed ? "log.closed" : "log.empty")}</p>}
      <ul class="rows log">{[...shown].reverse().map((n) => <Row key={`${n.at_s} ${n.code} ${n.place} ${n.detail}`} note={n} uptime={s.uptime_s} />)}</ul>
    </>
  );
}

function Row({ note, uptime }: { note: Note; uptime: number }): JSX.Element {
  const tone = TONES[note.severity] ?? "idle";
  return (
    <li>
      <span class="at" title={t("log.since_start", { span: span(note.at_s) })}>{clockTime(uptime - note.at_s, state.answeredAt)}</span>
      <Mark tone={tone} />
      <div class="grow">
        <p>{note.place && <Said><b>{note.place} </b></Said>}<Coded code={note.code} is="meaning" came={note.meaning} /> <code>{note.code}</code></p>
        {note.detail && <p class="soft mono" lang="en">{note.detail}</p>}
        {note.remedy && tone !== "idle" && <p>{t("faults.remedy")} <Coded code={note.code} is="remedy" came={note.remedy} /></p>}
      </div>
    </li>
  );
}
