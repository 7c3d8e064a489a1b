// Gradient rules of users' ops are held against differences once, in development.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { faultOf } from '../../src/check/rule.ts'
import * as cr from '../../src/index.ts'

let engine: cr.Engine
let warn: ReturnType<typeof vi.spyOn>
beforeAll(async () => {
  engine = await cr.init({ threads: 1, seed: 4 })
})
afterAll(() => engine.close())
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => {
  warn.mockRestore()
  vi.unstubAllEnvs()
})

const wrong = (name: string, check?: boolean) =>
  cr.defineOp(name, {
    forward: (x: cr.Tensor) => x.square(),
    backward: ({ inputs: [x], dy }) => [dy.mul(x)],
    ...(check === undefined ? {} : { check }),
  })
const slopes = (op: (x: cr.Tensor) => cr.Tensor, size = 3): void => {
  const x = cr.parameter(cr.ones([size]))
  for (const g of cr.gradients(() => op(x).sum(), [x])) g.dispose()
}
/** Long enough for the checks that were started before: this op's is started last. */
async function settled(): Promise<void> {
  const marker = cr.defineOp('marker', { forward: (x: cr.Tensor) => x.exp(), backward: ({ dy }) => [dy] })
  slopes(marker)
  await vi.waitFor(() => expect(warn.mock.calls.flat().join()).toContain("'marker'"), { timeout: 20_000 })
}
const warnings = (): string[] => warn.mock.calls.flat().filter((text: unknown) => !String(text).includes("'marker'"))

describe('in development', () => {
  it('a wrong rule is a warning, once, that says where', async () => {
    const op = wrong('halved')
    slopes(op)
    slopes(op)
    await settled()
    expect(warnings()).toHaveLength(1)
    const [, rule, numeric] =
      /^chainrule: the gradient rule of 'halved' .* by input 0\[0\] it gives (\S+), differences give ([^.]*\.\d+)/.exec(
        warnings()[0] as string,
      ) as unknown as [string, string, string]
    expect(Number(numeric) / Number(rule)).toBeCloseTo(2, 5)
  })

  it('says nothing of what is right, meant to differ, or large', async () => {
    const logarithm = cr.defineOp('logarithm', {
      forward: (x: cr.Tensor, y: cr.Tensor) => x.log().mul(y),
      backward: ({ inputs: [x, y], dy }) => [dy.mul(y).div(x), dy.mul(x.log())],
    })
    slopes((x) => logarithm(x, x))
    slopes(wrong('meant', false))
    slopes(wrong('large'), 300)
    const rows = cr.tensor(Int32Array.of(1, 0, 1))
    const gathered = cr.defineOp('gathered', {
      forward: (x: cr.Tensor, i: cr.Tensor) => x.gather(i),
      backward: ({ inputs: [x], dy }) => [dy.sum().broadcastTo(x.shape), undefined],
    })
    slopes((x) => gathered(x, rows))
    await settled()
    expect(warnings()).toEqual([])
  })

  it('leaves the random numbers and the handles of the engine alone, also of an op that draws', async () => {
    const noisy = cr.defineOp('noisy', {
      forward: (x: cr.Tensor) => x.mul(cr.randomUniform(x.shape)),
      backward: ({ dy }) => [dy],
    })
    slopes(noisy)
    engine.flush()
    const [before, words] = [engine.handles, engine.generator.words()]
    await settled()
    expect(warnings()[0]).toContain("'noisy'")
    engine.flush()
    expect(engine.generator.words()).toEqual(words)
    // the two tensors that `settled` makes
    expect(engine.handles).toBe(before + 2)
  })

  it('not where the engine, or NODE_ENV, says no', async () => {
    const quiet = await cr.init({ threads: 1, checkRules: false })
    slopes(wrong('quiet'))
    vi.stubEnv('NODE_ENV', 'production')
    const production = await cr.init({ threads: 1 })
    expect([quiet.checksRules, production.checksRules, engine.checksRules]).toEqual([false, false, true])
    slopes(wrong('production'))
    vi.unstubAllEnvs()
    await cr.withEngine(engine, settled)
    expect(warnings()).toEqual([])
    await quiet.close()
    await production.close()
  })
})

describe('faultOf', () => {
  it('finds what only one sign shows, and passes what only one sign is defined for', async () => {
    const magnitude = (rule: (x: cr.Tensor) => cr.Tensor) =>
      cr.defineOp('magnitude', {
        forward: (x: cr.Tensor) => x.abs(),
        backward: ({ inputs: [x], dy }) => [dy.mul(rule(x))],
        check: false,
      })
    expect(await faultOf(magnitude((x) => x.sign()) as never, [[5]])).toBeUndefined()
    expect(await faultOf(magnitude((x) => x.mul(0).add(1)) as never, [[5]])).toMatch(/^by input 0\[\d\] it gives/)
    const root = cr.defineOp('root', {
      forward: (x: cr.Tensor) => x.sqrt(),
      backward: ({ output, dy }) => [dy.div(output.mul(2))],
      check: false,
    })
    expect(await faultOf(root as never, [[2, 3]])).toBeUndefined()
  })

  it('is no error for an op that does not take the operands', async () => {
    const picky = cr.defineOp('picky', {
      forward: (x: cr.Tensor) => {
        if (x.size > 0) throw new cr.DataError('not these')
        return x
      },
      backward: ({ dy }) => [dy],
      check: false,
    })
    await expect(faultOf(picky as never, [[2]])).rejects.toThrow('not these')
  })
})
