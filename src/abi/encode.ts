import { HEADER_WORDS } from './constants.ts'
import { type KernelName, type KernelRow, kernels } from './kernels.ts'

export const OP_END = 0
export const OP_BARRIER = 1
const FIRST_KERNEL = 2

export const kernelNames: readonly KernelName[] = Object.keys(kernels) as KernelName[]
const opcodes = new Map<string, number>(kernelNames.map((name, i) => [name, i + FIRST_KERNEL]))

export const opcodeOf = (name: KernelName): number => opcodes.get(name) as number
export const kernelOf = (opcode: number): KernelName | undefined => kernelNames[opcode - FIRST_KERNEL]
export const rowOf = (name: KernelName): KernelRow => kernels[name]

/** Operand values by name: addresses and immediates are numbers, a `dims` record is an array. */
export type OperandValues = Readonly<Record<string, number | readonly number[]>>

const bits = new DataView(new ArrayBuffer(4))
export function f32Bits(value: number): number {
  bits.setFloat32(0, value)
  return bits.getUint32(0)
}

/** The words of one instruction that runs on threads `first` .. `first + threads - 1`. */
export function encodeInstruction(name: KernelName, operands: OperandValues, first = 0, threads = 1): number[] {
  const words: number[] = [0, first | (threads << 16)]
  for (const [key, kind] of Object.entries(rowOf(name).operands)) {
    const value = operands[key] ?? 0
    if (typeof value !== 'number') {
      for (const word of value) words.push(word >>> 0)
    } else words.push(kind === 'f32' ? f32Bits(value) : value >>> 0)
  }
  words[0] = opcodeOf(name) | (words.length << 16)
  return words
}

export const headerWords: number = HEADER_WORDS
