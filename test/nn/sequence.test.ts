import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import {
  ArgumentError,
  type AttentionOptions,
  capture,
  DTypeError,
  dropout,
  type Engine,
  Generator,
  gradients,
  IndexError,
  init,
  nn,
  rotaryEmbedding,
  ShapeError,
  scaledDotProductAttention,
  scope,
  spec,
  type Tensor,
  tensor,
  where,
} from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterAll(() => engine.close())

const numbers = (t: Tensor): number[] => [...t.dataSync()]
const filled = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => Math.sin(1 + i * 1.7 * seed)),
    [...shape],
  )
/** A mask [3, 5] in the engine of the tests. */
const tensorOf =
  (value: (i: number) => number, whole = false) =>
  (): Tensor => {
    const list = Array.from({ length: 15 }, (_, i) => value(i))
    return tensor(whole ? Int32Array.from(list) : Float32Array.from(list), [3, 5])
  }
const close = (a: Tensor, b: Tensor, digits = 5): void => {
  expect(a.shape).toEqual(b.shape)
  const want = numbers(b)
  for (const [i, v] of numbers(a).entries()) expect(v).toBeCloseTo(want[i]!, digits)
}

describe('embedding', () => {
  it('adds up the gradients of rows that are used twice, and leaves the padding row alone', () => {
    using _ = scope()
    const table = nn.embedding(4, 2, { paddingIndex: 2 })
    expect(numbers(table.weight).slice(4, 6)).toEqual([0, 0])
    const indices = tensor(Int32Array.of(1, 1, 2, 3), [2, 2])
    const grads = gradients(() => table.forward(indices).sum(), table)
    expect(numbers(grads['weight']!)).toEqual([0, 0, 2, 2, 0, 0, 1, 1])
    expect(table.forward(indices).shape).toEqual([2, 2, 2])
    table.dispose()
  })
  it('refuses what is not an index', () => {
    using _ = scope()
    const table = nn.embedding(4, 2)
    expect(() => table.forward(tensor(Int32Array.of(4), [1])).dataSync()).toThrow(IndexError)
    expect(() => nn.embedding(0, 2)).toThrow(ArgumentError)
    expect(() => nn.embedding(4, 2, { paddingIndex: 4 })).toThrow(ArgumentError)
    table.dispose()
  })
})

const kinds = [
  ['rnn', nn.rnn, nn.rnnCell],
  ['gru', nn.gru, nn.gruCell],
  ['lstm', nn.lstm, nn.lstmCell],
] as const

