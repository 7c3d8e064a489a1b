// A generator and a discriminator with an optimizer each, both updated within ONE captured step.
import { capture, init, nn, optim, randomNormal, type Tensor, valueAndGrad } from 'chainrule'

const steps = Number(process.argv[2] ?? 3000)
const engine = await init({ seed: 1 })

const generator = nn.sequential([nn.linear(2, 16), nn.tanh(), nn.linear(16, 1)])
const discriminator = nn.sequential([nn.linear(1, 16), nn.leakyRelu(0.2), nn.linear(16, 1)])
const learnG = optim.adam(generator, { lr: 2e-3, betas: [0.5, 0.9] })
const learnD = optim.adam(discriminator, { lr: 2e-3, betas: [0.5, 0.9] })

/** -log of the probability that the discriminator gives to "real". */
const real = (x: Tensor): Tensor => discriminator.forward(x).neg().softplus().mean()
const fake = (x: Tensor): Tensor => discriminator.forward(x).softplus().mean()

using step = capture(() => {
  const truth = randomNormal([64, 1], { mean: 3, stddev: 0.5 })
  const d = valueAndGrad(
    () => real(truth).add(fake(generator.forward(randomNormal([64, 2])).stopGradient())),
    discriminator,
  )
  learnD.step(d.grads)
  const made = (): Tensor => generator.forward(randomNormal([64, 2]))
  const g = valueAndGrad(() => real(made()), generator)
  learnG.step(g.grads)
  return { d: d.value, g: g.value, mean: made().mean() }
})
const { curves } = await step.runMany(steps)
const last = (name: 'd' | 'g' | 'mean'): string => (curves[name].at(-1) ?? 0).toFixed(3)
console.log(`discriminator ${last('d')}  generator ${last('g')}  mean of the samples ${last('mean')} (wanted 3)`)
await engine.close()
