import type { binaryOps } from '../../ops/binary.ts'
import type { selectOps } from '../../ops/select.ts'
import type { unaryOps } from '../../ops/unary.ts'
import type { Shape } from '../../program/graph.ts'
import { type Cases, type Fill, indices, LARGE, type OpCase, SHAPES, whole, x } from './types.ts'

type Attrs = Readonly<Record<string, unknown>>

interface Domain {
  /** What the operand is filled with. */
  readonly fill?: Fill
  readonly attrs?: readonly Attrs[]
  /** Numbers for which the f32 result is not worth a comparison: none by default. */
  readonly special?: false
}

const SPECIALS = 14

/** Every shape, large values, special values; the first attributes with all, the others with one shape. */
function unary({ fill = 'any', attrs = [{}], special }: Domain = {}): readonly OpCase[] {
  const [first = {}, ...others] = attrs
  return [
    ...SHAPES.map((shape) => ({ inputs: [x(shape, fill)], attrs: first })),
    { inputs: [x(LARGE, fill)], attrs: first },
    ...(fill === 'any' ? [{ inputs: [x([257], 'wide')], attrs: first }] : []),
    ...(special === false ? [] : [{ inputs: [x([SPECIALS + 3], 'special')], attrs: first }]),
    ...others.map((more) => ({ inputs: [x([6, 7], fill)], attrs: more })),
  ]
}

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[5], [5]],
  [[17], []],
  [[], [9]],
  [
    [7, 1],
    [1, 9],
  ],
  [
    [3, 1, 5],
    [4, 1],
  ],
  [[0, 3], [3]],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [[8, 33], [33]],
  [
    [2, 1, 3, 1],
    [1, 5, 1, 4],
  ],
  [[1], [16]],
]

const sizeOf = (shape: Shape): number => shape.reduce((n, size) => n * size, 1)

/** Condition, a, b. */
const TRIPLES: readonly (readonly [Shape, Shape, Shape])[] = [
  [[], [], []],
  [[5], [5], [5]],
  [[17], [], [17]],
  [[], [9], [9]],
  [[33], [33], []],
  [
    [7, 1],
    [1, 9],
    [7, 9],
  ],
  [
    [3, 1, 5],
    [4, 1],
    [2, 1, 1, 1],
  ],
  [[0, 3], [3], []],
  [[1], [16], [1, 16]],
]

/** Two int32 operands, small ones and ones at the ends of the range; `far`: results stay in the range there. */
const wholePairs = (far: boolean): readonly OpCase[] => [
  ...PAIRS.map(([p, q]) => ({ inputs: [indices(p, 40), indices(q, 9)] })),
  { inputs: [indices(LARGE, 1000), indices([LARGE[1] as number], 30)] },
  { inputs: [indices(LARGE, 30), indices(LARGE, 30)] },
  ...(far ? [{ inputs: [whole([5, 1], ENDS), whole([1, 5], ENDS)] }] : []),
]
const ENDS = [-(2 ** 31), 2 ** 31 - 1, -1, 0x7fc00000, 0]

interface PairDomain {
  readonly a?: Fill
  readonly b?: Fill
  readonly attrs?: readonly Attrs[]
  readonly special?: false
}

function binary({ a = 'any', b = 'any', attrs = [{}], special }: PairDomain = {}): readonly OpCase[] {
  const [first = {}, ...others] = attrs
  return [
    ...PAIRS.map(([p, q]) => ({ inputs: [x(p, a), x(q, b)], attrs: first })),
    { inputs: [x(LARGE, a), x([LARGE[1] as number], b)], attrs: first },
    { inputs: [x(LARGE, a), x(LARGE, b)], attrs: first },
    ...(special === false
      ? []
      : [{ inputs: [x([SPECIALS, 1], 'special'), x([1, SPECIALS], 'special')], attrs: first }]),
    ...others.map((more) => ({ inputs: [x([6, 7], a), x([7], b)], attrs: more })),
  ]
}

/** (dy, value): the slope at infinities and NaN is not a number to rely on. */
const slope = (b: Fill = 'any', attrs: readonly Attrs[] = [{}]): readonly OpCase[] => [
  ...binary({ b, attrs, special: false }),
  ...(b === 'any' ? [{ inputs: [x([257]), x([257], 'wide')], attrs: attrs[0] ?? {} }] : []),
]

