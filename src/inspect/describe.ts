import { parseSafetensors } from '../io/safetensors.ts'
import { Module, places } from '../nn/module.ts'
import { bytesText } from '../program/print.ts'

export interface DescribedTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: number
}

/** What a model or a file holds. */
export interface Description {
  readonly tensors: readonly DescribedTensor[]
  readonly metadata: ReadonlyMap<string, string>
  /** Numbers in all tensors. */
  readonly elements: number
  readonly bytes: number
}

/**
 * Lists the tensors of a model, or of a safetensors file (a model's weights or a checkpoint), with shapes, bytes and
 * metadata. Throws DataError for bytes that are no such file.
 */
export function describe(source: Module | Uint8Array, name?: string): Description {
  const tensors: DescribedTensor[] = []
  let metadata: ReadonlyMap<string, string> = new Map()
  if (source instanceof Module)
    for (const { path, owner, field, variable } of places(source)) {
      const axes = owner.layout(field).axes ?? variable.shape.map((_, axis) => axis)
      const shape = axes.map((axis) => variable.shape[axis] as number)
      const bytes = variable.size * (variable.dtype === 'float64' ? 8 : 4)
      tensors.push({
        name: path,
        dtype: { float32: 'F32', int32: 'I32', float64: 'F64' }[variable.dtype],
        shape,
        bytes,
      })
    }
  else {
    const file = parseSafetensors(source, name)
    metadata = file.metadata
    for (const [key, { dtype, shape, data }] of file.tensors)
      tensors.push({ name: key, dtype, shape, bytes: data.byteLength })
  }
  const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0)
  return { tensors, metadata, elements, bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** Digits in groups of three. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

/** A line for each tensor: name, element type, shape, size. */
export function tensorLines(tensors: readonly DescribedTensor[]): string[] {
  const cells = tensors.map(({ name, dtype, shape, bytes }) => [
    name.replaceAll(/\p{C}/gu, '·'),
    dtype,
    `[${shape.join(', ')}]`,
    bytesText(bytes),
  ])
  const widths = [0, 1, 2].map((i) => cells.reduce((most, row) => Math.max(most, (row[i] as string).length), 0))
  return cells.map((row) => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i] as number) : cell)).join('  '))
}

export const totalsText = ({ tensors, elements, bytes }: Omit<Description, 'metadata'>): string =>
  `${tensors.length} tensors, ${grouped(elements)} numbers, ${bytesText(bytes)}`

/** A description as text: a tensor a line, then the totals and the metadata, long values shortened. */
export function describeText({ tensors, metadata, elements, bytes }: Description, width = 100): string {
  const lines = [...tensorLines(tensors), totalsText({ tensors, elements, bytes })]
  for (const [key, value] of metadata) {
    const line = `${key}: ${value.replaceAll(/\s+/g, ' ')}`
    lines.push(line.length > width ? `${line.slice(0, width - 1)}…` : line)
  }
  return lines.join('\n')
}
