/** The samples of a recording, in blocks that are fetched as they are needed; bounded, however long the recording is. */
import type { ReadonlySignal, Signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { Problem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { Pieces } from "../timeline/pieces";
import type { Samples } from "../timeline/recording";
import type { Recording } from "../timeline/types";

/** Frames of a block. */
export const BLOCK = 65_536;
const MOST = 64 << 20;
/** More of them are not held for a view that is drawn. */
const MOST_PREFERRED = 8;

type Block = readonly Float32Array[];

/** Samples between -1 and 1, one list a channel, from what the kernel sends; null if it makes no sense. */
export function samplesOf(bytes: Uint8Array<ArrayBuffer>, form: unknown, channels: number, frames: number): Float32Array[] | null {
  const size = form === "s16" ? 2 : form === "f32" ? 4 : 0;
  if (!size || !(channels > 0) || !(frames > 0) || bytes.length !== channels * frames * size) return null;
  const even = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const all = size === 2 ? new Int16Array(even.buffer, even.byteOffset, channels * frames) : new Float32Array(even.buffer, even.byteOffset, channels * frames);
  const scale = size === 2 ? 1 / 32_768 : 1;
  return Array.from({ length: channels }, (_, channel) => {
    const made = new Float32Array(frames);
    for (let n = 0, from = channel; n < frames; n++, from += channels) made[n] = (all[from] as number) * scale;
    return made;
  });
}

export class Pcm implements Samples {
  readonly version: Signal<number>;
  readonly problem: ReadonlySignal<Problem | null>;
  readonly #blocks: Pieces<Block>;
  #frames = 0;

  constructor(engine: Engine, scope: Scope) {
    this.#blocks = new Pieces<Block>(engine, scope, {
      part: "sound", most: MOST, atOnce: 2, bytes: (block) => block.reduce((sum, { byteLength }) => sum + byteLength, 0),
      make: ({ bytes, about }) => samplesOf(bytes, about["form"], Number(about["channels"]), Number(about["frames"])),
    });
    this.version = this.#blocks.version;
    this.problem = this.#blocks.problem;
  }

  open(item: string | null, recording: Recording | null): void {
    this.#frames = recording?.frames ?? 0;
    this.#blocks.open(recording ? item : null);
  }

  retry(): void {
    this.#blocks.retry();
  }

  /** Whether the block that a frame lies in is not to be had. */
  failed(from: number): boolean {
    return this.#blocks.failed([Math.floor(from / BLOCK)]);
  }

  /** The recording turned out to be of another length. */
  extend(frames: number): void {
    this.#frames = frames;
  }

  /** The rest of the block that a frame lies in; null if it is not here, empty behind the end. */
  rest(from: number): Float32Array[] | null {
    return this.#blocks.get([Math.floor(from / BLOCK)])?.map((channel) => channel.subarray(from % BLOCK)) ?? null;
  }

  read(from: number, to: number): Float32Array[] | null {
    const [first, last] = [Math.floor(from / BLOCK), Math.floor((to - 1) / BLOCK)];
    if (!(to > from) || from < 0) return null;
    const blocks: Block[] = [];
    for (let n = first; n <= last; n++) {
      const block = this.#blocks.get([n]);
      if (!block) return null;
      blocks.push(block);
    }
    return (blocks[0] ?? []).map((_, channel) => {
      const made = new Float32Array(to - from);
      blocks.forEach((block, n) => {
        const start = (first + n) * BLOCK;
        const part = block[channel]?.subarray(Math.max(0, from - start), Math.max(0, to - start));
        if (part) made.set(part, Math.max(0, start - from));
      });
      return made;
    });
  }

  prefer(from: number, to: number): void {
    this.want(1, [from, Math.min(to, from + MOST_PREFERRED * BLOCK)]);
  }

  /** Fetches what of some stretches is missing: 0 is what is heard next, which comes before what is drawn (1) and what is looked at (2). */
  want(who: 0 | 1 | 2, ...stretches: readonly (readonly [from: number, to: number])[]): void {
    this.#blocks.want(stretches.flatMap(([from, to]) => {
      const [first, end] = [Math.max(0, Math.floor(from / BLOCK)), Math.ceil(Math.min(to, this.#frames) / BLOCK)];
      return Array.from({ length: Math.max(0, end - first) }, (_, n) => [first + n]);
    }), who);
  }
}

/** Frames on each side of which a resampled one is made. */
const WING = 12;

/** Sound at another rate, piece by piece: each sample is a windowed sinc of those around it. */
export class Resample {
  #held: Float32Array[];
  /** The first frame that is held; how many have come, and how many were given. */
  #from = 0;
  #came = 0;
  #given = 0;

  /** `ratio`: frames of the input for one of the output. */
  constructor(channels: number, readonly ratio: number) {
    this.#held = Array.from({ length: channels }, () => new Float32Array());
  }

  /** `last`: no more will come, and the output is exactly `round(input / ratio)` frames long. */
  push(input: readonly Float32Array[], last = false): Float32Array[] {
    this.#held = this.#held.map((held, channel) => joined([held, input[channel] ?? new Float32Array()]));
    this.#came += input[0]?.length ?? 0;
    const reach = Math.max(1, this.ratio); // a lower rate holds fewer frequencies
    const wing = WING * reach;
    const end = last ? Math.round(this.#came / this.ratio) : Math.max(this.#given, Math.floor((this.#came - wing - 1) / this.ratio));
    const [first, from, count] = [this.#given, this.#from, end - this.#given];
    const made = this.#held.map((held) => {
      const out = new Float32Array(count);
      for (let n = 0; n < count; n++) {
        const at = (first + n) * this.ratio - from;
        let [sum, weight] = [0, 0];
        for (let k = Math.max(0, Math.ceil(at - wing)); k <= Math.min(held.length - 1, at + wing); k++) {
          const x = (at - k) / reach;
          const w = Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x) * (0.5 + 0.5 * Math.cos(Math.PI * x / WING));
          sum += w * (held[k] as number);
          weight += w;
        }
        out[n] = weight ? sum / weight : 0;
      }
      return out;
    });
    this.#given = end;
    const keep = Math.max(0, Math.min(this.#came, Math.floor(end * this.ratio - wing) - 1) - from);
    this.#held = this.#held.map((held) => held.slice(keep));
    this.#from += keep;
    return made;
  }
}

export function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const made = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

/** One or two channels to listen to: one alone, or all of more than two together. */
export function mixed(data: readonly Float32Array[], only: number | null): readonly Float32Array[] {
  const one = only === null ? undefined : data[only];
  if (one) return [one];
  if (data.length <= 2) return data;
  const made = new Float32Array(data[0]?.length ?? 0);
  for (const channel of data) channel.forEach((value, n) => { made[n] = (made[n] as number) + value / data.length; });
  return [made];
}
