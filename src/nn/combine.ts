import { ArgumentError, ShapeError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { drawn } from './initializers.ts'
import { inside, type Layer, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

/** x + layer(x). */
export class Residual extends Module {
  readonly layer: Layer

  constructor(layer: Layer) {
    super()
    if (!((layer as unknown) instanceof Module))
      throw new ArgumentError('not a layer', {
        where: 'nn.residual',
        expected: 'a module such as nn.linear(64, 64)',
        received: String(layer),
      })
    this.layer = layer
  }

  override get kind(): string {
    return 'residual'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      const y = inside(this.layer, [], () => this.layer.forward(x))
      if (String(y.shape) !== String(x.shape))
        throw new ShapeError('the layer changes the shape', {
          where: 'nn.residual',
          expected: `[${x.shape.join(', ')}]`,
          received: `[${y.shape.join(', ')}]`,
        })
      return x.add(y)
    })
  }
}

export const residual = (layer: Layer): Residual => new Residual(layer)

/** y[o] = a W[o] b + bias[o] for rows a [.., left] and b [.., right]; one matrix for each output. */
export class Bilinear extends Module {
  readonly left: number
  readonly right: number
  readonly outputs: number
  /** [outputs, left, right]. */
  weight: Parameter
  bias: Parameter | undefined

  constructor(left: number, right: number, outputs: number, options: { readonly bias?: boolean } = {}) {
    super()
    const { bias = true } = known('nn.bilinear', options, 'bias')
    checkSizes('nn.bilinear', { left, right, outputs })
    this.left = left
    this.right = right
    this.outputs = outputs
    const fan = { inputs: left, outputs }
    this.weight = drawn('fanIn', [outputs, left, right], fan)
    this.bias = bias ? drawn('fanIn', [outputs], fan) : undefined
  }

  override get kind(): string {
    return 'bilinear'
  }

  override forward(a: Tensor, b: Tensor): Tensor {
    return inside(this, [a, b], () => {
      const lead = a.shape.slice(0, -1)
      if (a.shape.at(-1) !== this.left || String(b.shape) !== String([...lead, this.right]))
        throw new ShapeError('the inputs do not fit the layer', {
          where: `nn.bilinear(${this.left}, ${this.right}, ${this.outputs})`,
          expected: `[.., ${this.left}] and [.., ${this.right}]`,
          received: `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`,
        })
      const rows = a.size / this.left
      const products = a
        .reshape([1, rows, this.left])
        .matmul(this.weight)
        .mul(b.reshape([1, rows, this.right]))
        .sum(2)
      const y = products.transpose().reshape([...lead, this.outputs])
      return this.bias === undefined ? y : y.add(this.bias)
    })
  }
}

export const bilinear = (
  left: number,
  right: number,
  outputs: number,
  options: { readonly bias?: boolean } = {},
): Bilinear => new Bilinear(left, right, outputs, options)
