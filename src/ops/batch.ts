import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { sizeOf } from '../program/graph.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import type { Tensor } from './tensor.ts'
import { accept, checkVariables, updateOps } from './update.ts'
import type { Variable } from './variable.ts'

// Batches inside a captured step: a cursor in memory says which one is next.

export const batchOps: OpTable<'fetchRows' | 'fetchSlot'> = {
  fetchRows: defineOp({
    name: 'fetchRows',
    doc: 'The rows of the next batch: rows of x picked by an order of rows, at a cursor. Inputs x [n, ..], order int32 [batches * rows], cursor int32 [2].',
    formula: 'y[r] = x[order[(cursor mod batches) rows + r]]',
    gradient: 'piecewise constant',
    infer([x, order, cursor], attrs) {
      checkTypes('fetchRows', order === undefined || cursor === undefined ? [] : [order, cursor], 'int32')
      const rows = attr<number>(attrs, 'rows')
      const first = attr<number>(attrs, 'first')
      const batches = attr<number>(attrs, 'batches')
      if ((order?.shape[0] ?? 0) < first + rows * batches)
        throw new ShapeError('the order of rows is too short', {
          where: 'fetchRows',
          expected: `${first + rows * batches} indices for ${batches} batches of ${rows}`,
          received: shapeText(order?.shape ?? []),
        })
      return [{ shape: [rows, ...(x?.shape.slice(1) ?? [])], dtype: x?.dtype ?? 'float32' }]
    },
    lower({ inputs: [x, order, cursor], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || order === undefined || cursor === undefined || y === undefined) return
      const words = sizeOf(shapes[0]?.slice(1) ?? [])
      const index = { ...order, offset: order.offset + attr<number>(attrs, 'first') * 4 }
      emit('fetchRows', { x, index, y, cursor, batches: attr(attrs, 'batches'), rows: attr(attrs, 'rows'), words })
    },
  }),
  fetchSlot: defineOp({
    name: 'fetchSlot',
    doc: 'The next slot of a ring of batches. Inputs ring [slots, ..], cursor int32 [2].',
    formula: 'y = ring[cursor mod slots]',
    gradient: 'piecewise constant',
    infer: ([ring]) => [{ shape: ring?.shape.slice(1) ?? [], dtype: ring?.dtype ?? 'float32' }],
    lower({ inputs: [ring, cursor], outputs: [y], shapes, emit }) {
      if (ring === undefined || cursor === undefined || y === undefined) return
      emit('fetchSlot', { ring, y, cursor, slots: shapes[0]?.[0] ?? 1, bytes: y.bytes })
    },
  }),
}

export interface RowsOptions {
  /** Rows in a batch. */
  readonly rows: number
  /** Batches before the cursor starts over. */
  readonly batches: number
  /** Position in the order at which batch 0 starts (default 0). */
  readonly first?: number
}

/** The next batch of rows of x, in an order, at a cursor; `advanceCursor` moves on. */
export function fetchRows(x: Tensor, order: Tensor, cursor: Tensor, options: RowsOptions): Tensor {
  const { rows, batches, first = 0 } = known('fetchRows', options, 'rows batches first')
  return apply(batchOps.fetchRows, [x, order, cursor], { rows, batches, first })
}

/** The next slot of a ring [slots, ..] of batches. */
export const fetchSlot = (ring: Tensor, cursor: Tensor): Tensor => apply(batchOps.fetchSlot, [ring, cursor])

/** Moves a cursor (int32 [2], a 64-bit counter) on. */
export function advanceCursor(cursor: Variable, by = 1): void {
  checkVariables('advanceCursor', cursor)
  accept([cursor], [apply(updateOps.advance, [cursor], { by, word: 0 })])
}
