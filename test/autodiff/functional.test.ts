import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients, checkOp } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'
import { apply } from '../../src/ops/apply.ts'
import { ops } from '../../src/ops/index.ts'

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2, seed: 5, numerics: 'reproducible' })
})
afterAll(() => engine.close())

const list = (t: cr.Tensor): number[] => [...t.dataSync()]
const near = (got: cr.Tensor, want: readonly number[], within = 1e-5): void => {
  expect(got.size).toBe(want.length)
  for (const [i, v] of list(got).entries())
    expect(Math.abs(v - want[i]!)).toBeLessThanOrEqual(within * (1 + Math.abs(want[i]!)))
}

const curve = (x: cr.Tensor, y: cr.Tensor): cr.Tensor => x.square().mul(y.sigmoid()).add(x.tanh())

describe('products with the Jacobian', () => {
  it('agree with the Jacobian itself, from both sides', () => {
    using _ = cr.scope()
    const x = cr.tensor([0.5, -1.25, 2])
    const w = cr.tensor([
      [1, 2, -1],
      [0.5, -0.25, 3],
    ])
    const f = (x: cr.Tensor): cr.Tensor =>
      w
        .matmul(x.reshape([3, 1]))
        .reshape([2])
        .tanh()
    const j = cr.jacobian(f, x)
    const dy = cr.tensor([0.75, -2])
    const v = cr.tensor([1, 0.5, -0.25])
    const { value, grads } = cr.vjp(f, [x], dy)
    near(value, list(f(x)))
    near(grads[0], list(dy.reshape([1, 2]).matmul(j)))
    near(cr.jvp(f, [x], [v]).tangent, list(j.matmul(v.reshape([3, 1]))))
  })

  it('take several inputs, and leave no handles behind', () => {
    const x = cr.tensor([0.5, -1.25])
    const y = cr.tensor([2, 0.25])
    const [u, v] = [cr.tensor([1, -1]), cr.tensor([0.5, 3])]
    const before = engine.handles
    const { value, tangent } = cr.jvp(curve, [x, y], [u, v])
    expect(engine.handles - before).toBe(2)
    const h = 2 ** -10
    const at = (t: number): number[] =>
      [0, 1].map((i) => {
        const a = list(x)[i]! + t * list(u)[i]!
        const b = list(y)[i]! + t * list(v)[i]!
        return (a * a) / (1 + Math.exp(-b)) + Math.tanh(a)
      })
    near(value, at(0))
    near(
      tangent,
      at(h).map((p, i) => (p - at(-h)[i]!) / (2 * h)),
    )
  })

  it('of the identity, of a constant and of a linear function', () => {
    const x = cr.tensor([1, 2])
    const v = cr.tensor([3, -4])
    expect(list(cr.jvp((x) => x, [x], [v]).tangent)).toEqual([3, -4])
    expect(list(cr.jvp((_: cr.Tensor) => cr.tensor([5, 6, 7]).mul(2), [x], [v]).tangent)).toEqual([0, 0, 0])
    expect(list(cr.jvp((x) => x.mul(3), [x], [v]).tangent)).toEqual([9, -12])
    expect(list(cr.vjp((x) => x.mul(3).sum(), [x]).grads[0])).toEqual([3, 3])
  })

  it('wrong calls', () => {
    const x = cr.tensor([1, 2])
    const f = (x: cr.Tensor): cr.Tensor => x.square()
    for (const [call, kind] of [
      [() => cr.vjp(f, [x]), cr.GradientError],
      [() => cr.vjp(f, [x], cr.tensor([1])), cr.ShapeError],
      [() => cr.vjp(f, [] as never), cr.ArgumentError],
      [() => cr.vjp(f, [cr.tensor(Int32Array.of(1))]), cr.GradientError],
      [() => cr.vjp((_: cr.Tensor) => 3 as never, [x]), cr.DTypeError],
      [() => cr.jvp(f, [x], [cr.tensor([1])]), cr.ShapeError],
      [() => cr.jvp(f, [x], [] as never), cr.ArgumentError],
      [() => cr.hessian(f, x), cr.GradientError],
      [() => cr.hessian((x) => x.sum(), cr.zeros([0])), cr.GradientError],
    ] as const)
      expect(call).toThrow(kind)
  })
})

