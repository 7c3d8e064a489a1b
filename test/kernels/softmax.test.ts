import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONTROL, ERROR_INDEX, ERROR_RECORD } from '../../src/abi/constants.ts'
import { type Build, builds, Machine } from '../helpers/machine.ts'
import { numbers, runCase } from '../helpers/operands.ts'

const EPS = 2 ** -24
const sizes = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 1000, 4097]
const NONE = -2147483648

const row = (x: Float32Array, r: number, n: number): number[] => [...x.subarray(r * n, (r + 1) * n)]
const maxOf = (x: readonly number[]): number => x.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b))
const sumOf = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)
function softmaxOf(x: readonly number[]): number[] {
  const max = maxOf(x)
  const e = x.map((v) => Math.exp(v - max))
  const sum = sumOf(e)
  return e.map((v) => v / sum)
}
function logSumExp(x: readonly number[]): number {
  const max = maxOf(x)
  return max + Math.log(sumOf(x.map((v) => Math.exp(v - max))))
}

/** x - max is rounded, which e^ makes a relative error; a few roundings follow. */
const relative = (x: number, max: number): number => (Math.abs(x - max) + 12) * EPS

function expectNear(got: number, want: number, allowed: number, where: string): void {
  const same = got === want || (Number.isNaN(got) && Number.isNaN(want))
  if (!same && !(Math.abs(got - want) <= allowed + 2 ** -149))
    throw new Error(`${where} is ${got}, should be ${want} +- ${allowed}`)
}

type Rows = 'softmax' | 'logSoftmax'
function forward(build: Build, kernel: Rows, x: Float32Array, rows: number, n: number, inPlace = false): Float32Array {
  return runCase(build, {
    kernel,
    anyNaN: true,
    place: (o) => {
      const at = o.put(x, 4)
      return { results: { y: rows * n }, operands: { x: at, y: inPlace ? at : o.blank(rows * n, 8), rows, n } }
    },
  })['y'] as Float32Array
}
function backward(build: Build, kernel: string, dy: Float32Array, y: Float32Array, rows: number, n: number) {
  return runCase(build, {
    kernel: kernel as 'softmaxGrad',
    anyNaN: true,
    place: (o) => ({
      results: { dx: rows * n },
      operands: { dy: o.put(dy, 4), y: o.put(y, 12), dx: o.blank(rows * n, 8), rows, n },
    }),
  })['dx'] as Float32Array
}

function checkRows(build: Build, rows: number, n: number, seed: number, scale: number): void {
  const x = numbers(rows * n, seed, scale)
  const soft = forward(build, 'softmax', x, rows, n, seed % 2 === 0)
  const log = forward(build, 'logSoftmax', x, rows, n, seed % 2 === 1)
  const dy = numbers(rows * n, seed + 1)
  const softGrad = backward(build, 'softmaxGrad', dy, soft, rows, n)
  const logGrad = backward(build, 'logSoftmaxGrad', dy, log, rows, n)
  for (let r = 0; r < rows; r++) {
    const xs = row(x, r, n)
    const [p, l, max] = [softmaxOf(xs), logSumExp(xs), maxOf(xs)]
    const [y, z, g] = [row(soft, r, n), row(log, r, n), row(dy, r, n)]
    const dot = sumOf(g.map((v, j) => v * (y[j] as number)))
    const [sum, total] = [sumOf(g), sumOf(g.map(Math.abs))]
    const dotSize = sumOf(g.map((v, j) => Math.abs(v) * (y[j] as number)))
    for (let j = 0; j < n; j++) {
      const at = r * n + j
      const [v, d] = [xs[j] as number, g[j] as number]
      const where = `row ${r} of ${rows} x ${n}, ${j}`
      expectNear(y[j] as number, p[j] as number, relative(v, max) * (p[j] as number), `softmax, ${where}`)
      const logAllowed = 4 * EPS * (Math.abs(v - max) + Math.log(n) + 1)
      expectNear(z[j] as number, v - l, logAllowed, `logSoftmax, ${where}`)
      const want = (y[j] as number) * (d - dot)
      expectNear(softGrad[at] as number, want, 20 * EPS * (y[j] as number) * (Math.abs(d) + dotSize), `grad, ${where}`)
      const e = Math.exp(z[j] as number)
      const size = Math.abs(d) + e * total
      expectNear(logGrad[at] as number, d - e * sum, 20 * EPS * size, `log grad, ${where}`)
    }
  }
}

