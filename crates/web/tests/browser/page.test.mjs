// The page in a real browser, from the real binary with a twin.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { daemon, demo, freePort, until } from "./miner.mjs";
import { DESK, openBrowser, PHONE, Reader, SCREENS } from "./reader.mjs";

const LANGUAGES = { en: "Overview", es: "Resumen", ru: "Обзор", zh: "概览" };

let browser;
let miner;
let poolless;
const readers = [];

async function reader(address, options, prepare) {
  const made = await Reader.of(browser, address, options, prepare);
  readers.push(made);
  return made;
}

before(async () => {
  const nobody = `stratum+tcp://127.0.0.1:${await freePort()}`;
  [browser, miner, poolless] = await Promise.all([openBrowser(), demo("antminer-s19-pro"), daemon("antminer-s9", nobody)]);
  await Promise.all([
    miner.is("an accepted share", (s) => s.shares.accepted > 0),
    poolless.is("a fault of the pool", (s) => s.faults.length > 0),
  ]);
});

after(async () => {
  await browser?.close();
  await Promise.all([miner?.remove(), poolless?.remove()]);
});

/** One reader for one test: what it noticed is part of the test. */
async function reading(address, options, what, prepare) {
  const one = await reader(address, options, prepare);
  try {
    await what(one, one.page);
  } catch (error) {
    await one.shot(`failed-${Date.now()}`).catch(() => {});
    throw error;
  }
  await one.close();
}

describe("every screen", () => {
  // Colours are the same on both, and what is laid out is the same in both.
  for (const [name, options, screens] of [["desk", DESK, SCREENS], ["phone", PHONE, SCREENS], ["desk", { ...DESK, colorScheme: "dark" }, ["overview", "boards"]]]) {
    const colours = options.colorScheme;
    test(`opens, fits and is accessible: ${name}, ${colours}`, async () => {
      await reading(miner.page, options, async (one, page) => {
        for (const screen of screens) {
          await one.go(screen);
          if (screen === "boards") await page.locator(".map").first().waitFor();
          await page.getByText("Emulated machine.").waitFor();
          await one.fits(screen);
          await one.axe(`${screen}, ${name}, ${colours}`);
          await one.shot(`${name}-${colours}-${screen}`);
        }
        assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), colours);
      });
    });
  }

  test("changes its colours by the switch, and keeps them", async () => {
    await reading(miner.page, DESK, async (one, page) => {
      const colours = () => page.evaluate(() => document.documentElement.dataset.theme);
      assert.equal(await colours(), "light");
      await page.getByRole("button", { name: "Auto: switch to Light" }).click();
      await page.getByRole("button", { name: "Light: switch to Dark" }).click();
      assert.equal(await colours(), "dark");
      await page.reload();
      assert.equal(await colours(), "dark");
    });
  });

  test("speaks each language, and fits a phone in it", async () => {
    await reading(miner.page, PHONE, async (one, page) => {
      for (const [code, overview] of Object.entries(LANGUAGES)) {
        await one.go("system");
        await page.locator("#language").selectOption(code);
        assert.equal(await page.evaluate(() => document.documentElement.lang), code);
        for (const screen of SCREENS) {
          await one.go(screen);
          await one.fits(`${screen} in ${code}`);
        }
        await one.go("overview");
        await page.getByRole("link", { name: overview, exact: true }).waitFor();
        await one.axe(`overview in ${code}`);
        await one.shot(`phone-${code}`, false);
      }
      await page.reload();
      assert.equal(await page.evaluate(() => document.documentElement.lang), "zh", "the choice is kept");
    });
  });
});

test("numbers are those of the interface", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("overview");
    const { seq, shares: { accepted: earlier } } = await miner.status();
    await page.waitForFunction((least) => Number(document.querySelector("main").dataset.seq) >= least, seq);
    const shown = await page.locator('[aria-label="Shares"] dd').first().textContent();
    const later = (await miner.status()).shares.accepted;
    const accepted = Number(shown.replaceAll(",", ""));
    assert.ok(earlier <= accepted && accepted <= later, `${earlier} <= ${shown} <= ${later}`);
    // Not measured on this machine, and said so.
    await page.getByText("This machine does not measure power at the wall.").waitFor();
  });
});

