import { GEMM_PACK_A, GEMM_PACK_B, GEMM_PACK_SET, GEMM_VARIANT } from '../abi/constants.ts'
import { encodeInstruction, opcodeOf, rowOf } from '../abi/encode.ts'
import type { Machine } from './wasm.ts'

/** How long a fixed product takes with a micro-kernel (TILE_*), and the clock between trials. */
export interface TileTrials {
  readonly tiles: readonly number[]
  /** Runs the product `times` times with the micro-kernel: nanoseconds for one. */
  readonly time: (tile: number, times: number) => number
  /** Milliseconds. */
  readonly now: () => number
}

// Engines compile a kernel well only after it ran for a while, in the background and in their own time. So: warm all
// kernels up, then measure after pauses that double. The choice is final when three measurements in a row agree on
// it; times themselves differ too much on a busy machine to ask the same of them.
const WARM = 4
const TRIES = 5
const PAUSE = 40
const AGREEING = 3
const GAIN = 0.97

/**
 * Chooses the micro-kernel of gemm by trial. `step` is cheap to call (a fraction of a millisecond of trials after
 * each pause, nothing in between) and is meant for moments when no program runs. Until it settles the best so far
 * serves, at first the first tile: the choice never changes a bit.
 */
export class TileCalibration {
  tile: number
  settled = false
  private readonly trials: TileTrials
  private warm = false
  private agreeing = 0
  private pause = PAUSE
  private due = -Infinity

  constructor(trials: TileTrials) {
    this.trials = trials
    this.tile = trials.tiles[0] as number
    this.settled = trials.tiles.length < 2
  }

  /** True once the choice is final. */
  step(): boolean {
    const { tiles, time, now } = this.trials
    if (this.settled || now() < this.due) return this.settled
    if (this.warm) this.measure()
    else for (const tile of tiles) time(tile, WARM)
    this.warm = true
    this.due = now() + this.pause
    this.pause *= 2
    return this.settled
  }

  private measure(): void {
    const { tiles, time } = this.trials
    const best = tiles.map(() => Infinity)
    for (let i = 0; i < TRIES; i++)
      for (const [j, tile] of tiles.entries()) best[j] = Math.min(best[j] as number, time(tile, 1))
    // later tiles must be clearly better, so that equals give the same choice each time
    let choice = 0
    for (let j = 1; j < best.length; j++) if ((best[j] as number) < GAIN * (best[choice] as number)) choice = j
    const tile = tiles[choice] as number
    this.agreeing = tile === this.tile ? this.agreeing + 1 : 1
    this.settled = this.agreeing >= AGREEING
    this.tile = tile
  }
}

// The trial product: a few panels of every tile, about 40 microseconds.
const M = 96
const N = 96
const K = 128
const PACKED = GEMM_PACK_SET | GEMM_PACK_A | GEMM_PACK_B
const WORDS = M * K + K * N + M * N

/**
 * Trials on this thread with the instance given, in scratch memory that no kernel uses now. The
 * product lies at its end, far behind the panels of so small a product.
 */
export function gemmTrials(
  machine: Pick<Machine, 'dispatch'>,
  words: () => Uint32Array,
  scratch: number,
  tiles: readonly number[],
): TileTrials {
  const a = scratch + (((rowOf('gemm').scratch as number) - 4 * WORDS - 128) & ~63)
  const b = a + 4 * M * K
  const c = b + 4 * K * N
  const pc = c + 4 * M * N
  const opcode = opcodeOf('gemm')
  const shape = { m: M, n: N, k: K, lda: K, ldb: N, ldc: N, flags: PACKED, batch: 1 }
  const instruction = encodeInstruction('gemm', { a, b, c, ...shape })
  const now = (): number => performance.now()
  const time = (tile: number, times: number): number => {
    words().fill(0, a >>> 2, pc >>> 2)
    words().set(instruction, pc >>> 2)
    const before = words()[GEMM_VARIANT >>> 2] as number
    words()[GEMM_VARIANT >>> 2] = tile
    const begin = now()
    for (let i = 0; i < times; i++) machine.dispatch(opcode, pc, scratch, 0, 1)
    const end = now()
    words()[GEMM_VARIANT >>> 2] = before
    return ((end - begin) * 1e6) / times
  }
  return { tiles, time, now }
}
