import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as cr from '../../src/index.ts'

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2 })
})
afterAll(() => engine.close())

const numbers = (x: cr.Tensor): number[] => Array.from(x.dataSync())

describe('categorical', () => {
  test('draws each class as often as its probability says, replayable from a generator', () => {
    using _ = cr.scope()
    const logits = cr.tensor([Math.log(0.5), Math.log(0.2), -Infinity, Math.log(0.3)])
    const draw = (): number[] => {
      const generator = new cr.Generator(engine, 9)
      const made = numbers(cr.categorical(logits, { samples: 20_000, generator }))
      generator.dispose()
      return made
    }
    const drawn = draw()
    expect(draw()).toEqual(drawn)
    const counts = [0, 1, 2, 3].map((k) => drawn.filter((v) => v === k).length / drawn.length)
    // four standard deviations
    for (const [k, p] of [0.5, 0.2, 0, 0.3].entries())
      expect(Math.abs((counts[k] as number) - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / drawn.length))
  })
  test('a row at a time, int32, anew in each run of a step', () => {
    const logits = cr.tensor(
      Float32Array.from({ length: 60 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 80 : 0)),
      [20, 3],
    )
    expect(cr.categorical(logits).dtype).toBe('int32')
    expect(numbers(cr.categorical(logits))).toEqual(Array.from({ length: 20 }, (_, i) => i % 3))
    expect(cr.categorical(logits.reshape([4, 5, 3]), { samples: 2 }).shape).toEqual([4, 5, 2])
    const flat = cr.zeros([50, 7])
    const step = cr.capture(() => ({ y: cr.categorical(flat).toFloat() }))
    const first = Array.from(step.run().y)
    expect(Array.from(step.run().y)).not.toEqual(first)
    step.dispose()
  })
})
