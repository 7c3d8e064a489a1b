import { expect, test } from 'vitest'
import { CHAINS, peakLoop } from '../../src/cli/peak.ts'

test.each(CHAINS)('a loop of %i chains does all of its multiply-adds', (chains) => {
  const after = (turns: number): number => {
    let sum = 0
    for (let i = 0; i < chains; i++) {
      let c = 0.5 * (i + 2)
      for (let turn = 0; turn < turns; turn++) c = c / 2 + 0.5
      sum += c
    }
    return sum
  }
  for (const fused of [true, false])
    for (const turns of [1, 2, 7]) expect(peakLoop(chains, fused)(turns)).toBe(after(turns))
})
