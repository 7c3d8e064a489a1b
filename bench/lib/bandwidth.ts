import { Machine } from '../../test/helpers/machine.ts'

/** GB/s of the copy kernel, reads and writes counted: the best of many, within the first caches and from memory. */
export function bandwidth(): Record<'cache' | 'memory', number> {
  const machine = new Machine('relaxed')
  const at = (words: number): number => {
    const n = words
    const [x, y] = [machine.alloc(4 * n), machine.alloc(4 * n)]
    const call = machine.prepare('copy', { x, y, n })
    const turns = Math.max(1, Math.round(4e6 / n))
    let best = 0
    for (let i = 0; i < 30; i++) {
      const begin = performance.now()
      for (let turn = 0; turn < turns; turn++) call()
      best = Math.max(best, (8 * n * turns) / (performance.now() - begin) / 1e6)
    }
    return best
  }
  return { cache: at(4096), memory: at(1 << 24) }
}
