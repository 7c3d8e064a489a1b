import { checkTensor } from '../ops/apply.ts'
import { tensor } from '../ops/create.ts'
import type { Operands } from '../ops/custom.ts'
import type { Tensor } from '../ops/tensor.ts'
import { checkGradients } from './check.ts'
import type { CheckOptions } from './compare.ts'
import { generator } from './random.ts'
import type { GradientReport } from './report.ts'

/**
 * Checks the gradient rule of an op (`defineOp`, or any function of tensors) at the given inputs: every element of its
 * result counts differently in the loss, so that no error can cancel another. Belongs into the tests of the op.
 */
export async function checkOp<A extends Operands>(
  op: (...inputs: A) => Tensor,
  inputs: A,
  options: CheckOptions = {},
): Promise<GradientReport> {
  const random = generator(1)
  let weights: Float32Array | undefined
  const loss = (): Tensor => {
    const y = checkTensor(op(...inputs), 'checkOp')
    weights ??= Float32Array.from({ length: y.size }, () => 2 * random() - 1)
    return y.mul(tensor(weights, y.shape, { engine: y.engine })).sum()
  }
  return checkGradients(
    loss,
    inputs.filter(({ dtype }) => dtype === 'float32'),
    options,
  )
}
