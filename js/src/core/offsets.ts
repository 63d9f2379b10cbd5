/**
 * Code points of a string to its UTF-16 units and back.
 *
 * Python counts code points, the browser counts units. A lone surrogate is one of each. The table holds a count for
 * every 256 units, so that a long text costs little and a look-up scans one block at most.
 */
const SHIFT = 8;
const BLOCK = 1 << SHIFT;
const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

export class Offsets {
  readonly text: string;
  /** Code points of the whole text. */
  readonly length: number;
  /** Code points that begin before each block; null while both counts are the same. */
  readonly #table: Uint32Array | null;

  constructor(text: string) {
    this.text = text;
    if (!PAIR.test(text)) {
      this.#table = null;
      this.length = text.length;
      return;
    }
    const table = new Uint32Array((text.length >> SHIFT) + 1);
    let count = 0;
    for (let unit = 0; unit < text.length; unit++) {
      if ((unit & (BLOCK - 1)) === 0) table[unit >> SHIFT] = count;
      if (!this.#inside(unit)) count++;
    }
    if ((text.length & (BLOCK - 1)) === 0) table[text.length >> SHIFT] = count;
    this.#table = table;
    this.length = count;
  }

  /** Whether `unit` is the second half of a pair. */
  #inside(unit: number): boolean {
    const low = this.text.charCodeAt(unit);
    if (!(low >= 0xdc00 && low <= 0xdfff) || unit === 0) return false; // NaN beyond the end
    const high = this.text.charCodeAt(unit - 1);
    return high >= 0xd800 && high <= 0xdbff;
  }

  /** The code point offset of a UTF-16 offset; inside a pair, that of the pair, or of its end with `up`. */
  toCodePoint(unit: number, up = false): number {
    const end = Math.min(Math.max(Math.trunc(unit) || 0, 0), this.text.length);
    const table = this.#table;
    if (table === null) return end;
    const block = end >> SHIFT;
    let count = table[block] ?? 0;
    for (let at = block << SHIFT; at < end; at++) if (!this.#inside(at)) count++;
    return !up && this.#inside(end) ? count - 1 : count;
  }

  /** The UTF-16 offset of a code point offset; offsets beyond the ends are moved to them. */
  toUtf16(codePoint: number): number {
    const wanted = Math.min(Math.max(Math.trunc(codePoint) || 0, 0), this.length);
    const table = this.#table;
    if (table === null) return wanted;
    let low = 0;
    let high = table.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((table[middle] ?? 0) <= wanted) low = middle;
      else high = middle - 1;
    }
    let unit = low << SHIFT;
    let count = table[low] ?? 0;
    while (unit < this.text.length) {
      if (!this.#inside(unit)) {
        if (count === wanted) break;
        count++;
      }
      unit++;
    }
    return unit;
  }

  /** The text between two code point offsets. */
  slice(start: number, end: number): string {
    return this.text.slice(this.toUtf16(start), this.toUtf16(end));
  }
}
