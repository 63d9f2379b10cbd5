import { expect, test } from "vitest";
import type { Connection, Question } from "../src/core/connection";
import type { Event } from "../src/core/protocol";
import { Scope } from "../src/core/scope";
import { Sender } from "../src/core/sender";

const event = (id: string): Event => ({ id, item: "i", annotator: "me", action: "edit" });

test("what is done in one stroke leaves in one message, in its order", async () => {
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
  await Promise.resolve();
  expect(asked).toEqual([{ type: "events", events: [event("e1"), event("e2")], at: "next" }]);
  scope.dispose();
});
