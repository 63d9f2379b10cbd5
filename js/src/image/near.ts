/** Which shapes are where: found in time that hardly depends on how many there are. */
import RBush from "rbush";
import { area, contains, distance, hits, type Place, rect, vertices } from "./geometry";
import type { Drawn, Point, Rect } from "./types";

interface Entry {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly drawn: Drawn;
  readonly area: number;
  /** Of two alike, the later one lies on top. */
  readonly order: number;
}

/** The shapes of an image by place. Hidden ones are kept, but never found. */
export class Near {
  readonly #tree = new RBush<Entry>();
  readonly #entries = new Map<string, Entry>();
  #order = 0;

  /** Replaces everything at once. */
  load(list: Iterable<Drawn>): void {
    this.#tree.clear();
    this.#entries.clear();
    this.#order = 0;
    this.#tree.load(Array.from(list, (drawn) => this.#enter(drawn)));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Drawn | undefined {
    return this.#entries.get(id)?.drawn;
  }

  /** Puts a shape in, or another one in the place of that with its id. */
  put(drawn: Drawn): void {
    const order = this.#entries.get(drawn.id)?.order;
    this.remove(drawn.id);
    this.#tree.insert(this.#enter(drawn, order));
  }

  /** Takes a shape out; false if there is none of this id. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry) this.#tree.remove(entry);
    return this.#entries.delete(id);
  }

  /** What touches a rectangle, from bottom to top. */
  search(within: Rect): Drawn[] {
    return this.#find(within).reverse();
  }

  /** What lies wholly in a rectangle, from bottom to top. */
  inRect(within: Rect): Drawn[] {
    return this.search(within).filter((drawn) => contains(within, drawn.bounds));
  }

  /** What is at a point, topmost first; of those at the same height the smallest, so that it can be had inside of others. */
  hit(point: Place, tolerance: number, filled = true): Drawn[] {
    return this.#find(square(point, tolerance)).filter((drawn) => hits(drawn, point, tolerance, filled));
  }

  /** The nearest vertex of any shape within a radius, except of some. */
  snap(point: Place, radius: number, except: ReadonlySet<string> = new Set()): Point | undefined {
    let found: Point | undefined;
    let far = radius;
    for (const drawn of this.#find(square(point, radius))) {
      if (except.has(drawn.id)) continue;
      for (const [x, y] of vertices(drawn.shape)) {
        const away = distance(point, [x, y]);
        if (away <= far) [found, far] = [[x, y], away];
      }
    }
    return found;
  }

  #enter(drawn: Drawn, order = this.#order++): Entry {
    const { x, y, width, height } = drawn.bounds;
    const entry = { minX: x, minY: y, maxX: x + width, maxY: y + height, drawn, area: area(drawn.shape), order };
    this.#entries.set(drawn.id, entry);
    return entry;
  }

  #find({ x, y, width, height }: Rect): Drawn[] {
    return this.#tree.search({ minX: x, minY: y, maxX: x + width, maxY: y + height })
      .filter(({ drawn }) => !drawn.hidden)
      .sort((a, b) => (b.drawn.shape.z ?? 0) - (a.drawn.shape.z ?? 0) || a.area - b.area || b.order - a.order)
      .map(({ drawn }) => drawn);
  }
}

function square([x, y]: Place, half: number): Rect {
  return rect(x - half, y - half, 2 * half, 2 * half);
}
