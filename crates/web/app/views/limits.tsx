// What the operator orders, within what the machine takes.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { command } from "../api.ts";
import { DASH, fixed } from "../format.ts";
import { known, type Setting, type Settings, type Snapshot } from "../model.ts";
import { Card, Facts, Pill } from "../parts/bits.tsx";
import { Confirm, Trouble, useJob, type Question } from "../parts/dialog.tsx";
import { mayChange } from "../session.ts";
import { state } from "../store.ts";
import { stateWord, t } from "../words.ts";

export function LimitsView({ s }: { s: Snapshot }): JSX.Element {
  const allowed = mayChange(state.session);
  return (
    <>
      {!allowed && <p class="why">{t("limits.not_allowed")}</p>}
      <div class="grid even">
        <Run s={s} allowed={allowed} />
        <Find s={s} />
      </div>
      {s.settings
        ? <div class="grid three">
            <Ceiling setting={s.settings.power_ceiling} allowed={allowed} />
            <FanMode settings={s.settings} allowed={allowed} />
            <Target settings={s.settings} allowed={allowed} />
          </div>
        : <p class="why">{t("limits.none")}</p>}
    </>
  );
}

/** What it is meant to do; where the settings do not tell, what it does says it. */
const intentOf = (s: Snapshot): string =>
  s.settings?.intent ?? (s.state === "paused" ? "pause" : s.state === "sleeping" ? "sleep" : "hash");

function Run({ s, allowed }: { s: Snapshot; allowed: boolean }): JSX.Element {
  const [question, ask] = useState<Question | null>(null);
  const job = useJob();
  const intent = intentOf(s);
  const stop = (name: "pause" | "sleep") => ask({
    title: t(`run.${name}_title`), body: t(`run.${name}_body`), action: t(`run.${name}`), danger: true, run: () => command({ command: name }),
  });
  const again = intent === "sleep" ? "wake" : "resume";
  return (
    <Card title={t("run.title")} aside={<Pill kind="state" state={s.state} />}>
      <p class="soft">{t(intent === "pause" ? "run.is_paused" : intent === "sleep" ? "run.is_asleep" : "run.is_hashing")}</p>
      <Trouble error={job.error} />
      <div class="buttons start">
        {intent !== "hash" && <button type="button" class="button primary" disabled={!allowed || job.busy} onClick={() => void job.run(() => command({ command: again }))}>{t(`run.${again}`)}</button>}
        {intent !== "pause" && <button type="button" class="button" disabled={!allowed} onClick={() => stop("pause")}>{t("run.pause")}</button>}
        {intent !== "sleep" && <button type="button" class="button" disabled={!allowed} onClick={() => stop("sleep")}>{t("run.sleep")}</button>}
      </div>
      {question && <Confirm question={question} onClose={() => ask(null)} />}
    </Card>
  );
}

function Find({ s }: { s: Snapshot }): JSX.Element {
  const job = useJob();
  const allowed = mayChange(state.session);
  return (
    <Card title={t("locate.title")}>
      <p class="soft">{t(s.locating ? "locate.on" : "locate.off")}</p>
      <Trouble error={job.error} />
      <div class="buttons start">
        <button type="button" class="button" aria-pressed={s.locating} disabled={!allowed || job.busy} onClick={() => void job.run(() => command({ command: "locate", on: !s.locating }))}>
          {t(s.locating ? "locate.stop" : "locate.start")}
        </button>
      </div>
    </Card>
  );
}

