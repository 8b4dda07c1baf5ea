// At a glance: is it earning, is it safe, what is it doing and why.

import type { ComponentChildren, JSX } from "preact";
import { DASH, fixed, large, range, rate, span } from "../format.ts";
import {
  acceptedPercent, earning, heatGroups, hottest, known, ofNominal, presentRate, reasonAndCode, tone,
  type Decision, type Fault, type Snapshot, type Tone,
} from "../model.ts";
import { Card, Facts, Pill, Said } from "../parts/bits.tsx";
import { Chart, RangeChoice, type Line } from "../parts/chart.tsx";
import { Coded, Phrase } from "../parts/coded.tsx";
import { Mark } from "../parts/icons.tsx";
import { codeWords, phraseWords } from "../miner-words.ts";
import { state } from "../store.ts";
import { stateWord, t } from "../words.ts";

/** Decisions shown at once; all that the snapshot has are behind a button of the browser's own. */
const DECISIONS = 6;

export function OverviewView({ s }: { s: Snapshot }): JSX.Element {
  return (
    <>
      <div class="answers">
        <Earning s={s} />
        <Safe s={s} />
        <Doing s={s} />
      </div>
      {s.faults.length > 0 && <Faults faults={s.faults} />}
      <div class="grid wide-left">
        <div class="stack">
          <Rate s={s} />
          <PoolsCard s={s} />
          <Decisions s={s} />
        </div>
        <div class="stack">
          <Power s={s} />
          <Heat s={s} />
          <Fans s={s} />
          <SharesCard s={s} />
        </div>
      </div>
    </>
  );
}

function Answer(props: { question: string; tone: Tone; answer: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <section class={`card answer ${props.tone}`} aria-label={props.question}>
      <h2>{props.question}</h2>
      <p class="big"><Mark tone={props.tone} />{props.answer}</p>
      <p class="soft">{props.children}</p>
    </section>
  );
}

function Earning({ s }: { s: Snapshot }): JSX.Element {
  const is = earning(s);
  const percent = acceptedPercent(s.shares);
  return (
    <Answer question={t("earning.question")} tone={is.tone} answer={t(`earning.${is.is}`)}>
      {"pool" in is && known(is.pool.last_share_s) && <>{t("earning.last", { ago: span(is.pool.last_share_s) })} </>}
      {known(percent) && t("earning.accepted", { percent: fixed(percent, 2), count: fixed(s.shares.accepted) })}
      {!("pool" in is) && !known(percent) && t("earning.nothing")}
    </Answer>
  );
}

function Safe({ s }: { s: Snapshot }): JSX.Element {
  const hot = hottest(s);
  const bad = s.faults.length;
  const turning = s.fans.map((f) => f.rpm).filter(known);
  return (
    <Answer question={t("safe.question")} tone={bad ? "bad" : "good"} answer={bad ? t("safe.faults", { count: bad }) : t("safe.none")}>
      {hot ? t("safe.hottest", { temp: fixed(hot.temp_c, 1, "°C") }) : t("safe.no_heat")}{" "}
      {turning.length ? t("safe.fans", { rpm: range(turning, 0, t("unit.rpm")) }) : t("safe.no_fans")}
    </Answer>
  );
}

function Doing({ s }: { s: Snapshot }): JSX.Element {
  const last = s.decisions[s.decisions.length - 1];
  const up = s.chains.filter((c) => c.state === "hashing" || c.state === "ramping").length;
  return (
    <Answer question={t("doing.question")} tone={tone(s.state)} answer={stateWord("state", s.state)}>
      {t("doing.boards", { up, all: s.chains.length })}{" "}
      {last && <LastDecision {...last} />}
    </Answer>
  );
}

function LastDecision({ place, decision, reason }: Decision): JSX.Element {
  const { code, text } = reasonAndCode(reason);
  return <><Said>{place}:</Said> <Decided code={code} decision={decision} />{text && ", "}<Phrase came={text} />.</>;
}

