import { DIRECT_TAPS, GEMM_KC, GEMM_MC, GEMM_NC, UNARY_COS, UNARY_EXPM1, UNARY_LOG1P, UNARY_SIN } from './constants.ts'
import type { KernelName, KernelOperands } from './names.generated.ts'

/**
 * The kernel table: one row per instruction of the machine in assembly/vm. Everything that both languages must
 * agree on (opcodes, operand order, the call of each kernel) is generated from it by `npm run gen`.
 *
 * A kernel is the AssemblyScript function `name` exported by `assembly/<file>.ts`. It takes its operands in the
 * order of the row, then, where the row asks for them, `pc` (reports), `scratch`, and last `part, parts`: the
 * executor calls it on `parts` threads, each with its own `part`.
 */
export type OperandKind =
  /** address that the kernel reads, writes, or both (0: not there) */
  | 'read'
  | 'write'
  | 'update'
  /** immediates */
  | 'u32'
  | 'i32'
  | 'f32'
  /** address of a record of words that ends the instruction: [rank, then a fixed number of words an axis] */
  | 'dims'

export interface KernelRow {
  /** Path below assembly/, without the ending. */
  readonly file: string
  /** What it computes. For readers and generators: the published build leaves it out. */
  readonly doc?: string
  /** Operands in word order; a `dims` operand comes last. */
  readonly operands: Readonly<Record<string, OperandKind>>
  /** Every thread touches only elements `share(n)` of each operand that holds n 32-bit elements. */
  readonly split?: 'linear'
  /** Always one thread. */
  readonly single?: true
  /** May write an error record: takes `pc`, and the updates of the step wait for it. */
  readonly reports?: true
  /** Bytes of the thread's own scratch memory that the kernel needs at most. */
  readonly scratch?: number
  /** About how long the instruction takes on one thread, in nanoseconds: decides on how many threads it runs. */
  readonly cost: (operands: Readonly<Record<string, number>>) => number
}

type O = Readonly<Record<string, number>>
const per =
  (ns: number, ...names: string[]) =>
  (o: O): number =>
    names.reduce((product, name) => product * (o[name] as number), ns)

/** ns per element of the element-wise functions, by code; the default is a memory-bound pass. */
function unaryCost({ n, fn }: O): number {
  const code = fn as number
  if (code === UNARY_SIN || code === UNARY_COS) return (n as number) * 3
  return (n as number) * ((code >= 6 && code <= 17) || code === UNARY_LOG1P || code === UNARY_EXPM1 ? 0.8 : 0.15)
}

/** Windows and the words in them. */
const poolCost: (o: O) => number = per(0.3, 'planes', 'outH', 'outW', 'kernelH', 'kernelW')

/** A product of filters and patches, and the gathering of the patches. */
const convCost = (o: O): number =>
  per(0.04 * (o['filters'] as number) + 0.3, 'images', 'groups', 'channels', 'kernelH', 'kernelW', 'outH', 'outW')(o)

export type { KernelName, KernelOperands } from './names.generated.ts'

/** Copies of single elements and what is left of the turns; then two chunks of operands read at strides. */
const BINARY_SCRATCH = 128
const STRIDED_SCRATCH = BINARY_SCRATCH + 2 * 1024
/** Zeros and one tile, panels of A, panels of B. */
const GEMM_SCRATCH = 512 + 4 * GEMM_KC * (GEMM_MC + GEMM_NC)
/** Those of 256 columns, then transformed filters and tiles. */
const WINOGRAD_SCRATCH = 512 + 4 * GEMM_KC * (GEMM_MC + 256) + 2048 * 1024 + 262144
/** A chunk of 256 random words, and constants. */
const RANDOM_SCRATCH = 1536

/** What a product takes, two blocks of 64 x 64 scores, and 12 bytes for each of 64 rows. */
const ATTENTION_SCRATCH = 512 + 4 * GEMM_KC * (GEMM_MC + GEMM_NC) + 2 * 16384 + 768
const attentionCost = (o: O, products: number): number =>
  (o.batch as number) *
  (o.t as number) *
  (o.s as number) *
  (o.causal === 0 ? 1 : 0.6) *
  (1.5 + (o.dropout === 0 ? 0 : 1.5) + products * 0.025 * ((o.d as number) + (o.e as number)))

