import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compared, computed, proofsOf } from '../../src/check/function-table.ts'
import type { FunctionCase } from '../../src/check/functions/index.ts'
import { checkFunctions, checkOps, type FunctionReport, type OpReport } from '../../src/check/index.ts'
import { runCheck } from '../../src/cli/check.ts'
import { ArgumentError, abs, add, div, type Engine, init, mul, type OpName, ops, type Tensor } from '../../src/index.ts'
import type { OpRow } from '../../src/ops/define.ts'
import type { RefTensor } from '../../src/reference/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1 })
})
afterAll(() => engine.close())

async function only(...names: string[]): Promise<OpReport[]> {
  const reports: OpReport[] = []
  for await (const report of checkOps({ engine, only: names })) reports.push(report)
  return reports
}

async function onlyFunctions(...names: string[]): Promise<FunctionReport[]> {
  const reports: FunctionReport[] = []
  for await (const report of checkFunctions({ engine, only: names })) reports.push(report)
  return reports
}

/** Runs with a row of the op table changed. */
async function changed<T>(name: OpName, change: Partial<OpRow>, run: () => Promise<T>): Promise<T> {
  const row = ops[name]
  const before = { ...row }
  Object.assign(row, change)
  try {
    return await run()
  } finally {
    Object.assign(row, before)
  }
}

describe('checkOps', () => {
  test('reports the largest errors of an operation, and frees all it made', async () => {
    const before = engine.handles
    const [tanh, argmax, adam] = await only('tanh', 'argmax', 'adam')
    expect(tanh).toMatchObject({ op: 'tanh', ok: true, faults: [] })
    expect(tanh?.cases).toBeGreaterThan(10)
    expect(tanh?.forward).toBeGreaterThan(0)
    expect(tanh?.forward).toBeLessThanOrEqual(1)
    if (typeof tanh?.gradient !== 'object') throw new Error('tanh has a rule')
    expect(tanh.gradient.derivatives).toBeGreaterThan(100)
    expect(tanh.gradient.difference).toBeLessThan(1e-6)
    expect(tanh.gradient.engine).toBeGreaterThan(0)
    expect(tanh.gradient.engine).toBeLessThanOrEqual(1)
    expect(argmax).toMatchObject({ op: 'argmax', forward: 0, gradient: 'piecewise constant', ok: true })
    expect(adam).toMatchObject({ op: 'adam', gradient: 'update', ok: true })
    expect(engine.handles).toBe(before)
  })

  test('a wrong rule is reported', async () => {
    const wrong = await changed('sigmoid', { gradient: ({ dy, outputs: [y] }) => [mul(dy, y!)] }, () => only('sigmoid'))
    expect(wrong[0]).toMatchObject({ op: 'sigmoid', ok: false })
    expect(wrong[0]?.faults[0]).toContain('gradients DIFFER')
    expect((await only('sigmoid'))[0]?.ok).toBe(true)
  })

  test('a wrong result is reported', async () => {
    const { lower } = ops.exp
    const wrong = await changed('neg', { lower }, () => only('neg'))
    expect(wrong[0]?.ok).toBe(false)
    expect(wrong[0]?.forward).toBeGreaterThan(1)
    expect(wrong[0]?.faults[0]).toMatch(/^case 0 .* output 0: element 0: got .*, want .* \+- 0, off by/)
  })

  test('there is no operation of that name', async () => {
    await expect(only('tahn')).rejects.toThrow(ArgumentError)
    await expect(only('constructor')).rejects.toThrow('checkOps.only: no such operation')
  })
})

