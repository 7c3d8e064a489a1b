import { applyAll } from '../ops/apply.ts'
import { tensor, zeros } from '../ops/create.ts'
import type { NoGradient } from '../ops/define.ts'
import { add, mul, sum } from '../ops/functions.ts'
import { type OpName, ops } from '../ops/index.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import type { Spec } from '../program/graph.ts'
import { currentEngine } from '../tensor/current.ts'
import { Scope } from '../tensor/scope.ts'
import { cases, type OpCase } from './cases/index.ts'
import { checkGradients } from './check.ts'
import type { CheckOptions } from './compare.ts'
import { compute, distance, expected, numbersOf, opNamed, type Prepared, prepare, sizeOf } from './operands.ts'
import type { GradientReport } from './report.ts'
import { rounding } from './rounding.ts'

/** Errors in parts of what is allowed: at most 1 is right. */
export interface OpReport {
  readonly op: OpName
  /** Cases whose results were compared with the f64 reference. */
  readonly cases: number
  /** The largest error of a result, in parts of its bound. */
  readonly forward: number
  /** What became of the gradient rule; otherwise why there is none. */
  readonly gradient: RuleReport | NoGradient
  readonly ok: boolean
  /** What is wrong, a text for each case that fails. */
  readonly faults: readonly string[]
}

export interface RuleReport {
  /** Cases whose gradients were compared: those that are small, and differentiable where they are. */
  readonly cases: number
  /** Derivatives that could be compared with central differences. */
  readonly derivatives: number
  /** The largest relative difference between the rule and central differences, both in f64. */
  readonly difference: number
  /** The largest error of the engine's own gradient, in parts of its bound. */
  readonly engine: number
}

export interface CheckOpsOptions {
  /** Only these operations (default all of the op table). */
  readonly only?: readonly string[]
  /** The engine that is checked (default the current one). */
  readonly engine?: Engine
}

/**
 * Checks the op table in this runtime, an operation at a time: what the engine computes for the cases of the op against
 * the f64 reference, within bounds that follow from the operation, and its gradient rule with `checkGradients`. What
 * is wrong is in the reports; ArgumentError for the name of an operation that there is not.
 */
export async function* checkOps(options: CheckOpsOptions = {}): AsyncGenerator<OpReport> {
  const { only, engine = currentEngine() } = known('checkOps', options, 'only engine')
  const names = only?.map((name) => opNamed(name, 'checkOps.only')) ?? (Object.keys(ops) as OpName[])
  for (const name of names) {
    await engine.flushAsync()
    const forward = checkForward(engine, name)
    const { gradient } = ops[name]
    const rule = typeof gradient === 'function' ? await checkRule(engine, name) : undefined
    const faults = [...forward.faults, ...(rule?.faults ?? [])]
    yield {
      op: name,
      cases: cases[name].length,
      forward: forward.ratio,
      gradient: rule?.report ?? (gradient as NoGradient),
      ok: faults.length === 0,
      faults,
    }
  }
}

const caseText = (i: number, c: OpCase): string =>
  `case ${i} ${JSON.stringify({ shapes: c.inputs.map((x) => x.shape), attrs: c.attrs })}`

/** The results of all cases against the reference. */
function checkForward(engine: Engine, name: OpName): { readonly ratio: number; readonly faults: readonly string[] } {
  const list = cases[name]
  const results = compute(engine, name, list)
  const faults: string[] = []
  let ratio = 0
  for (const [i, c] of list.entries()) {
    const { inputs, attrs, outputs } = expected(engine, name, c)
    const bounds = rounding[name](inputs, attrs, outputs)
    for (const [k, want] of outputs.entries()) {
      const found = distance(results[i]?.[k] ?? new Float32Array(0), want, bounds[k] as Float64Array)
      ratio = Math.max(ratio, found.ratio)
      if (found.fault !== undefined) faults.push(`${caseText(i, c)} output ${k}: ${found.fault}`)
    }
  }
  return { ratio, faults }
}

/** Enough for every path of a rule, and few enough for differences of a loss in double precision. */
export const LARGEST = 600
export const isTame = ({ inputs }: Pick<OpCase, 'inputs'>): boolean =>
  inputs.every(({ fill }) =>
    Array.isArray(fill) ? fill.every(Number.isFinite) : fill !== 'special' && fill !== 'wide',
  )

/** Whether a loss can depend on all results. */
const isFloat = (name: OpName, { inputs, attrs = {} }: OpCase): boolean => {
  const specs = inputs.map(({ shape, dtype = 'float32' }) => ({ shape, dtype }))
  const floats = ({ dtype }: Spec): boolean => dtype === 'float32'
  return ops[name].infer(specs, attrs).every(floats) && specs.some(floats)
}

/** The gradient rule of an op over its cases, by `checkGradients`. */
export async function checkRule(
  engine: Engine,
  name: OpName,
): Promise<{ readonly report: RuleReport; readonly faults: readonly string[] }> {
  const list = cases[name].filter((c) => sizeOf(c) <= LARGEST && isTame(c) && isFloat(name, c))
  return ruleReport(engine, list, caseText, (c) => {
    const prepared = prepare(engine, name, c)
    const floats = prepared.tensors.filter(({ dtype }) => dtype === 'float32')
    return checkGradients(() => weightedLoss(engine, name, prepared), floats, SAMPLED)
  })
}

/** Few elements in one place, or few directions: the cases make up for it. */
const SAMPLED: CheckOptions = { exhaustive: 40, samples: 3 }

/** The worst of the gradient checks of a list of cases, each in a scope of its own. */
export async function ruleReport<C>(
  engine: Engine,
  list: readonly C[],
  text: (i: number, c: C) => string,
  check: (c: C) => Promise<GradientReport>,
): Promise<{ readonly report: RuleReport; readonly faults: readonly string[] }> {
  const faults: string[] = []
  const worst = { derivatives: 0, difference: 0, engine: 0 }
  for (const [i, c] of list.entries()) {
    const scope = new Scope(engine)
    try {
      const report = await check(c)
      if (!report.ok) faults.push(`${text(i, c)}\n${report.print()}`)
      for (const param of report.params) {
        worst.derivatives += param.entries.length
        worst.engine = Math.max(worst.engine, param.engine?.ratio ?? 0)
        for (const { relError } of param.entries) worst.difference = Math.max(worst.difference, relError)
      }
    } finally {
      scope.dispose()
    }
  }
  if (worst.derivatives === 0) faults.push('no derivative could be compared')
  return { report: { cases: list.length, ...worst }, faults }
}

/** A loss in which every element of every result counts differently, but for what only the gradient rule reads. */
export function weightedLoss(engine: Engine, name: OpName, { operands }: Prepared): Tensor {
  const { inputs, attrs } = operands()
  const { saved = [] } = ops[name]
  return weighted(
    engine,
    applyAll(ops[name], inputs, attrs, engine).map((y, k) => (saved.includes(k) ? undefined : y)),
  )
}

/** The sum of all elements of tensors, each with a factor of its own. */
export function weighted(engine: Engine, results: readonly (Tensor | undefined)[]): Tensor {
  const parts = results.flatMap((y, k) => {
    if (y === undefined) return []
    const weights = numbersOf({ shape: y.shape, fill: 'any' }, 100 + k)
    return sum(mul(y, tensor(weights, y.shape, { engine })))
  })
  const [first = zeros([], { engine }), ...rest] = parts
  return rest.reduce((total, part) => add(total, part), first)
}
