// Pools in their order, with the account of each; add, remove, order, enable, disable, move to a group.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { changePools } from "../api.ts";
import { testPool, type PoolTest } from "../owner.ts";
import { DASH, fixed, large, rate, span } from "../format.ts";
import { known, type Pool, type PoolGroup, type Snapshot } from "../model.ts";
import { Facts, Pill, Said } from "../parts/bits.tsx";
import { Confirm, Dialog, Trouble, useJob, type Question } from "../parts/dialog.tsx";
import { Icon } from "../parts/icons.tsx";
import { mayChange } from "../session.ts";
import { state } from "../store.ts";
import { t, type Key } from "../words.ts";
import { GroupOptions, Groups, percent } from "./groups.tsx";

export function PoolsView({ s }: { s: Snapshot }): JSX.Element {
  const [question, ask] = useState<Question | null>(null);
  const [adding, setAdding] = useState(false);
  const job = useJob();
  const allowed = mayChange(state.session);
  return (
    <>
      <div class="bar">
        <p class="soft">{t("pools.order")}</p>
        <button type="button" class="button primary" disabled={!allowed} onClick={() => setAdding(true)}><Icon name="plus" />{t("pools.add")}</button>
      </div>
      <Trouble error={job.error} />
      {!s.pools.length && <p class="why">{t("pools.none")}</p>}
      <ol class="pools">
        {s.pools.map((pool, place) => (
          <PoolCard key={pool.id} pool={pool} groups={s.pool_groups} place={place} last={s.pools.length - 1} disabled={!allowed || job.busy} ask={ask}
            order={(order) => void job.run(() => changePools({ pool: pool.id, ...order }))} />
        ))}
      </ol>
      <Groups s={s} allowed={allowed} />
      {question && <Confirm question={question} onClose={() => ask(null)} />}
      {adding && <AddPool groups={s.pool_groups} onClose={() => setAdding(false)} />}
    </>
  );
}

interface CardProps {
  pool: Pool;
  groups: PoolGroup[];
  place: number;
  last: number;
  disabled: boolean;
  ask: (question: Question) => void;
  order: (order: Record<string, unknown>) => void;
}

function PoolCard({ pool, groups, place, last, disabled, ask, order }: CardProps): JSX.Element {
  const named = { url: pool.url };
  const stops = pool.active ? ` ${t("pools.gives_work")}` : "";
  const disable = () => ask({
    title: t("pools.disable_title"), body: t("pools.disable_body", named) + stops, action: t("pools.disable"), danger: pool.active,
    run: () => changePools({ order: "disable", pool: pool.id }),
  });
  const remove = () => ask({
    title: t("pools.remove_title"), body: t("pools.remove_body", named) + stops, action: t("pools.remove"), danger: true,
    run: () => changePools({ order: "remove", pool: pool.id }),
  });
  return (
    <li class={`card pool ${pool.enabled ? "" : "off"}`}>
      <div class="card-head">
        <span class="place" aria-hidden="true">{place + 1}</span>
        <div class="clip grow">
          <h2 class="mono" lang="en">{pool.url}</h2>
          <p class="soft"><Said>{pool.user}</Said>{groups.length > 0 && <> · <Said>{pool.group}</Said> {percent(pool.quota_percent)}</>}</p>
        </div>
        <Pill kind="pool" state={pool.enabled ? pool.state : "disabled"} />
      </div>
      {pool.last_error && !pool.active && <p class="trouble"><Said>{pool.last_error}</Said></p>}
      <Account pool={pool} />
      <div class="buttons">
        {groups.length > 0 && (
          <select class="group" aria-label={t("pools.group_label", named)} disabled={disabled} value={pool.group} onChange={(e) => order({ order: "move_to_group", group: e.currentTarget.value })}>
            <GroupOptions groups={groups} />
          </select>
        )}
        <button type="button" class="button quiet" disabled={disabled || place === 0} aria-label={t("pools.up_label", named)}
          onClick={() => order({ order: "move", place: place - 1 })}><Icon name="up" />{t("pools.up")}</button>
        <button type="button" class="button quiet" disabled={disabled || place === last} aria-label={t("pools.down_label", named)}
          onClick={() => order({ order: "move", place: place + 1 })}><Icon name="down" />{t("pools.down")}</button>
        {pool.enabled
          ? <button type="button" class="button" disabled={disabled} aria-label={t("pools.disable_label", named)} onClick={disable}>{t("pools.disable")}</button>
          : <button type="button" class="button" disabled={disabled} aria-label={t("pools.enable_label", named)} onClick={() => order({ order: "enable" })}>{t("pools.enable")}</button>}
        <button type="button" class="button danger-quiet" disabled={disabled} aria-label={t("pools.remove_label", named)} onClick={remove}>{t("pools.remove")}</button>
      </div>
    </li>
  );
}

