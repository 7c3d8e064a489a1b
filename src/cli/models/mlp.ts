import type { JsonReader } from '../../data/fitted.ts'
import {
  dropout,
  gelu,
  type Layer,
  linear,
  relu,
  type Sequential,
  sequential,
  sigmoid,
  silu,
  tanh,
} from '../../nn/index.ts'
import { dropoutOf, oneOf, sizes } from './read.ts'

export type Activation = 'relu' | 'tanh' | 'sigmoid' | 'gelu' | 'silu'
export const ACTIVATIONS: Readonly<Record<Activation, () => Layer>> = { relu, tanh, sigmoid, gelu, silu }

/** Layers of weights: of rows [N, sizes[0]] the outputs [N, last size]. */
export interface MlpSpec {
  readonly kind: 'mlp'
  /** Widths from input to output. */
  readonly sizes: readonly number[]
  readonly activation: Activation
  readonly dropout: number
}

export function perceptron({ sizes, activation, dropout: p }: Omit<MlpSpec, 'kind'>): Sequential {
  const layers: Layer[] = []
  for (const [index, inputs] of sizes.slice(0, -1).entries()) {
    if (index > 0) layers.push(ACTIVATIONS[activation]())
    if (index > 0 && p > 0) layers.push(dropout(p))
    layers.push(linear(inputs, sizes[index + 1] as number))
  }
  return sequential(layers)
}

export function readMlp(json: JsonReader): MlpSpec {
  const list = sizes(json.get('sizes'))
  if (list.length < 2) json.get('sizes').fail('at least two widths')
  return { kind: 'mlp', sizes: list, activation: readActivation(json), dropout: dropoutOf(json) }
}

export function readActivation(json: JsonReader): Activation {
  return oneOf(json.get('activation'), Object.keys(ACTIVATIONS) as Activation[])
}
