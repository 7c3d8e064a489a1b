// Examples are put together to batches.
import { ArgumentError, DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { reason } from '../io/read.ts'
import { arrays, type Dataset, width } from './dataset.ts'

/** The numbers of one row of a column. */
export type Values = Float32Array | Int32Array | readonly number[] | number

export interface CollectOptions {
  readonly size: number
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** Columns whose shapes the user gave: they hold, where one of the data set may have changed on the way. */
  readonly given: ReadonlySet<string>
  readonly epoch: number
  readonly dropLast: boolean
}

interface Slot {
  readonly name: string
  readonly whole: boolean
  readonly shape: readonly number[]
  readonly length: number
}

export async function* collect<K extends string>(
  source: AsyncIterable<Readonly<Record<K, Values>>>,
  { size, shapes, given, epoch, dropLast }: CollectOptions,
): AsyncGenerator<Dataset<K>, void, undefined> {
  let slots: readonly Slot[] | undefined
  let held: Readonly<Record<K, Values>>[] = []
  let index = 0
  for await (const example of source) {
    const where = `pipeline.batch: example ${index++} of epoch ${epoch}`
    if (typeof example !== 'object' || example === null)
      throw new DataError('no example', { where, expected: 'an object of named columns', received: typeof example })
    slots ??= slotsOf(example, shapes, given, where)
    check(example, slots, where)
    held.push(example)
    if (held.length === size) {
      yield joined(held, slots)
      held = []
    }
  }
  if (slots !== undefined && held.length > 0 && !dropLast) yield joined(held, slots)
}

function slotsOf(
  example: Readonly<Record<string, Values>>,
  shapes: ReadonlyMap<string, readonly number[]>,
  given: ReadonlySet<string>,
  where: string,
): Slot[] {
  const names = Object.keys(example)
  for (const name of given)
    if (!names.includes(name))
      throw new DataError(`no column ${label(name)}`, { where, expected: names.map(label).join(', ') })
  if (names.length === 0) throw new DataError('an example without columns', { where })
  return names.map((name) => {
    const values = example[name] as Values
    const length = lengthOf(values)
    if (length === undefined || length === 0) throw noNumbers(name, values, where)
    const known = shapes.get(name)
    const shape =
      known !== undefined && (given.has(name) || width(known) === length)
        ? known
        : typeof values === 'number' || (values instanceof Int32Array && length === 1)
          ? []
          : [length]
    if (width(shape) !== length)
      throw new DataError(`column ${label(name)} does not fit its shape`, {
        where,
        expected: `${width(shape)} numbers for [${shape.join(', ')}]`,
        received: String(length),
      })
    return { name, whole: values instanceof Int32Array, shape, length }
  })
}

function check(example: Readonly<Record<string, Values>>, slots: readonly Slot[], where: string): void {
  for (const { name, whole, length } of slots) {
    const values = Object.hasOwn(example, name) ? (example[name] as Values) : undefined
    const found = lengthOf(values)
    if (found === undefined) throw noNumbers(name, values, where)
    if (found !== length || values instanceof Int32Array !== whole)
      throw new DataError(`column ${label(name)} differs from that of the first example`, {
        where,
        expected: `${length} of ${whole ? 'int32' : 'float32'}`,
        received: `${found} of ${values instanceof Int32Array ? 'int32' : 'float32'}`,
      })
  }
  const names = Object.keys(example)
  if (names.length !== slots.length)
    throw new DataError('other columns than the first example has', {
      where,
      expected: slots.map(({ name }) => label(name)).join(', '),
      received: names.map(label).join(', '),
    })
}

function lengthOf(values: unknown): number | undefined {
  if (typeof values === 'number') return 1
  if (values instanceof Float32Array || values instanceof Int32Array) return values.length
  return Array.isArray(values) && values.every((value) => typeof value === 'number') ? values.length : undefined
}

const noNumbers = (name: string, values: unknown, where: string): DataError =>
  new DataError(`column ${label(name)} holds no numbers`, {
    where,
    expected: 'a number, a list of numbers, a Float32Array or an Int32Array',
    received: (values as object | undefined)?.constructor?.name ?? String(values),
  })

function joined<K extends string>(
  examples: readonly Readonly<Record<K, Values>>[],
  slots: readonly Slot[],
): Dataset<K> {
  const columns: Record<string, Float32Array | Int32Array> = Object.create(null)
  const shapes: Record<string, readonly number[]> = Object.create(null)
  for (const { name, whole, shape, length } of slots) {
    const data = whole ? new Int32Array(examples.length * length) : new Float32Array(examples.length * length)
    for (const [i, example] of examples.entries()) {
      const values: Values = example[name as K]
      if (typeof values === 'number') data[i] = values
      else data.set(values, i * length)
    }
    columns[name] = data
    shapes[name] = shape
  }
  return arrays(columns as Record<K, Float32Array | Int32Array>, { shapes: shapes as Record<K, readonly number[]> })
}

/** What went wrong at an example, with its number. A stop that was asked for stays what it is. */
export function failure(what: string, index: number, epoch: number, cause: unknown): unknown {
  if (cause instanceof Error && cause.name === 'AbortError') return cause
  return new DataError(`${what} failed at example ${index} of epoch ${epoch}: ${reason(cause)}`, { cause })
}

/** Checks a whole number that a user gave. */
export function whole(where: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new ArgumentError('not a number that fits', {
    where,
    expected: `a whole number of at least ${least}`,
    received: String(value),
  })
}
