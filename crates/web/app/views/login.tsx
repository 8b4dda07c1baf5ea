// Set-up of a machine that nobody owns yet, and login.

import type { JSX } from "preact";
import { command } from "../api.ts";
import { Trouble, useJob } from "../parts/dialog.tsx";
import { claim, login, type FirstPool, type Session } from "../session.ts";
import { changed, refreshSession, state } from "../store.ts";
import { chooseLanguage, language, LANGUAGES, t } from "../words.ts";
import { PASSWORD_MIN } from "./access.tsx";


export function LoginView({ session, redraw }: { session: Session; redraw: () => void }): JSX.Element {
  const job = useJob();
  const fresh = session.machine === "unclaimed";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? "").trim();
    const password = String(fields.get("password") ?? "");
    const pools: FirstPool[] = text("url") ? [{ url: text("url"), user: text("user"), ...(text("pool_password") && { password: text("pool_password") }) }] : [];
    void job.run(async () => {
      if (fresh && password !== fields.get("again")) throw new Error(t("login.differ"));
      await (fresh ? claim(password, text("name"), pools) : login(password));
      form.reset();
      await refreshSession();
    });
  };
  const kind = fresh ? "claim" : "login";
  return (
    <main id="main" class="door">
      <div class="card">
        <div class="card-head">
          <span class="brand"><span class="ingot" aria-hidden="true" />{session.name ?? t("brand")}</span>
          <select aria-label={t("system.language")} value={language()} onChange={(e) => { chooseLanguage(e.currentTarget.value); redraw(); }}>
            {LANGUAGES.map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
          </select>
        </div>
        {session.machine === "unreadable"
          ? <><h1>{t("login.unreadable")}</h1><p class="soft">{t("login.unreadable_help")}</p></>
          : <form onSubmit={submit}>
              <h1>{t(`${kind}.title`)}</h1>
              <p class="soft">{t(`${kind}.help`, { min: PASSWORD_MIN })}</p>
              {/* There is one user; what keeps passwords asks for a name. */}
              <input type="text" autocomplete="username" value="owner" hidden readOnly />
              {fresh && <label class="field"><span>{t("claim.name")}</span><input name="name" maxLength={64} autocomplete="off" /></label>}
              <label class="field"><span>{t("login.password")}</span>
                <input name="password" type="password" required autofocus minLength={fresh ? PASSWORD_MIN : undefined} autocomplete={fresh ? "new-password" : "current-password"} /></label>
              {fresh && <label class="field"><span>{t("claim.again")}</span><input name="again" type="password" required autocomplete="new-password" /></label>}
              {fresh && (
                <details>
                  <summary>{t("claim.pool")}</summary>
                  <p class="soft">{t("claim.pool_help")}</p>
                  <label class="field"><span>{t("pools.url")}</span><input name="url" inputMode="url" autocomplete="off" spellcheck={false} placeholder={"stratum+tcp://pool.example:3333"} /></label>
                  <label class="field"><span>{t("pools.user")}</span><input name="user" maxLength={512} autocomplete="off" spellcheck={false} /></label>
                  <label class="field"><span>{t("pools.password")}</span><input name="pool_password" type="password" maxLength={512} autocomplete="off" /></label>
                </details>
              )}
              <Trouble error={job.error} />
              <div class="buttons">
                {fresh && <button type="button" class="button" disabled={job.busy} onClick={() => void job.run(() => command({ command: "locate", on: true }))}>{t("locate.start")}</button>}
                {session.reads && <button type="button" class="button" onClick={() => { state.loginWanted = false; changed(); }}>{t("action.cancel")}</button>}
                <button type="submit" class="button primary" disabled={job.busy}>{t(`${kind}.do`)}</button>
              </div>
            </form>}
      </div>
    </main>
  );
}
