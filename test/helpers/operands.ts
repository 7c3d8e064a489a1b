// Operands of kernel tests between guard words: a stray read brings a NaN into the result, a stray write is seen.
import type { OperandValues } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { type Build, Machine } from './machine.ts'

type Words = Float32Array | Int32Array | Uint32Array | Float64Array

const GUARD_WORDS = 16
/** A NaN with a payload of its own; as an index or integer it is far out of range. */
const GUARD = 0x7fc0dead

export const partsToTry: readonly number[] = [1, 2, 3, 4, 8]
export const sizesToTry: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 63, 64, 65, 127, 1000, 4097]

const ARENA = 48 << 20
const arenas = new Map<Build, { machine: Machine; at: number }>()
function arenaOf(build: Build): { machine: Machine; at: number } {
  let arena = arenas.get(build)
  if (arena === undefined) {
    const machine = new Machine(build)
    arena = { machine, at: machine.alloc(ARENA) }
    arenas.set(build, arena)
  }
  return arena
}

/** One set at a time: a new one takes over the memory of the last. */
export class Operands {
  readonly machine: Machine
  private readonly placed: { at: number; bytes: number }[] = []
  private top: number
  private readonly end: number
  private readonly last: number

  /** The operand that is put as number `last` ends where the memory ends, so that reading past it traps. */
  constructor(build: Build, last = -1) {
    const { machine, at } = arenaOf(build)
    this.machine = machine
    this.last = last
    this.top = at
    this.end = at + ARENA
  }

  /** Address of a copy of `data`, 64-byte aligned plus `offset` bytes, with guard words on both sides. */
  put(data: Words, offset = 0): number {
    const bytes = data.byteLength
    const at =
      this.placed.length === this.last ? this.machine.memory.buffer.byteLength - bytes : this.next(bytes, offset)
    new Uint8Array(this.machine.memory.buffer, at, bytes).set(new Uint8Array(data.buffer, data.byteOffset, bytes))
    this.guards(at, bytes, (words) => words.fill(GUARD))
    this.placed.push({ at, bytes })
    return at
  }

  private next(bytes: number, offset: number): number {
    const at = ((this.top + 63) & ~63) + 4 * GUARD_WORDS + offset
    this.top = at + bytes + 4 * GUARD_WORDS
    if (this.top > this.end) throw new Error('operands do not fit the arena of the test')
    return at
  }
  get count(): number {
    return this.placed.length
  }

  /** Address of n words that hold guards themselves, for operands that are only written. */
  blank(n: number, offset = 0): number {
    return this.put(new Uint32Array(n).fill(GUARD), offset)
  }

  /** A copy of n words. */
  f32(at: number, n: number): Float32Array {
    return this.machine.f32(at, n).slice()
  }
  i32(at: number, n: number): Int32Array {
    return this.machine.i32(at, n).slice()
  }

  /** Throws if a guard word changed. */
  check(): void {
    for (const { at, bytes } of this.placed)
      this.guards(at, bytes, (words, where) => {
        const i = words.findIndex((word) => word !== GUARD)
        if (i >= 0) throw new Error(`stray write ${where === at - 4 * GUARD_WORDS ? 'before' : 'after'} an operand`)
      })
  }

  /** Throws if two parts write the same word: they run at the same time. All words are put back. */
  checkApart(kernel: KernelName, operands: OperandValues, parts: number): void {
    const writers = new Map<number, number>()
    for (let part = 0; part < parts; part++)
      for (const address of this.changes(() => this.machine.run(kernel, operands, parts, [part]))) {
        const other = writers.get(address)
        if (other !== undefined)
          throw new Error(`${kernel}: parts ${other} and ${part} of ${parts} write the same word`)
        writers.set(address, part)
      }
  }

  /** Addresses of the words that `run` changes, which are put back. */
  private changes(run: () => void): number[] {
    const viewOf = ({ at, bytes }: { at: number; bytes: number }): Uint32Array =>
      new Uint32Array(this.machine.memory.buffer, at, bytes >> 2)
    const before = this.placed.map((place) => viewOf(place).slice())
    run()
    return this.placed.flatMap((place, k) => {
      const words = viewOf(place)
      const old = before[k] as Uint32Array
      const changed: number[] = []
      for (let i = 0; i < words.length; i++) if (words[i] !== old[i]) changed.push(place.at + 4 * i)
      words.set(old)
      return changed
    })
  }

  private guards(at: number, bytes: number, visit: (words: Uint32Array, where: number) => void): void {
    for (const where of [at - 4 * GUARD_WORDS, at + bytes])
      if (where < this.machine.memory.buffer.byteLength)
        visit(new Uint32Array(this.machine.memory.buffer, where, GUARD_WORDS), where)
  }
}

export interface KernelCase {
  readonly kernel: KernelName
  /** Results are floats, and a NaN among them may have any sign and payload, as WebAssembly allows. */
  readonly anyNaN?: boolean
  /** Places the operands and says which of them are results, with their lengths in words. */
  readonly place: (o: Operands) => {
    operands: OperandValues
    results: Readonly<Record<string, number>>
    /** Where to read a result whose operand does not point at its first word. */
    read?: Readonly<Record<string, number>>
  }
}

/**
 * Runs the case with 1, 2, 3, 4 and 8 parts, in reverse order too, and with each operand in turn at the end of the
 * memory; checks the guards, that no two parts write one word, and that all results are the same bit for bit, and returns
 * them.
 */
export function runCase(build: Build, { kernel, anyNaN = false, place }: KernelCase): Record<string, Float32Array> {
  let first: Record<string, Float32Array> | undefined
  let operandCount = 0
  const run = (parts: number, order: readonly number[], last: number): void => {
    const o = new Operands(build, last)
    const { operands, results, read } = place(o)
    operandCount = o.count
    if (last < 0 && parts > 1) o.checkApart(kernel, operands, parts)
    o.machine.run(kernel, operands, parts, order)
    o.check()
    const got: Record<string, Float32Array> = {}
    for (const [name, n] of Object.entries(results)) got[name] = o.f32((read?.[name] ?? operands[name]) as number, n)
    if (anyNaN)
      for (const values of Object.values(got)) values.set(values.map((v) => (Number.isNaN(v) ? Number.NaN : v)))
    first ??= got
    for (const [name, want] of Object.entries(first)) {
      const i = firstDifference(got[name] as Float32Array, want)
      if (i < 0) continue
      const how = last < 0 ? `in parts ${order}` : `with operand ${last} at the end of the memory`
      throw new Error(`${kernel}: ${name}[${i}] ${how} differs from one part`)
    }
  }
  for (const parts of partsToTry) run(parts, [...Array(parts).keys()], -1)
  run(3, [2, 1, 0], -1)
  for (let last = 0; last < operandCount; last++) run(2, [0, 1], last)
  return first as unknown as Record<string, Float32Array>
}

/** Index of the first word that differs in its bits, or -1. */
export function firstDifference(got: Words, want: Words): number {
  if (got.length !== want.length) return Math.min(got.length, want.length)
  const a = new Uint32Array(got.buffer, got.byteOffset, got.byteLength / 4)
  const b = new Uint32Array(want.buffer, want.byteOffset, want.byteLength / 4)
  return a.findIndex((word, i) => word !== b[i])
}

/** Seeded numbers for tests: a linear congruential generator is enough here. */
export function numbers(n: number, seed: number, scale = 1): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 31 - 1) * scale
  })
}
