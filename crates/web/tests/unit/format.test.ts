import assert from "node:assert/strict";
import { test } from "node:test";
import { fixed, large, range, rate, span, useLocale } from "../../app/format.ts";

const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, " ");
const check = (found: string, expected: string) => assert.equal(plain(found), expected);

test("what is not known is a dash, and never a number", () => {
  for (const nothing of [null, undefined]) {
    for (const shown of [fixed(nothing, 2, "W"), rate(nothing, "TH/s"), large(nothing), span(nothing)]) check(shown, "–");
  }
  check(fixed(Number.NaN), "–");
  check(range([], 0, "°C"), "–");
});

test("zero is a number", () => {
  check(fixed(0, 0, "W"), "0 W");
  check(rate(0), "0.00");
  check(large(0), "0");
  check(span(0), "0 s");
});

test("rates keep three digits that matter", () => {
  check(rate(9.876), "9.88");
  check(rate(98.76), "98.8");
  check(rate(987.6, "TH/s"), "987.6 TH/s");
  check(rate(9876), "9,876");
});

test("difficulties are shortened without losing their size", () => {
  check(large(0.25), "0.25");
  check(large(2048), "2,048");
  check(large(48174.2), "48.2k");
  check(large(39_600_000), "39.6M");
  check(large(126e12), "126.0T");
  check(large(1.5e15), "1.50P");
});

test("spans show their two largest parts", () => {
  check(span(59.9), "59 s");
  check(span(125), "2 min 5 s");
  check(span(3600), "1 h");
  check(span(3661), "1 h 1 min");
  check(span(90061), "1 d 1 h");
  check(span(-5), "0 s");
});

test("a range of one value is that value", () => {
  check(range([54.2, 54.4], 0, "°C"), "54 °C");
  check(range([33, 44], 0, "°C"), "33–44 °C");
});

test("numbers are written as the language writes them", () => {
  useLocale("ru");
  check(fixed(1234.5, 1), "1 234,5");
  useLocale("en");
  check(fixed(1234.5, 1), "1,234.5");
});
