import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  DataError,
  type Engine,
  gradients,
  init,
  nn,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 7 })
})
afterAll(() => engine.close())

class Gated extends nn.Module {
  readonly a: nn.Linear
  readonly b: nn.Linear
  readonly scale = 2
  constructor(size: number) {
    super()
    this.a = nn.linear(size, size)
    this.b = nn.linear(size, size, { bias: false })
  }
  override forward(x: Tensor): Tensor {
    return this.a.forward(x).mul(this.b.forward(x).sigmoid())
  }
}

class Nested extends nn.Module {
  readonly blocks: readonly Gated[]
  readonly heads: { readonly left: nn.Linear; readonly right: nn.Linear }
  readonly body: nn.Sequential
  parent: nn.Module | undefined
  constructor() {
    super()
    this.blocks = [new Gated(2), new Gated(2)]
    this.heads = { left: nn.linear(2, 1), right: nn.linear(2, 1) }
    this.body = nn.sequential([nn.linear(2, 2), nn.tanh(), nn.dropout(0.5)])
  }
  override forward(x: Tensor): { left: Tensor; right: Tensor } {
    const y = this.body.forward(this.blocks.reduce((z, block) => block.forward(z), x))
    return { left: this.heads.left.forward(y), right: this.heads.right.forward(y) }
  }
}

describe('finding parameters', () => {
  it('goes by field names, through arrays, plain objects and inner modules', () => {
    const names = [...new Nested().namedParameters()].map(([name]) => name)
    expect(names).toEqual([
      'blocks.0.a.weight',
      'blocks.0.a.bias',
      'blocks.0.b.weight',
      'blocks.1.a.weight',
      'blocks.1.a.bias',
      'blocks.1.b.weight',
      'heads.left.weight',
      'heads.left.bias',
      'heads.right.weight',
      'heads.right.bias',
      'body.0.weight',
      'body.0.bias',
    ])
  })

  it('stops at a link back to a parent', () => {
    const model = new Nested()
    const n = model.parameters().length
    model.parent = model
    Object.assign(model.body, { owner: model })
    expect(model.parameters()).toHaveLength(n)
  })

  it('takes names as they are, without touching prototypes', () => {
    class Odd extends nn.Module {
      readonly parts: Record<string, nn.Linear> = Object.create(null)
      override forward(x: Tensor): Tensor {
        return x
      }
    }
    const odd = new Odd()
    const name = '__proto__'
    odd.parts[name] = nn.linear(1, 1, { bias: false })
    odd.parts['constructor'] = nn.linear(1, 1, { bias: false })
    const names = [...odd.namedParameters()].map(([name]) => name)
    expect(names).toEqual(['parts.__proto__.weight', 'parts.constructor.weight'])
    expect(({} as Record<string, unknown>)['weight']).toBeUndefined()
  })

  it('lists a tied parameter once, and sums its gradients', async () => {
    const a = nn.linear(2, 2, { bias: false, initializer: 'ones' })
    const b = nn.linear(2, 2, { bias: false })
    b.weight = a.weight
    const model = nn.sequential([a, b])
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(['0.weight'])
    // O = I W W with W all ones and I = [1, 2]: dO/dW = I^T (dO W^T) + (I W)^T dO.
    const { '0.weight': dw } = gradients(model.forward(tensor([[1, 2]])).sum(), model)
    expect([...(await (dw as Tensor).data())]).toEqual([2 + 3, 2 + 3, 4 + 3, 4 + 3])
  })
})

