import { type Gradients, type ParameterTree, treeOf } from '../autodiff/tree.ts'
import { ArgumentError, GradientError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import { scoped } from '../tensor/scope.ts'
import { memoryOf } from './memory.ts'
import { centralDifference } from './slope.ts'
import { Surface } from './surface.ts'

export interface NumericOptions {
  /** Half of the distance between the two losses, for parameters up to 1; larger ones are moved in proportion. */
  readonly eps?: number
}

/** The step at which what it leaves out (eps^2) and the rounding of the loss (2^-53 / eps) are about equal. */
const EPS = 2 ** -17

/**
 * The gradients that `gradients` gives, without the chain rule: every element of every parameter is moved to both
 * sides and the difference of the losses is divided by the distance, (L(p + eps) - L(p - eps)) / 2 eps, in double
 * precision. Two evaluations of the loss for every number: for small networks, and to see that both ways agree.
 */
export function numericGradients<P extends ParameterTree>(
  f: () => Tensor,
  params: P,
  options: NumericOptions = {},
): Gradients<P> {
  const { eps = EPS } = known('numericGradients', options, 'eps')
  if (!(eps > 0 && eps < Infinity))
    throw new ArgumentError('the step does not fit', {
      where: 'numericGradients.eps',
      expected: 'a number above 0',
      received: String(eps),
    })
  const tree = treeOf(params)
  const engine = engineOf(tree.tensors, 'numericGradients')
  engine.flush()
  const leaves = tree.tensors.map((parameter) => parameter.use('numericGradients'))
  const tape = engine.startTape()
  try {
    const loss = scoped(engine, f)
    if (!(loss instanceof Tensor))
      throw new GradientError('the function did not return a tensor', {
        where: 'numericGradients',
        received: typeof loss,
      })
    const surface = new Surface(loss.state, memoryOf(engine, 'numericGradients'), new Set(leaves))
    const slopes = leaves.map((leaf) => {
      const at = surface.at(leaf)
      return Float32Array.from(at, (x, i) =>
        centralDifference(surface.element(leaf, i), eps * Math.max(1, Math.abs(x))),
      )
    })
    loss.dispose()
    return tree.rebuild(slopes.map((data, i) => tensor(data, leaves[i]?.shape, { engine })))
  } finally {
    engine.stopTape(tape)
  }
}

/** The engine of the parameters, which are float32. */
export function engineOf(tensors: readonly Tensor[], where: string): Tensor['engine'] {
  const [first] = tensors
  if (first === undefined)
    throw new GradientError('there is nothing to differentiate by', { where, received: 'no parameters' })
  for (const { dtype } of tensors)
    if (dtype !== 'float32')
      throw new GradientError('a parameter is not float32', { where, expected: 'float32', received: dtype })
  return first.engine
}
