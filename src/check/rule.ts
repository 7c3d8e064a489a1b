import { backward } from '../autodiff/gradients.ts'
import { tensor } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Engine } from '../program/engine.ts'
import type { Shape } from '../program/graph.ts'
import { withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import { compareGradients } from './compare.ts'
import { memoryOf } from './memory.ts'
import { generator } from './random.ts'
import type { GradientReport } from './report.ts'

/** Where operands are drawn from: first from where nearly every function is defined, then from both signs. */
const RANGES: readonly (readonly [from: number, to: number])[] = [
  [0.05, 0.95],
  [-0.95, 0.95],
]

/**
 * How the gradient rule of an op differs from central differences of what it computes, both in double precision, at
 * random operands of these shapes; undefined if it does not, as far as they can tell. In an engine of its own: nothing
 * of the user's is touched, neither traces nor random numbers.
 */
export async function faultOf(
  op: (...inputs: readonly Tensor[]) => Tensor,
  shapes: readonly Shape[],
): Promise<string | undefined> {
  const engine = await Engine.create({ threads: 1, workers: false, checkRules: false })
  try {
    for (const range of RANGES) {
      const report = withEngine(engine, () => scoped(engine, () => compared(engine, op, shapes, range)))
      for (const { name, entries } of report.params) {
        const wrong = entries.find((entry) => !entry.ok)
        if (wrong !== undefined)
          return `by ${name}${wrong.at.startsWith('[') ? '' : ', '}${wrong.at} it gives ${wrong.analytic}, differences give ${wrong.numeric}`
      }
    }
    return undefined
  } finally {
    await engine.close()
  }
}

function compared(
  engine: Engine,
  op: (...inputs: readonly Tensor[]) => Tensor,
  shapes: readonly Shape[],
  [from, to]: readonly [number, number],
): GradientReport {
  const random = generator(1)
  const draw = (shape: Shape): Tensor => {
    const n = shape.reduce((product, size) => product * size, 1)
    const data = Float32Array.from({ length: n }, () => from + (to - from) * random())
    return tensor(data, shape, { engine })
  }
  const inputs = shapes.map(draw)
  const leaves = inputs.map((x) => x.use('the check of a gradient rule'))
  const tape = engine.startTape()
  try {
    const y = op(...inputs)
    const loss = y.mul(draw(y.shape)).sum()
    const gradients = backward(loss, leaves)
    const parameters = leaves.map((leaf, i) => ({
      name: `input ${i}`,
      leaf,
      gradient: (gradients[i] as Tensor).state,
    }))
    return compareGradients({ loss: loss.state, parameters, feed: memoryOf(engine, 'the check of a gradient rule') })(
      [],
    )
  } finally {
    engine.stopTape(tape)
  }
}
