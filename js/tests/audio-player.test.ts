// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Player } from "../src/audio/player";
import { BLOCK, coded, FakeContext, item, Recordings, sound } from "./recordings";

const RATE = 8000;
const FRAMES = 3 * BLOCK + 1000;

let kernel: Recordings;
let context: FakeContext;
let player: Player;
let asked: number[];

/** Lets time pass, for the page and for its sound. */
async function pass(seconds: number, step = 0.02): Promise<void> {
  for (let done = 0; done < seconds - 1e-9; done += step) {
    if (context.state === "running") context.currentTime = Math.round((context.currentTime + step) * 1e6) / 1e6;
    await vi.advanceTimersByTimeAsync(step * 1000);
  }
}

function make(channels = 1, frames = FRAMES, rate = RATE, own = rate): void {
  kernel = new Recordings(sound(channels, frames));
  context = new FakeContext(own);
  asked = [];
  player = new Player(kernel.engine, kernel.scope, (wanted) => {
    asked.push(wanted);
    return context as unknown as BaseAudioContext;
  });
  player.show(item(rate, channels, frames));
}

/** What was heard, without the silence around it. */
function heard(channel = 0): number[] {
  const all = [...context.heard(channel)];
  let [first, end] = [0, all.length];
  while (first < end && all[first] === 0) first++;
  while (end > first && all[end - 1] === 0) end--;
  return all.slice(first, end);
}

function frames(from: number, to: number, channel = 0): number[] {
  return Array.from({ length: to - from }, (_, n) => coded(from + n, channel));
}

beforeEach(() => {
  vi.useFakeTimers();
  make();
});

afterEach(() => {
  kernel.scope.dispose();
  vi.useRealTimers();
});

describe("what is played", () => {
  it("is what is marked, to the sample, and then it stops there", async () => {
    for (const [from, to] of [[1000, 1001], [1000, 5123], [BLOCK - 10, BLOCK + 10], [7, 2 * BLOCK + 9], [FRAMES - 500, FRAMES]] as const) {
      make();
      player.play(from / RATE, to / RATE);
      expect(player.playing.value).toBe(true);
      await pass((to - from) / RATE + 0.3);
      expect(heard()).toEqual(frames(from, to));
      expect(player.playing.value).toBe(false);
      expect(player.position.value).toBeCloseTo(to / RATE, 9);
      kernel.scope.dispose();
    }
    make();
  });

  it("begins and ends with the nearest frames, whatever times seconds make of them", async () => {
    make(1, FRAMES, 44_100);
    player.play(0.1 + 0.2, 0.7 / 7 * 5);
    await pass(0.5);
    expect(heard()).toEqual(frames(13_230, 22_050));
  });

  it("has all channels of two", async () => {
    make(2);
    player.play(1, 1.5);
    await pass(1);
    expect([heard(0), heard(1)]).toEqual([frames(8000, 12_000, 0), frames(8000, 12_000, 1)]);
  });

  it("is one channel alone if that is wanted, and all of many together", async () => {
    make(3);
    player.channel.value = 2;
    player.play(1, 1.1);
    await pass(0.3);
    expect(heard()).toEqual(frames(8000, 8800, 2));
    context.nodes.length = 0;
    player.channel.value = null;
    player.play(1, 1.1);
    await pass(0.3);
    const sum = frames(8000, 8800, 0).map((value, n) => (value + coded(8000 + n, 1) + coded(8000 + n, 2)) / 3);
    expect(heard().every((value, n) => Math.abs(value - (sum[n] as number)) < 1e-6)).toBe(true);
  });

  it("goes on without a gap while blocks come late, and after one where they come too late", async () => {
    kernel.quick = false;
    player.play(BLOCK / RATE - 1);
    await pass(0.2);
    expect([player.waiting.value, heard()]).toEqual([true, []]);
    kernel.answer(1);
    await pass(0.5);
    expect(player.waiting.value).toBe(false);
    kernel.answer(1); // half a second before it is needed
    await pass(1);
    expect(heard().slice(0, 11_000)).toEqual(frames(BLOCK - RATE, BLOCK - RATE + 11_000));
    player.pause();
    make();
    kernel.quick = false;
    player.play(BLOCK / RATE - 0.5, BLOCK / RATE + 0.5);
    kernel.answer(1);
    await pass(0.8);
    expect(player.waiting.value).toBe(true);
    expect(player.position.value).toBeCloseTo(BLOCK / RATE, 6);
    kernel.answer(1);
    await pass(1);
    const all = heard();
    expect(all.slice(0, 4000)).toEqual(frames(BLOCK - 4000, BLOCK));
    expect(all.slice(-4000)).toEqual(frames(BLOCK, BLOCK + 4000));
    expect(all.length).toBeGreaterThan(8000);
  });

  it("is heard again and again in a loop, without a gap, until that is taken off", async () => {
    player.loop.value = true;
    player.play(1, 1.1);
    await pass(0.55);
    const once = frames(8000, 8800);
    expect(heard().slice(0, 4000)).toEqual(Array.from({ length: 5 }, () => once).flat());
    expect(player.position.value).toBeGreaterThanOrEqual(1);
    expect(player.position.value).toBeLessThanOrEqual(1.1);
    player.loop.value = false;
    await pass(0.5);
    expect(player.playing.value).toBe(false);
    expect(heard().length % 800).toBe(0);
    expect(heard()).toEqual(Array.from({ length: heard().length / 800 }, () => once).flat());
    expect(heard().length).toBeLessThan(8 * 800);
  });

  it("takes as long as the speed says", async () => {
    for (const speed of [0.5, 1.25, 2]) {
      make();
      player.speed.value = speed;
      player.play(1, 3);
      await pass(2 / speed + 0.5);
      expect(player.playing.value).toBe(false);
      expect(Math.abs(heard().length - Math.round(2 * RATE / speed))).toBeLessThanOrEqual(2);
      expect(player.position.value).toBe(3);
      kernel.scope.dispose();
    }
    make();
  });

  it("goes on from where it is at another speed", async () => {
    player.play(1, 6);
    await pass(1);
    const at = player.position.value;
    player.speed.value = 2;
    expect(player.position.value).toBeCloseTo(at, 3);
    await pass(1.03);
    expect(player.position.value).toBeGreaterThan(at + 1.8);
    expect(player.position.value).toBeLessThan(at + 2.05);
    await pass(2);
    expect([player.playing.value, player.position.value]).toEqual([false, 6]);
  });

  it("has another rate where the browser refuses the recording's, and the same length", async () => {
    make(1, FRAMES, RATE, 48_000);
    player.play(1, 2);
    await pass(1.4);
    expect(heard().length).toBeGreaterThan(47_900);
    expect(context.nodes.reduce((sum, { buffer }) => sum + (buffer?.length ?? 0), 0)).toBe(48_000);
    expect(player.position.value).toBe(2);
  });
});

