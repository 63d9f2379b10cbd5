/**
 * Plays a recording, exact to the sample: blocks of it are handed to the browser ahead of time, each to begin where the last one ends.
 *
 * What is scheduled is counted in whole frames of the audio context, so that nothing is lost or doubled between blocks. Every start from
 * a place is a run of its own; whatever changes where or how to go on (a seek, another speed) ends it and starts another.
 */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { Problem, WireItem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { recordingOf } from "../timeline/recording";
import type { Recording } from "../timeline/types";
import { BLOCK, joined, mixed, Pcm, Resample } from "./pcm";
import { Stretch } from "./stretch";

/** Seconds that are scheduled ahead; timers of pages in the background run once a second. */
const AHEAD = 3;
/** Seconds from scheduling to the first sample. */
const LEAD = 0.03;
/** Seconds that are fetched ahead, at least. */
const FETCHED = 6;
/** Frames at once through what takes time. */
const CHUNK = 8192;
const MOST_AT_ONCE = 64;
const TICK = 40;
/** Seconds after which silence is explained. */
const PATIENCE = 1.5;
/** Shorter stretches are not repeated. */
const LEAST_LOOP = 0.005;
const GRAIN = 0.1;
const BETWEEN_GRAINS = 45;
const FADE = 0.008;
/** Only one labeler of a page is to be heard. */
const PLAYS = "nblabel-plays";

interface Chunk {
  readonly node: AudioBufferSourceNode;
  /** Frames of the context. */
  readonly start: number;
  readonly frames: number;
  /** Where the recording is when it starts. */
  readonly from: number;
  readonly round: number;
}

interface Stage {
  push(input: readonly Float32Array[], last: boolean): readonly Float32Array[];
}

interface Run {
  readonly context: BaseAudioContext;
  readonly gain: GainNode;
  /** What is played, and again in a loop: frames of the recording. */
  readonly range: readonly [number, number];
  /** Frames of the recording for one of the context. */
  readonly pace: number;
  readonly chunks: Chunk[];
  end: number;
  /** The next frame of the recording to go in, and where it was when the round began. */
  next: number;
  begun: number;
  round: number;
  stages: readonly Stage[];
  /** Frames that came out in this round. */
  made: number;
  /** Where the next chunk starts: a frame of the context. */
  until: number;
  /** When the context's clock was last seen to move (by the page's clock), and what it showed. */
  moved: number;
  clock: number;
}

const SILENT: Problem = {
  title: "The browser does not let this page play sound yet", hint: "Click into the labeler, then play again. If that does not help, look for blocked sound in the browser's settings for this site.",
};

/** At the recording's own rate, if the browser can. */
export function contextOf(rate: number): BaseAudioContext {
  try {
    return new AudioContext({ sampleRate: rate });
  } catch {
    return new AudioContext();
  }
}

export class Player {
  readonly playing: ReadonlySignal<boolean> = signal(false);
  /** Seconds; followed from frame to frame while playing. */
  readonly position: ReadonlySignal<number> = signal(0);
  readonly speed: Signal<number> = signal(1);
  /** Repeats what is played. */
  readonly loop: Signal<boolean> = signal(false);
  /** 1 as it was recorded. */
  readonly volume: Signal<number> = signal(1);
  /** Listens to one channel only. */
  readonly channel: Signal<number | null> = signal(null);
  readonly problem: ReadonlySignal<Problem | null> = signal(null);
  /** It would play, but what comes next is not here. */
  readonly waiting: ReadonlySignal<boolean> = signal(false);
  readonly pcm: Pcm;
  #recording: Recording | null = null;
  #key = "";
  #context: BaseAudioContext | null = null;
  #asked = 0; // the rate that the context was asked for
  #run: Run | null = null;
  #own: Scope;
  #grain = -Infinity;

  constructor(readonly engine: Engine, readonly scope: Scope, readonly makeContext: (rate: number) => BaseAudioContext = contextOf) {
    this.pcm = new Pcm(engine, scope);
    this.#own = scope.child();
    scope.own(() => {
      this.#stop();
      this.#close();
    });
    scope.listen(document as EventTarget, PLAYS, (event) => { if ((event as CustomEvent).detail !== this) this.pause(); });
    let [speed, channel] = [this.speed.peek(), this.channel.peek()];
    scope.effect(() => {
      if (this.speed.value === speed && this.channel.value === channel) return;
      [speed, channel] = [this.speed.value, this.channel.value];
      this.#again(this.position.peek());
    });
    scope.effect(() => {
      const volume = this.volume.value;
      this.#run?.gain.gain.setTargetAtTime(volume, this.#run.context.currentTime, FADE);
    });
    scope.effect(() => { if (!this.loop.value) this.#leave(); });
  }

  /** Another item, or none: what was playing stops. */
  show(item: WireItem | null): void {
    const recording = item?.problem ? null : recordingOf(item?.data);
    const key = item && recording ? `${item.id} ${recording.rev}` : "";
    if (key === this.#key) return;
    this.#key = key;
    this.#stop();
    this.#recording = recording;
    this.#set(this.position, 0);
    this.#set(this.problem, null);
    this.pcm.open(item?.id ?? null, recording);
  }

  /** The recording turned out to be of another length. */
  extend(frames: number): void {
    if (!this.#recording || frames === this.#recording.frames) return;
    this.#recording = { ...this.#recording, frames };
    this.pcm.extend(frames);
  }

  /** Plays seconds [from, to): from where it is, to the end, if nothing else is said. Call it from a click or a key press. */
  play(from?: number, to?: number): void {
    const recording = this.#recording;
    if (!recording) return;
    const { rate, frames } = recording;
    const held = (seconds: number): number => Math.min(frames, Math.max(0, Math.round(seconds * rate)));
    const end = to === undefined ? frames : held(to);
    let start = from === undefined ? held(this.position.peek()) : held(from);
    if (from === undefined && start >= end) start = 0;
    if (start < end) this.#begin(start, [to === undefined && from === undefined ? 0 : start, end]);
  }

  pause(): void {
    if (!this.#run) return;
    this.#follow();
    this.#stop();
  }

  toggle(): void {
    if (this.playing.peek()) this.pause();
    else this.play();
  }

  /** Goes to a time; while playing, goes on there. */
  seek(to: number): void {
    const recording = this.#recording;
    if (!recording) return;
    this.#set(this.position, Math.min(recording.frames / recording.rate, Math.max(0, to)));
    if (this.#run) this.#again(to);
    else this.pcm.want(0, [to * recording.rate, to * recording.rate + BLOCK]);
  }

  /** Goes to a time and lets a moment of it be heard. */
  scrub(to: number): void {
    const recording = this.#recording;
    this.seek(to);
    if (!recording || this.#run || performance.now() - this.#grain < BETWEEN_GRAINS) return;
    const first = Math.max(0, Math.round((to - GRAIN / 2) * recording.rate));
    const data = this.pcm.read(first, Math.min(recording.frames, first + Math.round(GRAIN * recording.rate)));
    const context = data && this.#open(recording.rate);
    if (!data || !context) return;
    this.#grain = performance.now();
    let heard = mixed(data, this.channel.peek());
    if (context.sampleRate !== recording.rate) heard = new Resample(heard.length, recording.rate / context.sampleRate).push(heard, true);
    const count = heard[0]?.length ?? 0;
    if (!count) return;
    const node = nodeOf(context, heard.map((channel) => channel.map((value, n) => value * Math.sin(Math.PI * (n + 0.5) / count) ** 2)));
    node.connect(this.#gain(context));
    node.start();
  }

  /** The samples of seconds [from, to), one list a channel; null if they are not here (they are fetched then). */
  samples(from: number, to: number): Float32Array[] | null {
    const rate = this.#recording?.rate ?? 0;
    const [first, end] = [Math.max(0, Math.round(from * rate)), Math.min(this.#recording?.frames ?? 0, Math.round(to * rate))];
    const found = this.pcm.read(first, end);
    this.pcm.want(2, ...found ? [] : [[first, end] as const]);
    return found;
  }

  /** Tries again what could not be had. */
  retry(): void {
    this.#set(this.problem, null);
    this.pcm.retry();
  }

  #set<T>(target: ReadonlySignal<T>, value: T): void {
    (target as Signal<T>).value = value;
  }

  /** The context for a rate; it is made when it is first needed, which browsers allow only where somebody clicked or pressed a key. */
  #open(rate: number): BaseAudioContext | null {
    if (this.#context && (this.#asked !== rate || this.#context.state === "closed")) this.#close();
    try {
      this.#context ??= this.makeContext(rate);
      this.#asked = rate;
    } catch (error) {
      this.#set(this.problem, { title: "This browser cannot play sound", detail: String(error) });
      return null;
    }
    // it tells what is wrong by its clock, which then stands still
    if (this.#context.state !== "running" && "resume" in this.#context) void (this.#context as AudioContext).resume().catch(() => undefined);
    return this.#context;
  }

  #gain(context: BaseAudioContext): GainNode {
    const gain = context.createGain();
    gain.gain.value = this.volume.peek();
    gain.connect(context.destination);
    return gain;
  }

  #close(): void {
    const context = this.#context;
    this.#context = null;
    if (context && "close" in context && context.state !== "closed") void (context as AudioContext).close().catch(() => undefined);
  }

  /** Plays from a frame to the end of a range. */
  #begin(start: number, range: readonly [number, number]): void {
    const recording = this.#recording;
    this.#stop();
    const context = recording && this.#open(recording.rate);
    if (!context) return;
    document.dispatchEvent(new CustomEvent(PLAYS, { detail: this }));
    const gain = this.#gain(context);
    const speed = this.speed.peek();
    const run: Run = {
      context, gain, range, pace: recording.rate * speed / context.sampleRate, chunks: [], end: range[1], next: start, begun: start, round: 0,
      stages: [], made: 0, until: 0, moved: performance.now(), clock: context.currentTime,
    };
    this.#run = run;
    this.#turn(run);
    this.#set(this.problem, null);
    this.#set(this.position, start / recording.rate);
    this.#set(this.playing, true);
    const own = this.#own = this.scope.child();
    const step = (): void => {
      this.#follow();
      own.frame(step);
    };
    own.frame(step);
    own.interval(() => this.#tick(), TICK);
    own.effect(() => {
      void this.pcm.version.value;
      this.#tick();
    });
  }

  /** What a round of playing goes through before it is heard. */
  #turn(run: Run): void {
    const { rate, channels } = this.#recording as Recording;
    const heard = this.channel.peek() !== null || channels > 2 ? 1 : channels;
    const speed = this.speed.peek();
    run.stages = [
      ...speed === 1 ? [] : [new Stretch(rate, heard, speed)],
      ...run.context.sampleRate === rate ? [] : [new Resample(heard, rate / run.context.sampleRate)],
    ];
    run.made = 0;
  }

  /** Goes on elsewhere, or otherwise, if it is playing. */
  #again(seconds: number): void {
    const run = this.#run;
    if (!run || !this.#recording) return;
    const { rate, frames } = this.#recording;
    const start = Math.min(frames, Math.max(0, Math.round(seconds * rate)));
    const within = start >= run.range[0] && start < run.range[1];
    if (within) this.#begin(start, run.range);
    else if (start < frames) this.#begin(start, [start, frames]);
    else this.#stop();
  }

  /** The loop is off: what is scheduled of further rounds is not played. */
  #leave(): void {
    const run = this.#run;
    if (!run) return;
    const now = run.context.currentTime * run.context.sampleRate;
    const round = chunkAt(run, now)?.round ?? 0;
    if (run.round === round) return;
    for (const { node } of run.chunks.filter((chunk) => chunk.round > round)) node.stop();
    run.chunks.splice(0, run.chunks.length, ...run.chunks.filter((chunk) => chunk.round <= round));
    const last = run.chunks.at(-1);
    run.until = last ? last.start + last.frames : 0;
    run.next = run.end;
    run.round = round;
  }

  #stop(): void {
    const run = this.#run;
    if (!run) return;
    this.#run = null;
    this.#own.dispose();
    const { currentTime } = run.context;
    // what is cut off in the middle must not click
    run.gain.gain.setTargetAtTime(0, currentTime, FADE / 3);
    for (const { node } of run.chunks) node.stop(currentTime + FADE * 2);
    this.#set(this.playing, false);
    this.#set(this.waiting, false);
  }

  #fail(problem: Problem): void {
    this.pause();
    this.#set(this.problem, problem);
  }

  /** Where the recording is that is heard now. */
  #follow(): void {
    const run = this.#run;
    if (!run || !this.#recording) return;
    const { sampleRate, currentTime } = run.context;
    const { outputLatency = 0 } = run.context as Partial<AudioContext>;
    const now = (currentTime - Math.min(0.5, outputLatency || 0)) * sampleRate;
    const chunk = chunkAt(run, now);
    if (!chunk) return;
    const frame = chunk.from + Math.min(chunk.frames, now - chunk.start) * run.pace;
    this.#set(this.position, Math.min(run.end, frame) / this.#recording.rate);
  }

  /** Schedules what is due, and sees whether it is over. */
  #tick(): void {
    const run = this.#run;
    if (!run) return;
    const { context } = run;
    const now = context.currentTime * context.sampleRate;
    if (context.currentTime !== run.clock) [run.clock, run.moved] = [context.currentTime, performance.now()];
    else if ("resume" in context && context.currentTime >= 0 && performance.now() - run.moved > PATIENCE * 1000) {
      this.#fail(SILENT);
      return;
    }
    if (!this.#fill(run, now)) return;
    const over = run.next >= run.end && !this.#loops(run);
    this.#set(this.waiting, !over && run.until <= now + context.sampleRate * LEAD / 2);
    while (run.chunks.length > 1 && (run.chunks[1] as Chunk).start < now - context.sampleRate) run.chunks.shift();
    if (!over || now < run.until) return;
    const { rate } = this.#recording as Recording;
    this.#stop();
    this.#set(this.position, run.end / rate);
  }

  #loops({ range, end }: Run): boolean {
    return this.loop.peek() && end - range[0] >= LEAST_LOOP * (this.#recording?.rate ?? 1);
  }

  /** Hands on what is in memory until enough is scheduled; false if the run has failed. */
  #fill(run: Run, now: number): boolean {
    const { context } = run;
    const heavy = run.stages.length > 0;
    // what takes time is spread over ticks, as long as these come
    const chunk = Math.max(CHUNK, Math.round(0.17 * (this.#recording?.rate ?? 0)));
    let room = heavy ? document.hidden ? 64 * chunk : chunk : 8 * BLOCK;
    for (let n = 0; n < MOST_AT_ONCE && room > 0 && run.until - now < AHEAD * context.sampleRate; n++) {
      if (run.next >= run.end) {
        if (!this.#loops(run)) break;
        run.next = run.begun = run.range[0];
        run.round++;
        this.#turn(run);
      }
      const rest = this.pcm.rest(run.next);
      if (!rest) {
        if (!this.pcm.failed(run.next)) break;
        const problem = this.pcm.problem.peek() ?? { title: "This part of the recording cannot be played" };
        if (run.until > now) break; // what comes before it is still heard
        this.#fail(problem);
        return false;
      }
      const length = rest[0]?.length ?? 0;
      if (!length) run.end = run.next; // it is shorter than was thought
      const take = Math.min(length, run.end - run.next, heavy ? chunk : BLOCK);
      let data: readonly Float32Array[] = mixed(rest.map((channel) => channel.subarray(0, take)), this.channel.peek());
      for (const stage of run.stages) data = stage.push(data, run.next + take >= run.end);
      run.next += take;
      room -= take;
      this.#schedule(run, data, now);
    }
    const fetched = Math.max(2 * BLOCK, FETCHED * run.pace * context.sampleRate);
    const coming: [number, number][] = [[run.next, Math.min(run.end, run.next + fetched)]];
    if (this.#loops(run) && run.next + fetched > run.end) coming.push([run.range[0], Math.min(run.end, run.range[0] + fetched)]);
    this.pcm.want(0, ...coming);
    return true;
  }

  #schedule(run: Run, data: readonly Float32Array[], now: number): void {
    const { context, gain, pace, begun, round, made } = run;
    const frames = data[0]?.length ?? 0;
    if (!frames) return;
    const start = run.until > now + 0.002 * context.sampleRate ? run.until : Math.ceil(now + LEAD * context.sampleRate);
    const node = nodeOf(context, data);
    node.connect(gain);
    node.start(start / context.sampleRate);
    run.chunks.push({ node, start, frames, from: begun + made * pace, round });
    run.until = start + frames;
    run.made += frames;
  }
}

/** What is heard at a frame of the context. */
function chunkAt({ chunks }: Run, now: number): Chunk | undefined {
  for (let n = chunks.length - 1; n >= 0; n--) if ((chunks[n] as Chunk).start <= now) return chunks[n];
  return undefined;
}

function nodeOf(context: BaseAudioContext, data: readonly Float32Array[]): AudioBufferSourceNode {
  const buffer = context.createBuffer(data.length, data[0]?.length ?? 1, context.sampleRate);
  data.forEach((channel, n) => buffer.copyToChannel(joined([channel]), n));
  const node = context.createBufferSource();
  node.buffer = buffer;
  return node;
}
