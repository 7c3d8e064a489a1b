import { checkFunctions, checkOps, type FunctionReport, functionNames, type OpReport } from '../check/index.ts'
import { ArgumentError } from '../errors.ts'
import { type Engine, init, ops } from '../index.ts'
import { closest } from '../options.ts'
import { machineLine } from './machine.ts'
import { shownText } from './options.ts'
import { paint, type Terminal } from './terminal.ts'

export interface CheckCommandOptions {
  /** Operations and functions; undefined for all. */
  readonly only: readonly string[] | undefined
  readonly json: boolean
}

type Report = OpReport | FunctionReport

/** What one operation or function showed in all builds. */
interface Row {
  readonly name: string
  readonly cases: number
  readonly forward: number
  readonly difference: number | undefined
  readonly engine: number | undefined
  /** Why there is no gradient rule. */
  readonly why: string | undefined
  readonly ok: boolean
  readonly faults: readonly string[]
}

function rowOf(name: string, reports: readonly (readonly [build: string, report: Report])[]): Row {
  const of = (value: (report: Report) => number | undefined): number | undefined => {
    const numbers = reports.flatMap(([, report]) => value(report) ?? [])
    return numbers.length === 0 ? undefined : Math.max(...numbers)
  }
  const first = reports[0]?.[1].gradient
  const rule = (value: 'difference' | 'engine'): number | undefined =>
    of(({ gradient }) => (typeof gradient === 'string' ? undefined : gradient[value]))
  return {
    name,
    cases: of(({ cases }) => cases) ?? 0,
    forward: of(({ forward }) => forward) ?? Number.NaN,
    difference: rule('difference'),
    engine: rule('engine'),
    why: typeof first === 'string' ? first : undefined,
    ok: reports.every(([, report]) => report.ok),
    faults: reports.flatMap(([build, report]) => report.faults.map((fault) => `${name}, ${build} build: ${fault}`)),
  }
}

const ALL = [...Object.keys(ops), ...functionNames]
const NAME = Math.max(...ALL.map((name) => name.length)) + 1
const line = (cells: readonly string[]): string => {
  const [name = '', cases = '', forward = '', difference = '', engine = '', verdict = ''] = cells
  return ` ${name.padEnd(NAME)}${cases.padStart(6)}${forward.padStart(10)}${difference.padStart(13)}${engine.padStart(10)}  ${verdict}`
}
const part = (ratio: number): string => (ratio === 0 ? 'exact' : ratio.toPrecision(2))

function textOf(row: Row, terminal: Terminal): string[] {
  const { name, cases, forward, difference, engine, why, ok, faults } = row
  const verdict = ok ? paint(terminal, 'ok', 'green') : paint(terminal, 'WRONG', 'bold', 'red')
  const rule = difference === undefined ? '-' : difference.toExponential(1)
  const note = why === undefined ? '' : paint(terminal, `  ${why}`, 'dim')
  const cells = [
    name,
    String(cases),
    part(forward),
    rule,
    engine === undefined ? '-' : part(engine),
    `${verdict}${note}`,
  ]
  return [line(cells), ...faults.map((fault) => `   ${fault}`)]
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** Checks the op table and the composed functions in this runtime, a line for each; whether all of it is right. */
export async function runCheck({ only, json }: CheckCommandOptions, out: Terminal): Promise<boolean> {
  for (const name of only ?? [])
    if (!ALL.includes(name)) {
      const near = closest(name, ALL)
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
    const among = (list: readonly string[]): readonly string[] => only?.filter((name) => list.includes(name)) ?? list
    const operations = among(Object.keys(ops))
    const functions = among(functionNames)
    const counts = { operations: operations.length, functions: functions.length }
    if (json) write('start', { machine: machineLine(), builds, threads, ...counts })
    else {
      const head = `${count(operations.length, 'operation')}, ${count(functions.length, 'function')}`
      out.write(`${paint(out, head, 'bold')}  ${builds.join(' and ')} build, ${threads} threads\n`)
      out.write(`${paint(out, machineLine(), 'dim')}\n`)
    }
    let wrong = 0
    for (const [kind, list, check] of [
      ['operation', operations, checkOps],
      ['function', functions, checkFunctions],
    ] as const) {
      if (!json && list.length > 0)
        out.write(`\n${paint(out, line([kind, 'cases', 'result', 'rule', 'gradient']), 'dim').trimEnd()}\n`)
      for (const name of list) {
        const reports: (readonly [string, Report])[] = []
        for (const [build, engine] of engines)
          for await (const report of check({ engine, only: [name] })) reports.push([build, report])
        const row = rowOf(name, reports)
        if (!row.ok) wrong++
        if (json) write(kind, { ...row, builds })
        else out.write(`${textOf(row, out).join('\n')}\n`)
      }
    }
    if (json) write('done', { ok: wrong === 0, ...counts, wrong })
    else
      out.write(
        `\n${LEGEND}\n\n${wrong === 0 ? 'All of it is right.' : `${wrong} of ${operations.length + functions.length} are WRONG.`}\n`,
      )
    return wrong === 0
  } finally {
    for (const engine of engines.values()) await engine.close()
  }
}

const LEGEND = ` result    largest error of a result against float64, in parts of what its roundings explain
 rule      largest relative difference between the gradient by rules and central differences (allowed: 1e-6)
 gradient  largest error of a float32 gradient, in parts of what its roundings explain`
