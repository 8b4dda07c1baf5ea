// What the miner says with a code or in a fixed phrase: in the reader's language where the page has it, else
// in the miner's English.

import type { JSX } from "preact";
import { codeWords, phraseWords } from "../miner-words.ts";
import { language } from "../words.ts";
import { Said } from "./bits.tsx";

/** What a code means or asks for. `came` is what the miner said of it, if it did. */
export function Coded({ code, is, came = "" }: { code: string; is: "meaning" | "remedy"; came?: string }): JSX.Element | null {
  return shown(codeWords(code, is), came);
}

/** A decision or a reason. */
export const Phrase = ({ came }: { came: string }): JSX.Element | null => shown(phraseWords(came), came);

function shown(words: string | undefined, came: string): JSX.Element | null {
  if (words) return <span lang={language()}>{words}</span>;
  return came ? <Said>{came}</Said> : null;
}
