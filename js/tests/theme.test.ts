// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../src/core/scope";
import { brightness, followTheme, themeOf } from "../src/core/theme";

describe("brightness", () => {
  it.each([
    ["rgb(255, 255, 255)", 1], ["rgb(0, 0, 0)", 0], ["rgba(17, 17, 17, 1)", 0.067], ["rgb(10% 10% 10%)", 0.1],
    ["color(srgb 0.9 0.9 0.9)", 0.9], ["color(display-p3 0.1 0.1 0.1 / 1)", 0.1], ["oklch(0.15 0.02 250)", 0.15],
    ["oklab(95% 0 0)", 0.95], ["lab(20 0 0)", 0.2], ["lch(90% 0 0)", 0.9], ["rgb(17 17 17 / 80%)", 0.067],
  ])("of %s", (color, bright) => expect(brightness(color)).toBeCloseTo(bright, 2));

  it.each(["rgba(0, 0, 0, 0)", "transparent", "", "rgb(none none none)", "rgba(255,255,255,0.2)", "oklch(0.5 0 0 / 0.1)", "hsl(0 0% 0%)"])(
    "of %j is not known", (color) => expect(brightness(color)).toBeNull(),
  );
});

describe("the theme", () => {
  let scope: Scope;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    scope = new Scope();
    document.body.removeAttribute("style");
    document.body.innerHTML = "<div id=outer><div id=cell></div></div>";
  });

  afterEach(() => {
    scope.dispose();
    vi.useRealTimers();
  });

  const cell = (): HTMLElement => document.querySelector("#cell") as HTMLElement;

  it("is that of the nearest background that covers", () => {
    const root = document.createElement("div");
    cell().append(root);
    document.body.style.background = "rgb(255, 255, 255)";
    expect(themeOf(root)).toBe("light");
    (document.querySelector("#outer") as HTMLElement).style.background = "rgb(20, 20, 20)";
    expect(themeOf(root)).toBe("dark");
    cell().style.background = "rgba(255, 255, 255, 0.1)"; // lets the one below through
    expect(themeOf(root)).toBe("dark");
    root.style.background = "rgb(255, 255, 255)"; // its own says nothing
    expect(themeOf(root)).toBe("dark");
  });

  it("reaches through a shadow root", () => {
    cell().style.background = "rgb(0, 0, 0)";
    const root = document.createElement("div");
    cell().attachShadow({ mode: "open" }).append(root);
    expect(themeOf(root)).toBe("dark");
  });

  it("is followed while the scope lasts, also when the style comes late", async () => {
    const root = document.createElement("div");
    document.body.style.background = "rgb(255, 255, 255)";
    const theme = followTheme(scope, root);
    cell().append(root);
    expect(theme.value).toBe("light");
    document.body.dataset.jpThemeLight = "false";
    await vi.advanceTimersByTimeAsync(200);
    document.documentElement.setAttribute("data-x", "1"); // the style sheet is not there yet
    await vi.advanceTimersByTimeAsync(10);
    expect(theme.value).toBe("light");
    cell().style.background = "rgb(17, 17, 17)"; // as a style sheet would, without a change of body
    await vi.advanceTimersByTimeAsync(700);
    expect(theme.value).toBe("dark");
    scope.dispose();
    cell().style.background = "rgb(255, 255, 255)";
    document.body.dataset.jpThemeLight = "true";
    await vi.advanceTimersByTimeAsync(5000);
    expect(theme.value).toBe("dark");
  });
});
