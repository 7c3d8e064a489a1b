import { backward } from '../autodiff/gradients.ts'
import { type ParameterTree, treeOf } from '../autodiff/tree.ts'
import type { Tensor } from '../ops/tensor.ts'
import { scoped } from '../tensor/scope.ts'
import { type CheckOptions, type Comparison, compareGradients } from './compare.ts'
import { memoryOf } from './memory.ts'
import { engineOf } from './numeric.ts'
import type { GradientReport } from './report.ts'

/**
 * Checks the gradients of a loss three ways: central differences in double precision against the gradient rules
 * evaluated in double precision, and these against the engine's own single precision gradients. The report says
 * `ok`, the worst derivative, and prints as a table.
 *
 * Small parameters are checked element by element, larger ones along random directions. Where the loss has a kink
 * (relu at 0) there is no derivative to compare with: such elements are counted in the report.
 */
export async function checkGradients(
  f: () => Tensor,
  params: ParameterTree,
  options: CheckOptions = {},
): Promise<GradientReport> {
  const tree = treeOf(params)
  const engine = engineOf(tree.tensors, 'checkGradients')
  await engine.flushAsync()
  const leaves = tree.tensors.map((parameter) => parameter.use('checkGradients'))
  const { loss, gradients, compare } = trace()
  try {
    // No tape holds the intermediate values any more: the engine fuses and frees as it does in training.
    await engine.flushAsync()
    return compare(gradients.map((gradient) => gradient.dataSync()))
  } finally {
    for (const made of [loss, ...gradients]) made.dispose()
  }

  function trace(): { loss: Tensor; gradients: Tensor[]; compare: Comparison } {
    const tape = engine.startTape()
    try {
      const [loss, ...gradients] = scoped(engine, () => {
        const value = f()
        return [value, ...backward(value, leaves)]
      }) as [Tensor, ...Tensor[]]
      const parameters = leaves.map((leaf, i) => ({
        name: tree.names[i] as string,
        leaf,
        gradient: (gradients[i] as Tensor).state,
      }))
      const feed = memoryOf(engine, 'checkGradients')
      return { loss, gradients, compare: compareGradients({ loss: loss.state, parameters, feed }, options) }
    } finally {
      engine.stopTape(tape)
    }
  }
}