test("a chip's numbers are reached by keyboard, pointer and touch", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("boards");
    const board = page.getByRole("region", { name: "Board 1" });
    const heading = board.locator(".chip-facts h3");
    await board.locator(".map").waitFor();
    await board.locator('[data-chip="0"]').focus();
    const check = async (key, expected) => {
      await page.keyboard.press(key);
      assert.equal(await heading.textContent(), expected, key);
    };
    // Three chips to a domain.
    await check("ArrowRight", "Chip 3, domain 1");
    await check("ArrowDown", "Chip 4, domain 1");
    await check("End", "Chip 113, domain 37");
    await check("ArrowRight", "Chip 113, domain 37");
    await check("Home", "Chip 0, domain 0");
    await board.locator('[data-chip="50"]').hover();
    assert.equal(await heading.textContent(), "Chip 50, domain 16");
    await board.locator('[data-chip="51"]').click();
    await page.mouse.move(0, 0);
    assert.equal(await heading.textContent(), "Chip 51, domain 17");
    assert.equal(await board.getByRole("gridcell").count(), 114);
    assert.equal(await board.locator('[role="gridcell"][tabindex="0"]').count(), 1);
    for (const by of ["Errors", "Heat"]) {
      await page.getByText(by, { exact: true }).first().click();
      await one.shot(`desk-boards-${by.toLowerCase()}`);
    }
    await page.getByText("The heat of single chips is not measured").waitFor();
  });
});

test("a page that is looked at hears the miner, and one that is not asks seldom", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    const asked = [];
    // What the screen of the system asks for by itself, once, is none of it.
    const followed = ["status", "log", "history", "stream"];
    page.on("request", (request) => asked.push(...followed.filter((path) => new URL(request.url()).pathname === `/api/v1/${path}`)));
    await one.go("log");
    await page.getByText("New lines appear as they are written.").waitFor();
    asked.length = 0;
    await one.go("system");
    const uptime = page.getByRole("region", { name: "Firmware" }).locator("dd").nth(1);
    const before = await uptime.textContent();
    await until("later numbers", async () => (await uptime.textContent()) !== before);
    assert.deepEqual(asked, [], "numbers came without a question");
    const hide = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await hide(true);
    // What came just before may still be drawn.
    await page.waitForTimeout(1000);
    const [hidden] = [await uptime.textContent(), await page.waitForTimeout(3000)];
    assert.equal(await uptime.textContent(), hidden);
    assert.deepEqual(asked, []);
    await hide(false);
    await until("a stream, and the past", async () => asked.includes("stream") && asked.includes("history"));
    await until("new numbers", async () => (await uptime.textContent()) !== hidden);
    assert.ok(!asked.includes("status"), asked.join(" "));
  });
});

test("without a stream the page asks", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("log");
    await page.getByText("New lines are asked for every few seconds.").waitFor();
    await page.locator(".log > li").first().waitFor();
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname.replace("/api/v1/", "")));
    await one.go("system");
    const uptime = page.getByRole("region", { name: "Firmware" }).locator("dd").nth(1);
    const before = await uptime.textContent();
    await until("new numbers", async () => (await uptime.textContent()) !== before);
    await until("questions", async () => asked.includes("status") && asked.includes("log"));
    one.complaints = one.complaints.filter((c) => !c.includes("/api/v1/stream"));
  }, (page) => page.route(/api\/v1\/stream/, (route) => route.abort()));
});

