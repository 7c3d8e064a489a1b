import { tensor } from '../../../src/index.ts'
import * as f from '../../../src/ops/functions.ts'
import { type Anything, type Call, notFloats, row } from './calls.ts'

const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)

export const pool = (call: (x: Anything, kernel: Anything, options?: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, 2)),
  ['images with three axes', () => call(zeros(3, 4, 4), 2)],
  ['a window of 0', () => call(zeros(1, 3, 4, 4), 0)],
  ['half a window', () => call(zeros(1, 3, 4, 4), 1.5)],
  ['a window larger than the image', () => call(zeros(1, 3, 4, 4), 5)],
  ['three sizes', () => call(zeros(1, 3, 4, 4), [2, 2, 2])],
  ['a stride of 0', () => call(zeros(1, 3, 4, 4), 2, { stride: 0 })],
  ['padding of more than half a window', () => call(zeros(1, 3, 4, 4), 3, { padding: 2 })],
  ['a negative padding', () => call(zeros(1, 3, 4, 4), 3, { padding: -1 })],
]

export const average = (): Call[] => [
  ...pool(f.avgPool2d),
  ['global pooling of a matrix', () => f.globalAvgPool2d(zeros(3, 4))],
]

const ATTRS = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceil: false, countIncludePad: true }

export const maxPool2dGrad = (): Call[] => {
  const call = row('maxPool2dGrad', ATTRS)
  return [
    ...notFloats((dy) => call(dy, zeros(1, 1, 4, 4), zeros(1, 1, 2, 2))),
    ...notFloats((x) => call(zeros(1, 1, 2, 2), x, zeros(1, 1, 2, 2))),
    ['a gradient of another size', () => call(zeros(1, 1, 3, 2), zeros(1, 1, 4, 4), zeros(1, 1, 2, 2))],
  ]
}

export const avgPool2dGrad = (): Call[] => {
  const call = row('avgPool2dGrad', { ...ATTRS, shape: [1, 1, 4, 4] })
  return [...notFloats((dy) => call(dy)), ['a gradient of another size', () => call(zeros(1, 1, 3, 2))]]
}