/** A number with its range, its default and what holds now. */
function NumberSetting(props: {
  id: string; label: string; setting: Setting; allowed: boolean; order: (value: number | null) => Promise<unknown>;
}): JSX.Element {
  const { setting, id } = props;
  const [typed, type] = useState("");
  const job = useJob();
  const unit = setting.unit;
  const value = Number(typed.replace(",", "."));
  const within = typed !== "" && Number.isFinite(value) && value >= setting.min && value <= setting.max;
  const give = async (wanted: number | null) => { if (await job.run(() => props.order(wanted))) type(""); };
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (within) void give(value); }}>
      <Facts rows={[
        [t("setting.in_force"), fixed(setting.in_force, 0, unit), t("setting.nothing")],
        [t("setting.yours"), known(setting.set) ? fixed(setting.set, 0, unit) : t("setting.unset")],
        [t("setting.default"), fixed(setting.default, 0, unit), t("setting.no_default")],
      ]} />
      <label class="field" for={id}><span>{props.label}</span></label>
      <div class="entry">
        <input id={id} type="text" inputMode="decimal" autocomplete="off" value={typed} disabled={!props.allowed} aria-describedby={`${id}-range`}
          aria-invalid={typed !== "" && !within} onInput={(e) => type(e.currentTarget.value)} />
        <span class="soft">{unit}</span>
        <button type="submit" class="button primary" disabled={!props.allowed || !within || job.busy}>{t("action.set")}</button>
        <button type="button" class="button" disabled={!props.allowed || !known(setting.set) || job.busy} onClick={() => void give(null)}>{t("action.default")}</button>
      </div>
      <small id={`${id}-range`} class={typed !== "" && !within ? "trouble-text" : "soft"}>{t("setting.range", { min: fixed(setting.min), max: fixed(setting.max, 0, unit) })}</small>
      <Trouble error={job.error} />
    </form>
  );
}

function Ceiling({ setting, allowed }: { setting: Setting; allowed: boolean }): JSX.Element {
  return (
    <Card title={t("ceiling.title")}>
      <p class="soft">{t("ceiling.help")}</p>
      <NumberSetting id="ceiling" label={t("ceiling.label")} setting={setting} allowed={allowed} order={(power_w) => command({ command: "power_ceiling", power_w })} />
    </Card>
  );
}

function Target({ settings, allowed }: { settings: Settings; allowed: boolean }): JSX.Element {
  return (
    <Card title={t("target.title")}>
      <p class="soft">{t("target.help")} {settings.fans.mode !== "quiet" && t("target.idle")}</p>
      <NumberSetting id="target" label={t("target.label")} setting={settings.target_temperature} allowed={allowed} order={(temp_c) => command({ command: "target_temperature", temp_c })} />
    </Card>
  );
}

function FanMode({ settings, allowed }: { settings: Settings; allowed: boolean }): JSX.Element {
  const { fans } = settings;
  const [picked, pick] = useState<string | null>(null);
  const [duty, setDuty] = useState<number | null>(null);
  const job = useJob();
  const mode = picked ?? fans.mode;
  const percent = duty ?? Math.round(fans.duty.in_force ?? fans.duty.max);
  const same = mode === fans.mode && (mode !== "manual" || percent === Math.round(fans.duty.in_force ?? -1));
  const apply = async () => {
    const order = mode === "manual" ? { command: "fans", mode, duty_percent: percent } : { command: "fans", mode };
    if (await job.run(() => command(order))) { pick(null); setDuty(null); }
  };
  return (
    <Card title={t("fans.title")}>
      <p class="soft">{t("fans.help")}</p>
      <fieldset class="options">
        <legend class="unseen">{t("fans.mode")}</legend>
        {fans.modes.map((name) => (
          <label key={name}>
            <input type="radio" name="fans" checked={mode === name} disabled={!allowed} onChange={() => pick(name)} />
            <span><b>{stateWord("fans", name)}</b>{name === fans.mode && <span class="soft"> {t("fans.now")}</span>}</span>
          </label>
        ))}
      </fieldset>
      {mode === "manual" && (
        <div class="entry">
          <input type="range" aria-label={t("fans.duty")} min={fans.duty.min} max={fans.duty.max} step={1} value={percent} disabled={!allowed} onInput={(e) => setDuty(Number(e.currentTarget.value))} />
          <output>{known(percent) ? fixed(percent, 0, "%") : DASH}</output>
        </div>
      )}
      <Trouble error={job.error} />
      <div class="buttons start"><button type="button" class="button primary" disabled={!allowed || same || job.busy} onClick={() => void apply()}>{t("action.set")}</button></div>
    </Card>
  );
}
