import { binaryCodes, randomCodes, reduceCodes, unaryCodes } from '../abi/codes.generated.ts'
import {
  ACT_RELU,
  ADAM_DECOUPLED,
  GEMM_ACTIVATION_SHIFT,
  GEMM_BIAS,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  SGD_MOMENTUM,
  TILE_4X8,
  TILE_6X8,
  TILE_6X16,
} from '../abi/constants.ts'
import type { KernelName } from '../abi/kernels.ts'

/** Memory of an operand: what it holds before the kernel runs, and whether the kernel's result lies there. */
export interface Area {
  readonly words: number
  readonly fill: 'numbers' | 'positive' | 'index' | 'slot' | 'zeros' | { readonly of: readonly number[] }
  readonly result: boolean
}
/** One instruction of the self-test. */
export interface Trial {
  readonly kernel: KernelName
  readonly areas: Readonly<Record<string, Area>>
  readonly immediates: Readonly<Record<string, number>>
  /** The micro-kernel it runs with, where that matters. */
  readonly tile?: number
}

const numbers = (words: number): Area => ({ words, fill: 'numbers', result: false })
const positive = (words: number): Area => ({ words, fill: 'positive', result: false })
const index = (words: number): Area => ({ words, fill: 'index', result: false })
const slot: Area = { words: 2, fill: 'slot', result: false }
const out = (words: number): Area => ({ words, fill: 'zeros', result: true })
const state = (words: number): Area => ({ words, fill: 'positive', result: true })
const words = (...of: readonly number[]): Area => ({ words: of.length, fill: { of }, result: false })

// Two whole turns of every loop, and a rest.
const N = 1003
const [ROWS, COLUMNS] = [19, 147]
const [M, GEMM_N, K] = [98, 111, 130]

const trial = (
  kernel: KernelName,
  areas: Readonly<Record<string, Area>>,
  immediates: Readonly<Record<string, number>>,
): Trial => ({ kernel, areas, immediates })

const products: Trial[] = [TILE_6X16, TILE_6X8, TILE_4X8].flatMap((tile) =>
  [0, GEMM_TRANS_B, GEMM_TRANS_A].map((transposed) => ({
    kernel: 'gemm',
    tile,
    areas: { a: numbers(M * K), b: numbers(K * GEMM_N), c: out(M * GEMM_N), bias: numbers(GEMM_N) },
    immediates: {
      m: M,
      n: GEMM_N,
      k: K,
      lda: transposed === GEMM_TRANS_A ? M : K,
      ldb: transposed === GEMM_TRANS_B ? K : GEMM_N,
      ldc: GEMM_N,
      flags: transposed | GEMM_BIAS | (ACT_RELU << GEMM_ACTIVATION_SHIFT),
      batch: 1,
    },
  })),
)

const rows = { rows: ROWS, n: COLUMNS }
const size = ROWS * COLUMNS

const pairs: readonly Trial[] = binaryCodes.flatMap((fn) =>
  [1, 2, 3].map((steps) =>
    trial(
      'binary',
      { a: numbers(N), b: numbers(N), y: out(N) },
      { fn, n: N, aStep: steps & 1, bStep: steps >> 1, p0: 0.25, p1: 1.5 },
    ),
  ),
)

const moments = { p: state(N), g: numbers(N), m: state(N), v: state(N), lr: slot, c1: slot, c2: slot }
const BETAS = { n: N, beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, weightDecay: 0.01 }

const cells = { rows: ROWS, n: 37 }
const units = ROWS * 37
const recurrent: readonly Trial[] = [
  trial(
    'lstmCell',
    {
      x: numbers(4 * units),
      u: numbers(4 * units),
      before: positive(units),
      gates: out(4 * units),
      c: out(units),
      h: out(units),
    },
    cells,
  ),
  trial(
    'lstmCellGrad',
    {
      dy: numbers(units),
      dh: positive(units),
      dc: state(units),
      gates: positive(4 * units),
      before: positive(units),
      c: positive(units),
      dx: out(4 * units),
    },
    cells,
  ),
  trial(
    'gruCell',
    { x: numbers(3 * units), u: numbers(3 * units), before: positive(units), gates: out(4 * units), h: out(units) },
    cells,
  ),
  trial(
    'gruCellGrad',
    {
      dy: numbers(units),
      dh: state(units),
      gates: positive(4 * units),
      before: positive(units),
      dx: out(3 * units),
      du: out(3 * units),
    },
    cells,
  ),
]

const norms: readonly Trial[] = [0, 1].flatMap((centred) => {
  const affine = { w: positive(COLUMNS), b: positive(COLUMNS) }
  const sizes = { ...rows, eps: 1e-5, centred }
  return [
    trial('layerNorm', { x: numbers(size), y: out(size), ...affine }, sizes),
    trial('layerNormGrad', { dy: numbers(size), x: positive(size), w: affine.w, dx: out(size) }, sizes),
  ]
})

const image = { images: 2, groups: 1, channels: 5, filters: 35, height: 13, width: 12, kernelH: 3, kernelW: 3 }
const patches = { ...image, outH: 11, outW: 10, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 }
const [INPUT, FILTER, OUTPUT] = [2 * 5 * 13 * 12, 35 * 5 * 9, 2 * 35 * 11 * 10]
const tiles = { images: 2, channels: 20, filters: 35, height: 13, width: 12 }
const TILED_IN = 2 * 20 * 13 * 12
const convolutions: readonly Trial[] = [
  trial('conv2d', { x: positive(INPUT), w: numbers(FILTER), bias: positive(35), y: out(OUTPUT) }, patches),
  trial('conv2dInputGrad', { dy: positive(OUTPUT), w: numbers(FILTER), dx: out(INPUT) }, patches),
  trial('conv2dFilterGrad', { x: positive(INPUT), dy: numbers(OUTPUT), dw: out(FILTER) }, patches),
  trial('winograd', { x: positive(TILED_IN), w: numbers(35 * 20 * 9), bias: positive(35), y: out(OUTPUT) }, tiles),
  trial('winograd', { x: positive(TILED_IN), w: numbers(OUTPUT), y: out(35 * 20 * 9) }, { ...tiles, gradient: 1 }),
].map((trial) => ({ ...trial, tile: TILE_6X16 }))

