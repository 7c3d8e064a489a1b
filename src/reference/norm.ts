import { number } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, zeros } from './tensor.ts'

interface Row {
  readonly at: number
  readonly rstd: number
  readonly xhat: Float64Array
}

const mean = (row: Float64Array): number => row.reduce((sum, v) => sum + v, 0) / row.length

function* rows(x: RefTensor, attrs: Attrs): Generator<Row> {
  const n = x.shape.at(-1) ?? 1
  for (let at = 0; at < x.data.length; at += n) {
    const row = x.data.subarray(at, at + n)
    const m = attrs['centred'] === true ? mean(row) : 0
    const rstd = 1 / Math.sqrt(mean(row.map((v) => (v - m) ** 2)) + number(attrs, 'eps'))
    yield { at, rstd, xhat: row.map((v) => (v - m) * rstd) }
  }
}

const layerNorm: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const y = zeros(x.shape)
  const [, w, b] = inputs
  for (const { at, xhat } of rows(x, attrs))
    xhat.forEach((v, j) => {
      y.data[at + j] = v * (w?.data[j] ?? 1) + (b?.data[j] ?? 0)
    })
  return [y]
}

const layerNormGrad: Reference = (inputs, attrs) => {
  const [dy, x] = [input(inputs, 0), input(inputs, 1)]
  const dx = zeros(x.shape)
  for (const { at, rstd, xhat } of rows(x, attrs)) {
    const g = xhat.map((_, j) => (dy.data[at + j] as number) * (inputs[2]?.data[j] ?? 1))
    const offset = attrs['centred'] === true ? mean(g) : 0
    const slope = mean(g.map((v, j) => v * (xhat[j] as number)))
    g.forEach((v, j) => {
      dx.data[at + j] = rstd * (v - offset - (xhat[j] as number) * slope)
    })
  }
  return [dx]
}

export const norm: Rows<'layerNorm' | 'layerNormGrad'> = { layerNorm, layerNormGrad }