test("charts begin with what the miner remembers, and say their numbers", async () => {
  await miner.is("a minute of rates", (s) => s.uptime_s > 70);
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("overview");
    const rate = page.getByRole("region", { name: "Hashrate" });
    await rate.getByRole("img", { name: /^Hashrate\. 10 min\. Hashrate: .+ now .+TH\/s/ }).waitFor();
    await rate.getByText("In numbers").click();
    // Older than this page is.
    await until("a dozen rows", async () => (await rate.locator("tbody tr").count()) >= 10);
    const heat = page.getByRole("region", { name: "Temperatures" });
    await heat.getByRole("img", { name: /Hottest on boards: .+°C/ }).waitFor();
    await one.axe("overview with numbers");
    await one.shot("desk-chart-numbers");
    for (const [name, range] of [["1 hour", 3600], ["1 day", 86400], ["1 week", 604800]]) {
      const past = page.waitForResponse((response) => response.url().includes(`range_s=${range}`));
      await rate.getByText(name, { exact: true }).click();
      assert.equal((await past).status(), 200);
      await rate.getByRole("img", { name: new RegExp(`Hashrate\\. ${name}\\.`) }).waitFor();
      assert.ok(await rate.getByRole("radio", { name, exact: true }).isChecked());
    }
    await one.shot("desk-chart-week", false);
  });
});

test("whoever goes on before the page listens is followed", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    await page.locator('nav a[aria-current="page"][href="#/log"]').waitFor();
  }, (page) => page.addInitScript(() => {
    const listen = window.addEventListener;
    window.addEventListener = function (type, ...rest) {
      // Nobody is told of this change of the address.
      if (type === "hashchange") history.replaceState(null, "", "#/log");
      return listen.call(this, type, ...rest);
    };
  }));
});

test("a range that was chosen is shown, whatever the page asks for meanwhile", async () => {
  let open;
  const held = new Promise((resolve) => { open = resolve; });
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("overview");
    const rate = page.getByRole("region", { name: "Hashrate" });
    await rate.getByRole("img", { name: /^Hashrate\. 10 min\./ }).waitFor();
    const asked = page.waitForRequest(/range_s=86400/);
    await rate.getByText("1 day", { exact: true }).click();
    await asked;
    // Seen again after a while, it asks for what it has.
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    open();
    await rate.getByRole("img", { name: /Hashrate\. 1 day\./ }).waitFor();
  }, (page) => page.route(/range_s=86400/, async (route) => { await held; await route.continue(); }));
});

test("a fault is shown with what to do, on every screen's way there", async () => {
  await reading(poolless.page, DESK, async (one, page) => {
    await page.getByText("Faults: ").waitFor();
    const fault = page.getByRole("region", { name: "What is wrong" });
    await fault.getByText("E-POOL-CONNECT").first().waitFor();
    // What it means and what was seen, as in any other language.
    await fault.getByText("a pool cannot be reached").first().waitFor();
    await fault.getByText(/^127\.0\.0\.1:\d+: /).first().waitFor();
    await fault.getByText("check address, network and name service").first().waitFor();
    await one.axe("overview with a fault");
    await one.shot("desk-fault");
    await one.go("log");
    // A busy computer may show the miner another one for a while.
    await until("the number of faults on every screen's way", async () => {
      const { faults } = await poolless.status();
      return faults.length > 0 && (await page.locator("nav .count").textContent()) === String(faults.length);
    });
    await page.getByText("E-POOL-CONNECT").first().waitFor();
  });
});

