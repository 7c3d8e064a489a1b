import fc from 'fast-check'
import { describe, it } from 'vitest'
import { f32Bits } from '../../src/abi/encode.ts'
import { builds } from '../helpers/machine.ts'
import { firstDifference, numbers, runCase, sizesToTry } from '../helpers/operands.ts'

const expectSame = (got: Float32Array | undefined, want: Float32Array, what = ''): void => {
  const i = firstDifference(got as Float32Array, want)
  if (i >= 0) throw new Error(`${what}[${i}] is ${got?.[i]}, should be ${want[i]}`)
}
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1)

/** Word offsets of all elements in C order. */
function offsets(sizes: readonly number[], strides: readonly number[]): number[] {
  let all = [0]
  sizes.forEach((size, axis) => {
    all = all.flatMap((base) => Array.from({ length: size }, (_, i) => base + i * (strides[axis] as number)))
  })
  return all
}

interface View {
  sizes: number[]
  strides: number[]
  /** Offset of the first element, and words of the buffer. */
  start: number
  words: number
}
/** A view of a contiguous array: axes permuted, sliced with steps of either sign, and perhaps broadcast. */
function viewOf(base: readonly number[], order: readonly number[], steps: readonly number[], repeat: number): View {
  const pitch = base.map((_, axis) => product(base.slice(axis + 1)))
  let start = 0
  const axes = order.map((axis) => {
    const size = base[axis] as number
    const step = steps[axis] as number
    const stride = pitch[axis] as number
    if (step < 0) start += (size - 1) * stride
    return { size: Math.ceil(size / Math.abs(step)), stride: stride * step }
  })
  if (repeat > 0) axes.splice(repeat % (axes.length + 1), 0, { size: 3, stride: 0 })
  return { sizes: axes.map((a) => a.size), strides: axes.map((a) => a.stride), start, words: product(base) }
}
const dimsOf = ({ sizes, strides }: View): number[] => [
  sizes.length,
  ...sizes.flatMap((s, i) => [s, strides[i] as number]),
]

const viewCases = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 0, maxLength: 6 }).chain((base) =>
  fc.record({
    base: fc.constant(base),
    order: fc.shuffledSubarray(
      base.map((_, i) => i),
      { minLength: base.length },
    ),
    steps: fc.array(fc.constantFrom(1, 1, 1, 2, -1, -2), { minLength: base.length, maxLength: base.length }),
  }),
)

