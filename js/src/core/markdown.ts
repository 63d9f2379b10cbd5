/**
 * Markdown as elements: headings, paragraphs, lists, quotes, code, tables, emphasis, links.
 *
 * Nothing goes through the browser's HTML parser: raw HTML is shown as the text it is, images as their description (to
 * fetch them would be a network request), links only if they lead to http, https or mailto. A parser of its own, as
 * those there are would fill a quarter of a labeler's size budget.
 */
import { type ComponentChild, h } from "preact";

const MAX_LENGTH = 200_000;
const MAX_DEPTH = 16;
const MAX_MARKS = 1000; // emphasis is matched in quadratic time

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/giy;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([*+-]|\d{1,9}[.)])(?:([ \t]+)(?=\S)|[ \t]*$)/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const INDENTED = /^(?: {4}| {0,3}\t)/;
const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** The address if it may be followed (http, https, mailto), else null. */
export function safeLink(href: unknown): string | null {
  try {
    const url = new URL(decode(String(href)).trim());
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null; // relative addresses would point into the notebook server
  }
}

/** Elements for a Markdown text of which nothing is trusted. */
export function markdown(text: string): ComponentChild {
  const lines = String(text).slice(0, MAX_LENGTH).replace(/\r\n?/g, "\n").split("\n");
  return h("div", { class: "nblabel-markdown" }, blocks(lines, 0));
}

// ---- blocks -------------------------------------------------------------------------------------

const isBlank = (line: string): boolean => line.trim() === "";

function startsBlock(line: string): boolean {
  if (HEADING.test(line) || FENCE.test(line) || RULE.test(line) || QUOTE.test(line)) return true;
  const item = ITEM.exec(line);
  // a number in running text is no list, unless it begins one
  return item !== null && item[3] !== undefined && (/^[*+-]$/.test(item[2] ?? "") || /^1[.)]$/.test(item[2] ?? ""));
}

