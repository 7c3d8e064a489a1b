import { DataError } from '../errors.ts'
import { CheckpointFolder } from '../io/node-checkpoints.ts'
import { readFile } from '../io/node-files.ts'
import { parseSafetensors, type SafeTensors } from '../io/safetensors.ts'
import { bytes, integer } from './format.ts'
import { KEYS, metadataJson } from './model-file.ts'
import { describe, readSpec } from './models.ts'
import { isFolder } from './resume.ts'
import { paint, type Terminal } from './terminal.ts'

export interface InspectOptions {
  readonly config: boolean
  readonly json: boolean
}

/** What `chainrule inspect` prints of a file. */
export async function inspectFile(from: string, { config, json }: InspectOptions, terminal: Terminal): Promise<string> {
  const path = await fileOf(from)
  const content = await readFile(path)
  const file = parseSafetensors(content, path)
  if (config) return `${JSON.stringify(metadataJson(file.metadata, KEYS.config, path).value, null, 2)}\n`
  return json ? `${JSON.stringify(facts(path, content.length, file))}\n` : text(path, content.length, file, terminal)
}

/** Of a folder of checkpoints the last one. */
async function fileOf(path: string): Promise<string> {
  if (!(await isFolder(path))) return path
  const last = (await new CheckpointFolder(path).list()).at(-1)
  if (last !== undefined) return last.path
  throw new DataError('no checkpoints', { where: path, expected: 'a file, or a folder of train --checkpoint' })
}

function facts(path: string, size: number, { tensors, metadata }: SafeTensors): unknown {
  const rows = [...tensors].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, bytes: data.byteLength }))
  return { file: path, bytes: size, tensors: rows, metadata: [...metadata].map(([key, value]) => ({ key, value })) }
}

/** Longest value of the metadata that is shown whole. */
const LONG = 200

function text(path: string, size: number, file: SafeTensors, terminal: Terminal): string {
  const { tensors, metadata } = file
  const rows = [...tensors].map(([name, { dtype, shape, data }]) => [
    printable(name),
    dtype,
    `[${shape.join(', ')}]`,
    integer(data.length),
    bytes(data.byteLength),
  ])
  const head = ['tensor', 'type', 'shape', 'values', 'size']
  const widths = head.map((title, i) => rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), title.length))
  const line = (cells: readonly string[]): string =>
    ` ${cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')}`
  const total = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
  const lines = [
    ` ${paint(terminal, path, 'bold')}  ${bytes(size)}, ${integer(tensors.size)} tensors, ${integer(total)} values`,
    ...network(metadata, path).map(([name, value]) => ` ${paint(terminal, name.padEnd(11), 'dim')}${value}`),
    '',
    paint(terminal, line(head), 'dim'),
    ...rows.map(line),
  ]
  const others = [...metadata].filter(([key]) => !key.startsWith('chainrule.'))
  if (others.length > 0) lines.push('', paint(terminal, ' metadata', 'dim'))
  for (const [key, value] of others) lines.push(` ${printable(key)}  ${printable(value)}`)
  return `${lines.join('\n')}\n`
}

/** What this command put there, where it did. */
function network(metadata: ReadonlyMap<string, string>, path: string): [string, string][] {
  const rows: [string, string][] = []
  if (metadata.has('chainrule.checkpoint')) {
    const progress = metadataJson(metadata, 'chainrule.checkpoint', path).get('progress')
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
    if (value !== undefined) rows.push([title, printable(value)])
  }
  return rows
}

/** Text of a file for a terminal: without control characters, and short. */
function printable(value: string): string {
  const plain = value.replace(/\p{C}/gu, '\u00b7')
  return plain.length > LONG ? `${plain.slice(0, LONG)}... (${integer(plain.length)} characters)` : plain
}
