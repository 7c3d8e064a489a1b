import { ArgumentError } from '../errors.ts'
import { type Module, places } from '../nn/module.ts'
import { Parameter, type Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import type { Shape, Storage } from '../program/graph.ts'
import { isRef } from '../program/plan.ts'
import { bytesText } from '../program/print.ts'
import type { CompiledStep } from '../program/step.ts'
import { Step } from '../train/capture.ts'

/**
 * What memory is for: trained weights; other variables of the model; moments and counters of optimizers; data and constants
 * that steps only read; inputs that are written from outside; results and their curves; what else a step changes; the
 * arena of intermediate results; instruction words.
 */
export type MemoryKind =
  | 'parameters'
  | 'model state'
  | 'optimizer'
  | 'data'
  | 'inputs'
  | 'results'
  | 'state'
  | 'arena'
  | 'program'

export interface MemoryItem {
  readonly kind: MemoryKind
  readonly name: string
  readonly bytes: number
  readonly shape: Shape | undefined
}

/** The buffers of an arena at the instruction where they are most. */
export interface ArenaPeak {
  readonly instruction: number
  readonly op: string
  /** Of the buffers that are alive there; gaps make the arena larger. */
  readonly bytes: number
  /** Of these, what kernels use while they work. */
  readonly scratchBytes: number
  readonly buffers: readonly { readonly label: string; readonly bytes: number }[]
}

export interface MemoryPlan {
  readonly items: readonly MemoryItem[]
  readonly totals: Readonly<Record<MemoryKind, number>>
  /** All of it: what the steps keep alive, and nothing more while they run. */
  readonly bytes: number
  /** One for each step. */
  readonly arenas: readonly ArenaPeak[]
}

export interface MemoryOwners {
  readonly model?: Module
  /** Optimizers, averages of weights and whatever else has variables by name. */
  readonly optimizers?: readonly { state(): ReadonlyMap<string, Variable> }[]
}

const KINDS: readonly MemoryKind[] = [
  'parameters',
  'model state',
  'optimizer',
  'data',
  'inputs',
  'results',
  'state',
  'arena',
  'program',
]

/**
 * The memory of captured steps, known before they have run: everything that they keep alive, each once. What belongs to the
 * model and to optimizers is told from data by `owners`. Throws ArgumentError for what is no step.
 */
export function memoryPlan(steps: Step | readonly Step[], options: MemoryOwners = {}): MemoryPlan {
  const { model, optimizers = [] } = known('memoryPlan', options, 'model optimizers')
  const list: readonly Step[] = steps instanceof Step ? [steps] : steps
  if (!Array.isArray(list) || list.some((step) => !(step instanceof Step)))
    throw new ArgumentError('not a captured step', { where: 'memoryPlan', expected: 'a Step, or several' })
  const names = new Map<Storage | undefined, Omit<MemoryItem, 'bytes'>>()
  for (const { path, variable } of model === undefined ? [] : places(model)) {
    const kind = variable instanceof Parameter ? 'parameters' : 'model state'
    if (!names.has(variable.state.storage))
      names.set(variable.state.storage, { kind, name: path, shape: variable.shape })
  }
  for (const optimizer of optimizers)
    for (const [name, { state, shape }] of optimizer.state())
      if (!names.has(state.storage)) names.set(state.storage, { kind: 'optimizer', name, shape })

  const items: MemoryItem[] = []
  const counted = new Set<Storage>()
  for (const { compiled } of list) {
    const own = ownNames(compiled)
    for (const storage of compiled.owned) {
      if (counted.has(storage)) continue
      counted.add(storage)
      items.push({ ...(names.get(storage) ?? own(storage)), bytes: storage.bytes })
    }
  }
  items.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.bytes - a.bytes)
  const totals = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<MemoryKind, number>
  for (const { kind, bytes } of items) totals[kind] += bytes
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
  return { items, totals, bytes, arenas: list.map(({ compiled }) => arenaPeak(compiled)) }
}

/** What the step itself knows of its memory. */
function ownNames({ inputs, outputs, curves, arena, address, program }: CompiledStep) {
  const names = new Map<Storage | undefined, Omit<MemoryItem, 'bytes'>>()
  for (const [name, { storage, shape }] of inputs) names.set(storage, { kind: 'inputs', name, shape })
  for (const [name, { storage, shape }] of outputs) names.set(storage, { kind: 'results', name, shape })
  for (const [name, { storage, shape }] of curves)
    names.set(storage, { kind: 'results', name: `curve of ${name}`, shape })
  const written = new Set<Storage | undefined>()
  for (const { instruction } of program.schedule.slots)
    for (const operand of instruction.commit ? Object.values(instruction.operands) : [])
      if (isRef(operand) && operand.buffer.external !== undefined)
        written.add(program.externals[operand.buffer.external]?.storage)
  return (storage: Storage): Omit<MemoryItem, 'bytes'> => {
    const named = names.get(storage)
    if (named !== undefined) return named
    const item = (kind: MemoryKind, name: string) => ({ kind, name, shape: undefined })
    if (storage === arena) return item('arena', 'intermediate results')
    if (storage.address === address) return item('program', 'instructions')
    const known = program.externals.some((external) => external.storage === storage)
    return known && !written.has(storage) ? item('data', 'data or constant') : item('state', 'changed by the step')
  }
}

function arenaPeak({ program: { plan, schedule } }: CompiledStep): ArenaPeak {
  const changes: number[] = new Array(schedule.slots.length + 1).fill(0)
  for (const [{ bytes }, { first, last }] of plan.lifetimes) {
    changes[first] = (changes[first] as number) + bytes
    changes[last + 1] = (changes[last + 1] as number) - bytes
  }
  let [alive, most, at] = [0, 0, 0]
  for (const [i, change] of changes.entries()) {
    alive += change
    if (alive > most) [most, at] = [alive, i]
  }
  const buffers = [...plan.lifetimes]
    .filter(([, { first, last }]) => first <= at && at <= last)
    .map(([{ label, bytes }]) => ({ label, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
  const scratchBytes = buffers
    .filter(({ label }) => label.endsWith(' scratch'))
    .reduce((sum, { bytes }) => sum + bytes, 0)
  return { instruction: at, op: schedule.slots[at]?.instruction.op ?? '', bytes: most, scratchBytes, buffers }
}

/** A memory plan as text: totals, the largest pieces, and what fills the arena where it is fullest. */
export function memoryText({ items, totals, bytes, arenas }: MemoryPlan, most = 12): string {
  const lines = [`${bytesText(bytes)} in all, known before the first step`]
  const row = (size: number, text: string): string => `${bytesText(size).padStart(12)}  ${text}`
  for (const kind of KINDS) if (totals[kind] > 0) lines.push(row(totals[kind], kind))
  lines.push('largest')
  for (const item of [...items].sort((a, b) => b.bytes - a.bytes).slice(0, most))
    lines.push(
      row(item.bytes, `${item.kind}: ${item.name}${item.shape === undefined ? '' : ` [${item.shape.join(', ')}]`}`),
    )
  for (const { instruction, op, bytes: peak, buffers } of arenas) {
    if (buffers.length === 0) continue
    lines.push(`arena at its fullest, instruction ${instruction} (${op}): ${bytesText(peak)}`)
    for (const buffer of buffers.slice(0, most)) lines.push(row(buffer.bytes, buffer.label))
    if (buffers.length > most) lines.push(`${''.padStart(12)}  and ${buffers.length - most} more`)
  }
  return lines.join('\n')
}