function blocks(lines: readonly string[], depth: number, tight = false): ComponentChild[] {
  if (depth > MAX_DEPTH) return [lines.join("\n")];
  const made: ComponentChild[] = [];
  let at = 0;
  const line = (n = at): string => lines[n] ?? "";
  while (at < lines.length) {
    const heading = HEADING.exec(line());
    const fence = FENCE.exec(line());
    if (isBlank(line())) {
      at += 1;
    } else if (INDENTED.test(line())) {
      const from = at;
      while (at < lines.length && (isBlank(line()) || INDENTED.test(line()))) at += 1;
      made.push(code(lines.slice(from, at).map((one) => one.replace(INDENTED, "")).join("\n").replace(/\n+$/, "")));
    } else if (fence !== null) {
      const closing = new RegExp(`^ {0,3}\\${fence[1]?.[0]}{${fence[1]?.length},}[ \\t]*$`);
      const from = ++at;
      while (at < lines.length && !closing.test(line())) at += 1;
      made.push(code(lines.slice(from, at).join("\n")));
      at += 1;
    } else if (heading !== null) {
      made.push(h(`h${heading[1]?.length}`, null, inline((heading[2] ?? "").replace(/(?:^|[ \t]+)#+[ \t]*$/, "").trim(), depth)));
      at += 1;
    } else if (RULE.test(line())) {
      made.push(h("hr", null));
      at += 1;
    } else if (QUOTE.test(line())) {
      const from = at;
      while (at < lines.length && (QUOTE.test(line()) || (!isBlank(line()) && !startsBlock(line())))) at += 1;
      made.push(h("blockquote", null, blocks(lines.slice(from, at).map((one) => one.replace(QUOTE, "")), depth + 1)));
    } else if (ITEM.test(line())) {
      const { element, end } = list(lines, at, depth);
      made.push(element);
      at = end;
    } else if (line().includes("|") && DELIMITERS.test(line(at + 1)) && cells(line()).length === cells(line(at + 1)).length) {
      const from = at;
      while (at < lines.length && !isBlank(line()) && (at < from + 2 || !startsBlock(line()))) at += 1;
      made.push(table(lines.slice(from, at), depth));
    } else {
      const from = at++;
      let level = 0;
      while (at < lines.length && !isBlank(line())) {
        const under = UNDERLINE.exec(line());
        if (under !== null) {
          level = under[1]?.[0] === "=" ? 1 : 2;
          break;
        }
        if (startsBlock(line())) break;
        at += 1;
      }
      const text = inline(lines.slice(from, at).map((one) => one.trimStart()).join("\n").trimEnd(), depth);
      made.push(level > 0 ? h(`h${level}`, null, text) : tight ? text : h("p", null, text));
      if (level > 0) at += 1;
    }
  }
  return made;
}

function code(text: string): ComponentChild {
  return h("pre", null, h("code", null, text));
}

function list(lines: readonly string[], start: number, depth: number): { element: ComponentChild; end: number } {
  const first = ITEM.exec(lines[start] ?? "");
  const kind = (first?.[2] ?? "-").slice(-1);
  const items: string[][] = [];
  let loose = false;
  let at = start;
  while (at < lines.length) {
    const found = ITEM.exec(lines[at] ?? "");
    if (found === null || (found[2] ?? "").slice(-1) !== kind || RULE.test(lines[at] ?? "")) break;
    const space = found[3] ?? " ";
    const width = (found[1] ?? "").length + (found[2] ?? "").length + (space.length > 4 ? 1 : space.length);
    const own = [(lines[at] ?? "").slice(width)];
    at += 1;
    while (at < lines.length) {
      const line = lines[at] ?? "";
      const indent = line.length - line.trimStart().length;
      if (isBlank(line)) own.push("");
      else if (indent >= width || line.startsWith("\t")) own.push(line.startsWith("\t") ? line.slice(1) : line.slice(width));
      else if (own[own.length - 1] !== "" && !startsBlock(line) && !ITEM.test(line)) own.push(line); // goes on lazily
      else break;
      at += 1;
    }
    let blank = 0;
    while (own[own.length - 1] === "") blank += Number(own.pop() === "");
    items.push(own);
    const next = ITEM.exec(lines[at] ?? "");
    const goesOn = next !== null && (next[2] ?? "").slice(-1) === kind;
    loose ||= own.includes("") || (blank > 0 && goesOn);
  }
  const children = items.map((own) => {
    const task = /^\[([ xX])\][ \t]+/.exec(own[0] ?? "");
    if (task !== null) own[0] = (own[0] ?? "").slice(task[0].length);
    const box = task === null ? null : h("input", { type: "checkbox", disabled: true, checked: task[1] !== " " });
    return h("li", null, box, box && " ", blocks(own, depth + 1, !loose));
  });
  if (/[-*+]/.test(kind)) return { element: h("ul", null, children), end: at };
  const number = Number.parseInt(first?.[2] ?? "1", 10);
  return { element: h("ol", number === 1 ? null : { start: number }, children), end: at };
}

function cells(row: string): string[] {
  const parts = [""];
  const text = row.trim().replace(/^\|/, "");
  for (let n = 0; n < text.length; n++) {
    if (text[n] === "\\" && text[n + 1] === "|") {
      parts[parts.length - 1] += "|";
      n += 1;
    } else if (text[n] === "|") parts.push("");
    else parts[parts.length - 1] += text[n] ?? "";
  }
  if (parts.length > 1 && isBlank(parts[parts.length - 1] ?? "")) parts.pop();
  return parts.map((part) => part.trim());
}

function table(lines: readonly string[], depth: number): ComponentChild {
  const sides = cells(lines[1] ?? "").map((one) => {
    const [left, right] = [one.startsWith(":"), one.endsWith(":")];
    return left && right ? "center" : right ? "right" : left ? "left" : "";
  });
  const row = (line: string, tag: string): ComponentChild => {
    const parts = cells(line);
    return h("tr", null, sides.map((side, n) => h(tag, side ? { style: { textAlign: side } } : null, inline(parts[n] ?? "", depth))));
  };
  const body = lines.slice(2).map((line) => row(line, "td"));
  return h("table", null, h("thead", null, row(lines[0] ?? "", "th")), body.length > 0 ? h("tbody", null, body) : null);
}

// ---- inside a line ------------------------------------------------------------------------------

interface Mark {
  readonly char: string;
  count: number;
  readonly length: number;
  readonly opens: boolean;
  readonly closes: boolean;
}

type Piece = ComponentChild | Mark;

function isMark(piece: Piece): piece is Mark {
  return typeof piece === "object" && piece !== null && "opens" in piece;
}

function decode(text: string): string {
  return text.replace(new RegExp(ENTITY, "gi"), (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number.parseInt(decimal, 10);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function link(href: string, children: ComponentChild): ComponentChild {
  const safe = safeLink(href);
  return safe === null ? children : h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, children);
}

/** Where each opening bracket closes; escapes and code are passed over. */
function brackets(text: string): Map<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === "`") at = codeEnd(text, at)?.end ?? at;
    else if (char === "[") open.push(at);
    else if (char === "]") {
      const start = open.pop();
      if (start !== undefined) pairs.set(start, at);
    }
  }
  return pairs;
}

function codeEnd(text: string, at: number): { body: string; end: number } | null {
  const ticks = /^`+/.exec(text.slice(at, at + 100))?.[0] ?? "`";
  for (let from = at + ticks.length, tries = 0; tries < 200; tries++) {
    const close = text.indexOf(ticks, from);
    if (close === -1) return null;
    let end = close + ticks.length;
    if (text[end] !== "`") {
      const body = text.slice(at + ticks.length, close).replace(/\n/g, " ");
      return { body: /^ .*[^ ].* $/.test(body) ? body.slice(1, -1) : body, end: end - 1 };
    }
    while (text[end] === "`") end += 1;
    from = end;
  }
  return null;
}

/** `(address "title")` after a link's text. */
function target(text: string, at: number): { href: string; end: number } | null {
  const found = /^\(\s*(?:<([^<>\n]*)>|((?:\\.|[^\s\\()<]|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/
    .exec(text.slice(at, at + 4000));
  if (found === null) return null;
  return { href: (found[1] ?? found[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1"), end: at + found[0].length - 1 };
}

function inline(text: string, depth: number): ComponentChild[] {
  if (depth > MAX_DEPTH) return [text];
  const pieces: Piece[] = [];
  const pairs = brackets(text);
  let plain = "";
  let marks = 0;
  const push = (piece: Piece): void => {
    if (plain !== "") pieces.push(plain);
    plain = "";
    pieces.push(piece);
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    const next = text[at + 1] ?? "";
    if (char === "\\" && next === "\n") {
      push(h("br", null));
      at += 1;
    } else if (char === "\\" && PUNCTUATION.test(next)) {
      plain += next;
      at += 1;
    } else if (char === "`") {
      const span = codeEnd(text, at);
      const ticks = /^`+/.exec(text.slice(at))?.[0] ?? "`";
      if (span !== null) push(h("code", null, span.body));
      else plain += ticks;
      at = span?.end ?? at + ticks.length - 1;
    } else if (char === "[" || (char === "!" && next === "[")) {
      const start = char === "!" ? at + 1 : at;
      const close = pairs.get(start);
      const goal = close === undefined ? null : target(text, close + 1);
      if (close === undefined || goal === null) {
        plain += char;
      } else {
        const label = inline(text.slice(start + 1, close), depth + 1);
        if (char === "!") label.forEach(push);
        else push(link(goal.href, label));
        at = goal.end;
      }
    } else if (char === "<" && /^<(?:https?:|mailto:)[^\s<>]*>/i.test(text.slice(at, at + 2000))) {
      const end = text.indexOf(">", at);
      const href = text.slice(at + 1, end);
      push(link(href, href));
      at = end;
    } else if (char === "h" && !/[\w]$/.test(plain) && /^https?:\/\/[^\s<>]/.test(text.slice(at, at + 9))) {
      const whole = /^[^\s<>]+/.exec(text.slice(at, at + 2000))?.[0] ?? "";
      let href = whole.replace(/[.,:;!?'"*_~]+$/, "");
      while (href.endsWith(")") && href.split(")").length > href.split("(").length) href = href.slice(0, -1);
      push(link(href, href));
      at += href.length - 1;
    } else if ("*_~".includes(char) && marks < MAX_MARKS) {
      let end = at;
      while (text[end] === char) end += 1;
      const before = at === 0 ? " " : (text[at - 1] ?? " ");
      const after = text[end] ?? " ";
      const left = !/\s/.test(after) && (!/[\p{P}\p{S}]/u.test(after) || /[\s\p{P}\p{S}]/u.test(before));
      const right = !/\s/.test(before) && (!/[\p{P}\p{S}]/u.test(before) || /[\s\p{P}\p{S}]/u.test(after));
      const word = char === "_"; // within a word, as in snake_case, it is a letter
      const opens = left && (!word || !right || /[\p{P}\p{S}]/u.test(before));
      const closes = right && (!word || !left || /[\p{P}\p{S}]/u.test(after));
      const count = end - at;
      if (char === "~" && count > 2) plain += text.slice(at, end);
      else push({ char, count, length: count, opens, closes });
      marks += 1;
      at = end - 1;
    } else if (char === "\n") {
      const hard = /[ ]{2,}$/.test(plain);
      plain = plain.trimEnd();
      if (hard) push(h("br", null));
      else plain += "\n";
    } else if (char === "&") {
      ENTITY.lastIndex = at;
      const entity = ENTITY.exec(text)?.[0] ?? char;
      plain += decode(entity);
      at += entity.length - 1;
    } else {
      plain += char;
    }
  }
  if (plain !== "") pieces.push(plain);
  return emphasize(pieces);
}

/** Pairs the marks of emphasis, inner ones first; what finds no partner is text. */
function emphasize(pieces: Piece[]): ComponentChild[] {
  for (let at = 0; at < pieces.length; at++) {
    const closer = pieces[at];
    if (closer === undefined || !isMark(closer) || !closer.closes || closer.count === 0) continue;
    let from = at - 1;
    for (; from >= 0; from--) {
      const opener = pieces[from];
      if (opener === undefined || !isMark(opener) || opener.char !== closer.char || !opener.opens || opener.count === 0) continue;
      if (opener.char === "~" ? opener.count === closer.count : !clash(opener, closer)) break;
    }
    const opener = pieces[from];
    if (from < 0 || opener === undefined || !isMark(opener)) continue;
    const size = opener.char === "~" ? opener.count : Math.min(opener.count, closer.count, 2);
    const tag = opener.char === "~" ? "del" : size === 2 ? "strong" : "em";
    const inner = pieces.slice(from + 1, at).map(asText);
    opener.count -= size;
    closer.count -= size;
    pieces.splice(from + 1, at - from - 1, h(tag, null, inner));
    at = closer.count > 0 ? from + 1 : from + 2; // the same mark may close once more
  }
  return pieces.map(asText);
}

/** CommonMark's rule that keeps `**a*b**` whole. */
function clash(opener: Mark, closer: Mark): boolean {
  const both = opener.closes || closer.opens;
  return both && (opener.length + closer.length) % 3 === 0 && (opener.length % 3 !== 0 || closer.length % 3 !== 0);
}

function asText(piece: Piece): ComponentChild {
  return isMark(piece) ? piece.char.repeat(piece.count) : piece;
}