/** What attention adds to scores and draws for weights. */
const MASKING = { mask: 'read', generator: 'read' } as const
/** Sizes of attention; strides of the mask in words; dropout. */
const HEADS = {
  batch: 'u32',
  heads: 'u32',
  t: 'u32',
  s: 'u32',
  d: 'u32',
  e: 'u32',
  scale: 'f32',
  causal: 'u32',
  byBatch: 'u32',
  byHead: 'u32',
  byQuery: 'u32',
  dropout: 'f32',
  draw: 'i32',
} as const

/** Sizes of planes and of the windows over them. */
const WINDOWS = {
  planes: 'u32',
  height: 'u32',
  width: 'u32',
  kernelH: 'u32',
  kernelW: 'u32',
  outH: 'u32',
  outW: 'u32',
  strideH: 'u32',
  strideW: 'u32',
  top: 'u32',
  left: 'u32',
} as const

/** Sizes of a convolution, in the order in which its three kernels take them. */
const PATCHES = {
  images: 'u32',
  groups: 'u32',
  channels: 'u32',
  filters: 'u32',
  height: 'u32',
  width: 'u32',
  kernelH: 'u32',
  kernelW: 'u32',
  outH: 'u32',
  outW: 'u32',
  strideH: 'u32',
  strideW: 'u32',
  dilationH: 'u32',
  dilationW: 'u32',
} as const

