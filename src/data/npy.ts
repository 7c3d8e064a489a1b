// Arrays of NumPy as data sets.
import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import type { NpyArray, NpyData, NpyType } from '../io/npy.ts'
import { arrays, type Dataset } from './dataset.ts'

const WHOLE: ReadonlySet<NpyType> = new Set<NpyType>([
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
])
/** Whole numbers of at most 16 bits: pixels and samples, unless there is one a row. */
const SMALL: ReadonlySet<NpyType> = new Set<NpyType>(['int8', 'int16', 'uint8', 'uint16'])

/**
 * A data set of arrays whose first dimension counts the rows. Whole numbers of 32 or 64 bits, and any where there is one
 * a row (labels), become int32, each within its range or an error; the others become float32, not scaled.
 */
export function fromNpy<K extends string>(columns: Readonly<Record<K, NpyArray>>, name = 'npy data'): Dataset<K> {
  const data: Record<string, Float32Array | Int32Array> = Object.create(null)
  const shapes: Record<string, readonly number[]> = Object.create(null)
  let rows: number | undefined
  for (const [key, array] of Object.entries<NpyArray>(columns)) {
    const where = `${name}: ${label(key)}`
    const [size, ...shape] = array.shape
    rows ??= size
    if (size === undefined || size !== rows || array.data.length === 0)
      throw new DataError('an array that gives no rows', {
        where,
        expected: rows === undefined ? 'at least one dimension' : `shape [${rows}, ...] without a 0`,
        received: `[${array.shape.join(', ')}]`,
      })
    shapes[key] = shape
    const { dtype } = array
    data[key] =
      WHOLE.has(dtype) && !(SMALL.has(dtype) && shape.length > 0) ? whole(array.data, where) : single(array.data, where)
  }
  return arrays(data as Record<K, Float32Array | Int32Array>, { shapes: shapes as Record<K, readonly number[]> })
}

function whole(data: NpyData, where: string): Int32Array {
  if (data instanceof Int32Array) return data
  const out = new Int32Array(data.length)
  for (let i = 0; i < out.length; i++) {
    const value = Number(data[i])
    out[i] = value
    if (out[i] !== value)
      throw new DataError(`number ${i} is out of range`, {
        where,
        expected: '-2^31 to 2^31 - 1',
        received: String(data[i]),
      })
  }
  return out
}

function single(data: NpyData, where: string): Float32Array {
  if (data instanceof Float32Array) return data
  const out = Float32Array.from(data as Float64Array)
  if (data instanceof Float64Array) {
    const lost = out.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(data[i]))
    if (lost >= 0)
      throw new DataError(`number ${lost} is out of float32's range`, { where, received: String(data[lost]) })
  }
  return out
}

/** Arrays x and y for training, and for the test where they are there. */
export interface NpyParts {
  readonly train: Dataset<'x' | 'y'>
  readonly test?: Dataset<'x' | 'y'>
}

const NAME = /^(?:(?<axis>[xy])(?:[-_](?<part>train|test))?|(?<first>train|test)[-_](?<last>[xy]))$/i

/** Finds x and y, or x_train, y_train, x_test and y_test (as Keras names them), among arrays by name. */
export function npyParts(found: ReadonlyMap<string, NpyArray>, name = 'npy data'): NpyParts {
  const parts = new Map<string, NpyArray>()
  for (const [key, array] of found) {
    const { axis, part, first, last } = NAME.exec(key)?.groups ?? {}
    if (axis === undefined && last === undefined) continue
    const place = `${axis ?? last}_${part ?? first ?? 'train'}`.toLowerCase()
    if (parts.has(place)) throw new DataError(`two arrays for ${place}`, { where: name, received: label(key) })
    parts.set(place, array)
  }
  const pair = (part: string): Dataset<'x' | 'y'> | undefined => {
    const [x, y] = [parts.get(`x_${part}`), parts.get(`y_${part}`)]
    if (x !== undefined && y !== undefined) return fromNpy({ x, y }, `${name} (${part})`)
    if (x === undefined && y === undefined) return undefined
    return lacking(`${x === undefined ? 'x' : 'y'}_${part} is missing`)
  }
  const lacking = (what: string): never => {
    const names = [...found.keys()].slice(0, 20).map(label).join(', ')
    throw new DataError(what, {
      where: name,
      expected: 'x and y, or x_train, y_train, x_test and y_test',
      received: names === '' ? 'nothing' : names,
    })
  }
  const [train, test] = [pair('train'), pair('test')]
  if (train === undefined) return lacking('no arrays to train on')
  if (test === undefined) return { train }
  for (const key of ['x', 'y'] as const) {
    const shapes = [train, test].map(({ columns }) => `[${columns[key].shape.join(', ')}]`)
    if (shapes[0] !== shapes[1])
      throw new DataError(`training and test rows of ${key} differ in shape`, {
        where: name,
        expected: shapes[0] as string,
        received: shapes[1] as string,
      })
  }
  return { train, test }
}
