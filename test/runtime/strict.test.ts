import binaryen from 'binaryen'
import { describe, expect, test } from 'vitest'
import * as codes from '../../src/abi/constants.ts'
import { pool } from '../../src/abi/pool.ts'
import { EngineError } from '../../src/errors.ts'
import { strictOf } from '../../src/runtime/strict.ts'
import type { Machine } from '../../src/runtime/wasm.ts'
import { trialResult, wideTrials } from '../../src/runtime/wide.ts'
import { type Build, binaryOf } from '../helpers/machine.ts'

const AT = 4 << 20
const SCRATCH = 8 << 20

/** What every trial of the self-test computes: all kernels with vector loops and all their functions. */
async function resultsOf(build: Build): Promise<Uint32Array[]> {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true })
  const module = await WebAssembly.compile(binaryOf(build))
  const abort = (): never => {
    throw new Error('abort')
  }
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort } })
  const words = (): Uint32Array => new Uint32Array(memory.buffer)
  words().set(pool, codes.POOL >> 2)
  words()[(codes.BLOCKS + codes.CALLER * codes.THREAD_BLOCK + codes.BLOCK_SCRATCH) >> 2] = SCRATCH
  const machine = exports as unknown as Machine
  return wideTrials(13).map((trial) => trialResult({ machine, words, at: AT, now: () => 0 }, trial))
}

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(`(module ${text})`)
  module.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.RelaxedSIMD | binaryen.Features.BulkMemory)
  return new Uint8Array(module.emitBinary())
}

describe('the strict build', () => {
  test('computes what the same source compiled without relaxed SIMD computes, bit for bit', async () => {
    const [made, compiled] = [await resultsOf('simd'), await resultsOf('debug')]
    for (const [i, { kernel, immediates }] of wideTrials(13).entries())
      expect(made[i], `${kernel} ${JSON.stringify(immediates)}`).toEqual(compiled[i])
  })

  test('is longer than the relaxed one, and its own strict form', () => {
    const strict = binaryOf('simd')
    expect(strict.length).toBeGreaterThan(binaryOf('relaxed').length)
    expect(strictOf(strict)).toEqual(strict)
  })

  test('rounds products before sums, among locals of other types and long immediates', () => {
    const bytes = assemble(`
      (memory (export "memory") 1)
      (func $other (param i32 f64) (result i32) (local i64 i64) (i32.const -70000))
      (func (export "f") (param $at i32) (local $x i64) (local $a v128) (local $b v128)
        (local.set $a (v128.load32_splat (local.get $at)))
        (local.set $b (v128.load32_splat offset=4 (local.get $at)))
        (block $out (block $in (br_table $in $out $in (i32.const 1))))
        (drop (f64.const 253)) (drop (f32.const -1)) (drop (i64.const 1234567890123))
        (memory.fill (i32.const 64) (i32.const 253) (i32.const 16))
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $a) (local.get $b)))
        (drop (call $other (i32.const 1) (f64.const 0)))
        (v128.store offset=16 (local.get $at)
          (f32x4.relaxed_madd (local.get $a) (local.get $a) (local.get $b)))
        (v128.store offset=32 (local.get $at)
          (f32x4.relaxed_nmadd (local.get $a) (local.get $a)
            (f32x4.relaxed_madd (local.get $a) (local.get $a) (local.get $b))))
        (v128.store offset=48 (local.get $at)
          (i32x4.relaxed_laneselect (local.get $a) (local.get $b) (v128.const i32x4 -1 0 0xffff 0))))`)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(strictOf(bytes)))
    const { f, memory } = exports as unknown as { f(at: number): void; memory: WebAssembly.Memory }
    const words = new Float32Array(memory.buffer)
    const [a, b] = [Math.fround(1 + 2 ** -12), -1]
    words.set([a, b])
    f(0)
    const product = Math.fround(a * a)
    expect(words[4]).toBe(product + b)
    // Fused, the last bit of the product would be there.
    expect(words[4]).not.toBe(a * a + b)
    expect(words[8]).toBe(Math.fround(Math.fround(product + b) - product))
    const bits = new Uint32Array(memory.buffer)
    expect([...bits.slice(12, 16)]).toEqual(
      [bits[0], bits[1], ((bits[0] as number) & 0xffff) | (((bits[1] as number) & ~0xffff) >>> 0), bits[1]].map(
        (word) => (word as number) >>> 0,
      ),
    )
    expect(bits[16]).toBe(0xfdfdfdfd)
  })

  test('is refused where an instruction has no strict form, and where the binary is cut off', () => {
    const swizzle = assemble(
      '(func (export "f") (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))',
    )
    expect(() => strictOf(swizzle)).toThrow(EngineError)
    expect(() => strictOf(binaryOf('relaxed').slice(0, 5000))).toThrow(EngineError)
  })
})
