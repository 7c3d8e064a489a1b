import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CaptureError,
  capture,
  concat,
  conv2d,
  DisposedError,
  type Engine,
  GradientError,
  gradients,
  init,
  keep,
  matmul,
  maxPool2d,
  outer,
  parameter,
  randomNormal,
  scalar,
  scope,
  sgdUpdate,
  spec,
  type Tensor,
  tensor,
  transpose,
  valueAndGrad,
  variable,
  withEngine,
  zeros,
} from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const eye = (): Tensor =>
  tensor([
    [1, 0],
    [0, 1],
  ])

describe('eager use', () => {
  it('computes when a value is read, and keeps it', () => {
    using s = scope()
    const a = tensor([
      [1, 2],
      [3, 4],
    ])
    const b = matmul(a, a)
    const c = matmul(b, eye())
    expect([...c.dataSync()]).toEqual([7, 10, 15, 22])
    expect([...b.dataSync()]).toEqual([7, 10, 15, 22])
    expect([...a.dataSync()]).toEqual([1, 2, 3, 4])
    expect(s).toBeDefined()
  })

  it('computes operands whose handles are gone', () => {
    using _ = scope()
    const a = tensor([
      [1, 2],
      [3, 4],
    ])
    const b = matmul(a, a)
    a.dispose()
    const c = matmul(b, b)
    b.dispose()
    expect([...c.dataSync()]).toEqual([199, 290, 435, 634])
  })

  it('returns memory and handles to the base, whatever was made', () => {
    const before = engine.runtime.bytesInUse
    const handles = engine.handles
    for (let i = 0; i < 20; i++)
      scope(() => {
        const a = tensor(
          Float32Array.from({ length: 64 }, (_, j) => j + i),
          [8, 8],
        )
        const b = concat([matmul(a, transpose(a)), a])
        b.dataSync()
        matmul(b, a)
      })
    expect(engine.handles).toBe(handles)
    engine.flush()
    // Program and arena buffers of eager use may have grown once; a second round must not add to them.
    const grown = engine.runtime.bytesInUse
    for (let i = 0; i < 20; i++) scope(() => matmul(eye(), eye()).dataSync())
    expect(engine.runtime.bytesInUse).toBe(grown)
    expect(grown - before).toBeLessThan(64 * 1024)
  })

  it('uses one program for one structure, with other data', () => {
    using _ = scope()
    for (const scale of [1, 2, 3]) {
      const a = tensor([
        [scale, 0],
        [0, scale],
      ])
      expect([
        ...matmul(
          a,
          tensor([
            [1, 2],
            [3, 4],
          ]),
        ).dataSync(),
      ]).toEqual([1, 2, 3, 4].map((x) => x * scale))
    }
  })

  it('refuses disposed tensors with a sentence', () => {
    const a = eye()
    a.dispose()
    a.dispose()
    expect(() => matmul(a, a)).toThrow(DisposedError)
    expect(() => a.dataSync()).toThrow(/matmul|dataSync/)
    expect(() => keep(a)).toThrow(/kept/)
  })

  it('keeps what a scope returns and frees the rest', async () => {
    const handles = engine.handles
    const kept = scope(() => ({ y: matmul(eye(), eye()), z: [matmul(eye(), eye())] }))
    expect(engine.handles).toBe(handles + 2)
    expect([...kept.y.dataSync()]).toEqual([1, 0, 0, 1])
    const later = await scope(async () => {
      const x = eye()
      await x.data()
      return matmul(x, x)
    })
    expect([...(await later.data())]).toEqual([1, 0, 0, 1])
    for (const tensor of [kept.y, ...kept.z, later]) tensor.dispose()
    expect(engine.handles).toBe(handles)
  })
})

