import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contrast, inkOn, mix, parseHex, parseRgb, type Rgb, shades } from "../src/shell/colors";

function read(color: string): Rgb {
  const [r = 0, g = 0, b = 0] = [...color.matchAll(/[\d.]+/g)].map((match) => Number(match[0]));
  return [r, g, b];
}

const hex = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, "0")}`);
const backgrounds = fc.oneof(
  fc.constantFrom<Rgb>([255, 255, 255], [17, 17, 17], [33, 33, 33], [30, 30, 30], [0, 43, 54], [253, 246, 227]),
  fc.integer({ min: 0, max: 50 }).map((n): Rgb => [n, n, n]),
  fc.integer({ min: 230, max: 255 }).map((n): Rgb => [n, n, n]),
);

describe("shades", () => {
  it("can be read on every background, whatever the label's colour", () => {
    fc.assert(
      fc.property(hex, backgrounds, (color, background) => {
        const { line, tint, chip, ink } = shades(color, background);
        expect(contrast(read(line), background)).toBeGreaterThanOrEqual(3);
        for (const under of [read(chip), read(tint), background]) {
          expect(contrast(read(ink), under)).toBeGreaterThanOrEqual(4.5);
        }
        // the text itself stands on tints in the host's colour
        const text: Rgb = background[0] > 128 ? [33, 33, 33] : [255, 255, 255];
        expect(contrast(text, read(tint))).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });

  it("take nothing but colours", () => {
    expect(parseHex("#fff")).toEqual([255, 255, 255]);
    for (const bad of ["red", "#12345", "url(x)", "#fff;background:url(x)", "", undefined]) expect(parseHex(bad)).toEqual([119, 119, 119]);
    expect(parseRgb("rgb(1, 2, 3)")).toEqual([1, 2, 3]);
    expect(parseRgb("rgba(1, 2, 3, 0)")).toBeNull();
    expect(parseRgb("color(srgb 1 1 1)")).toBeNull();
    expect(shades("red;}", [255, 255, 255]).line).toMatch(/^rgb\(\d+ \d+ \d+\)$/);
  });

  it("put black or white on an accent", () => {
    expect(inkOn([33, 150, 243])).toEqual([0, 0, 0]);
    expect(inkOn([25, 118, 210])).toEqual([255, 255, 255]);
    expect(mix([0, 0, 0], [100, 200, 50], 0.5)).toEqual([50, 100, 25]);
  });
});
