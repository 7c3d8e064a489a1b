// The columns of a table as numbers a network takes: what is learnt from the training rows, and its use.
import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { isNumber } from './cells.ts'
import type { JsonReader } from './fitted.ts'
import type { CategoryColumn, NumberColumn, TableColumn } from './table.ts'

/** A number: (value - mean) / deviation, 0 where it is missing, and with `indicator` a second input that says so. */
export type NumberFeature = {
  readonly kind: 'number'
  readonly name: string
  readonly mean: number
  readonly deviation: number
  /** Values were missing in the training rows. */
  readonly indicator: boolean
}

/**
 * A category: an input for each of `categories`, 1 where it is the value's. With `other`, one more for values that are
 * missing or were rare in the training rows, and for new ones. Without, a missing or new value gives `shares`, the mean
 * of the training rows, since an input that was always 0 has learnt nothing.
 */
export type CategoryFeature = {
  readonly kind: 'category'
  readonly name: string
  readonly categories: readonly string[]
  readonly shares: readonly number[]
  readonly other: boolean
}

/** Rows from which on a count of them is no coincidence. */
const COUNTED = 20

export type Feature = NumberFeature | CategoryFeature

/** Inputs a feature takes. */
export const widthOf = (feature: Feature): number =>
  feature.kind === 'number' ? 1 + Number(feature.indicator) : feature.categories.length + Number(feature.other)

/** What each of its inputs is. */
export function inputNames({ name, ...feature }: Feature): string[] {
  if (feature.kind === 'number') return feature.indicator ? [name, `${name} is missing`] : [name]
  const names = feature.categories.map((category) => `${name} = ${category}`)
  return feature.other ? [...names, `${name} is another`] : names
}

/** Mean and standard deviation (of all, not of a sample) of the numbers that are there; in f64, safe from overflow. */
export function momentsOf(values: Float64Array): { mean: number; deviation: number; count: number } {
  let count = 0
  let largest = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count++
    largest = Math.max(largest, Math.abs(value))
  }
  if (count === 0 || largest === 0) return { mean: 0, deviation: 0, count }
  let sum = 0
  for (const value of values) if (!Number.isNaN(value)) sum += value / largest
  const mean = sum / count
  let squares = 0
  for (const value of values) {
    const off = value / largest - mean
    if (!Number.isNaN(value)) squares += off * off
  }
  const deviation = Math.sqrt(squares / count)
  // Equal numbers leave no more than the rounding of their mean.
  return { mean: mean * largest, deviation: deviation < 1e-15 ? 0 : deviation * largest, count }
}

/** Learns a column from training rows; a sentence where it has nothing to teach. */
export function fitFeature(column: TableColumn, at: Int32Array, maxCategories: number): Feature | string {
  return column.kind === 'number' ? fitNumber(column, at) : fitCategory(column, maxCategories)
}

function fitNumber({ name, values }: NumberColumn, at: Int32Array): Feature | string {
  const { mean, deviation, count } = momentsOf(values)
  const indicator = count < values.length
  if (count === 0) return 'it has no values'
  if (deviation === 0 && !indicator) return 'all its values are equal'
  // 0, 1, 2 ... or 1, 2, 3 ... behind a header: an order of the file that tells classes apart where it is sorted.
  const first = (values[0] as number) - (at[0] as number)
  if (
    values.length >= COUNTED &&
    (first === -2 || first === -1) &&
    values.every((v, i) => v - (at[i] as number) === first)
  )
    return 'it counts the rows'
  return { kind: 'number', name, mean, deviation: deviation === 0 ? 1 : deviation, indicator }
}

function fitCategory({ name, codes, categories }: CategoryColumn, maxCategories: number): Feature | string {
  const counts = new Int32Array(categories.length)
  let missing = 0
  for (const code of codes) {
    if (code < 0) missing++
    else counts[code] = (counts[code] as number) + 1
  }
  const found = categories
    .map((text, code) => ({ text, count: counts[code] as number }))
    .filter(({ count }) => count > 0)
  const rows = codes.length - missing
  if (rows === 0) return 'it has no values'
  if (found.length === 1 && missing === 0) return 'all its values are equal'
  found.sort((a, b) => b.count - a.count || compare(a.text, b.text))
  // Where most rows have a value of their own, those teach nothing about others.
  const many = found.length > maxCategories || (codes.length >= COUNTED && found.length > rows / 2)
  const kept = !many ? found : found.slice(0, maxCategories).filter(({ count }) => count > 1)
  const covered = kept.reduce((sum, { count }) => sum + count, 0)
  if (many && covered < rows / 2) return `it has ${found.length} different values in ${rows} rows`
  kept.sort((a, b) => compare(a.text, b.text))
  return {
    kind: 'category',
    name,
    categories: kept.map(({ text }) => text),
    shares: kept.map(({ count }) => count / codes.length),
    other: covered < codes.length,
  }
}

/** By code units: the same in every locale and runtime. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Writes the inputs of a number (NaN where it is missing). */
export function writeNumber(feature: NumberFeature, value: number, out: Float32Array, at: number, where: string): void {
  const missing = Number.isNaN(value)
  const scaled = missing ? 0 : Math.fround((value - feature.mean) / feature.deviation)
  if (!Number.isFinite(scaled))
    throw new DataError(`column ${label(feature.name)} has a number too far from those of the training rows`, {
      where,
      expected: `about ${feature.mean} with a deviation of ${feature.deviation}`,
      received: String(value),
    })
  out[at] = scaled
  if (feature.indicator) out[at + 1] = Number(missing)
}

/** Writes the inputs of a category by its place, -1 for one that is missing or not known. */
export function writeCategory(feature: CategoryFeature, place: number, out: Float32Array, at: number): void {
  if (place >= 0) out[at + place] = 1
  else if (feature.other) out[at + feature.categories.length] = 1
  else out.set(feature.shares, at)
}

/** The numbers of a column; where it was read as texts, each has to be one. */
export function numbersOf(column: TableColumn, where: (row: number) => string): Float64Array {
  if (column.kind === 'number') return column.values
  const values = column.categories.map((text) => (isNumber(text) ? Number(text) : undefined))
  return Float64Array.from(column.codes, (code, row) => {
    const value = code < 0 ? Number.NaN : values[code]
    if (value === undefined)
      throw new DataError(`column ${label(column.name)} has a value that is no number`, {
        where: where(row),
        received: label(column.categories[code] as string),
      })
    return value
  })
}

/** The texts of a column; undefined where one is missing. */
export function textsOf(column: TableColumn): (row: number) => string | undefined {
  if (column.kind === 'category') return (row) => column.categories[column.codes[row] as number]
  return (row) => (Number.isNaN(column.values[row]) ? undefined : String(column.values[row]))
}

export function featureFromJSON(json: JsonReader): Feature {
  const name = json.get('name').string()
  const kind = json.get('kind')
  if (kind.value === 'number') {
    const deviation = json.get('deviation')
    if (!(deviation.number() > 0)) deviation.fail('a number above 0')
    const [mean, indicator] = [json.get('mean').number(), json.get('indicator').boolean()]
    return { kind: 'number', name, mean, deviation: deviation.number(), indicator }
  }
  if (kind.value !== 'category') kind.fail('"number" or "category"')
  const categories = json.get('categories').distinct(0)
  const shares = json
    .get('shares')
    .list()
    .map((share) => share.number())
  if (shares.length !== categories.length) json.get('shares').fail(`a list of ${categories.length}`)
  return { kind: 'category', name, categories, shares, other: json.get('other').boolean() }
}
