import { ArgumentError, DataError } from '../errors.ts'
import { type Description, describe as describeBytes, tensorLines, totalsText } from '../inspect/describe.ts'
import { readFile } from '../io/node-files.ts'
import { trainOptionsFrom } from './args.ts'
import { engineFor } from './engine.ts'
import { bytes, integer } from './format.ts'
import { KEYS, lastOf, metadataJson, readModel } from './model-file.ts'
import { buildModel, describe, readSpec } from './models.ts'
import { type PlanParts, planJson, planRun, planText } from './plan.ts'
import { standIn } from './stand-in.ts'
import { paint, type Terminal } from './terminal.ts'

export interface InspectOptions extends PlanParts {
  readonly config: boolean
  readonly json: boolean
  readonly threads: number | 'auto'
}

/** What `chainrule inspect` prints of a file. */
export async function inspectFile(from: string, options: InspectOptions, terminal: Terminal): Promise<string> {
  const { config, json, program, memory } = options
  if (config && (program || memory))
    throw new ArgumentError('contradicts --program and --memory', { where: '--config' })
  if (program || memory) return inspectRun(from, options, terminal)
  const path = await lastOf(from)
  const content = await readFile(path)
  const file = describeBytes(content, path)
  if (config) return `${JSON.stringify(metadataJson(file.metadata, KEYS.config, path).value, null, 2)}\n`
  return json ? `${JSON.stringify(facts(path, content.length, file))}\n` : text(path, content.length, file, terminal)
}

/** The training step that a model or checkpoint came of, captured again: its program and its memory. */
async function inspectRun(
  from: string,
  { json, threads, ...parts }: InspectOptions,
  terminal: Terminal,
): Promise<string> {
  const file = await readModel(from)
  const flags = new Map(file.norms ? [] : [['no-report', true] as const])
  const options = trainOptionsFrom(file.config, `${file.path}: configuration`, flags)
  const engine = await engineFor(file, threads)
  try {
    const engineBytes = engine.runtime.allocator.bytesInUse
    // In the order of a run; what is in the weights does not matter.
    const job = await standIn(file, options)
    const model = buildModel(file.spec)
    const plan = await planRun(model, job, options)
    if (json) return `${JSON.stringify(planJson(plan, engineBytes, describe(file.spec)))}\n`
    return planText(plan, engineBytes, model, terminal, parts)
  } finally {
    await engine.close()
  }
}

const facts = (path: string, size: number, { tensors, metadata }: Description): object => ({
  file: path,
  bytes: size,
  tensors,
  metadata: [...metadata].map(([key, value]) => ({ key, value })),
})

/** Longest value of the metadata that is shown whole. */
const LONG = 200

function text(path: string, size: number, file: Description, terminal: Terminal): string {
  const { tensors, metadata } = file
  const lines = [
    ` ${paint(terminal, path, 'bold')}  ${bytes(size)}: ${totalsText(file)}`,
    ...network(metadata, path).map(([name, value]) => ` ${paint(terminal, name.padEnd(11), 'dim')}${value}`),
    '',
    ...tensorLines(tensors).map((line) => ` ${line}`),
  ]
  const others = [...metadata].filter(([key]) => !key.startsWith('chainrule.'))
  if (others.length > 0) lines.push('', paint(terminal, ' metadata', 'dim'))
  for (const [key, value] of others) lines.push(` ${printable(key)}  ${printable(value)}`)
  return `${lines.join('\n')}\n`
}

/** What this command put there, where it did. */
function network(metadata: ReadonlyMap<string, string>, path: string): [string, string][] {
  const rows: [string, string][] = []
  if (metadata.has(KEYS.checkpoint)) {
    const progress = metadataJson(metadata, KEYS.checkpoint, path).get('progress')
    const [step, epoch] = ['step', 'epoch'].map((name) => integer(progress.get(name).number()))
    rows.push(['checkpoint', `step ${step}, epoch ${epoch}`])
  }
  if (metadata.has(KEYS.model)) {
    try {
      rows.push(['network', describe(readSpec(metadataJson(metadata, KEYS.model, path)))])
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      rows.push(['network', error.message])
    }
  }
  for (const [title, key] of [
    ['trained', KEYS.command],
    ['results', KEYS.results],
    ['version', KEYS.version],
  ] as const) {
    const value = metadata.get(key)
    if (value !== undefined) rows.push([title, key === KEYS.results ? resultsText(value) : printable(value)])
  }
  return rows
}

/** The figures of a run by their names, or whatever is there. */
function resultsText(json: string): string {
  try {
    const entries = Object.entries(JSON.parse(json) as object)
    return printable(
      entries
        .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(5)) : value}`)
        .join(', '),
    )
  } catch {
    return printable(json)
  }
}

/** Text of a file for a terminal: without control characters, and short. */
function printable(value: string): string {
  const plain = value.replace(/\p{C}/gu, '\u00b7')
  return plain.length > LONG ? `${plain.slice(0, LONG)}... (${integer(plain.length)} characters)` : plain
}
