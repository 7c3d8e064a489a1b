import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DataError } from '../../src/errors.ts'
import { init, nn } from '../../src/index.ts'
import { loadState, saveState } from '../../src/io/node.ts'
import { encodeSafetensors, type SafeTensor } from '../../src/io/safetensors.ts'
import { decodeState, encodeState } from '../../src/io/state.ts'

test('a model goes into a file and comes back to the bit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-state-'))
  const engine = await init({ seed: 5, threads: 1 })
  try {
    const make = (): nn.Sequential => nn.sequential([nn.linear(3, 4), nn.relu(), nn.linear(4, 2)])
    const [trained, fresh] = [make(), make()]
    const path = join(folder, 'model.safetensors')
    await saveState(path, await trained.stateDict())
    fresh.loadStateDict(await loadState(path))
    expect(await fresh.stateDict()).toEqual(await trained.stateDict())
  } finally {
    await engine.close()
    rmSync(folder, { recursive: true })
  }
})

test('every state survives encoding', () => {
  const state = new Map([
    ['a', { shape: [2], data: Float32Array.of(1, -0) }],
    ['n', { shape: [], data: Int32Array.of(-3) }],
    ['t', { shape: [1], data: Float64Array.of(Math.PI) }],
  ])
  const { state: read, metadata } = decodeState(encodeState(state, [['epoch', '3']]))
  for (const [name, entry] of state) expect(read.get(name)).toEqual(entry)
  expect([...metadata]).toEqual([['epoch', '3']])
})

test('halves are widened exactly', () => {
  const tensor = (dtype: 'F16' | 'BF16', ...bits: number[]): SafeTensor => ({
    dtype,
    shape: [bits.length],
    data: Uint16Array.from(bits),
  })
  const file = encodeSafetensors([
    ['half', tensor('F16', 0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555)],
    ['brain', tensor('BF16', 0x3f80, 0xc000, 0x7f80, 0x0001)],
  ])
  const { state } = decodeState(file)
  expect([...(state.get('half')?.data ?? [])]).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    -1023 * 2 ** -24,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    0.333251953125,
  ])
  expect([...(state.get('brain')?.data ?? [])]).toEqual([1, -2, Number.POSITIVE_INFINITY, 2 ** -133])
})

test('a type that no module has is refused by name', () => {
  const file = encodeSafetensors([['steps', { dtype: 'I64', shape: [], data: BigInt64Array.of(2n ** 31n) }]])
  expect(() => decodeState(file, 'm.safetensors')).toThrow(DataError)
  expect(() => decodeState(file, 'm.safetensors')).toThrow(
    /m\.safetensors: tensor "steps": a type that no module has; .* received I64/,
  )
})

test('a network of PyTorch with batch normalization, whose count of batches is int64', async () => {
  const engine = await init({ threads: 1 })
  try {
    const model = nn.sequential([nn.conv2d(1, 2, 3), nn.batchNorm(2)])
    const other = nn.sequential([nn.conv2d(1, 2, 3), nn.batchNorm(2)])
    const { state } = decodeState(encodeState(await model.stateDict()))
    const count: SafeTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(1234n) }
    const more = (name: string): nn.State =>
      new Map([...state, ...decodeState(encodeSafetensors([[name, count]])).state])
    expect(other.loadStateDict(more('1.num_batches_tracked'))).toEqual({ missing: [], unexpected: [], misshaped: [] })
    expect(await other.stateDict()).toEqual(await model.stateDict())
    // only beside running statistics
    for (const name of ['0.num_batches_tracked', 'num_batches_tracked', '1.batches'])
      expect(() => other.loadStateDict(more(name))).toThrow(`unexpected: ${name}`)
    const alone = nn.batchNorm(2)
    alone.loadStateDict(
      new Map([...(await alone.stateDict()), ['num_batches_tracked', { shape: [], data: Int32Array.of(3) }]]),
    )
  } finally {
    await engine.close()
  }
})
