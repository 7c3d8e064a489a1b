// Products of every size between guard words: what a stray read or write would touch holds NaNs of one payload.
import { GEMM_VARIANT, TILE_4X8, TILE_6X8, TILE_6X16 } from '../../src/abi/constants.ts'
import type { OperandValues } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { type GemmSpec, lowerGemm } from '../../src/ops/lower-gemm.ts'
import { type Build, Machine } from './machine.ts'

export const GUARD = 0x7fc0dead
const MARGIN = 16

export const tiles: readonly number[] = [TILE_4X8, TILE_6X8, TILE_6X16]

export interface Problem {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** Words between the rows beyond the contiguous ones. */
  readonly padA: number
  readonly padB: number
  readonly padC: number
  readonly batch: number
  readonly accumulate: boolean
  readonly bias: boolean
  /** ACT_* */
  readonly activation: number
  /** Bytes past a multiple of 64 at which the operands begin. */
  readonly offset: number
}

export const plain: Problem = {
  m: 1,
  n: 1,
  k: 1,
  transposeA: false,
  transposeB: false,
  padA: 0,
  padB: 0,
  padC: 0,
  batch: 1,
  accumulate: false,
  bias: false,
  activation: 0,
  offset: 0,
}

/** A matrix (or several) with guard words around it and between its rows. */
export interface Matrix {
  readonly rows: number
  readonly cols: number
  readonly ld: number
  readonly stride: number
  readonly words: Float32Array
}

function matrix(rows: number, cols: number, pad: number, batch: number, value: () => number): Matrix {
  const ld = cols + pad
  const stride = rows * ld + pad
  const words = new Float32Array(2 * MARGIN + stride * (batch - 1) + Math.max(0, (rows - 1) * ld + cols))
  new Uint32Array(words.buffer).fill(GUARD)
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < rows; i++)
      for (let j = 0, at = MARGIN + b * stride + i * ld; j < cols; j++) words[at + j] = value()
  return { rows, cols, ld, stride, words }
}

export interface Data {
  readonly a: Matrix
  readonly b: Matrix
  readonly c: Matrix
  readonly bias: Matrix
}

/** Numbers in (-1, 1) from a seed. */
export function draws(seed: number): () => number {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.fround(state / 2 ** 31 - 1)
  }
}

export function dataOf(p: Problem, value: () => number): Data {
  const a = p.transposeA ? matrix(p.k, p.m, p.padA, p.batch, value) : matrix(p.m, p.k, p.padA, p.batch, value)
  const b = p.transposeB ? matrix(p.n, p.k, p.padB, p.batch, value) : matrix(p.k, p.n, p.padB, p.batch, value)
  const nan = (): number => Number.NaN
  const c = matrix(p.m, p.n, p.padC, p.batch, p.accumulate ? value : nan)
  return { a, b, c, bias: matrix(1, p.n, 0, 1, value) }
}

/** The same numbers whatever way around they are stored. */
const element = ({ words, ld, stride }: Matrix, batch: number, i: number, j: number, transposed: boolean): number =>
  words[MARGIN + batch * stride + (transposed ? j * ld + i : i * ld + j)] as number

export interface Expected {
  readonly value: Float64Array
  /** Sum of the absolute values of all terms. */
  readonly size: Float64Array
  /** The sum over rising k with two roundings a step: what the strict build gives, to the bit. */
  readonly chain: Float32Array
}

export function expected(p: Problem, { a, b, c, bias }: Data): Expected {
  const count = p.batch * p.m * p.n
  const value = new Float64Array(count)
  const size = new Float64Array(count)
  const chain = new Float32Array(count)
  const aAt = p.transposeA ? [1, a.ld] : [a.ld, 1]
  const bAt = p.transposeB ? [1, b.ld] : [b.ld, 1]
  let at = 0
  for (let q = 0; q < p.batch; q++)
    for (let i = 0; i < p.m; i++)
      for (let j = 0; j < p.n; j++, at++) {
        const old = p.accumulate ? element(c, q, i, j, false) : 0
        let sum = old
        let abs = Math.abs(old)
        let f32 = old
        let x = MARGIN + q * a.stride + i * (aAt[0] as number)
        let y = MARGIN + q * b.stride + j * (bAt[1] as number)
        for (let l = 0; l < p.k; l++, x += aAt[1] as number, y += bAt[0] as number) {
          const product = (a.words[x] as number) * (b.words[y] as number)
          sum += product
          abs += Math.abs(product)
          f32 = Math.fround(f32 + Math.fround(product))
        }
        if (p.bias) {
          const add = bias.words[MARGIN + j] as number
          sum += add
          abs += Math.abs(add)
          f32 = Math.fround(f32 + add)
        }
        value[at] = p.activation === 1 && sum < 0 ? 0 : sum
        size[at] = abs
        chain[at] = p.activation === 1 && f32 < 0 ? 0 : f32
      }
  return { value, size, chain }
}

