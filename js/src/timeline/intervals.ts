/** How intervals look: tinted over the recording, with their names in their tier's row; what moves over them. */
import { type Band, NAME } from "./layout";
import type { Near } from "./near";
import type { Palette } from "./palette";
import { hertzWords, timeWords } from "./ruler";
import type { Interval, Tier } from "./types";
import type { TimeViewport } from "./viewport";

/** Where and with what things are drawn; all in CSS pixels. */
export interface Stage {
  readonly viewport: TimeViewport;
  readonly bands: readonly Band[];
  readonly tiers: readonly Tier[];
  /** The one that is chosen. */
  readonly row: number;
  readonly width: number;
  readonly dpr: number;
  readonly palette: Palette;
  readonly yOf: (hertz: number, channel?: number) => number | null;
}

export interface Moving {
  readonly selected: ReadonlySet<string>;
  readonly hovered: string | null;
  readonly cursor: number | null;
  readonly selection: readonly [number, number] | null;
  readonly draft: Interval | null;
  readonly pointer: readonly [x: number, y: number] | null;
  readonly hertz: number | null;
}

/** Narrower intervals are drawn without edges, and as one where they touch. */
const FINE = 3;
/** Narrower ones have no room for a name. */
const NAMED = 16;
/** What is selected is drawn apart while it is not more than this. */
const MOST_CHOSEN = 400;
const ROUND = 3;
const DASH = [4, 3];

/** The row of an interval within its tier. */
export function laneOf({ tiers }: Pick<Stage, "tiers">, band: Band, { lane, lanes }: Interval): { top: number; height: number } {
  const name = tiers.length > 1 && tiers[band.tier ?? 0]?.name ? NAME : 0;
  const room = band.height - name - 3;
  const each = room / Math.max(1, lanes);
  return { top: band.top + name + 1 + Math.min(lane, lanes - 1) * each, height: Math.max(2, each - 1) };
}

interface Region {
  readonly top: number;
  readonly height: number;
}

/** The bands of a recording that belong to a channel, or to all, as one. */
function regionsOf(bands: readonly Band[]): (channel: number | null) => Region {
  const found = new Map<number | null, Region>();
  return (channel) => {
    let region = found.get(channel);
    if (!region) {
      let own = bands.filter(({ kind, channel: of }) => (kind === "wave" || kind === "spectrum") && (channel === null || channel === of));
      if (!own.length) own = bands.filter(({ kind }) => kind === "wave" || kind === "spectrum");
      const [top, bottom] = [own[0]?.top ?? 0, (own.at(-1)?.top ?? 0) + (own.at(-1)?.height ?? 0)];
      found.set(channel, region = { top, height: bottom - top });
    }
    return region;
  };
}

function bounded({ low, high }: Interval): boolean {
  return low !== null || high !== null;
}

export function drawIntervals(ctx: CanvasRenderingContext2D, stage: Stage, near: Near, except?: string): void {
  const { viewport, width, bands, palette } = stage;
  const visible = near.within(viewport.time(-8), viewport.time(width + 8)).filter(({ id }) => id !== except);
  const region = regionsOf(bands);
  ctx.font = palette.font;
  ctx.textBaseline = "middle";
  const by: Interval[][] = stage.tiers.map(() => []);
  for (const one of visible) by[one.tier]?.push(one);
  for (const band of bands) if (band.kind === "tier") drawTier(ctx, stage, band, by[band.tier ?? 0] ?? []);
  // where very many lie on the same pixel, the first of them is drawn: the recording can still be seen below
  const done = new Map<number | null, number>();
  for (const one of visible) {
    const [left, right] = [viewport.x(one.start), viewport.x(one.end)];
    if (right - left < FINE) {
      const from = Math.floor(left);
      if (from < (done.get(one.channel) ?? -Infinity)) continue;
      const to = Math.max(right, from + 1);
      done.set(one.channel, to);
      const { top, height } = region(one.channel);
      ctx.fillStyle = palette.shades(one.color).line;
      ctx.globalAlpha = one.start === one.end ? 0.6 : 0.2;
      ctx.fillRect(from, top, to - from, height);
    } else drawStretch(ctx, stage, region, one, false);
  }
  ctx.globalAlpha = 1;
}

