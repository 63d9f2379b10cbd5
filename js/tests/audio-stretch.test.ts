import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mixed, Resample, samplesOf } from "../src/audio/pcm";
import { Stretch, stretched } from "../src/audio/stretch";

/** A tone. */
function tone(hertz: number, rate: number, seconds: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) => amplitude * Math.sin(2 * Math.PI * hertz * n / rate));
}

/** Noise whose loudness goes up and down four times a second, as that of speech does. */
function speechlike(rate: number, seconds: number): Float32Array {
  let seed = 1;
  let last = 0;
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) => {
    seed = (seed * 16_807) % 2_147_483_647;
    last = 0.7 * last + 0.3 * (2 * seed / 2_147_483_647 - 1);
    return last * Math.max(0, Math.sin(2 * Math.PI * 4 * n / rate)) ** 2;
  });
}

/** The frequency at which there is most, by how often it crosses zero upwards. */
function pitch(data: Float32Array, rate: number): number {
  let [first, last, count] = [-1, -1, -1];
  for (let n = 1; n < data.length; n++) {
    const [a, b] = [data[n - 1] as number, data[n] as number];
    if (!(a < 0 && b >= 0)) continue;
    const at = n - 1 + a / (a - b);
    if (first < 0) first = at;
    last = at;
    count++;
  }
  return count * rate / (last - first);
}

function power(data: Float32Array): number {
  return data.reduce((sum, value) => sum + value * value, 0) / data.length;
}

function most(values: Iterable<number>): number {
  let found = 0;
  for (const value of values) found = Math.max(found, value);
  return found;
}

function cut(data: readonly Float32Array[], sizes: readonly number[]): Float32Array[][] {
  const parts: Float32Array[][] = [];
  let at = 0;
  for (let n = 0; at < (data[0]?.length ?? 0); n++) {
    const size = sizes[n % sizes.length] as number;
    parts.push(data.map((channel) => channel.subarray(at, at + size)));
    at += size;
  }
  return parts;
}

function joined(parts: readonly (readonly Float32Array[])[], channel = 0): number[] {
  return parts.flatMap((part) => [...part[channel] ?? []]);
}

describe("another speed", () => {
  it.each([0.5, 0.75, 1.25, 1.5, 2])("keeps a tone's pitch and loudness at %s", (speed) => {
    for (const rate of [8000, 44_100]) {
      const [made] = stretched([tone(440, rate, 2)], rate, speed);
      expect(made).toHaveLength(Math.round(2 * rate / speed));
      const middle = (made as Float32Array).subarray(Math.round(0.1 * rate), Math.round((2 / speed - 0.1) * rate));
      expect(Math.abs(pitch(middle, rate) / 440 - 1)).toBeLessThan(0.01);
      expect(Math.sqrt(power(middle)) / (0.5 / Math.SQRT2)).toBeCloseTo(1, 1);
      // and nothing jumps: a tone of 440 Hz cannot change faster than this
      const steepest = most(middle.subarray(1).map((value, n) => Math.abs(value - (middle[n] as number))));
      expect(steepest).toBeLessThan(0.5 * 2 * Math.PI * 440 / rate * 1.25);
    }
  });

  it("keeps when what is said, in proportion", () => {
    const rate = 16_000;
    for (const speed of [0.5, 0.8, 1.5, 2]) {
      const [made] = stretched([speechlike(rate, 3)], rate, speed) as [Float32Array];
      const loud = (data: Float32Array, from: number, to: number): number => power(data.subarray(Math.round(from * rate), Math.round(to * rate)));
      for (let burst = 0; burst < 11; burst++) {
        const middle = (burst / 4 + 1 / 16) / speed; // a burst is the first half of each quarter of a second
        const pause = (burst / 4 + 3 / 16) / speed;
        expect(loud(made, middle - 0.01, middle + 0.01)).toBeGreaterThan(20 * loud(made, pause - 0.01 / speed, pause + 0.01 / speed));
      }
    }
  });

  it("is nothing else than the sound itself at its own speed", () => {
    const data = speechlike(16_000, 0.5);
    const [made] = stretched([data], 16_000, 1) as [Float32Array];
    expect(made).toHaveLength(data.length);
    expect(most(made.map((value, n) => Math.abs(value - (data[n] as number))))).toBeLessThan(1e-6);
  });

  it("moves all channels alike", () => {
    const data = tone(300, 16_000, 1);
    const [left, right] = stretched([data, data.map((value) => -value / 2)], 16_000, 1.3) as [Float32Array, Float32Array];
    expect(right.every((value, n) => Math.abs(value + (left[n] as number) / 2) < 1e-6)).toBe(true);
  });

  it("comes in pieces as it would in one", () => {
    const rate = 8000;
    const data = [speechlike(rate, 0.8), tone(200, rate, 0.8)];
    for (const speed of [0.5, 0.9, 1.7]) {
      const whole = stretched(data, rate, speed);
      fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }), (sizes) => {
        const stretch = new Stretch(rate, 2, speed);
        const parts = cut(data, sizes).map((part) => stretch.push(part));
        parts.push(stretch.push([], true));
        for (const channel of [0, 1]) expect(joined(parts, channel)).toEqual([...whole[channel] as Float32Array]);
      }), { numRuns: 20 });
    }
  });

  it("has the length that the speed says, however short it is", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0.25, max: 4, noNaN: true }), fc.constantFrom(1000, 8000, 48_000), (frames, speed, rate) => {
      const [made] = stretched([new Float32Array(frames).fill(0.25)], rate, speed) as [Float32Array];
      expect(made).toHaveLength(Math.round(frames / speed));
      expect(made.every((value) => Math.abs(value) <= 0.2501)).toBe(true);
    }), { numRuns: 60 });
  });
});

