import { ShapeError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import { turns } from '../ops/rotary.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { drawn, type InitializerChoice, normalInitializer } from './initializers.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

function check(module: Module, x: Tensor, width: number, most: number): number {
  const [steps = 0, last] = x.shape.slice(-2)
  if (x.rank < 2 || last !== width || steps > most)
    throw new ShapeError('the input does not fit the positions', {
      where: `nn.${module.kind}`,
      expected: `[.., at most ${most}, ${width}]`,
      received: `[${x.shape.join(', ')}]`,
    })
  return steps
}

/** Adds a learnt vector to each position of x [.., time, width]. */
export class PositionalEmbedding extends Module {
  readonly length: number
  readonly width: number
  /** [length, width]. */
  weight: Parameter

  constructor(length: number, width: number, options: { readonly initializer?: InitializerChoice } = {}) {
    super()
    const { initializer = normalInitializer(0.02) } = known('nn.positionalEmbedding', options, 'initializer')
    checkSizes('nn.positionalEmbedding', { length, width })
    this.length = length
    this.width = width
    this.weight = drawn(initializer, [length, width], { inputs: length, outputs: width })
  }

  override get kind(): string {
    return 'positionalEmbedding'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => x.add(this.weight.slice([0], [check(this, x, this.width, this.length)])))
  }
}

export const positionalEmbedding = (
  length: number,
  width: number,
  options: { readonly initializer?: InitializerChoice } = {},
): PositionalEmbedding => new PositionalEmbedding(length, width, options)

/** Adds sines and cosines of position 10000^(-2 i / width) to x [.., time, width], in turn (Vaswani et al. 2017). */
export class SinusoidalPositions extends Module {
  readonly width: number

  constructor(width: number) {
    super()
    checkSizes('nn.sinusoidalPositions', { width, 'half of the width': width / 2 })
    this.width = width
  }

  override get kind(): string {
    return 'sinusoidalPositions'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      const steps = check(this, x, this.width, Number.MAX_SAFE_INTEGER)
      const { cos, sin } = turns(steps, this.width / 2, 10_000)
      const table = Float32Array.from(
        { length: steps * this.width },
        (_, i) => (i % 2 === 0 ? sin : cos)[i >> 1] as number,
      )
      return x.add(tensor(table, [steps, this.width], { engine: x.engine }))
    })
  }
}

export const sinusoidalPositions = (width: number): SinusoidalPositions => new SinusoidalPositions(width)
