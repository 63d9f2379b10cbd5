// @vitest-environment jsdom
import fc from "fast-check";
import { marked } from "marked";
import { render } from "preact";
import { describe, expect, it } from "vitest";
import { markdown, safeLink } from "../src/core/markdown";

function html(text: string): HTMLElement {
  const box = document.createElement("div");
  render(markdown(text), box);
  return box.firstElementChild as HTMLElement;
}

/** Both renderings as one spelling: no line ends between blocks, no attributes of taste. */
function plain(root: HTMLElement): string {
  for (const link of root.querySelectorAll("a")) {
    for (const name of ["target", "rel", "title"]) link.removeAttribute(name);
    link.href = String(link.href); // spelled out: https://example.org is https://example.org/
  }
  for (const one of root.querySelectorAll("[align]")) {
    (one as HTMLElement).style.textAlign = one.getAttribute("align") ?? "";
    one.removeAttribute("align");
  }
  for (const box of root.querySelectorAll("input")) box.replaceWith(`(${box.type} ${box.checked} ${box.disabled})`);
  for (const one of root.querySelectorAll("pre code")) one.removeAttribute("class");
  return root.innerHTML.replace(/\s*\n\s*/g, "\n").replace(/\n?(<\/?(?:p|ul|ol|li|h\d|pre|code|blockquote|table|thead|tbody|tr|td|th|hr|br)\b[^>]*>)\n?/g, "$1")
    .trim();
}

function reference(text: string): HTMLElement {
  const box = document.createElement("div");
  box.innerHTML = marked.parse(text, { async: false, gfm: true });
  return box;
}

const SAMPLES = [
  "# One\n\n## Two ##\n\ntext\n\nThree\n===\n\nFour\n---\n",
  "A paragraph\nover two lines.\n\nAnother with **strong**, *em*, ***both***, __strong__, _em_ and ~~gone~~.",
  "hard  \nbreak and\\\nanother",
  "- one\n- two\n  - inner\n  - more\n- three",
  "* a\n\n* b\n\n  more of b\n\n* c",
  "1. first\n2. second\n   1. inner\n3. third",
  "4. starts at four\n5. goes on",
  "- [ ] open\n- [x] done",
  "- item\ncontinued lazily\n- next",
  "> quoted\n> **text**\nlazy\n\n> > nested",
  "> - list in quote\n>   more",
  "```python\nx = 1 < 2\n\n**not strong**\n```",
  "~~~\ntilde\n~~~",
  "    indented\n    code\n\ntext",
  "Use `code`, ``a ` b`` and `` ` ``.",
  "| a | b | c |\n|---|:-:|--:|\n| 1 | **2** | `3` |\n| x \\| y | z |",
  "a | b\n- | -\n1 | 2",
  "[link](https://example.org/a_b_(c)?q=1&r=2 \"title\") and [**bold** one](<https://example.org/x>)",
  "<https://example.org> and https://example.org/path. (see https://example.org/a)",
  "mail <mailto:me@example.org>",
  "snake_case_name and 2*3*4 and a * b * c",
  "**a*b**c* and *a**b*c**",
  "*(emph)* **\"quoted\"** _(x)_y",
  "escapes \\*not em\\* \\# \\[no\\](link) 1\\. x",
  "&amp; &lt;b&gt; &quot; &#42; &#x2a; &copy-nothing; &",
  "one\n\n---\n\ntwo\n***\n___",
  "text\n# heading right after\nand text",
  "text\n- list right after\n- more",
  "The year is\n1984. A number does not begin a list here.",
  "* a\n+ b\n- c",
  "- a\n\n      code in item\n- b",
  "1) round\n2) brackets",
  "**unclosed and *mixed",
  "***a** b*",
  "שלום **עולם** 😀 *é*",
];

