import { ERROR_INDEX } from '../../src/abi/constants'
import { maxRow, sumRow } from '../reduce/row'
import { log64 } from '../simd/math'
import { report } from '../vm/control'
import { shareBegin, shareEnd } from '../vm/partition'
import { expRow } from './row'
import { affine, rowGrain } from './softmax'

/**
 * loss[r] = log(sum(e^(x - max))) - (1 - s) (x[label] - max) - s (mean(x) - max), in f64 from the sums on. A label
 * equal to `ignore` and one outside the row, which is reported, give loss 0 and kept 0. Split by rows.
 */
export function crossEntropy(
  x: usize,
  labels: usize,
  loss: usize,
  kept: usize,
  rows: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  const s = <f64>smoothing
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    const word = (<usize>r) << 2
    const label = load<i32>(labels + word)
    const outside = <u32>label >= n
    const skip = outside || label == ignore
    if (outside && label != ignore) report(ERROR_INDEX, pc, r, label)
    let value: f64 = 0
    if (!skip) {
      const row = x + ((<usize>r * n) << 2)
      const max = maxRow(row, n)
      value = log64(expRow(row, 0, n, max)) - (1 - s) * (<f64>load<f32>(row + ((<usize>label) << 2)) - max)
      // not 0 * mean: a row may hold -Infinity
      if (s != 0) value -= s * (sumRow(row, n) / <f64>n - max)
    }
    store<f32>(loss + word, <f32>value)
    if (kept != 0) store<f32>(kept + word, skip ? 0 : 1)
  }
}

/**
 * dx[r] = dloss (e^(x - max) / sum - s / n), less dloss (1 - s) at the label. There the difference is taken in f64, as
 * it is small where the row is already right. Rows without a valid label get 0. Split by rows.
 */
export function crossEntropyGrad(
  x: usize,
  labels: usize,
  dloss: usize,
  dx: usize,
  rows: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
  dlossStep: u32,
  part: u32,
  parts: u32,
): void {
  const s = <f64>smoothing
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    const label = load<i32>(labels + ((<usize>r) << 2))
    const to = dx + ((<usize>r * n) << 2)
    if (<u32>label >= n || label == ignore) {
      memory.fill(to, 0, (<usize>n) << 2)
      continue
    }
    const row = x + ((<usize>r * n) << 2)
    const d = <f64>load<f32>(dloss + ((<usize>r * dlossStep) << 2))
    const sum = expRow(row, to, n, maxRow(row, n))
    const hit = to + ((<usize>label) << 2)
    const off = s / <f64>n
    const own = d * (<f64>load<f32>(hit) / sum - off - (1 - s))
    affine(to, to, n, <f32>(d / sum), off == 0 ? 0 : <f32>(d * off))
    store<f32>(hit, <f32>own)
  }
}
