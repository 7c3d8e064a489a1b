import type { Attrs, RefTensor } from '../reference/index.ts'
import { type Difference, gruGrad, lstmGrad, rnnGrad } from '../reference/recurrent.ts'
import { type Bound, DENORMAL, U } from './rounding-basis.ts'

// Bounds of recurrent layers. Forward: the error of each step from that of the step before, through the slopes that the
// reference had there (running error analysis). Backward: the passes are linear in dy, so their bound is the same
// pass over magnitudes.

interface Step {
  /** Index of the row's first unit among the states, and of its first gate. */
  readonly at: number
  readonly wide: number
  /** Where the state before is; undefined for the first step. */
  readonly before: number | undefined
  /** Error of the product with the state, and the product's magnitude, for each gate. */
  readonly product: (gate: number) => { error: number; size: number }
}

/** Visits all rows of all steps in the order of the recurrence; `errors` are those of the states so far. */
function steps(
  [x, w, h0]: readonly [RefTensor, RefTensor, RefTensor],
  attrs: Attrs,
  y: RefTensor,
  errors: Float64Array,
  visit: (step: Step) => void,
): void {
  const [count, rows] = x.shape as [number, number]
  const [n, wide] = w.shape as [number, number]
  const k = Math.min(n, 4 + 2 * Math.sqrt(n)) + 3
  for (let s = 0; s < count; s++) {
    const t = attrs['reverse'] === true ? count - 1 - s : s
    const previous = s === 0 ? undefined : attrs['reverse'] === true ? t + 1 : t - 1
    for (let r = 0; r < rows; r++) {
      const before = previous === undefined ? undefined : (previous * rows + r) * n
      const product = (gate: number): { error: number; size: number } => {
        let [error, size] = [0, 0]
        for (let j = 0; j < n; j++) {
          const weight = Math.abs(w.data[j * wide + gate] as number)
          const state = before === undefined ? h0.data[r * n + j] : y.data[before + j]
          size += weight * Math.abs(state as number)
          error += weight * (before === undefined ? 0 : (errors[before + j] as number))
        }
        return { error: error + k * U * size, size }
      }
      visit({ at: (t * rows + r) * n, wide: (t * rows + r) * wide, before, product })
    }
  }
}

type Three = readonly [RefTensor, RefTensor, RefTensor]

export const rnn: Bound = (inputs, attrs, [y]) => {
  const [x, w] = inputs as Three
  const n = w.shape[0] as number
  const errors = new Float64Array(y!.data.length)
  steps(inputs as Three, attrs, y!, errors, ({ at, product }) => {
    for (let j = 0; j < n; j++) {
      const { error, size } = product(j)
      const e = error + 2 * U * (Math.abs(x.data[at + j] as number) + size)
      const h = y!.data[at + j] as number
      const slope = attrs['activation'] === 'relu' ? 1 : 1 - h * h + 2 * e
      errors[at + j] = slope * e + 4 * U * Math.abs(h) + DENORMAL
    }
  })
  return [errors]
}

const logistic = (a: number, e: number): number => (a * (1 - a) + e) * e + 4 * U * a + DENORMAL
const tangent = (a: number, e: number): number => (1 - a * a + 2 * e) * e + 4 * U * Math.abs(a) + DENORMAL

