import { number } from './attrs.ts'
import { input, type Reference, type RefTensor, type Rows, sizeOf } from './tensor.ts'

/** The 64-bit counter in the first two int32 words of a tensor. */
function counter(words: RefTensor): number {
  return ((words.data[0] as number) >>> 0) + ((words.data[1] as number) >>> 0) * 2 ** 32
}

/** y[r] = x[order[first + (cursor mod batches) rows + r]] */
const fetchRows: Reference = (inputs, attrs) => {
  const [x, order, cursor] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)]
  const rows = number(attrs, 'rows')
  const from = number(attrs, 'first') + (counter(cursor) % number(attrs, 'batches')) * rows
  const width = sizeOf(x.shape.slice(1))
  const data = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) {
    const at = order.data[from + r] as number
    data.set(x.data.subarray(at * width, (at + 1) * width), r * width)
  }
  return [{ shape: [rows, ...x.shape.slice(1)], data }]
}

/** y = ring[cursor mod slots] */
const fetchSlot: Reference = (inputs) => {
  const ring = input(inputs, 0)
  const [slots, ...shape] = ring.shape as [number, ...number[]]
  const at = (counter(input(inputs, 1)) % slots) * sizeOf(shape)
  return [{ shape, data: ring.data.slice(at, at + sizeOf(shape)) }]
}

/** The counter at `word` plus `by`, all else as it was. */
const advance: Reference = (inputs, attrs) => {
  const words = input(inputs, 0)
  const at = number(attrs, 'word')
  const data = words.data.slice()
  const sum = counter({ shape: [2], data: data.slice(at, at + 2) }) + number(attrs, 'by')
  data[at] = sum | 0
  data[at + 1] = Math.floor(sum / 2 ** 32) | 0
  return [{ shape: words.shape, data }]
}

export const batch: Rows<'fetchRows' | 'fetchSlot' | 'advance'> = { fetchRows, fetchSlot, advance }
