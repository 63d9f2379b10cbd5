/** One row as elements. Its text nodes hold the text and nothing else: tags are empty elements that CSS fills. */
import type { Shades } from "../shell/colors";
import { directionOf } from "./cursor";
import type { TextDocument } from "./document";
import { excerpt } from "./document";
import { type Cover, type Layout, layoutRow, type Piece } from "./layout";
import type { Mark } from "./marks";

/** Pixels of one underline with the space above it. */
export const LANE = 4;

export interface Look {
  shades(mark: Mark): Shades;
  name(mark: Mark): string;
  /** Whether relations may need room above lines. */
  readonly lifts: boolean;
}

/** A line of a row as the browser broke it; heights from the row's top. */
export interface Line {
  readonly start: number;
  readonly top: number;
  readonly bottom: number;
}

export interface RowView {
  readonly row: number;
  readonly element: HTMLElement;
  readonly direction: "ltr" | "rtl";
  /** Text nodes with the offsets at which they start. */
  readonly nodes: readonly Text[];
  readonly starts: readonly number[];
  /** Empty boxes at the starts of marks: higher ones make room above their line. */
  readonly lifts: ReadonlyMap<string, HTMLElement>;
  /** Found when asked for; null after anything moved. */
  lines: readonly Line[] | null;
}

export function buildRow(doc: TextDocument, row: number, look: Look): RowView {
  const layout: Layout = layoutRow(doc.rows, row, doc.marks.ofRow(row));
  const element = document.createElement("div");
  const direction = directionOf(doc.rows.slice(row));
  element.className = "nbl-row";
  element.dir = direction;
  element.dataset["row"] = String(row);
  element.dataset["start"] = String(doc.offsets.toCodePoint(doc.rows.start(row)));
  const nodes: Text[] = [];
  const starts: number[] = [];
  const lifts = new Map<string, HTMLElement>();
  for (const piece of layout.pieces) {
    const node = document.createTextNode(doc.text.slice(piece.start, piece.end));
    nodes.push(node);
    starts.push(piece.start);
    if (piece.covers.length === 0) {
      element.append(node);
      continue;
    }
    const span = document.createElement("span");
    span.className = "nbl-piece";
    span.style.cssText = pieceStyle(piece, direction, look);
    const starting = piece.covers.filter((cover) => cover.starts);
    if (look.lifts && starting.length > 0) {
      const lift = document.createElement("span");
      lift.className = "nbl-lift";
      for (const { mark } of starting) lifts.set(mark.id, lift);
      span.append(lift);
    }
    span.append(node);
    element.append(span);
    for (const [i, cover] of piece.covers.entries()) {
      if (!cover.ends) continue;
      // lines of what has not ended yet run on below the tag
      const below = piece.covers.filter((other, j) => j >= i || !other.ends);
      element.append(makeTag(doc, cover, below, padOf(piece), look));
    }
  }
  if (nodes.length === 0) element.append(document.createElement("br")); // a blank line is one when it is copied, too
  return { row, element, direction, nodes, starts, lifts, lines: null };
}

/** Makes room of so many pixels above a line. */
export function setLift(lift: HTMLElement, above: number): boolean {
  const height = above > 0 ? `calc(var(--nbl-line) + ${above}px)` : "";
  if (lift.style.lineHeight === height) return false;
  lift.style.lineHeight = height;
  lift.style.verticalAlign = above > 0 ? `${above / 2}px` : "";
  return true;
}

/** Space below the letters for the underlines of a piece. */
function padOf(piece: Piece): number {
  const last = piece.covers[piece.covers.length - 1];
  return ((last?.lane ?? -1) + 1) * LANE + 1;
}

function lines(covers: readonly Cover[], pad: number, direction: "ltr" | "rtl", look: Look): string[] {
  return covers.map((cover) => {
    const color = look.shades(cover.mark).line;
    const image = cover.mark.suggested
      ? `repeating-linear-gradient(90deg,${color} 0 4px,transparent 4px 7px)` : `linear-gradient(${color},${color})`;
    const up = pad - 3 - LANE * cover.lane;
    // a gap at the start keeps neighbours of one label apart
    const width = cover.starts ? "calc(100% - 2px)" : "100%";
    const x = cover.starts && direction === "ltr" ? "100%" : "0";
    return `${image} ${x} calc(100% - ${up}px)/${width} 2px no-repeat`;
  });
}

function fill(color: string, pad: number): string {
  return `linear-gradient(${color},${color}) 0 0/100% calc(100% - ${pad}px) no-repeat`;
}

/** Lanes that fit between lines as they are. */
const FIT = 2;

function pieceStyle(piece: Piece, direction: "ltr" | "rtl", look: Look): string {
  const pad = padOf(piece);
  const deep = (pad - 1) / LANE - FIT;
  const layers = lines(piece.covers, pad, direction, look);
  const inner = piece.covers.find((cover) => !cover.mark.suggested);
  if (inner) layers.push(fill(look.shades(inner.mark).tint, pad));
  const round = piece.covers.some((cover) => cover.starts) ? ";border-start-start-radius:3px" : "";
  const room = deep > 0 ? `;line-height:calc(var(--nbl-line) + ${2 * deep * LANE}px)` : "";
  return `padding-bottom:${pad}px;background:${layers.join(",")}${round}${room}`;
}

function makeTag(doc: TextDocument, cover: Cover, below: readonly Cover[], pad: number, look: Look): HTMLElement {
  const { mark } = cover;
  const tag = document.createElement("span");
  const name = look.name(mark);
  const { chip, ink, line } = look.shades(mark);
  const layers = lines(below.map((one) => ({ ...one, starts: false })), pad, "ltr", look);
  if (!mark.suggested) layers.push(fill(chip, pad));
  tag.className = mark.suggested ? "nbl-tag nbl-suggested" : "nbl-tag";
  tag.style.cssText = `padding-bottom:${pad}px;background:${layers.join(",")};color:${ink};--c:${line}`;
  tag.dataset["id"] = mark.id;
  tag.dataset["label"] = name;
  tag.dataset["tag"] = excerpt(name, 28) + (mark.suggested ? ` ${typeof mark.span.score === "number" ? mark.span.score.toFixed(2) : "?"}` : "");
  tag.setAttribute("role", "button");
  const said = `${name}: ${excerpt(doc.text.slice(mark.start, mark.end), 60)}`;
  const source = mark.span.source && mark.span.source !== "human" ? ` by ${mark.span.source}` : "";
  tag.setAttribute("aria-label", mark.suggested ? `Suggested${source}: ${said}` : said);
  tag.title = mark.suggested ? `Suggested${source}: ${name}` : name;
  return tag;
}
