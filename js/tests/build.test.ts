import { describe, expect, it } from "vitest";
// @ts-expect-error the build is plain JavaScript
import { strays as untyped } from "../build.mjs";

const strays = untyped as (css: string) => string[];

describe("the build", () => {
  it("lets styles reach nothing outside the labeler", () => {
    const fine = `
      /* body { } */
      .nblabel { color: red; &:hover { color: blue; } .x { top: 0; } }
      .nblabel .a, .nblabel:is(.b, .c) > p { content: "} body {"; }
      .nblabel[data-theme="dark"] .a {}
      @media (max-width: 400px) { .nblabel .b { top: 0; } }
      @container x (width > 1px) { @supports (display: grid) { .nblabel-x, .nblabel .c {} } }
      @keyframes nblabel-spin { from { top: 0; } to { top: 1px; } }
    `;
    expect(strays(fine)).toEqual([".nblabel-x"]);
    expect(strays("body { top: 0 } .nblabel .a, p { }")).toEqual(["body", "p"]);
    expect(strays("@media print { .jp-Cell {} .nblabel {} }")).toEqual([".jp-Cell"]);
    expect(strays(".jp-Cell .nblabel { }")).toEqual([".jp-Cell .nblabel"]);
    expect(strays(":root { --x: 1 }")).toEqual([":root"]);
    expect(strays("@keyframes spin { from {} }")).toEqual(["@keyframes spin"]);
    expect(strays('@font-face { font-family: "x"; }')).toEqual(["@font-face"]);
    expect(strays(".nblabel + p {} .nblabel[x]~div {} .nblabel > a + b {}")).toEqual([".nblabel + p", ".nblabel[x]~div"]);
    expect(strays(":is(.nblabel, body) p {}")).toEqual([":is(.nblabel, body) p"]);
  });
});
