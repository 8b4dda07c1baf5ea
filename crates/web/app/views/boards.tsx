// Boards as chips: in the order of the wire, by domain, coloured by what is known of each.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { DASH, fixed, rate } from "../format.ts";
import {
  domains, errorClass, errorPercent, known, rateClass, type Chain, type Chip, type Snapshot,
} from "../model.ts";
import { Facts, Pill, Said } from "../parts/bits.tsx";
import { Icon } from "../parts/icons.tsx";
import { stateWord, t, type Key } from "../words.ts";

type By = "rate" | "errors" | "heat";
const BYS: By[] = ["rate", "errors", "heat"];

const CLASSES: Record<By, string[]> = {
  rate: ["full", "weak", "poor", "silent", "unknown"],
  errors: ["none", "few", "some", "many"],
  heat: ["unmeasured"],
};

function classOf(by: By, chip: Chip): string {
  if (by === "rate") return rateClass(chip);
  if (by === "errors") return errorClass(chip);
  // No machine here measures a chip's own heat: none is made up.
  return "unmeasured";
}

export function BoardsView({ s }: { s: Snapshot }): JSX.Element {
  const [by, setBy] = useState<By>("rate");
  return (
    <>
      <fieldset class="choice">
        <legend>{t("boards.by")}</legend>
        {BYS.map((name) => (
          <label key={name}>
            <input type="radio" name="by" checked={by === name} onChange={() => setBy(name)} />
            <span>{t(`boards.by.${name}`)}</span>
          </label>
        ))}
      </fieldset>
      {by === "heat" && <p class="why">{t("boards.no_chip_heat")}</p>}
      {!s.chains.length && <p class="why">{t("boards.none")}</p>}
      {s.chains.map((chain) => <Board key={chain.slot} chain={chain} s={s} by={by} />)}
    </>
  );
}

function Board({ chain, s, by }: { chain: Chain; s: Snapshot; by: By }): JSX.Element {
  const [chosen, setChosen] = useState(0);
  const [pointed, setPointed] = useState<number | null>(null);
  const chips = chain.chips ?? [];
  const shown = chips.find((c) => c.index === (pointed ?? chosen));
  const name = t("board.name", { slot: chain.slot });
  return (
    <section class="card board" aria-label={name}>
      <div class="card-head"><h2>{name}</h2><Pill kind="chain" state={chain.state} /></div>
      <Facts class="inline" rows={[
        [t("board.chips"), t("board.of", { found: fixed(chain.chips_found), expected: chain.chips_expected })],
        [t("board.rate"), rate(chain.hashrate_ths, "TH/s")],
        [t("board.model"), chain.nonces_expected >= 1 ? fixed((100 * chain.nonces) / chain.nonces_expected, 1, "%") : DASH],
        [t("board.frequency"), fixed(chain.frequency_mhz, 0, "MHz")],
        [t("board.voltage"), known(chain.voltage_mv) ? fixed(chain.voltage_mv / 1000, 2, "V") : DASH],
        [t("board.errors"), fixed(chain.hw_errors)],
        [t("board.damaged"), fixed(chain.damaged_frames)],
        [t("board.restarts"), fixed(chain.restarts)],
      ]} />
      {chips.length > 0
        ? <>
            <Flow chips={chips} />
            <Map chain={chain} chips={chips} by={by} chosen={chosen} choose={setChosen} point={setPointed} />
            <Legend chips={chips} by={by} />
            {shown && <ChipFacts chip={shown} />}
          </>
        : <p class="why">{t("board.no_chips")}</p>}
      <Sensors s={s} slot={chain.slot} />
    </section>
  );
}

function Flow({ chips }: { chips: Chip[] }): JSX.Element {
  return (
    <p class="flow soft">
      <span>{t("board.first", { domain: chips[0]!.domain })}</span>
      <Icon name="arrow" />
      <span>{t("board.last", { domain: chips[chips.length - 1]!.domain })}</span>
      <span class="flow-why">{t("board.flow")}</span>
    </p>
  );
}

