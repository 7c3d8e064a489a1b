import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  capture,
  type Engine,
  init,
  io,
  optim,
  parameter,
  scope,
  spec,
  type Tensor,
  tensor,
  type Variable,
} from '../../src/index.ts'
import * as plain from './plain.ts'

const engines: Engine[] = []
beforeAll(async () => {
  engines.push(await init({ threads: 2, numerics: 'reproducible' }))
})
afterAll(async () => {
  for (const engine of engines) await engine.close()
})

/** Numbers without a pattern, the same in every run. */
function numbers(n: number, seed: number): Float32Array {
  let x = seed * 2654435761 + 12345
  return Float32Array.from({ length: n }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return (x / 2 ** 32 - 0.5) * 3
  })
}

const SHAPES = { w: [5, 7], tall: [9, 4], b: [7] } as const
type Name = keyof typeof SHAPES
const names = Object.keys(SHAPES) as Name[]
const sizeOf = (name: Name): number => SHAPES[name].reduce((a: number, b) => a * b, 1)
const columnsOf = (name: Name): number => SHAPES[name][1] ?? 0

const start = (): Record<Name, Variable> => {
  const made = (name: Name): Variable => parameter(tensor(numbers(sizeOf(name), names.indexOf(name) + 1), SHAPES[name]))
  return { w: made('w'), tall: made('tall'), b: made('b') }
}
const slopes = (t: number): Record<Name, Float32Array> =>
  Object.fromEntries(names.map((name, i) => [name, numbers(sizeOf(name), 100 * t + i)])) as Record<Name, Float32Array>
const asTensors = (g: Record<Name, Float32Array>): Record<Name, Tensor> =>
  Object.fromEntries(names.map((name) => [name, tensor(g[name], SHAPES[name])])) as Record<Name, Tensor>

interface Row {
  readonly make: (p: Record<Name, Variable>) => optim.Optimizer
  readonly plain: (name: Name) => plain.Step
}
const rows: Record<string, Row> = {
  amsgrad: {
    make: (p) => optim.adamw(p, { lr: 0.02, betas: [0.8, 0.9], weightDecay: 0.1, amsgrad: true }),
    plain: (name) => plain.adamw(sizeOf(name), 0.02, 0.8, 0.9, 0.1, true),
  },
  nadam: {
    make: (p) => optim.nadam(p, { lr: 0.02, weightDecay: 0.1 }),
    plain: (name) => plain.nadam(sizeOf(name), 0.02, 0.9, 0.999, 4e-3, 0.1),
  },
  radam: {
    make: (p) => optim.radam(p, { lr: 0.02, weightDecay: 0.1 }),
    plain: (name) => plain.radam(sizeOf(name), 0.02, 0.9, 0.999, 0.1),
  },
  adadelta: {
    make: (p) => optim.adadelta(p, { lr: 0.7, eps: 1e-4, weightDecay: 0.1 }),
    plain: (name) => plain.adadelta(sizeOf(name), 0.7, 0.9, 1e-4, 0.1),
  },
  adamax: {
    make: (p) => optim.adamax(p, { lr: 0.02, betas: [0.9, 0.95], weightDecay: 0.1 }),
    plain: (name) => plain.adamax(sizeOf(name), 0.02, 0.9, 0.95, 0.1),
  },
  lion: {
    make: (p) => optim.lion(p, { lr: 0.02, weightDecay: 0.1 }),
    plain: (name) => plain.lion(sizeOf(name), 0.02, 0.9, 0.99, 0.1),
  },
  lamb: {
    make: (p) => optim.lamb(p, { lr: 0.02, weightDecay: 0.1 }),
    plain: (name) => plain.lamb(sizeOf(name), 0.02, 0.9, 0.999, 0.1),
  },
  adafactor: {
    make: (p) => optim.adafactor(p, { lr: 0.5, weightDecay: 0.1 }),
    plain: (name) => plain.adafactor(sizeOf(name), columnsOf(name), 0.5, 0.1),
  },
  muon: {
    make: (p) => optim.muon(p, { weightDecay: 0.1 }),
    plain: (name) =>
      name === 'b'
        ? plain.adamw(sizeOf(name), 0.02 * 0.05, 0.9, 0.95, 0.1)
        : plain.muon(sizeOf(name), columnsOf(name), 0.02, 0.95, 0.1),
  },
}

const STEPS = 12

