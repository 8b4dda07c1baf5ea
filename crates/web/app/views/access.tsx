// Who may do what, for the owner: password, tokens, old clients, and who changed what.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { moment } from "../format.ts";
import { addToken, changePassword, changes, legacy, revokeToken, SCOPES, setLegacy, tokens, type Change, type Legacy, type Token } from "../owner.ts";
import { Card, Facts, Said } from "../parts/bits.tsx";
import { Confirm, Dialog, Trouble, useJob, type Question } from "../parts/dialog.tsx";
import { isAdmin, logout, type Session } from "../session.ts";
import { changed, refreshSession, state } from "../store.ts";
import { t } from "../words.ts";

/** The least that the miner takes. */
export const PASSWORD_MIN = 8;
/** Of the list of changes. */
const CHANGES_SHOWN = 50;

export function Access({ session }: { session: Session }): JSX.Element {
  const job = useJob();
  const [password, setPassword] = useState(false);
  return (
    <>
      <Card title={t("access.title")}>
        <Facts rows={[
          [t("access.who"), <Said>{session.who}</Said>],
          [t("access.scope"), session.scope ? <Said class="mono">{session.scope}</Said> : "–", t("access.no_scope")],
        ]} />
        <Trouble error={job.error} />
        <div class="buttons start">
          {session.csrf
            ? <>
                <button type="button" class="button" disabled={job.busy} onClick={() => void job.run(async () => { await logout(); await refreshSession(); })}>{t("access.logout")}</button>
                <button type="button" class="button" onClick={() => setPassword(true)}>{t("access.password")}</button>
              </>
            : session.machine !== "unreadable" && <button type="button" class="button" onClick={() => { state.loginWanted = true; changed(); }}>{t(session.machine === "unclaimed" ? "access.claim" : "access.login")}</button>}
        </div>
        {password && <NewPassword onClose={() => setPassword(false)} />}
      </Card>
      {isAdmin(session) && <><Tokens /><OldClients /><Changes /></>}
    </>
  );
}

function NewPassword({ onClose }: { onClose: () => void }): JSX.Element {
  const job = useJob();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(fields.get(name) ?? "");
    const done = await job.run(async () => {
      if (text("new") !== text("again")) throw new Error(t("login.differ"));
      await changePassword(text("current"), text("new"));
    });
    if (done) onClose();
  };
  return (
    <Dialog title={t("access.password")} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p class="soft">{t("password.help")}</p>
        <input type="text" autocomplete="username" value="owner" hidden readOnly />
        <label class="field"><span>{t("password.current")}</span><input name="current" type="password" required autofocus autocomplete="current-password" /></label>
        <label class="field"><span>{t("password.new")}</span><input name="new" type="password" required minLength={PASSWORD_MIN} autocomplete="new-password" /></label>
        <label class="field"><span>{t("claim.again")}</span><input name="again" type="password" required autocomplete="new-password" /></label>
        <Trouble error={job.error} />
        <div class="buttons">
          <button type="button" class="button" onClick={onClose}>{t("action.cancel")}</button>
          <button type="submit" class="button primary" disabled={job.busy}>{t("password.do")}</button>
        </div>
      </form>
    </Dialog>
  );
}

