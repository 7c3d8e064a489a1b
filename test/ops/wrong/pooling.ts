import { type Tensor, tensor } from '../../../src/index.ts'
import * as f from '../../../src/ops/functions.ts'
import { type Anything, type Call, notFloats, type Tools } from './calls.ts'

const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)

const parts = (call: (x: Anything, size: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, 2)),
  ['images with three axes', () => call(zeros(3, 4, 4), 2)],
  ['no parts', () => call(zeros(1, 1, 4, 4), 0)],
  ['half a part', () => call(zeros(1, 1, 4, 4), 1.5)],
  ['three sizes', () => call(zeros(1, 1, 4, 4), [1, 2, 3])],
  ['no pixels', () => call(zeros(1, 1, 0, 4), 2)],
]

const rowParts = (call: (x: Anything, size: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, 2)),
  ['an image', () => call(zeros(1, 1, 4, 4), 2)],
  ['no parts', () => call(zeros(1, 1, 4), 0)],
  ['two sizes', () => call(zeros(1, 1, 4), [1, 2])],
  ['no steps', () => call(zeros(1, 1, 0), 2)],
]

const rows = (call: (x: Anything, kernel: Anything, options?: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, 2)),
  ['an image', () => call(zeros(1, 1, 4, 4), 2)],
  ['two sizes', () => call(zeros(1, 1, 4), [1, 2])],
  ['no window', () => call(zeros(1, 1, 4), 0)],
  ['too wide a window', () => call(zeros(1, 1, 4), 5)],
  ['too much padding', () => call(zeros(1, 1, 4), 2, { padding: 2 })],
  ['no stride', () => call(zeros(1, 1, 4), 2, { stride: 0 })],
]

const volumes = (call: (x: Anything, kernel: Anything, options?: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, 2)),
  ['images', () => call(zeros(1, 2, 3, 4), 2)],
  ['two sizes', () => call(zeros(1, 1, 4, 4, 4), [1, 2])],
  ['too deep a window', () => call(zeros(1, 1, 4, 4, 4), [6, 1, 1])],
  ['no window', () => call(zeros(1, 1, 4, 4, 4), 0)],
  ['too much padding', () => call(zeros(1, 1, 4, 4, 4), 2, { padding: 2 })],
  ['no stride', () => call(zeros(1, 1, 4, 4, 4), 2, { stride: [0, 1, 1] })],
]

type Name =
  | 'adaptiveAvgPool1d'
  | 'adaptiveAvgPool2d'
  | 'adaptiveMaxPool1d'
  | 'adaptiveMaxPool2d'
  | 'avgPool1d'
  | 'avgPool3d'
  | 'categorical'
  | 'conv3d'
  | 'globalMaxPool2d'
  | 'maxPool1d'
  | 'maxPool3d'

export const poolingFunctions = (t: Tools): Readonly<Record<Name, () => readonly Call[]>> => ({
  adaptiveAvgPool1d: () => rowParts(f.adaptiveAvgPool1d),
  adaptiveAvgPool2d: () => parts(f.adaptiveAvgPool2d),
  adaptiveMaxPool1d: () => rowParts(f.adaptiveMaxPool1d),
  adaptiveMaxPool2d: () => parts(f.adaptiveMaxPool2d),
  avgPool1d: () => rows(f.avgPool1d),
  avgPool3d: () => volumes(f.avgPool3d),
  categorical: () => [
    ...notFloats((x) => f.categorical(x)),
    ['no classes', () => f.categorical(zeros(3, 0))],
    ['half a sample', () => f.categorical(t.x, { samples: 0.5 })],
    ['fewer than no samples', () => f.categorical(t.x, { samples: -1 })],
  ],
  conv3d: () => {
    const x = (): Tensor => zeros(1, 2, 4, 4, 4)
    const w = (): Tensor => zeros(3, 2, 2, 2, 2)
    return [
      ...notFloats((v) => f.conv3d(v, w())),
      ...notFloats((v) => f.conv3d(x(), v)),
      ['images', () => f.conv3d(zeros(2, 4, 4, 4), w())],
      ['channels that differ', () => f.conv3d(x(), zeros(3, 1, 2, 2, 2))],
      ['a filter that is too deep', () => f.conv3d(x(), zeros(3, 2, 5, 2, 2))],
      ['two strides', () => f.conv3d(x(), w(), undefined, { stride: [1, 1] as Anything })],
      ['a stride of 0', () => f.conv3d(x(), w(), undefined, { stride: 0 })],
      ['an unknown padding', () => f.conv3d(x(), w(), undefined, { padding: 'full' as Anything })],
      ['same with a stride', () => f.conv3d(x(), w(), undefined, { padding: 'same', stride: [2, 1, 1] })],
      ['a negative padding', () => f.conv3d(x(), w(), undefined, { padding: [-1, 0, 0] })],
      ['a negative side', () => f.conv3d(x(), w(), undefined, { padding: [0, 0, 0, 0, -1, 0] })],
      ['half a side', () => f.conv3d(x(), w(), undefined, { padding: [0, 0.5, 0, 0, 0, 0] })],
      ['four sides', () => f.conv3d(x(), w(), undefined, { padding: [1, 1, 1, 1] as Anything })],
      ['pairs for sides', () => f.conv3d(x(), w(), undefined, { padding: Array(6).fill([1, 1, 1]) as Anything })],
      ['a bias of another length', () => f.conv3d(x(), w(), zeros(2))],
    ]
  },
  globalMaxPool2d: () => [
    ...notFloats((x) => f.globalMaxPool2d(x)),
    ['images with three axes', () => f.globalMaxPool2d(zeros(3, 4, 4))],
    ['no pixels', () => f.globalMaxPool2d(zeros(1, 1, 4, 0))],
  ],
  maxPool1d: () => rows(f.maxPool1d),
  maxPool3d: () => volumes(f.maxPool3d),
})
