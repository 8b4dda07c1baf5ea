// The miner's words in each language, against the miner's sources.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { codeWords, onMinerWords, phraseWords, speak, type MinerWords } from "../../app/miner-words.ts";
import { LANGUAGES } from "../../app/words.ts";

const web = process.env.PAGE_SOURCES ?? ".";
const crates = join(web, "..");
const read = (...path: string[]) => readFileSync(join(...path), "utf8");

const folder = join(web, "app/miner-words");
const languages = readdirSync(folder).map((name) => name.replace(/\.json$/, ""));
const words = Object.fromEntries(languages.map((name) => [name, JSON.parse(read(folder, `${name}.json`)) as MinerWords]));

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const plain = (literal: string): string => JSON.parse(literal);

/** Every code with what the miner says of it in English. */
const codes = (() => {
  const text = read(crates, "telemetry/src/codes.rs");
  const line = new RegExp(`= "(E-[A-Z-]+)", \\w+, (${STRING}), (${STRING});`, "g");
  const found = new Map([...text.matchAll(line)].map(([, code, meaning, remedy]) => [code!, { meaning: plain(meaning!), remedy: plain(remedy!) }]));
  assert.equal(found.size, text.match(/^ {4}\w+ = "E-/gm)?.length, "codes.rs is read whole");
  return found;
})();

/** Places, which are shown as they came. */
const PLACES = new Set(["machine", "supply", "chain", "slot"]);

/** Phrases without numbers that decisions are made of. */
const phrases = (() => {
  const found = new Set<string>();
  const take = (text: string) => {
    for (const [literal] of text.matchAll(new RegExp(STRING, "g"))) {
      const phrase = plain(literal);
      if (/^[a-z][a-z0-9 ,':-]*$/.test(phrase.replace("`{}`", "")) && !PLACES.has(phrase)) found.add(phrase);
    }
  };
  for (const name of ["engine/src/engine.rs", "control/src/step.rs", "control/src/control.rs", "control/src/safety.rs"]) {
    const text = read(crates, name);
    // What says states and reasons, and what calls `decide` and fills in its words.
    for (const part of text.split(/^ *(?=(?:pub(?:\([a-z]+\))? )?fn )/m)) {
      if (/^(?:pub(?:\([a-z]+\))? )?fn (?:state_word|reason_for|text)\b/.test(part) || /\bself\.decide\(/.test(part)) take(part.replace(/\/\/.*/g, ""));
    }
  }
  return found;
})();

test("each language of the page has the miner's words, but for English, which is the miner's", () => {
  assert.deepEqual(languages, LANGUAGES.map(([code]) => code).filter((code) => code !== "en").sort());
});

/** What a translation keeps: what is typed, codes, numbers. */
function kept(text: string): string[] {
  const typed = [...text.matchAll(/`[^`]*`/g)].map(([found]) => found);
  const rest = text.replace(/`[^`]*`/g, "");
  return typed.concat(rest.match(/E-[A-Z-]+|\d+|TLS|TOML|Stratum/g) ?? []).sort();
}

for (const [language, { codes: translated, phrases: said }] of Object.entries(words)) {
  test(`each code has its meaning and remedy in ${language}, and nothing else has`, () => {
    const missing = [...codes.keys()].filter((code) => !Object.hasOwn(translated, code));
    assert.deepEqual(missing, [], `not in app/miner-words/${language}.json`);
    assert.deepEqual(Object.keys(translated).filter((code) => !codes.has(code)), [], "no code of the miner");
    for (const [code, english] of codes) {
      const own = translated[code]!;
      assert.deepEqual(Object.keys(own), english.remedy ? ["meaning", "remedy"] : ["meaning"], code);
      for (const is of ["meaning", "remedy"] as const) {
        const text = own[is];
        if (text === undefined) continue;
        assert.ok(text.trim() === text && text.length > 1, `${code} ${is}`);
        assert.deepEqual(kept(text), kept(english[is]), `${code} ${is}`);
        assert.notEqual(text, english[is], `${code} ${is} is not translated`);
      }
    }
  });

  test(`each phrase of a decision is said in ${language}, and no other`, () => {
    assert.deepEqual([...phrases].filter((phrase) => !Object.hasOwn(said, phrase)), [], `not in app/miner-words/${language}.json`);
    assert.deepEqual(Object.keys(said).filter((phrase) => !phrases.has(phrase)), [], "no phrase of the miner");
    for (const [phrase, text] of Object.entries(said)) {
      assert.ok(text.trim() === text && text.length > 0 && text !== phrase, phrase);
      assert.deepEqual(kept(text), kept(phrase), phrase);
    }
  });
}

test("each language is written in its own letters", () => {
  const check = (language: string, letters: RegExp, foreign: RegExp) => {
    const { codes: of, phrases: said } = words[language]!;
    for (const text of Object.values(of).flatMap((own) => [own.meaning, own.remedy ?? ""]).concat(Object.values(said)).filter(Boolean)) {
      const bare = text.replace(/`[^`]*`/g, "");
      assert.ok(letters.test(bare), `${language}: ${text}`);
      assert.ok(!foreign.test(bare), `${language}: ${text}`);
    }
  };
  check("es", /[a-záéíóúñ]/, /[\p{Script=Cyrillic}\p{Script=Han}]/u);
  check("ru", /\p{Script=Cyrillic}/u, /\p{Script=Han}|[a-z]\p{Script=Cyrillic}|\p{Script=Cyrillic}[a-z]/iu);
  check("zh", /\p{Script=Han}/u, /\p{Script=Cyrillic}|[,;:?!](?!\/\/)/u);
});

test("no language of the miner's words is in the first load; each is a file of its own", () => {
  const dist = join(web, "dist");
  assert.ok(existsSync(join(dist, "page.js.gz")), "the page is not built: scripts/page");
  const unpacked = (name: string) => gunzipSync(readFileSync(join(dist, name))).toString();
  const first = unpacked("page.js.gz") + unpacked("page.css.gz") + read(dist, "index.html");
  for (const [language, own] of Object.entries(words)) {
    for (const text of Object.values(own.codes).map(({ meaning }) => meaning)) {
      // Beyond ASCII the bundler may write letters as numbers.
      const written = text.replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
      assert.ok(!first.includes(text) && !first.toLowerCase().includes(written.toLowerCase()), `${language}: ${text}`);
    }
    assert.deepEqual(JSON.parse(unpacked(`miner-words.${language}.json.gz`)), own);
  }
});

const asked: string[] = [];
const real = globalThis.fetch;
const answers = (answer: (path: string) => Response) => {
  globalThis.fetch = (async (path: string) => {
    asked.push(path);
    return answer(path);
  }) as typeof fetch;
};
const arrival = () => new Promise<void>((resolve) => onMinerWords(resolve));

afterEach(() => {
  speak("en");
  globalThis.fetch = real;
  asked.length = 0;
});

test("a language is asked for when it is chosen, once, and English never", async () => {
  answers((path) => Response.json(words[path.split(".")[1]!]));
  speak("en");
  assert.deepEqual(asked, []);
  assert.equal(codeWords("E-POOL-CONNECT", "meaning"), undefined);
  const came = arrival();
  speak("ru");
  speak("ru");
  assert.equal(codeWords("E-POOL-CONNECT", "meaning"), undefined, "not there yet");
  await came;
  assert.equal(codeWords("E-POOL-CONNECT", "meaning"), "пул недоступен");
  assert.equal(phraseWords("fans full"), "вентиляторы на полную");
  speak("en");
  assert.equal(codeWords("E-POOL-CONNECT", "meaning"), undefined);
  speak("ru");
  assert.equal(codeWords("E-POOL-CONNECT", "remedy"), words.ru!.codes["E-POOL-CONNECT"]!.remedy);
  assert.deepEqual(asked, ["/miner-words.ru.json"]);
});

test("what a language does not know is left to the miner", async () => {
  answers(() => Response.json(words.zh));
  const came = arrival();
  speak("zh");
  await came;
  assert.equal(codeWords("E-POOL-CONNECT", "meaning"), words.zh!.codes["E-POOL-CONNECT"]!.meaning);
  for (const code of ["E-LATER-CODE", "toString", "__proto__", ""]) assert.equal(codeWords(code, "meaning"), undefined, code);
  assert.equal(codeWords("E-POOL-CLOSED", "remedy"), undefined);
  assert.equal(phraseWords("reason=command"), undefined);
  // A place stays as it came, whatever it is.
  assert.equal(phraseWords("no hash power for its board: see `slot 2`"), "其算力板没有供电：见 `slot 2`");
  assert.equal(phraseWords("no hash power for its board: see `$&{}`"), "其算力板没有供电：见 `$&{}`");
  assert.equal(phraseWords("no hash power for its board: see ``"), "其算力板没有供电：见 ``");
});

test("a language that did not come is asked for again while it is wanted", async () => {
  const later: (() => void)[] = [];
  const timer = globalThis.setTimeout;
  globalThis.setTimeout = ((then: () => void, ms: number) => {
    assert.equal(ms, 10_000);
    later.push(then);
  }) as typeof setTimeout;
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  try {
    let silent = true;
    answers(() => (silent ? new Response("", { status: 503 }) : Response.json(words.es)));
    speak("es");
    await settled();
    assert.equal(codeWords("E-POOL-CONNECT", "meaning"), undefined);
    speak("en");
    later.pop()!();
    await settled();
    assert.equal(asked.length, 1, "nobody wants it now");
    speak("es");
    await settled();
    silent = false;
    later.pop()!();
    await settled();
    assert.equal(codeWords("E-POOL-CONNECT", "meaning"), words.es!.codes["E-POOL-CONNECT"]!.meaning);
    assert.deepEqual([asked.length, later.length], [3, 0]);
  } finally {
    globalThis.setTimeout = timer;
  }
});
