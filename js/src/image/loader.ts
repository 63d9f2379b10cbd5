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
import type { Dispose, Scope } from "../core/scope";
import { runDrawing } from "./drawing";
import { type Picked, Reduced } from "./reduced";
import type { ImageInfo, Rect } from "./types";
import { fitScale, type View, visibleRect } from "./viewport";

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
const MOST_ACROSS = 64;

/** The kernel's description of an item; null if it makes no sense. */
export function infoOf(data: unknown): ImageInfo | null {
  const info = data as ImageInfo | null;
  const within = (value: unknown, low: number, high: number): boolean => typeof value === "number" && value >= low && value <= high;
  return typeof info === "object" && within(info?.width, 1, 2 ** 31) && within(info?.height, 1, 2 ** 31)
    && (info?.form !== "tiles" || (within(info.tile, 64, 4096) && within(info.levels, 1, 32))) ? info : null;
}

/** How many sizes there are of an image: of a large one that comes as a whole, a preview comes first. */
function levelsOf({ form, levels = 1, width, height }: ImageInfo): number {
  return form === "tiles" ? levels : form === "whole" && width * height > LARGE ? 2 : 1;
}

/** The coarsest level that has a pixel for each of the screen. */
export function levelFor(info: ImageInfo, { scale, dpr }: View): number {
  const level = Math.floor(Math.log2(1 / (scale * dpr)) + 1e-6);
  return info.form === "tiles" ? Math.max(0, Math.min(level, levelsOf(info) - 1)) : 0;
}

/** A piece's side, in pixels of the image. */
function sideOf({ form, tile = 512, width, height }: ImageInfo, level: number): number {
  return form === "tiles" ? tile * 2 ** level : Math.max(width, height);
}

function pieceOf(info: ImageInfo, level: number, column = 0, row = 0): Wanted {
  const side = sideOf(info, level);
  const [x, y] = [column * side, row * side];
  const rect = { x, y, width: Math.min(side, info.width - x), height: Math.min(side, info.height - y) };
  return info.form === "tiles" ? { part: "tile", at: [level, column, row], rect }
    : level ? { part: "preview", at: [PREVIEW], rect } : { part: info.form === "drawing" ? "drawing" : "image", at: [], rect };
}

/** The one piece without which there is nothing to see. */
function mainOf(info: ImageInfo): Wanted {
  return pieceOf(info, info.form === "tiles" ? levelsOf(info) - 1 : 0);
}

/** The pieces of a level that are in sight, the nearest to the middle first. */
export function piecesFor(info: ImageInfo, view: View, level = levelFor(info, view)): Wanted[] {
  const side = sideOf(info, level);
  const { x, y, width, height } = visibleRect(view);
  const range = (start: number, length: number, size: number): number[] => {
    const first = Math.max(0, Math.floor(start / side));
    const count = Math.min(Math.ceil(size / side), Math.ceil((start + length) / side)) - first;
    return Array.from({ length: Math.max(0, Math.min(count, MOST_ACROSS)) }, (_, n) => first + n);
  };
  const far = ({ rect }: Wanted): number => Math.hypot(rect.x + rect.width / 2 - x - width / 2, rect.y + rect.height / 2 - y - height / 2);
  return range(y, height, info.height)
    .flatMap((row) => range(x, width, info.width).map((column) => pieceOf(info, level, column, row)))
    .sort((a, b) => far(a) - far(b));
}

function bytesOf(info: ImageInfo): number {
  return 4 * Math.min(sideOf(info, 0) ** 2, info.width * info.height);
}

export class Loader implements Source {
  readonly picture: ReadonlySignal<Picture | null> = signal(null);
  readonly version: Signal<number> = signal(0);
  /** What was drawn last is last. */
  readonly #pool = new Map<string, Picked>();
  readonly #failed = new Map<string, Problem>();
  readonly #coming = new Map<string, Scope>();
  readonly #reduced: Reduced;
  #shown: Shown | null = null;
  #view: View | null = null;
  /** Until what is shown has been painted, nothing is fetched ahead. */
  #fresh: Dispose | null = null;