function Tokens(): JSX.Element {
  const job = useJob();
  const [all, setAll] = useState<Token[] | null>(null);
  const [made, setMade] = useState<Token | null>(null);
  const [question, ask] = useState<Question | null>(null);
  const look = async () => setAll(await tokens());
  useEffect(() => void job.run(look), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    await job.run(async () => {
      setMade(await addToken(String(fields.get("name") ?? ""), String(fields.get("scope") ?? "")));
      form.reset();
      await look();
    });
  };
  const revoke = ({ name }: Token) => ask({
    title: t("tokens.revoke_title"), body: t("tokens.revoke_body", { name }), action: t("tokens.revoke"), danger: true,
    run: async () => { await revokeToken(name); await look(); },
  });
  return (
    <Card title={t("tokens.title")}>
      <p class="soft">{t("tokens.help")}</p>
      {all !== null && !all.length && <p class="why">{t("tokens.none")}</p>}
      {all !== null && all.length > 0 && (
        <table>
          <thead><tr><th scope="col">{t("tokens.name")}</th><th scope="col">{t("tokens.scope")}</th><th scope="col">{t("tokens.used")}</th><th scope="col"><span class="unseen">{t("tokens.revoke")}</span></th></tr></thead>
          <tbody>
            {all.map((token) => (
              <tr key={token.name}>
                <td><Said class="mono">{token.name}</Said></td>
                <td><Said class="mono">{token.scope}</Said></td>
                <td>{moment(token.last_used_s)}</td>
                <td><button type="button" class="button danger-quiet" aria-label={t("tokens.revoke_label", { name: token.name })} onClick={() => revoke(token)}>{t("tokens.revoke")}</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <form class="inline-form" onSubmit={(event) => void submit(event)}>
        <label class="field"><span>{t("tokens.name")}</span><input name="name" required maxLength={63} pattern="[A-Za-z0-9][A-Za-z0-9\-]*" autocomplete="off" spellcheck={false} /></label>
        <label class="field"><span>{t("tokens.scope")}</span>
          <select name="scope">{SCOPES.map((scope) => <option key={scope} value={scope}>{t(`scope.${scope}`)}</option>)}</select></label>
        <button type="submit" class="button" disabled={job.busy}>{t("tokens.make")}</button>
      </form>
      <Trouble error={job.error} />
      {question && <Confirm question={question} onClose={() => ask(null)} />}
      {made?.token && <Secret title={t("tokens.made", { name: made.name })} secret={made.token} onClose={() => setMade(null)} />}
    </Card>
  );
}

/** Shown this once. */
function Secret({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }): JSX.Element {
  return (
    <Dialog title={title} onClose={onClose}>
      <label class="field"><span>{t("secret.once")}</span><input class="mono" readOnly value={secret} onFocus={(e) => e.currentTarget.select()} /></label>
      <div class="buttons"><button type="button" class="button primary" onClick={onClose}>{t("secret.done")}</button></div>
    </Dialog>
  );
}

const ALLOWS = ["off", "read", "write"] as const;

function OldClients(): JSX.Element {
  const job = useJob();
  const [now, setNow] = useState<Legacy | null>(null);
  useEffect(() => void job.run(async () => setNow(await legacy())), []);
  const set = (allow: string, renew: boolean) => void job.run(async () => setNow(await setLegacy(allow, renew)));
  return (
    <Card title={t("old.title")}>
      <p class="soft">{t("old.help")}</p>
      <fieldset class="choice" disabled={!now || job.busy}>
        <legend>{t("old.may")}</legend>
        {ALLOWS.map((allow) => (
          <label key={allow}>
            <input type="radio" name="old" checked={now?.allow === allow} onChange={() => set(allow, false)} />
            <span>{t(`old.${allow}`)}</span>
          </label>
        ))}
      </fieldset>
      {now && now.allow !== "off" && (
        <div class="buttons start"><button type="button" class="button" disabled={job.busy} onClick={() => set(now.allow, true)}>{t("old.renew")}</button></div>
      )}
      <Trouble error={job.error} />
      {now?.password && <Secret title={t("old.made", { user: now.user })} secret={now.password} onClose={() => setNow({ ...now, password: null })} />}
    </Card>
  );
}

function Changes(): JSX.Element {
  const job = useJob();
  const [all, setAll] = useState<Change[] | null>(null);
  const look = () => void job.run(async () => setAll((await changes()).reverse()));
  return (
    <Card title={t("changes.title")}>
      <p class="soft">{t("changes.help")}</p>
      <div class="buttons start"><button type="button" class="button" disabled={job.busy} onClick={look}>{t(all ? "changes.again" : "changes.show")}</button></div>
      <Trouble error={job.error} />
      {all && (
        <ol class="changes" lang="en">
          {all.slice(0, CHANGES_SHOWN).map((change) => (
            <li key={change.serial}>
              <b>{change.what}</b> <span class="soft">{moment(change.at_s)} · {change.who} · {change.from}</span>
              {(change.before ?? change.after) && <span class="mono clip">{change.before ?? "–"} → {change.after ?? "–"}</span>}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
