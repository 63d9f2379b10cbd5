// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { pass, worlds } from "./page";

const { world } = worlds();

describe("the model that suggests", () => {
  it("is described when the labeler opens, and whenever it changes", async () => {
    const { engine, kernel } = await world();
    expect(engine.model.value).toBeNull();
    kernel.describe({ name: "words", state: "training", labels: 20 });
    await pass(10);
    expect(engine.model.value).toEqual({ name: "words", state: "training", labels: 20 });
    kernel.describe({ name: "words", version: "1", score: 0.75, curve: [{ labels: 20, score: 0.75 }] });
    await pass(10);
    expect(engine.model.value?.score).toBe(0.75);
    const later = await world({}, kernel.store);
    expect(later.engine.model.value).toBeNull(); // another kernel, without a model
  });

  it("comes with the welcome", async () => {
    const { kernel, line, page } = await world();
    kernel.describe({ name: "words", version: "3" });
    await pass(10);
    page.model.trigger("comm_live_update"); // everything is asked for anew
    kernel.model = { name: "words", version: "4" }; // of this no word came
    await pass(5000);
    expect(line.sent.filter((message) => message.type === "hello").length).toBeGreaterThan(1);
    expect(page.engine.model.value).toEqual({ name: "words", version: "4" });
  });
});
