import type { Operand } from '../../../src/check/cases/types.ts'
import type { nn, Tensor } from '../../../src/index.ts'
import { type Anything, type Call, notFloats, type Tools, unary } from '../../ops/wrong/calls.ts'

// What the table of all layers says of each: how to make it, what goes in, and what it must refuse.

/** Every exported function that makes a module. */
export type MakerName = {
  [K in keyof typeof nn]: (typeof nn)[K] extends (...options: never[]) => nn.Module ? K : never
}[keyof typeof nn]

export interface LayerCase {
  readonly make: () => nn.Module
  readonly inputs: readonly Operand[]
  /** What the layer computes; default: `forward` of the inputs. */
  readonly call?: (module: Anything, ...inputs: Tensor[]) => readonly Tensor[]
  /** Nothing to differentiate: no element at all. */
  readonly empty?: true
}

export interface LayerRow {
  readonly cases: readonly LayerCase[]
  /** Calls that must be refused; `layer` is that of the first case. */
  readonly wrong: (t: Tools, layer: Anything) => readonly Call[]
}

/** A few of the rows of the table, and no other. */
export type Rows<Name extends MakerName> = Readonly<Record<Name, LayerRow>>

export const c = (make: () => nn.Module, ...inputs: readonly Operand[]): LayerCase => ({ make, inputs })
/** The same with no element in the input. */
export const none = (make: () => nn.Module, ...inputs: readonly Operand[]): LayerCase => ({ make, inputs, empty: true })

/** What no size of a constructor may be. */
export const sizes = (name: string, make: (size: Anything) => unknown): Call[] =>
  [0, -1, 1.5, Number.NaN, '3', null].map((size) => [`${name}: ${JSON.stringify(size)} ${size}`, () => make(size)])

/** What no probability of dropout may be. */
export const rates = (make: (p: Anything) => unknown): Call[] =>
  [-0.1, 1, Number.NaN, '0.5', null].map((p) => [`dropout: ${typeof p} ${p}`, () => make(p)])

/** What no layer takes as its input. */
export const inputs = (layer: Anything): Call[] => unary((x) => layer.forward(x))

/** The same of one of several operands. */
export const operand = (call: (x: Anything) => unknown): Call[] => notFloats(call)

/** A layer that can be made, and refuses its input: disposed of in any case. */
export function fed(make: () => Anything, ...x: Anything[]): unknown {
  using layer = make()
  return layer.forward(...x)
}
