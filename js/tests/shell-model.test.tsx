// @vitest-environment jsdom
import { signal } from "@preact/signals-core";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelState, Schema } from "../src/core/protocol";
import { Scope } from "../src/core/scope";
import { Frame } from "../src/shell/frame";
import { chipWords, curveOf, factsOf } from "../src/shell/model";
import { Shell } from "../src/shell/shell";
import { FakeStore, Line } from "./fake-kernel";
import { fakeClock, freshStorage, Page, pass, turns } from "./page";
import { TextKernel } from "./text-world";

describe("the curve", () => {
  it("goes from the left edge to the right, and a better score stands higher", () => {
    const { low, high, places } = curveOf([{ labels: 10, score: 0.5 }, { labels: 20, score: 0.7 }, { labels: 50, score: 0.9 }]);
    expect([low, high]).toEqual([0.5, 0.9]);
    expect(places.map(([x]) => x)).toEqual([5, 62.5, 235]);
    expect(places[0]?.[1]).toBeCloseTo(79);
    expect(places[1]?.[1]).toBeCloseTo(42);
    expect(places[2]?.[1]).toBeCloseTo(5);
  });

  it("draws noise as noise: an axis never spans less than a fifth", () => {
    const { low, high, places } = curveOf([{ labels: 10, score: 0.9 }, { labels: 20, score: 0.9 }]);
    expect(high - low).toBeCloseTo(0.2);
    expect(new Set(places.map(([, y]) => y)).size).toBe(1);
    expect(curveOf([{ labels: 1, score: 1 }, { labels: 2, score: 0.999 }]).high).toBe(1);
  });

  it("is drawn by labels, whichever came first, and within its box whatever the scores", () => {
    const { sorted, places } = curveOf([{ labels: 30, score: -0.34 }, { labels: 10, score: 0.2 }, { labels: 10, score: 0.3 }]);
    expect(sorted.map((one) => one.labels)).toEqual([10, 10, 30]);
    for (const [x, y] of places) expect(x >= 5 && x <= 235 && y >= 5 && y <= 79).toBe(true);
    expect(curveOf([{ labels: 7, score: 0.3 }, { labels: 7, score: 0.5 }]).places.map(([x]) => x)).toEqual([120, 120]);
  });
});

describe("the words", () => {
  it("of the chip: what it does, else how good it is", () => {
    expect(chipWords({ name: "m" })).toBe("");
    expect(chipWords({ name: "m", score: 0 })).toBe("0.00");
    expect(chipWords({ name: "m", score: 0.8567 })).toBe("0.86");
    expect(chipWords({ name: "m", score: 0.8567, state: "busy" })).toBe("0.86");
    expect(chipWords({ name: "m", score: 0.8567, state: "training" })).toBe("learning");
    expect(chipWords({ name: "m", state: "failed" })).toBe("failed");
  });

  it("of the panel: only what is known", () => {
    expect(factsOf({ name: "m" })).toEqual([]);
    expect(factsOf({ name: "m", until_next: 1 })).toEqual([["Learnt from", "0 answers"], ["Learns again", "after 1 more answer"]]);
    expect(factsOf({ name: "m", labels: 1, score: 0.5, held_out: 1, accepted: 0 })).toEqual([
      ["Learnt from", "1 answer"], ["Score", "0.50, on 1 answer held out"], ["Accepted", "0 % of its suggestions"],
    ]);
    expect(factsOf({ name: "m", score: 1, metric: "macro F1", order: "by doubt", usage: "12 tokens", state: "training" }).map(([, words]) => words))
      .toEqual(["learning; meanwhile it suggests as before", "1.00 macro F1", "by doubt", "12 tokens"]);
  });
});

describe("the chip and the panel", () => {
  let page: Page;
  let root: HTMLElement;
  let scope: Scope;

  beforeEach(() => {
    fakeClock();
    freshStorage();
    vi.stubGlobal("ResizeObserver", class { observe(): void {} disconnect(): void {} });
  });
  afterEach(() => {
    scope.dispose();
    render(null, root);
    root.remove();
    page.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const open = async (model: ModelState | null, keys: Record<string, string[]> = {}): Promise<Shell> => {
    const schema: Schema = { version: 1, fields: [{ kind: "texts", name: "note" }] };
    const kernel = new TextKernel(new FakeStore(), { items: 2, schema });
    kernel.texts = ["a text"];
    kernel.welcome = { keys, model };
    page = new Page(new Line(kernel));
    scope = new Scope();
    root = document.createElement("div");
    document.body.append(root);
    const shell = new Shell(page.engine, root, scope, signal({}));
    await act(() => render(<Frame shell={shell} palette={null} side={null} body={<p />} />, root));
    await act(async () => {
      await turns();
      await pass(20);
      await pass(20);
    });
    return shell;
  };
  const part = (name: string): HTMLElement | null => root.querySelector(`[data-testid="nbl-${name}"]`);

  it("are there for a model only, and so is their key", async () => {
    const shell = await open(null);
    expect(part("submit")).not.toBeNull();
    expect(part("model")).toBeNull();
    expect(shell.keys("model")).toBe("");
  });

  it("show hostile words as words, and open by a key that the user may choose", async () => {
    const evil = '<img src=x onerror="globalThis.hacked=1">';
    const shell = await open({ name: evil, version: evil, hint: evil, order: evil, state: "failed", error: evil, detail: evil }, { model: ["shift+k"] });
    expect(shell.keys("model")).toBe("Shift+K");
    expect(part("model")?.textContent).toContain("failed");
    await act(() => void shell.run("model"));
    expect(part("model-panel")?.textContent?.split(evil).length).toBe(7);
    expect(root.querySelector("img")).toBeNull();
    await act(() => void shell.run("escape"));
    expect(part("model-panel")).toBeNull();
  });
});
