// Groups of pools: who has how much of the hashrate, and which group a pool is in.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { changePools } from "../api.ts";
import { fixed } from "../format.ts";
import { DEFAULT_GROUP, groupsOf, leftOf, type PoolGroup, type Snapshot } from "../model.ts";
import { Card } from "../parts/bits.tsx";
import { Trouble, useJob } from "../parts/dialog.tsx";
import { t } from "../words.ts";

const LEAST = 0.01;
const NAME_MAX = 64;

export const percent = (value: number): string => fixed(value, Number.isInteger(value) ? 0 : 2, "%");

/** The groups that there are to choose from. The default one is the empty value where `plain` is set. */
export function GroupOptions({ groups, plain = false }: { groups: PoolGroup[]; plain?: boolean }): JSX.Element {
  return (
    <>
      {groupsOf(groups).sort((a, b) => Number(b.name === DEFAULT_GROUP) - Number(a.name === DEFAULT_GROUP)).map(({ name, percent: quota, left }) => (
        <option key={name} value={plain && name === DEFAULT_GROUP ? "" : name}>{left ? t("pools.group_left", { group: name, percent: percent(quota) }) : `${name} (${percent(quota)})`}</option>
      ))}
    </>
  );
}

export function Groups({ s, allowed }: { s: Snapshot; allowed: boolean }): JSX.Element {
  const job = useJob();
  const [edits, setEdits] = useState<Record<string, string>>({});
  const [name, setName] = useState("");
  const [quota, setQuota] = useState("");
  const edited = (group: PoolGroup) => edits[group.name] ?? String(group.quota_percent);
  const changed = s.pool_groups.filter((group) => Number(edited(group)) !== group.quota_percent);
  const wanted = s.pool_groups.map((group) => Number(edited(group)));
  const all = name || quota ? [...wanted, Number(quota)] : wanted;
  const left = leftOf(all);
  const sound = all.every((value) => value >= LEAST && value <= 100) && left >= 0;
  const ready = sound && (changed.length > 0 || (name.trim() !== "" && quota !== ""));
  const apply = async (event: SubmitEvent) => {
    event.preventDefault();
    const quotas = changed.map((group) => ({ group: group.name, quota_percent: Number(edited(group)) }));
    if (name.trim()) quotas.push({ group: name.trim(), quota_percent: Number(quota) });
    if (!(await job.run(() => changePools({ order: "set_quotas", quotas })))) return;
    setEdits({});
    setName("");
    setQuota("");
  };
  const number = { type: "number", inputMode: "decimal", min: LEAST, max: 100, step: "any", autocomplete: "off" } as const;
  return (
    <Card title={t("groups.title")} class="groups">
      <p class="soft">{t("groups.help")}</p>
      <form onSubmit={(event) => void apply(event)}>
        {s.pool_groups.map((group) => {
          const count = s.pools.filter((pool) => pool.group === group.name).length;
          // The default group goes back to what is left; another must be empty.
          const held = count > 0 && group.name !== DEFAULT_GROUP;
          return (
            <div class="inline-form" key={group.name}>
              <label class="field"><span>{t("groups.quota", { group: group.name })}</span>
                <input {...number} required disabled={!allowed} value={edited(group)} onInput={(e) => setEdits({ ...edits, [group.name]: e.currentTarget.value })} />
                <small class="soft">{t("groups.count", { count })}</small></label>
              <button type="button" class="button danger-quiet" disabled={!allowed || job.busy || held} title={held ? t("groups.held") : undefined} aria-label={t("groups.remove_label", { group: group.name })}
                onClick={() => void job.run(() => changePools({ order: "remove_group", group: group.name }))}>{t("groups.remove")}</button>
            </div>
          );
        })}
        <div class="inline-form">
          <label class="field"><span>{t("groups.new")}</span><input disabled={!allowed} maxLength={NAME_MAX} autocomplete="off" spellcheck={false} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
          <label class="field"><span>{t("groups.new_quota")}</span><input {...number} disabled={!allowed} value={quota} onInput={(e) => setQuota(e.currentTarget.value)} /></label>
        </div>
        <p class={left < 0 ? "trouble" : "soft"} role="status">{left < 0 ? t("groups.over", { percent: percent(100 - left) }) : t("groups.left", { percent: percent(left) })}</p>
        <Trouble error={job.error} />
        <div class="buttons"><button type="submit" class="button" disabled={!allowed || job.busy || !ready}>{t("groups.apply")}</button></div>
      </form>
    </Card>
  );
}
