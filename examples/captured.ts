// The same kind of loop captured: traced once, then replayed by the threads, thousands of steps in one call.
import { capture, crossEntropy, data, init, nn, optim, valueAndGrad } from 'chainrule'

const epochs = Number(process.argv[2] ?? 60)
const engine = await init({ seed: 1 })

// Two interleaving half circles.
const n = 512
const points = new Float32Array(2 * n)
const classes = new Int32Array(n)
for (let i = 0; i < n; i++) {
  const angle = (Math.PI * i) / n
  const moon = i % 2
  points.set(moon === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)], 2 * i)
  classes[i] = moon
}
const moons = data.arrays({ x: points, y: classes }, { shapes: { x: [2] } })
using batches = data.loader(moons, { batch: 32, shuffle: true })

const model = nn.sequential([nn.linear(2, 32), nn.relu(), nn.linear(32, 2)])
const optimizer = optim.adamw(model, {
  lr: optim.schedule.cosine(0.02, { steps: epochs * batches.stepsPerEpoch, warmup: 10 }),
})
using step = capture(() => {
  const { x, y } = batches.next()
  const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
  optimizer.step(optim.clipByGlobalNorm(grads, 1))
  return { loss: value }
})
console.log(`${step.instructions} instructions, ${step.barriers} barriers, ${step.peakBytes} bytes`)

for (let epoch = 0; epoch < epochs; epoch++) {
  await batches.begin(epoch)
  const { curves } = await step.runMany(batches.wholeBatches)
  if (epoch % 10 === 0) console.log(`epoch ${epoch}  loss ${curves.loss.at(-1)?.toFixed(4)}`)
}
await engine.close()
