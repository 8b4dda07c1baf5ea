import assert from "node:assert/strict";
import { test } from "node:test";
import { History, type Past, type Series } from "../../app/history.ts";
import type { Snapshot } from "../../app/model.ts";

const at = (uptime_s: number, of: object = {}) =>
  ({ uptime_s, temperatures: [], power_w: null, hashrate_ths: { s5: uptime_s, m1: null, m15: null, h1: null, nominal: 10 }, ...of }) as unknown as Snapshot;
const past = (of: Partial<Past> = {}): Past =>
  ({ uptime_s: 103.5, step_s: 1, from_s: 100, rows: 3, series: { rate_ths: [1, null, 3], nominal_ths: [10, 10, 10], power_w: [null, null, null] }, chains: [], ...of });
const values = (history: History, name: Series) => history.rows.map((row) => row.values[name] ?? null);

test("what comes goes on where the miner's past ends", () => {
  const history = new History();
  history.load(past(), 1_000_103.5);
  assert.equal(history.add(at(103.75), 1_000_103.75), true);
  assert.equal(history.add(at(104.75), 1_000_104.75), true);
  assert.deepEqual(values(history, "rate"), [1, null, 3, 103.75, 104.75]);
  const [times, rates] = history.columns(["rate"]);
  // By this browser's clock; the last row reaches to now.
  assert.deepEqual(times, [1_000_100, 1_000_101, 1_000_102, 1_000_103, 1_000_104.75]);
  assert.deepEqual(rates, [1, null, 3, 103.75, 104.75]);
});

test("snapshots of one step are one row: means, and the worst heat", () => {
  const history = new History(3600);
  history.load(past({ uptime_s: 120, step_s: 10, from_s: 100, rows: 2, series: {}, chains: [] }), 120);
  const hot = (temp_c: number) => ({ temperatures: [{ place: "board 0 chip 1", temp_c }, { place: "chain 1 chip 2", temp_c: 20 }, { place: "board 0 outlet 1", temp_c: 50 }] });
  for (const [second, temp] of [[120.5, 60], [121.5, 80], [122.5, 70]] as const) history.add(at(second, hot(temp)), second);
  assert.deepEqual(values(history, "rate"), [null, null, 121.5]);
  assert.deepEqual(values(history, "chip"), [null, null, 80]);
  assert.deepEqual(values(history, "board"), [null, null, 50]);
  assert.deepEqual(values(history, "power"), [null, null, null]);
});

test("the hottest of all chains is one line", () => {
  const history = new History();
  history.load(past({ chains: [{ slot: 0, chain_board_c: [40, null, null], chain_chip_c: [60, 61, null] }, { slot: 1, chain_board_c: [45, null, 30], chain_chip_c: [50, 70, null] }] }), 0);
  assert.deepEqual(values(history, "board"), [45, null, 30]);
  assert.deepEqual(values(history, "chip"), [60, 70, null]);
});

test("what is missing is a gap, and the miner is asked for it", () => {
  const history = new History();
  assert.equal(history.add(at(1), 1), false, "nothing is known of before");
  assert.equal(history.add(at(2), 2), true);
  assert.equal(history.add(at(2), 2.5), true);
  assert.equal(history.add(at(30), 30), false);
  assert.deepEqual(values(history, "rate"), [1, 2, null, 30]);
  // An older answer that comes late changes nothing.
  assert.equal(history.add(at(28), 31), true);
  assert.deepEqual(values(history, "rate"), [1, 2, null, 30]);
  // Another process begins anew.
  assert.equal(history.add(at(0.5), 40), false);
  assert.deepEqual(values(history, "rate"), [0.5]);
});

test("no range keeps more rows than it has steps", () => {
  const history = new History(600);
  for (let second = 0; second < 5000; second++) history.add(at(second), second);
  assert.ok(history.rows.length <= 602, String(history.rows.length));
  assert.equal(history.rows[0]!.at, 4399);
});

test("numbers for people who read them are few and end with the last", () => {
  const history = new History();
  for (let second = 0; second < 100; second++) history.add(at(second), second);
  const shown = history.sampled(12);
  assert.ok(shown.length <= 12 && shown.length >= 10);
  assert.equal(shown[shown.length - 1]!.at, 99);
  assert.deepEqual(history.extent("rate"), { low: 0, high: 99, now: 99 });
  assert.equal(history.extent("power"), null);
});
