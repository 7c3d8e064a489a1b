import { ArgumentError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Elements, Engine } from '../program/engine.ts'
import { Evaluation, type GraphValue, type ReferenceName, type RefTensor } from '../reference/index.ts'
import { currentEngine } from '../tensor/current.ts'
import { Scope, scoped } from '../tensor/scope.ts'
import { checkGradients } from './check.ts'
import type { CheckOptions } from './compare.ts'
import { type FunctionCase, type FunctionName, type FunctionRow, functions } from './functions/index.ts'
import type { Some } from './functions/types.ts'
import { memoryOf } from './memory.ts'
import { distance, numbersOf, sizeOf } from './operands.ts'
import { generator } from './random.ts'
import { rounding } from './rounding.ts'
import { rounded } from './spread.ts'
import { type CheckOpsOptions, isTame, LARGEST, type OpReport, type RuleReport, ruleReport, weighted } from './table.ts'

/** The same of a function that other operations make up. */
export interface FunctionReport extends Omit<OpReport, 'op'> {
  readonly function: FunctionName
}

/**
 * The same as checkOps for the public functions that are no rows of the op table: results against an f64 reference that
 * shares no code with them, gradients with `checkGradients`. ArgumentError for the name of a function that there is not.
 */
export async function* checkFunctions(options: CheckOpsOptions = {}): AsyncGenerator<FunctionReport> {
  const { only, engine = currentEngine() } = known('checkFunctions', options, 'only engine')
  const names = only?.map((name) => functionNamed(name, 'checkFunctions.only')) ?? functionNames
  for (const name of names) {
    await engine.flushAsync()
    const row = rowOf(name)
    const proofs = proofsOf(engine, row.cases)
    const { ratio, faults } = compared(computed(engine, row.cases), proofs, row.cases)
    const rule = row.gradient === 'composed' ? await checkComposed(engine, row) : undefined
    const all = [...faults, ...(rule?.faults ?? [])]
    yield {
      function: name,
      cases: row.cases.length,
      forward: ratio,
      gradient: rule?.report ?? 'piecewise constant',
      ok: all.length === 0,
      faults: all,
    }
  }
}

export const functionNames: readonly FunctionName[] = Object.keys(functions).sort() as FunctionName[]

export const rowOf = (name: FunctionName): FunctionRow => functions[name] as FunctionRow

function functionNamed(name: string, where: string): FunctionName {
  if (Object.hasOwn(functions, name)) return name as FunctionName
  throw new ArgumentError('no such function', { where, expected: 'a function of the table', received: name })
}

/** What a case has to give. */
export interface Proof {
  readonly results: readonly RefTensor[]
  /** How far an f32 result may lie from them. */
  readonly bounds: readonly Float64Array[]
}

export interface Computed {
  readonly shape: readonly number[]
  readonly data: Elements
}

const listOf = <T extends object>(some: Some<T>): readonly T[] => (Array.isArray(some) ? some : [some as T])

/** The results that a loss can depend on. */
export const floatsOf = (results: Some<Tensor>): (Tensor | undefined)[] =>
  listOf(results).map((y) => (y.dtype === 'float32' ? y : undefined))

export const operandsOf = (engine: Engine, { inputs }: FunctionCase): Tensor[] =>
  inputs.map((operand, i) =>
    tensor(numbersOf(operand, i + 1), operand.shape, { dtype: operand.dtype ?? 'float32', engine }),
  )

/** The results of all cases, as one program. */
export function computed(engine: Engine, cases: readonly FunctionCase[]): Computed[][] {
  return scoped(engine, () => {
    const results = cases.map((c) => listOf(c.call(...operandsOf(engine, c))))
    return results.map((outputs) => outputs.map((y) => ({ shape: y.shape, data: y.dataSync() })))
  })
}

/** Of 16 trials the spread is less than a quarter of what it should be once in 10 million. */
const TRIALS = 16

/**
 * The results that the references give, and how far f32 may lie from them: the operations that a call records are
 * evaluated in f64 a few times, with every result moved by a random part of its own rounding bound, and constants of
 * many digits by their rounding; four times the spread is allowed. So a bound follows from what is really computed,
 * cancellation included, and a function whose formula is exact has to be exact.
 */
export function proofsOf(engine: Engine, cases: readonly FunctionCase[]): Proof[] {
  return cases.map((c) =>
    traced(engine, c, (operands, outputs) => {
      const read = memoryOf(engine, 'a case')
      const results = listOf(c.reference(...operands.map(read)))
      return { results, bounds: boundsOf(new Evaluation(outputs, read), new Set(operands)) }
    }),
  )
}

