// The miner's own words in the reader's language: what its codes mean and ask for, and the phrases of its
// decisions. English comes from the miner. Every other language is a file that it serves beside the page,
// asked for when that language is chosen. Until it is there, and for what it does not know (a code of a later
// version), there is nothing here, and the miner's English is shown.

import { read } from "./api.ts";

export interface MinerWords {
  codes: Record<string, { meaning: string; remedy?: string }>;
  phrases: Record<string, string>;
}

/** A miner that fell silent meanwhile is asked again. */
const AGAIN_MS = 10_000;

const files = new Map<string, MinerWords>();
const asking = new Set<string>();
let wanted = "en";
let arrived = (): void => {};

export const onMinerWords = (tell: () => void): void => {
  arrived = tell;
};

/** From now on in this language. */
export function speak(language: string): void {
  wanted = language;
  if (language !== "en") void ask(language);
}

async function ask(language: string): Promise<void> {
  if (files.has(language) || asking.has(language)) return;
  asking.add(language);
  try {
    files.set(language, await read<MinerWords>(`/miner-words.${language}.json`));
    arrived();
  } catch {
    // Nothing to tell: English is shown.
    setTimeout(() => wanted === language && void ask(language), AGAIN_MS);
  } finally {
    asking.delete(language);
  }
}

/** What a code means, or what to do about it. */
export function codeWords(code: string, is: "meaning" | "remedy"): string | undefined {
  const codes = files.get(wanted)?.codes;
  return codes && Object.hasOwn(codes, code) ? codes[code]?.[is] : undefined;
}

/** A decision or a reason that says no number. It may name a place in backticks, which stays. */
export function phraseWords(came: string): string | undefined {
  const phrases = files.get(wanted)?.phrases;
  const place = /`[^`]*`/.exec(came)?.[0] ?? "";
  const phrase = place ? came.replace(place, () => "`{}`") : came;
  return phrases && Object.hasOwn(phrases, phrase) ? phrases[phrase]?.replace("`{}`", () => place) : undefined;
}