/** Over waveform and spectrogram. */
function drawStretch(ctx: CanvasRenderingContext2D, stage: Stage, region: (channel: number | null) => Region, one: Interval, bold: boolean): void {
  const { viewport, width, dpr, palette, bands, yOf } = stage;
  const { line } = palette.shades(one.color);
  const { top, height } = region(one.channel);
  const snap = (value: number): number => Math.round(value * dpr) / dpr;
  const [left, right] = [snap(Math.max(-9, viewport.x(one.start))), snap(Math.min(width + 9, viewport.x(one.end)))];
  const faint = one.locked && !bold ? 0.6 : 1;
  const thick = bold ? 2 : 1;
  ctx.fillStyle = line;
  if (one.start === one.end) {
    ctx.globalAlpha = bold ? 1 : 0.75 * faint;
    dashed(ctx, one.suggested, left + 0.5 - thick / 2, top, height, thick);
    return;
  }
  const boxed = bounded(one) && bands.some(({ kind }) => kind === "spectrum");
  ctx.globalAlpha = (bold ? 0.24 : one.suggested ? 0.07 : 0.13) * faint * (boxed ? 0.5 : 1);
  ctx.fillRect(left, top, right - left, height);
  ctx.globalAlpha = (bold ? 1 : boxed ? 0.35 : 0.7) * faint;
  dashed(ctx, one.suggested, left, top, height, thick);
  dashed(ctx, one.suggested, right - thick, top, height, thick);
  if (!boxed) return;
  for (const { kind, channel, top: up, height: tall } of bands) {
    if (kind !== "spectrum" || (one.channel !== null && one.channel !== channel)) continue;
    const high = one.high === null ? up : yOf(one.high, channel) ?? up;
    const low = one.low === null ? up + tall : yOf(one.low, channel) ?? up + tall;
    ctx.globalAlpha = (bold ? 0.26 : 0.14) * faint;
    ctx.fillRect(left, high, right - left, low - high);
    frame(ctx, palette.back, bold ? 4 : 3, 0.55 * faint, false, left, high, right - left, low - high);
    frame(ctx, line, bold ? 2 : 1.25, faint, one.suggested, left, high, right - left, low - high);
  }
}

function frame(ctx: CanvasRenderingContext2D, color: string, thick: number, alpha: number, broken: boolean, x: number, y: number, width: number, height: number): void {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = color;
  ctx.lineWidth = thick;
  if (broken) ctx.setLineDash(DASH);
  ctx.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - 1), Math.max(0, height - 1));
  if (broken) ctx.setLineDash([]);
}

