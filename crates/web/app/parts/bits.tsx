// Small parts that several screens share.

import type { ComponentChildren, JSX } from "preact";
import { tone } from "../model.ts";
import { DASH } from "../format.ts";
import { stateWord } from "../words.ts";
import { Mark } from "./icons.tsx";

export function Card(props: { title: string; note?: string; class?: string; aside?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <section class={`card ${props.class ?? ""}`} aria-label={props.title}>
      <div class="card-head">
        <h2>{props.title}</h2>
        {props.note && <span class="soft">{props.note}</span>}
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

export function Pill({ kind, state }: { kind: "state" | "chain" | "pool"; state: string }): JSX.Element {
  const of = tone(state);
  return <span class={`pill ${of}`}><Mark tone={of} />{stateWord(kind, state)}</span>;
}

/** Label and value pairs; a value that is not known says why below. */
export function Facts({ rows, class: className = "" }: { rows: [string, ComponentChildren, string?][]; class?: string }): JSX.Element {
  return (
    <dl class={`facts ${className}`}>
      {rows.map(([label, value, why]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}{why && value === DASH && <span class="why">{why}</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What the miner or a pool wrote, in the language it was written in. */
export function Said({ children, class: className }: { children: ComponentChildren; class?: string }): JSX.Element {
  return <span lang="en" class={className}>{children}</span>;
}
