// What a model is to say of a row of a table.
import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { isNumber } from './cells.ts'
import { compare, momentsOf, numbersOf, textsOf } from './features.ts'
import type { JsonReader } from './fitted.ts'
import type { Table, TableColumn } from './table.ts'

/** What a model is to say of a row: one of some classes, or a number. */
export type TableTarget =
  | { readonly kind: 'classes'; readonly name: string; readonly classes: readonly string[] }
  | { readonly kind: 'number'; readonly name: string; readonly mean: number; readonly deviation: number }

const MAX_CLASSES = 20

/** How errors call the rows of a table. */
export const whereOf =
  ({ name, at }: Table) =>
  (row: number): string =>
    `${name}: row ${at[row]}`

/** Learns the target of training rows. */
export function fitTarget(column: TableColumn, kind: 'auto' | 'classes' | 'number', table: Table): TableTarget {
  const { name } = column
  const at = whereOf(table)
  const text = textsOf(column)
  const counts = new Map<string, number>()
  for (let row = 0; row < table.rows; row++) {
    const value = text(row)
    if (value === undefined)
      throw new DataError(`the target, column ${label(name)}, has no value`, {
        where: at(row),
        hint: 'Leave rows without a target out of the training data.',
      })
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  if (counts.size < 2)
    throw new DataError(`the target, column ${label(name)}, has one value alone`, {
      where: table.name,
      expected: 'at least two different values',
      received: [...counts.keys()].map(label).join(', '),
    })
  const classes = [...counts.keys()]
  if (kind === 'classes' || (kind === 'auto' && (column.kind === 'category' || countsUp(counts)))) {
    const numeric = classes.every(isNumber)
    classes.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || compare(a, b))
    return { kind: 'classes', name, classes }
  }
  const { mean, deviation } = momentsOf(numbersOf(column, at))
  return { kind: 'number', name, mean, deviation }
}

/** Are they 0 to n or 1 to n, few, and each there more than once? */
function countsUp(counts: ReadonlyMap<string, number>): boolean {
  const numbers = [...counts.keys()].map(Number).sort((a, b) => a - b)
  const first = numbers[0] as number
  return (
    numbers.length <= MAX_CLASSES &&
    (first === 0 || first === 1) &&
    numbers.every((value, i) => value === first + i) &&
    [...counts.values()].every((count) => count > 1)
  )
}

export function targetFromJSON(json: JsonReader): TableTarget {
  const name = json.get('name').string()
  const kind = json.get('kind')
  if (kind.value === 'classes') return { kind: 'classes', name, classes: json.get('classes').distinct(2) }
  if (kind.value !== 'number') kind.fail('"classes" or "number"')
  const deviation = json.get('deviation')
  if (!(deviation.number() > 0)) deviation.fail('a number above 0')
  return { kind: 'number', name, mean: json.get('mean').number(), deviation: deviation.number() }
}