describe.each(kinds)('%s', (_, layer, cell) => {
  it('is its cell, step by step', () => {
    using _scope = scope()
    const whole = layer(3, 5)
    const one = cell(3, 5)
    for (const [i, weight] of one.parameters().entries()) weight.assign(whole.parameters()[i]!)
    const x = filled([2, 4, 3])
    const { y, h, c } = whole.run(x)
    let state: nn.CellState | undefined
    for (let t = 0; t < 4; t++) {
      state = one.forward(x.slice([0, t], [2, t + 1]).reshape([2, 3]), state)
      close(state.h, y.slice([0, t], [2, t + 1]).reshape([2, 5]))
    }
    close(state!.h, h.reshape([2, 5]))
    if (c !== undefined) close(state!.c!, c.reshape([2, 5]))
    expect([...one.namedParameters()].map(([name]) => name)).toEqual(['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'])
    whole.dispose()
    one.dispose()
  })

  it('runs both ways and in layers', () => {
    using _scope = scope()
    const both = layer(3, 4, { bidirectional: true, layers: 2 })
    const x = filled([2, 5, 3])
    const { y, h } = both.run(x)
    expect(y.shape).toEqual([2, 5, 8])
    expect(h.shape).toEqual([4, 2, 4])
    // the last states are the outputs at the end of each direction
    close(h.slice([2], [3]).reshape([2, 4]), y.slice([0, 4, 0], [2, 5, 4]).reshape([2, 4]))
    close(h.slice([3], [4]).reshape([2, 4]), y.slice([0, 0, 4], [2, 1, 8]).reshape([2, 4]))
    expect([...both.namedParameters()].map(([name]) => name)).toContain('weight_ih_l1_reverse')
    // backwards is forwards of the sequence turned around
    const forth = layer(3, 4)
    const back = layer(3, 4, { bidirectional: true })
    for (const [i, weight] of back.parameters().entries()) weight.assign(forth.parameters()[i % 4]!)
    const turned = forth.forward(x.slice([0, 4], [], [1, -1]).reshape(x.shape))
    close(back.forward(x).slice([0, 0, 4]), turned.slice([0, 4], [], [1, -1]))
    for (const module of [both, forth, back]) module.dispose()
  })

  it('has the right gradients, from given states, with dropout off', async () => {
    using _scope = scope()
    const module = layer(2, 3, { layers: 2, bidirectional: true, batchFirst: false, dropout: 0.5 }).eval()
    const x = filled([3, 2, 2])
    const h0 = filled([4, 2, 3], 2).mul(0.3)
    const loss = (): Tensor => {
      const { y, h, c } = module.run(x, { h: h0 })
      const sum = y.mul(filled(y.shape, 3)).sum().add(h.square().sum())
      return c === undefined ? sum : sum.add(c.mul(filled(c.shape, 4)).sum())
    }
    const report = await checkGradients(loss, [...module.parameters(), x], { samples: 3 })
    expect(report.ok, report.print()).toBe(true)
    module.dispose()
  })

  it.each([true, false])('of sequences of their own lengths is each alone, batch first: %s', async (batchFirst) => {
    using _scope = scope()
    const module = layer(2, 3, { layers: 2, bidirectional: true, batchFirst })
    const own = [4, 1, 5]
    const lengths = tensor(Int32Array.from(own), [3])
    const x = filled([3, 5, 2])
    const turned = (t: Tensor): Tensor => (batchFirst ? t : t.transpose([1, 0, 2]))
    const h0 = filled([4, 3, 3], 2)
    const { y, h, c } = module.run(turned(x), { h: h0, lengths })
    for (const [i, n] of own.entries()) {
      const alone = module.run(turned(x.slice([i], [i + 1, n])), { h: h0.slice([0, i], [4, i + 1]) })
      close(turned(y).slice([i], [i + 1, n]), turned(alone.y))
      expect(numbers(turned(y).slice([i, n], [i + 1])).every((v) => v === 0)).toBe(true)
      close(h.slice([0, i], [4, i + 1]), alone.h)
      if (c !== undefined) close(c.slice([0, i], [4, i + 1]), alone.c!)
    }
    const loss = (): Tensor => {
      const made = module.run(turned(x), { lengths })
      const sum = made.y.mul(filled(made.y.shape, 3)).sum().add(made.h.square().sum())
      return made.c === undefined ? sum : sum.add(made.c.mul(filled(made.c.shape, 4)).sum())
    }
    const report = await checkGradients(loss, [...module.parameters(), x], { samples: 2 })
    expect(report.ok, report.print()).toBe(true)
    module.dispose()
  })

  it('makes a small program of a long sequence', () => {
    const module = layer(8, 16)
    const step = capture(
      ({ x }) => ({
        loss: scope(() => gradients(() => module.forward(x).square().sum(), module)['weight_hh_l0']!.sum()),
      }),
      {
        x: spec([4, 100, 8]),
      },
    )
    expect(step.instructions).toBeLessThan(450)
    step.dispose()
    module.dispose()
  })

  it('refuses what does not fit', () => {
    using _scope = scope()
    const module = layer(3, 4)
    expect(() => module.forward(filled([2, 3]))).toThrow(ShapeError)
    expect(() => module.forward(filled([2, 3, 4]))).toThrow(ShapeError)
    expect(() => module.forward(filled([2, 0, 3]))).toThrow(ShapeError)
    expect(() => module.run(filled([2, 5, 3]), { h: filled([1, 3, 4]) })).toThrow(ShapeError)
    const lengths = (...list: number[]): Tensor => tensor(Int32Array.from(list), [list.length])
    expect(() => module.run(filled([2, 5, 3]), { lengths: lengths(1, 2, 3) })).toThrow(ShapeError)
    expect(() => module.run(filled([2, 5, 3]), { lengths: tensor([1, 2]) })).toThrow(ShapeError)
    expect(() => module.run(filled([2, 5, 3]), { lengths: [1, 2] as never })).toThrow(DTypeError)
    for (const [wrong, what] of [
      [lengths(0, 2), '-1 at position 0'],
      [lengths(3, -2), '-3 at position 1'],
      [lengths(2, 6), '5 at position 1'],
    ] as const)
      for (const result of ['y', 'h'] as const) {
        const run = (): unknown => module.run(filled([2, 5, 3]), { lengths: wrong })[result].dataSync()
        expect(run).toThrow(IndexError)
        expect(run).toThrow(`nn.${module.kind}.lengths - 1`)
        expect(run).toThrow(what)
      }
    const step = capture(({ x, n }) => ({ y: module.run(x, { lengths: n }).y }), {
      x: spec([2, 5, 3]),
      n: spec([2], 'int32'),
    })
    expect(() => step.run({ x: new Float32Array(30), n: [2, 6] })).toThrow(`nn.${module.kind}.lengths - 1`)
    step.dispose()
    expect(() => layer(0, 4)).toThrow(ArgumentError)
    expect(() => layer(3, 4, { layers: 0 })).toThrow(ArgumentError)
    expect(() => layer(3, 4, { dropout: 1 })).toThrow(ArgumentError)
    module.dispose()
  })
})

