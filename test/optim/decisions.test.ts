import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as cr from '../../src/index.ts'
import { wolfe } from '../../src/optim/wolfe.ts'

const { optim, parameter, tensor } = cr
let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2, seed: 7 })
})
afterAll(() => engine.close())

/** ReduceLROnPlateau of PyTorch, step by step. */
function plateau(
  metrics: readonly number[],
  factor: number,
  patience: number,
  cooldown: number,
  least: number,
): number[] {
  let [best, bad, cooling, rate] = [Infinity, 0, 0, 1]
  return metrics.map((metric) => {
    if (metric < best * (1 - 1e-2)) {
      best = metric
      bad = 0
    } else bad++
    if (cooling > 0) {
      cooling--
      bad = 0
    }
    if (bad > patience) {
      rate = Math.max(rate * factor, least)
      cooling = cooldown
      bad = 0
    }
    return rate
  })
}

describe('reduceOnPlateau', () => {
  const metrics = [5, 4, 3.99, 4.2, 4.1, 4, 3, 3, 3.1, 3.2, 3, 3, 3, 2.999, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1].map(
    Math.fround,
  )
  const options = { factor: 0.5, patience: 2, threshold: 1e-2, cooldown: 1, minimum: 0.2 }
  const right = plateau(metrics, 0.5, 2, 1, 0.2)

  it('is that of PyTorch, for losses and scores', () => {
    const down = optim.schedule.reduceOnPlateau(1, options)
    const up = optim.schedule.reduceOnPlateau(1, { ...options, mode: 'max', threshold: 0 })
    const flat = plateau(
      metrics.map((_, i) => (i === 0 ? 1 : 2)),
      0.5,
      2,
      1,
      0.2,
    )
    expect(new Set(right).size).toBeGreaterThan(3)
    for (const [i, metric] of metrics.entries()) {
      down.observe(metric)
      up.observe(i === 0 ? -1 : -2)
      expect(down(cr.scalar(0)).item(), `after ${i}`).toBe(right[i])
      expect(up(cr.scalar(0)).item(), `score ${i}`).toBe(flat[i])
    }
    down.dispose()
    up.dispose()
  })

  it('observes inside of a captured step, and goes on from saved state', async () => {
    const make = (): {
      w: cr.Variable
      schedule: ReturnType<typeof optim.schedule.reduceOnPlateau>
      optimizer: cr.optim.Optimizer
    } => {
      const schedule = optim.schedule.reduceOnPlateau(1, options)
      const w = parameter(tensor([0]))
      return { w, schedule, optimizer: optim.sgd({ w }, { lr: schedule }) }
    }
    const [a, b] = [make(), make()]
    using step = cr.capture(
      ({ metric }) => {
        const rate = a.optimizer.rate()
        a.optimizer.step({ w: tensor([1]) })
        a.schedule.observe(metric)
        return { rate }
      },
      { metric: cr.spec([]) },
    )
    for (const [i, metric] of metrics.entries()) {
      const { rate } = step.run({ metric: [metric] })
      expect(rate[0], `before ${i}`).toBe(i === 0 ? 1 : right[i - 1])
      if (i === 11) {
        b.optimizer.loadStateDict(await a.optimizer.stateDict())
        b.w.assign(a.w)
      } else if (i > 11) {
        b.optimizer.step({ w: tensor([1]) })
        b.schedule.observe(metric)
      }
    }
    expect([...a.optimizer.state().keys()]).toContain('schedule.best')
    expect(b.optimizer.rate().item()).toBe(right.at(-1))
    expect([...b.w.dataSync()]).toEqual([...a.w.dataSync()])
  })

  it('an eager observation counts in the next run of a captured step', () => {
    const schedule = optim.schedule.reduceOnPlateau(1, { factor: 0.5, patience: 0 })
    using step = cr.capture(() => ({ rate: schedule(cr.scalar(0)) }))
    for (const value of [1, 2, 3]) schedule.observe(value)
    expect(step.run().rate[0]).toBe(0.25)
  })

  it('options out of range, and what is no scalar', () => {
    for (const wrong of [
      { factor: 1 },
      { patience: -1 },
      { threshold: Number.NaN },
      { mode: 'least' as 'min' },
      { minimum: -1 },
    ])
      expect(() => optim.schedule.reduceOnPlateau(1, wrong)).toThrow(cr.ArgumentError)
    expect(() => optim.schedule.reduceOnPlateau(1).observe(tensor([1, 2]))).toThrow(cr.ShapeError)
  })
})

describe('polynomial', () => {
  it('ends at its minimum', () => {
    const rate = optim.schedule.polynomial(1, { steps: 4, power: 2, minimum: 0.5 })
    expect([0, 2, 4, 9].map((t) => rate(cr.scalar(t)).item())).toEqual([1, 0.625, 0.5, 0.5])
  })
})

