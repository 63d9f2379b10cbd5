import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../src/core/parse";
import { incoming, outgoing } from "./golden-messages";

describe("messages from the kernel", () => {
  it.each(outgoing.map((message) => [message.type, message] as const))("are read as Python writes them: %s", (_, message) => {
    expect(parse(structuredClone(message))).toEqual(message);
  });

  it("are none if the page would send them", () => {
    for (const message of incoming) expect(() => parse(message)).toThrow(/unknown/);
  });

  it("of others on the same model are left alone", () => {
    for (const message of [undefined, null, 1, "x", [], {}, { kind: "anywidget-command-response" }, { type: 7 }]) {
      expect(parse(message)).toBeNull();
    }
  });

  it("that were damaged are refused with a reason, never let through half", () => {
    // any value somewhere inside replaced by another kind of value
    const damage = fc.constantFrom<unknown>(null, true, -1, 1.5, "zz", [], {}, [null], Number.NaN);
    fc.assert(fc.property(fc.constantFrom(...outgoing), fc.nat(400), damage, (message, pick, value) => {
      const copy = structuredClone(message) as unknown as Record<string, unknown>;
      const places: [Record<string, unknown>, string][] = [];
      const walk = (node: Record<string, unknown>): void => {
        for (const [key, one] of Object.entries(node)) {
          places.push([node, key]);
          if (typeof one === "object" && one !== null) walk(one as Record<string, unknown>);
        }
      };
      walk(copy);
      const [node, key] = places[pick % places.length] ?? [copy, "type"];
      node[key] = value;
      let result: unknown;
      try {
        result = parse(copy);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message.length).toBeGreaterThan(5);
        return;
      }
      if (result !== null) expect(result).toBe(copy);
    }), { numRuns: 600 });
  });
});
