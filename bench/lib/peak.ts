import { CHAINS, peakLoop } from '../../src/cli/peak.ts'

/** Turns of a peak loop: about 0.2 ms. */
const TURNS = 100_000

/**
 * The most multiply-adds of 128-bit vectors that this core does from wasm, in GFLOP/s: the best of loops with 8 to 13
 * independent chains. 'fma' is one instruction (relaxed build), 'mulAdd' two.
 */
export class Peak {
  private readonly loops: readonly (readonly [chains: number, loop: (turns: number) => void])[]

  constructor(kind: 'fma' | 'mulAdd') {
    this.loops = CHAINS.map((chains) => [chains, peakLoop(chains, kind === 'fma')])
    for (let i = 0; i < 30; i++) this.measure()
  }

  measure(): number {
    let best = 0
    for (let i = 0; i < 5; i++)
      for (const [chains, loop] of this.loops) {
        const begin = performance.now()
        loop(TURNS)
        const seconds = (performance.now() - begin) / 1000
        best = Math.max(best, (TURNS * chains * 8) / seconds / 1e9)
      }
    return best
  }
}