describe('variables', () => {
  it('show readers the newest version; gradients still see the old one', () => {
    using _ = scope()
    const w = parameter(
      tensor([
        [2, 0],
        [0, 2],
      ]),
    )
    w.dataSync()
    const x = tensor([[1, 3]])
    const column = tensor([[1], [1]])
    const y = matmul(matmul(matmul(x, w), w), column)
    sgdUpdate(
      w,
      tensor([
        [1, 0],
        [0, 1],
      ]),
      { lr: scalar(1), step: scalar(1) },
    )
    const [g] = gradients(y, [w]) as [Tensor]
    // y was traced with the old version: the new one has no part in it.
    expect([...g.dataSync()]).toEqual([0, 0, 0, 0])
    expect(y.item()).toBe(16)
    expect([...w.dataSync()]).toEqual([1, 0, 0, 1])
    w.dispose()
  })

  it('reads an older version after an update in one program', () => {
    using _ = scope()
    const w = variable(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    )
    w.dataSync()
    const { value, grads } = valueAndGrad(() => {
      const y = matmul(matmul(tensor([[1, 1]]), w), tensor([[1], [1]]))
      w.assign(
        tensor([
          [0, 0],
          [0, 0],
        ]),
      )
      return matmul(y, tensor([[1]]))
    }, [w])
    expect(value.item()).toBe(10)
    expect([...(grads[0] as Tensor).dataSync()]).toEqual([1, 1, 1, 1])
    expect([...w.dataSync()]).toEqual([0, 0, 0, 0])
    w.dispose()
  })

  it('take data from JavaScript and outlive their scope', () => {
    const w = scope(() => variable(tensor([1, 2])))
    w.set([3, 4])
    expect([...w.dataSync()]).toEqual([3, 4])
    expect(() => w.set([1])).toThrow(/expected 2 numbers for \[2\], received 1/)
    expect(() => w.assign(eye())).toThrow(/does not fit the variable/)
    expect([...w.dataSync()]).toEqual([3, 4])
    w.dispose()
  })
})

