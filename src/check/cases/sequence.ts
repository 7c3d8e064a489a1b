import type { attentionOps } from '../../ops/attention.ts'
import type { recurrentOps } from '../../ops/recurrent.ts'
import { type Cases, type Fill, type OpCase, type Operand, x } from './types.ts'

const SIZES: readonly (readonly [steps: number, rows: number, n: number])[] = [
  [1, 1, 1],
  [2, 1, 5],
  [3, 2, 3],
  [4, 3, 7],
  [5, 5, 16],
  [3, 4, 33],
  [2, 0, 3],
]
const WAYS = [false, true]

/** A sequence of `gates` n words a row, the weight, and states. */
function sequence(gates: number, states: number, [steps, rows, n]: readonly [number, number, number]): Operand[] {
  const spread = n > 8 ? n : 2
  const weight = Array.from({ length: n * n * gates }, (_, i) => Math.sin(i * 12.9898 + 1) / spread)
  const state = x([rows, n], 'signedUnit')
  return [x([steps, rows, gates * n]), x([n, gates * n], weight), ...new Array<Operand>(states).fill(state)]
}

function backward(gates: number, states: number, widths: readonly (readonly [number, Fill])[]): readonly OpCase[] {
  return SIZES.flatMap((size) => {
    const [steps, rows, n] = size
    const [, w, ...rest] = sequence(gates, states, size) as [Operand, Operand, ...Operand[]]
    const inputs = [
      x([steps, rows, n]),
      w,
      ...rest,
      ...widths.map(([width, fill]) => x([steps, rows, width * n], fill)),
    ]
    return WAYS.map((reverse) => ({ inputs, attrs: { reverse } }))
  })
}

const activations = (list: readonly OpCase[]): readonly OpCase[] =>
  list.flatMap((c) => ['tanh', 'relu'].map((activation) => ({ ...c, attrs: { ...c.attrs, activation } })))

const forward = (gates: number, states: number, bias: boolean): readonly OpCase[] =>
  SIZES.flatMap((size) =>
    WAYS.map((reverse) => ({
      inputs: [...sequence(gates, states, size), ...(bias ? [x([gates * size[2]])] : [])],
      attrs: { reverse },
    })),
  )

const cellGradient: readonly (readonly [number, Fill])[] = [
  [1, 'signedUnit'],
  [1, 'any'],
  [4, 'unit'],
]

const ATTENTION: readonly (readonly [heads: number, t: number, s: number, d: number, e: number])[] = [
  [1, 1, 1, 1, 1],
  [2, 3, 5, 4, 3],
  [8, 2, 3, 3, 5],
  [9, 65, 65, 5, 3],
  [1, 7, 130, 8, 16],
  [3, 64, 129, 17, 9],
  [2, 150, 150, 8, 8],
  [0, 3, 4, 2, 2],
  [2, 0, 4, 2, 2],
  [9, 0, 4, 2, 2],
]

const attentionCases = (backward: boolean): readonly OpCase[] =>
  ATTENTION.flatMap(([heads, t, s, d, e]) =>
    WAYS.map((causal) => {
      const operands = [x([1, heads, t, d]), x([1, heads, s, d], 'signedUnit'), x([1, heads, s, e])]
      const o = x([1, heads, t, e])
      return {
        inputs: backward ? [o, ...operands, o, x([1, heads, t], 'positive')] : operands,
        attrs: { causal, scale: 0.3 },
      }
    }),
  )

/** Masks that stretch in each way, dropout, and both. */
const MASKS: readonly (readonly [
  heads: number,
  t: number,
  s: number,
  mask: readonly number[] | null,
  dropout: number,
])[] = [
  [2, 3, 5, [5], 0],
  [2, 3, 5, [3, 5], 0],
  [2, 3, 5, [2, 1, 1, 5], 0.4],
  [2, 3, 5, [1, 2, 3, 5], 0],
  [9, 65, 67, [2, 9, 1, 67], 0.2],
  [1, 70, 131, [2, 1, 70, 131], 0],
  [3, 66, 130, null, 0.5],
  [1, 1, 1, [1], 0.3],
  [1, 5, 7, null, 0.999],
]
const maskedCases = (backward: boolean): readonly OpCase[] =>
  MASKS.flatMap(([heads, t, s, mask, dropout]) =>
    WAYS.map((causal) => {
      const lead = [2, heads]
      const operands = [x([...lead, t, 3]), x([...lead, s, 3], 'signedUnit'), x([...lead, s, 4])]
      const o = x([...lead, t, 4])
      const masks = mask === null ? [] : [x(mask)]
      return {
        inputs: [...(backward ? [o, ...operands, o, x([...lead, t], 'positive')] : operands), ...masks],
        attrs: {
          causal,
          scale: 0.3,
          ...(mask === null ? {} : { masked: true }),
          ...(dropout === 0 ? {} : { dropout }),
        },
      }
    }),
  )
/** Hidden keys, and keys hidden through a whole block. */
const hiding: readonly OpCase[] = [
  [5, [0, -Infinity, 0, 0.5, -Infinity]],
  [130, Array.from({ length: 130 }, (_, i) => (i < 70 ? -Infinity : i / 60))],
].map(([s, fill]) => ({
  inputs: [x([1, 2, 3, 4]), x([1, 2, s as number, 4]), x([1, 2, s as number, 3]), x([s as number], fill as number[])],
  attrs: { causal: false, scale: 0.5, masked: true },
}))

export const sequences: Cases<keyof typeof attentionOps | keyof typeof recurrentOps> = {
  attention: [...attentionCases(false), ...maskedCases(false), ...hiding],
  attentionGrad: [...attentionCases(true), ...maskedCases(true)],
  rnn: activations(forward(1, 1, false)),
  rnnGrad: activations(backward(1, 1, [[1, 'signedUnit']])),
  lstm: forward(4, 2, false),
  lstmGrad: [...backward(4, 2, cellGradient), ...backward(4, 2, [...cellGradient, [1, 'any']])],
  gru: forward(3, 1, true),
  gruGrad: backward(3, 1, [
    [1, 'signedUnit'],
    [4, 'unit'],
  ]),
}
