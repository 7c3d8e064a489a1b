import { rowOf } from '../abi/encode.ts'
import { ArgumentError } from '../errors.ts'
import { layerOf, type Module, places } from '../nn/module.ts'
import { known } from '../options.ts'
import type { Shape, Storage } from '../program/graph.ts'
import type { Instruction } from '../program/lower.ts'
import { isRef } from '../program/plan.ts'
import type { CompiledStep } from '../program/step.ts'
import type { Step } from '../train/capture.ts'

/** Whether an instruction belongs to the model's forward, to gradients, or changes state. */
export type Pass = 'forward' | 'backward' | 'update'

/** The share of one thread of one instruction. */
export interface ProfileEntry {
  /** Its number in the program, as `step.print()` counts. */
  readonly instruction: number
  readonly kernel: string
  readonly op: string
  /** Of the results of the op. */
  readonly shapes: readonly Shape[]
  readonly pass: Pass
  /** The layer it belongs to, where that is known: path and kind, such as `2 (linear)`. */
  readonly layer: string | undefined
  readonly thread: number
  /** Milliseconds from the beginning of the step, and how long it takes. */
  readonly start: number
  readonly ms: number
}

export interface Profile {
  readonly entries: readonly ProfileEntry[]
  readonly threads: number
  readonly instructions: number
  /** When the threads meet, in milliseconds. */
  readonly barriers: readonly number[]
  /** The step as the entries make it: shares one after the other, barriers free. */
  readonly ms: number
  /** The step as it really runs on these threads, waking and waiting included. */
  readonly measuredMs: number
}

export interface ProfileOptions {
  /** Steps that are timed (20). */
  readonly rounds?: number
  /** Layers are named by their path in it and their kind. Without it by their kind alone. */
  readonly model?: Module
}

/** Steps before the first that counts: kernels that run for the first time are compiled meanwhile. */
const WARMUP = 5
/** Milliseconds over which steps are measured. */
const LONG_ENOUGH = 30

/**
 * Where the time of a captured step goes. Every thread's share of every instruction is executed and timed alone, on the
 * calling thread, as a real step with the inputs that were set last; the entries lay the shares out as the threads
 * execute them. So they say what each costs by itself: not what threads cost each other in caches and memory, which is
 * the difference of `ms` and `measuredMs`. What the steps change is put back: variables, counters and results of the step
 * are as before.
 *
 * Throws ArgumentError for a number of rounds that is none, and what a run of the step would throw.
 */
export async function profile(step: Step, options: ProfileOptions = {}): Promise<Profile> {
  const { rounds = 20, model } = known('profile', options, 'rounds model')
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new ArgumentError('not a number of rounds', {
      where: 'profile',
      expected: 'a whole number of at least 1',
      received: String(rounds),
    })
  const { compiled } = step
  compiled.ready()
  const { engine, program } = compiled
  const { slots, threads } = program.schedule
  const restore = snapshot(compiled)
  try {
    const times = timeShares(compiled, rounds)
    restore()
    const { promise, settle } = engine.begin(measure(compiled, rounds))
    const measuredMs = await promise.finally(settle)
    const name = namesOf(step, model)
    const clocks: number[] = new Array(threads).fill(0)
    const entries: ProfileEntry[] = []
    const barriers: number[] = []
    for (const [i, { instruction, first, threads: width, barrier }] of slots.entries()) {
      if (barrier) barriers.push(meet(clocks))
      for (let part = 0; part < width; part++) {
        const [thread, ms] = [first + part, times[i]?.[part] as number]
        const start = clocks[thread] as number
        entries.push({ ...name(instruction), instruction: i, thread, start, ms })
        clocks[thread] = start + ms
      }
    }
    return { entries, threads, instructions: slots.length, barriers, ms: meet(clocks), measuredMs }
  } finally {
    if (!engine.isClosed) {
      restore()
      engine.runtime.shares().forgive()
    }
  }
}

/** Milliseconds of a step on the pool, as it runs otherwise: of so many that waking the threads does not count. */
async function measure({ engine, program, address }: CompiledStep, rounds: number): Promise<number> {
  const { threads } = program.schedule
  for (let steps = rounds; ; steps *= 4) {
    const begin = performance.now()
    engine.raise(program, await engine.runtime.runAsync(address, steps, threads))
    const time = performance.now() - begin
    if (time >= LONG_ENOUGH) return time / steps
  }
}