/** In the reader's language: as a phrase, else by what its code means, such as one with numbers. */
function Decided({ code, decision }: { code: string | null; decision: string }): JSX.Element | null {
  return code && !phraseWords(decision) ? <Coded code={code} is="meaning" came={decision} /> : <Phrase came={decision} />;
}

export function Faults({ faults }: { faults: Fault[] }): JSX.Element {
  return (
    <Card title={t("faults.title")} class="faults">
      <ul class="rows">
        {faults.map((f) => (
          <li key={f.code + f.place + f.detail}>
            <Mark tone="bad" />
            <div>
              <p><Said><b>{f.place}</b></Said> <Coded code={f.code} is="meaning" came={f.meaning} /> <code>{f.code}</code></p>
              {f.detail && <p class="soft"><Said>{f.detail}</Said></p>}
              {f.action && <p class="soft">{t("faults.done")} <Phrase came={f.action} /></p>}
              {f.remedy && <p>{t("faults.remedy")} <Coded code={f.code} is="remedy" came={f.remedy} /></p>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Rate({ s }: { s: Snapshot }): JSX.Element {
  const h = s.hashrate_ths;
  const percent = ofNominal(h);
  const windows: [string, number | null | undefined][] = [["5 s", h.s5], ["1 min", h.m1], ["15 min", h.m15], ["1 h", h.h1]];
  return (
    <Card title={t("rate.title")} note={s.machine.emulated ? t("rate.emulated") : undefined}>
      <div class="headline">
        <p class="figure">{rate(presentRate(h))}<small>TH/s</small></p>
        <p class="soft">{known(percent)
          ? t("rate.of_nominal", { percent: fixed(percent), nominal: rate(h.nominal, "TH/s") })
          : t("rate.no_nominal")}</p>
      </div>
      <RangeChoice />
      <Chart title={t("rate.title")} unit="TH/s" height={220} fromZero lines={[
        { series: "rate", name: t("chart.rate"), style: "main" }, { series: "nominal", name: t("chart.nominal"), style: "model" },
      ]} />
      <dl class="windows">
        {windows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{rate(value)}</dd></div>)}
        <div><dt>{t("rate.nominal")}</dt><dd>{rate(h.nominal)}</dd></div>
      </dl>
    </Card>
  );
}

function Power({ s }: { s: Snapshot }): JSX.Element {
  const ceiling = s.settings?.power_ceiling;
  return (
    <Card title={t("power.title")}>
      <p class={known(s.power_w) ? "figure" : "figure unknown"}>{fixed(s.power_w)}<small>W</small></p>
      {!known(s.power_w) && <p class="why">{t("power.unknown")}</p>}
      <Facts rows={[
        [t("power.efficiency"), fixed(s.efficiency_j_per_th, 1, "J/TH"), t("power.efficiency_unknown")],
        [t("power.output"), fixed(s.psu.power_w, 0, "W"), t("power.output_unknown")],
        [t("power.voltage"), known(s.psu.voltage_mv) ? fixed(s.psu.voltage_mv / 1000, 2, "V") : DASH, t("power.voltage_unknown")],
        [t("power.ceiling"), fixed(ceiling?.in_force, 0, "W"), t("limits.none")],
      ]} />
      {state.history.extent("power") && <Chart title={t("power.title")} unit="W" height={140} fromZero lines={[{ series: "power", name: t("chart.power"), style: "main" }]} />}
    </Card>
  );
}

const ACCOUNT = ["accepted", "rejected", "stale", "lost", "duplicate", "hw_errors", "in_flight", "blocks"] as const;

function SharesCard({ s }: { s: Snapshot }): JSX.Element {
  return (
    <Card title={t("shares.title")} note={t("shares.since")}>
      <Facts rows={ACCOUNT.map((name) => [t(`shares.${name}`), fixed(s.shares[name])])} />
    </Card>
  );
}

function Heat({ s }: { s: Snapshot }): JSX.Element {
  const groups = heatGroups(s.temperatures);
  if (!groups.length) return <Card title={t("heat.title")}><p class="why">{t("heat.none")}</p></Card>;
  return (
    <Card title={t("heat.title")}>
      <table>
        <thead><tr><th scope="col">{t("heat.place")}</th><th scope="col" class="number">{t("heat.board")}</th><th scope="col" class="number">{t("heat.chip")}</th></tr></thead>
        <tbody>
          {groups.map((g) => (
            <tr key={g.place}>
              <th scope="row">{g.slot === null ? <Said>{g.place}</Said> : t("board.name", { slot: g.slot })}
                {g.doubtful.length > 0 && <span class="why">{t("heat.doubtful", { count: g.doubtful.length })}</span>}</th>
              <td class="number">{range(g.board, 0, "°C")}</td>
              <td class="number">{range(g.chip, 0, "°C")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <HeatChart />
    </Card>
  );
}

/** The hottest of each kind of sensor that there is. */
function HeatChart(): JSX.Element | null {
  const kinds: Line[] = [{ series: "chip", name: t("chart.chip"), style: "second" }, { series: "board", name: t("chart.board"), style: "main" }];
  const lines = kinds.filter((line) => state.history.extent(line.series));
  return lines.length ? <Chart title={t("heat.title")} unit="°C" height={140} fromZero={false} lines={lines} /> : null;
}

function Fans({ s }: { s: Snapshot }): JSX.Element {
  const fans = s.settings?.fans;
  return (
    <Card title={t("fans.title")} note={fans && stateWord("fans", fans.mode)}>
      {!s.fans.length && <p class="why">{t("fans.none")}</p>}
      {s.fans.length > 0 && (
        <table>
          <thead><tr><th scope="col">{t("fans.fan")}</th><th scope="col" class="number">{t("fans.duty")}</th><th scope="col" class="number">{t("fans.speed")}</th></tr></thead>
          <tbody>
            {s.fans.map((f, i) => (
              <tr key={i}>
                <th scope="row">{i}</th>
                <td class="number">{fixed(f.duty_percent, 0, "%")}</td>
                <td class="number">{fixed(f.rpm, 0, t("unit.rpm"))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function PoolsCard({ s }: { s: Snapshot }): JSX.Element {
  return (
    <Card title={t("nav.pools")} aside={<a href="#/pools">{t("pools.manage")}</a>}>
      {!s.pools.length && <p class="why">{t("pools.none")}</p>}
      <ul class="rows">
        {s.pools.map((p) => (
          <li key={p.id} class="pool-line">
            <div class="clip"><Said class="mono">{p.url}</Said><span class="soft clip" lang="en">{p.user}</span></div>
            <span class="soft number">{p.active || p.accepted ? t("pools.line", { accepted: fixed(p.accepted), difficulty: large(p.difficulty) }) : ""}</span>
            <Pill kind="pool" state={p.enabled ? p.state : "disabled"} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Decisions({ s }: { s: Snapshot }): JSX.Element {
  const newest = [...s.decisions].reverse();
  const row = (d: Snapshot["decisions"][number], i: number) => {
    const { code, text } = reasonAndCode(d.reason);
    const means = code ? codeWords(code, "meaning") : undefined;
    return (
      <li key={`${d.at_s}-${i}`}>
        <span class="at">{t("decisions.ago", { ago: span(s.uptime_s - d.at_s) })}</span>
        <div>
          <p><Said><b>{d.place}</b></Said> <Decided code={code} decision={d.decision} /></p>
          <p class="soft">
            {/* Of the two, what is not said above. */}
            {code && means && (phraseWords(d.decision) ? <Coded code={code} is="meaning" /> : <Said>{d.decision}</Said>)}
            {means && text && " · "}<Phrase came={text} /> {code && <code>{code}</code>}
          </p>
        </div>
      </li>
    );
  };
  return (
    <Card title={t("decisions.title")}>
      {!newest.length && <p class="why">{t("decisions.none")}</p>}
      <ul class="rows">{newest.slice(0, DECISIONS).map(row)}</ul>
      {newest.length > DECISIONS && (
        <details><summary>{t("decisions.earlier", { count: newest.length - DECISIONS })}</summary><ul class="rows">{newest.slice(DECISIONS).map(row)}</ul></details>
      )}
    </Card>
  );
}
