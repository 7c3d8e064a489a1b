import { ALIGN } from '../abi/constants.ts'
import { ArgumentError, EngineError, OutOfMemoryError } from '../errors.ts'

/** Every block starts on a multiple of ALIGN and is a multiple of ALIGN long. */
export const blockSize = (bytes: number): number => Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN)

/**
 * Hands out the bytes from `base` to `base + capacity`. Freed blocks wait in lists by exact size, where the next
 * request of that size finds them at once: training asks for the same sizes again and again. When that fails, all
 * free blocks are merged with their neighbours and the best fit is cut.
 */
export class Allocator {
  /** For tests: the so-manyth allocation from now on fails; 0 for none. */
  failAfter = 0

  readonly capacity: number
  readonly #end: number
  readonly #reserve: (end: number) => boolean
  /** Blocks in use: address, size. */
  readonly #used = new Map<number, number>()
  /** Free blocks by size. */
  readonly #lists = new Map<number, number[]>()
  #listed = 0
  /** Merged free blocks by rising address. */
  #gaps: { at: number; size: number }[] = []
  #largest = 0
  /** Everything from here on is untouched. */
  #top: number
  #inUse = 0
  #peak = 0

  constructor(base: number, capacity: number, reserve: (end: number) => boolean) {
    this.capacity = capacity
    this.#top = base
    this.#end = base + capacity
    this.#reserve = reserve
  }

  /** Bytes of all blocks in use, each rounded up to a multiple of ALIGN. */
  get bytesInUse(): number {
    return this.#inUse
  }
  /** Most bytes in use since startPeak(). */
  get peakBytesInUse(): number {
    return this.#peak
  }
  startPeak(): void {
    this.#peak = this.#inUse
  }
  get blocksInUse(): number {
    return this.#used.size
  }

  alloc(bytes: number): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new ArgumentError('bad size of an allocation', {
        expected: 'a whole number of bytes',
        received: `${bytes}`,
      })
    }
    const size = blockSize(bytes)
    if (size > this.capacity - this.#inUse || (this.failAfter > 0 && --this.failAfter === 0)) throw this.#full(bytes)
    const at = this.#lists.get(size)?.pop()
    if (at !== undefined) {
      this.#listed -= size
      return this.#take(at, size)
    }
    const address =
      this.#cut(size) ?? (this.#listed >= size ? this.#mergeAndCut(size) : undefined) ?? this.#extend(size)
    if (address !== undefined) return this.#take(address, size)
    const last = this.#mergeAndCut(size) ?? this.#extend(size)
    if (last === undefined) throw this.#full(bytes)
    return this.#take(last, size)
  }

  /** Takes back a block; `bytes` as asked for. */
  free(address: number, bytes: number): void {
    const size = this.#used.get(address)
    if (size === undefined || size !== blockSize(bytes)) {
      throw new EngineError('a block was freed that is not in use', {
        expected: size === undefined ? 'the address of a block in use' : `${size} bytes at ${address}`,
        received: `${bytes} bytes at ${address}`,
      })
    }
    this.#used.delete(address)
    this.#inUse -= size
    this.#listed += size
    const list = this.#lists.get(size)
    if (list === undefined) this.#lists.set(size, [address])
    else list.push(address)
  }

  #take(address: number, size: number): number {
    this.#used.set(address, size)
    this.#inUse += size
    if (this.#inUse > this.#peak) this.#peak = this.#inUse
    return address
  }

  #extend(size: number): number | undefined {
    const at = this.#top
    if (at + size > this.#end || !this.#reserve(at + size)) return undefined
    this.#top = at + size
    return at
  }

  /** The smallest gap that fits. */
  #cut(size: number): number | undefined {
    if (size > this.#largest) return undefined
    let best = -1
    let bestSize = Infinity
    let largest = 0
    for (const [i, gap] of this.#gaps.entries()) {
      if (gap.size > largest) largest = gap.size
      if (gap.size >= size && gap.size < bestSize) {
        best = i
        bestSize = gap.size
      }
    }
    this.#largest = largest
    const gap = this.#gaps[best]
    if (gap === undefined) return undefined
    const { at } = gap
    gap.at += size
    gap.size -= size
    if (gap.size === 0) this.#gaps.splice(best, 1)
    return at
  }

  #mergeAndCut(size: number): number | undefined {
    const free = this.#gaps
    for (const [each, list] of this.#lists) for (const at of list) free.push({ at, size: each })
    this.#lists.clear()
    this.#listed = 0
    free.sort((a, b) => a.at - b.at)
    const merged: typeof free = []
    for (const gap of free) {
      const last = merged.at(-1)
      if (last !== undefined && last.at + last.size === gap.at) last.size += gap.size
      else merged.push(gap)
    }
    const last = merged.at(-1)
    if (last !== undefined && last.at + last.size === this.#top) {
      this.#top = last.at
      merged.pop()
    }
    this.#gaps = merged
    this.#largest = merged.reduce((most, gap) => Math.max(most, gap.size), 0)
    return this.#cut(size)
  }

  #full(bytes: number): OutOfMemoryError {
    return new OutOfMemoryError(bytes, this.#inUse, this.capacity)
  }
}