describe("markdown", () => {
  it.each(SAMPLES)("agrees with marked on %j", (text) => {
    expect(plain(html(text))).toBe(plain(reference(text)));
  });

  it("shows hostile text as text, whatever it is wrapped in", () => {
    const hostile = [
      "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "</div><iframe src=javascript:alert(1)>",
      "[x](javascript:alert(1))", "[x](  JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](javascript&#58;alert(1))",
      "[x](&#x6A;avascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](vbscript:x)", "[x](/api/shutdown)",
      "[x](//evil.example)", "[x](blob:https://a/b)", "<javascript:alert(1)>", "![x](https://evil.example/track.png)",
      "![x](javascript:alert(1))", "[![x](data:image/svg+xml,<svg onload=alert(1)>)](javascript:1)",
      "[a]: javascript:alert(1)\n\n[a]", "`<b>`", "| <b> |\n|---|\n| <img src=x onerror=1> |", "# <svg onload=alert(1)>",
      "[x](https://ok.example\" onmouseover=\"alert(1))",
    ];
    const wraps = [(t: string) => t, (t: string) => `> ${t}`, (t: string) => `- ${t}`, (t: string) => `**${t}**`, (t: string) => `[${t}](${t})`];
    const allowed = new Set([
      "DIV", "P", "H1", "H2", "H3", "UL", "OL", "LI", "BLOCKQUOTE", "STRONG", "EM", "DEL", "CODE", "PRE", "A", "TABLE", "THEAD",
      "TBODY", "TR", "TH", "TD", "BR", "HR", "INPUT",
    ]);
    for (const wrap of wraps) {
      for (const text of hostile.map(wrap)) {
        const root = html(text);
        for (const one of [root, ...root.querySelectorAll("*")]) {
          expect(allowed, text).toContain(one.tagName);
          for (const { name, value } of one.attributes) {
            expect(["class", "href", "target", "rel", "style", "start", "type", "disabled", "checked"], text).toContain(name);
            if (name === "href") expect(value, text).toMatch(/^(?:https?|mailto):/);
          }
        }
      }
    }
    expect(html("<img src=x onerror=alert(1)>").textContent).toBe("<img src=x onerror=alert(1)>");
    expect(html("![a **cat**](https://x.example/y.png)").innerHTML).toBe("<p>a <strong>cat</strong></p>");
    const link = html("[x](https://ok.example/)").querySelector("a");
    expect([link?.rel, link?.target]).toEqual(["noopener noreferrer", "_blank"]);
  });

  it("follows only addresses that lead out of the page", () => {
    expect(safeLink("https://example.org/a b")).toBe("https://example.org/a%20b");
    for (const href of ["javascript:1", "", "x", "//x", null, 7, {}, "file:///etc/passwd", "https://"]) expect(safeLink(href)).toBeNull();
  });

  it("loses no word of any text, and ends", () => {
    const bit = fc.constantFrom(
      "a", "b ", "*", "**", "_", "~~", "`", "``", "[", "](", ")", "\n", "\n\n", "- ", "1. ", "> ", "    ", "| ", "---", "#", "\\", "<",
      "https://x.y", "&amp;", "!", "```\n", "word",
    );
    fc.assert(fc.property(fc.array(bit, { maxLength: 40 }).map((bits) => bits.join("")), (text) => {
      const shown = html(text).textContent ?? "";
      const letters = (one: string): string => one.replace(/&amp;/g, "").replace(/https:\/\/x\.y/g, "").replace(/[^abwordelinks]/g, "");
      if (!text.includes("](") && !text.includes("```")) expect(letters(shown)).toBe(letters(text));
    }), { numRuns: 400 });
  });

  it("is not brought down by nesting or length", () => {
    for (const piece of ["*a ", "**", "[", "> ", "- ", "`", "[a](", "_a_", "<", "![", "~~a", "| a ", "(", "\\"]) {
      const root = html(piece.repeat(20_000));
      expect(root.childElementCount).toBeGreaterThan(0);
    }
    expect(html(`${"- ".repeat(500)}deep`).textContent).toContain("deep");
  });
});
