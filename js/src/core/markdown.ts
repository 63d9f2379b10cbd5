/**
 * Markdown as elements, from an allow-list: whatever is not on it is shown as the text it is.
 *
 * Nothing goes through the browser's HTML parser, so there is nothing to sanitize afterwards.
 */
import { Lexer, type Token, type Tokens } from "marked";
import { type ComponentChild, type ComponentChildren, h, type VNode } from "preact";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const MAX_DEPTH = 40;
const MAX_LENGTH = 200_000;

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
    const code = Number.parseInt(decimal ?? hex, decimal ? 10 : 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The address if it may be followed (http, https, mailto), else null. */
export function safeLink(href: unknown): string | null {
  if (typeof href !== "string") return null;
  try {
    const url = new URL(decode(href).trim());
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null; // relative addresses would point into the notebook server
  }
}

function inline(tokens: readonly Token[] | undefined, depth: number): ComponentChild[] {
  return (tokens ?? []).map((token) => one(token, depth + 1));
}

function cell(tag: "td" | "th", content: Tokens.TableCell, depth: number): VNode {
  const align = content.align ? { style: { textAlign: content.align } } : {};
  return h(tag, align, inline(content.tokens, depth));
}

function one(token: Token, depth: number): ComponentChild {
  if (depth > MAX_DEPTH) return token.raw;
  const inner = (): ComponentChildren =>
    "tokens" in token && token.tokens ? inline(token.tokens, depth) : decode("text" in token ? String(token.text) : token.raw);
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      const level = Math.min(Math.max(Number(token.depth) || 1, 1), 6) as 1 | 2 | 3 | 4 | 5 | 6;
      return h(`h${level}`, null, inner());
    }
    case "paragraph":
      return h("p", null, inner());
    case "blockquote":
      return h("blockquote", null, inner());
    case "strong":
      return h("strong", null, inner());
    case "em":
      return h("em", null, inner());
    case "del":
      return h("del", null, inner());
    case "code":
      return h("pre", null, h("code", null, String(token.text)));
    case "codespan":
      return h("code", null, String(token.text));
    case "br":
      return h("br", null);
    case "hr":
      return h("hr", null);
    case "list": {
      const list = token as Tokens.List;
      const items = list.items.map((item) => h("li", null, inline(item.tokens, depth)));
      const first = typeof list.start === "number" && list.start !== 1 ? { start: list.start } : null;
      return list.ordered ? h("ol", first, items) : h("ul", null, items);
    }
    case "checkbox":
      return h("input", { type: "checkbox", disabled: true, checked: Boolean((token as Tokens.Checkbox).checked) });
    case "table": {
      const table = token as Tokens.Table;
      return h("table", null, [
        h("thead", null, h("tr", null, table.header.map((part) => cell("th", part, depth)))),
        h("tbody", null, table.rows.map((row) => h("tr", null, row.map((part) => cell("td", part, depth))))),
      ]);
    }
    case "link": {
      const href = safeLink(token.href);
      if (href === null) return h("span", null, inner());
      return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, inner());
    }
    case "image": // fetching it would be a network request
      return h("span", null, decode(String(token.text)));
    case "text":
    case "escape":
      return "tokens" in token && token.tokens ? inline(token.tokens, depth) : decode(String(token.text));
    default: // raw HTML, and whatever marked may learn
      return token.raw;
  }
}

/** Elements for a Markdown text of which nothing is trusted. */
export function markdown(text: string): ComponentChild {
  let children: ComponentChildren;
  try {
    children = inline(Lexer.lex(String(text).slice(0, MAX_LENGTH), { gfm: true }), 0);
  } catch {
    children = h("pre", null, text);
  }
  return h("div", { class: "nblabel-markdown" }, children);
}
