import { readFileSync } from 'node:fs'
import Benchmark from 'benchmark'
import * as C from '../src/abi/constants.ts'
import type { OperandValues } from '../src/abi/encode.ts'
import type { KernelName } from '../src/abi/kernels.ts'
import { lowerGemm } from '../src/ops/lower-gemm.ts'
import { type Build, Machine } from '../test/helpers/machine.ts'
import { median, spread, table, text } from './lib/stats.ts'

// Kernels one by one on this thread, hot, with benchmark.js: GFLOP/s of matrix products, GB/s of the rest.

interface Case {
  readonly name: string
  readonly kernel: KernelName
  readonly operands: OperandValues
  /** Work of one call, in the unit's billionths. */
  readonly work: number
  readonly unit: 'GFLOP/s' | 'GB/s'
  /** Bytes of the operands of a product, each moved once. */
  readonly bytes?: number
}

/** What a kernel reached. */
export interface KernelRate {
  readonly name: string
  /** In the unit: median of the samples. */
  readonly rate: number
  readonly unit: Case['unit']
  readonly spread: number
  readonly seconds: number
  /** Operations a byte, of products. */
  readonly intensity: number | undefined
}

/** Products of real networks: `bench/shapes/*.txt`, a line `transA transB m n k` each. */
function products(data: (words: number) => number): Case[] {
  const lines = readFileSync(new URL('shapes/gemm.txt', import.meta.url), 'utf8').split('\n')
  return lines
    .filter((line) => /^[NT]/.test(line))
    .map((line) => {
      const [kind = 'NN', ...sizes] = line.trim().split(/\s+/)
      const [m = 0, n = 0, k = 0] = sizes.map(Number)
      let chosen: { name: KernelName; operands: OperandValues } | undefined
      lowerGemm(
        (name, operands) => {
          chosen = { name, operands: operands as OperandValues }
        },
        {
          a: data(m * k),
          b: data(k * n),
          c: data(m * n),
          m,
          n,
          k,
          transposeA: kind[0] === 'T',
          transposeB: kind[1] === 'T',
        },
      )
      if (chosen === undefined) throw new Error(`no kernel for ${line}`)
      return {
        name: `${chosen.name} ${kind} ${m}x${n}x${k}`,
        kernel: chosen.name,
        operands: chosen.operands,
        work: 2 * m * n * k,
        unit: 'GFLOP/s',
        bytes: 4 * (m * k + k * n + m * n),
      }
    })
}

function passes(data: (words: number) => number, slot: (value: number) => number): Case[] {
  const n = 16384 // 64 KiB an operand: beyond L1, in L2
  const [x, y, z, v] = [data(n), data(n), data(n), data(n)]
  const [lr, c1, c2] = [slot(1e-9), slot(0.5), slot(0.5)]
  const unary = (name: string, fn: number): Case => ({
    name: `unary ${name}`,
    kernel: 'unary',
    operands: { fn, x, y, n, p0: 0.5, p1: 1 },
    work: 8 * n,
    unit: 'GB/s',
  })
  return [
    { name: 'copy', kernel: 'copy', operands: { x, y, n }, work: 8 * n, unit: 'GB/s' },
    unary('relu', C.UNARY_RELU),
    unary('exp', C.UNARY_EXP),
    unary('tanh', C.UNARY_TANH),
    unary('gelu', C.UNARY_GELU),
    {
      name: 'binary add',
      kernel: 'binary',
      operands: { fn: C.BINARY_ADD, a: x, b: z, y, n, aStep: 1, bStep: 1 },
      work: 12 * n,
      unit: 'GB/s',
    },
    {
      name: 'reduce sum rows of 128',
      kernel: 'reduce',
      operands: { fn: C.REDUCE_SUM, x, y, outer: n / 128, n: 128, inner: 1, scale: 1 },
      work: 4 * n,
      unit: 'GB/s',
    },
    {
      name: 'reduce sum columns of 128',
      kernel: 'reduce',
      operands: { fn: C.REDUCE_SUM, x, y, outer: 1, n: 128, inner: n / 128, scale: 1 },
      work: 4 * n,
      unit: 'GB/s',
    },
    {
      name: 'softmax rows of 128',
      kernel: 'softmax',
      operands: { x, y, rows: n / 128, n: 128 },
      work: 8 * n,
      unit: 'GB/s',
    },
    {
      name: 'transpose 128x128',
      kernel: 'transpose',
      operands: { x, y, batch: 1, m: 128, n: 128 },
      work: 8 * n,
      unit: 'GB/s',
    },
    {
      name: 'sgd with momentum',
      kernel: 'sgd',
      operands: { p: x, g: z, v, lr, step: c1, n, momentum: 0.9, flags: C.SGD_MOMENTUM },
      work: 20 * n,
      unit: 'GB/s',
    },
    {
      name: 'adam',
      kernel: 'adam',
      operands: {
        p: x,
        g: z,
        m: y,
        v,
        lr,
        c1,
        c2,
        n,
        beta1: 0.9,
        oneMinusBeta1: 0.1,
        beta2: 0.999,
        oneMinusBeta2: 0.001,
        eps: 1e-8,
      },
      work: 28 * n,
      unit: 'GB/s',
    },
  ]
}

/** Every kernel, or those whose names contain `only`, hot. */
export function* kernels(build: Build, only?: string): Generator<KernelRate> {
  const machine = new Machine(build)
  const data = (words: number): number =>
    machine.put(Float32Array.from({ length: words }, (_, i) => ((i * 7919) % 2001) / 2001 + 0.25))
  const slot = (value: number): number => machine.put(Float64Array.of(value))
  for (const { name, kernel, operands, work, unit, bytes } of [...products(data), ...passes(data, slot)]) {
    if (only !== undefined && !name.includes(only)) continue
    const call = machine.prepare(kernel, operands)
    const warm = performance.now()
    while (performance.now() - warm < 60) call()
    const bench = new Benchmark(name, call, { minSamples: 30, maxTime: 0.3 })
    bench.run()
    const seconds = median(bench.stats.sample)
    const intensity = bytes === undefined ? undefined : work / bytes
    yield { name, rate: work / seconds / 1e9, unit, spread: spread(bench.stats.sample), seconds, intensity }
  }
}

/** Prints a row a kernel: rate (median of the samples), spread, time of a call. */
export function printKernels(build: Build, only?: string): void {
  const rows = [[`kernel, ${build} build`, 'rate', 'spread', 'a call']]
  for (const { name, rate, unit, spread, seconds } of kernels(build, only))
    rows.push([name, text(rate, unit), `${Math.round(100 * spread)} %`, text(seconds * 1e6, 'us')])
  console.log(`${table(rows)}\n`)
}
