import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkGradients, numericGradients } from '../../src/check/index.ts'
import {
  ArgumentError,
  CaptureError,
  capture,
  type Engine,
  GradientError,
  gradients,
  init,
  mul,
  ops,
  type Scope,
  scope,
  type Tensor,
  tensor,
  variable,
} from '../../src/index.ts'
import { apply } from '../../src/ops/apply.ts'

let engine: Engine
let opened: Scope
let handles: number
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 5 })
})
afterAll(() => engine.close())
beforeEach(() => {
  handles = engine.handles
  opened = scope()
})
afterEach(() => {
  opened.dispose()
  expect(engine.handles).toBe(handles)
})

const wave = (shape: readonly number[], seed = 1): Tensor => {
  const n = shape.reduce((p, size) => p * size, 1)
  return tensor(
    Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + seed)),
    shape,
  )
}

/** A loss of two layers with everything that is smooth. */
function network(): { w1: Tensor; b1: Tensor; w2: Tensor; loss: () => Tensor } {
  const x = wave([5, 3], 2)
  const w1 = wave([3, 4], 3)
  const b1 = wave([4], 4)
  const w2 = wave([4, 2], 5)
  const target = wave([5, 2], 6)
  const loss = (): Tensor => x.matmul(w1).add(b1).tanh().matmul(w2).sub(target).square().mean()
  return { w1, b1, w2, loss }
}

const near = (got: Tensor, want: Tensor, tolerance: number): void => {
  const b = want.dataSync()
  got.dataSync().forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThanOrEqual(tolerance)
  })
}

describe('numericGradients', () => {
  test('are those of the chain rule, in the structure of the parameters', () => {
    const { w1, b1, w2, loss } = network()
    const list = numericGradients(loss, [w1, b1, w2])
    gradients(loss, [w1, b1, w2]).forEach((g, i) => {
      expect(list[i]!.shape).toEqual(g.shape)
      near(list[i]!, g, 2e-7)
    })
    const record = numericGradients(loss, { w2, b1 })
    expect(Object.keys(record)).toEqual(['w2', 'b1'])
    near(record.w2, list[2]!, 0)
    const module = numericGradients(loss, { namedParameters: () => [['layer.b', b1] as const] })
    near(module['layer.b']!, list[1]!, 0)
  })

  test('a larger step gives the quotient that it says', () => {
    const x = tensor([2])
    const [g] = numericGradients(() => mul(x, mul(x, x)).sum(), [x], { eps: 0.25 })
    // eps counts in proportion to what is larger than 1: ((2 + 1/2)^3 - (2 - 1/2)^3) / 1
    expect(g!.item()).toBe(12.25)
  })

  test('treat what stopGradient passes as a constant', () => {
    const x = tensor([3])
    const [g] = numericGradients(() => x.mul(x.stopGradient()).sum(), [x])
    expect(g!.item()).toBeCloseTo(3, 6)
  })

  test('see one mask of dropout', () => {
    const x = wave([64])
    const [g] = numericGradients(() => x.dropout(0.5).sum(), [x])
    const factors = Array.from(g!.dataSync(), (v) => Math.round(v * 1e5) / 1e5)
    expect(new Set(factors)).toEqual(new Set([0, 2]))
  })

  test('parameters that are still to be computed, or come from an earlier history, count as they are', () => {
    const a = tensor([1, 2])
    const b = a.mul(3)
    const [g] = numericGradients(() => b.mul(b).sum(), [b])
    near(g!, tensor([6, 12]), 1e-5)
    const [h] = numericGradients(() => a.mul(b).sum(), [a])
    near(h!, tensor([3, 6]), 1e-5)
  })

  test('leave the parameters and what is pending as they were', () => {
    const p = variable(tensor([1, 2, 3]))
    p.assign(p.mul(2))
    numericGradients(() => p.square().sum(), [p])
    expect(Array.from(p.dataSync())).toEqual([2, 4, 6])
    p.dispose()
  })

  test.each([
    ['a step of 0', () => numericGradients(() => wave([1]).sum(), [wave([1])], { eps: 0 }), ArgumentError],
    ['no parameters', () => numericGradients(() => wave([1]).sum(), []), GradientError],
    ['whole numbers', () => numericGradients(() => wave([1]).sum(), [tensor(Int32Array.of(1))]), GradientError],
    ['a loss of two numbers', () => numericGradients(() => wave([2]), [wave([1])]), GradientError],
    ['no tensor', () => numericGradients(() => 1 as unknown as Tensor, [wave([1])]), GradientError],
  ])('refuse %s', (_, call, type) => {
    expect(call).toThrow(type)
  })

  test('refuse a function that updates what it reads', () => {
    const p = variable(tensor([1, 2]))
    const loss = (): Tensor => {
      const y = p.square().sum()
      p.assign(p.mul(2))
      p.dataSync()
      return y
    }
    expect(() => numericGradients(loss, [p])).toThrow(/changes what it reads/)
    p.dispose()
  })

  test('cannot be part of a captured step', () => {
    const p = variable(tensor([1, 2]))
    expect(() => capture(() => ({ g: numericGradients(() => p.square().sum(), [p])[0]! }))).toThrow(CaptureError)
    p.dispose()
  })
})