describe('modes', () => {
  it('train and eval reach every module; dropout acts only while training', async () => {
    const model = new Nested()
    model.eval()
    expect([...model.namedModules()].every(([, module]) => !module.training)).toBe(true)
    const drop = nn.dropout(0.5)
    const x = tensor(new Float32Array(1000).fill(1))
    expect(drop.eval().forward(x)).toBe(x)
    const y = await drop.train().forward(x).data()
    expect(new Set(y)).toEqual(new Set([0, 2]))
  })

  it('frozen parameters get no gradient and keep their state', async () => {
    const model = nn.sequential([nn.linear(2, 3), nn.relu(), nn.linear(3, 1)])
    ;(model.layers[0] as nn.Linear).freeze()
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(['2.weight', '2.bias'])
    expect(Object.keys(gradients(model.forward(zeros([1, 2])).sum(), model))).toEqual(['2.weight', '2.bias'])
    expect([...(await model.stateDict()).keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    model.unfreeze()
    expect(model.parameters()).toHaveLength(4)
  })
})

describe('state dict', () => {
  it('has names and layouts of PyTorch, and loads back to the same bits', async () => {
    const model = nn.sequential([nn.linear(2, 3), nn.relu(), nn.linear(3, 1, { bias: false })])
    const state = await model.stateDict()
    expect([...state].map(([name, { shape }]) => [name, shape])).toEqual([
      ['0.weight', [3, 2]],
      ['0.bias', [3]],
      ['2.weight', [1, 3]],
    ])
    const weight = (model.layers[0] as nn.Linear).weight
    const memory = await weight.data()
    const saved = state.get('0.weight')?.data as Float32Array
    expect(saved[1 * 2 + 0]).toBe(memory[0 * 3 + 1])
    const other = nn.sequential([nn.linear(2, 3), nn.relu(), nn.linear(3, 1, { bias: false })])
    other.loadStateDict(state)
    expect(await other.stateDict()).toEqual(state)
  })

  it('lists what is missing, unexpected and of another shape, and changes nothing', async () => {
    const model = nn.linear(2, 3)
    const before = await model.stateDict()
    const entry = (shape: number[]): nn.StateEntry => ({
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })
    const wrong = new Map([
      ['weight', entry([2, 3])],
      ['scale', entry([3])],
    ])
    expect(() => model.loadStateDict(wrong)).toThrow(DataError)
    expect(() => model.loadStateDict(wrong)).toThrow(
      /missing: bias; unexpected: scale; wrong: weight: expected shape \[3, 2\], received \[2, 3\]/,
    )
    expect(() =>
      model.loadStateDict(
        new Map([
          ['weight', { shape: [3, 2], data: new Float32Array(5) }],
          ['bias', entry([3])],
        ]),
      ),
    ).toThrow(/expected 6 numbers, received 5/)
    expect(() =>
      model.loadStateDict(
        new Map([
          ['weight', { shape: [3, 2], data: new Int32Array(6) }],
          ['bias', entry([3])],
        ]),
      ),
    ).toThrow(/expected Float32Array, received Int32Array/)
    expect(await model.stateDict()).toEqual(before)
    const report = model.loadStateDict(
      new Map([
        ['bias', entry([3])],
        ['scale', entry([3])],
      ]),
      { strict: false },
    )
    expect(report).toEqual({ missing: ['weight'], unexpected: ['scale'], misshaped: [] })
    expect((await model.stateDict()).get('bias')?.data).toEqual(new Float32Array(3))
  })

  it('has a tied parameter under each name, and takes it under any', async () => {
    const a = nn.linear(2, 2, { bias: false })
    const b = nn.linear(2, 2, { bias: false })
    b.weight = a.weight
    const model = nn.sequential([a, b])
    const state = await model.stateDict()
    expect([...state.keys()]).toEqual(['0.weight', '1.weight'])
    state.delete('0.weight')
    model.loadStateDict(state)
    state.set('0.weight', { shape: [2, 2], data: new Float32Array(4) })
    expect(() => model.loadStateDict(state)).toThrow(/differs from another name of the same tied variable/)
  })
})

describe('errors', () => {
  it('name the path of the layer', () => {
    const model = nn.sequential([nn.linear(4, 8), nn.relu(), nn.linear(9, 2)])
    expect(() => model.forward(zeros([1, 4]))).toThrow(ShapeError)
    expect(() => model.forward(zeros([1, 4]))).toThrow(
      /^sequential\.2 \(linear\): .*expected \[\.\.\., 9\], received \[1, 8\]/,
    )
  })

  it('name the path through inner sequences and own modules', () => {
    const inner = nn.sequential([nn.relu(), nn.linear(3, 3)])
    const model = nn.sequential([nn.linear(2, 4), inner])
    expect(() => model.forward(zeros([1, 2]))).toThrow(/^sequential\.1\.1 \(linear\): /)
    const own = nn.sequential([nn.linear(2, 4), new Gated(3)])
    expect(() => own.forward(zeros([1, 2]))).toThrow(/^sequential\.1\.a \(linear\): /)
    try {
      own.forward(zeros([1, 2]))
      expect.unreachable()
    } catch (error) {
      expect((error as ShapeError).layer).toBe('sequential.1.a (linear)')
      expect((error as ShapeError).expected).toBe('[..., 3]')
      expect((error as ShapeError).stack).toContain('sequential.1.a (linear): ')
    }
  })

  it('refuse sizes, probabilities, initializers and layers that are none', () => {
    for (const size of [0, -1, 1.5, Number.NaN, '3' as unknown as number])
      expect(() => nn.linear(size, 1)).toThrow(ArgumentError)
    for (const p of [-0.1, 1, Number.NaN]) expect(() => nn.dropout(p)).toThrow(ArgumentError)
    expect(() => nn.linear(1, 1, { initializer: 'toString' as 'zeros' })).toThrow(ArgumentError)
    expect(() => nn.sequential([nn.relu as unknown as nn.Layer])).toThrow(/a function \(call it\)/)
    expect(() => nn.linear(2, 2).forward(tensor(1))).toThrow(ShapeError)
    expect(() => nn.flatten().forward(tensor(1))).toThrow(ShapeError)
  })
})

describe('summary', () => {
  it('shows paths, output shapes, parameters and bytes', () => {
    const model = nn.sequential([nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10)])
    const text = model.summary([1, 28, 28])
    expect(text.split('\n').map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'layer output parameters bytes',
      '0 (flatten) [1, 784] 0 0',
      '1 (linear) [1, 128] 100,480 401,920',
      '2 (relu) [1, 128] 0 0',
      '3 (linear) [1, 10] 1,290 5,160',
      '101,770 parameters (101,770 trained), 407,080 bytes',
    ])
    expect(Object.hasOwn(model.layers[1] as nn.Layer, 'forward')).toBe(false)
    expect(model.layers[1]?.training).toBe(true)
  })
})
