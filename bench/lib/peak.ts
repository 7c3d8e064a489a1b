import { type Build, Machine } from '../../test/helpers/machine.ts'

/** Turns of a peak loop: about 0.2 ms. */
const TURNS = 100_000
const CHAINS = 13

/**
 * The most multiply-adds of 128-bit vectors that this core does from wasm, in GFLOP/s: the best of some runs of a loop with 13
 * independent chains. 'fma' is one instruction (relaxed build), 'mulAdd' two.
 */
export class Peak {
  private readonly machine: Machine
  private readonly name: string

  constructor(build: Build, kind: 'fma' | 'mulAdd') {
    this.machine = new Machine(build)
    this.name = kind === 'fma' ? 'peakFma' : 'peakMulAdd'
    for (let i = 0; i < 30; i++) this.measure()
  }

  measure(): number {
    const loop = this.machine.exports[this.name] as (turns: number, x: number) => number
    let best = 0
    for (let i = 0; i < 20; i++) {
      const begin = performance.now()
      loop(TURNS, 0.5)
      const seconds = (performance.now() - begin) / 1000
      best = Math.max(best, (TURNS * CHAINS * 8) / seconds / 1e9)
    }
    return best
  }
}