interface Labelled {
  readonly x: Float32Array
  readonly labels: Int32Array
  readonly n: number
  readonly smoothing: number
  readonly ignore: number
}
function crossEntropy(build: Build, { x, labels, ...rest }: Labelled) {
  const rows = labels.length
  const { loss, kept } = runCase(build, {
    kernel: 'crossEntropy',
    anyNaN: true,
    place: (o) => ({
      results: { loss: rows, kept: rows },
      operands: {
        x: o.put(x, 4),
        labels: o.put(labels, 12),
        loss: o.blank(rows, 8),
        kept: o.blank(rows, 4),
        rows,
        ...rest,
      },
    }),
  })
  return { loss: loss as Float32Array, kept: kept as Float32Array }
}
function crossEntropyGrad(build: Build, { x, labels, ...rest }: Labelled, dloss: Float32Array) {
  const rows = labels.length
  return runCase(build, {
    kernel: 'crossEntropyGrad',
    anyNaN: true,
    place: (o) => ({
      results: { dx: rows * rest.n },
      operands: {
        x: o.put(x, 4),
        labels: o.put(labels, 12),
        dloss: o.put(dloss, 8),
        dx: o.blank(rows * rest.n, 4),
        rows,
        dlossStep: dloss.length === 1 ? 0 : 1,
        ...rest,
      },
    }),
  })['dx'] as Float32Array
}
function checkLoss(build: Build, c: Labelled, dloss: Float32Array): void {
  const { x, labels, n, smoothing: s, ignore } = c
  const { loss, kept } = crossEntropy(build, c)
  const dx = crossEntropyGrad(build, c, dloss)
  for (const [r, label] of labels.entries()) {
    const xs = row(x, r, n)
    const own = row(dx, r, n)
    const skip = label === ignore
    expect(kept[r]).toBe(skip ? 0 : 1)
    if (skip) {
      expect(loss[r]).toBe(0)
      expect(own).toEqual(xs.map(() => 0))
      continue
    }
    const smoothed = Math.fround(s)
    const target = xs.map((_, j) => smoothed / n + (j === label ? 1 - smoothed : 0))
    const lse = logSumExp(xs)
    const want = sumOf(xs.map((v, j) => ((target[j] as number) === 0 ? 0 : (target[j] as number) * (lse - v))))
    const max = maxOf(xs)
    const spread = maxOf(xs.map((v) => Math.abs(v - max)))
    expectNear(loss[r] as number, want, 4 * EPS * (1 + want + (s === 0 ? 0 : spread)), `loss ${r} of ${n}`)
    const d = dloss[dloss.length === 1 ? 0 : r] as number
    softmaxOf(xs).forEach((p, j) => {
      const want = d * (p - (target[j] as number))
      const parts = relative(xs[j] as number, max) * p + 4 * EPS * (smoothed / n)
      expectNear(
        own[j] as number,
        want,
        Math.abs(d) * parts + 2 * EPS * Math.abs(want),
        `dx[${r}, ${j}] of ${n}, label ${label}`,
      )
    })
  }
}

describe.each(builds)('softmax, %s build', (build) => {
  it('all row lengths', () => {
    for (const n of sizes) checkRows(build, n > 200 ? 3 : 18, n, n, 5)
  })
  it('random shapes and scales', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 150 }),
        fc.nat(1000),
        fc.constantFrom(0.01, 1, 30, 100),
        (rows, n, seed, scale) => checkRows(build, rows, n, seed, scale),
      ),
      { numRuns: 40 },
    )
  })
  it('large values overflow nowhere, and far ones count for nothing', () => {
    const y = forward(build, 'softmax', Float32Array.of(3e38, 3e38, -3e38, 1e30, 1e30, 1e30, 0, 88, -200), 3, 3)
    const third = Math.fround(1 / 3)
    expect([...y].map((v) => (v < 1e-37 ? 0 : v))).toEqual([0.5, 0.5, 0, third, third, third, 0, 1, 0])
  })
  it('NaN, +Infinity and a row of -Infinity make a row NaN; a single -Infinity is probability 0', () => {
    const inf = Number.POSITIVE_INFINITY
    for (const n of [3, 4, 8, 11])
      for (const at of [0, 2, n - 1])
        for (const value of [Number.NaN, inf, -inf]) {
          const x = numbers(3 * n, n)
          x[n + at] = value
          for (const kernel of ['softmax', 'logSoftmax'] as const) {
            const y = forward(build, kernel, x, 3, n)
            const middle = row(y, 1, n)
            expect(
              row(y, 0, n)
                .concat(row(y, 2, n))
                .every(Number.isFinite),
            ).toBe(true)
            if (value === -inf) {
              expect(middle[at]).toBe(kernel === 'softmax' ? 0 : -inf)
              expect(middle.filter(Number.isFinite).length).toBe(kernel === 'softmax' ? n : n - 1)
            } else expect(middle.every(Number.isNaN)).toBe(true)
            expect(forward(build, kernel, new Float32Array(n).fill(-inf), 1, n).every(Number.isNaN)).toBe(true)
          }
        }
  })
})

