/** One channel's waveform: from samples where these are few enough, from peaks else. */
import type { Palette } from "./palette";
import { FINEST, type Peaks } from "./peaks";
import type { Samples } from "./recording";

/** With more frames for a pixel of the screen, peaks are as sharp. */
const SAMPLES_BELOW = FINEST / 2;
/** With fewer samples for a pixel, there is no telling what is usual. */
const FINE = 16;
/** Pixels of the screen between samples from which on each has its dot. */
const DOTS_FROM = 5;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function needsSamples(framesPerPixel: number): boolean {
  return framesPerPixel < SAMPLES_BELOW;
}

/** Draws frames [from, to) of a channel, in device pixels; `amplitude`: how much it is enlarged. */
export function drawWave(ctx: CanvasRenderingContext2D, palette: Palette, peaks: Peaks, samples: Samples | undefined, channel: number, [from, to]: readonly [number, number], box: Box, amplitude: number, dpr: number): void {
  const { left, top, width, height } = box;
  const middle = top + height / 2;
  const scale = (height / 2 - 2 * dpr) * amplitude;
  const y = (value: number): number => Math.min(top + height, Math.max(top, middle - value * scale));
  ctx.fillStyle = palette.line;
  ctx.fillRect(left, Math.floor(middle - dpr / 2), width, Math.max(1, Math.round(dpr)));
  const each = (to - from) / width;
  if (samples && needsSamples(each)) {
    const frames = peaks.recording.peek()?.frames ?? 0;
    const [first, last] = [Math.max(0, Math.floor(from) - 1), Math.min(frames, Math.ceil(to) + 1)];
    const read = last > first ? samples.read(first, last) : null;
    const data = read?.[channel];
    if (data) {
      if (each > 1) extremes(ctx, palette, data, first, from, each, box, y, dpr);
      else curve(ctx, palette, data, first, from, each, box, y, dpr);
      return;
    }
  }
  const columns = Math.round(width);
  const mean = new Int8Array(2 * columns);
  const range = peaks.range(channel, from, to, columns, mean);
  // what is not known yet
  ctx.fillStyle = palette.soft;
  for (let column = 0, end = 0; column < columns; column = end + 1) {
    for (end = column; end < columns && !isKnown(range, end);) end++;
    if (end > column) ctx.fillRect(left + column, top, end - column, height);
  }
  const level = (value: number): number => y(value / 127);
  outline(ctx, palette.wave, range, box, level, dpr);
  outline(ctx, palette.body, range, box, level, dpr, mean);
}

function isKnown(range: ArrayLike<number>, column: number): boolean {
  return (range[2 * column] as number) <= (range[2 * column + 1] as number);
}

/** Fills between the lowest and the highest of each column; where nothing is known, nothing is drawn. */
function outline(ctx: CanvasRenderingContext2D, color: string, range: ArrayLike<number>, { left }: Box, y: (value: number) => number, dpr: number, inner = range): void {
  const least = dpr / 2;
  const columns = range.length / 2;
  ctx.fillStyle = color;
  ctx.beginPath();
  for (let start = 0; start < columns; start++) {
    if (!isKnown(range, start)) continue;
    let end = start;
    while (end < columns && isKnown(range, end)) end++;
    for (let column = start; column < end; column++) {
      const [low, high] = [y(inner[2 * column] as number), y(inner[2 * column + 1] as number)];
      const at = Math.min(high, (low + high) / 2 - least);
      if (column === start) ctx.moveTo(left + column, at);
      ctx.lineTo(left + column + 0.5, at);
      if (column === end - 1) ctx.lineTo(left + column + 1, at);
    }
    for (let column = end - 1; column >= start; column--) {
      const [low, high] = [y(inner[2 * column] as number), y(inner[2 * column + 1] as number)];
      const at = Math.max(low, (low + high) / 2 + least);
      if (column === end - 1) ctx.lineTo(left + column + 1, at);
      ctx.lineTo(left + column + 0.5, at);
      if (column === start) ctx.lineTo(left + column, at);
    }
    ctx.closePath();
    start = end;
  }
  ctx.fill();
}

/** Several samples for each column: what is between the lowest and highest, and within it what is usual (their root mean square). */
function extremes(ctx: CanvasRenderingContext2D, palette: Palette, data: Float32Array, first: number, from: number, each: number, box: Box, y: (value: number) => number, dpr: number): void {
  const columns = Math.round(box.width);
  const [outer, inner] = [new Float32Array(2 * columns), new Float32Array(2 * columns)];
  for (let column = 0; column < columns; column++) {
    // one more than its own: neighbours touch
    const [start, end] = [Math.max(0, Math.floor(from + column * each) - first), Math.min(data.length, Math.ceil(from + (column + 1) * each) + 1 - first)];
    let [low, high, squares] = [Infinity, -Infinity, 0];
    for (let n = start; n < end; n++) {
      const value = data[n] as number;
      if (value < low) low = value;
      if (value > high) high = value;
      squares += value * value;
    }
    if (end <= start) [low, high] = [1, -1];
    const usual = Math.sqrt(squares / Math.max(1, end - start));
    outer.set([low, high], 2 * column);
    inner.set([Math.max(low, -usual), Math.min(high, usual)], 2 * column);
  }
  if (each > FINE) outline(ctx, palette.wave, outer, box, y, dpr);
  outline(ctx, palette.body, outer, box, y, dpr, each > FINE ? inner : outer);
}

/** Fewer samples than columns: a line through them, and a dot for each where there is room. */
function curve(ctx: CanvasRenderingContext2D, palette: Palette, data: Float32Array, first: number, from: number, each: number, { left }: Box, y: (value: number) => number, dpr: number): void {
  const x = (n: number): number => left + (first + n - from) / each;
  ctx.strokeStyle = palette.body;
  ctx.lineWidth = 1.25 * dpr;
  ctx.lineJoin = "round";
  ctx.beginPath();
  data.forEach((value, n) => ctx.lineTo(x(n), y(value)));
  ctx.stroke();
  if (1 / each < DOTS_FROM) return;
  ctx.fillStyle = palette.body;
  ctx.beginPath();
  data.forEach((value, n) => {
    ctx.moveTo(x(n) + 2 * dpr, y(value));
    ctx.arc(x(n), y(value), 2 * dpr, 0, 7);
  });
  ctx.fill();
}