describe('attention', () => {
  it('is softmax(q k / sqrt d) v, and causal means no later key', () => {
    using _ = scope()
    const [q, k, v] = [filled([2, 2, 3, 4]), filled([2, 2, 5, 4], 2), filled([2, 2, 5, 3], 3)]
    const scores = q.matmul(k, { transposeB: true }).mul(0.5)
    close(scaledDotProductAttention(q, k, v), scores.softmax().matmul(v))
    const mask = tensor([0, -Infinity, 0, 0, -Infinity])
    close(scaledDotProductAttention(q, k, v, { mask, scale: 0.5 }), scores.add(mask).softmax().matmul(v))
    const own = scaledDotProductAttention(k, k, v, { causal: true })
    close(own.slice([0, 0, 0], [2, 2, 1]), v.slice([0, 0, 0], [2, 2, 1]))
    // more keys than queries: the last query sees all
    const last = scaledDotProductAttention(q, k, v, { causal: true }).slice([0, 0, 2])
    close(last, scaledDotProductAttention(q, k, v).slice([0, 0, 2]))
  })

  it('keeps nothing of the size queries x keys for the backward pass', () => {
    const [time, width] = [512, 8]
    const inputs = { q: spec([1, 4, time, width]), k: spec([1, 4, time, width]), v: spec([1, 4, time, width]) }
    const step = capture(({ q, k, v }) => {
      const loss = (): Tensor => scaledDotProductAttention(q, k, v, { causal: true }).square().sum()
      const [dq, dk, dv] = gradients(loss, [q, k, v]) as [Tensor, Tensor, Tensor]
      return { loss: dq.sum().add(dk.sum()).add(dv.sum()) }
    }, inputs)
    expect(step.peakBytes).toBeLessThan((4 * time * time * 4) / 4)
    step.dispose()
    const mask = tensor(new Float32Array(time))
    const masked = capture(({ q, k, v }) => {
      const loss = (): Tensor => scaledDotProductAttention(q, k, v, { mask, dropout: 0.1 }).square().sum()
      return { loss: (gradients(loss, [q, k, v])[0] as Tensor).sum() }
    }, inputs)
    expect(masked.peakBytes).toBeLessThan((4 * time * time * 4) / 4)
    masked.dispose()
    mask.dispose()
  })

  /** The same by products of whole matrices. */
  function byProducts(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
    const [t, s, d] = [q.shape[2] as number, k.shape[2] as number, q.shape[3] as number]
    let scores = q.matmul(k, { transposeB: true }).mul(1 / Math.sqrt(d))
    if (options.mask !== undefined)
      scores = options.mask.dtype === 'int32' ? where(options.mask, scores, -Infinity) : scores.add(options.mask)
    if (options.causal === true) {
      const later = Float32Array.from({ length: t * s }, (_, i) =>
        (i % s) - Math.floor(i / s) > s - t ? -Infinity : 0,
      )
      scores = scores.add(tensor(later, [t, s]))
    }
    const { dropout: p = 0, generator } = options
    const weights = scores.softmax()
    return (p === 0 ? weights : dropout(weights, p, generator === undefined ? {} : { generator })).matmul(v)
  }

  it.each([
    ['no mask', undefined],
    ['a mask of keys', [130]],
    ['a mask of queries and keys', [70, 130]],
    ['a mask of heads', [2, 1, 130]],
    ['a mask of batches', [3, 1, 1, 130]],
    ['a number for each query', [70, 1]],
  ] as const)('with %s it is attention by products, forth and back, with dropout too', (_name, shape) => {
    using _ = scope()
    const [q, k, v] = [filled([3, 2, 70, 5]), filled([3, 2, 130, 5], 2), filled([3, 2, 130, 3], 3)]
    const mask = shape === undefined ? undefined : filled(shape, 5)
    const weights = filled([3, 2, 70, 3], 4)
    for (const causal of [false, true])
      for (const dropout of [0, 0.3]) {
        const of = (f: typeof byProducts): Tensor[] => {
          const operands = mask === undefined ? [q, k, v] : [q, k, v, mask]
          // each draws the same numbers
          const y = (generator: Generator): Tensor =>
            f(q, k, v, { causal, dropout, generator, ...(mask === undefined ? {} : { mask }) })
          const [one, other] = [new Generator(engine, 11), new Generator(engine, 11)] as const
          const list = [y(one), ...gradients(() => y(other).mul(weights).sum(), operands)]
          for (const each of list) each.dataSync()
          for (const generator of [one, other]) generator.dispose()
          return list
        }
        const composed = of(byProducts)
        for (const [i, fused] of of(scaledDotProductAttention).entries()) close(fused, composed[i]!, 3)
      }
  })

  it('hides keys where an int32 mask is 0', () => {
    using _ = scope()
    const [q, k, v] = [filled([2, 2, 3, 4]), filled([2, 2, 5, 4], 2), filled([2, 2, 5, 3], 3)]
    const mask = tensor(Int32Array.of(1, 1, 0, 7, 0, 0, 1, 1, 1, -1), [2, 1, 1, 5])
    close(scaledDotProductAttention(q, k, v, { mask }), byProducts(q, k, v, { mask }))
    const [dv] = gradients(() => scaledDotProductAttention(q, k, v, { mask }).sum(), [v]) as [Tensor]
    for (const head of [0, 1]) for (const e of [0, 1, 2]) expect(numbers(dv)[(head * 5 + 2) * 3 + e]).toBe(0)
  })

  it('draws another dropout in each run of a captured step, and the same for its gradient', async () => {
    const inputs = { q: spec([1, 2, 9, 4]) }
    const step = capture(({ q }) => {
      const [dq] = gradients(() => scaledDotProductAttention(q, q, q, { dropout: 0.5 }).sum(), [q]) as [Tensor]
      return { y: scaledDotProductAttention(q, q, q, { dropout: 0.5 }).sum(), slope: dq.sum() }
    }, inputs)
    const q = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i))
    const one = step.run({ q })
    const [y, slope] = [one.y[0], one.slope[0]]
    expect([step.run({ q }).y[0] === y, step.run({ q }).slope[0] === slope]).toEqual([false, false])
    step.dispose()
  })

  it('by blocks is attention by products, forth and back', () => {
    using _ = scope()
    const [q, k, v] = [filled([1, 2, 70, 5]), filled([1, 2, 130, 5], 2), filled([1, 2, 130, 3], 3)]
    const mask = tensor(new Float32Array(130))
    for (const causal of [false, true]) {
      const weights = filled([1, 2, 70, 3], 4)
      const of = (options: object): Tensor[] => {
        const y = (): Tensor => scaledDotProductAttention(q, k, v, { causal, ...options })
        return [y(), ...gradients(() => y().mul(weights).sum(), [q, k, v])]
      }
      const composed = of({ mask })
      for (const [i, fused] of of({}).entries()) close(fused, composed[i]!, 4)
    }
  })

  it.each([
    ['float32', tensorOf((i) => (i < 5 ? -Infinity : 0))],
    ['int32', tensorOf((i) => (i < 5 ? 0 : 1), true)],
  ] as const)(
    'a query from which a %s mask hides every key gives NaN, as in PyTorch, and the others their own',
    (_name, make) => {
      using _ = scope()
      const [q, k, v] = [filled([1, 1, 3, 4]), filled([1, 1, 5, 4], 2), filled([1, 1, 5, 2], 3)]
      const mask = make()
      const y = numbers(scaledDotProductAttention(q, k, v, { mask }))
      expect(y.slice(0, 2)).toEqual([Number.NaN, Number.NaN])
      expect(y.slice(2)).toEqual(numbers(scaledDotProductAttention(q, k, v)).slice(2))
      const loss = (): Tensor => scaledDotProductAttention(q, k, v, { mask }).slice([0, 0, 1]).sum()
      const [dq] = gradients(loss, [q]) as [Tensor]
      expect(
        numbers(dq)
          .slice(0, 4)
          .every((g) => Number.isNaN(g) || g === 0),
      ).toBe(true)
      expect(numbers(dq).slice(4).every(Number.isFinite)).toBe(true)
    },
  )

  it('a block of scores that are all -Infinity counts for nothing, a whole row of them gives NaN', () => {
    using _ = scope()
    const keys = (hidden: number): Tensor =>
      tensor(
        Float32Array.from({ length: 200 }, (_v, i) => (i < hidden ? -1e30 : i / 200)),
        [1, 1, 200, 1],
      )
    const q = tensor([[[[1e30], [1]]]])
    const v = tensor(
      Float32Array.from({ length: 200 }, (_v, i) => i),
      [1, 1, 200, 1],
    )
    const one = scaledDotProductAttention(q, keys(130), v, { scale: 1 })
    expect(numbers(one)[0]).toBe(199)
    expect(numbers(scaledDotProductAttention(q, keys(200), v, { scale: 1 }))[0]).toBeNaN()
    const wrong = tensor([[[[Number.NaN], [1]]]])
    expect(numbers(scaledDotProductAttention(wrong, keys(0), v)).map(Number.isNaN)).toEqual([true, false])
  })

  it('of several heads looks at another sequence as well', async () => {
    using _ = scope()
    const module = nn.multiHeadAttention(6, 2)
    const [x, memory] = [filled([2, 3, 6]), filled([2, 4, 6], 2)]
    close(module.attend(x, x.clone()), module.forward(x))
    expect(module.attend(x, memory).shape).toEqual([2, 3, 6])
    const report = await checkGradients(() => module.attend(x, memory).square().sum(), [...module.parameters(), memory])
    expect(report.ok, report.print()).toBe(true)
    module.dispose()
  })

  it.each([false, true])('turns queries and keys by their positions, causal: %s', async (causal) => {
    using _ = scope()
    const module = nn.multiHeadAttention(8, 2, { rotary: { base: 100 }, causal })
    const x = filled([2, 5, 8])
    const heads = x.matmul(module.inWeight).add(module.inBias!).reshape([2, 5, 3, 2, 4]).transpose([2, 0, 3, 1, 4])
    const [q, k, v] = [0, 1, 2].map((i) => heads.slice([i], [i + 1]).reshape([2, 2, 5, 4])) as [Tensor, Tensor, Tensor]
    const turned = (part: Tensor): Tensor => rotaryEmbedding(part, { base: 100 })
    const y = byProducts(turned(q), turned(k), v, { causal })
    close(module.forward(x), module.out.forward(y.transpose([0, 2, 1, 3]).reshape([2, 5, 8])))
    const loss = (): Tensor => module.forward(x).square().sum()
    const report = await checkGradients(loss, [...module.parameters(), x], { samples: 2 })
    expect(report.ok, report.print()).toBe(true)
    expect([...module.namedParameters()].map(([name]) => name)).toContain('in_proj_weight')
    module.dispose()
  })

  it('refuses what does not fit', () => {
    using _ = scope()
    const q = filled([2, 2, 3, 4])
    expect(() => scaledDotProductAttention(q, filled([2, 2, 3, 5]), q)).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, filled([2, 1, 3, 4]), q)).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, filled([2, 2, 4, 4]))).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(filled([3, 4]), q, q)).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, q, { scale: Number.NaN })).toThrow(ArgumentError)
    expect(() => scaledDotProductAttention(q, q, q, { mask: filled([2, 2]) })).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, q, { mask: filled([5, 1, 1, 1, 3]) })).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, q, { mask: filled([2, 1, 1, 3, 3]) })).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, q, { mask: filled([3, 2]) })).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q, q, q, { mask: [0, 0, 0] as never })).toThrow(DTypeError)
    for (const dropout of [1, -0.1, Number.NaN, '0' as never])
      expect(() => scaledDotProductAttention(q, q, q, { dropout })).toThrow(ArgumentError)
    expect(() => nn.multiHeadAttention(6, 2, { rotary: true })).toThrow(ArgumentError)
    expect(() => nn.multiHeadAttention(8, 2, { rotary: { base: 0 } }).forward(filled([1, 3, 8]))).toThrow(ArgumentError)
    const few = filled([2, 2, 2, 4])
    expect(() => scaledDotProductAttention(q, few, few, { causal: true })).toThrow(ArgumentError)
    expect(() => nn.multiHeadAttention(6, 4)).toThrow(ArgumentError)
    const module = nn.multiHeadAttention(6, 2)
    expect(() => module.forward(filled([2, 3, 5]))).toThrow(ShapeError)
    module.dispose()
  })
})