function Map(props: { chain: Chain; chips: Chip[]; by: By; chosen: number; choose: (i: number) => void; point: (i: number | null) => void }): JSX.Element {
  const { chips, by, chosen, choose, point } = props;
  const groups = domains(chips);

  // One stop of the tabulator for the whole board; arrows go on from there, as in a table.
  const move = (event: KeyboardEvent) => {
    const at = chips.findIndex((c) => c.index === chosen);
    const perDomain = groups[0]!.length;
    const steps: Record<string, number> = {
      ArrowRight: perDomain, ArrowLeft: -perDomain, ArrowDown: 1, ArrowUp: -1, Home: -at, End: chips.length - 1 - at,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = chips[at + step];
    if (!next) return;
    choose(next.index);
    const grid = event.currentTarget as HTMLElement;
    grid.querySelector<HTMLElement>(`[data-chip="${next.index}"]`)?.focus();
  };

  return (
    <div class="map" role="grid" aria-label={t("board.map", { slot: props.chain.slot })} onKeyDown={move} onMouseLeave={() => point(null)}>
      {groups.map((group) => (
        <div class="domain" role="row" key={group[0]!.index} aria-label={t("board.domain", { domain: group[0]!.domain })}>
          {group.map((chip) => (
            <div key={chip.index} role="gridcell" data-chip={chip.index} tabIndex={chip.index === chosen ? 0 : -1}
              class={`chip ${by} ${classOf(by, chip)}`} aria-selected={chip.index === chosen} aria-label={chipWords(chip, by)}
              onClick={() => choose(chip.index)} onFocus={() => { choose(chip.index); point(null); }} onMouseEnter={() => point(chip.index)} />
          ))}
        </div>
      ))}
    </div>
  );
}

const classWord = (by: By, name: string): string => t(`boards.${by}.${name}` as Key);

const chipWords = (chip: Chip, by: By): string => t("chip.words", {
  index: chip.index, domain: chip.domain, is: classWord(by, classOf(by, chip)), nonces: chip.nonces, errors: chip.hw_errors,
});

function Legend({ chips, by }: { chips: Chip[]; by: By }): JSX.Element {
  return (
    <ul class="legend">
      {CLASSES[by].map((name) => (
        <li key={name}>
          <span class={`chip ${by} ${name}`} aria-hidden="true" />
          {classWord(by, name)} <b>{chips.filter((c) => classOf(by, c) === name).length}</b>
        </li>
      ))}
    </ul>
  );
}

function ChipFacts({ chip }: { chip: Chip }): JSX.Element {
  const bounds = known(chip.ratio_low) && known(chip.ratio_high);
  return (
    <div class="chip-facts">
      <h3>{t("chip.name", { index: chip.index, domain: chip.domain })}</h3>
      <Facts class="inline" rows={[
        [t("chip.nonces"), t("chip.of_expected", { nonces: fixed(chip.nonces), expected: fixed(chip.expected, 1) })],
        [t("chip.ratio"), bounds ? `${fixed(100 * chip.ratio_low!)}–${fixed(100 * chip.ratio_high!, 0, "%")}` : DASH, t("chip.ratio_unknown")],
        [t("chip.errors"), fixed(chip.hw_errors)],
        [t("chip.error_share"), fixed(errorPercent(chip), 2, "%"), t("chip.no_answers")],
        [t("chip.heat"), DASH, t("chip.no_heat")],
      ]} />
    </div>
  );
}

function Sensors({ s, slot }: { s: Snapshot; slot: number }): JSX.Element {
  const prefix = `board ${slot} `;
  const sensors = s.temperatures.filter((x) => x.place.startsWith(prefix));
  return (
    <div class="inner">
      <h3>{t("board.sensors")}</h3>
      {!sensors.length && <p class="why">{t("heat.none")}</p>}
      <ul class="sensors">
        {sensors.map((x) => (
          <li key={x.place} class={x.quality}>
            <Said class="soft">{x.place.slice(prefix.length)}</Said>
            <b>{fixed(x.temp_c, 1, "°C")}</b>
            {x.quality !== "good" && <span class="why">{stateWord("quality", x.quality)}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