/** An upright line; of a suggestion, a broken one. */
function dashed(ctx: CanvasRenderingContext2D, broken: boolean, x: number, top: number, height: number, thick: number): void {
  if (!broken) {
    ctx.fillRect(x, top, thick, height);
    return;
  }
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = thick;
  ctx.setLineDash(DASH);
  ctx.beginPath();
  ctx.moveTo(x + thick / 2, top);
  ctx.lineTo(x + thick / 2, top + height);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawTier(ctx: CanvasRenderingContext2D, stage: Stage, band: Band, visible: readonly Interval[]): void {
  const { viewport, tiers, palette } = stage;
  const tier = tiers[band.tier ?? 0];
  const picked = band.tier === stage.row;
  if (picked) {
    ctx.fillStyle = palette.accent;
    ctx.globalAlpha = 0.16;
    ctx.fillRect(0, band.top + 1, stage.width, band.height - 1);
    ctx.globalAlpha = 1;
  }
  if (tier?.name && tiers.length > 1) {
    ctx.font = picked ? palette.bold : palette.font;
    ctx.fillStyle = palette.shades(tier.color).line;
    ctx.fillRect(6, band.top + 5, 6, 6);
    ctx.fillStyle = picked ? palette.ink : palette.muted;
    ctx.fillText(palette.fit(ctx, tier.name, stage.width - 24), 16, band.top + NAME / 2 + 1.5);
  }
  const done: number[] = [];
  const next: number[] = [];
  // backwards, so that it is known how much room there is up to the next event
  const rooms = new Float64Array(visible.length);
  for (let n = visible.length - 1; n >= 0; n--) {
    const { start, lane } = visible[n] as Interval;
    const left = viewport.x(start);
    rooms[n] = (next[lane] ?? Infinity) - left;
    next[lane] = left;
  }
  visible.forEach((one, n) => {
    const [left, right, room] = [viewport.x(one.start), viewport.x(one.end), rooms[n] as number];
    const event = one.start === one.end && room >= FINE;
    const fine = event || right - left >= FINE;
    const from = Math.floor(left);
    if (!fine && from < (done[one.lane] ?? -Infinity)) return;
    const { top, height } = laneOf(stage, band, one);
    if (event) drawFlag(ctx, stage, one, top, height, room, false);
    else if (fine) drawChip(ctx, stage, one, top, height, false);
    else {
      const to = done[one.lane] = Math.max(right, from + 1);
      ctx.fillStyle = palette.shades(one.color).line;
      ctx.globalAlpha = one.suggested ? 0.5 : 0.9;
      ctx.fillRect(from, top, to - from, height);
      ctx.globalAlpha = 1;
    }
  });
}

function path(ctx: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, Math.min(ROUND, width / 2));
}

/** An interval in its tier's row, with its name. */
function drawChip(ctx: CanvasRenderingContext2D, stage: Stage, one: Interval, top: number, height: number, bold: boolean): void {
  const { viewport, width, palette, dpr } = stage;
  const { chip, ink, line, tint } = palette.shades(one.color);
  const snap = (value: number): number => Math.round(value * dpr) / dpr;
  const [left, right] = [snap(Math.max(-9, viewport.x(one.start))), snap(Math.min(width + 9, viewport.x(one.end)))];
  const wide = Math.max(1, right - left - (right - left > 6 ? 1 : 0));
  ctx.globalAlpha = one.locked && !bold ? 0.6 : 1;
  ctx.fillStyle = one.suggested ? bold ? tint : palette.back : chip;
  path(ctx, left, top, wide, height);
  ctx.fill();
  if (one.suggested || bold) {
    ctx.strokeStyle = line;
    ctx.lineWidth = bold ? 2 : 1;
    if (one.suggested) ctx.setLineDash(DASH);
    path(ctx, left + ctx.lineWidth / 2, top + ctx.lineWidth / 2, Math.max(0, wide - ctx.lineWidth), height - ctx.lineWidth);
    ctx.stroke();
    if (one.suggested) ctx.setLineDash([]);
  } else {
    ctx.fillStyle = line;
    ctx.fillRect(left, top + 1, Math.min(2, wide), height - 2);
  }
  const start = Math.max(left, 0) + 6;
  const room = Math.min(left + wide, width) - start - 4;
  if (wide >= NAMED && height >= 11) drawName(ctx, palette, one, start, top + height / 2 + 0.5, room, ink);
  ctx.globalAlpha = 1;
}

/** The label, how sure the model is, and what is said. */
function drawName(ctx: CanvasRenderingContext2D, palette: Palette, { label, text, score, suggested }: Interval, x: number, y: number, room: number, ink: string): void {
  const words = suggested && typeof score === "number" ? `${label} ${score.toFixed(2)}`.trim() : label;
  ctx.fillStyle = ink;
  ctx.font = palette.bold;
  const name = palette.fit(ctx, words, room);
  if (name) ctx.fillText(name, x, y);
  const used = name ? palette.width(ctx, name) + 6 : 0;
  ctx.font = palette.font;
  if (!text || (words && name !== words)) return;
  const rest = palette.fit(ctx, text.replace(/\s+/g, " "), room - used);
  if (!rest) return;
  ctx.fillStyle = palette.ink;
  ctx.fillText(rest, x + used, y);
}