describe('positions', () => {
  it('rotary: products depend on the distance only, and lengths stay', () => {
    using _ = scope()
    const row = filled([1, 6])
    const rows = row.add(tensor(new Float32Array(5 * 6), [5, 6]))
    const turned = rotaryEmbedding(rows)
    close(turned.slice([0], [1]), row)
    const products = turned.matmul(turned, { transposeB: true })
    for (const [i, j] of [
      [0, 1],
      [1, 2],
      [3, 4],
    ] as const)
      expect(numbers(products)[i * 5 + j]).toBeCloseTo(numbers(products)[1]!, 4)
    close(rotaryEmbedding(rows.slice([2]), { offset: 2 }), turned.slice([2]))
    // the pair (i, i + 3) of position 4 by the angle 4 base^(-i / 3)
    const [x, y] = [numbers(row)[1]!, numbers(row)[4]!]
    const angle = 4 * 100 ** (-1 / 3)
    const got = numbers(rotaryEmbedding(rows, { base: 100 }))
    expect(got[4 * 6 + 1]).toBeCloseTo(x * Math.cos(angle) - y * Math.sin(angle), 5)
    expect(got[4 * 6 + 4]).toBeCloseTo(x * Math.sin(angle) + y * Math.cos(angle), 5)
    expect(() => rotaryEmbedding(filled([2, 3]))).toThrow(ShapeError)
    expect(() => rotaryEmbedding(filled([2, 4]), { base: 0.5 })).toThrow(ArgumentError)
    expect(() => rotaryEmbedding(filled([2, 4]), { offset: -1 })).toThrow(ArgumentError)
  })

  it('learnt and sinusoidal ones are added', () => {
    using _ = scope()
    const learnt = nn.positionalEmbedding(5, 4)
    close(
      learnt
        .forward(filled([2, 3, 4]))
        .sub(filled([2, 3, 4]))
        .slice([1]),
      learnt.weight.slice([0], [3]).reshape([1, 3, 4]),
      6,
    )
    expect(() => learnt.forward(filled([2, 6, 4]))).toThrow(ShapeError)
    const waves = numbers(nn.sinusoidalPositions(4).forward(tensor(new Float32Array(40), [10, 4])))
    for (const [t, i, want] of [
      [0, 1, 1],
      [9, 0, Math.sin(9)],
      [9, 1, Math.cos(9)],
      [9, 2, Math.sin(0.09)],
      [7, 3, Math.cos(0.07)],
    ] as const)
      expect(waves[t * 4 + i]).toBeCloseTo(want, 6)
    expect(() => nn.sinusoidalPositions(3)).toThrow(ArgumentError)
    learnt.dispose()
  })
})

