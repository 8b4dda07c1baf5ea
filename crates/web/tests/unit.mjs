// Runs `tests/unit/*.test.ts`: bundled first, since Node reads no TypeScript everywhere.

import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
// Beside the packages, so that what is not bundled is found.
const out = mkdtempSync(join(here, "../node_modules/.unit-"));
try {
  const names = readdirSync(join(here, "unit")).filter((name) => name.endsWith(".test.ts"));
  await build({
    entryPoints: names.map((name) => join(here, "unit", name)),
    outdir: out, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error",
  });
  const files = names.map((name) => join(out, name.replace(/ts$/, "mjs")));
  const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", env: { ...process.env, PAGE_SOURCES: join(here, "..") } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