  constructor(readonly engine: Engine, readonly scope: Scope) {
    this.#reduced = new Reduced(scope);
    scope.own(() => {
      for (const image of this.#pool.values()) this.#close(image);
      this.#pool.clear();
    });
  }

  /** Shows an item; one that was fetched ahead is ready at once. */
  show(item: WireItem | null): ReadonlySignal<Picture | null> {
    const info = infoOf(item?.data);
    const problem = item?.problem ? { title: item.problem } : info ? undefined : { title: "The kernel does not say what this image is" };
    if (this.#shown?.item.id !== item?.id) {
      this.#failed.clear(); // whoever comes back tries again
      this.#fresh?.();
      this.#fresh = this.scope.painted(() => {
        this.#fresh = null;
        this.#pump();
      });
    }
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
    const smooth = scale < 2 && scale !== 1;
    const place = (offset: number, at: number): number => {
      const exact = offset * view.dpr + at * scale;
      return info.form === "tiles" ? Math.round(exact) : exact; // neighbours share their edges
    };
    const wanted: Wanted[] = [];
    for (let level = levelFor(info, view); level < levelsOf(info); level++) {
      const pieces = piecesFor(info, view, level);
      wanted.unshift(...pieces);
      if (pieces.every((one) => this.#pool.has(this.#key(one)))) break; // what is coarser would be covered
    }
    for (const one of wanted) {
      const key = this.#key(one);
      const image = this.#pool.get(key);
      if (!image) continue;
      this.#pool.delete(key);
      this.#pool.set(key, image);
      const { x, y, width, height } = one.rect;
      const [left, top] = [place(view.x, x), place(view.y, y)];
      const [across, down] = [place(view.x, x + width) - left, place(view.y, y + height) - top];
      const small = across / image.width;
      if (want) this.#reduced.make(image, small, () => this.version.value++, one.part !== "tile" && view.scale === fitScale(view, info.width, info.height));
      const best = this.#reduced.best(image, small);
      const exact = Math.abs(best.width - across) < 1 && Math.abs(best.height - down) < 1;
      ctx.imageSmoothingEnabled = smooth && !exact;
      if (exact) ctx.drawImage(best, Math.round(left), Math.round(top));
      else ctx.drawImage(best, left, top, across, down);
    }
  }

  /** The whole image as far as it is here, maybe coarsely. */
  overview(): Picked | null {
    const info = this.#shown?.info;
    if (!info) return null;
    return this.#pool.get(this.#key(mainOf(info))) ?? this.#pool.get(this.#key(pieceOf(info, levelsOf(info) - 1))) ?? null;
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
      const pieces = [pieceOf(info, levelsOf(info) - 1), mainOf(info), ...this.#view ? piecesFor(info, this.#view) : []];
      const busy = pieces.filter((piece) => want(piece, shown)).length > 0;
      let room = POOL - bytesOf(info);
      for (const item of this.engine.ahead(2)) {
        const next = infoOf(item.data);
        if (!next || item.problem || bytesOf(next) > Math.min(room, 4 * MOST_AHEAD)) continue;
        room -= bytesOf(next);
        const main = mainOf(next);
        if (busy || this.#fresh) kept.add(this.#key(main, { item, info: next }));
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
      this.#pool.set(key, image);
      const view = this.#view;
      // as it will be shown first
      if (view && part !== "tile") this.#reduced.make(image, view.dpr * fitScale(view, image.width, image.height), () => undefined, true);
    } catch (error) {
      if (error instanceof Stopped) return;
      this.#failed.set(key, error instanceof MediaError ? error.problem
        : { title: "The browser cannot decode this image", detail: String(error) });
    } finally {
      scope.dispose();
    }
    if (item === this.#shown?.item.id) this.#changed();
    else this.#pump();
  }

  #changed(): void {
    this.#pump();
    this.version.value++;
  }

  #evict(kept: ReadonlySet<string>): void {
    let bytes = 0;
    for (const image of this.#pool.values()) bytes += this.#reduced.bytes(image);
    for (const [key, image] of this.#pool) {
      if (bytes <= POOL) break;
      if (kept.has(key)) continue;
      bytes -= this.#reduced.bytes(image); // 0 once it is closed
      this.#close(image);
      this.#pool.delete(key);
    }
  }

  #close(image: Picked): void {
    this.#reduced.drop(image);
    close(image);
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
