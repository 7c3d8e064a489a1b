import { rowOf } from '../abi/encode.ts'
import type { Instruction } from './lower.ts'
import { isRef, type Plan } from './plan.ts'

/** An instruction with its threads. */
export interface Slot {
  readonly instruction: Instruction
  readonly first: number
  readonly threads: number
  /** All threads meet before it. */
  readonly barrier: boolean
}
export interface Schedule {
  readonly slots: readonly Slot[]
  /** Threads that take part in the program. */
  readonly threads: number
  readonly barriers: number
}

/** Work below which another thread costs more than it brings, in nanoseconds on one thread. */
const WORTH_A_THREAD = 1500
/** Whole programs below this stay on one thread: no wake-up, no barrier. */
const WORTH_THREADS = 12_000

interface Access {
  readonly space: number
  readonly begin: number
  readonly end: number
  readonly writes: boolean
  /** Set where every thread touches only its share of so many words. */
  readonly split: number | undefined
  readonly first: number
  readonly threads: number
}

const ARENA = -1
/** The error record: written by kernels that report, read by those that commit. */
const ERRORS = -2

/**
 * Threads for every instruction, and barriers only where two threads would meet in memory: accesses since the last
 * barrier that overlap, of which one writes, and that are not the same thread's or the same share of the same words.
 * Instructions of one thread go to the idlest thread that can run them without a barrier.
 */
export function schedule(instructions: readonly Instruction[], plan: Plan, available: number): Schedule {
  const total = instructions.reduce((sum, { cost }) => sum + cost, 0)
  const most = total < WORTH_THREADS ? 1 : available
  const slots: Slot[] = []
  let open: Access[] = []
  let load: number[] = new Array(most).fill(0)
  let barriers = 0
  let threads = 1

  for (const instruction of instructions) {
    const row = rowOf(instruction.name)
    const width = row.single ? 1 : Math.max(1, Math.min(most, Math.floor(instruction.cost / WORTH_A_THREAD)))
    let first = 0
    let accesses = accessesOf(instruction, plan, first, width)
    let barrier = false
    if (most > 1) {
      const fits = byLoad(load, width).find((candidate) => {
        accesses = accessesOf(instruction, plan, candidate, width)
        return !conflicts(open, accesses)
      })
      if (fits === undefined) {
        barrier = true
        barriers++
        open = []
        load = new Array(most).fill(0)
        accesses = accessesOf(instruction, plan, 0, width)
      }
      first = fits ?? 0
      open.push(...accesses)
      for (let t = first; t < first + width; t++) load[t] = (load[t] as number) + instruction.cost / width
    }
    slots.push({ instruction, first, threads: width, barrier })
    threads = Math.max(threads, first + width)
  }
  return { slots, threads, barriers }
}

/** First threads to try: the idlest one, or thread 0 for instructions of several threads. */
function byLoad(load: readonly number[], width: number): number[] {
  if (width > 1) return [0]
  return [...load.keys()].sort((a, b) => (load[a] as number) - (load[b] as number))
}

function accessesOf(instruction: Instruction, plan: Plan, first: number, threads: number): Access[] {
  const row = rowOf(instruction.name)
  const accesses: Access[] = []
  const split = row.split === 'linear' && threads > 1 ? (instruction.operands['n'] as number) : undefined
  for (const [key, kind] of Object.entries(row.operands)) {
    const ref = instruction.operands[key]
    if (!isRef(ref)) continue
    const space = ref.buffer.external ?? ARENA
    const begin = (space === ARENA ? (plan.offsets.get(ref.buffer) as number) : 0) + ref.offset
    const shared = split !== undefined && ref.bytes === split * 4 ? split : undefined
    accesses.push({ space, begin, end: begin + ref.bytes, writes: kind !== 'read', split: shared, first, threads })
  }
  const error = { space: ERRORS, begin: 0, end: 1, split: undefined, first, threads }
  if (row.reports) accesses.push({ ...error, writes: true })
  if (instruction.commit) accesses.push({ ...error, writes: false })
  return accesses
}

function conflicts(open: readonly Access[], next: readonly Access[]): boolean {
  return next.some((b) => open.some((a) => meet(a, b)))
}

function meet(a: Access, b: Access): boolean {
  if (a.space !== b.space || !(a.writes || b.writes) || a.begin >= b.end || b.begin >= a.end) return false
  if (a.space === ERRORS && a.writes && b.writes) return false // reports are atomic
  if (a.first !== b.first || a.threads !== b.threads) return true
  if (a.threads === 1) return false
  return a.split === undefined || a.split !== b.split || a.begin !== b.begin
}
