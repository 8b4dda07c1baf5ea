// The page's numbers against those of the other interfaces, at one and the same snapshot.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { demo, until } from "./miner.mjs";
import { DESK, openBrowser, Reader } from "./reader.mjs";

let browser;
let miner;

before(async () => {
  [browser, miner] = await Promise.all([openBrowser(), demo("antminer-s19-pro")]);
  await miner.is("an accepted share, and sensors", (s) => s.shares.accepted > 0 && s.temperatures.some((t) => t.temp_c !== null));
});

after(async () => {
  await browser?.close();
  await miner?.remove();
});

/** All that is shown, in one turn of the page: nothing is drawn between. */
const shown = (page) => page.evaluate(() => {
  const text = (node) => node?.textContent.replaceAll(/[\u202f\u00a0]/g, " ").trim() ?? null;
  const card = (name) => document.querySelector(`section[aria-label="${name}"]`);
  const facts = (name) => Object.fromEntries([...(card(name)?.querySelectorAll("dl > div, dl > dt") ?? [])].map((row) => row.tagName === "DT"
    ? [text(row), text(row.nextElementSibling)] : [text(row.querySelector("dt")), text(row.querySelector("dd"))]));
  const table = (name) => [...(card(name)?.querySelectorAll("table:not(details table) tbody tr") ?? [])].map((row) => [...row.children].map(text));
  return {
    seq: Number(document.querySelector("main").dataset.seq),
    rate: { figure: text(card("Hashrate")?.querySelector(".figure")), windows: facts("Hashrate") },
    power: { figure: text(card("Power at the wall")?.querySelector(".figure")), facts: facts("Power at the wall") },
    shares: facts("Shares"),
    fans: table("Fans"),
    heat: table("Temperatures"),
  };
});

const DASH = "–";
const fixed = (value, digits, unit = "") => value === null || value === undefined ? DASH
  : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) + unit;
const rate = (value) => fixed(value, value < 10 ? 2 : value < 1000 ? 1 : 0);

/** The value of a sample; `null` where there is none. */
function sample(metrics, name, label = "") {
  const line = metrics.split("\n").find((l) => l.startsWith(name + (label && "{")) && l.includes(label));
  return line ? Number(line.slice(line.lastIndexOf(" ") + 1)) : null;
}

function checkMetrics(s, metrics) {
  const pairs = [["stannary_snapshots_total ", "", s.seq], ["stannary_uptime_seconds ", "", s.uptime_s], ["stannary_power_watts ", "", s.power_w],
    ["stannary_efficiency_joules_per_terahash ", "", s.efficiency_j_per_th], ["stannary_hw_errors_total ", "", s.shares.hw_errors]];
  for (const [window, key] of [["5s", "s5"], ["1m", "m1"], ["15m", "m15"], ["1h", "h1"], ["nominal", "nominal"]]) {
    pairs.push(["stannary_hashrate_terahashes_per_second", `window="${window}"`, s.hashrate_ths[key]]);
  }
  for (const name of ["accepted", "rejected", "stale", "duplicate", "lost"]) pairs.push(["stannary_shares_total", `outcome="${name}"`, s.shares[name]]);
  for (const t of s.temperatures) pairs.push(["stannary_temperature_celsius", `place="${t.place}"`, t.temp_c]);
  s.fans.forEach((fan, i) => pairs.push(["stannary_fan_rpm", `fan="${i}"`, fan.rpm], ["stannary_fan_duty_percent", `fan="${i}"`, fan.duty_percent]));
  for (const [name, label, value] of pairs) assert.equal(sample(metrics, name, label), value, name + label);
}

function checkPage(s, page) {
  const h = s.hashrate_ths;
  assert.equal(page.rate.figure, `${rate(h.s5 ?? h.m1 ?? h.m15 ?? h.h1)}TH/s`);
  assert.deepEqual(page.rate.windows, { "5 s": rate(h.s5), "1 min": rate(h.m1), "15 min": rate(h.m15), "1 h": rate(h.h1), Nominal: rate(h.nominal) });
  assert.equal(page.power.figure, `${fixed(s.power_w, 0)}W`);
  const facts = Object.values(page.power.facts);
  const [efficiency, output, voltage, ceiling] = facts;
  const starts = (found, wanted) => assert.ok(found.startsWith(wanted), `${found}, not ${wanted}`);
  starts(efficiency, fixed(s.efficiency_j_per_th, 1, " J/TH"));
  starts(output, fixed(s.psu.power_w, 0, " W"));
  starts(voltage, fixed(s.psu.voltage_mv === null ? null : s.psu.voltage_mv / 1000, 2, " V"));
  starts(ceiling, fixed(s.settings.power_ceiling.in_force, 0, " W"));
  const names = ["accepted", "rejected", "stale", "lost", "duplicate", "hw_errors", "in_flight", "blocks"];
  assert.deepEqual(Object.values(page.shares), names.map((name) => fixed(s.shares[name], 0)));
  assert.deepEqual(page.fans, s.fans.map((fan, i) => [`${i}`, fixed(fan.duty_percent, 0, " %"), fixed(fan.rpm, 0, " rpm")]));
  assert.ok(page.fans.length > 0);
  const spread = (values) => {
    if (!values.length) return DASH;
    const [low, high] = [fixed(Math.min(...values), 0), fixed(Math.max(...values), 0)];
    return `${low === high ? high : `${low}–${high}`} °C`;
  };
  for (const [slot] of s.chains.entries()) {
    const own = s.temperatures.filter((t) => t.place.startsWith(`board ${slot} `) && t.temp_c !== null);
    const chip = (t) => t.place.startsWith(`board ${slot} chip`);
    const [, board, chips] = page.heat.find(([name]) => name.startsWith(`Board ${slot}`));
    assert.equal(board, spread(own.filter((t) => !chip(t)).map((t) => t.temp_c)), `board ${slot}`);
    assert.equal(chips, spread(own.filter(chip).map((t) => t.temp_c)), `chips of board ${slot}`);
  }
}

test("page, status, command line and metrics show the same of one snapshot", async () => {
  const one = await Reader.of(browser, miner.page, DESK);
  const { page } = one;
  await one.go("overview");
  await page.locator('section[aria-label="Shares"] dd').first().waitFor();
  // Each by the number of its snapshot: the page shows every fourth, some time after it was the newest, which the others tell.
  const said = { seen: new Map(), status: new Map(), cli: new Map(), metrics: new Map() };
  const moment = await until("one snapshot in all of them", async () => {
    const [seen, status, cli, metrics] = await Promise.all([shown(page), miner.status(), miner.cli("status"), miner.metrics()]);
    said.seen.set(seen.seq, seen);
    said.status.set(status.seq, status);
    said.cli.set(cli.seq, cli);
    said.metrics.set(sample(metrics, "stannary_snapshots_total "), metrics);
    const all = Object.values(said);
    const seq = [...said.seen.keys()].find((one) => all.every((of) => of.has(one)));
    return seq !== undefined && Object.fromEntries(Object.entries(said).map(([name, of]) => [name, of.get(seq)]));
  });
  assert.deepEqual(moment.cli, moment.status);
  checkMetrics(moment.status, moment.metrics);
  checkPage(moment.status, moment.seen);
  await one.close();
});