describe.each(builds)('shape kernels, %s build', (build) => {
  const stridedRead = (view: View): void => {
    const x = numbers(view.words, 5)
    const at = offsets(view.sizes, view.strides)
    const got = runCase(build, {
      kernel: 'stridedRead',
      place: (o) => ({
        results: { y: at.length },
        operands: { x: o.put(x, 4) + 4 * view.start, y: o.blank(at.length, 8), n: at.length, dims: dimsOf(view) },
      }),
    })
    const want = Float32Array.from(at, (offset) => x[view.start + offset] as number)
    expectSame(got['y'], want, `${JSON.stringify(view)} y`)
  }
  const stridedWrite = (view: View): void => {
    const at = offsets(view.sizes, view.strides)
    const [x, old] = [numbers(at.length, 6), numbers(view.words, 7)]
    const got = runCase(build, {
      kernel: 'stridedWrite',
      place: (o) => {
        const base = o.put(old, 12)
        return {
          results: { y: view.words },
          operands: { x: o.put(x), y: base + 4 * view.start, n: at.length, dims: dimsOf(view) },
          read: { y: base },
        }
      },
    })
    const want = old.slice()
    at.forEach((offset, i) => {
      want[view.start + offset] = x[i] as number
    })
    expectSame(got['y'], want, `${JSON.stringify(view)} y`)
  }

  it('copy and fill, all sizes', () => {
    for (const n of [...sizesToTry, 5000])
      for (const offset of [0, 4, 12]) {
        const x = numbers(n, n)
        const copied = runCase(build, {
          kernel: 'copy',
          place: (o) => ({ results: { y: n }, operands: { x: o.put(x, offset), y: o.blank(n), n } }),
        })
        expectSame(copied['y'], x)
        for (const value of [0, 1.5]) {
          const filled = runCase(build, {
            kernel: 'fill',
            place: (o) => ({ results: { y: n }, operands: { y: o.blank(n, offset), n, bits: f32Bits(value) } }),
          })
          expectSame(filled['y'], new Float32Array(n).fill(value))
        }
      }
  })

  it('copyRows keeps what lies between the rows', () => {
    for (const rows of [0, 1, 2, 5, 33])
      for (const n of [0, 1, 2, 3, 4, 5, 16, 17, 65, 600]) {
        const [xPitch, yPitch] = [n + 3, n + 2]
        const [x, old] = [numbers(rows * xPitch, 1), numbers(rows * yPitch, 2)]
        const got = runCase(build, {
          kernel: 'copyRows',
          place: (o) => ({
            results: { y: rows * yPitch },
            operands: { x: o.put(x), y: o.put(old, 4), rows, n, xPitch, yPitch },
          }),
        })
        const want = old.slice()
        for (let r = 0; r < rows; r++) want.set(x.subarray(r * xPitch, r * xPitch + n), r * yPitch)
        expectSame(got['y'], want, `${rows} x ${n}`)
      }
  })

  it('transpose, odd sizes', () => {
    const shapes = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 65].flatMap((m) =>
      [1, 2, 3, 4, 6, 9, 16, 31, 64, 70].map((n) => [1, m, n] as const),
    )
    for (const [batch, m, n] of [
      ...shapes,
      [3, 5, 7],
      [7, 17, 1],
      [5, 20, 36],
      [2, 300, 3],
      [2, 3, 300],
      [1, 150, 270],
      [0, 3, 3],
    ] as const) {
      const x = numbers(batch * m * n, m + n)
      const got = runCase(build, {
        kernel: 'transpose',
        place: (o) => ({
          results: { y: x.length },
          operands: { x: o.put(x, 4), y: o.blank(x.length, 8), batch, m, n },
        }),
      })
      const want = new Float32Array(x.length)
      for (let b = 0; b < batch; b++)
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) want[(b * n + j) * m + i] = x[(b * m + i) * n + j] as number
      expectSame(got['y'], want, `${batch} x ${m} x ${n} `)
    }
  })

  it('strided reads: permuted, sliced, reversed, broadcast', () => {
    fc.assert(
      fc.property(viewCases, fc.nat(7), ({ base, order, steps }, repeat) => {
        stridedRead(viewOf(base, order, steps, repeat))
      }),
      { seed: 11, numRuns: 300 },
    )
  })

  it('strided writes: permuted, sliced, reversed', () => {
    fc.assert(
      fc.property(viewCases, ({ base, order, steps }) => stridedWrite(viewOf(base, order, steps, 0))),
      { seed: 12, numRuns: 300 },
    )
  })

  it('strided planes of more than one block', () => {
    for (const view of [
      viewOf([70, 130], [1, 0], [1, 1], 0),
      viewOf([200, 150], [1, 0], [1, 1], 0),
      viewOf([70, 130], [1, 0], [1, -1], 0),
      viewOf([70, 130], [0, 1], [1, -1], 0),
      viewOf([70, 130], [0, 1], [-3, 2], 0),
      viewOf([3, 33, 37, 5], [0, 3, 1, 2], [1, 1, 1, 1], 0),
      viewOf([3, 5, 33, 37], [0, 2, 3, 1], [1, 1, 1, 1], 0),
      viewOf([4, 9, 8, 20], [0, 2, 1, 3], [1, 1, 1, 1], 0),
      viewOf([1000], [0], [-1], 0),
    ]) {
      stridedRead(view)
      stridedWrite(view)
    }
    stridedRead({ sizes: [40, 50], strides: [0, 1], start: 0, words: 50 })
    stridedRead({ sizes: [40, 50], strides: [1, 0], start: 0, words: 40 })
    stridedRead({ sizes: [40, 0, 50], strides: [50, 50, 1], start: 0, words: 8 })
  })
})