describe("the player's hands", () => {
  it("pause where it is, go on from there, and begin again at the end", async () => {
    player.play(1);
    await pass(1);
    player.pause();
    const at = player.position.value;
    expect(Math.abs(at - 2)).toBeLessThan(0.1);
    await pass(1);
    expect([player.position.value, player.playing.value]).toEqual([at, false]);
    context.nodes.length = 0;
    player.toggle();
    await pass(0.5);
    expect(heard()[0]).toBe(coded(Math.round(at * RATE)));
    player.toggle();
    player.seek(1e9);
    expect(player.position.value).toBe(FRAMES / RATE);
    player.toggle();
    expect(player.position.value).toBe(0);
  });

  it("ends softly what is cut off", async () => {
    player.play(1);
    await pass(0.5);
    player.pause();
    const [node] = context.nodes;
    expect(node?.gain?.changes).toEqual([context.currentTime]);
    expect((node?.stop ?? 0) - context.currentTime).toBeGreaterThan(0.005);
    expect((node?.stop ?? 0) - context.currentTime).toBeLessThan(0.05);
  });

  it("go elsewhere while playing: at once if the block is here, and only it is fetched first if not", async () => {
    player.play(1, 2);
    await pass(0.2);
    context.nodes.length = 0;
    player.seek(1.5);
    await pass(0.1);
    expect(context.nodes[0]?.buffer?.data[0]?.[0]).toBe(coded(12_000));
    await pass(0.6);
    expect([player.playing.value, player.position.value]).toEqual([false, 2]); // still to the end of what is marked
    kernel.quick = false;
    player.play(1, 2);
    kernel.take();
    player.seek(2 * BLOCK / RATE + 1);
    await pass(0.02);
    expect(kernel.take()[0]).toEqual(["sound", 2]);
    kernel.answer();
    await pass(0.1);
    expect(context.nodes.at(-1)?.buffer?.data[0]?.[0]).toBe(coded(2 * BLOCK + RATE));
  });

  it("give up blocks that are not wanted any more", async () => {
    kernel.quick = false;
    player.play(0);
    await pass(0.1);
    expect(kernel.open).toEqual([["sound", 0], ["sound", 1]]);
    player.seek(2.5 * BLOCK / RATE);
    await pass(0.1);
    expect(kernel.open).toEqual([["sound", 2], ["sound", 3]]);
    player.seek(2.6 * BLOCK / RATE);
    player.seek(0);
    kernel.answer();
    await pass(0.2);
    expect(heard()[0]).toBe(coded(0)); // what came for another place is not heard
  });

  it("let grains be heard while scrubbing, not more than can be told apart", async () => {
    player.seek(1);
    await pass(0.1);
    player.scrub(1);
    player.scrub(1.01);
    expect(context.nodes).toHaveLength(1);
    const grain = context.nodes[0]?.buffer?.data[0] as Float32Array;
    expect(grain).toHaveLength(800);
    expect(Math.abs(grain[0] as number)).toBeLessThan(1e-3); // without a click
    expect(grain[400]).toBeCloseTo(coded(8000), 3);
    await pass(0.1);
    player.scrub(2 * BLOCK / RATE + 5); // not here yet
    expect(context.nodes).toHaveLength(1);
    expect([player.position.value, player.playing.value]).toEqual([2 * BLOCK / RATE + 5, false]);
    await pass(0.1);
    player.scrub(2 * BLOCK / RATE + 5);
    expect(context.nodes).toHaveLength(2);
  });

  it("let go of an item that is not shown any more", async () => {
    player.play(1);
    await pass(0.5);
    player.show(item(RATE, 1, FRAMES, "b"));
    expect([player.playing.value, player.position.value]).toEqual([false, 0]);
    expect(context.nodes.every(({ stop }) => stop < context.currentTime + 0.1)).toBe(true);
    kernel.take();
    player.play(0);
    await pass(0.1);
    expect(kernel.take()[0]).toEqual(["sound", 0]); // the other one's block is of no use
    player.show({ ...item(RATE, 1, FRAMES, "c"), problem: "broken" });
    player.play(0);
    expect(player.playing.value).toBe(false);
    player.show(null);
    player.play();
    player.scrub(3);
    expect(player.playing.value).toBe(false);
  });

  it("are one player's at a time", async () => {
    const other = new Player(kernel.engine, kernel.scope, () => new FakeContext(RATE) as unknown as BaseAudioContext);
    other.show(item(RATE, 1, FRAMES));
    player.play(1);
    other.play(2);
    expect([player.playing.value, other.playing.value]).toEqual([false, true]);
    player.play(1);
    expect([player.playing.value, other.playing.value]).toEqual([true, false]);
  });

  it("leave nothing running behind", async () => {
    player.play(1);
    await pass(0.2);
    kernel.scope.dispose();
    expect(context.state).toBe("closed");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what can go wrong", () => {
  it("is a browser that wants a click first: it is told, and the next one is tried", async () => {
    context.state = "suspended";
    player.play(1);
    expect(context.resumed).toBe(1);
    await pass(1);
    expect(player.problem.value).toBeNull();
    await pass(1);
    expect(player.problem.value?.title).toMatch(/does not let this page play/);
    expect(player.playing.value).toBe(false);
    context.state = "running";
    player.play(1, 1.5);
    await pass(1);
    expect(player.problem.value).toBeNull();
    expect(player.position.value).toBe(1.5);
  });

  it("is a browser without sound", () => {
    const mute = new Player(kernel.engine, kernel.scope, () => { throw new Error("NotSupportedError"); });
    mute.show(item(RATE, 1, FRAMES));
    mute.play();
    expect(mute.playing.value).toBe(false);
    expect(mute.problem.value).toEqual({ title: "This browser cannot play sound", detail: "Error: NotSupportedError" });
  });

  it("is a block that cannot be decoded: what comes before is heard, and then it is told", async () => {
    const make = kernel.make;
    Object.assign(kernel, { make: (part: string, at: readonly number[]) => at[0] === 1 ? { title: "cannot be decoded" } : make(part, at) });
    player.play(BLOCK / RATE - 1);
    await pass(1.5);
    expect(heard()).toEqual(frames(BLOCK - RATE, BLOCK));
    expect([player.playing.value, player.problem.value?.title]).toEqual([false, "cannot be decoded"]);
    expect(player.position.value).toBeCloseTo(BLOCK / RATE, 6);
    Object.assign(kernel, { make });
    player.retry();
    expect(player.problem.value).toBeNull();
    player.play();
    await pass(0.5);
    expect(player.position.value).toBeGreaterThan(BLOCK / RATE + 0.3);
  });

  it("is a recording that ends before it was thought to", async () => {
    player.show(item(RATE, 1, FRAMES + 3000, "long"));
    player.play((FRAMES - 4000) / RATE);
    await pass(1);
    expect(heard()).toEqual(frames(FRAMES - 4000, FRAMES));
    expect([player.playing.value, player.problem.value]).toEqual([false, null]);
  });

  it("is a recording that does not fit into memory: only so much of it is kept", async () => {
    const long = 400 * BLOCK;
    make(1, long);
    for (let block = 0; block < 400; block += 1) {
      player.seek(block * BLOCK / RATE);
      await vi.advanceTimersByTimeAsync(1);
    }
    await vi.advanceTimersByTimeAsync(5);
    expect(player.samples(399 * BLOCK / RATE, 399 * BLOCK / RATE + 1)).not.toBeNull();
    expect(player.samples(0, 1)).toBeNull(); // fetched again then
    await vi.advanceTimersByTimeAsync(5);
    expect(player.samples(0, 1)?.[0]?.[7]).toBe(coded(7));
    expect(asked).toEqual([]); // no context without a sound
  });
});
