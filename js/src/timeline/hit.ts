/** What of which interval is at a place of a timeline. */
import type { Stage } from "./intervals";
import { laneOf } from "./intervals";
import type { Near } from "./near";
import type { Interval } from "./types";

export interface Hit {
  readonly interval: Interval;
  /** An edge that can be dragged, or what is between them. */
  readonly part: "start" | "end" | "low" | "high" | "body";
}

/** The nearest edge within reach first (one of what is selected before others), then the shortest that is there. */
export function hitAt(stage: Stage, near: Near, x: number, y: number, tolerance: number, selected: ReadonlySet<string>): Hit | null {
  const { viewport, bands, yOf } = stage;
  const band = bands.find(({ top, height }) => y >= top && y < top + height);
  if (!band || band.kind === "ruler") return null;
  const found: [hit: Hit, rank: number][] = [];
  for (const interval of near.within(viewport.time(x - tolerance), viewport.time(x + tolerance))) {
    const { start, end, channel, low, high } = interval;
    const chosen = selected.has(interval.id);
    const [left, right] = [viewport.x(start), viewport.x(end)];
    let edges: [Hit["part"], number][] = [["start", Math.abs(x - left)], ["end", Math.abs(x - right)]];
    if (band.kind === "tier") {
      if (interval.tier !== band.tier) continue;
      const { top, height } = laneOf(stage, band, interval);
      if (y < top || y >= top + height) continue;
    } else {
      if (channel !== null && channel !== band.channel) continue;
      if (band.kind === "spectrum" && (low !== null || high !== null)) {
        const [up, down] = [high === null ? band.top : yOf(high, band.channel) ?? 0, low === null ? band.top + band.height : yOf(low, band.channel) ?? 0];
        if (y < up - tolerance || y > down + tolerance) continue;
        if (x >= left && x <= right) edges = [...edges, ["high", Math.abs(y - up)], ["low", Math.abs(y - down)]];
      }
    }
    if (start === end) {
      found.push([{ interval, part: "body" }, Math.abs(x - left) - (chosen ? 100 : 0)]);
      continue;
    }
    // of a narrow one most can still be held in its middle
    const inside = x >= left && x <= right;
    const reach = inside ? Math.min(tolerance, (right - left) / 4) : tolerance;
    for (const [part, away] of edges) if (away <= (part === "low" || part === "high" ? tolerance : reach)) found.push([{ interval, part }, away - (chosen ? 100 : 0)]);
    if (inside) found.push([{ interval, part: "body" }, 1000 + (right - left) - (chosen ? 1e-3 : 0)]);
  }
  return found.sort((a, b) => a[1] - b[1])[0]?.[0] ?? null;
}
