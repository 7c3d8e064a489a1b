/** The derivative by one element of a parameter, or along one direction. */
export interface Entry {
  /** The element in C order, or the number of the direction. */
  readonly index: number
  /** The same in words: `[2,3]` or `direction 5`. */
  readonly at: string
  readonly analytic: number
  readonly numeric: number
  /** The difference in relation to the larger of both (but to no less than a thousandth of the largest of the parameter). */
  readonly relError: number
  readonly ok: boolean
}

/** A gradient of the engine beside the same gradient in f64. */
export interface EngineEntry {
  readonly index: number
  readonly at: string
  readonly engine: number
  readonly analytic: number
  readonly error: number
  /** What rounding to f32 explains. */
  readonly bound: number
  /** error / bound: wrong above 1. */
  readonly ratio: number
}

export interface CheckedParameter {
  readonly name: string
  readonly shape: readonly number[]
  /** 0: every element was checked; else along how many random directions. */
  readonly directions: number
  readonly entries: readonly Entry[]
  /** Elements or directions left out because every step from there meets a kink (relu at 0) or leaves the domain. */
  readonly kinks: number
  /** Left out because central differences do not converge there. */
  readonly unresolved: number
  /** The worst element of the engine's gradient; none if the parameter is empty. */
  readonly engine: EngineEntry | undefined
}

export interface WorstEntry extends Entry {
  readonly param: string
}

/** What checkGradients found. */
export class GradientReport {
  readonly params: readonly CheckedParameter[]
  readonly tolerance: number

  constructor(params: readonly CheckedParameter[], tolerance: number) {
    this.params = params
    this.tolerance = tolerance
  }

  /** Every derivative that could be checked agrees, and of each parameter at least one could. */
  get ok(): boolean {
    return this.params.every(agrees)
  }

  /** The derivative that is farthest off; one that failed before any that passed. */
  get worst(): WorstEntry | undefined {
    let worst: WorstEntry | undefined
    for (const param of this.params) {
      for (const entry of param.entries) {
        const further = !(entry.relError <= (worst?.relError ?? -1))
        if (worst === undefined || (worst.ok && !entry.ok) || (worst.ok === entry.ok && further)) {
          worst = { param: param.name, ...entry }
        }
      }
    }
    return worst
  }

  /** The report as a table, one line a parameter, then the derivatives that are wrong. */
  print(): string {
    const rows = [
      ['parameter', 'shape', 'checked', 'left out', 'analytic : numeric', 'engine : analytic', ''],
      ...this.params.map(cells),
    ]
    const widths = (rows[0] as string[]).map((_, c) => Math.max(...rows.map((row) => (row[c] as string).length)))
    const table = rows.map((row) =>
      row
        .map((cell, c) => cell.padEnd(widths[c] as number))
        .join('  ')
        .trimEnd(),
    )
    const head = `gradients ${this.ok ? 'agree' : 'DIFFER'} (relative difference allowed: ${this.tolerance})`
    return [head, ...table, ...this.params.flatMap(faults)].join('\n')
  }
}

function agrees(param: CheckedParameter): boolean {
  const possible = param.entries.length + param.kinks + param.unresolved
  const some = possible === 0 || param.entries.length > 0
  return some && param.entries.every((entry) => entry.ok) && (param.engine?.ratio ?? 0) <= 1
}

function cells(param: CheckedParameter): string[] {
  const { entries, kinks, unresolved, directions, engine } = param
  const left = [kinks > 0 ? `${kinks} kinks` : '', unresolved > 0 ? `${unresolved} unresolved` : '']
  const largest = entries.reduce((max, entry) => Math.max(max, entry.relError), 0)
  return [
    param.name,
    `[${param.shape.join(',')}]`,
    `${entries.length} ${directions > 0 ? 'directions' : 'elements'}`,
    left.filter((part) => part !== '').join(', ') || '-',
    largest.toExponential(1),
    engine === undefined ? '-' : `${engine.error.toExponential(1)} (${engine.ratio.toFixed(2)} of its bound)`,
    agrees(param) ? 'ok' : 'WRONG',
  ]
}

const SHOWN = 5

function faults(param: CheckedParameter): string[] {
  const wrong = param.entries.filter((entry) => !entry.ok).sort((a, b) => b.relError - a.relError)
  const lines = wrong.slice(0, SHOWN).map((entry) => {
    const { at, analytic, numeric, relError } = entry
    return `  ${param.name} ${at}: analytic ${analytic}, numeric ${numeric} (relative difference ${relError.toExponential(1)})`
  })
  if (wrong.length > SHOWN) lines.push(`  ${param.name}: ${wrong.length - SHOWN} more`)
  if (param.entries.length === 0 && param.kinks + param.unresolved > 0) {
    lines.push(`  ${param.name}: nothing could be checked; start from other numbers, away from the kinks`)
  }
  const { engine } = param
  if (engine !== undefined && !(engine.ratio <= 1)) {
    lines.push(`  ${param.name} ${engine.at}: engine ${engine.engine}, f64 ${engine.analytic}, allowed ${engine.bound}`)
  }
  return lines
}
