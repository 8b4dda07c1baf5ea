// The status page: asks for the snapshot each second and shows it. Text is always set as
// text, never as markup: pools send words of their own.
"use strict";

const POLL_MS = 1000;
const LOG_EVERY = 2; // polls
const TRACE_POINTS = 240; // four minutes
const LOG_ROWS = 100;

const el = (id) => document.getElementById(id);
const known = (v) => v !== null && v !== undefined;
const group = (n) => (known(n) ? Math.round(n).toLocaleString("en-US").replaceAll(",", "\u202f") : "–");
const fixed = (v, digits, unit = "") => (known(v) ? v.toFixed(digits) + unit : "–");
const words = (s) => String(s).replaceAll("_", " ");

function ago(seconds) {
  if (!known(seconds)) return "none yet";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

function span(seconds) {
  const s = Math.floor(seconds);
  const parts = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60];
  const units = ["d", "h", "min", "s"];
  const first = parts.findIndex((p) => p > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).map((p, i) => `${p} ${units[first + i]}`).join(" ");
}

function node(tag, text, className) {
  const made = document.createElement(tag);
  if (known(text)) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function fill(id, rows) {
  el(id).replaceChildren(...rows);
}

function show(id, text, className) {
  const target = el(id);
  if (target.textContent !== text) target.textContent = text;
  if (className !== undefined) target.className = className;
}

function row(labels, cells) {
  const tr = node("tr");
  cells.forEach((cell, i) => {
    const [text, under, className] = Array.isArray(cell) ? cell : [cell];
    const td = node("td", text, className);
    td.dataset.label = labels[i];
    if (under) td.append(node("span", under, "soft"));
    tr.append(td);
  });
  return tr;
}

const TONE = {
  hashing: "good", active: "good", connected: "good",
  starting: "warn", ramping: "warn", paused: "warn", sleeping: "warn", stopping: "warn", no_pool: "warn",
  recovering: "warn", connecting: "warn", waiting: "warn",
  fault: "bad", failed: "bad", refused: "bad", absent: "bad",
};
const MARK = { good: "● ", warn: "◐ ", bad: "▲ " };
const tone = (state) => TONE[state] || "";
const marked = (state) => (MARK[tone(state)] || "○ ") + words(state);

function overview(s) {
  show("name", s.machine.name);
  document.title = `${fixed(s.hashrate_ths.s5, 1)} TH/s – ${s.machine.name}`;
  show("what", `${s.machine.model} · up ${span(s.uptime_s)}`);
  show("state", marked(s.state), `pill ${tone(s.state)}`);
  el("emulated").hidden = !s.machine.emulated;
  show("emulated", `Emulated: a digital twin mines, no silicon does. Difficulty one stands for ${s.machine.difficulty_bits} zero bits ` +
    "instead of 32, and hashrates are scaled to match.");
  const a = s.shares;
  show("accepted", group(a.accepted));
  const pool = s.pools.find((p) => p.active);
  const last = pool ? `Last share ${ago(pool.last_share_s)}.` : "No pool gives work.";
  const sent = a.accepted + a.rejected + a.stale;
  show("earning", sent ? `${last} ${(100 * a.accepted / sent).toFixed(2)} % of answered shares accepted, ${group(a.lost)} lost.` : last);
  const h = s.hashrate_ths;
  show("rate", fixed(known(h.m1) ? h.m1 : h.s5, 2));
  const windows = [["5 s", h.s5], ["1 min", h.m1], ["15 min", h.m15], ["1 h", h.h1], ["nominal", h.nominal]];
  show("windows", windows.map(([name, v]) => `${name} ${fixed(v, 1)}`.replaceAll(" ", "\u00a0")).join(" · "));
}

// What an operator has set, as it holds now.
function settings(set) {
  if (!known(set)) return "";
  const duty = known(set.fans.duty.in_force) ? ` at ${fixed(set.fans.duty.in_force, 0)} %` : "";
  const parts = [`meant to ${set.intent}`, `fans ${set.fans.mode}${duty}`, `at most ${group(set.power_ceiling.in_force)} W`];
  if (set.fans.mode === "quiet") parts.push(`at ${fixed(set.target_temperature.in_force, 0)} °C`);
  return parts.join(" · ");
}

function safety(s) {
  const bad = s.faults.length;
  show("safe", bad ? `▲ ${bad} ${bad === 1 ? "fault" : "faults"}` : "● No fault", `big ${bad ? "bad" : "good"}`);
  const read = s.temperatures.filter((t) => known(t.temp_c));
  const parts = [];
  if (read.length) {
    const hottest = read.reduce((a, b) => (b.temp_c > a.temp_c ? b : a));
    parts.push(`hottest ${fixed(hottest.temp_c, 1)} °C (${hottest.place})`);
  }
  const fans = s.fans.filter((f) => known(f.rpm));
  const duties = s.fans.map((f) => f.duty_percent).filter(known);
  const driven = duties.length ? `, driven at ${fixed(Math.max(...duties), 0)} %` : "";
  if (fans.length) parts.push(`fans ${Math.min(...fans.map((f) => f.rpm))} rpm and more${driven}`);
  if (known(s.psu.voltage_mv)) parts.push(`supply ${fixed(s.psu.voltage_mv / 1000, 2)} V`);
  if (known(s.power_w)) parts.push(`${group(s.power_w)} W`);
  if (known(s.efficiency_j_per_th)) parts.push(`${fixed(s.efficiency_j_per_th, 1)} J/TH`);
  const missing = [];
  if (!read.length) missing.push("temperatures");
  if (!fans.length) missing.push("fans");
  if (!known(s.power_w)) missing.push("power");
  if (missing.length) parts.push(`not measured: ${missing.join(", ")}`);
  show("safety", parts.join(" · "));
  show("settings", settings(s.settings));
  el("faults-section").hidden = bad === 0;
  fill("faults", s.faults.map((f) => {
    const li = node("li", null, "bad");
    li.append(`▲ ${f.place ? f.place + ": " : ""}${f.detail} `, node("span", f.code, "code"));
    if (f.action) li.append(node("div", `done: ${f.action}`, "soft"));
    if (f.remedy) li.append(node("div", f.remedy, "soft"));
    return li;
  }));
}

const CHAIN_LABELS = ["Chain", "State", "Chips", "Frequency", "Hashrate", "Nonces against model", "Errors"];
const POOL_LABELS = ["Pool", "State", "Difficulty", "Accepted", "Rejected", "Stale", "Last share"];

// One's own node: its shares are blocks, and nothing else is counted.
function blocks(n) {
  const chain = n.chain ? `chain ${n.chain}` : "chain unknown";
  return `${chain}, ${known(n.height) ? `height ${group(n.height)}` : "no block yet"}; counts are blocks`;
}

function tables(s) {
  fill("chains", s.chains.map((c) => row(CHAIN_LABELS, [
    `chain ${c.slot}`,
    [marked(c.state), c.restarts ? `restarted ${c.restarts} ×` : "", tone(c.state)],
    [`${known(c.chips_found) ? c.chips_found : "–"} of ${c.chips_expected}`, "", known(c.chips_found) && c.chips_found !== c.chips_expected ? "bad" : ""],
    fixed(c.frequency_mhz, 0, " MHz"),
    fixed(c.hashrate_ths, 2, " TH/s"),
    [c.nonces_expected >= 1 ? `${(100 * c.nonces / c.nonces_expected).toFixed(1)} %` : "–", `${group(c.nonces)} nonces`],
    [group(c.hw_errors), c.damaged_frames ? `${group(c.damaged_frames)} frames damaged` : ""],
  ])));
  fill("pools", s.pools.map((p) => row(POOL_LABELS, [
    [p.url, [p.user, p.group && p.group !== "default" ? `${p.group} ${p.quota_percent.toFixed(0)} %` : "", p.node ? blocks(p.node) : ""].filter(Boolean).join(" · ")],
    [marked(p.state), p.state === "active" ? "" : p.last_error || "", tone(p.state)],
    known(p.difficulty) ? String(p.difficulty) : "–",
    [group(p.accepted), p.estimated_sat_per_day >= 1 ? `≈ ${group(Math.round(p.estimated_sat_per_day))} sat a day, an estimate` : ""],
    group(p.rejected), group(p.stale), ago(p.last_share_s),
  ])));
}

const ACCOUNT = [
  ["Accepted", "accepted"], ["Rejected by the pool", "rejected"], ["Stale", "stale"],
  ["Duplicates, not sent", "duplicate"], ["On their way", "in_flight"], ["Lost", "lost"],
  ["Hardware errors", "hw_errors"], ["Blocks", "blocks"],
];

function details(s) {
  fill("account", ACCOUNT.flatMap(([label, key]) => [node("dt", label), node("dd", group(s.shares[key]))]));
  const decisions = s.decisions.slice(-12).reverse();
  fill("decisions", decisions.length ? decisions.map((d) => {
    const li = node("li");
    li.append(node("span", span(d.at_s), "at"), `${d.place ? d.place + ": " : ""}${d.decision}`, node("div", d.reason, "soft"));
    return li;
  }) : [node("li", "No decision yet.", "soft")]);
  show("version", `Stannary ${s.machine.firmware}`);
}

const trace = [];
function draw(s) {
  if (known(s.hashrate_ths.s5)) trace.push(s.hashrate_ths.s5);
  if (trace.length > TRACE_POINTS) trace.shift();
  if (trace.length < 2) return;
  const top = Math.max(s.hashrate_ths.nominal || 0, ...trace) * 1.05 || 1;
  const points = trace.map((v, i) => `${((i * 240) / (trace.length - 1)).toFixed(1)},${(39 - (38 * v) / top).toFixed(1)}`);
  el("trace").firstElementChild.setAttribute("points", points.join(" "));
}

let lastNote = 0;
const SEVERITY = { info: ["", "○"], warn: ["warn", "◐"], error: ["bad", "▲"] };

async function readLog() {
  const response = await fetch(`/api/v1/log?after=${lastNote}`, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) return;
  const { last, notes } = await response.json();
  if (last < lastNote) { // the daemon was restarted: its log begins anew
    lastNote = 0;
    fill("log", []);
    return;
  }
  lastNote = last;
  for (const n of notes) {
    const [className, mark] = SEVERITY[n.severity] || ["", "○"];
    const li = node("li");
    const what = node("span", `${mark} ${n.place ? n.place + ": " : ""}${n.meaning}`, className);
    li.append(node("span", span(n.at_s), "at"), what, " ", node("span", n.code, "code"));
    if (n.detail) li.append(node("div", n.detail, "soft"));
    el("log").prepend(li);
  }
  while (el("log").children.length > LOG_ROWS) el("log").lastElementChild.remove();
}

let polls = 0;
let answered = Date.now();

async function poll() {
  try {
    const response = await fetch("/api/v1/status", { signal: AbortSignal.timeout(5000) });
    if (!response.ok && !await askSession()) { // it answers, and asks for a login
      answered = Date.now();
      el("silent").hidden = true;
      setTimeout(poll, POLL_MS);
      return;
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    const s = await response.json();
    answered = Date.now();
    el("silent").hidden = true;
    overview(s);
    safety(s);
    tables(s);
    details(s);
    draw(s);
    if (polls++ % LOG_EVERY === 0) await readLog();
  } catch (error) {
    el("silent").hidden = false;
    show("silent", `No answer from the miner for ${Math.round((Date.now() - answered) / 1000)} s: what is shown below is old.`);
  }
  setTimeout(poll, POLL_MS);
}

askSession().catch(() => {}).then(poll);
