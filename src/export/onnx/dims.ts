import type { Attrs } from '../../program/graph.ts'

/** The sizes that are free: of the batch, and of a sequence. */
export interface Free {
  readonly batch: number
  readonly time: number
}

/** A size that follows from the free ones: offset + batch * their batch + time * their time + both * batch * time. */
export interface Affine extends Free {
  readonly offset: number
  readonly both: number
}
export type Dim = number | Affine

/** A graph that other free sizes change in more than its sizes. */
export class NotDynamic extends Error {}

export const isAffine = (value: unknown): value is Affine =>
  typeof value === 'object' && value !== null && 'both' in value && 'offset' in value

const affine = (offset: number, batch: number, time: number, both: number): Dim =>
  batch === 0 && time === 0 && both === 0 ? offset : { offset, batch, time, both }
const parts = (dim: Dim): Affine => (typeof dim === 'number' ? { offset: dim, batch: 0, time: 0, both: 0 } : dim)

/** a + times b. */
export function addDims(a: Dim, b: Dim, times = 1): Dim {
  const [p, q] = [parts(a), parts(b)]
  return affine(
    p.offset + times * q.offset,
    p.batch + times * q.batch,
    p.time + times * q.time,
    p.both + times * q.both,
  )
}

export const sameDim = (a: Dim, b: Dim): boolean => addDims(a, b, -1) === 0
export const sameDims = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, i) => sameDim(dim, b[i] as Dim))

/** A size that no free one may change. */
export function fixed(dim: Dim | undefined, what: string): number {
  if (typeof dim !== 'number') throw new NotDynamic(`${what} depends on the batch or the length of a sequence`)
  return dim
}

/**
 * What a number is as a function of the free sizes, from its values at several. They differ in one of them, or the first four
 * are a grid: batch changes first, then time.
 */
export function dimOf(values: readonly number[], at: readonly Free[]): Dim {
  const [first = 0] = values
  if (values.every((value) => Object.is(value, first))) return first
  const v = (i: number): number => values[i] as number
  const point = (i: number): Free => at[i] as Free
  const slope = (of: 'batch' | 'time', from: number, to: number): number =>
    (v(to) - v(from)) / (point(to)[of] - point(from)[of])
  const { batch: n, time: t } = point(0)
  let made: Affine
  if (at.every(({ time }) => time === t)) made = { offset: 0, batch: slope('batch', 0, 1), time: 0, both: 0 }
  else if (at.every(({ batch }) => batch === n)) made = { offset: 0, batch: 0, time: slope('time', 0, 1), both: 0 }
  else {
    const both = (slope('batch', 2, 3) - slope('batch', 0, 1)) / (point(2).time - t)
    made = { offset: 0, batch: slope('batch', 0, 1) - both * t, time: slope('time', 0, 2) - both * n, both }
  }
  const value = ({ batch, time }: Free): number => made.batch * batch + made.time * time + made.both * batch * time
  const offset = first - value(point(0))
  if (![made.batch, made.time, made.both, offset].every(Number.isInteger))
    throw new NotDynamic('a number is no whole multiple of the free sizes')
  if (values.some((one, i) => one !== value(point(i)) + offset))
    throw new NotDynamic('a number is no linear function of the batch or the length of a sequence')
  return affine(offset, made.batch, made.time, made.both)
}

/** Attributes of one node in several traces as one: numbers that differ become sizes. */
export function mergeAttrs(all: readonly Attrs[], at: readonly Free[]): Attrs {
  return Object.fromEntries(
    Object.keys(all[0] as Attrs).map((key) => [
      key,
      merge(
        all.map((attrs) => attrs[key]),
        at,
      ),
    ]),
  )
}

function merge(values: readonly unknown[], at: readonly Free[]): unknown {
  const first = values[0]
  if (values.every((value) => typeof value === 'number')) return dimOf(values, at)
  if (values.every((value) => Array.isArray(value))) {
    if (values.some((value) => value.length !== (first as unknown[]).length))
      throw new NotDynamic('a list has another length')
    return (first as unknown[]).map((_, i) =>
      merge(
        values.map((value) => value[i]),
        at,
      ),
    )
  }
  // Rules and generators have nothing to do with what is exported.
  if (typeof first !== 'object' && typeof first !== 'function' && values.some((value) => value !== first))
    throw new NotDynamic('an attribute is another one')
  return first
}
