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
}

export interface RowView {
  readonly row: number;
  readonly element: HTMLElement;
  readonly flow: HTMLElement;
  readonly direction: "ltr" | "rtl";
  /** Text nodes with the offsets at which they start. */
  readonly nodes: readonly Text[];
  readonly starts: readonly number[];
  readonly tags: ReadonlyMap<string, HTMLElement>;
  readonly lanes: number;
  /** Lanes of relations in the leading above its lines. */
  arcs: number;
  lineHeight: number;
  /** How far the text is moved down from the middle of its line. */
  shift: number;
}

export function buildRow(doc: TextDocument, row: number, look: Look): RowView {
  const layout: Layout = layoutRow(doc.rows, row, doc.marks.ofRow(row));
  const element = document.createElement("div");
  const direction = directionOf(doc.rows.slice(row));
  element.className = "nbl-row";
  element.dir = direction;
  element.dataset["row"] = String(row);
  element.dataset["start"] = String(doc.offsets.toCodePoint(doc.rows.start(row)));
  const flow = document.createElement("span");
  flow.className = "nbl-flow";
  const nodes: Text[] = [];
  const starts: number[] = [];
  const tags = new Map<string, HTMLElement>();
  for (const piece of layout.pieces) {
    const node = document.createTextNode(doc.text.slice(piece.start, piece.end));
    nodes.push(node);
    starts.push(piece.start);
    if (piece.covers.length === 0) {
      flow.append(node);
      continue;
    }
    const span = document.createElement("span");
    span.className = "nbl-piece";
    span.style.cssText = pieceStyle(piece, layout.lanes, direction, look);
    span.append(node);
    flow.append(span);
    for (const [i, cover] of piece.covers.entries()) {
      if (!cover.ends) continue;
      // lines of what has not ended yet run on below the tag
      const below = piece.covers.filter((other, j) => j >= i || !other.ends);
      const tag = makeTag(doc, cover, below, layout.lanes, look);
      tags.set(cover.mark.id, tag);
      flow.append(tag);
    }
  }
  element.append(flow);
  return { row, element, flow, direction, nodes, starts, tags, lanes: layout.lanes, arcs: 0, lineHeight: 0, shift: 0 };
}

/** Line height and place of the text for the lanes above and below it. */
export function setLeading(view: RowView, base: number, arcLane: number): void {
  const above = view.arcs > 0 ? view.arcs * arcLane + 4 : 0;
  const below = Math.max(0, view.lanes - 1) * LANE;
  const lineHeight = base + above + below;
  const shift = (above - below) / 2;
  if (lineHeight === view.lineHeight && shift === view.shift) return;
  view.lineHeight = lineHeight;
  view.shift = shift;
  view.element.style.lineHeight = `${lineHeight}px`;
  view.flow.style.top = shift === 0 ? "" : `${shift}px`;
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

function pieceStyle(piece: Piece, lanes: number, direction: "ltr" | "rtl", look: Look): string {
  const pad = lanes * LANE + 1;
  const layers = lines(piece.covers, pad, direction, look);
  const inner = piece.covers.find((cover) => !cover.mark.suggested);
  if (inner) layers.push(fill(look.shades(inner.mark).tint, pad));
  const round = piece.covers.some((cover) => cover.starts) ? ";border-start-start-radius:3px" : "";
  return `padding-bottom:${pad}px;background:${layers.join(",")}${round}`;
}

function makeTag(doc: TextDocument, cover: Cover, below: readonly Cover[], lanes: number, look: Look): HTMLElement {
  const { mark } = cover;
  const tag = document.createElement("span");
  const name = look.name(mark);
  const { chip, ink, line } = look.shades(mark);
  const pad = lanes * LANE + 1;
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
