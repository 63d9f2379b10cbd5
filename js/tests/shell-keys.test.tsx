// @vitest-environment jsdom
import { signal } from "@preact/signals-core";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnyAnnotation, Problem, Schema, WireItem } from "../src/core/protocol";
import { Scope } from "../src/core/scope";
import { limitWords, treeOf } from "../src/shell/fields";
import { Frame } from "../src/shell/frame";
import { describeFilter, progressWords } from "../src/shell/queue";
import { Shell } from "../src/shell/shell";
import { FakeStore, Line } from "./fake-kernel";
import { fakeClock, freshStorage, Page, pass, turns } from "./page";
import { short, TextKernel } from "./text-world";

const EVIL = '<img src=x onerror="globalThis.hacked=1">';
const MOOD = { kind: "choices", name: "mood", labels: [{ name: "good", hotkey: "1" }, { name: "bad", hotkey: "2" }, { name: "so so", hotkey: "3" }] };
const NOTE = { kind: "texts", name: "note" };

interface Options {
  items?: number;
  suggestions?: AnyAnnotation[];
  extra?: Partial<WireItem>;
  guidelines?: string;
  keys?: Record<string, string[]>;
  options?: Record<string, unknown>;
  notices?: Problem[];
}

describe("the shell", () => {
  let page: Page;
  let shell: Shell;
  let root: HTMLElement;
  let scope: Scope;
  let kernel: TextKernel;

  const open = async (fields: object[], given: Options = {}): Promise<void> => {
    const schema: Schema = { version: 1, fields: fields as Schema["fields"] };
    kernel = new TextKernel(new FakeStore(), { items: given.items ?? 3, schema });
    kernel.texts = ["a text"];
    kernel.extra = given.extra ?? {};
    kernel.offered = { item0: given.suggestions ?? [] };
    kernel.welcome = {
      keys: given.keys ?? {}, options: given.options ?? {}, guidelines: given.guidelines ?? "", notices: given.notices ?? [],
    };
    page = new Page(new Line(kernel));
    scope = new Scope();
    root = document.createElement("div");
    root.className = "nblabel";
    root.tabIndex = -1;
    document.body.append(root);
    shell = new Shell(page.engine, root, scope, signal({}));
    await act(() => render(<Frame shell={shell} palette={null} side={null} body={<p id="body">body</p>} />, root));
    await act(async () => {
      await turns();
      await pass(20);
      await pass(20);
    });
    root.focus();
  };

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

  const press = async (key: string, more: Partial<KeyboardEventInit> = {}, target: Element = document.activeElement ?? root): Promise<boolean> => {
    const code = /^\d$/.test(key) ? `Digit${key}` : "";
    const event = new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true, composed: true, ...more });
    await act(() => void target.dispatchEvent(event));
    return event.defaultPrevented;
  };
  const answers = (): string[] => page.engine.view.value.annotations.map(short);
  const part = (name: string): HTMLElement | null => root.querySelector(`[data-testid="nbl-${name}"]`);
  const words = (name: string): string => part(name)?.textContent ?? "";

  it("a single choice is the whole answer: picking it goes on", async () => {
    await open([MOOD]);
    await press("2");
    expect(page.engine.index.value).toBe(1);
    await press("Backspace");
    page.engine.previous();
    expect(answers()).toEqual(["mood: bad"]);
    expect(page.engine.view.value.status).toBe("submitted");
    await press("2");
    expect(page.engine.view.value.status).toBe("pending");
    expect(page.engine.index.value).toBe(1);
  });

  it("beside other questions it waits for the submit, and the same key takes it back", async () => {
    await open([MOOD, NOTE]);
    await press("2");
    await press("3");
    expect(answers()).toEqual(["mood: so so"]);
    await press("3");
    expect(answers()).toEqual([]);
    await press("1");
    await press("Enter");
    expect(page.engine.index.value).toBe(1);
  });

  it("auto_advance=False waits too", async () => {
    await open([MOOD], { options: { auto_advance: false } });
    await press("1");
    expect(page.engine.index.value).toBe(0);
  });

  it("several choices of one field add up", async () => {
    await open([{ ...MOOD, multiple: true }]);
    await press("1");
    await press("3");
    expect(answers()).toEqual(["mood: good", "mood: so so"]);
    await press("1");
    expect(answers()).toEqual(["mood: so so"]);
  });

  it("two labels: a and x answer and go on", async () => {
    await open([{ kind: "choices", name: "ok", labels: [{ name: "yes", hotkey: "1" }, { name: "no", hotkey: "2" }] }]);
    await press("a");
    await press("x");
    expect(page.engine.index.value).toBe(2);
    await press("p");
    expect(answers()).toEqual(["ok: no"]);
    await press("p");
    expect(answers()).toEqual(["ok: yes"]);
  });

  it("when all is done nothing hidden is answered any more, and undo goes back", async () => {
    await open([MOOD], { items: 2 });
    await press("1");
    await press("1");
    expect(part("done")).not.toBeNull();
    await press("2");
    await press("Enter");
    await press("X", { shiftKey: true });
    expect(page.engine.progress.value).toMatchObject({ submitted: 2, discarded: 0 });
    await press("z", { ctrlKey: true });
    expect(part("done")).toBeNull();
    expect(page.engine.progress.value.submitted).toBe(1);
  });

  it("skip, discard, flag, undo, redo, next and previous by key", async () => {
    await open([MOOD, NOTE]);
    await press(" ");
    expect(page.engine.index.value).toBe(1);
    await press("f");
    expect(page.engine.view.value.flagged).toBe(true);
    await press("X", { shiftKey: true });
    expect(page.engine.progress.value.discarded).toBe(1);
    await press("z", { ctrlKey: true });
    expect(page.engine.progress.value.discarded).toBe(0);
    await press("y", { ctrlKey: true });
    expect(page.engine.progress.value.discarded).toBe(1);
    await press("ArrowLeft", { ctrlKey: true });
    const at = page.engine.index.value;
    await press("n");
    expect(page.engine.index.value).toBe(at + 1);
  });

  it("in a text field keys write; mod+Enter submits, Escape gives the keys back", async () => {
    await open([NOTE, MOOD]);
    const area = root.querySelector("textarea") as HTMLTextAreaElement;
    area.focus();
    for (const key of ["a", "x", " ", "Enter", "1", "n", "?", "Backspace"]) expect(await press(key)).toBe(false);
    expect(page.engine.index.value).toBe(0);
    area.value = "hello";
    await act(() => void area.dispatchEvent(new Event("input", { bubbles: true })));
    await press("Escape");
    expect(document.activeElement).toBe(root);
    expect(answers()).toEqual(["note: “hello”"]);
    area.focus();
    expect(await press("Enter", { ctrlKey: true })).toBe(true);
    expect(page.engine.index.value).toBe(1);
    expect((root.querySelector("textarea") as HTMLTextAreaElement).value).toBe("");
  });

  it("an emptied text takes the answer back", async () => {
    await open([NOTE]);
    const area = root.querySelector("textarea") as HTMLTextAreaElement;
    for (const text of ["x", ""]) {
      area.value = text;
      await act(() => void area.dispatchEvent(new Event("input", { bubbles: true })));
      await pass(500);
    }
    expect(answers()).toEqual([]);
  });

  it("a submit that breaks a limit says why and stays", async () => {
    await open([{ ...MOOD, required: true, min: 1 }, NOTE]);
    await press("Enter");
    expect(page.engine.index.value).toBe(0);
    expect(root.querySelector('[role="alert"]')?.textContent).toContain("mood");
    await press("1");
    expect(root.querySelector('[role="alert"]')).toBeNull();
    await press("Enter");
    expect(page.engine.index.value).toBe(1);
  });

  it("help lists the keys in force, the user's own too, and takes all keys until it is closed", async () => {
    await open([MOOD, NOTE], { keys: { skip: ["s"], nonsense: ["q"] } });
    await press("?");
    const help = part("help");
    expect(help?.textContent).toContain("good");
    expect(help?.textContent).toContain("nonsense");
    const skip = [...(help?.querySelectorAll("dl > div") ?? [])].find((one) => one.textContent?.includes("Skip"));
    expect(skip?.querySelector("kbd")?.textContent).toBe("s");
    await press("1");
    await press("s");
    expect(answers()).toEqual([]);
    expect(page.engine.index.value).toBe(0);
    await press("Escape");
    expect(part("help")).toBeNull();
    await press("s");
    expect(page.engine.index.value).toBe(1);
  });

  it("with nothing to step out of, Escape is left to the notebook", async () => {
    await open([MOOD]);
    expect(await press("Escape")).toBe(false);
  });

  it("a suggested choice is marked with its score, and picking it keeps where it came from", async () => {
    const suggestions: AnyAnnotation[] = [{ kind: "choice", id: "m", label: "bad", field: "mood", score: 0.75, source: "clf" }];
    await open([MOOD, NOTE], { suggestions });
    expect(root.querySelector('[data-label="bad"]')?.textContent).toContain("0.75");
    expect(answers()).toEqual([]);
    await press("2");
    expect(page.engine.view.value.annotations).toEqual(suggestions);
  });

  it("the tree of labels opens, closes and is walked by arrows", async () => {
    const labels = [{ name: "animal" }, { name: "cat", parent: "animal" }, { name: "plant" }];
    await open([{ kind: "choices", name: "kind", labels, multiple: true }, NOTE]);
    const shown = (): (string | undefined)[] => [...root.querySelectorAll<HTMLElement>("[data-rove]")].map((one) => one.dataset["label"]);
    expect(shown()).toEqual(["animal", "cat", "plant"]);
    (root.querySelector('[data-label="animal"]') as HTMLElement).focus();
    await press("ArrowLeft");
    expect(shown()).toEqual(["animal", "plant"]);
    await press("ArrowRight");
    await press("ArrowDown");
    expect((document.activeElement as HTMLElement).dataset["label"]).toBe("cat");
    expect(page.engine.index.value).toBe(0);
  });

  it("jump, search and comment open by key and close by Escape", async () => {
    await open([MOOD, NOTE]);
    await press("j");
    const input = root.querySelector<HTMLInputElement>(".nbl-jump input");
    if (input) input.value = "3";
    await act(() => void input?.form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    expect(page.engine.index.value).toBe(2);
    await press("/", {}, root);
    expect(part("search")).not.toBeNull();
    await press("Escape", {}, part("search") as Element);
    expect(part("search")).toBeNull();
    await press("c", {}, root);
    const comment = part("comment") as HTMLTextAreaElement;
    expect(document.activeElement).toBe(comment);
    comment.value = "odd";
    await act(() => void comment.dispatchEvent(new Event("input", { bubbles: true })));
    expect(page.engine.view.value.comment).toBe("odd");
  });

  it("hostile names, texts and guidelines are text", async () => {
    await open(
      [{ kind: "choices", name: EVIL, title: EVIL, description: EVIL, labels: [{ name: EVIL, description: EVIL, examples: [EVIL] }, { name: "b" }, { name: "c" }] }, NOTE],
      {
        extra: { key: EVIL, show: [[EVIL, EVIL]], changed: true, problem: EVIL, suggest_error: EVIL }, guidelines: `${EVIL}\n[x](javascript:alert(1))`,
        notices: [{ title: EVIL, hint: EVIL, detail: EVIL }],
      },
    );
    await press("g");
    await press("?");
    expect(root.querySelector("img, script, [onerror]")).toBeNull();
    expect(root.querySelectorAll("a").length).toBe(0);
    expect(root.textContent).toContain(EVIL);
    expect((globalThis as { hacked?: number }).hacked).toBeUndefined();
  });

  it("says in words how far the work is, what is shown, and what is wrong", async () => {
    await open([MOOD, NOTE], { extra: { changed: true, problem: "This item has no text." } });
    expect(words("position")).toBe("1 of 3");
    expect(words("item-problem")).toContain("This item has no text.");
    expect(part("changed")).not.toBeNull();
    expect(words("status")).toBe("Saved");
    await press("f");
    expect(words("status")).toContain("1 unsaved");
    await pass(1000);
    await act(() => turns());
    expect(words("status")).toBe("Saved");
  });

  it("an empty queue says so, and how to see all items again", async () => {
    await open([MOOD, NOTE]);
    await act(async () => {
      void page.engine.find({ text: "nowhere" });
      await pass(50);
    });
    expect(words("empty")).toContain("No item passes");
  });

  it("opening says that it waits for the kernel when that takes long", async () => {
    await open([MOOD]);
    const other = new Page(new Line(null));
    const place = document.createElement("div");
    const silent = new Shell(other.engine, place, scope.child(), signal({}));
    await act(() => render(<Frame shell={silent} palette={null} side={null} body={null} />, place));
    expect(place.textContent).toContain("Opening");
    await act(() => pass(1600));
    expect(place.textContent).toContain("Waiting for the kernel");
    render(null, place);
    other.close();
  });
});

describe("words", () => {
  it("of progress, filters and limits", () => {
    expect(progressWords({ total: 10, submitted: 3, drafts: 1, discarded: 2, flagged: 1 }))
      .toBe("3 of 10 items submitted · 1 draft · 2 discarded · 1 flagged · 4 left");
    expect(describeFilter({ status: ["draft", "submitted"], flagged: true, label: "X", text: "y" }))
      .toBe("draft · submitted · flagged · with X · “y”");
    expect(limitWords({ kind: "choices", min: 1 })).toBe("required");
    expect(limitWords({ kind: "spans", min: 2, max: 4 })).toBe("2 to 4");
    expect(limitWords({ kind: "choices", multiple: true, max: 2 })).toBe("at most 2");
  });

  it("of label trees keep the order of the schema", () => {
    const labels = [{ name: "b" }, { name: "b1", parent: "b" }, { name: "a" }, { name: "b2", parent: "b" }, { name: "b11", parent: "b1" }];
    expect(treeOf(labels).map(({ label, depth }) => `${depth}${label.name}`)).toEqual(["0b", "1b1", "2b11", "1b2", "0a"]);
  });
});
