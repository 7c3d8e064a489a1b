// L1 and L2 as visible terms of the loss: L1 drives the weights of useless inputs to zero, L2 only shrinks them.
import { capture, init, mse, nn, optim, randomNormal, type Tensor, tensor, valueAndGrad } from 'chainrule'

const steps = Number(process.argv[2] ?? 2000)
const engine = await init({ seed: 1 })

// Only the first two of eight inputs matter.
const truth = tensor([[2], [-1], [0], [0], [0], [0], [0], [0]])
const x = randomNormal([24, 8])
const y = x.matmul(truth).add(randomNormal([24, 1]))
const penalties: Record<string, (weight: Tensor) => Tensor> = {
  none: (w) => w.sum().mul(0),
  l1: (w) => optim.l1([w], 0.5),
  l2: (w) => optim.l2([w], 0.1),
}
for (const [name, penalty] of Object.entries(penalties)) {
  const model = nn.linear(8, 1)
  const optimizer = optim.sgd(model, { lr: optim.schedule.cosine(0.05, { steps }) })
  using step = capture(() => {
    const { value, grads } = valueAndGrad(() => mse(model.forward(x), y).add(penalty(model.weight)), model)
    optimizer.step(grads)
    return { loss: value }
  })
  await step.runMany(steps)
  const weights = [...(await model.weight.data())].map((w) => w.toFixed(2).padStart(5)).join(' ')
  console.log(`${name.padEnd(4)} ${weights}`)
}
await engine.close()