describe("another rate", () => {
  it.each([[44_100, 48_000], [8000, 48_000], [48_000, 16_000], [250_000, 48_000], [11_025, 44_100]])("keeps a tone from %s to %s", (from, to) => {
    const [made] = new Resample(1, from / to).push([tone(440, from, 1)], true) as [Float32Array];
    expect(made).toHaveLength(to);
    const wanted = tone(440, to, 1);
    let worst = 0;
    for (let n = 2000; n < to - 2000; n++) worst = Math.max(worst, Math.abs((made[n] as number) - (wanted[n] as number)));
    expect(worst).toBeLessThan(0.005);
  });

  it("leaves out what the lower rate cannot hold", () => {
    const [made] = new Resample(1, 48_000 / 16_000).push([tone(15_000, 48_000, 1)], true) as [Float32Array];
    expect(power(made.subarray(1000, 15_000))).toBeLessThan(1e-5);
  });

  it("comes in pieces as it would in one", () => {
    const data = [speechlike(8000, 0.3), tone(200, 8000, 0.3)];
    for (const ratio of [0.5, 44_100 / 48_000, 3.3]) {
      const whole = new Resample(2, ratio).push(data, true);
      fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }), (sizes) => {
        const stage = new Resample(2, ratio);
        const parts = cut(data, sizes).map((part) => stage.push(part));
        parts.push(stage.push([], true));
        for (const channel of [0, 1]) {
          const all = joined(parts, channel);
          expect(all).toHaveLength((whole[channel] as Float32Array).length);
          expect(most(all.map((value, n) => Math.abs(value - (whole[channel]?.[n] as number))))).toBeLessThan(1e-6);
        }
      }), { numRuns: 20 });
    }
  });
});

describe("samples", () => {
  it("are read as the kernel writes them, wherever they begin in their buffer", () => {
    const bytes = new Uint8Array([9, 0, 0, 0, 64, 0, 128, 255, 127]).subarray(1);
    expect(samplesOf(bytes, "s16", 2, 2)?.map((one) => [...one])).toEqual([[0, -1], [0.5, 32_767 / 32_768]]);
    const floats = new Float32Array([0.25, -2]);
    expect(samplesOf(new Uint8Array(floats.buffer), "f32", 1, 2)?.map((one) => [...one])).toEqual([[0.25, -2]]);
  });

  it("that make no sense are none", () => {
    const bytes = new Uint8Array(8);
    for (const [form, channels, frames] of [["s16", 2, 3], ["mp3", 2, 2], ["f32", 0, 2], ["f32", NaN, 2], ["s16", 4, 0], [undefined, 2, 2]] as const) {
      expect(samplesOf(bytes, form, channels, frames)).toBeNull();
    }
  });

  it("of one channel are heard alone, and those of many together", () => {
    const data = [[1, 0], [0, 1], [2, 2]].map((one) => new Float32Array(one));
    expect(mixed(data, 2)).toEqual([data[2]]);
    expect(mixed(data, null).map((one) => [...one])).toEqual([[1, 1]]);
    expect(mixed(data.slice(0, 2), null)).toEqual(data.slice(0, 2));
    expect(mixed(data.slice(0, 1), 5)).toEqual(data.slice(0, 1));
  });
});
