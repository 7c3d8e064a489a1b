import { tensor } from '../../../src/index.ts'
import * as f from '../../../src/ops/functions.ts'
import { type Anything, anyNumber, type Call, notFloats, row } from './calls.ts'

const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)

export const layerNorm = (): Call[] => [
  ...notFloats((x) => f.layerNorm(x)),
  ...notFloats((weight) => f.layerNorm(zeros(3, 4), { weight: weight ?? (null as Anything) })),
  ...anyNumber('eps', (eps) => f.layerNorm(zeros(3, 4), { eps })),
  ['a weight for other rows', () => f.layerNorm(zeros(3, 4), { weight: zeros(3) })],
  ['a bias for other rows', () => f.layerNorm(zeros(3, 4), { bias: zeros(3) })],
  ['an empty axis', () => f.layerNorm(zeros(3, 0))],
  ['more axes than there are', () => f.layerNorm(zeros(3, 4), { axes: 3 })],
  ['no axis', () => f.layerNorm(zeros(3, 4), { axes: 0 })],
  ['groups that do not divide', () => f.groupNorm(zeros(2, 6, 4), 4)],
  ['half a group', () => f.groupNorm(zeros(2, 6, 4), 1.5)],
  ['groups of a vector', () => f.groupNorm(zeros(6), 2)],
  ['a weight for other channels', () => f.groupNorm(zeros(2, 6, 4), 2, { weight: zeros(4) })],
]

export const layerNormGrad = (): Call[] => {
  const call = row('layerNormGrad', { eps: 1e-5, centred: true })
  return [
    ...notFloats((dy) => call(dy, zeros(3, 4))),
    ...notFloats((x) => call(zeros(3, 4), x)),
    ['shapes that differ', () => call(zeros(3, 4), zeros(4, 3))],
    ['a weight for other rows', () => call(zeros(3, 4), zeros(3, 4), zeros(3))],
  ]
}
