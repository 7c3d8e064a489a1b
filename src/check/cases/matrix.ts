import { ACT_NONE, ACT_RELU } from '../../abi/constants.ts'
import type { batchOps } from '../../ops/batch.ts'
import type { lossOps } from '../../ops/loss.ts'
import type { scalarOps } from '../../ops/scalar.ts'
import type { softmaxOps } from '../../ops/softmax.ts'
import type { updateOps } from '../../ops/update.ts'
import type { Shape } from '../../program/graph.ts'
import { type Cases, indices, type OpCase, whole, word, x } from './types.ts'

interface Transposed {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const BOTH = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))

const flip = (shape: Shape, swap: boolean): Shape =>
  swap ? [...shape.slice(0, -2), shape.at(-1) as number, shape.at(-2) as number] : shape

function product(m: number, k: number, n: number, { transposeA, transposeB }: Transposed): readonly [Shape, Shape] {
  return [flip([m, k], transposeA), flip([k, n], transposeB)]
}

const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 7, 5],
  [5, 1, 3],
  [3, 5, 1],
  [3, 4, 0],
  [0, 4, 3],
  [3, 0, 4],
  [6, 8, 8],
  [7, 9, 17],
  [13, 31, 16],
  [33, 65, 31],
]

const BATCHES: readonly (readonly [Shape, Shape])[] = [
  [
    [3, 4, 5],
    [3, 5, 6],
  ],
  [
    [3, 4, 5],
    [5, 6],
  ],
  [
    [4, 5],
    [2, 5, 3],
  ],
  [
    [2, 1, 3, 4],
    [5, 4, 2],
  ],
  [
    [0, 3, 4],
    [0, 4, 2],
  ],
]

function rowCases(operands: 1 | 2): readonly OpCase[] {
  const shapes: readonly Shape[] = [[1], [5], [3, 1], [5, 10], [7, 17], [2, 3, 129], [0, 5], [3, 0], [64, 1003]]
  return shapes.map((shape) => ({ inputs: operands === 1 ? [x(shape)] : [x(shape), x(shape, 'unit')] }))
}

const LABELLED: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 5],
  [5, 10],
  [17, 33],
  [0, 4],
  [300, 101],
]

const TARGETS: readonly { readonly ignoreIndex: number | null; readonly smoothing: number }[] = [
  { ignoreIndex: null, smoothing: 0 },
  { ignoreIndex: 0, smoothing: 0 },
  { ignoreIndex: null, smoothing: 0.1 },
  { ignoreIndex: -100, smoothing: 1 },
]

const labelled = (withGradient: boolean): readonly OpCase[] => [
  ...LABELLED.flatMap(([rows, n]) =>
    TARGETS.map((attrs) => ({
      inputs: [x([rows, n]), indices([rows], n), ...(withGradient ? [x([rows])] : [])],
      attrs,
    })),
  ),
  {
    inputs: [x([3, 4]), whole([3], [2, -100, 3]), ...(withGradient ? [x([])] : [])],
    attrs: { ignoreIndex: -100, smoothing: 0.2 },
  },
  {
    inputs: [x([2, 3], [80, -90, 100, -1e30, 1e30, 0]), whole([2], [1, 2]), ...(withGradient ? [x([2])] : [])],
    attrs: { ignoreIndex: null, smoothing: 0 },
  },
]

const SGD = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false }

const sgd = (shape: Shape, step: number, attrs: Partial<typeof SGD>, velocity: boolean): OpCase => ({
  inputs: [x(shape), x(shape), word(0.05), word(step), ...(velocity ? [x(shape)] : [])],
  attrs: { ...SGD, ...attrs },
})

const adam = (shape: Shape, t: number, attrs: Readonly<Record<string, unknown>>): OpCase => ({
  inputs: [x(shape), x(shape), x(shape), x(shape, 'positive'), word(0.01), word(1 - 0.9 ** t), word(1 - 0.999 ** t)],
  attrs: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false, ...attrs },
})

const scalar = (fn: string, ...operands: readonly (readonly number[])[]): readonly OpCase[] =>
  operands.map((list) => ({ inputs: list.map(word), attrs: { fn } }))

const PAIRS = [
  [2, 3],
  [-1.5, 0.25],
  [1e300, 1e-300],
  [0.1, 0.2],
]
const SINGLES = [[0.5], [2], [1e-3], [10]]

export const matrix: Cases<
  | keyof typeof batchOps
  | keyof typeof lossOps
  | keyof typeof scalarOps
  | keyof typeof softmaxOps
  | keyof typeof updateOps
  | 'matmul'
  | 'fusedMatmul'
