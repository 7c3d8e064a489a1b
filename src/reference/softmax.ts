import { IndexError } from '../errors.ts'
import { number } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, zeros } from './tensor.ts'

/** y's rows along the last axis = f(the rows of each operand). */
function byRow(f: (...rows: Float64Array[]) => ArrayLike<number>): Reference {
  return (inputs) => {
    const x = input(inputs, 0)
    const n = x.shape.at(-1) ?? 1
    const y = zeros(x.shape)
    for (let at = 0; at < x.data.length; at += n) y.data.set(f(...inputs.map((t) => t.data.subarray(at, at + n))), at)
    return [y]
  }
}

const total = (row: Float64Array): number => row.reduce((sum, v) => sum + v, 0)
/** NaN if any is. */
const largest = (row: Float64Array): number => row.reduce((a, b) => Math.max(a, b), -Infinity)

function logSoftmaxRow(x: Float64Array): Float64Array {
  const max = largest(x)
  const log = Math.log(total(x.map((v) => Math.exp(v - max))))
  return x.map((v) => v - max - log)
}

function softmaxRow(x: Float64Array): Float64Array {
  const max = largest(x)
  const e = x.map((v) => Math.exp(v - max))
  const sum = total(e)
  return e.map((v) => v / sum)
}

interface Row {
  /** The number of the row, its logits and its label; null where the label is ignored. */
  readonly r: number
  readonly x: Float64Array
  readonly label: number | null
}

function* labelled(inputs: readonly RefTensor[], attrs: Attrs): Generator<Row> {
  const x = input(inputs, 0)
  const labels = input(inputs, 1)
  const n = x.shape[1] as number
  const ignored = attrs['ignoreIndex'] ?? null
  for (let r = 0; r < labels.data.length; r++) {
    const label = labels.data[r] as number
    if (label !== ignored && !(label >= 0 && label < n)) {
      throw new IndexError('label out of range', { expected: `0 to ${n - 1}`, received: `${label} at row ${r}` })
    }
    yield { r, x: x.data.subarray(r * n, (r + 1) * n), label: label === ignored ? null : label }
  }
}

/** The target distribution: 1 - s on the label, and s spread evenly over all classes. */
function target(label: number, n: number, smoothing: number): Float64Array {
  return Float64Array.from({ length: n }, (_, j) => smoothing / n + (j === label ? 1 - smoothing : 0))
}

/** loss[r] = -sum over j of target[j] logSoftmax(x[r])[j]; kept[r] = 0 where the label is ignored. */
const crossEntropy: Reference = (inputs, attrs) => {
  const rows = input(inputs, 1).shape
  const loss = zeros(rows)
  const kept = zeros(rows)
  for (const { r, x, label } of labelled(inputs, attrs)) {
    if (label === null) continue
    const t = target(label, x.length, number(attrs, 'smoothing'))
    // 0 * -Infinity is no contribution, as in the formula of the kernel, which never multiplies by a zero target
    loss.data[r] = -logSoftmaxRow(x).reduce((sum, v, j) => (t[j] === 0 ? sum : sum + v * (t[j] as number)), 0)
    kept.data[r] = 1
  }
  return [loss, kept]
}

/** dx[r] = dloss[r] (softmax(x[r]) - target). */
const crossEntropyGrad: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const dloss = input(inputs, 2)
  const dx = zeros(x.shape)
  for (const row of labelled(inputs, attrs)) {
    if (row.label === null) continue
    const n = row.x.length
    const t = target(row.label, n, number(attrs, 'smoothing'))
    const dy = dloss.data[dloss.data.length === 1 ? 0 : row.r] as number
    softmaxRow(row.x).forEach((p, j) => {
      dx.data[row.r * n + j] = dy * (p - (t[j] as number))
    })
  }
  return [dx]
}

export const softmax: Rows<
  'softmax' | 'logSoftmax' | 'softmaxGrad' | 'logSoftmaxGrad' | 'crossEntropy' | 'crossEntropyGrad'
> = {
  softmax: byRow(softmaxRow),
  logSoftmax: byRow(logSoftmaxRow),
  softmaxGrad: byRow((dy, y) => {
    const dot = dy!.reduce((sum, v, j) => sum + v * (y![j] as number), 0)
    return dy!.map((v, j) => (y![j] as number) * (v - dot))
  }),
  logSoftmaxGrad: byRow((dy, y) => {
    const sum = total(dy!)
    return dy!.map((v, j) => v - Math.exp(y![j] as number) * sum)
  }),
  crossEntropy,
  crossEntropyGrad,
}
