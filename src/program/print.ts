import { rowOf } from '../abi/encode.ts'
import type { Program } from './compile.ts'
import type { Buffer, Instruction } from './lower.ts'
import { isRef } from './plan.ts'

/** Bytes with a unit. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}

/** One instruction a line: number, threads, kernel, operands, and the op it comes from; `---` is a barrier. */
export function printProgram(program: Program): string {
  const { slots, threads, barriers } = program.schedule
  const lines = [
    `${slots.length} instructions, ${barriers} barriers, ${threads} thread${threads === 1 ? '' : 's'}, arena ${bytesText(program.plan.arenaBytes)}`,
  ]
  for (const [i, { instruction, first, threads: width, barrier }] of slots.entries()) {
    if (barrier) lines.push('     ---')
    const on = width === 1 ? `${first}` : `${first}..${first + width - 1}`
    lines.push(
      `${String(i).padStart(4)} ${on.padEnd(5)} ${instruction.name.padEnd(16)} ${operandsText(instruction, program)}  ; ${instruction.op} ${instruction.shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}${instruction.commit ? ' commit' : ''}`,
    )
  }
  return lines.join('\n')
}

function operandsText({ name, operands }: Instruction, { plan }: Program): string {
  const place = (buffer: Buffer, offset: number): string =>
    buffer.external === undefined
      ? `arena+${(plan.offsets.get(buffer) as number) + offset}`
      : `m${buffer.external}${offset === 0 ? '' : `+${offset}`}`
  return Object.keys(rowOf(name).operands)
    .map((key) => {
      const operand = operands[key]
      if (isRef(operand)) return `${key}=${place(operand.buffer, operand.offset)}`
      if (operand === null || operand === undefined) return ''
      return `${key}=${typeof operand === 'number' ? numberText(operand) : `[${operand.join(' ')}]`}`
    })
    .filter((text) => text !== '')
    .join(' ')
}

const numberText = (x: number): string => String(Number.isInteger(x) ? x : Number(x.toPrecision(7)))

const COLUMNS = 60

/** A row a buffer of the arena, by offset: bytes, and a bar over the instructions during which it is alive. */
export function memoryMap({ plan, schedule }: Program): string {
  const count = Math.max(schedule.slots.length, 1)
  const columns = Math.min(COLUMNS, count)
  const rows = [...plan.lifetimes].sort(([a], [b]) => (plan.offsets.get(a) as number) - (plan.offsets.get(b) as number))
  const lines = rows.map(([buffer, { first, last }]) => {
    const from = Math.floor((first * columns) / count)
    const to = Math.max(from + 1, Math.ceil(((last + 1) * columns) / count))
    const bar = '.'.repeat(from) + '#'.repeat(to - from) + '.'.repeat(columns - to)
    return `${String(plan.offsets.get(buffer)).padStart(10)} ${bytesText(buffer.bytes).padStart(10)} |${bar}| ${buffer.label}`
  })
  return [
    `arena ${bytesText(plan.arenaBytes)}, ${rows.length} buffers over ${schedule.slots.length} instructions`,
    ...lines,
  ].join('\n')
}