> = {
  matmul: [
    ...SIZES.flatMap(([m, k, n]) =>
      BOTH.map((attrs) => {
        const [a, b] = product(m, k, n, attrs)
        return { inputs: [x(a), x(b)], attrs }
      }),
    ),
    ...BATCHES.flatMap(([a, b]) =>
      BOTH.map((attrs) => ({ inputs: [x(flip(a, attrs.transposeA)), x(flip(b, attrs.transposeB))], attrs })),
    ),
    { inputs: [x([129, 257]), x([257, 130])], attrs: { transposeA: false, transposeB: false } },
    { inputs: [x([257, 65]), x([257, 131])], attrs: { transposeA: true, transposeB: false } },
  ],
  fusedMatmul: [ACT_NONE, ACT_RELU].flatMap((activation) =>
    SIZES.flatMap(([m, k, n], i) => {
      const transposed = BOTH[i % BOTH.length] as Transposed
      const [a, b] = product(m, k, n, transposed)
      const attrs = { ...transposed, activation }
      return [
        { inputs: [x(a), x(b), x([n])], attrs },
        { inputs: [x(a), x(b)], attrs },
      ]
    }),
  ),

  softmax: rowCases(1),
  logSoftmax: rowCases(1),
  softmaxGrad: rowCases(2),
  logSoftmaxGrad: rowCases(2).map(({ inputs: [dy, y] }) => ({ inputs: [dy!, { ...y!, fill: 'any' }] })),
  crossEntropy: labelled(false),
  crossEntropyGrad: labelled(true),

  sgd: [[], [1], [5], [17], [3, 11], [0], [40_009]].flatMap((shape) => [
    sgd(shape, 1, {}, false),
    sgd(shape, 2, { weightDecay: 0.1 }, false),
    sgd(shape, 1, { momentum: 0.9, dampening: 0.5 }, true),
    sgd(shape, 7, { momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }, true),
    sgd(shape, 3, { momentum: 0.9, nesterov: true }, true),
  ]),
  adam: [[], [1], [5], [17], [3, 11], [0], [40_009]].flatMap((shape) => [
    adam(shape, 1, {}),
    adam(shape, 9, { weightDecay: 0.1 }),
    adam(shape, 1000, { weightDecay: 0.01, decoupled: true, eps: 1e-3 }),
  ]),
  amsgrad: [[], [1], [5], [17], [3, 11], [0], [40_009]].flatMap((shape) =>
    [
      adam(shape, 1, {}),
      adam(shape, 9, { weightDecay: 0.1 }),
      adam(shape, 1000, { weightDecay: 0.01, decoupled: true, eps: 1e-3 }),
    ].map(({ inputs, attrs }) => ({
      inputs: [...inputs.slice(0, 4), x(shape, 'positive'), ...inputs.slice(4)],
      attrs: attrs!,
    })),
  ),
  lion: [[], [1], [5], [17], [3, 11], [0], [40_009]].flatMap((shape) =>
    [0, 0.1].map((weightDecay) => ({
      inputs: [x(shape), x(shape), x(shape), word(0.01)],
      attrs: { beta1: 0.9, beta2: 0.99, weightDecay },
    })),
  ),
  assign: [[], [5], [3, 11], [0], [40_009]].map((shape) => ({ inputs: [x(shape), x(shape)] })),
  advance: [
    { inputs: [whole([2], [5, 0])], attrs: { by: 3, word: 0 } },
    { inputs: [whole([2], [-1, 0])], attrs: { by: 1, word: 0 } },
    { inputs: [whole([4], [1, 2, 3, 4])], attrs: { by: 7, word: 2 } },
  ],
  scalar: [
    ...['add', 'sub', 'mul', 'div', 'min', 'max', 'less'].flatMap((fn) => scalar(fn, ...PAIRS)),
    ...scalar('pow', [0.9, 1000], [2, 0.5], [10, -3], [0.999, 1], [1.5, 7]),
    ...['exp', 'log', 'cos', 'sqrt', 'floor', 'neg', 'toFloat'].flatMap((fn) => scalar(fn, ...SINGLES)),
    ...scalar('select', [1, 2, 3], [0, 2, 3]),
    ...[[], [1], [1, 1]].map((shape) => ({ inputs: [x(shape)], attrs: { fn: 'fromFloat' } })),
  ],
  fetchRows: [
    {
      inputs: [x([5, 3]), whole([6], [4, 0, 2, 1, 3, 3]), whole([2], [4, 0])],
      attrs: { rows: 2, batches: 3, first: 0 },
    },
    { inputs: [x([5]), whole([5], [4, 0, 2, 1, 3]), whole([2], [0, 0])], attrs: { rows: 3, batches: 1, first: 1 } },
    { inputs: [x([200, 300]), indices([128], 200), whole([2], [1, 0])], attrs: { rows: 64, batches: 2, first: 0 } },
  ],
  fetchSlot: [
    { inputs: [x([3, 4]), whole([2], [5, 0])] },
    { inputs: [x([2, 3, 7]), whole([2], [1, 0])] },
    { inputs: [x([2, 70_000]), whole([2], [3, 0])] },
  ],
}
