// The catalogue: every word of the page in every language. The miner's own words have files of their own
// (`miner-words.ts`); what pools and people wrote is shown as it came.

import { en } from "./catalogue/en.ts";
import { es } from "./catalogue/es.ts";
import { ru } from "./catalogue/ru.ts";
import { zh } from "./catalogue/zh.ts";
import { useLocale } from "./format.ts";
import { speak } from "./miner-words.ts";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;

export const CATALOGUES: Record<string, Catalogue> = { en, es, ru, zh };

/** In their own words: whoever looks for a language need not read another. */
export const LANGUAGES: [string, string][] = [["en", "English"], ["es", "Español"], ["ru", "Русский"], ["zh", "中文"]];

const known = (name: string): boolean => Object.hasOwn(CATALOGUES, name);

const STORED = "language";
let current = "en";

/** The language chosen before, else the first that the browser asks for and we have. */
export function firstLanguage(stored: string | null, asked: readonly string[]): string {
  if (stored && known(stored)) return stored;
  const wanted = asked.map((name) => name.slice(0, 2).toLowerCase());
  return wanted.find(known) ?? "en";
}

export function startLanguage(): void {
  apply(firstLanguage(localStorage.getItem(STORED), navigator.languages));
}

export function chooseLanguage(name: string): void {
  if (!known(name)) return;
  localStorage.setItem(STORED, name);
  apply(name);
}

function apply(name: string): void {
  current = name;
  document.documentElement.lang = name;
  useLocale(name);
  speak(name);
}

export const language = (): string => current;

/** The words for a key, `{name}` replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const words = CATALOGUES[current]?.[key] ?? en[key];
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** A state in words; one that this page does not know yet as it came. */
export function stateWord(kind: "state" | "chain" | "pool" | "fans" | "quality" | "clock", state: string): string {
  const key = `${kind}.${state}`;
  return Object.hasOwn(en, key) ? t(key as Key) : state.replaceAll("_", " ");
}