export const lstm: Bound = (inputs, attrs, [y, c, gates]) => {
  const [x, w, , c0] = inputs as [RefTensor, RefTensor, RefTensor, RefTensor]
  const n = w.shape[0] as number
  const rows = x.shape[1] as number
  const errors = new Float64Array(y!.data.length)
  const cells = new Float64Array(c!.data.length)
  const ofGates = new Float64Array(gates!.data.length)
  steps(inputs as unknown as Three, attrs, y!, errors, ({ at, wide, before, product }) => {
    for (let j = 0; j < 4 * n; j++) {
      const { error, size } = product(j)
      const e = error + 2 * U * (Math.abs(x.data[wide + j] as number) + size)
      const a = gates!.data[wide + j] as number
      ofGates[wide + j] = Math.floor(j / n) === 2 ? tangent(a, e) : logistic(a, e)
    }
    for (let j = 0; j < n; j++) {
      const a = [0, 1, 2, 3].map((g) => Math.abs(gates!.data[wide + g * n + j] as number)) as [
        number,
        number,
        number,
        number,
      ]
      const e = [0, 1, 2, 3].map((g) => ofGates[wide + g * n + j] as number) as [number, number, number, number]
      const row = (at / n) % rows
      const old = Math.abs((before === undefined ? c0.data[row * n + j] : c!.data[before + j]) as number)
      const oldError = before === undefined ? 0 : (cells[before + j] as number)
      const cell =
        e[1] * old + (a[1] + e[1]) * oldError + e[0] * a[2] + (a[0] + e[0]) * e[2] + 3 * U * (a[1] * old + a[0] * a[2])
      cells[at + j] = cell + DENORMAL
      const th = Math.abs(Math.tanh(c!.data[at + j] as number))
      errors[at + j] = e[3] * th + (a[3] + e[3]) * tangent(th, cell) + 2 * U * a[3] * th + DENORMAL
    }
  })
  return [errors, cells, ofGates]
}

export const gru: Bound = (inputs, attrs, [y, gates]) => {
  const [x, w, h0, bias] = inputs as [RefTensor, RefTensor, RefTensor, RefTensor]
  const n = w.shape[0] as number
  const rows = x.shape[1] as number
  const errors = new Float64Array(y!.data.length)
  const ofGates = new Float64Array(gates!.data.length)
  steps(inputs as unknown as Three, attrs, y!, errors, ({ at, wide, before, product }) => {
    for (let j = 0; j < n; j++) {
      const to = 4 * at + j
      const [r, z, fresh, u] = [0, 1, 2, 3].map((g) => Math.abs(gates!.data[to + g * n] as number)) as [
        number,
        number,
        number,
        number,
      ]
      const e = [0, 1, 2].map((g) => {
        const { error, size } = product(g * n + j)
        return error + 2 * U * (size + Math.abs(bias.data[g * n + j] as number))
      }) as [number, number, number]
      const own = [0, 1, 2].map((g) => Math.abs(x.data[wide + g * n + j] as number)) as [number, number, number]
      const er = logistic(r, e[0] + 2 * U * (own[0] + product(j).size + Math.abs(bias.data[j] as number)))
      const ez = logistic(z, e[1] + 2 * U * (own[1] + product(n + j).size + Math.abs(bias.data[n + j] as number)))
      const inner = e[2] * (r + er) + er * u + 3 * U * (own[2] + r * u)
      const en = tangent(fresh, inner)
      ofGates.set([er], to)
      ofGates.set([ez], to + n)
      ofGates.set([en], to + 2 * n)
      ofGates.set([e[2] + DENORMAL], to + 3 * n)
      const row = (at / n) % rows
      const old = Math.abs((before === undefined ? h0.data[row * n + j] : y!.data[before + j]) as number)
      const oldError = before === undefined ? 0 : (errors[before + j] as number)
      errors[at + j] = (ez + U) * (fresh + old) + en + (z + ez) * oldError + 4 * U * (fresh + z * old) + DENORMAL
    }
  })
  return [errors, ofGates]
}

type Pass = (inputs: readonly RefTensor[], attrs: Attrs, less: Difference) => readonly RefTensor[]

/** Each step adds a product over all gates and about 16 roundings, some of them of small differences from 1. */
const backward =
  (pass: Pass): Bound =>
  (inputs, attrs, outputs) => {
    const [count, rows] = inputs[0]!.shape as [number, number]
    const wide = inputs[1]!.shape[1] as number
    const k = count * (Math.min(wide, 4 + 2 * Math.sqrt(wide)) + 32) + 2 * Math.sqrt(count * rows) + 4
    const sizes = pass(
      inputs.map(({ shape, data }) => ({ shape, data: data.map(Math.abs) })),
      attrs,
      (a, b) => a + b,
    )
    return outputs.map((_, i) => sizes[i]!.data.map((v) => k * U * v + DENORMAL))
  }

export const rnnBackward: Bound = backward(rnnGrad)
export const lstmBackward: Bound = backward(lstmGrad)
export const gruBackward: Bound = backward(gruGrad)
