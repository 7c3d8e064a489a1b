import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ArgumentError, type Engine, init, optim, scalar } from '../../src/index.ts'
import suite from '../golden/torch/optimizers.json' with { type: 'json' }

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1 })
})
afterAll(() => engine.close())

const { schedule } = optim
const rates = (s: optim.Schedule, n: number): number[] => Array.from({ length: n }, (_, t) => s(scalar(t)).item())

describe('schedules of PyTorch', () => {
  const made: Record<string, (attrs: never) => optim.Schedule> = {
    step: (a: { base_lr: number; step_size: number; gamma: number }) =>
      schedule.step(a.base_lr, { every: a.step_size, gamma: a.gamma }),
    multistep: (a: { base_lr: number; milestones: number[]; gamma: number }) =>
      schedule.multiStep(a.base_lr, { milestones: a.milestones, gamma: a.gamma }),
    exponential: (a: { base_lr: number; gamma: number }) => schedule.exponential(a.base_lr, { gamma: a.gamma }),
    cosine: (a: { base_lr: number; t_max: number; eta_min: number }) =>
      schedule.cosine(a.base_lr, { steps: a.t_max, minimum: a.eta_min, after: 'wave' }),
    linear: (a: { base_lr: number; start_factor: number; end_factor: number; total_iters: number }) =>
      schedule.linear(a.base_lr, { from: a.start_factor, to: a.end_factor, steps: a.total_iters }),
    onecycle: (a: {
      max_lr: number
      total_steps: number
      pct_start: number
      div_factor: number
      final_div_factor: number
    }) =>
      schedule.oneCycle(a.max_lr, {
        steps: a.total_steps,
        rise: a.pct_start,
        startFactor: a.div_factor,
        endFactor: a.final_div_factor,
      }),
    cosine_restarts: (a: { base_lr: number; t_0: number; t_mult: number }) =>
      schedule.cosineRestarts(a.base_lr, { period: a.t_0, growth: a.t_mult }),
  }
  const cases = suite.cases.filter(({ op }) => op === 'lr_schedule')
  it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
    const make = made[(c.attrs as { kind: string }).kind] as (attrs: unknown) => optim.Schedule
    const got = rates(make(c.attrs), 20)
    const want = c.lrs as number[]
    for (const [t, rate] of got.entries())
      expect(Math.abs(rate - (want[t] as number))).toBeLessThanOrEqual(1e-9 + 1e-6 * (want[t] as number))
  })
  it('are all there', () => expect(cases).toHaveLength(7))
})

describe('our own', () => {
  it('constant', () => expect(rates(schedule.constant(0.1), 3)).toEqual([0.1, 0.1, 0.1]))

  it('cosine holds its minimum', () => {
    const got = rates(schedule.cosine(1, { steps: 4, minimum: 0.1 }), 8)
    expect(got[4]).toBeCloseTo(0.1, 12)
    expect(got.slice(4)).toEqual(Array(4).fill(got[4]))
  })

  it('warm-up rises in equal parts to where the schedule begins', () => {
    const got = rates(schedule.cosine(0.5, { steps: 10, warmup: 4 }), 6)
    for (const [t, rate] of [0.1, 0.2, 0.3, 0.4, 0.5].entries()) expect(got[t]).toBeCloseTo(rate, 12)
    expect(got[5]).toBeLessThan(0.5)
    expect(rates(schedule.warmup(schedule.step(1, { every: 2 }), { steps: 1 }), 4)).toEqual([0.5, 1, 1, 0.1])
  })

  it('polynomial ends at 0', () => {
    expect(rates(schedule.polynomial(1, { steps: 4 }), 6)).toEqual([1, 0.75, 0.5, 0.25, 0, 0])
  })

  it('join begins the second from its start', () => {
    const joined = schedule.join(schedule.constant(1), 2, schedule.linear(1, { steps: 2 }))
    expect(rates(joined, 5)).toEqual([1, 1, 1, 0.5, 0])
  })

  it('restarts fall on their steps however far they go', () => {
    for (const growth of [1, 2, 3]) {
      const s = schedule.cosineRestarts(1, { period: 3, growth })
      for (let begin = 0, period = 3; begin < 3000; begin += period, period *= growth)
        expect(s(scalar(begin)).item()).toBeCloseTo(1, 9)
    }
  })
})

it('options out of range are refused', () => {
  for (const wrong of [
    () => schedule.constant(Number.NaN),
    () => schedule.constant(-1),
    () => schedule.step(1, { every: 0 }),
    () => schedule.multiStep(1, { milestones: [-1] }),
    () => schedule.exponential(1, { gamma: Number.POSITIVE_INFINITY }),
    () => schedule.cosine(1, { steps: Number.NaN }),
    () => schedule.cosine(1, { steps: 10, warmup: -1 }),
    () => schedule.cosine(1, {} as { steps: number }),
    () => schedule.linear('1' as unknown as number, { steps: 1 }),
    () => schedule.oneCycle(1, { steps: 10, rise: 1 }),
    () => schedule.cosineRestarts(1, { period: 4, growth: 0.5 }),
  ])
    expect(wrong).toThrow(ArgumentError)
})
