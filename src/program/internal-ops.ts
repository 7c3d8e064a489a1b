import type { Op, Spec } from './graph.ts'

// Ops that the program layer itself appends: counters that advance and curves that are written, one step at a time.

/** counter += by, a 64-bit word at word `word` of the int32 input. */
export const advance: Op = {
  name: 'advance',
  inPlace: [0],
  infer: ([counter]) => [counter as Spec],
  lower({ inputs: [counter], attrs, emit }) {
    if (counter === undefined) return
    const word = attrs['word'] as number
    emit('advance', {
      counter: { ...counter, offset: counter.offset + 4 * word, bytes: 8 },
      by: attrs['by'] as number,
    })
  },
}

/** curve[cursor mod capacity] = x: inputs x, curve and cursor. */
export const record: Op = {
  name: 'record',
  inPlace: [1],
  infer: ([, curve]) => [curve as Spec],
  lower({ inputs: [x, curve, cursor], shapes, emit }) {
    if (x === undefined || curve === undefined || cursor === undefined) return
    emit('record', { x, curve, cursor, capacity: shapes[1]?.[0] ?? 0 })
  },
}

/** y = x, in memory of its own. */
export const clone: Op = {
  name: 'clone',
  infer: ([x]) => [x as Spec],
  lower({ inputs: [x], outputs: [y], emit }) {
    if (x !== undefined && y !== undefined) emit('copy', { x, y, n: y.bytes / 4 })
  },
}

/** Overwrites input 0 with input 1. */
export const assign: Op = {
  name: 'assign',
  inPlace: [0],
  infer: ([target]) => [target as Spec],
  lower({ inputs: [, x], outputs: [y], emit }) {
    if (x !== undefined && y !== undefined) emit('copy', { x, y, n: y.bytes / 4 })
  },
}
