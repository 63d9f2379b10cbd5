/**
 * Images that Python draws (`draw=`): the commands of an ipycanvas `Canvas`, recorded there and drawn again here.
 *
 * The piece `"drawing" ()`, about={"mime": "application/x-nblabel-drawing"}, is
 *
 *     4 bytes    N, little endian
 *     N bytes    the header: JSON in UTF-8
 *     the rest   the buffers, one after another, nothing between them
 *
 *     header = {"width": W, "height": H,
 *               "commands": [[name, args, n], ...],              # as ipycanvas sends them, but with names for numbers
 *               "buffers": [{"bytes": B, "dtype": D}, ...]}      # in the order of the commands that use them
 *
 * A command takes the next `n` buffers. `name` is one of ipycanvas' `_CMD_LIST`, `args` are what `send_draw_command` was given:
 * - an array is what `populate_args` makes of it: `{"idx": k, ...}`, the k-th buffer of this command, flat, row by row.
 *   D: float64 float32 int32 uint32 int16 uint16 int8 uint8; what else numpy has is converted to float64 before (bool to uint8);
 * - an image is `{"idx": k}` too, with D = "image" (a file that browsers decode: PNG, JPEG, ...) or D = "drawing" (a piece like this
 *   one: another canvas as it was at that moment; a MultiCanvas is a drawing of its layers);
 * - `set`: `[attribute, value]`, attribute a number of `Canvas.ATTRS`; value a number, string, boolean,
 *   `{"gradient": [x0, y0, x1, y1] | [x0, y0, r0, x1, y1, r1], "stops": [[offset, color], ...]}` or
 *   `{"idx": k, "repetition": "repeat"}` (a pattern of an image);
 * - `drawImage`: `[image, x, y, width?, height?]`; `putImageData`: `[x, y]` and one buffer with D = "image";
 * - `strokePath`, `fillPath`: `[d]`, the value of the Path2D;
 * - `sleep` and `switchCanvas` are left out; `null`s at the end of `args` may be.
 *
 * What is not understood is passed over, as is what a canvas refuses; all sizes are checked.
 */

type Context = OffscreenCanvasRenderingContext2D;
type Values = Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;
type Args = readonly unknown[];
type Loaded = ImageBitmap | OffscreenCanvas;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly commands: readonly (readonly [string, Args, number])[];
  readonly buffers: readonly { readonly bytes: number; readonly dtype: string }[];
}

/** A command's buffer: numbers, or an image once it is decoded. */
type Given = Values | Loaded | null;

const MOST_PIXELS = 1 << 26;
const LONGEST_SIDE = 16_384;
const DEEPEST = 4;
const TURN = 2 * Math.PI;

const ATTRIBUTES = [
  "fillStyle", "strokeStyle", "globalAlpha", "font", "textAlign", "textBaseline", "direction", "globalCompositeOperation", "lineWidth", "lineCap",
  "lineJoin", "miterLimit", "lineDashOffset", "shadowOffsetX", "shadowOffsetY", "shadowBlur", "shadowColor", "filter", "imageSmoothingEnabled",
];

const NUMBERS: Readonly<Record<string, new (buffer: ArrayBuffer) => Values>> = {
  float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int16: Int16Array, uint16: Uint16Array, int8: Int8Array,
  uint8: Uint8Array,
};

/** The commands for many shapes at once, `fillStyledRects`, and for one, `strokeCircle`. */
const SHAPES = /^(fill|stroke)(Styled)?(Rect|Circle|Arc|Polygon|LineSegment|Line)s?$/;
/** How many numbers make one of them. */
const ARITY: Readonly<Record<string, number>> = { Rect: 4, Circle: 3, Arc: 6 };

/** What a drawing's bytes say, checked; null if they say nothing that can be drawn. */
export function readDrawing(bytes: Uint8Array): { header: Header; buffers: Uint8Array[] } | null {
  try {
    const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size))) as Header;
    const { width, height } = header;
    if (!(width > 0 && height > 0 && width <= LONGEST_SIDE && height <= LONGEST_SIDE && width * height <= MOST_PIXELS)) return null;
    let at = 4 + size;
    const buffers = header.buffers.map(({ bytes: length }) => {
      if (!(length >= 0 && at + length <= bytes.length)) throw new RangeError();
      return bytes.subarray(at, at += length);
    });
    return Array.isArray(header.commands) ? { header, buffers } : null;
  } catch {
    return null;
  }
}

/** Runs one command; throws what the canvas throws. */
export function runCommand(to: Context, name: string, args: Args, given: readonly Given[]): void {
  const methods = to as unknown as Record<string, unknown>;
  const value = (arg: unknown): unknown => {
    const index = (arg as { idx?: number } | null)?.idx;
    return index === undefined ? arg : given[index];
  };
  const shapes = SHAPES.exec(name);
  if (shapes) drawShapes(to, shapes, args.map(value));
  else if (name === "set") setAttribute(to, Number(args[0]), args[1], value(args[1]));
  else if (name === "clear") {
    to.save();
    to.resetTransform();
    to.clearRect(0, 0, to.canvas.width, to.canvas.height);
    to.restore();
  } else if (name === "strokePath" || name === "fillPath") to[name === "fillPath" ? "fill" : "stroke"](new Path2D(String(args[0])));
  else if (!/^(create|get|_)/.test(name)) { // whatever else a canvas does without handing anything out
    const image = name === "putImageData";
    const all = (image ? [{ idx: 0 }, ...args] : args).filter((arg) => arg !== null).map(value);
    const method = methods[image ? "drawImage" : name];
    if (typeof method === "function") method.apply(to, all);
  }
}

