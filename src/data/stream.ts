import type { Dataset } from './dataset.ts'

/** Batches that are made while they are used: of a file larger than memory, or changed anew each epoch. */
export interface BatchStream<K extends string = string> {
  /** Batches of that epoch (from 0); the same epoch gives the same batches. */
  epoch(n: number): AsyncIterable<Dataset<K>>
}
