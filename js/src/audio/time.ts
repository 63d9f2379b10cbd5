/** Times as people read them, and as recordings have them. */

/** `1:02.345`, `1:00:02.345`; `digits` of the second. */
export function clock(seconds: number, digits = 3): string {
  const unit = 10 ** digits;
  const all = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(all / unit);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  const fraction = digits > 0 ? `.${String(all % unit).padStart(digits, "0")}` : "";
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(rest)}${fraction}`;
}

/** `1.500 s`, `2:05.000`. */
export function length(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(3)} s` : clock(seconds);
}

export function hertz(value: number): string {
  return value < 1000 ? `${Math.round(value)} Hz` : `${(value / 1000).toFixed(2)} kHz`;
}

/** What a segment covers: `0:01.000 – 0:02.500`, or the moment of an event; with frequencies if it bounds them. */
export function covers({ start, end, low, high }: { start: number; end: number; low?: number | null; high?: number | null }, digits = 3): string {
  const time = start === end ? clock(start, digits) : `${clock(start, digits)} – ${clock(end, digits)}`;
  return low == null && high == null ? time : `${time} · ${hertz(low ?? 0)} – ${high == null ? "top" : hertz(high)}`;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Seconds of what a person writes: `12.5`, `1:02.5`, `1:00:02`; null if it is no time. */
export function seconds(words: string): number | null {
  const match = /^\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d*)?|[.,]\d+)\s*s?\s*$/.exec(words);
  if (!match) return null;
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number((match[3] ?? "").replace(",", "."));
}
