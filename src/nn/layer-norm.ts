import { ArgumentError, ShapeError } from '../errors.ts'
import { mean, rsqrt, variance } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { drawn } from './initializers.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

/** (x - mean) / sqrt(variance + eps) over the last axis, times weight, plus bias (Ba et al. 2016). */
export class LayerNorm extends Module {
  readonly width: number
  readonly eps: number
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(width: number, { eps = 1e-5 }: { readonly eps?: number } = {}) {
    super()
    checkSizes('nn.layerNorm', { width })
    if (!(eps > 0))
      throw new ArgumentError('eps is out of range', {
        where: 'nn.layerNorm',
        expected: 'above 0',
        received: String(eps),
      })
    this.width = width
    this.eps = eps
    this.weight = drawn('ones', [width], { inputs: width, outputs: width })
    this.bias = drawn('zeros', [width], { inputs: width, outputs: width })
  }

  override get kind(): string {
    return 'layerNorm'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, () => {
      if (x.shape.at(-1) !== this.width)
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.layerNorm(${this.width})`,
          expected: `[.., ${this.width}]`,
          received: `[${x.shape.join(', ')}]`,
        })
      const spread = variance(x, -1, { correction: 0, keepDims: true })
      return x
        .sub(mean(x, -1, { keepDims: true }))
        .mul(rsqrt(spread.add(this.eps)))
        .mul(this.weight)
        .add(this.bias)
    })
  }
}

export const layerNorm = (width: number, options: { readonly eps?: number } = {}): LayerNorm =>
  new LayerNorm(width, options)
