import { ShapeError } from '../errors.ts'
import type { Attrs, Shape } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { attr } from './define.ts'

/** Sizes of a sequence. */
export interface Sequence {
  readonly steps: number
  readonly rows: number
  /** Units of the state. */
  readonly n: number
}

/** Checks x [steps, rows, gates n], w [n, gates n] and states [rows, n]. */
export function sequenceOf(
  op: string,
  gates: number,
  x: Shape,
  w: Shape,
  states: readonly (Shape | undefined)[],
): Sequence {
  const [steps = 0, rows = 0, wide = 0] = x
  const n = wide / gates
  const fits =
    x.length === 3 &&
    steps > 0 &&
    wide > 0 &&
    Number.isInteger(n) &&
    String(w) === String([n, wide]) &&
    states.every((state) => state !== undefined && String(state) === String([rows, n]))
  if (!fits)
    throw new ShapeError('the operands do not make a sequence', {
      where: op,
      expected: `x [steps, rows, ${gates} n], w [n, ${gates} n], states [rows, n]; at least one step and one unit`,
      received: [x, w, ...states].map((shape) => shapeText(shape ?? [])).join(', '),
    })
  return { steps, rows, n }
}

/** Step numbers in the order of the recurrence. */
export function stepsOf({ steps }: Sequence, attrs: Attrs): number[] {
  const order = Array.from({ length: steps }, (_, t) => t)
  return attr<boolean>(attrs, 'reverse') ? order.reverse() : order
}

/** `words` words of a buffer from a word on. */
export const cut = (ref: Ref, at: number, words: number): Ref => ({
  buffer: ref.buffer,
  offset: ref.offset + at * 4,
  bytes: words * 4,
})
