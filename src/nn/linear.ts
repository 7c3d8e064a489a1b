import { ShapeError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type WeightOptions, weightAndBias } from './initializers.ts'
import { type FieldLayout, inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export type LinearOptions = WeightOptions

/** O = I W + b for rows of inputs; any leading axes. */
export class Linear extends Module {
  readonly inputs: number
  readonly outputs: number
  /** [inputs, outputs]; assign another layer's to tie them. */
  weight: Parameter
  bias: Parameter | undefined

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    known('nn.linear', options, 'bias initializer biasInitializer')
    checkSizes('nn.linear', { inputs, outputs })
    this.inputs = inputs
    this.outputs = outputs
    ;[this.weight, this.bias] = weightAndBias([inputs, outputs], outputs, { inputs, outputs }, options)
  }

  override get kind(): string {
    return 'linear'
  }

  override layout(field: string): FieldLayout {
    return field === 'weight' ? { axes: [1, 0] } : {}
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      if (x.rank < 1 || x.shape.at(-1) !== this.inputs)
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.linear(${this.inputs}, ${this.outputs})`,
          expected: `[..., ${this.inputs}]`,
          received: `[${x.shape.join(', ')}]`,
          hint: x.rank > 2 ? 'Put nn.flatten() before it.' : 'Build the layer for the size that comes.',
        })
      const rows = x.rank === 2 ? x : x.reshape([x.size / this.inputs, this.inputs])
      const product = rows.matmul(this.weight)
      const y = this.bias === undefined ? product : product.add(this.bias)
      return x.rank === 2 ? y : y.reshape([...x.shape.slice(0, -1), this.outputs])
    })
  }
}

export const linear = (inputs: number, outputs: number, options: LinearOptions = {}): Linear =>
  new Linear(inputs, outputs, options)
