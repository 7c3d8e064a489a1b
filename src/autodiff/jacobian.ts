import { GradientError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import { tensor } from '../ops/create.ts'
import { oneOf } from '../ops/functions.ts'
import { reshape, stack, transpose } from '../ops/shape.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import { sizeOf } from '../program/graph.ts'
import { Handle } from '../tensor/handle.ts'
import { scoped } from '../tensor/scope.ts'
import { backward } from './gradients.ts'

export interface JacobianOptions {
  /**
   * 'numerator' (default): J[i, j] = dy_i / dx_j, shape [..y, ..x], so that dz/dx = dz/dy dy/dx from left to right.
   * 'denominator': its transpose, shape [..x, ..y], with the factors of the chain rule reversed.
   */
  readonly layout?: 'numerator' | 'denominator'
}

/** All derivatives of y = f(x): one backward pass for every element of y. For small functions. */
export function jacobian(f: (x: Tensor) => Tensor, x: Tensor, options: JacobianOptions = {}): Tensor {
  const { layout = 'numerator' } = known('jacobian', options, 'layout')
  oneOf(layout, ['numerator', 'denominator'], 'jacobian.layout')
  const { engine } = checkTensor(x, 'jacobian')
  const tape = engine.startTape()
  try {
    return scoped(engine, () => {
      const y = typeof f === 'function' ? f(x) : f
      if (!(y instanceof Handle))
        throw new GradientError('the function did not return a tensor', { where: 'jacobian', received: typeof y })
      const [ny, nx] = [sizeOf(y.shape), sizeOf(x.shape)]
      if (ny === 0)
        throw new GradientError('the function has no outputs', { where: 'jacobian', received: `[${y.shape}]` })
      const rows = Array.from({ length: ny }, (_, i) => {
        const seed = new Float32Array(ny)
        seed[i] = 1
        return reshape(backward(y, [x.state], tensor(seed, y.shape, { engine }))[0] as Tensor, [nx])
      })
      const matrix = stack(rows)
      return layout === 'numerator'
        ? reshape(matrix, [...y.shape, ...x.shape])
        : reshape(transpose(matrix), [...x.shape, ...y.shape])
    })
  } finally {
    engine.stopTape(tape)
  }
}