/** All clocks to the latest. */
function meet(clocks: number[]): number {
  const latest = Math.max(0, ...clocks)
  clocks.fill(latest)
  return latest
}

/** Milliseconds of every share of every instruction. */
function timeShares({ engine, program, address }: CompiledStep, rounds: number): number[][] {
  const { slots } = program.schedule
  const { positions, words } = program.encoded
  const shares = engine.runtime.shares()
  const end = address + 4 * (words.length - 1)
  const samples = slots.map(({ threads }) => Array.from({ length: threads }, (): number[] => []))
  const empty: number[] = []
  for (let round = -Math.min(WARMUP, rounds); round < rounds; round++) {
    shares.forgive()
    for (const [i, { threads }] of slots.entries()) {
      const pc = address + 4 * (positions[i] as number)
      for (let part = 0; part < threads; part++) {
        const begin = performance.now()
        shares.share(pc, part)
        const time = performance.now() - begin
        if (round >= 0) samples[i]?.[part]?.push(time)
      }
    }
    const begin = performance.now()
    shares.share(end, 0)
    if (round >= 0) empty.push(performance.now() - begin)
  }
  // Pages see the clock in steps of 5 us and more: only a mean is of use there.
  const coarse = samples.some((parts) => parts.some((list) => list.some((time) => time === 0)))
  const typical = (list: readonly number[]): number => {
    const sorted = [...list].sort((a, b) => a - b)
    if (!coarse) return sorted[sorted.length >> 1] as number
    return list.reduce((sum, time) => sum + time, 0) / list.length
  }
  const overhead = typical(empty)
  return samples.map((parts) => parts.map((list) => Math.max(0, typical(list) - overhead)))
}

/** Copies what the program overwrites outside of its arena; the function puts it back. */
function snapshot({ engine, program }: CompiledStep): () => void {
  const { memory } = engine.runtime
  const written = new Set<Storage>()
  for (const { instruction } of program.schedule.slots)
    for (const [key, kind] of Object.entries(rowOf(instruction.name).operands)) {
      const operand = instruction.operands[key]
      if (kind === 'read' || !isRef(operand) || operand.buffer.external === undefined) continue
      const storage = program.externals[operand.buffer.external]?.storage
      if (storage !== undefined) written.add(storage)
    }
  const copies = [...written].map(({ address, bytes }) => ({
    at: address >> 2,
    words: memory.u32.slice(address >> 2, (address + bytes) >> 2),
  }))
  return () => {
    for (const { at, words } of copies) memory.u32.set(words, at)
  }
}

/** A layer as error messages name it. */
const titleOf = (path: string, { kind }: Module): string => (path === '' ? kind : `${path} (${kind})`)

type Named = Pick<ProfileEntry, 'kernel' | 'op' | 'shapes' | 'pass' | 'layer'>

/** What an instruction is called, and where it belongs. */
function namesOf({ layers, compiled }: Step, model: Module | undefined): (instruction: Instruction) => Named {
  const paths =
    model === undefined
      ? new Map(layers.map(({ module }) => [module, module.kind]))
      : new Map([...model.namedModules()].map(([path, module]) => [module, titleOf(path, module)]))
  const owners = new Map<Storage | undefined, string>()
  for (const { owner, variable } of model === undefined ? [] : places(model))
    owners.set(variable.state.storage, paths.get(owner) as string)
  const { externals, nodes } = compiled.program
  const gradients = nodes.filter(({ origin }) => origin !== undefined)
  const differentiated = new Set(gradients.map(({ origin }) => origin))
  const firstGradient = gradients[0]?.id ?? Number.POSITIVE_INFINITY
  return ({ name, op, shapes, commit, node, origin, operands }) => {
    let layer = layerOf(origin ?? node, layers, paths)
    if (commit)
      for (const operand of Object.values(operands))
        if (isRef(operand) && operand.buffer.external !== undefined)
          layer ??= owners.get(externals[operand.buffer.external]?.storage)
    // what follows the gradients, and has none, prepares the update
    const inForward = node < firstGradient || layer !== undefined || differentiated.has(node)
    const pass = origin !== undefined ? 'backward' : commit || !inForward ? 'update' : 'forward'
    return { kernel: name, op, shapes, pass, layer }
  }
}
