// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Incoming } from "../src/core/protocol";
import { fakeClock, freshStorage, open, pass } from "./page";

beforeEach(() => {
  fakeClock();
  freshStorage();
});
afterEach(() => vi.useRealTimers());

/** The same ids, times and numbers in every run. */
function steady(messages: Incoming[]): unknown[] {
  const ids = new Map<string, string>();
  let number = 0;
  return messages.map((message) => JSON.parse(JSON.stringify(message), (key, value: unknown) => {
    if (key === "at" && typeof value === "number") return 1700000000.5;
    if (typeof value !== "string" || !/^[0-9a-f]{12}$/.test(value)) return value;
    const known = ids.get(value) ?? (ids.size + 1).toString(16).padStart(12, "0");
    ids.set(value, known);
    return known;
  }) as Record<string, unknown>).map((message) => ({ ...message, id: ++number }));
}

// tests/contract/test_golden.py hands this file to Python's decoder; `vitest run -u` writes it anew
it("sends messages that Python takes", async () => {
  const { engine, line, page } = await open({ items: 60 });
  const root = document.createElement("div");
  root.tabIndex = 0;
  document.body.append(root);
  document.hasFocus = () => true;
  const detach = engine.attach(root);
  root.focus();
  await pass(3000);
  engine.edit([
    { kind: "span", id: "", field: "spans", start: 0, end: 3, label: "ORG" },
    { kind: "choice", id: "", field: "mood", label: "good", score: 0.5, source: "model", attributes: { sure: true } },
    { kind: "text", id: "", field: "note", text: "a “note” 😀 \u0000" },
  ]);
  const [first] = engine.view.value.annotations;
  engine.edit([{ kind: "relation", id: "", field: "rel", head: first?.id ?? "", child: "x", label: "of" }], [first?.id ?? ""]);
  engine.comment("why?");
  engine.flag();
  engine.submit();
  engine.skip();
  engine.discard();
  engine.undo();
  engine.redo();
  await pass(1000);
  engine.goto(40);
  await pass(1000);
  void engine.find({ status: ["pending", "draft"], flagged: false, text: "item" });
  await pass(1000);
  detach();
  root.remove();
  page.close();
  const sent = `${JSON.stringify(steady(line.sent), null, 1)}\n`;
  await expect(sent).toMatchFileSnapshot("../../tests/contract/page-messages.json");
});
