// A module of one's own: fields that hold modules or parameters are found by name, forward is a plain method.
import { init, nn, parameter, type Tensor, zeros } from 'chainrule'

const engine = await init({ seed: 1 })

/** x + f(x) * gate(x), each with a learnt strength. */
class GatedResidual extends nn.Module {
  readonly body: nn.Sequential
  readonly gate: nn.Linear
  readonly strength = parameter(zeros([1]))

  constructor(size: number) {
    super()
    this.body = nn.sequential([nn.linear(size, size, { initializer: 'heNormal' }), nn.relu(), nn.linear(size, size)])
    this.gate = nn.linear(size, size)
  }

  override forward(x: Tensor): Tensor {
    return x.add(this.body.forward(x).mul(this.gate.forward(x).sigmoid()).mul(this.strength))
  }
}

const model = nn.sequential([nn.linear(16, 32), new GatedResidual(32), new GatedResidual(32), nn.linear(32, 4)])
console.log(model.summary([1, 16]))
console.log([...(await model.stateDict())].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).join('\n'))
console.log(`output: [${model.forward(zeros([5, 16])).shape.join(', ')}]`)
await engine.close()
