/**
 * The pixels of the item shown and of those that come next, decoded.
 *
 * Whatever its form, an image is made of pieces: one, or the tiles of a pyramid. All pieces are kept in one pool, bounded in bytes, which
 * forgets what was not drawn for longest. What is out of sight before it came is given up; the nearest is fetched first.
 */
import { type ReadonlySignal, type Signal, signal, untracked } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import { fetchPiece, MediaError, Stopped } from "../core/media";
import type { Problem, WireItem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { runDrawing } from "./drawing";
import type { ImageInfo, Rect } from "./types";
import { type View, visibleRect } from "./viewport";

/** What is known of the image shown. */
export interface Picture {
  readonly item: string;
  /** Null if the kernel's description makes no sense. */
  readonly info: ImageInfo | null;
  /** `ready`: the whole can be seen, if not all of it sharply yet. */
  readonly state: "loading" | "ready" | "failed";
  readonly problem: Problem | null;
}

/** What a painter draws from. */
export interface Source {
  /** Counts what has come since. */
  readonly version: ReadonlySignal<number>;
  /** Draws what there is, in device pixels; `want`: and fetches what is missing, and nothing else. */
  draw(ctx: CanvasRenderingContext2D, view: View, want?: boolean): void;
}

/** RGBA of whole pixels of the image. */
export interface Pixels extends Rect {
  readonly data: Uint8ClampedArray;
}

/** A piece of an image, and the region it shows. */
export interface Wanted {
  readonly part: string;
  readonly at: readonly number[];
  readonly rect: Rect;
}

type Picked = ImageBitmap | OffscreenCanvas;

interface Shown {
  readonly item: WireItem;
  readonly info: ImageInfo | null;
  readonly problem?: Problem | undefined;
}

const POOL = 256 << 20;
const MOST_AT_ONCE = 4;
const LARGE = 16e6; // pixels from which on a preview comes first
const PREVIEW = 1024;
const MOST_AHEAD = 40e6;
const MOST_PIXELS = 1 << 26;

/** The kernel's description of an item; null if it makes no sense. */
export function infoOf(data: unknown): ImageInfo | null {
  const info = data as ImageInfo | null;
  const fine = (value: unknown): boolean => typeof value === "number" && value >= 1 && value < 2 ** 31;
  if (typeof info !== "object" || !fine(info?.width) || !fine(info?.height)) return null;
  return info?.form !== "tiles" || (fine(info.tile) && fine(info.levels) && (info.levels ?? 0) <= 32) ? info : null;
}

/** The coarsest level that has a pixel for each of the screen. */
export function levelFor(info: ImageInfo, view: View): number {
  const level = Math.floor(Math.log2(1 / (view.scale * view.dpr)) + 1e-6);
  return Math.max(0, Math.min(level, (info.levels ?? 1) - 1));
}

/** The tiles of a level that are in sight, the nearest to the middle first. */
export function tilesFor(info: ImageInfo, view: View, level = levelFor(info, view)): Wanted[] {
  const side = (info.tile ?? 512) * 2 ** level;
  const { x, y, width, height } = visibleRect(view);
  const range = (start: number, length: number, size: number): [number, number] =>
    [Math.max(0, Math.floor(start / side)), Math.min(Math.ceil(size / side), Math.ceil((start + length) / side))];
  const [left, right] = range(x, width, info.width);
  const [top, bottom] = range(y, height, info.height);
  const found: Wanted[] = [];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) found.push(tile(info, level, column, row));
  }
  const far = ({ rect }: Wanted): number =>
    Math.hypot(rect.x + rect.width / 2 - x - width / 2, rect.y + rect.height / 2 - y - height / 2);
  return found.sort((a, b) => far(a) - far(b));
}

function tile(info: ImageInfo, level: number, column: number, row: number): Wanted {
  const side = (info.tile ?? 512) * 2 ** level;
  const [x, y] = [column * side, row * side];
  return { part: "tile", at: [level, column, row], rect: { x, y, width: Math.min(side, info.width - x), height: Math.min(side, info.height - y) } };
}

/** The one piece without which there is nothing to see. */
function mainOf(info: ImageInfo): Wanted {
  if (info.form === "tiles") return tile(info, (info.levels ?? 1) - 1, 0, 0);
  return { part: info.form === "drawing" ? "drawing" : "image", at: [], rect: { x: 0, y: 0, width: info.width, height: info.height } };
}