describe.each(Object.entries(rows))('%s', (_, row) => {
  it('follows the float64 loop', () => {
    const p = start()
    const optimizer = row.make(p)
    const right = Object.fromEntries(names.map((name) => [name, Float64Array.from(p[name].dataSync())]))
    const step = Object.fromEntries(names.map((name) => [name, row.plain(name)]))
    for (let t = 1; t <= STEPS; t++) {
      using _ = scope()
      const g = slopes(t)
      optimizer.step(asTensors(g))
      for (const name of names) {
        step[name]!(right[name]!, Float64Array.from(g[name]), t)
        const got = p[name].dataSync()
        for (const [i, x] of right[name]!.entries())
          expect(Math.abs(got[i]! - x), `step ${t}, ${name}[${i}]`).toBeLessThanOrEqual(2e-5 * (1 + Math.abs(x)))
      }
    }
    optimizer.dispose()
  })

  it('gives the same bits captured, and goes on from saved state', async () => {
    const [eager, replayed, resumed] = [start(), start(), start()]
    const [a, b, c] = [row.make(eager), row.make(replayed), row.make(resumed)]
    const inputs = Object.fromEntries(names.map((name) => [name, spec(SHAPES[name])])) as Record<
      Name,
      ReturnType<typeof spec>
    >
    using step = capture((g) => {
      b.step(g)
      return { rate: b.rate() }
    }, inputs)
    for (let t = 1; t <= STEPS; t++) {
      using _ = scope()
      a.step(asTensors(slopes(t)))
      step.run(slopes(t))
      if (t === 5) {
        for (const name of names) resumed[name].assign(eager[name])
        c.loadStateDict(io.decodeState(io.encodeState(await a.stateDict())).state)
      } else if (t > 5) c.step(asTensors(slopes(t)))
    }
    for (const name of names) {
      expect([...replayed[name].dataSync()], name).toEqual([...eager[name].dataSync()])
      expect([...resumed[name].dataSync()], name).toEqual([...eager[name].dataSync()])
    }
    for (const [name, kept] of a.state()) expect(b.state().get(name)?.dataSync(), name).toEqual(kept.dataSync())
    for (const optimizer of [a, b, c]) optimizer.dispose()
  })
})

