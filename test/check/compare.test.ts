import { describe, expect, test } from 'vitest'
import { type CheckOptions, compareGradients as compare, type SubjectParameter } from '../../src/check/compare.ts'
import type { GradientReport } from '../../src/check/report.ts'
import type { GraphValue } from '../../src/reference/index.ts'
import { evaluate } from '../../src/reference/index.ts'
import { feed, leaf, node } from '../helpers/graph.ts'

interface Given extends SubjectParameter {
  readonly engine: ArrayLike<number>
}

function compareGradients(
  subject: { readonly loss: GraphValue; readonly parameters: readonly Given[]; readonly feed: typeof feed },
  options?: CheckOptions,
): GradientReport {
  return compare(subject, options)(subject.parameters.map((p) => p.engine))
}

const numbers = (n: number, seed = 1): number[] => Array.from({ length: n }, (_, i) => Math.sin(i * 1.7 + seed))

const x = leaf([4, 3], numbers(12))
const w = leaf([3, 5], numbers(15, 2))
const logits = node('matmul', [x, w])
const hidden = node('relu', [logits])
const loss = node('sum', [node('square', [hidden])], { axes: [0, 1], keepDims: false })

/** dL/dw as a rule would build it, with a factor that makes it right (2) or wrong. */
function rule(factor: number): GraphValue {
  const dHidden = node('mul', [hidden, leaf([], [factor])])
  return node('matmul', [x, node('reluGrad', [dHidden, hidden])], { transposeA: true })
}

function subject(gradient: GraphValue, change: (g: Float32Array) => void = () => {}): Given {
  const engine = Float32Array.from(evaluate([gradient], feed)[0]!.data)
  change(engine)
  return { name: 'w', leaf: w, gradient, engine }
}

describe.each([
  ['element by element', { exhaustive: 64 }],
  ['along random directions', { exhaustive: 1, samples: 5 }],
])('%s', (_name, options) => {
  test('a right gradient passes', () => {
    const report = compareGradients({ loss, parameters: [subject(rule(2))], feed }, options)
    expect(report.ok).toBe(true)
    expect(report.worst!.relError).toBeLessThan(1e-9)
    expect(report.params[0]!.kinks).toBe(0)
    expect(report.params[0]!.entries.length).toBe(options.exhaustive === 1 ? 5 : 15)
    expect(report.print()).toMatch(/^gradients agree/)
  })

  test('a wrong rule is found and shown', () => {
    const report = compareGradients({ loss, parameters: [subject(rule(2.00001))], feed }, options)
    expect(report.ok).toBe(false)
    expect(report.worst!.param).toBe('w')
    expect(report.worst!.relError).toBeCloseTo(5e-6, 7)
    expect(report.print()).toMatch(/gradients DIFFER[\s\S]* WRONG[\s\S]*w (\[|direction).*analytic .*numeric/)
  })

  test('an engine that is wrong by more than rounding is found', () => {
    const off = subject(rule(2), (g) => {
      g[7] = g[7]! * (1 + 1e-4)
    })
    const report = compareGradients({ loss, parameters: [off], feed }, options)
    expect(report.params[0]!.entries.every((e) => e.ok)).toBe(true)
    expect(report.ok).toBe(false)
    expect(report.params[0]!.engine!.at).toBe('[1,2]')
    expect(report.print()).toContain('w [1,2]: engine')
  })

  test('a NaN of the engine is found', () => {
    const off = subject(rule(2), (g) => {
      g[0] = Number.NaN
    })
    expect(compareGradients({ loss, parameters: [off], feed }, options).ok).toBe(false)
  })
})

test('elements on a kink are counted, not passed', () => {
  const p = leaf([3], [0, 1, -1])
  const l = node('sum', [node('abs', [p])], { axes: [0], keepDims: false })
  // 0 is the wrong derivative nowhere: at the kink there is none
  const gradient = node('sign', [p])
  const report = compareGradients(
    { loss: l, parameters: [{ name: 'p', leaf: p, gradient, engine: [0, 1, -1] }], feed },
    {},
  )
  expect(report.ok).toBe(true)
  expect(report.params[0]!.kinks).toBe(1)
  expect(report.params[0]!.entries.map((e) => e.index)).toEqual([1, 2])
  expect(report.print()).toContain('1 kinks')
})

test('a parameter of which nothing can be checked is not ok', () => {
  const p = leaf([2], [0, 0])
  const l = node('sum', [node('relu', [p])], { axes: [0], keepDims: false })
  const gradient = node('sign', [p])
  const report = compareGradients({ loss: l, parameters: [{ name: 'p', leaf: p, gradient, engine: [0, 0] }], feed })
  expect(report.ok).toBe(false)
  expect(report.print()).toContain('nothing could be checked')
})

test('a parameter that the loss does not depend on has derivative zero', () => {
  const p = leaf([2], [1, 2])
  const parameters = [{ name: 'p', leaf: p, gradient: leaf([2], [0, 0]), engine: [0, 0] }]
  expect(compareGradients({ loss, parameters, feed }).ok).toBe(true)
  const wrong = [{ name: 'p', leaf: p, gradient: leaf([2], [0, 1e-3]), engine: [0, 1e-3] }]
  expect(compareGradients({ loss, parameters: wrong, feed }).ok).toBe(false)
})

test('the loss must be one number', () => {
  expect(() => compareGradients({ loss: logits, parameters: [], feed })).toThrow(/one number.*\[4,5\]/)
})

test('directions come from the seed', () => {
  const run = (seed: number) =>
    compareGradients({ loss, parameters: [subject(rule(2))], feed }, { exhaustive: 1, seed }).params[0]!.entries
  expect(run(1)).toEqual(run(1))
  expect(run(1)).not.toEqual(run(2))
})

test.each([
  [{ samples: 0 }, /checkGradients\.samples.*expected a whole number from 1 up, received 0/],
  [{ tolerance: Number.NaN }, /checkGradients\.tolerance/],
  [{ exhaustive: -1 }, /checkGradients\.exhaustive/],
  [{ epsilon: 1 } as CheckOptions, /unknown option.*received epsilon/],
])('wrong options: %o', (options, message) => {
  expect(() => compareGradients({ loss, parameters: [], feed }, options)).toThrow(message)
})