export interface How {
  readonly tile?: number
  readonly parts?: number
  readonly reverse?: boolean
  /** Flags beyond those of the lowering. */
  readonly set?: number
}

const AREA = 24 << 20

export class GemmMachine {
  readonly build: Build
  readonly machine: Machine
  /** What the last run took: gemv adds up in another order than gemm. */
  kernel: KernelName = 'gemm'
  private readonly area: number

  constructor(build: Build) {
    this.build = build
    this.machine = new Machine(build)
    this.area = this.machine.alloc(AREA)
  }

  /** The words of C (no padding), after the guards of all operands were found whole. */
  run(p: Problem, data: Data, how: How = {}): Float32Array {
    let top = this.area
    const places: { matrix: Matrix; at: number; name: string }[] = []
    const place = (name: string, m: Matrix): number => {
      const at = top + p.offset
      top = (at + m.words.byteLength + 63) & ~63
      if (top > this.area + AREA) throw new Error('operands do not fit the area of the test')
      this.machine.f32(at, m.words.length).set(m.words)
      places.push({ matrix: m, at, name })
      return at + 4 * MARGIN
    }
    const { a, b, c, bias } = data
    const spec: GemmSpec = {
      a: place('A', a),
      b: place('B', b),
      c: place('C', c),
      ...(p.bias ? { bias: place('bias', bias) } : {}),
      m: p.m,
      n: p.n,
      k: p.k,
      transposeA: p.transposeA,
      transposeB: p.transposeB,
      lda: a.ld,
      ldb: b.ld,
      ldc: c.ld,
      batch: p.batch,
      aStride: a.stride,
      bStride: b.stride,
      cStride: c.stride,
      accumulate: p.accumulate,
      activation: p.activation,
    }
    this.machine.i32(GEMM_VARIANT, 1)[0] = how.tile ?? 0
    const parts = how.parts ?? 1
    const order = Array.from({ length: parts }, (_, i) => (how.reverse ? parts - 1 - i : i))
    lowerGemm((name, operands) => {
      this.kernel = name
      const flags = (operands['flags'] as number) | (name === 'gemm' ? (how.set ?? 0) : 0)
      this.machine.run(name, { ...operands, flags } as OperandValues, parts, order)
    }, spec)
    const result = new Float32Array(p.batch * p.m * p.n)
    for (const { matrix: m, at, name } of places) {
      const now = this.machine.i32(at, m.words.length)
      const before = new Int32Array(m.words.buffer)
      if (name === 'C') {
        let to = 0
        for (let q = 0; q < p.batch; q++)
          for (let i = 0; i < p.m; i++) {
            const row = MARGIN + q * m.stride + i * m.ld
            result.set(this.machine.f32(at + 4 * row, p.n), to)
            now.set(before.subarray(row, row + p.n), row)
            to += p.n
          }
      }
      for (let i = 0; i < now.length; i++)
        if (now[i] !== before[i]) throw new Error(`stray write at word ${i - MARGIN} of ${name}: ${JSON.stringify(p)}`)
    }
    return result
  }
}

/** Words that differ count as equal where both are NaN. */
export function firstUnlike(got: Float32Array, want: Float32Array): number {
  const x = new Int32Array(got.buffer, got.byteOffset, got.length)
  const y = new Int32Array(want.buffer, want.byteOffset, want.length)
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i] && !(Number.isNaN(got[i]) && Number.isNaN(want[i]))) return i
  return got.length === want.length ? -1 : x.length
}

/** Throws where a result is further from the truth than k + 3 roundings allow (all terms positive). */
export function checkBound(p: Problem, got: Float32Array, { value, size }: Expected): void {
  for (let i = 0; i < value.length; i++) {
    const bound = (p.k + 3) * 2 ** -24 * (size[i] as number) + 1e-44
    if (!(Math.abs((got[i] as number) - (value[i] as number)) <= bound))
      throw new Error(`C[${i}] = ${got[i]}, not ${value[i]} within ${bound}: ${JSON.stringify(p)}`)
  }
}