describe('checkGradients', () => {
  test('passes a network, with a line for each parameter', async () => {
    const { w1, b1, w2, loss } = network()
    const report = await checkGradients(loss, { w1, b1, w2 })
    expect(report.ok, report.print()).toBe(true)
    expect(report.params.map((p) => [p.name, p.entries.length])).toEqual([
      ['w1', 12],
      ['b1', 4],
      ['w2', 8],
    ])
    expect(report.worst!.relError).toBeLessThan(1e-7)
    const lines = report.print().split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[2]).toMatch(/^w1 +\[3,4\] +12 elements +- +\S+e-\d+ +\S+e-\d+ \(\d\.\d\d of its bound\) +ok$/)
  })

  test('finds a wrong rule', async () => {
    const wrong = {
      ...ops.tanh,
      gradient: ({ dy, outputs }: { dy: Tensor; outputs: readonly Tensor[] }) => [
        dy.mul(outputs[0]!.square().mul(-0.999).add(1)),
      ],
    }
    const x = wave([6])
    const report = await checkGradients(() => apply(wrong, [x]).sum(), { x })
    expect(report.ok).toBe(false)
    expect(report.worst!.param).toBe('x')
    expect(report.params[0]!.engine!.ratio, 'the engine computes the wrong rule rightly').toBeLessThanOrEqual(1)
  })

  test('finds a wrong kernel', async () => {
    const wrong = { ...ops.tanhGrad, lower: ops.sigmoidGrad.lower }
    const tanh = {
      ...ops.tanh,
      gradient: ({ dy, outputs }: { dy: Tensor; outputs: readonly Tensor[] }) => [apply(wrong, [dy, outputs[0]!])],
    }
    const x = wave([6])
    const report = await checkGradients(() => apply(tanh, [x]).sum(), { x })
    expect(
      report.params[0]!.entries.every((entry) => entry.ok),
      'the rule is right',
    ).toBe(true)
    expect(report.params[0]!.engine!.ratio).toBeGreaterThan(10)
    expect(report.ok).toBe(false)
  })

  test('counts what lies on a kink', async () => {
    const x = tensor([-1, 0, 2, 0])
    const report = await checkGradients(() => x.relu().sum(), { x })
    expect(report.params[0]!.kinks).toBe(2)
    expect(report.ok).toBe(true)
  })

  test('checks large parameters along directions', async () => {
    const w = wave([40, 50])
    const x = wave([3, 40], 2)
    const report = await checkGradients(() => x.matmul(w).tanh().sum(), { w }, { samples: 3 })
    expect(report.ok, report.print()).toBe(true)
    expect(report.params[0]!.entries.map((entry) => entry.at)).toEqual(['direction 0', 'direction 1', 'direction 2'])
  })

  test('names an option that it does not know', async () => {
    const x = wave([2])
    await expect(checkGradients(() => x.sum(), { x }, { eps: 1 } as object)).rejects.toThrow(/unknown option/)
    await expect(checkGradients(() => x, { x })).rejects.toThrow(GradientError)
  })
})
