import { ArgumentError, ShapeError } from '../errors.ts'
import * as f from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type WeightOptions, weightAndBias } from './initializers.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export type Conv1dLayerOptions = f.Conv1dOptions & WeightOptions
export type Conv2dLayerOptions = f.Conv2dOptions & WeightOptions
export type Conv3dLayerOptions = f.Conv3dOptions & WeightOptions
export type ConvTranspose1dLayerOptions = f.ConvTranspose1dOptions & WeightOptions
export type ConvTranspose2dLayerOptions = f.ConvTranspose2dOptions & WeightOptions

type Apply = (x: Tensor, weight: Tensor, bias: Tensor | undefined) => Tensor

/** Filters and a bias, as in PyTorch: weight [O, C / groups, ..], transposed [C, O / groups, ..], bias [O]. */
export class Conv extends Module {
  readonly inputs: number
  readonly outputs: number
  weight: Parameter
  bias: Parameter | undefined
  readonly #kind: string
  readonly #apply: Apply

  constructor(
    kind: string,
    [inputs, outputs]: readonly [number, number],
    kernel: readonly number[],
    transposed: boolean,
    options: WeightOptions & { groups?: number },
    apply: Apply,
  ) {
    super()
    const { groups = 1 } = options
    const where = `nn.${kind}`
    checkSizes(where, {
      inputs,
      outputs,
      groups,
      ...Object.fromEntries([...kernel.entries()].map(([i, k]) => [`kernel ${i}`, k])),
    })
    if (inputs % groups !== 0 || outputs % groups !== 0)
      throw new ArgumentError('the groups do not divide the channels', {
        where,
        expected: `a divisor of ${inputs} and ${outputs}`,
        received: String(groups),
      })
    this.#kind = kind
    this.#apply = apply
    this.inputs = inputs
    this.outputs = outputs
    const taps = kernel.reduce((n, k) => n * k, 1)
    const [first, second] = transposed ? [inputs, outputs] : [outputs, inputs]
    // PyTorch counts the second axis as the inputs of a filter, transposed or not
    const fan = { inputs: (second / groups) * taps, outputs: (first / groups) * taps }
    ;[this.weight, this.bias] = weightAndBias([first, second / groups, ...kernel], outputs, fan, options)
  }

  override get kind(): string {
    return this.#kind
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      if (x.rank !== this.weight.rank || x.shape[1] !== this.inputs)
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.${this.#kind}(${this.inputs}, ${this.outputs})`,
          expected: `[N, ${this.inputs}, ${['L', 'H, W', 'D, H, W'][this.weight.rank - 3]}]`,
          received: `[${x.shape.join(', ')}]`,
        })
      return this.#apply(x, this.weight, this.bias)
    })
  }
}

/** A size for each axis. */
function kernelOf(where: string, kernel: number | readonly number[], axes: number): readonly number[] {
  const sizes = Array.isArray(kernel) ? (kernel as readonly number[]) : new Array<number>(axes).fill(kernel as number)
  if (sizes.length !== axes)
    throw new ArgumentError('the kernel does not have a size for each axis', {
      where,
      expected: `a number, or ${axes}`,
      received: `[${sizes.join(', ')}]`,
    })
  return sizes
}

/** The options of the layer and those of its op. */
function parted<O extends WeightOptions & { readonly groups?: number }>(
  options: O,
): { layer: WeightOptions & { groups?: number }; op: Omit<O, keyof WeightOptions> } {
  const { bias: _, initializer: __, biasInitializer: ___, ...op } = options
  return { layer: options, op }
}

/** Convolution of sequences [N, inputs, L]. */
export const conv1d = (inputs: number, outputs: number, kernel: number, options: Conv1dLayerOptions = {}): Conv => {
  const { layer, op } = parted(
    known('nn.conv1d', options, 'stride padding dilation groups bias initializer biasInitializer'),
  )
  return new Conv('conv1d', [inputs, outputs], [kernel], false, layer, (x, w, b) => f.conv1d(x, w, b, op))
}

/** Convolution of images [N, inputs, H, W]. */
export const conv2d = (inputs: number, outputs: number, kernel: f.Size2d, options: Conv2dLayerOptions = {}): Conv => {
  const { layer, op } = parted(
    known('nn.conv2d', options, 'stride padding dilation groups bias initializer biasInitializer'),
  )
  return new Conv('conv2d', [inputs, outputs], kernelOf('nn.conv2d', kernel, 2), false, layer, (x, w, b) =>
    f.conv2d(x, w, b, op),
  )
}

/** Convolution of volumes [N, inputs, D, H, W]. */
export const conv3d = (inputs: number, outputs: number, kernel: f.Size3d, options: Conv3dLayerOptions = {}): Conv => {
  const { layer, op } = parted(
    known('nn.conv3d', options, 'stride padding dilation groups bias initializer biasInitializer'),
  )
  const sizes = kernelOf('nn.conv3d', kernel, 3)
  return new Conv('conv3d', [inputs, outputs], sizes, false, layer, (x, w, b) => f.conv3d(x, w, b, op))
}

/** Transposed convolution of sequences [N, inputs, L]. */
export const convTranspose1d = (
  inputs: number,
  outputs: number,
  kernel: number,
  options: ConvTranspose1dLayerOptions = {},
): Conv => {
  const { layer, op } = parted(
    known(
      'nn.convTranspose1d',
      options,
      'stride padding outputPadding dilation groups bias initializer biasInitializer',
    ),
  )
  return new Conv('convTranspose1d', [inputs, outputs], [kernel], true, layer, (x, w, b) =>
    f.convTranspose1d(x, w, b, op),
  )
}

/** Transposed convolution of images [N, inputs, H, W]. */
export const convTranspose2d = (
  inputs: number,
  outputs: number,
  kernel: f.Size2d,
  options: ConvTranspose2dLayerOptions = {},
): Conv => {
  const { layer, op } = parted(
    known(
      'nn.convTranspose2d',
      options,
      'stride padding outputPadding dilation groups bias initializer biasInitializer',
    ),
  )
  return new Conv(
    'convTranspose2d',
    [inputs, outputs],
    kernelOf('nn.convTranspose2d', kernel, 2),
    true,
    layer,
    (x, w, b) => f.convTranspose2d(x, w, b, op),
  )
}
