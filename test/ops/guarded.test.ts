// Every kernel that an op lowers to, between guard words: the cases of the op table, instruction by instruction, in parts
// and in either order, unaligned, by every micro-kernel, and with each operand in turn at the end of the memory; no two
// parts write one word.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GEMM_VARIANT, TILE_4X8, TILE_6X8, TILE_6X16 } from '../../src/abi/constants.ts'
import { type OperandValues, rowOf } from '../../src/abi/encode.ts'
import { cases, type OpCase } from '../../src/check/cases/index.ts'
import { compute, prepare, sizeOf } from '../../src/check/operands.ts'
import { type Elements, type Engine, init, type OpName, ops } from '../../src/index.ts'
import { createNode } from '../../src/program/graph.ts'
import { type Buffer, type Lowered, lower, type Ref } from '../../src/program/lower.ts'
import { scoped } from '../../src/tensor/scope.ts'
import { firstDifference, Operands } from '../helpers/operands.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1 })
})
afterAll(() => engine.close())

/** Kernels whose path depends on the micro-kernel. */
const MULTIPLIES = /gemm|gemv|conv|attention|rnn|lstm|gru/i

/** Words of an operand; larger cases take too long, and shapes that straddle vectors and tiles are smaller. */
const LARGEST = 20_000

interface Lone extends Lowered {
  /** Numbers of the external buffers; undefined for what is only written. */
  readonly contents: readonly (Uint32Array | undefined)[]
  readonly outputs: readonly { readonly dtype: string; readonly external: number; readonly words: number }[]
}

/** The instructions of one case, and what they read. */
function lowered(name: OpName, c: OpCase): Lone {
  return scoped(engine, () => {
    const { inputs, attrs } = prepare(engine, name, c).operands()
    const node = createNode(
      ops[name],
      inputs.map((t) => t.use(name)),
      attrs,
    )
    const made = lower([node], new Set(node.outputs))
    const contents = made.externals.map(({ storage, bytes }) =>
      storage === undefined
        ? undefined
        : engine.runtime.memory.u32.slice(storage.address / 4, (storage.address + bytes) / 4),
    )
    const targets = ops[name].inPlace ?? []
    const outputs = node.outputs.map((value, i) => {
      const target = targets[i] ?? -1
      const external = made.externals.findIndex(({ storage, output }) =>
        target < 0 ? output === value : storage !== undefined && storage === node.inputs[target]?.storage,
      )
      const words = value.shape.reduce((n, size) => n * size, 1) * (value.dtype === 'float64' ? 2 : 1)
      return { dtype: value.dtype, external, words }
    })
    return { ...made, contents, outputs }
  })
}

const isRef = (operand: unknown): operand is Ref =>
  typeof operand === 'object' && operand !== null && 'buffer' in operand

interface How {
  readonly parts: number
  /** The parts from the last to the first. */
  readonly reverse?: boolean
  /** The buffer that lies at the end of the memory. */
  readonly last?: number
  /** The micro-kernel of products. */
  readonly tile?: number
  /** Sees to it that no word is written by two parts: they run at the same time. */
  readonly alone?: boolean
}

/** The outputs, as words, and how many buffers there are. */
function run(lone: Lone, how: How): { results: Uint32Array[]; buffers: number } {
  const { parts, reverse = false, last = -1, tile = TILE_4X8, alone = false } = how
  const o = new Operands('relaxed', last)
  new Uint32Array(o.machine.memory.buffer)[GEMM_VARIANT / 4] = tile
  const places = new Map<Buffer | number, number>()
  const put = (words: Uint32Array, bytes: number): number => {
    const offset = bytes % 8 === 0 ? 0 : 4 * (o.count % 4)
    return o.put(words, offset)
  }
  for (const [i, { bytes }] of lone.externals.entries()) {
    const content = lone.contents[i]
    places.set(i, content === undefined ? o.blank(bytes / 4, 4 * (i % 4)) : put(content, bytes))
  }
  const addressOf = ({ buffer, offset }: Ref): number => {
    const key = buffer.external ?? buffer
    let at = places.get(key)
    if (at === undefined) {
      at = o.blank(Math.ceil(buffer.bytes / 4))
      places.set(key, at)
    }
    return at + offset
  }
  for (const { name, operands } of lone.instructions) {
    const values: OperandValues = Object.fromEntries(
      Object.entries(operands).map(([key, operand]) => [key, isRef(operand) ? addressOf(operand) : (operand ?? 0)]) as [
        string,
        number | readonly number[],
      ][],
    )
    const count = rowOf(name).single === true ? 1 : parts
    const order = [...Array(count).keys()]
    if (alone) o.checkApart(name, values, count)
    o.machine.run(name, values, count, reverse ? order.reverse() : order)
    try {
      o.check()
    } catch (error) {
      throw new Error(`${name} in ${count} parts${last < 0 ? '' : `, buffer ${last} at the end`}: ${error}`)
    }
  }
  const results = lone.outputs.map(({ dtype, external, words }) => {
    const data = new Uint32Array(o.machine.memory.buffer, places.get(external), words).slice()
    if (dtype === 'float32') sameNaN(new Float32Array(data.buffer))
    return data
  })
  return { results, buffers: o.count }
}

/** A NaN may have any sign and payload. */
function sameNaN(data: Float32Array): void {
  data.forEach((v, i) => {
    if (Number.isNaN(v)) data[i] = Number.NaN
  })
}

const wordsOf = (data: Elements): Uint32Array => {
  const copy = data.slice()
  if (copy instanceof Float32Array) sameNaN(copy)
  return new Uint32Array(copy.buffer, copy.byteOffset, copy.byteLength / 4)
}

describe('between guard words, in parts:', () => {
  test.each(Object.keys(ops) as OpName[])('%s', (name) => {
    const list = cases[name].filter((c) => sizeOf(c) <= LARGEST)
    expect(list.length).toBeGreaterThan(1)
    const engines = compute(engine, name, list)
    for (const [i, c] of list.entries()) {
      const lone = lowered(name, c)
      const where = `case ${i} ${JSON.stringify({ shapes: c.inputs.map((x) => x.shape), attrs: c.attrs })}`
      const compare = ({ results }: { results: Uint32Array[] }, how: string): void => {
        for (const [k, got] of results.entries()) {
          const at = firstDifference(got, wordsOf(engines[i]?.[k] as Elements))
          if (at >= 0) throw new Error(`${where} ${how}: output ${k} differs from the engine's at word ${at}`)
        }
      }
      const { buffers } = run(lone, { parts: 1 })
      const tiles = lone.instructions.some(({ name }) => MULTIPLIES.test(name))
        ? [TILE_4X8, TILE_6X8, TILE_6X16]
        : [TILE_4X8]
      for (const tile of tiles)
        for (const parts of [1, 2, 3, 8])
          compare(run(lone, { parts, tile, alone: parts > 1 }), `in ${parts} parts, tile ${tile}`)
      compare(run(lone, { parts: 3, reverse: true }), 'in 3 parts, from the last')
      for (let last = 0; last < buffers; last++) compare(run(lone, { parts: 2, last }), `buffer ${last} at the end`)
    }
  })
})
