import { number } from '../reference/attrs.ts'
import type { Attrs, RefTensor } from '../reference/index.ts'
import { type Bound, DENORMAL, U } from './rounding-basis.ts'

// Bounds of normalization. A row's mean is a rounded sum; the inverse deviation carries the rounding of the squares and
// of the differences from the mean, which count the more the smaller the deviation is beside the values.

interface Row {
  readonly at: number
  readonly n: number
  readonly rstd: number
  /** Error of a difference from the mean, in U; and the relative error of rstd, in U. */
  readonly shift: number
  readonly relative: number
  readonly xhat: (j: number) => number
}

function* rows(x: RefTensor, attrs: Attrs): Generator<Row> {
  const n = x.shape.at(-1) as number
  const walk = Math.min(n, 4 + 2 * Math.sqrt(n))
  const mean = (f: (v: number) => number, at: number): number =>
    x.data.subarray(at, at + n).reduce((sum, v) => sum + f(v), 0) / n
  for (let at = 0; at < x.data.length; at += n) {
    const m = attrs['centred'] === true ? mean((v) => v, at) : 0
    const rstd = 1 / Math.sqrt(mean((v) => (v - m) ** 2, at) + number(attrs, 'eps'))
    const size = mean(Math.abs, at)
    const shift = attrs['centred'] === true ? 2 * Math.abs(m) + size : 0
    const relative = walk + 4 + 2 * shift * rstd
    yield { at, n, rstd, shift, relative, xhat: (j) => ((x.data[at + j] as number) - m) * rstd }
  }
}

export const layerNorm: Bound = (inputs, attrs, [y]) => {
  const bound = new Float64Array(y!.data.length)
  const [x, w, b] = inputs
  for (const { at, n, rstd, shift, relative, xhat } of rows(x!, attrs))
    for (let j = 0; j < n; j++) {
      const scaled = Math.abs(xhat(j)) * (relative + 4) + shift * rstd
      const weight = Math.abs(w?.data[j] ?? 1)
      bound[at + j] = (scaled * weight + Math.abs(b?.data[j] ?? 0) + Math.abs(y!.data[at + j] as number)) * U + DENORMAL
    }
  return [bound]
}

export const layerNormGrad: Bound = (inputs, attrs, [dx]) => {
  const bound = new Float64Array(dx!.data.length)
  const [dy, x, w] = inputs
  for (const { at, n, rstd, shift, relative, xhat } of rows(x!, attrs)) {
    const g = Array.from({ length: n }, (_, j) => Math.abs((dy!.data[at + j] as number) * (w?.data[j] ?? 1)))
    const mean = (f: (v: number, j: number) => number): number => g.reduce((sum, v, j) => sum + f(v, j), 0) / n
    const offset = attrs['centred'] === true ? mean((v) => v) : 0
    const slope = mean((v, j) => v * Math.abs(xhat(j)))
    for (let j = 0; j < n; j++) {
      const turned = Math.abs(xhat(j)) * slope
      const moved = shift * rstd * (slope + Math.abs(xhat(j)) * offset)
      bound[at + j] = rstd * (2 * relative + 8) * (g[j]! + offset + turned) * U + rstd * moved * 2 * U + DENORMAL
    }
  }
  return [bound]
}
