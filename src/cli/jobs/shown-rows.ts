import type { TablePreprocessor } from '../../data/preprocess.ts'
import { columnOf, type Table, type TableColumn, takeRows } from '../../data/table.ts'
import { predict } from '../../train/index.ts'
import { softmax } from '../beliefs.ts'
import { integer, percent, short } from '../format.ts'
import type { Network } from '../models.ts'
import type { ReportCard, RowsCard } from '../report/run-report.ts'

/** Test rows that are looked at, and shown as a table. */
const MOST_POINTS = 500
const MOST_ROWS = 20
/** Columns of the table beside the target. */
const MOST_COLUMNS = 8

/** Cards of some test rows: what is in them, what their target is, and what the network says. */
export async function shownRows(
  model: Network,
  test: Table,
  preprocessor: TablePreprocessor,
): Promise<readonly ReportCard[]> {
  const count = Math.min(test.rows, MOST_POINTS)
  const table = takeRows(
    test,
    Int32Array.from({ length: count }, (_, row) => row),
  )
  const { data } = await predict(model, preprocessor.inputs(table))
  const { target, features, outputs } = preprocessor
  const answers = preprocessor.predictions(data)
  const truth = columnOf(table, target.name)
  const names = features.slice(0, MOST_COLUMNS).map(({ name }) => name)
  const columns = names.map((name) => columnOf(table, name))
  const rest = features.length - names.length
  const shown = Array.from({ length: Math.min(count, MOST_ROWS) }, (_, row): RowsCard['rows'][number] => {
    const cells = columns.map((column) => cellOf(column, row))
    const actual = cellOf(truth, row)
    if (target.kind === 'number') {
      const [answer, value] = [answers[row] as number, numberAt(truth, row)]
      return { cells: [...cells, actual, short(answer, 6), short(answer - value)] }
    }
    const said = String(answers[row])
    const beliefs = softmax((data as Float32Array).subarray(row * outputs, (row + 1) * outputs))
    const sure = percent(Math.max(...beliefs), 0)
    return { cells: [...cells, actual, said, sure], wrong: said !== actual }
  })
  const head = [...names, target.name, 'predicted', target.kind === 'number' ? 'error' : 'confidence']
  const note = `${integer(shown.length)} of ${integer(test.rows)} test rows${rest > 0 ? `, without ${rest} more columns` : ''}`
  const rows: RowsCard = { kind: 'rows', title: 'Sample predictions', note, head, rows: shown }
  if (target.kind === 'classes') return [rows]
  const points: ReportCard = {
    kind: 'scatter',
    title: 'Predicted and true',
    note: `${integer(count)} test rows; right is on the line`,
    xLabel: `true ${target.name}`,
    yLabel: 'predicted',
    x: Array.from({ length: count }, (_, row) => numberAt(truth, row)),
    y: answers as number[],
  }
  return [points, rows]
}

const numberAt = (column: TableColumn, row: number): number =>
  column.kind === 'number' ? (column.values[row] as number) : Number(column.categories[column.codes[row] as number])

function cellOf(column: TableColumn, row: number): string {
  if (column.kind === 'category') return column.categories[column.codes[row] as number] ?? '-'
  const value = column.values[row] as number
  return Number.isNaN(value) ? '-' : String(Number(value.toPrecision(7)))
}
