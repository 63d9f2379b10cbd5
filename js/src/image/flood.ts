/** The magic wand: pixels that are like the one pointed at. */
import { empty, spread, trim } from "./bitmap";
import { rect, whole } from "./plane";
import type { Bitmap } from "./types";

/** What `ImageData` has. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha, row by row. */
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** The pixels none of whose channels differs by more than `tolerance` (0 to 255): those that hang together, or all. */
export function flood(image: Pixels, x: number, y: number, tolerance: number, contiguous = true): Bitmap {
  const { width, height, data } = image;
  const [px, py] = [Math.floor(x), Math.floor(y)];
  if (!(px >= 0 && py >= 0 && px < width && py < height)) return empty(rect(0, 0, 0, 0));
  const seed = (py * width + px) * 4;
  const [red, green, blue, alpha] = data.subarray(seed, seed + 4) as unknown as [number, number, number, number];
  // not a loop: this is what the time goes into
  const like = (index: number): boolean => {
    const n = index * 4;
    return Math.abs((data[n] as number) - red) <= tolerance
      && Math.abs((data[n + 1] as number) - green) <= tolerance
      && Math.abs((data[n + 2] as number) - blue) <= tolerance
      && Math.abs((data[n + 3] as number) - alpha) <= tolerance;
  };
  if (contiguous) return trim(spread(image, px, py, like));
  const made = empty(whole(image));
  for (let n = 0; n < made.data.length; n++) made.data[n] = Number(like(n));
  return trim(made);
}
