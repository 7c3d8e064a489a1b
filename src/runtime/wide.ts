import { GEMM_VARIANT, TILE_4X8, TILE_6X16 } from '../abi/constants.ts'
import { encodeInstruction, OP_END } from '../abi/encode.ts'
import { nextTurn } from './host.ts'
import type { Machine } from './wasm.ts'
import type { Area, Trial } from './wide-trials.ts'

export { wideTrials } from './wide-trials.ts'

// V8 can compile pairs of neighbouring 128-bit operations to one of 256 bits (its revectorizer). It does so when it
// optimizes a function that has become hot, if the engine's flag is set at that moment. So: the results of all trials
// with the flag off; the flag on, and every trial again until it is hot; the flag off; and all results once more. What
// runs wide afterwards is what was made hot, and has been compared; whatever becomes hot later is not wide.

/** Bytes of memory that the self-test needs. */
export const WIDE_BYTES: number = 1 << 18
/** Runs of each trial that count: enough to go through every loop. */
const RUNS = 2
/** Longest that one trial is warmed up, in milliseconds, and a turn of it. */
const WARM = 6
const TURN = 0.25
/** A trial whose time fell to this part of the first has been optimized. */
const FASTER = 0.6
/** Rounds over all trials after the warm-up, while the compiler ends its work, and those that are compared. */
const ROUNDS = 6
const CHECKS = 3
const TRIES = 8
/** Wide products must be so much faster, or the flag has no effect here. */
const GAIN = 1.15

/** Where trials run. */
export interface Bench {
  readonly machine: Pick<Machine, 'run'>
  readonly words: () => Uint32Array
  /** Address of WIDE_BYTES bytes. */
  readonly at: number
  readonly now: () => number
}

export interface WideHost extends Bench {
  /** The same machine on code of its own. */
  readonly reference: Pick<Machine, 'run'>
  /** Sets or clears the flag of the JavaScript engine. */
  readonly setFlag: (on: boolean) => void
  readonly trials: readonly Trial[]
}

/** 'wide': all results are right and products are faster. 'plain': the flag does nothing here. 'wrong': results differ. */
export type Verdict = 'wide' | 'plain' | 'wrong'

interface Placed {
  readonly program: number
  readonly areas: readonly { readonly area: Area; readonly at: number }[]
}

/** Makes the hot kernels wide, and compares their results with those of 128 bits, bit for bit. */
export async function widen(host: WideHost): Promise<Verdict> {
  const tile = host.words()[GEMM_VARIANT >> 2] as number
  try {
    const expected = host.trials.map((trial) => trialResult({ ...host, machine: host.reference }, trial))
    await heat(host)
    for (let check = 0; check < CHECKS; check++) {
      for (const [i, trial] of host.trials.entries()) {
        const got = trialResult(host, trial)
        if (got.some((word, at) => word !== expected[i]?.[at])) return 'wrong'
      }
      await nextTurn()
    }
    return gainOf(host) >= GAIN ? 'wide' : 'plain'
  } finally {
    made.clear()
    host.words()[GEMM_VARIANT >> 2] = tile
  }
}

/** Makes the code of all trials hot while the flag is set. */
async function heat(host: WideHost): Promise<void> {
  host.setFlag(true)
  try {
    for (const trial of host.trials) {
      warmUp(host, put(host, trial))
      await nextTurn()
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const trial of host.trials) timed(host, put(host, trial), RUNS)
      await nextTurn()
    }
  } finally {
    host.setFlag(false)
  }
}

/** Runs a trial until it is much faster than at first, or for as long as code takes to become hot. */
function warmUp(host: WideHost, placed: Placed): void {
  const begin = host.now()
  const first = timed(host, placed, 1)
  const turns = Math.max(1, Math.min(1000, Math.ceil(TURN / Math.max(first, 1e-3))))
  for (let fast = 0; fast < 2 && host.now() - begin < WARM; ) {
    if (timed(host, placed, turns) / turns < FASTER * first) fast++
  }
}

/** How much faster products are with the wide micro-kernel than with the one that fits 128 bits everywhere. */
function gainOf(host: WideHost): number {
  const best = (tile: number): number => {
    let time = 0
    for (const trial of host.trials.filter((trial) => trial.kernel === 'gemm' && trial.tile === tile)) {
      const placed = put(host, trial)
      let least = Infinity
      for (let i = 0; i < TRIES; i++) least = Math.min(least, timed(host, placed, 1))
      time += least
    }
    return time
  }
  return best(TILE_4X8) / best(TILE_6X16)
}

function timed({ machine, now }: Bench, { program }: Placed, runs: number): number {
  const begin = now()
  machine.run(program, runs, 1)
  return now() - begin
}

/** Runs a trial and takes its results, the same bits for every NaN: its sign and payload may be any. */
export function trialResult(host: Bench, trial: Trial): Uint32Array {
  const placed = put(host, trial)
  timed(host, placed, RUNS)
  const results = placed.areas.filter(({ area }) => area.result)
  const found = new Uint32Array(results.reduce((sum, { area }) => sum + area.words, 0))
  let top = 0
  for (const { area, at } of results) {
    found.set(host.words().subarray(at >> 2, (at >> 2) + area.words), top)
    top += area.words
  }
  for (let i = 0; i < top; i++) if (((found[i] as number) & 0x7fffffff) > 0x7f800000) found[i] = 0x7fc00000
  return found
}

/** Writes the operands and the program of a trial. */
function put({ words, at: start }: Bench, { kernel, areas, immediates, tile }: Trial): Placed {
  let top = start
  const place = (count: number): number => {
    const at = top
    top = (top + 4 * count + 63) & ~63
    if (top > start + WIDE_BYTES) throw new RangeError(`the trial of ${kernel} needs more than ${WIDE_BYTES} bytes`)
    return at
  }
  const placed = Object.entries(areas).map(([name, area]) => ({ name, area, at: place(area.words) }))
  for (const [i, { area, at }] of placed.entries()) words().set(contents(area, i + 1), at >> 2)
  const addresses = Object.fromEntries(placed.map(({ name, at }) => [name, at]))
  const instruction = encodeInstruction(kernel, { ...immediates, ...addresses })
  const program = place(instruction.length + 1)
  words().set([...instruction, OP_END | (1 << 16)], program >> 2)
  words()[GEMM_VARIANT >> 2] = tile ?? TILE_4X8
  return { program, areas: placed }
}

const SPECIAL = Float32Array.of(0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-40, -1e-40, 88, -104, 3e38, 1e-8, 20)

/** What areas hold, while a self-test is under way. */
const made = new Map<string, Uint32Array>()
function contents(area: Area, seed: number): Uint32Array {
  const key = JSON.stringify([area.words, area.fill, seed])
  let words = made.get(key)
  if (words === undefined) made.set(key, (words = make(area, seed)))
  return words
}

function make({ words, fill }: Area, seed: number): Uint32Array {
  if (typeof fill === 'object') return Uint32Array.from(fill.of)
  if (fill === 'zeros') return new Uint32Array(words)
  if (fill === 'slot') return new Uint32Array(Float64Array.of(0.5 / seed).buffer)
  let state = (seed * 2654435761) >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
  if (fill === 'index') return Uint32Array.from({ length: words }, () => next() >>> 29)
  const values = Float32Array.from({ length: words }, () => next() / 2 ** 29 - (fill === 'positive' ? 0 : 4))
  // Among the first numbers only: what follows in a row or a sum is then still compared in finite ones.
  if (fill === 'numbers' && words > 8 * SPECIAL.length && seed < 3) values.set(SPECIAL, words >> 1)
  return new Uint32Array(values.buffer)
}
