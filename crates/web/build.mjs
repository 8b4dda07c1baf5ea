// Builds the page into `dist/`: three files, the two large ones compressed, and one of the miner's words for
// each language. Fails where the first load is above its limit, where markup or styles hold code in line, or where
// a file names another host.

import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** All that a browser loads to show the first screen, as it goes over the network. */
const FIRST_LOAD_MAX_BYTES = 100_000;

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

const common = { bundle: true, minify: true, write: false, legalComments: "eof", target: ["es2022"], logLevel: "error" };
const [script, style] = await Promise.all([
  build({ ...common, entryPoints: [join(here, "app/main.tsx")], format: "iife", jsx: "automatic", jsxImportSource: "preact" }),
  build({ ...common, entryPoints: [join(here, "style/page.css")], target: ["chrome111", "firefox113", "safari16.4"] }),
]);

const html = readFileSync(join(here, "app/index.html"));
const js = Buffer.from(script.outputFiles[0].contents);
const css = Buffer.from(style.outputFiles[0].contents);

// The content security policy would break these in silence.
const forbidden = [[html, / style=|<style|<script>| on[a-z]+=/, "code in line"], [css, /url\(|@import/, "a file from elsewhere"],
  [js, /\beval\(|new Function\(/, "code made of text"]];
for (const [text, pattern, what] of forbidden) {
  const found = pattern.exec(text.toString());
  if (found) throw new Error(`the page holds ${what}: ${found[0]}`);
}

// Level and time are fixed, so that the same sources give the same bytes.
const packed = (bytes) => gzipSync(bytes, { level: 9 });
const files = { "page.js.gz": packed(js), "page.css.gz": packed(css), "index.html": html };
const total = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
const sizes = Object.entries(files).map(([name, bytes]) => `${name} ${bytes.length}`).join(", ");
if (total > FIRST_LOAD_MAX_BYTES) {
  throw new Error(`first load is ${total} bytes, above its limit of ${FIRST_LOAD_MAX_BYTES} (${sizes})`);
}

// Asked for when their language is chosen, so that nobody loads what they do not read.
const words = Object.fromEntries(readdirSync(join(here, "app/miner-words")).map((name) => {
  const text = readFileSync(join(here, "app/miner-words", name), "utf8");
  return [`miner-words.${name}.gz`, packed(JSON.stringify(JSON.parse(text)))];
}));

mkdirSync(dist, { recursive: true });
// The file whose time `scripts/page` looks at comes last.
for (const [name, bytes] of Object.entries({ ...words, ...files })) writeFileSync(join(dist, name), bytes);
for (const [name, bytes] of Object.entries(words)) console.log(`page: ${name} ${bytes.length} bytes, when its language is chosen`);
console.log(`page: first load ${total} bytes of at most ${FIRST_LOAD_MAX_BYTES} (${sizes})`);