describe.each(builds)('cross entropy, %s build', (build) => {
  const labelled = (rows: number, n: number, seed: number, scale: number, smoothing: number): Labelled => ({
    x: numbers(rows * n, seed, scale),
    labels: Int32Array.from(numbers(rows, seed + 1), (v, i) =>
      i % 5 === 4 && seed % 2 ? -100 : Math.floor(((v + 1) / 2) * n) % n,
    ),
    n,
    smoothing,
    ignore: seed % 2 ? -100 : NONE,
  })
  it('all row lengths', () => {
    for (const n of sizes)
      for (const smoothing of [0, 0.1])
        checkLoss(build, labelled(n > 200 ? 3 : 18, n, n, 4, smoothing), Float32Array.of(0.25))
  })
  it('random shapes, a gradient for each row', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(1000),
        fc.constantFrom(0.1, 3, 40),
        fc.constantFrom(0, 0.1, 1),
        (rows, n, seed, scale, smoothing) =>
          checkLoss(build, labelled(rows, n, seed, scale, smoothing), numbers(rows, seed + 2)),
      ),
      { numRuns: 40 },
    )
  })
  it('keeps the small loss and gradient of a row that is right', () => {
    const x = Float32Array.of(20, 0, 1, -3, 2, 0, 1, 0)
    const c = { x, labels: Int32Array.of(0), n: 8, smoothing: 0, ignore: NONE }
    const rest = sumOf([...x.subarray(1)].map((v) => Math.exp(v - 20)))
    expect((crossEntropy(build, c).loss[0] as number) / Math.log1p(rest)).toBeCloseTo(1, 5)
    const own = crossEntropyGrad(build, c, Float32Array.of(1))[0] as number
    expect(own / (-rest / (1 + rest))).toBeCloseTo(1, 5)
  })
  it('NaN and infinities as in PyTorch', () => {
    const inf = Number.POSITIVE_INFINITY
    const loss = (values: number[], label: number, smoothing = 0): number =>
      crossEntropy(build, {
        x: Float32Array.from(values),
        labels: Int32Array.of(label),
        n: values.length,
        smoothing,
        ignore: NONE,
      }).loss[0] as number
    expect(loss([1, Number.NaN, 2], 0)).toBeNaN()
    expect(loss([1, inf, 2], 0)).toBeNaN()
    expect(loss([1, inf, 2], 1)).toBeNaN()
    expect(loss([-inf, -inf, -inf], 1)).toBeNaN()
    expect(loss([1, -inf, 2], 1)).toBe(inf)
    expect(loss([1, -inf, 2], 0)).toBeCloseTo(Math.log(1 + Math.E), 6)
    expect(loss([1, -inf, 2], 0, 0.1)).toBe(inf)
  })
  it('reports the first bad label and counts its row for nothing', () => {
    const machine = new Machine(build)
    for (const bad of [3, -1, 2147483647, NONE + 1]) {
      machine.i32(CONTROL, 256).fill(0)
      const [x, labels] = [machine.put(numbers(12, 3)), machine.put(Int32Array.of(0, 1, bad, 2))]
      const loss = machine.put(new Float32Array(4).fill(7))
      const operands = { x, labels, loss, kept: 0, rows: 4, n: 3, ignore: NONE, smoothing: 0 }
      machine.run('crossEntropy', operands)
      const [code, , position, value] = machine.i32(ERROR_RECORD, 4)
      expect([code, position, value]).toEqual([ERROR_INDEX, 2, bad])
      expect(machine.f32(loss, 4)[2]).toBe(0)
      expect(machine.f32(loss, 4)[3]).toBeGreaterThan(0)
      const dx = machine.put(new Float32Array(12).fill(7))
      const dloss = machine.put(Float32Array.of(1))
      const { loss: _, kept: __, ...rest } = operands
      machine.run('crossEntropyGrad', { ...rest, dloss, dx, dlossStep: 0 })
      expect([...machine.f32(dx, 12)].slice(6, 9)).toEqual([0, 0, 0])
      expect(machine.f32(dx, 12)[9]).not.toBe(7)
    }
  })
  it('an ignored label outside the row is no error', () => {
    const machine = new Machine(build)
    const [x, labels] = [machine.put(numbers(6, 3)), machine.put(Int32Array.of(-100, 1))]
    const [loss, kept] = [machine.alloc(8), machine.alloc(8)]
    machine.run('crossEntropy', { x, labels, loss, kept, rows: 2, n: 3, ignore: -100, smoothing: 0 })
    expect(machine.i32(ERROR_RECORD, 1)[0]).toBe(0)
    expect([...machine.f32(kept, 2)]).toEqual([0, 1])
  })
})