const REJECTS = ["duplicate", "low_difficulty", "user", "not_subscribed", "version", "time", "other"] as const;

function Account({ pool }: { pool: Pool }): JSX.Element {
  const why = REJECTS.filter((name) => pool.rejects[name]).map((name) => `${t(`rejects.${name}` as Key)} ${fixed(pool.rejects[name])}`);
  const rejected = known(pool.rejected_percent) ? `${fixed(pool.rejected)} (${fixed(pool.rejected_percent, 2, "%")})` : fixed(pool.rejected);
  const latency = pool.latency ? `${fixed(pool.latency.p50_ms, 1)} / ${fixed(pool.latency.p99_ms, 1, "ms")}` : DASH;
  return (
    <>
      <Facts class="inline" rows={[
        [t("shares.accepted"), fixed(pool.accepted)],
        [t("shares.rejected"), rejected],
        [t("shares.stale"), fixed(pool.stale)],
        [t("shares.lost"), fixed(pool.lost)],
        [t("pools.last_share"), known(pool.last_share_s) ? t("decisions.ago", { ago: span(pool.last_share_s) }) : DASH, t("pools.no_share")],
        [t("pools.difficulty"), large(pool.difficulty), t("pools.no_session")],
        [t("pools.best"), large(pool.best_share), t("pools.no_share")],
        [t("pools.credited"), rate(pool.credited_ths, "TH/s"), t("pools.no_minute")],
        [t("pools.latency"), latency, t("pools.no_share")],
        ...(known(pool.estimated_sat_per_day) && pool.estimated_sat_per_day >= 1 ? [[t("pools.estimate"), t("pools.sat", { sat: fixed(pool.estimated_sat_per_day) })] as [string, string]] : []),
        ...(pool.node ? [[t("pools.node"), t("pools.node_at", { chain: pool.node.chain ?? DASH, height: fixed(pool.node.height) })] as [string, string]] : []),
      ]} />
      {why.length > 0 && <p class="soft">{t("pools.rejected_for")} {why.join(" · ")}</p>}
    </>
  );
}

function AddPool({ groups, onClose }: { groups: PoolGroup[]; onClose: () => void }): JSX.Element {
  const job = useJob();
  const [tested, setTested] = useState<PoolTest | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const filled = () => {
    const fields = new FormData(form.current ?? undefined);
    return (name: string) => String(fields.get(name) ?? "").trim();
  };
  const test = () => {
    const text = filled();
    setTested(null);
    if (form.current?.reportValidity()) void job.run(async () => setTested(await testPool(text("url"), text("user"), text("password"))));
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const text = filled();
    const order: Record<string, unknown> = { order: "add", url: text("url"), user: text("user") };
    // What is left empty is left to the miner.
    for (const name of ["password", "group"]) if (text(name)) order[name] = text(name);
    if (text("first")) order.place = 0;
    if (await job.run(() => changePools(order))) onClose();
  };
  return (
    <Dialog title={t("pools.add_title")} onClose={onClose}>
      <form ref={form} onSubmit={submit}>
        <label class="field"><span>{t("pools.url")}</span>
          <input name="url" type="text" inputMode="url" required autofocus autocomplete="off" spellcheck={false} placeholder={"stratum+tcp://pool.example:3333"} aria-describedby="url-help" />
          <small id="url-help" class="soft">{t("pools.url_help")}</small></label>
        <label class="field"><span>{t("pools.user")}</span><input name="user" required maxLength={512} autocomplete="off" spellcheck={false} /></label>
        <label class="field"><span>{t("pools.password")}</span><input name="password" type="password" maxLength={512} autocomplete="off" /></label>
        {groups.length > 0 && <label class="field"><span>{t("pools.group")}</span><select name="group"><GroupOptions groups={groups} plain /></select></label>}
        <label class="check"><input name="first" type="checkbox" value="1" />{t("pools.first")}</label>
        <Trouble error={job.error} />
        <Tested test={tested} busy={job.busy} />
        <div class="buttons">
          <button type="button" class="button" disabled={job.busy} onClick={test}>{t("pools.test")}</button>
          <button type="button" class="button" onClick={onClose}>{t("action.cancel")}</button>
          <button type="submit" class="button primary" disabled={job.busy}>{t("pools.add")}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** How far a connection came, in words; empty from the start, so that what appears in it is read out. */
function Tested({ test, busy }: { test: PoolTest | null; busy: boolean }): JSX.Element {
  return (
    <div role="status">
      {busy && <p class="soft">{t("pools.busy")}</p>}
      {test && (
        <p class={test.ok ? "tested good" : "tested bad"}>
          <b>{t(`tested.${test.reached}` as Key)}</b>{" "}
          <span class="soft">{fixed(test.took_ms, 0, "ms")}</span>
          {test.detail && <span lang="en"> {test.detail} {test.code && <code>{test.code}</code>} {test.remedy}</span>}
        </p>
      )}
    </div>
  );
}