describe('line search', () => {
  it.each([0.001, 0.5, 1, 7, 1000])('from a first step of %d', (first) => {
    const f = (t: number) => ({ t, loss: (t - 3) ** 4 - 2 * t, slope: 4 * (t - 3) ** 3 - 2 })
    const start = f(0)
    const { t, loss, slope } = wolfe(start, first, 40, f)
    expect(loss).toBeLessThanOrEqual(start.loss + 1e-4 * t * start.slope)
    expect(Math.abs(slope)).toBeLessThanOrEqual(0.9 * Math.abs(start.slope))
  })

  it('steps back from where there is no number', () => {
    const f = (t: number) =>
      t > 1 ? { t, loss: Number.NaN, slope: Number.NaN } : { t, loss: (t - 0.5) ** 2, slope: 2 * t - 1 }
    expect(wolfe(f(0), 64, 40, f).loss).toBeLessThan(0.2)
  })

  it('stays where nothing is lower', () => {
    const f = (t: number) => ({ t, loss: t === 0 ? 0 : 1, slope: -1 })
    expect(wolfe(f(0), 1, 10, f).t).toBe(0)
  })
})

describe('L-BFGS', () => {
  const rosenbrock = (x: cr.Variable) => () => {
    const [a, b] = [x.slice([0], [1]), x.slice([1], [2])]
    return cr.add(cr.square(cr.sub(1, a)), cr.square(b.sub(a.square())).mul(100)).sum()
  }

  it('finds the end of the valley', () => {
    const x = parameter(tensor([-1.2, 1]))
    const before = engine.handles
    const optimizer = optim.lbfgs({ x }, { iterations: 60 })
    const { loss, iterations, evaluations } = optimizer.minimize(rosenbrock(x))
    for (const v of x.dataSync()) expect(v).toBeCloseTo(1, 3)
    expect(loss).toBeLessThan(1e-8)
    expect(iterations).toBeLessThan(60)
    expect(evaluations).toBeLessThan(120)
    optimizer.dispose()
    expect(engine.handles).toBe(before)
  })

  it('solves least squares to the precision of the gradient', () => {
    const a = cr.randomNormal([12, 5])
    const truth = tensor([1, -2, 3, 0.5, -0.25], [5, 1])
    const b = a.matmul(truth)
    const w = parameter(cr.zeros([5, 1]))
    const { done } = optim.lbfgs([w], { iterations: 100 }).minimize(() => cr.mse(a.matmul(w), b))
    expect(done).toBe(true)
    for (const [i, v] of truth.dataSync().entries()) expect(w.dataSync()[i]).toBeCloseTo(v, 4)
  })

  it('goes on from saved state with the same bits', async () => {
    const [x, y] = [parameter(tensor([-1.2, 1])), parameter(tensor([0, 0]))]
    const [a, b] = [x, y].map((p) => optim.lbfgs({ p }, { iterations: 5, history: 4 }))
    a!.minimize(rosenbrock(x))
    y.assign(x)
    b!.loadStateDict(await a!.stateDict())
    for (let i = 0; i < 3; i++) expect(b!.minimize(rosenbrock(y))).toEqual(a!.minimize(rosenbrock(x)))
    expect(y.dataSync()).toEqual(x.dataSync())
  })

  it('ends at once where the slope is 0, and stays where it is not a number', () => {
    const x = parameter(tensor([2]))
    expect(optim.lbfgs([x]).minimize(() => x.sub(2).square().sum())).toEqual({
      loss: 0,
      iterations: 0,
      evaluations: 1,
      done: true,
    })
    expect(() => optim.lbfgs([x]).minimize(() => x.sub(3).log().sum())).toThrow(cr.ArgumentError)
    expect([...x.dataSync()]).toEqual([2])
  })

  it('says that it cannot be captured; options out of range', () => {
    const x = parameter(tensor([2]))
    const optimizer = optim.lbfgs([x])
    const f = (): cr.Tensor => x.square().sum()
    expect(() =>
      cr.capture(() => {
        optimizer.minimize(f)
        return { x }
      }),
    ).toThrow(cr.CaptureError)
    for (const wrong of [{ lr: 0 }, { iterations: 0 }, { history: 1.5 }, { evaluations: -1 }, { tolerance: -1 }])
      expect(() => optim.lbfgs([x], wrong)).toThrow(cr.ArgumentError)
  })
})

describe('penalties and constraints', () => {
  it('elastic is l1 and l2 together', () => {
    const w = parameter(tensor([3, -4]))
    expect(optim.elastic([w], { l1: 0.5, l2: 0.25 }).item()).toBe(3.5 + 6.25)
    expect(() => optim.elastic([w], { l1: -1, l2: 0 })).toThrow(cr.ArgumentError)
    expect(() => optim.elastic([w], { l1: 0, l2: -1 })).toThrow(cr.ArgumentError)
  })

  it('maxNorm shortens the columns that are too long, and leaves biases alone', () => {
    const w = parameter(
      tensor([
        [3, 0.3, 0],
        [4, 0.4, 0],
      ]),
    )
    const b = parameter(tensor([30, 40]))
    using step = cr.capture(() => {
      optim.maxNorm({ w, b }, 1)
      return { sum: w.sum() }
    })
    step.run()
    for (const [i, v] of [0.6, 0.3, 0, 0.8, 0.4, 0].entries()) expect(w.dataSync()[i]).toBeCloseTo(v, 6)
    expect([...b.dataSync()]).toEqual([30, 40])
    optim.maxNorm([w], 0.5, { axis: [0, 1] })
    expect(w.norm().item()).toBeCloseTo(0.5, 6)
    expect(() => optim.maxNorm([w], 0)).toThrow(cr.ArgumentError)
    expect(() => optim.maxNorm([tensor([[1]])], 1)).toThrow(cr.ArgumentError)
  })
})
