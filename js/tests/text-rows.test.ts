import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rows } from "../src/text/rows";
import { Characters } from "../src/text/segment";
import { Tokens } from "../src/text/tokens";
import { hostileText } from "./text-corpus";

describe("rows", () => {
  it("tile the text and end at line breaks", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 4, max: 40 }), (text, limit) => {
        const rows = Rows.of(text, undefined, limit);
        expect(rows.count).toBeGreaterThan(0);
        let at = 0;
        for (let row = 0; row < rows.count; row++) {
          expect(rows.start(row)).toBe(at);
          expect(rows.slice(row)).not.toMatch(/[\r\n\u2028\u2029]/);
          expect(text.slice(rows.end(row), rows.next(row))).toMatch(/^(\r\n|[\r\n\u2028\u2029])?$/);
          if (rows.continues(row)) expect(rows.end(row)).toBeGreaterThan(rows.start(row));
          at = rows.next(row);
        }
        expect(at).toBe(text.length);
        for (let offset = 0; offset <= text.length; offset++) {
          const row = rows.at(offset);
          expect(rows.start(row)).toBeLessThanOrEqual(offset);
          if (row + 1 < rows.count) expect(offset).toBeLessThan(rows.start(row + 1));
        }
      }),
    );
  });

  it("keep CR LF together and blank lines apart", () => {
    const rows = Rows.of("a\r\n\r\nb\rc\n");
    expect(Array.from({ length: rows.count }, (_, row) => rows.slice(row))).toEqual(["a", "", "b", "c"]);
    expect(Rows.of("").count).toBe(1);
  });

  it("cut long lines after sentences, else blanks, else words, and never within a character", () => {
    const prose = "One two three four. ".repeat(20);
    const cut = Rows.of(prose, undefined, 50);
    for (let row = 0; row + 1 < cut.count; row++) expect(cut.slice(row)).toMatch(/\. $/);
    const words = Rows.of("abcd ".repeat(40), undefined, 21);
    for (let row = 0; row + 1 < words.count; row++) expect(words.slice(row)).toMatch(/ $/);
    const family = "👩‍👩‍👧‍👦".repeat(200);
    const rows = Rows.of(family, undefined, 100);
    expect(rows.count).toBeGreaterThan(5);
    for (let row = 0; row < rows.count; row++) expect(rows.start(row) % 11).toBe(0);
  });

  it("do not cut tokens that were given", () => {
    const text = "x".repeat(100);
    const inside = (offset: number): readonly [number, number] | null => {
      const start = Math.floor(offset / 30) * 30;
      return start < offset ? [start, Math.min(start + 30, 100)] : null;
    };
    const rows = Rows.of(text, inside, 40);
    for (let row = 0; row < rows.count; row++) expect(rows.start(row) % 30).toBe(0);
  });

  it("hold no row longer than the limit where it can be helped", () => {
    const rows = Rows.of("word ".repeat(30000));
    for (let row = 0; row < rows.count; row++) expect(rows.end(row) - rows.start(row)).toBeLessThanOrEqual(1500);
  });
});

describe("characters", () => {
  it("boundaries agree with the segmenter on the whole text", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const characters = new Characters(text);
        const boundaries = new Set<number>([text.length]);
        for (const part of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) boundaries.add(part.index);
        for (let offset = 0; offset <= text.length; offset++) {
          const low = characters.floor(offset);
          const high = characters.ceil(offset);
          expect(low).toBeLessThanOrEqual(offset);
          expect(high).toBeGreaterThanOrEqual(offset);
          expect(boundaries.has(low)).toBe(true);
          expect(boundaries.has(high)).toBe(true);
          expect(low === high).toBe(boundaries.has(offset));
        }
      }),
    );
  });

  it("steps go through the text and back", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const characters = new Characters(text);
        const forward: number[] = [];
        for (let at = 0; at < text.length; at = characters.after(at)) forward.push(at);
        const backward: number[] = [];
        for (let at = text.length; at > 0; ) {
          at = characters.before(at);
          backward.push(at);
        }
        expect(backward.reverse()).toEqual(forward);
      }),
    );
  });
});

describe("tokens", () => {
  it("cover all that is not blank, in order, without overlap", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const rows = Rows.of(text, undefined, 30);
        const tokens = new Tokens(rows);
        let last = 0;
        for (let row = 0; row < rows.count; row++) {
          const flat = tokens.ofRow(row);
          for (let i = 0; i < flat.length; i += 2) {
            const [start, end] = [flat[i] as number, flat[i + 1] as number];
            expect(start).toBeGreaterThanOrEqual(last);
            expect(text.slice(last, start)).toMatch(/^[\s\p{Cc}\p{Cf}]*$/u);
            expect(end).toBeGreaterThan(start);
            last = end;
          }
        }
        expect(text.slice(last)).toMatch(/^[\s\p{Cc}\p{Cf}]*$/u);
      }),
    );
  });

  it("next and previous visit each token once", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const tokens = new Tokens(Rows.of(text, undefined, 30));
        const forward: number[] = [];
        for (let token = tokens.first(); token; token = tokens.next(token.end)) forward.push(token.start);
        const backward: number[] = [];
        for (let token = tokens.last(); token; token = tokens.previous(token.start)) backward.push(token.start);
        expect(backward.reverse()).toEqual(forward);
      }),
    );
  });

  it("snapping grows to whole tokens, drops blanks, and is stable", () => {
    fc.assert(
      fc.property(hostileText, fc.nat(), fc.nat(), (text, a, b) => {
        const rows = Rows.of(text, undefined, 30);
        const tokens = new Tokens(rows);
        const start = Math.min(a, b) % (text.length + 1);
        const end = Math.max(a, b) % (text.length + 1);
        const snapped = tokens.snap(start, end);
        if (!snapped) return;
        expect(snapped.end).toBeGreaterThan(snapped.start);
        expect(tokens.at(snapped.start)?.start).toBe(snapped.start);
        expect(tokens.at(snapped.end - 1)?.end).toBe(snapped.end);
        expect(tokens.snap(snapped.start, snapped.end)).toEqual(snapped);
      }),
    );
  });

  it("snaps to the tokenizer's tokens where they are given", () => {
    const rows = Rows.of("New York-based  firm");
    const tokens = new Tokens(rows, [0, 3, 4, 14, 14, 16, 16, 20]);
    expect(tokens.snap(5, 6)).toEqual({ start: 4, end: 14 });
    expect(tokens.snap(1, 15)).toEqual({ start: 0, end: 14 });
    expect(tokens.snap(14, 16)).toBeNull();
    expect(tokens.trim(14, 18)).toEqual({ start: 16, end: 18 });
    expect(tokens.at(15)).toBeNull();
    expect(tokens.at(15, true)).toEqual({ start: 16, end: 20 });
  });

  it("character mode never splits a character", () => {
    const text = "ab👩‍👩‍👧‍👦c";
    const tokens = new Tokens(Rows.of(text));
    expect(tokens.trim(4, 6)).toEqual({ start: 2, end: 13 });
  });
});