export const elementwise: Cases<keyof typeof binaryOps | keyof typeof selectOps | keyof typeof unaryOps> = {
  neg: unary(),
  abs: unary(),
  sign: unary(),
  square: unary(),
  sqrt: unary({ fill: 'positive' }),
  rsqrt: unary({ fill: 'positive' }),
  reciprocal: unary({ fill: 'positive' }),
  exp: unary(),
  log: unary({ fill: 'positive' }),
  tanh: unary(),
  sigmoid: unary(),
  logSigmoid: unary(),
  erf: unary(),
  relu: unary(),
  gelu: unary({ attrs: [{ approximate: 'none' }, { approximate: 'tanh' }] }),
  geluSlope: unary({ special: false }),
  silu: unary(),
  softplus: unary(),
  leakyRelu: unary({ attrs: [{ slope: 0.01 }, { slope: 0 }, { slope: -0.5 }, { slope: 2 }] }),
  elu: unary({ attrs: [{ alpha: 1 }, { alpha: 0.3 }, { alpha: 0 }] }),
  clip: unary({
    attrs: [
      { min: -1, max: 0.5 },
      { min: 2, max: 2 },
      { min: -Infinity, max: 1 },
    ],
  }),
  hardtanh: unary({
    attrs: [
      { min: -1, max: 0.5 },
      { min: 2, max: 2 },
      { min: -Infinity, max: 1 },
    ],
  }),
  log1p: [...unary({ fill: 'positive' }), { inputs: [x([257], 'tiny')] }, { inputs: [x([67], 'signedUnit')] }],
  expm1: [...unary(), { inputs: [x([257], 'tiny')] }],
  sin: unary(),
  cos: unary(),
  floor: unary(),
  ceil: unary(),
  round: [...unary(), { inputs: [x([9], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 8388607.5, 0.49999997, -3.5])] }],
  where: [
    ...TRIPLES.map((shapes) => ({
      inputs: [x(shapes[0], sizeOf(shapes[0]) === 1 ? [1] : { below: 2 }), x(shapes[1]), x(shapes[2])],
    })),
    { inputs: [x(LARGE, { below: 2 }), x(LARGE), x([])] },
    { inputs: [x(LARGE, { below: 2 }), x([LARGE[1] as number]), x(LARGE)] },
    { inputs: [x([7, 11], { below: 2 }), indices([11], 100), indices([7, 1], 50)] },
    // tails of three words, of which either operand gives some, with every pattern of steps
    ...[
      [1, 0, 1, 0, 0, 0, 1],
      [0, 1, 0, 1, 1, 1, 0],
    ].flatMap((condition) =>
      [[x([7]), x([7])] as const, [x([]), x([7])] as const, [x([7]), x([])] as const].map((operands) => ({
        inputs: [x([7], condition), ...operands],
      })),
    ),
    // what is not picked does not leak
    { inputs: [x([SPECIALS, 1], 'special'), x([1, SPECIALS], 'special'), x([1, SPECIALS])] },
  ],
  truncate: [...unary(), { inputs: [x([8], [2147483520, 2147483648, -2147483648, -3e9, 0.99, -0.99, -1.5, 7.999])] }],
  cast: SHAPES.map((shape) => ({ inputs: [{ ...x(shape, { below: 2 ** 24 }), dtype: 'int32' }] })),

  add: [...binary(), ...wholePairs(false)],
  sub: [...binary(), ...wholePairs(false)],
  mul: [...binary(), ...wholePairs(false)],
  div: binary({ b: 'positive' }),
  maximum: [...binary(), ...wholePairs(true)],
  minimum: [...binary(), ...wholePairs(true)],
  pow: binary({ a: 'positive' }),
  squaredDifference: binary(),
  greater: [...binary(), ...wholePairs(true)],
  greaterEqual: [...binary(), ...wholePairs(true)],
  equal: [...binary(), ...wholePairs(true), { inputs: [x([40], { below: 3 }), x([40], { below: 3 })] }],
  notEqual: [...binary(), ...wholePairs(true), { inputs: [x([40], { below: 3 }), x([40], { below: 3 })] }],

  reluGrad: slope(),
  tanhGrad: slope('signedUnit'),
  sigmoidGrad: slope('unit'),
  hardtanhGrad: slope('any', [
    { min: -1, max: 0.5 },
    { min: -Infinity, max: 1 },
  ]),
  absGrad: slope(),
  geluGrad: slope('any', [{ approximate: 'none' }, { approximate: 'tanh' }]),
  siluGrad: slope(),
  softplusGrad: slope(),
  leakyReluGrad: slope('any', [{ slope: 0.01 }, { slope: -0.5 }]),
  eluGrad: slope('any', [{ alpha: 1 }, { alpha: 0.3 }]),
  clipGrad: slope('any', [
    { min: -1, max: 0.5 },
    { min: -Infinity, max: 1 },
  ]),
}