describe('hessian', () => {
  it('of a quadratic form is its matrix', () => {
    const a = cr.tensor([
      [2, 1],
      [1, 6],
    ])
    const x = cr.tensor([3, -1])
    const f = (x: cr.Tensor): cr.Tensor =>
      x
        .reshape([1, 2])
        .matmul(a)
        .matmul(x.reshape([2, 1]))
        .mul(0.5)
        .sum()
    const h = cr.hessian(f, x)
    expect(h.shape).toEqual([2, 2])
    near(h, [2, 1, 1, 6])
  })

  it('keeps the axes of its input, and is symmetric', () => {
    const x = cr.tensor([[0.5, -1, 0.25]])
    const h = cr.hessian((x) => x.exp().sum().square(), x)
    expect(h.shape).toEqual([1, 3, 1, 3])
    const e = list(x).map(Math.exp)
    const total = e[0]! + e[1]! + e[2]!
    near(
      h,
      e.flatMap((a, i) => e.map((b, j) => 2 * a * b + (i === j ? 2 * total * a : 0))),
    )
  })

  it('is zero for a linear function', () => {
    expect(list(cr.hessian((x) => x.mul(2).sum(), cr.tensor([1, 2])))).toEqual([0, 0, 0, 0])
  })
})

describe('ops whose rule is a kernel', () => {
  it('say so when they are differentiated twice', () => {
    const x = cr.parameter(cr.ones([2, 2]))
    const attrs = { transposeA: false, transposeB: false, activation: 0 }
    const f = (): cr.Tensor => apply(ops.fusedMatmul, [x, x], attrs).sum()
    expect(() => cr.gradients(f, [x])).toThrow(
      /fusedMatmul: its derivative has no gradient of its own; expected .*received .*stopGradient/,
    )
  })
})

describe('defineOp', () => {
  const swish = cr.defineOp('swish', {
    forward: (x: cr.Tensor) => x.mul(x.sigmoid()),
    backward: ({ inputs: [x], dy }) => {
      const s = x.sigmoid()
      return [dy.mul(s.add(x.mul(s).mul(s.neg().add(1))))]
    },
  })

  it('computes, differentiates by its rule, and twice', async () => {
    const x = cr.parameter(cr.tensor([-2, -0.5, 0, 1, 3]))
    expect(list(swish(x))).toEqual(list(x.mul(x.sigmoid())))
    const report = await checkOp(swish, [x])
    expect(report.ok, report.print()).toBe(true)
    const twice = await checkGradients(
      () =>
        cr
          .gradients(() => swish(x).sum(), [x])[0]!
          .square()
          .sum(),
      { x },
    )
    expect(twice.ok, twice.print()).toBe(true)
  })

  it('a wrong rule is found', async () => {
    const wrong = cr.defineOp('wrong', {
      forward: (x: cr.Tensor) => x.square(),
      backward: ({ inputs: [x], dy }) => [dy.mul(x)],
      check: false,
    })
    const report = await checkOp(wrong, [cr.tensor([1, 2])])
    expect(report.ok).toBe(false)
  })

  it('several inputs, one of them whole numbers; the gradient may be meant to differ', () => {
    const reversed = cr.defineOp('reversed', {
      forward: (x: cr.Tensor, rows: cr.Tensor) => x.gather(rows),
      backward: ({ inputs: [x], dy, needs }) => {
        expect(needs).toEqual([true, false])
        return [dy.sum().neg().broadcastTo(x.shape), undefined]
      },
    })
    const x = cr.parameter(cr.tensor([1, 2, 3]))
    const rows = cr.tensor(Int32Array.of(2, 0))
    const { value, grads } = cr.valueAndGrad(() => reversed(x, rows).sum(), [x])
    expect(value.item()).toBe(4)
    expect(list(grads[0]!)).toEqual([-2, -2, -2])
  })

  it('may return its input, and works captured', () => {
    const gate = cr.defineOp('gate', {
      forward: (x: cr.Tensor) => x,
      backward: ({ dy }) => [dy.mul(-0.5)],
      check: false,
    })
    const x = cr.parameter(cr.tensor([1, 2]))
    using step = cr.capture(() => {
      const { value, grads } = cr.valueAndGrad(() => gate(x).square().sum(), [x])
      return { value, slope: grads[0]! }
    })
    const { value, slope } = step.run()
    expect(value[0]).toBe(5)
    expect([...slope]).toEqual([-1, -2])
  })
})

