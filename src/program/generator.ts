import type { Engine } from './engine.ts'
import type { Value } from './graph.ts'
import { advance } from './internal-ops.ts'

/**
 * The counter-based random generator of an engine: four words in memory (key, counter). The k-th draw of a program
 * reads counter + k; at its end the program itself advances the counter, so that a replayed step draws anew.
 */
export class Generator {
  readonly engine: Engine
  /** The current version of the words. */
  state: Value
  /** What the counter was at the start of the current trace, counted from this generator's creation. */
  private base = 0
  private drawn = 0

  constructor(engine: Engine, seed: number, stream = 0) {
    this.engine = engine
    const words = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32) ^ Math.imul(stream, 0x9e3779b9), 0, 0)
    this.state = engine.retain(engine.leaf(words, [4], 'int32'))
    engine.generators.add(this)
  }

  /** The number of the next draw. */
  draw(): number {
    return this.base + this.drawn++
  }

  /** Where a draw lies from the counter of the program that is being lowered. */
  relative(draw: number): number {
    return draw - this.base
  }

  /** Appends the instruction that moves the counter past the draws of the trace; returns their number. */
  close(): number {
    const by = this.drawn
    if (by > 0) {
      const [next] = this.engine.record(advance, [this.state], { by, word: 2 })
      this.engine.assign(this, next as Value)
    }
    return by
  }

  /** The trace that drew `by` numbers has run `times` times. */
  ran(by: number, times = 1): void {
    this.base += by * times
    this.drawn = 0
  }

  /** Counter and key, as they are in memory. */
  words(): Int32Array {
    return Int32Array.from(this.engine.read(this.state) as Int32Array)
  }

  /** Goes on from what `words()` gave, in this or another process. Nothing may be pending. */
  restore(words: Int32Array): void {
    this.engine.idle('restore a generator')
    this.engine.elements(this.state).set(words)
  }

  /** Frees the words; nothing can be drawn any more. */
  dispose(): void {
    if (!this.engine.generators.delete(this)) return
    this.engine.release(this.state)
  }
}
