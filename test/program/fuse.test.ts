// What the planner makes of several operations: the same bits in fewer passes.
import { expect, onTestFinished, test } from 'vitest'
import { capture, init, parameter, type Tensor, tensor, valueAndGrad, withEngine } from '../../src/index.ts'

test('a tanh gelu keeps its slope where its gradient is wanted, and only there', async () => {
  const values = Float32Array.from({ length: 37 }, (_, i) => (i - 18) / 3)
  const results: Float32Array[] = []
  for (const fuse of [true, false]) {
    const engine = await init({ threads: 1, fuse })
    onTestFinished(() => engine.close())
    const [got, listings] = withEngine(engine, () => {
      const x = parameter(tensor(values))
      const both = capture(() => {
        const { value, grads } = valueAndGrad(() => x.gelu('tanh').square().sum(), [x])
        return { value, dx: grads[0] as Tensor }
      })
      const forward = capture(() => ({ y: x.gelu('tanh') }))
      return [both.run(), [both.print(), forward.print()]] as const
    })
    results.push(got.dx as Float32Array)
    expect(listings[0]?.includes('; gelu ')).toBe(!fuse)
    expect(listings[0]).toContain('geluSlope')
    expect(listings[1]).not.toContain('geluSlope')
  }
  expect(results[0]).toEqual(results[1])
})
