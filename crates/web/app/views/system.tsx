// What the machine and its firmware are, and how this page looks.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { DASH, fixed, span } from "../format.ts";
import type { Snapshot } from "../model.ts";
import { https, network, restart, type Https, type Network } from "../owner.ts";
import { Card, Facts, Said } from "../parts/bits.tsx";
import { Confirm, type Question } from "../parts/dialog.tsx";
import { mayChange } from "../session.ts";
import { changed, state } from "../store.ts";
import { chooseTheme, theme, THEMES } from "../theme.ts";
import { chooseLanguage, language, LANGUAGES, stateWord, t } from "../words.ts";
import { Access } from "./access.tsx";

export function SystemView({ s }: { s: Snapshot }): JSX.Element {
  const m = s.machine;
  return (
    <div class="grid even">
      <Card title={t("system.machine")}>
        <Facts rows={[
          [t("system.name"), <Said>{m.name}</Said>],
          [t("system.model"), <Said class="mono">{m.model}</Said>],
          [t("system.backend"), <Said class="mono">{m.backend}</Said>],
          [t("system.emulated"), t(m.emulated ? "system.is_emulated" : "system.is_real")],
          [t("system.bits"), fixed(m.difficulty_bits)],
          [t("system.boards"), fixed(s.chains.length)],
        ]} />
        <Reboot />
      </Card>
      <Card title={t("system.firmware")}>
        <Facts rows={[
          [t("system.version"), <Said>Stannary {m.firmware}</Said>],
          [t("system.uptime"), span(s.uptime_s)],
          [t("system.clock"), stateWord("clock", s.clock.quality)],
          [t("system.clock_source"), s.clock.source ? <Said class="mono">{s.clock.source}</Said> : "–", t("system.clock_unknown")],
          [t("system.seq"), fixed(s.seq)],
        ]} />
      </Card>
      <NetworkCard />
      <Card title={t("system.page")}>
        <div class="field"><label for="language">{t("system.language")}</label>
          <select id="language" value={language()} onChange={(e) => { chooseLanguage(e.currentTarget.value); changed(); }}>
            {LANGUAGES.map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
          </select></div>
        <fieldset class="choice">
          <legend>{t("theme.label")}</legend>
          {THEMES.map((name) => (
            <label key={name}>
              <input type="radio" name="theme" checked={theme() === name} onChange={() => { chooseTheme(name); changed(); }} />
              <span>{t(`theme.${name}`)}</span>
            </label>
          ))}
        </fieldset>
        <p class="soft">{t("system.kept")}</p>
      </Card>
      {state.session && <Access session={state.session} />}
    </div>
  );
}

/** What the computer says of its network, and how its certificate is known. Its image sets it. */
function NetworkCard(): JSX.Element {
  const [found, setFound] = useState<Network | null>(null);
  const [tls, setTls] = useState<Https | null>(null);
  useEffect(() => {
    // Whoever may not look sees dashes.
    network().then(setFound, () => undefined);
    https().then(setTls, () => undefined);
  }, []);
  const list = (texts: string[] | undefined) => (texts?.length ? <Said class="mono">{texts.join(", ")}</Said> : DASH);
  const one = (text: string | null | undefined) => (text ? <Said class="mono">{text}</Said> : DASH);
  return (
    <Card title={t("system.network")}>
      <Facts rows={[
        [t("system.address"), <Said class="mono">{location.host}</Said>],
        [t("system.encrypted"), t(location.protocol === "https:" ? "system.yes" : "system.no")],
        [t("system.host"), one(found?.host_name), t("system.network_unknown")],
        [t("system.addresses"), list(found?.addresses), t("system.network_unknown")],
        [t("system.gateway"), one(found?.gateway), t("system.network_unknown")],
        [t("system.name_servers"), list(found?.name_servers), t("system.network_unknown")],
        [t("system.mac"), one(found?.mac && `${found.interface ?? ""} ${found.mac}`.trim()), t("system.network_unknown")],
        ...(tls?.certificate_sha256 ? [[t("system.certificate"), <Said class="mono wrap">{tls.certificate_sha256}</Said>] as [string, JSX.Element]] : []),
      ]} />
      <p class="links">
        <a href="/api/v1/status">{t("system.status")}</a>
        <a href="/api/v1/openapi.json">{t("system.description")}</a>
        <a href="/metrics">{t("system.metrics")}</a>
      </p>
    </Card>
  );
}

function Reboot(): JSX.Element {
  const [question, ask] = useState<Question | null>(null);
  const reboot = () => ask({ title: t("reboot.title"), body: t("reboot.body"), action: t("reboot.do"), danger: true, run: restart });
  return (
    <div class="buttons start">
      <button type="button" class="button danger-quiet" disabled={!mayChange(state.session)} onClick={reboot}>{t("reboot.do")}</button>
      {question && <Confirm question={question} onClose={() => ask(null)} />}
    </div>
  );
}
