// The networks of `chainrule train`: a specification that a model file can hold, and the module it stands for.
import type { JsonReader } from '../data/fitted.ts'
import type { Module } from '../nn/index.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type CnnSpec, cnn, readCnn } from './models/cnn.ts'
import { type MlpSpec, perceptron, readMlp } from './models/mlp.ts'
import { oneOf } from './models/read.ts'
import { readTransformer, type TransformerSpec, transformer } from './models/transformer.ts'

/** All that is needed to build a network again: what a model file keeps beside the weights. */
export type ModelSpec = MlpSpec | CnnSpec | TransformerSpec

/** A module of one input and one output. */
export type Network = Module & { forward(x: Tensor): Tensor }

export function buildModel(spec: ModelSpec): Network {
  switch (spec.kind) {
    case 'mlp':
      return perceptron(spec)
    case 'cnn':
      return cnn(spec)
    case 'transformer':
      return transformer(spec)
  }
}

/** A network in a few words. */
export function describe(spec: ModelSpec): string {
  const dropped = spec.dropout > 0 ? `, dropout ${spec.dropout}` : ''
  switch (spec.kind) {
    case 'mlp':
      return `${spec.sizes.join('-')}, ${spec.activation}${dropped}`
    case 'cnn':
      return `convolutions ${spec.channels.join('-')}, layers ${[...spec.hidden, spec.outputs].join('-')}, ${spec.activation}${dropped}`
    case 'transformer':
      return `transformer, ${spec.layers} layers of width ${spec.width}, ${spec.heads} heads, context ${spec.context}, ${spec.vocabulary} tokens${dropped}`
  }
}

/** A specification that a file holds, checked. */
export function readSpec(json: JsonReader): ModelSpec {
  const kind = oneOf(json.get('kind'), ['mlp', 'cnn', 'transformer'])
  return kind === 'mlp' ? readMlp(json) : kind === 'cnn' ? readCnn(json) : readTransformer(json)
}
