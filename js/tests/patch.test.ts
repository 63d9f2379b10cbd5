import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { applyPatch, EMPTY, foldUndo, mergePatches, sameAnnotation, type View } from "../src/core/patch";
import type { AnyAnnotation, Event, Patch } from "../src/core/protocol";

interface Step {
  event: Event;
  response: View;
  inverse: Patch;
  done: string[];
  undone: string[];
}

const LOGS = JSON.parse(
  readFileSync(new URL("../../tests/contract/patches.json", import.meta.url), "utf8"),
) as { steps: Step[] }[];

const sorted = (view: View): View => ({
  ...view, annotations: [...view.annotations].sort((a, b) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1)),
});

describe("patches", () => {
  it("do what Python does with the same logs", () => {
    expect(LOGS.length).toBeGreaterThan(20);
    for (const { steps } of LOGS) {
      let view = EMPTY;
      const log: Event[] = [];
      for (const { event, response, inverse, done, undone } of steps) {
        const made = applyPatch(view, event.patch);
        expect(made.after, event.id).toEqual(response);
        expect(made.inverse, event.id).toEqual(inverse);
        view = made.after;
        log.push(event);
        const stacks = foldUndo(log);
        expect(stacks.done.map(({ id }) => id)).toEqual(done);
        expect(stacks.undone.map(({ id }) => id)).toEqual(undone);
      }
    }
  });

  const id = fc.constantFrom("a", "b", "c", "d");
  const annotation: fc.Arbitrary<AnyAnnotation> = fc.record({
    kind: fc.constant("choice" as const), id, label: fc.constantFrom("x", "y"),
  });
  const unique = { selector: (one: AnyAnnotation) => one.id ?? "" };
  const patch: fc.Arbitrary<Patch> = fc.record({
    put: fc.uniqueArray(annotation, { ...unique, maxLength: 3 }), drop: fc.uniqueArray(id, { maxLength: 2 }),
    status: fc.option(fc.constantFrom("draft" as const, "submitted" as const, "discarded" as const)),
    flagged: fc.option(fc.boolean()), comment: fc.option(fc.constantFrom("", "c")),
    model: fc.option(fc.constantFrom("", "m", "n")),
  }, { requiredKeys: [] });
  const view: fc.Arbitrary<View> = fc.record({
    status: fc.constantFrom("pending" as const, "draft" as const, "submitted" as const),
    annotations: fc.uniqueArray(annotation, { ...unique, maxLength: 4 }), flagged: fc.boolean(), comment: fc.constantFrom("", "d"),
    model: fc.constantFrom("", "m"),
  });

  it("are taken back by their inverse", () => {
    fc.assert(fc.property(view, patch, (before, change) => {
      const { after, inverse } = applyPatch(before, change);
      const back = applyPatch(after, inverse).after;
      const annotations = sorted(before).annotations;
      // an inverse that only restores annotations leaves the status to them, as in Python
      expect(sorted(back).annotations).toEqual(annotations);
      expect([back.flagged, back.comment, back.model]).toEqual([before.flagged, before.comment, before.model]);
      if (inverse.status != null) expect(back.status).toBe(before.status);
    }));
  });

  it("merge into one that does the same", () => {
    fc.assert(fc.property(view, patch, patch, (before, first, second) => {
      const twice = applyPatch(applyPatch(before, first).after, second).after;
      const once = applyPatch(before, mergePatches(first, second)).after;
      const { status: _, ...expected } = sorted(twice);
      const { status, ...made } = sorted(once);
      expect(made).toEqual(expected);
      if (second.status != null || first.status == null) expect(status).toBe(twice.status);
    }));
  });

  it("may be applied again without harm", () => {
    fc.assert(fc.property(view, fc.array(patch, { maxLength: 5 }), (before, patches) => {
      const run = (from: View): View => patches.reduce((now, one) => applyPatch(now, one).after, from);
      const once = run(before);
      const twice = sorted(run(once));
      expect(twice.annotations).toEqual(sorted(once).annotations);
      expect([twice.flagged, twice.comment]).toEqual([once.flagged, once.comment]);
    }));
  });

  it("make an answer a person's as soon as somebody touches what a model said", () => {
    const bulk = applyPatch(EMPTY, { put: [{ kind: "choice", id: "a", label: "x" }], status: "submitted", model: "m@1" }).after;
    expect(applyPatch(bulk, { flagged: true }).after.model).toBe("m@1");
    const { after, inverse } = applyPatch(bulk, { status: "submitted" });
    expect([after.model, inverse]).toEqual(["", { model: "m@1" }]);
    expect(applyPatch(bulk, { drop: ["a"] }).after.model).toBe("");
    expect(applyPatch(after, inverse).after).toEqual(bulk);
  });

  it("know annotations that say the same", () => {
    const bare: AnyAnnotation = { kind: "span", start: 0, end: 2, id: "a", label: "X" };
    const full = { ...bare, field: "", attributes: {}, score: null, source: "human" } as AnyAnnotation;
    expect(sameAnnotation(bare, full)).toBe(true);
    expect(sameAnnotation(bare, { ...bare, end: 3 })).toBe(false);
    expect(sameAnnotation({ ...bare, attributes: { label: "" } }, bare)).toBe(false); // an attribute of that name is none
  });
});
