// What an owner does at the page beside mining: password, tokens, old clients, the list of changes, a pool
// that is tried before it is added, groups of pools, the support archive, and a reboot.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { daemon, freePort } from "./miner.mjs";
import { DESK, openBrowser, PHONE, Reader } from "./reader.mjs";

let browser;
let miner;
let pool;

/** A pool that takes the login of one user, and gives no work. */
function strictPool() {
  const answers = { "mining.subscribe": [[["mining.notify", "1"]], "00000001", 4], "mining.configure": {} };
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes;
      const lines = text.split("\n");
      text = lines.pop();
      for (const line of lines) {
        const { id, method, params } = JSON.parse(line);
        const good = method !== "mining.authorize" || params[0] === "account.good";
        const result = answers[method] ?? good;
        socket.write(`${JSON.stringify({ id, result, error: good ? null : [24, "unauthorized <b>worker</b>", null] })}\n`);
      }
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

before(async () => {
  const nobody = `stratum+tcp://127.0.0.1:${await freePort()}`;
  [browser, pool, miner] = await Promise.all([openBrowser(), strictPool(), daemon("antminer-s9", nobody)]);
  await miner.is("an answer", () => true);
});

after(async () => {
  await browser?.close();
  pool?.close();
  await miner?.remove();
});

/** An owner, and what goes wrong is part of the test but for refusals that are wanted. */
async function owner(options, what) {
  const one = await Reader.of(browser, miner.page, options);
  try {
    await what(one, one.page);
  } catch (error) {
    await one.shot(`failed-${Date.now()}`).catch(() => {});
    throw error;
  }
  one.expected = /status of 401/;
  await one.close();
}

const region = (page, name) => page.getByRole("region", { name, exact: true });

test("a token is made, shown once, used and revoked", async () => {
  await owner(DESK, async (one, page) => {
    await one.go("system");
    const tokens = region(page, "Tokens");
    await tokens.getByText("There are none.").waitFor();
    await tokens.getByLabel("Token").fill("hass");
    await tokens.getByLabel("May").selectOption("read");
    await tokens.getByRole("button", { name: "Make token" }).click();
    const secret = await page.getByRole("dialog").getByLabel("It is not shown again:").inputValue();
    assert.match(secret, /^stn_[0-9a-f]{64}$/);
    await one.axe("a token");
    await page.getByRole("button", { name: "I have it" }).click();
    const log = () => fetch(`${miner.page}api/v1/audit`, { headers: { Authorization: `Bearer ${secret}` } });
    // It may look, and this is an administrator's.
    assert.equal((await log()).status, 403);
    assert.ok(!(await page.content()).includes(secret));
    await tokens.getByRole("button", { name: "Revoke hass" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await tokens.getByText("There are none.").waitFor();
    assert.equal((await log()).status, 401);
  });
});

test("old clients are allowed by a choice, and what was done is listed", async () => {
  await owner(PHONE, async (one, page) => {
    await one.go("system");
    const old = region(page, "Fleet software for Antminers");
    await old.getByText("look", { exact: true }).click();
    const password = await page.getByRole("dialog").getByLabel("It is not shown again:").inputValue();
    assert.match(password, /^[a-z2-9]{20}$/);
    await page.getByRole("button", { name: "I have it" }).click();
    assert.ok(await old.getByLabel("look", { exact: true }).isChecked());
    const changes = region(page, "Who changed what");
    await changes.getByRole("button", { name: "Show" }).click();
    await changes.getByText("access of old clients").waitFor();
    assert.ok(!(await page.content()).includes(password));
    await one.fits("system");
    await one.axe("system with all of it");
    await one.shot("phone-system-owner");
  });
});

test("the password is changed by whoever knows it", async () => {
  await owner(DESK, async (one, page) => {
    await one.go("system");
    await page.getByRole("button", { name: "Change password" }).click();
    const dialog = page.getByRole("dialog");
    const fill = async (current) => {
      await dialog.getByLabel("Password until now").fill(current);
      await dialog.getByLabel("New password").fill("correct horse battery");
      await dialog.getByLabel("Password again").fill("correct horse battery");
      await dialog.getByRole("button", { name: "Change" }).click();
    };
    await fill("wrong horse");
    await dialog.getByRole("alert").getByText("E-ACCESS-PASSWORD").waitFor();
    await one.axe("a refused password");
    await fill("correct horse battery");
    await dialog.waitFor({ state: "hidden" });
  });
});

test("a pool is tried before it is added", async () => {
  await owner(DESK, async (one, page) => {
    await one.go("pools");
    await page.getByRole("button", { name: "Add pool" }).click();
    const dialog = page.getByRole("dialog");
    const attempt = async (url, user, expected) => {
      await dialog.getByLabel("Address").fill(url);
      await dialog.getByLabel("User").fill(user);
      await dialog.getByRole("button", { name: "Test connection" }).click();
      await dialog.getByText(expected).waitFor();
      // It rests between two.
      await page.waitForTimeout(2200);
    };
    const at = `stratum+tcp://127.0.0.1:${pool.address().port}`;
    await attempt(at, "account.good", "It takes this login and would give work.");
    await one.shot("desk-pool-tried", false);
    await attempt(at, "account.bad", "no work would come.");
    // The pool's words are words.
    await dialog.getByText("<b>worker</b>").waitFor();
    await one.axe("a pool that refuses");
    await attempt(`stratum+tcp://127.0.0.1:${await freePort()}`, "account.good", "Nobody is there.");
    assert.equal((await miner.status()).pools.length, 1, "nothing was added");
  });
});

test("groups are made, pools move between them, and quotas say what is left", async () => {
  const group = "<i>mine</i>";
  await owner(DESK, async (one, page) => {
    page.on("dialog", () => one.complaints.push("a group's name ran as script"));
    await one.go("pools");
    const groups = region(page, "Groups and quotas");
    const apply = groups.getByRole("button", { name: "Apply quotas" });
    const cards = page.locator(".pool");
    assert.equal(await cards.first().getByRole("combobox").count(), 0, "nothing to choose from yet");
    await groups.getByText("Left for the group default: 100 %").waitFor();
    await groups.getByLabel("New group").fill(group);
    assert.ok(await apply.isDisabled(), "a group without a quota");
    await groups.getByLabel("Its quota in percent").fill("60.5");
    await groups.getByText("Left for the group default: 39.50 %").waitFor();
    await apply.click();
    await miner.is("a group", (s) => s.pool_groups[0]?.name === group && s.pool_groups[0].quota_percent === 60.5);

    await page.getByRole("button", { name: "Add pool" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill(`stratum+tcp://127.0.0.1:${pool.address().port}`);
    await dialog.getByLabel("User").fill("account.good");
    await dialog.getByLabel("Group").selectOption(group);
    await dialog.getByRole("button", { name: "Add pool" }).click();
    await dialog.waitFor({ state: "hidden" });
    await cards.nth(1).getByText(group).first().waitFor();
    assert.equal((await miner.status()).pools[1].group, group);
    const gone = groups.getByRole("button", { name: `Remove the group ${group}` });
    assert.ok(await gone.isDisabled(), "a pool is in it");

    // The other pool's group would have nothing: the miner says so, and what is typed stays.
    const quota = groups.getByLabel(`Quota of ${group} in percent`);
    await quota.fill("100.5");
    assert.ok(await apply.isDisabled(), "more than there is");
    await quota.fill("100");
    await apply.click();
    await groups.getByRole("alert").getByText("E-POOL-GROUP").waitFor();
    assert.equal(await quota.inputValue(), "100");
    await one.axe("groups with a refusal");
    await quota.fill("70");
    await apply.click();
    await miner.is("another quota", (s) => s.pool_groups[0].quota_percent === 70);
    await cards.first().getByText("30 %").first().waitFor();
    await one.fits("pools with groups");
    await one.axe("pools with groups");
    await one.shot("desk-groups");

    await cards.nth(1).getByRole("combobox").selectOption("default");
    await miner.is("a pool that moved", (s) => s.pools[1].group === "default");
    await gone.click();
    await miner.is("no group", (s) => !s.pool_groups.length);
    await page.getByRole("button", { name: /^Remove stratum/ }).nth(1).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await miner.is("one pool", (s) => s.pools.length === 1);
    // The console notes the refusal as well.
    one.complaints = one.complaints.filter((c) => !c.includes("/api/v1/pools"));
  });
});

test("the support archive is fetched by whoever owns the miner", async () => {
  await owner(PHONE, async (one, page) => {
    await one.go("log");
    const coming = page.waitForEvent("download");
    await page.getByRole("link", { name: "Support archive" }).click();
    const archive = await coming;
    assert.equal(archive.suggestedFilename(), "stannary-support.tar");
    const bytes = readFileSync(await archive.path());
    assert.equal(bytes.subarray(257, 262).toString(), "ustar");
    assert.ok(!bytes.includes("correct horse battery"));
    await one.fits("log");
    await one.axe("log with the archive");
    await one.shot("phone-log-owner");
  });
  const context = await browser.newContext(DESK);
  const login = await context.request.post(`${miner.page}api/v1/login`, { data: { password: "correct horse battery" } });
  const { csrf } = await login.json();
  // Whoever may not fetch it is not offered it.
  const one = await Reader.at(context, miner.page, (page) => page.route("**/api/v1/session", (route) => route.fulfill({ json: { machine: "claimed", name: null, who: "x", scope: "operate", csrf, reads: true } })));
  await one.go("log");
  await one.page.getByRole("button", { name: "Hold" }).waitFor();
  assert.equal(await one.page.getByRole("link", { name: "Support archive" }).count(), 0);
  await one.close();
});

test("a reboot is asked about, and the network and the certificate are told", async () => {
  await owner(DESK, async (one, page) => {
    const sent = [];
    await page.route("**/api/v1/restart", (route) => {
      sent.push(route.request().postDataJSON());
      return route.fulfill({ status: 202, json: { restart: "machine" } });
    });
    await one.go("system");
    await region(page, "Network").getByText(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/).waitFor();
    await page.getByRole("button", { name: "Reboot" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.deepEqual(sent, []);
    await page.getByRole("button", { name: "Reboot" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Reboot" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.deepEqual(sent, [{ what: "machine" }]);
    await one.axe("system");
    await one.shot("desk-system-owner");
  });
});
