import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { checkNumber, shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { tensor } from './create.ts'
import * as f from './functions.ts'
import type { Tensor } from './tensor.ts'

/** base^(1 / n), by bisection with products only: the same bits on every machine. */
function rootOf(base: number, n: number): number {
  let [low, high] = [0, Math.max(1, base)]
  for (let i = 0; i < 1100; i++) {
    const middle = low + (high - low) / 2
    if (middle === low || middle === high) break
    let power = 1
    for (let k = 0; k < n; k++) power *= middle
    if (power <= base) low = middle
    else high = middle
  }
  return low
}

/** Cosine and sine of an angle from 0 to 1, by their series. */
function seriesOf(angle: number): [cos: number, sin: number] {
  let [cos, sin, term] = [1, 0, 1]
  for (let k = 1; k < 24; k++) {
    term *= angle / k
    if (k % 2 === 1) sin += (k % 4 === 1 ? 1 : -1) * term
    else cos += (k % 4 === 0 ? 1 : -1) * term
  }
  return [cos, sin]
}

/** cos and sin of (offset + t) base^(-i / half) for `steps` positions t and i < half, in f64 by turning step by step. */
export function turns(steps: number, half: number, base: number, offset = 0): { cos: Float32Array; sin: Float32Array } {
  const [cos, sin] = [new Float32Array(steps * half), new Float32Array(steps * half)]
  const root = rootOf(base, half)
  let angle = 1
  for (let i = 0; i < half; i++) {
    const [c, s] = seriesOf(angle)
    let [x, y] = [1, 0]
    for (let t = 0; t < offset + steps; t++) {
      if (t >= offset) {
        cos[(t - offset) * half + i] = x
        sin[(t - offset) * half + i] = y
      }
      ;[x, y] = [x * c - y * s, x * s + y * c]
    }
    angle /= root
  }
  return { cos, sin }
}

export interface RotaryOptions {
  /** Wave lengths grow from 2 pi to 2 pi base. At least 1, default 10000. */
  readonly base?: number
  /** Position of the first row. Default 0. */
  readonly offset?: number
}

/**
 * Rotary position embedding (Su et al. 2021) of x [.., time, width]: the pair (i, i + width / 2) of each row is turned by
 * position base^(-2 i / width), so that the product of two rows depends on their distance only.
 */
export function rotaryEmbedding(x: Tensor, options: RotaryOptions = {}): Tensor {
  const { base = 10_000, offset = 0 } = known('rotaryEmbedding', options, 'base offset')
  const where = 'rotaryEmbedding'
  checkTensor(x, where)
  checkNumber(base, `${where}.base`, 'a number of at least 1', (n) => Number.isFinite(n) && n >= 1)
  checkNumber(offset, `${where}.offset`, 'a whole number from 0 up', (n) => Number.isSafeInteger(n) && n >= 0)
  const [steps = 0, width = 0] = x.shape.slice(-2)
  if (x.rank < 2 || width % 2 !== 0)
    throw new ShapeError('the rows do not make pairs', {
      where,
      expected: '[.., time, an even width]',
      received: shapeText(x.shape),
    })
  const half = width / 2
  const { cos, sin } = turns(steps, half, base, offset)
  const table = (data: Float32Array): Tensor => tensor(data, [steps, half], { engine: x.engine })
  const [c, s] = [table(cos), table(sin)]
  const lead = x.shape.slice(0, -1).map(() => 0)
  const a = f.slice(x, [...lead, 0], [...x.shape.slice(0, -1), half])
  const b = f.slice(x, [...lead, half])
  return f.concat([f.sub(f.mul(a, c), f.mul(b, s)), f.add(f.mul(a, s), f.mul(b, c))], -1)
}
