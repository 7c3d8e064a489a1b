import type { JsonReader } from '../data/fitted.ts'
import { DataError } from '../errors.ts'
import {
  conv2d,
  dropout,
  flatten,
  gelu,
  type Layer,
  linear,
  Module,
  maxPool2d,
  relu,
  type Sequential,
  sequential,
  sigmoid,
  silu,
  tanh,
} from '../nn/index.ts'
import type { Tensor } from '../ops/tensor.ts'

type Activation = 'relu' | 'tanh' | 'sigmoid' | 'gelu' | 'silu'
const ACTIVATIONS: Readonly<Record<Activation, () => Layer>> = { relu, tanh, sigmoid, gelu, silu }

/** Layers of weights: of rows [N, sizes[0]] the outputs [N, last size]. */
export interface MlpSpec {
  readonly kind: 'mlp'
  /** Widths from input to output. */
  readonly sizes: readonly number[]
  readonly activation: Activation
  readonly dropout: number
}

/** Convolutions of 3 x 3, each halved by pooling while there is something to halve, then layers of weights. */
export interface CnnSpec {
  readonly kind: 'cnn'
  /** Channels, rows and columns of an image. */
  readonly image: readonly [channels: number, rows: number, columns: number]
  /** The last axis of a sample is its channels. */
  readonly channelsLast: boolean
  readonly channels: readonly number[]
  readonly hidden: readonly number[]
  readonly outputs: number
  readonly activation: Activation
  readonly dropout: number
}

/** All that is needed to build a network again: what a model file keeps beside the weights. */
export type ModelSpec = MlpSpec | CnnSpec

export function buildModel(spec: ModelSpec): Layer {
  return spec.kind === 'mlp' ? perceptron(spec) : new Cnn(spec)
}

/** A network in a few words. */
export function describe(spec: ModelSpec): string {
  const dropped = spec.dropout > 0 ? `, dropout ${spec.dropout}` : ''
  const shape =
    spec.kind === 'mlp'
      ? spec.sizes.join('-')
      : `convolutions ${spec.channels.join('-')}, layers ${[...spec.hidden, spec.outputs].join('-')}`
  return `${shape}, ${spec.activation}${dropped}`
}

function perceptron({ sizes, activation, dropout: p }: Omit<MlpSpec, 'kind'>): Sequential {
  const layers: Layer[] = []
  for (const [index, inputs] of sizes.slice(0, -1).entries()) {
    if (index > 0) layers.push(ACTIVATIONS[activation]())
    if (index > 0 && p > 0) layers.push(dropout(p))
    layers.push(linear(inputs, sizes[index + 1] as number))
  }
  return sequential(layers)
}

class Cnn extends Module {
  readonly features: Sequential
  readonly head: Sequential
  readonly #spec: CnnSpec

  constructor(spec: CnnSpec) {
    super()
    this.#spec = spec
    let [channels, rows, columns] = spec.image
    const layers: Layer[] = []
    for (const next of spec.channels) {
      layers.push(conv2d(channels, next, 3, { padding: 1 }), ACTIVATIONS[spec.activation]())
      if (Math.min(rows, columns) >= 2) {
        layers.push(maxPool2d(2))
        ;[rows, columns] = [Math.floor(rows / 2), Math.floor(columns / 2)]
      }
      channels = next
    }
    layers.push(flatten())
    this.features = sequential(layers)
    this.head = perceptron({ ...spec, sizes: [channels * rows * columns, ...spec.hidden, spec.outputs] })
  }

  override get kind(): string {
    return 'cnn'
  }

  /** x [N, values of an image] or [N, ..image]. */
  override forward(x: Tensor): Tensor {
    const { image, channelsLast } = this.#spec
    const [channels, rows, columns] = image
    const pixels = channelsLast
      ? x.reshape([-1, rows, columns, channels]).transpose([0, 3, 1, 2])
      : x.reshape([-1, channels, rows, columns])
    return this.head.forward(this.features.forward(pixels))
  }
}

/** Channels, rows and columns of samples of that shape: [28, 28], [3, 32, 32] or [32, 32, 3]. */
export function imageOf(shape: readonly number[], where: string): Pick<CnnSpec, 'image' | 'channelsLast'> {
  const [a = 0, b = 0, c = 0] = shape
  if (shape.length === 2) return { image: [1, a, b], channelsLast: false }
  if (shape.length === 3 && a <= 4) return { image: [a, b, c], channelsLast: false }
  if (shape.length === 3 && c <= 4) return { image: [c, a, b], channelsLast: true }
  throw new DataError('a cnn takes images', {
    where,
    expected: 'samples of [rows, columns], [channels, rows, columns] or [rows, columns, channels]',
    received: `[${shape.join(', ')}]`,
    hint: 'Use --model mlp.',
  })
}

const MOST = 10_000_000

/** A specification that a file holds, checked. */
export function readSpec(json: JsonReader): ModelSpec {
  const sizes = (key: string): number[] =>
    json
      .get(key)
      .list()
      .map((item) => item.whole(1, MOST))
  const kind = oneOf(json.get('kind'), ['mlp', 'cnn'])
  const activation = oneOf(json.get('activation'), Object.keys(ACTIVATIONS) as Activation[])
  const dropped = json.get('dropout')
  const p = dropped.number()
  if (!(p >= 0 && p < 1)) dropped.fail('a number from 0 and below 1')
  if (kind === 'mlp') {
    const list = sizes('sizes')
    if (list.length < 2) json.get('sizes').fail('at least two widths')
    return { kind, sizes: list, activation, dropout: p }
  }
  const [channels = 0, rows = 0, columns = 0, ...more] = sizes('image')
  if (columns === 0 || more.length > 0) json.get('image').fail('three sizes')
  return {
    kind,
    image: [channels, rows, columns],
    channelsLast: json.get('channelsLast').boolean(),
    channels: sizes('channels'),
    hidden: sizes('hidden'),
    outputs: json.get('outputs').whole(1, MOST),
    activation,
    dropout: p,
  }
}

function oneOf<T extends string>(json: JsonReader, values: readonly T[]): T {
  return values.find((value) => value === json.value) ?? json.fail(values.join(', '))
}
