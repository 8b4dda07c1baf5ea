// Others who write what the page shows, and pages of others in the same browser: a pool whose every word is
// markup, and a page that tries all that a browser lets it send while the owner is logged in beside it.

import assert from "node:assert/strict";
import { createServer as createHttp } from "node:http";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { daemon, demo, PATIENCE_MS, until } from "./miner.mjs";
import { DESK, openBrowser, Reader, SCREENS } from "./reader.mjs";

const MARKUP = "<img src=x onerror=\"globalThis.ran='pool'\"><script>globalThis.ran='pool'</script>";
const PASSWORD = "correct horse battery";

let browser;
before(async () => { browser = await openBrowser(); });
after(async () => { await browser?.close(); });

/** A pool of Stratum V1 that puts markup wherever a pool may put text. */
function markupPool() {
  const server = createServer((socket) => {
    let text = "";
    const say = (value) => socket.write(`${JSON.stringify(value)}\n`);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes;
      const lines = text.split("\n");
      text = lines.pop();
      for (const line of lines) {
        const { id, method } = JSON.parse(line);
        if (method === "mining.subscribe") say({ id, result: [[[MARKUP, MARKUP]], "0a0b0c0d", 4], error: null });
        else if (method === "mining.authorize") {
          say({ id, result: true, error: null });
          say({ id: null, method: "client.show_message", params: [MARKUP] });
          say({ id: null, method: MARKUP, params: [MARKUP] });
          say({ id: null, method: "mining.set_difficulty", params: [MARKUP] });
          say({ id: null, method: "mining.notify", params: [MARKUP, "00", "00", "00", [], "20000000", "17034219", "66554433", true] });
        } else say({ id, result: null, error: [20, MARKUP, null] });
      }
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

test("text of a pool is shown as text on every screen and never runs", async () => {
  const pool = await markupPool();
  const miner = await daemon("antminer-s9", `stratum+tcp://127.0.0.1:${pool.address().port}`);
  try {
    await miner.is("an answer", () => true);
    const told = await until("the pool's message in the log", async () => {
      const { notes } = await (await fetch(`${miner.page}api/v1/log`)).json();
      return notes.find((note) => note.detail.includes("<script>"));
    });
    assert.equal(told.code, "E-POOL-MESSAGE");
    const one = await Reader.of(browser, miner.page, DESK);
    const { page } = one;
    page.on("dialog", () => one.complaints.push("a dialog opened"));
    for (const screen of SCREENS) {
      await one.go(screen);
      const made = await page.locator("img[src=x], main script").count();
      assert.deepEqual([screen, made, await page.evaluate(() => globalThis.ran)], [screen, 0, undefined]);
    }
    await one.go("log");
    await page.getByText("onerror=").first().waitFor();
    await one.shot("desk-hostile-pool", false);
    await one.close();
  } finally {
    await miner.remove();
    pool.close();
  }
});

/** What a hostile page does, by itself, as soon as it is opened; `done` holds what it could read. */
const hostilePage = (miner) => `<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>
const miner = ${JSON.stringify(miner)};
const order = JSON.stringify({ command: "pause" });
const read = [];
const attempt = async (what, how) => {
  try {
    const answer = await how();
    const text = await answer.text();
    if (text) read.push(what + ": " + text.slice(0, 80));
  } catch {}
};
const send = (path, more) => fetch(miner + path, { method: "POST", credentials: "include", ...more });
const form = (path, enctype, name, value) => new Promise((resolve) => {
  const target = document.createElement("iframe");
  target.name = "t" + Math.random();
  const f = document.createElement("form");
  Object.assign(f, { action: miner + path, method: "POST", enctype, target: target.name });
  const field = document.createElement("input");
  Object.assign(field, { name, value });
  f.append(field);
  document.body.append(target, f);
  f.submit();
  setTimeout(resolve, 500);
});
(async () => {
  const json = { "content-type": "application/json" };
  await attempt("status", () => fetch(miner + "api/v1/status", { credentials: "include" }));
  await attempt("session", () => fetch(miner + "api/v1/session", { credentials: "include" }));
  await attempt("page", () => fetch(miner, { credentials: "include" }));
  await attempt("opaque", () => fetch(miner + "api/v1/audit", { credentials: "include", mode: "no-cors" }));
  await attempt("plain", () => send("api/v1/command", { body: order, mode: "no-cors" }));
  await attempt("typed", () => send("api/v1/command", { body: order, headers: json }));
  await attempt("blob", () => send("api/v1/command", { body: new Blob([order], { type: "application/json" }), mode: "no-cors" }));
  await attempt("pools", () => send("api/v1/pools", { body: JSON.stringify({ order: "remove", index: 0 }), mode: "no-cors" }));
  await attempt("password", () => send("api/v1/password", { body: JSON.stringify({ old: "${PASSWORD}", new: "taken over by others" }), mode: "no-cors" }));
  await attempt("token", () => send("api/v1/tokens", { body: JSON.stringify({ name: "evil", scope: "admin" }), headers: json }));
  await attempt("reset", () => send("api/v1/access/reset", { mode: "no-cors" }));
  await attempt("delete", () => fetch(miner + "api/v1/tokens/x", { method: "DELETE", credentials: "include" }));
  navigator.sendBeacon(miner + "api/v1/command", order);
  // The middle of a form's text is JSON, if the rest is made a string of.
  await form("api/v1/command", "text/plain", '{"command":"pause","x":"', '"}');
  await form("api/v1/command", "application/x-www-form-urlencoded", "command", "pause");
  await form("api/v1/command", "multipart/form-data", "command", "pause");
  await form("cgi-bin/reboot.cgi", "text/plain", "a", "b");
  await form("cgi-bin/set_miner_conf.cgi", "text/plain", '{"miner-mode":1,"x":"', '"}');
  for (const path of ["cgi-bin/reboot.cgi", "api/v1/command?command=pause"]) {
    const image = new Image();
    image.src = miner + path;
    const script = document.createElement("script");
    script.src = miner + path;
    document.body.append(image, script);
  }
  await new Promise((resolve) => {
    const live = new EventSource(miner + "api/v1/stream", { withCredentials: true });
    live.onmessage = live.onopen = (event) => { read.push("stream: " + event.type); resolve(); };
    live.onerror = () => { live.close(); resolve(); };
    setTimeout(resolve, 2000);
  });
  const frame = document.createElement("iframe");
  frame.src = miner;
  document.body.append(frame);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  try { if (frame.contentDocument.body.textContent) read.push("frame"); } catch {}
  globalThis.done = read;
})();
</script>`;

test("a hostile page beside the owner's changes nothing and reads nothing", async () => {
  const miner = await demo("antminer-s9");
  const evil = createHttp((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end(hostilePage(miner.page)));
  await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
  try {
    await miner.is("a working machine", (s) => s.state === "hashing");
    const context = await browser.newContext(DESK);
    const claimed = await context.request.post(`${miner.page}api/v1/claim`, { data: { password: PASSWORD } });
    assert.ok(claimed.ok(), await claimed.text());
    const owner = await context.newPage();
    await owner.goto(miner.page);
    await owner.locator(".answers").waitFor();
    const account = async () => {
      const [audit, tokens, status] = await Promise.all(["audit", "tokens", "status"].map(async (what) => (await context.request.get(`${miner.page}api/v1/${what}`)).json()));
      return { audit, tokens, state: status.state, locating: status.locating, pools: status.pools.map((p) => [p.url, p.user, p.enabled]) };
    };
    const before = await account();
    // Another port is another origin and the same site: the browser sends the owner's cookie along. The
    // other name is another site.
    for (const host of ["127.0.0.1", "localhost"]) {
      const page = await context.newPage();
      const sent = [];
      page.on("request", (request) => { if (request.url().startsWith(miner.page)) sent.push(`${request.method()} ${new URL(request.url()).pathname}`); });
      await page.goto(`http://${host}:${evil.address().port}/`);
      await page.waitForFunction(() => globalThis.done, undefined, { timeout: PATIENCE_MS });
      assert.deepEqual([host, await page.evaluate(() => globalThis.done)], [host, []]);
      // On a busy computer the browser sends some of it a little later.
      await until("all that it tries", () => {
        const tried = ["POST /api/v1/command", "POST /cgi-bin/reboot.cgi", "GET /cgi-bin/reboot.cgi", "GET /api/v1/stream", "GET /"];
        const missing = tried.filter((one) => !sent.includes(one));
        if (missing.length) throw new Error(`${missing} is not in ${sent}`);
        return sent.filter((one) => one === "POST /api/v1/command").length >= 5;
      });
      await page.close();
    }
    assert.deepEqual(await account(), before);
    // The owner's own page still may.
    await owner.goto(`${miner.page}#/limits`);
    await owner.getByRole("button", { name: "Blink", exact: true }).click();
    await until("blinking lights", async () => (await account()).locating);
    await context.close();
  } finally {
    evil.close();
    await miner.remove();
  }
});

test("a name of somebody else's that leads to the miner is answered nothing", async () => {
  const miner = await demo("antminer-s9");
  const rebound = await openBrowser(["--host-resolver-rules=MAP rebound.example 127.0.0.1"]);
  try {
    await miner.is("an answer", () => true);
    const page = await (await rebound.newContext(DESK)).newPage();
    const port = new URL(miner.page).port;
    const answer = await page.goto(`http://rebound.example:${port}/`);
    assert.ok(answer.status() >= 400, `${answer.status()}`);
    for (const [method, path] of [["GET", "status"], ["GET", "stream"], ["POST", "command"], ["POST", "claim"]]) {
      const status = await page.evaluate(async ([how, where]) => {
        const headers = { "content-type": "application/json" };
        const body = how === "POST" ? JSON.stringify({ command: "pause", password: "taken by others" }) : undefined;
        return (await fetch(`/api/v1/${where}`, { method: how, headers, body })).status;
      }, [method, path]);
      assert.ok(status >= 400, `${method} ${path}: ${status}`);
    }
    const session = await (await fetch(`${miner.page}api/v1/session`)).json();
    assert.equal(session.machine, "unclaimed");
  } finally {
    await rebound.close();
    await miner.remove();
  }
});
