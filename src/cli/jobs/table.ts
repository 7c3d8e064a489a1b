import { isNumber, MISSING } from '../../data/cells.ts'
import { TablePreprocessor } from '../../data/preprocess.ts'
import { columnOf, type Table, takeRows } from '../../data/table.ts'
import { ArgumentError, DataError } from '../../errors.ts'
import { crossEntropy, mse } from '../../index.ts'
import { closest } from '../../options.ts'
import {
  evaluate,
  type Json,
  type Metric,
  type Metrics,
  meanAbsoluteError,
  meanSquaredError,
  r2,
} from '../../train/index.ts'
import type { Network } from '../models.ts'
import { kindsOf } from '../pairs.ts'
import type { TestReport } from '../result.ts'
import { shell } from '../run-config.ts'
import type { TrainOptions } from '../train-options.ts'
import { divide } from './divide.ts'
import { classMetrics, classReport } from './image.ts'
import type { Job, Rows } from './job.ts'
import { shownRows } from './shown-rows.ts'
import { specOf } from './spec.ts'
import { readTable } from './table-file.ts'

/** Of the rows that are not for the final test, the part that tells when to stop. */
const VALIDATION = 0.2

/** The named column; what else there is where it is not. */
function checkColumn(table: Table, name: string, where: string): void {
  const names = table.columns.map((column) => column.name)
  if (names.includes(name)) return
  const near = closest(name, names)
  throw new ArgumentError(`no such column in ${table.name}`, {
    where,
    expected: listed(names),
    received: JSON.stringify(name),
    ...(near !== undefined && { hint: `Did you mean ${JSON.stringify(near)}?` }),
  })
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 40).map((name) => JSON.stringify(name))
  return `${shown.join(', ')}${names.length > 40 ? ` and ${names.length - 40} more` : ''}`
}

function targetOf(table: Table, { target }: TrainOptions): string {
  const names = table.columns.map(({ name }) => name)
  if (target === undefined)
    throw new ArgumentError('no column was named that is to be predicted', {
      where: '--target',
      expected: listed(names),
      hint: `Such as --target ${shell(names.at(-1) as string)}.`,
    })
  checkColumn(table, target, '--target')
  return target
}

/** The rows that have a target, and how many do not. */
function withTarget(table: Table, target: string): { table: Table; missing: number } {
  const column = columnOf(table, target)
  const has = (row: number): boolean =>
    column.kind === 'number' ? !Number.isNaN(column.values[row]) : (column.codes[row] as number) >= 0
  const rows = Array.from({ length: table.rows }, (_, row) => row).filter(has)
  if (rows.length === 0)
    throw new DataError(`the target, column ${JSON.stringify(target)}, has no values`, { where: table.name })
  return { table: rows.length === table.rows ? table : takeRows(table, rows), missing: table.rows - rows.length }
}

/** A text of a column of categories that are numbers otherwise: perhaps it means a missing value. */
function oddOne(table: Table, name: string): string | undefined {
  const column = columnOf(table, name)
  if (column.kind === 'number') return undefined
  const odd = column.categories.filter((text) => !isNumber(text))
  return odd.length < column.categories.length / 2 ? odd[0] : undefined
}

export const numberMetrics: Readonly<Record<'mse' | 'mae' | 'r2', Metric>> = {
  mse: meanSquaredError(),
  mae: meanAbsoluteError(),
  r2: r2(),
}

/** What a network is worth on rows of a table. */
export async function tableReport(model: Network, rows: Rows, { target }: TablePreprocessor): Promise<TestReport> {
  if (target.kind === 'classes') return classReport(model, rows, target.classes)
  const { loss, metrics } = await evaluate(model, rows, { loss: mse, metrics: numberMetrics })
  return {
    kind: 'number',
    rows: rows.size,
    loss,
    rmse: Math.sqrt(metrics.mse) * target.deviation,
    mae: metrics.mae * target.deviation,
    r2: metrics.r2,
    column: target.name,
  }
}

export async function tableJob(options: TrainOptions): Promise<Job> {
  const path = options.data as string
  const missingTexts = [...MISSING, ...options.missing]
  const types = kindsOf(options.types)
  const all = await readTable(path, { types, missing: missingTexts, typesFlag: true })
  for (const name of Object.keys(types)) checkColumn(all, name, '--types')
  for (const name of options.ignore) checkColumn(all, name, '--ignore')
  const target = targetOf(all, options)
  const { table, missing } = withTarget(all, target)
  const { ignore, holdOut, seed, batch } = options
  const settings = { target, targetKind: options.task, ignore, missing: missingTexts }
  const learn = (rows: Table): TablePreprocessor => TablePreprocessor.fit(rows, settings)
  const stratify = learn(table).target.kind === 'classes' ? target : undefined
  const outer = divide(table, holdOut, seed, stratify)
  const inner = divide(outer.train, VALIDATION, seed, stratify)
  const preprocessor = learn(inner.train)
  const [train, watched, test] = [inner.train, inner.test, outer.test].map((rows) => preprocessor.transform(rows)) as [
    Rows,
    Rows,
    Rows,
  ]
  const classes = preprocessor.target.kind === 'classes' ? preprocessor.target.classes : undefined
  const metrics: Metrics = classes === undefined ? numberMetrics : classMetrics
  const notices = preprocessor.dropped.map(
    ({ name, reason }) => `Column ${JSON.stringify(name)} is left out: ${reason}.`,
  )
  for (const { name, kind } of preprocessor.features) {
    const odd = kind === 'category' && types[name] === undefined ? oddOne(table, name) : undefined
    if (odd !== undefined)
      notices.push(
        `Column ${JSON.stringify(name)} is taken for categories, as ${JSON.stringify(odd)} is no number (--missing ${shell(odd)}, --types ${shell(name)}:category).`,
      )
  }
  if (missing > 0) notices.push(`${missing} ${missing === 1 ? 'row has' : 'rows have'} no target and are left out.`)
  const about = classes === undefined ? `a number, ${target}` : `${classes.length} classes of ${target}`
  return {
    data: {
      name: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
      trainSamples: train.size,
      validationSamples: watched.size,
      testSamples: test.size,
      sampleShape: train.columns.x.shape,
      unit: 'rows',
      classes,
      about: `${preprocessor.features.length} columns as ${preprocessor.width} inputs, ${about}`,
    },
    spec: specOf(options, preprocessor),
    preprocessing: preprocessor.toJSON() as unknown as Json,
    train,
    watched,
    stepsPerEpoch: Math.ceil(train.size / batch),
    batch,
    loss: classes === undefined ? mse : crossEntropy,
    metrics,
    patience: options.patience,
    notices,
    test: (model) => tableReport(model, test, preprocessor),
    shown: (model) => shownRows(model, outer.test, preprocessor),
  }
}