describe('captured steps', () => {
  it('give the bits of eager use, step after step', async () => {
    const run = async (captured: boolean): Promise<number[]> => {
      const w = parameter(
        tensor([
          [0.5, -0.25],
          [1.5, 2],
        ]),
      )
      const loss = (x: Tensor): Tensor => matmul(matmul(x, w), tensor([[1], [2]])).reshape([])
      const update = (x: Tensor): Tensor => {
        const { value, grads } = valueAndGrad(() => loss(x), [w])
        sgdUpdate(w, grads[0] as Tensor, { lr: scalar(0.1), step: scalar(1) })
        return value
      }
      const losses: number[] = []
      if (captured) {
        using step = capture(({ x }) => ({ loss: update(x) }), { x: spec([1, 2]) })
        step.set({ x: [1, 3] })
        losses.push(...((await step.runMany(7)).curves['loss'] as Float32Array))
      } else for (let i = 0; i < 7; i++) losses.push(scope(() => update(tensor([[1, 3]])).item()))
      losses.push(...w.dataSync())
      w.dispose()
      return losses
    }
    const eager = await run(false)
    expect(await run(true)).toEqual(eager)
    expect(eager[0]).not.toBe(eager[6])
  })

  it('leave eager state alone, own their memory and give it back', () => {
    const w = variable(tensor([1, 2]))
    engine.flush()
    const before = engine.runtime.bytesInUse
    const handles = engine.handles
    const step = capture(
      ({ x }) => {
        w.assign(x)
        return { product: outer(w, x) }
      },
      { x: spec([2]) },
    )
    expect([...w.dataSync()]).toEqual([1, 2])
    expect(engine.handles).toBe(handles)
    expect([...step.run({ x: [3, 4] }).product]).toEqual([9, 12, 12, 16])
    expect([...w.dataSync()]).toEqual([3, 4])
    expect(step.peakBytes).toBeGreaterThan(0)
    step.dispose()
    step.dispose()
    expect(() => step.run()).toThrow(DisposedError)
    expect(engine.runtime.bytesInUse).toBe(before)
    w.dispose()
  })

  it('give results that no operation made, and give their memory back', () => {
    const outer = tensor([3, 4])
    scalar(5).dispose() // constants of control scalars stay
    engine.flush()
    const before = engine.runtime.bytesInUse
    const step = capture(() => {
      const made = tensor([1, 2])
      return { made, twice: made, whole: zeros([2], { dtype: 'int32' }), control: scalar(5), outer }
    })
    for (let i = 0; i < 2; i++) step.compiled.run()
    const lists = Object.entries(step.results()).map(([name, data]) => [name, [...data]])
    expect(Object.fromEntries(lists)).toEqual({
      made: [1, 2],
      twice: [1, 2],
      whole: [0, 0],
      control: [5],
      outer: [3, 4],
    })
    step.dispose()
    expect(engine.runtime.bytesInUse).toBe(before)
    outer.dispose()
  })

  it('say why a value cannot be read, a variable cannot be made, and leave the engine usable', () => {
    using _ = scope()
    const a = eye()
    expect(() => capture(() => ({ y: tensor([matmul(a, a).dataSync()[0] as number]) }))).toThrow(CaptureError)
    expect(() => capture(() => ({ y: variable(a) }))).toThrow(/before capture/)
    expect(() => capture(() => ({ y: capture(() => ({ a })) as unknown as Tensor }))).toThrow(/capture inside/)
    expect(() => capture((() => a) as never)).toThrow(/record of tensors/)
    let leaked: Tensor | undefined
    using step = capture(() => ({ y: keep((leaked = matmul(a, a))) }))
    expect([...step.run().y]).toEqual([1, 0, 0, 1])
    expect(() => (leaked as Tensor).dataSync()).toThrow(/captured step/)
    leaked?.dispose()
    expect([...matmul(a, a).dataSync()]).toEqual([1, 0, 0, 1])
  })

  it('refuse inputs that do not fit before anything runs', () => {
    using step = capture(({ x }) => ({ y: matmul(x, x) }), { x: spec([2, 2]) })
    step.run({ x: [1, 2, 3, 4] })
    expect(() => step.run({ x: [1, 2, 3] })).toThrow(/expected 4 numbers for \[2,2\], received 3/)
    expect(() => step.run({ z: [1] } as never)).toThrow(/expected one of x, received z/)
    expect([...step.results().y]).toEqual([7, 10, 15, 22])
    expect(() => step.runMany(-1)).toThrow(/whole number/)
  })

  it('stop at an abort with the variables of the last whole step', async () => {
    const w = parameter(
      tensor([
        [0, 0],
        [0, 0],
      ]),
    )
    using step = capture(() => {
      sgdUpdate(w, eye(), { lr: scalar(-1), step: scalar(1) })
      return { trace: matmul(matmul(tensor([[1, 0]]), w), tensor([[1], [0]])).reshape([]) }
    })
    const controller = new AbortController()
    const run = step.runMany(50_000_000, { signal: controller.signal })
    expect(() => eye().dataSync()).not.toThrow(TypeError)
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(run).rejects.toThrow('enough')
    const [a, b, c, d] = w.dataSync() as unknown as [number, number, number, number]
    expect(a).toBeGreaterThan(0)
    expect([b, c, d]).toEqual([0, 0, a])
    w.dispose()
  })

  it('let a convolution take the activation behind it in', () => {
    const x = parameter(
      tensor(
        Float32Array.from({ length: 25 }, (_, i) => i - 12),
        [1, 1, 5, 5],
      ),
    )
    const w = parameter(
      tensor(
        Float32Array.from({ length: 9 }, (_, i) => (i % 3) - 1),
        [1, 1, 3, 3],
      ),
    )
    using one = capture(() => ({ y: conv2d(x, w).relu() }))
    expect(one.print()).toMatch(/activation=1 +; fusedConv2d/)
    expect(one.instructions).toBe(1)
    using two = capture(() => ({ y: conv2d(x, w).neg() }))
    expect(two.instructions).toBe(2)
    const plain = conv2d(x, w).dataSync()
    expect(one.run().y).toEqual(plain.map((value) => Math.max(value, 0)))
  })

  it('let the gradient of a max-pool take the slope of the ReLU before it in', () => {
    const x = parameter(randomNormal([2, 3, 7, 11]))
    const weights = randomNormal([2, 3, 3, 5])
    const slopes = (): { dx: Tensor } => {
      const { grads } = valueAndGrad(() => maxPool2d(x.relu(), 2).mul(weights).sum(), [x])
      return { dx: grads[0] as Tensor }
    }
    using one = capture(slopes)
    expect(one.print()).toMatch(/whole=1 +; maxPool2dGrad/)
    expect(one.print()).not.toMatch(/reluGrad/)
    // the ReLU's slope is of another tensor than the windows read
    using two = capture(() => {
      const { grads } = valueAndGrad(() => maxPool2d(x.relu().mul(1), 2).mul(weights).sum(), [x])
      return { dx: grads[0] as Tensor }
    })
    expect(two.print()).toMatch(/reluGrad/)
    const { dx } = one.run()
    expect(dx).toEqual(two.run().dx)
    expect(dx.some((value) => value !== 0)).toBe(true)
  })

  it('print as a program and a memory map', () => {
    using step = capture(({ x }) => ({ y: matmul(matmul(x, x), x) }), { x: spec([2, 2]) })
    expect(step.print()).toMatch(/2 instructions, 0 barriers, 1 thread/)
    expect(step.print()).toMatch(/gemm +a=m\d+ b=m\d+ c=arena\+0 /)
    expect(step.memoryMap()).toMatch(/16 B \|##\| matmul/)
  })
})

describe('gradients', () => {
  it('say what is missing', () => {
    using _ = scope()
    const w = parameter(eye())
    expect(() => gradients(() => matmul(w, w), [w])).toThrow(/not a scalar/)
    expect(() => gradients(() => 3 as unknown as Tensor, [w])).toThrow(GradientError)
    const y = matmul(matmul(tensor([[1, 1]]), w), tensor([[1], [1]]))
    y.item()
    expect(() => gradients(y, [w])).toThrow(/history of the loss is gone/)
    expect(() => gradients(y, [])).toThrow(GradientError)
    w.dispose()
  })
})

describe('gradients of gradients', () => {
  it('differentiate what an inner gradient recorded', () => {
    using _ = scope()
    const x = tensor([
      [0.5, -2],
      [3, 1],
    ])
    const column = tensor([[1], [1]])
    const row = tensor([[1, 1]])
    const total = (y: Tensor): Tensor => matmul(matmul(row, y), column)
    // f = sum(x x x); grad f, then the gradient of the sum of its squares, against central differences.
    const slope = (at: Tensor): Tensor => {
      const [g] = gradients(() => total(matmul(matmul(at, at), at)), [at]) as [Tensor]
      return total(matmul(g, transpose(g)))
    }
    const [second] = gradients(() => slope(x), [x]) as [Tensor]
    const base = x.dataSync()
    const eps = 1e-2
    const numeric = Array.from(base, (_, i) => {
      const at = (delta: number): number =>
        slope(tensor(base.map((value, j) => (i === j ? value + delta : value)) as Float32Array, [2, 2])).item()
      return (at(eps) - at(-eps)) / (2 * eps)
    })
    const analytic = [...second.dataSync()]
    for (const [i, value] of numeric.entries())
      expect(Math.abs((analytic[i] as number) - value)).toBeLessThan(2e-3 * Math.max(...numeric.map(Math.abs)))
  })
})

describe('two engines', () => {
  it('share nothing and refuse each other’s tensors', async () => {
    const other = await init({ threads: 1 })
    const theirs = withEngine(other, eye)
    const ours = withEngine(engine, eye)
    expect(() => matmul(theirs, ours)).toThrow(/another engine/)
    expect([...matmul(theirs, theirs).dataSync()]).toEqual([1, 0, 0, 1])
    await other.close()
    expect(() => matmul(theirs, theirs)).toThrow(/closed/)
    expect([...matmul(ours, ours).dataSync()]).toEqual([1, 0, 0, 1])
    ours.dispose()
    await init({ threads: 1 }).then((last) => last.close())
  })
})
