// An optimizer of one's own is a class with one method, written in ops: it runs eagerly and inside captured steps.
import { capture, init, mse, nn, optim, randomNormal, type Variable, valueAndGrad } from 'chainrule'

/** Lion (Chen et al. 2023): the sign of an interpolated momentum. */
class Lion extends optim.Optimizer {
  readonly momentum: ReadonlyMap<Variable, Variable> = this.slot('momentum')

  protected override update({ parameter, gradient, rate }: optim.Update): void {
    const m = this.momentum.get(parameter) as Variable
    const direction = m.mul(0.9).add(gradient.mul(0.1)).sign()
    parameter.assign(parameter.sub(direction.mul(rate)))
    m.assign(m.mul(0.99).add(gradient.mul(0.01)))
  }
}

const steps = Number(process.argv[2] ?? 500)
const engine = await init({ seed: 1 })
const teacher = nn.linear(8, 1)
const student = nn.linear(8, 1)
const optimizer = new Lion(student, optim.schedule.linear(0.01, { steps, to: 0.01 }))
using step = capture(() => {
  const x = randomNormal([64, 8])
  const { value, grads } = valueAndGrad(() => mse(student.forward(x), teacher.forward(x).stopGradient()), student)
  optimizer.step(grads)
  return { loss: value }
})
const { curves } = await step.runMany(steps)
console.log(`loss ${curves.loss[0]?.toFixed(5)} -> ${curves.loss.at(-1)?.toExponential(2)}`)
await engine.close()
