/** Which rows are in sight: measured heights where a row has been drawn, estimates elsewhere. */
export class Heights {
  readonly #measured: Float64Array;
  readonly #estimate: (row: number) => number;
  #tops: Float64Array;
  #valid = 0;

  constructor(readonly count: number, estimate: (row: number) => number) {
    this.#measured = new Float64Array(count).fill(-1);
    this.#tops = new Float64Array(count + 1);
    this.#estimate = estimate;
  }

  of(row: number): number {
    const measured = this.#measured[row] as number;
    return measured >= 0 ? measured : this.#estimate(row);
  }

  /** Takes a measured height; true if it changed. */
  measure(row: number, height: number): boolean {
    if (Math.abs((this.#measured[row] as number) - height) < 0.5) return false;
    this.#measured[row] = height;
    this.#valid = Math.min(this.#valid, row);
    return true;
  }

  /** The estimates have changed. */
  invalidate(): void {
    this.#valid = 0;
  }

  /** Forgets all measures: the width has changed. */
  reset(): void {
    this.#measured.fill(-1);
    this.#valid = 0;
  }

  #reach(row: number): void {
    for (let at = this.#valid; at < row; at++) this.#tops[at + 1] = (this.#tops[at] as number) + this.of(at);
    this.#valid = Math.max(this.#valid, row);
  }

  top(row: number): number {
    const at = Math.max(0, Math.min(row, this.count));
    this.#reach(at);
    return this.#tops[at] as number;
  }

  get total(): number {
    return this.top(this.count);
  }

  /** The row at a height. */
  at(y: number): number {
    this.#reach(this.count);
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] as number) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** `[first, last)` of the rows within `[top, top + height)` and `over` more pixels on both sides. */
  window(top: number, height: number, over: number): [number, number] {
    if (this.count === 0) return [0, 0];
    return [this.at(Math.max(0, top - over)), Math.min(this.count, this.at(top + height + over) + 1)];
  }
}