/** An event: a line with a pennant that carries its name. */
function drawFlag(ctx: CanvasRenderingContext2D, { viewport, palette }: Stage, one: Interval, top: number, height: number, room: number, bold: boolean): void {
  const { chip, ink, line } = palette.shades(one.color);
  const left = viewport.x(one.start);
  ctx.font = palette.bold;
  const words = one.suggested && typeof one.score === "number" ? `${one.label} ${one.score.toFixed(2)}` : one.label;
  const name = height >= 11 && room > 22 ? palette.fit(ctx, words, Math.min(110, room - 16)) : "";
  const wide = Math.min(name ? palette.width(ctx, name) + 14 : 8, room - 1);
  ctx.globalAlpha = one.locked && !bold ? 0.6 : 1;
  ctx.beginPath();
  ctx.moveTo(left, top);
  ctx.lineTo(left + wide - 4, top);
  ctx.lineTo(left + wide, top + height / 2);
  ctx.lineTo(left + wide - 4, top + height);
  ctx.lineTo(left, top + height);
  ctx.closePath();
  ctx.fillStyle = one.suggested ? palette.back : chip;
  ctx.fill();
  if (one.suggested || bold) {
    ctx.strokeStyle = line;
    ctx.lineWidth = bold ? 2 : 1;
    if (one.suggested) ctx.setLineDash(DASH);
    ctx.stroke();
    if (one.suggested) ctx.setLineDash([]);
  }
  ctx.fillStyle = line;
  ctx.fillRect(left - (bold ? 1 : 0.5), top - 1, bold ? 2.5 : 1.5, height + 2);
  if (name) {
    ctx.fillStyle = ink;
    ctx.fillText(name, left + 5, top + height / 2 + 0.5);
  }
  ctx.font = palette.font;
  ctx.globalAlpha = 1;
}

/** A handle in the middle of an edge. */
function grip(ctx: CanvasRenderingContext2D, palette: Palette, color: string, x: number, y: number): void {
  path(ctx, x - 3, y - 10, 6, 20);
  ctx.fillStyle = palette.back;
  ctx.fill();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  ctx.stroke();
  ctx.fillStyle = color;
  ctx.fillRect(x - 0.5, y - 4, 1, 8);
}

function drawLifted(ctx: CanvasRenderingContext2D, stage: Stage, one: Interval, grips: boolean): void {
  const { viewport, bands, palette, width } = stage;
  const region = regionsOf(bands);
  const [left, right] = [viewport.x(one.start), viewport.x(one.end)];
  if (right < -8 || left > width + 8) return;
  drawStretch(ctx, stage, region, one, true);
  ctx.globalAlpha = 1;
  for (const band of bands) {
    if (band.kind !== "tier" || band.tier !== one.tier) continue;
    const { top, height } = laneOf(stage, band, one);
    if (one.start === one.end) drawFlag(ctx, stage, one, top, height, 130, true);
    else drawChip(ctx, stage, one, top, height, true);
  }
  if (!grips || one.locked || one.start === one.end || right - left < 10) return;
  const { line } = palette.shades(one.color);
  const { top, height } = region(one.channel);
  for (const x of [left, right]) if (x > -4 && x < width + 4) grip(ctx, palette, line, x, top + Math.min(height / 2, 40));
}

