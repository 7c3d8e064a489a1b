// A model in chainrule and its export in onnxruntime, on the same numbers.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import { exportOnnx, type OnnxOptions } from '../../src/export/index.ts'
import { type nn, type Spec, scope, type Tensor, tensor } from '../../src/index.ts'
import { inMode } from '../../src/train/mode.ts'

export type Specs = Readonly<Record<string, Spec>>
export interface Case {
  readonly name: string
  readonly model: () => nn.Module
  readonly inputs: Specs
  readonly options?: OnnxOptions
  /** Of indices: below this number. */
  readonly below?: number
  /** Largest difference that is allowed, where not 1e-5 of the largest value. */
  readonly within?: number
}

/** Numbers between -2 and 2, or whole ones from 0 to below `below`, that a multiplicative generator gives. */
export function numbers(count: number, seed: number, below?: number): Float32Array | Int32Array {
  let state = seed * 2 + 1
  const next = (): number => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  for (let i = 0; i < 8; i++) next()
  if (below !== undefined) return Int32Array.from({ length: count }, () => Math.floor(next() * below))
  return Float32Array.from({ length: count }, () => next() * 4 - 2)
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)

export type Result = { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** What onnxruntime computes. */
export async function inOrt(
  bytes: Uint8Array,
  inputs: Specs,
  data: Readonly<Record<string, Float32Array | Int32Array>>,
): Promise<{ results: Readonly<Record<string, Result>>; inputNames: readonly string[] }> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs)
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, { dtype, shape }]) => [
          name,
          new OrtTensor(dtype === 'int32' ? 'int32' : 'float32', data[name] as Float32Array, [...shape]),
        ]),
    )
    const results = await session.run(feeds)
    return {
      results: Object.fromEntries(
        Object.entries(results).map(([name, { dims, data: out }]) => [
          name,
          { shape: dims, data: out as unknown as ArrayLike<number> },
        ]),
      ),
      inputNames: session.inputNames,
    }
  } finally {
    await session.release()
  }
}

/** What the model computes in evaluation mode. */
function here(
  model: nn.Module,
  inputs: Specs,
  data: Readonly<Record<string, Float32Array | Int32Array>>,
  { forward }: OnnxOptions,
): Record<string, Result> {
  using _ = scope()
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, tensor(data[name] as Float32Array, shape)]),
  )
  const made = inMode(model, false, () =>
    forward === undefined
      ? (model.forward(...(Object.values(tensors) as never[])) as Tensor | Record<string, Tensor>)
      : forward(tensors),
  )
  const record = 'dataSync' in made ? { output: made as Tensor } : (made as Record<string, Tensor>)
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, { shape: value.shape, data: value.dataSync() }]),
  )
}

const resized = (inputs: Specs, size: number, time: number, { batchAxes = {}, timeAxes = {} }: OnnxOptions): Specs =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => {
      const axis = name in batchAxes ? (batchAxes as Record<string, number | undefined>)[name] : 0
      const other = (timeAxes as Record<string, number | undefined>)[name]
      return [name, { dtype, shape: shape.map((n, i) => (i === axis ? size : i === other ? time : n)) }]
    }),
  )

/** Exports a case and compares, at the sizes of its specs and, unless they are fixed, at three others. */
export async function agree({ model: make, inputs, options = {}, below, within = 1e-5 }: Case): Promise<Uint8Array> {
  using model = make()
  const bytes = exportOnnx(model, inputs, { batch: 'dynamic', ...options })
  const others = [
    [1, 2],
    [4, 3],
    [2, 1],
  ] as const
  const batches =
    options.batch === 'fixed' ? [inputs] : [inputs, ...others.map(([n, t]) => resized(inputs, n, t, options))]
  for (const [i, specs] of batches.entries()) {
    const data = Object.fromEntries(
      Object.entries(specs).map(([name, { shape, dtype }], j) => [
        name,
        numbers(sizeOf(shape), 1 + i * 10 + j, dtype === 'int32' ? (below ?? 2) : undefined),
      ]),
    )
    const expected = here(model, specs, data, options)
    const { results } = await inOrt(bytes, specs, data)
    expect(Object.keys(results).sort()).toEqual(Object.keys(expected).sort())
    for (const [name, { shape, data: numbers_ }] of Object.entries(expected)) {
      const got = results[name] as Result
      expect([...got.shape]).toEqual([...shape])
      const scale = Math.max(1, ...Array.from(numbers_, Math.abs))
      const worst = Array.from(numbers_).reduce(
        (most, x, at) => Math.max(most, Math.abs(x - (got.data[at] as number))),
        0,
      )
      expect(worst / scale, `${name} of ${JSON.stringify(specs)}`).toBeLessThanOrEqual(within)
    }
  }
  return bytes
}
