import { ArgumentError, DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { known } from '../options.ts'
import { type CellKind, isNumber, MISSING } from './cells.ts'
import type { CsvRow } from './csv.ts'
import { arrays, type Dataset } from './dataset.ts'
import * as features from './features.ts'
import { type FittedJson, JsonReader } from './fitted.ts'
import { columnOf, type Table } from './table.ts'
import { fitTarget, type TableTarget, targetFromJSON, whereOf } from './target.ts'

export interface FitTableOptions {
  /** The column that is to be predicted. */
  target: string
  /**
   * Default 'auto': classes where it is a category, or where its numbers are 0 to n or 1 to n with at most 20 different
   * ones, each at least twice; else a number.
   */
  targetKind?: 'auto' | 'classes' | 'number' | undefined
  /** Columns to leave out. */
  ignore?: readonly string[] | undefined
  /** Most inputs of a category column; rarer values share one. Default 32. */
  maxCategories?: number | undefined
  /** Texts that stand for a missing value in rows given to `example`. Default: as `readCsv`. */
  missing?: readonly string[] | undefined
}

/** A column that was left out, and why. */
export type DroppedColumn = {
  readonly name: string
  readonly reason: string
}

/** A `TablePreprocessor` as JSON. */
export type TablePreprocessorJson = FittedJson & {
  readonly kind: 'table'
  readonly version: 1
  readonly features: readonly features.Feature[]
  readonly target: TableTarget
  readonly missing: readonly string[]
  readonly dropped: readonly DroppedColumn[]
}

/**
 * Turns rows of a table into rows of numbers: what it needs to know (means, deviations, categories, classes) it learns
 * from training rows alone, and `toJSON` keeps it with the model. Numbers are standardized, a missing one becomes the
 * mean (with an input that says so where the training rows had any); categories become one input each.
 */
export class TablePreprocessor {
  readonly features: readonly features.Feature[]
  readonly target: TableTarget
  readonly missing: readonly string[]
  /** Columns that are not used, as they had nothing to teach. */
  readonly dropped: readonly DroppedColumn[]
  /** Inputs of a network for these rows. */
  readonly width: number
  readonly #places: ReadonlyMap<string, Places>
  readonly #classes: Places
  readonly #missing: ReadonlySet<string>

  private constructor({ features: list, target, missing, dropped }: Omit<TablePreprocessorJson, 'kind' | 'version'>) {
    this.features = list
    this.target = target
    this.missing = missing
    this.dropped = dropped
    this.width = list.reduce((sum, feature) => sum + features.widthOf(feature), 0)
    this.#places = new Map(
      list.map((feature) => [feature.name, new Places(feature.kind === 'category' ? feature.categories : [])]),
    )
    this.#classes = new Places(target.kind === 'classes' ? target.classes : [])
    this.#missing = new Set(missing)
  }

  /** Learns from the rows of a table, all of which are training rows: hold out test rows first (`splitTable`). */
  static fit(table: Table, options: FitTableOptions): TablePreprocessor {
    const {
      target,
      targetKind = 'auto',
      ignore = [],
      maxCategories = 32,
      missing = MISSING,
    } = known('TablePreprocessor.fit', options, 'target targetKind ignore maxCategories missing')
    if (!(Number.isSafeInteger(maxCategories) && maxCategories >= 1))
      throw new ArgumentError('not a number of categories', {
        where: 'maxCategories',
        expected: 'a whole number of at least 1',
        received: String(maxCategories),
      })
    for (const name of ignore) columnOf(table, name)
    const dropped: DroppedColumn[] = []
    const used: features.Feature[] = []
    for (const column of table.columns) {
      const { name } = column
      if (name === target || ignore.includes(name)) continue
      const feature = features.fitFeature(column, table.at, maxCategories)
      if (typeof feature === 'string') dropped.push({ name, reason: feature })
      else used.push(feature)
    }
    const fitted = fitTarget(columnOf(table, target), targetKind, table)
    if (used.length === 0)
      throw new DataError('no column to predict from', {
        where: table.name,
        ...(dropped.length > 0 && { hint: dropped.map(({ name, reason }) => `${label(name)}: ${reason}`).join('; ') }),
      })
    return new TablePreprocessor({ features: used, target: fitted, missing: [...missing], dropped })
  }

  /** What `toJSON` gave, checked. */
  static fromJSON(json: unknown, name = 'preprocessing'): TablePreprocessor {
    const root = new JsonReader(json, name)
    root.header('table', 1)
    const list = root.get('features').list().map(features.featureFromJSON)
    const names = new Set(list.map(({ name }) => name))
    if (list.length === 0 || names.size < list.length) root.get('features').fail('features with names of their own')
    const target = targetFromJSON(root.get('target'))
    const missing = root
      .get('missing')
      .list()
      .map((text) => text.string())
    const dropped = root
      .get('dropped')
      .list()
      .map((item) => ({ name: item.get('name').string(), reason: item.get('reason').string() }))
    return new TablePreprocessor({ features: list, target, missing, dropped })
  }

  toJSON(): TablePreprocessorJson {
    const { features, target, missing, dropped } = this
    return { kind: 'table', version: 1, features, target, missing, dropped }
  }

  /** Kinds of the columns it uses, for `readCsv(source, { types })`. */
  get types(): Record<string, CellKind> {
    const types: Record<string, CellKind> = Object.create(null)
    for (const { name, kind } of this.features) types[name] = kind
    return types
  }

  /** What each of the inputs is. */
  get inputNames(): string[] {
    return this.features.flatMap(features.inputNames)
  }

  /** Numbers a model has to give for a row: one a class, or one. */
  get outputs(): number {
    return this.target.kind === 'classes' ? this.target.classes.length : 1
  }

  /**
   * Rows x of shape [width] and their targets y: the place of the class (int32, shape []), or the standardized number
   * (float32, shape [1]). A target that is missing, or a class the training rows did not have, is an error.
   */
  transform(table: Table): Dataset<'x' | 'y'> {
    const column = columnOf(table, this.target.name)
    const { target } = this
    const at = whereOf(table)
    const { x } = this.inputs(table).columns
    if (target.kind === 'classes') {
      const text = features.textsOf(column)
      const y = Int32Array.from({ length: table.rows }, (_, row) => this.#classOf(text(row), at(row)))
      return arrays({ x: x.data, y }, { shapes: { x: x.shape } })
    }
    const numbers = features.numbersOf(column, at)
    const y = Float32Array.from(numbers, (value, row) => this.#scaled(value, at(row)))
    return arrays({ x: x.data, y }, { shapes: { x: x.shape, y: [1] } })
  }

  /** Rows x of shape [width] alone, of a table that need not have the target. */
  inputs(table: Table): Dataset<'x'> {
    const x = new Float32Array(table.rows * this.width)
    const at = whereOf(table)
    let offset = 0
    for (const feature of this.features) {
      const column = columnOf(table, feature.name)
      if (feature.kind === 'number') {
        for (const [row, value] of features.numbersOf(column, at).entries())
          features.writeNumber(feature, value, x, row * this.width + offset, at(row))
      } else {
        const text = features.textsOf(column)
        for (let row = 0; row < table.rows; row++)
          features.writeCategory(feature, this.#place(feature.name, text(row)), x, row * this.width + offset)
      }
      offset += features.widthOf(feature)
    }
    return arrays({ x }, { shapes: { x: [this.width] } })
  }

  /** One row of a file that is read row by row, as an example with x and y: `csvRows(source)` gives them. */
  example(row: CsvRow): { readonly x: Float32Array; readonly y: Float32Array | Int32Array } {
    const { target } = this
    const at = `row ${row.row}`
    const text = this.#textOf(row, target.name)
    const y =
      target.kind === 'classes'
        ? Int32Array.of(this.#classOf(text, at))
        : Float32Array.of(this.#scaled(numberOf(text, target.name, at), at))
    return { x: this.input(row), y }
  }

  /** The inputs of one row. */
  input(row: CsvRow): Float32Array {
    const x = new Float32Array(this.width)
    const at = `row ${row.row}`
    let offset = 0
    for (const feature of this.features) {
      const text = this.#textOf(row, feature.name)
      if (feature.kind === 'number') features.writeNumber(feature, numberOf(text, feature.name, at), x, offset, at)
      else features.writeCategory(feature, this.#place(feature.name, text), x, offset)
      offset += features.widthOf(feature)
    }
    return x
  }

  /** What the outputs of a model for some rows say: names of classes (the largest output's), or numbers in their own unit. */
  predictions(output: ArrayLike<number>): string[] | number[] {
    const { target, outputs } = this
    const rows = output.length / outputs
    if (!Number.isInteger(rows))
      throw new DataError('outputs of another model', {
        where: 'predictions',
        expected: `${outputs} numbers a row`,
        received: `${output.length} numbers`,
      })
    if (target.kind === 'number') return Array.from(output, (value) => value * target.deviation + target.mean)
    return Array.from({ length: rows }, (_, row) => {
      let best = 0
      for (let k = 1; k < outputs; k++)
        if ((output[row * outputs + k] as number) > (output[row * outputs + best] as number)) best = k
      return target.classes[best] as string
    })
  }

  #place(name: string, text: string | undefined): number {
    return text === undefined ? -1 : (this.#places.get(name)?.of(text) ?? -1)
  }

  #textOf({ names, fields, row }: CsvRow, name: string): string | undefined {
    const i = names.indexOf(name)
    if (i < 0)
      throw new DataError(`no column ${label(name)}`, { where: `row ${row}`, expected: names.map(label).join(', ') })
    const text = fields[i] as string
    return this.#missing.has(text) ? undefined : text
  }

  #classOf(text: string | undefined, at: string): number {
    const place = text === undefined ? undefined : this.#classes.of(text)
    if (place !== undefined) return place
    throw new DataError(
      `column ${label(this.target.name)} has ${text === undefined ? 'no value' : 'an unknown class'}`,
      {
        where: at,
        expected: `one of ${this.#classes.texts.slice(0, 20).map(label).join(', ')}`,
        ...(text !== undefined && { received: label(text) }),
      },
    )
  }

  #scaled(value: number, at: string): number {
    const { target } = this
    if (target.kind !== 'number') return 0
    const scaled = Math.fround((value - target.mean) / target.deviation)
    if (Number.isFinite(scaled)) return scaled
    throw new DataError(`column ${label(target.name)} has no usable number`, { where: at, received: String(value) })
  }
}

/** Finds texts; one that is a number also where it is written in another way (01, 1.0), if that is the only one. */
class Places {
  readonly texts: readonly string[]
  readonly #exact: ReadonlyMap<string, number>
  readonly #numbers = new Map<number, number>()

  constructor(texts: readonly string[]) {
    this.texts = texts
    this.#exact = new Map(texts.map((text, i) => [text, i]))
    for (const [i, text] of texts.entries())
      if (isNumber(text)) this.#numbers.set(Number(text), this.#numbers.has(Number(text)) ? -1 : i)
  }

  of(text: string): number | undefined {
    const place = this.#exact.get(text) ?? (isNumber(text) ? this.#numbers.get(Number(text)) : undefined)
    return place === -1 ? undefined : place
  }
}

function numberOf(text: string | undefined, name: string, at: string): number {
  if (text === undefined) return Number.NaN
  if (isNumber(text)) return Number(text)
  throw new DataError(`column ${label(name)} has a value that is no number`, { where: at, received: label(text) })
}