export function drawMoving(ctx: CanvasRenderingContext2D, stage: Stage, near: Near, { selected, hovered, cursor, selection, draft, pointer, hertz }: Moving): void {
  const { viewport, width, bands, palette } = stage;
  ctx.font = palette.font;
  ctx.textBaseline = "middle";
  const { top, height } = regionsOf(bands)(null);
  const ruler = bands[0]?.height ?? 0;
  const last = bands.at(-1);
  const bottom = last ? last.top + last.height : 0;
  if (selection) {
    const [left, right] = [viewport.x(selection[0]), viewport.x(selection[1])];
    ctx.fillStyle = palette.accent;
    ctx.globalAlpha = 0.18;
    ctx.fillRect(left, top, right - left, height);
    ctx.globalAlpha = 1;
    for (const x of [left, right - 1]) ctx.fillRect(x, 0, 1, top + height);
    if (!draft) readOut(ctx, stage, selection[0], selection[1], palette.accent);
  }
  const chosen = selected.size || hovered ? near.within(viewport.time(-8), viewport.time(width + 8)) : [];
  let shown = 0;
  for (const one of chosen) {
    const own = selected.has(one.id);
    if (one.id === draft?.id || (!own && one.id !== hovered) || ++shown > MOST_CHOSEN) continue;
    drawLifted(ctx, stage, one, own && selected.size === 1);
  }
  if (draft) {
    drawLifted(ctx, stage, draft, false);
    readOut(ctx, stage, draft.start, draft.end, palette.shades(draft.color).line);
  }
  if (pointer && pointer[0] >= 0 && pointer[0] <= width) {
    const [x, y] = pointer;
    ctx.globalAlpha = 0.55;
    ctx.fillStyle = palette.ink;
    ctx.fillRect(Math.round(x), ruler, 1, bottom - ruler);
    if (hertz !== null) ctx.fillRect(0, Math.round(y), width, 1);
    ctx.globalAlpha = 1;
    if (hertz !== null) pill(ctx, stage, hertzWords(hertz), width, y - 10, palette.muted);
    if (!draft && !selection) pill(ctx, stage, timeWords(viewport.time(x), digitsOf(viewport)), x, 3, palette.muted, 0.5);
  }
  if (cursor === null) return;
  const x = Math.round(viewport.x(cursor) * stage.dpr) / stage.dpr;
  if (x < -6 || x > width + 6) return;
  ctx.fillStyle = palette.back;
  ctx.globalAlpha = 0.6;
  ctx.fillRect(x - 1.5, ruler, 3.5, bottom - ruler);
  ctx.globalAlpha = 1;
  ctx.fillStyle = palette.head;
  ctx.fillRect(x - 0.5, ruler - 6, 1.5, bottom - ruler + 6);
  ctx.beginPath();
  ctx.moveTo(x - 5, ruler - 11);
  ctx.lineTo(x + 5.5, ruler - 11);
  ctx.lineTo(x + 5.5, ruler - 6);
  ctx.lineTo(x + 0.25, ruler);
  ctx.lineTo(x - 5, ruler - 6);
  ctx.closePath();
  ctx.fill();
}

/** As many digits of a second as a pixel tells apart. */
export function digitsOf(viewport: TimeViewport): number {
  return Math.min(6, Math.max(1, Math.ceil(-Math.log10(viewport.view.peek().perPixel))));
}

/** Start, end and length of what is being marked, on the ruler. */
function readOut(ctx: CanvasRenderingContext2D, stage: Stage, start: number, end: number, color: string): void {
  const { viewport } = stage;
  const digits = Math.max(2, digitsOf(viewport));
  const [left, right] = [viewport.x(start), viewport.x(end)];
  const length = `${(end - start).toFixed(digits)} s`;
  ctx.font = stage.palette.font;
  if (start === end) {
    pill(ctx, stage, timeWords(start, digits), left, 3, color, 0.5);
    return;
  }
  pill(ctx, stage, timeWords(start, digits), left, 3, color, 1);
  pill(ctx, stage, timeWords(end, digits), right, 3, color, 0);
  if (right - left > stage.palette.width(ctx, length) + 16) pill(ctx, stage, length, (left + right) / 2, 3, stage.palette.muted, 0.5);
}

/** Words on a ground of their own; `part` of their width lies left of x. They never leave the canvas. */
function pill(ctx: CanvasRenderingContext2D, { palette, width }: Stage, words: string, x: number, top: number, color: string, part = 1): void {
  ctx.font = palette.font;
  const wide = palette.width(ctx, words) + 10;
  const left = Math.max(0, Math.min(width - wide, x - part * wide));
  path(ctx, left, top, wide, 17);
  ctx.fillStyle = palette.back;
  ctx.fill();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = palette.ink;
  ctx.fillText(words, left + 5, top + 9);
}
