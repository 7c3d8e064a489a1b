import { ALIGN } from '../abi/constants.ts'
import type { Buffer, Instruction, Ref } from './lower.ts'

/** First and last instruction that touch a buffer. */
export interface Lifetime {
  readonly first: number
  readonly last: number
}
export interface Plan {
  /** Byte offset of each temporary in the arena. */
  readonly offsets: ReadonlyMap<Buffer, number>
  readonly lifetimes: ReadonlyMap<Buffer, Lifetime>
  readonly arenaBytes: number
}

export const isRef = (operand: unknown): operand is Ref =>
  typeof operand === 'object' && operand !== null && 'buffer' in operand

/** Bytes up to which memory is not worth sharing. */
const SMALL = ALIGN

const align = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN

/**
 * Offsets for all temporaries: largest first, each into the lowest gap that is free during its whole lifetime.
 * Source: greedy by size, Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020.
 */
export function plan(instructions: readonly Instruction[]): Plan {
  const lifetimes = new Map<Buffer, { first: number; last: number }>()
  for (const [at, { operands }] of instructions.entries())
    for (const operand of Object.values(operands)) {
      if (!isRef(operand) || operand.buffer.external !== undefined) continue
      const life = lifetimes.get(operand.buffer)
      if (life === undefined) lifetimes.set(operand.buffer, { first: at, last: at })
      else life.last = at
    }
  // Numbers that one thread works on keep their place: sharing it with data of all threads would cost barriers.
  for (const [buffer, life] of lifetimes)
    if (buffer.bytes <= SMALL) {
      life.first = 0
      life.last = instructions.length - 1
    }

  const placed: { offset: number; end: number; life: Lifetime }[] = []
  const offsets = new Map<Buffer, number>()
  let arenaBytes = 0
  for (const [buffer, life] of [...lifetimes].sort(([a], [b]) => b.bytes - a.bytes)) {
    const size = align(buffer.bytes)
    let offset = 0
    for (const other of placed) {
      if (other.life.first > life.last || other.life.last < life.first) continue
      if (other.offset < offset + size && other.end > offset) offset = other.end
    }
    placed.push({ offset, end: offset + size, life })
    placed.sort((a, b) => a.offset - b.offset)
    offsets.set(buffer, offset)
    arenaBytes = Math.max(arenaBytes, offset + size)
  }
  return { offsets, lifetimes, arenaBytes }
}
