import { type ByteSource, gunzipped } from '../../data/bytes.ts'
import type { CellKind } from '../../data/cells.ts'
import { readCsv } from '../../data/csv.ts'
import { TablePreprocessor } from '../../data/preprocess.ts'
import { columnOf, splitTable, type Table, takeRows } from '../../data/table.ts'
import { ArgumentError, DataError } from '../../errors.ts'
import { crossEntropy, mse } from '../../index.ts'
import { openFile } from '../../io/node-files.ts'
import {
  accuracy,
  confusion,
  evaluate,
  type Json,
  type Metrics,
  meanAbsoluteError,
  meanSquaredError,
  r2,
} from '../../train/index.ts'
import type { TrainOptions } from '../args.ts'
import type { Network } from '../models.ts'
import type { TestReport } from '../result.ts'
import { classReport } from './image.ts'
import type { Job, Rows } from './job.ts'

/** Of the rows that are not for the final test, the part that tells when to stop. */
const VALIDATION = 0.2
/** Classes with fewer rows are all trained on. */
const FEW = 5

/** The table of a file: CSV or TSV, packed or not. */
export async function readTable(path: string, types?: Readonly<Record<string, CellKind>>): Promise<Table> {
  const file = openFile(path)
  const source: ByteSource = path.endsWith('.gz') ? gunzipped(file, path) : file
  return readCsv(source, { name: path, ...(types !== undefined && { types }) })
}

function targetOf(table: Table, { target }: TrainOptions): string {
  const names = table.columns.map(({ name }) => name)
  if (target === undefined)
    throw new ArgumentError('no column was named that is to be predicted', {
      where: '--target',
      expected: names
        .slice(0, 40)
        .map((name) => JSON.stringify(name))
        .join(', '),
      hint: `Such as --target ${names.at(-1)}.`,
    })
  columnOf(table, target)
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

/** Holds out a part of the rows; where there are classes, the same part of each that has enough. */
function divide(table: Table, part: number, seed: number, stratify: string | undefined): { train: Table; test: Table } {
  if (stratify === undefined) return splitTable(table, part, seed)
  const column = columnOf(table, stratify)
  const values: ArrayLike<number> = column.kind === 'number' ? column.values : column.codes
  const counts = new Map<number, number>()
  for (let row = 0; row < table.rows; row++)
    counts.set(values[row] as number, (counts.get(values[row] as number) ?? 0) + 1)
  const rows = Array.from({ length: table.rows }, (_, row) => row)
  const isRare = (row: number): boolean => (counts.get(values[row] as number) as number) < FEW
  const rare = rows.filter(isRare)
  if (rare.length === table.rows) return splitTable(table, part, seed)
  const common =
    rare.length === 0
      ? table
      : takeRows(
          table,
          rows.filter((row) => !isRare(row)),
        )
  const { train, test } = splitTable(common, part, seed, { stratify })
  if (rare.length === 0) return { train, test }
  const places = new Map([...table.at].map((at, row) => [at, row]))
  return { train: takeRows(table, [...[...train.at].map((at) => places.get(at) as number), ...rare]), test }
}

const classMetrics = { accuracy: accuracy(), confusion: confusion() }
const numberMetrics = { mse: meanSquaredError(), mae: meanAbsoluteError(), r2: r2() }

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
  const all = await readTable(path)
  const target = targetOf(all, options)
  const { table, missing } = withTarget(all, target)
  const { ignore, holdOut, seed, hidden, activation, dropout, batch } = options
  const targetKind = options.task
  const learn = (rows: Table): TablePreprocessor => TablePreprocessor.fit(rows, { target, targetKind, ignore })
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
    spec: { kind: 'mlp', sizes: [preprocessor.width, ...hidden, preprocessor.outputs], activation, dropout },
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
  }
}