test("a fault and a decision are told in the reader's language, and their details as they came", async () => {
  const check = async (locale, what, decided, means, remedy, screen) => {
    const language = locale.slice(0, 2);
    const asked = [];
    const listen = async (page) => page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await reading(poolless.page, { ...DESK, locale }, async (one, page) => {
      /** Shown, and in this language for whoever reads it out. */
      const spoken = async (place, text, lang) => {
        await place.getByText(text).first().waitFor();
        assert.equal(await place.getByText(text).first().evaluate((e) => e.closest("[lang]").lang), lang, text);
      };
      const fault = page.getByRole("region", { name: what });
      await spoken(fault, means, language);
      await spoken(fault, remedy, language);
      // Its time to the next try changes.
      await spoken(fault, /^127\.0\.0\.1:\d+: .*retry_s=/, "en");
      await fault.getByText("E-POOL-CONNECT").first().waitFor();
      const { phrases } = await (await one.context.request.get(`${poolless.page}miner-words.${language}.json`)).json();
      const { decisions } = await poolless.status();
      const told = decisions.slice(-6).find(({ decision }) => Object.hasOwn(phrases, decision));
      assert.ok(told, JSON.stringify(decisions));
      await spoken(page.getByRole("region", { name: decided }), phrases[told.decision], language);
      assert.equal(await page.getByText("check address").count(), 0);
      // Asked again where a busy computer gave the first no answer.
      assert.deepEqual([...new Set(asked.filter((path) => path.startsWith("/miner-words")))], [`/miner-words.${language}.json`], "its own language alone");
      if (language === "zh") await one.axe("a fault in zh");
      await one.fits(`a fault in ${language}`);
      await one.shot(`desk-fault-${language}`);
      await page.getByRole("link", { name: screen }).click();
      await spoken(page.locator(".log"), means, language);
      await spoken(page.locator(".log"), remedy, language);
      await page.getByRole("searchbox").fill(means);
      await spoken(page.locator(".log"), means, language);
      await one.shot(`desk-log-${language}`, false);
    }, listen);
  };
  await check("ru-RU", "Что не так", "Последние решения и причины", "пул недоступен", "проверьте адрес, сеть и службу имён", "Журнал");
  await check("zh-CN", "当前故障", "最近的决策及原因", "无法连接矿池", "检查地址、网络和域名服务", "日志");
});

test("until a language is there, the miner's English is shown", async () => {
  let open;
  const held = new Promise((resolve) => { open = resolve; });
  await reading(poolless.page, { ...DESK, locale: "es-PY" }, async (one, page) => {
    const fault = page.getByRole("region", { name: "Qué va mal" });
    const remedy = fault.getByText("check address, network and name service");
    await remedy.first().waitFor();
    assert.equal(await remedy.first().getAttribute("lang"), "en");
    open();
    await fault.getByText("compruebe la dirección, la red y el servicio de nombres").first().waitFor();
    assert.equal(await remedy.count(), 0);
  }, (page) => page.route("**/miner-words.es.json", async (route) => { await held; await route.continue(); }));
});

