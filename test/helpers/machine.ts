// Runs single instructions of the built wasm on one thread, part after part: the bench of kernel tests.
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { instantiateSync } from '@assemblyscript/loader'
import { HEAP, POOL } from '../../src/abi/constants.ts'
import { encodeInstruction, type OperandValues, opcodeOf, rowOf } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { pool } from '../../src/abi/pool.ts'
import { strictOf } from '../../src/runtime/strict.ts'

export type Build = 'debug' | 'simd' | 'relaxed'
export const builds: readonly Build[] = ['simd', 'relaxed']

/** The strict build is made from the relaxed one, as the runtime does. */
export function binaryOf(build: Build): Uint8Array<ArrayBuffer> {
  const file = build === 'debug' ? 'debug' : 'relaxed'
  const bytes = new Uint8Array(readFileSync(new URL(`../../wasm/${file}.wasm`, import.meta.url)))
  return build === 'simd' ? strictOf(bytes) : bytes
}

const modules = new Map<Build, WebAssembly.Module>()
function moduleOf(build: Build): WebAssembly.Module {
  let module = modules.get(build)
  if (module === undefined) {
    const bytes = binaryOf(build)
    if (build === 'relaxed' && !WebAssembly.validate(bytes)) setFlagsFromString('--experimental-wasm-relaxed-simd')
    module = new WebAssembly.Module(bytes)
    modules.set(build, module)
  }
  return module
}

export class Machine {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true })
  readonly exports: Record<string, (...args: number[]) => number>
  private top = HEAP
  private readonly scratch: number

  constructor(build: Build, scratchBytes = 4 << 20) {
    const { exports } = instantiateSync(moduleOf(build), { env: { memory: this.memory } })
    new Uint32Array(this.memory.buffer).set(pool, POOL >> 2)
    this.exports = exports as unknown as Record<string, (...args: number[]) => number>
    this.scratch = this.alloc(scratchBytes)
  }

  /** Address of `bytes` fresh bytes, 64-byte aligned plus `offset`. */
  alloc(bytes: number, offset = 0): number {
    const at = ((this.top + 63) & ~63) + offset
    this.top = at + bytes
    const pages = Math.ceil(this.top / 65536) - this.memory.buffer.byteLength / 65536
    if (pages > 0) this.memory.grow(pages)
    return at
  }
  f32(at: number, n: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, n)
  }
  i32(at: number, n: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, n)
  }
  f64(at: number, n: number): Float64Array {
    return new Float64Array(this.memory.buffer, at, n)
  }
  put(data: Float32Array | Int32Array | Uint32Array | Float64Array, offset = 0): number {
    const at = this.alloc(data.byteLength, offset)
    new Uint8Array(this.memory.buffer, at, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    )
    return at
  }

  /** A call of the whole instruction, encoded once. */
  prepare(name: KernelName, operands: OperandValues): () => void {
    const pc = this.put(Uint32Array.from(encodeInstruction(name, operands)))
    const dispatch = this.exports['dispatch'] as (...args: number[]) => number
    const opcode = opcodeOf(name)
    return () => {
      dispatch(opcode, pc, this.scratch, 0, 1)
    }
  }

  /** Runs the instruction split over `parts`, in the order given (default 0, 1, ...). */
  run(name: KernelName, operands: OperandValues, parts = 1, order?: readonly number[]): void {
    const known = Object.keys(rowOf(name).operands)
    for (const key of Object.keys(operands)) if (!known.includes(key)) throw new Error(`${name} has no operand ${key}`)
    const words = encodeInstruction(name, operands, 0, parts)
    const pc = this.put(Uint32Array.from(words))
    const dispatch = this.exports['dispatch'] as (...args: number[]) => number
    for (const part of order ?? Array.from({ length: parts }, (_, i) => i))
      dispatch(opcodeOf(name), pc, this.scratch, part, parts)
  }
}