describe('groups', () => {
  it('have their own rate and decay, by name, pattern or function; the first match holds', () => {
    const p = start()
    const before = Object.fromEntries(names.map((name) => [name, p[name].dataSync()]))
    const optimizer = optim.sgd(p, {
      lr: 0.5,
      weightDecay: 0.25,
      groups: [
        { match: /^ta/g, lr: 0.125 },
        { match: 'b', weightDecay: 0 },
        { match: (_, { rank }) => rank < 3, lr: optim.schedule.constant(0) },
      ],
    })
    const g = slopes(1)
    using _ = scope()
    optimizer.step(asTensors(g))
    const f = Math.fround
    for (const [name, lr, decay] of [
      ['tall', 0.125, 0.25],
      ['b', 0.5, 0],
      ['w', 0, 0.25],
    ] as const)
      for (const [i, x] of p[name].dataSync().entries()) {
        const old = before[name]![i]!
        expect(x).toBe(f(old - f(lr * f(g[name][i]! + f(decay * old)))))
      }
    expect(optimizer.rate().item()).toBe(0.5)
  })

  const [rate, options] = [0.01, [{ betas: [0.5, 0.75] }, { eps: 0.125, weightDecay: 0.25 }]] as const
  it.each<[string, (p: Partial<Record<Name, Variable>>, o: object) => optim.Optimizer, object]>([
    ['sgd', (p, o) => optim.sgd(p, { lr: rate, momentum: 0.5, ...o }), { momentum: 0.75, nesterov: true }],
    [
      'sgd',
      (p, o) => optim.sgd(p, { lr: rate, ...o }),
      { momentum: 0.75, dampening: 0.5, lr: optim.schedule.constant(0.5) },
    ],
    ['adam', (p, o) => optim.adam(p, { lr: rate, ...o }), options[0]],
    ['adam', (p, o) => optim.adam(p, { lr: rate, weightDecay: 0.5, ...o }), { amsgrad: true, weightDecay: 0 }],
    ['adamw', (p, o) => optim.adamw(p, { lr: rate, ...o }), options[1]],
    ['nadam', (p, o) => optim.nadam(p, { lr: rate, ...o }), { ...options[0], momentumDecay: 0.25 }],
    ['radam', (p, o) => optim.radam(p, { lr: rate, ...o }), options[1]],
    ['rmsprop', (p, o) => optim.rmsprop(p, { lr: rate, ...o }), { alpha: 0.5, momentum: 0.5, centered: true }],
    ['adagrad', (p, o) => optim.adagrad(p, { lr: rate, ...o }), { lrDecay: 0.5, initialSum: 2 }],
    ['adadelta', (p, o) => optim.adadelta(p, { lr: rate, ...o }), { rho: 0.5 }],
    ['adamax', (p, o) => optim.adamax(p, { lr: rate, ...o }), options[0]],
    ['lion', (p, o) => optim.lion(p, { lr: rate, ...o }), options[0]],
    ['lamb', (p, o) => optim.lamb(p, { lr: rate, ...o }), options[1]],
    ['adafactor', (p, o) => optim.adafactor(p, { lr: rate, ...o }), { decay: 0.5, threshold: 0.5 }],
    [
      'muon',
      (p, o) => optim.muon(p, { lr: rate, ...o }),
      { momentum: 0.5, nesterov: false, iterations: 3, scale: 'rms' },
    ],
  ])('of %s have any of its options: the bits of an optimizer apart, captured, and saved', async (_, make, own) => {
    const [whole, apart, resumed] = [start(), start(), start()]
    const groups = [
      { match: /^(tall|b)$/, ...own },
      { match: 'w', lr: 0.02 },
    ]
    const optimizer = make(whole, { groups })
    const [first, second] = [make({ w: apart.w }, { lr: 0.02 }), make({ tall: apart.tall, b: apart.b }, own)]
    const inputs = Object.fromEntries(names.map((name) => [name, spec(whole[name].shape)]))
    const step = capture((g) => {
      optimizer.step(g)
      return {}
    }, inputs)
    const compare = (p: typeof whole): void => {
      for (const name of names) expect(p[name].dataSync(), name).toEqual(whole[name].dataSync())
    }
    for (const i of [1, 2, 3]) {
      const g = slopes(i)
      step.run(g)
      using _scope = scope()
      const { w, ...others } = asTensors(g)
      first.step({ w: w as Tensor })
      second.step(others)
      compare(apart)
    }
    const again = make(resumed, { groups })
    again.loadStateDict(await optimizer.stateDict())
    for (const name of names) resumed[name].assign(whole[name])
    const g = slopes(4)
    step.run(g)
    using _scope = scope()
    again.step(asTensors(g))
    compare(resumed)
    expect(await again.stateDict()).toEqual(await optimizer.stateDict())
    const handles = whole.w.engine.handles
    for (const group of [{ rho: 2, alpha: 2, betas: [2, 2], decay: -1, momentum: 2 }, { unknown: 1 }])
      expect(() =>
        make(whole, {
          groups: [
            { match: 'tall', ...own },
            { match: 'w', ...group },
          ],
        }),
      ).toThrow(ArgumentError)
    expect(whole.w.engine.handles).toBe(handles)
    step.dispose()
    for (const each of [optimizer, first, second, again]) each.dispose()
  })

  it('that are wrong', () => {
    const p = start()
    for (const group of [
      { match: 'weight' },
      { match: /x/ },
      { match: () => false },
      { match: 3 },
      { match: 'w', lr: -1 },
      { match: 'w', lr: '1' },
      { match: 'w', weightDecay: Number.NaN },
      { match: 'w', decay: 1 },
    ])
      expect(() => optim.adam(p, { groups: [group as optim.Group] })).toThrow(ArgumentError)
  })
})

describe('options out of range', () => {
  it('are typed errors', () => {
    const p = start()
    for (const wrong of [
      () => optim.nadam(p, { betas: [1, 0.9] }),
      () => optim.nadam(p, { momentumDecay: -1 }),
      () => optim.radam(p, { eps: Number.NaN }),
      () => optim.adadelta(p, { rho: 1 }),
      () => optim.adamax(p, { betas: [0.9, -0.1] }),
      () => optim.lion(p, { betas: [0.9, 2] }),
      () => optim.lion(p, { weightDecay: -1 }),
      () => optim.lamb(p, { eps: -1 }),
      () => optim.adafactor(p, { threshold: 0 }),
      () => optim.adafactor(p, { decay: -1 }),
      () => optim.muon(p, { iterations: 0 }),
      () => optim.muon(p, { iterations: 1.5 }),
      () => optim.muon(p, { scale: 'big' as 'none' }),
      () => optim.muon(p, { momentum: 1 }),
      () => optim.ema(p, { decay: 1 }),
      () => optim.accumulate(0, () => p.b.sum(), p),
      () => optim.clipByNorm([p.b], 0),
    ])
      expect(wrong).toThrow(ArgumentError)
  })
})

