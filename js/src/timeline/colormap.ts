/** The colours of loudness: of even steps to the eye, from the background of the page to what stands out from it. */

type Stop = readonly [number, number, number];

/** Lightness, chroma and hue (OKLCH) at even steps of loudness. */
const DARK: readonly Stop[] = [[0.2, 0.02, 290], [0.3, 0.11, 292], [0.42, 0.17, 315], [0.54, 0.19, 350], [0.67, 0.17, 25], [0.81, 0.14, 65], [0.96, 0.08, 100]];
const LIGHT: readonly Stop[] = [[0.995, 0.003, 220], [0.94, 0.026, 215], [0.84, 0.07, 220], [0.68, 0.12, 230], [0.53, 0.15, 262], [0.37, 0.15, 285], [0.2, 0.08, 300]];

/** sRGB of a colour in OKLCH, clipped to what screens have. */
export function srgb([light, chroma, hue]: Stop): [number, number, number] {
  const [a, b] = [chroma * Math.cos(hue * Math.PI / 180), chroma * Math.sin(hue * Math.PI / 180)];
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const gamma = (value: number): number => {
    const linear = Math.min(1, Math.max(0, value));
    return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
  };
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Pixels (as ImageData has them) of 256 steps, of which those up to `low` look like the first and those from `high` on like the last. */
export function colormap(dark: boolean, low = 0, high = 255): Uint32Array<ArrayBuffer> {
  const stops = dark ? DARK : LIGHT;
  const bytes = new Uint8Array(4 * 256);
  for (let step = 0; step < 256; step++) {
    const part = Math.min(1, Math.max(0, (step - low) / Math.max(1, high - low))) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(part));
    const [from, to] = [stops[first] as Stop, stops[first + 1] as Stop];
    const between = (n: 0 | 1 | 2): number => {
      const way = n === 2 ? (to[2] - from[2] + 540) % 360 - 180 : to[n] - from[n]; // hues go the short way round
      return from[n] + way * (part - first);
    };
    bytes.set([...srgb([between(0), between(1), between(2)]), 255], 4 * step);
  }
  return new Uint32Array(bytes.buffer);
}
