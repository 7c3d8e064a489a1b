import binaryen from 'binaryen'
import { describe, expect, it } from 'vitest'
import { arranged } from '../scripts/order.ts'
import { brokenRules, type Target } from '../scripts/rules.ts'
import { BinaryReader, sectionsOf } from '../src/runtime/binary.ts'
import { binaryOf } from './helpers/machine.ts'

function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(`(module ${text})`)
  const F = binaryen.Features
  module.setFeatures(F.Atomics | F.MutableGlobals | F.RelaxedSIMD | F.SIMD128 | F.TailCall)
  return module.emitBinary()
}

const memory = '(import "env" "memory" (memory 16 65536 shared))'
const madd = '(f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))'
const relaxed = `${memory} (func (export "f") (param v128) (result v128) ${madd})`
const abort = '(import "env" "abort" (func $abort)) (func (export "f") (call $abort))'

describe('the rules of the binaries', () => {
  it.each<[Target, string, RegExp[]]>([
    ['simd', memory, []],
    ['simd', `${memory} (global $n i32 (i32.const 1))`, []],
    ['relaxed', relaxed, []],
    ['debug', memory + abort, []],
    ['simd', `${memory} (data (i32.const 8) "abc")`, [/1 data segment/]],
    ['debug', `${memory} (data (i32.const 8) "abc")`, [/1 data segment/]],
    ['simd', `${memory} (func $f (nop)) (start $f)`, [/start function/]],
    ['simd', `${memory} (global $n (mut i32) (i32.const 1))`, [/mutable global/]],
    ['simd', memory + abort, [/imports env.abort/]],
    ['debug', memory + abort.replace('env', 'lib'), [/imports lib.abort/]],
    ['simd', `${memory} (import "env" "n" (global $n i32))`, [/imports the global/]],
    ['simd', `${memory} (import "env" "t" (table 1 funcref))`, [/imports env.t/]],
    ['simd', '(memory 16 65536 shared)', [/does not import a shared env.memory/]],
    ['simd', '(import "env" "memory" (memory 16))', [/does not import a shared env.memory/]],
    ['simd', relaxed, [/f32x4.relaxed_madd/]],
    ['relaxed', `${memory} (func $f (export "f") (return_call $f))`, [/feature/]],
  ])('%s.wasm: %s', (target, text, rules) => {
    const broken = brokenRules(assemble(text), target)
    expect(broken).toHaveLength(rules.length)
    for (const [i, rule] of rules.entries()) expect(broken[i]).toMatch(rule)
  })

  it.each<Target>(['debug', 'simd', 'relaxed'])('hold for the built %s.wasm', (target) => {
    expect(brokenRules(binaryOf(target), target)).toEqual([])
  })
})

describe('the order of the functions', () => {
  /** x -> (...(x * 3 + first) * 3 + ...) + last, in long numbers that no other kind of function has. */
  const numbers = (kind: number, last: number): number[] => [
    ...Array.from({ length: 12 }, (_, i) => (Math.imul(kind * 97 + i + 1, 0x9e3779b1) >>> 1) + 1),
    last,
  ]
  const bodyOf = (list: readonly number[]): string =>
    list.reduce((x, n) => `(i32.add (i32.mul ${x} (i32.const 3)) (i32.const ${n}))`, '(local.get 0)')
  const of = (list: readonly number[], x: number): number => list.reduce((y, n) => (Math.imul(y, 3) + n) | 0, x)
  const kinds = Array.from({ length: 12 }, (_, i) => numbers(i % 3, i))
  const functions = kinds.map(
    (list, i) => `(func $f${i} (export "f${i}") (param i32) (result i32) ${bodyOf(list)})
      (func (export "g${i}") (param i32) (result i32) (call $f${i} (i32.const 7)))`,
  )
  const plain = assemble(functions.join('\n'))
  const made = arranged(plain, 'simd')
  const bodies = (bytes: Uint8Array): Uint8Array[] => {
    const reader = new BinaryReader(bytes, [...sectionsOf(bytes)].find(({ id }) => id === 10)?.from ?? 0)
    return Array.from({ length: reader.leb() }, () => bytes.slice(reader.at + 1, reader.at + reader.skip()))
  }

  it('has those that resemble each other side by side', () => {
    const changes = (bytes: Uint8Array): number => {
      const long = bodies(bytes).filter(({ length }) => length > 50)
      const kindOf = (body: Uint8Array): string => String(body.subarray(0, 40))
      return long.filter((body, i) => i > 0 && kindOf(body) !== kindOf(long[i - 1] as Uint8Array)).length
    }
    expect(changes(plain)).toBe(11)
    expect(changes(made)).toBe(2)
    expect(made).toHaveLength(plain.length)
  })

  it('leaves what they compute', async () => {
    const { instance } = await WebAssembly.instantiate(made as Uint8Array<ArrayBuffer>)
    const exports = instance.exports as Record<string, (x: number) => number>
    for (const [i, list] of kinds.entries()) {
      expect(exports[`f${i}`]?.(5)).toBe(of(list, 5))
      expect(exports[`g${i}`]?.(5)).toBe(of(list, 7))
    }
  })
})