describe('checkFunctions', () => {
  test('reports the largest errors of a function, and frees all it made', async () => {
    const before = engine.handles
    const [mish, flip, less] = await onlyFunctions('mish', 'flip', 'less')
    expect(mish).toMatchObject({ function: 'mish', ok: true, faults: [] })
    expect(mish?.forward).toBeGreaterThan(0.01)
    expect(mish?.forward).toBeLessThanOrEqual(1)
    if (typeof mish?.gradient !== 'object') throw new Error('mish has a gradient')
    expect(mish.gradient.derivatives).toBeGreaterThan(50)
    // where nothing is rounded, nothing is allowed
    expect(flip).toMatchObject({ function: 'flip', forward: 0, ok: true })
    expect(less).toMatchObject({ forward: 0, gradient: 'piecewise constant', ok: true })
    expect(engine.handles).toBe(before)
  })

  test('a wrong result, and a wrong rule, of an operation shows in what is composed of it', async () => {
    const { lower } = ops.tanh
    const [result] = await changed('sigmoid', { lower }, () => onlyFunctions('glu'))
    expect(result?.ok).toBe(false)
    expect(result?.faults[0]).toMatch(/^case 0 \[\[2\]\] output 0: element 0: got .*, want .* \+- .*, off by/)
    const [rule] = await changed('tanh', { gradient: ({ dy, outputs: [y] }) => [mul(dy, y!)] }, () =>
      onlyFunctions('mish'),
    )
    expect(rule).toMatchObject({ forward: expect.any(Number), ok: false })
    expect(rule?.faults[0]).toContain('gradients DIFFER')
  })

  test('a bound is no more than what is computed explains', () => {
    const shape = [5, 7]
    const c = (call: (x: Tensor) => Tensor, f: (x: number) => number): FunctionCase => ({
      inputs: [{ shape, fill: 'any' }],
      call: (x) => call(x as Tensor),
      reference: (x) => ({ shape, data: (x as RefTensor).data.map(f) }),
    })
    const right = c((x) => div(x, add(abs(x), 1)), (v) => v / (1 + Math.abs(v))) // biome-ignore format: a line
    const constant = c((x) => mul(x, 0.1), (v) => v * 0.1) // biome-ignore format: a line
    const wrong = c((x) => div(x, add(abs(x), 1)), (v) => (v / (1 + Math.abs(v))) * (1 + 1e-6)) // biome-ignore format: a line
    const exact = c((x) => x.abs(), (v) => Math.abs(v) * (1 + 1e-15)) // biome-ignore format: a line
    const cases = [right, constant, wrong, exact]
    const { faults } = compared(computed(engine, cases), proofsOf(engine, cases), cases)
    expect(faults.map((text) => text.slice(0, 6))).toEqual(['case 2', 'case 3'])
  })

  test('a wrong shape, and a missing result, are faults', () => {
    const c: FunctionCase = {
      inputs: [{ shape: [6], fill: 'any' }],
      call: (x) => x as Tensor,
      reference: ({ data } = { shape: [], data: new Float64Array(0) }) => [{ shape: [2, 3], data }],
    }
    const two: FunctionCase = { ...c, reference: (x) => [x as RefTensor, x as RefTensor] }
    expect(compared(computed(engine, [c]), proofsOf(engine, [c]), [c]).faults).toEqual([
      'case 0 [[6]] output 0: shape [6] instead of [2,3]',
    ])
    expect(compared(computed(engine, [two]), proofsOf(engine, [two]), [two]).faults[0]).toBe(
      'case 0 [[6]]: 1 results instead of 2',
    )
  })

  test('there is no function of that name', async () => {
    await expect(onlyFunctions('neg')).rejects.toThrow('checkFunctions.only: no such function')
  })
})

describe('the command', () => {
  const terminal = (): { text: () => string; out: Parameters<typeof runCheck>[1] } => {
    let text = ''
    const write = (more: string): void => void (text += more)
    return { text: () => text, out: { columns: 100, live: false, color: false, unicode: true, write } }
  }

  test('prints a line for each operation and says that all is right', async () => {
    const { text, out } = terminal()
    expect(await runCheck({ only: ['neg', 'tile', 'sign'], json: false }, out)).toBe(true)
    expect(text()).toMatch(/^2 operations, 1 function {2}/)
    expect(text()).toMatch(/^ neg +21 +exact +\d\.\de-\d+ +exact {2}ok$/m)
    expect(text()).toMatch(/^ sign +21 +exact +- +- {2}ok {2}piecewise constant$/m)
    expect(text()).toMatch(/^ function .*\n tile +14 +exact +\d\.\de-\d+ +[\d.]+ {2}ok$/m)
    expect(text()).toContain('All of it is right.')
  })

  test('knows no operation or function of that name', async () => {
    const { out } = terminal()
    await expect(runCheck({ only: ['flop'], json: false }, out)).rejects.toThrow(
      /no such operation.*Did you mean 'flip'/,
    )
  })

  test('says what is wrong, and fails', async () => {
    const { text, out } = terminal()
    const right = await changed('sigmoid', { gradient: ({ dy, outputs: [y] }) => [mul(dy, y!)] }, () =>
      runCheck({ only: ['sigmoid'], json: false }, out),
    )
    expect(right).toBe(false)
    expect(text()).toMatch(/^ sigmoid .*WRONG$/m)
    expect(text()).toContain('sigmoid, simd build: case ')
    expect(text()).toContain('1 of 1 are WRONG.')
  })
})
