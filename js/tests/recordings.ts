/** A kernel that has recordings, and a browser's sound: both only as far as players and painters ask them. */
import type { Engine } from "../src/core/engine";
import type { Outgoing, Problem, WireItem } from "../src/core/protocol";
import { Scope } from "../src/core/scope";

export const BLOCK = 65_536;

type Asked = readonly [part: string, ...at: number[]];
type Made = { bytes: Uint8Array; about?: Record<string, unknown> } | Problem;
type Ask = (question: { part: string; at: number[] }, reply: (message: Outgoing, buffers: readonly DataView[]) => void) => () => void;

/** What the page asks of one recording, answered when the test says so. */
export class Recordings {
  readonly scope = new Scope();
  readonly asked: Asked[] = [];
  /** Answers at once, one after the other; else as `answer` is called. */
  quick = true;
  readonly #open: [at: Asked, reply: () => void][] = [];

  constructor(readonly make: (part: string, at: readonly number[]) => Made) {}

  get engine(): Engine {
    const ask: Ask = ({ part, at }, reply) => {
      let ended = false;
      const asked: Asked = [part, ...at];
      this.asked.push(asked);
      const send = (): void => {
        if (ended) return;
        const made = this.make(part, at);
        if ("title" in made) reply({ type: "failure", reply: 1, problem: made }, []);
        else reply({ type: "chunk", reply: 1, offset: 0, total: made.bytes.length, about: made.about ?? {} }, [new DataView(made.bytes.buffer as ArrayBuffer, made.bytes.byteOffset, made.bytes.length)]);
      };
      const entry: [Asked, () => void] = [asked, send];
      if (this.quick) void Promise.resolve().then(send);
      else this.#open.push(entry);
      return () => {
        ended = true;
        const at = this.#open.indexOf(entry);
        if (at >= 0) this.#open.splice(at, 1);
      };
    };
    return { ask } as unknown as Engine;
  }

  /** What was asked and not answered, nor given up. */
  get open(): Asked[] {
    return this.#open.map(([asked]) => asked);
  }

  /** Answers what is open, oldest first. */
  answer(count = Infinity): void {
    for (const [, send] of this.#open.splice(0, count)) send();
  }

  /** What was asked since the last time. */
  take(part?: string): Asked[] {
    return this.asked.splice(0).filter(([of]) => part === undefined || of === part);
  }
}

export function item(rate: number, channels: number, frames: number, id = "a"): WireItem {
  return { id, key: id, index: 0, data: { name: "a.wav", rate, channels, frames, exact: true, rev: "1", note: "" } };
}

/** A sample that tells its frame and channel. */
export function coded(frame: number, channel = 0): number {
  return Math.fround(((frame * 7919 + channel * 104_729) % 32_768) / 32_768 - 0.5);
}

/** Sound of coded samples in blocks. */
export function sound(channels: number, frames: number): (part: string, at: readonly number[]) => Made {
  return (part, [block = 0]) => {
    if (part !== "sound" || block * BLOCK >= frames) return { title: `no ${part} ${block}` };
    const count = Math.min(BLOCK, frames - block * BLOCK);
    const data = new Float32Array(count * channels);
    for (let n = 0; n < count; n++) for (let channel = 0; channel < channels; channel++) data[n * channels + channel] = coded(block * BLOCK + n, channel);
    return { bytes: new Uint8Array(data.buffer), about: { form: "f32", rate: 1, channels, frames: count } };
  };
}

interface Node {
  buffer: { readonly data: Float32Array[]; readonly length: number } | null;
  start: number;
  stop: number;
  readonly gain: { value: number; readonly changes: number[] } | null;
}

/** An audio context whose clock the test moves, and of which can be told what was heard. */
export class FakeContext {
  currentTime = 0;
  state = "running";
  readonly destination = {};
  readonly nodes: Node[] = [];
  resumed = 0;

  constructor(readonly sampleRate: number) {}

  createBuffer(channels: number, length: number, rate: number): object {
    if (rate !== this.sampleRate) throw new Error("another rate would be interpolated");
    const data = Array.from({ length: channels }, () => new Float32Array(length));
    return { data, length, copyToChannel: (from: Float32Array, channel: number) => data[channel]?.set(from) };
  }

  createGain(): object {
    const gain = { value: 1, changes: [] as number[], setTargetAtTime: (_: number, when: number) => { gain.changes.push(when); } };
    return { gain, connect: () => undefined };
  }

  createBufferSource(): object {
    const made: { buffer: Node["buffer"]; connect: (to: object) => void; start: (when?: number) => void; stop: (when?: number) => void } = {
      buffer: null, connect: (to) => { node = { ...node, gain: "gain" in to ? to.gain as Node["gain"] : null }; },
      start: (when = this.currentTime) => {
        node = { ...node, buffer: made.buffer, start: when };
        this.nodes.push(node);
      },
      stop: (when = this.currentTime) => { node.stop = Math.min(node.stop, when); },
    };
    let node: Node = { buffer: null, start: 0, stop: Infinity, gain: null };
    return made;
  }

  async resume(): Promise<void> {
    this.resumed++;
  }

  async close(): Promise<void> {
    this.state = "closed";
  }

  /** What was heard up to now of a channel: silence is 0. Nodes must start at whole frames. */
  heard(channel = 0): Float32Array {
    const made = new Float32Array(Math.round(this.currentTime * this.sampleRate));
    for (const { buffer, start, stop } of this.nodes) {
      const first = start * this.sampleRate;
      if (Math.abs(first - Math.round(first)) > 1e-5) throw new Error(`starts between frames: ${first}`);
      const data = buffer?.data[Math.min(channel, buffer.data.length - 1)];
      const end = Math.min(data?.length ?? 0, Math.round(stop * this.sampleRate) - Math.round(first), made.length - Math.round(first));
      for (let n = 0; n < end; n++) made[Math.round(first) + n] = (made[Math.round(first) + n] as number) + (data?.[n] as number);
    }
    return made;
  }
}
