/** Shades of a label's colour that can be read on the background that the host gives. */

export type Rgb = readonly [number, number, number];

export interface Shades {
  /** For lines and dots: at least 3 : 1 on the background. */
  readonly line: string;
  /** Behind text. */
  readonly tint: string;
  /** Behind the label's name. */
  readonly chip: string;
  /** The label's name: at least 4.5 : 1 on `chip`, `tint` and the background. */
  readonly ink: string;
}

const GREY: Rgb = [119, 119, 119];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** `#rgb` or `#rrggbb`; grey for anything else. */
export function parseHex(color: string | undefined): Rgb {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color ?? "")?.[1];
  if (!hex) return GREY;
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  const value = Number.parseInt(full, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** A computed `rgb(…)` colour; null if it is transparent or written in another way. */
export function parseRgb(color: string): Rgb | null {
  const match = /^rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[, /]+([\d.]+))?\)$/.exec(color.trim());
  if (!match || Number(match[4] ?? 1) < 0.5) return null;
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function css(color: Rgb): string {
  return `rgb(${color.map((part) => Math.round(part)).join(" ")})`;
}

export function mix(under: Rgb, over: Rgb, part: number): Rgb {
  const blend = (i: 0 | 1 | 2): number => under[i] + (over[i] - under[i]) * part;
  return [blend(0), blend(1), blend(2)];
}

/** Relative luminance as WCAG defines it. */
export function luminance(color: Rgb): number {
  const linear = (part: number): number => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** `color` moved towards black or white until it stands out from every one of `on`. */
export function readable(color: Rgb, on: readonly Rgb[], least: number): Rgb {
  const towards = on.reduce((sum, one) => sum + luminance(one), 0) / on.length > 0.18 ? BLACK : WHITE;
  for (let part = 0; part < 1; part += 0.05) {
    const candidate = mix(color, towards, part);
    if (on.every((one) => contrast(candidate, one) >= least)) return candidate;
  }
  return towards;
}

/** Black or white, whichever is easier to read on `color`. */
export function inkOn(color: Rgb): Rgb {
  return contrast(color, WHITE) >= contrast(color, BLACK) ? WHITE : BLACK;
}

export function shades(color: string | undefined, background: Rgb): Shades {
  const own = parseHex(color);
  const dark = luminance(background) < 0.18;
  // as much of the label's colour as leaves what is written on it readable
  const under = (part: number, least: number): Rgb => {
    let mixed = mix(background, own, part);
    for (let less = part; less > 0.05 && contrast(mixed, dark ? WHITE : BLACK) < least; less -= 0.05) mixed = mix(background, own, less);
    return mixed;
  };
  const tint = under(dark ? 0.3 : 0.17, 6);
  const chip = under(dark ? 0.46 : 0.3, 4.8);
  return {
    line: css(readable(own, [background], 3.05)),
    tint: css(tint),
    chip: css(chip),
    ink: css(readable(own, [chip, tint, background], 4.6)),
  };
}
