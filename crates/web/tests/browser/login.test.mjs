// Set-up and login: at a miner as others meet it, whose answers are made here from what is written down
// (a twin on loopback shows itself to everybody), and at the miner itself.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { daemon, demo } from "./miner.mjs";
import { DESK, openBrowser, Reader } from "./reader.mjs";

let browser;
let miner;

before(async () => {
  [browser, miner] = await Promise.all([openBrowser(), demo("antminer-s9")]);
  await miner.is("an answer", () => true);
});

after(async () => {
  await browser?.close();
  await miner?.remove();
});

const problem = (status, code, detail) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ title: detail, status, code, detail, remedy: "" }) });

/** Access control in front of the miner. */
async function door(page, machine) {
  const seen = { machine, session: null, sent: [], csrf: [] };
  const session = () => ({
    machine: seen.machine, name: null, who: seen.session ? "session 1" : "nobody", scope: seen.session ? "admin" : null,
    csrf: seen.session ? "token-1" : null, reads: seen.session !== null,
  });
  const json = (route) => route.fulfill({ json: session() });
  await page.route("**/api/v1/session", json);
  for (const path of ["claim", "login"]) {
    await page.route(`**/api/v1/${path}`, async (route) => {
      const body = route.request().postDataJSON();
      seen.sent.push([path, body]);
      if (path === "login" && body.password !== "correct horse") return route.fulfill(problem(401, "E-API-LOGIN", "wrong password"));
      seen.machine = "claimed";
      seen.session = 1;
      return json(route);
    });
  }
  await page.route("**/api/v1/logout", (route) => { seen.session = null; return json(route); });
  // A stream of the miner behind would go on whatever this door says.
  await page.route(/api\/v1\/stream(\?|$)/, (route) => route.fulfill(problem(401, "E-API-LOGIN", "no stream here")));
  await page.route(/api\/v1\/(status|log|history)(\?|$)/, (route) => (seen.session ? route.continue() : route.fulfill(problem(401, "E-API-LOGIN", "log in first"))));
  await page.route("**/api/v1/command", (route) => { seen.csrf.push(route.request().headers()["x-csrf-token"]); return route.continue(); });
  return seen;
}

/** Refusals are what is tested here; and whoever logs in at answers made here is nobody at the miner. */
const refusals = (one) => { one.expected = /status of 40[13]/; };

test("each language of the miner's words is there for whoever has no login, and nothing like it", async () => {
  const ask = (path) => fetch(`${miner.page}${path}`);
  for (const language of ["es", "ru", "zh"]) {
    const answer = await ask(`miner-words.${language}.json`);
    assert.equal(answer.status, 200, language);
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.equal(answer.headers.get("content-encoding"), "gzip");
    assert.ok((await answer.json()).codes["E-ACCESS-PASSWORD"].remedy.includes("`stannary access reset`"), language);
  }
  for (const path of ["miner-words.xx.json", "miner-words.json", "miner-words.es.json.gz"]) assert.notEqual((await ask(path)).status, 200, path);
});

test("a machine without an owner shows set-up alone, and the first password owns it", async () => {
  let seen;
  const one = await Reader.stranger(browser, miner.page, DESK, async (page) => { seen = await door(page, "unclaimed"); });
  const { page } = one;
  await page.getByRole("heading", { name: "Make this machine yours" }).waitFor();
  assert.equal(await page.locator("nav").count(), 0);
  await one.axe("set-up");
  await one.shot("desk-setup", false);
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByLabel("Password again").fill("correct hose");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("The two passwords differ.").waitFor();
  assert.deepEqual(seen.sent, []);
  await page.getByLabel("Password again").fill("correct horse");
  await page.getByLabel("Name of the machine").fill("shelf 3");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.locator(".answers").waitFor();
  assert.deepEqual(seen.sent, [["claim", { password: "correct horse", name: "shelf 3" }]]);
  refusals(one);
  await one.close();
});

test("login asks until the password is right, and changes carry the session's token", async () => {
  let seen;
  const one = await Reader.stranger(browser, miner.page, DESK, async (page) => { seen = await door(page, "claimed"); });
  const { page } = one;
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await one.axe("login");
  await one.shot("desk-login", false);
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("wrong password").waitFor();
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(".answers").waitFor();
  await one.go("limits");
  await page.getByRole("button", { name: "Blink", exact: true }).click();
  await miner.is("blinking lights", (s) => s.locating);
  assert.deepEqual(seen.csrf, ["token-1"]);
  await one.go("system");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  refusals(one);
  await one.close();
});

test("a session that ended asks for a login again", async () => {
  let seen;
  const one = await Reader.stranger(browser, miner.page, DESK, async (page) => { seen = await door(page, "claimed"); seen.session = 1; });
  await one.page.locator(".answers").waitFor();
  seen.session = null;
  await one.page.getByRole("heading", { name: "Log in" }).waitFor();
  refusals(one);
  await one.close();
});

test("a machine whose password cannot be read says so and takes nothing", async () => {
  const one = await Reader.stranger(browser, miner.page, DESK, async (page) => { await door(page, "unreadable"); });
  await one.page.getByRole("heading", { name: "Locked" }).waitFor();
  assert.equal(await one.page.getByRole("textbox").count(), 0);
  await one.axe("locked");
  refusals(one);
  await one.close();
});

test("set-up, logout and login at the miner itself", async () => {
  const one = await Reader.stranger(browser, miner.page, DESK);
  const { page } = one;
  // A twin on loopback shows itself, and takes orders until somebody owns it.
  await one.go("limits");
  assert.ok(await page.getByRole("button", { name: "Pause" }).isEnabled());
  await one.go("system");
  await page.getByRole("button", { name: "Set a password" }).click();
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByLabel("Password again").fill("correct horse battery");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await one.go("limits");
  await page.getByText("may look and not change").waitFor();
  assert.ok(await page.getByRole("button", { name: "Pause" }).isDisabled());
  await one.go("system");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Password").fill("wrong horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").getByText("E-").waitFor();
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await one.go("limits");
  await page.getByRole("region", { name: "Run and stop" }).getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await miner.is("a pause", (s) => s.settings.intent === "pause");
  refusals(one);
  await one.close();
});

test("set-up and login over TLS, by a cookie that plain HTTP is not sent", async () => {
  const own = await daemon("antminer-s9", "stratum+tcp://127.0.0.1:1");
  try {
    await own.is("an answer", () => true);
    const one = await Reader.stranger(browser, own.secure, { ...DESK, ignoreHTTPSErrors: true });
    const { page, context } = one;
    await one.go("system");
    await page.getByRole("button", { name: "Set a password" }).click();
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
    await page.getByLabel("Password again").fill("correct horse battery");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("button", { name: "Log out" }).waitFor();
    const cookies = await context.cookies(own.secure);
    assert.equal(cookies.length, 1);
    assert.ok(cookies[0].name.startsWith("__Host-stannary-") && cookies[0].secure && cookies[0].httpOnly && cookies[0].sameSite === "Strict", JSON.stringify(cookies));
    assert.deepEqual(await context.cookies(own.page), []);
    await one.go("limits");
    await page.getByRole("region", { name: "Run and stop" }).getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await own.is("a pause", (s) => s.settings.intent === "pause");
    await one.close();
  } finally {
    await own.remove();
  }
});