describe('transformer layers', () => {
  const small = { hidden: 6, dropout: 0 }

  it.each([true, false])('have the right gradients, norm first: %s', async (normFirst) => {
    using _ = scope()
    const encoder = nn.transformerEncoderLayer(4, 2, { ...small, normFirst, activation: 'gelu' })
    const decoder = nn.transformerDecoderLayer(4, 2, { ...small, normFirst, activation: 'geluTanh' })
    const [x, y] = [filled([2, 3, 4]), filled([2, 2, 4], 2)]
    const weights = filled([2, 2, 4], 5)
    const loss = (): Tensor => decoder.forward(y, encoder.forward(x)).mul(weights).sum()
    const report = await checkGradients(loss, [...encoder.parameters(), ...decoder.parameters(), x], { samples: 2 })
    expect(report.ok, report.print()).toBe(true)
    encoder.dispose()
    decoder.dispose()
  })

  it('hide what masks say from each part', () => {
    using _ = scope()
    const decoder = nn.transformerDecoderLayer(4, 2, { ...small, rotary: true })
    const [x, memory] = [filled([2, 3, 4]), filled([2, 5, 4], 2)]
    const memoryMask = tensor(Int32Array.of(1, 1, 1, 0, 0), [5])
    close(decoder.forward(x, memory, { memoryMask }), decoder.forward(x, memory.slice([0, 0], [2, 3])))
    const mask = tensor([0, 0, -1e30])
    const [first] = decoder.forward(x, memory, { mask }).split([2, 1], 1) as [Tensor]
    close(first, decoder.forward(x.slice([0, 0], [2, 2]), memory))
    decoder.dispose()
  })

  it('have the state names of PyTorch', () => {
    const names = (module: nn.Module): string[] => [...module.namedParameters()].map(([name]) => name)
    const attention = (name: string): string[] =>
      ['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias'].map((rest) => `${name}.${rest}`)
    const pairs = (...layers: string[]): string[] => layers.flatMap((name) => [`${name}.weight`, `${name}.bias`])
    const encoder = nn.transformerEncoderLayer(4, 2, small)
    const decoder = nn.transformerDecoderLayer(4, 2, small)
    expect(names(encoder)).toEqual([...attention('self_attn'), ...pairs('linear1', 'linear2', 'norm1', 'norm2')])
    expect(names(decoder)).toEqual([
      ...attention('self_attn'),
      ...attention('multihead_attn'),
      ...pairs('linear1', 'linear2', 'norm1', 'norm2', 'norm3'),
    ])
    expect(() => nn.transformerEncoderLayer(4, 2, { activation: 'tanh' as never })).toThrow(ArgumentError)
    encoder.dispose()
    decoder.dispose()
  })
})

describe('bilinear and residual', () => {
  it('compute what they say', () => {
    using _ = scope()
    const layer = nn.bilinear(2, 3, 2)
    layer.weight.assign(
      tensor(
        Float32Array.from({ length: 12 }, (_v, i) => i),
        [2, 2, 3],
      ),
    )
    layer.bias?.assign(tensor([0.5, -0.5]))
    // a W[0] b: 1 (0*1 + 1*0 + 2*2) + 2 (3*1 + 4*0 + 5*2) = 30
    expect(numbers(layer.forward(tensor([[1, 2]]), tensor([[1, 0, 2]])))).toEqual([30.5, 83.5])
    expect(() => layer.forward(tensor([[1, 2]]), tensor([[1, 0]]))).toThrow(ShapeError)
    const same = nn.residual(nn.relu())
    expect(numbers(same.forward(tensor([-1, 2])))).toEqual([-1, 4])
    expect(() => nn.residual(nn.linear(2, 3)).forward(tensor([[1, 2]]))).toThrow(ShapeError)
    expect(() => nn.residual(3 as never)).toThrow(ArgumentError)
  })
})
