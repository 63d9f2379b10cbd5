// @vitest-environment jsdom
import { signal } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../src/core/scope";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a scope", () => {
  it("takes all that was registered with it along, newest first", () => {
    const scope = new Scope();
    const target = document.createElement("button");
    const heard: string[] = [];
    scope.own(() => heard.push("first"));
    scope.listen(target, "click", () => heard.push("click"));
    scope.timeout(() => heard.push("late"), 50);
    scope.interval(() => heard.push("tick"), 20);
    const count = signal(0);
    scope.effect(() => void heard.push(`count ${count.value}`));
    scope.own(() => heard.push("last"));
    target.click();
    vi.advanceTimersByTime(25);
    count.value = 1;
    scope.dispose();
    expect(scope.signal.aborted).toBe(true);
    target.click();
    vi.advanceTimersByTime(500);
    count.value = 2;
    expect(heard).toEqual(["count 0", "click", "tick", "count 1", "last", "first"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends at once what comes too late", () => {
    const scope = new Scope();
    scope.dispose();
    const target = document.createElement("button");
    const heard: string[] = [];
    scope.own(() => heard.push("ended"));
    scope.listen(target, "click", () => heard.push("click"));
    scope.timeout(() => heard.push("late"), 1);
    scope.effect(() => void heard.push("effect"));
    const child = scope.child();
    child.interval(() => heard.push("tick"), 1);
    const observer = scope.observe({ disconnect: () => heard.push("disconnected") });
    expect(observer).toBeDefined();
    target.click();
    vi.advanceTimersByTime(100);
    expect(heard).toEqual(["ended", "disconnected"]);
    expect(child.disposed).toBe(true);
  });

  it("ends with its signal and its parent, and children before", () => {
    const controller = new AbortController();
    const root = new Scope(controller.signal);
    const child = root.child();
    const grandchild = child.child();
    const ended: string[] = [];
    for (const [name, one] of [["root", root], ["child", child], ["grandchild", grandchild]] as const) {
      one.own(() => ended.push(name));
    }
    child.dispose();
    expect(ended).toEqual(["child", "grandchild"]);
    controller.abort();
    expect(ended).toEqual(["child", "grandchild", "root"]);
    expect(new Scope(controller.signal).disposed).toBe(true);
  });

  it("lets single things go before, once", () => {
    const scope = new Scope();
    const ended: number[] = [];
    const end = scope.own(() => ended.push(1));
    end();
    end();
    scope.dispose();
    expect(ended).toEqual([1]);
  });

  it("goes on when an end fails, and tells", () => {
    const scope = new Scope();
    const ended: string[] = [];
    scope.own(() => ended.push("other"));
    scope.own(() => {
      throw new Error("broken");
    });
    expect(() => scope.dispose()).toThrow("broken");
    expect(ended).toEqual(["other"]);
    scope.dispose();
  });

  it("does not keep children that have ended by themselves", () => {
    const scope = new Scope();
    const ends = vi.fn();
    for (let n = 0; n < 100; n++) {
      const child = scope.child();
      child.own(ends);
      child.dispose();
    }
    scope.dispose();
    expect(ends).toHaveBeenCalledTimes(100);
  });
});
