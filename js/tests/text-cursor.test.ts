import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cursor, directionOf, headOf, Mover, place, rangeOf, type Step } from "../src/text/cursor";
import { TextDocument } from "../src/text/document";
import { hostileText } from "./text-corpus";

function run(text: string, keys: string): string {
  const { mover } = new TextDocument(text, null, () => undefined);
  let cursor: Cursor | null = null;
  for (const key of keys.split(" ")) {
    const step = (key.endsWith(">") ? 1 : -1) as Step;
    const unit = key.includes("a") ? "character" : "token";
    cursor = key.includes("s") ? mover.extend(cursor, step, unit) : mover.move(cursor, step, unit);
  }
  if (!cursor) return "";
  const { start, end } = rangeOf(cursor);
  return text.slice(start, end);
}

describe("cursor", () => {
  it("goes by token", () => {
    expect(run("one two, three", ">")).toBe("one");
    expect(run("one two, three", "> >")).toBe("two");
    expect(run("one two, three", "> > >")).toBe(",");
    expect(run("one two, three", "<")).toBe("three");
    expect(run("one", "> > >")).toBe("one");
    expect(run("", ">")).toBe("");
    expect(run("one\n\ntwo", "> >")).toBe("two");
  });

  it("extends with Shift and takes it back", () => {
    expect(run("one two three", "> s> s>")).toBe("one two three");
    expect(run("one two three", "> s> s> s<")).toBe("one two");
    expect(run("one two three", "> s> s> s< s<")).toBe("one");
    expect(run("one two three", "> > s> s< s<")).toBe("one two");
    expect(run("one two three", "> > s< s> s>")).toBe("two three");
    expect(run("one two three four", "> s> >")).toBe("three");
    expect(run("one two three four", "> > > s< <")).toBe("one");
  });

  it("goes by character with Alt, whole characters only", () => {
    expect(run("abc", "a>")).toBe("abc"); // the first key only shows the cursor
    expect(run("abc d", "> a<")).toBe("abc");
    expect(run("abc d", "> > a<")).toBe(" ");
    expect(run("abc def", "> as<")).toBe("ab");
    expect(run("abc def", "> as< as<")).toBe("a");
    expect(run("👩‍👩‍👧‍👦👍🏽 x", "> as>")).toBe("👩‍👩‍👧‍👦👍🏽");
    expect(run("xyz 👍🏽", "> as> as>")).toBe("xyz 👍🏽");
  });

  it("a selection is never empty", () => {
    fc.assert(
      fc.property(
        hostileText,
        fc.array(fc.constantFrom(">", "<", "s>", "s<", "a>", "a<", "as>", "as<"), { minLength: 1, maxLength: 25 }),
        (text, keys) => {
          const { mover } = new TextDocument(text, null, () => undefined);
          let cursor: Cursor | null = null;
          for (const key of keys) {
            const step = (key.endsWith(">") ? 1 : -1) as Step;
            const unit = key.includes("a") ? "character" : "token";
            cursor = key.includes("s") ? mover.extend(cursor, step, unit) : mover.move(cursor, step, unit);
            if (!cursor) continue;
            const { start, end } = rangeOf(cursor);
            expect(end).toBeGreaterThan(start);
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeLessThanOrEqual(text.length);
            const head = headOf(cursor);
            expect(head >= start && head < end).toBe(true);
          }
        },
      ),
    );
  });

  it("resizes ends by token and by character, never to nothing", () => {
    const doc = new TextDocument("one two three", null, () => undefined);
    const mover = new Mover(doc.rows, doc.tokens);
    const two = { start: 4, end: 7 };
    expect(mover.resize(two, "end", 1, "token")).toEqual({ start: 4, end: 13 });
    expect(mover.resize(two, "end", -1, "token")).toBeNull();
    expect(mover.resize({ start: 0, end: 7 }, "end", -1, "token")).toEqual({ start: 0, end: 3 });
    expect(mover.resize(two, "end", -1, "character")).toEqual({ start: 4, end: 6 });
    expect(mover.resize(two, "start", -1, "token")).toEqual({ start: 0, end: 7 });
    expect(mover.resize({ start: 0, end: 7 }, "start", 1, "token")).toEqual({ start: 4, end: 7 });
    expect(mover.resize({ start: 4, end: 5 }, "start", 1, "character")).toBeNull();
    expect(mover.resize({ start: 8, end: 13 }, "end", 1, "token")).toBeNull();
  });

  it("knows the direction of a row", () => {
    expect(directionOf("123 שלום abc")).toBe("rtl");
    expect(directionOf("abc שלום")).toBe("ltr");
    expect(directionOf("مرحبا")).toBe("rtl");
    expect(directionOf("… 12")).toBe("ltr");
    expect(place({ start: 1, end: 2 }).extended).toBe(false);
  });
});
