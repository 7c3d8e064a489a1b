import binaryen from 'binaryen'
import { describe, expect, it } from 'vitest'
import { brokenRules, type Target } from '../scripts/rules.ts'
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
