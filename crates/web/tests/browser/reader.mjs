// A reader: Chromium with a fresh profile, which notices what a person would not see at once.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "./miner.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.PAGE_SCREENSHOTS ?? "page-screenshots";
mkdirSync(shots, { recursive: true });

export const SCREENS = ["overview", "boards", "pools", "limits", "log", "system"];
export const DESK = { viewport: { width: 1360, height: 900 }, colorScheme: "light", locale: "en-US" };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, colorScheme: "dark", locale: "en-US" };

export const openBrowser = (more = []) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more],
});

const PASSWORD = "correct horse battery";

/** The owner's session: the first reader claims the miner. */
async function enter(context, address) {
  const { machine } = await (await context.request.get(`${address}api/v1/session`)).json();
  const path = machine === "unclaimed" ? "claim" : "login";
  const answer = await context.request.post(`${address}api/v1/${path}`, { data: { password: PASSWORD } });
  assert.ok(answer.ok(), await answer.text());
}

export class Reader {
  /** Someone who is let in. */
  static async of(browser, address, options, prepare) {
    const context = await browser.newContext(options);
    await enter(context, address);
    return Reader.at(context, address, prepare);
  }

  /** Someone whom nobody knows. */
  static async stranger(browser, address, options, prepare) {
    return Reader.at(await browser.newContext(options), address, prepare);
  }

  static async at(context, address, prepare = async () => {}) {
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const reader = new Reader(context, page, address);
    await prepare(page);
    await page.goto(address);
    return reader;
  }

  constructor(context, page, address) {
    this.context = context;
    this.page = page;
    this.address = address;
    /** What went wrong without being shown: none is expected. */
    this.complaints = [];
    /** What the browser may complain of, where a refusal is what is tested: it notes one as an error, and late. */
    this.expected = null;
    const host = new URL(address).host;
    page.on("pageerror", (error) => this.complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.host !== host) this.complaints.push(`request to ${url.host}`);
    });
  }

  async go(screen) {
    await this.page.goto(`${this.address}#/${screen}`);
    await this.page.locator(`nav a[aria-current="page"][href="#/${screen}"]`).waitFor();
    await this.page.locator("main > :nth-child(2)").waitFor();
  }

  async shot(name, fullPage = true) {
    await this.page.screenshot({ path: join(shots, `${name}.png`), fullPage });
  }

  /** No accessibility rule that axe knows is broken. Of boards, which are alike, it sees the first. */
  async axe(where) {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run({ exclude: [".board ~ .board"] }, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    const found = violations.flatMap((v) => v.nodes.map((n) => `${where}: ${v.id}: ${n.target.join(" ")}: ${n.any.concat(n.all, n.none)[0]?.message ?? v.help}`));
    assert.deepEqual(found, []);
  }

  /** Nothing sticks out at the side. */
  async fits(where) {
    const [wide, seen] = await this.page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= seen, `${where}: ${wide} pixels wide in a window of ${seen}`);
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.complaints.filter((c) => !this.expected?.test(c)), []);
  }
}