function bytesOf(info: ImageInfo): number {
  return 4 * (info.form === "tiles" ? (info.tile ?? 512) ** 2 : info.width * info.height);
}

export class Loader implements Source {
  readonly picture: ReadonlySignal<Picture | null> = signal(null);
  readonly version: Signal<number> = signal(0);
  /** What was drawn last is last. */
  readonly #pool = new Map<string, { readonly image: Picked; readonly bytes: number }>();
  readonly #failed = new Map<string, Problem>();
  readonly #coming = new Map<string, Scope>();
  #shown: Shown | null = null;
  #view: View | null = null;

  constructor(readonly engine: Engine, readonly scope: Scope) {
    scope.own(() => {
      for (const { image } of this.#pool.values()) close(image);
      this.#pool.clear();
    });
  }

  /** Shows an item; one that was fetched ahead is ready at once. */
  show(item: WireItem | null): ReadonlySignal<Picture | null> {
    const info = infoOf(item?.data);
    const problem = item?.problem ? { title: item.problem } : info ? undefined : { title: "The kernel does not say what this image is" };
    if (this.#shown?.item.id !== item?.id) this.#failed.clear(); // whoever comes back tries again
    this.#shown = item && { item, info, problem };
    this.#view = null;
    untracked(() => this.#changed());
    return this.picture;
  }

  /** Tries again what could not be had. */
  retry(): void {
    this.#failed.clear();
    this.#pump();
  }

  draw(ctx: CanvasRenderingContext2D, view: View, want = false): void {
    const info = this.#shown?.info;
    if (!info) return;
    if (want) {
      this.#view = view;
      this.#pump();
    }
    const scale = view.scale * view.dpr;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.imageSmoothingEnabled = scale < 2 && scale !== 1;
    for (const { image, rect } of this.#pieces(info, view)) {
      const place = (offset: number, at: number): number => {
        const exact = offset * view.dpr + at * scale;
        return info.form === "tiles" ? Math.round(exact) : exact; // neighbours share their edges
      };
      const [left, top] = [place(view.x, rect.x), place(view.y, rect.y)];
      ctx.drawImage(image, left, top, place(view.x, rect.x + rect.width) - left, place(view.y, rect.y + rect.height) - top);
    }
  }

  /** The whole image as far as it is here, maybe coarsely. */
  overview(): Picked | null {
    const info = this.#shown?.info;
    if (!info) return null;
    for (const one of this.#first(info)) {
      const held = this.#pool.get(this.#key(one));
      if (held) return held.image;
    }
    return null;
  }

  /** The colours of a region, as sharp as they are here; null if there are none, or too many. */
  pixels(region: Rect): Pixels | null {
    const info = this.#shown?.info;
    if (!info || this.picture.peek()?.state !== "ready") return null;
    const [x, y] = [Math.max(0, Math.floor(region.x)), Math.max(0, Math.floor(region.y))];
    const width = Math.min(info.width, Math.ceil(region.x + region.width)) - x;
    const height = Math.min(info.height, Math.ceil(region.y + region.height)) - y;
    if (width <= 0 || height <= 0 || width * height > MOST_PIXELS) return null;
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    if (!ctx) return null;
    this.draw(ctx, { scale: 1, x: -x, y: -y, width, height, dpr: 1 });
    return { x, y, width, height, data: ctx.getImageData(0, 0, width, height).data };
  }

  #key({ part, at }: Wanted, { item, info } = this.#shown as Shown): string {
    return [item.id, info?.rev, part, ...at].join(" ");
  }

  /** What shows the whole image, the best first. */
  #first(info: ImageInfo): Wanted[] {
    const main = mainOf(info);
    return info.form === "whole" && info.width * info.height > LARGE ? [main, { ...main, part: "preview", at: [PREVIEW] }] : [main];
  }

  /** What of a view is here, the coarsest first. */
  #pieces(info: ImageInfo, view: View): { image: Picked; rect: Rect }[] {
    let wanted: Wanted[] = [];
    if (info.form === "tiles") {
      const least = levelFor(info, view);
      for (let level = least; level < (info.levels ?? 1); level++) {
        const tiles = tilesFor(info, view, level);
        wanted = [...tiles, ...wanted];
        if (tiles.every((one) => this.#pool.has(this.#key(one)))) break; // what is coarser would be covered
      }
      wanted.reverse();
    } else {
      const [main, preview] = this.#first(info) as [Wanted, Wanted?];
      wanted = [!preview || this.#pool.has(this.#key(main)) ? main : preview];
    }
    return wanted.flatMap((one) => {
      const key = this.#key(one);
      const held = this.#pool.get(key);
      if (!held) return [];
      this.#pool.delete(key);
      this.#pool.set(key, held);
      return [{ image: held.image, rect: one.rect }];
    });
  }

  /** Fetches what is wanted and missing, most urgent first, and gives up what is not wanted any more. */
  #pump(): void {
    const shown = this.#shown;
    const queue: { key: string; item: string; piece: Wanted }[] = [];
    const kept = new Set<string>();
    const want = (piece: Wanted, of: Shown): boolean => {
      const key = this.#key(piece, of);
      kept.add(key);
      const missing = !this.#pool.has(key) && !this.#failed.has(key);
      if (missing) queue.push({ key, item: of.item.id, piece });
      return missing;
    };
    if (shown?.info && !shown.problem) {
      const { info } = shown;
      const first = this.#first(info).reverse();
      const tiles = info.form === "tiles" && this.#view ? tilesFor(info, this.#view) : [];
      const busy = [...first, ...tiles].filter((piece) => want(piece, shown)).length > 0;
      let room = POOL - bytesOf(info);
      for (const item of this.engine.ahead(2)) {
        const next = infoOf(item.data);
        if (!next || item.problem || bytesOf(next) > 4 * MOST_AHEAD || (room -= bytesOf(next)) < 0) break;
        const main = mainOf(next);
        if (busy) kept.add(this.#key(main, { item, info: next }));
        else want(main, { item, info: next });
      }
    }
    for (const [key, scope] of this.#coming) if (!kept.has(key)) scope.dispose();
    for (const { key, item, piece } of queue) {
      if (this.#coming.size >= MOST_AT_ONCE) break;
      if (!this.#coming.has(key)) void this.#fetch(key, item, piece);
    }
    this.#evict(kept);
    this.#tell();
  }

  async #fetch(key: string, item: string, { part, at }: Wanted): Promise<void> {
    const scope = this.scope.child();
    this.#coming.set(key, scope);
    scope.own(() => this.#coming.delete(key));
    try {
      const { bytes } = await fetchPiece(this.engine, scope, item, part, [...at]);
      const image = part === "drawing" ? await runDrawing(bytes) : await createImageBitmap(new Blob([bytes]));
      if (!image) throw new MediaError({ title: "This drawing cannot be shown", hint: "Is its size within 16,384 pixels?" });
      if (this.scope.disposed) {
        close(image);
        return;
      }
      this.#pool.set(key, { image, bytes: 4 * image.width * image.height });
    } catch (error) {
      if (error instanceof Stopped) return;
      this.#failed.set(key, error instanceof MediaError ? error.problem
        : { title: "The browser cannot decode this image", detail: String(error) });
    } finally {
      scope.dispose();
    }
    this.#changed();
  }

  #changed(): void {
    this.#pump();
    this.version.value++;
  }

  #evict(kept: ReadonlySet<string>): void {
    let bytes = 0;
    for (const held of this.#pool.values()) bytes += held.bytes;
    for (const [key, held] of this.#pool) {
      if (bytes <= POOL) break;
      if (kept.has(key)) continue;
      close(held.image);
      this.#pool.delete(key);
      bytes -= held.bytes;
    }
  }

  #tell(): void {
    const shown = this.#shown;
    let next: Picture | null = null;
    if (shown) {
      const { item, info } = shown;
      const key = info ? this.#key(mainOf(info)) : "";
      const problem = shown.problem ?? this.#failed.get(key) ?? this.#someFailure();
      const state = this.#pool.has(key) ? "ready" : problem ? "failed" : "loading";
      next = { item: item.id, info, state, problem: problem ?? null };
    }
    const last = this.picture.peek();
    if (last?.item === next?.item && last?.info === next?.info && last?.state === next?.state && last?.problem === next?.problem) return;
    (this.picture as Signal<Picture | null>).value = next;
  }

  /** Why a part of the image shown is not there. */
  #someFailure(): Problem | undefined {
    const { item } = this.#shown as { item: WireItem };
    for (const [key, problem] of this.#failed) if (key.startsWith(`${item.id} `) && key.includes(" tile ")) return problem;
    return undefined;
  }
}

function close(image: Picked): void {
  if ("close" in image) image.close();
}
