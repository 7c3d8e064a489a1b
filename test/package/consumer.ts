// A user's file, compiled against the packed declarations: what is here has to stay possible, and what is expected to
// be an error has to stay one.
import {
  capture,
  crossEntropy,
  gradients,
  init,
  nn,
  optim,
  parameter,
  spec,
  type Tensor,
  tensor,
  valueAndGrad,
} from 'chainrule'
import { checkGradients, numericGradients } from 'chainrule/check'
import * as inline from 'chainrule/inline'

const engine = await init({ threads: 'auto', numerics: 'reproducible', seed: 1 })
const threads: number = engine.threads

const model = nn.sequential([nn.linear(2, 8), nn.tanh(), nn.linear(8, 2)])
const optimizer = optim.adamw(model, { lr: 1e-2 })
const step = capture(
  ({ x, y }) => {
    const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
    optimizer.step(grads)
    return { loss: value }
  },
  { x: spec([4, 2]), y: spec([4], 'int32') },
)
const { loss } = step.run({ x: new Float32Array(8), y: new Int32Array(4) })
const { steps, curves } = await step.runMany(3, { signal: AbortSignal.timeout(1000) })
const last: number | undefined = curves.loss[steps - 1]

const w = parameter(tensor([1, 2]))
const list: readonly Tensor[] = gradients(() => w.square().sum(), [w])
const record: Readonly<Record<string, Tensor>> = gradients(() => w.square().sum(), { w })
const numeric: readonly Tensor[] = numericGradients(() => w.square().sum(), [w])
checkGradients(() => w.square().sum(), { w })

const same: typeof init = inline.init

// @ts-expect-error: a misspelt option
await init({ thread: 2 })
// @ts-expect-error: a build that does not exist
await init({ numerics: 'exact' })
// @ts-expect-error: a shape holds numbers
tensor([1, 2], ['2'])
// @ts-expect-error: an output that the step does not have
step.run({ x: new Float32Array(8), y: new Int32Array(4) }).accuracy
// @ts-expect-error: an optimizer needs a learning rate
optim.sgd(model)

await engine.close()

export { last, list, loss, numeric, record, same, threads }
