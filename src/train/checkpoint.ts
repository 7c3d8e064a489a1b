import type { Module } from '../nn/module.ts'
import type { LoadReport, State } from '../nn/state.ts'
import type { Engine } from '../program/engine.ts'
import type { Generator } from '../program/generator.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Something whose variables are saved and loaded by name: optimizers, averages of weights, modules. */
export interface StateOwner {
  stateDict(): Promise<State>
  loadStateDict(state: State): LoadReport
}

/** Where a run is. All that it needs to go on with the same bits, apart from the code and the data. */
export interface Progress {
  /** Steps done. */
  readonly step: number
  /** The epoch under way, from 0, and steps done in it. */
  readonly epoch: number
  readonly stepInEpoch: number
  /** Loss so far in this epoch: the sum over its rows, and their number. */
  readonly lossSum: number
  readonly lossRows: number
  /** Of the order of rows and of the split. */
  readonly seed: number | undefined
  /** What must be equal in the run that goes on: rows and size of a batch. */
  readonly data: { readonly rows?: number | undefined; readonly batch?: number | undefined }
  /** Epochs since the best one. */
  readonly waited: number
  readonly trainSeconds: number
}

/** The best weights so far. */
export interface Best {
  readonly value: number
  readonly epoch: number
  readonly step: number
  readonly state: State
  readonly ema?: State | undefined
}

/** A training run at the end of a step, as plain data: `encodeCheckpoint` makes a safetensors file of it. */
export interface Checkpoint {
  /** The build of the machine: others round differently. */
  readonly build: string
  readonly progress: Progress
  readonly model: State
  /** Optimizer and the like, by name. */
  readonly parts: ReadonlyMap<string, State>
  /** Keys and counters of the random generators. */
  readonly generators: readonly Int32Array[]
  /** Sums of the metrics on the training data in this epoch. */
  readonly tally: State
  readonly best: Best | undefined
  readonly losses: Float32Array
  /** The epochs so far, as events. */
  readonly history: readonly Json[]
  /** What makes inputs of raw data, made by `data`. */
  readonly preprocessing: Json | undefined
  /** The caller's own. */
  readonly config: Json | undefined
}

/** The parts of a run whose state is in variables. */
export interface Owners {
  readonly model: Module
  readonly parts: ReadonlyMap<string, StateOwner>
}

/**
 * Generators that steps draw from, in the order in which they were met: the engine's own first. One that is met after
 * the run was resumed gets its words then.
 */
export class Generators {
  readonly #known: Generator[]
  #pending: readonly Int32Array[] = []

  constructor(engine: Engine) {
    this.#known = [engine.generator]
  }

  /** Takes in the generators of a step that was captured. */
  meet(generators: Iterable<Generator>): void {
    for (const generator of generators) {
      if (this.#known.includes(generator)) continue
      this.#known.push(generator)
      this.#restore(this.#known.length - 1)
    }
  }

  words(): Int32Array[] {
    const words = this.#known.map((generator) => generator.words())
    return [...words, ...this.#pending.slice(words.length)]
  }

  load(words: readonly Int32Array[]): void {
    this.#pending = words
    for (let i = 0; i < this.#known.length; i++) this.#restore(i)
  }

  #restore(i: number): void {
    const words = this.#pending[i]
    if (words !== undefined) this.#known[i]?.restore(words)
  }
}
