import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError, EngineError, OutOfMemoryError } from '../../src/errors.ts'
import { Allocator, blockSize } from '../../src/runtime/allocator.ts'

const BASE = 65536
const heap = (capacity: number, most = Infinity): Allocator =>
  new Allocator(BASE, capacity, (end) => end <= BASE + most)

type Command = { free: number } | { bytes: number }
const sizes = fc.oneof(fc.nat(200), fc.nat(5000), fc.constantFrom(0, 1, 63, 64, 65, 4096, 20_000))
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ bytes: sizes }), weight: 3 },
    { arbitrary: fc.record({ free: fc.nat() }), weight: 2 },
  ),
  { maxLength: 400 },
)

test('random programs against a model: no overlap, exact accounts, all memory comes back', () => {
  fc.assert(
    fc.property(commands, fc.integer({ min: 100, max: 2000 }), (program, blocks) => {
      const capacity = blocks * 64
      const allocator = heap(capacity)
      const live = new Map<number, number>()
      let inUse = 0
      for (const command of program) {
        if ('bytes' in command) {
          const size = blockSize(command.bytes)
          let address: number
          try {
            address = allocator.alloc(command.bytes)
          } catch (error) {
            // Only fragmentation or lack of room may refuse: never a request while nothing is in use.
            expect(error).toBeInstanceOf(OutOfMemoryError)
            expect(live.size > 0 || size > capacity).toBe(true)
            continue
          }
          expect(address % 64).toBe(0)
          expect(address >= BASE && address + size <= BASE + capacity).toBe(true)
          for (const [at, bytes] of live) {
            expect(at + blockSize(bytes) <= address || address + size <= at).toBe(true)
          }
          live.set(address, command.bytes)
          inUse += size
        } else if (live.size > 0) {
          const [at, bytes] = [...live][command.free % live.size] as [number, number]
          allocator.free(at, bytes)
          live.delete(at)
          inUse -= blockSize(bytes)
        }
        expect(allocator.bytesInUse).toBe(inUse)
        expect(allocator.blocksInUse).toBe(live.size)
      }
      for (const [at, bytes] of live) allocator.free(at, bytes)
      expect(allocator.bytesInUse).toBe(0)
      // Merged again, the whole heap is one block.
      expect(allocator.alloc(capacity)).toBe(BASE)
    }),
    { numRuns: 300 },
  )
})

test('hands a freed block to the next request of its size', () => {
  const allocator = heap(1 << 20)
  const a = allocator.alloc(1000)
  allocator.alloc(1000)
  allocator.free(a, 1000)
  expect(allocator.alloc(1001)).toBe(a)
})

test('merges neighbours when no list serves', () => {
  const allocator = heap(64 * 64)
  const all = Array.from({ length: 64 }, () => allocator.alloc(64))
  for (const at of all) if (at !== all[10]) allocator.free(at, 64)
  expect(allocator.alloc(53 * 64)).toBe(BASE + 11 * 64)
  expect(allocator.alloc(10 * 64)).toBe(BASE)
  expect(() => allocator.alloc(1)).toThrow(OutOfMemoryError)
})

describe('refuses without a trace', () => {
  test.each([-1, 1.5, NaN, Infinity, 2 ** 53])('%d bytes', (bytes) => {
    expect(() => heap(1 << 20).alloc(bytes)).toThrow(ArgumentError)
  })

  test('more than there is, with the figures', () => {
    const allocator = heap(1 << 20)
    allocator.alloc(100)
    for (const bytes of [2 ** 20, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      expect(() => allocator.alloc(bytes)).toThrow(
        expect.objectContaining({ requested: bytes, inUse: 128, limit: 1 << 20 }),
      )
    }
    expect(allocator.alloc((1 << 20) - 128)).toBe(BASE + 128)
  })

  test('what the engine will not give', () => {
    const allocator = heap(1 << 30, 1000)
    const a = allocator.alloc(500)
    expect(() => allocator.alloc(500)).toThrow(OutOfMemoryError)
    expect(allocator.bytesInUse).toBe(512)
    allocator.free(a, 500)
    expect(allocator.alloc(900)).toBe(BASE)
  })

  test('the so-manyth request, for tests', () => {
    const allocator = heap(1 << 20)
    allocator.failAfter = 2
    allocator.alloc(1)
    expect(() => allocator.alloc(1)).toThrow(OutOfMemoryError)
    allocator.alloc(1)
    expect(allocator.blocksInUse).toBe(2)
  })

  test('a block twice, or with another size', () => {
    const allocator = heap(1 << 20)
    const a = allocator.alloc(100)
    expect(() => allocator.free(a, 200)).toThrow(EngineError)
    expect(() => allocator.free(a + 64, 100)).toThrow(EngineError)
    allocator.free(a, 128)
    expect(() => allocator.free(a, 100)).toThrow(EngineError)
    expect(allocator.bytesInUse).toBe(0)
  })
})
