// XOR, step by step: the loss, its gradients and the update are ordinary calls, and every value can be looked at.
import { init, mse, nn, optim, scope, tensor, valueAndGrad } from 'chainrule'

const steps = Number(process.argv[2] ?? 400)
const engine = await init({ seed: 1 })

const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const y = tensor([[0], [1], [1], [0]])
const model = nn.sequential([nn.linear(2, 8), nn.tanh(), nn.linear(8, 1)])
const optimizer = optim.adam(model, { lr: 0.05 })

for (let step = 0; step < steps; step++) {
  using _ = scope()
  const { value, grads } = valueAndGrad(() => mse(model.forward(x), y), model)
  optimizer.step(grads)
  if (step % 100 === 0) console.log(`step ${step}  loss ${value.item().toFixed(4)}`)
}
console.log(`xor: ${[...model.forward(x).dataSync()].map((v) => v.toFixed(2)).join(' ')}`)
await engine.close()