describe('lion', () => {
  it('stands still at a direction of 0, and does not hide what is not a number', () => {
    const w = parameter(tensor([1, 1, 1, 1, 1]))
    optim.lion([w], { lr: 0.25 }).step([tensor([0, -0, Number.NaN, Infinity, -1e-30])])
    expect([...w.dataSync()]).toEqual([1, 1, Number.NaN, 0.75, 1.25])
  })
})

describe('muon', () => {
  it('makes singular values nearly equal, whatever they were', () => {
    using _ = scope()
    const u = optim.orthogonal(tensor(numbers(60, 3), [6, 10]), 5)
    const gram = u.matmul(u, { transposeB: true }).dataSync()
    for (let i = 0; i < 6; i++) {
      expect(gram[7 * i]).toBeGreaterThan(0.4)
      expect(gram[7 * i]).toBeLessThan(1.5)
    }
  })

  it('leaves to AdamW what a predicate says', () => {
    const p = start()
    const optimizer = optim.muon(p, { adam: (name) => name === 'tall' })
    expect([...optimizer.state().keys()]).toEqual([
      'step',
      'w.momentum',
      'tall.m',
      'tall.v',
      'b.m',
      'b.v',
      'beta1Power',
      'beta2Power',
    ])
  })
})

describe('the mean of weights', () => {
  it('follows its formula, and swaps in and out', async () => {
    const w = parameter(tensor([1, -2]))
    const mean = optim.ema({ w }, { decay: 0.5, warmup: false })
    const late = optim.ema({ w }, { decay: 0.999 })
    using step = capture(() => {
      w.assign(w.mul(2))
      mean.update()
      late.update()
      return { sum: w.sum() }
    })
    await step.runMany(3)
    expect([...w.dataSync()]).toEqual([8, -16])
    // 1 -> 1.5 -> 2.75 -> 5.375
    expect(mean.using(() => [...w.dataSync()])).toEqual([5.375, -10.75])
    expect([...w.dataSync()]).toEqual([8, -16])
    let right = 1
    for (let t = 1; t <= 3; t++) right = ((1 + t) / (10 + t)) * right + (1 - (1 + t) / (10 + t)) * 2 ** t
    await late.using(async () => {
      expect((await w.data())[0]).toBeCloseTo(right, 5)
    })
    expect(() =>
      late.using(() => {
        throw new RangeError('stop')
      }),
    ).toThrow(RangeError)
    expect([...w.dataSync()]).toEqual([8, -16])
    expect([...(await mean.stateDict()).keys()]).toEqual(['w.mean', 'updates'])
  })
})

describe('accumulation', () => {
  const x = numbers(24, 5)
  it('of equal parts is the step of the whole batch, but for rounding', () => {
    const data = tensor(x, [6, 4])
    const loss = (w: Variable, from: number, to: number): Tensor =>
      data.slice([from, 0], [to, 4]).matmul(w).tanh().square().mean()
    const [a, b] = [0, 1].map(() => parameter(tensor(numbers(12, 9), [4, 3])))
    const [whole, parts] = [optim.sgd([a!], { lr: 0.5 }), optim.sgd([b!], { lr: 0.5 })]
    using one = capture(() => {
      const { value, grads } = optim.accumulate(1, () => loss(a!, 0, 6), [a!])
      whole.step(grads)
      return { loss: value }
    })
    using three = capture(() => {
      const { value, grads } = optim.accumulate(3, (i) => loss(b!, 2 * i, 2 * i + 2), [b!])
      parts.step(grads)
      return { loss: value }
    })
    expect(three.run().loss[0]).toBeCloseTo(one.run().loss[0] as number, 6)
    for (const [i, w] of a!.dataSync().entries()) expect(b!.dataSync()[i]).toBeCloseTo(w, 6)
    data.dispose()
  })

  it('keeps records and frees what it used', () => {
    const w = parameter(tensor([2, 3]))
    const before = w.engine.handles
    const { value, grads } = optim.accumulate(4, (i) => w.mul(i).sum(), { w })
    expect(w.engine.handles - before).toBe(2)
    expect(value.item()).toBe(7.5)
    expect([...grads.w.dataSync()]).toEqual([1.5, 1.5])
  })
})

describe('clipByNorm', () => {
  it('scales each gradient by its own norm', () => {
    const [a, b] = optim.clipByNorm([tensor([3, 4]), tensor([0.3, 0.4])], 1)
    expect([...a!.dataSync()][0]).toBeCloseTo(0.6, 5)
    expect([...b!.dataSync()]).toEqual([Math.fround(0.3), Math.fround(0.4)])
  })
})