export const kernels: {
  readonly [K in KernelName]: KernelRow & { readonly operands: Readonly<KernelOperands[K]> }
} = {
  // ---- control: f64 slots, counters, batches -------------------------------------------------
  scalar: {
    file: 'control/scalar',
    doc: 'y = fn(a, b, c) on f64 slots (SCALAR_*); operands that the function does not take are 0.',
    operands: { fn: 'u32', y: 'write', a: 'read', b: 'read', c: 'read' },
    single: true,
    cost: () => 10,
  },
  advance: {
    file: 'control/scalar',
    doc: 'counter += by, a 64-bit unsigned word.',
    operands: { counter: 'update', by: 'u32' },
    single: true,
    cost: () => 5,
  },
  record: {
    file: 'control/batch',
    doc: 'curve[cursor % capacity] = x[0]; f32. cursor is a 64-bit counter that only `advance` moves.',
    operands: { x: 'read', curve: 'write', cursor: 'read', capacity: 'u32' },
    single: true,
    cost: () => 5,
  },
  fetchSlot: {
    file: 'control/batch',
    doc: 'y = ring[cursor % slots], slots of `bytes` bytes (a multiple of 4).',
    operands: { ring: 'read', y: 'write', cursor: 'read', slots: 'u32', bytes: 'u32' },
    cost: per(0.03, 'bytes'),
  },
  fetchRows: {
    file: 'control/batch',
    doc: 'y[r] = x[index[(cursor % batches) * rows + r]] for r < rows; rows of `words` 32-bit words. index is trusted: the loader writes it.',
    operands: { x: 'read', index: 'read', y: 'write', cursor: 'read', batches: 'u32', rows: 'u32', words: 'u32' },
    cost: per(0.15, 'rows', 'words'),
  },

  // ---- shape -------------------------------------------------------------------------------------
  copy: {
    file: 'shape/copy',
    doc: 'y = x; n 32-bit words.',
    operands: { x: 'read', y: 'write', n: 'u32' },
    split: 'linear',
    cost: per(0.1, 'n'),
  },
  fill: {
    file: 'shape/copy',
    doc: 'y[i] = bits; n 32-bit words.',
    operands: { y: 'write', n: 'u32', bits: 'u32' },
    split: 'linear',
    cost: per(0.06, 'n'),
  },
  copyRows: {
    file: 'shape/copy',
    doc: 'rows of n words from x (pitch xPitch words) to y (pitch yPitch words): concat, and slices of one axis.',
    operands: { x: 'read', y: 'update', rows: 'u32', n: 'u32', xPitch: 'u32', yPitch: 'u32' },
    cost: per(0.15, 'rows', 'n'),
  },
  stridedRead: {
    file: 'shape/strided',
    doc: 'y (contiguous, C order) = x at strides. dims: rank, then (size, stride of x in words, signed) an axis, outermost first.',
    operands: { x: 'read', y: 'write', n: 'u32', dims: 'dims' },
    cost: per(1, 'n'),
  },
  stridedWrite: {
    file: 'shape/strided',
    doc: 'y at strides = x (contiguous). dims: rank, then (size, stride of y in words, signed) an axis. Other words of y stay.',
    operands: { x: 'read', y: 'update', n: 'u32', dims: 'dims' },
    cost: per(1, 'n'),
  },
  transpose: {
    file: 'shape/transpose',
    doc: 'y[b, j, i] = x[b, i, j] for batch matrices of m rows and n columns.',
    operands: { x: 'read', y: 'write', batch: 'u32', m: 'u32', n: 'u32' },
    cost: per(0.4, 'batch', 'm', 'n'),
  },
  gather: {
    file: 'shape/gather',
    doc: 'y[o, c, i] = x[o, index[c], i]; x is [outer, n, inner], y [outer, count, inner]. An index outside 0..n-1 is reported and reads as row 0.',
    operands: { x: 'read', index: 'read', y: 'write', outer: 'u32', n: 'u32', count: 'u32', inner: 'u32' },
    reports: true,
    cost: per(0.3, 'outer', 'count', 'inner'),
  },
  scatterAdd: {
    file: 'shape/scatter',
    doc: 'x = 0; x[o, index[c], i] += y[o, c, i], c rising: the gradient of gather. Bad indices are reported and skipped.',
    operands: { y: 'read', index: 'read', x: 'write', outer: 'u32', n: 'u32', count: 'u32', inner: 'u32' },
    reports: true,
    cost: (o: O): number =>
      (o.outer as number) * (o.inner as number) * ((o.count as number) * 0.5 + (o.n as number) * 0.1),
  },
  takeAlong: {
    file: 'shape/gather',
    doc: 'y[o, c, i] = x[o, index[o, c, i], i]; x is [outer, n, inner], index and y [outer, count, inner].',
    operands: { x: 'read', index: 'read', y: 'write', outer: 'u32', n: 'u32', count: 'u32', inner: 'u32' },
    reports: true,
    cost: per(1, 'outer', 'count', 'inner'),
  },
  takeAlongGrad: {
    file: 'shape/scatter',
    doc: 'x = 0; x[o, index[o, c, i], i] += y[o, c, i], c rising: the gradient of takeAlong.',
    operands: { y: 'read', index: 'read', x: 'write', outer: 'u32', n: 'u32', count: 'u32', inner: 'u32' },
    reports: true,
    cost: (o: O): number => (o.outer as number) * (o.inner as number) * ((o.count as number) + (o.n as number) * 0.1),
  },

  cumsum: {
    file: 'shape/cumsum',
    doc: 'y[o, j, i] = sum of x[o, k, i] over k <= j, or (reverse) over k >= j; x and y are [outer, n, inner]. Sums in f64; whole: of i32.',
    operands: { x: 'read', y: 'write', outer: 'u32', n: 'u32', inner: 'u32', reverse: 'u32', whole: 'u32' },
    cost: per(1, 'outer', 'n', 'inner'),
  },
  argsort: {
    file: 'shape/sort',
    doc: 'y[r] = the order of row r of x (f32, or whole: i32), rows of n, as i32: stable, NaN last. work has the size of y.',
    operands: { x: 'read', y: 'write', work: 'write', rows: 'u32', n: 'u32', descending: 'u32', whole: 'u32' },
    cost: (o: O): number => (o.rows as number) * (o.n as number) * 4 * (33 - Math.clz32(o.n as number)),
  },
  triangle: {
    file: 'shape/triangle',
    doc: 'y[r, j] = x[r, j] where j - i >= diagonal (upper) or j - i <= diagonal, else 0; i = r mod m; rows of n words.',
    operands: { x: 'read', y: 'write', rows: 'u32', m: 'u32', n: 'u32', diagonal: 'i32', upper: 'u32' },
    cost: per(0.1, 'rows', 'n'),
  },

  // ---- element-wise ------------------------------------------------------------------------------
  unary: {
    file: 'elementwise/unary',
    doc: 'y[i] = fn(x[i]) (UNARY_*), parameters p0 and p1. y may be x.',
    operands: { fn: 'u32', x: 'read', y: 'write', n: 'u32', p0: 'f32', p1: 'f32' },
    split: 'linear',
    scratch: 64,
    cost: unaryCost,
  },
  geluSlope: {
    file: 'elementwise/gelu-slope',
    doc: 'y = gelu(x), tanh form, and slope = its derivative there. y may be x.',
    operands: { x: 'read', y: 'write', slope: 'write', n: 'u32' },
    split: 'linear',
    scratch: 64,
    cost: per(1.5, 'n'),
  },
  binary: {
    file: 'elementwise/binary',
    doc: 'y[i] = fn(a[i * aStep], b[i * bStep]) (BINARY_*); steps are 0 (one element) or 1. y may be a or b.',
    operands: {
      fn: 'u32',
      a: 'read',
      b: 'read',
      y: 'write',
      n: 'u32',
      aStep: 'u32',
      bStep: 'u32',
      p0: 'f32',
      p1: 'f32',
    },
    split: 'linear',
    scratch: BINARY_SCRATCH,
    cost: per(0.25, 'n'),
  },
  binaryStrided: {
    file: 'elementwise/binary',
    doc: 'y (contiguous) = fn(a, b) with broadcasting. dims: rank, then (size, stride of a, stride of b in words; 0 where broadcast) an axis.',
    operands: { fn: 'u32', a: 'read', b: 'read', y: 'write', n: 'u32', p0: 'f32', p1: 'f32', dims: 'dims' },
    scratch: STRIDED_SCRATCH,
    cost: per(0.4, 'n'),
  },

  wholes: {
    file: 'elementwise/wholes',
    doc: 'y[i] = fn(a[i * aStep], b[i * bStep]) on i32 (WHOLE_*); steps are 0 (one element) or 1. y may be a or b.',
    operands: { fn: 'u32', a: 'read', b: 'read', y: 'write', n: 'u32', aStep: 'u32', bStep: 'u32' },
    split: 'linear',
    cost: per(0.6, 'n'),
  },
  where: {
    file: 'elementwise/where',
    doc: 'y[i] = condition[i * cStep] != 0 ? a[i * aStep] : b[i * bStep], 32-bit words; steps are 0 (one element) or 1. y may be an operand.',
    operands: {
      condition: 'read',
      a: 'read',
      b: 'read',
      y: 'write',
      n: 'u32',
      cStep: 'u32',
      aStep: 'u32',
      bStep: 'u32',
    },
    split: 'linear',
    cost: per(0.25, 'n'),
  },

  // ---- reductions --------------------------------------------------------------------------------
  reduce: {
    file: 'reduce/reduce',
    doc: 'y[o, i] = scale * reduction over j of x[o, j, i] (REDUCE_*); x is [outer, n, inner]. An empty sum is 0, an empty product 1.',
    operands: { fn: 'u32', x: 'read', y: 'write', outer: 'u32', n: 'u32', inner: 'u32', scale: 'f32' },
    cost: per(0.15, 'outer', 'n', 'inner'),
  },
  argReduce: {
    file: 'reduce/reduce',
    doc: 'y[o, i] = first j that attains the maximum or minimum of x[o, j, i], as i32; a NaN wins (REDUCE_ARG*).',
    operands: { fn: 'u32', x: 'read', y: 'write', outer: 'u32', n: 'u32', inner: 'u32' },
    cost: per(0.8, 'outer', 'n', 'inner'),
  },

  reduceWholes: {
    file: 'reduce/wholes',
    doc: 'y[o, i] = sum or product (wrap around), maximum or minimum over j of x[o, j, i], i32 (REDUCE_*); arg: the first j that attains the extremum.',
    operands: { fn: 'u32', arg: 'u32', x: 'read', y: 'write', outer: 'u32', n: 'u32', inner: 'u32' },
    cost: per(1, 'outer', 'n', 'inner'),
  },

  // ---- softmax and its losses ----------------------------------------------------------------------
  softmax: {
    file: 'softmax/softmax',
    doc: 'y = exp(x - max) / sum(exp(x - max)) over each row of n.',
    operands: { x: 'read', y: 'write', rows: 'u32', n: 'u32' },
    cost: per(1, 'rows', 'n'),
  },
  logSoftmax: {
    file: 'softmax/softmax',
    doc: 'y = x - max - log(sum(exp(x - max))) over each row of n.',
    operands: { x: 'read', y: 'write', rows: 'u32', n: 'u32' },
    cost: per(1, 'rows', 'n'),
  },
  softmaxGrad: {
    file: 'softmax/softmax',
    doc: 'dx = y * (dy - sum(dy * y)) over each row of n.',
    operands: { dy: 'read', y: 'read', dx: 'write', rows: 'u32', n: 'u32' },
    cost: per(0.5, 'rows', 'n'),
  },
  logSoftmaxGrad: {
    file: 'softmax/softmax',
    doc: 'dx = dy - exp(y) * sum(dy) over each row of n.',
    operands: { dy: 'read', y: 'read', dx: 'write', rows: 'u32', n: 'u32' },
    cost: per(1, 'rows', 'n'),
  },
  crossEntropy: {
    file: 'softmax/cross-entropy',
    doc: 'loss[r] = logsumexp(x[r]) - (1 - s) x[r, label] - s mean(x[r]), s = smoothing; kept[r] = 1. A label equal to ignore gives loss 0, kept 0 (ignore = -2147483648: none). Other labels outside 0..n-1 are reported.',
    operands: {
      x: 'read',
      labels: 'read',
      loss: 'write',
      kept: 'write',
      rows: 'u32',
      n: 'u32',
      ignore: 'i32',
      smoothing: 'f32',
    },
    reports: true,
    cost: per(1, 'rows', 'n'),
  },
  crossEntropyGrad: {
    file: 'softmax/cross-entropy',
    doc: 'dx[r, j] = dloss[r * dlossStep] * (softmax(x[r])[j] - (1 - s) [j = label] - s / n); rows that are ignored get 0.',
    operands: {
      x: 'read',
      labels: 'read',
      dloss: 'read',
      dx: 'write',
      rows: 'u32',
      n: 'u32',
      ignore: 'i32',
      smoothing: 'f32',
      dlossStep: 'u32',
    },
    cost: per(1.2, 'rows', 'n'),
  },

  // ---- random --------------------------------------------------------------------------------------
  random: {
    file: 'random/random',
    doc: 'y[i] = the i-th number of draw (counter + draw) of the generator (RANDOM_*). A generator is 4 words: key low, key high, counter low, counter high.',
    operands: { fn: 'u32', y: 'write', n: 'u32', p0: 'f32', p1: 'f32', generator: 'read', draw: 'i32' },
    split: 'linear',
    scratch: RANDOM_SCRATCH,
    cost: per(1.5, 'n'),
  },
  dropout: {
    file: 'random/dropout',
    doc: 'y[i] = u_i >= p ? x[i] / (1 - p) : 0 with the uniform numbers u of draw (counter + draw); the same call on dy is its gradient.',
    operands: { x: 'read', y: 'write', n: 'u32', p: 'f32', generator: 'read', draw: 'i32' },
    split: 'linear',
    scratch: RANDOM_SCRATCH,
    cost: per(1, 'n'),
  },
  permutation: {
    file: 'random/random',
    doc: 'y = a uniform random permutation of 0..n-1 as i32 (Fisher-Yates on the numbers of draw counter + draw).',
    operands: { y: 'write', n: 'u32', generator: 'read', draw: 'i32' },
    single: true,
    scratch: RANDOM_SCRATCH,
    cost: per(5, 'n'),
  },

  // ---- optimizers ------------------------------------------------------------------------------------
  sgd: {
    file: 'optim/sgd',
    doc: 'g += weightDecay p; with momentum v = step == 1 ? g : momentum v + (1 - dampening) g and g = nesterov ? g + momentum v : v; p -= lr g. lr and step are f64 slots.',
    operands: {
      p: 'update',
      g: 'read',
      v: 'update',
      lr: 'read',
      step: 'read',
      n: 'u32',
      momentum: 'f32',
      dampening: 'f32',
      weightDecay: 'f32',
      flags: 'u32',
    },
    split: 'linear',
    cost: per(0.4, 'n'),
  },
  adam: {
    file: 'optim/adam',
    doc: 'm = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g; p -= lr (m / c1) / (sqrt(v / c2) + eps); weight decay on g, or decoupled: p -= lr weightDecay p first. lr, c1 = 1 - b1^t and c2 = 1 - b2^t are f64 slots.',
    operands: {
      p: 'update',
      g: 'read',
      m: 'update',
      v: 'update',
      lr: 'read',
      c1: 'read',
      c2: 'read',
      n: 'u32',
      beta1: 'f32',
      oneMinusBeta1: 'f32',
      beta2: 'f32',
      oneMinusBeta2: 'f32',
      eps: 'f32',
      weightDecay: 'f32',
      flags: 'u32',
    },
    split: 'linear',
    cost: per(1, 'n'),
  },
  amsgrad: {
    file: 'optim/amsgrad',
    doc: 'As adam, with w = max(w, v) in the place of v in the step.',
    operands: {
      p: 'update',
      g: 'read',
      m: 'update',
      v: 'update',
      w: 'update',
      lr: 'read',
      c1: 'read',
      c2: 'read',
      n: 'u32',
      beta1: 'f32',
      oneMinusBeta1: 'f32',
      beta2: 'f32',
      oneMinusBeta2: 'f32',
      eps: 'f32',
      weightDecay: 'f32',
      flags: 'u32',
    },
    split: 'linear',
    cost: per(1.5, 'n'),
  },
  lion: {
    file: 'optim/lion',
    doc: 'p = (1 - lr weightDecay) p - lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g. lr is an f64 slot.',
    operands: {
      p: 'update',
      g: 'read',
      m: 'update',
      lr: 'read',
      n: 'u32',
      beta1: 'f32',
      oneMinusBeta1: 'f32',
      beta2: 'f32',
      oneMinusBeta2: 'f32',
      weightDecay: 'f32',
    },
    split: 'linear',
    cost: per(0.6, 'n'),
  },

  // ---- recurrent cells -------------------------------------------------------------------------------
  lstmCell: {
    file: 'recurrent/lstm',
    doc: 'One step of an LSTM: i, f, g, o = act(x + u), c = f before + i g, h = o tanh(c); x, u, gates are [rows, 4 n].',
    operands: {
      x: 'read',
      u: 'read',
      before: 'read',
      gates: 'write',
      c: 'write',
      h: 'write',
      rows: 'u32',
      n: 'u32',
    },
    scratch: 32,
    cost: per(4, 'rows', 'n'),
  },
  lstmCellGrad: {
    file: 'recurrent/lstm',
    doc: 'The step backwards: dx [rows, 4 n] from dy + dh and dc, which leaves as the gradient of the cell before.',
    operands: {
      dy: 'read',
      dh: 'read',
      dc: 'update',
      gates: 'read',
      before: 'read',
      c: 'read',
      dx: 'write',
      rows: 'u32',
      n: 'u32',
    },
    scratch: 32,
    cost: per(3, 'rows', 'n'),
  },
  gruCell: {
    file: 'recurrent/gru',
    doc: 'One step of a GRU: r, z = sigmoid(x + u), n = tanh(x + r u), h = (1 - z) n + z before; x, u are [rows, 3 n], gates [rows, 4 n].',
    operands: { x: 'read', u: 'read', before: 'read', gates: 'write', h: 'write', rows: 'u32', n: 'u32' },
    scratch: 32,
    cost: per(3, 'rows', 'n'),
  },
  gruCellGrad: {
    file: 'recurrent/gru',
    doc: 'The step backwards: dx and du [rows, 3 n] from dy + dh; dh leaves as what passes by the gates.',
    operands: {
      dy: 'read',
      dh: 'update',
      gates: 'read',
      before: 'read',
      dx: 'write',
      du: 'write',
      rows: 'u32',
      n: 'u32',
    },
    cost: per(2, 'rows', 'n'),
  },

  // ---- attention -------------------------------------------------------------------------------------
  attention: {
    file: 'attention/attention',
    doc: 'o = dropout(softmax(scale q k^T + mask)) v for batch heads, q [t, d], k [s, d], v [s, e]; lse: log of the sums of each row. causal: query i sees keys up to i + s - t. mask 0: none; generator 0: no dropout.',
    operands: {
      q: 'read',
      k: 'read',
      v: 'read',
      o: 'write',
      lse: 'write',
      ...MASKING,
      ...HEADS,
    },
    scratch: ATTENTION_SCRATCH,
    cost: (o: O): number => attentionCost(o, 2),
  },
  attentionGrad: {
    file: 'attention/backward',
    doc: 'Gradients of attention from dy and lse: dq (0: none) and dk with dv (0: none); the weights are computed again by blocks.',
    operands: {
      dy: 'read',
      q: 'read',
      k: 'read',
      v: 'read',
      o: 'read',
      lse: 'read',
      ...MASKING,
      dq: 'write',
      dk: 'write',
      dv: 'write',
      ...HEADS,
    },
    scratch: ATTENTION_SCRATCH,
    cost: (o: O): number => attentionCost(o, 4),
  },

  // ---- matrix products -------------------------------------------------------------------------------
  gemm: {
    file: 'gemm/gemm',
    doc: 'C = act(op(A) op(B) [+ C] [+ bias]) for `batch` matrices: op(A) is m x k, op(B) k x n, row-major with leading dimensions lda, ldb, ldc in words; GEMM_* flags; strides between the matrices of a batch in words. Each sum runs over rising k.',
    operands: {
      a: 'read',
      b: 'read',
      c: 'update',
      bias: 'read',
      m: 'u32',
      n: 'u32',
      k: 'u32',
      lda: 'u32',
      ldb: 'u32',
      ldc: 'u32',
      flags: 'u32',
      batch: 'u32',
      aStride: 'u32',
      bStride: 'u32',
      cStride: 'u32',
    },
    scratch: GEMM_SCRATCH,
    cost: (o: O): number =>
      (o.batch as number) * ((o.m as number) * (o.n as number) * (0.04 * (o.k as number) + 0.1) + 40),
  },
  gemv: {
    file: 'gemm/gemv',
    doc: 'y[i] = act(dot(a[i], x) [+ y[i]] [+ bias[i * biasStep]]) for `batch` matrices a of m rows of k neighbouring words, lda words apart; y in steps of yStep words; GEMM_ACCUMULATE, GEMM_BIAS and the activation of flags. Each dot product is 8 sums over k modulo 8.',
    operands: {
      a: 'read',
      x: 'read',
      y: 'update',
      bias: 'read',
      m: 'u32',
      k: 'u32',
      lda: 'u32',
      yStep: 'u32',
      biasStep: 'u32',
      flags: 'u32',
      batch: 'u32',
      aStride: 'u32',
      xStride: 'u32',
      yStride: 'u32',
    },
    scratch: 64,
    cost: (o: O): number => (o.batch as number) * ((o.m as number) * (0.1 * (o.k as number) + 1) + 20),
  },

  // ---- normalization ----------------------------------------------------------------------------------
  layerNorm: {
    file: 'norm/layer',
    doc: 'y = (x - mean) / sqrt(var + eps) w + b over each row of n; mean is 0 where not centred; w, b: 0 for none.',
    operands: { x: 'read', w: 'read', b: 'read', y: 'write', rows: 'u32', n: 'u32', eps: 'f32', centred: 'u32' },
    scratch: 448,
    cost: per(0.3, 'rows', 'n'),
  },
  layerNormGrad: {
    file: 'norm/layer',
    doc: 'dx of layerNorm over each row of n, from dy, x and w (0: none).',
    operands: { dy: 'read', x: 'read', w: 'read', dx: 'write', rows: 'u32', n: 'u32', eps: 'f32', centred: 'u32' },
    scratch: 448,
    cost: per(0.5, 'rows', 'n'),
  },

  // ---- pooling --------------------------------------------------------------------------------------
  pool2d: {
    file: 'pool/pool',
    doc: 'y = the maximum or the mean (POOL_*) of each window of planes of height x width; whole: means count the padding.',
    operands: {
      fn: 'u32',
      x: 'read',
      y: 'write',
      ...WINDOWS,
      whole: 'u32',
    },
    cost: poolCost,
  },
  pool2dGrad: {
    file: 'pool/pool',
    doc: 'dx = the gradient of pool2d: of means dy / count, of maxima dy at the first of the largest words of each window, added up; x and y (of maxima) are operands of pool2d. whole: means count the padding, maxima have to be positive.',
    operands: { fn: 'u32', dy: 'read', x: 'read', y: 'read', dx: 'write', ...WINDOWS, whole: 'u32' },
    cost: poolCost,
  },

  // ---- convolution: channels and filters are those of a group ------------------------------------------
  conv2d: {
    file: 'conv/forward',
    doc: 'y[i, o, p] = act(bias[o] + sum over taps t of w[o, t] x[i, patch(p, t)]), act a ReLU or none; x [images, groups channels, height, width] is padded already, w [groups filters, channels, kernelH, kernelW], y [images, groups filters, outH, outW]. Each sum runs over rising t.',
    operands: {
      x: 'read',
      w: 'read',
      bias: 'read',
      y: 'write',
      ...PATCHES,
      activation: 'u32',
    },
    scratch: GEMM_SCRATCH,
    cost: convCost,
  },
  directConv2d: {
    file: 'conv/direct',
    doc: 'conv2d without panels, for filters of few taps over few channels.',
    operands: { x: 'read', w: 'read', bias: 'read', y: 'write', ...PATCHES, activation: 'u32' },
    cost: per(0.25, 'images', 'groups', 'channels', 'filters', 'kernelH', 'kernelW', 'outH', 'outW'),
  },
  directConv2dFilterGrad: {
    file: 'conv/direct',
    doc: 'conv2dFilterGrad without panels; channels kernelH kernelW is at most DIRECT_TAPS.',
    operands: { x: 'read', dy: 'read', dw: 'write', ...PATCHES },
    scratch: 8 * DIRECT_TAPS,
    cost: per(0.2, 'images', 'groups', 'channels', 'filters', 'kernelH', 'kernelW', 'outH', 'outW'),
  },
  conv2dInputGrad: {
    file: 'conv/input-grad',
    doc: 'dx = the gradient of conv2d for an input of height x width that is padded by top and left (and what fits at the other ends).',
    operands: {
      dy: 'read',
      w: 'read',
      dx: 'write',
      ...PATCHES,
      top: 'u32',
      left: 'u32',
    },
    scratch: GEMM_SCRATCH,
    cost: convCost,
  },
  conv2dFilterGrad: {
    file: 'conv/filter-grad',
    doc: 'dw = the gradient of conv2d for its filters; x is padded already. Each sum runs over rising images and pixels, of which there is one at least.',
    operands: {
      x: 'read',
      dy: 'read',
      dw: 'write',
      ...PATCHES,
    },
    scratch: GEMM_SCRATCH,
    cost: convCost,
  },
  winograd: {
    file: 'conv/winograd',
    doc: 'conv2d for one group of filters of 3 x 3, neighbouring taps and pixels and at least 7 columns of results, with fewer products; gradient: w is dy, and y the gradient for the filters.',
    operands: {
      x: 'read',
      w: 'read',
      bias: 'read',
      y: 'write',
      images: 'u32',
      channels: 'u32',
      filters: 'u32',
      height: 'u32',
      width: 'u32',
      activation: 'u32',
      gradient: 'u32',
    },
    scratch: WINOGRAD_SCRATCH,
    cost: per(0.2, 'images', 'channels', 'filters', 'height', 'width'),
  },
}
