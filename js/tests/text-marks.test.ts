import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyAnnotation, Span } from "../src/core/protocol";
import { TextDocument, excerpt } from "../src/text/document";
import { LANES, layoutRow, lanesOf } from "../src/text/layout";
import { byPlace, type Mark } from "../src/text/marks";
import { matchesOf } from "../src/text/matches";
import { hostileText } from "./text-corpus";

function span(id: string, start: number, end: number, label = "A"): Span {
  return { kind: "span", id, start, end, label, field: "spans" };
}

function open(text: string, spans: readonly AnyAnnotation[] = [], touched: (a: number, b: number) => void = () => undefined): TextDocument {
  const doc = new TextDocument(text, null, touched);
  doc.marks.update(spans);
  return doc;
}

const spansOf = (length: number): fc.Arbitrary<Span[]> =>
  fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 0, max: 30 }).map((n) => `s${n}`), a: fc.nat(length), b: fc.nat(length) })
      .filter(({ a, b }) => a !== b)
      .map(({ id, a, b }) => span(id, Math.min(a, b), Math.max(a, b))),
    { selector: (one) => one.id, maxLength: 30 },
  );

describe("marks", () => {
  it("after any edits hold what a fresh document holds, and tell of every row that changed", () => {
    fc.assert(
      fc.property(hostileText, fc.context(), (text, context) => {
        fc.pre(text.length > 0);
        const length = new TextDocument(text, null, () => undefined).offsets.length;
        fc.assert(
          fc.property(fc.array(spansOf(length), { maxLength: 4 }), (states) => {
            const dirty = new Set<number>();
            const doc = open(text, [], (first, last) => {
              for (let row = first; row <= last; row++) dirty.add(row);
            });
            let before = new Map<number, string>();
            for (const state of states) {
              dirty.clear();
              doc.marks.update(state);
              const fresh = open(text, state);
              expect(doc.marks.ordered.map((m) => m.id)).toEqual(fresh.marks.ordered.map((m) => m.id));
              const now = new Map<number, string>();
              for (let row = 0; row < doc.rows.count; row++) {
                expect(doc.marks.ofRow(row).map((m) => m.id)).toEqual(fresh.marks.ofRow(row).map((m) => m.id));
                now.set(row, JSON.stringify(doc.marks.ofRow(row).map((m) => m.span)));
                if (now.get(row) !== (before.get(row) ?? "[]")) expect(dirty.has(row)).toBe(true);
              }
              before = now;
            }
          }),
          { numRuns: 5 },
        );
        context.log(text);
      }),
      { numRuns: 40 },
    );
  });

  it("find what covers an offset, shortest first", () => {
    const doc = open("one two three", [span("a", 0, 13), span("b", 4, 7), span("c", 0, 7)]);
    expect(doc.marks.at(5).map((m) => m.id)).toEqual(["b", "c", "a"]);
    expect(doc.marks.at(9).map((m) => m.id)).toEqual(["a"]);
    expect(doc.marks.overlapping(7, 8).map((m) => m.id)).toEqual(["a"]);
  });

  it("touch only their own rows", () => {
    const touched: number[][] = [];
    const held = [span("a", 0, 1)];
    const doc = open("a\nb\nc", held, (first, last) => touched.push([first, last]));
    touched.length = 0;
    const more = [...held, span("b", 2, 3)];
    doc.marks.update(more);
    expect(touched).toEqual([[1, 1]]);
    doc.marks.update(more.slice(1));
    expect(touched).toEqual([[1, 1], [0, 0]]);
  });

  it("walk round the text in order", () => {
    const doc = open("one two three", [span("c", 8, 13), span("a", 0, 3), span("b", 4, 7)]);
    const walk: string[] = [];
    let mark = doc.marks.neighbour(null, 1);
    for (let i = 0; i < 4 && mark; i++) {
      walk.push(mark.id);
      mark = doc.marks.neighbour(mark, 1);
    }
    expect(walk).toEqual(["a", "b", "c", "a"]);
    expect(doc.marks.neighbour(null, -1)?.id).toBe("c");
    expect(doc.marks.neighbour(5, 1)?.id).toBe("c");
    expect(doc.marks.neighbour(5, -1)?.id).toBe("b");
  });

  it("an accepted suggestion is one mark, and comes back when the answer goes", () => {
    const one = span("m", 0, 3);
    const doc = open("one two");
    doc.marks.suggest([one]);
    expect(doc.marks.get("m")?.suggested).toBe(true);
    doc.marks.update([one]);
    doc.marks.suggest([]);
    expect(doc.marks.get("m")?.suggested).toBe(false);
    expect(doc.marks.ofRow(0)).toHaveLength(1);
    doc.marks.update([]);
    doc.marks.suggest([one]);
    expect(doc.marks.suggested.map((m) => m.id)).toEqual(["m"]);
  });

  it("spans beyond the text are cut or left out, never thrown at the page", () => {
    const doc = open("short", [span("a", 3, 50), span("b", 40, 50)]);
    expect(doc.marks.ordered.map((m) => [m.id, m.start, m.end])).toEqual([["a", 3, 5]]);
  });

  it("10,000 spans stay cheap to hold: one more touches one row", () => {
    const text = "lorem ipsum dolor ".repeat(5600);
    const many = Array.from({ length: 10000 }, (_, i) => span(`s${i}`, i * 10, i * 10 + 5));
    let touched = 0;
    const doc = open(text, many, (first, last) => (touched += last - first + 1));
    touched = 0;
    doc.marks.update([...many, span("new", 50001, 50004)]);
    expect(touched).toBe(1);
    expect(doc.marks.ordered).toHaveLength(10001);
  });
});

