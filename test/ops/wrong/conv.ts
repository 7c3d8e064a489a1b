import { type OpName, tensor } from '../../../src/index.ts'
import * as f from '../../../src/ops/functions.ts'
import { type Anything, type Call, notFloats, row } from './calls.ts'

const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)

const images = () => zeros(2, 3, 4, 5)
const filters = () => zeros(6, 3, 3, 3)

/** Images and filters that no convolution takes. */
const pairs = (call: (x: Anything, w: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, filters())),
  ...notFloats((w) => call(images(), w)),
  ['images with three axes', () => call(zeros(3, 4, 5), filters())],
  ['filters with three axes', () => call(images(), zeros(6, 3, 3))],
  ['channels that differ', () => call(images(), zeros(6, 2, 3, 3))],
  ['no filters', () => call(images(), zeros(0, 3, 3, 3))],
  ['a filter larger than the image', () => call(images(), zeros(6, 3, 5, 3))],
]

const options = (call: (options: Anything) => unknown): Call[] => [
  ['a stride of 0', () => call({ stride: 0 })],
  ['half a stride', () => call({ stride: [1, 1.5] })],
  ['three strides', () => call({ stride: [1, 1, 1] })],
  ['a negative padding', () => call({ padding: -1 })],
  ['an unknown padding', () => call({ padding: 'full' })],
  ["a stride with padding 'same'", () => call({ padding: 'same', stride: 2 })],
  ['a dilation of 0', () => call({ dilation: 0 })],
  ['a dilation that leaves nothing', () => call({ dilation: 9 })],
  ['no groups', () => call({ groups: 0 })],
  ['groups that do not divide', () => call({ groups: 2 })],
]

export const conv2d = (): Call[] => [
  ...pairs(f.conv2d),
  ...options((o) => f.conv2d(images(), filters(), undefined, o)),
  ['a bias for other filters', () => f.conv2d(images(), filters(), zeros(5))],
  ['a bias with two axes', () => f.conv2d(images(), filters(), zeros(6, 1))],
  ['a bias that is a number', () => f.conv2d(images(), filters(), 1 as Anything)],
]

export const convTranspose2d = (): Call[] => [
  ...notFloats((x) => f.convTranspose2d(x, filters())),
  ...notFloats((w) => f.convTranspose2d(images(), w)),
  ['channels that differ', () => f.convTranspose2d(images(), filters())],
  ['images with three axes', () => f.convTranspose2d(zeros(3, 4, 5), filters())],
  [
    'an output padding as large as the stride',
    () => f.convTranspose2d(images(), zeros(3, 2, 3, 3), undefined, { outputPadding: 1 }),
  ],
  ['padding that leaves nothing', () => f.convTranspose2d(images(), zeros(3, 2, 3, 3), undefined, { padding: 9 })],
  ['a bias for other filters', () => f.convTranspose2d(images(), zeros(3, 2, 3, 3), zeros(3))],
]

const ATTRS = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 0 }

export const byRow = (name: OpName): Call[] => {
  if (name === 'fusedConv2d') return pairs(row(name, ATTRS))
  const inputs = name === 'conv2dInputGrad'
  const call = row(name, { ...ATTRS, shape: inputs ? [2, 3, 4, 5] : [6, 3, 3, 3] })
  const other = inputs ? filters : images
  const order = (dy: Anything, second: Anything) => (inputs ? call(dy, second) : call(second, dy))
  return [
    ...notFloats((dy) => order(dy, other())),
    ...notFloats((second) => order(zeros(2, 6, 2, 3), second)),
    ['a gradient of another size', () => order(zeros(2, 6, 2, 2), other())],
    ['a gradient with three axes', () => order(zeros(6, 2, 3), other())],
  ]
}
