import { encodeInstruction, OP_BARRIER, OP_END, rowOf } from '../abi/encode.ts'
import { isRef, type Plan } from './plan.ts'
import type { Schedule } from './schedule.ts'

/** Bit of header word 1: the instruction changes persistent state. */
const COMMIT = 0x8000_0000

/** A word that holds an address. */
export interface Relocation {
  readonly word: number
  /** Index of the external, or -1 for the arena. */
  readonly space: number
  readonly offset: number
}
export interface Encoded {
  /** Instruction words; those named in `relocations` lack their address. */
  readonly words: Uint32Array
  readonly relocations: readonly Relocation[]
  /** Word at which the instruction of each slot starts. */
  readonly positions: readonly number[]
}

/** Instruction words, and the places where addresses go. */
export function encode({ slots }: Schedule, { offsets }: Plan): Encoded {
  const words: number[] = []
  const relocations: Relocation[] = []
  const positions: number[] = []
  for (const { instruction, first, threads, barrier } of slots) {
    if (barrier) words.push(OP_BARRIER | (1 << 16))
    const start = words.length
    positions.push(start)
    const operands: Record<string, number | readonly number[]> = {}
    for (const [i, key] of Object.keys(rowOf(instruction.name).operands).entries()) {
      const operand = instruction.operands[key]
      if (isRef(operand)) {
        const { buffer, offset } = operand
        const space = buffer.external ?? -1
        const base = space === -1 ? (offsets.get(buffer) as number) : 0
        relocations.push({ word: start + 2 + i, space, offset: base + offset })
      } else operands[key] = operand ?? 0
    }
    words.push(...encodeInstruction(instruction.name, operands, first, threads))
    if (instruction.commit) words[start + 1] = ((words[start + 1] as number) | COMMIT) >>> 0
  }
  words.push(OP_END | (1 << 16))
  return { words: Uint32Array.from(words), relocations, positions }
}