describe('checkpoint', () => {
  const layers = (count: number, size: number): cr.Parameter[] =>
    Array.from({ length: count }, () => cr.parameter(cr.randomNormal([size, size], { stddev: 1 / Math.sqrt(size) })))
  const block =
    (ws: readonly cr.Parameter[]) =>
    (x: cr.Tensor): cr.Tensor =>
      ws.reduce<cr.Tensor>((h, w) => h.matmul(w).tanh(), x)

  it('gives the same bits as the plain block, eager and captured, in less memory', () => {
    const ws = layers(16, 24)
    const x = cr.variable(cr.randomNormal([64, 24]))
    const plain = (x: cr.Tensor): cr.Tensor => block(ws)(x)
    const saving = (x: cr.Tensor): cr.Tensor =>
      [0, 4, 8, 12].reduce<cr.Tensor>((h, i) => cr.checkpoint(block(ws.slice(i, i + 4)), h), x)
    const run = (f: typeof plain): cr.Step<never, string> =>
      cr.capture(() => {
        const { value, grads } = cr.valueAndGrad(() => f(x).square().mean(), ws)
        return { value, ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])) }
      })
    using a = run(plain)
    using b = run(saving)
    const right = a.run()
    expect(b.run()).toEqual(right)
    expect(b.peakBytes).toBeLessThan(a.peakBytes * 0.8)
    using _ = cr.scope()
    for (const [i, g] of cr.gradients(() => saving(x).square().mean(), ws).entries())
      expect(g.dataSync()).toEqual(right[`g${i}`])
  })

  it('has the gradient of its differences, for inputs and for what the block reads', async () => {
    const w = cr.parameter(
      cr.tensor([
        [0.5, -1],
        [2, 0.25],
      ]),
    )
    const x = cr.parameter(
      cr.tensor([
        [1, 2],
        [-0.5, 0.75],
      ]),
    )
    const f = (): cr.Tensor =>
      cr
        .checkpoint((x) => x.matmul(w).tanh().matmul(w).sigmoid(), x)
        .square()
        .sum()
    const report = await checkGradients(f, { w, x })
    expect(report.ok, report.print()).toBe(true)
    const twice = await checkGradients(() => cr.gradients(f, [w])[0]!.square().sum(), { w, x })
    expect(twice.ok, twice.print()).toBe(true)
  })

  it('draws the same mask twice, anew in each step', () => {
    const x = cr.parameter(cr.ones([512]))
    const f = (x: cr.Tensor): cr.Tensor => x.dropout(0.5).mul(3)
    const step = cr.capture(() => {
      const y = cr.valueAndGrad(() => cr.checkpoint(f, x).sum(), [x])
      return { value: y.value, slope: y.grads[0]! }
    })
    const seen = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const { value, slope } = step.run()
      expect(Array.from(slope).reduce((a, b) => a + b, 0)).toBe(value[0])
      seen.add(value[0] as number)
    }
    expect(seen.size).toBeGreaterThan(1)
    step.dispose()
    const { value, grads } = cr.valueAndGrad(() => {
      const y = cr.checkpoint(f, x)
      y.dataSync() // the program of the block has run, and its generator moved on
      return y.sum()
    }, [x])
    expect(list(grads[0]!).reduce((a, b) => a + b, 0)).toBe(value.item())
  })

  it('updates inside of the block happen once', () => {
    const count = cr.variable(cr.tensor([0]))
    const x = cr.parameter(cr.tensor([2]))
    const f = (x: cr.Tensor): cr.Tensor => {
      count.assign(count.add(1))
      return x.mul(count).square()
    }
    const { value, grads } = cr.valueAndGrad(() => cr.checkpoint(f, x).sum(), [x])
    expect(value.item()).toBe(4)
    expect(list(grads[0]!)).toEqual([4])
    expect(list(count)).toEqual([1])
  })

  it('of a function that does nothing, and wrong calls', () => {
    const x = cr.tensor([2])
    expect(list(cr.checkpoint((x) => x, x))).toEqual([2])
    expect(() => cr.checkpoint(() => x)).toThrow(cr.ArgumentError)
    expect(() => cr.checkpoint((_: cr.Tensor) => 3 as never, x)).toThrow(cr.DTypeError)
    expect(() => cr.checkpoint((x) => x, 3 as never)).toThrow(cr.DTypeError)
  })

  it('leaves no handles behind', () => {
    const x = cr.parameter(cr.tensor([2]))
    const before = engine.handles
    const grads = cr.gradients(() => cr.checkpoint((x) => x.square().tanh(), x).sum(), [x])
    expect(engine.handles - before).toBe(1)
    grads[0]!.dispose()
  })
})
