import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkOps, type OpReport } from '../../src/check/index.ts'
import { runCheck } from '../../src/cli/check.ts'
import { ArgumentError, type Engine, init, mul, type OpName, ops } from '../../src/index.ts'
import type { OpRow } from '../../src/ops/define.ts'

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

describe('the command', () => {
  const terminal = (): { text: () => string; out: Parameters<typeof runCheck>[1] } => {
    let text = ''
    const write = (more: string): void => void (text += more)
    return { text: () => text, out: { columns: 100, live: false, color: false, unicode: true, write } }
  }

  test('prints a line for each operation and says that all is right', async () => {
    const { text, out } = terminal()
    expect(await runCheck({ only: ['neg', 'sign'], json: false }, out)).toBe(true)
    expect(text()).toMatch(/^ neg +21 +exact +\d\.\de-\d+ +exact {2}ok$/m)
    expect(text()).toMatch(/^ sign +21 +exact +- +- {2}ok {2}piecewise constant$/m)
    expect(text()).toContain('All of it is right.')
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