/** What `see` makes of the graph that a case records. */
function traced<T>(
  engine: Engine,
  c: FunctionCase,
  see: (operands: readonly GraphValue[], outputs: readonly GraphValue[]) => T,
): T {
  const tape = engine.startTape()
  const scope = new Scope(engine)
  try {
    const tensors = operandsOf(engine, c)
    const outputs = listOf(c.call(...tensors))
    return see(
      tensors.map((x) => x.use('a case')),
      outputs.map((y) => y.use('a case')),
    )
  } finally {
    scope.dispose()
    engine.stopTape(tape)
  }
}

/** The operations that round, of those that the cases record; none where all results are exact. */
export function roundingsOf(engine: Engine, { cases }: FunctionRow): string[] {
  const small = cases.filter((c) => sizeOf(c) <= 100)
  if (proofsOf(engine, small).every(({ bounds }) => bounds.every((bound) => bound.every((v) => v === 0)))) return []
  const names = new Set<string>()
  const seen = new Set<GraphValue>()
  const visit = (value: GraphValue): void => {
    if (seen.has(value)) return
    seen.add(value)
    if (value.producer === undefined) return
    names.add(value.producer.op.name)
    value.producer.inputs.forEach(visit)
  }
  for (const c of cases) traced(engine, c, (_, outputs) => outputs.forEach(visit))
  return [...names].filter((name) => rounding[name as ReferenceName].text !== 'exact').sort()
}

function boundsOf(graph: Evaluation, operands: ReadonlySet<GraphValue>): Float64Array[] {
  const random = generator(1)
  const exact = graph.outputs()
  const squares = exact.map(({ data }) => new Float64Array(data.length))
  const constant = (leaf: GraphValue, value: RefTensor): RefTensor =>
    operands.has(leaf) || leaf.dtype !== 'float32'
      ? value
      : { shape: value.shape, data: value.data.map((v) => (isShort(v) ? v : v * (1 + (2 * random() - 1) * 2 ** -24))) }
  for (let trial = 0; trial < TRIALS; trial++) {
    // what two trials leave as it is, all do
    if (trial === 2 && squares.every((sum) => sum.every((v) => v === 0))) break
    for (const [k, { data }] of rounded(graph, random, constant).entries()) {
      const sum = squares[k] as Float64Array
      data.forEach((v, i) => {
        const at = exact[k]?.data[i] as number
        if (v !== at) sum[i] = (sum[i] as number) + (v - at) ** 2 / TRIALS
      })
    }
  }
  return squares.map((square) => square.map((v) => 4 * Math.sqrt(v)))
}

/** Numbers of at most 12 binary digits are meant as they are: 1, 0.5, 6. */
function isShort(v: number): boolean {
  const scaled = Math.fround(v * 4097)
  return Math.fround(scaled - Math.fround(scaled - v)) === v
}

/** The largest error in parts of its bound, and a text for each case that fails. */
export function compared(
  results: readonly (readonly Computed[])[],
  proofs: readonly Proof[],
  cases: readonly FunctionCase[],
): { readonly ratio: number; readonly faults: readonly string[] } {
  const faults: string[] = []
  let ratio = 0
  for (const [i, proof] of proofs.entries()) {
    const got = results[i] as readonly Computed[]
    const where = caseText(i, cases[i] as FunctionCase)
    if (got.length !== proof.results.length)
      faults.push(`${where}: ${got.length} results instead of ${proof.results.length}`)
    for (const [k, want] of proof.results.entries()) {
      const { shape, data } = got[k] ?? { shape: [], data: new Float32Array(0) }
      if (String(shape) !== String(want.shape))
        faults.push(`${where} output ${k}: shape [${shape}] instead of [${want.shape}]`)
      const found = distance(data, want, proof.bounds[k] as Float64Array)
      ratio = Math.max(ratio, found.ratio)
      if (found.fault !== undefined) faults.push(`${where} output ${k}: ${found.fault}`)
    }
  }
  return { ratio, faults }
}

export const caseText = (i: number, { inputs }: FunctionCase): string =>
  `case ${i} ${JSON.stringify(inputs.map(({ shape }) => shape))}`

/** Mostly along directions: there are many cases, and every operation is checked element by element in checkOps. */
const DIRECTED: CheckOptions = { exhaustive: 16, samples: 3 }

/** The gradients of the cases that are small, tame, and of f32. */
export async function checkComposed(
  engine: Engine,
  { cases }: FunctionRow,
): Promise<{ readonly report: RuleReport; readonly faults: readonly string[] }> {
  const list = cases.filter(
    (c) => sizeOf(c) <= LARGEST && isTame(c) && c.inputs.some(({ dtype = 'float32' }) => dtype === 'float32'),
  )
  return ruleReport(engine, list, caseText, (c) => {
    const tensors = operandsOf(engine, c)
    const floats = tensors.filter(({ dtype }) => dtype === 'float32')
    return checkGradients(() => weighted(engine, floatsOf(c.call(...tensors))), floats, DIRECTED)
  })
}
