// An autoencoder whose decoder is the encoder's transpose: one parameter, used twice, whose gradients add up.
import { capture, init, mse, nn, optim, parameter, randomNormal, type Tensor, valueAndGrad, zeros } from 'chainrule'

class TiedAutoencoder extends nn.Module {
  readonly encoder: nn.Linear
  readonly bias: ReturnType<typeof parameter>

  constructor(size: number, latent: number) {
    super()
    this.encoder = nn.linear(size, latent, { bias: false })
    this.bias = parameter(zeros([size]))
  }
  override forward(x: Tensor): Tensor {
    return this.encoder.forward(x).matmul(this.encoder.weight, { transposeB: true }).add(this.bias)
  }
}

const steps = Number(process.argv[2] ?? 1500)
const engine = await init({ seed: 1 })
const basis = randomNormal([3, 12])
const model = new TiedAutoencoder(12, 3)
const optimizer = optim.adamw(model, { lr: 0.01, weightDecay: 0 })
using step = capture(() => {
  const x = randomNormal([64, 3]).matmul(basis)
  const { value, grads } = valueAndGrad(() => mse(model.forward(x), x), model)
  optimizer.step(grads)
  return { loss: value }
})
const { curves } = await step.runMany(steps)
console.log([...model.namedParameters()].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).join('\n'))
console.log(`reconstruction error ${curves.loss[0]?.toFixed(3)} -> ${curves.loss.at(-1)?.toExponential(2)}`)
await engine.close()