describe("layout", () => {
  it("pieces tile the row, covers are right, and no two overlapping marks share a lane", () => {
    fc.assert(
      fc.property(hostileText, fc.infiniteStream(fc.nat(10000)), fc.integer({ min: 0, max: 12 }), (text, numbers, count) => {
        const probe = new TextDocument(text, null, () => undefined);
        const at = (): number => (numbers.next().value as number) % (probe.offsets.length + 1);
        const spans: Span[] = [];
        for (let i = 0; i < count; i++) {
          const [a, b] = [at(), at()];
          if (a !== b) spans.push(span(`s${i}`, Math.min(a, b), Math.max(a, b)));
        }
        const doc = open(text, spans);
        const starts = new Map<string, number>();
        const ends = new Map<string, number>();
        for (let row = 0; row < doc.rows.count; row++) {
          const { pieces, lanes } = layoutRow(doc.rows, row, doc.marks.ofRow(row));
          expect(pieces.map((p) => text.slice(p.start, p.end)).join("")).toBe(doc.rows.slice(row));
          for (const piece of pieces) {
            const covering = doc.marks.ofRow(row).filter((m) => m.start <= piece.start && m.end >= piece.end);
            expect(piece.covers.map((c) => c.mark.id).sort()).toEqual(covering.map((m) => m.id).sort());
            expect(new Set(piece.covers.map((c) => c.lane)).size).toBe(piece.covers.length);
            for (const cover of piece.covers) {
              expect(cover.lane).toBeLessThan(lanes);
              if (cover.starts) starts.set(cover.mark.id, (starts.get(cover.mark.id) ?? 0) + 1);
              if (cover.ends) ends.set(cover.mark.id, (ends.get(cover.mark.id) ?? 0) + 1);
            }
          }
        }
        for (const mark of doc.marks.ordered) {
          const drawn = text.slice(mark.start, mark.end).replace(/[\r\n\u2028\u2029]/g, "") !== "";
          expect([starts.get(mark.id) ?? 0, ends.get(mark.id) ?? 0]).toEqual(drawn ? [1, 1] : [0, 0]);
        }
      }),
    );
  });

  it("nests: what lies inside is nearer to the text, whatever came first", () => {
    const doc = open("a b c d e", [span("out", 0, 9), span("mid", 2, 7), span("in", 4, 5), span("side", 8, 9)]);
    const lanes = lanesOf(doc.marks.ofRow(0));
    expect(Object.fromEntries([...lanes].map(([m, lane]) => [m.id, lane]))).toEqual({ in: 0, side: 0, mid: 1, out: 2 });
    expect(lanesOf([...doc.marks.ofRow(0)].reverse())).toEqual(lanes);
  });

  it("a tower of spans keeps to the lanes there are", () => {
    const tower = Array.from({ length: 40 }, (_, i) => span(`s${i}`, i, 100 - i));
    const doc = open("x".repeat(100), tower);
    expect(layoutRow(doc.rows, 0, doc.marks.ofRow(0)).lanes).toBe(LANES);
  });
});

describe("matches", () => {
  const found = (text: string, mark: Span, others: Span[] = [], ignoreCase = false): string[] => {
    const doc = open(text, [mark, ...others]);
    return matchesOf(doc.marks.get(mark.id as string) as Mark, doc.rows, doc.tokens, doc.marks, { ignoreCase })
      .map((range) => `${range.start}-${range.end}`);
  };

  it("are whole tokens with the same letters, not yet marked so", () => {
    const text = "Ann saw Annabel; ann and Ann. Ann's";
    expect(found(text, span("a", 0, 3))).toEqual(["25-28"]);
    expect(found(text, span("a", 0, 3), [span("b", 25, 28)])).toEqual([]);
    expect(found(text, span("a", 0, 3), [span("b", 25, 28, "B")])).toEqual(["25-28"]);
    expect(found(text, span("a", 0, 3), [], true)).toEqual(["17-20", "25-28"]);
  });

  it("of a part of a token are all occurrences", () => {
    expect(found("unhappy happy unhappily", span("a", 2, 5))).toEqual(["8-11", "16-19"]);
  });

  it("take over no special characters, and know emoji", () => {
    expect(found("C++ or C++ (C+)", span("a", 0, 3))).toEqual(["7-10"]);
    expect(found("👍🏽 yes 👍🏽 no 👍", span("a", 0, 2))).toEqual(["9-13"]);
    expect(found("İstanbul ist İSTANBUL", span("a", 9, 12), [], true)).toEqual([]);
  });
});

describe("excerpts", () => {
  it("are one line, cut in the middle, whole characters", () => {
    expect(excerpt("a\n  b")).toBe("a b");
    const cut = excerpt("😀".repeat(100), 11);
    expect([...cut]).toHaveLength(11);
    expect(cut).toMatch(/^😀+…😀+$/u);
    expect(excerpt("x".repeat(1e6), 9)).toBe("xxxx…xxxx");
  });

  it("order is total", () => {
    const doc = open("abcdef", [span("b", 0, 3), span("a", 0, 3), span("c", 0, 6)]);
    expect([...doc.marks.ordered].sort(byPlace).map((m) => m.id)).toEqual(["c", "a", "b"]);
  });
});