/** The attributes of ipycanvas by number; styles can be gradients and patterns. */
function setAttribute(to: Context, index: number, told: unknown, value: unknown): void {
  const name = ATTRIBUTES[index];
  if (name === undefined || (name === "filter" && /url/i.test(String(told)))) return; // nothing is fetched
  let made = value;
  if (typeof told === "object" && told !== null) {
    const { gradient, stops, repetition } = told as { gradient?: number[]; stops?: [number, string][]; repetition?: string };
    if (gradient) {
      const fresh = gradient.length === 6 ? to.createRadialGradient(...gradient as [number, number, number, number, number, number])
        : to.createLinearGradient(...gradient as [number, number, number, number]);
      for (const [offset, color] of stops ?? []) fresh.addColorStop(offset, color);
      made = fresh;
    } else made = to.createPattern(value as Loaded, repetition ?? "repeat");
  }
  (to as unknown as Record<string, unknown>)[name] = made;
}

/** An array's element, or the one value that all have. */
function pick(values: unknown, index: number): number {
  return typeof values === "object" && values ? (values as Values)[index] ?? Number.NaN : Number(values);
}

function lengthOf(values: unknown): number {
  return typeof values === "object" && values ? (values as Values).length : Infinity;
}

function drawShapes(to: Context, [, verb, styled, shape = ""]: RegExpExecArray, args: Args): void {
  const end = verb === "fill" ? "fill" : "stroke";
  const arity = ARITY[shape];
  // polygons and lines: how many, all their points in one, how many points each; one alone: its points, or its four numbers
  const lines = arity === undefined;
  const many = lines && args.length > 1 && typeof args[1] === "object";
  const points = lines ? many ? args[1] : args.length > 1 ? args : args[0] : null;
  const style = lines ? 3 : arity;
  const fewest = Math.min(...args.slice(0, style).map(lengthOf));
  const count = lines ? many ? pick(args[0], 0) : 1 : Number.isFinite(fewest) ? fewest : 1;
  const total = lengthOf(points);
  let at = 0;
  to.save();
  for (let n = 0; n < count && at < total; n++) {
    if (styled) {
      const color = [0, 1, 2].map((channel) => pick(args[style], 3 * n + channel)).join(" ");
      to[`${end}Style`] = `rgb(${color} / ${pick(args[style + 1] ?? 1, n)})`;
    }
    if (shape !== "Rect") to.beginPath();
    if (lines) {
      const stop = Math.min(total, at + (many ? 2 * Math.max(1, pick(args[2], n)) : Infinity));
      for (; at + 1 < stop; at += 2) to.lineTo(pick(points, at), pick(points, at + 1));
      at = stop;
      if (shape === "Polygon") to.closePath();
    } else {
      const [x = 0, y = 0, a = 0, b = 0, c = TURN, back = 0] = args.slice(0, arity).map((values) => pick(values, n));
      if (shape === "Rect") to[`${end}Rect`](x, y, a, b);
      else {
        if (shape === "Arc" && end === "fill") to.moveTo(x, y); // a slice
        to.arc(x, y, a, b, c, Boolean(back));
      }
    }
    if (shape !== "Rect") to[end]();
  }
  to.restore();
}

/** The drawing as an image; null if the bytes hold none. */
export async function runDrawing(bytes: Uint8Array, depth = 0): Promise<OffscreenCanvas | null> {
  const read = depth < DEEPEST ? readDrawing(bytes) : null;
  if (!read) return null;
  const { header, buffers } = read;
  const canvas = new OffscreenCanvas(header.width, header.height);
  const to = canvas.getContext("2d");
  if (!to) return null;
  let at = 0;
  for (const [name, args, count] of header.commands) {
    const first = at;
    const images: ImageBitmap[] = [];
    try {
      at += count || 0;
      const given: Given[] = [];
      for (let n = first; n < Math.min(at, buffers.length); n++) {
        const { dtype } = header.buffers[n] as { dtype: string };
        const buffer = (buffers[n] as Uint8Array).slice();
        const kind = NUMBERS[dtype];
        if (dtype === "image") images.push(given[n - first] = await createImageBitmap(new Blob([buffer])));
        else given[n - first] = dtype === "drawing" ? await runDrawing(buffer, depth + 1) : kind ? new kind(buffer.buffer) : null;
      }
      runCommand(to, name, args, given);
    } catch {
      // as a canvas does in a page: what it cannot draw is not there
    }
    for (const image of images) image.close();
  }
  return canvas;
}
