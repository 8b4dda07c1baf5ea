import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { CATALOGUES, firstLanguage, LANGUAGES } from "../../app/words.ts";

const app = join(process.env.PAGE_SOURCES ?? ".", "app");
const sources = readdirSync(app, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("catalogue"))
  .map((name) => ({ name, text: readFileSync(join(app, name), "utf8") }));

const english = CATALOGUES.en!;
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();

test("each key stands in each language, with the same values to fill in", () => {
  assert.deepEqual(Object.keys(CATALOGUES), LANGUAGES.map(([code]) => code));
  for (const [code, words] of Object.entries(CATALOGUES)) {
    assert.deepEqual(Object.keys(words), Object.keys(english), code);
    for (const [key, text] of Object.entries(words)) {
      assert.ok(text.trim() === text && text.length > 0, `${code} ${key}`);
      // A value may be left out where a language says it without, never misspelt.
      assert.deepEqual(holes(text), holes(english[key as keyof typeof english]), `${code} ${key}`);
    }
  }
});

test("languages are translated, not copied", () => {
  const same = (code: string) => Object.entries(CATALOGUES[code]!).filter(([key, text]) => text === english[key as keyof typeof english] && /[a-z]{4}/i.test(text));
  for (const code of ["ru", "zh"]) assert.deepEqual(same(code).map(([key]) => key), ["brand"], code);
  // Spanish shares its roots with the words of the trade.
  assert.ok(same("es").length < 20, String(same("es")));
});

test("each key is used", () => {
  const all = sources.map((s) => s.text).join("\n");
  // Keys made of a family and a name of the miner's: `rejects.${name}`, and the words of states.
  const families = [...all.matchAll(/`([a-z_]+\.[a-z_]*)\$\{/g)].map((m) => m[1]!).concat(["state.", "chain.", "pool.", "fans.", "quality.", "clock."]);
  const computed = (key: string) => families.some((family) => key.startsWith(family))
    || /^boards\.(rate|errors|heat)\./.test(key) || /^(claim|login)\.(title|help|do)$/.test(key);
  const unused = Object.keys(english).filter((key) => !all.includes(`"${key}"`) && !computed(key));
  assert.deepEqual(unused, []);
});

test("no words stand outside the catalogue", () => {
  const found: string[] = [];
  // Units and signs are the same in all languages.
  const free = /^(?:[^\p{L}]*|TH\/s|W|V|°C|5 s|1 min|15 min|1 h|HTTP|Stannary|J\/TH|MHz|ms|%)*$/u;
  const spoken = new Set(["aria-label", "title", "placeholder", "alt", "label", "answer", "question", "note"]);
  for (const { name, text } of sources.filter((s) => s.name.endsWith(".tsx"))) {
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
    const visit = (node: ts.Node): void => {
      if (ts.isJsxText(node) && !free.test(node.text.trim())) found.push(`${name}: ${node.text.trim()}`);
      if (ts.isJsxAttribute(node) && spoken.has(node.name.getText()) && node.initializer && ts.isStringLiteral(node.initializer)) found.push(`${name}: ${node.getText()}`);
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  assert.deepEqual(found, []);
});

test("text is never set as markup", () => {
  const found = sources.filter((s) => /innerHTML|dangerously|insertAdjacentHTML|document\.write|\beval\(/i.test(s.text)).map((s) => s.name);
  assert.deepEqual(found, []);
});

test("no source names another host", () => {
  const found = sources.flatMap((s) => [...s.text.matchAll(/https?:\/\/[^\s"'`]*/g)].map((m) => `${s.name}: ${m[0]}`));
  assert.deepEqual(found, []);
});

test("the language is the one chosen before, then one that the browser asks for, then English", () => {
  const check = (stored: string | null, asked: string[], expected: string) => assert.equal(firstLanguage(stored, asked), expected);
  check("ru", ["es"], "ru");
  check("xx", ["es-MX", "en"], "es");
  check(null, ["fr", "zh-CN"], "zh");
  check(null, ["fr"], "en");
  check("toString", [], "en");
});
