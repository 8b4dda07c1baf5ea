// The real binary on loopback: a demo with a pool of its own, and a daemon of a configuration.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Far beyond the usual: a machine that does other things besides is slow. */
export const PATIENCE_MS = 120_000;
const LOOK_MS = 250;

const binary = process.env.STANNARY_BIN;
if (!binary) throw new Error("STANNARY_BIN names no binary; run scripts/test-page");

/** A port that is free and stays so: none that the system gives to whoever asks for any, which begin at 32768. */
export function freePort() {
  const port = 10_240 + Math.floor(Math.random() * 22_528);
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(freePort()));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
  });
}

export async function until(what, look) {
  const end = Date.now() + PATIENCE_MS;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s${last ? ` (${last.message})` : ""}`);
}

class Miner {
  constructor(args, port, folder, secure) {
    this.args = args;
    this.folder = folder;
    this.page = `http://127.0.0.1:${port}/`;
    this.secure = secure && `https://127.0.0.1:${secure}/`;
    this.said = "";
    this.begin();
  }

  begin() {
    // Its socket is in a folder of its own, so that it meets no other daemon.
    this.child = spawn(binary, this.args, { env: { ...process.env, XDG_RUNTIME_DIR: this.folder }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (bytes) => { this.said = (this.said + bytes).slice(-4000); });
  }

  async status() {
    if (this.child.exitCode !== null) throw new Error(`the miner ended: ${this.said}`);
    return (await fetch(`${this.page}api/v1/status`)).json();
  }

  /** What its command line prints, as JSON. */
  async cli(...args) {
    const env = { ...process.env, XDG_RUNTIME_DIR: this.folder };
    const { stdout } = await run(binary, ["--api", this.page, ...args, "--json"], { env });
    return JSON.parse(stdout);
  }

  /** Its metrics as they are scraped. */
  async metrics() {
    return (await fetch(`${this.page}metrics`)).text();
  }

  /** Until its status is as wanted. */
  async is(what, wanted) {
    return until(what, async () => {
      const status = await this.status();
      return wanted(status) && status;
    });
  }

  async end() {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 20_000).unref();
    });
  }

  async remove() {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const folder = () => mkdtempSync(join(tmpdir(), "stannary-page-"));

export async function demo(machine) {
  const port = await freePort();
  return new Miner(["demo", "--machine", machine, "--http", `127.0.0.1:${port}`], port, folder());
}

/** A daemon with a twin in its process, whose only pool is at `url`; its page is served over TLS as well. */
export async function daemon(machine, url) {
  const [port, secure, place] = [await freePort(), await freePort(), folder()];
  const file = join(place, "stannary.toml");
  writeFileSync(file, `config_version = 1

[machine]
model = "${machine}"
backend = "twin"

[twin]
seed = 7
difficulty_bits = 2

[[pool]]
url = "${url}"
user = "account.gone"
password = "x"

[api]
http = "127.0.0.1:${port}"
https = "127.0.0.1:${secure}"
socket = "${join(place, "s.sock")}"
`);
  return new Miner(["run", "--config", file], port, place, secure);
}
