import { type Encoded, encode } from './encode.ts'
import { fuse, live } from './fuse.ts'
import type { Node, Value } from './graph.ts'
import { type External, lower } from './lower.ts'
import { type Plan, plan } from './plan.ts'
import { type Schedule, schedule } from './schedule.ts'

export interface CompileOptions {
  /** Threads that the runtime has. */
  readonly threads: number
  /** Fuse ops (default). Results do not depend on it. */
  readonly fuse?: boolean
}

/** A program without addresses: it can be placed anywhere, any number of times. */
export interface Program {
  readonly nodes: readonly Node[]
  readonly externals: readonly External[]
  readonly plan: Plan
  readonly schedule: Schedule
  readonly encoded: Encoded
}

/** Trace to instruction words: drop what nobody needs, fuse, lower, plan memory, schedule threads, encode. */
export function compile(trace: readonly Node[], outputs: ReadonlySet<Value>, options: CompileOptions): Program {
  const needed = live(trace, outputs)
  const nodes = options.fuse === false ? needed : fuse(needed, outputs)
  const { instructions, externals } = lower(nodes, outputs)
  const planned = plan(instructions)
  const scheduled = schedule(instructions, planned, options.threads)
  return { nodes, externals, plan: planned, schedule: scheduled, encoded: encode(scheduled, planned) }
}

/** Writes the program to `address` of the word view, with its operands at the given places. */
export function place(
  { encoded }: Program,
  words: Uint32Array,
  address: number,
  arena: number,
  externals: readonly number[],
): void {
  const base = address / 4
  words.set(encoded.words, base)
  for (const { word, space, offset } of encoded.relocations)
    words[base + word] = (space === -1 ? arena : (externals[space] as number)) + offset
}
