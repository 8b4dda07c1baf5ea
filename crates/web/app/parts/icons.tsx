// Line icons, drawn here. They never stand alone: a word or a label is beside each.

import type { JSX } from "preact";
import type { Tone } from "../model.ts";

const PATHS: Record<string, string[]> = {
  overview: ["M4 19V11", "M10 19V5", "M16 19v-6", "M21 19H3"],
  boards: ["M5 5h14v14H5z", "M9 9h6v6H9z", "M9 2v3M15 2v3M9 19v3M15 19v3M2 9h3M2 15h3M19 9h3M19 15h3"],
  pools: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3 12h18", "M12 3c2.5 2.6 3.8 5.6 3.8 9s-1.3 6.4-3.8 9c-2.5-2.6-3.8-5.6-3.8-9s1.3-6.4 3.8-9z"],
  limits: ["M4 7h9M17 7h3", "M4 17h3M11 17h9", "M15 5v4", "M9 15v4"],
  log: ["M5 6h14M5 12h14M5 18h9"],
  system: ["M4 5h16v10H4z", "M9 20h6M12 15v5"],
  up: ["M12 19V5M6 11l6-6 6 6"],
  down: ["M12 5v14M6 13l6 6 6-6"],
  plus: ["M12 5v14M5 12h14"],
  theme: ["M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z"],
  good: ["M5 12.500l4.5 4.500L19 7.5"],
  warn: ["M12 6v7", "M12 17v.5"],
  bad: ["M7 7l10 10M17 7L7 17"],
  idle: ["M7 12h10"],
  arrow: ["M3 12h17M14 6l6 6-6 6"],
};

export function Icon({ name, class: className = "" }: { name: string; class?: string }): JSX.Element {
  return (
    <svg class={`icon ${className}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {(PATHS[name] ?? []).map((d) => <path key={d} d={d} />)}
    </svg>
  );
}

/** A mark whose shape says what its colour says. */
export function Mark({ tone }: { tone: Tone }): JSX.Element {
  return <span class={`mark ${tone}`}><Icon name={tone} /></span>;
}
