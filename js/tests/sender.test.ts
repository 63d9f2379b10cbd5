import { expect, test, vi } from "vitest";
import type { Connection, Question } from "../src/core/connection";
import type { Event } from "../src/core/protocol";
import { Scope } from "../src/core/scope";
import { Sender } from "../src/core/sender";

const event = (id: string): Event => ({ id, item: "i", annotator: "me", action: "edit" });

test("what is done in one stroke leaves in one message, in its order", async () => {
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => setTimeout(run, 0));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  const asked: Question[] = [];
  const wire = { request: (question: Question) => (asked.push(question), () => undefined) } as unknown as Connection;
  const scope = new Scope();
  let shown = "i";
  const nothing = (): void => undefined;
  const sender = new Sender(wire, scope, { stored: nothing, refused: nothing, drained: nothing, at: () => shown });
  sender.start();
  sender.add(event("e1"));
  sender.add(event("e2"));
  shown = "next";
  expect(asked).toEqual([]);
  await vi.waitFor(() => expect(asked).toHaveLength(1)); // once it is painted
  expect(asked).toEqual([{ type: "events", events: [event("e1"), event("e2")], at: "next" }]);
  scope.dispose();
  vi.unstubAllGlobals();
});

test("what is kept nowhere else leaves at once", async () => {
  const asked: Question[] = [];
  const wire = { request: (question: Question) => (asked.push(question), () => undefined) } as unknown as Connection;
  const scope = new Scope();
  const sender = new Sender(wire, scope, { stored: () => undefined, refused: () => undefined, drained: () => undefined, at: () => "i" });
  sender.start();
  sender.add(event("e1"), false, false);
  await Promise.resolve();
  expect(asked).toHaveLength(1);
  scope.dispose();
});
