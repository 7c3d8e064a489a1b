import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { hashState } from '../../src/train/hash.ts'
import { Sha256 } from '../../src/train/sha256.ts'

it('SHA-256 agrees with node:crypto at every length around a block', () => {
  for (let n = 0; n < 200; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => i * 7 + n)
    const cut = n >> 1
    const hex = new Sha256().update(bytes.subarray(0, cut)).update(bytes.subarray(cut)).hex()
    expect(hex).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})

const state = (data: Float32Array, name = 'w', shape = [data.length]): Parameters<typeof hashState>[0] =>
  new Map([[name, { shape, data }]])

it('names, shapes, order and every bit count; kinds of NaN do not', () => {
  const base = hashState(state(Float32Array.of(1, 0)))
  expect(base).toMatch(/^[0-9a-f]{64}$/)
  expect(hashState(state(Float32Array.of(1, 0)))).toBe(base)
  for (const other of [
    state(Float32Array.of(1, -0)),
    state(Float32Array.of(0, 1)),
    state(Float32Array.of(1, 0), 'v'),
    state(Float32Array.of(1, 0), 'w', [1, 2]),
  ])
    expect(hashState(other)).not.toBe(base)
  const nan = (bits: number): Float32Array => new Float32Array(Uint32Array.of(bits, 0x3f800000).buffer)
  expect(hashState(state(nan(0xffc12345)))).toBe(hashState(state(nan(0x7fc00000))))
  const a = { shape: [1], data: Float32Array.of(1) }
  const b = { shape: [1], data: Float32Array.of(2) }
  expect(
    hashState(
      new Map([
        ['a', a],
        ['b', b],
      ]),
    ),
  ).toBe(
    hashState(
      new Map([
        ['b', b],
        ['a', a],
      ]),
    ),
  )
})

it('is the SHA-256 of the text and the little-endian bytes', () => {
  const data = Float32Array.of(1.5, -2)
  const hash = createHash('sha256').update('w\0Float32Array[2]\0').update(new Uint8Array(data.buffer))
  expect(hashState(state(data))).toBe(hash.digest('hex'))
})