const planes = { ...patches, groups: 5, channels: 1, filters: 7, width: 37, outW: 35 }
const [PLANES_IN, PLANES_OUT] = [2 * 5 * 13 * 37, 2 * 35 * 11 * 35]
const depthwise: readonly Trial[] = [
  trial('directConv2d', { x: positive(PLANES_IN), w: numbers(35 * 9), bias: positive(35), y: out(PLANES_OUT) }, planes),
  trial('directConv2dFilterGrad', { x: positive(PLANES_IN), dy: numbers(PLANES_OUT), dw: out(35 * 9) }, planes),
]

const heads = { batch: 2, heads: 1, t: 70, s: 70, d: 24, e: 20, scale: 0.2, causal: 1, byQuery: 70, dropout: 0.3 }
const masking = { mask: numbers(70 * 70), generator: words(1, 2, 3, 0) }
const [QUERIES, VALUES, SUMS] = [2 * 70 * 24, 2 * 70 * 20, 2 * 70]
const attention: readonly Trial[] = [
  trial(
    'attention',
    { q: positive(QUERIES), k: numbers(QUERIES), v: positive(VALUES), ...masking, o: out(VALUES), lse: out(SUMS) },
    heads,
  ),
  trial(
    'attentionGrad',
    {
      dy: positive(VALUES),
      q: positive(QUERIES),
      k: positive(QUERIES),
      v: positive(VALUES),
      o: positive(VALUES),
      lse: positive(SUMS),
      ...masking,
      dq: out(QUERIES),
      dk: out(QUERIES),
      dv: out(VALUES),
    },
    heads,
  ),
].map((trial) => ({ ...trial, tile: TILE_6X16 }))

const others: readonly Trial[] = [
  ...products,
  ...convolutions,
  ...depthwise,
  trial(
    'sgd',
    { p: state(N), g: numbers(N), v: state(N), lr: slot, step: slot },
    { n: N, momentum: 0.9, weightDecay: 0.01, flags: SGD_MOMENTUM },
  ),
  trial('sgd', { p: state(N), g: numbers(N), lr: slot, step: slot }, { n: N }),
  ...[0, ADAM_DECOUPLED].map((flags) => trial('adam', moments, { ...BETAS, eps: 1e-8, flags })),
  ...reduceCodes.flatMap((fn) => [
    trial('reduce', { x: numbers(size), y: out(ROWS) }, { fn, outer: ROWS, n: COLUMNS, inner: 1, scale: 0.5 }),
    trial('reduce', { x: numbers(size), y: out(COLUMNS) }, { fn, outer: 1, n: ROWS, inner: COLUMNS, scale: 1 }),
  ]),
  trial('softmax', { x: numbers(size), y: out(size) }, rows),
  trial('logSoftmax', { x: numbers(size), y: out(size) }, rows),
  trial('softmaxGrad', { dy: numbers(size), y: positive(size), dx: out(size) }, rows),
  trial('logSoftmaxGrad', { dy: numbers(size), y: numbers(size), dx: out(size) }, rows),
  trial(
    'crossEntropy',
    { x: numbers(size), labels: index(ROWS), loss: out(ROWS), kept: out(ROWS) },
    { ...rows, ignore: -1, smoothing: 0.1 },
  ),
  trial(
    'crossEntropyGrad',
    { x: numbers(size), labels: index(ROWS), dloss: positive(ROWS), dx: out(size) },
    { ...rows, ignore: -1, smoothing: 0.1, dlossStep: 1 },
  ),
  ...unaryCodes.map((fn) => trial('unary', { x: numbers(N), y: out(N) }, { fn, n: N, p0: 0.25, p1: 1.5 })),
  // a function of its own: what other trials share is hot sooner
  trial('geluSlope', { x: numbers(4 * N), y: out(4 * N), slope: out(4 * N) }, { n: 4 * N }),
  trial('amsgrad', { ...moments, w: state(N) }, { ...BETAS, eps: 1e-8 }),
  trial('lion', { p: state(N), g: numbers(N), m: state(N), lr: slot }, BETAS),
  ...norms,
  ...attention,
  ...recurrent,
  trial('dropout', { x: numbers(N), y: out(N), generator: words(1, 2, 3, 0) }, { n: N, p: 0.3 }),
  ...randomCodes.map((fn) =>
    trial('random', { y: out(N), generator: words(1, 2, 3, 0) }, { fn, n: N, p0: 0.25, p1: 1.5 }),
  ),
  trial(
    'gemv',
    { a: numbers(size), x: numbers(COLUMNS), y: out(ROWS) },
    { m: ROWS, k: COLUMNS, lda: COLUMNS, yStep: 1, batch: 1 },
  ),
]

/**
 * Instructions that between them run the vector loops of the kernels that training spends its time in, the most
 * important first: what may run wide. Not for every version of V8 the same: the compiler of 14 (Node 26) ends the
 * process on some loops of `binary`.
 */
export const wideTrials = (v8: number): readonly Trial[] => (v8 < 14 ? [...others, ...pairs] : others)
