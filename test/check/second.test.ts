import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import { crossEntropy, type Engine, gradients, init, scope, type Tensor, tensor } from '../../src/index.ts'

// Gradients of gradients: the rules are operations with rules of their own.

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const wave = (shape: readonly number[], seed: number): Tensor => {
  const n = shape.reduce((p, size) => p * size, 1)
  return tensor(
    Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + seed)),
    shape,
  )
}

const functions: Readonly<Record<string, (x: Tensor, w: Tensor) => Tensor>> = {
  tanh: (x, w) => x.matmul(w).tanh().square(),
  sigmoid: (x, w) => x.matmul(w).sigmoid(),
  gelu: (x, w) => x.matmul(w).gelu(),
  'gelu, tanh form': (x, w) => x.matmul(w).gelu('tanh'),
  silu: (x, w) => x.matmul(w).silu(),
  softplus: (x, w) => x.matmul(w).softplus(),
  elu: (x, w) => x.matmul(w).elu(0.7).square(),
  relu: (x, w) => x.matmul(w).relu().pow(3),
  erf: (x, w) => x.matmul(w).erf(),
  'quotients and roots': (x, w) => x.div(w.square().sum().add(2)).square().add(1).sqrt(),
  powers: (x, w) => x.exp().pow(w.mean()),
  softmax: (x, w) => x.matmul(w).softmax().square(),
  logSoftmax: (x, w) => x.matmul(w).logSoftmax().square(),
  logsumexp: (x, w) => x.matmul(w).logsumexp([1]).square(),
  variance: (x, w) => x.matmul(w).variance([0]).sqrt(),
  crossEntropy: (x, w) =>
    crossEntropy(x.matmul(w), tensor(Int32Array.of(2, 0, 1, 1), [4]), { labelSmoothing: 0.1, reduction: 'none' }),
  shapes: (x, w) => x.matmul(w).transpose().slice([1], [3]).reshape([8]).square(),
  gather: (x, w) =>
    x
      .gather(tensor(Int32Array.of(3, 0, 3), [3]))
      .matmul(w)
      .square(),
}

test.each(Object.keys(functions))('%s', async (name) => {
  using _ = scope()
  const [x, w] = [wave([4, 3], 1), wave([3, 3], 2)]
  const f = functions[name] as (x: Tensor, w: Tensor) => Tensor
  // a penalty on the gradient, as in Gulrajani et al. 2017
  const penalty = (): Tensor => {
    const [g] = gradients(() => f(x, w).sum(), [x])
    return (g as Tensor).square().sum()
  }
  const report = await checkGradients(penalty, { x, w })
  expect(report.ok, report.print()).toBe(true)
})
