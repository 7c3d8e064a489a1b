import { EngineError } from '../errors.ts'
import { BinaryReader, leb, sectionsOf } from './binary.ts'

const V128 = 0x7b
const GET = 0x20
const SET = 0x21
const SIMD = 0xfd
const ADD = [SIMD, 0xe4, 0x01]
const SUB = [SIMD, 0xe5, 0x01]
const MUL = [SIMD, 0xe6, 0x01]
const BITSELECT = [SIMD, 0x52]

/** What the stack's a, b, c become, rounded the same on every machine; `t` is the first of two locals of their own. */
const REWRITES: Readonly<Record<number, (t: number) => number[]>> = {
  // f32x4.relaxed_madd: a * b + c
  261: (t) => [SET, ...leb(t), ...MUL, GET, ...leb(t), ...ADD],
  // f32x4.relaxed_nmadd: c - a * b
  262: (t) => [SET, ...leb(t), ...MUL, SET, ...leb(t + 1), GET, ...leb(t), GET, ...leb(t + 1), ...SUB],
  // i32x4.relaxed_laneselect
  267: () => BITSELECT,
}

/**
 * The strict build: the binary with each relaxed instruction spelt out in instructions that every engine computes
 * alike. One file serves both, and a page downloads it once.
 */
export function strictOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)]
  const parameters: number[] = []
  let types: number[] = []
  for (const { id, from, to, head } of sectionsOf(bytes)) {
    const reader = new BinaryReader(bytes, from)
    if (id === 1) types = parameterCounts(reader)
    if (id === 3) for (let n = reader.leb(); n > 0; n--) parameters.push(types[reader.leb()] as number)
    if (id !== 10) {
      parts.push(bytes.subarray(head, to))
      continue
    }
    const bodies: Uint8Array[] = []
    for (const count of parameters.slice(0, reader.leb())) {
      const size = reader.leb()
      bodies.push(strictBody(bytes.subarray(reader.at, reader.at + size), count))
      reader.at += size
    }
    const code = join([
      Uint8Array.from(leb(bodies.length)),
      ...bodies.flatMap((b) => [Uint8Array.from(leb(b.length)), b]),
    ])
    parts.push(Uint8Array.from([id, ...leb(code.length)]), code)
  }
  return join(parts)
}

/** Parameters of each function type of the section. */
function parameterCounts(reader: BinaryReader): number[] {
  return Array.from({ length: reader.leb() }, () => {
    reader.at++ // 0x60
    const count = reader.skip()
    reader.skip()
    return count
  })
}

/** The body of a function with so many parameters. */
function strictBody(body: Uint8Array, parameters: number): Uint8Array {
  const reader = new BinaryReader(body, 0)
  const groups = reader.leb()
  const groupsAt = reader.at
  let locals = parameters
  for (let i = 0; i < groups; i++) {
    locals += reader.leb()
    reader.at++
  }
  const codeAt = reader.at
  const parts: Uint8Array[] = []
  let copied = codeAt
  while (reader.at < body.length) {
    const at = reader.at
    const relaxed = reader.instruction()
    if (relaxed < 0x100) continue
    const rewrite = REWRITES[relaxed]
    if (rewrite === undefined)
      throw new EngineError('the WebAssembly binary has a relaxed instruction without a strict form', {
        received: `SIMD instruction 0x${relaxed.toString(16)}`,
      })
    parts.push(body.subarray(copied, at), Uint8Array.from(rewrite(locals)))
    copied = reader.at
  }
  if (parts.length === 0) return body
  const head = [Uint8Array.from(leb(groups + 1)), body.subarray(groupsAt, codeAt), Uint8Array.of(2, V128)]
  return join([...head, ...parts, body.subarray(copied)])
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
