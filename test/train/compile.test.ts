import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  DisposedError,
  type Engine,
  init,
  nn,
  spec,
  type Tensor,
  tensor,
  train,
  zeros,
} from '../../src/index.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

const network = (): nn.Sequential => nn.sequential([nn.linear(6, 16), nn.gelu(), nn.dropout(0.5), nn.linear(16, 3)])
const x = Float32Array.from({ length: 12 }, (_, i) => i / 7 - 1)

describe('compile', () => {
  it('gives the bits of forward in evaluation mode, and follows the weights', async () => {
    const model = network()
    using compiled = await train.compile(model, { x: spec([2, 6]) })
    expect(compiled.shape).toEqual([2, 3])
    const eager = (): number[] => {
      model.eval()
      const y = [...model.forward(tensor(x, [2, 6])).dataSync()]
      model.train()
      return y
    }
    expect([...compiled.run({ x })]).toEqual(eager())
    const [weight] = model.parameters()
    weight?.set(new Float32Array(96).fill(0.25))
    expect([...compiled.run({ x })]).toEqual(eager())
    expect(model.training).toBe(true)
  })

  it('takes several inputs, and memory that grew', async () => {
    class Pick extends nn.Module {
      table = nn.embedding(5, 4)
      override forward(index: Tensor, scale: Tensor): Tensor {
        return this.table.forward(index).mul(scale)
      }
    }
    const model = new Pick()
    const inputs = { index: spec([3], 'int32'), scale: spec([3, 4]) }
    using compiled = await train.compile(model, inputs, { forward: ({ index, scale }) => model.forward(index, scale) })
    const ask = (): number[] => [...compiled.run({ index: [4, 0, 4], scale: new Float32Array(12).fill(2) })]
    const first = ask()
    expect(first.slice(0, 4)).toEqual(first.slice(8))
    using large = zeros([2_000_000])
    await large.data()
    expect(ask()).toEqual(first)
    expect(() => compiled.run({ index: [5, 0, 0], scale: new Float32Array(12) })).toThrow(/index is out of range/)
    expect(ask()).toEqual(first)
  })

  it('allocates nothing: neither in the engine nor for the garbage collector', async () => {
    const model = network()
    using compiled = await train.compile(model, { x: spec([2, 6]) })
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const inputs = { x }
    for (let i = 0; i < 20_000; i++) compiled.run(inputs)
    const [handles, bytes] = [engine.handles, engine.runtime.bytesInUse]
    let least = Number.POSITIVE_INFINITY
    // Code that is not optimized yet boxes its numbers, and on a busy machine the compiler takes its time.
    for (let round = 0; round < 60 && least >= 20_000; round++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collect()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < 10_000; i++) compiled.run(inputs)
      least = Math.min(least, process.memoryUsage().heapUsed - before)
    }
    expect(least / 10_000).toBeLessThan(2)
    expect(engine.handles).toBe(handles)
    expect(engine.runtime.bytesInUse).toBe(bytes)
  })

  it('names what does not fit', async () => {
    const model = network()
    const compiled = await train.compile(model, { x: spec([2, 6]) })
    expect(() => compiled.run({ x: new Float32Array(11) })).toThrow(ArgumentError)
    expect(() => compiled.run({} as never)).toThrow(/the input 'x' does not fit; expected 12 numbers/)
    await expect(train.compile(model, { x: spec([2, 7]) })).rejects.toThrow(/7/)
    await expect(train.compile(model, { z: spec([2, 6]) })).rejects.toThrow(/no column 'x'/)
    const before = engine.runtime.bytesInUse
    compiled.dispose()
    compiled.dispose()
    expect(engine.runtime.bytesInUse).toBeLessThan(before)
    expect(() => compiled.run({ x })).toThrow(DisposedError)
  })
})
