// What the machine and its firmware are, and how this page looks.

import type { JSX } from "preact";
import { fixed, span } from "../format.ts";
import type { Snapshot } from "../model.ts";
import { Card, Facts, Said } from "../parts/bits.tsx";
import { Trouble, useJob } from "../parts/dialog.tsx";
import { logout, type Session } from "../session.ts";
import { changed, refreshSession, state } from "../store.ts";
import { chooseTheme, theme, THEMES } from "../theme.ts";
import { chooseLanguage, language, LANGUAGES, stateWord, t } from "../words.ts";

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
      <Card title={t("system.network")}>
        <Facts rows={[
          [t("system.address"), <Said class="mono">{location.host}</Said>],
          [t("system.encrypted"), t(location.protocol === "https:" ? "system.yes" : "system.no")],
          [t("system.addresses"), "–", t("system.network_unknown")],
        ]} />
        <p class="links">
          <a href="/api/v1/status">{t("system.status")}</a>
          <a href="/api/v1/openapi.json">{t("system.description")}</a>
          <a href="/metrics">{t("system.metrics")}</a>
        </p>
      </Card>
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

function Access({ session }: { session: Session }): JSX.Element {
  const job = useJob();
  return (
    <Card title={t("access.title")}>
      <Facts rows={[
        [t("access.who"), <Said>{session.who}</Said>],
        [t("access.scope"), session.scope ? <Said class="mono">{session.scope}</Said> : "–", t("access.no_scope")],
      ]} />
      <Trouble error={job.error} />
      <div class="buttons start">
        {session.csrf
          ? <button type="button" class="button" disabled={job.busy} onClick={() => void job.run(async () => { await logout(); await refreshSession(); })}>{t("access.logout")}</button>
          : session.machine !== "unreadable" && <button type="button" class="button" onClick={() => { state.loginWanted = true; changed(); }}>{t(session.machine === "unclaimed" ? "access.claim" : "access.login")}</button>}
      </div>
    </Card>
  );
}
