import type { Attrs } from '../../program/graph.ts'

/** A size that follows from that of the batch: scale * batch + offset. */
export interface Affine {
  readonly scale: number
  readonly offset: number
}
export type Dim = number | Affine

/** A graph that another batch changes in more than its sizes. */
export class NotDynamic extends Error {}

export const isAffine = (value: unknown): value is Affine =>
  typeof value === 'object' && value !== null && 'scale' in value && 'offset' in value

const affine = (scale: number, offset: number): Dim => (scale === 0 ? offset : { scale, offset })
const parts = (dim: Dim): Affine => (typeof dim === 'number' ? { scale: 0, offset: dim } : dim)

/** a + times b. */
export function addDims(a: Dim, b: Dim, times = 1): Dim {
  const [p, q] = [parts(a), parts(b)]
  return affine(p.scale + times * q.scale, p.offset + times * q.offset)
}

export const sameDim = (a: Dim, b: Dim): boolean => addDims(a, b, -1) === 0
export const sameDims = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, i) => sameDim(dim, b[i] as Dim))

/** A size that the batch must not change. */
export function fixed(dim: Dim | undefined, what: string): number {
  if (typeof dim !== 'number') throw new NotDynamic(`${what} depends on the batch`)
  return dim
}

/** What a number is as a function of the batch, from its values at several sizes. */
export function dimOf(values: readonly number[], batches: readonly number[]): Dim {
  const [first = 0, second = first] = values
  if (values.every((value) => Object.is(value, first))) return first
  const [b0 = 0, b1 = 0] = batches
  const scale = (second - first) / (b1 - b0)
  const offset = first - scale * b0
  if (!Number.isInteger(scale) || values.some((value, i) => value !== scale * (batches[i] as number) + offset))
    throw new NotDynamic('a number is no linear function of the batch')
  return affine(scale, offset)
}

/** Attributes of one node in several traces as one: numbers that differ become sizes. */
export function mergeAttrs(all: readonly Attrs[], batches: readonly number[]): Attrs {
  return Object.fromEntries(
    Object.keys(all[0] as Attrs).map((key) => [
      key,
      merge(
        all.map((attrs) => attrs[key]),
        batches,
      ),
    ]),
  )
}

function merge(values: readonly unknown[], batches: readonly number[]): unknown {
  const first = values[0]
  if (values.every((value) => typeof value === 'number')) return dimOf(values, batches)
  if (values.every((value) => Array.isArray(value))) {
    if (values.some((value) => value.length !== (first as unknown[]).length))
      throw new NotDynamic('a list has another length')
    return (first as unknown[]).map((_, i) =>
      merge(
        values.map((value) => value[i]),
        batches,
      ),
    )
  }
  // Rules and generators have nothing to do with what is exported.
  if (typeof first !== 'object' && typeof first !== 'function' && values.some((value) => value !== first))
    throw new NotDynamic('an attribute is another one')
  return first
}
