import type { JsonReader } from '../../data/fitted.ts'
import { DataError } from '../../errors.ts'
import {
  batchNorm,
  conv2d,
  flatten,
  type Layer,
  Module,
  maxPool2d,
  type Sequential,
  sequential,
} from '../../nn/index.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { ACTIVATIONS, type Activation, perceptron, readActivation } from './mlp.ts'
import { dropoutOf, sizes } from './read.ts'

/** Convolutions of 3 x 3, each halved by pooling while there is something to halve, then layers of weights. */
export interface CnnSpec {
  readonly kind: 'cnn'
  /** Channels, rows and columns of an image. */
  readonly image: readonly [channels: number, rows: number, columns: number]
  /** The last axis of a sample is its channels. */
  readonly channelsLast: boolean
  readonly channels: readonly number[]
  /** Each channel is normalized after its convolution, which then has no bias. */
  readonly batchNorm: boolean
  readonly hidden: readonly number[]
  readonly outputs: number
  readonly activation: Activation
  readonly dropout: number
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
      layers.push(conv2d(channels, next, 3, { padding: 1, bias: !spec.batchNorm }))
      if (spec.batchNorm) layers.push(batchNorm(next))
      layers.push(ACTIVATIONS[spec.activation]())
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

  /** x [N, values of an image]. */
  override forward(x: Tensor): Tensor {
    const { image, channelsLast } = this.#spec
    const [channels, rows, columns] = image
    const pixels = channelsLast
      ? x.reshape([-1, rows, columns, channels]).transpose([0, 3, 1, 2])
      : x.reshape([-1, channels, rows, columns])
    return this.head.forward(this.features.forward(pixels))
  }
}

export const cnn = (spec: CnnSpec): Module & { forward(x: Tensor): Tensor } => new Cnn(spec)

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

export function readCnn(json: JsonReader): CnnSpec {
  const [channels = 0, rows = 0, columns = 0, ...more] = sizes(json.get('image'))
  if (columns === 0 || more.length > 0) json.get('image').fail('three sizes')
  return {
    kind: 'cnn',
    image: [channels, rows, columns],
    channelsLast: json.get('channelsLast').boolean(),
    channels: sizes(json.get('channels')),
    batchNorm: json.get('batchNorm').boolean(),
    hidden: sizes(json.get('hidden')),
    outputs: json.get('outputs').whole(1, 10_000_000),
    activation: readActivation(json),
    dropout: dropoutOf(json),
  }
}