test("a pool is added, ordered, disabled and removed, and its text stays text", async () => {
  const { pools: [own] } = await miner.status();
  const user = "<img src=x onerror=alert(1)>";
  await reading(poolless.page, DESK, async (one, page) => {
    page.on("dialog", () => one.complaints.push("text of a pool ran as script"));
    await one.go("pools");
    await page.getByRole("button", { name: "Add pool" }).click();
    const dialog = page.getByRole("dialog");

    await dialog.getByLabel("Address").fill("nonsense");
    await dialog.getByLabel("User").fill(user);
    await dialog.getByRole("button", { name: "Add pool" }).click();
    // The miner's own words say what is wrong, and nothing typed is lost.
    await dialog.getByRole("alert").getByText(/E-/).waitFor();
    assert.equal(await dialog.getByLabel("User").inputValue(), user);
    await one.axe("pools with a refusal");
    await one.shot("desk-pool-refused", false);

    await dialog.getByLabel("Address").fill(own.url);
    await dialog.getByLabel("Prefer it over all others").check();
    await dialog.getByRole("button", { name: "Add pool" }).click();
    await dialog.waitFor({ state: "hidden" });
    const cards = page.locator(".pool");
    await cards.nth(1).waitFor();
    assert.match(await cards.first().textContent(), /<img src=x onerror=alert\(1\)>/);
    await poolless.is("work of the new pool", (s) => s.pools.some((p) => p.user === user && p.active));
    await cards.first().getByText("Active").waitFor();
    await one.axe("pools");
    await one.shot("desk-pool-added");

    await cards.first().getByRole("button", { name: /^Down: / }).click();
    await poolless.is("another order", (s) => s.pools[1]?.user === user);

    await page.getByRole("button", { name: `Disable ${own.url}` }).click();
    await page.getByRole("dialog").getByText("It gives the work now").waitFor();
    await one.axe("a question");
    await one.shot("desk-question", false);
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.ok((await poolless.status()).pools.every((p) => p.enabled), "a cancelled question changes nothing");
    await page.getByRole("button", { name: `Disable ${own.url}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await poolless.is("a disabled pool", (s) => s.pools.some((p) => p.user === user && !p.enabled));

    await page.getByRole("button", { name: `Remove ${own.url}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await poolless.is("a removed pool", (s) => s.pools.length === 1);
    await cards.nth(1).waitFor({ state: "detached" });
    // The console notes the refusal as well.
    one.complaints = one.complaints.filter((c) => !c.includes("/api/v1/pools"));
  });
});

test("limits are set within their range, and mining stops only after a question", async () => {
  await reading(poolless.page, DESK, async (one, page) => {
    await one.go("limits");
    const ceiling = page.getByRole("region", { name: "Power ceiling" });
    const { power_ceiling: range } = (await poolless.status()).settings;
    await ceiling.getByLabel("New ceiling").fill(String(range.max + 1));
    assert.ok(await ceiling.getByRole("button", { name: "Apply" }).isDisabled(), "outside its range");
    await ceiling.getByLabel("New ceiling").fill(String(range.min));
    await ceiling.getByRole("button", { name: "Apply" }).click();
    await poolless.is("a ceiling", (s) => s.settings.power_ceiling.set === range.min);
    await ceiling.getByRole("button", { name: "Use default" }).click();
    await poolless.is("no ceiling", (s) => s.settings.power_ceiling.set === null);

    await page.getByRole("region", { name: "Fans" }).getByText("Quiet").click();
    await page.getByRole("region", { name: "Fans" }).getByRole("button", { name: "Apply" }).click();
    await poolless.is("quiet fans", (s) => s.settings.fans.mode === "quiet");

    await page.getByRole("button", { name: "Blink", exact: true }).click();
    await poolless.is("blinking lights", (s) => s.locating);

    const run = page.getByRole("region", { name: "Run and stop" });
    await run.getByRole("button", { name: "Pause" }).click();
    assert.equal((await poolless.status()).settings.intent, "hash", "nothing happens before the answer");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await poolless.is("a pause", (s) => s.settings.intent === "pause");
    await run.getByRole("button", { name: "Resume" }).click();
    await poolless.is("no pause", (s) => s.settings.intent === "hash");
  });
});

test("a refused order shows the miner's reason", async () => {
  await reading(miner.page, DESK, async (one, page) => {
    await one.go("pools");
    const { pools: [own] } = await miner.status();
    await page.getByRole("button", { name: `Disable ${own.url}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await page.getByRole("alert").getByText("the pools of this miner are fixed").waitFor();
    // Refused with 403 is what the console notes as well.
    one.complaints = one.complaints.filter((c) => !c.includes("/api/v1/pools"));
  });
});

test("a lost connection is said, with how old the numbers are", async () => {
  await reading(poolless.page, DESK, async (one, page) => {
    await page.locator(".answers").waitFor();
    await poolless.end();
    await page.getByText(/The miner has been silent for \d+/).waitFor();
    await one.axe("silence");
    await one.shot("desk-silent");
    poolless.begin();
    await page.getByText(/The miner has been silent/).waitFor({ state: "hidden" });
    one.complaints = one.complaints.filter((c) => !c.includes("ERR_CONNECTION_REFUSED") && !c.includes("ERR_INCOMPLETE_CHUNKED_ENCODING") && !c.includes("ERR_EMPTY_RESPONSE") && !c.includes("ERR_CONNECTION_RESET"));
  });
});
