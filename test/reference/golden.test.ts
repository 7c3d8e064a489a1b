import { describe, expect, test } from 'vitest'
import { type RefTensor, references } from '../../src/reference/index.ts'
import { compare, type GoldenCase, type GoldenTensor, suite, tensors } from '../helpers/golden.ts'

// The oracle has an oracle: the reference against numbers that PyTorch computed in f64 and rounded to f32.

type Attrs = Readonly<Record<string, unknown>>
type Forward = (inputs: readonly RefTensor[], attrs: Attrs) => RefTensor

const one =
  (name: keyof typeof references, attrs: (given: Attrs) => Attrs = () => ({})): Forward =>
  (inputs, given) =>
    references[name](inputs, attrs(given))[0] as RefTensor

const reduction = (name: 'sum' | 'mean' | 'max' | 'min'): Forward =>
  one(name, (a) => ({ axes: a['axes'] ?? [a['axis']], keepDims: a['keepdim'] === true }))

const lastAxis =
  (name: 'softmax' | 'logSoftmax'): Forward =>
  ([x], { axis }) => {
    const rank = x!.shape.length
    const perm = x!.shape.map((_, i) => i)
    const at = (((axis as number) + rank) % rank) as number
    perm[at] = rank - 1
    perm[rank - 1] = at
    const moved = references.transpose([x!], { perm })
    return references.transpose(references[name](moved, {}), { perm })[0] as RefTensor
  }

const crossEntropy: Forward = ([x, labels], a) => {
  const [loss, kept] = references.crossEntropy([x!, labels!], {
    ignoreIndex: a['ignore_index'],
    smoothing: a['label_smoothing'],
  })
  if (a['reduction'] === 'none') return loss as RefTensor
  const sum = references.sum([loss!], {})[0] as RefTensor
  return a['reduction'] === 'sum' ? sum : references.div([sum, references.sum([kept!], {})[0]!], {})[0]!
}

const forward: Readonly<Record<string, Forward>> = {
  relu: one('relu'),
  leaky_relu: one('leakyRelu', (a) => ({ slope: a['negative_slope'] })),
  elu: one('elu', (a) => ({ alpha: a['alpha'] })),
  gelu: one('gelu', () => ({ approximate: 'none' })),
  gelu_tanh: one('gelu', () => ({ approximate: 'tanh' })),
  silu: one('silu'),
  softplus: one('softplus'),
  tanh: one('tanh'),
  sigmoid: one('sigmoid'),
  log_sigmoid: one('logSigmoid'),
  exp: one('exp'),
  log: one('log'),
  sqrt: one('sqrt'),
  rsqrt: one('rsqrt'),
  abs: one('abs'),
  neg: one('neg'),
  reciprocal: one('reciprocal'),
  erf: one('erf'),
  square: one('square'),
  clamp: one('clip', (a) => a),
  softmax: lastAxis('softmax'),
  log_softmax: lastAxis('logSoftmax'),
  add: one('add'),
  sub: one('sub'),
  mul: one('mul'),
  div: one('div'),
  maximum: one('maximum'),
  minimum: one('minimum'),
  pow: one('pow'),
  sum: reduction('sum'),
  mean: reduction('mean'),
  amax: reduction('max'),
  amin: reduction('min'),
  argmax: one('argmax', (a) => a),
  matmul: one('matmul', (a) => ({ transposeA: a['transpose_a'], transposeB: a['transpose_b'] })),
  gather: one('takeAlong', (a) => a),
  index_select: one('gather', (a) => a),
  concat: one('concat', (a) => a),
  slice: one('slice', (a) => {
    const [starts, ends, steps] = [a['starts'], a['ends'], a['steps']] as [number[], number[], number[]]
    return { starts, steps, window: starts.map((s, i) => Math.ceil((ends[i]! - s) / steps[i]!)) }
  }),
  permute: one('transpose', (a) => ({ perm: a['axes'] })),
  cross_entropy_loss: crossEntropy,
}

// PyTorch takes these as 1 + erf(x), 1 + tanh(x) and exp(x) - 1, which lose the tail that the reference keeps.
const cancels = new Set(['gelu', 'gelu_tanh', 'elu'])

const isPlain = (c: GoldenCase): boolean =>
  c.op !== 'cross_entropy_loss' || (c.inputs.length === 2 && c.inputs[0]?.shape.length === 2)

const asDoubles = (t: GoldenTensor): RefTensor => ({ shape: t.shape, data: Float64Array.from(t.data as Float32Array) })

describe.each([
  ['ops', 139],
  ['special', 90],
  ['losses', 7],
] as const)('golden suite %s', (name, count) => {
  const from = suite(name)
  const cases = from.cases.filter((c) => forward[c.op] !== undefined && isPlain(c))

  test(`holds ${count} cases that one reference row covers`, () => {
    expect(cases.length).toBe(count)
  })

  test.each(cases.map((c) => [c.id, c] as const))('%s', (_id, c) => {
    const inputs = Object.values(tensors(from, c.inputs)).map(asDoubles)
    const got = (forward[c.op] as Forward)(inputs, c.attrs ?? {})
    for (const want of Object.values(tensors(from, c.outputs))) {
      // half a unit in the last place of f32, and its smallest denormal
      expect(compare(got, want, { rtol: 6e-8, atol: cancels.has(c.op) ? 2e-16 : 1.5e-45 })).toBeNull()
    }
  })
})
