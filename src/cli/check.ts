import { checkOps, type OpReport } from '../check/index.ts'
import { ArgumentError } from '../errors.ts'
import { type Engine, init, ops } from '../index.ts'
import { closest } from '../options.ts'
import { machineLine } from './machine.ts'
import { shownText } from './options.ts'
import { paint, type Terminal } from './terminal.ts'

export interface CheckCommandOptions {
  /** Operations; undefined for all. */
  readonly only: readonly string[] | undefined
  readonly json: boolean
}

/** What one operation showed in all builds. */
interface Row {
  readonly op: string
  readonly cases: number
  readonly forward: number
  readonly difference: number | undefined
  readonly engine: number | undefined
  /** Why there is no gradient rule. */
  readonly why: string | undefined
  readonly ok: boolean
  readonly faults: readonly string[]
}

function rowOf(op: string, reports: readonly (readonly [build: string, report: OpReport])[]): Row {
  const of = (value: (report: OpReport) => number | undefined): number | undefined => {
    const numbers = reports.flatMap(([, report]) => value(report) ?? [])
    return numbers.length === 0 ? undefined : Math.max(...numbers)
  }
  const first = reports[0]?.[1].gradient
  const rule = (value: 'difference' | 'engine'): number | undefined =>
    of(({ gradient }) => (typeof gradient === 'string' ? undefined : gradient[value]))
  return {
    op,
    cases: of(({ cases }) => cases) ?? 0,
    forward: of(({ forward }) => forward) ?? Number.NaN,
    difference: rule('difference'),
    engine: rule('engine'),
    why: typeof first === 'string' ? first : undefined,
    ok: reports.every(([, report]) => report.ok),
    faults: reports.flatMap(([build, report]) => report.faults.map((fault) => `${op}, ${build} build: ${fault}`)),
  }
}

const NAME = Math.max(...Object.keys(ops).map((name) => name.length)) + 1
const line = (cells: readonly string[]): string => {
  const [op = '', cases = '', forward = '', difference = '', engine = '', verdict = ''] = cells
  return ` ${op.padEnd(NAME)}${cases.padStart(6)}${forward.padStart(10)}${difference.padStart(13)}${engine.padStart(10)}  ${verdict}`
}
const part = (ratio: number): string => (ratio === 0 ? 'exact' : ratio.toPrecision(2))

function textOf(row: Row, terminal: Terminal): string[] {
  const { op, cases, forward, difference, engine, why, ok, faults } = row
  const verdict = ok ? paint(terminal, 'ok', 'green') : paint(terminal, 'WRONG', 'bold', 'red')
  const rule = difference === undefined ? '-' : difference.toExponential(1)
  const note = why === undefined ? '' : paint(terminal, `  ${why}`, 'dim')
  const cells = [op, String(cases), part(forward), rule, engine === undefined ? '-' : part(engine), `${verdict}${note}`]
  return [line(cells), ...faults.map((fault) => `   ${fault}`)]
}

/** Checks the op table in this runtime and prints a line for each operation; whether all of it is right. */
export async function runCheck({ only, json }: CheckCommandOptions, out: Terminal): Promise<boolean> {
  const names = only === undefined ? Object.keys(ops) : only
  for (const name of names)
    if (!Object.hasOwn(ops, name)) {
      const near = closest(name, Object.keys(ops))
      throw new ArgumentError('no such operation', {
        where: '--only',
        received: shownText(name),
        hint: near === undefined ? 'docs/ops.md lists them.' : `Did you mean '${near}'?`,
      })
    }
  const engines = new Map<string, Engine>()
  const write = (event: string, facts: object): void => out.write(`${JSON.stringify({ event, ...facts })}\n`)
  try {
    for (const numerics of ['fast', 'reproducible'] as const) {
      const engine = await init({ numerics })
      // without relaxed SIMD both are the same
      if (engines.has(engine.runtime.build)) await engine.close()
      else engines.set(engine.runtime.build, engine)
    }
    const builds = [...engines.keys()]
    const threads = [...engines.values()][0]?.threads ?? 1
    if (json) write('start', { machine: machineLine(), builds, threads, operations: names.length })
    else {
      out.write(
        `${paint(out, `${names.length} operations`, 'bold')}  ${builds.join(' and ')} build, ${threads} threads\n`,
      )
      out.write(`${paint(out, machineLine(), 'dim')}\n\n`)
      out.write(`${paint(out, line(['operation', 'cases', 'result', 'rule', 'gradient']), 'dim').trimEnd()}\n`)
    }
    let wrong = 0
    for (const name of names) {
      const reports: (readonly [string, OpReport])[] = []
      for (const [build, engine] of engines)
        for await (const report of checkOps({ engine, only: [name] })) reports.push([build, report])
      const row = rowOf(name, reports)
      if (!row.ok) wrong++
      if (json) write('operation', { ...row, builds })
      else out.write(`${textOf(row, out).join('\n')}\n`)
    }
    if (json) write('done', { ok: wrong === 0, operations: names.length, wrong })
    else out.write(`\n${LEGEND}\n\n${wrong === 0 ? 'All of it is right.' : `${wrong} of ${names.length} are WRONG.`}\n`)
    return wrong === 0
  } finally {
    for (const engine of engines.values()) await engine.close()
  }
}

const LEGEND = ` result    largest error of a result against float64, in parts of what its roundings explain
 rule      largest relative difference between the gradient rule and central differences (allowed: 1e-6)
 gradient  largest error of a float32 gradient, in parts of what its roundings explain`
