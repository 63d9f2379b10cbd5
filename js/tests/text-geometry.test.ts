import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawLinks, type Ending, type Link, planLinks, rounded } from "../src/text/arcs";
import { Heights } from "../src/text/heights";

describe("heights", () => {
  it("tops are the sums of what is measured and estimated, whatever the order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.tuple(fc.nat(59), fc.integer({ min: 1, max: 300 })), { maxLength: 80 }),
        (count, measures) => {
          const heights = new Heights(count, (row) => 20 + (row % 3));
          const plain = Array.from({ length: count }, (_, row) => 20 + (row % 3));
          for (const [row, height] of measures) {
            if (row >= count) continue;
            heights.measure(row, height);
            plain[row] = height;
            const sum = plain.slice(0, row).reduce((a, b) => a + b, 0);
            expect(heights.top(row)).toBe(sum);
          }
          const total = plain.reduce((a, b) => a + b, 0);
          expect(heights.total).toBe(total);
          for (let y = 0; y < total; y += 7) {
            const row = heights.at(y);
            expect(heights.top(row)).toBeLessThanOrEqual(y);
            expect(heights.top(row + 1)).toBeGreaterThan(y);
          }
        },
      ),
    );
  });

  it("the window holds what is in sight, and little more", () => {
    const heights = new Heights(1000, () => 20);
    expect(heights.window(0, 100, 40)).toEqual([0, 8]);
    expect(heights.window(10000, 100, 40)).toEqual([498, 508]);
    expect(heights.window(1e9, 100, 40)).toEqual([999, 1000]);
    expect(new Heights(0, () => 20).window(0, 100, 0)).toEqual([0, 0]);
  });

  it("a new width forgets the measures", () => {
    const heights = new Heights(10, () => 20);
    expect(heights.measure(3, 55)).toBe(true);
    expect(heights.measure(3, 55.2)).toBe(false);
    expect(heights.total).toBe(235);
    heights.reset();
    expect(heights.total).toBe(200);
  });
});

const ending: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ x: fc.integer({ min: 40, max: 600 }), line: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constantFrom("above" as const, "below" as const) },
);

const links: fc.Arbitrary<Link[]> = fc
  .array(fc.record({ head: ending, child: ending, width: fc.integer({ min: 10, max: 90 }) }), { maxLength: 14 })
  .map((list) => list.map((link, i) => ({ ...link, id: `r${i}` })));

describe("arcs", () => {
  it("no two that share a stretch of a line share a lane", () => {
    fc.assert(
      fc.property(links, (list) => {
        const plan = planLinks(list, 20);
        const taken: { line: number; lane: number; low: number; high: number; id: string }[] = [];
        for (const { link, runs } of plan.links) {
          for (const run of runs) {
            taken.push({ line: run.line, lane: run.lane, low: Math.min(run.from, run.to), high: Math.max(run.from, run.to), id: link.id });
            expect(run.lane).toBeLessThan(plan.lanes.get(run.line) ?? 0);
          }
          expect(runs.filter((run) => run.label)).toHaveLength(1);
        }
        for (const a of taken) {
          for (const b of taken) {
            if (a.id < b.id && a.line === b.line && a.lane === b.lane) expect(a.high < b.low || b.high < a.low).toBe(true);
          }
        }
      }),
    );
  });

  it("stay in the leading above the lines and in the gutter", () => {
    fc.assert(
      fc.property(links, (list) => {
        const plan = planLinks(list, 20);
        const lanes = Math.max(1, ...plan.lanes.values());
        const pitch = 30 + lanes * 12;
        const textTop = (line: number): number => line * pitch + lanes * 12 + 6;
        const drawn = drawLinks(plan, { textTop, lane: 12, gutterX: 20, gutterStep: 5, gutterLanes: 3, top: 0, bottom: 5 * pitch });
        for (const one of drawn) {
          expect(one.path).not.toMatch(/NaN|undefined|Infinity/);
          const points = [...one.path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])] as const);
          for (const [x, y] of points) {
            if (x <= 20) continue; // the gutter
            const line = Math.floor(y / pitch);
            expect(y).toBeLessThanOrEqual(textTop(line) + 0.5);
          }
        }
      }),
    );
  });

  it("draw nothing for what is out of sight on both sides", () => {
    const plan = planLinks([{ id: "r", head: "above", child: "below", width: 10 }], 20);
    expect(plan.links).toEqual([]);
  });

  it("round corners without leaving the way", () => {
    expect(rounded([[0, 10], [0, 0], [20, 0]], 4)).toBe("M0 10L0 4Q0 0 4 0L20 0");
    expect(rounded([])).toBe("");
    expect(rounded([[0, 0], [0, 0], [5, 0]])).not.toContain("NaN");
  });
});
