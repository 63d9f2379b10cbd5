import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { Offsets } from "../src/core/offsets";

const unit = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 3 }),
  fc.constantFrom("\ud83d", "\ude00", "😀", "a", "é", "\r\n", "👨‍👩‍👧", "🇩🇪", "ש", "e\u0301", "\ud83d\ud83d\ude00"),
);
const text = fc.array(unit, { maxLength: 60 }).map((parts) => parts.join(""));
const long = fc.tuple(text, fc.nat(700)).map(([body, pad]) => body + "x".repeat(pad) + body + "😀".repeat(pad) + body);

describe("offsets", () => {
  it("agree with the string's own iterator", () => {
    fc.assert(fc.property(fc.oneof(text, long), (body) => {
      const offsets = new Offsets(body);
      const points = [...body];
      expect(offsets.length).toBe(points.length);
      let at = 0;
      points.forEach((point, index) => {
        expect(offsets.toUtf16(index)).toBe(at);
        expect(offsets.toCodePoint(at)).toBe(index);
        if (point.length === 2) {
          expect(offsets.toCodePoint(at + 1)).toBe(index);
          expect(offsets.toCodePoint(at + 1, true)).toBe(index + 1);
        }
        at += point.length;
      });
      expect(offsets.toUtf16(points.length)).toBe(body.length);
      expect(offsets.toCodePoint(body.length)).toBe(points.length);
    }), { numRuns: 200 });
  });

  it("slice as Python does", () => {
    fc.assert(fc.property(text, fc.nat(80), fc.nat(80), (body, a, b) => {
      const [start, end] = a < b ? [a, b] : [b, a];
      expect(new Offsets(body).slice(start, end)).toBe([...body].slice(start, end).join(""));
    }));
  });

  it("move offsets beyond the ends to them", () => {
    const offsets = new Offsets("a😀");
    expect([-1, 0, 9, Number.NaN, Infinity].map((n) => offsets.toUtf16(n))).toEqual([0, 0, 3, 0, 3]);
    expect([-1, 0, 9, Number.NaN, Infinity].map((n) => offsets.toCodePoint(n))).toEqual([0, 0, 2, 0, 2]);
  });

  it("match the cases that Python is tested on", () => {
    const file = new URL("../../tests/contract/offsets.json", import.meta.url);
    const cases = JSON.parse(readFileSync(file, "utf8")) as {
      name: string; text: string; length: number; pairs: [number, number][]; slices: [number, number, string][];
    }[];
    expect(cases.length).toBeGreaterThan(8);
    for (const one of cases) {
      const offsets = new Offsets(one.text);
      expect(offsets.length, one.name).toBe(one.length);
      for (const [point, at] of one.pairs) {
        expect(offsets.toUtf16(point), one.name).toBe(at);
        expect(offsets.toCodePoint(at), one.name).toBe(point);
      }
      for (const [start, end, slice] of one.slices) expect(offsets.slice(start, end), one.name).toBe(slice);
    }
  });
});
