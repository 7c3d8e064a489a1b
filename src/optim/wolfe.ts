/** A point on the line: how far along, the loss, its slope. */
export interface Point {
  readonly t: number
  readonly loss: number
  readonly slope: number
}

const DECREASE = 1e-4
const CURVATURE = 0.9

/**
 * A step that fulfils the strong Wolfe conditions: loss(t) <= loss(0) + 1e-4 t slope(0) and |slope(t)| <= 0.9 |slope(0)|
 * (Nocedal and Wright, algorithms 3.5 and 3.6, with cubic interpolation). After `most` evaluations, the best point so
 * far; `start` when none is better.
 */
export function wolfe(start: Point, first: number, most: number, at: (t: number) => Point): Point {
  const enough = (p: Point): boolean => p.loss <= start.loss + DECREASE * p.t * start.slope
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -CURVATURE * start.slope
  let best = start
  let left = most
  const look = (t: number): Point => {
    left--
    const point = at(t)
    if (point.loss < best.loss) best = point
    return point
  }

  /** `low` fulfils the decrease and has the lower loss of the two; a good point lies between them. */
  const zoom = (low: Point, high: Point): Point => {
    while (left > 0 && Math.abs(high.t - low.t) > 1e-9 * Math.max(1, Math.abs(low.t))) {
      const point = look(between(low, high))
      if (!enough(point) || point.loss >= low.loss) high = point
      else {
        if (flat(point)) return point
        if (point.slope * (high.t - low.t) >= 0) high = low
        low = point
      }
    }
    return best
  }

  let before = start
  for (let t = first; left > 0; t *= 2) {
    const point = look(t)
    if (!Number.isFinite(point.loss) || !enough(point) || (before !== start && point.loss >= before.loss))
      return zoom(before, point)
    if (flat(point)) return point
    if (point.slope >= 0) return zoom(point, before)
    before = point
  }
  return best
}

/** The minimum of the cubic through two points and their slopes, kept away from the ends. */
function between(a: Point, b: Point): number {
  const middle = (a.t + b.t) / 2
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t)
  const root = d1 * d1 - a.slope * b.slope
  const d2 = Math.sign(b.t - a.t) * Math.sqrt(root)
  const t = b.t - ((b.t - a.t) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2)
  const [from, to] = [Math.min(a.t, b.t), Math.max(a.t, b.t)]
  const margin = 0.1 * (to - from)
  return Number.isFinite(t) ? Math.min(to - margin, Math.max(from + margin, t)) : middle
}
