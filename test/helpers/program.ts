import { COMMIT } from '../../src/abi/constants.ts'
import { encodeInstruction, OP_BARRIER, OP_END, type OperandValues } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'

/** Puts a program together by hand. */
export class Assembler {
  readonly words: number[] = []

  /** Appends an instruction for the threads `first` .. `first + threads - 1`; returns its byte offset. */
  op(name: KernelName, operands: OperandValues, first = 0, threads = 1): number {
    const at = 4 * this.words.length
    this.words.push(...encodeInstruction(name, operands, first, threads))
    return at
  }
  /** An instruction that is skipped once the step has an error. */
  commit(name: KernelName, operands: OperandValues, first = 0, threads = 1): number {
    const at = this.op(name, operands, first, threads)
    this.words[at / 4 + 1] = (this.words[at / 4 + 1] as number) | COMMIT
    return at
  }
  /** An instruction no kernel has. */
  trap(thread: number): void {
    this.words.push(60_000 | (2 << 16), thread | (1 << 16))
  }
  barrier(): void {
    this.words.push(OP_BARRIER | (1 << 16))
  }
  /** Ends the program and writes it into memory: its address. */
  load(runtime: Runtime): number {
    this.words.push(OP_END)
    return put(
      runtime,
      Uint32Array.from(this.words, (word) => word >>> 0),
    )
  }
}

/** Address of a copy of the data in the runtime's memory. */
export function put(runtime: Runtime, data: Uint32Array | Int32Array | Float32Array | Float64Array): number {
  const at = runtime.alloc(data.byteLength)
  runtime.memory.u8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
  return at
}

/** Address of a 64-bit counter. */
export const counter = (runtime: Runtime, value = 0): number => put(runtime, Uint32Array.of(value, 0))

export const word = (runtime: Runtime, address: number): number => runtime.memory.u32[address >>> 2] as number
