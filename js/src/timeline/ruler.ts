/** Marks and words on a ruler of time and of frequency. */

const SECONDS = [1, 2, 5, 10, 15, 30];
const CLOCK = [...SECONDS, ...SECONDS.map((n) => 60 * n), ...[1, 2, 3, 6, 12, 24].map((n) => 3600 * n)];
/** CSS pixels between marks with words, at least. */
const APART = 92;
const MOST = 2000;

export interface Ticks {
  /** Between marks with words, in seconds. */
  readonly step: number;
  /** Between those without. */
  readonly minor: number;
  /** Digits of a second that tell marks apart. */
  readonly digits: number;
}

/** The marks of a ruler with so many seconds a pixel. */
export function ticksFor(perPixel: number, apart = APART): Ticks {
  const least = perPixel * apart;
  if (least > 0.5) {
    const at = CLOCK.findIndex((step) => step >= least);
    const step = at >= 0 ? CLOCK[at] as number : 86400 * Math.ceil(least / 86400);
    const minor = step % 60 === 0 && step >= 60 ? step / (step % 3600 === 0 && step > 3600 ? step / 3600 : 6) : step / (step % 5 ? step === 1 ? 10 : 4 : 5);
    return { step, minor, digits: 0 };
  }
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= least * (1 - 1e-9)) ?? 10);
  return { step, minor: step / (Math.round(step / power) === 2 ? 4 : 5), digits: Math.max(0, Math.min(9, Math.ceil(-Math.log10(step) - 1e-9))) };
}

/** `1:02.345`, `1:00:02`; short times under a minute also begin with `0:`. */
export function timeWords(seconds: number, digits = 3): string {
  const unit = 10 ** digits;
  const all = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(all / unit);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}${digits ? `.${String(all % unit).padStart(digits, "0")}` : ""}`;
}

/** Whole multiples of a step in a stretch. */
export function* multiples(step: number, from: number, to: number): Generator<number> {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.min(first + MOST, Math.floor(to / step + 1e-9));
  for (let n = first; n <= last; n++) yield n * step;
}

/** Frequencies for the side of a spectrogram: round ones, apart enough to be read. */
export function frequencies(top: number, y: (hertz: number) => number | null, apart = 26): number[] {
  const found: number[] = [];
  let last: number | null = null;
  const most = 10 ** Math.ceil(Math.log10(Math.max(10, top)));
  for (let power = 100; power <= most; power *= 10) {
    for (const n of [1, 2, 4, 5, 8]) {
      const hertz = n * power;
      const at = hertz <= top ? y(hertz) : null;
      if (at === null || (last !== null && last - at < apart)) continue;
      found.push(hertz);
      last = at;
    }
  }
  return found;
}

export function hertzWords(hertz: number): string {
  return hertz < 1000 ? `${Math.round(hertz)} Hz` : `${Number((hertz / 1000).toFixed(hertz < 10_000 ? 2 : 1))} kHz`;
}
