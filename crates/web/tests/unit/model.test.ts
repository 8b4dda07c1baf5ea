import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acceptedPercent, domains, earning, errorClass, groupsOf, heatGroups, hottest, leftOf, ofNominal, presentRate, rateClass, reasonAndCode, surelyBelow,
  type Chip, type Pool, type Shares, type Snapshot,
} from "../../app/model.ts";
import { mayChange, type Session } from "../../app/session.ts";

const chip = (of: Partial<Chip>): Chip => ({ index: 0, domain: 0, nonces: 100, expected: 100, ratio_low: 0.8, ratio_high: 1.2, hw_errors: 0, ...of });
const pool = (of: Partial<Pool>): Pool => ({ active: true, last_share_s: 3, ...of }) as Pool;
const snapshot = (of: object): Snapshot => ({ state: "hashing", pools: [pool({})], temperatures: [], ...of }) as unknown as Snapshot;

test("it earns only where a pool accepted a share lately", () => {
  const check = (of: object, expected: string) => assert.equal(earning(snapshot(of)).is, expected, JSON.stringify(of));
  check({}, "yes");
  check({ pools: [pool({ last_share_s: 500 })] }, "quiet");
  check({ pools: [pool({ last_share_s: 500 }), pool({ last_share_s: 2 })] }, "yes");
  check({ pools: [pool({ last_share_s: null })] }, "none_yet");
  check({ pools: [pool({ active: false })] }, "no_pool");
  check({ pools: [] }, "no_pool");
  check({ state: "starting", pools: [] }, "starting");
  check({ state: "starting" }, "starting");
  check({ state: "paused" }, "stopped");
  check({ state: "sleeping" }, "stopped");
  check({ state: "fault" }, "fault");
});

test("a chip counts as weak only where chance does not explain it", () => {
  const check = (of: Partial<Chip>, expected: string) => assert.equal(rateClass(chip(of)), expected, JSON.stringify(of));
  check({}, "full");
  check({ ratio_low: null, ratio_high: null }, "unknown");
  check({ expected: 0 }, "unknown");
  check({ nonces: 0, expected: 1, ratio_low: 0, ratio_high: 3.8 }, "unknown");
  check({ ratio_low: 0.1, ratio_high: 1.9 }, "unknown");
  // Beyond 1 in 20 and within 1 in 2,000: one of many chips looks like this by chance.
  check({ nonces: 75, ratio_low: 0.6, ratio_high: 0.94 }, "full");
  check({ nonces: 750, expected: 1000 }, "weak");
  check({ nonces: 500, expected: 1000 }, "poor");
  check({ nonces: 0, expected: 10, ratio_low: 0, ratio_high: 0.4 }, "silent");
});

test("the bound is that of a Poisson count", () => {
  // Exact: the mean of which so few or fewer are seen once in 2,000 times.
  const check = (nonces: number, exact: number) => assert.ok(Math.abs(surelyBelow(nonces, 1) / exact - 1) < 0.04, String(surelyBelow(nonces, 1)));
  check(0, 7.6);
  check(10, 25.26);
  check(100, 137.38);
});

test("errors are judged by their part of all answers", () => {
  const check = (nonces: number, hw_errors: number, expected: string) => assert.equal(errorClass(chip({ nonces, hw_errors })), expected);
  check(0, 0, "none");
  check(1000, 0, "none");
  check(1000, 1, "few");
  check(990, 10, "some");
  check(95, 5, "many");
  check(0, 1, "many");
});

test("domains keep the order of the wire", () => {
  const chips = [0, 0, 1, 1, 2].map((domain, index) => chip({ index, domain }));
  assert.deepEqual(domains(chips).map((d) => d.map((c) => c.index)), [[0, 1], [2, 3], [4]]);
  assert.deepEqual(domains([]), []);
});

test("sensors are put to their board, and what says nothing is counted", () => {
  const groups = heatGroups([
    { place: "board 0 board 0", temp_c: 40, quality: "good" }, { place: "board 0 chip 4", temp_c: 55, quality: "good" },
    { place: "board 10 outlet 1", temp_c: 50, quality: "stale" }, { place: "board 10 chip 2", temp_c: null, quality: "failed" },
    { place: "intake", temp_c: 25, quality: "good" },
  ]);
  assert.deepEqual(groups.map((g) => [g.slot, g.board, g.chip, g.doubtful.length]), [[0, [40], [55], 0], [10, [50], [], 2], [null, [25], [], 0]]);
  assert.equal(hottest(snapshot({ temperatures: [{ place: "a", temp_c: null, quality: "failed" }] })), null);
});

test("percentages of nothing are not known", () => {
  const shares = (accepted: number, rejected: number, stale: number) => ({ accepted, rejected, stale }) as Shares;
  assert.equal(acceptedPercent(shares(0, 0, 0)), null);
  assert.equal(acceptedPercent(shares(3, 1, 0)), 75);
  const none = { s5: null, m1: null, m15: null, h1: null, nominal: null };
  assert.equal(ofNominal(none), null);
  assert.equal(ofNominal({ ...none, s5: 5, nominal: 0 }), null);
  assert.equal(ofNominal({ ...none, s5: 5, m1: 8, nominal: 10 }), 80);
  assert.equal(presentRate({ ...none, m15: 0 }), 0);
});

test("a reason gives up its code", () => {
  assert.deepEqual(reasonAndCode("E-FAN-FULL a sensor is late"), { code: "E-FAN-FULL", text: "a sensor is late" });
  assert.deepEqual(reasonAndCode("ordered to hash"), { code: null, text: "ordered to hash" });
});

test("whoever may only read is offered no change", () => {
  const session = (scope: string | null, machine = "claimed", reads = true) => ({ scope, machine, reads }) as Session;
  assert.equal(mayChange(null), false);
  assert.equal(mayChange(session("admin")), true);
  assert.equal(mayChange(session("operate")), true);
  assert.equal(mayChange(session("read")), false);
  assert.equal(mayChange(session(null)), false);
  assert.equal(mayChange(session(null, "unclaimed")), true);
  assert.equal(mayChange(session(null, "unclaimed", false)), false);
  assert.equal(mayChange(session(null, "unreadable")), false);
});

test("the default group has what quotas leave, unless it has one of its own", () => {
  const check = (groups: [string, number][], expected: [string, number, boolean][]) =>
    assert.deepEqual(groupsOf(groups.map(([name, quota_percent]) => ({ name, quota_percent }))).map(({ name, percent, left }) => [name, percent, left]), expected);
  check([], [["default", 100, true]]);
  check([["a", 33.3], ["b", 33.3]], [["a", 33.3, false], ["b", 33.3, false], ["default", 33.4, true]]);
  check([["a", 60], ["default", 40]], [["a", 60, false], ["default", 40, false]]);
  assert.equal(leftOf([60, 40.5]), -0.5);
  assert.equal(leftOf([0.1, 0.2, 99.7]), 0);
});
